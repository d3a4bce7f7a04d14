/* What the figures of a comparison's runs share (correlation, cost, setting). */
#ifndef BASIN_RENDER_RUNS_H
#define BASIN_RENDER_RUNS_H

#include "render/comparison.h"

/* of the plan's only result */
const basin_comparison *basin_runs_comparison(const basin_plan *plan);
/* BASIN_ERR_ARG where there are several results. */
basin_status basin_runs_open(const basin_plan *plan, const char *kind);
/* Of the raw point; a part of a sum is no measure: NAN. */
double basin_runs_value(const basin_row *row, const basin_column *column);
/* The method's own where each has one group; where some has several, colours stand for groups. */
basin_look basin_runs_look(const basin_comparison *c, size_t group);
/* The runs of a group at (x, y), without those that have not both. */
basin_status basin_runs_add(basin_plan *plan, basin_panel *panel, size_t group,
                            const basin_column *x, const basin_column *y, double size, bool named);
/* Scales, height and what is said of an empty panel. */
basin_status basin_runs_finish(basin_plan *plan, basin_panel *panel, const basin_column *y);
size_t       basin_runs_columns(const basin_plan *plan, size_t count); /* of panels */
/* How many runs, and at which checkpoints; `budgets`: those at another method's budget are drawn,
   too. */
void basin_runs_caption(basin_plan *plan, bool budgets);

#endif
