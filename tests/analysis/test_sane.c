#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"

enum { N = 50 };

static basin_sane *sane_of(const double *lambda, size_t n, const basin_sane_options *options)
{
    basin_objective *o = basin_test_planted_objective(lambda, n, 1);
    basin_spectrum  *s = basin_test_spectrum(o, NULL);
    basin_sane      *sane = NULL;

    assert_ok(basin_sane_compute(s, options, &sane));
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
    return sane;
}

static double magnitude_sum(const double *lambda, size_t n, double a)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        if (lambda[i] != 0.0) sum += fabs(lambda[i]) / (fabs(lambda[i]) + a);
    return sum;
}

/* λ = 2, 1, -1, 0: SANE = 2/3 + 1/2 + 1/2, N_eff = 2/2.5 + 2/1.5. */
static void sane_of_four_eigenvalues_by_hand(void **state)
{
    double      lambda[] = {2.0, 1.0, -1.0, 0.0};
    basin_sane *s = sane_of(lambda, 4, NULL);

    (void)state;
    assert_int_equal(s->method, BASIN_SANE_WHOLE);
    assert_int_equal(s->eigenvalues, 4);
    assert_close(s->value, 5.0 / 3.0, 1e-14, 0.0);
    assert_true(s->lower <= s->value && s->value <= s->upper && s->upper - s->lower < 1e-13);
    assert_close(s->kappa, 0.5, 0.0, 0.0);
    assert_int_equal(s->k, 1);
    assert_close(s->reference, 2.0, 1e-14, 0.0);
    assert_close(s->n_eff, 0.8 + 4.0 / 3.0, 1e-14, 0.0);
    assert_true(s->n_eff_lower <= s->n_eff && s->n_eff <= s->n_eff_upper &&
                s->n_eff_upper - s->n_eff_lower < 1e-13);
    assert_int_equal(s->alpha_source, BASIN_ALPHA_DEFAULT);
    assert_int_equal(s->sweep_count, 7);
    assert_close(s->kappa_sweep[0], 0.05, 0.0, 0.0);
    assert_close(s->sane_sweep[0], 2.0 / 2.1 + 2.0 / 1.1, 1e-14, 0.0);
    assert_close(s->kappa_sweep[6], 5.0, 0.0, 0.0);
    assert_close(s->sane_sweep[3], s->value, 0.0, 0.0);
    assert_close(s->alpha_sweep[4], 5.0, 1e-15, 0.0);
    assert_close(s->n_eff_sweep[4], 2.0 / 7.0 + 2.0 / 6.0, 1e-14, 0.0);
    basin_sane_destroy(&s);
    basin_sane_destroy(&s);
    assert_null(s);
}

static void the_k_th_magnitude_and_the_recorded_decay_are_used(void **state)
{
    double      lambda[] = {2.0, 0.5, -1.0, 0.0};
    basin_sane *s =
        sane_of(lambda, 4, &(basin_sane_options){.k = 2, .kappa = 1.0, .recorded_weight_decay = 0.25});

    (void)state;
    assert_close(s->reference, 1.0, 1e-14, 0.0);
    assert_close(s->value, 2.0 / 3.0 + 0.5 / 1.5 + 0.5, 1e-14, 0.0);
    assert_close(s->alpha, 0.25, 0.0, 0.0);
    assert_int_equal(s->alpha_source, BASIN_ALPHA_WEIGHT_DECAY);
    basin_sane_destroy(&s);
    s = sane_of(lambda, 4, &(basin_sane_options){.alpha = 3.0, .recorded_weight_decay = 0.25});
    assert_close(s->alpha, 3.0, 0.0, 0.0);
    assert_int_equal(s->alpha_source, BASIN_ALPHA_OPTION);
    basin_sane_destroy(&s);
}

