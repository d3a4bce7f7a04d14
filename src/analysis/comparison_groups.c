/* Which checkpoint stands for which run.
 *
 *   1. A run is its folder, method and seed; it is broken if one of its checkpoints could not be measured (it diverged).
 *   2. The methods are compared at the largest step that every unbroken run has reached and saved; if there is none, at the largest
 *      that some unbroken run of every method has; if there is none either (or no steps are recorded), each run at its own last one.
 *   3. Runs without a measured checkpoint there are left out, and said to be (comparison_notes.c).
 *   4. Gradient evaluations differ at equal steps (SAM spends two). Where the base's runs went on, they also enter as «gd, budget
 *      of sam»: each at its last checkpoint not above the mean budget of the method that spent most.
 */
#include "analysis/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

#define NONE SIZE_MAX

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A file that cannot be read tells neither method nor seed: its folder says whose it is. */
static bool is_unreadable(const basin_measures *row)
{
    return row->missing != NULL && row->method == NULL && row->run != NULL;
}

bool basin_same_run(const basin_measures *a, const basin_measures *b)
{
    if (is_unreadable(a) || is_unreadable(b)) return same_text(a->run, b->run);
    return same_text(a->run, b->run) && same_text(a->method, b->method) && a->seed == b->seed;
}

static const char *method_of(const basin_measures *row)
{
    return row->method != NULL ? row->method : "unknown";
}

static bool is_broken(const basin_comparison *k, const basin_measures *run)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].missing != NULL && basin_same_run(&k->rows[i], run)) return true;
    return false;
}

/* The first row of a run stands for it. */
static bool is_first(const basin_comparison *k, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (basin_same_run(&k->rows[i], &k->rows[row])) return false;
    return true;
}

/* The run's measured row at `step` (the last such row), or NONE. */
static size_t row_at_step(const basin_comparison *k, const basin_measures *run, int64_t step)
{
    size_t found = NONE;

    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].missing == NULL && k->rows[i].step == step && basin_same_run(&k->rows[i], run)) found = i;
    return found;
}

/* The run's last measured row: of the largest step, and of the later place in the list. */
static size_t last_row(const basin_comparison *k, const basin_measures *run)
{
    size_t found = NONE;

    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].missing == NULL && basin_same_run(&k->rows[i], run) && (found == NONE || k->rows[i].step >= k->rows[found].step)) found = i;
    return found;
}

/* The run's measured row of most gradient evaluations, but at most `budget`; NONE if it has not more than `spent`. */
static size_t row_at_budget(const basin_comparison *k, const basin_measures *run, double budget, double spent)
{
    size_t found = NONE;

    for (size_t i = 0; i < k->row_count; i++) {
        const basin_measures *row = &k->rows[i];
        double                evaluations = (double)row->gradient_evaluations;
        if (row->missing != NULL || !basin_same_run(row, run) || evaluations > budget || evaluations <= spent) continue;
        if (found == NONE || row->gradient_evaluations > k->rows[found].gradient_evaluations) found = i;
    }
    return found;
}

/* ------------------------------------------------------------------------------------- the common step -- */

static bool every_unbroken_run_has(const basin_comparison *k, int64_t step)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (is_first(k, i) && !is_broken(k, &k->rows[i]) && row_at_step(k, &k->rows[i], step) == NONE) return false;
    return true;
}

/* One unbroken run of each method that has any. */
static bool every_method_has(const basin_comparison *k, int64_t step)
{
    for (size_t i = 0; i < k->row_count; i++) {
        bool any = false;
        if (is_broken(k, &k->rows[i])) continue;
        for (size_t j = 0; j < k->row_count && !any; j++)
            any = same_text(k->rows[i].method, k->rows[j].method) && !is_broken(k, &k->rows[j]) && row_at_step(k, &k->rows[j], step) != NONE;
        if (!any) return false;
    }
    return true;
}

static int64_t common_step(const basin_comparison *k)
{
    for (int strict = 1; strict >= 0; strict--) {
        int64_t best = -1;
        for (size_t i = 0; i < k->row_count; i++) {
            const basin_measures *row = &k->rows[i];
            if (row->missing != NULL || row->step <= best || is_broken(k, row)) continue;
            if (strict ? every_unbroken_run_has(k, row->step) : every_method_has(k, row->step)) best = row->step;
        }
        if (best >= 0) return best;
    }
    return -1;
}

