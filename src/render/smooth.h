/* A grid of values between its points. */
#ifndef BASIN_RENDER_SMOOTH_H
#define BASIN_RENDER_SMOOTH_H

#include "core/status.h"

typedef enum basin_between {
    BASIN_BETWEEN_LINEAR,   /* in each direction */
    BASIN_BETWEEN_CUBIC,    /* piecewise cubic, of continuous slope, in each direction */
    BASIN_BETWEEN_LOG_CUBIC /* the same of the logarithm */
} basin_between;

/* How far the values at every second point of a grid, in both directions, tell those at the
   others. */
typedef struct basin_smooth_error {
    size_t count;        /* of the others; 0: too few points */
    double rms, largest; /* |interpolated - value| */
} basin_smooth_error;

typedef struct basin_smooth_grid {
    basin_between      between;
    basin_smooth_error errors;
    size_t             rows, columns;
    double            *x, *y, *z; /* [columns], [rows], [rows, columns] */
} basin_smooth_grid;

/* z [rows, columns] over x [columns] and y [rows], both ascending, at `parts` places in each step
   of the grid, by the rule that tells left-out points best by their rms error (of the logarithm, if
   `logarithmic`, where all values are positive). Where a neighbour is not finite the cubic rules
   have no value and the linear one takes their place. Clear afterwards. */
basin_status basin_smooth(const double *z, size_t rows, size_t columns, const double *x,
                          const double *y, size_t parts, bool logarithmic, basin_smooth_grid *out);
void         basin_smooth_clear(basin_smooth_grid *grid);

#endif
