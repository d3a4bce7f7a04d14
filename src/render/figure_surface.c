/* A plane through the parameters: contour lines, a heat map, the signed change against the centre, and the
 * estimated error where the plane is interpolated.
 *
 * Several planes stand side by side with one set of levels, one colour scale and one range of losses, so that
 * equal colours mean equal losses. «contour:test» draws the split of that name; without a colon the first
 * one. Equal units on both axes (directions of equal norm) make a plot of equal aspect.
 */
#include <math.h>

#include "core/memory.h"
#include "render/contour.h"
#include "render/field.h"

enum { FINE_SIDE = 240 }; /* points of a finer grid, about */

typedef enum look { CONTOUR, HEAT, CHANGE, ERRORS } look;

/* L(s, t) - L(0, 0) */
static basin_status subtract_centre(basin_plan *plan, basin_field *f)
{
    basin_status st = BASIN_OK;
    size_t       count = f->surface->rows * f->surface->columns;
    double      *z = NULL;

    BASIN_PLAN_ALLOC(plan, z, count);
    for (size_t i = 0; i < count; i++) z[i] = f->z[i] - f->surface->centre_loss;
    f->z = z;
done:
    return st;
}

static basin_status take_error(size_t i, basin_field *f)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(f->slice->adaptive_count > 0, BASIN_ERR_ARG,
                "figure error: every point of slice %zu was evaluated; only one with a tolerance has errors",
                i + 1);
    f->z = f->slice->adaptive->splits[basin_field_number(f)].error;
done:
    return st;
}

static bool is_smoothed(const basin_plan *plan, look kind)
{
    if (kind == ERRORS) return false;
    return plan->options->smooth == BASIN_SMOOTH_ALL ||
           (kind == CONTOUR && plan->options->smooth == BASIN_SMOOTH_LINES);
}

/* `data` is the range of all values, `range` the part of it that is shown. */
static basin_status make_paint(basin_plan *plan, look kind, const basin_range *data, const basin_range *range,
                               basin_paint **out)
{
    basin_status     st = BASIN_OK;
    basin_paint     *paint = NULL;
    basin_scale_kind scale = BASIN_SCALE_LINEAR;

    BASIN_PLAN_ALLOC(plan, paint, 1);
    paint->palette = plan->palette;
    paint->cap = plan->options->cap > 0 && plan->options->cap <= range->high ? plan->options->cap : INFINITY;
    paint->floor = -INFINITY;
    if (kind != CHANGE) {
        BASIN_TRY(basin_field_scale(plan, range, &paint->scale));
    } else { /* as far below zero as above: white is no change */
        /* descent is small beside the rise all around: symmetric logarithmic */
        BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_SYMLOG, &(basin_range){-1, 1, 1}, &scale));
        double size = range->low <= range->high ? fmax(fmax(fabs(range->low), fabs(range->high)), 1e-300) : 1;
        paint->scale = (basin_plot_scale){scale, -size, size, pow(10, floor(log10(size)) - 2)};
        paint->diverging = true;
    }
    if (plan->ranged) {
        paint->cap = data->high > paint->scale.high ? paint->scale.high : INFINITY;
        paint->floor = data->low < paint->scale.low ? paint->scale.low : -INFINITY;
    }
    *out = paint;
done:
    return st;
}

static bool same_axes(const basin_plan *plan, const basin_field *fields)
{
    for (size_t i = 1; i < plan->count; i++) {
        for (size_t k = 0; k < 2; k++) {
            const basin_axis *a = &fields[0].slice->axes[k], *b = &fields[i].slice->axes[k];
            if (a->coordinates[0] != b->coordinates[0] ||
                a->coordinates[a->count - 1] != b->coordinates[b->count - 1])
                return false;
        }
        if (fields[0].frame != fields[i].frame) return false;
    }
    return true;
}

/* The edge of the grid in a frame that is not at right angles. */
static basin_status add_outline(basin_plan *plan, basin_panel *panel, const basin_field *f)
{
    enum { CORNERS = 5 };
    basin_status st = BASIN_OK;
    double      *at = NULL;

    BASIN_PLAN_ALLOC(plan, at, 2 * CORNERS);
    for (size_t i = 0; i < CORNERS; i++) {
        const double x = f->x[i == 1 || i == 2 ? f->columns - 1 : 0],
                     y = f->y[i == 2 || i == 3 ? f->rows - 1 : 0];
        at[i] = f->frame->xx * x + f->frame->xy * y, at[CORNERS + i] = f->frame->yy * y;
    }
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_line,
                                           .count = CORNERS,
                                           .x = at,
                                           .y = at + CORNERS,
                                           .pen = {.color = basin_grey, .width = 0.4},
                                           .silent = true}));
