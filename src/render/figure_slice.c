/* Loss and accuracy along a line through the parameters: one or several directions or checkpoints in one
 * panel.
 *
 * x is the coordinate in units of the direction. Directions of different length in one figure are drawn over
 * the distance moved, coordinate · ‖d‖, so that equal places mean equal distances; where one reaches more
 * than twice as far as another, over the distance common to all. Dotted: L + slope s + curvature s²/2 at the
 * centre, inside the range of the losses only.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_slice *slice_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

bool basin_same_direction(const basin_axis *a, const basin_axis *b)
{
    return a->kind == b->kind &&
           (a->kind == BASIN_DIRECTION_TO || basin_same_text(a->direction, b->direction));
}

static bool has_accuracy(const basin_slice *s)
{
    for (size_t k = 0; k < s->surface_count; k++)
        for (size_t j = 0; s->surfaces[k].accuracy != NULL && j < s->surfaces[k].columns; j++)
            if (isfinite(s->surfaces[k].accuracy[j])) return true;
    return false;
}

static basin_status check_slices(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_slice *s = slice_of(plan, i);
        BASIN_CHECK(s->axis_count == 1, BASIN_ERR_ARG,
                    "figure lines: slice %zu has %zu directions; draw it as contour, heat or change", i + 1,
                    s->axis_count);
        BASIN_CHECK(s->surface_count > 0 && s->axes[0].coordinates != NULL, BASIN_ERR_ARG,
                    "slice %zu of a figure holds no values", i + 1);
        for (size_t k = 0; k < s->surface_count; k++)
            BASIN_CHECK(s->surfaces[k].rows == 1 && s->surfaces[k].columns == s->axes[0].count &&
                            s->surfaces[k].loss != NULL,
                        BASIN_ERR_SHAPE, "slice %zu of a figure: %zu x %zu losses for %zu coordinates", i + 1,
                        s->surfaces[k].rows, s->surfaces[k].columns, s->axes[0].count);
    }
done:
    return st;
}

/* «1» of the label «eigen:1», as it was asked for; all of a label without a colon. */
static const char *detail_of(const char *label)
{
    const char *colon = strchr(label, ':');

    return colon != NULL ? colon + 1 : label;
}

/* Whether this eigenvalue is that of the direction of the same name in every result; otherwise no label can
   name it. */
static bool same_eigenvalue(const basin_plan *plan, const basin_axis *axis)
{
    for (size_t i = 0; i < plan->count; i++) {
        const basin_slice *s = plan->results[i]->value;
        for (size_t k = 0; k < s->axis_count; k++) {
            const basin_axis *other = &s->axes[k];
            if (basin_same_text(other->direction, axis->direction) && other->eigenvalue != axis->eigenvalue)
                return false;
        }
    }
    return isfinite(axis->eigenvalue);
}

/* Of a direction to a checkpoint: its name, or «weights of» that where the network at its coordinate is not
   it. */
static const char *end_of(basin_plan *plan, const basin_axis *axis)
{
    const bool reached = strncmp(axis->direction, BASIN_WEIGHTS_OF, strlen(BASIN_WEIGHTS_OF)) != 0;

    return basin_plan_text(plan, "%s%s", reached ? "" : BASIN_WEIGHTS_OF, basin_end_name(plan, axis));
}

