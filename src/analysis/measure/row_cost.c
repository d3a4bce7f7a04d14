/* What rows cost as one of several jobs side by side (core/jobs.c): counted by the code that does the work,
 * in FLOPs that the objective tells and LAPACK's 4/3 P³ for the eigenvalues of a matrix of order P.
 *
 * Left out is what is small beside: losses of rises and tests, the Krylov space of the stationarity.
 */
#include <math.h>

#include "analysis/cost.h"
#include "analysis/measure/measuring.h"
#include "analysis/measure/row.h"

static double at_least_one(size_t count)
{
    return count > 0 ? (double)count : 1.0;
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
    basin_cost             named = {0};
    size_t                 aside;

    if (options != NULL) row_options = *options;
    BASIN_TRY(basin_measuring_demand(train, &row_options, &spectrum, &demand, &aside));
    basin_cost_of_point(train, &point, &cost);
    basin_measuring_named_cost(train, &row_options, &named);
    const double order = (double)demand.matrix, single = (double)demand.products;
    const double in_blocks = (double)demand.vectors, blocks = ceil(in_blocks / at_least_one(point.block));
    const double by_name = (double)named.gradients * basin_cost_known(flops.gradient) +
                           (double)named.losses * basin_cost_known(flops.loss) +
                           (double)named.products * basin_cost_known(flops.product);
    const double row = basin_cost_known(flops.gradient) + basin_cost_known(flops.freeze) +
                       (single + in_blocks) * basin_cost_known(flops.product) + by_name;
    cost.flops = (double)points * row + (double)gradients * basin_cost_known(flops.gradient);
    cost.lone_flops = (double)points * 4.0 / 3.0 * order * order * order * (double)demand.problems;
    cost.passes = (double)points * (2.0 + single + blocks + (double)(named.gradients + named.losses)) +
                  (double)gradients;
    cost.bytes += aside;
    *out = cost;
done:
    return st;
}
