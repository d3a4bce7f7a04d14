/* Axes: thin, with outward ticks; numbers chosen so that no two touch. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/plan.h"

static const basin_pen axis_pen = {.color = {0.25, 0.25, 0.25}, .width = 0.5};
static const basin_pen grid_pen = {.color = {0.91, 0.91, 0.91}, .width = 0.4};

/* Room between neighbours' numbers, points; negative when they would touch. */
static double tightest(basin_canvas *canvas, const basin_plot_scale *scale, const basin_ticks *ticks,
                       double length, bool across)
{
    double last = -INFINITY, least = INFINITY;

    for (size_t i = 0; i < ticks->count; i++) {
        double width, height;
        if (ticks->tick[i].label[0] == '\0') continue;
        basin_canvas_measure(canvas, ticks->tick[i].label, &(basin_type){0}, &width, &height);
        double at = basin_scale_at(scale, ticks->tick[i].value) * length;
        double half = (across ? width : height * 0.8) / 2;
        least = fmin(least, at - half - last);
        last = at + half;
    }
    return least;
}

/* The last resort: a number that touches the one before it goes. */
static void drop_touching(basin_canvas *canvas, const basin_plot_scale *scale, basin_ticks *ticks,
                          double length, bool across)
{
    double last = -INFINITY;

    for (size_t i = 0; i < ticks->count; i++) {
        double width, height;
        if (ticks->tick[i].label[0] == '\0') continue;
        basin_canvas_measure(canvas, ticks->tick[i].label, &(basin_type){0}, &width, &height);
        double at = basin_scale_at(scale, ticks->tick[i].value) * length;
        double half = (across ? width : height * 0.8) / 2;
        if (at - half < last + 2)
            ticks->tick[i].label[0] = '\0';
        else
            last = at + half;
    }
}

static double step_of(const basin_ticks *ticks)
{
    return ticks->count > 1 ? ticks->tick[1].value - ticks->tick[0].value : 0;
}

/* As many numbers as fit, no closer than `least` apart in value. */
static void fitting_ticks(basin_canvas *canvas, const basin_plot_scale *scale, double length, bool across,
                          double least, basin_ticks *out)
{
    double size = basin_canvas_font_size(canvas);
    size_t wanted = (size_t)fmax(2, length / (across ? 3.2 * size : 1.8 * size));

    for (wanted = wanted < 12 ? wanted : 12; wanted > 1; wanted--) {
        basin_scale_ticks(scale, wanted, out);
        if (step_of(out) < least && wanted > 2) continue;
        if (tightest(canvas, scale, out, length, across) >= (across ? 0.6 * size : 0.2 * size)) return;
    }
    basin_scale_ticks(scale, 1, out);
    if (tightest(canvas, scale, out, length, across) >= 2) return;
    drop_touching(canvas, scale, out, length, across);
}

/* What counts has no half: ticks between whole numbers go, and the others are written whole. */
static void keep_whole(basin_ticks *ticks)
{
    size_t kept = 0;

    for (size_t i = 0; i < ticks->count; i++) {
        basin_tick tick = ticks->tick[i];
        if (fabs(tick.value - round(tick.value)) > 1e-9) continue;
        char *point = ticks->exponent == 0 ? strchr(tick.label, '.') : NULL;
        if (point != NULL) *point = '\0';
        ticks->tick[kept++] = tick;
    }
    ticks->count = kept;
}

void basin_axes_ticks(const basin_panel *panel, basin_canvas *canvas, double width, double height,
                      basin_ticks *x, basin_ticks *y)
{
    *x = *y = (basin_ticks){0};
    if (panel->scene != NULL) return;
    if (panel->tick_count == 0) fitting_ticks(canvas, &panel->x, width, true, panel->counted ? 1 : 0, x);
    if (panel->counted) keep_whole(x);
    if (!panel->bare && (panel->empty == NULL || panel->numbered) && panel->name_count == 0)
        fitting_ticks(canvas, &panel->y, height, false, panel->equal ? 0.99 * step_of(x) : 0, y);
}

void basin_axes_frame(const basin_panel *panel, basin_canvas *canvas)
{
    const basin_rect *b = &panel->box;

    if (panel->framed) {
        basin_canvas_stroke(
            canvas, (double[]){b->left, b->top, b->right, b->top, b->right, b->bottom, b->left, b->bottom}, 4,
            true, &axis_pen);
    } else {
        if (!panel->bare) basin_canvas_line(canvas, b->left, b->top, b->left, b->bottom, &axis_pen);
        basin_canvas_line(canvas, b->left, b->bottom, b->right, b->bottom, &axis_pen);
    }
}

