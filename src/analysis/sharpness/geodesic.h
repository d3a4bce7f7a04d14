/* Geodesic sharpness from one start, for the tests (src/analysis/sharpness/geodesic.c). */
#ifndef BASIN_ANALYSIS_SHARPNESS_GEODESIC_H
#define BASIN_ANALYSIS_SHARPNESS_GEODESIC_H

#include "analysis/sharpness/sharpness.h"

/* The largest rise within row->rho that Auto-PGD finds from start `number`: +g, −g, then random
   ones. NAN where a loss on the way is not finite, or there is no such start. */
basin_status basin_geodesic_from(const basin_sharpening *task, size_t number,
                                 basin_sharpness_row *row, double *out);

#endif
