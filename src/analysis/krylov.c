/* Lanczos steps with full reorthogonalisation.
 *
 * Method, one step (basin_krylov_extend)
 *   1. w = H v_{j+1}.
 *   2. h = V w, w <- w - Vᵀh, twice (Kahan and Parlett: twice is enough); the sums of both passes are column j+1 of T.
 *   3. beta = ‖w‖; v_{j+2} = w / beta.
 *   4. Where beta is rounding, the subspace is invariant: v_{j+2} is a fresh random vector orthogonal to it, which is how
 *      further copies of a repeated eigenvalue come in.
 *
 * T is measured, not assumed tridiagonal: after a restart its arrowhead, and after a fresh vector its zero, come out of
 * step 2 by themselves, and T is the true Rayleigh-Ritz projection to rounding.
 *
 * References: B. Parlett, The Symmetric Eigenvalue Problem, SIAM 1998, §6.9 and §13; K. Wu, H. Simon, Thick-restart Lanczos
 * method for large symmetric eigenvalue problems, SIAM J. Matrix Anal. Appl. 22(2), 2000.
 */
#include "analysis/krylov.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

#define STRIP 512      /* columns of V turned at once in a restart */
#define PIECE 2048     /* entries of a vector that stay in the cache while all of V passes by */
#define PARALLEL 50000 /* entries of V below which threads do not pay */

/* Every h[i] is one sum in fixed order and every x[j] is touched by one thread: the same bits for any number of threads.
   (GEMM on a single column copies the whole basis first.) */
void basin_krylov_deflate(const double *q, size_t rows, double *x, size_t count, size_t size, double *h)
{
    int threads = rows * size > PARALLEL ? (int)basin_threads() : 1;

    for (size_t v = 0; v < count; v++, x += size) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (size_t i = 0; i < rows; i++) h[i] = basin_dot(q + i * size, x, size);
#pragma omp parallel for num_threads(threads) schedule(static)
        for (size_t start = 0; start < size; start += PIECE)
            for (size_t i = 0; i < rows; i++) basin_axpy(-h[i], q + i * size + start, x + start, size - start < PIECE ? size - start : PIECE);
    }
}

/* A random unit vector orthogonal to the first `used` rows. Three passes: after the first, little may be left of it. */
static void fresh_vector(basin_krylov *k)
{
    double *v = k->v + k->used * k->size, norm;

    do {
        basin_random_normals(&k->random, v, k->size);
        basin_scale(1.0 / basin_norm(v, k->size), v, k->size);
        basin_krylov_deflate(k->v, k->used, v, 1, k->size, k->h);
        norm = basin_norm(v, k->size);
    } while (!(norm > 1e-8));
    for (int pass = 0; pass < 2; pass++) {
        basin_scale(1.0 / norm, v, k->size);
        basin_krylov_deflate(k->v, k->used, v, 1, k->size, k->h);
        norm = basin_norm(v, k->size);
    }
    basin_scale(1.0 / norm, v, k->size);
}

basin_status basin_krylov_create(basin_curvature *c, size_t capacity, double epsilon, uint64_t seed, basin_krylov **out)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = NULL;

    assert(capacity > 0);
    BASIN_ALLOC(k, 1, "Krylov subspace");
    k->curvature = c;
    k->size = basin_curvature_size(c);
    k->capacity = capacity < k->size ? capacity : k->size;
    k->epsilon = epsilon;
    k->random = basin_random_start(seed, BASIN_STREAM_LANCZOS);
    BASIN_ALLOC(k->v, (k->capacity + 1) * k->size, "Lanczos basis");
    BASIN_ALLOC(k->t, k->capacity * k->capacity, "projected matrix");
    BASIN_ALLOC(k->y, k->capacity * k->capacity, "Ritz vectors");
    BASIN_ALLOC(k->ritz, k->capacity, "Ritz values");
    BASIN_ALLOC(k->hv, k->size, "product");
    BASIN_ALLOC(k->h, k->capacity + 1, "projections");
    fresh_vector(k);
    *out = k, k = NULL;
