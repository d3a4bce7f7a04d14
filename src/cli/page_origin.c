/* What the measures of a report are, and where everything in it comes from. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/page.h"

enum { CELL = 200 };

/* ---------------------------------------------------------------------------------- definitions -- */

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

/* What was measured of it on a network compared here; NULL: nothing. */
static const basin_invariant *find_invariant(const cli_page *page, const char *measure)
{
    for (size_t i = 0; i < page->count; i++) {
        const basin_comparison *c =
            page->results[i]->kind == BASIN_RESULT_COMPARISON ? page->results[i]->value : NULL;
        for (size_t k = 0; c != NULL && k < c->invariant_count; k++)
            if (strcmp(c->invariants[k].measure, measure) == 0 &&
                c->invariants[k].verdict != BASIN_NOT_JUDGED)
                return &c->invariants[k];
    }
    return NULL;
}

/* What was measured on the network goes before what the list says of any. */
static void tell_invariance(const cli_page *page, const basin_column *m, char out[CELL])
{
    const basin_invariant *found = find_invariant(page, m->name);

    if (found == NULL)
        snprintf(out, CELL, "%s, by the list",
                 m->invariance & BASIN_INVARIANT_TO_RESCALING ? "leaves it alone" : "moves it");
    else if (found->verdict == BASIN_STAYS)
        snprintf(out, CELL, "leaves it alone, as measured (%s)", cli_page_file(found->file));
    else
        snprintf(out, CELL, "%s it by %.2g, as measured (%s)",
                 found->verdict == BASIN_MOVES ? "moves" : "may move", found->change,
                 cli_page_file(found->file));
}

int cli_page_definitions(const cli_page *page, basin_document *out)
{
    static const char *const heads[] = {"name", "definition", "rescaling the same network"};
    int                      status = CLI_OK;
    size_t                   rows = 0;
    char(*texts)[CELL] = NULL;
    basin_table_cell *cells = NULL;

    CLI_ALLOC(texts, BASIN_MEASURES);
    CLI_ALLOC(cells, 3 * BASIN_MEASURES);
    for (size_t m = 0; m < BASIN_MEASURES; m++) {
        if (!is_measured(page, m)) continue;
        tell_invariance(page, &basin_columns[m], texts[m]);
        cells[3 * rows] = (basin_table_cell){.text = basin_columns[m].name, .key = NAN};
        cells[3 * rows + 1] =
            (basin_table_cell){.text = basin_columns[m].definition, .key = NAN, .label = true};
        cells[3 * rows++ + 2] = (basin_table_cell){.text = texts[m], .key = NAN};
    }
    if (rows == 0) goto done;
    basin_document_heading(out, 2, "measures", "Measures");
    basin_document_table(out, &(basin_table){.rows = rows, .columns = 3, .heads = heads, .cells = cells});
done:
    basin_free(texts);
    basin_free(cells);
    return status;
}

/* ----------------------------------------------------------------------------------- provenance -- */

/* As a shell reads it: in single quotes where that is needed. */
static void put_argument(FILE *out, const char *text)
{
    const bool plain =
        text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_./:,=+@%")] == '\0';

    if (!plain) fputc('\'', out);
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text == '\n' ? ' ' : *text, out);
    if (!plain) fputc('\'', out);
}

static const basin_input *data_of(const basin_provenance *p)
{
    for (size_t i = 0; p != NULL && i < p->input_count; i++)
        if (p->inputs[i].role == BASIN_INPUT_DATA) return &p->inputs[i];
    return NULL;
}

/* Whether an input before that one is the same data set. */
static bool is_known(const basin_provenance *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (p->inputs[k].role == BASIN_INPUT_DATA && strcmp(p->inputs[k].digest, p->inputs[i].digest) == 0)
            return true;
    return false;
}

/* «data.h5 (1e2f005e1e34) and 7 others»: runs of several seeds may each have data of their own. */
static void tell_data(const basin_provenance *p, const basin_input *first, char out[CELL])
{
    const int used = snprintf(out, CELL, "%.120s (%.12s)", cli_page_file(first->path), first->digest);
    size_t    others = 0;

    for (size_t i = 0; i < p->input_count; i++)
        others += p->inputs[i].role == BASIN_INPUT_DATA && &p->inputs[i] != first && !is_known(p, i);
    if (others > 0)
        snprintf(out + used, CELL - (size_t)used, " and %zu other%s", others, others == 1 ? "" : "s");
}

/* result; data, digest; inputs; basin; computed */
static void fill_origin(const cli_page *page, size_t i, char (*texts)[CELL], basin_table_cell *cells)
{
    const basin_provenance *p = page->results[i]->provenance;
    const basin_input      *data = data_of(p);

    if (data != NULL) tell_data(p, data, texts[0]);
    snprintf(texts[1], CELL, "%zu", p != NULL ? p->input_count : (size_t)0);
    if (p != NULL && p->version != NULL) snprintf(texts[2], CELL, "%s", p->version);
    if (p != NULL && p->date != NULL)
        snprintf(texts[3], CELL, "%s%s", p->date,
                 p->ended_by_time != NULL ? ", ended by --time before it was done" : "");
    cells[0] = (basin_table_cell){.text = page->files[i], .key = NAN};
    for (size_t k = 0; k < 4; k++) cells[k + 1] = (basin_table_cell){.text = texts[k], .key = NAN};
}

static int put_origins(const cli_page *page, basin_document *out)
{
    static const char *const heads[] = {"result", "data, digest", "inputs", "basin", "computed"};
    int                      status = CLI_OK;
    char(*texts)[CELL] = NULL;
    basin_table_cell *cells = NULL;

    CLI_ALLOC(texts, 4 * page->count);
    CLI_ALLOC(cells, 5 * page->count);
    for (size_t i = 0; i < page->count; i++) fill_origin(page, i, texts + 4 * i, cells + 5 * i);
    basin_document_table(out,
                         &(basin_table){.rows = page->count, .columns = 5, .heads = heads, .cells = cells});
done:
    basin_free(texts);
    basin_free(cells);
    return status;
}

static int put_commands(const cli_page *page, basin_document *out)
{
    int    status = CLI_OK;
    char  *text = NULL;
    size_t size = 0;
    FILE  *lines = open_memstream(&text, &size);

    CLI_CHECK(lines != NULL, "out of memory for a report");
    for (size_t i = 0; i < page->count; i++) {
        const basin_provenance *p = page->results[i]->provenance;
        if (p == NULL || p->argument_count == 0) continue;
        fputs("basin", lines);
        for (size_t k = 0; k < p->argument_count; k++)
            fputc(' ', lines), put_argument(lines, p->arguments[k]);
        fputs(" -o ", lines), put_argument(lines, page->files[i]), fputc('\n', lines);
    }
    CLI_CHECK(fflush(lines) == 0, "out of memory for a report");
    basin_document_fold(out, "The commands", false);
    basin_document_lines(out, text);
    basin_document_unfold(out);
done:
    if (lines != NULL) fclose(lines);
    free(text);
    return status;
}

int cli_page_origin(const cli_page *page, basin_document *out)
{
    int status = CLI_OK;

    basin_document_heading(out, 2, "origin", "Where this comes from");
    basin_document_paragraph(
        out, "Each result names its inputs by their digests; basin verify RESULT.h5 computes it "
             "again and compares every number.");
    CLI_TRY(put_origins(page, out));
    CLI_TRY(put_commands(page, out));
done:
    return status;
}
