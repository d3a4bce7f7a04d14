/* What the figures of a plane share: its values, its frame, and what stands between its points. */
#include "render/field.h"

#include <math.h>
#include <string.h>

#include "render/contour.h"

#define LEAST_COSINE 0.005 /* half a per cent of a length: not seen */

basin_status basin_field_find(const basin_plan *plan, size_t i, const char *kind, basin_field *out)
{
    basin_status       st = BASIN_OK;
    const basin_slice *s = plan->results[i]->value;

    BASIN_CHECK(s->axis_count == 2, BASIN_ERR_ARG, "figure %s: slice %zu has %zu direction; draw it as lines",
                kind, i + 1, s->axis_count);
    *out = (basin_field){.slice = s};
    for (size_t k = 0; k < s->surface_count && out->surface == NULL; k++) {
        const char *split = s->surfaces[k].split;
        if (plan->variant[0] == '\0' || (split != NULL && strcmp(split, plan->variant) == 0))
            out->surface = &s->surfaces[k];
    }
    BASIN_CHECK(out->surface != NULL, BASIN_ERR_MISSING,
                "figure %s: slice %zu has no split «%s»; the first is %s", kind, i + 1, plan->variant,
                s->surface_count > 0 && s->surfaces[0].split != NULL ? s->surfaces[0].split : "unnamed");
    const basin_surface *f = out->surface;
    BASIN_CHECK(f->loss != NULL && s->axes[0].coordinates != NULL && s->axes[1].coordinates != NULL &&
                    f->columns == s->axes[0].count && f->rows == s->axes[1].count && f->rows > 0 &&
                    f->columns > 0,
                BASIN_ERR_SHAPE, "figure %s: %zu x %zu losses for %zu x %zu coordinates", kind, f->rows,
                f->columns, s->axes[1].count, s->axes[0].count);
    out->rows = f->rows, out->columns = f->columns;
    out->x = s->axes[0].coordinates, out->y = s->axes[1].coordinates, out->z = f->loss;
done:
    return st;
}

size_t basin_field_number(const basin_field *f)
{
    return (size_t)(f->surface - f->slice->surfaces);
}

/* Directions that are not at right angles: the plane as it is, in lengths. Those of a plane with runs on it
   are. */
basin_status basin_field_frame(basin_plan *plan, basin_field *f)
{
    basin_status st = BASIN_OK;
    const double cosine = f->slice->cosine, across = f->slice->axes[0].norm, up = f->slice->axes[1].norm;
    basin_frame *frame = NULL;

    if (f->slice->path_count > 0 || !(fabs(cosine) > LEAST_COSINE) || !(fabs(cosine) < 1 - LEAST_COSINE) ||
        !(across > 0) || !(up > 0))
        goto done;
    BASIN_PLAN_ALLOC(plan, frame, 1);
    *frame = (basin_frame){across, up * cosine, up * sqrt(1 - cosine * cosine)};
    f->frame = frame;
done:
    return st;
}

/* A finer grid, where a cubic rule tells the values at left-out points better than straight lines do. */
basin_status basin_field_smooth(basin_plan *plan, basin_field *f, size_t side, bool logarithmic)
{
    enum { MOST_PARTS = 8 }; /* of a step */
    basin_status      st = BASIN_OK;
    basin_smooth_grid fine = {0};
    double           *x = NULL, *y = NULL, *z = NULL;

    if (f->slice->adaptive_count > 0 || f->rows < 2 || f->columns < 2) goto done;
    const size_t most = f->rows > f->columns ? f->rows : f->columns, parts = side / most;
    BASIN_TRY(basin_smooth(f->z, f->rows, f->columns, f->x, f->y,
                           parts < 1            ? 1
                           : parts < MOST_PARTS ? parts
                                                : MOST_PARTS,
                           logarithmic, &fine));
    if (fine.between == BASIN_BETWEEN_LINEAR) goto done;
    BASIN_PLAN_ALLOC(plan, x, fine.columns);
    BASIN_PLAN_ALLOC(plan, y, fine.rows);
    BASIN_PLAN_ALLOC(plan, z, fine.rows * fine.columns);
    memcpy(x, fine.x, fine.columns * sizeof *x), memcpy(y, fine.y, fine.rows * sizeof *y);
    memcpy(z, fine.z, fine.rows * fine.columns * sizeof *z);
    f->x = x, f->y = y, f->z = z, f->rows = fine.rows, f->columns = fine.columns;
    f->between = fine.between, f->errors = fine.errors;
done:
    basin_smooth_clear(&fine);
    return st;
}

basin_range basin_field_range(const basin_field *fields, size_t count, double cap)
{
    basin_range range = basin_range_start();

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < fields[i].rows * fields[i].columns; j++)
            if (isfinite(fields[i].z[j])) basin_range_add(&range, fmin(fields[i].z[j], cap));
    return range;
}

basin_status basin_field_scale(const basin_plan *plan, const basin_range *range, basin_plot_scale *out)
{
    basin_status     st = BASIN_OK;
    const bool       wide = range->low > 0 && range->high > 20 * range->low;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    BASIN_TRY(basin_plan_scale(plan, wide ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, range, &kind));
    *out = basin_scale_fit(kind, range, 0);
done:
    return st;
}

