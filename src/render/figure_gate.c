/* A gate: how far each measure lies from its limit, in shares of it, with its interval. Above 0 is beyond: of
 * lower limits the sign is turned round, so that all limits read alike. A limit that is an interval itself,
 * of a baseline or a baseline set, stands in grey beside. Several gates are panels.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

#define BESIDE 0.2 /* of a place on x: where the limit's own interval stands */

static const basin_gate *gate_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

typedef struct points { /* of one verdict, or of the limits */
    size_t  count;
    double *x, *y, *low, *high;
} points;

static basin_status start(basin_plan *plan, size_t room, points *out)
{
    basin_status st = BASIN_OK;

    *out = (points){0};
    BASIN_PLAN_ALLOC(plan, out->x, room);
    BASIN_PLAN_ALLOC(plan, out->y, room);
    BASIN_PLAN_ALLOC(plan, out->low, room);
    BASIN_PLAN_ALLOC(plan, out->high, room);
done:
    return st;
}

/* A limit of 0 has no shares, and what was not measured no place. */
static bool is_drawn(const basin_gated *l)
{
    return isfinite(l->answer.value) && isfinite(l->bound) && l->bound != 0.0;
}

static double excess(const basin_gated *l, double value)
{
    return (l->at_most ? 1.0 : -1.0) * (value - l->bound) / fabs(l->bound);
}

/* An end that is not known leaves the bar out. */
static void put(points *p, const basin_gated *l, double at, double value, double lower, double upper)
{
    const double a = excess(l, lower), b = excess(l, upper);
    const bool   known = isfinite(a) && isfinite(b);

    p->x[p->count] = at;
    p->y[p->count] = excess(l, value);
    p->low[p->count] = known ? fmin(a, b) : (double)NAN;
    p->high[p->count++] = known ? fmax(a, b) : (double)NAN;
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

static basin_status add_points(basin_plan *plan, basin_panel *panel, const points *p, basin_look look,
                               const char *label)
{
    basin_status st = BASIN_OK;

    if (p->count > 0)
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_interval,
                                               .count = p->count,
                                               .x = p->x,
                                               .y = p->y,
                                               .low = p->low,
                                               .high = p->high,
                                               .pen = {.color = look.color, .width = 1.1},
                                               .marker = look.marker,
                                               .hollow = look.hollow,
                                               .size = 4,
                                               .label = label}));
done:
    return st;
}

static basin_look look_of(basin_gate_verdict verdict)
{
    switch (verdict) {
    case BASIN_GATE_WITHIN: return (basin_look){.color = basin_black, .marker = BASIN_MARKER_CIRCLE};
    case BASIN_GATE_VIOLATED: return (basin_look){.color = basin_warning, .marker = BASIN_MARKER_SQUARE};
    default: return (basin_look){.color = basin_black, .marker = BASIN_MARKER_CIRCLE, .hollow = true};
    }
}

static basin_status add_verdicts(basin_plan *plan, basin_panel *panel, const basin_gate *g)
{
    basin_status st = BASIN_OK;

    for (int verdict = BASIN_GATE_VIOLATED; verdict >= BASIN_GATE_UNDECIDED; verdict--) {
        points p;
        BASIN_TRY(start(plan, g->limit_count, &p));
        for (size_t i = 0; i < g->limit_count; i++) {
            const basin_answer *a = &g->limits[i].answer;
            if (a->verdict == verdict && is_drawn(&g->limits[i]))
                put(&p, &g->limits[i], (double)i, a->value, a->lower, a->upper);
        }
        BASIN_TRY(add_points(plan, panel, &p, look_of((basin_gate_verdict)verdict),
                             basin_gate_verdict_text((basin_gate_verdict)verdict)));
    }
done:
    return st;
}

static basin_status add_limits(basin_plan *plan, basin_panel *panel, const basin_gate *g)
{
    basin_status st = BASIN_OK;
    points       p;

    BASIN_TRY(start(plan, g->limit_count, &p));
    for (size_t i = 0; i < g->limit_count; i++) {
        const basin_gated *l = &g->limits[i];
        if (is_drawn(l) && l->bound_low < l->bound_high)
            put(&p, l, (double)i - BESIDE, l->bound, l->bound_low, l->bound_high);
    }
    BASIN_TRY(add_points(plan, panel, &p, (basin_look){.color = basin_grey, .marker = BASIN_MARKER_DIAMOND},
                         "the limit, with its interval"));
done:
    return st;
}

