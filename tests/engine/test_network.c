/* The engine: networks against closed forms, subsets, threads, memory limits, refusals. The ops are in
   test_ops.c. */
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "core/params.h"
#include "core/random.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

/* ----------------------------------------------------------------------------------------- the network -- */

static problem mlp(const size_t *widths, size_t count, const char *activation, size_t n, basin_loss_kind kind)
{
    problem p = {.loss = {.kind = kind}};

    assert_ok(basin_graph_mlp(widths, count, activation, &p.graph));
    problem_data(&p, n, widths[count - 1], 0, 11);
    problem_theta(&p, 0.4, 12);
    return p;
}

static void linear_regression_has_its_closed_form(void **state)
{
    problem          p = mlp((size_t[]){3, 2}, 2, NULL, 50, BASIN_LOSS_MSE);
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    double           v[8], hv[8], g[8], expected;
    basin_loss       l;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &l, g));
    for (size_t i = 0; i < 8; i++) v[i] = (double)i - 3.0;
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, v, 1, hv));
    /* theta = (W [2, 3], c [2]);  L = Σ (W x + c - t)² / 2N;  ∂²/∂w_oi∂w_oj = Σ x_i x_j / N */
    for (size_t out = 0; out < 2; out++)
        for (size_t i = 0; i < 3; i++) {
            expected = 0.0;
            for (size_t s = 0; s < 50; s++) {
                const double *x = p.data.inputs + 3 * s;
                expected += x[i] *
                            (v[out * 3] * x[0] + v[out * 3 + 1] * x[1] + v[out * 3 + 2] * x[2] + v[6 + out]) /
                            50.0;
            }
            assert_close(hv[out * 3 + i], expected, 1e-13, 1e-14);
        }
    assert_close(l.weight, 100.0, 0.0, 0.0);
    assert_true(isnan(basin_loss_accuracy(&l)));
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void logistic_regression_has_its_closed_form(void **state)
{
    problem          p = mlp((size_t[]){2, 1}, 2, NULL, 40, BASIN_LOSS_BCE_WITH_LOGITS);
    basin_objective *o = NULL;
    double           g[3], expected[3] = {0}, sum = 0.0;
    basin_loss       l;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &l, g));
    for (size_t s = 0; s < 40; s++) {
        const double *x = p.data.inputs + 2 * s, t = p.data.values[s];
        double        y = p.theta[0] * x[0] + p.theta[1] * x[1] + p.theta[2], q = 1.0 / (1.0 + exp(-y));
        sum += -(t * log(q) + (1.0 - t) * log(1.0 - q)) / 40.0;
        for (size_t i = 0; i < 3; i++) expected[i] += (q - t) * (i < 2 ? x[i] : 1.0) / 40.0;
    }
    assert_close(basin_loss_value(&l), sum, 1e-13, 0.0);
    for (size_t i = 0; i < 3; i++) assert_close(g[i], expected[i], 1e-12, 1e-14);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* What an objective says, all of it. */
typedef struct answers {
    double    *g, *hv, *outputs; /* [P], [BLOCK, P], [N, 5] */
    basin_loss loss, losses[5];
    uint64_t   crossings;
} answers;

enum { BLOCK = 20 }; /* more than are multiplied together */

static answers ask(const problem *p, basin_precision precision, size_t threads)
{
    static const double coef[10] = {0.0, 0.0, 0.3, -0.2, 1.0, 1.0, -0.7, 0.1, 2.0, -3.0};
    answers             a = {.g = basin_alloc(p->size, sizeof(double)),
                             .hv = basin_alloc(BLOCK * p->size, sizeof(double))};
    size_t              width;
    double             *v = basin_alloc(BLOCK * p->size, sizeof *v);
    basin_objective    *o = NULL;
    basin_curvature    *curvature = NULL;

    for (size_t i = 0; i < BLOCK * p->size; i++) v[i] = sin((double)i);
    basin_threads_set(threads);
    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data,
                                      &(basin_network_options){.precision = precision}, &o));
    assert_ok(basin_objective_gradient(o, NULL, p->theta, &a.loss, a.g));
    assert_ok(basin_curvature_create(o, NULL, p->theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, v, BLOCK, a.hv));
    assert_ok(basin_objective_subspace(o, NULL, p->theta, v, 2, coef, 5, a.losses));
    assert_ok(basin_objective_crossings(o, NULL, p->theta, v, &a.crossings));
    assert_ok(basin_network_output(o, p->theta, &width, &a.outputs));
    basin_threads_set(0);
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    basin_free(v);
    return a;
}

