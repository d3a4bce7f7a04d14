/* What a group spent beyond its base and what it got for it, paired by seed.
 *
 *   gain    of test accuracy, or the fall of the test loss: its error holds the spread over seeds and, where
 *           parts of the test set are known, that over its rows, √(seeds² + rows²), by Student's t with the
 *           fewer of both degrees of freedom (as in pairs.c)
 *   costs   gradient evaluations and seconds, as the checkpoints record them; how much energy was spent they
 *           do not record
 *   net     with a worth, «a gain of A pays for a cost of B»: gain B/A less the extra cost, seed by seed.
 *
 * Whether it pays is decided where the exact sign-flip test of net = 0, times the pairs of groups, reaches
 * the level and the interval of net at the level, divided likewise, leaves out 0. The former is exact for any
 * differences that are symmetric about their mean, the latter brings in the rows of the test set. These
 * answers hold together at the level; they stand beside those of the report, which has its own.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

static const char *const measures[] = {"test_accuracy", "test_loss"};

typedef struct values { /* [n] over pairs that know the measure; NAN where a cost is not recorded */
    size_t  n;
    double *gain, *evaluations, *seconds, *rate, *net;
} values;

static void values_clear(values *v)
{
    double **all[] = {&v->gain, &v->evaluations, &v->seconds, &v->rate, &v->net};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) basin_free(*all[i]);
}

static basin_status values_create(size_t n, values *v)
{
    basin_status st = BASIN_OK;
    double     **all[] = {&v->gain, &v->evaluations, &v->seconds, &v->rate, &v->net};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) BASIN_ALLOC(*all[i], n, "values over seeds");
done:
    return st;
}

static bool worth_is_in(const basin_worth *worth, const char *measure)
{
    return worth->unit != BASIN_WORTH_NONE &&
           strcmp(measure, worth->accuracy ? "test_accuracy" : "test_loss") == 0;
}

/* Costs of so much gain. */
static double price_of(const basin_worth *worth, double gain)
{
    return gain / worth->gain * worth->cost;
}

static void gather(const basin_comparison *k, const basin_pair *pair, const basin_column *column, values *v)
{
    for (size_t s = 0; s < pair->count; s++) {
        const basin_row *a = &k->rows[pair->rows[s]], *b = &k->rows[pair->others[s]];
        const double gain = (double)column->better * (basin_measured(a, column) - basin_measured(b, column));
        const size_t i = v->n;
        if (isnan(gain)) continue;
        v->gain[i] = gain;
        v->evaluations[i] = basin_evaluations_of(a) - basin_evaluations_of(b);
        v->seconds[i] = a->seconds - b->seconds;
        v->rate[i] = v->evaluations[i] > 0.0 ? gain / v->evaluations[i] : (double)NAN;
        v->net[i] = price_of(&k->worth, gain) -
                    (k->worth.unit == BASIN_WORTH_SECONDS ? v->seconds[i] : v->evaluations[i]);
        v->n++;
    }
}

/* Mean of x [n] and its interval at `level`, of seeds and an error of the mean beside them (0: none) that
   `parts` tell. */
static void interval(const double *x, size_t n, double error, size_t parts, double level, double *mean,
                     double *lower, double *upper)
{
    double       sd, low, high;
    const size_t least = error > 0.0 && parts < n ? parts : n;

    basin_mean_and_interval(x, n, mean, &sd, &low, &high);
    *lower = *upper = NAN;
    if (n < 2 || isnan(*mean)) return;
    const double half = basin_student_quantile(level, least - 1) * hypot(sd / sqrt((double)n), error);
    *lower = *mean - half, *upper = *mean + half;
}

static double mean_inverse(const double *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) sum += 1.0 / x[i];
    return n > 0 ? sum / (double)n : (double)NAN;
}

static void judge(const basin_comparison *k, const values *v, basin_benefit *out)
{
    const double tests = (double)k->report_pairs;
    size_t       moved = 0;

    if (v->n == 0 || isnan(out->net)) {
        out->answer = BASIN_PAYMENT_NOT_RECORDED;
        return;
    }
    for (size_t i = 0; i < v->n; i++) moved += v->net[i] != 0.0;
    out->p = fmin(1.0, basin_sign_flip_p(v->net, v->n) * tests);
    if (moved == 0)
        out->answer = BASIN_PAYMENT_UNDECIDED;
    else if (basin_smallest_p(moved) * tests > k->level)
        out->answer = BASIN_PAYMENT_TOO_FEW_SEEDS;
    else if (!(out->p <= k->level) || !(out->net_lower > 0.0 || out->net_upper < 0.0))
        out->answer = BASIN_PAYMENT_UNDECIDED;
    else
        out->answer = out->net > 0.0 ? BASIN_PAYMENT_PAYS : BASIN_PAYMENT_DOES_NOT_PAY;
}

