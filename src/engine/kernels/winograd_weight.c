/* The weights' product of Winograd's filtering (winograd.c says what it is). */
#include "engine/kernels/winograd_tiles.h"

#include <string.h>

/* sum [DEEP, WIDE] (+)= A Vᵀ of a tile; rows of both lie `row` numbers apart. */
INLINE void add_tile(const real *a, const real *v, size_t row, bool first, vector *sum)
{
    vector in[WIDE];

    for (size_t c = 0; c < WIDE; c++) in[c] = vector_load(v + c * row);
    for (size_t o = 0; o < DEEP; o++) {
        const vector adjoint = vector_load(a + o * row);
        for (size_t c = 0; c < WIDE; c++) {
            if (first)
                sum[o * WIDE + c] = adjoint * in[c];
            else
                sum[o * WIDE + c] += adjoint * in[c];
        }
    }
}

/* n [DEEP, WIDE] += Σ A V over tiles and lanes. */
static void correlate_tiles(const real *a, const real *v, size_t row, size_t tiles, real *n)
{
    vector sum[DEEP * WIDE]; /* in registers */

    add_tile(a, v, row, true, sum);
    for (size_t t = 1; t < tiles; t++) add_tile(a + t * BASIN_LANES, v + t * BASIN_LANES, row, false, sum);
    for (size_t part = VECTOR; part < BASIN_LANES; part += VECTOR)
        for (size_t t = 0; t < tiles; t++)
            add_tile(a + t * BASIN_LANES + part, v + t * BASIN_LANES + part, row, false, sum);
    for (size_t i = 0; i < DEEP * WIDE; i += VECTOR)
        vector_store(n + i, vector_load(n + i) + vector_sums(sum + i));
}

/* Of one point: n [outputs / DEEP, channels / WIDE, DEEP, WIDE] += Σ A V. */
static void correlate(const real *a, size_t outputs, const real *v, size_t channels, size_t row, size_t tiles,
                      real *n)
{
    for (size_t o = 0; o < outputs; o += DEEP)
        for (size_t c = 0; c < channels; c += WIDE, n += DEEP * WIDE)
            correlate_tiles(a + o * row, v + c * row, row, tiles, n);
}

/* A line of the weights' product += that of its points, both with their own distances. */
static void add_taps(const real *n, size_t n_step, real *to, size_t step)
{
    const real half = (real)0.5 * (n[n_step] + n[2 * n_step]);

    to[0] += n[0] + half;
    to[step] += (real)0.5 * (n[n_step] - n[2 * n_step]);
    to[2 * step] += half + n[3 * n_step];
}

/* w [outputs, channels, TAPS, TAPS] += what its points n say. */
static void add_kernels(const basin_conv *conv, const real *n, real *w)
{
    const size_t wide = basin_up_to(conv->channels, WIDE), plane = basin_up_to(conv->outputs, DEEP) * wide;

    for (size_t o = 0; o < conv->outputs; o++)
        for (size_t c = 0; c < conv->channels; c++, w += TAPS * TAPS) {
            const real *from = n + (o / DEEP * wide + c / WIDE * WIDE) * DEEP + o % DEEP * WIDE + c % WIDE;
            real        rows[POINTS][TAPS] = {{0}};
            for (size_t p = 0; p < POINTS; p++) add_taps(from + p * POINTS * plane, plane, rows[p], 1);
            for (size_t x = 0; x < TAPS; x++) add_taps(&rows[0][x], TAPS, w + x, TAPS);
        }
}

/* The channels that fill [POINTS, count, row] up are zeros. */
static void clear_rest(real *v, size_t channels, size_t count, size_t row)
{
    for (size_t q = 0; q < POINTS && channels < count; q++)
        memset(v + (q * count + channels) * row * BASIN_LANES, 0,
               (count - channels) * row * BASIN_LANES * sizeof *v);
}

/* Σ A V of a group, at all points, in n. */
static void sum_points(const basin_tiles *x, const basin_tiles *y, size_t total, const basin_room *room)
{
    const size_t      wide = basin_up_to(x->channels, WIDE), deep = basin_up_to(y->channels, DEEP);
    const size_t      most = basin_least(room->strip, total);
    const size_t      row = most + 1; /* at powers of 2 rows would share a few sets of the cache */
    const basin_steps x_by = {row, 1, wide * row}, y_by = {row, 1, deep * row};

    clear_rest(room->inputs, x->channels, wide, row);
    clear_rest(room->adjoints, y->channels, deep, row);
    memset(room->points, 0, POINTS * POINTS * deep * wide * sizeof *room->points);
    for (size_t t = 0; t < total; t += most) {
        const size_t tiles = basin_least(most, total - t);
        for (size_t p = 0; p < POINTS; p++) {
            basin_winograd_points(false, x, p, &(basin_strip){t, tiles, 0, x->channels}, room->zeros, &x_by,
                                  room->inputs);
            basin_winograd_points(true, y, p, &(basin_strip){t, tiles, 0, y->channels}, room->zeros, &y_by,
                                  room->adjoints);
            for (size_t q = 0; q < POINTS; q++)
                correlate(room->adjoints + q * deep * row * BASIN_LANES, deep,
                          room->inputs + q * wide * row * BASIN_LANES, wide, row * BASIN_LANES, tiles,
                          room->points + (p * POINTS + q) * deep * wide);
        }
    }
}

void basin_winograd_weight(const basin_conv *conv, size_t rows, const real *x, size_t x_step, real *w,
                           const real *y, size_t y_step, real *temp)
{
    const basin_room room = basin_winograd_room(conv, temp);

    for (size_t g = 0; g < conv->groups; g++) {
        const basin_tiles in = basin_winograd_inputs(conv, x + g * basin_x_size(conv), x_step);
        const basin_tiles out = basin_winograd_adjoints(conv, y + g * basin_y_size(conv), y_step);
        sum_points(&in, &out, rows * in.down * in.across, &room);
        add_kernels(conv, room.points, w + g * basin_w_size(conv));
    }
}
