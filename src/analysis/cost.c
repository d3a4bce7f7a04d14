#include "analysis/cost.h"

#include <math.h>

double basin_cost_known(double flops)
{
    return isfinite(flops) ? flops : 0.0;
}

static size_t bytes_of(const basin_provision *p)
{
    return p->shared_bytes + p->threads * p->thread_bytes;
}

void basin_cost_of_passes(const basin_objective *objective, basin_job_cost *out)
{
    basin_provision one, two, all;

    basin_objective_requirement(objective, 1, &one);
    basin_objective_requirement(objective, 2, &two);
    basin_objective_requirement(objective, SIZE_MAX, &all);
    out->parts = all.threads;
    out->bytes = bytes_of(&one);
    out->thread_bytes = bytes_of(&two) - bytes_of(&one);
}

void basin_cost_of_point(const basin_objective *objective, basin_provision *point, basin_job_cost *out)
{
    basin_provision all, one;

    basin_cost_of_passes(objective, out);
    basin_objective_requirement(objective, 1, &one);
    basin_objective_requirement(objective, SIZE_MAX, &all);
    out->bytes += one.kept_bytes;
    if (point != NULL) *point = all;
}
