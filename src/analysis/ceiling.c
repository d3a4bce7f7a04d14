/* Each method's own ceiling of stability: the largest λ_max at which its full-batch recursion with learning rate η and momentum β
 * does not grow on a quadratic, ρ/‖·‖ held fixed. With coupled weight decay w the curvature that the recursion sees is λ + w,
 * so w is taken off.
 *
 *   gd, sgd   2(1+β)/η                                     B. Polyak 1964; J. Cohen et al., arXiv:2103.00065
 *   nag       2(1+β)/(η(1+2β))
 *   sam       λ + ρλ²/‖g‖ < 2(1+β)/η                       P. Long & P. Bartlett, arXiv:2309.12488, for β = 0
 *   msam      2(1+β)/(η + 2ρ/‖v‖)                          of v ← (β − λρ/‖v‖)v + λθ, θ ← θ − ηv: 1 + trace + determinant > 0
 *
 * With constant ρ the last two fall to 0 as ‖g‖ or ‖v‖ does.
 */
#include <math.h>
#include <string.h>

#include "core/status.h"

static double heavy_ball(const basin_hyperparameters *h, double decay)
{
    return 2.0 * (1.0 + h->momentum) / h->learning_rate - decay;
}

static double ceiling_gd(const basin_hyperparameters *h, double decay, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm, (void)momentum_norm;
    return heavy_ball(h, decay);
}

static double ceiling_nag(const basin_hyperparameters *h, double decay, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm, (void)momentum_norm;
    return 2.0 * (1.0 + h->momentum) / (h->learning_rate * (1.0 + 2.0 * h->momentum)) - decay;
}

/* The positive root of (ρ/‖g‖) λ² + λ − c, c = 2(1+β)/η − w, in the form that does not cancel for small ρ. */
static double ceiling_sam(const basin_hyperparameters *h, double decay, double gradient_norm, double momentum_norm)
{
    double c = heavy_ball(h, decay);

    (void)momentum_norm;
    if (h->rho == 0.0 || c < 0.0) return c;
    if (gradient_norm == 0.0) return 0.0;
    return 2.0 * c / (1.0 + sqrt(1.0 + 4.0 * c * h->rho / gradient_norm));
}

static double ceiling_msam(const basin_hyperparameters *h, double decay, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm;
    if (h->rho == 0.0) return heavy_ball(h, decay);
    if (momentum_norm == 0.0) return 0.0;
    return 2.0 * (1.0 + h->momentum) / (h->learning_rate + 2.0 * h->rho / momentum_norm) - decay;
}

static const struct {
    const char *method;
    double (*value)(const basin_hyperparameters *h, double decay, double gradient_norm, double momentum_norm);
} ceilings[] = {{"gd", ceiling_gd}, {"sgd", ceiling_gd}, {"nag", ceiling_nag}, {"sam", ceiling_sam}, {"msam", ceiling_msam}};

double basin_ceiling(const char *method, const basin_hyperparameters *hyper, double gradient_norm, double momentum_norm)
{
    double decay = hyper->weight_decay_coupled && hyper->weight_decay > 0.0 ? hyper->weight_decay : 0.0;

    for (size_t i = 0; method != NULL && i < sizeof ceilings / sizeof *ceilings; i++)
        if (strcmp(method, ceilings[i].method) == 0) {
            double value = ceilings[i].value(hyper, decay, gradient_norm, momentum_norm);
            return value < 0.0 ? 0.0 : value; /* NAN stays NAN: something it needs is not recorded */
        }
    return NAN;
}
