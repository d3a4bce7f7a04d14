/* Polishing against closed forms on quadratics, and what it is for: the phase of a bounce goes, the valley
   stays. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"

enum { P = 4 };

static const double lambda4[P] = {3.0, 1.0, 0.2, 0.01}, start4[P] = {0.5, -0.3, 2.0, 4.0};

static void diagonal(const double *lambda, size_t n, double *a)
{
    memset(a, 0, n * n * sizeof *a);
    for (size_t i = 0; i < n; i++) a[i * n + i] = lambda[i];
}

static double loss_at(const double *theta)
{
    double sum = 1.0;

    for (size_t i = 0; i < P; i++) sum += 0.5 * lambda4[i] * theta[i] * theta[i];
    return sum;
}

static double slope_at(const double *theta)
{
    double sum = 0.0;

    for (size_t i = 0; i < P; i++) sum += lambda4[i] * lambda4[i] * theta[i] * theta[i];
    return sqrt(sum);
}

/* θ_i (1 − sλ_i)^K, with coupled decay θ_i (1 − s(λ_i + w))^K. */
static void it_is_plain_gradient_descent(void **unused)
{
    static const double decays[] = {0.0, 0.1};
    double              a[P * P];
    basin_objective    *o = NULL;

    (void)unused;
    diagonal(lambda4, P, a);
    assert_ok(basin_test_quadratic(a, NULL, 1.0, P, &o));
    for (int d = 0; d < 2; d++) {
        double       theta[P], expected[P], moved = 0.0;
        basin_polish polish;
        for (size_t i = 0; i < P; i++) {
            theta[i] = start4[i];
            expected[i] = start4[i] * pow(1.0 - 0.1 * (lambda4[i] + decays[d]), 20);
            moved += (expected[i] - start4[i]) * (expected[i] - start4[i]);
        }
        assert_ok(basin_polish_compute(
            o, theta, &(basin_polish_options){.steps = 20, .step = 0.1, .decay = {.value = decays[d]}},
            &polish));
        for (size_t i = 0; i < P; i++) assert_close(theta[i], expected[i], 1e-13, 0.0);
        assert_int_equal(polish.steps, 20);
        assert_int_equal(polish.halvings, 0);
        assert_close(polish.step, 0.1, 0.0, 0.0);
        assert_close(polish.moved, sqrt(moved), 1e-13, 0.0);
        assert_close(polish.loss_before, loss_at(start4), 1e-14, 0.0);
        assert_close(polish.loss_after, loss_at(expected), 1e-14, 0.0);
        assert_close(polish.gradient_norm_before, slope_at(start4), 1e-14, 0.0);
        assert_close(polish.gradient_norm_after, slope_at(expected), 1e-13, 0.0);
    }
    basin_objective_destroy(&o);
}

/* With s = 1 and λ = 3 a step triples the coordinate less one: it grows; at half of that it shrinks by a half
   a step. */
static void a_step_that_would_raise_the_loss_is_halved(void **unused)
{
    double           a[] = {3.0}, theta[] = {8.0};
    basin_objective *o = NULL;
    basin_polish     polish;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 0.0, 1, &o));
    assert_ok(basin_polish_compute(o, theta, &(basin_polish_options){.steps = 3, .step = 1.0}, &polish));
    assert_int_equal(polish.halvings, 1);
    assert_close(polish.step, 0.5, 0.0, 0.0);
    assert_int_equal(polish.steps, 3);
    assert_close(theta[0], -1.0, 1e-15, 0.0);
    theta[0] = 8.0;
    /* overflows, and comes down */
    assert_ok(basin_polish_compute(o, theta, &(basin_polish_options){.steps = 1, .step = 1e300}, &polish));
    assert_true(fabs(theta[0]) <= 8.0);
    basin_objective_destroy(&o);
}

/* At a minimum there is nowhere to go, and all steps are taken in place. */
static void a_minimum_stays(void **unused)
{
    double           a[P * P], theta[P] = {0.0};
    basin_objective *o = NULL;
    basin_polish     polish;

    (void)unused;
    diagonal(lambda4, P, a);
    assert_ok(basin_test_quadratic(a, NULL, 1.0, P, &o));
    assert_ok(basin_polish_compute(o, theta, &(basin_polish_options){.steps = 7, .step = 0.1}, &polish));
    assert_int_equal(polish.steps, 7);
    assert_close(polish.moved, 0.0, 0.0, 0.0);
    assert_close(polish.loss_after, 1.0, 0.0, 0.0);
    basin_objective_destroy(&o);
}

