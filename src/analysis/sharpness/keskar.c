/* The ε-sharpness of N. Keskar et al., «On large-batch training for deep learning», arXiv:1609.04836, metric
 * 2.1 in the full space (A = I):
 *
 *     box     100 (max_z F(theta + z) − F(theta)) / (1 + F(theta)),    |z_i| <= ε (|theta_i| + 1)
 *
 * ε is the radius, 1e-3 or 5e-4 in the paper, and the maximum is sought by L-BFGS-B in n = 10 iterations,
 * from z = 0 (lbfgsb.c). What is found is a lower bound.
 *
 * Small boxes have their maximum near a corner, which quasi-Newton steps on a function that bends upwards
 * only come close to. So three climbs from z = 0 go before, and the largest value of all four counts:
 *   1. n steps by the sign of the gradient, z <- P(z + ε (|theta| + 1) sign ∇F);
 *   2. Auto-PGD, 2 n steps: the box is the ∞-ball of z/(|theta| + 1) (worst.c);
 *   3. n steps of the spectral projected gradient, z <- P(z + t ∇F): t is ‖ε (|theta| + 1)‖/‖∇F‖ at first,
 *      then ‖Δz‖²/|Δzᵀ Δ∇F| (Barzilai & Borwein 1988; Birgin, Martínez & Raydan, SIAM J. Optim. 10, 2000),
 *      at most 4 times what it was and at least a quarter of it, and twice that where F bends upwards.
 * On the 24 points of tests/data/make_sharpness.py each of the three is the best of all four at some.
 */
#include <math.h>
#include <string.h>

#include "analysis/sharpness/box.h"
#include "analysis/sharpness/worst.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

enum { ITERATIONS = 10 };

typedef struct search {
    const basin_sharpening *task;
    basin_sharpness_row    *row;
    double                  most; /* F at the best point */
    size_t                  steps;
    double                 *x, *g;         /* [P] */
    double                 *lower, *upper; /* [P] */
    double                 *half;          /* [P] |theta| + 1 */
    double                 *moved, *old_g; /* [P] what the last step changed; room */
} search;

enum { VECTORS = 7 };

static void vectors_of(search *s, double **out[VECTORS])
{
    double **const all[VECTORS] = {&s->x, &s->g, &s->lower, &s->upper, &s->half, &s->moved, &s->old_g};

    memcpy(out, all, sizeof all);
}

static void release(search *s)
{
    double **all[VECTORS];

    vectors_of(s, all);
    for (size_t i = 0; i < VECTORS; i++) basin_free(*all[i]);
}

static basin_status prepare(search *s)
{
    basin_status  st = BASIN_OK;
    double      **all[VECTORS];
    const size_t  size = s->task->point->size;
    const double *theta = s->task->point->theta;

    vectors_of(s, all);
    for (size_t i = 0; i < VECTORS; i++) BASIN_ALLOC(*all[i], size, "a search in a box");
    for (size_t i = 0; i < size; i++) s->half[i] = fabs(theta[i]) + 1.0;
done:
    return st;
}

/* −F, which is to be minimised. */
static basin_status evaluate(void *payload, const double *x, double *value, double *g)
{
    basin_status st = BASIN_OK;
    search      *s = payload;
    double       loss;

    BASIN_TRY(basin_progress_report("box", (double)s->row->gradients, 4.0 + 5.0 * (double)s->steps));
    BASIN_TRY(basin_sharpening_gradient(s->task, x, true, s->row, &loss, g));
    if (loss > s->most) s->most = loss;
    basin_scale(-1.0, g, s->task->point->size);
    *value = -loss;
done:
    return st;
}

static double into_box(const search *s, size_t i, double x)
{
    return fmax(s->lower[i], fmin(s->upper[i], x));
}

/* Climb 1. */
static basin_status climb_by_sign(search *s, bool *stopped)
{
    basin_status  st = BASIN_OK;
    const double *theta = s->task->point->theta;
    double        value;

    basin_copy(theta, s->x, s->task->point->size);
    for (size_t k = 0; k <= s->steps; k++) {
        BASIN_TRY(evaluate(s, s->x, &value, s->g));
        *stopped = !isfinite(value);
        if (*stopped) break;
        for (size_t i = 0; i < s->task->point->size; i++) {
            const double uphill = (double)((s->g[i] < 0.0) - (s->g[i] > 0.0)); /* g = −∇F */
            s->x[i] = into_box(s, i, s->x[i] + uphill * (s->upper[i] - theta[i]));
        }
    }
done:
    return st;
}

