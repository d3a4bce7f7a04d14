/* What Winograd's filtering takes, and the points of its tiles (winograd.c says what they are). */
#include "engine/kernels/winograd_tiles.h"

#include <string.h>

#if VECTOR_BYTES == 32 /* multiply-adds are fast, and 16 registers make three outputs a tile, not six */
enum { LEAST = 16 };
#else
enum { LEAST = 8 }; /* channels, and outputs, of a group */
#endif

enum {
    LONG_STRIP = 16,       /* tiles of a weights' product at least, */
    LONG_BYTES = 256 << 10 /* and as many as make V and A so large together: half of a small second cache */
};

/* -------------------------------------------------------------------------------------- what is taken -- */

static bool axis_taken(const basin_window_axis *axis)
{
    return axis->kernel == TAPS && axis->stride == 1 && axis->dilation == 1;
}

/* Rows of taps that read an input row, over all output rows. */
static size_t rows_read(const basin_window_axis *axis)
{
    size_t rows = 0, from, to;

    for (size_t i = 0; i < axis->out; i++, rows += to - from) basin_window_taps(axis, i, &from, &to);
    return rows;
}

static size_t halves(size_t n)
{
    return (n + 1) / 2;
}

/* With fewer channels than LEAST making the points costs what is saved, and of small images half of the tiles
 * lies beyond the edge: the direct sum, which leaves rows beyond it out, must have three products for two. */
bool basin_winograd_takes(const basin_conv *conv)
{
    const basin_window_axis *y = &conv->window.y, *x = &conv->window.x;

    return sizeof(real) == sizeof(float) && axis_taken(y) && axis_taken(x) && conv->channels >= LEAST &&
           conv->outputs >= LEAST &&
           2 * rows_read(y) * TAPS * x->out >= 3 * POINTS * halves(y->out) * POINTS * halves(x->out);
}

/* ---------------------------------------------------------------------------------------------- tiles -- */

/* A point of the rows: first + sign · second, of a tile's; sign 0 where there is no second. */
typedef struct mixture {
    size_t first, second;
    real   sign;
} mixture;

static const mixture of_inputs[POINTS] = {{0, 2, -1}, {2, 1, 1}, {2, 1, -1}, {3, 1, -1}};
static const mixture of_adjoints[POINTS] = {{0, 0, 0}, {0, 1, 1}, {0, 1, -1}, {1, 0, 0}};

typedef struct line {
    const real *first, *second;
    real        sign;
    size_t      width;
} line;

static const real *row_of(const basin_tiles *f, const real *plane, ptrdiff_t row, const real *zeros)
{
    return (size_t)row < f->height ? plane + (size_t)row * f->width * BASIN_LANES : zeros;
}

static line line_of(const basin_tiles *f, const real *plane, ptrdiff_t row, const mixture *m,
                    const real *zeros)
{
    return (line){
        .first = row_of(f, plane, row + (ptrdiff_t)m->first, zeros),
        .second = m->sign == 0 ? zeros : row_of(f, plane, row + (ptrdiff_t)m->second, zeros),
        .sign = m->sign,
        .width = f->width,
    };
}

INLINE vector line_at(const line *l, ptrdiff_t column, size_t part)
{
    if ((size_t)column >= l->width) return (vector){0}; /* below 0 wraps around */
    const size_t at = (size_t)column * BASIN_LANES + part;
    return vector_load(l->first + at) + l->sign * vector_load(l->second + at);
}

/* V of tiles side by side, which share two columns each. */
INLINE void points_of_inputs(const line *l, ptrdiff_t column, size_t tiles, size_t part,
                             const basin_steps *by, real *to)
{
    vector d0 = line_at(l, column, part), d1 = line_at(l, column + 1, part);

    for (size_t i = 0; i < tiles; i++, to += by->tile * BASIN_LANES) {
        const vector d2 = line_at(l, column + 2 * (ptrdiff_t)i + 2, part);
        const vector d3 = line_at(l, column + 2 * (ptrdiff_t)i + 3, part);
        vector_store(to, d0 - d2);
        vector_store(to + by->point * BASIN_LANES, d2 + d1);
        vector_store(to + 2 * by->point * BASIN_LANES, d2 - d1);
        vector_store(to + 3 * by->point * BASIN_LANES, d3 - d1);
        d0 = d2, d1 = d3;
    }
}

INLINE void points_of_adjoints(const line *l, ptrdiff_t column, size_t tiles, size_t part,
                               const basin_steps *by, real *to)
{
    for (size_t i = 0; i < tiles; i++, to += by->tile * BASIN_LANES) {
        const vector a0 = line_at(l, column + 2 * (ptrdiff_t)i, part);
        const vector a1 = line_at(l, column + 2 * (ptrdiff_t)i + 1, part);
        vector_store(to, a0);
        vector_store(to + by->point * BASIN_LANES, a0 + a1);
        vector_store(to + 2 * by->point * BASIN_LANES, a0 - a1);
        vector_store(to + 3 * by->point * BASIN_LANES, a1);
    }
}

