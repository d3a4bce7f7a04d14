/* Elementary functions of arrays, with their derivatives: vectorised, branch-free, of known error
   (vector_math.h). */
#ifndef BASIN_ENGINE_KERNELS_ELEMENTARY_H
#define BASIN_ENGINE_KERNELS_ELEMENTARY_H

#include "engine/real.h"

/* y = f(x), p = f'(x), q = f''(x) for n numbers; p may be NULL, q too; y may be x. Each number's
   result is its own: not of its place. alpha: of elu only. */
typedef void basin_curve(real alpha, const real *x, size_t n, real *y, real *p, real *q);

basin_curve basin_math_exp, basin_math_log, basin_math_tanh, basin_math_sigmoid, basin_math_silu,
    basin_math_softplus, basin_math_erf;
basin_curve basin_math_elu;                        /* f = alpha (exp x - 1) below 0 */
basin_curve basin_math_gelu, basin_math_gelu_tanh; /* by the normal distribution; by tanh */

/* y = exp(x) / Σ exp(x) for n > 0 numbers; y may be x. A NaN makes all NaN, and so do n of -inf. */
void basin_math_softmax(const real *x, size_t n, real *y);

/* y = x where x > 0, else 0; a NaN stays one. y may be x. */
void basin_rectify(const real *x, size_t n, real *y);
/* to [rows, k, n] = from [rows, k, n] where y [rows, n] > 0, else 0; added to what is there if
   `add`. `to` may be `from`. */
void basin_gate(const real *y, const real *from, size_t rows, size_t k, size_t n, bool add,
                real *to);

#endif
