/* What the search for extreme eigenpairs (lanczos.c) and the verification of what it found
   (verify.c) share. */
#ifndef BASIN_ANALYSIS_SPECTRUM_SEARCH_H
#define BASIN_ANALYSIS_SPECTRUM_SEARCH_H

#include "analysis/spectrum/krylov.h"
#include "core/deadline.h"

enum {
    BASIN_SEARCH_ROWS =
        8 /* rows of the basis beyond the wanted pairs, at the least: where memory is short */
};

/* which Ritz pairs of j, ascending, are meant: the last `top` and the first `bottom` */
typedef struct basin_ends {
    size_t top, bottom;
} basin_ends;

typedef struct basin_search {
    basin_krylov *k;
    basin_ends    wanted;
    size_t        count; /* of wanted pairs */
    size_t        max_products;
    double        tolerance; /* relative to ‖H‖ */
    double        expected;  /* products in all, for the progress */
    /* [rows] indices of Ritz pairs; the first `count` are the wanted ones */
    size_t    *keep;
    double    *values;        /* [count] the wanted Ritz values, descending */
    double    *scratch;       /* [rows + 1, rows] */
    double    *residuals;     /* [rows] scratch */
    bool       no_proof;      /* none is wanted */
    bool       proven;        /* no eigenvalue is missing, but for one chance in 10,000 */
    size_t     verifications; /* begun */
    size_t     seen;          /* vectors multiplied at the last look */
    double     worst;         /* the worst residual then, relative to its goal */
    basin_pace pace;
    size_t     after; /* products that come once the search has ended */
    bool       late;  /* it ended because no time was left for more than those */
} basin_search;

/* Writes the indices of the pairs meant, of `used` ascending ones, into keep [top + bottom],
   descending by value; returns their number. */
size_t basin_ends_select(basin_ends e, size_t used, size_t *keep);

/* The largest residual that is allowed: tolerance ‖H‖. */
double basin_search_limit(const basin_search *s);
/* What the residual by the recursion must reach: a share of that limit. */
double basin_search_goal(const basin_search *s);
/* The largest residual of the wanted pairs. */
double basin_search_worst(const basin_search *s);
/* Can pair i, one of those left out, turn out beyond the innermost wanted ones? Its residual says
   how far it may move. */
bool basin_search_unsettled(const basin_search *s, size_t i);
/* The candidate of the largest weight. Where none has any it is the last, which is a fresh one. */
size_t basin_search_candidate(const basin_search *s);
/* Is there no product left to make, or no time for it? */
bool basin_search_spent(basin_search *s);
/* Multiplies candidate `which`. */
basin_status basin_search_step(basin_search *s, size_t which);
/* Restarts with the Ritz pairs `e`. If the basis is small, only the candidate with the largest
   weight remains. */
basin_status basin_search_keep(basin_search *s, basin_ends e);

/* Runs a second chain. *verdict is +1 where it proves that no eigenvalue is missing among the
   wanted ones (but for one chance in 10,000), -1 where it has met an eigenvalue at the level below
   which it was to stay, so that one may be missing, and 0 where it does not know. Needs Ritz pairs.
   Afterwards the basis holds the vectors of both chains, and the candidates of the first are
   released. */
basin_status basin_search_verify(basin_search *s, int *verdict);

#endif
