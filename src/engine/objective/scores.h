/* What a Fisher matrix has in place of the loss's second derivative: the outer product of each
   sample's score, the loss's slope at its output, with samples in lanes (op.h). */
#ifndef BASIN_ENGINE_OBJECTIVE_SCORES_H
#define BASIN_ENGINE_OBJECTIVE_SCORES_H

#include "engine/objective/sweep.h"

/* score [rows, width, LANES] holds what basin_loss_forward keeps for second derivatives, and
   becomes the slope ∂(sum / batch->weight)/∂y for labels that the model draws at y [rows, width,
   LANES]: classes from softmax, 0 or 1 with σ(y), or y and Gaussian noise of variance 1/2. Sample i
   draws from its own stretch of the random numbers of `seed`, `first` being the number of the
   first. */
void basin_scores_draw(const basin_loss_spec *loss, const basin_batch *batch, const real *y,
                       size_t width, uint64_t seed, size_t first, real *score);
/* ad [rows, k, width, LANES] = factor · score (score · d), sample by sample; ad may be d. */
void basin_scores_dot(size_t samples, size_t k, size_t width, double factor, const real *score,
                      const real *d, real *ad);

#endif
