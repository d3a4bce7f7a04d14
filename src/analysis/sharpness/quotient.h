/* The tangent space at a theta in which pairs of matrices (basin_factor_pair) count by their
   products G Hᵀ alone, and the other parameters by their magnitudes. Vectors are double[P].
   (src/analysis/sharpness/quotient.c) */
#ifndef BASIN_ANALYSIS_SHARPNESS_QUOTIENT_H
#define BASIN_ANALYSIS_SHARPNESS_QUOTIENT_H

#include "core/random.h"

typedef struct basin_quotient basin_quotient;

/* params and theta [P] are borrowed. BASIN_ERR_NUMERIC names the pair of which a Gram matrix is
   singular: there is no metric there. Caller destroys. */
basin_status basin_quotient_create(const basin_params *params, const double *theta,
                                   basin_quotient **out);
void         basin_quotient_destroy(basin_quotient **q);

double basin_quotient_inner(basin_quotient *q, const double *a, const double *b);
/* In place, onto the horizontal vectors: those orthogonal to all (G L, -H Lᵀ). */
void basin_quotient_project(basin_quotient *q, double *x);
/* In place, a gradient with respect to a tangent vector becomes the vector of steepest ascent: the
   horizontal one whose inner product with another is the derivative along that. */
void basin_quotient_raise(basin_quotient *q, double *g);
/* In place, standard normal numbers become a random horizontal vector. For a pair they are taken
   anew from `random`: a function of the product alone. */
basin_status basin_quotient_random(basin_quotient *q, basin_random *random, double *x);
/* to = theta + x - ½ Γ(x, x), where the geodesic along x is at 1, to second order. */
void basin_quotient_move(basin_quotient *q, const double *x, double *to);
/* In place, the gradient with respect to theta at the end of that becomes the one with respect
   to x. */
void basin_quotient_pull(basin_quotient *q, const double *x, double *g);

#endif
