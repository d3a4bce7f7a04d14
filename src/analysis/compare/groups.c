/* The groups of a comparison: the runs of each method where they stand (choose.c), and the base's also at the
 * largest budget of gradient evaluations that another method spent, as «gd, budget of sam». Runs without a
 * measured checkpoint there are left out, and said to be (notes.c).
 *
 * By a setting the runs of a method are parted by its value as it is recorded where they stand, «sam, rho
 * 0.1»; values that agree to six digits are one. They stand in the order of the value. A method that does
 * not record the setting, as gradient descent no radius, is a group as a whole. The base is then the group
 * of that name, or of the method the one of the least value.
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

const char *const basin_settings[BASIN_SETTINGS] = {"rho", "learning_rate", "momentum", "weight_decay",
                                                    "batch_size"};

/* Of the setting that groups are made by; NAN: by none, or not recorded. */
static double value_of(const basin_comparison *k, const basin_row *row)
{
    return k->by != NULL ? basin_column_value(row, basin_column_find(k->by)) : (double)NAN;
}

static char *group_name(const basin_comparison *k, const basin_row *row)
{
    const double value = value_of(k, row);

    if (isnan(value)) return basin_strdup(basin_method_of(row));
    if (value == 0.0 && strcmp(k->by, "batch_size") == 0)
        return basin_format("%s, full batch", basin_method_of(row));
    return basin_format("%s, %s %.6g", basin_method_of(row), k->by, value);
}

/* The runs of a method; with `budget_of` at the gradient evaluations that this other method has
   spent. */
static basin_status add_group(basin_comparison *k, const char *name, const basin_row *like,
                              const char *budget_of, basin_group **out)
{
    basin_status st = BASIN_OK;
    basin_group *groups = NULL;

    BASIN_CHECK((groups = basin_grow(k->groups, k->group_count, k->group_count + 1, sizeof *groups)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a group");
    k->groups = groups;
    *out = &groups[k->group_count++];
    (*out)->value = value_of(k, like);
    BASIN_STRDUP((*out)->name, name);
    BASIN_STRDUP((*out)->method, basin_method_of(like));
    BASIN_STRDUP((*out)->budget_of, budget_of);
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

static basin_status add_run(basin_comparison *k, size_t row)
{
    basin_status st = BASIN_OK;
    char        *name = group_name(k, &k->rows[row]);
    basin_group *group = NULL;

    BASIN_CHECK(name != NULL, BASIN_ERR_NOMEM, "out of memory for a group");
    const size_t at = find_group(k, name);
    if (at == BASIN_NO_ROW) BASIN_TRY(add_group(k, name, &k->rows[row], NULL, &group));
    if (at != BASIN_NO_ROW) group = &k->groups[at];
    group->rows[group->run_count++] = row;
done:
    basin_free(name);
    return st;
}

/* Methods in the order in which they came, of each the values in theirs; full batches are the largest. */
static bool stands_after(const basin_comparison *k, const basin_group *a, const basin_group *b)
{
    const bool   full = k->by != NULL && strcmp(k->by, "batch_size") == 0;
    const double x = full && a->value == 0.0 ? INFINITY : a->value;
    const double y = full && b->value == 0.0 ? INFINITY : b->value;

    return strcmp(a->method, b->method) == 0 && x > y;
}

/* Groups of one method come together behind its first, and are put in order there. */
static void sort_groups(basin_comparison *k)
{
    for (size_t i = 1; i < k->group_count; i++) {
        const basin_group own = k->groups[i];
        size_t            last = i, to;
        while (last > 0 && strcmp(k->groups[last - 1].method, own.method) != 0) last--;
        if (last == 0) continue; /* the first of its method */
        for (to = last; to > 0 && stands_after(k, &k->groups[to - 1], &own); to--) continue;
        memmove(&k->groups[to + 1], &k->groups[to], (i - to) * sizeof own);
        k->groups[to] = own;
    }
}

static basin_status group_runs(basin_comparison *k, const basin_stand *stands, size_t runs)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < runs; i++)
        if (stands[i].at != BASIN_NO_ROW) BASIN_TRY(add_run(k, stands[i].at));
    sort_groups(k);
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

/* The group of that name, or else the first of that method: of the least value. */
static size_t find_base(const basin_comparison *k, const char *name)
{
    size_t found = find_group(k, name);

    for (size_t i = 0; i < k->group_count && found == BASIN_NO_ROW; i++)
        if (strcmp(k->groups[i].method, name) == 0) found = i;
    return found;
}

static basin_status choose_base(basin_comparer *c, const char *given)
{
    basin_status st = BASIN_OK;
    const char  *method = base_method(c->result, given);

    c->base = method != NULL ? find_base(c->result, method) : 0;
    BASIN_CHECK(given == NULL || c->base != BASIN_NO_ROW, BASIN_ERR_MISSING,
                "no measured run of %s %s to compare with", c->result->by != NULL ? "group" : "method",
                given);
    if (c->base == BASIN_NO_ROW) c->base = 0;
    BASIN_STRDUP(c->result->base, c->result->groups[c->base].name);
done:
    return st;
}

static bool is_of_group(const basin_group *group, size_t row)
{
    for (size_t i = 0; i < group->run_count; i++)
        if (group->rows[i] == row) return true;
    return false;
}

static void add_later_runs(basin_comparer *c, const basin_stand *stands, size_t runs, basin_group *to)
{
    for (size_t i = 0; i < runs; i++)
        if (stands[i].budget != BASIN_NO_ROW && is_of_group(&c->result->groups[c->base], stands[i].at))
            to->rows[to->run_count++] = stands[i].budget;
    average_cost(c->result, to);
}

static bool some_went_on(const basin_comparer *c, const basin_stand *stands, size_t runs)
{
    for (size_t i = 0; i < runs; i++)
        if (stands[i].budget != BASIN_NO_ROW && is_of_group(&c->result->groups[c->base], stands[i].at))
            return true;
    return false;
}

static basin_status add_budget_group(basin_comparer *c, const basin_stand *stands, size_t runs)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_group      *group = NULL;
    double            budget = k->groups[c->base].gradient_evaluations;
    char             *name = NULL;

    for (size_t i = 0; i < k->group_count; i++)
        if (k->groups[i].gradient_evaluations > budget)
            budget = k->groups[i].gradient_evaluations, c->budget_of = i;
    if (c->budget_of == BASIN_NO_ROW || !some_went_on(c, stands, runs)) goto done;
    const char *spender = k->groups[c->budget_of].method;
    BASIN_CHECK((name = basin_format("%s, budget of %s", k->groups[c->base].name, spender)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a group");
    BASIN_TRY(add_group(k, name, &k->rows[k->groups[c->base].rows[0]], spender, &group));
    c->budget = k->group_count - 1;
    add_later_runs(c, stands, runs, group);
done:
    basin_free(name);
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
    BASIN_TRY(group_runs(k, stands, runs));
    if (at_loss) BASIN_TRY(basin_comparison_demand_reached(k, base_method(k, base)));
    BASIN_CHECK(k->group_count > 0, BASIN_ERR_MISSING, "none of %zu checkpoints could be measured",
                k->row_count);
    BASIN_TRY(choose_base(c, base));
    if (!at_loss) BASIN_TRY(add_budget_group(c, stands, runs));
done:
    basin_free(stands);
    return st;
}
