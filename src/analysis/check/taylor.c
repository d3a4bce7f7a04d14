/* Taylor expansions of the loss: |L(θ+hu) − L − h g·u| must fall as h² (taylor:1), and with − h²/2 u·Hu as h³
 * (taylor:2), u of norm 1. Slopes are taken over the four smallest halvings of h <= 1/16 that rounding
 * leaves. An error of first (second) order makes the slope 1 (2), however small it is.
 *
 * Steps across a kink do not count. Kinks come in proportion to samples, and expansions need longer steps
 * than differences, so they use few samples.
 */
#include "analysis/check/check.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"

enum {
    TAYLOR_SAMPLES = 16,
    TAYLOR_STEPS = 20, /* halvings from h = TAYLOR_LONGEST */
    TAYLOR_POINTS = 4  /* of these, the smallest usable ones give the slope */
};

#define TAYLOR_FLOOR 1e3      /* a remainder under this many roundings of the loss is noise */
#define TAYLOR_LONGEST 0x1p-4 /* beyond, higher orders mix in */
#define TAYLOR_SLACK 0.15     /* of a slope */
/* of the slopes of single halvings: from one pure power to the next it reaches 1/3; more is no power at
   all */
#define TAYLOR_SPREAD 0.4

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
        basin_check_step(c, u, h, point);
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
basin_status basin_check_taylor(basin_checker *c, basin_random *random, double *g, double *u, double *point)
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
    basin_check_unit(u, n);
    double norm = basin_norm(g, n);
    if (norm > 0.0) basin_axpy(1.0 / norm, g, u, n);
    basin_check_unit(u, n);
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
