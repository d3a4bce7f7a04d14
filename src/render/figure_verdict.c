/* The verdicts of a comparison and what they rest on: a panel for each pair of groups, a line for each
 * measure with its value over the base's, paired by seed, and the 95 % t-interval of that. Measures that
 * rescaling leaves alone come first, then the others, then what was measured on test data. Left of 1 is
 * flatter, or better; where the report decides that, it has the method's colour, and the other way is black.
 * Between the dotted lines a measure counts as equivalent.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/comparison.h"

enum { MOST_LINES = 64, LINE = 11 /* points */, WIDE = 300 };

static const basin_color open_color = {0.55, 0.55, 0.55};

typedef enum section { INVARIANT, OTHERS, TEST, SECTIONS } section;

static const char *const headings[SECTIONS] = {
    [INVARIANT] = "rescaling changes nothing",
    [OTHERS] = "rescaling changes it",
    [TEST] = "test data",
};

typedef struct line { /* of the figure: a heading, or a measure */
    section             of;
    const basin_column *column; /* NULL: the heading */
} line;

typedef struct lines {
    size_t count;
    line   at[MOST_LINES];
} lines;

/* ------------------------------------------------------------------------------------------- the lines -- */

/* Gaps count only where the test loss says the same (docs/verdict.md), so it stands for them. */
static bool is_of_test(const basin_column *column)
{
    return strcmp(column->name, "test_loss") == 0 || strcmp(column->name, "test_accuracy") == 0;
}

static bool belongs(const basin_comparison *c, const basin_column *column, section of)
{
    if (of == TEST) return is_of_test(column);
    return basin_is_invariant(c, column) == (of == INVARIANT);
}

static bool is_drawn(const basin_difference *d, const basin_column *column, section of)
{
    if (!basin_same_text(d->measure, column->name) || d->pairs < 2 || !basin_versus_tested(d)) return false;
    return of == TEST ? d->report != BASIN_VERDICT_NOT_MEASURED : basin_difference_is_evidence(d);
}

static bool any_drawn(const basin_comparison *c, const basin_column *column, section of)
{
    for (size_t i = 0; i < c->difference_count; i++)
        if (is_drawn(&c->differences[i], column, of)) return true;
    return false;
}

static void collect_lines(const basin_comparison *c, lines *out)
{
    *out = (lines){0};
    for (section of = INVARIANT; of < SECTIONS; of++) {
        bool headed = false;
        for (size_t m = 0; m < BASIN_MEASURES && out->count + 2 < MOST_LINES; m++) {
            if (!belongs(c, &basin_columns[m], of) || !any_drawn(c, &basin_columns[m], of)) continue;
            if (!headed) out->at[out->count++] = (line){of, NULL};
            headed = true;
            out->at[out->count++] = (line){of, &basin_columns[m]};
        }
    }
}

/* Downwards from 0. */
static basin_status name_lines(basin_plan *plan, basin_panel *panel, const lines *l)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **labels = NULL;
    basin_color *colors = NULL;

    BASIN_PLAN_ALLOC(plan, at, l->count);
    BASIN_PLAN_ALLOC(plan, labels, l->count);
    BASIN_PLAN_ALLOC(plan, colors, l->count);
    for (size_t i = 0; i < l->count; i++) {
        const basin_column *column = l->at[i].column;
        const bool          error = column != NULL && strcmp(column->name, "test_accuracy") == 0;
        at[i] = -(double)i;
        labels[i] = column == NULL ? headings[l->at[i].of] : error ? "test error" : column->label;
        colors[i] = column == NULL ? basin_grey : basin_black;
    }
    panel->name_count = l->count, panel->name_at = at, panel->name_label = labels;
    panel->name_color = colors;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

/* Over the base's: ratios as they are, differences beside the base's mean; of accuracies their errors. */
static bool over_base(const basin_comparison *c, const basin_difference *d, const basin_column *column,
                      double out[3])
{
    const basin_estimate *base =
        basin_comparison_estimate(c, d->measure, d->base, (basin_point_kind)d->point);
    const double ends[3] = {d->mean, d->lower, d->upper};
    const bool   error = strcmp(column->name, "test_accuracy") == 0;

    for (size_t i = 0; i < 3; i++) {
        if (d->ratio && !error) {
            out[i] = ends[i];
            continue;
        }
        if (base == NULL) return false;
        const double from = error ? 1.0 - base->mean : base->mean;
        const double change = !error ? ends[i] : d->ratio ? (1.0 - ends[i]) * base->mean : -ends[i];
        out[i] = 1.0 + change / fabs(from);
    }
    if (error) { /* what is the lowest accuracy is the largest error */
        const double most = out[1];
        out[1] = out[2], out[2] = most;
    }
    return isfinite(out[0]);
}