/* No-break spaces keep «‖d‖ = 1» whole when the label breaks. */
const char *basin_axis_label(basin_plan *plan, const basin_axis *axis, basin_label_form form)
{
    const char *name = axis->direction != NULL ? axis->direction : "direction";
    const char *apart = form == BASIN_LABEL_BROKEN ? "\n" : ", ";
    bool        uphill = axis->kind == BASIN_DIRECTION_MOMENTUM || axis->kind == BASIN_DIRECTION_GRADIENT ||
                  axis->kind == BASIN_DIRECTION_ADAM;
    bool        unit = fabs(axis->norm - 1) < 1e-9;
    const char *detail = detail_of(name);
    const char *norm = basin_plan_text(plan, "‖d‖ = %s", BASIN_NUMBER(axis->norm, 3));

    if (axis->kind == BASIN_DIRECTION_TO) {
        const char *end = end_of(plan, axis);
        if (form == BASIN_LABEL_SHORT) return basin_plan_text(plan, "towards %s", end);
        return basin_plan_text(plan, "%stowards %s (%s)%s%s",
                               strstr(name, BASIN_WEIGHTS_OF) == name ? "" : "from θ (0) ", end,
                               BASIN_NUMBER(axis->end_at > 0 ? axis->end_at : 1, 3), apart, norm);
    }
    if (axis->kind == BASIN_DIRECTION_EIGEN) {
        if (form == BASIN_LABEL_SHORT) return basin_plan_text(plan, "eigenvector %s", detail);
        if (!same_eigenvalue(plan, axis))
            return basin_plan_text(plan, "distance along eigenvector %s%s%s", detail, apart, norm);
        return basin_plan_text(plan, "distance along eigenvector %s%sλ = %s, %s", detail, apart,
                               BASIN_NUMBER(axis->eigenvalue, 3), norm);
    }
    if (axis->kind == BASIN_DIRECTION_PLANE && strrchr(name, ' ') != NULL) {
        const char *number = strrchr(name, ' ') + 1;
        if (form == BASIN_LABEL_SHORT) return basin_plan_text(plan, "axis %s of the plane", number);
        return basin_plan_text(plan, "distance along axis %s of the plane%s%s", number, apart, norm);
    }
    if (axis->kind == BASIN_DIRECTION_PCA) {
        const char *share = basin_plan_text(plan, "%s %%", BASIN_NUMBER(100 * axis->explained, 3));
        if (form == BASIN_LABEL_SHORT) return basin_plan_text(plan, "principal axis %s (%s)", detail, share);
        return basin_plan_text(plan, "principal axis %s (%s)%s%s", detail, share, apart, norm);
    }
    if (form == BASIN_LABEL_SHORT) return basin_plan_text(plan, "%s%s", name, uphill ? " →" : "");
    return basin_plan_text(plan, "%s along %s%s%s%s", unit ? "distance" : "coordinate", name, apart, norm,
                           uphill ? ", uphill →" : "");
}

/* What one unit of the coordinate is on x. */
static double unit_of(const basin_axis *axis, bool distance)
{
    return distance && isfinite(axis->norm) && axis->norm > 0 ? axis->norm : 1;
}

/* Scaled copies of the coordinates; the coordinates themselves where the scale is 1. */
static basin_status positions(basin_plan *plan, const basin_axis *axis, double scale, const double **out)
{
    basin_status st = BASIN_OK;
    double      *x = NULL;

    BASIN_PLAN_ALLOC(plan, x, axis->count);
    for (size_t j = 0; j < axis->count; j++) x[j] = axis->coordinates[j] * scale;
    *out = x;
done:
    return st;
}

static basin_status percent(basin_plan *plan, const basin_surface *surface, const double **out)
{
    basin_status st = BASIN_OK;
    double      *y = NULL;

    BASIN_PLAN_ALLOC(plan, y, surface->columns);
    for (size_t j = 0; j < surface->columns; j++) y[j] = 100 * surface->accuracy[j];
    *out = y;
done:
    return st;
}

/* The parabola on a fine grid; the range of the data does the cutting. */
static basin_status add_prediction(basin_plan *plan, basin_panel *panel, const basin_slice *s, double scale,
                                   basin_color color, const char *label)
{
    enum { POINTS = 161 };
    basin_status      st = BASIN_OK;
    const basin_axis *axis = &s->axes[0];
    double           *x = NULL, *y = NULL, from = axis->coordinates[0];
    double            to = axis->coordinates[axis->count - 1];

    BASIN_PLAN_ALLOC(plan, x, POINTS);
    BASIN_PLAN_ALLOC(plan, y, POINTS);
    for (size_t j = 0; j < POINTS; j++) {
        double t = from + (to - from) * (double)j / (POINTS - 1);
        x[j] = t * scale;
        y[j] = s->surfaces[0].centre_loss + axis->slope * t + axis->curvature * t * t / 2;
    }
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_line,
                                           .count = POINTS,
                                           .x = x,
                                           .y = y,
                                           .silent = true,
                                           .label = label,
                                           .pen = {.color = color, .width = 1.0, .dash = BASIN_DOTTED}}));
done:
    return st;
}

/* The name of one of several slices: by direction where only that differs, by run where only that does, else
   both. */
