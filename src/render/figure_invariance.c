/* Measures under changes of the weights that leave the function alone: a panel for each measure, its value
 * over what it was against the factor of the change, a curve for each kind of change. What is flat at 1 is
 * invariant. Both axes are logarithmic; a value that is not positive beside one that is has no place and
 * leaves a gap. Permutations have no factor: they are a control, and stand in the result.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

enum { WIDE = 300 /* points: a page */ };

/* Ratios nearer to 1 than this would only stretch the axis. */
#define LEAST_SPAN 2.0

static const basin_invariances *study_of(const basin_plan *plan)
{
    return plan->results[0]->value;
}

static bool is_drawn(const basin_invariance_row *row)
{
    return row->symmetry != BASIN_SYMMETRY_PERMUTATION && row->verdict != BASIN_NOT_JUDGED;
}

static bool same_measure(const basin_invariance_row *a, const basin_invariance_row *b)
{
    return strcmp(a->measure, b->measure) == 0 && basin_same_text(a->part, b->part);
}

/* Rows of one measure stand one after the other. How many there are from `first` on. */
static size_t rows_of(const basin_invariances *v, size_t first)
{
    size_t n = 1;

    while (first + n < v->row_count && same_measure(&v->rows[first], &v->rows[first + n])) n++;
    return n;
}

static bool any_drawn(const basin_invariances *v, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (is_drawn(&v->rows[i])) return true;
    return false;
}

static size_t count_panels(const basin_invariances *v)
{
    size_t panels = 0;

    for (size_t i = 0, n; i < v->row_count; i += n) {
        n = rows_of(v, i);
        panels += any_drawn(v, i, n);
    }
    return panels;
}

static basin_status check_study(const basin_plan *plan)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG, "figure invariance: of one result, got %zu", plan->count);
    BASIN_CHECK(count_panels(study_of(plan)) > 0, BASIN_ERR_ARG,
                "figure invariance: the result has no measure under changes with a factor");
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ in a panel -- */

/* Outputs after the change of that kind and factor. */
static bool counts(const basin_invariances *v, const basin_invariance_row *row, size_t k)
{
    for (size_t i = 0; i < v->change_count; i++)
        if (v->changes[i].symmetry == row->symmetry && v->changes[i].factor == row->factors[k])
            return v->changes[i].outputs <= BASIN_SAME_OUTPUTS;
    return false;
}

typedef struct curve {
    size_t  count;
    double *x, *y, *low, *high;
} curve;

/* By factor; a value that is not positive leaves a gap. */
static void add_point(curve *c, double factor, double ratio, double half)
{
    size_t at = c->count++;

    for (; at > 0 && c->x[at - 1] > factor; at--) {
        c->x[at] = c->x[at - 1], c->y[at] = c->y[at - 1];
        c->low[at] = c->low[at - 1], c->high[at] = c->high[at - 1];
    }
    const bool interval = half > 0.0 && ratio - half > 0.0;
    c->x[at] = factor;
    c->y[at] = ratio > 0.0 ? ratio : (double)NAN;
    c->low[at] = interval ? ratio - half : (double)NAN;
    c->high[at] = interval ? ratio + half : (double)NAN;
}

/* The changes that count; a factor of 1 is no change, but a basis of that size is one. */
static basin_status take_curve(basin_plan *plan, const basin_invariance_row *row, curve *out)
{
    basin_status st = BASIN_OK;
    curve        c = {0};
    bool         one = row->symmetry == BASIN_SYMMETRY_ATTENTION;

    BASIN_PLAN_ALLOC(plan, c.x, row->count + 1);
    BASIN_PLAN_ALLOC(plan, c.y, row->count + 1);
    BASIN_PLAN_ALLOC(plan, c.low, row->count + 1);
    BASIN_PLAN_ALLOC(plan, c.high, row->count + 1);
    for (size_t k = 0; k < row->count; k++) {
        one = one || row->factors[k] == 1.0;
        if (counts(study_of(plan), row, k))
            add_point(&c, row->factors[k], row->values[k] / row->value, row->errors[k] / fabs(row->value));
    }
    if (c.count > 0 && !one) add_point(&c, 1.0, 1.0, row->error / fabs(row->value));
    *out = c;
done:
    return st;
}

static basin_status add_curve(basin_plan *plan, basin_panel *panel, const basin_invariance_row *row)
{
    basin_status     st = BASIN_OK;
    const basin_look look = basin_look_series((size_t)row->symmetry);
    curve            c = {0};

    BASIN_TRY(take_curve(plan, row, &c));
    if (c.count == 0) goto done;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_line,
                                           .count = c.count,
                                           .x = c.x,
                                           .y = c.y,
                                           .low = c.low,
                                           .high = c.high,
                                           .pen = basin_look_pen(&look, 1.1),
                                           .marker = look.marker,
                                           .hollow = look.hollow,
                                           .size = 3.2,
                                           .label = basin_symmetry_text((basin_symmetry)row->symmetry)}));
done:
    return st;
}

