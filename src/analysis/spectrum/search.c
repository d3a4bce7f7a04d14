/* What the search for extreme eigenpairs (lanczos.c) and its verification (verify.c) do with the Krylov basis, step by step. */
#include "analysis/spectrum/search.h"

#include <math.h>

#include "core/progress.h"

#define WITHIN 0.9        /* of the tolerance, for the recursion's residual */
#define WITHIN_ALONE 0.25 /* the same where dropped vectors leave no trace: what several chains drop adds up in squares */

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
    return (s->k->forgot ? WITHIN_ALONE : WITHIN) * basin_search_limit(s);
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

    if (s->wanted.top > 0 && k->ritz[i] + residual > k->ritz[k->used - s->wanted.top] + basin_search_limit(s)) return true;
    return s->wanted.bottom > 0 && k->ritz[i] - residual < k->ritz[s->wanted.bottom - 1] - basin_search_limit(s);
}

bool basin_search_spent(const basin_search *s)
{
    return s->k->used == s->k->size || s->k->products >= s->max_products;
}

basin_status basin_search_step(basin_search *s, size_t which)
{
    basin_status st = BASIN_OK;
    double       done = (double)s->k->products;

    BASIN_TRY(basin_progress_report("lanczos", done, fmax(done + 1.0, fmin(s->expected, (double)s->max_products))));
    BASIN_TRY(basin_krylov_extend(s->k, which));
done:
    return st;
}

/* How much of the residuals that keep the search from its end lies along pending vector `which`: of the wanted pairs, or, once these have
 * converged, of those unsettled. */
static double weight_of(const basin_search *s, bool within, size_t which)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->k->used; i++) {
        bool   out = i >= s->wanted.bottom && i < s->k->used - s->wanted.top;
        double r = out != within || (out && !basin_search_unsettled(s, i)) ? 0.0 : basin_krylov_coupling(s->k, i, which);
        sum += r * r;
    }
    return sum;
}

size_t basin_search_pending(const basin_search *s)
{
    size_t pending = s->k->held - s->k->used, best = pending - 1;
    double most = 0.0;
    bool   within = pending > 1 && basin_search_worst(s) <= basin_search_goal(s);

    for (size_t p = 0; pending > 1 && p < pending; p++) {
        double weight = weight_of(s, within, p);
        if (weight > most) most = weight, best = p;
    }
    return best;
}

basin_status basin_search_keep(basin_search *s, basin_ends e)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;

    if (k->rows - s->count < k->held - k->used + BASIN_SEARCH_ROWS / 2) basin_krylov_forget(k, basin_search_pending(s));
    if (e.top + e.bottom < k->used) BASIN_TRY(basin_krylov_restart(k, s->keep, basin_ends_select(e, k->used, s->keep)));
    s->seen = k->used;
done:
    return st;
}
