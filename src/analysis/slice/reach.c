/* How far to look: the range of a slice by how much the loss rises.
 *
 * Method
 *   1. Coordinates ±2^k ‖theta‖/‖d‖ for k = -14 … 6, three in one evaluation, until both sides are found:
 *      6e-5 to 64 times the weights.
 *   2. On each side the first of them where the loss is not below the target (a loss that is not finite is
 *      not) ends a bracket that begins at the one before it, or at the centre.
 *   3. Twice 16 points inside the bracket, evenly spaced; again the first that is not below ends it.
 *   4. The end of the last bracket, away from the centre to two significant digits.
 *
 * It is the first crossing of those points, not a crossing that bisection happens to find: beyond the first,
 * the loss may fall again. What rises and falls between two of the points is not seen.
 */
#include "analysis/slice/reach.h"

#include <math.h>

#include "analysis/point.h"
#include "analysis/slice/adaptive.h"
#include "core/linalg.h"
#include "core/memory.h"

enum { LEAST = -14, MOST = 6, DOUBLINGS = 3, PARTS = 16, ROUNDS = 2, SIDES = 2 };

typedef struct search {
    const basin_slice_request *request;
    size_t                     axis;
    double                    *directions;   /* [axes, P] */
    double                    *coefficients; /* [SIDES PARTS, axes]; those of other axes are 0 */
    basin_loss                *losses;       /* [SIDES PARTS] */
    double                     target;
    double                     near[SIDES], far[SIDES]; /* the bracket of each side, distances */
} search;

static const double SIGN[SIDES] = {-1.0, 1.0};

/* Losses at `n` distances [SIDES, n] on either side. */
static basin_status look(search *s, const double *distances, size_t n)
{
    const size_t d = s->request->axis_count;

    for (size_t i = 0; i < SIDES * n; i++) s->coefficients[i * d + s->axis] = SIGN[i / n] * distances[i];
    return basin_slice_losses(s->request, s->directions, s->coefficients, SIDES * n, 0, s->losses);
}

/* The first of the distances looked at where the loss is not below the target becomes the end of a side's
   bracket, the one before it its beginning. */
static void narrow(search *s, size_t side, const double *distances, size_t n)
{
    size_t first = 0;

    while (first < n && basin_loss_value(&s->losses[side * n + first]) < s->target) first++;
    if (first > 0) s->near[side] = distances[side * n + first - 1];
    if (first < n) s->far[side] = distances[side * n + first];
}

/* Outwards by doubling: a bracket on each side. */
static basin_status find_brackets(search *s)
{
    basin_status               st = BASIN_OK;
    const basin_slice_request *r = s->request;
    const double               weights = basin_norm(r->point->theta, r->point->size);
    const double               unit = (weights > 0.0 ? weights : 1.0) / r->directions[s->axis]->norm;
    double                     at[SIDES * DOUBLINGS];

    for (int k = LEAST; k <= MOST && !(isfinite(s->far[0]) && isfinite(s->far[1])); k += DOUBLINGS) {
        for (int i = 0; i < SIDES * DOUBLINGS; i++) at[i] = ldexp(unit, k + i % DOUBLINGS);
        BASIN_TRY(look(s, at, DOUBLINGS));
        for (size_t side = 0; side < SIDES; side++)
            if (!isfinite(s->far[side])) narrow(s, side, at, DOUBLINGS);
    }
    for (size_t side = 0; side < SIDES; side++)
        BASIN_CHECK(isfinite(s->far[side]), BASIN_ERR_VALUE,
                    "along %s the loss stays below %.6g as far as %.3g", r->directions[s->axis]->label,
                    s->target, SIGN[side] * s->near[side]);
done:
    return st;
}

/* Evenly inwards, twice. */
static basin_status narrow_brackets(search *s)
{
    basin_status st = BASIN_OK;
    double       at[SIDES * PARTS];

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SIDES * PARTS; i++)
            at[i] = s->near[i / PARTS] + (s->far[i / PARTS] - s->near[i / PARTS]) * (i % PARTS + 1) / PARTS;
        BASIN_TRY(look(s, at, PARTS));
        for (size_t side = 0; side < SIDES; side++) narrow(s, side, at, PARTS);
    }
