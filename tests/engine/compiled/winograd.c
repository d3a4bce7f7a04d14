/* For every precision and instruction set: Winograd's filtering against plain loops, and its error in single
   precision against that of the direct sums. */
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "engine/kernels/winograd.h"
#include "support.h"

enum { LANES = BASIN_LANES, ROWS = 2, GAP = 3 * LANES, SHAPES = 120 };

static size_t between(basin_random *r, size_t low, size_t high)
{
    return low + basin_random_below(r, high - low + 1);
}

static basin_window_axis axis_of(size_t in, size_t begin, size_t end)
{
    return (basin_window_axis){.in = in,
                               .kernel = 3,
                               .stride = 1,
                               .dilation = 1,
                               .begin = begin,
                               .end = end,
                               .out = in + begin + end - 2};
}

/* Three inputs at least, padding counted; up to nine without. */
static basin_window_axis random_axis(basin_random *r)
{
    for (;;) {
        const size_t in = between(r, 1, 9), begin = between(r, 0, 3), end = between(r, 0, 3);
        if (in + begin + end >= 3) return axis_of(in, begin, end);
    }
}

typedef struct trial {
    basin_conv conv;
    size_t     x_step, y_step, w_size; /* steps: of a group of samples and a gap that nobody may touch */
    real      *x, *y, *w, *temp;
} trial;

static real *normals(basin_random *r, size_t count)
{
    double *values = basin_alloc(count, sizeof *values);
    real   *out = basin_alloc(count, sizeof *out);

    assert_non_null(values);
    assert_non_null(out);
    basin_random_normals(r, values, count);
    for (size_t i = 0; i < count; i++) out[i] = (real)values[i];
    basin_free(values);
    return out;
}

static real *copy(const real *from, size_t count)
{
    real *out = basin_alloc(count, sizeof *out);

    assert_non_null(out);
    memcpy(out, from, count * sizeof *out);
    return out;
}

static trial trial_start(basin_random *r, const basin_conv *conv)
{
    trial  t = {.conv = *conv};
    size_t direct;

    t.x_step = conv->groups * conv->channels * conv->window.y.in * conv->window.x.in * LANES + GAP;
    t.y_step = conv->groups * conv->outputs * conv->window.y.out * conv->window.x.out * LANES + GAP;
    t.w_size = conv->groups * conv->outputs * conv->channels * 9;
    t.x = normals(r, ROWS * t.x_step), t.y = normals(r, ROWS * t.y_step), t.w = normals(r, t.w_size);
    assert_true(basin_conv_temp(conv, &direct));
    const size_t temp = basin_winograd_temp(conv);
    t.temp = normals(r, direct > temp ? direct : temp); /* whatever another node left there */
    return t;
}

static void trial_end(trial *t)
{
    real *arrays[] = {t->x, t->y, t->w, t->temp};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) basin_free(arrays[i]);
}

/* The three products by definition, added to long doubles: what = 0 ahead, 1 back, 2 the weights'. */
static void add_terms(const trial *t, int what, long double *sums)
{
    const basin_conv        *c = &t->conv;
    const basin_window_axis *v = &c->window.y, *h = &c->window.x;

    for (size_t m = 0; m < c->groups * c->outputs; m++)
        for (size_t n = 0; n < c->channels; n++)
            for (size_t k = 0; k < 9; k++)
                for (size_t oy = 0; oy < v->out; oy++)
                    for (size_t ox = 0; ox < h->out; ox++) {
                        const size_t iy = oy + k / 3 - v->begin, ix = ox + k % 3 - h->begin;
                        const size_t w = (m * c->channels + n) * 9 + k;
                        const size_t x =
                            (((m / c->outputs * c->channels + n) * v->in + iy) * h->in + ix) * LANES;
                        const size_t y = ((m * v->out + oy) * h->out + ox) * LANES;
                        if (iy >= v->in || ix >= h->in) continue; /* below 0 wraps around */
                        for (size_t i = 0; i < ROWS; i++)
                            for (size_t l = 0; l < LANES; l++) {
                                const size_t xi = i * t->x_step + x + l, yi = i * t->y_step + y + l;
                                if (what == 0) sums[yi] += (long double)t->w[w] * t->x[xi];
                                if (what == 1) sums[xi] += (long double)t->w[w] * t->y[yi];
                                if (what == 2) sums[w] += (long double)t->y[yi] * t->x[xi];
                            }
                    }
}

static void run(const trial *t, int what, bool winograd, real *out)
{
    const basin_conv *c = &t->conv;

    if (what == 0)
        (winograd ? basin_winograd_ahead : basin_conv_ahead)(c, ROWS, t->x, t->x_step, t->w, out, t->y_step,
                                                             t->temp);
    else if (what == 1)
        (winograd ? basin_winograd_back : basin_conv_back)(c, ROWS, out, t->x_step, t->w, t->y, t->y_step,
                                                           t->temp);
    else
        (winograd ? basin_winograd_weight : basin_conv_weight)(c, ROWS, t->x, t->x_step, out, t->y, t->y_step,
                                                               t->temp);
}

static const real *start_of(const trial *t, int what, size_t *count)
{
    *count = what == 0 ? ROWS * t->y_step : what == 1 ? ROWS * t->x_step : t->w_size;
    return what == 0 ? t->y : what == 1 ? t->x : t->w;
}

