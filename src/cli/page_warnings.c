/* What must not be overlooked in the results of a report, in one list. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/page.h"
#include "cli/report.h"

typedef struct warning {
    char       *text; /* from open_memstream: freed with free */
    const char *file; /* of the first result that it is of; NULL: it is not of one */
    size_t      group, others;
} warning;

typedef struct warnings {
    size_t   count, room;
    warning *list;
    FILE    *out; /* the sentence being written */
    char    *text;
    size_t   size;
} warnings;

/* ----------------------------------------------------------------------------------------- the list -- */

static int begin(warnings *w)
{
    int status = CLI_OK;

    CLI_CHECK((w->out = open_memstream(&w->text, &w->size)) != NULL, "out of memory for a report");
done:
    return status;
}

static void merge(warnings *w, const char *file, size_t group)
{
    for (size_t i = 0; i < w->count; i++)
        if (file != NULL && w->list[i].file != NULL && strcmp(w->list[i].text, w->text) == 0) {
            w->list[i].others++;
            free(w->text);
            w->text = NULL;
            return;
        }
    w->list[w->count++] = (warning){w->text, file, group, 0};
    w->text = NULL;
}

/* The sentence begun is one of the result in that file; an empty one is none. */
static int end(warnings *w, const char *file, size_t group)
{
    int      status = CLI_OK;
    warning *list = NULL;

    CLI_CHECK(fclose(w->out) == 0, "out of memory for a report");
    w->out = NULL;
    if (w->count == w->room) {
        CLI_ALLOC(list, w->room = 2 * w->room + 16);
        if (w->count > 0) memcpy(list, w->list, w->count * sizeof *list);
        basin_free(w->list);
        w->list = list;
    }
    if (w->text[0] != '\0')
        merge(w, file, group);
    else
        free(w->text), w->text = NULL;
done:
    return status;
}

static void clear(warnings *w)
{
    if (w->out != NULL) fclose(w->out);
    free(w->text);
    for (size_t i = 0; i < w->count; i++) free(w->list[i].text);
    basin_free(w->list);
}

/* ----------------------------------------------------------------------------------- what is warned of -- */

static const basin_stationarity *stationarity_of(const basin_result *result)
{
    switch (result->kind) {
    case BASIN_RESULT_SPECTRUM: return &((const basin_spectrum *)result->value)->stationarity;
    case BASIN_RESULT_SANE: return &((const basin_sane *)result->value)->stationarity;
    case BASIN_RESULT_SLICE: return &((const basin_slice *)result->value)->stationarity;
    case BASIN_RESULT_SHARPNESS: return &((const basin_sharpness *)result->value)->stationarity;
    default: return NULL;
    }
}

static bool leads_down(const basin_stationarity *s)
{
    return s != NULL && (s->verdict == BASIN_DESCENT_FOUND || s->verdict == BASIN_DESCENT_NEGATIVE);
}

static void warn_of_point(const basin_result *result, FILE *out)
{
    const basin_stationarity *s = stationarity_of(result);

    if (!leads_down(s)) return;
    fputs("the way down: ", out);
    cli_report_descent(s, out);
}

static void warn_of_weights(const basin_result *result, FILE *out)
{
    switch (result->provenance != NULL ? result->provenance->weights : -1) {
    case BASIN_WEIGHTS_UNDONE:
        fputs("weights were stored perturbed: measured at those without the perturbation", out);
        break;
    case BASIN_WEIGHTS_AS_STORED:
        fputs("measured at the weights as stored, which may be perturbed (--as-stored)", out);
        break;
    case BASIN_WEIGHTS_MIXED:
        fputs("of some checkpoints a perturbation was undone, of others not: each row says its own", out);
        break;
    default: break;
    }
}

static void warn_of_time(const basin_result *result, FILE *out)
{
    const basin_provenance *p = result->provenance;

    if (p != NULL && p->ended_by_time != NULL)
        fprintf(out, "--time %s ended it before it was done: its intervals are wider than they need be",
                p->ended_by_time);
}

static void warn_of_spectrum(const basin_result *result, FILE *out)
{
    const basin_spectrum *s = result->kind == BASIN_RESULT_SPECTRUM ? result->value : NULL;

    if (s == NULL || s->method == BASIN_SPECTRUM_DENSE) return;
    if (s->method == BASIN_SPECTRUM_LANCZOS)
        fprintf(out, "%zu of %zu eigenvalues are known (%zu largest, %zu least)", s->count, s->parameters,
                s->top, s->bottom);
    if (s->method == BASIN_SPECTRUM_LANCZOS && !s->converged) fputs(", not all to the tolerance", out);
    if (s->method == BASIN_SPECTRUM_LANCZOS && !s->verified)
        fputs(s->no_proof ? "; that none is missing among them was not proven, as asked for"
                          : "; that none is missing among them could not be proven",
              out);
    if (s->method == BASIN_SPECTRUM_SLQ)
        fputs("the spread of the eigenvalues is estimated from random vectors: read it with its band", out);
}

