/* Losses on a line or a plane through theta.
 *
 * Method
 *   0. Where no range is given, one by how far the loss rises (reach.c).
 *   1. Coordinates: evenly spaced from `from` to `to`, both ends exact, symmetric to the bit for a symmetric
 *      range (so that 0 is a point when the count is odd).
 *   2. All points, and the centre, in one subspace evaluation for each objective: theta + s d_1 (+ t d_2).
 *   3. At the centre of the point's objective: slopes g·d and curvatures d·Hd, for the prediction L + slope s
 *      + curvature s²/2; none where BatchNorm's statistics move with the point, which derivatives do not see.
 *   4. Where a direction leads to another checkpoint, the loss at its coordinate, beside those of both ends
 *      by networks of their own (ends.c).
 *   5. Runs beside a plane: where their checkpoints fall on it (path.c), the losses there with the others.
 *   6. With a tolerance, instead of all points only those that a surface within it needs (adaptive.c).
 *   7. If asked for, the extreme eigenvalues over the range (convexity.c).
 *   8. Cosines between the directions, with the momentum and with the gradient, always.
 */
#include <math.h>
#include <string.h>

#include "analysis/forecast.h"
#include "analysis/point.h"
#include "analysis/slice/adaptive.h"
#include "analysis/slice/convexity.h"
#include "analysis/slice/direction.h"
#include "analysis/slice/ends.h"
#include "analysis/slice/path.h"
#include "analysis/slice/reach.h"
#include "core/linalg.h"
#include "core/memory.h"

#define PARALLEL 1e-9 /* 1 - |cosine| below which two directions span no plane */

/* Points of the grid, behind them the centre, the ends and the projections of paths:
   coef [n + 1 + ends + paths, d]. */
typedef struct grid {
    size_t  axes, points, ends, paths; /* points of the grid alone; 0 with a tolerance */
    double *coefficients;
    double *directions; /* [d, P] */
} grid;

static basin_status check_axis(const basin_slice_request *r, size_t axis, size_t size)
{
    basin_status           st = BASIN_OK;
    const basin_direction *d = r->directions[axis];
    double                 from = r->from[axis], to = r->to[axis];

    BASIN_CHECK(d->size == size, BASIN_ERR_SHAPE, "direction %s has %zu parameters, the objective %zu",
                d->label, d->size, size);
    BASIN_CHECK(basin_all_finite(d->values, size), BASIN_ERR_VALUE, "direction %s is not finite", d->label);
    BASIN_CHECK(d->norm > 0.0, BASIN_ERR_VALUE, "direction %s is zero", d->label);
    BASIN_CHECK(r->grid[axis] >= 1, BASIN_ERR_VALUE, "the grid along %s needs a point, got 0", d->label);
    BASIN_CHECK(isfinite(from) && isfinite(to) && isfinite((to - from) * (double)r->grid[axis]),
                BASIN_ERR_VALUE, "the range %g:%g along %s is not finite", from, to, d->label);
    BASIN_CHECK(from <= to, BASIN_ERR_VALUE, "the range %g:%g along %s is reversed", from, to, d->label);
    BASIN_CHECK(from < to || r->grid[axis] == 1, BASIN_ERR_VALUE,
                "the range %g:%g along %s is empty for %zu points", from, to, d->label, r->grid[axis]);
done:
    return st;
}

static size_t surfaces_of(const basin_slice_request *r)
{
    return r->other != NULL ? 2 : 1;
}

static size_t rows_of(const basin_slice_request *r)
{
    return r->axis_count == 2 ? r->grid[1] : 1;
}

/* Bytes of one point: its coefficients, its loss, and loss and accuracy on every surface. */
static basin_status check_size(const basin_slice_request *r)
{
    size_t points, bytes;
    size_t each = r->axis_count * sizeof(double) + sizeof(basin_loss) + 2 * surfaces_of(r) * sizeof(double);

    if (basin_mul(r->grid[0], rows_of(r), &points) && basin_mul(points, each, &bytes) &&
        bytes < basin_memory_limit())
        return BASIN_OK;
    return basin_fail(BASIN_ERR_BUDGET,
                      "a grid of %zu x %zu points at %zu bytes each does not fit the limit of %zu bytes",
                      rows_of(r), r->grid[0], each, basin_memory_limit());
}

