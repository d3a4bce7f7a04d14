/* Truth from elsewhere: everything against PyTorch in double (tests/data/make_oracle.py). */
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/linalg.h"
#include "support.h"

/* Dataset /oracle/NAME of the checkpoint; caller frees. */
static double *expected(const char *file, const char *name, size_t count)
{
    char    path[64];
    double *values = basin_alloc(count, sizeof *values);
    hid_t   f = H5Fopen(basin_test_data(file), H5F_ACC_RDONLY, H5P_DEFAULT);

    snprintf(path, sizeof path, "/oracle/%s", name);
    hid_t d = H5Dopen2(f, path, H5P_DEFAULT), space = H5Dget_space(d);
    assert_int_equal((size_t)H5Sget_simple_extent_npoints(space), count);
    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    H5Fclose(f);
    return values;
}

typedef struct subject {
    const char       *file;
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_objective  *train, *test;
} subject;

static subject load(const char *file, basin_precision precision)
{
    subject s = {.file = file};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data,
                                      &(basin_network_options){.precision = precision}, &s.train));
    if (basin_dataset_split(s.data, "test") != NULL)
        assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data,
                                          &(basin_network_options){.split = "test", .precision = precision},
                                          &s.test));
    return s;
}

static void unload(subject *s)
{
    basin_objective_destroy(&s->train);
    basin_objective_destroy(&s->test);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

/* ‖a - b‖ / ‖b‖ */
static double relative_error(const double *a, const double *b, size_t n)
{
    double error = 0.0;
    for (size_t i = 0; i < n; i++) error += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(error) / basin_norm(b, n);
}

static void check_largest(const char *what, double error, double bound)
{
    print_message("    %-40s relative error %.1e (<= %.0e)\n", what, error, bound);
    assert_true(error <= bound);
}

/* Loss, gradient, H·v (one by one and as a block) and the full spectrum. */
static void derivatives_agree(const char *file)
{
    subject          s = load(file, BASIN_DOUBLE);
    size_t           n = basin_objective_size(s.train);
    basin_loss       loss;
    basin_curvature *curvature = NULL;
    basin_spectrum  *spectrum = NULL;
    double          *g = basin_alloc(n, sizeof *g), *hv = basin_alloc(3 * n, sizeof *hv);
    double          *one = basin_alloc(n, sizeof *one);
    double          *want_loss = expected(file, "loss", 1), *want_g = expected(file, "gradient", n);
    double          *block = expected(file, "block", 3 * n);
    double          *want_hv = expected(file, "products", 3 * n);
    double          *want_values = expected(file, "eigenvalues", n), worst = 0.0;

    print_message("  %s, %zu parameters\n", file, n);
    assert_ok(basin_objective_gradient(s.train, NULL, s.ck->theta, &loss, g));
    check_largest("loss", fabs(basin_loss_value(&loss) - want_loss[0]) / want_loss[0], 1e-13);
    check_largest("gradient", relative_error(g, want_g, n), 1e-12);
    assert_ok(basin_curvature_create(s.train, NULL, s.ck->theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, block, 3, hv));
    for (size_t j = 0; j < 3; j++) {
        assert_ok(basin_curvature_product(curvature, block + j * n, 1, one));
        worst = fmax(worst, fmax(relative_error(hv + j * n, want_hv + j * n, n),
                                 relative_error(one, want_hv + j * n, n)));
    }
    check_largest("H.v", worst, 1e-10);
    assert_ok(basin_test_spectrum_at(s.train, s.ck->theta,
                                     &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &spectrum));
    assert_int_equal(spectrum->count, n);
    worst = 0.0;
    for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs(spectrum->eigenvalues[i] - want_values[i]));
    check_largest("full spectrum, of |lambda|max",
                  worst / fmax(fabs(want_values[0]), fabs(want_values[n - 1])), 1e-9);
    basin_spectrum_destroy(&spectrum);
    basin_curvature_destroy(&curvature);
    double *arrays[] = {g, hv, one, want_loss, want_g, block, want_hv, want_values};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) basin_free(arrays[i]);
    unload(&s);
}

static void derivatives_and_spectra_agree_with_pytorch(void **state)
{
    const char *const files[] = {"oracle.h5",
                                 "oracle_relu_smoothed.h5",
                                 "oracle_gelu_bce.h5",
                                 "oracle_elu_mse.h5",
                                 "oracle_sigmoid_tanh.h5",
                                 "oracle_weighted.h5",
                                 "oracle_multi_label.h5",
                                 "oracle_tokens.h5",
                                 "oracle_token_labels.h5"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) derivatives_agree(files[i]);
}

