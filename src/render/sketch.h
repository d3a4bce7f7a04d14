/* A filled plan as characters: sketch.c puts panels below each other, sketch_plot.c fills the plot
   of one. */
#ifndef BASIN_RENDER_SKETCH_H
#define BASIN_RENDER_SKETCH_H

#include "render/cells.h"
#include "render/plan.h"

basin_status basin_plan_sketch(basin_plan *plan, const basin_sketch_options *options, char **out);

typedef struct basin_sketch_plot { /* where in the cells a plot stands */
    size_t top, left, columns, rows;
} basin_sketch_plot;

/* Curves, bars and the like as dots; of a panel with a map of values its shades, and the points
   over it. */
basin_status basin_sketch_marks(const basin_panel *panel, const basin_sketch_options *options,
                                const basin_sketch_plot *plot, basin_cells *cells);
/* The map of values of a panel; NULL if it has none. */
const basin_mark *basin_sketch_map(const basin_panel *panel);
/* The cell of a value of the paint, as in the map. */
basin_cell basin_sketch_shade(const basin_paint *paint, double value,
                              const basin_sketch_options *options);
/* The colour that stands for a mark's; grey and black are the terminal's own. */
int32_t basin_sketch_ink(basin_color color, const basin_sketch_options *options);
/* Without colours, the letter of the curves with this mark's colour where legend entries share a
   dash; '\0' for none. */
char basin_sketch_letter(const basin_legend *legend, const basin_mark *mark,
                         const basin_sketch_options *options);

#endif
