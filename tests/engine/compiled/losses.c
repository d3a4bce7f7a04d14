/* For every precision and instruction set: the losses in lanes against sums over single samples in long
   double. */
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "engine/objective/chunk_loss.h"
#include "support.h"

enum {
    LANES = BASIN_LANES,
    MOST_SAMPLES = 40,
    MOST_GROUPS = 3,
    MOST_WIDTH = 390,
    MOST_CLASSES = 130,
    K = 3,
    MOST = MOST_GROUPS * LANES * MOST_WIDTH
};

static real    y[MOST], a[MOST], slope[MOST], d[K * MOST], ad[K * MOST], values[MOST_SAMPLES * MOST_WIDTH];
static int64_t classes_of[MOST_SAMPLES * MOST_WIDTH];

typedef struct problem {
    basin_loss_spec loss;
    basin_batch     batch;
    size_t          classes, width;
} problem;

typedef struct expected {   /* of one position */
    long double loss, size; /* size: of the terms that the loss is a sum of */
    size_t      correct, count;
    long double a[MOST_CLASSES], ad[K][MOST_CLASSES], scale; /* scale: the size of derivatives */
} expected;

static size_t groups_of(const problem *p)
{
    return (p->batch.count + LANES - 1) / LANES;
}

/* Element j of vector v of k for a sample, in lanes. */
static size_t place(const problem *p, size_t sample, size_t k, size_t v, size_t j)
{
    return ((sample / LANES * k + v) * p->width + j) * LANES + sample % LANES;
}

static long double weight_at(const problem *p, size_t c)
{
    return p->loss.weight_count > 0 ? (long double)p->loss.weights[c] : 1.0L;
}

/* Outputs in steps of ¼, so that many are equal; what is beyond the last sample is not a number. */
static void fill(problem *p, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    const size_t targets = p->batch.count * p->batch.positions;

    for (size_t i = 0; i < groups_of(p) * LANES; i++)
        for (size_t j = 0; j < p->width; j++) {
            y[place(p, i, 1, 0, j)] = i < p->batch.count
                                          ? (real)(0.25 * floor(32.0 * (basin_random_uniform(&r) - 0.5)))
                                          : (real)NAN;
            for (size_t v = 0; v < K; v++)
                d[place(p, i, K, v, j)] = (real)(2.0 * basin_random_uniform(&r) - 1.0);
        }
    for (size_t i = 0; i < targets; i++) classes_of[i] = (int64_t)basin_random_below(&r, p->classes);
    for (size_t i = 0; i < targets && p->loss.ignores; i += 3) classes_of[i] = p->loss.ignore_index;
    for (size_t i = 0; i < p->batch.count * p->width; i++)
        values[i] = (real)(i % 3 == 0 ? 1.0 : i % 3 == 1 ? 0.0 : basin_random_uniform(&r));
    p->batch.classes = classes_of;
    p->batch.values = values;
    p->batch.weight = basin_loss_weight(&p->loss, &p->batch, p->width);
}

static void expect_cross_entropy(const problem *p, size_t sample, size_t token, const long double *x,
                                 long double (*along)[MOST_CLASSES], expected *e)
{
    const int64_t     target = p->batch.classes[sample * p->batch.positions + token];
    const long double smoothing = (long double)p->loss.label_smoothing, n = (long double)p->classes;
    long double       rest = 0.0L, all = 0.0L, q[MOST_CLASSES];
    size_t            best = 0;

    if (p->loss.ignores && target == p->loss.ignore_index) return;
    for (size_t c = 1; c < p->classes; c++)
        if (x[c] > x[best]) best = c;
    for (size_t c = 0; c < p->classes; c++) {
        if (c != best) rest += expl(x[c] - x[best]);
        q[c] = smoothing / n * weight_at(p, c) +
               ((int64_t)c == target ? (1.0L - smoothing) * weight_at(p, c) : 0.0L);
        all += q[c];
    }
    e->loss = e->size = all * log1pl(rest);
    for (size_t c = 0; c < p->classes; c++) {
        e->loss -= q[c] * (x[c] - x[best]);
        e->a[c] = all * expl(x[c] - x[best]) / (1.0L + rest) - q[c];
    }
    e->size = e->loss;
    e->correct = (int64_t)best == target;
    e->count = 1;
    e->scale = all;
    for (size_t v = 0; v < K; v++) {
        long double dot = 0.0L;
        for (size_t c = 0; c < p->classes; c++) dot += expl(x[c] - x[best]) / (1.0L + rest) * along[v][c];
        for (size_t c = 0; c < p->classes; c++)
            e->ad[v][c] = all * expl(x[c] - x[best]) / (1.0L + rest) * (along[v][c] - dot);
    }
}

