/* Scores of labels that the model draws, and products with their outer products.
 *
 *   softmax         label c with probability p_c:       slope p - e_c      of -log p_c
 *   Bernoulli       label 1 with probability σ(y):      slope σ(y) - t     of -log p(t)
 *   Gaussian        t = y + n, variance 1/2 of n:       slope 2 (y - t)    of (y - t)² = -log p(t) + const
 *
 * each over the normaliser W. Their mean is 0 and labels are drawn independently, so that the expectation of
 * W Σ_i s_i s_iᵀ is the loss's second derivative, whatever tokens or elements a sample has: the mean of many
 * draws of this Fisher matrix is the expected one, which is G.
 *
 * Reference: F. Kunstner, L. Balles & P. Hennig, «Limitations of the empirical Fisher approximation for
 * natural gradient descent», arXiv:1905.12558, §2 (the three matrices); J. Martens, «New insights and
 * perspectives on the natural gradient method», arXiv:1412.1193, §9 (when Fisher equals Gauss-Newton).
 */
#include "engine/objective/scores.h"

#include "core/random.h"
#include "engine/kernels/vector_math.h"

/* Sample i has the numbers from i 2^32 blocks on to itself. */
static basin_random of_sample(uint64_t seed, size_t sample)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_LABELS);

    r.counter = (uint64_t)sample << 32;
    return r;
}

/* One position of one sample: u [classes], LANES apart, is p / W; 0 where the position does not count. */
static void draw_class(basin_random *r, size_t classes, double inverse, real *u)
{
    double all = 0.0, below = 0.0;
    size_t drawn = classes;

    for (size_t c = 0; c < classes; c++) all += (double)u[c * BASIN_LANES];
    const double at = basin_random_uniform(r) * all;
    if (all == 0.0) return;
    for (size_t c = 0; c < classes; c++) {
        below += (double)u[c * BASIN_LANES];
        if (drawn == classes && at < below) drawn = c;
    }
    if (drawn == classes) drawn = classes - 1; /* by rounding of the sums */
    u[drawn * BASIN_LANES] -= (real)inverse;
}

static double draw_bit(basin_random *r, double y)
{
    const double sigma = y >= 0.0 ? 1.0 / (1.0 + exp(-y)) : exp(y) / (1.0 + exp(y));

    return sigma - (basin_random_uniform(r) < sigma ? 1.0 : 0.0);
}

void basin_scores_draw(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t width,
                       uint64_t seed, size_t first, real *score)
{
    const size_t classes = width / batch->positions;
    const double inverse = 1.0 / batch->weight;

    for (size_t i = 0; i < batch->count; i++) {
        const size_t at = i / BASIN_LANES * width * BASIN_LANES + i % BASIN_LANES;
        basin_random r = of_sample(seed, first + i);
        for (size_t j = 0; j < width; j++) {
            real *to = score + at + j * BASIN_LANES;
            if (loss->kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY && j % classes == 0)
                draw_class(&r, classes, inverse, to);
            else if (loss->kind == BASIN_LOSS_BCE_WITH_LOGITS)
                *to = (real)(draw_bit(&r, (double)y[at + j * BASIN_LANES]) * inverse);
            else if (loss->kind == BASIN_LOSS_MSE)
                *to = (real)(-sqrt(2.0) * basin_random_normal(&r) * inverse);
        }
    }
}

void basin_scores_dot(size_t samples, size_t k, size_t width, double factor, const real *score, const real *d,
                      real *ad)
{
    const size_t rows = (samples + BASIN_LANES - 1) / BASIN_LANES, stride = width * BASIN_LANES;

    for (size_t i = 0; i < rows * k; i++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const real *s = score + i / k * stride + part, *from = d + i * stride + part;
            real       *to = ad + i * stride + part;
            vector      dot = {0};
            for (size_t l = 0; l < stride; l += BASIN_LANES)
                dot += vector_load(s + l) * vector_load(from + l);
            dot *= (real)factor;
            for (size_t l = 0; l < stride; l += BASIN_LANES) vector_store(to + l, vector_load(s + l) * dot);
        }
}
