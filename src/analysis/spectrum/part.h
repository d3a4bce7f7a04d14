/* Blocks of an operator seen in the whole of it. Letters: P parameters, A the point's operator. */
#ifndef BASIN_ANALYSIS_SPECTRUM_PART_H
#define BASIN_ANALYSIS_SPECTRUM_PART_H

#include "analysis/point.h"

enum { BASIN_EXACT_MOST = 6000 }; /* columns up to which sums over them are not estimated */

typedef struct basin_probed {
    double value, error; /* standard error; 0: exact */
} basin_probed;

/* ‖A‖_F² of the columns that the mask has, NULL: of all: column by column where they are few, else
   by n random probes. */
basin_status basin_columns_norm2(basin_point *point, const bool *mask /* [P] */, size_t n,
                                 uint64_t seed, basin_probed *out);

#endif