/* Traced and saved by the Python package, held to the modules themselves (tests/data/make_networks.py). */
static void convolutional_residual_and_transformer_networks_agree_with_pytorch(void **state)
{
    const char *const files[] = {"oracle_lenet.h5", "oracle_resnet.h5", "oracle_vit.h5", "oracle_gpt.h5",
                                 "oracle_conv1d.h5"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) derivatives_agree(files[i]);
}

static double loss_with(const subject *s, const char *split, basin_bn bn)
{
    basin_objective *o = NULL;
    basin_loss       loss;

    assert_ok(basin_network_objective(s->ck->graph, &s->ck->loss, s->data,
                                      &(basin_network_options){.split = split, .bn = bn}, &o));
    assert_ok(basin_objective_loss(o, NULL, s->ck->theta, &loss));
    basin_objective_destroy(&o);
    return basin_loss_value(&loss);
}

/* Training mode, batches of 16 of 58 samples: through the statistics; stored and re-estimated ones
   (tests/data/make_batch_norm.py). */
static void statistics_of_batches_agree_with_pytorch(void **state)
{
    subject                     s = load("oracle_bn.h5", BASIN_DOUBLE);
    const basin_network_options options = {.bn = BASIN_BN_BATCH, .bn_batch = 16};
    const char *const           names[3] = {"stored", "reestimated", "reestimated_test"};
    size_t                      n = basin_objective_size(s.train);
    double                     *block = expected(s.file, "block", 3 * n);
    double                     *hv = basin_alloc(3 * n, sizeof *hv), *g = basin_alloc(n, sizeof *g);
    double                     *want[3] = {expected(s.file, "loss", 1), expected(s.file, "gradient", n),
                                           expected(s.file, "products", 3 * n)};
    basin_objective            *o = NULL;
    basin_curvature            *curvature = NULL;
    basin_loss                  loss;

    (void)state;
    assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data, &options, &o));
    assert_ok(basin_objective_gradient(o, NULL, s.ck->theta, &loss, g));
    check_largest("loss", fabs(basin_loss_value(&loss) - want[0][0]) / want[0][0], 1e-13);
    check_largest("gradient", relative_error(g, want[1], n), 1e-12);
    assert_ok(basin_curvature_create(o, NULL, s.ck->theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, block, 3, hv));
    for (size_t j = 0; j < 3; j++)
        check_largest("H.v", relative_error(hv + j * n, want[2] + j * n, n), 1e-10);
    for (size_t i = 0; i < 3; i++) {
        double *value = expected(s.file, names[i], 1);
        assert_close(loss_with(&s, i == 2 ? "test" : "train", i == 0 ? BASIN_BN_STORED : BASIN_BN_REESTIMATE),
                     value[0], 1e-13, 0.0);
        basin_free(value);
    }
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    double *arrays[] = {block, hv, g, want[0], want[1], want[2]};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) basin_free(arrays[i]);
    unload(&s);
}

static void lanczos_finds_pytorchs_extreme_eigenvalues(void **state)
{
    subject         s = load("oracle.h5", BASIN_DOUBLE);
    size_t          n = basin_objective_size(s.train);
    double         *want = expected("oracle.h5", "eigenvalues", n), worst = 0.0;
    basin_spectrum *spectrum = NULL;

    (void)state;
    assert_ok(basin_test_spectrum_at(
        s.train, s.ck->theta,
        &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS, .top = 10, .bottom = 5}, &spectrum));
    assert_true(spectrum->converged);
    for (size_t i = 0; i < 10; i++) worst = fmax(worst, fabs(spectrum->eigenvalues[i] - want[i]));
    for (size_t i = 0; i < 5; i++)
        worst = fmax(worst, fabs(spectrum->eigenvalues[spectrum->count - 1 - i] - want[n - 1 - i]));
    print_message("    %zu products\n", spectrum->products);
    check_largest("top 10 and bottom 5 by Lanczos", worst / want[0], 1e-8);
    basin_spectrum_destroy(&spectrum);
    basin_free(want);
    unload(&s);
}

