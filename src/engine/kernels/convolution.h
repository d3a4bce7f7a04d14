/* The three products of a convolution, on groups of samples in lanes: x [channels, height, width,
 * 16], y [outputs, …, 16], w [outputs, channels / groups, kernel height, kernel width]. Whatever a
 * network does with a convolution is a sum of these.
 */
#ifndef BASIN_ENGINE_KERNELS_CONVOLUTION_H
#define BASIN_ENGINE_KERNELS_CONVOLUTION_H

#include "engine/kernels/window.h"

typedef struct basin_conv {
    basin_window window;
    size_t       groups, channels, outputs; /* channels and outputs of one group */
} basin_conv;

/* Reals of scratch that each of the three takes; false where no memory could hold them. */
bool basin_conv_temp(const basin_conv *conv, size_t *out);

/* Over `rows` groups of samples that lie x_step and y_step numbers apart: */
/* y += w * x */
void basin_conv_ahead(const basin_conv *conv, size_t rows, const real *x, size_t x_step,
                      const real *w, real *y, size_t y_step, real *temp);
/* x += w' * y, the transposed convolution */
void basin_conv_back(const basin_conv *conv, size_t rows, real *x, size_t x_step, const real *w,
                     const real *y, size_t y_step, real *temp);
/* w += y ⋆ x, summed over rows and lanes */
void basin_conv_weight(const basin_conv *conv, size_t rows, const real *x, size_t x_step, real *w,
                       const real *y, size_t y_step, real *temp);

#endif
