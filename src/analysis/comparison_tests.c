/* Estimates and tests over seeds.
 *
 *   t-interval      mean ± t_{0.975, n-1} s/√n
 *   sign flip       under the hypothesis that the sign of each paired difference is a coin's, p = the share of the 2ⁿ sign patterns
 *                   whose |sum| is at least the one seen (R. A. Fisher, «The Design of Experiments», 1935, section 21). It cannot
 *                   fall below 2/2ⁿ.
 *   Holm            p_(i) (m − i + 1), made monotone: S. Holm, Scand. J. Statist. 6, 1979, over the measures of one question.
 *
 * Pairs are runs of equal recorded seed. Where both runs have a checkpoint of step 0, it must show the same start (‖θ‖ and training
 * loss to 1e-9): otherwise they are no pair.
 *
 * Quantile of t: A(t | ν) = P(|T| <= t) is a finite sum in sin and cos of atan(t/√ν) (M. Abramowitz & I. Stegun, 26.7.3 and 26.7.4),
 * solved by bisection; above ν = 1000 Fisher's expansion around the normal quantile (26.7.5), whose next term is under 1e-13 there.
 */
#include "analysis/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"

#define NONE SIZE_MAX
#define START_TOLERANCE 1e-9
#define TIE 1e-12 /* sums that differ by less, relative to Σ|d|, are equal but for rounding */

enum { ENUMERATED = 24, SAMPLED = 100000 };

/* -------------------------------------------------------------------------------------------- Student's t -- */

static double student_central(double angle, size_t dof)
{
    double s = sin(angle), c = cos(angle), c2 = c * c, term, sum;

    if (dof == 1) return angle * 2.0 / 3.14159265358979323846;
    term = sum = dof % 2 == 1 ? c : 1.0;
    for (size_t k = dof % 2 == 1 ? 2 : 1; k + 2 <= dof - (dof % 2 == 1 ? 1 : 0); k += 2) {
        term *= c2 * (double)k / (double)(k + 1);
        sum += term;
    }
    return dof % 2 == 1 ? (angle + s * sum) * 2.0 / 3.14159265358979323846 : s * sum;
}

double basin_student_t975(size_t dof)
{
    if (dof == 0) return NAN;
    if (dof > 1000) {
        double z = 1.959963984540054, z2 = z * z, n = (double)dof;
        double g1 = z * (z2 + 1.0) / 4.0, g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
               g3 = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
        double g4 = z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92160.0;
        return z + (g1 + (g2 + (g3 + g4 / n) / n) / n) / n;
    }
    double low = 0.0, high = 1.57079632679489661923;
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high);
        if (student_central(middle, dof) < 0.95) low = middle;
        else high = middle;
    }
    return sqrt((double)dof) * tan(0.5 * (low + high));
}

/* ---------------------------------------------------------------------------------------------- sign flip -- */

/* All patterns in the order of a Gray code, one flip each; the first sign stays, since flipping all changes no |sum|. */
static double sign_flip_all(const double *d, size_t n, double seen, double slack)
{
    double   sum = 0.0, sign[ENUMERATED];
    uint64_t patterns = (uint64_t)1 << (n - 1), count = 0;

    for (size_t i = 0; i < n; i++) sign[i] = 1.0, sum += d[i];
    for (uint64_t pattern = 1;; pattern++) {
        if (fabs(sum) >= seen - slack) count++;
        if (pattern == patterns) break;
        size_t flip = 1;
        while ((pattern >> (flip - 1) & 1) == 0) flip++;
        sign[flip] = -sign[flip];
        sum += 2.0 * sign[flip] * d[flip];
    }
    return (double)count / (double)patterns;
}

/* Drawn patterns; +1 counts the one seen, so that p is never 0 (B. Phipson & G. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010). */
static double sign_flip_drawn(const double *d, size_t n, double seen, double slack)
{
    basin_random random = basin_random_start(1, BASIN_STREAM_SIGN_FLIP);
    uint64_t     bits = 0;
    size_t       count = 1;

    for (size_t draw = 0; draw < SAMPLED; draw++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            if (i % 64 == 0) bits = basin_random_bits(&random);
            sum += bits >> (i % 64) & 1 ? d[i] : -d[i];
        }
        if (fabs(sum) >= seen - slack) count++;
    }
    return (double)count / (SAMPLED + 1.0);
}

