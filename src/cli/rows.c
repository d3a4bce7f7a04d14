#include "cli/rows.h"

#include <math.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/provenance.h"

enum { POLISH = 20 };

/* A file of rows that cannot be read fails at once, not once a checkpoint. */
static int check_subset(const cli_arguments *a)
{
    cli_subset subset = {0};
    int        status = cli_subset_read(a, &subset);

    cli_subset_clear(&subset);
    return status;
}

int cli_rows_start(const cli_arguments *a, cli_rows *out)
{
    int      status = CLI_OK;
    cli_rows rows = {.polish_none = cli_has(a, "no-polish"),
                     .polish_all = cli_has(a, "polish"),
                     .other_data = cli_has(a, "data")};

    CLI_TRY(cli_point_read(a, &rows.point));
    CLI_TRY(cli_gauge_requests(a, &rows.request));
    CLI_WANT(!rows.polish_none || (!rows.polish_all && isnan(rows.point.step)),
             "%s: --no-polish beside --polish", a->command->name);
    CLI_CHECK(!cli_has(a, "at-loss") ||
                  (cli_real(a, "at-loss", 0) > 0 && isfinite(cli_real(a, "at-loss", 0))),
              "--at-loss must be positive and finite, got %g", cli_real(a, "at-loss", 0));
    CLI_TRY(check_subset(a));
    CLI_TRY(cli_provenance_create(a, &rows.provenance));
    *out = rows;
done:
    return status;
}

int cli_rows_like(const cli_arguments *a, const cli_rows *asked, cli_rows *out)
{
    int      status = CLI_OK;
    cli_rows rows = {.point = asked->point,
                     .polish_none = asked->polish_none,
                     .polish_all = asked->polish_all,
                     .test_parts = asked->test_parts,
                     .request = asked->request,
                     .other_data = asked->other_data};

    CLI_TRY(cli_provenance_create(a, &rows.provenance));
    *out = rows;
done:
    return status;
}

const char *cli_place(int64_t step, double epoch, const char *path, char text[CLI_PLACE])
{
    if (step >= 0)
        snprintf(text, CLI_PLACE, "step %lld", (long long)step);
    else if (!isnan(epoch))
        snprintf(text, CLI_PLACE, "epoch %g", epoch);
    else
        snprintf(text, CLI_PLACE, "%s", path);
    return text;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

int cli_rows_open(const cli_arguments *a, cli_rows *r, const char *path, basin_run **out)
{
    int        status = CLI_OK;
    basin_run *run = NULL;
    char      *doubt = NULL;

    CLI_TRY(cli_run_open(a, path, &run, &doubt));
    if (doubt != NULL) CLI_TRY(cli_rows_note(r, doubt));
    *out = run, run = NULL;
done:
    basin_free(doubt);
    basin_run_destroy(&run);
    return status;
}

/* -------------------------------------------------------------------------------------------- the rows -- */

typedef struct spot { /* what one row is of */
    const char  *run, *path;
    int          point; /* basin_point_kind */
    size_t       part;
    basin_polish polish;
    size_t       averaged;
} spot;

static int make_room(cli_rows *r, size_t more)
{
    int             status = CLI_OK;
    basin_row      *rows = NULL;
    cli_test_parts *parts = NULL;
    size_t          room = 2 * r->room > r->count + more ? 2 * r->room : r->count + more;

    if (r->count + more <= r->room) return CLI_OK;
    CLI_ALLOC(rows, room);
    CLI_ALLOC(parts, room);
    if (r->count > 0)
        memcpy(rows, r->rows, r->count * sizeof *rows), memcpy(parts, r->parts, r->count * sizeof *parts);
    basin_free(r->rows);
    basin_free(r->parts);
    r->rows = rows, r->parts = parts, r->room = room;
    rows = NULL, parts = NULL;
done:
    basin_free(rows);
    return status;
}

/* The row is the table's from success on. */
static int push(cli_rows *r, const spot *at, basin_row *row, const cli_test_parts *parts)
{
    int status = CLI_OK;

    CLI_TRY(make_room(r, 1));
    CLI_CHECK((row->run = basin_strdup(at->run)) != NULL &&
                  (row->checkpoint = basin_strdup(file_name(at->path))) != NULL,
              "out of memory for a row");
    row->point = (int)at->point, row->part = at->part, row->polish = at->polish, row->averaged = at->averaged;
    if (row->missing != NULL) r->missing++;
    r->parts[r->count] = parts != NULL ? *parts : (cli_test_parts){0};
    r->rows[r->count++] = *row;
    *row = (basin_row){0};
done:
    return status;
}

/* What is known of a checkpoint that could not be measured, and why. */
static int push_missing(cli_rows *r, const spot *at, const char *reason)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    basin_row         row = {0};
    size_t            length = strlen(at->path);
    char             *missing = NULL;

    if (strncmp(reason, at->path, length) == 0 && strncmp(reason + length, ": ", 2) == 0)
        reason += length + 2;
    /* reading again would replace the message */
    CLI_CHECK((missing = basin_strdup(reason)) != NULL, "out of memory for a row");
    if (basin_checkpoint_read(at->path, &ck) != BASIN_OK) ck = NULL;
    CLI_LIBRARY(basin_row_record(ck, &row));
    if (r->other_data) {
        basin_free(row.data_digest);
        row.data_digest = NULL;
    }
    row.missing = missing, missing = NULL;
    CLI_TRY(push(r, at, &row, NULL));
done:
    basin_free(missing);
    basin_row_clear(&row);
    basin_checkpoint_destroy(&ck);
    return status;
}

