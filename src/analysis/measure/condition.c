/* Conditions: what is not claimed of a method but must be looked at beside what is. Ceilings of stability
 * (docs/measures.md, «Ceilings of stability»), norms, and how far the run's own directions lie along the
 * sharpest.
 */
#include <math.h>

#include "analysis/measure/measuring.h"
#include "analysis/point.h"
#include "core/decay.h"
#include "core/linalg.h"

/* Of decay by tensor the largest counts: λ_max below that ceiling is stable whatever its direction. */
static basin_hyperparameters recorded(const basin_measuring *m)
{
    const basin_decay     decay = basin_checkpoint_decay(m->ck);
    basin_hyperparameters hyper = m->ck->hyper;

    hyper.weight_decay = basin_decay_most(&decay, m->ck->params->size);
    return hyper;
}

static double included(const basin_measuring *m)
{
    return basin_decay_most(basin_point_included(m->point), m->ck->params->size);
}

/* SAM's radius goes by ∇L alone; lambda_max holds the decay that is included, and so must its
   ceiling. The method's own ceiling goes by norms that it had while it trained, at the raw point. */
basin_status basin_measure_ceiling(basin_measuring *m, basin_value *out)
{
    basin_status                st = BASIN_OK;
    const basin_hyperparameters hyper = recorded(m);
    const size_t                size = m->point->size;
    const double               *g;

    BASIN_TRY(basin_point_bare_gradient(m->point, NULL, &g));
    const double momentum_norm = m->momentum != NULL ? basin_norm(m->momentum, size) : (double)NAN;
    out->value = basin_ceiling(m->ck->method, &hyper, basin_norm(g, size), momentum_norm) + included(m);
done:
    return st;
}

basin_status basin_measure_ceiling_plain(basin_measuring *m, basin_value *out)
{
    const basin_hyperparameters hyper = recorded(m);
    out->value = basin_ceiling_plain(m->ck->method, &hyper) + included(m);
    return BASIN_OK;
}

static double ratio(double value, double ceiling)
{
    return ceiling > 0.0 && isfinite(ceiling) ? value / ceiling : (double)NAN;
}

basin_status basin_measure_lambda_max_over_ceiling(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_value  largest = {.value = NAN}, ceiling = {.value = NAN};

    BASIN_TRY(basin_measure_lambda_max(m, &largest));
    BASIN_TRY(basin_measure_ceiling(m, &ceiling));
    out->value = ratio(largest.value, ceiling.value);
done:
    return st;
}

basin_status basin_measure_lambda_max_over_plain(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_value  largest = {.value = NAN}, ceiling = {.value = NAN};

    BASIN_TRY(basin_measure_lambda_max(m, &largest));
    BASIN_TRY(basin_measure_ceiling_plain(m, &ceiling));
    out->value = ratio(largest.value, ceiling.value);
done:
    return st;
}

basin_status basin_measure_momentum_gradient_cosine(basin_measuring *m, basin_value *out)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(m->point, NULL, &g));
    out->value = basin_cosine(g, m->momentum, m->point->size);
done:
    return st;
}

basin_status basin_measure_momentum_top_cosine2(basin_measuring *m, basin_value *out)
{
    basin_status           st = BASIN_OK;
    const basin_sharpness *s = NULL;

    BASIN_TRY(basin_measuring_sharpness(m, &s));
    out->value = s->momentum_top_cosine2;
done:
    return st;
}

basin_status basin_measure_gradient_top_cosine2(basin_measuring *m, basin_value *out)
{
    basin_status           st = BASIN_OK;
    const basin_sharpness *s = NULL;

    BASIN_TRY(basin_measuring_sharpness(m, &s));
    out->value = s->gradient_top_cosine2;
done:
    return st;
}

basin_status basin_measure_gradient_norm(basin_measuring *m, basin_value *out)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_gradient(m->point, NULL, &g));
    out->value = basin_norm(g, m->point->size);
done:
    return st;
}

basin_status basin_measure_theta_norm(basin_measuring *m, basin_value *out)
{
    out->value = basin_norm(m->ck->theta, m->ck->params->size);
    return BASIN_OK;
}

/* How far training has come from where it started: the distance that SGD keeps small, and by which the
   capacity of trained networks was measured (Nagarajan & Kolter, arXiv:1901.01672). Undefined for a start at
   0. */
basin_status basin_measure_theta_norm_rel(basin_measuring *m, basin_value *out)
{
    out->value = basin_distance_over(m->ck->theta, m->options.start->theta, m->ck->params->size);
    return BASIN_OK;
}
