/* Making directions. */
#ifndef BASIN_ANALYSIS_DIRECTION_H
#define BASIN_ANALYSIS_DIRECTION_H

#include "core/status.h"

/* A direction with room for P zeros; label and definition are copied. Caller destroys. */
basin_status basin_direction_create(const char *label, const char *definition, size_t size, basin_direction **out);
/* Fills norm and natural_norm from the values and scales these to norm 1. BASIN_ERR_VALUE when they are zero or not finite. */
basin_status basin_direction_normalise(basin_direction *direction);

#endif
