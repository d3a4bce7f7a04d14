/* Vectors of P numbers, some of them as the rows of a matrix V: what the Krylov basis does with
   them, by all threads. They share sections whose bounds depend on P alone and whose sums are added
   up in order: the same bits for any number of threads. */
#ifndef BASIN_CORE_VECTORS_H
#define BASIN_CORE_VECTORS_H

#include "core/status.h"

enum { BASIN_VECTORS_STRIP = 512 /* columns of V turned at once */ };

/* h [rows] = V x. V is read once. */
void basin_vectors_dot(double *const *v, size_t rows, const double *x, size_t size, double *h);
/* x += factor Vᵀa; V is read once, and x. Returns ‖x‖² of the outcome. */
double basin_vectors_add(double *const *v, size_t rows, const double *a, double factor, double *x,
                         size_t size);
/* ‖x‖ where the sum of squares is known: taken anew where that may have over- or underflown. */
double basin_vectors_norm(double squares, const double *x, size_t size);
/* out = x / norm; may be x. */
void basin_vectors_divide(const double *x, double norm, double *out, size_t size);
/* x [count, P] loses its components along the orthonormal v[0], … v[rows - 1]; h [rows] are those
   of the last of x. */
void basin_vectors_deflate(double *const *v, size_t rows, double *x, size_t count, size_t size,
                           double *h);
/* The first `count` of v [used] become those of rows [count, used] V. */
basin_status basin_vectors_turn(double *const *v, size_t used, const double *rows, size_t count,
                                size_t size);
/* Turns v [P] so that its entry of largest magnitude (the first on ties) is positive. */
void basin_vectors_orient(double *v, size_t size);

#endif
