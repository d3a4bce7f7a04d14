/* Measures over training (epochs) and against a hyper-parameter (sweep: the last checkpoint of each run).
 *
 * Runs of one method share its colour: single runs are thin lines under their mean, which is drawn only where every run of the
 * method has a value. When all runs are of one method and differ in learning rate, colour follows the rate. λ_max is drawn with
 * the ceiling of stability of its own method, dashed in the same colour. A checkpoint that could not be measured is a cross at the
 * upper edge, at its place on x or, where that is unknown too, at the last place of its run. SANE and N_eff of a truncated
 * spectrum have no value to draw: a bar spans the bounds of SANE; of what has a lower end alone that end is drawn, as a triangle.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

typedef struct strand { /* one run */
    const basin_measures *rows;
    size_t                count, group;
} strand;

typedef struct group { /* runs in one look */
    const char *label;
    basin_look  look;
    size_t      runs;
} group;

typedef struct tracks {
    size_t      strand_count, group_count, missing;
    strand     *strands;
    group      *groups;
    const char *first_missing;
} tracks;

static bool equal_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* What a run is known by: the value in its first row that has one. */
static double known(const strand *s, const char *column)
{
    for (size_t i = 0; i < s->count; i++) {
        double value = basin_column_value(&s->rows[i], column);
        if (isfinite(value)) return value;
    }
    return NAN;
}

static bool one_method_many_rates(const tracks *t)
{
    bool   differ = false;
    double first = t->strand_count > 0 ? known(&t->strands[0], "learning_rate") : NAN;

    for (size_t i = 1; i < t->strand_count; i++) {
        if (!equal_text(t->strands[i].rows[0].method, t->strands[0].rows[0].method)) return false;
        differ = differ || known(&t->strands[i], "learning_rate") != first;
    }
    return differ && isfinite(first);
}

static const char *strand_label(basin_plan *plan, const tracks *t, const strand *s, size_t result, bool by_rate)
{
    const basin_measures *row = &s->rows[0];

    if (plan->options->labels != NULL && plan->options->labels[result] != NULL) return plan->options->labels[result];
    if (by_rate) return basin_plan_text(plan, "η = %s", BASIN_NUMBER(known(s, "learning_rate"), 3));
    if (row->method != NULL) return basin_method_title(plan, row->method);
    return row->run != NULL ? row->run : basin_plan_text(plan, "run %zu", (size_t)(s - t->strands) + 1);
}

