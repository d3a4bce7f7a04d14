/* Contour lines with their values on them: every level is traced on the grid and mapped to the page, its
 * label is placed (contour_labels.c), and its lines are drawn, broken under it. Cells with a corner that is
 * not finite have no lines; they are hatched.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/contour.h"
#include "render/contour_labels.h"
#include "render/mark.h"

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    basin_mark_corners(mark, (double[]){mark->x[0], mark->x[mark->columns - 1]},
                       (double[]){mark->y[0], mark->y[mark->rows - 1]}, x, y);
}

/* Any corner of the cell of `step` steps at (i, j), or between them, without a value. */
static bool is_hole(const basin_mark *mark, size_t i, size_t j, size_t step)
{
    for (size_t k = 0; k < (step + 1) * (step + 1); k++)
        if (!isfinite(mark->z[(i + k / (step + 1)) * mark->columns + j + k % (step + 1)])) return true;
    return false;
}

static void hatch_holes(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const basin_pen pen = {.color = basin_grey, .width = 0.5, .fade = 0.2};
    const size_t    step = mark->every > 0 ? mark->every : 1;

    for (size_t i = 0; i + step < mark->rows; i += step)
        for (size_t j = 0; j + step < mark->columns; j += step)
            if (is_hole(mark, i, j, step))
                basin_mark_hatch(mark, view, canvas, (double[]){mark->x[j], mark->x[j + step]},
                                 (double[]){mark->y[i], mark->y[i + step]}, &pen);
}

/* The parts of a line that lie outside its own label. */
static void draw_line(const basin_contour_level *level, size_t l, basin_pen pen, basin_canvas *canvas)
{
    const basin_contour_line *line = &level->contour.lines[l];
    bool                      broken = level->labelled && level->line == l;
    size_t                    segments = line->count - (line->closed ? 0 : 1), used = 0;
    double                   *path = basin_canvas_scratch(canvas, 2 * (line->count + 1));

    if (path != NULL && !broken)
        basin_canvas_stroke(canvas, level->contour.points + 2 * line->first, line->count, line->closed, &pen);
    for (size_t i = 0; path != NULL && broken && i <= segments; i++) {
        bool hidden = i == segments ||
                      basin_segment_meets(basin_contour_point(&level->contour, line, i),
                                          basin_contour_point(&level->contour, line, i + 1), &level->label);
        if (hidden) {
            basin_canvas_stroke(canvas, path, used, false, &pen);
            used = 0;
            continue;
        }
        if (used == 0)
            memcpy(path, basin_contour_point(&level->contour, line, i), 2 * sizeof *path), used = 1;
        memcpy(path + 2 * used++, basin_contour_point(&level->contour, line, i + 1), 2 * sizeof *path);
    }
    basin_free(path);
}

/* Without memory for them there are none. */
static basin_contour_obstacles find_obstacles(const basin_mark *mark, const basin_view *view)
{
    basin_contour_obstacles o = {.boxes = basin_alloc(mark->clear_count, sizeof *o.boxes)};

    for (size_t i = 0; o.boxes != NULL && i < mark->clear_count; i++) {
        double at[2];
        basin_mark_place(mark, view, mark->clear[2 * i], mark->clear[2 * i + 1], at);
        o.boxes[o.count++] = (basin_label){.x = at[0], .y = at[1], .half_width = 4, .half_height = 4};
    }
    return o;
}

/* Points that lie under a label are not to be taken for a part of it. */
static void fill_ground(const basin_label *l, basin_canvas *canvas)
{
    const double c = cos(l->angle), s = sin(l->angle);
    double       corners[8];

    for (size_t i = 0; i < 4; i++) {
        const double x = (i == 0 || i == 3 ? -1 : 1) * l->half_width;
        const double y = (i < 2 ? -0.75 : 0.75) * l->half_height;
        corners[2 * i] = l->x + c * x - s * y, corners[2 * i + 1] = l->y + s * x + c * y;
    }
    basin_canvas_data(canvas, false); /* the ground's colour, also where that is dark */
    basin_canvas_fill(canvas, corners, 4, basin_white, 0.1);
    basin_canvas_data(canvas, true);
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    basin_contour_level *levels = basin_alloc(mark->count, sizeof *levels);

    basin_canvas_check(
        canvas, levels != NULL
                    ? BASIN_OK
                    : basin_fail(BASIN_ERR_NOMEM, "out of memory for %zu contour levels", mark->count));
    for (size_t k = 0; levels != NULL && k < mark->count; k++) {
        basin_contour *contour = &levels[k].contour;
        basin_canvas_check(canvas, basin_contour_trace(mark->z, mark->rows, mark->columns, mark->x, mark->y,
                                                       mark->levels[k], contour));
        for (size_t i = 0; i < contour->point_count; i++) {
            double *at = contour->points + 2 * i;
            basin_mark_place(mark, view, at[0], at[1], at);
        }
        basin_number_text(mark->levels[k], 3, levels[k].text);
        levels[k].color =
            mark->paint != NULL ? basin_paint_color(mark->paint, mark->levels[k]) : mark->pen.color;
    }
    hatch_holes(mark, view, canvas);
    basin_contour_obstacles obstacles = find_obstacles(mark, view);
    for (size_t k = 0; levels != NULL && mark->size > 0 && k < mark->count; k++)
        basin_contour_label(levels, mark->count, k, mark->size, canvas, &view->box, &obstacles);
    basin_free(obstacles.boxes);
    basin_canvas_data(canvas, true);
    for (size_t k = 0; levels != NULL && k < mark->count; k++) {
        basin_pen pen = mark->pen;
        pen.color = levels[k].color;
        for (size_t l = 0; l < levels[k].contour.line_count; l++) draw_line(&levels[k], l, pen, canvas);
        basin_type type = {.size = mark->size,
                           .color = levels[k].color,
                           .across = 0.5,
                           .down = 0.5,
                           .angle = levels[k].label.angle};
        if (levels[k].labelled) fill_ground(&levels[k].label, canvas);
        if (levels[k].labelled)
            basin_canvas_text(canvas, levels[k].text, levels[k].label.x, levels[k].label.y, &type);
    }
    basin_canvas_data(canvas, false);
    for (size_t k = 0; levels != NULL && k < mark->count; k++) basin_contour_clear(&levels[k].contour);
    basin_free(levels);
}

const basin_mark_type basin_mark_contour = {.name = "contour", .extent = extent, .draw = draw};
