/* Element-wise ops by themselves: values against plain loops and the C library, numbers at the edge, borders
 * of kinks, roles of parameters, refusals. Their derivatives are in test_ops.c.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/params.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

enum { N = 19 };

static basin_objective *objective_of(problem *p, size_t out, basin_precision precision)
{
    basin_objective *o = NULL;

    problem_data(p, N, out, 0, 5);
    problem_theta(p, 1.0, 6);
    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data,
                                      &(basin_network_options){.precision = precision}, &o));
    return o;
}

static double apply(const char *op, double a, double b)
{
    return strcmp(op, "Add") == 0   ? a + b
           : strcmp(op, "Sub") == 0 ? a - b
           : strcmp(op, "Mul") == 0 ? a * b
                                    : a / b;
}

/* x [N, 2, 3, 4] with a parameter of any shape that broadcasts to it, in both orders. */
static void values_are_those_of_plain_loops(void **state)
{
    static const struct {
        size_t rank, shape[4], step[3]; /* of the parameter along the three axes of a sample */
    } cases[] = {
        {0, {0}, {0, 0, 0}},          {1, {1}, {0, 0, 0}},        {1, {4}, {0, 0, 1}},
        {2, {3, 1}, {0, 1, 0}},       {2, {3, 4}, {0, 4, 1}},     {3, {2, 1, 1}, {1, 0, 0}},
        {3, {2, 1, 4}, {4, 0, 1}},    {3, {2, 3, 4}, {12, 4, 1}}, {4, {1, 2, 3, 1}, {3, 1, 0}},
        {4, {1, 1, 3, 4}, {0, 4, 1}},
    };
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div"};

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t order = 0; order < 2; order++)
            for (size_t op = 0; op < 4; op++) {
                problem p = {.graph = case_start(SHAPE(2, 3, 4)), .loss = {.kind = BASIN_LOSS_MSE}};
                double *y = NULL;
                size_t  width;
                case_param(p.graph, "p", cases[c].shape, cases[c].rank);
                case_node(p.graph, ops[op], order ? "p x" : "x p", "u");
                case_node(p.graph, "Flatten", "u", "y");
                p.graph->output = basin_strdup("y");
                basin_objective *o = objective_of(&p, 24, BASIN_DOUBLE);
                assert_ok(basin_network_output(o, p.theta, &width, &y));
                assert_int_equal(width, 24);
                for (size_t i = 0; i < N * 24; i++) {
                    const size_t e = i % 24;
                    const size_t place =
                        e / 12 * cases[c].step[0] + e / 4 % 3 * cases[c].step[1] + e % 4 * cases[c].step[2];
                    const double x = p.data.inputs[i], theta = p.theta[place];
                    assert_true(y[i] == (order ? apply(ops[op], theta, x) : apply(ops[op], x, theta)));
                }
                basin_free(y);
                basin_objective_destroy(&o);
                problem_release(&p);
            }
}

/* A batched [1, 4] with an unbatched [3, 1], and their outcome with the first again: (x p) - x. */
static void a_batched_input_is_repeated_too(void **state)
{
    problem p = {.graph = case_start(SHAPE(1, 4)), .loss = {.kind = BASIN_LOSS_MSE}};
    double *y = NULL;
    size_t  width;

    (void)state;
    case_param(p.graph, "p", SHAPE(3, 1));
    case_node(p.graph, "Mul", "x p", "u");
    case_node(p.graph, "Sub", "u x", "v");
    case_node(p.graph, "Flatten", "v", "y");
    p.graph->output = basin_strdup("y");
    basin_objective *o = objective_of(&p, 12, BASIN_DOUBLE);
    assert_ok(basin_network_output(o, p.theta, &width, &y));
    for (size_t i = 0; i < N * 12; i++) {
        const double x = p.data.inputs[i / 12 * 4 + i % 4];
        assert_true(y[i] == x * p.theta[i % 12 / 4] - x);
    }
    basin_free(y);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void where_chooses_and_does_not_multiply(void **state)
{
    problem          p = {.graph = case_start(SHAPE(2, 3)), .loss = {.kind = BASIN_LOSS_MSE}};
    basin_curvature *curvature = NULL;
    double          *y = NULL, g[3], hv[3];
    size_t           width;

    (void)state;
    case_param(p.graph, "p", SHAPE(3));
    case_buffer(p.graph, "c", SHAPE(1, 2, 3), (const double[]){1, 0, -2, 0, 0, 0.5});
    case_buffer(p.graph, "inf", NULL, 0, (const double[]){-INFINITY});
    case_node(p.graph, "Mul", "x p", "u");
    case_node(p.graph, "Where", "c u inf", "v");
    case_node(p.graph, "Exp", "v", "w");
    case_node(p.graph, "Flatten", "w", "y");
    p.graph->output = basin_strdup("y");
    basin_objective *o = objective_of(&p, 6, BASIN_DOUBLE);
    assert_ok(basin_network_output(o, p.theta, &width, &y));
    for (size_t i = 0; i < N * 6; i++) {
        const bool open = i % 6 == 0 || i % 6 == 2 || i % 6 == 5;
        assert_close(y[i], open ? exp(p.data.inputs[i] * p.theta[i % 3]) : 0.0, 1e-15, 0.0);
    }
    assert_ok(basin_objective_gradient(o, NULL, p.theta, NULL, g));
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, p.theta, 1, hv));
    for (size_t i = 0; i < 3; i++) assert_true(isfinite(g[i]) && isfinite(hv[i]));
    assert_true(g[1] == 0.0 && hv[1] == 0.0); /* masked in every row */
    basin_curvature_destroy(&curvature);
    basin_free(y);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* One sample y = f(x p) of three logits at p = 1, of class 0; dL/dp and d²L/dp². */
