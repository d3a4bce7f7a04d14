/* Is the objective what it says? Derivatives against differences and expansions, recorded values against
   recomputed ones. */
#include "analysis/check/check.h"

#include <math.h>

#include "analysis/cost.h"
#include "core/linalg.h"
#include "core/memory.h"

basin_status basin_check_compute(basin_objective *o, const double *theta, const basin_check_options *options,
                                 basin_check **out)
{
    basin_status        st = BASIN_OK;
    basin_check_options defaults = {0};
    basin_checker       c = {.o = o,
                             .theta = theta,
                             .size = basin_objective_size(o),
                             .options = options != NULL ? options : &defaults};

    BASIN_CHECK(basin_all_finite(theta, c.size), BASIN_ERR_VALUE, "check needs a point without NaN or Inf");
    BASIN_CHECK(c.options->ck == NULL || c.options->ck->params->size == c.size, BASIN_ERR_SHAPE,
                "the objective has %zu parameters, the checkpoint %zu", c.size, c.options->ck->params->size);
    BASIN_ALLOC(c.check, 1, "check");
    c.check->parameters = c.size;
    c.check->samples = basin_objective_samples(o);
    BASIN_TRY(basin_check_derivatives(&c));
    if (c.options->ck != NULL) BASIN_TRY(basin_check_recorded(&c));
    *out = c.check, c.check = NULL;
done:
    basin_check_destroy(&c.check);
    return st;
}

/* Vectors: the gradients, directions and products of derivatives.c at their height. */
void basin_check_cost(const basin_objective *o, basin_job_cost *out)
{
    enum { VECTORS = 16 };
    basin_job_cost cost = {0};

    basin_cost_of_point(o, NULL, &cost);
    basin_check_derivatives_cost(o, &cost);
    cost.flops = basin_cost_known(cost.flops);
    cost.bytes += VECTORS * basin_objective_size(o) * sizeof(double);
    *out = cost;
}
