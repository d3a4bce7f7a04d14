#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"

enum { N = 40 };

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Clustered, repeated, negative and zero eigenvalues; descending in lambda [N]. */
static void awkward(double *lambda)
{
    for (size_t i = 0; i < N; i++) lambda[i] = 0.0;
    lambda[0] = 10.0, lambda[1] = 5.0, lambda[2] = 5.0, lambda[3] = 5.0, lambda[4] = 1.0,
    lambda[5] = 1.0 + 1e-7;
    for (size_t i = 6; i < 20; i++) lambda[i] = 0.01 * (double)i;
    lambda[20] = -3.0, lambda[21] = -3.0, lambda[22] = -1e-9;
    qsort(lambda, N, sizeof *lambda, descending);
}

static void dense_finds_a_planted_spectrum(void **state)
{
    double           lambda[N], sum = 0.0, square = 0.0, negative = 0.0, all = 0.0;
    basin_objective *o;
    basin_spectrum  *s;

    (void)state;
    awkward(lambda);
    o = basin_test_planted_objective(lambda, N, 1);
    s = basin_test_spectrum(o, NULL);
    assert_int_equal(s->method, BASIN_SPECTRUM_DENSE);
    assert_int_equal(s->operator_kind, BASIN_HESSIAN);
    assert_int_equal(s->count, N);
    assert_int_equal(s->products, N);
    assert_true(s->converged);
    assert_false(s->approximate);
    for (size_t i = 0; i < N; i++) {
        assert_close(s->eigenvalues[i], lambda[i], 0.0, 1e-13 * 10.0);
        assert_true(fabs(s->eigenvalues[i] - lambda[i]) <= s->residuals[i]);
        sum += lambda[i], square += lambda[i] * lambda[i];
        all += fabs(lambda[i]);
        if (lambda[i] < 0.0) negative -= lambda[i];
    }
    assert_close(s->trace, sum, 1e-13, 0.0);
    assert_close(s->frobenius2, square, 1e-13, 0.0);
    assert_close(s->frobenius2_upper, s->frobenius2, 0.0, 0.0);
    assert_close(s->frobenius2_error, 0.0, 0.0, 0.0);
    assert_close(s->negative_mass, negative / all, 1e-12, 0.0);
    assert_true(s->asymmetry < 1e-15);
    assert_close(s->gaps[0], 5.0, 1e-12, 0.0);
    assert_close(s->gaps[1], 0.0, 0.0, 1e-12);
    basin_spectrum_destroy(&s);
    basin_spectrum_destroy(&s);
    assert_null(s);
    basin_objective_destroy(&o);
}

static void dense_keeps_eigenvectors_of_both_ends(void **state)
{
    double           lambda[N], a[N * N], hv[N];
    basin_objective *o;
    basin_spectrum  *s, *plain;

    (void)state;
    awkward(lambda);
    basin_test_planted(lambda, N, 2, a);
    o = basin_test_planted_objective(lambda, N, 2);
    plain = basin_test_spectrum(o, NULL);
    s = basin_test_spectrum(
        o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .top = 4, .bottom = 3, .vectors = true});
    assert_int_equal(s->vector_count, 7);
    /* the same bits with and without vectors */
    assert_memory_equal(s->eigenvalues, plain->eigenvalues, N * sizeof(double));
    for (size_t i = 0; i < 7; i++) {
        const double *q = s->vectors + i * N;
        size_t        index = s->vector_index[i], largest = 0;
        assert_int_equal(index, i < 4 ? i : N - 7 + i);
        for (size_t j = 0; j < N; j++) hv[j] = basin_dot(a + j * N, q, N);
        basin_axpy(-s->eigenvalues[index], q, hv, N);
        assert_true(basin_norm(hv, N) < 1e-12);
        for (size_t j = 0; j <= i; j++)
            assert_close(basin_dot(q, s->vectors + j * N, N), i == j ? 1.0 : 0.0, 0.0, 1e-13);
        for (size_t j = 1; j < N; j++)
            if (fabs(q[j]) > fabs(q[largest])) largest = j;
        assert_true(q[largest] > 0.0);
    }
    basin_spectrum_destroy(&plain);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

