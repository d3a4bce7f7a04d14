/* Loss and accuracy on the way from one point to another, of one path or several: the ends are marked, and of
 * a single path the straight line between the losses of its ends is drawn, above which its barrier stands.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

static const char *const curve_names[] = {[BASIN_CURVE_LINEAR] = "straight line",
                                          [BASIN_CURVE_BEZIER] = "Bézier curve",
                                          [BASIN_CURVE_POLYGON] = "polygon"};

static const basin_connection *connection_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static basin_status check_paths(const basin_plan *plan, bool *accuracy)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_connection *p = connection_of(plan, i);
        BASIN_CHECK(p->points >= 2 && p->t != NULL && p->split_count > 0, BASIN_ERR_SHAPE,
                    "path %zu of a figure holds no points", i + 1);
        for (size_t k = 0; k < p->split_count; k++) {
            BASIN_CHECK(p->splits[k].points == p->points, BASIN_ERR_SHAPE,
                        "path %zu of a figure: %zu losses for %zu points", i + 1, p->splits[k].points,
                        p->points);
            *accuracy = *accuracy || isfinite(p->splits[k].accuracy[0]);
        }
    }
done:
    return st;
}

typedef struct drawing {
    basin_panel *loss, *hits; /* hits: accuracy, or NULL */
    const char **name;        /* [plan->count] */
    basin_color *color;       /* [plan->count] */
} drawing;

/* Paths of one figure often differ in the curve alone: then that is their name. */
static basin_status name_paths(basin_plan *plan, drawing *d)
{
    static const basin_color colors[] = {{0.000, 0.447, 0.698}, {0.835, 0.369, 0.000}, {0.000, 0.620, 0.451}};
    basin_status             st = BASIN_OK;
    basin_series            *series = NULL;
    bool                     curves = true;

    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_PLAN_ALLOC(plan, d->name, plan->count);
    BASIN_PLAN_ALLOC(plan, d->color, plan->count);
    for (size_t i = 1; i < plan->count; i++)
        for (size_t j = 0; j < i; j++)
            curves = curves && connection_of(plan, i)->curve != connection_of(plan, j)->curve;
    for (size_t i = 0; i < plan->count; i++) {
        const bool by_curve = curves && plan->options->labels == NULL;
        d->name[i] = by_curve ? curve_names[connection_of(plan, i)->curve] : series[i].label;
        d->color[i] =
            by_curve || plan->count == 1 ? colors[connection_of(plan, i)->curve] : series[i].look.color;
    }
done:
    return st;
}

/* Markers at A and B. */
static basin_status add_ends(basin_plan *plan, basin_panel *panel, const basin_connection *p, const double *y,
                             basin_color color)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *end = NULL;

    BASIN_PLAN_ALLOC(plan, x, 2);
    BASIN_PLAN_ALLOC(plan, end, 2);
    x[1] = 1, end[0] = y[0], end[1] = y[p->points - 1];
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_points,
                                           .count = 2,
                                           .x = x,
                                           .y = end,
                                           .marker = BASIN_MARKER_CIRCLE,
                                           .size = 4,
                                           .pen = {.color = color}}));
done:
    return st;
}

/* The line between the losses of the ends. */
static basin_status add_reference(basin_plan *plan, basin_panel *panel, const basin_connection *p)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *y = NULL;

    BASIN_PLAN_ALLOC(plan, x, 2);
    BASIN_PLAN_ALLOC(plan, y, 2);
    x[1] = 1, y[0] = p->splits[0].loss[0], y[1] = p->splits[0].loss[p->points - 1];
    BASIN_TRY(
        basin_panel_add(plan, panel,
                        (basin_mark){.type = &basin_mark_line,
                                     .count = 2,
                                     .x = x,
                                     .y = y,
                                     .silent = true,
                                     .label = "between the ends",
                                     .pen = {.color = basin_grey, .width = 0.8, .dash = BASIN_DOTTED}}));
done:
    return st;
}

static basin_status add_path(basin_plan *plan, drawing *d, size_t i)
{
    basin_status            st = BASIN_OK;
    const basin_connection *p = connection_of(plan, i);
    const bool              several = plan->count > 1;

    for (size_t k = 0; k < p->split_count; k++) {
        basin_mark mark = {
            .type = &basin_mark_line,
            .count = p->points,
            .x = p->t,
            .y = p->splits[k].loss,
            .cap = plan->options->cap,
            .label = several ? (k == 0 ? d->name[i] : NULL) : p->splits[k].split,
            .pen = {.color = d->color[i], .width = 1.1, .dash = k == 0 ? BASIN_SOLID : BASIN_DASHED}};
        BASIN_TRY(basin_panel_add(plan, d->loss, mark));
        BASIN_TRY(add_ends(plan, d->loss, p, p->splits[k].loss, d->color[i]));
        if (d->hits == NULL) continue;
        double *hits = NULL;
        BASIN_PLAN_ALLOC(plan, hits, p->points);
        for (size_t j = 0; j < p->points; j++) hits[j] = 100 * p->splits[k].accuracy[j];
        mark.y = hits, mark.label = NULL, mark.cap = 0;
        BASIN_TRY(basin_panel_add(plan, d->hits, mark));
        BASIN_TRY(add_ends(plan, d->hits, p, hits, d->color[i]));
    }
    if (!several) BASIN_TRY(add_reference(plan, d->loss, p));
done:
    return st;
}

