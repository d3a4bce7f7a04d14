/* The two inner sums of a dense layer, in register tiles, with samples as lanes.
 *
 * A pixel is a row of lanes at one position: its `in` inputs and `out` outputs are elements of BASIN_LANES
 * numbers that lie side by side. So both products are sums of elements times broadcast weights, read where
 * they are: a product for few samples is not worth a copy of the weights in another order.
 *
 * apply holds P pixels × O outputs in registers: P + O loads for P·O multiply-adds a tap; loops around it
 * keep what it reads in the first cache. weight turns the elements of its right side, so that a sample's lie
 * side by side, and holds L of the left × V vectors of the right: L + V loads for L·V multiply-adds a sample,
 * and no sum over lanes.
 */
#include "engine/kernels/dense.h"

#include "engine/kernels/vector.h"

enum { PARTS = BASIN_LANES / VECTOR }; /* vectors of an element */

#if VECTOR_REGISTERS == 32
enum { PIXELS = 3, OUTPUTS = 8, LEFT = 6, RIGHT = 4 };
#else /* 16 */
enum { PIXELS = 2, OUTPUTS = 6, LEFT = 6, RIGHT = 2 };
#endif

/* of a block: its elements of some pixels stay in the first cache, its weights in the second */
enum { TAPS = 128 };

/* ----------------------------------------------------------------------------------------------- apply -- */

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
            for (size_t p = 0; p < pixels; p++)
                sum[i * pixels + p] += vector_load(s->y[p] + (o + i) * BASIN_LANES);
    for (size_t i = 0; i < outputs; i++)
        for (size_t p = 0; p < pixels; p++)
            vector_store(s->y[p] + (o + i) * BASIN_LANES, sum[i * pixels + p]);
}