int cli_rows_add_missing(cli_rows *r, const char *run, const char *path, const char *reason)
{
    return push_missing(r, &(spot){.run = run, .path = path}, reason);
}

int cli_rows_lend(cli_rows *r, const cli_rows *part)
{
    int status = CLI_OK;

    CLI_TRY(cli_provenance_take_inputs(r->provenance, part->provenance));
    if (part->provenance->loss != NULL)
        CLI_TRY(cli_provenance_take_settings(r->provenance, part->provenance));
    CLI_TRY(make_room(r, part->count));
    memcpy(r->rows + r->count, part->rows, part->count * sizeof *r->rows);
    memcpy(r->parts + r->count, part->parts, part->count * sizeof *r->parts);
    r->count += part->count, r->missing += part->missing;
    r->stray += part->stray, r->half += part->half, r->stale += part->stale;
    r->unpolished += part->unpolished;
    r->averaged += part->averaged, r->not_averaged += part->not_averaged;
done:
    return status;
}

void cli_rows_return(cli_rows *r)
{
    r->count = 0;
    cli_rows_clear(r);
}

int cli_rows_join(cli_rows *r, cli_rows *part)
{
    int status = CLI_OK;

    if (part->doubt != NULL) cli_warn("%s", part->doubt);
    CLI_TRY(cli_rows_lend(r, part));
    part->count = part->missing = 0; /* the rows are the table's */
    if (r->why_not_averaged == NULL)
        r->why_not_averaged = part->why_not_averaged, part->why_not_averaged = NULL;
done:
    return status;
}

/* ------------------------------------------------------------------------------------------- measuring -- */

/* What all rows share; and what is noted once for all. */
static int take_settings(cli_rows *r, const cli_source *s)
{
    int status = CLI_OK;

    CLI_TRY(cli_provenance_take_settings(r->provenance, s->provenance));
    r->stray += cli_source_statistics(s) == CLI_STATISTICS_PERTURBED;
    r->half += cli_source_statistics(s) == CLI_STATISTICS_HALF;
done:
    return status;
}

