/* Contour lines with their values on them.
 *
 *   1. Every level is traced on the grid and mapped to the page.
 *   2. For each level, the places along its lines are tried where a label would lie straight and flat: the chord under the label
 *      must not be much shorter than the line there. A place counts only if the label touches no other label, no other line and
 *      stays inside the plot. The best (straightest, flattest, nearest to the middle of the plot) gets the label; a level
 *      without such a place goes without.
 *   3. The lines are drawn, each broken under its own label.
 * Cells with a corner that is not finite have no lines; they are hatched.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/contour.h"
#include "render/mark.h"

typedef struct level_lines {
    basin_contour contour; /* points on the page */
    char          text[BASIN_NUMBER_ROOM];
    basin_color   color;
    bool          labelled;
    basin_label   label;
    size_t        line; /* which line carries it */
} level_lines;

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    basin_range_add(x, mark->x[0]);
    basin_range_add(x, mark->x[mark->columns - 1]);
    basin_range_add(y, mark->y[0]);
    basin_range_add(y, mark->y[mark->rows - 1]);
}

static void hatch_holes(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const basin_pen pen = {.color = basin_grey, .width = 0.5, .fade = 0.2};

    for (size_t i = 0; i + 1 < mark->rows; i++) {
        double top = basin_view_y(view, mark->y[i + 1]), bottom = basin_view_y(view, mark->y[i]);
        for (size_t j = 0; j + 1 < mark->columns; j++) {
            const double *z = mark->z + i * mark->columns + j;
            if (isfinite(z[0]) && isfinite(z[1]) && isfinite(z[mark->columns]) && isfinite(z[mark->columns + 1])) continue;
            basin_canvas_hatch(canvas, (basin_rect){basin_view_x(view, mark->x[j]), top, basin_view_x(view, mark->x[j + 1]), bottom}, &pen);
        }
    }
}

static const double *point(const basin_contour *contour, const basin_contour_line *line, size_t i)
{
    return contour->points + 2 * (line->first + i % line->count);
}

static bool line_meets(const basin_contour *contour, size_t l, const basin_label *box)
{
    const basin_contour_line *line = &contour->lines[l];
    size_t                    segments = line->count - (line->closed ? 0 : 1);
    double                    reach = box->half_width + box->half_height;

    for (size_t i = 0; i < segments; i++) {
        const double *a = point(contour, line, i), *b = point(contour, line, i + 1);
        if (fmin(a[0], b[0]) > box->x + reach || fmax(a[0], b[0]) < box->x - reach) continue; /* most are far away */
        if (basin_segment_meets(a, b, box)) return true;
    }
    return false;
}

static bool is_free(const level_lines *levels, size_t count, size_t own, size_t own_line, const basin_label *box, const basin_rect *plot,
                    const basin_label *marker)
{
    double c = fabs(cos(box->angle)), s = fabs(sin(box->angle));
    double x = c * box->half_width + s * box->half_height, y = s * box->half_width + c * box->half_height;

    if (box->x - x < plot->left + 1 || box->x + x > plot->right - 1 || box->y - y < plot->top + 1 || box->y + y > plot->bottom - 1) return false;
    if (basin_label_overlap(box, marker)) return false;
    for (size_t k = 0; k < count; k++) {
        if (levels[k].labelled && basin_label_overlap(box, &levels[k].label)) return false;
        for (size_t l = 0; l < levels[k].contour.line_count; l++)
            if ((k != own || l != own_line) && line_meets(&levels[k].contour, l, box)) return false;
    }
    return true;
}

/* The chord of length >= `width` that starts at point i: its end, or false where the line is too short or bends back. */
static bool chord(const basin_contour *contour, const basin_contour_line *line, size_t i, double width, const double **end, double *along)
{
    size_t        last = line->closed ? i + line->count - 1 : line->count - 1;
    const double *start = point(contour, line, i);

    *along = 0;
    for (size_t j = i; j < last; j++) {
        const double *a = point(contour, line, j), *b = point(contour, line, j + 1);
        *along += hypot(b[0] - a[0], b[1] - a[1]);
        if (*along > 1.3 * width + 8) return false;
        if (hypot(b[0] - start[0], b[1] - start[1]) >= width) {
            *end = b;
            return true;
        }
    }
    return false;
}

