#include "cli/forecast.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "cli/monitor.h"
#include "cli/point.h"
#include "cli/report.h"
#include "cli/state.h"
#include "cli/table.h"

bool cli_forecast_wanted(const cli_arguments *a)
{
    return a->command->forecast != NULL && cli_has(a, "dry-run");
}

/* The polish before the work: a gradient where it starts and one for each step, if none is halved. Averaging
   takes no passes. */
static int charge_polish(const cli_arguments *a, basin_forecast *f)
{
    int       status = CLI_OK;
    cli_point point;

    if (!(a->command->common & CLI_COMMON_POINT)) return CLI_OK;
    CLI_TRY(cli_point_read(a, &point));
    for (size_t i = 0; i < f->work_count && point.polish > 0; i++) {
        basin_work *w = &f->works[i];
        if (strcmp(w->name, "gradient") != 0) continue;
        w->count += point.polish + 1, w->most += point.polish + 1;
        f->gradients += point.polish + 1;
        f->seconds += (double)(point.polish + 1) * w->seconds,
            f->seconds_most += (double)(point.polish + 1) * w->seconds;
    }
done:
    return status;
}

/* The first checkpoint is charged with what the process has done before. */
static int forecast_one(const cli_arguments *a, const char *path, cli_batch *batch)
{
    int             status = CLI_OK;
    double          start = basin_seconds();
    cli_source      source = {0};
    basin_forecast *forecast = NULL;

    CLI_TRY(cli_source_open(a, path, a->command->test_too, false, &source));
    start = basin_seconds() - start;
    if (batch->count == 0) start = fmax(start, (double)clock() / CLOCKS_PER_SEC);
    CLI_TRY(cli_name_file(a->command->forecast(a, &source, &forecast), path));
    forecast->start_seconds = start;
    CLI_TRY(charge_polish(a, forecast));
    CLI_TRY(cli_batch_add(batch, BASIN_RESULT_FORECAST, forecast, source.provenance));
    forecast = NULL, source.provenance = NULL;
done:
    basin_forecast_destroy(&forecast);
    cli_source_close(&source);
    return status;
}

int cli_forecast_compute(const cli_arguments *a, cli_batch *out)
{
    int       status = CLI_OK;
    cli_batch batch = {0};
    char     *path = NULL;

    CLI_WANT(cli_text(a, "o", NULL) == NULL && cli_text(a, "plot", NULL) == NULL,
             "%s: --dry-run has no result that -o or --plot could take", a->command->name);
    if (a->command->check != NULL) CLI_TRY(a->command->check(a));
    for (size_t i = 0; i < cli_measured_count(a); i++) {
        cli_monitor_part("checkpoint", i + 1, cli_measured_count(a));
        basin_free(path), path = NULL;
        CLI_TRY(cli_measured(a, i, &path));
        CLI_TRY(forecast_one(a, path, &batch));
    }
    *out = batch, batch = (cli_batch){0};
done:
    cli_monitor_clear();
    basin_free(path);
    cli_batch_clear(&batch);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static const char *bytes_text(size_t bytes)
{
    char  *text = cli_turn();
    double value = (double)bytes;

    if (value < 1e6)
        snprintf(text, CLI_TURN, "%.3g kB", value / 1e3);
    else if (value < 1e9)
        snprintf(text, CLI_TURN, "%.3g MB", value / 1e6);
    else
        snprintf(text, CLI_TURN, "%.3g GB", value / 1e9);
    return text;
}

static const char *seconds_text(double seconds)
{
    char *text = cli_turn();

    if (seconds < 100)
        snprintf(text, CLI_TURN, "%.2g s", seconds);
    else if (seconds < 6000)
        snprintf(text, CLI_TURN, "%.1f min", seconds / 60);
    else
        snprintf(text, CLI_TURN, "%.1f h", seconds / 3600);
    return text;
}

static void print_works(const basin_forecast *f, FILE *out)
{
    cli_table *table = cli_table_create("lrrrrrl");

    cli_table_titles(table, "work|times|at most|GFLOP each|ms each|seconds|");
    for (size_t i = 0; i < f->work_count; i++) {
        const basin_work *w = &f->works[i];
        cli_table_cell(table, "%s", w->name);
        cli_table_cell(table, "%s", cli_thousands(w->count));
        cli_table_cell(table, "%s", w->most == w->count ? "" : cli_thousands(w->most));
        cli_table_number(table, w->flops / 1e9, 3);
        cli_table_number(table, w->seconds * 1e3, 3);
        cli_table_number(table, (double)w->count * w->seconds, 3);
        cli_table_cell(table, "%s", w->definition);
    }
    cli_table_print(table, 2, out);
}

static void print_memory(const basin_forecast *f, FILE *out)
{
    const basin_provision *p = &f->provision;

    if (p->parts > 0) {
        fprintf(out, "  products        %zu thread%s, blocks of %zu, samples in %s parts: ", p->threads,
                p->threads == 1 ? "" : "s", p->block, cli_thousands(p->parts));
        if (p->kept == p->parts)
            fprintf(out, "all kept, %s", bytes_text(p->kept_bytes));
        else
            fprintf(out, "%s kept, %s, the others recomputed", cli_thousands(p->kept),
                    bytes_text(p->kept_bytes));
        fprintf(out, "; %s of scratch a thread, %s of weights\n", bytes_text(p->thread_bytes),
                bytes_text(p->shared_bytes));
    }
    fprintf(out,
            "  memory          %s at the peak, limit %s%s: %s for the program, %s of checkpoint, data and "
            "network, %s beside the products\n",
            bytes_text(f->total_bytes), bytes_text(f->limit_bytes),
            f->total_bytes > f->limit_bytes ? " (it passes it)" : "", bytes_text(f->program_bytes),
            bytes_text(f->held_bytes), bytes_text(f->beside_bytes));
}

void cli_forecast_print(const cli_arguments *a, const basin_result *result, FILE *out)
{
    const basin_forecast *f = result->value;
    double                seconds = f->start_seconds + f->seconds;

    cli_report_source(result, f->samples, f->parameters, out);
    fprintf(out, "  dry run         %s%s%s, nothing computed: %s products%s", f->analysis,
            f->method != NULL ? ", " : "", f->method != NULL ? f->method : "", cli_thousands(f->products),
            f->products_most > f->products ? " expected" : "");
    if (f->products_most > f->products) fprintf(out, " (at most %s)", cli_thousands(f->products_most));
    fprintf(out, ", %s gradient%s, %s losses\n", cli_thousands(f->gradients), f->gradients == 1 ? "" : "s",
            cli_thousands(f->losses));
    print_memory(f, out);
    cli_state_forecast(a, f, out);
    fprintf(out, "  time            %s, of it %s of reading and compiling", seconds_text(seconds),
            seconds_text(f->start_seconds));
    if (f->seconds_most > f->seconds)
        fprintf(out, "; at most %s", seconds_text(f->start_seconds + f->seconds_most));
    fputs("\n\n", out);
    print_works(f, out);
}