/* Cuts the rows into runs and gives each run its group. */
static basin_status collect(basin_plan *plan, bool sweep, tracks *t)
{
    basin_status st = BASIN_OK;
    size_t       total = 0, *result = NULL;

    for (size_t r = 0; r < plan->count; r++) total += ((const basin_track *)plan->results[r]->value)->row_count;
    BASIN_PLAN_ALLOC(plan, t->strands, total);
    BASIN_PLAN_ALLOC(plan, t->groups, total);
    BASIN_PLAN_ALLOC(plan, result, total);
    for (size_t r = 0; r < plan->count; r++) {
        const basin_track *track = plan->results[r]->value;
        for (size_t i = 0; i < track->row_count; i++) {
            const basin_measures *row = &track->rows[i];
            if (i == 0 || !equal_text(row->run, track->rows[i - 1].run)) {
                result[t->strand_count] = r;
                t->strands[t->strand_count++] = (strand){.rows = row};
            }
            t->strands[t->strand_count - 1].count++;
            if (row->missing == NULL) continue;
            if (t->missing++ == 0)
                t->first_missing = basin_plan_text(plan, "%s/%s: %s", row->run != NULL ? row->run : "",
                                                   row->checkpoint != NULL ? row->checkpoint : "", row->missing);
        }
    }
    bool by_rate = !sweep && one_method_many_rates(t);
    for (size_t i = 0; i < t->strand_count; i++) {
        strand     *s = &t->strands[i];
        const char *label = strand_label(plan, t, s, result[i], by_rate);
        for (s->group = 0; s->group < t->group_count && strcmp(t->groups[s->group].label, label) != 0;) s->group++;
        if (s->group == t->group_count) {
            group *g = &t->groups[t->group_count++];
            *g = (group){.label = label, .look = basin_look_series(s->group)};
            basin_look_method(s->rows[0].method, &g->look);
            if (by_rate || (plan->options->labels != NULL && plan->count > 1)) g->look = basin_look_series(s->group);
        }
        t->groups[s->group].runs++;
    }
    for (size_t g = 0; by_rate && g < t->group_count; g++) /* dark to light, not into the yellow */
        t->groups[g].look.color = basin_color_sequential(0.85 * (double)g / (double)(t->group_count > 1 ? t->group_count - 1 : 1));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------- curves -- */

typedef struct samples {
    double *x, *y, *low, *high; /* value and its error bar */
    size_t  count;
} samples;

typedef struct place {
    double x, y, low, high;
} place;

static basin_status make_samples(basin_plan *plan, size_t room, samples *out)
{
    basin_status st = BASIN_OK;

    *out = (samples){0};
    BASIN_PLAN_ALLOC(plan, out->x, room);
    BASIN_PLAN_ALLOC(plan, out->y, room);
    BASIN_PLAN_ALLOC(plan, out->low, room);
    BASIN_PLAN_ALLOC(plan, out->high, room);
done:
    return st;
}

static void add_sample(samples *s, place p)
{
    s->x[s->count] = p.x, s->y[s->count] = p.y, s->low[s->count] = p.low, s->high[s->count] = p.high;
    s->count++;
}

static place place_of(const basin_measures *row, const char *x, const char *y)
{
    place p = {.x = basin_column_value(row, x), .y = basin_column_value(row, y)};

    basin_column_bounds(row, y, &p.low, &p.high);
    if (basin_column_partial(row, y)) p.y = p.low = p.high = NAN; /* add_bounds */
    return p;
}

static int by_x(const void *a, const void *b)
{
    double x = ((const place *)a)->x, y = ((const place *)b)->x;
    return (x > y) - (x < y);
}

static size_t used_rows(const strand *s, bool sweep)
{
    return sweep ? s->count - 1 : 0; /* from this row on */
}

/* Its own, or that of the last row before it that has one. */
static double x_of(const strand *s, size_t row, const char *column)
{
    double x = basin_column_value(&s->rows[row], column);

    for (size_t i = row; !isfinite(x) && i-- > 0;) x = basin_column_value(&s->rows[i], column);
    return x;
}

/* All values of a group whose place is known, by x; a missing one has y = NAN. */
static basin_status group_samples(basin_plan *plan, const tracks *t, size_t g, bool sweep, const char *x, const char *y, samples *out)
{
    basin_status st = BASIN_OK;
    place       *places = NULL;
    size_t       total = 0, count = 0;

    for (size_t i = 0; i < t->strand_count; i++) total += t->strands[i].count;
    BASIN_PLAN_ALLOC(plan, places, total);
    BASIN_TRY(make_samples(plan, total, out));
    for (size_t i = 0; i < t->strand_count; i++) {
        const strand *s = &t->strands[i];
        for (size_t row = used_rows(s, sweep); s->group == g && row < s->count; row++) {
            places[count] = place_of(&s->rows[row], x, y);
            if (isfinite(places[count].x)) count++;
        }
    }
    qsort(places, count, sizeof *places, by_x);
    for (size_t i = 0; i < count; i++) add_sample(out, places[i]);
done:
    return st;
}

/* One value for each x: the mean over the runs, NAN unless there are `runs` finite ones. A single value keeps its error bar. */
static basin_status means(basin_plan *plan, const samples *all, size_t runs, samples *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(make_samples(plan, all->count, out));
    for (size_t i = 0; i < all->count;) {
        size_t start = i;
        double sum = 0;
        for (; i < all->count && all->x[i] == all->x[start]; i++) sum += all->y[i]; /* a NAN stays */
        double mean = i - start >= runs ? sum / (double)(i - start) : NAN;
        bool   single = i - start == 1;
        add_sample(out, (place){all->x[start], mean, single ? all->low[start] : mean, single ? all->high[start] : mean});
    }
done:
    return st;
}

static basin_status strand_samples(basin_plan *plan, const strand *s, const char *x, const char *y, samples *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(make_samples(plan, s->count, out));
    for (size_t row = 0; row < s->count; row++) add_sample(out, place_of(&s->rows[row], x, y));
done:
    return st;
}

static basin_mark curve_of(const group *g, const samples *s, double width)
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

static basin_status add_group(basin_plan *plan, basin_panel *panel, const tracks *t, size_t g, bool sweep, const char *x, const char *y)
{
    basin_status st = BASIN_OK;
    const group *own = &t->groups[g];
    samples      all = {0}, mean = {0}, one = {0};

    BASIN_TRY(group_samples(plan, t, g, sweep, x, y, &all));
    BASIN_TRY(means(plan, &all, sweep ? 1 : own->runs, &mean));
    for (size_t i = 0; i < t->strand_count && !sweep && own->runs > 1; i++) {
        if (t->strands[i].group != g) continue;
        BASIN_TRY(strand_samples(plan, &t->strands[i], x, y, &one));
        basin_mark thin = curve_of(own, &one, 0.5);
        thin.pen.fade = 0.45, thin.marker = BASIN_MARKER_NONE, thin.label = NULL, thin.low = thin.high = NULL;
        BASIN_TRY(basin_panel_add(plan, panel, thin));
    }
    if (sweep && mean.count < all.count) {
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
    if (strcmp(y, "lambda_max") == 0) {
        samples ceilings = {0};
        bool    any = false;
        BASIN_TRY(group_samples(plan, t, g, sweep, x, "ceiling", &all));
        BASIN_TRY(means(plan, &all, 1, &ceilings));
        for (size_t i = 0; i < ceilings.count; i++) any = any || isfinite(ceilings.y[i]);
        basin_mark mark = curve_of(own, &ceilings, 0.9);
        mark.pen.dash = BASIN_DASHED, mark.marker = BASIN_MARKER_NONE, mark.label = NULL, mark.low = mark.high = NULL;
        if (any) BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

static size_t partial_rows(const tracks *t, bool sweep, const char *y)
{
    size_t count = 0;

    for (size_t i = 0; i < t->strand_count; i++)
        for (size_t row = used_rows(&t->strands[i], sweep); row < t->strands[i].count; row++)
            count += basin_column_partial(&t->strands[i].rows[row], y);
    return count;
}

/* What truncated spectra tell of a sum over all eigenvalues: between two ends, or above one. */
static basin_status add_bounds(basin_plan *plan, basin_panel *panel, const tracks *t, bool sweep, const char *x, const char *y)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < t->strand_count && partial_rows(t, sweep, y) > 0; i++) {
        const strand *s = &t->strands[i];
        samples       between = {0}, above = {0};
        BASIN_TRY(make_samples(plan, s->count, &between));
        BASIN_TRY(make_samples(plan, s->count, &above));
        for (size_t row = used_rows(s, sweep); row < s->count; row++) {
            place p = {.x = basin_column_value(&s->rows[row], x), .y = NAN};
            if (!basin_column_partial(&s->rows[row], y) || !isfinite(p.x)) continue;
            basin_column_bounds(&s->rows[row], y, &p.low, &p.high);
            if (isfinite(p.low) && isfinite(p.high) && p.high > p.low) add_sample(&between, p);
            else add_sample(&above, (place){.x = p.x, .y = p.low, .low = p.low, .high = p.low});
        }
        basin_pen  pen = {.color = t->groups[s->group].look.color, .width = 0.8};
        basin_mark bars = {.type = &basin_mark_interval, .count = between.count, .x = between.x, .y = between.y, .low = between.low,
                           .high = between.high, .pen = pen, .marker = BASIN_MARKER_NONE};
        basin_mark ends = {.type = &basin_mark_points, .count = above.count, .x = above.x, .y = above.y, .pen = pen,
                           .marker = BASIN_MARKER_UP, .size = 3.2};
        if (between.count > 0) BASIN_TRY(basin_panel_add(plan, panel, bars));
        if (above.count > 0) BASIN_TRY(basin_panel_add(plan, panel, ends));
    }
done:
    return st;
}

/* Crosses along the upper edge, once the scale is known. */
static basin_status add_missing(basin_plan *plan, basin_panel *panel, const tracks *t, bool sweep, const char *x)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < t->strand_count; i++) {
        const strand *s = &t->strands[i];
        double       *at = NULL, *edge = NULL;
        size_t        count = 0;
        BASIN_PLAN_ALLOC(plan, at, s->count);
        BASIN_PLAN_ALLOC(plan, edge, s->count);
        for (size_t row = used_rows(s, sweep); row < s->count; row++) {
            if (s->rows[row].missing == NULL || !isfinite(x_of(s, row, x))) continue;
            at[count] = x_of(s, row, x);
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

static basin_status add_keys(basin_plan *plan, basin_panel *panel, const tracks *t, bool ceiling)
{
    basin_status st = BASIN_OK;
    basin_mark   dashed = {
          .type = &basin_mark_line, .pen = {.color = basin_grey, .width = 0.9, .dash = BASIN_DASHED}, .label = "ceiling of its method", .silent = true};
    basin_mark cross = {
        .type = &basin_mark_points, .pen = {.color = basin_grey}, .marker = BASIN_MARKER_CROSS, .size = 5, .label = "missing", .silent = true};

    if (ceiling) BASIN_TRY(basin_panel_add(plan, panel, dashed));
    if (t->missing > 0) BASIN_TRY(basin_panel_add(plan, panel, cross));
done:
    return st;
}

/* -------------------------------------------------------------------------------------------------- plans -- */

static basin_status finish_panel(basin_plan *plan, basin_panel *panel, const basin_column *column, basin_scale_kind x_kind)
{
    basin_status st = BASIN_OK;
    basin_range  x, y;

    basin_panel_ranges(panel, &x, &y);
    bool             wide = y.low > 0 && y.high > 20 * y.low && strstr(column->name, "accuracy") == NULL;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;
    BASIN_TRY(basin_plan_scale(plan, wide ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, &y, &kind));
    panel->x = basin_scale_fit(x_kind, &x, x_kind == BASIN_SCALE_LOG ? 0.06 : 0.03);
    panel->y = basin_scale_fit(kind, &y, 0.09);
    panel->y_label = basin_plan_scale_label(plan, column->label, &panel->y, "\n");
    panel->grid = true;
done:
    return st;
}

static basin_scale_kind sweep_scale(const basin_panel *panel)
{
    basin_range x, y;

    basin_panel_ranges(panel, &x, &y);
    return x.low > 0 && x.high >= 8 * x.low ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR; /* swept by ratios */
}

static bool any_value(const tracks *t, const char *column)
{
    for (size_t i = 0; i < t->strand_count; i++)
        if (isfinite(known(&t->strands[i], column))) return true;
    return false;
}

/* As on the axis, in plain text: λ_max for a λ with a subscript. */
static const char *caption_name(basin_plan *plan, const basin_column *column)
{
    char   text[128];
    size_t used = 0;

    for (const char *c = column->label; *c != '\0' && used + 1 < sizeof text; c++)
        if (*c != '\2') text[used++] = *c == '\1' ? '_' : *c;
    text[used] = '\0';
    return basin_plan_text(plan, "%s", text);
}

/* Files drawn together may be of several networks. */
static bool one_problem(const tracks *t, const basin_measures *row)
{
    for (size_t i = 0; i < t->strand_count; i++)
        for (size_t j = 0; j < t->strands[i].count; j++) {
            const basin_measures *other = &t->strands[i].rows[j];
            if (other->missing == NULL && (other->parameters != row->parameters || other->samples != row->samples)) return false;
        }
    return true;
}

static void track_caption(basin_plan *plan, const tracks *t, const basin_column *x, const basin_column *const *y, size_t count, bool sweep)
{
    const basin_measures *row = NULL;
    bool                  ceiling = false;

    for (size_t i = 0; i < t->strand_count && row == NULL; i++)
        for (size_t j = 0; j < t->strands[i].count && row == NULL; j++)
            if (t->strands[i].rows[j].missing == NULL) row = &t->strands[i].rows[j];
    for (size_t i = 0; i < count; i++) basin_plan_caption(plan, "%s%s", i > 0 ? ", " : "", caption_name(plan, y[i]));
    basin_plan_caption(plan, " against %s, %s of %zu run%s", caption_name(plan, x), sweep ? "at the last checkpoint" : "over the checkpoints", t->strand_count,
                       t->strand_count == 1 ? "" : "s");
    if (row != NULL && one_problem(t, row))
        basin_plan_caption(plan, "; P = %s, N = %s", BASIN_COUNT(row->parameters), BASIN_COUNT(row->samples));
    else if (row != NULL)
        basin_plan_caption(plan, "; P and N differ between runs, which are not to be held against each other");
    basin_plan_caption(plan, ".");
    for (size_t g = 0; g < t->group_count; g++) {
        if (t->groups[g].runs < 2) continue;
        basin_plan_caption(plan, sweep ? " Dots: single runs; lines: their mean."
                                       : " Thin lines: single runs; thick: their mean where every run has a value.");
        break;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(y[i]->name, "lambda_max") == 0 && any_value(t, "ceiling"))
            basin_plan_caption(plan, " Dashed: the ceiling of stability of each run's own method."), ceiling = true;
    for (size_t i = 0; i < count; i++) ceiling = ceiling || strcmp(y[i]->name, "ceiling") == 0;
    if (ceiling) basin_plan_ceiling_mode(plan);
    for (size_t i = 0; i < count; i++) {
        if (partial_rows(t, sweep, y[i]->name) == 0) continue;
        basin_plan_caption(plan, " The spectra are truncated: SANE lies within its bar, and what is drawn as a triangle (N_eff) is a lower end.");
        break;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const char *note = ((const basin_track *)plan->results[i]->value)->note;
        if (note != NULL) basin_plan_caption(plan, " Note: %s.", note);
    }
    if (t->missing > 0)
        basin_plan_caption(plan, " Crosses: %zu checkpoint%s that could not be measured (%s).", t->missing, t->missing == 1 ? "" : "s",
                           t->first_missing);
}

static basin_status plan_track(basin_plan *plan, bool sweep, const char *default_y, const char *default_x)
{
    basin_status         st = BASIN_OK;
    tracks               t = {0};
    const basin_column **y = NULL, *x;
    size_t               count = 0;
    basin_scale_kind     x_kind = BASIN_SCALE_LINEAR;

    BASIN_TRY(collect(plan, sweep, &t));
    const char *x_name = plan->options->x != NULL ? plan->options->x : any_value(&t, default_x) ? default_x : "step";
    BASIN_TRY(basin_plan_columns(plan, x_name, &y, &count));
    BASIN_CHECK(count == 1, BASIN_ERR_ARG, "one measure for the x axis, not «%s»", x_name);
    x = y[0];
    BASIN_TRY(basin_plan_columns(plan, plan->options->y != NULL ? plan->options->y : default_y, &y, &count));
    BASIN_TRY(basin_plan_panels(plan, count, plan->width < 300 ? 1 : count < 3 ? count : 3));
    for (size_t p = 0; p < count; p++) {
        basin_panel *panel = &plan->panels[p];
        bool         below = p + plan->columns >= count;
        for (size_t g = 0; g < t.group_count; g++) BASIN_TRY(add_group(plan, panel, &t, g, sweep, x->name, y[p]->name));
        BASIN_TRY(add_bounds(plan, panel, &t, sweep, x->name, y[p]->name));
        if (sweep && p == 0) x_kind = sweep_scale(panel);
        BASIN_TRY(finish_panel(plan, panel, y[p], x_kind));
        panel->x = plan->panels[0].x;
        BASIN_TRY(add_missing(plan, panel, &t, sweep, x->name));
        BASIN_TRY(add_keys(plan, panel, &t, strcmp(y[p]->name, "lambda_max") == 0 && any_value(&t, "ceiling")));
        panel->no_x = !below;
        panel->x_label = below ? x->label : NULL;
        panel->height = fmin((count == 1 ? 0.5 : 0.34) * plan->width, 150);
    }
    plan->legend_shared = count > 1;
    if (t.missing > 0) plan->note = basin_plan_text(plan, t.missing > 1 ? "× %s (and %zu more)" : "× %s", t.first_missing, t.missing - 1);
    track_caption(plan, &t, x, y, count, sweep);
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
