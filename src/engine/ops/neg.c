/* Neg: linear, so it is no row of unary_rows.c: it keeps no slopes, and the affine part of a slice runs
   through it. */
#include "engine/op.h"

static void negate(const basin_node *node, const real *from, real *to, size_t b, size_t k, bool accumulate)
{
    const size_t n = slot_rows(NODE_OUTPUT(node), b) * k * slot_stride(NODE_OUTPUT(node));

    if (accumulate)
        for (size_t l = 0; l < n; l++) to[l] -= from[l];
    else
        for (size_t l = 0; l < n; l++) to[l] = -from[l];
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    negate(node, NODE_INPUT(node, 0)->v, NODE_OUTPUT(node)->v, b, 1, false);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    negate(node, NODE_OUTPUT(node)->a, NODE_INPUT(node, 0)->a, b, 1, node->accumulate[0]);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    negate(node, NODE_INPUT(node, 0)->d, NODE_OUTPUT(node)->d, b, k, false);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    negate(node, NODE_OUTPUT(node)->ad, NODE_INPUT(node, 0)->ad, b, k, node->accumulate[0]);
}

const basin_op REAL(basin_op_Neg) = {
    .name = "Neg",
    .inputs_min = 1,
    .inputs_max = 1,
    .degree = BASIN_DEGREE_LINEAR,
    .in_place = true,
    .infer = basin_infer_same,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
