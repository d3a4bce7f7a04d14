/* A network at a frozen theta, for products with one operator: curvature.c, and root.c for its
   root. */
#ifndef BASIN_ENGINE_OBJECTIVE_FROZEN_H
#define BASIN_ENGINE_OBJECTIVE_FROZEN_H

#include "engine/objective/workers.h"

typedef struct basin_frozen {
    basin_network       *net;
    basin_curvature_kind kind;
    basin_batch          data;
    basin_grouping       groups;
    basin_weights       *weights; /* theta, and the block at hand */
    basin_provision      provision;
    real                *kept; /* plan->kept of each chunk that is kept, one after the other */
    basin_workers       *workers;
} basin_frozen;

/* A chunk of the pass, bound to the thread's sweep with what tangent sweeps need: kept, or computed
   anew. */
basin_batch basin_frozen_bind(const basin_frozen *point, const basin_pass *pass, basin_sweep *sweep,
                              const basin_chunk *chunk);

#endif
