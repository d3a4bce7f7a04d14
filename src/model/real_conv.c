/* Direct convolution with samples in the lanes of vector registers.
 *
 * 1. Ahead and back are one sum: each output number is a sum over k = (tap row, channel, tap column) of a weight, broadcast, times
 *    an input vector at a fixed offset. Ahead, output i reads input i s + t d - p for tap t (stride s, dilation d, padding p). Back,
 *    the inputs i with (i + p) mod s = (t d) mod s read taps t, t + s/gcd(s, d), …, each from outputs one after the other: such a
 *    phase is again a sum of the first kind, with stride 1 and turned weights. Every tap belongs to one phase, so nothing is
 *    multiplied by the zeros that a stride would stuff in.
 * 2. Columns beyond the edge come from a copy with a halo of zeros; rows beyond it are left out: k has the tap row first, so that
 *    what an output row needs is one range of k.
 * 3. A register tile holds the sums of some outputs × some columns, for a vector's part of the 16 lanes at a time. Weights are
 *    packed as [tile of outputs][k][outputs in it].
 * 4. The weights' product keeps tiles of outputs × (channel, tap column) in registers while it runs along a row, adds rows up,
 *    then lanes: three levels, so that single-precision sums over many pixels stay short.
 */
#include "model/real_conv.h"

#include <string.h>

#include "core/memory.h"
#include "model/real_vector.h"

enum { K_BLOCK = 256 };

/* --------------------------------------------------------------------------------------------- geometry -- */

/* A sum along one axis: tap t of output i reads input first + i step + t tap_step; t stands for tap kernel_first + t kernel_step of
   the kernel, i for place out_first + i out_step. */
typedef struct line {
    size_t    taps, kernel_first, kernel_step;
    size_t    count, out_first, out_step;
    ptrdiff_t first, step, tap_step;
    ptrdiff_t in;
} line;

static line line_ahead(const basin_window_axis *axis)
{
    return (line){
        .taps = axis->kernel,
        .kernel_step = 1,
        .count = axis->out,
        .out_step = 1,
        .first = -(ptrdiff_t)axis->begin,
        .step = (ptrdiff_t)axis->stride,
        .tap_step = (ptrdiff_t)axis->dilation,
        .in = (ptrdiff_t)axis->in,
    };
}

