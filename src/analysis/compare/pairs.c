/* Groups against each other: differences paired by seed, and what may be said of them.
 *
 * Pairs are runs of equal recorded seed. Where both runs have a checkpoint that is known to be their start,
 * it must show the same start (‖θ‖ and training loss to 1e-9): otherwise they are no pair. A base that went
 * on is its own group's continuation: listed, not judged.
 *
 * A measure of scale that is positive in every pair is compared by logarithms. Their differences are
 * symmetric where errors multiply, and then the sign-flip test is exact, which it is not of the plain
 * differences.
 *
 * Two p-values are adjusted (adjust.c):
 *   p_family over the measures and kinds of points of one family, for one pair of groups: what holds of that
 *   family alone
 *   p_report   over those of all families but the conditions, times the pairs of groups that the report
 *              tests. Over pairs it is Bonferroni: pairs share a base, and flips over all pairs at once would
 *              need all methods to be exchangeable, which is false where a third one differs.
 *
 * The rows of the test set are one draw for all seeds, and seeds cannot tell what another draw would show.
 * With J equal parts of it, the mean over the pairs of the difference is taken on each part; its standard
 * error over rows is the standard deviation over parts / √J. In a ratio of losses the part's losses are
 * divided by those of the whole set: the derivative of the logarithm at the whole, whose mean over parts is
 * the whole, while the logarithm of a small part's loss is biased and can be −∞. Of a gap the test loss is
 * the only part that the rows move. A report of generalisation must stand out against both errors together,
 * √(seeds² + rows²), by Student's t with the fewer of both degrees of freedom, J − 1 and pairs − 1 (1.96 with
 * J = 10 would let pass 8 % where 5 % are meant); against each alone, two errors of like size would let pass
 * twice what is meant.
 *
 * Errors of measuring. A value with a calibrated interval or a standard error is off by an error of that
 * deviation. What of these errors is independent from run to run the spread over seeds holds already, and the
 * sign-flip test is exact; what is shared no number of seeds shows. Rows share the seed of their probes and
 * the steps of their quadrature, but their errors hardly: on 24 runs the correlation was −0.05 to 0.07
 * (docs/measures.md), so ALIKE of their variance is taken to be shared. With e² the mean of a² + b² over n
 * pairs the error of the mean difference is e √(1/n + ALIKE), and a verdict must stand out against seeds and
 * errors together, √(seeds² + errors²), by Student's t at a level that is divided among all such differences
 * of the family or the report (Bonferroni). So where intervals are wide beside the difference nothing is
 * decided; where the errors are below NEGLIGIBLE of those over seeds nothing changes.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

#define START_TOLERANCE 1e-9
/* an error of measuring up to this share of the error over seeds adds less than a hundredth to its square */
#define NEGLIGIBLE 0.1
/* correlation of the errors of two runs */
#define ALIKE 0.1

/* --------------------------------------------------------------------------------------------- pairing -- */

/* The row of that seed; none if there is more than one. */
static size_t find_seed(const basin_comparison *k, const basin_group *group, int64_t seed)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < group->run_count; i++)
        if (k->rows[group->rows[i]].seed == seed) {
            if (found != BASIN_NO_ROW) return BASIN_NO_ROW;
            found = group->rows[i];
        }
    return found;
}

static const basin_row *find_start(const basin_comparison *k, const basin_row *run)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (basin_is_start(&k->rows[i]) && basin_same_run(&k->rows[i], run)) return &k->rows[i];
    return NULL;
}

static bool close_to(double a, double b)
{
    return fabs(a - b) <= START_TOLERANCE * fmax(fabs(a), fabs(b));
}

static bool same_start(basin_comparer *c, const basin_row *a, const basin_row *b)
{
    const basin_row *start_a = find_start(c->result, a), *start_b = find_start(c->result, b);

    if (start_a == NULL || start_b == NULL) {
        c->starts_checked = false;
        return true;
    }
    return close_to(start_a->theta_norm.value, start_b->theta_norm.value) &&
           close_to(start_a->train_loss.value, start_b->train_loss.value);
}