/* ------------------------------------------------------------------------------------------------ groups -- */

static basin_status add_group(basin_comparison *k, char *name, basin_group **out)
{
    basin_status st = BASIN_OK;
    basin_group *groups = NULL;

    BASIN_CHECK(name != NULL && (groups = basin_grow(k->groups, k->group_count, k->group_count + 1, sizeof *groups)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a group");
    k->groups = groups;
    *out = &groups[k->group_count++];
    (*out)->name = name, name = NULL;
    BASIN_ALLOC((*out)->rows, k->row_count, "runs of a group");
done:
    basin_free(name);
    return st;
}

/* NAN where it is not recorded. */
static double evaluations_of(const basin_measures *row)
{
    return row->gradient_evaluations >= 0 ? (double)row->gradient_evaluations : (double)NAN;
}

/* Sums first: the mean of equal counts is that count to the bit, and a budget of 1200 admits 1200. */
static void average_cost(const basin_comparison *k, basin_group *group)
{
    double n = (double)group->run_count, evaluations = 0.0, seconds = 0.0;

    for (size_t i = 0; i < group->run_count; i++) {
        evaluations += evaluations_of(&k->rows[group->rows[i]]);
        seconds += k->rows[group->rows[i]].seconds;
    }
    group->gradient_evaluations = evaluations / n;
    group->seconds = seconds / n;
}

static size_t find_group(const basin_comparison *k, const char *name)
{
    for (size_t i = 0; i < k->group_count; i++)
        if (strcmp(k->groups[i].name, name) == 0) return i;
    return NONE;
}

static basin_status group_by_method(basin_comparison *k)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < k->row_count; i++) {
        size_t row = k->step >= 0 ? row_at_step(k, &k->rows[i], k->step) : last_row(k, &k->rows[i]);
        if (!is_first(k, i) || row == NONE) continue;
        size_t       at = find_group(k, method_of(&k->rows[i]));
        basin_group *group = at != NONE ? &k->groups[at] : NULL;
        if (group == NULL) BASIN_TRY(add_group(k, basin_strdup(method_of(&k->rows[i])), &group));
        group->rows[group->run_count++] = row;
    }
    BASIN_CHECK(k->group_count > 0, BASIN_ERR_MISSING, "none of %zu checkpoints could be measured", k->row_count);
    for (size_t i = 0; i < k->group_count; i++) average_cost(k, &k->groups[i]);
done:
    return st;
}

static basin_status choose_base(basin_comparer *c, const char *base)
{
    static const char *const defaults[] = {"gd", "sgd"};
    basin_status             st = BASIN_OK;

    c->base = base != NULL ? find_group(c->result, base) : NONE;
    BASIN_CHECK(base == NULL || c->base != NONE, BASIN_ERR_MISSING, "no measured run of method %s to compare with", base);
    for (size_t i = 0; i < 2 && c->base == NONE; i++) c->base = find_group(c->result, defaults[i]);
    if (c->base == NONE) c->base = 0;
    BASIN_STRDUP(c->result->base, c->result->groups[c->base].name);
done:
    return st;
}

static basin_status add_budget_group(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_group      *group = NULL;
    double            spent = k->groups[c->base].gradient_evaluations, budget = spent;

    c->budget = c->budget_of = NONE;
    for (size_t i = 0; i < k->group_count; i++)
        if (k->groups[i].gradient_evaluations > budget) budget = k->groups[i].gradient_evaluations, c->budget_of = i;
    if (c->budget_of == NONE) goto done;
    for (size_t i = 0; i < k->groups[c->base].run_count; i++) {
        const basin_measures *run = &k->rows[k->groups[c->base].rows[i]];
        size_t                row = row_at_budget(k, run, budget, evaluations_of(run));
        if (row == NONE) continue;
        if (group == NULL) {
            BASIN_TRY(add_group(k, basin_format("%s, budget of %s", k->groups[c->base].name, k->groups[c->budget_of].name), &group));
            c->budget = k->group_count - 1;
        }
        group->rows[group->run_count++] = row;
    }
    if (group != NULL) average_cost(k, group);
done:
    return st;
}

basin_status basin_comparison_group(basin_comparer *c, const char *base)
{
    basin_status st = BASIN_OK;

    c->result->step = common_step(c->result);
    BASIN_TRY(group_by_method(c->result));
    BASIN_TRY(choose_base(c, base));
    BASIN_TRY(add_budget_group(c));
done:
    return st;
}
