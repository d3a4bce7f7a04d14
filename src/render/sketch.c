/* Panels below each other, each with its axes, its numbers and its legend in characters. */
#include "render/sketch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

enum { LEAST = 32, USUAL = 80, WIDEST = 120, WORDS = 256 };

/* What lines and corners are made of. */
typedef struct strokes {
    const char *upright, *level, *corner, *tick_left, *tick_below;
} strokes;

static const strokes strokes_of[2] = {{"│", "─", "└", "┤", "┬"}, {"|", "-", "+", "+", "+"}};

typedef struct page {
    const basin_sketch_options *options;
    size_t                      columns; /* of the terminal that are used */
    size_t                      left;    /* of the numbers on y, of all panels */
    char                       *text;
} page;

static const char *words(const page *p, const char *label, char out[WORDS])
{
    return basin_cells_words(label, p->options->plain, out, WORDS);
}

/* ------------------------------------------------------------------------------------------------ axes -- */

/* Rows of the plot. */
static size_t rows_of(const basin_panel *panel, size_t panels, size_t columns)
{
    if (panel->bare) return 2;
    if (panel->equal) { /* a cell is about twice as high as wide */
        const double ratio = (panel->y.high - panel->y.low) / (panel->x.high - panel->x.low);
        return (size_t)fmin(fmax(round(ratio * (double)columns / 2), 4), 24);
    }
    return panels == 1 ? 14 : panels == 2 ? 10 : 8;
}

/* Of a panel with equal units that would be higher than a screen: narrower. */
static size_t columns_of(const basin_panel *panel, size_t rows, size_t columns)
{
    const double ratio = (panel->y.high - panel->y.low) / (panel->x.high - panel->x.low);

    if (!panel->equal) return columns;
    return (size_t)fmin((double)columns, fmax(round(2 * (double)rows / ratio), 8));
}

/* Numbers at least one row apart. */
static void y_ticks(const basin_panel *panel, size_t rows, basin_ticks *out)
{
    *out = (basin_ticks){0};
    if (!panel->bare && panel->empty == NULL && panel->name_count == 0)
        basin_scale_ticks(&panel->y, rows / 2, out);
}

static size_t widest_number(const page *p, const basin_panel *panel, size_t rows)
{
    basin_ticks ticks;
    size_t      widest = 0;
    char        room[WORDS];

    y_ticks(panel, rows, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        const size_t width = basin_cells_width(words(p, ticks.tick[i].label, room));
        if (width > widest) widest = width;
    }
    for (size_t i = 0; i < panel->name_count; i++) {
        const size_t width = basin_cells_width(words(p, panel->name_label[i], room));
        if (width > widest) widest = width;
    }
    return widest < 24 ? widest : 24;
}

/* A number, or a name, with its tick, where neither of the rows beside it has one. */
static void put_on_y(const page *p, const basin_sketch_plot *plot, basin_cells *cells, double at,
                     const char *label, bool *taken)
{
    char         room[WORDS];
    const double place = fmin(floor((1 - at) * (double)plot->rows), (double)plot->rows - 1);
    const size_t row = place > 0 ? (size_t)place : 0;

    words(p, label, room);
    if (!(at >= 0 && at <= 1) || room[0] == '\0' || taken[row]) return;
    taken[row] = true;
    const size_t width = basin_cells_width(room);
    basin_cells_text(cells, plot->top + row, width < p->left ? p->left - width : 0, room, BASIN_OWN_COLOR);
    basin_cells_text(cells, plot->top + row, plot->left - 1, strokes_of[p->options->plain].tick_left,
                     BASIN_OWN_COLOR);
}

static basin_status put_y_axis(const page *p, const basin_panel *panel, const basin_sketch_plot *plot,
                               basin_cells *cells)
{
    basin_status st = BASIN_OK;
    basin_ticks  ticks;
    bool        *taken = NULL;

    BASIN_ALLOC(taken, plot->rows, "the axis of a figure");
    for (size_t row = 0; row < plot->rows; row++)
        basin_cells_text(cells, plot->top + row, plot->left - 1, strokes_of[p->options->plain].upright,
                         BASIN_OWN_COLOR);
    y_ticks(panel, plot->rows, &ticks);
    for (size_t i = 0; i < ticks.count; i++)
        put_on_y(p, plot, cells, basin_scale_at(&panel->y, ticks.tick[i].value), ticks.tick[i].label, taken);
    for (size_t i = 0; i < panel->name_count; i++)
        put_on_y(p, plot, cells, basin_scale_at(&panel->y, panel->name_at[i]), panel->name_label[i], taken);
done:
    basin_free(taken);
    return st;
}

