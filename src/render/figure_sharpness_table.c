/* Measures of sharpness against their radius, a panel each: values, and a band for the 95 % interval of what
 * was sampled. Measures without a radius stand side by side in their panel, one mark a result. Radii that are
 * all positive and span more than a factor of 4 are on a logarithmic axis.
 */
#include <math.h>
#include <stdlib.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_sharpness_table *table_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

/* Has some result that measure? */
static bool measured(const basin_plan *plan, int measure)
{
    for (size_t r = 0; r < plan->count; r++)
        for (size_t i = 0; i < table_of(plan, r)->row_count; i++)
            if (table_of(plan, r)->rows[i].measure == measure) return true;
    return false;
}

static basin_status check_tables(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++)
        BASIN_CHECK(table_of(plan, i)->row_count > 0 && table_of(plan, i)->rows != NULL, BASIN_ERR_ARG,
                    "result %zu of a figure has no measures", i + 1);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

#define UNSEEN 1e-3 /* an interval of less, of its value, would only stretch the axis */

enum { MOST_TICKS = 8 };

typedef struct curve { /* of one measure and result, by radius */
    size_t  count;
    double *x, *y, *low, *high;
    bool    sampled;
} curve;

static int by_radius(const void *a, const void *b)
{
    const double x = (*(const basin_sharpness_row *const *)a)->rho,
                 y = (*(const basin_sharpness_row *const *)b)->rho;

    return (x > y) - (x < y);
}

static basin_status take_curve(basin_plan *plan, size_t result, int measure, curve *out)
{
    basin_status                 st = BASIN_OK;
    const basin_sharpness_table *t = table_of(plan, result);
    const basin_sharpness_row  **rows = NULL;
    curve                        c = {0};

    BASIN_PLAN_ALLOC(plan, rows, t->row_count);
    BASIN_PLAN_ALLOC(plan, c.x, t->row_count);
    BASIN_PLAN_ALLOC(plan, c.y, t->row_count);
    BASIN_PLAN_ALLOC(plan, c.low, t->row_count);
    BASIN_PLAN_ALLOC(plan, c.high, t->row_count);
    for (size_t i = 0; i < t->row_count; i++)
        if (t->rows[i].measure == measure) rows[c.count++] = &t->rows[i];
    if (basin_sharpness_has_radius(&basin_sharpness_entries[measure]))
        qsort(rows, c.count, sizeof *rows, by_radius);
    for (size_t i = 0; i < c.count; i++) {
        c.x[i] = rows[i]->rho, c.y[i] = rows[i]->value;
        const bool seen = !(rows[i]->upper - rows[i]->lower < UNSEEN * fabs(rows[i]->value));
        c.low[i] = seen ? rows[i]->lower : (double)NAN, c.high[i] = seen ? rows[i]->upper : (double)NAN;
        c.sampled = c.sampled || isfinite(c.low[i]);
    }
    *out = c;
done:
    return st;
}

static basin_status add_curve(basin_plan *plan, basin_panel *panel, const curve *c,
                              const basin_series *series)
{
    basin_status st = BASIN_OK;
    basin_mark   band = {.type = &basin_mark_band,
                         .count = c->count,
                         .x = c->x,
                         .y = c->y,
                         .low = c->low,
                         .high = c->high,
                         .pen = {.color = series->look.color, .fade = 0.75}};
    basin_mark   line = {.type = &basin_mark_line,
                         .count = c->count,
                         .x = c->x,
                         .y = c->y,
                         .pen = basin_look_pen(&series->look, 1.1),
                         .marker = series->look.marker,
                         .hollow = series->look.hollow,
                         .size = 3.2,
                         .label = plan->count > 1 ? series->label : NULL,
                         .cap = plan->options->cap};

    if (c->sampled) BASIN_TRY(basin_panel_add(plan, panel, band));
    BASIN_TRY(basin_panel_add(plan, panel, line));
done:
    return st;
}

/* A measure without a radius: at the place of its result; or of parts, each at its own number. */
static basin_status add_place(basin_plan *plan, basin_panel *panel, const curve *c, size_t result, bool parts,
                              const basin_series *series)
{
    basin_status st = BASIN_OK;

    if (c->count == 0) return BASIN_OK;
    for (size_t i = 0; i < c->count; i++) c->x[i] = parts ? (double)(i + 1) : (double)result;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_interval,
                                           .count = c->count,
                                           .x = c->x,
                                           .y = c->y,
                                           .low = c->low,
                                           .high = c->high,
                                           .pen = {.color = series->look.color, .width = 1.1},
                                           .marker = series->look.marker,
                                           .hollow = series->look.hollow,
                                           .size = 4,
                                           .label = plan->count > 1 ? series->label : NULL}));
done:
    return st;
}

/* What a panel's axis counts. */
typedef enum abscissa { RADII, PARTS, RESULTS } abscissa;

static abscissa abscissa_of(const basin_sharpness_entry *entry)
{
    if (basin_sharpness_has_radius(entry)) return RADII;
    return entry->radius == BASIN_RADIUS_NONE ? RESULTS : PARTS;
}

static basin_status fit(basin_plan *plan, basin_panel *panel, abscissa what)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    basin_range      x, y;

    basin_panel_ranges(panel, &x, &y);
    const bool log = what == RADII && x.low > 0.0 && x.high > 4.0 * x.low;
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.6, (double)plan->count - 0.4, 0};
    if (what == RADII) panel->x = basin_scale_fit(log ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, &x, 0.04);
    if (what == PARTS) panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, 0.4, fmax(x.high, 1.0) + 0.6, 0};
    panel->y = basin_scale_fit(kind, &y, 0.06);
    panel->grid = true;
    panel->height = fmin(0.36 * plan->width, 120);
    if (y.low > y.high) panel->empty = "no value: the table says why", panel->mark_count = 0;
