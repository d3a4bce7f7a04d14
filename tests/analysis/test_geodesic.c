/* Geodesic sharpness: its space against its definition and against differences, its invariance, PyTorch. */
#include <hdf5.h>
#include <math.h>
#include <string.h>

#include "analysis/sharpness/auto_pgd.h"
#include "analysis/sharpness/geodesic.h"
#include "analysis/sharpness/quotient.h"
#include "core/linalg.h"
#include "core/random.h"
#include "pairs.h"
#include "support.h"

typedef struct subject {
    basin_checkpoint   *ck;
    basin_dataset      *data;
    basin_objective    *o;
    const basin_params *params;
    size_t              size;
    double             *theta; /* [P] */
} subject;

static subject load(const char *file)
{
    subject s = {0};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data, NULL, &s.o));
    s.params = basin_objective_params(s.o);
    s.size = s.params->size;
    s.theta = s.ck->theta;
    return s;
}

static void unload(subject *s)
{
    basin_objective_destroy(&s->o);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

static double *normals(size_t n, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    double      *x = basin_alloc(n, sizeof *x);

    basin_random_normals(&r, x, n);
    return x;
}

static double norm(basin_quotient *q, const double *x)
{
    return sqrt(basin_quotient_inner(q, x, x));
}

static double loss_at(basin_objective *o, const double *theta)
{
    basin_loss loss;

    assert_ok(basin_objective_loss(o, NULL, theta, &loss));
    return basin_loss_value(&loss);
}

/* ----------------------------------------------------------------------------------------------- space -- */

/* Also where the pairs are badly conditioned. */
static void horizontal_vectors_are_orthogonal_to_vertical_ones(void **state)
{
    static const double factors[] = {1e-2, 1.0, 1e2};
    subject             s = load("oracle_gpt.h5");

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double         *theta = basin_alloc(s.size, sizeof *theta), *x = normals(s.size, i);
        double         *v = basin_alloc(s.size, sizeof *v), *again = basin_alloc(s.size, sizeof *again);
        basin_quotient *q = NULL;
        basin_copy(s.theta, theta, s.size);
        if (i != 1) pairs_transform(s.params, factors[i], 5 + i, theta);
        assert_ok(basin_quotient_create(s.params, theta, &q));
        basin_quotient_project(q, x);
        for (uint64_t seed = 0; seed < 20; seed++) {
            pairs_vertical(s.params, theta, seed, v);
            assert_true(norm(q, v) > 0.0);
            assert_true(fabs(basin_quotient_inner(q, x, v)) <= 1e-12 * norm(q, x) * norm(q, v));
        }
        /* a second projection has nothing left to do, and of a vertical vector nothing is left */
        basin_copy(x, again, s.size);
        basin_quotient_project(q, again);
        for (size_t l = 0; l < s.size; l++) again[l] -= x[l];
        assert_true(norm(q, again) <= 1e-12 * norm(q, x));
        const double before = norm(q, v);
        basin_quotient_project(q, v);
        assert_true(norm(q, v) <= 1e-10 * before);
        basin_quotient_destroy(&q);
        basin_free(theta), basin_free(x), basin_free(v), basin_free(again);
    }
    unload(&s);
}

/* ⟨raised g, x⟩ = gᵀx for every horizontal x, where g is the gradient of a function of the products. */
static void a_raised_gradient_is_the_derivative(void **state)
{
    subject         s = load("oracle_vit.h5");
    double         *g = basin_alloc(s.size, sizeof *g), *raised = basin_alloc(s.size, sizeof *raised);
    double         *x = normals(s.size, 3);
    basin_quotient *q = NULL;
    basin_loss      loss;

    (void)state;
    assert_ok(basin_objective_gradient(s.o, NULL, s.theta, &loss, g));
    assert_ok(basin_quotient_create(s.params, s.theta, &q));
    basin_copy(g, raised, s.size);
    basin_quotient_raise(q, raised);
    basin_quotient_project(q, x);
    assert_close(basin_quotient_inner(q, raised, x), basin_dot(g, x, s.size), 1e-10, 0.0);
    basin_quotient_destroy(&q);
    basin_free(g), basin_free(raised), basin_free(x);
    unload(&s);
}

