/* A histogram: filled where the marker is a square, its outline otherwise. Empty bins have no ink. */
#include <math.h>

#include "core/memory.h"
#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    for (size_t i = 0; i <= mark->count; i++) basin_range_add(x, mark->x[i]);
    for (size_t i = 0; i < mark->count; i++)
        if (mark->y[i] > 0) basin_range_add(y, mark->y[i]);
}

static double top(const basin_mark *mark, const basin_view *view, size_t i)
{
    return mark->y[i] > 0 ? fmin(fmax(basin_view_y(view, mark->y[i]), view->box.top), view->box.bottom)
                          : view->box.bottom;
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double  floor_ = view->box.bottom;
    double *path = basin_canvas_scratch(canvas, 4 * mark->count + 4);

    /* each run of bins that are not empty is one outline */
    for (size_t i = 0; path != NULL && i < mark->count; i++) {
        size_t used = 0;
        if (top(mark, view, i) >= floor_) continue;
        path[2 * used] = basin_view_x(view, mark->x[i]), path[2 * used++ + 1] = floor_;
        for (; i < mark->count && top(mark, view, i) < floor_; i++) {
            path[2 * used] = basin_view_x(view, mark->x[i]), path[2 * used++ + 1] = top(mark, view, i);
            path[2 * used] = basin_view_x(view, mark->x[i + 1]), path[2 * used++ + 1] = top(mark, view, i);
        }
        path[2 * used] = path[2 * used - 2], path[2 * used + 1] = floor_, used++;
        if (mark->marker == BASIN_MARKER_SQUARE) basin_canvas_fill(canvas, path, used, mark->pen.color, 0.35);
        if (mark->pen.width > 0) basin_canvas_stroke(canvas, path, used, false, &mark->pen);
    }
    basin_free(path);
}

const basin_mark_type basin_mark_bars = {.name = "bars", .extent = extent, .draw = draw};
