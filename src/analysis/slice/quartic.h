/* Polynomials of degree 4 in each coordinate on the nodes of a cell of an adaptive slice. */
#ifndef BASIN_ANALYSIS_SLICE_QUARTIC_H
#define BASIN_ANALYSIS_SLICE_QUARTIC_H

#include <stddef.h>

/* nodes of a cell along each axis */
enum { BASIN_CELL_NODES = 9, BASIN_CELL_MOST = BASIN_CELL_NODES * BASIN_CELL_NODES };

/* v [rows, 9] on a cell, with rows = 9, or 1 on a line. An estimate of how far off the
   interpolation below may be, from the error of the polynomial through every other node of both
   axes; INFINITY where a value is not finite. `along` gets the part that each axis has in it, at
   the nodes that lie between those of that axis only. */
double basin_quartic_error(const double *v, size_t rows, double along[2]);
/* The interpolation through all nodes, by such a polynomial in each half of each axis, at (x, y) in
   [0, 8]: in units of the nodes. On a line y is not read. */
double basin_quartic_at(const double *v, size_t rows, double x, double y);

#endif
