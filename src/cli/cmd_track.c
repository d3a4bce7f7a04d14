/* basin track: the measures at every checkpoint of runs. */
#include <math.h>
#include <string.h>

#include "cli/crossing.h"
#include "cli/report.h"
#include "cli/row_jobs.h"
#include "cli/track.h"
#include "cli/track_more.h"

static const cli_option options[] = {
    CLI_ROWS_OPTIONS,
    {"every", CLI_WHOLE, "N", "every N-th checkpoint of a run, and its last (default: 1)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* The checkpoints of one run that are measured, in their order; its last one first where the others are held
   against it. */
static int add_steps(const basin_run *run, size_t number, size_t every, cli_row_jobs *jobs)
{
    int          status = CLI_OK;
    const size_t count = jobs->turning ? run->count - 1 : run->count;

    if (jobs->turning) {
        CLI_TRY(cli_row_jobs_add(jobs, number, run->entries[run->count - 1].path, false));
        jobs->jobs[jobs->count - 1].last = true;
    }
    for (size_t i = 0; i < count; i++)
        if (i % every == 0 || i + 1 == run->count)
            CLI_TRY(cli_row_jobs_add(jobs, number, run->entries[i].path, false));
done:
    return status;
}

/* What stands beside the rows of a track. */
typedef struct beside {
    size_t       turn_count, layer_count;
    basin_turn  *turns;
    basin_layer *layers;
} beside;

static void beside_clear(beside *b)
{
    for (size_t i = 0; i < b->layer_count; i++) basin_free(b->layers[i].name);
    basin_free(b->layers);
    basin_free(b->turns);
    *b = (beside){0};
}

/* Room for what all jobs have found. */
static int beside_start(const cli_row_jobs *jobs, beside *b)
{
    int    status = CLI_OK;
    size_t turns = 0, layers = 0;

    for (size_t i = 0; i < jobs->count; i++)
        turns += jobs->jobs[i].turn_count, layers += jobs->jobs[i].layers.count;
    CLI_ALLOC(b->turns, turns);
    CLI_ALLOC(b->layers, layers);
done:
    return status;
}

/* The rows of a job, and what is beside the first of them. */
static int join_job(cli_row_job *job, cli_rows *rows, beside *b)
{
    int          status = CLI_OK;
    const size_t row = rows->count;

    CLI_TRY(cli_rows_join(rows, &job->found));
    for (size_t i = 0; i < job->turn_count; i++)
        b->turns[b->turn_count] = job->turns[i], b->turns[b->turn_count++].row = row;
    for (size_t i = 0; i < job->layers.count; i++) {
        b->layers[b->layer_count] = job->layers.layers[i], b->layers[b->layer_count++].row = row;
        job->layers.layers[i].name = NULL; /* it is the track's */
    }
done:
    return status;
}

/* The jobs of one run from *job on, in the order of its checkpoints. */
static int join_run(cli_row_jobs *jobs, size_t *job, cli_rows *rows, beside *b)
{
    int          status = CLI_OK;
    const size_t first = *job, run = jobs->jobs[first].run;

    if (jobs->jobs[first].last) ++*job;
    for (; *job < jobs->count && jobs->jobs[*job].run == run; ++*job)
        CLI_TRY(join_job(&jobs->jobs[*job], rows, b));
    if (jobs->jobs[first].last) CLI_TRY(join_job(&jobs->jobs[first], rows, b));
done:
    return status;
}

/* Of all checkpoints, in their order. */
static int track_steps(const cli_arguments *a, basin_run *const *runs, size_t every, cli_rows *rows,
                       beside *b)
{
    int          status = CLI_OK;
    cli_row_jobs jobs = {.turning = rows->request & BASIN_NEEDS_SUBSPACE};
    size_t       job = 0;

    for (size_t run = 0; run < a->operand_count; run++) CLI_TRY(add_steps(runs[run], run, every, &jobs));
    CLI_TRY(cli_row_jobs_run(a, rows, runs, &jobs));
    CLI_TRY(beside_start(&jobs, b));
    while (job < jobs.count) CLI_TRY(join_run(&jobs, &job, rows, b));
done:
    cli_row_jobs_clear(&jobs);
    return status;
}

/* The checkpoints that bracket the loss: before and at it, or the one at it alone. */
static int choose_crossings(const cli_records *records, cli_row_jobs *jobs)
{
    int status = CLI_OK;

    for (size_t run = 0; run < records->run_count; run++) {
        const size_t at = cli_records_find(records, run, BASIN_CHOICE_AT),
                     before = cli_records_find(records, run, BASIN_CHOICE_BEFORE);
        if (at == SIZE_MAX) continue;
        if (before != SIZE_MAX) CLI_TRY(cli_row_jobs_add(jobs, run, records->paths[before], false));
        CLI_TRY(cli_row_jobs_add(jobs, run, records->paths[at], false));
    }
done:
    return status;
}

/* One row for each kind of point: at the training loss asked for. *job: the first of this run, then of the
   next. *outside counts those that no two checkpoints bracket. */
static int join_crossing(const cli_arguments *a, const cli_records *records, size_t run, double loss,
                         cli_row_jobs *jobs, size_t *job, cli_rows *rows, size_t *outside)
{
    int          status = CLI_OK;
    const size_t first = rows->count;
    size_t       middle = first;

    if (*job == jobs->count || jobs->jobs[*job].run != run)
        return cli_crossing_add_missing(rows, a->operands[run], records, run, loss);
    for (; *job < jobs->count && jobs->jobs[*job].run == run; ++*job) {
        middle = rows->count;
        CLI_TRY(cli_rows_join(rows, &jobs->jobs[*job].found));
    }
    CLI_TRY(cli_crossing_interpolate(rows, first, middle, loss, outside));
done:
    return status;
}

static int track_at_loss(const cli_arguments *a, basin_run *const *runs, size_t every, cli_rows *rows)
{
    int          status = CLI_OK;
    cli_records  records = {0};
    cli_row_jobs jobs = {0};
    double       loss = cli_real(a, "at-loss", NAN);
    size_t       outside = 0, job = 0;
    char         text[240];

    CLI_TRY(cli_records_read(a, a->operands, runs, a->operand_count, &records));
    CLI_TRY(cli_crossings_find(a, rows, &records, every, loss));
    CLI_TRY(choose_crossings(&records, &jobs));
    CLI_TRY(cli_row_jobs_run(a, rows, runs, &jobs));
    for (size_t run = 0; run < a->operand_count; run++)
        CLI_TRY(join_crossing(a, &records, run, loss, &jobs, &job, rows, &outside));
    if (outside > 0) {
        snprintf(text, sizeof text,
                 "training loss %g: %zu row%s between no two checkpoints and stand%s as measured at the "
                 "first at or below it",
                 loss, outside, outside == 1 ? " lies" : "s lie", outside == 1 ? "s" : "");
        CLI_TRY(cli_rows_note(rows, text));
    }
done:
    cli_row_jobs_clear(&jobs);
    cli_records_clear(&records);
    return status;
}

static int measure_runs(const cli_arguments *a, basin_run *const *runs, size_t every, cli_rows *rows,
                        beside *b)
{
    return cli_has(a, "at-loss") ? track_at_loss(a, runs, every, rows) : track_steps(a, runs, every, rows, b);
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int          status = CLI_OK;
    cli_rows     rows = {0};
    basin_run  **runs = NULL;
    char        *remark = NULL;
    basin_track *track = NULL;
    beside       b = {0};
    size_t       every;

    CLI_TRY(cli_size(a, "every", 1, &every));
    CLI_CHECK(every > 0, "--every must be at least 1");
    CLI_TRY(cli_rows_start(a, &rows));
    CLI_ALLOC(runs, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) CLI_TRY(cli_rows_open(a, &rows, a->operands[i], &runs[i]));
    CLI_TRY(measure_runs(a, runs, every, &rows, &b));
    CLI_LIBRARY(basin_rows_unlike(rows.rows, rows.count, &remark));
    if (remark != NULL) CLI_TRY(cli_rows_note(&rows, remark));
    CLI_TRY(cli_rows_finish(&rows));
    CLI_ALLOC(track, 1);
    *track = (basin_track){.row_count = rows.count,
                           .rows = rows.rows,
                           .missing = rows.missing,
                           .turn_count = b.turn_count,
                           .turns = b.turns,
                           .layer_count = b.layer_count,
                           .layers = b.layers,
                           .note = rows.note};
    rows.rows = NULL, rows.count = 0, rows.note = NULL, b = (beside){0};
    if (!cli_has(a, "at-loss")) CLI_TRY(cli_track_find_phases(track)); /* rows at a loss are no series */
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_TRACK, track, rows.provenance));
    track = NULL, rows.provenance = NULL;
done:
    for (size_t i = 0; runs != NULL && i < a->operand_count; i++) basin_run_destroy(&runs[i]);
    basin_free(runs);
    basin_free(remark);
    basin_track_destroy(&track);
    beside_clear(&b);
    cli_rows_clear(&rows);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

/* A sum over a part of the spectrum is a lower end; of an eigenvalue its residual stands beside it. */
static void measure_cell(cli_table *table, const basin_row *row, size_t number)
{
    const basin_column *column = &basin_columns[number];
    const basin_value  *v = &row->measures[number];

    if (column->digits == 0)
        cli_table_cell(table, "%s", cli_percent(v->value));
    else if (isfinite(v->value) && basin_column_partial(row, column))
        cli_table_cell(table, "≥ %s", cli_number(v->lower, column->digits));
    else if (v->interval == BASIN_INTERVAL_RESIDUAL)
        cli_table_cell(table, "%.*g ± %.0e", column->digits, v->value, (v->upper - v->lower) / 2);
    else
        cli_table_number(table, v->value, column->digits);
}

/* Of the loss, in % with two digits; above 100 % the model that gives it holds no longer. */
static void share_cell(cli_table *table, double share)
{
    if (isnan(share))
        cli_table_cell(table, "-");
    else if (share > 1)
        cli_table_cell(table, "> 100 %%");
    else
        cli_table_cell(table, "%.2g %%", 100 * share);
}

/* What was found of a way down: the decrement, in % of the loss. */
static void descent_cell(cli_table *table, const basin_stationarity *s)
{
    switch (s->verdict) {
    case BASIN_DESCENT_NEGATIVE: cli_table_cell(table, "curv. %.2g", s->ritz_least); break;
    case BASIN_DESCENT_AT_ROUNDING: cli_table_cell(table, "< rounding"); break;
    case BASIN_DESCENT_NOT_TESTED: cli_table_cell(table, "-"); break;
    default: share_cell(table, s->decrement);
    }
}

static void step_cell(cli_table *table, const basin_row *m)
{
    if (m->point != BASIN_POINT_RAW)
        cli_table_cell(table, "%s", basin_point_text((basin_point_kind)m->point));
    else if (m->step < 0)
        cli_table_cell(table, "%s", cli_place(m->step, m->epoch, m->checkpoint, (char[CLI_PLACE]){0}));
    else
        cli_table_integer(table, m->step);
}

static void print_row(cli_table *table, const basin_row *m, size_t columns)
{
    step_cell(table, m);
    if (m->missing != NULL) {
        cli_table_cell(table, "missing");
        for (size_t i = 2; i < columns; i++) cli_table_cell(table, "%s", "");
        return;
    }
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if (basin_columns[i].title != NULL) measure_cell(table, m, i);
    descent_cell(table, &m->stationarity);
    share_cell(table, m->stationarity.fall_per_step);
}

/* Dimension of the Krylov spaces that were searched for a way down; a few may have been exhausted sooner. */
static size_t products_of(const basin_row *rows, size_t count)
{
    size_t products = 0;

    for (size_t i = 0; i < count; i++)
        if (rows[i].stationarity.products > products) products = rows[i].stationarity.products;
    return products;
}

/* The first row that knows its method, measured ones first: one unreadable checkpoint must not blank the
   header. */
static const basin_row *header_row(const basin_row *rows, size_t count)
{
    for (int missing = 0; missing < 2; missing++)
        for (size_t i = 0; i < count; i++)
            if (rows[i].method != NULL && (missing || rows[i].missing == NULL)) return &rows[i];
    return rows;
}

static void print_header(const basin_row *rows, size_t count, FILE *out)
{
    const basin_row *row = header_row(rows, count);

    fprintf(out, "%s: %s, learning rate %s", cli_plain(rows->run),
            row->method != NULL ? row->method : "method not recorded", cli_number(row->learning_rate, 4));
    if (row->seed >= 0) fprintf(out, ", seed %lld", (long long)row->seed);
    if (row->rho > 0) fprintf(out, ", rho %g", row->rho);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].samples == 0 || rows[i].part > 0) continue;
        fprintf(out, ", N = %s", cli_samples(rows[i].samples, rows[i].split_samples));
        if (rows[i].test_samples > 0) fprintf(out, ", test N = %s", cli_thousands(rows[i].test_samples));
        break;
    }
    if (!isnan(row->at_loss)) fprintf(out, ", between checkpoints, at training loss %g", row->at_loss);
    fputc('\n', out);
}

