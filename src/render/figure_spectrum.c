/* Eigenvalues against their rank (stem) and how many there are of each size (histogram).
 *
 * The scale of the eigenvalues is symmetric logarithmic where they span more than two decades: linear within
 * a threshold that is printed on the axis, a power of ten near the median |λ| (basin_scale_threshold) and
 * never below the residuals, since signs and sizes beneath those mean nothing. A whole spectrum of many
 * eigenvalues is drawn as an area (one spectrum) or as curves, with the largest ones again in an inset; a
 * truncated one as stems with the break between top and bottom marked.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

enum { FEW = 48, LARGEST = 10 };

static const basin_spectrum *spectrum_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static bool whole(const basin_spectrum *s)
{
    return s->count >= s->parameters;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double largest_negative(const basin_spectrum *s)
{
    double size = 0;

    for (size_t j = 0; j < s->count; j++)
        if (isfinite(s->eigenvalues[j])) size = fmax(size, -s->eigenvalues[j]);
    return size;
}

/* Where only ends are held and the negative eigenvalues of some spectrum would be less than 2 % of the axis,
   not to be told from 0: the size of its largest one, beyond its residuals; else 0. */
static double lost_negative(const basin_plan *plan, double largest, double residual)
{
    double least = INFINITY;

    for (size_t i = 0; i < plan->count; i++) {
        const double size = largest_negative(spectrum_of(plan, i));
        if (whole(spectrum_of(plan, i))) return 0;
        if (size > residual) least = fmin(least, size);
    }
    return least < 0.02 * largest ? least : 0;
}

/* Whether the values need it, and the threshold. */
static basin_status eigenvalue_scale(basin_plan *plan, basin_scale_kind *kind, double *threshold)
{
    basin_status st = BASIN_OK;
    double      *sizes = NULL, floor_ = 0;
    size_t       total = 0, count = 0;

    for (size_t i = 0; i < plan->count; i++) total += spectrum_of(plan, i)->count;
    BASIN_PLAN_ALLOC(plan, sizes, total);
    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        for (size_t j = 0; j < s->count; j++) {
            if (!isfinite(s->eigenvalues[j])) continue;
            sizes[count++] = fabs(s->eigenvalues[j]);
            if (s->residuals != NULL && isfinite(s->residuals[j])) floor_ = fmax(floor_, s->residuals[j]);
        }
    }
    qsort(sizes, count, sizeof *sizes, ascending);
    *threshold = basin_scale_threshold(sizes, count, floor_);
    bool         wide = count > 0 && sizes[count - 1] > 100 * sizes[count / 2];
    const double lost = count > 0 ? lost_negative(plan, sizes[count - 1], floor_) : 0;
    if (lost > 0) wide = true, *threshold = fmin(*threshold, pow(10, floor(log10(lost))));
    /* signed */
    BASIN_TRY(basin_plan_scale(plan, wide ? BASIN_SCALE_SYMLOG : BASIN_SCALE_LINEAR, &(basin_range){-1, 1, 1},
                               kind));
done:
    return st;
}

static basin_plot_scale fit(basin_scale_kind kind, double threshold, const basin_range *range, double margin)
{
    basin_plot_scale scale = basin_scale_fit(kind, range, margin);

    if (kind != BASIN_SCALE_SYMLOG) return scale;
    basin_plot_scale wide = {BASIN_SCALE_SYMLOG, fmin(range->low, 0), fmax(range->high, threshold),
                             threshold};
    if (wide.low >= wide.high) return scale;
    double ends[2] = {basin_scale_value(&wide, range->low < 0 ? -margin : 0),
                      basin_scale_value(&wide, 1 + margin)};
    return (basin_plot_scale){BASIN_SCALE_SYMLOG, ends[0], ends[1], threshold};
}

/* Stems for the eigenvalues from[0 .. count) at `at`, one mark for each sign; of several spectra each in its
   own look. */
