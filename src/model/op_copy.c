/* Ops that hand their input on: Identity, Dropout (off, as in evaluation) and Flatten, which only renames the shape. In
 * place they cost nothing. */
#include <string.h>

#include "model/op.h"

static basin_status infer_flatten(basin_node *node)
{
    basin_status st = basin_infer_same(node);
    int64_t      axis = basin_node_spec_int(node->spec, "axis", 1);

    if (st != BASIN_OK) return st;
    if (axis != 1) return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "axis = %lld; only axis = 1 keeps samples apart", (long long)axis);
    NODE_OUTPUT(node)->rank = 1;
    NODE_OUTPUT(node)->shape[0] = NODE_INPUT(node, 0)->width;
    return BASIN_OK;
}

static void hand_on(const real *from, real *to, size_t n, bool accumulate)
{
    if (from == to) return;
    if (accumulate)
        for (size_t i = 0; i < n; i++) to[i] += from[i];
    else
        memcpy(to, from, n * sizeof *to);
}

/* Numbers in one role of the output for b samples and k vectors. */
static size_t numbers(const basin_node *node, size_t b, size_t k)
{
    return slot_rows(NODE_OUTPUT(node), b) * k * slot_stride(NODE_OUTPUT(node));
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    hand_on(NODE_INPUT(node, 0)->v, NODE_OUTPUT(node)->v, numbers(node, b, 1), false);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    hand_on(NODE_OUTPUT(node)->a, NODE_INPUT(node, 0)->a, numbers(node, b, 1), node->accumulate[0]);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    hand_on(NODE_INPUT(node, 0)->d, NODE_OUTPUT(node)->d, numbers(node, b, k), false);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    hand_on(NODE_OUTPUT(node)->ad, NODE_INPUT(node, 0)->ad, numbers(node, b, k), node->accumulate[0]);
}

#define COPY(NAME, INFER)                                                                                                                            \
    const basin_op REAL(basin_op_##NAME) = {                                                                                                         \
        .name = #NAME,                                                                                                                               \
        .inputs_min = 1,                                                                                                                             \
        .inputs_max = 1,                                                                                                                             \
        .degree = BASIN_DEGREE_LINEAR,                                                                                                                              \
        .in_place = true,                                                                                                                            \
        .infer = INFER,                                                                                                                              \
        .forward = forward,                                                                                                                          \
        .backward = backward,                                                                                                                        \
        .forward_dot = forward_dot,                                                                                                                  \
        .backward_dot = backward_dot,                                                                                                                \
    };

COPY(Identity, basin_infer_same)
COPY(Flatten, infer_flatten)

COPY(Dropout, basin_infer_same)
