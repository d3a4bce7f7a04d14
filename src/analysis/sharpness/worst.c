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
 * Auto-PGD (auto_pgd.c) climbs from u = 0, along c g/‖c g‖_2, or sign(c g) in the ∞-norm: n + 1 gradients,
 * the first of them at theta. The same again from random points in the ball (--restarts), and once where the
 * gradient at theta is zero. In the authors' code the random start is the only one (restarts without it fail
 * there), and the projection onto the ellipsoid is Euclidean; neither is taken over.
 *
 * A parameter that is 0 does not move where c = |theta|.
 */
#include "analysis/sharpness/worst.h"

#include <math.h>
#include <string.h>

#include "analysis/sharpness/auto_pgd.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

enum { STEPS = 20 };

static double scale_at(const basin_worst *w, size_t i)
{
    return w->scale != NULL ? w->scale[i] : 1.0;
}

/* F at u, and the ascent c g/‖c g‖_2 or sign(c g). */
static basin_status climb(void *payload, const double *u, double *f, double *ascent)
{
    basin_status  st = BASIN_OK;
    basin_worst  *w = payload;
    const size_t  size = w->task->point->size;
    const double *theta = w->task->point->theta;

    for (size_t i = 0; i < size; i++) w->x[i] = theta[i] + scale_at(w, i) * u[i];
    BASIN_TRY(basin_sharpening_gradient(w->task, w->x, true, w->row, f, ascent));
    for (size_t i = 0; i < size && w->scale != NULL; i++) ascent[i] *= w->scale[i];
    const double norm = basin_norm(ascent, size);
    if (!(norm > 0.0) || !isfinite(norm))
        memset(ascent, 0, size * sizeof *ascent);
    else if (!w->infinite)
        basin_scale(1.0 / norm, ascent, size);
    else
        for (size_t i = 0; i < size; i++) ascent[i] = (double)((ascent[i] > 0.0) - (ascent[i] < 0.0));
done:
    return st;
}

/* Onto the ball of radius rho. */
static void project(void *payload, double *u)
{
    const basin_worst *w = payload;
    const size_t       size = w->task->point->size;

    if (w->infinite) {
        for (size_t i = 0; i < size; i++) u[i] = fmax(-w->rho, fmin(w->rho, u[i]));
        return;
    }
    const double norm = basin_norm(u, size);
    if (norm > w->rho) basin_scale(w->rho / norm, u, size);
}

basin_status basin_worst_climb(basin_worst *w, double *u, double *most)
{
    const basin_ball ball = {.size = w->task->point->size,
                             .radius = w->rho,
                             .steps = w->steps,
                             .payload = w,
                             .climb = climb,
                             .project = project};

    return basin_auto_pgd(&ball, u, most);
}

/* A random point of the ball: of the surface of the 2-ball, or uniform in the box. */
static void random_start(const basin_worst *w, basin_random *random, double *u)
{
    const size_t size = w->task->point->size;

    if (w->infinite) {
        for (size_t i = 0; i < size; i++) u[i] = w->rho * (2.0 * basin_random_uniform(random) - 1.0);
        return;
    }
    basin_random_normals(random, u, size);
    const double norm = basin_norm(u, size);
    if (norm > 0.0) basin_scale(w->rho / norm, u, size);
}

/* From u = 0, then from random points; *most becomes NAN where a loss is not finite. */
static basin_status all_starts(basin_worst *w, double *u, size_t *restarts, double *most)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(w->task->options->seed, BASIN_STREAM_SHARPNESS_STARTS);
    const size_t before = w->row->gradients;
    double       found;

    memset(u, 0, w->task->point->size * sizeof *u);
    BASIN_TRY(basin_worst_climb(w, u, most));
    if (*restarts == 0 && w->row->gradients == before + 1 && isfinite(*most)) *restarts = 1; /* it is flat */
    for (size_t i = 0; i < *restarts && isfinite(*most); i++) {
        random_start(w, &random, u);
        BASIN_TRY(basin_worst_climb(w, u, &found));
        *most = isnan(found) ? found : fmax(*most, found);
    }
done:
    return st;
}

static basin_status one_radius(basin_worst *w, double *u)
{
    basin_status st = BASIN_OK;
    size_t       restarts = w->task->options->restarts;
    double       most;

    w->rho = w->row->rho;
    w->steps = basin_sharpening_steps(w->task, STEPS, w->row);
    BASIN_TRY(all_starts(w, u, &restarts, &most));
    if (isnan(most))
        BASIN_TRY(basin_sharpness_lacks(w->row, "the loss is not finite within the ball"));
    else
        BASIN_TRY(basin_sharpness_take(w->row, most - w->task->loss));
    if (restarts > 0)
        BASIN_TRY(basin_sharpness_say(w->row, "%zu steps from each of %zu starts", w->steps, restarts + 1));
    else
        BASIN_TRY(basin_sharpness_say(w->row, "%zu steps", w->steps));
done:
    return st;
}

static basin_status worst(const basin_sharpening *task, bool infinite, bool adaptive,
                          basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;
    const size_t size = task->point->size;
    basin_worst  w = {.task = task, .infinite = infinite};
    double      *u = NULL, *scale = NULL;

    BASIN_ALLOC(w.x, size, "a climb");
    BASIN_ALLOC(u, size, "a climb");
    if (adaptive) BASIN_ALLOC(scale, size, "a scale");
    for (size_t i = 0; i < size && adaptive; i++) scale[i] = fabs(task->point->theta[i]);
    w.scale = scale;
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_progress_report("worst case", (double)i, (double)count));
        w.row = &rows[i];
        BASIN_TRY(one_radius(&w, u));
    }
done:
    basin_free(w.x);
    basin_free(u);
    basin_free(scale);
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