static basin_status add_stems(basin_plan *plan, basin_panel *panel, const basin_spectrum *s,
                              const size_t *from, const double *at, size_t count, const basin_series *series,
                              bool labelled)
{
    basin_status st = BASIN_OK;

    for (size_t sign = 0; sign < 2; sign++) {
        double *x = NULL, *y = NULL, *low = NULL, *high = NULL;
        size_t  n = 0;
        BASIN_PLAN_ALLOC(plan, x, count);
        BASIN_PLAN_ALLOC(plan, y, count);
        BASIN_PLAN_ALLOC(plan, low, count);
        BASIN_PLAN_ALLOC(plan, high, count);
        for (size_t j = 0; j < count; j++) {
            double value = s->eigenvalues[from[j]], error = s->residuals != NULL ? s->residuals[from[j]] : 0;
            if (!isfinite(value) || (value < 0) != (sign == 1)) continue;
            x[n] = at[j], y[n] = value, low[n] = value - error, high[n] = value + error, n++;
        }
        if (n == 0) continue;
        bool        alone = !basin_plan_several(plan);
        basin_look  look = alone ? (basin_look){sign ? basin_negative : basin_positive, BASIN_SOLID,
                                               BASIN_MARKER_CIRCLE, sign == 1}
                                 : series->look;
        const char *label = !labelled ? NULL : alone ? (sign ? "negative" : "positive") : series->label;
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_stem,
                                               .count = n,
                                               .x = x,
                                               .y = y,
                                               .low = low,
                                               .high = high,
                                               .label = label,
                                               .pen = {.color = look.color, .width = 0.7},
                                               .marker = look.marker,
                                               .hollow = alone && look.hollow,
                                               .size = 3.4}));
    }
done:
    return st;
}

static double dodge(const basin_plan *plan, size_t i)
{
    return plan->count > 1 && !plan->apart ? 0.62 * ((double)i / (double)(plan->count - 1) - 0.5) : 0;
}

/* λ₁/λ₅ as one line. */
static const char *ratio_text(basin_plan *plan, const basin_series *series)
{
    char   text[256] = "λ₁/λ₅ = ";
    size_t used = strlen(text), shown = 0;

    for (size_t i = 0; i < plan->count && used < sizeof text; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        if (s->count < 5 || !(s->eigenvalues[4] > 0)) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", shown++ > 0 ? ", " : "",
                                 BASIN_NUMBER(s->eigenvalues[0] / s->eigenvalues[4], 3));
        if (plan->count > 1 && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, " (%.40s)", series[i].label);
    }
    return shown > 0 ? basin_plan_text(plan, "%s", text) : NULL;
}

/* The largest eigenvalues as stems on a linear scale. */
static basin_status largest(basin_plan *plan, const basin_series *series, basin_panel *panel)
{
    static const double      places[] = {1, 5, 10};
    static const char *const names[] = {"1", "5", "10"};
    basin_status             st = BASIN_OK;
    basin_range              x, y;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        size_t               *from = NULL, count = s->count < LARGEST ? s->count : LARGEST;
        double               *at = NULL;
        BASIN_PLAN_ALLOC(plan, from, LARGEST);
        BASIN_PLAN_ALLOC(plan, at, LARGEST);
        for (size_t j = 0; j < count; j++) from[j] = j, at[j] = (double)j + 1 + dodge(plan, i);
        plan->of = i + 1;
        BASIN_TRY(add_stems(plan, panel, s, from, at, count, &series[i], false));
    }
    plan->of = 0;
    basin_panel_ranges(panel, &x, &y);
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, 0.4, LARGEST + 0.6, 0};
    panel->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0.06);
    if (y.low >= 0) panel->y.low = 0;
    panel->tick_count = 3;
    panel->tick_at = places;
    panel->tick_label = names;
    const char *ratio = plan->count == 1 ? ratio_text(plan, series) : NULL;
    panel->title = ratio != NULL ? ratio : "the largest";
done:
    return st;
}

