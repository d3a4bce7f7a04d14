/* The plot of a panel in characters.
 *
 * Marks draw themselves on a canvas whose point is one dot: a cell has 2 x 4 dots of Braille, in ASCII 1 x 2
 * («'» above, «.» below, «:» both). So gaps are hatched, clipped curves have their arrows and intervals their
 * bars as in the figure. A map of values is not drawn but looked up, two values a cell (the upper half
 * block), or one character of a ramp where there are no colours.
 */
#include "render/sketch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

static const char ramp[] = ".:-=+*#%@"; /* from the least value to the largest */

const basin_mark *basin_sketch_map(const basin_panel *panel)
{
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].type == &basin_mark_heat) return &panel->marks[i];
    return NULL;
}

static int32_t packed(basin_color c)
{
    const int r = (int)lround(255 * c.r), g = (int)lround(255 * c.g), b = (int)lround(255 * c.b);

    return (int32_t)(r << 16 | g << 8 | b);
}

/* How far from grey: largest less smallest of red, green and blue. */
static int chroma(int32_t color)
{
    const int r = color >> 16 & 255, g = color >> 8 & 255, b = color & 255;
    const int most = r > g ? (r > b ? r : b) : (g > b ? g : b),
              least = r < g ? (r < b ? r : b) : (g < b ? g : b);
    return most - least;
}

int32_t basin_sketch_ink(basin_color color, const basin_sketch_options *options)
{
    enum { GREY = 24 }; /* less chroma is none */

    return options->colors == BASIN_SKETCH_NO_COLOR || chroma(packed(color)) < GREY ? BASIN_OWN_COLOR
                                                                                    : packed(color);
}

/* ------------------------------------------------------------------------------------------------ dots -- */

typedef struct dots { /* of a plot: across and down a cell, and all of them */
    size_t    across, down, width, height;
    uint32_t *color; /* [height, width], 0xRRGGBB */
} dots;

/* What is too light to be a line is a band or a grid behind it. */
static bool is_set(uint32_t color)
{
    enum { LIGHT = 184 };

    return (color >> 16 & 255) < LIGHT || (color >> 8 & 255) < LIGHT || (color & 255) < LIGHT;
}

static basin_status draw_dots(const basin_panel *panel, dots *d)
{
    basin_status  st = BASIN_OK;
    basin_canvas *canvas = NULL;
    basin_view    view = {
           .x = &panel->x, .y = &panel->y, .box = {0, 0, (double)d->width - 1e-6, (double)d->height - 1e-6}};

    BASIN_TRY(basin_canvas_create((double)d->width, (double)d->height, "DejaVu Sans", 8, &canvas));
    for (size_t pass = 0; pass < 2; pass++) /* rules behind the data */
        for (size_t i = 0; i < panel->mark_count; i++)
            if ((panel->marks[i].type == &basin_mark_rule) == (pass == 0))
                panel->marks[i].type->draw(&panel->marks[i], &view, canvas);
    BASIN_TRY(basin_canvas_dots(canvas, d->width, d->height, d->color));
done:
    basin_canvas_destroy(&canvas);
    return st;
}

/* U+2800 and the bits of its eight dots. */
static void put_braille(unsigned bits, char out[5])
{
    out[0] = (char)0xe2, out[1] = (char)(0xa0 | bits >> 6), out[2] = (char)(0x80 | (bits & 63)),
    out[3] = '\0';
}

