/* A straight line right across: upright at x [1], or level at y [1]. */
#include <math.h>

#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    if (mark->x != NULL) basin_range_add(x, mark->x[0]);
    if (mark->y != NULL) basin_range_add(y, mark->y[0]);
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    if (mark->x != NULL) {
        double x = basin_view_x(view, mark->x[0]);
        if (x >= view->box.left && x <= view->box.right)
            basin_canvas_line(canvas, x, view->box.top, x, view->box.bottom, &mark->pen);
    } else {
        double y = basin_view_y(view, mark->y[0]);
        if (y >= view->box.top && y <= view->box.bottom)
            basin_canvas_line(canvas, view->box.left, y, view->box.right, y, &mark->pen);
    }
}

const basin_mark_type basin_mark_rule = {.name = "rule", .extent = extent, .draw = draw};
