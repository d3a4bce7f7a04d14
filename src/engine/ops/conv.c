/* Conv: 1-D or 2-D convolution of samples in lanes, with strides, dilations, paddings and groups.
 *
 * With W * x the convolution, W' * a its transpose and a ⋆ x the weights' product (convolution.h), V the
 * weights' tangent:
 *
 *     y  = W * x + c                  y'   = W * x' + V * x + c'
 *     a_x = W' * a_y                  a_x' = W' * a_y' + V' * a_y
 *     W's adjoint += a_y ⋆ x          W's += a_y' ⋆ x + a_y ⋆ x'
 */
#include <string.h>

#include "engine/kernels/convolution.h"
#include "engine/kernels/vector.h"

#define CONV_X(node) NODE_INPUT(node, 0)
#define CONV_W(node) NODE_INPUT(node, 1)
#define CONV_C(node) ((node)->input_count > 2 ? NODE_INPUT(node, 2) : NULL)

/* W [outputs, channels / group, kernel…], c [outputs]; the kernel itself is the window's business. */
static basin_status infer_weights(const basin_node *node, basin_conv *conv)
{
    const basin_slot *x = CONV_X(node), *w = CONV_W(node), *c = CONV_C(node);
    const int64_t     groups = basin_node_spec_int(node->spec, "group", 1);

    if (w->batched || (c != NULL && c->batched))
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "%s depends on the network's input; weights must be the same for all samples",
                               w->batched ? w->name : c->name);
    if (w->rank != x->rank + 1)
        return basin_node_fail(
            node, BASIN_ERR_SHAPE,
            "%s: has shape %s, expected %zu dimensions for the input %s of shape %s a sample", w->name,
            BASIN_SHAPE_TEXT(w->shape, w->rank), x->rank + 1, x->name, BASIN_SHAPE_TEXT(x->shape, x->rank));
    if (w->width == 0)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: has shape %s", w->name,
                               BASIN_SHAPE_TEXT(w->shape, w->rank));
    if (groups < 1 || w->shape[0] % (uint64_t)groups != 0 || x->shape[0] % (uint64_t)groups != 0 ||
        x->shape[0] / (uint64_t)groups != w->shape[1])
        return basin_node_fail(node, BASIN_ERR_SHAPE,
                               "%s of shape %s in %lld groups does not fit the %zu channels of the input %s",
                               w->name, BASIN_SHAPE_TEXT(w->shape, w->rank), (long long)groups, x->shape[0],
                               x->name);
    if (c != NULL && (c->rank != 1 || c->shape[0] != w->shape[0]))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected a bias of shape [%zu], has %s", c->name,
                               w->shape[0], BASIN_SHAPE_TEXT(c->shape, c->rank));
    conv->groups = (size_t)groups;
    conv->channels = w->shape[1];
    conv->outputs = w->shape[0] / conv->groups;
    return BASIN_OK;
}

/* What a product reads at a frozen point; weights that are computed have values of their own. */
static void keep(basin_node *node)
{
    basin_slot *x = CONV_X(node), *w = CONV_W(node), *y = NODE_OUTPUT(node);

    if (w->degree > 0) x->keep_value = true;
    if (x->degree > 0) w->keep_value = true;
    if (w->degree > 0 && x->degree > 0) y->keep_adjoint = true;
}

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_conv  *conv = NULL;

    BASIN_TRY(basin_node_facts(node, sizeof *conv, &conv));
    BASIN_TRY(basin_window_input(node));
    BASIN_TRY(infer_weights(node, conv));
    BASIN_TRY(basin_window_read(node, CONV_W(node)->shape + 2, &conv->window));
    basin_window_shape(node, &conv->window, conv->groups * conv->outputs);
    if (!basin_conv_temp(conv, &node->temp_size))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "its padded input is too large for any memory");
    const size_t fan_in = CONV_W(node)->width / CONV_W(node)->shape[0];
    basin_node_role(node, 1, BASIN_ROLE_WEIGHT, 0, fan_in);
    if (CONV_C(node) != NULL) basin_node_role(node, 2, BASIN_ROLE_BIAS, 0, fan_in);
    keep(node);
done:
    return st;
}

/* Taps in the padding count, as is usual. */
static double flops(const basin_node *node)
{
    return 2.0 * (double)NODE_OUTPUT(node)->width * (double)(CONV_W(node)->width / CONV_W(node)->shape[0]);
}

