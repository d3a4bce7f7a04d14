/* The axes of a box seen in perspective. Numbers stand along the two near edges of the floor and along the
 * upright edge at the left; behind the surface are the floor and two walls with lines at the numbers. The
 * size of the box follows from that of the texts about it: bisection finds the largest that fits.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/scene.h"

enum { AXES = 3, MOST_TICKS = 10, GAP = 2 }; /* GAP: points, from a tick to its number */

typedef struct edge { /* of the box, that carries an axis: in data, heights in the box */
    double from[3], to[3];
    double outside[3]; /* a point beside `from`, away from the box, where its tick leads */
} edge;

static double far_side(const basin_scene *scene, size_t axis)
{
    double at[2];

    basin_scene_camera(scene, at);
    return at[axis] > (scene->from[axis] + scene->to[axis]) / 2 ? scene->from[axis] : scene->to[axis];
}

static double near_side(const basin_scene *scene, size_t axis)
{
    return scene->from[axis] + scene->to[axis] - far_side(scene, axis);
}

static void picture_of(const basin_scene *scene, const double at[3], double out[2])
{
    double box[3];

    basin_scene_place(scene, at[0], at[1], at[2], box);
    basin_scene_project(scene, box, out);
}

/* Upright, at the corner of the floor that is farthest to the left: never behind the box. */
static edge value_edge(const basin_scene *scene)
{
    const double ends[2][2] = {{scene->from[0], scene->to[0]}, {scene->from[1], scene->to[1]}};
    double       least = INFINITY, at[2];
    edge         e = {.to = {0, 0, scene->height}};

    for (size_t i = 0; i < 4; i++) {
        picture_of(scene, (double[]){ends[0][i % 2], ends[1][i / 2], 0}, at);
        if (!(at[0] < least)) continue;
        least = at[0];
        e.from[0] = e.to[0] = ends[0][i % 2], e.from[1] = e.to[1] = ends[1][i / 2];
    }
    return e;
}

static edge floor_edge(const basin_scene *scene, size_t axis)
{
    const size_t other = 1 - axis;
    const double near = near_side(scene, other);
    edge         e = {.from = {0, 0, scene->floor}, .to = {0, 0, scene->floor}};

    e.from[axis] = scene->from[axis], e.to[axis] = scene->to[axis];
    e.from[other] = e.to[other] = near;
    memcpy(e.outside, e.from, sizeof e.outside);
    e.outside[other] += 0.05 * (near - far_side(scene, other));
    return e;
}

typedef struct writing { /* what stands about the box, in points from the picture's origin, y downwards */
    size_t      count;
    char        text[AXES * (MOST_TICKS + 1)][BASIN_NUMBER_ROOM + 192];
    basin_label box[AXES * (MOST_TICKS + 1)];
    basin_type  type[AXES * (MOST_TICKS + 1)];
    double      tick[AXES * (MOST_TICKS + 1)][4]; /* from, to; all 0: none */
} writing;

static bool touches_one(const writing *w, const basin_label *box)
{
    for (size_t i = 0; i < w->count; i++)
        if (basin_label_overlap(&w->box[i], box)) return true;
    return false;
}

static double reach_of(const basin_label *box, double x, double y)
{
    return box->half_width * fabs(x) + box->half_height * fabs(y);
}

typedef struct course {             /* of an axis in the picture, points */
    double from[2], to[2], away[2]; /* away: of norm 1 */
    double length;
} course;

static course course_of(const basin_scene *scene, const edge *e, size_t axis, double scale)
{
    course c = {.away = {-1, 0}};
    double beside[2];

    picture_of(scene, e->from, c.from), picture_of(scene, e->to, c.to);
    for (size_t k = 0; k < 2; k++) c.from[k] *= k == 0 ? scale : -scale, c.to[k] *= k == 0 ? scale : -scale;
    c.length = hypot(c.to[0] - c.from[0], c.to[1] - c.from[1]);
    if (axis == 2) return c;
    picture_of(scene, e->outside, beside);
    c.away[0] = beside[0] * scale - c.from[0], c.away[1] = -beside[1] * scale - c.from[1];
    const double norm = hypot(c.away[0], c.away[1]);
    c.away[0] /= norm, c.away[1] /= norm;
    return c;
}

/* Where the value of an axis stands in the picture: perspective shortens the far end. */
static void place_on(const basin_scene *scene, const edge *e, size_t axis, double value, double scale,
                     double out[2])
{
    double at[3];

    memcpy(at, e->from, sizeof at);
    at[axis] = axis == 2 ? basin_scene_height(scene, value) : value;
    picture_of(scene, at, out);
    out[0] *= scale, out[1] *= -scale;
}

