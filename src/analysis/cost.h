/* What work on one objective costs as one of several jobs (basin_job_cost), as far as every
   analysis has it in common. */
#ifndef BASIN_ANALYSIS_COST_H
#define BASIN_ANALYSIS_COST_H

#include "core/status.h"

/* FLOPs that an objective does not count are 0. */
double basin_cost_known(double flops);
/* Memory and threads of a frozen point that keeps what it can; `point` (may be NULL) has all
   threads that could share it. */
void basin_cost_of_point(const basin_objective *objective, basin_provision *point,
                         basin_job_cost *out);
/* The same of passes that keep nothing. */
void basin_cost_of_passes(const basin_objective *objective, basin_job_cost *out);

#endif
