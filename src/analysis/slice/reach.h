/* Ranges by how far the loss rises. */
#ifndef BASIN_ANALYSIS_SLICE_REACH_H
#define BASIN_ANALYSIS_SLICE_REACH_H

#include "core/status.h"

bool basin_slice_reaches(const basin_slice_request *request, size_t axis);
/* Losses that finding them takes at most, on the first split. */
size_t basin_slice_reach_most(const basin_slice_request *request);
/* Fills from and to of the directions that have a reach in place of a range. */
basin_status basin_slice_set_ranges(basin_slice_request *request);

#endif
