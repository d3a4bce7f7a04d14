/* Measures of sharpness that are of a training: the step that comes next, its mini-batches, how far it has
   come. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/params.h"
#include "problem.h"

typedef basin_sharpness_table_options options;

/* L = ½ theta' diag(4, 1, 0.25) theta − b' theta. */
enum { SIZE = 3 };
static const double curvature[SIZE] = {4.0, 1.0, 0.25}, slope[SIZE] = {0.5, -1.0, 2.0};
static const double theta[SIZE] = {1.0, -0.5, 3.0};

static basin_objective *quadratic(void)
{
    double           a[SIZE * SIZE] = {0};
    basin_objective *o = NULL;

    for (size_t i = 0; i < SIZE; i++) a[i * SIZE + i] = curvature[i];
    assert_ok(basin_test_quadratic(a, slope, 1.0, SIZE, &o));
    return o;
}

static basin_sharpness_table *one(basin_objective *o, const double *at, basin_sharpness_measure m,
                                  options how)
{
    basin_point           *point = NULL;
    basin_sharpness_table *t = NULL;

    how.measures = &m, how.measure_count = 1;
    assert_ok(basin_point_create(o, at, NULL, &point));
    assert_ok(basin_sharpness_table_compute(point, &how, &t));
    assert_int_equal(t->row_count, 1);
    basin_point_destroy(&point);
    return t;
}

static void lacks(basin_objective *o, basin_sharpness_measure m, options how, const char *why)
{
    basin_sharpness_table *t = one(o, theta, m, how);

    assert_true(isnan(t->rows[0].value));
    assert_non_null(t->rows[0].missing);
    if (strcmp(t->rows[0].missing, why) != 0) fail_msg("%s, wanted %s", t->rows[0].missing, why);
    basin_sharpness_table_destroy(&t);
}

typedef struct training {
    basin_checkpoint ck;
    basin_state      states[2];
    double           v[SIZE], squares[SIZE];
} training;

static training train(const char *method)
{
    training t = {.ck = {.method = (char *)method,
                         .step = 7,
                         .hyper = {.learning_rate = 0.1,
                                   .momentum = 0.9,
                                   .rho = 0.2,
                                   .weight_decay = 0.01,
                                   .weight_decay_coupled = true}}};

    for (size_t i = 0; i < SIZE; i++) {
        t.v[i] = 0.3 * (curvature[i] * theta[i] - slope[i]) + 0.05 * (double)i;
        t.squares[i] = 0.2 + 0.1 * (double)i;
    }
    return t;
}

/* The states point into what they are of, so they are set where that lies. */
static const basin_checkpoint *record(training *t, size_t states)
{
    t->states[0] = (basin_state){.name = (char *)"momentum", .values = t->v};
    t->states[1] = (basin_state){.name = (char *)"second_moment", .values = t->squares};
    t->ck.states = t->states, t->ck.state_count = states;
    return &t->ck;
}

/* Written down from the recursions of docs/measures.md. */
static void next_update(const training *t, double *u)
{
    const char *method = t->ck.method;
    double      g[SIZE], x[SIZE];

    for (size_t i = 0; i < SIZE; i++) g[i] = curvature[i] * theta[i] - slope[i];
    for (size_t i = 0; i < SIZE; i++) {
        x[i] = theta[i];
        if (strcmp(method, "nag") == 0) x[i] -= 0.1 * 0.9 * t->v[i];
        if (strcmp(method, "sam") == 0) x[i] += 0.2 * g[i] / basin_norm(g, SIZE);
        if (strcmp(method, "usam") == 0) x[i] += 0.2 * g[i];
        if (strcmp(method, "msam") == 0) x[i] -= 0.2 * t->v[i] / basin_norm(t->v, SIZE);
    }
    for (size_t i = 0; i < SIZE; i++) {
        const bool   ascends = strcmp(method, "sam") == 0 || strcmp(method, "usam") == 0;
        const double decay = 0.01 * (ascends ? theta[i] : x[i]);
        const double here = curvature[i] * x[i] - slope[i] + decay;
        if (strcmp(method, "adam") == 0)
            u[i] = (0.9 * t->v[i] + 0.1 * here) / (1.0 - pow(0.9, 8.0)) /
                   (sqrt((0.999 * t->squares[i] + 0.001 * here * here) / (1.0 - pow(0.999, 8.0))) + 1e-8);
        else
            u[i] = 0.9 * t->v[i] + here;
    }
}

