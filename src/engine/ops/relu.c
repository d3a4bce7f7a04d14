/* Relu. The value tells the slope: f' = [y > 0]. So nothing is kept but y, which the next linear layer keeps
   anyway. */
#include "engine/kernels/elementary.h"
#include "engine/op.h"

static basin_status infer(basin_node *node)
{
    NODE_OUTPUT(node)->keep_value = true;
    return basin_infer_same(node);
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_slot *y = NODE_OUTPUT(node);

    (void)mode;
    basin_rectify(NODE_INPUT(node, 0)->v, slot_rows(y, b) * slot_stride(y), y->v);
}

/* to (+)= f' from, for k vectors; `to` may be `from`. */
static void pass_block(const basin_slot *y, size_t b, size_t k, const real *from, bool add, real *to)
{
    basin_gate(y->v, from, slot_rows(y, b), k, slot_stride(y), add, to);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    pass_block(NODE_OUTPUT(node), b, 1, NODE_OUTPUT(node)->a, node->accumulate[0], NODE_INPUT(node, 0)->a);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    pass_block(NODE_OUTPUT(node), b, k, NODE_INPUT(node, 0)->d, false, NODE_OUTPUT(node)->d);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    pass_block(NODE_OUTPUT(node), b, k, NODE_OUTPUT(node)->ad, node->accumulate[0], NODE_INPUT(node, 0)->ad);
}

const basin_op REAL(basin_op_Relu) = {
    .name = "Relu",
    .inputs_min = 1,
    .inputs_max = 1,
    .in_place = true,
    .degree = BASIN_DEGREE_UNARY,
    .kink = BASIN_KINK_SIGN,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
