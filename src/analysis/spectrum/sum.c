/* tr f(H) from eigenpairs and the quadrature of what they leave over, with its error bar.
 *
 * Method, k pairs θ held, rules of m probes of the complement, n = P − k
 *   1. Value: Σ f(θ_i) + n mean ½(Gauss + anti-Gauss).
 *   2. Sampling: 1.15 × 1.96 standard deviations of the mean (quadrature.c), from the rules' own tr f²,
 *      not from the spread of m numbers; 1.15 is what the calibration asks for. Where f >= 0 the estimate is
 *      a sum of squares with positive weights, skewed to the right as χ²_ν is, ν = 2 value²/variance
 *      (Satterthwaite 1946), so the interval is that of χ²_ν/ν (Wilson & Hilferty 1931) and longer upwards.
 *   3. Quadrature: 1.5 times the largest n |mean (anti-Gauss − Gauss)| / 2 over the last quarter of the
 *      step counts. That half difference alone would hold the error of the mean in most cases, but not where
 *      most of the eigenvalues lie in the kink of |λ|; the factor is what the calibration asks for
 *      (docs/measures.md). Where the half difference is not small beside the sum, the two rules are not yet
 *      where their errors have opposite signs, and both may err to one side: up to five times as much then.
 *   4. Pairs: their residuals r couple them to the complement. To first order that does not move tr f, since
 *      the perturbation has no diagonal block; each θ moves by at most 2r²/(g + √(g² + 4r²)), g its
 *      distance from the complement's spectrum, never by more than r (Li & Li, Linear Algebra Appl. 395,
 *      2005; for each pair an estimate, since g is taken from the outermost nodes), and the complement's
 *      eigenvalues move the other way by as much in all.
 *   5. Rounding: the product with a random unit vector is off by at most 4 ε ‖H‖_F/√P, as measured in single
 *      precision against double on networks of every kind (tests/analysis/test_rounding.c), so the error of H
 *      has the Frobenius norm E = 4 ε ‖H‖_F, and all eigenvalues together move by √P E at most (Hoffman &
 *      Wielandt, Duke Math. J. 20, 1953). Products by differences are off by ε‖H‖ whatever the vector:
 *      E = √P ε ‖H‖.
 *   6. The interval: the first three in squares, rounding added.
 *
 * References: F. Satterthwaite, Biometrics Bulletin 2(6), 1946. E. Wilson, M. Hilferty, PNAS 17(12), 1931.
 */
#include "analysis/spectrum/sum.h"

#include <math.h>

#include "analysis/compare/comparison.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"

#define Z BASIN_QUADRATURE_Z
#define TRUST 1.5    /* multiples of the indicator */
#define MARGIN 1.15  /* multiples of the sampling error: with 1.05 one spectrum in 15 was held in 91 % */
#define ROUNDING 4.0 /* of a product with a random unit vector, in ε‖H‖_F/√P */

/* --------------------------------------------------------------------------------------------- opening -- */

/* Step 4. */
static void measure_moves(basin_sums *sums)
{
    const basin_spectrum *s = sums->spectrum;
    double                low, high;

    basin_rules_range(&sums->rules, &low, &high);
    for (size_t i = 0; i < s->count; i++) {
        double r = s->residuals[i];
        double gap = fmax(fmax(s->eigenvalues[i] - high, low - s->eigenvalues[i]), 0.0);
        sums->moves[i] = r > 0.0 ? 2.0 * r * r / (gap + sqrt(gap * gap + 4.0 * r * r)) : 0.0;
    }
}

basin_status basin_sums_open(const basin_spectrum *s, basin_sums *out)
{
    basin_status st = BASIN_OK;

    *out = (basin_sums){.spectrum = s};
    BASIN_TRY(basin_spectrum_check(s));
    BASIN_CHECK(s->count == s->parameters || s->quadrature.probes > 0, BASIN_ERR_ARG,
                "a spectrum of %zu eigenvalues of %zu says nothing of sums over all of them", s->count,
                s->parameters);
    for (size_t i = 0; i < s->count; i++) out->norm = fmax(out->norm, fabs(s->eigenvalues[i]));
    BASIN_ALLOC(out->moves, s->count, "errors of eigenvalues");
    if (s->count == s->parameters) {
        basin_copy(s->residuals, out->moves, s->count);
        goto done;
    }
    BASIN_TRY(basin_rules_create(&s->quadrature, &out->rules));
    measure_moves(out);
done:
    return st;
}

void basin_sums_close(basin_sums *sums)
{
    basin_rules_clear(&sums->rules);
    basin_free(sums->moves);
    sums->moves = NULL;
}

