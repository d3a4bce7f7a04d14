/* The numbers of the planes of a figure and where on it they stand, as JSON for the page that shows it: what
 * is drawn as lines and colours can be read there point by point.
 *
 *     {"size": [w, h], "planes": [{"name", "box": [left, top, right, bottom], "x": [low, high],
 *      "y": [low, high], "frame": [xx, xy, yy] or none, "across", "up", "split", "s": [columns], "t": [rows],
 *      "loss": [rows, columns], "accuracy": [rows, columns] or none}]}
 *
 * Points; a plane's (s, t) lies at (xx s + xy t, yy t) on its axes.
 */
#include <math.h>
#include <string.h>

#include "render/bytes.h"
#include "render/figure.h"

static void put_text(basin_bytes *out, const char *text)
{
    basin_bytes_text(out, "\"");
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') basin_bytes_text(out, "\\");
        if ((unsigned char)*text >= ' ') basin_bytes_append(out, text, 1);
    }
    basin_bytes_text(out, "\"");
}

static void put_numbers(basin_bytes *out, const char *name, const double *values, size_t count, int digits)
{
    basin_bytes_print(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) basin_bytes_text(out, ",");
        if (isfinite(values[i]))
            basin_bytes_print(out, "%.*g", digits, values[i]);
        else
            basin_bytes_text(out, "null");
    }
    basin_bytes_text(out, "]");
}

/* The mark that is the plane; NULL where the panel shows none. */
static const basin_mark *plane_of(const basin_panel *panel)
{
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].type == &basin_mark_contour || panel->marks[i].type == &basin_mark_heat)
            return &panel->marks[i];
    return NULL;
}

static void put_plane(basin_bytes *out, const basin_panel *panel, const basin_mark *mark,
                      const basin_slice *s)
{
    const basin_surface *f = &s->surfaces[0];
    const basin_rect    *box = &panel->box;
    const size_t         count = f->rows * f->columns;

    basin_bytes_text(out, "{\"name\":");
    put_text(out, panel->title);
    put_numbers(out, "box", (double[]){box->left, box->top, box->right, box->bottom}, 4, 6);
    put_numbers(out, "x", (double[]){panel->x.low, panel->x.high}, 2, 8);
    put_numbers(out, "y", (double[]){panel->y.low, panel->y.high}, 2, 8);
    if (mark->frame != NULL)
        put_numbers(out, "frame", (double[]){mark->frame->xx, mark->frame->xy, mark->frame->yy}, 3, 8);
    basin_bytes_text(out, ",\"across\":");
    put_text(out, s->axes[0].direction);
    basin_bytes_text(out, ",\"up\":");
    put_text(out, s->axes[1].direction);
    basin_bytes_text(out, ",\"split\":");
    put_text(out, f->split);
    put_numbers(out, "s", s->axes[0].coordinates, f->columns, 5);
    put_numbers(out, "t", s->axes[1].coordinates, f->rows, 5);
    put_numbers(out, "loss", f->loss, count, 4);
    if (f->accuracy != NULL) put_numbers(out, "accuracy", f->accuracy, count, 3);
    basin_bytes_text(out, "}");
}

/* The i-th panel with a plane is of the i-th result. */
void basin_plan_values(const basin_plan *plan, const basin_canvas *canvas, basin_bytes *out)
{
    double width, height;
    size_t planes = 0;

    if (plan->results[0]->kind != BASIN_RESULT_SLICE) return;
    basin_canvas_size(canvas, &width, &height);
    for (size_t i = 0; i < plan->panel_count && planes < plan->count; i++) {
        const basin_mark *mark = plane_of(&plan->panels[i]);
        if (mark == NULL) continue;
        if (planes == 0) basin_bytes_print(out, "{\"size\":[%.6g,%.6g],\"planes\":[", width, height);
        if (planes > 0) basin_bytes_text(out, ",");
        put_plane(out, &plan->panels[i], mark, plan->results[planes++]->value);
    }
    if (planes > 0) basin_bytes_append(out, "]}", sizeof "]}");
}
