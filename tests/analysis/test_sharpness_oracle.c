/* Measures of sharpness against PyTorch's autograd and the papers' formulas (tests/data/make_sharpness.py):
 * an MLP with Tanh and one with ReLU, a convolutional network, one with BatchNorm and two transformers, each
 * at four points. What is deterministic agrees to 1e-8, what is sampled within three standard errors of both,
 * and a maximum found in a ball is at least as high as that of the reference with as many steps, or in a box
 * as the best of the reference's three.
 */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "support.h"

enum { POINTS = 4, DRAWS = 200 };

static const char *const networks[] = {"oracle",        "oracle_relu_smoothed", "oracle_lenet",
                                       "oracle_resnet", "oracle_vit",           "oracle_gpt"};
enum { NETWORKS = sizeof networks / sizeof *networks };

static const double scales[POINTS] = {0.6, 0.8, 1.0, 1.25};

static bool normalized; /* are logits normalised, here and in the reference? */

/* Dataset NETWORK/MEASURE: one number a point. */
static void expected(const char *network, const char *measure, const char *more, double *out)
{
    char  path[100];
    hid_t f = H5Fopen(basin_test_data("oracle_sharpness.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);

    snprintf(path, sizeof path, "/%s/%s%s%s", network, normalized ? "normalized/" : "", measure, more);
    hid_t d = H5Dopen2(f, path, H5P_DEFAULT);
    assert_true(d >= 0);
    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Dclose(d);
    H5Fclose(f);
}

typedef struct subject {
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_objective  *o;
    double           *theta;
} subject;

static subject load(const char *network)
{
    subject s = {NULL, NULL, NULL, NULL};
    char    file[60];

    snprintf(file, sizeof file, "%s.h5", network);
    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    s.ck->loss.normalizes = normalized;
    assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data, NULL, &s.o));
    s.theta = basin_alloc(s.ck->params->size, sizeof *s.theta);
    return s;
}

