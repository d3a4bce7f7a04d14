/* Making directions. */
#ifndef BASIN_ANALYSIS_SLICE_DIRECTION_H
#define BASIN_ANALYSIS_SLICE_DIRECTION_H

#include "analysis/forecast.h"

/* A direction with room for P zeros; label and definition are copied. Caller destroys. */
basin_status basin_direction_create(basin_direction_kind kind, const char *label,
                                    const char *definition, size_t size, basin_direction **out);
/* Fills norm and natural_norm from the values, which it leaves. BASIN_ERR_VALUE as below. */
basin_status basin_direction_measure(basin_direction *direction);
/* to - from, keeping its length. A label or definition of NULL is one for which there was no
   memory. */
basin_status basin_direction_difference(basin_direction_kind kind, const char *label,
                                        const char *definition, const double *from,
                                        const double *to, size_t size, basin_direction **out);
/* Fills norm and natural_norm from the values and scales these to norm 1. BASIN_ERR_VALUE when they
   are zero or not finite. */
basin_status basin_direction_normalise(basin_direction *direction);

/* Gradients that it takes beside the point's own: where the next step is taken, on another
   split. */
size_t basin_direction_gradients(const basin_direction_spec *spec);

/* The values [P] of random:SEED, with its own norm: 0 where all that it follows is, as at
   theta = 0. */
basin_status basin_direction_random_values(const basin_params *params, const double *theta,
                                           const basin_random_options *options, uint64_t seed,
                                           double *out);

/* eigen:I of another operator, or of a part of the parameters, as basin_direction_source has them;
   in the whole theta [P]. */
basin_status basin_direction_eigen_of(const basin_point *point, basin_point *eigen, const char *of,
                                      long i, basin_direction **out);
/* The eigenvector of the largest eigenvalue, by Lanczos to a residual of 1e-4 ‖H‖: good enough to
   look along. BASIN_ERR_NUMERIC where that is not reached. */
basin_status basin_direction_top(basin_point *point, uint64_t seed, basin_direction **out);
basin_status basin_direction_eigen_demand(const basin_objective *o, long i, basin_demand *demand);
basin_status basin_direction_top_demand(const basin_objective *o, basin_demand *demand);

#endif
