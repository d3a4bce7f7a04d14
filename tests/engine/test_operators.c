/* Operators beside the Hessian: generalised Gauss-Newton, Fisher, covariance. Against PyTorch in double
   (tests/data/make_operators.py), against each other, and what is refused. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "problem.h"
#include "support.h"

enum { VECTORS = 2 };

/* The first `count` numbers of a dataset; caller frees. */
static double *numbers(const char *file, const char *path, size_t count)
{
    hid_t   f = H5Fopen(basin_test_data(file), H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t   d = H5Dopen2(f, path, H5P_DEFAULT), space = H5Dget_space(d);
    size_t  all = (size_t)H5Sget_simple_extent_npoints(space);
    double *values = basin_alloc(all, sizeof *values);

    assert_true(all >= count);
    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    H5Fclose(f);
    return values;
}

static void products(basin_objective *o, const double *theta, basin_curvature_kind kind, const double *v,
                     size_t k, double *av)
{
    basin_curvature *c = NULL;

    assert_ok(basin_curvature_create(o, NULL, theta, kind, &c));
    assert_false(basin_curvature_approximate(c));
    assert_ok(basin_curvature_product(c, v, k, av));
    basin_curvature_destroy(&c);
}

static void agree(const char *what, const double *a, const double *b, size_t n, double bound)
{
    double error = 0.0, norm = basin_norm(b, n);

    for (size_t i = 0; i < n; i++) error += (a[i] - b[i]) * (a[i] - b[i]);
    print_message("    %-40s relative error %.1e (<= %.0e)\n", what, sqrt(error) / norm, bound);
    assert_true(sqrt(error) <= bound * norm);
}

/* ------------------------------------------------------------------------------------- against PyTorch -- */

typedef struct truth { /* [VECTORS, P] each */
    double *v, *hessian, *ggn, *empirical, *gradient /* [P] */;
} truth;

static truth read_truth(const char *name, size_t n)
{
    char  file[64], path[64];
    truth t;

    snprintf(file, sizeof file, "%s.h5", name);
    t.v = numbers(file, "/oracle/block", VECTORS * n);
    t.hessian = numbers(file, "/oracle/products", VECTORS * n);
    t.gradient = numbers(file, "/oracle/gradient", n);
    snprintf(path, sizeof path, "/%s/ggn", name);
    t.ggn = numbers("oracle_operators.h5", path, VECTORS * n);
    snprintf(path, sizeof path, "/%s/fisher_empirical", name);
    t.empirical = numbers("oracle_operators.h5", path, VECTORS * n);
    return t;
}

/* One by one and together, kept and recomputed: the same to the last bit between the latter two. */
static void operator_agrees(basin_objective *o, const double *theta, basin_curvature_kind kind,
                            const truth *t, const double *want, double bound)
{
    const size_t n = basin_objective_size(o);
    double      *av = basin_alloc(VECTORS * n, sizeof *av), *again = basin_alloc(VECTORS * n, sizeof *again);

    products(o, theta, kind, t->v, VECTORS, av);
    agree(basin_curvature_kind_text(kind), av, want, VECTORS * n, bound);
    basin_memory_limit_set(1000);
    products(o, theta, kind, t->v, VECTORS, again);
    basin_memory_limit_set(0);
    assert_memory_equal(av, again, VECTORS * n * sizeof *av);
    for (size_t j = 0; j < VECTORS; j++) products(o, theta, kind, t->v + j * n, 1, again + j * n);
    agree("one by one", again, want, VECTORS * n, bound);
    basin_free(av);
    basin_free(again);
}

static void network_agrees(const char *name, basin_precision precision, double bound)
{
    char              file[64];
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;
    basin_objective  *o = NULL;

    snprintf(file, sizeof file, "%s.h5", name);
    print_message("  %s\n", name);
    assert_ok(basin_checkpoint_read(basin_test_data(file), &ck));
    assert_ok(basin_checkpoint_dataset(ck, NULL, &data));
    assert_ok(basin_network_objective(ck->graph, &ck->loss, data,
                                      &(basin_network_options){.precision = precision}, &o));
    const size_t n = basin_objective_size(o);
    truth        t = read_truth(name, n);
    operator_agrees(o, ck->theta, BASIN_GGN, &t, t.ggn, bound);
    operator_agrees(o, ck->theta, BASIN_FISHER_EMPIRICAL, &t, t.empirical, bound);
    for (size_t i = 0; i < VECTORS * n; i++) t.hessian[i] -= t.ggn[i];
    operator_agrees(o, ck->theta, BASIN_RESIDUAL, &t, t.hessian, 10.0 * bound);
    for (size_t j = 0; j < VECTORS; j++)
        basin_axpy(-basin_dot(t.gradient, t.v + j * n, n), t.gradient, t.empirical + j * n, n);
    operator_agrees(o, ck->theta, BASIN_COVARIANCE, &t, t.empirical, 10.0 * bound);
    double *all[] = {t.v, t.hessian, t.ggn, t.empirical, t.gradient};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) basin_free(all[i]);
    basin_objective_destroy(&o);
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
}

