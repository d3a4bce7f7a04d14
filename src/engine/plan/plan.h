/* A compiled network: nodes in order, slots with shapes, and who shares memory with whom. Read-only
 * once made; each thread works on a sweep, its own copy of slots and nodes bound to memory.
 */
#ifndef BASIN_ENGINE_PLAN_PLAN_H
#define BASIN_ENGINE_PLAN_PLAN_H

#include "engine/op.h"

/* Reals for b samples: some at any rate, some a sample, some a group of BASIN_LANES samples. */
typedef struct basin_extent {
    size_t fixed, sample, group;
} basin_extent;

static inline size_t basin_extent_size(const basin_extent *extent, size_t b)
{
    return extent->fixed + extent->sample * b +
           extent->group * ((b + BASIN_LANES - 1) / BASIN_LANES);
}

typedef struct basin_plan {
    basin_graph  *graph;  /* owned copy: specs, names and buffers live there */
    basin_params *params; /* annotated: layer, role, output axis, fan-in */
    size_t        slot_count;
    basin_slot   *slots;
    size_t        node_count;
    basin_node   *nodes;         /* in order of evaluation */
    size_t        input, output; /* slot numbers; parameter block i is slot i, and buffers follow */
    /* slot of the input in lanes, which comes with the samples; SIZE_MAX if nobody reads it */
    size_t lanes;
    size_t buffers; /* reals in all buffers, one after the other */
    size_t temp;    /* largest over nodes */
    bool   spatial; /* some tensor of a sample has more than one dimension */
    bool   batch_statistics;
    /* what a frozen point keeps; scratch of the sweeps, the last for each vector: see
       basin_sweep_bind */
    basin_extent kept, primal, tangent;
} basin_plan;

/* Is this slot bound to the samples themselves? */
static inline bool basin_plan_is_input(const basin_plan *plan, size_t slot)
{
    return slot == plan->input || slot == plan->lanes;
}

/* batch_statistics: BatchNormalization by the samples at hand, otherwise by its buffers. */
basin_status basin_plan_create(const basin_graph *graph, bool batch_statistics, basin_plan **out);
void         basin_plan_destroy(basin_plan **plan);

/* Forward FLOPs a sample, all nodes and those that read the input only. */
void basin_plan_flops(const basin_plan *plan, double *forward, double *first_layer);

#endif