static void warn_of_sane(const basin_result *result, FILE *out)
{
    const basin_sane *s = result->kind == BASIN_RESULT_SANE ? result->value : NULL;

    if (s != NULL && cli_is_open(s->lower, s->upper))
        fprintf(out, "SANE is of %zu of %zu eigenvalues: its value is no more than a lower bound",
                s->eigenvalues, s->parameters);
}

static void warn_of_rows(const basin_result *result, FILE *out)
{
    const basin_row *rows;
    size_t           count, down = 0, negative = 0;

    cli_page_rows(result, &rows, &count);
    for (size_t i = 0; i < count; i++) {
        down += rows[i].stationarity.verdict == BASIN_DESCENT_FOUND;
        negative += rows[i].stationarity.verdict == BASIN_DESCENT_NEGATIVE;
    }
    if (down + negative == 0) return;
    fprintf(out, "of %zu points measured %zu are not stationary by the quadratic model", count, down);
    if (negative > 0) fprintf(out, " and %zu have a direction without positive curvature", negative);
    fputs(": no minima", out);
}

static void warn_of_missing(const basin_result *result, FILE *out)
{
    const basin_row *rows;
    size_t           count, missing = 0, first = 0;

    cli_page_rows(result, &rows, &count);
    for (size_t i = count; i-- > 0;)
        if (rows[i].missing != NULL) missing++, first = i;
    if (missing > 0)
        fprintf(out, "%zu of %zu points could not be measured; %s/%s: %s", missing, count, rows[first].run,
                rows[first].checkpoint, rows[first].missing);
}

static void warn_of_losses(const basin_result *result, FILE *out)
{
    const basin_comparison *c = result->kind == BASIN_RESULT_COMPARISON ? result->value : NULL;

    if (c != NULL && c->losses_note != NULL &&
        (c->losses_unequal || strstr(c->losses_note, "not shown") != NULL))
        fprintf(out, "training losses: %s", c->losses_note);
}

static void (*const kinds[])(const basin_result *result, FILE *out) = {
    warn_of_losses, warn_of_rows,    warn_of_missing,  warn_of_time,
    warn_of_point,  warn_of_weights, warn_of_spectrum, warn_of_sane,
};

/* --------------------------------------------------------------------------------------- the whole -- */

static int collect(const cli_page *page, warnings *w)
{
    int status = CLI_OK;

    for (size_t i = 0; i < page->missing_count; i++) {
        CLI_TRY(begin(w));
        fputs(page->missing[i], w->out);
        CLI_TRY(end(w, NULL, 0));
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t g = 0; g < page->group_count; g++)
            for (size_t i = page->first[g]; i < page->first[g + 1]; i++) {
                CLI_TRY(begin(w));
                kinds[k](page->results[i], w->out);
                CLI_TRY(end(w, page->sides != NULL ? page->files[i] : cli_page_file(page->files[i]), g));
            }
done:
    return status;
}

/* «spectrum_gd_0.h5 and 3 others: …» */
static int put_warning(const warning *one, basin_document *out)
{
    int    status = CLI_OK;
    char  *text = NULL, anchor[CLI_ANCHOR];
    size_t size = one->file == NULL ? 1 : strlen(one->file) + strlen(one->text) + 40;

    if (one->file == NULL) {
        basin_document_item(out, one->text, NULL);
        return CLI_OK;
    }
    CLI_ALLOC(text, size);
    if (one->others == 0)
        snprintf(text, size, "%s: %s", one->file, one->text);
    else
        snprintf(text, size, "%s and %zu other%s: %s", one->file, one->others, one->others == 1 ? "" : "s",
                 one->text);
    basin_document_item(out, text, cli_page_anchor(one->group, anchor));
done:
    basin_free(text);
    return status;
}

int cli_page_warnings(const cli_page *page, basin_document *out)
{
    int      status = CLI_OK;
    warnings w = {0};

    CLI_TRY(collect(page, &w));
    if (w.count > 0) basin_document_heading(out, 2, "warnings", "Warnings");
    for (size_t i = 0; i < w.count; i++) CLI_TRY(put_warning(&w.list[i], out));
done:
    clear(&w);
    return status;
}
