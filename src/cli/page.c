#include "cli/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/html.h"

enum { TOGETHER = 6 /* results that one figure shows at most */ };

static const char style[] =
    ":root { color-scheme: light dark; --ink: #222; --soft: #595959; --line: #ccc; --back: #fff; --box: "
    "#f6f6f4; }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --soft: #a8a8a8; --line: #444; --back: "
    "#181818; "
    "--box: #222; } }\n"
    "body { font: 1rem/1.5 \"DejaVu Sans\", Verdana, sans-serif; color: var(--ink); background: var(--back); "
    "max-width: 58rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }\n"
    "h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; "
    "border-bottom: 1px solid var(--line); } h3 { font-size: 1rem; margin-bottom: 0.2rem; }\n"
    "p { margin: 0.3rem 0; max-width: 44rem; } .soft, figcaption, caption { color: var(--soft); font-size: "
    "0.8rem; }\n"
    "a { color: inherit; } nav li { margin: 0.1rem 0; }\n"
    "pre { font: 0.75rem/1.4 \"DejaVu Sans Mono\", monospace; background: var(--box); padding: 0.8rem; "
    "overflow-x: auto; overflow-wrap: normal; }\n"
    "figure { margin: 1.2rem 0; } figure img { width: 100%; display: block; background: #fff; }\n"
    "figure.column { max-width: 24rem; } figure.page img { min-width: 38rem; } figcaption { margin-top: "
    "0.4rem; max-width: 44rem; }\n"
    ".wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.8rem; margin: 1rem 0; }\n"
    "caption { text-align: left; padding-bottom: 0.4rem; } td, th { padding: 0.15rem 0.6rem 0.15rem 0; "
    "text-align: left; vertical-align: top; font-weight: normal; overflow-wrap: normal; } td { white-space: "
    "nowrap; }\n"
    "thead th { border-bottom: 1px solid var(--line); } tbody tr:hover { background: var(--box); }\n"
    "th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; "
    "text-align: left; }\n"
    "details { margin: 0.8rem 0; } summary { cursor: pointer; }\n"
    "@media print { body { max-width: none; margin: 0; } h2, h3 { break-after: avoid; } "
    "figure, tr { break-inside: avoid; } nav { display: none; } pre { white-space: pre-wrap; } }\n";

/* Tables sort by the column whose head is pressed; without script they stand as they are. */
static const char script[] =
    "for (const table of document.querySelectorAll('table.sorted'))\n"
    "  table.querySelectorAll('thead button').forEach((button, column) => button.onclick = () => {\n"
    "    const key = row => row.cells[column].dataset.by !== undefined ? "
    "Number(row.cells[column].dataset.by)\n"
    "      : row.cells[column].textContent;\n"
    "    const down = button.dataset.down = button.dataset.down === '1' ? '0' : '1';\n"
    "    const rows = [...table.tBodies[0].rows].sort((a, b) => {\n"
    "      const x = key(a), y = key(b);\n"
    "      return x === '' ? 1 : y === '' ? -1 : (x < y ? -1 : x > y ? 1 : 0) * (down === '1' ? 1 : -1);\n"
    "    });\n"
    "    table.tBodies[0].append(...rows);\n"
    "  });\n";

/* ------------------------------------------------------------------------------------- of one result -- */

static const char *command_of(const basin_result *result)
{
    const basin_provenance *p = result->provenance;

    return p != NULL && p->argument_count > 0 ? p->arguments[0] : basin_result_name(result->kind);
}

static bool names_a_file(const char *argument)
{
    const size_t length = strlen(argument);

    return length > 3 && strcmp(argument + length - 3, ".h5") == 0;
}

/* Whether both are of one kind and their command lines differ in files alone: such results stand in one
   figure. */
static bool asks_the_same(const basin_result *a, const basin_result *b)
{
    const basin_provenance *p = a->provenance, *q = b->provenance;
    size_t                  i = 0, k = 0;

    if (a->kind != b->kind || a->kind == BASIN_RESULT_COMPARISON || p == NULL || q == NULL) return false;
    for (;;) {
        while (i < p->argument_count && names_a_file(p->arguments[i])) i++;
        while (k < q->argument_count && names_a_file(q->arguments[k])) k++;
        if (i == p->argument_count || k == q->argument_count)
            return i == p->argument_count && k == q->argument_count;
        if (strcmp(p->arguments[i++], q->arguments[k++]) != 0) return false;
    }
}

