/* Extreme eigenpairs: thick-restart Lanczos for the `top` largest and the `bottom` smallest together.
 *
 * Method
 *   1. Grow the Krylov basis to its capacity m (krylov.c).
 *   2. Rayleigh-Ritz: eigenpairs of T; the wanted ones are the ends by signed value, each with the residual beta |y_m|.
 *   3. Not all within tolerance ‖H‖: keep the wanted Ritz vectors and as many neighbours as fill half of the room left, and
 *      go on from the same residual vector (1).
 *   4. All within: verify. A single vector's Krylov space holds one copy of a repeated eigenvalue, so keep the wanted pairs
 *      alone and go on from a fresh random vector: a run in their orthogonal complement. If it moves a wanted pair, 3. again;
 *      if not, and the next pair in line at each end is known well enough to stay outside, finish.
 *   5. Residuals ‖Hq - θq‖ anew by explicit products of the final vectors; these are reported and decide `converged`.
 *   6. ‖H‖_F² and trace by probes of the complement (spectrum_probe.c).
 *
 * What is proven: some eigenvalue lies within each residual (Parlett, §4.5), and c distinct ones within the root of the sum
 * of their squares (Kahan; Parlett §11.5). That a pair is the i-th is not proven; step 4 makes a missed copy unlikely.
 *
 * Reference: K. Wu, H. Simon, SIAM J. Matrix Anal. Appl. 22(2), 2000.
 */
#include <math.h>
#include <string.h>

#include "analysis/krylov.h"
#include "analysis/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define ROOM 20    /* vectors beyond twice the wanted ones in the basis */
#define LEAST 8    /* the same beyond the wanted ones, where memory is short */
#define CHUNK 16   /* vectors in one product at the end */
#define SETTLED 1e-3 /* residual, relative to ‖H‖, at which a pair next in line counts as known */

typedef struct ends { /* which Ritz pairs of j, ascending, are meant: the last `top` and the first `bottom` */
    size_t top, bottom;
} ends;

/* Indices, descending by value, into keep [top + bottom]. */
static size_t select_ends(ends e, size_t used, size_t *keep)
{
    size_t count = 0;

    for (size_t i = 0; i < e.top; i++) keep[count++] = used - 1 - i;
    for (size_t i = 0; i < e.bottom; i++) keep[count++] = e.bottom - 1 - i;
    return count;
}

static bool all_within(const basin_krylov *k, const size_t *keep, size_t count, double limit)
{
    for (size_t i = 0; i < count; i++)
        if (!(basin_krylov_residual(k, keep[i]) <= limit)) return false;
    return true;
}

/* Are the pairs next in line known to be outside, or at least known? */
static bool settled(const basin_krylov *k, ends e)
{
    size_t j = k->used;

    if (e.top + e.bottom == j) return true;
    for (int end = 0; end < 2; end++) {
        if ((end == 0 ? e.top : e.bottom) == 0) continue;
        size_t next = end == 0 ? j - 1 - e.top : e.bottom, last = end == 0 ? j - e.top : e.bottom - 1;
        double residual = basin_krylov_residual(k, next);
        if (residual > SETTLED * k->norm && fabs(k->ritz[next] - k->ritz[last]) < residual) return false;
    }
    return true;
}

static ends widen(ends e, size_t capacity)
{
    size_t extra = (capacity - e.top - e.bottom) / 2;

    if (e.bottom == 0) return (ends){.top = e.top + extra};
    if (e.top == 0) return (ends){.bottom = e.bottom + extra};
    return (ends){.top = e.top + extra / 2, .bottom = e.bottom + extra - extra / 2};
}

static bool moved(const basin_krylov *k, const size_t *keep, size_t count, const double *before, double limit)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs(k->ritz[keep[i]] - before[i]) <= limit)) return true;
    return false;
}

