/* Methods against each other, one panel a measure. In the slot of a method every run is a dot, and beside
 * them stands the mean with its 95 % t-interval; where the measure was taken at polished or averaged points
 * too, these stand beside the raw ones, paler and hollow. Dots of one seed are joined where their pair is
 * tested. What the tests say, under the panels and in the caption, is in comparison_words.c.
 */
#include <math.h>
#include <string.h>

#include "render/comparison.h"

/* Without a choice of measures: one or two for each family, the first of each row that was measured. */
static const char *const defaults[][2] = {
    {"train_loss"},
    {"test_accuracy", "test_loss"},
    {"clean_gap", "gap"},
    {"lambda_max"},
    {"sane"},
    {"sharpness_sam"},
    {"rise_top"},
    {"rise_random"},
};

enum { DEFAULTS = sizeof defaults / sizeof *defaults };

typedef struct slot { /* x of what stands in a method's slot, at one kind of point */
    double dots, mean, sampling;
} slot;

static basin_look look_of(const basin_group *group, size_t index)
{
    basin_look look = basin_look_series(index);

    basin_look_method(group->method, &look);
    return look;
}

static basin_color paler(basin_color c)
{
    return (basin_color){0.5 + 0.5 * c.r, 0.5 + 0.5 * c.g, 0.5 + 0.5 * c.b};
}

/* A part of a sum over a truncated spectrum is no measure (docs/measures.md): as in the comparison, NAN. */
static double value_at(const basin_comparison *c, size_t raw, int point, const basin_column *measure)
{
    const basin_row *row = basin_versus_row(c, raw, point);

    if (row == NULL || (point != BASIN_POINT_RAW && measure->at_raw_only) ||
        basin_column_partial(row, measure))
        return NAN;
    return basin_column_value(row, measure);
}

static bool measured_in(const basin_comparison *c, size_t g, int point, const basin_column *measure)
{
    for (size_t k = 0; k < c->groups[g].run_count; k++)
        if (isfinite(value_at(c, c->groups[g].rows[k], point, measure))) return true;
    return false;
}

static bool measured(const basin_comparison *c, const basin_column *measure)
{
    for (size_t g = 0; g < c->group_count; g++)
        for (int point = 0; point < BASIN_POINTS; point++)
            if (measured_in(c, g, point, measure)) return true;
    return false;
}

static slot slot_of(const basin_comparison *c, size_t g, int point, const basin_column *measure)
{
    size_t kinds = 0, before = 0;

    for (int other = 0; other < BASIN_POINTS; other++) {
        if (!measured_in(c, g, other, measure)) continue;
        kinds++, before += other < point;
    }
    double n = (double)(kinds > 0 ? kinds : 1);
    double middle = (double)g + ((double)before - 0.5 * (n - 1)) * 0.88 / n, share = 1 / (1 + 0.65 * (n - 1));
    bool   single = c->groups[g].run_count == 1; /* its own mean */
    return (slot){.dots = single ? middle : middle - 0.14 * share,
                  .mean = single ? middle : middle + 0.16 * share,
                  .sampling = middle + 0.3 * share};
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

/* One thin line from the base to the group for each seed in both. */
static basin_status join_pair(basin_plan *plan, basin_panel *panel, const basin_comparison *c,
                              const basin_difference *d, const basin_column *measure)
{
    basin_status       st = BASIN_OK;
    double            *ends = NULL;
    const basin_group *base = basin_versus_group(c, d->base), *group = basin_versus_group(c, d->group);

    for (size_t i = 0; base != NULL && group != NULL && i < base->run_count; i++) {
        for (size_t k = 0; k < group->run_count; k++) {
            size_t a = base->rows[i], b = group->rows[k], from = (size_t)(base - c->groups);
            size_t to = (size_t)(group - c->groups);
            if (c->rows[a].seed < 0 || c->rows[a].seed != c->rows[b].seed) continue;
            BASIN_PLAN_ALLOC(plan, ends, 4);
            ends[0] = slot_of(c, from, d->point, measure).dots,
            ends[1] = slot_of(c, to, d->point, measure).dots;
            ends[2] = value_at(c, a, d->point, measure), ends[3] = value_at(c, b, d->point, measure);
            if (!isfinite(ends[2]) || !isfinite(ends[3])) continue;
            basin_pen pen = {
                .color = basin_grey, .width = 0.35, .fade = d->point == BASIN_POINT_RAW ? 0.45 : 0.7};
            BASIN_TRY(basin_panel_add(
                plan, panel,
                (basin_mark){.type = &basin_mark_line, .count = 2, .x = ends, .y = ends + 2, .pen = pen}));
        }
    }
done:
    return st;
}

static basin_status add_joins(basin_plan *plan, basin_panel *panel, const basin_comparison *c,
                              const basin_column *measure)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        if (basin_versus_tested(d) && strcmp(d->measure, measure->name) == 0)
            BASIN_TRY(join_pair(plan, panel, c, d, measure));
    }
done:
    return st;
}

