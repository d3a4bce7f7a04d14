/* What stochastic Lanczos quadrature promises, and SANE by it; how often its intervals hold is
   test_calibration.c. */
#include "spectra.h"

#include <math.h>

#include "analysis/spectrum/quadrature.h"
#include "analysis/spectrum/slq.h"

static basin_spectrum *solve(problem_of *p, const basin_spectrum_options *options)
{
    basin_spectrum *s = NULL;

    assert_ok(basin_spectrum_compute(p->point, options, &s));
    return s;
}

static void pairs_and_quadrature_account_for_the_whole_spectrum(void **state)
{
    exact           e = of_power("power", 400, 1.2);
    problem_of      p;
    basin_spectrum *s;
    double          truth[QUANTITIES];

    (void)state;
    true_values(&e, truth);
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .probes = 3, .vectors = true});
    assert_int_equal(s->method, BASIN_SPECTRUM_SLQ);
    assert_int_equal(s->quadrature.probes, 3);
    assert_int_equal(s->quadrature.steps, 40);
    assert_int_equal(s->quadrature.dimension + s->count, e.n);
    assert_int_equal(s->products, 40 + 3 * 40);
    assert_true(s->count > 5 && !s->verified);
    assert_close(s->eigenvalues[0], 10.0, 1e-12, 0.0);
    assert_close(s->trace, truth[6], 0.0, 4.0 * s->trace_error);
    assert_close(sqrt(s->frobenius2), truth[7], 0.01, 0.0);
    assert_true(s->frobenius2_upper >= truth[7] * truth[7]);
    for (size_t i = 0; i < s->vector_count; i++) { /* the vectors are those of the pairs */
        double square = 0.0;
        for (size_t j = 0; j < e.n; j++) {
            double r = (e.x[j] - s->eigenvalues[i]) * s->vectors[i * e.n + j];
            square += r * r;
        }
        assert_close(sqrt(square), s->residuals[i], 1e-3, 1e-10);
    }
    for (size_t i = 1; i < s->density.count; i++)
        assert_true(s->density.below[i] >= s->density.below[i - 1] - 1e-9 &&
                    s->density.lower[i] <= s->density.below[i] && s->density.below[i] <= s->density.upper[i]);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* The run that finds the pairs is a probe of what they leave over, as good as any: over many starts its
   traces are off by nothing in the mean, and by as much as the law of the sphere says each. */
static void the_run_is_a_probe_of_what_its_pairs_leave(void **state)
{
    enum { STARTS = 300, STEPS = 10 };
    exact  e = of_power("power", 600, 0.6);
    double sum = 0.0, squares = 0.0, expected = 0.0;

    (void)state;
    for (uint64_t start = 0; start < STARTS; start++) {
        problem_of      p;
        basin_spectrum *s;
        double          trace = 0.0, square = 0.0, node[STEPS], weight[STEPS], found = 0.0;
        open_problem(&p, e.x, e.n, 0.0);
        s = solve(
            &p,
            &(basin_spectrum_options){
                .method = BASIN_SPECTRUM_SLQ, .deflation = 60, .probes = 1, .steps = STEPS, .seed = start});
        const double n = (double)s->quadrature.dimension;
        assert_int_equal(s->products, 60 + STEPS);
        assert_int_equal(s->quadrature.probes, 2);
        for (size_t i = 0; i < e.n; i++) trace += e.x[i], square += e.x[i] * e.x[i];
        for (size_t i = 0; i < s->count; i++)
            trace -= s->eigenvalues[i], square -= s->eigenvalues[i] * s->eigenvalues[i];
        assert_ok(
            basin_gauss_rule(s->quadrature.alpha + STEPS, s->quadrature.beta + STEPS, STEPS, node, weight));
        for (size_t i = 0; i < STEPS; i++) found += n * weight[i] * node[i];
        sum += found - trace, squares += (found - trace) * (found - trace);
        expected += 2.0 * n / (n + 2.0) * (square - trace * trace / n);
        basin_spectrum_destroy(&s);
        close_problem(&p);
    }
    assert_true(fabs(sum) <= 3.5 * sqrt(expected));
    assert_close(squares, expected, 3.5 * sqrt(2.0 / STARTS), 0.0);
    basin_free(e.x);
}