static void sane_and_n_eff_agree(void **state)
{
    subject         s = load("oracle.h5", BASIN_DOUBLE);
    double         *sane = expected("oracle.h5", "sane", 1), *n_eff = expected("oracle.h5", "n_eff", 1);
    basin_spectrum *spectrum = NULL;
    basin_sane     *got = NULL;

    (void)state;
    /* 2,030 parameters: dense by itself */
    assert_ok(basin_test_spectrum_at(s.train, s.ck->theta, NULL, &spectrum));
    assert_int_equal(spectrum->method, BASIN_SPECTRUM_DENSE);
    assert_ok(basin_sane_compute(spectrum, &(basin_sane_options){.alpha = 0.01}, &got));
    check_largest("SANE", fabs(got->value - sane[0]) / sane[0], 1e-8);
    check_largest("N_eff", fabs(got->n_eff - n_eff[0]) / n_eff[0], 1e-8);
    basin_sane_destroy(&got);
    basin_spectrum_destroy(&spectrum);
    basin_free(sane);
    basin_free(n_eff);
    unload(&s);
}

static void surface_agrees(const basin_surface *surface, const char *name, size_t count)
{
    char    field[64];
    double *loss, *accuracy, worst = 0.0;

    snprintf(field, sizeof field, "%s_%s_loss", name, surface->split);
    loss = expected("oracle.h5", field, count);
    snprintf(field, sizeof field, "%s_%s_accuracy", name, surface->split);
    accuracy = expected("oracle.h5", field, count);
    assert_int_equal(surface->rows * surface->columns, count);
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs(surface->loss[i] - loss[i]) / loss[i]);
        assert_close(surface->accuracy[i], accuracy[i], 1e-14, 0.0);
    }
    snprintf(field, sizeof field, "slice %s, %s", name, surface->split);
    check_largest(field, worst, 1e-10);
    basin_free(loss);
    basin_free(accuracy);
}

static void slices_agree(void **state)
{
    subject          s = load("oracle.h5", BASIN_DOUBLE);
    basin_point     *point = NULL;
    basin_direction *d[2] = {NULL, NULL};
    basin_slice     *line = NULL, *plane = NULL;
    /* tighter than the default: what is compared are losses, not how well the direction has converged */
    basin_spectrum *spectrum = NULL;

    (void)state;
    assert_ok(basin_test_spectrum_at(
        s.train, s.ck->theta,
        &(basin_spectrum_options){
            .method = BASIN_SPECTRUM_LANCZOS, .top = 1, .vectors = true, .tolerance = 1e-12},
        &spectrum));
    assert_true(spectrum->converged);
    assert_ok(basin_direction_momentum(s.ck, &d[0]));
    assert_ok(basin_point_create(s.train, s.ck->theta, NULL, &point));
    assert_ok(basin_direction_eigen(point, 1, spectrum, &d[1]));
    basin_slice_request request = {
        .point = point,
        .other = s.test,
        .splits = {"train", "test"},
        .axis_count = 1,
        .directions = {d[0], d[1]},
        .from = {-1.0, -2.0},
        .to = {1.0, 2.0},
        .grid = {21, 5},
    };
    assert_ok(basin_slice_compute(&request, &line));
    request.axis_count = 2;
    assert_ok(basin_slice_compute(&request, &plane));
    for (size_t i = 0; i < 2; i++) {
        surface_agrees(&line->surfaces[i], "momentum", 21);
        surface_agrees(&plane->surfaces[i], "plane", 105);
    }
    basin_slice_destroy(&line);
    basin_slice_destroy(&plane);
    basin_spectrum_destroy(&spectrum);
    basin_direction_destroy(&d[0]);
    basin_direction_destroy(&d[1]);
    basin_point_destroy(&point);
    unload(&s);
}

/* Single precision, honestly: products to a few roundings of float. */
static void single_precision_stays_within_its_rounding(void **state)
{
    subject          s = load("oracle.h5", BASIN_SINGLE);
    size_t           n = basin_objective_size(s.train);
    basin_curvature *curvature = NULL;
    double          *block = expected("oracle.h5", "block", 3 * n);
    double          *want = expected("oracle.h5", "products", 3 * n), *hv = basin_alloc(3 * n, sizeof *hv);

    (void)state;
    assert_ok(basin_curvature_create(s.train, NULL, s.ck->theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, block, 3, hv));
    check_largest("H.v in single precision", relative_error(hv, want, 3 * n), 1e-5);
    basin_curvature_destroy(&curvature);
    basin_free(block);
    basin_free(want);
    basin_free(hv);
    unload(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_and_spectra_agree_with_pytorch),
        cmocka_unit_test(convolutional_residual_and_transformer_networks_agree_with_pytorch),
        cmocka_unit_test(statistics_of_batches_agree_with_pytorch),
        cmocka_unit_test(lanczos_finds_pytorchs_extreme_eigenvalues),
        cmocka_unit_test(sane_and_n_eff_agree),
        cmocka_unit_test(slices_agree),
        cmocka_unit_test(single_precision_stays_within_its_rounding),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("oracle", tests, NULL, NULL) : 1;
}