typedef struct line {
    double y[3], slope, product;
} line;

static line line_of(const char *op, const char *text, double number, const double x[3],
                    basin_precision precision)
{
    problem          p = {.graph = case_start(SHAPE(3)), .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    double          *y = NULL;
    size_t           width;
    line             found;
    basin_curvature *curvature = NULL;

    case_param(p.graph, "p", NULL, 0);
    case_node(p.graph, "Mul", "x p", "u");
    bool power = strcmp(op, "Pow") == 0;
    if (power) case_buffer(p.graph, "e", NULL, 0, &number);
    basin_node_spec *node = case_node(p.graph, op, power ? "u e" : "u", "y");
    if (text != NULL && strcmp(text, "tanh") == 0) case_text(node, "approximate", text);
    if (strcmp(op, "Clip") == 0) case_real(node, "min", 0.0), case_real(node, "max", number);
    p.graph->output = basin_strdup("y");
    problem_data(&p, 1, 3, 0, 1);
    problem_theta(&p, 0.0, 1);
    memcpy(p.data.inputs, x, 3 * sizeof *x);
    p.data.classes[0] = 0;
    p.theta[0] = 1.0;
    basin_objective *o = NULL;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data,
                                      &(basin_network_options){.precision = precision}, &o));
    assert_ok(basin_network_output(o, p.theta, &width, &y));
    memcpy(found.y, y, sizeof found.y);
    assert_ok(basin_objective_gradient(o, NULL, p.theta, NULL, &found.slope));
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, p.theta, 1, &found.product));
    basin_curvature_destroy(&curvature);
    basin_free(y);
    basin_objective_destroy(&o);
    problem_release(&p);
    return found;
}

/* The C library's double functions are the oracle: two units in the last place of either precision. */
static void values_are_accurate_in_both_precisions(void **state)
{
    static const double x[][3] = {{0.3, 1.7, 4.0}, {1e-6, 30.0, 0.9}, {2.5, 0.02, 11.0}};
    static const struct {
        const char *op;
        double (*f)(double);
    } rows[] = {{"Exp", exp}, {"Log", log}, {"Erf", erf}, {"Sqrt", sqrt}, {"Abs", fabs}, {"Tanh", tanh}};

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < 3; i++)
            for (int sign = 0; sign < 2; sign++)
                for (int single = 0; single < 2; single++) {
                    double at[3];
                    bool   positive = rows[r].f == log || rows[r].f == sqrt;
                    for (size_t l = 0; l < 3; l++)
                        at[l] = (double)(float)(sign && !positive ? -x[i][l] : x[i][l]);
                    line found = line_of(rows[r].op, NULL, 0.0, at, single ? BASIN_SINGLE : BASIN_DOUBLE);
                    for (size_t l = 0; l < 3; l++)
                        assert_close(found.y[l], rows[r].f(at[l]),
                                     2 * (single ? (double)FLT_EPSILON : DBL_EPSILON), 0.0);
                }
}

