/* Normalising layers against plain loops, and their refusals. Derivatives are the business of test_ops.c. */
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

enum { N = 19, C = 4, SPACE = 6, WIDTH = C * SPACE };

static const double mean4[] = {0.3, -0.2, 0.1, 0.7}, variance4[] = {0.5, 2.0, 1.3, 1e-12},
                    scale4[] = {1.2, -0.7, 0.4, 2.0}, shift4[] = {0.1, 0.2, -0.3, 0.4};

/* Input [C, 3, 2], scale and shift as buffers, the op, and a last layer that is the identity. */
static basin_graph *around(const char *op, const char *inputs, size_t entries)
{
    basin_graph *g = case_start(SHAPE(C, 3, 2));

    case_buffer(g, "scale", SHAPE(entries), scale4);
    case_buffer(g, "shift", SHAPE(entries), shift4);
    case_buffer(g, "mean", SHAPE(C), mean4);
    case_buffer(g, "variance", SHAPE(C), variance4);
    case_node(g, op, inputs, "n");
    case_node(g, "Flatten", "n", "flat");
    case_param(g, "last", SHAPE(WIDTH, WIDTH));
    case_node(g, "Gemm", "flat last", "y");
    g->output = basin_strdup("y");
    return g;
}

static basin_node_spec *node_of(basin_graph *g)
{
    return &g->nodes[0];
}

static double *output_of(problem *p)
{
    basin_objective *o = NULL;
    double          *theta = basin_alloc((size_t)WIDTH * WIDTH, sizeof *theta), *y = NULL;
    size_t           width;

    problem_data(p, N, WIDTH, 0, 5);
    for (size_t i = 0; i < WIDTH; i++) theta[i * WIDTH + i] = 1.0;
    p->loss.kind = BASIN_LOSS_MSE;
    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    assert_ok(basin_network_output(o, theta, &width, &y));
    assert_int_equal(width, WIDTH);
    basin_objective_destroy(&o);
    basin_free(theta);
    return y;
}

/* Sets of `members` consecutive numbers; scale and shift of element e are entry e / each modulo `entries`. */
static void check_sets(problem *p, size_t members, size_t each, size_t entries, double epsilon)
{
    double *y = output_of(p);

    for (size_t start = 0; start < (size_t)N * WIDTH; start += members) {
        const double *x = p->data.inputs + start;
        double        mean = 0.0, variance = 0.0;
        for (size_t i = 0; i < members; i++) mean += x[i] / (double)members;
        for (size_t i = 0; i < members; i++) variance += (x[i] - mean) * (x[i] - mean) / (double)members;
        for (size_t i = 0; i < members; i++) {
            size_t entry = (start + i) % WIDTH / each % entries;
            assert_close(y[start + i],
                         scale4[entry] * (x[i] - mean) / sqrt(variance + epsilon) + shift4[entry], 1e-13,
                         1e-14);
        }
    }
    basin_free(y);
    problem_release(p);
}

static void layer_normalisation_is_its_definition(void **state)
{
    problem p = {.graph = around("LayerNormalization", "x scale shift", 2)};

    (void)state;
    check_sets(&p, 2, 1, 2, 1e-5);
}

static void group_normalisation_is_its_definition(void **state)
{
    problem p = {.graph = around("GroupNormalization", "x scale shift", C)};

    (void)state;
    case_int(node_of(p.graph), "num_groups", 2);
    case_real(node_of(p.graph), "epsilon", 0.03);
    check_sets(&p, WIDTH / 2, SPACE, C, 0.03);
}

/* Also where the variance is far below epsilon. */
static void batch_normalisation_with_stored_statistics_is_its_definition(void **state)
{
    problem p = {.graph = around("BatchNormalization", "x scale shift mean variance", C)};
    double *y = output_of(&p);

    (void)state;
    for (size_t i = 0; i < (size_t)N * WIDTH; i++) {
        size_t c = i % WIDTH / SPACE;
        assert_close(y[i], scale4[c] * (p.data.inputs[i] - mean4[c]) / sqrt(variance4[c] + 1e-5) + shift4[c],
                     1e-13, 1e-13);
    }
    basin_free(y);
    problem_release(&p);
}

