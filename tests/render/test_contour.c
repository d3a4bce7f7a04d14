/* Contour lines against known curves. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "render/contour.h"

enum { N = 81 };

static double xs[N], ys[N], zs[N * N];

static int grid(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        xs[i] = -1 + 2.0 * (double)i / (N - 1), ys[i] = -1.5 + 3.0 * (double)i / (N - 1);
    return 0;
}

static void fill(double (*f)(double x, double y))
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) zs[i * N + j] = f(xs[j], ys[i]);
}

static double bowl(double x, double y)
{
    return x * x + y * y;
}

static double slope(double x, double y)
{
    return 2 * x + y;
}

static double saddle(double x, double y)
{
    return x * y;
}

static void a_circle_has_its_radius_and_closes(void **state)
{
    basin_contour c;
    double        length = 0;

    (void)state;
    fill(bowl);
    assert_ok(basin_contour_trace(zs, N, N, xs, ys, 0.49, &c));
    assert_int_equal(c.line_count, 1);
    assert_true(c.lines[0].closed);
    for (size_t i = 0; i < c.lines[0].count; i++) {
        const double *p = c.points + 2 * i, *q = c.points + 2 * ((i + 1) % c.lines[0].count);
        assert_close(hypot(p[0], p[1]), 0.7, 0, 0.001); /* linear interpolation: off by h²/8r at most */
        length += hypot(q[0] - p[0], q[1] - p[1]);
    }
    assert_close(length, 4 * acos(0) * 0.7, 2e-3, 0);
    basin_contour_clear(&c);
    basin_contour_clear(&c);
}

static void a_line_that_leaves_the_grid_ends_on_its_edge(void **state)
{
    basin_contour c;

    (void)state;
    fill(slope);
    assert_ok(basin_contour_trace(zs, N, N, xs, ys, 0.3, &c));
    assert_int_equal(c.line_count, 1);
    assert_false(c.lines[0].closed);
    for (size_t i = 0; i < c.lines[0].count; i++)
        assert_close(slope(c.points[2 * i], c.points[2 * i + 1]), 0.3, 0, 1e-12);
    const double *a = c.points, *b = c.points + 2 * (c.lines[0].count - 1);
    assert_close(fmax(fabs(a[0]), fabs(a[1]) / 1.5), 1, 0, 1e-12);
    assert_close(fmax(fabs(b[0]), fabs(b[1]) / 1.5), 1, 0, 1e-12);
    basin_contour_clear(&c);
}

static void a_hyperbola_is_two_lines(void **state)
{
    basin_contour c;

    (void)state;
    fill(saddle);
    assert_ok(basin_contour_trace(zs, N, N, xs, ys, 0.11, &c));
    assert_int_equal(c.line_count, 2);
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < c.lines[l].count; i++) {
            const double *p = c.points + 2 * (c.lines[l].first + i);
            assert_close(p[0] * p[1], 0.11, 0, 1e-12);
            /* one branch does not jump to the other */
            assert_true(p[0] * c.points[2 * c.lines[l].first] > 0);
        }
    basin_contour_clear(&c);
}

/* Corners 1 0 / 0 1 (diagonal above): with a middle above the level the low corners are cut off, else the
   high ones. */
static void a_saddle_cell_joins_the_corners_of_its_middle(void **state)
{
    const double  x[] = {0, 1}, high[] = {1, 0.2, 0.2, 1}, low[] = {0.7, 0, 0, 0.7};
    basin_contour c;

    (void)state;
    for (size_t which = 0; which < 2; which++) {
        assert_ok(basin_contour_trace(which == 0 ? high : low, 2, 2, x, x, 0.5, &c));
        assert_int_equal(c.line_count, 2);
        for (size_t l = 0; l < 2; l++) {
            const double *p = c.points + 2 * c.lines[l].first, *q = p + 2;
            assert_int_equal(c.lines[l].count, 2);
            /* near a corner: off the diagonal of equal corners when the high ones join */
            double mx = (p[0] + q[0]) / 2, my = (p[1] + q[1]) / 2;
            assert_true(which == 0 ? (mx - 0.5) * (my - 0.5) < 0 : (mx - 0.5) * (my - 0.5) > 0);
        }
        basin_contour_clear(&c);
    }
}