done:
    return st;
}

/* Where the loss is that of the centre: in greyscale nothing else tells a descent from a rise. */
static basin_status add_zero_line(basin_plan *plan, basin_panel *panel, const basin_field *f)
{
    static const double zero[] = {0};

    if (f->rows < 2 || f->columns < 2) return BASIN_OK;
    return basin_panel_add(plan, panel,
                           (basin_mark){.type = &basin_mark_contour,
                                        .count = 1,
                                        .levels = zero,
                                        .x = f->x,
                                        .y = f->y,
                                        .z = f->z,
                                        .rows = f->rows,
                                        .columns = f->columns,
                                        .frame = f->frame,
                                        .pen = {.color = basin_black, .width = 0.6, .dash = BASIN_DASHED}});
}

/* Of the i-th result. */
static basin_status add_field(basin_plan *plan, basin_panel *panel, const basin_field *f, size_t result,
                              look kind, const basin_paint *paint, const double *levels, size_t level_count)
{
    basin_status st = BASIN_OK;
    basin_mark   mark = {.type = kind == CONTOUR ? &basin_mark_contour : &basin_mark_heat,
                         .x = f->x,
                         .y = f->y,
                         .rows = f->rows,
                         .columns = f->columns,
                         .frame = f->frame,
                         .z = f->z,
                         .paint = paint};
    basin_range  x, y;

    if (kind == CONTOUR) {
        BASIN_CHECK(f->surface->rows >= 2 && f->surface->columns >= 2, BASIN_ERR_ARG,
                    "figure contour: a grid of %zu x %zu; at least 2 x 2, or draw it as heat",
                    f->surface->rows, f->surface->columns);
        mark.count = level_count, mark.levels = levels;
        mark.every = f->surface->columns > 1 ? (f->columns - 1) / (f->surface->columns - 1) : 1;
        mark.pen = (basin_pen){.width = 0.9};
        BASIN_TRY(basin_paths_places(plan, f->slice, &mark.clear_count, &mark.clear));
        mark.size = 0.8125 * plan->font_size;
    }
    for (size_t k = 0; k < 2; k++) { /* points under lines and their labels, but upon colours */
        if ((k == 0) == (kind == CONTOUR))
            BASIN_TRY(basin_plan_sample_points(plan, panel, f->slice, basin_field_number(f), 1,
                                               kind == ERRORS, f->frame));
        else
            BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
    if (kind == CHANGE) BASIN_TRY(add_zero_line(plan, panel, f));
    if (f->frame != NULL && kind == CONTOUR) BASIN_TRY(add_outline(plan, panel, f));
    BASIN_TRY(basin_panel_add_paths(plan, panel, f->slice, plan->count == 1));
    BASIN_TRY(basin_panel_add_centre(plan, panel));
    if (f->slice->path_count == 0) BASIN_TRY(basin_panel_add_ends(plan, panel, result, f->frame));
    basin_panel_ranges(panel, &x, &y);
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0);
    panel->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0);
    panel->equal = f->frame != NULL || basin_field_is_equal(f);
    panel->framed = true;
done:
    return st;
}

/* Where values have no colour or no lines. */
static void hatched_caption(basin_plan *plan, look kind, const basin_field *fields, const basin_paint *paint)
{
    bool missing = false, outside = false;

    for (size_t i = 0; i < plan->count; i++) {
        for (size_t j = 0; j < fields[i].rows * fields[i].columns; j++) {
            bool finite = isfinite(fields[i].z[j]);
            missing = missing || !finite;
            outside =
                outside || (finite && kind != CONTOUR &&
                            !isfinite(basin_scale_at(&paint->scale, fmax(fields[i].z[j], paint->floor))));
        }
    }
    if (missing || outside)
        basin_plan_caption(plan, " Hatched: %s%s%s.", missing ? "not finite" : "",
                           missing && outside ? " or " : "",
                           outside ? "not above 0, no place on the logarithmic scale" : "");
}

static void frame_caption(basin_plan *plan, const basin_field *f, const char *name)
{
    if (f->frame != NULL)
        basin_plan_caption(plan,
                           "%s%s Axes are distances; the grid is a parallelogram between the directions.",
                           name != NULL ? " " : "", name != NULL ? basin_plan_text(plan, "%s:", name) : "");
}

