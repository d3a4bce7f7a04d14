/* Derivatives against what they should predict, u of norm 1 throughout.
 *
 *   gradient   g·u against D = (4 d(h) − d(2h))/3, d(h) = (L(θ+hu) − L(θ−hu))/2h: Richardson's extrapolation,
 *              error O(h⁴). u: the gradient's own direction, random ones, and a random one inside each of the
 *              first blocks.
 *   product    Hu against the same extrapolation of (g(θ+hu) − g(θ−hu))/2h, as a vector.
 *   symmetry   ⟨u, Hv⟩ = ⟨v, Hu⟩;  linearity H(u − 2v) = Hu − 2Hv: no step size.
 *   taylor:1   |L(θ+hu) − L − h g·u| must fall as h²; taylor:2, with − h²/2 u·Hu, as h³: slopes over the four
 *              smallest halvings of h <= 1/16 that rounding leaves. An error of first (second) order makes
 *              the slope 1 (2), however small it is.
 *
 * Which step: a central difference errs by h²|L'''|/6 (truncation) and by γε|L|/h (rounding), ε the
 * objective's relative rounding and γ = 32 what sums over samples add to it; ε^{1/3}(1 + ‖θ‖) balances the
 * two for derivatives of the order of one. How much is allowed is not guessed: |d(h) − d(2h)| is three times
 * the truncation error of d(h), more than that of D, and shows the noise as well; to it comes the bound on
 * rounding. Neither depends on the derivative that is checked. Where a shorter step contradicts a longer one
 * by more than both allow, the longer one is not believed: the loss bends within it (a saturated softmax is a
 * kink that no activation tells of).
 *
 * Steps across a kink (a ReLU that changes sign between the points) say nothing: such steps are shortened,
 * and where that does not help the item is not testable. Kinks come in proportion to samples, so the
 * expansions, which need longer steps, use few samples, and most steps that are too long are found to be so
 * on a quarter of them; a direction begins with a step longer than the one before it came to.
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
    BLOCKS = 32,     /* at most, with a direction of their own */
    SHORTENINGS = 4, /* by 4 each, to leave a kink behind */
    GLANCE = 4,      /* of so many samples one is looked at first */
    GLANCE_LEAST = 64,
    TAYLOR_SAMPLES = 16,
    RETREATS = 5,      /* by 16 each, while steps contradict each other */
    TAYLOR_STEPS = 20, /* halvings from h = TAYLOR_LONGEST */
    TAYLOR_POINTS = 4  /* of these, the smallest usable ones give the slope */
};

#define ROUNDING 32.0        /* γ above */
#define PRODUCT_ROUNDING 1e3 /* ε times this, relative to ‖Hu‖: what symmetry and linearity may miss by */
#define TAYLOR_FLOOR 1e3     /* a remainder under this many roundings of the loss is noise */
#define TAYLOR_LONGEST 0x1p-4 /* beyond, higher orders mix in */
#define TAYLOR_SLACK 0.15     /* of a slope */
/* of the slopes of single halvings: from one pure power to the next it reaches 1/3; more is no power at
   all */
#define TAYLOR_SPREAD 0.4

typedef struct worst { /* the direction with the largest error for its tolerance */
    basin_check_item numbers;
    double           ratio, step;
    size_t           tested, kinks;
    char             direction[64];
} worst;

static void remember(worst *w, double value, double expected, double error, double tolerance, double step,
                     const char *direction)
{
    double ratio = error / tolerance;

    w->tested++;
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

    if (w->tested == 0)
        return basin_check_add(
            c, name, BASIN_CHECK_NOT_TESTABLE, &unknown,
            basin_format("kinks: activations change sign within the shortest step in all %zu directions",
                         w->kinks));
    return basin_check_add(c, name,
                           w->numbers.error <= w->numbers.tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_FAILED,
                           &w->numbers,
                           basin_format("%s; worst of %zu directions: %s, step %.1e; left out for kinks: %zu",
                                        what, w->tested, w->direction, w->step, w->kinks));
}

static void unit(double *u, size_t n)
{
    double norm = basin_norm(u, n);
    if (norm > 0.0) basin_scale(1.0 / norm, u, n);
}

static void step_to(const basin_checker *c, const double *u, double h, double *point)
{
    basin_copy(c->theta, point, c->size);
    basin_axpy(h, u, point, c->size);
}