/* Products in all, for the progress: the logarithm of the worst residual falls about evenly, and one cycle verifies. */
static double expect(const basin_krylov *k, const size_t *keep, size_t count, double tolerance)
{
    double worst = 0.5 * tolerance * k->norm, share;

    for (size_t i = 0; i < count; i++) worst = fmax(worst, basin_krylov_residual(k, keep[i]));
    share = log(worst / k->norm) / log(0.5 * tolerance);
    return (double)k->products / fmax(share, 0.05) + (double)(k->capacity - count);
}

static basin_status grow(basin_krylov *k, size_t max_products, double expected)
{
    basin_status st = BASIN_OK;

    while (k->used < k->capacity && k->products < max_products) {
        BASIN_TRY(basin_progress_report("lanczos", (double)k->products, fmin(expected, (double)max_products)));
        BASIN_TRY(basin_krylov_extend(k));
    }
    BASIN_TRY(basin_krylov_ritz(k));
done:
    return st;
}

/* Steps 1 to 4; leaves the basis as the wanted Ritz vectors, descending, with their values in theta [top + bottom]. */
static basin_status iterate(basin_krylov *k, ends wanted, double tolerance, size_t max_products, double *theta)
{
    basin_status st = BASIN_OK;
    size_t       count = wanted.top + wanted.bottom, *keep = NULL;
    bool         verifying = false;
    double       expected = 3.0 * (double)k->capacity;

    BASIN_ALLOC(keep, k->capacity, "indices");
    for (;;) {
        BASIN_TRY(grow(k, max_products, expected));
        double limit = tolerance * k->norm;
        select_ends(wanted, k->used, keep);
        bool converged = all_within(k, keep, count, 0.5 * limit), same = verifying && !moved(k, keep, count, theta, limit);
        if (k->used == k->size || k->products >= max_products || (converged && same && settled(k, wanted))) break;
        expected = expect(k, keep, count, tolerance);
        if (converged && !same) {
            for (size_t i = 0; i < count; i++) theta[i] = k->ritz[keep[i]];
            BASIN_TRY(basin_krylov_restart(k, keep, count, true));
            verifying = true;
        } else {
            size_t kept = select_ends(widen(wanted, k->capacity), k->used, keep);
            BASIN_TRY(basin_krylov_restart(k, keep, kept, false));
        }
    }
    for (size_t i = 0; i < count; i++) theta[i] = k->ritz[keep[i]];
    BASIN_TRY(basin_krylov_restart(k, keep, count, false));
done:
    basin_free(keep);
    return st;
}

static basin_status true_residuals(basin_krylov *k, basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    size_t       size = k->size, chunk = out->count < CHUNK ? out->count : CHUNK;
    double      *hq = NULL;

    BASIN_ALLOC(hq, chunk * size, "products");
    for (size_t start = 0; start < out->count; start += chunk) {
        size_t n = out->count - start < chunk ? out->count - start : chunk;
        BASIN_TRY(basin_curvature_product(k->curvature, k->v + start * size, n, hq));
        k->products += n;
        for (size_t i = 0; i < n; i++) {
            basin_axpy(-out->eigenvalues[start + i], k->v + (start + i) * size, hq + i * size, size);
            out->residuals[start + i] = basin_norm(hq + i * size, size);
        }
    }
done:
    basin_free(hq);
    return st;
}

static basin_status keep_vectors(const basin_krylov *k, basin_spectrum *out)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(out->vectors, out->count * k->size, "eigenvectors");
    BASIN_ALLOC(out->vector_index, out->count, "eigenvectors");
    out->vector_count = out->count;
    for (size_t i = 0; i < out->count; i++) {
        out->vector_index[i] = i;
        basin_copy(k->v + i * k->size, out->vectors + i * k->size, k->size);
        basin_spectrum_orient(out->vectors + i * k->size, k->size);
    }
done:
    return st;
}

/* Vectors [P] held at the height beside the basis: product, strips of a restart or blocks of probes, and what is kept. */
static size_t rows_beside(size_t count, const basin_spectrum_options *options)
{
    return 3 + 2 * CHUNK + (options->vectors ? count : 0);
}

