/* The loss of one chunk: its sum, its adjoint, and the tangent of the adjoint, with samples in
   lanes (op.h). */
#ifndef BASIN_ENGINE_OBJECTIVE_CHUNK_LOSS_H
#define BASIN_ENGINE_OBJECTIVE_CHUNK_LOSS_H

#include "engine/objective/sweep.h"

/* y [rows, width, LANES] the network's output, rows of BASIN_LANES samples: at each of the batch's
   positions width / positions elements, the classes C. Adds sum, correct and count of the targets
   that count to *total. a [rows, width, LANES] (or NULL) receives ∂(sum / batch->weight)/∂y. slope
   [rows, width, LANES] (or NULL; only with a) receives what the second derivative needs of y: its
   diagonal, or the probabilities times what the position weighs. Both are 0 where a target does not
   count and in lanes beyond the last sample. a may be y. */
void basin_loss_forward(const basin_loss_spec *loss, const basin_batch *batch, const real *y,
                        size_t width, basin_loss *total, real *a, real *slope);
/* ad [rows, k, width, LANES] = ∂²(sum / batch->weight)/∂y² d [rows, k, width, LANES]; ad may be
   d. */
void basin_loss_dot(const basin_loss_spec *loss, const basin_batch *batch, size_t k, size_t width,
                    const real *slope, const real *d, real *ad);

/* The normaliser: the weights of the class targets that count, or the number of elements for means
   over them. 0: the loss is 0/0. */
double basin_loss_weight(const basin_loss_spec *loss, const basin_batch *batch, size_t width);

#endif