static void place_label(level_lines *levels, size_t count, size_t k, double size, basin_canvas *canvas, const basin_rect *plot,
                        const basin_label *marker)
{
    level_lines *own = &levels[k];
    double       best = INFINITY, width, height, middle[2] = {(plot->left + plot->right) / 2, (plot->top + plot->bottom) / 2};

    basin_canvas_measure(canvas, own->text, &(basin_type){.size = size}, &width, &height);
    for (size_t l = 0; l < own->contour.line_count; l++) {
        const basin_contour_line *line = &own->contour.lines[l];
        for (size_t i = 0; i < line->count; i++) {
            const double *a = point(&own->contour, line, i), *b;
            double        along;
            if (!chord(&own->contour, line, i, width + 3, &b, &along)) continue;
            double length = hypot(b[0] - a[0], b[1] - a[1]), angle = atan2(b[1] - a[1], b[0] - a[0]);
            if (angle > acos(0)) angle -= 2 * acos(0);
            if (angle <= -acos(0)) angle += 2 * acos(0);
            double cost = 60 * (along / length - 1) + 0.8 * fabs(angle) + 0.01 * hypot((a[0] + b[0]) / 2 - middle[0], (a[1] + b[1]) / 2 - middle[1]);
            if (cost >= best) continue;
            basin_label box = {
                .x = (a[0] + b[0]) / 2, .y = (a[1] + b[1]) / 2, .half_width = width / 2 + 1.5, .half_height = height * 0.42, .angle = angle};
            if (!is_free(levels, count, k, l, &box, plot, marker)) continue;
            best = cost;
            own->label = box;
            own->line = l;
        }
    }
    own->labelled = isfinite(best);
}

/* The parts of a line that lie outside its own label. */
static void draw_line(const level_lines *level, size_t l, basin_pen pen, basin_canvas *canvas)
{
    const basin_contour_line *line = &level->contour.lines[l];
    bool                      broken = level->labelled && level->line == l;
    size_t                    segments = line->count - (line->closed ? 0 : 1), used = 0;
    double                   *path = basin_canvas_scratch(canvas, 2 * (line->count + 1));

    if (path != NULL && !broken) basin_canvas_stroke(canvas, level->contour.points + 2 * line->first, line->count, line->closed, &pen);
    for (size_t i = 0; path != NULL && broken && i <= segments; i++) {
        bool hidden = i == segments || basin_segment_meets(point(&level->contour, line, i), point(&level->contour, line, i + 1), &level->label);
        if (hidden) {
            basin_canvas_stroke(canvas, path, used, false, &pen);
            used = 0;
            continue;
        }
        if (used == 0) memcpy(path, point(&level->contour, line, i), 2 * sizeof *path), used = 1;
        memcpy(path + 2 * used++, point(&level->contour, line, i + 1), 2 * sizeof *path);
    }
    basin_free(path);
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    level_lines *levels = basin_alloc(mark->count, sizeof *levels);

    basin_canvas_check(canvas, levels != NULL ? BASIN_OK : basin_fail(BASIN_ERR_NOMEM, "out of memory for %zu contour levels", mark->count));
    for (size_t k = 0; levels != NULL && k < mark->count; k++) {
        basin_contour *contour = &levels[k].contour;
        basin_canvas_check(canvas, basin_contour_trace(mark->z, mark->rows, mark->columns, mark->x, mark->y, mark->levels[k], contour));
        for (size_t i = 0; i < contour->point_count; i++) {
            contour->points[2 * i] = basin_view_x(view, contour->points[2 * i]);
            contour->points[2 * i + 1] = basin_view_y(view, contour->points[2 * i + 1]);
        }
        basin_number_text(mark->levels[k], 3, levels[k].text);
        levels[k].color = basin_paint_color(mark->paint, mark->levels[k]);
    }
    hatch_holes(mark, view, canvas);
    basin_label marker = {.x = -1e6, .y = -1e6};
    if (mark->clear != NULL)
        marker = (basin_label){.x = basin_view_x(view, mark->clear[0]), .y = basin_view_y(view, mark->clear[1]), .half_width = 4, .half_height = 4};
    for (size_t k = 0; levels != NULL && mark->size > 0 && k < mark->count; k++)
        place_label(levels, mark->count, k, mark->size, canvas, &view->box, &marker);
    for (size_t k = 0; levels != NULL && k < mark->count; k++) {
        basin_pen pen = mark->pen;
        pen.color = levels[k].color;
        for (size_t l = 0; l < levels[k].contour.line_count; l++) draw_line(&levels[k], l, pen, canvas);
        basin_type type = {.size = mark->size, .color = levels[k].color, .across = 0.5, .down = 0.5, .angle = levels[k].label.angle};
        if (levels[k].labelled) basin_canvas_text(canvas, levels[k].text, levels[k].label.x, levels[k].label.y, &type);
    }
    for (size_t k = 0; levels != NULL && k < mark->count; k++) basin_contour_clear(&levels[k].contour);
    basin_free(levels);
}

const basin_mark_type basin_mark_contour = {.name = "contour", .extent = extent, .draw = draw};