static basin_status fill(const basin_comparer *c, const basin_pair *pair, const basin_column *column,
                         basin_benefit *out)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    values                  v = {0};
    const double            level = 0.05; /* of what is told beside the answer */

    BASIN_TRY(values_create(pair->count, &v));
    gather(k, pair, column, &v);
    out->pairs = v.n;
    const basin_difference plain = {.family = (int)column->family, .pairs = v.n};
    const double           known = basin_rows_error(c, column, pair, &plain);
    const double           rows = isfinite(known) ? known : 0.0;
    const size_t           j = k->test_part_count;
    out->rows_known = isfinite(known);
    interval(v.gain, v.n, rows, j, level, &out->gain, &out->gain_lower, &out->gain_upper);
    interval(v.evaluations, v.n, 0.0, 0, level, &out->evaluations, &out->evaluations_lower,
             &out->evaluations_upper);
    interval(v.seconds, v.n, 0.0, 0, level, &out->seconds, &out->seconds_lower, &out->seconds_upper);
    interval(v.rate, v.n, rows * mean_inverse(v.evaluations, v.n), j, level, &out->rate, &out->rate_lower,
             &out->rate_upper);
    out->net = out->net_lower = out->net_upper = out->p = NAN;
    if (!worth_is_in(&k->worth, column->name)) goto done;
    interval(v.net, v.n, price_of(&k->worth, rows), j, k->level / (double)k->report_pairs, &out->net,
             &out->net_lower, &out->net_upper);
    judge(k, &v, out);
done:
    values_clear(&v);
    return st;
}

static bool is_compared(const basin_comparer *c, const char *measure)
{
    for (size_t i = 0; i < c->column_count; i++)
        if (strcmp(c->columns[i]->name, measure) == 0) return true;
    return false;
}

basin_status basin_comparison_weigh(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    const size_t      kinds = sizeof measures / sizeof *measures;

    k->worth = c->given->worth;
    BASIN_ALLOC(k->benefits, kinds * c->pair_count, "costs and benefits");
    for (size_t p = 0; p < c->pair_count; p++)
        for (size_t m = 0; m < kinds && !c->pairs[p].continuation && c->pairs[p].count > 0; m++) {
            if (!is_compared(c, measures[m])) continue;
            basin_benefit *to = &k->benefits[k->benefit_count++];
            BASIN_STRDUP(to->group, k->groups[c->pairs[p].group].name);
            BASIN_STRDUP(to->base, k->groups[c->pairs[p].base].name);
            BASIN_STRDUP(to->measure, measures[m]);
            BASIN_TRY(fill(c, &c->pairs[p], basin_column_find(measures[m]), to));
        }
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- words -- */

/* What is better at the same number of gradient evaluations is so for nothing: by what the report decides. */
static basin_status note_free(basin_comparer *c, const basin_benefit *b)
{
    const basin_difference *d =
        basin_comparison_difference(c->result, b->measure, b->group, b->base, BASIN_POINT_RAW);
    const int  better = basin_column_find(b->measure)->better;
    const bool more = d->report == (better > 0 ? BASIN_VERDICT_HIGHER : BASIN_VERDICT_LOWER);
    const bool less = d->report == (better > 0 ? BASIN_VERDICT_LOWER : BASIN_VERDICT_HIGHER);

    if (b->evaluations != 0.0 || b->evaluations_upper > 0.0 || b->evaluations_lower < 0.0) return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format(
               "%s spends as many gradient evaluations as %s: at that cost it %s in %s, gain %.3g [%.3g, "
               "%.3g]",
               b->group, b->base,
               more   ? "is better"
               : less ? "is worse"
                      : "is not shown to be better or worse",
               b->measure, b->gain, b->gain_lower, b->gain_upper));
}

static basin_status note_level(basin_comparer *c)
{
    const basin_comparison *k = c->result;

    if (k->worth.unit == BASIN_WORTH_NONE) return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format(
               "what pays is told for itself, at level %g over %zu pair%s of groups, in %s as recorded: "
               "costs of tuning, of failed runs and of energy are not among them",
               k->level, k->report_pairs, k->report_pairs == 1 ? "" : "s",
               k->worth.unit == BASIN_WORTH_SECONDS ? "seconds" : "gradient evaluations"));
}

basin_status basin_comparison_note_benefits(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    const char             *accuracy = is_compared(c, "test_accuracy") ? "test_accuracy" : "test_loss";

    for (size_t i = 0; i < k->benefit_count; i++)
        if (strcmp(k->benefits[i].measure, accuracy) == 0) BASIN_TRY(note_free(c, &k->benefits[i]));
    BASIN_TRY(note_level(c));
done:
    return st;
}
