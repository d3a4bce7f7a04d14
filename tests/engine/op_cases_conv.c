/* Convolutions and pools, each behind a first convolution, so that the input of the op under test is not
   constant. */
#include "op_cases.h"

/* Input [2, 7, 6] through a convolution with tanh to h [3, 7, 6]. */
static basin_graph *image(void)
{
    basin_graph *g = case_start(SHAPE(2, 7, 6));

    case_param(g, "w1", SHAPE(3, 2, 3, 3));
    case_param(g, "c1", SHAPE(3));
    case_ints(case_node(g, "Conv", "x w1 c1", "s"), "pads", INTS(1, 1, 1, 1));
    case_node(g, "Tanh", "s", "h");
    return g;
}

/* Input [2, 9] likewise to h [4, 9]. */
static basin_graph *signal(void)
{
    basin_graph *g = case_start(SHAPE(2, 9));

    case_param(g, "w1", SHAPE(4, 2, 3));
    case_ints(case_node(g, "Conv", "x w1", "s"), "pads", INTS(1, 1));
    case_node(g, "Tanh", "s", "h");
    return g;
}

static basin_graph *conv(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(7, 3, 3, 2));
    case_param(g, "c2", SHAPE(7));
    case_ints(case_node(g, "Conv", "h w2 c2", "t"), "kernel_shape", INTS(3, 2));
    return case_end(g, "t", 7 * 5 * 5);
}

/* Asymmetric paddings wider than the kernel's reach; strides that leave a rest. */
static basin_graph *conv_strides_pads(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(2, 3, 3, 2));
    basin_node_spec *node = case_node(g, "Conv", "h w2", "t");
    case_ints(node, "strides", INTS(2, 3));
    case_ints(node, "pads", INTS(1, 3, 0, 2));
    return case_end(g, "t", 2 * 3 * 4);
}

static basin_graph *conv_dilations(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(2, 3, 3, 3));
    basin_node_spec *node = case_node(g, "Conv", "h w2", "t");
    case_ints(node, "dilations", INTS(3, 2));
    case_ints(node, "strides", INTS(2, 4));
    case_ints(node, "pads", INTS(2, 1, 3, 1));
    return case_end(g, "t", 2 * 3 * 1);
}

/* Strides beyond the kernel: some inputs are read by nobody. */
static basin_graph *conv_skips(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(5, 3, 1, 1));
    case_ints(case_node(g, "Conv", "h w2", "t"), "strides", INTS(2, 3));
    return case_end(g, "t", 5 * 4 * 2);
}

static basin_graph *conv_groups(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(6, 3, 2, 2));
    case_node(g, "Conv", "h w2", "t");
    case_param(g, "w3", SHAPE(4, 3, 2, 2));
    case_param(g, "c3", SHAPE(4));
    case_int(case_node(g, "Conv", "t w3 c3", "u"), "group", 2);
    return case_end(g, "u", 4 * 5 * 4);
}

static basin_graph *conv_depthwise(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(3, 1, 3, 3));
    basin_node_spec *node = case_node(g, "Conv", "h w2", "t");
    case_int(node, "group", 3);
    case_ints(node, "pads", INTS(1, 1, 1, 1));
    return case_end(g, "t", 3 * 7 * 6);
}

static basin_graph *conv_line(void)
{
    basin_graph *g = signal();

    case_param(g, "w2", SHAPE(3, 4, 4));
    case_param(g, "c2", SHAPE(3));
    basin_node_spec *node = case_node(g, "Conv", "h w2 c2", "t");
    case_ints(node, "strides", INTS(2));
    case_ints(node, "pads", INTS(2, 1));
    return case_end(g, "t", 3 * 5);
}

