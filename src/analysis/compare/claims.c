/* What each pair of groups supports, a note a family, by the verdicts of the report: measures that agree,
 * that disagree, that do not decide.
 *
 * Curvature is flatter or sharper; dimension has fewer or more effective directions (lowering λ_max alone
 * raises SANE, so that is no word about flatness); the loss rises less or more. One-step rises look along
 * directions of each run's own, so without a direction common to both methods that decides alike there is no
 * claim about the rise. Where labels were corrupted, `gap` is claimed only as far as clean_gap says the same.
 * A measure at another kind of point than the checkpoint itself is named with it.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

static const char *const point_names[] = {"", " (polished)", " (averaged)"};

typedef struct relation { /* before A between B */
    const char *before, *between;
} relation;

typedef struct words {
    relation    lower, higher;
    const char *noun;
} words;

static const words family_words[] = {
    [BASIN_FAMILY_CURVATURE] = {{"", " is flatter than "}, {"", " is sharper than "}, "curvature"},
    [BASIN_FAMILY_DIMENSION] = {{"", " has fewer effective directions than "},
                                {"", " has more effective directions than "},
                                "effective dimension"},
    [BASIN_FAMILY_RISE] = {{"the loss rises less around ", " than around "},
                           {"the loss rises more around ", " than around "},
                           "the rise of the loss"},
    [BASIN_FAMILY_GENERALISATION] = {{"", " generalises better than "},
                                     {"", " generalises worse than "},
                                     "generalisation"},
};

/* the measures of one family and pair by verdict of the report; names, comma-separated; NULL = none */
typedef struct tally {
    const char *scope; /* before each claim; NULL: all measures */
    char       *lower, *higher, *undecided, *better, *worse;
    /* rise: along a common direction; a run's own direction decides */
    bool common_lower, common_higher, own;
    /* how many measures the seeds cannot decide, with so many pairs, and with how many they could */
    size_t pairs, needed, too_few;
} tally;

static void tally_clear(tally *t)
{
    char **texts[] = {&t->lower, &t->higher, &t->undecided, &t->better, &t->worse};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) basin_free(*texts[i]);
    *t = (tally){0};
}

static const basin_difference *find(const basin_comparer *c, const basin_pair *pair, const char *measure,
                                    int point)
{
    const basin_comparison *k = c->result;

    return basin_comparison_difference(k, measure, k->groups[pair->group].name, k->groups[pair->base].name,
                                       point);
}

static bool gap_is_mixed(const basin_comparer *c, const basin_pair *pair)
{
    const basin_difference *gap = find(c, pair, "gap", BASIN_POINT_RAW),
                           *clean = find(c, pair, "clean_gap", BASIN_POINT_RAW);

    return gap != NULL && clean != NULL && clean->pairs > 0 && clean->report != gap->report;
}

/* Does test loss or accuracy say the same as a gap with that verdict? A method that has only fitted less has
   a smaller gap, too. */
static bool test_says(const basin_comparer *c, const basin_pair *pair, int gap)
{
    const basin_difference *loss = find(c, pair, "test_loss", BASIN_POINT_RAW),
                           *accuracy = find(c, pair, "test_accuracy", BASIN_POINT_RAW);
    int opposite = gap == BASIN_VERDICT_LOWER ? BASIN_VERDICT_HIGHER : BASIN_VERDICT_LOWER;

    return (loss != NULL && loss->report == gap) || (accuracy != NULL && accuracy->report == opposite);
}

/* What of the report is claimed: not a gap that clean labels do not confirm, nor one that the test set alone
   does not. */
int basin_comparison_claimed(const basin_comparer *c, const basin_pair *pair, const basin_difference *d)
{
    bool decided = d->report == BASIN_VERDICT_LOWER || d->report == BASIN_VERDICT_HIGHER;
    bool gap = strcmp(d->measure, "gap") == 0;

    if (!decided || (!gap && strcmp(d->measure, "clean_gap") != 0)) return d->report;
    return (gap && gap_is_mixed(c, pair)) || !test_says(c, pair, d->report) ? BASIN_VERDICT_UNDECIDED
                                                                            : d->report;
}