static basin_status names(basin_plan *plan, const basin_series *series, const char ***out, bool *differ)
{
    basin_status st = BASIN_OK;
    const char **name = NULL;
    bool         directions = false, runs = false;

    BASIN_PLAN_ALLOC(plan, name, plan->count);
    for (size_t i = 1; i < plan->count; i++) {
        const char *a = slice_of(plan, i)->axes[0].direction, *b = slice_of(plan, 0)->axes[0].direction;
        directions = directions || !basin_same_text(a, b);
        runs = runs || strcmp(series[i].label, series[0].label) != 0;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const char *direction = slice_of(plan, i)->axes[0].direction;
        if (direction == NULL || plan->options->labels != NULL || !directions)
            name[i] = series[i].label;
        else
            name[i] = runs ? basin_plan_text(plan, "%s, %s", series[i].label, direction) : direction;
    }
    *out = name;
    *differ = directions;
done:
    return st;
}

/* What each curve is: the definition where it is new, then the numbers at its centre, per unit of x. */
static void curve_caption(basin_plan *plan, size_t i, const char *name, bool distance)
{
    const basin_slice *s = slice_of(plan, i);
    const basin_axis  *axis = &s->axes[0];
    const char        *definition = axis->definition != NULL ? axis->definition : "as given";
    const char        *before = i > 0 ? slice_of(plan, i - 1)->axes[0].definition : NULL;
    double             unit = unit_of(axis, distance);

    if (!basin_same_text(before, definition))
        basin_plan_caption(plan, " %s: %s.", axis->direction != NULL ? axis->direction : "direction",
                           definition);
    basin_plan_caption(plan, basin_plan_several(plan) ? " %s:" : " At the centre:", name);
    for (size_t k = 0; k < s->surface_count; k++)
        basin_plan_caption(plan, " %s loss %s,", s->surfaces[k].split != NULL ? s->surfaces[k].split : "its",
                           BASIN_NUMBER(s->surfaces[k].centre_loss, 3));
    if (isnan(axis->slope) && isnan(axis->curvature))
        basin_plan_caption(plan, " no prediction: the statistics of BatchNorm move with the point.");
    else
        basin_plan_caption(plan, " slope %s, curvature %s.", BASIN_NUMBER(axis->slope / unit, 3),
                           BASIN_NUMBER(axis->curvature / (unit * unit), 3));
    for (size_t k = 0; k < s->surface_count; k++) basin_plan_sample_caption(plan, s->surfaces[k].split, s, k);
}

/* Whether a panel hatches a place where a curve is not finite. */
static bool hatched(const basin_panel *panel)
{
    for (size_t i = 0; i < panel->mark_count; i++) {
        const basin_mark *mark = &panel->marks[i];
        for (size_t j = 0; j < mark->count && !mark->silent && mark->type == &basin_mark_line; j++) {
            /* half-way to the neighbours */
            double from = mark->x[j > 0 ? j - 1 : j], to = mark->x[j + 1 < mark->count ? j + 1 : j];
            if (!isfinite(mark->y[j]) && (from + mark->x[j]) / 2 <= panel->x.high &&
                (to + mark->x[j]) / 2 >= panel->x.low)
                return true;
        }
    }
    return false;
}

static void lines_caption(basin_plan *plan, const char *const *name, bool distance, bool cut)
{
    const basin_slice *first = slice_of(plan, 0);

    basin_plan_caption(plan, "Loss%s along a line through the parameters (P = %s).",
                       plan->panel_count > 1 ? " and accuracy" : "", BASIN_COUNT(first->parameters));
    for (size_t k = 0; k < first->surface_count; k++)
        basin_plan_caption(plan, " %s: %s, N = %s.", k == 0 ? "Solid" : "Dashed",
                           first->surfaces[k].split != NULL ? first->surfaces[k].split : "first split",
                           BASIN_COUNT(first->surfaces[k].samples));
    for (size_t i = 0; i < plan->count; i++) curve_caption(plan, i, name[i], distance);
    for (size_t i = 0; i < plan->count; i++)
        basin_plan_stationarity(plan, i, &slice_of(plan, i)->stationarity);
    bool predicted = false;
    for (size_t i = 0; i < plan->count; i++)
        predicted = predicted || !isnan(slice_of(plan, i)->axes[0].curvature);
    if (predicted)
        basin_plan_caption(plan, " Dotted: the quadratic prediction from slope and curvature at the centre.");
    if (distance)
        basin_plan_caption(
            plan, " x is the distance moved, coordinate times ‖d‖; slope and curvature are per unit of it.");
    bool holes = false;
    for (size_t i = 0; i < plan->panel_count; i++) holes = holes || hatched(&plan->panels[i]);
    if (holes) basin_plan_caption(plan, " Hatched: not finite.");
    if (cut) basin_plan_caption(plan, " Only the distances common to all directions are drawn.");
}

