/* How large a step may be before it leads back up. */
#ifndef BASIN_ANALYSIS_CRITICAL_H
#define BASIN_ANALYSIS_CRITICAL_H

#include "analysis/point.h"

typedef struct basin_critical {
    double value, lower, upper; /* λ_c and its bracket; NAN where no crossing was found */
    size_t losses;              /* evaluations over all samples */
} basin_critical;

/* λ_c = 2/η_c, η_c the least η with F(theta − ηu) > F(theta). slope = uᵀ∇F > 0; largest > 0 is the
   largest magnitude of the eigenvalues of ∇²F. */
basin_status basin_critical_find(basin_point *point, const double *u /* [P] */, double slope,
                                 double largest, basin_critical *out);

#endif
