/* The two inner sums of a dense layer, in register tiles, with samples as lanes.
 *
 * A pixel is a row of lanes at one position: its `in` inputs and `out` outputs are elements of BASIN_LANES numbers that lie side by
 * side. So both products are sums of elements times broadcast weights, read where they are: a product for few samples is not worth
 * a copy of the weights in another order.
 *
 * apply holds P pixels × O outputs in registers: P + O loads for P·O multiply-adds a tap. weight holds L × R products of two
 * pixels' elements and sums over lanes at the end, 16 numbers at once. Loops around these keep what they read in the first cache.
 */
#include "model/real_dense.h"

#include "model/real_vector.h"

enum { PARTS = BASIN_LANES / VECTOR }; /* vectors of an element */

#if VECTOR_REGISTERS == 32
enum { PIXELS = 3, OUTPUTS = 8, LEFT = 4, RIGHT = 4 };
#else /* 16 */
enum { PIXELS = 2, OUTPUTS = 6, LEFT = 3, RIGHT = 4 };
#endif

enum { TAPS = 128 }; /* of a block: its elements of some pixels stay in the first cache, its weights in the second */

/* --------------------------------------------------------------------------------------------------- apply -- */

/* Sums of some taps for a few vectors of pixels, all outputs. */
typedef struct strip {
    const real *x[PIXELS];
    real       *y[PIXELS];
    size_t      taps;
    const real *w;
    size_t      stride; /* of w, from output to output or from tap to tap; the other one is 1 */
    const real *bias;
    real        alpha, beta;
    bool        add;
} strip;

/* Both numbers, and where the weights of an output lie in one row, are constants where this is expanded. */
INLINE void apply_tile(size_t pixels, size_t outputs, bool along, const strip *s, size_t o)
{
    vector      sum[PIXELS * OUTPUTS] = {{0}}; /* [outputs, pixels], in registers */
    const real *x[PIXELS];
    const real *w = s->w + (along ? o * s->stride : o);

    for (size_t p = 0; p < pixels; p++) x[p] = s->x[p];
    for (size_t t = 0; t < s->taps; t++) {
        vector in[PIXELS];
        for (size_t p = 0; p < pixels; p++) in[p] = vector_load(x[p] + t * BASIN_LANES);
        for (size_t i = 0; i < outputs; i++) {
            const real weight = along ? w[i * s->stride + t] : w[t * s->stride + i];
            for (size_t p = 0; p < pixels; p++) sum[i * pixels + p] += in[p] * weight;
        }
    }
    for (size_t i = 0; i < outputs; i++) {
        const real bias = s->bias != NULL ? s->beta * s->bias[o + i] : 0;
        for (size_t p = 0; p < pixels; p++) sum[i * pixels + p] = s->alpha * sum[i * pixels + p] + bias;
    }
    if (s->add)
        for (size_t i = 0; i < outputs; i++)
            for (size_t p = 0; p < pixels; p++) sum[i * pixels + p] += vector_load(s->y[p] + (o + i) * BASIN_LANES);
    for (size_t i = 0; i < outputs; i++)
        for (size_t p = 0; p < pixels; p++) vector_store(s->y[p] + (o + i) * BASIN_LANES, sum[i * pixels + p]);
}

/* Tiles as even as possible: 10 outputs are 5 and 5. */
INLINE void apply_strip(size_t pixels, bool along, const strip *s, size_t outputs)
{
#define TILE(O) case O: apply_tile(pixels, O, along, s, o); break;
    for (size_t o = 0, tiles = (outputs + OUTPUTS - 1) / OUTPUTS, n; tiles > 0; o += n, tiles--) {
        n = (outputs - o) / tiles;
        switch (n) {
            TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if VECTOR_REGISTERS == 32
            TILE(7) TILE(8)
#endif
        }
    }
#undef TILE
}