/* Numbers at the ticks; false where two of them touch, or one touches those of another axis. */
static bool write_numbers(const basin_scene *scene, const edge *e, size_t axis, const course *c,
                          const basin_ticks *ticks, double scale, basin_canvas *canvas, writing *w)
{
    bool apart = true;

    for (size_t i = 0; i < ticks->count; i++) {
        double at[2], width, height;
        if (ticks->tick[i].label[0] == '\0') continue;
        if (w->count == sizeof w->box / sizeof *w->box) return false;
        place_on(scene, e, axis, ticks->tick[i].value, scale, at);
        basin_canvas_measure(canvas, ticks->tick[i].label, &(basin_type){0}, &width, &height);
        basin_label  box = {.half_width = width / 2 + 1, .half_height = 0.42 * height};
        const double far = BASIN_TICK + GAP + reach_of(&box, c->away[0], c->away[1]);
        box.x = at[0] + far * c->away[0], box.y = at[1] + far * c->away[1];
        if (touches_one(w, &box)) {
            apart = false;
            continue;
        }
        w->type[w->count] = (basin_type){.color = basin_black, .across = 0.5, .down = 0.5};
        memcpy(w->tick[w->count],
               (double[]){at[0], at[1], at[0] + BASIN_TICK * c->away[0], at[1] + BASIN_TICK * c->away[1]},
               sizeof w->tick[0]);
        snprintf(w->text[w->count], sizeof w->text[0], "%s", ticks->tick[i].label);
        w->box[w->count++] = box;
    }
    return apart;
}

/* From `far` points outwards on, where it touches nothing that stands there. */
static void place_beyond(const writing *w, const double middle[2], const double normal[2], double far,
                         basin_label *box)
{
    enum { STEPS = 100 };

    for (size_t i = 0; i < STEPS; i++, far += GAP) {
        box->x = middle[0] + far * normal[0], box->y = middle[1] + far * normal[1];
        if (!touches_one(w, box)) return;
    }
}

/* Along the axis, beyond its numbers from `first` on. */
static void write_label(const basin_scene *scene, size_t axis, const course *c, const basin_ticks *ticks,
                        size_t first, basin_canvas *canvas, writing *w)
{
    const double middle[2] = {(c->from[0] + c->to[0]) / 2, (c->from[1] + c->to[1]) / 2};
    double       ux = (c->to[0] - c->from[0]) / c->length, uy = (c->to[1] - c->from[1]) / c->length;
    double       width, height, most = BASIN_TICK;
    char        *text = w->text[w->count], power[BASIN_NUMBER_ROOM];

    if (scene->label[axis] == NULL || c->length == 0) return;
    if (ux < -1e-9 || axis == 2) ux = -ux, uy = -uy; /* written from left to right, or upwards */
    if (axis == 2) ux = 0, uy = -1;
    double normal[2] = {-uy, ux};
    if (normal[0] * c->away[0] + normal[1] * c->away[1] < 0) normal[0] = -normal[0], normal[1] = -normal[1];
    for (size_t i = first; i < w->count; i++) {
        const double x = w->box[i].x - middle[0], y = w->box[i].y - middle[1];
        most = fmax(most, x * normal[0] + y * normal[1] + reach_of(&w->box[i], normal[0], normal[1]));
    }
    if (ticks->exponent != 0)
        snprintf(text, sizeof w->text[0], "%s, ×%s", scene->label[axis],
                 basin_number_power(ticks->exponent, power));
    else
        snprintf(text, sizeof w->text[0], "%s", scene->label[axis]);
    w->type[w->count] = (basin_type){.color = basin_black,
                                     .across = 0.5,
                                     .down = 0.5,
                                     .angle = atan2(uy, ux),
                                     .width = fmax(1.5 * c->length, 60)};
    basin_canvas_measure(canvas, text, &w->type[w->count], &width, &height);
    basin_label box = {.half_width = width / 2, .half_height = height / 2, .angle = w->type[w->count].angle};
    place_beyond(w, middle, normal, most + GAP + height / 2, &box);
    w->box[w->count++] = box;
}

static edge edge_of(const basin_scene *scene, size_t axis)
{
    return axis == 2 ? value_edge(scene) : floor_edge(scene, axis);
}

static basin_plot_scale scale_of(const basin_scene *scene, size_t axis)
{
    if (axis == 2) return scene->value;
    return (basin_plot_scale){BASIN_SCALE_LINEAR, scene->from[axis], scene->to[axis], 0};
}

