/* What a point is asked for, it computes once and keeps; weight decay is added here, where it is linear. */
#include "analysis/point.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

static basin_status check_theta(const double *theta, size_t size)
{
    if (basin_all_finite(theta, size)) return BASIN_OK;
    return basin_fail(BASIN_ERR_VALUE, "the point holds a NaN or Inf among its %zu parameters", size);
}

static basin_status copy_decay(const basin_decay *decay, size_t size, double **each, basin_decay *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_decay_check(decay, size));
    *out = *decay;
    if (decay->each == NULL) goto done;
    BASIN_ALLOC(*each, size, "weight decay");
    basin_copy(decay->each, *each, size);
    out->each = *each;
done:
    return st;
}

/* S of S A S: positive numbers. */
static basin_status copy_scale(const double *scale, size_t size, double **out)
{
    basin_status st = BASIN_OK;

    if (scale == NULL) goto done;
    for (size_t i = 0; i < size; i++)
        BASIN_CHECK(scale[i] > 0.0 && isfinite(scale[i]), BASIN_ERR_ARG,
                    "the scale of parameter %zu is %g, no positive number", i, scale[i]);
    BASIN_ALLOC(*out, size, "a scale");
    basin_copy(scale, *out, size);
done:
    return st;
}

/* What a sample's loss is no part of cannot be added to sums of its gradients. */
static basin_status check_operator(const basin_point_options *options, size_t size)
{
    basin_status st = BASIN_OK;
    const int    kind = options->operator_kind;
    const bool   fisher =
        kind == BASIN_FISHER || kind == BASIN_FISHER_SAMPLED || kind == BASIN_FISHER_EMPIRICAL;

    BASIN_CHECK((unsigned)kind < BASIN_CURVATURES, BASIN_ERR_ARG, "operator number %d", kind);
    BASIN_CHECK(!fisher || basin_decay_is_none(&options->included, size), BASIN_ERR_ARG,
                "weight decay is no part of a sample's loss: the %s matrix cannot include it",
                basin_curvature_kind_text((basin_curvature_kind)kind));
done:
    return st;
}

basin_status basin_point_create(basin_objective *o, const double *theta, const basin_point_options *options,
                                basin_point **out)
{
    basin_status              st = BASIN_OK;
    const basin_point_options none = {0};
    const size_t              size = basin_objective_size(o);
    basin_point              *point = NULL;

    if (options == NULL) options = &none;
    BASIN_TRY(check_theta(theta, size));
    BASIN_ALLOC(point, 1, "a point");
    point->objective = o;
    point->size = size;
    point->options = *options;
    BASIN_TRY(copy_decay(&options->decay, size, &point->each[0], &point->options.decay));
    BASIN_TRY(copy_decay(&options->included, size, &point->each[1], &point->options.included));
    BASIN_TRY(check_operator(options, size));
    BASIN_TRY(copy_scale(options->scale, size, &point->scale));
    point->options.scale = point->scale;
    BASIN_ALLOC(point->theta, size, "a point");
    basin_copy(theta, point->theta, size);
    *out = point, point = NULL;
done:
    basin_point_destroy(&point);
    return st;
}

void basin_point_destroy(basin_point **point)
{
    if (point == NULL || *point == NULL) return;
    basin_point *p = *point;
    basin_curvature_destroy(&p->curvature);
    basin_free(p->each[0]);
    basin_free(p->each[1]);
    basin_free(p->scale);
    basin_free(p->theta);
    basin_free(p->gradient);
    basin_free(p->measured);
    basin_free(p->decayed);
    basin_free(p);
    *point = NULL;
}

basin_objective *basin_point_objective(const basin_point *point)
{
    return point->objective;
}

const double *basin_point_theta(const basin_point *point)
{
    return point->theta;
}

size_t basin_point_size(const basin_point *point)
{
    return point->size;
}

