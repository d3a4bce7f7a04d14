/* Rules of Jacobi matrices against measures whose integrals are known. */
#include "support.h"

#include <math.h>

#include "analysis/spectrum/quadrature.h"
#include "core/linalg.h"
#include "core/random.h"

enum { STEPS = 40 };

/* Legendre: the uniform law on [-1, 1]. */
static void legendre(double *alpha, double *beta)
{
    for (size_t i = 0; i < STEPS; i++) {
        double k = (double)i + 1.0;
        alpha[i] = 0.0, beta[i] = k / sqrt(4.0 * k * k - 1.0);
    }
}

/* Chebyshev of the first kind: the arcsine law on [-1, 1]. */
static void chebyshev(double *alpha, double *beta)
{
    for (size_t i = 0; i < STEPS; i++) alpha[i] = 0.0, beta[i] = i == 0 ? sqrt(0.5) : 0.5;
}

static double power_sum(const double *node, const double *weight, size_t count, int power)
{
    double sum = 0.0;

    for (size_t i = 0; i < count; i++) sum += weight[i] * pow(node[i], power);
    return sum;
}

static double uniform_moment(int power)
{
    return power % 2 ? 0.0 : 1.0 / (power + 1.0);
}

static void gauss_rules_are_those_of_the_classical_polynomials(void **state)
{
    double alpha[STEPS], beta[STEPS], node[STEPS], weight[STEPS];

    (void)state;
    legendre(alpha, beta);
    assert_ok(basin_gauss_rule(alpha, beta, 3, node, weight));
    assert_close(node[0], -sqrt(0.6), 1e-14, 0.0);
    assert_close(node[1], 0.0, 0.0, 1e-14);
    assert_close(weight[0], 5.0 / 18.0, 1e-14, 0.0);
    assert_close(weight[1], 4.0 / 9.0, 1e-14, 0.0);
    for (int power = 0; power < 2 * 8; power++) {
        assert_ok(basin_gauss_rule(alpha, beta, 8, node, weight));
        assert_close(power_sum(node, weight, 8, power), uniform_moment(power), 0.0, 1e-14);
    }
    chebyshev(alpha, beta);
    assert_ok(basin_gauss_rule(alpha, beta, 7, node, weight));
    for (size_t i = 0; i < 7; i++) {
        assert_close(node[i], -cos(M_PI * (2.0 * (double)i + 1.0) / 14.0), 1e-14, 1e-15);
        assert_close(weight[i], 1.0 / 7.0, 1e-13, 0.0);
    }
}

/* QL with the first components alone, and LAPACK with whole eigenvectors; couplings down to 1e-12 as well. */
/* From the rule to the recurrence, whatever the weights sum to; a node of no weight is in none. */
static void a_rule_gives_its_recurrence_back(void **state)
{
    void (*const families[])(double *, double *) = {legendre, chebyshev};
    double alpha[STEPS], beta[STEPS], node[STEPS], weight[STEPS], a[STEPS], b[STEPS];
    size_t taken;

    (void)state;
    for (size_t family = 0; family < 2; family++) {
        families[family](alpha, beta);
        for (size_t i = 0; i < STEPS; i++) alpha[i] = 0.1 * (double)(i % 3);
        assert_ok(basin_gauss_rule(alpha, beta, STEPS - 1, node, weight));
        for (size_t i = 0; i < STEPS - 1; i++) weight[i] *= 7.0;
        node[STEPS - 1] = 0.3, weight[STEPS - 1] = 0.0;
        assert_ok(basin_jacobi_of_rule(node, weight, STEPS, a, b, &taken));
        assert_int_equal(taken, STEPS - 1);
        for (size_t i = 0; i < taken; i++) assert_close(a[i], alpha[i], 0.0, 1e-11);
        for (size_t i = 0; i + 1 < taken; i++) assert_close(b[i], beta[i], 1e-11, 0.0);
        assert_true(b[taken - 1] == 0.0);
    }
}

