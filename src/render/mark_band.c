/* The area between two edges, low and high, of a curve drawn by another mark. It is broken where an edge is
   not finite; on a logarithmic scale an edge that has no place there lies on the frame. */
#include <math.h>

#include "core/memory.h"
#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    for (size_t i = 0; i < mark->count; i++) {
        basin_range_add(x, mark->x[i]);
        basin_range_add(y, mark->low[i]);
        basin_range_add(y, mark->high[i]);
    }
}

static double place(const basin_view *view, double value)
{
    double y = basin_view_y(view, value);

    return isnan(y) ? view->box.bottom : fmin(fmax(y, view->box.top), view->box.bottom);
}

static bool is_there(const basin_mark *mark, const basin_view *view, size_t i)
{
    double x = basin_view_x(view, mark->x[i]);

    return isfinite(mark->low[i]) && isfinite(mark->high[i]) && isfinite(x) && x >= view->box.left &&
           x <= view->box.right;
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double *path = basin_canvas_scratch(canvas, 4 * mark->count);

    for (size_t start = 0, end; path != NULL && start<mark->count; start = end> start ? end : start + 1) {
        for (end = start; end < mark->count && is_there(mark, view, end);) end++;
        for (size_t i = start; i < end; i++) {
            size_t back = 2 * (end - start) - 1 - (i - start);
            path[2 * (i - start)] = path[2 * back] = basin_view_x(view, mark->x[i]);
            path[2 * (i - start) + 1] = place(view, mark->high[i]);
            path[2 * back + 1] = place(view, mark->low[i]);
        }
        if (end > start + 1)
            basin_canvas_fill(canvas, path, 2 * (end - start), mark->pen.color, mark->pen.fade);
    }
    basin_free(path);
}

const basin_mark_type basin_mark_band = {.name = "band", .extent = extent, .draw = draw};
