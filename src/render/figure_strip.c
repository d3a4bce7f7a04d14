/* Methods side by side: a column for each, a row for each kind of result, and a table of numbers below.
 *
 * Method
 *   1. A result's column is that of its label or else of its checkpoint's method; its row is what was
 *      computed: a plane or a line along the same directions, a spectrum of the same operator.
 *   2. Each row is planned by the figure that there is of its results together (heat and contour, lines,
 *      density or stem), so that all its cells have one scale; its marks are then dealt out to the columns.
 *      A cell without a result says so.
 *   3. The table is of a comparison: mean and interval of each measure for each column's group.
 */
#include <math.h>
#include <string.h>

#include "render/comparison.h"

typedef enum row_kind { PLANE, LINE, DENSITY, STEM, ROW_KINDS } row_kind;

typedef struct strip_row {
    row_kind            kind;
    const basin_result *first;
    size_t             *cell; /* [columns] the result, from 1; 0 = none */
} strip_row;

typedef struct strip {
    basin_grouping          columns;
    size_t                  row_count;
    strip_row              *rows;
    const basin_comparison *comparison; /* NULL = none */
} strip;

bool basin_figure_mixes(const char *kind)
{
    return kind != NULL && strcmp(kind, "strip") == 0;
}

/* --------------------------------------------------------------------------------------- rows, columns -- */

static basin_status check_kind(const basin_result *r, size_t number)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(r->kind == BASIN_RESULT_SLICE || r->kind == BASIN_RESULT_SPECTRUM, BASIN_ERR_ARG,
                "figure strip: number %zu is a %s; it takes slices, spectra and one comparison", number,
                basin_result_name(r->kind));
done:
    return st;
}

static row_kind kind_of(const basin_result *r)
{
    if (r->kind == BASIN_RESULT_SLICE) return ((const basin_slice *)r->value)->axis_count == 2 ? PLANE : LINE;
    return ((const basin_spectrum *)r->value)->method == BASIN_SPECTRUM_SLQ ? DENSITY : STEM;
}

/* The comparison leaves the plan's results, which are then one a cell. */
static basin_status set_comparison_aside(basin_plan *plan, strip *s)
{
    basin_status          st = BASIN_OK;
    basin_figure_options *options = NULL;
    const basin_result  **results = NULL;
    const char          **labels = NULL;
    size_t                n = 0, first = 0;

    BASIN_PLAN_ALLOC(plan, options, 1);
    BASIN_PLAN_ALLOC(plan, results, plan->count);
    BASIN_PLAN_ALLOC(plan, labels, plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->results[i]->kind != BASIN_RESULT_COMPARISON) {
            BASIN_TRY(check_kind(plan->results[i], i + 1));
            labels[n] = plan->options->labels != NULL ? plan->options->labels[i] : NULL;
            results[n++] = plan->results[i];
            continue;
        }
        BASIN_CHECK(s->comparison == NULL, BASIN_ERR_ARG,
                    "figure strip: numbers %zu and %zu are comparisons; its table is of one", first, i + 1);
        s->comparison = plan->results[i]->value, first = i + 1;
    }
    BASIN_CHECK(n > 0, BASIN_ERR_ARG,
                "figure strip: a comparison alone has no panels; name slices or spectra as well");
    *options = *plan->options;
    if (options->labels != NULL) options->labels = labels;
    plan->options = options, plan->results = results, plan->beside = plan->count - n, plan->count = n;
done:
    return st;
}

static bool same_row(const strip_row *row, row_kind kind, const basin_result *r)
{
    if (kind != row->kind) return false;
    if (r->kind == BASIN_RESULT_SPECTRUM) {
        const basin_spectrum *a = row->first->value, *b = r->value;
        return a->operator_kind == b->operator_kind && a->preconditioned == b->preconditioned;
    }
    const basin_slice *a = row->first->value, *b = r->value;
    if (a->axis_count != b->axis_count) return false;
    for (size_t k = 0; k < a->axis_count; k++)
        if (!basin_same_direction(&a->axes[k], &b->axes[k])) return false;
    return true;
}

