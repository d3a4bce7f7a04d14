/* Ops that move elements: known answers, what they refuse, indices against tables, roles behind them. */
#include <string.h>

#include "core/graph.h"
#include "core/params.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

/* --------------------------------------------------------------------------------------- known answers -- */

/* Output of x [2, 3] = 0, 1, … 5 through the node `t` of the graph, times a parameter of 1. */
static void check_answer(basin_graph *g, const char *name, const double *expected, size_t count)
{
    problem          p = {.graph = g, .loss = {.kind = BASIN_LOSS_MSE}};
    basin_objective *o = NULL;
    double          *y = NULL;
    size_t           width = 0;

    case_param(g, "one", SHAPE(1));
    case_node(g, "Mul", "t one", "s");
    case_node(g, "Flatten", "s", "y");
    g->output = basin_strdup("y");
    problem_data(&p, 1, count, 0, 1);
    for (size_t i = 0; i < 6; i++) p.data.inputs[i] = (double)i;
    for (int single = 0; single < 2; single++) {
        assert_ok(basin_network_objective(
            g, &p.loss, &p.data, &(basin_network_options){.precision = single ? BASIN_SINGLE : BASIN_DOUBLE},
            &o));
        assert_ok(basin_network_output(o, (const double[]){1.0}, &width, &y));
        assert_int_equal(width, count);
        for (size_t i = 0; i < count; i++)
            if (y[i] != expected[i])
                fail_msg("%s: element %zu is %g, expected %g", name, i, y[i], expected[i]);
        basin_free(y);
        basin_objective_destroy(&o);
    }
    problem_release(&p);
}

