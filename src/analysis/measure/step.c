/* The step that the method would take next, and its critical sharpness.
 *
 *   1. The next update at full batch, u = βv + g(x), in the recursion that the method has (next_step.c).
 *      Weight decay is added where the method takes it. Training moves θ by −ηu.
 *   2. λ_c along it (critical.c), and uᵀHu/uᵀ∇F of the quadratic model.
 *
 * Where uᵀ∇F <= 0 the step leads uphill, as it may where SAM and MSAM bounce: there is no η_c, and
 * step_gradient_cosine says why.
 */
#include <math.h>

#include "analysis/critical.h"
#include "analysis/measure/measuring.h"
#include "analysis/next_step.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

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

static double largest_magnitude(const basin_spectrum *s)
{
    return fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));
}

basin_status basin_measure_critical_sharpness(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;
    basin_critical        found;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum)); /* and the step */
    if (m->step == NULL || !(m->step_slope > 0.0) || !(largest_magnitude(spectrum) > 0.0)) goto done;
    BASIN_TRY(basin_critical_find(m->point, m->step, m->step_slope, largest_magnitude(spectrum), &found));
    if (!isnan(found.value))
        *out = (basin_value){found.value, found.lower, found.upper, BASIN_INTERVAL_BOUNDS};
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
