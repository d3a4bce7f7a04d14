/* Methods against each other, one panel a measure: every seed as a dot, the same seed joined by a thin line, and beside them the
 * mean with its 95 % t-interval. Under each panel the p-values of the paired differences from the base, after Holm's correction within
 * one question.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

#define SEEDS_AT (-0.14) /* of the middle of a method's slot */
#define MEAN_AT 0.16

/* The name up to the comma of «gd, budget of sam». */
static const char *method_of(basin_plan *plan, const char *group)
{
    return basin_plan_text(plan, "%.*s", (int)strcspn(group, ","), group);
}

static basin_look look_of(basin_plan *plan, const basin_group *group, size_t index)
{
    basin_look look = basin_look_series(index);

    if (group->name == NULL) return look;
    basin_look_method(method_of(plan, group->name), &look);
    look.hollow = look.hollow || strchr(group->name, ',') != NULL; /* the same method at another budget */
    return look;
}

static const char *group_title(basin_plan *plan, const char *name)
{
    static const char budget[] = ", budget of ";
    const char       *rest = strchr(name, ','), *title = basin_method_title(plan, method_of(plan, name));

    if (rest == NULL) return title;
    if (strncmp(rest, budget, strlen(budget)) != 0) return basin_plan_text(plan, "%s%s", title, rest);
    return basin_plan_text(plan, "%s at %s’s budget", title, basin_method_title(plan, basin_plan_text(plan, "%s", rest + strlen(budget))));
}

static basin_status check_comparison(const basin_comparison *c)
{
    basin_status st = BASIN_OK;

    for (size_t g = 0; g < c->group_count; g++)
        for (size_t k = 0; k < c->groups[g].run_count; k++)
            BASIN_CHECK(c->groups[g].rows[k] < c->row_count, BASIN_ERR_VALUE, "comparison: group %zu names row %zu of %zu", g, c->groups[g].rows[k],
                        c->row_count);
done:
    return st;
}

/* One thin line for each seed, through the groups that have it. */
/* A part of a sum over a truncated spectrum is no measure (docs/measures.md): as in the comparison, NAN. */
static double value_of(const basin_measures *row, const char *measure)
{
    return basin_column_partial(row, measure) ? NAN : basin_column_value(row, measure);
}

static basin_status add_seeds(basin_plan *plan, basin_panel *panel, const basin_comparison *c, const char *measure)
{
    basin_status st = BASIN_OK;

    for (size_t row = 0; row < c->row_count; row++) {
        int64_t seed = c->rows[row].seed;
        bool    first = seed >= 0;
        for (size_t before = 0; before < row && first; before++) first = c->rows[before].seed != seed;
        double *x = NULL, *y = NULL;
        size_t  count = 0;
        BASIN_PLAN_ALLOC(plan, x, c->group_count);
        BASIN_PLAN_ALLOC(plan, y, c->group_count);
        for (size_t g = 0; g < c->group_count && first; g++) {
            double value = NAN;
            for (size_t k = 0; k < c->groups[g].run_count; k++)
                if (c->rows[c->groups[g].rows[k]].seed == seed) value = value_of(&c->rows[c->groups[g].rows[k]], measure);
            if (isfinite(value)) x[count] = (double)g + SEEDS_AT, y[count++] = value;
        }
        basin_mark line = {.type = &basin_mark_line, .count = count, .x = x, .y = y, .pen = {.color = basin_grey, .width = 0.35, .fade = 0.45}};
        if (count > 1) BASIN_TRY(basin_panel_add(plan, panel, line));
    }
done:
    return st;
}