static basin_status count_one(int verdict, const basin_difference *d, tally *t)
{
    basin_status        st = BASIN_OK;
    const basin_column *column = basin_column_find(d->measure);
    bool                lower = verdict == BASIN_VERDICT_LOWER, higher = verdict == BASIN_VERDICT_HIGHER;
    bool                better = (lower && column->better < 0) || (higher && column->better > 0);
    char              **list = lower                                ? &t->lower
                               : higher                             ? &t->higher
                               : verdict == BASIN_VERDICT_UNDECIDED ? &t->undecided
                                                                    : NULL;

    if (verdict == BASIN_VERDICT_TOO_FEW_SEEDS)
        t->too_few++, t->pairs = d->pairs,
                      t->needed = t->needed > d->seeds_needed ? t->needed : d->seeds_needed;
    if (list == NULL) goto done;
    BASIN_TRY(basin_comparison_append(list, ", ", basin_format("%s%s", d->measure, point_names[d->point])));
    if (lower || higher) {
        t->own = t->own || column->own_direction;
        t->common_lower = t->common_lower || (lower && !column->own_direction),
        t->common_higher = t->common_higher || (higher && !column->own_direction);
        if (column->better != 0)
            BASIN_TRY(
                basin_comparison_append(better ? &t->better : &t->worse, ", ", basin_strdup(d->measure)));
    }
done:
    return st;
}

