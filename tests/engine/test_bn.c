/* Where BatchNormalization's statistics come from: batches, re-estimation, interpolation; against plain loops
   and differences. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

static const double zero[4] = {0, 0, 0, 0}, one[4] = {1, 1, 1, 1};

static void bn(basin_graph *g, const char *input, const char *output, char which)
{
    char name[4][8], inputs[64];

    for (int i = 0; i < 4; i++) snprintf(name[i], sizeof name[i], "%c%c", "stmv"[i], which);
    case_param(g, name[0], SHAPE(4));
    case_param(g, name[1], SHAPE(4));
    case_buffer(g, name[2], SHAPE(4), zero);
    case_buffer(g, name[3], SHAPE(4), one);
    snprintf(inputs, sizeof inputs, "%s %s %s %s %s", input, name[0], name[1], name[2], name[3]);
    case_real(case_node(g, "BatchNormalization", inputs, output), "epsilon", 0.01);
}

/* Two normalisations with a nonlinearity between them; samples [4] or, convolved, [2, 3, 3] with 4 channels
   in lanes. */
static basin_graph *flat(void)
{
    basin_graph *g = case_start(SHAPE(4));

    case_param(g, "w1", SHAPE(4, 4));
    case_node(g, "Gemm", "x w1", "h");
    bn(g, "h", "n", '1');
    case_node(g, "Tanh", "n", "t");
    case_param(g, "w2", SHAPE(4, 4));
    case_node(g, "Gemm", "t w2", "h2");
    bn(g, "h2", "n2", '2');
    case_node(g, "Tanh", "n2", "u2");
    return case_end(g, "u2", 4);
}

static basin_graph *convolved(void)
{
    basin_graph *g = case_start(SHAPE(2, 3, 3));

    case_param(g, "w1", SHAPE(4, 2, 2, 2));
    case_node(g, "Conv", "x w1", "h");
    bn(g, "h", "n", '1');
    case_node(g, "Tanh", "n", "t");
    case_param(g, "w2", SHAPE(4, 4, 1, 1));
    case_node(g, "Conv", "t w2", "h2");
    bn(g, "h2", "n2", '2');
    case_node(g, "Tanh", "n2", "u2");
    return case_end(g, "u2", 16);
}

static basin_graph *first(void)
{
    basin_graph *g = case_start(SHAPE(4));

    bn(g, "x", "n", '1');
    case_node(g, "Tanh", "n", "t");
    return case_end(g, "t", 4);
}

static problem start(basin_graph *(*make)(void), size_t n)
{
    problem p = {.graph = make(), .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    problem_data(&p, n, 3, 0, 1);
    problem_theta(&p, 0.7, 2);
    return p;
}

static basin_objective *objective_of(const problem *p, basin_bn kind, size_t batch)
{
    basin_objective *o = NULL;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data,
                                      &(basin_network_options){.bn = kind, .bn_batch = batch}, &o));
    return o;
}

static double loss_of(basin_objective *o, const basin_samples *s, const double *theta)
{
    basin_loss l;

    assert_ok(basin_objective_loss(o, s, theta, &l));
    return basin_loss_value(&l);
}

/* --------------------------------------------------------------------------------------------- batches -- */

static void check_derivatives(basin_graph *(*make)(void), size_t n, size_t batch)
{
    problem          p = start(make, n);
    basin_objective *o = objective_of(&p, BASIN_BN_BATCH, batch);
    basin_random     r = basin_random_start(3, BASIN_STREAM_TEST);
    basin_curvature *c = NULL;
    basin_loss       l;
    const double     h = 1e-5;
    double          *a[6];

    for (size_t i = 0; i < 6; i++) assert_non_null(a[i] = basin_alloc(2 * p.size, sizeof(double)));
    double *g = a[0], *v = a[1], *hv = a[2], *point = a[3], *plus = a[4], *minus = a[5];
    basin_random_normals(&r, v, 2 * p.size);
    basin_scale(1.0 / basin_norm(v, p.size), v, p.size);
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &l, g));
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    assert_ok(basin_curvature_product(c, v, 2, hv));
    for (int sign = 1; sign >= -1; sign -= 2) {
        basin_copy(p.theta, point, p.size);
        basin_axpy(sign * h, v, point, p.size);
        assert_ok(basin_objective_gradient(o, NULL, point, &l, sign > 0 ? plus : minus));
        plus[p.size + (sign > 0)] = basin_loss_value(&l);
    }
    assert_close(basin_dot(g, v, p.size), (plus[p.size + 1] - plus[p.size]) / (2 * h), 2e-8, 1e-10);
    for (size_t i = 0; i < p.size; i++)
        assert_close(hv[i], (plus[i] - minus[i]) / (2 * h), 2e-8, 2e-8 * basin_norm(hv, p.size));
    assert_close(basin_dot(v + p.size, hv, p.size), basin_dot(v, hv + p.size, p.size), 1e-11, 1e-12);
    basin_curvature_destroy(&c);
    basin_memory_limit_set(40000); /* what is kept does not fit: computed again */
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    assert_ok(basin_curvature_product(c, v, 2, point));
    basin_memory_limit_set(0);
    assert_memory_equal(point, hv, 2 * p.size * sizeof *hv);
    basin_curvature_destroy(&c);
    basin_objective_destroy(&o);
    for (size_t i = 0; i < 6; i++) basin_free(a[i]);
    problem_release(&p);
}