static const basin_row *find_part(const basin_row *rows, size_t count, const basin_row *whole, size_t part)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].part == part && rows[i].point == whole->point &&
            strcmp(rows[i].checkpoint, whole->checkpoint) == 0 && rows[i].missing == NULL)
            return &rows[i];
    return NULL;
}

static void print_sampling(const basin_row *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        const basin_row *one = find_part(rows, count, &rows[i], 1),
                        *two = find_part(rows, count, &rows[i], 2);
        if (rows[i].part != 0 || rows[i].missing != NULL || one == NULL || two == NULL) continue;
        const double first = one->lambda_max.value, second = two->lambda_max.value;
        fprintf(out,
                "  %s%s%s: lambda max %.4g ± %.2g over the choice of %s samples; %.4g and %.4g on halves of "
                "these, mean %.4g\n",
                cli_place(rows[i].step, rows[i].epoch, rows[i].checkpoint, (char[CLI_PLACE]){0}),
                rows[i].point != BASIN_POINT_RAW ? ", " : "",
                rows[i].point != BASIN_POINT_RAW ? basin_point_text((basin_point_kind)rows[i].point) : "",
                rows[i].lambda_max.value, basin_sampling_error(&rows[i], first, second),
                cli_samples(rows[i].samples, rows[i].split_samples), first, second, (first + second) / 2);
    }
}

