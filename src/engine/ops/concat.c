/* Concat: the inputs one after the other along an axis. An unbatched input among batched ones is repeated for
   every sample. */
#include "core/memory.h"
#include "engine/kernels/index_map.h"

/* The input's shape beside the output's: an unbatched one loses its first dimension, a 1, where the output is
   batched. */
static basin_status shape_beside(const basin_node *node, const basin_slot *x, const size_t **shape,
                                 size_t *rank)
{
    size_t skip = NODE_OUTPUT(node)->batched && !x->batched ? 1 : 0;

    if (skip > 0 && (x->rank == 0 || x->shape[0] != 1))
        return basin_node_fail(
            node, BASIN_ERR_SHAPE,
            "%s %s has no batch: its first dimension must be 1 beside inputs that have one", x->name,
            BASIN_SHAPE_TEXT(x->shape, x->rank));
    *shape = x->shape + skip;
    *rank = x->rank - skip;
    return BASIN_OK;
}

/* The first batched input if there is one: the axis counts in its dimensions. */
static const basin_slot *leading_input(const basin_node *node)
{
    for (size_t i = 0; i < node->input_count; i++)
        if (NODE_INPUT(node, i)->batched) return NODE_INPUT(node, i);
    return NODE_INPUT(node, 0);
}

/* Grows the output by an input. */
static basin_status append(const basin_node *node, const basin_slot *lead, const basin_slot *x, size_t axis)
{
    basin_status  st = BASIN_OK;
    basin_slot   *y = NODE_OUTPUT(node);
    const size_t *shape = NULL;
    size_t        rank = 0;
    bool          fits;

    BASIN_TRY(shape_beside(node, x, &shape, &rank));
    fits = rank == lead->rank;
    for (size_t i = 0; fits && i < rank; i++) fits = i == axis || shape[i] == lead->shape[i];
    if (!fits)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s %s does not go with %s %s along axis %zu%s",
                               x->name, BASIN_SHAPE_TEXT(x->shape, x->rank), lead->name,
                               BASIN_SHAPE_TEXT(lead->shape, lead->rank), axis,
                               lead->batched ? " of a sample" : "");
    if (!basin_add(y->shape[axis], shape[axis], &y->shape[axis]))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "the sum of sizes overflows");
done:
    return st;
}

static basin_status infer(basin_node *node)
{
    basin_status      st = BASIN_OK;
    const basin_slot *lead = leading_input(node);
    basin_slot       *y = NODE_OUTPUT(node);
    basin_moves      *moves = NULL;
    size_t            axis = 0, offset = 0;

    if (basin_node_spec_find(node->spec, "axis") == NULL)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "attribute axis is missing");
    BASIN_TRY(basin_node_axis(node, lead, basin_node_spec_int(node->spec, "axis", 0), false, &axis));
    y->rank = lead->rank;
    for (size_t i = 0; i < y->rank; i++) y->shape[i] = i == axis ? 0 : lead->shape[i];
    for (size_t i = 0; i < node->input_count; i++) BASIN_TRY(append(node, lead, NODE_INPUT(node, i), axis));
    BASIN_TRY(basin_moves_create(node, &moves));
    for (size_t i = 0; i < node->input_count; i++) {
        basin_move   *move = &moves->move[i];
        const size_t *shape = NULL;
        BASIN_TRY(shape_beside(node, NODE_INPUT(node, i), &shape, &move->rank));
        for (size_t l = 0; l < move->rank; l++) move->extent[l] = shape[l];
        basin_strides(shape, move->rank, move->from);
        move->to_start = offset * move->to[axis];
        offset += shape[axis];
        basin_move_prepare(move, NODE_INPUT(node, i), y);
    }
done:
    return st;
}

const basin_op REAL(basin_op_Concat) = {
    .name = "Concat",
    .inputs_min = 1,
    .inputs_max = BASIN_MAX_INPUTS,
    .degree = BASIN_DEGREE_LINEAR,
    .infer = infer,
    .forward = basin_moves_forward,
    .backward = basin_moves_backward,
    .forward_dot = basin_moves_forward_dot,
    .backward_dot = basin_moves_backward_dot,
};
