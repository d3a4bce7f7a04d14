/* Linear index maps: what Transpose, Slice, Split, Concat, Pad, Gather and the reductions have in
 * common.
 *
 * Element (i_0, …, i_{r-1}) of a box goes from place from_start + Σ i_d from[d] of the input to
 * to_start + Σ i_d to[d] of the output. A stride of 0 in `to` makes sums of what meets there
 * (reductions); one in `from` spreads an element (what has no batch axis, over the lanes). backward
 * is the same with the two exchanged, always adding where places meet.
 */
#ifndef BASIN_ENGINE_KERNELS_INDEX_MAP_H
#define BASIN_ENGINE_KERNELS_INDEX_MAP_H

#include "engine/op.h"

enum { BASIN_MOVE_RANK = BASIN_MAX_RANK + 2 };

typedef struct basin_move {
    size_t rank, extent[BASIN_MOVE_RANK], from[BASIN_MOVE_RANK], to[BASIN_MOVE_RANK], from_start;
    size_t to_start;
    bool   whole; /* every element of the input goes to exactly one place */
} basin_move;

typedef struct basin_moves { /* facts of a node: input i fills its box of the output */
    bool       covered;      /* the boxes are all of the output; otherwise it starts from `fill` */
    bool       sums;         /* places of the output meet: what moves is added, to a fill of 0 */
    real       fill;
    real       scale; /* of what moves */
    size_t     count; /* inputs */
    basin_move move[];
} basin_moves;

/* The node's facts once its output has a shape: scale 1, and as a box for each input all of it,
   from the output's start on, with the strides of both in elements. infer changes what is different
   and prepares each. */
basin_status basin_moves_create(basin_node *node, basin_moves **out);

/* Row-major strides of a shape. */
void basin_strides(const size_t *shape, size_t rank, size_t *strides);

/* From elements to numbers: adds the lanes, merges dimensions that are one run in both, and puts
   inside what is contiguous. */
void basin_move_prepare(basin_move *move, const basin_slot *x, const basin_slot *y);

/* to (+)= scale · from over the box; `back`: from the output to the input. Where places of the
   target meet, `add` must be set. */
void basin_move_run(const basin_move *move, bool back, bool add, real scale, const real *from,
                    real *to);

/* The four functions of an op whose facts are basin_moves. */
void basin_moves_forward(basin_node *node, size_t b, basin_mode mode);
void basin_moves_backward(basin_node *node, size_t b, basin_mode mode);
void basin_moves_forward_dot(basin_node *node, size_t b, size_t k);
void basin_moves_backward_dot(basin_node *node, size_t b, size_t k);

#endif
