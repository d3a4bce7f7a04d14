/* Measures over training (epochs) and against a hyper-parameter (sweep: the last checkpoint of each run, or
 * its row at one loss).
 *
 * Runs of one method share its colour: single runs are thin lines under their mean, which is drawn only where
 * every run of the method has a value. When all runs are of one method and differ in learning rate, colour
 * follows the rate. What was measured at polished or averaged points is a second curve in the same colour,
 * dotted and hollow, and never part of the first. λ_max is drawn with the ceiling of stability without
 * perturbation, dashed; SAM's and MSAM's own ceilings, which follow λ_max, are fine dots. A checkpoint that
 * could not be measured is a cross at the upper edge, at its place on x or, where that is unknown too, at the
 * last place of its run. SANE and N_eff of a truncated spectrum have no value to draw: a bar spans the bounds
 * of SANE; of what has a lower end alone that end is drawn, as a triangle.
 */
#include <math.h>
#include <string.h>

#include "render/strands.h"

#define SAME 1e-9 /* relative: ceilings that differ by less are one */

static bool equal(double a, double b)
{
    return fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

static bool is(const basin_column *column, const char *name)
{
    return strcmp(column->name, name) == 0;
}

/* ---------------------------------------------------------------------------------------------- curves -- */

static basin_mark curve_of(const basin_strand_group *g, const basin_places *s, double width)
{
    return (basin_mark){.type = &basin_mark_line,
                        .count = s->count,
                        .x = s->x,
                        .y = s->y,
                        .low = s->low,
                        .high = s->high,
                        .pen = {.color = g->look.color, .width = width},
                        .marker = g->look.marker,
                        .hollow = g->look.hollow,
                        .size = 3.2,
                        .every = s->count > 40 ? s->count / 16 : 1,
                        .label = g->label,
                        .open = true};
}

/* A line without markers, error bars or a name. */
static basin_mark bare_line(const basin_places *s, basin_pen pen)
{
    return (basin_mark){
        .type = &basin_mark_line, .count = s->count, .x = s->x, .y = s->y, .pen = pen, .open = true};
}

static basin_status add_single_runs(basin_plan *plan, basin_panel *panel, const basin_tracks *t, size_t g,
                                    const basin_column *y)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < t->strand_count; i++) {
        const basin_strand *s = &t->strands[i];
        basin_places        one = {0};
        if (s->group != g || s->point != BASIN_POINT_RAW) continue;
        BASIN_TRY(basin_places_create(plan, s->count, &one));
        for (size_t row = 0; row < s->count; row++)
            basin_places_add(&one, basin_place_of(t, s->rows[row], y));
        BASIN_TRY(basin_panel_add(
            plan, panel,
            bare_line(&one, (basin_pen){.color = t->groups[g].look.color, .width = 0.5, .fade = 0.45})));
    }
done:
    return st;
}

/* The raw points: the mean over them, and the single runs where there are several. */
static basin_status add_raw(basin_plan *plan, basin_panel *panel, const basin_tracks *t, size_t g,
                            const basin_column *y)
{
    basin_status              st = BASIN_OK;
    const basin_strand_group *own = &t->groups[g];
    basin_places              all = {0}, mean = {0};

    BASIN_TRY(basin_group_places(plan, t, g, BASIN_POINT_RAW, y, &all));
    BASIN_TRY(basin_places_mean(plan, &all, t->sweep ? 1 : own->runs[BASIN_POINT_RAW], &mean));
    if (!t->sweep && own->runs[BASIN_POINT_RAW] > 1) BASIN_TRY(add_single_runs(plan, panel, t, g, y));
    if (t->sweep && mean.count < all.count) {
        basin_mark dots = {.type = &basin_mark_points,
                           .count = all.count,
                           .x = all.x,
                           .y = all.y,
                           .pen = {.color = own->look.color},
                           .marker = BASIN_MARKER_CIRCLE,
                           .size = 1.8};
        BASIN_TRY(basin_panel_add(plan, panel, dots));
    }
    BASIN_TRY(basin_panel_add(plan, panel, curve_of(own, &mean, 1.1)));
done:
    return st;
}

