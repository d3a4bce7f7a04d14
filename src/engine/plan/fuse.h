/* Rewriting a graph whose shapes are known. */
#ifndef BASIN_ENGINE_PLAN_FUSE_H
#define BASIN_ENGINE_PLAN_FUSE_H

#include "engine/plan/plan.h"

/* A copy of the graph in which products, scale, mask and softmax that together are an Attention are
   one. `plan` is of the graph, or of one with the same tensors. *out stays NULL where nothing of
   the kind is there. Caller destroys. */
basin_status basin_fuse_attention(const basin_plan *plan, const basin_graph *graph,
                                  basin_graph **out);

#endif