/* As many numbers as stand apart. */
static void write_axis(const basin_scene *scene, size_t axis, double scale, basin_canvas *canvas, writing *w,
                       basin_ticks *ticks)
{
    const edge             e = edge_of(scene, axis);
    const course           c = course_of(scene, &e, axis, scale);
    const basin_plot_scale values = scale_of(scene, axis);
    const size_t           first = w->count;

    for (size_t wanted = 6; wanted > 0; wanted--) {
        w->count = first;
        basin_scale_ticks(&values, wanted, ticks);
        if (write_numbers(scene, &e, axis, &c, ticks, scale, canvas, w)) break;
    }
    write_label(scene, axis, &c, ticks, first, canvas, w);
}

static void write_all(const basin_scene *scene, double scale, basin_canvas *canvas, writing *w,
                      basin_ticks ticks[AXES])
{
    w->count = 0;
    memset(w->tick, 0, sizeof w->tick);
    for (size_t axis = AXES; axis-- > 0;) write_axis(scene, axis, scale, canvas, w, &ticks[axis]);
}

/* ------------------------------------------------------------------------------------------------- fit -- */

static void widen(basin_rect *r, double x, double y, double half_width, double half_height)
{
    r->left = fmin(r->left, x - half_width), r->right = fmax(r->right, x + half_width);
    r->top = fmin(r->top, y - half_height), r->bottom = fmax(r->bottom, y + half_height);
}

/* All that is drawn at `scale` points to a unit of the picture, about its origin. */
static basin_rect bounds(const basin_scene *scene, double scale, basin_canvas *canvas, writing *w)
{
    basin_rect  r = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    basin_ticks ticks[AXES];
    double      at[2];

    for (size_t i = 0; i < 8; i++) {
        picture_of(scene,
                   (double[]){i % 2 ? scene->to[0] : scene->from[0],
                              i / 2 % 2 ? scene->to[1] : scene->from[1],
                              i / 4 ? scene->height : scene->floor},
                   at);
        widen(&r, scale * at[0], -scale * at[1], 1, 1);
    }
    write_all(scene, scale, canvas, w, ticks);
    for (size_t i = 0; i < w->count; i++) {
        const basin_label *b = &w->box[i];
        const double       c = fabs(cos(b->angle)), s = fabs(sin(b->angle));
        widen(&r, b->x, b->y, c * b->half_width + s * b->half_height, s * b->half_width + c * b->half_height);
    }
    return r;
}

basin_status basin_scene_fit(basin_panel *panel, basin_canvas *canvas)
{
    enum { HALVINGS = 18, LEAST = 10 }; /* LEAST: points to a unit of the box */
    basin_status st = BASIN_OK;
    const double width = panel->box.right - panel->box.left, height = panel->box.bottom - panel->box.top;
    double       low = LEAST, high = fmax(width, height);
    basin_rect   r = {0};
    writing      w;

    for (size_t i = 0; i < HALVINGS; i++) {
        const double scale = (low + high) / 2;
        r = bounds(panel->scene, scale, canvas, &w);
        if (r.right - r.left <= width && r.bottom - r.top <= height)
            low = scale;
        else
            high = scale;
    }
    r = bounds(panel->scene, low, canvas, &w);
    BASIN_CHECK(r.right - r.left <= width && r.bottom - r.top <= height, BASIN_ERR_ARG,
                "figure surface: its labels and numbers leave no room for the surface in %.0f x %.0f points; "
                "a wider figure (--width), fewer results or shorter labels do",
                width, height);
    const double x = (r.left + r.right) / 2, y = -(r.top + r.bottom) / 2;
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, (x - width / 2) / low, (x + width / 2) / low, 0};
    panel->y = (basin_plot_scale){BASIN_SCALE_LINEAR, (y - height / 2) / low, (y + height / 2) / low, 0};
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------ draw -- */

static const basin_color floor_color = {0.985, 0.985, 0.985}, wall_color = {0.965, 0.965, 0.965};
static const basin_pen   grid_pen = {.color = {0.88, 0.88, 0.88}, .width = 0.4};
static const basin_pen   edge_pen = {.color = {0.25, 0.25, 0.25}, .width = 0.5};

/* on the page */
static void page_of(const basin_panel *panel, const double at[3], double out[2])
{
    const basin_view view = {.x = &panel->x, .y = &panel->y, .box = panel->box};
    double           picture[2];

    picture_of(panel->scene, at, picture);
    out[0] = basin_view_x(&view, picture[0]), out[1] = basin_view_y(&view, picture[1]);
}