/* The mean over the runs that were measured at this kind of point, too. */
static basin_status add_beside(basin_plan *plan, basin_panel *panel, const basin_tracks *t, size_t g,
                               int point, const basin_column *y)
{
    basin_status              st = BASIN_OK;
    const basin_strand_group *own = &t->groups[g];
    basin_places              all = {0}, mean = {0};

    if (own->runs[point] == 0 || y->at_raw_only) return BASIN_OK;
    BASIN_TRY(basin_group_places(plan, t, g, point, y, &all));
    BASIN_TRY(basin_places_mean(plan, &all, t->sweep ? 1 : own->runs[point], &mean));
    basin_mark curve = curve_of(own, &mean, 0.7);
    curve.pen.dash = BASIN_DOTTED, curve.hollow = true, curve.label = NULL, curve.low = curve.high = NULL,
    curve.size = 2.8;
    if (point == BASIN_POINT_AVERAGED) curve.marker = BASIN_MARKER_PLUS;
    BASIN_TRY(basin_panel_add(plan, panel, curve));
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- ceilings -- */

/* One value for each x, of the checkpoints that have it. */
static basin_status ceiling_places(basin_plan *plan, const basin_tracks *t, size_t g,
                                   const basin_column *ceiling, basin_places *out)
{
    basin_status st = BASIN_OK;
    basin_places all = {0};

    BASIN_TRY(basin_group_places(plan, t, g, BASIN_POINT_RAW, ceiling, &all));
    basin_places_drop_unknown(&all);
    BASIN_TRY(basin_places_mean(plan, &all, 1, out));
done:
    return st;
}

static bool places_equal(const basin_places *a, const basin_places *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++) same = a->x[i] == b->x[i] && equal(a->y[i], b->y[i]);
    return same;
}

/* Dashed, without perturbation: one line in grey where it is the same for all groups. */
static basin_status add_plain_ceilings(basin_plan *plan, basin_panel *panel, const basin_tracks *t)
{
    basin_status  st = BASIN_OK;
    basin_places *ceilings = NULL;
    bool          shared = t->group_count > 1;

    BASIN_PLAN_ALLOC(plan, ceilings, t->group_count);
    for (size_t g = 0; g < t->group_count; g++) {
        BASIN_TRY(ceiling_places(plan, t, g, basin_column_find("ceiling_plain"), &ceilings[g]));
        shared = shared && places_equal(&ceilings[g], &ceilings[0]);
    }
    for (size_t g = 0; g < (shared ? 1 : t->group_count); g++) {
        basin_pen pen = {
            .color = shared ? basin_grey : t->groups[g].look.color, .width = 0.9, .dash = BASIN_DASHED};
        if (ceilings[g].count > 0) BASIN_TRY(basin_panel_add(plan, panel, bare_line(&ceilings[g], pen)));
    }
done:
    return st;
}

/* Whether some row's own ceiling is another than the one without perturbation. */
static bool has_own_ceiling(const basin_tracks *t)
{
    for (size_t i = 0; i < t->rows.count; i++) {
        const basin_row *row = t->rows.rows[i];
        if (isfinite(row->ceiling.value) &&
            !(isfinite(row->ceiling_plain.value) && equal(row->ceiling.value, row->ceiling_plain.value)))
            return true;
    }
    return false;
}

