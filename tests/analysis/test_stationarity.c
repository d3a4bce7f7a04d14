/* The decrement against dense solves and planted truth: what m products find, what they miss, and what the
 * words claim of it. BASIN_LONG=1 prints the table of docs/measures.md. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"

/* ---------------------------------------------------------------------------------- planted quadratics -- */

/* L(θ) = c + ½ Σ λ_i θ_i² in its own axes: products are exact, so that what is tested is the method and not a
   rotation. */
typedef struct diagonal {
    size_t        size;
    const double *lambda;
    double        c;
} diagonal;

static basin_status diagonal_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    const diagonal *d = ctx;
    double          sum = d->c;

    (void)s;
    for (size_t i = 0; i < d->size; i++) sum += 0.5 * d->lambda[i] * theta[i] * theta[i];
    *out = (basin_loss){.sum = sum, .weight = 1.0};
    return BASIN_OK;
}

static basin_status diagonal_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                      double *g)
{
    const diagonal *d = ctx;

    for (size_t i = 0; i < d->size; i++) g[i] = d->lambda[i] * theta[i];
    return diagonal_loss(ctx, s, theta, out);
}

static basin_status diagonal_freeze(void *ctx, const basin_samples *s, const double *theta,
                                    basin_curvature_kind kind, void **point)
{
    (void)s, (void)theta, (void)kind;
    *point = ctx;
    return BASIN_OK;
}

static basin_status diagonal_product(void *point, const double *v, size_t k, double *hv)
{
    const diagonal *d = point;

    for (size_t j = 0; j < k; j++)
        for (size_t i = 0; i < d->size; i++) hv[j * d->size + i] = d->lambda[i] * v[j * d->size + i];
    return BASIN_OK;
}

static void diagonal_thaw(void *point)
{
    (void)point; /* the objective itself */
}

static basin_objective *diagonal_objective(diagonal *d)
{
    static const basin_objective_type type = {.name = "diagonal",
                                              .loss = diagonal_loss,
                                              .gradient = diagonal_gradient,
                                              .freeze = diagonal_freeze,
                                              .product = diagonal_product,
                                              .thaw = diagonal_thaw};
    basin_objective                  *o = NULL;

    assert_ok(basin_objective_create(&type, d, &(basin_objective_facts){.size = d->size, .samples = 1}, &o));
    return o;
}

/* The fall of the model over span{g, Hg, …, H^{m−1}g} by a dense solve in long double: an orthonormal basis
   by modified Gram-Schmidt, taken three times, the full m x m matrix QᵀHQ, and Gaussian elimination. Nothing
   here is tridiagonal. */
static double fall_by_dense_solve(const double *lambda, const double *g, size_t n, size_t m)
{
    long double *q = calloc(m * n, sizeof *q), *a = calloc(m * (m + 1), sizeof *a), fall = 0.0L;

    for (size_t k = 0; k < m; k++) {
        long double *x = q + k * n, square = 0.0L;
        for (size_t i = 0; i < n; i++) x[i] = k == 0 ? (long double)g[i] : lambda[i] * q[(k - 1) * n + i];
        for (int pass = 0; pass < 3; pass++)
            for (size_t j = 0; j < k; j++) {
                long double dot = 0.0L;
                for (size_t i = 0; i < n; i++) dot += q[j * n + i] * x[i];
                for (size_t i = 0; i < n; i++) x[i] -= dot * q[j * n + i];
            }
        for (size_t i = 0; i < n; i++) square += x[i] * x[i];
        for (size_t i = 0; i < n; i++) x[i] /= sqrtl(square);
    }
    for (size_t j = 0; j < m; j++) {
        for (size_t k = 0; k < m; k++)
            for (size_t i = 0; i < n; i++) a[j * (m + 1) + k] += q[j * n + i] * lambda[i] * q[k * n + i];
        for (size_t i = 0; i < n; i++) a[j * (m + 1) + m] += q[j * n + i] * g[i];
    }
    for (size_t k = 0; k < m; k++) /* positive definite: no pivoting */
        for (size_t j = k + 1; j < m; j++) {
            long double f = a[j * (m + 1) + k] / a[k * (m + 1) + k];
            for (size_t i = k; i <= m; i++) a[j * (m + 1) + i] -= f * a[k * (m + 1) + i];
        }
    /* LDLᵀ: ½ Σ (L⁻¹b)²/d */
    for (size_t k = 0; k < m; k++)
        fall += 0.5L * a[k * (m + 1) + m] * a[k * (m + 1) + m] / a[k * (m + 1) + k];
    free(q);
    free(a);
    return (double)fall;
}

