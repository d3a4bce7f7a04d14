/* Methods against each other over seeds.
 *
 *   1. Group the runs by method and take each at one common step (comparison_groups.c); the base method also at the largest
 *      gradient budget that another method spent.
 *   2. Per measure and group the mean with its 95 % t-interval; per measure and pair of groups the differences paired by seed,
 *      their interval, the exact sign-flip test, Holm's correction (comparison_tests.c).
 *   3. Say what that supports and what it does not (comparison_notes.c).
 */
#include "analysis/comparison.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/schema.h"

#define FIELD(member)                                        \
    static double get_##member(const basin_measures *row)    \
    {                                                        \
        return row->member;                                  \
    }
FIELD(lambda_max)
FIELD(trace)
FIELD(sane)
FIELD(n_eff)
FIELD(sharpness_sam)
FIELD(sharpness_msam)
FIELD(test_loss)
FIELD(test_accuracy)
FIELD(gap)
FIELD(train_loss)
FIELD(gradient_norm)
FIELD(theta_norm)
FIELD(alpha)
FIELD(sharpness_rho)
#undef FIELD

static double get_ceiling_ratio(const basin_measures *row)
{
    return row->ceiling > 0.0 ? row->lambda_max / row->ceiling : (double)NAN;
}

const basin_compared basin_compared_measures[] = {
    {"train_loss", BASIN_CONDITION, 0, false, get_train_loss, NULL},
    {"test_loss", BASIN_GENERALISATION, -1, false, get_test_loss, NULL},
    {"test_accuracy", BASIN_GENERALISATION, +1, false, get_test_accuracy, NULL},
    {"gap", BASIN_GENERALISATION, -1, false, get_gap, NULL},
    {"lambda_max", BASIN_FLATNESS, 0, false, get_lambda_max, NULL},
    {"lambda_max/ceiling", BASIN_CONDITION, 0, false, get_ceiling_ratio, NULL},
    {"trace", BASIN_FLATNESS, 0, false, get_trace, NULL},
    {"sane", BASIN_FLATNESS, 0, true, get_sane, NULL},
    {"n_eff", BASIN_FLATNESS, 0, true, get_n_eff, get_alpha},
    {"sharpness_sam", BASIN_FLATNESS, 0, false, get_sharpness_sam, get_sharpness_rho},
    {"sharpness_msam", BASIN_FLATNESS, 0, false, get_sharpness_msam, get_sharpness_rho},
    {"gradient_norm", BASIN_CONDITION, 0, false, get_gradient_norm, NULL},
    {"theta_norm", BASIN_CONDITION, 0, false, get_theta_norm, NULL},
};

const size_t basin_compared_count = sizeof basin_compared_measures / sizeof *basin_compared_measures;

size_t basin_compared_find(const char *name)
{
    size_t i = 0;

    while (i < basin_compared_count && strcmp(basin_compared_measures[i].name, name) != 0) i++;
    assert(i < basin_compared_count);
    return i;
}

const basin_estimate *basin_comparison_estimate(const basin_comparison *comparison, const char *measure, const char *group)
{
    for (size_t i = 0; i < comparison->estimate_count; i++) {
        const basin_estimate *e = &comparison->estimates[i];
        if (strcmp(e->measure, measure) == 0 && strcmp(e->group, group) == 0) return e;
    }
    return NULL;
}

basin_status basin_comparison_append(char **text, const char *separator, char *part)
{
    basin_status st = BASIN_OK;
    char        *joined = NULL;

    BASIN_CHECK(part != NULL && (joined = basin_format("%s%s%s", *text != NULL ? *text : "", *text != NULL ? separator : "", part)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a note");
    basin_free(*text);
    *text = joined;
done:
    basin_free(part);
    return st;
}

bool basin_is_truncated(const basin_measures *row)
{
    if (row->spectrum_method == NULL || strcmp(row->spectrum_method, "dense") == 0) return false;
    return !(row->sane_upper - row->sane_lower <= 0.01 * row->sane_lower);
}

static basin_status copy_rows(const basin_measures *rows, size_t count, basin_comparison *comparison)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(comparison->rows, count, "rows of a comparison");
    comparison->row_count = count;
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_measures_copy(&rows[i], &comparison->rows[i]));
        if (rows[i].missing != NULL) comparison->missing++;
    }
done:
    return st;
}

basin_status basin_comparison_compute(const basin_measures *rows, size_t count, const basin_comparison_options *options, basin_comparison **out)
{
    basin_status             st = BASIN_OK;
    basin_comparison_options given = options != NULL ? *options : (basin_comparison_options){0};
    basin_comparer c = {.level = given.level == 0.0 ? 0.05 : given.level, .loss_tolerance = given.loss_tolerance == 0.0 ? 0.1 : given.loss_tolerance,
                        .bn = given.bn, .remark = given.remark};

    BASIN_CHECK(c.level > 0.0 && c.level < 1.0, BASIN_ERR_ARG, "level of significance %g is not in (0, 1)", c.level);
    BASIN_CHECK(c.loss_tolerance > 0.0 && isfinite(c.loss_tolerance), BASIN_ERR_ARG, "loss tolerance %g is not a finite number > 0",
                c.loss_tolerance);
    BASIN_ALLOC(c.result, 1, "comparison");
    BASIN_TRY(copy_rows(rows, count, c.result));
    BASIN_TRY(basin_comparison_group(&c, given.base));
    BASIN_TRY(basin_comparison_infer(&c));
    BASIN_TRY(basin_comparison_note(&c));
    *out = c.result, c.result = NULL;
done:
    basin_comparison_destroy(&c.result);
    return st;
}
