/* Where a surface is convex: the largest and the smallest eigenvalue of the operator at the points of a
 * grid.
 *
 * Method: at each point theta + s d_1 (+ t d_2) a point of its own with the same options, and both ends
 * of its spectrum by Lanczos with residuals (of up to 256 parameters all of it, directly). |λ_min/λ_max|
 * is the map of H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, arXiv:1712.09913, section 6: a plane of
 * low curvature says little if the directions that it leaves out curve down.
 *
 * An eigenvalue λ with residual δ has one of the operator within δ, so the ratio is off by at most
 * (|λ_min| + δ_min) / (λ_max - δ_max) less itself, if these are the extreme ones; whether they are is
 * verified as in spectrum.c, and counted.
 */
#include "analysis/slice/convexity.h"

#include <math.h>

#include "analysis/point.h"
#include "analysis/slice/adaptive.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define TOLERANCE 1e-4 /* residual, relative to the norm of the operator */
enum { DENSE_MOST = 256 };

static basin_spectrum_options options_of(const basin_objective *o)
{
    return (basin_spectrum_options){.method = basin_objective_size(o) <= DENSE_MOST ? BASIN_SPECTRUM_DENSE
                                                                                    : BASIN_SPECTRUM_LANCZOS,
                                    .top = 1,
                                    .bottom = 1,
                                    .tolerance = TOLERANCE,
                                    .probes = 1};
}

static size_t rows_of(const basin_slice_request *r)
{
    return r->axis_count == 2 ? r->convexity : 1;
}

basin_status basin_slice_check_convexity(const basin_slice_request *r)
{
    basin_status st = BASIN_OK;

    if (r->convexity == 0) goto done;
    BASIN_CHECK(r->convexity >= 2, BASIN_ERR_VALUE,
                "a map of convexity needs at least 2 points along each direction, got %zu", r->convexity);
    BASIN_CHECK(!r->statistics_move, BASIN_ERR_UNSUPPORTED,
                "a map of convexity: where the statistics of BatchNorm move with the point, its curvature is "
                "not that of the surface");
done:
    return st;
}

basin_status basin_slice_convexity_demand(const basin_slice_request *r, basin_demand *demand)
{
    basin_status                 st = BASIN_OK;
    const basin_spectrum_options options = options_of(r->point->objective);
    const size_t                 points = r->convexity * rows_of(r);
    basin_demand                 one = {0};
    basin_spectrum_method        method;

    if (r->convexity == 0) goto done;
    BASIN_TRY(basin_spectrum_demand(r->point->objective, &options, &one, &method));
    demand->gradients += points;
    demand->freezes += points;
    demand->products += points * one.products;
    demand->most += points * one.most;
    demand->vectors += points * one.vectors;
    if (demand->width < one.width) demand->width = one.width;
    if (demand->rows < one.rows) demand->rows = one.rows;
    demand->problems += points * one.problems;
    if (demand->matrix < one.matrix) demand->matrix = one.matrix;
    basin_demand_hold(demand, one.bytes, one.aside);
done:
    return st;
}

static void keep(basin_convexity *c, size_t i, const basin_spectrum *s)
{
    const size_t last = s->count - 1;
    const double top = s->eigenvalues[0], bottom = s->eigenvalues[last];
    const double above = s->residuals[0], below = s->residuals[last];

    c->largest[i] = top, c->largest_residual[i] = above;
    c->smallest[i] = bottom, c->smallest_residual[i] = below;
    if (top > 0.0) c->ratio[i] = fabs(bottom) / top;
    if (top > above) c->ratio_error[i] = (fabs(bottom) + below) / (top - above) - c->ratio[i];
    c->verified += s->verified && s->converged;
    c->products += s->products;
}

/* One point; where the loss or its derivatives are not finite, nothing is known. */
static basin_status one_point(const basin_slice_request *r, double *theta, basin_convexity *c, size_t i)
{
    basin_status                 st = BASIN_OK;
    const basin_spectrum_options options = options_of(r->point->objective);
    basin_point                 *at = NULL;
    basin_spectrum              *s = NULL;

    c->largest[i] = c->largest_residual[i] = c->smallest[i] = c->smallest_residual[i] = (double)NAN;
    c->ratio[i] = c->ratio_error[i] = (double)NAN;
    st = basin_point_create(r->point->objective, theta, &r->point->options, &at);
    if (st == BASIN_OK) st = basin_spectrum_solve(at, &options, &s);
    if (st == BASIN_ERR_NUMERIC || st == BASIN_ERR_VALUE)
        st = BASIN_OK;
    else if (st == BASIN_OK)
        keep(c, i, s);
    basin_spectrum_destroy(&s);
    basin_point_destroy(&at);
    return st;
}

static basin_status make_map(const basin_slice_request *r, basin_convexity *c)
{
    basin_status   st = BASIN_OK;
    double **const maps[] = {&c->largest, &c->largest_residual, &c->smallest, &c->smallest_residual,
                             &c->ratio,   &c->ratio_error};
    const size_t   columns = r->convexity, rows = rows_of(r);

    c->rows = rows, c->columns = columns;
    BASIN_ALLOC(c->across, columns, "a map");
    BASIN_ALLOC(c->up, rows, "a map");
    for (size_t i = 0; i < columns; i++)
        c->across[i] = basin_slice_coordinate(r->from[0], r->to[0], i, columns);
    for (size_t i = 0; i < rows && r->axis_count == 2; i++)
        c->up[i] = basin_slice_coordinate(r->from[1], r->to[1], i, rows);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) BASIN_ALLOC(*maps[i], rows * columns, "a map");
done:
    return st;
}

basin_status basin_slice_map_convexity(const basin_slice_request *r, const double *directions,
                                       basin_slice *slice)
{
    basin_status     st = BASIN_OK;
    const size_t     size = r->point->size;
    double          *theta = NULL;
    basin_convexity *c = NULL;

    if (r->convexity == 0) goto done;
    BASIN_ALLOC(slice->convexity, 1, "a map of convexity");
    slice->convexity_count = 1;
    c = slice->convexity;
    BASIN_TRY(make_map(r, c));
    BASIN_ALLOC(theta, size, "a point");
    basin_curvature_destroy(&r->point->curvature); /* room for those of the points */
    for (size_t i = 0; i < c->rows * c->columns; i++) {
        BASIN_TRY(basin_progress_report("convexity", (double)i, (double)(c->rows * c->columns)));
        basin_copy(r->point->theta, theta, size);
        basin_axpy(c->across[i % c->columns], directions, theta, size);
        if (r->axis_count == 2) basin_axpy(c->up[i / c->columns], directions + size, theta, size);
        BASIN_TRY(one_point(r, theta, c, i));
    }
done:
    basin_free(theta);
    return st;
}