static void answers_release(answers *a)
{
    basin_free(a->g);
    basin_free(a->hv);
    basin_free(a->outputs);
}

/* Also of more threads than there are processors, or groups. */
static void results_are_the_same_bits_for_any_number_of_threads(void **state)
{
    problem p = mlp((size_t[]){20, 30, 10, 5}, 4, "Relu", 3000, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);

    (void)state;
    for (int precision = BASIN_DOUBLE; precision <= BASIN_SINGLE; precision++) {
        answers one = ask(&p, (basin_precision)precision, 1);
        assert_true(one.crossings > 0);
        for (size_t t = 0; t < 5; t++) {
            answers many = ask(&p, (basin_precision)precision, (size_t[]){2, 3, 8, 17, 64}[t]);
            assert_memory_equal(&many.loss, &one.loss, sizeof one.loss);
            assert_memory_equal(many.g, one.g, p.size * sizeof(double));
            assert_memory_equal(many.hv, one.hv, BLOCK * p.size * sizeof(double));
            assert_memory_equal(many.losses, one.losses, sizeof one.losses);
            assert_memory_equal(many.outputs, one.outputs, 5 * p.data.count * sizeof(double));
            assert_int_equal(many.crossings, one.crossings);
            answers_release(&many);
        }
        answers_release(&one);
    }
    problem_release(&p);
}

/* Asked for the third time, it stops. */
static bool stops_soon(void *payload, const char *stage, double done, double total)
{
    (void)stage, (void)done, (void)total;
    return ++*(size_t *)payload < 3;
}

static void work_that_was_interrupted_can_be_done_again(void **state)
{
    problem          p = mlp((size_t[]){20, 30, 10, 5}, 4, "Relu", 3000, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_objective *o = NULL;
    basin_curvature *c = NULL;
    double          *g = basin_alloc(p.size, sizeof *g), *hv = basin_alloc(p.size, sizeof *hv);
    answers          whole = ask(&p, BASIN_DOUBLE, 1);
    basin_loss       loss;
    size_t           polls = 0;

    (void)state;
    basin_threads_set(1); /* a second one might leave the first too little to be asked three times */
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    basin_progress_set(&(basin_progress){.report = stops_soon, .payload = &polls});
    assert_int_equal(basin_objective_gradient(o, NULL, p.theta, &loss, g), BASIN_ERR_INTERRUPTED);
    polls = 0;
    assert_int_equal(basin_curvature_product(c, p.theta, 1, hv), BASIN_ERR_INTERRUPTED);
    basin_progress_set(NULL);
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &loss, g));
    assert_memory_equal(g, whole.g, p.size * sizeof *g);
    for (size_t i = 0; i < p.size; i++) g[i] = sin((double)i);
    assert_ok(basin_curvature_product(c, g, 1, hv));
    for (size_t i = 0; i < p.size; i++) assert_close(hv[i], whole.hv[i], 1e-12, 1e-14);
    basin_threads_set(0);
    basin_curvature_destroy(&c);
    basin_objective_destroy(&o);
    answers_release(&whole);
    basin_free(g);
    basin_free(hv);
    problem_release(&p);
}

/* Points in one pass, with the affine part shared, against the plain loop; also where the whole network is
   affine. */