static basin_status count_family(const basin_comparer *c, const basin_pair *pair, basin_family family,
                                 bool only_invariant, tally *t)
{
    basin_status            st = BASIN_OK;
    const basin_difference *d = &c->result->differences[pair->first];

    for (size_t i = 0; i < pair->differences; i++)
        if (d[i].family == (int)family &&
            (!only_invariant || basin_is_invariant(c->result, basin_column_find(d[i].measure))))
            BASIN_TRY(count_one(basin_comparison_claimed(c, pair, &d[i]), &d[i], t));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- sentences -- */

/* «; undecided: trace» or nothing. */
static const char *lead(const char *list)
{
    return list != NULL ? "; undecided: " : "";
}

static const char *or_empty(const char *list)
{
    return list != NULL ? list : "";
}

static char *claim(const basin_comparison *k, const basin_pair *pair, const relation *r)
{
    return basin_format("%s%s%s%s", r->before, k->groups[pair->group].name, r->between,
                        k->groups[pair->base].name);
}

/* The claim that nothing decides: because of the seeds, or because it is not there. */
static basin_status note_undecided(basin_comparer *c, const char *lower, const char *noun, const tally *t)
{
    if (t->undecided != NULL)
        return basin_comparison_add_note(c, basin_format("%snot supported: «%s»: no measure of %s decides",
                                                         or_empty(t->scope), lower, noun));
    if (t->too_few == 0) return BASIN_OK; /* nothing of it was measured */
    return basin_comparison_add_note(
        c, basin_format("%s«%s»? %zu seed%s cannot decide; %zu could, if all agreed in sign",
                        or_empty(t->scope), lower, t->pairs, t->pairs == 1 ? "" : "s", t->needed));
}

static basin_status note_family(basin_comparer *c, const basin_pair *pair, basin_family family,
                                const tally *t)
{
    basin_status st = BASIN_OK;
    const words *w = &family_words[family];
    char        *lower = claim(c->result, pair, &w->lower), *higher = claim(c->result, pair, &w->higher);
    const char  *decided = t->lower != NULL ? lower : higher, *list = t->lower != NULL ? t->lower : t->higher;

    BASIN_CHECK(lower != NULL && higher != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
    if (t->lower != NULL && t->higher != NULL)
        BASIN_TRY(basin_comparison_add_note(
            c,
            basin_format("%smeasures of %s disagree: %s by %s, but %s by %s%s%s", or_empty(t->scope), w->noun,
                         lower, t->lower, higher, t->higher, lead(t->undecided), or_empty(t->undecided))));
    else if (list == NULL)
        BASIN_TRY(note_undecided(c, lower, w->noun, t));
    else if (t->undecided == NULL && t->too_few == 0)
        BASIN_TRY(basin_comparison_add_note(c, basin_format("%s%s by every measure of %s compared: %s",
                                                            or_empty(t->scope), decided, w->noun, list)));
    else
        BASIN_TRY(
            basin_comparison_add_note(c, basin_format("%s%s by %s%s%s", or_empty(t->scope), decided, list,
                                                      lead(t->undecided), or_empty(t->undecided))));
done:
    basin_free(lower);
    basin_free(higher);
    return st;
}

static double mean_of(const basin_comparison *k, const basin_group *group, const char *name)
{
    const basin_column *column = basin_column_find(name);
    double              sum = 0.0;
    size_t              n = 0;

    for (size_t i = 0; i < group->run_count; i++) {
        double value = basin_column_value(&k->rows[group->rows[i]], column);
        if (isfinite(value)) sum += value, n++;
    }
    return n > 0 ? sum / (double)n : (double)NAN;
}

/* How much of momentum and gradient lies along the top eigenvector: the directions of one-step rises differ
   by that between methods. */
static basin_status note_directions(basin_comparer *c, const basin_pair *pair)
{
    static const struct {
        const char *column, *text;
    } cosines[] = {{"momentum_top_cosine2", "cos²(v, e1)"}, {"gradient_top_cosine2", "cos²(g, e1)"}};
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    const basin_group      *a = &k->groups[pair->group], *b = &k->groups[pair->base];
    char                   *text = NULL;

    for (size_t i = 0; i < 2; i++) {
        double x = mean_of(k, a, cosines[i].column), y = mean_of(k, b, cosines[i].column);
        if (isnan(x) || isnan(y)) continue;
        BASIN_TRY(basin_comparison_append(
            &text, ", ",
            basin_format("%s is %.2g for %s and %.2g for %s", cosines[i].text, x, a->name, y, b->name)));
    }
    if (text != NULL)
        BASIN_TRY(
            basin_comparison_add_note(c, basin_format("one-step rises look along each run's own momentum v "
                                                      "or gradient g, e1 the top eigenvector: in the mean %s",
                                                      text)));
done:
    basin_free(text);
    return st;
}

/* A claim needs a common direction that decides alike. */
static basin_status note_rise(basin_comparer *c, const basin_pair *pair, const tally *t)
{
    basin_status st = BASIN_OK;
    bool         lower = t->lower != NULL && t->higher == NULL;
    bool         higher = t->higher != NULL && t->lower == NULL;
    char        *text =
        claim(c->result, pair,
              higher ? &family_words[BASIN_FAMILY_RISE].higher : &family_words[BASIN_FAMILY_RISE].lower);

    BASIN_CHECK(text != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
    if ((lower && !t->common_lower) || (higher && !t->common_higher))
        BASIN_TRY(
            basin_comparison_add_note(c, basin_format("along its own directions only, %s by %s: no direction "
                                                      "common to both decides, so this is no claim about "
                                                      "the rise of the loss",
                                                      text, lower ? t->lower : t->higher)));
    else
        BASIN_TRY(note_family(c, pair, BASIN_FAMILY_RISE, t));
    if (t->own) BASIN_TRY(note_directions(c, pair));
done:
    basin_free(text);
    return st;
}

/* The claims on flatness again, over the measures alone that were measured to be invariant. */
static basin_status restate(basin_comparer *c, const basin_pair *pair)
{
    static const basin_family families[] = {BASIN_FAMILY_CURVATURE, BASIN_FAMILY_RISE};
    basin_status              st = BASIN_OK;
    tally                     t = {0};

    for (size_t i = 0; i < 2 && c->result->invariant_count > 0; i++) {
        tally_clear(&t);
        t.scope = "by the invariant measures alone: ";
        BASIN_TRY(count_family(c, pair, families[i], true, &t));
        BASIN_TRY(note_family(c, pair, families[i], &t));
    }
done:
    tally_clear(&t);
    return st;
}

static basin_status note_generalisation(basin_comparer *c, const basin_pair *pair, const tally *curvature,
                                        const tally *t)
{
    bool        flatter = curvature->lower != NULL && curvature->higher == NULL;
    bool        sharper = curvature->higher != NULL && curvature->lower == NULL;
    const char *a = c->result->groups[pair->group].name, *b = c->result->groups[pair->base].name;
    const char *at = pair->losses_equal ? "" : ", at training losses that are not shown to be equal";

    if (t->worse != NULL && t->better != NULL)
        return basin_comparison_add_note(
            c, basin_format(
                   "measures of generalisation disagree: %s generalises better than %s by %s, worse by %s", a,
                   b, t->better, t->worse));
    if (t->worse != NULL)
        return basin_comparison_add_note(c,
                                         basin_format("%s%s generalises worse than %s by %s%s%s",
                                                      flatter ? "flatter is not better here: " : "", a, b,
                                                      t->worse, lead(t->undecided), or_empty(t->undecided)));
    if (t->better != NULL && flatter)
        return basin_comparison_add_note(c, basin_format("%s is flatter and generalises better than %s here, "
                                                         "by %s%s%s%s; the two go together, which does not "
                                                         "say that one is the cause",
                                                         a, b, t->better, lead(t->undecided),
                                                         or_empty(t->undecided), at));
    if (t->better != NULL)
        return basin_comparison_add_note(
            c, basin_format("%s generalises better than %s by %s, %s", a, b, t->better,
                            sharper ? "though it is sharper" : "without being shown to be flatter"));
    if (flatter && t->undecided != NULL)
        return basin_comparison_add_note(c,
                                         basin_format("%s is flatter, but that is not tied to generalisation "
                                                      "here: no measure of it decides against %s",
                                                      a, b));
    return note_family(c, pair, BASIN_FAMILY_GENERALISATION, t);
}

/* ---------------------------------------------------------------------------------------- reservations -- */

static basin_status note_gap(basin_comparer *c, const basin_pair *pair)
{
    const basin_difference *gap = find(c, pair, "gap", BASIN_POINT_RAW),
                           *clean = find(c, pair, "clean_gap", BASIN_POINT_RAW);

    if (!gap_is_mixed(c, pair) || gap->report == BASIN_VERDICT_TOO_FEW_SEEDS ||
        clean->report == BASIN_VERDICT_TOO_FEW_SEEDS)
        return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format("gap and clean_gap of %s against %s do not agree (%s; %s), so gap supports nothing",
                        gap->group, gap->base, basin_verdict_text((basin_verdict)gap->report),
                        basin_verdict_text((basin_verdict)clean->report)));
}

/* Decided over seeds, but the values are not known well enough. */
static basin_status note_errors(basin_comparer *c, const basin_pair *pair)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    for (size_t i = pair->first; i < pair->first + pair->differences; i++) {
        const basin_difference *d = &k->differences[i];
        if (d->report != BASIN_VERDICT_UNDECIDED || !(d->p_report <= k->level) ||
            !(d->interval_error > 0.0) || basin_rows_explain(k, d))
            continue;
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("the seeds agree on %s of %s against %s (p = %.2g), but with the errors of its "
                            "measuring it stays open: %s %.3g, standard error by these %.2g%s",
                            d->measure, d->group, d->base, d->p_report, d->ratio ? "ratio" : "difference",
                            d->mean, d->interval_error, d->ratio ? " of the logarithm" : "")));
    }
