/* Update rules, on batch B with learning rate η, momentum β, radius ρ and coupled weight decay w:
 *
 *   gd, sgd   g = ∇L_B(θ) + wθ                             heavy ball (Polyak 1964), gd with B = all samples
 *   nag       x = θ − ηβv;  g = ∇L_B(x) + wx               Nesterov's gradient in the heavy ball's variables
 *   sam       ε = ρ ∇L_B(θ)/‖∇L_B(θ)‖; g = ∇L_B(θ+ε) + wθ (two gradients; the decay is neither in ε nor moved
 *             by it)
 *   usam      ε = ρ ∇L_B(θ), the rest as sam               un-normalised SAM
 *   msam      x = θ − ρ v/‖v‖; g = ∇L_B(x) + wx between steps the optimizer holds x, the perturbed point
 *   all       v ← βv + g;  θ ← θ − ηv
 *
 * A perturbation along a vector of norm 0 is none: SAM where the gradient vanishes, MSAM before the first
 * step.
 *
 * References
 *   B. Polyak, «Some methods of speeding up the convergence of iteration methods», USSR Comput. Math. Math.
 *   Phys. 4(5), 1964.
 *   P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, «Sharpness-aware minimization», arXiv:2010.01412, eq. 2
 *   and algorithm 1.
 *   M. Andriushchenko, N. Flammarion, «Towards understanding sharpness-aware minimization», arXiv:2206.06232:
 *   SAM without the norm.
 *   M. Becker, F. Altrock, B. Risse, «Momentum-SAM», arXiv:2401.12033, algorithm 1: the perturbation is along
 *   −v.
 *
 * Numerical note: MSAM keeps θ itself and derives the perturbed point from it, so that rounding in adding and
 * undoing the perturbation does not pile up over the steps.
 */
#include "train/update.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"

static void heavy_ball(basin_optimizer *opt)
{
    for (size_t i = 0; i < opt->size; i++) {
        opt->v[i] = opt->beta * opt->v[i] + opt->g[i];
        opt->theta[i] -= opt->eta * opt->v[i];
    }
}

/* ∇L_B(x) into g. Decay is added by the caller, since methods differ in where they take it. */
static basin_status gradient_at(basin_optimizer *opt, const basin_samples *batch, const double *x,
                                basin_loss *loss)
{
    return basin_objective_gradient(opt->objective, batch, x, loss, opt->g);
}

/* x = y + length d/‖d‖, y itself where d = 0; returns length/‖d‖, or 0. */
static double perturb(const double *y, const double *d, double length, size_t size, double *x)
{
    double norm = basin_norm(d, size), scale = norm > 0.0 ? length / norm : 0.0;

    basin_copy(y, x, size);
    if (scale != 0.0) basin_axpy(scale, d, x, size);
    return scale;
}

static basin_status step_gd(basin_optimizer *opt, const basin_samples *batch, basin_loss *loss)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(gradient_at(opt, batch, opt->theta, loss));
    basin_axpy(opt->decay, opt->theta, opt->g, opt->size);
    heavy_ball(opt);
done:
    return st;
}

static basin_status step_nag(basin_optimizer *opt, const basin_samples *batch, basin_loss *loss)
{
    basin_status st = BASIN_OK;

    basin_copy(opt->theta, opt->point, opt->size);
    basin_axpy(-opt->eta * opt->beta, opt->v, opt->point, opt->size);
    BASIN_TRY(gradient_at(opt, batch, opt->point, loss));
    basin_axpy(opt->decay, opt->point, opt->g, opt->size);
    heavy_ball(opt);
done:
    return st;
}

/* SAM's step from the perturbed point on, which `opt->point` is. */
static basin_status descend(basin_optimizer *opt, const basin_samples *batch)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(gradient_at(opt, batch, opt->point, NULL));
    basin_axpy(opt->decay, opt->theta, opt->g, opt->size);
    heavy_ball(opt);
done:
    return st;
}

static basin_status step_sam(basin_optimizer *opt, const basin_samples *batch, basin_loss *loss)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(gradient_at(opt, batch, opt->theta, loss));
    perturb(opt->theta, opt->g, opt->rho, opt->size, opt->point);
    BASIN_TRY(descend(opt, batch));
done:
    return st;
}

static basin_status step_usam(basin_optimizer *opt, const basin_samples *batch, basin_loss *loss)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(gradient_at(opt, batch, opt->theta, loss));
    basin_copy(opt->theta, opt->point, opt->size);
    basin_axpy(opt->rho, opt->g, opt->point, opt->size);
    BASIN_TRY(descend(opt, batch));
done:
    return st;
}

static basin_status step_msam(basin_optimizer *opt, const basin_samples *batch, basin_loss *loss)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(gradient_at(opt, batch, opt->stored, loss));
    basin_axpy(opt->decay, opt->stored, opt->g, opt->size);
    heavy_ball(opt);
    opt->undo = fabs(perturb(opt->theta, opt->v, -opt->rho, opt->size, opt->stored));
done:
    return st;
}

static const basin_update_rule rules[] = {
    [BASIN_GD] = {BASIN_METHOD_GD, .full_batch = true, .gradients = 1, .step = step_gd},
    [BASIN_SGD] = {BASIN_METHOD_SGD, .gradients = 1, .step = step_gd},
    [BASIN_NAG] = {BASIN_METHOD_NAG, .gradients = 1, .step = step_nag},
    [BASIN_SAM] = {BASIN_METHOD_SAM, .gradients = 2, .step = step_sam},
    [BASIN_USAM] = {BASIN_METHOD_USAM, .gradients = 2, .step = step_usam},
    [BASIN_MSAM] = {BASIN_METHOD_MSAM, .perturbed = true, .gradients = 1, .step = step_msam},
};

enum { RULES = sizeof rules / sizeof *rules };

const basin_update_rule *basin_update_rule_of(basin_update method)
{
    return (unsigned)method < RULES ? &rules[method] : NULL;
}

basin_status basin_update_find(const char *name, basin_update *out)
{
    for (size_t i = 0; i < RULES; i++)
        if (strcmp(name, basin_methods[rules[i].method].name) == 0) {
            *out = (basin_update)i;
            return BASIN_OK;
        }
    return basin_fail(BASIN_ERR_ARG, "method %s is none of gd, sgd, nag, sam, usam, msam", name);
}
