/* Making directions. */
#ifndef BASIN_ANALYSIS_SLICE_DIRECTION_H
#define BASIN_ANALYSIS_SLICE_DIRECTION_H

#include "analysis/forecast.h"

/* A direction with room for P zeros; label and definition are copied. Caller destroys. */
basin_status basin_direction_create(basin_direction_kind kind, const char *label,
                                    const char *definition, size_t size, basin_direction **out);
/* Fills norm and natural_norm from the values and scales these to norm 1. BASIN_ERR_VALUE when they
   are zero or not finite. */
basin_status basin_direction_normalise(basin_direction *direction);

/* The values [P] of random:SEED, with its own norm: 0 where all that it follows is, as at
   theta = 0. */
basin_status basin_direction_random_values(const basin_params *params, const double *theta,
                                           const basin_random_options *options, uint64_t seed,
                                           double *out);

/* The eigenvector of the largest eigenvalue, by Lanczos to a residual of 1e-4 ‖H‖: good enough to
   look along. BASIN_ERR_NUMERIC where that is not reached. */
basin_status basin_direction_top(basin_point *point, uint64_t seed, basin_direction **out);
basin_status basin_direction_eigen_demand(const basin_objective *o, long i, basin_demand *demand);
basin_status basin_direction_top_demand(const basin_objective *o, basin_demand *demand);

#endif
