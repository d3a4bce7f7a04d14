/* An objective is a table of functions and a context; what a type leaves out is supplied here. */
#include "core/objective.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

struct basin_objective {
    const basin_objective_type *type; /* which answers: its own, or one that wraps it */
    void                       *ctx;
    const basin_objective_type *own; /* by which it is recognised */
    void                       *own_ctx;
    basin_objective_facts       facts;
    basin_cost                  cost;
};

struct basin_curvature {
    basin_objective *objective;
    void            *point; /* of the type, or NULL: differences */
    /* differences of the gradient */
    double              *theta;
    size_t              *index;
    basin_samples        samples;
    const basin_samples *subset; /* &samples, or NULL for all */
    basin_curvature_kind kind;
    size_t               rows; /* of its root, or 0 */
    double              *mean; /* [P] of the samples' gradients: the covariance is without it; else NULL */
};

basin_status basin_objective_create(const basin_objective_type *type, void *ctx,
                                    const basin_objective_facts *facts, basin_objective **out)
{
    basin_status     st = BASIN_OK;
    basin_objective *objective = NULL;

    BASIN_CHECK(type->loss != NULL && type->gradient != NULL, BASIN_ERR_ARG,
                "objective %s lacks a loss or a gradient", type->name);
    BASIN_CHECK(type->freeze == NULL || (type->product != NULL && type->thaw != NULL), BASIN_ERR_ARG,
                "objective %s has freeze without product or thaw", type->name);
    BASIN_CHECK(type->rows == NULL || (type->freeze != NULL && type->root != NULL && type->back != NULL),
                BASIN_ERR_ARG, "objective %s has rows of a root without freeze, root or back", type->name);
    BASIN_CHECK(facts->size > 0, BASIN_ERR_ARG, "objective %s has no parameters", type->name);
    BASIN_ALLOC(objective, 1, "objective");
    *objective = (basin_objective){.type = type, .ctx = ctx, .own = type, .own_ctx = ctx, .facts = *facts};
    if (objective->facts.epsilon == 0.0) objective->facts.epsilon = DBL_EPSILON;
    *out = objective;
done:
    return st;
}

void basin_objective_destroy(basin_objective **objective)
{
    if (objective == NULL || *objective == NULL) return;
    if ((*objective)->type->destroy != NULL) (*objective)->type->destroy((*objective)->ctx);
    basin_free(*objective);
    *objective = NULL;
}

size_t basin_objective_size(const basin_objective *objective)
{
    return objective->facts.size;
}

size_t basin_objective_samples(const basin_objective *objective)
{
    return objective->facts.samples;
}

double basin_objective_epsilon(const basin_objective *objective)
{
    return objective->facts.epsilon;
}

const basin_params *basin_objective_params(const basin_objective *objective)
{
    return objective->facts.params;
}

basin_cost basin_objective_cost(const basin_objective *objective)
{
    return objective->cost;
}

const basin_objective_type *basin_objective_type_of(const basin_objective *objective)
{
    return objective->own;
}

void *basin_objective_context(const basin_objective *objective)
{
    return objective->own_ctx;
}

void basin_objective_wrap(basin_objective *objective, const basin_objective_type *type, void *ctx)
{
    objective->type = type;
    objective->ctx = ctx;
}

void *basin_objective_wrapper(const basin_objective *objective)
{
    return objective->type != objective->own ? objective->ctx : NULL;
}

basin_flops basin_objective_flops(const basin_objective *objective)
{
    basin_flops flops = {
        .loss = NAN, .gradient = NAN, .freeze = NAN, .product = NAN, .straight = NAN, .subspace = NAN};

    if (objective->type->flops != NULL) objective->type->flops(objective->ctx, &flops);
    return flops;
}

void basin_objective_requirement(const basin_objective *o, size_t threads, basin_provision *out)
{
    *out = (basin_provision){0};
    if (o->type->requirement != NULL) o->type->requirement(o->ctx, threads, out);
}

basin_status basin_objective_loss(basin_objective *o, const basin_samples *s, const double *theta,
                                  basin_loss *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(o->type->loss(o->ctx, s, theta, &loss));
    o->cost.losses++;
    *out = loss;
done:
    return st;
}

basin_status basin_objective_gradient(basin_objective *o, const basin_samples *s, const double *theta,
                                      basin_loss *out, double *g)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(o->type->gradient(o->ctx, s, theta, &loss, g));
    o->cost.gradients++;
    if (out != NULL) *out = loss;
done:
    return st;
}