static basin_status stem_whole(basin_plan *plan, const basin_series *series, basin_panel *panel)
{
    basin_status st = BASIN_OK;
    size_t       most = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        size_t               *from = NULL;
        double               *rank = NULL;
        BASIN_PLAN_ALLOC(plan, rank, s->count);
        BASIN_PLAN_ALLOC(plan, from, s->count);
        for (size_t j = 0; j < s->count; j++)
            from[j] = j, rank[j] = (double)(j + 1) + (s->count <= FEW ? dodge(plan, i) : 0);
        most = s->count > most ? s->count : most;
        plan->of = i + 1;
        if (s->count <= FEW) {
            BASIN_TRY(add_stems(plan, panel, s, from, rank, s->count, &series[i], true));
        } else if (basin_plan_several(plan)) {
            BASIN_TRY(basin_panel_add(plan, panel,
                                      (basin_mark){.type = &basin_mark_line,
                                                   .count = s->count,
                                                   .x = rank,
                                                   .y = s->eigenvalues,
                                                   .pen = basin_look_pen(&series[i].look, 1.1),
                                                   .label = series[i].label}));
        } else {
            size_t positive = 0;
            while (positive < s->count && s->eigenvalues[positive] >= 0) positive++;
            basin_mark area = {.type = &basin_mark_area,
                               .count = positive,
                               .x = rank,
                               .y = s->eigenvalues,
                               .pen = {.color = basin_positive, .fade = 0.2},
                               .label = "positive"};
            if (positive > 0) BASIN_TRY(basin_panel_add(plan, panel, area));
            if (positive < s->count && !isfinite(s->eigenvalues[positive])) continue;
            area.count = s->count - positive, area.x += positive, area.y += positive,
            area.pen.color = basin_negative, area.label = "negative";
            if (area.count > 0) BASIN_TRY(basin_panel_add(plan, panel, area));
        }
    }
    plan->of = 0;
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, most > FEW ? 0 : 0.3,
                                  (double)most + (most > FEW ? 1 : 0.7), 0};
    panel->x_label = "rank";
    panel->counted = true;
    if (most > FEW) {
        BASIN_PLAN_ALLOC(plan, panel->inset, 1);
        BASIN_TRY(largest(plan, series, panel->inset));
    }
done:
    return st;
}

/* ranks 1 … top, a break, the last `bottom`; of every spectrum, since they are to be compared */
typedef struct ends {
    size_t top, bottom, gap; /* gap: places left out between them */
    size_t parameters;       /* P, or 0 where it differs */
} ends;

static ends common_ends(const basin_plan *plan)
{
    ends e = {.top = SIZE_MAX, .bottom = SIZE_MAX, .parameters = spectrum_of(plan, 0)->parameters};

    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        size_t                top = whole(s) ? s->count : s->top < s->count ? s->top : s->count;
        size_t                bottom = whole(s) ? s->count : s->count - top;
        e.top = top < e.top ? top : e.top;
        e.bottom = bottom < e.bottom ? bottom : e.bottom;
        if (s->parameters != e.parameters) e.parameters = 0;
    }
    e.gap = e.top > 0 && e.bottom > 0 ? 2 : 0;
    return e;
}

static basin_status add_ends(basin_plan *plan, basin_panel *panel, const ends *e, size_t i,
                             const basin_series *series)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *s = spectrum_of(plan, i);
    size_t               *from = NULL, count = e->top + e->bottom;
    double               *at = NULL;

    BASIN_PLAN_ALLOC(plan, from, count);
    BASIN_PLAN_ALLOC(plan, at, count);
    plan->of = i + 1;
    for (size_t j = 0; j < count; j++) {
        from[j] = j < e->top ? j : s->count - (count - j);
        at[j] = (double)(j < e->top ? j + 1 : j + 1 + e->gap) + dodge(plan, i);
    }
    BASIN_TRY(add_stems(plan, panel, s, from, at, count, series, true));
done:
    return st;
}

