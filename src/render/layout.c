/* Where everything stands.
 *
 *   1. From a first guess of the plots' widths: ticks, and from their measured numbers each panel's margins.
 *   2. Columns share left and right margins, rows share upper and lower ones, so that plots line up; what is
 *      left of the width is divided evenly. Heights are the panels' own, or as given, or follow from equal
 *      units.
 *   3. Once more with the widths found, since labels break into lines by them.
 *   4. Panels are drawn; a legend goes where its plot is empty. If some plot has no such place, everything is
 *      drawn again with that legend above its panel.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/scene.h"

#define MAX_GRID 64

/* points: to the page's edge, between panels, plots of equal units, how much wider than its plot a note and
   the label of x may be */
enum { TALLEST = 40 }; /* inches, of a page */
enum { PAD = 4, BETWEEN = 7, LARGEST_SQUARE = 280, NOTE_OVER = 14, LABEL_OVER = 20 };

typedef struct margins {
    double left, right, top, bottom;
} margins;

typedef struct grid {
    size_t columns, rows;
    double left[MAX_GRID], right[MAX_GRID], top[MAX_GRID], bottom[MAX_GRID], heights[MAX_GRID];
    double width;      /* of each plot */
    double head, foot; /* of the page */
} grid;

static const basin_type upright = {.color = {0.1, 0.1, 0.1}, .across = 0.5, .down = 0.5};

/* The entries of the legend of a panel, none where the options want none. */
static void collect(const basin_plan *plan, const basin_panel *panel, basin_legend *legend)
{
    if (plan->options->legend != BASIN_LEGEND_NONE) basin_legend_collect(legend, panel);
}

static double text_height(basin_canvas *canvas, const char *text, double size, double width)
{
    double w, h;

    if (text == NULL) return 0;
    basin_canvas_measure(canvas, text, &(basin_type){.size = size, .across = 0.5, .width = width}, &w, &h);
    return h;
}

/* Of the numbers on y, or of the names there. */
static double widest_on_y(basin_canvas *canvas, const basin_panel *panel)
{
    double widest = 0, w, h;

    for (size_t i = 0; i < panel->y_ticks.count + panel->name_count; i++) {
        bool named = i >= panel->y_ticks.count;
        basin_canvas_measure(
            canvas, named ? panel->name_label[i - panel->y_ticks.count] : panel->y_ticks.tick[i].label,
            &(basin_type){0}, &w, &h);
        widest = fmax(widest, w);
    }
    return widest;
}

/* The label of x; with the power of ten that its numbers are to be multiplied by. */
static const char *x_text(const basin_panel *panel, char room[512])
{
    char power[BASIN_NUMBER_ROOM];

    if (panel->x_label == NULL || panel->x_ticks.exponent == 0) return panel->x_label;
    snprintf(room, 512, "%s, ×%s", panel->x_label, basin_number_power(panel->x_ticks.exponent, power));
    return room;
}

/* How far the numbers on x and its label reach beyond the plot, at its left or right end. */
static double overhang(basin_canvas *canvas, const basin_panel *panel, double width, bool right)
{
    double most = 0, w, h;

    for (size_t i = 0; i < panel->x_ticks.count + panel->tick_count && !panel->no_x; i++) {
        bool        named = i >= panel->x_ticks.count;
        const char *label =
            named ? panel->tick_label[i - panel->x_ticks.count] : panel->x_ticks.tick[i].label;
        double at = basin_scale_at(&panel->x, named ? panel->tick_at[i - panel->x_ticks.count]
                                                    : panel->x_ticks.tick[i].value) *
                    width;
        if (named && panel->tick_color != NULL) continue; /* these break into lines inside their slots */
        basin_canvas_measure(canvas, label, &(basin_type){0}, &w, &h);
        most = fmax(most, right ? at + w / 2 - width : w / 2 - at);
    }
    if (panel->x_label != NULL && !panel->no_x && !panel->across) {
        char room[512];
        basin_canvas_measure(canvas, x_text(panel, room),
                             &(basin_type){.across = 0.5, .width = width + LABEL_OVER}, &w, &h);
        most = fmax(most, (w - width) / 2);
    }
    return most;
}