const char *basin_field_label(basin_plan *plan, const basin_field *f, size_t k, basin_label_form form)
{
    const char *towards = basin_axis_label(plan, &f->slice->axes[k], BASIN_LABEL_SHORT);
    const char *leads = f->slice->axes[k].kind == BASIN_DIRECTION_TO ? "" : k == 0 ? "along " : "towards ";

    if (f->frame == NULL) return basin_axis_label(plan, &f->slice->axes[k], form);
    if (form == BASIN_LABEL_SHORT) return k == 0 ? towards : basin_plan_text(plan, "⟂, %s", towards);
    return k == 0 ? basin_plan_text(plan, "distance from θ %s%s", leads, towards)
                  : basin_plan_text(plan, "at right angles%s%s%s", form == BASIN_LABEL_BROKEN ? "\n" : ", ",
                                    leads, towards);
}

static bool same_units(const basin_field *f)
{
    double a = f->slice->axes[0].norm, b = f->slice->axes[1].norm;
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static double span(const basin_axis *axis)
{
    return axis->coordinates[axis->count - 1] - axis->coordinates[0];
}

bool basin_field_is_equal(const basin_field *f)
{
    const basin_axis *across = &f->slice->axes[0], *up = &f->slice->axes[1];
    const double      ratio = across->count > 1 && up->count > 1 ? span(up) / span(across) : 0;

    return same_units(f) && ratio > 0.2 && ratio < 5;
}

basin_status basin_panel_add_centre(basin_plan *plan, basin_panel *panel)
{
    basin_status st = BASIN_OK;
    double      *zero = NULL;

    BASIN_PLAN_ALLOC(plan, zero, 1);
    for (size_t halo = 2; halo-- > 0;) /* white under black: seen on any colour */
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_points,
                                               .count = 1,
                                               .x = zero,
                                               .y = zero,
                                               .marker = halo ? BASIN_MARKER_CIRCLE : BASIN_MARKER_PLUS,
                                               .size = halo ? 7 : 5,
                                               .pen = {.color = halo ? basin_white : basin_black},
                                               .silent = true}));
done:
    return st;
}

static const char *direction_text(const basin_axis *axis)
{
    return axis->definition != NULL  ? axis->definition
           : axis->direction != NULL ? axis->direction
                                     : "as given";
}

/* The directions of one plane, where they are not those of the plane before. */
void basin_field_directions(basin_plan *plan, const basin_field *f, const basin_field *before)
{
    for (size_t k = 0; k < 2; k++) {
        const char *is = direction_text(&f->slice->axes[k]);
        if (before != NULL && strcmp(direction_text(&before->slice->axes[k]), is) == 0) continue;
        basin_plan_caption(plan, " %s: %s.", k == 0 ? "Across" : "Up", is);
    }
}

/* What stands between the points, and how far that was off where it could be held against values. */
void basin_field_between(basin_plan *plan, const basin_field *f, const char *name)
{
    if (f->errors.count == 0) return;
    basin_plan_caption(
        plan,
        "%s%s%s %s between the %zu x %zu points; from every second point it tells the %s others to "
        "within %s",
        name != NULL ? " " : "", name != NULL ? name : "", name != NULL ? ":" : "",
        f->between == BASIN_BETWEEN_CUBIC ? "Cubic interpolation" : "Cubic interpolation of the logarithm",
        f->surface->columns, f->surface->rows, BASIN_COUNT(f->errors.count), BASIN_NUMBER(f->errors.rms, 2));
    basin_plan_caption(plan, " (rms), %s at most.", BASIN_NUMBER(f->errors.largest, 2));
}

/* ------------------------------------------------------------------------------------------ its lines -- */

static basin_status asked_levels(basin_plan *plan, const basin_range *range, basin_levels *out)
{
    basin_status                st = BASIN_OK;
    const basin_figure_options *o = plan->options;

    for (size_t i = 0; i < o->level_count; i++)
        if (o->levels[i] > range->low && o->levels[i] < range->high) out->values[out->count++] = o->levels[i];
    BASIN_CHECK(out->count > 0, BASIN_ERR_ARG,
                "contour lines: none of the %zu levels, %.4g to %.4g, lies within the values, %.4g to %.4g",
                o->level_count, o->levels[0], o->levels[o->level_count - 1], range->low, range->high);
done:
    return st;
}

basin_status basin_plan_levels(basin_plan *plan, const basin_range *range, size_t about, basin_levels *out)
{
    basin_status st = BASIN_OK;
    const size_t asked = plan->options->level_count;

    *out = (basin_levels){0};
    BASIN_PLAN_ALLOC(plan, out->values, BASIN_MAX_LEVELS);
    if (plan->options->levels != NULL) return asked_levels(plan, range, out);
    out->count = basin_contour_levels(range->low, range->high, asked > 0 ? asked : about, out->values,
                                      &out->logarithmic);
done:
    return st;
}
