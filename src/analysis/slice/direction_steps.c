/* Directions of an optimizer's step: the gradient on another split, Adam's momentum, the next update, and the
 * perturbations of SAM and MSAM, as include/basin.h and docs/measures.md define them.
 */
#include <math.h>
#include <string.h>

#include "analysis/next_step.h"
#include "analysis/point.h"
#include "analysis/slice/direction.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/method.h"

static const char *path_of(const basin_checkpoint *ck)
{
    return ck->path != NULL ? ck->path : "this checkpoint";
}

basin_status basin_direction_gradient_on(const basin_point *point, basin_objective *other, const char *split,
                                         basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    basin_loss       loss;
    char            *label = basin_format("gradient:%s", split);
    char            *definition = basin_format("gradient on %s (uphill), scaled to norm 1", split);

    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_CHECK(basin_objective_size(other) == point->size, BASIN_ERR_SHAPE,
                "gradient:%s: that objective has %zu parameters, the point %zu", split,
                basin_objective_size(other), point->size);
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_GRADIENT, label, definition, point->size, &d));
    BASIN_TRY(basin_gradient_at(other, point->theta, &loss, d->values));
    basin_decay_add(basin_point_included(point), point->theta, 1, point->size, d->values);
    BASIN_TRY(basin_direction_normalise(d));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    basin_free(label);
    basin_free(definition);
    return st;
}

basin_status basin_direction_adam(const basin_checkpoint *ck, double beta2, double epsilon,
                                  basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    const double    *m = basin_checkpoint_momentum(ck);
    double           ceiling;

    BASIN_CHECK(m != NULL, BASIN_ERR_MISSING, "%s: adam: it saved no momentum: %s", path_of(ck),
                basin_checkpoint_no_momentum(ck));
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_ADAM, "adam",
                                     "momentum over the root of the second moments, Adam's (uphill), scaled "
                                     "to norm 1",
                                     ck->params->size, &d));
    BASIN_TRY(basin_checkpoint_adam(ck, beta2, epsilon, d->values, &ceiling));
    for (size_t i = 0; i < d->size; i++) d->values[i] *= d->values[i] * m[i];
    BASIN_TRY(basin_direction_normalise(d));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    return st;
}

/* ------------------------------------------------------------------------------------------- next step -- */

static basin_status demand_update(const basin_checkpoint *ck, double *eta)
{
    basin_status st = BASIN_OK;
    const char  *unknown = basin_next_step_is_adam(ck) ? NULL : basin_next_step_unknown(ck);
    const bool   known = ck->method == NULL || basin_method_find(ck->method) != NULL;

    BASIN_CHECK(unknown == NULL, known ? BASIN_ERR_MISSING : BASIN_ERR_UNSUPPORTED,
                "%s: the next step of method %s is not known: %s", path_of(ck),
                ck->method != NULL ? ck->method : "«unknown»", unknown);
    BASIN_CHECK(ck->hyper.learning_rate >= 0.0 && isfinite(ck->hyper.learning_rate), BASIN_ERR_MISSING,
                "%s: update: it records no learning rate", path_of(ck));
    *eta = ck->hyper.learning_rate;
done:
    return st;
}

basin_status basin_direction_update(basin_point *point, const basin_checkpoint *ck, double beta2,
                                    double epsilon, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    double           eta = 0.0;
    char            *definition = NULL;

    BASIN_TRY(demand_update(ck, &eta));
    definition = basin_format("the next step of %s with learning rate %.6g, by the gradient over %zu samples "
                              "(coordinate 1 is where it leads)",
                              basin_method_title(ck->method), eta, basin_objective_samples(point->objective));
    BASIN_CHECK(definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_UPDATE, "update", definition, point->size, &d));
    if (basin_next_step_is_adam(ck))
        BASIN_TRY(basin_next_step_adam(point, ck, beta2, epsilon, d->values));
    else
        BASIN_TRY(basin_next_step(point, ck, d->values));
    for (size_t i = 0; i < d->size; i++) d->values[i] *= -eta;
    BASIN_TRY(basin_direction_measure(d));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    basin_free(definition);
    return st;
}