done:
    basin_krylov_destroy(&k);
    return st;
}

void basin_krylov_destroy(basin_krylov **k)
{
    if (k == NULL || *k == NULL) return;
    basin_free((*k)->v);
    basin_free((*k)->t);
    basin_free((*k)->y);
    basin_free((*k)->ritz);
    basin_free((*k)->hv);
    basin_free((*k)->h);
    basin_free(*k);
    *k = NULL;
}

basin_status basin_krylov_extend(basin_krylov *k)
{
    basin_status st = BASIN_OK;
    size_t       j = k->used, size = k->size;
    double      *w = k->hv;

    assert(j < k->capacity);
    BASIN_TRY(basin_curvature_product(k->curvature, k->v + j * size, 1, w));
    BASIN_CHECK(basin_all_finite(w, size), BASIN_ERR_NUMERIC, "product %zu with the Hessian is not finite", k->products + 1);
    k->products++;
    k->norm = fmax(k->norm, basin_norm(w, size));
    k->used++;
    for (size_t i = 0; i <= j; i++) k->t[j * k->capacity + i] = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        basin_krylov_deflate(k->v, k->used, w, 1, size, k->h);
        for (size_t i = 0; i <= j; i++) k->t[j * k->capacity + i] += k->h[i];
    }
    for (size_t i = 0; i < j; i++) k->t[i * k->capacity + j] = k->t[j * k->capacity + i];

    k->beta = basin_norm(w, size);
    if (k->beta <= 10.0 * k->epsilon * k->norm) k->beta = 0.0;
    if (k->used == size) goto done;
    if (k->beta == 0.0) fresh_vector(k);
    else {
        double *next = k->v + k->used * size;
        for (size_t i = 0; i < size; i++) next[i] = w[i] / k->beta;
    }
done:
    return st;
}

basin_status basin_krylov_ritz(basin_krylov *k)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < k->used; i++) memcpy(k->y + i * k->used, k->t + i * k->capacity, k->used * sizeof *k->y);
    BASIN_TRY(basin_symmetric_eigen(k->y, k->used, true, k->ritz));
    k->norm = fmax(k->norm, fmax(fabs(k->ritz[0]), fabs(k->ritz[k->used - 1])));
done:
    return st;
}

double basin_krylov_residual(const basin_krylov *k, size_t i)
{
    return k->used == k->size ? 0.0 : k->beta * fabs(k->y[i * k->used + k->used - 1]);
}

basin_status basin_krylov_restart(basin_krylov *k, const size_t *keep, size_t count, bool fresh)
{
    basin_status st = BASIN_OK;
    size_t       size = k->size, used = k->used, width = size < STRIP ? size : STRIP;
    double      *rows = NULL, *strip = NULL;

    assert(count <= used);
    BASIN_ALLOC(rows, count * used, "Ritz vectors");
    BASIN_ALLOC(strip, used * width, "strip of the basis");
    for (size_t i = 0; i < count; i++) memcpy(rows + i * used, k->y + keep[i] * used, used * sizeof *rows);
    for (size_t start = 0; start < size; start += width) {
        size_t n = size - start < width ? size - start : width;
        for (size_t i = 0; i < used; i++) memcpy(strip + i * n, k->v + i * size + start, n * sizeof *strip);
        basin_gemm_f64(BASIN_N, BASIN_N, count, n, used, 1.0, rows, used, strip, n, 0.0, k->v + start, size);
    }
    memset(k->t, 0, k->capacity * k->capacity * sizeof *k->t);
    for (size_t i = 0; i < count; i++) k->t[i * k->capacity + i] = k->ritz[keep[i]];
    if (count < used && used < size) basin_copy(k->v + used * size, k->v + count * size, size);
    k->used = count;
    if (fresh && count < size) fresh_vector(k);
done:
    basin_free(rows);
    basin_free(strip);
    return st;
}
