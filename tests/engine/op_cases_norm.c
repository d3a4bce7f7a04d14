/* Normalisation: of batches (stored statistics), layers, groups; as the first layer, in the middle, without
 * parameters, with frozen and with computed ones. */
#include <stddef.h>

#include "op_cases.h"

static const double mean4[] = {0.3, -0.2, 0.1, 0.7}, variance4[] = {0.5, 2.0, 1.3, 0.0},
                    scale4[] = {1.2, -0.7, 0.4, 2.0};

static void statistics(basin_graph *g)
{
    case_buffer(g, "mean", SHAPE(4), mean4);
    case_buffer(g, "variance", SHAPE(4), variance4);
}

static void scale_and_shift(basin_graph *g, const size_t *shape, size_t rank)
{
    case_param(g, "scale", shape, rank);
    case_param(g, "shift", shape, rank);
}

/* Input [4] through a first dense layer to 4, curved. */
static basin_graph *dense(void)
{
    basin_graph *g = case_start(SHAPE(4));

    case_param(g, "w1", SHAPE(4, 4));
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    return g;
}

/* Input [4, 3, 2] through a layer on its last axis: channels with space. */
static basin_graph *spatial(void)
{
    basin_graph *g = case_start(SHAPE(4, 3, 2));

    case_param(g, "w1", SHAPE(2, 2));
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    return g;
}

/* After a normalisation `n`: something curved, then the end. */
static basin_graph *curved_end(basin_graph *g, size_t width)
{
    case_node(g, "Tanh", "n", "t");
    return case_end(g, "t", width);
}

static void batch(basin_graph *g, const char *inputs)
{
    case_real(case_node(g, "BatchNormalization", inputs, "n"), "epsilon", 0.01);
}

static basin_graph *batch_flat(void)
{
    basin_graph *g = dense();

    statistics(g);
    scale_and_shift(g, SHAPE(4));
    batch(g, "h scale shift mean variance");
    return curved_end(g, 4);
}

static basin_graph *batch_spatial(void)
{
    basin_graph *g = spatial();

    statistics(g);
    scale_and_shift(g, SHAPE(4));
    batch(g, "h scale shift mean variance");
    return curved_end(g, 24);
}

/* Affine in scale and shift: shared by the points of a slice. */
static basin_graph *batch_first(void)
{
    basin_graph *g = case_start(SHAPE(4, 3, 2));

    statistics(g);
    scale_and_shift(g, SHAPE(4));
    batch(g, "x scale shift mean variance");
    return curved_end(g, 24);
}

static basin_graph *batch_without_scale(void)
{
    basin_graph *g = dense();

    statistics(g);
    case_param(g, "shift", SHAPE(4));
    batch(g, "h - shift mean variance");
    return curved_end(g, 4);
}

static basin_graph *batch_frozen(void)
{
    basin_graph *g = spatial();

    statistics(g);
    case_buffer(g, "scale", SHAPE(4), scale4);
    batch(g, "h scale - mean variance");
    return curved_end(g, 24);
}

/* The scale tanh(a), and the normalised tensor is also read by something else. */
static basin_graph *batch_computed(void)
{
    basin_graph *g = dense();

    statistics(g);
    scale_and_shift(g, SHAPE(4));
    case_node(g, "Tanh", "scale", "computed");
    batch(g, "h computed shift mean variance");
    case_node(g, "Add", "n h", "sum");
    case_node(g, "Tanh", "sum", "t");
    return case_end(g, "t", 4);
}

static basin_graph *layer_flat(void)
{
    basin_graph *g = dense();

    scale_and_shift(g, SHAPE(4));
    case_node(g, "LayerNormalization", "h scale shift", "n");
    return curved_end(g, 4);
}

/* Longer than the lanes, in sets [3, 7] of a sample [2, 3, 7]. */
static basin_graph *layer_axes(void)
{
    basin_graph *g = case_start(SHAPE(2, 3, 7));

    case_param(g, "w1", SHAPE(7, 7));
    case_node(g, "Gemm", "x w1", "h");
    scale_and_shift(g, SHAPE(3, 7));
    basin_node_spec *node = case_node(g, "LayerNormalization", "h scale shift", "n");
    case_int(node, "axis", 2);
    case_real(node, "epsilon", 0.1);
    return curved_end(g, 42);
}

static basin_graph *layer_first(void)
{
    basin_graph *g = case_start(SHAPE(4, 3, 2));

    scale_and_shift(g, SHAPE(2));
    case_real(case_node(g, "LayerNormalization", "x scale shift", "n"), "epsilon", 0.2);
    return curved_end(g, 24);
}