static void derivatives_go_through_the_statistics_of_batches(void **state)
{
    (void)state;
    check_derivatives(flat, 20, 6);
    check_derivatives(convolved, 41, 20);
    check_derivatives(convolved, 19, 100);
    check_derivatives(first, 19, 5);
}

/* The loss is the mean over batches, each of which is a whole of its own: a subset. */
static void batches_stand_alone(void **state)
{
    problem          p = start(convolved, 41);
    basin_objective *batches = objective_of(&p, BASIN_BN_BATCH, 20);
    double           sum = 0.0;

    (void)state;
    for (size_t start_at = 0; start_at < 41; start_at += 20) {
        size_t index[20], count = 41 - start_at < 20 ? 41 - start_at : 20;
        for (size_t i = 0; i < count; i++) index[i] = start_at + count - 1 - i; /* a batch has no order */
        sum += (double)count * loss_of(batches, &(basin_samples){index, count}, p.theta);
    }
    assert_close(loss_of(batches, NULL, p.theta), sum / 41.0, 1e-13, 0.0);
    basin_objective_destroy(&batches);
    problem_release(&p);
}

/* One layer by plain loops: each batch with its own biased statistics. */
static void a_batch_has_its_definition(void **state)
{
    problem          p = start(first, 11);
    basin_objective *o = objective_of(&p, BASIN_BN_BATCH, 6);
    const double    *s = p.theta, *t = p.theta + 4, *last = p.theta + 8;
    double          *y = NULL;
    size_t           width;

    (void)state;
    assert_ok(basin_network_output(o, p.theta, &width, &y));
    for (size_t from = 0; from < 11; from += 6) {
        const size_t  b = 11 - from < 6 ? 11 - from : 6;
        const double *x = p.data.inputs + 4 * from;
        double        n[6][4];
        for (size_t c = 0; c < 4; c++) {
            double mean = 0.0, variance = 0.0;
            for (size_t i = 0; i < b; i++) mean += x[4 * i + c] / (double)b;
            for (size_t i = 0; i < b; i++)
                variance += (x[4 * i + c] - mean) * (x[4 * i + c] - mean) / (double)b;
            for (size_t i = 0; i < b; i++)
                n[i][c] = tanh(s[c] * (x[4 * i + c] - mean) / sqrt(variance + 0.01) + t[c]);
        }
        for (size_t i = 0; i < b; i++)
            for (size_t j = 0; j < 3; j++) {
                double expected = 0.0;
                for (size_t c = 0; c < 4; c++) expected += 0.7 * last[4 * j + c] * n[i][c];
                assert_close(y[(from + i) * 3 + j], expected, 1e-12, 1e-13);
            }
    }
    basin_free(y);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* --------------------------------------------------------------------------------------- re-estimation -- */

/* The statistics of all samples are those of one batch of all: same outputs, but derivatives hold them
   constant. */
static void reestimation_is_one_batch_of_all(void **state)
{
    basin_graph *(*const graphs[])(void) = {flat, convolved, first};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        problem          p = start(graphs[i], 700);
        basin_objective *all = objective_of(&p, BASIN_BN_BATCH, 700),
                        *o = objective_of(&p, BASIN_BN_REESTIMATE, 0);
        const double coef[4] = {0.0, 0.3, -1.0, 2.0};
        double      *y[2] = {NULL, NULL}, *g = basin_alloc(p.size, sizeof *g);
        double      *moved = basin_alloc(p.size, sizeof *moved);
        basin_loss   many[4], l;
        size_t       width;
        assert_ok(basin_network_output(all, p.theta, &width, &y[0]));
        assert_ok(basin_network_output(o, p.theta, &width, &y[1]));
        for (size_t j = 0; j < 700 * width; j++) assert_close(y[1][j], y[0][j], 1e-12, 1e-12);
        assert_ok(basin_objective_gradient(all, NULL, p.theta, &l, g));
        assert_ok(basin_objective_gradient(o, NULL, p.theta, &l, moved));
        basin_axpy(-1.0, g, moved, p.size);
        assert_true(basin_norm(moved, p.size) > 1e-3 * basin_norm(g, p.size) || graphs[i] == first);
        assert_ok(basin_objective_subspace(o, NULL, p.theta, g, 1, coef, 4, many));
        for (size_t j = 0; j < 4; j++) {
            basin_copy(p.theta, moved, p.size);
            basin_axpy(coef[j], g, moved, p.size);
            assert_close(basin_loss_value(&many[j]), loss_of(all, NULL, moved), 1e-12, 0.0);
            assert_close(basin_loss_value(&many[j]), loss_of(o, NULL, moved), 1e-13, 0.0);
        }
        basin_free(y[0]), basin_free(y[1]), basin_free(g), basin_free(moved);
        basin_objective_destroy(&all);
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* Whatever samples the loss is taken on, statistics are those of the whole split train: outputs are the
   whole's, sample by sample. */
static void reestimation_does_not_move_with_the_samples(void **state)
{
    problem      p = start(convolved, 300);
    const size_t rows[4] = {211, 7, 299, 40};
    basin_split both[2] = {p.data.splits[0], {.name = (char[]){"other"}, .count = 4, .rows = (size_t *)rows}};
    size_t      all[300];
    const basin_network_options options[] = {
        {.bn = BASIN_BN_REESTIMATE, .row_count = 4, .rows = rows},
        {.bn = BASIN_BN_REESTIMATE, .split = "other"},
        {.bn = BASIN_BN_REESTIMATE, .row_count = 300, .rows = all},
        {.bn = BASIN_BN_REESTIMATE, .samples = 20, .seed = 5},
        {.bn = BASIN_BN_REESTIMATE, .part = 2},
    };
    basin_dataset    data = p.data;
    double          *whole = NULL, *y = NULL;
    size_t           width;
    basin_objective *o = objective_of(&p, BASIN_BN_REESTIMATE, 0);

    (void)state;
    data.splits = both, data.split_count = 2;
    for (size_t i = 0; i < 300; i++) all[i] = 299 - i;
    assert_ok(basin_network_output(o, p.theta, &width, &whole));
    basin_objective_destroy(&o);
    for (size_t i = 0; i < 5; i++) {
        assert_ok(basin_network_objective(p.graph, &p.loss, &data, &options[i], &o));
        assert_ok(basin_network_output(o, p.theta, &width, &y));
        size_t at = 0;
        for (size_t s = 0; s < basin_objective_samples(o); s++) {
            if (i == 0 || i == 1)
                at = rows[s];
            else if (i == 2)
                at = all[s];
            else /* ascending samples, found by their outputs */
                while (at < 300 && fabs(y[s * width] - whole[at * width]) > 1e-12) at++;
            assert_true(at < 300);
            for (size_t j = 0; j < width; j++)
                assert_close(y[s * width + j], whole[at * width + j], 1e-12, 1e-12);
        }
        basin_free(y), y = NULL;
        basin_objective_destroy(&o);
    }
    basin_free(whole);
    problem_release(&p);
}

/* Held constant: products are those of the network whose buffers are the statistics found. */
static void products_hold_reestimated_statistics_constant(void **state)
{
    problem          p = start(first, 300);
    basin_objective *o = objective_of(&p, BASIN_BN_REESTIMATE, 0), *stored = NULL;
    basin_curvature *c[2] = {NULL, NULL};
    double          *hv[2];

    (void)state;
    for (size_t ch = 0; ch < 4; ch++) {
        double mean = 0.0, variance = 0.0;
        for (size_t i = 0; i < 300; i++) mean += p.data.inputs[4 * i + ch] / 300.0;
        for (size_t i = 0; i < 300; i++)
            variance += (p.data.inputs[4 * i + ch] - mean) * (p.data.inputs[4 * i + ch] - mean) / 300.0;
        p.graph->buffers[0].values[ch] = mean;
        p.graph->buffers[1].values[ch] = variance;
    }
    stored = objective_of(&p, BASIN_BN_STORED, 0);
    for (int i = 0; i < 2; i++) {
        hv[i] = basin_alloc(p.size, sizeof(double));
        assert_ok(basin_curvature_create(i ? stored : o, NULL, p.theta, BASIN_HESSIAN, &c[i]));
        assert_ok(basin_curvature_product(c[i], p.theta, 1, hv[i]));
    }
    for (size_t i = 0; i < p.size; i++) assert_close(hv[0][i], hv[1][i], 1e-12, 1e-13);
    for (int i = 0; i < 2; i++) basin_curvature_destroy(&c[i]), basin_free(hv[i]);
    basin_objective_destroy(&o);
    basin_objective_destroy(&stored);
    problem_release(&p);
}

static void bits_do_not_depend_on_threads(void **state)
{
    const basin_bn kinds[] = {BASIN_BN_REESTIMATE, BASIN_BN_BATCH};
    const size_t   threads[] = {1, 2, 3, 8, 17, 64};
    problem        p = start(convolved, 700);
    double        *g[2] = {basin_alloc(p.size, sizeof(double)), basin_alloc(p.size, sizeof(double))};
    basin_loss     l[2];

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            basin_objective *o = objective_of(&p, kinds[k], 50);
            basin_threads_set(threads[t]);
            assert_ok(basin_objective_gradient(o, NULL, p.theta, &l[t > 0], g[t > 0]));
            basin_threads_set(0);
            assert_memory_equal(g[t > 0], g[0], p.size * sizeof(double));
            assert_memory_equal(&l[t > 0], &l[0], sizeof l[0]);
            basin_objective_destroy(&o);
        }
    basin_free(g[0]);
    basin_free(g[1]);
    problem_release(&p);
}

/* --------------------------------------------------------------------------------------- interpolation -- */

static void interpolation_moves_statistics_linearly(void **state)
{
    problem          p = start(flat, 40);
    basin_objective *o = objective_of(&p, BASIN_BN_INTERPOLATE, 0), *there = NULL;
    basin_graph     *end = NULL;
    const double     coef[4] = {0.0, 7.0, 1.0, -3.0}, at[2] = {2.0, 1.0};
    double          *dirs = basin_alloc(2 * p.size, sizeof *dirs);
    double          *theta = basin_alloc(p.size, sizeof *theta);
    basin_loss       many[2];

    (void)state;
    assert_ok(basin_graph_copy(p.graph, &end));
    for (size_t i = 0; i < 4; i++)
        for (size_t b = 0; b < 4; b++)
            end->buffers[b].values[i] = b % 2 ? 0.2 + 0.3 * (double)i : 0.1 * (double)i - 0.4;
    for (size_t i = 0; i < p.size; i++) dirs[i] = 0.3 * cos((double)i), dirs[p.size + i] = 0.01;
    assert_ok(basin_network_interpolate(o, 2, (const basin_graph *const[]){end, NULL}, at));
    assert_ok(basin_objective_subspace(o, NULL, p.theta, dirs, 2, coef, 2, many));
    for (size_t point = 0; point < 2; point++) { /* half of the way at coordinate 1 of 2 */
        for (size_t b = 0; b < 4; b++)
            for (size_t i = 0; i < 4; i++)
                p.graph->buffers[b].values[i] = (1.0 - coef[2 * point] / 2.0) * (b % 2 ? 1.0 : 0.0) +
                                                coef[2 * point] / 2.0 * end->buffers[b].values[i];
        there = objective_of(&p, BASIN_BN_STORED, 0);
        basin_copy(p.theta, theta, p.size);
        for (size_t j = 0; j < 2; j++) basin_axpy(coef[2 * point + j], dirs + j * p.size, theta, p.size);
        assert_close(basin_loss_value(&many[point]), loss_of(there, NULL, theta), 1e-13, 0.0);
        basin_objective_destroy(&there);
    }
    assert_status(basin_objective_subspace(o, NULL, p.theta, dirs, 2, (const double[]){6.0, 0.0}, 1, many),
                  BASIN_ERR_VALUE);
    assert_message("node n (BatchNormalization): statistics interpolated beyond their ends: at coordinate 6, "
                   "0 the variance v1[0] would be -1.4");
    assert_status(basin_objective_subspace(o, NULL, p.theta, dirs, 1, coef, 1, many), BASIN_ERR_ARG);
    end->buffers[3].values[1] = -2.0;
    assert_status(basin_network_interpolate(o, 2, (const basin_graph *const[]){end, NULL}, at),
                  BASIN_ERR_VALUE);
    assert_message("v2[1] is -2 in the checkpoint to interpolate to");
    basin_free(dirs), basin_free(theta);
    basin_graph_destroy(&end);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* -------------------------------------------------------------------------------------------- refusals -- */

static void refused(const problem *p, const basin_network_options *options, basin_status code,
                    const char *message)
{
    basin_objective *o = NULL;

    assert_status(basin_network_objective(p->graph, &p->loss, &p->data, options, &o), code);
    assert_message(message);
    assert_null(o);
}

static void what_cannot_be_is_refused(void **state)
{
    problem          p = start(flat, 21), plain = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective *o = NULL;
    basin_loss       l;

    (void)state;
    refused(&p, &(basin_network_options){.bn = BASIN_BN_BATCH, .bn_batch = 5}, BASIN_ERR_VALUE,
            "21 samples in batches of 5 leave 1");
    refused(&p, &(basin_network_options){.bn = BASIN_BN_BATCH, .bn_batch = 1}, BASIN_ERR_VALUE,
            "21 samples in batches of 1 leave 1");
    refused(&p, &(basin_network_options){.bn = BASIN_BN_BATCH}, BASIN_ERR_ARG, "need the size of a batch");
    basin_memory_limit_set(3000);
    refused(&p, &(basin_network_options){.bn = BASIN_BN_BATCH, .bn_batch = 21}, BASIN_ERR_BUDGET,
            "a batch of 21 samples is one piece of work");
    basin_memory_limit_set(0);
    o = objective_of(&p, BASIN_BN_BATCH, 7);
    assert_status(
        basin_objective_loss(o, &(basin_samples){(const size_t[]){1, 2, 3, 4, 5, 6, 7, 8}, 8}, p.theta, &l),
        BASIN_ERR_VALUE);
    assert_message("8 samples in batches of 7 leave 1");
    assert_status(
        basin_network_interpolate(o, 1, (const basin_graph *const[]){p.graph}, (const double[]){1.0}),
        BASIN_ERR_ARG);
    basin_objective_destroy(&o);
    assert_ok(basin_graph_mlp((const size_t[]){4, 3}, 2, NULL, &plain.graph));
    problem_data(&plain, 10, 3, 0, 1);
    problem_theta(&plain, 1.0, 2);
    refused(&plain, &(basin_network_options){.bn = BASIN_BN_REESTIMATE}, BASIN_ERR_ARG,
            "the network has no BatchNormalization");
    problem_release(&plain);
    problem_release(&p);
}

static basin_graph *shared_statistics(void)
{
    basin_graph *g = case_start(SHAPE(4));

    case_buffer(g, "m", SHAPE(4), zero);
    case_buffer(g, "v", SHAPE(4), one);
    case_node(g, "BatchNormalization", "x - - m v", "n");
    case_node(g, "Tanh", "n", "t");
    case_node(g, "BatchNormalization", "t - - m v", "n2");
    return case_end(g, "n2", 4);
}

static void shared_statistics_cannot_be_estimated(void **state)
{
    problem p = start(shared_statistics, 10);

    (void)state;
    refused(&p, &(basin_network_options){.bn = BASIN_BN_REESTIMATE}, BASIN_ERR_UNSUPPORTED,
            "its statistic m is read by another node too");
    problem_release(&p);
}

static basin_status estimate_once(void *payload)
{
    basin_status     st = BASIN_OK;
    const problem   *p = payload;
    basin_objective *o = NULL;
    basin_loss       l;

    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data,
                                      &(basin_network_options){.bn = BASIN_BN_REESTIMATE}, &o));
    BASIN_TRY(basin_objective_loss(o, NULL, p->theta, &l));
done:
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = start(flat, 20);

    (void)state;
    basin_threads_set(1);
    basin_test_every_allocation(estimate_once, &p);
    basin_threads_set(0);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_go_through_the_statistics_of_batches),
        cmocka_unit_test(batches_stand_alone),
        cmocka_unit_test(a_batch_has_its_definition),
        cmocka_unit_test(reestimation_is_one_batch_of_all),
        cmocka_unit_test(reestimation_does_not_move_with_the_samples),
        cmocka_unit_test(products_hold_reestimated_statistics_constant),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(interpolation_moves_statistics_linearly),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(shared_statistics_cannot_be_estimated),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    if (basin_initialise() != BASIN_OK) return 1;
    return cmocka_run_group_tests_name("bn", tests, NULL, NULL);
}
