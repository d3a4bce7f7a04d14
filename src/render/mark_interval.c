/* A mean with its interval: a bar from low to high with caps and a marker at y. Without an interval the
   marker stands alone. */
#include <math.h>

#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    for (size_t i = 0; i < mark->count; i++) {
        basin_range_add(x, mark->x[i]);
        basin_range_add(y, mark->y[i]);
        basin_range_add(y, mark->low[i]);
        basin_range_add(y, mark->high[i]);
    }
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    for (size_t i = 0; i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        double top = basin_view_y(view, mark->high[i]), bottom = basin_view_y(view, mark->low[i]);
        if (!isfinite(x)) continue;
        /* a logarithmic scale has no place for it */
        if (isnan(bottom) && isfinite(mark->low[i])) bottom = view->box.bottom;
        if (isfinite(top) && isfinite(bottom)) {
            bool cut = bottom >= view->box.bottom || top < view->box.top;
            top = fmax(top, view->box.top), bottom = fmin(bottom, view->box.bottom);
            basin_canvas_line(canvas, x, top, x, bottom, &mark->pen);
            basin_canvas_line(canvas, x - 2, top, x + 2, top, &mark->pen);
            if (!cut) basin_canvas_line(canvas, x - 2, bottom, x + 2, bottom, &mark->pen);
        }
        if (isfinite(y))
            basin_canvas_marker(canvas, mark->marker, x, y, mark->size, mark->pen.color, mark->hollow);
    }
}

const basin_mark_type basin_mark_interval = {.name = "interval", .extent = extent, .draw = draw};
