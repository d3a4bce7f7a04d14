/* Derivatives against what they should predict, u of norm 1 throughout.
 *
 *   gradient   g·u against D = (4 d(h) − d(2h))/3, d(h) = (L(θ+hu) − L(θ−hu))/2h: Richardson's extrapolation,
 *              error O(h⁴). u: the gradient's own direction and random ones on all samples, and a random one
 *              inside each of the first blocks on some.
 *   product    Hu against the same extrapolation of (g(θ+hu) − g(θ−hu))/2h, as a vector: one u on all
 *              samples, the others on some.
 *   symmetry   ⟨u, Hv⟩ = ⟨v, Hu⟩;  linearity H(u − 2v) = Hu − 2Hv: no step size, all samples.
 *   taylor     taylor.c.
 *
 * Which samples, and what a kink does to a step: steps.c.
 *
 * Which step: a central difference errs by h²|L'''|/6 (truncation) and by γε|L|/h (rounding), ε the
 * objective's relative rounding and γ = 32 what sums over samples add to it; ε^{1/3}(1 + ‖θ‖) balances the
 * two for derivatives of the order of one. How much is allowed is not guessed: |d(h) − d(2h)| is three times
 * the truncation error of d(h), more than that of D, and shows the noise as well; to it comes the bound on
 * rounding. Neither depends on the derivative that is checked. Where a shorter step contradicts a longer one
 * by more than both allow, the longer one is not believed: the loss bends within it (a saturated softmax is a
 * kink that no activation tells of).
 *
 * References: W. H. Press et al., «Numerical Recipes», 3rd ed., section 5.7 (step of differences); J. Nocedal
 * & S. Wright, «Numerical Optimization», 2nd ed., section 8.1 (the same, and why the third root of ε).
 */
#include "analysis/check/check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

enum {
    RANDOM_DIRECTIONS = 3,
    BLOCKS = 32, /* at most, with a direction of their own */
    RETREATS = 5 /* by 16 each, while steps contradict each other */
};

#define ROUNDING 32.0        /* γ above */
#define PRODUCT_ROUNDING 1e3 /* ε times this, relative to ‖Hu‖: what symmetry and linearity may miss by */

typedef struct worst { /* the direction with the largest error for its tolerance */
    basin_check_item numbers;
    double           ratio, step;
    size_t           tested, on_some, kinks;
    char             direction[64];
} worst;

static void remember(worst *w, const basin_samples *s, double value, double expected, double error,
                     double tolerance, double step, const char *direction)
{
    double ratio = error / tolerance;

    w->tested++;
    w->on_some += s != NULL;
    if (w->tested > 1 && ratio <= w->ratio) return; /* NaN is never <= and so is kept */
    w->ratio = ratio;
    w->step = step;
    w->numbers =
        (basin_check_item){.value = value, .expected = expected, .tolerance = tolerance, .error = error};
    snprintf(w->direction, sizeof w->direction, "%.60s", direction);
}

static basin_status add_worst(basin_checker *c, const char *name, const worst *w, const char *what)
{
    basin_check_item unknown = {.value = NAN, .expected = NAN, .tolerance = NAN, .error = NAN};
    char             some[64] = "";

    if (w->tested == 0)
        return basin_check_add(
            c, name, BASIN_CHECK_NOT_TESTABLE, &unknown,
            basin_format("kinks: activations change sign within the shortest step in all %zu directions",
                         w->kinks));
    if (w->on_some > 0)
        snprintf(some, sizeof some, ", %zu of them on %zu samples", w->on_some, c->some.count);
    return basin_check_add(
        c, name, w->numbers.error <= w->numbers.tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_FAILED,
        &w->numbers,
        basin_format("%s; worst of %zu directions%s: %s, step %.1e; left out for kinks: %zu", what, w->tested,
                     some, w->direction, w->step, w->kinks));
}

/* -------------------------------------------------------------------------------------------- gradient -- */