enum { N = 60 };

/* λ from 1 to 1/condition, even in the logarithm. */
static void spread(double condition, double *lambda)
{
    for (size_t i = 0; i < N; i++) lambda[i] = pow(condition, -(double)i / (N - 1));
}

/* θ with ½ λ_i θ_i² = w_i / Σ w: the whole fall is 1; w_i = λ_i^share z_i². share 0: it lies evenly over all
   curvatures; 1: in the stiff ones, as at a start; −½: in the flat ones, as late in training. */
static void plant(const double *lambda, double share, basin_random *r, double *theta)
{
    double sum = 0.0;

    for (size_t i = 0; i < N; i++) {
        double z = basin_random_normal(r);
        theta[i] = pow(lambda[i], share) * z * z, sum += theta[i];
    }
    for (size_t i = 0; i < N; i++)
        theta[i] = (basin_random_uniform(r) < 0.5 ? -1.0 : 1.0) * sqrt(2.0 * theta[i] / sum / lambda[i]);
}

static basin_stationarity examine(basin_objective *o, const double *theta, size_t m)
{
    basin_stationarity s;

    assert_ok(basin_test_stationarity_at(o, theta,
                                         &(basin_point_options){.products = m, .learning_rate = NAN}, &s));
    return s;
}

static const size_t ms[] = {1, 2, 5, 10, 20, 50};
enum { MS = sizeof ms / sizeof *ms };

/* Within m products it finds what that Krylov space holds, grows with m, and never passes the truth. */
static void the_decrement_is_what_the_krylov_space_holds(void **unused)
{
    static const double conditions[] = {1e1, 1e2, 1e4, 1e6, 1e8}, shares[] = {1.0, 0.0, -0.5};
    basin_random        r = basin_random_start(1, BASIN_STREAM_TEST);
    double              lambda[N], theta[N], g[N];

    (void)unused;
    for (size_t k = 0; k < sizeof conditions / sizeof *conditions; k++)
        for (size_t w = 0; w < sizeof shares / sizeof *shares; w++) {
            diagonal         d = {.size = N, .lambda = lambda, .c = 4.0};
            basin_objective *o = diagonal_objective(&d);
            double           before = 0.0;
            spread(conditions[k], lambda);
            plant(lambda, shares[w], &r, theta);
            for (size_t i = 0; i < N; i++) g[i] = lambda[i] * theta[i];
            for (size_t j = 0; j < MS; j++) {
                basin_stationarity s = examine(o, theta, ms[j]);
                double             expected = fall_by_dense_solve(lambda, g, N, ms[j]) / 5.0;
                assert_int_equal(s.products, ms[j]);
                assert_close(s.loss, 5.0, 1e-12, 0.0);
                assert_close(s.decrement, expected, 1e-7, 1e-14); /* in double, at condition 1e8 */
                assert_true(s.decrement >= before * (1.0 - 1e-9));
                assert_true(s.decrement <= 0.2 * (1.0 + 1e-9));  /* the whole fall is 1 of 5 */
                assert_close(s.tried, s.decrement, 1e-6, 1e-14); /* the model is exact here */
                assert_true(s.ritz_least >= lambda[N - 1] * (1.0 - 1e-6) && s.ritz_most <= 1.0 + 1e-12);
                before = s.decrement;
            }
            assert_close(examine(o, theta, N).decrement, 0.2, 1e-6, 0.0); /* all products: ½ gᵀH⁻¹g */
            basin_objective_destroy(&o);
        }
}

/* -------------------------------------------------------------------------------------------- verdicts -- */

typedef struct rates { /* of verdicts over repetitions at one m */
    size_t found, none, negative, rounding;
} rates;

