/* The rows: f, f' and f'' of each element-wise op of one input. */
#include "model/op_unary.h"

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

/* x σ(x), c = σ(-x): f' = σ (1 + x c), f'' = σ c (2 + x (c - σ)). */
static void silu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real t = x[i], s = logistic(t), c = logistic(-t);
        y[i] = t * s;
        if (p != NULL) p[i] = s * (1 + t * c);
        if (q != NULL) q[i] = s * c * (2 + t * (c - s));
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

/* Φ and tanh are flat beyond ±50 in either precision; this side of it no power overflows. */
static real bounded(real x)
{
    return x < -50 ? (real)-50 : x > 50 ? (real)50 : x;
}

/* x Φ(x), Φ the normal distribution; f' = Φ + x φ, f'' = φ (2 - x²). */
static void gelu_exact(const real *x, size_t n, real *y, real *p, real *q)
{
    for (size_t i = 0; i < n; i++) {
        real t = bounded(x[i]), cumulative = (real)0.5 * (1 + real_erf(t * (real)0.70710678118654752440));
        real density = (real)0.39894228040143267794 * real_exp((real)-0.5 * t * t);
        y[i] = x[i] * cumulative;
        if (p != NULL) p[i] = cumulative + t * density;
        if (q != NULL) q[i] = density * (2 - t * t);
    }
}

/* x/2 (1 + tanh u), u = √(2/π) (x + 0.044715 x³) (Hendrycks & Gimpel, arXiv:1606.08415). */
static void gelu_tanh(const real *x, size_t n, real *y, real *p, real *q)
{
    const real c = (real)0.79788456080286535588, a = (real)0.044715;

    for (size_t i = 0; i < n; i++) {
        real t = bounded(x[i]), h = real_tanh(c * (t + a * t * t * t)), s = 1 - h * h;
        real u1 = c * (1 + 3 * a * t * t), u2 = c * 6 * a * t; /* u', u'' */
        y[i] = (real)0.5 * x[i] * (1 + h);
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

static void square_root(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real t = x[i], root = real_sqrt(t), slope = (real)0.5 / root;
        y[i] = root;
        if (p != NULL) p[i] = slope;
        if (q != NULL) q[i] = (real)-0.5 * slope / t;
    }
}

static void error_function(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real t = x[i], slope = (real)1.12837916709551257390 * real_exp(-t * t); /* 2/√π */
        y[i] = real_erf(t);
        if (p != NULL) p[i] = slope;
        if (q != NULL) q[i] = -2 * t * slope;
    }
}

static void exponential(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real e = real_exp(x[i]);
        y[i] = e;
        if (p != NULL) p[i] = e;
        if (q != NULL) q[i] = e;
    }
}

static void logarithm(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real t = x[i], slope = 1 / t;
        y[i] = real_log(t);
        if (p != NULL) p[i] = slope;
        if (q != NULL) q[i] = -slope * slope;
    }
}

static void reciprocal(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts;
    for (size_t i = 0; i < n; i++) {
        real r = 1 / x[i];
        y[i] = r;
        if (p != NULL) p[i] = -r * r;
        if (q != NULL) q[i] = 2 * r * r * r;
    }
}

/* f'(0) = 0, as PyTorch's. */
static void absolute(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    (void)facts, (void)q;
    for (size_t i = 0; i < n; i++) {
        real t = x[i];
        y[i] = real_fabs(t);
        if (p != NULL) p[i] = t > 0 ? (real)1 : t < 0 ? (real)-1 : 0;
    }
}

/* On the limits the slope is 0, as that of PyTorch's ReLU6 and Hardtanh (torch.clamp has 1 there). A NaN stays one. */
static void clip(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    const real low = facts->low, high = facts->high;

    (void)q;
    for (size_t i = 0; i < n; i++) {
        real t = x[i], raised = t < low ? low : t;
        y[i] = raised > high ? high : raised;
        if (p != NULL) p[i] = t > low && t < high ? (real)1 : (real)0;
    }
}