/* The cell of the dots from (x, y) on; nothing where none is set. The most colourful dot colours it. */
static void put_dots(const dots *d, size_t x, size_t y, const basin_sketch_options *options, basin_cell *cell)
{
    static const unsigned bit[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    unsigned              bits = 0, halves = 0;
    int32_t               ink = 0;

    for (size_t j = 0; j < d->down; j++)
        for (size_t i = 0; i < d->across; i++) {
            const uint32_t color = d->color[(y + j) * d->width + x + i];
            if (!is_set(color)) continue;
            if (bits == 0 || chroma((int32_t)color) > chroma(ink)) ink = (int32_t)color;
            bits |= bit[j][i], halves |= 1u << j;
        }
    if (bits == 0) return;
    if (options->plain)
        snprintf(cell->glyph, sizeof cell->glyph, "%s", halves == 1 ? "'" : halves == 2 ? "." : ":");
    else
        put_braille(bits, cell->glyph);
    cell->ink = basin_sketch_ink(
        (basin_color){(ink >> 16 & 255) / 255.0, (ink >> 8 & 255) / 255.0, (ink & 255) / 255.0}, options);
}

char basin_sketch_letter(const basin_legend *legend, const basin_mark *mark,
                         const basin_sketch_options *options)
{
    size_t index = legend->count;
    bool   shared = false;

    for (size_t i = 0; i < legend->count; i++) {
        const basin_mark *entry = legend->entries[i];
        if (entry->silent) continue;
        const bool own = memcmp(&entry->pen.color, &mark->pen.color, sizeof mark->pen.color) == 0;
        if (own && index == legend->count) index = i;
        shared = shared || (!own && entry->type == mark->type && entry->pen.dash == mark->pen.dash);
    }
    if (options->colors != BASIN_SKETCH_NO_COLOR || !shared || index >= 26) return '\0';
    return index < legend->count ? (char)('a' + index) : '\0';
}

/* Letters upon the curves, at a few places of each. */
static void put_letters(const basin_panel *panel, const basin_sketch_options *options,
                        const basin_sketch_plot *plot, basin_cells *cells)
{
    basin_legend legend = {0};

    basin_legend_collect(&legend, panel);
    for (size_t m = 0; m < panel->mark_count; m++) {
        const basin_mark *mark = &panel->marks[m];
        const char        letter = basin_sketch_letter(&legend, mark, options);
        if (letter == '\0' || mark->silent || mark->x == NULL || mark->y == NULL) continue;
        const size_t every = mark->count < 12 ? 1 : mark->count / 4;
        for (size_t i = every / 2; i < mark->count; i += every) {
            const double x = basin_scale_at(&panel->x, mark->x[i]), y = basin_scale_at(&panel->y, mark->y[i]);
            if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) continue;
            const size_t row = (size_t)fmin((1 - y) * (double)plot->rows, (double)plot->rows - 1);
            const size_t column = (size_t)fmin(x * (double)plot->columns, (double)plot->columns - 1);
            basin_cells_text(cells, plot->top + row, plot->left + column, (char[]){letter, '\0'},
                             BASIN_OWN_COLOR);
        }
    }
}

static basin_status put_curves(const basin_panel *panel, const basin_sketch_options *options,
                               const basin_sketch_plot *plot, basin_cells *cells)
{
    basin_status st = BASIN_OK;
    dots         d = {.across = options->plain ? 1 : 2, .down = options->plain ? 2 : 4};

    d.width = d.across * plot->columns, d.height = d.down * plot->rows;
    BASIN_ALLOC(d.color, d.width * d.height, "the dots of a figure");
    BASIN_TRY(draw_dots(panel, &d));
    for (size_t row = 0; row < plot->rows; row++)
        for (size_t column = 0; column < plot->columns; column++)
            put_dots(&d, column * d.across, row * d.down, options,
                     basin_cells_at(cells, plot->top + row, plot->left + column));
    put_letters(panel, options, plot, cells);
done:
    basin_free(d.color);
    return st;
}

/* ------------------------------------------------------------------------------------------------ maps -- */

/* The point of an axis that x is nearest to; `count` beyond half a step from its ends. */
static size_t nearest(const double *axis, size_t count, double x)
{
    size_t best = 0;

    if (count > 1 && (x < axis[0] - (axis[1] - axis[0]) / 2 ||
                      x > axis[count - 1] + (axis[count - 1] - axis[count - 2]) / 2))
        return count;
    for (size_t i = 1; i < count; i++)
        if (fabs(axis[i] - x) < fabs(axis[best] - x)) best = i;
    return best;
}

typedef enum look { OUTSIDE, MISSING, THERE } look;

/* The value of the map at shares (u, v) of the plot, from its left and lower edge. */
static look look_up(const basin_panel *panel, const basin_mark *map, double u, double v, double *value)
{
    const double place[2] = {basin_scale_value(&panel->x, u), basin_scale_value(&panel->y, v)};
    double       t = place[1], s = place[0];

    if (map->frame != NULL)
        t = place[1] / map->frame->yy, s = (place[0] - map->frame->xy * t) / map->frame->xx;
    const size_t column = nearest(map->x, map->columns, s), row = nearest(map->y, map->rows, t);
    if (column >= map->columns || row >= map->rows) return OUTSIDE;
    *value = map->z[row * map->columns + column];
    return isfinite(basin_scale_at(&map->paint->scale, fmin(*value, map->paint->cap))) ? THERE : MISSING;
}

