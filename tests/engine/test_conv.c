/* Convolution and pools: the three products against plain loops, forward values by hand, and what is
   refused. */
#define BASIN_REAL_DOUBLE
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "engine/kernels/convolution.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

enum { ROWS = 2 };

/* ---------------------------------------------------------------------------------- the three products -- */

typedef struct trial {
    basin_conv conv;
    size_t     x_size, y_size, w_size; /* of one group of samples; of the weights */
    double    *x, *y, *w, *x_out, *y_out, *w_out, *temp;
} trial;

static size_t between(basin_random *r, size_t low, size_t high)
{
    return low + basin_random_below(r, high - low + 1);
}

/* An axis that fits, with every way of not coming out even. */
static basin_window_axis random_axis(basin_random *r)
{
    for (;;) {
        basin_window_axis a = {.in = between(r, 1, 12),
                               .kernel = between(r, 1, 5),
                               .stride = between(r, 1, 4),
                               .dilation = between(r, 1, 3)};
        a.begin = between(r, 0, 4), a.end = between(r, 0, 4);
        if (a.in + a.begin + a.end < (a.kernel - 1) * a.dilation + 1) continue;
        a.out = (a.in + a.begin + a.end - (a.kernel - 1) * a.dilation - 1) / a.stride + 1;
        return a;
    }
}

static double *normals(basin_random *r, size_t count)
{
    double *values = basin_alloc(count, sizeof *values);

    assert_non_null(values);
    basin_random_normals(r, values, count);
    return values;
}

static double *copy(const double *from, size_t count)
{
    double *values = basin_alloc(count, sizeof *values);

    assert_non_null(values);
    memcpy(values, from, count * sizeof *values);
    return values;
}

static trial trial_start(basin_random *r, size_t most)
{
    trial       t = {.conv = {.window = {.y = random_axis(r), .x = random_axis(r)}}};
    basin_conv *c = &t.conv;
    size_t      temp;

    c->groups = between(r, 1, 3), c->channels = between(r, 1, most), c->outputs = between(r, 1, 9);
    t.x_size = c->groups * c->channels * c->window.y.in * c->window.x.in * BASIN_LANES;
    t.y_size = c->groups * c->outputs * c->window.y.out * c->window.x.out * BASIN_LANES;
    t.w_size = c->groups * c->outputs * c->channels * c->window.y.kernel * c->window.x.kernel;
    t.x = normals(r, ROWS * t.x_size), t.y = normals(r, ROWS * t.y_size), t.w = normals(r, t.w_size);
    t.x_out = copy(t.x, ROWS * t.x_size), t.y_out = copy(t.y, ROWS * t.y_size), t.w_out = copy(t.w, t.w_size);
    assert_true(basin_conv_temp(c, &temp));
    t.temp = normals(r, temp); /* whatever another node left there */
    return t;
}

static void trial_end(trial *t)
{
    double *arrays[] = {t->x, t->y, t->w, t->x_out, t->y_out, t->w_out, t->temp};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) basin_free(arrays[i]);
}

/* Calls `term` for every product of a weight, an input and an output number: by definition. */
static void each_term(trial *t, void (*term)(trial *t, size_t x, size_t w, size_t y))
{
    const basin_conv        *c = &t->conv;
    const basin_window_axis *v = &c->window.y, *h = &c->window.x;

    for (size_t m = 0; m < c->groups * c->outputs; m++)
        for (size_t n = 0; n < c->channels; n++)
            for (size_t ky = 0; ky < v->kernel; ky++)
                for (size_t kx = 0; kx < h->kernel; kx++)
                    for (size_t oy = 0; oy < v->out; oy++)
                        for (size_t ox = 0; ox < h->out; ox++) {
                            const size_t iy = oy * v->stride + ky * v->dilation - v->begin;
                            const size_t ix = ox * h->stride + kx * h->dilation - h->begin;
                            if (iy >= v->in || ix >= h->in) continue; /* below 0 wraps around */
                            const size_t channel = m / c->outputs * c->channels + n;
                            for (size_t l = 0; l < BASIN_LANES; l++)
                                term(t, ((channel * v->in + iy) * h->in + ix) * BASIN_LANES + l,
                                     ((m * c->channels + n) * v->kernel + ky) * h->kernel + kx,
                                     ((m * v->out + oy) * h->out + ox) * BASIN_LANES + l);
                        }
}

