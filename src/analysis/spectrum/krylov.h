/* An orthonormal basis V of Krylov subspaces of H and what H does to it, grown one product at a time.
   Letters: P parameters, j vectors multiplied, h >= j vectors held; those from j on are pending: known, not multiplied. */
#ifndef BASIN_ANALYSIS_SPECTRUM_KRYLOV_H
#define BASIN_ANALYSIS_SPECTRUM_KRYLOV_H

#include "core/random.h"
#include "core/status.h"

enum { BASIN_KRYLOV_GHOSTS = 3 };

typedef struct basin_krylov {
    basin_curvature *curvature; /* borrowed */
    size_t           size;      /* P */
    size_t           rows;      /* most vectors held, <= P */
    size_t           used;      /* j */
    size_t           held;      /* h */
    double         **v;         /* [rows] orthonormal vectors [P], allocated when they are first needed */
    double          *m;         /* [rows, rows]: v_i · H v_c for c < j, i < h, so that H v_c = Σ_i m[c, i] v_i + Σ_g s[g, c] u_g */
    size_t           ghosts;    /* vectors that no longer pend, but what of the products lies along them is known */
    double          *u[BASIN_KRYLOV_GHOSTS], *s[BASIN_KRYLOV_GHOSTS]; /* [P] orthogonal to all held; [rows] */
    double           left[BASIN_KRYLOV_GHOSTS]; /* ‖u_g‖ <= 1 */
    double           lost;      /* Frobenius norm of all that these sums leave out, of restarts and ended chains */
    bool             forgot;    /* more ghosts than that were left out: residuals do not follow from the products made */
    double           beta;      /* what the last product had beyond the basis; 0 where the subspace was invariant */
    double           norm;      /* lower estimate of ‖H‖₂: the largest ‖Hv‖ and |Ritz value| seen */
    double           epsilon;   /* relative rounding of a product */
    size_t           products;
    double          *hv, *h;    /* [P], [rows] scratch */
    double          *ritz, *y;  /* [j] ascending Ritz values and [j, j] their vectors as rows, by basin_krylov_ritz */
    basin_random     random;
} basin_krylov;

/* A random unit vector pends. `rows` is cut to P. Caller destroys. */
basin_status basin_krylov_create(basin_curvature *c, size_t rows, double epsilon, uint64_t seed, basin_krylov **out);
void         basin_krylov_destroy(basin_krylov **k);

/* Room for one more vector? Always once all P are held. */
bool basin_krylov_has_room(const basin_krylov *k);
/* Multiplies pending vector `which` (0 is the oldest): used + 1. What is new in the product pends as the last. Where nothing
   is new and nothing else pends, a fresh random vector does. Needs room and used < P. */
basin_status basin_krylov_extend(basin_krylov *k, size_t which);
/* One more random vector pends as the last. Needs room and held < P. */
basin_status basin_krylov_add_random(basin_krylov *k);
/* Eigenvalues and vectors of the projected matrix. */
basin_status basin_krylov_ritz(basin_krylov *k);
/* ‖Hx - ritz[i] x‖ of Ritz vector i from the products made; more where there are ghosts: they count by the triangle inequality. */
double basin_krylov_residual(const basin_krylov *k, size_t i);
/* How much of that residual lies along pending vector `which`. */
double basin_krylov_coupling(const basin_krylov *k, size_t i, size_t which);
/* At most so much of it lies along the ghosts. */
double basin_krylov_ghost_coupling(const basin_krylov *k, size_t i);
/* x = Σ a[i] v_i over the first `count` vectors. */
void basin_krylov_combine(const basin_krylov *k, const double *a, size_t count, double *x);
/* The vectors multiplied become the Ritz vectors of these indices, in this order; those pending stay. */
basin_status basin_krylov_restart(basin_krylov *k, const size_t *keep, size_t count);

/* Of the vectors pending only `which` stays, none where there is no such. The others become ghosts: new vectors are not made
   orthogonal to them, but they to the new ones, so that residuals stay exact. */
void basin_krylov_forget(basin_krylov *k, size_t which);
/* The ghosts pend again, as the last, as far as there is room. */
basin_status basin_krylov_recall(basin_krylov *k);
/* hx = H x by the products made, for x = Σ a[c] v_c over the vectors multiplied. */
void basin_krylov_apply(const basin_krylov *k, const double *a, double *hx);

#endif
