/* Building and reading a network as plain data. What the ops do is the business of src/model. */
#ifndef BASIN_CORE_GRAPH_H
#define BASIN_CORE_GRAPH_H

#include "core/status.h"

basin_status basin_graph_create(basin_graph **out); /* with empty params */
/* Appends a node with room for its inputs and outputs; the names are copied. */
basin_status basin_graph_add(basin_graph *graph, const char *name, const char *op,
                             const char *const *inputs, size_t input_count,
                             const char *const *outputs, size_t output_count,
                             basin_node_spec **out);
/* Appends a buffer; values [product of shape] are copied, NULL leaves zeros. BASIN_ERR_FORMAT for a
   name that is taken. */
basin_status basin_graph_buffer(basin_graph *graph, const char *name, const size_t *shape,
                                size_t rank, const double *values, basin_buffer **out);
basin_status basin_node_spec_set(basin_node_spec *node, const char *name, basin_attribute_kind kind,
                                 const basin_attribute *value);

/* Its inputs are these: [count] names, which are copied. */
basin_status basin_node_spec_inputs(basin_node_spec *node, const char *const *names, size_t count);
/* Takes node number i out; the others keep their order. */
void basin_graph_remove(basin_graph *graph, size_t i);

/* NULL if absent */
const basin_buffer *basin_graph_find_buffer(const basin_graph *graph, const char *name);

/* The attribute of that name, or NULL. */
const basin_attribute *basin_node_spec_find(const basin_node_spec *node, const char *name);
/* Its value, or `fallback` where it is absent. */
int64_t     basin_node_spec_int(const basin_node_spec *node, const char *name, int64_t fallback);
double      basin_node_spec_float(const basin_node_spec *node, const char *name, double fallback);
const char *basin_node_spec_string(const basin_node_spec *node, const char *name,
                                   const char *fallback);

#endif
