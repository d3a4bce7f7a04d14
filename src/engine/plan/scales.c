/* Which parameters may be multiplied by a common f > 0 without changing the network.
 *
 * A dense or convolutional layer is homogeneous in its weights and biases together. If its output is read by
 * one node, that only moves elements or is homogeneous itself, h(f x) = f h(x) for f > 0, and so on up to a
 * normalisation, then the mean and the standard deviation there are multiplied by f, too, and its output is
 * what it was (up to the ε under its root). BatchNorm does so only where its statistics are those of the
 * outputs at hand; where they are stored, it is one more affine layer.
 */
#include "engine/plan/scales.h"

#include <string.h>

#include "core/memory.h"

static const char *const homogeneous[] = {
    "Relu", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceSum"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

bool basin_node_hands_on(const basin_node *node)
{
    return node->op->moves ||
           is_one_of(node->op->name, homogeneous, sizeof homogeneous / sizeof *homogeneous);
}

/* The one node that reads the slot as its first input, or NULL. */
static const basin_node *reader_of(const basin_plan *plan, size_t slot)
{
    if (plan->slots[slot].consumers != 1) return NULL;
    for (size_t i = 0; i < plan->node_count; i++)
        if (plan->nodes[i].input[0] == slot) return &plan->nodes[i];
    return NULL;
}

/* What the layer's output comes to. */
static bool normalised(const basin_plan *plan, const basin_node *layer, int *kind)
{
    const basin_node *node = reader_of(plan, layer->output);

    while (node != NULL && basin_node_hands_on(node)) node = reader_of(plan, node->output);
    if (node == NULL) return false;
    const bool batch = strcmp(node->op->name, "BatchNormalization") == 0;
    *kind = batch ? BASIN_NORMALISER_BATCH : BASIN_NORMALISER_SAMPLE;
    return batch || strcmp(node->op->name, "LayerNormalization") == 0 ||
           strcmp(node->op->name, "GroupNormalization") == 0;
}

/* A parameter that nobody else reads. */
static bool is_own(const basin_plan *plan, size_t slot)
{
    return slot_is_param(&plan->slots[slot]) && plan->slots[slot].consumers == 1;
}

static bool scales(const basin_plan *plan, const basin_node *node, basin_scale_group *out)
{
    static const char *const layers[] = {"Gemm", "Conv"};

    if (!is_one_of(node->op->name, layers, sizeof layers / sizeof *layers)) return false;
    if (!is_own(plan, node->input[1]) || (node_has(node, 2) && !is_own(plan, node->input[2]))) return false;
    out->weight = plan->slots[node->input[1]].block;
    out->bias = node_has(node, 2) ? plan->slots[node->input[2]].block : BASIN_NONE;
    return normalised(plan, node, &out->normaliser);
}

basin_status basin_plan_scales(const basin_plan *plan, basin_params *params)
{
    basin_status      st = BASIN_OK;
    basin_scale_group group;

    BASIN_ALLOC(params->scale_groups, plan->node_count, "scale groups");
    for (size_t i = 0; i < plan->node_count; i++)
        if (scales(plan, &plan->nodes[i], &group)) params->scale_groups[params->scale_group_count++] = group;
done:
    return st;
}
