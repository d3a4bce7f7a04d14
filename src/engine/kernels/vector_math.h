/* Elementary functions of vectors, without branches: all lanes take the same way, and special
 * numbers come out by themselves or are chosen at the end.
 *
 * Arguments are reduced as everybody does (Cody & Waite, Software Manual for the Elementary
 * Functions, 1980): x = n log 2 + r with log 2 in two parts, and x = 2^k m with √½ ≤ m < √2. The
 * rest are polynomials, near the best ones: each interpolates its function at the Chebyshev nodes
 * of the interval, computed with 60 digits. Each is named with the function, the interval and the
 * largest error relative to the result, single and double precision.
 *
 * Errors over the whole range, in units in the last place of the result: exp and log < 1, erf <
 * 1.5, tanh and σ < 2.5 (tests/engine/compiled/functions.c). Rounding to an integer is adding a
 * number so large that its last bit is 1, which also puts the integer among its bits.
 */
#ifndef BASIN_ENGINE_KERNELS_VECTOR_MATH_H
#define BASIN_ENGINE_KERNELS_VECTOR_MATH_H

#include <string.h>

#include "engine/kernels/vector.h"

#if defined(BASIN_REAL_SINGLE)
enum { MANTISSA = 23, BIAS = 127 };
#define LOG2_HIGH 0.693115234375F /* 12 bits: times any exponent it is exact */
#define LOG2_LOW 3.19461849453e-5F
#define EXP_LOW (-104) /* below, exp is 0 */
#define EXP_HIGH 89    /* above, infinite */
#define TANH_FLAT 10   /* above, tanh is 1 */
#define ERFC_FLAT 10   /* above, erfc is 0 */
#define ERFC_CENTRE 2
#else
enum { MANTISSA = 52, BIAS = 1023 };
#define LOG2_HIGH 0.69314718036912381649 /* 32 bits */
#define LOG2_LOW 1.9082149292705878161e-10
#define EXP_LOW (-746)
#define EXP_HIGH 710
#define TANH_FLAT 22
#define ERFC_FLAT 27
#define ERFC_CENTRE 4
#endif

INLINE vector magnitude(vector x)
{
    return (vector)((vector_mask)x & (((real_bits)1 << (8 * sizeof(real) - 2)) - 1 +
                                      ((real_bits)1 << (8 * sizeof(real) - 2))));
}

/* x with the sign of `sign` besides its own. */
INLINE vector with_sign(vector x, vector sign)
{
    return (vector)((vector_mask)x ^ ((vector_mask)sign ^ (vector_mask)magnitude(sign)));
}

/* At most `most`, at least `least`; a NaN stays one. */
INLINE vector at_most(vector x, real most)
{
    return vector_choose(x > most, vector_of(most), x);
}

INLINE vector at_least(vector x, real least)
{
    return vector_choose(x < least, vector_of(least), x);
}

/* Σ c_i x^i */
#define POLYNOMIAL(x, c) horner(x, c, sizeof c / sizeof *c)
INLINE vector horner(vector x, const real *c, size_t n)
{
    vector sum = vector_of(c[n - 1]);

    for (size_t i = n - 1; i-- > 0;) sum = sum * x + c[i];
    return sum;
}

/* ------------------------------------------------------------------------------ exponentials -- */

/* its low bits are 0, and the sum's are the integer */
#define ROUNDER ((real)1.5 * (real)((real_bits)1 << MANTISSA))

/* 2^n for an integer n of the exponent's range. */
INLINE vector power_of_two(vector n)
{
    return (vector)((vector_unsigned)(n + (ROUNDER + BIAS)) << MANTISSA);
}

typedef struct reduced { /* x = n log 2 + r + rest, exp(r + rest) - 1 = r + curve */
    vector n, r, curve;
} reduced;

