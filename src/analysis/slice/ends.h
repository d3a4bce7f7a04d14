/* The checkpoints that the directions of a slice lead to. */
#ifndef BASIN_ANALYSIS_SLICE_ENDS_H
#define BASIN_ANALYSIS_SLICE_ENDS_H

#include "basin.h"

size_t basin_slice_end_count(const basin_slice_request *request);
/* Their coordinates into zeros [count, axes]. */
void basin_slice_place_ends(const basin_slice_request *request, double *coefficients);
/* Holds `losses` [count] of the slice there, on the point's objective, against those of the ends by
   networks of their own, and says in each axis what stands at its end. */
basin_status basin_slice_hold_ends(const basin_slice_request *request, const basin_loss *losses,
                                   basin_slice *slice);

#endif