static void count(rates *to, int verdict)
{
    to->found += verdict == BASIN_DESCENT_FOUND;
    to->none += verdict == BASIN_DESCENT_NOT_FOUND;
    to->negative += verdict == BASIN_DESCENT_NEGATIVE;
    to->rounding += verdict == BASIN_DESCENT_AT_ROUNDING;
}

/* `fall`: what the whole quadratic would lose, relative to L. */
static rates verdicts_on_bowls(double condition, double share, double fall, size_t m, size_t repetitions)
{
    basin_random     r = basin_random_start(2, BASIN_STREAM_TEST);
    rates            found = {0};
    double           lambda[N], theta[N];
    diagonal         d = {.size = N, .lambda = lambda, .c = 1.0 / fall - 1.0};
    basin_objective *o = diagonal_objective(&d);

    spread(condition, lambda);
    for (size_t i = 0; i < repetitions; i++) {
        plant(lambda, share, &r, theta);
        count(&found, examine(o, theta, m).verdict);
    }
    basin_objective_destroy(&o);
    return found;
}

/* A bowl in which `saddles` of the N curvatures are −depth. */
static rates verdicts_on_saddles(size_t saddles, double depth, size_t m, size_t repetitions)
{
    basin_random     r = basin_random_start(3, BASIN_STREAM_TEST);
    rates            found = {0};
    double           lambda[N], theta[N];
    diagonal         d = {.size = N, .lambda = lambda, .c = 1000.0};
    basin_objective *o = diagonal_objective(&d);

    for (size_t i = 0; i < repetitions; i++) {
        spread(1e4, lambda);
        basin_random_normals(&r, theta, N);
        for (size_t j = 0; j < saddles; j++) lambda[basin_random_below(&r, N)] = -depth;
        count(&found, examine(o, theta, m).verdict);
    }
    basin_objective_destroy(&o);
    return found;
}

/* What is found is there: a fall above 1 % is never claimed of a bowl that holds less, nor negative curvature
   of any bowl. */
static void no_bowl_is_called_more_than_it_is(void **unused)
{
    (void)unused;
    for (double condition = 1e2; condition <= 1e8; condition *= 1e2)
        for (size_t j = 0; j < MS; j++) {
            rates small = verdicts_on_bowls(condition, -0.5, 0.0099, ms[j], 20),
                  large = verdicts_on_bowls(condition, 0.0, 0.5, ms[j], 20);
            assert_int_equal(small.none, 20);
            assert_int_equal(large.negative + large.rounding, 0);
        }
}

/* In well-conditioned bowls the default finds what is there; in ill-conditioned ones it can miss what lies in
   the flat directions, which is why no verdict says «stationary». */
static void more_products_miss_less(void **unused)
{
    (void)unused;
    assert_int_equal(verdicts_on_bowls(1e2, 0.0, 0.1, 5, 50).found, 50);
    assert_int_equal(verdicts_on_bowls(1e4, 0.0, 0.1, 5, 50).found, 50);
    rates few = verdicts_on_bowls(1e8, -0.5, 0.1, 2, 50), many = verdicts_on_bowls(1e8, -0.5, 0.1, 50, 50);
    assert_true(few.found < many.found);
    assert_int_equal(many.found, 50);
}

static void a_saddle_is_found_where_the_gradient_sees_it(void **unused)
{
    (void)unused;
    assert_int_equal(verdicts_on_saddles(10, 0.5, 5, 50).negative, 50);
    assert_true(verdicts_on_saddles(1, 0.01, 50, 50).negative >= 48);
}

/* A plane has a slope and no curvature: no minimum either. */
static void a_slope_without_curvature_is_no_minimum(void **unused)
{
    double             a[] = {1.0, 0.0, 0.0, 0.0}, b[] = {0.0, 1.0}, theta[] = {1.0, 0.0};
    basin_objective   *o = NULL;
    basin_stationarity s;

    (void)unused;
    assert_ok(basin_test_quadratic(a, b, 10.0, 2, &o)); /* ½ x² − y + 10 */
    assert_ok(basin_test_stationarity_at(o, theta, NULL, &s));
    assert_int_equal(s.verdict, BASIN_DESCENT_NEGATIVE);
    assert_true(isnan(s.decrement));
    assert_close(s.ritz_least, 0.0, 0.0, 1e-15);
    basin_objective_destroy(&o);
}

