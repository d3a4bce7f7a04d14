/* Relative flatness, scale groups, three sharpnesses, Fisher-relative curvature and confounders: PyTorch's
 * values (tests/data/make_structure.py), and what each of them is unchanged by. */
#include <hdf5.h>
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "pairs.h"
#include "problem.h"
#include "support.h"

typedef struct subject {
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_objective  *o;
} subject;

static subject load(const char *name, basin_bn bn)
{
    subject s = {0};
    char    file[64];

    snprintf(file, sizeof file, "%s.h5", name);
    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    assert_ok(
        basin_network_objective(s.ck->graph, &s.ck->loss, s.data, &(basin_network_options){.bn = bn}, &s.o));
    return s;
}

static void unload(subject *s)
{
    basin_objective_destroy(&s->o);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

static basin_sharpness_table *measured(basin_objective *o, const double *theta,
                                       basin_sharpness_measure measure, size_t draws)
{
    basin_sharpness_table *table = NULL;
    basin_point           *point = NULL;

    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(basin_sharpness_table_compute(
        point, &(basin_sharpness_table_options){.measures = &measure, .measure_count = 1, .draws = draws},
        &table));
    basin_point_destroy(&point);
    return table;
}

/* /NAME/MEASURE of oracle_structure.h5, and how many; NULL where there is none. Caller frees. */
static double *expected(const char *name, basin_sharpness_measure measure, size_t *count)
{
    char    path[96];
    double *values = NULL;
    hid_t   f = H5Fopen(basin_test_data("oracle_structure.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);

    snprintf(path, sizeof path, "%s/%s", name, basin_sharpness_entries[measure].name);
    if (H5Lexists(f, path, H5P_DEFAULT) > 0) {
        hid_t d = H5Dopen2(f, path, H5P_DEFAULT), space = H5Dget_space(d);
        *count = (size_t)H5Sget_simple_extent_npoints(space);
        values = basin_alloc(*count, sizeof *values);
        assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
        H5Sclose(space);
        H5Dclose(d);
    }
    H5Fclose(f);
    return values;
}

static const basin_sharpness_measure all[] = {
    BASIN_SHARPNESS_relative_flatness, BASIN_SHARPNESS_worst_direction,   BASIN_SHARPNESS_ascent_direction,
    BASIN_SHARPNESS_average_direction, BASIN_SHARPNESS_scaled_lambda_max, BASIN_SHARPNESS_scaled_trace,
    BASIN_SHARPNESS_fisher_relative,   BASIN_SHARPNESS_feature_rank,      BASIN_SHARPNESS_neural_collapse};
enum { ALL = sizeof all / sizeof *all };

static void agree_with_pytorch(void **state)
{
    static const char *const names[] = {"oracle", "oracle_resnet", "oracle_vit", "oracle_gpt"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        subject s = load(names[i], BASIN_BN_STORED);
        for (size_t l = 0; l < ALL; l++) {
            size_t                 count = 0;
            double                *want = expected(names[i], all[l], &count), worst = 0.0;
            basin_sharpness_table *table = measured(s.o, s.ck->theta, all[l], 0);
            if (want == NULL) { /* there is no such part */
                assert_int_equal(table->row_count, 1);
                assert_true(isnan(table->rows[0].value));
                assert_non_null(table->rows[0].missing);
            } else {
                assert_int_equal(table->row_count, count);
                for (size_t r = 0; r < count; r++) {
                    assert_null(table->rows[r].missing);
                    assert_int_equal(table->rows[r].number, BASIN_SHARPNESS_EXACT);
                    worst = fmax(worst, fabs(table->rows[r].value / want[r] - 1.0));
                    assert_close(table->rows[r].value, want[r], 1e-8, 0.0);
                }
                print_message("    %-14s %-18s relative error %.1e\n", names[i],
                              basin_sharpness_entries[all[l]].name, worst);
            }
            basin_sharpness_table_destroy(&table);
            basin_free(want);
        }
        unload(&s);
    }
}

/* The largest relative change of any row between two points. */
static double changes(basin_objective *o, const double *a, const double *b, basin_sharpness_measure measure)
{
    basin_sharpness_table *x = measured(o, a, measure, 0), *y = measured(o, b, measure, 0);
    double                 most = 0.0;

    for (size_t i = 0; i < x->row_count; i++)
        most = fmax(most, fabs(y->rows[i].value / x->rows[i].value - 1.0));
    basin_sharpness_table_destroy(&x);
    basin_sharpness_table_destroy(&y);
    return most;
}

/* Whole layers of a ReLU network: relative flatness stays where λ_max moves; single neurons move it too. */
static void relative_flatness_has_no_scale_of_layers(void **state)
{
    problem          p = problem_relu(21);
    basin_objective *o = NULL;
    double          *moved = basin_alloc(p.size, sizeof *moved), f[RELU_FIRST], h[RELU_SECOND];
    basin_random     r = basin_random_start(23, BASIN_STREAM_TEST);

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    for (size_t i = 0; i < RELU_FIRST; i++) f[i] = 5.0;
    for (size_t i = 0; i < RELU_SECOND; i++) h[i] = 0.2;
    basin_copy(p.theta, moved, p.size);
    problem_rescale(f, h, moved);
    assert_true(changes(o, p.theta, moved, BASIN_SHARPNESS_relative_flatness) < 1e-10);
    assert_true(changes(o, p.theta, moved, BASIN_SHARPNESS_worst_direction) > 1e-1);
    for (size_t i = 0; i < RELU_FIRST; i++) f[i] = pow(5.0, 2.0 * basin_random_uniform(&r) - 1.0);
    for (size_t i = 0; i < RELU_SECOND; i++) h[i] = 1.0;
    basin_copy(p.theta, moved, p.size);
    problem_rescale(f, h, moved);
    assert_true(changes(o, p.theta, moved, BASIN_SHARPNESS_relative_flatness) > 1e-2);
    basin_free(moved);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* By draws as well, and their interval holds it: of a layer that is too large the trace is sampled. */
static void a_large_layer_is_sampled(void **state)
{
    problem                p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective       *o = NULL;
    basin_curvature       *c = NULL;
    const size_t           widths[] = {60, 50, 3}, size = 60 * 50;
    basin_sharpness_table *table;
    double                 sum = 0.0;

    (void)state;
    assert_ok(basin_graph_mlp(widths, 3, "Tanh", &p.graph));
    problem_data(&p, 20, 3, 0, 5);
    problem_theta(&p, 0.3, 6);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    table = measured(o, p.theta, BASIN_SHARPNESS_relative_flatness, 400);
    assert_int_equal(table->rows[0].number, BASIN_SHARPNESS_SAMPLED);
    assert_int_equal(table->rows[1].number, BASIN_SHARPNESS_EXACT);
    assert_string_equal(table->rows[0].part, "fc1.weight");
    assert_string_equal(table->rows[0].settings, "[50, 60], 400 draws");
    assert_int_equal(table->rows[0].products, 400);
    /* the definition itself, with every column of W in every column */
    double *v = basin_alloc(p.size, sizeof *v), *hv = basin_alloc(p.size, sizeof *hv);
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    for (size_t k = 0; k < 60; k++)
        for (size_t j = 0; j < 60; j++) {
            memset(v, 0, p.size * sizeof *v);
            for (size_t s = 0; s < 50; s++) v[s * 60 + j] = p.theta[s * 60 + k];
            assert_ok(basin_curvature_product(c, v, 1, hv));
            sum += basin_dot(v, hv, size);
        }
    assert_true(table->rows[0].error > 0.0 && table->rows[0].error < 0.3 * fabs(sum));
    assert_true(fabs(table->rows[0].value - sum) < 3.0 * table->rows[0].error);
    basin_curvature_destroy(&c);
    basin_free(v), basin_free(hv);
    basin_sharpness_table_destroy(&table);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* With f times the weights before a BatchNorm whose statistics follow, λ_max falls by f² and λ_max ‖θ‖²
   stays, up to its ε of 1e-5. */
static void scaled_curvature_has_no_scale_before_batch_norm(void **state)
{
    subject             s = load("oracle_resnet", BASIN_BN_REESTIMATE);
    const basin_params *p = basin_objective_params(s.o);
    double             *moved = basin_alloc(p->size, sizeof *moved);

    (void)state;
    basin_copy(s.ck->theta, moved, p->size);
    for (size_t i = 0; i < p->scale_group_count; i++) {
        const basin_block *block = &p->blocks[p->scale_groups[i].weight];
        basin_scale(i % 2 == 0 ? 4.0 : 0.5, moved + block->offset, block->size);
    }
    assert_true(changes(s.o, s.ck->theta, moved, BASIN_SHARPNESS_scaled_lambda_max) < 1e-3);
    assert_true(changes(s.o, s.ck->theta, moved, BASIN_SHARPNESS_scaled_trace) < 1e-3);
    assert_true(changes(s.o, s.ck->theta, moved, BASIN_SHARPNESS_worst_direction) > 1e-1);
    basin_free(moved);
    unload(&s);
}

/* Features and what is of them alone are the function's. */
static void confounders_do_not_see_attention_s_basis(void **state)
{
    subject             s = load("oracle_gpt", BASIN_BN_STORED);
    const basin_params *p = basin_objective_params(s.o);
    double             *moved = basin_alloc(p->size, sizeof *moved);

    (void)state;
    basin_copy(s.ck->theta, moved, p->size);
    pairs_transform(p, 10.0, 3, moved);
    assert_true(changes(s.o, s.ck->theta, moved, BASIN_SHARPNESS_feature_rank) == 0.0);
    assert_true(changes(s.o, s.ck->theta, moved, BASIN_SHARPNESS_neural_collapse) < 1e-9);
    assert_true(changes(s.o, s.ck->theta, moved, BASIN_SHARPNESS_worst_direction) > 1e-1);
    basin_free(moved);
    unload(&s);
}

static void what_is_not_there_is_said(void **state)
{
    double           a[] = {3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0}, theta[] = {1.0, 1.0, 1.0};
    basin_objective *o = NULL;
    static const struct {
        basin_sharpness_measure measure;
        const char             *why;
    } cases[] = {{BASIN_SHARPNESS_geodesic, "the objective is no network"},
                 {BASIN_SHARPNESS_relative_flatness, "no layer has a matrix of weights"},
                 {BASIN_SHARPNESS_scaled_trace, "no normalisation reads a layer: none is free of its scale"},
                 {BASIN_SHARPNESS_feature_rank, "no features are known"},
                 {BASIN_SHARPNESS_fisher_relative, "quadratic"}};

    (void)state;
    assert_ok(basin_test_quadratic(a, NULL, 0.0, 3, &o));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_sharpness_table *table = measured(o, theta, cases[i].measure, 0);
        for (size_t r = 0; r < table->row_count; r++) {
            assert_true(isnan(table->rows[r].value));
            assert_non_null(strstr(table->rows[r].missing, cases[i].why));
        }
        basin_sharpness_table_destroy(&table);
    }
    /* eigenvalues 3, 1, 0 */
    basin_sharpness_table *worst = measured(o, theta, BASIN_SHARPNESS_worst_direction, 0);
    basin_sharpness_table *least = measured(o, theta, BASIN_SHARPNESS_ascent_direction, 0);
    basin_sharpness_table *mean = measured(o, theta, BASIN_SHARPNESS_average_direction, 0);
    assert_close(worst->rows[0].value, 1.5, 1e-12, 0.0);
    assert_close(least->rows[0].value, 0.5, 1e-12, 0.0);
    assert_close(mean->rows[0].value, 4.0 / 6.0, 1e-12, 0.0);
    assert_string_equal(least->rows[0].settings, "2 of 3 eigenvalues are above 1e-4 of the largest");
    basin_sharpness_table_destroy(&worst);
    basin_sharpness_table_destroy(&least);
    basin_sharpness_table_destroy(&mean);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agree_with_pytorch),
        cmocka_unit_test(relative_flatness_has_no_scale_of_layers),
        cmocka_unit_test(a_large_layer_is_sampled),
        cmocka_unit_test(scaled_curvature_has_no_scale_before_batch_norm),
        cmocka_unit_test(confounders_do_not_see_attention_s_basis),
        cmocka_unit_test(what_is_not_there_is_said),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("structure", tests, NULL, NULL) : 1;
}
