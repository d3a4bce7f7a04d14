/* A mean with its interval: a bar from low to high with caps and a marker at (x, y). Without an interval the
   marker stands alone. */
#include <math.h>

#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    for (size_t i = 0; i < mark->count; i++) {
        basin_range *along = mark->lying ? x : y;
        basin_range_add(x, mark->x[i]);
        basin_range_add(y, mark->y[i]);
        basin_range_add(along, mark->low[i]);
        basin_range_add(along, mark->high[i]);
    }
}

/* From `low` to `high`, points rightwards or downwards, at `across`. */
static void bar(const basin_mark *mark, basin_canvas *canvas, double across, double low, double high)
{
    if (mark->lying)
        basin_canvas_line(canvas, low, across, high, across, &mark->pen);
    else
        basin_canvas_line(canvas, across, low, across, high, &mark->pen);
}

static void cap(const basin_mark *mark, basin_canvas *canvas, double across, double at)
{
    if (mark->lying)
        basin_canvas_line(canvas, at, across - 2, at, across + 2, &mark->pen);
    else
        basin_canvas_line(canvas, across - 2, at, across + 2, at, &mark->pen);
}

/* Ends beyond the plot are cut there, without a cap; a logarithmic scale has no place for a low end that is
   not positive. */
static void draw_interval(const basin_mark *mark, const basin_view *view, basin_canvas *canvas, size_t i,
                          double across)
{
    const basin_rect *b = &view->box;
    const double      least = mark->lying ? b->left : b->bottom, most = mark->lying ? b->right : b->top;
    double            low = mark->lying ? basin_view_x(view, mark->low[i]) : basin_view_y(view, mark->low[i]);
    double       high = mark->lying ? basin_view_x(view, mark->high[i]) : basin_view_y(view, mark->high[i]);
    const double inwards = most > least ? 1 : -1;

    if (isnan(low) && isfinite(mark->low[i])) low = least;
    if (!isfinite(low) || !isfinite(high)) return;
    if (inwards * (high - least) < 0 || inwards * (most - low) < 0) return; /* none of it is in the plot */
    const bool cut = inwards * (low - least) <= 0, beyond = inwards * (most - high) < 0;
    if (cut) low = least;
    if (beyond) high = most;
    bar(mark, canvas, across, low, high);
    if (!beyond) cap(mark, canvas, across, high);
    if (!cut) cap(mark, canvas, across, low);
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    for (size_t i = 0; i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        double across = mark->lying ? y : x;
        if (!isfinite(across)) continue;
        draw_interval(mark, view, canvas, i, across);
        if (x >= view->box.left - 0.5 && x <= view->box.right + 0.5 && y >= view->box.top - 0.5 &&
            y <= view->box.bottom + 0.5)
            basin_canvas_marker(canvas, mark->marker, x, y, mark->size, mark->pen.color, mark->hollow);
    }
}

const basin_mark_type basin_mark_interval = {.name = "interval", .extent = extent, .draw = draw};