/* Central difference of the loss along u; *scale gets the larger |L|. */
static basin_status loss_difference(basin_checker *c, const basin_samples *s, const double *u, double h,
                                    double *point, double *difference, double *scale)
{
    basin_status st = BASIN_OK;
    basin_loss   ahead = {0}, behind = {0};

    basin_check_step(c, u, h, point);
    BASIN_TRY(basin_objective_loss(c->o, s, point, &ahead));
    basin_check_step(c, u, -h, point);
    BASIN_TRY(basin_objective_loss(c->o, s, point, &behind));
    *difference = (basin_loss_value(&ahead) - basin_loss_value(&behind)) / (2.0 * h);
    *scale = fmax(fabs(basin_loss_value(&ahead)), fabs(basin_loss_value(&behind)));
done:
    return st;
}

typedef struct estimate { /* of a derivative, by differences of step h */
    double h, value, tolerance;
} estimate;

static basin_status estimate_slope(basin_checker *c, const basin_samples *s, const double *u, double h,
                                   double *point, estimate *out)
{
    basin_status st = BASIN_OK;
    double       near, far, scale, expected;

    BASIN_TRY(loss_difference(c, s, u, h, point, &near, &scale));
    BASIN_TRY(loss_difference(c, s, u, 2.0 * h, point, &far, &scale));
    expected = (4.0 * near - far) / 3.0;
    *out = (estimate){.h = h,
                      .value = expected,
                      .tolerance = fmax(DBL_MIN, fabs(near - far) + ROUNDING * basin_objective_epsilon(c->o) *
                                                                        (scale / h + fabs(expected)))};
done:
    return st;
}

/* `g` [P] is the gradient over all samples; `s` are those on which it is tested, NULL: all. */
static basin_status check_gradient_along(basin_checker *c, const double *g, const basin_samples *s,
                                         const double *u, const char *direction, double *point, worst *w)
{
    basin_status st = BASIN_OK;
    double       h, found;
    estimate     e, shorter;

    BASIN_TRY(basin_check_smooth_step(c, u, &s, &h));
    if (h == 0.0) {
        w->kinks++;
        goto done;
    }
    found = basin_dot(s != NULL ? c->some_gradient : g, u, c->size);
    BASIN_TRY(estimate_slope(c, s, u, h, point, &e));
    for (int i = 0; i < RETREATS && fabs(found - e.value) > e.tolerance; i++) {
        BASIN_TRY(estimate_slope(c, s, u, e.h / 16.0, point, &shorter));
        if (fabs(shorter.value - e.value) <= shorter.tolerance + e.tolerance) break;
        e = shorter;
    }
    remember(w, s, found, e.value, fabs(found - e.value), e.tolerance, e.h, direction);
done:
    return st;
}

static size_t blocks_of(const basin_objective *o)
{
    const basin_params *params = basin_objective_params(o);
    const size_t        all = params != NULL ? params->count : 0;

    return all < BLOCKS ? all : BLOCKS;
}

