/* The extreme eigenvalues over the range of a slice. */
#ifndef BASIN_ANALYSIS_SLICE_CONVEXITY_H
#define BASIN_ANALYSIS_SLICE_CONVEXITY_H

#include "analysis/forecast.h"

basin_status basin_slice_check_convexity(const basin_slice_request *request);
/* What the map takes; nothing without one. */
basin_status basin_slice_convexity_demand(const basin_slice_request *request, basin_demand *demand);
/* Fills slice->convexity, from the directions [axes, P]. */
basin_status basin_slice_map_convexity(const basin_slice_request *request, const double *directions,
                                       basin_slice *slice);

#endif