/* As many steps as parameters find everything, and nothing is estimated. */
static void a_run_as_long_as_the_spectrum_leaves_nothing_to_estimate(void **state)
{
    exact           e = of_power("power", 30, 0.5);
    problem_of      p;
    basin_spectrum *s;
    basin_sane     *sane = NULL;
    double          truth[QUANTITIES];

    (void)state;
    true_values(&e, truth);
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ});
    assert_int_equal(s->count, 30);
    assert_int_equal(s->quadrature.probes, 0);
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_int_equal(sane->method, BASIN_SANE_WHOLE);
    assert_close(sane->value, truth[1], 1e-10, 0.0);
    assert_close(s->trace, truth[6], 1e-10, 0.0);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* Other kappa, k, alpha and any f come from the stored rules: not one product more. */
static void everything_later_costs_no_product(void **state)
{
    exact              e = of_zeros("zeros", 500);
    problem_of         p;
    basin_spectrum    *s;
    basin_sane        *a = NULL, *b = NULL;
    basin_spectral_sum sum, share;
    double             cut_off = 0.3;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ});
    size_t products = p.d.products;
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.kappa = 0.06, .alpha = cut_off}, &a));
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.kappa = 0.5, .k = 3, .alpha = 2.0}, &b));
    assert_int_equal(a->method, BASIN_SANE_ESTIMATED);
    assert_ok(basin_spectrum_sum(s, &(basin_summand){ratio, &cut_off, 1.0 / cut_off}, &sum));
    assert_close(a->n_eff, sum.value, 1e-14, 0.0);
    assert_true(a->value >= a->n_eff && a->lower <= a->value && a->value <= a->upper);
    assert_true(a->bound_lower <= a->value && a->value <= a->bound_upper);
    for (size_t i = 0; i < b->k_count; i++)
        if (b->k_sweep[i] == 3) assert_close(b->sane_k_sweep[i], b->value, 1e-14, 0.0);
    assert_close(a->llc_alpha, log(100.0) / 100.0, 1e-14, 0.0);
    assert_ok(basin_spectrum_share(s, 1.0, &share));
    assert_true(share.lower <= 1.0 - 11.0 / 500.0 && 1.0 - 13.0 / 500.0 <= share.upper);
    assert_int_equal(p.d.products, products);
    basin_sane_destroy(&a), basin_sane_destroy(&b);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

static void it_stops_at_the_asked_width_or_when_the_products_are_spent(void **state)
{
    exact      e = of_power("power", 2000, 0.9);
    problem_of p;

    (void)state;
    for (double tolerance = 0.08; tolerance > 0.015; tolerance /= 2.0) {
        basin_sane *s = NULL;
        open_problem(&p, e.x, e.n, 0.0);
        assert_ok(
            basin_sane_estimate(p.point, NULL, &(basin_sane_options){.tolerance = tolerance}, &s, NULL));
        assert_true(fmax(s->upper - s->value, s->value - s->lower) <= tolerance * s->value);
        assert_true(s->products <= 2000);
        basin_sane_destroy(&s);
        assert_ok(basin_sane_estimate(p.point, NULL,
                                      &(basin_sane_options){.tolerance = 1e-4, .products = 120}, &s, NULL));
        assert_true(s->products <= 120 && s->upper - s->value > 1e-4 * s->value);
        basin_sane_destroy(&s);
        close_problem(&p);
    }
    basin_free(e.x);
}

static void what_cannot_be_had_is_refused_by_its_floor(void **state)
{
    exact           e = of_power("power", 3000, 0.9);
    problem_of      p;
    basin_spectrum *s = NULL;
    basin_sane     *sane = NULL;

    (void)state;
    open_problem(&p, e.x, e.n, 1.2e-7);
    assert_status(basin_sane_estimate(p.point, NULL, &(basin_sane_options){.tolerance = 1e-6}, &sane, NULL),
                  BASIN_ERR_VALUE);
    assert_message("the rounding of the products alone leaves SANE open by");
    assert_status(basin_spectrum_compute(
                      p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .accuracy = 1e-6}, &s),
                  BASIN_ERR_VALUE);
    assert_message("accuracy 1e-06 is beyond the rounding of the products: the floor is 1.2e-05");
    assert_status(basin_spectrum_compute(
                      p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .steps = 3}, &s),
                  BASIN_ERR_ARG);
    assert_message("at least 4 Lanczos steps");
    assert_status(basin_sane_estimate(p.point, NULL, &(basin_sane_options){.products = 15}, &sane, NULL),
                  BASIN_ERR_VALUE);
    assert_message("15 products are too few");
    close_problem(&p);
    basin_free(e.x);
}

