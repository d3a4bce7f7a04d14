/* The next update of a training at full batch, so that training moves theta by -eta u.
 *
 *   gd, sgd, nag, sam, usam,   u = beta v + g(x), x = theta for gd and sgd, theta - eta beta v for nag,
 *   msam                       theta + rho ∇L/‖∇L‖ for sam, theta + rho ∇L for usam, theta - rho v/‖v‖
 *                              for msam (docs/measures.md, «Training recursions»); weight decay is added
 *                              where the method takes it
 *   adam, adamw                m' = beta m + (1 - beta) g, v' = beta2 v + (1 - beta2) g², t' = t + 1,
 *                              u = m'/(1 - beta^t') / (√(v'/(1 - beta2^t')) + epsilon), decoupled decay
 *                              w theta beside it, coupled decay in g (Kingma & Ba, arXiv:1412.6980,
 *                              algorithm 1; Loshchilov & Hutter, arXiv:1711.05101, algorithm 2)
 */
#include "analysis/next_step.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/method.h"

/* A recorded coefficient goes with a momentum: without one v is unknown, but at the start. */
const char *basin_next_step_unknown(const basin_checkpoint *ck)
{
    const basin_method *method = basin_method_find(ck->method);

    if (ck->method == NULL) return "it records no method";
    if (method == NULL || method->stability == BASIN_STABILITY_UNKNOWN)
        return "its method has another recursion";
    if (isnan(ck->hyper.momentum)) return "it records no coefficient of its momentum";
    if (ck->hyper.momentum != 0.0 && basin_checkpoint_momentum(ck) == NULL && ck->step != 0)
        return "it saved no momentum";
    if (basin_method_perturbs(ck->method) != NULL && isnan(ck->hyper.rho)) return "it records no rho";
    if (method->stability == BASIN_STABILITY_NESTEROV && isnan(ck->hyper.learning_rate))
        return "it records no learning rate";
    return NULL;
}

/* x ← theta + length d/‖d‖; theta itself where d is NULL or 0. */
static void displace(const basin_point *point, const double *d, double length, double *x)
{
    const double norm = d != NULL ? basin_norm(d, point->size) : 0.0;

    basin_copy(point->theta, x, point->size);
    if (norm > 0.0) basin_axpy(length / norm, d, x, point->size);
}

/* Where the gradient of the next step is taken. */
static basin_status place(basin_point *point, const basin_checkpoint *ck, double *x)
{
    basin_status                 st = BASIN_OK;
    const basin_hyperparameters *h = &ck->hyper;
    const double                *g, *v = basin_checkpoint_momentum(ck);

    BASIN_TRY(basin_point_bare_gradient(point, NULL, &g));
    basin_copy(point->theta, x, point->size);
    switch (basin_method_find(ck->method)->stability) {
    case BASIN_STABILITY_NESTEROV:
        if (v != NULL) basin_axpy(-h->learning_rate * h->momentum, v, x, point->size);
        break;
    case BASIN_STABILITY_SAM: displace(point, g, h->rho, x); break;
    case BASIN_STABILITY_USAM: basin_axpy(h->rho, g, x, point->size); break;
    case BASIN_STABILITY_MSAM: displace(point, v, -h->rho, x); break;
    default: break;
    }
done:
    return st;
}

/* SAM's decay is that of theta, the others' that of where they take the gradient. */
static const double *decayed(const basin_point *point, const basin_checkpoint *ck, const double *x)
{
    const basin_stability of = basin_method_find(ck->method)->stability;

    return of == BASIN_STABILITY_SAM || of == BASIN_STABILITY_USAM ? point->theta : x;
}

