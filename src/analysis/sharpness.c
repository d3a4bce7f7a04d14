/* One-step sharpness along signed radii.
 *
 *     sam:         L(theta + rho g/‖g‖) - L(theta), g = ∇L without weight decay (Foret et al., arXiv:2010.01412, eq. 2)
 *     msam:        L(theta - rho v/‖v‖) - L(theta), v the momentum (Becker, Altrock & Risse, arXiv:2401.12033): the published
 *                  sign; negative rho is the other one
 *     random:SEED: L(theta + rho d) - L(theta), d filter-normalised with biases zero, then scaled to norm 1
 *
 * All radii of one direction, and 0, are one subspace evaluation; the value at rho is its difference to that 0. A direction
 * that is zero gives NAN.
 */
#include <math.h>
#include <string.h>

#include "analysis/direction.h"
#include "analysis/forecast.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

#define RHO 0.05

static const double factors[] = {-4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0};
#define FACTORS (sizeof factors / sizeof *factors)

typedef struct radii {
    size_t  count;
    double *rho; /* [count + 1]: the last is 0, the point itself */
} radii;

static basin_status choose_radii(const basin_sharpness_options *o, radii *r)
{
    basin_status st = BASIN_OK;
    double       base = o->recorded_rho > 0.0 ? o->recorded_rho : RHO;

    BASIN_CHECK(o->rho == NULL || o->rho_count > 0, BASIN_ERR_ARG, "no radius given");
    r->count = o->rho != NULL ? o->rho_count : FACTORS;
    BASIN_ALLOC(r->rho, r->count + 1, "radii");
    for (size_t i = 0; i < r->count; i++) {
        r->rho[i] = o->rho != NULL ? o->rho[i] : base * factors[i];
        BASIN_CHECK(isfinite(r->rho[i]), BASIN_ERR_VALUE, "radius %g is not finite", r->rho[i]);
    }
done:
    return st;
}

