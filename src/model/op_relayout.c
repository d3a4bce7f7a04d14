/* Relayout: the same tensor with its samples as rows, or side by side in lanes (op.h). The graph compiler places it.
 *
 * rows [B, k, width]  <->  lanes [groups, k, width, 16]. On the way to lanes the last group's empty ones repeat the last sample;
 * adjoints on the way there are 0 in them.
 */
#include <string.h>

#include "model/real_vector.h"

static basin_status infer(basin_node *node)
{
    return basin_infer_same(node);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* n < 2 VECTOR numbers, by powers of two, whose copies are instructions. */
INLINE void copy_some(size_t n, const real *from, real *to)
{
    for (size_t some = VECTOR; some > 0; some /= 2) {
        if (n < some) continue;
        memcpy(to, from, some * sizeof *to);
        from += some, to += some, n -= some;
    }
}

INLINE vector load_some(size_t n, const real *from)
{
    real numbers[VECTOR] = {0};

    if (n == VECTOR) return vector_load(from);
    copy_some(n, from, numbers);
    return vector_load(numbers);
}

/* n <= VECTOR elements of VECTOR lanes = those of as many rows, which lie `row` apart; `there` of them, the last one's repeated or 0 behind. */
INLINE void tile_to_lanes(const real *rows, size_t row, size_t there, bool repeat, size_t n, bool add, real *lanes)
{
    vector v[VECTOR];

    for (size_t l = 0; l < VECTOR; l++) v[l] = l < there || repeat ? load_some(n, rows + least(l, there - 1) * row) : (vector){0};
    vector_transpose(v);
    for (size_t e = 0; e < n; e++) vector_store(lanes + e * BASIN_LANES, add ? vector_load(lanes + e * BASIN_LANES) + v[e] : v[e]);
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