/* How long the label of y may be, beside a plot of the panel's height (one of equal units may be lower); no
   word is broken. */
static double y_label_room(basin_canvas *canvas, const basin_panel *panel)
{
    double room = panel->height + 8, width, height;
    char   word[64];

    for (const char *text = panel->y_label; *text != '\0'; text += strspn(text, " \n")) {
        const size_t length = strcspn(text, " \n");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        basin_canvas_measure(canvas, word, &(basin_type){0}, &width, &height);
        if (length < sizeof word) room = fmax(room, width + 1);
        text += length;
    }
    return room;
}

static double y_label_width(basin_canvas *canvas, const basin_panel *panel)
{
    return panel->y_label != NULL ? text_height(canvas, panel->y_label, 0, y_label_room(canvas, panel)) + 2.5
                                  : 0;
}

/* How wide the label of x may be: of its plot, or of the row's. */
static double x_label_room(const basin_panel *panel, double width)
{
    return (panel->across && panel->row.right > panel->row.left ? panel->row.right - panel->row.left
                                                                : width) +
           LABEL_OVER;
}

static double x_axis_height(basin_canvas *canvas, const basin_panel *panel, double width)
{
    double size = basin_canvas_font_size(canvas);
    double tallest = panel->x_ticks.count > 0 ? text_height(canvas, "0", 0, 0) : 0;
    char   room[512];

    if (panel->scene != NULL) return 0.6 * size; /* of the lowest number of a colour bar */
    if (panel->no_x) return BASIN_TICK;
    tallest = fmax(tallest, basin_axes_names_height(panel, canvas, width));
    double height = BASIN_TICK + 1 + tallest;
    if (panel->x_label != NULL)
        height += 1 + text_height(canvas, x_text(panel, room), 0, x_label_room(panel, width));
    else if (panel->x_ticks.exponent != 0 && !panel->across)
        height += 1 + 1.25 * size;
    return height;
}

/* The power of ten of the numbers on y or beside the colour bar. */
static bool has_power_above(const basin_panel *panel, basin_canvas *canvas)
{
    return (panel->y_ticks.exponent != 0 && !panel->no_y) || basin_bar_exponent(panel, canvas) != 0;
}

/* From the plot to what stands above it. */
static double title_gap(const basin_panel *panel, basin_canvas *canvas)
{
    return (has_power_above(panel, canvas) ? 1.4 : 0.3) * basin_canvas_font_size(canvas);
}

static margins measure(basin_canvas *canvas, const basin_panel *panel, double width)
{
    double  size = basin_canvas_font_size(canvas), note = BASIN_NOTE_SIZE * size;
    margins m = {.left = 1, .right = 3, .top = 0.55 * size, .bottom = 0};

    if (!panel->bare && panel->scene == NULL)
        m.left =
            BASIN_TICK + (panel->no_y ? 0 : 1.5 + widest_on_y(canvas, panel)) + y_label_width(canvas, panel);
    m.left = fmax(m.left, overhang(canvas, panel, width, false) + 1);
    m.right = fmax(m.right, overhang(canvas, panel, width, true) + 1);
    m.right = fmax(m.right, basin_bar_width(panel, canvas));
    if (has_power_above(panel, canvas)) m.top = 1.5 * size;
    if (panel->title != NULL) m.top = fmax(m.top, 0.3 * size) + text_height(canvas, panel->title, 0, width);
    if (panel->legend_above) {
        basin_legend legend = {0};
        basin_legend_collect(&legend, panel);
        m.top += basin_legend_rows(canvas, &legend, 0, 0, width, false);
    }
    m.bottom = x_axis_height(canvas, panel, width);
    for (size_t i = 0; i < panel->note_count; i++)
        m.bottom += text_height(canvas, panel->notes[i].text, note, width + NOTE_OVER) + (i == 0 ? 2 : 0);
    if (panel->bare) m.top = 1;
    return m;
}

/* A shared legend begins where the plots of the first column do, unless the names beside them leave it less
   than half of the page. */
