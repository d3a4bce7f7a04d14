#include "render/canvas.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/canvas_ops.h"

/* ------------------------------------------------------------------------------------------- recording -- */

void basin_canvas_check(basin_canvas *canvas, basin_status status)
{
    if (canvas->status != BASIN_OK || status == BASIN_OK) return;
    canvas->status = status;
    snprintf(canvas->message, sizeof canvas->message, "%s", basin_error_message());
}

static void fail(basin_canvas *canvas)
{
    if (canvas->status == BASIN_OK)
        basin_canvas_check(
            canvas,
            basin_fail(BASIN_ERR_NOMEM, "out of memory for a drawing of %zu operations", canvas->op_count));
}

double *basin_canvas_scratch(basin_canvas *canvas, size_t count)
{
    double *memory = canvas->status == BASIN_OK ? basin_alloc(count, sizeof *memory) : NULL;

    if (memory == NULL) fail(canvas);
    return memory;
}

static bool room(basin_canvas *canvas, void **memory, size_t used, size_t *have, size_t more, size_t size)
{
    if (canvas->status != BASIN_OK) return false;
    if (used + more <= *have) return true;
    size_t count = 2 * *have > used + more ? 2 * *have : used + more + 64;
    void  *larger = basin_grow(*memory, used, count, size);
    if (larger == NULL) {
        fail(canvas);
        return false;
    }
    *memory = larger;
    *have = count;
    return true;
}

/* A new operation with `count` points, or NULL. */
static basin_draw *record(basin_canvas *canvas, basin_op_kind kind, const double *xy, size_t count)
{
    void *ops = canvas->ops, *points = canvas->points;

    bool fits = room(canvas, &ops, canvas->op_count, &canvas->op_room, 1, sizeof *canvas->ops);
    canvas->ops = ops;
    fits = fits && room(canvas, &points, canvas->point_count, &canvas->point_room, count, 2 * sizeof(double));
    canvas->points = points;
    if (!fits) return NULL;
    if (count > 0) memcpy(canvas->points + 2 * canvas->point_count, xy, count * 2 * sizeof(double));
    basin_draw *op = &canvas->ops[canvas->op_count++];
    *op = (basin_draw){.kind = kind, .first = canvas->point_count, .count = count, .data = canvas->data};
    canvas->point_count += count;
    return op;
}

basin_status basin_canvas_create(double width, double height, const char *font, double font_size,
                                 basin_canvas **out)
{
    basin_status     st = BASIN_OK;
    basin_canvas    *canvas = NULL;
    cairo_surface_t *surface = NULL;
    cairo_t         *cr = NULL;

    BASIN_ALLOC(canvas, 1, "a drawing");
    canvas->width = width;
    canvas->height = height;
    canvas->font_size = font_size;
    canvas->magnify = 1;
    BASIN_STRDUP(canvas->font, font);
    surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cr = cairo_create(surface);
    BASIN_CHECK(cairo_status(cr) == CAIRO_STATUS_SUCCESS, BASIN_ERR_NOMEM, "out of memory for a drawing: %s",
                cairo_status_to_string(cairo_status(cr)));
    canvas->measure = basin_canvas_context(cr);
    *out = canvas, canvas = NULL;
done:
    if (cr != NULL) cairo_destroy(cr);
    if (surface != NULL) cairo_surface_destroy(surface);
    basin_canvas_destroy(&canvas);
    return st;
}

void basin_canvas_destroy(basin_canvas **canvas)
{
    if (canvas == NULL || *canvas == NULL) return;
    basin_canvas *c = *canvas;
    for (size_t i = 0; i < c->op_count; i++) basin_free(c->ops[i].text);
    basin_free(c->ops);
    basin_free(c->points);
    basin_free(c->labels);
    basin_free(c->font);
    if (c->measure != NULL) g_object_unref(c->measure);
    basin_free(c);
    *canvas = NULL;
}

basin_status basin_canvas_status(const basin_canvas *canvas)
{
    return canvas->status == BASIN_OK ? BASIN_OK : basin_fail(canvas->status, "%s", canvas->message);
}

