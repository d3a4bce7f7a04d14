/* A cell for each grid value, its colour from the paint; cells that are not finite are hatched.
 *
 * Cells are vector rectangles. Each reaches under its right and lower neighbour, which is drawn later, so
 * that no viewer shows hairlines between them; runs of one colour are one rectangle.
 */
#include <math.h>

#include "render/mark.h"

enum { UNDER = 4 }; /* points: a pixel of the coarsest screen */

/* The edge between points i - 1 and i of an axis: the middle, or half a step beyond the ends. */
static double edge(const double *x, size_t count, size_t i)
{
    if (count == 1) return x[0] + (i == 0 ? -0.5 : 0.5);
    if (i == 0) return x[0] - (x[1] - x[0]) / 2;
    if (i == count) return x[count - 1] + (x[count - 1] - x[count - 2]) / 2;
    return (x[i - 1] + x[i]) / 2;
}

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    basin_range_add(x, edge(mark->x, mark->columns, 0));
    basin_range_add(x, edge(mark->x, mark->columns, mark->columns));
    basin_range_add(y, edge(mark->y, mark->rows, 0));
    basin_range_add(y, edge(mark->y, mark->rows, mark->rows));
}

static bool has_color(const basin_mark *mark, double z)
{
    return isfinite(z) && isfinite(basin_scale_at(&mark->paint->scale, fmin(z, mark->paint->cap)));
}

static bool same(basin_color a, basin_color b)
{
    return a.r == b.r && a.g == b.g && a.b == b.b;
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const basin_pen pen = {.color = basin_grey, .width = 0.5};

    for (size_t pass = 0; pass < 2; pass++) {   /* colours first, hatches over them */
        for (size_t r = mark->rows; r-- > 0;) { /* from the top of the page */
            double top = basin_view_y(view, edge(mark->y, mark->rows, r + 1));
            double bottom = basin_view_y(view, edge(mark->y, mark->rows, r));
            for (size_t c = 0; c < mark->columns; c++) {
                const double *z = mark->z + r * mark->columns;
                size_t        last = c;
                bool          hole = !has_color(mark, z[c]);
                basin_color   color = hole ? basin_white : basin_paint_color(mark->paint, z[c]);
                while (last + 1 < mark->columns) {
                    double next = z[last + 1];
                    if (hole == has_color(mark, next) ||
                        (!hole && !same(color, basin_paint_color(mark->paint, next))))
                        break;
                    last++;
                }
                double left = basin_view_x(view, edge(mark->x, mark->columns, c));
                double right = basin_view_x(view, edge(mark->x, mark->columns, last + 1));
                double under = hole ? 0 : UNDER; /* white must not shine through */
                double under_right = fmin(right + under, fmax(right, view->box.right)),
                       under_bottom = fmin(bottom + under, fmax(bottom, view->box.bottom));
                if (pass == 0)
                    basin_canvas_box(canvas, (basin_rect){left, top, under_right, under_bottom}, color, 0);
                else if (hole)
                    basin_canvas_hatch(canvas, (basin_rect){left, top, right, bottom}, &pen);
                c = last;
            }
        }
    }
}

const basin_mark_type basin_mark_heat = {.name = "heat", .extent = extent, .draw = draw};