/* How many from the first on. */
static size_t group_size(const cli_page *page, size_t first)
{
    size_t n = 1;

    while (first + n < page->count && n < TOGETHER &&
           asks_the_same(page->results[first], page->results[first + n]))
        n++;
    return n;
}

static bool is_at_loss(const basin_result *result)
{
    const basin_track *t = result->kind == BASIN_RESULT_TRACK ? result->value : NULL;

    for (size_t i = 0; t != NULL && i < t->row_count; i++)
        if (isfinite(t->rows[i].at_loss)) return true;
    return false;
}

int cli_page_figure(const basin_result *const *results, size_t count, const char *kind, FILE *out)
{
    int           status = CLI_OK;
    basin_figure *figure = NULL;
    const bool rows = results[0]->kind == BASIN_RESULT_TRACK || results[0]->kind == BASIN_RESULT_COMPARISON;
    const bool wide = rows || count > 1;
    basin_figure_options o = {.width = wide ? 6.75 : 3.25, .no_footer = true, .kind = kind};

    if (basin_figure_kind(results[0]->kind, 0) == NULL) return CLI_OK;
    CLI_LIBRARY(basin_figure_create(results, count, &o, &figure));
    CLI_TRY(cli_html_figure(out, figure, command_of(results[0]), wide ? "page" : "column"));
done:
    basin_figure_destroy(&figure);
    return status;
}

/* What the command prints, under a heading that opens. */
static int put_numbers(const basin_result *result, const char *file, FILE *out)
{
    int                status = CLI_OK;
    const cli_command *command = cli_command_find(command_of(result));
    char              *text = NULL;
    size_t             size = 0;
    FILE              *words = NULL;

    if (command == NULL || command->print == NULL || command->kind != result->kind) return CLI_OK;
    CLI_CHECK((words = open_memstream(&text, &size)) != NULL, "out of memory for a report");
    command->print(result, words);
    CLI_CHECK(fflush(words) == 0, "out of memory for a report");
    fputs("<details><summary>Numbers of ", out);
    cli_html_text(out, file);
    fputs("</summary>\n", out);
    cli_html_element(out, "pre", text);
    fputs("</details>\n", out);
done:
    if (words != NULL) fclose(words);
    free(text);
    return status;
}

static void put_notes(const basin_comparison *c, FILE *out)
{
    fputs("<details><summary>What else must be said</summary>\n<ul>\n", out);
    for (size_t i = 0; i < c->note_count; i++) cli_html_element(out, "li", c->notes[i]);
    fputs("</ul></details>\n", out);
}

/* ------------------------------------------------------------------------------------------- sections -- */

static void begin_section(FILE *out, size_t *number, const char *title)
{
    fprintf(out, "<section id=\"s%zu\">\n", ++*number);
    cli_html_element(out, "h2", title);
}

enum { TITLE = 512 };

static const char *file_name(const char *path)
{
    return strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
}

/* «compare, at training loss 0.2 (compare.h5)» */
static void title_of(const cli_page *page, size_t first, size_t count, char out[TITLE])
{
    const basin_result     *result = page->results[first];
    const basin_comparison *c = result->kind == BASIN_RESULT_COMPARISON ? result->value : NULL;
    char                    more[64] = "";

    if (c != NULL && isfinite(c->at_loss))
        snprintf(more, sizeof more, ", at training loss %g", c->at_loss);
    else if (c != NULL && c->step >= 0)
        snprintf(more, sizeof more, ", at step %lld", (long long)c->step);
    snprintf(out, TITLE, "%s%s (%s%s)", command_of(result), more, file_name(page->files[first]),
             count > 1 ? " and others" : "");
}

static int put_comparison(const cli_page *page, size_t i, FILE *out)
{
    int                 status = CLI_OK;
    const basin_result *result = page->results[i];

    CLI_TRY(cli_page_figure(&result, 1, "methods", out));
    cli_page_estimates(result->value, out);
    put_notes(result->value, out);
    CLI_TRY(put_numbers(result, page->files[i], out));
done:
    return status;
}

