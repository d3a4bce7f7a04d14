/* What a report says of a comparison. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/html.h"
#include "cli/page.h"
#include "cli/table.h"

static const char *const point_names[BASIN_POINTS] = {"", ", polished", ", averaged"};

/* A conclusion, whose first line names the pair and its verdict, or NULL: what holds for all of them. Each
   line is an element of its own. */
static int put_words(const basin_comparison *c, const basin_conclusion *k, FILE *out)
{
    int    status = CLI_OK;
    char  *text = NULL, *next;
    size_t size = 0;
    FILE  *words = open_memstream(&text, &size);

    CLI_CHECK(words != NULL, "out of memory for a report");
    if (k != NULL)
        cli_explain_print(c, k, words);
    else
        cli_explain_invariance(c, words);
    CLI_CHECK(fflush(words) == 0, "out of memory for a report");
    for (char *line = text; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (*next != '\0') *next++ = '\0';
        cli_html_element(out, k != NULL && line == text ? "h3" : "p", line + strspn(line, " "));
    }
done:
    if (words != NULL) fclose(words);
    free(text);
    return status;
}

int cli_page_verdicts(const basin_result *result, FILE *out)
{
    int                     status = CLI_OK;
    const basin_comparison *c = result->value;

    for (size_t i = 0; i < c->conclusion_count; i++) CLI_TRY(put_words(c, &c->conclusions[i], out));
    CLI_TRY(put_words(c, NULL, out));
    CLI_TRY(cli_page_figure(&result, 1, "verdict", out));
done:
    return status;
}

/* ------------------------------------------------------------------------------------------- the table -- */

/* «0.58 ± 0.07»; sorted by the mean. */
static void put_estimate(const basin_estimate *e, FILE *out)
{
    if (e == NULL || !isfinite(e->mean)) {
        fputs("<td></td>", out);
        return;
    }
    const double half = fmax(e->upper - e->mean, e->mean - e->lower);
    fprintf(out, "<td data-by=\"%.17g\">%.4g", e->mean, e->mean);
    if (isfinite(half)) fprintf(out, " ± %.2g", half);
    fputs("</td>", out);
}

static void put_difference(const basin_difference *d, FILE *out)
{
    static const char *const words[] = {"undecided",           "lower",        "higher",
                                        "too few seeds",       "not measured", "not paired",
                                        "its own continuation"};
    const int                verdict = d == NULL                             ? BASIN_VERDICT_NOT_MEASURED
                                       : d->family == BASIN_FAMILY_CONDITION ? d->verdict
                                                                             : d->report;

    if (d == NULL || !isfinite(d->mean)) {
        fputs("<td></td>", out);
        return;
    }
    fprintf(out, "<td data-by=\"%.17g\">%s %.3g", d->mean, d->ratio ? "×" : "", d->mean);
    if (isfinite(d->lower)) fprintf(out, " [%.3g, %.3g]", d->lower, d->upper);
    fprintf(out, ": %s</td>", words[verdict]);
}

/* Of one measure at one kind of point; nothing where no group has it. */
static void put_row(const basin_comparison *c, const basin_column *m, basin_point_kind point, FILE *out)
{
    bool any = false;

    for (size_t g = 0; g < c->group_count; g++) {
        const basin_estimate *e = basin_comparison_estimate(c, m->name, c->groups[g].name, point);
        any = any || (e != NULL && isfinite(e->mean));
    }
    if (!any) return;
    fputs("<tr><th scope=\"row\">", out);
    cli_html_label(out, m->label);
    fprintf(out, "%s</th>", point_names[point]);
    for (size_t g = 0; g < c->group_count; g++)
        put_estimate(basin_comparison_estimate(c, m->name, c->groups[g].name, point), out);
    for (size_t k = 0; k < c->conclusion_count; k++)
        put_difference(
            basin_comparison_difference(c, m->name, c->conclusions[k].group, c->conclusions[k].base, point),
            out);
    fputs("</tr>\n", out);
}

/* «sam against gd», or «sam» with nothing for the base. */
static void put_head(FILE *out, const char *text, const char *base)
{
    fputs("<th scope=\"col\"><button type=\"button\">", out);
    cli_html_text(out, text);
    if (base != NULL) fputs(" against ", out), cli_html_text(out, base);
    fputs("</button></th>", out);
}

void cli_page_estimates(const basin_comparison *c, FILE *out)
{
    fputs("<div class=\"wide\"><table class=\"sorted\">\n<caption>Means over runs ± half of the 95 % "
          "t-interval; "
          "beside the base, paired by seed: × the ratio, else the difference, with its 95 % t-interval, and "
          "what the whole report decides of it.</caption>\n<thead><tr>",
          out);
    put_head(out, "measure", NULL);
    for (size_t g = 0; g < c->group_count; g++) put_head(out, c->groups[g].name, NULL);
    for (size_t k = 0; k < c->conclusion_count; k++)
        put_head(out, c->conclusions[k].group, c->conclusions[k].base);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t m = 0; m < BASIN_MEASURES; m++)
        for (int point = 0; point < BASIN_POINTS; point++)
            put_row(c, &basin_columns[m], (basin_point_kind)point, out);
    fputs("</tbody></table></div>\n", out);
}