const basin_decay *basin_point_included(const basin_point *point)
{
    return &point->options.included;
}

/* ------------------------------------------------------------------------------------------- gradients -- */

basin_status basin_gradient_at(basin_objective *o, const double *theta, basin_loss *out, double *g)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};
    size_t       size = basin_objective_size(o);

    BASIN_TRY(check_theta(theta, size));
    BASIN_TRY(basin_objective_gradient(o, NULL, theta, &loss, g));
    BASIN_CHECK(isfinite(basin_loss_value(&loss)), BASIN_ERR_NUMERIC, "the loss at this point is %g",
                basin_loss_value(&loss));
    BASIN_CHECK(basin_all_finite(g, size), BASIN_ERR_NUMERIC,
                "the gradient at this point is not finite (loss %g)", basin_loss_value(&loss));
    *out = loss;
done:
    return st;
}

static basin_status take_gradient(basin_point *p)
{
    basin_status st = BASIN_OK;
    double      *g = NULL;

    if (p->gradient != NULL) return BASIN_OK;
    BASIN_ALLOC(g, p->size, "gradient");
    BASIN_TRY(basin_progress_report("gradient", 0.0, 1.0));
    BASIN_TRY(basin_gradient_at(p->objective, p->theta, &p->loss, g));
    p->gradient = g, g = NULL;
done:
    basin_free(g);
    return st;
}

/* Of L + ½ thetaᵀWtheta; its gradient is made in *kept, once, where there is a W. */
static basin_status gradient_with(basin_point *p, const basin_decay *decay, double **kept, basin_loss *loss,
                                  const double **g)
{
    basin_status st = BASIN_OK;
    double      *sum = NULL;
    bool         none = basin_decay_is_none(decay, p->size);

    BASIN_TRY(take_gradient(p));
    if (g != NULL && !none && *kept == NULL) {
        BASIN_ALLOC(sum, p->size, "gradient");
        basin_copy(p->gradient, sum, p->size);
        basin_decay_add(decay, p->theta, 1, p->size, sum);
        *kept = sum;
    }
    if (g != NULL) *g = none ? p->gradient : *kept;
    if (loss != NULL) {
        *loss = p->loss;
        basin_decay_add_loss(decay, p->theta, p->size, loss);
    }
done:
    return st;
}

basin_status basin_point_gradient(basin_point *point, basin_loss *loss, const double **g)
{
    return gradient_with(point, &point->options.included, &point->measured, loss, g);
}

basin_status basin_point_decayed_gradient(basin_point *point, basin_loss *loss, const double **g)
{
    return gradient_with(point, &point->options.decay, &point->decayed, loss, g);
}

basin_status basin_point_bare_gradient(basin_point *point, basin_loss *loss, const double **g)
{
    basin_status st = take_gradient(point);

    if (st != BASIN_OK) return st;
    if (loss != NULL) *loss = point->loss;
    if (g != NULL) *g = point->gradient;
    return BASIN_OK;
}

/* ------------------------------------------------------------------------------------------- curvature -- */

void basin_point_reserve(basin_point *point, size_t aside)
{
    if (aside > point->aside) point->aside = aside;
    if (basin_memory_left() < aside) basin_curvature_destroy(&point->curvature);
}

static basin_status freeze(basin_point *point, basin_curvature_kind kind, basin_curvature **out)
{
    basin_status st = BASIN_OK;

    if (point->curvature != NULL && point->frozen != kind) basin_curvature_destroy(&point->curvature);
    if (point->curvature == NULL) {
        BASIN_TRY(basin_progress_report("freezing the point", 0.0, 1.0));
        size_t before = basin_memory_set_aside(point->aside);
        st = basin_curvature_create(point->objective, NULL, point->theta, kind, &point->curvature);
        basin_memory_set_aside(before);
        point->frozen = kind;
    }
    if (st == BASIN_OK) *out = point->curvature;
done:
    return st;
}