static double legend_left(const basin_plan *plan, const grid *g)
{
    return plan->margin.left + (g->left[0] < plan->width / 2 ? PAD + g->left[0] : PAD);
}

static double outer_head(basin_plan *plan, basin_canvas *canvas, const grid *g)
{
    double inner = plan->width - 2 * PAD, head = PAD;

    if (plan->options->title != NULL)
        head += text_height(canvas, plan->options->title, 1.125 * plan->font_size, inner) + 3;
    if (plan->warning != NULL) head += text_height(canvas, plan->warning, 0, inner) + 2;
    if (plan->legend_shared) {
        basin_legend legend = {0};
        for (size_t i = 0; i < plan->panel_count; i++) collect(plan, &plan->panels[i], &legend);
        head += basin_legend_rows(canvas, &legend, 0, 0, plan->width - PAD - legend_left(plan, g), false) + 2;
    }
    return head;
}

static basin_status outer_foot(basin_plan *plan, basin_canvas *canvas, const char *footer, double *out)
{
    basin_status st = BASIN_OK;
    double       foot = PAD, table = 0;

    if (plan->table != NULL)
        BASIN_TRY(basin_plan_table_draw(plan->table, canvas, PAD, 0, plan->width - 2 * PAD, false, &table));
    foot += table > 0 ? table + BETWEEN : 0;

    if (plan->note != NULL)
        foot += text_height(canvas, plan->note, BASIN_NOTE_SIZE * plan->font_size, plan->width - 2 * PAD) + 3;
    if (footer != NULL) foot += text_height(canvas, "0", BASIN_FOOTER_SIZE, 0) + 2;
    *out = foot;
done:
    return st;
}

static void reset_margins(grid *g)
{
    memset(g->left, 0, sizeof g->left), memset(g->right, 0, sizeof g->right);
    memset(g->top, 0, sizeof g->top), memset(g->bottom, 0, sizeof g->bottom);
}

static void sum_margins(basin_plan *plan, basin_canvas *canvas, grid *g)
{
    for (size_t i = 0; i < plan->panel_count; i++) {
        basin_panel *panel = &plan->panels[i];
        basin_axes_ticks(panel, canvas, g->width, panel->height, &panel->x_ticks, &panel->y_ticks);
        panel->row = (basin_rect){0, 0, (double)g->columns * g->width, 0}; /* at least */
        margins m = measure(canvas, panel, g->width);
        size_t  c = i % g->columns, r = i / g->columns;
        g->left[c] = fmax(g->left[c], m.left), g->right[c] = fmax(g->right[c], m.right);
        g->top[r] = fmax(g->top[r], m.top), g->bottom[r] = fmax(g->bottom[r], m.bottom);
    }
}

/* Plot widths and heights; the page's height comes out. */
static basin_status arrange(basin_plan *plan, basin_canvas *canvas, const char *footer, grid *g, double *page)
{
    basin_status st = BASIN_OK;
    double       fixed = plan->width - 2 * PAD - BETWEEN * (double)(g->columns - 1), plots = 0, others = 0;
    const double inch = 72 / (plan->options->magnify > 0 ? plan->options->magnify : 1);
    double       least = 30;

    fixed -= plan->margin.left + plan->margin.right;
    for (size_t c = 0; c < g->columns; c++) fixed -= g->left[c] + g->right[c];
    g->width = fixed / (double)g->columns;
    BASIN_CHECK(g->width >= least, BASIN_ERR_ARG,
                "width %.3g in leaves no room for %zu panels side by side; at least %.2g in",
                plan->width / inch, g->columns,
                (plan->width + (double)g->columns * (least - g->width)) / inch + 0.05);
    g->head = outer_head(plan, canvas, g) + plan->margin.top;
    BASIN_TRY(outer_foot(plan, canvas, footer, &g->foot));
    g->foot += plan->margin.bottom;
    for (size_t r = 0; r < g->rows; r++) {
        g->heights[r] = 0;
        for (size_t c = 0; c < g->columns && r * g->columns + c < plan->panel_count; c++) {
            basin_panel *panel = &plan->panels[r * g->columns + c];
            if (panel->equal) { /* a large square says no more than a middling one */
                double height = g->width * (panel->y.high - panel->y.low) / (panel->x.high - panel->x.low);
                panel->height = fmin(fmin(fmax(height, 0.3 * g->width), 1.4 * g->width), LARGEST_SQUARE);
            }
            g->heights[r] = fmax(g->heights[r], panel->height);
        }
        plots += g->heights[r];
        others += g->top[r] + g->bottom[r] + (r > 0 ? BETWEEN : 0);
    }
    *page = g->head + g->foot + plots + others;
    if (plan->height > 0) {
        double room = plan->height - (*page - plots);
        BASIN_CHECK(room >= 0.2 * plots && room >= 12, BASIN_ERR_ARG,
                    "height %.3g in leaves no room for the figure; at least %.2g in", plan->height / inch,
                    (*page - 0.8 * plots) / inch + 0.05);
        for (size_t r = 0; r < g->rows; r++) g->heights[r] *= room / plots;
        for (size_t i = 0; i < plan->panel_count; i++) plan->panels[i].height = g->heights[i / g->columns];
        *page = plan->height;
    }
    BASIN_CHECK(
        *page <= inch * TALLEST, BASIN_ERR_ARG,
        "a page of %.3g in for %zu panels is too high; at most %d in: fewer results, or more width for "
        "panels side by side",
        *page / inch, plan->panel_count, TALLEST);
done:
    return st;
}