static void sane_does_not_see_the_scale_of_the_loss(void **state)
{
    double lambda[N], scaled[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        lambda[i] = pow(0.7, (double)i) * (i % 3 ? 1.0 : -1.0), scaled[i] = 1e6 * lambda[i];
    for (double kappa = 0.1; kappa < 10.0; kappa *= 3.0) {
        basin_sane *a = sane_of(lambda, N, &(basin_sane_options){.kappa = kappa}),
                   *b = sane_of(scaled, N, &(basin_sane_options){.kappa = kappa});
        assert_close(a->value, b->value, 1e-11, 0.0);
        assert_true(b->n_eff > 1.5 * a->n_eff);
        assert_true(a->value >= 1.0 / (1.0 + kappa) && a->value <= N / (1.0 + kappa));
        basin_sane_destroy(&a), basin_sane_destroy(&b);
    }
}

static void the_ends_of_the_range_are_one_and_all_eigenvalues(void **state)
{
    double      one[N] = {3.0}, all[N];
    basin_sane *s = sane_of(one, N, NULL);

    (void)state;
    assert_close(s->value, 2.0 / 3.0, 0.0, 1e-11);
    basin_sane_destroy(&s);
    for (size_t i = 0; i < N; i++) all[i] = i % 2 ? 3.0 : -3.0;
    s = sane_of(all, N, NULL);
    assert_close(s->value, N * 2.0 / 3.0, 1e-12, 0.0);
    basin_sane_destroy(&s);
}

/* y = b (a·x) at x = e_1, e_2 fitted exactly, L the mean of squares: H = JᵀJ with J = [b, 0, a_1; 0, b, a_2],
   whose nonzero eigenvalues are b² and b² + ‖a‖². The same function at (f a, b/f): SANE moves with f. */
static void sane_is_not_invariant_to_rescaling(void **state)
{
    double previous = INFINITY;

    (void)state;
    for (double f = 1.0; f <= 4.0; f *= 2.0) {
        double           a = f, b = 1.0 / f;
        double           h[] = {b * b, 0.0, b * a, 0.0, b * b, b * a, b * a, b * a, 2.0 * a * a};
        double           large = b * b + 2.0 * a * a, small = b * b;
        basin_objective *o = NULL;
        basin_spectrum  *s;
        basin_sane      *sane = NULL;
        assert_ok(basin_test_quadratic(h, NULL, 0.0, 3, &o));
        s = basin_test_spectrum(o, NULL);
        assert_ok(basin_sane_compute(s, NULL, &sane));
        assert_close(sane->value, 2.0 / 3.0 + small / (small + 0.5 * large), 1e-13, 0.0);
        assert_true(sane->value < previous - 0.01);
        previous = sane->value;
        basin_sane_destroy(&sane);
        basin_spectrum_destroy(&s);
        basin_objective_destroy(&o);
    }
}

static void a_zero_hessian_has_no_sane(void **state)
{
    double           lambda[4] = {0};
    basin_objective *o = basin_test_planted_objective(lambda, 4, 1);
    basin_spectrum  *s = basin_test_spectrum(o, NULL);
    basin_sane      *sane = NULL;

    (void)state;
    assert_status(basin_sane_compute(s, NULL, &sane), BASIN_ERR_NUMERIC);
    assert_message("all eigenvalues are 0");
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
    assert_null(sane);
}

static void options_out_of_range_are_refused(void **state)
{
    double           lambda[4] = {3.0, 2.0};
    basin_objective *o = basin_test_planted_objective(lambda, 4, 1);
    basin_spectrum  *s = basin_test_spectrum(o, NULL);
    basin_sane      *sane = NULL;

    (void)state;
    assert_status(basin_sane_compute(s, &(basin_sane_options){.kappa = -1.0}, &sane), BASIN_ERR_VALUE);
    assert_message("kappa -1");
    assert_status(basin_sane_compute(s, &(basin_sane_options){.alpha = NAN}, &sane), BASIN_ERR_VALUE);
    assert_message("alpha");
    assert_status(basin_sane_compute(s, &(basin_sane_options){.k = 5}, &sane), BASIN_ERR_VALUE);
    assert_message("SANE_5 needs 5 eigenvalues, the spectrum holds 4");
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

/* H + E with ‖E‖_F as reported: noise on the true zeros adds to the sum, as products in single precision
   do. */
static void errors_of_a_whole_spectrum_widen_the_interval(void **state)
{
    double       truth[N] = {10.0, 4.0, -2.0}, h[N * N], w[N], values[N], residuals[N];
    basin_random random = basin_random_start(6, BASIN_STREAM_CHECK);

    (void)state;
    for (double error = 1e-6; error < 3.0; error *= 10.0) {
        basin_spectrum s = {.parameters = N,
                            .count = N,
                            .top = N,
                            .method = BASIN_SPECTRUM_DENSE,
                            .eigenvalues = values,
                            .residuals = residuals};
        basin_sane    *sane = NULL;
        basin_random_normals(&random, h, N * N);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < i; j++) h[i * N + j] = h[j * N + i];
        basin_scale(error / basin_norm(h, N * N), h, N * N);
        for (size_t i = 0; i < N; i++) h[i * N + i] += truth[i];
        assert_ok(basin_symmetric_eigen(h, N, w));
        for (size_t i = 0; i < N; i++) values[i] = w[N - 1 - i], residuals[i] = error;
        assert_ok(basin_sane_compute(&s, NULL, &sane));
        double sum = magnitude_sum(truth, N, 5.0), n_eff = magnitude_sum(truth, N, 0.5);
        assert_true(fabs(sane->value - sum) > 0.05 * error); /* not what it would be without the noise */
        assert_true(sane->lower <= sum && sum <= sane->upper && sane->upper <= N);
        assert_true(sane->n_eff_lower <= n_eff && n_eff <= sane->n_eff_upper);
        assert_true(sane->upper - sane->lower <= 8.0 * error); /* √P/κΛ = 1.4 either way, and Λ ± δ */
        basin_sane_destroy(&sane);
    }
}

/* As a file may claim. */
static void a_spectrum_that_contradicts_itself_is_refused(void **state)
{
    double         values[] = {3.0, 2.0, 1.0}, residuals[3] = {0};
    basin_spectrum s = {.parameters = 2, .count = 3, .top = 3, .eigenvalues = values, .residuals = residuals};
    basin_sane    *sane = NULL;

    (void)state;
    assert_status(basin_sane_compute(&s, NULL, &sane), BASIN_ERR_ARG);
    assert_message("a spectrum of 2 parameters cannot hold 3 eigenvalues");
    s.parameters = 10, s.top = 9;
    assert_status(basin_sane_compute(&s, NULL, &sane), BASIN_ERR_ARG);
    s.top = 2, s.bottom = 1, s.converged = true, s.frobenius2_upper = 15.0;
    assert_ok(basin_sane_compute(&s, NULL, &sane));
    basin_sane_destroy(&sane);
    s.eigenvalues = NULL;
    assert_status(basin_sane_compute(&s, NULL, &sane), BASIN_ERR_ARG);
}

/* Λ of rank 3 may be among those left out when two pairs of one end are held. */
static void a_reference_that_is_not_certain_is_refused(void **state)
{
    double                 lambda[N];
    basin_spectrum_options options = {.method = BASIN_SPECTRUM_LANCZOS, .top = 2, .bottom = 1};
    basin_objective       *o;
    basin_spectrum        *s;
    basin_sane            *sane = NULL;

    (void)state;
    for (size_t i = 0; i < N; i++) lambda[i] = 10.0 - 0.19 * (double)i;
    o = basin_test_planted_objective(lambda, N, 1);
    s = basin_test_spectrum(o, &options);
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.k = 2}, &sane));
    assert_close(sane->reference, lambda[1], 1e-9, 0.0);
    basin_sane_destroy(&sane);
    assert_status(basin_sane_compute(s, &(basin_sane_options){.k = 3}, &sane), BASIN_ERR_VALUE);
    assert_message("is not certain");
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

