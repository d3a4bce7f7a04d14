/* The largest rise of the loss within a ball of perturbations, by Auto-PGD.
 *
 *     worst_l2             max F(theta + delta) − F(theta),  ‖delta‖_2 ≤ rho
 *     worst_linf           the same,                         ‖delta‖_∞ ≤ rho
 *     adaptive_worst_l2    the same,                         ‖delta ⊘ |theta|‖_2 ≤ rho
 *     adaptive_worst_linf  the same,                         ‖delta ⊘ |theta|‖_∞ ≤ rho
 *
 * (Andriushchenko, Croce, Müller, Hein & Flammarion, arXiv:2302.07011, eq. 2.) With delta = c ⊙ u, c = 1 or
 * |theta|, the ball is one of u, and the climb is in u: then it is the same climb for every rescaling of
 * neurons, and so is what it finds.
 *
 * Method (F. Croce & M. Hein, arXiv:2003.01690, algorithm 1; n steps, alpha = 0.75)
 *   1. Step eta = 2 rho, from u_0 = 0, along the steepest ascent of the norm: c g/‖c g‖_2, or sign(c g).
 *   2. z = P(u_k + eta a), P the projection onto the ball;
 *      u_{k+1} = P(u_k + alpha (z − u_k) + (1 − alpha) (u_k − u_{k−1})), where the first step is z itself.
 *   3. At checkpoints w_j = ⌈p_j n⌉, p_0 = 0, p_1 = 0.22, p_{j+1} = p_j + max(p_j − p_{j−1} − 0.03, 0.06):
 *      where fewer than three quarters of the steps since the last one rose, or neither eta nor the best
 *      value have changed since, eta is halved and the climb goes on from the best point.
 *   4. The best value of all points is handed back: n + 1 gradients in all, the first of them at theta.
 * The same again from random points in the ball (--restarts), and once where the gradient at theta is zero.
 *
 * A maximum that was found is a lower bound. In the authors' code the random start is the only one (restarts
 * without it fail there), the projection onto the ellipsoid is Euclidean, and going back to the best point
 * moves the weights but not the perturbation that the next step is added to; none of this is taken over.
 *
 * A parameter that is 0 does not move where c = |theta|.
 */
#include <math.h>
#include <string.h>

#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

enum { STEPS = 20 };

static const double ALPHA = 0.75, RISING = 0.75;

typedef struct climb {
    const basin_sharpening *task;
    basin_sharpness_row    *row;
    size_t                  size, steps;
    bool                    infinite, adaptive;
    double                  rho;
    double                 *u, *before, *best; /* [P] u_k, u_{k−1} and the best of them */
    double                 *best_g;            /* [P] ∇F at the best */
    double                 *x, *g, *z;         /* [P] theta + c u, ∇F there; room */
    double                  value, most;       /* F at u and at the best */
} climb;

static void release(climb *c)
{
    double **const all[] = {&c->u, &c->before, &c->best, &c->best_g, &c->x, &c->g, &c->z};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) basin_free(*all[i]);
}

static basin_status prepare(climb *c)
{
    basin_status   st = BASIN_OK;
    double **const all[] = {&c->u, &c->before, &c->best, &c->best_g, &c->x, &c->g, &c->z};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) BASIN_ALLOC(*all[i], c->size, "a climb");
done:
    return st;
}

static double scale_at(const climb *c, size_t i)
{
    return c->adaptive ? fabs(c->task->point->theta[i]) : 1.0;
}

/* F and its gradient at u. */
static basin_status evaluate(climb *c)
{
    basin_status  st = BASIN_OK;
    const double *theta = c->task->point->theta;

    for (size_t i = 0; i < c->size; i++) c->x[i] = theta[i] + scale_at(c, i) * c->u[i];
    BASIN_TRY(basin_sharpening_gradient(c->task, c->x, true, c->row, &c->value, c->g));
done:
    return st;
}

/* Onto the ball of radius rho. */
static void project(const climb *c, double *u)
{
    if (c->infinite) {
        for (size_t i = 0; i < c->size; i++) u[i] = fmax(-c->rho, fmin(c->rho, u[i]));
        return;
    }
    const double norm = basin_norm(u, c->size);
    if (norm > c->rho) basin_scale(c->rho / norm, u, c->size);
}

/* The direction of steepest ascent in u into z; false where there is none. */
static bool steepest(climb *c)
{
    double norm;

    for (size_t i = 0; i < c->size; i++) c->z[i] = scale_at(c, i) * c->g[i];
    norm = basin_norm(c->z, c->size);
    if (!(norm > 0.0) || !isfinite(norm)) return false;
    for (size_t i = 0; i < c->size; i++)
        c->z[i] = c->infinite ? (double)((c->z[i] > 0.0) - (c->z[i] < 0.0)) : c->z[i] / norm;
    return true;
}

/* Step 2; false where the gradient is zero. */
static bool move(climb *c, double eta, bool first)
{
    if (!steepest(c)) return false;
    for (size_t i = 0; i < c->size; i++) c->z[i] = c->u[i] + eta * c->z[i];
    project(c, c->z);
    for (size_t i = 0; i < c->size && !first; i++)
        c->z[i] = c->u[i] + ALPHA * (c->z[i] - c->u[i]) + (1.0 - ALPHA) * (c->u[i] - c->before[i]);
    if (!first) project(c, c->z);
    basin_copy(c->u, c->before, c->size);
    basin_copy(c->z, c->u, c->size);
    return true;
}

