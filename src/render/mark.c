#include "render/mark.h"

#include <math.h>

#include "core/memory.h"

const basin_mark_type *const basin_mark_types[] = {
#define BASIN_MARK(name) &basin_mark_##name,
#include "render/mark_list.h"
#undef BASIN_MARK
};
const size_t basin_mark_type_count = sizeof basin_mark_types / sizeof *basin_mark_types;

double basin_view_x(const basin_view *view, double value)
{
    return view->box.left + basin_scale_at(view->x, value) * (view->box.right - view->box.left);
}

double basin_view_y(const basin_view *view, double value)
{
    return view->box.bottom - basin_scale_at(view->y, value) * (view->box.bottom - view->box.top);
}

/* Cuts a -- b to the box (Liang & Barsky); false when nothing is left. */
static bool cut(const basin_rect *box, double a[2], double b[2])
{
    const double low[2] = {box->left, box->top}, high[2] = {box->right, box->bottom};
    double       from[2] = {a[0], a[1]}, to[2] = {b[0], b[1]}, t0 = 0, t1 = 1;

    for (size_t i = 0; i < 2; i++) {
        double d = to[i] - from[i];
        if (d == 0 && (from[i] < low[i] || from[i] > high[i])) return false;
        if (d == 0) continue;
        double enter = ((d > 0 ? low[i] : high[i]) - from[i]) / d;
        double leave = ((d > 0 ? high[i] : low[i]) - from[i]) / d;
        t0 = fmax(t0, enter);
        t1 = fmin(t1, leave);
    }
    if (!(t0 <= t1)) return false;
    for (size_t i = 0; i < 2; i++) {
        /* of ends that are far away the sum has lost the digits of the near one */
        if (t1 < 1) b[i] = fmin(fmax(from[i] + t1 * (to[i] - from[i]), low[i]), high[i]);
        if (t0 > 0) a[i] = fmin(fmax(from[i] + t0 * (to[i] - from[i]), low[i]), high[i]);
    }
    return true;
}

void basin_view_path(const basin_view *view, basin_canvas *canvas, const double *x, const double *y,
                     size_t count, const basin_pen *pen)
{
    double *path = basin_canvas_scratch(canvas, 2 * (count + 1));
    size_t  used = 0;

    for (size_t i = 0; path != NULL && i + 1 < count; i++) {
        double a[2] = {basin_view_x(view, x[i]), basin_view_y(view, y[i])};
        double b[2] = {basin_view_x(view, x[i + 1]), basin_view_y(view, y[i + 1])};
        double end[2] = {b[0], b[1]};
        bool   drawn =
            isfinite(a[0]) && isfinite(a[1]) && isfinite(b[0]) && isfinite(b[1]) && cut(&view->box, a, b);
        if (drawn && used == 0) path[0] = a[0], path[1] = a[1], used = 1;
        if (drawn) path[2 * used] = b[0], path[2 * used + 1] = b[1], used++;
        if (used > 0 && (!drawn || b[0] != end[0] || b[1] != end[1] || i + 2 == count)) {
            basin_canvas_stroke(canvas, path, used, false, pen);
            used = 0;
        }
    }
    basin_free(path);
}

basin_color basin_paint_color(const basin_paint *paint, double value)
{
    double at = basin_scale_at(&paint->scale, fmax(fmin(value, paint->cap), paint->floor));
    return paint->diverging ? basin_color_diverging(2 * at - 1) : basin_color_sequential(paint->palette, at);
}

void basin_mark_place(const basin_mark *mark, const basin_view *view, double x, double y, double place[2])
{
    const basin_frame f = mark->frame != NULL ? *mark->frame : (basin_frame){1, 0, 1};

    place[0] = basin_view_x(view, mark->frame != NULL ? f.xx * x + f.xy * y : x);
    place[1] = basin_view_y(view, f.yy * y);
}

void basin_mark_corners(const basin_mark *mark, const double x_ends[2], const double y_ends[2],
                        basin_range *x, basin_range *y)
{
    const basin_frame f = mark->frame != NULL ? *mark->frame : (basin_frame){1, 0, 1};

    for (size_t i = 0; i < 4; i++) {
        basin_range_add(x, mark->frame != NULL ? f.xx * x_ends[i % 2] + f.xy * y_ends[i / 2] : x_ends[i % 2]);
        basin_range_add(y, f.yy * y_ends[i / 2]);
    }
}

void basin_mark_hatch(const basin_mark *mark, const basin_view *view, basin_canvas *canvas,
                      const double x_ends[2], const double y_ends[2], const basin_pen *pen)
{
    double at[4][2];

    for (size_t i = 0; i < 4; i++) basin_mark_place(mark, view, x_ends[i % 2], y_ends[i / 2], at[i]);
    if (mark->frame == NULL) {
        basin_canvas_hatch(canvas, (basin_rect){at[0][0], at[2][1], at[1][0], at[1][1]}, pen);
        return;
    }
    basin_canvas_line(canvas, at[0][0], at[0][1], at[3][0], at[3][1], pen);
    basin_canvas_line(canvas, at[1][0], at[1][1], at[2][0], at[2][1], pen);
}

void basin_mark_beyond(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double last[2] = {-INFINITY, -INFINITY}; /* above, below */

    for (size_t i = 0; i < mark->count && mark->beyond; i++) {
        const double x = basin_view_x(view, mark->x[i]);
        const bool   above = mark->y[i] > view->y->high, below = mark->y[i] < view->y->low;
        if ((!above && !below) || !(x >= view->box.left) || !(x <= view->box.right) || x <= last[below] + 7)
            continue;
        basin_canvas_marker(canvas, above ? BASIN_MARKER_UP : BASIN_MARKER_DOWN, x,
                            above ? view->box.top + 3 : view->box.bottom - 3, 4, mark->pen.color, false);
        last[below] = x;
    }
}