/* A spectrum of random shape: a power law with or without a floor, some of it negative. Returns Λ. */
static double random_spectrum(basin_random *r, double *lambda)
{
    double decay = 2.0 * basin_random_uniform(r), floor = fmax(0.3 * basin_random_uniform(r) - 0.1, 0.0);
    double negative = 0.5 * basin_random_uniform(r);
    double largest = 0.0;

    for (size_t i = 0; i < N; i++) {
        lambda[i] =
            (pow((double)(i + 1), -decay) + floor) * (basin_random_uniform(r) < negative ? -1.0 : 1.0);
        largest = fmax(largest, fabs(lambda[i]));
    }
    return largest;
}

static void assert_bounds_hold(const basin_sane *s, const double *lambda, double largest)
{
    double truth = magnitude_sum(lambda, N, s->kappa * largest), n_eff = magnitude_sum(lambda, N, s->alpha);

    assert_int_equal(s->method, BASIN_SANE_TRUNCATED);
    assert_true(s->lower <= truth && truth <= s->upper && s->upper <= N);
    assert_true(s->n_eff_lower <= n_eff && n_eff <= s->n_eff_upper);
    assert_true(s->lower <= s->value && s->value <= s->upper);
}

/* Every fourth with too few products to converge, where Λ may be uncertain, and then is refused. */
static void truncated_bounds_hold_the_truth(void **state)
{
    size_t trials = basin_test_long() ? 5000 : 400, rough = 0;

    (void)state;
    for (size_t t = 0; t < trials; t++) {
        double                 lambda[N];
        basin_random           r = basin_random_start(t, BASIN_STREAM_TEST);
        basin_spectrum_options options = {.method = BASIN_SPECTRUM_LANCZOS, .seed = t};
        basin_sane_options     sane_options = {.kappa = 0.05 + 2.0 * basin_random_uniform(&r),
                                               .alpha = pow(10.0, 4.0 * basin_random_uniform(&r) - 3.0)};
        double                 largest = random_spectrum(&r, lambda);
        options.top = 2 + basin_random_below(&r, 6), options.bottom = 1 + basin_random_below(&r, 4);
        if (t % 4 == 0) options.max_products = options.top + options.bottom + 6;
        basin_objective *o = basin_test_planted_objective(lambda, N, t);
        basin_spectrum  *s = basin_test_spectrum(o, &options);
        basin_sane      *sane = NULL;
        basin_status     st = basin_sane_compute(s, &sane_options, &sane);
        if (st == BASIN_OK)
            assert_bounds_hold(sane, lambda, largest);
        else
            assert_true(st == BASIN_ERR_VALUE && !s->converged);
        rough += st == BASIN_OK && !s->converged;
        basin_sane_destroy(&sane);
        basin_spectrum_destroy(&s);
        basin_objective_destroy(&o);
    }
    assert_true(rough > trials / 50); /* those were tested, too */
}

