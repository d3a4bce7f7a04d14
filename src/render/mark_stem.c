/* A stem from zero to each value with a marker on it, and an error bar where that would show beyond the
   marker. */
#include <math.h>

#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    basin_range_add(y, 0);
    for (size_t i = 0; i < mark->count; i++) {
        basin_range_add(x, mark->x[i]);
        basin_range_add(y, mark->y[i]);
    }
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double zero = fmin(fmax(basin_view_y(view, 0), view->box.top), view->box.bottom);

    for (size_t i = 0; i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        if (!isfinite(x) || !isfinite(y)) continue;
        if (mark->pen.width > 0) basin_canvas_line(canvas, x, zero, x, y, &mark->pen);
        basin_canvas_marker(canvas, mark->marker, x, y, mark->size, mark->pen.color, mark->hollow);
        if (mark->low == NULL) continue;
        double    top = fmax(basin_view_y(view, mark->high[i]), view->box.top);
        double    bottom = fmin(basin_view_y(view, mark->low[i]), view->box.bottom);
        basin_pen pen = {.color = basin_black, .width = 0.6};
        if (!(bottom - top > mark->size)) continue;
        basin_canvas_line(canvas, x, top, x, bottom, &pen);
        basin_canvas_line(canvas, x - 1.2, top, x + 1.2, top, &pen);
        basin_canvas_line(canvas, x - 1.2, bottom, x + 1.2, bottom, &pen);
    }
}

const basin_mark_type basin_mark_stem = {.name = "stem", .extent = extent, .draw = draw};