static void what_cannot_be_polished_is_refused(void **unused)
{
    double           a[] = {1.0}, theta[] = {1.0}, lost[] = {NAN};
    basin_objective *o = NULL;
    basin_polish     polish;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 0.0, 1, &o));
    assert_status(basin_polish_compute(o, theta, &(basin_polish_options){.steps = 0, .step = 0.1}, &polish),
                  BASIN_ERR_ARG);
    assert_message("at least one step");
    assert_status(basin_polish_compute(o, theta, &(basin_polish_options){.steps = 1, .step = 0.0}, &polish),
                  BASIN_ERR_ARG);
    assert_message("step 0 of polishing");
    assert_status(basin_polish_compute(o, theta, &(basin_polish_options){.steps = 1, .step = NAN}, &polish),
                  BASIN_ERR_ARG);
    assert_message("step nan of polishing");
    assert_status(
        basin_polish_compute(o, theta,
                             &(basin_polish_options){.steps = 1, .step = 0.1, .decay = {.value = INFINITY}},
                             &polish),
        BASIN_ERR_ARG);
    assert_status(basin_polish_compute(o, lost, &(basin_polish_options){.steps = 1, .step = 0.1}, &polish),
                  BASIN_ERR_VALUE);
    assert_message("NaN or Inf");
    assert_close(theta[0], 1.0, 0.0, 0.0);
    basin_objective_destroy(&o);
}

static double sam_rise(basin_objective *o, const double *theta, double rho)
{
    basin_sharpness *s = NULL;
    double           value;

    assert_ok(basin_test_sharpness_at(
        o, theta,
        &(basin_sharpness_options){.rho = &rho, .rho_count = 1, .recorded_rho = NAN, .split = "train"}, &s));
    value = s->rises[0].value;
    basin_sharpness_destroy(&s);
    return value;
}

/* SAM with momentum and constant radius on a quadratic: over ten consecutive iterates its one-step rise goes
   up and down by 0.091 to 0.129, the height of the bounce; polished from each of them it is that of the
   valley they all lie in, 200 times less. There the gradient lies along the floor, so the rise looks along
   another direction, too. */
static void the_phase_of_a_bounce_goes(void **unused)
{
    static const double rho = 0.2;
    double              a[P * P], theta[P], raw[2] = {INFINITY, 0.0}, polished[2] = {INFINITY, 0.0};
    basin_objective    *o = NULL;

    (void)unused;
    diagonal(lambda4, P, a);
    assert_ok(basin_test_quadratic(a, NULL, 1.0, P, &o));
    for (size_t phase = 0; phase < 10; phase++) {
        basin_polish polish;
        memcpy(theta, start4, sizeof theta);
        assert_ok(basin_train(o, theta,
                              &(basin_train_options){.method = BASIN_SAM,
                                                     .learning_rate = 0.1,
                                                     .momentum = 0.9,
                                                     .rho = rho,
                                                     .steps = 300 + phase}));
        double value = sam_rise(o, theta, rho);
        raw[0] = fmin(raw[0], value), raw[1] = fmax(raw[1], value);
        assert_ok(
            basin_polish_compute(o, theta, &(basin_polish_options){.steps = 200, .step = 0.1}, &polish));
        value = sam_rise(o, theta, rho);
        polished[0] = fmin(polished[0], value), polished[1] = fmax(polished[1], value);
        assert_true(polish.loss_after < polish.loss_before);
        assert_true(polish.gradient_norm_after < 0.1 * polish.gradient_norm_before);
    }
    assert_true(raw[1] > 1.3 * raw[0]);
    assert_true(polished[1] < 1.1 * polished[0]);
    assert_true(polished[1] < 0.01 * raw[0]);
    basin_objective_destroy(&o);
}

static void who_hovers_is_told_by_method_and_radius(void **unused)
{
    static const struct {
        const char *method;
        double      rho;
        bool        hovers;
    } cases[] = {{"sam", 0.05, true}, {"msam", 0.3, true},  {"asam", 0.5, true}, {"gd", 0.05, false},
                 {"sam", 0.0, false}, {"msam", NAN, false}, {NULL, 0.1, false},  {"usam", 0.1, false}};

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(basin_hovers(cases[i].method, cases[i].rho), cases[i].hovers);
    }
}

static basin_status compute_once(void *payload)
{
    double       theta[P];
    basin_polish polish;

    memcpy(theta, start4, sizeof theta);
    return basin_polish_compute(payload, theta, &(basin_polish_options){.steps = 2, .step = 0.1}, &polish);
}

static void every_failed_allocation_is_clean(void **unused)
{
    double           a[P * P];
    basin_objective *o = NULL;

    (void)unused;
    diagonal(lambda4, P, a);
    assert_ok(basin_test_quadratic(a, NULL, 1.0, P, &o));
    basin_test_every_allocation(compute_once, o);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_plain_gradient_descent),
        cmocka_unit_test(a_step_that_would_raise_the_loss_is_halved),
        cmocka_unit_test(a_minimum_stays),
        cmocka_unit_test(what_cannot_be_polished_is_refused),
        cmocka_unit_test(the_phase_of_a_bounce_goes),
        cmocka_unit_test(who_hovers_is_told_by_method_and_radius),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("polish", tests, NULL, NULL);
}
