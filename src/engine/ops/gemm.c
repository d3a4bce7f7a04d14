/* Gemm: y = alpha x W' + beta c (transB = 1, W [out, in]) or alpha x W + beta c (transB = 0, W [in, out]), on
 * the last axis of x.
 *
 * With samples in lanes every product is a sum of elements times weights (dense.h), forward with W, backward
 * with W':
 *
 *     y  = x W' + c                   y'   = x' W' + x V' + c'
 *     a_x = a_y W                     a_x' = a_y' W + a_y V
 *     W's adjoint += a_y x            W's += a_y' x + a_y x'
 *
 * x and y, and their adjoints, are of a row for each group of samples; tangents of a block of k vectors of k
 * such rows, those of vector j k rows apart. What does not depend on the network's input has no lanes: its
 * products are GEMMs of the BLAS, one vector at a time.
 */
#include "engine/kernels/dense.h"

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

    if (x->rank == 0)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "input %s has no dimension to multiply along", x->name);
    if (w->rank != 2)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected two dimensions, has %s", w->name,
                               BASIN_SHAPE_TEXT(w->shape, w->rank));
    facts->in = x->shape[x->rank - 1];
    facts->out = w->shape[facts->transposed ? 0 : 1];
    facts->positions = x->width / facts->in;
    if (w->shape[facts->transposed ? 1 : 0] != facts->in) {
        size_t expected[2] = {facts->transposed ? facts->out : facts->in,
                              facts->transposed ? facts->in : facts->out};
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected %s for the input %s of width %zu, has %s",
                               w->name, BASIN_SHAPE_TEXT(expected, 2), x->name, facts->in,
                               BASIN_SHAPE_TEXT(w->shape, w->rank));
    }
    if (c != NULL &&
        (!slot_is_leaf(c) || c->width != facts->out || c->rank == 0 || c->shape[c->rank - 1] != facts->out))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected a parameter of shape [%zu], has %s",
                               c->name, facts->out, BASIN_SHAPE_TEXT(c->shape, c->rank));
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
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "transA = 1 would mix samples; only transA = 0 is supported");
    if (slot_is_leaf(x) || !slot_is_leaf(w))
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "the first input must be an activation and the second a parameter or a buffer "
                               "(MatMul takes any two)");
    BASIN_TRY(infer_shapes(node, facts));
    basin_node_role(node, 1, BASIN_ROLE_WEIGHT, facts->transposed ? 0 : 1, facts->in);
    if (c != NULL) basin_node_role(node, 2, BASIN_ROLE_BIAS, 0, facts->in);
    if (w->degree > 0) x->keep_value = true;
    if (w->degree > 0 && x->degree > 0) y->keep_adjoint = true;
done:
    return st;
}

static double flops(const basin_node *node)
{
    const gemm_facts *facts = node->facts;
    return 2.0 * (double)facts->positions * (double)GEMM_W(node)->width;
}

/* --------------------------------------------------------------------------------------- without lanes -- */

/* y [n, out] = alpha x W + beta c, or added to y; x NULL: beta c alone. */
static void plain_apply(const gemm_facts *f, size_t n, const real *x, const real *w, const real *c, bool add,
                        real *y)
{
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < f->out; o++)
            y[i * f->out + o] = (add ? y[i * f->out + o] : 0) + (c != NULL ? f->beta * c[o] : 0);
    if (x != NULL)
        real_gemm(BASIN_N, f->transposed ? BASIN_T : BASIN_N, n, f->out, f->in, f->alpha, x, f->in, w,
                  f->transposed ? f->in : f->out, 1, y, f->out);
}

/* x [n, in] = alpha y W', or added to x. */
static void plain_apply_back(const gemm_facts *f, size_t n, const real *y, const real *w, bool add, real *x)
{
    real_gemm(BASIN_N, f->transposed ? BASIN_N : BASIN_T, n, f->in, f->out, f->alpha, y, f->out, w,
              f->transposed ? f->in : f->out, add ? 1 : 0, x, f->in);
}

/* w += alpha times the products of a [n, out] and x [n, in]. */
static void plain_weight(const gemm_facts *f, size_t n, const real *a, const real *x, real *w)
{
    if (f->transposed)
        real_gemm(BASIN_T, BASIN_N, f->out, f->in, n, f->alpha, a, f->out, x, f->in, 1, w, f->in);
    else
        real_gemm(BASIN_T, BASIN_N, f->in, f->out, n, f->alpha, x, f->in, a, f->out, 1, w, f->out);
}

/* c += beta a [n, out], summed over n. */
static void plain_bias(const gemm_facts *f, size_t n, const real *a, real *c)
{
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < f->out; o++) c[o] += f->beta * a[i * f->out + o];
}

/* ---------------------------------------------------------------------------------- the three products -- */

/* For rows that lie `apart` rows from each other. */
static basin_pixels pixels_of(const gemm_facts *facts, real *at, size_t width, size_t apart)
{
    return (basin_pixels){
        .at = at, .row = apart * facts->positions * width * BASIN_LANES, .step = width * BASIN_LANES};
}

static basin_dense dense_of(const gemm_facts *facts, size_t rows)
{
    return (basin_dense){.rows = rows,
                         .positions = facts->positions,
                         .in = facts->in,
                         .out = facts->out,
                         .alpha = facts->alpha,
                         .beta = facts->beta};
}