static basin_status pair_by_seed(basin_comparer *c, basin_pair *pair)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    const basin_group      *group = &k->groups[pair->group], *base = &k->groups[pair->base];

    BASIN_ALLOC(pair->rows, group->run_count, "pairs");
    BASIN_ALLOC(pair->others, group->run_count, "pairs");
    for (size_t i = 0; i < group->run_count; i++) {
        const basin_row *row = &k->rows[group->rows[i]];
        size_t           own = row->seed >= 0 ? find_seed(k, group, row->seed) : BASIN_NO_ROW;
        size_t           other = row->seed >= 0 ? find_seed(k, base, row->seed) : BASIN_NO_ROW;
        if (own == BASIN_NO_ROW || other == BASIN_NO_ROW || !same_start(c, row, &k->rows[other])) continue;
        pair->rows[pair->count] = own;
        pair->others[pair->count++] = other;
    }
done:
    return st;
}

static basin_status add_pair(basin_comparer *c, size_t group, size_t base)
{
    basin_pair *pair = &c->pairs[c->pair_count++];

    pair->group = group, pair->base = base;
    pair->continuation = group == c->budget && base == c->base;
    return pair_by_seed(c, pair);
}

/* The dearest group; by a setting all values of its method that spent as much. */
static bool spent_the_budget(const basin_comparer *c, size_t g)
{
    const basin_group *own = &c->result->groups[g], *dearest = &c->result->groups[c->budget_of];

    if (g == c->budget_of) return true;
    return c->result->by != NULL && g != c->base && g != c->budget &&
           strcmp(own->method, dearest->method) == 0 &&
           own->gradient_evaluations == dearest->gradient_evaluations;
}

static basin_status make_pairs(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;

    c->starts_checked = true;
    /* one for each group but the base, and one at equal budget for each that spent it */
    BASIN_ALLOC(c->pairs, 2 * k->group_count, "pairs of groups");
    for (size_t g = 0; g < k->group_count; g++)
        if (g != c->base) BASIN_TRY(add_pair(c, g, c->base));
    for (size_t g = 0; g < k->group_count && c->budget != BASIN_NO_ROW; g++)
        if (spent_the_budget(c, g)) BASIN_TRY(add_pair(c, g, c->budget));
    for (size_t i = 0; i < c->pair_count; i++)
        if (!c->pairs[i].continuation && c->pairs[i].count > 0) k->report_pairs++;
done:
    return st;
}

/* ----------------------------------------------------------------------------------------- differences -- */

/* what of one seed is held against what; both NULL where the two values do not mean the same thing */
typedef struct held {
    const basin_row *a, *b;
} held;

/* Two values of a measure with a setting (alpha, rho) are comparable where that is equal. */
static bool comparable(const basin_column *column, const basin_row *a, const basin_row *b)
{
    if (column->setting == 0) return true;
    double x = *(const double *)((const char *)a + column->setting);
    double y = *(const double *)((const char *)b + column->setting);
    return x == y || (isnan(x) && isnan(y));
}

static held hold(const basin_comparer *c, const basin_column *column, int point, const basin_pair *pair,
                 size_t seed)
{
    const basin_comparison *k = c->result;
    size_t                  a = c->places[pair->rows[seed] * BASIN_POINTS + (size_t)point];
    size_t                  b = c->places[pair->others[seed] * BASIN_POINTS + (size_t)point];

    if (a == BASIN_NO_ROW || b == BASIN_NO_ROW || !comparable(column, &k->rows[a], &k->rows[b]))
        return (held){0};
    if (isnan(basin_measured(&k->rows[a], column)) || isnan(basin_measured(&k->rows[b], column)))
        return (held){0};
    return (held){&k->rows[a], &k->rows[b]};
}