INLINE reduced reduce(vector x)
{
    /* (exp r - 1 - r) / r², |r| ≤ log 2 / 2: 8e-9, 1.3e-17 */
#if defined(BASIN_REAL_SINGLE)
    static const real EXP[] = {0.5F, 0.1666657667F, 0.04166655421F, 8.363232884e-3F,
                               1.392625083e-3F};
#else
    static const real EXP[] = {0.5,
                               0.166666666666666675,
                               0.0416666666666238205,
                               8.3333333333300382e-3,
                               1.38888889173670806e-3,
                               1.9841269863171556e-4,
                               2.48015210578682052e-5,
                               2.75572682769056962e-6,
                               2.76202015910315488e-7,
                               2.5100472505694996e-8};
#endif
    const vector n = (x * (real)1.4426950408889634074 + ROUNDER) - ROUNDER;
    const vector high = x - n * LOG2_HIGH, low = n * LOG2_LOW, r = high - low;

    return (reduced){n, r, r * r * POLYNOMIAL(r, EXP) + ((high - r) - low)};
}

/* In two factors, so that what is beyond the exponent's range is rounded once, to 0, infinity or a
   denormal number. */
INLINE vector vector_exp(vector x)
{
    const reduced e = reduce(at_most(at_least(x, EXP_LOW), EXP_HIGH));
    const vector  half = (e.n * (real)0.5 + ROUNDER) - ROUNDER;

    return (1 + (e.r + e.curve)) * power_of_two(half) * power_of_two(e.n - half);
}

/* exp(x) - 1 for |x| ≤ 2 TANH_FLAT. 2^n - 1 + 2^n r is added without an error, since one of 2^n - 1
   = 0 and |2^n - 1| ≥ |2^n r| holds. */
INLINE vector vector_expm1(vector x)
{
    const reduced e = reduce(x);
    const vector  scale = power_of_two(e.n), whole = scale - 1, part = scale * e.r,
                 sum = whole + part;

    return sum + ((part - (sum - whole)) + scale * e.curve);
}

/* tanh |x| = E / (E + 2), E = exp(2|x|) - 1. */
INLINE vector vector_tanh(vector x)
{
    const vector e = vector_expm1(2 * at_most(magnitude(x), TANH_FLAT));

    return with_sign(e / (e + 2), x);
}

typedef struct logistic { /* σ(x) and σ(-x), both to the last digits */
    vector value, rest;
} logistic;

INLINE logistic vector_logistic(vector x)
{
    const vector      e = vector_exp(-magnitude(x)), sum = 1 + e, large = 1 / sum, small = e / sum;
    const vector_mask positive = x > 0;

    return (logistic){vector_choose(positive, large, small), vector_choose(positive, small, large)};
}

/* -------------------------------------------------------------------------------- logarithms -- */

#define BITS_OF_ONE ((real_bits)BIAS << MANTISSA)

/* log((x + rest) 2^shift) for a normal x > 0 and |rest| below its last digit: with f = m - 1 and s
   = f / (2 + f), log m = 2 artanh s = f - s (f - s² L(s²)). */
INLINE vector log_of_normal(vector x, vector shift, vector rest)
{
    /* (2 artanh s - 2 s) / s³ in s², s ≤ 0.1716: 3e-9, 5e-18 */
#if defined(BASIN_REAL_SINGLE)
    static const real LOG[] = {0.666666851F, 0.3998875772F, 0.2958098593F};
    const real_bits   root = 0x3F3504F3; /* of √½ */
#else
    static const real LOG[] = {0.666666666666666971, 0.399999999998988905, 0.285714286262538376,
                               0.222222110893794962, 0.181828924325368712, 0.153316117220550079,
                               0.14617807153417325};
    const real_bits   root = 0x3FE6A09E667F3BCD;
#endif
    const real        even = (real)((real_bits)1 << MANTISSA);
    const vector_mask i = (vector_mask)((vector_unsigned)x + (real_unsigned)(BITS_OF_ONE - root));
    const vector      k = (vector)((i >> MANTISSA) | ((real_bits)(BIAS + MANTISSA) << MANTISSA)) -
                     (even + BIAS) + shift;
    const vector f = (vector)((i & (((real_bits)1 << MANTISSA) - 1)) + root) - 1;
    const vector s = f / (2 + f), z = s * s, high = k * LOG2_HIGH, sum = high + f;

    return sum +
           ((f - (sum - high)) - (s * (f - z * POLYNOMIAL(z, LOG)) - (k * LOG2_LOW + rest / x)));
}

