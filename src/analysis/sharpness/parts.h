/* Measures that are of parts of a network: a row each (src/analysis/sharpness/parts.c). */
#ifndef BASIN_ANALYSIS_SHARPNESS_PARTS_H
#define BASIN_ANALYSIS_SHARPNESS_PARTS_H

#include "analysis/sharpness/sharpness.h"

/* How many rows a measure without a radius has: one, or one for each part that there is, but one at
   least, which says that there is none. */
size_t basin_sharpness_parts(const basin_params *params, basin_sharpness_radius radius);

/* Block of the i-th layer with a matrix. */
size_t basin_sharpness_layer(const basin_params *params, size_t i);

#endif