static void subspace_agrees_with_single_points(void **state)
{
    const size_t shapes[2][4] = {{20, 30, 10, 5}, {20, 5}};

    (void)state;
    for (size_t shape = 0; shape < 2; shape++)
        for (size_t d = 1; d <= 3; d++) {
            problem p = mlp(shapes[shape], shape == 0 ? 4 : 2, "Relu", 700, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
            basin_objective *o = NULL;
            basin_random     r = basin_random_start(d, BASIN_STREAM_TEST);
            double          *dirs = basin_alloc(d * p.size, sizeof(double));
            double          *point = basin_alloc(p.size, sizeof(double)), coef[27];
            basin_loss       many[9], one;
            basin_random_normals(&r, dirs, d * p.size);
            basin_random_normals(&r, coef, 27);
            /* lines of three points along the first direction, the one in the middle off them */
            for (size_t i = 0; i < 9; i++)
                for (size_t j = 1; j < d && i != 4; j++) coef[i * d + j] = i < 3 ? 0.5 : i < 6 ? -0.0 : 0.5;
            assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
            assert_ok(basin_objective_subspace(o, NULL, p.theta, dirs, d, coef, 9, many));
            for (size_t i = 0; i < 9; i++) {
                basin_copy(p.theta, point, p.size);
                for (size_t j = 0; j < d; j++) basin_axpy(coef[i * d + j], dirs + j * p.size, point, p.size);
                assert_ok(basin_objective_loss(o, NULL, point, &one));
                assert_close(basin_loss_value(&many[i]), basin_loss_value(&one), 1e-12, 0.0);
                assert_int_equal(many[i].correct, one.correct);
            }
            basin_free(dirs);
            basin_free(point);
            basin_objective_destroy(&o);
            problem_release(&p);
        }
}

/* One normaliser: unequal subsets, weighted by their samples, add up to the whole. */
static void subsets_add_up_to_the_whole(void **state)
{
    problem          p = mlp((size_t[]){6, 8, 3}, 3, "Gelu", 500, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_objective *o = NULL;
    size_t           index[500];
    basin_loss       whole, part[2];
    double          *g = basin_alloc(3 * p.size, sizeof(double));
    double          *hv = basin_alloc(3 * p.size, sizeof(double));

    (void)state;
    for (size_t i = 0; i < 500; i++) index[i] = (i * 7) % 500;
    const basin_samples subset[2] = {{index, 13}, {index + 13, 487}};
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &whole, g));
    for (size_t i = 0; i < 3; i++) {
        basin_curvature *curvature = NULL;
        if (i > 0)
            assert_ok(basin_objective_gradient(o, &subset[i - 1], p.theta, &part[i - 1], g + i * p.size));
        assert_ok(
            basin_curvature_create(o, i > 0 ? &subset[i - 1] : NULL, p.theta, BASIN_HESSIAN, &curvature));
        assert_ok(basin_curvature_product(curvature, p.theta, 1, hv + i * p.size));
        basin_curvature_destroy(&curvature);
    }
    assert_close(part[0].sum + part[1].sum, whole.sum, 1e-13, 0.0);
    for (size_t i = 0; i < p.size; i++) {
        assert_close((13.0 * g[p.size + i] + 487.0 * g[2 * p.size + i]) / 500.0, g[i], 1e-11, 1e-14);
        assert_close((13.0 * hv[p.size + i] + 487.0 * hv[2 * p.size + i]) / 500.0, hv[i], 1e-11, 1e-13);
    }
    assert_status(basin_objective_gradient(o, &(basin_samples){index, 0}, p.theta, &whole, g), BASIN_ERR_ARG);
    basin_free(g);
    basin_free(hv);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Loss, on objectives of its own rows, is the mean over those samples of the whole. */
static void rows_are_taken_as_named(void **state)
{
    problem          p = mlp((size_t[]){4, 6, 3}, 3, "Tanh", 30, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    const size_t     rows[5] = {17, 3, 29, 0, 8};
    basin_objective *o = NULL, *whole = NULL;
    basin_loss       l, mean;
    double          *y[2] = {NULL, NULL};
    size_t           width;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &whole));
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data,
                                      &(basin_network_options){.row_count = 5, .rows = rows}, &o));
    assert_int_equal(basin_objective_samples(o), 5);
    assert_ok(basin_objective_loss(o, NULL, p.theta, &l));
    assert_ok(basin_objective_loss(whole, &(basin_samples){rows, 5}, p.theta, &mean));
    assert_close(basin_loss_value(&l), basin_loss_value(&mean), 1e-14, 0.0);
    assert_ok(basin_network_output(o, p.theta, &width, &y[0]));
    assert_ok(basin_network_output(whole, p.theta, &width, &y[1]));
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < width; j++)
            assert_close(y[0][i * width + j], y[1][rows[i] * width + j], 1e-14, 1e-15);
    basin_free(y[0]), basin_free(y[1]);
    basin_objective_destroy(&o);
    basin_objective_destroy(&whole);
    problem_release(&p);
}