double basin_canvas_font_size(const basin_canvas *canvas)
{
    return canvas->font_size;
}

void basin_canvas_dress(basin_canvas *canvas, bool dark, double magnify)
{
    canvas->dark = dark;
    canvas->magnify = magnify;
}

void basin_canvas_data(basin_canvas *canvas, bool data)
{
    canvas->data = data;
}

void basin_canvas_resize(basin_canvas *canvas, double width, double height)
{
    canvas->width = width;
    canvas->height = height;
}

void basin_canvas_stroke(basin_canvas *canvas, const double *xy, size_t count, bool closed,
                         const basin_pen *pen)
{
    if (count < 2) return;
    basin_draw *op = record(canvas, BASIN_DRAW_STROKE, xy, count);
    if (op == NULL) return;
    op->pen = *pen;
    op->closed = closed;
}

void basin_canvas_line(basin_canvas *canvas, double x0, double y0, double x1, double y1, const basin_pen *pen)
{
    basin_canvas_stroke(canvas, (double[]){x0, y0, x1, y1}, 2, false, pen);
}

void basin_canvas_fill(basin_canvas *canvas, const double *xy, size_t count, basin_color color, double fade)
{
    basin_draw *op = record(canvas, BASIN_DRAW_FILL, xy, count);
    if (op != NULL) op->pen = (basin_pen){.color = color, .fade = fade};
}

void basin_canvas_box(basin_canvas *canvas, basin_rect r, basin_color color, double fade)
{
    basin_canvas_fill(canvas, (double[]){r.left, r.top, r.right, r.top, r.right, r.bottom, r.left, r.bottom},
                      4, color, fade);
}

static void dot(basin_canvas *canvas, double x, double y, double radius, basin_color color)
{
    basin_draw *op = record(canvas, BASIN_DRAW_DOT, (double[]){x, y, radius, 0}, 2);
    if (op != NULL) op->pen = (basin_pen){.color = color};
}

static void shape(basin_canvas *canvas, basin_marker marker, double x, double y, double r, basin_color color)
{
    double q = 0.886 * r; /* a square of the circle's area */

    switch (marker) {
    case BASIN_MARKER_CIRCLE: dot(canvas, x, y, r, color); break;
    case BASIN_MARKER_SQUARE:
        basin_canvas_box(canvas, (basin_rect){x - q, y - q, x + q, y + q}, color, 0);
        break;
    case BASIN_MARKER_UP:
    case BASIN_MARKER_TRIANGLE:
        basin_canvas_fill(canvas,
                          (double[]){x, y - 1.2 * r, x + 1.1 * r, y + 0.75 * r, x - 1.1 * r, y + 0.75 * r}, 3,
                          color, 0);
        break;
    case BASIN_MARKER_DOWN:
        basin_canvas_fill(canvas,
                          (double[]){x, y + 1.2 * r, x + 1.1 * r, y - 0.75 * r, x - 1.1 * r, y - 0.75 * r}, 3,
                          color, 0);
        break;
    case BASIN_MARKER_DIAMOND:
        basin_canvas_fill(canvas, (double[]){x, y - 1.2 * r, x + 1.2 * r, y, x, y + 1.2 * r, x - 1.2 * r, y},
                          4, color, 0);
        break;
    case BASIN_MARKER_NONE:
    case BASIN_MARKER_CROSS:
    case BASIN_MARKER_PLUS: break;
    }
}

void basin_canvas_marker(basin_canvas *canvas, basin_marker marker, double x, double y, double diameter,
                         basin_color color, bool hollow)
{
    static const basin_color white = {1, 1, 1};
    double                   r = diameter / 2;
    basin_pen                pen = {.color = color, .width = 0.28 * r + 0.3};

    if (marker == BASIN_MARKER_CROSS) {
        basin_canvas_line(canvas, x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y + 0.8 * r, &pen);
        basin_canvas_line(canvas, x - 0.8 * r, y + 0.8 * r, x + 0.8 * r, y - 0.8 * r, &pen);
    } else if (marker == BASIN_MARKER_PLUS) {
        basin_canvas_line(canvas, x - r, y, x + r, y, &pen);
        basin_canvas_line(canvas, x, y - r, x, y + r, &pen);
    } else {
        shape(canvas, marker, x, y, r, color);
        if (hollow) shape(canvas, marker, x, y, r > 1.6 ? r - 0.8 : r / 2, white);
    }
}