static void take_ahead(trial *t, size_t x, size_t w, size_t y)
{
    for (size_t i = 0; i < ROWS; i++) t->y_out[i * t->y_size + y] -= t->w[w] * t->x[i * t->x_size + x];
}

static void take_back(trial *t, size_t x, size_t w, size_t y)
{
    for (size_t i = 0; i < ROWS; i++) t->x_out[i * t->x_size + x] -= t->w[w] * t->y[i * t->y_size + y];
}

static void take_weight(trial *t, size_t x, size_t w, size_t y)
{
    for (size_t i = 0; i < ROWS; i++) t->w_out[w] -= t->y[i * t->y_size + y] * t->x[i * t->x_size + x];
}

static void products_are_what_their_definition_says(void **state)
{
    basin_random r = basin_random_start(11, BASIN_STREAM_TEST);

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        trial t = trial_start(&r, i % 12 == 0 ? 80 : 5);
        basin_conv_ahead(&t.conv, ROWS, t.x, t.x_size, t.w, t.y_out, t.y_size, t.temp);
        basin_conv_back(&t.conv, ROWS, t.x_out, t.x_size, t.w, t.y, t.y_size, t.temp);
        basin_conv_weight(&t.conv, ROWS, t.x, t.x_size, t.w_out, t.y, t.y_size, t.temp);
        each_term(&t, take_ahead);
        each_term(&t, take_back);
        each_term(&t, take_weight);
        for (size_t j = 0; j < ROWS * t.y_size; j++) assert_close(t.y_out[j], t.y[j], 0.0, 1e-12);
        for (size_t j = 0; j < ROWS * t.x_size; j++) assert_close(t.x_out[j], t.x[j], 0.0, 1e-12);
        for (size_t j = 0; j < t.w_size; j++) assert_close(t.w_out[j], t.w[j], 0.0, 1e-11);
        trial_end(&t);
    }
}

/* -------------------------------------------------------------------------------------- forward values -- */

/* The output of one node of kernel 2, strides 2, on the samples 0, 1, 2, … of 3 × 3, and on their
   negatives. */