/* From the leftmost to the rightmost plot of row r. */
static void span_row(basin_plan *plan, size_t columns, size_t r)
{
    const size_t from = r * columns,
                 to = from + columns < plan->panel_count ? from + columns : plan->panel_count;

    for (size_t i = from; i < to; i++)
        plan->panels[i].row = (basin_rect){plan->panels[from].box.left, plan->panels[from].box.top,
                                           plan->panels[to - 1].box.right, plan->panels[from].box.bottom};
}

static basin_status set_boxes(basin_plan *plan, basin_canvas *canvas, const grid *g)
{
    basin_status st = BASIN_OK;
    double       y = g->head;

    for (size_t r = 0; r < g->rows; r++) {
        double x = PAD + plan->margin.left;
        y += g->top[r] + (r > 0 ? BETWEEN : 0);
        for (size_t c = 0; c < g->columns; c++) {
            size_t i = r * g->columns + c;
            x += g->left[c];
            if (i < plan->panel_count) {
                basin_panel *panel = &plan->panels[i];
                panel->box = (basin_rect){x, y, x + g->width, y + g->heights[r]};
                if (panel->equal) { /* as large as fits with equal units, in the middle */
                    double ratio = (panel->y.high - panel->y.low) / (panel->x.high - panel->x.low);
                    double w = fmin(g->width, g->heights[r] / ratio), h = w * ratio;
                    double above = (g->heights[r] - h) / 2;
                    panel->box = (basin_rect){x + (g->width - w) / 2, y + above, x + (g->width + w) / 2,
                                              y + above + h};
                }
                basin_axes_ticks(panel, canvas, panel->box.right - panel->box.left,
                                 panel->box.bottom - panel->box.top, &panel->x_ticks, &panel->y_ticks);
                if (panel->scene != NULL) BASIN_TRY(basin_scene_fit(panel, canvas));
            }
            x += g->width + g->right[c] + BETWEEN;
        }
        span_row(plan, g->columns, r);
        y += g->heights[r] + g->bottom[r];
    }
    plan->plots = (basin_rect){PAD + plan->margin.left + g->left[0], g->head + g->top[0],
                               plan->width - PAD - plan->margin.right - g->right[g->columns - 1],
                               y - g->bottom[g->rows - 1]};
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- drawing -- */

/* Rules first, which a legend may cover if it must; then the data, which it may not. Returns the moment
   between. */
static basin_moment draw_marks(const basin_panel *panel, basin_canvas *canvas)
{
    basin_view   view = {.x = &panel->x, .y = &panel->y, .box = panel->box};
    basin_moment between = basin_canvas_now(canvas);

    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < panel->mark_count; i++)
            if ((panel->marks[i].type == &basin_mark_rule) == (pass == 0))
                panel->marks[i].type->draw(&panel->marks[i], &view, canvas);
        if (pass == 0) between = basin_canvas_now(canvas);
    }
    return between;
}

