/* Thousands of stems without gaps: for each quarter of a point of the page, a bar from zero to the largest and smallest value there. */
#include <math.h>

#include "core/memory.h"
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
    const double step = 0.25;
    double       zero = fmin(fmax(basin_view_y(view, 0), view->box.top), view->box.bottom);
    size_t       columns = (size_t)ceil((view->box.right - view->box.left) / step) + 1;
    double      *high = basin_canvas_scratch(canvas, columns), *low = basin_canvas_scratch(canvas, columns);

    for (size_t c = 0; high != NULL && low != NULL && c < columns; c++) high[c] = low[c] = zero;
    for (size_t i = 0; high != NULL && low != NULL && i < mark->count; i++) {
        double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        if (!isfinite(y) || !(x >= view->box.left) || !(x <= view->box.right)) continue;
        size_t c = (size_t)((x - view->box.left) / step);
        high[c] = fmin(high[c], fmax(y, view->box.top));
        low[c] = fmax(low[c], fmin(y, view->box.bottom));
    }
    for (size_t c = 0; high != NULL && low != NULL && c < columns;) {
        size_t start = c;
        while (c < columns && high[c] == high[start] && low[c] == low[start]) c++; /* equal neighbours are one rectangle */
        basin_rect bar = {view->box.left + step * (double)start, high[start], fmin(view->box.left + step * (double)c, view->box.right), low[start]};
        if (bar.bottom > bar.top) basin_canvas_box(canvas, bar, mark->pen.color, mark->pen.fade);
    }
    basin_free(high);
    basin_free(low);
}

const basin_mark_type basin_mark_area = {.name = "area", .extent = extent, .draw = draw};