/* d/ds L(move(x + s y)) = yᵀ pull(∇L). */
static void a_pulled_gradient_agrees_with_differences(void **state)
{
    subject         s = load("oracle_vit.h5");
    double         *g = basin_alloc(s.size, sizeof *g), *at = basin_alloc(s.size, sizeof *at);
    double         *x = normals(s.size, 4), *y = normals(s.size, 5), *z = basin_alloc(s.size, sizeof *z);
    const double    h = 1e-5;
    basin_quotient *q = NULL;
    basin_loss      loss;
    double          value[2];

    (void)state;
    assert_ok(basin_quotient_create(s.params, s.theta, &q));
    basin_quotient_project(q, x);
    basin_quotient_project(q, y);
    basin_scale(0.5 / norm(q, x), x, s.size);
    basin_scale(1.0 / norm(q, y), y, s.size);
    basin_quotient_move(q, x, at);
    assert_ok(basin_objective_gradient(s.o, NULL, at, &loss, g));
    basin_quotient_pull(q, x, g);
    for (int i = 0; i < 2; i++) {
        basin_copy(x, z, s.size);
        basin_axpy(i == 0 ? h : -h, y, z, s.size);
        basin_quotient_move(q, z, at);
        value[i] = loss_at(s.o, at);
    }
    assert_close((value[0] - value[1]) / (2.0 * h), basin_dot(g, y, s.size), 1e-6, 1e-9);
    basin_quotient_destroy(&q);
    basin_free(g), basin_free(at), basin_free(x), basin_free(y), basin_free(z);
    unload(&s);
}

/* A geodesic keeps its speed and stays horizontal: the velocity x − Γ(x, x) t at theta + t x − ½ t² Γ,
   measured by the metric there, is ‖x‖ up to t². Without the Christoffel term it is off by t. */
static void geodesics_keep_their_speed(void **state)
{
    subject         s = load("oracle_gpt.h5");
    double         *x = basin_alloc(s.size, sizeof *x), *there = basin_alloc(s.size, sizeof *there);
    double          off[2];
    basin_quotient *q = NULL, *moved = NULL;

    (void)state;
    basin_random r = basin_random_start(6, BASIN_STREAM_TEST);
    assert_ok(basin_quotient_create(s.params, s.theta, &q));
    assert_ok(basin_quotient_random(q, &r, x));
    basin_scale(1.0 / norm(q, x), x, s.size);
    for (int i = 0; i < 2; i++) {
        const double t = i == 0 ? 1e-3 : 2e-3;
        double      *velocity = basin_alloc(s.size, sizeof *velocity);
        basin_scale(t, x, s.size);
        basin_quotient_move(q, x, there);
        for (size_t l = 0; l < s.size; l++) velocity[l] = (2.0 * (there[l] - s.theta[l]) - x[l]) / t;
        basin_scale(1.0 / t, x, s.size);
        assert_ok(basin_quotient_create(s.params, there, &moved));
        off[i] = fabs(norm(moved, velocity) - 1.0);
        basin_quotient_destroy(&moved);
        basin_free(velocity);
    }
    assert_true(off[0] > 0.0 && off[1] / off[0] > 3.0); /* of second order */
    basin_quotient_destroy(&q);
    basin_free(x), basin_free(there);
    unload(&s);
}

static void a_singular_gram_matrix_is_refused(void **state)
{
    subject                  s = load("oracle_gpt.h5");
    double                  *theta = basin_alloc(s.size, sizeof *theta);
    const basin_factor_pair *pair = &s.params->pairs[2];
    basin_quotient          *q = NULL;

    (void)state;
    basin_copy(s.theta, theta, s.size);
    for (size_t i = 0; i < pair->rows[1]; i++) /* column 2 twice column 1 */
        theta[pair->place[1][i * pair->width + 1]] = 2.0 * theta[pair->place[1][i * pair->width]];
    assert_status(basin_quotient_create(s.params, theta, &q), BASIN_ERR_NUMERIC);
    assert_message("head 3: queries and keys: the Gram matrix of the second, [13, 4], is singular: column 2");
    basin_free(theta);
    unload(&s);
}

/* -------------------------------------------------------------------------------------------- Auto-PGD -- */

/* ½ Σ a_i x_i² + b x in a Euclidean ball. */
typedef struct bowl {
    const double *a, *b;
    size_t        n;
    double        radius;
} bowl;

static basin_status climb_bowl(void *payload, const double *x, double *f, double *ascent)
{
    const bowl *w = payload;

    *f = 0.0;
    for (size_t i = 0; i < w->n; i++) {
        *f += 0.5 * w->a[i] * x[i] * x[i] + w->b[i] * x[i];
        ascent[i] = w->a[i] * x[i] + w->b[i];
    }
    const double norm = basin_norm(ascent, w->n);
    if (norm > 0.0) basin_scale(1.0 / norm, ascent, w->n);
    return BASIN_OK;
}