/* Which samples an objective holds: inputs are made to tell them apart, and the network is the identity.
   [count] into `out`. */
static size_t samples_held(problem *p, const basin_network_options *options, size_t *out)
{
    basin_objective *o = NULL;
    double          *y = NULL;
    size_t           width, count;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, options, &o));
    assert_ok(basin_network_output(o, (const double[]){1.0, 0.0}, &width, &y));
    count = basin_objective_samples(o);
    for (size_t i = 0; i < count; i++) out[i] = (size_t)y[i];
    basin_free(y);
    basin_objective_destroy(&o);
    return count;
}

static void check_halves(problem *p, basin_network_options options, size_t seed)
{
    size_t whole[64], half[2][64], count, n[2], at[2] = {0, 0};

    options.seed = seed;
    count = samples_held(p, &options, whole);
    for (size_t i = 0; i < 2; i++) {
        options.part = i + 1;
        n[i] = samples_held(p, &options, half[i]);
    }
    assert_int_equal(n[0], (count + 1) / 2);
    assert_int_equal(n[1], count / 2);
    for (size_t i = 0; i < count; i++) { /* merged in the whole's order, they are the whole */
        const size_t from = at[0] < n[0] && half[0][at[0]] == whole[i] ? 0 : 1;
        assert_true(at[from] < n[from]);
        assert_int_equal(half[from][at[from]++], whole[i]);
    }
}

static void halves_are_disjoint_and_complete(void **state)
{
    problem      p = mlp((size_t[]){1, 1}, 2, NULL, 41, BASIN_LOSS_MSE);
    const size_t rows[7] = {30, 2, 40, 11, 12, 0, 5};
    size_t       half[3][64];

    (void)state;
    for (size_t i = 0; i < 41; i++) p.data.inputs[i] = (double)i;
    for (size_t seed = 0; seed < 5; seed++) {
        check_halves(&p, (basin_network_options){0}, seed);
        check_halves(&p, (basin_network_options){.samples = 20}, seed);
        check_halves(&p, (basin_network_options){.samples = 2}, seed);
        check_halves(&p, (basin_network_options){.row_count = 7, .rows = rows}, seed);
    }
    samples_held(&p, &(basin_network_options){.part = 1, .seed = 0}, half[0]);
    samples_held(&p, &(basin_network_options){.part = 1, .seed = 1}, half[1]);
    samples_held(&p, &(basin_network_options){.samples = 21, .seed = 0}, half[2]);
    assert_memory_not_equal(half[0], half[1], 21 * sizeof(size_t)); /* another seed, */
    /* and another stream than that of the samples */
    assert_memory_not_equal(half[0], half[2], 21 * sizeof(size_t));
    problem_release(&p);
}

static void refuse(const problem *p, const basin_network_options *options, basin_status code,
                   const char *message)
{
    basin_objective *o = NULL;

    assert_status(basin_network_objective(p->graph, &p->loss, &p->data, options, &o), code);
    assert_message(message);
    assert_null(o);
}

/* Those of another split are left out of whatever was chosen, and nothing else moves: a subset's clean
   samples are among its own. */
