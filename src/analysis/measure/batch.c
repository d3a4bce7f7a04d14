/* Batch sharpness: the mean over mini-batches, with its standard error (docs/measures.md, «Mini-batches»). */
#include <math.h>

#include "analysis/measure/measuring.h"
#include "analysis/point.h"

enum { BATCHES = 20, BATCH_SIZE = 128 };

size_t basin_measuring_batch_size(const basin_measuring *m)
{
    const size_t  samples = basin_objective_samples(m->point->objective);
    const int64_t recorded = m->ck->hyper.batch_size;
    const size_t  size = m->options.batch_size > 0 ? m->options.batch_size
                         : recorded > 0            ? (size_t)recorded
                                                   : BATCH_SIZE;

    return size < samples ? size : samples;
}

/* They take the place of the frozen Hessian. */
static basin_status draw(basin_measuring *m, const basin_batches **out)
{
    basin_status          st = BASIN_OK;
    basin_batches_options o = {.count = m->options.batches > 0 ? m->options.batches : BATCHES,
                               .batch_size = basin_measuring_batch_size(m),
                               .sharpness_only = true,
                               .momentum = m->momentum,
                               .beta = m->ck->hyper.momentum,
                               .learning_rate = m->ck->hyper.learning_rate,
                               .seed = m->options.seed};

    if (m->batches == NULL) BASIN_TRY(basin_batches_compute(m->point, &o, &m->batches));
    *out = m->batches;
done:
    return st;
}

static basin_value mean_of(const basin_mean *mean, size_t count)
{
    const double error = mean->deviation / sqrt((double)count);

    if (isnan(mean->mean)) return (basin_value){NAN, NAN, NAN, BASIN_INTERVAL_NONE};
    return (basin_value){mean->mean, mean->mean - error, mean->mean + error, BASIN_INTERVAL_STANDARD_ERROR};
}

basin_status basin_measure_batch_sharpness(basin_measuring *m, basin_value *out)
{
    basin_status         st = BASIN_OK;
    const basin_batches *b = NULL;

    BASIN_TRY(draw(m, &b));
    *out = mean_of(&b->sharpness, b->count);
done:
    return st;
}

basin_status basin_measure_batch_sharpness_momentum(basin_measuring *m, basin_value *out)
{
    basin_status         st = BASIN_OK;
    const basin_batches *b = NULL;

    BASIN_TRY(draw(m, &b));
    *out = mean_of(&b->momentum, b->count);
done:
    return st;
}
