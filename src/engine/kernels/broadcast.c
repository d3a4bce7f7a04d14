#include "engine/kernels/broadcast.h"

#include <stdio.h>
#include <string.h>

/* «[64, 32]», «[N, 32]» with a batch axis. */
static const char *shape_text(const basin_slot *x, char *text, size_t size)
{
    char inner[192];

    basin_shape_text(x->shape, x->rank, inner, sizeof inner);
    snprintf(text, size, "%s%s", x->batched ? x->rank > 0 ? "[N, " : "[N" : "[", inner + 1);
    return text;
}

#define SLOT_TEXT(slot) shape_text((slot), (char[200]){0}, 200)

static basin_status refuse(const basin_node *node, const basin_slot *a, const basin_slot *b, const char *why)
{
    return basin_node_fail(node, BASIN_ERR_SHAPE, "%s %s and %s %s %s", a->name, SLOT_TEXT(a), b->name,
                           SLOT_TEXT(b), why);
}

/* The input that says how many dimensions a sample of the output has: a batched one, otherwise that of most
   dimensions. */
static const basin_slot *leader_of(const basin_node *node)
{
    const basin_slot *leader = NODE_INPUT(node, 0);

    for (size_t i = 1; i < node->input_count; i++) {
        const basin_slot *x = NODE_INPUT(node, i);
        if (x->batched == leader->batched ? x->rank > leader->rank : x->batched) leader = x;
    }
    return leader;
}

/* numpy aligns last dimensions. Nothing may then stand against the batch but another batch, or a 1. */
static basin_status check_alignment(const basin_node *node, const basin_slot *leader, const basin_slot *x)
{
    if (!leader->batched) return BASIN_OK;
    if (x->batched && x->rank != leader->rank)
        return refuse(node, leader, x,
                      "have the batch at different places, which would mix samples: reshape one to as many "
                      "dimensions as the other");
    if (!x->batched && x->rank > leader->rank + 1)
        return refuse(node, leader, x, "would not keep the batch as first dimension");
    if (!x->batched && x->rank == leader->rank + 1 && x->shape[0] != 1)
        return refuse(node, leader, x,
                      "would need a batch of that first dimension: only 1 goes with any batch");
    return BASIN_OK;
}

/* Of x, in dimension d of `rank` (a leading 1 against the batch has none). */
static size_t extent_of(const basin_slot *x, size_t rank, size_t d)
{
    return d + x->rank < rank ? 1 : x->shape[d + x->rank - rank];
}

static basin_status infer_shape(basin_node *node)
{
    basin_status      st = BASIN_OK;
    const basin_slot *leader = leader_of(node);
    basin_slot       *y = NODE_OUTPUT(node);

    for (size_t i = 0; i < node->input_count; i++)
        BASIN_TRY(check_alignment(node, leader, NODE_INPUT(node, i)));
    y->rank = leader->rank;
    for (size_t d = 0; d < y->rank; d++) {
        const basin_slot *wide = leader;
        for (size_t i = 0; i < node->input_count; i++) {
            const basin_slot *x = NODE_INPUT(node, i);
            const size_t      size = extent_of(x, y->rank, d), so_far = extent_of(wide, y->rank, d);
            if (size != 1 && so_far != 1 && size != so_far) return refuse(node, wide, x, "do not broadcast");
            if (so_far == 1) wide = x;
        }
        y->shape[d] = extent_of(wide, y->rank, d);
    }
done:
    return st;
}

/* Numbers from one index to the next of each dimension of x; the last is the lane. */
static void steps_of(const basin_slot *x, size_t rank, size_t *step)
{
    size_t next = x->lanes;

    step[rank] = x->batched ? 1 : 0;
    for (size_t d = rank; d-- > 0;) {
        const size_t size = extent_of(x, rank, d);
        step[d] = size == 1 ? 0 : next;
        next *= size;
    }
}

/* Appends a dimension, or widens the last one where every tensor walks through both in one stride. */
static void append(basin_broadcast *space, size_t tensors, size_t size, const size_t *step)
{
    bool   one = space->rank > 0;
    size_t last = one ? space->rank - 1 : 0;

    if (size == 1) return;
    for (size_t t = 0; t < tensors; t++) one = one && space->step[t][last] == step[t] * size;
    if (!one) last = space->rank++;
    space->shape[last] = one ? space->shape[last] * size : size;
    for (size_t t = 0; t < tensors; t++) space->step[t][last] = step[t];
}

basin_status basin_broadcast_infer(basin_node *node, basin_broadcast *out)
{
    basin_status    st = BASIN_OK;
    basin_slot     *y = NODE_OUTPUT(node);
    basin_broadcast space = {0};
    size_t          tensors = node->input_count + 1, steps[BASIN_BROADCAST_MOST][BASIN_BROADCAST_RANK];
    size_t          step[BASIN_BROADCAST_MOST];

    BASIN_TRY(infer_shape(node));
    for (size_t t = 0; t < tensors; t++)
        steps_of(t < node->input_count ? NODE_INPUT(node, t) : y, y->rank, steps[t]);
    for (size_t d = 0; d <= y->rank; d++) {
        for (size_t t = 0; t < tensors; t++) step[t] = steps[t][d];
        append(&space, tensors, d < y->rank ? y->shape[d] : y->lanes, step);
    }
    if (space.rank == 0) { /* a single number */
        space.shape[space.rank++] = 1;
        for (size_t t = 0; t < tensors; t++) space.step[t][0] = 1;
    }
    *out = space;
done:
    return st;
}

bool basin_walk_next(const basin_broadcast *space, basin_walk *walk)
{
    for (size_t d = space->rank - 1; d-- > 0;) {
        for (size_t t = 0; t < BASIN_BROADCAST_MOST; t++) walk->at[t] += space->step[t][d];
        if (++walk->index[d] < space->shape[d]) return true;
        for (size_t t = 0; t < BASIN_BROADCAST_MOST; t++) walk->at[t] -= space->step[t][d] * space->shape[d];
        walk->index[d] = 0;
    }
    return false;
}