void basin_canvas_hatch(basin_canvas *canvas, basin_rect r, const basin_pen *pen)
{
    /* one grid of diagonals for the whole page, so that neighbouring rectangles join */
    const double step = 3.2;
    double       sum = r.left + r.top, last = r.right + r.bottom;

    for (double s = ceil(sum / step) * step; s < last; s += step) { /* the diagonal x + y = s */
        double x0 = fmax(r.left, s - r.bottom), x1 = fmin(r.right, s - r.top);
        if (x1 > x0) basin_canvas_line(canvas, x0, s - x0, x1, s - x1, pen);
    }
}

basin_moment basin_canvas_now(const basin_canvas *canvas)
{
    return (basin_moment){canvas->op_count, canvas->point_count, canvas->label_count};
}

void basin_canvas_rewind(basin_canvas *canvas, basin_moment moment)
{
    for (size_t i = moment.ops; i < canvas->op_count; i++) basin_free(canvas->ops[i].text);
    canvas->op_count = moment.ops;
    canvas->point_count = moment.points;
    canvas->label_count = moment.labels;
}

/* ----------------------------------------------------------------------------------------------- texts -- */

PangoContext *basin_canvas_context(cairo_t *cr)
{
    PangoContext         *context = pango_cairo_create_context(cr);
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    pango_cairo_context_set_resolution(context, 72.0); /* a point is a unit */
    pango_context_set_round_glyph_positions(context, FALSE);
    cairo_font_options_destroy(options);
    return context;
}

PangoLayout *basin_canvas_layout(const basin_canvas *canvas, PangoContext *context, const char *markup,
                                 const basin_type *type)
{
    double                size = type->size > 0 ? type->size : canvas->font_size;
    PangoLayout          *layout = pango_layout_new(context);
    PangoFontDescription *font = pango_font_description_from_string(canvas->font);

    pango_font_description_set_size(font, (int)lround(size * PANGO_SCALE));
    if (type->bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_markup(layout, markup, -1);
    pango_layout_set_alignment(layout, type->across < 0.25   ? PANGO_ALIGN_LEFT
                                       : type->across > 0.75 ? PANGO_ALIGN_RIGHT
                                                             : PANGO_ALIGN_CENTER);
    if (type->width > 0) {
        pango_layout_set_width(layout, (int)lround(type->width * PANGO_SCALE));
        if (type->one_line) {
            pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
            pango_layout_set_height(layout, -1);
        } else {
            pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
        }
    }
    return layout;
}

char *basin_canvas_markup(const char *text)
{
    size_t room = strlen(text) * 6 + 64, used = 0;
    size_t open = 0;

    for (const char *c = text; *c != '\0'; c++) room += *c == '\1' || *c == '\2' ? 64 : 0;
    char *markup = basin_alloc(room, 1);
    if (markup == NULL) return NULL;
    while (*text != '\0') {
        gunichar c = g_utf8_get_char_validated(text, -1);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            used += (size_t)snprintf(markup + used, room - used, "?");
            text++;
            continue;
        }
        const char *next = g_utf8_next_char(text);
        const char *escape = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
        if (escape != NULL) {
            used += (size_t)snprintf(markup + used, room - used, "%s", escape);
        } else if (c == '\1') {
            used += (size_t)snprintf(markup + used, room - used, "<span size=\"72%%\" rise=\"-1800\">");
            open++;
        } else if (c == '\2' && open > 0) {
            used += (size_t)snprintf(markup + used, room - used, "</span>");
            open--;
        } else if (c == '\n' || (c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0))) {
            memcpy(markup + used, text, (size_t)(next - text));
            used += (size_t)(next - text);
        }
        text = next;
    }
    while (open-- > 0) used += (size_t)snprintf(markup + used, room - used, "</span>");
    return markup;
}

