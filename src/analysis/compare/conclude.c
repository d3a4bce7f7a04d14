/* One verdict for each group against its base: is it flatter, by measures that mean something, and does that
 * go with generalisation here? docs/verdict.md has the rules; a change of either is one of both.
 *
 * Evidence on flatness are the measures of curvature and of the rise of the loss that look the same way in
 * every run (not along a run's own gradient, momentum or step), at each kind of point where the training
 * losses are not known to be unequal, by the verdicts of the report, which hold together at the level. So
 * whatever is concluded from them, a wrong «supported» needs a wrong verdict among them, and is no more
 * frequent. So it is with what is concluded from the invariant ones alone.
 *
 * Equivalence of a measure: both one-sided tests at the level (D. Schuirmann, J. Pharmacokinet. Biopharm. 15,
 * 1987): the interval of 1 − 2 level of the mean lies within the margin, as a ratio or beside the mean of the
 * base. All of several measures equivalent is an intersection of claims and needs no adjustment; the pairs of
 * groups that are told so share the level.
 *
 * Seeds needed: the least n for which the mean and spread seen give |t| of the adjusted level with power 0.8,
 * by the normal approximation √n |mean|/sd >= t_{1 − a/2, n − 1} + 0.84 with a = level over the number of
 * differences that share it: cautious, since the step-down gives less away.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

enum { MOST_SEEDS = 1000, NAMES = 3 };
#define POWER80 0.8416212335729143

static const char *const point_names[] = {"", " (polished)", " (averaged)"};

typedef struct evidence {
    const basin_comparer *c;
    const basin_pair     *pair;
    basin_conclusion     *out;
    bool                  only_invariant; /* nothing else is evidence */
    bool                  all_equivalent;
    size_t                measured, too_few, needed; /* measures of flatness; seeds by signs alone */
    size_t                better, worse, open;       /* measures of generalisation, as claimed */
} evidence;

static bool is_invariant(const evidence *e, const basin_column *column)
{
    return basin_is_invariant(e->c->result, column);
}

/* Raw points at unequal losses end the question before (rule 3). */
static bool is_flatness(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return basin_difference_is_evidence(d) && (!e->only_invariant || is_invariant(e, column));
}

static bool is_decided(int verdict)
{
    return verdict == BASIN_VERDICT_LOWER || verdict == BASIN_VERDICT_HIGHER;
}

/* Mean, and half of the interval of 95 %, on the scale of the test. */
static void on_scale(const basin_difference *d, double *mean, double *half)
{
    *mean = d->ratio ? log(d->mean) : d->mean;
    *half = 0.5 * (d->ratio ? log(d->upper) - log(d->lower) : d->upper - d->lower);
}

static bool is_equivalent(const evidence *e, const basin_difference *d)
{
    const basin_estimate *base = basin_comparison_estimate(e->c->result, d->measure, d->base, d->point);
    const double          level = e->c->level / (double)e->c->result->report_pairs;
    double                mean, half, margin = e->c->margin;

    if (d->pairs < 2 || base == NULL) return false;
    on_scale(d, &mean, &half);
    half *= basin_student_quantile(2.0 * level, d->pairs - 1) / basin_student_t975(d->pairs - 1);
    double low = d->ratio ? log1p(-margin) : -margin * fabs(base->mean);
    double high = d->ratio ? -log1p(-margin) : margin * fabs(base->mean);
    return isfinite(half) && mean - half >= low && mean + half <= high;
}

/* 0: it cannot be told. */
static size_t seeds_for(const evidence *e, const basin_difference *d)
{
    const double tests = (double)(e->pair->differences * e->c->result->report_pairs);
    double       mean, half;

    if (d->pairs < 2) return 0;
    on_scale(d, &mean, &half);
    const double sd = half / basin_student_t975(d->pairs - 1) * sqrt((double)d->pairs);
    size_t       n = basin_pairs_needed(e->c->result->report_pairs, e->c->level);
    if (!(fabs(mean) > 0.0) || !isfinite(sd)) return 0;
    while (n < MOST_SEEDS &&
           sqrt((double)n) * fabs(mean) < sd * (basin_student_quantile(e->c->level / tests, n - 1) + POWER80))
        n++;
    return n;
}

static void count_flatness(evidence *e, const basin_column *column, const basin_difference *d)
{
    basin_conclusion *k = e->out;
    const bool        invariant = is_invariant(e, column);

    e->measured++;
    if (is_equivalent(e, d))
        k->equivalent++;
    else
        e->all_equivalent = false;
    if (d->report == BASIN_VERDICT_TOO_FEW_SEEDS)
        e->too_few++, e->needed = e->needed > d->seeds_needed ? e->needed : d->seeds_needed;
    if (d->report == BASIN_VERDICT_LOWER)
        k->flatter++, k->invariant_flatter += invariant;
    else if (d->report == BASIN_VERDICT_HIGHER)
        k->sharper++, k->invariant_sharper += invariant;
    else
        k->undecided++, k->invariant_undecided += invariant;
}

