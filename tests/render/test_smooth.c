/* What is drawn between the points of a grid, against functions that are known there. */
#include <math.h>

#include "core/memory.h"
#include "render/smooth.h"
#include "support.h"

enum { ROWS = 9, COLUMNS = 11, PARTS = 4 };

/* Unevenly spaced. */
static double across(size_t j)
{
    return -1 + 2 * pow((double)j / (COLUMNS - 1), 1.3);
}

static double up(size_t i)
{
    return -0.5 + 1.5 * (double)i / (ROWS - 1);
}

typedef double function(double x, double y);

static double parabola(double x, double y)
{
    return 3 + 2 * x * x - x * y + 0.7 * y * y - y;
}

static double gaussian(double x, double y)
{
    return 1e-3 * exp(parabola(x, y));
}

static double wave(double x, double y)
{
    return sin(2 * x) * cos(y);
}

/* Its edge stands between grid points, wherever every second is taken. */
static double ridge(double x, double y)
{
    return fabs(x - 0.05 + 0.3 * y);
}

static double step(double x, double y)
{
    return x + 0.2 * y > 0.1 ? 1 : 0;
}

static basin_smooth_grid smooth(function *f, bool logarithmic, double *largest)
{
    double            z[ROWS * COLUMNS], x[COLUMNS], y[ROWS];
    basin_smooth_grid grid;

    for (size_t j = 0; j < COLUMNS; j++) x[j] = across(j);
    for (size_t i = 0; i < ROWS; i++) y[i] = up(i);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++) z[i * COLUMNS + j] = f(x[j], y[i]);
    assert_ok(basin_smooth(z, ROWS, COLUMNS, x, y, PARTS, logarithmic, &grid));
    assert_int_equal(grid.rows, (ROWS - 1) * PARTS + 1);
    assert_int_equal(grid.columns, (COLUMNS - 1) * PARTS + 1);
    *largest = 0;
    for (size_t i = 0; i < grid.rows; i++) {
        for (size_t j = 0; j < grid.columns; j++) {
            const double own = grid.z[i * grid.columns + j];
            const double here = z[i / PARTS * COLUMNS + j / PARTS];
            if (i % PARTS == 0 && j % PARTS == 0) assert_true(own == here || (isnan(own) && isnan(here)));
            *largest = fmax(*largest, fabs(own - f(grid.x[j], grid.y[i])));
        }
    }
    return grid;
}

static void quadratics_and_their_exponentials_come_out_exactly(void **state)
{
    double            off;
    basin_smooth_grid grid = smooth(parabola, false, &off);

    (void)state;
    assert_int_equal(grid.between, BASIN_BETWEEN_CUBIC);
    assert_true(off < 1e-13 && grid.errors.largest < 1e-13);
    basin_smooth_clear(&grid);
    grid = smooth(gaussian, true, &off);
    assert_int_equal(grid.between, BASIN_BETWEEN_LOG_CUBIC);
    assert_true(off < 1e-13 && grid.errors.largest < 1e-13);
    basin_smooth_clear(&grid);
    /* no logarithm on a linear scale, nor of what is not positive */
    grid = smooth(gaussian, false, &off);
    assert_int_equal(grid.between, BASIN_BETWEEN_CUBIC);
    basin_smooth_clear(&grid);
    grid = smooth(wave, true, &off);
    assert_int_equal(grid.between, BASIN_BETWEEN_CUBIC);
    basin_smooth_clear(&grid);
}

static void left_out_points_tell_no_less_than_the_error(void **state)
{
    double            off;
    basin_smooth_grid grid = smooth(wave, false, &off);

    (void)state;
    /* 5 x 6 points are left of 9 x 11 */
    assert_int_equal(grid.errors.count, ROWS * COLUMNS - 5 * 6);
    assert_true(off > 0 && off <= grid.errors.largest);
    assert_true(grid.errors.rms < grid.errors.largest);
    basin_smooth_clear(&grid);
}

static void straight_lines_stay_where_they_are_better(void **state)
{
    double            off, overshoot = 0;
    basin_smooth_grid grid = smooth(step, false, &off);

    (void)state;
    assert_int_equal(grid.between, BASIN_BETWEEN_LINEAR);
    for (size_t i = 0; i < grid.rows * grid.columns; i++)
        overshoot = fmax(overshoot, fmax(grid.z[i] - 1, -grid.z[i]));
    assert_true(overshoot < 1e-15);
    basin_smooth_clear(&grid);
    grid = smooth(ridge, false, &off);
    assert_true(off <= 2 * grid.errors.largest);
    basin_smooth_clear(&grid);
}

static double with_a_hole(double x, double y)
{
    return x == across(5) && y == up(4) ? (double)NAN : parabola(x, y);
}

static void a_hole_stays_one_and_no_larger(void **state)
{
    double            off;
    basin_smooth_grid grid = smooth(with_a_hole, false, &off);

    (void)state;
    for (size_t i = 0; i < grid.rows; i++) {
        for (size_t j = 0; j < grid.columns; j++) {
            const bool touches = i > 3 * PARTS && i < 5 * PARTS && j > 4 * PARTS && j < 6 * PARTS;
            assert_int_equal(isfinite(grid.z[i * grid.columns + j]), !touches);
        }
    }
    basin_smooth_clear(&grid);
}

static void few_points_are_joined_by_straight_lines(void **state)
{
    const double      z[] = {0, 1, 1, 0}, ends[] = {0, 1};
    basin_smooth_grid grid;

    (void)state;
    assert_ok(basin_smooth(z, 2, 2, ends, ends, 2, false, &grid));
    assert_int_equal(grid.between, BASIN_BETWEEN_LINEAR);
    assert_int_equal(grid.errors.count, 0);
    assert_true(grid.z[4] == 0.5);
    basin_smooth_clear(&grid);
    assert_status(basin_smooth(z, 1, 4, ends, ends, 2, false, &grid), BASIN_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quadratics_and_their_exponentials_come_out_exactly),
        cmocka_unit_test(left_out_points_tell_no_less_than_the_error),
        cmocka_unit_test(straight_lines_stay_where_they_are_better),
        cmocka_unit_test(a_hole_stays_one_and_no_larger),
        cmocka_unit_test(few_points_are_joined_by_straight_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