static const char *const networks[] = {"oracle",         "oracle_relu_smoothed", "oracle_gelu_bce",
                                       "oracle_elu_mse", "oracle_weighted",      "oracle_tokens",
                                       "oracle_lenet",   "oracle_resnet",        "oracle_vit",
                                       "oracle_gpt",     "oracle_conv1d"};

static void every_operator_agrees_with_pytorch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        network_agrees(networks[i], BASIN_DOUBLE, 1e-12);
}

static void single_precision_stays_within_its_rounding(void **state)
{
    (void)state;
    network_agrees("oracle", BASIN_SINGLE, 1e-5);
    network_agrees("oracle_gpt", BASIN_SINGLE, 1e-5);
}

/* ---------------------------------------------------------------------------------- against each other -- */

static problem mlp(const size_t *widths, size_t count, const char *activation, basin_loss_kind kind)
{
    problem p = {.loss = {.kind = kind}};

    assert_ok(basin_graph_mlp(widths, count, activation, &p.graph));
    problem_data(&p, 41, widths[count - 1], 0, 11);
    problem_theta(&p, 0.4, 12);
    return p;
}

/* H = G where the outputs are linear in theta. */
static void hessian_of_a_linear_model_is_its_ggn(void **state)
{
    (void)state;
    for (int kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY; kind <= BASIN_LOSS_MSE; kind++) {
        problem          p = mlp((size_t[]){3, 4}, 2, NULL, (basin_loss_kind)kind);
        basin_objective *o = NULL;
        double           hv[16], gv[16], rest[16];
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        products(o, p.theta, BASIN_HESSIAN, p.theta, 1, hv);
        products(o, p.theta, BASIN_GGN, p.theta, 1, gv);
        products(o, p.theta, BASIN_RESIDUAL, p.theta, 1, rest);
        for (size_t i = 0; i < p.size; i++) {
            assert_close(gv[i], hv[i], 1e-13, 1e-15);
            assert_close(rest[i], 0.0, 0.0, 0.0);
        }
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* With the model's own distribution the expected Fisher matrix is G, to the last bit: it is the same code. */
static void fisher_is_the_ggn(void **state)
{
    (void)state;
    for (int kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY; kind <= BASIN_LOSS_MSE; kind++) {
        problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", (basin_loss_kind)kind);
        basin_objective *o = NULL;
        double           gv[64], fv[64];
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        products(o, p.theta, BASIN_GGN, p.theta, 1, gv);
        products(o, p.theta, BASIN_FISHER, p.theta, 1, fv);
        assert_memory_equal(gv, fv, p.size * sizeof *gv);
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* vᵀFv of one draw of the labels. */
static double drawn(const problem *p, uint64_t seed)
{
    basin_objective *o = NULL;
    double           fv[64];

    assert_ok(
        basin_network_objective(p->graph, &p->loss, &p->data, &(basin_network_options){.seed = seed}, &o));
    products(o, p->theta, BASIN_FISHER_SAMPLED, p->theta, 1, fv);
    basin_objective_destroy(&o);
    return basin_dot(p->theta, fv, p->size);
}

/* The mean over draws tends to vᵀGv: within four standard errors, and not the same draw again. */
static void sampled_fisher_is_unbiased(void **state)
{
    enum { DRAWS = 600 };

    (void)state;
    for (int kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY; kind <= BASIN_LOSS_MSE; kind++) {
        problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", (basin_loss_kind)kind);
        basin_objective *o = NULL;
        double           gv[64], sum = 0.0, squares = 0.0;
        if (kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY)
            p.loss.label_smoothing = 0.2; /* the model's, not the data's */
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        products(o, p.theta, BASIN_GGN, p.theta, 1, gv);
        for (uint64_t seed = 0; seed < DRAWS; seed++) {
            const double x = drawn(&p, seed);
            sum += x, squares += x * x;
        }
        const double mean = sum / DRAWS, deviation = sqrt(squares / DRAWS - mean * mean);
        const double want = basin_dot(p.theta, gv, p.size);
        print_message("    %s: %g, drawn %g ± %g\n", basin_loss_name(p.loss.kind), want, mean,
                      deviation / sqrt(DRAWS));
        assert_true(deviation > 0.01 * want);
        assert_close(mean, want, 0.0, 4.0 * deviation / sqrt(DRAWS));
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* Labels are the sample's own: neither threads nor memory change them. */
static void a_draw_is_the_same_bits_again(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_objective *o = NULL;
    double           fv[64], again[64];

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, &(basin_network_options){.seed = 9}, &o));
    products(o, p.theta, BASIN_FISHER_SAMPLED, p.theta, 1, fv);
    basin_threads_set(1);
    basin_memory_limit_set(1000);
    products(o, p.theta, BASIN_FISHER_SAMPLED, p.theta, 1, again);
    basin_memory_limit_set(0);
    basin_threads_set(0);
    assert_memory_equal(fv, again, p.size * sizeof *fv);
    assert_true(drawn(&p, 9) != drawn(&p, 10));
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* The trace of the covariance is the mean of ‖g_i - g‖², from gradients of single samples. */
static void covariance_is_that_of_the_samples_gradients(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE);
    basin_objective *o = NULL;
    const size_t     n = p.size;
    double          *cv = basin_alloc(n, sizeof *cv), *want = basin_alloc(n, sizeof *want);
    double          *g = basin_alloc(n, sizeof *g), *one = basin_alloc(n, sizeof *one);

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, NULL, g));
    for (size_t i = 0; i < 41; i++) {
        assert_ok(basin_objective_gradient(o, &(basin_samples){&i, 1}, p.theta, NULL, one));
        basin_axpy(-1.0, g, one, n);
        basin_axpy(basin_dot(one, p.theta, n) / 41.0, one, want, n);
    }
    products(o, p.theta, BASIN_COVARIANCE, p.theta, 1, cv);
    agree("covariance", cv, want, n, 1e-12);
    basin_objective_destroy(&o);
    problem_release(&p);
    basin_free(cv);
    basin_free(want);
    basin_free(g);
    basin_free(one);
}

/* ------------------------------------------------------------------------------------------ at a point -- */

static basin_spectrum *spectrum_of(basin_objective *o, const double *theta,
                                   const basin_point_options *options)
{
    basin_point    *point = NULL;
    basin_spectrum *s = NULL;

    assert_ok(basin_point_create(o, theta, options, &point));
    assert_ok(basin_spectrum_compute(point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &s));
    basin_point_destroy(&point);
    return s;
}

/* No eigenvalue of G below 0; its weight decay moves all of them; the way down is the Hessian's. */
static void the_spectrum_at_a_point_is_the_operators(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE);
    basin_objective *o = NULL;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    basin_spectrum *h = spectrum_of(o, p.theta, NULL);
    basin_spectrum *g = spectrum_of(o, p.theta, &(basin_point_options){.operator_kind = BASIN_GGN});
    basin_spectrum *w = spectrum_of(
        o, p.theta, &(basin_point_options){.operator_kind = BASIN_GGN, .included = {.value = 0.25}});
    basin_spectrum *r = spectrum_of(
        o, p.theta, &(basin_point_options){.operator_kind = BASIN_RESIDUAL, .included = {.value = 0.25}});
    assert_int_equal(g->operator_kind, BASIN_GGN);
    assert_true(h->eigenvalues[h->count - 1] < -1e-3);
    assert_true(g->eigenvalues[g->count - 1] >= -g->residuals[0]);
    for (size_t i = 0; i < g->count; i++)
        assert_close(w->eigenvalues[i], g->eigenvalues[i] + 0.25, 1e-12, 1e-13);
    assert_close(h->trace, g->trace + r->trace, 1e-12, 0.0);
    assert_close(g->stationarity.curvature, h->stationarity.curvature, 0.0, 0.0);
    assert_close(g->gradient_norm, h->gradient_norm, 0.0, 0.0);
    basin_spectrum *all[] = {h, g, w, r};
    for (size_t i = 0; i < 4; i++) basin_spectrum_destroy(&all[i]);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* S H S with S = diag(s) has the eigenvalues of S² H, of which the trace is Σ s_i² H_ii. */
static void a_scale_stands_on_both_sides(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE);
    basin_objective *o = NULL;
    double           scale[64], v[64] = {0.0}, hv[64], trace = 0.0;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    for (size_t i = 0; i < p.size; i++) {
        scale[i] = 0.5 + 0.1 * (double)(i % 7);
        v[i] = 1.0;
        products(o, p.theta, BASIN_HESSIAN, v, 1, hv);
        v[i] = 0.0;
        trace += scale[i] * scale[i] * (hv[i] + 0.125);
    }
    basin_spectrum *s =
        spectrum_of(o, p.theta, &(basin_point_options){.scale = scale, .included = {.value = 0.125}});
    assert_true(s->preconditioned);
    assert_close(s->trace, trace, 1e-12, 0.0);
    assert_true(s->asymmetry < 1e-14);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* v / (1 - 0.9²) of the second step; 2 · 1.8 / (0.2 · 0.05). */
static void adams_scale_has_its_closed_form(void **state)
{
    problem           p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE);
    basin_checkpoint *ck = NULL;
    double            scale[64], ceiling;

    (void)state;
    assert_ok(basin_checkpoint_create(p.graph, &ck));
    assert_status(basin_checkpoint_adam(ck, 0.9, 1e-8, scale, &ceiling), BASIN_ERR_MISSING);
    assert_message("no second moments of the gradient saved");
    ck->states = basin_alloc(1, sizeof *ck->states), ck->state_count = 1;
    ck->states[0] = (basin_state){basin_strdup("second_moment"), basin_alloc(p.size, sizeof(double))};
    for (size_t i = 0; i < p.size; i++) ck->states[0].values[i] = 0.01 * (double)(i * i);
    ck->step = 2, ck->hyper.momentum = 0.8, ck->hyper.learning_rate = 0.05;
    assert_ok(basin_checkpoint_adam(ck, 0.9, 1e-2, scale, &ceiling));
    assert_close(ceiling, 2.0 * 1.8 / (0.2 * 0.05), 1e-14, 0.0);
    for (size_t i = 0; i < p.size; i++)
        assert_close(scale[i], 1.0 / sqrt(0.1 * (double)i / sqrt(0.19) + 1e-2), 1e-13, 0.0);
    ck->step = -1, ck->hyper.learning_rate = NAN;
    assert_ok(basin_checkpoint_adam(ck, 0.9, 1e-2, scale, &ceiling));
    assert_close(scale[3], 1.0 / sqrt(0.3 + 1e-2), 1e-13, 0.0);
    assert_true(isnan(ceiling));
    assert_status(basin_checkpoint_adam(ck, 0.0, 1e-2, scale, &ceiling), BASIN_ERR_ARG);
    ck->states[0].values[7] = -1.0;
    assert_status(basin_checkpoint_adam(ck, 0.9, 1e-2, scale, &ceiling), BASIN_ERR_VALUE);
    assert_message("the second moment of parameter 7 is -1");
    basin_checkpoint_destroy(&ck);
    problem_release(&p);
}

/* -------------------------------------------------------------------------------------------- refusals -- */

static void what_is_no_operator_of_the_loss_is_refused(void **state)
{
    double           weights[] = {1.0, 2.0, 1.0, 1.0}, scale[] = {1.0, 0.0};
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_objective *o = NULL, *quadratic = basin_test_planted_objective((double[]){2.0, 1.0}, 2, 3);
    basin_curvature *c = NULL;
    basin_point     *point = NULL;

    (void)state;
    p.loss.weights = weights, p.loss.weight_count = 4;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_status(basin_curvature_create(o, NULL, p.theta, BASIN_FISHER, &c), BASIN_ERR_UNSUPPORTED);
    assert_message("softmax_cross_entropy with weights is no -log p");
    assert_status(basin_curvature_create(o, NULL, p.theta, BASIN_FISHER_SAMPLED, &c), BASIN_ERR_UNSUPPORTED);
    assert_message("no fisher-sampled matrix");
    assert_status(basin_curvature_create(quadratic, NULL, p.theta, BASIN_GGN, &c), BASIN_ERR_UNSUPPORTED);
    assert_message("no ggn");
    assert_status(basin_curvature_create(quadratic, NULL, p.theta, BASIN_COVARIANCE, &c),
                  BASIN_ERR_UNSUPPORTED);
    assert_status(basin_curvature_create(o, NULL, p.theta, BASIN_CURVATURES, &c), BASIN_ERR_ARG);
    assert_null(c);
    assert_status(basin_point_create(o, p.theta,
                                     &(basin_point_options){.operator_kind = BASIN_FISHER_EMPIRICAL,
                                                            .included = {.value = 0.1}},
                                     &point),
                  BASIN_ERR_ARG);
    assert_message("weight decay is no part of a sample's loss");
    assert_status(basin_point_create(quadratic, p.theta, &(basin_point_options){.scale = scale}, &point),
                  BASIN_ERR_ARG);
    assert_message("the scale of parameter 1 is 0");
    assert_null(point);
    basin_objective_destroy(&o);
    basin_objective_destroy(&quadratic);
    problem_release(&p);
}

static void names_are_found_and_unknown_ones_list_them(void **state)
{
    basin_curvature_kind kind;

    (void)state;
    for (int i = 0; i < BASIN_CURVATURES; i++) {
        assert_ok(basin_curvature_kind_find(basin_curvature_kind_text((basin_curvature_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_status(basin_curvature_kind_find("gauss", &kind), BASIN_ERR_ARG);
    assert_message("operator gauss is none of hessian | ggn | residual");
}

static basin_status whole_life(void *payload)
{
    basin_status     st = BASIN_OK;
    problem         *p = payload;
    basin_objective *o = NULL;
    basin_curvature *c = NULL;
    basin_point     *point = NULL;
    double           av[64], scale[64];

    for (size_t i = 0; i < p->size; i++) scale[i] = 2.0;
    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(
        basin_curvature_create(o, &(basin_samples){(size_t[]){1, 2}, 2}, p->theta, BASIN_COVARIANCE, &c));
    BASIN_TRY(basin_curvature_product(c, p->theta, 1, av));
    BASIN_TRY(basin_point_create(
        o, p->theta, &(basin_point_options){.operator_kind = BASIN_FISHER_SAMPLED, .scale = scale}, &point));
    BASIN_TRY(basin_point_product(point, p->theta, 1, av));
done:
    basin_point_destroy(&point);
    basin_curvature_destroy(&c);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = mlp((size_t[]){3, 5, 4}, 3, "Relu", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);

    (void)state;
    basin_threads_set(1);
    basin_test_every_allocation(whole_life, &p);
    basin_threads_set(0);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_agrees_with_pytorch),
        cmocka_unit_test(single_precision_stays_within_its_rounding),
        cmocka_unit_test(hessian_of_a_linear_model_is_its_ggn),
        cmocka_unit_test(fisher_is_the_ggn),
        cmocka_unit_test(sampled_fisher_is_unbiased),
        cmocka_unit_test(a_draw_is_the_same_bits_again),
        cmocka_unit_test(covariance_is_that_of_the_samples_gradients),
        cmocka_unit_test(the_spectrum_at_a_point_is_the_operators),
        cmocka_unit_test(a_scale_stands_on_both_sides),
        cmocka_unit_test(adams_scale_has_its_closed_form),
        cmocka_unit_test(what_is_no_operator_of_the_loss_is_refused),
        cmocka_unit_test(names_are_found_and_unknown_ones_list_them),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("operators", tests, NULL, NULL) : 1;
}
