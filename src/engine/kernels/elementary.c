/* Element-wise functions of vector_math.h with their first two derivatives, in one pass over an array.
 *
 * The last numbers of an array go through a vector of their own, so that a number's result does not depend on
 * its place.
 */
#include "engine/kernels/elementary.h"

#include "engine/kernels/vector_math.h"

typedef struct curve { /* f, f', f'' */
    vector y, p, q;
} curve;

typedef curve function(vector x, real alpha);

/* Stores as many of the three as are asked for; the others cost nothing where `function` is expanded. */
INLINE void run(function *f, int wanted, real alpha, const real *x, size_t n, real *y, real *p, real *q)
{
    size_t i = 0;

    for (; i + VECTOR <= n; i += VECTOR) {
        const curve c = f(*(const vector *)(x + i), alpha);
        *(vector *)(y + i) = c.y;
        if (wanted > 0) *(vector *)(p + i) = c.p;
        if (wanted > 1) *(vector *)(q + i) = c.q;
    }
    if (i == n) return;
    vector last = {0};
    memcpy(&last, x + i, (n - i) * sizeof *x);
    const curve c = f(last, alpha);
    memcpy(y + i, &c.y, (n - i) * sizeof *y);
    if (wanted > 0) memcpy(p + i, &c.p, (n - i) * sizeof *p);
    if (wanted > 1) memcpy(q + i, &c.q, (n - i) * sizeof *q);
}

INLINE void along(function *f, real alpha, const real *x, size_t n, real *y, real *p, real *q)
{
    if (q != NULL)
        run(f, 2, alpha, x, n, y, p, q);
    else if (p != NULL)
        run(f, 1, alpha, x, n, y, p, q);
    else
        run(f, 0, alpha, x, n, y, p, q);
}

/* ------------------------------------------------------------------------------------------- functions -- */

INLINE curve exponential(vector x, real alpha)
{
    const vector e = vector_exp(x);

    (void)alpha;
    return (curve){e, e, e};
}

INLINE curve logarithm(vector x, real alpha)
{
    const vector slope = 1 / x;

    (void)alpha;
    return (curve){vector_log(x), slope, -slope * slope};
}

INLINE curve hyperbolic_tangent(vector x, real alpha)
{
    const vector h = vector_tanh(x), slope = 1 - h * h;

    (void)alpha;
    return (curve){h, slope, -2 * h * slope};
}

INLINE curve sigmoid(vector x, real alpha)
{
    const logistic s = vector_logistic(x);
    const vector   slope = s.value * s.rest;

    (void)alpha;
    return (curve){s.value, slope, slope * (s.rest - s.value)};
}

/* x σ(x), c = σ(-x): f' = σ (1 + x c), f'' = σ c (2 + x (c - σ)). */
INLINE curve silu(vector x, real alpha)
{
    const logistic s = vector_logistic(x);

    (void)alpha;
    return (curve){x * s.value, s.value * (1 + x * s.rest), s.value * s.rest * (2 + x * (s.rest - s.value))};
}

INLINE curve elu(vector x, real alpha)
{
    const vector_mask positive = x > 0;
    const vector      e = alpha * vector_expm1(at_most(at_least(x, -2 * TANH_FLAT), 0)), slope = e + alpha;

    return (curve){vector_choose(positive, x, e), vector_choose(positive, vector_of(1), slope),
                   vector_choose(positive, vector_of(0), slope)};
}

INLINE curve softplus(vector x, real alpha)
{
    const vector      e = vector_exp(-magnitude(x)), sum = 1 + e, large = 1 / sum, small = e / sum;
    const vector_mask positive = x > 0;

    (void)alpha;
    return (curve){vector_choose(positive, x, vector_of(0)) + vector_log1p(e),
                   vector_choose(positive, large, small), large * small};
}

/* x Φ(x), Φ the normal distribution; f' = Φ + x φ, f'' = φ (2 - x²). One exp serves Φ, whose tail keeps its
   digits, and φ. Both are flat beyond ±50 in either precision; this side of it no power overflows. */