static void subspace_point(const double *theta, const double *dirs, size_t d, const double *coef, size_t size,
                           double *point)
{
    basin_copy(theta, point, size);
    for (size_t j = 0; j < d; j++) basin_axpy(coef[j], dirs + j * size, point, size);
}

static basin_status subspace_by_points(basin_objective *o, const basin_samples *s, const double *theta,
                                       const double *dirs, size_t d, const double *coef, size_t n,
                                       basin_loss *out)
{
    basin_status st = BASIN_OK;
    double      *point = NULL;

    BASIN_ALLOC(point, o->facts.size, "a point of the subspace");
    for (size_t i = 0; i < n; i++) {
        BASIN_TRY(basin_progress_report("slice", (double)i, (double)n));
        subspace_point(theta, dirs, d, coef + i * d, o->facts.size, point);
        BASIN_TRY(o->type->loss(o->ctx, s, point, &out[i]));
    }
done:
    basin_free(point);
    return st;
}

basin_status basin_objective_subspace(basin_objective *o, const basin_samples *s, const double *theta,
                                      const double *dirs, size_t d, const double *coef, size_t n,
                                      basin_loss *out)
{
    basin_status st = BASIN_OK;
    basin_loss  *losses = NULL;

    BASIN_ALLOC(losses, n, "losses of the subspace");
    if (n > 1) BASIN_TRY(basin_progress_report("slice", 0.0, (double)n));
    if (o->type->subspace != NULL)
        BASIN_TRY(o->type->subspace(o->ctx, s, theta, dirs, d, coef, n, losses));
    else
        BASIN_TRY(subspace_by_points(o, s, theta, dirs, d, coef, n, losses));
    o->cost.losses += n;
    if (n > 0) memcpy(out, losses, n * sizeof *losses);
done:
    basin_free(losses);
    return st;
}

basin_status basin_objective_crossings(basin_objective *o, const basin_samples *s, const double *a,
                                       const double *b, uint64_t *out)
{
    *out = 0;
    return o->type->crossings != NULL ? o->type->crossings(o->ctx, s, a, b, out) : BASIN_OK;
}

basin_status basin_objective_features(basin_objective *o, const double *theta, basin_features *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(o->type->features != NULL, BASIN_ERR_UNSUPPORTED, "%s: no features are known", o->type->name);
    BASIN_TRY(o->type->features(o->ctx, theta, out));
done:
    return st;
}

void basin_features_clear(basin_features *features)
{
    basin_free(features->values);
    basin_free(features->classes);
    *features = (basin_features){0};
}

/* ------------------------------------------------------------------------------------------ curvature -- */

static basin_status keep_point(basin_curvature *c, const basin_samples *s, const double *theta)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(c->theta, c->objective->facts.size, "a point");
    basin_copy(theta, c->theta, c->objective->facts.size);
    if (s != NULL) {
        BASIN_ALLOC(c->index, s->count, "samples");
        memcpy(c->index, s->index, s->count * sizeof *c->index);
        c->samples = (basin_samples){.index = c->index, .count = s->count};
        c->subset = &c->samples;
    }
done:
    return st;
}

static basin_status keep_mean(basin_curvature *c, const basin_samples *s, const double *theta)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(c->mean, c->objective->facts.size, "a gradient");
    BASIN_TRY(basin_objective_gradient(c->objective, s, theta, NULL, c->mean));
done:
    return st;
}

basin_status basin_curvature_create(basin_objective *o, const basin_samples *s, const double *theta,
                                    basin_curvature_kind kind, basin_curvature **out)
{
    basin_status     st = BASIN_OK;
    basin_curvature *c = NULL;

    BASIN_CHECK((unsigned)kind < BASIN_CURVATURES, BASIN_ERR_ARG, "curvature kind %d", (int)kind);
    BASIN_CHECK(o->type->freeze != NULL || kind == BASIN_HESSIAN, BASIN_ERR_UNSUPPORTED,
                "objective %s: differences of its gradient give the Hessian, no %s", o->type->name,
                basin_curvature_kind_text(kind));
    BASIN_ALLOC(c, 1, "curvature");
    c->objective = o;
    c->kind = kind;
    c->rows = basin_objective_rows(o, s, kind);
    if (kind == BASIN_COVARIANCE) {
        BASIN_TRY(keep_mean(c, s, theta));
        kind = BASIN_FISHER_EMPIRICAL;
    }
    if (o->type->freeze != NULL)
        BASIN_TRY(o->type->freeze(o->ctx, s, theta, kind, &c->point));
    else
        BASIN_TRY(keep_point(c, s, theta));
    o->cost.freezes++;
    *out = c, c = NULL;
done:
    basin_curvature_destroy(&c);
    return st;
}

