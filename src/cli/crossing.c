#include "cli/crossing.h"

#include <math.h>
#include <string.h>

#include "cli/monitor.h"

int cli_crossing_find(const cli_arguments *a, cli_rows *rows, const basin_run *run, size_t every, double loss, cli_crossing *out)
{
    int          status = CLI_OK;
    cli_crossing c = {.at = SIZE_MAX, .before = SIZE_MAX, .lowest_entry = SIZE_MAX, .lowest = NAN};

    for (size_t i = 0; i < run->count && c.at == SIZE_MAX; i++) {
        double found;
        if (i % every != 0 && i + 1 != run->count) continue;
        cli_monitor_part("loss of checkpoint", i + 1, run->count);
        CLI_TRY(cli_rows_look(a, rows, run->entries[i].path, &found));
        if (isnan(found)) continue;
        if (!(found >= c.lowest)) c.lowest = found, c.lowest_entry = i;
        if (found <= loss) c.at = i;
        else c.before = i;
    }
    *out = c;
done:
    return status;
}

/* «0.0214 at step 800» */
static int describe(const cli_crossing *c, const basin_run *run, char *out, size_t size)
{
    if (c->lowest_entry == SIZE_MAX) return snprintf(out, size, "none that can be read");
    return snprintf(out, size, "%.4g at step %lld", c->lowest, (long long)run->entries[c->lowest_entry].step);
}

int cli_crossings_demand(char *const *names, basin_run *const *runs, const cli_crossing *crossings, size_t count, double loss)
{
    int    status = CLI_OK;
    char   text[1000] = "";
    size_t used = 0, told = 0, known = 0;

    for (size_t i = 0; i < count; i++) {
        if (crossings[i].at != SIZE_MAX) return CLI_OK;
        known += crossings[i].lowest_entry != SIZE_MAX;
    }
    CLI_CHECK(known > 0, "--at-loss: no checkpoint gives a training loss; the last: %s", cli_message());
    for (; told < count && used < sizeof text - 300; told++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.120s ", told > 0 ? ", " : "", names[told]);
        used += (size_t)describe(&crossings[told], runs[told], text + used, sizeof text - used);
    }
    if (told < count) snprintf(text + used, sizeof text - used, ", and %zu more", count - told);
    CLI_CHECK(false, "--at-loss: no run comes down to a training loss of %g; the lowest is in %s", loss, text);
done:
    return status;
}

int cli_crossing_add_missing(cli_rows *rows, const char *name, const basin_run *run, const cli_crossing *c, double loss)
{
    char        text[200];
    int         used = snprintf(text, sizeof text, "the run does not come down to a training loss of %g: its lowest is ", loss);
    const char *path = run->entries[c->lowest_entry != SIZE_MAX ? c->lowest_entry : run->count - 1].path;

    describe(c, run, text + used, sizeof text - (size_t)used);
    return cli_rows_add_missing(rows, name, path, text);
}

/* --------------------------------------------------------------------------------------------- between the two -- */

static basin_row *find_partner(basin_row *rows, size_t count, int point, size_t part)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].point == point && rows[i].part == part) return &rows[i];
    return NULL;
}

static bool bracket(const basin_row *before, const basin_row *after, double loss)
{
    return before != NULL && after != NULL && before->train_loss.value > loss && loss >= after->train_loss.value && after->train_loss.value > 0;
}

/* What a row between two others has for its own training loss, where the raw rows between them have `loss`. */
static double own_loss(const basin_row *before, const basin_row *after, const basin_row *raw_before, const basin_row *raw_after, double loss)
{
    double share = log(raw_before->train_loss.value / loss) / log(raw_before->train_loss.value / raw_after->train_loss.value);

    return before->train_loss.value * pow(after->train_loss.value / before->train_loss.value, share);
}

/* All kinds of points and parts stand at the place that the raw losses give, as in a comparison: *out. Else *taken is the row that stands
   as it is. */
static int settle(basin_row *befores, size_t before_count, basin_row *afters, size_t after_count, basin_row *after, double loss, basin_row **taken,
                  basin_row *out)
{
    int        status = CLI_OK;
    basin_row *before = find_partner(befores, before_count, after->point, after->part);
    basin_row *raw_before = find_partner(befores, before_count, BASIN_POINT_RAW, 0), *raw_after = find_partner(afters, after_count, BASIN_POINT_RAW, 0);
    double     own = NAN;

    if (before != NULL && before->missing == NULL && after->missing == NULL && bracket(raw_before, raw_after, loss))
        own = before == raw_before ? loss : own_loss(before, after, raw_before, raw_after, loss);
    *taken = bracket(before, after, own) ? NULL : after;
    if (*taken == NULL) {
        CLI_LIBRARY(basin_row_interpolate(before, after, own, out));
        out->at_loss = loss;
    }
done:
    return status;
}

int cli_crossing_interpolate(cli_rows *r, size_t first, size_t middle, double loss, size_t *outside)
{
    int         status = CLI_OK;
    size_t      count = r->count - middle;
    basin_row  *settled = NULL, *before = r->rows + first, *after = r->rows + middle;
    basin_row **taken = NULL; /* [count] NULL: interpolated */

    CLI_ALLOC(settled, count);
    CLI_ALLOC(taken, count);
    for (size_t i = 0; i < count; i++) CLI_TRY(settle(before, middle - first, after, count, &after[i], loss, &taken[i], &settled[i]));
    for (size_t i = 0; i < count; i++) {
        if (taken[i] == NULL) continue;
        *outside += taken[i]->part == 0 && taken[i]->missing == NULL;
        settled[i] = *taken[i], *taken[i] = (basin_row){0};
    }
    for (size_t i = first; i < r->count; i++) basin_row_clear(&r->rows[i]);
    memcpy(before, settled, count * sizeof *settled);
    r->count = first + count;
    r->missing = 0;
    for (size_t i = 0; i < r->count; i++) r->missing += r->rows[i].missing != NULL;
    basin_free(settled), settled = NULL;
done:
    for (size_t i = 0; settled != NULL && i < count; i++) basin_row_clear(&settled[i]);
    basin_free(settled);
    basin_free(taken);
    return status;
}
