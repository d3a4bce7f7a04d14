/* What a comparison supports, in plain words, in order of weight: training losses, flatter or not and whether that goes with
 * generalisation, own ceilings, stationarity, what is missing, cost, how pairs were made, what no measure here can tell. */
#include "analysis/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

#define NEAR_CEILING 0.7 /* of λ_max to the ceiling, in the mean: then a lower ceiling alone makes λ_max lower */

/* Takes `text` (NULL: out of memory). */
static basin_status add_note(basin_comparer *c, char *text)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    char            **notes = NULL;

    BASIN_CHECK(text != NULL && (notes = basin_grow(k->notes, k->note_count, k->note_count + 1, sizeof *notes)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a note");
    k->notes = notes;
    notes[k->note_count++] = text, text = NULL;
done:
    basin_free(text);
    return st;
}

/* ---------------------------------------------------------------------------------------------- losses -- */

static basin_status note_losses(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    if (k->losses_note == NULL) goto done;
    BASIN_TRY(add_note(c, basin_format("training losses: %s%s", k->losses_note,
                                       k->losses_unequal
                                           ? ". Where they are unequal, a difference in flatness may be one of loss: cross-entropy flattens as "
                                             "the loss falls"
                                           : "")));
done:
    return st;
}

/* ---------------------------------------------------------------------------------- flatness, generalisation -- */

typedef struct tally { /* the measures of one question and one pair of groups, by verdict */
    char  *lower, *higher, *undecided, *better, *worse; /* names, comma-separated; NULL = none */
    size_t cannot;                                      /* how many the seeds cannot decide */
    char  *cannot_verdict;                              /* borrowed: «3 seeds cannot decide; 8 would» */
} tally;

static void tally_clear(tally *t)
{
    char **texts[] = {&t->lower, &t->higher, &t->undecided, &t->better, &t->worse};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) basin_free(*texts[i]);
    *t = (tally){0};
}

/* `rows` are the differences of one pair of groups in the order of the table. */
static basin_status tally_question(const basin_difference *rows, basin_question question, tally *t)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < basin_compared_count; i++) {
        const basin_compared *measure = &basin_compared_measures[i];
        const char           *verdict = rows[i].verdict;
        bool                  lower = strcmp(verdict, "lower") == 0, higher = strcmp(verdict, "higher") == 0;
        if (measure->question != question) continue;
        if (lower) BASIN_TRY(basin_comparison_append(&t->lower, ", ", basin_strdup(measure->name)));
        if (higher) BASIN_TRY(basin_comparison_append(&t->higher, ", ", basin_strdup(measure->name)));
        if (strcmp(verdict, "undecided") == 0) BASIN_TRY(basin_comparison_append(&t->undecided, ", ", basin_strdup(measure->name)));
        if ((lower && measure->better < 0) || (higher && measure->better > 0))
            BASIN_TRY(basin_comparison_append(&t->better, ", ", basin_strdup(measure->name)));
        if ((lower && measure->better > 0) || (higher && measure->better < 0))
            BASIN_TRY(basin_comparison_append(&t->worse, ", ", basin_strdup(measure->name)));
        if (strstr(verdict, "cannot decide") != NULL) t->cannot++, t->cannot_verdict = rows[i].verdict;
    }
done:
    return st;
}

static basin_status note_flatness(basin_comparer *c, const char *a, const char *b, const tally *t)
{
    const char *and_undecided = t->undecided != NULL ? "; undecided: " : "", *undecided = t->undecided != NULL ? t->undecided : "";

    if (t->lower != NULL && t->higher != NULL)
        return add_note(c, basin_format("measures disagree: %s is flatter than %s by %s, but sharper by %s%s%s", a, b, t->lower, t->higher,
                                        and_undecided, undecided));
    if (t->lower != NULL)
        return add_note(c, t->undecided != NULL ? basin_format("%s is flatter than %s by %s; undecided: %s", a, b, t->lower, t->undecided)
                                                : basin_format("%s is flatter than %s by every measure of flatness compared: %s", a, b, t->lower));
    if (t->higher != NULL)
        return add_note(c,
                        basin_format("not supported: «%s is flatter than %s»; it is sharper by %s%s%s", a, b, t->higher, and_undecided, undecided));
    if (t->undecided == NULL && t->cannot > 0) return add_note(c, basin_format("is %s flatter than %s? %s", a, b, t->cannot_verdict));
    return add_note(c, basin_format("not supported: «%s is flatter than %s»: no measure of flatness decides", a, b));
}