/* The largest of a few sizes that finds an empty place; its own axes and title stand inside that place. */
static void draw_inset(basin_panel *inset, basin_canvas *canvas, basin_moment from, const basin_rect *plot)
{
    static const double sizes[][2] = {{0.62, 0.62}, {0.62, 0.5}, {0.54, 0.54},
                                      {0.54, 0.46}, {0.46, 0.5}, {0.46, 0.42}};
    double              width = plot->right - plot->left, height = plot->bottom - plot->top;
    basin_rect          place;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double w = sizes[i][0] * width, h = sizes[i][1] * height;
        if (w < 60 || h < 40 || !basin_empty_place(canvas, from, plot, w, h, &place)) continue;
        basin_axes_ticks(inset, canvas, w - 30, h - 25, &inset->x_ticks, &inset->y_ticks);
        inset->height = h - 25;
        margins m = measure(canvas, inset, w - 30);
        inset->box = (basin_rect){place.left + m.left + 2, place.top + m.top + 1, place.right - m.right - 1,
                                  place.bottom - m.bottom - 2};
        basin_axes_ticks(inset, canvas, inset->box.right - inset->box.left,
                         inset->box.bottom - inset->box.top, &inset->x_ticks, &inset->y_ticks);
        basin_canvas_box(canvas, place, basin_white, 0);
        basin_axes_draw(inset, canvas);
        draw_marks(inset, canvas);
        basin_axes_frame(inset, canvas);
        if (inset->title != NULL)
            basin_canvas_text(canvas, inset->title, (inset->box.left + inset->box.right) / 2,
                              inset->box.top - title_gap(inset, canvas),
                              &(basin_type){.color = basin_black, .across = 0.5, .down = 1});
        return;
    }
}

/* As measured: a plot of equal units may be smaller than `width`, that of its column. */
static void draw_labels(const basin_panel *panel, basin_canvas *canvas, double width)
{
    const basin_rect *b = &panel->box;
    double            middle = (b->left + b->right) / 2;
    double            size = basin_canvas_font_size(canvas);
    basin_type        type = {.color = basin_black, .across = 0.5, .width = x_label_room(panel, width)};
    char              room[512];

    double y = b->bottom + x_axis_height(canvas, panel, width);
    if (panel->x_label != NULL && !panel->no_x) {
        basin_canvas_text(canvas, x_text(panel, room),
                          panel->across ? (panel->row.left + panel->row.right) / 2 : middle,
                          y - text_height(canvas, x_text(panel, room), 0, type.width), &type);
    }
    for (size_t i = 0; i < panel->note_count; i++) {
        const basin_panel_note *note = &panel->notes[i];
        y += i == 0 ? 2 : 0;
        basin_canvas_text(canvas, note->text, middle, y,
                          &(basin_type){.size = BASIN_NOTE_SIZE * size,
                                        .color = note->warning ? basin_warning : basin_black,
                                        .across = 0.5,
                                        .width = width + NOTE_OVER});
        y += text_height(canvas, note->text, BASIN_NOTE_SIZE * size, width + NOTE_OVER);
    }
    if (panel->y_label != NULL) {
        double     numbers = panel->no_y ? 0 : 1.5 + widest_on_y(canvas, panel);
        basin_type turned = upright;
        turned.angle = -acos(0);
        turned.width = y_label_room(canvas, panel);
        double across = text_height(canvas, panel->y_label, 0, turned.width);
        basin_canvas_text(canvas, panel->y_label, b->left - BASIN_TICK - numbers - 2.5 - across / 2,
                          (b->top + b->bottom) / 2, &turned);
    }
}