static void assert_pooled(const char *op, int64_t ceil_mode, int64_t count_include_pad, const int64_t *pads,
                          size_t outputs, const double *expected)
{
    problem          p = {.loss = {.kind = BASIN_LOSS_MSE}};
    basin_objective *o = NULL;
    basin_node_spec *node = NULL;
    size_t           width;
    double          *y = NULL;

    p.graph = case_start(SHAPE(1, 3, 3));
    node = case_node(p.graph, op, "x", "pooled");
    case_ints(node, "kernel_shape", INTS(2, 2));
    case_ints(node, "strides", INTS(2, 2));
    case_ints(node, "pads", pads, 4);
    case_int(node, "ceil_mode", ceil_mode);
    if (strcmp(op, "AveragePool") == 0) case_int(node, "count_include_pad", count_include_pad);
    case_param(p.graph, "bias", SHAPE(1));
    case_node(p.graph, "Add", "pooled bias", "z");
    case_node(p.graph, "Flatten", "z", "y");
    p.graph->output = basin_strdup("y");
    problem_data(&p, 2, outputs, 0, 1);
    problem_theta(&p, 0.0, 2);
    for (size_t i = 0; i < 9; i++) p.data.inputs[i] = (double)i, p.data.inputs[9 + i] = -(double)i;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_network_output(o, p.theta, &width, &y));
    assert_int_equal(width, outputs);
    for (size_t i = 0; i < 2 * outputs; i++) assert_close(y[i], expected[i], 1e-15, 0.0);
    basin_free(y);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void pools_have_the_values_of_pytorch(void **state)
{
    const int64_t none[4] = {0}, all[4] = {1, 1, 1, 1};

    (void)state;
    assert_pooled("MaxPool", 0, 0, none, 1, (const double[]){4, 0});
    assert_pooled("MaxPool", 1, 0, none, 4, (const double[]){4, 5, 7, 8, 0, -2, -6, -8});
    assert_pooled("MaxPool", 0, 0, all, 4, (const double[]){0, 2, 6, 8, 0, -1, -3, -4});
    /* a third window would start in the end's padding */
    assert_pooled("MaxPool", 1, 0, all, 4, (const double[]){0, 2, 6, 8, 0, -1, -3, -4});
    assert_pooled("AveragePool", 0, 0, none, 1, (const double[]){2, -2});
    assert_pooled("AveragePool", 1, 0, none, 4, (const double[]){2, 3.5, 6.5, 8, -2, -3.5, -6.5, -8});
    assert_pooled("AveragePool", 1, 1, none, 4, (const double[]){2, 3.5, 6.5, 8, -2, -3.5, -6.5, -8});
    assert_pooled("AveragePool", 0, 0, all, 4, (const double[]){0, 1.5, 4.5, 6, 0, -1.5, -4.5, -6});
    assert_pooled("AveragePool", 0, 1, all, 4, (const double[]){0, 0.75, 2.25, 6, 0, -0.75, -2.25, -6});
}

/* Each of 19 samples is constant, and two windows 2 × 2 lie side by side: only the trained offsets [1, 2, 3]
   tell their places apart. */
static void the_first_of_equal_numbers_is_the_largest(void **state)
{
    problem          p = {.loss = {.kind = BASIN_LOSS_MSE}};
    basin_objective *o = NULL;
    basin_loss       l;
    double           g[6], moved[6] = {0.0, 0.0, 0.0, 0.0, 0.5, 0.0};
    uint64_t         crossings;

    (void)state;
    p.graph = case_start(SHAPE(1, 2, 3));
    case_param(p.graph, "offsets", SHAPE(1, 2, 3));
    case_node(p.graph, "Add", "x offsets", "h");
    case_ints(case_node(p.graph, "MaxPool", "h", "pooled"), "kernel_shape", INTS(2, 2));
    case_node(p.graph, "Flatten", "pooled", "y");
    p.graph->output = basin_strdup("y");
    problem_data(&p, 19, 2, 0, 1);
    problem_theta(&p, 0.0, 2);
    for (size_t i = 0; i < 19 * 6; i++) p.data.inputs[i] = 2.0 + (double)(i / 6);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &l, g));
    for (size_t i = 0; i < 6; i++) assert_true(i < 2 ? g[i] > 0.0 : g[i] == 0.0);
    assert_ok(basin_objective_gradient(o, NULL, moved, &l, g));
    for (size_t i = 0; i < 6; i++) assert_true(i == 4 ? g[i] > 0.0 : g[i] == 0.0);
    assert_ok(basin_objective_crossings(o, NULL, p.theta, moved, &crossings));
    assert_int_equal(crossings, 2 * 19);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* ------------------------------------------------------------------------------------- what is refused -- */

/* One node `op` with the attribute «name = values» on the input [2, 5, 6]; Conv with weights w [4, 2, 3, 3]
   and bias c [4]. */
