/* What the search for extreme eigenpairs (lanczos.c) and its verification (verify.c) do with the Krylov
   basis, step by step. */
#include "analysis/spectrum/search.h"

#include <math.h>

#include "core/progress.h"

/* The residual by the recursion may be this share of the tolerance. */
#define SHARE_RECURSION 0.9
/* The same where some released vectors are not followed: what several chains leave out adds up in squares. */
#define SHARE_UNTRACKED 0.25

size_t basin_ends_select(basin_ends e, size_t used, size_t *keep)
{
    size_t count = 0;

    for (size_t i = 0; i < e.top; i++) keep[count++] = used - 1 - i;
    for (size_t i = 0; i < e.bottom; i++) keep[count++] = e.bottom - 1 - i;
    return count;
}

double basin_search_limit(const basin_search *s)
{
    return s->tolerance * s->k->norm;
}

double basin_search_goal(const basin_search *s)
{
    return (s->k->untracked ? SHARE_UNTRACKED : SHARE_RECURSION) * basin_search_limit(s);
}

double basin_search_worst(const basin_search *s)
{
    double worst = 0.0;

    for (size_t i = 0; i < s->count; i++) worst = fmax(worst, basin_krylov_residual(s->k, s->keep[i]));
    return worst;
}

bool basin_search_unsettled(const basin_search *s, size_t i)
{
    const basin_krylov *k = s->k;
    double              residual = basin_krylov_residual(k, i);

    if (s->wanted.top > 0 && k->ritz[i] + residual > k->ritz[k->used - s->wanted.top] + basin_search_limit(s))
        return true;
    return s->wanted.bottom > 0 &&
           k->ritz[i] - residual < k->ritz[s->wanted.bottom - 1] - basin_search_limit(s);
}

bool basin_search_spent(basin_search *s)
{
    const basin_krylov *k = s->k;

    if (k->used == k->size || k->products >= s->max_products) return true;
    /* without as many vectors as pairs there is no answer at all */
    s->late =
        s->late || (k->used >= s->count && basin_time_short(basin_pace_of(&s->pace, k->products, s->after)));
    return s->late;
}

basin_status basin_search_step(basin_search *s, size_t which)
{
    basin_status st = BASIN_OK;
    double       done = (double)s->k->products;

    if (s->k->used < s->count && basin_time_short(0.0))
        BASIN_TRY(basin_time_fail("products", s->k->products, s->count + s->after));
    BASIN_TRY(
        basin_progress_report("lanczos", done, fmax(done + 1.0, fmin(s->expected, (double)s->max_products))));
    BASIN_TRY(basin_krylov_extend(s->k, which));
done:
    return st;
}

/* The sum of squares of what lies along candidate `which` of the residuals that keep the search from its end.
 * These are the residuals of the wanted pairs; once those have converged, they are the residuals of the
 * unsettled pairs. */
static double weight_of(const basin_search *s, bool within, size_t which)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->k->used; i++) {
        bool   out = i >= s->wanted.bottom && i < s->k->used - s->wanted.top;
        double r = out != within || (out && !basin_search_unsettled(s, i))
                       ? 0.0
                       : basin_krylov_coupling(s->k, i, which);
        sum += r * r;
    }
    return sum;
}

size_t basin_search_candidate(const basin_search *s)
{
    size_t candidates = s->k->held - s->k->used, best = candidates - 1;
    double most = 0.0;
    bool   within = candidates > 1 && basin_search_worst(s) <= basin_search_goal(s);

    for (size_t p = 0; candidates > 1 && p < candidates; p++) {
        double weight = weight_of(s, within, p);
        if (weight > most) most = weight, best = p;
    }
    return best;
}

basin_status basin_search_keep(basin_search *s, basin_ends e)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;

    if (k->rows - s->count < k->held - k->used + BASIN_SEARCH_ROWS / 2)
        basin_krylov_release(k, basin_search_candidate(s));
    if (e.top + e.bottom < k->used)
        BASIN_TRY(basin_krylov_restart(k, s->keep, basin_ends_select(e, k->used, s->keep)));
    s->seen = k->used;
done:
    return st;
}
