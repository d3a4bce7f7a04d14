/* Auto-PGD (F. Croce, M. Hein, ICML 2020, arXiv:2003.01690, algorithm 1), as its authors' code has it for an
 * ℓ2 ball: projected ascent along unit vectors with momentum, whose step halves where it does not get on.
 *
 *   1. z = P(x_k + s u_k), u_k the ascent of norm 1, s = 2ρ at first; P scales what is outside onto the
 *      sphere.
 *   2. x_{k+1} = P(x_k + a (z − x_k) + (1 − a)(x_k − x_{k−1})), a = 1 in the first step, then 3/4.
 *   3. At checkpoints, after 0.22 of the steps and then at distances that fall by 0.03 down to 0.06 of them:
 *      s halves, and the search goes on from the best point, if fewer than 3/4 of the steps since the last
 *      checkpoint rose, or if the best value is that of the last one, at which s was not halved.
 *
 * A maximum that was found is a lower bound of the maximum.
 */
#include "analysis/sharpness/auto_pgd.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define MOMENTUM 0.75
#define RISING 0.75 /* share of steps */

typedef struct search {
    const basin_ball *ball;
    double           *x, *ascent, *before, *best, *best_ascent; /* [size] each */
    double           *z;                                        /* [size] room */
    double            value, best_value, step;
    size_t            next, since, rising; /* steps to a checkpoint; since the last one, and how many rose */
    double            at_last;             /* the best value then */
    bool              halved;              /* then */
} search;

static void project(const basin_ball *ball, double *x)
{
    const double norm = ball->norm(ball->payload, x);

    if (norm > ball->radius) basin_scale(ball->radius / norm, x, ball->size);
}

/* x moves; false where there is no ascent. */
static bool move(search *s, double a)
{
    const basin_ball *ball = s->ball;
    const double      norm = ball->norm(ball->payload, s->ascent);

    if (!(norm > 0.0)) return false;
    basin_copy(s->x, s->z, ball->size);
    basin_axpy(s->step / norm, s->ascent, s->z, ball->size);
    project(ball, s->z);
    for (size_t i = 0; i < ball->size; i++) {
        const double now = s->x[i];
        s->x[i] = now + a * (s->z[i] - now) + (1.0 - a) * (now - s->before[i]);
        s->before[i] = now;
    }
    project(ball, s->x);
    return true;
}

static void keep_best(search *s)
{
    if (!(s->value > s->best_value)) return;
    s->best_value = s->value;
    basin_copy(s->x, s->best, s->ball->size);
    basin_copy(s->ascent, s->best_ascent, s->ball->size);
}

static size_t share(const basin_ball *ball, double of)
{
    const size_t steps = (size_t)(of * (double)ball->steps);
    return steps > 0 ? steps : 1;
}

static void check(search *s)
{
    const basin_ball *ball = s->ball;
    const size_t      least = share(ball, 0.06), less = share(ball, 0.03);
    const bool        stuck = !s->halved && s->best_value <= s->at_last;

    s->halved = (double)s->rising <= RISING * (double)s->since || stuck;
    s->at_last = s->best_value;
    s->since = s->rising = 0;
    s->next = s->next > least + less ? s->next - less : least;
    if (!s->halved) return;
    s->step *= 0.5;
    basin_copy(s->best, s->x, ball->size);
    basin_copy(s->best_ascent, s->ascent, ball->size);
}

static basin_status search_on(search *s)
{
    basin_status      st = BASIN_OK;
    const basin_ball *ball = s->ball;

    for (size_t k = 0; k < ball->steps && isfinite(s->value); k++) {
        const double before = s->value;
        BASIN_TRY(basin_progress_poll());
        if (!move(s, k > 0 ? MOMENTUM : 1.0)) break;
        BASIN_TRY(ball->climb(ball->payload, s->x, &s->value, s->ascent));
        s->rising += s->value > before;
        keep_best(s);
        if (++s->since == s->next) check(s);
    }
done:
    return st;
}

basin_status basin_auto_pgd(const basin_ball *ball, double *x, double *best)
{
    basin_status st = BASIN_OK;
    search       s = {.ball = ball, .step = 2.0 * ball->radius, .next = share(ball, 0.22), .halved = true};
    double      *room = NULL;

    BASIN_ALLOC(room, 6 * ball->size, "an ascent");
    double **vectors[] = {&s.x, &s.ascent, &s.before, &s.best, &s.best_ascent, &s.z};
    for (size_t i = 0; i < 6; i++) *vectors[i] = room + i * ball->size;
    basin_copy(x, s.x, ball->size);
    basin_copy(x, s.before, ball->size);
    basin_copy(x, s.best, ball->size);
    BASIN_TRY(ball->climb(ball->payload, s.x, &s.value, s.ascent));
    s.best_value = s.at_last = s.value;
    basin_copy(s.ascent, s.best_ascent, ball->size);
    BASIN_TRY(search_on(&s));
    basin_copy(s.best, x, ball->size);
    *best = isfinite(s.value) ? s.best_value : (double)NAN;
done:
    basin_free(room);
    return st;
}
