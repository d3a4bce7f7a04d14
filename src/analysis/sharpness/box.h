/* Minimising a smooth function within bounds. */
#ifndef BASIN_ANALYSIS_SHARPNESS_BOX_H
#define BASIN_ANALYSIS_SHARPNESS_BOX_H

#include "core/status.h"

typedef struct basin_box_problem {
    size_t        size;          /* n */
    const double *lower, *upper; /* [n] lower < upper, finite */
    size_t        iterations;    /* at most */
    /* value and gradient [n] at x */
    basin_status (*evaluate)(void *payload, const double *x, double *value, double *g);
    void *payload;
} basin_box_problem;

/* Limited-memory BFGS with bounds (L-BFGS-B). x [n] within the bounds moves to the best point that
   was evaluated; *value is what it has. *stopped: a value or a gradient was not finite, and nothing
   further was tried; else *taken iterations were made, fewer where no descent was left. */
basin_status basin_box_minimise(const basin_box_problem *problem, double *x, double *value,
                                size_t *taken, bool *stopped);

#endif
