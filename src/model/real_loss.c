/* Per sample; exponentials in real, sums in double in both precisions:
 *
 *   softmax cross-entropy, label smoothing e over C classes, t_c = (1 - e) [c = class] + e / C (as PyTorch):
 *       l = log Σ exp y_c - Σ t_c y_c,   ∂l = p - t,   ∂²l d = p∘d - p (p·d),   p = softmax y
 *   binary cross-entropy with logits, mean over elements:
 *       l = max(y, 0) - y t + log(1 + exp(-|y|)),   ∂l = σ(y) - t,   ∂²l d = σ (1 - σ) d
 *   mean squared error, mean over elements:
 *       l = (y - t)²,   ∂l = 2 (y - t),   ∂²l d = 2 d
 */
#include "model/real_loss.h"

double basin_loss_weight(const basin_loss_spec *loss, size_t n, size_t c)
{
    return loss->kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY ? (double)n : (double)n * (double)c;
}

static void cross_entropy(double smoothing, size_t target, const real *y, size_t c, double weight, basin_loss *total, real *a, real *slope)
{
    size_t best = 0;
    double rest = 0.0, dot = 0.0; /* log Σ exp = y_best + log1p(rest): small losses keep their digits */

    for (size_t j = 1; j < c; j++)
        if (y[j] > y[best]) best = j;
    const double top = (double)y[best];
    const double share = smoothing / (double)c;
    for (size_t j = 0; j < c; j++) {
        if (j != best) rest += (double)real_exp(y[j] - y[best]);
        dot += share * ((double)y[j] - top);
    }
    dot += (1.0 - smoothing) * ((double)y[target] - top);
    total->sum += log1p(rest) - dot;
    total->correct += best == target;
    total->count++;
    if (a == NULL) return;
    for (size_t j = 0; j < c; j++) {
        double p = (double)real_exp(y[j] - y[best]) / (1.0 + rest);
        if (slope != NULL) slope[j] = (real)p;
        a[j] = (real)((p - share - (j == target ? 1.0 - smoothing : 0.0)) / weight);
    }
}

static void binary_cross_entropy(const real *t, const real *y, size_t c, double weight, basin_loss *total, real *a, real *slope)
{
    for (size_t j = 0; j < c; j++) {
        double u = (double)y[j], target = (double)t[j], e = exp(-fabs(u)), p = (u >= 0.0 ? 1.0 : e) / (1.0 + e);
        total->sum += (u > 0.0 ? u : 0.0) - u * target + log1p(e);
        total->correct += (u > 0.0) == (target > 0.5);
        total->count++;
        if (slope != NULL) slope[j] = (real)p;
        if (a != NULL) a[j] = (real)((p - target) / weight);
    }
}

static void squared_error(const real *t, const real *y, size_t c, double weight, basin_loss *total, real *a)
{
    for (size_t j = 0; j < c; j++) {
        double error = (double)y[j] - (double)t[j];
        total->sum += error * error;
        if (a != NULL) a[j] = (real)(2.0 * error / weight);
    }
}

void basin_loss_forward(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t c, double weight, basin_loss *total, real *a,
                        real *slope)
{
    for (size_t i = 0; i < batch->count; i++) {
        const real *row = y + i * c;
        real       *adjoint = a != NULL ? a + i * c : NULL, *p = slope != NULL ? slope + i * c : NULL;
        switch (loss->kind) {
        case BASIN_LOSS_SOFTMAX_CROSS_ENTROPY:
            cross_entropy(loss->label_smoothing, (size_t)batch->classes[i], row, c, weight, total, adjoint, p);
            break;
        case BASIN_LOSS_BCE_WITH_LOGITS: binary_cross_entropy(batch->values + i * c, row, c, weight, total, adjoint, p); break;
        case BASIN_LOSS_MSE: squared_error(batch->values + i * c, row, c, weight, total, adjoint); break;
        }
    }
}

void basin_loss_dot(const basin_loss_spec *loss, size_t b, size_t k, size_t c, const real *slope, double weight, const real *d, real *ad)
{
    const real scale = (real)(1.0 / weight);

    for (size_t i = 0; i < b; i++)
        for (size_t v = 0; v < k; v++) {
            const real *p = slope + i * c, *from = d + (i * k + v) * c;
            real       *to = ad + (i * k + v) * c;
            real        dot = 0;
            switch (loss->kind) {
            case BASIN_LOSS_SOFTMAX_CROSS_ENTROPY:
                for (size_t j = 0; j < c; j++) dot += p[j] * from[j];
                for (size_t j = 0; j < c; j++) to[j] = scale * p[j] * (from[j] - dot);
                break;
            case BASIN_LOSS_BCE_WITH_LOGITS:
                for (size_t j = 0; j < c; j++) to[j] = scale * p[j] * (1 - p[j]) * from[j];
                break;
            case BASIN_LOSS_MSE:
                for (size_t j = 0; j < c; j++) to[j] = 2 * scale * from[j];
                break;
            }
        }
}