/* Climb 2; x is room for u, moved for the point. */
static basin_status climb_in_ball(search *s, bool *stopped)
{
    basin_status st = BASIN_OK;
    basin_worst  ball = {.task = s->task,
                         .row = s->row,
                         .infinite = true,
                         .scale = s->half,
                         .rho = s->row->rho,
                         .steps = 2 * s->steps,
                         .x = s->moved};
    double       most;

    memset(s->x, 0, s->task->point->size * sizeof *s->x);
    BASIN_TRY(basin_worst_climb(&ball, s->x, &most));
    *stopped = isnan(most);
    if (most > s->most) s->most = most;
done:
    return st;
}

/* The next t of climb 3: x has moved by `moved`, and g = −∇F was old_g before. */
static double next_rate(search *s, double t)
{
    const size_t size = s->task->point->size;
    const double squares = basin_dot(s->moved, s->moved, size);
    const double bent = basin_dot(s->moved, s->old_g, size) - basin_dot(s->moved, s->g, size);

    if (bent > 0.0) return 2.0 * t;
    return bent < 0.0 ? fmin(4.0 * t, fmax(0.25 * t, squares / -bent)) : t;
}

/* Climb 3. */
static basin_status climb_by_rate(search *s, bool *stopped)
{
    basin_status st = BASIN_OK;
    const size_t size = s->task->point->size;
    double       value, t = 0.0;

    basin_copy(s->task->point->theta, s->x, size);
    for (size_t k = 0; k <= s->steps; k++) {
        BASIN_TRY(evaluate(s, s->x, &value, s->g));
        const double norm = basin_norm(s->g, size);
        *stopped = !isfinite(value);
        if (*stopped || !(norm > 0.0)) break;
        t = k > 0 ? next_rate(s, t) : s->row->rho * basin_norm(s->half, size) / norm;
        for (size_t i = 0; i < size; i++) {
            const double before = s->x[i];
            s->x[i] = into_box(s, i, before - t * s->g[i]);
            s->moved[i] = s->x[i] - before;
        }
        basin_copy(s->g, s->old_g, size);
    }
done:
    return st;
}

/* As the paper does. */
static basin_status climb_by_newton(search *s, bool *stopped)
{
    basin_status            st = BASIN_OK;
    const basin_box_problem problem = {.size = s->task->point->size,
                                       .lower = s->lower,
                                       .upper = s->upper,
                                       .iterations = s->steps,
                                       .evaluate = evaluate,
                                       .payload = s};
    size_t                  taken;
    double                  value;

    basin_copy(s->task->point->theta, s->x, problem.size);
    BASIN_TRY(basin_box_minimise(&problem, s->x, &value, &taken, stopped));
done:
    return st;
}

static basin_status in_box(search *s)
{
    static basin_status (*const climbs[])(search *, bool *) = {climb_by_sign, climb_in_ball, climb_by_rate,
                                                               climb_by_newton};
    basin_status  st = BASIN_OK;
    const double *theta = s->task->point->theta;
    bool          stopped = false;

    s->steps = basin_sharpening_steps(s->task, ITERATIONS, s->row);
    s->most = s->task->loss;
    for (size_t i = 0; i < s->task->point->size; i++) {
        const double half = s->row->rho * s->half[i];
        s->lower[i] = theta[i] - half, s->upper[i] = theta[i] + half;
    }
    for (size_t i = 0; i < sizeof climbs / sizeof *climbs && !stopped; i++) BASIN_TRY(climbs[i](s, &stopped));
    if (stopped)
        BASIN_TRY(basin_sharpness_lacks(s->row, "the loss is not finite within the box"));
    else
        BASIN_TRY(basin_sharpness_take(s->row, 100.0 * (s->most - s->task->loss) / (1.0 + s->task->loss)));
    BASIN_TRY(
        basin_sharpness_say(s->row,
                            "at most %zu iterations of L-BFGS-B, as many by sign and by spectral rates, "
                            "%zu of Auto-PGD",
                            s->steps, 2 * s->steps));
done:
    return st;
}

static basin_status whole_box(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;
    search       s = {.task = task};

    BASIN_TRY(prepare(&s));
    for (size_t i = 0; i < count; i++) {
        s.row = &rows[i];
        BASIN_TRY(in_box(&s));
    }
done:
    release(&s);
    return st;
}

basin_status basin_sharpness_by_box(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    if (task->options->batch_size == 0) return whole_box(task, rows, count);
    return basin_sharpness_over_batches(task, whole_box, rows, count);
}

/* An iteration of L-BFGS-B takes one gradient, or a few where its step is too long. */
void basin_sharpness_cost_box(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_row row;
    const size_t        gradients = count * (4 + 5 * basin_sharpening_steps(task, ITERATIONS, &row));

    if (task->options->batch_size > 0)
        basin_sharpness_cost_batches(task, gradients, 0, cost);
    else
        cost->gradients += gradients;
}