/* Where values are beyond the ends of the colours or of the lines. */
static void beyond_caption(basin_plan *plan, look kind, const basin_paint *paint)
{
    const char *what = kind == CHANGE ? "Differences" : kind == ERRORS ? "Errors" : "Losses";

    for (int above = 1; above >= 0; above--) {
        const double end = above ? paint->cap : paint->floor;
        if (!isfinite(end)) continue;
        if (kind == CONTOUR && plan->ranged)
            basin_plan_caption(plan, " There are no lines %s %s.", above ? "above" : "below",
                               BASIN_NUMBER(end, 3));
        else
            basin_plan_caption(plan, " %s %s %s are shown as that.", what, above ? "above" : "below",
                               BASIN_NUMBER(end, 3));
    }
}

static void surface_caption(basin_plan *plan, look kind, const basin_field *fields,
                            const basin_series *series, const basin_paint *paint, bool levels_log)
{
    const basin_slice   *s = fields[0].slice;
    const basin_surface *f = fields[0].surface;
    bool                 several = basin_plan_several(plan);

    basin_plan_caption(plan, "%s on a plane through the parameters (P = %s), %s%sN = %s.",
                       kind == CONTOUR  ? "Contour lines of the loss"
                       : kind == HEAT   ? "Loss"
                       : kind == CHANGE ? "Loss minus the loss at the centre"
                                        : "Estimated error of the interpolated loss",
                       BASIN_COUNT(s->parameters), f->split != NULL ? f->split : "",
                       f->split != NULL ? ", " : "", BASIN_COUNT(f->samples));
    if (several)
        basin_plan_caption(plan,
                           " The cross marks the centre; the cosine is that between the two directions.");
    for (size_t i = 0; i < plan->count; i++) {
        /* orthogonal but for rounding */
        double cosine = fabs(fields[i].slice->cosine) < 1e-12 ? 0 : fields[i].slice->cosine;
        basin_field_directions(plan, &fields[i], i > 0 ? &fields[i - 1] : NULL);
        if (several)
            basin_plan_caption(plan, " %s: loss at the centre %s", series[i].label,
                               BASIN_NUMBER(fields[i].surface->centre_loss, 3));
        if (isfinite(cosine))
            basin_plan_caption(plan, "%s %s", several ? ", cosine" : " Cosine between them",
                               BASIN_NUMBER(cosine, 2));
        if (several || isfinite(cosine)) basin_plan_caption(plan, ".");
    }
    if (!several)
        basin_plan_caption(plan, " The cross marks the centre, loss %s.", BASIN_NUMBER(f->centre_loss, 3));
    for (size_t i = 0; i < plan->count; i++)
        basin_plan_sample_caption(plan, several ? series[i].label : NULL, fields[i].slice,
                                  basin_field_number(&fields[i]));
    for (size_t i = 0; i < plan->count; i++) {
        frame_caption(plan, &fields[i], several ? series[i].label : NULL);
        basin_field_between(plan, &fields[i], several ? series[i].label : NULL);
    }
    if (kind == CONTOUR && levels_log) basin_plan_caption(plan, " Levels are spaced logarithmically.");
    if (kind == CHANGE) basin_plan_caption(plan, " Dashed: where the loss is that of the centre.");
    beyond_caption(plan, kind, paint);
    if (several)
        basin_plan_caption(plan, " All panels have the same %s.",
                           kind == CONTOUR ? "levels" : "colour scale");
    for (size_t i = 0; i < plan->count; i++) basin_caption_paths(plan, fields[i].slice);
    hatched_caption(plan, kind, fields, paint);
    for (size_t i = 0; i < plan->count; i++) basin_plan_stationarity(plan, i, &fields[i].slice->stationarity);
}

/* What one unit is on the axes of several panels with short labels. */
static const char *units(basin_plan *plan, const basin_field *fields)
{
    double a = fields[0].slice->axes[0].norm, b = fields[0].slice->axes[1].norm;
    size_t oblique = 0;

    for (size_t i = 0; i < plan->count; i++) oblique += fields[i].frame != NULL;
    if (oblique > 0)
        return oblique == plan->count
                   ? "axes: distances from θ"
                   : "axes: distances from θ where directions are not at right angles, else in "
                     "units of each";
    for (size_t i = 1; i < plan->count; i++)
        if (fields[i].slice->axes[0].norm != a || fields[i].slice->axes[1].norm != b)
            return "axes in units of each direction";
    if (fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b)))
        return basin_plan_text(plan, "axes: distance from θ in units of ‖d‖ = %s", BASIN_NUMBER(a, 3));
    return basin_plan_text(plan, "axes in units of the directions, ‖d‖ = %s across, %s up",
                           BASIN_NUMBER(a, 3), BASIN_NUMBER(b, 3));
}

