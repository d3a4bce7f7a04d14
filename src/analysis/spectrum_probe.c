/* ‖H‖_F² and trace of a Hessian of which the extreme pairs Q [c, P] are known.
 *
 * Method
 *   1. H' = (I - QᵀQ) H (I - QᵀQ) is what the pairs leave over. For z with N(0, 1) entries E‖H'z‖² = ‖H'‖_F² and
 *      E zᵀH'z = tr H' (Hutchinson 1989; Gaussian probes, because their law is known for every spectrum).
 *   2. ‖H‖_F² = Σ θ² + mean ‖H'z‖², trace = Σ θ + mean zᵀH'z; standard errors from the spread of the n probes.
 *   3. Upper limit, without assuming normality. The mean of n samples ‖H'z‖² is ‖H'‖_F² Σ w_i χ²_n,i / n with weights
 *      w_i = μ_i²/‖H'‖_F² that sum to 1 and are at most w. For x < 1, Chernoff's bound is worst when the weight sits on as
 *      few eigenvalues as possible, because log(1 + 2sw)/w falls with w:
 *          P(mean <= x ‖H'‖_F²) <= exp(-(ν/2)(x - 1 - ln x)),   ν = n / w.
 *      w <= 1 always; and w <= B²/‖H'‖_F² where every eigenvalue left over is at most B in magnitude, which converged pairs
 *      of both ends give. The limit is the ‖H'‖_F² at which the right side is 0.05: it is too low at most once in twenty.
 *   4. Pairs with residuals r_i: ‖H‖_F² <= Σ (|θ_i| + r_i)² + Σ r_i² + ‖H'‖_F².
 */
#include <math.h>

#include "analysis/krylov.h"
#include "analysis/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define CHUNK 16
#define LN20 2.995732273553991 /* -ln 0.05 */

typedef struct moments { /* of the probes' samples */
    double sum, square;
} moments;

static void add_sample(moments *m, double x)
{
    m->sum += x;
    m->square += x * x;
}

static double standard_error(const moments *m, size_t n)
{
    double mean = m->sum / (double)n;

    if (n < 2) return NAN;
    return sqrt(fmax(m->square / (double)n - mean * mean, 0.0) / (double)(n - 1));
}

/* Upper limit of ‖H'‖_F² given the mean of n samples; `largest` bounds the magnitude of each of the `left` eigenvalues of
   H'. Never below the estimate itself. */
static double upper_limit(double mean, size_t n, double largest, size_t left)
{
    double low = -700.0, high = 0.0; /* ln x */

    if (!(mean > 0.0)) return 0.0;
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high), x = exp(middle);
        double weight = fmin(1.0, largest * largest / (mean / x));
        if (0.5 * (double)n / weight * (x - 1.0 - middle) > LN20) low = middle;
        else high = middle;
    }
    return fmax(mean, fmin(mean / exp(low), (double)left * largest * largest));
}

double basin_spectrum_leftover(const basin_spectrum *s)
{
    if (!s->converged || s->top == 0 || s->bottom == 0) return INFINITY;
    return fmax(fabs(s->eigenvalues[s->top - 1]) + s->residuals[s->top - 1], fabs(s->eigenvalues[s->top]) + s->residuals[s->top]);
}

basin_status basin_spectrum_probe(basin_curvature *c, const double *vectors, size_t probes, uint64_t seed, basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    size_t       size = basin_curvature_size(c), chunk = probes < CHUNK ? probes : CHUNK, left = size - out->count;
    double      *z = NULL, *hz = NULL, *h = NULL, held = 0.0, slack = 0.0;
    moments      squares = {0}, traces = {0};
    basin_random random = basin_random_start(seed, BASIN_STREAM_PROBE);

    BASIN_ALLOC(z, chunk * size, "probes");
    BASIN_ALLOC(hz, chunk * size, "products");
    BASIN_ALLOC(h, out->count, "projections");
    out->trace = 0.0;
    for (size_t i = 0; i < out->count; i++) {
        double theta = fabs(out->eigenvalues[i]), r = out->residuals[i];
        held += theta * theta;
        slack += r * (2.0 * theta + 2.0 * r);
        out->trace += out->eigenvalues[i];
    }
    for (size_t start = 0; left > 0 && start < probes; start += chunk) {
        size_t n = probes - start < chunk ? probes - start : chunk;
        BASIN_TRY(basin_progress_report("probes", (double)start, (double)probes));
        basin_random_normals(&random, z, n * size);
        basin_krylov_deflate(vectors, out->count, z, n, size, h);
        BASIN_TRY(basin_curvature_product(c, z, n, hz));
        out->products += n;
        basin_krylov_deflate(vectors, out->count, hz, n, size, h);
        for (size_t i = 0; i < n; i++) {
            add_sample(&squares, basin_dot(hz + i * size, hz + i * size, size));
            add_sample(&traces, basin_dot(z + i * size, hz + i * size, size));
        }
    }
    out->frobenius2 = out->frobenius2_upper = held;
    if (left > 0) {
        double mean = squares.sum / (double)probes;
        out->frobenius2 += mean;
        out->frobenius2_error = standard_error(&squares, probes);
        out->frobenius2_upper += slack + upper_limit(mean, probes, basin_spectrum_leftover(out), left);
        out->trace += traces.sum / (double)probes;
        out->trace_error = standard_error(&traces, probes);
    }
done:
    basin_free(z);
    basin_free(hz);
    basin_free(h);
    return st;
}
