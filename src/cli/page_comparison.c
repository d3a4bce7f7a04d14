/* What a report says of comparisons. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/page.h"

static const char *const point_names[BASIN_POINTS] = {"", ", polished", ", averaged"};

/* A conclusion, whose first line names the pair and its verdict, or NULL: what holds for all of them. Each
   line is a heading or a paragraph of its own. */
static int put_words(const basin_comparison *c, const basin_conclusion *k, basin_document *out)
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
        if (k != NULL && line == text)
            basin_document_heading(out, 3, NULL, line);
        else
            basin_document_paragraph(out, line + strspn(line, " "));
    }
done:
    if (words != NULL) fclose(words);
    free(text);
    return status;
}

int cli_page_verdicts(const cli_page *page, size_t i, basin_document *out)
{
    int                     status = CLI_OK;
    const basin_comparison *c = page->results[i]->value;

    for (size_t k = 0; k < c->conclusion_count; k++) CLI_TRY(put_words(c, &c->conclusions[k], out));
    CLI_TRY(put_words(c, NULL, out));
    CLI_TRY(cli_page_figure(page, i, 1, "verdict", out));
done:
    return status;
}

/* ------------------------------------------------------------------------------------------- the table -- */

enum { CELL = 160 };

typedef struct table { /* that grows by rows */
    size_t columns, rows;
    char (*heads)[CELL];          /* [columns] */
    char (*texts)[CELL];          /* [rows of all, columns] */
    basin_table_cell *cells;      /* likewise */
    const char      **head_texts; /* [columns] */
} table;

/* «0.58 ± 0.07»; sorted by the mean. */
static void set_estimate(const basin_estimate *e, char text[CELL], double *key)
{
    if (e == NULL || !isfinite(e->mean)) return;
    const double half = fmax(e->upper - e->mean, e->mean - e->lower);
    const int    used = snprintf(text, CELL, "%.4g", e->mean);
    if (isfinite(half)) snprintf(text + used, CELL - (size_t)used, " ± %.2g", half);
    *key = e->mean;
}

static void set_difference(const basin_difference *d, char text[CELL], double *key)
{
    static const char *const words[] = {"undecided",           "lower",        "higher",
                                        "too few seeds",       "not measured", "not paired",
                                        "its own continuation"};
    char                     interval[64] = "";

    if (d == NULL || !isfinite(d->mean)) return;
    const int verdict = d->family == BASIN_FAMILY_CONDITION ? d->verdict : d->report;
    if (isfinite(d->lower)) snprintf(interval, sizeof interval, " [%.3g, %.3g]", d->lower, d->upper);
    snprintf(text, CELL, "%s%.3g%s: %s", d->ratio ? "× " : "", d->mean, interval, words[verdict]);
    *key = d->mean;
}

/* Groups, then pairs of one comparison, from `column` on; whether any has the measure. */
static bool fill_cells(const basin_comparison *c, const basin_column *m, basin_point_kind point, table *t,
                       size_t column)
{
    bool   any = false;
    size_t at = t->rows * t->columns + column;

    for (size_t g = 0; g < c->group_count; g++, at++) {
        const basin_estimate *e = basin_comparison_estimate(c, m->name, c->groups[g].name, point);
        set_estimate(e, t->texts[at], &t->cells[at].key);
        any = any || (e != NULL && isfinite(e->mean));
    }
    for (size_t k = 0; k < c->conclusion_count; k++, at++)
        set_difference(
            basin_comparison_difference(c, m->name, c->conclusions[k].group, c->conclusions[k].base, point),
            t->texts[at], &t->cells[at].key);
    return any;
}

static size_t columns_of(const basin_comparison *c)
{
    return c->group_count + c->conclusion_count;
}

/* Of one measure at one kind of point; left out again where no group has it. */
static void fill_row(const cli_page *page, size_t first, size_t count, const basin_column *m,
                     basin_point_kind point, table *t)
{
    const size_t row = t->rows * t->columns;
    size_t       column = 1;
    bool         any = false;

    for (size_t i = 0; i < t->columns; i++) {
        t->texts[row + i][0] = '\0';
        t->cells[row + i] = (basin_table_cell){.text = t->texts[row + i], .key = NAN, .label = i == 0};
    }
    snprintf(t->texts[row], CELL, "%s%s", m->label, point_names[point]);
    for (size_t i = first; i < first + count; i++) {
        const basin_comparison *c = page->results[i]->value;
        any = fill_cells(c, m, point, t, column) || any;
        column += columns_of(c);
    }
    t->rows += any;
}

/* «sam», «sam against gd», with sides «A sam». */
static void fill_heads(const cli_page *page, size_t first, size_t count, table *t)
{
    size_t column = 0;

    snprintf(t->heads[column++], CELL, "measure");
    for (size_t i = first; i < first + count; i++) {
        const basin_comparison *c = page->results[i]->value;
        const char             *side = page->sides == NULL ? "" : page->sides[i] == 0 ? "A " : "B ";
        for (size_t g = 0; g < c->group_count; g++)
            snprintf(t->heads[column++], CELL, "%s%s", side, c->groups[g].name);
        for (size_t k = 0; k < c->conclusion_count; k++)
            snprintf(t->heads[column++], CELL, "%s%s against %s", side, c->conclusions[k].group,
                     c->conclusions[k].base);
    }
    for (size_t i = 0; i < t->columns; i++) t->head_texts[i] = t->heads[i];
}

int cli_page_estimates(const cli_page *page, size_t first, size_t count, basin_document *out)
{
    int   status = CLI_OK;
    table t = {.columns = 1};

    for (size_t i = first; i < first + count; i++) t.columns += columns_of(page->results[i]->value);
    CLI_ALLOC(t.heads, t.columns);
    CLI_ALLOC(t.head_texts, t.columns);
    CLI_ALLOC(t.texts, t.columns * (BASIN_MEASURES * BASIN_POINTS + 1));
    CLI_ALLOC(t.cells, t.columns * (BASIN_MEASURES * BASIN_POINTS + 1));
    fill_heads(page, first, count, &t);
    for (size_t m = 0; m < BASIN_MEASURES; m++)
        for (int point = 0; point < BASIN_POINTS; point++)
            fill_row(page, first, count, &basin_columns[m], (basin_point_kind)point, &t);
    basin_document_table(
        out, &(basin_table){.caption =
                                "Means over runs ± half of the 95 % t-interval; beside the base, paired by "
                                "seed: × the ratio, else the difference, with its 95 % t-interval, and what "
                                "the whole report decides of it.",
                            .rows = t.rows,
                            .columns = t.columns,
                            .heads = t.head_texts,
                            .cells = t.cells,
                            .sorts = true});
done:
    basin_free(t.heads), basin_free(t.head_texts), basin_free(t.texts), basin_free(t.cells);
    return status;
}