static basin_status note_generalisation(basin_comparer *c, const char *a, const char *b, const tally *flat, const tally *t)
{
    bool        flatter = flat->lower != NULL && flat->higher == NULL;
    const char *but_better = t->better != NULL ? "; better by " : "", *better = t->better != NULL ? t->better : "";

    if (t->worse != NULL)
        return add_note(c, basin_format("%s%s generalises worse than %s by %s%s%s", flatter ? "flatter is not better here: " : "", a, b, t->worse,
                                        but_better, better));
    if (t->better != NULL)
        return add_note(
            c, flatter ? basin_format("%s is flatter and generalises better than %s here, by %s: the two go together, which does not say that "
                                      "one is the cause",
                                      a, b, t->better)
                       : basin_format("%s generalises better than %s by %s, without being shown to be flatter", a, b, t->better));
    if (t->undecided == NULL && t->cannot > 0) return add_note(c, basin_format("does %s generalise better than %s? %s", a, b, t->cannot_verdict));
    if (flatter)
        return add_note(c, basin_format("%s is flatter, but that is not tied to generalisation here: no measure of it decides against %s", a, b));
    return add_note(c, basin_format("not supported: «%s generalises better than %s»: no measure of it decides", a, b));
}

/* Near its ceiling a run's λ_max is what learning rate and method allow, not what the loss offers. */
static basin_status note_restated_ceiling(basin_comparer *c, const basin_difference *rows)
{
    const basin_difference *lambda = &rows[basin_compared_find("lambda_max")], *ratio = &rows[basin_compared_find("lambda_max/ceiling")];
    const basin_estimate   *a = basin_comparison_estimate(c->result, ratio->measure, ratio->group),
                         *b = basin_comparison_estimate(c->result, ratio->measure, ratio->base);

    if (strcmp(lambda->verdict, "lower") != 0 || strcmp(ratio->verdict, "lower") == 0 || !(a->mean > NEAR_CEILING) || !(b->mean > NEAR_CEILING))
        return BASIN_OK;
    return add_note(c, basin_format("the lower lambda_max of %s may only restate its lower ceiling: it stands at %.2f of its own, %s at %.2f",
                                    lambda->group, a->mean, lambda->base, b->mean));
}

static basin_status note_pair(basin_comparer *c, const basin_difference *rows)
{
    basin_status st = BASIN_OK;
    tally        flat = {0}, general = {0};
    const char  *a = rows[0].group, *b = rows[0].base;

    if (!rows[0].paired) {
        BASIN_TRY(add_note(c, basin_format("%s and %s have no pairs of runs with the same recorded seed and start: nothing is tested", a, b)));
        goto done;
    }
    BASIN_TRY(tally_question(rows, BASIN_FLATNESS, &flat));
    BASIN_TRY(tally_question(rows, BASIN_GENERALISATION, &general));
    BASIN_TRY(note_flatness(c, a, b, &flat));
    BASIN_TRY(note_restated_ceiling(c, rows));
    BASIN_TRY(note_generalisation(c, a, b, &flat, &general));
done:
    tally_clear(&flat);
    tally_clear(&general);
    return st;
}

/* ---------------------------------------------------------------------------------- confounders and quality -- */