/* Rows for every radius along the unit direction d; d = NULL: undefined. */
static basin_status measure(basin_objective *o, const double *theta, const double *d, const radii *r, const char *name, const char *definition,
                            const char *split, basin_measure *rows)
{
    basin_status st = BASIN_OK;
    basin_loss  *losses = NULL;

    BASIN_ALLOC(losses, r->count + 1, "losses");
    if (d != NULL) BASIN_TRY(basin_objective_subspace(o, NULL, theta, d, 1, r->rho, r->count + 1, losses));
    for (size_t i = 0; i < r->count; i++) {
        BASIN_STRDUP(rows[i].name, name);
        BASIN_STRDUP(rows[i].definition, definition);
        BASIN_STRDUP(rows[i].split, split);
        rows[i].rho = r->rho[i];
        rows[i].loss = d != NULL ? basin_loss_value(&losses[i]) : (double)NAN;
        rows[i].value = rows[i].loss - basin_loss_value(&losses[r->count]);
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

static basin_status measure_random(basin_objective *o, const double *theta, uint64_t seed, const radii *r, const char *split, basin_measure *rows)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;

    BASIN_TRY(basin_direction_random(basin_objective_params(o), theta, NULL, seed, &d));
    BASIN_TRY(basin_direction_rescale(d, 1.0));
    BASIN_TRY(measure(o, theta, d->values, r, d->label, "L(θ + ρ d) − L(θ), d random, filter-normalised, biases zero, scaled to norm 1", split,
                      rows));
done:
    basin_direction_destroy(&d);
    return st;
}

static basin_status measure_all(basin_objective *o, const double *theta, const double *g, const basin_sharpness_options *options, const radii *r,
                                basin_sharpness *s)
{
    basin_status st = BASIN_OK;
    size_t       size = s->parameters, used = 0;
    double      *d = NULL;

    BASIN_ALLOC(d, size, "direction");
    BASIN_TRY(measure(o, theta, unit(g, 1.0, size, d), r, "sam", "L(θ + ρ g/‖g‖) − L(θ), g the gradient without weight decay", options->split,
                      s->measures));
    used = r->count;
    if (options->momentum != NULL) {
        BASIN_TRY(measure(o, theta, unit(options->momentum, -1.0, size, d), r, "msam", "L(θ − ρ v/‖v‖) − L(θ), v the momentum", options->split,
                          s->measures + used));
        used += r->count;
    }
    for (size_t i = 0; i < options->random; i++, used += r->count)
        BASIN_TRY(measure_random(o, theta, options->seed + i, r, options->split, s->measures + used));
done:
    basin_free(d);
    return st;
}

static size_t kinds_of(const basin_sharpness_options *options)
{
    return (options->momentum != NULL ? 2 : 1) + options->random;
}

basin_status basin_sharpness_forecast(basin_objective *o, const double *theta, const basin_sharpness_options *options, basin_forecast **out)
{
    basin_status                  st = BASIN_OK;
    const basin_sharpness_options defaults = {0};
    basin_forecast_request        request = {.analysis = "sharpness", .objective_count = 1, .objectives = {o}, .theta = theta};
    basin_demand                 *demand = &request.demand;
    radii                         r = {0};

    if (options == NULL) options = &defaults;
    BASIN_TRY(choose_radii(options, &r));
    request.splits[0] = options->split;
    demand->losses++;
    demand->gradients++;
    basin_stationarity_demand(demand);
    demand->axes = 1;
    demand->calls = kinds_of(options);
    BASIN_CHECK(basin_mul(kinds_of(options), r.count + 1, &demand->points[0]), BASIN_ERR_ARG, "%zu random directions of %zu radii are too many",
                options->random, r.count);
    demand->bytes = 4 * basin_objective_size(o) * sizeof(double);
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    basin_free(r.rho);
    return st;
}

static void describe_momentum(const double *g, const double *v, basin_sharpness *s)
{
    s->momentum_norm = v != NULL ? basin_norm(v, s->parameters) : (double)NAN;
    s->momentum_gradient_cosine = v != NULL ? basin_dot(g, v, s->parameters) / s->gradient_norm / s->momentum_norm : (double)NAN;
}

basin_status basin_sharpness_compute(basin_objective *o, const double *theta, const basin_sharpness_options *options, basin_sharpness **out)
{
    basin_status                  st = BASIN_OK;
    const basin_sharpness_options defaults = {0};
    basin_sharpness              *s = NULL;
    double                       *g = NULL;
    basin_loss                    loss;
    radii                         r = {0};
    size_t                        kinds;

    if (options == NULL) options = &defaults;
    BASIN_TRY(choose_radii(options, &r));
    BASIN_ALLOC(s, 1, "sharpness");
    s->parameters = basin_objective_size(o);
    s->samples = basin_objective_samples(o);
    BASIN_ALLOC(g, s->parameters, "gradient");
    BASIN_TRY(basin_objective_loss(o, NULL, theta, &loss));
    s->loss = basin_loss_value(&loss);
    BASIN_TRY(basin_point_bare_gradient(o, theta, NULL, g));
    s->gradient_norm = basin_norm(g, s->parameters);
    describe_momentum(g, options->momentum, s);
    BASIN_TRY(basin_stationarity_compute(o, theta, options->weight_decay, &s->stationarity));

    kinds = kinds_of(options);
    BASIN_CHECK(basin_mul(kinds, r.count, &(size_t){0}), BASIN_ERR_ARG, "%zu random directions of %zu radii are too many", options->random, r.count);
    BASIN_ALLOC(s->measures, kinds * r.count, "measures");
    s->measure_count = kinds * r.count;
    BASIN_TRY(measure_all(o, theta, g, options, &r, s));
    *out = s, s = NULL;
done:
    basin_free(r.rho);
    basin_free(g);
    basin_sharpness_destroy(&s);
    return st;
}