/* And there is a pair. */
static bool positive_in_every_pair(const basin_comparer *c, const basin_column *column, int point,
                                   const basin_pair *pair)
{
    bool any = false;

    for (size_t s = 0; s < pair->count; s++) {
        held h = hold(c, column, point, pair, s);
        if (h.a == NULL) continue;
        if (!(basin_column_value(h.a, column) > 0.0 && basin_column_value(h.b, column) > 0.0)) return false;
        any = true;
    }
    return any;
}

/* x [pair->count]: the difference of each seed, of logarithms if d->ratio; NAN where there is none. */
static void differ(const basin_comparer *c, const basin_column *column, const basin_pair *pair,
                   const basin_difference *d, double *x)
{
    for (size_t s = 0; s < pair->count; s++) {
        held   h = hold(c, column, d->point, pair, s);
        double a = h.a != NULL ? basin_column_value(h.a, column) : (double)NAN;
        double b = h.b != NULL ? basin_column_value(h.b, column) : (double)NAN;
        x[s] = d->ratio ? log(a) - log(b) : a - b;
    }
}

/* The values that are there, to the front; their number. */
static size_t gather(const double *x, size_t n, double *there)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) there[count++] = x[i];
    return count;
}

/* What of the difference of one pair stands on part j of the test set; NAN for measures that the test set
   does not enter. */
static double on_part(const basin_comparison *k, const basin_column *column, bool ratio, const held *h,
                      size_t j)
{
    size_t a = (size_t)(h->a - k->rows) * k->test_part_count + j;
    size_t b = (size_t)(h->b - k->rows) * k->test_part_count + j;

    if (column->offset == offsetof(basin_row, test_accuracy))
        return k->test_part_accuracy[a] - k->test_part_accuracy[b];
    if (ratio)
        return k->test_part_loss[a] / h->a->test_loss.value - k->test_part_loss[b] / h->b->test_loss.value;
    return k->test_part_loss[a] - k->test_part_loss[b];
}

double basin_rows_error(const basin_comparer *c, const basin_column *column, const basin_pair *pair,
                        const basin_difference *d)
{
    const basin_comparison *k = c->result;
    double                  average = 0.0, square = 0.0, parts = (double)k->test_part_count;

    if (d->family != BASIN_FAMILY_GENERALISATION || d->pairs == 0 || k->test_part_count == 0) return NAN;
    for (size_t j = 0; j < k->test_part_count; j++) {
        double mean = 0.0;
        for (size_t s = 0; s < pair->count; s++) {
            held h = hold(c, column, d->point, pair, s);
            if (h.a != NULL) mean += on_part(k, column, d->ratio, &h, j) / (double)d->pairs;
        }
        double step = mean - average; /* B. Welford, Technometrics 4, 1962 */
        average += step / (double)(j + 1), square += step * (mean - average);
    }
    return sqrt(square / (parts - 1.0) / parts);
}

/* One standard error of a value, of an estimate with an interval; of its logarithm, if ratio. Bounds and
   residuals are no errors at random. */
static double value_error(const basin_row *row, const basin_column *column, bool ratio)
{
    double low, high, half, value = basin_column_value(row, column);
    int    kind = row->measures[column - basin_columns].interval;

    if (kind != BASIN_INTERVAL_CALIBRATED && kind != BASIN_INTERVAL_STANDARD_ERROR) return 0.0;
    basin_column_bounds(row, column, &low, &high);
    half = 0.5 * (high - low) / (kind == BASIN_INTERVAL_CALIBRATED ? basin_normal_quantile(0.05) : 1.0);
    return ratio ? half / value : half;
}