/* All rows at the point where theta is: the whole and its halves. *measured: was the whole one. */
static int add_point(cli_rows *r, cli_gauge *g, spot at, bool *measured)
{
    int            status = CLI_OK;
    basin_row      row = {0};
    cli_test_parts parts = {0};

    *measured = true;
    for (at.part = 0; at.part < CLI_PARTS && *measured; at.part++) {
        if (at.part > 0 && g->halves[at.part] == NULL) continue;
        CLI_TRY(cli_monitor_check());
        status = cli_gauge_measure(g, at.point, at.part, &row);
        if (status == CLI_OK && r->test_parts && at.part == 0 && at.point == BASIN_POINT_RAW)
            status = cli_gauge_test_parts(g, &parts);
        if (status == CLI_FAILED) {
            *measured = at.part > 0;
            CLI_TRY(push_missing(r, &at, cli_message()));
        } else {
            CLI_TRY(status);
            CLI_TRY(push(r, &at, &row, &parts));
        }
        basin_row_clear(&row);
        parts = (cli_test_parts){0};
    }
done:
    basin_row_clear(&row);
    return status;
}

/* Before the first step nothing has been perturbed. */
static bool is_polished(const cli_rows *r, const basin_checkpoint *ck)
{
    bool wanted =
        r->point.polish > 0 || ((r->polish_all || basin_hovers(ck->method, ck->hyper.rho)) && ck->step != 0);

    return wanted && !r->polish_none;
}

static size_t polish_steps(const cli_rows *r)
{
    return r->point.polish > 0 ? r->point.polish : POLISH;
}

static int add_polished(cli_rows *r, cli_gauge *g, spot at)
{
    int    status = CLI_OK;
    char   text[CLI_DOUBT];
    size_t steps = polish_steps(r);
    bool   measured;

    if (!is_polished(r, g->source.ck)) return CLI_OK;
    if (isnan(cli_polish_step(&r->point, g->source.ck))) {
        r->unpolished++;
        return CLI_OK;
    }
    at.point = BASIN_POINT_POLISHED;
    status = cli_polish(&r->point, steps, &g->source, &at.polish);
    if (status == CLI_FAILED) {
        CLI_TRY(push_missing(r, &at, cli_message()));
    } else {
        CLI_TRY(status);
        if (cli_polish_doubt(at.path, steps, &at.polish, text))
            CLI_CHECK((r->doubt = basin_strdup(text)) != NULL, "out of memory for a warning");
        CLI_TRY(add_point(r, g, at, &measured));
    }
done:
    return status;
}

static int add_averaged(cli_rows *r, cli_gauge *g, spot at)
{
    int  status = CLI_OK;
    bool measured;

    if (r->point.average == 0) return CLI_OK;
    at.point = BASIN_POINT_AVERAGED, at.averaged = r->point.average;
    status = cli_average(g->a, &r->point, &g->source);
    if (status == CLI_FAILED) {
        if (r->not_averaged++ == 0)
            CLI_CHECK((r->why_not_averaged = basin_strdup(cli_message())) != NULL,
                      "out of memory for a note");
        return CLI_OK;
    }
    CLI_TRY(status);
    CLI_TRY(cli_provenance_take_inputs(r->provenance, g->source.provenance));
    r->averaged++;
    r->stale += cli_average_leaves_statistics(&g->source);
    CLI_TRY(add_point(r, g, at, &measured));
done:
    return status;
}

int cli_rows_add(cli_rows *r, cli_gauge *g, const char *run, const char *path)
{
    int     status = CLI_OK;
    spot    at = {.run = run, .path = path};
    double *theta = g->source.ck->theta, *raw = NULL;
    size_t  size = g->source.ck->params->size;
    bool    measured = false;

    CLI_ALLOC(raw, size);
    memcpy(raw, theta, size * sizeof *raw);
    g->options.start = r->start;
    CLI_TRY(cli_provenance_take_inputs(r->provenance, g->source.provenance));
    CLI_TRY(take_settings(r, &g->source));
    CLI_TRY(add_point(r, g, at, &measured));
    if (measured) {
        CLI_TRY(add_polished(r, g, at));
        memcpy(theta, raw, size * sizeof *raw);
        CLI_TRY(add_averaged(r, g, at));
    }
done:
    basin_free(raw);
    return status;
}

int cli_rows_add_known(cli_rows *r, const cli_gauge *g, basin_row *known, size_t count)
{
    int status = CLI_OK;

    CLI_TRY(cli_provenance_take_inputs(r->provenance, g->source.provenance));
    CLI_TRY(take_settings(r, &g->source));
    CLI_TRY(make_room(r, count));
    for (size_t i = 0; i < count; i++) {
        r->rows[r->count++] = known[i];
        if (known[i].missing != NULL) r->missing++;
        known[i] = (basin_row){0};
    }
    if (is_polished(r, g->source.ck) && isnan(cli_polish_step(&r->point, g->source.ck))) r->unpolished++;
done:
    return status;
}