static void nodes_and_weights_are_those_of_lapack(void **state)
{
    basin_random r = basin_random_start(1, BASIN_STREAM_TEST);
    double       alpha[STEPS], beta[STEPS], node[STEPS], weight[STEPS], w[STEPS], z[STEPS * STEPS];

    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        size_t count = 1 + basin_random_below(&r, STEPS);
        for (size_t i = 0; i < count; i++) {
            alpha[i] = basin_random_normal(&r) * (trial % 3 == 0 ? 1e-150 : 1e3);
            beta[i] = fabs(basin_random_normal(&r)) * (trial % 3 == 0 ? 1e-150 : 1e3);
            if (trial % 2) beta[i] *= pow(10.0, -12.0 * basin_random_uniform(&r));
        }
        assert_ok(basin_gauss_rule(alpha, beta, count, node, weight));
        assert_ok(basin_tridiagonal_eigen(alpha, beta, count, w, z));
        double largest = fmax(fabs(w[0]), fabs(w[count - 1]));
        for (size_t i = 0; i < count; i++) {
            assert_close(node[i], w[i], 0.0, 1e-13 * largest);
            assert_close(weight[i], z[i * count] * z[i * count], 1e-6, 1e-10);
        }
    }
}

/* Laurie: I − A = −(I − G) up to degree 2 count − 1, so that their mean is exact there. */
static void the_mean_of_gauss_and_anti_gauss_is_exact_two_degrees_further(void **state)
{
    double alpha[STEPS], beta[STEPS], node[STEPS], weight[STEPS];

    (void)state;
    legendre(alpha, beta);
    for (size_t count = 2; count < 12; count++)
        for (int power = 0; power <= 2 * (int)count - 1; power++) {
            assert_ok(basin_gauss_rule(alpha, beta, count - 1, node, weight));
            double gauss = power_sum(node, weight, count - 1, power);
            assert_ok(basin_anti_gauss_rule(alpha, beta, count, node, weight));
            double anti = power_sum(node, weight, count, power);
            assert_close(0.5 * (gauss + anti), uniform_moment(power), 0.0, 1e-14);
            if (power == 2 * (int)count - 2) assert_true(fabs(gauss - anti) > 1e-8);
        }
}

static void bounds_hold_the_share_below_every_point_and_close_in(void **state)
{
    double alpha[STEPS], beta[STEPS], scratch[STEPS + 1], node[STEPS + 1], weight[STEPS + 1], low, high;

    (void)state;
    for (int law = 0; law < 2; law++) {
        law == 0 ? legendre(alpha, beta) : chebyshev(alpha, beta);
        double before = 1.0;
        for (size_t count = 5; count < STEPS; count *= 2) {
            double widest = 0.0;
            for (double x = -1.2; x < 1.2; x += 0.0317) {
                double inside = fmax(fmin(x, 1.0), -1.0);
                double share = law == 0 ? 0.5 * (1.0 + inside) : 1.0 - acos(inside) / M_PI;
                assert_ok(basin_radau_bounds(alpha, beta, count, x, scratch, node, weight, &low, &high));
                assert_true(low - 1e-12 <= share && share <= high + 1e-12);
                widest = fmax(widest, high - low);
            }
            assert_true(widest < 0.75 * before);
            before = widest;
        }
    }
}

/* At a node of the Gauss rule the Radau entry is infinite: the bounds are those of the Gauss rule. */
static void bounds_at_a_node_are_those_of_the_gauss_rule(void **state)
{
    double alpha[STEPS], beta[STEPS], scratch[8], node[8], weight[8], rule_node[7], rule_weight[7], low, high;

    (void)state;
    legendre(alpha, beta);
    assert_ok(basin_gauss_rule(alpha, beta, 7, rule_node, rule_weight));
    for (size_t i = 0; i < 7; i++) {
        double below = 0.0;
        for (size_t j = 0; j < i; j++) below += rule_weight[j];
        assert_ok(basin_radau_bounds(alpha, beta, 7, rule_node[i], scratch, node, weight, &low, &high));
        assert_close(low, below, 1e-6, 1e-9);
        assert_close(high - low, rule_weight[i], 1e-6, 1e-9);
    }
}