static void large_inputs_leave_values_and_derivatives_finite(void **state)
{
    static const struct {
        const char *op, *text;
        double      low, high; /* at -x and x, in parts of x; or themselves */
        bool        grows;
    } rows[] = {
        {"Silu", NULL, 0, 1, true},     {"Gelu", NULL, 0, 1, true},  {"Gelu", "tanh", 0, 1, true},
        {"Softplus", NULL, 0, 1, true}, {"Elu", NULL, -1, 1, true},  {"Sigmoid", NULL, 0, 1, false},
        {"Tanh", NULL, -1, 1, false},   {"Erf", NULL, -1, 1, false},
    };
    static const double sizes[] = {60.0, 1e4, 3e10, 1e20, 1e37};

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int single = 0; single < 2; single++) {
                const double x = (double)(float)sizes[i];
                line         found = line_of(rows[r].op, rows[r].text, 0.0, (const double[]){-x, x, 0.5},
                                     single ? BASIN_SINGLE : BASIN_DOUBLE);
                assert_close(found.y[0], rows[r].low, 0.0, 1e-15);
                assert_close(found.y[1], rows[r].grows ? rows[r].high * x : rows[r].high, 0.0, 1e-7);
                assert_true(isfinite(found.slope) && isfinite(found.product));
            }
}

/* f'(x): the other two inputs are 0, so dL/dp = (softmax_0 - 1) f'(x) x. */
static double slope_at(const char *op, double number, double x)
{
    const line found = line_of(op, NULL, number, (const double[]){x, 0.0, 0.0}, BASIN_DOUBLE);

    return found.slope /
           ((exp(found.y[0]) / (exp(found.y[0]) + exp(found.y[1]) + exp(found.y[2])) - 1.0) * x);
}

static void slopes_on_the_border_are_those_of_pytorch(void **state)
{
    (void)state;
    assert_true(slope_at("Clip", 6.0, 6.0) == 0.0); /* relu6, hardtanh */
    assert_true(slope_at("Clip", 6.0, 7.0) == 0.0);
    assert_close(slope_at("Clip", 6.0, 5.0), 1.0, 1e-12, 0.0);
    assert_close(slope_at("Abs", 0.0, -2.0), -1.0, 1e-12, 0.0);
    assert_close(slope_at("Pow", 2.0, -1.5), -3.0, 1e-12, 0.0);
    assert_close(slope_at("Pow", 3.0, -1.5), 6.75, 1e-12, 0.0);
}

/* At 0 powers 1, 2 and 3 have slope 1, 0 and 0, not 0·inf. */
static void powers_are_finite_at_zero(void **state)
{
    (void)state;
    for (double e = 0.0; e <= 4.0; e += 1.0) {
        line found = line_of("Pow", NULL, e, (const double[]){0.0, -2.0, 1.5}, BASIN_SINGLE);
        assert_close(found.y[0], e == 0.0 ? 1.0 : 0.0, 0.0, 0.0);
        assert_close(found.y[1], pow(-2.0, e), 1e-7, 0.0);
        assert_true(isfinite(found.slope) && isfinite(found.product));
    }
}

/* ----------------------------------------------------------------------------------------------- roles -- */