static double interval_error(const basin_comparer *c, const basin_column *column, const basin_pair *pair,
                             const basin_difference *d)
{
    double square = 0.0;

    for (size_t s = 0; s < pair->count; s++) {
        held h = hold(c, column, d->point, pair, s);
        if (h.a == NULL) continue;
        double a = value_error(h.a, column, d->ratio), b = value_error(h.b, column, d->ratio);
        square += a * a + b * b;
    }
    return d->pairs > 0 ? sqrt(square / (double)d->pairs * (1.0 / (double)d->pairs + ALIKE)) : 0.0;
}

static double group_mean(const basin_comparison *k, const basin_column *column, const char *group, int point)
{
    return basin_comparison_estimate(k, column->name, group, point)->mean;
}

/* Differences of groups that are not paired: of their means, without any claim. */
static double unpaired_mean(const basin_comparison *k, const basin_column *column, const basin_difference *d)
{
    return group_mean(k, column, d->group, d->point) - group_mean(k, column, d->base, d->point);
}

/* A pair without a difference has no sign: it tells as little as one that is not there. (Where none has any,
   more would not help.) */
static void count_seeds(const basin_comparer *c, const double *there, basin_difference *d)
{
    size_t ties = 0, tests = c->result->report_pairs;

    for (size_t i = 0; i < d->pairs; i++) ties += there[i] == 0.0;
    if (ties == d->pairs) ties = 0;
    d->p_smallest = basin_smallest_p(d->pairs - ties);
    if (d->family != BASIN_FAMILY_CONDITION && d->p_smallest * (double)tests > c->level)
        d->seeds_needed = basin_pairs_needed(tests, c->level) + ties;
}

/* x [2 pair->count]: the differences, by seed, and room. Mean and interval stay on the scale of the test. */
static basin_status make_difference(const basin_comparer *c, const basin_column *column,
                                    const basin_pair *pair, double *x, basin_difference *d)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    double                 *there = x + pair->count, sd;

    d->family = (int)column->family;
    d->p_family = d->p_report = NAN;
    BASIN_STRDUP(d->measure, column->name);
    BASIN_STRDUP(d->group, k->groups[pair->group].name);
    BASIN_STRDUP(d->base, k->groups[pair->base].name);
    d->paired = pair->count > 0;
    d->ratio = column->ratio && positive_in_every_pair(c, column, d->point, pair);
    differ(c, column, pair, d, x);
    d->pairs = gather(x, pair->count, there);
    basin_mean_and_interval(there, d->pairs, &d->mean, &sd, &d->lower, &d->upper);
    if (!d->paired) d->mean = unpaired_mean(k, column, d);
    d->rows_error = basin_rows_error(c, column, pair, d);
    d->interval_error = interval_error(c, column, pair, d);
    d->p = basin_sign_flip_p(there, d->pairs);
    if (!pair->continuation)
        count_seeds(c, there, d);
    else
        d->p_smallest = basin_smallest_p(d->pairs);
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- verdicts -- */

/* Of a family, or with BASIN_FAMILIES of the report. */
static bool is_member(const basin_difference *d, int family)
{
    return family < BASIN_FAMILIES ? d->family == family : d->family != BASIN_FAMILY_CONDITION;
}

/* Standard error of the mean over seeds, on the scale of the test. */
static double seeds_error(double lower, double upper, size_t pairs)
{
    return pairs > 1 ? 0.5 * (upper - lower) / basin_student_t975(pairs - 1) : (double)NAN;
}

/* Two-sided p of the mean against seeds and errors of measuring together; NAN where these are negligible. */
static double errors_p(const basin_difference *d)
{
    const double error = d->interval_error, seeds = seeds_error(d->lower, d->upper, d->pairs);

    if (d->pairs < 2 || !(error > NEGLIGIBLE * seeds)) return NAN;
    return basin_student_p(d->mean / hypot(seeds, error), d->pairs - 1);
}

/* Those of n differences that share a level and have errors of measuring: of one family, or of the report. */
static size_t count_erring(const basin_difference *d, size_t n, int family)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) count += is_member(&d[i], family) && !isnan(errors_p(&d[i]));
    return count;
}