static basin_status add_group(basin_plan *plan, basin_panel *panel, const basin_comparison *c, size_t g, const char *measure)
{
    basin_status       st = BASIN_OK;
    const basin_group *group = &c->groups[g];
    basin_look         look = look_of(plan, group, g);
    double            *x = NULL, *y = NULL, *mean = NULL;

    BASIN_PLAN_ALLOC(plan, x, group->run_count);
    BASIN_PLAN_ALLOC(plan, y, group->run_count);
    for (size_t k = 0; k < group->run_count; k++) x[k] = (double)g + SEEDS_AT, y[k] = value_of(&c->rows[group->rows[k]], measure);
    if (group->run_count > 1) /* one run is its own mean */
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_points,
                                               .count = group->run_count,
                                               .x = x,
                                               .y = y,
                                               .pen = {.color = look.color},
                                               .marker = BASIN_MARKER_CIRCLE,
                                               .size = 2.2,
                                               .hollow = false}));
    for (size_t e = 0; e < c->estimate_count; e++) {
        const basin_estimate *estimate = &c->estimates[e];
        if (estimate->measure == NULL || estimate->group == NULL || group->name == NULL || strcmp(estimate->measure, measure) != 0 ||
            strcmp(estimate->group, group->name) != 0)
            continue;
        BASIN_PLAN_ALLOC(plan, mean, 4);
        mean[0] = (double)g + MEAN_AT, mean[1] = estimate->mean, mean[2] = estimate->lower, mean[3] = estimate->upper;
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_interval,
                                               .count = 1,
                                               .x = mean,
                                               .y = mean + 1,
                                               .low = mean + 2,
                                               .high = mean + 3,
                                               .pen = {.color = look.color, .width = 1.1},
                                               .marker = look.marker,
                                               .hollow = look.hollow,
                                               .size = 4}));
    }
done:
    return st;
}

static basin_status add_p_values(basin_plan *plan, basin_panel *panel, const basin_comparison *c, const char *measure)
{
    basin_status st = BASIN_OK;

    BASIN_PLAN_ALLOC(plan, panel->notes, c->difference_count);
    for (size_t d = 0; d < c->difference_count; d++) {
        const basin_difference *difference = &c->differences[d];
        if (difference->measure == NULL || difference->group == NULL || difference->base == NULL || strcmp(difference->measure, measure) != 0)
            continue;
        if (strchr(difference->group, ',') != NULL || strchr(difference->base, ',') != NULL) continue; /* told in the table, not here */
        double      p = isfinite(difference->p_holm) ? difference->p_holm : difference->p;
        const char *group = group_title(plan, difference->group), *base = group_title(plan, difference->base);
        panel->notes[panel->note_count++] = isfinite(p) ? basin_plan_text(plan, "%s − %s: p = %s", group, base, BASIN_NUMBER(p, 2))
                                                        : basin_plan_text(plan, "%s − %s: no test", group, base);
    }
done:
    return st;
}

static void comparison_caption(basin_plan *plan, const basin_comparison *c, size_t count, bool ceiling)
{
    const basin_measures *row = NULL;

    for (size_t i = 0; i < c->row_count && row == NULL; i++)
        if (c->rows[i].missing == NULL) row = &c->rows[i];
    basin_plan_caption(plan, "%zu measure%s by method", count, count == 1 ? "" : "s");
    if (c->step >= 0) basin_plan_caption(plan, " at step %lld", (long long)c->step);
    if (row != NULL) basin_plan_caption(plan, "; P = %s, N = %s training samples", BASIN_COUNT(row->parameters), BASIN_COUNT(row->samples));
    basin_plan_caption(plan, ". Dots: runs, the same seed joined; bars: mean with its 95 %% t-interval; p: exact two-sided sign-flip test of the "
                             "paired differences, after Holm within each question (flatness, generalisation, conditions); pairs of methods are not "
                             "corrected against each other.");
    if (ceiling) basin_plan_ceiling_mode(plan);
    if (row != NULL && isfinite(row->sharpness_rho)) basin_plan_caption(plan, " Sharpness at ρ = %s.", BASIN_NUMBER(row->sharpness_rho, 3));
    for (size_t g = 0; g < c->group_count; g++)
        basin_plan_caption(plan, " %s: n = %zu, %s gradient evaluations.", c->groups[g].name != NULL ? group_title(plan, c->groups[g].name) : "?",
                           c->groups[g].run_count, BASIN_NUMBER(c->groups[g].gradient_evaluations, 4));
    if (c->losses_note != NULL) basin_plan_caption(plan, " Training losses: %s.", c->losses_note);
    if (c->missing > 0) basin_plan_caption(plan, " %zu checkpoint%s could not be measured.", c->missing, c->missing == 1 ? "" : "s");
}

