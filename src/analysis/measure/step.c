/* Critical sharpness: how large a step along the method's next update would have to be to lead back up.
 *
 * Method
 *   1. The next update at full batch, u = βv + g(x), in the recursion that the method has (docs/measures.md,
 *      «Training recursions»): x = θ for gd and sgd, θ − ηβv for nag, θ + ρ∇L/‖∇L‖ for sam, θ − ρv/‖v‖ for
 *      msam. Weight decay is added where the method takes it. Training moves θ by −ηu.
 *   2. λ_c = 2/η_c, η_c the least η with F(θ − ηu) > F(θ). For a quadratic η_c = 2 uᵀ∇F/uᵀHu, so that λ_c is
 *      uᵀHu/uᵀ∇F, which stands beside it.
 *   3. η_c is bracketed on a grid that begins an eighth of where the quadratic model in the sharpest
 *      direction would cross, 2 uᵀ∇F/(Λ‖u‖²), and grows by 2^¼: the first of its points that lies above θ
 *      ends the bracket. A bisection, as in the authors' code, would find some crossing; this is the least
 *      but for one of two within a step of the grid. Then the bracket is divided twice by 17: its ends are
 *      those of the value, within 0.1 %.
 *
 * Where uᵀ∇F <= 0 the step leads uphill, as it may where SAM and MSAM bounce: there is no η_c, and
 * step_gradient_cosine says why. Nor where no point of the grid, up to 2^13 times that scale, lies above θ.
 *
 * Reference: «Measuring curvature at scale by critical sharpness», arXiv:2601.16979.
 */
#include <math.h>

#include "analysis/measure/measuring.h"
#include "analysis/next_step.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

enum { TOGETHER = 16, CHUNKS = 4, DIVISIONS = 2 };

#define BEGIN 0.125           /* of the scale */
#define RATIO 1.1892071150027 /* 2^¼ */

/* --------------------------------------------------------------------------------------- the next step -- */

basin_status basin_measuring_step(basin_measuring *m, double *hx)
{
    basin_status  st = BASIN_OK;
    const double *g;
    double       *u = NULL, form;

    if (basin_next_step_unknown(m->ck) != NULL) goto done;
    BASIN_ALLOC(u, m->point->size, "the next step");
    BASIN_TRY(basin_next_step(m->point, m->ck, u));
    BASIN_TRY(basin_point_gradient(m->point, NULL, &g));
    BASIN_TRY(basin_measuring_form(m, u, hx, &form));
    m->step_slope = basin_dot(u, g, m->point->size);
    m->step_form = form * basin_dot(u, u, m->point->size);
    m->step_cosine = basin_cosine(u, g, m->point->size);
    m->step = u, u = NULL;
done:
    basin_free(u);
    return st;
}

/* ---------------------------------------------------------------------------------------- the crossing -- */

/* Losses at θ and at θ − eta[i] u; *first: the first of these above θ, or `count`. */
static basin_status look(basin_measuring *m, const double *eta, size_t count, size_t *first)
{
    basin_status st = BASIN_OK;
    double       coef[TOGETHER + 1] = {0.0};
    basin_loss   losses[TOGETHER + 1];

    for (size_t i = 0; i < count; i++) coef[i + 1] = -eta[i];
    BASIN_TRY(basin_point_subspace(m->point, m->step, 1, coef, count + 1, losses));
    for (*first = 0; *first < count; ++*first)
        if (!(basin_loss_value(&losses[*first + 1]) <= basin_loss_value(&losses[0]))) break;
done:
    return st;
}

/* The first bracket (*low, *high] of the grid; *high stays 0 where there is none. */
static basin_status bracket(basin_measuring *m, double scale, double *low, double *high)
{
    basin_status st = BASIN_OK;
    double       eta[TOGETHER], next = BEGIN * scale;

    for (size_t chunk = 0; chunk < CHUNKS && *high == 0.0; chunk++) {
        size_t first;
        for (size_t i = 0; i < TOGETHER; i++, next *= RATIO) eta[i] = next;
        BASIN_TRY(look(m, eta, TOGETHER, &first));
        if (first > 0) *low = eta[first - 1];
        if (first < TOGETHER) *high = eta[first];
    }
done:
    return st;
}

static basin_status divide(basin_measuring *m, double *low, double *high)
{
    basin_status st = BASIN_OK;
    double       eta[TOGETHER], from = *low, to = *high;
    size_t       first;

    for (size_t i = 0; i < TOGETHER; i++) eta[i] = from + (to - from) * (double)(i + 1) / (TOGETHER + 1);
    BASIN_TRY(look(m, eta, TOGETHER, &first));
    if (first > 0) *low = eta[first - 1];
    if (first < TOGETHER) *high = eta[first];
done:
    return st;
}

static double largest_magnitude(const basin_spectrum *s)
{
    return fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));
}

basin_status basin_measure_critical_sharpness(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;
    double                low = 0.0, high = 0.0;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum)); /* and the step */
    if (m->step == NULL || !(m->step_slope > 0.0) || !(largest_magnitude(spectrum) > 0.0)) goto done;
    const double length2 = basin_dot(m->step, m->step, m->point->size);
    BASIN_TRY(bracket(m, 2.0 * m->step_slope / (largest_magnitude(spectrum) * length2), &low, &high));
    for (size_t i = 0; i < DIVISIONS && high > 0.0; i++) BASIN_TRY(divide(m, &low, &high));
    if (high > 0.0 && low > 0.0)
        *out = (basin_value){4.0 / (low + high), 2.0 / high, 2.0 / low, BASIN_INTERVAL_BOUNDS};
done:
    return st;
}

basin_status basin_measure_critical_quadratic(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum));
    if (m->step != NULL && m->step_slope > 0.0) out->value = m->step_form / m->step_slope;
done:
    return st;
}

basin_status basin_measure_step_gradient_cosine(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum));
    if (m->step != NULL) out->value = m->step_cosine;
done:
    return st;
}
