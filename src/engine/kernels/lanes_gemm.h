/* Products of matrices of samples in lanes: every element is BASIN_LANES numbers, one of each
 * sample of a group, and the samples' matrices are multiplied side by side.
 */
#ifndef BASIN_ENGINE_KERNELS_LANES_GEMM_H
#define BASIN_ENGINE_KERNELS_LANES_GEMM_H

#include "engine/op.h"

enum { BASIN_TERMS = 2 };

/* Element (i, j) of a matrix is the BASIN_LANES numbers from at + (i row + j column) BASIN_LANES
   on. */
typedef struct basin_matrix {
    const real *at;
    size_t      row, column;
} basin_matrix;

typedef struct basin_term { /* a [m, depth] times b [depth, n] */
    basin_matrix a, b;
} basin_term;

/* c [m, n] (+)= alpha Σ a b over 1 … BASIN_TERMS terms, lane by lane; c's rows are c_row elements
   apart, and no a or b is there. */
void basin_multiply(size_t m, size_t n, size_t depth, real alpha, const basin_term *term,
                    size_t terms, bool add, real *c, size_t c_row);

#endif
