/* ‖H‖_F² and trace of a Hessian of which the extreme pairs Q [c, P] are known.
 *
 * Method
 *   1. H' = (I - QᵀQ) H (I - QᵀQ) is what the pairs leave over. For z with N(0, 1) entries E‖H'z‖² = ‖H'‖_F²
 *      and E zᵀH'z = tr H' (Hutchinson 1989; Gaussian probes, because their law is known for every spectrum).
 *   2. ‖H‖_F² = Σ θ² + mean ‖H'z‖², trace = Σ θ + mean zᵀH'z; standard errors from the spread of the n
 *      probes.
 *   3. Upper limit, without assuming normality. The mean of n samples ‖H'z‖² is ‖H'‖_F² Σ w_i χ²_n,i / n with
 *      weights w_i = μ_i²/‖H'‖_F² that sum to 1 and are at most w. For x < 1, Chernoff's bound is worst when
 *      the weight sits on as few eigenvalues as possible, because log(1 + 2sw)/w falls with w:
 *          P(mean <= x ‖H'‖_F²) <= exp(-(ν/2)(x - 1 - ln x)),   ν = n / w.
 *      w <= 1 always; and w <= B²/‖H'‖_F² where every eigenvalue left over is at most B in magnitude, which
 *      converged pairs
 *      of both ends give. The limit is the ‖H'‖_F² at which the right side is 0.05: it is too low at most
 *      once in twenty.
 *   4. Pairs with residuals r_i: ‖H‖_F² <= Σ (|θ_i| + r_i)² + Σ r_i² + ‖H'‖_F².
 */
#include <math.h>

#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/vectors.h"

enum { BLOCK = 16 };
#define LN20 2.995732273553991 /* -ln 0.05 */

typedef struct moments { /* running mean and sum of squared deviations (Welford 1962) */
    size_t count;
    double mean, deviations;
} moments;

static void add_sample(moments *m, double x)
{
    double difference = x - m->mean;

    m->count++;
    m->mean += difference / (double)m->count;
    m->deviations += difference * (x - m->mean);
}

static double standard_error(const moments *m)
{
    return m->count > 1 ? sqrt(m->deviations / (double)(m->count - 1) / (double)m->count) : (double)NAN;
}

double basin_frobenius_upper(double mean, size_t n, double largest, size_t left)
{
    double low = -700.0, high = 0.0; /* ln x */

    if (!(mean > 0.0)) return 0.0;
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high), x = exp(middle);
        double weight = fmin(1.0, largest * largest / (mean / x));
        if (0.5 * (double)n / weight * (x - 1.0 - middle) > LN20)
            low = middle;
        else
            high = middle;
    }
    return fmax(mean, fmin(mean / exp(low), (double)left * largest * largest));
}

/* tolerance ‖H‖, where ‖H‖ is the largest |θ| held and at most that margin. */
double basin_spectrum_margin(const basin_spectrum *s)
{
    if (s->method == BASIN_SPECTRUM_SLQ || !s->converged || s->top == 0 || s->bottom == 0 ||
        s->tolerance >= 1.0)
        return INFINITY;
    return s->tolerance / (1.0 - s->tolerance) *
           fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));
}

double basin_spectrum_leftover(const basin_spectrum *s)
{
    double margin = basin_spectrum_margin(s), most = 0.0;

    if (isinf(margin)) return INFINITY;
    for (size_t i = s->top - 1; i <= s->top; i++)
        most = fmax(most, fabs(s->eigenvalues[i]) + fmax(s->residuals[i], margin));
    return most;
}

double basin_spectrum_add_held(basin_spectrum *out)
{
    double slack = 0.0;

    out->frobenius2 = out->trace = 0.0;
    for (size_t i = 0; i < out->count; i++) {
        double theta = out->eigenvalues[i], r = out->residuals[i];
        out->frobenius2 += theta * theta;
        out->trace += theta;
        slack += r * (2.0 * fabs(theta) + 2.0 * r);
    }
    return slack;
}

size_t basin_spectrum_block(size_t size)
{
    size_t fit = basin_memory_limit() / BLOCK / sizeof(double) / size;

    if (fit == 0) return 1;
    return fit < BLOCK ? fit : BLOCK;
}

/* n samples of ‖H'z‖² and zᵀH'z; z, hz [n, P] and h [count] are scratch. */
static basin_status sample(basin_point *point, double *const *vectors, size_t count, basin_random *random,
                           size_t n, double *z, double *hz, double *h, moments *squares, moments *traces)
{
    basin_status st = BASIN_OK;
    size_t       size = point->size;

    basin_random_normals(random, z, n * size);
    basin_vectors_deflate(vectors, count, z, n, size, h);
    BASIN_TRY(basin_point_product(point, z, n, hz));
    basin_vectors_deflate(vectors, count, hz, n, size, h);
    for (size_t i = 0; i < n; i++) {
        add_sample(squares, basin_dot(hz + i * size, hz + i * size, size));
        add_sample(traces, basin_dot(z + i * size, hz + i * size, size));
    }
done:
    return st;
}

basin_status basin_spectrum_probe(basin_point *point, double *const *vectors, size_t probes, uint64_t seed,
                                  basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    size_t       size = point->size, block = basin_spectrum_block(size), left = size - out->count;
    size_t       chunk = probes < block ? probes : block;
    double      *z = NULL, *hz = NULL, *h = NULL, slack = basin_spectrum_add_held(out);
    moments      squares = {0}, traces = {0};
    basin_random random = basin_random_start(seed, BASIN_STREAM_PROBE);

    out->frobenius2_upper = out->frobenius2;
    if (left == 0) goto done;
    BASIN_ALLOC(z, chunk * size, "probes");
    BASIN_ALLOC(hz, chunk * size, "products");
    BASIN_ALLOC(h, out->count, "projections");
    for (size_t start = 0; start < probes; start += chunk) {
        size_t n = probes - start < chunk ? probes - start : chunk;
        BASIN_TRY(basin_progress_report("probes", (double)start, (double)probes));
        BASIN_TRY(sample(point, vectors, out->count, &random, n, z, hz, h, &squares, &traces));
        out->products += n;
    }
    out->frobenius2_upper +=
        slack + basin_frobenius_upper(squares.mean, probes, basin_spectrum_leftover(out), left);
    out->frobenius2 += squares.mean;
    out->frobenius2_error = standard_error(&squares);
    out->trace += traces.mean;
    out->trace_error = standard_error(&traces);
done:
    basin_free(z);
    basin_free(hz);
    basin_free(h);
    return st;
}
