/* Equal training losses: where a run first has the loss L.
 *
 *   1. Of a run's checkpoints by step, the first whose training loss is at most L, and the one before, whose
 *      loss is above (choose.c).
 *   2. Between the two the row is interpolated, linear in ln(loss): at every kind of point and part of the
 *      samples that both have, all at the place that the raw losses give, and so are the losses on the parts
 *      of the test set. These rows are appended.
 *   3. Where there is none before (or a loss is not positive, so that it has no logarithm), the first row at
 *      or below stands as it is.
 *
 * A test of mean losses against each other is too weak to stand in for this: not shown to be unequal is not
 * equal.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "analysis/measure/row.h"
#include "core/memory.h"

double basin_lowest_loss(const basin_comparison *k, const basin_row *run)
{
    const size_t lowest = basin_lowest_row(k->rows, k->row_count, run);

    return lowest != BASIN_NO_ROW ? k->rows[lowest].train_loss.value : (double)NAN;
}

/* ----------------------------------------------------------------------------------- interpolated rows -- */

static basin_status grow_parts(double **values, size_t rows, size_t parts)
{
    basin_status st = BASIN_OK;
    double      *grown = NULL;

    if (parts == 0) goto done;
    BASIN_CHECK((grown = basin_grow(*values, rows * parts, (rows + 1) * parts, sizeof *grown)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for parts of a test set");
    *values = grown;
done:
    return st;
}

static void parts_between(double *values, size_t parts, size_t before, size_t after, double share, size_t to)
{
    for (size_t j = 0; j < parts; j++)
        values[to * parts + j] =
            values[before * parts + j] + share * (values[after * parts + j] - values[before * parts + j]);
}

static basin_status append_between(basin_comparison *k, size_t before, size_t after, double share)
{
    basin_status st = BASIN_OK;
    basin_row    row = {0}, *rows = NULL;
    size_t       parts = k->test_part_count;

    BASIN_TRY(basin_row_between(&k->rows[before], &k->rows[after], share, k->at_loss, &row));
    /* what the place was found by, without its rounding */
    if (row.point == BASIN_POINT_RAW && row.part == 0) row.train_loss.value = k->at_loss;
    BASIN_CHECK((rows = basin_grow(k->rows, k->row_count, k->row_count + 1, sizeof *rows)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a row");
    k->rows = rows;
    BASIN_TRY(grow_parts(&k->test_part_loss, k->row_count, parts));
    BASIN_TRY(grow_parts(&k->test_part_accuracy, k->row_count, parts));
    parts_between(k->test_part_loss, parts, before, after, share, k->row_count);
    parts_between(k->test_part_accuracy, parts, before, after, share, k->row_count);
    rows[k->row_count++] = row, row = (basin_row){0};
done:
    basin_row_clear(&row);
    return st;
}

/* The raw row at at_loss, with its polished and averaged ones and those of halves of the samples. */
static basin_status interpolate(basin_comparison *k, size_t before, size_t after, size_t *out)
{
    basin_status st = BASIN_OK;
    double       share =
        basin_row_share(k->rows[before].train_loss.value, k->rows[after].train_loss.value, k->at_loss);
    size_t raw = k->row_count;

    BASIN_TRY(append_between(k, before, after, share));
    for (int point = 0; point < BASIN_POINTS; point++)
        for (size_t part = 0; part <= 2; part++) {
            size_t a = basin_row_beside(k, before, point, part), b = basin_row_beside(k, after, point, part);
            if ((point != BASIN_POINT_RAW || part > 0) && a != BASIN_NO_ROW && b != BASIN_NO_ROW)
                BASIN_TRY(append_between(k, a, b, share));
        }
    *out = raw;
done:
    return st;
}

basin_status basin_comparison_reach(basin_comparison *k, basin_stand *stands, size_t runs)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < runs; i++) {
        const size_t before = stands[i].before, after = stands[i].at;
        if (before == BASIN_NO_ROW || after == BASIN_NO_ROW || k->rows[after].train_loss.value <= 0.0)
            continue; /* it stands as it is */
        BASIN_TRY(interpolate(k, before, after, &stands[i].at));
    }
done:
    return st;
}

/* -------------------------------------------------------------------------------------- who reaches it -- */

/* A group of that name, or of that method. */
static bool in_a_group(const basin_comparison *k, const char *name)
{
    for (size_t i = 0; i < k->group_count; i++)
        if (strcmp(k->groups[i].name, name) == 0 || strcmp(k->groups[i].method, name) == 0) return true;
    return false;
}

static const char *name_of(const char *text)
{
    return text != NULL ? text : "unnamed";
}

/* «runs/gd_0 got to 0.3, runs/gd_1 to 0.29»: runs that do not reach it; methods that do not get there are
   counted. */
static basin_status describe_short(const basin_comparison *k, char **text)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < k->row_count; i++) {
        double lowest = basin_is_first_of_run(k, i) ? basin_lowest_loss(k, &k->rows[i]) : (double)NAN;
        if (isnan(lowest) || lowest <= k->at_loss) continue;
        BASIN_TRY(basin_comparison_append(
            text, ", ",
            basin_format("%s%s to %.4g", name_of(k->rows[i].run), *text == NULL ? " got" : "", lowest)));
    }
done:
    return st;
}

/* Somewhere the loss is passed: a loss above every run's first checkpoint would compare their starts. */
static bool is_passed(const basin_comparison *k)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_checkpoint(&k->rows[i]) && k->rows[i].train_loss.value >= k->at_loss) return true;
    return false;
}

basin_status basin_comparison_demand_reached(const basin_comparison *k, const char *base)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;

    BASIN_CHECK(k->group_count == 0 || is_passed(k), BASIN_ERR_VALUE,
                "training loss %g lies above the first checkpoint of every run", k->at_loss);
    BASIN_TRY(describe_short(k, &text));
    if (text == NULL) goto done;
    BASIN_CHECK(base == NULL || in_a_group(k, base), BASIN_ERR_VALUE,
                "training loss %g is reached by no run of %s, that the others are held against: %s",
                k->at_loss, base, text);
    BASIN_CHECK(k->group_count >= 2, BASIN_ERR_VALUE, "training loss %g is reached by %s: %s", k->at_loss,
                k->group_count == 0 ? "no run" : "runs of one method only", text);
done:
    basin_free(text);
    return st;
}