static basin_status check_counts(const basin_slice_request *r)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(r->axis_count == 1 || r->axis_count == 2, BASIN_ERR_ARG,
                "a slice takes 1 or 2 directions, got %zu", r->axis_count);
    BASIN_CHECK(r->path_count == 0 || r->axis_count == 2, BASIN_ERR_ARG,
                "paths are projected on a plane, which takes 2 directions, got %zu", r->axis_count);
done:
    return st;
}

static basin_status check_request(const basin_slice_request *r)
{
    basin_status st = BASIN_OK;
    size_t       size;

    BASIN_TRY(check_counts(r));
    for (size_t i = 0; i < surfaces_of(r); i++)
        BASIN_CHECK(r->splits[i] != NULL, BASIN_ERR_ARG, "objective %zu of a slice has no name", i + 1);
    size = r->point->size;
    BASIN_CHECK(r->other == NULL || basin_objective_size(r->other) == size, BASIN_ERR_SHAPE,
                "objective %s has %zu parameters, %s has %zu", r->splits[1], basin_objective_size(r->other),
                r->splits[0], size);
    for (size_t i = 0; i < r->axis_count; i++) BASIN_TRY(check_axis(r, i, size));
    BASIN_TRY(basin_slice_check_tolerance(r));
    BASIN_TRY(basin_slice_check_convexity(r));
    BASIN_TRY(check_size(r));
    if (r->axis_count == 2) {
        double c = basin_cosine(r->directions[0]->values, r->directions[1]->values, size);
        BASIN_CHECK(fabs(c) <= 1.0 - PARALLEL, BASIN_ERR_VALUE,
                    "directions %s and %s are parallel: cosine %.12g", r->directions[0]->label,
                    r->directions[1]->label, c);
    }
done:
    return st;
}

double basin_slice_coordinate(double from, double to, size_t i, size_t count)
{
    if (count == 1) return 0.5 * from + 0.5 * to;
    if (i == 0) return from;
    if (i == count - 1) return to;
    return ((double)(count - 1 - i) * from + (double)i * to) / (double)(count - 1);
}

static basin_status describe_axis(const basin_slice_request *r, size_t axis, basin_axis *out)
{
    basin_status           st = BASIN_OK;
    const basin_direction *d = r->directions[axis];

    out->kind = d->kind;
    BASIN_STRDUP(out->direction, d->label);
    BASIN_STRDUP(out->definition, d->definition);
    BASIN_ALLOC(out->coordinates, r->grid[axis], "coordinates");
    out->count = r->grid[axis];
    for (size_t i = 0; i < out->count; i++)
        out->coordinates[i] = basin_slice_coordinate(r->from[axis], r->to[axis], i, out->count);
    out->norm = d->norm;
    out->natural_norm = d->natural_norm;
    out->slope = out->curvature = (double)NAN;
    out->end_at = out->end_loss = out->end_own = out->start_own = (double)NAN;
    out->eigenvalue = d->eigenvalue;
    out->residual = d->residual;
    out->explained = d->explained;
done:
    return st;
}

static basin_status lay_grid(const basin_slice_request *r, basin_slice *s, grid *g)
{
    basin_status st = BASIN_OK;
    size_t       columns = r->grid[0], rows = rows_of(r), d = r->axis_count;

    if (r->tolerance > 0.0) rows = columns = 0;
    g->axes = d;
    g->points = rows * columns;
    g->ends = basin_slice_end_count(r);
    g->paths = basin_slice_path_points(r);
    BASIN_ALLOC(g->coefficients, (g->points + 1 + g->ends + g->paths) * d, "the grid");
    basin_slice_place_ends(r, g->coefficients + (g->points + 1) * d);
    BASIN_TRY(basin_slice_lay_paths(r, g->coefficients + (g->points + 1 + g->ends) * d, s));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            g->coefficients[(i * columns + j) * d] = s->axes[0].coordinates[j];
            if (d == 2) g->coefficients[(i * columns + j) * d + 1] = s->axes[1].coordinates[i];
        }
    BASIN_ALLOC(g->directions, d * s->parameters, "directions");
    for (size_t i = 0; i < d; i++)
        basin_copy(r->directions[i]->values, g->directions + i * s->parameters, s->parameters);
