/* A short stroke for each value, so that single outliers show; strokes that would fall on the same hair are
   drawn once. */
#include <math.h>

#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    (void)y;
    for (size_t i = 0; i < mark->count; i++) basin_range_add(x, mark->x[i]);
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double height = (view->box.bottom - view->box.top) / (double)(mark->slots > 0 ? mark->slots : 1);
    double last = -INFINITY;
    double top = view->box.top + height * (double)mark->slot;

    for (size_t i = 0; i < mark->count; i++) { /* x is sorted */
        double x = basin_view_x(view, mark->x[i]);
        if (!(x >= view->box.left) || !(x <= view->box.right) || fabs(x - last) < 0.25) continue;
        basin_canvas_line(canvas, x, top + 1, x, top + height - 1, &mark->pen);
        last = x;
    }
}

const basin_mark_type basin_mark_rug = {.name = "rug", .extent = extent, .draw = draw};