basin_status basin_point_curvature(basin_point *point, basin_curvature **out)
{
    return freeze(point, (basin_curvature_kind)point->options.operator_kind, out);
}

basin_status basin_point_hessian(basin_point *point, basin_curvature **out)
{
    return freeze(point, BASIN_HESSIAN, out);
}

/* A thread of such a pass holds about what one of a product does, and in addition what a part of the samples
 * keeps. */
void basin_point_make_room(basin_point *point)
{
    basin_provision p;

    if (point->curvature == NULL) return;
    basin_curvature_provision(point->curvature, &p);
    if (p.parts > 0 && basin_memory_left() / p.threads < p.thread_bytes + p.kept_bytes / p.parts)
        basin_curvature_destroy(&point->curvature);
}

/* A + W, W where weight decay is part of the operator. */
static basin_status multiply(basin_point *point, const double *v, size_t k, double *av)
{
    basin_status     st = BASIN_OK;
    const int        kind = point->options.operator_kind;
    basin_curvature *curvature = NULL;

    BASIN_TRY(basin_point_curvature(point, &curvature));
    BASIN_TRY(basin_curvature_product(curvature, v, k, av));
    if (kind == BASIN_HESSIAN || kind == BASIN_GGN)
        basin_decay_add(&point->options.included, v, k, point->size, av);
done:
    return st;
}

enum { SCALED_MOST = 16 }; /* vectors that are scaled at a time */

static void scale_all(const double *scale, const double *v, size_t k, size_t size, double *to)
{
    for (size_t j = 0; j < k; j++)
        for (size_t i = 0; i < size; i++) to[j * size + i] = scale[i] * v[j * size + i];
}

static basin_status multiply_scaled(basin_point *point, const double *v, size_t k, double *hv)
{
    basin_status st = BASIN_OK;
    const size_t size = point->size, most = k < SCALED_MOST ? k : SCALED_MOST;
    double      *scaled = NULL;

    if (point->scale == NULL) return multiply(point, v, k, hv);
    BASIN_ALLOC(scaled, most * size, "scaled vectors");
    for (size_t j = 0; j < k; j += most) {
        const size_t n = k - j < most ? k - j : most;
        scale_all(point->scale, v + j * size, n, size, scaled);
        BASIN_TRY(multiply(point, scaled, n, hv + j * size));
        scale_all(point->scale, hv + j * size, n, size, hv + j * size);
    }
done:
    basin_free(scaled);
    return st;
}

basin_status basin_point_product(basin_point *point, const double *v, size_t k, double *hv)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(multiply_scaled(point, v, k, hv));
    for (size_t j = 0; j < k; j++) {
        point->products++;
        if (!basin_all_finite(hv + j * point->size, point->size))
            BASIN_TRY(basin_point_not_finite(point, v + j * point->size));
    }
done:
    return st;
}

basin_status basin_point_epsilon(basin_point *point, double *out)
{
    basin_curvature *curvature = point->curvature;
    basin_status     st = curvature != NULL ? BASIN_OK : basin_point_curvature(point, &curvature);
    double           epsilon = basin_objective_epsilon(point->objective);

    if (st == BASIN_OK)
        *out = basin_curvature_approximate(curvature) ? cbrt(epsilon) * cbrt(epsilon) : epsilon;
    return st;
}

/* ---------------------------------------------------------------------------------------------- losses -- */

basin_status basin_point_subspace(basin_point *point, const double *dirs, size_t d, const double *coef,
                                  size_t n, basin_loss *out)
{
    basin_status st = BASIN_OK;

    basin_point_make_room(point);
    BASIN_TRY(basin_objective_subspace(point->objective, NULL, point->theta, dirs, d, coef, n, out));
    BASIN_TRY(
        basin_decay_add_losses(&point->options.included, point->theta, dirs, d, coef, n, point->size, out));
done:
    return st;
}
