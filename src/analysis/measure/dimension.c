/* Effective dimension: how many directions of the spectrum count (docs/measures.md, «SANE and effective
 * parameters»). */
#include "analysis/measure/measuring.h"

static int interval_of(const basin_sane *sane)
{
    return sane->method == BASIN_SANE_ESTIMATED ? BASIN_INTERVAL_CALIBRATED : BASIN_INTERVAL_BOUNDS;
}

basin_status basin_measure_sane(basin_measuring *m, basin_value *out)
{
    basin_status      st = BASIN_OK;
    const basin_sane *sane = NULL;

    BASIN_TRY(basin_measuring_sane(m, &sane));
    if (sane != NULL) *out = (basin_value){sane->value, sane->lower, sane->upper, interval_of(sane)};
done:
    return st;
}

basin_status basin_measure_n_eff(basin_measuring *m, basin_value *out)
{
    basin_status      st = BASIN_OK;
    const basin_sane *sane = NULL;

    BASIN_TRY(basin_measuring_sane(m, &sane));
    if (sane != NULL)
        *out = (basin_value){sane->n_eff, sane->n_eff_lower, sane->n_eff_upper, interval_of(sane)};
done:
    return st;
}