double basin_sums_largest(const basin_sums *sums)
{
    double low, high;

    if (sums->rules.probes == 0) return 0.0;
    basin_rules_range(&sums->rules, &low, &high);
    return fmax(fabs(low), fabs(high));
}

/* ------------------------------------------------------------------------------------------------ sums -- */

/* Student's with the margin; the expansion in 1/ν is good to 1e-5 there (Abramowitz & Stegun 26.7.5). */
static double quantile_of(double degrees)
{
    const double z = Z, z3 = z * z * z, z5 = z3 * z * z;

    if (degrees < 30.0) return MARGIN * basin_student_t975(degrees > 1.0 ? (size_t)degrees : 1);
    return MARGIN *
           (z + (z3 + z) / (4.0 * degrees) + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * degrees * degrees));
}

/* How far the sampling error of a sum of f >= 0 reaches below and above it: step 2. */
static void reach_of(basin_rules_sum sum, double *below, double *above)
{
    double value = sum.value, c2 = sum.deviation * sum.deviation / (9.0 * value * value), c = sqrt(c2);
    double quantile = quantile_of(sum.degrees), high = 1.0 - c2 - quantile * c;

    *below = *above = quantile * sum.deviation;
    if (!(value > 0.0) || !(sum.deviation > 0.0)) return;
    *below = value - value / pow(1.0 - c2 + quantile * c, 3.0);
    *above = high > 0.0 ? value / pow(high, 3.0) - value : INFINITY;
}

/* Of an f that changes sign the error is as likely to either side, but for a skewness that is small beside
   the interval. */
static void reach(const basin_rules *rules, const basin_summand *f, basin_rules_sum sum, double *below,
                  double *above)
{
    if (basin_rules_never_negative(rules, f))
        reach_of(sum, below, above);
    else
        *below = *above = quantile_of(sum.degrees) * sum.deviation;
}

/* Of what the pairs held may be off by: each by its own move, and the complement's by as much. */
static double pairs_part(const basin_sums *sums, const basin_summand *f)
{
    double part = 0.0;

    for (size_t i = 0; i < sums->spectrum->count; i++) {
        double theta = sums->spectrum->eigenvalues[i], move = sums->moves[i];
        double up = f->f(theta + move, f->ctx), down = f->f(theta - move, f->ctx);
        double own = f->f(theta, f->ctx);
        part += fmax(fabs(up - own), fabs(down - own));
        if (sums->rules.probes > 0) part += f->slope * move;
    }
    return part;
}

/* Step 5: the Frobenius norm of the error of H. */
static double rounding_of(const basin_sums *sums)
{
    const basin_spectrum *s = sums->spectrum;

    return s->approximate ? sqrt((double)s->parameters) * s->epsilon * sums->norm
                          : ROUNDING * s->epsilon * sqrt(fmax(s->frobenius2, 0.0));
}

basin_spectral_sum basin_sums_of(const basin_sums *sums, const basin_summand *f)
{
    const basin_spectrum *s = sums->spectrum;
    basin_spectral_sum    out = {0};
    double                below = 0.0, above = 0.0;

    for (size_t i = 0; i < s->count; i++) out.value += f->f(s->eigenvalues[i], f->ctx);
    out.pairs = pairs_part(sums, f);
    if (sums->rules.probes > 0) {
        basin_rules_sum rest = basin_rules_trace(&sums->rules, f);
        out.value += rest.value;
        out.sampling = quantile_of(rest.degrees) * rest.deviation;
        out.quadrature = TRUST * rest.indicator * (1.0 + fmin(6.0 * rest.indicator / fabs(out.value), 4.0));
        out.rounding = sqrt((double)s->parameters) * rounding_of(sums) * f->slope;
        reach(&sums->rules, f, rest, &below, &above);
    }
    double others = hypot(out.quadrature, out.pairs);
    out.lower = out.value - hypot(below, others) - out.rounding;
    out.upper = out.value + hypot(above, others) + out.rounding;
    return out;
}

basin_status basin_spectrum_sum(const basin_spectrum *spectrum, const basin_summand *summand,
                                basin_spectral_sum *out)
{
    basin_status st = BASIN_OK;
    basin_sums   sums = {0};

    BASIN_TRY(basin_sums_open(spectrum, &sums));
    *out = basin_sums_of(&sums, summand);
done:
    basin_sums_close(&sums);
    return st;
}

/* ---------------------------------------------------------------------------------------------- shares -- */

