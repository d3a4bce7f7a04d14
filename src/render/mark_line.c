/* A curve with gaps where values are missing (hatched from neighbour to neighbour) and arrows where it leaves
   through the cap. */
#include <math.h>

#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    for (size_t i = 0; i < mark->count; i++) {
        basin_range_add(x, mark->x[i]);
        basin_range_add(y, mark->cap > 0 ? fmin(mark->y[i], mark->cap) : mark->y[i]);
        if (mark->low != NULL) basin_range_add(y, mark->low[i]), basin_range_add(y, mark->high[i]);
    }
}

static void gaps(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    basin_pen pen = {.color = basin_grey, .width = 0.4, .fade = 0.3};

    for (size_t i = 0; i < mark->count; i++) {
        if (isfinite(mark->y[i]) || !isfinite(mark->x[i])) continue;
        size_t start = i;
        while (i + 1 < mark->count && !isfinite(mark->y[i + 1])) i++;
        double before = start > 0 ? (mark->x[start - 1] + mark->x[start]) / 2 : mark->x[start];
        double after = i + 1 < mark->count ? (mark->x[i] + mark->x[i + 1]) / 2 : mark->x[i];
        double left = fmax(basin_view_x(view, before), view->box.left);
        double right = fmin(basin_view_x(view, after), view->box.right);
        if (right < left) continue; /* beyond the plot */
        /* one missing point must still show */
        if (right - left < 3) left = (left + right) / 2 - 1.5, right = left + 3;
        basin_canvas_hatch(canvas, (basin_rect){left, view->box.top, right, view->box.bottom}, &pen);
    }
}

/* A point without a neighbour has no stroke: a dot instead. */
static void lonely(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    for (size_t i = 0; i < mark->count && mark->pen.width > 0; i++) {
        bool   before = i > 0 && isfinite(mark->y[i - 1]);
        bool   after = i + 1 < mark->count && isfinite(mark->y[i + 1]);
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        if (before || after || !(x >= view->box.left) || !(x <= view->box.right) || !(y >= view->box.top) ||
            !(y <= view->box.bottom))
            continue;
        basin_canvas_marker(canvas, BASIN_MARKER_CIRCLE, x, y, 2.2 * mark->pen.width, mark->pen.color, false);
    }
}

/* Bars where they show beyond the marker. */
static void errors(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    basin_pen pen = {.color = mark->pen.color, .width = 0.6};

    for (size_t i = 0; i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        double top = basin_view_y(view, mark->high[i]), bottom = basin_view_y(view, mark->low[i]);
        if (!isfinite(y) || !(x >= view->box.left) || !(x <= view->box.right)) continue;
        /* a logarithmic scale has no place for it */
        if (isnan(bottom) && isfinite(mark->low[i])) bottom = view->box.bottom;
        if (!(bottom - top > fmax(mark->size, 1.5))) continue;
        top = fmax(top, view->box.top), bottom = fmin(bottom, view->box.bottom);
        basin_canvas_line(canvas, x, top, x, bottom, &pen);
        if (top > view->box.top) basin_canvas_line(canvas, x - 1.4, top, x + 1.4, top, &pen);
        if (bottom < view->box.bottom) basin_canvas_line(canvas, x - 1.4, bottom, x + 1.4, bottom, &pen);
    }
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double cap = mark->cap > 0 ? mark->cap : INFINITY, last_arrow = -INFINITY;
    size_t every = mark->every > 1 ? mark->every : 1;

    if (!mark->silent && !mark->open) gaps(mark, view, canvas);
    if (mark->pen.width > 0) basin_view_path(view, canvas, mark->x, mark->y, mark->count, &mark->pen);
    lonely(mark, view, canvas);
    if (mark->low != NULL) errors(mark, view, canvas);
    basin_mark_beyond(mark, view, canvas);
    for (size_t i = 0; i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        if (mark->y[i] > cap && x > last_arrow + 7) {
            basin_canvas_marker(canvas, BASIN_MARKER_UP, x, view->box.top + 3, 4, mark->pen.color, false);
            last_arrow = x;
        }
        if (mark->marker == BASIN_MARKER_NONE || i % every != every / 2 || !(y >= view->box.top - 0.5) ||
            !(y <= view->box.bottom + 0.5))
            continue;
        if (x >= view->box.left - 0.5 && x <= view->box.right + 0.5)
            basin_canvas_marker(canvas, mark->marker, x, y, mark->size, mark->pen.color, mark->hollow);
    }
}

const basin_mark_type basin_mark_line = {.name = "line", .extent = extent, .draw = draw};