double basin_sign_flip_p(const double *differences, size_t n)
{
    double sum = 0.0, size = 0.0;

    for (size_t i = 0; i < n; i++) sum += differences[i], size += fabs(differences[i]);
    if (n == 0 || !isfinite(size)) return NAN;
    return n <= ENUMERATED ? sign_flip_all(differences, n, fabs(sum), TIE * size) : sign_flip_drawn(differences, n, fabs(sum), TIE * size);
}

/* -------------------------------------------------------------------------------------------------- Holm -- */

/* Smallest first. What is done is kept as -1 - p, below 0, until all are. */
void basin_holm(double *p, size_t n)
{
    size_t family = 0;
    double adjusted = 0.0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i])) family++;
    for (size_t left = family; left > 0;) {
        double smallest = INFINITY;
        size_t ties = 0;
        for (size_t i = 0; i < n; i++)
            if (p[i] >= 0.0 && p[i] < smallest) smallest = p[i];
        adjusted = fmax(adjusted, fmin(1.0, smallest * (double)left));
        for (size_t i = 0; i < n; i++)
            if (p[i] == smallest) p[i] = -1.0 - adjusted, ties++;
        left -= ties;
    }
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0.0) p[i] = -1.0 - p[i];
}

size_t basin_pairs_needed(size_t family, double level)
{
    size_t n = 1;

    while (ldexp(2.0, -(int)n) * (double)family > level && n < 1000) n++;
    return n;
}

/* ---------------------------------------------------------------------------------------------- estimates -- */

static void mean_and_interval(const double *x, size_t n, double *mean, double *sd, double *lower, double *upper)
{
    double sum = 0.0, square = 0.0;

    for (size_t i = 0; i < n; i++) sum += x[i];
    *mean = n > 0 ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < n; i++) square += (x[i] - *mean) * (x[i] - *mean);
    *sd = n > 1 ? sqrt(square / (double)(n - 1)) : (double)NAN;
    double half = n > 1 ? basin_student_t975(n - 1) * *sd / sqrt((double)n) : (double)NAN;
    *lower = *mean - half, *upper = *mean + half;
}

static basin_status estimate(basin_comparer *c, const basin_compared *measure, const basin_group *group, double *x, basin_estimate *out)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < group->run_count; i++) {
        const basin_measures *row = &c->result->rows[group->rows[i]];
        double                value = measure->value(row);
        if (isfinite(value) && !(measure->whole && basin_is_truncated(row))) x[out->n++] = value;
    }
    mean_and_interval(x, out->n, &out->mean, &out->sd, &out->lower, &out->upper);
    BASIN_STRDUP(out->measure, measure->name);
    BASIN_STRDUP(out->group, group->name);
done:
    return st;
}

/* -------------------------------------------------------------------------------------------------- pairs -- */

typedef struct pairing { /* of a group with a base: rows of the same seed */
    size_t  count;
    size_t *group, *base; /* [count] row indices */
} pairing;

/* The row of that seed; NONE if there is none or more than one. */
static size_t find_seed(const basin_comparison *k, const basin_group *group, int64_t seed)
{
    size_t found = NONE;

    for (size_t i = 0; i < group->run_count; i++)
        if (k->rows[group->rows[i]].seed == seed) {
            if (found != NONE) return NONE;
            found = group->rows[i];
        }
    return found;
}

static const basin_measures *find_start(const basin_comparison *k, const basin_measures *run)
{
    for (size_t i = 0; i < k->row_count; i++)
        if (k->rows[i].step == 0 && k->rows[i].missing == NULL && basin_same_run(&k->rows[i], run)) return &k->rows[i];
    return NULL;
}

static bool close_to(double a, double b)
{
    return fabs(a - b) <= START_TOLERANCE * fmax(fabs(a), fabs(b));
}

static bool same_start(basin_comparer *c, const basin_measures *a, const basin_measures *b)
{
    const basin_measures *start_a = find_start(c->result, a), *start_b = find_start(c->result, b);

    if (start_a == NULL || start_b == NULL) {
        c->starts_checked = false;
        return true;
    }
    return close_to(start_a->theta_norm, start_b->theta_norm) && close_to(start_a->train_loss, start_b->train_loss);
}

