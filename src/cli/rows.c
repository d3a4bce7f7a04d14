#include "cli/rows.h"

#include <math.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/provenance.h"
#include "cli/source.h"

int cli_run_open(const char *path, basin_run **out)
{
    int        status = CLI_OK;
    basin_run *run = NULL;

    CLI_LIBRARY(basin_run_open(path, &run));
    CLI_CHECK(run->count > 0, "%s: holds no checkpoint", path);
    *out = run, run = NULL;
done:
    basin_run_destroy(&run);
    return status;
}

int cli_rows_start(const cli_arguments *a, cli_rows *out)
{
    cli_rows rows = {0};
    int      status = cli_provenance_create(a, &rows.provenance);

    if (status == CLI_OK) *out = rows;
    return status;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int make_room(cli_rows *r)
{
    int             status = CLI_OK;
    basin_measures *rows = NULL;
    size_t          room = r->room == 0 ? 16 : 2 * r->room;

    if (r->count < r->room) return CLI_OK;
    CLI_ALLOC(rows, room);
    if (r->count > 0) memcpy(rows, r->rows, r->count * sizeof *rows);
    basin_free(r->rows);
    r->rows = rows, r->room = room;
done:
    return status;
}

/* Every number that is not measured is NAN. */
static void clear_numbers(basin_measures *m)
{
    *m = (basin_measures){.seed = -1, .step = -1, .gradient_evaluations = -1, .batch_size = -1};
    double *numbers[] = {&m->epoch, &m->seconds, &m->learning_rate, &m->momentum, &m->rho, &m->weight_decay, &m->train_loss, &m->train_accuracy,
                         &m->test_loss, &m->test_accuracy, &m->gap, &m->gradient_norm, &m->decrease, &m->lambda_max, &m->lambda_max_residual,
                         &m->lambda_min, &m->ceiling, &m->sane, &m->sane_lower, &m->sane_upper, &m->n_eff, &m->alpha, &m->trace, &m->negative_mass,
                         &m->sharpness_sam, &m->sharpness_msam, &m->sharpness_rho, &m->momentum_gradient_cosine, &m->theta_norm};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) *numbers[i] = NAN;
}

static int copy_record(const basin_checkpoint *ck, basin_measures *m)
{
    m->method = basin_strdup(ck->method);
    m->seed = ck->hyper.seed, m->step = ck->step, m->gradient_evaluations = ck->gradient_evaluations;
    m->epoch = ck->epoch, m->seconds = ck->seconds, m->parameters = ck->params->size;
    m->learning_rate = ck->hyper.learning_rate, m->momentum = ck->hyper.momentum, m->rho = ck->hyper.rho, m->weight_decay = ck->hyper.weight_decay;
    m->batch_size = ck->hyper.batch_size;
    return m->method != NULL || ck->method == NULL ? CLI_OK : cli_fail("out of memory for a row");
}

/* What is known of a checkpoint that could not be measured, and why. */
static int fill_missing(const char *path, basin_measures *m)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    const char       *reason = cli_message();
    size_t            length = strlen(path);

    if (strncmp(reason, path, length) == 0 && strncmp(reason + length, ": ", 2) == 0) reason += length + 2;
    clear_numbers(m);
    CLI_CHECK((m->missing = basin_strdup(reason)) != NULL, "out of memory for a row");
    if (basin_checkpoint_read(path, &ck) == BASIN_OK) CLI_TRY(copy_record(ck, m));
done:
    basin_checkpoint_destroy(&ck);
    return status;
}

/* Opens one checkpoint and adds to the provenance what it read. */
static int open_source(const cli_arguments *a, cli_rows *r, const char *path, cli_source *out)
{
    int        status = CLI_OK;
    cli_source s = {0};

    CLI_TRY(cli_source_open(a, path, true, true, &s));
    for (size_t i = 0; i < s.provenance->input_count; i++) {
        const basin_input *input = &s.provenance->inputs[i];
        CLI_TRY(cli_provenance_input(r->provenance, input->role, input->path, input->digest));
    }
    CLI_TRY(cli_provenance_loss(r->provenance, s.provenance->loss));
    CLI_TRY(cli_provenance_bn(r->provenance, s.provenance->bn));
    r->provenance->weight_decay_included = s.provenance->weight_decay_included;
    r->stray += cli_source_stray_statistics(&s);
    r->undone = r->undone || strcmp(s.point, "undone") == 0;
    r->as_stored = r->as_stored || strcmp(s.point, "as_stored") == 0;
    *out = s, s = (cli_source){0};
done:
    cli_source_close(&s);
    return status;
}

