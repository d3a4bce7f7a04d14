/* Element-wise ops of one input: one row of (f, f', f'') each; the four functions follow.
 *
 * forward keeps the slope p = f'(x) and, at a point to be frozen, q = f''(x), which backward turns into q a_y. So a product
 * needs neither x nor any exp:   y' = p x',   a_x' = p a_y' + (q a_y) x'.
 * A kinked row is piecewise: p = 1 on one branch only, which tells when a step crosses the kink. Where f'' vanishes almost
 * everywhere (Relu, LeakyRelu) no q is kept.
 */
#include <string.h>

#include "model/op.h"

typedef struct unary_facts { /* attributes */
    real alpha;
    bool tanh_form; /* of Gelu */
} unary_facts;

typedef struct unary_row {
    /* y = f(x), p = f'(x), q = f''(x) for n elements; p, q may be NULL; y may be x */
    void (*evaluate)(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q);
    bool   curved; /* f'' is not zero */
    double alpha;  /* default of the attribute alpha */
} unary_row;

static const unary_row *row_of(const basin_node *node)
{
    return node->op->row;
}

static void relu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts, (void)q;
    if (p != NULL)
        for (size_t i = 0; i < n; i++) p[i] = x[i] > 0 ? (real)1 : (real)0;
    for (size_t i = 0; i < n; i++) y[i] = x[i] > 0 || x[i] != x[i] ? x[i] : (real)0; /* a NaN stays one */
}

static void leaky_relu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    const real alpha = facts->alpha;

    (void)q;
    if (p != NULL)
        for (size_t i = 0; i < n; i++) p[i] = x[i] >= 0 ? (real)1 : alpha;
    for (size_t i = 0; i < n; i++) y[i] = x[i] >= 0 ? x[i] : alpha * x[i];
}

static void hyperbolic_tangent(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real h = real_tanh(x[i]);
        y[i] = h;
        if (p != NULL) p[i] = 1 - h * h;
        if (q != NULL) q[i] = -2 * h * (1 - h * h);
    }
}

static real logistic(real x)
{
    real e = real_exp(-real_fabs(x));
    return (x >= 0 ? (real)1 : e) / (1 + e);
}

static void sigmoid(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real s = logistic(x[i]), slope = s * logistic(-x[i]);
        y[i] = s;
        if (p != NULL) p[i] = slope;
        if (q != NULL) q[i] = slope * (1 - 2 * s);
    }
}

static void elu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    const real alpha = facts->alpha;

    for (size_t i = 0; i < n; i++) {
        bool positive = x[i] > 0;
        real e = positive ? (real)0 : alpha * real_expm1(x[i]);
        real slope = positive ? (real)1 : e + alpha;
        y[i] = positive ? x[i] : e;
        if (p != NULL) p[i] = slope;
        if (q != NULL) q[i] = positive ? (real)0 : slope;
    }
}

static void softplus(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real s = logistic(x[i]), c = logistic(-x[i]);
        y[i] = (x[i] > 0 ? x[i] : 0) + real_log1p(real_exp(-real_fabs(x[i])));
        if (p != NULL) p[i] = s;
        if (q != NULL) q[i] = s * c;
    }
}

/* x Φ(x), Φ the normal distribution; f' = Φ + x φ, f'' = φ (2 - x²). */
static void gelu_exact(const real *x, size_t n, real *y, real *p, real *q)
{
    for (size_t i = 0; i < n; i++) {
        real t = x[i], cumulative = (real)0.5 * (1 + real_erf(t * (real)0.70710678118654752440));
        real density = (real)0.39894228040143267794 * real_exp((real)-0.5 * t * t);
        y[i] = t * cumulative;
        if (p != NULL) p[i] = cumulative + t * density;
        if (q != NULL) q[i] = density * (2 - t * t);
    }
}

/* x/2 (1 + tanh u), u = √(2/π) (x + 0.044715 x³) (Hendrycks & Gimpel, arXiv:1606.08415). */
static void gelu_tanh(const real *x, size_t n, real *y, real *p, real *q)
{
    const real c = (real)0.79788456080286535588, a = (real)0.044715;

    for (size_t i = 0; i < n; i++) {
        real t = x[i], h = real_tanh(c * (t + a * t * t * t)), s = 1 - h * h;
        real u1 = c * (1 + 3 * a * t * t), u2 = c * 6 * a * t; /* u', u'' */
        y[i] = (real)0.5 * t * (1 + h);
        if (p != NULL) p[i] = (real)0.5 * (1 + h) + (real)0.5 * t * s * u1;
        if (q != NULL) q[i] = s * u1 + (real)0.5 * t * s * (u2 - 2 * h * u1 * u1);
    }
}

