/* The loss of one chunk: its sum, its adjoint, and the tangent of the adjoint. */
#ifndef BASIN_MODEL_REAL_LOSS_H
#define BASIN_MODEL_REAL_LOSS_H

#include "model/real_sweep.h"

/* y [b, c] the network's output; `weight` the one normaliser over all samples of the subset. Adds the sum, correct and count to
   *total. a [b, c] (or NULL) receives ∂(sum / weight)/∂y. slope [b, c] (or NULL) receives what the second derivative needs:
   softmax or logistic probabilities. a may be y. */
void basin_loss_forward(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t c, double weight, basin_loss *total, real *a,
                        real *slope);
/* ad [b, k, c] = ∂²(sum / weight)/∂y² d [b, k, c]; ad may be d. */
void basin_loss_dot(const basin_loss_spec *loss, size_t b, size_t k, size_t c, const real *slope, double weight, const real *d, real *ad);

/* The normaliser that n samples contribute: n for class targets, n·c for means over elements. */
double basin_loss_weight(const basin_loss_spec *loss, size_t n, size_t c);

#endif
