/* Measures of sharpness that are of eigenvalues of ∇²L, without weight decay.
 *
 * Three that are one number in three limits of the perturbation's kind (K. Wen, T. Ma, Z. Li, «How does
 * sharpness-aware minimization minimize sharpness?», ICLR 2023, arXiv:2211.05729): the rise of the loss at a
 * minimum for a perturbation of norm rho, over rho², as rho → 0, is
 *
 *     worst_direction     λ_1/2                      the largest over directions
 *     ascent_direction    least non-zero λ/2         along the gradient, at the end of a worst sequence
 *     average_direction   tr H / (2 P)               the mean over directions
 *
 * Full-batch SAM lowers the first, SAM on batches of a single sample the last. An eigenvalue counts as not
 * zero from ZERO λ_1 on; at a point that is no minimum the least of these that is positive is taken.
 *
 * Two of groups of parameters that a normalisation frees of their scale (basin_scale_group): with f > 0 times
 * their weights θ their block of the Hessian is divided by f², so that λ_max ‖θ‖² and tr ‖θ‖² stay.
 * BatchNorm's statistics have to follow the weights for that; derivatives hold them constant.
 *
 * What is too large for a dense spectrum goes by Lanczos, whose residual bounds λ_1, and by random probes for
 * the trace. The least eigenvalue that is not zero then is not known.
 */
#include <math.h>

#include "analysis/sharpness/parts.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define ZERO 1e-4 /* of the largest eigenvalue */

enum { PROBES = 32 };

/* Of the objective at theta; it is dense where that is small enough. */
static basin_status solve(basin_objective *o, const double *theta, uint64_t seed, basin_sharpness_row *row,
                          basin_spectrum **out)
{
    basin_status                 st = BASIN_OK;
    basin_point                 *point = NULL;
    const basin_spectrum_options options = {.top = 1, .probes = PROBES, .seed = seed};

    BASIN_TRY(basin_point_create(o, theta, NULL, &point));
    BASIN_TRY(basin_spectrum_solve(point, &options, out));
    row->products += (*out)->products;
done:
    basin_point_destroy(&point);
    return st;
}

static basin_status solve_whole(const basin_sharpening *task, basin_sharpness_row *row, basin_spectrum **out)
{
    return solve(task->point->objective, task->point->theta, task->options->seed, row, out);
}

/* factor · λ_1, with its residual. */
static basin_status take_largest(const basin_spectrum *s, double factor, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const double lambda = s->eigenvalues[0], off = s->residuals[0];

    row->number = BASIN_SHARPNESS_EXACT;
    BASIN_TRY(basin_sharpness_take(row, factor * lambda));
    row->lower = factor * (lambda - off), row->upper = factor * (lambda + off);
done:
    return st;
}

/* factor · tr H, with Student's interval where it is of probes. */
static basin_status take_trace(const basin_spectrum *s, double factor, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const bool   sampled = s->trace_error > 0.0;

    row->number = sampled ? BASIN_SHARPNESS_SAMPLED : BASIN_SHARPNESS_EXACT;
    BASIN_TRY(basin_sharpness_take(row, factor * s->trace));
    if (!sampled) goto done;
    row->error = factor * s->trace_error;
    const double half = basin_student_t975(PROBES - 1) * row->error;
    row->draws = PROBES;
    row->lower = row->value - half, row->upper = row->value + half;
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- three -- */

typedef basin_status take_function(const basin_spectrum *s, basin_sharpness_row *row);

static basin_status of_whole(const basin_sharpening *task, take_function *take, basin_sharpness_row *row)
{
    basin_status    st = BASIN_OK;
    basin_spectrum *s = NULL;

    BASIN_TRY(solve_whole(task, row, &s));
    BASIN_TRY(take(s, row));
done:
    basin_spectrum_destroy(&s);
    return st;
}

static basin_status take_worst(const basin_spectrum *s, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(take_largest(s, 0.5, row));
    BASIN_TRY(basin_sharpness_say(row, "full-batch SAM lowers this one"));
done:
    return st;
}

static basin_status take_ascent(const basin_spectrum *s, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const double zero = ZERO * s->eigenvalues[0];
    size_t       last = s->count;

    if (s->count < s->parameters)
        return basin_sharpness_lacks(row, "the least eigenvalue takes all of them: %zu are too many",
                                     s->parameters);
    while (last > 0 && !(s->eigenvalues[last - 1] > zero)) last--;
    if (last == 0) return basin_sharpness_lacks(row, "no eigenvalue is positive");
    BASIN_TRY(basin_sharpness_take(row, 0.5 * s->eigenvalues[last - 1]));
    row->lower = row->value - 0.5 * s->residuals[last - 1],
    row->upper = row->value + 0.5 * s->residuals[last - 1];
    BASIN_TRY(
        basin_sharpness_say(row, "%zu of %zu eigenvalues are above 1e-4 of the largest", last, s->count));
done:
    return st;
}

static basin_status take_average(const basin_spectrum *s, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(take_trace(s, 0.5 / (double)s->parameters, row));
    BASIN_TRY(basin_sharpness_say(row, "SAM on single samples lowers this one"));
done:
    return st;
}

basin_status basin_sharpness_by_worst_direction(const basin_sharpening *task, basin_sharpness_row *rows,
                                                size_t count)
{
    (void)count;
    return of_whole(task, take_worst, rows);
}

basin_status basin_sharpness_by_ascent_direction(const basin_sharpening *task, basin_sharpness_row *rows,
                                                 size_t count)
{
    (void)count;
    return of_whole(task, take_ascent, rows);
}

basin_status basin_sharpness_by_average_direction(const basin_sharpening *task, basin_sharpness_row *rows,
                                                  size_t count)
{
    (void)count;
    return of_whole(task, take_average, rows);
}

/* About what a Lanczos run to the default tolerance takes where all of them are too many. */
static void cost_spectrum(size_t parameters, basin_cost *cost)
{
    enum { DENSE = 6000, LANCZOS = 100 };

    cost->products += parameters <= DENSE ? parameters : LANCZOS + PROBES;
}

void basin_sharpness_cost_worst_direction(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)count;
    cost_spectrum(task->point->size, cost);
}

