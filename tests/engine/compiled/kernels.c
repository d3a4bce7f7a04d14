/* For every precision and instruction set: the kernels against plain loops. */
#include <string.h>

#include "core/random.h"
#include "engine/kernels/elementary.h"
#include "engine/kernels/tiles.h"
#include "support.h"

enum { LANES = BASIN_LANES, OUTPUTS = 19, TAPS = 14, PIXELS = 8, ROWS = 3, WIDTH = 24 };

static real src[ROWS * WIDTH * 4 * LANES], y[OUTPUTS * ROWS * PIXELS * LANES],
    expected[OUTPUTS * ROWS * PIXELS * LANES], a[OUTPUTS * ROWS * PIXELS * LANES];
static real w[TAPS * OUTPUTS], sums[OUTPUTS * TAPS], expected_sums[OUTPUTS * TAPS];

static void fill(real *values, size_t count, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    for (size_t i = 0; i < count; i++) values[i] = (real)(basin_random_uniform(&r) - 0.5);
}

static const double tolerance = 64 * REAL_EPSILON;

static void check_convolve(const ptrdiff_t *offset, size_t taps, size_t outputs, size_t n, size_t step)
{
    const size_t plane = ROWS * PIXELS * LANES;

    fill(y, sizeof y / sizeof *y, 3);
    memcpy(expected, y, sizeof y);
    for (size_t o = 0; o < outputs; o++)
        for (size_t x = 0; x < n * LANES; x++)
            for (size_t t = 0; t < taps; t++)
                expected[o * plane + x] +=
                    w[t * outputs + o] * src[(size_t)offset[t] + x / LANES * step + x % LANES];
    basin_convolve(src, offset, taps, w, outputs, n, step, y, plane, LANES);
    for (size_t i = 0; i < sizeof y / sizeof *y; i++)
        assert_close((double)y[i], (double)expected[i], 0.0, tolerance);
}

static void check_correlate(const ptrdiff_t *offset, size_t taps, size_t outputs, size_t n, size_t step)
{
    const size_t plane = ROWS * PIXELS * LANES;
    ptrdiff_t    place[TAPS];

    for (size_t t = 0; t < TAPS; t++) place[t] = (ptrdiff_t)(TAPS - 1 - t);
    fill(sums, OUTPUTS * TAPS, 4);
    memcpy(expected_sums, sums, sizeof sums);
    for (size_t o = 0; o < outputs; o++)
        for (size_t t = 0; t < taps; t++) {
            double sum = 0.0;
            for (size_t r = 0; r < ROWS; r++)
                for (size_t x = 0; x < n * LANES; x++)
                    sum += (double)a[o * plane + r * PIXELS * LANES + x] *
                           (double)src[(size_t)offset[t] + r * WIDTH * LANES + x / LANES * step + x % LANES];
            expected_sums[o * TAPS + TAPS - 1 - t] += (real)sum;
        }
    basin_correlate(a, plane, PIXELS * LANES, outputs, src, WIDTH * LANES, step, offset, place, taps, ROWS, n,
                    sums, TAPS);
    for (size_t i = 0; i < OUTPUTS * TAPS; i++)
        assert_close((double)sums[i], (double)expected_sums[i], 0.0, tolerance);
}

/* Every length up to some vectors, in place and not; NaN, infinities and both zeros. */
static void check_rectifier(void)
{
    enum { N = 40 };
    real x[N], value[N], passed[N], sum[N];

    for (size_t n = 0; n <= N; n++) {
        fill(x, N, n);
        if (n > 4) x[1] = (real)NAN, x[2] = -(real)INFINITY, x[3] = (real)INFINITY, x[4] = -(real)0.0;
        memset(value, 0, sizeof value);
        basin_rectify(x, n, value);
        memcpy(sum, a, sizeof sum);
        basin_gate(x, src, 1, 1, n, false, passed);
        basin_gate(x, src, 1, 1, n, true, sum);
        for (size_t i = 0; i < N; i++) {
            if (i < n && isnan(x[i]))
                assert_true(isnan(value[i]));
            else
                assert_true(value[i] == (i < n && x[i] > 0 ? x[i] : 0));
            if (i < n) assert_true(passed[i] == (x[i] > 0 ? src[i] : 0));
            assert_true(sum[i] == (i < n && x[i] > 0 ? a[i] + src[i] : a[i]));
        }
        basin_rectify(x, n, x);
        for (size_t i = 0; i < n; i++) assert_true(x[i] == value[i] || isnan(x[i]));
    }
}

/* Rows of y, each for k vectors. */
static void check_gate_of_blocks(void)
{
    enum { N = 5, VECTORS = 3, SAMPLES = 4 };
    real passed[SAMPLES * VECTORS * N];

    basin_gate(a, src, SAMPLES, VECTORS, N, false, passed);
    for (size_t i = 0; i < SAMPLES * VECTORS * N; i++)
        assert_true(passed[i] == (a[i / N / VECTORS * N + i % N] > 0 ? src[i] : 0));
}

void REAL(check_kernels)(void);
void REAL(check_kernels)(void)
{
    ptrdiff_t offset[TAPS];

    fill(src, sizeof src / sizeof *src, 1);
    fill(a, sizeof a / sizeof *a, 2);
    fill(w, TAPS * OUTPUTS, 5);
    for (size_t t = 0; t < TAPS; t++) offset[t] = (ptrdiff_t)((t * 5 + t % 3) % 6 * LANES);
    check_rectifier();
    check_gate_of_blocks();
    for (size_t outputs = 1; outputs <= OUTPUTS; outputs += outputs < 10 ? 1 : 3)
        for (size_t taps = 1; taps <= TAPS; taps += taps < 8 ? 1 : 6)
            for (size_t n = 1; n <= PIXELS; n++)
                for (size_t step = LANES; step <= 2 * LANES; step += LANES) {
                    if (outputs <= BASIN_TILE_OUTPUTS) check_convolve(offset, taps, outputs, n, step);
                    check_correlate(offset, taps, outputs, n, step);
                }
}
