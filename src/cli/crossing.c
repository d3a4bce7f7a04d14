#include "cli/crossing.h"

#include <math.h>
#include <string.h>

#include "cli/monitor.h"

static int look_down(const cli_arguments *a, cli_rows *rows, cli_records *r, size_t run, size_t every,
                     double loss)
{
    int          status = CLI_OK;
    const size_t first = r->first[run], count = r->first[run + 1] - first;
    bool         reached = false;

    for (size_t i = 0; i < count && !reached; i++) {
        double *found = &r->rows[first + i].train_loss.value;
        if (i % every != 0 && i + 1 != count) continue;
        cli_monitor_part("loss of checkpoint", i + 1, count);
        CLI_TRY(cli_rows_look(a, rows, r->paths[first + i], found));
        reached = *found <= loss;
    }
done:
    return status;
}

size_t cli_records_find(const cli_records *r, size_t run, basin_choice choice)
{
    for (size_t i = r->first[run]; i < r->first[run + 1]; i++)
        if (r->choices[i] == choice) return i;
    return SIZE_MAX;
}

/* «0.0214 at step 800» */
static int describe(const cli_records *r, size_t run, char *out, size_t size)
{
    const size_t lowest = cli_records_find(r, run, BASIN_CHOICE_LOWEST);

    if (lowest == SIZE_MAX) return snprintf(out, size, "none that can be read");
    const basin_row *row = &r->rows[lowest];
    return snprintf(out, size, "%.4g at %s", row->train_loss.value,
                    cli_place(row->step, row->epoch, r->paths[lowest], (char[CLI_PLACE]){0}));
}

static int demand_reached(const cli_records *r, char *const *names, double loss)
{
    int    status = CLI_OK;
    char   text[1000] = "";
    size_t used = 0, told = 0, known = 0;

    for (size_t i = 0; i < r->run_count; i++) {
        if (cli_records_find(r, i, BASIN_CHOICE_AT) != SIZE_MAX) return CLI_OK;
        known += cli_records_find(r, i, BASIN_CHOICE_LOWEST) != SIZE_MAX;
    }
    CLI_CHECK(known > 0, "--at-loss: no checkpoint gives a training loss; the last: %s", cli_message());
    for (; told < r->run_count && used < sizeof text - 300; told++) {
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%.120s ", told > 0 ? ", " : "", names[told]);
        used += (size_t)describe(r, told, text + used, sizeof text - used);
    }
    if (told < r->run_count) snprintf(text + used, sizeof text - used, ", and %zu more", r->run_count - told);
    CLI_CHECK(false, "--at-loss: no run comes down to a training loss of %g; the lowest is in %s", loss,
              text);
done:
    return status;
}

int cli_crossings_find(const cli_arguments *a, cli_rows *rows, cli_records *r, size_t every, double loss)
{
    int status = CLI_OK;

    for (size_t i = 0; i < r->run_count; i++) CLI_TRY(look_down(a, rows, r, i, every, loss));
    CLI_LIBRARY(
        basin_comparison_choose(r->rows, r->count, &(basin_comparison_options){.at_loss = loss}, r->choices));
    CLI_TRY(demand_reached(r, a->operands, loss));
done:
    return status;
}

int cli_crossing_add_missing(cli_rows *rows, const char *name, const cli_records *r, size_t run, double loss)
{
    char         text[200];
    int          used = snprintf(text, sizeof text,
                                 "the run does not come down to a training loss of %g: its lowest is ", loss);
    const size_t lowest = cli_records_find(r, run, BASIN_CHOICE_LOWEST);

    describe(r, run, text + used, sizeof text - (size_t)used);
    return cli_rows_add_missing(rows, name, r->paths[lowest != SIZE_MAX ? lowest : r->first[run + 1] - 1],
                                text);
}

/* ------------------------------------------------------------------------------------- between the two -- */

int cli_crossing_interpolate(cli_rows *r, size_t first, size_t middle, double loss, size_t *standing)
{
    int        status = CLI_OK;
    size_t     count = r->count - middle, copies = 0;
    basin_row *settled = NULL;

    CLI_ALLOC(settled, count);
    CLI_LIBRARY(basin_rows_interpolate(r->rows + first, middle - first, r->rows + middle, count, loss,
                                       settled, &copies));
    for (size_t i = first; i < r->count; i++) basin_row_clear(&r->rows[i]);
    memcpy(r->rows + first, settled, count * sizeof *settled);
    *standing += copies;
    r->count = first + count;
    r->missing = 0;
    for (size_t i = 0; i < r->count; i++) r->missing += r->rows[i].missing != NULL;
done:
    basin_free(settled);
    return status;
}
