/* What a comparison supports and how far it reaches, in plain words, in order of weight: training losses,
 * what the pairs support (claims.c), what the rows say against it (cautions.c), what is missing, cost, how
 * pairs were made and tested, what no measure here can tell.
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

/* ---------------------------------------------------------------------------------------------- losses -- */

/* At an equal loss: how many runs were interpolated to it, and how many only stand near. */
static basin_status note_reached(basin_comparer *c)
{
    const basin_comparison *k = c->result;
    size_t                  between = 0, at = 0;

    if (isnan(k->at_loss)) return BASIN_OK;
    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            isnan(k->rows[k->groups[g].rows[i]].at_loss) ? at++ : between++;
    return basin_comparison_add_note(
        c, basin_format("compared at training loss %g: %zu run%s interpolated between two checkpoints, %zu "
                        "at the first checkpoint at or below it",
                        k->at_loss, between, between == 1 ? "" : "s", at));
}

static basin_status note_losses(basin_comparer *c)
{
    const basin_comparison *k = c->result;

    if (k->losses_note == NULL) return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format("training losses: %s%s", k->losses_note,
                        k->losses_unequal ? ". Where they are unequal, a difference in flatness may be one "
                                            "of loss: cross-entropy flattens as "
                                            "the loss falls"
                                          : ""));
}

/* --------------------------------------------------------------------------------------------- missing -- */

static const char *or_unnamed(const char *text)
{
    return text != NULL ? text : "unnamed";
}

static bool in_a_group(const basin_comparison *k, const basin_row *run)
{
    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            if (basin_same_run(run, &k->rows[k->groups[g].rows[i]])) return true;
    return false;
}

static char *describe_left_out(const basin_comparison *k, const basin_row *run)
{
    double lowest = basin_lowest_loss(k, run);

    if (!isnan(k->at_loss) && !isnan(lowest))
        return basin_format("left out: run %s got to training loss %.4g only", or_unnamed(run->run), lowest);
    if (k->step < 0) return basin_format("left out: run %s has no measured checkpoint", or_unnamed(run->run));
    return basin_format("left out: run %s has no measured checkpoint of step %lld", or_unnamed(run->run),
                        (long long)k->step);
}

static basin_status note_missing(basin_comparer *c)
{
    static const char *const at[] = {"", " (polished)", " (averaged)"};
    basin_status             st = BASIN_OK;
    const basin_comparison  *k = c->result;

    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].missing != NULL)
            BASIN_TRY(
                basin_comparison_add_note(c, basin_format("missing: %s/%s%s: %s", or_unnamed(k->rows[i].run),
                                                          or_unnamed(k->rows[i].checkpoint),
                                                          at[k->rows[i].point], k->rows[i].missing)));
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_first_of_run(k, i) && !in_a_group(k, &k->rows[i]))
            BASIN_TRY(basin_comparison_add_note(c, describe_left_out(k, &k->rows[i])));
done:
    return st;
}

static bool group_has(const basin_comparer *c, const basin_group *group, int point)
{
    for (size_t i = 0; i < group->run_count; i++)
        if (c->places[group->rows[i] * BASIN_POINTS + (size_t)point] != BASIN_NO_ROW) return true;
    return false;
}

/* A kind of point that only some groups have. */
static basin_status note_points(basin_comparer *c)
{
    static const char *const names[] = {"", "polished", "averaged"};
    basin_status             st = BASIN_OK;
    const basin_comparison  *k = c->result;

    for (int point = BASIN_POINT_POLISHED; point < BASIN_POINTS; point++) {
        const char *without = NULL;
        bool        some = false;
        for (size_t g = 0; g < k->group_count; g++)
            if (group_has(c, &k->groups[g], point))
                some = true;
            else
                without = k->groups[g].name;
        if (some && without != NULL)
            BASIN_TRY(basin_comparison_add_note(
                c, basin_format("%s rows are not compared: %s has none", names[point], without)));
    }
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------ cost -- */

static basin_status note_cost(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    const basin_group      *base = &k->groups[c->base];
    const char             *goal = isnan(k->at_loss) ? "" : " to reach that loss";

    for (size_t g = 0; g < k->group_count; g++) {
        const basin_group *group = &k->groups[g];
        if (g == c->base || !(base->gradient_evaluations > 0.0) || !isfinite(group->gradient_evaluations))
            continue;
        double ratio = group->gradient_evaluations / base->gradient_evaluations;
        BASIN_TRY(basin_comparison_add_note(
            c, ratio == 1.0
                   ? basin_format("cost: %s spent as many gradient evaluations as %s%s (%.6g in the mean)",
                                  group->name, base->name, goal, base->gradient_evaluations)
                   : basin_format("cost: %s spent %.3g times the gradient evaluations of %s%s (%.6g against "
                                  "%.6g in the mean)",
                                  group->name, ratio, base->name, goal, group->gradient_evaluations,
                                  base->gradient_evaluations)));
    }
    if (c->budget != BASIN_NO_ROW)
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("%s are the same runs as %s, later: listed, but no comparison of methods",
                            k->groups[c->budget].name, base->name)));
    else if (c->budget_of != BASIN_NO_ROW)
        BASIN_TRY(basin_comparison_add_note(c, basin_format("%s is not compared at the budget of %s: no run "
                                                            "of it went on to so many gradient evaluations",
                                                            base->name, k->groups[c->budget_of].name)));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ how tested -- */