static bool words_fit(basin_canvas *canvas, const char *text, double size, double slot)
{
    char   word[128];
    double width, height;

    for (; *text != '\0'; text += strspn(text, " \n")) {
        size_t length = strcspn(text, " \n");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        basin_canvas_measure(canvas, word, &(basin_type){.size = size}, &width, &height);
        if (length >= sizeof word || width > slot) return false;
        text += length;
    }
    return true;
}

basin_type basin_axes_name_type(const basin_panel *panel, basin_canvas *canvas, double width)
{
    enum { LONGEST = 90 }; /* points, of an upright name */
    double     size = basin_canvas_font_size(canvas);
    double     slot = width / (double)(panel->tick_count > 0 ? panel->tick_count : 1);
    basin_type type = {.size = size, .color = basin_black, .across = 0.5};

    if (panel->tick_color == NULL) return type;
    type.width = slot;
    for (size_t step = 0; step <= 4; step++) { /* down to three quarters of the size */
        bool fit = true;
        type.size = size * (1 - (double)step / 16);
        for (size_t i = 0; i < panel->tick_count && fit; i++)
            fit = words_fit(canvas, panel->tick_label[i], type.size, slot - 1);
        if (fit) return type;
    }
    type = (basin_type){
        .size = fmin(size, 0.8 * slot), .color = basin_black, .across = 1, .down = 0.5, .angle = -acos(0)};
    /* in lines, if that many stand side by side */
    for (type.width = LONGEST / 3.0; type.width < LONGEST; type.width += 5) {
        bool fit = true;
        for (size_t i = 0; i < panel->tick_count && fit; i++) {
            double length, across;
            basin_canvas_measure(canvas, panel->tick_label[i], &type, &length, &across);
            fit = across < slot && words_fit(canvas, panel->tick_label[i], type.size, type.width);
        }
        if (fit) return type;
    }
    type.one_line = true;
    return type;
}

double basin_axes_names_height(const basin_panel *panel, basin_canvas *canvas, double width)
{
    basin_type type = basin_axes_name_type(panel, canvas, width);
    double     tallest = 0, across, height;

    for (size_t i = 0; i < panel->tick_count; i++) {
        basin_canvas_measure(canvas, panel->tick_label[i], &type, &across, &height);
        tallest = fmax(tallest, type.angle != 0 ? across : height);
    }
    return tallest;
}

/* Whether the i-th name would touch one that is listed before it. */
static bool touches_a_name(const basin_panel *panel, basin_canvas *canvas, size_t i)
{
    const double width = panel->box.right - panel->box.left;
    double       mine, other, height;

    basin_canvas_measure(canvas, panel->tick_label[i], &(basin_type){0}, &mine, &height);
    for (size_t k = 0; k < i; k++) {
        const double apart =
            fabs(basin_scale_at(&panel->x, panel->tick_at[i]) - basin_scale_at(&panel->x, panel->tick_at[k]));
        basin_canvas_measure(canvas, panel->tick_label[k], &(basin_type){0}, &other, &height);
        if (apart * width < (mine + other) / 2 + 2) return true;
    }
    return false;
}

/* Plain names that would touch the one before them are left out; coloured ones stand in their slots. */
static void names_on_x(const basin_panel *panel, basin_canvas *canvas, double label_top)
{
    const basin_rect *b = &panel->box;
    basin_type        type = basin_axes_name_type(panel, canvas, b->right - b->left);

    for (size_t i = 0; i < panel->tick_count; i++) {
        const double x = b->left + basin_scale_at(&panel->x, panel->tick_at[i]) * (b->right - b->left);
        if (!(x >= b->left - 0.5) || !(x <= b->right + 0.5)) continue;
        basin_canvas_line(canvas, x, b->bottom, x, b->bottom + BASIN_TICK, &axis_pen);
        if (panel->tick_color != NULL) type.color = panel->tick_color[i];
        if (panel->no_x || (panel->tick_color == NULL && touches_a_name(panel, canvas, i))) continue;
        basin_canvas_text(canvas, panel->tick_label[i], x, label_top, &type);
    }
}

static void x_axis(const basin_panel *panel, basin_canvas *canvas)
{
    const basin_rect *b = &panel->box;
    double            size = basin_canvas_font_size(canvas), label_top = b->bottom + BASIN_TICK + 1;

    for (size_t i = 0; i < panel->x_ticks.count; i++) {
        const basin_tick *tick = &panel->x_ticks.tick[i];
        double            x = b->left + basin_scale_at(&panel->x, tick->value) * (b->right - b->left);
        basin_canvas_line(canvas, x, b->bottom, x,
                          b->bottom + (tick->label[0] != '\0' ? BASIN_TICK : BASIN_TICK / 2), &axis_pen);
        if (!panel->no_x)
            basin_canvas_text(canvas, tick->label, x, label_top,
                              &(basin_type){.color = basin_black, .across = 0.5});
    }
    names_on_x(panel, canvas, label_top);
    const bool told = panel->x_label != NULL || panel->across; /* the label says it, or that of the row */
    if (!panel->no_x && !told && panel->x_ticks.exponent != 0) {
        char power[BASIN_NUMBER_ROOM], text[BASIN_NUMBER_ROOM + 8];
        snprintf(text, sizeof text, "×%s", basin_number_power(panel->x_ticks.exponent, power));
        basin_canvas_text(canvas, text, b->right, label_top + 1.25 * size,
                          &(basin_type){.color = basin_black, .across = 1});
    }
}

