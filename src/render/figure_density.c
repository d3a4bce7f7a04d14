/* How all eigenvalues are spread, from quadrature: above, the share of them per decade of |λ|, positive ones
 * to the right and negative ones mirrored to the left; below, the share up to λ. Both with 95 % bands.
 *
 * One spectrum has its colours by sign; of several each has its own look.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

static const double DECADES = 4; /* of |λ| that are drawn: beneath lies what rounding and few steps make */

static const basin_spectrum *spectrum_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static basin_status check_densities(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_density *d = &spectrum_of(plan, i)->density;
        BASIN_CHECK(d->count > 0 && d->at != NULL && d->below != NULL && d->lower != NULL &&
                        d->upper != NULL && d->log_count > 0 && d->log_at != NULL &&
                        d->log_positive != NULL && d->log_positive_lower != NULL &&
                        d->log_positive_upper != NULL && d->log_negative != NULL &&
                        d->log_negative_lower != NULL && d->log_negative_upper != NULL,
                    BASIN_ERR_ARG, "result %zu has no density: basin spectrum --method slq gives one", i + 1);
    }
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- both panels -- */

/* A curve and its band. */
static basin_status add_curve(basin_plan *plan, basin_panel *panel, size_t count, const double *x,
                              const double *y, const double *low, const double *high, basin_pen pen,
                              const char *label)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_band,
                                           .count = count,
                                           .x = x,
                                           .y = y,
                                           .low = low,
                                           .high = high,
                                           .pen = {.color = pen.color, .fade = 0.72}}));
    BASIN_TRY(basin_panel_add(
        plan, panel,
        (basin_mark){.type = &basin_mark_line, .count = count, .x = x, .y = y, .pen = pen, .label = label}));
done:
    return st;
}

/* |λ| */
static double largest_of(const basin_plan *plan)
{
    double largest = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_density *d = &spectrum_of(plan, i)->density;
        largest = fmax(largest, fmax(fabs(d->at[0]), fabs(d->at[d->count - 1])));
    }
    return largest;
}

/* ---------------------------------------------------------------------------------------- per decade -- */

/* The two signs as mirrored halves of one axis: x = λ. */
static basin_status add_sides(basin_plan *plan, basin_panel *panel, size_t i, const basin_series *series,
                              double least)
{
    basin_status         st = BASIN_OK;
    const basin_density *d = &spectrum_of(plan, i)->density;
    bool                 alone = !basin_plan_several(plan);

    for (int side = 0; side < 2; side++) {
        const double *value = side ? d->log_negative : d->log_positive;
        const double *low = side ? d->log_negative_lower : d->log_positive_lower;
        const double *high = side ? d->log_negative_upper : d->log_positive_upper;
        double       *x = NULL;
        size_t        from = 0;
        BASIN_PLAN_ALLOC(plan, x, d->log_count);
        while (from + 2 < d->log_count && d->log_at[from] < least) from++;
        for (size_t j = from; j < d->log_count; j++) x[j - from] = side ? -d->log_at[j] : d->log_at[j];
        basin_pen   pen = basin_look_pen(&series[i].look, 1.1);
        const char *label = alone ? (side ? "negative" : "positive") : side ? NULL : series[i].label;
        if (alone) pen.color = side ? basin_negative : basin_positive;
        BASIN_TRY(add_curve(plan, panel, d->log_count - from, x, value + from, low + from, high + from, pen,
                            label));
    }
done:
    return st;
}

/* Of the curves per decade: a band that knows little must not flatten them, and is cut off at twice that. */
static double highest_of(const basin_plan *plan, double least)
{
    double highest = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_density *d = &spectrum_of(plan, i)->density;
        for (size_t j = 0; j < d->log_count; j++)
            if (d->log_at[j] >= least) highest = fmax(highest, fmax(d->log_positive[j], d->log_negative[j]));
    }
    return highest;
}

/* ±threshold and every second decade beyond: more have no room in a column. */
static basin_status name_decades(basin_plan *plan, basin_panel *panel, double threshold, double largest)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **label = NULL;
    size_t       places = (size_t)DECADES + 4;

    BASIN_PLAN_ALLOC(plan, at, places);
    BASIN_PLAN_ALLOC(plan, label, places);
    for (double x = threshold; x <= 2 * largest && panel->tick_count + 2 <= places; x *= 100)
        for (int side = -1; side <= 1; side += 2) {
            if (side < 0 && x > 1.6 * largest) continue;
            at[panel->tick_count] = side * x;
            label[panel->tick_count++] =
                basin_plan_text(plan, "%s%s", side < 0 ? "−" : "", BASIN_NUMBER(x, 2));
        }
    panel->tick_at = at;
    panel->tick_label = label;