/* «1», «top», «P − bottom + 1», «P», where there is room. */
static basin_status name_ranks(basin_plan *plan, basin_panel *panel, const ends *e)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **label = NULL;
    size_t       places[4] = {1, e->top, e->top + e->gap + 1, e->top + e->gap + e->bottom};

    BASIN_PLAN_ALLOC(plan, at, 4);
    BASIN_PLAN_ALLOC(plan, label, 4);
    for (size_t k = 0; k < 4; k++) {
        const bool inner = k == 1 || k == 2;
        if ((k < 2 ? e->top : e->bottom) == 0 || (k == 1 && e->top < 3) || (k == 2 && e->bottom < 4) ||
            (inner && plan->apart)) /* whose panels are narrow */
            continue;
        size_t from_end = k == 2 ? e->bottom - 1 : 0;
        at[panel->tick_count] = (double)places[k];
        label[panel->tick_count++] = k == 0   ? "1"
                                     : k == 1 ? basin_plan_text(plan, "%zu", e->top)
                                     : e->parameters > 0
                                         ? basin_plan_text(plan, "%s", BASIN_COUNT(e->parameters - from_end))
                                     : from_end > 0 ? basin_plan_text(plan, "P−%zu", from_end)
                                                    : "P";
    }
    panel->tick_at = at;
    panel->tick_label = label;
done:
    return st;
}

/* Three dots for what was not computed. */
static basin_status mark_gap(basin_plan *plan, basin_panel *panel, const ends *e)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *y = NULL;

    BASIN_PLAN_ALLOC(plan, x, 3);
    BASIN_PLAN_ALLOC(plan, y, 3);
    for (size_t k = 0; k < 3; k++) x[k] = (double)e->top + 1 + 0.5 * (double)k;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_points,
                                           .count = 3,
                                           .x = x,
                                           .y = y,
                                           .pen = {.color = basin_grey},
                                           .marker = BASIN_MARKER_CIRCLE,
                                           .size = 1.4,
                                           .silent = true}));
done:
    return st;
}

static basin_status stem_ends(basin_plan *plan, const basin_series *series, basin_panel *panel)
{
    basin_status st = BASIN_OK;
    ends         e = common_ends(plan);

    for (size_t i = 0; i < plan->count; i++) BASIN_TRY(add_ends(plan, panel, &e, i, &series[i]));
    plan->of = 0;
    BASIN_TRY(name_ranks(plan, panel, &e));
    if (e.gap > 0) BASIN_TRY(mark_gap(plan, panel, &e));
    panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, 0.3, (double)(e.top + e.bottom + e.gap) + 0.7, 0};
    panel->counted = true;
    panel->x_label = e.gap > 0 ? "rank (those between were not computed)" : "rank";
done:
    return st;
}

static void spectrum_caption(basin_plan *plan, const basin_series *series, const char *opening,
                             basin_scale_kind kind, double threshold)
{
    basin_plan_caption(plan, "%s", opening);
    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        double                worst = 0;
        for (size_t j = 0; j < s->count && s->residuals != NULL; j++) worst = fmax(worst, s->residuals[j]);
        if (s->left_out.part != NULL)
            basin_plan_caption(
                plan, " %s%sThe part %s of %s parameters: its block leaves out %s %% of ‖A‖_F².",
                plan->count > 1 ? series[i].label : "", plan->count > 1 ? ": " : "", s->left_out.part,
                BASIN_COUNT(s->left_out.network), BASIN_NUMBER(100 * s->left_out.share, 3));
        basin_plan_caption(
            plan, " %s%s%s of %s eigenvalues, %s%s, N = %s samples, loss %s, largest residual %s%s.",
            plan->count > 1 ? series[i].label : "", plan->count > 1 ? ": " : "",
            whole(s) ? "All"
                     : basin_plan_text(plan, "%zu largest and %zu smallest", s->top, s->count - s->top),
            BASIN_COUNT(s->parameters), basin_spectrum_method_text((basin_spectrum_method)s->method),
            s->approximate ? " with products by differences" : "", BASIN_COUNT(s->samples),
            BASIN_NUMBER(s->loss, 3), BASIN_NUMBER(worst, 2),
            !s->converged  ? " (not converged)"
            : s->no_proof  ? " (not verified that none is missing: no proof was asked for)"
            : !s->verified ? " (not verified that none is missing)"
                           : "");
    }
    for (size_t i = 0; i < plan->count; i++)
        basin_plan_stationarity(plan, i, &spectrum_of(plan, i)->stationarity);
    if (kind == BASIN_SCALE_SYMLOG)
        basin_plan_caption(plan, " The scale is linear within ±%s and logarithmic beyond.",
                           BASIN_NUMBER(threshold, 1));
    const char *ratio = ratio_text(plan, series);
    if (ratio != NULL) basin_plan_caption(plan, " %s.", ratio);
}

