/* |λ_min/λ_max| over a plane: dark where the surface is convex about, light where directions that the plane
 * leaves out curve down as much as others curve up. Several planes share one colour scale.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_slice *slice_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static basin_status check_maps(const basin_plan *plan, basin_range *range)
{
    basin_status st = BASIN_OK;

    *range = basin_range_start();
    for (size_t i = 0; i < plan->count; i++) {
        const basin_slice *s = slice_of(plan, i);
        BASIN_CHECK(s->convexity_count > 0 && s->axis_count == 2, BASIN_ERR_ARG,
                    "figure convexity: slice %zu has no map of convexity over a plane (slice --convexity)",
                    i + 1);
        for (size_t j = 0; j < s->convexity->rows * s->convexity->columns; j++)
            if (isfinite(s->convexity->ratio[j])) basin_range_add(range, s->convexity->ratio[j]);
    }
    basin_range_add(range, 0);
done:
    return st;
}

static basin_status add_map(basin_plan *plan, basin_panel *panel, const basin_slice *s,
                            const basin_paint *paint)
{
    basin_status           st = BASIN_OK;
    const basin_convexity *c = s->convexity;
    double                *zero = NULL;
    basin_range            x, y;

    BASIN_PLAN_ALLOC(plan, zero, 1);
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_heat,
                                           .x = c->across,
                                           .y = c->up,
                                           .rows = c->rows,
                                           .columns = c->columns,
                                           .z = c->ratio,
                                           .paint = paint}));
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_points,
                                           .count = 1,
                                           .x = zero,
                                           .y = zero,
                                           .marker = BASIN_MARKER_PLUS,
                                           .size = 5,
                                           .pen = {.color = basin_white},
                                           .silent = true}));
    basin_panel_ranges(panel, &x, &y);
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0);
    panel->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0);
    panel->framed = true;
done:
    return st;
}

static void map_caption(basin_plan *plan, const basin_slice *s, const char *name)
{
    const basin_convexity *c = s->convexity;
    double                 error = 0;

    for (size_t i = 0; i < c->rows * c->columns; i++)
        if (isfinite(c->ratio_error[i])) error = fmax(error, c->ratio_error[i]);
    if (name != NULL) basin_plan_caption(plan, " %s:", name);
    basin_plan_caption(plan, " Across: %s. Up: %s.", s->axes[0].direction, s->axes[1].direction);
    basin_plan_caption(
        plan, " %s x %s points, each ratio to %s by the residuals; verified to be the extremes at %s.",
        BASIN_COUNT(c->rows), BASIN_COUNT(c->columns), BASIN_NUMBER(error, 1), BASIN_COUNT(c->verified));
}

basin_status basin_plan_convexity(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    basin_paint  *paint = NULL;
    basin_range   range;
    const size_t  columns = plan->width < 300 ? 1 : 2;

    BASIN_TRY(check_maps(plan, &range));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_PLAN_ALLOC(plan, paint, 1);
    const basin_range data = range;
    plan->ranged = basin_plan_range(plan, &range);
    paint->scale = basin_scale_fit(BASIN_SCALE_LINEAR, &range, 0);
    paint->palette = plan->palette;
    paint->cap = data.high > range.high ? range.high : INFINITY;
    paint->floor = data.low < range.low ? range.low : -INFINITY;
    if (isfinite(paint->cap) || isfinite(paint->floor))
        basin_plan_caption(plan, "Colours end at %s and %s; the bar marks values beyond. ",
                           BASIN_NUMBER(range.low, 3), BASIN_NUMBER(range.high, 3));
    BASIN_TRY(basin_plan_panels(plan, plan->count, columns < plan->count ? columns : plan->count));
    basin_plan_caption(plan,
                       "Ratio |λmin/λmax| of the extreme eigenvalues over a plane through the "
                       "parameters (P = %s); the cross marks the centre.",
                       BASIN_COUNT(slice_of(plan, 0)->parameters));
    for (size_t i = 0; i < plan->count; i++) {
        basin_panel       *panel = &plan->panels[i];
        const basin_slice *s = slice_of(plan, i);
        BASIN_TRY(add_map(plan, panel, s, paint));
        panel->x_label = basin_axis_label(plan, &s->axes[0], BASIN_LABEL_BROKEN);
        panel->y_label = basin_axis_label(plan, &s->axes[1], BASIN_LABEL_BROKEN);
        panel->height = fmin(0.7 * plan->width / (double)plan->columns, 300);
        panel->title = plan->count > 1 ? series[i].label : NULL;
        map_caption(plan, s, panel->title);
        if (i % plan->columns != plan->columns - 1 && i + 1 != plan->count) continue;
        panel->bar = paint;
        panel->bar_label = "|λ\1min\2/λ\1max\2|";
    }
done:
    return st;
}
