/* One row of measures against the functions it is made of, and where some of them are undefined. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "problem.h"

enum { P = 6 };

static const double lambda6[P] = {9.0, 4.0, 1.0, 0.5, 0.0, -1.0}, b6[P] = {1.0, 0.5, -0.3, 0.2, 0.1, 0.4},
                    theta6[P] = {0.3, -0.2, 0.5, 0.1, -0.4, 0.2};

/* A checkpoint whose theta has P entries: a 5-1 perceptron. The objectives here are quadratics, which do not
   ask. */
static void make_checkpoint(basin_checkpoint **ck, const char *method, const double *momentum)
{
    basin_graph *graph = NULL;

    assert_ok(basin_graph_mlp((size_t[]){5, 1}, 2, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, ck));
    assert_int_equal((*ck)->params->size, P);
    memcpy((*ck)->theta, theta6, sizeof theta6);
    (*ck)->method = basin_strdup(method);
    (*ck)->step = 40, (*ck)->gradient_evaluations = 80, (*ck)->epoch = 40.0, (*ck)->seconds = 0.5;
    (*ck)->hyper = (basin_hyperparameters){.learning_rate = 0.1,
                                           .momentum = 0.9,
                                           .rho = 0.2,
                                           .weight_decay = 0.01,
                                           .weight_decay_coupled = true,
                                           .seed = 7};
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

static double curvature_along(const double *a, const double *d)
{
    double sum = 0.0, norm = basin_norm(d, P);

    for (size_t i = 0; i < P; i++) sum += d[i] * basin_dot(a + i * P, d, P);
    return sum / norm / norm;
}

static void top_vector(basin_objective *o, const double *theta, double *top)
{
    basin_spectrum *s = NULL;

    assert_ok(basin_test_spectrum_at(
        o, theta, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .vectors = true, .top = 1}, &s));
    basin_copy(s->vectors, top, P);
    basin_spectrum_destroy(&s);
}

/* At a point of its own, with what the checkpoint records. */
static basin_status row_at(basin_objective *train, basin_objective *test, basin_objective *clean,
                           const basin_checkpoint *ck, const basin_point_options *record,
                           const basin_row_options *options, basin_row *out)
{
    basin_status        st = BASIN_OK;
    basin_point_options recorded = basin_point_recorded(ck);
    basin_point        *point = NULL;

    BASIN_TRY(basin_point_create(train, ck->theta, record != NULL ? record : &recorded, &point));
    BASIN_TRY(basin_row_compute(point, test, clean, ck, options, out));
done:
    basin_point_destroy(&point);
    return st;
}

/* What it is of, and its spectrum, which is planted. */
static void assert_planted(const basin_row *row)
{
    double sane = 0.0, n_eff = 0.0;

    assert_string_equal(row->method, "msam");
    assert_int_equal(row->spectrum_method, BASIN_SPECTRUM_DENSE);
    assert_null(row->run);
    assert_null(row->missing);
    assert_int_equal(row->seed, 7);
    assert_int_equal(row->step, 40);
    assert_int_equal(row->gradient_evaluations, 80);
    assert_int_equal(row->parameters, P);
    assert_close(row->lambda_max.value, 9.0, 1e-12, 0.0);
    assert_close(row->lambda_min.value, -1.0, 1e-12, 0.0);
    assert_close(row->trace.value, 13.5, 1e-12, 0.0);
    assert_close(row->negative_mass.value, 1.0 / 15.5, 1e-12, 0.0);
    for (size_t i = 0; i < P; i++)
        sane += fabs(lambda6[i]) / (fabs(lambda6[i]) + 4.5),
            n_eff += fabs(lambda6[i]) / (fabs(lambda6[i]) + 0.5);
    assert_close(row->sane.value, sane, 1e-12, 0.0);
    assert_close(row->n_eff.value, n_eff, 1e-12, 0.0);
    /* not the recorded 0.01: rows of other runs stand beside this one */
    assert_close(row->alpha, 0.5, 0.0, 0.0);
}

/* Along its own directions, and nothing that was not asked for. */
static void assert_curvatures(const basin_row *m, const double *a, const double *g, const double *momentum)
{
    assert_close(m->curvature_gradient.value, curvature_along(a, g), 1e-12, 0.0);
    assert_close(m->curvature_momentum.value, curvature_along(a, momentum), 1e-12, 0.0);
    assert_close(m->curvature_random.value, 13.5 / P, 1e-12, 0.0);
    assert_true(isnan(m->critical_sharpness.value) && isnan(m->gradient_top_energy.value));
    assert_true(isnan(m->subspace) && isnan(m->batch_samples) && m->turning.dimension == 0);
}