/* ---------------------------------------------------------------------------------------- closed forms -- */

/* L = ½ θᵀ diag(4, 1) θ + 1 at (1, 0): g = (4, 0) is an eigenvector, so the Krylov space ends after one
   product; the fall is 2 of 3. */
static void one_product_suffices_along_an_eigenvector(void **unused)
{
    double             a[] = {4.0, 0.0, 0.0, 1.0}, theta[] = {1.0, 0.0}, zero[] = {0.0, 0.0};
    basin_objective   *o = NULL;
    basin_stationarity s;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 1.0, 2, &o));
    assert_ok(basin_test_stationarity_at(o, theta,
                                         &(basin_point_options){.learning_rate = 0.1, .momentum = 0.9}, &s));
    assert_close(s.loss, 3.0, 1e-15, 0.0);
    assert_close(s.gradient_norm, 4.0, 1e-15, 0.0);
    assert_close(s.curvature, 4.0, 1e-15, 0.0);
    assert_close(s.decrement, 2.0 / 3.0, 1e-15, 0.0);
    assert_close(s.threshold, 0.01, 0.0, 0.0);
    assert_int_equal(s.products, 1);
    assert_int_equal(s.verdict, BASIN_DESCENT_FOUND);
    assert_true(isnan(s.decayed_gradient_norm));
    assert_close(s.fall_per_step, 0.1 * 16.0 / (0.1 * 3.0), 1e-14, 0.0); /* η‖g‖²/((1−β)L) */

    assert_ok(basin_test_stationarity_at(o, zero, NULL, &s));
    assert_int_equal(s.verdict, BASIN_DESCENT_AT_ROUNDING);
    assert_close(s.decrement, 0.0, 0.0, 0.0);
    assert_int_equal(s.products, 0);
    assert_true(isnan(s.fall_per_step));
    assert_close(s.tried, 0.0, 0.0, 0.0);
    basin_objective_destroy(&o);
}

/* With w = 2: R = L + ‖θ‖² = 4, g + wθ = (6, 0), curvature 6, fall 36/(2·6·4). Decay that is included in what
   is measured takes no part. */
static void coupled_decay_counts_once(void **unused)
{
    double             a[] = {4.0, 0.0, 0.0, 1.0}, theta[] = {1.0, 0.0};
    basin_objective   *o = NULL;
    basin_stationarity s;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 1.0, 2, &o));
    assert_ok(basin_test_stationarity_at(
        o, theta,
        &(basin_point_options){.decay = {.value = 2.0}, .included = {.value = 7.0}, .learning_rate = NAN},
        &s));
    assert_close(s.loss, 4.0, 1e-15, 0.0);
    assert_close(s.gradient_norm, 4.0, 1e-15, 0.0);
    assert_close(s.decayed_gradient_norm, 6.0, 1e-15, 0.0);
    assert_close(s.curvature, 6.0, 1e-15, 0.0);
    assert_close(s.decrement, 0.75, 1e-15, 0.0);
    assert_close(s.tried, 0.75, 1e-14, 0.0); /* of R, the norm's share included: at (0, 0) R = 1 */
    basin_objective_destroy(&o);
}

static void decay_that_is_not_finite_is_refused(void **unused)
{
    double             a[] = {1.0}, theta[] = {1.0};
    basin_objective   *o = NULL;
    basin_stationarity s;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 1.0, 1, &o));
    assert_status(
        basin_test_stationarity_at(o, theta, &(basin_point_options){.decay = {.value = INFINITY}}, &s),
        BASIN_ERR_ARG);
    assert_message("weight decay inf");
    basin_objective_destroy(&o);
}

