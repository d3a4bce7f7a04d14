/* The two inner sums of convolutions, in register tiles. They work on activations in lanes layout
 * (op.h): elements of BASIN_LANES numbers. How large the tiles are is the instruction set's.
 */
#ifndef BASIN_ENGINE_KERNELS_TILES_H
#define BASIN_ENGINE_KERNELS_TILES_H

#include "engine/kernels/vector.h"

#if VECTOR_REGISTERS == 32
enum { BASIN_TILE_OUTPUTS = 8 };
#else
enum { BASIN_TILE_OUTPUTS = 4 };
#endif

/* y[o·plane + x·y_step] += Σ_t w[t·tile + o] src[offset[t] + x·step]   for o < tile, x < n; each an
                                                                        element of lanes.
   tile: at most BASIN_TILE_OUTPUTS. */
void basin_convolve(const real *src, const ptrdiff_t *offset, size_t taps, const real *w,
                    size_t tile, size_t n, size_t step, real *y, size_t plane, size_t y_step);

/* w[o·w_stride + place[t]] += Σ_r Σ_x Σ_lanes a[o·plane + r·a_row + x·LANES] src[offset[t] +
   r·src_row + x·step] for o < outputs, t < taps, r < rows, x < n. */
void basin_correlate(const real *a, size_t plane, size_t a_row, size_t outputs, const real *src,
                     ptrdiff_t src_row, size_t step, const ptrdiff_t *offset,
                     const ptrdiff_t *place, size_t taps, size_t rows, size_t n, real *w,
                     size_t w_stride);

#endif