static void roles_are_marked(void **state)
{
    basin_graph  *g = case_start(SHAPE(4));
    basin_params *params = NULL;

    (void)state;
    case_param(g, "scale", SHAPE(4));
    case_param(g, "shift", SHAPE(4));
    case_node(g, "LayerNormalization", "x scale shift", "n");
    g = case_end(g, "n", 4);
    assert_ok(basin_network_params(g, &params));
    assert_int_equal(params->blocks[0].role, BASIN_ROLE_NORM_SCALE);
    assert_int_equal(params->blocks[1].role, BASIN_ROLE_NORM_SHIFT);
    assert_int_equal(params->blocks[2].role, BASIN_ROLE_WEIGHT);
    assert_int_equal(params->blocks[1].layer, 0);
    assert_int_equal(params->blocks[2].layer, 1);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

/* -------------------------------------------------------------------------------------------- refusals -- */

static void refused(basin_graph *g, basin_status code, const char *message)
{
    basin_params *params = NULL;

    assert_status(basin_network_params(g, &params), code);
    assert_message(message);
    assert_null(params);
    basin_graph_destroy(&g);
}

static basin_graph *with(basin_graph *g, const char *attribute, int64_t whole, double value)
{
    if (isnan(value))
        case_int(node_of(g), attribute, whole);
    else
        case_real(node_of(g), attribute, value);
    return g;
}

static basin_graph *statistic(basin_graph *g, size_t buffer, size_t entry, double value)
{
    g->buffers[buffer].values[entry] = value;
    return g;
}

static const char *const batch_inputs = "x scale shift mean variance";

static void bad_attributes_are_refused(void **state)
{
    (void)state;
    refused(with(around("LayerNormalization", "x scale shift", 2), "axis", 0, NAN), BASIN_ERR_UNSUPPORTED,
            "axis 0 is the batch");
    refused(with(around("LayerNormalization", "x scale shift", 2), "axis", 4, NAN), BASIN_ERR_SHAPE,
            "axis 4 of x, which has 4 dimensions");
    refused(with(around("LayerNormalization", "x scale shift", 2), "epsilon", 0, -1.0), BASIN_ERR_VALUE,
            "epsilon = -1");
    refused(around("GroupNormalization", "x scale shift", C), BASIN_ERR_VALUE,
            "num_groups = 0 does not divide the 4 channels of x");
    refused(with(around("GroupNormalization", "x scale shift", C), "num_groups", 3, NAN), BASIN_ERR_VALUE,
            "num_groups = 3 does not divide");
    refused(with(around("GroupNormalization", "x scale shift", C), "num_groups", -4, NAN), BASIN_ERR_VALUE,
            "num_groups = -4 does not divide");
    refused(around("GroupNormalization", "mean scale shift", C), BASIN_ERR_UNSUPPORTED,
            "mean does not depend on the input");
}

static void bad_inputs_are_refused(void **state)
{
    (void)state;
    refused(around("BatchNormalization", batch_inputs, 3), BASIN_ERR_SHAPE,
            "scale [3] for an input [4, 3, 2]: expected [4]");
    refused(around("LayerNormalization", "x mean", 2), BASIN_ERR_SHAPE,
            "mean [4] for an input [4, 3, 2]: expected [2]");
    refused(around("LayerNormalization", "x x", 2), BASIN_ERR_UNSUPPORTED, "scale x depends on the input");
    refused(around("BatchNormalization", "x scale shift mean", C), BASIN_ERR_FORMAT,
            "4 inputs, expected 5 to 5");
    refused(around("BatchNormalization", "x scale shift - variance", C), BASIN_ERR_FORMAT,
            "its mean is left out");
    refused(around("BatchNormalization", "x scale shift mean last", C), BASIN_ERR_UNSUPPORTED,
            "its variance last is no buffer");
    refused(around("BatchNormalization", "x - - mean scale", 2), BASIN_ERR_SHAPE,
            "its variance scale has shape [2], the input x has 4 channels");
    refused(statistic(around("BatchNormalization", batch_inputs, C), 3, 2, -0.5), BASIN_ERR_VALUE,
            "its variance variance[2] is -0.5");
    refused(statistic(around("BatchNormalization", batch_inputs, C), 2, 1, NAN), BASIN_ERR_VALUE,
            "its mean mean[1] is nan");
    refused(statistic(around("BatchNormalization", batch_inputs, C), 2, 1, -INFINITY), BASIN_ERR_VALUE,
            "its mean mean[1] is -inf");
    refused(with(statistic(around("BatchNormalization", batch_inputs, C), 3, 0, 0.0), "epsilon", 0, 0.0),
            BASIN_ERR_VALUE, "its variance variance[0] is 0 with epsilon = 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_normalisation_is_its_definition),
        cmocka_unit_test(group_normalisation_is_its_definition),
        cmocka_unit_test(batch_normalisation_with_stored_statistics_is_its_definition),
        cmocka_unit_test(roles_are_marked),
        cmocka_unit_test(bad_attributes_are_refused),
        cmocka_unit_test(bad_inputs_are_refused),
    };

    if (basin_initialise() != BASIN_OK) return 1;
    return cmocka_run_group_tests_name("norm", tests, NULL, NULL);
}