/* y = alpha x W + beta c, or added to y. x NULL: beta c alone. */
static void apply(const basin_node *node, size_t rows, real *x, size_t x_apart, const real *w, const real *c,
                  bool add, real *y, size_t y_apart)
{
    const gemm_facts        *f = node->facts;
    basin_dense              dense = dense_of(f, rows);
    const basin_dense_matrix matrix = {
        .at = w, .out = f->transposed ? f->in : 1, .in = f->transposed ? 1 : f->out};

    if (!NODE_OUTPUT(node)->batched) {
        plain_apply(f, rows * f->positions, x, w, c, add, y);
        return;
    }
    if (x == NULL) dense.in = 0;
    basin_dense_apply(&dense, pixels_of(f, x, f->in, x_apart), matrix, c, add,
                      pixels_of(f, y, f->out, y_apart));
}

/* x = alpha y W', or added to x. */
static void apply_back(const basin_node *node, size_t rows, real *y, size_t y_apart, const real *w, bool add,
                       real *x, size_t x_apart)
{
    const gemm_facts        *f = node->facts;
    basin_dense              dense = dense_of(f, rows);
    const basin_dense_matrix matrix = {
        .at = w, .out = f->transposed ? 1 : f->out, .in = f->transposed ? f->in : 1};

    if (!NODE_OUTPUT(node)->batched) {
        plain_apply_back(f, rows * f->positions, y, w, add, x);
        return;
    }
    dense.in = f->out, dense.out = f->in;
    basin_dense_apply(&dense, pixels_of(f, y, f->out, y_apart), matrix, NULL, add,
                      pixels_of(f, x, f->in, x_apart));
}

/* w += alpha times the products of an adjoint and x, of both pairs. */
static void collect_weight(const basin_node *node, size_t rows, const basin_pixels a[2],
                           const basin_pixels x[2], real *w)
{
    const gemm_facts *f = node->facts;
    const basin_dense dense = dense_of(f, rows);

    if (!NODE_OUTPUT(node)->batched) {
        plain_weight(f, f->positions, a[0].at, x[0].at, w);
        if (a[1].at != NULL) plain_weight(f, f->positions, a[1].at, x[1].at, w);
        return;
    }
    if (f->transposed)
        basin_dense_weight(&dense, a, f->out, x, f->in, w, f->in);
    else
        basin_dense_weight(&dense, x, f->in, a, f->out, w, f->out);
}

static void collect_bias(const basin_node *node, size_t rows, real *a, size_t apart, real *c)
{
    const gemm_facts *f = node->facts;
    const basin_dense dense = dense_of(f, rows);

    if (!NODE_OUTPUT(node)->batched)
        plain_bias(f, f->positions, a, c);
    else if (f->beta != 0)
        basin_dense_bias(&dense, pixels_of(f, a, f->out, apart), c);
}

/* ---------------------------------------------------------------------------------- the four functions -- */

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = GEMM_X(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);

    (void)mode;
    apply(node, slot_rows(x, b), x->v, 1, GEMM_W(node)->v, c != NULL ? c->v : NULL, false, y->v, 1);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t      rows = slot_rows(x, b);

    if (w->degree > 0 && slot_collects(w, mode))
        collect_weight(node, rows, (basin_pixels[2]){pixels_of(facts, y->a, facts->out, 1)},
                       (basin_pixels[2]){pixels_of(facts, x->v, facts->in, 1)}, w->a);
    if (c != NULL && c->degree > 0 && slot_collects(c, mode)) collect_bias(node, rows, y->a, 1, c->a);
    if (x->degree > 0) apply_back(node, rows, y->a, 1, w->v, node->accumulate[0], x->a, 1);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot  *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(x, b), out = slot_stride(y);

    for (size_t j = 0; j < k; j++)
        apply(node, rows, w->degree > 0 ? x->v : NULL, 1, w->degree > 0 ? w->d + j * w->width : NULL,
              c != NULL && c->degree > 0 ? c->d + j * c->width : NULL, false, y->d + j * out, k);
    if (x->degree > 0) apply(node, rows * k, x->d, 1, w->v, NULL, true, y->d, 1);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    const gemm_facts *facts = node->facts;
    basin_slot       *x = GEMM_X(node), *w = GEMM_W(node), *c = GEMM_C(node), *y = NODE_OUTPUT(node);
    const size_t      rows = slot_rows(x, b), in = slot_stride(x), out = slot_stride(y);
    const bool        bends = x->degree > 0 && !node->straight;

    if (x->degree > 0) apply_back(node, rows * k, y->ad, 1, w->v, node->accumulate[0], x->ad, 1);
    for (size_t j = 0; j < k; j++) {
        basin_pixels a[2] = {pixels_of(facts, y->ad + j * out, facts->out, k)},
                     values[2] = {pixels_of(facts, x->v, facts->in, 1)};
        if (bends)
            a[1] = pixels_of(facts, y->a, facts->out, 1),
            values[1] = pixels_of(facts, x->d + j * in, facts->in, k);
        if (w->degree > 0) collect_weight(node, rows, a, values, w->ad + j * w->width);
        if (c != NULL && c->degree > 0) collect_bias(node, rows, y->ad + j * out, k, c->ad + j * c->width);
        if (bends && w->degree > 0)
            apply_back(node, rows, y->a, 1, w->d + j * w->width, true, x->ad + j * in, k);
    }
}

const basin_op REAL(basin_op_Gemm) = {
    .name = "Gemm",
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
