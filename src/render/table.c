/* A table of numbers below the panels: a line for each name, a column for each heading in its colour.
 *
 * Values end and intervals begin at one place of their column, so that they stand under each other. Where a
 * value and its interval have no room side by side, the interval stands below, and where even that leaves too
 * little, names stand on lines of their own.
 */
#include <math.h>

#include "render/plan.h"

enum { APART = 8, BETWEEN_PARTS = 4 }; /* points: between columns, between a value and its interval */

typedef struct sizes {
    double names, value, range; /* the widest of each */
    double line;                /* height of one */
} sizes;

static double width_of(basin_canvas *canvas, const char *text)
{
    double width = 0, height;

    if (text != NULL) basin_canvas_measure(canvas, text, &(basin_type){0}, &width, &height);
    return width;
}

static sizes measure(const basin_plan_table *t, basin_canvas *canvas)
{
    sizes s = {.names = width_of(canvas, t->corner), .line = 1.28 * basin_canvas_font_size(canvas)};

    for (size_t r = 0; r < t->rows; r++) s.names = fmax(s.names, width_of(canvas, t->names[r]));
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        s.value = fmax(s.value, width_of(canvas, t->values[i]));
        s.range = fmax(s.range, width_of(canvas, t->ranges[i]));
    }
    return s;
}

/* One line of a cell, in the middle of its column as a value and an interval together are. */
static void draw_cell(const basin_plan_table *t, basin_canvas *canvas, const sizes *s, size_t i,
                      double middle, double y, bool below)
{
    const double left = middle - (s->value + BETWEEN_PARTS + s->range) / 2;
    basin_type   value = {.color = basin_black, .across = 1, .down = 0.5};
    basin_type   range = {.color = basin_black, .down = 0.5};
    const bool   alone = t->ranges[i][0] == '\0';

    if (below || alone) value.across = range.across = 0.5;
    basin_canvas_text(canvas, t->values[i], below || alone ? middle : left + s->value, y, &value);
    if (alone) return;
    basin_canvas_text(canvas, t->ranges[i], below ? middle : left + s->value + BETWEEN_PARTS,
                      y + (below ? s->line : 0), &range);
}

/* How a table stands in its width. */
typedef struct setting {
    double names, column; /* widths; names = 0: they stand on lines of their own */
    bool   below;         /* intervals below their values */
} setting;

static setting setting_of(const basin_plan_table *t, const sizes *s, double width)
{
    setting      g = {.names = s->names};
    const double widest = fmax(s->value, s->range);

    if ((width - g.names) / (double)t->columns < widest + BETWEEN_PARTS) g.names = 0;
    g.column = (width - g.names) / (double)t->columns;
    g.below = s->value + BETWEEN_PARTS + s->range > g.column - APART;
    return g;
}

/* Whether some cell has an interval below its value. */
static bool has_second(const basin_plan_table *t, const setting *g, size_t r)
{
    for (size_t c = 0; c < t->columns && g->below; c++)
        if (t->ranges[r * t->columns + c][0] != '\0') return true;
    return false;
}

static double row_height(const basin_plan_table *t, const sizes *s, const setting *g, size_t r)
{
    return s->line * (1.0 + (g->names > 0 ? 0 : 1) + (has_second(t, g, r) ? 1 : 0));
}

/* Where the headings stand: beside the corner or below it. */
static double head_height(const sizes *s, const setting *g)
{
    return s->line * (g->names > 0 ? 1 : 2);
}

static void draw_heads(const basin_plan_table *t, basin_canvas *canvas, const sizes *s, const setting *g,
                       double left, double top, double width)
{
    const basin_pen pen = {.color = basin_grey, .width = 0.4};
    const double    bottom = top + head_height(s, g);

    basin_canvas_text(canvas, t->corner, left, top + s->line / 2,
                      &(basin_type){.color = basin_black, .down = 0.5});
    for (size_t c = 0; c < t->columns; c++)
        basin_canvas_text(canvas, t->heads[c], left + g->names + ((double)c + 0.5) * g->column,
                          bottom - s->line / 2,
                          &(basin_type){.color = t->colors[c],
                                        .across = 0.5,
                                        .down = 0.5,
                                        .width = g->column - APART,
                                        .one_line = true});
    basin_canvas_line(canvas, left, bottom + 1, left + width, bottom + 1, &pen);
}

static void draw_rows(const basin_plan_table *t, basin_canvas *canvas, const sizes *s, const setting *g,
                      double left, double top)
{
    double y = top + head_height(s, g) + 2 + s->line / 2;

    for (size_t r = 0; r < t->rows; y += row_height(t, s, g, r++)) {
        basin_canvas_text(canvas, t->names[r], left, y, &(basin_type){.color = basin_black, .down = 0.5});
        for (size_t c = 0; c < t->columns; c++)
            draw_cell(t, canvas, s, r * t->columns + c, left + g->names + ((double)c + 0.5) * g->column,
                      y + (g->names > 0 ? 0 : s->line), g->below);
    }
}

basin_status basin_plan_table_draw(const basin_plan_table *t, basin_canvas *canvas, double left, double top,
                                   double width, bool draw, double *height)
{
    basin_status  st = BASIN_OK;
    const sizes   s = measure(t, canvas);
    const setting g = setting_of(t, &s, width);

    BASIN_CHECK(fmax(s.value, s.range) <= g.column, BASIN_ERR_ARG,
                "width %.3g in leaves no room for a table of %zu columns; at least %.2g in", width / 72,
                t->columns, (double)t->columns * fmax(s.value, s.range) / 72 + 0.15);
    *height = head_height(&s, &g) + 2;
    for (size_t r = 0; r < t->rows; r++) *height += row_height(t, &s, &g, r);
    if (!draw) goto done;
    draw_heads(t, canvas, &s, &g, left, top, width);
    draw_rows(t, canvas, &s, &g, left, top);
done:
    return st;
}