/* Added to what is there, and nothing else is touched; the products of convolution.h have the same bits where
   they are taken. */
static void check_trial(const trial *t)
{
    for (int what = 0; what < 3; what++) {
        size_t       count;
        const real  *start = start_of(t, what, &count);
        long double *sums = basin_alloc(count, sizeof *sums);
        real        *out = copy(start, count), *chosen = copy(start, count);
        for (size_t i = 0; i < count; i++) sums[i] = start[i];
        add_terms(t, what, sums);
        run(t, what, true, out);
        for (size_t i = 0; i < count; i++)
            assert_close((double)out[i], (double)sums[i], 0.0, 1500 * REAL_EPSILON);
        run(t, what, false, chosen);
        if (basin_winograd_takes(&t->conv)) assert_memory_equal(chosen, out, count * sizeof *out);
        basin_free(sums);
        basin_free(out);
        basin_free(chosen);
    }
}

static void check_shapes(void)
{
    basin_random r = basin_random_start(12, BASIN_STREAM_TEST);
    size_t       taken = 0;

    for (size_t i = 0; i < SHAPES; i++) {
        const size_t least = i % 4 == 1 ? 16 : 1, most = i % 50 == 0 ? 140 : least + 12;
        basin_conv   conv = {.window = {.y = random_axis(&r), .x = random_axis(&r)},
                             .groups = between(&r, 1, most > 13 ? 1 : 3),
                             .channels = between(&r, least, most),
                             .outputs = between(&r, least, most)};
        trial        t = trial_start(&r, &conv);
        check_trial(&t);
        taken += basin_winograd_takes(&conv);
        trial_end(&t);
    }
    assert_true(sizeof(real) == sizeof(float) ? taken > 5 : taken == 0);
}

/* What is not of this kind, or not worth it. */
static void check_choice(void)
{
    const basin_window_axis plain = axis_of(8, 1, 1);
    const basin_conv        conv = {.window = {plain, plain}, .groups = 1, .channels = 16, .outputs = 16};
    basin_conv              other[8];

    assert_true(basin_winograd_takes(&conv) == (sizeof(real) == sizeof(float)));
    for (size_t i = 0; i < 8; i++) other[i] = conv;
    other[0].window.y.kernel = 5, other[1].window.x.kernel = 1, other[2].window.y.stride = 2;
    other[3].window.x.dilation = 2, other[4].channels = 3, other[5].outputs = 7;
    other[6].window.x = axis_of(1, 1, 1), other[7].window.y = axis_of(3, 1, 1);
    for (size_t i = 0; i < 8; i++) assert_false(basin_winograd_takes(&other[i]));
}

/* Root mean square of out - exact, of that of exact. */
static double error_of(const real *out, const long double *exact, size_t count)
{
    long double errors = 0.0L, squares = 0.0L;

    for (size_t i = 0; i < count; i++) {
        errors += (out[i] - exact[i]) * (out[i] - exact[i]);
        squares += exact[i] * exact[i];
    }
    return (double)sqrtl(errors / squares);
}

/* Four outputs at a time are not taken: the direct sums. */
static void run_direct(const trial *t, int what, real *out)
{
    trial        part = *t;
    size_t       temp;
    const size_t y = t->conv.window.y.out * t->conv.window.x.out * LANES * 4, w = t->conv.channels * 9 * 4;

    part.conv.outputs = 4;
    assert_true(basin_conv_temp(&part.conv, &temp));
    assert_non_null(part.temp = basin_alloc(temp, sizeof *part.temp));
    for (size_t o = 0; o < t->conv.outputs; o += 4, part.y += y, part.w += w) {
        run(&part, what, false, out);
        out += what == 0 ? y : what == 2 ? w : 0;
    }
    basin_free(part.temp);
}

/* Layers of residual networks: the filtering's error is within `factor` of the direct sums', and both are a
   few roundings. */
static void check_error(size_t channels, size_t size, double factor)
{
    basin_random            r = basin_random_start(channels, BASIN_STREAM_TEST);
    const basin_window_axis axis = axis_of(size, 1, 1);
    const basin_conv conv = {.window = {axis, axis}, .groups = 1, .channels = channels, .outputs = channels};
    trial            t = trial_start(&r, &conv);

    for (int what = 0; what < 3; what++) {
        size_t count;
        start_of(&t, what, &count);
        long double *exact = basin_alloc(count, sizeof *exact);
        real        *out = basin_alloc(count, sizeof *out), *direct = basin_alloc(count, sizeof *out);
        add_terms(&t, what, exact);
        run(&t, what, true, out);
        run_direct(&t, what, direct);
        const double error = error_of(out, exact, count), least = error_of(direct, exact, count);
        print_message("    %zu channels of %zu × %zu, %s: error %.2g, direct %.2g\n", channels, size, size,
                      what == 0   ? "ahead"
                      : what == 1 ? "back"
                                  : "weights",
                      error, least);
        assert_true(error <= factor * least && error <= 8 * REAL_EPSILON);
        basin_free(exact);
        basin_free(out);
        basin_free(direct);
    }
    trial_end(&t);
}

void REAL(check_winograd)(void);
void REAL(check_winograd)(void)
{
    check_choice();
    check_shapes();
    check_error(16, 16, 2.0);
    check_error(64, 8, 2.0);
}