static basin_status add_dots(basin_plan *plan, basin_panel *panel, const basin_comparison *c, size_t g,
                             int point, const basin_column *measure)
{
    basin_status       st = BASIN_OK;
    const basin_group *group = &c->groups[g];
    basin_color        color = look_of(group, g).color;
    double            *x = NULL, *y = NULL;

    if (group->run_count < 2) return BASIN_OK;
    BASIN_PLAN_ALLOC(plan, x, group->run_count);
    BASIN_PLAN_ALLOC(plan, y, group->run_count);
    for (size_t k = 0; k < group->run_count; k++)
        x[k] = slot_of(c, g, point, measure).dots, y[k] = value_at(c, group->rows[k], point, measure);
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_points,
                                           .count = group->run_count,
                                           .x = x,
                                           .y = y,
                                           .pen = {.color = point == BASIN_POINT_RAW ? color : paler(color)},
                                           .marker = BASIN_MARKER_CIRCLE,
                                           .size = 2.2}));
done:
    return st;
}

const basin_estimate *basin_versus_estimate(const basin_comparison *c, size_t g, int point,
                                            const basin_column *measure)
{
    for (size_t e = 0; e < c->estimate_count; e++) {
        const basin_estimate *estimate = &c->estimates[e];
        if (estimate->point == point && basin_same_text(estimate->measure, measure->name) &&
            basin_same_text(estimate->group, c->groups[g].name))
            return estimate;
    }
    return NULL;
}

/* Marks of one x, a value and its two ends. */
static basin_status interval_of(basin_plan *plan, double x, double value, double low, double high,
                                basin_mark *out)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;

    BASIN_PLAN_ALLOC(plan, at, 4);
    at[0] = x, at[1] = value, at[2] = low, at[3] = high;
    *out = (basin_mark){
        .type = &basin_mark_interval, .count = 1, .x = at, .y = at + 1, .low = at + 2, .high = at + 3};
done:
    return st;
}

/* Raw filled, polished hollow, averaged a cross of two strokes. */
static basin_status add_mean(basin_plan *plan, basin_panel *panel, const basin_comparison *c, size_t g,
                             int point, const basin_column *measure)
{
    basin_status          st = BASIN_OK;
    const basin_estimate *e = basin_versus_estimate(c, g, point, measure);
    slot                  s = slot_of(c, g, point, measure);
    basin_look            look = look_of(&c->groups[g], g);
    basin_mark            mark;

    if (e == NULL || e->n == 0) return BASIN_OK;
    BASIN_TRY(interval_of(plan, s.mean, e->mean, e->lower, e->upper, &mark));
    mark.pen = (basin_pen){.color = look.color, .width = point == BASIN_POINT_RAW ? 1.1 : 0.8};
    mark.marker = point == BASIN_POINT_AVERAGED ? BASIN_MARKER_PLUS : look.marker;
    mark.hollow = point != BASIN_POINT_RAW;
    mark.size = 4;
    BASIN_TRY(basin_panel_add(plan, panel, mark));
    if (!isfinite(e->sampling_error)) goto done;
    BASIN_TRY(interval_of(plan, s.sampling, e->mean, fmax(e->mean - e->sampling_error, measure->least),
                          fmin(e->mean + e->sampling_error, measure->most), &mark));
    mark.pen = (basin_pen){.color = look.color, .width = 0.4};
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

/* In grey: how raw and other points are told apart. */
static basin_status add_keys(basin_plan *plan, basin_panel *panel, const basin_versus *v)
{
    static const basin_marker markers[BASIN_POINTS] = {BASIN_MARKER_CIRCLE, BASIN_MARKER_CIRCLE,
                                                       BASIN_MARKER_PLUS};
    basin_status              st = BASIN_OK;

    for (int point = 0; point < BASIN_POINTS; point++) {
        if (!basin_rows_hold(&v->rows, point)) continue;
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_points,
                                               .pen = {.color = basin_grey},
                                               .marker = markers[point],
                                               .hollow = point != BASIN_POINT_RAW,
                                               .size = 4,
                                               .label = basin_point_label(plan, &v->rows, point),
                                               .silent = true}));
    }
done:
    return st;
}

static basin_status draw_measure(basin_plan *plan, basin_panel *panel, const basin_comparison *c,
                                 const basin_column *measure)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    basin_range      x, y;

    BASIN_TRY(add_joins(plan, panel, c, measure));
    for (size_t g = 0; g < c->group_count; g++) {
        for (int point = 0; point < BASIN_POINTS; point++) {
            if (!measured_in(c, g, point, measure)) continue;
            BASIN_TRY(add_dots(plan, panel, c, g, point, measure));
            BASIN_TRY(add_mean(plan, panel, c, g, point, measure));
        }
    }
    if (!measured(c, measure)) panel->empty = "not measured";
    basin_panel_ranges(panel, &x, &y);
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    panel->y = basin_column_fit(measure, kind, &y, 0.08);
    panel->title = basin_plan_scale_label(plan, measure->label, &panel->y, "\n");
    panel->grid = true;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