/* Of the pairs held, how many lie at x or below it for certain, and at most. */
static void count_held(const basin_sums *sums, double x, double *least, double *most)
{
    const basin_spectrum *s = sums->spectrum;

    *least = *most = 0.0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->eigenvalues[i] + sums->moves[i] <= x) *least += 1.0;
        if (s->eigenvalues[i] - sums->moves[i] <= x) *most += 1.0;
    }
}

/* Means over the probes of the bounds of μ((−∞, x]). */
static basin_status bound_rest(const basin_quadrature *q, double x, double *low, double *high)
{
    basin_status st = BASIN_OK;
    double      *room = NULL, one_low, one_high;

    *low = *high = 0.0;
    BASIN_ALLOC(room, 3 * (q->steps + 1), "a Jacobi matrix");
    for (size_t j = 0; j < q->probes; j++) {
        BASIN_TRY(basin_radau_bounds(q->alpha + j * q->steps, q->beta + j * q->steps, q->taken[j], x, room,
                                     room + q->steps + 1, room + 2 * (q->steps + 1), &one_low, &one_high));
        *low += one_low / (double)q->probes;
        *high += one_high / (double)q->probes;
    }
done:
    basin_free(room);
    return st;
}

/* A share has f = f², so its variance is 2 F(1 − F)/(n + 2) over m. Of a share near 0 or 1 the normal law
   is too short; Wilson's interval is used, with (n + 2) m / 2 trials. */
static void wilson(double share, double trials, double *low, double *high)
{
    double z2 = Z * Z, centre = (share + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    double half =
        Z / (1.0 + z2 / trials) * sqrt(share * (1.0 - share) / trials + z2 / (4.0 * trials * trials));

    *low = fmax(centre - half, 0.0), *high = fmin(centre + half, 1.0);
}

basin_status basin_sums_share(const basin_sums *sums, double x, basin_spectral_sum *out)
{
    basin_status            st = BASIN_OK;
    const basin_quadrature *q = &sums->spectrum->quadrature;
    double                  p = (double)sums->spectrum->parameters, n = (double)q->dimension;
    double                  least, most, low = 0.0, high = 0.0, down = 0.0, up = 0.0, ignored;

    count_held(sums, x, &least, &most);
    if (sums->rules.probes > 0) {
        double trials = 0.5 * (n + 2.0) * (double)q->probes;
        BASIN_TRY(bound_rest(q, x, &low, &high));
        wilson(low, trials, &down, &ignored);
        wilson(high, trials, &ignored, &up);
        low *= n, high *= n, down *= n, up *= n;
    }
    /* the truth is a whole number; it also is what inexact pairs leave to the probes that goes to the next */
    *out = (basin_spectral_sum){.value = 0.5 * (least + most + low + high) / p,
                                .lower = (least + floor(down)) / p,
                                .upper = (most + ceil(up)) / p,
                                .sampling = fmax(low - down, up - high) / p,
                                .quadrature = 0.5 * (high - low) / p,
                                .pairs = 0.5 * (most - least) / p};
done:
    return st;
}

basin_status basin_spectrum_share(const basin_spectrum *spectrum, double x, basin_spectral_sum *out)
{
    basin_status st = BASIN_OK;
    basin_sums   sums = {0};

    BASIN_TRY(basin_sums_open(spectrum, &sums));
    BASIN_TRY(basin_sums_share(&sums, x, out));
done:
    basin_sums_close(&sums);
    return st;
}

/* --------------------------------------------------------------------------------------------- moments -- */

static double identity(double x, const void *ctx)
{
    (void)ctx;
    return x;
}

static double square(double x, const void *ctx)
{
    (void)ctx;
    return x * x;
}

/* What the residuals may add to Σ θ² is part of the limit, as in probe.c. */
basin_status basin_spectrum_moments(basin_spectrum *s)
{
    basin_status    st = BASIN_OK;
    basin_sums      sums = {0};
    basin_rules_sum squares, trace;
    double          slack = basin_spectrum_add_held(s);

    BASIN_TRY(basin_sums_open(s, &sums));
    s->frobenius2_upper = s->frobenius2 + slack;
    s->frobenius2_error = s->trace_error = 0.0;
    if (s->quadrature.probes == 0) goto done;
    squares = basin_rules_trace(&sums.rules, &(basin_summand){square, NULL, 0.0});
    trace = basin_rules_trace(&sums.rules, &(basin_summand){identity, NULL, 0.0});
    s->frobenius2_upper += basin_frobenius_upper(squares.value, s->quadrature.probes,
                                                 basin_spectrum_leftover(s), s->quadrature.dimension);
    s->frobenius2 += squares.value;
    s->frobenius2_error = squares.deviation;
    s->trace += trace.value;
    s->trace_error = trace.deviation;
done:
    basin_sums_close(&sums);
    return st;
}
