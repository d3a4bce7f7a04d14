/* The table below a strip: of each column's group in a comparison the mean of each measure with its 95 %
 * t-interval. */
#include <math.h>
#include <string.h>

#include "render/comparison.h"

typedef struct source { /* of what the table is */
    const basin_grouping   *columns;
    const basin_comparison *comparison;
} source;

/* The comparison's group of a column: that of its heading, else the only one of its method; group_count if
   there is none. */
static size_t group_of(basin_plan *plan, const source *s, size_t column)
{
    const basin_comparison *c = s->comparison;
    size_t                  found = c->group_count, many = 0;

    for (size_t g = 0; g < c->group_count; g++) {
        const basin_group *group = &c->groups[g];
        if (strcmp(basin_group_title(plan, group), s->columns->series[column].label) == 0) return g;
        if (s->columns->methods[column] == NULL || group->budget_of != NULL ||
            !basin_same_text(group->method, s->columns->methods[column]))
            continue;
        found = g, many++;
    }
    return many == 1 ? found : c->group_count;
}

/* The power of ten that a line's numbers are multiples of: 0 where they are read well without. */
static int exponent_of(const source *s, const basin_column *measure)
{
    const basin_comparison *c = s->comparison;
    double                  largest = 0;

    for (size_t g = 0; g < c->group_count; g++) {
        const basin_estimate *e = basin_versus_estimate(c, g, BASIN_POINT_RAW, measure);
        if (e != NULL && isfinite(e->mean)) largest = fmax(largest, fabs(e->mean));
    }
    if (!(largest > 0) || (largest >= 0.01 && largest < 1e5)) return 0;
    return (int)floor(log10(largest));
}

/* The line of one measure. */
static void fill_row(basin_plan *plan, const source *s, const size_t *group, const basin_column *measure,
                     size_t r, basin_plan_table *t)
{
    const int    exponent = exponent_of(s, measure);
    const double unit = pow(10, exponent);
    char         power[BASIN_NUMBER_ROOM];

    t->names[r] = exponent == 0
                      ? measure->label
                      : basin_plan_text(plan, "%s / %s", measure->label, basin_number_power(exponent, power));
    for (size_t k = 0; k < t->columns; k++) {
        const basin_estimate *e =
            group[k] < s->comparison->group_count
                ? basin_versus_estimate(s->comparison, group[k], BASIN_POINT_RAW, measure)
                : NULL;
        const bool there = e != NULL && e->n > 0 && isfinite(e->mean);
        t->values[r * t->columns + k] =
            there ? basin_plan_text(plan, "%s", BASIN_NUMBER(e->mean / unit, 3)) : "not measured";
        t->ranges[r * t->columns + k] =
            there && isfinite(e->lower) ? basin_plan_text(plan, "[%s, %s]", BASIN_NUMBER(e->lower / unit, 3),
                                                          BASIN_NUMBER(e->upper / unit, 3))
                                        : "";
    }
}

/* First how many runs a group has, then the measures. */
static basin_status fill_table(basin_plan *plan, const source *s, const basin_versus *v, basin_plan_table *t)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = s->comparison;
    size_t                 *group = NULL;

    BASIN_PLAN_ALLOC(plan, group, t->columns);
    BASIN_PLAN_ALLOC(plan, t->heads, t->columns);
    BASIN_PLAN_ALLOC(plan, t->colors, t->columns);
    BASIN_PLAN_ALLOC(plan, t->names, t->rows);
    BASIN_PLAN_ALLOC(plan, t->values, t->rows * t->columns);
    BASIN_PLAN_ALLOC(plan, t->ranges, t->rows * t->columns);
    t->names[0] = "runs n";
    for (size_t k = 0; k < t->columns; k++) {
        group[k] = group_of(plan, s, k);
        t->heads[k] = s->columns->series[k].label, t->colors[k] = s->columns->series[k].look.color;
        t->values[k] =
            group[k] < c->group_count ? basin_plan_text(plan, "%zu", c->groups[group[k]].run_count) : "none";
        t->ranges[k] = "";
    }
    for (size_t m = 0; m < v->count; m++) fill_row(plan, s, group, v->measures[m], m + 1, t);
done:
    return st;
}

static void caption_table(basin_plan *plan, const basin_comparison *c)
{
    basin_plan_caption(plan, " Table: means over runs with 95 %% t-intervals, ");
    if (isfinite(c->at_loss))
        basin_plan_caption(plan, "at training loss %s.", BASIN_NUMBER(c->at_loss, 3));
    else if (c->step >= 0)
        basin_plan_caption(plan, "at step %lld.", (long long)c->step);
    else
        basin_plan_caption(plan, "each run at its last checkpoint.");
    if (c->losses_note != NULL) basin_plan_caption(plan, " Training losses: %s.", c->losses_note);
}

basin_status basin_strip_table(basin_plan *plan, const basin_grouping *columns, const basin_comparison *c)
{
    basin_status      st = BASIN_OK;
    const source      s = {columns, c};
    basin_versus      v = {.comparison = c};
    basin_plan_table *t = NULL;

    BASIN_TRY(basin_versus_check(c));
    BASIN_TRY(basin_versus_choose(plan, &v));
    BASIN_PLAN_ALLOC(plan, t, 1);
    t->rows = 1 + v.count, t->columns = columns->count;
    t->corner = "mean [95 %]";
    BASIN_TRY(fill_table(plan, &s, &v, t));
    plan->table = t;
    caption_table(plan, c);
done:
    return st;
}