static basin_status pair_by_seed(basin_comparer *c, const basin_group *group, const basin_group *base, pairing *pairs)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    BASIN_ALLOC(pairs->group, group->run_count, "pairs");
    BASIN_ALLOC(pairs->base, group->run_count, "pairs");
    for (size_t i = 0; i < group->run_count; i++) {
        const basin_measures *row = &k->rows[group->rows[i]];
        size_t own = row->seed >= 0 ? find_seed(k, group, row->seed) : NONE, other = row->seed >= 0 ? find_seed(k, base, row->seed) : NONE;
        if (own == NONE || other == NONE || !same_start(c, row, &k->rows[other])) continue;
        pairs->group[pairs->count] = own;
        pairs->base[pairs->count++] = other;
    }
done:
    return st;
}

/* ---------------------------------------------------------------------------------------------- differences -- */

static double smallest_p(size_t pairs)
{
    if (pairs == 0) return NAN;
    return pairs <= ENUMERATED ? ldexp(2.0, -(int)pairs) : 1.0 / (SAMPLED + 1.0);
}

/* Do the two values mean the same thing? A part of a sum, or another alpha or rho, does not. */
static bool comparable(const basin_compared *measure, const basin_measures *a, const basin_measures *b)
{
    if (measure->whole && (basin_is_truncated(a) || basin_is_truncated(b))) return false;
    if (measure->setting == NULL) return true;
    double x = measure->setting(a), y = measure->setting(b);
    return x == y || (isnan(x) && isnan(y));
}

static basin_status difference(basin_comparer *c, const basin_compared *measure, const basin_group *group, const basin_group *base,
                               const pairing *pairs, double *x, basin_difference *out)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    double                  sd;

    for (size_t i = 0; i < pairs->count; i++) {
        const basin_measures *a = &k->rows[pairs->group[i]], *b = &k->rows[pairs->base[i]];
        double                value = measure->value(a) - measure->value(b);
        if (isfinite(value) && comparable(measure, a, b)) x[out->pairs++] = value;
    }
    out->paired = pairs->count > 0;
    mean_and_interval(x, out->pairs, &out->mean, &sd, &out->lower, &out->upper);
    if (!out->paired)
        out->mean = basin_comparison_estimate(k, measure->name, group->name)->mean - basin_comparison_estimate(k, measure->name, base->name)->mean;
    out->p = out->p_holm = basin_sign_flip_p(x, out->pairs);
    out->p_smallest = smallest_p(out->pairs);
    BASIN_STRDUP(out->measure, measure->name);
    BASIN_STRDUP(out->group, group->name);
    BASIN_STRDUP(out->base, base->name);
done:
    return st;
}

static basin_status judge(const basin_comparer *c, size_t family, basin_difference *d)
{
    basin_status st = BASIN_OK;

    if (!d->paired) d->verdict = basin_strdup("not paired");
    else if (d->pairs == 0) d->verdict = basin_strdup("not measured");
    else if (d->p_smallest * (double)family > c->level)
        d->verdict = basin_format("%zu seed%s cannot decide; %zu would", d->pairs, d->pairs == 1 ? "" : "s", basin_pairs_needed(family, c->level));
    else if (d->p_holm <= c->level) d->verdict = basin_strdup(d->mean < 0.0 ? "lower" : "higher");
    else d->verdict = basin_strdup("undecided");
    BASIN_CHECK(d->verdict != NULL, BASIN_ERR_NOMEM, "out of memory for a verdict");
done:
    return st;
}