/* Whether the legend found its place. */
static bool draw_panel(const basin_plan *plan, basin_panel *panel, basin_canvas *canvas, double width)
{
    basin_legend legend = {0};
    double       above = panel->box.top - title_gap(panel, canvas);
    bool         found = true;

    if (panel->scene == NULL) basin_axes_draw(panel, canvas);
    basin_moment start = panel->scene != NULL ? basin_scene_draw(panel, canvas) : basin_canvas_now(canvas);
    basin_moment from = draw_marks(panel, canvas);
    basin_bar_draw(panel, canvas);
    if (panel->inset != NULL) draw_inset(panel->inset, canvas, start, &panel->box);
    if (!plan->legend_shared) collect(plan, panel, &legend);
    if (legend.count > 0 && panel->legend_above) {
        above -= basin_legend_rows(canvas, &legend, 0, 0, panel->box.right - panel->box.left, false);
        basin_legend_rows(canvas, &legend, panel->box.left, above, panel->box.right - panel->box.left, true);
    } else if (legend.count > 0) {
        found = basin_legend_inside(canvas, &legend, start, &panel->box, false) ||
                (panel->scene == NULL && basin_legend_inside(canvas, &legend, from, &panel->box, true));
    }
    if (panel->scene == NULL) basin_axes_frame(panel, canvas);
    if (panel->empty != NULL)
        basin_canvas_text(canvas, panel->empty, (panel->box.left + panel->box.right) / 2,
                          (panel->box.top + panel->box.bottom) / 2,
                          &(basin_type){.color = basin_grey,
                                        .across = 0.5,
                                        .down = 0.5,
                                        .width = panel->box.right - panel->box.left});
    if (panel->title != NULL)
        basin_canvas_text(
            canvas, panel->title, (panel->box.left + panel->box.right) / 2, above,
            &(basin_type){.color = panel->title_color != NULL ? *panel->title_color : basin_black,
                          .across = 0.5,
                          .down = 1,
                          .width = width});
    draw_labels(panel, canvas, width);
    return found;
}

void basin_footer_draw(basin_plan *plan, basin_canvas *canvas, const char *footer, double bottom)
{
    const double inner = plan->width - 2 * PAD;
    basin_type   type = {.size = BASIN_FOOTER_SIZE, .color = basin_grey, .across = 1, .down = 1};
    char        *text = basin_plan_text(plan, "%s", footer);
    const char  *shown = text;
    double       width, height;

    basin_canvas_measure(canvas, shown, &type, &width, &height);
    for (char *end; width > inner && (end = strrchr(text, ' ')) != NULL;) {
        *end = '\0';
        shown = basin_plan_text(plan, "%s …", text);
        basin_canvas_measure(canvas, shown, &type, &width, &height);
    }
    type.width = width > inner ? inner : 0, type.one_line = width > inner; /* one word wider than the page */
    basin_canvas_text(canvas, shown, plan->width - PAD, bottom, &type);
}

static basin_status draw_outer(basin_plan *plan, basin_canvas *canvas, const grid *g, const char *footer,
                               double page)
{
    basin_status st = BASIN_OK;
    double       inner = plan->width - 2 * PAD, y = PAD, bottom = page - PAD;

    if (plan->options->title != NULL) {
        basin_type type = {
            .size = 1.125 * plan->font_size, .color = basin_black, .across = 0.5, .width = inner};
        basin_canvas_text(canvas, plan->options->title, plan->width / 2, y, &type);
        y += text_height(canvas, plan->options->title, type.size, inner) + 3;
    }
    if (plan->warning != NULL) {
        basin_canvas_text(canvas, plan->warning, plan->width / 2, y,
                          &(basin_type){.color = basin_warning, .across = 0.5, .width = inner});
        y += text_height(canvas, plan->warning, 0, inner) + 2;
    }
    if (plan->legend_shared) {
        basin_legend legend = {0};
        for (size_t i = 0; i < plan->panel_count; i++) collect(plan, &plan->panels[i], &legend);
        basin_legend_rows(canvas, &legend, legend_left(plan, g), y, plan->width - PAD - legend_left(plan, g),
                          true);
    }
    if (footer != NULL) {
        basin_footer_draw(plan, canvas, footer, bottom);
        bottom -= text_height(canvas, "0", BASIN_FOOTER_SIZE, 0) + 2;
    }
    if (plan->note != NULL) {
        basin_canvas_text(canvas, plan->note, plan->width / 2, bottom,
                          &(basin_type){.size = BASIN_NOTE_SIZE * plan->font_size,
                                        .color = basin_black,
                                        .across = 0.5,
                                        .down = 1,
                                        .width = inner});
        bottom -= text_height(canvas, plan->note, BASIN_NOTE_SIZE * plan->font_size, inner) + 3;
    }
    if (plan->table != NULL) { /* its height first: it stands on what is below it */
        BASIN_TRY(basin_plan_table_draw(plan->table, canvas, PAD, 0, inner, false, &y));
        BASIN_TRY(basin_plan_table_draw(plan->table, canvas, PAD, bottom - y, inner, true, &y));
    }
done:
    return st;
}

