/* Runs beside the plane of a slice. */
#ifndef BASIN_ANALYSIS_SLICE_PATH_H
#define BASIN_ANALYSIS_SLICE_PATH_H

#include "basin.h"

size_t basin_slice_path_points(const basin_slice_request *request); /* of all runs */
/* Projects them: slice->paths with coordinates, distances and their own losses, and the coordinates
   once more into `coefficients` [points, 2]. */
basin_status basin_slice_lay_paths(const basin_slice_request *request, double *coefficients,
                                   basin_slice *slice);
/* The losses [points] on the plane, in that order. */
void basin_slice_hold_paths(const basin_loss *losses, basin_slice *slice);

#endif
