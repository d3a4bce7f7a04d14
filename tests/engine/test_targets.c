/* Where loss, targets and network meet: tokens, weights, ignored classes; what does not fit is said. */
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "core/params.h"
#include "core/random.h"
#include "support.h"

enum { SAMPLES = 300, TOKENS = 3, CLASSES = 4, SIZE = CLASSES + TOKENS * CLASSES };

typedef struct problem {
    basin_graph    *graph;
    basin_dataset   data;
    basin_split     split;
    size_t          rows[SAMPLES];
    double          inputs[SAMPLES * TOKENS * CLASSES], values[SAMPLES * TOKENS * CLASSES], theta[SIZE];
    double          v[SIZE];
    int64_t         classes[SAMPLES * TOKENS];
    basin_loss_spec loss;
} problem;

static double class_weights[CLASSES] = {0.5, 2.0, 1.25, 0.0};
static char   train[] = "train";

/* y = tanh(x + b1) + b2, an output [TOKENS, CLASSES] a sample; every fourth target is -100. */
static void start(problem *p, basin_loss_spec loss)
{
    basin_random r = basin_random_start(5, BASIN_STREAM_TEST);

    *p = (problem){.loss = loss, .split = {train, SAMPLES, p->rows}};
    assert_ok(basin_graph_create(&p->graph));
    p->graph->input = basin_strdup("x");
    p->graph->input_rank = 2, p->graph->input_shape[0] = TOKENS, p->graph->input_shape[1] = CLASSES;
    assert_ok(basin_params_add(p->graph->params, "b1", (size_t[]){CLASSES}, 1));
    assert_ok(basin_params_add(p->graph->params, "b2", (size_t[]){TOKENS, CLASSES}, 2));
    assert_ok(basin_graph_add(p->graph, "in", "Add", (const char *const[]){"x", "b1"}, 2,
                              (const char *const[]){"s"}, 1, NULL));
    assert_ok(basin_graph_add(p->graph, "act", "Tanh", (const char *const[]){"s"}, 1,
                              (const char *const[]){"h"}, 1, NULL));
    assert_ok(basin_graph_add(p->graph, "out", "Add", (const char *const[]){"h", "b2"}, 2,
                              (const char *const[]){"logits"}, 1, NULL));
    p->graph->output = basin_strdup("logits");
    basin_random_normals(&r, p->inputs, SAMPLES * TOKENS * CLASSES);
    basin_random_normals(&r, p->theta, SIZE);
    basin_random_normals(&r, p->v, SIZE);
    for (size_t i = 0; i < SAMPLES; i++) p->rows[i] = i;
    for (size_t i = 0; i < SAMPLES * TOKENS; i++)
        p->classes[i] = i % 4 == 3 ? -100 : (int64_t)basin_random_below(&r, CLASSES);
    for (size_t i = 0; i < SAMPLES * TOKENS * CLASSES; i++)
        p->values[i] = basin_random_uniform(&r) < 0.3 ? 1.0 : 0.0;
    p->data = (basin_dataset){.count = SAMPLES,
                              .rank = 2,
                              .shape = {TOKENS, CLASSES},
                              .inputs = p->inputs,
                              .split_count = 1,
                              .splits = &p->split};
    if (loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY) {
        p->data.classes = p->classes;
        p->data.class_count = TOKENS;
    } else {
        p->data.values = p->values;
        p->data.value_count = TOKENS * CLASSES;
    }
}

static basin_objective *objective(const problem *p, basin_precision precision)
{
    basin_objective *o = NULL;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data,
                                      &(basin_network_options){.precision = precision}, &o));
    return o;
}

static const basin_loss_spec losses[] = {
    {.ignores = true, .ignore_index = -100},
    {.ignores = true,
     .ignore_index = -100,
     .label_smoothing = 0.15,
     .weight_count = CLASSES,
     .weights = class_weights},
    {.kind = BASIN_LOSS_BCE_WITH_LOGITS},
    {.kind = BASIN_LOSS_BCE_WITH_LOGITS, .weight_count = CLASSES, .weights = class_weights},
    {.kind = BASIN_LOSS_MSE},
};
enum { LOSSES = sizeof losses / sizeof *losses };

static double logit(const problem *p, size_t sample, size_t token, size_t c)
{
    return tanh(p->inputs[(sample * TOKENS + token) * CLASSES + c] + p->theta[c]) +
           p->theta[CLASSES + token * CLASSES + c];
}

