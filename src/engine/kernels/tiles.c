/* The two inner sums of a convolution, in register tiles.
 *
 * Samples are the lanes, so that no shape is unfavourable: one element of the input, a vector of samples,
 * serves many outputs, and one weight, broadcast, many pixels. Offsets of the taps come from a table: any
 * kernel size, stride and dilation is the same loop; with turned weights it is the backward pass as well.
 *
 * convolve holds P pixels × O outputs in registers: P + O loads for P·O multiply-adds a tap. correlate holds
 * O outputs × T taps: O + T loads a pixel for O·T; its lanes are summed once, at the end. Which tiles fit
 * depends on the number of registers: 32 in AVX-512 and NEON, 16 before. With vectors narrower than the lanes
 * a tile goes over the parts of an element in turn.
 */
#include "engine/kernels/tiles.h"

/* Accumulators of convolve at most; outputs × taps of correlate. */
#if VECTOR_REGISTERS == 32
enum { MOST = 24, ROWS = 4, TAPS = 6 };
#else
enum { MOST = 9, ROWS = 3, TAPS = 4 };
#endif

/* -------------------------------------------------------------------------------------------- convolve -- */

/* pixels × outputs at one part of the lanes; both are constants where this is expanded. */
INLINE void convolve_tile(size_t pixels, size_t outputs, const real *src, const ptrdiff_t *offset,
                          size_t taps, const real *w, size_t step, real *y, size_t plane, size_t y_step)
{
    vector sum[MOST]; /* [pixels, outputs], in registers */

    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < outputs; o++)
            sum[p * outputs + o] = *(const vector *)(y + o * plane + p * y_step);
    for (size_t t = 0; t < taps; t++) {
        const real *from = src + offset[t];
        vector      x[MOST];
        for (size_t p = 0; p < pixels; p++) x[p] = *(const vector *)(from + p * step);
        for (size_t o = 0; o < outputs; o++)
            for (size_t p = 0; p < pixels; p++) sum[p * outputs + o] += x[p] * w[t * outputs + o];
    }
    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < outputs; o++) *(vector *)(y + o * plane + p * y_step) = sum[p * outputs + o];
}

/* A row of pixels for a tile of outputs: as many pixels at a time as there are registers, then two, then
   one. */
INLINE void convolve_row(size_t pixels, size_t outputs, const real *src, const ptrdiff_t *offset, size_t taps,
                         const real *w, size_t n, size_t step, real *y, size_t plane, size_t y_step)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        size_t x = 0;
        for (; x + pixels <= n; x += pixels)
            convolve_tile(pixels, outputs, src + x * step + part, offset, taps, w, step,
                          y + x * y_step + part, plane, y_step);
        for (; x + 2 <= n; x += 2)
            convolve_tile(2, outputs, src + x * step + part, offset, taps, w, step, y + x * y_step + part,
                          plane, y_step);
        if (x < n)
            convolve_tile(1, outputs, src + x * step + part, offset, taps, w, step, y + x * y_step + part,
                          plane, y_step);
    }
}

void basin_convolve(const real *src, const ptrdiff_t *offset, size_t taps, const real *w, size_t tile,
                    size_t n, size_t step, real *y, size_t plane, size_t y_step)
{
#define ROW(PIXELS, OUTPUTS) \
    case OUTPUTS: convolve_row(PIXELS, OUTPUTS, src, offset, taps, w, n, step, y, plane, y_step); break;
    switch (tile) {
#if VECTOR_REGISTERS == 32
        ROW(8, 1) ROW(8, 2) ROW(6, 3) ROW(6, 4) ROW(4, 5) ROW(4, 6) ROW(3, 7) ROW(3, 8)
#else /* 3 × 4 would be 16 with what it reads: GCC spills one and is slower than with 2 × 4 */
        ROW(6, 1) ROW(4, 2) ROW(3, 3) ROW(2, 4)
#endif
    }
#undef ROW
}

/* ------------------------------------------------------------------------------------------- correlate -- */

/* pixels that are added up before they join the total: sums of single precision stay accurate */
enum { SHORT_SUM = 128 };
enum { WHOLE = (ROWS * TAPS + VECTOR - 1) / VECTOR * VECTOR };

INLINE void correlate_tile(size_t outputs, size_t taps, const real *a, size_t plane, size_t a_row,
                           const real *src, ptrdiff_t src_row, size_t step, const ptrdiff_t *offset,
                           const ptrdiff_t *place, size_t rows, size_t n, real *w, size_t w_stride)
{
    const size_t some = n < SHORT_SUM ? SHORT_SUM / n : 1; /* rows of a short sum */
    vector       total[WHOLE] = {{0}};
    real         sums[WHOLE];

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
    for (size_t i = 0; i < outputs * taps; i += VECTOR) vector_store(sums + i, vector_sums(total + i));
    for (size_t o = 0; o < outputs; o++)
        for (size_t t = 0; t < taps; t++) w[o * w_stride + (size_t)place[t]] += sums[o * taps + t];
}

INLINE void correlate_outputs(size_t outputs, const real *a, size_t plane, size_t a_row, const real *src,
                              ptrdiff_t src_row, size_t step, const ptrdiff_t *offset, const ptrdiff_t *place,
                              size_t taps, size_t rows, size_t n, real *w, size_t w_stride)
{
#define TILE(T)                                                                                            \
    case T:                                                                                                \
        correlate_tile(outputs, T, a, plane, a_row, src, src_row, step, offset + t, place + t, rows, n, w, \
                       w_stride);                                                                          \
        break;
    for (size_t t = 0, some; t < taps; t += some) {
        some = even_part(taps - t, TAPS);
        switch (some) {
            TILE(1)
            TILE(2)
            TILE(3)
            TILE(4)
#if VECTOR_REGISTERS == 32
            TILE(5) TILE(6)
#endif
        }
    }
#undef TILE
}

void basin_correlate(const real *a, size_t plane, size_t a_row, size_t outputs, const real *src,
                     ptrdiff_t src_row, size_t step, const ptrdiff_t *offset, const ptrdiff_t *place,
                     size_t taps, size_t rows, size_t n, real *w, size_t w_stride)
{
#define OUTPUTS(O)                                                                                          \
    case O:                                                                                                 \
        correlate_outputs(O, a + o * plane, plane, a_row, src, src_row, step, offset, place, taps, rows, n, \
                          w + o * w_stride, w_stride);                                                      \
        break;
    for (size_t o = 0, some; o < outputs; o += some) {
        some = even_part(outputs - o, ROWS);
        switch (some) {
            OUTPUTS(1)
            OUTPUTS(2)
            OUTPUTS(3)
#if VECTOR_REGISTERS == 32
            OUTPUTS(4)
#endif
        }
    }
#undef OUTPUTS
}
