/* Parameters whose common factor a normalisation undoes (basin_scale_group of basin.h). */
#ifndef BASIN_ENGINE_PLAN_SCALES_H
#define BASIN_ENGINE_PLAN_SCALES_H

#include "engine/plan/plan.h"

/* Those of the plan, into `params`, which has the blocks of the plan's. */
basin_status basin_plan_scales(const basin_plan *plan, basin_params *params);

/* Is f y at the output what f x at the first input makes, for every f > 0? */
bool basin_node_hands_on(const basin_node *node);

#endif
