/* Down from the bounce of a method with constant radius to the floor of the valley.
 *
 * SAM and MSAM with constant rho do not settle: near a minimum their iterates bounce across the valley with
 * an amplitude that rho sets (P. Bartlett, P. Long & O. Bousquet, JMLR 24(316), 2023), and a checkpoint holds
 * a phase of that bounce.
 *
 * Method, on R = L + ½ thetaᵀWtheta (W of the recorded, coupled weight decay)
 *   1. theta <- theta − s ∇R(theta), K times, without momentum: what training would do next if nothing
 *      perturbed it. Across the valley, in directions of curvature λ, the bounce shrinks by |1 − sλ| a step;
 *      along it, where λ is small, little moves.
 *   2. A step that would raise R is halved until R does not rise, and stays so: sλ > 2 would grow the bounce
 *      instead.
 *   3. How far theta, L and ‖g‖ moved belongs to the result: a polish that moves L much is further training,
 *      not a measurement.
 */
#include <math.h>

#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

enum { HALVINGS = 60 };

typedef struct polisher {
    basin_objective *objective;
    size_t           size;
    basin_decay      decay;
    double          *theta, *next; /* [P] */
    double          *g, *g_next;   /* [P] ∇L */
    double          *slope;        /* [P] ∇R at theta */
    double           loss, regularised;
} polisher;

/* L, ∇L and R at x; not finite: left so, to be judged. */
static basin_status look(const polisher *p, const double *x, double *g, double *loss, double *regularised)
{
    basin_status st = BASIN_OK;
    basin_loss   found;

    BASIN_TRY(basin_gradient_at(p->objective, x, &found, g));
    *loss = basin_loss_value(&found);
    *regularised = *loss + basin_decay_term(&p->decay, x, p->size);
done:
    return st;
}

static void step_from(const polisher *p, double step)
{
    basin_copy(p->g, p->slope, p->size);
    basin_decay_add(&p->decay, p->theta, 1, p->size, p->slope);
    for (size_t i = 0; i < p->size; i++) p->next[i] = p->theta[i] - step * p->slope[i];
}

static void accept(polisher *p, double loss, double regularised)
{
    double *theta = p->theta, *g = p->g;

    p->theta = p->next, p->next = theta;
    p->g = p->g_next, p->g_next = g;
    p->loss = loss, p->regularised = regularised;
}

/* One step; `*step` is halved as often as it takes. False in *taken where no step length is left that does
   not raise R. */
static basin_status descend(polisher *p, basin_polish *out, bool *taken)
{
    basin_status st = BASIN_OK;
    double       loss = NAN, regularised = NAN;

    for (*taken = false; !*taken && out->halvings <= HALVINGS;) {
        step_from(p, out->step);
        st = look(p, p->next, p->g_next, &loss, &regularised);
        /* these two: it overflowed there */
        if (st != BASIN_OK && st != BASIN_ERR_NUMERIC && st != BASIN_ERR_VALUE) goto done;
        *taken = st == BASIN_OK && regularised <= p->regularised;
        st = BASIN_OK;
        if (!*taken) out->halvings++, out->step *= 0.5;
    }
    if (*taken) accept(p, loss, regularised);
done:
    return st;
}

static double distance(const double *a, const double *b, size_t size, double *scratch)
{
    for (size_t i = 0; i < size; i++) scratch[i] = a[i] - b[i];
    return basin_norm(scratch, size);
}

static basin_status check(const basin_polish_options *options, size_t size)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(options->steps > 0, BASIN_ERR_ARG, "polishing takes at least one step");
    BASIN_CHECK(options->step > 0.0 && isfinite(options->step), BASIN_ERR_ARG,
                "step %g of polishing is not a finite number > 0", options->step);
    BASIN_TRY(basin_decay_check(&options->decay, size));
done:
    return st;
}

basin_status basin_polish_compute(basin_objective *o, double *theta, const basin_polish_options *options,
                                  basin_polish *out)
{
    basin_status st = BASIN_OK;
    polisher     p = {.objective = o, .size = basin_objective_size(o), .decay = options->decay};
    basin_polish polish = {.step = options->step};
    bool         taken = true;

    BASIN_TRY(check(options, p.size));
    BASIN_ALLOC(p.theta, p.size, "a point");
    BASIN_ALLOC(p.next, p.size, "a point");
    BASIN_ALLOC(p.g, p.size, "a gradient");
    BASIN_ALLOC(p.g_next, p.size, "a gradient");
    BASIN_ALLOC(p.slope, p.size, "a gradient");
    basin_copy(theta, p.theta, p.size);
    BASIN_TRY(look(&p, p.theta, p.g, &p.loss, &p.regularised));
    polish.loss_before = p.loss, polish.gradient_norm_before = basin_norm(p.g, p.size);
    while (taken && polish.steps < options->steps) {
        BASIN_TRY(basin_progress_report("polish", (double)polish.steps, (double)options->steps));
        BASIN_TRY(descend(&p, &polish, &taken));
        if (taken) polish.steps++;
    }
    polish.loss_after = p.loss, polish.gradient_norm_after = basin_norm(p.g, p.size);
    polish.moved = distance(p.theta, theta, p.size, p.next);
    basin_copy(p.theta, theta, p.size);
    *out = polish;
done:
    basin_free(p.theta);
    basin_free(p.next);
    basin_free(p.g);
    basin_free(p.g_next);
    basin_free(p.slope);
    return st;
}