/* All equal: the concave bound is attained, up to the confidence limit; and with B it is exact. */
static void the_bound_on_the_rest_is_attained_by_a_flat_one(void **state)
{
    double           lambda[N];
    basin_objective *o;
    basin_spectrum  *s;
    basin_sane      *sane = NULL;

    (void)state;
    for (size_t i = 0; i < N; i++) lambda[i] = i < 2 ? 10.0 : 1.0;
    lambda[N - 1] = -1.0;
    o = basin_test_planted_objective(lambda, N, 3);
    s = basin_test_spectrum(
        o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS, .top = 3, .bottom = 1});
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_close(sane->upper, 2.0 * 10.0 / 15.0 + 48.0 / 6.0, 1e-5, 0.0);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

/* A run of P steps knows every eigenvalue; a shorter one is labelled, and bounds nothing. */
static void the_ritz_variant_sums_every_ritz_value(void **state)
{
    double           lambda[N], theta[N] = {0};
    basin_objective *o;
    basin_sane      *full = NULL, *some = NULL;

    (void)state;
    for (size_t i = 0; i < N; i++) lambda[i] = 1.0 / (double)(i + 1);
    o = basin_test_planted_objective(lambda, N, 3);
    assert_ok(basin_test_ritz_at(o, theta, 4, &(basin_sane_options){.ritz = 1000}, &full));
    assert_int_equal(full->method, BASIN_SANE_RITZ);
    assert_int_equal(full->ritz_steps, N);
    assert_int_equal(full->seed, 4);
    assert_close(full->value, magnitude_sum(lambda, N, 0.5), 1e-10, 0.0);
    assert_close(full->n_eff, magnitude_sum(lambda, N, 0.5), 1e-10, 0.0);
    assert_true(isnan(full->lower) && isnan(full->upper) && isnan(full->n_eff_lower) &&
                isnan(full->n_eff_upper));
    assert_ok(basin_test_ritz_at(o, theta, 4, &(basin_sane_options){.ritz = 10}, &some));
    assert_int_equal(some->eigenvalues, 10);
    assert_true(some->value < full->value);
    assert_status(basin_test_ritz_at(o, theta, 4, NULL, &some), BASIN_ERR_ARG);
    basin_sane_destroy(&full), basin_sane_destroy(&some);
    basin_objective_destroy(&o);
}

