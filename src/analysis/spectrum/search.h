/* What the search for extreme eigenpairs (lanczos.c) and the verification of what it found (verify.c) share. */
#ifndef BASIN_ANALYSIS_SPECTRUM_SEARCH_H
#define BASIN_ANALYSIS_SPECTRUM_SEARCH_H

#include "analysis/spectrum/krylov.h"

enum { BASIN_SEARCH_ROWS = 8 /* rows of the basis beyond the wanted pairs, at the least: where memory is short */ };

typedef struct basin_ends { /* which Ritz pairs of j, ascending, are meant: the last `top` and the first `bottom` */
    size_t top, bottom;
} basin_ends;

typedef struct basin_search {
    basin_krylov *k;
    basin_ends    wanted;
    size_t        count, max_products;
    double        tolerance, expected; /* products in all, for the progress */
    size_t       *keep;                /* [rows] */
    double       *values, *scratch;       /* [count] the wanted values, descending; [rows, rows] scratch */
    double       *residuals;           /* [rows] scratch */
    bool          proven;              /* no eigenvalue is missing, but for one chance in 10,000 */
    size_t        verifications;       /* begun */
    size_t        seen;                /* vectors and worst residual over the limit at the last look */
    double        worst;
} basin_search;

/* The indices of the pairs meant, of `used` ascending ones, into keep [top + bottom], descending by value; returns their number. */
size_t basin_ends_select(basin_ends e, size_t used, size_t *keep);

/* tolerance ‖H‖ */
double basin_search_limit(const basin_search *s);
/* What the recursion's residuals must reach: a part of that limit. */
double basin_search_goal(const basin_search *s);
/* The largest residual of the wanted pairs. */
double basin_search_worst(const basin_search *s);
/* Can pair i, one of those left out, turn out beyond the innermost wanted ones? Its residual says how far it may move. */
bool basin_search_unsettled(const basin_search *s, size_t i);
/* The pending vector of the largest weight; the last, a fresh one, where none has any. */
size_t basin_search_pending(const basin_search *s);
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