done:
    return st;
}

/* Decided over seeds, but another test set could show otherwise. */
static basin_status note_rows(basin_comparer *c, const basin_pair *pair)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    for (size_t i = pair->first; i < pair->first + pair->differences; i++) {
        const basin_difference *d = &k->differences[i];
        if (d->family != BASIN_FAMILY_GENERALISATION || !(d->p_report <= k->level) ||
            !basin_rows_explain(k, d))
            continue;
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("the seeds agree on %s of %s against %s (p = %.2g), but seeds and rows of the "
                            "test set together leave it open: %s %.3g, standard "
                            "error over rows %.2g%s",
                            d->measure, d->group, d->base, d->p_report, d->ratio ? "ratio" : "difference",
                            d->mean, d->rows_error, d->ratio ? " of the logarithm" : "")));
    }
done:
    return st;
}

/* Lower at the checkpoint and higher beside it, or the other way round. */
static int flip(int raw, int other)
{
    if (raw == BASIN_VERDICT_HIGHER && other == BASIN_VERDICT_LOWER) return -1;
    return raw == BASIN_VERDICT_LOWER && other == BASIN_VERDICT_HIGHER ? 1 : 0;
}

/* By the report, or else by the family alone, which is said. */
static basin_status note_flips(basin_comparer *c, const basin_pair *pair)
{
    static const char *const where[] = {"", "after polishing", "at the average of checkpoints"};
    basin_status             st = BASIN_OK;
    const basin_comparison  *k = c->result;

    for (size_t i = pair->first; i < pair->first + pair->differences; i++) {
        const basin_difference *d = &k->differences[i], *raw = find(c, pair, d->measure, BASIN_POINT_RAW);
        int                     report = flip(raw->report, d->report);
        int                     family = flip(raw->verdict, d->verdict), way = report != 0 ? report : family;
        if (d->family == BASIN_FAMILY_CONDITION || way == 0) continue;
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("the verdict turns round%s: by %s %s is %s than %s at the checkpoint but %s %s",
                            report != 0 ? "" : " (by p of its family alone)", d->measure, d->group,
                            way < 0 ? "larger" : "smaller", d->base, way < 0 ? "smaller" : "larger",
                            where[d->point])));
    }
