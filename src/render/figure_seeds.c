/* Loss and accuracy along one direction over several runs of each method: every run as a thin line, under
 * their mean with its 95 % t-interval at each place.
 *
 * Runs of one label, or else of one method, are a group. A mean is of values at equal coordinates only, so
 * slices of another grid or direction are refused, and so is a checkpoint that comes twice.
 */
#include <math.h>
#include <string.h>

#include "render/figure.h"

typedef struct seeds {
    basin_grouping        groups;
    const basin_surface **surface; /* [results] the split drawn */
    const basin_axis     *axis;    /* of the first result */
    bool                  gaps;    /* somewhere a run of a group is not finite */
} seeds;

static const basin_slice *slice_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

/* -------------------------------------------------------------------------------------------- checking -- */

static const basin_surface *split_of(const basin_plan *plan, size_t i)
{
    const basin_slice *s = slice_of(plan, i);

    for (size_t k = 0; k < s->surface_count; k++)
        if (plan->variant[0] == '\0' || basin_same_text(s->surfaces[k].split, plan->variant))
            return &s->surfaces[k];
    return NULL;
}

static basin_status check_slice(const basin_plan *plan, size_t i, const basin_surface *surface)
{
    basin_status       st = BASIN_OK;
    const basin_slice *s = slice_of(plan, i);
    const char        *from = basin_plan_origin(plan, i);

    BASIN_CHECK(s->axis_count == 1, BASIN_ERR_ARG,
                "figure seeds: slice %zu (%s) has %zu directions; it is of lines", i + 1, from,
                s->axis_count);
    BASIN_CHECK(surface != NULL, BASIN_ERR_MISSING, "figure seeds: slice %zu (%s) has no split «%s»", i + 1,
                from, plan->variant);
    BASIN_CHECK(surface->loss != NULL && s->axes[0].coordinates != NULL && surface->rows == 1 &&
                    surface->columns == s->axes[0].count && surface->columns > 0,
                BASIN_ERR_SHAPE, "figure seeds: slice %zu (%s): %zu x %zu losses for %zu coordinates", i + 1,
                from, surface->rows, surface->columns, s->axes[0].count);
    for (size_t j = 0; j < i; j++)
        BASIN_CHECK(plan->results[i]->provenance == NULL || strcmp(from, basin_plan_origin(plan, j)) != 0 ||
                        strcmp(from, "unknown") == 0,
                    BASIN_ERR_ARG, "figure seeds: slices %zu and %zu are both of %s; one of each run", j + 1,
                    i + 1, from);
done:
    return st;
}

/* Its direction and coordinates against those of the first. */
static basin_status check_alike(const basin_plan *plan, size_t i)
{
    basin_status      st = BASIN_OK;
    const basin_axis *a = &slice_of(plan, 0)->axes[0], *b = &slice_of(plan, i)->axes[0];

    BASIN_CHECK(basin_same_direction(a, b), BASIN_ERR_ARG,
                "figure seeds: slice %zu is along %s, the first along %s; a figure of seeds is of one "
                "direction",
                i + 1, b->direction != NULL ? b->direction : "a direction without a name",
                a->direction != NULL ? a->direction : "one without a name");
    BASIN_CHECK(a->count == b->count &&
                    memcmp(a->coordinates, b->coordinates, a->count * sizeof(double)) == 0,
                BASIN_ERR_ARG,
                "figure seeds: slice %zu has %zu coordinates from %g to %g, the first %zu from %g to %g; a "
                "mean needs equal ones: compute them with one --range and --grid",
                i + 1, b->count, b->coordinates[0], b->coordinates[b->count - 1], a->count, a->coordinates[0],
                a->coordinates[a->count - 1]);
done:
    return st;
}