/* The ceilings suppose full batches; names the groups that were trained on others. */
static basin_status note_batches(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    char                   *text = NULL;

    for (size_t i = 0; i < k->group_count; i++) {
        int64_t largest = 0;
        for (size_t j = 0; j < k->groups[i].run_count; j++) {
            int64_t batch = k->rows[k->groups[i].rows[j]].batch_size;
            largest = batch > largest ? batch : largest;
        }
        if (largest > 0)
            BASIN_TRY(basin_comparison_append(&text, ", ", basin_format("%s by batches of %lld", k->groups[i].name, (long long)largest)));
    }
    if (text != NULL) BASIN_TRY(add_note(c, basin_format("the ceilings of stability hold for full batches; trained were %s", text)));
done:
    basin_free(text);
    return st;
}

/* One alpha for all, or N_eff says nothing. */
static basin_status note_alpha(basin_comparer *c)
{
    const basin_comparison *k = c->result;
    double                  least = INFINITY, most = -INFINITY;

    for (size_t i = 0; i < k->group_count; i++)
        for (size_t j = 0; j < k->groups[i].run_count; j++) {
            double alpha = k->rows[k->groups[i].rows[j]].alpha;
            if (isfinite(alpha)) least = fmin(least, alpha), most = fmax(most, alpha);
        }
    if (!(most >= least)) return BASIN_OK;
    return add_note(c, most > least ? basin_format("n_eff is not comparable: its alpha runs from %g to %g", least, most)
                                    : basin_format("n_eff is at alpha = %g in every run", least));
}

static basin_status note_ceilings(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    char                   *text = NULL;

    for (size_t i = 0; i < k->group_count; i++) {
        const basin_estimate *e = basin_comparison_estimate(k, "lambda_max/ceiling", k->groups[i].name);
        if (e->n > 0) BASIN_TRY(basin_comparison_append(&text, ", ", basin_format("%s %.3g (%zu runs)", e->group, e->mean, e->n)));
    }
    /* the recursion that the ceiling bounds ran on the loss in training mode, whose derivatives go through the statistics */
    bool other = c->bn != NULL && strncmp(c->bn, "batch:", 6) != 0;
    if (text != NULL)
        BASIN_TRY(add_note(c, basin_format("lambda_max over the method's own ceiling of stability, mean: %s%s%s%s", text,
                                           other ? ". But with BatchNorm the ceiling is that of training mode, and lambda_max here is at statistics " : "",
                                           other ? c->bn : "", other ? ": --bn batch:SIZE gives its lambda_max" : "")));
done:
    basin_free(text);
    return st;
}

static basin_status note_stationarity(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    char                   *text = NULL;

    for (size_t i = 0; i < k->group_count; i++) {
        const basin_group *group = &k->groups[i];
        size_t             moving = 0;
        for (size_t j = 0; j < group->run_count; j++)
            if (!k->rows[group->rows[j]].stationary) moving++;
        if (moving > 0) BASIN_TRY(basin_comparison_append(&text, ", ", basin_format("%zu of %zu of %s", moving, group->run_count, group->name)));
    }
    if (text != NULL) BASIN_TRY(add_note(c, basin_format("not stationary, so not at a minimum: %s", text)));
done:
    basin_free(text);
    return st;
}

static basin_status note_truncation(basin_comparer *c)
{
    const basin_comparison *k = c->result;
    double                  lower = INFINITY, upper = -INFINITY;

    for (size_t i = 0; i < k->group_count; i++)
        for (size_t j = 0; j < k->groups[i].run_count; j++) {
            const basin_measures *row = &k->rows[k->groups[i].rows[j]];
            if (!basin_is_truncated(row)) continue;
            lower = fmin(lower, row->sane_lower);
            upper = fmax(upper, row->sane_upper);
        }
    if (!(upper >= lower)) return BASIN_OK;
    return add_note(c, basin_format("sane and n_eff are not compared: the truncated spectra give only a part of each sum; sane lies between %.4g "
                                    "and %.4g",
                                    lower, upper));
}

static bool in_a_group(const basin_comparison *k, const basin_measures *run)
{
    for (size_t i = 0; i < k->group_count; i++)
        for (size_t j = 0; j < k->groups[i].run_count; j++)
            if (basin_same_run(run, &k->rows[k->groups[i].rows[j]])) return true;
    return false;
}

