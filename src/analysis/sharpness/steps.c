/* Rises of the loss at the end of one step, or of several.
 *
 *     sam          d = g/‖g‖, g = ∇L without weight decay               Foret et al., arXiv:2010.01412, eq. 2
 *     m_sharpness  the same of each batch by itself, mean over batches  ibid., section 3
 *     asam         d = T²g/‖Tg‖                                         Kwon et al., arXiv:2102.11600, eq. 10
 *                  T = |theta| + 0.01 of weights and norm scales, 1 of biases and shifts: what the authors'
 *                  code does with every parameter whose name has «weight» in it
 *     asam_all     T = |theta| of every parameter, nothing added: then the step, and with it the measure, is
 *                  the same for every rescaling of neurons
 *     msam         d = −v/‖v‖                                           Becker et al., arXiv:2401.12033
 *     ascent       x_{k+1} = x_k + (rho/n) g(x_k)/‖g(x_k)‖, n steps     Kim et al., arXiv:2302.10181
 *
 * All radii of one step are points of one line, by one pass over the samples. The end of an ascent is at most
 * rho away; how far depends on how the steps turn.
 *
 * ‖d‖ of ASAM is not rho: rho bounds ‖T⁻¹ d‖.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define ZETA 0.01 /* of ASAM */

enum { STEPS = 10 }; /* of an ascent */

static bool is_direction(double norm)
{
    return norm > 0.0 && isfinite(norm);
}

/* ±v/‖v‖. */
static basin_status along(const basin_sharpening *task, const double *v, double sign, const char *zero,
                          basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;
    const size_t size = task->point->size;
    const double norm = basin_norm(v, size);
    double      *d = NULL;

    if (!is_direction(norm)) return basin_sharpness_all_lack(rows, count, zero);
    BASIN_ALLOC(d, size, "a direction");
    for (size_t i = 0; i < size; i++) d[i] = sign * (v[i] / norm);
    BASIN_TRY(basin_sharpening_line(task, d, rows, count));
done:
    basin_free(d);
    return st;
}

static const char zero_gradient[] = "the gradient is zero: it has no direction";

basin_status basin_sharpness_by_sam(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(task->point, NULL, &g));
    rows[0].gradients++;
    BASIN_TRY(along(task, g, 1.0, zero_gradient, rows, count));
done:
    return st;
}

void basin_sharpness_cost_sam(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)task;
    cost->gradients += 1;
    cost->losses += count + 1;
}

basin_status basin_sharpness_by_m_sharpness(const basin_sharpening *task, basin_sharpness_row *rows,
                                            size_t count)
{
    return basin_sharpness_over_batches(task, basin_sharpness_by_sam, rows, count);
}

void basin_sharpness_cost_m_sharpness(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_batches(task, 1, count + 1, cost);
}

basin_status basin_sharpness_by_msam(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    if (task->options->momentum == NULL) return basin_sharpness_all_lack(rows, count, "no momentum is saved");
    return along(task, task->options->momentum, -1.0, "the momentum is zero: it has no direction", rows,
                 count);
}

void basin_sharpness_cost_msam(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    if (task->options->momentum != NULL) cost->losses += count + 1;
}

/* ------------------------------------------------------------------------------------------------ ASAM -- */

static bool is_weight(const basin_block *block)
{
    switch (block->role) {
    case BASIN_ROLE_BIAS:
    case BASIN_ROLE_NORM_SHIFT: return false;
    case BASIN_ROLE_UNKNOWN: return block->rank > 1;
    default: return true;
    }
}

/* T of asam [P]; without a table of parameters all are weights. */
static void scale_of_weights(const basin_point *point, double *t)
{
    const basin_params *params = basin_objective_params(point->objective);

    for (size_t i = 0; i < point->size; i++) t[i] = fabs(point->theta[i]) + ZETA;
    for (size_t b = 0; params != NULL && b < params->count; b++) {
        const basin_block *block = &params->blocks[b];
        if (is_weight(block)) continue;
        for (size_t i = 0; i < block->size; i++) t[block->offset + i] = 1.0;
    }
}

static void scale_of_all(const basin_point *point, double *t)
{
    for (size_t i = 0; i < point->size; i++) t[i] = fabs(point->theta[i]);
}

/* Along T²g/‖Tg‖. */
static basin_status scaled_step(const basin_sharpening *task, void (*scale)(const basin_point *, double *),
                                basin_sharpness_row *rows, size_t count)
{
    basin_status  st = BASIN_OK;
    const size_t  size = task->point->size;
    const double *g;
    double       *t = NULL, *d = NULL;

    BASIN_TRY(basin_point_bare_gradient(task->point, NULL, &g));
    rows[0].gradients++;
    BASIN_ALLOC(t, size, "a scale");
    BASIN_ALLOC(d, size, "a direction");
    scale(task->point, t);
    for (size_t i = 0; i < size; i++) d[i] = t[i] * g[i];
    const double norm = basin_norm(d, size);
    if (!is_direction(norm)) {
        BASIN_TRY(basin_sharpness_all_lack(rows, count, "T g is zero: it has no direction"));
        goto done;
    }
    for (size_t i = 0; i < size; i++) d[i] = t[i] * (d[i] / norm);
    BASIN_TRY(basin_sharpening_line(task, d, rows, count));
done:
    basin_free(t);
    basin_free(d);
    return st;
}

basin_status basin_sharpness_by_asam(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    return scaled_step(task, scale_of_weights, rows, count);
}

void basin_sharpness_cost_asam(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_sam(task, count, cost);
}

basin_status basin_sharpness_by_asam_all(const basin_sharpening *task, basin_sharpness_row *rows,
                                         size_t count)
{
    return scaled_step(task, scale_of_all, rows, count);
}

void basin_sharpness_cost_asam_all(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_sam(task, count, cost);
}

/* --------------------------------------------------------------------------------------- several steps -- */

/* x [P] and g [P] are room. */
static basin_status climb(const basin_sharpening *task, double *x, double *g, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const size_t size = task->point->size, steps = basin_sharpening_steps(task, STEPS, row);
    const double step = row->rho / (double)steps;
    double       loss;
    basin_loss   end;

    basin_copy(task->point->theta, x, size);
    for (size_t k = 0; k < steps; k++) {
        BASIN_TRY(basin_sharpening_gradient(task, x, false, row, &loss, g));
        const double norm = basin_norm(g, size);
        if (!isfinite(loss) || !is_direction(norm)) {
            BASIN_TRY(basin_sharpness_lacks(row, "after %zu of %zu steps the %s", k, steps,
                                            norm == 0.0 ? "gradient is zero" : "loss is not finite"));
            goto done;
        }
        basin_axpy(step / norm, g, x, size);
    }
    BASIN_TRY(basin_sharpening_loss(task, x, row, &end));
    BASIN_TRY(basin_sharpness_take(row, basin_loss_value(&end) - task->loss));
    BASIN_TRY(basin_sharpness_say(row, "%zu steps", steps));
done:
    return st;
}

basin_status basin_sharpness_by_ascent(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *g = NULL;

    BASIN_ALLOC(x, task->point->size, "a point");
    BASIN_ALLOC(g, task->point->size, "a gradient");
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_progress_report("ascent", (double)i, (double)count));
        BASIN_TRY(climb(task, x, g, &rows[i]));
    }
done:
    basin_free(x);
    basin_free(g);
    return st;
}

void basin_sharpness_cost_ascent(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_row row;

    cost->gradients += count * basin_sharpening_steps(task, STEPS, &row);
    cost->losses += count;
}
