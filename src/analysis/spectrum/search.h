/* The search for extreme eigenpairs (lanczos.c) and the verification of what it found (verify.c). */
#ifndef BASIN_ANALYSIS_SPECTRUM_SEARCH_H
#define BASIN_ANALYSIS_SPECTRUM_SEARCH_H

#include "analysis/spectrum/krylov.h"

typedef struct basin_ends { /* which Ritz pairs of j, ascending, are meant: the last `top` and the first `bottom` */
    size_t top, bottom;
} basin_ends;

typedef struct basin_search {
    basin_krylov *k;
    basin_ends    wanted;
    size_t        count, max_products;
    double        tolerance, expected; /* products in all, for the progress */
    size_t       *keep;                /* [rows] */
    double       *theta, *chain;       /* [count] the wanted values, descending; [rows, rows] scratch */
    double       *residuals;           /* [rows] scratch */
    bool          proven;              /* no eigenvalue is missing, but for one chance in 10,000 */
    size_t        verifications;       /* begun */
    size_t        seen;                /* vectors and worst residual over the limit at the last look */
    double        worst;
} basin_search;

/* tolerance ‖H‖ */
double basin_search_limit(const basin_search *s);
/* No product is left to make. */
bool basin_search_spent(const basin_search *s);
/* Multiplies pending vector `which`. */
basin_status basin_search_step(basin_search *s, size_t which);
/* Of the Ritz pairs those of these ends stay. Of many vectors pending in a small basis only the one of the largest weight does. */
basin_status basin_search_keep(basin_search *s, basin_ends e);

/* By a second chain: +1, no eigenvalue is missing among the wanted, but for the chance; -1, the chain has met one at the level that it
   was to stay below, so one may be; 0, not known. Needs Ritz pairs; leaves the vectors of both chains, and what the first had pending as
   ghosts. */
basin_status basin_search_verify(basin_search *s, int *verdict);

#endif
