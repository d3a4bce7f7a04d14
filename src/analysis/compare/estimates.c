/* Means over the runs of a group, and how far they hang on the training samples that were drawn.
 *
 *   t-interval       over runs, cut to what the measure can be
 *   sampling error   Rows of two random halves of a subset of N samples, m₁ and m₂. With errors of variance ~
 *                    1/n, (m₁ − m₂)² has the mean 2 Var(N/2) = 4 Var(N), so |m₁ − m₂|/2 estimates the
 *                    standard deviation of the whole; times √(1 − N/M) where the split has M samples. Runs
 *                    that are compared share the same draw, so their errors are not independent: with
 *                    correlation r the error of their mean is 1/√runs (r = 0) to 1 (r = 1) of it. Reported is
 *                    √(mean (m₁ − m₂)²)/2, right for r = 1 and too large otherwise; near r = 1 it has little
 *                    more than one degree of freedom, however many runs.
 *   sampling bias    mean of (m₁ + m₂)/2 − m. If m(n) = m∞ + c/n, then m(N/2) − m(N) = c/N = m(N) − m∞: the
 *                    measure moves about as far again on the way to all samples.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

/* What part of the variance is left where the samples are not few among those of the split. */
static double left_of_finite(const basin_row *row)
{
    return row->split_samples > row->samples ? sqrt(1.0 - (double)row->samples / (double)row->split_samples)
           : row->split_samples == 0         ? 1.0
                                             : 0.0;
}

double basin_sampling_error(const basin_row *whole, double one, double two)
{
    return 0.5 * fabs(one - two) * left_of_finite(whole);
}

/* Error and bias of one run by its two halves: NAN where one is not measured. */
static void hold_halves(const basin_comparison *k, size_t row, const basin_column *column, double *error,
                        double *bias)
{
    size_t one = basin_row_beside(k, row, k->rows[row].point, 1);
    size_t two = basin_row_beside(k, row, k->rows[row].point, 2);

    *error = *bias = NAN;
    if (one == BASIN_NO_ROW || two == BASIN_NO_ROW) return;
    double a = basin_measured(&k->rows[one], column), b = basin_measured(&k->rows[two], column);
    *error = basin_sampling_error(&k->rows[row], a, b);
    *bias = 0.5 * (a + b) - basin_measured(&k->rows[row], column);
}

static void sampling(const basin_comparer *c, const basin_group *group, const basin_column *column,
                     basin_estimate *out)
{
    const basin_comparison *k = c->result;
    double                  square = 0.0, shift = 0.0;
    size_t                  n = 0;

    out->sampling_error = out->sampling_bias = NAN;
    for (size_t i = 0; i < group->run_count; i++) {
        size_t row = c->places[group->rows[i] * BASIN_POINTS + (size_t)out->point];
        double error, bias;
        if (row == BASIN_NO_ROW) continue;
        hold_halves(k, row, column, &error, &bias);
        if (!isfinite(error) || !isfinite(bias)) continue;
        square += error * error, shift += bias;
        n++;
    }
    if (n == 0) return;
    out->sampling_error = sqrt(square / (double)n);
    out->sampling_bias = shift / (double)n;
}

static basin_status estimate(const basin_comparer *c, const basin_column *column, int point,
                             const basin_group *group, double *x, basin_estimate *out)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    out->point = point;
    for (size_t i = 0; i < group->run_count; i++) {
        size_t row = c->places[group->rows[i] * BASIN_POINTS + (size_t)point];
        double value = row != BASIN_NO_ROW ? basin_measured(&k->rows[row], column) : (double)NAN;
        if (!isnan(value)) x[out->n++] = value;
    }
    basin_mean_and_interval(x, out->n, &out->mean, &out->sd, &out->lower, &out->upper);
    if (out->lower < column->least) out->lower = column->least;
    if (out->upper > column->most) out->upper = column->most;
    sampling(c, group, column, out);
    BASIN_STRDUP(out->measure, column->name);
    BASIN_STRDUP(out->group, group->name);
done:
    return st;
}

basin_status basin_comparison_estimates(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    double           *x = NULL;

    BASIN_ALLOC(x, k->row_count, "values over seeds");
    BASIN_ALLOC(k->estimates, k->group_count * c->column_count * BASIN_POINTS, "estimates");
    for (size_t m = 0; m < c->column_count; m++)
        for (int point = 0; point < BASIN_POINTS; point++)
            for (size_t g = 0; g < k->group_count && c->points[point]; g++)
                if (point == BASIN_POINT_RAW || !c->columns[m]->at_raw_only)
                    BASIN_TRY(estimate(c, c->columns[m], point, &k->groups[g], x,
                                       &k->estimates[k->estimate_count++]));
done:
    basin_free(x);
    return st;
}
