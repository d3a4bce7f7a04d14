/* For every precision and instruction set: the element-wise functions against the C library in long
   double. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "engine/kernels/elementary.h"
#include "support.h"

#if defined(BASIN_REAL_SINGLE)
enum { DIGITS = FLT_MANT_DIG, LOWEST = FLT_MIN_EXP, HIGHEST = FLT_MAX_EXP };
#else
enum { DIGITS = DBL_MANT_DIG, LOWEST = DBL_MIN_EXP, HIGHEST = DBL_MAX_EXP };
#endif

enum { MOST_POINTS = 60000, EACH_EXPONENT = 8 };

static real points[MOST_POINTS], values[MOST_POINTS], slopes[MOST_POINTS], bends[MOST_POINTS];

/* Both signs of: numbers of every exponent, and as many again where the functions are not flat. */
static size_t spread_points(void)
{
    basin_random r = basin_random_start(11, BASIN_STREAM_TEST);
    size_t       n = 0;

    for (int e = LOWEST - DIGITS; e <= HIGHEST; e++)
        for (int i = 0; i < EACH_EXPONENT; i++) {
            points[n++] = (real)ldexp(0.5 + 0.49999 * basin_random_uniform(&r), e);
            points[n] = -points[n - 1], n++;
        }
    while (n < MOST_POINTS)
        points[n] = (real)((basin_random_uniform(&r) - 0.5) * (n % 3 == 0   ? 2.0
                                                               : n % 3 == 1 ? 40.0
                                                                            : 1600.0)),
        n++;
    return n;
}

/* The error of y in units of the last digit that a number of the size of `exact` has; infinite numbers must
   be met. */
static double units(real y, long double exact)
{
    const real rounded = (real)exact;
    int        e = 0;

    if (isnan(rounded) || isinf(rounded))
        return (isnan(rounded) && isnan(y)) || y == rounded ? 0.0 : HUGE_VAL;
    frexpl(exact, &e);
    return fabs((double)ldexpl((long double)y - exact, DIGITS - (e > LOWEST ? e : LOWEST)));
}

typedef long double exact_function(long double x);

static long double exact_exp(long double x)
{
    return expl(x);
}
static long double exact_log(long double x)
{
    return logl(x);
}
static long double exact_tanh(long double x)
{
    return tanhl(x);
}
static long double exact_erf(long double x)
{
    return erfl(x);
}
static long double exact_sigmoid(long double x)
{
    return 1.0L / (1.0L + expl(-x));
}
static long double exact_elu(long double x)
{
    return x > 0 ? x : expm1l(x);
}
static long double exact_softplus(long double x)
{
    return fmaxl(x, 0.0L) + log1pl(expl(-fabsl(x)));
}

typedef struct accuracy {
    const char     *name;
    basin_curve    *curve;
    exact_function *exact;
    double          units;
} accuracy;

static void check_accuracy(const accuracy *row, size_t n)
{
    double worst = 0.0, at = 0.0;

    row->curve(1, points, n, values, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        const double error = units(values[i], row->exact((long double)points[i]));
        if (error > worst) worst = error, at = (double)points[i];
    }
    print_message("    %s, %zu bytes: %.2f units at %.17g\n", row->name, sizeof(real), worst, at);
    assert_true(worst <= row->units);
}

/* f(x), f'(x), f''(x) by differences in long double; f' and f'' within `tolerance` of what they are at
   most. */
static void check_derivatives(const accuracy *row, real low, real high, double tolerance)
{
    enum { N = 4001 };
    const long double h = 1e-4L;

    for (size_t i = 0; i < N; i++)
        points[i] = (real)((double)low + ((double)high - (double)low) * ((double)i + 0.3) / N);
    row->curve(1, points, N, values, slopes, bends);
    for (size_t i = 0; i < N; i++) {
        const long double x = (long double)points[i], y = row->exact(x), up = row->exact(x + h);
        const long double down = row->exact(x - h);
        const double      slope =
            (double)((8 * (up - down) - (row->exact(x + 2 * h) - row->exact(x - 2 * h))) / (12 * h));
        const double bend =
            (double)((16 * (up + down) - row->exact(x + 2 * h) - row->exact(x - 2 * h) - 30 * y) /
                     (12 * h * h));
        assert_close((double)slopes[i], slope, tolerance, tolerance);
        assert_close((double)bends[i], bend, tolerance + 1e-9, tolerance + 1e-9);
        assert_close((double)values[i], (double)y, tolerance, tolerance);
    }
}

static long double exact_silu(long double x)
{
    return x / (1.0L + expl(-x));
}
static long double exact_gelu(long double x)
{
    return 0.5L * x * erfcl(-x * 0.70710678118654752440084L);
}
static long double exact_gelu_tanh(long double x)
{
    return x / (1.0L + expl(-2.0L * 0.79788456080286535587989L * (x + 0.044715L * x * x * x)));
}

/* A number's result must not depend on what stands beside it, whatever the array's length. */
static void check_places(basin_curve *curve)
{
    real one[3], at[3];

    for (size_t i = 0; i < 40; i++) points[i] = (real)(0.37 * (double)i - 7.0);
    for (size_t n = 1; n <= 40; n++) {
        memset(values, 0x55, 41 * sizeof *values), memset(slopes, 0x55, 41 * sizeof *slopes),
            memset(bends, 0x55, 41 * sizeof *bends);
        at[0] = values[n], at[1] = slopes[n], at[2] = bends[n];
        curve(1, points, n, values, slopes, bends);
        /* nothing beyond is touched */
        assert_true(at[0] == values[n] && at[1] == slopes[n] && at[2] == bends[n]);
        for (size_t i = 0; i < n; i++) {
            curve(1, points + i, 1, &one[0], &one[1], &one[2]);
            assert_memory_equal(&one[0], &values[i], sizeof(real));
            assert_memory_equal(&one[1], &slopes[i], sizeof(real));
            assert_memory_equal(&one[2], &bends[i], sizeof(real));
        }
        curve(1, points, n, bends, NULL, NULL);
        assert_memory_equal(bends, values, n * sizeof *values);
    }
}