static void names_on_y(const basin_panel *panel, basin_canvas *canvas)
{
    const basin_rect *b = &panel->box;

    for (size_t i = 0; i < panel->name_count && !panel->no_y; i++)
        basin_canvas_text(canvas, panel->name_label[i], b->left - BASIN_TICK - 1.5,
                          b->bottom - basin_scale_at(&panel->y, panel->name_at[i]) * (b->bottom - b->top),
                          &(basin_type){.color = panel->name_color[i], .across = 1, .down = 0.5});
}

static void y_axis(const basin_panel *panel, basin_canvas *canvas)
{
    const basin_rect *b = &panel->box;

    for (size_t i = 0; i < panel->y_ticks.count; i++) {
        const basin_tick *tick = &panel->y_ticks.tick[i];
        double            y = b->bottom - basin_scale_at(&panel->y, tick->value) * (b->bottom - b->top);
        bool              labelled = tick->label[0] != '\0';
        if (panel->grid && labelled && y < b->bottom - 1)
            basin_canvas_line(canvas, b->left, y, b->right, y, &grid_pen);
        basin_canvas_line(canvas, b->left - (labelled ? BASIN_TICK : BASIN_TICK / 2), y, b->left, y,
                          &axis_pen);
        if (!panel->no_y)
            basin_canvas_text(canvas, tick->label, b->left - BASIN_TICK - 1.5, y,
                              &(basin_type){.color = basin_black, .across = 1, .down = 0.5});
    }
    names_on_y(panel, canvas);
    if (!panel->no_y && panel->y_ticks.exponent != 0) {
        char power[BASIN_NUMBER_ROOM], text[BASIN_NUMBER_ROOM + 8];
        snprintf(text, sizeof text, "×%s", basin_number_power(panel->y_ticks.exponent, power));
        /* right of the axis: the highest number may stand at its end */
        basin_canvas_text(canvas, text, b->left + 1, b->top - 2,
                          &(basin_type){.color = basin_black, .down = 1});
    }
}

void basin_axes_draw(const basin_panel *panel, basin_canvas *canvas)
{
    if (!panel->bare) y_axis(panel, canvas);
    x_axis(panel, canvas);
}

/* ------------------------------------------------------------------------------------------ colour bar -- */

enum { BAR_GAP = 6, BAR = 7, BAR_OVER = 8 /* how much longer than the bar its label may be */ };

static void bar_ticks(const basin_panel *panel, basin_canvas *canvas, double height, basin_ticks *ticks)
{
    fitting_ticks(canvas, &panel->bar->scale, height, false, 0, ticks);
    const double room = 1.1 * basin_canvas_font_size(canvas);
    for (size_t i = 0; i < ticks->count; i++) { /* leave the ends to their own labels */
        const double up = basin_scale_at(&panel->bar->scale, ticks->tick[i].value) * height;
        if ((isfinite(panel->bar->cap) && height - up < room) || (isfinite(panel->bar->floor) && up < room))
            ticks->tick[i].label[0] = '\0';
    }
}

/* What the upper or lower end stands for where values are beyond it; "" where none is. */
static const char *end_text(const basin_paint *paint, bool upper, char text[BASIN_NUMBER_ROOM + 8])
{
    const double end = upper ? paint->cap : paint->floor;

    text[0] = '\0';
    if (isfinite(end))
        snprintf(text, BASIN_NUMBER_ROOM + 8, "%s %s", upper ? ">" : "<", BASIN_NUMBER(end, 3));
    return text;
}

static const char *power_text(int exponent, char text[BASIN_NUMBER_ROOM + 8])
{
    char power[BASIN_NUMBER_ROOM];

    snprintf(text, BASIN_NUMBER_ROOM + 8, "×%s", basin_number_power(exponent, power));
    return text;
}

/* A plot of equal units does not know its height at first. */
static double bar_label_room(const basin_panel *panel)
{
    return panel->height > 0 ? panel->height + BAR_OVER : 0;
}

static double bar_label_width(const basin_panel *panel, basin_canvas *canvas)
{
    double width = 0, height = 0;

    if (panel->bar_label != NULL)
        basin_canvas_measure(canvas, panel->bar_label,
                             &(basin_type){.across = 0.5, .width = bar_label_room(panel)}, &width, &height);
    return height > 0 ? height + 2 : 0;
}

