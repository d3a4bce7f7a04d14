/* MaxPool: the largest of each window, with samples in lanes. What lies in the padding does not compete.
 *
 * forward keeps where in its channel the largest stood: the first of equal ones, the last NaN if there is
 * one, as in PyTorch. The other sweeps move numbers between there and the output: each lane of the window
 * takes or gives where its place is, so that all is vector code. A step on which a place changes crosses a
 * kink. Places are held as reals, exact up to 2^24 in single precision.
 */
#include <string.h>

#include "engine/kernels/vector.h"
#include "engine/kernels/window.h"

enum { PLACES_MOST = 1 << 24 };

static basin_status infer(basin_node *node)
{
    basin_status  st = BASIN_OK;
    basin_slot   *x = NODE_INPUT(node, 0);
    basin_window *window = NULL;

    BASIN_TRY(basin_node_facts(node, sizeof *window, &window));
    BASIN_TRY(basin_window_read(node, NULL, window));
    BASIN_TRY(basin_window_covered(node, window));
    if (x->width / x->shape[0] > PLACES_MOST)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "channels of %zu numbers, more than %d",
                               x->width / x->shape[0], PLACES_MOST);
    basin_window_shape(node, window, x->shape[0]);
    node->work_width = window->y.out * window->x.out * x->shape[0];
done:
    return st;
}

/* ------------------------------------------------------------------- one channel of a group of samples -- */

/* y, place [outputs, 16] of x [inputs, 16]; place may be NULL. */
static void largest(const basin_window *window, const real *x, real *y, real *place)
{
    for (size_t oy = 0; oy < window->y.out; oy++)
        for (size_t ox = 0; ox < window->x.out; ox++, y += BASIN_LANES) {
            const basin_region r = basin_window_region(window, oy, ox);
            const size_t       first = basin_region_place(window, &r, 0, 0);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                vector best = vector_load(x + first * BASIN_LANES + l), where = vector_of((real)first);
                for (size_t ty = 0; ty < r.rows; ty++)
                    for (size_t tx = 0; tx < r.columns; tx++) {
                        const size_t      at = basin_region_place(window, &r, ty, tx);
                        const vector      value = vector_load(x + at * BASIN_LANES + l);
                        const vector_mask larger =
                            (vector_mask)(value > best) | (vector_mask)(value != value);
                        best = vector_choose(larger, value, best);
                        where = vector_choose(larger, vector_of((real)at), where);
                    }
                vector_store(y + l, best);
                if (place != NULL) vector_store(place + l, where);
            }
            if (place != NULL) place += BASIN_LANES;
        }
}

/* y = x at the places. */
static void take(const basin_window *window, const real *place, const real *x, real *y)
{
    for (size_t oy = 0; oy < window->y.out; oy++)
        for (size_t ox = 0; ox < window->x.out; ox++, y += BASIN_LANES, place += BASIN_LANES) {
            const basin_region r = basin_window_region(window, oy, ox);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                const vector where = vector_load(place + l);
                vector       taken = {0};
                for (size_t ty = 0; ty < r.rows; ty++)
                    for (size_t tx = 0; tx < r.columns; tx++) {
                        const size_t at = basin_region_place(window, &r, ty, tx);
                        taken = vector_choose((vector_mask)(where == vector_of((real)at)),
                                              vector_load(x + at * BASIN_LANES + l), taken);
                    }
                vector_store(y + l, taken);
            }
        }
}

/* x += y at the places. */
static void give(const basin_window *window, const real *place, real *x, const real *y)
{
    for (size_t oy = 0; oy < window->y.out; oy++)
        for (size_t ox = 0; ox < window->x.out; ox++, y += BASIN_LANES, place += BASIN_LANES) {
            const basin_region r = basin_window_region(window, oy, ox);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                const vector where = vector_load(place + l), given = vector_load(y + l);
                for (size_t ty = 0; ty < r.rows; ty++)
                    for (size_t tx = 0; tx < r.columns; tx++) {
                        const size_t at = basin_region_place(window, &r, ty, tx);
                        real        *to = x + at * BASIN_LANES + l;
                        vector_store(to, vector_load(to) +
                                             vector_choose((vector_mask)(where == vector_of((real)at)), given,
                                                           (vector){0}));
                    }
            }
        }
}

/* ---------------------------------------------------------------------------------- the four functions -- */

/* Numbers in one channel of one group of samples. */
static size_t channel(const basin_slot *slot)
{
    return slot_stride(slot) / slot->shape[0];
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot  *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t in = channel(x), out = channel(y), channels = slot_rows(y, b) * y->shape[0];

    for (size_t c = 0; c < channels; c++)
        largest(node->facts, x->v + c * in, y->v + c * out,
                mode >= BASIN_MODE_GRADIENT ? node->work + c * out : NULL);
}

/* x += y for k vectors [rows, k, channels, …] of places [rows, channels, …]. */
static void give_back(const basin_node *node, size_t b, size_t k, real *to, const real *from)
{
    const basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t      in = channel(x), out = channel(y), channels = y->shape[0], rows = slot_rows(y, b);

    if (!node->accumulate[0]) memset(to, 0, rows * k * slot_stride(x) * sizeof *to);
    for (size_t i = 0; i < rows * k; i++)
        for (size_t c = 0; c < channels; c++, to += in, from += out)
            give(node->facts, node->work + (i / k * channels + c) * out, to, from);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    give_back(node, b, 1, NODE_INPUT(node, 0)->a, NODE_OUTPUT(node)->a);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t      in = channel(x), out = channel(y), channels = y->shape[0];
    const real       *from = x->d;
    real             *to = y->d;

    for (size_t i = 0; i < slot_rows(y, b) * k; i++)
        for (size_t c = 0; c < channels; c++, from += in, to += out)
            take(node->facts, node->work + (i / k * channels + c) * out, from, to);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    give_back(node, b, k, NODE_INPUT(node, 0)->ad, NODE_OUTPUT(node)->ad);
}

const basin_op REAL(basin_op_MaxPool) = {
    .name = "MaxPool",
    .inputs_min = 1,
    .inputs_max = 1,
    .layout = BASIN_LAYOUT_LANES,
    .degree = BASIN_DEGREE_UNARY,
    .kink = BASIN_KINK_BRANCH,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
