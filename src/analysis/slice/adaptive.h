/* A line or plane within a tolerance, from fewer points than its grid has. */
#ifndef BASIN_ANALYSIS_SLICE_ADAPTIVE_H
#define BASIN_ANALYSIS_SLICE_ADAPTIVE_H

#include "core/status.h"

/* slice.c: the losses at n points theta + Σ_j coefficients[i, j] directions[j], of the point's
   objective (which = 0) or of the other one, with the weight decay of the point. */
basin_status basin_slice_losses(const basin_slice_request *request, const double *directions,
                                const double *coefficients, size_t n, size_t which,
                                basin_loss *losses);
/* Number i of `count` coordinates from one end to the other, which are hit exactly; the middle of
   the range for the one point of a grid of 1. */
double basin_slice_coordinate(double from, double to, size_t i, size_t count);

/* BASIN_ERR_VALUE where no slice can be made with the request's tolerance; 0 is none. */
basin_status basin_slice_check_tolerance(const basin_slice_request *request);
/* Evaluations that a slice with a tolerance takes at most, on each split. */
size_t basin_slice_most(const basin_slice_request *request);
/* Fills slice->adaptive, and the losses of the surfaces, whose centres are known already. */
basin_status basin_slice_adapt(const basin_slice_request *request, const double *directions,
                               basin_slice *slice);

#endif
