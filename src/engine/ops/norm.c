/* BatchNormalization, LayerNormalization, GroupNormalization: which numbers form a set. The rest is
   normalise.c. */
#include "engine/kernels/normalise.h"

static double epsilon_of(const basin_node *node)
{
    return basin_node_spec_float(node->spec, "epsilon", 1e-5);
}

static basin_status need_channels(const basin_node *node)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X);

    if (!x->batched)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "%s does not depend on the input: there is no batch axis before its channels",
                               x->name);
    if (x->rank == 0)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s has no channels: a sample is a single number",
                               x->name);
    return BASIN_OK;
}

/* ---------------------------------------------------------------------------------- BatchNormalization -- */

/* Statistics come from files: constants, which can be held against what they mean. */
static basin_status check_statistic(const basin_node *node, size_t input)
{
    const bool  mean = input == NORM_MEAN;
    const char *what = mean ? "mean" : "variance";

    if (!node_has(node, input)) return basin_node_fail(node, BASIN_ERR_FORMAT, "its %s is left out", what);
    const basin_slot *x = NODE_INPUT(node, NORM_X), *slot = NODE_INPUT(node, input);
    if (slot->buffer == BASIN_NONE)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "its %s %s is no buffer", what, slot->name);
    if (slot->rank != 1 || slot->shape[0] != x->shape[0])
        return basin_node_fail(node, BASIN_ERR_SHAPE, "its %s %s has shape %s, the input %s has %zu channels",
                               what, slot->name, BASIN_SHAPE_TEXT(slot->shape, slot->rank), x->name,
                               x->shape[0]);
    for (size_t i = 0; i < slot->width; i++) {
        const double value = node->buffers[slot->buffer].values[i];
        if (!isfinite(value) || (!mean && value < 0.0))
            return basin_node_fail(node, BASIN_ERR_VALUE, "its %s %s[%zu] is %g", what, slot->name, i, value);
        if (!mean && value + epsilon_of(node) == 0.0)
            return basin_node_fail(node, BASIN_ERR_VALUE, "its %s %s[%zu] is 0 with epsilon = 0", what,
                                   slot->name, i);
    }
    return BASIN_OK;
}

/* A set is a channel, of stored statistics or through all samples at hand. */
static basin_status infer_batch(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, NORM_X);

    BASIN_TRY(need_channels(node));
    BASIN_TRY(check_statistic(node, NORM_MEAN));
    BASIN_TRY(check_statistic(node, NORM_VARIANCE));
    BASIN_TRY(
        basin_norm_infer(node,
                         &(basin_norm_sets){
                             .statistics = node->batch_statistics ? BASIN_NORM_OF_BATCH : BASIN_NORM_STORED,
                             .sets = x->shape[0],
                             .members = x->width / x->shape[0],
                             .channels = 1,
                             .entries = x->shape[0],
                             .epsilon = epsilon_of(node),
                         },
                         x->shape, 1));
done:
    return st;
}

/* ---------------------------------------------------------------------------------- LayerNormalization -- */

/* A set is the axes from `axis` on; every element has a scale of its own. */
static basin_status infer_layer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, NORM_X);
    size_t       axis, members = 1;

    BASIN_TRY(basin_node_axis(node, x, basin_node_spec_int(node->spec, "axis", -1), false, &axis));
    for (size_t i = axis; i < x->rank; i++) members *= x->shape[i];
    BASIN_TRY(basin_norm_infer(node,
                               &(basin_norm_sets){
                                   .statistics = BASIN_NORM_OF_SAMPLE,
                                   .sets = x->width / members,
                                   .members = members,
                                   .channels = members,
                                   .entries = members,
                                   .epsilon = epsilon_of(node),
                               },
                               x->shape + axis, x->rank - axis));
done:
    return st;
}

/* ---------------------------------------------------------------------------------- GroupNormalization -- */

/* A set is some consecutive channels with their space. */
static basin_status infer_group(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = NODE_INPUT(node, NORM_X);
    int64_t      groups = basin_node_spec_int(node->spec, "num_groups", 0);

    BASIN_TRY(need_channels(node));
    if (groups < 1 || (uint64_t)groups > x->shape[0] || x->shape[0] % (size_t)groups != 0)
        return basin_node_fail(node, BASIN_ERR_VALUE,
                               "num_groups = %lld does not divide the %zu channels of %s", (long long)groups,
                               x->shape[0], x->name);
    BASIN_TRY(basin_norm_infer(node,
                               &(basin_norm_sets){
                                   .statistics = BASIN_NORM_OF_SAMPLE,
                                   .sets = (size_t)groups,
                                   .members = x->width / (size_t)groups,
                                   .channels = x->shape[0] / (size_t)groups,
                                   .entries = x->shape[0],
                                   .epsilon = epsilon_of(node),
                               },
                               x->shape, 1));
done:
    return st;
}

#define NORM(NAME, KIND, LEAST, MOST)            \
    const basin_op REAL(basin_op_##NAME) = {     \
        .name = #NAME,                           \
        .inputs_min = LEAST,                     \
        .inputs_max = MOST,                      \
        .gaps = true,                            \
        .degree = BASIN_DEGREE_CURVED,           \
        .infer = infer_##KIND,                   \
        .forward = basin_norm_forward,           \
        .backward = basin_norm_backward,         \
        .forward_dot = basin_norm_forward_dot,   \
        .backward_dot = basin_norm_backward_dot, \
    };

NORM(BatchNormalization, batch, 5, 5)
NORM(LayerNormalization, layer, 1, 3)
NORM(GroupNormalization, group, 1, 3)