/* ------------------------------------------------------------------------------------------------ bias -- */

/* y of one group of samples = c for each channel, or 0. */
static void fill(const basin_slot *y, const real *c, real *to)
{
    const size_t area = slot_stride(y) / y->shape[0];

    for (size_t m = 0; m < y->shape[0]; m++)
        for (size_t l = 0; l < area; l++) *to++ = c != NULL ? c[m] : 0;
}

/* c += a of one group of samples, summed over space and lanes: lanes last, so that each sum is short. */
static void collect(const basin_slot *y, const real *a, real *c)
{
    const size_t area = slot_stride(y) / y->shape[0];

    for (size_t m = 0; m < y->shape[0]; m++, a += area) {
        vector lanes = {0};
        for (size_t e = 0; e < area; e += VECTOR) lanes += vector_load(a + e);
        c[m] += vector_sum(lanes);
    }
}

/* ---------------------------------------------------------------------------------- the four functions -- */

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot  *x = CONV_X(node), *c = CONV_C(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b);

    (void)mode;
    for (size_t i = 0; i < rows; i++) fill(y, c != NULL ? c->v : NULL, y->v + i * slot_stride(y));
    basin_conv_ahead(node->facts, rows, x->v, slot_stride(x), CONV_W(node)->v, y->v, slot_stride(y),
                     node->temp);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot  *x = CONV_X(node), *w = CONV_W(node), *c = CONV_C(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b);

    if (x->degree > 0) {
        if (!node->accumulate[0]) memset(x->a, 0, rows * slot_stride(x) * sizeof *x->a);
        basin_conv_back(node->facts, rows, x->a, slot_stride(x), w->v, y->a, slot_stride(y), node->temp);
    }
    if (w->degree > 0 && slot_collects(w, mode))
        basin_conv_weight(node->facts, rows, x->v, slot_stride(x), w->a, y->a, slot_stride(y), node->temp);
    for (size_t i = 0; c != NULL && c->degree > 0 && slot_collects(c, mode) && i < rows; i++)
        collect(y, y->a + i * slot_stride(y), c->a);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot  *x = CONV_X(node), *w = CONV_W(node), *c = CONV_C(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b), in = slot_stride(x), out = slot_stride(y);

    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < rows; i++)
            fill(y, c != NULL && c->degree > 0 ? c->d + j * c->width : NULL, y->d + (i * k + j) * out);
        if (x->degree > 0)
            basin_conv_ahead(node->facts, rows, x->d + j * in, k * in, w->v, y->d + j * out, k * out,
                             node->temp);
        if (w->degree > 0)
            basin_conv_ahead(node->facts, rows, x->v, in, w->d + j * w->width, y->d + j * out, k * out,
                             node->temp);
    }
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot  *x = CONV_X(node), *w = CONV_W(node), *c = CONV_C(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b), in = slot_stride(x), out = slot_stride(y);

    if (x->degree > 0 && !node->accumulate[0]) memset(x->ad, 0, rows * k * in * sizeof *x->ad);
    for (size_t j = 0; j < k; j++) {
        const real *ad = y->ad + j * out;
        if (x->degree > 0)
            basin_conv_back(node->facts, rows, x->ad + j * in, k * in, w->v, ad, k * out, node->temp);
        if (x->degree > 0 && w->degree > 0 && !node->straight) {
            basin_conv_back(node->facts, rows, x->ad + j * in, k * in, w->d + j * w->width, y->a, out,
                            node->temp);
            basin_conv_weight(node->facts, rows, x->d + j * in, k * in, w->ad + j * w->width, y->a, out,
                              node->temp);
        }
        if (w->degree > 0)
            basin_conv_weight(node->facts, rows, x->v, in, w->ad + j * w->width, ad, k * out, node->temp);
        for (size_t i = 0; c != NULL && c->degree > 0 && i < rows; i++)
            collect(y, ad + i * k * out, c->ad + j * c->width);
    }
}

const basin_op REAL(basin_op_Conv) = {
    .name = "Conv",
    .inputs_min = 2,
    .inputs_max = 3,
    .layout = BASIN_LAYOUT_LANES,
    .degree = BASIN_DEGREE_PRODUCT,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
    .flops = flops,
};