typedef enum outcome { LEFT, OPEN, RIGHT } outcome;

static outcome outcome_of(const basin_difference *d, const basin_column *column)
{
    const bool higher = column->better > 0;

    if (d->report == BASIN_VERDICT_LOWER) return higher ? RIGHT : LEFT;
    if (d->report == BASIN_VERDICT_HIGHER) return higher ? LEFT : RIGHT;
    return OPEN;
}

static basin_status add_value(basin_plan *plan, basin_panel *panel, const basin_comparison *c,
                              const basin_difference *d, const basin_column *column, double at,
                              const basin_look *look)
{
    basin_status      st = BASIN_OK;
    double           *v = NULL;
    const bool        raw = d->point == BASIN_POINT_RAW;
    const basin_color colors[] = {look->color, open_color, basin_black};

    BASIN_PLAN_ALLOC(plan, v, 4);
    if (!over_base(c, d, column, v)) goto done;
    v[3] = at;
    BASIN_TRY(basin_panel_add(
        plan, panel,
        (basin_mark){.type = &basin_mark_interval,
                     .count = 1,
                     .lying = true,
                     .x = &v[0],
                     .low = &v[1],
                     .high = &v[2],
                     .y = &v[3],
                     .pen = {.color = colors[outcome_of(d, column)], .width = raw ? 1.1 : 0.8},
                     .marker = d->point == BASIN_POINT_AVERAGED ? BASIN_MARKER_PLUS : look->marker,
                     .hollow = !raw,
                     .size = 4}));
done:
    return st;
}

/* Raw points on the line, others below it. */
static basin_status add_line(basin_plan *plan, basin_panel *panel, const basin_comparison *c,
                             const basin_conclusion *k, const line *l, double at, const basin_look *look)
{
    static const double lower[BASIN_POINTS] = {-0.02, 0.3, 0.46};
    basin_status        st = BASIN_OK;

    for (size_t i = 0; i < c->difference_count && l->column != NULL; i++) {
        const basin_difference *d = &c->differences[i];
        if (is_drawn(d, l->column, l->of) && basin_same_text(d->group, k->group) &&
            basin_same_text(d->base, k->base))
            BASIN_TRY(add_value(plan, panel, c, d, l->column, at - lower[d->point], look));
    }
done:
    return st;
}

static basin_status add_margin(basin_plan *plan, basin_panel *panel, const basin_comparison *c)
{
    basin_status st = BASIN_OK;
    double      *ends = NULL;

    BASIN_PLAN_ALLOC(plan, ends, 2);
    ends[0] = 1.0 - c->margin, ends[1] = 1.0 / (1.0 - c->margin);
    for (size_t i = 0; i < 2; i++)
        BASIN_TRY(
            basin_panel_add(plan, panel,
                            (basin_mark){.type = &basin_mark_rule,
                                         .x = &ends[i],
                                         .pen = {.color = basin_grey, .width = 0.5, .dash = BASIN_DOTTED},
                                         .silent = true}));
    BASIN_TRY(basin_panel_rule(plan, panel, true, 1.0));
done:
    return st;
}

/* A pair that was not measured twice or not paired has its verdict all the same. */
static basin_status fill_panel(basin_plan *plan, basin_panel *panel, const basin_comparison *c,
                               const basin_conclusion *k, const lines *l)
{
    basin_status       st = BASIN_OK;
    const basin_group *group = basin_versus_group(c, k->group), *base = basin_versus_group(c, k->base);
    basin_look         look = basin_look_unknown(0);

    if (group != NULL && group->method != NULL) basin_look_method(group->method, &look);
    BASIN_TRY(add_margin(plan, panel, c));
    for (size_t i = 0; i < l->count; i++)
        BASIN_TRY(add_line(plan, panel, c, k, &l->at[i], -(double)i, &look));
    BASIN_TRY(name_lines(plan, panel, l));
    panel->y = (basin_plot_scale){BASIN_SCALE_LINEAR, -(double)l->count + 0.3, 0.6, 0};
    panel->height = LINE * ((double)l->count + 0.4);
    panel->title = basin_plan_text(plan, "%s against %s:\n%s", basin_group_title(plan, group),
                                   basin_group_title(plan, base),
                                   basin_conclusion_words((basin_conclusion_kind)k->kind));
    if (panel->mark_count == 3) panel->empty = "no measure in two pairs of seeds";
done:
    return st;
}

