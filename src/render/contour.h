/* Lines of equal value on a grid, by marching squares. */
#ifndef BASIN_RENDER_CONTOUR_H
#define BASIN_RENDER_CONTOUR_H

#include "core/status.h"

typedef struct basin_contour_line {
    size_t first, count; /* of points */
    bool   closed;
} basin_contour_line;

typedef struct basin_contour {
    size_t              line_count, point_count;
    basin_contour_line *lines;
    double             *points; /* [point_count, 2] */
} basin_contour;

/* z [rows, columns] over x [columns], y [rows], both ascending. Cells with a corner that is not
   finite are left out. */
basin_status basin_contour_trace(const double *z, size_t rows, size_t columns, const double *x,
                                 const double *y, double level, basin_contour *out);
void         basin_contour_clear(basin_contour *contour);

#define BASIN_MAX_LEVELS 24

/* Round levels strictly inside low … high, about `wanted` of them: evenly spaced, or, where the
   values span more than a factor 20 above zero, 1-2-5 a decade (or finer, or decades alone).
   Returns how many; *logarithmic says which. */
size_t basin_contour_levels(double low, double high, size_t wanted, double levels[BASIN_MAX_LEVELS],
                            bool *logarithmic);

#endif