static void samples_of_another_split_are_left_out(void **state)
{
    problem     p = mlp((size_t[]){1, 1}, 2, NULL, 41, BASIN_LOSS_MSE);
    size_t      wrong[] = {3, 12, 40}, whole[64], rest[64], expected = 0;
    basin_split splits[] = {p.data.splits[0], {.name = "noisy", .count = 3, .rows = wrong}},
                *own = p.data.splits;

    (void)state;
    p.data.splits = splits, p.data.split_count = 2;
    for (size_t i = 0; i < 41; i++) p.data.inputs[i] = (double)i;
    for (size_t samples = 0; samples <= 30; samples += 10) {
        size_t count = samples_held(&p, &(basin_network_options){.samples = samples, .seed = 2}, whole);
        size_t left = samples_held(
            &p, &(basin_network_options){.samples = samples, .seed = 2, .without = "noisy"}, rest);
        expected = 0;
        for (size_t i = 0; i < count; i++)
            if (whole[i] != 3 && whole[i] != 12 && whole[i] != 40)
                assert_int_equal(rest[expected++], whole[i]);
        assert_int_equal(left, expected);
    }
    refuse(&p, &(basin_network_options){.row_count = 2, .rows = (size_t[]){12, 3}, .without = "noisy"},
           BASIN_ERR_VALUE, "all 2 samples chosen of split train are in split noisy");
    refuse(&p, &(basin_network_options){.without = "clean"}, BASIN_ERR_MISSING,
           "no split clean to leave out");
    p.data.splits = own, p.data.split_count = 1;
    problem_release(&p);
}

static void rows_and_halves_that_cannot_be_are_refused(void **state)
{
    problem p = mlp((size_t[]){4, 5, 3}, 3, "Relu", 10, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);

    (void)state;
    refuse(&p, &(basin_network_options){.row_count = 2, .rows = (size_t[]){9, 10}}, BASIN_ERR_VALUE,
           "row 10 asked for (number 1), split train has 10");
    refuse(&p, &(basin_network_options){.row_count = 3, .rows = (size_t[]){4, 2, 4}}, BASIN_ERR_VALUE,
           "row 4 of split train is asked for twice (numbers 0 and 2)");
    refuse(&p, &(basin_network_options){.row_count = 1, .rows = (size_t[]){4}, .samples = 3}, BASIN_ERR_ARG,
           "3 samples asked for, but also 1 rows by name");
    refuse(&p, &(basin_network_options){.row_count = 3}, BASIN_ERR_ARG, "3 rows asked for, but none named");
    refuse(&p, &(basin_network_options){.part = 3}, BASIN_ERR_ARG, "part 3 asked for, there are two halves");
    refuse(&p, &(basin_network_options){.part = 1, .samples = 1}, BASIN_ERR_ARG, "1 sample cannot be halved");
    refuse(&p, &(basin_network_options){.samples = 11}, BASIN_ERR_ARG,
           "11 samples asked for, split train has 10");
    problem_release(&p);
}

static basin_status choose_half(void *payload)
{
    problem         *p = payload;
    basin_objective *o = NULL;
    basin_status     st = basin_network_objective(
            p->graph, &p->loss, &p->data,
            &(basin_network_options){.row_count = 3, .rows = (size_t[]){3, 1, 2}, .part = 2}, &o);

    basin_objective_destroy(&o);
    return st;
}

/* What does not fit half of the memory limit is computed again chunk by chunk, to the same bits. */
static void a_frozen_point_past_the_memory_limit_gives_the_same_product(void **state)
{
    problem p = mlp((size_t[]){20, 30, 5}, 3, "Softplus", 900, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    double *hv = basin_alloc(2 * p.size, sizeof(double));

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        basin_objective *o = NULL;
        basin_curvature *curvature = NULL;
        basin_memory_limit_set(i == 0 ? 0 : 1000);
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
        assert_ok(basin_curvature_product(curvature, p.theta, 1, hv + i * p.size));
        basin_curvature_destroy(&curvature);
        basin_objective_destroy(&o);
    }
    basin_memory_limit_set(0);
    assert_memory_equal(hv, hv + p.size, p.size * sizeof(double));
    basin_free(hv);
    problem_release(&p);
}