static void unload(subject *s)
{
    basin_free(s->theta);
    basin_objective_destroy(&s->o);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

/* One measure at one radius and the point `scale` theta; the caller destroys. */
static basin_sharpness_table *measure_at(subject *s, double scale, basin_sharpness_measure m, double rho,
                                         basin_sharpness_table_options how)
{
    basin_point           *point = NULL;
    basin_sharpness_table *t = NULL;

    for (size_t i = 0; i < s->ck->params->size; i++) s->theta[i] = scale * s->ck->theta[i];
    how.measures = &m, how.measure_count = 1;
    if (!isnan(rho)) how.rho = &rho, how.rho_count = 1;
    how.momentum = basin_checkpoint_momentum(s->ck);
    assert_ok(basin_point_create(s->o, s->theta, NULL, &point));
    assert_ok(basin_sharpness_table_compute(point, &how, &t));
    basin_point_destroy(&point);
    assert_int_equal(t->row_count, 1);
    return t;
}

typedef void (*judge)(const char *network, size_t point, const basin_sharpness_row *row, double reference,
                      double error);

/* The measure of every network at every point, beside the reference's value and its error, if it has one. */
static void hold(basin_sharpness_measure m, double rho, basin_sharpness_table_options how, bool error,
                 judge compare)
{
    const char *name = basin_sharpness_entries[m].name;

    for (size_t n = 0; n < NETWORKS; n++) {
        subject s = load(networks[n]);
        double  values[POINTS], errors[POINTS] = {0};
        expected(networks[n], name, "", values);
        if (error) expected(networks[n], name, "_error", errors);
        /* what is drawn takes long: two of the points */
        for (size_t p = error ? 1 : 0; p < (error ? 3 : POINTS); p++) {
            if (isnan(values[p]) || isnan(errors[p])) continue; /* no crossing: sigma */
            basin_sharpness_table *t = measure_at(&s, scales[p], m, rho, how);
            compare(networks[n], p, &t->rows[0], values[p], errors[p]);
            basin_sharpness_table_destroy(&t);
        }
        unload(&s);
    }
}

static void agrees(const char *network, size_t point, const basin_sharpness_row *row, double reference,
                   double error)
{
    (void)error;
    if (!(fabs(row->value - reference) <= 1e-8 * fabs(reference) + 1e-12))
        fail_msg("%s at %g of %s: %.17g, PyTorch has %.17g", basin_sharpness_entries[row->measure].name,
                 scales[point], network, row->value, reference);
}

static void what_is_deterministic_agrees(void **state)
{
    const basin_sharpness_table_options defaults = {0}, five = {.steps = 5}, each = {.batch_size = 1};

    (void)state;
    hold(BASIN_SHARPNESS_sam, 0.05, defaults, false, agrees);
    hold(BASIN_SHARPNESS_msam, 0.05, defaults, false, agrees);
    hold(BASIN_SHARPNESS_asam, 0.5, defaults, false, agrees);
    hold(BASIN_SHARPNESS_asam_all, 0.5, defaults, false, agrees);
    hold(BASIN_SHARPNESS_ascent, 0.1, five, false, agrees);
    hold(BASIN_SHARPNESS_m_sharpness, 0.05, each, false, agrees);
}

/* Three standard errors of both. A variance in a standard deviation's place, or draws that are not centred at
   0, are far outside. */
static void close_enough(const char *network, size_t point, const basin_sharpness_row *row, double reference,
                         double error)
{
    if (!(fabs(row->value - reference) <= 3.0 * hypot(row->error, error)))
        fail_msg("%s at %g of %s: %g ± %g, PyTorch has %g ± %g", basin_sharpness_entries[row->measure].name,
                 scales[point], network, row->value, row->error, reference, error);
}

static void what_is_drawn_agrees_within_its_errors(void **state)
{
    const basin_sharpness_table_options drawn = {.draws = DRAWS, .seed = 1};

    (void)state;
    hold(BASIN_SHARPNESS_average, 0.05, drawn, true, close_enough);
    hold(BASIN_SHARPNESS_adaptive_average, 0.1, drawn, true, close_enough);
}

/* The interval is of about two standard errors to each side. Where the reference found no crossing there is
   none. */
static void sigma_agrees(const char *network, size_t point, const basin_sharpness_row *row, double reference,
                         double error)
{
    const double own = (isnan(row->upper) ? row->value - row->lower : 0.5 * (row->upper - row->lower)) / 2.0;
    if (!(fabs(row->value - reference) <= 3.0 * hypot(own, error)))
        fail_msg("%s at %g of %s: %g in [%g, %g], PyTorch has %g ± %g",
                 basin_sharpness_entries[row->measure].name, scales[point], network, row->value, row->lower,
                 row->upper, reference, error);
}

static void the_noise_that_accuracy_stands_agrees_within_its_errors(void **state)
{
    const basin_sharpness_table_options drawn = {.draws = 25, .seed = 1};

    (void)state;
    hold(BASIN_SHARPNESS_pac_bayes, NAN, drawn, true, sigma_agrees);
    hold(BASIN_SHARPNESS_adaptive_pac_bayes, NAN, drawn, true, sigma_agrees);
}

static size_t higher, lower, points;

static void is_as_high(const char *network, size_t point, const basin_sharpness_row *row, double reference,
                       double error)
{
    (void)error;
    points++;
    higher += row->value > reference * (1.0 + 1e-6);
    assert_int_equal(row->number, BASIN_SHARPNESS_LOWER_BOUND);
    if (row->value >= reference * (1.0 - 1e-6)) return;
    lower++;
    print_error("%s at %g of %s: %.10g, the reference found %.10g\n",
                basin_sharpness_entries[row->measure].name, scales[point], network, row->value, reference);
}

static void maxima_found_are_at_least_as_high(void **state)
{
    const basin_sharpness_table_options twenty = {.steps = 20}, ten = {.steps = 10};

    (void)state;
    higher = lower = points = 0;
    hold(BASIN_SHARPNESS_worst_l2, 0.3, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_worst_linf, 0.01, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_adaptive_worst_l2, 1.0, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_adaptive_worst_linf, 0.05, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_box, 0.005, ten, false, is_as_high);
    print_message("    %zu maxima, %zu of them higher than the reference's\n", points, higher);
    assert_int_equal(points, 5 * NETWORKS * POINTS);
    assert_int_equal(lower, 0);
}

/* Logits of mean 0 and norm 1 (Andriushchenko et al.): loss, rises, means and maxima. */
static void of_normalised_logits_too(void **state)
{
    const basin_sharpness_table_options defaults = {0}, five = {.steps = 5}, twenty = {.steps = 20};
    const basin_sharpness_table_options drawn = {.draws = DRAWS, .seed = 1};

    (void)state;
    normalized = true;
    for (size_t n = 0; n < NETWORKS; n++) {
        subject s = load(networks[n]);
        double  losses[POINTS];
        expected(networks[n], "loss", "", losses);
        for (size_t p = 0; p < POINTS; p++) {
            basin_sharpness_table *t = measure_at(&s, scales[p], BASIN_SHARPNESS_sam, 0.05, defaults);
            assert_close(t->loss, losses[p], 1e-12, 0.0);
            basin_sharpness_table_destroy(&t);
        }
        unload(&s);
    }
    hold(BASIN_SHARPNESS_sam, 0.05, defaults, false, agrees);
    hold(BASIN_SHARPNESS_asam_all, 0.5, defaults, false, agrees);
    hold(BASIN_SHARPNESS_ascent, 0.1, five, false, agrees);
    hold(BASIN_SHARPNESS_average, 0.05, drawn, true, close_enough);
    hold(BASIN_SHARPNESS_adaptive_average, 0.1, drawn, true, close_enough);
    higher = lower = points = 0;
    hold(BASIN_SHARPNESS_worst_l2, 0.3, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_worst_linf, 0.01, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_adaptive_worst_l2, 1.0, twenty, false, is_as_high);
    hold(BASIN_SHARPNESS_adaptive_worst_linf, 0.05, twenty, false, is_as_high);
    print_message("    %zu maxima, %zu of them higher than the reference's\n", points, higher);
    assert_int_equal(lower, 0);
    normalized = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_deterministic_agrees),
        cmocka_unit_test(what_is_drawn_agrees_within_its_errors),
        cmocka_unit_test(the_noise_that_accuracy_stands_agrees_within_its_errors),
        cmocka_unit_test(maxima_found_are_at_least_as_high),
        cmocka_unit_test(of_normalised_logits_too),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("sharpness_oracle", tests, NULL, NULL)
                                          : 1;
}
