/* Per position of a sample; exponentials in real, sums in double in both precisions. w_c = 1 without weights.
 *
 *   softmax cross-entropy over C classes, label smoothing e (as PyTorch: Σ_i l_i / Σ_i w_t of the targets t_i that count):
 *       q_c = (1 - e) w_t [c = t] + e/C w_c,   s = Σ q_c = (1 - e) w_t + e mean w
 *       l = s log Σ exp y_c - Σ q_c y_c,   ∂l = s p - q,   ∂²l d = s (p∘d - p (p·d)),   p = softmax y
 *       a target that is the ignore index has q = 0
 *   binary cross-entropy with logits, weights w of the term with t, mean over elements:
 *       l = -w t log σ(y) - (1 - t) log(1 - σ(y)) = v (max(y, 0) + log(1 + exp(-|y|))) - w t y,   v = w t + 1 - t
 *       ∂l = v σ(y) - w t,   ∂²l d = v σ (1 - σ) d
 *   mean squared error, mean over elements:
 *       l = (y - t)²,   ∂l = 2 (y - t),   ∂²l d = 2 d
 *
 * s and v are 1 to the last bit where all weights are, so that weights of 1 change no result.
 */
#include "model/real_loss.h"

#include "model/real_math.h"

enum { PIECE = 512 }; /* numbers that the kernels take at a time: whole vectors of every instruction set */

static size_t piece_of(size_t n, size_t first)
{
    return n - first < PIECE ? n - first : PIECE;
}

/* Fills up the last vector. */
static size_t whole_vectors(size_t n, real *x)
{
    size_t whole = (n + BASIN_LANES - 1) / BASIN_LANES * BASIN_LANES;

    for (size_t i = n; i < whole; i++) x[i] = 0;
    return whole;
}

static double weight_of(const basin_loss_spec *loss, size_t c)
{
    return loss->weight_count > 0 ? loss->weights[c] : 1.0;
}

static bool counts(const basin_loss_spec *loss, int64_t target)
{
    return !loss->ignores || target != loss->ignore_index;
}

double basin_loss_weight(const basin_loss_spec *loss, const basin_batch *batch, size_t width)
{
    double weight = 0.0;

    if (loss->kind != BASIN_LOSS_SOFTMAX_CROSS_ENTROPY) return (double)batch->count * (double)width;
    for (size_t i = 0; i < batch->count * batch->positions; i++)
        if (counts(loss, batch->classes[i])) weight += weight_of(loss, (size_t)batch->classes[i]);
    return weight;
}

static double mean_weight(const basin_loss_spec *loss, size_t classes)
{
    double sum = 0.0;

    for (size_t c = 0; c < classes; c++) sum += weight_of(loss, c);
    return sum / (double)classes;
}

/* -------------------------------------------------------------------------------------- cross-entropy -- */

typedef struct mass { /* of q at one position: on its target, on class c it is share w_c besides, and in all */
    double target, share, all;
} mass;

static mass mass_of(const basin_loss_spec *loss, size_t classes, double mean, int64_t target)
{
    double e = loss->label_smoothing, on_target = (1.0 - e) * weight_of(loss, (size_t)target);

    return (mass){.target = on_target, .share = e / (double)classes, .all = on_target + e * mean};
}

/* e [PIECE] = exp(y - peak) for n numbers. */
static void exponentials(const real *y, size_t n, real peak, real *e)
{
    for (size_t c = 0; c < n; c++) e[c] = y[c] - peak;
    basin_math_exp(0, e, whole_vectors(n, e), e, NULL, NULL);
}

static void cross_entropy(const basin_loss_spec *loss, mass q, size_t target, const real *y, size_t classes, double weight, basin_loss *total,
                          real *a, real *slope)
{
    real   e[PIECE]; /* of one piece of the classes: usually there is one */
    size_t best = 0;
    double rest = 0.0, dot = 0.0; /* log Σ exp = y_best + log1p(rest): small losses keep their digits */

    for (size_t c = 1; c < classes; c++)
        if (y[c] > y[best]) best = c;
    const real   peak = y[best]; /* a may be y */
    const double top = (double)peak;
    for (size_t first = 0; first < classes; first += PIECE) {
        exponentials(y + first, piece_of(classes, first), peak, e);
        for (size_t c = first; c < first + piece_of(classes, first); c++)
            if (c != best) rest += (double)e[c - first];
    }
    if (q.share != 0.0)
        for (size_t c = 0; c < classes; c++) dot += q.share * weight_of(loss, c) * ((double)y[c] - top);
    dot += q.target * ((double)y[target] - top);
    total->sum += q.all * log1p(rest) - dot;
    total->correct += best == target;
    total->count++;
    if (a == NULL) return;
    for (size_t first = 0; first < classes; first += PIECE) {
        if (classes > PIECE) exponentials(y + first, piece_of(classes, first), peak, e);
        for (size_t c = first; c < first + piece_of(classes, first); c++) {
            const double p = (double)e[c - first] / (1.0 + rest);
            if (slope != NULL) slope[c] = (real)p;
            a[c] = (real)((q.all * p - (q.share != 0.0 ? q.share * weight_of(loss, c) : 0.0) - (c == target ? q.target : 0.0)) / weight);
        }
    }
}

static void set_zero(real *x, size_t n)
{
    for (size_t i = 0; x != NULL && i < n; i++) x[i] = 0;
}

