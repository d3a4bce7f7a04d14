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
    basin_mark_corners(
        mark, (double[]){edge(mark->x, mark->columns, 0), edge(mark->x, mark->columns, mark->columns)},
        (double[]){edge(mark->y, mark->rows, 0), edge(mark->y, mark->rows, mark->rows)}, x, y);
}

static bool has_color(const basin_mark *mark, double z)
{
    return isfinite(z) &&
           isfinite(basin_scale_at(&mark->paint->scale, fmax(fmin(z, mark->paint->cap), mark->paint->floor)));
}

static bool same(basin_color a, basin_color b)
{
    return a.r == b.r && a.g == b.g && a.b == b.b;
}

/* Columns from c on that look the same: the last of them. */
static size_t run_of(const basin_mark *mark, const double *z, size_t c)
{
    const bool hole = !has_color(mark, z[c]);

    for (; c + 1 < mark->columns && hole == !has_color(mark, z[c + 1]); c++)
        if (!hole && !same(basin_paint_color(mark->paint, z[c]), basin_paint_color(mark->paint, z[c + 1])))
            break;
    return c;
}

/* In a frame at right angles a cell reaches under its right and lower neighbour. */
static void fill_cells(const basin_mark *mark, const basin_view *view, basin_canvas *canvas,
                       const double x_ends[2], const double y_ends[2], basin_color color, double under)
{
    double at[4][2];

    for (size_t i = 0; i < 4; i++) basin_mark_place(mark, view, x_ends[i % 2], y_ends[i / 2], at[i]);
    if (mark->frame == NULL) {
        const double right = fmin(at[1][0] + under, fmax(at[1][0], view->box.right));
        const double bottom = fmin(at[0][1] + under, fmax(at[0][1], view->box.bottom));
        basin_canvas_box(canvas, (basin_rect){at[0][0], at[2][1], right, bottom}, color, 0);
        return;
    }
    /* likewise along the directions of the frame, but not beyond its edge */
    double ends[2][2];
    basin_mark_place(mark, view, edge(mark->x, mark->columns, mark->columns), y_ends[0], ends[0]);
    basin_mark_place(mark, view, x_ends[0], edge(mark->y, mark->rows, 0), ends[1]);
    double       right[2] = {at[1][0] - at[0][0], at[1][1] - at[0][1]};
    double       down[2] = {at[0][0] - at[2][0], at[0][1] - at[2][1]};
    const double across = hypot(ends[0][0] - at[1][0], ends[0][1] - at[1][1]);
    const double below = hypot(ends[1][0] - at[0][0], ends[1][1] - at[0][1]);
    const double a = fmin(under, across) / hypot(right[0], right[1]);
    const double b = fmin(under, below) / hypot(down[0], down[1]);
    for (size_t i = 0; i < 2; i++) right[i] *= a, down[i] *= b;
    basin_canvas_fill(canvas,
                      (double[]){at[0][0] + down[0], at[0][1] + down[1], at[1][0] + right[0] + down[0],
                                 at[1][1] + right[1] + down[1], at[3][0] + right[0], at[3][1] + right[1],
                                 at[2][0], at[2][1]},
                      4, color, 0);
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const basin_pen pen = {.color = basin_grey, .width = 0.5};

    for (size_t pass = 0; pass < 2; pass++) {   /* colours first, hatches over them */
        for (size_t r = mark->rows; r-- > 0;) { /* from the top of the page */
            const double *z = mark->z + r * mark->columns;
            const double  y[2] = {edge(mark->y, mark->rows, r), edge(mark->y, mark->rows, r + 1)};
            for (size_t c = 0, last; c < mark->columns; c = last + 1) {
                const bool hole = !has_color(mark, z[c]);
                last = run_of(mark, z, c);
                const double x[2] = {edge(mark->x, mark->columns, c), edge(mark->x, mark->columns, last + 1)};
                basin_canvas_data(canvas, pass == 0 && !hole);
                if (pass == 0) /* white must not shine through */
                    fill_cells(mark, view, canvas, x, y,
                               hole ? basin_white : basin_paint_color(mark->paint, z[c]), hole ? 0 : UNDER);
                else if (hole)
                    basin_mark_hatch(mark, view, canvas, x, y, &pen);
            }
        }
    }
    basin_canvas_data(canvas, false);
}

const basin_mark_type basin_mark_heat = {.name = "heat", .extent = extent, .draw = draw};