/* Some samples of many, for a first look; none where a look at all costs little more. */
static basin_status choose_glance(basin_checker *c)
{
    basin_status st = BASIN_OK;
    const size_t count = basin_objective_samples(c->o) / GLANCE;

    if (count < GLANCE_LEAST) goto done;
    BASIN_ALLOC(c->index, count, "samples");
    for (size_t i = 0; i < count; i++) c->index[i] = GLANCE * i;
    c->glance = (basin_samples){.index = c->index, .count = count};
done:
    return st;
}

/* Does a kink lie between θ - 2hu and θ + 2hu? One within so short a step is met on the way from end to end:
   it takes one look, not one to each side. */
static basin_status meets_kink(basin_checker *c, const double *u, double h, double *points, bool *out)
{
    basin_status st = BASIN_OK;
    uint64_t     crossings = 0;
    double      *behind = points, *ahead = points + c->size;

    step_to(c, u, -2.0 * h, behind);
    step_to(c, u, 2.0 * h, ahead);
    if (c->glance.count > 0) {
        st = basin_objective_crossings(c->o, &c->glance, behind, ahead, &crossings);
        if (st == BASIN_ERR_VALUE) st = BASIN_OK, crossings = 0; /* no statistics of these, or targets */
        if (st != BASIN_OK) goto done;
    }
    if (crossings == 0) BASIN_TRY(basin_objective_crossings(c->o, NULL, behind, ahead, &crossings));
    *out = crossings > 0;
done:
    return st;
}

/* The largest of h, h/4, h/16, …, not beyond four times the last one found, between whose points θ ± 2hu lies
   no kink; 0 if none is so short. */
static basin_status smooth_step(basin_checker *c, const double *u, double *out)
{
    basin_status st = BASIN_OK;
    double       h = cbrt(basin_objective_epsilon(c->o)) * (1.0 + basin_norm(c->theta, c->size));
    double      *points = NULL;
    bool         kink = true;
    int          i = c->shortenings > 0 ? c->shortenings - 1 : 0;

    *out = 0.0;
    BASIN_ALLOC(points, 2 * c->size, "the ends of a step");
    for (h = ldexp(h, -2 * i); i <= SHORTENINGS && kink; i++, h /= 4.0) {
        BASIN_TRY(meets_kink(c, u, h, points, &kink));
        if (!kink) *out = h, c->shortenings = i;
    }
done:
    basin_free(points);
    return st;
}

/* -------------------------------------------------------------------------------------------- gradient -- */

/* Central difference of the loss along u; *scale gets the larger |L|. */
static basin_status loss_difference(basin_checker *c, const double *u, double h, double *point,
                                    double *difference, double *scale)
{
    basin_status st = BASIN_OK;
    basin_loss   ahead = {0}, behind = {0};

    step_to(c, u, h, point);
    BASIN_TRY(basin_objective_loss(c->o, NULL, point, &ahead));
    step_to(c, u, -h, point);
    BASIN_TRY(basin_objective_loss(c->o, NULL, point, &behind));
    *difference = (basin_loss_value(&ahead) - basin_loss_value(&behind)) / (2.0 * h);
    *scale = fmax(fabs(basin_loss_value(&ahead)), fabs(basin_loss_value(&behind)));
done:
    return st;
}

typedef struct estimate { /* of a derivative, by differences of step h */
    double h, value, tolerance;
} estimate;

static basin_status estimate_slope(basin_checker *c, const double *u, double h, double *point, estimate *out)
{
    basin_status st = BASIN_OK;
    double       near, far, scale, expected;

    BASIN_TRY(loss_difference(c, u, h, point, &near, &scale));
    BASIN_TRY(loss_difference(c, u, 2.0 * h, point, &far, &scale));
    expected = (4.0 * near - far) / 3.0;
    *out = (estimate){.h = h,
                      .value = expected,
                      .tolerance = fmax(DBL_MIN, fabs(near - far) + ROUNDING * basin_objective_epsilon(c->o) *
                                                                        (scale / h + fabs(expected)))};
done:
    return st;
}

static basin_status check_gradient_along(basin_checker *c, const double *g, const double *u,
                                         const char *direction, double *point, worst *w)
{
    basin_status st = BASIN_OK;
    double       h, found = basin_dot(g, u, c->size);
    estimate     e, shorter;

    BASIN_TRY(smooth_step(c, u, &h));
    if (h == 0.0) {
        w->kinks++;
        goto done;
    }
    BASIN_TRY(estimate_slope(c, u, h, point, &e));
    for (int i = 0; i < RETREATS && fabs(found - e.value) > e.tolerance; i++) {
        BASIN_TRY(estimate_slope(c, u, e.h / 16.0, point, &shorter));
        if (fabs(shorter.value - e.value) <= shorter.tolerance + e.tolerance) break;
        e = shorter;
    }
    remember(w, found, e.value, fabs(found - e.value), e.tolerance, e.h, direction);
done:
    return st;
}

