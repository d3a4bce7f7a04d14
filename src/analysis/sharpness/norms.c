/* Two confounders of sharpness that are of the weights alone: their norm, by which every measure that is not
 * free of scale may be moved, and how far training has come from its start (Nagarajan & Kolter,
 * arXiv:1901.01672), over the norm there.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"

basin_status basin_sharpness_by_theta_norm(const basin_sharpening *task, basin_sharpness_row *rows,
                                           size_t count)
{
    (void)count;
    return basin_sharpness_take(rows, basin_norm(task->point->theta, task->point->size));
}

void basin_sharpness_cost_theta_norm(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)task, (void)count, (void)cost;
}

basin_status basin_sharpness_by_theta_norm_rel(const basin_sharpening *task, basin_sharpness_row *rows,
                                               size_t count)
{
    (void)count;
    if (task->options->start == NULL) return basin_sharpness_lacks(rows, "the start of the run is not known");
    const double moved = basin_distance_over(task->point->theta, task->options->start, task->point->size);
    if (isnan(moved)) return basin_sharpness_lacks(rows, "the start of the run is 0");
    return basin_sharpness_take(rows, moved);
}

void basin_sharpness_cost_theta_norm_rel(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)task, (void)count, (void)cost;
}
