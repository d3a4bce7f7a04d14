/* Measures against the setting that a comparison's groups are made by: mean and 95 % t-interval of each, one
 * curve and band a method. */
#include <math.h>
#include <string.h>

#include "render/runs.h"

/* The groups of a method in the order of their values: how many. */
static size_t groups_along(const basin_comparison *c, size_t first, size_t *out)
{
    size_t n = 0;

    for (size_t g = 0; g < c->group_count; g++) {
        const basin_group *group = &c->groups[g];
        if (group->budget_of != NULL || !isfinite(group->value) ||
            !basin_same_text(group->method, c->groups[first].method))
            continue;
        size_t k = n++;
        for (; k > 0 && c->groups[out[k - 1]].value > group->value; k--) out[k] = out[k - 1];
        out[k] = g;
    }
    return n;
}

/* Whether no earlier group is of its method. */
static bool leads(const basin_comparison *c, size_t g)
{
    for (size_t i = 0; i < g; i++)
        if (basin_same_text(c->groups[i].method, c->groups[g].method)) return false;
    return true;
}

/* The band and the means of one method over the setting, [n] groups. */
static basin_status add_curve(basin_plan *plan, basin_panel *panel, const size_t *groups, size_t n,
                              const basin_column *measure)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = basin_runs_comparison(plan);
    basin_look              look = basin_look_series(groups[0]);
    double                 *at = NULL;
    size_t                  count = 0;

    basin_look_method(c->groups[groups[0]].method, &look);
    BASIN_PLAN_ALLOC(plan, at, 4 * n);
    for (size_t k = 0; k < n; k++) {
        const basin_estimate *e = basin_versus_estimate(c, groups[k], BASIN_POINT_RAW, measure);
        if (e == NULL || e->n == 0) continue;
        at[count] = c->groups[groups[k]].value, at[n + count] = e->mean;
        at[2 * n + count] = e->lower, at[3 * n + count++] = e->upper;
    }
    if (count == 0) goto done;
    basin_mark mark = {.type = &basin_mark_band,
                       .count = count,
                       .x = at,
                       .y = at + n,
                       .low = at + 2 * n,
                       .high = at + 3 * n,
                       .pen = {.color = look.color, .fade = 0.8}};
    BASIN_TRY(basin_panel_add(plan, panel, mark));
    mark.type = &basin_mark_line, mark.pen = basin_look_pen(&look, 1.1);
    BASIN_TRY(basin_panel_add(plan, panel, mark));
    mark.type = &basin_mark_interval, mark.pen.dash = BASIN_SOLID, mark.pen.width = 0.8;
    mark.marker = look.marker, mark.size = 4;
    mark.label = c->groups[groups[0]].method != NULL ? basin_method_title(c->groups[groups[0]].method)
                                                     : "unknown method";
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

static const char *setting_label(const basin_comparison *c)
{
    const basin_column *column = basin_column_find(c->by);

    return column != NULL ? column->label : c->by;
}

static void setting_caption(basin_plan *plan)
{
    const basin_comparison *c = basin_runs_comparison(plan);
    size_t                  unknown = 0;

    for (size_t g = 0; g < c->group_count; g++) unknown += isfinite(c->groups[g].value) ? 0 : 1;
    basin_plan_caption(plan,
                       "Means over runs against %s; bars and bands are 95 %% t-intervals, bands joined "
                       "straight between the values that were run.",
                       setting_label(c));
    if (unknown > 0)
        basin_plan_caption(plan, " Left out: %zu group%s without it.", unknown, unknown == 1 ? "" : "s");
    basin_runs_caption(plan, false);
}

basin_status basin_plan_setting(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    basin_versus v = {0};
    size_t      *groups = NULL;

    BASIN_TRY(basin_runs_open(plan, "setting"));
    v.comparison = basin_runs_comparison(plan);
    BASIN_CHECK(v.comparison->by != NULL, BASIN_ERR_MISSING,
                "figure setting: the groups of this comparison are methods alone; compare --by rho (or "
                "another setting) makes groups by it");
    BASIN_TRY(basin_versus_choose(plan, &v));
    BASIN_PLAN_ALLOC(plan, groups, v.comparison->group_count);
    BASIN_TRY(basin_plan_panels(plan, v.count, basin_runs_columns(plan, v.count)));
    for (size_t m = 0; m < v.count; m++) {
        basin_panel *panel = &plan->panels[m];
        for (size_t g = 0; g < v.comparison->group_count; g++) {
            const size_t n = leads(v.comparison, g) ? groups_along(v.comparison, g, groups) : 0;
            if (n > 0) BASIN_TRY(add_curve(plan, panel, groups, n, v.measures[m]));
        }
        BASIN_TRY(basin_runs_finish(plan, panel, v.measures[m]));
        panel->title = v.measures[m]->label;
        panel->x_label = setting_label(v.comparison);
    }
    plan->legend_shared = true;
    setting_caption(plan);
done:
    return st;
}
