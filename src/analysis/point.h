/* What every analysis begins with: loss and gradient at one theta, refused where they are not finite, and the frozen Hessian. */
#ifndef BASIN_ANALYSIS_POINT_H
#define BASIN_ANALYSIS_POINT_H

#include "core/status.h"

/* Of the objective as it is set. BASIN_ERR_NUMERIC where the loss or the gradient overflows. `out` may be NULL. */
basin_status basin_point_gradient(basin_objective *o, const double *theta, basin_loss *out, double *g /* [P] */);
/* The same without the objective's weight decay, which stays as it is set. */
basin_status basin_point_bare_gradient(basin_objective *o, const double *theta, basin_loss *out, double *g /* [P] */);

/* The Hessian of the objective without its weight decay, frozen. Caller destroys. */
basin_status basin_point_bare_freeze(basin_objective *o, const double *theta, basin_curvature **out);
/* Losses at theta + t[i] d, likewise without. */
basin_status basin_point_bare_line(basin_objective *o, const double *theta, const double *d, const double *t, size_t n, basin_loss *out);
/* Relative rounding of a product: ε, or ε^{2/3} of a central difference with the best step. */
double basin_point_epsilon(const basin_objective *o, const basin_curvature *c);

/* The Hessian at theta, frozen so that the memory limit leaves `beside` bytes for what its user is about to hold. Caller destroys. */
basin_status basin_point_freeze(basin_objective *o, const double *theta, size_t beside, basin_curvature **out);

#endif