/* Three points 1, 2, 4 with weights 1/2, 1/3, 1/6: three steps exhaust them. */
static void an_exhausted_krylov_space_is_the_measure_itself(void **state)
{
    double alpha[3] = {11.0 / 6.0}, beta[3] = {0}, node[4], weight[4], scratch[4], low, high;
    double point[3] = {1.0, 2.0, 4.0}, share[3] = {0.5, 1.0 / 3.0, 1.0 / 6.0}, p[3], before[3] = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) p[i] = sqrt(share[i]);
    for (size_t step = 0; step < 3; step++) { /* Lanczos of diag(1, 2, 4) from √share */
        double norm = 0.0, next[3];
        alpha[step] = 0.0;
        for (size_t i = 0; i < 3; i++) alpha[step] += p[i] * p[i] * point[i];
        for (size_t i = 0; i < 3; i++) {
            next[i] = (point[i] - alpha[step]) * p[i] - (step > 0 ? beta[step - 1] : 0.0) * before[i];
            norm += next[i] * next[i];
        }
        beta[step] = step < 2 ? sqrt(norm) : 0.0;
        for (size_t i = 0; i < 3; i++) before[i] = p[i], p[i] = next[i] / sqrt(norm);
    }
    assert_ok(basin_gauss_rule(alpha, beta, 3, node, weight));
    for (size_t i = 0; i < 3; i++) {
        assert_close(node[i], point[i], 1e-13, 0.0);
        assert_close(weight[i], share[i], 1e-12, 0.0);
    }
    assert_ok(basin_radau_bounds(alpha, beta, 3, 3.0, scratch, node, weight, &low, &high));
    assert_close(low, 5.0 / 6.0, 1e-12, 0.0);
    assert_close(high, low, 0.0, 0.0);
}

static double absolute(double x, const void *ctx)
{
    (void)ctx;
    return fabs(x);
}

static double one(double x, const void *ctx)
{
    (void)x, (void)ctx;
    return 1.0;
}

/* Two probes of the uniform law in 1,000 dimensions: tr |H| = 500, tr H² = 1000/3, so the variance of the
   mean is 2 n / (n + 2) (1000/3 − 250) / 2; a constant has none. */
static void the_variance_follows_from_the_rules_themselves(void **state)
{
    double           alpha[2 * STEPS], beta[2 * STEPS];
    size_t           taken[2] = {STEPS, STEPS};
    basin_quadrature q = {
        .dimension = 1000, .probes = 2, .steps = STEPS, .taken = taken, .alpha = alpha, .beta = beta};
    basin_rules     rules;
    basin_rules_sum sum;

    (void)state;
    legendre(alpha, beta), legendre(alpha + STEPS, beta + STEPS);
    assert_ok(basin_rules_create(&q, &rules));
    sum = basin_rules_trace(&rules, &(basin_summand){absolute, NULL, 1.0});
    assert_close(sum.value, 500.0, 0.0, 1.5 * sum.indicator + 1e-9);
    assert_true(sum.indicator < 1.0);
    assert_close(sum.deviation, sqrt(1000.0 / 1002.0 * (1000.0 / 3.0 - 250.0)), 2e-3, 0.0);
    sum = basin_rules_trace(&rules, &(basin_summand){one, NULL, 0.0});
    assert_close(sum.value, 1000.0, 1e-13, 0.0);
    assert_close(sum.deviation, 0.0, 0.0, 1e-4);
    basin_rules_clear(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauss_rules_are_those_of_the_classical_polynomials),
        cmocka_unit_test(a_rule_gives_its_recurrence_back),
        cmocka_unit_test(nodes_and_weights_are_those_of_lapack),
        cmocka_unit_test(the_mean_of_gauss_and_anti_gauss_is_exact_two_degrees_further),
        cmocka_unit_test(bounds_hold_the_share_below_every_point_and_close_in),
        cmocka_unit_test(bounds_at_a_node_are_those_of_the_gauss_rule),
        cmocka_unit_test(an_exhausted_krylov_space_is_the_measure_itself),
        cmocka_unit_test(the_variance_follows_from_the_rules_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
