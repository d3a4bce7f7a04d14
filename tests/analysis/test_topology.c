/* Merge trees against what can be counted without one: the components of {value <= level} by flooding, minima
 * and saddles that are known; and against the persistence that gudhi finds (tests/data/make_topology.py).
 */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include <hdf5.h>

enum { ROWS = 13, COLUMNS = 17, POINTS = ROWS * COLUMNS };

static void flood(const double *z, double level, bool *seen, size_t at)
{
    seen[at] = true;
    for (size_t i = 0; i < POINTS; i++) {
        const int r = abs((int)(i / COLUMNS) - (int)(at / COLUMNS)),
                  c = abs((int)(i % COLUMNS) - (int)(at % COLUMNS));
        if (r <= 1 && c <= 1 && !seen[i] && z[i] <= level) flood(z, level, seen, i);
    }
}

static size_t components(const double *z, double level)
{
    bool   seen[POINTS] = {false};
    size_t count = 0;

    for (size_t i = 0; i < POINTS; i++)
        if (!seen[i] && z[i] <= level) flood(z, level, seen, i), count++;
    return count;
}

static void branches_that_live_are_the_components(void **state)
{
    double            z[POINTS];
    basin_merge_tree *tree = NULL;
    unsigned          seed = 1;

    (void)state;
    for (size_t i = 0; i < POINTS; i++) seed = seed * 1103515245u + 12345u, z[i] = (double)(seed >> 16 & 255);
    z[40] = NAN, z[41] = INFINITY;
    assert_ok(basin_merge_tree_compute(z, ROWS, COLUMNS, &tree));
    assert_int_equal(tree->points, POINTS - 2);
    for (double level = -1; level < 256; level++) {
        size_t alive = 0;
        for (size_t i = 0; i < tree->branch_count; i++)
            alive += tree->branches[i].birth <= level && level < tree->branches[i].death;
        assert_int_equal(alive, components(z, level));
    }
    basin_merge_tree_destroy(&tree);
}

static void two_valleys_meet_at_their_pass(void **state)
{
    const double      z[] = {5, 5, 5, 5, 5, 1, 3, 2, 4, 0, 5, 5, 5, 5, 5};
    basin_merge_tree *tree = NULL;

    (void)state;
    assert_ok(basin_merge_tree_compute(z, 3, 5, &tree));
    assert_int_equal(tree->branch_count, 3);
    assert_int_equal(tree->branches[0].minimum, 9);
    assert_true(isinf(tree->branches[0].persistence));
    assert_int_equal(tree->branches[1].minimum, 5);
    assert_int_equal(tree->branches[1].saddle, 8);
    assert_true(tree->branches[1].persistence == 3);
    assert_int_equal(tree->branches[2].minimum, 7);
    assert_int_equal(tree->branches[2].parent, 1);
    assert_true(tree->branches[2].persistence == 1);
    basin_merge_tree_destroy(&tree);
    assert_int_equal(basin_merge_tree_compute((double[]){NAN}, 1, 1, &tree), BASIN_ERR_VALUE);
}

static double *read_array(hid_t file, const char *name, hsize_t shape[2])
{
    hid_t   d = H5Dopen(file, name, H5P_DEFAULT), space = H5Dget_space(d);
    double *out;

    assert_int_equal(H5Sget_simple_extent_ndims(space), 2);
    H5Sget_simple_extent_dims(space, shape, NULL);
    out = malloc(shape[0] * shape[1] * sizeof *out);
    assert_non_null(out);
    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    return out;
}

static void persistence_is_that_of_gudhi(void **state)
{
    static const char *const planes[][2] = {{"wells/values", "wells/pairs"},
                                            {"noise/values", "noise/pairs"},
                                            {"diagonal/values", "diagonal/pairs"},
                                            {"holes/values", "holes/pairs"}};
    hid_t                    file = H5Fopen(basin_test_data("topology.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);

    (void)state;
    assert_true(file >= 0);
    for (size_t p = 0; p < sizeof planes / sizeof *planes; p++) {
        hsize_t           shape[2], count[2];
        double           *z = read_array(file, planes[p][0], shape), *pairs;
        basin_merge_tree *tree = NULL;
        pairs = read_array(file, planes[p][1], count);
        assert_ok(basin_merge_tree_compute(z, shape[0], shape[1], &tree));
        assert_int_equal(tree->branch_count, count[0]);
        for (size_t i = 0; i < count[0]; i++) {
            assert_true(tree->branches[i].birth == pairs[2 * i]);
            assert_true(tree->branches[i].death == pairs[2 * i + 1]);
        }
        basin_merge_tree_destroy(&tree);
        free(z);
        free(pairs);
    }
    H5Fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_that_live_are_the_components),
        cmocka_unit_test(two_valleys_meet_at_their_pass),
        cmocka_unit_test(persistence_is_that_of_gudhi),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
