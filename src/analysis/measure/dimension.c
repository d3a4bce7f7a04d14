/* Effective dimension: how many directions of the spectrum count (docs/measures.md, «SANE and effective
 * parameters»). */
#include "analysis/measure/measuring.h"

basin_status basin_measure_sane(basin_measuring *m, basin_value *out)
{
    basin_status      st = BASIN_OK;
    const basin_sane *sane = NULL;

    BASIN_TRY(basin_measuring_sane(m, &sane));
    if (sane != NULL) *out = (basin_value){sane->value, sane->lower, sane->upper, BASIN_INTERVAL_BOUNDS};
done:
    return st;
}

basin_status basin_measure_n_eff(basin_measuring *m, basin_value *out)
{
    basin_status      st = BASIN_OK;
    const basin_sane *sane = NULL;

    BASIN_TRY(basin_measuring_sane(m, &sane));
    if (sane != NULL)
        *out = (basin_value){sane->n_eff, sane->n_eff_lower, sane->n_eff_upper, BASIN_INTERVAL_BOUNDS};
done:
    return st;
}