/* Of a quadratic the loss crosses where its model does, along the step of every method. */
static void critical_sharpness_of_a_quadratic_is_its_models(void **state)
{
    static const char *const methods[] = {"gd", "sgd", "nag", "sam", "usam", "msam", "adam"};
    basin_objective         *o = quadratic();

    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        training      t = train(methods[m]);
        double        u[SIZE], bent = 0.0, along = 0.0;
        const options how = {.checkpoint = record(&t, 2)};
        next_update(&t, u);
        for (size_t i = 0; i < SIZE; i++) {
            bent += curvature[i] * u[i] * u[i];
            along += u[i] * (curvature[i] * theta[i] - slope[i]);
        }
        basin_sharpness_table *model = one(o, theta, BASIN_SHARPNESS_critical_quadratic, how);
        basin_sharpness_table *found = one(o, theta, BASIN_SHARPNESS_critical_sharpness, how);
        assert_true(along > 0.0);
        assert_close(model->rows[0].value, bent / along, 1e-11, 0.0);
        assert_close(found->rows[0].value, bent / along, 1e-3, 0.0);
        assert_true(found->rows[0].lower <= bent / along && bent / along <= found->rows[0].upper);
        assert_int_equal(found->rows[0].number, BASIN_SHARPNESS_EXACT);
        assert_non_null(strstr(found->rows[0].settings, "cos(u, g) = "));
        assert_true((strstr(found->rows[0].settings, "beta2 = 0.999") != NULL) == (m == 6));
        basin_sharpness_table_destroy(&model);
        basin_sharpness_table_destroy(&found);
    }
    basin_objective_destroy(&o);
}

static void a_step_that_is_not_known_or_leads_uphill_is_said(void **state)
{
    basin_objective              *o = quadratic();
    const basin_sharpness_measure m = BASIN_SHARPNESS_critical_sharpness;
    training                      t = train("msam"), adam = train("adam"), uphill = train("gd");

    (void)state;
    lacks(o, m, (options){0}, "the next update is not known: no checkpoint records it");
    lacks(o, m, (options){.checkpoint = record(&t, 1), .no_step = "it is polished"},
          "the next update is not known: it is polished");
    lacks(o, m, (options){.checkpoint = record(&t, 0)}, "the next update is not known: it saved no momentum");
    t.ck.hyper.rho = NAN;
    lacks(o, m, (options){.checkpoint = record(&t, 1)}, "the next update is not known: it records no rho");
    lacks(o, m, (options){.checkpoint = record(&adam, 1)},
          "the next update is not known: checkpoint: update: no second moments of the gradient saved");
    for (size_t i = 0; i < SIZE; i++) uphill.v[i] *= -10.0;
    basin_sharpness_table *table = one(o, theta, m, (options){.checkpoint = record(&uphill, 1)});
    assert_non_null(strstr(table->rows[0].missing, "the next update leads uphill: cos(u, g) = -"));
    basin_sharpness_table_destroy(&table);
    basin_objective_destroy(&o);
}

/* L = −log(1 + exp(−x)) falls without end: no step leads back up, and none is made up. */
static basin_status slide_loss(void *ctx, const basin_samples *s, const double *x, basin_loss *out)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = -log1p(exp(-x[0])), .weight = 1.0};
    return BASIN_OK;
}

static basin_status slide_gradient(void *ctx, const basin_samples *s, const double *x, basin_loss *out,
                                   double *g)
{
    g[0] = 1.0 / (1.0 + exp(x[0]));
    return slide_loss(ctx, s, x, out);
}

