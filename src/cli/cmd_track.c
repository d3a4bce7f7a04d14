/* basin track: the measures at every checkpoint of runs. */
#include <math.h>
#include <string.h>

#include "cli/alike.h"
#include "cli/monitor.h"
#include "cli/report.h"
#include "cli/rows.h"

static const cli_option options[] = {
    CLI_ROWS_OPTIONS,
    {"every", CLI_WHOLE, "N", "every N-th checkpoint of a run, and its last (default: 1)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int track_run(const cli_arguments *a, const char *path, size_t every, cli_rows *rows, cli_kind *kind)
{
    int        status = CLI_OK;
    basin_run *run = NULL;

    CLI_TRY(cli_run_open(path, &run));
    CLI_TRY(cli_kind_read(a, path, run, kind));
    for (size_t i = 0; i < run->count; i++) {
        if (i % every != 0 && i + 1 != run->count) continue;
        cli_monitor_part("checkpoint", i + 1, run->count);
        CLI_TRY(cli_rows_add(a, rows, path, run->entries[i].path));
    }
done:
    basin_run_destroy(&run);
    return status;
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int          status = CLI_OK;
    cli_rows     rows = {0};
    cli_kind    *kinds = NULL;
    char        *remark = NULL;
    basin_track *track = NULL;
    size_t       every;

    CLI_TRY(cli_size(a, "every", 1, &every));
    CLI_CHECK(every > 0, "--every must be at least 1");
    CLI_TRY(cli_rows_start(a, &rows));
    CLI_ALLOC(kinds, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) CLI_TRY(track_run(a, a->operands[i], every, &rows, &kinds[i]));
    CLI_TRY(cli_kinds_remark(kinds, a->operand_count, &remark));
    if (remark != NULL) CLI_TRY(cli_rows_note(&rows, remark));
    CLI_TRY(cli_rows_finish(&rows));
    CLI_ALLOC(track, 1);
    *track = (basin_track){.row_count = rows.count, .rows = rows.rows, .missing = rows.missing, .note = rows.note};
    rows.rows = NULL, rows.count = 0, rows.note = NULL;
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_TRACK, track, rows.provenance));
    track = NULL, rows.provenance = NULL;
done:
    for (size_t i = 0; kinds != NULL && i < a->operand_count; i++) cli_kind_clear(&kinds[i]);
    basin_free(kinds);
    basin_free(remark);
    basin_track_destroy(&track);
    cli_rows_clear(&rows);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- printing -- */

/* SANE and N_eff are sums over the whole spectrum: of a truncated one they are lower ends. */
static bool is_partial(const basin_measures *m)
{
    return isfinite(m->n_eff) && m->spectrum_method != NULL && strcmp(m->spectrum_method, "dense") != 0 &&
           !(m->sane_upper - m->sane_lower <= 0.01 * m->sane_lower);
}

static void print_row(cli_table *table, const basin_measures *m)
{
    cli_table_integer(table, m->step);
    if (m->missing != NULL) {
        cli_table_cell(table, "missing");
        for (int i = 0; i < 10; i++) cli_table_cell(table, "%s", "");
        return;
    }
    cli_table_number(table, m->train_loss, 4);
    cli_table_number(table, m->test_loss, 4);
    cli_table_cell(table, "%s", cli_percent(m->train_accuracy));
    cli_table_cell(table, "%s", cli_percent(m->test_accuracy));
    cli_table_number(table, m->gradient_norm, 3);
    cli_table_cell(table, "%.5g ± %.0e", m->lambda_max, m->lambda_max_residual);
    cli_table_number(table, m->ceiling, 4);
    cli_table_number(table, m->lambda_min, 3);
    cli_table_cell(table, "%s", cli_interval(m->sane, m->sane_lower, m->sane_upper, 4));
    cli_table_cell(table, "%s%s", is_partial(m) ? "≥ " : "", cli_number(m->n_eff, 4));
    cli_table_cell(table, "%s", m->stationary ? "yes" : "no");
}

static void print_run(const basin_measures *rows, size_t count, FILE *out)
{
    cli_table *table = cli_table_create("rrrrrrrrrrrr");

    fprintf(out, "%s: %s, learning rate %s", rows->run, rows->method != NULL ? rows->method : "method not recorded",
            cli_number(rows->learning_rate, 4));
    if (rows->seed >= 0) fprintf(out, ", seed %lld", (long long)rows->seed);
    if (rows->rho > 0) fprintf(out, ", rho %g", rows->rho);
    fputc('\n', out);
    cli_table_titles(table, "step|train loss|test loss|acc.|acc.|grad. norm|lambda max|ceiling|lambda min|SANE|N_eff|stationary");
    for (size_t i = 0; i < count; i++) print_row(table, &rows[i]);
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_track *track = result->value;

    cli_report_statistics(result->provenance, true, out);
    for (size_t i = 0, n; i < track->row_count; i += n) {
        for (n = 1; i + n < track->row_count && strcmp(track->rows[i].run, track->rows[i + n].run) == 0; n++) continue;
        print_run(&track->rows[i], n, out);
    }
    if (track->note != NULL) fprintf(out, "  note: %s\n", track->note);
    cli_rows_print_missing(track->rows, track->row_count, out);
}

const cli_command cli_command_track = {
    .name = "track",
    .usage = "track RUN… [--every N]",
    .about = "Losses, lambda_max with the ceiling of stability of the run's own method, SANE, N_eff and more at every checkpoint of\n"
             "each run (a folder of checkpoints, in the order of the step recorded inside). Diverged checkpoints are marked missing,\n"
             "listed at the end, and the work goes on.",
    .examples = "  basin track runs/gd_0 runs/sam_0 runs/msam_0 -o track.h5 --plot track.pdf\n"
                "  basin track runs/gd_0 --every 5 --method lanczos --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_TRACK,
    .compute = compute,
    .print = print,
};
