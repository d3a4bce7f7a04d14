/* Limits that other checkpoints give.
 *
 *     of a baseline of value b   b + d, or b + d |b| with a relative increase d
 *     of n runs                  mean ± t s √(1 + 1/n), s their standard deviation (n − 1)
 *
 * One more run of the same kind lies beyond the latter with the chance that Student's t with n − 1 degrees of
 * freedom gives t, which is that of a normal number beyond sigma. The runs were measured with intervals of
 * half-width h_i. Their mean may be off by Σ h_i/n, and s, which is a norm, by √(Σ h_i²/(n − 1)): the limit
 * lies within the sum of the first and `factor` times the second.
 *
 * Reference: G. Hahn, Factors for calculating two-sided prediction intervals for samples from a normal
 * distribution, J. Amer. Statist. Assoc. 64(327), 1969.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "analysis/gate/gate.h"

#define SIGMA_MOST 6.0

static double raised(double value, double increase, bool relative, double sign)
{
    return value + sign * increase * (relative ? fabs(value) : 1.0);
}

void basin_limit_of_baseline(const basin_answer *baseline, double increase, bool relative, bool at_most,
                             basin_question *question)
{
    const double sign = at_most ? 1.0 : -1.0;
    const double low = raised(baseline->lower, increase, relative, sign),
                 high = raised(baseline->upper, increase, relative, sign);

    question->at_most = at_most;
    question->low = fmin(low, high), question->high = fmax(low, high);
    /* an interval about 0 holds the turning point of |value| */
    if (baseline->lower < 0.0 && baseline->upper > 0.0)
        question->low = fmin(question->low, 0.0), question->high = fmax(question->high, 0.0);
}

basin_status basin_limit_from_runs(const basin_answer *runs, size_t count, double sigma, bool at_most,
                                   basin_limit_of_runs *out)
{
    basin_status        st = BASIN_OK;
    const double        n = (double)count, sign = at_most ? 1.0 : -1.0;
    double              sum = 0.0, squares = 0.0, halves = 0.0, half_squares = 0.0;
    basin_limit_of_runs l = {.runs = count, .sigma = sigma};

    BASIN_CHECK(sigma > 0.0 && sigma <= SIGMA_MOST, BASIN_ERR_VALUE, "sigma %g does not lie in (0, %g]",
                sigma, SIGMA_MOST);
    BASIN_CHECK(count >= BASIN_GATE_RUNS_LEAST, BASIN_ERR_VALUE,
                "%zu run%s tell no spread: at least %d are needed", count, count == 1 ? "" : "s",
                BASIN_GATE_RUNS_LEAST);
    for (size_t i = 0; i < count; i++) {
        const double half = fmax(runs[i].upper - runs[i].value, runs[i].value - runs[i].lower);
        BASIN_CHECK(isfinite(runs[i].value) && isfinite(half), BASIN_ERR_VALUE,
                    "run %zu of %zu of the baseline set was not measured within the products allowed", i + 1,
                    count);
        sum += runs[i].value, halves += half, half_squares += half * half;
    }
    l.mean = sum / n;
    for (size_t i = 0; i < count; i++) squares += (runs[i].value - l.mean) * (runs[i].value - l.mean);
    l.deviation = sqrt(squares / (n - 1.0));
    l.factor = basin_student_quantile(erfc(sigma / sqrt(2.0)), count - 1) * sqrt(1.0 + 1.0 / n);
    const double room = halves / n + l.factor * sqrt(half_squares / (n - 1.0));
    l.limit = l.mean + sign * l.factor * l.deviation;
    l.low = l.limit - room, l.high = l.limit + room;
    *out = l;
done:
    return st;
}

basin_gate_verdict basin_gate_sum_up(const basin_gated *limits, size_t count, bool strict)
{
    bool undecided = false;

    for (size_t i = 0; i < count; i++) {
        if (limits[i].answer.verdict == BASIN_GATE_VIOLATED) return BASIN_GATE_VIOLATED;
        undecided = undecided || limits[i].answer.verdict == BASIN_GATE_UNDECIDED;
    }
    if (!undecided) return BASIN_GATE_WITHIN;
    return strict ? BASIN_GATE_VIOLATED : BASIN_GATE_UNDECIDED;
}