/* The capacity of the basis: as wished, or as much as fits the memory limit. */
static basin_status choose_capacity(size_t size, size_t count, const basin_spectrum_options *options, size_t *out)
{
    basin_status st = BASIN_OK;
    size_t       wish = 2 * count + ROOM, least = count + LEAST, beside = rows_beside(count, options), bytes;
    size_t       rows = basin_memory_limit() / sizeof(double) / size;

    if (wish > size) wish = size;
    if (least > size) least = size;
    if (!basin_mul((least + beside) * sizeof(double), size, &bytes)) bytes = SIZE_MAX;
    BASIN_CHECK(rows >= least + beside, BASIN_ERR_BUDGET, "%zu eigenpairs of %zu parameters need %zu bytes, the limit is %zu", count, size, bytes,
                basin_memory_limit());
    *out = wish < rows - beside ? wish : rows - beside;
done:
    return st;
}

/* Products until the pairs are found and verified. Fitted to what networks on digits of 1,000 to 4,000 parameters took, 20 to 170: nobody
 * knows before, but the smallest eigenvalues lie close together, and each decade of the tolerance costs a few steps. */
static size_t expected_products(const basin_spectrum_options *o)
{
    const double decades = -log10(o->tolerance);
    const size_t closer = decades > 4.0 ? (size_t)(3.0 * (decades - 4.0)) : 0;

    return 10 + 2 * o->top + closer + (o->bottom > 0 ? 45 + o->bottom : 0);
}

basin_status basin_spectrum_lanczos_demand(size_t size, const basin_spectrum_options *options, basin_demand *demand)
{
    basin_status st = BASIN_OK;
    size_t       capacity;
    const size_t count = options->top + options->bottom, expected = expected_products(options);
    const size_t products = expected < options->max_products ? expected : options->max_products, rows = products < size ? products : size;

    BASIN_TRY(choose_capacity(size, count, options, &capacity));
    demand->products += products;
    demand->most += options->max_products;
    demand->vectors += count + (count < size ? options->probes : 0);
    if (demand->width < CHUNK) demand->width = CHUNK;
    demand->rows = rows / 2 + 1;
    demand->bytes += (rows + 3 + (options->vectors ? count : 0)) * size * sizeof(double);
done:
    return st;
}

basin_status basin_spectrum_lanczos(basin_curvature *c, double epsilon, const basin_spectrum_options *options, basin_spectrum *out)
{
    basin_status  st = BASIN_OK;
    ends          wanted = {.top = options->top, .bottom = options->bottom};
    size_t        count = wanted.top + wanted.bottom, capacity = 0;
    basin_krylov *k = NULL;

    BASIN_CHECK(options->max_products >= count, BASIN_ERR_ARG, "%zu products cannot give %zu eigenpairs", options->max_products, count);
    BASIN_TRY(choose_capacity(basin_curvature_size(c), count, options, &capacity));
    BASIN_TRY(basin_krylov_create(c, capacity, epsilon, options->seed, &k));
    BASIN_ALLOC(out->eigenvalues, count, "eigenvalues");
    BASIN_ALLOC(out->residuals, count, "residuals");
    out->count = count, out->top = wanted.top, out->bottom = wanted.bottom;
    BASIN_TRY(iterate(k, wanted, options->tolerance, options->max_products, out->eigenvalues));
    BASIN_TRY(true_residuals(k, out));
    out->converged = true;
    for (size_t i = 0; i < count; i++)
        if (!(out->residuals[i] <= options->tolerance * k->norm)) out->converged = false;
    out->products = k->products;
    out->asymmetry = out->negative_mass = NAN;
    if (options->vectors) BASIN_TRY(keep_vectors(k, out));
    if (options->probes > 0) BASIN_TRY(basin_spectrum_probe(c, k->v, options->probes, options->seed, out));
done:
    basin_krylov_destroy(&k);
    return st;
}