static void a_row_is_what_its_parts_say(void **unused)
{
    static const double momentum[P] = {0.1, 0.2, -0.3, 0.4, 0.0, 0.1};
    double              a[P * P], g[P], shifted[P], top[P];
    basin_objective    *train = NULL, *test = NULL, *clean = NULL;
    basin_checkpoint   *ck = NULL;
    basin_point_options record;
    basin_row           m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_test_quadratic(a, b6, 2.75, P, &test));
    assert_ok(basin_test_quadratic(a, b6, 1.5, P, &clean));
    make_checkpoint(&ck, "msam", momentum);
    record = basin_point_recorded(ck), record.products = 2;
    assert_ok(row_at(train, test, clean, ck, &record, &(basin_row_options){.rho = 0.3}, &m));

    assert_planted(&m);
    assert_close(m.train_loss.value, quadratic_at(a, theta6), 1e-13, 0.0);
    assert_close(m.gap.value, 0.75, 1e-12, 0.0);
    assert_close(m.clean_train_loss.value, m.train_loss.value - 0.5, 1e-13, 0.0);
    assert_close(m.clean_gap.value, 1.25, 1e-12, 0.0);
    assert_true(isnan(m.test_accuracy.value));
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(a + i * P, theta6, P) - b6[i];
    assert_close(m.gradient_norm.value, basin_norm(g, P), 1e-13, 0.0);
    assert_close(m.momentum_gradient_cosine.value,
                 basin_dot(g, momentum, P) / basin_norm(g, P) / basin_norm(momentum, P), 1e-12, 0.0);
    basin_copy(theta6, shifted, P);
    basin_axpy(0.3 / basin_norm(g, P), g, shifted, P);
    assert_close(m.sharpness_sam.value, quadratic_at(a, shifted) - quadratic_at(a, theta6), 1e-11, 0.0);
    basin_copy(theta6, shifted, P);
    basin_axpy(-0.3 / basin_norm(momentum, P), momentum, shifted, P);
    assert_close(m.sharpness_msam.value, quadratic_at(a, shifted) - quadratic_at(a, theta6), 1e-11, 0.0);
    /* of a quadratic the symmetrised rise along a unit direction d is ½ρ² dᵀAd */
    assert_close(m.sharpness_sam_symmetric.value, 0.045 * curvature_along(a, g), 1e-11, 0.0);
    assert_close(m.sharpness_msam_symmetric.value, 0.045 * curvature_along(a, momentum), 1e-11, 0.0);
    /* the vector is known to 1e-4 ‖H‖, its curvature to the square of that */
    assert_close(m.rise_top.value, 0.045 * 9.0, 1e-8, 0.0);
    assert_close(m.sharpness_rho, 0.3, 0.0, 0.0);
    assert_curvatures(&m, a, g, momentum);
    assert_true(isnan(m.rise_random.value)); /* a quadratic has no filters to normalise by */
    top_vector(train, theta6, top);
    assert_close(m.momentum_top_cosine2.value,
                 pow(basin_dot(momentum, top, P) / basin_norm(momentum, P), 2.0), 1e-4, 1e-6);
    assert_close(m.gradient_top_cosine2.value, pow(basin_dot(g, top, P) / basin_norm(g, P), 2.0), 1e-4, 1e-6);
    assert_int_equal(m.stationarity.products, 2);
    assert_int_equal(m.stationarity.verdict, BASIN_DESCENT_FOUND);
    assert_close(m.ceiling_plain.value, 38.0 - 0.01, 1e-13, 0.0);
    assert_close(m.lambda_max_over_plain.value, 9.0 / (38.0 - 0.01), 1e-12, 0.0);
    assert_close(m.lambda_max_over_ceiling.value, 9.0 / m.ceiling.value, 1e-12, 0.0);
    assert_close(m.ceiling.value, 3.8 / (0.1 + 0.4 / basin_norm(momentum, P)) - 0.01, 1e-13, 0.0);
    assert_close(m.theta_norm.value, basin_norm(theta6, P), 1e-15, 0.0);
    basin_row_clear(&m);
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
    basin_objective_destroy(&test);
    basin_objective_destroy(&clean);
}

/* ------------------------------------------------------------------------------------------ on request -- */

/* The next step of each method by its recursion, of a quadratic with coupled weight decay 0.01. */
static void next_step(const char *method, const double *a, const double *v, double *u)
{
    double       x[P], g[P];
    const double rho = 0.2, eta = 0.1, beta = 0.9;

    for (size_t i = 0; i < P; i++) x[i] = theta6[i], g[i] = basin_dot(a + i * P, theta6, P) - b6[i];
    const bool ascends = strcmp(method, "sam") == 0 || strcmp(method, "usam") == 0;
    if (strcmp(method, "nag") == 0) basin_axpy(-eta * beta, v, x, P);
    if (strcmp(method, "sam") == 0) basin_axpy(rho / basin_norm(g, P), g, x, P);
    if (strcmp(method, "usam") == 0) basin_axpy(rho, g, x, P);
    if (strcmp(method, "msam") == 0) basin_axpy(-rho / basin_norm(v, P), v, x, P);
    for (size_t i = 0; i < P; i++)
        u[i] = basin_dot(a + i * P, x, P) - b6[i] + beta * v[i] + 0.01 * (ascends ? theta6[i] : x[i]);
}

/* Of a quadratic the loss crosses where its model does. */
static void critical_sharpness_of_a_quadratic_is_that_of_its_model_along_the_methods_step(void **unused)
{
    static const char *const methods[] = {"gd", "sgd", "nag", "sam", "usam", "msam"};
    double                   a[P * P], g[P], v[P], u[P], au[P];
    basin_objective         *train = NULL;

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(a + i * P, theta6, P) - b6[i];
    for (size_t i = 0; i < P; i++) v[i] = 0.5 * g[i] + 0.1 * theta6[i];
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        basin_checkpoint *ck = NULL;
        basin_row         m = {0};
        make_checkpoint(&ck, methods[i], v);
        assert_ok(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.request = BASIN_NEEDS_STEP}, &m));
        next_step(methods[i], a, v, u);
        for (size_t j = 0; j < P; j++) au[j] = basin_dot(a + j * P, u, P);
        const double expected = basin_dot(u, au, P) / basin_dot(u, g, P);
        assert_true(expected > 0.0);
        assert_close(m.critical_quadratic.value, expected, 1e-11, 0.0);
        assert_close(m.step_gradient_cosine.value, basin_dot(u, g, P) / basin_norm(u, P) / basin_norm(g, P),
                     1e-12, 0.0);
        assert_close(m.critical_sharpness.value, expected, 1e-3, 0.0);
        assert_true(m.critical_sharpness.lower <= expected && expected <= m.critical_sharpness.upper);
        assert_int_equal(m.critical_sharpness.interval, BASIN_INTERVAL_BOUNDS);
        basin_row_clear(&m);
        basin_checkpoint_destroy(&ck);
    }
    basin_objective_destroy(&train);
}