/* Which groups cannot be held against each other at equal training loss; NULL if all can. */
static const char *unequal_losses(basin_plan *plan, const basin_comparison *c)
{
    const char *line = NULL;

    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        if (!d->losses_unequal || d->measure == NULL || strcmp(d->measure, "train_loss") != 0 || d->group == NULL || d->base == NULL) continue;
        line = basin_plan_text(plan, "%s%s and %s", line != NULL ? line : "training losses unequal: ", group_title(plan, d->group), group_title(plan, d->base));
        line = basin_plan_text(plan, "%s; ", line);
    }
    return line != NULL ? basin_plan_text(plan, "%.*s", (int)strlen(line) - 2, line) : NULL;
}

static bool equal_counts(const basin_comparison *c)
{
    for (size_t g = 1; g < c->group_count; g++)
        if (c->groups[g].run_count != c->groups[0].run_count) return false;
    return c->group_count > 0;
}

basin_status basin_plan_methods(basin_plan *plan)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = plan->results[0]->value;
    const basin_column    **measures = NULL;
    size_t                  count = 0;
    double                 *at = NULL;
    const char            **labels = NULL;
    basin_color            *colors = NULL;
    basin_scale_kind        kind = BASIN_SCALE_LINEAR;
    bool                    equal = equal_counts(c), ceiling = false;

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG, "figure methods is of one comparison, not %zu", plan->count);
    BASIN_TRY(check_comparison(c));
    BASIN_TRY(basin_plan_columns(plan, plan->options->y != NULL ? plan->options->y : "train_loss,test_accuracy,gap,lambda_max,sane,sharpness_sam",
                                 &measures, &count));
    BASIN_PLAN_ALLOC(plan, at, c->group_count);
    BASIN_PLAN_ALLOC(plan, labels, c->group_count);
    BASIN_PLAN_ALLOC(plan, colors, c->group_count);
    for (size_t g = 0; g < c->group_count; g++) {
        at[g] = (double)g;
        labels[g] = c->groups[g].name != NULL ? group_title(plan, c->groups[g].name) : "?";
        if (!equal) labels[g] = basin_plan_text(plan, "%s\nn = %zu", labels[g], c->groups[g].run_count);
        colors[g] = look_of(plan, &c->groups[g], g).color;
    }
    size_t columns = plan->width < 300 ? 2 : 3;
    BASIN_TRY(basin_plan_panels(plan, count, columns < count ? columns : count));
    for (size_t p = 0; p < count; p++) {
        basin_panel *panel = &plan->panels[p];
        basin_range  x, y;
        BASIN_TRY(add_seeds(plan, panel, c, measures[p]->name));
        for (size_t g = 0; g < c->group_count; g++) BASIN_TRY(add_group(plan, panel, c, g, measures[p]->name));
        BASIN_TRY(add_p_values(plan, panel, c, measures[p]->name));
        ceiling = ceiling || strcmp(measures[p]->name, "ceiling") == 0;
        basin_panel_ranges(panel, &x, &y);
        BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &y, &kind));
        panel->x = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.5, (double)(c->group_count > 0 ? c->group_count : 1) - 0.5, 0};
        panel->y = basin_scale_fit(kind, &y, 0.08);
        panel->tick_count = c->group_count;
        panel->tick_at = at;
        panel->tick_label = labels;
        panel->tick_color = colors;
        panel->title = basin_plan_scale_label(plan, measures[p]->label, &panel->y, "\n");
        panel->grid = true;
        panel->height = fmin(0.3 * plan->width, 110);
    }
    plan->warning = unequal_losses(plan, c);
    if (equal) plan->note = basin_plan_text(plan, "n = %zu run%s of each", c->groups[0].run_count, c->groups[0].run_count == 1 ? "" : "s");
    if (c->missing > 0)
        plan->note = basin_plan_text(plan, "%s%s%zu checkpoint%s could not be measured", equal ? plan->note : "", equal ? "; " : "", c->missing,
                                     c->missing == 1 ? "" : "s");
    comparison_caption(plan, c, count, ceiling);
done:
    return st;
}