static void count_generalisation(evidence *e, const basin_column *column, const basin_difference *d)
{
    const int  claimed = basin_comparison_claimed(e->c, e->pair, d);
    const bool lower = claimed == BASIN_VERDICT_LOWER;

    if (column->better == 0 || d->report == BASIN_VERDICT_NOT_MEASURED) return;
    if (!is_decided(claimed))
        e->open++;
    else
        (lower == (column->better < 0)) ? e->better++ : e->worse++;
}

static void count_all(evidence *e)
{
    const basin_difference *d = &e->c->result->differences[e->pair->first];

    e->all_equivalent = true;
    for (size_t i = 0; i < e->pair->differences; i++) {
        const basin_column *column = basin_column_find(d[i].measure);
        if (is_flatness(e, column, &d[i])) count_flatness(e, column, &d[i]);
        if (column->family == BASIN_FAMILY_GENERALISATION) count_generalisation(e, column, &d[i]);
    }
}

/* ----------------------------------------------------------------------------------------------- words -- */

typedef bool chosen(const evidence *e, const basin_column *column, const basin_difference *d);

static bool says_flatter(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return is_flatness(e, column, d) && d->report == BASIN_VERDICT_LOWER;
}

static bool says_flatter_invariantly(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return says_flatter(e, column, d) && is_invariant(e, column);
}

static bool says_sharper(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return is_flatness(e, column, d) && d->report == BASIN_VERDICT_HIGHER;
}

static bool is_open_and_invariant(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return is_flatness(e, column, d) && is_invariant(e, column) && !is_decided(d->report);
}

static int direction_of(const evidence *e, const basin_column *column, const basin_difference *d)
{
    const int claimed = basin_comparison_claimed(e->c, e->pair, d);

    if (column->better == 0 || !is_decided(claimed)) return 0;
    return (claimed == BASIN_VERDICT_LOWER) == (column->better < 0) ? 1 : -1;
}

static bool says_better(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return direction_of(e, column, d) > 0;
}

static bool says_worse(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return direction_of(e, column, d) < 0;
}

static bool is_open_generalisation(const evidence *e, const basin_column *column, const basin_difference *d)
{
    return column->better != 0 && direction_of(e, column, d) == 0 && d->report != BASIN_VERDICT_NOT_MEASURED;
}

static char *describe(const basin_difference *d)
{
    return basin_format("%s%s %s %.3g [%.3g, %.3g]", d->measure, point_names[d->point],
                        d->ratio ? "ratio" : "difference", d->mean, d->lower, d->upper);
}

/* «lambda_max ratio 0.55 [0.5, 0.62], trace …, and 2 more»: the first few of those chosen. */
static basin_status list(const evidence *e, chosen *is_chosen, char **out)
{
    basin_status            st = BASIN_OK;
    const basin_difference *d = &e->c->result->differences[e->pair->first];
    size_t                  count = 0;

    for (size_t i = 0; i < e->pair->differences; i++)
        if (is_chosen(e, basin_column_find(d[i].measure), &d[i]) && count++ < NAMES)
            BASIN_TRY(basin_comparison_append(out, ", ", describe(&d[i])));
    if (count > NAMES)
        BASIN_TRY(basin_comparison_append(out, ", ", basin_format("and %zu more", count - NAMES)));
    if (*out == NULL) BASIN_STRDUP(*out, "none");
done:
    return st;
}

/* Of those chosen the one that the fewest seeds would decide; NULL: none can be told. */
static const basin_difference *nearest(const evidence *e, chosen *is_chosen, size_t *seeds)
{
    const basin_difference *d = &e->c->result->differences[e->pair->first], *found = NULL;

    for (size_t i = 0; i < e->pair->differences; i++) {
        if (!is_chosen(e, basin_column_find(d[i].measure), &d[i])) continue;
        const size_t n = seeds_for(e, &d[i]);
        if (n > 0 && (found == NULL || n < *seeds)) found = &d[i], *seeds = n;
    }
    return found;
}

/* «about 14 seeds would decide trace at the spread seen» into the conclusion's change. */
static char *more_seeds(const evidence *e, chosen *is_chosen)
{
    size_t                  n = 0;
    const basin_difference *d = nearest(e, is_chosen, &n);

    if (d == NULL) return basin_strdup("more seeds; how many cannot be told from these");
    e->out->seeds_needed = n;
    if (n <= d->pairs)
        return basin_format("%s%s is near a decision: a few more seeds", d->measure, point_names[d->point]);
    if (n >= MOST_SEEDS)
        return basin_format("no number of seeds below %d would decide even %s%s at the spread seen",
                            MOST_SEEDS, d->measure, point_names[d->point]);
    return basin_format(
        "about %zu seeds (there are %zu) would decide %s%s if the effect and the spread are those seen", n,
        d->pairs, d->measure, point_names[d->point]);
}

