#include "engine/op.h"

basin_status basin_node_ints(const basin_node *node, const char *name, const int64_t **out, size_t *count)
{
    const basin_attribute *a = basin_node_spec_find(node->spec, name);

    *out = NULL;
    *count = 0;
    if (a == NULL) return BASIN_OK;
    if (a->kind != BASIN_ATTRIBUTE_INTS)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "attribute %s: expected a list of integers", name);
    *out = a->ints;
    *count = a->count;
    return BASIN_OK;
}

/* The dimension of x in which the output's dimension i begins, both row-major of the same elements. */
static size_t dimension_below(const basin_slot *x, const basin_slot *y, size_t i)
{
    size_t before = 1, outer = 1, found = 0;

    for (size_t d = 0; d < i; d++) before *= y->shape[d];
    for (size_t d = 0; d < x->rank; outer *= x->shape[d++])
        if (outer <= before && x->shape[d] > 1) found = d;
    return found;
}

void basin_node_follow(basin_node *node, const size_t *axes)
{
    const basin_slot *x = NODE_INPUT(node, 0);
    basin_slot       *y = NODE_OUTPUT(node);

    y->origin = x->origin;
    if (y->origin == BASIN_NONE) return;
    for (size_t i = 0; i < y->rank; i++)
        y->origin_axis[i] =
            x->rank > 0 ? x->origin_axis[axes != NULL ? axes[i] : dimension_below(x, y, i)] : 0;
}