/* Two halves of a subset are as much as the whole. */
void cli_rows_cost(const cli_rows *r, const cli_gauge *g, basin_job_cost *out)
{
    const bool   polished = is_polished(r, g->source.ck);
    const size_t gradients = polished ? polish_steps(r) : 0;
    size_t       points = 1;

    if (polished) points++;
    if (r->point.average > 0) points++;
    if (g->halves[1] != NULL) points *= 2;
    if (basin_row_cost(g->source.objectives[0], &g->options, points, gradients, out) != BASIN_OK)
        *out = (basin_job_cost){0}; /* why, the row will say */
}

static int measure_start(const cli_source *s, basin_row *out)
{
    int status = CLI_OK;

    CLI_LIBRARY(basin_row_glance(s->objectives[0], s->ck, &s->record.included, out));
    CLI_TRY(cli_source_row(s, out));
done:
    return status;
}

int cli_rows_glance(cli_rows *r, const cli_source *s, const char *run, const char *path)
{
    int       status = CLI_OK;
    basin_row row = {0};
    spot      at = {.run = run, .path = path};

    status = measure_start(s, &row);
    if (status == CLI_FAILED) {
        CLI_TRY(push_missing(r, &at, cli_message()));
        goto done;
    }
    CLI_TRY(status);
    CLI_TRY(cli_provenance_take_inputs(r->provenance, s->provenance));
    CLI_TRY(take_settings(r, s));
    CLI_TRY(push(r, &at, &row, NULL));
done:
    basin_row_clear(&row);
    return status;
}

int cli_rows_look(const cli_arguments *a, cli_rows *r, const char *path, double *out)
{
    int        status = CLI_OK;
    cli_source s = {0};
    basin_loss loss;

    *out = NAN;
    CLI_TRY(cli_monitor_check());
    status = cli_source_open(a, path, true, true, &s);
    if (status == CLI_OK) status = cli_source_loss(&s, &loss);
    if (status == CLI_OK) *out = basin_loss_value(&loss);
    if (status == CLI_OK) CLI_TRY(cli_provenance_take_inputs(r->provenance, s.provenance));
    if (status == CLI_FAILED) status = CLI_OK;
done:
    cli_source_close(&s);
    return status;
}

/* ---------------------------------------------------------------------------------------- handing over -- */

