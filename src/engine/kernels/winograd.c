/* Convolutions of 3 × 3 taps and stride 1 by Winograd's minimal filtering F(2×2, 3×3), samples in lanes.
 *
 * Two neighbouring outputs of a line, y_0 = d_0 g_0 + d_1 g_1 + d_2 g_2 and y_1 = d_1 g_0 + d_2 g_1 +
 * d_3 g_2, come from a product of polynomials at the points 0, 1, -1 and ∞: 4 multiplications in place of 6.
 *
 *     V = (d_0 - d_2, d_2 + d_1, d_2 - d_1, d_3 - d_1)
 *     U = (g_0, (g_0 + g_1 + g_2)/2, (g_0 - g_1 + g_2)/2, g_2)
 *     y = (m_0 + m_1 + m_2, m_1 - m_2 + m_3)              with m = U V, number by number
 *
 * Applied to rows and then to columns this makes a tile of 2 × 2 outputs from 4 × 4 inputs with 16
 * multiplications in place of 36. Sums over channels are taken of m, so that making V and y costs as much as
 * a few channels. The weights' product is the adjoint: with the tile's adjoints A = (a_0, a_0 + a_1,
 * a_0 - a_1, a_1) and n = Σ A V over tiles and samples, a line of it is (n_0 + (n_1 + n_2)/2, (n_1 - n_2)/2,
 * (n_1 + n_2)/2 + n_3).
 *
 * 1. A point of the rows is a sum of two rows, so each of the four is taken alone, with all four of the
 *    columns, and V and A are a quarter as large. Inputs beyond the edge are zeros that nobody stores, and
 *    outputs beyond it are not written.
 * 2. Ahead and back (the kernel turned), V of a short strip of tiles and some channels stays near; four
 *    points of a tile for some outputs are summed over channels in registers and go from there to the
 *    outputs.
 * 3. The weights' product keeps DEEP outputs × WIDE channels of one point in registers over a long strip of
 *    tiles and then adds the lanes. Channels that fill up the last registers are zeros.
 *
 * S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; A. Lavin & S. Gray, arXiv:1509.09308. The
 * numerical trap is cancellation between points. Those of this size are sums of few terms without large
 * factors, and the sums over channels are shorter than the direct ones, so the error is about the same
 * (docs/performance.md); larger tiles lose more (B. Barabasz et al., arXiv:1803.10986).
 */
#include "engine/kernels/winograd_tiles.h"

#if VECTOR_REGISTERS == 32
enum { OUTPUTS = 6 };
#else
enum { OUTPUTS = 3 };
#endif

typedef struct layer { /* of a sum of the first kind, ahead or back */
    basin_tiles in;
    real       *to; /* outputs, in groups that lie `apart` */
    size_t      apart, outputs, height, width;
} layer;

/* Where the outputs of a tile go. */
typedef struct target {
    real *upper, *lower; /* lower: NULL beyond the edge */
    bool  right;         /* is there a second column? */
} target;

static void set_targets(const layer *l, const basin_strip *s, target *to)
{
    for (size_t k = 0; k < s->tiles; k++) {
        const basin_place at = basin_place_of(&l->in, s->tile + k);
        real *upper = l->to + at.group * l->apart + 2 * (at.row * l->width + at.column) * BASIN_LANES;
        to[k] = (target){.upper = upper,
                         .lower = 2 * at.row + 1 < l->height ? upper + l->width * BASIN_LANES : NULL,
                         .right = 2 * at.column + 1 < l->width};
    }
}

/* sum [POINTS, outputs] (+)= V of a channel times its U. */
INLINE void add_channel(size_t outputs, const real *v, const real *u, bool first, vector *sum)
{
    for (size_t q = 0; q < POINTS; q++) {
        const vector in = vector_load(v + q * BASIN_LANES);
        for (size_t o = 0; o < outputs; o++) {
            if (first)
                sum[q * outputs + o] = in * u[q * outputs + o];
            else
                sum[q * outputs + o] += in * u[q * outputs + o];
        }
    }
}

INLINE void add_outputs(real *y, real sign, vector left, vector right, bool both)
{
    vector_store(y, vector_load(y) + sign * left);
    if (both) vector_store(y + BASIN_LANES, vector_load(y + BASIN_LANES) + sign * right);
}

/* What one point of the rows gives the outputs of a tile, `plane` apart. The first channel sets the sums:
   cleared beforehand, GCC keeps them in memory. */
INLINE void multiply_tile(size_t outputs, const real *v, const real *u, size_t channels, size_t point,
                          const target *to, size_t plane)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        vector sum[POINTS * OUTPUTS]; /* in registers */
        add_channel(outputs, v + part, u, true, sum);
        for (size_t c = 1; c < channels; c++)
            add_channel(outputs, v + part + c * POINTS * BASIN_LANES, u + c * POINTS * outputs, false, sum);
        for (size_t o = 0; o < outputs; o++) {
            const vector m1 = sum[outputs + o], m2 = sum[2 * outputs + o];
            const vector left = sum[o] + m1 + m2, right = m1 - m2 + sum[3 * outputs + o];
            if (point < 3) add_outputs(to->upper + o * plane + part, 1, left, right, to->right);
            if (point > 0 && to->lower != NULL)
                add_outputs(to->lower + o * plane + part, point == 2 ? -1 : 1, left, right, to->right);
        }
    }
}

