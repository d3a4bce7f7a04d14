/* Minima within bounds: conditions of optimality on convex quadratics, and a valley with a known corner. */
#include "analysis/sharpness/box.h"
#include "support.h"

#include <math.h>

#include "core/linalg.h"

enum { MOST = 30 };

typedef struct quadratic { /* ½ x'Ax − b'x */
    size_t n;
    double a[MOST * MOST], b[MOST];
} quadratic;

static basin_status evaluate(void *payload, const double *x, double *value, double *g)
{
    const quadratic *q = payload;

    *value = 0.0;
    for (size_t i = 0; i < q->n; i++) {
        const double ax = basin_dot(q->a + i * q->n, x, q->n);
        g[i] = ax - q->b[i];
        *value += 0.5 * ax * x[i] - q->b[i] * x[i];
    }
    return BASIN_OK;
}

/* At a minimum the gradient is 0 where x is free, and shows out of the box where it is at a bound. */
static size_t assert_minimum(quadratic *q, const double *lower, const double *upper, const double *x)
{
    double value, g[MOST];
    size_t bound = 0;

    assert_ok(evaluate(q, x, &value, g));
    for (size_t i = 0; i < q->n; i++) {
        assert_true(lower[i] <= x[i] && x[i] <= upper[i]);
        if (x[i] == lower[i])
            assert_true(g[i] >= -1e-6);
        else if (x[i] == upper[i])
            assert_true(g[i] <= 1e-6);
        else
            assert_close(g[i], 0.0, 0.0, 1e-6);
        bound += x[i] == lower[i] || x[i] == upper[i];
    }
    return bound;
}

static void minima_of_quadratics_are_at_their_bounds(void **state)
{
    quadratic q = {.n = MOST};
    double    lambda[MOST], lower[MOST], upper[MOST], x[MOST], value;
    size_t    taken;
    bool      stopped;

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        lambda[i] = 0.1 + (double)i;
        q.b[i] = 10.0 * sin(3.0 * (double)i);
        lower[i] = -0.5, upper[i] = 0.25 + 0.1 * (double)(i % 3);
    }
    for (uint64_t seed = 0; seed < 5; seed++) {
        basin_test_planted(lambda, MOST, seed, q.a);
        for (size_t i = 0; i < MOST; i++) x[i] = 0.0;
        assert_ok(basin_box_minimise(&(basin_box_problem){MOST, lower, upper, 200, evaluate, &q}, x, &value,
                                     &taken, &stopped));
        const size_t bound = assert_minimum(&q, lower, upper, x);
        assert_true(!stopped && bound > 3 && bound < MOST);
    }
}

/* A wide box has the minimum without bounds, where A x = b. */
static void a_wide_box_has_the_free_minimum(void **state)
{
    quadratic q = {.n = 10};
    double    lambda[10], lower[10], upper[10], x[10] = {0}, value;
    size_t    taken;
    bool      stopped;

    (void)state;
    for (size_t i = 0; i < 10; i++)
        lambda[i] = 1.0 + 3.0 * (double)i, lower[i] = -1e3, upper[i] = 1e3, q.b[i] = 1.0;
    basin_test_planted(lambda, 10, 1, q.a);
    assert_ok(basin_box_minimise(&(basin_box_problem){10, lower, upper, 40, evaluate, &q}, x, &value, &taken,
                                 &stopped));
    for (size_t i = 0; i < 10; i++) assert_close(basin_dot(q.a + 10 * i, x, 10), 1.0, 0.0, 1e-6);
}

/* Rosenbrock's valley, cut off before its minimum at (1, 1). */
static basin_status valley(void *payload, const double *x, double *value, double *g)
{
    const double u = x[1] - x[0] * x[0];

    (void)payload;
    *value = 100.0 * u * u + (1.0 - x[0]) * (1.0 - x[0]);
    g[0] = -400.0 * x[0] * u - 2.0 * (1.0 - x[0]);
    g[1] = 200.0 * u;
    return BASIN_OK;
}

static void a_valley_is_followed_to_the_bound(void **state)
{
    const double lower[] = {-1.5, -1.5}, upper[] = {0.5, 2.0};
    double       x[] = {-1.2, 1.0}, value;
    size_t       taken;
    bool         stopped;

    (void)state;
    assert_ok(basin_box_minimise(&(basin_box_problem){2, lower, upper, 100, valley, NULL}, x, &value, &taken,
                                 &stopped));
    assert_close(x[0], 0.5, 1e-9, 0.0);
    assert_close(x[1], 0.25, 1e-5, 0.0);
    assert_close(value, 0.25, 1e-6, 0.0);
}

static basin_status never(void *payload, const double *x, double *value, double *g)
{
    (void)payload;
    *value = x[0] > 0.1 ? (double)NAN : -x[0];
    g[0] = -1.0;
    return BASIN_OK;
}

static void a_value_that_is_not_finite_stops_it(void **state)
{
    const double lower[] = {-1.0}, upper[] = {1.0};
    double       x[] = {0.0}, value;
    size_t       taken;
    bool         stopped;

    (void)state;
    assert_ok(basin_box_minimise(&(basin_box_problem){1, lower, upper, 10, never, NULL}, x, &value, &taken,
                                 &stopped));
    assert_true(stopped);
    assert_close(x[0], 0.0, 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minima_of_quadratics_are_at_their_bounds),
        cmocka_unit_test(a_wide_box_has_the_free_minimum),
        cmocka_unit_test(a_valley_is_followed_to_the_bound),
        cmocka_unit_test(a_value_that_is_not_finite_stops_it),
    };
    return cmocka_run_group_tests_name("box", tests, NULL, NULL);
}
