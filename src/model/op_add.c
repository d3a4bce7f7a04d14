/* Add: two activations of one shape, or an activation and a parameter that is broadcast over its leading dimensions. */
#include <string.h>

#include "model/op.h"

/* The parameter's shape without leading ones must be the last dimensions of the activation's. */
static bool broadcasts(const basin_slot *param, const basin_slot *x)
{
    size_t skip = 0;

    while (skip < param->rank && param->shape[skip] == 1) skip++;
    size_t rank = param->rank - skip;
    return rank <= x->rank && memcmp(param->shape + skip, x->shape + x->rank - rank, rank * sizeof *x->shape) == 0;
}

static basin_status infer(basin_node *node)
{
    basin_slot *first = NODE_INPUT(node, 0), *second = NODE_INPUT(node, 1), *y = NODE_OUTPUT(node);
    bool        swap = is_param(first);
    basin_slot *x = swap ? second : first, *other = swap ? first : second;

    if (is_param(x)) return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "two parameters %s and %s", first->name, second->name);
    if (is_param(other) ? !broadcasts(other, x) : !basin_shape_equal(x->shape, x->rank, other->shape, other->rank))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s %s and %s %s cannot be added", first->name, BASIN_SHAPE_TEXT(first->shape, first->rank),
                               second->name, BASIN_SHAPE_TEXT(second->shape, second->rank));
    y->rank = x->rank;
    memcpy(y->shape, x->shape, sizeof y->shape);
    if (is_param(other)) basin_node_role(node, swap ? 0 : 1, BASIN_ROLE_BIAS, 0, other->width);
    return BASIN_OK;
}

/* y [rows, width] += x, an activation [rows, width], or a parameter [vectors, n] whose vector j goes to rows i ≡ j. */
static void add_value(real *y, const basin_slot *x, const real *value, size_t rows, size_t vectors, size_t width, bool set)
{
    size_t n = is_param(x) ? x->width : width;

    for (size_t i = 0; i < rows; i++)
        for (size_t start = 0; start < width; start += n) {
            const real *from = is_param(x) ? value + i % vectors * n : value + i * width;
            real       *to = y + i * width + start;
            if (set)
                memmove(to, from, n * sizeof *to);
            else
                for (size_t j = 0; j < n; j++) to[j] += from[j];
        }
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *y = NODE_OUTPUT(node);

    (void)mode;
    for (size_t i = 0; i < 2; i++) add_value(y->v, NODE_INPUT(node, i), NODE_INPUT(node, i)->v, b, 1, y->width, i == 0);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *y = NODE_OUTPUT(node);
    bool        set = true;

    for (size_t i = 0; i < 2; i++) {
        if (NODE_INPUT(node, i)->degree == 0) continue;
        add_value(y->d, NODE_INPUT(node, i), NODE_INPUT(node, i)->d, b * k, k, y->width, set);
        set = false;
    }
}

/* Adjoint `a` [rows, width] of the sum, handed to input number i; a parameter collects it over samples and repetitions. */
static void hand_back(basin_node *node, size_t i, const real *a, real *to, size_t rows, size_t vectors)
{
    basin_slot *x = NODE_INPUT(node, i);
    size_t      width = NODE_OUTPUT(node)->width;

    if (is_param(x)) {
        for (size_t r = 0; r < rows; r++)
            for (size_t j = 0; j < width; j++) to[r % vectors * x->width + j % x->width] += a[r * width + j];
    } else if (x->degree > 0) {
        if (node->accumulate[i])
            for (size_t j = 0; j < rows * width; j++) to[j] += a[j];
        else
            memcpy(to, a, rows * width * sizeof *to);
    }
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    for (size_t i = 0; i < 2; i++) hand_back(node, i, NODE_OUTPUT(node)->a, NODE_INPUT(node, i)->a, b, 1);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    for (size_t i = 0; i < 2; i++) hand_back(node, i, NODE_OUTPUT(node)->ad, NODE_INPUT(node, i)->ad, b * k, k);
}

const basin_op REAL(basin_op_Add) = {
    .name = "Add",
    .inputs_min = 2,
    .inputs_max = 2,
    .degree = BASIN_DEGREE_LINEAR,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
