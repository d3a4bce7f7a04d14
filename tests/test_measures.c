/* One row of measures against the functions it is made of, and where some of them are undefined. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"

enum { P = 6 };

static const double lambda6[P] = {9.0, 4.0, 1.0, 0.5, 0.0, -1.0}, b6[P] = {1.0, 0.5, -0.3, 0.2, 0.1, 0.4},
                    theta6[P] = {0.3, -0.2, 0.5, 0.1, -0.4, 0.2};

/* A checkpoint whose theta has P entries: a 5-1 perceptron. The objectives here are quadratics, which do not ask. */
static void make_checkpoint(basin_checkpoint **ck, const char *method, const double *momentum)
{
    basin_graph *graph = NULL;

    assert_ok(basin_graph_mlp((size_t[]){5, 1}, 2, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, ck));
    assert_int_equal((*ck)->params->size, P);
    memcpy((*ck)->theta, theta6, sizeof theta6);
    (*ck)->method = basin_strdup(method);
    (*ck)->step = 40, (*ck)->gradient_evaluations = 80, (*ck)->epoch = 40.0, (*ck)->seconds = 0.5;
    (*ck)->hyper =
        (basin_hyperparameters){.learning_rate = 0.1, .momentum = 0.9, .rho = 0.2, .weight_decay = 0.01, .weight_decay_coupled = true, .seed = 7};
    if (momentum != NULL) {
        (*ck)->states = basin_alloc(1, sizeof *(*ck)->states);
        (*ck)->state_count = 1;
        (*ck)->states[0].name = basin_strdup("momentum");
        (*ck)->states[0].values = basin_alloc(P, sizeof(double));
        memcpy((*ck)->states[0].values, momentum, P * sizeof *momentum);
    }
    basin_graph_destroy(&graph);
}

static double quadratic_at(const double *a, const double *x)
{
    double value = 2.0 - basin_dot(b6, x, P);

    for (size_t i = 0; i < P; i++) value += 0.5 * x[i] * basin_dot(a + i * P, x, P);
    return value;
}

static void a_row_is_what_its_parts_say(void **unused)
{
    static const double momentum[P] = {0.1, 0.2, -0.3, 0.4, 0.0, 0.1};
    double              a[P * P], g[P], shifted[P];
    basin_objective    *train = NULL, *test = NULL;
    basin_checkpoint   *ck = NULL;
    basin_measures      m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_test_quadratic(a, b6, 2.75, P, &test));
    make_checkpoint(&ck, "msam", momentum);
    assert_ok(basin_measures_compute(train, test, ck, &(basin_measures_options){.rho = 0.3}, &m));

    assert_string_equal(m.method, "msam");
    assert_string_equal(m.spectrum_method, "dense");
    assert_null(m.run);
    assert_null(m.missing);
    assert_int_equal(m.seed, 7);
    assert_int_equal(m.step, 40);
    assert_int_equal(m.gradient_evaluations, 80);
    assert_int_equal(m.parameters, P);
    assert_close(m.lambda_max, 9.0, 1e-12, 0.0);
    assert_close(m.lambda_min, -1.0, 1e-12, 0.0);
    assert_close(m.trace, 13.5, 1e-12, 0.0);
    assert_close(m.negative_mass, 1.0 / 15.5, 1e-12, 0.0);
    double sane = 0.0, n_eff = 0.0;
    for (size_t i = 0; i < P; i++) sane += fabs(lambda6[i]) / (fabs(lambda6[i]) + 4.5), n_eff += fabs(lambda6[i]) / (fabs(lambda6[i]) + 0.5);
    assert_close(m.sane, sane, 1e-12, 0.0);
    assert_close(m.n_eff, n_eff, 1e-12, 0.0);
    assert_close(m.alpha, 0.5, 0.0, 0.0); /* not the recorded 0.01: rows of other runs stand beside this one */
    assert_close(m.train_loss, quadratic_at(a, theta6), 1e-13, 0.0);
    assert_close(m.gap, 0.75, 1e-12, 0.0);
    assert_true(isnan(m.test_accuracy));
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(a + i * P, theta6, P) - b6[i];
    assert_close(m.gradient_norm, basin_norm(g, P), 1e-13, 0.0);
    assert_close(m.momentum_gradient_cosine, basin_dot(g, momentum, P) / basin_norm(g, P) / basin_norm(momentum, P), 1e-12, 0.0);
    basin_copy(theta6, shifted, P);
    basin_axpy(0.3 / basin_norm(g, P), g, shifted, P);
    assert_close(m.sharpness_sam, quadratic_at(a, shifted) - quadratic_at(a, theta6), 1e-11, 0.0);
    basin_copy(theta6, shifted, P);
    basin_axpy(-0.3 / basin_norm(momentum, P), momentum, shifted, P);
    assert_close(m.sharpness_msam, quadratic_at(a, shifted) - quadratic_at(a, theta6), 1e-11, 0.0);
    assert_close(m.sharpness_rho, 0.3, 0.0, 0.0);
    assert_close(m.ceiling, 3.8 / (0.1 + 0.4 / basin_norm(momentum, P)) - 0.01, 1e-13, 0.0);
    assert_close(m.theta_norm, basin_norm(theta6, P), 1e-15, 0.0);
    basin_measures_clear(&m);
    basin_measures_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
    basin_objective_destroy(&test);
}

