/* An orthonormal basis V of a Krylov subspace of H and the projection T = V H Vᵀ, grown one product at a time.
   Letters: P parameters, m capacity, j vectors in use. */
#ifndef BASIN_ANALYSIS_KRYLOV_H
#define BASIN_ANALYSIS_KRYLOV_H

#include "core/random.h"
#include "core/status.h"

typedef struct basin_krylov {
    basin_curvature *curvature; /* borrowed */
    size_t           size;      /* P */
    size_t           capacity;  /* m <= P */
    size_t           used;      /* j <= m: rows of V that T knows */
    double          *v;         /* [m + 1, P] orthonormal rows; row j is the next one to be multiplied (none once j = P) */
    double          *t;         /* [m, m], the leading [j, j] */
    double           beta;      /* H V_jᵀ = V_jᵀ T + beta v_{j+1} e_jᵀ; 0 where the subspace was invariant */
    double           norm;      /* lower estimate of ‖H‖₂: the largest ‖Hv‖ and |Ritz value| seen */
    double           epsilon;   /* relative rounding of a product */
    size_t           products;
    double          *hv, *h;    /* [P], [m + 1] scratch */
    double          *ritz, *y;  /* [m] ascending eigenvalues of T and [m, m] its eigenvectors as rows, by basin_krylov_ritz */
    basin_random     random;
} basin_krylov;

/* A random unit vector as first row. `capacity` is cut to P. Caller destroys. */
basin_status basin_krylov_create(basin_curvature *c, size_t capacity, double epsilon, uint64_t seed, basin_krylov **out);
void         basin_krylov_destroy(basin_krylov **k);

/* One product; used + 1. Needs used < capacity. */
basin_status basin_krylov_extend(basin_krylov *k);
/* Eigenvalues and vectors of T. */
basin_status basin_krylov_ritz(basin_krylov *k);
/* ‖Hx - ritz[i] x‖ of Ritz vector i, from the recursion. */
double basin_krylov_residual(const basin_krylov *k, size_t i);
/* The basis becomes the Ritz vectors of these indices, in this order; the next vector stays, or becomes a fresh random one. */
basin_status basin_krylov_restart(basin_krylov *k, const size_t *keep, size_t count, bool fresh);

/* x [count, P] loses its components along the orthonormal rows q [rows, P]; h [rows] is scratch. */
void basin_krylov_deflate(const double *q, size_t rows, double *x, size_t count, size_t size, double *h);

#endif