INLINE void multiply_tiles(size_t outputs, const real *v, const real *u, const basin_strip *s, size_t point,
                           const target *to, size_t first, size_t plane)
{
    for (size_t k = 0; k < s->tiles; k++) {
        const target at = {to[k].upper + first * plane,
                           to[k].lower != NULL ? to[k].lower + first * plane : NULL, to[k].right};
        multiply_tile(outputs, v + k * s->channels * POINTS * BASIN_LANES, u, s->channels, point, &at, plane);
    }
}

/* V [tile, channel, POINTS] of a basin_strip times U [tile of outputs, channel, POINTS, output in it]. */
static void multiply(const layer *l, const real *v, const real *u, const basin_strip *s, size_t point,
                     const target *to)
{
    const size_t plane = l->height * l->width * BASIN_LANES;

#define TILE(O) \
    case O: multiply_tiles(O, v, u, s, point, to, o, plane); break;
    for (size_t o = 0, some; o < l->outputs; o += some) {
        some = even_part(l->outputs - o, OUTPUTS);
        switch (some) {
            TILE(1)
            TILE(2)
            TILE(3)
#if VECTOR_REGISTERS == 32
            TILE(4) TILE(5) TILE(6)
#endif
        }
        u += some * s->channels * POINTS;
    }
#undef TILE
}

/* U: of blocks of channels, [POINTS of rows] of what multiply takes. */
static void run(const layer *l, size_t groups, const basin_room *room)
{
    const size_t total = groups * l->in.down * l->in.across;
    target       to[STRIP];

    for (size_t n = 0; n < total; n += STRIP) {
        basin_strip s = {.tile = n, .tiles = basin_least(STRIP, total - n)};
        const real *u = room->points;
        set_targets(l, &s, to);
        for (; s.channel < l->in.channels; s.channel += s.channels) {
            s.channels = even_part(l->in.channels - s.channel, CHANNELS);
            const basin_steps by = {.channel = POINTS, .tile = s.channels * POINTS, .point = 1};
            for (size_t point = 0; point < POINTS; point++) {
                basin_winograd_points(false, &l->in, point, &s, room->zeros, &by, room->inputs);
                multiply(l, room->inputs, u, &s, point, to);
                u += POINTS * s.channels * l->outputs;
            }
        }
    }
}

/* U of a line of taps, `step` apart. */
static void points_of_taps(real a, real b, real c, real *to, size_t step)
{
    to[0] = a;
    to[step] = (real)0.5 * (a + c + b);
    to[2 * step] = (real)0.5 * (a + c - b);
    to[3 * step] = c;
}

/* Taps in order, or turned. */
static void points_of_kernel(const real *g, bool turned, real *to, size_t row_step, size_t step)
{
    const ptrdiff_t way = turned ? -1 : 1;
    real            rows[POINTS][TAPS]; /* points of the rows */

    if (turned) g += TAPS * TAPS - 1;
    for (ptrdiff_t x = 0; x < TAPS; x++)
        points_of_taps(g[way * x], g[way * (x + TAPS)], g[way * (x + 2 * TAPS)], &rows[0][x], TAPS);
    for (size_t p = 0; p < POINTS; p++)
        points_of_taps(rows[p][0], rows[p][1], rows[p][2], to + p * row_step, step);
}

/* U as run takes it, of weights that lie w_out and w_in numbers from output to output and channel to
   channel. */
static void pack(const layer *l, const real *w, size_t w_out, size_t w_in, bool turned, real *u)
{
    for (size_t first = 0, channels; first < l->in.channels; first += channels) {
        channels = even_part(l->in.channels - first, CHANNELS);
        for (size_t o = 0, n; o < l->outputs; o += n) {
            n = even_part(l->outputs - o, OUTPUTS);
            for (size_t c = 0; c < channels; c++)
                for (size_t i = 0; i < n; i++)
                    points_of_kernel(w + (o + i) * w_out + (first + c) * w_in, turned,
                                     u + (o * channels + c * n) * POINTS + i, POINTS * channels * l->outputs,
                                     n);
        }
        u += POINTS * POINTS * channels * l->outputs;
    }
}

void basin_winograd_ahead(const basin_conv *conv, size_t rows, const real *x, size_t x_step, const real *w,
                          real *y, size_t y_step, real *temp)
{
    const basin_room room = basin_winograd_room(conv, temp);
    const size_t     square = TAPS * TAPS;

    for (size_t g = 0; g < conv->groups; g++) {
        const layer l = {basin_winograd_inputs(conv, x + g * basin_x_size(conv), x_step),
                         y + g * basin_y_size(conv),
                         y_step,
                         conv->outputs,
                         conv->window.y.out,
                         conv->window.x.out};
        pack(&l, w + g * basin_w_size(conv), conv->channels * square, square, false, room.points);
        run(&l, rows, &room);
    }
}

void basin_winograd_back(const basin_conv *conv, size_t rows, real *x, size_t x_step, const real *w,
                         const real *y, size_t y_step, real *temp)
{
    const basin_room room = basin_winograd_room(conv, temp);
    const size_t     square = TAPS * TAPS;

    for (size_t g = 0; g < conv->groups; g++) {
        const layer l = {basin_winograd_outputs(conv, y + g * basin_y_size(conv), y_step),
                         x + g * basin_x_size(conv),
                         x_step,
                         conv->channels,
                         conv->window.y.in,
                         conv->window.x.in};
        pack(&l, w + g * basin_w_size(conv), square, conv->channels * square, true, room.points);
        run(&l, rows, &room);
    }
}