static void assert_no_critical(basin_objective *train, const char *method, const double *v, double momentum,
                               bool known)
{
    basin_checkpoint *ck = NULL;
    basin_row         m = {0};

    make_checkpoint(&ck, method, v);
    ck->hyper.momentum = momentum;
    assert_ok(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.request = BASIN_NEEDS_STEP}, &m));
    assert_true(isnan(m.critical_sharpness.value) && isnan(m.critical_quadratic.value));
    assert_true(known ? m.step_gradient_cosine.value <= 0.0 : isnan(m.step_gradient_cosine.value));
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
}

static void a_step_uphill_or_unknown_has_no_critical_sharpness(void **unused)
{
    double           a[P * P], uphill[P];
    basin_objective *train = NULL;

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    for (size_t i = 0; i < P; i++) uphill[i] = -3.0 * (basin_dot(a + i * P, theta6, P) - b6[i]);
    assert_no_critical(train, "gd", uphill, 0.9, true); /* v leads against the gradient */
    assert_no_critical(train, "gd", NULL, 0.9, false);  /* v was not saved */
    assert_no_critical(train, "gd", uphill, NAN, false);
    assert_no_critical(train, "adam", uphill, 0.9, false);
    basin_objective_destroy(&train);
}

/* L = Σ (x_i⁴ − 6 x_i³ + 9 x_i²): along the gradient of one coordinate there are several crossings. */
static basin_status wavy_loss(void *ctx, const basin_samples *s, const double *x, basin_loss *out)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = 0.0, .weight = 1.0};
    for (size_t i = 0; i < P; i++) out->sum += x[i] * x[i] * (x[i] - 3.0) * (x[i] - 3.0);
    return BASIN_OK;
}

static basin_status wavy_gradient(void *ctx, const basin_samples *s, const double *x, basin_loss *out,
                                  double *g)
{
    for (size_t i = 0; i < P; i++) g[i] = 2.0 * x[i] * (x[i] - 3.0) * (2.0 * x[i] - 3.0);
    return wavy_loss(ctx, s, x, out);
}

/* From 3.2 the loss is as high again at 2.77…, at 0.23… and at −0.2: the first counts. */
static void critical_sharpness_is_of_the_first_crossing(void **unused)
{
    static const basin_objective_type wavy = {.name = "wavy", .loss = wavy_loss, .gradient = wavy_gradient};
    basin_objective                  *o = NULL;
    basin_checkpoint                 *ck = NULL;
    basin_row                         m = {0};
    const double slope = 2.0 * 3.2 * 0.2 * 3.4, first = 0.5 * (3.0 + sqrt(9.0 - 4.0 * 0.64));

    (void)unused;
    assert_ok(basin_objective_create(&wavy, NULL, &(basin_objective_facts){.size = P, .samples = 1}, &o));
    make_checkpoint(&ck, "gd", NULL);
    for (size_t i = 0; i < P; i++) ck->theta[i] = i == 0 ? 3.2 : 0.0;
    ck->hyper =
        (basin_hyperparameters){.learning_rate = 0.1, .momentum = 0.0, .weight_decay = 0.0, .seed = 7};
    assert_ok(row_at(o, NULL, NULL, ck, NULL, &(basin_row_options){.request = BASIN_NEEDS_STEP}, &m));
    assert_close(m.critical_sharpness.value, 2.0 * slope / (3.2 - first), 1e-3, 0.0);
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&o);
}

static void energies_are_those_of_the_top_vectors_and_a_row_hands_them_over(void **unused)
{
    static const double momentum[P] = {0.1, 0.2, -0.3, 0.4, 0.0, 0.1};
    double              a[P * P], g[P];
    basin_objective    *train = NULL;
    basin_checkpoint   *ck = NULL;
    basin_eigenspace   *space = NULL;
    basin_layers        layers = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "msam", momentum);
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(a + i * P, theta6, P) - b6[i];
    for (int lanczos = 0; lanczos < 2; lanczos++) {
        basin_row       m = {0};
        basin_spectrum *s = NULL;
        double          energy = 0.0;
        assert_ok(row_at(train, NULL, NULL, ck, NULL,
                         &(basin_row_options){
                             .spectrum = {.method = lanczos ? BASIN_SPECTRUM_LANCZOS : BASIN_SPECTRUM_DENSE},
                             .request = BASIN_NEEDS_SUBSPACE,
                             .subspace = 2,
                             .eigenspace = &space},
                         &m));
        assert_ok(basin_test_spectrum_at(
            train, theta6,
            &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .vectors = true, .top = 2}, &s));
        for (size_t i = 0; i < 2; i++) energy += pow(basin_dot(s->vectors + i * P, g, P), 2.0);
        energy /= basin_dot(g, g, P);
        assert_close(m.subspace, 2.0, 0.0, 0.0);
        assert_close(m.gradient_top_energy.value, energy, 1e-6, 0.0);
        assert_true(m.gradient_top_energy.lower <= energy + 1e-12 &&
                    energy - 1e-12 <= m.gradient_top_energy.upper);
        assert_true(m.gradient_top_energy.upper - m.gradient_top_energy.lower < 1e-5);
        assert_true(isfinite(m.momentum_top_energy.value));
        assert_int_equal(layers.count, 0); /* of a quadratic no layers are known */
        assert_int_equal(space->dimension, 2);
        basin_eigenspace_destroy(&space);
        basin_spectrum_destroy(&s);
        basin_row_clear(&m);
    }
    assert_status(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.request = BASIN_NEEDS_TEST},
                         &(basin_row){0}),
                  BASIN_ERR_ARG);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
}