/* ‖g‖ = 1e-120, so that ‖g‖² would underflow twice; the fall is (1e-240)/(2·1·1e-230). */
static void the_rule_does_not_underflow(void **unused)
{
    double             a[] = {1.0}, theta[] = {1e-120};
    basin_objective   *o = NULL;
    basin_stationarity s;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 1e-230, 1, &o));
    assert_ok(basin_test_stationarity_at(o, theta, NULL, &s));
    assert_close(s.decrement, 5e-11, 1e-9, 0.0);
    assert_int_equal(s.verdict, BASIN_DESCENT_NOT_FOUND);
    basin_objective_destroy(&o);
}

/* ----------------------------------------------------------------------------------------- true minima -- */

enum { INPUTS = 6, SAMPLES = 40 };

/* A linear layer with bias on data whose targets no such layer fits, in columns of very different scale; its
   minimum by the normal equations. Squared error: convex, so this minimum is the truth. */
static basin_objective *regression(double scale_least, basin_dataset **data, basin_graph **graph,
                                   double *minimum)
{
    basin_random     r = basin_random_start(4, BASIN_STREAM_TEST);
    basin_objective *o = NULL;
    basin_dataset   *d = basin_alloc(1, sizeof *d);
    double           a[(INPUTS + 1) * (INPUTS + 2)] = {0};

    d->count = SAMPLES, d->rank = 1, d->shape[0] = INPUTS, d->value_count = 1;
    d->inputs = basin_alloc(SAMPLES * INPUTS, sizeof(double));
    d->values = basin_alloc(SAMPLES, sizeof(double));
    d->split_count = 1;
    d->splits = basin_alloc(1, sizeof *d->splits);
    d->splits[0] = (basin_split){
        .name = basin_strdup("train"), .count = SAMPLES, .rows = basin_alloc(SAMPLES, sizeof(size_t))};
    for (size_t i = 0; i < SAMPLES; i++) {
        double x[INPUTS + 1];
        for (size_t j = 0; j < INPUTS; j++)
            x[j] = d->inputs[i * INPUTS + j] =
                basin_random_normal(&r) * pow(scale_least, (double)j / (INPUTS - 1));
        x[INPUTS] = 1.0;
        d->splits[0].rows[i] = i;
        d->values[i] = basin_random_normal(&r);
        for (size_t j = 0; j <= INPUTS; j++) {
            for (size_t k = 0; k <= INPUTS; k++) a[j * (INPUTS + 2) + k] += x[j] * x[k];
            a[j * (INPUTS + 2) + INPUTS + 1] += x[j] * d->values[i];
        }
    }
    for (size_t k = 0; k <= INPUTS; k++) /* Gauss-Jordan */
        for (size_t j = 0; j <= INPUTS; j++) {
            double f = a[j * (INPUTS + 2) + k] / a[k * (INPUTS + 2) + k];
            for (size_t i = 0; j != k && i < INPUTS + 2; i++)
                a[j * (INPUTS + 2) + i] -= f * a[k * (INPUTS + 2) + i];
        }
    for (size_t k = 0; k <= INPUTS; k++)
        minimum[k] = a[k * (INPUTS + 2) + INPUTS + 1] / a[k * (INPUTS + 2) + k];
    assert_ok(basin_graph_mlp((size_t[]){INPUTS, 1}, 2, NULL, graph));
    assert_ok(basin_network_objective(*graph, &(basin_loss_spec){.kind = BASIN_LOSS_MSE}, d, NULL, &o));
    *data = d;
    return o;
}

/* At the minimum of a regression, reached by the normal equations and by training until the gradient stands
   at rounding, nothing is found for any m; a step of a tenth of its length away, something is. */
