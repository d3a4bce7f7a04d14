/* An orthonormal basis V of Krylov subspaces of H = ∇²F at a point and what H does to it, grown one
 * product at a time.
 *
 * Letters: P parameters; j vectors have been multiplied by H; h >= j vectors are held. The vectors
 * from j on are candidates: they belong to the basis, and a product with one of them extends what
 * is known. Where the basis is small, a candidate is released: new vectors are no longer made
 * orthogonal to it, but its couplings with the products are still known, so that residuals stay
 * exact.
 */
#ifndef BASIN_ANALYSIS_SPECTRUM_KRYLOV_H
#define BASIN_ANALYSIS_SPECTRUM_KRYLOV_H

#include "analysis/point.h"
#include "core/random.h"
#include "core/status.h"

enum { BASIN_KRYLOV_RELEASED = 3 }; /* how many released vectors are followed */

typedef struct basin_krylov {
    basin_point *point; /* borrowed */
    size_t       size;  /* P */
    size_t       rows;  /* maximum of h, at most P */
    size_t       used;  /* j */
    size_t       held;  /* h */
    /* [rows] orthonormal vectors [P], allocated when they are first needed */
    double **v;
    /* [rows, rows]: m[c, i] = v_i · H v_c for c < j and i < h, so that H v_c = Σ_i m[c, i] v_i +
       Σ_g s[g, c] u_g. */
    double *m;
    /* released vectors that are followed, at most BASIN_KRYLOV_RELEASED */
    size_t released;
    /* [P] what remains of each, orthogonal to all vectors held */
    double *u[BASIN_KRYLOV_RELEASED];
    /* [rows] the couplings of each with the products */
    double *s[BASIN_KRYLOV_RELEASED];
    double  left[BASIN_KRYLOV_RELEASED]; /* ‖u_g‖ <= 1 */
    /* [g, h]: u_g · u_h */
    double gram[BASIN_KRYLOV_RELEASED * BASIN_KRYLOV_RELEASED];
    /* steps are of H + Σ lift[g, h] u_g u_hᵀ, u as they were when basin_krylov_lift was called */
    bool   lifted;
    double lift[BASIN_KRYLOV_RELEASED * BASIN_KRYLOV_RELEASED];
    /* [rows] the components of each of those u along vectors held since */
    double *along[BASIN_KRYLOV_RELEASED];
    /* Frobenius norm of all that these sums leave out, by restarts and by chains that ended */
    double lost;
    /* more vectors were released than are followed: residuals do not follow from the products
       made */
    bool untracked;
    /* norm of what the last product had outside the basis; 0 where the subspace was invariant */
    double  beta;
    double  norm;    /* lower estimate of ‖H‖₂: the largest ‖Hv‖ and |Ritz value| seen */
    double  epsilon; /* relative rounding of a product */
    size_t  products;
    double *hv;   /* [P] scratch */
    double *h;    /* [rows] scratch */
    double *ritz; /* [j] ascending Ritz values, by basin_krylov_ritz */
    double *y;    /* [j, j] their vectors as rows */
    basin_random random;
} basin_krylov;

/* A random unit vector is the first candidate. `rows` is cut to P. Caller destroys. */
basin_status basin_krylov_create(basin_point *point, size_t rows, double epsilon, uint64_t seed,
                                 basin_krylov **out);
void         basin_krylov_destroy(basin_krylov **k);

/* Is there room for one more vector? There always is once all P are held. */
bool basin_krylov_has_room(const basin_krylov *k);
/* Multiplies candidate `which` (0 is the oldest) by H, so that used grows by 1. What is new in the
   product becomes the last candidate. Where nothing is new and no candidate remains, a fresh random
   vector becomes one. Needs room and used < P. */
basin_status basin_krylov_extend(basin_krylov *k, size_t which);
/* Adds a random vector as the last candidate. Needs room and held < P. */
basin_status basin_krylov_add_random(basin_krylov *k);
/* Eigenvalues and vectors of the projected matrix. */
basin_status basin_krylov_ritz(basin_krylov *k);
/* ‖Hx - ritz[i] x‖ of Ritz vector i, from the products made. */
double basin_krylov_residual(const basin_krylov *k, size_t i);
/* The part of it whose direction is not known: rounding within the basis, and what was lost. */
double basin_krylov_unfollowed(const basin_krylov *k, size_t i);
/* ‖u_g‖ times this is the part along released vector g, but for the sign of u_g. */
double basin_krylov_along_released(const basin_krylov *k, size_t i, size_t g);
/* How much of that residual lies along candidate `which`. */
double basin_krylov_coupling(const basin_krylov *k, size_t i, size_t which);
/* How much of it lies along the released vectors. */
double basin_krylov_released_coupling(const basin_krylov *k, size_t i);
/* x = Σ a[i] v_i over the first `count` vectors. */
void basin_krylov_combine(const basin_krylov *k, const double *a, size_t count, double *x);
/* Replaces the vectors multiplied by the Ritz vectors of these indices, in this order. The
   candidates remain. */
basin_status basin_krylov_restart(basin_krylov *k, const size_t *keep, size_t count);

/* Releases every candidate but `which`; all of them where there is no such candidate. */
void basin_krylov_release(basin_krylov *k, size_t which);
/* The released vectors become the last candidates again, as far as there is room. */
basin_status basin_krylov_readmit(basin_krylov *k);
/* Steps are of H + Σ lift[g, h] u_g u_hᵀ from now on, [RELEASED, RELEASED] over the released
   vectors as they are; NULL: of H again. m and s stay those of H: only what a step
   adds to the basis is another vector. */
void basin_krylov_lift(basin_krylov *k, const double *lift);
/* Row a, column b of the projection of that operator: of vectors that were multiplied since. */
double basin_krylov_lifted(const basin_krylov *k, size_t a, size_t b);
/* hx = H x by the products made, for x = Σ a[c] v_c over the vectors multiplied. */
void basin_krylov_apply(const basin_krylov *k, const double *a, double *hx);

#endif