static void extent(basin_canvas *canvas, const char *markup, const basin_type *type, double *width,
                   double *height)
{
    PangoLayout   *layout = basin_canvas_layout(canvas, canvas->measure, markup, type);
    PangoRectangle logical;

    pango_layout_get_extents(layout, NULL, &logical);
    *width = (double)logical.width / PANGO_SCALE;
    *height = (double)logical.height / PANGO_SCALE;
    g_object_unref(layout);
}

void basin_canvas_measure(basin_canvas *canvas, const char *text, const basin_type *type, double *width,
                          double *height)
{
    char *markup = canvas->status == BASIN_OK ? basin_canvas_markup(text) : NULL;

    *width = *height = 0;
    if (markup != NULL)
        extent(canvas, markup, type, width, height);
    else
        fail(canvas);
    basin_free(markup);
}

static basin_label placed(double width, double height, double x, double y, const basin_type *type)
{
    double dx = (0.5 - type->across) * width, dy = (0.5 - type->down) * height, c = cos(type->angle);
    double s = sin(type->angle);

    return (basin_label){.x = x + c * dx - s * dy,
                         .y = y + s * dx + c * dy,
                         .half_width = width / 2,
                         .half_height = height / 2,
                         .angle = type->angle};
}

void basin_canvas_text(basin_canvas *canvas, const char *text, double x, double y, const basin_type *type)
{
    void  *labels = canvas->labels;
    double width, height;

    if (text[0] == '\0' || canvas->status != BASIN_OK) return;
    char *markup = basin_canvas_markup(text);
    if (markup == NULL) {
        fail(canvas);
        return;
    }
    extent(canvas, markup, type, &width, &height);
    basin_label label = placed(width, height, x, y, type);
    double      c = cos(type->angle), s = sin(type->angle);
    double corner[2] = {label.x - c * width / 2 + s * height / 2, label.y - s * width / 2 - c * height / 2};
    bool   fits = room(canvas, &labels, canvas->label_count, &canvas->label_room, 1, sizeof *canvas->labels);
    canvas->labels = labels;
    basin_draw *op = fits ? record(canvas, BASIN_DRAW_TEXT, corner, 1) : NULL;
    if (op == NULL) {
        basin_free(markup);
        return;
    }
    op->text = markup;
    op->type = *type;
    op->label = canvas->label_count;
    canvas->labels[canvas->label_count++] = label;
}

void basin_canvas_append(basin_canvas *canvas, const basin_canvas *part, double x, double y)
{
    basin_canvas_check(canvas, part->status);
    for (size_t i = 0; i < part->op_count; i++) {
        const basin_draw *from = &part->ops[i];
        void             *labels = canvas->labels;
        basin_draw       *op = record(canvas, from->kind, part->points + 2 * from->first, from->count);
        if (op == NULL) return;
        const size_t first = op->first, label = canvas->label_count;
        *op = *from;
        op->first = first, op->label = label, op->text = NULL;
        /* of a dot the second pair is its radius */
        for (size_t j = 0; j < (from->kind == BASIN_DRAW_DOT ? 1 : from->count); j++)
            canvas->points[2 * (first + j)] += x, canvas->points[2 * (first + j) + 1] += y;
        if (from->kind != BASIN_DRAW_TEXT) continue;
        op->text = basin_strdup(from->text);
        if (op->text == NULL) fail(canvas);
        bool fits = room(canvas, &labels, label, &canvas->label_room, 1, sizeof *canvas->labels);
        canvas->labels = labels;
        if (!fits) return;
        canvas->labels[label] = part->labels[from->label];
        canvas->labels[label].x += x, canvas->labels[label].y += y;
        canvas->label_count++;
    }
}

void basin_canvas_size(const basin_canvas *canvas, double *width, double *height)
{
    *width = canvas->width;
    *height = canvas->height;
}

const basin_label *basin_canvas_labels(const basin_canvas *canvas, size_t *count)
{
    *count = canvas->label_count;
    return canvas->labels;
}

/* -------------------------------------------------------------------------------------------- touching -- */