/* ----------------------------------------------------------------------------------------- conclusions -- */

static basin_status conclude(const evidence *e, basin_conclusion_kind kind, char *reason, char *change)
{
    basin_status st = BASIN_OK;

    e->out->kind = (int)kind, e->out->reason = reason, e->out->change = change;
    BASIN_CHECK(reason != NULL && change != NULL, BASIN_ERR_NOMEM, "out of memory for a conclusion");
done:
    return st;
}

/* «measures that …» */
static const char *which_stay(const evidence *e)
{
    return e->c->result->invariant_count > 0 ? "that were measured to stay when the same network is rescaled"
                                             : "that rescaling leaves alone";
}

static const char *group(const evidence *e)
{
    return e->out->group;
}

static const char *base(const evidence *e)
{
    return e->out->base;
}

static double loss_of(const evidence *e, const char *name)
{
    const basin_estimate *loss = basin_comparison_estimate(e->c->result, "train_loss", name, BASIN_POINT_RAW);

    return loss != NULL ? loss->mean : (double)NAN;
}

/* Rules 1 to 3: nothing can be said. *done: one of them holds. */
static basin_status inconclusive(const evidence *e, bool *done)
{
    *done = true;
    if (e->pair->count == 0)
        return conclude(
            e, BASIN_CONCLUSION_INCONCLUSIVE,
            basin_format(
                "%s and %s have no pairs of runs, each the only one of its group with that seed and start",
                group(e), base(e)),
            basin_strdup("runs of both methods from the same seeds"));
    if (e->measured > 0 && e->too_few == e->measured)
        return conclude(e, BASIN_CONCLUSION_INCONCLUSIVE,
                        basin_format("%zu seed%s of %s and %s cannot decide anything", e->pair->count,
                                     e->pair->count == 1 ? "" : "s", group(e), base(e)),
                        basin_format("%zu seeds could, if all agreed in sign", e->needed));
    if (!e->pair->losses_equal)
        return conclude(
            e, BASIN_CONCLUSION_INCONCLUSIVE,
            basin_format(
                "the training losses of %s (%.4g) and %s (%.4g) are not shown to be equal within %g %%, "
                "and flatness changes with the loss",
                group(e), loss_of(e, group(e)), base(e), loss_of(e, base(e)), 100.0 * e->c->loss_tolerance),
            basin_format("a comparison at equal training loss: --at-loss %.2g, or what all runs reach",
                         fmax(loss_of(e, group(e)), loss_of(e, base(e)))));
    *done = false;
    return BASIN_OK;
}

static char *an_invariant_one(void)
{
    return basin_strdup("an invariant measure: --measures adaptive_average,adaptive_worst_l2");
}

/* Rules 4 to 6: not flatter, or not known to be. */
static basin_status not_flatter(const evidence *e, bool *done)
{
    basin_status st = BASIN_OK;
    char        *flatter = NULL, *sharper = NULL;

    *done = true;
    BASIN_TRY(list(e, says_flatter, &flatter));
    BASIN_TRY(list(e, says_sharper, &sharper));
    if (e->out->flatter > 0 && e->out->sharper > 0)
        BASIN_TRY(conclude(
            e, BASIN_CONCLUSION_DISAGREE,
            basin_format("measures of flatness disagree: %s is flatter than %s by %s, but sharper by %s",
                         group(e), base(e), flatter, sharper),
            basin_strdup("a measure chosen beforehand, with a reason; more seeds would not")));
    else if (e->out->sharper > 0)
        BASIN_TRY(conclude(e, BASIN_CONCLUSION_NOT_SUPPORTED,
                           basin_format("%s is sharper than %s, by %s", group(e), base(e), sharper),
                           basin_strdup("other settings of either method; not more seeds of these")));
    else if (e->out->flatter == 0 && e->measured > 0 && e->all_equivalent)
        BASIN_TRY(conclude(
            e, BASIN_CONCLUSION_NOT_SUPPORTED,
            basin_format("%s is neither flatter nor sharper than %s: all %zu measures of flatness are "
                         "equal within %g %%, by two one-sided tests",
                         group(e), base(e), e->measured, 100.0 * e->c->margin),
            basin_strdup("a smaller margin (--margin), if less matters")));
    else if (e->out->flatter == 0 && e->measured == 0 && e->only_invariant)
        BASIN_TRY(conclude(e, BASIN_CONCLUSION_INCONCLUSIVE,
                           basin_format("no measure %s was compared", which_stay(e)), an_invariant_one()));
    else if (e->out->flatter == 0)
        BASIN_TRY(conclude(
            e, BASIN_CONCLUSION_INCONCLUSIVE,
            basin_format("no measure of flatness tells %s from %s, and they are not shown to be equal "
                         "either",
                         group(e), base(e)),
            more_seeds(e, is_flatness)));
    else
        *done = false;
done:
    basin_free(flatter);
    basin_free(sharper);
    return st;
}