/* The mean over all tokens that count is one mean, not one of the samples' means. */
static void token_losses_have_one_normaliser(void **state)
{
    problem          p;
    basin_objective *o;
    basin_loss       l;
    double           sum = 0.0, norm = 0.0;
    uint64_t         correct = 0, count = 0;

    (void)state;
    start(&p, losses[1]);
    p.loss.label_smoothing = 0.0;
    o = objective(&p, BASIN_DOUBLE);
    assert_ok(basin_objective_loss(o, NULL, p.theta, &l));
    for (size_t i = 0; i < SAMPLES * TOKENS; i++) {
        size_t t = (size_t)p.classes[i], best = 0;
        double z = 0.0;
        if (p.classes[i] == -100) continue;
        for (size_t c = 0; c < CLASSES; c++) {
            z += exp(logit(&p, i / TOKENS, i % TOKENS, c));
            if (logit(&p, i / TOKENS, i % TOKENS, c) > logit(&p, i / TOKENS, i % TOKENS, best)) best = c;
        }
        sum += class_weights[t] * (log(z) - logit(&p, i / TOKENS, i % TOKENS, t));
        norm += class_weights[t];
        correct += best == t, count++;
    }
    assert_close(l.weight, norm, 1e-13, 0.0);
    assert_close(basin_loss_value(&l), sum / norm, 1e-12, 0.0);
    assert_true(l.correct == correct && l.count == count);
    basin_objective_destroy(&o);
    basin_graph_destroy(&p.graph);
}

static void point_at(const problem *p, double h, double *to)
{
    for (size_t i = 0; i < SIZE; i++) to[i] = p->theta[i] + h * p->v[i];
}

static void derivatives_of_token_losses_are_those_of_the_loss(void **state)
{
    const double h = 1e-5;

    (void)state;
    for (size_t i = 0; i < LOSSES; i++) {
        problem          p;
        basin_loss       l[2];
        basin_curvature *curvature = NULL;
        double           g[SIZE], there[2][SIZE], gs[2][SIZE], hv[SIZE];
        start(&p, losses[i]);
        basin_objective *o = objective(&p, BASIN_DOUBLE);
        for (int side = 0; side < 2; side++) {
            point_at(&p, side ? -h : h, there[side]);
            assert_ok(basin_objective_gradient(o, NULL, there[side], &l[side], gs[side]));
        }
        assert_ok(basin_objective_gradient(o, NULL, p.theta, &(basin_loss){0}, g));
        assert_close(basin_dot(g, p.v, SIZE), (basin_loss_value(&l[0]) - basin_loss_value(&l[1])) / (2 * h),
                     1e-8, 1e-9);
        assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
        assert_false(basin_curvature_approximate(curvature));
        assert_ok(basin_curvature_product(curvature, p.v, 1, hv));
        for (size_t j = 0; j < SIZE; j++) assert_close(hv[j], (gs[0][j] - gs[1][j]) / (2 * h), 1e-7, 1e-8);
        basin_curvature_destroy(&curvature);
        basin_objective_destroy(&o);
        basin_graph_destroy(&p.graph);
    }
}

static void single_precision_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOSSES; i++) {
        problem    p;
        basin_loss l[2];
        double     g[2][SIZE], hv[2][SIZE];
        start(&p, losses[i]);
        for (int s = 0; s < 2; s++) {
            basin_objective *o = objective(&p, s ? BASIN_SINGLE : BASIN_DOUBLE);
            basin_curvature *curvature = NULL;
            assert_ok(basin_objective_gradient(o, NULL, p.theta, &l[s], g[s]));
            assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
            assert_ok(basin_curvature_product(curvature, p.v, 1, hv[s]));
            basin_curvature_destroy(&curvature);
            basin_objective_destroy(&o);
        }
        assert_close(l[1].weight, l[0].weight, 0.0, 0.0);
        assert_close(basin_loss_value(&l[1]), basin_loss_value(&l[0]), 1e-6, 0.0);
        for (size_t j = 0; j < SIZE; j++) {
            assert_close(g[1][j], g[0][j], 1e-4, 1e-6);
            assert_close(hv[1][j], hv[0][j], 1e-4, 1e-6);
        }
        basin_graph_destroy(&p.graph);
    }
}