/* p is adjusted; `tests` pairs of groups share the level, and so do `erring` differences. */
static int verdict_of(const basin_comparer *c, const basin_difference *d, double p, size_t tests,
                      size_t erring)
{
    const double explained = errors_p(d) * (double)(tests * erring);

    if (!d->paired) return BASIN_VERDICT_NOT_PAIRED;
    if (d->pairs == 0) return BASIN_VERDICT_NOT_MEASURED;
    if (d->p_smallest * (double)tests > c->level) return BASIN_VERDICT_TOO_FEW_SEEDS;
    if (!(p <= c->level) || explained > c->level) return BASIN_VERDICT_UNDECIDED;
    return d->mean < 0.0 ? BASIN_VERDICT_LOWER : BASIN_VERDICT_HIGHER;
}

bool basin_rows_explain(const basin_comparison *k, const basin_difference *d)
{
    double mean = d->ratio ? log(d->mean) : d->mean;
    if (!isfinite(d->rows_error) || d->pairs < 2) return false;
    double seeds = d->ratio ? seeds_error(log(d->lower), log(d->upper), d->pairs)
                            : seeds_error(d->lower, d->upper, d->pairs);
    size_t parts = k->test_part_count, least = parts < d->pairs ? parts : d->pairs;
    return fabs(mean) <= basin_student_t975(least - 1) * hypot(seeds, d->rows_error);
}

/* By both adjusted p; differences are still on the scale of the test. */
static void judge(const basin_comparer *c, const basin_pair *pair, basin_difference *all, basin_difference *d)
{
    const size_t n = pair->differences, tests = c->result->report_pairs;

    d->verdict = verdict_of(c, d, d->p_family, 1, count_erring(all, n, d->family));
    d->report = verdict_of(c, d, d->p_report, tests, count_erring(all, n, BASIN_FAMILIES));
    if (pair->continuation) d->verdict = d->report = BASIN_VERDICT_CONTINUATION;
}

/* From the scale of the test to the one reported; a report of generalisation goes by the rows, too. */
static void report(const basin_comparer *c, basin_difference *d)
{
    const bool decided = d->report == BASIN_VERDICT_LOWER || d->report == BASIN_VERDICT_HIGHER;

    if (d->ratio) d->mean = exp(d->mean), d->lower = exp(d->lower), d->upper = exp(d->upper);
    if (decided && basin_rows_explain(c->result, d)) d->report = BASIN_VERDICT_UNDECIDED;
}

/* Of the differences of a pair: members of the family, or of the report, and which of them could reach the
   level shared by `tests`. */
static void choose(const basin_comparer *c, const basin_pair *pair, const basin_difference *d, int family,
                   size_t tests, bool *member, bool *able)
{
    for (size_t i = 0; i < pair->differences; i++) {
        member[i] = is_member(&d[i], family);
        able[i] = d[i].p_smallest * (double)tests <= c->level;
    }
}

/* values [pair->differences, pair->count]; where one of two p is drawn and the other is not, the larger one
   stands. */
static basin_status adjust(const basin_comparer *c, const basin_pair *pair, const double *values,
                           basin_difference *d)
{
    basin_status st = BASIN_OK;
    basin_flips  flips = {0};
    bool        *member = NULL, *able = NULL;
    double      *p = NULL;
    size_t       tests = c->result->report_pairs;

    BASIN_ALLOC(member, pair->differences, "measures of a family");
    BASIN_ALLOC(able, pair->differences, "measures of a family");
    BASIN_ALLOC(p, pair->differences, "adjusted p");
    BASIN_TRY(basin_flips_create(values, pair->differences, pair->count, &flips));
    for (int family = 0; family < BASIN_FAMILIES; family++) {
        choose(c, pair, d, family, 1, member, able);
        BASIN_TRY(basin_step_down(&flips, member, able, p));
        for (size_t i = 0; i < pair->differences; i++)
            if (!isnan(p[i])) d[i].p_family = fmax(p[i], d[i].p);
    }
    if (pair->continuation) goto done;
    choose(c, pair, d, BASIN_FAMILIES, tests, member, able);
    BASIN_TRY(basin_step_down(&flips, member, able, p));
    for (size_t i = 0; i < pair->differences; i++)
        if (!isnan(p[i])) d[i].p_report = fmax(fmin(1.0, p[i] * (double)tests), d[i].p_family);
done:
    basin_flips_clear(&flips);
    basin_free(member);
    basin_free(able);
    basin_free(p);
    return st;
}

