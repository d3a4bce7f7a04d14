/* One measure over seeds.
 *
 *   t-interval      mean ± t_{0.975, n-1} s/√n
 *   sign flip       under the hypothesis that the sign of each paired difference is a coin's, p = the share
 *                   of the 2ⁿ sign patterns whose |sum| is at least the one seen (R. A. Fisher, «The Design
 *                   of Experiments», 1935, section 21). It cannot fall below 2/2ⁿ. Exact where each
 *                   difference is symmetric about 0, as it is where swapping the labels of the two methods
 *                   within a seed changes nothing; not for mean-zero differences of another shape.
 *
 * Quantile of t: A(t | ν) = P(|T| <= t) is a finite sum in sin and cos of atan(t/√ν) (M. Abramowitz & I.
 * Stegun, 26.7.3 and 26.7.4), solved by bisection; above ν = 1000 Fisher's expansion around the normal
 * quantile (26.7.5), whose next term is under 1e-13 there.
 */
#include "analysis/compare/comparison.h"

#include <math.h>

#include "core/random.h"

#define TIE 1e-12 /* sums that differ by less, relative to Σ|d|, are equal but for rounding */

enum { ENUMERATED = 24, SAMPLED = 100000 };

/* ----------------------------------------------------------------------------------------- Student's t -- */

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

double basin_student_p(double t, size_t dof)
{
    return fmax(0.0, 1.0 - student_central(atan2(fabs(t), sqrt((double)dof)), dof));
}

/* x >= 0 at which a tail that falls with x is p. */
static double solve(double (*tail)(double x, size_t dof), double p, size_t dof)
{
    double low = 0.0, high = 1.0;

    while (tail(high, dof) > p && high < 1e300) low = high, high *= 2.0;
    for (int i = 0; i < 200; i++) {
        const double middle = 0.5 * (low + high);
        if (tail(middle, dof) > p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static double normal_tail(double x, size_t dof)
{
    (void)dof;
    return erfc(x / sqrt(2.0));
}

double basin_normal_quantile(double p)
{
    return solve(normal_tail, p, 0);
}

double basin_student_quantile(double p, size_t dof)
{
    return solve(basin_student_p, p, dof);
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
        if (student_central(middle, dof) < 0.95)
            low = middle;
        else
            high = middle;
    }
    return sqrt((double)dof) * tan(0.5 * (low + high));
}

/* ------------------------------------------------------------------------------------------- sign flip -- */

/* All patterns in the order of a Gray code, one flip each; the first sign stays, since flipping all changes
   no |sum|. */
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

/* Drawn patterns; +1 counts the one seen, so that p is never 0 (B. Phipson & G. Smyth, Stat. Appl. Genet.
   Mol. Biol. 9, 2010). */
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
    return n <= ENUMERATED ? sign_flip_all(differences, n, fabs(sum), TIE * size)
                           : sign_flip_drawn(differences, n, fabs(sum), TIE * size);
}

double basin_smallest_p(size_t pairs)
{
    if (pairs == 0) return NAN;
    return pairs <= ENUMERATED ? fmin(1.0, ldexp(2.0, -(int)pairs)) : 1.0 / (SAMPLED + 1.0);
}

size_t basin_pairs_needed(size_t tests, double level)
{
    size_t n = 1;

    while (ldexp(2.0, -(int)n) * (double)tests > level && n < 1000) n++;
    return n;
}

/* ------------------------------------------------------------------------------------------ t-interval -- */

void basin_mean_and_interval(const double *x, size_t n, double *mean, double *sd, double *lower,
                             double *upper)
{
    double sum = 0.0, square = 0.0;

    for (size_t i = 0; i < n; i++) sum += x[i];
    *mean = n > 0 ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < n; i++) square += (x[i] - *mean) * (x[i] - *mean);
    *sd = n > 1 ? sqrt(square / (double)(n - 1)) : (double)NAN;
    double half = n > 1 ? basin_student_t975(n - 1) * *sd / sqrt((double)n) : (double)NAN;
    *lower = *mean - half, *upper = *mean + half;
}