static void a_product_that_is_no_number_is_named(void **state)
{
    exact        e = of_power("power", 300, 0.9);
    const size_t broken[] = {7, 40 + 4 * 5 + 2};
    const char  *said[] = {"product 7 with the Hessian is not finite",
                           "product 62 with the Hessian is not finite"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        problem_of      p;
        basin_spectrum *s = NULL;
        open_problem(&p, e.x, e.n, 0.0);
        p.d.broken = broken[i];
        assert_status(
            basin_spectrum_compute(p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ}, &s),
            BASIN_ERR_NUMERIC);
        assert_message(said[i]);
        assert_null(s);
        close_problem(&p);
    }
    basin_free(e.x);
}

/* A run of five steps finds each of five values once, and two copies of Λ are left over: rank 2 is not
   certain, and is refused. A run that goes on starts anew beside them, and finds the copies. */
static void a_rank_among_copies_is_refused(void **state)
{
    exact           e = of_ties("ties");
    problem_of      p;
    basin_spectrum *s;
    basin_sane     *sane = NULL;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .deflation = 5});
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_int_equal(sane->k_count, 1);
    basin_sane_destroy(&sane);
    assert_status(basin_sane_compute(s, &(basin_sane_options){.k = 2}, &sane), BASIN_ERR_VALUE);
    assert_message("rank 2 (1) is not certain, an eigenvalue left out may reach 4");
    basin_spectrum_destroy(&s);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ});
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.k = 3}, &sane));
    assert_close(sane->reference, 4.0, 1e-9, 0.0);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* Beside pairs of both ends that are verified. */
static void a_truncated_spectrum_takes_quadrature_too(void **state)
{
    exact           e = of_power("power", 1000, 0.8);
    problem_of      p;
    basin_spectrum *s;
    basin_sane     *sane = NULL;
    double          truth[QUANTITIES];

    (void)state;
    true_values(&e, truth);
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){
                      .method = BASIN_SPECTRUM_LANCZOS, .top = 5, .bottom = 2, .steps = 40, .vectors = true});
    assert_int_equal(s->count, 7);
    assert_true(s->verified);
    assert_int_equal(s->quadrature.probes, 4);
    assert_int_equal(s->quadrature.dimension, 993);
    assert_close(s->trace, truth[6], 0.0, 4.0 * s->trace_error);
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_int_equal(sane->method, BASIN_SANE_ESTIMATED);
    assert_true(sane->lower <= truth[1] && truth[1] <= sane->upper);
    assert_true(sane->bound_upper > sane->upper);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* 27 vectors of 1,000 numbers beside what is needed in passing: a run of more than twice as many steps is
   cut, and its products go to the probe instead. */
static void a_run_that_memory_restarts_is_short(void **state)
{
    const size_t    limit = basin_memory_limit();
    exact           e = of_power("power", 1000, 0.9);
    problem_of      p;
    basin_sane     *sane = NULL;
    basin_spectrum *s = NULL;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    basin_memory_limit_set(30 * 1000 * sizeof(double) * 2);
    assert_int_equal(basin_slq_run_most(1000, 200), 54);
    assert_int_equal(basin_slq_run_most(1000, 40), 40);
    assert_ok(basin_sane_estimate(p.point, NULL, &(basin_sane_options){.products = 200}, &sane, &s));
    basin_memory_limit_set(limit);
    assert_true(s->products <= 200 && s->quadrature.probes * s->quadrature.steps >= 140);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

static basin_status compute_and_drop(void *payload)
{
    basin_status status;
    problem_of  *p = payload;
    basin_sane  *sane = NULL;

    status = basin_sane_estimate(p->point, &(basin_spectrum_options){.deflation = 8, .probes = 2, .steps = 6},
                                 &(basin_sane_options){.products = 40}, &sane, NULL);
    basin_sane_destroy(&sane);
    return status;
}

static void every_failed_allocation_is_clean(void **state)
{
    exact      e = of_power("power", 40, 0.9);
    problem_of p;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    assert_ok(compute_and_drop(&p)); /* what the point keeps is there then */
    basin_test_every_allocation(compute_and_drop, &p);
    close_problem(&p);
    basin_free(e.x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_and_quadrature_account_for_the_whole_spectrum),
        cmocka_unit_test(the_run_is_a_probe_of_what_its_pairs_leave),
        cmocka_unit_test(a_run_as_long_as_the_spectrum_leaves_nothing_to_estimate),
        cmocka_unit_test(everything_later_costs_no_product),
        cmocka_unit_test(it_stops_at_the_asked_width_or_when_the_products_are_spent),
        cmocka_unit_test(what_cannot_be_had_is_refused_by_its_floor),
        cmocka_unit_test(a_product_that_is_no_number_is_named),
        cmocka_unit_test(a_rank_among_copies_is_refused),
        cmocka_unit_test(a_truncated_spectrum_takes_quadrature_too),
        cmocka_unit_test(a_run_that_memory_restarts_is_short),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