static void print_polish(const basin_row *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].point == BASIN_POINT_POLISHED && rows[i].part == 0 && rows[i].missing == NULL)
            fprintf(out, "  %s, polished%s by %s\n",
                    cli_place(rows[i].step, rows[i].epoch, rows[i].checkpoint, (char[CLI_PLACE]){0}),
                    isnan(rows[i].at_loss) ? "" : ": the later checkpoint", cli_polish_text(&rows[i].polish));
}

/* Scaling the outputs up lowers a cross-entropy for ever once every sample is classified right. */
static bool is_beyond_all_minima(const basin_row *rows, size_t count, const basin_provenance *p)
{
    const basin_row *last = NULL, *before = NULL;

    if (p == NULL || p->loss_kind != BASIN_LOSS_SOFTMAX_CROSS_ENTROPY || p->label_smoothing > 0 ||
        !(p->weight_decay_included == 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].point != BASIN_POINT_RAW || rows[i].part > 0 || rows[i].missing != NULL) continue;
        before = last, last = &rows[i];
    }
    return before != NULL && last->train_accuracy.value >= 1 && !(last->weight_decay > 0) &&
           last->theta_norm.value > before->theta_norm.value;
}

static void print_run(const basin_row *rows, size_t count, const basin_provenance *p, FILE *out)
{
    /* the step, the way down and the fall per step beside the measures */
    char   alignment[BASIN_MEASURES + 4] = "rrr";
    size_t columns = 3;

    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if (basin_columns[i].title != NULL) alignment[columns++] = 'r';
    cli_table *table = cli_table_create(alignment);
    print_header(rows, count, out);
    cli_table_cell(table, "step");
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if (basin_columns[i].title != NULL) cli_table_cell(table, "%s", basin_columns[i].title);
    cli_table_cell(table, "way down, %zu pr.", products_of(rows, count));
    cli_table_cell(table, "fall/step");
    for (size_t i = 0; i < count; i++)
        if (rows[i].part == 0) print_row(table, &rows[i], columns);
    cli_table_print(table, 2, out);
    print_polish(rows, count, out);
    print_sampling(rows, count, out);
    if (is_beyond_all_minima(rows, count, p))
        fputs("  all training samples are classified right and |theta| grows: cross-entropy has no minimum "
              "here, only a limit\n",
              out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_track *track = result->value;

    cli_report_statistics(result->provenance, true, out);
    for (size_t i = 0, n; i < track->row_count; i += n) {
        n = cli_track_run_length(track->rows + i, track->row_count - i);
        print_run(&track->rows[i], n, result->provenance, out);
        cli_track_print_more(track, i, n, out);
    }
    if (track->note != NULL) fprintf(out, "  note: %s\n", track->note);
    cli_rows_print_missing(track->rows, track->row_count, out);
}

const cli_command cli_command_track = {
    .name = "track",
    .usage = "track RUN… [--every N] [--polish K] [--at-loss L]",
    .about = "Losses, lambda_max, SANE, N_eff, what was found of a way down and more at every checkpoint of "
             "each run (a folder of\n"
             "checkpoints, in the order of the step recorded inside). SAM and MSAM bounce, so a row on the "
             "floor of the valley below\n"
             "stands under each of theirs. Ceiling: of stability of the run's own method, which for SAM and "
             "MSAM follows lambda_max;\n"
             "plain: the same without the perturbation. Diverged checkpoints are marked missing, listed at "
             "the end, and the work\n"
             "goes on. On a subset of the samples each row is also measured on two halves of it: the error "
             "of that choice.",
    .examples = "  basin track runs/gd_0 runs/sam_0 runs/msam_0 -o track.h5 --plot track.pdf\n"
                "  basin track runs/gd_0 --every 5 --method lanczos --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_STATE | CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_TRACK,
    .compute = compute,
    .print = print,
    .verdict = cli_rows_verdict,
};
