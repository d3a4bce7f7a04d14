#include "model/op.h"

basin_status basin_node_ints(const basin_node *node, const char *name, const int64_t **out, size_t *count)
{
    const basin_attribute *a = basin_node_spec_find(node->spec, name);

    *out = NULL;
    *count = 0;
    if (a == NULL) return BASIN_OK;
    if (a->kind != BASIN_ATTRIBUTE_INTS) return basin_node_fail(node, BASIN_ERR_FORMAT, "attribute %s: expected a list of integers", name);
    *out = a->ints;
    *count = a->count;
    return BASIN_OK;
}