static void rows_turn_against_the_one_before_and_the_last(void **unused)
{
    double           a[2][P] = {{1, 0}, {0, 1}}, b[2][P] = {{cos(0.3), 0, sin(0.3)}, {0, 1}}, sine[2] = {0.0};
    basin_eigenspace first = {P, 2, a[0], sine}, second = {P, 2, b[0], sine}, other = {P - 1, 2, a[0], sine};
    basin_row        row = {0}, alone = {0};
    basin_turn       turns[2];

    (void)unused;
    assert_ok(basin_row_turn(&row, &second, &first, 20, &second, 400, turns));
    assert_int_equal(row.turning.since, 20);
    assert_int_equal(row.turning.until, 400);
    assert_int_equal(turns[1].dimension, 2);
    assert_close(row.turning.top, 0.3 * 180.0 / M_PI, 1e-12, 0.0);
    assert_close(turns[0].angle, row.turning.top, 0.0, 0.0);
    assert_close(row.turning.whole, turns[1].angle, 0.0, 0.0);
    assert_close(row.turning.last_whole, 0.0, 0.0, 1e-6);
    assert_close(turns[1].last_similarity, 1.0, 1e-12, 0.0);
    assert_close(basin_column_value(&row, basin_column_find("turn_top")), row.turning.top, 0.0, 0.0);
    assert_ok(basin_row_turn(&alone, &first, &other, 20, NULL, -1, turns)); /* of another network */
    assert_true(alone.turning.since == -1 && isnan(turns[0].angle) && isnan(alone.turning.top));
    basin_row_clear(&row);
    basin_row_clear(&alone);
}

/* --include-weight-decay: lambda_max is that of L + w/2 ‖theta‖², so its ceiling is w higher; SAM's step
   still goes by ∇L. */
static void the_ceiling_is_of_the_objective_that_lambda_max_is_of(void **unused)
{
    double              a[P * P];
    basin_objective    *train = NULL;
    basin_checkpoint   *ck = NULL;
    basin_row           bare = {0}, decayed = {0};
    basin_point_options record;

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "sam", NULL);
    assert_ok(row_at(train, NULL, NULL, ck, NULL, NULL, &bare));
    record = basin_point_recorded(ck), record.included = (basin_decay){.value = 0.5};
    assert_ok(row_at(train, train, NULL, ck, &record, NULL, &decayed));
    assert_close(decayed.train_loss.value,
                 bare.train_loss.value + 0.25 * bare.theta_norm.value * bare.theta_norm.value, 1e-14, 0.0);
    /* of the other objectives too */
    assert_close(decayed.test_loss.value, decayed.train_loss.value, 1e-14, 0.0);
    assert_close(decayed.lambda_max.value, bare.lambda_max.value + 0.5, 1e-12, 0.0);
    assert_true(fabs(decayed.gradient_norm.value - bare.gradient_norm.value) > 1e-3);
    assert_close(decayed.ceiling.value, bare.ceiling.value + 0.5, 1e-14, 0.0);
    assert_close(bare.ceiling.value, basin_ceiling("sam", &ck->hyper, bare.gradient_norm.value, NAN), 1e-14,
                 0.0);
    basin_row_clear(&bare);
    basin_row_clear(&decayed);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
}

/* ½ Σ λ_i θ_i² with λ_i = i + 1, which counts what it is asked for. */
typedef struct counter {
    size_t losses, gradients, freezes, products, thaws;
} counter;

static basin_status counted_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    double sum = 1.0;

    (void)s;
    ((counter *)ctx)->losses++;
    for (size_t i = 0; i < P; i++) sum += 0.5 * (double)(i + 1) * theta[i] * theta[i];
    *out = (basin_loss){.sum = sum, .weight = 1.0};
    return BASIN_OK;
}

static basin_status counted_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                     double *g)
{
    counter     *count = ctx;
    basin_status st = counted_loss(ctx, s, theta, out);

    count->losses--, count->gradients++;
    for (size_t i = 0; i < P; i++) g[i] = (double)(i + 1) * theta[i];
    return st;
}

static basin_status counted_freeze(void *ctx, const basin_samples *s, const double *theta,
                                   basin_curvature_kind kind, void **point)
{
    (void)s, (void)theta, (void)kind;
    ((counter *)ctx)->freezes++;
    *point = ctx;
    return BASIN_OK;
}

static basin_status counted_product(void *point, const double *v, size_t k, double *hv)
{
    ((counter *)point)->products += k;
    for (size_t i = 0; i < k * P; i++) hv[i] = (double)(i % P + 1) * v[i];
    return BASIN_OK;
}

static void counted_thaw(void *point)
{
    ((counter *)point)->thaws++;
}

/* Dense with the top eigenvector by Lanczos, and by Lanczos alone; raw with a momentum, and decay that is
   included. */
