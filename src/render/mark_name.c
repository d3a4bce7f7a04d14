/* Names of points, each beside its point where least has been drawn, on a pale ground. */
#include <math.h>

#include "render/mark.h"

enum { AWAY = 5, GROUND = 1 }; /* points: from the point to its name; of the ground around it */

/* Around a point, best first: right, left, above, below, and between these. */
static const double sides[][2] = {{1, 0},      {-1, 0},      {0, -1},    {0, 1},
                                  {0.8, -0.8}, {-0.8, -0.8}, {0.8, 0.8}, {-0.8, 0.8}};

static basin_rect box_at(const double at[2], const double side[2], double width, double height)
{
    const double x = at[0] + side[0] * (AWAY + width / 2), y = at[1] + side[1] * (AWAY + height / 2);

    return (basin_rect){x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

static double outside(const basin_rect *box, const basin_rect *plot)
{
    return fmax(0, plot->left - box->left) + fmax(0, box->right - plot->right) +
           fmax(0, plot->top - box->top) + fmax(0, box->bottom - plot->bottom);
}

static basin_rect best_place(basin_canvas *canvas, const basin_view *view, const double at[2], double width,
                             double height)
{
    basin_rect best = {0};
    double     least = INFINITY;

    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        const basin_rect box = box_at(at, sides[i], width, height);
        const double     cost =
            1000 * outside(&box, &view->box) + (double)basin_canvas_hits(canvas, (basin_moment){0}, box);
        if (cost < least) least = cost, best = box;
    }
    return best;
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const basin_type type = {.color = mark->pen.color, .size = mark->size, .across = 0.5, .down = 0.5};

    for (size_t i = 0; i < mark->count; i++) {
        const double at[2] = {basin_view_x(view, mark->x[i]), basin_view_y(view, mark->y[i])};
        double       width, height;
        if (!(at[0] >= view->box.left && at[0] <= view->box.right && at[1] >= view->box.top &&
              at[1] <= view->box.bottom))
            continue;
        basin_canvas_measure(canvas, mark->names[i], &type, &width, &height);
        const basin_rect box = best_place(canvas, view, at, width, height);
        basin_canvas_box(canvas, (basin_rect){box.left - GROUND, box.top, box.right + GROUND, box.bottom},
                         basin_white, 0.15);
        basin_canvas_text(canvas, mark->names[i], (box.left + box.right) / 2, (box.top + box.bottom) / 2,
                          &type);
    }
}

const basin_mark_type basin_mark_name = {.name = "name", .draw = draw};
