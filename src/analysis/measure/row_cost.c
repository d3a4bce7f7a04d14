/* What rows cost as one of several jobs side by side (core/jobs.c): counted by the code that does the work,
 * in FLOPs that the objective tells and LAPACK's 4/3 P³ for the eigenvalues of a matrix of order P.
 *
 * Left out is what is small beside: losses of rises and tests, the Krylov space of the stationarity.
 */
#include <math.h>

#include "analysis/measure/measuring.h"
#include "analysis/measure/row.h"

static double known(double flops)
{
    return isfinite(flops) ? flops : 0.0;
}

static double at_least_one(size_t count)
{
    return count > 0 ? (double)count : 1.0;
}

static size_t bytes_of(const basin_provision *p)
{
    return p->shared_bytes + p->threads * p->thread_bytes + p->kept_bytes;
}

/* What the frozen Hessian asks for; `point` has all threads that could share it. */
static void cost_of_point(const basin_objective *train, basin_provision *point, basin_job_cost *out)
{
    basin_provision one, two;

    basin_objective_requirement(train, 1, &one);
    basin_objective_requirement(train, 2, &two);
    basin_objective_requirement(train, SIZE_MAX, point);
    out->parts = point->threads;
    out->bytes = bytes_of(&one);
    out->thread_bytes = bytes_of(&two) - bytes_of(&one);
}

basin_status basin_row_cost(const basin_objective *train, const basin_row_options *options, size_t points,
                            size_t gradients, basin_job_cost *out)
{
    basin_status           st = BASIN_OK;
    const basin_flops      flops = basin_objective_flops(train);
    basin_row_options      row_options = {0};
    basin_spectrum_options spectrum = {0};
    basin_provision        point;
    basin_demand           demand = {0};
    basin_job_cost         cost = {0};
    size_t                 aside;

    if (options != NULL) row_options = *options;
    BASIN_TRY(basin_measuring_demand(train, &row_options, &spectrum, &demand, &aside));
    cost_of_point(train, &point, &cost);
    const double order = (double)demand.matrix, single = (double)demand.products;
    const double in_blocks = (double)demand.vectors, blocks = ceil(in_blocks / at_least_one(point.block));
    const double row =
        known(flops.gradient) + known(flops.freeze) + (single + in_blocks) * known(flops.product);
    cost.flops = (double)points * row + (double)gradients * known(flops.gradient);
    cost.lone_flops = (double)points * 4.0 / 3.0 * order * order * order * (double)demand.problems;
    cost.passes = (double)points * (2.0 + single + blocks) + (double)gradients;
    cost.bytes += aside;
    *out = cost;
done:
    return st;
}