static void project_bowl(void *payload, double *x)
{
    const bowl  *w = payload;
    const double norm = basin_norm(x, w->n);

    if (norm > w->radius) basin_scale(w->radius / norm, x, w->n);
}

static void auto_pgd_finds_the_maximum_of_a_quadratic(void **state)
{
    const double     a[] = {3.0, 1.0, -2.0, 0.5}, b[] = {0.0, 0.0, 0.0, 0.0}, slope[] = {0.0, 0.0, 2.0, 0.0};
    bowl             w = {a, b, 4, 0.7};
    const basin_ball ball = {
        .size = 4, .radius = 0.7, .steps = 60, .payload = &w, .climb = climb_bowl, .project = project_bowl};
    double x[] = {0.1, 0.3, 0.5, -0.2}, best;

    (void)state;
    assert_ok(basin_auto_pgd(&ball, x, &best));
    assert_close(best, 0.5 * 3.0 * 0.49, 1e-9, 0.0);
    assert_true(basin_norm(x, 4) <= 0.7 * (1.0 + 1e-12));
    /* an inner maximum is met as closely as the halved steps come, and never overstated */
    const double     hill[] = {-1.0, -1.0, -4.0, -1.0};
    bowl             h = {hill, slope, 4, 3.0};
    const basin_ball wide = {
        .size = 4, .radius = 3.0, .steps = 100, .payload = &h, .climb = climb_bowl, .project = project_bowl};
    double y[] = {0.5, 0.5, -1.0, 0.5};
    assert_ok(basin_auto_pgd(&wide, y, &best));
    assert_true(best <= 0.5 && best > 0.499);
}

/* --------------------------------------------------------------------------------------------- measure -- */

static basin_sharpness_table *measured(basin_objective *o, const double *theta, const double *rho,
                                       size_t count)
{
    const basin_sharpness_measure measure = BASIN_SHARPNESS_geodesic;
    basin_sharpness_table        *table = NULL;
    basin_point                  *point = NULL;

    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(basin_sharpness_table_compute(
        point,
        &(basin_sharpness_table_options){
            .measures = &measure, .measure_count = 1, .rho = rho, .rho_count = count},
        &table));
    basin_point_destroy(&point);
    return table;
}

/* The same network as a function that knows no pairs: its geodesic sharpness is the adaptive one. */
static basin_objective *without_pairs(const subject *s)
{
    basin_objective *o = NULL;
    size_t          *blocks = basin_alloc(s->params->count, sizeof *blocks);

    for (size_t i = 0; i < s->params->count; i++) blocks[i] = i;
    assert_ok(basin_objective_restrict(s->o, s->theta,
                                       &(basin_part){.blocks = blocks, .count = s->params->count}, &o));
    assert_int_equal(basin_objective_params(o)->pair_count, 0);
    basin_free(blocks);
    return o;
}

/* 1e-8 under A = a Gaussian of every head, a from 1e-2 to 1e2, where adaptive sharpness moves. */
static void attention_s_changes_of_basis_leave_it_alone(void **state)
{
    static const double rho[] = {0.1}, factors[] = {1e-2, 1e-1, 1.0, 10.0, 1e2};

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        subject                s = load(f == 0 ? "oracle_vit.h5" : "oracle_gpt.h5");
        basin_objective       *blind = without_pairs(&s);
        basin_sharpness_table *before = measured(s.o, s.theta, rho, 1),
                              *adaptive = measured(blind, s.theta, rho, 1);
        assert_true(before->rows[0].value > 0.0);
        for (size_t i = 0; i < 5; i++) {
            double *theta = basin_alloc(s.size, sizeof *theta);
            basin_copy(s.theta, theta, s.size);
            pairs_transform(s.params, factors[i], 40 + i, theta);
            basin_sharpness_table *after = measured(s.o, theta, rho, 1),
                                  *moved = measured(blind, theta, rho, 1);
            print_message("    %s, a = %g: geodesic %.12g (%.1e), adaptive %.6g, before %.6g\n",
                          f == 0 ? "vit" : "gpt", factors[i], after->rows[0].value,
                          after->rows[0].value / before->rows[0].value - 1.0, moved->rows[0].value,
                          adaptive->rows[0].value);
            assert_close(after->rows[0].value, before->rows[0].value, 1e-8, 0.0);
            assert_true(fabs(moved->rows[0].value / adaptive->rows[0].value - 1.0) > 1e-2);
            basin_sharpness_table_destroy(&after);
            basin_sharpness_table_destroy(&moved);
            basin_free(theta);
        }
        basin_sharpness_table_destroy(&before);
        basin_sharpness_table_destroy(&adaptive);
        basin_objective_destroy(&blind);
        unload(&s);
    }
}