static void apply_pixels(size_t pixels, bool along, const strip *s, size_t outputs)
{
    if (along) {
        switch (pixels) {
        case 1: apply_strip(1, true, s, outputs); break;
        case 2: apply_strip(2, true, s, outputs); break;
#if VECTOR_REGISTERS == 32
        case 3: apply_strip(3, true, s, outputs); break;
#endif
        }
    } else {
        switch (pixels) {
        case 1: apply_strip(1, false, s, outputs); break;
        case 2: apply_strip(2, false, s, outputs); break;
#if VECTOR_REGISTERS == 32
        case 3: apply_strip(3, false, s, outputs); break;
#endif
        }
    }
}

void basin_dense_apply(const basin_dense *d, basin_pixels x, basin_dense_matrix w, const real *bias, bool add, basin_pixels y)
{
    const size_t vectors = d->rows * d->positions * PARTS;
    const bool   along = w.in == 1;

    size_t t = 0;
    do { /* once also without inputs: what is left is the bias */
        strip s = {.taps = least(TAPS, d->in - t), .w = w.at + t * w.in, .stride = along ? w.out : w.in, .alpha = d->alpha, .beta = d->beta};
        s.bias = t == 0 ? bias : NULL;
        s.add = add || t > 0;
        for (size_t q = 0, n; q < vectors; q += n) {
            n = least(PIXELS, vectors - q);
            for (size_t p = 0; p < n; p++) {
                const size_t part = (q + p) % PARTS * VECTOR, pixel = (q + p) / PARTS, row = pixel / d->positions, at = pixel % d->positions;
                s.x[p] = d->in == 0 ? NULL : x.at + row * x.row + at * x.step + t * BASIN_LANES + part;
                s.y[p] = y.at + row * y.row + at * y.step + part;
            }
            apply_pixels(n, along, &s, d->out);
        }
    } while ((t += TAPS) < d->in);
}

/* -------------------------------------------------------------------------------------------------- weight -- */

/* Pixels that are summed in registers before they join the total, so that sums of single precision stay accurate; and the elements of
   the right side in all of these, which stay in the first cache. */
enum { SHORT_SUM = 16, BLOCK = 384, SHORT_BIAS = 256 };

/* Elements of n pixels one after the other: where they are, they may all want the same lines of the cache. */
INLINE void gather(const real *const *pixels, size_t n, size_t first, size_t elements, real *to)
{
    for (size_t q = 0; q < n; q++)
        for (size_t l = 0; l < elements * BASIN_LANES; l += VECTOR, to += VECTOR) vector_store(to, vector_load(pixels[q] + first * BASIN_LANES + l));
}

typedef real quarter __attribute__((vector_size(RIGHT * sizeof(real)), aligned(sizeof(real)), may_alias));

/* w [l, r] += alpha times the products of left [n, l, LANES] and elements of right, `step` numbers a pixel. */
INLINE void weight_tile(size_t l, size_t r, size_t n, const real *left, const real *right, size_t step, real alpha, real *w, size_t stride)
{
    enum { MOST = (LEFT * RIGHT + VECTOR - 1) / VECTOR * VECTOR };
    vector sum[MOST] = {{0}}; /* [l, r], in registers */
    real   sums[MOST];

    for (; n > 0; n--, left += l * BASIN_LANES, right += step)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            vector b[RIGHT];
            for (size_t j = 0; j < r; j++) b[j] = vector_load(right + j * BASIN_LANES + part);
            for (size_t i = 0; i < l; i++) {
                const vector a = vector_load(left + i * BASIN_LANES + part);
                for (size_t j = 0; j < r; j++) sum[i * r + j] += a * b[j];
            }
        }
    for (size_t i = 0; i < l * r; i += VECTOR) vector_store(sums + i, vector_sums(sum + i));
    for (size_t i = 0; i < l; i++, w += stride) {
        if (r == RIGHT) *(quarter *)w += alpha * *(const quarter *)(sums + i * r);
        for (size_t j = 0; j < r && r != RIGHT; j++) w[j] += alpha * sums[i * r + j];
    }
}

