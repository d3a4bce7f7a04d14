/* Each method's own ceiling of stability: the largest λ_max at which its full-batch recursion with learning
 * rate η and momentum β does not grow on a quadratic, ρ/‖·‖ held fixed. Coupled weight decay w is curvature
 * that the recursion sees, λ + w: it is taken off at the end. Decoupled decay u multiplies θ by 1 − ηu in
 * each step.
 *
 *   gd, sgd   (1+β)(2/η − u) − w B. Polyak 1964; J. Cohen et al., arXiv:2103.00065; with u: below
 *   nag       2(1+β)/(η(1+2β)) − w undefined with u: whether θ or the point ahead of it decays is not
 *             recorded
 *   sam       λ + ρλ²/‖g‖ < (1+β)(2/η − u) − w             P. Long & P. Bartlett, arXiv:2309.12488, for β = 0
 *   usam      λ + ρλ² < (1+β)(2/η − u) − w                 the same without the norm
 *   msam      (1+β)(2 − ηu)/(η + 2ρ/‖v‖) − w               with r = ρ/‖v‖: v ← (β − λr)v + λθ
 *
 * All five are 1 + trace + determinant > 0 of the recursion in (v, θ): its eigenvalue −1, which is reached
 * before any other of modulus 1. Heavy ball with u: v ← βv + λθ, θ ← (1 − ηu)θ − ηv has trace β + 1 − ηu − ηλ
 * and determinant β(1 − ηu). SAM's decay is of θ too. MSAM decays the point that it holds, θ − rv, as its
 * authors' code does: trace β − λr + 1 − ηu − ηλ, determinant β(1 − ηu) − λr.
 *
 * For SAM and MSAM the ratio λ_max / ceiling is endogenous: with constant ρ their iterates do not come to
 * rest, and ‖g‖ or ‖v‖ falls until the ceiling has come down to λ_max. On fixed quadratics the ratio tends to
 * 1 whatever λ_max is: MSAM, and SAM without momentum, whose 2-cycle has ‖g‖ = ηλ²ρ/(2 − ηλ) (P. Bartlett, P.
 * Long & O. Bousquet, JMLR 24(316), 2023). SAM with momentum need not settle on that: it can go on cycling
 * with the ratio below 1. So the ratio is an index of hovering: it shows no stability, and a lower λ_max is
 * not discounted by it. The plain ceiling, of the same η, β and decay without the perturbation, is exogenous.
 */
#include <math.h>

#include "core/method.h"

typedef struct setting {
    double eta, beta, rho;
    double coupled, decoupled; /* decay w and u */
} setting;

static double ceiling_plain(const setting *s)
{
    return (1.0 + s->beta) * (2.0 / s->eta - s->decoupled) - s->coupled;
}

static double ceiling_heavy_ball(const setting *s, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm, (void)momentum_norm;
    return ceiling_plain(s);
}

static double ceiling_nesterov(const setting *s, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm, (void)momentum_norm;
    return s->decoupled > 0.0 ? (double)NAN
                              : 2.0 * (1.0 + s->beta) / (s->eta * (1.0 + 2.0 * s->beta)) - s->coupled;
}

/* The positive root of (ρ/‖g‖) λ² + λ − c in the form that does not cancel for small ρ. */
static double ceiling_sam(const setting *s, double gradient_norm, double momentum_norm)
{
    double c = ceiling_plain(s);

    (void)momentum_norm;
    if (s->rho == 0.0 || c < 0.0) return c;
    if (gradient_norm == 0.0) return 0.0;
    return 2.0 * c / (1.0 + sqrt(1.0 + 4.0 * c * s->rho / gradient_norm));
}

static double ceiling_usam(const setting *s, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm;
    return ceiling_sam(s, 1.0, momentum_norm);
}

static double ceiling_msam(const setting *s, double gradient_norm, double momentum_norm)
{
    (void)gradient_norm;
    if (s->rho == 0.0) return ceiling_plain(s);
    if (momentum_norm == 0.0) return 0.0;
    return (1.0 + s->beta) * (2.0 - s->eta * s->decoupled) / (s->eta + 2.0 * s->rho / momentum_norm) -
           s->coupled;
}

static double ceiling_unknown(const setting *s, double gradient_norm, double momentum_norm)
{
    (void)s, (void)gradient_norm, (void)momentum_norm;
    return NAN;
}

static double (*const ceilings[])(const setting *s, double gradient_norm, double momentum_norm) = {
    [BASIN_STABILITY_UNKNOWN] = ceiling_unknown,   [BASIN_STABILITY_HEAVY_BALL] = ceiling_heavy_ball,
    [BASIN_STABILITY_NESTEROV] = ceiling_nesterov, [BASIN_STABILITY_SAM] = ceiling_sam,
    [BASIN_STABILITY_USAM] = ceiling_usam,         [BASIN_STABILITY_MSAM] = ceiling_msam,
};

double basin_ceiling(const char *name, const basin_hyperparameters *hyper, double gradient_norm,
                     double momentum_norm)
{
    const basin_method *method = basin_method_find(name);
    const double        decay = hyper->weight_decay > 0.0 ? hyper->weight_decay : 0.0;
    const bool          coupled = hyper->weight_decay_coupled;
    /* at 0 nothing moves: there is no ceiling */
    setting s = {.eta = hyper->learning_rate > 0.0 ? hyper->learning_rate : (double)NAN,
                 .beta = hyper->momentum,
                 .rho = hyper->rho,
                 .coupled = coupled ? decay : 0.0,
                 .decoupled = coupled ? 0.0 : decay};

    double value = ceilings[method != NULL ? method->stability : BASIN_STABILITY_UNKNOWN](&s, gradient_norm,
                                                                                          momentum_norm);
    return value < 0.0 ? 0.0 : value; /* NAN stays NAN: something it needs is not recorded */
}

double basin_ceiling_plain(const char *name, const basin_hyperparameters *hyper)
{
    basin_hyperparameters plain = *hyper;

    plain.rho = 0.0;
    return basin_ceiling(name, &plain, NAN, NAN);
}