static void draw_line(const basin_panel *panel, const double a[3], const double b[3], const basin_pen *pen,
                      basin_canvas *canvas)
{
    double from[2], to[2];

    page_of(panel, a, from), page_of(panel, b, to);
    basin_canvas_line(canvas, from[0], from[1], to[0], to[1], pen);
}

static void draw_pane(const basin_panel *panel, const double corner[4][3], basin_color color,
                      basin_canvas *canvas)
{
    double at[8];

    for (size_t i = 0; i < 4; i++) page_of(panel, corner[i], at + 2 * i);
    basin_canvas_fill(canvas, at, 4, color, 0);
    basin_canvas_stroke(canvas, at, 4, true, &grid_pen);
}

/* The floor, and the two walls behind the surface. */
static void draw_panes(const basin_panel *panel, basin_canvas *canvas)
{
    const basin_scene *s = panel->scene;
    const double       x = far_side(s, 0), y = far_side(s, 1), low = s->floor, high = s->height;
    const double      *a = s->from, *b = s->to;

    draw_pane(
        panel,
        (const double[4][3]){{a[0], a[1], low}, {b[0], a[1], low}, {b[0], b[1], low}, {a[0], b[1], low}},
        floor_color, canvas);
    draw_pane(panel, (const double[4][3]){{x, a[1], low}, {x, b[1], low}, {x, b[1], high}, {x, a[1], high}},
              wall_color, canvas);
    draw_pane(panel, (const double[4][3]){{a[0], y, low}, {b[0], y, low}, {b[0], y, high}, {a[0], y, high}},
              wall_color, canvas);
}

/* Lines at the numbers of an axis over the two panes that it lies in. */
static void draw_grid(const basin_panel *panel, size_t axis, const basin_ticks *ticks, basin_canvas *canvas)
{
    const basin_scene *s = panel->scene;
    const double       x = far_side(s, 0), y = far_side(s, 1);

    for (size_t i = 0; i < ticks->count; i++) {
        const double at = ticks->tick[i].value, z = axis == 2 ? basin_scene_height(s, at) : 0;
        if (ticks->tick[i].label[0] == '\0') continue;
        if (axis == 0) {
            draw_line(panel, (double[]){at, s->from[1], s->floor}, (double[]){at, s->to[1], s->floor},
                      &grid_pen, canvas);
            draw_line(panel, (double[]){at, y, s->floor}, (double[]){at, y, s->height}, &grid_pen, canvas);
        } else if (axis == 1) {
            draw_line(panel, (double[]){s->from[0], at, s->floor}, (double[]){s->to[0], at, s->floor},
                      &grid_pen, canvas);
            draw_line(panel, (double[]){x, at, s->floor}, (double[]){x, at, s->height}, &grid_pen, canvas);
        } else {
            draw_line(panel, (double[]){s->from[0], y, z}, (double[]){s->to[0], y, z}, &grid_pen, canvas);
            draw_line(panel, (double[]){x, s->from[1], z}, (double[]){x, s->to[1], z}, &grid_pen, canvas);
        }
    }
}

basin_moment basin_scene_draw(const basin_panel *panel, basin_canvas *canvas)
{
    const double scale = (panel->box.right - panel->box.left) / (panel->x.high - panel->x.low);
    const double x0 = panel->box.left - scale * panel->x.low, y0 = panel->box.bottom + scale * panel->y.low;
    basin_ticks  ticks[AXES];
    writing      w;

    write_all(panel->scene, scale, canvas, &w, ticks);
    draw_panes(panel, canvas);
    for (size_t axis = 0; axis < AXES; axis++) draw_grid(panel, axis, &ticks[axis], canvas);
    const basin_moment between = basin_canvas_now(canvas);
    for (size_t axis = 0; axis < AXES; axis++) {
        const edge e = edge_of(panel->scene, axis);
        draw_line(panel, e.from, e.to, &edge_pen, canvas);
    }
    for (size_t i = 0; i < w.count; i++) {
        const double *tick = w.tick[i];
        if (tick[0] != tick[2] || tick[1] != tick[3])
            basin_canvas_line(canvas, x0 + tick[0], y0 + tick[1], x0 + tick[2], y0 + tick[3], &edge_pen);
        basin_canvas_text(canvas, w.text[i], x0 + w.box[i].x, y0 + w.box[i].y, &w.type[i]);
    }
    return between;
}