static const char *or_unnamed(const char *text)
{
    return text != NULL ? text : "unnamed";
}

static basin_status note_missing(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].missing != NULL)
            BASIN_TRY(
                add_note(c, basin_format("missing: %s/%s: %s", or_unnamed(k->rows[i].run), or_unnamed(k->rows[i].checkpoint), k->rows[i].missing)));
    for (size_t i = 0; i < k->row_count; i++) {
        bool first = true;
        for (size_t j = 0; j < i && first; j++) first = !basin_same_run(&k->rows[i], &k->rows[j]);
        if (first && !in_a_group(k, &k->rows[i]))
            BASIN_TRY(add_note(c, k->step >= 0 ? basin_format("left out: run %s has no measured checkpoint of step %lld", or_unnamed(k->rows[i].run),
                                                              (long long)k->step)
                                               : basin_format("left out: run %s has no measured checkpoint", or_unnamed(k->rows[i].run))));
    }
done:
    return st;
}

static basin_status note_cost(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    const basin_group      *base = &k->groups[c->base];

    for (size_t i = 0; i < k->group_count; i++) {
        const basin_group *group = &k->groups[i];
        if (i == c->base || !(base->gradient_evaluations > 0.0) || !isfinite(group->gradient_evaluations)) continue;
        double ratio = group->gradient_evaluations / base->gradient_evaluations;
        BASIN_TRY(add_note(c, ratio == 1.0 ? basin_format("cost: %s spent as many gradient evaluations as %s (%.6g in the mean)", group->name,
                                                          base->name, base->gradient_evaluations)
                                           : basin_format("cost: %s spent %.3g times the gradient evaluations of %s (%.6g against %.6g in the mean)",
                                                          group->name, ratio, base->name, group->gradient_evaluations, base->gradient_evaluations)));
    }
    if (c->budget_of != SIZE_MAX && c->budget == SIZE_MAX)
        BASIN_TRY(add_note(c, basin_format("at equal gradient evaluations nothing is compared: no run of %s went on to the budget of %s", base->name,
                                           k->groups[c->budget_of].name)));
done:
    return st;
}

static basin_status note_method(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    if (k->group_count == 1) BASIN_TRY(add_note(c, basin_format("one method only, %s: nothing to compare it with", k->groups[0].name)));
    else {
        if (k->step < 0) BASIN_TRY(add_note(c, basin_strdup("the methods share no step: each run stands at its own last checkpoint")));
        BASIN_TRY(add_note(c, basin_strdup(c->starts_checked
                                               ? "pairs have the same recorded seed and, at step 0, the same start"
                                               : "pairs have the same recorded seed; that equal seeds had equal starts is taken from the record, not "
                                                 "checked (some run has no checkpoint of step 0)")));
        BASIN_TRY(add_note(
            c, basin_strdup("p-values are exact sign-flip tests, corrected by Holm within each question (flatness, generalisation, conditions)")));
        BASIN_TRY(add_note(
            c,
            basin_strdup("lambda_max, trace, SANE, N_eff and one-step sharpness change under rescalings that leave the network's function alone")));
    }
done:
    return st;
}

basin_status basin_comparison_note(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    if (c->remark != NULL) BASIN_TRY(add_note(c, basin_strdup(c->remark)));
    BASIN_TRY(note_losses(c));
    for (size_t i = 0; i < k->difference_count; i += basin_compared_count) BASIN_TRY(note_pair(c, &k->differences[i]));
    BASIN_TRY(note_ceilings(c));
    BASIN_TRY(note_batches(c));
    BASIN_TRY(note_alpha(c));
    BASIN_TRY(note_stationarity(c));
    BASIN_TRY(note_truncation(c));
    BASIN_TRY(note_missing(c));
    BASIN_TRY(note_cost(c));
    BASIN_TRY(note_method(c));
done:
    return st;
}