/* The paint follows them: only the part of the map that is ink on the ground. */
static basin_status choose_levels(basin_plan *plan, const basin_range *range, basin_paint *paint,
                                  basin_levels *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_plan_levels(plan, range, plan->width < 300 ? 9 : 12, out));
    if (out->count == 0) goto done;
    double from, to; /* of the map */
    basin_palette_ink(plan->palette, plan->options->dark, &from, &to);
    double       first = basin_scale_at(&paint->scale, out->values[0]);
    double       last = basin_scale_at(&paint->scale, out->values[out->count - 1]);
    const double span = last > first ? last - first : 2 * (to - from); /* of one level: any */
    const double low = first - span * from / (to - from), high = first + span * (1 - from) / (to - from);
    const basin_plot_scale scale = paint->scale;
    paint->scale.low = basin_scale_value(&scale, low), paint->scale.high = basin_scale_value(&scale, high);
done:
    return st;
}

/* Beside others on a page: what one unit is stands below instead of on both axes. */
static bool is_narrow(const basin_plan *plan)
{
    return plan->width < 180;
}

/* Axes, title and colour bar of the i-th plane; one bar a row will do, since one scale is for all. */
static void label_panel(basin_plan *plan, look kind, const basin_field *fields, const basin_series *series,
                        const basin_paint *paint, size_t i)
{
    basin_panel     *panel = &plan->panels[i];
    bool             below = i + plan->columns >= plan->count, left = i % plan->columns == 0;
    bool             shared = same_axes(plan, fields);
    basin_label_form form = basin_plan_several(plan) || is_narrow(plan) ? BASIN_LABEL_SHORT
                            : plan->width < 300                         ? BASIN_LABEL_BROKEN
                                                                        : BASIN_LABEL_LINE;

    panel->x_label = below ? basin_field_label(plan, &fields[i], 0, form) : NULL;
    panel->y_label = left ? basin_field_label(plan, &fields[i], 1, form) : NULL;
    panel->height = fmin(0.7 * plan->width / (double)plan->columns, 300);
    panel->title = plan->count > 1 ? series[i].label : NULL;
    panel->no_x = shared && !below;
    panel->no_y = shared && !left;
    if (kind == CONTOUR || i % plan->columns != plan->columns - 1) return;
    panel->bar = paint;
    panel->bar_label = basin_plan_scale_label(plan,
                                              kind == HEAT     ? "loss"
                                              : kind == CHANGE ? "loss − loss at centre"
                                                               : "estimated error of the loss",
                                              &paint->scale, plan->width < 300 ? "\n" : " ");
}

static basin_status plan_surface(basin_plan *plan, look kind, const char *name)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    basin_field  *fields = NULL;
    basin_paint  *paint = NULL;
    basin_levels  lines = {0};
    size_t        columns = (size_t)fmax(1, floor(plan->width / 110));

    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_PLAN_ALLOC(plan, fields, plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        BASIN_TRY(basin_field_find(plan, i, name, &fields[i]));
        if (kind == CHANGE) BASIN_TRY(subtract_centre(plan, &fields[i]));
        if (kind == ERRORS) BASIN_TRY(take_error(i, &fields[i]));
    }
    basin_range range =
        basin_field_range(fields, plan->count, plan->options->cap > 0 ? plan->options->cap : INFINITY);
    const basin_range data = range;
    plan->ranged = basin_plan_range(plan, &range);
    BASIN_TRY(make_paint(plan, kind, &data, &range, &paint));
    for (size_t i = 0; i < plan->count; i++) {
        BASIN_TRY(basin_field_frame(plan, &fields[i]));
        if (is_smoothed(plan, kind))
            BASIN_TRY(basin_field_smooth(plan, &fields[i], FINE_SIDE, paint->scale.kind == BASIN_SCALE_LOG));
    }
    if (kind == CONTOUR) BASIN_TRY(choose_levels(plan, &range, paint, &lines));
    BASIN_TRY(basin_plan_panels(plan, plan->count, columns < plan->count ? columns : plan->count));
    for (size_t i = 0; i < plan->count; i++) {
        BASIN_TRY(add_field(plan, &plan->panels[i], &fields[i], i, kind, paint, lines.values, lines.count));
        label_panel(plan, kind, fields, series, paint, i);
    }
    if (plan->count > 1 || is_narrow(plan)) plan->note = units(plan, fields);
    surface_caption(plan, kind, fields, series, paint, lines.logarithmic);
done:
    return st;
}

basin_status basin_plan_contour(basin_plan *plan)
{
    return plan_surface(plan, CONTOUR, "contour");
}

basin_status basin_plan_heat(basin_plan *plan)
{
    return plan_surface(plan, HEAT, "heat");
}

basin_status basin_plan_change(basin_plan *plan)
{
    return plan_surface(plan, CHANGE, "change");
}

basin_status basin_plan_error(basin_plan *plan)
{
    return plan_surface(plan, ERRORS, "error");
}