basin_cell basin_sketch_shade(const basin_paint *paint, double value, const basin_sketch_options *options)
{
    basin_cell   cell = {.glyph = " ", .ink = BASIN_OWN_COLOR, .ground = BASIN_OWN_COLOR};
    const double at = fmin(fmax(basin_scale_at(&paint->scale, fmin(value, paint->cap)), 0), 1);

    if (options->colors == BASIN_SKETCH_NO_COLOR)
        cell.glyph[0] =
            value > paint->cap ? '^' : ramp[(size_t)fmin(at * (sizeof ramp - 1), sizeof ramp - 2)];
    else
        cell.ground = packed(basin_paint_color(paint, value));
    return cell;
}

static basin_cell map_cell(const basin_panel *panel, const basin_mark *map, double u, const double v[2],
                           const basin_sketch_options *options)
{
    static const basin_cell missing = {.glyph = "/", .ink = BASIN_OWN_COLOR, .ground = BASIN_OWN_COLOR};
    static const basin_cell outside = {.ink = BASIN_OWN_COLOR, .ground = BASIN_OWN_COLOR};
    double                  value[2] = {0, 0}, middle = 0;
    const look              seen = look_up(panel, map, u, (v[0] + v[1]) / 2, &middle);

    if (options->colors == BASIN_SKETCH_NO_COLOR || options->plain)
        return seen == MISSING   ? missing
               : seen == OUTSIDE ? outside
                                 : basin_sketch_shade(map->paint, middle, options);
    const look up = look_up(panel, map, u, v[0], &value[0]), down = look_up(panel, map, u, v[1], &value[1]);
    if (up == MISSING || down == MISSING) return missing;
    basin_cell cell = outside;
    if (up == OUTSIDE && down == OUTSIDE) return cell;
    snprintf(cell.glyph, sizeof cell.glyph, "%s", up == THERE ? "▀" : "▄");
    cell.ink = packed(basin_paint_color(map->paint, value[up == THERE ? 0 : 1]));
    if (up == THERE && down == THERE) cell.ground = packed(basin_paint_color(map->paint, value[1]));
    return cell;
}

/* Black or white, whichever stands out. */
static int32_t contrast(int32_t ground)
{
    const int light = (ground >> 16 & 255) * 3 + (ground >> 8 & 255) * 6 + (ground & 255);

    return ground == BASIN_OWN_COLOR ? BASIN_OWN_COLOR : light > 1280 ? 0 : 0xffffff;
}

static char marker_letter(basin_marker marker)
{
    switch (marker) {
    case BASIN_MARKER_NONE: return '\0';
    case BASIN_MARKER_PLUS: return '+';
    case BASIN_MARKER_CROSS: return 'x';
    case BASIN_MARKER_UP: return '^';
    default: return 'o';
    }
}

static void put_points(const basin_panel *panel, const basin_sketch_plot *plot, basin_cells *cells)
{
    for (size_t m = 0; m < panel->mark_count; m++) {
        const basin_mark *mark = &panel->marks[m];
        const char        letter = marker_letter(mark->marker);
        const bool        placed = mark->type == &basin_mark_points || mark->type == &basin_mark_line;
        for (size_t i = 0; i < mark->count && placed && letter != '\0'; i++) {
            const double x = basin_scale_at(&panel->x, mark->x[i]), y = basin_scale_at(&panel->y, mark->y[i]);
            if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) continue;
            const size_t row = (size_t)fmin((1 - y) * (double)plot->rows, (double)plot->rows - 1);
            const size_t column = (size_t)fmin(x * (double)plot->columns, (double)plot->columns - 1);
            basin_cell  *cell = basin_cells_at(cells, plot->top + row, plot->left + column);
            basin_cells_text(cells, plot->top + row, plot->left + column, (char[]){letter, '\0'},
                             contrast(cell->ground));
        }
    }
}

static void put_map(const basin_panel *panel, const basin_mark *map, const basin_sketch_options *options,
                    const basin_sketch_plot *plot, basin_cells *cells)
{
    for (size_t row = 0; row < plot->rows; row++)
        for (size_t column = 0; column < plot->columns; column++) {
            const double u = ((double)column + 0.5) / (double)plot->columns;
            const double v[2] = {1 - ((double)row + 0.25) / (double)plot->rows,
                                 1 - ((double)row + 0.75) / (double)plot->rows};
            *basin_cells_at(cells, plot->top + row, plot->left + column) =
                map_cell(panel, map, u, v, options);
        }
    put_points(panel, plot, cells);
}

basin_status basin_sketch_marks(const basin_panel *panel, const basin_sketch_options *options,
                                const basin_sketch_plot *plot, basin_cells *cells)
{
    const basin_mark *map = basin_sketch_map(panel);

    if (map == NULL) return put_curves(panel, options, plot, cells);
    put_map(panel, map, options, plot, cells);
    return BASIN_OK;
}