/* Puts the number below its tick; false, and nothing, where it would touch the one before, which ends at
 *end. */
static bool put_on_x(const page *p, const basin_sketch_plot *plot, basin_cells *cells, double at,
                     const char *label, size_t *end)
{
    char         room[WORDS];
    const size_t width = basin_cells_width(words(p, label, room)), row = plot->top + plot->rows;
    const double middle = fmin(floor(at * (double)plot->columns), (double)plot->columns - 1);

    if (!(at >= 0 && at <= 1) || width == 0) return true;
    const size_t column = plot->left + (size_t)fmax(middle, 0);
    size_t       from = column >= width / 2 ? column - width / 2 : 0;
    if (from + width > p->columns && width <= p->columns) from = p->columns - width;
    if (*end > 0 && from < *end + 2) return false;
    basin_cells_text(cells, row, column, strokes_of[p->options->plain].tick_below, BASIN_OWN_COLOR);
    basin_cells_text(cells, row + 1, from, room, BASIN_OWN_COLOR);
    *end = from + width;
    return true;
}

static bool ticks_fit(const page *p, const basin_panel *panel, const basin_sketch_plot *plot,
                      const basin_ticks *ticks)
{
    char   room[WORDS];
    double last = -INFINITY;

    for (size_t i = 0; i < ticks->count; i++) {
        const double width = (double)basin_cells_width(words(p, ticks->tick[i].label, room));
        const double at = basin_scale_at(&panel->x, ticks->tick[i].value) * (double)plot->columns;
        if (width == 0) continue;
        if (at - width / 2 < last + 3) return false;
        last = at + width / 2;
    }
    return true;
}

static int put_x_axis(const page *p, const basin_panel *panel, const basin_sketch_plot *plot,
                      basin_cells *cells)
{
    const strokes *s = &strokes_of[p->options->plain];
    const size_t   row = plot->top + plot->rows;
    basin_ticks    ticks = {0};
    size_t         end = 0;

    basin_cells_text(cells, row, plot->left - 1, s->corner, BASIN_OWN_COLOR);
    for (size_t i = 0; i < plot->columns; i++)
        basin_cells_text(cells, row, plot->left + i, s->level, BASIN_OWN_COLOR);
    for (size_t wanted = 8; panel->tick_count == 0 && wanted > 0; wanted--) {
        basin_scale_ticks(&panel->x, wanted, &ticks);
        if (ticks_fit(p, panel, plot, &ticks)) break;
    }
    for (size_t i = 0; i < ticks.count; i++)
        put_on_x(p, plot, cells, basin_scale_at(&panel->x, ticks.tick[i].value), ticks.tick[i].label, &end);
    for (size_t i = 0; i < panel->tick_count; i++)
        put_on_x(p, plot, cells, basin_scale_at(&panel->x, panel->tick_at[i]), panel->tick_label[i], &end);
    return ticks.exponent;
}

/* ---------------------------------------------------------------------------------------------- labels -- */

/* « (log scale)» and «, ×10⁴» behind a label. */
static void put_label(const page *p, basin_cells *cells, size_t row, size_t column, const char *label,
                      const basin_plot_scale *scale, int exponent)
{
    char text[WORDS], room[WORDS], power[BASIN_NUMBER_ROOM] = "";

    if (exponent != 0) basin_number_power(exponent, power);
    snprintf(text, sizeof text, "%s%s%s%s", label != NULL ? label : "",
             scale->kind == BASIN_SCALE_LOG ? " (log scale)" : "", exponent != 0 ? ", ×" : "", power);
    basin_cells_text(cells, row, column, words(p, text, room), BASIN_OWN_COLOR);
}

