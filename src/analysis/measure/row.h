/* A row between two rows of one run, as far as the analyses share it
   (src/analysis/measure/row.c). */
#ifndef BASIN_ANALYSIS_MEASURE_ROW_H
#define BASIN_ANALYSIS_MEASURE_ROW_H

#include "core/status.h"

/* Where in [0, 1) between two training losses, 0 < after <= loss < before, a loss lies: linear in
   its logarithm. */
double basin_row_share(double before, double after, double loss);
/* The row at that place between two rows of one kind of point. Every number is interpolated, the
   training loss too; at_loss is set. */
basin_status basin_row_between(const basin_row *before, const basin_row *after, double share,
                               double at_loss, basin_row *out);

#endif