static basin_status place_result(basin_plan *plan, strip *s, size_t i)
{
    basin_status   st = BASIN_OK;
    const row_kind kind = kind_of(plan->results[i]);
    size_t         r = 0, c = s->columns.of[i];

    while (r < s->row_count && !same_row(&s->rows[r], kind, plan->results[i])) r++;
    strip_row *row = &s->rows[r];
    if (r == s->row_count) {
        row->kind = kind, row->first = plan->results[i];
        BASIN_PLAN_ALLOC(plan, row->cell, s->columns.count);
        s->row_count++;
    }
    BASIN_CHECK(
        row->cell[c] == 0, BASIN_ERR_ARG,
        "figure strip: two results of one kind for column %s, of %s and of %s; leave one out, or give "
        "them columns of their own by --label",
        s->columns.series[c].label, basin_plan_origin(plan, row->cell[c] - 1), basin_plan_origin(plan, i));
    row->cell[c] = i + 1;
done:
    return st;
}

/* Planes first, then lines, then spectra; among these as they were given. */
static basin_status arrange(basin_plan *plan, strip *s)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(set_comparison_aside(plan, s));
    BASIN_TRY(basin_plan_groups(plan, &s->columns));
    BASIN_PLAN_ALLOC(plan, s->rows, plan->count);
    for (int kind = 0; kind < ROW_KINDS; kind++)
        for (size_t i = 0; i < plan->count; i++)
            if ((int)kind_of(plan->results[i]) == kind) BASIN_TRY(place_result(plan, s, i));
done:
    return st;
}

/* ---------------------------------------------------------------------------------------------- a row -- */

/* A plan of the row's results together, each in the look of its column. */
static basin_status start_part(basin_plan *plan, const strip *s, const strip_row *row, basin_plan *part)
{
    basin_status          st = BASIN_OK;
    basin_figure_options *options = NULL;
    const basin_result  **results = NULL;
    basin_series         *series = NULL;
    size_t                n = 0;

    BASIN_PLAN_ALLOC(plan, options, 1);
    BASIN_PLAN_ALLOC(plan, results, s->columns.count);
    BASIN_PLAN_ALLOC(plan, series, s->columns.count);
    for (size_t c = 0; c < s->columns.count; c++)
        if (row->cell[c] > 0)
            results[n] = plan->results[row->cell[c] - 1], series[n++] = s->columns.series[c];
    *options = *plan->options;
    options->kind = options->title = NULL, options->labels = NULL;
    options->y = row->kind == LINE ? "loss" : NULL;
    *part = (basin_plan){.results = results,
                         .count = n,
                         .options = options,
                         .variant = "",
                         .width = fmax(plan->width, 120 * (double)n), /* planes stay in one row */
                         .font_size = plan->font_size,
                         .apart = true,
                         .series = series};
done:
    return st;
}

/* The marks that are of the k-th result of a row, from 1, or of all; its own need no name. */
static basin_status deal_marks(basin_plan *plan, const basin_panel *from, size_t k, basin_panel *out)
{
    basin_status st = BASIN_OK;

    *out = *from;
    out->marks = NULL, out->mark_count = out->mark_room = 0, out->note_count = 0;
    out->inset = NULL; /* has no room in a cell */
    for (size_t i = 0; i < from->mark_count; i++) {
        basin_mark mark = from->marks[i];
        if (mark.of != 0 && mark.of != k) continue;
        if (mark.of != 0) mark.label = NULL;
        BASIN_TRY(basin_panel_add(plan, out, mark));
    }
done:
    return st;
}

/* Of a figure that draws its results over each other: the first panel, with the x axis of the last. */
static basin_status deal_panel(basin_plan *plan, const basin_plan *part, const strip_row *row,
                               size_t column_count, basin_panel *cells)
{
    basin_status       st = BASIN_OK;
    basin_panel        panel = part->panels[0];
    const basin_panel *last = &part->panels[part->panel_count - 1];

    panel.x_label = last->x_label, panel.no_x = last->no_x, panel.title = NULL;
    panel.tick_count = last->tick_count, panel.tick_at = last->tick_at, panel.tick_label = last->tick_label;
    for (size_t c = 0, k = 0; c < column_count; c++) {
        BASIN_TRY(deal_marks(plan, &panel, row->cell[c] > 0 ? ++k : SIZE_MAX, &cells[c]));
        cells[c].across = true;
        if (c > 0) cells[c].x_label = NULL;
    }
done:
    return st;
}

