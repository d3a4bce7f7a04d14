/* Gemm: y = alpha x W' + beta c (transB = 1, W [out, in]) or alpha x W + beta c (transB = 0, W [in, out]), on the last axis of x.
 *
 * With [r, c] the stored shape of W, its tangents come in two arrangements: stacked [k, r, c] and packed [r, k, c]. The
 * first serves products that contract over c, the second those that contract over r, so that each is one GEMM for all k:
 *
 *     transB = 1:   y'  = x' W' + x V'            V stacked: [k·out, in]
 *                   a_x' = a_y' W + a_y V         V packed:  [out, k·in]
 *                   W ad:  a_y'' x -> stacked,  a_y' x' -> packed
 *
 * and with the two exchanged for transB = 0. Where x has more than one vector a sample (a sequence [T, in]), the tangents of
 * one vector of the block lie T apart: then each sample and vector of the block is a GEMM of T rows with the stacked V. A
 * block of one is the first case again, with T times the rows.
 */
#include "model/op.h"

typedef struct gemm_facts {
    size_t in, out, positions; /* vectors of x in a sample */
    bool   transposed;
    real   alpha, beta;
} gemm_facts;

#define GEMM_X(node) NODE_INPUT(node, 0)
#define GEMM_W(node) NODE_INPUT(node, 1)
#define GEMM_C(node) ((node)->input_count > 2 ? NODE_INPUT(node, 2) : NULL)

static basin_status infer_shapes(basin_node *node, gemm_facts *facts)
{
    basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);

    if (x->rank == 0) return basin_node_fail(node, BASIN_ERR_SHAPE, "input %s has no dimension to multiply along", x->name);
    if (w->rank != 2)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected two dimensions, has %s", w->name, BASIN_SHAPE_TEXT(w->shape, w->rank));
    facts->in = x->shape[x->rank - 1];
    facts->out = w->shape[facts->transposed ? 0 : 1];
    facts->positions = x->width / facts->in;
    if (w->shape[facts->transposed ? 1 : 0] != facts->in) {
        size_t expected[2] = {facts->transposed ? facts->out : facts->in, facts->transposed ? facts->in : facts->out};
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected %s for the input %s of width %zu, has %s", w->name, BASIN_SHAPE_TEXT(expected, 2),
                               x->name, facts->in, BASIN_SHAPE_TEXT(w->shape, w->rank));
    }
    if (c != NULL && (!is_leaf(c) || c->width != facts->out || c->rank == 0 || c->shape[c->rank - 1] != facts->out))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected a parameter of shape [%zu], has %s", c->name, facts->out,
                               BASIN_SHAPE_TEXT(c->shape, c->rank));
    y->rank = x->rank;
    for (size_t i = 0; i < y->rank; i++) y->shape[i] = x->shape[i];
    y->shape[y->rank - 1] = facts->out;
    return BASIN_OK;
}

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    gemm_facts  *facts = NULL;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    facts->alpha = (real)basin_node_spec_float(node->spec, "alpha", 1.0);
    facts->beta = (real)basin_node_spec_float(node->spec, "beta", 1.0);
    facts->transposed = basin_node_spec_int(node->spec, "transB", 0) != 0;
    if (basin_node_spec_int(node->spec, "transA", 0) != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "transA = 1 would mix samples; only transA = 0 is supported");
    if (is_leaf(x) || !is_leaf(w))
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "the first input must be an activation and the second a parameter or a buffer (MatMul takes any two)");
    BASIN_TRY(infer_shapes(node, facts));
    basin_node_role(node, 1, BASIN_ROLE_WEIGHT, facts->transposed ? 0 : 1, facts->in);
    if (c != NULL) basin_node_role(node, 2, BASIN_ROLE_BIAS, 0, facts->in);
    x->keep_value = true;
    y->keep_adjoint = true;
    node->packed = w->degree > 0 ? w->width : 0;
done:
    return st;
}

static double flops(const basin_node *node)
{
    const gemm_facts *facts = node->facts;
    return 2.0 * (double)facts->positions * (double)GEMM_W(node)->width;
}

/* ------------------------------------------------------------------------------------------ the three products -- */

/* y [rows, out] = scale y + alpha x [rows, in] W. */
static void apply(const gemm_facts *facts, size_t rows, const real *x, const real *w, real scale, real *y)
{
    real_gemm(BASIN_N, facts->transposed ? BASIN_T : BASIN_N, rows, facts->out, facts->in, facts->alpha, x, facts->in, w,
              facts->transposed ? facts->in : facts->out, scale, y, facts->out);
}

/* x [rows, in] = scale x + alpha y [rows, out] W'. */
static void apply_back(const gemm_facts *facts, size_t rows, const real *y, const real *w, real scale, real *x)
{
    real_gemm(BASIN_N, facts->transposed ? BASIN_N : BASIN_T, rows, facts->in, facts->out, facts->alpha, y, facts->out, w,
              facts->transposed ? facts->in : facts->out, scale, x, facts->in);
}

/* W's adjoint += alpha a' x (transposed) or alpha x' a, with a and x of `rows` vectors. */
static void weight_adjoint(const gemm_facts *facts, size_t rows, const real *a, size_t a_width, const real *x, size_t x_width, real *out)
{
    if (facts->transposed)
        real_gemm(BASIN_T, BASIN_N, a_width, x_width, rows, facts->alpha, a, a_width, x, x_width, 1, out, x_width);
    else
        real_gemm(BASIN_T, BASIN_N, x_width, a_width, rows, facts->alpha, x, x_width, a, a_width, 1, out, a_width);
}

