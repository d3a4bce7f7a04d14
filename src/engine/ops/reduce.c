/* ReduceSum and ReduceMean over axes of a sample: places of the output meet (index_map.h). */
#include <string.h>

#include "engine/kernels/index_map.h"

static basin_status read_axes(const basin_node *node, bool *reduced)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = NODE_INPUT(node, 0);
    const int64_t    *axes = NULL;
    size_t            count = 0, place = 0;

    BASIN_TRY(basin_node_ints(node, "axes", &axes, &count));
    if (count == 0 && x->batched)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "without axes it would sum over the batch: samples must stay apart");
    for (size_t i = 0; i < x->rank; i++) reduced[i] = count == 0;
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_node_axis(node, x, axes[i], false, &place));
        if (reduced[place])
            return basin_node_fail(node, BASIN_ERR_FORMAT, "axis %lld stands twice", (long long)axes[i]);
        reduced[place] = true;
    }
done:
    return st;
}

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    basin_moves *moves = NULL;
    bool         reduced[BASIN_MAX_RANK] = {false};
    bool         keep = basin_node_spec_int(node->spec, "keepdims", 1) != 0;
    size_t       stride = 1, terms = 1;

    BASIN_TRY(read_axes(node, reduced));
    for (size_t i = 0; i < x->rank; i++)
        if (keep || !reduced[i]) y->shape[y->rank++] = reduced[i] ? 1 : x->shape[i];
    BASIN_TRY(basin_moves_create(node, &moves));
    for (size_t i = x->rank; i-- > 0;) {
        moves->move[0].to[i] = reduced[i] ? 0 : stride;
        *(reduced[i] ? &terms : &stride) *= x->shape[i];
    }
    moves->covered = false;
    moves->sums = true;
    if (strcmp(node->op->name, "ReduceMean") == 0) moves->scale = 1 / (real)terms;
    basin_move_prepare(&moves->move[0], x, y);
done:
    return st;
}

#define REDUCE(NAME)                              \
    const basin_op REAL(basin_op_##NAME) = {      \
        .name = #NAME,                            \
        .inputs_min = 1,                          \
        .inputs_max = 1,                          \
        .degree = BASIN_DEGREE_LINEAR,            \
        .infer = infer,                           \
        .forward = basin_moves_forward,           \
        .backward = basin_moves_backward,         \
        .forward_dot = basin_moves_forward_dot,   \
        .backward_dot = basin_moves_backward_dot, \
    };

REDUCE(ReduceSum)
REDUCE(ReduceMean)