static void a_row_takes_one_gradient_and_one_frozen_hessian(void **unused)
{
    static const double               momentum[P] = {0.1, 0.2, -0.3, 0.4, 0.0, 0.1};
    static const basin_objective_type counted = {.name = "counted",
                                                 .loss = counted_loss,
                                                 .gradient = counted_gradient,
                                                 .freeze = counted_freeze,
                                                 .product = counted_product,
                                                 .thaw = counted_thaw};
    basin_checkpoint                 *ck = NULL;

    (void)unused;
    make_checkpoint(&ck, "msam", momentum);
    for (int lanczos = 0; lanczos < 2; lanczos++)
        for (int decayed = 0; decayed < 2; decayed++) {
            counter             count = {0};
            basin_objective    *o = NULL;
            basin_point        *point = NULL;
            basin_point_options record = basin_point_recorded(ck);
            basin_row           m = {0};
            basin_spectrum     *s = NULL;
            record.included.value = decayed;
            assert_ok(basin_objective_create(&counted, &count,
                                             &(basin_objective_facts){.size = P, .samples = 1}, &o));
            assert_ok(basin_point_create(o, ck->theta, &record, &point));
            assert_int_equal(count.gradients + count.freezes, 0); /* nothing before it is asked for */
            assert_ok(
                basin_row_compute(point, NULL, NULL, ck,
                                  &(basin_row_options){.spectrum = {.method = lanczos ? BASIN_SPECTRUM_LANCZOS
                                                                                      : BASIN_SPECTRUM_DENSE,
                                                                    .top = lanczos ? 1 : 0}},
                                  &m));
            assert_close(m.lambda_max.value, P + decayed, 1e-8, 0.0);
            assert_int_equal(count.gradients, 1);
            assert_int_equal(count.freezes, 1);
            assert_int_equal(count.thaws, 0); /* kept for what may come */
            assert_ok(basin_spectrum_compute(point, NULL, &s));
            assert_int_equal(count.gradients, 1);
            assert_int_equal(count.freezes, 1);
            basin_cost cost = basin_objective_cost(o);
            assert_int_equal(cost.gradients, count.gradients);
            assert_int_equal(cost.freezes, count.freezes);
            assert_int_equal(cost.products, count.products);
            assert_int_equal(cost.losses, count.losses);
            basin_spectrum_destroy(&s);
            basin_row_clear(&m);
            basin_point_destroy(&point);
            assert_int_equal(count.thaws, 1);
            basin_objective_destroy(&o);
        }
    basin_checkpoint_destroy(&ck);
}

static void what_is_not_there_is_nan(void **unused)
{
    static const double zero[P * P], still[P];
    double              a[P * P];
    basin_objective    *train = NULL, *flat = NULL;
    basin_checkpoint   *ck = NULL;
    basin_row           m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_test_quadratic(zero, b6, 2.0, P, &flat));
    make_checkpoint(&ck, "msam", still); /* v = 0 before the first step */
    assert_ok(row_at(train, NULL, NULL, ck, NULL, NULL, &m));
    assert_true(isnan(m.test_loss.value) && isnan(m.gap.value) && isnan(m.sharpness_msam.value) &&
                isnan(m.ceiling.value) && isnan(m.momentum_gradient_cosine.value));
    assert_close(m.sharpness_rho, 0.05, 0.0, 0.0);
    basin_row_clear(&m);
    assert_ok(row_at(train, NULL, NULL, ck, NULL,
                     &(basin_row_options){.spectrum = {.method = BASIN_SPECTRUM_LANCZOS, .top = 1}}, &m));
    assert_close(m.lambda_max.value, 9.0, 1e-8, 0.0);
    assert_true(isnan(m.lambda_min.value));
    assert_int_equal(m.spectrum_method, BASIN_SPECTRUM_LANCZOS);
    basin_row_clear(&m);
    assert_ok(row_at(flat, NULL, NULL, ck, NULL, NULL, &m)); /* H = 0: SANE is undefined, the rest stands */
    assert_true(isnan(m.sane.value) && isnan(m.n_eff.value));
    assert_close(m.lambda_max.value, 0.0, 0.0, 0.0);
    /* what curves is the recorded, coupled decay */
    assert_int_equal(m.stationarity.verdict, BASIN_DESCENT_FOUND);
    assert_close(m.stationarity.ritz_least, 0.01, 1e-12, 0.0);
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
    basin_objective_destroy(&flat);
}

/* A learning rate of 0, as at the end of a cosine schedule: no ceiling, and no ratio that would read as 0. */
static void without_a_learning_rate_there_is_no_ceiling(void **unused)
{
    double            a[P * P];
    basin_objective  *train = NULL;
    basin_checkpoint *ck = NULL;
    basin_row         m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "sam", NULL);
    ck->hyper.learning_rate = 0.0;
    assert_ok(row_at(train, NULL, NULL, ck, NULL, NULL, &m));
    assert_true(isnan(m.ceiling.value) && isnan(m.ceiling_plain.value) &&
                isnan(m.lambda_max_over_ceiling.value) && isnan(m.lambda_max_over_plain.value));
    assert_true(isnan(m.stationarity.fall_per_step));
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
}

/* SAM's ceiling goes by the gradient norm that training had: after a polish there is none, and no training
   step leads on from there. */
static void the_own_ceiling_is_of_raw_points_only(void **unused)
{
    double            a[P * P];
    basin_objective  *train = NULL;
    basin_checkpoint *ck = NULL;
    basin_row         raw = {0}, polished = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "sam", NULL);
    assert_ok(row_at(train, NULL, NULL, ck, NULL, NULL, &raw));
    assert_ok(
        row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.point = BASIN_POINT_POLISHED}, &polished));
    assert_true(isfinite(raw.ceiling.value) && isfinite(raw.stationarity.fall_per_step));
    assert_int_equal(polished.point, BASIN_POINT_POLISHED);
    assert_true(isnan(polished.ceiling.value) && isnan(polished.lambda_max_over_ceiling.value) &&
                isnan(polished.stationarity.fall_per_step));
    assert_close(polished.ceiling_plain.value, raw.ceiling_plain.value, 0.0, 0.0);
    basin_row_clear(&raw);
    basin_row_clear(&polished);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
}