/* Half the extent of a turned box along the unit vector (ux, uy). */
static double reach(const basin_label *box, double ux, double uy)
{
    double c = cos(box->angle), s = sin(box->angle);
    return box->half_width * fabs(c * ux + s * uy) + box->half_height * fabs(-s * ux + c * uy);
}

/* Separating axes: two convex boxes are apart if and only if one of their four edge normals separates
   them. */
bool basin_label_overlap(const basin_label *a, const basin_label *b)
{
    const double angles[] = {a->angle, a->angle + acos(0), b->angle, b->angle + acos(0)};

    for (size_t i = 0; i < 4; i++) {
        double ux = cos(angles[i]), uy = sin(angles[i]);
        if (fabs((b->x - a->x) * ux + (b->y - a->y) * uy) >= reach(a, ux, uy) + reach(b, ux, uy) - 1e-9)
            return false;
    }
    return true;
}

/* Clips the segment against the box's two pairs of sides, in the box's own frame (Liang & Barsky, 1984). */
bool basin_segment_meets(const double a[2], const double b[2], const basin_label *box)
{
    double c = cos(box->angle), s = sin(box->angle), t0 = 0, t1 = 1;
    double from[2] = {c * (a[0] - box->x) + s * (a[1] - box->y), -s * (a[0] - box->x) + c * (a[1] - box->y)};
    double to[2] = {c * (b[0] - box->x) + s * (b[1] - box->y), -s * (b[0] - box->x) + c * (b[1] - box->y)};
    double half[2] = {box->half_width, box->half_height};

    for (size_t i = 0; i < 2; i++) {
        double d = to[i] - from[i];
        if (d == 0) {
            if (fabs(from[i]) > half[i]) return false;
            continue;
        }
        double near = (-half[i] - from[i]) / d, far = (half[i] - from[i]) / d;
        t0 = fmax(t0, fmin(near, far));
        t1 = fmin(t1, fmax(near, far));
    }
    return t0 <= t1;
}

static bool inside(const double *xy, size_t count, double x, double y) /* even-odd rule */
{
    bool in = false;

    for (size_t i = 0, j = count - 1; i < count; j = i++)
        if ((xy[2 * i + 1] > y) != (xy[2 * j + 1] > y) &&
            x < (xy[2 * j] - xy[2 * i]) * (y - xy[2 * i + 1]) / (xy[2 * j + 1] - xy[2 * i + 1]) + xy[2 * i])
            in = !in;
    return in;
}

static bool touches(const basin_canvas *canvas, const basin_draw *op, const basin_label *box)
{
    const double *xy = canvas->points + 2 * op->first;
    bool          loop = op->closed || op->kind == BASIN_DRAW_FILL;
    basin_label   disc;

    switch (op->kind) {
    case BASIN_DRAW_STROKE:
    case BASIN_DRAW_FILL:
        for (size_t i = 0; i + 1 < op->count; i++)
            if (basin_segment_meets(xy + 2 * i, xy + 2 * i + 2, box)) return true;
        if (loop && op->count > 2 && basin_segment_meets(xy + 2 * op->count - 2, xy, box)) return true;
        return op->kind == BASIN_DRAW_FILL && inside(xy, op->count, box->x, box->y);
    case BASIN_DRAW_DOT:
        disc = (basin_label){.x = xy[0], .y = xy[1], .half_width = xy[2], .half_height = xy[2]};
        return basin_label_overlap(&disc, box);
    case BASIN_DRAW_TEXT: return basin_label_overlap(&canvas->labels[op->label], box);
    }
    return false;
}

size_t basin_canvas_hits(const basin_canvas *canvas, basin_moment from, basin_rect r)
{
    basin_label box = {.x = (r.left + r.right) / 2,
                       .y = (r.top + r.bottom) / 2,
                       .half_width = (r.right - r.left) / 2,
                       .half_height = (r.bottom - r.top) / 2};
    size_t      hits = 0;

    for (size_t i = from.ops; i < canvas->op_count; i++) hits += touches(canvas, &canvas->ops[i], &box);
    return hits;
}