int cli_rows_note(cli_rows *r, const char *text)
{
    int    status = CLI_OK;
    size_t before = r->note != NULL ? strlen(r->note) : 0, length = before + strlen(text) + 3;
    char  *joined = NULL;

    CLI_ALLOC(joined, length);
    snprintf(joined, length, "%s%s%s", before > 0 ? r->note : "", before > 0 ? "; " : "", text);
    basin_free(r->note);
    r->note = joined;
    if (!r->quiet) cli_warn("%s", text);
done:
    return status;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* One line for all checkpoints that it holds of. */
static int note_points(cli_rows *r)
{
    int  status = CLI_OK;
    char text[1500];

    if (r->stray > 0) {
        snprintf(text, sizeof text,
                 "the BatchNorm statistics of %zu checkpoint%s were gathered at the perturbed weights and "
                 "belong to those; --bn reestimate takes them at "
                 "the weights measured",
                 r->stray, plural(r->stray));
        CLI_TRY(cli_rows_note(r, text));
    }
    if (r->half > 0) {
        snprintf(
            text, sizeof text,
            "the BatchNorm statistics of %zu checkpoint%s were gathered in both passes of SAM, half of them "
            "at perturbed weights, unless its loop stopped them there; --bn reestimate takes them at the "
            "weights measured",
            r->half, plural(r->half));
        CLI_TRY(cli_rows_note(r, text));
    }
    if (r->stale > 0) {
        snprintf(text, sizeof text,
                 "the BatchNorm statistics of %zu mean%s of weights are those of the last checkpoint of "
                 "each; --bn reestimate takes them at the mean",
                 r->stale, plural(r->stale));
        CLI_TRY(cli_rows_note(r, text));
    }
    if (r->unpolished > 0) {
        snprintf(
            text, sizeof text,
            "%zu checkpoint%s record%s no learning rate > 0 and %s not polished; --polish-step X gives one",
            r->unpolished, plural(r->unpolished), r->unpolished == 1 ? "s" : "",
            r->unpolished == 1 ? "is" : "are");
        CLI_TRY(cli_rows_note(r, text));
    }
    if (r->not_averaged > 0) {
        snprintf(text, sizeof text,
                 "%zu checkpoint%s could not be averaged with the %zu before; the first: %s", r->not_averaged,
                 plural(r->not_averaged), r->point.average - 1, r->why_not_averaged);
        CLI_TRY(cli_rows_note(r, text));
    }
done:
    return status;
}

/* What all measured rows agree on; -1 where none of them knows. */
static int common_weights(const cli_rows *r)
{
    int common = -1;

    for (size_t i = 0; i < r->count; i++) {
        const basin_row *row = &r->rows[i];
        if (row->missing != NULL || row->weights < 0) continue;
        if (common >= 0 && common != row->weights) return BASIN_WEIGHTS_MIXED;
        common = row->weights;
    }
    return common;
}

int cli_rows_finish(cli_rows *r)
{
    int status = CLI_OK;

    CLI_CHECK(r->missing < r->count, "no checkpoint could be measured; the first: %s/%s: %s", r->rows[0].run,
              r->rows[0].checkpoint, r->rows[0].missing);
    CLI_CHECK(r->not_averaged == 0 || r->averaged > 0, "no checkpoint could be averaged; the first: %s",
              r->why_not_averaged);
    CLI_TRY(note_points(r));
    r->provenance->weights = common_weights(r);
done:
    return status;
}

int cli_rows_test_parts(const cli_rows *r, size_t *count, double **loss, double **accuracy)
{
    int     status = CLI_OK;
    size_t  parts = 0;
    double *losses = NULL, *accuracies = NULL;

    for (size_t i = 0; i < r->count; i++) parts = r->parts[i].count > parts ? r->parts[i].count : parts;
    if (parts > 0) {
        CLI_ALLOC(losses, r->count * parts);
        CLI_ALLOC(accuracies, r->count * parts);
    }
    for (size_t i = 0; i < r->count; i++)
        for (size_t j = 0; j < parts; j++) {
            bool known = r->parts[i].count == parts;
            losses[i * parts + j] = known ? r->parts[i].loss[j] : (double)NAN;
            accuracies[i * parts + j] = known ? r->parts[i].accuracy[j] : (double)NAN;
        }
    *count = parts, *loss = losses, *accuracy = accuracies;
    losses = accuracies = NULL;
done:
    basin_free(losses);
    basin_free(accuracies);
    return status;
}

void cli_rows_clear(cli_rows *r)
{
    for (size_t i = 0; i < r->count; i++) basin_row_clear(&r->rows[i]);
    basin_free(r->rows);
    basin_free(r->parts);
    basin_free(r->note);
    basin_free(r->why_not_averaged);
    basin_free(r->doubt);
    basin_provenance_destroy(&r->provenance);
    *r = (cli_rows){0};
}

void cli_rows_print_missing(const basin_row *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        const basin_row *row = &rows[i];
        if (row->missing == NULL) continue;
        fprintf(out, "  missing: %s/%s", row->run, row->checkpoint);
        if (row->point != BASIN_POINT_RAW)
            fprintf(out, " (%s)", basin_point_text((basin_point_kind)row->point));
        if (row->part > 0) fprintf(out, " (half %zu of the samples)", row->part);
        fprintf(out, ": %s\n", row->missing);
    }
}

int cli_rows_verdict(const basin_result *result)
{
    const char *time = result->provenance->ended_by_time;

    return time == NULL ? CLI_OK : cli_fail("--time %s ended the work before all was measured", time);
}