/* 1-D Laplacian, tridiagonal (-1, 2, -1): λ_k = 2 - 2 cos(kπ/(n+1)). */
static void laplacian_has_its_closed_form_spectrum(void **state)
{
    enum { SIZE = 100 };
    double          *a = basin_alloc(SIZE * SIZE, sizeof *a);
    basin_objective *o = NULL;
    basin_spectrum  *s;

    (void)state;
    for (size_t i = 0; i < SIZE; i++) {
        a[i * SIZE + i] = 2.0;
        if (i > 0) a[i * SIZE + i - 1] = a[(i - 1) * SIZE + i] = -1.0;
    }
    assert_ok(basin_test_quadratic(a, NULL, 1.0, SIZE, &o));
    s = basin_test_spectrum(o, NULL);
    for (size_t i = 0; i < SIZE; i++)
        assert_close(s->eigenvalues[i], 2.0 - 2.0 * cos((double)(SIZE - i) * M_PI / (SIZE + 1)), 0.0, 1e-13);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
    basin_free(a);
}

/* Products that are not symmetric: [2, 1; 0, 2] is reported and halved. */
static void asymmetry_is_measured_before_symmetrising(void **state)
{
    double           a[] = {2.0, 1.0, 0.0, 2.0};
    basin_objective *o = NULL;
    basin_spectrum  *s;

    (void)state;
    assert_ok(basin_test_quadratic(a, NULL, 1.0, 2, &o));
    s = basin_test_spectrum(o, NULL);
    assert_close(s->eigenvalues[0], 2.5, 1e-14, 0.0);
    assert_close(s->eigenvalues[1], 1.5, 1e-14, 0.0);
    assert_close(s->asymmetry, sqrt(2.0) / sqrt(8.5), 1e-14, 0.0);
    assert_close(s->residuals[0], 0.5 * sqrt(2.0), 1e-12, 0.0);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

static void a_dense_spectrum_over_the_limit_prints_the_bytes(void **state)
{
    double           lambda[N], theta[N] = {0};
    basin_objective *o;
    basin_spectrum  *s = NULL;

    (void)state;
    awkward(lambda);
    o = basin_test_planted_objective(lambda, N, 1);
    basin_memory_limit_set(20000);
    assert_status(
        basin_test_spectrum_at(o, theta, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &s),
        BASIN_ERR_BUDGET);
    assert_message("40 parameters needs 25600 bytes, the limit is 20000"); /* 2 x 40 x 40 doubles */
    assert_null(s);
    basin_memory_limit_set(0);
    basin_objective_destroy(&o);
}

/* At theta = 0. */
static basin_status choose(basin_objective *o, const basin_spectrum_options *options,
                           basin_spectrum_plan *out)
{
    basin_status st = BASIN_OK;
    basin_point *point = NULL;
    double      *theta = basin_alloc(basin_objective_size(o), sizeof *theta);

    BASIN_TRY(basin_point_create(o, theta, NULL, &point));
    BASIN_TRY(basin_spectrum_choose(point, options, out));
done:
    basin_point_destroy(&point);
    basin_free(theta);
    return st;
}

/* What AUTO will be, how many pairs, and no fewer products than are then spent. */
static void what_is_chosen_is_what_is_done(void **state)
{
    const struct {
        size_t                 size;
        basin_spectrum_options options;
        size_t                 top, bottom;
    } cases[] = {
        {40, {.seed = 1}, 10, 0},
        {40, {.method = BASIN_SPECTRUM_LANCZOS, .top = 3}, 3, 0},
        {7, {.method = BASIN_SPECTRUM_LANCZOS}, 7, 0},
        {40,
         {.method = BASIN_SPECTRUM_LANCZOS, .top = 2, .bottom = 1, .max_products = 80, .tolerance = 1e-3},
         2,
         1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double              lambda[40];
        basin_spectrum_plan plan;
        for (size_t j = 0; j < cases[i].size; j++) lambda[j] = 40.0 - (double)j;
        basin_objective *o = basin_test_planted_objective(lambda, cases[i].size, 3);
        assert_ok(choose(o, &cases[i].options, &plan));
        basin_spectrum *s = basin_test_spectrum(o, &cases[i].options);
        const bool      dense = !isnan(s->asymmetry);
        assert_int_equal(plan.method, dense ? BASIN_SPECTRUM_DENSE : BASIN_SPECTRUM_LANCZOS);
        assert_int_equal(plan.top, cases[i].top);
        assert_int_equal(plan.bottom, cases[i].bottom);
        assert_true(s->products <= plan.products);
        if (dense)
            assert_int_equal(s->products, plan.products);
        else
            assert_close(plan.tolerance, s->tolerance, 0.0, 0.0);
        assert_true(plan.bytes >=
                    (dense ? cases[i].size : plan.top + plan.bottom) * cases[i].size * sizeof(double));
        basin_spectrum_destroy(&s);
        basin_objective_destroy(&o);
    }
}

static void auto_is_lanczos_where_a_matrix_does_not_fit(void **state)
{
    double              lambda[200];
    basin_spectrum_plan plan;

    (void)state;
    for (size_t j = 0; j < 200; j++) lambda[j] = (double)j;
    basin_objective *o = basin_test_planted_objective(lambda, 200, 3);
    assert_ok(choose(o, NULL, &plan));
    assert_int_equal(plan.method, BASIN_SPECTRUM_DENSE);
    basin_memory_limit_set(plan.bytes - 1);
    assert_ok(choose(o, NULL, &plan));
    assert_int_equal(plan.method, BASIN_SPECTRUM_LANCZOS);
    assert_status(choose(o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &plan),
                  BASIN_ERR_BUDGET);
    basin_memory_limit_set(0);
    assert_status(choose(o, &(basin_spectrum_options){.tolerance = NAN}, &plan), BASIN_ERR_ARG);
    basin_objective_destroy(&o);
}

static void included_weight_decay_shifts_every_eigenvalue(void **state)
{
    double           lambda[N], theta[N] = {0};
    basin_objective *o;
    basin_point     *point = NULL;
    basin_spectrum  *s = NULL;

    (void)state;
    awkward(lambda);
    o = basin_test_planted_objective(lambda, N, 1);
    assert_ok(basin_point_create(o, theta, &(basin_point_options){.included = {.value = 0.25}}, &point));
    for (int dense = 0; dense < 2; dense++) {
        assert_ok(basin_spectrum_compute(
            point,
            &(basin_spectrum_options){
                .method = dense ? BASIN_SPECTRUM_DENSE : BASIN_SPECTRUM_LANCZOS, .top = 3, .bottom = 2},
            &s));
        for (size_t i = 0; i < s->count; i++) {
            size_t at = dense || i < 3 ? i : N - s->count + i;
            assert_close(s->eigenvalues[i], lambda[at] + 0.25, 0.0, dense ? 1e-12 : 1e-8);
        }
        basin_spectrum_destroy(&s);
    }
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

static void a_point_that_is_not_finite_is_refused(void **state)
{
    double           lambda[N], theta[N] = {0};
    basin_objective *o;
    basin_spectrum  *s = NULL;

    (void)state;
    awkward(lambda);
    o = basin_test_planted_objective(lambda, N, 1);
    theta[3] = NAN;
    assert_status(basin_test_spectrum_at(o, theta, NULL, &s), BASIN_ERR_VALUE);
    assert_message("NaN or Inf among its 40 parameters");
    theta[3] = 1e200;
    assert_status(basin_test_spectrum_at(o, theta, NULL, &s), BASIN_ERR_NUMERIC);
    assert_message("the loss at this point is");
    basin_objective_destroy(&o);
}

typedef struct fault_payload {
    basin_objective       *objective;
    basin_spectrum_options options;
} fault_payload;

static basin_status compute_once(void *payload)
{
    fault_payload  *p = payload;
    basin_spectrum *s = NULL;
    double          theta[N] = {0};
    basin_status    st = basin_test_spectrum_at(p->objective, theta, &p->options, &s);

    if (st != BASIN_OK) assert_null(s);
    basin_spectrum_destroy(&s);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    double        lambda[N];
    fault_payload p = {.options = {.vectors = true, .top = 2, .bottom = 2}};

    (void)state;
    awkward(lambda);
    p.objective = basin_test_planted_objective(lambda, N, 1);
    p.options.method = BASIN_SPECTRUM_DENSE;
    basin_test_every_allocation(compute_once, &p);
    p.options.vectors = false;
    basin_test_every_allocation(compute_once, &p);
    basin_objective_destroy(&p.objective);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_finds_a_planted_spectrum),
        cmocka_unit_test(dense_keeps_eigenvectors_of_both_ends),
        cmocka_unit_test(laplacian_has_its_closed_form_spectrum),
        cmocka_unit_test(asymmetry_is_measured_before_symmetrising),
        cmocka_unit_test(a_dense_spectrum_over_the_limit_prints_the_bytes),
        cmocka_unit_test(what_is_chosen_is_what_is_done),
        cmocka_unit_test(auto_is_lanczos_where_a_matrix_does_not_fit),
        cmocka_unit_test(included_weight_decay_shifts_every_eigenvalue),
        cmocka_unit_test(a_point_that_is_not_finite_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("spectrum", tests, NULL, NULL);
}
