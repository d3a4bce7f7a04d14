/* Legends: inside the plot where no ink is, otherwise in rows above it. */
#include <math.h>
#include <string.h>

#include "render/plan.h"

/* points: the sample of a line, to its text, between entries of a row */
enum { SAMPLE = 17, GAP = 4, APART = 11 };

void basin_legend_collect(basin_legend *legend, const basin_panel *panel)
{
    for (size_t i = 0; i < 2 * panel->mark_count; i++) { /* data first, then what explains it */
        const basin_mark *mark = &panel->marks[i % panel->mark_count];
        bool              known =
            mark->label == NULL || mark->label[0] == '\0' || mark->silent != (i >= panel->mark_count);
        for (size_t j = 0; j < legend->count && !known; j++)
            known = strcmp(legend->entries[j]->label, mark->label) == 0;
        if (!known && legend->count < sizeof legend->entries / sizeof *legend->entries)
            legend->entries[legend->count++] = mark;
    }
}

static void sample(basin_canvas *canvas, const basin_mark *mark, double x, double y)
{
    bool filled = (mark->type == &basin_mark_bars && mark->marker == BASIN_MARKER_SQUARE) ||
                  mark->type == &basin_mark_area;

    if (filled)
        basin_canvas_box(canvas, (basin_rect){x + 3, y - 2.5, x + SAMPLE - 3, y + 2.5}, mark->pen.color,
                         mark->type == &basin_mark_area ? mark->pen.fade : 0.35);
    if (mark->pen.width > 0 && !filled) basin_canvas_line(canvas, x, y, x + SAMPLE, y, &mark->pen);
    if (mark->marker != BASIN_MARKER_NONE && !filled && mark->type != &basin_mark_bars)
        basin_canvas_marker(canvas, mark->marker, x + SAMPLE / 2.0, y, mark->size > 0 ? mark->size : 4,
                            mark->pen.color, mark->hollow);
}

/* Sample and label; a label that would be wider than `most` ends in …. */
static double entry_width(basin_canvas *canvas, const basin_mark *mark, double most)
{
    double width, height;

    basin_canvas_measure(canvas, mark->label, &(basin_type){0}, &width, &height);
    return fmin(width + 0.01, most - SAMPLE - GAP) + SAMPLE + GAP;
}

static void entry(basin_canvas *canvas, const basin_mark *mark, double x, double y, double most)
{
    double width = entry_width(canvas, mark, most) - SAMPLE - GAP;

    sample(canvas, mark, x, y);
    basin_canvas_text(canvas, mark->label, x + SAMPLE + GAP, y,
                      &(basin_type){.color = basin_black, .down = 0.5, .width = width, .one_line = true});
}

/* Looks from the upper right corner on, in steps small against the plot. */
bool basin_empty_place(const basin_canvas *canvas, basin_moment from, const basin_rect *plot, double width,
                       double height, basin_rect *out)
{
    enum { STEPS = 16 };
    double across = plot->right - plot->left - width, down = plot->bottom - plot->top - height;
    double best = INFINITY;

    if (across < 0 || down < 0) return false;
    for (size_t i = 0; i <= STEPS; i++) {
        for (size_t j = 0; j <= STEPS; j++) {
            double     u = (double)j / STEPS, v = (double)i / STEPS;
            basin_rect r = {plot->right - u * across - width, plot->top + v * down, plot->right - u * across,
                            plot->top + v * down + height};
            /* corners first, the upper right before others */
            double cost = fmin(u, 1 - u) * 2 + fmin(v, 1 - v) * 2 + 0.3 * u + 0.5 * v;
            if (cost >= best || basin_canvas_hits(canvas, from, r) > 0) continue;
            best = cost;
            *out = r;
        }
    }
    return isfinite(best);
}

bool basin_legend_inside(basin_canvas *canvas, const basin_legend *legend, basin_moment from,
                         const basin_rect *plot, bool covers)
{
    double row = 1.28 * basin_canvas_font_size(canvas), most = 0.7 * (plot->right - plot->left);

    for (size_t columns = 1; columns <= 3 && columns <= legend->count; columns++) {
        size_t rows = (legend->count + columns - 1) / columns;
        double widths[3] = {0}, width = 6, height = (double)rows * row + 2;
        for (size_t i = 0; i < legend->count; i++) {
            widths[i / rows] = fmax(widths[i / rows], entry_width(canvas, legend->entries[i], most));
        }
        for (size_t c = 0; c < columns; c++) width += widths[c] + (c > 0 ? APART : 0);
        basin_rect place;
        if (!basin_empty_place(
                canvas, from, &(basin_rect){plot->left + 3, plot->top + 1, plot->right - 1, plot->bottom - 3},
                width, height, &place))
            continue;
        if (covers) basin_canvas_box(canvas, place, basin_white, 0);
        double x = place.left + 3;
        for (size_t c = 0; c < columns; c++) {
            for (size_t r = 0; r < rows && c * rows + r < legend->count; r++)
                entry(canvas, legend->entries[c * rows + r], x, place.top + 1 + ((double)r + 0.5) * row,
                      most);
            x += widths[c] + APART;
        }
        return true;
    }
    return false;
}

/* One after the other, as in a sentence. */
static double flow(basin_canvas *canvas, const basin_legend *legend, double left, double top, double width,
                   bool draw)
{
    double row = 1.28 * basin_canvas_font_size(canvas), x = left, y = top;

    for (size_t i = 0; i < legend->count; i++) {
        double w = entry_width(canvas, legend->entries[i], width);
        if (x > left && x + w > left + width) x = left, y += row;
        if (draw) entry(canvas, legend->entries[i], x, y + row / 2, width);
        x += w + APART;
    }
    return y + row - top;
}

/* Row by row in columns that line up, as many as fit; without columns where these would cost a row. */
double basin_legend_rows(basin_canvas *canvas, const basin_legend *legend, double left, double top,
                         double width, bool draw)
{
    double row = 1.28 * basin_canvas_font_size(canvas), widths[64] = {0};
    size_t columns = legend->count;

    if (legend->count == 0) return 0;
    for (; columns > 0; columns--) {
        double total = -APART;
        memset(widths, 0, sizeof widths);
        for (size_t i = 0; i < legend->count; i++) {
            widths[i % columns] = fmax(widths[i % columns], entry_width(canvas, legend->entries[i], width));
        }
        for (size_t c = 0; c < columns; c++) total += widths[c] + APART;
        if (total <= width || columns == 1) break;
    }
    size_t rows = (legend->count + columns - 1) / columns;
    double x = left;
    if (flow(canvas, legend, left, top, width, false) < (double)rows * row - 1)
        return flow(canvas, legend, left, top, width, draw);
    for (size_t c = 0; draw && c < columns; c++) {
        for (size_t i = c; i < legend->count; i += columns)
            entry(canvas, legend->entries[i], x, top + ((double)(i / columns) + 0.5) * row, width);
        x += widths[c] + APART;
    }
    return (double)rows * row;
}
