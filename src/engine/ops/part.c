/* Slice and Split: a part of the input. */
#include "core/memory.h"
#include "engine/kernels/index_map.h"

/* Every step-th element of one dimension. */
typedef struct range {
    size_t start, step, count;
} range;

/* The output is `ranges` of the input's dimensions. */
static basin_status take_part(basin_node *node, const range *ranges)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    basin_moves *moves = NULL;
    size_t       same[BASIN_MAX_RANK];

    y->rank = x->rank;
    for (size_t i = 0; i < y->rank; i++) y->shape[i] = ranges[i].count;
    BASIN_TRY(basin_moves_create(node, &moves));
    basin_move *move = &moves->move[0];
    for (size_t i = 0; i < y->rank; i++) {
        move->whole = move->whole && ranges[i].count == x->shape[i];
        move->extent[i] = ranges[i].count;
        move->from_start += ranges[i].start * move->from[i];
        move->from[i] *= ranges[i].step;
        same[i] = i;
    }
    basin_move_prepare(move, x, y);
    basin_node_follow(node, same);
done:
    return st;
}

static void take_all(const basin_slot *x, range *ranges)
{
    for (size_t i = 0; i < x->rank; i++) ranges[i] = (range){0, 1, x->shape[i]};
}

/* ----------------------------------------------------------------------------------------------- Slice -- */

/* ONNX: negative places count from the end, and what lies outside is clamped. */
static size_t clamp(int64_t place, size_t size)
{
    if (place < 0) place += (int64_t)size;
    return place < 0 ? 0 : (uint64_t)place > size ? size : (size_t)place;
}

static basin_status set_range(const basin_node *node, int64_t axis, int64_t start, int64_t end, int64_t step,
                              range *ranges, bool *seen)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = NODE_INPUT(node, 0);
    size_t            place = 0;

    BASIN_TRY(basin_node_axis(node, x, axis, false, &place));
    if (seen[place])
        return basin_node_fail(node, BASIN_ERR_FORMAT, "axis %lld stands twice", (long long)axis);
    if (step < 1)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "step %lld; only steps of 1 or more are supported", (long long)step);
    const size_t size = x->shape[place], first = clamp(start, size), last = clamp(end, size);
    if (first >= last)
        return basin_node_fail(node, BASIN_ERR_SHAPE,
                               "from %lld to %lld is nothing of axis %lld of %s, which has size %zu",
                               (long long)start, (long long)end, (long long)axis, x->name, size);
    seen[place] = true;
    ranges[place] = (range){first, (uint64_t)step > size ? size : (size_t)step, 0};
    ranges[place].count = (last - first - 1) / ranges[place].step + 1;
done:
    return st;
}

static basin_status infer_slice(basin_node *node)
{
    basin_status   st = BASIN_OK;
    const int64_t *starts = NULL, *ends = NULL, *axes = NULL, *steps = NULL;
    size_t         count = 0, end_count = 0, axis_count = 0, step_count = 0;
    range          ranges[BASIN_MAX_RANK];
    bool           seen[BASIN_MAX_RANK] = {false};

    BASIN_TRY(basin_node_ints(node, "starts", &starts, &count));
    BASIN_TRY(basin_node_ints(node, "ends", &ends, &end_count));
    BASIN_TRY(basin_node_ints(node, "axes", &axes, &axis_count));
    BASIN_TRY(basin_node_ints(node, "steps", &steps, &step_count));
    if (starts == NULL || ends == NULL)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "attribute %s is missing",
                               starts == NULL ? "starts" : "ends");
    if (end_count != count || (axes != NULL && axis_count != count) || (steps != NULL && step_count != count))
        return basin_node_fail(node, BASIN_ERR_FORMAT, "%zu starts, %zu ends, %zu axes, %zu steps", count,
                               end_count, axis_count, step_count);
    take_all(NODE_INPUT(node, 0), ranges);
    for (size_t i = 0; i < count; i++)
        BASIN_TRY(set_range(node, axes != NULL ? axes[i] : (int64_t)i, starts[i], ends[i],
                            steps != NULL ? steps[i] : 1, ranges, seen));
    BASIN_TRY(take_part(node, ranges));
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- Split -- */

/* Sizes as given; they must be the whole axis. */
static basin_status sized_part(const basin_node *node, const int64_t *sizes, size_t count, size_t whole,
                               range *part)
{
    size_t sum = 0;

    if (count != node->spec->output_count)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "split has %zu sizes for %zu outputs", count,
                               node->spec->output_count);
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] < 1)
            return basin_node_fail(node, BASIN_ERR_SHAPE, "split holds %lld", (long long)sizes[i]);
        if (i == node->part) *part = (range){sum, 1, (size_t)sizes[i]};
        if (!basin_add(sum, (size_t)sizes[i], &sum))
            return basin_node_fail(node, BASIN_ERR_SHAPE, "the sum of split overflows");
    }
    if (sum != whole)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "the sizes of split are %zu together, the axis has %zu",
                               sum, whole);
    return BASIN_OK;
}

/* Equal sizes; the last part may be smaller. */
static basin_status equal_part(const basin_node *node, size_t whole, range *part)
{
    const size_t count = node->spec->output_count, size = (whole - 1) / count + 1;

    if (size * (count - 1) >= whole)
        return basin_node_fail(node, BASIN_ERR_SHAPE,
                               "an axis of size %zu cannot be split into %zu equal parts", whole, count);
    *part = (range){node->part * size, 1, node->part + 1 < count ? size : whole - node->part * size};
    return BASIN_OK;
}

static basin_status infer_split(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0);
    const int64_t *sizes = NULL;
    size_t         count = 0, place = 0;
    range          ranges[BASIN_MAX_RANK];

    BASIN_TRY(basin_node_ints(node, "split", &sizes, &count));
    BASIN_TRY(basin_node_axis(node, x, basin_node_spec_int(node->spec, "axis", 0), false, &place));
    take_all(x, ranges);
    if (sizes != NULL)
        BASIN_TRY(sized_part(node, sizes, count, x->shape[place], &ranges[place]));
    else
        BASIN_TRY(equal_part(node, x->shape[place], &ranges[place]));
    BASIN_TRY(take_part(node, ranges));
done:
    return st;
}

#define PART(NAME, INFER)                         \
    const basin_op REAL(basin_op_##NAME) = {      \
        .name = #NAME,                            \
        .inputs_min = 1,                          \
        .inputs_max = 1,                          \
        .degree = BASIN_DEGREE_LINEAR,            \
        .moves = true,                            \
        .infer = INFER,                           \
        .forward = basin_moves_forward,           \
        .backward = basin_moves_backward,         \
        .forward_dot = basin_moves_forward_dot,   \
        .backward_dot = basin_moves_backward_dot, \
    };

PART(Slice, infer_slice)
PART(Split, infer_split)
