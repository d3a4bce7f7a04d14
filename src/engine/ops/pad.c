/* Pad: a constant around the input; negative pads cut off. */
#include <string.h>

#include "core/memory.h"
#include "engine/kernels/index_map.h"

/* One dimension: `begin` and `end` more of it. */
static basin_status pad_dimension(const basin_node *node, size_t i, int64_t begin, int64_t end,
                                  basin_move *move)
{
    const basin_slot *x = NODE_INPUT(node, 0);
    basin_slot       *y = NODE_OUTPUT(node);
    const uint64_t    cut_begin = begin < 0 ? (uint64_t)0 - (uint64_t)begin : 0;
    const uint64_t    cut_end = end < 0 ? (uint64_t)0 - (uint64_t)end : 0;

    if (cut_begin >= x->shape[i] || cut_end >= x->shape[i] - cut_begin)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "pads of %lld and %lld leave nothing of %s %s",
                               (long long)begin, (long long)end, x->name,
                               BASIN_SHAPE_TEXT(x->shape, x->rank));
    move->extent[i] = x->shape[i] - (size_t)cut_begin - (size_t)cut_end;
    if (!basin_add(move->extent[i], begin > 0 ? (size_t)begin : 0, &y->shape[i]) ||
        !basin_add(y->shape[i], end > 0 ? (size_t)end : 0, &y->shape[i]))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "pads of %lld and %lld overflow", (long long)begin,
                               (long long)end);
    move->from_start += (size_t)cut_begin * move->from[i];
    move->whole = move->whole && move->extent[i] == x->shape[i];
    return BASIN_OK;
}

static basin_status read_pads(const basin_node *node, const int64_t **out)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = NODE_INPUT(node, 0);
    size_t            batch = x->batched ? 1 : 0, rank = x->rank + batch, count = 0;
    const int64_t    *pads = NULL;

    BASIN_TRY(basin_node_ints(node, "pads", &pads, &count));
    if (count != 2 * rank)
        return basin_node_fail(node, BASIN_ERR_FORMAT,
                               "pads has %zu entries, expected 2 for each of the %zu dimensions of %s", count,
                               rank, x->name);
    if (x->batched && (pads[0] != 0 || pads[rank] != 0))
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "pads of %lld and %lld at axis 0, the batch, which must stay as it is",
                               (long long)pads[0], (long long)pads[rank]);
    *out = pads;
done:
    return st;
}

static basin_status infer(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    basin_moves   *moves = NULL;
    const int64_t *pads = NULL;
    size_t         batch = x->batched ? 1 : 0;
    const char    *mode = basin_node_spec_string(node->spec, "mode", "constant");

    if (strcmp(mode, "constant") != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "mode %s; only constant is supported", mode);
    BASIN_TRY(read_pads(node, &pads));
    BASIN_TRY(basin_infer_same(node));
    BASIN_TRY(basin_moves_create(node, &moves));
    basin_move *move = &moves->move[0];
    for (size_t i = 0; i < x->rank; i++)
        BASIN_TRY(pad_dimension(node, i, pads[batch + i], pads[2 * batch + x->rank + i], move));
    basin_strides(y->shape, y->rank, move->to);
    for (size_t i = 0; i < x->rank; i++) {
        if (pads[batch + i] > 0) move->to_start += (size_t)pads[batch + i] * move->to[i];
        moves->covered = moves->covered && move->extent[i] == y->shape[i];
    }
    moves->fill = (real)basin_node_spec_float(node->spec, "value", 0.0);
    basin_move_prepare(move, x, y);
done:
    return st;
}

const basin_op REAL(basin_op_Pad) = {
    .name = "Pad",
    .inputs_min = 1,
    .inputs_max = 1,
    .degree = BASIN_DEGREE_LINEAR,
    .infer = infer,
    .forward = basin_moves_forward,
    .backward = basin_moves_backward,
    .forward_dot = basin_moves_forward_dot,
    .backward_dot = basin_moves_backward_dot,
};
