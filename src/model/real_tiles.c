/* The two inner sums of a convolution, in register tiles.
 *
 * Samples are the lanes, so that no shape is unfavourable: one element of the input, a vector of samples, serves many outputs, and
 * one weight, broadcast, many pixels. Offsets of the taps come from a table: any kernel size, stride and dilation is the same
 * loop; with turned weights it is the backward pass as well.
 *
 * convolve holds P pixels × O outputs in registers: P + O loads for P·O multiply-adds a tap. correlate holds O outputs × T taps:
 * O + T loads a pixel for O·T; its lanes are summed once, at the end. Which tiles fit depends on the number of registers: 32 in
 * AVX-512 and NEON, 16 before. With vectors narrower than the lanes a tile goes over the parts of an element in turn.
 */
#include <string.h>

#include "model/real_tiles.h"

/* Accumulators of convolve at most; outputs × taps of correlate. */
#if VECTOR_REGISTERS == 32
enum { MOST = 24, ROWS = 4, TAPS = 6 };
#else
enum { MOST = 8, ROWS = 3, TAPS = 4 };
#endif

/* ------------------------------------------------------------------------------------------------ convolve -- */

/* pixels × outputs at one part of the lanes; both are constants where this is expanded. */
INLINE void convolve_tile(size_t pixels, size_t outputs, const real *src, const ptrdiff_t *offset, size_t taps, const real *w, size_t step, real *y,
                          size_t plane, size_t y_step)
{
    vector sum[MOST]; /* [pixels, outputs], in registers */

    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < outputs; o++) sum[p * outputs + o] = *(const vector *)(y + o * plane + p * y_step);
    for (size_t t = 0; t < taps; t++) {
        const real *from = src + offset[t];
        vector         x[MOST];
        for (size_t p = 0; p < pixels; p++) x[p] = *(const vector *)(from + p * step);
        for (size_t o = 0; o < outputs; o++)
            for (size_t p = 0; p < pixels; p++) sum[p * outputs + o] += x[p] * w[t * outputs + o];
    }
    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < outputs; o++) *(vector *)(y + o * plane + p * y_step) = sum[p * outputs + o];
}

/* A row of pixels for a tile of outputs: as many pixels at a time as there are registers, then two, then one. */
INLINE void convolve_row(size_t pixels, size_t outputs, const real *src, const ptrdiff_t *offset, size_t taps, const real *w, size_t n, size_t step,
                         real *y, size_t plane, size_t y_step)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        size_t x = 0;
        for (; x + pixels <= n; x += pixels)
            convolve_tile(pixels, outputs, src + x * step + part, offset, taps, w, step, y + x * y_step + part, plane, y_step);
        for (; x + 2 <= n; x += 2) convolve_tile(2, outputs, src + x * step + part, offset, taps, w, step, y + x * y_step + part, plane, y_step);
        if (x < n) convolve_tile(1, outputs, src + x * step + part, offset, taps, w, step, y + x * y_step + part, plane, y_step);
    }
}

void basin_convolve(const real *src, const ptrdiff_t *offset, size_t taps, const real *w, size_t tile, size_t n, size_t step, real *y, size_t plane,
                     size_t y_step)
{
#define ROW(PIXELS, OUTPUTS) convolve_row(PIXELS, OUTPUTS, src, offset, taps, w, n, step, y, plane, y_step)
    switch (tile) {
#if VECTOR_REGISTERS == 32
    case 8: ROW(3, 8); break;
    case 4: ROW(6, 4); break;
    case 2: ROW(8, 2); break;
    default: ROW(8, 1); break;
#else /* 3 × 4 would be 16 with what it reads: GCC spills one and is slower than with 2 × 4 */
    case 4: ROW(2, 4); break;
    case 2: ROW(4, 2); break;
    default: ROW(6, 1); break;
#endif
    }
}

/* ----------------------------------------------------------------------------------------------- correlate -- */