static int measure(const cli_arguments *a, const cli_source *s, basin_measures *out)
{
    int                    status = CLI_OK;
    basin_measures_options o = {.rho = cli_real(a, "rho", 0)};

    CLI_TRY(cli_spectral_options(a, &o.spectrum));
    CLI_TRY(cli_sane_options(a, NAN, &o.sane));
    CLI_LIBRARY(basin_measures_compute(s->objectives[0], s->count > 1 ? s->objectives[1] : NULL, s->ck, &o, out));
done:
    return status;
}

static int measure_start(const cli_arguments *a, const cli_source *s, basin_measures *out)
{
    int        status = CLI_OK;
    basin_loss loss;

    (void)a;
    clear_numbers(out);
    CLI_TRY(copy_record(s->ck, out));
    CLI_LIBRARY(basin_objective_loss(s->objectives[0], NULL, s->ck->theta, &loss));
    out->samples = basin_objective_samples(s->objectives[0]);
    out->train_loss = basin_loss_value(&loss), out->train_accuracy = basin_loss_accuracy(&loss);
    out->theta_norm = cli_norm(s->ck->theta, s->ck->params->size);
done:
    return status;
}

static int add(const cli_arguments *a, cli_rows *r, const char *run, const char *path,
               int (*fill)(const cli_arguments *a, const cli_source *s, basin_measures *out))
{
    int            status = CLI_OK;
    cli_source     s = {0};
    basin_measures row = {0};

    CLI_TRY(make_room(r));
    CLI_TRY(cli_monitor_check());
    status = open_source(a, r, path, &s);
    if (status == CLI_OK) status = fill(a, &s, &row);
    if (status == CLI_FAILED) {
        basin_measures_clear(&row);
        CLI_TRY(fill_missing(path, &row));
        r->missing++;
    }
    CLI_TRY(status);
    CLI_CHECK((row.run = basin_strdup(run)) != NULL && (row.checkpoint = basin_strdup(file_name(path))) != NULL, "out of memory for a row");
    r->rows[r->count++] = row;
    row = (basin_measures){0};
done:
    cli_source_close(&s);
    basin_measures_clear(&row);
    return status;
}

int cli_rows_add(const cli_arguments *a, cli_rows *r, const char *run, const char *path)
{
    return add(a, r, run, path, measure);
}

int cli_rows_add_start(const cli_arguments *a, cli_rows *r, const char *run, const char *path)
{
    return add(a, r, run, path, measure_start);
}

int cli_rows_note(cli_rows *r, const char *text)
{
    int    status = CLI_OK;
    size_t before = r->note != NULL ? strlen(r->note) : 0, length = before + strlen(text) + 3;
    char  *joined = NULL;

    CLI_ALLOC(joined, length);
    snprintf(joined, length, "%s%s%s", before > 0 ? r->note : "", before > 0 ? "; " : "", text);
    basin_free(r->note);
    r->note = joined;
    cli_warn("%s", text);
done:
    return status;
}

/* One line for all of them. */
static int note_statistics(cli_rows *r)
{
    char text[256];

    if (r->stray == 0) return CLI_OK;
    snprintf(text, sizeof text,
             "the BatchNorm statistics of %zu checkpoint%s were gathered at the perturbed weights and belong to those; --bn reestimate takes them at "
             "the weights measured",
             r->stray, r->stray == 1 ? "" : "s");
    return cli_rows_note(r, text);
}

int cli_rows_finish(cli_rows *r)
{
    int status = note_statistics(r);

    if (status != CLI_OK) return status;
    if (r->missing == r->count) return cli_fail("no checkpoint could be measured; the first: %s/%s: %s", r->rows[0].run, r->rows[0].checkpoint, r->rows[0].missing);
    return cli_provenance_point(r->provenance, r->undone ? "undone" : r->as_stored ? "as_stored" : "unperturbed");
}

void cli_rows_clear(cli_rows *r)
{
    for (size_t i = 0; i < r->count; i++) basin_measures_clear(&r->rows[i]);
    basin_free(r->rows);
    basin_free(r->note);
    basin_provenance_destroy(&r->provenance);
    *r = (cli_rows){0};
}

void cli_rows_print_missing(const basin_measures *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].missing != NULL) fprintf(out, "  missing: %s/%s: %s\n", rows[i].run, rows[i].checkpoint, rows[i].missing);
}