/* «generalised Gauss-Newton matrix», of all spectra of the figure. */
static const char *operator_title(basin_plan *plan)
{
    const basin_spectrum *s = spectrum_of(plan, 0);

    return basin_plan_text(plan, "%s%s", s->preconditioned ? "preconditioned " : "",
                           basin_curvature_kind_title((basin_curvature_kind)s->operator_kind));
}

static basin_status check_spectra(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        BASIN_CHECK(s->count == 0 || s->eigenvalues != NULL, BASIN_ERR_ARG,
                    "spectrum %zu of a figure has %zu eigenvalues but no values", i + 1, s->count);
        BASIN_CHECK(s->operator_kind == spectrum_of(plan, 0)->operator_kind &&
                        s->preconditioned == spectrum_of(plan, 0)->preconditioned,
                    BASIN_ERR_ARG,
                    "spectra of one figure are of one operator: the first is of %s%s, number %zu of %s%s",
                    spectrum_of(plan, 0)->preconditioned ? "preconditioned " : "",
                    basin_curvature_kind_text((basin_curvature_kind)spectrum_of(plan, 0)->operator_kind),
                    i + 1, s->preconditioned ? "preconditioned " : "",
                    basin_curvature_kind_text((basin_curvature_kind)s->operator_kind));
    }
done:
    return st;
}

basin_status basin_plan_stem(basin_plan *plan)
{
    basin_status     st = BASIN_OK;
    basin_series    *series = NULL;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    double           threshold = 1;
    basin_range      x, y;
    bool             all = true;

    BASIN_TRY(check_spectra(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(eigenvalue_scale(plan, &kind, &threshold));
    BASIN_TRY(basin_plan_panels(plan, 1, 1));
    basin_panel *panel = plan->panels;
    for (size_t i = 0; i < plan->count; i++) all = all && whole(spectrum_of(plan, i));
    BASIN_TRY(basin_panel_rule(plan, panel, false, 0));
    BASIN_TRY(all ? stem_whole(plan, series, panel) : stem_ends(plan, series, panel));
    basin_panel_ranges(panel, &x, &y);
    panel->y = fit(kind, threshold, &y, 0.06);
    panel->y_label = basin_plan_scale_label(plan, "eigenvalue λ", &panel->y, plan->width < 300 ? "\n" : " ");
    panel->grid = true;
    panel->height = fmin(0.56 * plan->width, 190);
    if (panel->inset == NULL || plan->count > 1)
        panel->title = ratio_text(plan, series); /* below it would stand like a second label of x */
    spectrum_caption(
        plan, series,
        basin_plan_text(plan,
                        "Eigenvalues of the %s in descending order; bars: residuals ‖Hq − λq‖ where they are "
                        "visible.",
                        operator_title(plan)),
        kind, threshold);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- histogram -- */

static basin_status add_histogram(basin_plan *plan, basin_panel *panel, const basin_plot_scale *scale,
                                  size_t bins, size_t i, const basin_series *series)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *s = spectrum_of(plan, i);
    double               *edges = NULL, *counts = NULL;

    BASIN_PLAN_ALLOC(plan, edges, bins + 1);
    BASIN_PLAN_ALLOC(plan, counts, bins);
    for (size_t b = 0; b <= bins; b++) edges[b] = basin_scale_value(scale, (double)b / (double)bins);
    for (size_t j = 0; j < s->count; j++) {
        double at = basin_scale_at(scale, s->eigenvalues[j]) * (double)bins;
        if (at >= 0 && at <= (double)bins) counts[at < (double)bins ? (size_t)at : bins - 1]++;
    }
    bool alone = plan->count == 1;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_bars,
                                           .count = bins,
                                           .x = edges,
                                           .y = counts,
                                           .pen = basin_look_pen(&series[i].look, alone ? 0.5 : 1.0),
                                           .marker = alone ? BASIN_MARKER_SQUARE : BASIN_MARKER_NONE,
                                           .label = alone ? NULL : series[i].label}));