/* From (1, 2, 2, 0, 0, 0), of norm 3, to there + (0, 0, 0, 0.6, 0, −0.8), by 1. */
static void the_distance_from_the_start_is_relative_to_its_norm(void **unused)
{
    static const double first[P] = {1.0, 2.0, 2.0}, last[P] = {1.0, 2.0, 2.0, 0.6, 0.0, -0.8};
    double              a[P * P];
    basin_objective    *train = NULL;
    basin_checkpoint   *ck = NULL, *start = NULL;
    basin_row           m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "gd", NULL);
    make_checkpoint(&start, "gd", NULL);
    memcpy(ck->theta, last, sizeof last);
    memcpy(start->theta, first, sizeof first);
    assert_ok(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.start = start}, &m));
    assert_close(m.theta_norm_rel.value, 1.0 / 3.0, 1e-15, 0.0);
    basin_row_clear(&m);
    assert_ok(row_at(train, NULL, NULL, start, NULL, &(basin_row_options){.start = start}, &m));
    assert_close(m.theta_norm_rel.value, 0.0, 0.0, 0.0); /* the start itself */
    basin_row_clear(&m);
    memset(start->theta, 0, sizeof first);
    assert_ok(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.start = start}, &m));
    assert_true(isnan(m.theta_norm_rel.value)); /* no norm to measure by */
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_checkpoint_destroy(&start);
    basin_objective_destroy(&train);
}

static void a_record_alone_measures_nothing(void **unused)
{
    basin_checkpoint *ck = NULL;
    basin_row         m = {0};

    (void)unused;
    make_checkpoint(&ck, "sam", NULL);
    assert_ok(basin_row_record(ck, &m));
    assert_string_equal(m.method, "sam");
    assert_int_equal(m.step, 40);
    assert_int_equal(m.parameters, P);
    assert_close(m.rho, 0.2, 0.0, 0.0);
    assert_true(isnan(m.lambda_max.value) && isnan(m.train_loss.value) && isnan(m.rise_random.value) &&
                isnan(m.at_loss) && isnan(m.stationarity.decrement));
    assert_int_equal(m.stationarity.verdict, BASIN_DESCENT_NOT_TESTED);
    basin_row_clear(&m);
    assert_ok(basin_row_record(NULL, &m));
    assert_null(m.method);
    assert_int_equal(m.seed, -1);
    assert_int_equal(m.batch_size, -1);
    assert_true(isnan(m.learning_rate));
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
}

/* Halfway between losses 0.4 and 0.1 in the logarithm lies 0.2: every measure is the mean of the two. */
static void between_two_checkpoints_measures_follow_the_logarithm_of_the_loss(void **unused)
{
    basin_row before, after, m = {0};

    (void)unused;
    assert_ok(basin_row_record(NULL, &before));
    assert_ok(basin_row_record(NULL, &after));
    before.seed = after.seed = 3;
    before.step = 100, after.step = 201, before.gradient_evaluations = 200, after.gradient_evaluations = 402;
    before.train_loss.value = 0.4, after.train_loss.value = 0.1;
    before.lambda_max = (basin_value){6.0, 5.9, 6.1, BASIN_INTERVAL_RESIDUAL};
    after.lambda_max = (basin_value){2.0, 1.9, 2.1, BASIN_INTERVAL_RESIDUAL};
    before.sane = (basin_value){7.0, 6.0, 8.0, BASIN_INTERVAL_BOUNDS},
    after.sane = (basin_value){5.0, 5.0, 9.0, BASIN_INTERVAL_BOUNDS};
    before.trace = (basin_value){3.0, 2.0, 4.0, BASIN_INTERVAL_STANDARD_ERROR},
    after.trace = (basin_value){1.0, 1.0, 1.0, BASIN_INTERVAL_BOUNDS};
    before.learning_rate = 0.1, after.learning_rate = 0.05;
    before.rise_random = (basin_value){3.0, 2.0, 4.0, BASIN_INTERVAL_STANDARD_ERROR};
    after.rise_random = (basin_value){1.0, 0.5, 1.5, BASIN_INTERVAL_STANDARD_ERROR};
    before.polish.loss_after = 0.38, after.polish.loss_after = 0.09;
    before.test_accuracy.value = 0.5, after.test_accuracy.value = NAN;
    after.run = basin_strdup("runs/gd_3"), after.method = basin_strdup("gd");
    assert_ok(basin_row_interpolate(&before, &after, 0.2, &m));
    assert_close(m.lambda_max.value, 4.0, 1e-14, 0.0);
    assert_close(m.sane.upper, 8.5, 1e-14, 0.0);
    assert_int_equal(m.sane.interval, BASIN_INTERVAL_BOUNDS);
    assert_close(m.rise_random.lower, 1.25, 1e-14, 0.0);
    assert_close(m.rise_random.upper, 2.75, 1e-14, 0.0);
    assert_int_equal(m.rise_random.interval, BASIN_INTERVAL_STANDARD_ERROR);
    /* the solver's error says nothing of what interpolating errs by */
    assert_int_equal(m.lambda_max.interval, BASIN_INTERVAL_NONE);
    assert_true(isnan(m.lambda_max.lower) && isnan(m.lambda_max.upper));
    assert_int_equal(m.trace.interval, BASIN_INTERVAL_NONE); /* the ends of the two mean different things */
    assert_close(m.learning_rate, 0.05, 0.0, 0.0);           /* a setting, of the later */
    assert_close(m.polish.loss_after, sqrt(0.38 * 0.09), 1e-14, 0.0);
    assert_close(m.train_loss.value, 0.2, 0.0, 0.0);
    assert_close(m.at_loss, 0.2, 0.0, 0.0);
    assert_int_equal(m.gradient_evaluations, 301);
    assert_int_equal(m.seed, 3);
    assert_true(isnan(m.test_accuracy.value));
    assert_string_equal(m.run, "runs/gd_3");
    basin_row_clear(&m);
    assert_status(basin_row_interpolate(&before, &after, 0.4, &m), BASIN_ERR_ARG);
    assert_message("training loss 0.4 does not lie between 0.4 and 0.1");
    assert_status(basin_row_interpolate(&before, &after, 0.05, &m), BASIN_ERR_ARG);
    after.train_loss.value = 0.0;
    assert_status(basin_row_interpolate(&before, &after, 0.2, &m), BASIN_ERR_ARG);
    basin_row_clear(&before);
    basin_row_clear(&after);
}