/* Halves are folded while they are vectors, the last numbers one by one. */
INLINE real sum_of_lanes(vector v)
{
    real   numbers[VECTOR];
    size_t left = VECTOR;

#if VECTOR_BYTES == 64
    typedef real half __attribute__((vector_size(VECTOR_BYTES / 2), may_alias, aligned(sizeof(real))));
    half         halves[2];
    memcpy(halves, &v, sizeof v);
    halves[0] += halves[1];
    memcpy(numbers, halves, sizeof halves[0]);
    left /= 2;
#else
    memcpy(numbers, &v, sizeof v);
#endif
    while ((left /= 2) > 0)
        for (size_t i = 0; i < left; i++) numbers[i] += numbers[i + left];
    return numbers[0];
}

enum { SHORT_SUM = 128 }; /* pixels that are added up before they join the total: sums of single precision stay accurate */

INLINE void correlate_tile(size_t outputs, size_t taps, const real *a, size_t plane, size_t a_row, const real *src, ptrdiff_t src_row, size_t step,
                           const ptrdiff_t *offset, const ptrdiff_t *place, size_t rows, size_t n, real *w, size_t w_stride)
{
    const size_t some = n < SHORT_SUM ? SHORT_SUM / n : 1; /* rows of a short sum */
    vector          total[ROWS * TAPS] = {{0}};

    for (size_t first = 0; first < rows; first += some) {
        vector sum[ROWS * TAPS] = {{0}}; /* [outputs, taps], in registers */
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR)
            for (size_t r = first; r < first + some && r < rows; r++) {
                const real *left = a + r * a_row + part, *right = src + (ptrdiff_t)r * src_row + part;
                for (size_t x = 0; x < n; x++, left += BASIN_LANES, right += step) {
                    vector in[TAPS];
                    for (size_t t = 0; t < taps; t++) in[t] = *(const vector *)(right + offset[t]);
                    for (size_t o = 0; o < outputs; o++) {
                        const vector adjoint = *(const vector *)(left + o * plane);
                        for (size_t t = 0; t < taps; t++) sum[o * taps + t] += adjoint * in[t];
                    }
                }
            }
        for (size_t i = 0; i < outputs * taps; i++) total[i] += sum[i];
    }
    for (size_t o = 0; o < outputs; o++)
        for (size_t t = 0; t < taps; t++) w[o * w_stride + (size_t)place[t]] += sum_of_lanes(total[o * taps + t]);
}

INLINE void correlate_outputs(size_t tile, const real *a, size_t plane, size_t a_row, const real *src, ptrdiff_t src_row, size_t step,
                              const ptrdiff_t *offset, const ptrdiff_t *place, size_t taps, size_t rows, size_t n, real *w, size_t w_stride)
{
#define TILE(T) correlate_tile(tile, T, a, plane, a_row, src, src_row, step, offset + t, place + t, rows, n, w, w_stride)
    size_t t = 0;

    for (; t + TAPS <= taps; t += TAPS) TILE(TAPS);
    for (; t + 3 <= taps; t += 3) TILE(3);
    for (; t < taps; t++) TILE(1);
}

void basin_correlate(const real *a, size_t plane, size_t a_row, size_t outputs, const real *src, ptrdiff_t src_row, size_t step,
                      const ptrdiff_t *offset, const ptrdiff_t *place, size_t taps, size_t rows, size_t n, real *w, size_t w_stride)
{
#define OUTPUTS_FROM(O) correlate_outputs(O, a + o * plane, plane, a_row, src, src_row, step, offset, place, taps, rows, n, w + o * w_stride, w_stride)
    size_t o = 0;

    for (; o + ROWS <= outputs; o += ROWS) OUTPUTS_FROM(ROWS);
    for (; o + 2 <= outputs; o += 2) OUTPUTS_FROM(2);
    for (; o < outputs; o++) OUTPUTS_FROM(1);
}