/* More than one block of k, and more columns than the widest tile. */
static basin_graph *conv_deep(void)
{
    basin_graph *g = case_start(SHAPE(1, 5, 11));

    case_param(g, "w1", SHAPE(32, 1, 1, 1));
    case_node(g, "Conv", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_param(g, "w2", SHAPE(1, 32, 3, 3));
    case_ints(case_node(g, "Conv", "h w2", "t"), "pads", INTS(1, 1, 1, 1));
    return case_end(g, "t", 5 * 11);
}

/* Two that Winograd's filtering takes in single precision: in groups, with uneven paddings and sizes. */
static basin_graph *conv_filtered(void)
{
    basin_graph *g = case_start(SHAPE(2, 7, 6));

    case_param(g, "w1", SHAPE(16, 2, 1, 1));
    case_node(g, "Conv", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_param(g, "w2", SHAPE(18, 8, 3, 3));
    basin_node_spec *node = case_node(g, "Conv", "h w2", "t");
    case_int(node, "group", 2);
    case_ints(node, "pads", INTS(2, 1, 0, 1));
    case_node(g, "Tanh", "t", "u");
    case_param(g, "w3", SHAPE(9, 18, 3, 3));
    case_param(g, "c3", SHAPE(9));
    case_ints(case_node(g, "Conv", "u w3 c3", "z"), "pads", INTS(0, 1, 1, 1));
    return case_end(g, "z", 9 * 6 * 6);
}

/* Weights that are not trained, weights that are computed from others, and an input that two nodes read. */
static basin_graph *conv_other_weights(void)
{
    basin_graph *g = image();

    case_buffer(g, "w2", SHAPE(2, 3, 1, 2),
                (const double[]){1, -2, 3, 0.5, 1, -1, 2, 0.3, -0.7, 0.2, 0.1, 1});
    case_buffer(g, "c2", SHAPE(2), (const double[]){0.3, -0.4});
    case_node(g, "Conv", "h w2 c2", "t");
    case_param(g, "flat3", SHAPE(2, 6));
    case_param(g, "c3", SHAPE(2));
    case_node(g, "Tanh", "flat3", "curved3");
    case_ints(case_node(g, "Reshape", "curved3", "w3"), "shape", INTS(2, 3, 1, 2));
    case_node(g, "Tanh", "c3", "d3");
    case_node(g, "Conv", "h w3 d3", "u");
    case_node(g, "Add", "t u", "sum");
    return case_end(g, "sum", 2 * 7 * 5);
}

/* The only convolution reads constant data with constant weights, and a bias that is trained. */
static basin_graph *conv_constant(void)
{
    basin_graph *g = case_start(SHAPE(1, 4, 3));

    case_buffer(g, "w1", SHAPE(2, 1, 2, 2), (const double[]){1, -2, 3, 0.5, 0.3, -0.4, 0.7, 0.1});
    case_param(g, "c1", SHAPE(2));
    case_node(g, "Conv", "x w1 c1", "s");
    case_node(g, "Tanh", "s", "h");
    return case_end(g, "h", 2 * 3 * 2);
}

static basin_graph *max_pool(void)
{
    basin_graph     *g = image();
    basin_node_spec *node = case_node(g, "MaxPool", "h", "t");

    case_ints(node, "kernel_shape", INTS(2, 2));
    case_ints(node, "strides", INTS(2, 2));
    return case_end(g, "t", 3 * 3 * 3);
}

/* Windows that overlap, with holes, beyond the end. */
static basin_graph *max_pool_ceil(void)
{
    basin_graph     *g = image();
    basin_node_spec *node = case_node(g, "MaxPool", "h", "t");

    case_ints(node, "kernel_shape", INTS(3, 2));
    case_ints(node, "strides", INTS(2, 3));
    case_ints(node, "dilations", INTS(1, 2));
    case_ints(node, "pads", INTS(1, 1, 0, 0));
    case_int(node, "ceil_mode", 1);
    case_node(g, "Add", "t t", "sum");
    return case_end(g, "sum", 3 * 4 * 3);
}

static basin_graph *max_pool_line(void)
{
    basin_graph *g = signal();

    case_ints(case_node(g, "MaxPool", "h", "t"), "kernel_shape", INTS(3));
    case_node(g, "MaxPool", "h", "u");
    case_ints(&g->nodes[g->node_count - 1], "kernel_shape", INTS(3));
    case_node(g, "Add", "t u", "sum");
    return case_end(g, "sum", 4 * 7);
}

/* Of the input itself, which no parameter moves. */
static basin_graph *max_pool_constant(void)
{
    basin_graph     *g = case_start(SHAPE(2, 4, 4));
    basin_node_spec *node = case_node(g, "MaxPool", "x", "t");

    case_ints(node, "kernel_shape", INTS(2, 2));
    case_param(g, "w1", SHAPE(2, 2, 2, 2));
    case_node(g, "Conv", "t w1", "s");
    case_node(g, "Tanh", "s", "h");
    return case_end(g, "h", 2 * 2 * 2);
}

static basin_graph *average_pool(int64_t ceil_mode, int64_t padding, size_t columns)
{
    basin_graph     *g = image();
    basin_node_spec *node = case_node(g, "AveragePool", "h", "t");

    case_ints(node, "kernel_shape", INTS(3, 2));
    case_ints(node, "strides", INTS(2, 3));
    case_ints(node, "pads", INTS(1, 1, 1, 0));
    case_int(node, "ceil_mode", ceil_mode);
    case_int(node, "count_include_pad", padding);
    return case_end(g, "t", 3 * 4 * columns);
}

static basin_graph *average_pool_plain(void)
{
    return average_pool(0, 0, 2);
}

static basin_graph *average_pool_padding(void)
{
    return average_pool(0, 1, 2);
}

static basin_graph *average_pool_ceil(void)
{
    return average_pool(1, 0, 3);
}

static basin_graph *average_pool_ceil_padding(void)
{
    return average_pool(1, 1, 3);
}

static basin_graph *average_pool_line(void)
{
    basin_graph *g = signal();

    case_ints(case_node(g, "AveragePool", "h", "t"), "kernel_shape", INTS(4));
    return case_end(g, "t", 4 * 6);
}

static basin_graph *global_average_pool(void)
{
    basin_graph *g = image();

    case_node(g, "GlobalAveragePool", "h", "t");
    return case_end(g, "t", 3);
}

/* A residual block: one input goes to a convolution and past it, and both kinds of memory are shared in
   place. */
static basin_graph *residual(void)
{
    basin_graph *g = image();

    case_param(g, "w2", SHAPE(3, 3, 3, 3));
    case_ints(case_node(g, "Conv", "h w2", "t"), "pads", INTS(1, 1, 1, 1));
    case_node(g, "Softplus", "t", "u");
    case_param(g, "w3", SHAPE(3, 3, 3, 3));
    case_ints(case_node(g, "Conv", "u w3", "v"), "pads", INTS(1, 1, 1, 1));
    case_node(g, "Add", "v h", "sum");
    case_node(g, "Tanh", "sum", "z");
    case_node(g, "GlobalAveragePool", "z", "pooled");
    return case_end(g, "pooled", 3);
}

const op_case op_cases_conv[] = {
    {"Conv", conv, 0},
    {"Conv, strides and uneven pads", conv_strides_pads, 0},
    {"Conv, dilations and strides", conv_dilations, 0},
    {"Conv, strides beyond the kernel", conv_skips, 0},
    {"Conv, groups", conv_groups, 0},
    {"Conv, depthwise", conv_depthwise, 0},
    {"Conv, 1-D", conv_line, 0},
    {"Conv, many channels", conv_deep, 0},
    {"Conv, 3 × 3 of many channels", conv_filtered, 0},
    {"Conv, frozen and computed weights", conv_other_weights, 0},
    {"Conv, constant but for its bias", conv_constant, 0},
    {"MaxPool", max_pool, 0},
    {"MaxPool, ceil_mode, dilations, pads", max_pool_ceil, 0},
    {"MaxPool, 1-D, two of one input", max_pool_line, 0},
    {"MaxPool of constant data", max_pool_constant, 0},
    {"AveragePool", average_pool_plain, 0},
    {"AveragePool, counting pads", average_pool_padding, 0},
    {"AveragePool, ceil_mode", average_pool_ceil, 0},
    {"AveragePool, ceil_mode, counting pads", average_pool_ceil_padding, 0},
    {"AveragePool, 1-D", average_pool_line, 0},
    {"GlobalAveragePool", global_average_pool, 0},
    {"residual block", residual, 0},
    {NULL, NULL, 0},
};
