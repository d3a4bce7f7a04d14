/* Direct convolution with samples in the lanes of vector registers.
 *
 * 1. Ahead and back are one sum: each output number is a sum over k = (tap row, channel, tap column) of a
 *    weight, broadcast, times an input vector at a fixed offset. Ahead, output i reads input i s + t d - p
 *    for tap t (stride s, dilation d, padding p). Back, the inputs i with (i + p) mod s = (t d) mod s read
 *    taps t, t + s/gcd(s, d), …, each from outputs one after the other: such a phase is again a sum of the
 *    first kind, with stride 1 and turned weights. Every tap belongs to one phase, so nothing is multiplied
 *    by the zeros that a stride would stuff in.
 * 2. Columns beyond the edge come from a copy with a halo of zeros; rows beyond it are left out: k has the
 *    tap row first, so that what an output row needs is one range of k.
 * 3. A register tile holds the sums of some outputs × some columns, for a vector's part of the 16 lanes at a
 *    time. Weights are packed as [tile of outputs][k][outputs in it].
 * 4. The weights' product keeps tiles of outputs × (channel, tap column) in registers while it runs along a
 *    row, adds rows up, then lanes: three levels, so that single-precision sums over many pixels stay short.
 * 5. Where it is less work, all three go by Winograd's filtering instead (winograd.c), in single precision.
 */
#include "engine/kernels/convolution.h"

#include <string.h>

#include "core/memory.h"
#include "engine/kernels/tiles.h"
#include "engine/kernels/winograd.h"

enum { K_BLOCK = 256 };

/* -------------------------------------------------------------------------------------------- geometry -- */

/* A sum along one axis: tap t of output i reads input first + i step + t tap_step; t stands for tap
   kernel_first + t kernel_step of the kernel, i for place out_first + i out_step. */
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

/* Taps of one phase are `period` apart; the phases begin with taps 0, 1, … below that. */
static size_t period(const basin_window_axis *axis)
{
    return axis->stride / common_divisor(axis->stride, axis->dilation);
}

static size_t phases(const basin_window_axis *axis)
{
    return basin_least(axis->kernel, period(axis));
}

static line line_back(const basin_window_axis *axis, size_t phase)
{
    const size_t s = axis->stride, rest = phase * axis->dilation % s;
    line         l = {.kernel_first = phase,
                      .kernel_step = period(axis),
                      .out_step = s,
                      .step = 1,
                      .in = (ptrdiff_t)axis->out};

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
    const ptrdiff_t low = l->first + (reach < 0 ? reach : 0),
                    high = l->first + (ptrdiff_t)(l->count - 1) * l->step + (reach > 0 ? reach : 0);

    if (l->count == 0) return;
    if (low < 0 && (size_t)-low > *before) *before = (size_t)-low;
    if (high >= l->in && (size_t)(high - l->in + 1) > *after) *after = (size_t)(high - l->in + 1);
}

/* Taps [from, to) of output i that read an input. */
static void taps_inside(const line *l, size_t i, size_t *from, size_t *to)
{
    const ptrdiff_t base = l->first + (ptrdiff_t)i * l->step;

    *from = 0, *to = l->taps;
    while (*from < *to &&
           (base + (ptrdiff_t)*from * l->tap_step < 0 || base + (ptrdiff_t)*from * l->tap_step >= l->in))
        ++*from;
    while (*to > *from && (base + (ptrdiff_t)(*to - 1) * l->tap_step < 0 ||
                           base + (ptrdiff_t)(*to - 1) * l->tap_step >= l->in))
        --*to;
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
    const size_t row = f->width * BASIN_LANES, before = f->before * BASIN_LANES;
    const size_t after = f->after * BASIN_LANES;

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

    return basin_mul(f->channels, f->height, &size) && basin_mul(size, field_width(f), &size) &&
           basin_mul(size, BASIN_LANES, &size);
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
    if (basin_winograd_takes(conv)) {
        *out = basin_winograd_temp(conv);
        return true;
    }
    return basin_add(first > second ? first : second, weight_size(conv), out);
}

/* -------------------------------------------------------------------------------------- ahead and back -- */

/* One phase of a product on one group of samples. */
typedef struct pass {
    line         y, x;
    const field *in;
    size_t       outputs, out_height, out_width;
    size_t       k; /* y.taps · channels · x.taps */
} pass;

