/* Which checkpoint stands for which run, at a step. (At equal training loss: equal_loss.c.)
 *
 *   1. A run is its folder, method and seed; it is broken if one of its checkpoints could not be measured (it diverged).
 *   2. The methods are compared at the largest step that every unbroken run has reached and saved; if there is none, at the largest
 *      that some unbroken run of every method has; if there is none either (or no steps are recorded), each run at its own last one.
 *   3. Runs without a measured checkpoint there are left out, and said to be (notes.c).
 *   4. Gradient evaluations differ at equal steps (SAM spends two). Where the base's runs went on, they also enter as «gd, budget
 *      of sam»: each at its last checkpoint not above the mean budget of the method that spent most.
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

static const char *method_of(const basin_row *row)
{
    return row->method != NULL ? row->method : "unknown";
}

static bool is_broken(const basin_comparison *k, const basin_row *run)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].missing != NULL && k->rows[i].point == BASIN_POINT_RAW && k->rows[i].part == 0 && basin_same_run(&k->rows[i], run)) return true;
    return false;
}

/* The run's measured row at `step` (the last such row), or BASIN_NO_ROW. */
static size_t row_at_step(const basin_comparison *k, const basin_row *run, int64_t step)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].step == step && basin_is_checkpoint(&k->rows[i]) && basin_same_run(&k->rows[i], run)) found = i;
    return found;
}

/* The run's last measured row: of the largest step, and of the later place in the list. */
static size_t last_row(const basin_comparison *k, const basin_row *run)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < k->row_count; i++)
        if ((found == BASIN_NO_ROW || k->rows[i].step >= k->rows[found].step) && basin_is_checkpoint(&k->rows[i]) && basin_same_run(&k->rows[i], run))
            found = i;
    return found;
}

/* The run's measured row of most gradient evaluations, but at most `budget`; BASIN_NO_ROW if it has not more than `spent`. */
static size_t row_at_budget(const basin_comparison *k, const basin_row *run, double budget, double spent)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < k->row_count; i++) {
        const basin_row *row = &k->rows[i];
        double           evaluations = (double)row->gradient_evaluations;
        if (evaluations > budget || evaluations <= spent || !basin_is_checkpoint(row) || !basin_same_run(row, run)) continue;
        if (found == BASIN_NO_ROW || row->gradient_evaluations > k->rows[found].gradient_evaluations) found = i;
    }
    return found;
}

/* ------------------------------------------------------------------------------------- the common step -- */

static bool every_unbroken_run_has(const basin_comparison *k, int64_t step)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_first_of_run(k, i) && !is_broken(k, &k->rows[i]) && row_at_step(k, &k->rows[i], step) == BASIN_NO_ROW) return false;
    return true;
}

/* One unbroken run of each method that has any. */
static bool every_method_has(const basin_comparison *k, int64_t step)
{
    for (size_t i = 0; i < k->row_count; i++) {
        bool any = false;
        if (is_broken(k, &k->rows[i])) continue;
        for (size_t j = 0; j < k->row_count && !any; j++)
            any = strcmp(method_of(&k->rows[i]), method_of(&k->rows[j])) == 0 && !is_broken(k, &k->rows[j]) &&
                  row_at_step(k, &k->rows[j], step) != BASIN_NO_ROW;
        if (!any) return false;
    }
    return true;
}

static int64_t common_step(const basin_comparison *k)
{
    for (int strict = 1; strict >= 0; strict--) {
        int64_t best = -1;
        for (size_t i = 0; i < k->row_count; i++) {
            const basin_row *row = &k->rows[i];
            if (row->step <= best || !basin_is_checkpoint(row) || is_broken(k, row)) continue;
            if (strict ? every_unbroken_run_has(k, row->step) : every_method_has(k, row->step)) best = row->step;
        }
        if (best >= 0) return best;
    }
    return -1;
}

/* ------------------------------------------------------------------------------------------------ groups -- */