static void cross_entropies(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t classes, basin_loss *total, real *a,
                            real *slope)
{
    const double mean = mean_weight(loss, classes);

    for (size_t i = 0; i < batch->count * batch->positions; i++) {
        int64_t target = batch->classes[i];
        real   *adjoint = a != NULL ? a + i * classes : NULL, *p = slope != NULL ? slope + i * classes : NULL;
        if (counts(loss, target)) {
            cross_entropy(loss, mass_of(loss, classes, mean, target), (size_t)target, y + i * classes, classes, batch->weight, total, adjoint, p);
        } else {
            set_zero(adjoint, classes);
            set_zero(p, classes);
        }
    }
}

/* [b, k, positions, C]: the positions of one sample lie together for each vector. */
static void cross_entropies_dot(const basin_loss_spec *loss, const basin_batch *batch, size_t k, size_t classes, const real *slope, const real *d,
                                real *ad)
{
    const double mean = mean_weight(loss, classes);
    const size_t positions = batch->positions;

    for (size_t i = 0; i < batch->count * positions; i++) {
        const size_t  sample = i / positions, token = i % positions;
        const int64_t target = batch->classes[i];
        const real   *p = slope + i * classes;
        const real    scale = counts(loss, target) ? (real)(mass_of(loss, classes, mean, target).all / batch->weight) : 0;
        for (size_t v = 0; v < k; v++) {
            const size_t at = ((sample * k + v) * positions + token) * classes;
            const real  *from = d + at;
            real        *to = ad + at, dot = 0;
            for (size_t c = 0; c < classes; c++) dot += p[c] * from[c];
            for (size_t c = 0; c < classes; c++) to[c] = scale * p[c] * (from[c] - dot);
        }
    }
}

/* ----------------------------------------------------------------------------- means over all elements -- */

/* of element j whose last axis has `classes` */
static double term_weight(const basin_loss_spec *loss, size_t j, size_t classes, double target)
{
    return weight_of(loss, j % classes) * target + (1.0 - target);
}

/* By s = σ(-|y|) and log(1 + exp(-|y|)), both of which the kernel knows to their last digits. */
static void binary_cross_entropies(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t width, basin_loss *total, real *a,
                                   real *slope)
{
    const size_t classes = width / batch->positions, n = batch->count * width;
    real         rest[PIECE], s[PIECE];

    for (size_t first = 0; first < n; first += PIECE) {
        const size_t some = piece_of(n, first);
        for (size_t i = 0; i < some; i++) rest[i] = -real_fabs(y[first + i]);
        basin_math_softplus(0, rest, whole_vectors(some, rest), rest, s, NULL);
        for (size_t i = 0, j = first; i < some; i++, j++) {
            const double u = (double)y[j], target = (double)batch->values[j], p = u >= 0.0 ? 1.0 - (double)s[i] : (double)s[i];
            const double v = term_weight(loss, j, classes, target), hit = weight_of(loss, j % classes) * target;
            total->sum += v * (u > 0.0 ? u : 0.0) - u * hit + v * (double)rest[i];
            total->correct += (u > 0.0) == (target > 0.5);
            total->count++;
            if (slope != NULL) slope[j] = (real)p;
            if (a != NULL) a[j] = (real)((v * p - hit) / batch->weight);
        }
    }
}

static void squared_errors(const basin_batch *batch, const real *y, size_t width, basin_loss *total, real *a)
{
    for (size_t j = 0; j < batch->count * width; j++) {
        double error = (double)y[j] - (double)batch->values[j];
        total->sum += error * error;
        if (a != NULL) a[j] = (real)(2.0 * error / batch->weight);
    }
}

static void binary_cross_entropies_dot(const basin_loss_spec *loss, const basin_batch *batch, size_t k, size_t width, const real *slope,
                                       const real *d, real *ad)
{
    const size_t classes = width / batch->positions;
    const real   scale = (real)(1.0 / batch->weight);

    for (size_t i = 0; i < batch->count; i++)
        for (size_t v = 0; v < k; v++)
            for (size_t j = 0; j < width; j++) {
                const real p = slope[i * width + j], w = (real)term_weight(loss, j, classes, (double)batch->values[i * width + j]);
                ad[(i * k + v) * width + j] = scale * w * p * (1 - p) * d[(i * k + v) * width + j];
            }
}

/* ------------------------------------------------------------------------------------------------- all -- */

void basin_loss_forward(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t width, basin_loss *total, real *a, real *slope)
{
    switch (loss->kind) {
    case BASIN_LOSS_SOFTMAX_CROSS_ENTROPY: cross_entropies(loss, batch, y, width / batch->positions, total, a, slope); break;
    case BASIN_LOSS_BCE_WITH_LOGITS: binary_cross_entropies(loss, batch, y, width, total, a, slope); break;
    case BASIN_LOSS_MSE: squared_errors(batch, y, width, total, a); break;
    }
}

void basin_loss_dot(const basin_loss_spec *loss, const basin_batch *batch, size_t k, size_t width, const real *slope, const real *d, real *ad)
{
    switch (loss->kind) {
    case BASIN_LOSS_SOFTMAX_CROSS_ENTROPY: cross_entropies_dot(loss, batch, k, width / batch->positions, slope, d, ad); break;
    case BASIN_LOSS_BCE_WITH_LOGITS: binary_cross_entropies_dot(loss, batch, k, width, slope, d, ad); break;
    case BASIN_LOSS_MSE:
        for (size_t j = 0; j < batch->count * k * width; j++) ad[j] = 2 * (real)(1.0 / batch->weight) * d[j];
        break;
    }
}
