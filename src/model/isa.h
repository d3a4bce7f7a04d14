/* Kernels compiled once for each instruction set, and chosen by what the processor has. Sources isa_*.c see BASIN_ISA, the set's name;
 * real_vector.h knows how wide its registers are.
 *
 * Convolutions work on activations in lanes layout (op.h): elements of BASIN_LANES numbers.
 */
#ifndef BASIN_MODEL_ISA_H
#define BASIN_MODEL_ISA_H

#include "model/real_window.h"

/* y = f(x), p = f'(x), q = f''(x) for n numbers; p may be NULL, q too; y may be x. Each number's result is its own: not of its place. */
typedef void basin_curve(real alpha, const real *x, size_t n, real *y, real *p, real *q);

typedef struct basin_math {
    basin_curve *exp, *log, *tanh, *sigmoid, *silu, *softplus, *erf;
    basin_curve *elu;              /* f = alpha (exp x - 1) below 0; the others have no alpha */
    basin_curve *gelu, *gelu_tanh; /* by the normal distribution; by tanh */

    /* y = exp(x) / Σ exp(x) for n > 0 numbers; y may be x. A NaN makes all NaN, and so do n of -inf. */
    void (*softmax)(const real *x, size_t n, real *y);
} basin_math;

/* Of MaxPool, for one channel of a group of samples: x [inputs, lanes], y and place [outputs, lanes]. */
typedef struct basin_pool {
    void (*largest)(const basin_window *window, const real *x, real *y, real *place); /* and where it stood; place may be NULL */
    void (*take)(const basin_window *window, const real *place, const real *x, real *y); /* y = x at the places */
    void (*give)(const basin_window *window, const real *place, real *x, const real *y); /* x += y at the places */
} basin_pool;

typedef struct basin_kernels {
    const char *name;    /* base | avx2 | avx512 */
    size_t      outputs; /* of the largest tile of convolve: a power of two */

    const basin_math *math;
    const basin_pool *pool;

    /* y = x where x > 0, else 0; a NaN stays one. y may be x. */
    void (*rectify)(const real *x, size_t n, real *y);
    /* to [rows, k, n] = from [rows, k, n] where y [rows, n] > 0, else 0; added to what is there if `add`. `to` may be `from`. */
    void (*gate)(const real *y, const real *from, size_t rows, size_t k, size_t n, bool add, real *to);

    /* y[o·plane + x·y_step] += Σ_t w[t·tile + o] src[offset[t] + x·step]   for o < tile, x < n; each an element of lanes.
       tile: a power of two, at most `outputs`. */
    void (*convolve)(const real *src, const ptrdiff_t *offset, size_t taps, const real *w, size_t tile, size_t n, size_t step, real *y, size_t plane,
                     size_t y_step);

    /* w[o·w_stride + place[t]] += Σ_r Σ_x Σ_lanes a[o·plane + r·a_row + x·LANES] src[offset[t] + r·src_row + x·step]
       for o < outputs, t < taps, r < rows, x < n. */
    void (*correlate)(const real *a, size_t plane, size_t a_row, size_t outputs, const real *src, ptrdiff_t src_row, size_t step,
                      const ptrdiff_t *offset, const ptrdiff_t *place, size_t taps, size_t rows, size_t n, real *w, size_t w_stride);
} basin_kernels;

/* ISA(name) keeps the objects apart, as REAL does for the precisions. */
#if defined(BASIN_ISA)
#define ISA_JOIN_(name, isa) name##_##isa
#define ISA_JOIN(name, isa) ISA_JOIN_(name, isa)
#define ISA_REAL(name) REAL(name)
#define ISA(name) ISA_REAL(ISA_JOIN(name, BASIN_ISA))
#define ISA_TEXT_(isa) #isa
#define ISA_TEXT(isa) ISA_TEXT_(isa)
#define ISA_NAME ISA_TEXT(BASIN_ISA)

extern const basin_math ISA(basin_math);
extern const basin_pool ISA(basin_pool);
void ISA(basin_rectify)(const real *x, size_t n, real *y);
void ISA(basin_gate)(const real *y, const real *from, size_t rows, size_t k, size_t n, bool add, real *to);
#endif

/* The best for this processor, and all that run on it: [*count], best last. */
const basin_kernels *basin_kernels_best(void);
const basin_kernels *const *basin_kernels_all(size_t *count);

#endif
