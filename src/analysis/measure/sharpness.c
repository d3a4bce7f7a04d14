/* Rises of the loss along one direction, at signed radii.
 *
 *     sam:         d = g/‖g‖, g = ∇L without weight decay: one-step SAM sharpness (Foret et al.,
 *                  arXiv:2010.01412, eq. 2)
 *     msam:        d = −v/‖v‖, v the momentum (Becker, Altrock & Risse, arXiv:2401.12033): the published sign
 *     top:         d = e1, the eigenvector of the largest eigenvalue, entry of largest magnitude positive
 *     random:SEED: d filter-normalised with biases zero, then scaled to norm 1
 *
 *     rise       L(theta + rho d) − L(theta) = slope + symmetric
 *     slope      ½ [L(theta + rho d) − L(theta − rho d)]             odd in rho:  rho gᵀd + O(rho³)
 *     symmetric  ½ [L(theta + rho d) + L(theta − rho d)] − L(theta)  even in rho: ½ rho² dᵀHd + O(rho⁴)
 *
 * A one-sided rise mixes the two: at a point that is not stationary, as a hovering one, the slope alone can
 * be most of it. Only the symmetrised rise is of curvature. It also depends on d: g and v of different
 * methods look along different directions, cos²(v, e1) and cos²(g, e1) say how far along the sharpest; e1 and
 * random directions are common to all methods.
 *
 * All points of one direction, ±rho of every radius and 0, none twice, are one subspace evaluation;
 * differences are to that 0. A direction that is zero gives NAN.
 *
 * Rounding: every loss carries a relative error of about ε, that of the objective, so each difference an
 * absolute one of about ε|L|. The symmetrised rise falls as rho²: below rho ≈ √(2ε|L| / |dᵀHd|) it is
 * rounding, of either sign, and is handed back as computed. The two differences to L(theta) are taken before
 * their mean, so that nothing is lost beyond that.
 */
#include <math.h>

#include "analysis/forecast.h"
#include "analysis/point.h"
#include "analysis/slice/direction.h"
#include "core/linalg.h"
#include "core/memory.h"

#define RHO 0.05

static const double factors[] = {-4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0};
#define FACTORS (sizeof factors / sizeof *factors)

static const char *const definitions[] = {
    [BASIN_RISE_SAM] = "L(θ + ρ g/‖g‖) − L(θ), g the gradient without weight decay",
    [BASIN_RISE_MSAM] = "L(θ − ρ v/‖v‖) − L(θ), v the momentum",
    [BASIN_RISE_TOP] = "L(θ + ρ e1) − L(θ), e1 the eigenvector of the largest eigenvalue, norm 1",
    [BASIN_RISE_RANDOM] = "L(θ + ρ d) − L(θ), d random, filter-normalised, biases zero, scaled to norm 1",
};

typedef struct radii {
    size_t  count;
    double *rho; /* [count] as asked for */
    size_t  points;
    double *point;        /* [points] to be evaluated: 0 first, ±rho of all radii, none twice */
    size_t *plus, *minus; /* [count] which of them rho and −rho are */
} radii;

static void radii_release(radii *r)
{
    basin_free(r->rho);
    basin_free(r->point);
    basin_free(r->plus);
    basin_free(r->minus);
}

static size_t place_of(radii *r, double rho)
{
    for (size_t i = 0; i < r->points; i++)
        if (r->point[i] == rho) return i;
    r->point[r->points] = rho;
    return r->points++;
}

static basin_status choose_radii(const basin_sharpness_options *o, radii *r)
{
    basin_status st = BASIN_OK;
    double       base = o->recorded_rho > 0.0 ? o->recorded_rho : RHO;
    size_t       most;

    BASIN_CHECK(o->rho == NULL || o->rho_count > 0, BASIN_ERR_ARG, "no radius given");
    r->count = o->rho != NULL ? o->rho_count : FACTORS;
    BASIN_CHECK(basin_mul(2, r->count, &most) && basin_add(most, 1, &most), BASIN_ERR_ARG,
                "%zu radii are too many", r->count);
    BASIN_ALLOC(r->rho, r->count, "radii");
    BASIN_ALLOC(r->point, most, "radii");
    BASIN_ALLOC(r->plus, r->count, "radii");
    BASIN_ALLOC(r->minus, r->count, "radii");
    r->points = 1; /* theta itself */
    for (size_t i = 0; i < r->count; i++) {
        r->rho[i] = o->rho != NULL ? o->rho[i] : base * factors[i];
        BASIN_CHECK(isfinite(r->rho[i]), BASIN_ERR_VALUE, "radius %g is not finite", r->rho[i]);
        r->plus[i] = place_of(r, r->rho[i]);
        r->minus[i] = place_of(r, -r->rho[i]);
    }
done:
    return st;
}

