#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/method.h"
#include "core/params.h"

basin_status basin_checkpoint_create(const basin_graph *graph, basin_checkpoint **out)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *ck = NULL;

    BASIN_ALLOC(ck, 1, "checkpoint");
    BASIN_TRY(basin_graph_copy(graph, &ck->graph));
    ck->params = ck->graph->params;
    BASIN_ALLOC(ck->theta, ck->params->size, "parameters");
    ck->hyper = BASIN_HYPERPARAMETERS_UNKNOWN;
    ck->perturbed = BASIN_PERTURBED_UNKNOWN;
    ck->undo = NAN;
    ck->epoch = NAN;
    ck->step = -1;
    ck->gradient_evaluations = ck->module_parameters = ck->outside_parameters = -1;
    ck->seconds = NAN;
    *out = ck, ck = NULL;
done:
    basin_checkpoint_destroy(&ck);
    return st;
}

static void clear_recorded(basin_recorded *r)
{
    basin_free(r->quantity);
    basin_free(r->split);
    basin_free(r->point);
    basin_free(r->mode);
    basin_free(r->coverage);
    basin_free(r->stood);
}

void basin_checkpoint_destroy(basin_checkpoint **checkpoint)
{
    if (checkpoint == NULL || *checkpoint == NULL) return;
    basin_checkpoint *ck = *checkpoint;
    for (size_t i = 0; i < ck->state_count; i++) {
        basin_free(ck->states[i].name);
        basin_free(ck->states[i].values);
    }
    for (size_t i = 0; i < ck->recorded_count; i++) clear_recorded(&ck->recorded[i]);
    basin_free(ck->path);
    basin_graph_destroy(&ck->graph);
    basin_loss_spec_clear(&ck->loss);
    basin_free(ck->theta);
    basin_free(ck->decay);
    basin_free(ck->states);
    basin_free(ck->buffers_point);
    basin_free(ck->method);
    basin_free(ck->run);
    basin_free(ck->outside);
    basin_free(ck->data_path);
    basin_free(ck->recorded);
    basin_free(ck);
    *checkpoint = NULL;
}

static double *momentum(const basin_checkpoint *ck)
{
    for (size_t i = 0; i < ck->state_count; i++)
        if (strcmp(ck->states[i].name, "momentum") == 0) return ck->states[i].values;
    return NULL;
}

const double *basin_checkpoint_momentum(const basin_checkpoint *ck)
{
    return momentum(ck);
}

const char *basin_checkpoint_no_momentum(const basin_checkpoint *ck)
{
    const basin_method *method = basin_method_perturbs(ck->method);

    if (ck->step == 0) return "there is none before the first step";
    if (ck->hyper.momentum == 0.0) return "its optimizer has none (coefficient 0)";
    if (method != NULL && method != &basin_methods[BASIN_METHOD_MSAM])
        return "the state of a SAM wrapper does not hold it, that of its base optimizer does";
    return "the state of its optimizer was not saved with it";
}

static bool is_msam(const basin_checkpoint *ck)
{
    return basin_method_perturbs(ck->method) == &basin_methods[BASIN_METHOD_MSAM];
}

/* MSAM's recursion perturbs by −ρ v/‖v‖, so θ = θ̃ + (ρ/‖v‖) v. Both edges follow from that. Where v = 0
   (before the first step, or after a momentum has died out) the perturbation is 0 and so is its scalar,
   although ρ/‖v‖ is no number: θ and θ̃ are the same point, and known. The radius keeps its sign: 0
   perturbs by nothing and is undone by 0, and a negative one perturbs the other way. */
double basin_checkpoint_undo_scalar(const basin_checkpoint *ck)
{
    const double *v = momentum(ck);
    double        norm, scalar;

    if (isfinite(ck->undo) && ck->undo != 0.0) return ck->undo;
    if (v == NULL || !is_msam(ck)) return NAN;
    norm = basin_norm(v, ck->params->size);
    scalar = norm == 0.0 ? 0.0 : ck->hyper.rho / norm;
    return isfinite(scalar) ? scalar : (double)NAN;
}

basin_decay basin_checkpoint_decay(const basin_checkpoint *ck)
{
    if (ck->decay != NULL) return (basin_decay){.each = ck->decay};
    return (basin_decay){.value = isnan(ck->hyper.weight_decay) ? 0.0 : ck->hyper.weight_decay};
}