void basin_sharpness_cost_ascent_direction(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_worst_direction(task, count, cost);
}

void basin_sharpness_cost_average_direction(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_worst_direction(task, count, cost);
}

/* --------------------------------------------------------------------------------------- scale groups -- */

/* The blocks of a group, ascending. */
static size_t blocks_of(const basin_scale_group *group, size_t blocks[2])
{
    const bool bias = group->bias != BASIN_NONE, first = bias && group->bias < group->weight;

    blocks[0] = first ? group->bias : group->weight;
    if (bias) blocks[1] = first ? group->weight : group->bias;
    return bias ? 2 : 1;
}

static basin_status solve_group(const basin_sharpening *task, const basin_scale_group *group,
                                basin_sharpness_row *row, basin_spectrum **s, double *squares)
{
    basin_status     st = BASIN_OK;
    size_t           blocks[2];
    basin_part       part = {.blocks = blocks};
    basin_objective *o = NULL;
    double          *theta = NULL;

    part.count = blocks_of(group, blocks);
    BASIN_TRY(basin_objective_restrict(task->point->objective, task->point->theta, &part, &o));
    BASIN_ALLOC(theta, basin_objective_size(o), "a group's parameters");
    basin_part_take(o, task->point->theta, theta);
    *squares = basin_dot(theta, theta, basin_objective_size(o));
    BASIN_TRY(solve(o, theta, task->options->seed, row, s));
done:
    basin_objective_destroy(&o);
    basin_free(theta);
    return st;
}

static basin_status of_group(const basin_sharpening *task, size_t number, bool trace,
                             basin_sharpness_row *row)
{
    basin_status             st = BASIN_OK;
    const basin_params      *params = basin_objective_params(task->point->objective);
    const basin_scale_group *group = &params->scale_groups[number];
    basin_spectrum          *s = NULL;
    double                   squares = 0.0;

    BASIN_STRDUP(row->part, params->blocks[group->weight].name);
    BASIN_TRY(solve_group(task, group, row, &s, &squares));
    BASIN_TRY(trace ? take_trace(s, squares, row) : take_largest(s, squares, row));
    BASIN_TRY(basin_sharpness_say(row, "%s|theta| = %.6g%s",
                                  group->bias != BASIN_NONE ? "with its bias, " : "", sqrt(squares),
                                  group->normaliser == BASIN_NORMALISER_BATCH ? ", before BatchNorm" : ""));
done:
    basin_spectrum_destroy(&s);
    return st;
}

static basin_status of_groups(const basin_sharpening *task, bool trace, basin_sharpness_row *rows,
                              size_t count)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = basin_objective_params(task->point->objective);

    if (params == NULL || params->scale_group_count == 0)
        return basin_sharpness_all_lack(rows, count,
                                        "no normalisation reads a layer: none is free of its scale");
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_progress_report("scale groups", (double)i, (double)count));
        BASIN_TRY(of_group(task, i, trace, &rows[i]));
    }
done:
    return st;
}

basin_status basin_sharpness_by_scaled_lambda_max(const basin_sharpening *task, basin_sharpness_row *rows,
                                                  size_t count)
{
    return of_groups(task, false, rows, count);
}

basin_status basin_sharpness_by_scaled_trace(const basin_sharpening *task, basin_sharpness_row *rows,
                                             size_t count)
{
    return of_groups(task, true, rows, count);
}

void basin_sharpness_cost_scaled_lambda_max(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    const basin_params *params = basin_objective_params(task->point->objective);

    for (size_t i = 0; params != NULL && i < params->scale_group_count && i < count; i++) {
        const basin_scale_group *group = &params->scale_groups[i];
        const size_t             bias = group->bias != BASIN_NONE ? params->blocks[group->bias].size : 0;
        cost_spectrum(params->blocks[group->weight].size + bias, cost);
    }
}

void basin_sharpness_cost_scaled_trace(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_scaled_lambda_max(task, count, cost);
}