static void crossings_count_the_relus_that_change_sign(void **state)
{
    problem          p = mlp((size_t[]){1, 1, 1}, 3, "Relu", 4, BASIN_LOSS_MSE);
    basin_objective *o = NULL;
    uint64_t         count;

    (void)state;
    memcpy(p.data.inputs, (double[]){-2.0, -1.0, 1.0, 2.0}, 4 * sizeof(double));
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    /* relu(x + b) from b = 0.5 to b = 1.5: only x = -1 crosses */
    assert_ok(basin_objective_crossings(o, NULL, (double[]){1.0, 0.5, 1.0, 0.0},
                                        (double[]){1.0, 1.5, 1.0, 0.0}, &count));
    assert_int_equal(count, 1);
    assert_ok(basin_objective_crossings(o, NULL, (double[]){1.0, 0.5, 1.0, 0.0},
                                        (double[]){1.0, 0.6, 1.0, 0.0}, &count));
    assert_int_equal(count, 0);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void refusals_name_node_tensor_and_shapes(void **state)
{
    problem          p = mlp((size_t[]){4, 5, 3}, 3, "Relu", 10, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_objective *o = NULL;
    basin_graph     *g = NULL;

    (void)state;
    assert_ok(basin_graph_copy(p.graph, &g));
    basin_free(g->nodes[1].op);
    g->nodes[1].op = basin_strdup("Swoosh");
    g->nodes[1].origin = basin_strdup("net.act");
    assert_status(basin_network_objective(g, &p.loss, &p.data, NULL, &o), BASIN_ERR_UNSUPPORTED);
    assert_message("node act1 (Swoosh, from net.act): this op is unknown");
    basin_graph_destroy(&g);

    assert_ok(basin_graph_copy(p.graph, &g));
    g->input_shape[0] = 6;
    assert_status(basin_network_objective(g, &p.loss, &p.data, NULL, &o), BASIN_ERR_SHAPE);
    assert_message("fc1.weight: expected [5, 6] for the input input of width 6, has [5, 4]");
    basin_graph_destroy(&g);

    p.data.classes[4] = 3;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("row 4 is class 3, but the network has 3 outputs");
    p.data.classes[4] = 0;
    p.data.inputs[9] = NAN;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("/inputs: row 2 holds nan");
    p.data.inputs[9] = 0.0;
    p.data.shape[0] = 2;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_SHAPE);
    assert_message("expects samples of shape [4], the file has [2]");
    p.data.shape[0] = 4;
    assert_status(
        basin_network_objective(p.graph, &p.loss, &p.data, &(basin_network_options){.split = "valid"}, &o),
        BASIN_ERR_MISSING);
    assert_message("no split valid; it has train");
    assert_status(
        basin_network_objective(p.graph, &p.loss, &p.data, &(basin_network_options){.samples = 11}, &o),
        BASIN_ERR_ARG);
    assert_null(o);
    problem_release(&p);
}

static void a_cycle_or_an_unread_parameter_is_refused(void **state)
{
    problem       p = mlp((size_t[]){4, 5, 3}, 3, "Relu", 10, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_params *params = NULL;

    (void)state;
    assert_ok(basin_params_add(p.graph->params, "lonely", (size_t[]){2}, 1));
    assert_status(basin_network_params(p.graph, &params), BASIN_ERR_FORMAT);
    assert_message("parameter lonely is read by no node");
    basin_free(p.graph->nodes[0].inputs[0]);
    p.graph->nodes[0].inputs[0] = basin_strdup("act1");
    assert_status(basin_network_params(p.graph, &params), BASIN_ERR_FORMAT);
    assert_message("a cycle through node fc1");
    problem_release(&p);
}

static void params_know_layer_role_axis_and_fan_in(void **state)
{
    size_t        fork = 0;
    basin_graph  *g;
    basin_params *params = NULL;

    (void)state;
    while (strcmp(op_cases_dense[fork].name, "Add, a fork") != 0) fork++;
    g = op_cases_dense[fork].make();
    assert_ok(basin_network_params(g, &params));
    assert_int_equal(params->blocks[0].output_axis, 1); /* transB = 0: [in, out] */
    assert_int_equal(params->blocks[0].fan_in, 4);
    assert_int_equal(params->blocks[1].role, BASIN_ROLE_BIAS);
    assert_int_equal(params->blocks[2].role, BASIN_ROLE_BIAS);
    assert_int_equal(params->blocks[3].output_axis, 0);
    assert_int_equal(params->blocks[3].role, BASIN_ROLE_WEIGHT);
    assert_int_equal(params->blocks[0].layer, 0);
    assert_int_equal(params->blocks[2].layer, 1);
    assert_int_equal(params->blocks[3].layer, 2);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

static void the_output_is_what_the_loss_reads(void **state)
{
    problem          p = mlp((size_t[]){4, 6, 3}, 3, "Elu", 300, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    basin_objective *o = NULL;
    double          *y = NULL, sum = 0.0;
    size_t           width;
    basin_loss       l;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_network_output(o, p.theta, &width, &y));
    assert_ok(basin_objective_loss(o, NULL, p.theta, &l));
    assert_int_equal(width, 3);
    for (size_t i = 0; i < 300; i++)
        sum +=
            log(exp(y[3 * i]) + exp(y[3 * i + 1]) + exp(y[3 * i + 2])) - y[3 * i + (size_t)p.data.classes[i]];
    assert_close(basin_loss_value(&l), sum / 300.0, 1e-13, 0.0);
    basin_free(y);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* 40 samples are one chunk: threads without work would only take memory. */
static void threads_beyond_the_work_take_no_memory(void **state)
{
    problem p = mlp((size_t[]){4, 5, 3}, 3, "Relu", 40, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);
    size_t  live[2];

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        basin_objective *o = NULL;
        basin_curvature *curvature = NULL;
        double          *g = basin_alloc(p.size, sizeof(double));
        size_t           before = basin_fault_live();
        basin_threads_set(t == 0 ? 1 : 500);
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        assert_ok(basin_objective_gradient(o, NULL, p.theta, NULL, g));
        assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
        live[t] = basin_fault_live() - before;
        basin_curvature_destroy(&curvature);
        basin_objective_destroy(&o);
        basin_free(g);
    }
    basin_threads_set(0);
    assert_int_equal(live[1], live[0]);
    problem_release(&p);
}

static basin_status whole_life(void *payload)
{
    basin_status     st = BASIN_OK;
    problem         *p = payload;
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    basin_loss       l[2];
    double           g[64], hv[64], coef[2] = {0.0, 1.0};
    uint64_t         count;

    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(basin_objective_gradient(o, NULL, p->theta, l, g));
    BASIN_TRY(basin_curvature_create(o, &(basin_samples){(size_t[]){1, 2}, 2}, p->theta, BASIN_HESSIAN,
                                     &curvature));
    BASIN_TRY(basin_curvature_product(curvature, g, 1, hv));
    BASIN_TRY(basin_objective_subspace(o, NULL, p->theta, g, 1, coef, 2, l));
    BASIN_TRY(basin_objective_crossings(o, NULL, p->theta, g, &count));
done:
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = mlp((size_t[]){4, 5, 3}, 3, "Relu", 10, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY);

    (void)state;
    basin_threads_set(1);
    basin_test_every_allocation(whole_life, &p);
    basin_test_every_allocation(choose_half, &p);
    basin_threads_set(0);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_regression_has_its_closed_form),
        cmocka_unit_test(logistic_regression_has_its_closed_form),
        cmocka_unit_test(results_are_the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(work_that_was_interrupted_can_be_done_again),
        cmocka_unit_test(threads_beyond_the_work_take_no_memory),
        cmocka_unit_test(subspace_agrees_with_single_points),
        cmocka_unit_test(subsets_add_up_to_the_whole),
        cmocka_unit_test(rows_are_taken_as_named),
        cmocka_unit_test(halves_are_disjoint_and_complete),
        cmocka_unit_test(samples_of_another_split_are_left_out),
        cmocka_unit_test(rows_and_halves_that_cannot_be_are_refused),
        cmocka_unit_test(a_frozen_point_past_the_memory_limit_gives_the_same_product),
        cmocka_unit_test(crossings_count_the_relus_that_change_sign),
        cmocka_unit_test(refusals_name_node_tensor_and_shapes),
        cmocka_unit_test(a_cycle_or_an_unread_parameter_is_refused),
        cmocka_unit_test(params_know_layer_role_axis_and_fan_in),
        cmocka_unit_test(the_output_is_what_the_loss_reads),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("network", tests, NULL, NULL) : 1;
}
