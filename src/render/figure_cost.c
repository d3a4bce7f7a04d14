/* What was gained against what it cost in gradient evaluations and in seconds: every run of a comparison as a
 * point, and each group's mean with its 95 % t-interval. */
#include <math.h>
#include <string.h>

#include "render/runs.h"

/* Without a choice the test accuracy (else the loss) and the gap, where they were measured. */
static basin_status choose_gains(basin_plan *plan, basin_versus *v)
{
    static const char *const usual[2][2] = {{"test_accuracy", "test_loss"}, {"clean_gap", "gap"}};
    basin_status             st = BASIN_OK;

    if (plan->options->y != NULL) return basin_versus_choose(plan, v);
    BASIN_PLAN_ALLOC(plan, v->measures, 2);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            const basin_column *column = basin_column_find(usual[i][k]);
            bool                any = false;
            for (size_t r = 0; r < v->comparison->row_count; r++)
                any = any || isfinite(basin_runs_value(&v->comparison->rows[r], column));
            if (!any) continue;
            v->measures[v->count++] = column;
            break;
        }
    }
    BASIN_CHECK(v->count > 0, BASIN_ERR_MISSING,
                "figure cost: no run of the comparison has a test loss; name a measure by -y");
done:
    return st;
}

/* The group's mean with its t-interval, at its mean cost. */
static basin_status add_mean(basin_plan *plan, basin_panel *panel, size_t g, double cost,
                             const basin_column *measure)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = basin_runs_comparison(plan);
    const basin_estimate   *e = basin_versus_estimate(c, g, BASIN_POINT_RAW, measure);
    const basin_look        look = basin_runs_look(c, g);
    double                 *at = NULL;

    if (e == NULL || e->n < 2 || !isfinite(cost)) goto done;
    BASIN_PLAN_ALLOC(plan, at, 4);
    at[0] = cost, at[1] = e->mean, at[2] = e->lower, at[3] = e->upper;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_interval,
                                           .count = 1,
                                           .x = at,
                                           .y = at + 1,
                                           .low = at + 2,
                                           .high = at + 3,
                                           .pen = {.color = look.color, .width = 1.1},
                                           .marker = look.marker,
                                           .hollow = look.hollow,
                                           .size = 5,
                                           .label = basin_group_title(plan, &c->groups[g])}));
done:
    return st;
}

basin_status basin_plan_cost(basin_plan *plan)
{
    static const char *const costs[] = {"gradient_evaluations", "seconds"};
    basin_status             st = BASIN_OK;
    basin_versus             v = {0};

    BASIN_TRY(basin_runs_open(plan, "cost"));
    v.comparison = basin_runs_comparison(plan);
    BASIN_TRY(choose_gains(plan, &v));
    BASIN_TRY(basin_plan_panels(plan, 2 * v.count, 2));
    for (size_t p = 0; p < plan->panel_count; p++) {
        basin_panel        *panel = &plan->panels[p];
        const basin_column *y = v.measures[p / 2], *x = basin_column_find(costs[p % 2]);
        for (size_t g = 0; g < v.comparison->group_count; g++) {
            const basin_group *group = &v.comparison->groups[g];
            const bool         single = group->run_count < 2 || /* it has no interval */
                                basin_versus_estimate(v.comparison, g, BASIN_POINT_RAW, y) == NULL;
            BASIN_TRY(basin_runs_add(plan, panel, g, x, y, single ? 4 : 2.2, single));
            BASIN_TRY(add_mean(plan, panel, g, p % 2 == 0 ? group->gradient_evaluations : group->seconds, y));
        }
        BASIN_TRY(basin_runs_finish(plan, panel, y));
        panel->x_label = p + 2 >= plan->panel_count ? x->label : NULL;
        panel->y_label = p % 2 == 0 ? y->label : NULL;
    }
    plan->legend_shared = true;
    basin_plan_caption(plan, "What was reached against what it cost: small markers are runs, large ones "
                             "means with 95 %% t-intervals at the mean cost.");
    basin_runs_caption(plan, true);
    basin_plan_caption(plan, " Seconds are as each training recorded them.");
done:
    return st;
}
