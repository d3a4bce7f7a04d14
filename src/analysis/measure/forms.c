/* Curvature dᵀHd of unit vectors d: along the run's own gradient and momentum by one product each, and along
 * random directions. For d uniform on the sphere E dᵀHd = tr H / P, so that no direction needs to be drawn
 * where the trace is known, and its error is the trace's (docs/measures.md, «Curvature along directions»).
 *
 * M. Becker, F. Altrock & B. Risse, arXiv:2401.12033, fig. A.8, follow the three over training.
 */
#include <math.h>

#include "analysis/measure/measuring.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

basin_status basin_measuring_form(basin_measuring *m, const double *x, double *hx, double *out)
{
    basin_status st = BASIN_OK;
    const size_t size = m->point->size;
    const double norm = x != NULL ? basin_norm(x, size) : 0.0;

    *out = NAN;
    if (!(norm > 0.0)) goto done;
    BASIN_TRY(basin_point_product(m->point, x, 1, hx));
    *out = basin_dot(x, hx, size) / norm / norm;
done:
    return st;
}

basin_status basin_measuring_forms(basin_measuring *m)
{
    basin_status  st = BASIN_OK;
    const double *g;
    double       *hx = NULL;

    BASIN_ALLOC(hx, m->point->size, "a product");
    BASIN_TRY(basin_point_bare_gradient(m->point, NULL, &g));
    BASIN_TRY(basin_measuring_form(m, g, hx, &m->along_gradient));
    BASIN_TRY(basin_measuring_form(m, m->momentum, hx, &m->along_momentum));
    if (m->there & BASIN_NEEDS_STEP && m->there & BASIN_NEEDS_RAW) BASIN_TRY(basin_measuring_step(m, hx));
done:
    basin_free(hx);
    return st;
}

basin_status basin_measure_curvature_gradient(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum)); /* and the forms, at the same frozen Hessian */
    out->value = m->along_gradient;
done:
    return st;
}

basin_status basin_measure_curvature_momentum(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum));
    out->value = m->along_momentum;
done:
    return st;
}

basin_status basin_measure_curvature_random(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_value  trace = {NAN, NAN, NAN, BASIN_INTERVAL_NONE};
    const double size = (double)m->point->size;

    BASIN_TRY(basin_measure_trace(m, &trace));
    *out = (basin_value){trace.value / size, trace.lower / size, trace.upper / size, trace.interval};
done:
    return st;
}
