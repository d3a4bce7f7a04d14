/* Places of the labels of contour lines. */
#ifndef BASIN_RENDER_CONTOUR_LABELS_H
#define BASIN_RENDER_CONTOUR_LABELS_H

#include "render/canvas.h"
#include "render/contour.h"
#include "render/number.h"

typedef struct basin_contour_level {
    basin_contour contour; /* points on the page */
    char          text[BASIN_NUMBER_ROOM];
    basin_color   color;
    bool          labelled;
    basin_label   label;
    size_t        line; /* which line carries it */
} basin_contour_level;

static inline const double *basin_contour_point(const basin_contour      *contour,
                                                const basin_contour_line *line, size_t i)
{
    return contour->points + 2 * (line->first + i % line->count);
}

typedef struct basin_contour_obstacles { /* markers that labels keep off */
    size_t       count;
    basin_label *boxes;
} basin_contour_obstacles;

/* Gives level k of `count` its label of `size` points inside the plot, clear of every line and
   label and of the obstacles; a level without such a place goes without. */
void basin_contour_label(basin_contour_level *levels, size_t count, size_t k, double size,
                         basin_canvas *canvas, const basin_rect *plot,
                         const basin_contour_obstacles *obstacles);

#endif