/* x becomes the part that all curves share, y the range of the values there; false where they reach about
   equally far. */
static bool common_range(const basin_panel *panel, basin_range *x, basin_range *y)
{
    double low = -INFINITY, high = INFINITY;

    for (size_t i = 0; i < panel->mark_count; i++) {
        const basin_mark *mark = &panel->marks[i];
        if (mark->silent || mark->count == 0) continue;
        low = fmax(low, mark->x[0]);
        high = fmin(high, mark->x[mark->count - 1]);
    }
    if (!(low < high) || x->high - x->low <= 2 * (high - low)) return false;
    *x = *y = basin_range_start();
    basin_range_add(x, low), basin_range_add(x, high);
    for (size_t i = 0; i < panel->mark_count; i++) {
        const basin_mark *mark = &panel->marks[i];
        for (size_t j = 0; j < mark->count && !mark->silent; j++)
            if (mark->x[j] >= low && mark->x[j] <= high)
                basin_range_add(y, mark->cap > 0 ? fmin(mark->y[j], mark->cap) : mark->y[j]);
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------- panels -- */

typedef struct drawing { /* what the panels share */
    const basin_series *series;
    const char        **name;        /* [plan->count] of the curves */
    bool                directions;  /* the curves differ in direction */
    bool                distance;    /* x is a distance */
    bool                predicted;   /* some curve has its quadratic */
    basin_panel        *loss, *hits; /* hits: accuracy, or NULL */
} drawing;

/* One label for several directions: x must be a distance where their norms differ. */
static bool needs_distance(const basin_plan *plan, bool directions)
{
    for (size_t i = 0; i < plan->count; i++) {
        double norm = slice_of(plan, i)->axes[0].norm;
        if (fabs(norm - slice_of(plan, 0)->axes[0].norm) > 1e-9 || (directions && fabs(norm - 1) > 1e-9))
            return true;
    }
    return false;
}

/* Loss and accuracy of each split of one slice, and its quadratic. */
static basin_status add_slice(basin_plan *plan, drawing *d, size_t i)
{
    basin_status       st = BASIN_OK;
    const basin_slice *s = slice_of(plan, i);
    const basin_axis  *axis = &s->axes[0];
    bool               several = basin_plan_several(plan);
    basin_look         look = several ? d->series[i].look : (basin_look){.color = basin_positive};
    const double      *at = NULL;

    BASIN_TRY(positions(plan, axis, unit_of(axis, d->distance), &at));
    if (isfinite(axis->slope) && isfinite(axis->curvature) && isfinite(s->surfaces[0].centre_loss) &&
        axis->count > 1) {
        BASIN_TRY(add_prediction(plan, d->loss, s, unit_of(axis, d->distance),
                                 several ? look.color : basin_black, several ? NULL : "quadratic"));
        d->predicted = true;
    }
    for (size_t k = 0; k < s->surface_count; k++) {
        const basin_surface *surface = &s->surfaces[k];
        const basin_dash     dash = k == 0 ? BASIN_SOLID : BASIN_DASHED;
        basin_mark           mark = {.type = &basin_mark_line,
                                     .count = axis->count,
                                     .x = at,
                                     .y = surface->loss,
                                     .cap = plan->options->cap,
                                     .pen = {.color = look.color, .width = 1.1, .dash = dash}};
        mark.label = !several ? surface->split : k == 0 ? d->name[i] : NULL;
        if (several && !plan->apart)
            mark.marker = look.marker, mark.hollow = look.hollow, mark.size = 3,
            mark.every = axis->count / 7 + 1;
        BASIN_TRY(basin_panel_add(plan, d->loss, mark));
        BASIN_TRY(basin_plan_sample_points(plan, d->loss, s, k, unit_of(axis, d->distance), false, NULL));
        if (d->hits == NULL || surface->accuracy == NULL) continue;
        mark.cap = 0, mark.label = NULL;
        BASIN_TRY(percent(plan, surface, &mark.y));
        BASIN_TRY(basin_panel_add(plan, d->hits, mark));
    }
done:
    return st;
}

/* What the dashes mean, in grey. */
static basin_status add_keys(basin_plan *plan, const drawing *d)
{
    basin_status       st = BASIN_OK;
    const basin_slice *s = slice_of(plan, 0);
    basin_mark key = {.type = &basin_mark_line, .pen = {.color = basin_grey, .width = 1.1}, .silent = true};

    for (size_t k = 0; k < s->surface_count && s->surface_count > 1; k++) {
        key.label = s->surfaces[k].split, key.pen.dash = k == 0 ? BASIN_SOLID : BASIN_DASHED;
        BASIN_TRY(basin_panel_add(plan, d->loss, key));
    }
    key.label = "quadratic", key.pen.dash = BASIN_DOTTED;
    if (d->predicted) BASIN_TRY(basin_panel_add(plan, d->loss, key));
done:
    return st;
}

/* `cut`: only what all curves reach. */
static basin_status finish_loss(basin_plan *plan, const drawing *d, bool *cut)
{
    basin_status     st = BASIN_OK;
    basin_range      x, y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    basin_panel_ranges(d->loss, &x, &y);
    *cut = d->distance && common_range(d->loss, &x, &y);
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    d->loss->y = basin_scale_fit(kind, &y, 0.05);
    d->loss->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0.02);
    d->loss->y_label = basin_plan_scale_label(plan, "loss", &d->loss->y, "\n");
    d->loss->grid = true;
    d->loss->height = fmin(0.4 * plan->width, 180);
    d->loss->no_x = d->hits != NULL;
done:
    return st;
}

static void finish_accuracy(const drawing *d, bool cut)
{
    basin_range x, y;

    basin_panel_ranges(d->hits, &x, &y);
    if (cut) common_range(d->hits, &x, &y);
    d->hits->x = d->loss->x;
    d->hits->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0.07);
    d->hits->y.low = fmax(d->hits->y.low, 0), d->hits->y.high = fmin(d->hits->y.high, 100);
    d->hits->y_label = "accuracy / %";
    d->hits->grid = true;
    d->hits->height = 0.5 * d->loss->height;
}