done:
    return st;
}

basin_status basin_slice_losses(const basin_slice_request *r, const double *directions,
                                const double *coefficients, size_t n, size_t which, basin_loss *losses)
{
    basin_status     st = BASIN_OK;
    basin_point     *point = r->point;
    basin_objective *o = which == 0 ? r->line : r->other;
    const size_t     d = r->axis_count;

    if (o == NULL) return basin_point_subspace(point, directions, d, coefficients, n, losses);
    BASIN_TRY(basin_objective_subspace(o, NULL, point->theta, directions, d, coefficients, n, losses));
    BASIN_TRY(basin_decay_add_losses(basin_point_included(point), point->theta, directions, d, coefficients,
                                     n, point->size, losses));
done:
    return st;
}

static basin_status evaluate(const basin_slice_request *r, const grid *g, size_t which, basin_slice *s)
{
    basin_status   st = BASIN_OK;
    basin_loss    *losses = NULL;
    basin_surface *out = &s->surfaces[which];
    const size_t   n = g->points + 1 + (which == 0 ? g->ends + g->paths : 0);

    out->columns = r->grid[0];
    out->rows = rows_of(r);
    out->samples = basin_objective_samples(which == 0 ? r->point->objective : r->other);
    BASIN_STRDUP(out->split, r->splits[which]);
    BASIN_ALLOC(out->loss, out->rows * out->columns, "losses");
    BASIN_ALLOC(out->accuracy, out->rows * out->columns, "accuracies");
    BASIN_ALLOC(losses, n, "losses");
    BASIN_TRY(basin_slice_losses(r, g->directions, g->coefficients, n, which, losses));
    for (size_t i = 0; i < g->points; i++) {
        out->loss[i] = basin_loss_value(&losses[i]);
        out->accuracy[i] = basin_loss_accuracy(&losses[i]);
    }
    out->centre_loss = basin_loss_value(&losses[g->points]);
    out->centre_accuracy = basin_loss_accuracy(&losses[g->points]);
    if (which != 0) goto done;
    BASIN_TRY(basin_slice_hold_ends(r, losses + g->points + 1, s));
    basin_slice_hold_paths(losses + g->points + 1 + g->ends, s);
done:
    basin_free(losses);
    return st;
}

static basin_status differentiate(const basin_slice_request *r, const grid *g, basin_slice *s)
{
    basin_status  st = BASIN_OK;
    size_t        size = s->parameters;
    double       *hd = NULL;
    const double *gradient;

    BASIN_TRY(basin_point_gradient(r->point, NULL, &gradient));
    BASIN_ALLOC(hd, g->axes * size, "products");
    BASIN_TRY(basin_point_product(r->point, g->directions, g->axes, hd));
    for (size_t i = 0; i < g->axes; i++) {
        s->axes[i].slope = basin_dot(gradient, g->directions + i * size, size);
        s->axes[i].curvature = basin_dot(g->directions + i * size, hd + i * size, size);
    }
done:
    basin_free(hd);
    return st;
}

/* Room for the products of differentiate and for stationarity, which follows at the same frozen Hessian. */
static void reserve(const basin_slice_request *r)
{
    basin_demand demand = {0};

    basin_stationarity_demand(r->point, &demand);
    basin_point_reserve(r->point, demand.aside + r->axis_count * r->point->size * sizeof(double));
}

static basin_status measure_cosines(const basin_slice_request *r, const grid *g, basin_slice *s)
{
    basin_status  st = BASIN_OK;
    size_t        size = s->parameters;
    const double *gradient;

    s->cosine = g->axes == 2 ? basin_cosine(g->directions, g->directions + size, size) : (double)NAN;
    BASIN_ALLOC(s->momentum_cosines, g->axes, "cosines");
    BASIN_ALLOC(s->gradient_cosines, g->axes, "cosines");
    s->cosine_count = g->axes;
    BASIN_TRY(basin_point_gradient(r->point, NULL, &gradient));
    for (size_t i = 0; i < g->axes; i++) {
        s->momentum_cosines[i] = basin_cosine(g->directions + i * size, r->momentum, size);
        s->gradient_cosines[i] = basin_cosine(g->directions + i * size, gradient, size);
    }
done:
    return st;
}