static void roles_say_what_a_parameter_is_to_the_activations(void **state)
{
    basin_graph  *g = case_start(SHAPE(3, 4));
    basin_params *params = NULL;

    (void)state;
    case_param(g, "shift", SHAPE(1, 4));
    case_param(g, "positions", SHAPE(1, 3, 4));
    case_param(g, "gain", SHAPE(4));
    case_param(g, "divisor", SHAPE(3, 1));
    case_param(g, "part", SHAPE(4));
    case_node(g, "Sub", "x shift", "h1");
    case_node(g, "Add", "positions h1", "h2");
    case_node(g, "Mul", "h2 gain", "h3");
    case_node(g, "Div", "h3 divisor", "h4");
    case_node(g, "Mul", "part part", "square");
    case_node(g, "Add", "h4 square", "h5");
    g->output = basin_strdup("h5");
    assert_ok(basin_network_params(g, &params));
    assert_int_equal(params->blocks[0].role, BASIN_ROLE_BIAS);
    assert_int_equal(params->blocks[1].role, BASIN_ROLE_EMBEDDING);
    assert_int_equal(params->blocks[1].output_axis, 1);
    assert_int_equal(params->blocks[2].role, BASIN_ROLE_NORM_SCALE);
    assert_int_equal(params->blocks[3].role, BASIN_ROLE_NORM_SCALE);
    assert_int_equal(params->blocks[4].role, BASIN_ROLE_UNKNOWN);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

/* -------------------------------------------------------------------------------------------- refusals -- */

static void refused(const char *op, const char *inputs, const size_t *shape, size_t rank, basin_status code,
                    const char *message)
{
    basin_graph  *g = case_start(SHAPE(3, 4));
    basin_params *params = NULL;

    case_param(g, "p", shape, rank);
    case_node(g, "Flatten", "x", "flat");
    case_node(g, op, inputs, "y");
    g->output = basin_strdup("y");
    assert_status(basin_network_params(g, &params), code);
    assert_message(message);
    assert_null(params);
    basin_graph_destroy(&g);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    refused("Add", "x flat", SHAPE(1), BASIN_ERR_SHAPE,
            "node y (Add): x [N, 3, 4] and flat [N, 12] have the batch at different places, which would mix "
            "samples: reshape one to as many "
            "dimensions as the other");
    refused("Mul", "x p", SHAPE(5), BASIN_ERR_SHAPE, "node y (Mul): x [N, 3, 4] and p [5] do not broadcast");
    refused("Div", "p x", SHAPE(3, 1, 2), BASIN_ERR_SHAPE,
            "node y (Div): x [N, 3, 4] and p [3, 1, 2] would need a batch of that first dimension: only 1 "
            "goes with any batch");
    refused("Sub", "x p", SHAPE(1, 1, 3, 4), BASIN_ERR_SHAPE,
            "node y (Sub): x [N, 3, 4] and p [1, 1, 3, 4] would not keep the batch as first dimension");
    refused("Where", "p x x", SHAPE(3, 4), BASIN_ERR_UNSUPPORTED,
            "node y (Where): its condition p depends on parameters; only a constant condition is supported");
    refused("Pow", "x p", SHAPE(1), BASIN_ERR_UNSUPPORTED,
            "node y (Pow): its exponent p [1] must be a constant of one number");
    refused("Add", "x", SHAPE(1), BASIN_ERR_FORMAT, "node y (Add): 1 inputs, expected 2 to 2");
}

/* Two vectors make a matrix: a short graph must not ask for more than there is. */
static void outputs_beyond_any_memory_are_refused(void **state)
{
    const size_t lengths[] = {(size_t)1 << 17, (size_t)1 << 33};
    const char  *shapes[] = {"[131072, 131072]", "[8589934592, 8589934592]"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        basin_graph  *g = case_start(SHAPE(4));
        basin_params *params = NULL;
        size_t        before = basin_fault_live();
        case_param(g, "p", SHAPE(lengths[i], 1));
        case_param(g, "q", SHAPE(lengths[i]));
        case_node(g, "Mul", "p q", "y");
        g->output = basin_strdup("y");
        size_t made = basin_fault_live() - before;
        assert_status(basin_network_params(g, &params), BASIN_ERR_SHAPE);
        assert_message("node y (Mul): its output has shape ");
        assert_message(shapes[i]);
        assert_int_equal(basin_fault_live() - before, made);
        basin_graph_destroy(&g);
    }
}

static basin_status whole_life(void *payload)
{
    problem         *p = payload;
    basin_status     st = BASIN_OK;
    basin_objective *o = NULL;
    double          *y = NULL;
    size_t           width;

    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(basin_network_output(o, p->theta, &width, &y));
done:
    basin_free(y);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = {.graph = NULL, .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    (void)state;
    for (const op_case *c = op_cases_elementwise; p.graph == NULL; c++)
        if (strcmp(c->name, "Div, broadcast") == 0) p.graph = c->make();
    problem_data(&p, N, 3, 0, 1);
    problem_theta(&p, 0.5, 2);
    basin_test_every_allocation(whole_life, &p);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_plain_loops),
        cmocka_unit_test(a_batched_input_is_repeated_too),
        cmocka_unit_test(where_chooses_and_does_not_multiply),
        cmocka_unit_test(values_are_accurate_in_both_precisions),
        cmocka_unit_test(large_inputs_leave_values_and_derivatives_finite),
        cmocka_unit_test(slopes_on_the_border_are_those_of_pytorch),
        cmocka_unit_test(powers_are_finite_at_zero),
        cmocka_unit_test(roles_say_what_a_parameter_is_to_the_activations),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(outputs_beyond_any_memory_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    if (basin_initialise() != BASIN_OK) return 1;
    return cmocka_run_group_tests_name("elementwise", tests, NULL, NULL);
}
