/* Rises of the loss along one direction at one radius (docs/measures.md, «One-step sharpness»): along the
 * run's own gradient and momentum, and along directions that methods have in common, the top eigenvector and
 * random ones.
 */
#include <math.h>

#include "analysis/measure/measuring.h"

/* The rise along that direction; *out stays NULL where it is not there. */
static basin_status find(basin_measuring *m, basin_rise_direction direction, const basin_rise **out)
{
    basin_status           st = BASIN_OK;
    const basin_sharpness *s = NULL;

    BASIN_TRY(basin_measuring_sharpness(m, &s));
    for (size_t i = 0; i < s->rise_count; i++)
        if (s->rises[i].direction == (int)direction) *out = &s->rises[i];
done:
    return st;
}

/* The whole rise, or its part that is even in the radius. */
static basin_status measure(basin_measuring *m, basin_rise_direction direction, bool symmetric,
                            basin_value *out)
{
    basin_status      st = BASIN_OK;
    const basin_rise *rise = NULL;

    BASIN_TRY(find(m, direction, &rise));
    if (rise != NULL) out->value = symmetric ? rise->symmetric : rise->value;
done:
    return st;
}

basin_status basin_measure_sharpness_sam(basin_measuring *m, basin_value *out)
{
    return measure(m, BASIN_RISE_SAM, false, out);
}

basin_status basin_measure_sharpness_msam(basin_measuring *m, basin_value *out)
{
    return measure(m, BASIN_RISE_MSAM, false, out);
}

basin_status basin_measure_sharpness_sam_symmetric(basin_measuring *m, basin_value *out)
{
    return measure(m, BASIN_RISE_SAM, true, out);
}

basin_status basin_measure_sharpness_msam_symmetric(basin_measuring *m, basin_value *out)
{
    return measure(m, BASIN_RISE_MSAM, true, out);
}

basin_status basin_measure_rise_top(basin_measuring *m, basin_value *out)
{
    return measure(m, BASIN_RISE_TOP, true, out);
}

static bool is_random(const basin_rise *rise)
{
    return rise->direction == BASIN_RISE_RANDOM;
}

/* Mean and standard error of the symmetrised rises along the random directions. */
basin_status basin_measure_rise_random(basin_measuring *m, basin_value *out)
{
    basin_status           st = BASIN_OK;
    const basin_sharpness *s = NULL;
    double                 sum = 0.0, square = 0.0;
    size_t                 n = 0;

    BASIN_TRY(basin_measuring_sharpness(m, &s));
    for (size_t i = 0; i < s->rise_count; i++)
        if (is_random(&s->rises[i])) sum += s->rises[i].symmetric, n++;
    if (n == 0) goto done;
    out->value = sum / (double)n;
    for (size_t i = 0; i < s->rise_count; i++) {
        double d = s->rises[i].symmetric - out->value;
        if (is_random(&s->rises[i])) square += d * d;
    }
    if (n == 1) goto done;
    double error = sqrt(square / (double)(n - 1) / (double)n);
    out->lower = out->value - error;
    out->upper = out->value + error;
    out->interval = BASIN_INTERVAL_STANDARD_ERROR;
done:
    return st;
}
