/* How eigenvalues are spread, from pairs and the quadrature of what they leave over.
 *
 * Method
 *   1. The share of eigenvalues <= x lies, for each probe's measure, between the weights of the Radau rule's
 *      nodes below x and those up to x (quadrature.c): a bound of what finitely many steps leave open. Around
 *      it stands the probes' sampling error (sum.c). Places: both signs of 10^(−j/5) Λ over six decades,
 *      and 0.
 *   2. Near zero is |λ| <= 1e-3 Λ: the shares at its two ends give the three masses. Zero itself is no
 *      place to divide at: rounding gives the zeros of a rank-deficient Hessian either sign.
 *   3. Per decade of |λ|: tr φ(log₁₀|x| − log₁₀|H|) over each sign, φ Gaussian of standard
 *      deviation 0.1, a sum like any other (sum.c).
 *
 * Broadening is for the eye: the nodes themselves are stored.
 */
#include <math.h>

#include "analysis/spectrum/spectrum.h"
#include "analysis/spectrum/sum.h"
#include "core/memory.h"

enum { PER_DECADE = 5, DECADES = 6, LOG_PER_DECADE = 10 };

#define NEAR_ZERO 1e-3 /* of Λ */
#define LOG_WIDTH 0.1  /* decades */

enum { SIDE = PER_DECADE * DECADES + 1, LOG_PLACES = LOG_PER_DECADE * DECADES + 1 };

/* ---------------------------------------------------------------------------------------------- shares -- */

/* The share grows with x, so a lower end holds at every place to the right, an upper one to the left. */
static void make_monotone(basin_density *d)
{
    for (size_t i = 1; i < d->count; i++) {
        size_t back = d->count - 1 - i;
        d->lower[i] = fmax(d->lower[i], d->lower[i - 1]);
        d->upper[back] = fmin(d->upper[back], d->upper[back + 1]);
        d->below[i] = fmax(d->below[i], d->below[i - 1]);
    }
    for (size_t i = 0; i < d->count; i++) d->below[i] = fmin(fmax(d->below[i], d->lower[i]), d->upper[i]);
}

static basin_status cumulate(const basin_sums *sums, basin_density *d)
{
    basin_status       st = BASIN_OK;
    basin_spectral_sum share;

    BASIN_ALLOC(d->at, 2 * SIDE + 1, "density");
    BASIN_ALLOC(d->below, 2 * SIDE + 1, "density");
    BASIN_ALLOC(d->lower, 2 * SIDE + 1, "density");
    BASIN_ALLOC(d->upper, 2 * SIDE + 1, "density");
    d->count = 2 * SIDE + 1;
    for (size_t i = 0; i < SIDE; i++) {
        double x = sums->norm * pow(10.0, -(double)i / PER_DECADE);
        d->at[i] = -x, d->at[2 * SIDE - i] = x;
    }
    for (size_t i = 0; i < d->count; i++) {
        BASIN_TRY(basin_sums_share(sums, d->at[i], &share));
        d->below[i] = share.value, d->lower[i] = share.lower, d->upper[i] = share.upper;
    }
    make_monotone(d);
done:
    return st;
}

static basin_spectral_sum one_minus(basin_spectral_sum share)
{
    basin_spectral_sum out = share;

    out.value = 1.0 - share.value;
    out.lower = 1.0 - share.upper, out.upper = 1.0 - share.lower;
    return out;
}

static basin_status divide(const basin_sums *sums, basin_density *d)
{
    basin_status       st = BASIN_OK;
    basin_spectral_sum upto = {0};

    d->threshold = NEAR_ZERO * sums->norm;
    BASIN_TRY(basin_sums_share(sums, -d->threshold, &d->negative));
    BASIN_TRY(basin_sums_share(sums, d->threshold, &upto));
    d->positive = one_minus(upto);
    d->near_zero = (basin_spectral_sum){.value = upto.value - d->negative.value,
                                        .lower = fmax(upto.lower - d->negative.upper, 0.0),
                                        .upper = fmax(upto.upper - d->negative.lower, 0.0),
                                        .sampling = upto.sampling + d->negative.sampling,
                                        .quadrature = upto.quadrature + d->negative.quadrature,
                                        .pairs = upto.pairs + d->negative.pairs};
done:
    return st;
}