static basin_status name_places(basin_plan *plan, basin_panel *panel, const basin_gate *g)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **names = NULL;
    basin_color *colors = NULL; /* which also breaks names into the lines that their places have room for */

    BASIN_PLAN_ALLOC(plan, at, g->limit_count);
    BASIN_PLAN_ALLOC(plan, colors, g->limit_count);
    BASIN_PLAN_ALLOC(plan, names, g->limit_count);
    for (size_t i = 0; i < g->limit_count; i++) {
        const basin_column *column = basin_column_find(g->limits[i].measure);
        at[i] = (double)i, colors[i] = basin_black;
        names[i] = column != NULL ? column->label : g->limits[i].measure;
    }
    panel->tick_count = g->limit_count, panel->tick_at = at, panel->tick_label = names;
    panel->tick_color = colors;
done:
    return st;
}

static basin_status fill_panel(basin_plan *plan, basin_panel *panel, const basin_gate *g)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    basin_range      x, y;

    BASIN_TRY(basin_panel_rule(plan, panel, false, 0));
    BASIN_TRY(add_limits(plan, panel, g));
    BASIN_TRY(add_verdicts(plan, panel, g));
    basin_panel_ranges(panel, &x, &y);
    if (y.low > y.high) panel->empty = "nothing to draw: no limit has a share", panel->mark_count = 0;
    basin_range_add(&y, 0);
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.6, (double)g->limit_count - 0.4, 0};
    panel->y = basin_scale_fit(kind, &y, 0.08);
    panel->grid = true;
    panel->height = fmin(0.5 * plan->width, 150);
    BASIN_TRY(name_places(plan, panel, g));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static const char *number(basin_plan *plan, double value)
{
    return isfinite(value) ? basin_plan_text(plan, "%s", BASIN_NUMBER(value, 4))
           : value > 0     ? "∞"
                           : "unknown";
}

static void caption(basin_plan *plan, const basin_gate *g, const char *name)
{
    bool left_out = false;

    if (name != NULL) basin_plan_caption(plan, " %s:", name);
    for (size_t i = 0; i < g->limit_count; i++) {
        const basin_gated  *l = &g->limits[i];
        const basin_answer *a = &l->answer;
        left_out = left_out || !is_drawn(l) || !isfinite(a->upper - a->lower);
        basin_plan_caption(plan, " %s %s [%s, %s], limit %s %s, %s%s;", l->measure, number(plan, a->value),
                           number(plan, a->lower), number(plan, a->upper), l->at_most ? "≤" : "≥",
                           number(plan, l->bound), basin_gate_verdict_text((basin_gate_verdict)a->verdict),
                           a->certain ? " (certain)" : "");
    }
    basin_plan_caption(
        plan,
        " any verdict that is not certain is wrong with a chance of at most %s; %s products with "
        "the Hessian, P = %s, N = %s.",
        BASIN_NUMBER(g->alpha, 3), BASIN_COUNT(g->products), BASIN_COUNT(g->parameters),
        BASIN_COUNT(g->samples));
    if (left_out)
        basin_plan_caption(plan,
                           " Not drawn: what was not measured, limits of 0, and intervals without an end.");
}

basin_status basin_plan_limits(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    const size_t  columns = plan->width < 300 || plan->count == 1 ? 1 : 2;

    for (size_t i = 0; i < plan->count; i++)
        BASIN_CHECK(gate_of(plan, i)->limit_count > 0, BASIN_ERR_ARG, "result %zu of a figure has no limits",
                    i + 1);
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(basin_plan_panels(plan, plan->count, columns));
    basin_plan_caption(plan,
                       "Measures against their limits: (value − limit) / |limit|, of lower limits with the "
                       "sign turned round, so that what lies above 0 is beyond.");
    for (size_t i = 0; i < plan->count; i++) {
        basin_panel *panel = &plan->panels[i];
        BASIN_TRY(fill_panel(plan, panel, gate_of(plan, i)));
        panel->title = plan->count > 1 ? series[i].label : NULL;
        if (i % columns == 0) panel->y_label = "beyond the limit, in shares of it";
        caption(plan, gate_of(plan, i), panel->title);
    }
    plan->legend_shared = true;
done:
    return st;
}
