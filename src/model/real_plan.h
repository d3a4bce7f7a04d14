/* A compiled network: nodes in order, slots with shapes, and who shares memory with whom. Read-only once made; each thread
 * works on a sweep, its own copy of slots and nodes bound to memory.
 */
#ifndef BASIN_MODEL_REAL_PLAN_H
#define BASIN_MODEL_REAL_PLAN_H

#include "model/op.h"

typedef struct basin_plan {
    basin_graph  *graph;  /* owned copy: specs and names live there */
    basin_params *params; /* annotated: layer, role, output axis, fan-in */
    size_t        slot_count;
    basin_slot   *slots;
    size_t        node_count;
    basin_node   *nodes;                                 /* in order of evaluation */
    size_t        input, output;                         /* slot numbers; parameter block i is slot i */
    size_t        packed;                                /* sum over nodes */
    size_t        kept, scratch_primal, scratch_tangent; /* reals a sample (and vector): see sweep_bind */
} basin_plan;

basin_status basin_plan_create(const basin_graph *graph, basin_plan **out);
void         basin_plan_destroy(basin_plan **plan);

/* Forward FLOPs a sample, all nodes and those that read the input only. */
void basin_plan_flops(const basin_plan *plan, double *forward, double *first_layer);

#endif