/* Holm and the verdicts for one question; `rows` are the differences of one pair of groups in the order of the table. */
static basin_status judge_question(const basin_comparer *c, basin_question question, basin_difference *rows, double *p)
{
    basin_status st = BASIN_OK;
    size_t       family = 0;

    for (size_t i = 0; i < basin_compared_count; i++) {
        bool mine = basin_compared_measures[i].question == question;
        p[i] = mine ? rows[i].p : (double)NAN;
        if (!isnan(p[i])) family++;
    }
    basin_holm(p, basin_compared_count);
    for (size_t i = 0; i < basin_compared_count; i++) {
        if (basin_compared_measures[i].question != question) continue;
        rows[i].p_holm = p[i];
        BASIN_TRY(judge(c, family, &rows[i]));
    }
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- equal losses -- */

static double mean_loss(const basin_comparison *k, const size_t *rows, size_t count)
{
    double sum = 0.0;

    for (size_t i = 0; i < count; i++) sum += k->rows[rows[i]].train_loss;
    return sum / (double)count;
}

/* Unequal: the mean losses (of the pairs, if there are any) differ by more than the tolerance, relative to the larger, and the
   seeds do not explain it (the paired interval leaves out 0; without an interval the means decide). Equal: the whole interval
   lies within the tolerance. Between the two the seeds do not tell, and the note says that. */
static basin_status judge_losses(basin_comparer *c, const basin_group *group, const basin_group *base, const pairing *pairs, basin_difference *rows)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    const basin_difference *d = &rows[basin_compared_find("train_loss")];
    bool              interval = isfinite(d->lower) && isfinite(d->upper), apart = !interval || d->lower > 0.0 || d->upper < 0.0;
    double            a = pairs->count > 0 ? mean_loss(k, pairs->group, pairs->count) : mean_loss(k, group->rows, group->run_count);
    double            b = pairs->count > 0 ? mean_loss(k, pairs->base, pairs->count) : mean_loss(k, base->rows, base->run_count);
    double            larger = fmax(fabs(a), fabs(b)), relative = larger > 0.0 ? fabs(a - b) / larger : 0.0;
    const char       *verdict = "not shown to be equal, nor unequal";

    if (relative > c->loss_tolerance && apart) {
        verdict = "unequal";
        k->losses_unequal = true;
        for (size_t i = 0; i < basin_compared_count; i++) rows[i].losses_unequal = true;
    } else if (interval && fmax(fabs(d->lower), fabs(d->upper)) <= c->loss_tolerance * larger) verdict = "equal within the tolerance";
    BASIN_TRY(basin_comparison_append(&k->losses_note, "; ",
                                      basin_format("%s %.4g against %s %.4g: %s (relative difference %.2g, tolerance %.2g)", group->name, a,
                                                   base->name, b, verdict, relative, c->loss_tolerance)));
done:
    return st;
}

static basin_status compare_groups(basin_comparer *c, const basin_group *group, const basin_group *base, double *x)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_difference *rows = &k->differences[k->difference_count];
    pairing           pairs = {0};
    double           *p = NULL;

    BASIN_ALLOC(p, basin_compared_count, "p-values");
    BASIN_TRY(pair_by_seed(c, group, base, &pairs));
    k->difference_count += basin_compared_count;
    for (size_t i = 0; i < basin_compared_count; i++) BASIN_TRY(difference(c, &basin_compared_measures[i], group, base, &pairs, x, &rows[i]));
    BASIN_TRY(judge_losses(c, group, base, &pairs, rows));
    for (int question = 0; question < BASIN_QUESTIONS; question++) BASIN_TRY(judge_question(c, (basin_question)question, rows, p));
done:
    basin_free(pairs.group);
    basin_free(pairs.base);
    basin_free(p);
    return st;
}

basin_status basin_comparison_infer(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    double           *x = NULL;

    c->starts_checked = true;
    BASIN_ALLOC(x, k->row_count, "values over seeds");
    BASIN_ALLOC(k->estimates, k->group_count * basin_compared_count, "estimates");
    for (size_t m = 0; m < basin_compared_count; m++)
        for (size_t g = 0; g < k->group_count; g++)
            BASIN_TRY(estimate(c, &basin_compared_measures[m], &k->groups[g], x, &k->estimates[k->estimate_count++]));
    BASIN_ALLOC(k->differences, k->group_count * basin_compared_count, "differences");
    for (size_t g = 0; g < k->group_count; g++)
        if (g != c->base) BASIN_TRY(compare_groups(c, &k->groups[g], &k->groups[c->base], x));
    if (c->budget != NONE) BASIN_TRY(compare_groups(c, &k->groups[c->budget_of], &k->groups[c->budget], x));
done:
    basin_free(x);
    return st;
}
