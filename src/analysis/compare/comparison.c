/* Methods against each other over seeds.
 *
 *   1. Group the runs by method and take each at one common step, or where its training loss reaches a given one (groups.c,
 *      equal_loss.c); at a common step the base method also at the largest gradient budget that another method spent.
 *   2. Per measure, kind of point and group the mean with its 95 % t-interval (estimates.c); per pair of groups the differences
 *      paired by seed, their interval, the exact sign-flip test (pairs.c), and what is left of it among so many measures
 *      (adjust.c).
 *   3. Say what that supports and what it does not (claims.c, notes.c).
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/schema.h"

/* ---------------------------------------------------------------------------------------------------- rows -- */

bool basin_is_checkpoint(const basin_row *row)
{
    return row->missing == NULL && row->point == BASIN_POINT_RAW && row->part == 0 && isnan(row->at_loss);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A file that cannot be read tells neither method nor seed: its folder says whose it is. */
static bool is_unreadable(const basin_row *row)
{
    return row->missing != NULL && row->method == NULL && row->run != NULL;
}

bool basin_same_run(const basin_row *a, const basin_row *b)
{
    if (is_unreadable(a) || is_unreadable(b)) return same_text(a->run, b->run);
    return a->seed == b->seed && same_text(a->run, b->run) && same_text(a->method, b->method);
}

bool basin_is_first_of_run(const basin_comparison *k, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (basin_same_run(&k->rows[i], &k->rows[row])) return false;
    return true;
}

size_t basin_row_beside(const basin_comparison *k, size_t row, int point, size_t part)
{
    const basin_row *at = &k->rows[row];

    for (size_t i = 0; i < k->row_count; i++) {
        const basin_row *other = &k->rows[i];
        bool             same_place = other->step == at->step && (other->at_loss == at->at_loss || (isnan(other->at_loss) && isnan(at->at_loss)));
        if (other->missing == NULL && other->point == point && other->part == part && same_place && basin_same_run(other, at)) return i;
    }
    return BASIN_NO_ROW;
}

double basin_measured(const basin_row *row, const basin_column *column)
{
    double value = basin_column_value(row, column);

    return isfinite(value) && !basin_column_partial(row, column) ? value : (double)NAN;
}

/* -------------------------------------------------------------------------------------------- what is compared -- */

/* A row that knows the column at all, be it as part of a truncated sum: then it is listed, and said not to be measured. */
static bool is_known(const basin_comparer *c, const basin_column *column)
{
    const basin_comparison *k = c->result;

    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            for (int point = 0; point < BASIN_POINTS; point++) {
                size_t row = c->places[k->groups[g].rows[i] * BASIN_POINTS + (size_t)point];
                if (row != BASIN_NO_ROW && isfinite(basin_column_value(&k->rows[row], column))) return true;
            }
    return false;
}

static bool every_group_has(const basin_comparer *c, int point)
{
    const basin_comparison *k = c->result;

    for (size_t g = 0; g < k->group_count; g++) {
        bool any = false;
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            any = any || c->places[k->groups[g].rows[i] * BASIN_POINTS + (size_t)point] != BASIN_NO_ROW;
        if (!any) return false;
    }
    return true;
}

basin_status basin_comparison_columns(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    BASIN_ALLOC(c->places, k->row_count * BASIN_POINTS, "rows of each kind of point");
    BASIN_ALLOC(c->columns, basin_column_count, "measures");
    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++) {
            size_t row = k->groups[g].rows[i];
            for (int point = 0; point < BASIN_POINTS; point++)
                c->places[row * BASIN_POINTS + (size_t)point] = point == BASIN_POINT_RAW ? row : basin_row_beside(k, row, point, 0);
        }
    for (int point = 0; point < BASIN_POINTS; point++) c->points[point] = every_group_has(c, point);
    for (size_t i = 0; i < basin_column_count; i++)
        if (basin_columns[i].compared && is_known(c, &basin_columns[i])) c->columns[c->column_count++] = &basin_columns[i];
done:
    return st;
}

