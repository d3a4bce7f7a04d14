/* Convolutions of 3 × 3 taps, stride 1, by Winograd's minimal filtering: 16 multiply-adds in place
 * of 36, with roundings of another kind, so that only single precision takes it
 * (docs/performance.md).
 */
#ifndef BASIN_ENGINE_KERNELS_WINOGRAD_H
#define BASIN_ENGINE_KERNELS_WINOGRAD_H

#include "engine/kernels/convolution.h"

/* Is it of that shape, of single precision and large enough to be worth it? */
bool basin_winograd_takes(const basin_conv *conv);
/* As those of convolution.h, of any size and precision. */
size_t basin_winograd_temp(const basin_conv *conv);
void   basin_winograd_ahead(const basin_conv *conv, size_t rows, const real *x, size_t x_step,
                            const real *w, real *y, size_t y_step, real *temp);
void basin_winograd_back(const basin_conv *conv, size_t rows, real *x, size_t x_step, const real *w,
                         const real *y, size_t y_step, real *temp);
void basin_winograd_weight(const basin_conv *conv, size_t rows, const real *x, size_t x_step,
                           real *w, const real *y, size_t y_step, real *temp);

#endif
