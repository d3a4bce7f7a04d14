/* The same line for several seeds, classes or mini-batches: each a thin line, their mean above them, and the
 * band of one standard deviation to both sides, or for classes no band but the line of all samples.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_band *band_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static basin_status check_bands(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_band *b = band_of(plan, i);
        BASIN_CHECK(b->count > 0 && b->line_count > 0 && b->loss != NULL && b->coordinates != NULL &&
                        b->mean != NULL && b->deviation != NULL && b->whole != NULL,
                    BASIN_ERR_SHAPE, "band %zu of a figure holds no lines", i + 1);
    }
done:
    return st;
}

/* One line each; the first is in the legend. */
static basin_status add_lines(basin_plan *plan, basin_panel *panel, const basin_band *b, basin_color color)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < b->line_count; i++)
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_line,
                                               .count = b->count,
                                               .x = b->coordinates,
                                               .y = b->loss + i * b->count,
                                               .cap = plan->options->cap,
                                               .pen = {.color = color, .width = 0.35}}));
done:
    return st;
}

/* Mean less and plus one deviation. */
static basin_status add_spread(basin_plan *plan, basin_panel *panel, const basin_band *b, basin_color color)
{
    basin_status st = BASIN_OK;
    double      *low = NULL, *high = NULL;

    BASIN_PLAN_ALLOC(plan, low, b->count);
    BASIN_PLAN_ALLOC(plan, high, b->count);
    for (size_t i = 0; i < b->count; i++)
        low[i] = b->mean[i] - b->deviation[i], high[i] = b->mean[i] + b->deviation[i];
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_band,
                                           .count = b->count,
                                           .x = b->coordinates,
                                           .low = low,
                                           .high = high,
                                           .pen = {.color = color, .fade = 0.75},
                                           .silent = true}));
done:
    return st;
}

static basin_status add_curve(basin_plan *plan, basin_panel *panel, const basin_band *b, const double *y,
                              basin_pen pen, const char *label)
{
    return basin_panel_add(plan, panel,
                           (basin_mark){.type = &basin_mark_line,
                                        .count = b->count,
                                        .x = b->coordinates,
                                        .y = y,
                                        .cap = plan->options->cap,
                                        .open = true,
                                        .pen = pen,
                                        .label = label});
}

static basin_status add_band(basin_plan *plan, basin_panel *panel, const basin_band *b, const char *label,
                             basin_color color)
{
    basin_status st = BASIN_OK;
    const bool   several = plan->count > 1, drawn = b->by != BASIN_BAND_CLASS;

    if (drawn) BASIN_TRY(add_spread(plan, panel, b, color));
    BASIN_TRY(add_lines(plan, panel, b, color));
    BASIN_TRY(add_curve(plan, panel, b, b->mean,
                        (basin_pen){.color = several ? color : basin_black, .width = 1.3},
                        several ? label : "mean"));
    if (b->by != BASIN_BAND_SEED)
        BASIN_TRY(
            add_curve(plan, panel, b, b->whole,
                      (basin_pen){.color = several ? color : basin_black, .width = 1.1, .dash = BASIN_DASHED},
                      several ? NULL : "all samples"));
done:
    return st;
}

static void band_caption(basin_plan *plan, const basin_band *b, const char *name)
{
    static const char *const what[] = {[BASIN_BAND_SEED] = "seeds of the direction",
                                       [BASIN_BAND_CLASS] = "classes, on the samples of one each",
                                       [BASIN_BAND_BATCH] = "mini-batches"};

    if (name != NULL) basin_plan_caption(plan, " %s:", name);
    basin_plan_caption(plan, " Thin: %s %s", BASIN_COUNT(b->line_count), what[b->by]);
    if (b->by == BASIN_BAND_BATCH) basin_plan_caption(plan, " of %s samples", BASIN_COUNT(b->batch_size));
    basin_plan_caption(plan, "; thick: their mean%s.",
                       b->by == BASIN_BAND_CLASS ? "" : ", shaded: one standard deviation to both sides");
    if (b->by != BASIN_BAND_SEED)
        basin_plan_caption(plan, " Dashed: all %s samples of %s.", BASIN_COUNT(b->samples), b->split);
    basin_plan_caption(plan, " %s: %s, norm %s.", b->direction,
                       b->definition != NULL ? b->definition : "as given", BASIN_NUMBER(b->lines[0].norm, 3));
}

/* The name that all bands share, or none. */
static const char *x_label(basin_plan *plan)
{
    for (size_t i = 1; i < plan->count; i++)
        if (!basin_same_text(band_of(plan, i)->direction, band_of(plan, 0)->direction))
            return "coordinate along each direction";
    return basin_plan_text(plan, "coordinate along %s", band_of(plan, 0)->direction);
}

basin_status basin_plan_band(basin_plan *plan)
{
    basin_status     st = BASIN_OK;
    basin_series    *series = NULL;
    basin_panel     *panel;
    basin_range      x, y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    BASIN_TRY(check_bands(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(basin_plan_panels(plan, 1, 1));
    panel = &plan->panels[0];
    BASIN_TRY(basin_panel_rule(plan, panel, true, 0));
    for (size_t i = 0; i < plan->count; i++)
        BASIN_TRY(add_band(plan, panel, band_of(plan, i), series[i].label,
                           plan->count > 1 ? series[i].look.color : basin_positive));
    basin_panel_ranges(panel, &x, &y);
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0.02);
    panel->y = basin_scale_fit(kind, &y, 0.05);
    panel->y_label = basin_plan_scale_label(plan, "loss", &panel->y, "\n");
    panel->x_label = x_label(plan);
    panel->grid = true;
    panel->height = fmin(0.45 * plan->width, 200);
    if (plan->options->cap > 0)
        plan->note = basin_plan_text(plan, "▲ above %s, cut off", BASIN_NUMBER(plan->options->cap, 3));
    basin_plan_caption(plan, "Loss along a line through the parameters (P = %s).",
                       BASIN_COUNT(band_of(plan, 0)->parameters));
    for (size_t i = 0; i < plan->count; i++)
        band_caption(plan, band_of(plan, i), plan->count > 1 ? series[i].label : NULL);
done:
    return st;
}