const basin_estimate *basin_comparison_estimate(const basin_comparison *comparison, const char *measure, const char *group, int point)
{
    for (size_t i = 0; i < comparison->estimate_count; i++) {
        const basin_estimate *e = &comparison->estimates[i];
        if (e->point == point && strcmp(e->measure, measure) == 0 && strcmp(e->group, group) == 0) return e;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------ whole -- */

static basin_status copy_rows(const basin_row *rows, size_t count, basin_comparison *comparison)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(comparison->rows, count, "rows of a comparison");
    comparison->row_count = count;
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_row_copy(&rows[i], &comparison->rows[i]));
        if (rows[i].missing != NULL) comparison->missing++;
    }
done:
    return st;
}

static basin_status copy_test_parts(const basin_comparison_options *options, size_t count, basin_comparison *comparison)
{
    basin_status st = BASIN_OK;
    size_t       entries = 0;

    if (options->test_part_count == 0) goto done;
    BASIN_CHECK(options->test_part_count > 1 && options->test_part_loss != NULL && options->test_part_accuracy != NULL, BASIN_ERR_ARG,
                "%zu parts of a test set: there must be at least 2, with a loss and an accuracy each", options->test_part_count);
    BASIN_CHECK(basin_mul(count, options->test_part_count, &entries), BASIN_ERR_NOMEM, "too many parts of a test set");
    BASIN_ALLOC(comparison->test_part_loss, entries, "parts of a test set");
    BASIN_ALLOC(comparison->test_part_accuracy, entries, "parts of a test set");
    comparison->test_part_count = options->test_part_count;
    if (entries > 0) {
        memcpy(comparison->test_part_loss, options->test_part_loss, entries * sizeof(double));
        memcpy(comparison->test_part_accuracy, options->test_part_accuracy, entries * sizeof(double));
    }
done:
    return st;
}

static void comparer_clear(basin_comparer *c)
{
    for (size_t i = 0; i < c->pair_count; i++) {
        basin_free(c->pairs[i].rows);
        basin_free(c->pairs[i].others);
    }
    basin_free(c->pairs);
    basin_free(c->columns);
    basin_free(c->places);
    basin_comparison_destroy(&c->result);
}

static basin_status start(const basin_row *rows, size_t count, const basin_comparison_options *given, basin_comparer *c)
{
    basin_status st = BASIN_OK;

    *c = (basin_comparer){.level = given->level == 0.0 ? 0.05 : given->level,
                          .loss_tolerance = given->loss_tolerance == 0.0 ? 0.1 : given->loss_tolerance,
                          .bn = given->bn,
                          .remark = given->remark};
    BASIN_CHECK(c->level > 0.0 && c->level < 1.0, BASIN_ERR_ARG, "level of significance %g is not in (0, 1)", c->level);
    BASIN_CHECK(c->loss_tolerance > 0.0 && isfinite(c->loss_tolerance), BASIN_ERR_ARG, "loss tolerance %g is not a finite number > 0",
                c->loss_tolerance);
    BASIN_CHECK(given->at_loss >= 0.0 && isfinite(given->at_loss), BASIN_ERR_ARG, "training loss %g to compare at is not a finite number >= 0",
                given->at_loss);
    BASIN_ALLOC(c->result, 1, "comparison");
    c->result->level = c->level;
    c->result->at_loss = given->at_loss > 0.0 ? given->at_loss : (double)NAN;
    BASIN_TRY(copy_rows(rows, count, c->result));
    BASIN_TRY(copy_test_parts(given, count, c->result));
done:
    return st;
}

basin_status basin_comparison_compute(const basin_row *rows, size_t count, const basin_comparison_options *options, basin_comparison **out)
{
    basin_status             st = BASIN_OK;
    basin_comparison_options given = options != NULL ? *options : (basin_comparison_options){0};
    basin_comparer           c = {0};

    BASIN_TRY(start(rows, count, &given, &c));
    BASIN_TRY(basin_comparison_group(&c, given.base));
    BASIN_TRY(basin_comparison_columns(&c));
    BASIN_TRY(basin_comparison_estimates(&c));
    BASIN_TRY(basin_comparison_pairs(&c));
    BASIN_TRY(basin_comparison_judge_losses(&c));
    BASIN_TRY(basin_comparison_note(&c));
    *out = c.result, c.result = NULL;
done:
    comparer_clear(&c);
    return st;
}