static pass make_pass(const field *in, line y, line x, size_t outputs, size_t out_height, size_t out_width)
{
    return (pass){.y = y,
                  .x = x,
                  .in = in,
                  .outputs = outputs,
                  .out_height = out_height,
                  .out_width = out_width,
                  .k = y.taps * in->channels * x.taps};
}

/* Weights of a phase: [tile][k][outputs in it], k = (tap row, channel, tap column). w_out, w_in: from output
   to output and channel to channel in w. Returns what follows. */
static real *pack(const pass *p, const real *w, size_t w_out, size_t w_in, size_t kernel_width, real *to)
{
    for (size_t o = 0, n; o < p->outputs; o += n) {
        n = even_part(p->outputs - o, BASIN_TILE_OUTPUTS);
        for (size_t ty = 0; ty < p->y.taps; ty++)
            for (size_t c = 0; c < p->in->channels; c++)
                for (size_t tx = 0; tx < p->x.taps; tx++) {
                    const size_t row = p->y.kernel_first + ty * p->y.kernel_step;
                    const size_t column = p->x.kernel_first + tx * p->x.kernel_step;
                    const real  *from = w + o * w_out + c * w_in + row * kernel_width + column;
                    for (size_t i = 0; i < n; i++) *to++ = from[i * w_out];
                }
    }
    return to;
}

/* Offsets of k in [from, to) from the row and column that tap 0 of channel 0 reads. */
static void set_offsets(const pass *p, size_t from, size_t to, ptrdiff_t *offset)
{
    const ptrdiff_t row = (ptrdiff_t)(field_width(p->in) * BASIN_LANES),
                    channel = row * (ptrdiff_t)p->in->height;
    size_t tx = from % p->x.taps, c = from / p->x.taps % p->in->channels;
    size_t ty = from / p->x.taps / p->in->channels;

    for (size_t k = from; k < to; k++) {
        *offset++ = (ptrdiff_t)ty * p->y.tap_step * row + (ptrdiff_t)c * channel +
                    (ptrdiff_t)tx * p->x.tap_step * BASIN_LANES;
        if (++tx == p->x.taps) tx = 0, c++;
        if (c == p->in->channels) c = 0, ty++;
    }
}

/* Output row i of all outputs += its sum over k in [from, to), whose offsets are given from number `start`
   on. */
static void add_row(const pass *p, size_t i, size_t from, size_t to, const ptrdiff_t *offset, size_t start,
                    const real *packed, real *out)
{
    const ptrdiff_t row = (ptrdiff_t)field_width(p->in);
    const real     *x =
        p->in->from +
        ((p->y.first + (ptrdiff_t)i * p->y.step) * row + p->x.first + (ptrdiff_t)p->in->before) * BASIN_LANES;

    for (size_t o = 0, n; o < p->outputs; o += n) {
        n = even_part(p->outputs - o, BASIN_TILE_OUTPUTS);
        real *y =
            out + ((o * p->out_height + p->y.out_first + i * p->y.out_step) * p->out_width + p->x.out_first) *
                      BASIN_LANES;
        basin_convolve(x, offset + (from - start), to - from, packed + o * p->k + from * n, n, p->x.count,
                       (size_t)p->x.step * BASIN_LANES, y, p->out_height * p->out_width * BASIN_LANES,
                       p->x.out_step * BASIN_LANES);
    }
}

static void run_pass(const pass *p, const real *packed, real *out)
{
    const size_t of_row = p->in->channels * p->x.taps;
    ptrdiff_t    offset[K_BLOCK];

    for (size_t start = 0; start < p->k; start += K_BLOCK) {
        const size_t end = basin_least(start + K_BLOCK, p->k);
        set_offsets(p, start, end, offset);
        for (size_t i = 0; i < p->y.count; i++) {
            size_t from, to;
            taps_inside(&p->y, i, &from, &to);
            from = from * of_row > start ? from * of_row : start;
            to = basin_least(to * of_row, end);
            if (from < to) add_row(p, i, from, to, offset, start, packed, out);
        }
    }
}

void basin_conv_ahead(const basin_conv *conv, size_t rows, const real *x, size_t x_step, const real *w,
                      real *y, size_t y_step, real *temp)
{
    const basin_window *window = &conv->window;
    const size_t        taps = window->y.kernel * window->x.kernel;
    const size_t        x_group = conv->channels * window->y.in * window->x.in * BASIN_LANES,
                 y_group = conv->outputs * window->y.out * window->x.out * BASIN_LANES;
    field      in = field_ahead(conv);
    const pass p = make_pass(&in, line_ahead(&window->y), line_ahead(&window->x), conv->outputs,
                             window->y.out, window->x.out);

    if (basin_winograd_takes(conv)) {
        basin_winograd_ahead(conv, rows, x, x_step, w, y, y_step, temp);
        return;
    }
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

    return make_pass(in, line_back(&window->y, phase / along), line_back(&window->x, phase % along),
                     conv->channels, window->y.in, window->x.in);
}