/* Sums of disjoint subsets add up to that of the whole, with their own normalisers; a slice sees the same
   losses. */
static void subsets_bring_their_own_normaliser(void **state)
{
    size_t even[SAMPLES / 2], odd[SAMPLES / 2];

    (void)state;
    for (size_t i = 0; i < SAMPLES / 2; i++) even[i] = 2 * i, odd[i] = 2 * i + 1;
    for (size_t i = 0; i < LOSSES; i++) {
        problem    p;
        basin_loss whole, part[2], line[2];
        double     g[SIZE], gp[2][SIZE], there[SIZE];
        start(&p, losses[i]);
        basin_objective *o = objective(&p, BASIN_DOUBLE);
        assert_ok(basin_objective_gradient(o, NULL, p.theta, &whole, g));
        assert_ok(basin_objective_gradient(o, &(basin_samples){even, SAMPLES / 2}, p.theta, &part[0], gp[0]));
        assert_ok(basin_objective_gradient(o, &(basin_samples){odd, SAMPLES / 2}, p.theta, &part[1], gp[1]));
        assert_close(part[0].weight + part[1].weight, whole.weight, 1e-14, 0.0);
        assert_close(part[0].sum + part[1].sum, whole.sum, 1e-12, 0.0);
        assert_int_equal(part[0].count + part[1].count, whole.count);
        for (size_t j = 0; j < SIZE; j++)
            assert_close((gp[0][j] * part[0].weight + gp[1][j] * part[1].weight) / whole.weight, g[j], 1e-11,
                         1e-14);
        point_at(&p, 0.5, there);
        assert_ok(basin_objective_subspace(o, &(basin_samples){odd, SAMPLES / 2}, p.theta, p.v, 1,
                                           (double[]){0.0, 0.5}, 2, line));
        assert_close(basin_loss_value(&line[0]), basin_loss_value(&part[1]), 1e-12, 0.0);
        assert_ok(basin_objective_loss(o, &(basin_samples){odd, SAMPLES / 2}, there, &whole));
        assert_close(basin_loss_value(&line[1]), basin_loss_value(&whole), 1e-12, 0.0);
        basin_objective_destroy(&o);
        basin_graph_destroy(&p.graph);
    }
}

static void a_subset_in_which_nothing_counts_is_refused(void **state)
{
    problem          p;
    basin_objective *o = NULL;
    basin_loss       l;
    double           g[SIZE];
    basin_curvature *curvature = NULL;
    basin_samples    none = {(size_t[]){2, 7}, 2};

    (void)state;
    start(&p, losses[1]);
    /* a class of weight 0 */
    for (size_t j = 0; j < TOKENS; j++) p.classes[2 * TOKENS + j] = -100, p.classes[7 * TOKENS + j] = 3;
    o = objective(&p, BASIN_DOUBLE);
    assert_status(basin_objective_gradient(o, &none, p.theta, &l, g), BASIN_ERR_VALUE);
    assert_message("no target of these 2 samples counts: the loss would be 0/0");
    assert_status(basin_objective_loss(o, &none, p.theta, &l), BASIN_ERR_VALUE);
    assert_status(basin_curvature_create(o, &none, p.theta, BASIN_HESSIAN, &curvature), BASIN_ERR_VALUE);
    assert_null(curvature);
    basin_objective_destroy(&o);
    for (size_t i = 0; i < SAMPLES * TOKENS; i++) p.classes[i] = -100;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("data: /targets: no target of these 300 samples counts: the loss would be 0/0");
    basin_graph_destroy(&p.graph);
}