done:
    return st;
}

static basin_status note_pair(basin_comparer *c, const basin_pair *pair)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    tally                   t[BASIN_FAMILIES] = {0};

    if (pair->count == 0)
        return basin_comparison_add_note(
            c, basin_format("%s and %s have no pairs of runs, each the only one of its group with that "
                            "recorded seed and start: nothing is tested",
                            k->groups[pair->group].name, k->groups[pair->base].name));
    for (int family = 0; family < BASIN_FAMILY_CONDITION; family++)
        BASIN_TRY(count_family(c, pair, (basin_family)family, false, &t[family]));
    BASIN_TRY(note_family(c, pair, BASIN_FAMILY_CURVATURE, &t[BASIN_FAMILY_CURVATURE]));
    BASIN_TRY(note_family(c, pair, BASIN_FAMILY_DIMENSION, &t[BASIN_FAMILY_DIMENSION]));
    BASIN_TRY(note_rise(c, pair, &t[BASIN_FAMILY_RISE]));
    BASIN_TRY(restate(c, pair));
    BASIN_TRY(note_flips(c, pair));
    BASIN_TRY(note_generalisation(c, pair, &t[BASIN_FAMILY_CURVATURE], &t[BASIN_FAMILY_GENERALISATION]));
    BASIN_TRY(note_gap(c, pair));
    BASIN_TRY(note_rows(c, pair));
    BASIN_TRY(note_errors(c, pair));
done:
    for (int family = 0; family < BASIN_FAMILIES; family++) tally_clear(&t[family]);
    return st;
}

basin_status basin_comparison_claims(basin_comparer *c)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < c->pair_count; i++)
        if (!c->pairs[i].continuation) BASIN_TRY(note_pair(c, &c->pairs[i]));
done:
    return st;
}