/* «moves: neuron, layer», «invariant», «undecided: attention». */
static const char *verdict_words(basin_plan *plan, const basin_invariance_row *rows, size_t count)
{
    static const basin_invariance_verdict order[] = {BASIN_MOVES, BASIN_STAYS_OR_MOVES};
    const char                           *text = "";

    for (size_t o = 0; o < sizeof order / sizeof *order; o++) {
        bool first = true;
        for (size_t i = 0; i < count; i++) {
            if (!is_drawn(&rows[i]) || rows[i].verdict != (int)order[o]) continue;
            text =
                basin_plan_text(plan, "%s%s%s%s", text,
                                !first            ? ", "
                                : text[0] != '\0' ? "; "
                                                  : "",
                                first ? basin_plan_text(plan, "%s: ", basin_invariance_text(order[o])) : "",
                                basin_symmetry_name((basin_symmetry)rows[i].symmetry));
            first = false;
        }
    }
    return text[0] != '\0' ? text : "invariant";
}

/* The least and the largest factor and 1 between them. */
static basin_status name_factors(basin_plan *plan, basin_panel *panel, const basin_range *x)
{
    basin_status st = BASIN_OK;
    const double wanted[] = {x->low, 1.0, x->high};
    double      *at = NULL;
    const char **names = NULL;

    BASIN_PLAN_ALLOC(plan, at, 3);
    BASIN_PLAN_ALLOC(plan, names, 3);
    for (size_t i = 0; i < 3; i++) {
        if (wanted[i] < x->low || wanted[i] > x->high || (i > 0 && wanted[i] == at[panel->tick_count - 1]))
            continue;
        at[panel->tick_count] = wanted[i];
        names[panel->tick_count++] = basin_plan_text(plan, "%s", BASIN_NUMBER(wanted[i], 3));
    }
    panel->tick_at = at, panel->tick_label = names;
done:
    return st;
}

static const char *title_of(basin_plan *plan, const basin_invariance_row *row)
{
    const basin_column     *column = basin_column_find(row->measure);
    basin_sharpness_measure m;
    const char             *name = row->measure;

    if (column != NULL)
        name = column->label;
    else if (basin_sharpness_measure_find(row->measure, &m) == BASIN_OK)
        name = basin_sharpness_entries[m].title;
    if (row->part != NULL) return basin_plan_text(plan, "%s: %s", name, row->part);
    return isnan(row->rho) ? name : basin_plan_text(plan, "%s, ρ = %s", name, BASIN_NUMBER(row->rho, 3));
}

static basin_status fill_panel(basin_plan *plan, basin_panel *panel, const basin_invariance_row *rows,
                               size_t count)
{
    basin_status st = BASIN_OK;
    basin_range  x, y;

    for (size_t i = 0; i < count; i++)
        if (is_drawn(&rows[i])) BASIN_TRY(add_curve(plan, panel, &rows[i]));
    basin_panel_ranges(panel, &x, &y);
    basin_range_add(&y, 1.0 / LEAST_SPAN), basin_range_add(&y, LEAST_SPAN);
    panel->x = basin_scale_fit(BASIN_SCALE_LOG, &x, 0.05);
    panel->y = basin_scale_fit(BASIN_SCALE_LOG, &y, 0.06);
    BASIN_TRY(basin_panel_rule(plan, panel, false, 1.0));
    BASIN_TRY(name_factors(plan, panel, &x));
    panel->title = title_of(plan, &rows[0]);
    panel->grid = true;
    panel->height = fmin(0.3 * plan->width, 90);
    BASIN_PLAN_ALLOC(plan, panel->notes, 1);
    panel->notes[panel->note_count++] = (basin_panel_note){.text = verdict_words(plan, rows, count)};
    if (panel->mark_count == 0) panel->empty = "no positive value";
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static void caption(basin_plan *plan)
{
    const basin_invariances *v = study_of(plan);
    double                   outputs = 0.0;

    for (size_t i = 0; i < v->change_count; i++)
        if (v->changes[i].outputs <= BASIN_SAME_OUTPUTS) outputs = fmax(outputs, v->changes[i].outputs);
    basin_plan_caption(
        plan,
        "Measures under changes of the weights that leave the network's function alone, over what they "
        "were, against the factor of the change (P = %s, N = %s). ",
        BASIN_COUNT(v->parameters), BASIN_COUNT(v->samples));
    basin_plan_caption(
        plan,
        "Rescaled layers: every other layer times f, the next by 1/f; rescaled neurons: each by f to a "
        "random power in [−1, 1]; a scale before a normalisation; attention's GL: a basis f · Gaussian "
        "of every head. Outputs differ by at most %s of their size. Bars: intervals of the values.",
        BASIN_NUMBER(outputs, 2));
}

basin_status basin_plan_invariance(basin_plan *plan)
{
    basin_status             st = BASIN_OK;
    const basin_invariances *v = NULL;
    size_t                   panel = 0;

    BASIN_TRY(check_study(plan));
    v = study_of(plan);
    const size_t count = count_panels(v), widest = plan->width >= WIDE ? 4 : 2;
    const size_t columns = count < widest ? count : widest;
    BASIN_TRY(basin_plan_panels(plan, count, columns));
    for (size_t i = 0, n; i < v->row_count; i += n) {
        n = rows_of(v, i);
        if (!any_drawn(v, i, n)) continue;
        BASIN_TRY(fill_panel(plan, &plan->panels[panel], &v->rows[i], n));
        if (panel % columns == 0) plan->panels[panel].y_label = "over what it was";
        if (panel + columns >= count) plan->panels[panel].x_label = "factor";
        panel++;
    }
    plan->legend_shared = true;
    caption(plan);
done:
    return st;
}