done:
    return st;
}

/* 0 and the largest decade of either sign: for narrow panels. */
static basin_status name_ends(basin_plan *plan, basin_panel *panel, double largest)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **label = NULL;

    BASIN_PLAN_ALLOC(plan, at, 3);
    BASIN_PLAN_ALLOC(plan, label, 3);
    at[2] = pow(10, floor(log10(1.6 * largest))), at[0] = -at[2];
    label[0] = basin_plan_text(plan, "−%s", BASIN_NUMBER(at[2], 2)), label[1] = "0";
    label[2] = basin_plan_text(plan, "%s", BASIN_NUMBER(at[2], 2));
    panel->tick_count = 3, panel->tick_at = at, panel->tick_label = label;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static void density_caption(basin_plan *plan, const basin_series *series, double threshold)
{
    basin_plan_caption(plan,
                       "Density of the Hessian's eigenvalues by stochastic Lanczos quadrature, smoothed by a "
                       "Gaussian of %s decades; below, the share of eigenvalues up to λ. Bands: 95 %%.",
                       BASIN_NUMBER(spectrum_of(plan, 0)->density.log_width, 2));
    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        basin_plan_caption(
            plan,
            " %s%s%s eigenvalues, of them %zu as pairs, %zu probes of %zu steps, %s products, N = "
            "%s samples, loss %s.",
            plan->count > 1 ? series[i].label : "", plan->count > 1 ? ": " : "", BASIN_COUNT(s->parameters),
            s->count, s->quadrature.probes, s->quadrature.steps, BASIN_COUNT(s->products),
            BASIN_COUNT(s->samples), BASIN_NUMBER(s->loss, 3));
    }
    for (size_t i = 0; i < plan->count; i++)
        basin_plan_stationarity(plan, i, &spectrum_of(plan, i)->stationarity);
    basin_plan_caption(plan, " The scale of λ is linear within ±%s and logarithmic beyond.",
                       BASIN_NUMBER(threshold, 1));
}

basin_status basin_plan_density(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    basin_range   x, y;

    BASIN_TRY(check_densities(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(basin_plan_panels(plan, 2, 1));
    basin_panel *decades = &plan->panels[0], *share = &plan->panels[1];
    const double largest = largest_of(plan), threshold = pow(10, floor(log10(largest) - DECADES + 0.5));
    BASIN_CHECK(largest > 0 && isfinite(largest), BASIN_ERR_VALUE,
                "the density reaches to |λ| = %g: there is nothing to draw", largest);
    basin_plot_scale scale = {BASIN_SCALE_SYMLOG, -1.6 * largest, 2 * largest, threshold};
    for (size_t i = 0; i < plan->count; i++) {
        const basin_density *d = &spectrum_of(plan, i)->density;
        plan->of = i + 1;
        BASIN_TRY(add_sides(plan, decades, i, series, threshold));
        BASIN_TRY(add_curve(plan, share, d->count, d->at, d->below, d->lower, d->upper,
                            basin_look_pen(&series[i].look, 1.1), NULL));
    }
    plan->of = 0;
    basin_panel_ranges(decades, &x, &y);
    decades->x = share->x = scale;
    const double cut = 2 * highest_of(plan, threshold);
    const bool   clipped = cut > 0 && y.high > cut;
    if (clipped) y.high = cut;
    decades->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0.04);
    decades->y.low = 0;
    decades->y_label = "share per decade";
    decades->no_x = true;
    share->y = (basin_plot_scale){BASIN_SCALE_LINEAR, 0, 1, 0};
    share->y_label = "share below λ";
    share->x_label = basin_plan_scale_label(plan, "eigenvalue λ", &scale, " ");
    BASIN_TRY(plan->apart ? name_ends(plan, share, largest) : name_decades(plan, share, threshold, largest));
    decades->grid = share->grid = true;
    decades->height = fmin(0.42 * plan->width, 150);
    share->height = fmin(0.30 * plan->width, 110);
    density_caption(plan, series, threshold);
    if (clipped) basin_plan_caption(plan, " Above, bands are cut off at twice the highest curve.");
done:
    return st;
}
