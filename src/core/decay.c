#include "core/decay.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"

static double weight_of(const basin_decay *decay, size_t i)
{
    return decay->each != NULL ? decay->each[i] : decay->value;
}

basin_status basin_decay_check(const basin_decay *decay, size_t size)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < (decay->each != NULL ? size : 1); i++)
        BASIN_CHECK(weight_of(decay, i) >= 0.0 && isfinite(weight_of(decay, i)), BASIN_ERR_ARG,
                    "weight decay %g is not a finite number >= 0", weight_of(decay, i));
done:
    return st;
}

double basin_decay_most(const basin_decay *decay, size_t size)
{
    double most = weight_of(decay, 0);

    for (size_t i = 1; decay->each != NULL && i < size; i++) most = fmax(most, decay->each[i]);
    return most;
}

bool basin_decay_is_none(const basin_decay *decay, size_t size)
{
    return basin_decay_most(decay, size) == 0.0;
}

/* Runs of one w are summed as a whole, in the fixed order of basin_dot: one run where all are alike. */
double basin_decay_form(const basin_decay *decay, const double *x, const double *y, size_t size)
{
    double sum = 0.0;

    if (decay->each == NULL) return decay->value * basin_dot(x, y, size);
    for (size_t i = 0, end; i < size; i = end) {
        for (end = i + 1; end < size && decay->each[end] == decay->each[i];) end++;
        sum += decay->each[i] * basin_dot(x + i, y + i, end - i);
    }
    return sum;
}

double basin_decay_term(const basin_decay *decay, const double *theta, size_t size)
{
    return 0.5 * basin_decay_form(decay, theta, theta, size);
}

void basin_decay_add(const basin_decay *decay, const double *x, size_t k, size_t size, double *out)
{
    if (decay->each == NULL) {
        if (decay->value > 0.0) basin_axpy(decay->value, x, out, k * size);
        return;
    }
    for (size_t j = 0; j < k; j++)
        for (size_t i = 0; i < size; i++) out[j * size + i] += decay->each[i] * x[j * size + i];
}

void basin_decay_add_loss(const basin_decay *decay, const double *theta, size_t size, basin_loss *loss)
{
    if (!basin_decay_is_none(decay, size)) loss->sum += loss->weight * basin_decay_term(decay, theta, size);
}

/* The term at every point from the Gram matrix of (theta, d_1 … d_d) in the product xᵀWy. */
basin_status basin_decay_add_losses(const basin_decay *decay, const double *theta, const double *dirs,
                                    size_t d, const double *coef, size_t n, size_t size, basin_loss *losses)
{
    basin_status st = BASIN_OK;
    double      *gram = NULL;

    if (basin_decay_is_none(decay, size)) goto done;
    BASIN_ALLOC(gram, (d + 1) * (d + 1), "Gram matrix");
    for (size_t i = 0; i <= d; i++)
        for (size_t j = 0; j <= d; j++)
            gram[i * (d + 1) + j] = basin_decay_form(decay, i > 0 ? dirs + (i - 1) * size : theta,
                                                     j > 0 ? dirs + (j - 1) * size : theta, size);
    for (size_t p = 0; p < n; p++) {
        double square = 0.0;
        for (size_t i = 0; i <= d; i++)
            for (size_t j = 0; j <= d; j++)
                square += (i > 0 ? coef[p * d + i - 1] : 1.0) * (j > 0 ? coef[p * d + j - 1] : 1.0) *
                          gram[i * (d + 1) + j];
        losses[p].sum += losses[p].weight * 0.5 * square;
    }
done:
    basin_free(gram);
    return st;
}
