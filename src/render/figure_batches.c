/* Curvature of mini-batches: a dot for each batch, and beside them the mean with its 95 % interval; the
 * ceiling of stability as a level line, and λ_max of all samples as a cross. Curvatures share one panel,
 * since they are held against the same ceiling; trace and SANE, where they were asked for, have their own.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_batches *batches_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

typedef enum quantity { SHARPNESS, MOMENTUM, LARGEST, TRACE, SANE, QUANTITIES } quantity;

static const char *const names[QUANTITIES] = {[SHARPNESS] = "gᵀHg/‖g‖²",
                                              [MOMENTUM] = "sᵀHs/sᵀg",
                                              [LARGEST] = "λ\1max\2",
                                              [TRACE] = "trace",
                                              [SANE] = "SANE"};

static double value_of(const basin_batch_row *row, quantity q)
{
    const double values[QUANTITIES] = {row->sharpness, row->momentum, row->lambda_max, row->trace, row->sane};

    return values[q];
}

static const basin_mean *mean_of(const basin_batches *b, quantity q)
{
    const basin_mean *means[QUANTITIES] = {&b->sharpness, &b->momentum, &b->lambda_max, &b->trace, &b->sane};

    return means[q];
}

static bool measured(const basin_plan *plan, quantity q)
{
    for (size_t i = 0; i < plan->count; i++)
        if (isfinite(mean_of(batches_of(plan, i), q)->mean)) return true;
    return false;
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

/* Dots are spread over a part of the slot by multiples of the golden section, which lie nowhere together. */
static basin_status add_dots(basin_plan *plan, basin_panel *panel, size_t result, quantity q, double slot,
                             const basin_series *series)
{
    basin_status         st = BASIN_OK;
    const basin_batches *b = batches_of(plan, result);
    const double         width = 0.8 / (double)plan->count, left = slot - 0.4 + width * (double)result;
    double              *x = NULL, *y = NULL;

    BASIN_PLAN_ALLOC(plan, x, b->count);
    BASIN_PLAN_ALLOC(plan, y, b->count);
    for (size_t i = 0; i < b->count; i++) {
        x[i] = left + width * (0.1 + 0.5 * fmod(0.6180339887 * (double)(i + 1), 1.0));
        y[i] = value_of(&b->rows[i], q);
    }
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_points,
                                           .count = b->count,
                                           .x = x,
                                           .y = y,
                                           .pen = {.color = series->look.color},
                                           .marker = BASIN_MARKER_CIRCLE,
                                           .size = 2.2,
                                           .label = plan->count > 1 ? series->label : NULL}));
done:
    return st;
}

static basin_status add_mark(basin_plan *plan, basin_panel *panel, double x, double value, double low,
                             double high, basin_mark mark)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;

    BASIN_PLAN_ALLOC(plan, at, 4);
    at[0] = x, at[1] = value, at[2] = low, at[3] = high;
    mark.count = 1, mark.x = at, mark.y = at + 1;
    if (mark.type == &basin_mark_interval) mark.low = at + 2, mark.high = at + 3;
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

static basin_status add_quantity(basin_plan *plan, basin_panel *panel, size_t result, quantity q, double slot,
                                 const basin_series *series)
{
    basin_status         st = BASIN_OK;
    const basin_batches *b = batches_of(plan, result);
    const basin_mean    *m = mean_of(b, q);
    const double         width = 0.8 / (double)plan->count, left = slot - 0.4 + width * (double)result;

    if (!isfinite(m->mean)) return BASIN_OK;
    BASIN_TRY(add_dots(plan, panel, result, q, slot, series));
    BASIN_TRY(add_mark(plan, panel, left + 0.76 * width, m->mean, m->lower, m->upper,
                       (basin_mark){.type = &basin_mark_interval,
                                    .pen = {.color = series->look.color, .width = 1.1},
                                    .marker = series->look.marker,
                                    .hollow = series->look.hollow,
                                    .size = 4,
                                    .label = plan->count > 1 ? NULL : "mean, 95 %"}));
    if (q == LARGEST)
        BASIN_TRY(add_mark(plan, panel, left + 0.94 * width, b->whole_lambda_max, 0, 0,
                           (basin_mark){.type = &basin_mark_points,
                                        .pen = {.color = basin_black},
                                        .marker = BASIN_MARKER_PLUS,
                                        .size = 5,
                                        .label = "all samples"}));
done:
    return st;
}

typedef struct ceiling {
    double      at;
    const char *label;
    basin_dash  dash;
} ceiling;

/* Those of the first result; a ceiling far above all that was measured would flatten it, and is told in a
   note. */