static void a_slope_without_end_has_no_critical_sharpness(void **state)
{
    static const basin_objective_type slide = {
        .name = "slide", .loss = slide_loss, .gradient = slide_gradient};
    basin_objective        *o = NULL;
    basin_checkpoint        ck = {.method = (char *)"gd", .step = 1, .hyper = {.learning_rate = 0.1}};
    basin_point            *point = NULL;
    basin_sharpness_table  *t = NULL;
    basin_sharpness_measure m = BASIN_SHARPNESS_critical_sharpness;
    const double            at = 0.0;

    (void)state;
    assert_ok(basin_objective_create(&slide, NULL, &(basin_objective_facts){.size = 1, .samples = 1}, &o));
    assert_ok(basin_point_create(o, &at, NULL, &point));
    assert_ok(basin_sharpness_table_compute(
        point, &(options){.measures = &m, .measure_count = 1, .checkpoint = &ck}, &t));
    assert_string_equal(t->rows[0].missing, "no step along the next update leads back up");
    basin_sharpness_table_destroy(&t);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

/* --------------------------------------------------------------------------------------------- batches -- */

/* A batch of all samples has the curvature along the gradient of the whole, twice. */
static void a_batch_of_all_samples_has_the_whole_s_curvature(void **state)
{
    problem          p = problem_relu(5);
    basin_objective *o = NULL;
    basin_point     *point = NULL;
    basin_loss       loss;
    double          *g = basin_alloc(p.size, sizeof *g), *hg = basin_alloc(p.size, sizeof *hg);

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &loss, g));
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_ok(basin_point_product(point, g, 1, hg));
    basin_sharpness_table *t =
        one(o, p.theta, BASIN_SHARPNESS_batch_sharpness, (options){.batch_size = p.data.count, .batches = 1});
    assert_string_equal(t->rows[0].missing, "of one batch the mean has no error: two at least");
    basin_sharpness_table_destroy(&t);
    t = one(o, p.theta, BASIN_SHARPNESS_batch_sharpness, (options){.batch_size = p.data.count});
    assert_close(t->rows[0].value, basin_dot(g, hg, p.size) / basin_dot(g, g, p.size), 1e-11, 0.0);
    assert_close(t->rows[0].error, 0.0, 0.0, 1e-12 * fabs(t->rows[0].value));
    assert_int_equal(t->rows[0].batches, 20);
    basin_sharpness_table_destroy(&t);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_free(g), basin_free(hg);
    problem_release(&p);
}

/* The same batches, mean and interval as `spectrum --batches` has. */
static void batch_sharpness_is_that_of_the_batches(void **state)
{
    problem               p = problem_relu(5);
    basin_objective      *o = NULL;
    basin_point          *point = NULL;
    basin_batches        *b = NULL;
    double               *v = basin_alloc(p.size, sizeof *v);
    basin_checkpoint      ck = {.method = (char *)"sgd", .hyper = {.momentum = 0.5}};
    basin_batches_options asked = {.count = 4,
                                   .batch_size = 12,
                                   .sharpness_only = true,
                                   .momentum = v,
                                   .beta = 0.5,
                                   .learning_rate = NAN,
                                   .seed = 9};

    (void)state;
    for (size_t i = 0; i < p.size; i++) v[i] = sin((double)i);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_ok(basin_batches_compute(point, &asked, &b));
    const options how = {.batch_size = 12, .batches = 4, .seed = 9, .momentum = v, .checkpoint = &ck};
    for (int m = 0; m < 2; m++) {
        const basin_mean      *mean = m == 0 ? &b->sharpness : &b->momentum;
        basin_sharpness_table *t =
            one(o, p.theta,
                m == 0 ? BASIN_SHARPNESS_batch_sharpness : BASIN_SHARPNESS_batch_sharpness_momentum, how);
        assert_close(t->rows[0].value, mean->mean, 1e-14, 0.0);
        assert_close(t->rows[0].lower, mean->lower, 1e-14, 0.0);
        assert_close(t->rows[0].upper, mean->upper, 1e-14, 0.0);
        assert_close(t->rows[0].upper - t->rows[0].value, basin_student_t975(3) * t->rows[0].error, 1e-12,
                     0.0);
        assert_string_equal(t->rows[0].settings, "4 batches of 12, each drawn by itself");
        basin_sharpness_table_destroy(&t);
    }
    basin_batches_destroy(&b);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_free(v);
    problem_release(&p);
}

static void a_momentum_that_is_not_there_is_said(void **state)
{
    basin_objective              *o = quadratic();
    const basin_sharpness_measure m = BASIN_SHARPNESS_batch_sharpness_momentum;
    const double                  v[SIZE] = {1.0, 0.0, 0.0};

    (void)state;
    lacks(o, m, (options){0}, "no momentum is saved");
    lacks(o, m, (options){.momentum = v, .no_step = "it is polished"}, "no step of training: it is polished");
    lacks(o, m, (options){.momentum = v}, "no coefficient of the momentum is recorded");
    basin_objective_destroy(&o);
}

/* --------------------------------------------------------------------------------------------- weights -- */