/* --------------------------------------------------------------------------------------- perturbations -- */

typedef struct perturbation {
    basin_direction_kind kind;
    const char          *name, *whose, *along;
    double               sign; /* of the vector along which it perturbs */
    bool                 raw;  /* by rho times that vector, and not by the length rho */
} perturbation;

static const perturbation by_sam = {BASIN_DIRECTION_SAM, "sam", "SAM's", "along the gradient", 1.0, false};
static const perturbation by_usam = {BASIN_DIRECTION_USAM, "usam", "un-normalised SAM's",
                                     "times the gradient", 1.0,    true};
static const perturbation by_msam = {BASIN_DIRECTION_MSAM,       "msam", "MSAM's",
                                     "along minus the momentum", -1.0,   false};

/* The recorded rho, where it means what this perturbation makes of it. */
static basin_status recorded_rho(const perturbation *by, const basin_checkpoint *ck, double *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(!isnan(ck->hyper.rho), BASIN_ERR_MISSING, "%s: %s: it records no rho: %s:RHO", path_of(ck),
                by->name, by->name);
    BASIN_CHECK(basin_rho_is_radius(ck->method) == !by->raw, BASIN_ERR_MISSING,
                "%s: %s: the rho %g of method %s is %s: %s:RHO", path_of(ck), by->name, ck->hyper.rho,
                ck->method != NULL ? ck->method : "«unknown»",
                by->raw ? "a radius and multiplies no gradient" : "no radius but multiplies the gradient",
                by->name);
    *out = ck->hyper.rho;
done:
    return st;
}

/* ±rho d/‖d‖, of length rho; raw: rho d. */
static basin_status perturb(const perturbation *by, const basin_checkpoint *ck, double rho,
                            const double *along, size_t size, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    const bool       given = !isnan(rho);
    char            *label = NULL, *definition = NULL;

    if (!given) BASIN_TRY(recorded_rho(by, ck, &rho));
    BASIN_CHECK(rho > 0.0 && isfinite(rho), BASIN_ERR_VALUE, "%s: a perturbation %s %g", by->name,
                by->raw ? "by the factor" : "of radius", rho);
    label = given ? basin_format("%s:%g", by->name, rho) : basin_strdup(by->name);
    definition = basin_format("%s perturbation, rho = %.6g %s (coordinate 1 is the perturbed point)",
                              by->whose, rho, by->along);
    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(by->kind, label, definition, size, &d));
    for (size_t i = 0; i < size; i++) d->values[i] = by->sign * along[i];
    BASIN_TRY(basin_direction_normalise(d));
    if (by->raw) rho *= d->natural_norm;
    BASIN_TRY(basin_direction_rescale(d, rho));
    d->natural_norm = rho;
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    basin_free(label);
    basin_free(definition);
    return st;
}

basin_status basin_direction_sam(basin_point *point, const basin_checkpoint *ck, double rho,
                                 basin_direction **out)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(point, NULL, &g));
    BASIN_TRY(perturb(&by_sam, ck, rho, g, point->size, out));
done:
    return st;
}

basin_status basin_direction_usam(basin_point *point, const basin_checkpoint *ck, double rho,
                                  basin_direction **out)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(point, NULL, &g));
    BASIN_TRY(perturb(&by_usam, ck, rho, g, point->size, out));
done:
    return st;
}

basin_status basin_direction_msam(const basin_checkpoint *ck, double rho, basin_direction **out)
{
    basin_status  st = BASIN_OK;
    const double *v = basin_checkpoint_momentum(ck);

    BASIN_CHECK(v != NULL, BASIN_ERR_MISSING, "%s: msam: it saved no momentum: %s", path_of(ck),
                basin_checkpoint_no_momentum(ck));
    BASIN_TRY(perturb(&by_msam, ck, rho, v, ck->params->size, out));
done:
    return st;
}