static void expect_elements(const problem *p, size_t sample, size_t token, const long double *x,
                            long double (*along)[MOST_CLASSES], expected *e)
{
    const bool binary = p->loss.kind == BASIN_LOSS_BCE_WITH_LOGITS;

    e->scale = 4.0L;
    e->count = binary ? p->classes : 0;
    for (size_t c = 0; c < p->classes; c++) {
        const long double t = (long double)p->batch.values[sample * p->width + token * p->classes + c];
        const long double s = 1.0L / (1.0L + expl(-x[c]));
        const long double hit = weight_at(p, c) * t, error = x[c] - t;
        const long double loss = hit * log1pl(expl(-x[c])) + (1.0L - t) * log1pl(expl(x[c]));
        const long double curvature = (hit + 1.0L - t) * s * (1.0L - s);
        e->loss += binary ? loss : error * error;
        e->size += binary ? loss + (hit + 1.0L - t) * fabsl(x[c]) : error * error;
        e->correct += binary && (x[c] > 0.0L) == (t > 0.5L);
        e->a[c] = binary ? (hit + 1.0L - t) * s - hit : 2.0L * error;
        if (fabsl(e->a[c]) > e->scale) e->scale = fabsl(e->a[c]);
        for (size_t v = 0; v < K; v++) e->ad[v][c] = (binary ? curvature : 2.0L) * along[v][c];
    }
}

static void check_position(const problem *p, size_t sample, size_t token, expected *e)
{
    long double  x[MOST_CLASSES], along[K][MOST_CLASSES];
    const double weight = p->batch.weight;

    memset(e, 0, sizeof *e);
    for (size_t c = 0; c < p->classes; c++) {
        const size_t j = token * p->classes + c;
        x[c] = (long double)y[place(p, sample, 1, 0, j)];
        for (size_t v = 0; v < K; v++) along[v][c] = (long double)d[place(p, sample, K, v, j)];
    }
    (p->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY ? expect_cross_entropy
                                                      : expect_elements)(p, sample, token, x, along, e);
    const double tolerance = 16 * (double)REAL_EPSILON * (double)e->scale;
    for (size_t c = 0; c < p->classes; c++) {
        const size_t j = token * p->classes + c;
        assert_close(weight * (double)a[place(p, sample, 1, 0, j)], (double)e->a[c], 0.0, tolerance);
        for (size_t v = 0; v < K; v++)
            assert_close(weight * (double)ad[place(p, sample, K, v, j)], (double)e->ad[v][c], 0.0, tolerance);
    }
}

/* The sum, all derivatives, and nothing at all from lanes beyond the last sample. */
static void check_problem(problem *p, uint64_t seed)
{
    basin_loss  total = {.sum = 0.0}, plain = {.sum = 0.0};
    long double sum = 0.0L, size = 0.0L;
    size_t      correct = 0, count = 0;
    expected    e;

    fill(p, seed);
    memset(a, 0xff, sizeof a), memset(slope, 0xff, sizeof slope), memset(ad, 0xff, sizeof ad);
    basin_loss_forward(&p->loss, &p->batch, y, p->width, &total, a, slope);
    basin_loss_dot(&p->loss, &p->batch, K, p->width, slope, d, ad);
    basin_loss_forward(&p->loss, &p->batch, y, p->width, &plain, NULL, NULL);
    assert_memory_equal(&plain, &total, sizeof plain);
    for (size_t i = 0; i < p->batch.count; i++)
        for (size_t token = 0; token < p->batch.positions; token++) {
            check_position(p, i, token, &e);
            sum += e.loss, size += e.size, correct += e.correct, count += e.count;
        }
    assert_close(total.sum, (double)sum, 0.0, 8 * (double)REAL_EPSILON * (double)size);
    assert_int_equal(total.correct, correct);
    assert_int_equal(total.count, count);
    for (size_t i = p->batch.count; i < groups_of(p) * LANES; i++)
        for (size_t j = 0; j < p->width; j++) {
            assert_true(a[place(p, i, 1, 0, j)] == 0 && slope[place(p, i, 1, 0, j)] == 0);
            for (size_t v = 0; v < K; v++) assert_true(ad[place(p, i, K, v, j)] == 0);
        }
}