static void a_glance_takes_loss_and_norm_alone(void **unused)
{
    double            a[P * P];
    basin_objective  *train = NULL;
    basin_checkpoint *ck = NULL;
    basin_row         m = {0};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    make_checkpoint(&ck, "sam", NULL);
    memset(ck->data_digest, 'd', 64);
    assert_ok(basin_row_glance(train, ck, NULL, &m));
    assert_close(m.train_loss.value, quadratic_at(a, theta6), 1e-14, 0.0);
    assert_close(m.theta_norm.value, basin_norm(theta6, P), 1e-15, 0.0);
    assert_int_equal(m.samples, basin_objective_samples(train));
    assert_string_equal(m.method, "sam");
    assert_true(isnan(m.gradient_norm.value) && isnan(m.lambda_max.value) && isnan(m.test_loss.value));
    assert_string_equal(m.network, "input [5]; fc1.weight [1, 5]; fc1.bias [1]; %1 = Gemm(input, fc1.weight, "
                                   "fc1.bias); Gemm %1: transB 1; output %1");
    assert_string_equal(m.loss_function, "softmax_cross_entropy");
    assert_int_equal(strspn(m.data_digest, "d"), 64);
    basin_row_clear(&m);
    assert_int_equal(basin_objective_cost(train).losses, 1);
    assert_int_equal(basin_objective_cost(train).gradients, 0);
    ck->theta[2] = NAN;
    assert_status(basin_row_glance(train, ck, NULL, &m), BASIN_ERR_VALUE);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&train);
}

static basin_row at(int point, size_t part, double loss, double lambda_max)
{
    basin_row row;

    assert_ok(basin_row_record(NULL, &row));
    row.point = point, row.part = part, row.train_loss.value = loss, row.lambda_max.value = lambda_max;
    return row;
}

/* The raw losses 0.4 and 0.1 have 0.2 halfway. There stand the polished row too (at √(0.36·0.09)) and the
   half of the samples; the averaged one has nothing before it, and a half whose loss rises stands as it
   is. */
static void all_kinds_of_points_stand_at_the_place_of_the_raw_one(void **unused)
{
    basin_row before[] = {at(BASIN_POINT_RAW, 0, 0.4, 6.0), at(BASIN_POINT_RAW, 1, 0.5, 7.0),
                          at(BASIN_POINT_RAW, 2, 0.1, 5.0), at(BASIN_POINT_POLISHED, 0, 0.36, 4.0)};
    basin_row after[] = {at(BASIN_POINT_RAW, 0, 0.1, 2.0), at(BASIN_POINT_RAW, 1, 0.2, 3.0),
                         at(BASIN_POINT_RAW, 2, 0.15, 1.0), at(BASIN_POINT_POLISHED, 0, 0.09, 1.0),
                         at(BASIN_POINT_AVERAGED, 0, 0.08, 0.5)};
    basin_row out[5];
    size_t    standing = 0;

    (void)unused;
    assert_ok(basin_rows_interpolate(before, 4, after, 5, 0.2, out, &standing));
    assert_close(out[0].train_loss.value, 0.2, 0.0, 0.0);
    assert_close(out[0].lambda_max.value, 4.0, 1e-14, 0.0);
    assert_close(out[1].lambda_max.value, 5.0, 1e-14, 0.0);
    assert_close(out[1].train_loss.value, sqrt(0.5 * 0.2), 1e-14, 0.0);
    assert_close(out[2].lambda_max.value, 1.0, 0.0, 0.0);
    assert_true(isnan(out[2].at_loss));
    assert_close(out[3].lambda_max.value, 2.5, 1e-14, 0.0);
    assert_close(out[3].train_loss.value, sqrt(0.36 * 0.09), 1e-14, 0.0);
    assert_close(out[3].at_loss, 0.2, 0.0, 0.0);
    assert_close(out[4].lambda_max.value, 0.5, 0.0, 0.0);
    assert_int_equal(standing, 1); /* the averaged row: halves are not told */
    for (size_t i = 0; i < 5; i++) basin_row_clear(&out[i]);

    assert_ok(basin_rows_interpolate(NULL, 0, after, 5, 0.2, out, &standing)); /* the run begins below */
    assert_int_equal(standing, 3);
    for (size_t i = 0; i < 5; i++) {
        assert_close(out[i].lambda_max.value, after[i].lambda_max.value, 0.0, 0.0);
        basin_row_clear(&out[i]);
    }
}

static basin_status interpolate_once(void *payload)
{
    basin_row   *rows = payload, out[2];
    size_t       standing;
    basin_status st = basin_rows_interpolate(rows, 1, rows + 1, 2, 0.2, out, &standing);

    for (size_t i = 0; i < 2 && st == BASIN_OK; i++) basin_row_clear(&out[i]);
    return st;
}

static void every_failed_allocation_between_two_checkpoints_is_clean(void **unused)
{
    basin_row rows[] = {at(BASIN_POINT_RAW, 0, 0.4, 6.0), at(BASIN_POINT_RAW, 0, 0.1, 2.0),
                        at(BASIN_POINT_POLISHED, 0, 0.05, 1.0)};

    (void)unused;
    for (size_t i = 0; i < 3; i++)
        rows[i].run = (char *)(uintptr_t) "runs/gd_0", rows[i].method = (char *)(uintptr_t) "gd";
    basin_test_every_allocation(interpolate_once, rows);
}

