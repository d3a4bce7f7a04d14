/* Relayout: the same tensor with its samples as rows, or side by side in lanes (op.h). The graph compiler places it.
 *
 * rows [B, k, width]  <->  lanes [groups, k, width, 16]. On the way to lanes the last group's empty ones repeat the last sample;
 * adjoints on the way there are 0 in them.
 */
#include <string.h>

#include "model/op.h"

static basin_status infer(basin_node *node)
{
    return basin_infer_same(node);
}

enum { TILE = 16 }; /* elements at a time, so that both sides stay in the first cache */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* lanes [groups, k, width, 16] = rows [b, k, width]; empty lanes repeat the last sample, or hold 0. */
static void to_lanes(const real *rows, real *lanes, size_t b, size_t k, size_t width, bool repeat)
{
    for (size_t g = 0; g * BASIN_LANES < b; g++)
        for (size_t j = 0; j < k; j++)
            for (size_t e = 0; e < width; e += TILE)
                for (size_t l = 0; l < BASIN_LANES; l++) {
                    const size_t sample = g * BASIN_LANES + l;
                    const real  *from = rows + (least(sample, b - 1) * k + j) * width;
                    real        *to = lanes + (g * k + j) * width * BASIN_LANES + l;
                    for (size_t t = e; t < least(e + TILE, width); t++) to[t * BASIN_LANES] = sample < b || repeat ? from[t] : 0;
                }
}

/* rows [b, k, width] (+)= lanes [groups, k, width, 16]. */
static void to_rows(const real *lanes, real *rows, size_t b, size_t k, size_t width, bool add)
{
    for (size_t i = 0; i < b; i++)
        for (size_t j = 0; j < k; j++) {
            const real *from = lanes + (i / BASIN_LANES * k + j) * width * BASIN_LANES + i % BASIN_LANES;
            real       *to = rows + (i * k + j) * width;
            if (add)
                for (size_t e = 0; e < width; e++) to[e] += from[e * BASIN_LANES];
            else
                for (size_t e = 0; e < width; e++) to[e] = from[e * BASIN_LANES];
        }
}

/* lanes [groups, k, width, 16] += rows [b, k, width]. */
static void add_to_lanes(const real *rows, real *lanes, size_t b, size_t k, size_t width)
{
    for (size_t i = 0; i < b; i++)
        for (size_t j = 0; j < k; j++) {
            const real *from = rows + (i * k + j) * width;
            real       *to = lanes + (i / BASIN_LANES * k + j) * width * BASIN_LANES + i % BASIN_LANES;
            for (size_t e = 0; e < width; e++) to[e * BASIN_LANES] += from[e];
        }
}

static void ahead(const basin_node *node, const real *from, real *to, size_t b, size_t k)
{
    const basin_slot *y = NODE_OUTPUT(node);

    if (y->lanes == 1)
        to_rows(from, to, b, k, y->width, false);
    else
        to_lanes(from, to, b, k, y->width, true);
}

static void back(const basin_node *node, const real *from, real *to, size_t b, size_t k)
{
    const basin_slot *y = NODE_OUTPUT(node);

    if (y->lanes != 1)
        to_rows(from, to, b, k, y->width, node->accumulate[0]);
    else if (node->accumulate[0])
        add_to_lanes(from, to, b, k, y->width);
    else
        to_lanes(from, to, b, k, y->width, false);
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    ahead(node, NODE_INPUT(node, 0)->v, NODE_OUTPUT(node)->v, b, 1);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    back(node, NODE_OUTPUT(node)->a, NODE_INPUT(node, 0)->a, b, 1);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    ahead(node, NODE_INPUT(node, 0)->d, NODE_OUTPUT(node)->d, b, k);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    back(node, NODE_OUTPUT(node)->ad, NODE_INPUT(node, 0)->ad, b, k);
}

const basin_op REAL(basin_op_Relayout) = {
    .name = "Relayout",
    .inputs_min = 1,
    .inputs_max = 1,
    .degree = BASIN_DEGREE_LINEAR,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