static basin_status check_scale(const char *axis, const basin_plot_scale *scale)
{
    return basin_scale_drawable(scale)
               ? BASIN_OK
               : basin_fail(BASIN_ERR_VALUE,
                            "a figure's axis %s cannot run from %g to %g: the values of the result are too "
                            "close to each other, too large or too small to be told apart",
                            axis, scale->low, scale->high);
}

static basin_status check_scales(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->panel_count; i++) {
        const basin_panel *panel = &plan->panels[i];
        if (panel->scene == NULL) BASIN_TRY(check_scale("x", &panel->x));
        if (panel->scene == NULL && !panel->bare) BASIN_TRY(check_scale("y", &panel->y));
        if (panel->bar != NULL) BASIN_TRY(check_scale("of colours", &panel->bar->scale));
        if (panel->inset == NULL) continue;
        BASIN_TRY(check_scale("x", &panel->inset->x));
        BASIN_TRY(check_scale("y", &panel->inset->y));
    }
done:
    return st;
}

/* Where the options say that legends stand. */
static void place_legends(basin_plan *plan)
{
    for (size_t i = 0; i < plan->panel_count; i++) {
        basin_legend legend = {0};
        if (!plan->legend_shared) collect(plan, &plan->panels[i], &legend);
        if (plan->options->legend == BASIN_LEGEND_ABOVE) plan->panels[i].legend_above = legend.count > 0;
    }
}

basin_status basin_plan_draw(basin_plan *plan, const char *footer, basin_canvas **out)
{
    basin_status  st = BASIN_OK;
    basin_canvas *canvas = NULL;
    grid   g = {.columns = plan->columns, .rows = (plan->panel_count + plan->columns - 1) / plan->columns};
    bool   again = true;
    double page = 0;

    BASIN_CHECK(g.rows <= MAX_GRID && g.columns <= MAX_GRID, BASIN_ERR_ARG,
                "a figure of %zu panels; at most %d rows", plan->panel_count, MAX_GRID);
    BASIN_TRY(check_scales(plan));
    BASIN_TRY(basin_canvas_create(plan->width, 72,
                                  plan->options->font != NULL ? plan->options->font : BASIN_FONT,
                                  plan->font_size, &canvas));
    basin_canvas_dress(canvas, plan->options->dark, plan->options->magnify > 0 ? plan->options->magnify : 1);
    place_legends(plan);
    while (again) {
        again = false;
        basin_canvas_rewind(canvas, (basin_moment){0});
        g.width = fmax(plan->width / (double)g.columns - 45, 30);
        /* two to find the size; then margins may only grow, so that it settles */
        for (size_t pass = 0; pass < 5; pass++) {
            if (pass < 2) reset_margins(&g);
            sum_margins(plan, canvas, &g);
            BASIN_TRY(arrange(plan, canvas, footer, &g, &page));
        }
        BASIN_TRY(set_boxes(plan, canvas, &g));
        basin_canvas_resize(canvas, plan->width, page);
        BASIN_TRY(draw_outer(plan, canvas, &g, footer, page));
        for (size_t i = 0; i < plan->panel_count; i++) {
            basin_panel *panel = &plan->panels[i];
            if (draw_panel(plan, panel, canvas, g.width) || panel->legend_above) continue;
            panel->legend_above = again = true;
        }
        BASIN_TRY(basin_canvas_status(canvas));
    }
    *out = canvas, canvas = NULL;
done:
    basin_canvas_destroy(&canvas);
    return st;
}
