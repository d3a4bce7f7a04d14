/* A parsed computing command up to its results. */
#include <string.h>

#include "cli/abreast.h"
#include "cli/monitor.h"
#include "cli/point.h"
#include "cli/state.h"
#include "cli/stored.h"

int cli_batch_take(cli_batch *batch, basin_result **result)
{
    int            status = CLI_OK;
    basin_result **results = NULL;

    CLI_ALLOC(results, batch->count + 1);
    if (batch->count > 0) memcpy(results, batch->results, batch->count * sizeof *results);
    basin_free(batch->results);
    batch->results = results;
    batch->results[batch->count++] = *result, *result = NULL;
done:
    return status;
}

int cli_batch_add(cli_batch *batch, basin_result_kind kind, void *value, basin_provenance *provenance)
{
    int           status = CLI_OK;
    basin_result *result = NULL;

    CLI_LIBRARY(basin_result_create(kind, value, provenance, &result));
    if ((status = cli_batch_take(batch, &result)) != CLI_OK)
        basin_free(result); /* the envelope: what is in it stays the caller's */
done:
    return status;
}

void cli_batch_clear(cli_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) basin_result_destroy(&batch->results[i]);
    basin_free(batch->results);
    *batch = (cli_batch){0};
}

static int measure_one(const cli_arguments *a, const char *path, cli_batch *batch)
{
    int                status = CLI_OK;
    const cli_command *command = a->command;
    cli_source         source = {0};
    void              *value = NULL;
    bool               derived = false;

    CLI_TRY(cli_stored_derive(a, path, &derived, batch));
    if (derived) goto done;
    CLI_TRY(cli_source_open(a, path, command->test_too, false, &source));
    CLI_TRY(cli_state_inputs(source.provenance));
    CLI_TRY(cli_name_file(cli_point_take(a, &source), path));
    CLI_TRY(cli_state_inputs(source.provenance)); /* with what was averaged */
    CLI_TRY(cli_name_file(command->measure(a, &source, &value), path));
    const basin_result_kind kind = command->kind_of != NULL ? command->kind_of(a) : command->kind;
    CLI_TRY(cli_batch_add(batch, kind, value, source.provenance));
    source.provenance = NULL;
done:
    cli_source_close(&source);
    return status;
}

size_t cli_measured_count(const cli_arguments *a)
{
    return a->command->centre != NULL ? 1 : a->operand_count;
}

int cli_measured(const cli_arguments *a, size_t i, char **out)
{
    int status = CLI_OK;

    if (a->command->centre != NULL) return a->command->centre(a, out);
    CLI_CHECK((*out = basin_strdup(a->operands[i])) != NULL, "out of memory for a path");
done:
    return status;
}

/* The results from `first` on end where the time has ended, if it has. */
static int mark_time(const cli_arguments *a, cli_batch *batch, size_t first)
{
    int status = CLI_OK;

    for (size_t i = first; i < batch->count && basin_time_ended(); i++)
        CLI_CHECK((batch->results[i]->provenance->ended_by_time = basin_strdup(cli_text(a, "time", ""))) !=
                      NULL,
                  "out of memory for the provenance");
done:
    return status;
}

static int measure_number(const cli_arguments *a, size_t i, cli_batch *batch)
{
    int   status = CLI_OK;
    char *path = NULL;

    CLI_TRY(cli_measured(a, i, &path));
    CLI_TRY(measure_one(a, path, batch));
    CLI_TRY(mark_time(a, batch, batch->count - 1));
done:
    basin_free(path);
    return status;
}

static int measure_all(const cli_arguments *a, cli_batch *batch)
{
    int          status = CLI_OK;
    const size_t count = cli_measured_count(a);

    if (a->command->cost != NULL && a->operand_count > 1) return cli_abreast_measure(a, batch);
    for (size_t i = 0; i < count; i++) {
        cli_monitor_part("checkpoint", i + 1, count);
        if (i > 0 && basin_time_up()) {
            cli_warn("%s: not reached: the time had ended", a->operands[i]);
            continue;
        }
        CLI_TRY(measure_number(a, i, batch));
    }
done:
    return status;
}

int cli_compute(const cli_arguments *a, cli_batch *out)
{
    int       status = CLI_OK;
    cli_batch batch = {0};
    cli_point point;

    if (a->command->common & CLI_COMMON_POINT) CLI_TRY(cli_point_read(a, &point));
    if (a->command->check != NULL) CLI_TRY(a->command->check(a));
    if (a->command->compute != NULL) CLI_TRY(a->command->compute(a, &batch));
    CLI_TRY(mark_time(a, &batch, 0));
    if (a->command->measure != NULL) CLI_TRY(measure_all(a, &batch));
    *out = batch, batch = (cli_batch){0};
done:
    cli_monitor_clear();
    cli_batch_clear(&batch);
    return status;
}
