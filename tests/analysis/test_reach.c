/* Ranges found by how far the loss rises, along functions that are known. */
#include "support.h"

#include <math.h>

typedef double function(double s);

static basin_status function_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    (void)s;
    *out = (basin_loss){.sum = (*(function **)ctx)(theta[0]), .weight = 1.0};
    return BASIN_OK;
}

static basin_status function_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                      double *g)
{
    function    *f = *(function **)ctx;
    const double h = 1e-6;

    (void)s;
    *out = (basin_loss){.sum = f(theta[0]), .weight = 1.0};
    g[0] = (f(theta[0] + h) - f(theta[0] - h)) / (2.0 * h);
    return BASIN_OK;
}

static const basin_objective_type function_type = {
    .name = "function", .loss = function_loss, .gradient = function_gradient};

/* The range of f around `centre` along (2), in multiples of that. */
static basin_status range_of(function *f, double centre, basin_reach reach, double *from, double *to)
{
    const double     zero = 0.0, two = 2.0;
    basin_objective *o = NULL;
    basin_point     *point = NULL;
    basin_direction *d = NULL;
    basin_slice     *s = NULL;
    basin_status     st;

    assert_ok(
        basin_objective_create(&function_type, &f, &(basin_objective_facts){.size = 1, .samples = 1}, &o));
    assert_ok(basin_point_create(o, &centre, NULL, &point));
    assert_ok(basin_direction_to("d", &zero, &two, 1, &d));
    st = basin_slice_compute(&(basin_slice_request){.point = point,
                                                    .splits = {"train"},
                                                    .axis_count = 1,
                                                    .directions = {d},
                                                    .reach = {reach},
                                                    .grid = {5}},
                             &s);
    if (st == BASIN_OK) {
        *from = s->axes[0].coordinates[0];
        *to = s->axes[0].coordinates[4];
        assert_close(s->surfaces[0].loss[0], f(centre + 2.0 * *from), 1e-14, 0.0);
    }
    basin_slice_destroy(&s);
    basin_direction_destroy(&d);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    return st;
}

static double parabola(double x)
{
    return 1.0 + x * x;
}

static double slope(double x)
{
    return exp(3.0 * x);
}

/* Above 2 between 0.395 and 0.605, below it to both sides, and above it again beyond ±3. */
static double ridge(double x)
{
    return 1.0 + 3.0 * exp(-100.0 * (x - 0.5) * (x - 0.5)) + (fabs(x) > 3.0 ? 4.0 : 0.0);
}

static double window(double x)
{
    return x > 0.7 ? (double)NAN : 1.0 + 0.01 * x * x;
}

static double level(double x)
{
    (void)x;
    return 0.25;
}

static void a_range_ends_where_the_loss_is_first_that_high(void **state)
{
    double from, to;

    (void)state;
    assert_ok(range_of(parabola, 0.0, (basin_reach){.factor = 5.0}, &from, &to)); /* at x = ±2 */
    assert_true(from <= -1.0 && from >= -1.1 && to >= 1.0 && to <= 1.1);
    assert_true(from == -to);
    assert_ok(range_of(parabola, 0.0, (basin_reach){.rise = 0.09}, &from, &to)); /* at x = ±0.3 */
    assert_true(from <= -0.15 && from >= -0.16 && to >= 0.15 && to <= 0.16);
    assert_ok(range_of(parabola, 1.0, (basin_reach){.factor = 5.0}, &from, &to)); /* at x = ±3, centre at 1 */
    assert_true(from <= -2.0 && from >= -2.1 && to >= 1.0 && to <= 1.1);
    assert_ok(range_of(ridge, 0.0, (basin_reach){.rise = 1.0}, &from, &to));
    assert_true(to >= 0.197 && to <= 0.21); /* the near side of the ridge, not one of its other crossings */
    assert_true(from <= -1.5 && from >= -1.6);
    assert_ok(range_of(window, 0.0, (basin_reach){.rise = 0.04}, &from, &to)); /* not finite beyond 0.7 */
    assert_true(to >= 0.35 && to <= 0.36 && from <= -1.0 && from >= -1.1);
}

static void a_range_that_is_not_reached_is_refused(void **state)
{
    double from, to;

    (void)state;
    assert_status(range_of(level, 1.0, (basin_reach){.factor = 2.0}, &from, &to), BASIN_ERR_VALUE);
    assert_message("along to:d the loss stays below 0.5 as far as -32");
    assert_status(range_of(slope, 1.0, (basin_reach){.factor = 2.0}, &from, &to), BASIN_ERR_VALUE);
    assert_message("the loss stays below 40.17");
    assert_status(range_of(level, 1.0, (basin_reach){.factor = 0.5}, &from, &to), BASIN_ERR_VALUE);
    assert_message("wanted a factor above 1, or a rise above 0");
    assert_status(range_of(level, 1.0, (basin_reach){.factor = 2.0, .rise = 1.0}, &from, &to),
                  BASIN_ERR_VALUE);
    assert_status(range_of(level, 1.0, (basin_reach){.rise = INFINITY}, &from, &to), BASIN_ERR_VALUE);
    assert_status(range_of(level, 1.0, (basin_reach){.rise = 1e-30}, &from, &to), BASIN_ERR_VALUE);
    assert_message("a range cannot reach up to a loss of 0.25 from 0.25 at the centre");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_ends_where_the_loss_is_first_that_high),
        cmocka_unit_test(a_range_that_is_not_reached_is_refused),
    };
    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