static void gelu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    if (facts->tanh_form)
        gelu_tanh(x, n, y, p, q);
    else
        gelu_exact(x, n, y, p, q);
}

/* --------------------------------------------------------------------------------- the four functions -- */

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    const char  *form = basin_node_spec_string(node->spec, "approximate", "none");
    unary_facts *facts = NULL;

    if (strcmp(form, "none") != 0 && strcmp(form, "tanh") != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "approximate = %s is none of none, tanh", form);
    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    facts->alpha = (real)basin_node_spec_float(node->spec, "alpha", row_of(node)->alpha);
    facts->tanh_form = strcmp(form, "tanh") == 0;
    node->work_width = (row_of(node)->curved ? 2 : 1) * NODE_INPUT(node, 0)->width;
    BASIN_TRY(basin_infer_same(node));
done:
    return st;
}

static real *curvature_of(const basin_node *node, size_t b)
{
    return row_of(node)->curved ? node->work + slot_rows(NODE_OUTPUT(node), b) * slot_stride(NODE_OUTPUT(node)) : NULL;
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);

    row_of(node)->evaluate(node->facts, x->v, slot_rows(y, b) * slot_stride(y), y->v, mode >= BASIN_MODE_GRADIENT ? node->work : NULL,
                           mode == BASIN_MODE_FREEZE ? curvature_of(node, b) : NULL);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const real *p = node->work;
    real       *q = mode == BASIN_MODE_FREEZE ? curvature_of(node, b) : NULL;
    size_t      n = slot_rows(y, b) * slot_stride(y);

    if (q != NULL)
        for (size_t i = 0; i < n; i++) q[i] *= y->a[i];
    if (node->accumulate[0])
        for (size_t i = 0; i < n; i++) x->a[i] += p[i] * y->a[i];
    else
        for (size_t i = 0; i < n; i++) x->a[i] = p[i] * y->a[i];
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    size_t      n = slot_stride(y);

    for (size_t i = 0; i < slot_rows(y, b); i++) {
        const real *p = node->work + i * n;
        for (size_t j = 0; j < k; j++) {
            const real *from = x->d + (i * k + j) * n;
            real       *to = y->d + (i * k + j) * n;
            for (size_t l = 0; l < n; l++) to[l] = p[l] * from[l];
        }
    }
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const real *curvature = curvature_of(node, b);
    size_t      n = slot_stride(y);

    for (size_t i = 0; i < slot_rows(y, b); i++) {
        const real *p = node->work + i * n, *q = curvature != NULL ? curvature + i * n : NULL;
        for (size_t j = 0; j < k; j++) {
            const real *ad = y->ad + (i * k + j) * n, *d = x->d + (i * k + j) * n;
            real       *to = x->ad + (i * k + j) * n;
            if (node->accumulate[0])
                for (size_t l = 0; l < n; l++) to[l] += p[l] * ad[l];
            else
                for (size_t l = 0; l < n; l++) to[l] = p[l] * ad[l];
            if (q != NULL)
                for (size_t l = 0; l < n; l++) to[l] += q[l] * d[l];
        }
    }
}

#define UNARY(NAME, FUNCTION, CURVED, KINK, ALPHA)                                                                                                   \
    static const unary_row FUNCTION##_row = {.evaluate = FUNCTION, .curved = CURVED, .alpha = ALPHA};                                                \
    const basin_op         REAL(basin_op_##NAME) = {                                                                                                 \
                .name = #NAME,                                                                                                                       \
                .inputs_min = 1,                                                                                                                     \
                .inputs_max = 1,                                                                                                                     \
                .in_place = true,                                                                                                                    \
                .degree = BASIN_DEGREE_UNARY,                                                                                                        \
                .kink = KINK,                                                                                                                        \
                .infer = infer,                                                                                                                      \
                .forward = forward,                                                                                                                  \
                .backward = backward,                                                                                                                \
                .forward_dot = forward_dot,                                                                                                          \
                .backward_dot = backward_dot,                                                                                                        \
                .row = &FUNCTION##_row,                                                                                                              \
    };

UNARY(Relu, relu, false, BASIN_KINK_SLOPE, 0.0)
UNARY(LeakyRelu, leaky_relu, false, BASIN_KINK_SLOPE, 0.01)
UNARY(Tanh, hyperbolic_tangent, true, BASIN_KINK_NONE, 0.0)
UNARY(Sigmoid, sigmoid, true, BASIN_KINK_NONE, 0.0)
UNARY(Gelu, gelu, true, BASIN_KINK_NONE, 0.0)
UNARY(Elu, elu, true, BASIN_KINK_SLOPE, 1.0)
UNARY(Softplus, softplus, true, BASIN_KINK_NONE, 0.0)