static basin_status check_gradient(basin_checker *c, const double *g, basin_random *random, double *u,
                                   double *point)
{
    basin_status        st = BASIN_OK;
    worst               w = {0};
    const basin_params *params = basin_objective_params(c->o);
    const size_t        blocks = blocks_of(c->o), directions = RANDOM_DIRECTIONS + blocks;

    basin_copy(g, u, c->size);
    basin_check_unit(u, c->size);
    if (basin_norm(u, c->size) > 0.0) BASIN_TRY(check_gradient_along(c, g, NULL, u, "gradient", point, &w));
    for (size_t i = 0; i < RANDOM_DIRECTIONS; i++) {
        BASIN_TRY(basin_progress_report("check of the gradient", (double)i, (double)directions));
        basin_random_normals(random, u, c->size);
        basin_check_unit(u, c->size);
        BASIN_TRY(check_gradient_along(c, g, NULL, u, "random", point, &w));
    }
    for (size_t i = 0; i < blocks; i++) {
        const basin_block *block = &params->blocks[i];
        BASIN_TRY(basin_progress_report("check of the gradient", (double)(RANDOM_DIRECTIONS + i),
                                        (double)directions));
        memset(u, 0, c->size * sizeof *u);
        basin_random_normals(random, u + block->offset, block->size);
        basin_check_unit(u, c->size);
        BASIN_TRY(check_gradient_along(c, g, basin_check_some(c), u, block->name, point, &w));
    }
    BASIN_TRY(add_worst(c, "gradient", &w, "g·u against extrapolated central differences of the loss"));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- product -- */

static basin_status gradient_difference(basin_checker *c, const basin_samples *s, const double *u, double h,
                                        double *point, double *g, double *difference)
{
    basin_status st = BASIN_OK;

    memset(difference, 0, c->size * sizeof *difference);
    for (int side = -1; side <= 1; side += 2) {
        basin_check_step(c, u, side * h, point);
        BASIN_TRY(basin_objective_gradient(c->o, s, point, NULL, g));
        basin_axpy(side / (2.0 * h), g, difference, c->size);
    }
done:
    return st;
}

/* The extrapolated difference into `out` [P]; `work` is [3, P]. The rounding of a gradient is relative to the
   terms it sums, for which ‖g‖ and ‖Hu‖(‖θ‖ + h) stand. */
static basin_status estimate_product(basin_checker *c, const basin_samples *s, const double *u, double h,
                                     double gradient_norm, double *work, double *out, estimate *e)
{
    basin_status st = BASIN_OK;
    size_t       n = c->size;
    double      *point = work, *g = work + n, *far = work + 2 * n;

    BASIN_TRY(gradient_difference(c, s, u, h, point, g, out));
    BASIN_TRY(gradient_difference(c, s, u, 2.0 * h, point, g, far));
    e->h = h;
    e->value = basin_norm(out, n);
    for (size_t i = 0; i < n; i++) {
        far[i] = out[i] - far[i]; /* the error of the shorter one, three times */
        out[i] += far[i] / 3.0;
    }
    e->tolerance = fmax(DBL_MIN, 2.0 * basin_norm(far, n) +
                                     ROUNDING * basin_objective_epsilon(c->o) *
                                         (gradient_norm + e->value * (basin_norm(c->theta, n) + h)) / h);
done:
    return st;
}

static double distance(const double *x, const double *y, size_t n, double *scratch)
{
    basin_copy(x, scratch, n);
    basin_axpy(-1.0, y, scratch, n);
    return basin_norm(scratch, n);
}

/* hu = Hu on the samples `s` (NULL: all), step h; `work` is [5, P]. */
static basin_status check_product_along(basin_checker *c, const basin_samples *s, const double *u, double h,
                                        const double *hu, double *work, worst *w)
{
    basin_status st = BASIN_OK;
    size_t       n = c->size;
    double      *longer = work + 3 * n, *shorter = work + 4 * n;
    const double gradient_norm = s != NULL ? basin_norm(c->some_gradient, n) : c->gradient_norm;
    estimate     e, next;

    BASIN_TRY(estimate_product(c, s, u, h, gradient_norm, work, longer, &e));
    for (int i = 0; i < RETREATS && distance(hu, longer, n, work) > e.tolerance; i++) {
        BASIN_TRY(estimate_product(c, s, u, e.h / 16.0, gradient_norm, work, shorter, &next));
        if (distance(shorter, longer, n, work) <= e.tolerance + next.tolerance) break;
        basin_copy(shorter, longer, n);
        e = next;
    }
    remember(w, s, basin_norm(hu, n), e.value, distance(hu, longer, n, work), e.tolerance, e.h, "random");
done:
    return st;
}

static basin_status check_symmetry(basin_checker *c, const double *u, const double *v, const double *hu,
                                   const double *hv, double epsilon)
{
    double uhv = basin_dot(u, hv, c->size), vhu = basin_dot(v, hu, c->size);
    double tolerance = PRODUCT_ROUNDING * epsilon * (basin_norm(hu, c->size) + basin_norm(hv, c->size));
    double error = fabs(uhv - vhu);

    return basin_check_add(
        c, "symmetry", error <= tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_FAILED,
        &(basin_check_item){.value = uhv, .expected = vhu, .tolerance = tolerance, .error = error},
        basin_format("<u, Hv> against <v, Hu> for two random u, v of norm 1"));
}

/* `work` is [2, P]. */
static basin_status check_linearity(basin_checker *c, basin_curvature *curvature, const double *u,
                                    const double *v, const double *hu, const double *hv, double epsilon,
                                    double *work)
{
    basin_status st = BASIN_OK;
    size_t       n = c->size;
    double      *sum = work, *hsum = work + n;

    basin_copy(u, sum, n);
    basin_axpy(-2.0, v, sum, n);
    BASIN_TRY(basin_curvature_product(curvature, sum, 1, hsum));
    double found = basin_norm(hsum, n);
    double tolerance = PRODUCT_ROUNDING * epsilon * (basin_norm(hu, n) + 2.0 * basin_norm(hv, n));
    for (size_t i = 0; i < n; i++) sum[i] = hu[i] - 2.0 * hv[i];
    double expected = basin_norm(sum, n);
    basin_axpy(-1.0, hsum, sum, n);
    double error = basin_norm(sum, n);
    BASIN_TRY(basin_check_add(
        c, "linearity", error <= tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_FAILED,
        &(basin_check_item){.value = found, .expected = expected, .tolerance = tolerance, .error = error},
        basin_format("|H(u - 2v)| against |Hu - 2Hv| for two random u, v of norm 1; error is the norm of the "
                     "difference")));
done:
    return st;
}

/* Products with u [RANDOM_DIRECTIONS, P] against differences, of which `hu` has those on all samples for the
   first `whole`. */
static basin_status check_products(basin_checker *c, const double *u, const double *hu, size_t whole,
                                   worst *w)
{
    basin_status     st = BASIN_OK;
    size_t           n = c->size;
    double          *work = NULL, *on_some = NULL, h;
    basin_curvature *curvature = NULL;

    BASIN_ALLOC(work, 5 * n, "scratch of the check");
    BASIN_ALLOC(on_some, n, "a product");
    for (size_t i = 0; i < RANDOM_DIRECTIONS; i++) {
        const basin_samples *s = i < whole ? NULL : basin_check_some(c);
        const double        *v = u + i * n;
        BASIN_TRY(basin_progress_report("check of products", (double)i, RANDOM_DIRECTIONS));
        BASIN_TRY(basin_check_smooth_step(c, v, &s, &h));
        if (h == 0.0) {
            w->kinks++;
            continue;
        }
        if (s != NULL && curvature == NULL)
            BASIN_TRY(basin_curvature_create(c->o, s, c->theta, BASIN_HESSIAN, &curvature));
        if (s != NULL) BASIN_TRY(basin_curvature_product(curvature, v, 1, on_some));
        BASIN_TRY(check_product_along(c, s, v, h, s != NULL ? on_some : hu + i * n, work, w));
    }
done:
    basin_curvature_destroy(&curvature);
    basin_free(work);
    basin_free(on_some);
    return st;
}

static basin_status add_products(basin_checker *c, const double *u, const double *hu, size_t whole)
{
    basin_status st = BASIN_OK;
    worst        w = {0};

    BASIN_TRY(check_products(c, u, hu, whole, &w));
    BASIN_TRY(add_worst(c, "product", &w,
                        "|Hu| against extrapolated central differences of the gradient; error is the norm of "
                        "the difference"));
done:
    return st;
}

static basin_status check_curvature(basin_checker *c, basin_random *random)
{
    basin_status     st = BASIN_OK;
    size_t           n = c->size, whole = c->some.count > 0 ? 1 : RANDOM_DIRECTIONS;
    double          *u = NULL, *hu = NULL, *work = NULL, epsilon = basin_objective_epsilon(c->o);
    basin_curvature *curvature = NULL;

    BASIN_ALLOC(u, RANDOM_DIRECTIONS * n, "directions");
    BASIN_ALLOC(hu, RANDOM_DIRECTIONS * n, "products");
    BASIN_ALLOC(work, 2 * n, "scratch of the check");
    for (size_t i = 0; i < RANDOM_DIRECTIONS; i++) {
        basin_random_normals(random, u + i * n, n);
        basin_check_unit(u + i * n, n);
    }
    BASIN_TRY(basin_curvature_create(c->o, NULL, c->theta, BASIN_HESSIAN, &curvature));
    BASIN_TRY(basin_curvature_product(curvature, u, whole > 2 ? whole : 2, hu)); /* two for the symmetry */
    if (basin_curvature_approximate(curvature)) {
        epsilon = pow(epsilon, 2.0 / 3.0); /* what a central difference with the best step leaves */
        BASIN_TRY(basin_check_add(
            c, "product", BASIN_CHECK_NOT_TESTABLE,
            &(basin_check_item){.value = NAN, .expected = NAN, .tolerance = NAN, .error = NAN},
            basin_format("products are differences of the gradient themselves")));
    } else {
        BASIN_TRY(add_products(c, u, hu, whole));
    }
    BASIN_TRY(check_symmetry(c, u, u + n, hu, hu + n, epsilon));
    BASIN_TRY(check_linearity(c, curvature, u, u + n, hu, hu + n, epsilon, work));
done:
    basin_curvature_destroy(&curvature);
    basin_free(u);
    basin_free(hu);
    basin_free(work);
    return st;
}

basin_status basin_check_derivatives(basin_checker *c)
{
    basin_status st = BASIN_OK;
    size_t       n = c->size;
    double      *g = NULL, *u = NULL, *point = NULL;
    basin_random random = basin_random_start(c->options->seed, BASIN_STREAM_CHECK);

    BASIN_ALLOC(g, n, "gradient");
    BASIN_ALLOC(u, n, "a direction");
    BASIN_ALLOC(point, n, "a point");
    BASIN_TRY(basin_check_choose_samples(c));
    BASIN_TRY(basin_objective_gradient(c->o, NULL, c->theta, NULL, g));
    c->gradient_norm = basin_norm(g, n);
    BASIN_TRY(check_gradient(c, g, &random, u, point));
    BASIN_TRY(check_curvature(c, &random));
    BASIN_TRY(basin_check_taylor(c, &random, g, u, point));
done:
    basin_check_release_samples(c);
    basin_free(g);
    basin_free(u);
    basin_free(point);
    return st;
}

/* ----------------------------------------------------------------------------------------------- cost -- */

/* A direction takes a look at both ends of its step and four losses, a product four gradients. */
void basin_check_derivatives_cost(const basin_objective *o, basin_job_cost *out)
{
    const basin_flops f = basin_objective_flops(o);
    const double      samples = (double)basin_objective_samples(o), blocks = (double)blocks_of(o);
    const double      some = samples < 2.0 * BASIN_CHECK_SOME ? 1.0 : BASIN_CHECK_SOME / samples;
    const double      slopes = RANDOM_DIRECTIONS + 1 + some * blocks;
    const double      products = 1.0 + some * (RANDOM_DIRECTIONS - 1);

    out->flops += 6.0 * slopes * f.loss + f.gradient + f.freeze * (1.0 + some) +
                  products * (4.0 * f.gradient + 2.0 * f.loss) + 4.0 * f.product;
    out->passes += 6.0 * (RANDOM_DIRECTIONS + 1 + blocks) + 6.0 * RANDOM_DIRECTIONS + 8.0;
}