static void check_special(void)
{
    const real infinite = (real)INFINITY, x[] = {0, -(real)0.0, infinite, -infinite, (real)NAN};
    const struct {
        basin_curve *curve;
        real         expected[5];
    } rows[] = {
        {basin_math_exp, {1, 1, infinite, 0, (real)NAN}},
        {basin_math_log, {-infinite, -infinite, infinite, (real)NAN, (real)NAN}},
        {basin_math_tanh, {0, -(real)0.0, 1, -1, (real)NAN}},
        {basin_math_erf, {0, -(real)0.0, 1, -1, (real)NAN}},
        {basin_math_sigmoid, {(real)0.5, (real)0.5, 1, 0, (real)NAN}},
        {basin_math_elu, {0, 0, infinite, -1, (real)NAN}},
        {basin_math_softplus,
         {(real)0.69314718055994530942, (real)0.69314718055994530942, infinite, 0, (real)NAN}},
        {basin_math_silu, {0, -(real)0.0, infinite, (real)NAN, (real)NAN}},
        {basin_math_gelu, {0, -(real)0.0, infinite, (real)NAN, (real)NAN}},
        {basin_math_gelu_tanh, {0, -(real)0.0, infinite, (real)NAN, (real)NAN}},
    };

    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        rows[r].curve(1, x, 5, values, NULL, NULL);
        for (size_t i = 0; i < 5; i++) {
            assert_true(units(values[i], (long double)rows[r].expected[i]) <= 1.0);
            if (rows[r].expected[i] == 0 && rows[r].curve != basin_math_elu)
                assert_int_equal(signbit(values[i]) != 0, signbit(rows[r].expected[i]) != 0);
        }
    }
}

static void check_softmax(void)
{
    real y[41];

    for (size_t n = 1; n <= 40; n++) {
        long double sum = 0;
        real        top = -50;
        for (size_t i = 0; i < n; i++)
            points[i] = (real)(90.0 * sin(3.0 * (double)(i + n))), top = points[i] > top ? points[i] : top;
        if (n > 2) points[n / 2] = -(real)INFINITY;
        for (size_t i = 0; i < n; i++) sum += expl((long double)points[i] - (long double)top);
        y[n] = 7;
        basin_math_softmax(points, n, y);
        for (size_t i = 0; i < n; i++)
            assert_close((double)y[i], (double)(expl((long double)points[i] - (long double)top) / sum),
                         (double)REAL_EPSILON * 200, 1e-37);
        if (n > 2) assert_true(y[n / 2] == 0);
        assert_true(y[n] == 7);
        for (size_t bad = 0; bad < n; bad++) {
            const real kept = points[bad];
            points[bad] = (real)NAN;
            basin_math_softmax(points, n, y);
            for (size_t i = 0; i < n; i++) assert_true(isnan(y[i]));
            points[bad] = kept;
        }
        for (size_t i = 0; i < n; i++) points[i] = -(real)INFINITY;
        basin_math_softmax(points, n, points);
        for (size_t i = 0; i < n; i++) assert_true(isnan(points[i]));
    }
}

void REAL(check_math)(void);
void REAL(check_math)(void)
{
    const accuracy sharp[] = {
        {"exp", basin_math_exp, exact_exp, 1.0},
        {"log", basin_math_log, exact_log, 1.0},
        {"tanh", basin_math_tanh, exact_tanh, 2.5},
        {"erf", basin_math_erf, exact_erf, 1.5},
        {"sigmoid", basin_math_sigmoid, exact_sigmoid, 2.5},
        {"elu", basin_math_elu, exact_elu, 1.5},
        {"softplus", basin_math_softplus, exact_softplus, 1.5},
    };
    const accuracy smooth[] = {
        {"silu", basin_math_silu, exact_silu, 0},
        {"gelu", basin_math_gelu, exact_gelu, 0},
        {"gelu_tanh", basin_math_gelu_tanh, exact_gelu_tanh, 0},
    };
    const size_t n = spread_points();
    const double tolerance = 40 * (double)REAL_EPSILON;

    for (size_t i = 0; i < sizeof sharp / sizeof *sharp; i++) {
        spread_points();
        check_accuracy(&sharp[i], n);
        check_places(sharp[i].curve);
    }
    for (size_t i = 0; i < sizeof sharp / sizeof *sharp; i++) {
        const real low = sharp[i].curve == basin_math_log ? (real)0.5 : -9;
        if (sharp[i].curve == basin_math_elu)
            check_derivatives(&sharp[i], -9, (real)-0.01, tolerance),
                check_derivatives(&sharp[i], (real)0.01, 9, tolerance);
        else
            check_derivatives(&sharp[i], low, sharp[i].curve == basin_math_exp ? 2 : 9, tolerance);
    }
    for (size_t i = 0; i < sizeof smooth / sizeof *smooth; i++) {
        check_places(smooth[i].curve);
        check_derivatives(&smooth[i], -9, 9, tolerance);
    }
    check_special();
    check_softmax();
}
