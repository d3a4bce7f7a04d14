/* Names of points, each beside its point where least has been drawn, on a pale ground. */
#include <math.h>

#include "render/mark.h"

enum { AWAY = 5, GROUND = 1 }; /* points: from the point to its name; of the ground around it */
enum { MOST = 16 };            /* names */

/* Around a point, best first: right, left, above, below, and between these. */
static const double sides[][2] = {{1, 0},      {-1, 0},      {0, -1},    {0, 1},
                                  {0.8, -0.8}, {-0.8, -0.8}, {0.8, 0.8}, {-0.8, 0.8}};

enum { SIDES = sizeof sides / sizeof *sides, RINGS = 3 };

static basin_rect box_at(const double at[2], const double side[2], double away, double width, double height)
{
    const double x = at[0] + side[0] * (away + width / 2), y = at[1] + side[1] * (away + height / 2);

    return (basin_rect){x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

static double outside(const basin_rect *box, const basin_rect *plot)
{
    return fmax(0, plot->left - box->left) + fmax(0, box->right - plot->right) +
           fmax(0, plot->top - box->top) + fmax(0, box->bottom - plot->bottom);
}

static bool overlap(const basin_rect *a, const basin_rect *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

typedef struct taken { /* places of names, and of the points themselves */
    size_t     count;
    basin_rect box[2 * MOST];
} taken;

/* How many texts stand there. */
static size_t texts_at(const basin_canvas *canvas, const basin_rect *box)
{
    const basin_label  place = {.x = (box->left + box->right) / 2,
                                .y = (box->top + box->bottom) / 2,
                                .half_width = (box->right - box->left) / 2,
                                .half_height = (box->bottom - box->top) / 2};
    size_t             count, hits = 0;
    const basin_label *labels = basin_canvas_labels(canvas, &count);

    for (size_t i = 0; i < count; i++) hits += basin_label_overlap(&labels[i], &place);
    return hits;
}

/* Off the plot is worst, then on a text or point, then further away, then on other ink. */
static basin_rect best_place(basin_canvas *canvas, const basin_view *view, const taken *t, const double at[2],
                             double width, double height)
{
    basin_rect best = {0};
    double     least = INFINITY;

    for (size_t i = 0; i < RINGS * SIDES; i++) {
        const size_t     ring = i / SIDES;
        const basin_rect box = box_at(at, sides[i % SIDES], AWAY + (double)ring * height, width, height);
        double           cost =
            1e6 * outside(&box, &view->box) + (double)basin_canvas_hits(canvas, (basin_moment){0}, box);
        cost += 1e5 * (double)texts_at(canvas, &box) + 2e4 * (double)ring;
        for (size_t k = 0; k < t->count; k++) cost += overlap(&box, &t->box[k]) ? 1e5 : 0;
        if (cost < least) least = cost, best = box;
    }
    return best;
}

static void take_points(const basin_mark *mark, const basin_view *view, taken *t)
{
    for (size_t i = 0; i < mark->count && t->count < MOST; i++) {
        const double x = basin_view_x(view, mark->x[i]), y = basin_view_y(view, mark->y[i]);
        t->box[t->count++] = (basin_rect){x - 3, y - 3, x + 3, y + 3};
    }
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const basin_type type = {.color = mark->pen.color, .size = mark->size, .across = 0.5, .down = 0.5};
    taken            t = {0};

    take_points(mark, view, &t);
    for (size_t i = 0; i < mark->count && t.count < 2 * MOST; i++) {
        const double at[2] = {basin_view_x(view, mark->x[i]), basin_view_y(view, mark->y[i])};
        double       width, height;
        if (!(at[0] >= view->box.left && at[0] <= view->box.right && at[1] >= view->box.top &&
              at[1] <= view->box.bottom))
            continue;
        basin_canvas_measure(canvas, mark->names[i], &type, &width, &height);
        const basin_rect box = best_place(canvas, view, &t, at, width, height);
        t.box[t.count++] = box;
        basin_canvas_box(canvas, (basin_rect){box.left - GROUND, box.top, box.right + GROUND, box.bottom},
                         basin_white, 0.15);
        basin_canvas_text(canvas, mark->names[i], (box.left + box.right) / 2, (box.top + box.bottom) / 2,
                          &type);
    }
}

const basin_mark_type basin_mark_name = {.name = "name", .draw = draw};