/* Denormal numbers are scaled first; 0, infinity, NaN and what is below 0 have their own
   results. */
INLINE vector vector_log(vector x)
{
    /* least normal number */
    const vector least = (vector)((vector_mask){0} + ((real_bits)1 << MANTISSA)),
                 none = vector_of(0), most = vector_of(INFINITY);
    const vector_mask tiny = x < least;
    const vector      scaled = vector_choose(tiny, x * (real)((real_bits)1 << MANTISSA), x);
    const vector y = log_of_normal(scaled, vector_choose(tiny, vector_of(-MANTISSA), none), none);
    const vector beyond =
        vector_choose(x == none, -most, vector_choose(x < none, vector_of(NAN), x));

    return vector_choose((x > none) & (x < most), y, beyond);
}

/* log(1 + e) for 0 ≤ e ≤ 1: what 1 + e loses comes back in `rest`. */
INLINE vector vector_log1p(vector e)
{
    const vector sum = 1 + e;

    return log_of_normal(sum, vector_of(0), e - (sum - 1));
}

/* ------------------------------------------------------------------- the normal distribution -- */

/* erfc(t) / exp(-t²) for 0 ≤ t ≤ ERFC_FLAT: (1 + 2 t) of it is smooth in u = (t - c) / (t + c)
   (Shepherd & Laframboise, Mathematics of Computation 36(153), 1981). */
INLINE vector scaled_erfc(vector t)
{
    /* exp(t²) erfc(t) (1 + 2 t) in u, single: c = 2, t ≤ 10.5: 4e-8; double: c = 4, t ≤ 27.5:
       7e-17 */
#if defined(BASIN_REAL_SINGLE)
    static const real ERFC[] = {
        1.276978377F,     -0.09276398471F, -0.1660304624F,  0.1640556159F,    -0.05421322109F,
        -8.063874396e-3F, 8.658470005e-3F, 1.330044558e-3F, -1.255413916e-3F, -4.200622963e-4F};
#else
    static const real ERFC[] = {
        1.23299511862555255,    -0.139621116840562615,   0.0153796521026063349,
        0.0680970542547082634,  -0.101039066035588837,   0.0937328349978001125,
        -0.0663303658271940512, 0.0371675155449589111,   -0.0161977338960817066,
        5.03196993336524334e-3, -7.57774311953688068e-4, -1.99256613487918449e-4,
        1.50625720402528123e-4, -2.43988248985738821e-5, -1.12322698012795678e-5,
        5.70714504028905423e-6, 3.10310256619729298e-7,  -8.18983195686798477e-7,
        5.84549346194484081e-8, 1.01812750121362313e-7,  -9.29781410207890771e-9,
        -8.85115922344988969e-9};
#endif
    const vector u = (t - ERFC_CENTRE) / (t + ERFC_CENTRE);

    return POLYNOMIAL(u, ERFC) / (1 + 2 * t);
}

/* Its own series below 1, 1 - erfc above. */
INLINE vector vector_erf(vector x, vector gauss) /* gauss = exp(-x²) */
{
    /* erf(x) / x - 1 in x², x ≤ 1: 1.3e-9, 8e-18 */
#if defined(BASIN_REAL_SINGLE)
    static const real ERF[] = {0.1283791658F,   -0.3761262667F,   0.1128359472F,  -0.02685421201F,
                               5.189087423e-3F, -8.016864287e-4F, 7.875875063e-5F};
#else
    static const real ERF[] = {
        0.128379167095512567,    -0.376126389031835404,   0.112837916709450063,
        -0.0268661706432377704,  5.22397760711642273e-3,  -8.54832597538969208e-4,
        1.20552949048397079e-4,  -1.49247369074196603e-5, 1.64474247033173624e-6,
        -1.62084838018717059e-7, 1.37200645467776856e-8,  -7.79589882700214224e-10};
#endif
    const vector t = at_most(magnitude(x), ERFC_FLAT), z = t * t;

    return vector_choose(t < 1, x + x * POLYNOMIAL(z, ERF),
                         with_sign(1 - gauss * scaled_erfc(t), x));
}

#endif