/* /NAME [2, count] of oracle_geodesic.h5; caller frees. */
static double *expected(const char *name, size_t count)
{
    double *values = basin_alloc(count, sizeof *values);
    hid_t   f = H5Fopen(basin_test_data("oracle_geodesic.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t   d = H5Dopen2(f, name, H5P_DEFAULT), space = H5Dget_space(d);

    assert_int_equal((size_t)H5Sget_simple_extent_npoints(space), count);
    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    H5Fclose(f);
    return values;
}

enum { RADII = 3 };

static void agrees_with_pytorch(void **state)
{
    static const char *const names[] = {"oracle", "oracle_resnet", "oracle_vit", "oracle_gpt"};
    double                  *rho = expected("rho", RADII);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char         file[40];
        basin_point *point = NULL;
        double      *want = expected(names[i], 2 * RADII), worst = 0.0;
        snprintf(file, sizeof file, "%s.h5", names[i]);
        subject                s = load(file);
        basin_sharpness_table *table = measured(s.o, s.theta, rho, RADII);
        assert_ok(basin_point_create(s.o, s.theta, NULL, &point));
        for (size_t l = 0; l < 2 * RADII; l++) {
            const basin_sharpness_table_options options = {0};
            basin_sharpness_row                 row = {.rho = rho[l % RADII]};
            basin_sharpening                    task;
            double                              value;
            assert_ok(basin_sharpening_begin(point, &options, &task));
            assert_ok(basin_geodesic_from(&task, l / RADII, &row, &value));
            assert_int_equal(row.steps, 20);
            worst = fmax(worst, fabs(value / want[l] - 1.0));
            assert_close(value, want[l], 1e-8, 0.0);
            /* the measure is the best of all starts */
            assert_true(table->rows[l % RADII].value >= want[l] * (1.0 - 1e-8));
        }
        print_message("    %-14s relative error %.1e\n", names[i], worst);
        basin_sharpness_table_destroy(&table);
        basin_point_destroy(&point);
        basin_free(want);
        unload(&s);
    }
    basin_free(rho);
}

static void it_says_what_it_is_of(void **state)
{
    static const double    rho[] = {0.05};
    subject                mlp = load("oracle.h5"), gpt = load("oracle_gpt.h5");
    basin_sharpness_table *a = measured(mlp.o, mlp.theta, rho, 1), *b = measured(gpt.o, gpt.theta, rho, 1);
    double                *theta = basin_alloc(gpt.size, sizeof *theta);

    (void)state;
    assert_string_equal(a->rows[0].settings,
                        "no attention: worst-case adaptive, l2, c = |theta|; 20 steps from 3 starts");
    assert_string_equal(b->rows[0].settings, "6 pairs, no regulariser; 20 steps from 3 starts");
    assert_int_equal(b->rows[0].number, BASIN_SHARPNESS_LOWER_BOUND);
    assert_int_equal(b->rows[0].gradients, 1 + 3 * 21);
    /* at theta = 0 there is no metric */
    basin_sharpness_table *none = measured(gpt.o, theta, rho, 1);
    assert_true(isnan(none->rows[0].value));
    assert_non_null(strstr(none->rows[0].missing, "is singular"));
    basin_sharpness_table_destroy(&a);
    basin_sharpness_table_destroy(&b);
    basin_sharpness_table_destroy(&none);
    basin_free(theta);
    unload(&mlp);
    unload(&gpt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(horizontal_vectors_are_orthogonal_to_vertical_ones),
        cmocka_unit_test(a_raised_gradient_is_the_derivative),
        cmocka_unit_test(a_pulled_gradient_agrees_with_differences),
        cmocka_unit_test(geodesics_keep_their_speed),
        cmocka_unit_test(a_singular_gram_matrix_is_refused),
        cmocka_unit_test(auto_pgd_finds_the_maximum_of_a_quadratic),
        cmocka_unit_test(attention_s_changes_of_basis_leave_it_alone),
        cmocka_unit_test(agrees_with_pytorch),
        cmocka_unit_test(it_says_what_it_is_of),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("geodesic", tests, NULL, NULL) : 1;
}