basin_status basin_next_step(basin_point *point, const basin_checkpoint *ck, double *u)
{
    basin_status      st = BASIN_OK;
    const basin_decay decay = basin_checkpoint_decay(ck);
    const double     *v = basin_checkpoint_momentum(ck);
    double           *x = NULL;
    basin_loss        loss;

    BASIN_ALLOC(x, point->size, "where the gradient of the next step is taken");
    BASIN_TRY(place(point, ck, x));
    BASIN_TRY(basin_gradient_at(point->objective, x, &loss, u));
    basin_decay_add(&decay, decayed(point, ck, x), 1, point->size, u);
    if (v != NULL && ck->hyper.momentum != 0.0) basin_axpy(ck->hyper.momentum, v, u, point->size);
done:
    basin_free(x);
    return st;
}

/* ------------------------------------------------------------------------------------------------ Adam -- */

bool basin_next_step_is_adam(const basin_checkpoint *ck)
{
    const basin_method *method = basin_method_find(ck->method);

    return method == &basin_methods[BASIN_METHOD_ADAM] || method == &basin_methods[BASIN_METHOD_ADAMW];
}

static const double *second_moment(const basin_checkpoint *ck)
{
    for (size_t i = 0; i < ck->state_count; i++)
        if (strcmp(ck->states[i].name, "second_moment") == 0) return ck->states[i].values;
    return NULL;
}

static basin_status demand_adam(const basin_checkpoint *ck, double beta2, double epsilon)
{
    basin_status st = BASIN_OK;
    const char  *path = ck->path != NULL ? ck->path : "checkpoint";
    const bool   starts = ck->step == 0;

    BASIN_CHECK(beta2 > 0.0 && beta2 < 1.0 && epsilon > 0.0, BASIN_ERR_ARG,
                "Adam's step takes beta2 in (0, 1) and epsilon > 0, got %g and %g", beta2, epsilon);
    BASIN_CHECK(ck->step >= 0, BASIN_ERR_MISSING, "%s: update: it records no step, by which Adam scales",
                path);
    BASIN_CHECK(ck->hyper.momentum >= 0.0 && ck->hyper.momentum < 1.0, BASIN_ERR_MISSING,
                "%s: update: its coefficient of the momentum is %g", path, ck->hyper.momentum);
    BASIN_CHECK(starts || basin_checkpoint_momentum(ck) != NULL, BASIN_ERR_MISSING,
                "%s: update: it saved no momentum", path);
    BASIN_CHECK(starts || second_moment(ck) != NULL, BASIN_ERR_MISSING,
                "%s: update: no second moments of the gradient saved", path);
done:
    return st;
}

basin_status basin_next_step_adam(basin_point *point, const basin_checkpoint *ck, double beta2,
                                  double epsilon, double *u)
{
    basin_status      st = BASIN_OK;
    const basin_decay decay = basin_checkpoint_decay(ck);
    const double     *m = basin_checkpoint_momentum(ck), *v = second_moment(ck), *bare;
    const double      beta = ck->hyper.momentum;

    BASIN_TRY(demand_adam(ck, beta2, epsilon));
    const double first = 1.0 - pow(beta, (double)(ck->step + 1));
    const double second = -expm1((double)(ck->step + 1) * log(beta2));
    BASIN_TRY(basin_point_bare_gradient(point, NULL, &bare));
    basin_copy(bare, u, point->size);
    if (ck->hyper.weight_decay_coupled) basin_decay_add(&decay, point->theta, 1, point->size, u);
    for (size_t i = 0; i < point->size; i++) {
        const double moment = beta * (m != NULL ? m[i] : 0.0) + (1.0 - beta) * u[i];
        const double square = beta2 * (v != NULL ? v[i] : 0.0) + (1.0 - beta2) * u[i] * u[i];
        BASIN_CHECK(square >= 0.0, BASIN_ERR_VALUE, "%s: the second moment of parameter %zu is %g",
                    ck->path != NULL ? ck->path : "checkpoint", i, v[i]);
        u[i] = moment / first / (sqrt(square / second) + epsilon);
    }
    if (!ck->hyper.weight_decay_coupled) basin_decay_add(&decay, point->theta, 1, point->size, u);
done:
    return st;
}