/* Fine dots, which leave the scale alone. */
static basin_status add_own_ceilings(basin_plan *plan, basin_panel *panel, const basin_tracks *t)
{
    basin_status st = BASIN_OK;
    basin_places own = {0}, plain = {0};

    for (size_t g = 0; g < t->group_count; g++) {
        BASIN_TRY(ceiling_places(plan, t, g, basin_column_find("ceiling"), &own));
        BASIN_TRY(ceiling_places(plan, t, g, basin_column_find("ceiling_plain"), &plain));
        basin_mark line = bare_line(
            &own, (basin_pen){.color = t->groups[g].look.color, .width = 0.5, .dash = BASIN_DOTTED});
        line.silent = true;
        if (own.count > 0 && !places_equal(&own, &plain)) BASIN_TRY(basin_panel_add(plan, panel, line));
    }
done:
    return st;
}

/* What the dashed lines are; the formula only where it gives them. */
static const char *plain_ceiling_words(const basin_tracks *t)
{
    for (size_t i = 0; i < t->rows.count; i++) {
        const basin_row *row = t->rows.rows[i];
        double           beta = isfinite(row->momentum) ? row->momentum : 0.0;
        if (isfinite(row->ceiling_plain.value) &&
            !equal(row->ceiling_plain.value, 2.0 * (1.0 + beta) / row->learning_rate))
            return "ceiling without perturbation";
    }
    return "ceiling 2(1+β)/η";
}

/* ---------------------------------------------------------------------------------- truncated, missing -- */

/* A sum over a part of the spectrum, of which at least a lower end is known. */
static bool has_bounds(const basin_row *row, const basin_column *y)
{
    double low, high;

    basin_column_bounds(row, y, &low, &high);
    return basin_column_partial(row, y) && isfinite(low);
}

static size_t partial_rows(const basin_tracks *t, const basin_column *y)
{
    size_t count = 0;

    for (size_t i = 0; i < t->rows.count; i++) count += has_bounds(t->rows.rows[i], y);
    return count;
}

/* What truncated spectra tell of a sum over all eigenvalues of one run: between two ends, or above one. */
static basin_status add_strand_bounds(basin_plan *plan, basin_panel *panel, const basin_tracks *t,
                                      const basin_strand *s, const basin_column *y)
{
    basin_status st = BASIN_OK;
    basin_places between = {0}, above = {0};
    basin_pen    pen = {.color = t->groups[s->group].look.color, .width = 0.8};

    BASIN_TRY(basin_places_create(plan, s->count, &between));
    BASIN_TRY(basin_places_create(plan, s->count, &above));
    for (size_t row = basin_strand_start(t, s); row < s->count; row++) {
        basin_place p = {.x = basin_column_value(s->rows[row], t->x), .y = NAN};
        if (!has_bounds(s->rows[row], y) || !isfinite(p.x)) continue;
        basin_column_bounds(s->rows[row], y, &p.low, &p.high);
        if (isfinite(p.high) && p.high > p.low)
            basin_places_add(&between, p);
        else
            basin_places_add(&above, (basin_place){.x = p.x, .y = p.low, .low = p.low, .high = p.low});
    }
    basin_mark bars = {.type = &basin_mark_interval,
                       .count = between.count,
                       .x = between.x,
                       .y = between.y,
                       .low = between.low,
                       .high = between.high,
                       .pen = pen,
                       .marker = BASIN_MARKER_NONE};
    basin_mark ends = {.type = &basin_mark_points,
                       .count = above.count,
                       .x = above.x,
                       .y = above.y,
                       .pen = pen,
                       .marker = BASIN_MARKER_UP,
                       .size = 3.2};
    if (between.count > 0) BASIN_TRY(basin_panel_add(plan, panel, bars));
    if (above.count > 0) BASIN_TRY(basin_panel_add(plan, panel, ends));
done:
    return st;
}

static basin_status add_bounds(basin_plan *plan, basin_panel *panel, const basin_tracks *t,
                               const basin_column *y)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < t->strand_count && partial_rows(t, y) > 0; i++)
        if (t->strands[i].point == BASIN_POINT_RAW)
            BASIN_TRY(add_strand_bounds(plan, panel, t, &t->strands[i], y));
done:
    return st;
}

