/* Transpose: the axes of the input in the order of `perm`. The batch stays first. */
#include "engine/kernels/index_map.h"

/* perm of a sample's dimensions, from the attribute, which counts the batch axis. */
static basin_status read_perm(const basin_node *node, size_t *perm)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = NODE_INPUT(node, 0);
    const int64_t    *axes = NULL;
    size_t            batch = x->batched ? 1 : 0, count = 0;
    bool              seen[BASIN_MAX_RANK] = {false};

    BASIN_TRY(basin_node_ints(node, "perm", &axes, &count));
    if (axes == NULL && x->batched)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "without perm it would move the batch, which must stay first");
    if (axes != NULL && count != x->rank + batch)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "perm has %zu entries, %s has %zu dimensions", count,
                               x->name, x->rank + batch);
    if (x->batched && axes[0] != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "perm begins with %lld: axis 0 is the batch and must stay first",
                               (long long)axes[0]);
    for (size_t i = 0; i < x->rank; i++) {
        perm[i] = x->rank - 1 - i;
        if (axes != NULL) BASIN_TRY(basin_node_axis(node, x, axes[i + batch], false, &perm[i]));
        if (seen[perm[i]])
            return basin_node_fail(node, BASIN_ERR_FORMAT, "perm holds axis %zu twice", perm[i] + batch);
        seen[perm[i]] = true;
    }
done:
    return st;
}

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    basin_moves *moves = NULL;
    size_t       perm[BASIN_MAX_RANK] = {0}, strides[BASIN_MAX_RANK] = {0};

    BASIN_TRY(read_perm(node, perm));
    y->rank = x->rank;
    for (size_t i = 0; i < y->rank; i++) y->shape[i] = x->shape[perm[i]];
    BASIN_TRY(basin_moves_create(node, &moves));
    basin_strides(x->shape, x->rank, strides);
    for (size_t i = 0; i < y->rank; i++) {
        moves->move[0].extent[i] = y->shape[i];
        moves->move[0].from[i] = strides[perm[i]];
    }
    basin_move_prepare(&moves->move[0], x, y);
    basin_node_follow(node, perm);
done:
    return st;
}

const basin_op REAL(basin_op_Transpose) = {
    .name = "Transpose",
    .inputs_min = 1,
    .inputs_max = 1,
    .degree = BASIN_DEGREE_LINEAR,
    .moves = true,
    .infer = infer,
    .forward = basin_moves_forward,
    .backward = basin_moves_backward,
    .forward_dot = basin_moves_forward_dot,
    .backward_dot = basin_moves_backward_dot,
};