static void check_shapes(const basin_loss_spec *loss, uint64_t seed)
{
    const size_t samples[] = {1, 15, 16, 17, MOST_SAMPLES}, classes[] = {1, 2, 10, 128, 129, MOST_CLASSES};

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t j = 0; j < sizeof classes / sizeof *classes; j++)
            for (size_t positions = 1; positions <= 3; positions += 2) {
                problem p = {.loss = *loss, .classes = classes[j], .width = classes[j] * positions};
                p.batch = (basin_batch){.count = samples[i], .positions = positions};
                if (loss->weight_count > 0) p.loss.weight_count = classes[j];
                if (loss->ignores && samples[i] * positions == 1) continue; /* nothing counts */
                check_problem(&p, seed + 100 * i + 10 * j + positions);
            }
}

/* Sixteen losses whose logarithm is one, and their adjoints, have the digits that each of them has, however
   small; and none where one is not a number. */
static void check_small_losses(void)
{
    problem     p = {.classes = 3, .width = 3, .batch = {.count = LANES, .positions = 1}};
    basin_loss  total = {.sum = 0.0};
    long double sum = 0.0L;

    fill(&p, 5);
    for (size_t i = 0; i < LANES; i++) {
        classes_of[i] = 1;
        for (size_t c = 0; c < 3; c++) y[place(&p, i, 1, 0, c)] = (real)(c == 1 ? 20 + i % 5 : c);
        sum += log1pl(expl(-20.0L - (long double)(i % 5)) + expl(-18.0L - (long double)(i % 5)));
    }
    basin_loss_forward(&p.loss, &p.batch, y, 3, &total, a, NULL);
    assert_close(total.sum, (double)sum, 4 * (double)REAL_EPSILON, 0.0);
    for (size_t i = 0; i < LANES; i++) {
        const long double rest = expl(-20.0L - (long double)(i % 5)) + expl(-18.0L - (long double)(i % 5));
        assert_close(LANES * (double)a[place(&p, i, 1, 0, 1)], (double)(-rest / (1.0L + rest)),
                     4 * (double)REAL_EPSILON, 0.0);
    }
    assert_int_equal(total.correct, LANES);
    y[place(&p, 7, 1, 0, 2)] = (real)NAN;
    basin_loss_forward(&p.loss, &p.batch, y, 3, &total, a, slope);
    assert_true(isnan(total.sum));
    for (size_t i = 0; i < LANES; i++)
        for (size_t c = 0; c < 3; c++) assert_int_equal(isnan(a[place(&p, i, 1, 0, c)]) != 0, i == 7);
}

/* Logits far out on the right side: a weight that is no power of 2 leaves nothing of its rounding. */
static void check_far_logits(void)
{
    double      weight = 0.1;
    problem     p = {.loss = {.kind = BASIN_LOSS_BCE_WITH_LOGITS, .weight_count = 1, .weights = &weight},
                     .classes = 1,
                     .width = 1,
                     .batch = {.count = LANES, .positions = 1}};
    basin_loss  total = {.sum = 0.0};
    long double sum = 0.0L;

    fill(&p, 8);
    for (size_t i = 0; i < LANES; i++) {
        const long double far = 33.3L + (long double)i;
        values[i] = (real)(i % 2);
        y[place(&p, i, 1, 0, 0)] = (real)(i % 2 == 1 ? far : -far);
        sum += (i % 2 == 1 ? (long double)weight : 1.0L) *
               log1pl(expl(-fabsl((long double)y[place(&p, i, 1, 0, 0)])));
    }
    basin_loss_forward(&p.loss, &p.batch, y, 1, &total, a, NULL);
    assert_close(total.sum, (double)sum, 8 * (double)REAL_EPSILON, 0.0);
    for (size_t i = 0; i < LANES; i++) {
        const long double x = (long double)y[place(&p, i, 1, 0, 0)];
        const long double slope_there = 1.0L / (1.0L + expl(fabsl(x)));
        assert_close(LANES * (double)a[place(&p, i, 1, 0, 0)],
                     (double)(x > 0.0L ? -(long double)weight * slope_there : slope_there),
                     8 * (double)REAL_EPSILON, 0.0);
    }
}