/* Rises at every radius along the unit direction d of that kind; d = NULL: undefined. `seed` is 0 but for a
   random direction. */
static basin_status measure(basin_point *point, const double *d, basin_rise_direction direction,
                            uint64_t seed, const radii *r, const char *split, basin_rise *rises)
{
    basin_status st = BASIN_OK;
    basin_loss  *losses = NULL;

    BASIN_ALLOC(losses, r->points, "losses");
    if (d != NULL) BASIN_TRY(basin_point_subspace(point, d, 1, r->point, r->points, losses));
    for (size_t i = 0; i < r->count; i++) {
        basin_rise *rise = &rises[i];
        rise->direction = (int)direction, rise->seed = seed;
        BASIN_STRDUP(rise->definition, definitions[direction]);
        BASIN_STRDUP(rise->split, split);
        rise->rho = r->rho[i];
        rise->loss = rise->value = rise->slope = rise->symmetric = NAN;
        if (d == NULL) continue;
        const double centre = basin_loss_value(&losses[0]);
        const double minus = basin_loss_value(&losses[r->minus[i]]) - centre;
        rise->loss = basin_loss_value(&losses[r->plus[i]]);
        rise->value = rise->loss - centre;
        rise->slope = 0.5 * (rise->value - minus);
        rise->symmetric = 0.5 * (rise->value + minus);
    }
done:
    basin_free(losses);
    return st;
}

/* ±v/‖v‖ into d; NULL where v is zero. */
static const double *unit(const double *v, double sign, size_t size, double *d)
{
    double norm = basin_norm(v, size);

    if (!(norm > 0.0) || !isfinite(norm)) return NULL;
    for (size_t i = 0; i < size; i++) d[i] = sign * (v[i] / norm);
    return d;
}

/* `d` is room for a direction. It is zero where all weights are, which filters are normalised to. */
static basin_status measure_random(basin_point *point, uint64_t seed, const radii *r, const char *split,
                                   double *d, basin_rise *rows)
{
    basin_status               st = BASIN_OK;
    const basin_random_options defaults = {0};

    BASIN_TRY(basin_direction_random_values(basin_objective_params(point->objective), point->theta, &defaults,
                                            seed, d));
    BASIN_TRY(measure(point, unit(d, 1.0, point->size, d), BASIN_RISE_RANDOM, seed, r, split, rows));
done:
    return st;
}

static basin_status measure_all(basin_point *point, const double *g, const double *top,
                                const basin_sharpness_options *options, const radii *r, basin_sharpness *s)
{
    basin_status st = BASIN_OK;
    size_t       size = s->parameters;
    double      *d = NULL;
    basin_rise  *rises = s->rises;

    BASIN_ALLOC(d, size, "direction");
    BASIN_TRY(measure(point, unit(g, 1.0, size, d), BASIN_RISE_SAM, 0, r, options->split, rises));
    rises += r->count;
    if (options->momentum != NULL) {
        BASIN_TRY(measure(point, unit(options->momentum, -1.0, size, d), BASIN_RISE_MSAM, 0, r,
                          options->split, rises));
        rises += r->count;
    }
    if (top != NULL) {
        BASIN_TRY(measure(point, unit(top, 1.0, size, d), BASIN_RISE_TOP, 0, r, options->split, rises));
        rises += r->count;
    }
    for (size_t i = 0; i < options->random; i++, rises += r->count)
        BASIN_TRY(measure_random(point, options->seed + i, r, options->split, d, rises));
done:
    basin_free(d);
    return st;
}

