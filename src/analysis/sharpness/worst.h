/* A search for the largest loss in a ball of perturbations (src/analysis/sharpness/worst.c). */
#ifndef BASIN_ANALYSIS_SHARPNESS_WORST_H
#define BASIN_ANALYSIS_SHARPNESS_WORST_H

#include "analysis/sharpness/sharpness.h"

/* theta + c ⊙ u, ‖u‖ ≤ rho. */
typedef struct basin_worst {
    const basin_sharpening *task;
    basin_sharpness_row    *row;      /* counts the gradients */
    bool                    infinite; /* ‖u‖_∞, else ‖u‖_2 */
    const double           *scale;    /* [P] c >= 0; NULL: 1 */
    double                  rho;
    size_t                  steps;
    double                 *x; /* [P] room */
} basin_worst;

/* Auto-PGD from u [P], which becomes the best point; *most is F there, NAN where a loss was not
   finite. */
basin_status basin_worst_climb(basin_worst *worst, double *u, double *most);

#endif
