/* Windows that slide over the space of a sample [channels, height, width] (or [channels, width]: of
 * height 1), for convolution and pooling: the attributes kernel_shape, strides, dilations, pads,
 * ceil_mode, read and checked.
 */
#ifndef BASIN_ENGINE_KERNELS_WINDOW_H
#define BASIN_ENGINE_KERNELS_WINDOW_H

#include "engine/op.h"

/* tap t of output i reads input i stride + t dilation - begin, if it is one */
typedef struct basin_window_axis {
    size_t in, out, kernel, stride, dilation, begin, end;
} basin_window_axis;

typedef struct basin_window {
    basin_window_axis y, x;
} basin_window;

/* Refuses an input 0 that a window cannot slide over, and auto_pad. */
basin_status basin_window_input(const basin_node *node);
/* Of the node's input 0. kernel [rank - 1]: that of the weights, with which kernel_shape must
   agree; NULL: from kernel_shape. */
basin_status basin_window_read(basin_node *node, const size_t *kernel, basin_window *out);
/* The output has that many channels and the window's space. */
void basin_window_shape(basin_node *node, const basin_window *window, size_t channels);
/* BASIN_ERR_UNSUPPORTED where a window lies in the padding alone: a pool would have nothing to
   take. */
basin_status basin_window_covered(const basin_node *node, const basin_window *window);

/* Steps of a dilation that it takes to go so far; pools ask for every output, and a division is
   slow. */
static inline size_t basin_window_steps(size_t distance, size_t dilation)
{
    return dilation == 1 ? distance : (distance + dilation - 1) / dilation;
}

/* Taps [from, to) of output i that read an input. */
static inline void basin_window_taps(const basin_window_axis *axis, size_t i, size_t *from,
                                     size_t *to)
{
    /* in coordinates that count the padding */
    const size_t start = i * axis->stride, end = axis->begin + axis->in;

    *from = start < axis->begin ? basin_window_steps(axis->begin - start, axis->dilation) : 0;
    *to = start < end ? basin_window_steps(end - start, axis->dilation) : 0;
    if (*to > axis->kernel) *to = axis->kernel;
    if (*from > *to) *from = *to;
}

/* The inputs that one output reads: rows and columns. */
typedef struct basin_region {
    size_t row, rows, row_step, column, columns, column_step;
} basin_region;

static inline basin_region basin_window_region(const basin_window *window, size_t oy, size_t ox)
{
    const basin_window_axis *y = &window->y, *x = &window->x;
    size_t                   top, bottom, left, right;

    basin_window_taps(y, oy, &top, &bottom);
    basin_window_taps(x, ox, &left, &right);
    return (basin_region){
        .row = oy * y->stride + top * y->dilation - y->begin,
        .rows = bottom - top,
        .row_step = y->dilation,
        .column = ox * x->stride + left * x->dilation - x->begin,
        .columns = right - left,
        .column_step = x->dilation,
    };
}

/* Number in its channel of the input in row ty, column tx of the region. */
static inline size_t basin_region_place(const basin_window *window, const basin_region *r,
                                        size_t ty, size_t tx)
{
    return (r->row + ty * r->row_step) * window->x.in + r->column + tx * r->column_step;
}

#endif
