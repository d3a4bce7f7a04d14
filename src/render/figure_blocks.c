/* Diagonal blocks of an operator A, in the order of the network: each block's share of ‖A‖_F², filled for its
 * own entries and in outline with what couples it to the rest, so that outlines add up to 100 %; and its
 * trace. Several results stand beside each other in the slot of a block.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_blocks *blocks_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static basin_status check_blocks(const basin_plan *plan)
{
    basin_status        st = BASIN_OK;
    const basin_blocks *first = blocks_of(plan, 0);

    for (size_t i = 0; i < plan->count; i++) {
        const basin_blocks *b = blocks_of(plan, i);
        BASIN_CHECK(b->operator_kind == first->operator_kind && b->preconditioned == first->preconditioned,
                    BASIN_ERR_ARG, "blocks of one figure are of one operator: number %zu is of another",
                    i + 1);
        BASIN_CHECK(b->count == first->count, BASIN_ERR_ARG,
                    "blocks of one figure are of one network: the first has %zu, number %zu %zu",
                    first->count, i + 1, b->count);
        for (size_t k = 0; k < b->count; k++)
            BASIN_CHECK(
                strcmp(b->blocks[k].name, first->blocks[k].name) == 0, BASIN_ERR_ARG,
                "blocks of one figure are of one network: block %zu of the first is %s, of number %zu %s",
                k + 1, first->blocks[k].name, i + 1, b->blocks[k].name);
    }
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

typedef struct place { /* of a result's mark in the slot of a block */
    double middle, half;
} place;

static place place_of(const basin_plan *plan, size_t result, size_t block)
{
    const double n = (double)plan->count, half = 0.36 / n;

    return (place){(double)block + (2.0 * (double)result + 1.0 - n) * half, half};
}

/* Bars of these heights, with nothing between them. */
static basin_status add_bars(basin_plan *plan, basin_panel *panel, size_t result, const double *heights,
                             size_t count, basin_mark mark)
{
    basin_status st = BASIN_OK;
    double      *edges = NULL, *y = NULL;

    BASIN_PLAN_ALLOC(plan, edges, 2 * count);
    BASIN_PLAN_ALLOC(plan, y, 2 * count);
    for (size_t k = 0; k < count; k++) {
        const place p = place_of(plan, result, k);
        edges[2 * k] = p.middle - p.half, edges[2 * k + 1] = p.middle + p.half;
        y[2 * k] = heights[k];
    }
    mark.type = &basin_mark_bars;
    mark.count = 2 * count - 1, mark.x = edges, mark.y = y;
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

/* One standard error up and down, where the values are estimates. */
static basin_status add_errors(basin_plan *plan, basin_panel *panel, size_t result, const double *values,
                               const double *errors, size_t count)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *low = NULL, *high = NULL;
    bool         any = false;

    for (size_t k = 0; k < count; k++) any = any || errors[k] > 0.0;
    if (!any) return BASIN_OK;
    BASIN_PLAN_ALLOC(plan, x, count);
    BASIN_PLAN_ALLOC(plan, low, count);
    BASIN_PLAN_ALLOC(plan, high, count);
    for (size_t k = 0; k < count; k++) {
        x[k] = place_of(plan, result, k).middle;
        low[k] = fmax(values[k] - errors[k], 0.0), high[k] = values[k] + errors[k];
    }
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_interval,
                                           .count = count,
                                           .x = x,
                                           .y = values,
                                           .low = low,
                                           .high = high,
                                           .pen = {.color = basin_black, .width = 0.5},
                                           .marker = BASIN_MARKER_NONE}));
done:
    return st;
}

static basin_status add_shares(basin_plan *plan, basin_panel *panel, size_t result,
                               const basin_series *series)
{
    basin_status        st = BASIN_OK;
    const basin_blocks *b = blocks_of(plan, result);
    const double        percent = b->frobenius2 > 0.0 ? 100.0 / b->frobenius2 : 0.0;
    const bool          alone = plan->count == 1;
    double             *rows = NULL, *own = NULL, *errors = NULL;

    BASIN_PLAN_ALLOC(plan, rows, b->count);
    BASIN_PLAN_ALLOC(plan, own, b->count);
    BASIN_PLAN_ALLOC(plan, errors, b->count);
    for (size_t k = 0; k < b->count; k++) {
        rows[k] = percent * b->blocks[k].rows2, own[k] = percent * b->blocks[k].frobenius2;
        errors[k] = percent * b->blocks[k].rows2_error;
    }
    BASIN_TRY(add_bars(plan, panel, result, own, b->count,
                       (basin_mark){.pen = {.color = series->look.color},
                                    .marker = BASIN_MARKER_SQUARE,
                                    .label = alone ? "its own entries" : series->label}));
    BASIN_TRY(add_bars(plan, panel, result, rows, b->count,
                       (basin_mark){.pen = {.color = series->look.color, .width = 0.8},
                                    .label = alone ? "with what couples it to others" : NULL}));
    BASIN_TRY(add_errors(plan, panel, result, rows, errors, b->count));
done:
    return st;
}