static basin_status add_ceilings(basin_plan *plan, basin_panel *panel)
{
    basin_status         st = BASIN_OK;
    const basin_batches *b = batches_of(plan, 0);
    const bool           beta = b->beta > 0.0;
    const ceiling        ceilings[] = {{b->ceiling, "2/η", BASIN_DASHED},
                                       {beta ? b->ceiling_small : (double)NAN, "2(1−β)/η", BASIN_DOTTED},
                                       {beta ? b->ceiling_large : (double)NAN, "2(1+β)/η", BASIN_DASHDOT}};
    basin_range          x, y;
    double              *at = NULL;

    basin_panel_ranges(panel, &x, &y);
    BASIN_PLAN_ALLOC(plan, panel->notes, 3);
    BASIN_PLAN_ALLOC(plan, at, 3);
    for (size_t i = 0; i < 3; i++) {
        if (!isfinite(ceilings[i].at)) continue;
        at[i] = ceilings[i].at;
        if (at[i] > 3.0 * y.high) {
            panel->notes[panel->note_count++].text =
                basin_plan_text(plan, "%s = %s lies above", ceilings[i].label, BASIN_NUMBER(at[i], 3));
            continue;
        }
        BASIN_TRY(basin_panel_add(
            plan, panel,
            (basin_mark){.type = &basin_mark_rule,
                         .count = 1,
                         .y = at + i,
                         .pen = {.color = basin_warning, .width = 0.8, .dash = ceilings[i].dash},
                         .label = ceilings[i].label}));
    }
done:
    return st;
}

/* Quantities first … end - 1, each in a slot of its own, of those that were measured. */
static basin_status fill_panel(basin_plan *plan, basin_panel *panel, const basin_series *series,
                               quantity first, quantity end)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    basin_range      x, y;
    double          *at = NULL;
    const char     **label = NULL;
    size_t           slots = 0;

    BASIN_PLAN_ALLOC(plan, at, QUANTITIES);
    BASIN_PLAN_ALLOC(plan, label, QUANTITIES);
    for (quantity q = first; q < end; q++) {
        if (!measured(plan, q)) continue;
        at[slots] = (double)slots, label[slots] = names[q];
        for (size_t i = 0; i < plan->count; i++)
            BASIN_TRY(add_quantity(plan, panel, i, q, (double)slots, &series[i]));
        slots++;
    }
    if (first == SHARPNESS) BASIN_TRY(add_ceilings(plan, panel));
    basin_panel_ranges(panel, &x, &y);
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.55, (double)(slots > 0 ? slots : 1) - 0.45, 0};
    panel->y = basin_scale_fit(kind, &y, 0.06);
    panel->tick_count = slots, panel->tick_at = at, panel->tick_label = label;
    panel->y_label = basin_plan_scale_label(plan, first == SHARPNESS ? "curvature of a batch" : names[first],
                                            &panel->y, "\n");
    panel->grid = true;
    panel->height = fmin(0.56 * plan->width, 150) * (first == SHARPNESS || plan->columns > 1 ? 1.0 : 0.6);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static void batches_caption(basin_plan *plan, const basin_series *series)
{
    const basin_batches *first = batches_of(plan, 0);

    basin_plan_caption(
        plan,
        "Curvature of mini-batches, a dot each: along the batch's own gradient g%s, and the largest "
        "eigenvalue of its %s%s; beside them the mean with its 95 %% interval.",
        measured(plan, MOMENTUM) ? " and along the step s = βv + g" : "",
        first->preconditioned ? "preconditioned " : "",
        basin_curvature_kind_title((basin_curvature_kind)first->operator_kind));
    for (size_t i = 0; i < plan->count; i++) {
        const basin_batches *b = batches_of(plan, i);
        basin_plan_caption(plan, " %s%s%zu batches of %s of %s samples, loss %s",
                           plan->count > 1 ? series[i].label : "", plan->count > 1 ? ": " : "", b->count,
                           BASIN_COUNT(b->batch_size), BASIN_COUNT(b->samples), BASIN_NUMBER(b->loss, 3));
        if (b->verified < b->count)
            basin_plan_caption(plan, "; that no eigenvalue is larger is verified of %zu of them",
                               b->verified);
        if (b->without_gradient > 0)
            basin_plan_caption(plan, "; %zu without a gradient have no sharpness", b->without_gradient);
        basin_plan_caption(plan, ".");
    }
    if (isfinite(first->ceiling))
        basin_plan_caption(plan, " Batch sharpness settles at 2/η = %s under SGD (arXiv:2412.20553)%s.",
                           BASIN_NUMBER(first->ceiling, 3),
                           first->beta > 0
                               ? "; with momentum at 2(1−β)/η for small batches and at 2(1+β)/η for "
                                 "large ones (arXiv:2604.14108)"
                               : "");
}

static basin_status check_batches(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_batches *b = batches_of(plan, i), *first = batches_of(plan, 0);
        BASIN_CHECK(b->operator_kind == first->operator_kind && b->preconditioned == first->preconditioned,
                    BASIN_ERR_ARG, "batches of one figure are of one operator: number %zu is of another",
                    i + 1);
        BASIN_CHECK(b->count == 0 || b->rows != NULL, BASIN_ERR_ARG,
                    "result %zu of a figure has %zu batches but no values", i + 1, b->count);
    }
done:
    return st;
}

basin_status basin_plan_batches(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    const bool    trace = measured(plan, TRACE), sane = measured(plan, SANE);
    const size_t  panels = (size_t)1 + trace + sane;
    size_t        next = 1;

    BASIN_TRY(check_batches(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(basin_plan_panels(plan, panels, plan->width < 300 ? 1 : panels));
    BASIN_TRY(fill_panel(plan, &plan->panels[0], series, SHARPNESS, TRACE));
    if (trace) BASIN_TRY(fill_panel(plan, &plan->panels[next++], series, TRACE, SANE));
    if (sane) BASIN_TRY(fill_panel(plan, &plan->panels[next++], series, SANE, QUANTITIES));
    plan->legend_shared = true;
    batches_caption(plan, series);
done:
    return st;
}
