/* Many measures at once: step-down under signs that are flipped jointly by seed.
 *
 * Hypothesis: within a seed the two methods are exchangeable, so that swapping their labels leaves the joint
 * distribution of all measures as it is. A swap turns the sign of every difference of that seed (of
 * logarithms too).
 *
 *   1. Patterns of one sign a seed: all 2^(n-1) with the first sign kept (flipping all changes no |sum|)
 *      while these are at most 65,536; above, 65,535 drawn ones with a seed, and the one seen.
 *   2. In each pattern, for each measure the two-sided tail of Student's t over its own pairs. A seed that
 *      lacks the measure adds nothing.
 *   3. With the tails seen in order t_(1) <= t_(2) <= …: adjusted p_(k) = share of patterns in which the
 *      least of t_(k), t_(k+1), … is at most what t_(k) is in the one seen, made monotone.
 *
 * P. Westfall & S. Young, «Resampling-Based Multiple Testing», 1993, algorithm 2.8; the one seen counts among
 * drawn ones, so that no p is 0 (B. Phipson & G. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010). The
 * probability that some true hypothesis is rejected is at most the level, for any dependence between the
 * measures, since flips keep it: the joint law of the true ones under flips does not hang on the others.
 *
 * Nothing is taken from Student's distribution but a common scale on which measures are held against each
 * other, over unequal numbers of pairs too. Within a measure Σd² does not change under flips, so t grows with
 * |sum|, and alone it gives the sign-flip p. That p itself would be the obvious scale, but with few seeds it
 * is all ties: among 24 measures over 8 seeds each is at its smallest p in some of the 128 patterns, however
 * small its differences are in their spread, and a strong effect then counts no more than these (simulated:
 * at two paired standard deviations nothing is found at all; see docs/measures.md).
 *
 * A measure that cannot reach the level with its pairs whatever their signs (three pairs: 2/2³) is never
 * decided, so it need not be guarded against: others are adjusted without it. Which they are does not change
 * under flips.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"
#include "core/random.h"

#define TIE 1e-9 /* tails that differ by less, relatively, are equal but for rounding */

enum { PATTERNS = 65536, ENUMERATED = 17 };

/* ------------------------------------------------------------------------------- tails in each pattern -- */

static double known(double difference)
{
    return isnan(difference) ? 0.0 : difference;
}

/* Sums over n seeds in every pattern: those with sign k turned follow from those without. */
static void sum_enumerated(const double *d, size_t n, double *sums)
{
    sums[0] = 0.0;
    for (size_t i = 0; i < n; i++) sums[0] += known(d[i]);
    for (size_t i = 1, done = 1; i < n; i++, done *= 2)
        for (size_t b = 0; b < done; b++) sums[done + b] = sums[b] - 2.0 * known(d[i]);
}

/* Every measure meets the same signs: the stream starts anew. */
static void sum_drawn(const double *d, size_t n, double *sums)
{
    basin_random random = basin_random_start(1, BASIN_STREAM_SIGN_FLIP);
    uint64_t     bits = 0;

    for (size_t b = 0; b < PATTERNS; b++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            if (b > 0 && i % 64 == 0) bits = basin_random_bits(&random);
            sum += b > 0 && bits >> (i % 64) & 1 ? -known(d[i]) : known(d[i]);
        }
        sums[b] = sum;
    }
}

/* t² = (n−1) r²/(1−r²), r² = (Σd)²/(n Σd²), of the pairs there are. */
static double tail(double sum, double square, size_t pairs)
{
    double share = square > 0.0 ? fmin(1.0, sum * sum / ((double)pairs * square)) : 0.0;

    return pairs > 1 ? basin_student_p(sqrt((double)(pairs - 1) * share / (1.0 - share)), pairs - 1) : 1.0;
}

basin_status basin_flips_create(const double *x, size_t m, size_t n, basin_flips *out)
{
    basin_status st = BASIN_OK;
    basin_flips  flips = {.measures = m,
                          .patterns = n == 0            ? 1
                                      : n <= ENUMERATED ? (size_t)1 << (n - 1)
                                                        : PATTERNS};
    size_t       entries = 0;

    BASIN_CHECK(basin_mul(m, flips.patterns, &entries), BASIN_ERR_NOMEM, "too many measures: %zu", m);
    BASIN_ALLOC(flips.p, entries, "patterns of signs");
    for (size_t i = 0; i < m; i++) {
        const double *d = x + i * n;
        double       *p = flips.p + i * flips.patterns, square = 0.0;
        size_t        pairs = 0;
        for (size_t s = 0; s < n; s++) square += known(d[s]) * known(d[s]), pairs += isnan(d[s]) ? 0 : 1;
        if (n <= ENUMERATED)
            sum_enumerated(d, n, p);
        else
            sum_drawn(d, n, p);
        for (size_t b = 0; b < flips.patterns; b++)
            p[b] = pairs > 0 ? tail(p[b], square, pairs) : (double)NAN;
    }
    *out = flips, flips = (basin_flips){0};
done:
    basin_flips_clear(&flips);
    return st;
}

void basin_flips_clear(basin_flips *flips)
{
    basin_free(flips->p);
    *flips = (basin_flips){0};
}

/* ------------------------------------------------------------------------------------------- step-down -- */

/* Which of two comes later: the one that is not able, else the one of larger tail. */
static bool later(const basin_flips *f, const bool *able, size_t i, size_t j)
{
    return able[i] != able[j] ? able[j] : f->p[i * f->patterns] > f->p[j * f->patterns];
}

/* The members that are measured, last ones first; their number. */
static size_t order_members(const basin_flips *f, const bool *member, const bool *able, size_t *order)
{
    size_t count = 0;

    for (size_t i = 0; i < f->measures; i++) {
        size_t at = count;
        if (!member[i] || isnan(f->p[i * f->patterns])) continue;
        for (; at > 0 && later(f, able, i, order[at - 1]); at--) order[at] = order[at - 1];
        order[at] = i;
        count++;
    }
    return count;
}

/* least ← min(least, tail of the measure) in every pattern; the share of patterns in which that is at most
   the tail seen. */
static double lower_least(const double *p, size_t patterns, double *least)
{
    size_t count = 0;

    for (size_t b = 0; b < patterns; b++) {
        if (p[b] < least[b]) least[b] = p[b];
        count += least[b] <= p[0] * (1.0 + TIE) ? 1 : 0;
    }
    return (double)count / (double)patterns;
}

basin_status basin_step_down(const basin_flips *flips, const bool *member, const bool *able, double *adjusted)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL, count;
    double      *least = NULL;

    BASIN_ALLOC(order, flips->measures, "order of measures");
    BASIN_ALLOC(least, flips->patterns, "least tail of each pattern");
    for (size_t i = 0; i < flips->measures; i++) adjusted[i] = NAN;
    count = order_members(flips, member, able, order);
    for (size_t k = 0; k < count; k++) {
        if (k == 0 || able[order[k]] != able[order[k - 1]])
            for (size_t b = 0; b < flips->patterns; b++) least[b] = INFINITY;
        adjusted[order[k]] = lower_least(flips->p + order[k] * flips->patterns, flips->patterns, least);
    }
    for (size_t k = count; k-- > 1;)
        adjusted[order[k - 1]] = fmax(adjusted[order[k - 1]], adjusted[order[k]]);
done:
    basin_free(order);
    basin_free(least);
    return st;
}