static basin_status count_kinds(const basin_sharpness_options *options, const radii *r, size_t *out)
{
    basin_status st = BASIN_OK;
    size_t       named = 1, kinds;

    if (options->momentum != NULL) named++;
    if (options->top != NULL || options->find_top) named++;
    BASIN_CHECK(basin_add(named, options->random, &kinds) && basin_mul(kinds, r->points, &(size_t){0}),
                BASIN_ERR_ARG, "%zu random directions of %zu radii are too many", options->random, r->count);
    *out = kinds;
done:
    return st;
}

static basin_status demand_of(const basin_point *point, const basin_sharpness_options *options,
                              const radii *r, basin_demand *demand)
{
    basin_status st = BASIN_OK;
    /* direction and e1, in addition to all other work */
    const size_t vectors = 2 * point->size * sizeof(double);

    basin_stationarity_demand(point, demand);
    if (options->top == NULL && options->find_top)
        BASIN_TRY(basin_direction_top_demand(point->objective, demand));
    demand->axes = 1;
    BASIN_TRY(count_kinds(options, r, &demand->calls));
    demand->points[0] = demand->calls * r->points;
    demand->bytes += vectors, demand->aside += vectors;
done:
    return st;
}

basin_status basin_sharpness_forecast(basin_point *point, const basin_sharpness_options *options,
                                      basin_forecast **out)
{
    basin_status                  st = BASIN_OK;
    const basin_sharpness_options defaults = {0};
    basin_forecast_request        request = {.analysis = "sharpness", .point = point};
    radii                         r = {0};

    if (options == NULL) options = &defaults;
    BASIN_TRY(choose_radii(options, &r));
    request.splits[0] = options->split;
    BASIN_TRY(demand_of(point, options, &r, &request.demand));
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    radii_release(&r);
    return st;
}

static double square(double x)
{
    return x * x;
}

static void describe_directions(const double *g, const double *v, const double *top, basin_sharpness *s)
{
    s->momentum_norm = v != NULL ? basin_norm(v, s->parameters) : (double)NAN;
    s->momentum_gradient_cosine = basin_cosine(g, v, s->parameters);
    s->momentum_top_cosine2 = square(basin_cosine(v, top, s->parameters));
    s->gradient_top_cosine2 = square(basin_cosine(g, top, s->parameters));
}

static basin_status describe_point(basin_point *point, const double **g, basin_sharpness *s)
{
    basin_status st = BASIN_OK;
    basin_loss   loss;

    s->parameters = point->size;
    s->samples = basin_objective_samples(point->objective);
    BASIN_TRY(basin_point_gradient(point, &loss, NULL));
    s->loss = basin_loss_value(&loss);
    BASIN_TRY(basin_point_bare_gradient(point, NULL, g));
    s->gradient_norm = basin_norm(*g, point->size);
done:
    return st;
}

basin_status basin_sharpness_compute(basin_point *point, const basin_sharpness_options *options,
                                     basin_sharpness **out)
{
    basin_status                  st = BASIN_OK;
    const basin_sharpness_options defaults = {0};
    basin_sharpness              *s = NULL;
    basin_direction              *found = NULL;
    const double                 *top, *g;
    basin_demand                  demand = {0};
    radii                         r = {0};

    if (options == NULL) options = &defaults;
    BASIN_TRY(choose_radii(options, &r));
    BASIN_TRY(demand_of(point, options, &r, &demand));
    BASIN_ALLOC(s, 1, "sharpness");
    BASIN_TRY(describe_point(point, &g, s));
    basin_point_reserve(point, demand.aside);
    if (options->top == NULL && options->find_top)
        BASIN_TRY(basin_direction_top(point, options->seed, &found));
    top = found != NULL ? found->values : options->top;
    describe_directions(g, options->momentum, top, s);
    BASIN_TRY(basin_stationarity_compute(point, &s->stationarity));
    BASIN_ALLOC(s->rises, demand.calls * r.count, "rises");
    s->rise_count = demand.calls * r.count;
    BASIN_TRY(measure_all(point, g, top, options, &r, s));
    *out = s, s = NULL;
done:
    radii_release(&r);
    basin_direction_destroy(&found);
    basin_sharpness_destroy(&s);
    return st;
}
