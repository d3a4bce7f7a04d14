/* Broadcasting as in numpy: one space of indices, and how far each tensor moves along its
   dimensions. */
#ifndef BASIN_ENGINE_KERNELS_BROADCAST_H
#define BASIN_ENGINE_KERNELS_BROADCAST_H

#include "engine/op.h"

enum { BASIN_BROADCAST_MOST = 5, BASIN_BROADCAST_RANK = BASIN_MAX_RANK + 1 };

/* The numbers of one row (op.h) of the output: lanes are the last dimension, and neighbours that no
   tensor tells apart are one. */
typedef struct basin_broadcast {
    size_t rank, shape[BASIN_BROADCAST_RANK];
    /* of the inputs, then the output; 0: repeated. In the last dimension 0 or 1 */
    size_t step[BASIN_BROADCAST_MOST][BASIN_BROADCAST_RANK];
} basin_broadcast;

/* Where the tensors stand in their rows at the first number of a run along the last dimension. */
typedef struct basin_walk {
    size_t at[BASIN_BROADCAST_MOST], index[BASIN_BROADCAST_RANK];
} basin_walk;

/* The output's shape, and the space of all inputs and the output. Batched tensors are aligned at
   the batch, the others at the last dimension; what numpy would align with another tensor's batch
   is BASIN_ERR_SHAPE. */
basin_status basin_broadcast_infer(basin_node *node, basin_broadcast *out);

/* The next run; false after the last. */
bool basin_walk_next(const basin_broadcast *space, basin_walk *walk);

#endif