#define ANSWER(G, ...)                                                 \
    check_answer((G), (G)->nodes[0].op, (const double[]){__VA_ARGS__}, \
                 sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static basin_graph *start(const char *op, const char *inputs, basin_node_spec **node)
{
    basin_graph *g = case_start(SHAPE(2, 3));

    *node = case_node(g, op, inputs, "t");
    return g;
}

static void parts_and_turns(void **state)
{
    basin_node_spec *node;
    basin_graph     *g;

    (void)state;
    g = start("Transpose", "x", &node);
    case_ints(node, "perm", INTS(0, 2, 1));
    ANSWER(g, 0, 3, 1, 4, 2, 5);
    g = start("Slice", "x", &node);
    case_ints(node, "starts", INTS(-9, -1));
    case_ints(node, "ends", INTS(9, 2));
    case_ints(node, "axes", INTS(2, 1));
    case_ints(node, "steps", INTS(2, 1));
    ANSWER(g, 3, 5);
    g = start("Pad", "x", &node);
    case_ints(node, "pads", INTS(0, 1, 0, 0, 0, 1));
    case_real(node, "value", 9.0);
    ANSWER(g, 9, 9, 9, 9, 0, 1, 2, 9, 3, 4, 5, 9);
    g = start("Pad", "x", &node);
    case_ints(node, "pads", INTS(0, -1, 1, 0, 0, -2));
    ANSWER(g, 0, 3);
    g = start("Concat", "c x", &node);
    case_int(node, "axis", 1);
    case_buffer(g, "c", SHAPE(1, 1, 3), (const double[]){7, 8, 9});
    ANSWER(g, 7, 8, 9, 0, 1, 2, 3, 4, 5);
    g = start("Concat", "x c", &node);
    case_int(node, "axis", -1);
    case_buffer(g, "c", SHAPE(1, 2, 1), (const double[]){7, 8});
    ANSWER(g, 0, 1, 2, 7, 3, 4, 5, 8);
}

static void sums_and_means(void **state)
{
    basin_node_spec *node;
    basin_graph     *g;

    (void)state;
    g = start("ReduceMean", "x", &node);
    case_ints(node, "axes", INTS(1));
    ANSWER(g, 1.5, 2.5, 3.5);
    g = start("ReduceSum", "x", &node);
    case_ints(node, "axes", INTS(-1));
    case_int(node, "keepdims", 0);
    ANSWER(g, 3, 12);
    g = start("ReduceMean", "x", &node);
    case_ints(node, "axes", INTS(1, 2));
    ANSWER(g, 2.5);
    g = case_start(SHAPE(2, 3));
    case_buffer(g, "c", SHAPE(2, 2), (const double[]){1, 2, 3, 4});
    case_node(g, "ReduceSum", "c", "sum"); /* without axes: all, where there is no batch */
    case_node(g, "Add", "x sum", "t");
    ANSWER(g, 10, 11, 12, 13, 14, 15);
}

static void rows_by_index(void **state)
{
    basin_node_spec *node;
    basin_graph     *g;

    (void)state;
    g = start("Gather", "x i", &node);
    case_int(node, "axis", 2);
    case_buffer(g, "i", SHAPE(3), (const double[]){2, 0, -1});
    ANSWER(g, 2, 0, 2, 5, 3, 5);
    g = start("Gather", "x i", &node);
    case_int(node, "axis", 1);
    case_buffer(g, "i", NULL, 0, (const double[]){-2});
    ANSWER(g, 0, 1, 2);
    g = start("Gather", "x i", &node);
    case_int(node, "axis", 1);
    case_buffer(g, "i", SHAPE(1, 2), (const double[]){1, 0});
    ANSWER(g, 3, 4, 5, 0, 1, 2);
    g = start("Gather", "c x", &node);
    case_buffer(g, "c", SHAPE(6, 2), (const double[]){0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51});
    ANSWER(g, 0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51);
}

/* -------------------------------------------------------------------------------------------- refusals -- */

typedef struct refusal {
    const char  *op, *inputs;
    basin_status code;
    const char  *message;
    const char  *list, *second; /* attributes: up to two lists and a number */
    int64_t      values[8], seconds[8];
    size_t       count, second_count;
    const char  *number;
    int64_t      value;
} refusal;

#define LIST(NAME, ...) \
    .list = (NAME), .values = {__VA_ARGS__}, .count = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define SECOND(NAME, ...)                       \
    .second = (NAME), .seconds = {__VA_ARGS__}, \
    .second_count = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define NUMBER(NAME, VALUE) .number = (NAME), .value = (VALUE)

/* Input x [2, 3, 4], parameters p [2, 3] and q [1, 5, 3, 4], constants far [0, 3], half 0.5 and table [9,
   2]. */
static const refusal refusals[] = {
    {"Reshape", "x", BASIN_ERR_FORMAT, "attribute shape is missing", .list = NULL},
    {"Reshape", "x", BASIN_ERR_FORMAT, "attribute shape: expected a list of integers", NUMBER("shape", 3)},
    {"Reshape", "x", BASIN_ERR_FORMAT, "shape holds -1 more than once", LIST("shape", 0, -1, -1)},
    {"Reshape", "x", BASIN_ERR_FORMAT, "shape holds -2", LIST("shape", 0, -2)},
    {"Reshape", "x", BASIN_ERR_UNSUPPORTED, "shape begins with 2: its first entry is the batch",
     LIST("shape", 2, 12)},
    {"Reshape", "x", BASIN_ERR_SHAPE, "x [2, 3, 4] has 24 elements a sample, shape asks for a multiple of 5",
     LIST("shape", 0, 5, -1)},
    {"Reshape", "x", BASIN_ERR_SHAPE, "has 24 elements a sample, shape asks for 12", LIST("shape", -1, 12)},
    {"Reshape", "x", BASIN_ERR_SHAPE, "entry 4 of shape is 0, but x has 4 dimensions",
     LIST("shape", 0, 1, 1, 24, 0)},
    {"Reshape", "x", BASIN_ERR_SHAPE, "the product of shape overflows",
     LIST("shape", 0, INT64_MAX, INT64_MAX)},
    {"Reshape", "x", BASIN_ERR_UNSUPPORTED, "shape has 0 entries, expected 1 to 9", .list = "shape"},
    {"Flatten", "x", BASIN_ERR_UNSUPPORTED, "axis = 2 would mix the samples of x, each [2, 3, 4]",
     NUMBER("axis", 2)},
    {"Flatten", "x", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", NUMBER("axis", 0)},
    {"Flatten", "x", BASIN_ERR_SHAPE, "axis 5 of x, which has 4 dimensions", NUMBER("axis", 5)},
    {"Squeeze", "x", BASIN_ERR_SHAPE, "axis 1 of x has size 2, not 1", LIST("axes", 1)},
    {"Squeeze", "x", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", LIST("axes", 0)},
    {"Unsqueeze", "x", BASIN_ERR_FORMAT, "attribute axes is missing", .list = NULL},
    {"Unsqueeze", "x", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", LIST("axes", 0)},
    {"Unsqueeze", "x", BASIN_ERR_FORMAT, "axis 1 stands twice", LIST("axes", 1, 1)},
    {"Unsqueeze", "x", BASIN_ERR_UNSUPPORTED, "6 axes more than the 3 of x; at most 8",
     LIST("axes", 1, 2, 3, 4, 5, 6)},
    {"Transpose", "x", BASIN_ERR_UNSUPPORTED, "without perm it would move the batch", .list = NULL},
    {"Transpose", "x", BASIN_ERR_UNSUPPORTED, "perm begins with 1: axis 0 is the batch",
     LIST("perm", 1, 0, 2, 3)},
    {"Transpose", "x", BASIN_ERR_SHAPE, "perm has 3 entries, x has 4 dimensions", LIST("perm", 0, 1, 2)},
    {"Transpose", "x", BASIN_ERR_FORMAT, "perm holds axis 1 twice", LIST("perm", 0, 1, 1, 3)},
    {"Transpose", "x", BASIN_ERR_SHAPE, "axis 4 of x, which has 4 dimensions", LIST("perm", 0, 1, 2, 4)},
    {"Slice", "x", BASIN_ERR_FORMAT, "attribute ends is missing", LIST("starts", 1)},
    {"Slice", "x", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", LIST("starts", 0), SECOND("ends", 1)},
    {"Slice", "x", BASIN_ERR_FORMAT, "1 starts, 2 ends, 0 axes, 0 steps", LIST("starts", 0),
     SECOND("ends", 1, 2)},
    {"Slice", "p", BASIN_ERR_SHAPE, "from 2 to -1 is nothing of axis 1 of p, which has size 3",
     LIST("starts", 0, 2), SECOND("ends", 2, -1)},
    {"Slice", "p", BASIN_ERR_SHAPE, "axis 2 of p, which has 2 dimensions", LIST("starts", 0, 0, 0),
     SECOND("ends", 1, 1, 1)},
    {"Split", "x", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", .list = NULL},
    {"Split", "x", BASIN_ERR_SHAPE, "the sizes of split are 2 together, the axis has 3", LIST("split", 2),
     NUMBER("axis", 2)},
    {"Split", "x", BASIN_ERR_SHAPE, "split holds 0", LIST("split", 0), NUMBER("axis", 2)},
    {"Split", "x", BASIN_ERR_FORMAT, "split has 2 sizes for 1 outputs", LIST("split", 1, 2),
     NUMBER("axis", 2)},
    {"Concat", "x x", BASIN_ERR_FORMAT, "attribute axis is missing", .list = NULL},
    {"Concat", "x x", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", NUMBER("axis", 0)},
    {"Concat", "x p", BASIN_ERR_SHAPE, "p [2, 3] has no batch: its first dimension must be 1",
     NUMBER("axis", 1)},
    {"Concat", "q x", BASIN_ERR_SHAPE, "q [1, 5, 3, 4] does not go with x [2, 3, 4] along axis 1 of a sample",
     NUMBER("axis", 2)},
    {"Pad", "x", BASIN_ERR_FORMAT, "pads has 2 entries, expected 2 for each of the 4 dimensions of x",
     LIST("pads", 0, 1)},
    {"Pad", "x", BASIN_ERR_UNSUPPORTED, "pads of 1 and 0 at axis 0, the batch",
     LIST("pads", 1, 0, 0, 0, 0, 0, 0, 0)},
    {"Pad", "x", BASIN_ERR_SHAPE, "pads of -1 and -1 leave nothing of x [2, 3, 4]",
     LIST("pads", 0, -1, 0, 0, 0, -1, 0, 0)},
    {"Pad", "x", BASIN_ERR_SHAPE, "leave nothing of x", LIST("pads", 0, INT64_MIN, 0, 0, 0, 0, 0, 0)},
    {"Pad", "x", BASIN_ERR_SHAPE, "its output has shape",
     LIST("pads", 0, INT64_MAX, INT64_MAX, 0, 0, 0, 0, 0)},
    {"ReduceSum", "x", BASIN_ERR_UNSUPPORTED, "without axes it would sum over the batch", .list = NULL},
    {"ReduceMean", "x", BASIN_ERR_FORMAT, "axis -3 stands twice", LIST("axes", 1, -3)},
    {"ReduceMean", "x", BASIN_ERR_UNSUPPORTED, "axis -4 is the batch", LIST("axes", -4)},
    {"Gather", "x far", BASIN_ERR_VALUE,
     "far holds 3 at element 1, but x [2, 3, 4] takes integers from -2 to 1", NUMBER("axis", 1)},
    {"Gather", "x half", BASIN_ERR_VALUE, "half holds 0.5 at element 0", NUMBER("axis", 1)},
    {"Gather", "x far", BASIN_ERR_UNSUPPORTED, "axis 0 is the batch", NUMBER("axis", 0)},
    {"Gather", "x x", BASIN_ERR_UNSUPPORTED, "both x and the indices x depend on the input",
     NUMBER("axis", 1)},
    {"Gather", "table p", BASIN_ERR_UNSUPPORTED,
     "the indices p must be a buffer or come from the input alone", NUMBER("axis", 0)},
    {"Gather", "table x", BASIN_ERR_UNSUPPORTED, "axis 1 of table would move the batch of the indices x",
     NUMBER("axis", 1)},
    {"Gather", "half far", BASIN_ERR_SHAPE, "half has no dimension to pick from", NUMBER("axis", 0)},
};

static void refusals_name_what_does_not_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal   *r = &refusals[i];
        basin_graph     *g = case_start(SHAPE(2, 3, 4));
        basin_node_spec *node;
        basin_params    *params = NULL;
        size_t           live;
        case_param(g, "p", SHAPE(2, 3));
        case_param(g, "q", SHAPE(1, 5, 3, 4));
        case_buffer(g, "far", SHAPE(2), (const double[]){0, 3});
        case_buffer(g, "half", NULL, 0, (const double[]){0.5});
        case_buffer(g, "table", SHAPE(9, 2), NULL);
        node = case_node(g, r->op, r->inputs, "t");
        if (r->list != NULL) case_ints(node, r->list, r->values, r->count);
        if (r->second != NULL) case_ints(node, r->second, r->seconds, r->second_count);
        if (r->number != NULL) case_int(node, r->number, r->value);
        g->output = basin_strdup("t");
        live = basin_fault_live();
        assert_status(basin_network_params(g, &params), r->code);
        assert_int_equal(basin_fault_live(), live);
        assert_message("node t (");
        assert_message(r->message);
        assert_null(params);
        basin_graph_destroy(&g);
    }
}

/* ------------------------------------------------------------------------------ indices of the samples -- */

static basin_graph *find_case(const char *name)
{
    for (const op_case *c = op_cases_shape; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0) return c->make();
    fail_msg("no case %s", name);
    return NULL;
}

/* 300 samples of three tokens below 7: row 290 is in a later chunk, or the tenth sample of a split that runs
   backwards. */
static void indices_beyond_the_table_are_found_in_the_data(void **state)
{
    const double wrong[] = {7.0, -8.0, 1.5, 1e300};
    const char  *held[] = {"holds 7 at", "holds -8 at", "holds 1.5 at", "holds"};
    problem p = {.graph = find_case("Gather, embedding"), .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective *o = NULL;

    (void)state;
    problem_data(&p, 300, 3, 7, 1);
    problem_theta(&p, 0.5, 1);
    p.data.path = basin_strdup("tokens.h5");
    for (int precision = BASIN_DOUBLE; precision <= BASIN_SINGLE; precision++) {
        const basin_network_options options = {.precision = (basin_precision)precision};
        for (size_t i = 0; i < 300 && precision == BASIN_SINGLE; i++) p.data.splits[0].rows[i] = 299 - i;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            p.data.inputs[290 * 3 + 2] = wrong[i];
            assert_status(basin_network_objective(p.graph, &p.loss, &p.data, &options, &o), BASIN_ERR_VALUE);
            assert_message("tokens.h5: /inputs: row 290: node e (Gather): x ");
            assert_message(held[i]);
            if (i == 0) assert_message("at element 2, but table [7, 4] takes integers from -7 to 6");
            assert_null(o);
        }
        p.data.inputs[290 * 3 + 2] = -7.0;
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, &options, &o));
        basin_objective_destroy(&o);
    }
    basin_free(p.data.path);
    problem_release(&p);
}

/* -7 … -1 are the rows 0 … 6. */
static void negative_indices_count_from_the_end(void **state)
{
    problem p = {.graph = find_case("Gather, embedding"), .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective *o = NULL;
    basin_loss       l[2];

    (void)state;
    problem_data(&p, 40, 3, 7, 1);
    problem_theta(&p, 0.5, 1);
    for (int i = 0; i < 2; i++) {
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        assert_ok(basin_objective_loss(o, NULL, p.theta, &l[i]));
        basin_objective_destroy(&o);
        for (size_t j = 0; j < 40 * 3; j++) p.data.inputs[j] -= 7.0;
    }
    assert_true(basin_loss_value(&l[0]) == basin_loss_value(&l[1]));
    problem_release(&p);
}

/* ----------------------------------------------------------------------------------------------- roles -- */

static void check_block(const basin_params *params, const char *name, basin_role role, size_t axis)
{
    const basin_block *block = basin_params_find(params, name);

    assert_non_null(block);
    assert_int_equal(block->role, role);
    assert_int_equal(block->output_axis, axis);
}

static void roles_reach_parameters_behind_ops_that_move_them(void **state)
{
    basin_graph     *g = case_start(SHAPE(5, 4));
    basin_params    *params = NULL;
    basin_node_spec *node;
    double           theta[256] = {0};

    (void)state;
    case_param(g, "bias", SHAPE(2, 2));
    case_param(g, "scale", SHAPE(4));
    case_param(g, "positions", SHAPE(4, 1, 9));
    case_param(g, "class", SHAPE(1, 1, 4));
    case_param(g, "table", SHAPE(2, 6));
    case_buffer(g, "i", SHAPE(4), (const double[]){0, 2, 5, 5});
    case_ints(case_node(g, "Reshape", "bias", "bias4"), "shape", INTS(4));
    case_node(g, "Add", "x bias4", "a");
    case_ints(case_node(g, "Unsqueeze", "scale", "scale2"), "axes", INTS(0));
    case_node(g, "Mul", "a scale2", "b");
    case_ints(case_node(g, "Transpose", "positions", "turned"), "perm", INTS(1, 2, 0));
    node = case_node(g, "Slice", "turned", "cut");
    case_ints(node, "starts", INTS(0));
    case_ints(node, "ends", INTS(5));
    case_ints(node, "axes", INTS(1));
    case_node(g, "Add", "b cut", "c");
    case_int(case_node(g, "Concat", "class c", "d"), "axis", 1);
    case_int(case_node(g, "Gather", "table i", "rows"), "axis", 1);
    case_ints(case_node(g, "ReduceSum", "rows", "sum"), "axes", INTS(0));
    case_node(g, "Add", "d sum", "e");
    g = case_end(g, "e", 24);
    assert_ok(basin_network_params(g, &params));
    check_block(params, "bias", BASIN_ROLE_BIAS, 0);
    check_block(params, "scale", BASIN_ROLE_NORM_SCALE, 0);
    check_block(params, "positions", BASIN_ROLE_EMBEDDING, 2); /* a position a row */
    check_block(params, "class", BASIN_ROLE_EMBEDDING, 0);     /* one vector */
    assert_int_equal(basin_params_find(params, "class")->layer, 3);
    check_block(params, "table", BASIN_ROLE_EMBEDDING, 1); /* what the indices name */
    check_block(params, "last", BASIN_ROLE_WEIGHT, 0);
    assert_true(params->size <= sizeof theta / sizeof *theta);
    assert_ok(basin_train_initialise(params, 1, theta));
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

/* w [7, 4] is read as its transposed first: an output is still one of its rows. */
static void a_transposed_weight_keeps_its_outputs(void **state)
{
    basin_graph  *g = find_case("Transpose, Slice of a weight");
    basin_params *params = NULL;

    (void)state;
    assert_ok(basin_network_params(g, &params));
    check_block(params, "w", BASIN_ROLE_WEIGHT, 0);
    assert_int_equal(basin_params_find(params, "w")->fan_in, 4);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

/* A class token moves as one vector, of its own length. */
static void filter_normalisation_takes_a_class_token_as_one_vector(void **state)
{
    basin_graph     *g = case_start(SHAPE(2, 4));
    basin_params    *params = NULL;
    basin_direction *d = NULL;
    double           theta[64], norm[2] = {0.0, 0.0};

    (void)state;
    for (size_t i = 0; i < 64; i++) theta[i] = 0.1 * (double)(i + 1);
    case_param(g, "class", SHAPE(1, 1, 4));
    case_int(case_node(g, "Concat", "class x", "t"), "axis", 1);
    g = case_end(g, "t", 12);
    assert_ok(basin_network_params(g, &params));
    assert_ok(basin_direction_random(params, theta, NULL, 3, &d));
    for (size_t i = 0; i < 4; i++) norm[0] += theta[i] * theta[i], norm[1] += d->values[i] * d->values[i];
    assert_close(norm[1], norm[0], 1e-14, 0.0);
    assert_true(d->values[0] * d->values[0] != theta[0] * theta[0]);
    basin_direction_destroy(&d);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

/* ----------------------------------------------------------------------------------------- allocations -- */

static basin_status whole_life(void *payload)
{
    problem         *p = payload;
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    double          *g = NULL;
    basin_loss       l;
    basin_status     st = basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o);

    if (st == BASIN_OK && (g = basin_alloc(p->size, sizeof *g)) == NULL) st = BASIN_ERR_NOMEM;
    if (st == BASIN_OK) st = basin_objective_gradient(o, NULL, p->theta, &l, g);
    if (st == BASIN_OK) st = basin_curvature_create(o, NULL, p->theta, BASIN_HESSIAN, &curvature);
    if (st == BASIN_OK) st = basin_curvature_product(curvature, p->theta, 1, g);
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    basin_free(g);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    const char *const names[] = {"Gather, computed tables and indices", "Gather from a parameter",
                                 "Concat, class tokens"};

    (void)state;
    basin_threads_set(1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        problem p = {.graph = find_case(names[i]), .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
        problem_data(&p, 20, 3, 7, 1);
        problem_theta(&p, 0.5, 2);
        basin_test_every_allocation(whole_life, &p);
        problem_release(&p);
    }
    basin_threads_set(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_and_turns),
        cmocka_unit_test(sums_and_means),
        cmocka_unit_test(rows_by_index),
        cmocka_unit_test(refusals_name_what_does_not_fit),
        cmocka_unit_test(indices_beyond_the_table_are_found_in_the_data),
        cmocka_unit_test(negative_indices_count_from_the_end),
        cmocka_unit_test(roles_reach_parameters_behind_ops_that_move_them),
        cmocka_unit_test(a_transposed_weight_keeps_its_outputs),
        cmocka_unit_test(filter_normalisation_takes_a_class_token_as_one_vector),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("shapes", tests, NULL, NULL) : 1;
}
