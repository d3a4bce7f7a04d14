#include "cli/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *cli_page_command(const basin_result *result)
{
    const basin_provenance *p = result->provenance;

    return p != NULL && p->argument_count > 0 ? p->arguments[0] : basin_result_name(result->kind);
}

const char *cli_page_file(const char *path)
{
    return strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
}

const char *cli_page_anchor(size_t group, char out[CLI_ANCHOR])
{
    snprintf(out, CLI_ANCHOR, "s%zu", group + 1);
    return out;
}

void cli_page_rows(const basin_result *result, const basin_row **rows, size_t *count)
{
    const basin_comparison *c = result->kind == BASIN_RESULT_COMPARISON ? result->value : NULL;
    const basin_track      *t = result->kind == BASIN_RESULT_TRACK ? result->value : NULL;

    *rows = c != NULL ? c->rows : t != NULL ? t->rows : NULL;
    *count = c != NULL ? c->row_count : t != NULL ? t->row_count : 0;
}

static bool is_comparison(const basin_result *result)
{
    return result->kind == BASIN_RESULT_COMPARISON;
}

/* « along momentum and eigen:1» */
static void tell_axes(const basin_slice *slice, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < slice->axis_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%.60s", i == 0 ? " along " : " and ",
                                 slice->axes[i].direction);
}

const char *cli_page_title(const cli_page *page, size_t first, size_t count, char out[CLI_TITLE])
{
    const basin_result     *result = page->results[first];
    const basin_comparison *c = is_comparison(result) ? result->value : NULL;
    char                    more[160] = "", side[16] = "";

    if (c != NULL && isfinite(c->at_loss))
        snprintf(more, sizeof more, ", at training loss %g", c->at_loss);
    else if (c != NULL && c->step >= 0)
        snprintf(more, sizeof more, ", at step %lld", (long long)c->step);
    else if (result->kind == BASIN_RESULT_SLICE)
        tell_axes(result->value, more, sizeof more);
    if (page->sides != NULL)
        snprintf(side, sizeof side, "%s: ",
                 page->sides[first] != page->sides[first + count - 1] ? "A and B"
                 : page->sides[first] == 0                            ? "A"
                                                                      : "B");
    snprintf(out, CLI_TITLE, "%s%s%s (%s%s)", side, cli_page_command(result), more,
             cli_page_file(page->files[first]), count > 1 ? " and others" : "");
    return out;
}

/* -------------------------------------------------------------------------------------------- figures -- */

static bool is_at_loss(const basin_result *result)
{
    const basin_track *t = result->kind == BASIN_RESULT_TRACK ? result->value : NULL;

    for (size_t i = 0; t != NULL && i < t->row_count; i++)
        if (isfinite(t->rows[i].at_loss)) return true;
    return false;
}

/* «A sam», or where that does not tell two apart «A spectrum_sam_1». */
static void label_sides(const cli_page *page, size_t first, size_t count, char (*labels)[64])
{
    bool apart = true;

    for (int by_file = 0; by_file == 0 || (by_file == 1 && !apart); by_file++)
        for (size_t i = 0; i < count; i++) {
            const basin_provenance *p = page->results[first + i]->provenance;
            const char             *method = by_file == 0 && p != NULL ? p->training.method : NULL;
            const char             *file = cli_page_file(page->files[first + i]);
            snprintf(labels[i], sizeof labels[i], "%c %.*s", 'A' + page->sides[first + i],
                     method != NULL ? 60 : (int)strcspn(file, "."), method != NULL ? method : file);
            for (size_t k = 0; k < i; k++) apart = apart && strcmp(labels[i], labels[k]) != 0;
        }
}