/* out = scale · x^e; 0 where scale is, whatever the power. Small powers exactly, also of 0 and of negative numbers. */
static void powers(real scale, real e, const real *x, size_t n, real *out)
{
#define POWERS(VALUE)                                                                                                                                \
    for (size_t i = 0; i < n; i++) out[i] = scale * (VALUE)
    if (scale == 0 || e == 0)
        POWERS(1);
    else if (e == 1)
        POWERS(x[i]);
    else if (e == 2)
        POWERS(x[i] * x[i]);
    else if (e == 3)
        POWERS(x[i] * x[i] * x[i]);
    else if (e == -1)
        POWERS(1 / x[i]);
    else if (e == -2)
        POWERS(1 / (x[i] * x[i]));
    else if (e == (real)0.5)
        POWERS(real_sqrt(x[i]));
    else if (e == (real)-0.5)
        POWERS(1 / real_sqrt(x[i]));
    else
        POWERS(real_pow(x[i], e));
#undef POWERS
}

static void power(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    const real e = facts->alpha;

    if (q != NULL) powers(e * (e - 1), e - 2, x, n, q);
    if (p != NULL) powers(e, e - 1, x, n, p);
    powers(1, e, x, n, y); /* last: y may be x */
}

#define UNARY_OP(NAME, INPUTS, FUNCTION, CURVED, KINK, ALPHA)                                                                                        \
    static const unary_row FUNCTION##_row = {.evaluate = FUNCTION, .curved = CURVED, .alpha = ALPHA};                                                \
    const basin_op         REAL(basin_op_##NAME) = {                                                                                                 \
                .name = #NAME,                                                                                                                       \
                .inputs_min = INPUTS,                                                                                                                \
                .inputs_max = INPUTS,                                                                                                                \
                .in_place = true,                                                                                                                    \
                .degree = BASIN_DEGREE_UNARY,                                                                                                        \
                .kink = KINK,                                                                                                                        \
                .infer = basin_unary_infer,                                                                                                          \
                .forward = basin_unary_forward,                                                                                                      \
                .backward = basin_unary_backward,                                                                                                    \
                .forward_dot = basin_unary_forward_dot,                                                                                              \
                .backward_dot = basin_unary_backward_dot,                                                                                            \
                .row = &FUNCTION##_row,                                                                                                              \
    };
#define UNARY(NAME, FUNCTION, CURVED, KINK, ALPHA) UNARY_OP(NAME, 1, FUNCTION, CURVED, KINK, ALPHA)

UNARY(Relu, relu, false, BASIN_KINK_SLOPE, 0.0)
UNARY(LeakyRelu, leaky_relu, false, BASIN_KINK_SLOPE, 0.01)
UNARY(Tanh, hyperbolic_tangent, true, BASIN_KINK_NONE, 0.0)
UNARY(Sigmoid, sigmoid, true, BASIN_KINK_NONE, 0.0)
UNARY(Silu, silu, true, BASIN_KINK_NONE, 0.0)
UNARY(Gelu, gelu, true, BASIN_KINK_NONE, 0.0)
UNARY(Elu, elu, true, BASIN_KINK_SLOPE, 1.0)
UNARY(Softplus, softplus, true, BASIN_KINK_NONE, 0.0)
UNARY(Sqrt, square_root, true, BASIN_KINK_NONE, 0.0)
UNARY(Erf, error_function, true, BASIN_KINK_NONE, 0.0)
UNARY(Exp, exponential, true, BASIN_KINK_NONE, 0.0)
UNARY(Log, logarithm, true, BASIN_KINK_NONE, 0.0)
UNARY(Reciprocal, reciprocal, true, BASIN_KINK_NONE, 0.0)
UNARY(Abs, absolute, false, BASIN_KINK_SLOPE, 0.0)
UNARY(Clip, clip, false, BASIN_KINK_SLOPE, 0.0)
UNARY_OP(Pow, 2, power, true, BASIN_KINK_NONE, 0.0)