static void what_does_not_fit_is_named_with_both_shapes(void **state)
{
    problem          p;
    basin_objective *o = NULL;

    (void)state;
    start(&p, losses[1]);
    p.data.class_count = 2;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_SHAPE);
    assert_message("data: /targets: the network's output logits of shape [3, 4] a sample takes 3 classes a "
                   "sample, the file has 2");
    p.data.class_count = 0;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_SHAPE);
    assert_message("takes 3 classes a sample, the file has 1");
    p.data.class_count = TOKENS;
    p.classes[4 * TOKENS + 2] = 4;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("data: /targets: row 4, token 2 is class 4, but the network has 4 outputs");
    p.classes[4 * TOKENS + 2] = -2;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("row 4, token 2 is class -2, neither one of 4 classes nor the loss's ignore_index -100");
    p.loss.ignores = false;
    p.classes[4 * TOKENS + 2] = 0;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("row 1, token 0 is class -100, and the loss has no ignore_index that would leave it out");
    p.loss.weight_count = 3;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_SHAPE);
    assert_message(
        "the loss has 3 weights, the network's output logits of shape [3, 4] a sample has 4 classes");
    p.loss = (basin_loss_spec){.kind = BASIN_LOSS_MSE, .ignores = true};
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_UNSUPPORTED);
    assert_message("loss mse takes no ignore_index");
    p.loss = (basin_loss_spec){.kind = BASIN_LOSS_MSE};
    p.data.classes = NULL, p.data.values = p.values, p.data.value_count = 11;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_SHAPE);
    assert_message("the network has 12 outputs, the file 11 values a sample");
    assert_null(o);
    basin_graph_destroy(&p.graph);
}

/* Token classes serve the losses of real values one-hot, token by token. */
static void classes_are_one_hot_for_real_losses(void **state)
{
    problem          p;
    basin_objective *o[2] = {NULL, NULL};
    basin_loss       l[2];

    (void)state;
    start(&p, (basin_loss_spec){.kind = BASIN_LOSS_BCE_WITH_LOGITS});
    for (size_t i = 0; i < SAMPLES * TOKENS; i++) {
        p.classes[i] = (int64_t)(i % CLASSES);
        for (size_t c = 0; c < CLASSES; c++) p.values[i * CLASSES + c] = c == i % CLASSES;
    }
    o[0] = objective(&p, BASIN_DOUBLE);
    p.data.classes = p.classes, p.data.class_count = TOKENS, p.data.values = NULL, p.data.value_count = 0;
    o[1] = objective(&p, BASIN_DOUBLE);
    for (int i = 0; i < 2; i++) {
        assert_ok(basin_objective_loss(o[i], NULL, p.theta, &l[i]));
        basin_objective_destroy(&o[i]);
    }
    assert_memory_equal(&l[0], &l[1], sizeof l[0]);
    basin_graph_destroy(&p.graph);
}

/* The spec is copied: what becomes of the caller's weights does not matter. */
static void the_network_keeps_its_own_weights(void **state)
{
    problem          p;
    basin_objective *o = NULL;
    basin_loss       l[2];
    double           w[CLASSES] = {0.5, 2.0, 1.25, 0.0};

    (void)state;
    start(&p, losses[1]);
    p.loss.weights = w;
    o = objective(&p, BASIN_DOUBLE);
    assert_ok(basin_objective_loss(o, NULL, p.theta, &l[0]));
    for (size_t c = 0; c < CLASSES; c++) w[c] = 100.0;
    assert_ok(basin_objective_loss(o, NULL, p.theta, &l[1]));
    assert_memory_equal(&l[0], &l[1], sizeof l[0]);
    basin_objective_destroy(&o);
    basin_objective_destroy(&o);
    basin_graph_destroy(&p.graph);
}

static basin_status whole_life(void *payload)
{
    basin_status     st = BASIN_OK;
    const problem   *p = payload;
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    basin_loss       l;
    double           g[SIZE];

    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(basin_objective_gradient(o, &(basin_samples){(size_t[]){3, 5}, 2}, p->theta, &l, g));
    BASIN_TRY(basin_curvature_create(o, &(basin_samples){(size_t[]){1, 2}, 2}, p->theta, BASIN_HESSIAN,
                                     &curvature));
    BASIN_TRY(basin_curvature_product(curvature, p->v, 1, g));
done:
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p;

    (void)state;
    start(&p, losses[1]);
    basin_threads_set(1);
    basin_test_every_allocation(whole_life, &p);
    basin_threads_set(0);
    basin_graph_destroy(&p.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_losses_have_one_normaliser),
        cmocka_unit_test(derivatives_of_token_losses_are_those_of_the_loss),
        cmocka_unit_test(single_precision_agrees),
        cmocka_unit_test(subsets_bring_their_own_normaliser),
        cmocka_unit_test(a_subset_in_which_nothing_counts_is_refused),
        cmocka_unit_test(what_does_not_fit_is_named_with_both_shapes),
        cmocka_unit_test(classes_are_one_hot_for_real_losses),
        cmocka_unit_test(the_network_keeps_its_own_weights),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("targets", tests, NULL, NULL) : 1;
}
