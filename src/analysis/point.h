/* What every analysis begins with: an objective at one theta, and what follows from these alone.
   Letters: P parameters; L the objective, F = L + ½ thetaᵀWtheta what is measured, R the same with
   the recorded decay. */
#ifndef BASIN_ANALYSIS_POINT_H
#define BASIN_ANALYSIS_POINT_H

#include "core/decay.h"

struct basin_point {
    basin_objective     *objective; /* borrowed */
    size_t               size;      /* P */
    double              *theta;     /* [P] */
    basin_point_options  options;   /* its decays are the point's own */
    double              *each[2];   /* [P] or NULL: values of recorded and included decay */
    double              *scale;     /* [P] or NULL: options.scale */
    basin_loss           loss;      /* L, once there is a gradient */
    double              *gradient;  /* [P] ∇L, or NULL */
    double              *measured;  /* [P] ∇F; NULL where nobody has asked, and where F = L */
    double              *decayed;   /* [P] ∇R; NULL likewise */
    size_t               aside;     /* bytes that users of what is frozen hold */
    basin_curvature     *curvature; /* frozen, without weight decay; or NULL */
    basin_curvature_kind frozen; /* what that is: the point's operator, or ∇²L for stationarity */
    size_t               products; /* with the point's operator, so far */
    bool                 has_stationarity;
    basin_stationarity   stationarity;
};

/* Loss and gradient of an objective anywhere. BASIN_ERR_VALUE where theta is not finite,
 * BASIN_ERR_NUMERIC where they are not. */
basin_status basin_gradient_at(basin_objective *o, const double *theta, basin_loss *out,
                               double *g /* [P] */);

/* An analysis is about to hold so many bytes in addition to the frozen Hessian, which leaves room
   for them. One that is kept already and leaves less goes, and is frozen again when it is asked
   for. */
void basin_point_reserve(basin_point *point, size_t aside);
/* The point's operator without weight decay and scale, frozen; and ∇²L. The point's, of which it
   keeps the one that was asked for last. */
basin_status basin_point_curvature(basin_point *point, basin_curvature **out);
basin_status basin_point_hessian(basin_point *point, basin_curvature **out);
/* Passes over the samples come next: a frozen Hessian that leaves their threads no room goes. */
void basin_point_make_room(basin_point *point);
/* Relative rounding of a product: ε, or ε^{2/3} of a central difference with the best step.
 * Freezes where nothing is frozen yet. */
basin_status basin_point_epsilon(basin_point *point, double *out);
/* BASIN_ERR_NUMERIC, for the last product, with v [P], that is not finite: which it was, and the
   first sample whose own product is not finite either, where there is one. */
basin_status basin_point_not_finite(basin_point *point, const double *v);

#endif
