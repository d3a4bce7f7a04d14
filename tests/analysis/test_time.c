/* What ends because its time has ended tells what it has, with intervals that hold. The objective takes a
   millisecond a block of products; what a machine does in that is not known, so the time grows until there is
   a result. */
#define _GNU_SOURCE /* nanosleep */
#include <math.h>
#include <string.h>
#include <time.h>

#include "support.h"

enum { SIZE = 300 };

/* Of 95 % intervals so many may miss: more do with a chance below a thousandth. */
static size_t seeds(void)
{
    return basin_test_long() ? 40 : 8;
}

static size_t misses(void)
{
    return basin_test_long() ? 7 : 3;
}

/* --------------------------------------------------------------------------------- a slow objective -- */

static basin_status slow_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    return basin_objective_loss(ctx, s, theta, out);
}

static basin_status slow_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                  double *g)
{
    return basin_objective_gradient(ctx, s, theta, out, g);
}

static basin_status slow_freeze(void *ctx, const basin_samples *s, const double *theta,
                                basin_curvature_kind kind, void **out)
{
    basin_curvature *c = NULL;
    basin_status     st = basin_curvature_create(ctx, s, theta, kind, &c);

    *out = c;
    return st;
}

static void slow_thaw(void *point)
{
    basin_curvature *c = point;

    basin_curvature_destroy(&c);
}

static basin_status slow_product(void *point, const double *v, size_t k, double *hv)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return basin_curvature_product(point, v, k, hv);
}

static void slow_destroy(void *ctx)
{
    basin_objective *o = ctx;

    basin_objective_destroy(&o);
}

static const basin_objective_type slow = {.name = "slow",
                                          .loss = slow_loss,
                                          .gradient = slow_gradient,
                                          .freeze = slow_freeze,
                                          .product = slow_product,
                                          .thaw = slow_thaw,
                                          .destroy = slow_destroy};

/* Eigenvalues 1/i, every third one negative; theta is away from the minimum. */
static double lambda[SIZE], theta[SIZE], trace;

static basin_objective *slow_objective(uint64_t seed)
{
    basin_objective *o = NULL;

    trace = 0.0;
    for (size_t i = 0; i < SIZE; i++) {
        lambda[i] = (i % 3 == 2 ? -1.0 : 1.0) / (double)(i + 1);
        theta[i] = 1.0;
        trace += lambda[i];
    }
    assert_ok(basin_objective_create(&slow, basin_test_planted_objective(lambda, SIZE, seed),
                                     &(basin_objective_facts){.size = SIZE, .samples = 40}, &o));
    return o;
}

typedef basin_status (*work)(basin_point *point, uint64_t seed, void *payload);

/* Within so many seconds; *ended: by them, and not because it was done. */
static basin_status within(double seconds, work compute, uint64_t seed, void *payload, bool *ended)
{
    basin_objective *o = slow_objective(seed);
    basin_point     *point = NULL;
    basin_status     st;

    assert_ok(basin_point_create(o, theta, NULL, &point));
    basin_time_limit_set(seconds);
    st = compute(point, seed, payload);
    if (st != BASIN_OK && st != BASIN_ERR_BUDGET) fail_msg("%s", basin_error_message());
    if (st == BASIN_ERR_BUDGET) assert_message(" of at least ");
    *ended = basin_time_ended();
    basin_time_limit_set(0.0);
    assert_false(basin_time_ended());
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    return st;
}

/* More time until it does not fail for want of it; false: the machine was faster than before, and all is
   done. */
static bool in_time(work compute, uint64_t seed, void *payload)
{
    basin_status st = BASIN_ERR_BUDGET;
    bool         ended = true;

    for (double seconds = 0.05; st == BASIN_ERR_BUDGET && seconds < 60.0; seconds *= 1.5) {
        st = within(seconds, compute, seed, payload, &ended);
        assert_true(ended || st == BASIN_OK);
    }
    assert_int_equal(st, BASIN_OK);
    return ended;
}

/* ---------------------------------------------------------------------------------------- the tests -- */

static basin_status find_pairs(basin_point *point, uint64_t seed, void *payload)
{
    return basin_spectrum_compute(
        point,
        &(basin_spectrum_options){
            .method = BASIN_SPECTRUM_LANCZOS, .top = 20, .bottom = 10, .tolerance = 1e-13, .seed = seed},
        payload);
}

static void each_pair_is_within_its_error(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        basin_spectrum *s = NULL;
        if (in_time(find_pairs, seed, &s)) assert_false(s->verified);
        for (size_t i = 0; i < s->count; i++) {
            double nearest = INFINITY;
            for (size_t j = 0; j < SIZE; j++) nearest = fmin(nearest, fabs(lambda[j] - s->eigenvalues[i]));
            assert_true(nearest <= s->residuals[i] + 1e-12);
        }
        basin_spectrum_destroy(&s);
    }
}