/* Rule 7: flatter, but rescaling can do that. */
static basin_status not_invariant(const evidence *e)
{
    basin_status st = BASIN_OK;
    char        *flatter = NULL, *open = NULL;
    const bool   measured = e->out->invariant_undecided > 0;

    BASIN_TRY(list(e, says_flatter, &flatter));
    BASIN_TRY(list(e, is_open_and_invariant, &open));
    BASIN_TRY(conclude(
        e, BASIN_CONCLUSION_NOT_INVARIANT,
        basin_format("%s is flatter than %s only by measures that rescaling the same network changes%s "
                     "(%s); of those that it leaves alone %s%s",
                     group(e), base(e),
                     e->c->result->invariant_count > 0 ? ", or may change, as measured" : "", flatter,
                     measured ? "none decides: " : "none was measured", measured ? open : ""),
        measured ? more_seeds(e, is_open_and_invariant) : an_invariant_one()));
done:
    basin_free(flatter);
    basin_free(open);
    return st;
}

/* Rules 8 and 9: flatter, whatever the scale. */
static basin_status flatter(const evidence *e)
{
    basin_status st = BASIN_OK;
    char        *by = NULL, *better = NULL, *worse = NULL;

    BASIN_TRY(list(e, says_flatter_invariantly, &by));
    BASIN_TRY(list(e, says_better, &better));
    BASIN_TRY(list(e, says_worse, &worse));
    if (e->better > 0 && e->worse == 0)
        BASIN_TRY(conclude(
            e, BASIN_CONCLUSION_SUPPORTED,
            basin_format("%s is flatter than %s, also by measures %s (%s), and generalises better here (%s); "
                         "the two go together, which does not say that one is the cause",
                         group(e), base(e), which_stay(e), by, better),
            basin_strdup("seeds, data or settings where one of these turns round")));
    else
        BASIN_TRY(conclude(
            e, BASIN_CONCLUSION_NOT_TIED,
            basin_format(
                "%s is flatter than %s, also by measures %s (%s), but that is not tied to generalisation "
                "here: %s%s",
                group(e), base(e), which_stay(e), by,
                e->worse > 0  ? "it generalises worse by "
                : e->open > 0 ? "no measure of generalisation decides"
                              : "nothing of generalisation was measured",
                e->worse > 0 ? worse : ""),
            e->worse > 0  ? basin_strdup("other settings; not more seeds of these")
            : e->open > 0 ? more_seeds(e, is_open_generalisation)
                          : basin_strdup("a test split")));
done:
    basin_free(by);
    basin_free(better);
    basin_free(worse);
    return st;
}

static basin_status conclude_from(const basin_comparer *c, const basin_pair *pair, bool only_invariant,
                                  basin_conclusion *out)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    evidence                e = {.c = c, .pair = pair, .out = out, .only_invariant = only_invariant};
    bool                    done;

    BASIN_STRDUP(out->group, k->groups[pair->group].name);
    BASIN_STRDUP(out->base, k->groups[pair->base].name);
    count_all(&e);
    BASIN_TRY(inconclusive(&e, &done));
    if (!done) BASIN_TRY(not_flatter(&e, &done));
    if (!done) BASIN_TRY(out->invariant_flatter > 0 ? flatter(&e) : not_invariant(&e));
done:
    return st;
}

/* All measures, and the invariant ones alone, whose sentences need no word for that. */
static basin_status conclude_pair(const basin_comparer *c, const basin_pair *pair, basin_conclusion *out)
{
    basin_status     st = BASIN_OK;
    basin_conclusion alone = {0};

    BASIN_TRY(conclude_from(c, pair, false, out));
    BASIN_TRY(conclude_from(c, pair, true, &alone));
    out->invariant_kind = alone.kind;
    out->invariant_reason = alone.reason, alone.reason = NULL;
done:
    basin_free(alone.group);
    basin_free(alone.base);
    basin_free(alone.reason);
    basin_free(alone.change);
    return st;
}

basin_status basin_comparison_conclude(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;

    BASIN_ALLOC(k->conclusions, c->pair_count, "conclusions");
    for (size_t i = 0; i < c->pair_count; i++)
        if (!c->pairs[i].continuation)
            BASIN_TRY(conclude_pair(c, &c->pairs[i], &k->conclusions[k->conclusion_count++]));
done:
    return st;
}
