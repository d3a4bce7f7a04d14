/* Markers, one a value. */
#include <math.h>

#include "render/mark.h"

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    basin_mark_beyond(mark, view, canvas);
    for (size_t i = 0; i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        if (!(y >= view->box.top - 0.5) || !(y <= view->box.bottom + 0.5) || !(x >= view->box.left - 0.5) ||
            !(x <= view->box.right + 0.5))
            continue;
        basin_canvas_marker(canvas, mark->marker, x, y, mark->size, mark->pen.color, mark->hollow);
    }
}

const basin_mark_type basin_mark_points = {.name = "points", .draw = draw};