void basin_winograd_points(bool adjoints, const basin_tiles *f, size_t point, const basin_strip *s,
                           const real *zeros, const basin_steps *by, real *to)
{
    const mixture *m = adjoints ? &of_adjoints[point] : &of_inputs[point];

    for (size_t k = 0, some; k < s->tiles; k += some) {
        const basin_place at = basin_place_of(f, s->tile + k);
        const ptrdiff_t   row = f->top + 2 * (ptrdiff_t)at.row, column = f->left + 2 * (ptrdiff_t)at.column;
        const real       *plane = f->from + at.group * f->apart;
        some = basin_least(f->across - at.column, s->tiles - k);
        for (size_t c = 0; c < s->channels; c++) {
            const line l =
                line_of(f, plane + (s->channel + c) * f->height * f->width * BASIN_LANES, row, m, zeros);
            for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
                real *v = to + (k * by->tile + c * by->channel) * BASIN_LANES + part;
                if (adjoints)
                    points_of_adjoints(&l, column, some, part, by, v);
                else
                    points_of_inputs(&l, column, some, part, by, v);
            }
        }
    }
}

basin_tiles basin_winograd_inputs(const basin_conv *conv, const real *x, size_t x_step)
{
    const basin_window_axis *v = &conv->window.y, *h = &conv->window.x;

    return (basin_tiles){.from = x,
                         .apart = x_step,
                         .channels = conv->channels,
                         .height = v->in,
                         .width = h->in,
                         .down = halves(v->out),
                         .across = halves(h->out),
                         .top = -(ptrdiff_t)v->begin,
                         .left = -(ptrdiff_t)h->begin};
}

basin_tiles basin_winograd_adjoints(const basin_conv *conv, const real *y, size_t y_step)
{
    const basin_window_axis *v = &conv->window.y, *h = &conv->window.x;

    return (basin_tiles){.from = y,
                         .apart = y_step,
                         .channels = conv->outputs,
                         .height = v->out,
                         .width = h->out,
                         .down = halves(v->out),
                         .across = halves(h->out)};
}

/* Input i is read by outputs i + begin - 2 … i + begin. */
basin_tiles basin_winograd_outputs(const basin_conv *conv, const real *y, size_t y_step)
{
    const basin_window_axis *v = &conv->window.y, *h = &conv->window.x;
    basin_tiles              t = basin_winograd_adjoints(conv, y, y_step);

    t.down = halves(v->in), t.across = halves(h->in);
    t.top = (ptrdiff_t)v->begin - (TAPS - 1), t.left = (ptrdiff_t)h->begin - (TAPS - 1);
    return t;
}

/* --------------------------------------------------------------------------------------------- scratch -- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Tiles of a weights' product at a time. */
static size_t long_strip(const basin_conv *conv)
{
    const size_t tile = POINTS * (conv->channels + conv->outputs) * BASIN_LANES * sizeof(real);

    return larger(LONG_BYTES / tile, LONG_STRIP);
}

typedef struct sizes { /* of the parts, in numbers */
    size_t zeros, inputs, adjoints, points;
} sizes;

static sizes sizes_of(const basin_conv *conv)
{
    const size_t deep = basin_up_to(conv->outputs, DEEP), wide = basin_up_to(conv->channels, WIDE);
    const size_t row = long_strip(conv) + 1, most = larger(conv->channels, conv->outputs);
    const size_t near = STRIP * POINTS * basin_least(most, CHANNELS), far = POINTS * wide * row;

    return (sizes){.zeros = larger(conv->window.x.in, conv->window.x.out) * BASIN_LANES,
                   .inputs = larger(near, far) * BASIN_LANES,
                   .adjoints = POINTS * deep * row * BASIN_LANES,
                   .points = POINTS * POINTS * deep * wide};
}

size_t basin_winograd_temp(const basin_conv *conv)
{
    const sizes s = sizes_of(conv);

    return s.zeros + s.inputs + s.adjoints + s.points;
}

basin_room basin_winograd_room(const basin_conv *conv, real *temp)
{
    const sizes s = sizes_of(conv);
    basin_room  room = {.zeros = temp, .inputs = temp + s.zeros, .strip = long_strip(conv)};

    memset(temp, 0, s.zeros * sizeof *temp);
    room.adjoints = room.inputs + s.inputs;
    room.points = room.adjoints + s.adjoints;
    return room;
}