/* What the dashes of several paths mean, in grey. */
static basin_status add_keys(basin_plan *plan, const drawing *d)
{
    basin_status            st = BASIN_OK;
    const basin_connection *p = connection_of(plan, 0);
    basin_mark key = {.type = &basin_mark_line, .pen = {.color = basin_grey, .width = 1.1}, .silent = true};

    for (size_t k = 0; k < p->split_count && p->split_count > 1; k++) {
        key.label = p->splits[k].split, key.pen.dash = k == 0 ? BASIN_SOLID : BASIN_DASHED;
        BASIN_TRY(basin_panel_add(plan, d->loss, key));
    }
done:
    return st;
}

static basin_status finish(basin_plan *plan, drawing *d)
{
    basin_status     st = BASIN_OK;
    basin_range      x, y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    basin_panel_ranges(d->loss, &x, &y);
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    d->loss->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0.02);
    d->loss->y = basin_scale_fit(kind, &y, 0.05);
    d->loss->y_label = basin_plan_scale_label(plan, "loss", &d->loss->y, "\n");
    d->loss->grid = true;
    d->loss->height = fmin(0.4 * plan->width, 180);
    d->loss->no_x = d->hits != NULL;
    (d->hits != NULL ? d->hits : d->loss)->x_label = "t, from A (0) to B (1)";
    if (d->hits == NULL) goto done;
    basin_panel_ranges(d->hits, &x, &y);
    d->hits->x = d->loss->x;
    d->hits->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0.07);
    d->hits->y.low = fmax(d->hits->y.low, 0), d->hits->y.high = fmin(d->hits->y.high, 100);
    d->hits->y_label = "accuracy / %";
    d->hits->grid = true;
    d->hits->height = 0.5 * d->loss->height;
done:
    return st;
}

static void connection_caption(basin_plan *plan, const basin_connection *p, const char *name)
{
    if (name != NULL) basin_plan_caption(plan, " %s:", name);
    basin_plan_caption(plan, " A: %s, B: %s, %s of length %s, ‖B − A‖ = %s.", p->from, p->to,
                       curve_names[p->curve], BASIN_NUMBER(p->length, 3), BASIN_NUMBER(p->distance, 3));
    for (size_t i = 0; i < p->alignment_count; i++)
        basin_plan_caption(plan, " Units of B are aligned with A's: ‖B − A‖ was %s.",
                           BASIN_NUMBER(p->alignment[i].distance_before, 3));
    if (p->steps > 0)
        basin_plan_caption(plan, " Bent by %s steps of heavy ball at uniform t, η = %s, β = %s.",
                           BASIN_COUNT(p->steps), BASIN_NUMBER(p->learning_rate, 3),
                           BASIN_NUMBER(p->momentum, 3));
    for (size_t k = 0; k < p->split_count; k++)
        basin_plan_caption(plan, " Barrier on %s (%s, N = %s): %s, up to %s more between the points.",
                           p->splits[k].split, k == 0 ? "solid" : "dashed", BASIN_COUNT(p->splits[k].samples),
                           BASIN_NUMBER(p->splits[k].barrier, 3),
                           BASIN_NUMBER(p->splits[k].barrier_error, 1));
    for (size_t k = 0; k < p->split_count; k++)
        if (isfinite(p->splits[k].straight))
            basin_plan_caption(plan, " Of the straight line on %s: %s, up to %s more.", p->splits[k].split,
                               BASIN_NUMBER(p->splits[k].straight, 3),
                               BASIN_NUMBER(p->splits[k].straight_error, 1));
}

basin_status basin_plan_connection(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    drawing      d = {0};
    bool         accuracy = false;

    BASIN_TRY(check_paths(plan, &accuracy));
    BASIN_TRY(name_paths(plan, &d));
    BASIN_TRY(basin_plan_panels(plan, accuracy ? 2 : 1, 1));
    d.loss = &plan->panels[0], d.hits = accuracy ? &plan->panels[1] : NULL;
    for (size_t i = 0; i < plan->count; i++) BASIN_TRY(add_path(plan, &d, i));
    if (plan->count > 1) BASIN_TRY(add_keys(plan, &d));
    BASIN_TRY(finish(plan, &d));
    if (plan->options->cap > 0)
        plan->note = basin_plan_text(plan, "▲ above %s, cut off", BASIN_NUMBER(plan->options->cap, 3));
    basin_plan_caption(plan, "Loss%s from A to B (P = %s).", accuracy ? " and accuracy" : "",
                       BASIN_COUNT(connection_of(plan, 0)->parameters));
    for (size_t i = 0; i < plan->count; i++)
        connection_caption(plan, connection_of(plan, i), plan->count > 1 ? d.name[i] : NULL);
done:
    return st;
}
