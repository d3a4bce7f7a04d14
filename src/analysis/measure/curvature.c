/* Curvature: ends, trace and sign of the Hessian's spectrum (docs/measures.md, «Spectrum»). A truncated
 * spectrum knows the ends that it was asked for only.
 */
#include "analysis/measure/measuring.h"

static bool is_dense(const basin_spectrum *spectrum)
{
    return spectrum->method == BASIN_SPECTRUM_DENSE;
}

basin_status basin_measure_lambda_max(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *s = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &s));
    if (s->count == 0 || (!is_dense(s) && s->top == 0)) goto done;
    out->value = s->eigenvalues[0];
    out->lower = s->eigenvalues[0] - s->residuals[0];
    out->upper = s->eigenvalues[0] + s->residuals[0];
    out->interval = BASIN_INTERVAL_RESIDUAL;
done:
    return st;
}

basin_status basin_measure_lambda_min(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *s = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &s));
    if (s->count > 0 && (is_dense(s) || s->bottom > 0)) out->value = s->eigenvalues[s->count - 1];
done:
    return st;
}

basin_status basin_measure_trace(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *s = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &s));
    out->value = s->trace;
    if (!(s->trace_error > 0.0)) goto done; /* exact */
    out->lower = s->trace - s->trace_error;
    out->upper = s->trace + s->trace_error;
    out->interval = BASIN_INTERVAL_STANDARD_ERROR;
done:
    return st;
}

basin_status basin_measure_negative_mass(basin_measuring *m, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *s = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &s));
    out->value = s->negative_mass;
done:
    return st;
}
