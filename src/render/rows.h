/* Rows as figures draw them: which points they were measured at, and what captions say of that. */
#ifndef BASIN_RENDER_ROWS_H
#define BASIN_RENDER_ROWS_H

#include "render/plan.h"

typedef struct basin_row_list { /* the rows that a figure draws, borrowed */
    size_t            count;
    const basin_row **rows;
} basin_row_list;

/* an empty list with room for so many */
basin_status basin_plan_rows(basin_plan *plan, size_t room, basin_row_list *out);
bool         basin_rows_hold(const basin_row_list *list, int point);

/* For legends: «raw», «polished: 20 gradient steps», «averaged over 8 checkpoints». */
const char *basin_point_label(basin_plan *plan, const basin_row_list *list, int point);

/* Sentences of a caption. */
/* how far from the checkpoints the rows were measured */
void basin_plan_points(basin_plan *plan, const basin_row_list *list);
/* methods whose perturbation was undone, or was not */
void basin_plan_weights(basin_plan *plan, const basin_row_list *list);
/* what λ_max over the own ceiling is, of SAM and MSAM */
void basin_plan_hovering(basin_plan *plan, const basin_row_list *list);
/* «; P = 2,410, N = 200 of 1,000 training samples …»; no full stop */
void basin_plan_samples(basin_plan *plan, const basin_row_list *list);

#endif