static basin_status check_gradient(basin_checker *c, const double *g, basin_random *random, double *u,
                                   double *point)
{
    basin_status        st = BASIN_OK;
    worst               w = {0};
    const basin_params *params = basin_objective_params(c->o);
    const size_t        all = params != NULL ? params->count : 0, blocks = all < BLOCKS ? all : BLOCKS;
    const size_t        directions = RANDOM_DIRECTIONS + blocks;

    basin_copy(g, u, c->size);
    unit(u, c->size);
    if (basin_norm(u, c->size) > 0.0) BASIN_TRY(check_gradient_along(c, g, u, "gradient", point, &w));
    for (size_t i = 0; i < RANDOM_DIRECTIONS; i++) {
        BASIN_TRY(basin_progress_report("check of the gradient", (double)i, (double)directions));
        basin_random_normals(random, u, c->size);
        unit(u, c->size);
        BASIN_TRY(check_gradient_along(c, g, u, "random", point, &w));
    }
    for (size_t i = 0; i < blocks; i++) {
        const basin_block *block = &params->blocks[i];
        BASIN_TRY(basin_progress_report("check of the gradient", (double)(RANDOM_DIRECTIONS + i),
                                        (double)directions));
        memset(u, 0, c->size * sizeof *u);
        basin_random_normals(random, u + block->offset, block->size);
        unit(u, c->size);
        BASIN_TRY(check_gradient_along(c, g, u, block->name, point, &w));
    }
    BASIN_TRY(add_worst(c, "gradient", &w, "g·u against extrapolated central differences of the loss"));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- product -- */

static basin_status gradient_difference(basin_checker *c, const double *u, double h, double *point, double *g,
                                        double *difference)
{
    basin_status st = BASIN_OK;

    memset(difference, 0, c->size * sizeof *difference);
    for (int side = -1; side <= 1; side += 2) {
        step_to(c, u, side * h, point);
        BASIN_TRY(basin_objective_gradient(c->o, NULL, point, NULL, g));
        basin_axpy(side / (2.0 * h), g, difference, c->size);
    }
done:
    return st;
}

/* The extrapolated difference into `out` [P]; `work` is [3, P]. The rounding of a gradient is relative to the
   terms it sums, for which ‖g‖ and ‖Hu‖(‖θ‖ + h) stand. */
static basin_status estimate_product(basin_checker *c, const double *u, double h, double gradient_norm,
                                     double *work, double *out, estimate *e)
{
    basin_status st = BASIN_OK;
    size_t       n = c->size;
    double      *point = work, *g = work + n, *far = work + 2 * n;

    BASIN_TRY(gradient_difference(c, u, h, point, g, out));
    BASIN_TRY(gradient_difference(c, u, 2.0 * h, point, g, far));
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

/* `work` is [5, P]. */
static basin_status check_product_along(basin_checker *c, const double *u, const double *hu,
                                        double gradient_norm, double *work, worst *w)
{
    basin_status st = BASIN_OK;
    size_t       n = c->size;
    double      *longer = work + 3 * n, *shorter = work + 4 * n, h;
    estimate     e, next;

    BASIN_TRY(smooth_step(c, u, &h));
    if (h == 0.0) {
        w->kinks++;
        goto done;
    }
    BASIN_TRY(estimate_product(c, u, h, gradient_norm, work, longer, &e));
    for (int i = 0; i < RETREATS && distance(hu, longer, n, work) > e.tolerance; i++) {
        BASIN_TRY(estimate_product(c, u, e.h / 16.0, gradient_norm, work, shorter, &next));
        if (distance(shorter, longer, n, work) <= e.tolerance + next.tolerance) break;
        basin_copy(shorter, longer, n);
        e = next;
    }
    remember(w, basin_norm(hu, n), e.value, distance(hu, longer, n, work), e.tolerance, e.h, "random");
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

static basin_status check_curvature(basin_checker *c, double gradient_norm, basin_random *random)
{
    basin_status     st = BASIN_OK;
    size_t           n = c->size;
    double          *u = NULL, *hu = NULL, *work = NULL, epsilon = basin_objective_epsilon(c->o);
    basin_curvature *curvature = NULL;
    worst            w = {0};

    BASIN_ALLOC(u, RANDOM_DIRECTIONS * n, "directions");
    BASIN_ALLOC(hu, RANDOM_DIRECTIONS * n, "products");
    BASIN_ALLOC(work, 5 * n, "scratch of the check");
    for (size_t i = 0; i < RANDOM_DIRECTIONS; i++) {
        basin_random_normals(random, u + i * n, n);
        unit(u + i * n, n);
    }
    BASIN_TRY(basin_curvature_create(c->o, NULL, c->theta, BASIN_HESSIAN, &curvature));
    BASIN_TRY(basin_curvature_product(curvature, u, RANDOM_DIRECTIONS, hu));
    if (basin_curvature_approximate(curvature)) {
        epsilon = pow(epsilon, 2.0 / 3.0); /* what a central difference with the best step leaves */
        BASIN_TRY(basin_check_add(
            c, "product", BASIN_CHECK_NOT_TESTABLE,
            &(basin_check_item){.value = NAN, .expected = NAN, .tolerance = NAN, .error = NAN},
            basin_format("products are differences of the gradient themselves")));
    } else {
        for (size_t i = 0; i < RANDOM_DIRECTIONS; i++) {
            BASIN_TRY(basin_progress_report("check of products", (double)i, RANDOM_DIRECTIONS));
            BASIN_TRY(check_product_along(c, u + i * n, hu + i * n, gradient_norm, work, &w));
        }
        BASIN_TRY(add_worst(c, "product", &w,
                            "|Hu| against extrapolated central differences of the gradient; error is the "
                            "norm of the difference"));
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

/* ---------------------------------------------------------------------------------------------- taylor -- */

typedef struct expansion {         /* remainders at h = TAYLOR_LONGEST, half of it, … */
    double loss, slope, curvature; /* L, g·u, u·Hu at θ */
    double remainder[2][TAYLOR_STEPS], floor[TAYLOR_STEPS];
    bool   kink[TAYLOR_STEPS];
} expansion;

static basin_status expand(basin_checker *c, const basin_samples *s, const double *u, double *point,
                           expansion *e)
{
    basin_status st = BASIN_OK;
    double       h = TAYLOR_LONGEST;

    for (size_t i = 0; i < TAYLOR_STEPS; i++, h *= 0.5) {
        basin_loss loss = {0};
        uint64_t   crossings = 0;
        step_to(c, u, h, point);
        BASIN_TRY(basin_objective_crossings(c->o, s, c->theta, point, &crossings));
        BASIN_TRY(basin_objective_loss(c->o, s, point, &loss));
        double value = basin_loss_value(&loss), first = h * e->slope, second = 0.5 * h * h * e->curvature;
        e->kink[i] = crossings > 0;
        e->remainder[0][i] = fabs(value - e->loss - first);
        e->remainder[1][i] = fabs(value - e->loss - first - second);
        e->floor[i] = TAYLOR_FLOOR * basin_objective_epsilon(c->o) *
                      (fabs(value) + fabs(e->loss) + fabs(first) + fabs(second));
    }
done:
    return st;
}

static double taylor_step(size_t i)
{
    return ldexp(TAYLOR_LONGEST, -(int)i);
}

/* Mean slope of log r over the halvings first … first + TAYLOR_POINTS - 1, and how far the single ones lie
   apart. */
static double slope_of(const double *r, size_t first, double *spread)
{
    double low = INFINITY, high = -INFINITY;

    for (size_t i = first; i + 1 < first + TAYLOR_POINTS; i++) {
        low = fmin(low, log2(r[i] / r[i + 1]));
        high = fmax(high, log2(r[i] / r[i + 1]));
    }
    *spread = high - low;
    return log2(r[first] / r[first + TAYLOR_POINTS - 1]) / (TAYLOR_POINTS - 1);
}

/* Steps first … end-1 are those that count: below the last kink and above the floor, without a hole. */
static basin_status add_taylor(basin_checker *c, const expansion *e, int order, size_t samples)
{
    basin_check_item numbers = {
        .value = NAN, .expected = order + 1.0, .tolerance = TAYLOR_SLACK, .error = NAN};
    const char   *name = order == 1 ? "taylor:1" : "taylor:2";
    const double *r = e->remainder[order - 1];
    size_t        first = 0, end;
    double        spread;

    for (size_t i = 0; i < TAYLOR_STEPS; i++)
        if (e->kink[i] || !isfinite(r[i])) first = i + 1;
    for (end = first; end < TAYLOR_STEPS && r[end] > e->floor[end];) end++;
    if (end - first >= TAYLOR_POINTS) {
        size_t from = end - TAYLOR_POINTS;
        numbers.value = slope_of(r, from, &spread);
        numbers.error = fmax(0.0, numbers.expected - numbers.value);
        if (numbers.error > numbers.tolerance && spread > TAYLOR_SPREAD)
            return basin_check_add(
                c, name, BASIN_CHECK_NOT_TESTABLE, &numbers,
                basin_format(
                    "rounding: no power of h yet at steps %.1e to %.1e, where it sets in, %zu samples",
                    taylor_step(from), taylor_step(end - 1), samples));
        return basin_check_add(
            c, name, numbers.error <= numbers.tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_FAILED, &numbers,
            basin_format("slope of the remainder over steps %.1e to %.1e, %zu samples; larger is right too",
                         taylor_step(from), taylor_step(end - 1), samples));
    }
    /* nothing left of the remainder where the term itself still shows: the expansion is exact there */
    if (end < TAYLOR_STEPS) {
        double h = taylor_step(end);
        double term = order == 1 ? fabs(h * e->slope) : fabs(0.5 * h * h * e->curvature);
        if (term > 10.0 * e->floor[end])
            return basin_check_add(
                c, name, BASIN_CHECK_PASSED, &numbers,
                basin_format(
                    "remainder below rounding at step %.1e, the last term %.1e times above it, %zu samples",
                    h, term / e->floor[end], samples));
    }
    return basin_check_add(c, name, BASIN_CHECK_NOT_TESTABLE, &numbers,
                           basin_format("%s: %zu steps between the %s and rounding, %d needed, %zu samples",
                                        first > 0 ? "kinks" : "rounding", end - first,
                                        first > 0 ? "last kink" : "longest", (int)TAYLOR_POINTS, samples));
}

/* u: half the gradient's direction, where the terms are large, half random, where no error hides. */
static basin_status check_taylor(basin_checker *c, basin_random *random, double *g, double *u, double *point)
{
    basin_status     st = BASIN_OK;
    size_t           n = c->size, samples = basin_objective_samples(c->o), *order = NULL;
    basin_samples    few = {0};
    expansion        e = {0};
    basin_loss       loss = {0};
    basin_curvature *curvature = NULL;

    if (samples > TAYLOR_SAMPLES) {
        BASIN_ALLOC(order, samples, "samples");
        for (size_t i = 0; i < samples; i++) order[i] = i;
        basin_random_shuffle(random, order, samples);
        few = (basin_samples){.index = order, .count = TAYLOR_SAMPLES};
    }
    const basin_samples *s = few.count > 0 ? &few : NULL;
    BASIN_TRY(basin_objective_gradient(c->o, s, c->theta, &loss, g));
    basin_random_normals(random, u, n);
    unit(u, n);
    double norm = basin_norm(g, n);
    if (norm > 0.0) basin_axpy(1.0 / norm, g, u, n);
    unit(u, n);
    BASIN_TRY(basin_curvature_create(c->o, s, c->theta, BASIN_HESSIAN, &curvature));
    BASIN_TRY(basin_curvature_product(curvature, u, 1, point));
    e.loss = basin_loss_value(&loss);
    e.slope = basin_dot(g, u, n);
    e.curvature = basin_dot(u, point, n);
    BASIN_TRY(expand(c, s, u, point, &e));
    for (int i = 1; i <= 2; i++) BASIN_TRY(add_taylor(c, &e, i, s != NULL ? few.count : samples));
done:
    basin_curvature_destroy(&curvature);
    basin_free(order);
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
    BASIN_TRY(choose_glance(c));
    BASIN_TRY(basin_objective_gradient(c->o, NULL, c->theta, NULL, g));
    BASIN_TRY(check_gradient(c, g, &random, u, point));
    BASIN_TRY(check_curvature(c, basin_norm(g, n), &random));
    BASIN_TRY(check_taylor(c, &random, g, u, point));
done:
    basin_free(c->index);
    c->index = NULL, c->glance = (basin_samples){0};
    basin_free(g);
    basin_free(u);
    basin_free(point);
    return st;
}