static basin_status open_seeds(basin_plan *plan, seeds *s)
{
    basin_status st = BASIN_OK;
    const char  *y = plan->options->y;

    BASIN_CHECK(y == NULL || strcmp(y, "loss") == 0 || strcmp(y, "loss,accuracy") == 0, BASIN_ERR_ARG,
                "figure seeds: -y %s; there are loss and loss,accuracy", y);
    BASIN_PLAN_ALLOC(plan, s->surface, plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        s->surface[i] = split_of(plan, i);
        BASIN_TRY(check_slice(plan, i, s->surface[i]));
        BASIN_TRY(check_alike(plan, i));
    }
    s->axis = &slice_of(plan, 0)->axes[0];
    BASIN_TRY(basin_plan_groups(plan, &s->groups));
done:
    return st;
}

/* ---------------------------------------------------------------------------------------------- values -- */

/* [columns] in per cent, of the i-th result; NULL where it has none. */
static basin_status accuracy_of(basin_plan *plan, const seeds *s, size_t i, const double **out)
{
    basin_status         st = BASIN_OK;
    const basin_surface *f = s->surface[i];
    double              *y = NULL;

    *out = NULL;
    if (f->accuracy == NULL) goto done;
    BASIN_PLAN_ALLOC(plan, y, f->columns);
    for (size_t j = 0; j < f->columns; j++) y[j] = 100 * f->accuracy[j];
    *out = y;
done:
    return st;
}

typedef struct spread { /* of a group at each place, [columns] */
    double *mean, *low, *high;
} spread;

/* Mean and t-interval of n values at place j, cut to [0, most]; NAN where one is not finite. */
static void spread_at(const double *const *y, const size_t *of, size_t count, size_t group, size_t j,
                      double most, spread *out)
{
    double sum = 0, square = 0, least = INFINITY;
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (of[i] == group) sum += y[i][j], least = fmin(least, y[i][j]), n++;
    const double mean = sum / (double)n;
    for (size_t i = 0; i < count; i++)
        if (of[i] == group) square += (y[i][j] - mean) * (y[i][j] - mean);
    const double half = n > 1 ? basin_student_t975(n - 1) * sqrt(square / (double)(n - 1) / (double)n) : NAN;
    out->mean[j] = isfinite(mean) ? mean : NAN;
    out->low[j] = least >= 0 ? fmax(0, mean - half) : mean - half;
    out->high[j] = fmin(most, mean + half);
    if (!isfinite(half) || !isfinite(mean)) out->low[j] = out->high[j] = NAN;
}

static basin_status find_spread(basin_plan *plan, const seeds *s, const double *const *y, size_t group,
                                double most, spread *out)
{
    basin_status st = BASIN_OK;

    BASIN_PLAN_ALLOC(plan, out->mean, s->axis->count);
    BASIN_PLAN_ALLOC(plan, out->low, s->axis->count);
    BASIN_PLAN_ALLOC(plan, out->high, s->axis->count);
    for (size_t j = 0; j < s->axis->count; j++) spread_at(y, s->groups.of, plan->count, group, j, most, out);
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- drawing -- */

static basin_status add_runs(basin_plan *plan, basin_panel *panel, const seeds *s, const double *const *y,
                             double cap)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const size_t g = s->groups.of[i];
        if (s->groups.sizes[g] < 2) continue; /* it is its own mean */
        basin_pen pen = basin_look_pen(&s->groups.series[g].look, 0.4);
        pen.dash = BASIN_SOLID, pen.fade = 0.35;
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_line,
                                               .count = s->axis->count,
                                               .x = s->axis->coordinates,
                                               .y = y[i],
                                               .cap = cap,
                                               .open = true,
                                               .pen = pen}));
    }
done:
    return st;
}