/* White lines at the levels of the contour figure over the colours of the heat map. */
static basin_status lay_lines(basin_plan *plan, const basin_panel *heat, const basin_panel *contour,
                              basin_panel *out)
{
    basin_status st = BASIN_OK;

    *out = *heat;
    out->marks = NULL, out->mark_count = out->mark_room = 0;
    for (size_t i = 0; i < heat->mark_count; i++) {
        BASIN_TRY(basin_panel_add(plan, out, heat->marks[i]));
        for (size_t j = 0; i == 0 && j < contour->mark_count; j++) {
            basin_mark lines = contour->marks[j];
            if (lines.type != &basin_mark_contour) continue;
            lines.paint = NULL, lines.size = 0;
            lines.pen = (basin_pen){.color = basin_white, .width = 0.45};
            BASIN_TRY(basin_panel_add(plan, out, lines));
        }
    }
done:
    return st;
}

/* All planes of one extent, and one bar at the right. */
static void share_plane(basin_panel *cells, const strip_row *row, size_t column_count)
{
    const basin_panel *with_bar = NULL, *any = NULL;
    basin_range        x = basin_range_start(), y = basin_range_start();

    for (size_t c = 0; c < column_count; c++) {
        if (row->cell[c] == 0) continue;
        any = any != NULL ? any : &cells[c];
        if (cells[c].bar != NULL) with_bar = &cells[c];
        basin_range_add(&x, cells[c].x.low), basin_range_add(&x, cells[c].x.high);
        basin_range_add(&y, cells[c].y.low), basin_range_add(&y, cells[c].y.high);
    }
    const basin_paint *bar = with_bar != NULL ? with_bar->bar : NULL;
    const char        *label = with_bar != NULL ? with_bar->bar_label : NULL;
    for (size_t c = 0; c < column_count; c++) {
        if (row->cell[c] == 0) {
            cells[c] = *any;
            if (c > 0) cells[c].x_label = NULL;
        }
        cells[c].bar = c + 1 == column_count ? bar : NULL;
        cells[c].bar_label = c + 1 == column_count ? label : NULL;
        cells[c].x = (basin_plot_scale){BASIN_SCALE_LINEAR, x.low, x.high, 0};
        cells[c].y = (basin_plot_scale){BASIN_SCALE_LINEAR, y.low, y.high, 0};
        cells[c].no_x = false, cells[c].title = NULL;
    }
}

static void caption_levels(basin_plan *plan, const basin_panel *contour)
{
    for (size_t i = 0; i < contour->mark_count; i++) {
        const basin_mark *mark = &contour->marks[i];
        if (mark->type != &basin_mark_contour) continue;
        basin_plan_caption(plan, " White lines are at");
        for (size_t k = 0; k < mark->count; k++)
            basin_plan_caption(plan, "%s %s", k > 0 ? "," : "", BASIN_NUMBER(mark->levels[k], 3));
        basin_plan_caption(plan, ".");
        return;
    }
}

static basin_status plan_planes(basin_plan *plan, const strip *s, const strip_row *row, basin_plan *heat,
                                basin_panel *cells)
{
    basin_status st = BASIN_OK;
    basin_plan   lines = {0};

    BASIN_TRY(start_part(plan, s, row, &lines));
    BASIN_TRY(basin_plan_heat(heat));
    BASIN_TRY(basin_plan_contour(&lines));
    for (size_t c = 0, k = 0; c < s->columns.count; c++) {
        if (row->cell[c] == 0) continue;
        BASIN_TRY(lay_lines(plan, &heat->panels[k], &lines.panels[k], &cells[c]));
        k++;
    }
    share_plane(cells, row, s->columns.count);
    caption_levels(heat, &lines.panels[0]);
    basin_free(lines.caption), lines.caption = NULL; /* says again what that of the heat map does */
done:
    basin_plan_adopt(plan, &lines);
    return st;
}