/* One figure of all, or where they do not go together one of each. */
static int put_group(const cli_page *page, size_t first, size_t count, FILE *out)
{
    int                        status = CLI_OK;
    const basin_result *const *results = (const basin_result *const *)page->results + first;
    const char                *kind = is_at_loss(results[0]) ? "sweep" : NULL;
    const long                 here = ftell(out);

    if (cli_page_figure(results, count, kind, out) != CLI_OK) {
        fseek(out, here, SEEK_SET);
        for (size_t i = 0; i < count; i++) CLI_TRY(cli_page_figure(results + i, 1, NULL, out));
    }
    if (results[0]->kind == BASIN_RESULT_SHARPNESS)
        CLI_TRY(cli_page_figure(results, count, "symmetric", out));
    for (size_t i = 0; i < count; i++) CLI_TRY(put_numbers(results[i], page->files[first + i], out));
done:
    return status;
}

/* A section a comparison or a group, in order; only listed where `list`. */
static int put_results(const cli_page *page, size_t *number, bool list, FILE *out)
{
    int  status = CLI_OK;
    char title[TITLE];

    for (size_t i = 0, n; i < page->count; i += n) {
        n = group_size(page, i);
        title_of(page, i, n, title);
        if (list) {
            fprintf(out, "<li><a href=\"#s%zu\">", ++*number);
            cli_html_text(out, title);
            fputs("</a></li>\n", out);
            continue;
        }
        begin_section(out, number, title);
        CLI_TRY(cli_name_file(page->results[i]->kind == BASIN_RESULT_COMPARISON ? put_comparison(page, i, out)
                                                                                : put_group(page, i, n, out),
                              page->files[i]));
        fputs("</section>\n", out);
    }
done:
    return status;
}

/* --------------------------------------------------------------------------------------- definitions -- */

static bool is_measured(const cli_page *page, size_t m)
{
    for (size_t i = 0; i < page->count; i++) {
        const basin_comparison *c =
            page->results[i]->kind == BASIN_RESULT_COMPARISON ? page->results[i]->value : NULL;
        const basin_track *t = page->results[i]->kind == BASIN_RESULT_TRACK ? page->results[i]->value : NULL;
        for (size_t e = 0; c != NULL && e < c->estimate_count; e++)
            if (strcmp(c->estimates[e].measure, basin_columns[m].name) == 0) return true;
        for (size_t r = 0; t != NULL && r < t->row_count; r++)
            if (isfinite(t->rows[r].measures[m].value)) return true;
    }
    return false;
}

static void put_definitions(const cli_page *page, size_t *number, FILE *out)
{
    begin_section(out, number, "Measures");
    fputs(
        "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">name</th><th scope=\"col\">definition</th>"
        "<th scope=\"col\">rescaling layers, by the list</th></tr></thead>\n<tbody>\n",
        out);
    for (size_t m = 0; m < BASIN_MEASURES; m++) {
        const basin_column *c = &basin_columns[m];
        if (!is_measured(page, m)) continue;
        fprintf(out, "<tr><th scope=\"row\">%s</th><td>", c->name);
        cli_html_label(out, c->definition);
        fprintf(out, "</td><td>%s</td></tr>\n",
                c->invariance & BASIN_INVARIANT_TO_RESCALING ? "leaves it alone" : "moves it");
    }
    fputs("</tbody></table></div>\n</section>\n", out);
}

static bool any_measured(const cli_page *page)
{
    for (size_t m = 0; m < BASIN_MEASURES; m++)
        if (is_measured(page, m)) return true;
    return false;
}

/* ---------------------------------------------------------------------------------------- provenance -- */

/* As a shell reads it: in single quotes where that is needed. */
static void put_argument(FILE *out, const char *text)
{
    const bool plain =
        text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_./:,=+@%")] == '\0';

    if (!plain) fputc('\'', out);
    for (; *text != '\0'; text++) {
        const char one[2] = {*text, '\0'};
        if (*text == '\'')
            fputs("'\\''", out);
        else
            cli_html_text(out, one);
    }
    if (!plain) fputc('\'', out);
}

static const basin_input *data_of(const basin_provenance *p)
{
    for (size_t i = 0; i < p->input_count; i++)
        if (p->inputs[i].role == BASIN_INPUT_DATA) return &p->inputs[i];
    return NULL;
}