/* For who cannot see it. */
static void name_figure(const cli_page *page, size_t first, size_t count, const char *kind,
                        char out[CLI_TITLE])
{
    size_t used =
        (size_t)snprintf(out, CLI_TITLE, "Figure of %s%s%s:", cli_page_command(page->results[first]),
                         kind != NULL ? ", " : "", kind != NULL ? kind : "");

    for (size_t i = 0; i < count && used < CLI_TITLE; i++)
        used += (size_t)snprintf(out + used, CLI_TITLE - used, "%s %s", i > 0 ? "," : "",
                                 cli_page_file(page->files[first + i]));
}

int cli_page_figure(const cli_page *page, size_t first, size_t count, const char *kind, basin_document *out)
{
    int                        status = CLI_OK;
    basin_figure              *figure = NULL;
    const basin_result *const *results = (const basin_result *const *)page->results + first;
    const bool                 rows = results[0]->kind == BASIN_RESULT_TRACK || is_comparison(results[0]);
    char                       labels[CLI_TOGETHER][64], name[CLI_TITLE];
    const char                *texts[CLI_TOGETHER];

    if (basin_figure_kind(results[0]->kind, 0) == NULL) return CLI_OK;
    if (page->sides != NULL) label_sides(page, first, count, labels);
    for (size_t i = 0; i < count; i++) texts[i] = labels[i];
    const basin_figure_options o = {.width = rows || count > 1 ? 6.75 : 3.25,
                                    .no_footer = true,
                                    .values = true,
                                    .kind = kind,
                                    .labels = page->sides != NULL && count > 1 ? texts : NULL};
    CLI_LIBRARY(basin_figure_create(results, count, &o, &figure));
    name_figure(page, first, count, kind, name);
    basin_document_figure(out, name, &figure);
done:
    basin_figure_destroy(&figure);
    return status;
}

/* ------------------------------------------------------------------------------------------- sections -- */

/* What the command prints: folded below a figure, and open where there is none. */
static int put_numbers(const cli_page *page, size_t i, basin_document *out)
{
    int                 status = CLI_OK;
    const basin_result *result = page->results[i];
    const cli_command  *command = cli_command_find(cli_page_command(result));
    const bool          drawn = basin_figure_kind(result->kind, 0) != NULL;
    char               *text = NULL, summary[CLI_TITLE];
    size_t              size = 0;
    FILE               *words = NULL;

    if (command == NULL || command->print == NULL || command->kind != result->kind) return CLI_OK;
    CLI_CHECK((words = open_memstream(&text, &size)) != NULL, "out of memory for a report");
    command->print(result, words);
    CLI_CHECK(fflush(words) == 0, "out of memory for a report");
    snprintf(summary, sizeof summary, "Numbers of %s", page->files[i]);
    if (drawn) basin_document_fold(out, summary, true);
    basin_document_lines(out, text);
    if (drawn) basin_document_unfold(out);
done:
    if (words != NULL) fclose(words);
    free(text);
    return status;
}

static void put_notes(const cli_page *page, size_t i, size_t count, basin_document *out)
{
    const basin_comparison *c = page->results[i]->value;
    char                    summary[CLI_TITLE];

    snprintf(summary, sizeof summary, "What else must be said%s%s", count > 1 ? " of " : "",
             count > 1 ? page->files[i] : "");
    basin_document_fold(out, summary, false);
    for (size_t k = 0; k < c->note_count; k++) basin_document_item(out, c->notes[k], NULL);
    basin_document_unfold(out);
}

static int put_comparisons(const cli_page *page, size_t first, size_t count, basin_document *out)
{
    int status = CLI_OK;

    for (size_t i = first; i < first + count; i++) CLI_TRY(cli_page_figure(page, i, 1, "methods", out));
    CLI_TRY(cli_page_estimates(page, first, count, out));
    for (size_t i = first; i < first + count; i++) put_notes(page, i, count, out);
done:
    return status;
}