/* Numbers and label of y at the left, one height for all. */
static void finish_cells(const basin_plan *plan, const strip *s, const strip_row *row, basin_panel *cells)
{
    const double height = fmin(fmax(0.6 * plan->width / (double)s->columns.count, 60), 110);

    for (size_t c = 0; c < s->columns.count; c++) {
        cells[c].height = height;
        cells[c].no_y = c > 0;
        if (c > 0) cells[c].y_label = NULL;
        if (row->cell[c] == 0)
            cells[c].empty = "not measured", cells[c].mark_count = 0, cells[c].numbered = true;
    }
}

/* A row's own note, once. */
static void add_note(basin_plan *plan, const strip_row *row, const char *note)
{
    if (note == NULL) return;
    if (row->kind == PLANE) note = basin_plan_text(plan, "planes: %s", note);
    if (plan->note == NULL)
        plan->note = note;
    else if (strstr(plan->note, note) == NULL)
        plan->note = basin_plan_text(plan, "%s; %s", plan->note, note);
}

static basin_status plan_row(basin_plan *plan, const strip *s, size_t r, basin_panel *cells)
{
    static basin_status (*const figures[])(basin_plan *) = {
        [LINE] = basin_plan_lines, [DENSITY] = basin_plan_density, [STEM] = basin_plan_stem};
    basin_status     st = BASIN_OK;
    const strip_row *row = &s->rows[r];
    basin_plan       part = {0};

    BASIN_TRY(start_part(plan, s, row, &part));
    if (s->row_count > 1) basin_plan_caption(&part, " Row %zu: ", r + 1);
    if (row->kind == PLANE) {
        BASIN_TRY(plan_planes(plan, s, row, &part, cells));
    } else {
        BASIN_TRY(figures[row->kind](&part));
        BASIN_TRY(deal_panel(plan, &part, row, s->columns.count, cells));
    }
    finish_cells(plan, s, row, cells);
    add_note(plan, row, part.note);
done:
    basin_plan_adopt(plan, &part);
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

/* Which columns are of several checkpoints. */
static void caption_columns(basin_plan *plan, const strip *s)
{
    for (size_t c = 0; c < s->columns.count; c++) {
        size_t first = plan->count;
        for (size_t i = 0; i < plan->count; i++) {
            if (s->columns.of[i] != c) continue;
            if (first == plan->count) first = i;
            if (strcmp(basin_plan_origin(plan, i), basin_plan_origin(plan, first)) == 0) continue;
            basin_plan_caption(plan, " Column %s is of several checkpoints.", s->columns.series[c].label);
            break;
        }
    }
}

static void strip_caption(basin_plan *plan, const strip *s)
{
    for (size_t i = 0; i < plan->count; i++) {
        const basin_result *r = plan->results[i];
        if (r->kind == BASIN_RESULT_SLICE)
            basin_plan_stationarity(plan, i, &((const basin_slice *)r->value)->stationarity);
        else
            basin_plan_stationarity(plan, i, &((const basin_spectrum *)r->value)->stationarity);
    }
    caption_columns(plan, s);
}

basin_status basin_plan_strip(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    strip        s = {0};

    BASIN_TRY(arrange(plan, &s));
    BASIN_TRY(basin_plan_panels(plan, s.row_count * s.columns.count, s.columns.count));
    basin_plan_caption(plan, "Side by side:");
    for (size_t c = 0; c < s.columns.count; c++)
        basin_plan_caption(plan, "%s %s", c > 0 ? "," : "", s.columns.series[c].label);
    basin_plan_caption(plan, "; every row has one scale.");
    for (size_t r = 0; r < s.row_count; r++)
        BASIN_TRY(plan_row(plan, &s, r, &plan->panels[r * s.columns.count]));
    for (size_t c = 0; c < s.columns.count; c++)
        plan->panels[c].title = s.columns.series[c].label,
        plan->panels[c].title_color = &s.columns.series[c].look.color;
    plan->legend_shared = true;
    strip_caption(plan, &s);
    if (s.comparison != NULL) BASIN_TRY(basin_strip_table(plan, &s.columns, s.comparison));
done:
    return st;
}