static basin_status add_traces(basin_plan *plan, basin_panel *panel, size_t result,
                               const basin_series *series)
{
    basin_status        st = BASIN_OK;
    const basin_blocks *b = blocks_of(plan, result);
    double             *x = NULL, *y = NULL, *low = NULL, *high = NULL;

    BASIN_PLAN_ALLOC(plan, x, b->count);
    BASIN_PLAN_ALLOC(plan, y, b->count);
    BASIN_PLAN_ALLOC(plan, low, b->count);
    BASIN_PLAN_ALLOC(plan, high, b->count);
    for (size_t k = 0; k < b->count; k++) {
        x[k] = place_of(plan, result, k).middle, y[k] = b->blocks[k].trace;
        low[k] = y[k] - b->blocks[k].trace_error, high[k] = y[k] + b->blocks[k].trace_error;
    }
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_stem,
                                           .count = b->count,
                                           .x = x,
                                           .y = y,
                                           .low = low,
                                           .high = high,
                                           .pen = {.color = series->look.color, .width = 1.1},
                                           .marker = series->look.marker,
                                           .hollow = series->look.hollow,
                                           .size = 3.6}));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

#define NAME_ROOM 9.0 /* points that an upright name takes */

/* Every block's name, or every second, third … where there is no room for all; returns that number. */
static basin_status name_blocks(basin_plan *plan, size_t *every)
{
    basin_status        st = BASIN_OK;
    const basin_blocks *b = blocks_of(plan, 0);
    const double        room = fmax(0.8 * plan->width / (double)plan->columns / NAME_ROOM, 1.0);
    double             *at = NULL;
    const char        **label = NULL;
    basin_color        *color = NULL; /* names in colours stand upright where their slots are narrow */
    size_t              count = 0;

    *every = (size_t)ceil((double)b->count / room);
    BASIN_PLAN_ALLOC(plan, at, b->count);
    BASIN_PLAN_ALLOC(plan, label, b->count);
    BASIN_PLAN_ALLOC(plan, color, b->count);
    for (size_t k = 0; k < b->count; k += *every, count++)
        at[count] = (double)k, label[count] = b->blocks[k].name, color[count] = basin_black;
    for (size_t p = 0; p < plan->panel_count; p++) {
        basin_panel *panel = &plan->panels[p];
        panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.6, (double)b->count - 0.4, 0};
        panel->tick_count = count, panel->tick_at = at, panel->tick_label = label;
        panel->tick_color = color;
        panel->height =
            fmin(0.4 * plan->width / (double)plan->columns * (plan->columns > 1 ? 1.4 : 1.0), 130);
        panel->grid = true;
    }
done:
    return st;
}

static void blocks_caption(basin_plan *plan, const basin_series *series, size_t every)
{
    const basin_blocks *first = blocks_of(plan, 0);
    bool                estimated = false;

    basin_plan_caption(plan,
                       "Diagonal blocks of the %s%s by %s: shares of ‖A‖_F², filled for the block's own "
                       "entries and in outline with those that couple it to others, and traces.",
                       first->preconditioned ? "preconditioned " : "",
                       basin_curvature_kind_title((basin_curvature_kind)first->operator_kind),
                       first->by == BASIN_BLOCKS_TENSOR ? "tensor" : "layer");
    for (size_t i = 0; i < plan->count; i++) {
        const basin_blocks *b = blocks_of(plan, i);
        basin_plan_caption(
            plan, " %s%sP = %s, N = %s samples, loss %s; the blocks leave out %s %% of ‖A‖_F².",
            plan->count > 1 ? series[i].label : "", plan->count > 1 ? ": " : "", BASIN_COUNT(b->parameters),
            BASIN_COUNT(b->samples), BASIN_NUMBER(b->loss, 3), BASIN_NUMBER(100 * b->left_out, 3));
        for (size_t k = 0; k < b->count; k++)
            estimated = estimated || b->blocks[k].rows2_error > 0.0 || b->blocks[k].trace_error > 0.0;
    }
    if (estimated) basin_plan_caption(plan, " Bars are one standard error of random probes.");
    if (every > 1)
        basin_plan_caption(plan, " One block in %zu is named, the first being %s.", every,
                           first->blocks[0].name);
}

static basin_status finish_panel(basin_plan *plan, basin_panel *panel, const char *label, bool from_zero)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    basin_range      x, y;

    if (from_zero) BASIN_TRY(basin_panel_rule(plan, panel, false, 0));
    basin_panel_ranges(panel, &x, &y);
    if (!from_zero) BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    if (from_zero) basin_range_add(&y, 0);
    panel->y = basin_scale_fit(kind, &y, 0.06);
    if (from_zero) panel->y.low = fmax(panel->y.low, 0);
    panel->y_label = basin_plan_scale_label(plan, label, &panel->y, "\n");
done:
    return st;
}

basin_status basin_plan_blocks(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    size_t        every = 1;

    BASIN_TRY(check_blocks(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(basin_plan_panels(plan, 2, plan->width < 300 ? 1 : 2));
    BASIN_TRY(basin_panel_rule(plan, &plan->panels[1], false, 0));
    for (size_t i = 0; i < plan->count; i++) {
        BASIN_TRY(add_shares(plan, &plan->panels[0], i, &series[i]));
        BASIN_TRY(add_traces(plan, &plan->panels[1], i, &series[i]));
    }
    BASIN_TRY(finish_panel(plan, &plan->panels[0], "% of ‖A‖\1F\2²", true));
    BASIN_TRY(finish_panel(plan, &plan->panels[1], "trace", false));
    BASIN_TRY(name_blocks(plan, &every));
    plan->panels[0].no_x = plan->columns == 1;
    plan->legend_shared = true;
    blocks_caption(plan, series, every);
done:
    return st;
}