/* Some pixels: w [l, rights] += … for `rights` elements of right [n, rights, LANES]. */
INLINE void weight_tiles(size_t l, const real *const *pixels, size_t n, size_t first, const real *right, size_t rights, real alpha, real *w,
                         size_t stride)
{
    real   left[SHORT_SUM * LEFT * BASIN_LANES] __attribute__((aligned(64)));
    size_t r = 0, step = rights * BASIN_LANES;

    gather(pixels, n, first, l, left);
    for (; r + 4 <= rights; r += 4) weight_tile(l, 4, n, left, right + r * BASIN_LANES, step, alpha, w + r, stride);
    for (; r + 2 <= rights; r += 2) weight_tile(l, 2, n, left, right + r * BASIN_LANES, step, alpha, w + r, stride);
    for (; r < rights; r++) weight_tile(l, 1, n, left, right + r * BASIN_LANES, step, alpha, w + r, stride);
}

/* Some pixels of both sides, from pixel `start` of the pairs' on. */
static void find(const basin_dense *d, const basin_pixels side[2], size_t start, size_t n, const real **pixels)
{
    for (size_t q = 0; q < n; q++) {
        const size_t all = d->rows * d->positions, at = (start + q) % all;
        const basin_pixels *of = &side[(start + q) / all];
        pixels[q] = of->at + at / d->positions * of->row + at % d->positions * of->step;
    }
}

void basin_dense_weight(const basin_dense *d, const basin_pixels left[2], size_t lefts, const basin_pixels right[2], size_t rights, real *w,
                        size_t stride)
{
    real         block[BLOCK * BASIN_LANES] __attribute__((aligned(64)));
    const real  *from[SHORT_SUM], *to[SHORT_SUM];
    const size_t pixels = d->rows * d->positions * (left[1].at != NULL ? 2 : 1), pieces = (pixels + SHORT_SUM - 1) / SHORT_SUM;

    for (size_t piece = 0; piece < pieces; piece++) {
        const size_t start = piece * pixels / pieces, n = (piece + 1) * pixels / pieces - start, most = BLOCK / n / RIGHT * RIGHT;
        find(d, left, start, n, from);
        find(d, right, start, n, to);
        for (size_t r = 0, some; r < rights; r += some) {
            some = least(most, rights - r);
            gather(to, n, r, some, block);
            for (size_t l = 0; l < lefts; l += LEFT) {
                real *sums = w + l * stride + r;
                switch (least(LEFT, lefts - l)) {
#if VECTOR_REGISTERS == 32
                case 4: weight_tiles(4, from, n, l, block, some, d->alpha, sums, stride); break;
#endif
                case 3: weight_tiles(3, from, n, l, block, some, d->alpha, sums, stride); break;
                case 2: weight_tiles(2, from, n, l, block, some, d->alpha, sums, stride); break;
                default: weight_tiles(1, from, n, l, block, some, d->alpha, sums, stride); break;
                }
            }
        }
    }
}

void basin_dense_bias(const basin_dense *d, basin_pixels y, real *c)
{
    const size_t pixels = d->rows * d->positions;

    for (size_t o = 0; o < d->out; o += VECTOR) {
        const size_t n = least(VECTOR, d->out - o);
        for (size_t start = 0; start < pixels; start += SHORT_BIAS) {
            vector sum[VECTOR] = {{0}};
            for (size_t q = start; q < least(start + SHORT_BIAS, pixels); q++) {
                const real *from = y.at + q / d->positions * y.row + q % d->positions * y.step + o * BASIN_LANES;
                for (size_t e = 0; e < n; e++)
                    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) sum[e] += vector_load(from + e * BASIN_LANES + part);
            }
            const vector sums = d->beta * vector_sums(sum);
            for (size_t e = 0; e < n; e++) c[o + e] += sums[e];
        }
    }
}
