/* The work on vectors that the Krylov basis is built from: against plain loops, and the same bits for any
   number of threads. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "core/vectors.h"

enum { MOST_ROWS = 19, MOST = 40003, THREADS = 4 };

static double *v[MOST_ROWS], *first[MOST_ROWS], x[MOST], y[MOST];

/* The same numbers every time. */
static void fill(void)
{
    basin_random r = basin_random_start(7, BASIN_STREAM_TEST);

    for (size_t i = 0; i < MOST_ROWS; i++) basin_random_normals(&r, v[i], MOST);
    basin_random_normals(&r, x, MOST);
}

/* The last is of a network: sections, pieces and lanes all end with a part. */
static const size_t sizes[] = {1, 7, 8, 511, 513, 4099, MOST};
static const size_t heights[] = {1, 2, 4, 5, 16, 17, MOST_ROWS};

static void dots_are_those_of_plain_loops(void **state)
{
    double h[MOST_ROWS];

    (void)state;
    fill();
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
        for (size_t c = 0; c < sizeof heights / sizeof *heights; c++) {
            basin_vectors_dot(v, heights[c], x, sizes[n], h);
            for (size_t i = 0; i < heights[c]; i++) {
                long double sum = 0.0L, scale = 0.0L;
                for (size_t e = 0; e < sizes[n]; e++)
                    sum += (long double)v[i][e] * x[e], scale += fabsl((long double)v[i][e] * x[e]);
                assert_close(h[i], (double)sum, 0.0, 64.0 * DBL_EPSILON * (double)scale);
            }
        }
}

/* Some coefficients are zero, and their rows left out. */
static void sums_are_those_of_plain_loops(void **state)
{
    double a[MOST_ROWS];

    (void)state;
    for (size_t i = 0; i < MOST_ROWS; i++) a[i] = i % 3 == 2 ? 0.0 : sin((double)i + 1.0);
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
        for (size_t c = 0; c < sizeof heights / sizeof *heights; c++) {
            double squares, expected = 0.0;
            fill();
            memcpy(y, x, sizeof x);
            squares = basin_vectors_add(v, heights[c], a, -0.5, y, sizes[n]);
            for (size_t e = 0; e < sizes[n]; e++) {
                long double sum = x[e], scale = fabs(x[e]);
                for (size_t i = 0; i < heights[c]; i++)
                    sum -= 0.5L * a[i] * v[i][e], scale += fabsl(0.5L * a[i] * v[i][e]);
                assert_close(y[e], (double)sum, 0.0, 32.0 * DBL_EPSILON * (double)scale);
                expected += y[e] * y[e];
            }
            assert_close(squares, expected, 1e-12, 0.0);
            for (size_t e = sizes[n]; e < MOST; e++) assert_true(y[e] == x[e]);
        }
}

static void a_basis_is_turned_as_by_plain_loops(void **state)
{
    enum { USED = 7, COUNT = 5 };
    double rows[COUNT * USED];

    (void)state;
    for (size_t i = 0; i < COUNT * USED; i++) rows[i] = cos((double)i);
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        fill();
        for (size_t i = 0; i < MOST_ROWS; i++) memcpy(first[i], v[i], sizeof x);
        assert_ok(basin_vectors_turn(v, USED, rows, COUNT, sizes[n]));
        for (size_t i = 0; i < MOST_ROWS; i++)
            for (size_t e = 0; e < MOST; e++) {
                double sum = 0.0;
                for (size_t c = 0; c < USED && i < COUNT; c++) sum += rows[i * USED + c] * first[c][e];
                if (i < COUNT && e < sizes[n])
                    assert_close(v[i][e], sum, 0.0, 1e-13);
                else
                    assert_true(v[i][e] == first[i][e]);
            }
    }
}