/* The runs of a method; with `budget_of` at the gradient evaluations that this other method has spent. */
static basin_status add_group(basin_comparison *k, const char *method, const char *budget_of, basin_group **out)
{
    basin_status st = BASIN_OK;
    basin_group *groups = NULL;

    BASIN_CHECK((groups = basin_grow(k->groups, k->group_count, k->group_count + 1, sizeof *groups)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a group");
    k->groups = groups;
    *out = &groups[k->group_count++];
    BASIN_STRDUP((*out)->method, method);
    BASIN_STRDUP((*out)->budget_of, budget_of);
    (*out)->name = budget_of != NULL ? basin_format("%s, budget of %s", method, budget_of) : basin_strdup(method);
    BASIN_CHECK((*out)->name != NULL, BASIN_ERR_NOMEM, "out of memory for a group");
    BASIN_ALLOC((*out)->rows, k->row_count, "runs of a group");
done:
    return st;
}

/* NAN where it is not recorded. */
static double evaluations_of(const basin_row *row)
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
    return BASIN_NO_ROW;
}

/* Each run's row: at the common step, else its last one; indexed by the first row of the run. */
static void choose_at_step(const basin_comparison *k, size_t *chosen)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_first_of_run(k, i)) chosen[i] = k->step >= 0 ? row_at_step(k, &k->rows[i], k->step) : last_row(k, &k->rows[i]);
}

/* chosen [runs]: the row of each run at its first row, BASIN_NO_ROW elsewhere. */
static basin_status group_by_method(basin_comparison *k, const size_t *chosen, size_t runs)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < runs; i++) {
        if (chosen[i] == BASIN_NO_ROW) continue;
        const char  *method = method_of(&k->rows[chosen[i]]);
        size_t       at = find_group(k, method);
        basin_group *group = at != BASIN_NO_ROW ? &k->groups[at] : NULL;
        if (group == NULL) BASIN_TRY(add_group(k, method, NULL, &group));
        group->rows[group->run_count++] = chosen[i];
    }
    for (size_t i = 0; i < k->group_count; i++) average_cost(k, &k->groups[i]);
done:
    return st;
}

static bool has_checkpoint(const basin_comparison *k, const char *method)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_checkpoint(&k->rows[i]) && strcmp(method_of(&k->rows[i]), method) == 0) return true;
    return false;
}

/* The method that the others are held against: the one given, else gd, else sgd; NULL: whatever comes first. */
static const char *base_method(const basin_comparison *k, const char *given)
{
    return given != NULL ? given : has_checkpoint(k, "gd") ? "gd" : has_checkpoint(k, "sgd") ? "sgd" : NULL;
}

static basin_status choose_base(basin_comparer *c, const char *given)
{
    basin_status st = BASIN_OK;
    const char  *method = base_method(c->result, given);

    c->base = method != NULL ? find_group(c->result, method) : 0;
    BASIN_CHECK(given == NULL || c->base != BASIN_NO_ROW, BASIN_ERR_MISSING, "no measured run of method %s to compare with", given);
    if (c->base == BASIN_NO_ROW) c->base = 0;
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

    for (size_t i = 0; i < k->group_count; i++)
        if (k->groups[i].gradient_evaluations > budget) budget = k->groups[i].gradient_evaluations, c->budget_of = i;
    if (c->budget_of == BASIN_NO_ROW) goto done;
    for (size_t i = 0; i < k->groups[c->base].run_count; i++) {
        const basin_row *run = &k->rows[k->groups[c->base].rows[i]];
        size_t           row = row_at_budget(k, run, budget, evaluations_of(run));
        if (row == BASIN_NO_ROW) continue;
        if (group == NULL) {
            BASIN_TRY(add_group(k, k->groups[c->base].method, k->groups[c->budget_of].method, &group));
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
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    size_t           *chosen = NULL, runs = k->row_count;
    bool              at_loss = !isnan(k->at_loss);

    c->budget = c->budget_of = BASIN_NO_ROW;
    BASIN_ALLOC(chosen, runs, "rows of runs");
    for (size_t i = 0; i < runs; i++) chosen[i] = BASIN_NO_ROW;
    k->step = at_loss ? -1 : common_step(k);
    if (at_loss)
        BASIN_TRY(basin_comparison_reach(k, chosen));
    else
        choose_at_step(k, chosen);
    BASIN_TRY(group_by_method(k, chosen, runs));
    if (at_loss) BASIN_TRY(basin_comparison_demand_reached(k, base_method(k, base)));
    BASIN_CHECK(k->group_count > 0, BASIN_ERR_MISSING, "none of %zu checkpoints could be measured", k->row_count);
    BASIN_TRY(choose_base(c, base));
    if (!at_loss) BASIN_TRY(add_budget_group(c));
done:
    basin_free(chosen);
    return st;
}
