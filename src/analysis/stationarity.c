/* Is the point a minimum of what training made small?
 *
 * Method, on R = L + w/2 ‖theta‖² (w the recorded, coupled weight decay; 0 without)
 *   1. g = ∇R, u = g/‖g‖, c = uᵀ∇²R u: one gradient, one curvature product.
 *   2. The quadratic model along -u is smallest at step ‖g‖/c, where R has fallen by ‖g‖²/2c. Relative to R that is
 *      decrease = ‖g‖⁴ / (2 gᵀHg R), free of the scale of the loss and of theta.
 *   3. Stationary when c > 0 and decrease <= threshold; g = 0 is stationary. Where c <= 0 the model has no minimum along -g:
 *      decrease = Inf.
 *
 * The unit vector u keeps ‖g‖⁴ from underflowing near convergence. |R| stands for R, so that a loss below zero (a quadratic
 * with a constant) does not pass for free.
 */
#include <math.h>

#include "analysis/forecast.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

#define THRESHOLD 0.01

/* uᵀ∇²L u without the objective's weight decay. */
static basin_status bare_curvature(basin_objective *o, const double *theta, const double *u, double *hu, double *out)
{
    basin_status     st = BASIN_OK;
    double           decay = basin_objective_decay(o);
    basin_curvature *c = NULL;

    BASIN_TRY(basin_objective_decay_set(o, 0.0));
    BASIN_TRY(basin_curvature_create(o, NULL, theta, BASIN_HESSIAN, &c));
    BASIN_TRY(basin_curvature_product(c, u, 1, hu));
    *out = basin_dot(u, hu, basin_objective_size(o));
done:
    basin_curvature_destroy(&c);
    basin_objective_decay_set(o, decay);
    return st;
}

static double relative_decrease(double gradient_norm, double curvature, double loss)
{
    if (gradient_norm == 0.0) return 0.0;
    if (!(curvature > 0.0)) return INFINITY;
    return gradient_norm / curvature * gradient_norm / (2.0 * fabs(loss));
}

void basin_stationarity_demand(basin_demand *demand)
{
    demand->gradients++;
    demand->freezes++;
    demand->products++, demand->most++;
}

basin_status basin_stationarity_compute(basin_objective *o, const double *theta, double weight_decay, basin_stationarity *out)
{
    basin_status       st = BASIN_OK;
    size_t             size = basin_objective_size(o);
    double            *g = NULL, *hu = NULL, w = weight_decay > 0.0 ? weight_decay : 0.0;
    basin_loss         loss;
    basin_stationarity s = {.decayed_gradient_norm = NAN, .curvature = NAN, .threshold = THRESHOLD};

    BASIN_CHECK(!isinf(weight_decay), BASIN_ERR_ARG, "weight decay %g is not finite", weight_decay);
    BASIN_ALLOC(g, size, "gradient");
    BASIN_ALLOC(hu, size, "curvature along the gradient");
    BASIN_TRY(basin_point_bare_gradient(o, theta, &loss, g));
    s.loss = basin_loss_value(&loss);
    s.gradient_norm = basin_norm(g, size);

    double norm = s.gradient_norm;
    if (w > 0.0) {
        s.loss += 0.5 * w * basin_dot(theta, theta, size);
        basin_axpy(w, theta, g, size);
        norm = s.decayed_gradient_norm = basin_norm(g, size);
    }
    if (norm > 0.0) {
        basin_scale(1.0 / norm, g, size);
        BASIN_TRY(bare_curvature(o, theta, g, hu, &s.curvature));
        s.curvature += w;
        BASIN_CHECK(isfinite(s.curvature), BASIN_ERR_NUMERIC, "the curvature along the gradient is %g", s.curvature);
    }
    s.decrease = relative_decrease(norm, s.curvature, s.loss);
    s.stationary = s.decrease <= s.threshold;
    *out = s;
done:
    basin_free(g);
    basin_free(hu);
    return st;
}