static size_t common_divisor(size_t a, size_t b)
{
    while (b > 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Taps of one phase are `period` apart; the phases begin with taps 0, 1, … below that. */
static size_t period(const basin_window_axis *axis)
{
    return axis->stride / common_divisor(axis->stride, axis->dilation);
}

static size_t phases(const basin_window_axis *axis)
{
    return least(axis->kernel, period(axis));
}

static line line_back(const basin_window_axis *axis, size_t phase)
{
    const size_t s = axis->stride, rest = phase * axis->dilation % s;
    line         l = {.kernel_first = phase, .kernel_step = period(axis), .out_step = s, .step = 1, .in = (ptrdiff_t)axis->out};

    l.taps = (axis->kernel - 1 - phase) / l.kernel_step + 1;
    l.out_first = (rest + s - axis->begin % s) % s;
    l.count = l.out_first < axis->in ? (axis->in - 1 - l.out_first) / s + 1 : 0;
    l.first = (ptrdiff_t)((l.out_first + axis->begin) / s) - (ptrdiff_t)(phase * axis->dilation / s);
    l.tap_step = -(ptrdiff_t)(l.kernel_step * axis->dilation / s);
    return l;
}

/* How far the line reads before and after the input. */
static void extend_halo(const line *l, size_t *before, size_t *after)
{
    const ptrdiff_t reach = (ptrdiff_t)(l->taps - 1) * l->tap_step;
    const ptrdiff_t low = l->first + (reach < 0 ? reach : 0), high = l->first + (ptrdiff_t)(l->count - 1) * l->step + (reach > 0 ? reach : 0);

    if (l->count == 0) return;
    if (low < 0 && (size_t)-low > *before) *before = (size_t)-low;
    if (high >= l->in && (size_t)(high - l->in + 1) > *after) *after = (size_t)(high - l->in + 1);
}

/* Taps [from, to) of output i that read an input. */
static void taps_inside(const line *l, size_t i, size_t *from, size_t *to)
{
    const ptrdiff_t base = l->first + (ptrdiff_t)i * l->step;

    *from = 0, *to = l->taps;
    while (*from < *to && (base + (ptrdiff_t)*from * l->tap_step < 0 || base + (ptrdiff_t)*from * l->tap_step >= l->in)) ++*from;
    while (*to > *from && (base + (ptrdiff_t)(*to - 1) * l->tap_step < 0 || base + (ptrdiff_t)(*to - 1) * l->tap_step >= l->in)) --*to;
}

/* The inputs of a product with their halo: [channels, height, before + width + after, 16]. */
typedef struct field {
    size_t      channels, height, width, before, after;
    const real *from; /* the first row's first column, halo counted */
} field;

static size_t field_width(const field *f)
{
    return f->before + f->width + f->after;
}

static void field_set(field *f, const real *x, real *temp)
{
    const size_t row = f->width * BASIN_LANES, before = f->before * BASIN_LANES, after = f->after * BASIN_LANES;

    f->from = x;
    if (f->before == 0 && f->after == 0) return;
    f->from = temp;
    for (size_t i = 0; i < f->channels * f->height; i++, x += row) {
        memset(temp, 0, before * sizeof *temp);
        memcpy(temp + before, x, row * sizeof *temp);
        memset(temp + before + row, 0, after * sizeof *temp);
        temp += before + row + after;
    }
}

static field field_ahead(const basin_conv *conv)
{
    field f = {.channels = conv->channels, .height = conv->window.y.in, .width = conv->window.x.in};
    line  l = line_ahead(&conv->window.x);

    extend_halo(&l, &f.before, &f.after);
    return f;
}

static field field_back(const basin_conv *conv)
{
    field f = {.channels = conv->outputs, .height = conv->window.y.out, .width = conv->window.x.out};

    for (size_t i = 0; i < phases(&conv->window.x); i++) {
        line l = line_back(&conv->window.x, i);
        extend_halo(&l, &f.before, &f.after);
    }
    return f;
}

static size_t field_size(const field *f)
{
    return f->channels * f->height * field_width(f) * BASIN_LANES;
}

static bool field_fits(const field *f)
{
    size_t size;

    return basin_mul(f->channels, f->height, &size) && basin_mul(size, field_width(f), &size) && basin_mul(size, BASIN_LANES, &size);
}

static size_t weight_size(const basin_conv *conv)
{
    return conv->outputs * conv->channels * conv->window.y.kernel * conv->window.x.kernel;
}

bool basin_conv_temp(const basin_conv *conv, size_t *out)
{
    const field ahead = field_ahead(conv), back = field_back(conv);

    if (!field_fits(&ahead) || !field_fits(&back)) return false;
    const size_t first = field_size(&ahead), second = field_size(&back);
    return basin_add(first > second ? first : second, weight_size(conv), out);
}

/* --------------------------------------------------------------------------------------- the register tiles -- */

typedef struct stretch { /* a piece of one output row, and the range of k that it sums */
    const real      *x;
    const ptrdiff_t *offset; /* [k] */
    size_t           k;
    ptrdiff_t        base, x_step; /* of the first column; from column to column */
    real            *y;
    size_t           y_step, y_channel;
} stretch;

/* y (O outputs, P columns from number `column` on) += packed weights [k, O] · x */
#define TILE(O, P)                                                                                                                                   \
    static void tile_##O##_##P(const stretch *s, size_t column, const real *w)                                                                       \
    {                                                                                                                                                \
        const ptrdiff_t base = s->base + (ptrdiff_t)column * s->x_step;                                                                              \
        real           *y = s->y + column * s->y_step;                                                                                               \
        for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {                                                                                           \
            vector sum[O][P], value[P];                                                                                                              \
            for (size_t o = 0; o < O; o++)                                                                                                           \
                for (size_t p = 0; p < P; p++) sum[o][p] = vector_load(y + o * s->y_channel + p * s->y_step + l);                                    \
            for (size_t k = 0; k < s->k; k++) {                                                                                                      \
                const real *from = s->x + (base + s->offset[k] + (ptrdiff_t)l);                                                                      \
                for (size_t p = 0; p < P; p++) value[p] = vector_load(from + (ptrdiff_t)p * s->x_step);                                              \
                for (size_t o = 0; o < O; o++)                                                                                                       \
                    for (size_t p = 0; p < P; p++) sum[o][p] += w[k * O + o] * value[p];                                                             \
            }                                                                                                                                        \
            for (size_t o = 0; o < O; o++)                                                                                                           \
                for (size_t p = 0; p < P; p++) vector_store(y + o * s->y_channel + p * s->y_step + l, sum[o][p]);                                    \
        }                                                                                                                                            \
    }
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
TILE(2, 6)
TILE(2, 2)
TILE(2, 1)
TILE(1, 8)
TILE(1, 2)
TILE(1, 1)

typedef void tile_function(const stretch *s, size_t column, const real *w);

static void run_stretch(const stretch *s, size_t columns, const real *w, size_t wide, tile_function *most, tile_function *two, tile_function *one)
{
    size_t column = 0;

    for (; column + wide <= columns; column += wide) most(s, column, w);
    for (; column + 2 <= columns; column += 2) two(s, column, w);
    for (; column < columns; column++) one(s, column, w);
}

/* Outputs in the tile that begins at output o: fours, then what remains. */
static size_t tile_outputs(size_t outputs, size_t o)
{
    return outputs - o >= 4 ? 4 : outputs - o >= 2 ? 2 : 1;
}

/* ------------------------------------------------------------------------------------------- ahead and back -- */

/* One phase of a product on one group of samples. */
typedef struct pass {
    line         y, x;
    const field *in;
    size_t       outputs, out_height, out_width;
    size_t       k; /* y.taps · channels · x.taps */
} pass;

static pass make_pass(const field *in, line y, line x, size_t outputs, size_t out_height, size_t out_width)
{
    return (pass){
        .y = y, .x = x, .in = in, .outputs = outputs, .out_height = out_height, .out_width = out_width, .k = y.taps * in->channels * x.taps};
}

/* Weights of a phase: [tile][k][outputs in it], k = (tap row, channel, tap column). w_out, w_in: from output to output and channel to
   channel in w. Returns what follows. */
static real *pack(const pass *p, const real *w, size_t w_out, size_t w_in, size_t kernel_width, real *to)
{
    for (size_t o = 0, n; o < p->outputs; o += n) {
        n = tile_outputs(p->outputs, o);
        for (size_t ty = 0; ty < p->y.taps; ty++)
            for (size_t c = 0; c < p->in->channels; c++)
                for (size_t tx = 0; tx < p->x.taps; tx++) {
                    const size_t row = p->y.kernel_first + ty * p->y.kernel_step, column = p->x.kernel_first + tx * p->x.kernel_step;
                    const real  *from = w + o * w_out + c * w_in + row * kernel_width + column;
                    for (size_t i = 0; i < n; i++) *to++ = from[i * w_out];
                }
    }
    return to;
}

/* Offsets of k in [from, to) from the row and column that tap 0 of channel 0 reads. */
static void set_offsets(const pass *p, size_t from, size_t to, ptrdiff_t *offset)
{
    const ptrdiff_t row = (ptrdiff_t)(field_width(p->in) * BASIN_LANES), channel = row * (ptrdiff_t)p->in->height;
    size_t          tx = from % p->x.taps, c = from / p->x.taps % p->in->channels, ty = from / p->x.taps / p->in->channels;

    for (size_t k = from; k < to; k++) {
        *offset++ = (ptrdiff_t)ty * p->y.tap_step * row + (ptrdiff_t)c * channel + (ptrdiff_t)tx * p->x.tap_step * BASIN_LANES;
        if (++tx == p->x.taps) tx = 0, c++;
        if (c == p->in->channels) c = 0, ty++;
    }
}

/* Output row i of all outputs += its sum over k in [from, to), whose offsets are given from number `start` on. */
static void add_row(const pass *p, size_t i, size_t from, size_t to, const ptrdiff_t *offset, size_t start, const real *packed, real *out)
{
    const ptrdiff_t row = (ptrdiff_t)field_width(p->in);
    stretch         s = {.x = p->in->from, .offset = offset + (from - start), .k = to - from};

    s.base = ((p->y.first + (ptrdiff_t)i * p->y.step) * row + p->x.first + (ptrdiff_t)p->in->before) * BASIN_LANES;
    s.x_step = p->x.step * BASIN_LANES;
    s.y_step = p->x.out_step * BASIN_LANES;
    s.y_channel = p->out_height * p->out_width * BASIN_LANES;
    for (size_t o = 0, n; o < p->outputs; o += n) {
        n = tile_outputs(p->outputs, o);
        const real *w = packed + o * p->k + from * n;
        s.y = out + ((o * p->out_height + p->y.out_first + i * p->y.out_step) * p->out_width + p->x.out_first) * BASIN_LANES;
        if (n == 4)
            run_stretch(&s, p->x.count, w, 3, tile_4_3, tile_4_2, tile_4_1);
        else if (n == 2)
            run_stretch(&s, p->x.count, w, 6, tile_2_6, tile_2_2, tile_2_1);
        else
            run_stretch(&s, p->x.count, w, 8, tile_1_8, tile_1_2, tile_1_1);
    }
}

static void run_pass(const pass *p, const real *packed, real *out)
{
    const size_t of_row = p->in->channels * p->x.taps;
    ptrdiff_t    offset[K_BLOCK];

    for (size_t start = 0; start < p->k; start += K_BLOCK) {
        const size_t end = least(start + K_BLOCK, p->k);
        set_offsets(p, start, end, offset);
        for (size_t i = 0; i < p->y.count; i++) {
            size_t from, to;
            taps_inside(&p->y, i, &from, &to);
            from = from * of_row > start ? from * of_row : start;
            to = least(to * of_row, end);
            if (from < to) add_row(p, i, from, to, offset, start, packed, out);
        }
    }
}

void basin_conv_ahead(const basin_conv *conv, size_t rows, const real *x, size_t x_step, const real *w, real *y, size_t y_step, real *temp)
{
    const basin_window *window = &conv->window;
    const size_t        taps = window->y.kernel * window->x.kernel;
    const size_t        x_group = conv->channels * window->y.in * window->x.in * BASIN_LANES,
                 y_group = conv->outputs * window->y.out * window->x.out * BASIN_LANES;
    field      in = field_ahead(conv);
    const pass p = make_pass(&in, line_ahead(&window->y), line_ahead(&window->x), conv->outputs, window->y.out, window->x.out);

    for (size_t g = 0; g < conv->groups; g++) {
        real *packed = temp + field_size(&in); /* behind, so that the field's vectors are aligned */
        pack(&p, w + g * weight_size(conv), conv->channels * taps, taps, window->x.kernel, packed);
        for (size_t i = 0; i < rows; i++) {
            field_set(&in, x + i * x_step + g * x_group, temp);
            run_pass(&p, packed, y + i * y_step + g * y_group);
        }
    }
}

static pass pass_back(const basin_conv *conv, const field *in, size_t phase)
{
    const basin_window *window = &conv->window;
    const size_t        along = phases(&window->x);

    return make_pass(in, line_back(&window->y, phase / along), line_back(&window->x, phase % along), conv->channels, window->y.in, window->x.in);
}

void basin_conv_back(const basin_conv *conv, size_t rows, real *x, size_t x_step, const real *w, const real *y, size_t y_step, real *temp)
{
    const basin_window *window = &conv->window;
    const size_t        taps = window->y.kernel * window->x.kernel, count = phases(&window->y) * phases(&window->x);
    const size_t        x_group = conv->channels * window->y.in * window->x.in * BASIN_LANES,
                 y_group = conv->outputs * window->y.out * window->x.out * BASIN_LANES;
    field in = field_back(conv);

    for (size_t g = 0; g < conv->groups; g++) {
        real *to = temp + field_size(&in);
        for (size_t phase = 0; phase < count; phase++) {
            const pass p = pass_back(conv, &in, phase);
            to = pack(&p, w + g * weight_size(conv), taps, conv->channels * taps, window->x.kernel, to);
        }
        for (size_t i = 0; i < rows; i++) {
            const real *packed = temp + field_size(&in);
            field_set(&in, y + i * y_step + g * y_group, temp);
            for (size_t phase = 0; phase < count; phase++) {
                const pass p = pass_back(conv, &in, phase);
                run_pass(&p, packed, x + i * x_step + g * x_group);
                packed += p.outputs * p.k;
            }
        }
    }
}

/* --------------------------------------------------------------------------------------------- the weights -- */

typedef struct patch { /* output rows [from, to) for one tap row, and a tile of (channel, tap column) */
    const real *x, *y;
    ptrdiff_t   base[4]; /* of each tap in the tile, for output row 0 */
    ptrdiff_t   x_row, x_step;
    size_t      from, to, columns, y_channel;
    real       *w;        /* of the tile's first output */
    size_t      w_out;    /* from output to output */
    size_t      place[4]; /* of each tap from there */
} patch;

/* w (O outputs, T taps) += y ⋆ x */
#define PATCH(O, T)                                                                                                                                  \
    static void patch_##O##_##T(const patch *p)                                                                                                      \
    {                                                                                                                                                \
        vector total[O][T];                                                                                                                          \
        memset(total, 0, sizeof total);                                                                                                              \
        for (size_t i = p->from; i < p->to; i++) {                                                                                                   \
            const real *y = p->y + i * p->columns * BASIN_LANES, *x[T];                                                                              \
            vector      sum[O][T];                                                                                                                   \
            for (size_t t = 0; t < T; t++) x[t] = p->x + (p->base[t] + (ptrdiff_t)i * p->x_row);                                                     \
            for (size_t o = 0; o < O; o++)                                                                                                           \
                for (size_t t = 0; t < T; t++) sum[o][t] = (vector){0};                                                                              \
            for (size_t j = 0; j < p->columns; j++, y += BASIN_LANES)                                                                                \
                for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {                                                                                   \
                    vector value[T];                                                                                                                 \
                    for (size_t t = 0; t < T; t++) value[t] = vector_load(x[t] + ((ptrdiff_t)j * p->x_step + (ptrdiff_t)l));                         \
                    for (size_t o = 0; o < O; o++) {                                                                                                 \
                        const vector a = vector_load(y + o * p->y_channel + l);                                                                      \
                        for (size_t t = 0; t < T; t++) sum[o][t] += a * value[t];                                                                    \
                    }                                                                                                                                \
                }                                                                                                                                    \
            for (size_t o = 0; o < O; o++)                                                                                                           \
                for (size_t t = 0; t < T; t++) total[o][t] += sum[o][t];                                                                             \
        }                                                                                                                                            \
        for (size_t o = 0; o < O; o++)                                                                                                               \
            for (size_t t = 0; t < T; t++) p->w[o * p->w_out + p->place[t]] += vector_sum(total[o][t]);                                              \
    }
PATCH(4, 3)
PATCH(4, 2)
PATCH(4, 1)
PATCH(2, 3)
PATCH(2, 2)
PATCH(2, 1)
PATCH(1, 3)
PATCH(1, 2)
PATCH(1, 1)

static void run_patch(const patch *p, size_t outputs, size_t taps)
{
    static void (*const functions[3][3])(const patch *) = {
        {patch_1_1, patch_1_2, patch_1_3}, {patch_2_1, patch_2_2, patch_2_3}, {patch_4_1, patch_4_2, patch_4_3}};

    functions[outputs / 2][taps - 1](p);
}

/* Output rows [from, to) that read an input row through tap row t: those of the padded axis that start late and end early enough. */
static void rows_inside(const line *l, size_t t, size_t *from, size_t *to)
{
    const ptrdiff_t base = l->first + (ptrdiff_t)t * l->tap_step;

    *from = base < 0 ? (size_t)((-base + l->step - 1) / l->step) : 0;
    *to = base < l->in ? least(l->count, (size_t)((l->in - 1 - base) / l->step) + 1) : 0;
}

/* w [outputs, channels, kernel] of one group += y ⋆ x for one group of samples. */
static void add_weights(const pass *p, const real *y, real *w)
{
    const ptrdiff_t row = (ptrdiff_t)(field_width(p->in) * BASIN_LANES), channel = row * (ptrdiff_t)p->in->height;
    const size_t    taps = p->y.taps * p->x.taps, of_row = p->in->channels * p->x.taps;
    patch           q = {.x = p->in->from, .columns = p->x.count, .y_channel = p->out_height * p->out_width * BASIN_LANES};

    q.x_row = p->y.step * row;
    q.x_step = p->x.step * BASIN_LANES;
    q.w_out = p->in->channels * taps;
    for (size_t ty = 0; ty < p->y.taps; ty++) {
        const ptrdiff_t first = (p->y.first + (ptrdiff_t)ty * p->y.tap_step) * row + (p->x.first + (ptrdiff_t)p->in->before) * BASIN_LANES;
        rows_inside(&p->y, ty, &q.from, &q.to);
        for (size_t k = 0, n; k < of_row && q.from < q.to; k += n) {
            n = least(3, of_row - k);
            for (size_t t = 0; t < n; t++) {
                const size_t c = (k + t) / p->x.taps, tx = (k + t) % p->x.taps;
                q.base[t] = first + (ptrdiff_t)c * channel + (ptrdiff_t)tx * p->x.tap_step * BASIN_LANES;
                q.place[t] = c * taps + ty * p->x.taps + tx;
            }
            for (size_t o = 0, m; o < p->outputs; o += m) {
                m = tile_outputs(p->outputs, o);
                q.y = y + o * q.y_channel;
                q.w = w + o * q.w_out;
                run_patch(&q, m, n);
            }
        }
    }
}

void basin_conv_weight(const basin_conv *conv, size_t rows, const real *x, size_t x_step, real *w, const real *y, size_t y_step, real *temp)
{
    const basin_window *window = &conv->window;
    const size_t        x_group = conv->channels * window->y.in * window->x.in * BASIN_LANES,
                 y_group = conv->outputs * window->y.out * window->x.out * BASIN_LANES;
    field      in = field_ahead(conv);
    const pass p = make_pass(&in, line_ahead(&window->y), line_ahead(&window->x), conv->outputs, window->y.out, window->x.out);

    for (size_t g = 0; g < conv->groups; g++)
        for (size_t i = 0; i < rows; i++) {
            field_set(&in, x + i * x_step + g * x_group, temp);
            add_weights(&p, y + i * y_step + g * y_group, w + g * weight_size(conv));
        }
}