INLINE curve gelu(vector x, real alpha)
{
    const vector t = at_most(at_least(x, -50), 50), root = magnitude(t) * (real)0.70710678118654752440;
    const vector gauss = vector_exp((real)-0.5 * t * t), density = (real)0.39894228040143267794 * gauss;
    const vector tail = (real)0.5 * gauss * scaled_erfc(at_most(root, ERFC_FLAT)),
                 below = vector_choose(x > 0, 1 - tail, tail);

    (void)alpha;
    return (curve){x * below, below + t * density, density * (2 - t * t)};
}

/* x/2 (1 + tanh u) = x σ(2u), u = √(2/π) (x + 0.044715 x³) (Hendrycks & Gimpel, arXiv:1606.08415); c =
   σ(-2u): f' = σ + 2 x σ c u', f'' = 2 σ c (2 u' + x (u'' + 2 (c - σ) u'²)). */
INLINE curve gelu_tanh(vector x, real alpha)
{
    const real     a = (real)0.044715, c = (real)0.79788456080286535588;
    const vector   t = at_most(at_least(x, -50), 50), t2 = t * t;
    const logistic s = vector_logistic(2 * c * (t + a * t2 * t));
    const vector   slope = 2 * s.value * s.rest, u1 = c * (1 + 3 * a * t2), u2 = 6 * a * c * t;

    (void)alpha;
    return (curve){x * s.value, s.value + t * slope * u1,
                   slope * (2 * u1 + t * (u2 + 2 * (s.rest - s.value) * u1 * u1))};
}

INLINE curve error_function(vector x, real alpha)
{
    const vector gauss = vector_exp(-x * x), slope = (real)1.12837916709551257390 * gauss; /* 2/√π */

    (void)alpha;
    return (curve){vector_erf(x, gauss), slope, -2 * x * slope};
}

/* NAME of arrays from `function` of vectors. */
#define ARRAYS(NAME, FUNCTION)                                                \
    void NAME(real alpha, const real *x, size_t n, real *y, real *p, real *q) \
    {                                                                         \
        along(FUNCTION, alpha, x, n, y, p, q);                                \
    }
ARRAYS(basin_math_exp, exponential)
ARRAYS(basin_math_log, logarithm)
ARRAYS(basin_math_tanh, hyperbolic_tangent)
ARRAYS(basin_math_sigmoid, sigmoid)
ARRAYS(basin_math_silu, silu)
ARRAYS(basin_math_elu, elu)
ARRAYS(basin_math_softplus, softplus)
ARRAYS(basin_math_gelu, gelu)
ARRAYS(basin_math_gelu_tanh, gelu_tanh)
ARRAYS(basin_math_erf, error_function)

/* --------------------------------------------------------------------------------------------- softmax -- */

INLINE vector load(const real *x, size_t i, size_t n, real fill)
{
    vector v = vector_of(fill);

    if (i + VECTOR <= n) return *(const vector *)(x + i);
    memcpy(&v, x + i, (n - i) * sizeof *x);
    return v;
}

INLINE void store(vector v, size_t i, size_t n, real *y)
{
    if (i + VECTOR <= n)
        *(vector *)(y + i) = v;
    else
        memcpy(y + i, &v, (n - i) * sizeof *y);
}

void basin_math_softmax(const real *x, size_t n, real *y)
{
    vector most = vector_of(x[0]), sums = {0};
    real   top, sum = 0;

    for (size_t i = 0; i < n; i += VECTOR) {
        const vector v = load(x, i, n, x[0]);
        most = vector_choose(v > most, v, most);
    }
    top = most[0];
    for (size_t l = 1; l < VECTOR; l++) top = most[l] > top ? most[l] : top;
    for (size_t i = 0; i < n; i += VECTOR) {
        const vector e = vector_exp(load(x, i, n, -INFINITY) - top);
        sums += e;
        store(e, i, n, y);
    }
    for (size_t l = 0; l < VECTOR; l++) sum += sums[l];
    for (size_t i = 0; i < n; i += VECTOR) store(load(y, i, n, 0) / sum, i, n, y);
}