/* The accuracy has a panel of its own where there is one and the loss alone was not asked for. */
static basin_status choose_panels(const basin_plan *plan, bool *accuracy)
{
    basin_status st = BASIN_OK;
    const char  *y = plan->options->y;

    BASIN_CHECK(y == NULL || strcmp(y, "loss") == 0 || strcmp(y, "loss,accuracy") == 0, BASIN_ERR_ARG,
                "figure lines: -y %s; there are loss and loss,accuracy", y);
    for (size_t i = 0; i < plan->count && (y == NULL || strcmp(y, "loss") != 0); i++)
        *accuracy = *accuracy || has_accuracy(slice_of(plan, i));
done:
    return st;
}

static const char *line_label(basin_plan *plan, const drawing *d)
{
    const basin_axis *axis = &slice_of(plan, 0)->axes[0];

    if (d->directions) return "distance from θ along each direction";
    if (!d->distance) return basin_axis_label(plan, axis, BASIN_LABEL_LINE);
    return basin_plan_text(plan, "distance from θ along %s", axis->direction);
}

basin_status basin_plan_lines(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    drawing       d = {0};
    bool          accuracy = false, cut = false;

    BASIN_TRY(check_slices(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(names(plan, series, &d.name, &d.directions));
    BASIN_TRY(choose_panels(plan, &accuracy));
    BASIN_TRY(basin_plan_panels(plan, accuracy ? 2 : 1, 1));
    d.series = series, d.distance = needs_distance(plan, d.directions);
    d.loss = &plan->panels[0], d.hits = accuracy ? &plan->panels[1] : NULL;
    for (size_t i = 0; i < plan->panel_count; i++)
        BASIN_TRY(basin_panel_rule(plan, &plan->panels[i], true, 0));
    for (size_t i = 0; i < plan->count; i++) {
        plan->of = i + 1;
        BASIN_TRY(add_slice(plan, &d, i));
    }
    plan->of = 0;
    if (basin_plan_several(plan)) BASIN_TRY(add_keys(plan, &d));
    BASIN_TRY(finish_loss(plan, &d, &cut));
    if (d.hits != NULL) finish_accuracy(&d, cut);
    (d.hits != NULL ? d.hits : d.loss)->x_label = line_label(plan, &d);
    if (plan->options->cap > 0)
        plan->note = basin_plan_text(plan, "▲ above %s, cut off", BASIN_NUMBER(plan->options->cap, 3));
    lines_caption(plan, d.name, d.distance, cut);
done:
    return st;
}