static basin_graph *layer_bare(void)
{
    basin_graph *g = dense();

    case_node(g, "LayerNormalization", "h", "n");
    return curved_end(g, 4);
}

/* A frozen scale without a shift, and the normalised tensor is also read by something else. */
static basin_graph *layer_frozen(void)
{
    basin_graph *g = dense();

    case_buffer(g, "scale", SHAPE(4), scale4);
    case_node(g, "LayerNormalization", "h scale", "n");
    case_node(g, "Add", "n h", "sum");
    case_node(g, "Tanh", "sum", "t");
    return case_end(g, "t", 4);
}

/* A parameter is normalised, and scales: no samples at all. */
static basin_graph *layer_of_weights(void)
{
    basin_graph *g = dense();

    scale_and_shift(g, SHAPE(4));
    case_param(g, "raw", SHAPE(4));
    case_node(g, "LayerNormalization", "raw - shift", "weights");
    case_node(g, "LayerNormalization", "h weights shift", "n");
    case_node(g, "Add", "n scale", "sum");
    case_node(g, "Tanh", "sum", "t");
    return case_end(g, "t", 4);
}

static basin_graph *group_spatial(void)
{
    basin_graph *g = spatial();

    scale_and_shift(g, SHAPE(4));
    case_int(case_node(g, "GroupNormalization", "h scale shift", "n"), "num_groups", 2);
    return curved_end(g, 24);
}

static basin_graph *group_flat(void)
{
    basin_graph *g = dense();

    scale_and_shift(g, SHAPE(4));
    case_int(case_node(g, "GroupNormalization", "h scale shift", "n"), "num_groups", 1);
    return curved_end(g, 4);
}

/* Every channel by itself (instance normalisation). */
static basin_graph *group_each(void)
{
    basin_graph *g = spatial();

    case_param(g, "shift", SHAPE(4));
    case_int(case_node(g, "GroupNormalization", "h - shift", "n"), "num_groups", 4);
    return curved_end(g, 24);
}

/* Samples in lanes: behind a convolution. */
static basin_graph *convolved(void)
{
    basin_graph *g = case_start(SHAPE(2, 3, 3));

    case_param(g, "w1", SHAPE(4, 2, 2, 2));
    case_node(g, "Conv", "x w1", "c");
    case_node(g, "Tanh", "c", "h");
    scale_and_shift(g, SHAPE(4));
    return g;
}

static basin_graph *batch_lanes(void)
{
    basin_graph *g = convolved();

    statistics(g);
    batch(g, "h scale shift mean variance");
    return curved_end(g, 16);
}

static basin_graph *group_lanes(void)
{
    basin_graph *g = convolved();

    case_int(case_node(g, "GroupNormalization", "h scale shift", "n"), "num_groups", 2);
    return curved_end(g, 16);
}

static basin_graph *layer_lanes(void)
{
    basin_graph *g = convolved();

    case_param(g, "a", SHAPE(2));
    /* two numbers a set: a sharp step without it */
    case_real(case_node(g, "LayerNormalization", "h a", "l"), "epsilon", 0.3);
    case_int(case_node(g, "GroupNormalization", "l scale shift", "n"), "num_groups", 4);
    return curved_end(g, 16);
}

const op_case op_cases_norm[] = {
    {"BatchNormalization of features", batch_flat, 0},
    {"BatchNormalization of channels", batch_spatial, 0},
    {"BatchNormalization of the input", batch_first, 0},
    {"BatchNormalization without scale", batch_without_scale, 0},
    {"BatchNormalization, frozen scale, no shift", batch_frozen, 0},
    {"BatchNormalization, computed scale, a fork", batch_computed, 0},
    {"LayerNormalization of features", layer_flat, 0},
    {"LayerNormalization over two axes", layer_axes, 0},
    {"LayerNormalization of the input", layer_first, 0},
    {"LayerNormalization without scale and shift", layer_bare, 0},
    {"LayerNormalization, frozen scale, a fork", layer_frozen, 0},
    {"LayerNormalization of a parameter", layer_of_weights, 0},
    {"GroupNormalization of channels", group_spatial, 0},
    {"GroupNormalization of features", group_flat, 0},
    {"GroupNormalization, every channel, no scale", group_each, 0},
    {"BatchNormalization in lanes", batch_lanes, 0},
    {"GroupNormalization in lanes", group_lanes, 0},
    {"LayerNormalization in lanes", layer_lanes, 0},
    {NULL, NULL, 0},
};