static basin_status find_density(basin_point *point, uint64_t seed, void *payload)
{
    return basin_spectrum_compute(
        point,
        &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .probes = 4, .steps = 290, .seed = seed},
        payload);
}

static void quadrature_of_fewer_steps_has_intervals_that_hold(void **state)
{
    size_t held = 0;

    (void)state;
    for (uint64_t seed = 0; seed < seeds(); seed++) {
        basin_spectrum *s = NULL;
        if (in_time(find_density, seed, &s)) assert_true(s->quadrature.steps < 290);
        held += s->density.trace.lower <= trace && trace <= s->density.trace.upper;
        basin_spectrum_destroy(&s);
    }
    assert_true(held + misses() >= seeds());
}

static basin_status find_sane(basin_point *point, uint64_t seed, void *payload)
{
    return basin_sane_estimate(point, &(basin_spectrum_options){.seed = seed},
                               &(basin_sane_options){.products = 100000, .tolerance = 1e-4}, payload, NULL);
}

static void sane_has_an_interval_that_holds(void **state)
{
    size_t held = 0;

    (void)state;
    for (uint64_t seed = 0; seed < seeds(); seed++) {
        basin_sane *s = NULL;
        double      sane = 0.0;
        in_time(find_sane, seed, &s);
        for (size_t i = 0; i < SIZE; i++) sane += fabs(lambda[i]) / (fabs(lambda[i]) + 0.5);
        held += s->lower <= sane && sane <= s->upper;
        basin_sane_destroy(&s);
    }
    assert_true(held + misses() >= seeds());
}

static const basin_trace_method methods[] = {BASIN_TRACE_XTRACE, BASIN_TRACE_HUTCHPP, BASIN_TRACE_HUTCHINSON};
static basin_trace_method       method;

static basin_status find_trace(basin_point *point, uint64_t seed, void *payload)
{
    return basin_trace_compute(point, &(basin_trace_options){.method = method, .products = 590, .seed = seed},
                               payload);
}

static void a_trace_has_an_interval_that_holds(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        size_t held = 0;
        method = methods[m];
        for (uint64_t seed = 0; seed < seeds(); seed++) {
            basin_trace *t = NULL;
            if (in_time(find_trace, seed, &t)) assert_true(t->products < 590 && t->vectors >= 2);
            held += t->lower <= trace && trace <= t->upper;
            basin_trace_destroy(&t);
        }
        assert_true(held + misses() >= seeds());
    }
}

static basin_status find_all(basin_point *point, uint64_t seed, void *payload)
{
    (void)seed;
    return basin_spectrum_compute(point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, payload);
}

static void what_cannot_end_early_says_what_would_do(void **state)
{
    basin_objective *o = slow_objective(0);
    basin_point     *point = NULL;
    basin_spectrum  *s = NULL;

    (void)state;
    assert_ok(basin_point_create(o, theta, NULL, &point));
    basin_time_limit_set(0.005); /* its 300 columns are 19 blocks of a millisecond at least */
    assert_status(find_all(point, 0, &s), BASIN_ERR_BUDGET);
    assert_message(" of at least 300 columns of a dense spectrum");
    assert_null(s);
    assert_true(basin_time_up());
    basin_time_limit_set(3600.0);
    assert_false(basin_time_up());
    assert_ok(find_all(point, 0, &s));
    assert_false(basin_time_ended());
    basin_time_limit_set(0.0);
    basin_spectrum_destroy(&s);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

/* Time that is enough changes no bit. */
static void enough_time_is_as_no_limit(void **state)
{
    (void)state;
    basin_spectrum *s[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        basin_objective *o = slow_objective(1);
        basin_point     *point = NULL;
        assert_ok(basin_point_create(o, theta, NULL, &point));
        basin_time_limit_set(i == 0 ? 0.0 : 3600.0);
        assert_ok(basin_spectrum_compute(
            point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS, .top = 3, .bottom = 1},
            &s[i]));
        assert_false(basin_time_ended());
        basin_point_destroy(&point);
        basin_objective_destroy(&o);
    }
    basin_time_limit_set(0.0);
    assert_int_equal(s[0]->count, s[1]->count);
    assert_memory_equal(s[0]->eigenvalues, s[1]->eigenvalues, s[0]->count * sizeof(double));
    assert_memory_equal(s[0]->residuals, s[1]->residuals, s[0]->count * sizeof(double));
    assert_true(s[0]->verified && s[1]->verified);
    basin_spectrum_destroy(&s[0]);
    basin_spectrum_destroy(&s[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_is_within_its_error),
        cmocka_unit_test(quadrature_of_fewer_steps_has_intervals_that_hold),
        cmocka_unit_test(sane_has_an_interval_that_holds),
        cmocka_unit_test(a_trace_has_an_interval_that_holds),
        cmocka_unit_test(what_cannot_end_early_says_what_would_do),
        cmocka_unit_test(enough_time_is_as_no_limit),
    };

    basin_threads_set(1); /* on a busy machine threads wait for each other longer than they work */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