basin_status basin_versus_check(const basin_comparison *c)
{
    basin_status st = BASIN_OK;

    for (size_t g = 0; g < c->group_count; g++)
        for (size_t k = 0; k < c->groups[g].run_count; k++)
            BASIN_CHECK(c->groups[g].rows[k] < c->row_count, BASIN_ERR_VALUE,
                        "comparison: group %zu names row %zu of %zu", g, c->groups[g].rows[k], c->row_count);
done:
    return st;
}

basin_status basin_versus_choose(basin_plan *plan, basin_versus *v)
{
    basin_status st = BASIN_OK;

    if (plan->options->y != NULL) return basin_plan_columns(plan, plan->options->y, &v->measures, &v->count);
    BASIN_PLAN_ALLOC(plan, v->measures, DEFAULTS);
    for (size_t i = 0; i < DEFAULTS; i++) {
        for (size_t k = 0; k < 2 && defaults[i][k] != NULL; k++) {
            const basin_column *column = basin_column_find(defaults[i][k]);
            if (!measured(v->comparison, column)) continue;
            v->measures[v->count++] = column;
            break;
        }
    }
    if (v->count == 0) v->measures[v->count++] = basin_column_find(defaults[0][0]);
done:
    return st;
}

/* The rows that have a value in some panel. */
static basin_status collect_rows(basin_plan *plan, basin_versus *v)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = v->comparison;

    BASIN_TRY(basin_plan_rows(plan, BASIN_POINTS * c->row_count, &v->rows));
    for (int point = 0; point < BASIN_POINTS; point++) {
        for (size_t i = 0; i < c->row_count; i++) {
            bool drawn = false;
            for (size_t g = 0; g < c->group_count; g++)
                for (size_t k = 0; k < c->groups[g].run_count; k++)
                    drawn = drawn || c->groups[g].rows[k] == i;
            bool any = false;
            for (size_t m = 0; m < v->count && drawn; m++)
                any = any || isfinite(value_at(c, i, point, v->measures[m]));
            if (any) v->rows.rows[v->rows.count++] = basin_versus_row(c, i, point);
        }
    }
done:
    return st;
}

static basin_status name_groups(basin_plan *plan, const basin_comparison *c)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **labels = NULL;
    basin_color *colors = NULL;

    BASIN_PLAN_ALLOC(plan, at, c->group_count);
    BASIN_PLAN_ALLOC(plan, labels, c->group_count);
    BASIN_PLAN_ALLOC(plan, colors, c->group_count);
    for (size_t g = 0; g < c->group_count; g++) {
        at[g] = (double)g;
        labels[g] = basin_group_title(plan, &c->groups[g]);
        if (!basin_versus_equal(c))
            labels[g] = basin_plan_text(plan, "%s\nn = %zu", labels[g], c->groups[g].run_count);
        colors[g] = look_of(&c->groups[g], g).color;
    }
    for (size_t p = 0; p < plan->panel_count; p++) {
        basin_panel *panel = &plan->panels[p];
        panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.5,
                                      (double)(c->group_count > 0 ? c->group_count : 1) - 0.5, 0};
        panel->tick_count = c->group_count, panel->tick_at = at, panel->tick_label = labels,
        panel->tick_color = colors;
        panel->height = fmin(0.3 * plan->width, 110);
    }
done:
    return st;
}

/* Two in a column; on a page three, or four where that saves a row. */
static size_t columns_of(const basin_plan *plan, size_t count)
{
    size_t columns = plan->width < 300 ? 2 : plan->width > 450 && count > 6 && count % 3 != 0 ? 4 : 3;

    return columns < count ? columns : count;
}

basin_status basin_plan_methods(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    basin_versus v = {.comparison = plan->results[0]->value};

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG, "figure methods is of one comparison, not %zu", plan->count);
    BASIN_TRY(basin_versus_check(v.comparison));
    BASIN_TRY(basin_versus_choose(plan, &v));
    BASIN_TRY(collect_rows(plan, &v));
    BASIN_TRY(basin_plan_panels(plan, v.count, columns_of(plan, v.count)));
    for (size_t p = 0; p < v.count; p++) {
        BASIN_TRY(draw_measure(plan, &plan->panels[p], v.comparison, v.measures[p]));
        if (plan->panels[p].empty == NULL)
            BASIN_TRY(basin_versus_notes(plan, &v, v.measures[p], &plan->panels[p]));
    }
    BASIN_TRY(name_groups(plan, v.comparison));
    plan->legend_shared =
        basin_rows_hold(&v.rows, BASIN_POINT_POLISHED) || basin_rows_hold(&v.rows, BASIN_POINT_AVERAGED);
    if (plan->legend_shared) BASIN_TRY(add_keys(plan, plan->panels, &v));
    plan->warning = basin_versus_warning(plan, &v);
    plan->note = basin_versus_footnote(plan, &v);
    basin_versus_caption(plan, &v);
done:
    return st;
}
