/* Where checkpoints fall on a plane, and what the picture hides: how far off the plane each lies, and its own
 * loss beside that of its projection.
 *
 * The projection is the nearest point theta_0 + a d_1 + b d_2: (a, b) by the normal equations of the two
 * directions, whatever their angle and norms; coordinates are multiples of the directions, as the grid's.
 * The distance is the norm of what is left, and not a difference of squares, which would cancel.
 */
#include "analysis/slice/path.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"

#define PARALLEL 1e-9 /* 1 - cosine² below which two directions span no plane */

basin_status basin_project(const double *origin, const basin_direction *const directions[2],
                           const double *theta, double at[2], double *distance)
{
    basin_status  st = BASIN_OK;
    const size_t  size = directions[0]->size;
    const double *d[2] = {directions[0]->values, directions[1]->values};
    double       *rest = NULL;

    BASIN_ALLOC(rest, size, "a projection");
    const double norm[2] = {directions[0]->norm, directions[1]->norm};
    const double c = basin_dot(d[0], d[1], size) / norm[0] / norm[1], sine2 = 1.0 - c * c;
    BASIN_CHECK(sine2 > PARALLEL, BASIN_ERR_VALUE, "directions %s and %s are parallel: cosine %.12g",
                directions[0]->label, directions[1]->label, c);
    for (size_t i = 0; i < size; i++) rest[i] = theta[i] - origin[i];
    at[0] = at[1] = 0.0;
    for (int pass = 0; pass < 2; pass++) { /* the second takes away what rounding of the first left */
        const double x = basin_dot(d[0], rest, size) / norm[0], y = basin_dot(d[1], rest, size) / norm[1];
        const double a = (x - c * y) / sine2 / norm[0], b = (y - c * x) / sine2 / norm[1];
        basin_axpy(-a, d[0], rest, size);
        basin_axpy(-b, d[1], rest, size);
        at[0] += a, at[1] += b;
    }
    *distance = basin_norm(rest, size);
done:
    basin_free(rest);
    return st;
}

size_t basin_slice_path_points(const basin_slice_request *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->path_count; i++) count += r->paths[i].count;
    return count;
}

static basin_status lay_path(const basin_slice_request *r, const basin_path_request *from,
                             double *coefficients, basin_path *out)
{
    basin_status st = BASIN_OK;

    BASIN_STRDUP(out->name, from->name);
    if (from->method != NULL) BASIN_STRDUP(out->method, from->method);
    out->joined = from->joined;
    BASIN_ALLOC(out->points, from->count, "the points of a path");
    out->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        const struct basin_path_checkpoint *ck = &from->checkpoints[i];
        basin_path_point                   *p = &out->points[i];
        double                              at[2];
        BASIN_STRDUP(p->file, ck->file);
        p->step = ck->step;
        p->loss = ck->loss;
        p->projected = NAN;
        BASIN_TRY(basin_project(basin_point_theta(r->point), r->directions, ck->theta, at, &p->distance));
        p->across = coefficients[2 * i] = at[0];
        p->up = coefficients[2 * i + 1] = at[1];
    }
done:
    return st;
}

basin_status basin_slice_lay_paths(const basin_slice_request *r, double *coefficients, basin_slice *s)
{
    basin_status st = BASIN_OK;

    if (r->path_count == 0) return BASIN_OK;
    BASIN_ALLOC(s->paths, r->path_count, "paths");
    s->path_count = r->path_count;
    for (size_t i = 0; i < r->path_count; i++) {
        BASIN_TRY(lay_path(r, &r->paths[i], coefficients, &s->paths[i]));
        coefficients += 2 * r->paths[i].count;
    }
done:
    return st;
}

void basin_slice_hold_paths(const basin_loss *losses, basin_slice *s)
{
    for (size_t i = 0; i < s->path_count; i++)
        for (size_t k = 0; k < s->paths[i].count; k++)
            s->paths[i].points[k].projected = basin_loss_value(losses++);
}