/* Crosses along the upper edge, once the scale is known. */
static basin_status add_missing(basin_plan *plan, basin_panel *panel, const basin_tracks *t)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < t->strand_count; i++) {
        const basin_strand *s = &t->strands[i];
        double             *at = NULL, *edge = NULL;
        size_t              count = 0;
        BASIN_PLAN_ALLOC(plan, at, s->count);
        BASIN_PLAN_ALLOC(plan, edge, s->count);
        for (size_t row = basin_strand_start(t, s); row < s->count && s->point == BASIN_POINT_RAW; row++) {
            if (s->rows[row]->missing == NULL || !isfinite(basin_strand_x(t, s, row))) continue;
            at[count] = basin_strand_x(t, s, row);
            edge[count++] = basin_scale_value(&panel->y, 0.97);
        }
        basin_mark mark = {.type = &basin_mark_points,
                           .count = count,
                           .x = at,
                           .y = edge,
                           .pen = {.color = t->groups[s->group].look.color},
                           .marker = BASIN_MARKER_CROSS,
                           .size = 5,
                           .silent = true};
        if (count > 0) BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

/* ---------------------------------------------------------------------------------------------- panels -- */

static basin_status add_keys(basin_plan *plan, basin_panel *panel, const basin_tracks *t, bool ceiling)
{
    basin_status st = BASIN_OK;
    basin_mark   key = {.type = &basin_mark_line,
                        .pen = {.color = basin_grey, .width = 0.9, .dash = BASIN_DASHED},
                        .silent = true};

    if (ceiling && basin_tracks_know(t, basin_column_find("ceiling_plain"))) {
        key.label = plain_ceiling_words(t);
        BASIN_TRY(basin_panel_add(plan, panel, key));
    }
    key.pen.width = 0.5, key.pen.dash = BASIN_DOTTED, key.label = "own ceiling (follows λ\1max\2)";
    if (ceiling && has_own_ceiling(t)) BASIN_TRY(basin_panel_add(plan, panel, key));
    key.pen.width = 0.7, key.hollow = true, key.size = 2.8;
    for (int point = BASIN_POINT_POLISHED; point < BASIN_POINTS; point++) {
        key.marker = point == BASIN_POINT_AVERAGED ? BASIN_MARKER_PLUS : BASIN_MARKER_CIRCLE;
        key.label = basin_point_label(plan, &t->rows, point);
        if (basin_rows_hold(&t->rows, point)) BASIN_TRY(basin_panel_add(plan, panel, key));
    }
    key = (basin_mark){.type = &basin_mark_points,
                       .pen = {.color = basin_grey},
                       .marker = BASIN_MARKER_CROSS,
                       .size = 5,
                       .label = "missing",
                       .silent = true};
    if (t->missing > 0) BASIN_TRY(basin_panel_add(plan, panel, key));
done:
    return st;
}

/* Both scales; that of x as the first panel has it, in which the sweep's is found by its values. */
static basin_status scale_panel(basin_plan *plan, basin_panel *panel, const basin_tracks *t,
                                const basin_column *column)
{
    basin_status     st = BASIN_OK;
    basin_range      x, y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    basin_panel_ranges(panel, &x, &y);
    bool wide = y.low > 0 && y.high > 20 * y.low && column->most > 1.0;
    BASIN_TRY(basin_plan_scale(plan, wide ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, &y, &kind));
    bool ratios = t->sweep && x.low > 0 && x.high >= 8 * x.low; /* swept by ratios */
    panel->x = panel != plan->panels
                   ? plan->panels[0].x
                   : basin_scale_fit(ratios ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, &x, ratios ? 0.06 : 0.03);
    panel->y = basin_column_fit(column, kind, &y, 0.09);
    panel->y_label = basin_plan_scale_label(plan, column->label, &panel->y, "\n");
    panel->counted = t->x->integer && panel->x.kind == BASIN_SCALE_LINEAR;
    panel->grid = true;
    if (y.low > y.high) panel->empty = "not measured";
done:
    return st;
}

static basin_status draw_measure(basin_plan *plan, basin_panel *panel, const basin_tracks *t,
                                 const basin_column *y)
{
    basin_status st = BASIN_OK;
    bool         ceiling = is(y, "lambda_max");

    for (size_t g = 0; g < t->group_count; g++) {
        BASIN_TRY(add_raw(plan, panel, t, g, y));
        for (int point = BASIN_POINT_POLISHED; point < BASIN_POINTS; point++)
            BASIN_TRY(add_beside(plan, panel, t, g, point, y));
    }
    if (ceiling) BASIN_TRY(add_plain_ceilings(plan, panel, t));
    if (ceiling && has_own_ceiling(t)) BASIN_TRY(add_own_ceilings(plan, panel, t));
    BASIN_TRY(add_bounds(plan, panel, t, y));
    BASIN_TRY(scale_panel(plan, panel, t, y));
    BASIN_TRY(add_missing(plan, panel, t));
    BASIN_TRY(add_keys(plan, panel, t, ceiling));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- caption -- */

/* Where each run of a sweep was measured: «at training loss 0.2, interpolated …», or at its end. */
static void caption_place(basin_plan *plan, const basin_tracks *t)
{
    double at_loss = NAN;
    size_t between = 0, raw = 0;

    for (size_t i = 0; i < t->rows.count; i++) {
        const basin_row *row = t->rows.rows[i];
        if (row->point != BASIN_POINT_RAW || row->missing != NULL) continue;
        raw++;
        if (isfinite(row->at_loss)) between++, at_loss = row->at_loss;
    }
    if (!t->sweep)
        basin_plan_caption(plan, "over the checkpoints");
    else if (between == 0)
        basin_plan_caption(plan, "at the last checkpoint");
    else
        basin_plan_caption(plan, "at training loss %s, interpolated between checkpoints",
                           BASIN_NUMBER(at_loss, 3));
    if (t->sweep && between > 0 && between < raw)
        basin_plan_caption(plan, " (but for %zu, at a checkpoint)", raw - between);
}

static size_t raw_runs(const basin_tracks *t)
{
    size_t count = 0;

    for (size_t i = 0; i < t->strand_count; i++) count += t->strands[i].point == BASIN_POINT_RAW;
    return count;
}

static void caption_curves(basin_plan *plan, const basin_tracks *t)
{
    bool beside =
        basin_rows_hold(&t->rows, BASIN_POINT_POLISHED) || basin_rows_hold(&t->rows, BASIN_POINT_AVERAGED);

    for (size_t g = 0; g < t->group_count; g++) {
        if (t->groups[g].runs[BASIN_POINT_RAW] < 2) continue;
        basin_plan_caption(
            plan, t->sweep ? " Dots: single runs; lines: their mean."
                           : " Thin lines: single runs; thick: their mean where every run has a value.");
        break;
    }
    if (beside)
        basin_plan_caption(
            plan, " Dotted, hollow: the same at other points, the mean over the runs measured there.");
    basin_plan_points(plan, &t->rows);
}

static void caption_ceilings(basin_plan *plan, const basin_tracks *t, const basin_column *const *y,
                             size_t count)
{
    bool drawn = false, own = false, asked = false;

    for (size_t i = 0; i < count; i++) {
        drawn = drawn || is(y[i], "lambda_max");
        own = own || is(y[i], "ceiling") || is(y[i], "lambda_max_over_ceiling");
        asked = asked || is(y[i], "ceiling_plain") || is(y[i], "lambda_max_over_plain");
    }
    bool plain = drawn && basin_tracks_know(t, basin_column_find("ceiling_plain"));
    if (plain)
        basin_plan_caption(plan, " Dashed: the %s of stability%s.", plain_ceiling_words(t),
                           has_own_ceiling(t) ? ", of each method as if it did not perturb" : "");
    if (drawn && has_own_ceiling(t))
        basin_plan_caption(plan, " Fine dots: the method's own ceiling."), own = true;
    if (own) basin_plan_hovering(plan, &t->rows);
    if (plain || own || asked) basin_plan_ceiling_mode(plan);
}

static void track_caption(basin_plan *plan, const basin_tracks *t, const basin_column *const *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        basin_plan_caption(plan, "%s%s", i > 0 ? ", " : "", basin_column_words(plan, y[i]));
    basin_plan_caption(plan, " against %s, ", basin_column_words(plan, t->x));
    caption_place(plan, t);
    basin_plan_caption(plan, " of %zu run%s", raw_runs(t), raw_runs(t) == 1 ? "" : "s");
    basin_plan_samples(plan, &t->rows);
    basin_plan_caption(plan, ".");
    caption_curves(plan, t);
    basin_plan_weights(plan, &t->rows);
    caption_ceilings(plan, t, y, count);
    for (size_t i = 0; i < count; i++) {
        if (partial_rows(t, y[i]) == 0) continue;
        basin_plan_caption(plan, " The spectra are truncated: SANE and N_eff lie within their bars; a "
                                 "triangle is a lower end alone.");
        break;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const char *note = ((const basin_track *)plan->results[i]->value)->note;
        if (note != NULL) basin_plan_caption(plan, " Note: %s.", note);
    }
    if (t->missing > 0)
        basin_plan_caption(plan, " Crosses: %zu checkpoint%s that could not be measured (%s).", t->missing,
                           t->missing == 1 ? "" : "s", t->first_missing);
}

/* ----------------------------------------------------------------------------------------------- plans -- */

static basin_status choose_x(basin_plan *plan, const char *otherwise, basin_tracks *t)
{
    basin_status         st = BASIN_OK;
    const basin_column **found = NULL;
    size_t               count = 0;
    const char          *name = plan->options->x != NULL                             ? plan->options->x
                                : basin_tracks_know(t, basin_column_find(otherwise)) ? otherwise
                                                                                     : "step";

    BASIN_TRY(basin_plan_columns(plan, name, &found, &count));
    BASIN_CHECK(count == 1, BASIN_ERR_ARG, "one measure for the x axis, not «%s»", name);
    t->x = found[0];
done:
    return st;
}

static basin_status plan_track(basin_plan *plan, bool sweep, const char *default_y, const char *default_x)
{
    basin_status         st = BASIN_OK;
    basin_tracks         t = {0};
    const basin_column **y = NULL;
    size_t               count = 0;

    BASIN_TRY(basin_tracks_collect(plan, sweep, &t));
    BASIN_TRY(choose_x(plan, default_x, &t));
    BASIN_TRY(basin_plan_columns(plan, plan->options->y != NULL ? plan->options->y : default_y, &y, &count));
    BASIN_TRY(basin_plan_panels(plan, count, plan->width < 300 ? 1 : count < 3 ? count : 3));
    for (size_t p = 0; p < count; p++) {
        basin_panel *panel = &plan->panels[p];
        bool         below = p + plan->columns >= count;
        BASIN_TRY(draw_measure(plan, panel, &t, y[p]));
        panel->no_x = !below;
        panel->x_label = below ? t.x->label : NULL;
        panel->height = fmin((count == 1 ? 0.5 : 0.34) * plan->width, 150);
    }
    plan->legend_shared = count > 1;
    if (t.missing > 0)
        plan->note = basin_plan_text(plan, t.missing > 1 ? "× %s (and %zu more)" : "× %s", t.first_missing,
                                     t.missing - 1);
    track_caption(plan, &t, y, count);
done:
    return st;
}

basin_status basin_plan_epochs(basin_plan *plan)
{
    return plan_track(plan, false, "lambda_max,sane", "epoch");
}

basin_status basin_plan_sweep(basin_plan *plan)
{
    return plan_track(plan, true, "lambda_max,sane,test_accuracy", "learning_rate");
}
