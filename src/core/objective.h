/* What the engine needs to recognise its own objectives. */
#ifndef BASIN_CORE_OBJECTIVE_H
#define BASIN_CORE_OBJECTIVE_H

#include "core/status.h"

const basin_objective_type *basin_objective_type_of(const basin_objective *objective);
void                       *basin_objective_context(const basin_objective *objective);
/* From now on that type answers with that context, which the objective owns; it is still recognised
   by its own type and context, which who wraps it keeps and destroys. */
void basin_objective_wrap(basin_objective *objective, const basin_objective_type *type, void *ctx);
/* The context that wraps it, or NULL. */
void *basin_objective_wrapper(const basin_objective *objective);
/* Was it made of that one by basin_objective_restrict? */
bool basin_objective_is_part(const basin_objective *restricted, const basin_objective *whole);

#endif
