/* The groups of a comparison: the runs of each method where they stand (choose.c), and the base's also at the
 * largest budget of gradient evaluations that another method spent, as «gd, budget of sam». Runs without a
 * measured checkpoint there are left out, and said to be (notes.c).
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

/* The runs of a method; with `budget_of` at the gradient evaluations that this other method has spent. */
static basin_status add_group(basin_comparison *k, const char *method, const char *budget_of,
                              basin_group **out)
{
    basin_status st = BASIN_OK;
    basin_group *groups = NULL;

    BASIN_CHECK((groups = basin_grow(k->groups, k->group_count, k->group_count + 1, sizeof *groups)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a group");
    k->groups = groups;
    *out = &groups[k->group_count++];
    BASIN_STRDUP((*out)->method, method);
    BASIN_STRDUP((*out)->budget_of, budget_of);
    (*out)->name =
        budget_of != NULL ? basin_format("%s, budget of %s", method, budget_of) : basin_strdup(method);
    BASIN_CHECK((*out)->name != NULL, BASIN_ERR_NOMEM, "out of memory for a group");
    BASIN_ALLOC((*out)->rows, k->row_count, "runs of a group");
done:
    return st;
}

/* By the same sums as the budget of choose.c. */
static void average_cost(const basin_comparison *k, basin_group *group)
{
    double n = (double)group->run_count, evaluations = 0.0, seconds = 0.0;

    for (size_t i = 0; i < group->run_count; i++) {
        evaluations += basin_evaluations_of(&k->rows[group->rows[i]]);
        seconds += k->rows[group->rows[i]].seconds;
    }
    group->gradient_evaluations = evaluations / n;
    group->seconds = seconds / n;
}

static size_t find_group(const basin_comparison *k, const char *name)
{
    for (size_t i = 0; i < k->group_count; i++)
        if (strcmp(k->groups[i].name, name) == 0) return i;
    return BASIN_NO_ROW;
}

static basin_status group_by_method(basin_comparison *k, const basin_stand *stands, size_t runs)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < runs; i++) {
        if (stands[i].at == BASIN_NO_ROW) continue;
        const char  *method = basin_method_of(&k->rows[stands[i].at]);
        size_t       at = find_group(k, method);
        basin_group *group = at != BASIN_NO_ROW ? &k->groups[at] : NULL;
        if (group == NULL) BASIN_TRY(add_group(k, method, NULL, &group));
        group->rows[group->run_count++] = stands[i].at;
    }
    for (size_t i = 0; i < k->group_count; i++) average_cost(k, &k->groups[i]);
done:
    return st;
}

static bool has_checkpoint(const basin_comparison *k, const char *method)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_checkpoint(&k->rows[i]) && strcmp(basin_method_of(&k->rows[i]), method) == 0)
            return true;
    return false;
}

/* The method that the others are held against: the one given, else gd, else sgd; NULL: whatever comes
   first. */
static const char *base_method(const basin_comparison *k, const char *given)
{
    return given != NULL ? given : has_checkpoint(k, "gd") ? "gd" : has_checkpoint(k, "sgd") ? "sgd" : NULL;
}

static basin_status choose_base(basin_comparer *c, const char *given)
{
    basin_status st = BASIN_OK;
    const char  *method = base_method(c->result, given);

    c->base = method != NULL ? find_group(c->result, method) : 0;
    BASIN_CHECK(given == NULL || c->base != BASIN_NO_ROW, BASIN_ERR_MISSING,
                "no measured run of method %s to compare with", given);
    if (c->base == BASIN_NO_ROW) c->base = 0;
    BASIN_STRDUP(c->result->base, c->result->groups[c->base].name);
done:
    return st;
}

static basin_status add_budget_group(basin_comparer *c, const basin_stand *stands, size_t runs)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_group      *group = NULL;
    double            budget = k->groups[c->base].gradient_evaluations;

    for (size_t i = 0; i < k->group_count; i++)
        if (k->groups[i].gradient_evaluations > budget)
            budget = k->groups[i].gradient_evaluations, c->budget_of = i;
    if (c->budget_of == BASIN_NO_ROW) goto done;
    for (size_t i = 0; i < runs; i++) {
        if (stands[i].budget == BASIN_NO_ROW ||
            strcmp(basin_method_of(&k->rows[stands[i].at]), k->groups[c->base].name) != 0)
            continue;
        if (group == NULL) {
            BASIN_TRY(add_group(k, k->groups[c->base].method, k->groups[c->budget_of].method, &group));
            c->budget = k->group_count - 1;
        }
        group->rows[group->run_count++] = stands[i].budget;
    }
    if (group != NULL) average_cost(k, group);
done:
    return st;
}

/* Where each run stands, at its first row of those there were (`runs` is their number: equal losses append
   rows). */
static basin_status find_stands(basin_comparison *k, size_t runs, basin_stand *stands)
{
    basin_status st = BASIN_OK;

    k->step = -1;
    if (isnan(k->at_loss)) {
        BASIN_TRY(basin_stand_at_step(k->rows, runs, stands, &k->step));
    } else {
        BASIN_TRY(basin_stand_at_loss(k->rows, runs, k->at_loss, true, stands));
        BASIN_TRY(basin_comparison_reach(k, stands, runs));
    }
done:
    return st;
}

basin_status basin_comparison_group(basin_comparer *c, const char *base)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_stand      *stands = NULL;
    size_t            runs = k->row_count;
    const bool        at_loss = !isnan(k->at_loss);

    c->budget = c->budget_of = BASIN_NO_ROW;
    BASIN_ALLOC(stands, runs, "runs");
    BASIN_TRY(find_stands(k, runs, stands));
    BASIN_TRY(group_by_method(k, stands, runs));
    if (at_loss) BASIN_TRY(basin_comparison_demand_reached(k, base_method(k, base)));
    BASIN_CHECK(k->group_count > 0, BASIN_ERR_MISSING, "none of %zu checkpoints could be measured",
                k->row_count);
    BASIN_TRY(choose_base(c, base));
    if (!at_loss) BASIN_TRY(add_budget_group(c, stands, runs));
done:
    basin_free(stands);
    return st;
}