/* Bands under all lines, then each run, then the means. */
static basin_status draw_panel(basin_plan *plan, basin_panel *panel, seeds *s, const double *const *y,
                               double most, double cap)
{
    basin_status st = BASIN_OK;
    spread      *spreads = NULL;

    BASIN_PLAN_ALLOC(plan, spreads, s->groups.count);
    BASIN_TRY(basin_panel_rule(plan, panel, true, 0));
    for (size_t g = 0; g < s->groups.count; g++) {
        BASIN_TRY(find_spread(plan, s, y, g, most, &spreads[g]));
        basin_mark band = {.type = &basin_mark_band,
                           .count = s->axis->count,
                           .x = s->axis->coordinates,
                           .y = spreads[g].mean,
                           .low = spreads[g].low,
                           .high = spreads[g].high,
                           .pen = {.color = s->groups.series[g].look.color, .fade = 0.8}};
        if (s->groups.sizes[g] > 1) BASIN_TRY(basin_panel_add(plan, panel, band));
    }
    BASIN_TRY(add_runs(plan, panel, s, y, cap));
    for (size_t g = 0; g < s->groups.count; g++) {
        for (size_t j = 0; j < s->axis->count; j++) s->gaps = s->gaps || isnan(spreads[g].mean[j]);
        BASIN_TRY(basin_panel_add(
            plan, panel,
            (basin_mark){
                .type = &basin_mark_line,
                .count = s->axis->count,
                .x = s->axis->coordinates,
                .y = spreads[g].mean,
                .cap = cap,
                .label = basin_plan_text(plan, "%s, n = %zu", s->groups.series[g].label, s->groups.sizes[g]),
                .pen = basin_look_pen(&s->groups.series[g].look, 1.3)}));
    }
done:
    return st;
}

static basin_status draw_loss(basin_plan *plan, seeds *s, basin_panel *panel)
{
    basin_status     st = BASIN_OK;
    basin_range      x, y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    const double   **loss = NULL;
    const double     cap = plan->options->cap;

    BASIN_PLAN_ALLOC(plan, loss, plan->count);
    for (size_t i = 0; i < plan->count; i++) loss[i] = s->surface[i]->loss;
    BASIN_TRY(draw_panel(plan, panel, s, loss, INFINITY, cap));
    basin_panel_ranges(panel, &x, &y);
    if (cap > 0) y.high = fmin(y.high, cap);
    /* a band may reach 0, which has no place there: it then ends at the edge */
    if (plan->options->scale != NULL && strcmp(plan->options->scale, "log") == 0 && y.low == 0)
        y.low = y.smallest;
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
    panel->y = basin_scale_fit(kind, &y, 0.05);
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0.02);
    panel->y_label = basin_plan_scale_label(
        plan, basin_plan_text(plan, "%s loss", s->surface[0]->split != NULL ? s->surface[0]->split : "the"),
        &panel->y, "\n");
    panel->grid = true;
    panel->height = fmin(0.5 * plan->width, 180);
done:
    return st;
}

static basin_status draw_accuracy(basin_plan *plan, seeds *s, basin_panel *panel)
{
    basin_status   st = BASIN_OK;
    basin_range    x, y;
    const double **accuracy = NULL;

    BASIN_PLAN_ALLOC(plan, accuracy, plan->count);
    for (size_t i = 0; i < plan->count; i++) BASIN_TRY(accuracy_of(plan, s, i, &accuracy[i]));
    BASIN_TRY(draw_panel(plan, panel, s, accuracy, 100, 0));
    basin_panel_ranges(panel, &x, &y);
    for (size_t i = 0; i < panel->mark_count; i++) panel->marks[i].label = NULL; /* told above */
    panel->x = plan->panels[0].x;
    panel->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0.07);
    panel->y.low = fmax(panel->y.low, 0), panel->y.high = fmin(panel->y.high, 100);
    panel->y_label = "accuracy / %";
    panel->grid = true;
    panel->height = 0.6 * plan->panels[0].height;
    plan->panels[0].no_x = true;
done:
    return st;
}

/* Whether every slice has an accuracy somewhere and it was not left out. */
static bool wants_accuracy(const basin_plan *plan, const seeds *s)
{
    if (plan->options->y != NULL && strcmp(plan->options->y, "loss") == 0) return false;
    for (size_t i = 0; i < plan->count; i++) {
        bool any = false;
        for (size_t j = 0; s->surface[i]->accuracy != NULL && j < s->surface[i]->columns; j++)
            any = any || isfinite(s->surface[i]->accuracy[j]);
        if (!any) return false;
    }
    return true;
}

