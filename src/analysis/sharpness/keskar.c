/* The ε-sharpness of N. Keskar et al., «On large-batch training for deep learning», arXiv:1609.04836, metric
 * 2.1 in the full space (A = I):
 *
 *     box     100 (max_z F(theta + z) − F(theta)) / (1 + F(theta)),    |z_i| <= ε (|theta_i| + 1)
 *
 * ε is the radius, 1e-3 or 5e-4 in the paper, and the maximum is sought by L-BFGS-B in 10 iterations, from
 * z = 0 (lbfgsb.c). What is found is a lower bound.
 *
 * Small boxes have their maximum near a corner, which quasi-Newton steps on a function that bends upwards
 * only come close to. So as many steps by the sign of the gradient are taken from z = 0 first,
 * z <- P(z + ε (|theta| + 1) sign ∇F), and the largest value of both climbs counts.
 */
#include <math.h>

#include "analysis/sharpness/box.h"
#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

enum { ITERATIONS = 10 };

typedef struct search {
    const basin_sharpening *task;
    basin_sharpness_row    *row;
    double                  most;          /* F at the best point */
    double                 *x, *g;         /* [P] */
    double                 *lower, *upper; /* [P] */
} search;

static void release(search *s)
{
    double *const all[] = {s->x, s->g, s->lower, s->upper};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) basin_free(all[i]);
}

static basin_status prepare(search *s)
{
    basin_status   st = BASIN_OK;
    double **const all[] = {&s->x, &s->g, &s->lower, &s->upper};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        BASIN_ALLOC(*all[i], s->task->point->size, "a search in a box");
done:
    return st;
}

/* −F, which is to be minimised. */
static basin_status evaluate(void *payload, const double *x, double *value, double *g)
{
    basin_status st = BASIN_OK;
    search      *s = payload;
    double       loss;

    BASIN_TRY(basin_progress_report("box", (double)s->row->gradients, 1.0 + (double)s->row->steps));
    BASIN_TRY(basin_sharpening_gradient(s->task, x, true, s->row, &loss, g));
    if (loss > s->most) s->most = loss;
    basin_scale(-1.0, g, s->task->point->size);
    *value = -loss;
done:
    return st;
}

/* From theta; x and g are room. */
static basin_status climb_by_sign(search *s, size_t steps, bool *stopped)
{
    basin_status  st = BASIN_OK;
    const double *theta = s->task->point->theta;
    double        value;

    basin_copy(theta, s->x, s->task->point->size);
    for (size_t k = 0; k <= steps; k++) {
        BASIN_TRY(evaluate(s, s->x, &value, s->g));
        *stopped = !isfinite(value);
        if (*stopped) break;
        for (size_t i = 0; i < s->task->point->size; i++) {
            const double uphill = (double)((s->g[i] < 0.0) - (s->g[i] > 0.0)); /* g = −∇F */
            s->x[i] = fmax(s->lower[i], fmin(s->upper[i], s->x[i] + uphill * (s->upper[i] - theta[i])));
        }
    }
done:
    return st;
}

static basin_status in_box(search *s, double radius)
{
    basin_status      st = BASIN_OK;
    const double     *theta = s->task->point->theta;
    basin_box_problem problem = {.size = s->task->point->size,
                                 .lower = s->lower,
                                 .upper = s->upper,
                                 .evaluate = evaluate,
                                 .payload = s};
    size_t            taken;
    double            value;
    bool              stopped = false;

    problem.iterations = basin_sharpening_steps(s->task, ITERATIONS, s->row);
    s->most = s->task->loss;
    for (size_t i = 0; i < problem.size; i++) {
        const double half = radius * (fabs(theta[i]) + 1.0);
        s->lower[i] = theta[i] - half, s->upper[i] = theta[i] + half;
    }
    BASIN_TRY(climb_by_sign(s, problem.iterations, &stopped));
    basin_copy(theta, s->x, problem.size);
    if (!stopped) BASIN_TRY(basin_box_minimise(&problem, s->x, &value, &taken, &stopped));
    if (stopped)
        BASIN_TRY(basin_sharpness_lacks(s->row, "the loss is not finite within the box"));
    else
        BASIN_TRY(basin_sharpness_take(s->row, 100.0 * (s->most - s->task->loss) / (1.0 + s->task->loss)));
    BASIN_TRY(basin_sharpness_say(s->row, "at most %zu iterations of L-BFGS-B, and as many by sign",
                                  problem.iterations));
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
        BASIN_TRY(in_box(&s, rows[i].rho));
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

/* An iteration takes one gradient, or a few where its step is too long. */
void basin_sharpness_cost_box(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_row row;
    const size_t        gradients = 2 * count * (1 + basin_sharpening_steps(task, ITERATIONS, &row));

    if (task->options->batch_size > 0)
        basin_sharpness_cost_batches(task, gradients, 0, cost);
    else
        cost->gradients += gradients;
}