static void cells_that_are_not_finite_have_no_line(void **state)
{
    basin_contour c;

    (void)state;
    fill(bowl);
    size_t hole = (N / 2) * N + (size_t)lround((0.7 + 1) / 2 * (N - 1)); /* on the circle, at y = 0 */
    for (size_t k = 0; k < 3; k++) {
        zs[hole] = k == 0 ? NAN : k == 1 ? INFINITY : -INFINITY;
        assert_ok(basin_contour_trace(zs, N, N, xs, ys, 0.49, &c));
        assert_int_equal(c.line_count, 1);
        assert_false(c.lines[0].closed);
        for (size_t i = 0; i < c.point_count; i++) {
            assert_true(isfinite(c.points[2 * i]) && isfinite(c.points[2 * i + 1]));
            assert_true(fabs(c.points[2 * i] - 0.7) > 0.02 || fabs(c.points[2 * i + 1]) > 0.03);
        }
        basin_contour_clear(&c);
    }
}

static void flat_and_tiny_grids_have_no_lines(void **state)
{
    const double  x[] = {0, 1}, flat[] = {2, 2, 2, 2};
    basin_contour c;

    (void)state;
    assert_ok(basin_contour_trace(flat, 2, 2, x, x, 2, &c));
    assert_int_equal(c.line_count, 0);
    basin_contour_clear(&c);
    assert_status(basin_contour_trace(flat, 1, 4, x, x, 2, &c), BASIN_ERR_ARG);
    assert_message("at least 2 x 2, got 1 x 4");
}

static void corners_exactly_on_the_level_are_no_trouble(void **state)
{
    basin_contour c;

    (void)state;
    fill(slope); /* many corners lie on 0 exactly */
    assert_ok(basin_contour_trace(zs, N, N, xs, ys, 0, &c));
    assert_int_equal(c.line_count, 1);
    for (size_t i = 0; i < c.point_count; i++)
        assert_close(slope(c.points[2 * i], c.points[2 * i + 1]), 0, 0, 1e-12);
    basin_contour_clear(&c);
}

static void levels_are_round_and_inside(void **state)
{
    const double ranges[][2] = {{0.3, 0.9}, {0.05, 8},  {1e-6, 1e8}, {-3, 40},
                                {0, 1e-9},  {2.1, 2.2}, {0.01, 1e30}};

    (void)state;
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        double levels[BASIN_MAX_LEVELS];
        bool   logarithmic;
        size_t count = basin_contour_levels(ranges[r][0], ranges[r][1], 10, levels, &logarithmic);
        assert_in_range(count, 4, 16);
        assert_int_equal(logarithmic, ranges[r][0] > 0 && ranges[r][1] / ranges[r][0] >= 20);
        for (size_t i = 0; i < count; i++) {
            assert_true(levels[i] > ranges[r][0] && levels[i] < ranges[r][1]);
            if (i > 0) assert_true(levels[i] > levels[i - 1]);
        }
    }
    double levels[BASIN_MAX_LEVELS];
    bool   logarithmic;
    assert_int_equal(basin_contour_levels(1, 1, 10, levels, &logarithmic), 0);
    assert_int_equal(basin_contour_levels(INFINITY, -INFINITY, 10, levels, &logarithmic), 0);
    assert_int_equal(basin_contour_levels(NAN, NAN, 10, levels, &logarithmic), 0);
}

static basin_status trace(void *payload)
{
    basin_contour c;
    basin_status  st = basin_contour_trace(zs, N, N, xs, ys, 0.49, &c);

    (void)payload;
    if (st == BASIN_OK) basin_contour_clear(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    fill(bowl);
    basin_test_every_allocation(trace, NULL);
}

/* Losses from a denormal number to 2: the quotient overflows. */
static void levels_span_every_positive_number(void **state)
{
    double levels[BASIN_MAX_LEVELS];
    bool   logarithmic = false;
    size_t count = basin_contour_levels(1e-310, 2.0, 12, levels, &logarithmic);
    (void)state;

    assert_true(logarithmic && count >= 6 && count <= 20);
    for (size_t i = 0; i < count; i++)
        assert_true(levels[i] > (i > 0 ? levels[i - 1] : 1e-310) && levels[i] < 2.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_circle_has_its_radius_and_closes),
        cmocka_unit_test(a_line_that_leaves_the_grid_ends_on_its_edge),
        cmocka_unit_test(a_hyperbola_is_two_lines),
        cmocka_unit_test(a_saddle_cell_joins_the_corners_of_its_middle),
        cmocka_unit_test(cells_that_are_not_finite_have_no_line),
        cmocka_unit_test(flat_and_tiny_grids_have_no_lines),
        cmocka_unit_test(corners_exactly_on_the_level_are_no_trouble),
        cmocka_unit_test(levels_are_round_and_inside),
        cmocka_unit_test(levels_span_every_positive_number),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("contour", tests, grid, NULL);
}
