/* What an analysis makes of an objective that remembers (basin_objective_remember), beside what the
   objective itself computes: LAPACK's eigenvalues, say, take longer than the products before. */
#ifndef BASIN_CORE_REMEMBER_H
#define BASIN_CORE_REMEMBER_H

#include "core/journal.h"

/* *found: the journal holds what `what` and the inputs [count] give, which fills the rooms. Never
   found where the objective does not remember. *key is for basin_remember. */
basin_status basin_recall(const basin_objective *o, const char *what, const basin_span *inputs,
                          size_t count, const basin_room *rooms, size_t room_count, basin_key *key,
                          bool *found);
/* What took `seconds` to compute; nothing happens where the objective does not remember. */
basin_status basin_remember(const basin_objective *o, const basin_key *key, const basin_span *spans,
                            size_t count, double seconds);

#endif