done:
    return st;
}

/* A histogram of a few values shows the bins and not the spectrum. */
static basin_status demand_many(const basin_plan *plan)
{
    enum { LEAST = 30 };
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < plan->count; i++)
        BASIN_CHECK(spectrum_of(plan, i)->count >= LEAST, BASIN_ERR_ARG,
                    "figure histogram: %zu eigenvalues are too few, of %d at least; stem shows each of them, "
                    "and spectrum --method slq the density of all",
                    spectrum_of(plan, i)->count, LEAST);
done:
    return st;
}

basin_status basin_plan_histogram(basin_plan *plan)
{
    basin_status     st = BASIN_OK;
    basin_series    *series = NULL;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    double           threshold = 1;
    basin_range      x = basin_range_start(), y;
    size_t           bins = plan->width < 300 ? 48 : 80;

    BASIN_TRY(check_spectra(plan));
    BASIN_TRY(demand_many(plan));
    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(eigenvalue_scale(plan, &kind, &threshold));
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < spectrum_of(plan, i)->count; j++)
            basin_range_add(&x, spectrum_of(plan, i)->eigenvalues[j]);
    basin_plot_scale scale = fit(kind, threshold, &x, 0.02);
    BASIN_TRY(basin_plan_panels(plan, 2, 1));
    basin_panel *panel = &plan->panels[0], *rug = &plan->panels[1];
    for (size_t i = 0; i < plan->count; i++) {
        const basin_spectrum *s = spectrum_of(plan, i);
        BASIN_TRY(add_histogram(plan, panel, &scale, bins, i, series));
        basin_pen pen = {.color = series[i].look.color, .width = 0.5};
        BASIN_TRY(basin_panel_add(plan, rug,
                                  (basin_mark){.type = &basin_mark_rug,
                                               .count = s->count,
                                               .x = s->eigenvalues,
                                               .pen = pen,
                                               .slot = i,
                                               .slots = plan->count}));
    }
    basin_panel_ranges(panel, &(basin_range){0}, &y);
    panel->x = rug->x = scale;
    panel->y = basin_scale_fit(BASIN_SCALE_LOG, &y, 0);
    panel->y.low = 0.6; /* a single eigenvalue has a bar */
    panel->y.high = fmax(1.6 * (y.high > 0 ? y.high : 1), 6);
    panel->y_label = "eigenvalues in a bin";
    panel->no_x = rug->bare = true;
    panel->grid = true;
    panel->height = fmin(0.38 * plan->width, 170);
    rug->x_label = basin_plan_scale_label(plan, "eigenvalue λ", &scale, " ");
    rug->height = 7.0 * (double)plan->count + 1;
    const char *opening =
        basin_plan_text(plan, "Histogram of the eigenvalues of the %s; below, each eigenvalue as a stroke.",
                        operator_title(plan));
    if (kind == BASIN_SCALE_SYMLOG)
        opening = basin_plan_text(plan,
                                  "%s Bins are even on the scale drawn, not in "
                                  "λ: counts jump at ±%s, where it turns from linear to logarithmic.",
                                  opening, BASIN_NUMBER(threshold, 1));
    spectrum_caption(plan, series, opening, kind, threshold);
    for (size_t i = 0; i < plan->count; i++)
        if (!whole(spectrum_of(plan, i))) plan->note = "not the whole spectrum: only its ends were computed";
done:
    return st;
}