static void what_does_not_fit_is_refused(void **unused)
{
    double            a[P * P];
    basin_objective  *train = NULL, *other = NULL;
    basin_point      *point = NULL;
    basin_checkpoint *ck = NULL;
    basin_row         m = {.seed = 99};

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_test_quadratic(a, b6, 2.0, P - 1, &other));
    make_checkpoint(&ck, "gd", NULL);
    assert_status(row_at(train, other, NULL, ck, NULL, NULL, &m), BASIN_ERR_SHAPE);
    assert_message("the test objective has 5 parameters, the checkpoint 6");
    assert_status(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.rho = -1.0}, &m), BASIN_ERR_ARG);
    assert_message("rho -1");
    assert_status(row_at(train, NULL, NULL, ck, NULL, &(basin_row_options){.sane = {.kappa = -1.0}}, &m),
                  BASIN_ERR_ARG);
    assert_ok(basin_point_create(train, ck->theta, NULL, &point));
    ck->theta[2] = NAN;
    assert_status(basin_row_compute(point, NULL, NULL, ck, NULL, &m), BASIN_ERR_VALUE);
    assert_message("fc1.weight");
    assert_int_equal(m.seed, 99);
    basin_point_destroy(&point);
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
    material    *with = payload;
    basin_row    m = {0};
    basin_status st = row_at(with->train, NULL, NULL, with->ck, NULL, NULL, &m);

    basin_row_clear(&m);
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

/* ---------------------------------------------------------------------------------- what a row costs -- */

static void a_row_of_a_quadratic_costs_what_is_counted(void **unused)
{
    double           a[P * P];
    basin_objective *train = NULL;
    basin_job_cost   one, three;

    (void)unused;
    basin_test_planted(lambda6, P, 5, a);
    assert_ok(basin_test_quadratic(a, b6, 2.0, P, &train));
    assert_ok(basin_row_cost(train, NULL, 1, 0, &one));
    assert_ok(basin_row_cost(train, NULL, 3, 20, &three));
    assert_close(one.lone_flops, 4.0 / 3.0 * P * P * P, 1e-12, 0.0);
    assert_close(three.lone_flops, 3.0 * one.lone_flops, 1e-12, 0.0);
    assert_close(three.passes, 3.0 * one.passes + 20.0, 1e-12, 0.0);
    assert_int_equal(three.bytes, one.bytes);
    assert_ok(basin_row_cost(train, &(basin_row_options){.spectrum = {.method = BASIN_SPECTRUM_LANCZOS}}, 1,
                             0, &one));
    assert_true(one.lone_flops < three.lone_flops);
    basin_objective_destroy(&train);
}

/* On a network: told before, and taken while a row is measured. */
static void check_cost(const basin_row_options *options, size_t threads)
{
    problem           p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective  *o = NULL;
    basin_checkpoint *ck = NULL;
    basin_job_cost    cost;
    basin_row         m = {0};

    assert_ok(basin_graph_mlp((size_t[]){12, 30, 20, 5}, 4, "Softplus", &p.graph));
    problem_data(&p, 2700, 5, 0, 21);
    problem_theta(&p, 0.4, 22);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_checkpoint_create(p.graph, &ck));
    basin_copy(p.theta, ck->theta, p.size);
    ck->step = 3;
    assert_ok(basin_row_cost(o, options, 1, 0, &cost));
    assert_true(cost.flops > 1e8 && cost.parts > 2);
    const size_t before = basin_memory_used(), told = cost.bytes + (threads - 1) * cost.thread_bytes;
    basin_memory_watch();
    basin_threads_set(threads);
    assert_ok(row_at(o, NULL, NULL, ck, NULL, options, &m));
    basin_threads_set(0);
    assert_in_range(basin_memory_peak() - before, told / 2, told + told / 8);
    basin_row_clear(&m);
    basin_checkpoint_destroy(&ck);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void a_row_takes_the_memory_that_was_told(void **unused)
{
    (void)unused;
    for (size_t threads = 1; threads <= 3; threads++) {
        check_cost(NULL, threads);
        check_cost(&(basin_row_options){.spectrum = {.method = BASIN_SPECTRUM_LANCZOS, .top = 3}}, threads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(critical_sharpness_of_a_quadratic_is_that_of_its_model_along_the_methods_step),
        cmocka_unit_test(a_step_uphill_or_unknown_has_no_critical_sharpness),
        cmocka_unit_test(critical_sharpness_is_of_the_first_crossing),
        cmocka_unit_test(energies_are_those_of_the_top_vectors_and_a_row_hands_them_over),
        cmocka_unit_test(rows_turn_against_the_one_before_and_the_last),
        cmocka_unit_test(a_row_is_what_its_parts_say),
        cmocka_unit_test(the_ceiling_is_of_the_objective_that_lambda_max_is_of),
        cmocka_unit_test(a_row_takes_one_gradient_and_one_frozen_hessian),
        cmocka_unit_test(what_is_not_there_is_nan),
        cmocka_unit_test(without_a_learning_rate_there_is_no_ceiling),
        cmocka_unit_test(the_own_ceiling_is_of_raw_points_only),
        cmocka_unit_test(the_distance_from_the_start_is_relative_to_its_norm),
        cmocka_unit_test(a_record_alone_measures_nothing),
        cmocka_unit_test(between_two_checkpoints_measures_follow_the_logarithm_of_the_loss),
        cmocka_unit_test(a_glance_takes_loss_and_norm_alone),
        cmocka_unit_test(all_kinds_of_points_stand_at_the_place_of_the_raw_one),
        cmocka_unit_test(every_failed_allocation_between_two_checkpoints_is_clean),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(a_row_of_a_quadratic_costs_what_is_counted),
        cmocka_unit_test(a_row_takes_the_memory_that_was_told),
    };
    return cmocka_run_group_tests_name("row", tests, NULL, NULL);
}