INLINE void apply_strip(size_t pixels, bool along, const strip *s, size_t outputs)
{
#define TILE(O) \
    case O: apply_tile(pixels, O, along, s, o); break;
    for (size_t o = 0, n; o < outputs; o += n) {
        n = even_part(outputs - o, OUTPUTS);
        switch (n) {
            /* clang-format off */
            TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if VECTOR_REGISTERS == 32
            TILE(7) TILE(8)
#endif
            /* clang-format on */
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

void basin_dense_apply(const basin_dense *d, basin_pixels x, basin_dense_matrix w, const real *bias, bool add,
                       basin_pixels y)
{
    const size_t vectors = d->rows * d->positions * PARTS;
    const bool   along = w.in == 1;

    size_t t = 0;
    do { /* once also without inputs: what is left is the bias */
        strip s = {.taps = basin_least(TAPS, d->in - t),
                   .w = w.at + t * w.in,
                   .stride = along ? w.out : w.in,
                   .alpha = d->alpha,
                   .beta = d->beta};
        s.bias = t == 0 ? bias : NULL;
        s.add = add || t > 0;
        for (size_t q = 0, n; q < vectors; q += n) {
            n = basin_least(PIXELS, vectors - q);
            for (size_t p = 0; p < n; p++) {
                const size_t part = (q + p) % PARTS * VECTOR, pixel = (q + p) / PARTS;
                const size_t row = pixel / d->positions, at = pixel % d->positions;
                s.x[p] = d->in == 0 ? NULL : x.at + row * x.row + at * x.step + t * BASIN_LANES + part;
                s.y[p] = y.at + row * y.row + at * y.step + part;
            }
            apply_pixels(n, along, &s, d->out);
        }
    } while ((t += TAPS) < d->in);
}

/* ---------------------------------------------------------------------------------------------- weight -- */

/* Pixels of a piece: their samples are summed in registers before they join the total, so that sums of single
   precision stay accurate. The largest chunk of a dense network (320 samples) is one piece. */
enum { PIECE = 20, SHORT_BIAS = 256 };

/* to [n, LANES, vectors · VECTOR]: elements of some pixels, a sample's side by side, and zeros for those from
   `elements` on. Inlined it would take registers from the tiles for its constants. */
static __attribute__((noinline)) void turn(size_t vectors, const real *const *pixels, size_t n, size_t first,
                                           size_t elements, real *to)
{
    for (size_t v = 0; v < vectors; v++) {
        const size_t some = basin_least(VECTOR, elements - v * VECTOR);
        for (size_t q = 0; q < n; q++)
            for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
                const real *from = pixels[q] + (first + v * VECTOR) * BASIN_LANES + part;
                real       *row = to + ((q * BASIN_LANES + part) * vectors + v) * VECTOR;
                vector      t[VECTOR]; /* in registers: all loops around it have constant ends */
                for (size_t i = 0; i < VECTOR; i++)
                    t[i] = some == VECTOR || i < some ? vector_load(from + i * BASIN_LANES) : (vector){0};
                vector_transpose(t);
                for (size_t i = 0; i < VECTOR; i++) vector_store(row + i * vectors * VECTOR, t[i]);
            }
    }
}

/* w [lefts, rights] += alpha times the products of elements of the left pixels, from l on, and of the right
   ones, turned. */
INLINE void weight_tile(size_t lefts, size_t vectors, const real *const *left, size_t n, size_t l,
                        const real *right, size_t rights, real alpha, real *w, size_t stride)
{
    vector sum[LEFT * RIGHT] = {{0}}; /* [lefts, vectors], in registers */

    for (size_t i = 0; i < lefts; i++)
        for (size_t v = 0; v < vectors; v++) __builtin_prefetch(w + i * stride + v * VECTOR, 1);
    for (size_t q = 0; q < n; q++) {
        const real *a = left[q] + l * BASIN_LANES;
#pragma GCC unroll 2
        for (size_t lane = 0; lane < BASIN_LANES; lane++, right += vectors * VECTOR) {
            vector b[RIGHT];
            for (size_t v = 0; v < vectors; v++) b[v] = vector_load(right + v * VECTOR);
            for (size_t i = 0; i < lefts; i++)
                for (size_t v = 0; v < vectors; v++) sum[i * vectors + v] += a[i * BASIN_LANES + lane] * b[v];
        }
    }
    for (size_t i = 0; i < lefts; i++, w += stride)
        for (size_t v = 0; v < vectors; v++) {
            const vector add = alpha * sum[i * vectors + v];
            real        *to = w + v * VECTOR;
            if ((v + 1) * VECTOR <= rights)
                vector_store(to, vector_load(to) + add);
            else
                for (size_t r = 0; r < rights - v * VECTOR; r++) to[r] += add[r];
        }
}

/* A piece's pixels, all of the left and `rights` elements of the right, from r on. */
INLINE void weight_panel(size_t vectors, const real *const *left, size_t lefts, const real *const *right,
                         size_t n, size_t r, size_t rights, real alpha, real *w, size_t stride)
{
    real turned[PIECE * BASIN_LANES * RIGHT * VECTOR] __attribute__((aligned(64)));

    turn(vectors, right, n, r, rights, turned);
#define TILE(L) \
    case L: weight_tile(L, vectors, left, n, l, turned, rights, alpha, to, stride); break;
    for (size_t l = 0, some; l < lefts; l += some) {
        real *to = w + l * stride + r;
        some = even_part(lefts - l, LEFT);
        switch (some) {
            TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
        }
    }
#undef TILE
}

/* Some pixels of both sides, from pixel `start` of the pairs' on. */
static void find(const basin_dense *d, const basin_pixels side[2], size_t start, size_t n,
                 const real **pixels)
{
    for (size_t q = 0; q < n; q++) {
        const size_t        all = d->rows * d->positions, at = (start + q) % all;
        const basin_pixels *of = &side[(start + q) / all];
        pixels[q] = of->at + at / d->positions * of->row + at % d->positions * of->step;
    }
}

void basin_dense_weight(const basin_dense *d, const basin_pixels left[2], size_t lefts,
                        const basin_pixels right[2], size_t rights, real *w, size_t stride)
{
    const real  *from[PIECE], *to[PIECE];
    const size_t pixels = d->rows * d->positions * (left[1].at != NULL ? 2 : 1);
    const size_t pieces = (pixels + PIECE - 1) / PIECE;
    const size_t all = (rights + VECTOR - 1) / VECTOR;

#define PANEL(V)                                                                                           \
    case V:                                                                                                \
        weight_panel(V, from, lefts, to, n, at, basin_least(V *VECTOR, rights - at), d->alpha, w, stride); \
        break;
    for (size_t piece = 0; piece < pieces; piece++) {
        const size_t start = piece * pixels / pieces, n = (piece + 1) * pixels / pieces - start;
        find(d, left, start, n, from);
        find(d, right, start, n, to);
        for (size_t v = 0, some; v < all; v += some) {
            const size_t at = v * VECTOR;
            some = even_part(all - v, RIGHT);
            switch (some) {
                PANEL(1)
                PANEL(2)
#if VECTOR_REGISTERS == 32
                PANEL(3) PANEL(4)
#endif
            }
        }
    }
#undef PANEL
}

void basin_dense_bias(const basin_dense *d, basin_pixels y, real *c)
{
    const size_t pixels = d->rows * d->positions;

    for (size_t o = 0; o < d->out; o += VECTOR) {
        const size_t n = basin_least(VECTOR, d->out - o);
        for (size_t start = 0; start < pixels; start += SHORT_BIAS) {
            vector sum[VECTOR] = {{0}};
            for (size_t q = start; q < basin_least(start + SHORT_BIAS, pixels); q++) {
                const real *from =
                    y.at + q / d->positions * y.row + q % d->positions * y.step + o * BASIN_LANES;
                for (size_t e = 0; e < n; e++)
                    for (size_t part = 0; part < BASIN_LANES; part += VECTOR)
                        sum[e] += vector_load(from + e * BASIN_LANES + part);
            }
            const vector sums = d->beta * vector_sums(sum);
            for (size_t e = 0; e < n; e++) c[o + e] += sums[e];
        }
    }
}
