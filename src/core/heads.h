/* Symmetries that pairs of matrices of attention give: heads may change places, and so may the
   columns of a pair. */
#ifndef BASIN_CORE_HEADS_H
#define BASIN_CORE_HEADS_H

#include "core/status.h"

/* Appends the groups of out->params's pairs to out->permutations. */
basin_status basin_symmetries_of_heads(basin_symmetries *out);

/* Where a group stands, of as many units, is released. */
void basin_unit_group_clear(basin_unit_group *group);

#endif
