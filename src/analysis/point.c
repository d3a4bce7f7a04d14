#include "analysis/point.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"

basin_status basin_point_gradient(basin_objective *o, const double *theta, basin_loss *out, double *g)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};
    size_t       size = basin_objective_size(o);

    BASIN_CHECK(basin_all_finite(theta, size), BASIN_ERR_VALUE, "the point holds a NaN or Inf among its %zu parameters", size);
    BASIN_TRY(basin_objective_gradient(o, NULL, theta, &loss, g));
    BASIN_CHECK(isfinite(basin_loss_value(&loss)), BASIN_ERR_NUMERIC, "the loss at this point is %g", basin_loss_value(&loss));
    BASIN_CHECK(basin_all_finite(g, size), BASIN_ERR_NUMERIC, "the gradient at this point is not finite (loss %g)", basin_loss_value(&loss));
    if (out != NULL) *out = loss;
done:
    return st;
}

basin_status basin_point_bare_gradient(basin_objective *o, const double *theta, basin_loss *out, double *g)
{
    double       decay = basin_objective_decay(o);
    basin_status st = basin_objective_decay_set(o, 0.0);

    if (st == BASIN_OK) st = basin_point_gradient(o, theta, out, g);
    basin_objective_decay_set(o, decay);
    return st;
}

basin_status basin_point_bare_freeze(basin_objective *o, const double *theta, basin_curvature **out)
{
    double       decay = basin_objective_decay(o);
    basin_status st = basin_objective_decay_set(o, 0.0);

    if (st == BASIN_OK) st = basin_curvature_create(o, NULL, theta, BASIN_HESSIAN, out); /* keeps the decay of this moment */
    basin_objective_decay_set(o, decay);
    return st;
}

basin_status basin_point_bare_line(basin_objective *o, const double *theta, const double *d, const double *t, size_t n, basin_loss *out)
{
    double       decay = basin_objective_decay(o);
    basin_status st = basin_objective_decay_set(o, 0.0);

    if (st == BASIN_OK) st = basin_objective_subspace(o, NULL, theta, d, 1, t, n, out);
    basin_objective_decay_set(o, decay);
    return st;
}

double basin_point_epsilon(const basin_objective *o, const basin_curvature *c)
{
    double epsilon = basin_objective_epsilon(o);

    return basin_curvature_approximate(c) ? cbrt(epsilon) * cbrt(epsilon) : epsilon;
}

basin_status basin_point_freeze(basin_objective *o, const double *theta, size_t beside, basin_curvature **out)
{
    size_t       before = basin_memory_set_aside(beside);
    basin_status st = basin_curvature_create(o, NULL, theta, BASIN_HESSIAN, out);

    basin_memory_set_aside(before);
    return st;
}
