/* A measure against a measure of generalisation, a panel each, every run of a comparison as a point, with
 * Kendall's τ-b as the comparison has it. */
#include <math.h>
#include <string.h>

#include "render/runs.h"

static const basin_correlation *correlation_with(const basin_comparison *c, const basin_column *measure,
                                                 const char *against)
{
    for (size_t i = 0; i < c->correlation_count; i++) {
        const basin_correlation *k = &c->correlations[i];
        if (basin_same_text(k->measure, measure->name) && basin_same_text(k->against, against) &&
            basin_same_text(k->over, "all"))
            return k;
    }
    return NULL;
}

/* Without a choice the measures of flatness of the figure of methods that were correlated. */
static basin_status choose_correlated(basin_plan *plan, const char *against, basin_versus *v)
{
    static const char *const usual[] = {"lambda_max",    "trace",    "sane",
                                        "sharpness_sam", "rise_top", "rise_random"};
    enum { USUAL = sizeof usual / sizeof *usual };
    basin_status st = BASIN_OK;

    if (plan->options->y != NULL) return basin_versus_choose(plan, v);
    BASIN_PLAN_ALLOC(plan, v->measures, USUAL);
    for (size_t i = 0; i < USUAL; i++)
        if (correlation_with(v->comparison, basin_column_find(usual[i]), against) != NULL)
            v->measures[v->count++] = basin_column_find(usual[i]);
    BASIN_CHECK(v->count > 0, BASIN_ERR_MISSING,
                "figure correlation: the comparison has no correlation with %s, for which it takes %d runs "
                "with a test split; --x test_loss or gap says with what",
                against, BASIN_CORRELATION_RUNS);
done:
    return st;
}

static const char *tau_text(basin_plan *plan, const basin_correlation *k)
{
    if (k == NULL || isnan(k->tau)) return "no τ";
    if (!isfinite(k->lower)) return basin_plan_text(plan, "τ = %s", BASIN_NUMBER(k->tau, 2));
    return basin_plan_text(plan, "τ = %s [%s, %s]", BASIN_NUMBER(k->tau, 2), BASIN_NUMBER(k->lower, 2),
                           BASIN_NUMBER(k->upper, 2));
}

static void correlation_caption(basin_plan *plan, const basin_versus *v, const basin_column *against)
{
    const basin_correlation *k = NULL;

    for (size_t m = 0; m < v->count && k == NULL; m++)
        k = correlation_with(v->comparison, v->measures[m], against->name);
    basin_plan_caption(plan, "Measures of flatness against %s, a marker each run.",
                       basin_column_words(plan, against));
    if (k != NULL)
        basin_plan_caption(plan,
                           " τ: Kendall's τ-b over %zu runs; in brackets 95 %% by the bootstrap over %zu %s.",
                           k->runs, k->units, k->by_seed ? "seeds" : "runs");
    basin_runs_caption(plan, false);
}

basin_status basin_plan_correlation(basin_plan *plan)
{
    basin_status        st = BASIN_OK;
    const char         *against = plan->options->x != NULL ? plan->options->x : "gap";
    const basin_column *y = basin_column_find(against);
    basin_versus        v = {0};

    BASIN_TRY(basin_runs_open(plan, "correlation"));
    BASIN_CHECK(strcmp(against, "gap") == 0 || strcmp(against, "test_loss") == 0, BASIN_ERR_ARG,
                "figure correlation: --x %s; measures are correlated with gap and test_loss", against);
    v.comparison = basin_runs_comparison(plan);
    BASIN_TRY(choose_correlated(plan, against, &v));
    BASIN_TRY(basin_plan_panels(plan, v.count, basin_runs_columns(plan, v.count)));
    for (size_t m = 0; m < v.count; m++) {
        basin_panel *panel = &plan->panels[m];
        for (size_t g = 0; g < v.comparison->group_count; g++)
            if (v.comparison->groups[g].budget_of == NULL) /* the same runs at another step */
                BASIN_TRY(basin_runs_add(plan, panel, g, v.measures[m], y, 3.6, true));
        BASIN_TRY(basin_runs_finish(plan, panel, y));
        panel->title = tau_text(plan, correlation_with(v.comparison, v.measures[m], against));
        panel->x_label = v.measures[m]->label;
        panel->y_label = m % plan->columns == 0 ? y->label : NULL;
    }
    plan->legend_shared = true;
    correlation_caption(plan, &v, y);
done:
    return st;
}
