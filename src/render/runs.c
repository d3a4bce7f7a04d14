/* What the figures of a comparison's runs share: which runs stand where, in which look, on which scale. */
#include <math.h>
#include <string.h>

#include "render/runs.h"

const basin_comparison *basin_runs_comparison(const basin_plan *plan)
{
    return plan->results[0]->value;
}

basin_status basin_runs_open(const basin_plan *plan, const char *kind)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG, "figure %s is of one comparison, not %zu", kind,
                plan->count);
    BASIN_TRY(basin_versus_check(basin_runs_comparison(plan)));
done:
    return st;
}

/* Of the raw point; a part of a sum is no measure. */
double basin_runs_value(const basin_row *row, const basin_column *column)
{
    return row->missing != NULL || basin_column_partial(row, column) ? NAN : basin_column_value(row, column);
}

/* Whether a setting, too, tells groups of its method apart. */
static bool has_rival(const basin_comparison *c, size_t g)
{
    for (size_t i = 0; i < c->group_count; i++)
        if (i != g && c->groups[i].budget_of == NULL && c->groups[g].budget_of == NULL &&
            basin_same_text(c->groups[i].method, c->groups[g].method))
            return true;
    return false;
}

/* The method's own where it has one group; where some method has several, colours stand for groups. */
basin_look basin_runs_look(const basin_comparison *c, size_t g)
{
    basin_look look = basin_look_series(g);
    bool       rivals = false;

    for (size_t i = 0; i < c->group_count; i++) rivals = rivals || has_rival(c, i);
    if (!rivals) basin_look_method(c->groups[g].method, &look);
    look.hollow = c->groups[g].budget_of != NULL;
    return look;
}

/* The runs of a group at (x, y), without those that have not both. */
basin_status basin_runs_add(basin_plan *plan, basin_panel *panel, size_t g, const basin_column *x,
                            const basin_column *y, double size, bool named)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = basin_runs_comparison(plan);
    const basin_group      *group = &c->groups[g];
    const basin_look        look = basin_runs_look(c, g);
    double                 *at = NULL;
    size_t                  n = 0;

    BASIN_PLAN_ALLOC(plan, at, 2 * group->run_count);
    for (size_t k = 0; k < group->run_count; k++) {
        const basin_row *row = &c->rows[group->rows[k]];
        const double     a = basin_runs_value(row, x), b = basin_runs_value(row, y);
        if (!isfinite(a) || !isfinite(b)) continue;
        at[n] = a, at[group->run_count + n++] = b;
    }
    if (n == 0) goto done;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_points,
                                           .count = n,
                                           .x = at,
                                           .y = at + group->run_count,
                                           .pen = {.color = look.color},
                                           .marker = look.marker,
                                           .hollow = look.hollow,
                                           .size = size,
                                           .label = named ? basin_group_title(plan, group) : NULL}));
done:
    return st;
}

/* A logarithm where values spread over about a decade or more. */
static basin_scale_kind scale_of(const basin_range *range)
{
    return range->low > 0 && range->high >= 8 * range->low ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR;
}

basin_status basin_runs_finish(basin_plan *plan, basin_panel *panel, const basin_column *y)
{
    basin_status     st = BASIN_OK;
    basin_range      across, up;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    basin_panel_ranges(panel, &across, &up);
    if (panel->mark_count == 0) panel->empty = "not measured";
    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, &up, &kind));
    panel->x = basin_scale_fit(scale_of(&across), &across, 0.06);
    panel->y = basin_column_fit(y, kind, &up, 0.08);
    panel->grid = true;
    panel->height = fmin(0.3 * plan->width, 110);
done:
    return st;
}

size_t basin_runs_columns(const basin_plan *plan, size_t count)
{
    const size_t most = plan->width < 300 ? 2 : 3;

    return count < most ? count : most;
}

/* How many runs, and at which checkpoints; `budgets`: those at another method's budget are drawn, too. */
void basin_runs_caption(basin_plan *plan, bool budgets)
{
    const basin_comparison *c = basin_runs_comparison(plan);
    size_t                  told = 0;

    basin_plan_caption(plan, " Runs:");
    for (size_t g = 0; g < c->group_count; g++)
        if (budgets || c->groups[g].budget_of == NULL)
            basin_plan_caption(plan, "%s %s n = %zu", told++ > 0 ? ";" : "",
                               basin_group_title(plan, &c->groups[g]), c->groups[g].run_count);
    if (isfinite(c->at_loss))
        basin_plan_caption(plan, "; at training loss %s.", BASIN_NUMBER(c->at_loss, 3));
    else if (c->step >= 0)
        basin_plan_caption(plan, "; at step %lld%s.", (long long)c->step,
                           told > 0 && budgets && c->groups[c->group_count - 1].budget_of != NULL
                               ? ", at a budget where that is spent"
                               : "");
    else
        basin_plan_caption(plan, "; each at its last checkpoint.");
    if (c->losses_note != NULL) basin_plan_caption(plan, " Training losses: %s.", c->losses_note);
}