static void norms_are_those_of_the_weights(void **state)
{
    const double     start[SIZE] = {1.0, 2.0, -2.0}, zero[SIZE] = {0};
    basin_objective *o = quadratic();

    (void)state;
    basin_sharpness_table *t = one(o, theta, BASIN_SHARPNESS_theta_norm, (options){0});
    assert_close(t->rows[0].value, sqrt(1.0 + 0.25 + 9.0), 1e-15, 0.0);
    basin_sharpness_table_destroy(&t);
    t = one(o, theta, BASIN_SHARPNESS_theta_norm_rel, (options){.start = start});
    assert_close(t->rows[0].value, sqrt(6.25 + 25.0) / 3.0, 1e-15, 0.0);
    basin_sharpness_table_destroy(&t);
    lacks(o, BASIN_SHARPNESS_theta_norm_rel, (options){0}, "the start of the run is not known");
    lacks(o, BASIN_SHARPNESS_theta_norm_rel, (options){.start = zero}, "the start of the run is 0");
    basin_objective_destroy(&o);
}

/* ----------------------------------------------------------------------------------- normalised logits -- */

/* Logits times a positive number are the same normalised ones: the last layer has lost its scale, as gradient
   and Hessian know, and the part of the network before them is what it was. */
static void normalised_logits_have_no_scale(void **state)
{
    problem           p = problem_relu(5);
    basin_objective  *plain = NULL, *o = NULL;
    basin_checkpoint *ck = NULL;
    basin_loss        loss;
    double           *g = basin_alloc(p.size, sizeof *g), *x = basin_alloc(p.size, sizeof *x);
    char             *text = NULL;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &plain));
    p.loss.normalizes = true;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    const basin_params *params = basin_objective_params(o);
    const basin_block  *weight = &params->blocks[params->count - 2],
                      *bias = &params->blocks[params->count - 1];
    assert_int_equal(basin_objective_size(o), basin_objective_size(plain));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &loss, g));
    const double slope_along = basin_dot(g + weight->offset, p.theta + weight->offset, weight->size) +
                               basin_dot(g + bias->offset, p.theta + bias->offset, bias->size);
    assert_close(slope_along, 0.0, 0.0, 1e-14);
    basin_copy(p.theta, x, p.size);
    basin_scale(7.0, x + weight->offset, weight->size);
    basin_scale(7.0, x + bias->offset, bias->size);
    const double before = basin_loss_value(&loss);
    assert_ok(basin_objective_loss(o, NULL, x, &loss));
    assert_close(basin_loss_value(&loss), before, 1e-14, 0.0);
    /* the last layer is one of those whose scale a normalisation undoes, and features are what they were */
    assert_int_equal(params->scale_group_count, 1);
    basin_sharpness_table *a = one(plain, p.theta, BASIN_SHARPNESS_neural_collapse, (options){0});
    basin_sharpness_table *b = one(o, p.theta, BASIN_SHARPNESS_neural_collapse, (options){0});
    assert_true(a->rows[0].value > 0.0);
    assert_close(b->rows[0].value, a->rows[0].value, 1e-13, 0.0);
    basin_sharpness_table_destroy(&a);
    basin_sharpness_table_destroy(&b);
    assert_ok(basin_loss_spec_describe(&p.loss, &text));
    assert_string_equal(text, "softmax_cross_entropy, normalised logits");
    basin_free(text);
    basin_objective_destroy(&o);
    assert_ok(basin_checkpoint_create(p.graph, &ck));
    ck->loss.normalizes = true;
    assert_status(basin_checkpoint_write(ck, basin_test_scratch("normalised.h5")), BASIN_ERR_UNSUPPORTED);
    assert_message("normalised logits are in no checkpoint");
    basin_checkpoint_destroy(&ck);
    p.loss.kind = BASIN_LOSS_MSE;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_UNSUPPORTED);
    assert_message("loss mse takes no normalised logits");
    basin_objective_destroy(&plain);
    basin_free(g), basin_free(x);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(critical_sharpness_of_a_quadratic_is_its_models),
        cmocka_unit_test(a_step_that_is_not_known_or_leads_uphill_is_said),
        cmocka_unit_test(a_slope_without_end_has_no_critical_sharpness),
        cmocka_unit_test(a_batch_of_all_samples_has_the_whole_s_curvature),
        cmocka_unit_test(batch_sharpness_is_that_of_the_batches),
        cmocka_unit_test(a_momentum_that_is_not_there_is_said),
        cmocka_unit_test(norms_are_those_of_the_weights),
        cmocka_unit_test(normalised_logits_have_no_scale),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("sharpness_step", tests, NULL, NULL)
                                          : 1;
}