static basin_status compare_pair(basin_comparer *c, basin_pair *pair)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_difference *d = &k->differences[k->difference_count];
    double           *values = NULL; /* [differences + 1, pair->count]: the last one is room */
    size_t            n = pair->count;

    pair->first = k->difference_count;
    BASIN_ALLOC(values, (c->column_count * BASIN_POINTS + 1) * n, "differences over seeds");
    for (size_t m = 0; m < c->column_count; m++)
        for (int point = 0; point < BASIN_POINTS; point++) {
            if (!c->points[point] || (point != BASIN_POINT_RAW && c->columns[m]->at_raw_only)) continue;
            size_t i = pair->differences++;
            k->difference_count++;
            d[i].point = point;
            BASIN_TRY(make_difference(c, c->columns[m], pair, values + i * n, &d[i]));
        }
    BASIN_TRY(adjust(c, pair, values, d));
    for (size_t i = 0; i < pair->differences; i++) judge(c, pair, d, &d[i]);
    for (size_t i = 0; i < pair->differences; i++) report(c, &d[i]);
done:
    basin_free(values);
    return st;
}

basin_status basin_comparison_pairs(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;

    BASIN_TRY(make_pairs(c));
    BASIN_ALLOC(k->differences, c->pair_count * c->column_count * BASIN_POINTS, "differences");
    for (size_t i = 0; i < c->pair_count; i++) BASIN_TRY(compare_pair(c, &c->pairs[i]));
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- equal losses -- */

static double mean_loss(const basin_comparison *k, const size_t *rows, size_t count)
{
    double sum = 0.0;

    for (size_t i = 0; i < count; i++) sum += k->rows[rows[i]].train_loss.value;
    return sum / (double)count;
}

/* How far from equal, as a share of the larger: of a ratio of losses, or of their difference. */
static double share_of_larger(const basin_difference *d, double value, double larger)
{
    return d->ratio ? 1.0 - fmin(value, 1.0 / value) : larger > 0.0 ? fabs(value) / larger : 0.0;
}

typedef enum loss_verdict {
    LOSS_NO_PAIRS,
    LOSS_ONE_PAIR,
    LOSS_UNEQUAL,
    LOSS_EQUAL,
    LOSS_NOT_SHOWN
} loss_verdict;

static const char *const loss_verdicts[] = {
    [LOSS_NO_PAIRS] = "no pairs: cannot be told",
    [LOSS_ONE_PAIR] = "one pair: cannot be told",
    [LOSS_UNEQUAL] = "unequal",
    [LOSS_EQUAL] = "equal within the tolerance",
    [LOSS_NOT_SHOWN] = "not shown to be equal, nor unequal",
};

/* Unequal: the losses of the pairs differ by more than the tolerance and the seeds do not explain it: the
   paired interval leaves out equality. Equal: the whole interval lies within the tolerance. Between the two
   the seeds do not tell, and without an interval, of fewer than two pairs, nothing is told. */
static loss_verdict judge_loss(const basin_comparer *c, const basin_difference *d, double larger,
                               double relative)
{
    double equal = d->ratio ? 1.0 : 0.0;

    if (d->pairs == 0) return LOSS_NO_PAIRS;
    if (!isfinite(d->lower) || !isfinite(d->upper)) return LOSS_ONE_PAIR;
    if (relative > c->loss_tolerance && (d->lower > equal || d->upper < equal)) return LOSS_UNEQUAL;
    bool within =
        fmax(share_of_larger(d, d->lower, larger), share_of_larger(d, d->upper, larger)) <= c->loss_tolerance;
    return within ? LOSS_EQUAL : LOSS_NOT_SHOWN;
}

static double mean_at(const basin_comparison *k, const char *group, int point)
{
    const basin_estimate *loss = basin_comparison_estimate(k, "train_loss", group, point);

    return loss != NULL ? loss->mean : (double)NAN;
}

/* The losses at one kind of point; unequal ones mark every difference of the pair there. Raw points are
   always told, others where unequal. */
static basin_status judge_losses_at(basin_comparer *c, basin_pair *pair, const basin_difference *loss)
{
    static const char *const names[] = {"", "polished, ", "averaged, "};
    basin_status             st = BASIN_OK;
    basin_comparison        *k = c->result;
    const basin_group       *group = &k->groups[pair->group], *base = &k->groups[pair->base];
    bool                     paired = loss->point == BASIN_POINT_RAW && pair->count > 0;
    double       a = paired ? mean_loss(k, pair->rows, pair->count) : mean_at(k, group->name, loss->point);
    double       b = paired ? mean_loss(k, pair->others, pair->count) : mean_at(k, base->name, loss->point);
    double       larger = fmax(fabs(a), fabs(b)), relative = share_of_larger(loss, loss->mean, larger);
    loss_verdict judged = judge_loss(c, loss, larger, relative);
    const char  *verdict = loss_verdicts[judged];
    bool         unequal = judged == LOSS_UNEQUAL;

    if (loss->point == BASIN_POINT_RAW) pair->losses_equal = judged == LOSS_EQUAL;
    k->losses_unequal = k->losses_unequal || unequal;
    for (size_t j = pair->first; j < pair->first + pair->differences; j++)
        if (k->differences[j].point == loss->point) k->differences[j].losses_unequal = unequal;
    if (loss->point != BASIN_POINT_RAW && !unequal) goto done;
    BASIN_TRY(basin_comparison_append(
        &k->losses_note, "; ",
        loss->pairs == 0
            ? basin_format("%s%s %.4g against %s %.4g: %s", names[loss->point], group->name, a, base->name, b,
                           verdict)
            : basin_format("%s%s %.4g against %s %.4g: %s (relative difference %.2g, tolerance %.2g)",
                           names[loss->point], group->name, a, base->name, b, verdict, relative,
                           c->loss_tolerance)));
done:
    return st;
}

/* `at_loss`: the raw points are equal by construction, and only the others are looked at. */
static basin_status judge_pair_losses(basin_comparer *c, basin_pair *pair, bool at_loss)
{
    basin_status st = BASIN_OK;

    pair->losses_equal = at_loss;
    for (size_t i = pair->first; i < pair->first + pair->differences; i++) {
        const basin_difference *d = &c->result->differences[i];
        if (strcmp(d->measure, "train_loss") != 0 || (at_loss && d->point == BASIN_POINT_RAW)) continue;
        BASIN_TRY(judge_losses_at(c, pair, d));
    }
done:
    return st;
}

static bool interpolated(const basin_comparison *k)
{
    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            if (k->rows[k->groups[g].rows[i]].train_loss.value != k->at_loss) return false;
    return true;
}

basin_status basin_comparison_judge_losses(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;

    bool at_loss = !isnan(k->at_loss) && interpolated(k);
    if (at_loss) {
        k->losses_note = basin_format(
            "equal by construction at %g where measured (on the checkpoints themselves)", k->at_loss);
        BASIN_CHECK(k->losses_note != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
    }
    for (size_t i = 0; i < c->pair_count; i++)
        if (!c->pairs[i].continuation) BASIN_TRY(judge_pair_losses(c, &c->pairs[i], at_loss));
done:
    return st;
}