static const char *path_of(const basin_checkpoint *ck)
{
    return ck->path != NULL ? ck->path : "checkpoint";
}

/* `what` is «», «momentum of », … */
static basin_status check_values(const basin_checkpoint *ck, const char *what, const char *name,
                                 const double *values, size_t size, bool masks)
{
    size_t count = 0, first = 0;

    for (size_t i = 0; i < size; i++)
        if (masks ? isnan(values[i]) : !isfinite(values[i]))
            if (count++ == 0) first = i;
    if (count == 0) return BASIN_OK;
    return basin_fail(BASIN_ERR_VALUE, "%s: %s%s%s: %zu of %zu values are %s, the first at %zu", path_of(ck),
                      what, what[0] ? " of " : "", name, count, size, masks ? "NaN" : "NaN or Inf", first);
}

static basin_status check_vector(const basin_checkpoint *ck, const char *what, const double *values)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < ck->params->count; i++) {
        const basin_block *block = &ck->params->blocks[i];
        BASIN_TRY(check_values(ck, what, block->name, values + block->offset, block->size, false));
    }
done:
    return st;
}

basin_status basin_checkpoint_finite(const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(check_vector(ck, "", ck->theta));
    for (size_t i = 0; i < ck->state_count; i++)
        BASIN_TRY(check_vector(ck, ck->states[i].name, ck->states[i].values));
    for (size_t i = 0; i < ck->graph->buffer_count; i++) {
        const basin_buffer *buffer = &ck->graph->buffers[i];
        /* masks hold -Inf */
        BASIN_TRY(check_values(ck, "buffer", buffer->name, buffer->values, buffer->size, true));
    }
done:
    return st;
}

bool basin_checkpoint_starts(const basin_checkpoint *ck)
{
    const double *v = momentum(ck);

    if (ck->step != 0 || ck->gradient_evaluations > 0 || ck->epoch > 0.0) return false;
    return v == NULL || basin_norm(v, ck->params->size) == 0.0;
}

/* ------------------------------------------------------------------------------------------- undoing -- */

/* Of |undo| ‖v‖ against rho: optimizers take the norm in single or half precision. */
#define UNDO_TOLERANCE 1e-3

basin_status basin_checkpoint_undo_check(const basin_checkpoint *ck)
{
    basin_status  st = BASIN_OK;
    const double *v = momentum(ck), rho = ck->hyper.rho;

    if (!is_msam(ck) || v == NULL || !isfinite(ck->undo) || ck->undo == 0.0 || !(rho > 0.0)) return BASIN_OK;
    const double norm = basin_norm(v, ck->params->size), moved = fabs(ck->undo) * norm;
    BASIN_CHECK(norm == 0.0 || fabs(moved - rho) <= UNDO_TOLERANCE * rho, BASIN_ERR_VALUE,
                "%s: the scalar %.6g that is to undo the perturbation times |v| = %.6g moves by %.6g, but %s "
                "perturbs by rho = %.6g, which "
                "rho/|v| = %.6g would undo",
                path_of(ck), ck->undo, norm, moved, ck->method, rho, rho / norm);
done:
    return st;
}

basin_status basin_checkpoint_undo_by(basin_checkpoint *ck, double scalar)
{
    basin_status  st = BASIN_OK;
    const double *v = momentum(ck);

    BASIN_CHECK(v != NULL, BASIN_ERR_MISSING,
                "%s: the weights are perturbed and no momentum is saved to undo it", path_of(ck));
    BASIN_CHECK(isfinite(scalar), BASIN_ERR_MISSING,
                "%s: the weights are perturbed and no scalar is recorded that undoes it", path_of(ck));
    basin_axpy(scalar, v, ck->theta, ck->params->size);
    ck->undo = scalar, ck->perturbed = BASIN_PERTURBED_NO;
done:
    return st;
}

basin_status basin_checkpoint_undo(basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;

    if (ck->perturbed == BASIN_PERTURBED_NO) return BASIN_OK;
    BASIN_TRY(basin_checkpoint_undo_check(ck));
    BASIN_TRY(basin_checkpoint_undo_by(ck, ck->undo));
done:
    return st;
}