static void put_origin(const cli_page *page, size_t i, FILE *out)
{
    const basin_provenance *p = page->results[i]->provenance;
    const basin_input      *data = p != NULL ? data_of(p) : NULL;

    fputs("<tr><th scope=\"row\">", out);
    cli_html_text(out, page->files[i]);
    fputs("</th><td>", out);
    if (data != NULL) cli_html_text(out, data->path), fprintf(out, " (%.12s)", data->digest);
    fprintf(out, "</td><td>%zu</td><td>", p != NULL ? p->input_count : (size_t)0);
    if (p != NULL && p->version != NULL) cli_html_text(out, p->version);
    fputs("</td><td>", out);
    if (p != NULL && p->date != NULL) cli_html_text(out, p->date);
    if (p != NULL && p->ended_by_time != NULL) fputs(", ended by --time before it was done", out);
    fputs("</td></tr>\n", out);
}

static void put_provenance(const cli_page *page, size_t *number, FILE *out)
{
    begin_section(out, number, "Where this comes from");
    fputs("<p>Each result names its inputs by their digests; <code>basin verify RESULT.h5</code> computes it "
          "again "
          "and compares every number.</p>\n<div class=\"wide\"><table>\n<thead><tr><th "
          "scope=\"col\">result</th>"
          "<th scope=\"col\">data, digest</th><th scope=\"col\">inputs</th><th scope=\"col\">basin</th>"
          "<th scope=\"col\">computed</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < page->count; i++) put_origin(page, i, out);
    fputs("</tbody></table></div>\n<details><summary>The commands</summary>\n<pre>", out);
    for (size_t i = 0; i < page->count; i++) {
        const basin_provenance *p = page->results[i]->provenance;
        if (p == NULL || p->argument_count == 0) continue;
        fputs("basin", out);
        for (size_t k = 0; k < p->argument_count; k++) fputc(' ', out), put_argument(out, p->arguments[k]);
        fputs(" -o ", out), put_argument(out, page->files[i]), fputc('\n', out);
    }
    fputs("</pre></details>\n</section>\n", out);
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static bool has_verdict(const basin_result *result)
{
    return result->kind == BASIN_RESULT_COMPARISON &&
           ((const basin_comparison *)result->value)->conclusion_count > 0;
}

static int put_verdicts(const cli_page *page, FILE *out)
{
    int  status = CLI_OK;
    char title[TITLE];

    for (size_t i = 0; i < page->count; i++) {
        if (!has_verdict(page->results[i])) continue;
        title_of(page, i, 1, title);
        fputs("<h2>Verdict: ", out);
        cli_html_text(out, title);
        fputs("</h2>\n", out);
        CLI_TRY(cli_name_file(cli_page_verdicts(page->results[i], out), page->files[i]));
    }
done:
    return status;
}

static void put_head(const cli_page *page, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
          out);
    cli_html_element(out, "title", page->title);
    fprintf(out, "<style>\n%s</style></head><body>\n", style);
    cli_html_element(out, "h1", page->title);
    if (page->about != NULL) cli_html_element(out, "p", page->about);
    fprintf(out, "<p class=\"soft\">%zu stored result%s, put together by basin %s.</p>\n", page->count,
            page->count == 1 ? "" : "s", BASIN_VERSION);
}

int cli_page_write(const cli_page *page, FILE *out)
{
    int    status = CLI_OK;
    size_t number = 0;

    put_head(page, out);
    CLI_TRY(put_verdicts(page, out));
    fputs("<nav aria-label=\"Contents\"><h2>Contents</h2><ol>\n", out);
    CLI_TRY(put_results(page, &number, true, out));
    if (any_measured(page)) fprintf(out, "<li><a href=\"#s%zu\">Measures</a></li>\n", ++number);
    fprintf(out, "<li><a href=\"#s%zu\">Where this comes from</a></li>\n</ol></nav>\n<main>\n", ++number);
    number = 0;
    CLI_TRY(put_results(page, &number, false, out));
    if (any_measured(page)) put_definitions(page, &number, out);
    put_provenance(page, &number, out);
    fprintf(out, "</main>\n<script>\n%s</script>\n</body></html>\n", script);
done:
    return status;
}
