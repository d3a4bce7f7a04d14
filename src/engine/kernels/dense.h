/* The two products of a dense layer on groups of samples in lanes. A pixel is one group of samples
 * at one position: `in` or `out` elements of BASIN_LANES numbers, one after the other.
 */
#ifndef BASIN_ENGINE_KERNELS_DENSE_H
#define BASIN_ENGINE_KERNELS_DENSE_H

#include "engine/op.h"

typedef struct basin_pixels { /* pixel t of row i begins at `at` + i·row + t·step */
    real  *at;
    size_t row, step;
} basin_pixels;

/* the weight of input c for output o is at[o·out + c·in]; one of the steps is 1 */
typedef struct basin_dense_matrix {
    const real *at;
    size_t      out, in;
} basin_dense_matrix;

typedef struct basin_dense {
    size_t rows, positions; /* of pixels */
    size_t in, out;
    real   alpha, beta;
} basin_dense;

/* y = alpha W x + beta bias, for bias [out] or NULL; added to y if `add`. */
void basin_dense_apply(const basin_dense *dense, basin_pixels x, basin_dense_matrix w,
                       const real *bias, bool add, basin_pixels y);

/* w[l·stride + r] += alpha Σ left[l] right[r] over pixels and lanes, for l < lefts, r < rights: of
   both of two pairs. The second one's sides may be left out: at = NULL. */
void basin_dense_weight(const basin_dense *dense, const basin_pixels left[2], size_t lefts,
                        const basin_pixels right[2], size_t rights, real *w, size_t stride);

/* c [channels] += beta Σ y over pixels and lanes. */
void basin_dense_bias(const basin_dense *dense, basin_pixels y, real *c);

#endif
