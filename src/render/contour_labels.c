/* Where the value of a level stands on its lines: every place along them is tried where a label would lie
 * straight and flat. The chord under the label must not be much shorter than the line there; a place counts
 * only if the label touches no other label and no other line and stays inside the plot. The best
 * (straightest, flattest, nearest to the middle of the plot) gets the label.
 */
#include <math.h>

#include "render/contour_labels.h"

static bool line_meets(const basin_contour *contour, size_t l, const basin_label *box)
{
    const basin_contour_line *line = &contour->lines[l];
    size_t                    segments = line->count - (line->closed ? 0 : 1);
    double                    reach = box->half_width + box->half_height;

    for (size_t i = 0; i < segments; i++) {
        const double *a = basin_contour_point(contour, line, i);
        const double *b = basin_contour_point(contour, line, i + 1);
        /* most are far away */
        if (fmin(a[0], b[0]) > box->x + reach || fmax(a[0], b[0]) < box->x - reach) continue;
        if (basin_segment_meets(a, b, box)) return true;
    }
    return false;
}

static bool is_free(const basin_contour_level *levels, size_t count, size_t own, size_t own_line,
                    const basin_label *box, const basin_rect *plot, const basin_contour_obstacles *obstacles)
{
    double c = fabs(cos(box->angle)), s = fabs(sin(box->angle));
    double x = c * box->half_width + s * box->half_height, y = s * box->half_width + c * box->half_height;

    if (box->x - x < plot->left + 1 || box->x + x > plot->right - 1 || box->y - y < plot->top + 1 ||
        box->y + y > plot->bottom - 1)
        return false;
    for (size_t i = 0; i < obstacles->count; i++)
        if (basin_label_overlap(box, &obstacles->boxes[i])) return false;
    for (size_t k = 0; k < count; k++) {
        if (levels[k].labelled && basin_label_overlap(box, &levels[k].label)) return false;
        for (size_t l = 0; l < levels[k].contour.line_count; l++)
            if ((k != own || l != own_line) && line_meets(&levels[k].contour, l, box)) return false;
    }
    return true;
}

/* The chord of length >= `width` that starts at point i: its end, or false where the line is too short or
   bends back. */
static bool chord(const basin_contour *contour, const basin_contour_line *line, size_t i, double width,
                  const double **end, double *along)
{
    size_t        last = line->closed ? i + line->count - 1 : line->count - 1;
    const double *start = basin_contour_point(contour, line, i);

    *along = 0;
    for (size_t j = i; j < last; j++) {
        const double *a = basin_contour_point(contour, line, j);
        const double *b = basin_contour_point(contour, line, j + 1);
        *along += hypot(b[0] - a[0], b[1] - a[1]);
        if (*along > 1.3 * width + 8) return false;
        if (hypot(b[0] - start[0], b[1] - start[1]) >= width) {
            *end = b;
            return true;
        }
    }
    return false;
}

void basin_contour_label(basin_contour_level *levels, size_t count, size_t k, double size,
                         basin_canvas *canvas, const basin_rect *plot,
                         const basin_contour_obstacles *obstacles)
{
    basin_contour_level *own = &levels[k];
    double               best = INFINITY, width, height;
    double               middle[2] = {(plot->left + plot->right) / 2, (plot->top + plot->bottom) / 2};

    basin_canvas_measure(canvas, own->text, &(basin_type){.size = size}, &width, &height);
    for (size_t l = 0; l < own->contour.line_count; l++) {
        const basin_contour_line *line = &own->contour.lines[l];
        for (size_t i = 0; i < line->count; i++) {
            const double *a = basin_contour_point(&own->contour, line, i), *b;
            double        along;
            if (!chord(&own->contour, line, i, width + 3, &b, &along)) continue;
            double length = hypot(b[0] - a[0], b[1] - a[1]), angle = atan2(b[1] - a[1], b[0] - a[0]);
            if (angle > acos(0)) angle -= 2 * acos(0);
            if (angle <= -acos(0)) angle += 2 * acos(0);
            double cost = 60 * (along / length - 1) + 0.8 * fabs(angle) +
                          0.01 * hypot((a[0] + b[0]) / 2 - middle[0], (a[1] + b[1]) / 2 - middle[1]);
            if (cost >= best) continue;
            basin_label box = {.x = (a[0] + b[0]) / 2,
                               .y = (a[1] + b[1]) / 2,
                               .half_width = width / 2 + 1.5,
                               .half_height = height * 0.42,
                               .angle = angle};
            if (!is_free(levels, count, k, l, &box, plot, obstacles)) continue;
            best = cost;
            own->label = box;
            own->line = l;
        }
    }
    own->labelled = isfinite(best);
}