void basin_conv_back(const basin_conv *conv, size_t rows, real *x, size_t x_step, const real *w,
                     const real *y, size_t y_step, real *temp)
{
    const basin_window *window = &conv->window;
    const size_t        taps = window->y.kernel * window->x.kernel;
    const size_t        count = phases(&window->y) * phases(&window->x);
    const size_t        x_group = conv->channels * window->y.in * window->x.in * BASIN_LANES,
                 y_group = conv->outputs * window->y.out * window->x.out * BASIN_LANES;
    field in = field_back(conv);

    if (basin_winograd_takes(conv)) {
        basin_winograd_back(conv, rows, x, x_step, w, y, y_step, temp);
        return;
    }
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

/* ----------------------------------------------------------------------------------------- the weights -- */

/* Output rows [from, to) that read an input row through tap row t: those of the padded axis that start late
   and end early enough. */
static void rows_inside(const line *l, size_t t, size_t *from, size_t *to)
{
    const ptrdiff_t base = l->first + (ptrdiff_t)t * l->tap_step;

    *from = base < 0 ? (size_t)((-base + l->step - 1) / l->step) : 0;
    *to = base < l->in ? basin_least(l->count, (size_t)((l->in - 1 - base) / l->step) + 1) : 0;
}

/* w [outputs, channels, kernel] of one group += y ⋆ x for one group of samples: for each tap row the output
   rows that have it. */
static void add_weights(const pass *p, const real *y, real *w)
{
    const ptrdiff_t row = (ptrdiff_t)(field_width(p->in) * BASIN_LANES),
                    channel = row * (ptrdiff_t)p->in->height;
    const size_t taps = p->y.taps * p->x.taps, of_row = p->in->channels * p->x.taps;
    const size_t y_row = p->x.count * BASIN_LANES;
    ptrdiff_t    offset[K_BLOCK], place[K_BLOCK];

    for (size_t ty = 0; ty < p->y.taps; ty++) {
        size_t    from, to;
        ptrdiff_t first = (p->y.first + (ptrdiff_t)ty * p->y.tap_step) * row +
                          (p->x.first + (ptrdiff_t)p->in->before) * BASIN_LANES;
        rows_inside(&p->y, ty, &from, &to);
        for (size_t k = 0, n; k < of_row && from < to; k += n) {
            n = basin_least(K_BLOCK, of_row - k);
            for (size_t t = 0; t < n; t++) {
                const size_t c = (k + t) / p->x.taps, tx = (k + t) % p->x.taps;
                offset[t] = (ptrdiff_t)c * channel + (ptrdiff_t)tx * p->x.tap_step * BASIN_LANES;
                place[t] = (ptrdiff_t)(c * taps + ty * p->x.taps + tx);
            }
            basin_correlate(y + from * y_row, p->out_height * y_row, y_row, p->outputs,
                            p->in->from + (first + (ptrdiff_t)from * p->y.step * row), p->y.step * row,
                            (size_t)p->x.step * BASIN_LANES, offset, place, n, to - from, p->x.count, w,
                            p->in->channels * taps);
        }
    }
}

void basin_conv_weight(const basin_conv *conv, size_t rows, const real *x, size_t x_step, real *w,
                       const real *y, size_t y_step, real *temp)
{
    const basin_window *window = &conv->window;
    const size_t        x_group = conv->channels * window->y.in * window->x.in * BASIN_LANES,
                 y_group = conv->outputs * window->y.out * window->x.out * BASIN_LANES;
    field      in = field_ahead(conv);
    const pass p = make_pass(&in, line_ahead(&window->y), line_ahead(&window->x), conv->outputs,
                             window->y.out, window->x.out);

    if (basin_winograd_takes(conv)) {
        basin_winograd_weight(conv, rows, x, x_step, w, y, y_step, temp);
        return;
    }
    for (size_t g = 0; g < conv->groups; g++)
        for (size_t i = 0; i < rows; i++) {
            field_set(&in, x + i * x_step + g * x_group, temp);
            add_weights(&p, y + i * y_step + g * y_group, w + g * weight_size(conv));
        }
}