void basin_curvature_destroy(basin_curvature **c)
{
    if (c == NULL || *c == NULL) return;
    if ((*c)->point != NULL) (*c)->objective->type->thaw((*c)->point);
    basin_free((*c)->theta);
    basin_free((*c)->mean);
    basin_free((*c)->index);
    basin_free(*c);
    *c = NULL;
}

bool basin_curvature_approximate(const basin_curvature *c)
{
    return c->point == NULL;
}

size_t basin_curvature_size(const basin_curvature *c)
{
    return c->objective->facts.size;
}

void basin_curvature_provision(const basin_curvature *c, basin_provision *out)
{
    *out = (basin_provision){0};
    if (c->point != NULL && c->objective->type->provision != NULL)
        c->objective->type->provision(c->point, out);
}

/* Hv ≈ (∇L(theta + h v) - ∇L(theta - h v)) / 2h with h‖v‖ = ε^{1/3} (1 + ‖theta‖), the step that balances
   truncation and rounding of a central difference. */
static basin_status product_by_differences(basin_curvature *c, const double *v, double *hv)
{
    basin_status     st = BASIN_OK;
    basin_objective *o = c->objective;
    size_t           size = o->facts.size;
    double          *point = NULL, *g = NULL, norm = basin_norm(v, size);

    BASIN_ALLOC(point, size, "a point");
    BASIN_ALLOC(g, size, "a gradient");
    memset(hv, 0, size * sizeof *hv);
    if (norm == 0.0) goto done;
    double h = cbrt(o->facts.epsilon) * (1.0 + basin_norm(c->theta, size)) / norm;
    for (int side = -1; side <= 1; side += 2) {
        basin_loss loss;
        basin_copy(c->theta, point, size);
        basin_axpy(side * h, v, point, size);
        BASIN_TRY(o->type->gradient(o->ctx, c->subset, point, &loss, g));
        basin_axpy(side / (2.0 * h), g, hv, size);
    }
done:
    basin_free(point);
    basin_free(g);
    return st;
}

basin_status basin_curvature_product(basin_curvature *c, const double *v, size_t k, double *hv)
{
    basin_status     st = BASIN_OK;
    basin_objective *o = c->objective;

    if (c->point != NULL)
        BASIN_TRY(o->type->product(c->point, v, k, hv));
    else
        for (size_t j = 0; j < k; j++)
            BASIN_TRY(product_by_differences(c, v + j * o->facts.size, hv + j * o->facts.size));
    for (size_t j = 0; c->mean != NULL && j < k; j++)
        basin_axpy(-basin_dot(c->mean, v + j * o->facts.size, o->facts.size), c->mean, hv + j * o->facts.size,
                   o->facts.size);
    o->cost.products += k;
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- roots -- */

/* Of the covariance those of the empirical Fisher matrix: R less the mean of its rows in each. */
size_t basin_objective_rows(const basin_objective *o, const basin_samples *s, basin_curvature_kind kind)
{
    if (o->type->rows == NULL) return 0;
    return o->type->rows(o->ctx, s, kind == BASIN_COVARIANCE ? BASIN_FISHER_EMPIRICAL : kind);
}

static void centre(double *r, size_t k, size_t rows)
{
    for (size_t j = 0; j < k; j++, r += rows) {
        double sum = 0.0;
        for (size_t i = 0; i < rows; i++) sum += r[i];
        for (size_t i = 0; i < rows; i++) r[i] -= sum / (double)rows;
    }
}

static basin_status check_root(const basin_curvature *c)
{
    if (c->rows > 0) return BASIN_OK;
    return basin_fail(BASIN_ERR_UNSUPPORTED, "objective %s: its %s is not given as RᵀR",
                      c->objective->type->name, basin_curvature_kind_text(c->kind));
}

basin_status basin_curvature_root(basin_curvature *c, const double *v, size_t k, double *r)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(check_root(c));
    BASIN_TRY(c->objective->type->root(c->point, v, k, r));
    if (c->mean != NULL) centre(r, k, c->rows);
done:
    return st;
}

basin_status basin_curvature_back(basin_curvature *c, const double *r, size_t k, double *v)
{
    basin_status st = BASIN_OK;
    double      *centred = NULL;

    BASIN_TRY(check_root(c));
    if (c->mean != NULL) {
        BASIN_ALLOC(centred, k * c->rows, "rows");
        basin_copy(r, centred, k * c->rows);
        centre(centred, k, c->rows);
        r = centred;
    }
    BASIN_TRY(c->objective->type->back(c->point, r, k, v));
    c->objective->cost.products += k;
done:
    basin_free(centred);
    return st;
}