/* y [rows, k, positions, out] = beta c [k, out]. */
static void fill(const gemm_facts *facts, real *y, size_t rows, size_t k, const real *c)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++)
            for (size_t t = 0; t < facts->positions; t++, y += facts->out)
                for (size_t l = 0; l < facts->out; l++) y[l] = facts->beta * c[j * facts->out + l];
}

/* c [k, out] += beta a [rows, k, positions, out], summed over rows and positions. */
static void bias_adjoint(const gemm_facts *facts, const real *a, size_t rows, size_t k, real *c)
{
    if (facts->beta == 0) return;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++)
            for (size_t t = 0; t < facts->positions; t++, a += facts->out)
                for (size_t l = 0; l < facts->out; l++) c[j * facts->out + l] += facts->beta * a[l];
}

/* ------------------------------------------------------------------------------------------- the four functions -- */

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t      rows = slot_rows(x, b);

    (void)mode;
    if (c != NULL) fill(facts, y->v, rows, 1, c->v);
    apply(facts, rows * facts->positions, x->v, w->v, c != NULL ? 1 : 0, y->v);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t      rows = slot_rows(x, b);

    (void)mode;
    if (w->degree > 0) weight_adjoint(facts, rows * facts->positions, y->a, facts->out, x->v, facts->in, w->a);
    if (c != NULL && c->degree > 0) bias_adjoint(facts, y->a, rows, 1, c->a);
    if (x->degree > 0) apply_back(facts, rows * facts->positions, y->a, w->v, node->accumulate[0] ? 1 : 0, x->a);
}

/* y' += x V for the weights' tangents. */
static void add_weight_dot(const basin_node *node, size_t rows, size_t k, real scale)
{
    const gemm_facts *facts = node->facts;
    const basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *y = NODE_OUTPUT(node);
    const size_t      in = facts->in, out = facts->out, t = facts->positions;

    if (k > 1 && t > 1)
        for (size_t i = 0; i < rows * k; i++) apply(facts, t, x->v + i / k * t * in, w->d + i % k * w->width, scale, y->d + i * t * out);
    else if (facts->transposed)
        real_gemm(BASIN_N, BASIN_T, rows * t, k * out, in, facts->alpha, x->v, in, w->d, in, scale, y->d, k * out);
    else
        real_gemm(BASIN_N, BASIN_N, rows * t, k * out, in, facts->alpha, x->v, in, node->packed_d, k * out, scale, y->d, k * out);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t      rows = slot_rows(x, b);
    real              scale = 0;

    if (c != NULL && c->degree > 0) fill(facts, y->d, rows, k, c->d), scale = 1;
    if (w->degree > 0) add_weight_dot(node, rows, k, scale), scale = 1;
    if (x->degree > 0) apply(facts, rows * k * facts->positions, x->d, w->v, scale, y->d);
}

/* W's ad: a_y' with x is stacked for transB = 1 and packed for transB = 0; a_y with x' the other one. */
static void weight_adjoint_dot(basin_node *node, size_t rows, size_t k)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *y = NODE_OUTPUT(node);
    const size_t      in = facts->in, out = facts->out, t = facts->positions;

    if (k > 1 && t > 1) {
        for (size_t i = 0; i < rows * k; i++) {
            real *to = w->ad + i % k * w->width;
            weight_adjoint(facts, t, y->ad + i * t * out, out, x->v + i / k * t * in, in, to);
            if (x->degree > 0) weight_adjoint(facts, t, y->a + i / k * t * out, out, x->d + i * t * in, in, to);
        }
        return;
    }
    weight_adjoint(facts, rows * t, y->ad, k * out, x->v, in, facts->transposed ? w->ad : node->packed_ad);
    if (x->degree > 0) weight_adjoint(facts, rows * t, y->a, out, x->d, k * in, facts->transposed ? node->packed_ad : w->ad);
}

/* a_x' += a_y V. */
static void add_weight_back_dot(const basin_node *node, size_t rows, size_t k)
{
    const gemm_facts *facts = node->facts;
    const basin_slot *x = GEMM_X(node), *w = GEMM_W(node), *y = NODE_OUTPUT(node);
    const size_t      in = facts->in, out = facts->out, t = facts->positions;

    if (k > 1 && t > 1)
        for (size_t i = 0; i < rows * k; i++) apply_back(facts, t, y->a + i / k * t * out, w->d + i % k * w->width, 1, x->ad + i * t * in);
    else if (facts->transposed)
        real_gemm(BASIN_N, BASIN_N, rows * t, k * in, out, facts->alpha, y->a, out, node->packed_d, k * in, 1, x->ad, k * in);
    else
        real_gemm(BASIN_N, BASIN_T, rows * t, k * in, out, facts->alpha, y->a, out, w->d, out, 1, x->ad, k * in);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t      rows = slot_rows(x, b);

    if (w->degree > 0) weight_adjoint_dot(node, rows, k);
    if (c != NULL && c->degree > 0) bias_adjoint(facts, y->ad, rows, k, c->ad);
    if (x->degree == 0) return;
    apply_back(facts, rows * k * facts->positions, y->ad, w->v, node->accumulate[0] ? 1 : 0, x->ad);
    if (w->degree > 0) add_weight_back_dot(node, rows, k);
}

const basin_op REAL(basin_op_Gemm) = {
    .name = "Gemm",
    .inputs_min = 2,
    .inputs_max = 3,
    .layout = BASIN_LAYOUT_ROWS,
    .degree = BASIN_DEGREE_PRODUCT,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
    .flops = flops,
};
