/* Ops that hand their input on: Identity, Dropout (off, as in evaluation), and Flatten, Reshape, Squeeze and
 * Unsqueeze, which only rename the shape. In place they cost nothing. */
#include <string.h>

#include "core/memory.h"
#include "engine/op.h"

static basin_status infer_same(basin_node *node)
{
    basin_status st = basin_infer_same(node);

    if (st == BASIN_OK) basin_node_follow(node, NULL);
    return st;
}

/* [everything before axis, everything from it on]; before it a sample may have dimensions of 1 only. */
static basin_status infer_flatten(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    int64_t      axis = basin_node_spec_int(node->spec, "axis", 1);
    size_t       place = 0, before = 1;

    BASIN_TRY(basin_node_axis(node, x, axis, true, &place));
    for (size_t i = 0; i < place; i++) before *= x->shape[i];
    if (x->batched && before != 1)
        return basin_node_fail(
            node, BASIN_ERR_UNSUPPORTED,
            "axis = %lld would mix the samples of %s, each %s, with their parts (Reshape keeps them apart)",
            (long long)axis, x->name, BASIN_SHAPE_TEXT(x->shape, x->rank));
    y->rank = 0;
    if (!x->batched) y->shape[y->rank++] = before;
    y->shape[y->rank++] = x->width / before;
    basin_node_follow(node, NULL);
done:
    return st;
}

/* 0 keeps a dimension; the product of the others without -1, and where -1 stands (otherwise `count`). */
static basin_status read_shape(const basin_node *node, const int64_t *shape, size_t count, size_t *sizes,
                               size_t *product, size_t *open)
{
    const basin_slot *x = NODE_INPUT(node, 0);
    size_t            batch = x->batched ? 1 : 0;

    *open = count;
    *product = 1;
    for (size_t i = 0; i < count; i++) {
        if (shape[i] == -1 && *open != count)
            return basin_node_fail(node, BASIN_ERR_FORMAT, "shape holds -1 more than once");
        if (shape[i] == -1) *open = i;
        if (shape[i] < -1)
            return basin_node_fail(node, BASIN_ERR_FORMAT, "shape holds %lld", (long long)shape[i]);
        if (i < batch && shape[i] > 0)
            return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                                   "shape begins with %lld: its first entry is the batch and must be 0",
                                   (long long)shape[i]);
        if (i < batch || shape[i] == -1) continue;
        if (shape[i] == 0 && i - batch >= x->rank)
            return basin_node_fail(node, BASIN_ERR_SHAPE,
                                   "entry %zu of shape is 0, but %s has %zu dimensions", i, x->name,
                                   x->rank + batch);
        sizes[i] = shape[i] == 0 ? x->shape[i - batch] : (size_t)shape[i];
        if (!basin_mul(*product, sizes[i], product))
            return basin_node_fail(node, BASIN_ERR_SHAPE, "the product of shape overflows");
    }
    return BASIN_OK;
}

static basin_status infer_reshape(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const int64_t *shape = NULL;
    size_t         count = 0, sizes[BASIN_MAX_RANK + 1] = {0}, product = 1, open = 0;
    size_t         batch = x->batched ? 1 : 0;

    BASIN_TRY(basin_node_ints(node, "shape", &shape, &count));
    if (shape == NULL) return basin_node_fail(node, BASIN_ERR_FORMAT, "attribute shape is missing");
    if (count < batch || count > BASIN_MAX_RANK + batch)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "shape has %zu entries, expected %zu to %zu",
                               count, batch, BASIN_MAX_RANK + batch);
    BASIN_TRY(read_shape(node, shape, count, sizes, &product, &open));
    if (open >= batch && open < count && product > 0 && x->width % product == 0)
        sizes[open] = x->width / product, product = x->width;
    if (product != x->width)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s %s has %zu elements%s, shape asks for %s%zu",
                               x->name, BASIN_SHAPE_TEXT(x->shape, x->rank), x->width,
                               x->batched ? " a sample" : "",
                               open >= batch && open < count ? "a multiple of " : "", product);
    y->rank = count - batch;
    memcpy(y->shape, sizes + batch, y->rank * sizeof *sizes);
    basin_node_follow(node, NULL);
done:
    return st;
}

static basin_status infer_squeeze(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const int64_t *axes = NULL;
    size_t         count = 0, place = 0;
    bool           drop[BASIN_MAX_RANK] = {false};

    BASIN_TRY(basin_node_ints(node, "axes", &axes, &count));
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_node_axis(node, x, axes[i], false, &place));
        if (x->shape[place] != 1)
            return basin_node_fail(node, BASIN_ERR_SHAPE, "axis %lld of %s has size %zu, not 1",
                                   (long long)axes[i], x->name, x->shape[place]);
        drop[place] = true;
    }
    for (size_t i = 0; i < x->rank; i++)
        if (axes == NULL ? x->shape[i] != 1 : !drop[i]) y->shape[y->rank++] = x->shape[i];
    basin_node_follow(node, NULL);
done:
    return st;
}

/* The axes count in the output. */
static basin_status infer_unsqueeze(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const int64_t *axes = NULL;
    size_t         count = 0, place = 0, from = 0;
    bool           fresh[BASIN_MAX_RANK] = {false};

    BASIN_TRY(basin_node_ints(node, "axes", &axes, &count));
    if (axes == NULL) return basin_node_fail(node, BASIN_ERR_FORMAT, "attribute axes is missing");
    if (count > BASIN_MAX_RANK - x->rank)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "%zu axes more than the %zu of %s; at most %d altogether", count, x->rank,
                               x->name, BASIN_MAX_RANK);
    y->rank = x->rank + count;
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_node_axis(node, y, axes[i], false, &place));
        if (fresh[place])
            return basin_node_fail(node, BASIN_ERR_FORMAT, "axis %lld stands twice", (long long)axes[i]);
        fresh[place] = true;
    }
    for (size_t i = 0; i < y->rank; i++) y->shape[i] = fresh[i] ? 1 : x->shape[from++];
    basin_node_follow(node, NULL);
done:
    return st;
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

#define COPY(NAME, INFER)                    \
    const basin_op REAL(basin_op_##NAME) = { \
        .name = #NAME,                       \
        .inputs_min = 1,                     \
        .inputs_max = 1,                     \
        .degree = BASIN_DEGREE_LINEAR,       \
        .in_place = true,                    \
        .copies = true,                      \
        .moves = true,                       \
        .infer = INFER,                      \
        .forward = forward,                  \
        .backward = backward,                \
        .forward_dot = forward_dot,          \
        .backward_dot = backward_dot,        \
    };

COPY(Identity, infer_same)
COPY(Dropout, infer_same)
COPY(Flatten, infer_flatten)
COPY(Reshape, infer_reshape)
COPY(Squeeze, infer_squeeze)
COPY(Unsqueeze, infer_unsqueeze)
