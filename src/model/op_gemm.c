/* Gemm: y = alpha x W' + beta c (transB = 1, W [out, in]) or alpha x W + beta c (transB = 0, W [in, out]).
 *
 * With [r, c] the stored shape of W, its tangents come in two arrangements: stacked [k, r, c] and packed [r, k, c]. The
 * first serves products that contract over c, the second those that contract over r, so that each is one GEMM for all k:
 *
 *     transB = 1:   y'  = x' W' + x V'            V stacked: [k·out, in]
 *                   a_x' = a_y' W + a_y V         V packed:  [out, k·in]
 *                   W ad:  a_y'' x -> stacked,  a_y' x' -> packed
 *
 * and with the two exchanged for transB = 0.
 */
#include "model/op.h"

#define GEMM_X(node) NODE_INPUT(node, 0)
#define GEMM_W(node) NODE_INPUT(node, 1)
#define GEMM_C(node) ((node)->input_count > 2 ? NODE_INPUT(node, 2) : NULL)

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);

    node->alpha = basin_node_spec_float(node->spec, "alpha", 1.0);
    node->beta = basin_node_spec_float(node->spec, "beta", 1.0);
    node->transposed = basin_node_spec_int(node->spec, "transB", 0) != 0;
    if (basin_node_spec_int(node->spec, "transA", 0) != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "transA = 1 would mix samples; only transA = 0 is supported");
    if (is_param(x) || !is_param(w))
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "the first input must be an activation and the second a parameter");
    if (x->rank != 1)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "input %s has shape %s a sample, expected one dimension (Flatten first)", x->name,
                               BASIN_SHAPE_TEXT(x->shape, x->rank));
    if (w->rank != 2)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected two dimensions, has %s", w->name, BASIN_SHAPE_TEXT(w->shape, w->rank));

    size_t out = w->shape[node->transposed ? 0 : 1], in = w->shape[node->transposed ? 1 : 0];
    if (in != x->width) {
        size_t expected[2] = {node->transposed ? out : x->width, node->transposed ? x->width : out};
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected %s for the input %s of width %zu, has %s", w->name, BASIN_SHAPE_TEXT(expected, 2),
                               x->name, x->width, BASIN_SHAPE_TEXT(w->shape, w->rank));
    }
    if (c != NULL && (!is_param(c) || c->width != out || c->rank == 0 || c->shape[c->rank - 1] != out))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected a parameter of shape [%zu], has %s", c->name, out,
                               BASIN_SHAPE_TEXT(c->shape, c->rank));
    y->rank = 1;
    y->shape[0] = out;
    basin_node_role(node, 1, BASIN_ROLE_WEIGHT, node->transposed ? 0 : 1, in);
    if (c != NULL) basin_node_role(node, 2, BASIN_ROLE_BIAS, 0, in);
    x->keep_value = true;
    y->keep_adjoint = true;
    node->packed = w->width;
    return st;
}

static double flops(const basin_node *node)
{
    return 2.0 * (double)GEMM_W(node)->width;
}

/* Rows of y filled with scale·c [n]. */
static void fill_rows(real *y, size_t rows, size_t n, const real *c, double scale)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) y[i * n + j] = (real)scale * c[j];
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);

    (void)mode;
    if (c != NULL) fill_rows(y->v, b, y->width, c->v, node->beta);
    real_gemm(BASIN_N, node->transposed ? BASIN_T : BASIN_N, b, y->width, x->width, (real)node->alpha, x->v, x->width, w->v, w->shape[1],
              c != NULL ? 1 : 0, y->v, y->width);
}

/* W's adjoint: alpha a' x (transposed) or alpha x' a, with a and x of `rows` samples. */
static void weight_adjoint(const basin_node *node, size_t rows, const real *a, size_t a_width, const real *x, size_t x_width, real *out)
{
    if (node->transposed)
        real_gemm(BASIN_T, BASIN_N, a_width, x_width, rows, (real)node->alpha, a, a_width, x, x_width, 1, out, x_width);
    else
        real_gemm(BASIN_T, BASIN_N, x_width, a_width, rows, (real)node->alpha, x, x_width, a, a_width, 1, out, a_width);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);

    (void)mode;
    weight_adjoint(node, b, y->a, y->width, x->v, x->width, w->a);
    if (c != NULL && node->beta != 0.0)
        for (size_t i = 0; i < b; i++)
            for (size_t j = 0; j < y->width; j++) c->a[j] += (real)node->beta * y->a[i * y->width + j];
    if (x->degree > 0)
        real_gemm(BASIN_N, node->transposed ? BASIN_N : BASIN_T, b, x->width, y->width, (real)node->alpha, y->a, y->width, w->v, w->shape[1],
                  node->accumulate[0] ? 1 : 0, x->a, x->width);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    size_t      out = y->width, in = x->width;

    if (c != NULL)
        for (size_t i = 0; i < b; i++) fill_rows(y->d + i * k * out, 1, k * out, c->d, node->beta);
    if (node->transposed)
        real_gemm(BASIN_N, BASIN_T, b, k * out, in, (real)node->alpha, x->v, in, w->d, in, c != NULL ? 1 : 0, y->d, k * out);
    else
        real_gemm(BASIN_N, BASIN_N, b, k * out, in, (real)node->alpha, x->v, in, node->packed_d, k * out, c != NULL ? 1 : 0, y->d, k * out);
    if (x->degree > 0)
        real_gemm(BASIN_N, node->transposed ? BASIN_T : BASIN_N, b * k, out, in, (real)node->alpha, x->d, in, w->v, w->shape[1], 1, y->d, out);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    size_t      out = y->width, in = x->width;

    /* a_y' with x: stacked for transB = 1, packed for transB = 0; a_y with x': the other one */
    weight_adjoint(node, b, y->ad, k * out, x->v, in, node->transposed ? w->ad : node->packed_ad);
    if (x->degree > 0) weight_adjoint(node, b, y->a, out, x->d, k * in, node->transposed ? node->packed_ad : w->ad);
    if (c != NULL && node->beta != 0.0)
        for (size_t i = 0; i < b; i++)
            for (size_t j = 0; j < k * out; j++) c->ad[j] += (real)node->beta * y->ad[i * k * out + j];
    if (x->degree == 0) return;
    real_gemm(BASIN_N, node->transposed ? BASIN_N : BASIN_T, b * k, in, out, (real)node->alpha, y->ad, out, w->v, w->shape[1],
              node->accumulate[0] ? 1 : 0, x->ad, in);
    if (node->transposed)
        real_gemm(BASIN_N, BASIN_N, b, k * in, out, (real)node->alpha, y->a, out, node->packed_d, k * in, 1, x->ad, k * in);
    else
        real_gemm(BASIN_N, BASIN_T, b, k * in, out, (real)node->alpha, y->a, out, w->d, out, 1, x->ad, k * in);
}

const basin_op REAL(basin_op_Gemm) = {
    .name = "Gemm",
    .inputs_min = 2,
    .inputs_max = 3,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
    .flops = flops,
};
