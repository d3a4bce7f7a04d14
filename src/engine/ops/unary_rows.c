/* The rows: f, f' and f'' of each element-wise op of one input. */
#include "engine/kernels/elementary.h"
#include "engine/ops/unary.h"

static void leaky_relu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    const real alpha = facts->alpha;

    (void)q;
    if (p != NULL)
        for (size_t i = 0; i < n; i++) p[i] = x[i] >= 0 ? (real)1 : alpha;
    for (size_t i = 0; i < n; i++) y[i] = x[i] >= 0 ? x[i] : alpha * x[i];
}

/* Vectorised: elementary.c. */
#define VECTORISED(FUNCTION, CURVE)                                                                    \
    static void FUNCTION(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q) \
    {                                                                                                  \
        CURVE(facts->alpha, x, n, y, p, q);                                                            \
    }
VECTORISED(exponential, basin_math_exp)
VECTORISED(logarithm, basin_math_log)
VECTORISED(hyperbolic_tangent, basin_math_tanh)
VECTORISED(sigmoid, basin_math_sigmoid)
VECTORISED(silu, basin_math_silu)
VECTORISED(elu, basin_math_elu)
VECTORISED(softplus, basin_math_softplus)
VECTORISED(gelu_exact, basin_math_gelu)
VECTORISED(gelu_tanh, basin_math_gelu_tanh)
VECTORISED(error_function, basin_math_erf)

static void gelu(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q)
{
    if (facts->tanh_form)
        gelu_tanh(facts, x, n, y, p, q);
    else
        gelu_exact(facts, x, n, y, p, q);
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

/* On the limits the slope is 0, as that of PyTorch's ReLU6 and Hardtanh (torch.clamp has 1 there). A NaN
   stays one. */
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

/* out = scale · x^e; 0 where scale is, whatever the power. Small powers exactly, also of 0 and of negative
   numbers. */
static void powers(real scale, real e, const real *x, size_t n, real *out)
{
#define POWERS(VALUE) \
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

#define UNARY_OP(NAME, INPUTS, FUNCTION, CURVED, KINK, ALPHA)                                         \
    static const unary_row FUNCTION##_row = {.evaluate = FUNCTION, .curved = CURVED, .alpha = ALPHA}; \
    const basin_op         REAL(basin_op_##NAME) = {                                                  \
                .name = #NAME,                                                                        \
                .inputs_min = INPUTS,                                                                 \
                .inputs_max = INPUTS,                                                                 \
                .in_place = true,                                                                     \
                .degree = BASIN_DEGREE_UNARY,                                                         \
                .kink = KINK,                                                                         \
                .infer = basin_unary_infer,                                                           \
                .forward = basin_unary_forward,                                                       \
                .backward = basin_unary_backward,                                                     \
                .forward_dot = basin_unary_forward_dot,                                               \
                .backward_dot = basin_unary_backward_dot,                                             \
                .row = &FUNCTION##_row,                                                               \
    };
#define UNARY(NAME, FUNCTION, CURVED, KINK, ALPHA) UNARY_OP(NAME, 1, FUNCTION, CURVED, KINK, ALPHA)

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
