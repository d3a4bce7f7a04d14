/* Each op, with each of its attributes, against PyTorch in double (tests/data/make_ops.py). The battery of test_ops.c knows that
 * derivatives fit the function; this knows that it is the right function.
 */
#include <hdf5.h>
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "support.h"

enum { SAMPLES = 3, OUTPUTS = 3, LONG = 16384 };

static void read_text(hid_t group, const char *name, char text[LONG])
{
    hid_t attribute = H5Aopen(group, name, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
    char *value = NULL;

    assert_true(H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
    assert_true(H5Aread(attribute, type, &value) >= 0);
    assert_true(strlen(value) < LONG);
    strcpy(text, value);
    H5free_memory(value);
    H5Tclose(type);
    H5Aclose(attribute);
}

/* Its values; the shape too if asked for. */
static double *read_numbers(hid_t group, const char *name, size_t *shape, size_t *rank, size_t *count)
{
    hid_t   set = H5Dopen2(group, name, H5P_DEFAULT), space = H5Dget_space(set);
    hsize_t dims[BASIN_MAX_RANK] = {0};
    int     dimensions = H5Sget_simple_extent_dims(space, dims, NULL);
    double *values;

    assert_true(dimensions >= 0);
    *count = (size_t)H5Sget_simple_extent_npoints(space);
    values = basin_alloc(*count, sizeof *values);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    for (int i = 0; i < dimensions && shape != NULL; i++) shape[i] = (size_t)dims[i];
    if (rank != NULL) *rank = (size_t)dimensions;
    H5Sclose(space);
    H5Dclose(set);
    return values;
}

static void add_buffers(hid_t group, basin_graph *graph)
{
    H5G_info_t info;
    char       name[64];

    if (H5Lexists(group, "buffers", H5P_DEFAULT) <= 0) return;
    hid_t buffers = H5Gopen2(group, "buffers", H5P_DEFAULT);
    assert_true(H5Gget_info(buffers, &info) >= 0);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        size_t shape[BASIN_MAX_RANK] = {0}, rank, count;
        assert_true(H5Lget_name_by_idx(buffers, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT) > 0);
        double *values = read_numbers(buffers, name, shape, &rank, &count);
        assert_ok(basin_graph_buffer(graph, name, shape, rank, values, NULL));
        basin_free(values);
    }
    H5Gclose(buffers);
}

static char split_name[] = "train";

static basin_dataset dataset_of(const basin_graph *graph, double *x, double *targets, size_t *rows, basin_split *split)
{
    basin_dataset data = {.count = SAMPLES, .rank = graph->input_rank, .inputs = x, .values = targets, .value_count = OUTPUTS, .split_count = 1};

    memcpy(data.shape, graph->input_shape, sizeof data.shape);
    for (size_t i = 0; i < SAMPLES; i++) rows[i] = i;
    *split = (basin_split){.name = split_name, .count = SAMPLES, .rows = rows};
    data.splits = split;
    return data;
}

/* ‖a - b‖ / ‖b‖, or ‖a‖ where b is 0 */
static double relative_error(const double *a, const double *b, size_t n)
{
    double error = 0.0, norm = basin_norm(b, n);

    for (size_t i = 0; i < n; i++) error += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(error) / (norm > 0.0 ? norm : 1.0);
}

static const double bound = 1e-12;

static bool close_enough(const char *name, const char *what, double error)
{
    if (error <= bound) return true;
    print_message("    %s: %s: relative error %.1e\n", name, what, error);
    return false;
}

static bool graph_agrees(hid_t group, const char *name)
{
    static char      json[LONG];
    basin_graph     *graph = NULL;
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    basin_split      split;
    size_t           rows[SAMPLES], count, in = 1, width;
    double          *y = NULL;
    bool             good = true;

    read_text(group, "graph", json);
    assert_ok(basin_graph_parse("oracle", json, &graph));
    add_buffers(group, graph);
    for (size_t i = 0; i < graph->input_rank; i++) in *= graph->input_shape[i];
    const size_t  p = graph->params->size;
    double       *x = read_numbers(group, "numbers", NULL, NULL, &count), *theta = x + SAMPLES * in, *targets = theta + p;
    const double *v = targets + SAMPLES * OUTPUTS, *want_y = v + p, *want_g = want_y + SAMPLES * OUTPUTS, *want_hv = want_g + p;
    double       *g = basin_alloc(p, sizeof *g), *hv = basin_alloc(p, sizeof *hv);
    assert_int_equal(count, SAMPLES * (in + 2 * OUTPUTS) + 4 * p);
    basin_dataset data = dataset_of(graph, x, targets, rows, &split);
    if (basin_network_objective(graph, &(basin_loss_spec){.kind = BASIN_LOSS_MSE}, &data, NULL, &o) != BASIN_OK) {
        print_message("    %s: %s\n", name, basin_error_message());
        good = false;
    } else {
        assert_ok(basin_network_output(o, theta, &width, &y));
        assert_int_equal(width, OUTPUTS);
        assert_ok(basin_objective_gradient(o, NULL, theta, NULL, g));
        assert_ok(basin_curvature_create(o, NULL, theta, BASIN_HESSIAN, &curvature));
        assert_ok(basin_curvature_product(curvature, v, 1, hv));
        good = close_enough(name, "output", relative_error(y, want_y, SAMPLES * OUTPUTS));
        good = close_enough(name, "gradient", relative_error(g, want_g, p)) && good;
        good = close_enough(name, "H.v", relative_error(hv, want_hv, p)) && good;
    }
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    basin_graph_destroy(&graph);
    basin_free(x);
    basin_free(g);
    basin_free(hv);
    basin_free(y);
    return good;
}

static void every_op_agrees_with_pytorch(void **state)
{
    hid_t      file = H5Fopen(basin_test_data("oracle_ops.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    H5G_info_t info;
    size_t     failed = 0;
    char       key[16], name[LONG];

    (void)state;
    assert_true(H5Gget_info(file, &info) >= 0 && info.nlinks > 0);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        assert_true(H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, key, sizeof key, H5P_DEFAULT) > 0);
        hid_t group = H5Gopen2(file, key, H5P_DEFAULT);
        read_text(group, "name", name);
        failed += !graph_agrees(group, name);
        H5Gclose(group);
    }
    H5Fclose(file);
    print_message("    %llu graphs\n", (unsigned long long)info.nlinks);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_op_agrees_with_pytorch)};

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("op oracle", tests, NULL, NULL) : 1;
}