static void assert_refused(const char *op, const char *name, const int64_t *values, size_t count,
                           basin_status code, const char *message)
{
    basin_graph     *g = case_start(SHAPE(2, 5, 6));
    const bool       conv = strcmp(op, "Conv") == 0;
    basin_params    *params = NULL;
    basin_node_spec *node = case_node(g, op, conv ? "x w c" : "x", "y");

    case_param(g, "w", SHAPE(4, 2, 3, 3));
    case_param(g, "c", SHAPE(4));
    if (!conv && strcmp(name, "kernel_shape") != 0) case_ints(node, "kernel_shape", INTS(2, 2));
    if (strcmp(name, "group") == 0)
        case_int(node, name, values[0]);
    else
        case_ints(node, name, values, count);
    g->output = basin_strdup("y");
    assert_status(basin_network_params(g, &params), code);
    assert_message(message);
    basin_graph_destroy(&g);
}

static void attributes_are_checked(void **state)
{
    (void)state;
    assert_refused("Conv", "strides", INTS(1), BASIN_ERR_FORMAT,
                   "node y (Conv): strides: expected 2 integers for the input x of shape [2, 5, 6] a sample");
    assert_refused("Conv", "strides", INTS(0, 1), BASIN_ERR_UNSUPPORTED,
                   "strides: 0 is not in [1, 16777216]");
    assert_refused("Conv", "dilations", INTS(1, INT64_MAX), BASIN_ERR_UNSUPPORTED,
                   "dilations: 9223372036854775807 is not in [1, 16777216]");
    assert_refused("Conv", "pads", INTS(0, 0, -1, 0), BASIN_ERR_UNSUPPORTED,
                   "pads: -1 is not in [0, 16777216]");
    assert_refused("Conv", "dilations", INTS(3, 1), BASIN_ERR_SHAPE,
                   "a window of 7 does not fit into the input x: 5 + padding 0, 0");
    assert_refused("Conv", "kernel_shape", INTS(3, 2), BASIN_ERR_SHAPE,
                   "kernel_shape [3, 2], but the weights w have kernels [3, 3]");
    assert_refused("Conv", "group", INTS(3), BASIN_ERR_SHAPE,
                   "w of shape [4, 2, 3, 3] in 3 groups does not fit the 2 channels of the input x");
    assert_refused("Conv", "group", INTS(0), BASIN_ERR_SHAPE, "in 0 groups");
    assert_refused("Conv", "pads", INTS(1 << 24, 1 << 24, 1 << 24, 1 << 24), BASIN_ERR_SHAPE,
                   "its output has shape [4, 33554435, 33554436]");
    assert_refused("MaxPool", "strides", INTS(0, 1), BASIN_ERR_UNSUPPORTED,
                   "node y (MaxPool): strides: 0 is not in");
    assert_refused("MaxPool", "pads", INTS(2, 0, 0, 0), BASIN_ERR_UNSUPPORTED,
                   "window 1 of kernel 2 lies in the padding 2, 0 alone");
    assert_refused("AveragePool", "pads", INTS(0, 0, 0, 3), BASIN_ERR_UNSUPPORTED,
                   "window 7 of kernel 2 lies in the padding 0, 3 alone");
    assert_refused("AveragePool", "dilations", INTS(2, 1), BASIN_ERR_UNSUPPORTED, "dilations other than 1");
}

static void assert_graph_refused(basin_graph *g, basin_status code, const char *message)
{
    basin_params *params = NULL;

    g->output = basin_strdup("y");
    assert_status(basin_network_params(g, &params), code);
    assert_message(message);
    basin_graph_destroy(&g);
}

