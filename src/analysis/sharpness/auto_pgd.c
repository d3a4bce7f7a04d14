/* Auto-PGD (F. Croce, M. Hein, ICML 2020, arXiv:2003.01690, algorithm 1; n steps, a = 0.75): projected ascent
 * along unit vectors with momentum, whose step halves where it does not get on.
 *
 *   1. z = P(x_k + s u_k), u_k the ascent of norm 1, s = 2ρ at first, P the projection onto the ball.
 *   2. x_{k+1} = P(x_k + a (z − x_k) + (1 − a)(x_k − x_{k−1})); the first step is z itself.
 *   3. At checkpoints w_j = ⌈p_j n⌉, p_0 = 0, p_1 = 0.22, p_{j+1} = p_j + max(p_j − p_{j−1} − 0.03, 0.06):
 *      where fewer than three quarters of the steps since the last one rose, or neither s nor the best value
 *      have changed since, s is halved, and the search goes on from the best point, at rest.
 *
 * A maximum that was found is a lower bound of the maximum. In the code of Andriushchenko et al. going back
 * to the best point moves the weights but not the perturbation that the next step is added to; that is not
 * taken over.
 */
#include "analysis/sharpness/auto_pgd.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

static const double MOMENTUM = 0.75, RISING = 0.75;

/* Points are handed round, not copied, since passes over long vectors cost more than a gradient of a small
 * batch: four buffers hold x_k, x_{k−1}, the best and the one that is made, of which the first three may be
 * the same; two hold the ascents here and at the best point. */
enum { POINTS = 4, ASCENTS = 2 };

typedef struct search {
    const basin_ball *ball;
    double           *points[POINTS], *ascents[ASCENTS]; /* [size] each */
    const double     *x, *before, *best;                 /* of the points */
    const double     *ascent, *best_ascent;              /* of the ascents */
    double            value, best_value;
    double            step, step_before, best_before; /* now, and at the last checkpoint */
    double            p, p_before;                    /* of the next checkpoint and of the last one */
    size_t            next, last;                     /* their steps */
    size_t            rising;                         /* steps since the last that rose */
} search;

static bool is_zero(const double *x, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (x[i] != 0.0) return false;
    return true;
}

static double *free_point(const search *s)
{
    size_t i = 0;

    while (s->points[i] == s->x || s->points[i] == s->before || s->points[i] == s->best) i++;
    return s->points[i];
}

/* x moves; false where there is no ascent. */
static bool move(search *s, bool first)
{
    const basin_ball *ball = s->ball;
    const double     *x = s->x, *before = s->before, *ascent = s->ascent;
    double           *z = free_point(s);

    if (is_zero(ascent, ball->size)) return false;
    for (size_t i = 0; i < ball->size; i++) z[i] = x[i] + s->step * ascent[i];
    ball->project(ball->payload, z);
    for (size_t i = 0; i < ball->size && !first; i++)
        z[i] = x[i] + MOMENTUM * (z[i] - x[i]) + (1.0 - MOMENTUM) * (x[i] - before[i]);
    if (!first) ball->project(ball->payload, z);
    s->before = x, s->x = z;
    return true;
}

/* Value and ascent at x; those at the best point are kept. */
static basin_status climb(search *s)
{
    double *ascent = s->ascents[s->best_ascent == s->ascents[0]];

    s->ascent = ascent;
    return s->ball->climb(s->ball->payload, s->x, &s->value, ascent);
}

static void keep_best(search *s)
{
    s->best_value = s->value;
    s->best = s->x, s->best_ascent = s->ascent;
}

static void next_checkpoint(search *s)
{
    const double p = s->p + fmax(s->p - s->p_before - 0.03, 0.06);

    s->p_before = s->p, s->p = p;
    s->last = s->next;
    s->next = (size_t)ceil(p * (double)s->ball->steps);
    if (s->next <= s->last) s->next = s->last + 1;
    s->rising = 0, s->best_before = s->best_value;
}

/* Step 3. */
static void check(search *s)
{
    const bool idle = (double)s->rising < RISING * (double)(s->next - s->last);
    const bool stuck = s->step == s->step_before && s->best_value == s->best_before;

    s->step_before = s->step;
    if (idle || stuck) {
        s->step *= 0.5;
        s->value = s->best_value;
        s->x = s->before = s->best;
        s->ascent = s->best_ascent;
    }
    next_checkpoint(s);
}

static basin_status search_on(search *s)
{
    basin_status      st = BASIN_OK;
    const basin_ball *ball = s->ball;

    for (size_t k = 0; k < ball->steps && isfinite(s->value); k++) {
        const double before = s->value;
        BASIN_TRY(basin_progress_poll());
        if (!move(s, k == 0)) break;
        BASIN_TRY(climb(s));
        s->rising += s->value > before;
        if (s->value > s->best_value) keep_best(s);
        if (k + 1 == s->next) check(s);
    }
done:
    return st;
}

basin_status basin_auto_pgd(const basin_ball *ball, double *x, double *best)
{
    basin_status st = BASIN_OK;
    search       s = {.ball = ball,
                      .step = 2.0 * ball->radius,
                      .step_before = 2.0 * ball->radius,
                      .p = 0.22,
                      .next = (size_t)ceil(0.22 * (double)ball->steps)};
    double      *room = NULL;

    BASIN_ALLOC(room, (POINTS + ASCENTS) * ball->size, "an ascent");
    for (size_t i = 0; i < POINTS; i++) s.points[i] = room + i * ball->size;
    for (size_t i = 0; i < ASCENTS; i++) s.ascents[i] = room + (POINTS + i) * ball->size;
    basin_copy(x, s.points[0], ball->size);
    s.x = s.before = s.points[0];
    BASIN_TRY(climb(&s));
    keep_best(&s);
    s.best_before = s.best_value;
    BASIN_TRY(search_on(&s));
    basin_copy(s.best, x, ball->size);
    *best = isfinite(s.value) ? s.best_value : (double)NAN;
done:
    basin_free(room);
    return st;
}