static void keep_best(climb *c)
{
    c->most = c->value;
    basin_copy(c->u, c->best, c->size);
    basin_copy(c->g, c->best_g, c->size);
}

/* The checkpoints of step 3: w > the one before, at most n. */
typedef struct checkpoints {
    double p, before;
    size_t w, last;
} checkpoints;

static void next_checkpoint(checkpoints *w, size_t steps)
{
    const double p = w->p + fmax(w->p - w->before - 0.03, 0.06);

    w->last = w->w;
    w->before = w->p, w->p = p;
    w->w = (size_t)ceil(p * (double)steps);
    if (w->w <= w->last) w->w = w->last + 1;
}

/* From u, where value and gradient are known. */
static basin_status ascend(climb *c)
{
    basin_status st = BASIN_OK;
    checkpoints  w = {.p = 0.22, .w = (size_t)ceil(0.22 * (double)c->steps)};
    double       eta = 2.0 * c->rho, eta_before = eta, most_before = c->most;
    size_t       rose = 0;

    for (size_t k = 0; k < c->steps; k++) {
        const double last = c->value;
        BASIN_TRY(basin_progress_report("worst case", (double)k, (double)c->steps));
        if (!move(c, eta, k == 0)) break;
        BASIN_TRY(evaluate(c));
        if (!isfinite(c->value)) break;
        rose += c->value > last;
        if (c->value > c->most) keep_best(c);
        if (k + 1 != w.w) continue;
        if ((double)rose < RISING * (double)(w.w - w.last) || (eta == eta_before && c->most == most_before)) {
            eta_before = eta, eta *= 0.5;
            c->value = c->most;
            basin_copy(c->best, c->u, c->size);
            basin_copy(c->best, c->before, c->size);
            basin_copy(c->best_g, c->g, c->size);
        } else {
            eta_before = eta;
        }
        most_before = c->most, rose = 0;
        next_checkpoint(&w, c->steps);
    }
done:
    return st;
}

/* A random point of the ball: of the surface of the 2-ball, or uniform in the box. */
static void random_start(climb *c, basin_random *random)
{
    if (c->infinite) {
        for (size_t i = 0; i < c->size; i++) c->u[i] = c->rho * (2.0 * basin_random_uniform(random) - 1.0);
        return;
    }
    basin_random_normals(random, c->u, c->size);
    const double norm = basin_norm(c->u, c->size);
    if (norm > 0.0) basin_scale(c->rho / norm, c->u, c->size);
}

static basin_status all_starts(climb *c)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(c->task->options->seed, BASIN_STREAM_SHARPNESS_STARTS);
    size_t       restarts = c->task->options->restarts;

    memset(c->u, 0, c->size * sizeof *c->u);
    BASIN_TRY(evaluate(c));
    keep_best(c);
    if (restarts == 0 && !steepest(c)) restarts = 1;
    BASIN_TRY(ascend(c));
    for (size_t i = 0; i < restarts && isfinite(c->value); i++) {
        random_start(c, &random);
        BASIN_TRY(evaluate(c));
        if (c->value > c->most) keep_best(c);
        BASIN_TRY(ascend(c));
    }
    if (!isfinite(c->value))
        BASIN_TRY(basin_sharpness_lacks(c->row, "the loss is not finite within the ball"));
    else
        BASIN_TRY(basin_sharpness_take(c->row, c->most - c->task->loss));
    if (restarts > 0)
        BASIN_TRY(basin_sharpness_say(c->row, "%zu steps from each of %zu starts", c->steps, restarts + 1));
    else
        BASIN_TRY(basin_sharpness_say(c->row, "%zu steps", c->steps));
done:
    return st;
}

static basin_status worst(const basin_sharpening *task, bool infinite, bool adaptive,
                          basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;
    climb        c = {.task = task, .size = task->point->size, .infinite = infinite, .adaptive = adaptive};

    BASIN_TRY(prepare(&c));
    for (size_t i = 0; i < count; i++) {
        c.row = &rows[i], c.rho = rows[i].rho;
        c.steps = basin_sharpening_steps(task, STEPS, c.row);
        BASIN_TRY(all_starts(&c));
    }
done:
    release(&c);
    return st;
}

static void cost_of(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_row row;
    const size_t        climbs = 1 + task->options->restarts;
    const size_t        gradients = count * climbs * (1 + basin_sharpening_steps(task, STEPS, &row));

    if (task->options->batch_size > 0)
        basin_sharpness_cost_batches(task, gradients, 0, cost);
    else
        cost->gradients += gradients;
}

/* All samples together, or each batch by itself. */
#define WORST(name, infinite, adaptive)                                                                     \
    static basin_status whole_##name(const basin_sharpening *task, basin_sharpness_row *rows, size_t count) \
    {                                                                                                       \
        return worst(task, infinite, adaptive, rows, count);                                                \
    }                                                                                                       \
    basin_status basin_sharpness_by_##name(const basin_sharpening *task, basin_sharpness_row *rows,         \
                                           size_t count)                                                    \
    {                                                                                                       \
        if (task->options->batch_size == 0) return whole_##name(task, rows, count);                         \
        return basin_sharpness_over_batches(task, whole_##name, rows, count);                               \
    }                                                                                                       \
    void basin_sharpness_cost_##name(const basin_sharpening *task, size_t count, basin_cost *cost)          \
    {                                                                                                       \
        cost_of(task, count, cost);                                                                         \
    }

WORST(worst_l2, false, false)
WORST(worst_linf, true, false)
WORST(adaptive_worst_l2, false, true)
WORST(adaptive_worst_linf, true, true)