typedef struct tested { /* by the report */
    size_t measures;    /* of the pair that has most, each kind of point counted */
    bool   generalisation, rows_known;
} tested;

static tested count_tested(const basin_comparer *c)
{
    tested t = {.rows_known = true};

    for (size_t p = 0; p < c->pair_count; p++) {
        size_t measures = 0;
        for (size_t i = 0; i < c->pairs[p].differences; i++) {
            const basin_difference *d = &c->result->differences[c->pairs[p].first + i];
            if (isnan(d->p_report)) continue;
            measures++;
            if (d->family != BASIN_FAMILY_GENERALISATION) continue;
            t.generalisation = true;
            t.rows_known = t.rows_known && isfinite(d->rows_error);
        }
        t.measures = measures > t.measures ? measures : t.measures;
    }
    return t;
}

/* «; conditional on one test set of 899 rows» */
static basin_status describe_test_set(const basin_comparer *c, const tested *t, char **out)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    size_t                  rows = k->rows[k->groups[c->base].rows[0]].test_samples;
    char                   *size = NULL;

    BASIN_CHECK((size = rows > 0 ? basin_format(t->rows_known ? " (%zu rows)" : " of %zu rows", rows)
                                 : basin_strdup("")) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a note");
    *out = !t->generalisation ? basin_strdup("")
           : t->rows_known    ? basin_format("; a difference in generalisation must stand out against two "
                                                "errors together: over the seeds, and over the rows of the "
                                                "test set%s, from %zu parts of it",
                                             size, k->test_part_count)
                              : basin_format("; in generalisation conditional on one test set%s", size);
    BASIN_CHECK(*out != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
done:
    basin_free(size);
    return st;
}

static basin_status note_tests(basin_comparer *c)
{
    basin_status st = BASIN_OK;
    tested       t = count_tested(c);
    size_t       pairs = c->result->report_pairs;
    char        *test_set = NULL;

    if (t.measures == 0) goto done;
    BASIN_TRY(describe_test_set(c, &t, &test_set));
    BASIN_TRY(basin_comparison_add_note(
        c, basin_format("these sentences hold together at level %g: of %zu pair%s of groups x %zu measures "
                        "(each kind of point counted) any is wrongly "
                        "decided with at most that probability, by sign-flip tests that flip all measures of "
                        "a seed jointly, step-down, times the "
                        "pairs; exact under exchangeability of the methods within a seed%s",
                        c->level, pairs, pairs == 1 ? "" : "s", t.measures, test_set)));
done:
    basin_free(test_set);
    return st;
}

/* A softmax between products, as basin_graph_describe tells of it. */
static bool has_attention(const basin_comparison *k)
{
    for (size_t i = 0; i < k->row_count; i++) {
        const char *softmax = k->rows[i].network != NULL ? strstr(k->rows[i].network, "Softmax") : NULL;
        if (softmax != NULL && strstr(softmax, "MatMul") != NULL) return true;
    }
    return false;
}

static basin_status note_method(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    if (k->group_count == 1) {
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("one method only, %s: nothing to compare it with", k->groups[0].name)));
        goto done;
    }
    if (k->step < 0 && isnan(k->at_loss))
        BASIN_TRY(basin_comparison_add_note(
            c, basin_strdup("the methods share no step: each run stands at its own last checkpoint")));
    BASIN_TRY(basin_comparison_add_note(
        c, basin_strdup(
               c->starts_checked
                   ? "pairs have the same recorded seed and, at step 0, the same start"
                   : "pairs have the same recorded seed; that equal seeds had equal starts is taken from the "
                     "record, not checked (some run has no checkpoint of step 0)")));
    BASIN_TRY(note_tests(c));
    BASIN_TRY(basin_comparison_add_note(
        c, basin_strdup("lambda_max, trace, SANE, N_eff and one-step sharpness change under rescalings that "
                        "leave the network's function alone")));
    if (k->invariant_count == 0 && has_attention(k))
        BASIN_TRY(basin_comparison_add_note(
            c, basin_strdup("the network has attention, where a change of basis within a head leaves the "
                            "function alone: what counts as invariant here is so under factors alone, by a "
                            "list; basin invariance tells what such a change does to each measure, and "
                            "--invariance goes by that")));
done:
    return st;
}

/* Data that differ where no seed explains it; what is worse than that was refused (alike.c). */
static basin_status note_unlike(basin_comparer *c)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;

    BASIN_TRY(basin_rows_unlike(c->result->rows, c->result->row_count, &text));
    if (text != NULL) st = basin_comparison_add_note(c, text);
done:
    return st;
}

basin_status basin_comparison_note(basin_comparer *c)
{
    static basin_status (*const notes[])(basin_comparer *) = {note_reached,
                                                              note_losses,
                                                              basin_comparison_claims,
                                                              basin_comparison_note_invariants,
                                                              basin_comparison_note_confounders,
                                                              basin_comparison_note_settings,
                                                              basin_comparison_cautions,
                                                              note_missing,
                                                              note_points,
                                                              note_cost,
                                                              basin_comparison_note_benefits,
                                                              note_method};
    basin_status st = BASIN_OK;

    BASIN_TRY(note_unlike(c));
    if (c->note != NULL) BASIN_TRY(basin_comparison_add_note(c, basin_strdup(c->note)));
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) BASIN_TRY(notes[i](c));
done:
    return st;
}