/* Of differentiate and evaluate. */
static void add_demand(const basin_slice_request *r, basin_demand *demand)
{
    size_t points = r->tolerance > 0.0 ? basin_slice_most(r) : r->grid[0] * rows_of(r);

    points++; /* the centre */
    basin_stationarity_demand(r->point, demand);
    if (!r->statistics_move) {
        demand->vectors += r->axis_count;
        if (demand->width < r->axis_count) demand->width = r->axis_count;
    }
    demand->axes = r->axis_count;
    demand->calls = 1;
    for (size_t i = 0; i < surfaces_of(r); i++) demand->points[i] = points;
    demand->points_at_most = r->tolerance > 0.0 || basin_slice_reach_most(r) > 0;
    demand->points[0] += basin_slice_reach_most(r);
    demand->points[0] += 3 * basin_slice_end_count(r);   /* along the line, and by networks of their own */
    demand->points[0] += 2 * basin_slice_path_points(r); /* projected, and by networks of their own */
    demand->bytes +=
        points * (r->axis_count * sizeof(double) + sizeof(basin_loss) + 2 * surfaces_of(r) * sizeof(double));
}

basin_status basin_slice_forecast(const basin_slice_request *r, const basin_direction_spec *specs,
                                  basin_forecast **out)
{
    basin_status           st = BASIN_OK;
    basin_forecast_request request = {
        .analysis = "slice", .point = r->point, .other = r->other, .splits = {r->splits[0], r->splits[1]}};

    size_t gradients = 0;

    BASIN_TRY(check_counts(r));
    BASIN_TRY(check_size(r));
    BASIN_TRY(basin_slice_check_tolerance(r));
    BASIN_TRY(basin_slice_check_convexity(r));
    for (size_t i = 0; i < r->axis_count; i++) {
        const bool part = specs[i].kind == BASIN_DIRECTION_EIGEN && r->eigen != NULL;
        BASIN_TRY(basin_direction_demand(part ? r->eigen : r->point->objective, &specs[i], &request.demand));
        gradients += basin_direction_gradients(&specs[i]);
    }
    add_demand(r, &request.demand);
    request.demand.gradients += gradients;
    BASIN_TRY(basin_slice_convexity_demand(r, &request.demand));
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

static basin_status compute(const basin_slice_request *r, basin_slice **out)
{
    basin_status st = BASIN_OK;
    basin_slice *s = NULL;
    grid         g = {0};

    BASIN_TRY(check_request(r));
    BASIN_ALLOC(s, 1, "slice");
    s->parameters = r->point->size;
    BASIN_ALLOC(s->axes, r->axis_count, "axes");
    s->axis_count = r->axis_count;
    BASIN_ALLOC(s->surfaces, surfaces_of(r), "surfaces");
    s->surface_count = surfaces_of(r);
    for (size_t i = 0; i < s->axis_count; i++) BASIN_TRY(describe_axis(r, i, &s->axes[i]));
    BASIN_TRY(lay_grid(r, s, &g));
    reserve(r);
    if (!r->statistics_move) BASIN_TRY(differentiate(r, &g, s));
    BASIN_TRY(basin_stationarity_compute(r->point, &s->stationarity));
    for (size_t i = 0; i < s->surface_count; i++) BASIN_TRY(evaluate(r, &g, i, s));
    if (r->tolerance > 0.0) BASIN_TRY(basin_slice_adapt(r, g.directions, s));
    BASIN_TRY(basin_slice_map_convexity(r, g.directions, s));
    BASIN_TRY(measure_cosines(r, &g, s));
    *out = s, s = NULL;
done:
    basin_free(g.coefficients);
    basin_free(g.directions);
    basin_slice_destroy(&s);
    return st;
}

basin_status basin_slice_compute(const basin_slice_request *request, basin_slice **out)
{
    basin_status        st = BASIN_OK;
    basin_slice_request own = *request; /* with the ranges found */

    BASIN_TRY(check_counts(request));
    BASIN_TRY(basin_slice_set_ranges(&own));
    BASIN_TRY(compute(&own, out));
done:
    return st;
}