/* Two characters that show how the mark is drawn. */
static const char *sample_of(const page *p, const basin_mark *mark, char out[12])
{
    static const char *const lines[2][4] = {{"──", "╌╌", "┈┈", "╌┈"}, {"--", "- ", "..", "-."}};
    static const char *const dots_[] = {
        [BASIN_MARKER_CIRCLE] = "o",  [BASIN_MARKER_SQUARE] = "#", [BASIN_MARKER_TRIANGLE] = "^",
        [BASIN_MARKER_DIAMOND] = "*", [BASIN_MARKER_CROSS] = "x",  [BASIN_MARKER_PLUS] = "+",
        [BASIN_MARKER_UP] = "^"};
    const bool filled =
        mark->type == &basin_mark_area || mark->type == &basin_mark_bars || mark->type == &basin_mark_band;

    if (filled)
        snprintf(out, 12, "%s", p->options->plain ? "##" : "██");
    else if (mark->pen.width > 0)
        snprintf(out, 12, "%s", lines[p->options->plain][mark->pen.dash]);
    else
        snprintf(out, 12, "%s", mark->marker != BASIN_MARKER_NONE ? dots_[mark->marker] : "");
    return out;
}

/* In as many lines as it takes; `draw` false only counts them. */
static size_t legend(const page *p, const basin_panel *panel, size_t left, basin_cells *cells, size_t row)
{
    basin_legend list = {0};
    size_t       column = left, lines;
    char         sample[12], label[WORDS], text[WORDS + 16];

    basin_legend_collect(&list, panel);
    lines = list.count > 0;
    for (size_t i = 0; i < list.count; i++) {
        const basin_mark *mark = list.entries[i];
        const char        letter = basin_sketch_letter(&list, mark, p->options);
        sample_of(p, mark, sample);
        snprintf(text, sizeof text, "%s%s%s", sample, sample[0] != '\0' ? " " : "",
                 words(p, mark->label, label));
        if (letter != '\0' && !mark->silent) snprintf(text, sizeof text, "%c %s", letter, label);
        const size_t width = basin_cells_width(text);
        if (column > left && column + width > p->columns) column = left, lines++;
        if (cells != NULL) {
            basin_cells_text(cells, row + lines - 1, column, text, BASIN_OWN_COLOR);
            basin_cells_text(cells, row + lines - 1, column, letter == '\0' || mark->silent ? sample : "",
                             basin_sketch_ink(mark->pen.color, p->options));
        }
        column += width + 3;
    }
    return lines;
}

/* The map's ramp between the numbers of its ends, its middle below. */
static void put_bar(const page *p, const basin_panel *panel, size_t left, basin_cells *cells, size_t row)
{
    enum { STEPS = 27 };
    const basin_paint *paint = panel->bar != NULL ? panel->bar : basin_sketch_map(panel)->paint;
    const double       high = fmin(paint->cap, paint->scale.high);
    char               room[WORDS], text[WORDS];
    size_t             column = left;

    words(p, BASIN_NUMBER(paint->scale.low, 3), room);
    basin_cells_text(cells, row, column, room, BASIN_OWN_COLOR);
    column += basin_cells_width(room) + 1;
    for (size_t i = 0; i < STEPS; i++)
        *basin_cells_at(cells, row, column + i) = basin_sketch_shade(
            paint, basin_scale_value(&paint->scale, ((double)i + 0.5) / STEPS), p->options);
    column += STEPS + 1;
    snprintf(text, sizeof text, "%s%s%s%s", BASIN_NUMBER(high, 3), isfinite(paint->cap) ? " and above" : "",
             panel->bar_label != NULL ? "  " : "", panel->bar_label != NULL ? panel->bar_label : "");
    put_label(p, cells, row, column, text, &paint->scale, 0);
    snprintf(text, sizeof text, "/ not finite");
    for (size_t i = 0; i < cells->rows * cells->columns; i++)
        if (strcmp(cells->cell[i].glyph, "/") == 0 && i / cells->columns < row) {
            basin_cells_text(cells, row + 1, left, text, BASIN_OWN_COLOR);
            return;
        }
}

/* ---------------------------------------------------------------------------------------------- panels -- */