/* Products of samples that are sure of their class keep their digits: what is left is far below the last
   digit of the direction. */
static void check_sure_products(void)
{
    problem    p = {.classes = 3, .width = 3, .batch = {.count = LANES, .positions = 1}};
    basin_loss total = {.sum = 0.0};

    fill(&p, 7);
    for (size_t i = 0; i < LANES; i++)
        for (size_t c = 0; c < 3; c++) {
            y[place(&p, i, 1, 0, c)] = (real)(c == 1 ? 3 * (int)i : -(int)c);
            d[place(&p, i, 1, 0, c)] = (real)(1000.3 + 0.7 * (double)(c * i));
        }
    basin_loss_forward(&p.loss, &p.batch, y, 3, &total, a, slope);
    basin_loss_dot(&p.loss, &p.batch, 1, 3, slope, d, ad);
    for (size_t i = 0; i < LANES; i++) {
        long double e[3], sum = 0.0L, beyond = 0.0L, size = 0.0L, step[3];
        for (size_t c = 0; c < 3; c++) {
            e[c] = expl((long double)y[place(&p, i, 1, 0, c)] - (long double)y[place(&p, i, 1, 0, 1)]);
            step[c] = (long double)d[place(&p, i, 1, 0, c)] - (long double)d[place(&p, i, 1, 0, 1)];
            sum += e[c], beyond += e[c] * step[c], size += e[c] * fabsl(step[c]);
        }
        for (size_t c = 0; c < 3; c++)
            assert_close(LANES * (double)ad[place(&p, i, 1, 0, c)],
                         (double)(e[c] / sum * (step[c] - beyond / sum)), 0.0,
                         64 * (double)REAL_EPSILON * (double)(size / sum) +
                             8 * 1000 * (double)(REAL_EPSILON * REAL_EPSILON));
    }
}

/* A target that does not count stands for nothing, even where the output is not a number; a masked class, at
   -inf, for no more than probability 0. */
static void check_what_does_not_count(void)
{
    problem    p = {.loss = {.ignores = true, .ignore_index = -1},
                    .classes = 3,
                    .width = 3,
                    .batch = {.count = 5, .positions = 1}};
    basin_loss total = {.sum = 0.0};

    fill(&p, 6);
    for (size_t i = 0; i < 5; i++) classes_of[i] = i == 2 ? -1 : 0;
    for (size_t c = 0; c < 3; c++) y[place(&p, 2, 1, 0, c)] = (real)NAN;
    y[place(&p, 1, 1, 0, 2)] = -(real)INFINITY;
    basin_loss_forward(&p.loss, &p.batch, y, 3, &total, a, slope);
    assert_true(isfinite(total.sum));
    assert_int_equal(total.count, 4);
    for (size_t i = 0; i < LANES; i++)
        for (size_t c = 0; c < 3; c++) {
            const size_t at = place(&p, i, 1, 0, c);
            assert_true(isfinite(a[at]) && isfinite(slope[at]));
            if (i == 2 || i >= 5) assert_true(a[at] == 0 && slope[at] == 0);
        }
    assert_true(a[place(&p, 1, 1, 0, 2)] == 0);
}

void REAL(check_losses)(void);
void REAL(check_losses)(void)
{
    double weights[MOST_CLASSES];

    for (size_t c = 0; c < MOST_CLASSES; c++) weights[c] = 0.25 + 0.125 * (double)(c * 7 % 11);
    for (int weighted = 0; weighted < 2; weighted++) {
        basin_loss_spec loss = {.weight_count = weighted ? MOST_CLASSES : 0,
                                .weights = weighted ? weights : NULL};
        for (int smooth = 0; smooth < 2; smooth++)
            for (int ignores = 0; ignores < 2; ignores++) {
                loss.label_smoothing = smooth ? 0.2 : 0.0;
                loss.ignores = ignores;
                loss.ignore_index = -100;
                check_shapes(&loss, 1000);
            }
        loss = (basin_loss_spec){
            .kind = BASIN_LOSS_BCE_WITH_LOGITS, .weight_count = loss.weight_count, .weights = loss.weights};
        check_shapes(&loss, 2000);
    }
    check_shapes(&(basin_loss_spec){.kind = BASIN_LOSS_MSE}, 3000);
    check_small_losses();
    check_far_logits();
    check_sure_products();
    check_what_does_not_count();
}