/* --include-weight-decay: lambda_max is that of L + w/2 ‖theta‖², so its ceiling is w higher; SAM's step still goes by ∇L. */
static void the_ceiling_is_of_the_objective_that_lambda_max_is_of(void **unused)
{
    double            a[P * P];
    basin_objective  *train = NULL;
    basin_checkpoint *ck = NULL;
    basin_measures    bare = {0}, decayed = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "sam", NULL);
    assert_ok(basin_measures_compute(train, NULL, ck, NULL, &bare));
    assert_ok(basin_objective_decay_set(train, 0.5));
    assert_ok(basin_measures_compute(train, NULL, ck, NULL, &decayed));
    assert_close(decayed.lambda_max, bare.lambda_max + 0.5, 1e-12, 0.0);
    assert_true(fabs(decayed.gradient_norm - bare.gradient_norm) > 1e-3);
    assert_close(decayed.ceiling, bare.ceiling + 0.5, 1e-14, 0.0);
    assert_close(bare.ceiling, basin_ceiling("sam", &ck->hyper, bare.gradient_norm, NAN), 1e-14, 0.0);
    basin_measures_clear(&bare);
    basin_measures_clear(&decayed);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
}

static void what_is_not_there_is_nan(void **unused)
{
    static const double zero[P * P], still[P];
    double              a[P * P];
    basin_objective    *train = NULL, *flat = NULL;
    basin_checkpoint   *ck = NULL;
    basin_measures      m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_test_quadratic(zero, b6, 2.0, P, &flat));
    make_checkpoint(&ck, "msam", still); /* v = 0 before the first step */
    assert_ok(basin_measures_compute(train, NULL, ck, NULL, &m));
    assert_true(isnan(m.test_loss) && isnan(m.gap) && isnan(m.sharpness_msam) && isnan(m.ceiling) && isnan(m.momentum_gradient_cosine));
    assert_close(m.sharpness_rho, 0.05, 0.0, 0.0);
    basin_measures_clear(&m);
    assert_ok(basin_measures_compute(train, NULL, ck, &(basin_measures_options){.spectrum = {.method = BASIN_SPECTRUM_LANCZOS, .top = 1}}, &m));
    assert_close(m.lambda_max, 9.0, 1e-8, 0.0);
    assert_true(isnan(m.lambda_min));
    assert_string_equal(m.spectrum_method, "lanczos");
    basin_measures_clear(&m);
    assert_ok(basin_measures_compute(flat, NULL, ck, NULL, &m)); /* H = 0: SANE is undefined, the rest stands */
    assert_true(isnan(m.sane) && isnan(m.n_eff));
    assert_close(m.lambda_max, 0.0, 0.0, 0.0);
    assert_false(m.stationary);
    basin_measures_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
    basin_objective_destroy(&flat);
}

static void what_does_not_fit_is_refused(void **unused)
{
    double            a[P * P];
    basin_objective  *train = NULL, *other = NULL;
    basin_checkpoint *ck = NULL;
    basin_measures    m = {.seed = 99};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_test_quadratic(a, b6, 2.0, P - 1, &other));
    make_checkpoint(&ck, "gd", NULL);
    assert_status(basin_measures_compute(train, other, ck, NULL, &m), BASIN_ERR_SHAPE);
    assert_message("the test objective has 5 parameters, the checkpoint 6");
    assert_status(basin_measures_compute(train, NULL, ck, &(basin_measures_options){.rho = -1.0}, &m), BASIN_ERR_ARG);
    assert_message("rho -1");
    assert_status(basin_measures_compute(train, NULL, ck, &(basin_measures_options){.sane = {.kappa = -1.0}}, &m), BASIN_ERR_ARG);
    ck->theta[2] = NAN;
    assert_status(basin_measures_compute(train, NULL, ck, NULL, &m), BASIN_ERR_VALUE);
    assert_message("fc1.weight");
    assert_int_equal(m.seed, 99);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
    basin_objective_destroy(&other);
}

typedef struct material {
    basin_objective  *train;
    basin_checkpoint *ck;
} material;

static basin_status measure_once(void *payload)
{
    material      *with = payload;
    basin_measures m = {0};
    basin_status   st = basin_measures_compute(with->train, NULL, with->ck, NULL, &m);

    basin_measures_clear(&m);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    double   a[P * P];
    material with = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &with.train));
    make_checkpoint(&with.ck, "sam", b6);
    basin_test_every_allocation(measure_once, &with);
    basin_checkpoint_destroy(&with.ck);
    basin_objective_destroy(&with.train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_what_its_parts_say),
        cmocka_unit_test(the_ceiling_is_of_the_objective_that_lambda_max_is_of),
        cmocka_unit_test(what_is_not_there_is_nan),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("measures", tests, NULL, NULL);
}