static void a_ritz_run_ends_where_the_subspace_is_invariant(void **state)
{
    double           lambda[N] = {3.0, 2.0}, theta[N] = {0};
    basin_objective *o = basin_test_planted_objective(lambda, N, 3);
    basin_sane      *s = NULL;

    (void)state;
    assert_ok(basin_test_ritz_at(o, theta, 4, &(basin_sane_options){.ritz = 20}, &s));
    assert_true(s->ritz_steps <= 4);
    assert_close(s->value, 2.0 / 3.0 + 2.0 / 3.5, 1e-10, 1e-10);
    basin_sane_destroy(&s);
    basin_objective_destroy(&o);
}

static basin_status compute_once(void *payload)
{
    basin_sane  *s = NULL;
    basin_status st = basin_sane_compute(payload, NULL, &s);

    if (st != BASIN_OK) assert_null(s);
    basin_sane_destroy(&s);
    return st;
}

static basin_status ritz_once(void *payload)
{
    double       theta[N] = {0};
    basin_sane  *s = NULL;
    basin_status st = basin_test_ritz_at(payload, theta, 1, &(basin_sane_options){.ritz = 5}, &s);

    if (st != BASIN_OK) assert_null(s);
    basin_sane_destroy(&s);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    double           lambda[N];
    basin_objective *o;
    basin_spectrum  *s;

    (void)state;
    for (size_t i = 0; i < N; i++) lambda[i] = 1.0 / (double)(i + 1);
    o = basin_test_planted_objective(lambda, N, 3);
    s = basin_test_spectrum(o, NULL);
    basin_test_every_allocation(compute_once, s);
    basin_test_every_allocation(ritz_once, o);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sane_of_four_eigenvalues_by_hand),
        cmocka_unit_test(the_k_th_magnitude_and_the_recorded_decay_are_used),
        cmocka_unit_test(sane_does_not_see_the_scale_of_the_loss),
        cmocka_unit_test(the_ends_of_the_range_are_one_and_all_eigenvalues),
        cmocka_unit_test(sane_is_not_invariant_to_rescaling),
        cmocka_unit_test(a_zero_hessian_has_no_sane),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(errors_of_a_whole_spectrum_widen_the_interval),
        cmocka_unit_test(a_spectrum_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_reference_that_is_not_certain_is_refused),
        cmocka_unit_test(truncated_bounds_hold_the_truth),
        cmocka_unit_test(the_bound_on_the_rest_is_attained_by_a_flat_one),
        cmocka_unit_test(the_ritz_variant_sums_every_ritz_value),
        cmocka_unit_test(a_ritz_run_ends_where_the_subspace_is_invariant),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("sane", tests, NULL, NULL);
}
