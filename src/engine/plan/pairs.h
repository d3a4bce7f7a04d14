/* Pairs of matrices that a network reads only as a product, because attention multiplies what they
   make (basin_factor_pair of basin.h). */
#ifndef BASIN_ENGINE_PLAN_PAIRS_H
#define BASIN_ENGINE_PLAN_PAIRS_H

#include "engine/plan/plan.h"

/* Those of the plan, into `params`, which has the blocks of the plan's. */
basin_status basin_plan_pairs(const basin_plan *plan, basin_params *params);

#endif
