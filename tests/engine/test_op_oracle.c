/* Each op, with each of its attributes, and random graphs against PyTorch in double (tests/data/make_ops.py,
 * make_random.py). The battery of test_ops.c knows that derivatives fit the function; this knows that it is
 * the right function.
 */
#include <hdf5.h>
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "symmetries.h"

enum { OUTPUTS = 3, LONG = 16384, VECTORS = 5, POINTS = 4 };

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
        assert_true(H5Lget_name_by_idx(buffers, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name,
                                       H5P_DEFAULT) > 0);
        double *values = read_numbers(buffers, name, shape, &rank, &count);
        assert_ok(basin_graph_buffer(graph, name, shape, rank, values, NULL));
        basin_free(values);
    }
    H5Gclose(buffers);
}

static char split_name[] = "train";

static basin_dataset dataset_of(const basin_graph *graph, size_t samples, double *x, double *targets,
                                size_t *rows, basin_split *split)
{
    basin_dataset data = {.count = samples,
                          .rank = graph->input_rank,
                          .inputs = x,
                          .values = targets,
                          .value_count = OUTPUTS,
                          .split_count = 1};

    memcpy(data.shape, graph->input_shape, sizeof data.shape);
    for (size_t i = 0; i < samples; i++) rows[i] = i;
    *split = (basin_split){.name = split_name, .count = samples, .rows = rows};
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

static bool close_enough(const char *name, const char *what, double error, double bound)
{
    if (error <= bound) return true;
    print_message("    %s: %s: relative error %.1e\n", name, what, error);
    return false;
}

/* What PyTorch says of a graph: oracle_ops.h5 has one vector and no points. */
typedef struct oracle {
    size_t  samples, vectors, points;
    double *x, *theta, *targets, *v, *y, *g, *hv, *coef, *losses; /* one after the other */
} oracle;

static double *take(double **memory, size_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

static oracle read_oracle(hid_t group, const basin_graph *graph)
{
    oracle       want = {.samples = 3, .vectors = 1};
    const size_t p = graph->params->size;
    size_t       count, in = 1;
    double      *numbers = read_numbers(group, "numbers", NULL, NULL, &count), *end = numbers;

    if (H5Aexists(group, "samples") > 0) {
        hid_t              attribute = H5Aopen(group, "samples", H5P_DEFAULT);
        unsigned long long samples = 0;
        assert_true(H5Aread(attribute, H5T_NATIVE_ULLONG, &samples) >= 0);
        H5Aclose(attribute);
        want = (oracle){.samples = samples, .vectors = VECTORS, .points = POINTS};
    }
    for (size_t i = 0; i < graph->input_rank; i++) in *= graph->input_shape[i];
    want.x = take(&end, want.samples * in);
    want.theta = take(&end, p);
    want.targets = take(&end, want.samples * OUTPUTS);
    want.v = take(&end, want.vectors * p);
    want.y = take(&end, want.samples * OUTPUTS);
    want.g = take(&end, p);
    want.hv = take(&end, want.vectors * p);
    want.coef = take(&end, 2 * want.points);
    want.losses = take(&end, want.points);
    assert_int_equal(count, end - numbers);
    return want;
}

/* Output, gradient, products of every block size, the same products recomputed for want of memory, losses on
   a plane. */
static bool network_agrees(const char *name, basin_objective *o, const oracle *want, double bound)
{
    const size_t     p = basin_objective_size(o);
    basin_curvature *curvature = NULL;
    double          *y = NULL, *g = basin_alloc(p, sizeof *g);
    double          *hv = basin_alloc(want->vectors * p, sizeof *hv), losses[POINTS];
    basin_loss       at[POINTS];
    size_t           width;
    bool             good = true;

    assert_ok(basin_network_output(o, want->theta, &width, &y));
    assert_int_equal(width, OUTPUTS);
    good = close_enough(name, "output", relative_error(y, want->y, want->samples * OUTPUTS), bound);
    assert_ok(basin_objective_gradient(o, NULL, want->theta, NULL, g));
    good = close_enough(name, "gradient", relative_error(g, want->g, p), bound) && good;
    for (int recomputed = 0; recomputed < 2; recomputed++) {
        basin_memory_limit_set(recomputed ? 1 : 0);
        assert_ok(basin_curvature_create(o, NULL, want->theta, BASIN_HESSIAN, &curvature));
        for (size_t k = 1; k <= want->vectors; k++) {
            assert_ok(basin_curvature_product(curvature, want->v, k, hv));
            good = close_enough(name, "H.v", relative_error(hv, want->hv, k * p), bound) && good;
        }
        basin_curvature_destroy(&curvature);
        basin_memory_limit_set(0);
    }
    if (want->points > 0) {
        assert_ok(basin_objective_subspace(o, NULL, want->theta, want->v, 2, want->coef, want->points, at));
        for (size_t i = 0; i < want->points; i++) losses[i] = basin_loss_value(&at[i]);
        good =
            close_enough(name, "losses", relative_error(losses, want->losses, want->points), bound) && good;
    }
    basin_free(g);
    basin_free(hv);
    basin_free(y);
    return good;
}

/* `groups` counts symmetries, which must leave the outputs alone. */
static bool graph_agrees(hid_t group, const char *name, double bound, size_t *groups)
{
    static char      json[LONG];
    basin_graph     *graph = NULL;
    basin_objective *o = NULL;
    basin_split      split;
    bool             good;

    read_text(group, "graph", json);
    assert_ok(basin_graph_parse("oracle", json, &graph));
    add_buffers(group, graph);
    oracle        want = read_oracle(group, graph);
    size_t       *rows = basin_alloc(want.samples, sizeof *rows);
    basin_dataset data = dataset_of(graph, want.samples, want.x, want.targets, rows, &split);
    good = basin_network_objective(graph, &(basin_loss_spec){.kind = BASIN_LOSS_MSE}, &data, NULL, &o) ==
           BASIN_OK;
    if (!good) print_message("    %s: %s\n", name, basin_error_message());
    if (good) {
        const basin_loss_spec loss = {.kind = BASIN_LOSS_MSE};
        good = network_agrees(name, o, &want, bound);
        *groups += assert_symmetries_hold(&(network){graph, &loss, &data, want.theta}, name, 1e-11);
    }
    basin_objective_destroy(&o);
    basin_graph_destroy(&graph);
    basin_free(want.x);
    basin_free(rows);
    return good;
}

/* At least `least` symmetries are found in them. */
static void every_graph_agrees(const char *path, double bound, size_t least)
{
    hid_t      file = H5Fopen(basin_test_data(path), H5F_ACC_RDONLY, H5P_DEFAULT);
    H5G_info_t info;
    size_t     failed = 0, groups = 0;
    char       key[16], name[LONG];

    assert_true(H5Gget_info(file, &info) >= 0 && info.nlinks > 0);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        assert_true(
            H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, key, sizeof key, H5P_DEFAULT) > 0);
        hid_t group = H5Gopen2(file, key, H5P_DEFAULT);
        if (H5Aexists(group, "name") > 0)
            read_text(group, "name", name);
        else
            strcpy(name, key);
        failed += !graph_agrees(group, name, bound, &groups);
        H5Gclose(group);
    }
    H5Fclose(file);
    print_message("    %llu graphs, %zu symmetries\n", (unsigned long long)info.nlinks, groups);
    assert_int_equal(failed, 0);
    assert_true(groups >= least);
}

static void every_op_agrees_with_pytorch(void **state)
{
    (void)state;
    every_graph_agrees("oracle_ops.h5", 1e-12, 1);
}

/* Ops between any others: layouts, sharing of memory and who adds to whose adjoint are decided by the
   graph. */
static void random_graphs_agree_with_pytorch(void **state)
{
    (void)state;
    every_graph_agrees("oracle_random.h5", 1e-12, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_op_agrees_with_pytorch),
                                       cmocka_unit_test(random_graphs_agree_with_pytorch)};

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("op oracle", tests, NULL, NULL) : 1;
}