/* Of directions of unlike length: a coordinate, in units of each. */
static const char *x_label(basin_plan *plan, const seeds *s)
{
    basin_range norms = basin_range_start();

    for (size_t i = 0; i < plan->count; i++) basin_range_add(&norms, slice_of(plan, i)->axes[0].norm);
    if (!(norms.high - norms.low > 1e-9 * norms.high))
        return basin_axis_label(plan, s->axis, BASIN_LABEL_LINE);
    return basin_plan_text(plan, "coordinate along %s in units of each ‖d‖, %s to %s",
                           s->axis->kind == BASIN_DIRECTION_TO ? "the way to the other checkpoint"
                           : s->axis->direction != NULL        ? s->axis->direction
                                                               : "the direction",
                           BASIN_NUMBER(norms.low, 3), BASIN_NUMBER(norms.high, 3));
}

/* What was found of a way down from the points, in one sentence for all. */
static void caption_descent(basin_plan *plan)
{
    size_t falls = 0, curves = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const int verdict = slice_of(plan, i)->stationarity.verdict;
        falls += verdict == BASIN_DESCENT_FOUND, curves += verdict == BASIN_DESCENT_NEGATIVE;
    }
    if (falls > 0) basin_plan_caption(plan, " Not stationary: %zu of %zu points.", falls, plan->count);
    if (curves > 0) basin_plan_caption(plan, " No minimum: %zu of %zu points.", curves, plan->count);
}

/* How many slices have values between the points that were evaluated, and how far off they are at most. */
static void caption_interpolated(basin_plan *plan)
{
    size_t count = 0;
    double error = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_slice *s = slice_of(plan, i);
        if (s->adaptive_count == 0) continue;
        count++;
        for (size_t k = 0; k < s->surface_count; k++)
            error = fmax(error, s->adaptive->splits[k].largest_error);
    }
    if (count > 0)
        basin_plan_caption(plan,
                           " %zu of %zu slices are interpolated from fewer points, by estimate to within %s.",
                           count, plan->count, BASIN_NUMBER(error, 2));
}

static void seeds_caption(basin_plan *plan, const seeds *s)
{
    const basin_surface *f = s->surface[0];

    basin_plan_caption(plan, "Mean %s loss%s along a line through the parameters (P = %s), N = %s.",
                       f->split != NULL ? f->split : "", plan->panel_count > 1 ? " and accuracy" : "",
                       BASIN_COUNT(slice_of(plan, 0)->parameters), BASIN_COUNT(f->samples));
    basin_plan_caption(plan, " %s: %s.", s->axis->direction != NULL ? s->axis->direction : "direction",
                       s->axis->definition != NULL ? s->axis->definition : "as given");
    for (size_t g = 0; g < s->groups.count; g++)
        basin_plan_caption(plan, "%s%s n = %zu", g == 0 ? " Runs: " : ", ", s->groups.series[g].label,
                           s->groups.sizes[g]);
    basin_plan_caption(plan, ". Thin lines: single runs; thick: their mean; bands: its 95 %% t-interval at "
                             "each place, cut to what the value can be.");
    if (s->gaps) basin_plan_caption(plan, " Hatched: a run is not finite, so there is no mean.");
    caption_interpolated(plan);
    caption_descent(plan);
}

basin_status basin_plan_seeds(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    seeds        s = {0};

    BASIN_TRY(open_seeds(plan, &s));
    const bool accuracy = wants_accuracy(plan, &s);
    BASIN_TRY(basin_plan_panels(plan, accuracy ? 2 : 1, 1));
    BASIN_TRY(draw_loss(plan, &s, &plan->panels[0]));
    if (accuracy) BASIN_TRY(draw_accuracy(plan, &s, &plan->panels[1]));
    plan->panels[plan->panel_count - 1].x_label = x_label(plan, &s);
    if (plan->options->cap > 0)
        plan->note = basin_plan_text(plan, "▲ above %s, cut off", BASIN_NUMBER(plan->options->cap, 3));
    seeds_caption(plan, &s);
done:
    return st;
}
