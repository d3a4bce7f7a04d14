/* Thousands of values side by side as one area from zero: each reaches half-way to its neighbours, and on
   each quarter of a point of the page the largest and the smallest one there count, so that no outlier is
   lost. */
#include <math.h>

#include "core/memory.h"
#include "render/mark.h"

#define STEP 0.25

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    basin_range_add(y, 0);
    for (size_t i = 0; i < mark->count; i++) {
        basin_range_add(x, mark->x[i]);
        basin_range_add(y, mark->y[i]);
    }
}

typedef struct profile { /* on columns of the page */
    size_t  count;
    double *high, *low; /* y on the page: high is above */
} profile;

static double column_at(const basin_view *view, double x)
{
    return fmin(fmax((x - view->box.left) / STEP, 0), (view->box.right - view->box.left) / STEP);
}

static void raise_columns(const basin_mark *mark, const basin_view *view, profile *p)
{
    for (size_t i = 0; i < mark->count; i++) { /* x ascends */
        double y = fmin(fmax(basin_view_y(view, mark->y[i]), view->box.top), view->box.bottom);
        double x = mark->x[i];
        double before = i > 0                 ? (x - mark->x[i - 1]) / 2
                        : i + 1 < mark->count ? (mark->x[i + 1] - x) / 2
                                              : 0.5;
        double after = i + 1 < mark->count ? (mark->x[i + 1] - x) / 2 : before;
        if (!isfinite(mark->y[i]) || !isfinite(x)) continue;
        size_t from = (size_t)column_at(view, basin_view_x(view, x - before));
        size_t to = (size_t)ceil(column_at(view, basin_view_x(view, x + after)));
        for (size_t c = from; c < to && c < p->count; c++)
            p->high[c] = fmin(p->high[c], y), p->low[c] = fmax(p->low[c], y);
    }
}

/* The outline: along the upper edge and back along the lower one. */
static size_t outline(const basin_view *view, const profile *p, double *path)
{
    size_t used = 0;

    for (size_t k = 0; k < 2 * p->count; k++) {
        size_t c = k < p->count ? k : 2 * p->count - 1 - k;
        double y = k < p->count ? p->high[c] : p->low[c], left = view->box.left + STEP * (double)c;
        double right = fmin(left + STEP, view->box.right);
        path[2 * used] = k < p->count ? left : right, path[2 * used++ + 1] = y;
        path[2 * used] = k < p->count ? right : left, path[2 * used++ + 1] = y;
    }
    return used;
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    double  zero = fmin(fmax(basin_view_y(view, 0), view->box.top), view->box.bottom);
    profile p = {.count = (size_t)ceil((view->box.right - view->box.left) / STEP)};
    double *path = basin_canvas_scratch(canvas, 8 * p.count);

    p.high = basin_canvas_scratch(canvas, p.count);
    p.low = basin_canvas_scratch(canvas, p.count);
    if (path != NULL && p.high != NULL && p.low != NULL) {
        for (size_t c = 0; c < p.count; c++) p.high[c] = p.low[c] = zero;
        raise_columns(mark, view, &p);
        basin_canvas_fill(canvas, path, outline(view, &p, path), mark->pen.color, mark->pen.fade);
    }
    basin_free(path);
    basin_free(p.high);
    basin_free(p.low);
}

const basin_mark_type basin_mark_area = {.name = "area", .extent = extent, .draw = draw};