/* MOST numbers in strips of 512 leave room for several threads to turn 7 vectors. */
static void any_number_of_threads_gives_the_same_bits(void **state)
{
    enum { USED = 7, COUNT = 6 };
    double rows[COUNT * USED], h[2][MOST_ROWS] = {{0}}, squares[2] = {0};

    (void)state;
    assert_true(MOST / BASIN_VECTORS_STRIP / USED >= THREADS);
    for (size_t i = 0; i < COUNT * USED; i++) rows[i] = cos((double)i);
    for (size_t threads = 1; threads <= THREADS; threads++) {
        size_t other = threads > 1;
        basin_threads_set(threads);
        fill();
        basin_vectors_dot(v, MOST_ROWS, x, MOST, h[other]);
        squares[other] = basin_vectors_add(v, MOST_ROWS, h[other], -1e-3, x, MOST);
        assert_ok(basin_vectors_turn(v, USED, rows, COUNT, MOST));
        basin_vectors_divide(x, 3.0, x, MOST);
        if (!other) {
            memcpy(y, x, sizeof x);
            for (size_t i = 0; i < MOST_ROWS; i++) memcpy(first[i], v[i], sizeof x);
        }
        assert_memory_equal(h[other], h[0], sizeof h[0]);
        assert_memory_equal(&squares[other], &squares[0], sizeof *squares);
        assert_memory_equal(x, y, sizeof x);
        for (size_t i = 0; i < MOST_ROWS; i++) assert_memory_equal(v[i], first[i], sizeof x);
    }
    basin_threads_set(0);
}

static void deflated_vectors_are_orthogonal(void **state)
{
    enum { ROWS = 3, SIZE = 4099 };
    double h[ROWS], two[2 * SIZE];

    (void)state;
    fill();
    for (size_t i = 0; i < ROWS; i++) {
        for (int pass = 0; pass < 2 && i > 0; pass++) basin_vectors_deflate(v, i, v[i], 1, SIZE, h);
        basin_vectors_divide(v[i], basin_norm(v[i], SIZE), v[i], SIZE);
    }
    memcpy(two, x, SIZE * sizeof *x), memcpy(two + SIZE, x + SIZE, SIZE * sizeof *x);
    basin_vectors_deflate(v, ROWS, two, 2, SIZE, h);
    for (size_t i = 0; i < ROWS; i++) {
        assert_close(h[i], basin_dot(v[i], x + SIZE, SIZE), 1e-12, 1e-12);
        for (size_t k = 0; k < 2; k++) assert_close(basin_dot(v[i], two + k * SIZE, SIZE), 0.0, 0.0, 1e-13);
    }
}

static void norms_survive_squares_that_do_not(void **state)
{
    (void)state;
    for (int i = -200; i <= 200; i += 200) {
        double pair[] = {3.0 * pow(10.0, i), 4.0 * pow(10.0, i)}, zero = 0.0;
        double squares = basin_vectors_add((double *[]){x}, 1, &zero, 1.0, pair, 2);
        assert_close(basin_vectors_norm(squares, pair, 2), 5.0 * pow(10.0, i), 1e-14, 0.0);
    }
}

static basin_status turn_once(void *payload)
{
    return basin_vectors_turn(v, 3, payload, 2, MOST);
}

static void every_failed_allocation_is_clean(void **state)
{
    double rows[] = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0};

    (void)state;
    fill();
    basin_test_every_allocation(turn_once, rows);
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < MOST_ROWS; i++)
        if ((v[i] = basin_alloc(MOST, sizeof **v)) == NULL ||
            (first[i] = basin_alloc(MOST, sizeof **first)) == NULL)
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < MOST_ROWS; i++) basin_free(v[i]), basin_free(first[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_those_of_plain_loops),
        cmocka_unit_test(sums_are_those_of_plain_loops),
        cmocka_unit_test(a_basis_is_turned_as_by_plain_loops),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(deflated_vectors_are_orthogonal),
        cmocka_unit_test(norms_survive_squares_that_do_not),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("vectors", tests, set_up, tear_down);
}