/* Undoes what nobody recorded: the weights are taken for perturbed, by the scalar that would have done it. */
static basin_status undo_unknown(basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    const double recorded = ck->undo, scalar = basin_checkpoint_undo_scalar(ck);

    BASIN_CHECK(isfinite(scalar), BASIN_ERR_MISSING,
                "%s: no scalar is recorded that would undo a perturbation", path_of(ck));
    ck->undo = scalar, ck->perturbed = BASIN_PERTURBED_YES;
    st = basin_checkpoint_undo(ck);
    if (st != BASIN_OK) ck->undo = recorded, ck->perturbed = BASIN_PERTURBED_UNKNOWN;
done:
    return st;
}

/* By rho/‖v‖; by 0 where no momentum has been gathered. */
static basin_status undo_by_radius(basin_checkpoint *ck)
{
    basin_status  st = BASIN_OK;
    const double *v = momentum(ck);

    BASIN_CHECK(v != NULL, BASIN_ERR_MISSING,
                "%s: it saved no momentum, and so has no rho/|v| to undo by: %s", path_of(ck),
                basin_checkpoint_no_momentum(ck));
    BASIN_CHECK(!isnan(ck->hyper.rho), BASIN_ERR_MISSING,
                "%s: it records no rho, and so has no rho/|v| to undo by", path_of(ck));
    const double norm = basin_norm(v, ck->params->size);
    BASIN_TRY(basin_checkpoint_undo_by(ck, norm > 0.0 ? ck->hyper.rho / norm : 0.0));
done:
    return st;
}

basin_status basin_checkpoint_unperturb(basin_checkpoint *ck, basin_unperturb policy, int *weights)
{
    basin_status st = BASIN_OK;
    int          found = BASIN_WEIGHTS_UNDONE;

    if (ck->perturbed == BASIN_PERTURBED_NO)
        found = BASIN_WEIGHTS_UNPERTURBED;
    else if (policy == BASIN_UNPERTURB_NEVER)
        found = BASIN_WEIGHTS_AS_STORED;
    else if (policy == BASIN_UNPERTURB_RHO)
        BASIN_TRY(undo_by_radius(ck));
    else if (ck->perturbed == BASIN_PERTURBED_YES)
        BASIN_TRY(basin_checkpoint_undo(ck));
    else if (policy == BASIN_UNPERTURB_UNDO)
        BASIN_TRY(undo_unknown(ck));
    else
        found = -1;
    *weights = found;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------ Adam -- */

static const double *state_named(const basin_checkpoint *ck, const char *name)
{
    for (size_t i = 0; i < ck->state_count; i++)
        if (strcmp(ck->states[i].name, name) == 0) return ck->states[i].values;
    return NULL;
}

basin_status basin_checkpoint_adam(const basin_checkpoint *ck, double beta2, double epsilon, double *scale,
                                   double *ceiling)
{
    basin_status  st = BASIN_OK;
    const double *v = state_named(ck, "second_moment"), beta = ck->hyper.momentum;
    const double  share = ck->step > 0 && beta2 < 1.0 ? -expm1((double)ck->step * log(beta2)) : 1.0;

    BASIN_CHECK(v != NULL, BASIN_ERR_MISSING, "%s: no second moments of the gradient saved",
                ck->path != NULL ? ck->path : "checkpoint");
    BASIN_CHECK(beta2 > 0.0 && beta2 <= 1.0 && epsilon > 0.0, BASIN_ERR_ARG,
                "Adam with beta2 = %g in (0, 1] and epsilon = %g > 0", beta2, epsilon);
    for (size_t i = 0; i < ck->params->size; i++)
        BASIN_CHECK(v[i] >= 0.0, BASIN_ERR_VALUE, "%s: the second moment of parameter %zu is %g",
                    ck->path != NULL ? ck->path : "checkpoint", i, v[i]);
    for (size_t i = 0; i < ck->params->size; i++) scale[i] = 1.0 / sqrt(sqrt(v[i] / share) + epsilon);
    *ceiling = ck->hyper.learning_rate > 0.0 ? 2.0 * (1.0 + beta) / ((1.0 - beta) * ck->hyper.learning_rate)
                                             : (double)NAN;
done:
    return st;
}