double basin_bar_width(const basin_panel *panel, basin_canvas *canvas)
{
    basin_ticks ticks;
    double      widest = 0, width, height;
    char        text[BASIN_NUMBER_ROOM + 8];

    if (panel->bar == NULL) return 0;
    bar_ticks(panel, canvas, panel->height, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        basin_canvas_measure(canvas, ticks.tick[i].label, &(basin_type){0}, &width, &height);
        widest = fmax(widest, width);
    }
    for (int upper = 0; upper < 2; upper++) {
        basin_canvas_measure(canvas, end_text(panel->bar, upper, text), &(basin_type){0}, &width, &height);
        widest = fmax(widest, width);
    }
    return BAR_GAP + BAR + BASIN_TICK + 1.5 + widest + bar_label_width(panel, canvas);
}

int basin_bar_exponent(const basin_panel *panel, basin_canvas *canvas)
{
    basin_ticks ticks = {0};

    if (panel->bar != NULL) bar_ticks(panel, canvas, panel->height, &ticks);
    return ticks.exponent;
}

/* A point at each end that values are beyond. */
static void bar_ends(const basin_panel *panel, basin_canvas *canvas)
{
    const basin_paint *paint = panel->bar;
    const double       left = panel->box.right + BAR_GAP, top = panel->box.top, bottom = panel->box.bottom;

    if (isfinite(paint->cap))
        basin_canvas_fill(canvas, (double[]){left, top, left + BAR, top, left + BAR / 2.0, top - 4}, 3,
                          basin_paint_color(paint, paint->cap), 0);
    const double low[] = {left, bottom, left + BAR, bottom, left + BAR / 2.0, bottom + 4};
    if (isfinite(paint->floor)) basin_canvas_fill(canvas, low, 3, basin_paint_color(paint, paint->floor), 0);
    basin_canvas_data(canvas, false);
    /* the dark end of a map is dark on a dark ground: its outline shows */
    if (isfinite(paint->floor)) basin_canvas_stroke(canvas, low, 3, true, &axis_pen);
}

void basin_bar_draw(const basin_panel *panel, basin_canvas *canvas)
{
    enum { STEPS = 96 };
    const basin_paint *paint = panel->bar;
    double             left = panel->box.right + BAR_GAP, top = panel->box.top;
    double             height = panel->box.bottom - top;
    basin_ticks        ticks;
    char               text[BASIN_NUMBER_ROOM + 8];

    if (paint == NULL) return;
    bar_ticks(panel, canvas, height, &ticks);
    basin_canvas_data(canvas, true);
    for (size_t i = 0; i < STEPS; i++) { /* from the top; each reaches under the next */
        double value = basin_scale_value(&paint->scale, 1 - ((double)i + 0.5) / STEPS);
        double y = top + height * (double)i / STEPS;
        basin_canvas_box(canvas,
                         (basin_rect){left, y, left + BAR, fmin(y + height / STEPS + 4, panel->box.bottom)},
                         basin_paint_color(paint, value), 0);
    }
    bar_ends(panel, canvas);
    basin_canvas_stroke(canvas,
                        (double[]){left, top, left + BAR, top, left + BAR, top + height, left, top + height},
                        4, true, &axis_pen);
    for (size_t i = 0; i < ticks.count; i++) {
        double y = top + height * (1 - basin_scale_at(&paint->scale, ticks.tick[i].value));
        basin_canvas_line(canvas, left + BAR, y,
                          left + BAR + (ticks.tick[i].label[0] != '\0' ? BASIN_TICK : BASIN_TICK / 2), y,
                          &axis_pen);
        basin_canvas_text(canvas, ticks.tick[i].label, left + BAR + BASIN_TICK + 1.5, y,
                          &(basin_type){.color = basin_black, .down = 0.5});
    }
    if (ticks.exponent != 0) {
        /* left of the numbers, of which one may stand at the end */
        basin_canvas_text(canvas, power_text(ticks.exponent, text), left + BAR,
                          top - (isfinite(paint->cap) ? 5 : 2),
                          &(basin_type){.color = basin_black, .across = 1, .down = 1});
    }
    for (int upper = 0; upper < 2; upper++)
        basin_canvas_text(canvas, end_text(paint, upper, text), left + BAR + BASIN_TICK + 1.5,
                          upper ? top : top + height, &(basin_type){.color = basin_black, .down = 0.5});
    if (panel->bar_label != NULL) {
        double x = panel->box.right + basin_bar_width(panel, canvas) - bar_label_width(panel, canvas) / 2;
        basin_canvas_text(canvas, panel->bar_label, x, top + height / 2,
                          &(basin_type){.color = basin_black,
                                        .across = 0.5,
                                        .down = 0.5,
                                        .width = bar_label_room(panel),
                                        .angle = -acos(0)});
    }
}
