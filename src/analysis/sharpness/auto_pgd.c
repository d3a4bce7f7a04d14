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

enum { VECTORS = 6 };

typedef struct search {
    const basin_ball *ball;
    double           *x, *ascent, *before, *best, *best_ascent; /* [size] each */
    double           *z;                                        /* [size] room */
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

/* x moves; false where there is no ascent. */
static bool move(search *s, bool first)
{
    const basin_ball *ball = s->ball;

    if (is_zero(s->ascent, ball->size)) return false;
    for (size_t i = 0; i < ball->size; i++) s->z[i] = s->x[i] + s->step * s->ascent[i];
    ball->project(ball->payload, s->z);
    for (size_t i = 0; i < ball->size && !first; i++)
        s->z[i] = s->x[i] + MOMENTUM * (s->z[i] - s->x[i]) + (1.0 - MOMENTUM) * (s->x[i] - s->before[i]);
    if (!first) ball->project(ball->payload, s->z);
    basin_copy(s->x, s->before, ball->size);
    basin_copy(s->z, s->x, ball->size);
    return true;
}

static void keep_best(search *s)
{
    s->best_value = s->value;
    basin_copy(s->x, s->best, s->ball->size);
    basin_copy(s->ascent, s->best_ascent, s->ball->size);
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
        basin_copy(s->best, s->x, s->ball->size);
        basin_copy(s->best, s->before, s->ball->size);
        basin_copy(s->best_ascent, s->ascent, s->ball->size);
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
        BASIN_TRY(ball->climb(ball->payload, s->x, &s->value, s->ascent));
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

    BASIN_ALLOC(room, VECTORS * ball->size, "an ascent");
    double **vectors[VECTORS] = {&s.x, &s.ascent, &s.before, &s.best, &s.best_ascent, &s.z};
    for (size_t i = 0; i < VECTORS; i++) *vectors[i] = room + i * ball->size;
    basin_copy(x, s.x, ball->size);
    basin_copy(x, s.before, ball->size);
    BASIN_TRY(ball->climb(ball->payload, s.x, &s.value, s.ascent));
    keep_best(&s);
    s.best_before = s.best_value;
    BASIN_TRY(search_on(&s));
    basin_copy(s.best, x, ball->size);
    *best = isfinite(s.value) ? s.best_value : (double)NAN;
done:
    basin_free(room);
    return st;
}