/* Title or label above, the plot, the axis with its numbers and its label, the legend, notes. */
static basin_status put_panel(page *p, const basin_panel *panel, size_t rows)
{
    basin_status      st = BASIN_OK;
    basin_cells       cells = {0};
    char              room[WORDS];
    const bool        map = basin_sketch_map(panel) != NULL;
    const size_t      entries = map ? 2 : legend(p, panel, p->left + 2, NULL, 0);
    basin_sketch_plot plot = {.top = (panel->title != NULL) + 1,
                              .left = p->left + 2,
                              .columns = columns_of(panel, rows, p->columns - p->left - 3),
                              .rows = rows};
    const bool        named = panel->x_label != NULL || panel->x.kind == BASIN_SCALE_LOG;
    basin_ticks       ticks;

    BASIN_TRY(
        basin_cells_create(p->columns, plot.top + rows + 2 + named + entries + panel->note_count, &cells));
    if (panel->title != NULL)
        basin_cells_text(&cells, 0, plot.left, words(p, panel->title, room), BASIN_OWN_COLOR);
    y_ticks(panel, rows, &ticks);
    if (!panel->bare) put_label(p, &cells, plot.top - 1, 1, panel->y_label, &panel->y, ticks.exponent);
    if (panel->empty != NULL)
        basin_cells_text(&cells, plot.top + rows / 2, plot.left + 2, words(p, panel->empty, room),
                         BASIN_OWN_COLOR);
    else
        BASIN_TRY(basin_sketch_marks(panel, p->options, &plot, &cells));
    BASIN_TRY(put_y_axis(p, panel, &plot, &cells));
    const int exponent = put_x_axis(p, panel, &plot, &cells);
    size_t    row = plot.top + rows + 2;
    if (named)
        put_label(p, &cells, row++, plot.left, panel->x_label, &panel->x,
                  panel->x_label != NULL ? 0 : exponent);
    if (map)
        put_bar(p, panel, plot.left, &cells, row);
    else
        legend(p, panel, plot.left, &cells, row);
    for (size_t i = 0; i < panel->note_count; i++)
        basin_cells_text(&cells, row + entries + i, plot.left, words(p, panel->notes[i].text, room),
                         BASIN_OWN_COLOR);
    BASIN_TRY(basin_cells_append(&cells, p->options->colors, &p->text));
done:
    basin_cells_clear(&cells);
    return st;
}

/* A line of its own. */
static basin_status put_line(page *p, const char *text)
{
    basin_status st = BASIN_OK;
    basin_cells  cells = {0};
    char         room[WORDS];

    BASIN_TRY(basin_cells_create(p->columns, 1, &cells));
    basin_cells_text(&cells, 0, 1, words(p, text, room), BASIN_OWN_COLOR);
    BASIN_TRY(basin_cells_append(&cells, p->options->colors, &p->text));
done:
    basin_cells_clear(&cells);
    return st;
}

basin_status basin_plan_sketch(basin_plan *plan, const basin_sketch_options *options, char **out)
{
    basin_status st = BASIN_OK;
    const size_t wanted = options->columns > 0 ? options->columns : USUAL;
    const size_t shown =
        options->panels > 0 && options->panels < plan->panel_count ? options->panels : plan->panel_count;
    page p = {.options = options, .columns = wanted < LEAST ? LEAST : wanted < WIDEST ? wanted : WIDEST};

    for (size_t i = 0; i < shown; i++) {
        const size_t width = widest_number(&p, &plan->panels[i], rows_of(&plan->panels[i], shown, p.columns));
        if (width > p.left) p.left = width;
    }
    if (plan->warning != NULL) BASIN_TRY(put_line(&p, plan->warning));
    for (size_t i = 0; i < shown; i++) {
        if (i > 0) BASIN_TRY(put_line(&p, ""));
        BASIN_TRY(put_panel(&p, &plan->panels[i], rows_of(&plan->panels[i], shown, p.columns - p.left - 3)));
    }
    if (shown < plan->panel_count)
        BASIN_TRY(
            put_line(&p, basin_plan_text(plan, "%zu more panels in the figure", plan->panel_count - shown)));
    BASIN_CHECK(!plan->failed, BASIN_ERR_NOMEM, "out of memory for a figure in characters");
    *out = p.text, p.text = NULL;
done:
    basin_free(p.text);
    return st;
}
