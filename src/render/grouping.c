/* Results put together by label or method: the columns of a strip, the bands of seeds. */
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

static const char *label_of(const basin_plan *plan, size_t i)
{
    return plan->options->labels != NULL ? plan->options->labels[i] : NULL;
}

/* What a result is called where no others are beside it. */
static basin_status name_of(basin_plan *plan, size_t i, const char **out)
{
    static const basin_figure_options none = {0};
    basin_status                      st = BASIN_OK;
    basin_series                     *series = NULL;
    basin_plan                        alone = {.results = plan->results + i, .count = 1, .options = &none};

    BASIN_TRY(basin_plan_series(&alone, &series));
    *out = label_of(plan, i) != NULL ? label_of(plan, i) : series->label;
done:
    basin_plan_adopt(plan, &alone);
    return st;
}

/* The looks of the groups are those of their first results side by side. */
static basin_status find_looks(basin_plan *plan, const basin_result *const *first, const char *const *names,
                               basin_grouping *g)
{
    basin_status          st = BASIN_OK;
    basin_figure_options *options = NULL;
    basin_plan            heads = {.results = first, .count = g->count};

    BASIN_PLAN_ALLOC(plan, options, 1);
    options->labels = names, heads.options = options;
    BASIN_TRY(basin_plan_series(&heads, &g->series));
done:
    basin_plan_adopt(plan, &heads);
    return st;
}

basin_status basin_plan_groups(basin_plan *plan, basin_grouping *out)
{
    basin_status         st = BASIN_OK;
    const basin_result **first = NULL;
    const char         **names = NULL;

    *out = (basin_grouping){0};
    BASIN_PLAN_ALLOC(plan, first, plan->count);
    BASIN_PLAN_ALLOC(plan, names, plan->count);
    BASIN_PLAN_ALLOC(plan, out->methods, plan->count);
    BASIN_PLAN_ALLOC(plan, out->sizes, plan->count);
    BASIN_PLAN_ALLOC(plan, out->of, plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        const basin_provenance *p = plan->results[i]->provenance;
        const char             *name = NULL;
        size_t                  g = 0;
        BASIN_TRY(name_of(plan, i, &name));
        while (g < out->count && strcmp(names[g], name) != 0) g++;
        out->of[i] = g, out->sizes[g]++;
        if (g < out->count) continue;
        names[g] = name, first[g] = plan->results[i];
        out->methods[g] = p != NULL ? p->training.method : NULL;
        out->count++;
    }
    BASIN_TRY(find_looks(plan, first, names, out));
done:
    return st;
}