static void shapes_are_checked(void **state)
{
    basin_graph *g;

    (void)state;
    g = case_start(SHAPE(2, 5, 6));
    case_param(g, "w", SHAPE(4, 2, 3));
    case_node(g, "Conv", "x w", "y");
    assert_graph_refused(
        g, BASIN_ERR_SHAPE,
        "w: has shape [4, 2, 3], expected 4 dimensions for the input x of shape [2, 5, 6] a sample");
    g = case_start(SHAPE(2, 5, 6));
    case_param(g, "w", SHAPE(4, 2, 3, 3));
    case_param(g, "c", SHAPE(4, 1));
    case_node(g, "Conv", "x w c", "y");
    assert_graph_refused(g, BASIN_ERR_SHAPE, "c: expected a bias of shape [4], has [4, 1]");
    g = case_start(SHAPE(2, 3, 3));
    case_param(g, "w", SHAPE(2, 2, 3, 3));
    case_node(g, "Conv", "w x", "y");
    assert_graph_refused(g, BASIN_ERR_UNSUPPORTED, "the input w does not depend on the network's input");
    g = case_start(SHAPE(2, 3, 3));
    case_node(g, "Conv", "x x", "y");
    assert_graph_refused(g, BASIN_ERR_UNSUPPORTED,
                         "x depends on the network's input; weights must be the same for all samples");
    g = case_start(SHAPE(2, 3, 4, 5));
    case_param(g, "w", SHAPE(2, 2, 3, 3, 3));
    case_node(g, "Conv", "x w", "y");
    assert_graph_refused(
        g, BASIN_ERR_UNSUPPORTED,
        "the input x has shape [2, 3, 4, 5] a sample; expected channels and 1 or 2 dimensions of space");
    g = case_start(SHAPE(2, 5, 6));
    case_node(g, "MaxPool", "x", "y");
    assert_graph_refused(g, BASIN_ERR_FORMAT, "node y (MaxPool): the attribute kernel_shape is missing");
    g = case_start(SHAPE(2, 5, 6));
    case_text(case_node(g, "AveragePool", "x", "y"), "auto_pad", "SAME_UPPER");
    assert_graph_refused(g, BASIN_ERR_UNSUPPORTED, "auto_pad = SAME_UPPER; write the numbers as pads");
    g = case_start(SHAPE(7));
    case_node(g, "GlobalAveragePool", "x", "y");
    assert_graph_refused(g, BASIN_ERR_UNSUPPORTED,
                         "the input x has shape [7] a sample; expected samples of channels and space");
}

static void roles_tell_filters(void **state)
{
    basin_graph  *g = case_start(SHAPE(4, 5, 6));
    basin_params *params = NULL;

    (void)state;
    case_param(g, "w", SHAPE(6, 2, 3, 3));
    case_param(g, "c", SHAPE(6));
    case_int(case_node(g, "Conv", "x w c", "y"), "group", 2);
    g->output = basin_strdup("y");
    assert_ok(basin_network_params(g, &params));
    assert_int_equal(params->blocks[0].role, BASIN_ROLE_WEIGHT);
    assert_int_equal(params->blocks[0].output_axis, 0);
    assert_int_equal(params->blocks[0].fan_in, 18);
    assert_int_equal(params->blocks[1].role, BASIN_ROLE_BIAS);
    assert_int_equal(params->blocks[1].fan_in, 18);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

/* ---------------------------------------------------------------------------------------------- faults -- */

static basin_status every_pool(void *context)
{
    basin_graph **graphs = context;
    basin_status  st = BASIN_OK;

    for (size_t i = 0; i < 3 && st == BASIN_OK; i++) {
        basin_params *params = NULL;
        st = basin_network_params(graphs[i], &params);
        basin_params_destroy(&params);
    }
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    static const char *const wanted[] = {"Conv, groups", "MaxPool", "AveragePool"};
    basin_graph             *graphs[3] = {NULL};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (const op_case *c = op_cases_conv; c->name != NULL; c++)
            if (strcmp(c->name, wanted[i]) == 0) graphs[i] = c->make();
    basin_test_every_allocation(every_pool, graphs);
    for (size_t i = 0; i < 3; i++) basin_graph_destroy(&graphs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_what_their_definition_says),
        cmocka_unit_test(pools_have_the_values_of_pytorch),
        cmocka_unit_test(the_first_of_equal_numbers_is_the_largest),
        cmocka_unit_test(attributes_are_checked),
        cmocka_unit_test(shapes_are_checked),
        cmocka_unit_test(roles_tell_filters),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    if (basin_initialise() != BASIN_OK) return 1;
    return cmocka_run_group_tests_name("conv", tests, NULL, NULL);
}