/* One figure of all, or where they do not go together one of each. */
static int put_figures(const cli_page *page, size_t first, size_t count, basin_document *out)
{
    int         status = CLI_OK;
    const char *kind = is_at_loss(page->results[first]) ? "sweep" : NULL;

    if (cli_page_figure(page, first, count, kind, out) != CLI_OK)
        for (size_t i = first; i < first + count; i++) CLI_TRY(cli_page_figure(page, i, 1, NULL, out));
    if (page->results[first]->kind == BASIN_RESULT_SHARPNESS)
        CLI_TRY(cli_page_figure(page, first, count, "symmetric", out));
done:
    return status;
}

static int put_group(const cli_page *page, size_t group, basin_document *out)
{
    int          status = CLI_OK;
    const size_t first = page->first[group], count = page->first[group + 1] - first;
    char         title[CLI_TITLE], anchor[CLI_ANCHOR];

    basin_document_heading(out, 2, cli_page_anchor(group, anchor), cli_page_title(page, first, count, title));
    CLI_TRY(cli_name_file(is_comparison(page->results[first]) ? put_comparisons(page, first, count, out)
                                                              : put_figures(page, first, count, out),
                          page->files[first]));
    for (size_t i = first; i < first + count; i++) CLI_TRY(put_numbers(page, i, out));
done:
    return status;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static int put_verdicts(const cli_page *page, basin_document *out)
{
    int  status = CLI_OK;
    char title[CLI_TITLE], heading[CLI_TITLE + 16], anchor[CLI_ANCHOR];

    for (size_t i = 0; i < page->count; i++) {
        if (!is_comparison(page->results[i]) ||
            ((const basin_comparison *)page->results[i]->value)->conclusion_count == 0)
            continue;
        snprintf(heading, sizeof heading, "Verdict: %s", cli_page_title(page, i, 1, title));
        snprintf(anchor, sizeof anchor, "v%zu", i + 1);
        basin_document_heading(out, 2, anchor, heading);
        CLI_TRY(cli_name_file(cli_page_verdicts(page, i, out), page->files[i]));
    }
done:
    return status;
}

/* Groups that one of two folders has and the other not. */
static void put_lonely(const cli_page *page, basin_document *out)
{
    char anchor[CLI_ANCHOR];
    bool any = false;

    for (size_t g = 0; page->sides != NULL && g < page->group_count; g++) {
        const size_t first = page->first[g], count = page->first[g + 1] - first;
        if (page->sides[first] != page->sides[first + count - 1]) continue;
        if (!any) basin_document_heading(out, 2, "lonely", "What only one of A and B has");
        any = true;
        basin_document_item(out, page->sides[first] == 0 ? "only A" : "only B", cli_page_anchor(g, anchor));
    }
}

/* «A: monday.results» and «B: tuesday.results», as the folders were named. */
static void put_sides(const cli_page *page, basin_document *out)
{
    char line[CLI_TITLE];

    for (int side = 0; page->sides != NULL && side < 2; side++)
        for (size_t i = 0; i < page->count; i++) {
            if (page->sides[i] != side) continue;
            const int length = (int)(cli_page_file(page->files[i]) - page->files[i]);
            snprintf(line, sizeof line, "%c: %.*s", 'A' + side, length > 1 ? length - 1 : length,
                     page->files[i]);
            basin_document_item(out, line, NULL);
            break;
        }
}

int cli_page_fill(const cli_page *page, basin_document *out)
{
    int  status = CLI_OK;
    char line[160];

    snprintf(line, sizeof line, "%zu stored result%s, put together by basin %s.", page->count,
             page->count == 1 ? "" : "s", BASIN_VERSION);
    basin_document_paragraph(out, line);
    put_sides(page, out);
    CLI_TRY(put_verdicts(page, out));
    CLI_TRY(cli_page_warnings(page, out));
    CLI_TRY(cli_page_runs(page, out));
    put_lonely(page, out);
    basin_document_contents(out);
    for (size_t g = 0; g < page->group_count; g++) CLI_TRY(put_group(page, g, out));
    CLI_TRY(cli_page_definitions(page, out));
    CLI_TRY(cli_page_origin(page, out));
done:
    return status;
}
