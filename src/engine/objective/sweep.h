/* One thread's view of a plan, bound to memory, and the sweeps over one chunk of samples. */
#ifndef BASIN_ENGINE_OBJECTIVE_SWEEP_H
#define BASIN_ENGINE_OBJECTIVE_SWEEP_H

#include "engine/plan/plan.h"

/* The samples at hand: inputs, and targets of the kind that the loss wants. */
typedef struct basin_batch {
    size_t      count;
    size_t      positions; /* of a sample's output that have classes: its tokens, or 1 */
    const real *x;         /* [count, input width] */
    /* the same in lanes [rows, input width, LANES], chunk after chunk; NULL if the network does not
       read it */
    const real    *lanes;
    const int64_t *classes; /* [count, positions] or NULL */
    const real    *values;  /* [count, output width] or NULL */
    /* the one normaliser of all samples asked for, of which these may be a chunk */
    double weight;
} basin_batch;

/* What all threads read: theta, buffers and the block of k vectors, in the engine's arrangement. */
typedef struct basin_weights {
    real  *theta;   /* [P] */
    real  *buffers; /* one after the other; as of the graph when made */
    size_t k;
    /* per parameter [k, n], one after the other: parameter of offset o starts at k·o */
    real *tangent;
} basin_weights;

typedef struct basin_sweep {
    const basin_plan *plan;
    basin_slot       *slots;
    basin_node       *nodes;
    real             *scratch; /* primal, then tangents */
    /* own memory for what a frozen point would keep; NULL if never needed */
    real *kept;
    real *temp; /* of whatever node is at work */
    /* [rows, output width, LANES] of the loss: see chunk_loss.h; kept */
    real  *slope;
    size_t chunk, k; /* capacity */
    /* [P] what backward adds to: the group's part, or memory of its own; NULL if only forward
       runs */
    real      *adjoint;
    real      *adjoint_dot; /* [k P] arranged like tangent, as above: always a part */
    real      *own_adjoint;
    basin_loss loss; /* of the samples swept */
} basin_sweep;

/* What a sweep has memory for, or'ed. */
typedef enum basin_sweep_owns {
    BASIN_OWNS_NOTHING = 0,
    BASIN_OWNS_KEPT = 1,    /* what a frozen point would keep of a chunk */
    BASIN_OWNS_ADJOINT = 2, /* adjoints of the parameters, where nobody asks for them */
} basin_sweep_owns;

basin_status basin_sweep_create(const basin_plan *plan, size_t chunk, size_t k,
                                basin_sweep_owns owns, basin_sweep **out);
void         basin_sweep_destroy(basin_sweep **sweep);
/* Bytes that the two makers take. */
size_t basin_sweep_bytes(const basin_plan *plan, size_t chunk, size_t k, basin_sweep_owns owns);
size_t basin_weights_bytes(const basin_plan *plan, size_t k);

/* theta [P] rounded to real; the block v [k, P]. */
basin_status basin_weights_create(const basin_plan *plan, size_t k, basin_weights **out);
void         basin_weights_destroy(basin_weights **weights);
void         basin_weights_set(basin_weights *weights, const basin_plan *plan, const double *theta);
void basin_weights_block(basin_weights *weights, const basin_plan *plan, const double *v, size_t k);
/* hv [k, P] takes numbers [first, first + count) of a sum that is arranged like tangent. */
void basin_weights_unblock(const basin_plan *plan, size_t k, size_t first, size_t count,
                           const double *sums, double *hv);

/* Points slots at their memory: parameters at the weights, activations of b <= chunk samples at
   kept (NULL: the sweep's own) and scratch. */
void basin_sweep_bind(basin_sweep *sweep, const basin_weights *weights, real *kept,
                      const basin_batch *batch);

/* Nodes whose output's degree is in [from, to]. */
void basin_sweep_forward(basin_sweep *sweep, size_t b, basin_mode mode, int from, int to);
void basin_sweep_backward(basin_sweep *sweep, size_t b, basin_mode mode);
void basin_sweep_forward_dot(basin_sweep *sweep, size_t b, size_t k, int to);
void basin_sweep_backward_dot(basin_sweep *sweep, size_t b, size_t k);
/* Tangents become 0, for a way back without one ahead: ops multiply them by adjoints, of which
   those of a straight point are 0. */
void basin_sweep_still(basin_sweep *sweep, size_t b, size_t k);

#define SWEEP_OUTPUT(sweep) (&(sweep)->slots[(sweep)->plan->output])

#endif
