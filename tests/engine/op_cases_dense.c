/* Dense layers, and element-wise ops of one input between two of them. */
#include "op_cases.h"

/* Input [4] through a first dense layer (transB = 0) to `width`. */
static basin_graph *dense(size_t width)
{
    basin_graph *g = case_start(SHAPE(4));

    case_param(g, "w1", SHAPE(4, width));
    case_param(g, "c1", SHAPE(width));
    case_node(g, "Gemm", "x w1 c1", "s");
    return g;
}

static basin_graph *gemm(void)
{
    return case_end(dense(5), "s", 5);
}

/* On the last axis of a sequence [3, 4], both ways round, with a frozen bias. */
static basin_graph *gemm_sequence(void)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "w1", SHAPE(4, 5));
    case_buffer(g, "c1", SHAPE(5), (const double[]){0.1, -0.2, 0.3, -0.4, 0.5});
    case_param(g, "w2", SHAPE(2, 5));
    case_param(g, "c2", SHAPE(2));
    case_node(g, "Gemm", "x w1 c1", "s");
    case_node(g, "Tanh", "s", "h");
    case_int(case_node(g, "Gemm", "h w2 c2", "t"), "transB", 1);
    return case_end(g, "t", 6);
}

/* A table of parameters [3, 4], through a dense layer of its own in both storages of the weight, is added to
   a sequence. */
static basin_graph *gemm_of_parameters(void)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "table", SHAPE(3, 4));
    case_param(g, "w1", SHAPE(4, 5));
    case_param(g, "c1", SHAPE(5));
    case_param(g, "w2", SHAPE(5, 5));
    case_node(g, "Tanh", "table", "curved");
    case_real(case_node(g, "Gemm", "curved w1 c1", "s"), "beta", 0.5);
    case_node(g, "Tanh", "s", "h");
    case_int(case_node(g, "Gemm", "h w2", "t"), "transB", 1);
    case_node(g, "Gemm", "x w1", "u");
    case_node(g, "Add", "u t", "sum");
    case_node(g, "Tanh", "sum", "z");
    return case_end(g, "z", 15);
}

/* More inputs and outputs than a block or a tile of the products takes, and fewer; a bias alone that is
   trained. */
static basin_graph *gemm_widths(void)
{
    basin_graph *g = case_start(SHAPE(2, 3));

    case_param(g, "w1", SHAPE(3, 131));
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_param(g, "w2", SHAPE(17, 131));
    case_param(g, "c2", SHAPE(17));
    basin_node_spec *node = case_node(g, "Gemm", "h w2 c2", "t");
    case_int(node, "transB", 1);
    case_real(node, "beta", -1.5);
    case_node(g, "Tanh", "t", "z");
    return case_end(g, "z", 34);
}

/* Frozen weights between two layers that are trained; a weight that two layers share. */
static basin_graph *gemm_frozen_and_tied(void)
{
    basin_graph *g = case_start(SHAPE(4));

    case_param(g, "w1", SHAPE(4, 4));
    case_buffer(g, "w2", SHAPE(4, 4),
                (const double[]){1, -2, 3, 0.5, 1, 2, 0.3, -1, 0.2, 0.1, 1, 1, -1, 0.4, 0.6, 2});
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_node(g, "Gemm", "h w2", "t");
    case_int(case_node(g, "Gemm", "t w1", "u"), "transB", 1);
    return case_end(g, "u", 4);
}

/* y = w2' (h + (h + bias)), h = tanh(x w1): a DAG with a fork, a broadcast parameter and a sum of two
   activations. */
static basin_graph *fork(void)
{
    basin_graph *g = dense(5);

    case_param(g, "bias", SHAPE(1, 5));
    case_node(g, "Tanh", "s", "h");
    case_node(g, "Add", "h bias", "shifted");
    case_node(g, "Add", "h shifted", "sum");
    return case_end(g, "sum", 5);
}

#define UNARY(OP)                        \
    static basin_graph *unary_##OP(void) \
    {                                    \
        basin_graph *g = dense(5);       \
        case_node(g, #OP, "s", "h");     \
        return case_end(g, "h", 5);      \
    }
UNARY(Identity)
UNARY(Dropout)
UNARY(Relu)
UNARY(Tanh)
UNARY(Sigmoid)
UNARY(Gelu)
UNARY(Softplus)

/* Relu's value is kept, also where copies hand its memory on: neither the second Relu nor Neg may write
   there. */
static basin_graph *relu_behind_copies(void)
{
    basin_graph *g = dense(5);

    case_node(g, "Relu", "s", "r");
    case_node(g, "Identity", "r", "i");
    case_node(g, "Dropout", "i", "j");
    case_node(g, "Neg", "j", "n");
    case_node(g, "Softplus", "n", "t");
    case_node(g, "Relu", "t", "u");
    case_node(g, "Identity", "u", "v");
    case_node(g, "Tanh", "v", "h");
    return case_end(g, "h", 5);
}

static basin_graph *leaky_relu(void)
{
    basin_graph *g = dense(5);

    case_real(case_node(g, "LeakyRelu", "s", "h"), "alpha", 0.2);
    return case_end(g, "h", 5);
}

static basin_graph *elu(void)
{
    basin_graph *g = dense(5);

    case_real(case_node(g, "Elu", "s", "h"), "alpha", 0.6);
    return case_end(g, "h", 5);
}

static basin_graph *gelu_tanh(void)
{
    basin_graph *g = dense(5);

    case_text(case_node(g, "Gelu", "s", "h"), "approximate", "tanh");
    return case_end(g, "h", 5);
}

const op_case op_cases_dense[] = {
    {"Gemm", gemm, 0},
    {"Gemm of a sequence", gemm_sequence, 0},
    {"Gemm, frozen and tied weights", gemm_frozen_and_tied, 0},
    {"Gemm of parameters", gemm_of_parameters, 0},
    {"Gemm, wide and narrow", gemm_widths, 0},
    {"Add, a fork", fork, 0},
    {"Identity", unary_Identity, 0},
    {"Dropout", unary_Dropout, 0},
    {"Relu", unary_Relu, 0},
    {"Relu, behind copies", relu_behind_copies, 0},
    {"LeakyRelu", leaky_relu, 0},
    {"Tanh", unary_Tanh, 0},
    {"Sigmoid", unary_Sigmoid, 0},
    {"Gelu", unary_Gelu, 0},
    {"Gelu, tanh form", gelu_tanh, 0},
    {"Elu", elu, 0},
    {"Softplus", unary_Softplus, 0},
    {NULL, NULL, 0},
};
