/* Relayout: the same tensor with its samples as rows, or side by side in lanes (op.h). The graph compiler
 * places it.
 *
 * rows [B, k, width]  <-> lanes [groups, k, width, 16]. On the way to lanes the last group's empty ones
 *                     repeat the last sample;
 * adjoints on the way there are 0 in them.
 */
#include <string.h>

#include "engine/kernels/vector.h"

static basin_status infer(basin_node *node)
{
    return basin_infer_same(node);
}

/* n <= VECTOR numbers, by powers of two, whose copies are single instructions. */
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

INLINE void store_some(size_t n, vector v, bool add, real *to)
{
    real numbers[VECTOR];

    if (add) v += load_some(n, to);
    if (n == VECTOR) {
        vector_store(to, v);
        return;
    }
    vector_store(numbers, v);
    copy_some(n, numbers, to);
}

/* n <= VECTOR elements of VECTOR lanes (+)= those of the first `there` rows, which lie `row` apart; behind
   these the last one's, or 0. */
INLINE void tile_to_lanes(const real *rows, size_t row, size_t there, bool repeat, size_t n, bool add,
                          real *lanes)
{
    vector v[VECTOR];

    for (size_t l = 0; l < VECTOR; l++) {
        v[l] = (vector){0};
        if (l < there || repeat) v[l] = load_some(n, rows + basin_least(l, there - 1) * row);
    }
    vector_transpose(v);
    for (size_t e = 0; e < n; e++, lanes += BASIN_LANES) {
        if (add) v[e] += vector_load(lanes);
        vector_store(lanes, v[e]);
    }
}

INLINE void tile_to_rows(const real *lanes, size_t n, size_t there, bool add, real *rows, size_t row)
{
    vector v[VECTOR];

    for (size_t e = 0; e < VECTOR; e++) {
        v[e] = (vector){0};
        if (e < n) v[e] = vector_load(lanes + e * BASIN_LANES);
    }
    vector_transpose(v);
    for (size_t l = 0; l < there; l++) store_some(n, v[l], add, rows + l * row);
}

/* Where VECTOR samples of a group begin: the number of those that are there. */
static size_t samples_from(size_t sample, size_t b)
{
    return sample < b ? basin_least(b - sample, VECTOR) : 0;
}

/* lanes [groups, k, width, 16] (+)= rows [b, k, width]; empty lanes repeat the last sample, or hold 0. */
static void to_lanes(const real *rows, real *lanes, size_t b, size_t k, size_t width, bool repeat, bool add)
{
    for (size_t sample = 0; sample < (b + BASIN_LANES - 1) / BASIN_LANES * BASIN_LANES; sample += VECTOR) {
        const size_t there = samples_from(sample, b);
        for (size_t j = 0; j < k; j++) {
            const real *from = rows + (basin_least(sample, b - 1) * k + j) * width;
            real *to = lanes + (sample / BASIN_LANES * k + j) * width * BASIN_LANES + sample % BASIN_LANES;
            for (size_t e = 0; e < width; e += VECTOR)
                tile_to_lanes(from + e, k * width, there > 0 ? there : repeat, repeat,
                              basin_least(VECTOR, width - e), add, to + e * BASIN_LANES);
        }
    }
}

/* rows [b, k, width] (+)= lanes [groups, k, width, 16]. */
static void to_rows(const real *lanes, real *rows, size_t b, size_t k, size_t width, bool add)
{
    for (size_t sample = 0; sample < b; sample += VECTOR)
        for (size_t j = 0; j < k; j++) {
            const real *from =
                lanes + (sample / BASIN_LANES * k + j) * width * BASIN_LANES + sample % BASIN_LANES;
            real *to = rows + (sample * k + j) * width;
            for (size_t e = 0; e < width; e += VECTOR)
                tile_to_rows(from + e * BASIN_LANES, basin_least(VECTOR, width - e), samples_from(sample, b),
                             add, to + e, k * width);
        }
}

void basin_to_lanes(const real *rows, size_t b, size_t width, real *lanes)
{
    to_lanes(rows, lanes, b, 1, width, true, false);
}

static void ahead(const basin_node *node, const real *from, real *to, size_t b, size_t k)
{
    const basin_slot *y = NODE_OUTPUT(node);

    if (y->lanes == 1)
        to_rows(from, to, b, k, y->width, false);
    else
        to_lanes(from, to, b, k, y->width, true, false);
}

static void back(const basin_node *node, const real *from, real *to, size_t b, size_t k)
{
    const basin_slot *y = NODE_OUTPUT(node);

    if (y->lanes != 1)
        to_rows(from, to, b, k, y->width, node->accumulate[0]);
    else
        to_lanes(from, to, b, k, y->width, false, node->accumulate[0]);
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
    .moves = true,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
