/* Mean rises of the loss under Gaussian perturbations of the weights (Andriushchenko et al.,
 * arXiv:2302.07011, eq. 1).
 *
 *     average           E L(theta + delta) − L(theta),  delta ~ N(0, rho² I)
 *     adaptive_average  the same,                       delta ~ N(0, rho² diag(theta²))
 *
 * Entries of the draws are N(0, 1), not uniform, and rho is a standard deviation, not a variance: the
 * first mean is rho² tr H / 2 to second order, whatever P is. The radii share their draws, so that the curve
 * over rho is one of the same perturbations, each a line of which all radii are points.
 *
 * The error is that of n draws. A draw without a finite loss makes the mean missing: for one of them the
 * expectation is not finite either, and a mean of the others would hide it.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

static basin_status take_draws(const basin_sharpening *task, const basin_running *sums,
                               basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < count; i++) {
        rows[i].draws = task->draws;
        rows[i].losses = task->draws;
        BASIN_TRY(basin_running_take(&sums[i], "draws", &rows[i]));
        BASIN_TRY(basin_sharpness_say(&rows[i], "%zu draws", task->draws));
    }
done:
    return st;
}

/* delta [P] and losses [count] are room. */
static basin_status one_draw(const basin_sharpening *task, bool adaptive, basin_random *random, double *delta,
                             const double *at, size_t count, basin_loss *losses, basin_running *sums)
{
    basin_status  st = BASIN_OK;
    const size_t  size = task->point->size;
    const double *theta = task->point->theta;

    basin_random_normals(random, delta, size);
    for (size_t i = 0; adaptive && i < size; i++) delta[i] *= fabs(theta[i]);
    BASIN_TRY(basin_point_subspace(task->point, delta, 1, at, count, losses));
    for (size_t i = 0; i < count; i++) basin_running_add(&sums[i], basin_loss_value(&losses[i]) - task->loss);
done:
    return st;
}

static basin_status mean_rise(const basin_sharpening *task, bool adaptive, basin_sharpness_row *rows,
                              size_t count)
{
    basin_status   st = BASIN_OK;
    basin_random   random = basin_random_start(task->options->seed, BASIN_STREAM_SHARPNESS_DRAWS);
    double        *delta = NULL, *at = NULL;
    basin_loss    *losses = NULL;
    basin_running *sums = NULL;

    BASIN_ALLOC(delta, task->point->size, "a perturbation");
    BASIN_ALLOC(at, count, "radii");
    BASIN_ALLOC(losses, count, "losses");
    BASIN_ALLOC(sums, count, "sums");
    for (size_t i = 0; i < count; i++) at[i] = rows[i].rho;
    for (size_t d = 0; d < task->draws; d++) {
        BASIN_TRY(basin_progress_report("draws", (double)d, (double)task->draws));
        BASIN_TRY(one_draw(task, adaptive, &random, delta, at, count, losses, sums));
    }
    BASIN_TRY(take_draws(task, sums, rows, count));
done:
    basin_free(delta);
    basin_free(at);
    basin_free(losses);
    basin_free(sums);
    return st;
}

basin_status basin_sharpness_by_average(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    return mean_rise(task, false, rows, count);
}

void basin_sharpness_cost_average(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    cost->losses += task->draws * count;
}

basin_status basin_sharpness_by_adaptive_average(const basin_sharpening *task, basin_sharpness_row *rows,
                                                 size_t count)
{
    return mean_rise(task, true, rows, count);
}

void basin_sharpness_cost_adaptive_average(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    cost->losses += task->draws * count;
}
