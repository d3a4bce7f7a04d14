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

#include "model/isa.h"

typedef real vec __attribute__((vector_size(BASIN_VECTOR), may_alias, aligned(sizeof(real))));

enum { WIDE = BASIN_VECTOR / sizeof(real), PARTS = BASIN_LANES / WIDE };

#if BASIN_VECTOR == 64 || defined(__aarch64__)
#define REGISTERS 32
enum { OUTPUTS = 8, PIXELS = 3, ROWS = 4, TAPS = 6 };
#else
#define REGISTERS 16 /* 4 × 3 would be 16 with what it reads: GCC spills one and is slower than with 4 × 2 */
enum { OUTPUTS = 4, PIXELS = 2, ROWS = 3, TAPS = 4 };
#endif

#define INLINE static inline __attribute__((always_inline))

/* ------------------------------------------------------------------------------------------------ convolve -- */

/* Outputs go in tiles of OUTPUTS, then of what is left in falling powers of two: few are wasted, and each has its own code. */
static size_t outputs_of_tile(size_t left)
{
    size_t tile = OUTPUTS;

    while (tile > left) tile /= 2;
    return tile;
}

static void pack(const real *w, size_t tap_stride, size_t output_stride, size_t taps, size_t outputs, real *packed)
{
    for (size_t o = 0, tile; o < outputs; o += tile) {
        tile = outputs_of_tile(outputs - o);
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < tile; i++) *packed++ = w[t * tap_stride + (o + i) * output_stride];
    }
}

/* pixels × outputs at one part of the lanes; both are constants where this is expanded. */
INLINE void convolve_tile(size_t pixels, size_t outputs, const real *src, const int32_t *offset, size_t taps, const real *w, size_t step, real *y,
                          size_t plane, size_t y_step)
{
    vec sum[OUTPUTS * PIXELS]; /* [pixels, outputs], in registers */

    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < outputs; o++) sum[p * outputs + o] = *(const vec *)(y + o * plane + p * y_step);
    for (size_t t = 0; t < taps; t++) {
        const real *from = src + offset[t];
        vec         x[PIXELS];
        for (size_t p = 0; p < pixels; p++) x[p] = *(const vec *)(from + p * step);
        for (size_t o = 0; o < outputs; o++)
            for (size_t p = 0; p < pixels; p++) sum[p * outputs + o] += x[p] * w[t * outputs + o];
    }
    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < outputs; o++) *(vec *)(y + o * plane + p * y_step) = sum[p * outputs + o];
}

/* One tile of outputs at `pixels` pixels, all lanes. */
#define EXPAND(P, O)                                                                                                  \
    for (size_t part = 0; part < BASIN_LANES; part += WIDE)                                                           \
    convolve_tile(P, O, src + part, offset, taps, w, step, y + part, plane, y_step)

INLINE void convolve_pixels(size_t pixels, size_t tile, const real *src, const int32_t *offset, size_t taps, const real *w, size_t step, real *y,
                            size_t plane, size_t y_step)
{
    switch (tile) {
#if REGISTERS == 32
    case 8: EXPAND(pixels, 8); break;
#endif
    case 4: EXPAND(pixels, 4); break;
    case 2: EXPAND(pixels, 2); break;
    default: EXPAND(pixels, 1); break;
    }
}

static void convolve(const real *src, const int32_t *offset, size_t taps, const real *packed, size_t outputs, size_t n, size_t step, real *y,
                     size_t plane, size_t y_step)
{
    for (size_t x = 0; x < n; x += PIXELS) {
        const real *w = packed;
        for (size_t o = 0, tile; o < outputs; o += tile, w += taps * tile) {
            tile = outputs_of_tile(outputs - o);
            const real *from = src + x * step;
            real       *to = y + o * plane + x * y_step;
            switch (n - x < PIXELS ? n - x : PIXELS) {
            case 1: convolve_pixels(1, tile, from, offset, taps, w, step, to, plane, y_step); break;
            case 2: convolve_pixels(2, tile, from, offset, taps, w, step, to, plane, y_step); break;
            default: convolve_pixels(PIXELS, tile, from, offset, taps, w, step, to, plane, y_step); break;
            }
        }
    }
}

/* ----------------------------------------------------------------------------------------------- correlate -- */

/* Halves are folded while they are vectors, the last four numbers one by one. */
INLINE real sum_of_lanes(vec v)
{
    real numbers[WIDE];

#if BASIN_VECTOR == 64
    typedef real half __attribute__((vector_size(BASIN_VECTOR / 2), may_alias, aligned(sizeof(real))));
    half         halves[2];
    memcpy(halves, &v, sizeof v);
    halves[0] += halves[1];
    memcpy(numbers, halves, sizeof halves[0]);
    enum { LEFT = WIDE / 2 };
#else
    memcpy(numbers, &v, sizeof v);
    enum { LEFT = WIDE };
#endif
    for (size_t width = LEFT / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++) numbers[i] += numbers[i + width];
    return numbers[0];
}

INLINE void correlate_tile(size_t outputs, size_t taps, const real *a, size_t plane, size_t a_row, const real *src, size_t src_row, size_t step,
                           const int32_t *offset, size_t rows, size_t n, real *w, size_t w_stride)
{
    vec sum[ROWS * TAPS] = {{0}}; /* [outputs, taps], in registers */

    for (size_t part = 0; part < BASIN_LANES; part += WIDE)
        for (size_t r = 0; r < rows; r++)
            for (size_t x = 0; x < n; x++) {
                const real *left = a + r * a_row + x * BASIN_LANES + part, *right = src + r * src_row + x * step + part;
                vec         in[TAPS];
                for (size_t t = 0; t < taps; t++) in[t] = *(const vec *)(right + offset[t]);
                for (size_t o = 0; o < outputs; o++) {
                    const vec adjoint = *(const vec *)(left + o * plane);
                    for (size_t t = 0; t < taps; t++) sum[o * taps + t] += adjoint * in[t];
                }
            }
    for (size_t o = 0; o < outputs; o++)
        for (size_t t = 0; t < taps; t++) w[o * w_stride + t] += sum_of_lanes(sum[o * taps + t]);
}

#define CORRELATE(O, T) correlate_tile(O, T, a + o * plane, plane, a_row, src, src_row, step, offset + t, rows, n, w + o * w_stride + t, w_stride)

static void correlate(const real *a, size_t plane, size_t a_row, size_t outputs, const real *src, size_t src_row, size_t step, const int32_t *offset,
                      size_t taps, size_t rows, size_t n, real *w, size_t w_stride)
{
    for (size_t o = 0; o < outputs;) {
        const size_t tile = outputs - o >= ROWS ? ROWS : 1;
        for (size_t t = 0; t < taps;) {
            const size_t width = taps - t >= TAPS ? TAPS : taps - t >= 3 ? 3 : 1;
            if (tile == ROWS && width == TAPS) CORRELATE(ROWS, TAPS);
            else if (tile == ROWS && width == 3) CORRELATE(ROWS, 3);
            else if (tile == ROWS) CORRELATE(ROWS, 1);
            else if (width == TAPS) CORRELATE(1, TAPS);
            else if (width == 3) CORRELATE(1, 3);
            else CORRELATE(1, 1);
            t += width;
        }
        o += tile;
    }
}

const basin_kernels ISA(basin_kernels) = {
    .name = ISA_NAME,
    .pack = pack,
    .convolve = convolve,
    .correlate = correlate,
};