/* The same for all panels; logarithmic where every value has a place there. */
static basin_status set_scales(basin_plan *plan, const basin_comparison *c)
{
    basin_status     st = BASIN_OK;
    basin_range      all = basin_range_start(), y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    for (size_t p = 0; p < plan->panel_count; p++) {
        basin_range x;
        basin_panel_ranges(&plan->panels[p], &x, &y);
        basin_range_add(&all, x.low), basin_range_add(&all, x.high);
    }
    basin_range_add(&all, 0.9 - c->margin), basin_range_add(&all, 1.0 / (0.9 - c->margin));
    BASIN_TRY(basin_plan_scale(plan, all.low > 0 ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, &all, &kind));
    for (size_t p = 0; p < plan->panel_count; p++) plan->panels[p].x = basin_scale_fit(kind, &all, 0.04);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static basin_status add_key(basin_plan *plan, basin_color color, bool hollow, const char *label)
{
    return basin_panel_add(plan, plan->panels,
                           (basin_mark){.type = &basin_mark_points,
                                        .pen = {.color = color},
                                        .marker = BASIN_MARKER_CIRCLE,
                                        .hollow = hollow,
                                        .size = 4,
                                        .label = label,
                                        .silent = true});
}

static basin_status add_keys(basin_plan *plan, const basin_comparison *c, const lines *l)
{
    basin_status st = BASIN_OK;
    bool         other[BASIN_POINTS] = {false}, outcomes[3] = {false};

    for (size_t i = 0; i < c->difference_count; i++) {
        for (size_t k = 0; k < l->count; k++) {
            const basin_difference *d = &c->differences[i];
            if (l->at[k].column == NULL || !is_drawn(d, l->at[k].column, l->at[k].of)) continue;
            other[d->point] = true, outcomes[outcome_of(d, l->at[k].column)] = true;
        }
    }
    if (outcomes[RIGHT]) BASIN_TRY(add_key(plan, basin_black, false, "sharper or worse"));
    if (outcomes[OPEN]) BASIN_TRY(add_key(plan, open_color, false, "not decided"));
    if (other[BASIN_POINT_POLISHED]) BASIN_TRY(add_key(plan, basin_grey, true, "after a polish"));
    plan->legend_shared = outcomes[RIGHT] || outcomes[OPEN] || other[BASIN_POINT_POLISHED];
    plan->note = outcomes[LEFT] ? "left of 1 is flatter, or better; in colour where that is decided"
                                : "left of 1 is flatter, or better";
done:
    return st;
}

static void caption(basin_plan *plan, const basin_comparison *c)
{
    basin_plan_caption(
        plan, "Verdicts on «flatter», and what they rest on: measures over those of the base, paired "
              "by seed (geometric means of ratios where a measure is positive, else one beside the "
              "base's mean), with 95 %% t-intervals. Decided is what differs at level ");
    basin_plan_caption(
        plan,
        "%s over the whole report. Between the dotted lines, within %s %%, a measure counts as "
        "equivalent. Polished points are left out where the training losses differ.",
        BASIN_NUMBER(c->level, 3), BASIN_NUMBER(100 * c->margin, 3));
    for (size_t i = 0; i < c->conclusion_count; i++) {
        const basin_conclusion *k = &c->conclusions[i];
        basin_plan_caption(plan, " %s against %s: %s.", k->group, k->base,
                           basin_conclusion_words((basin_conclusion_kind)k->kind));
    }
}

basin_status basin_plan_verdict(basin_plan *plan)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = plan->results[0]->value;
    const size_t            widest = plan->width < WIDE ? 1 : 3;
    lines                   l;

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG, "figure verdict is of one comparison, not %zu", plan->count);
    BASIN_CHECK(c->conclusion_count > 0, BASIN_ERR_ARG,
                "figure verdict: one method alone; there is no verdict to draw");
    collect_lines(c, &l);
    const size_t columns = c->conclusion_count < widest ? c->conclusion_count : widest;
    BASIN_TRY(basin_plan_panels(plan, c->conclusion_count, columns));
    for (size_t p = 0; p < c->conclusion_count; p++) {
        BASIN_TRY(fill_panel(plan, &plan->panels[p], c, &c->conclusions[p], &l));
        plan->panels[p].no_y = p % columns > 0;
        if (columns == 1 || p + columns >= c->conclusion_count)
            plan->panels[p].x_label =
                basin_plan_text(plan, "over that of %s",
                                basin_group_title(plan, basin_versus_group(c, c->conclusions[p].base)));
    }
    BASIN_TRY(set_scales(plan, c));
    BASIN_TRY(add_keys(plan, c, &l));
    caption(plan, c);
done:
    return st;
}