done:
    return st;
}

/* Instead of round numbers on a logarithmic axis, for one of which a narrow panel has room at most: the
   least, a middle and the largest radius. */
static basin_status name_radii(basin_plan *plan, basin_panel *panel, const curve *c)
{
    basin_status st = BASIN_OK;
    const size_t count = c->count < 3 ? c->count : 3;
    double      *at = NULL;
    const char **names = NULL;

    BASIN_PLAN_ALLOC(plan, at, count);
    BASIN_PLAN_ALLOC(plan, names, count);
    for (size_t i = 0; i < count; i++) {
        at[i] = c->x[i == 0 ? 0 : i == 1 ? c->count / 2 : c->count - 1];
        names[i] = basin_plan_text(plan, "%s", BASIN_NUMBER(at[i], 3));
    }
    panel->tick_count = count, panel->tick_at = at, panel->tick_label = names;
done:
    return st;
}

/* Of parts: their numbers, or some of them; of results none, since the legend names these. */
static basin_status add_ticks(basin_plan *plan, basin_panel *panel, abscissa what)
{
    basin_status st = BASIN_OK;
    const size_t parts = what == PARTS ? (size_t)panel->x.high : 1, step = parts / MOST_TICKS + 1;
    double      *at = NULL;
    const char **names = NULL;

    BASIN_PLAN_ALLOC(plan, at, parts);
    BASIN_PLAN_ALLOC(plan, names, parts);
    names[0] = "";
    panel->tick_count = 1;
    if (what == PARTS) {
        panel->tick_count = 0;
        for (size_t i = 1; i <= parts; i += step, panel->tick_count++) {
            at[panel->tick_count] = (double)i;
            names[panel->tick_count] = basin_plan_text(plan, "%zu", i);
        }
    }
    panel->tick_at = at, panel->tick_label = names;
done:
    return st;
}

static basin_status fill_panel(basin_plan *plan, basin_panel *panel, int measure, const basin_series *series)
{
    basin_status                 st = BASIN_OK;
    const basin_sharpness_entry *entry = &basin_sharpness_entries[measure];
    const abscissa               what = abscissa_of(entry);
    curve                        longest = {0};

    for (size_t r = 0; r < plan->count; r++) {
        curve c = {0};
        BASIN_TRY(take_curve(plan, r, measure, &c));
        BASIN_TRY(what == RADII ? add_curve(plan, panel, &c, &series[r])
                                : add_place(plan, panel, &c, r, what == PARTS, &series[r]));
        if (c.count > longest.count) longest = c;
    }
    BASIN_TRY(fit(plan, panel, what));
    panel->title = entry->number == BASIN_SHARPNESS_LOWER_BOUND
                       ? basin_plan_text(plan, "%s (≥)", entry->title)
                       : entry->title;
    if (what == PARTS) panel->x_label = "layer";
    if (what == RADII) panel->x_label = panel->x.low < 0.0 ? "signed radius ρ" : "radius ρ";
    if (what != RADII) BASIN_TRY(add_ticks(plan, panel, what));
    if (panel->x.kind == BASIN_SCALE_LOG) BASIN_TRY(name_radii(plan, panel, &longest));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static void caption(basin_plan *plan, const int *measures, size_t count, const basin_series *series)
{
    bool sampled = false, bound = false;

    basin_plan_caption(plan, "Measures of sharpness:");
    for (size_t i = 0; i < count; i++) {
        const basin_sharpness_entry *entry = &basin_sharpness_entries[measures[i]];
        basin_plan_caption(plan, " %s, %s (%s);", entry->title, entry->definition, entry->source);
        sampled = sampled || entry->number >= BASIN_SHARPNESS_SAMPLED;
        bound = bound || entry->number == BASIN_SHARPNESS_LOWER_BOUND;
    }
    basin_plan_caption(plan, " L the loss, θ the weights, g its gradient.");
    if (sampled) basin_plan_caption(plan, " Bands and bars: 95 %% intervals of what was sampled.");
    if (bound) basin_plan_caption(plan, " ≥: a maximum that was found is a lower bound of the maximum.");
    for (size_t r = 0; r < plan->count; r++) {
        const basin_sharpness_table *t = table_of(plan, r);
        basin_plan_caption(plan, " %s%sP = %s, N = %s%s%s, loss %s.", plan->count > 1 ? series[r].label : "",
                           plan->count > 1 ? ": " : "", BASIN_COUNT(t->parameters), BASIN_COUNT(t->samples),
                           t->split != NULL ? ", " : "", t->split != NULL ? t->split : "",
                           BASIN_NUMBER(t->loss, 3));
    }
}

basin_status basin_plan_measures(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    int           measures[BASIN_SHARPNESS_MEASURES];
    size_t        count = 0;

    BASIN_TRY(check_tables(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    for (int m = 0; m < BASIN_SHARPNESS_MEASURES; m++)
        if (measured(plan, m)) measures[count++] = m;
    const size_t widest = plan->width >= 300 ? 3
                          : count > 4        ? 2
                                             : 1,
                 columns = count < widest ? count : widest;
    BASIN_TRY(basin_plan_panels(plan, count, columns));
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(fill_panel(plan, &plan->panels[i], measures[i], series));
        if (i % columns == 0) plan->panels[i].y_label = "value";
    }
    plan->legend_shared = plan->count > 1;
    caption(plan, measures, count, series);
done:
    return st;
}