/* ------------------------------------------------------------------------------------ logarithmic axis -- */

typedef struct bump {
    double at;   /* log₁₀ of |λ| */
    double sign; /* of the eigenvalues that count */
    double share;
} bump;

static double bump_value(double x, const void *ctx)
{
    const bump *b = ctx;
    double      y;

    if (!(x * b->sign > 0.0)) return 0.0;
    y = (log10(fabs(x)) - b->at) / LOG_WIDTH;
    return b->share / (LOG_WIDTH * sqrt(2.0 * M_PI)) * exp(-0.5 * y * y);
}

/* A Gaussian is steepest one standard deviation from its middle; d log₁₀|x| = dx / (x ln 10). */
static double bump_slope(const bump *b)
{
    double steepest = b->share / (LOG_WIDTH * LOG_WIDTH * sqrt(2.0 * M_PI)) * exp(-0.5);

    return steepest / (pow(10.0, b->at - LOG_WIDTH) * log(10.0));
}

static void take_side(const basin_sums *sums, double sign, size_t count, const double *at, double *value,
                      double *lower, double *upper)
{
    for (size_t i = 0; i < count; i++) {
        bump b = {.at = log10(at[i]), .sign = sign, .share = 1.0 / (double)sums->spectrum->parameters};
        basin_spectral_sum sum = basin_sums_of(sums, &(basin_summand){bump_value, &b, bump_slope(&b)});
        value[i] = sum.value;
        lower[i] = fmax(sum.lower, 0.0), upper[i] = sum.upper;
    }
}

static basin_status smooth(const basin_sums *sums, basin_density *d)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(d->log_at, LOG_PLACES, "density");
    BASIN_ALLOC(d->log_positive, LOG_PLACES, "density");
    BASIN_ALLOC(d->log_positive_lower, LOG_PLACES, "density");
    BASIN_ALLOC(d->log_positive_upper, LOG_PLACES, "density");
    BASIN_ALLOC(d->log_negative, LOG_PLACES, "density");
    BASIN_ALLOC(d->log_negative_lower, LOG_PLACES, "density");
    BASIN_ALLOC(d->log_negative_upper, LOG_PLACES, "density");
    d->log_count = LOG_PLACES;
    d->log_width = LOG_WIDTH;
    for (size_t i = 0; i < LOG_PLACES; i++)
        d->log_at[i] = 2.0 * sums->norm * pow(10.0, -(double)(LOG_PLACES - 1 - i) / LOG_PER_DECADE);
    take_side(sums, 1.0, LOG_PLACES, d->log_at, d->log_positive, d->log_positive_lower,
              d->log_positive_upper);
    take_side(sums, -1.0, LOG_PLACES, d->log_at, d->log_negative, d->log_negative_lower,
              d->log_negative_upper);
done:
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

/* Of ‖H‖_F the interval of its square, by roots; the parts follow to first order. */
static basin_spectral_sum root_of(basin_spectral_sum square_sum)
{
    basin_spectral_sum out = {.value = sqrt(fmax(square_sum.value, 0.0)),
                              .lower = sqrt(fmax(square_sum.lower, 0.0)),
                              .upper = sqrt(fmax(square_sum.upper, 0.0))};
    double             slope = out.value > 0.0 ? 0.5 / out.value : 0.0;

    out.sampling = slope * square_sum.sampling;
    out.quadrature = slope * square_sum.quadrature;
    out.pairs = slope * square_sum.pairs;
    out.rounding = slope * square_sum.rounding;
    return out;
}

basin_status basin_density_compute(basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    basin_sums   sums = {0};

    BASIN_TRY(basin_sums_open(out, &sums));
    out->density.trace = basin_sums_of(&sums, &(basin_summand){identity, NULL, 1.0});
    out->density.frobenius = root_of(basin_sums_of(&sums, &(basin_summand){square, NULL, 2.0 * sums.norm}));
    BASIN_TRY(cumulate(&sums, &out->density));
    BASIN_TRY(divide(&sums, &out->density));
    BASIN_TRY(smooth(&sums, &out->density));
done:
    basin_sums_close(&sums);
    return st;
}