static void nothing_is_found_at_a_true_minimum(void **unused)
{
    static const double scales[] = {1.0, 1e-2, 1e-4}; /* condition of H about 1, 1e4, 1e8 */

    (void)unused;
    for (size_t k = 0; k < 3; k++) {
        basin_dataset   *data = NULL;
        basin_graph     *graph = NULL;
        double           theta[INPUTS + 1];
        basin_objective *o = regression(scales[k], &data, &graph, theta);
        for (size_t j = 0; j < MS; j++) {
            basin_stationarity s = examine(o, theta, ms[j]);
            assert_true(s.verdict == BASIN_DESCENT_AT_ROUNDING || s.verdict == BASIN_DESCENT_NOT_FOUND);
            if (s.verdict == BASIN_DESCENT_NOT_FOUND) assert_true(s.decrement < 1e-12);
        }
        if (k == 0) { /* GD arrives at rounding in as many steps as the condition allows */
            memset(theta, 0, sizeof theta);
            assert_ok(basin_train(
                o, theta,
                &(basin_train_options){
                    .method = BASIN_GD, .learning_rate = 0.1, .momentum = 0.5, .rho = NAN, .steps = 3000}));
            basin_stationarity s = examine(o, theta, 5);
            assert_int_equal(s.verdict, BASIN_DESCENT_AT_ROUNDING);
            assert_true(s.gradient_norm < 1e-14);
        }
        theta[0] += 1.0;
        assert_int_equal(examine(o, theta, 5).verdict, BASIN_DESCENT_FOUND);
        basin_objective_destroy(&o);
        basin_dataset_destroy(&data);
        basin_graph_destroy(&graph);
    }
}

/* ------------------------------------------------------------------------------------------- the table -- */

/* The table of docs/measures.md, which make test-long prints. */
static void print_the_table(void)
{
    static const double      conditions[] = {1e2, 1e4, 1e6, 1e8}, shares[] = {1.0, 0.0, -0.5};
    static const char *const lie[] = {"stiff", "even", "flat"};
    enum { REPETITIONS = 200 };

    printf("share of bowls with a fall of 2 %%, 10 %%, 50 %% of L in which m products find more than 1 "
           "%%\n%-10s%-7s",
           "condition", "lies");
    for (size_t j = 1; j < MS; j++) printf("       m = %-2zu       ", ms[j]);
    for (size_t k = 0; k < 4; k++)
        for (size_t w = 0; w < 3; w++) {
            printf("\n%-10.0e%-7s", conditions[k], lie[w]);
            for (size_t j = 1; j < MS; j++) {
                double falls[] = {0.02, 0.1, 0.5};
                printf("  ");
                for (size_t f = 0; f < 3; f++)
                    printf(" %5.2f",
                           (double)verdicts_on_bowls(conditions[k], shares[w], falls[f], ms[j], REPETITIONS)
                                   .found /
                               REPETITIONS);
            }
        }
    printf("\nshare of saddles found, by how many of 60 curvatures are negative, and how deep (λ_max = 1)\n");
    for (size_t saddles = 1; saddles <= 10; saddles += saddles == 1 ? 2 : 7)
        for (double depth = 0.001; depth < 0.2; depth *= 10.0) {
            printf("%2zu of -%-5g     ", saddles, depth);
            for (size_t j = 1; j < MS; j++)
                printf("  m = %-2zu %5.2f", ms[j],
                       (double)verdicts_on_saddles(saddles, depth, ms[j], REPETITIONS).negative /
                           REPETITIONS);
            printf("\n");
        }
}

static basin_status compute_once(void *payload)
{
    static const double theta[] = {1.0, -2.0, 0.5};
    basin_stationarity  s;

    return basin_test_stationarity_at(payload, theta, NULL, &s);
}

static void every_failed_allocation_is_clean(void **unused)
{
    double           a[] = {4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0};
    basin_objective *o = NULL;

    (void)unused;
    assert_ok(basin_test_quadratic(a, NULL, 1.0, 3, &o));
    basin_test_every_allocation(compute_once, o);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_decrement_is_what_the_krylov_space_holds),
        cmocka_unit_test(no_bowl_is_called_more_than_it_is),
        cmocka_unit_test(more_products_miss_less),
        cmocka_unit_test(a_saddle_is_found_where_the_gradient_sees_it),
        cmocka_unit_test(a_slope_without_curvature_is_no_minimum),
        cmocka_unit_test(one_product_suffices_along_an_eigenvector),
        cmocka_unit_test(coupled_decay_counts_once),
        cmocka_unit_test(decay_that_is_not_finite_is_refused),
        cmocka_unit_test(the_rule_does_not_underflow),
        cmocka_unit_test(nothing_is_found_at_a_true_minimum),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    if (basin_test_long()) print_the_table();
    return cmocka_run_group_tests_name("stationarity", tests, NULL, NULL);
}