done:
    return st;
}

/* Away from zero to two significant digits; what has no more than these stays. */
static double outwards(double x)
{
    const double unit = pow(10.0, floor(log10(fabs(x))) - 1.0);

    return copysign(ceil(fabs(x) / unit * (1.0 - 1e-12)) * unit, x);
}

static basin_status set_target(search *s, const basin_reach *reach)
{
    basin_status st = BASIN_OK;
    double       centre;

    BASIN_TRY(look(s, (double[SIDES]){0.0, 0.0}, 1));
    centre = basin_loss_value(&s->losses[0]);
    s->target = reach->factor > 0.0 ? reach->factor * centre : centre + reach->rise;
    BASIN_CHECK(isfinite(centre) && s->target > centre, BASIN_ERR_VALUE,
                "along %s a range cannot reach up to a loss of %.6g from %.6g at the centre",
                s->request->directions[s->axis]->label, s->target, centre);
done:
    return st;
}

static basin_status check_reach(const basin_slice_request *r, size_t axis)
{
    basin_status           st = BASIN_OK;
    const basin_direction *d = r->directions[axis];
    const basin_reach     *reach = &r->reach[axis];

    for (size_t i = 0; i < r->axis_count; i++)
        BASIN_CHECK(r->directions[i]->size == r->point->size, BASIN_ERR_SHAPE,
                    "direction %s has %zu parameters, the objective %zu", r->directions[i]->label,
                    r->directions[i]->size, r->point->size);
    BASIN_CHECK(d->norm > 0.0, BASIN_ERR_VALUE, "direction %s is zero", d->label);
    BASIN_CHECK((reach->factor == 0.0 && reach->rise > 0.0 && isfinite(reach->rise)) ||
                    (reach->rise == 0.0 && reach->factor > 1.0 && isfinite(reach->factor)),
                BASIN_ERR_VALUE,
                "a range along %s up to %g times the loss, and up by %g: wanted a factor above 1, or a rise "
                "above 0",
                d->label, reach->factor, reach->rise);
done:
    return st;
}

static basin_status make_search(const basin_slice_request *r, size_t axis, search *s)
{
    basin_status st = BASIN_OK;

    *s = (search){.request = r, .axis = axis, .far = {INFINITY, INFINITY}};
    BASIN_ALLOC(s->directions, r->axis_count * r->point->size, "directions");
    BASIN_ALLOC(s->coefficients, SIDES * PARTS * r->axis_count, "points");
    BASIN_ALLOC(s->losses, SIDES * PARTS, "losses");
    for (size_t i = 0; i < r->axis_count; i++)
        basin_copy(r->directions[i]->values, s->directions + i * r->point->size, r->point->size);
done:
    return st;
}

static basin_status set_range(basin_slice_request *r, size_t axis)
{
    basin_status st = BASIN_OK;
    search       s = {0};

    BASIN_TRY(make_search(r, axis, &s));
    BASIN_TRY(set_target(&s, &r->reach[axis]));
    BASIN_TRY(find_brackets(&s));
    BASIN_TRY(narrow_brackets(&s));
    r->from[axis] = outwards(-s.far[0]);
    r->to[axis] = outwards(s.far[1]);
done:
    basin_free(s.directions);
    basin_free(s.coefficients);
    basin_free(s.losses);
    return st;
}

bool basin_slice_reaches(const basin_slice_request *r, size_t axis)
{
    return r->reach[axis].factor != 0.0 || r->reach[axis].rise != 0.0;
}

size_t basin_slice_reach_most(const basin_slice_request *r)
{
    size_t points = 0;

    for (size_t i = 0; i < r->axis_count; i++)
        if (basin_slice_reaches(r, i)) points += SIDES * (1 + (MOST - LEAST + 1) + ROUNDS * PARTS);
    return points;
}

basin_status basin_slice_set_ranges(basin_slice_request *r)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < r->axis_count; i++)
        if (basin_slice_reaches(r, i)) BASIN_TRY(check_reach(r, i));
    for (size_t i = 0; i < r->axis_count; i++)
        if (basin_slice_reaches(r, i)) BASIN_TRY(set_range(r, i));
done:
    return st;
}
