/* What the Krylov basis does with vectors of P numbers: memory is read as seldom as can be.
 *
 * Dots and sums over rows of V read V once. x, which stays in the cache, is read once for every pair of rows
 * of a dot, and read and written once for every four rows of a sum. A change of basis turns strips of V that
 * fit the cache.
 */
#include "core/vectors.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

#define PARALLEL 50000 /* entries of V below which threads do not pay */

enum { SECTIONS = 64, LEAST_WIDTH = 512, ABREAST = 16, LANES = 8 };

/* A part of every vector, by one thread. */
typedef struct section {
    size_t start, count;
} section;

static section section_of(size_t size, size_t which)
{
    size_t width = (size + SECTIONS - 1) / SECTIONS, start;

    width = width < LEAST_WIDTH ? LEAST_WIDTH : (width + LANES - 1) / LANES * LANES;
    start = which * width < size ? which * width : size;
    return (section){start, size - start < width ? size - start : width};
}

static int threads_for(size_t rows, size_t size)
{
    return rows * size > PARALLEL ? (int)basin_threads() : 1;
}

static double add_lanes(const double *lane)
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* Two sums that share the reading of x. */
static void dot_pair(const double *a, const double *b, const double *x, size_t count, double *sums)
{
    double la[LANES] = {0}, lb[LANES] = {0};
    size_t i = 0;

    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            la[lane] += a[i + lane] * x[i + lane], lb[lane] += b[i + lane] * x[i + lane];
    for (; i < count; i++) la[i % LANES] += a[i] * x[i], lb[i % LANES] += b[i] * x[i];
    sums[0] = add_lanes(la), sums[1] = add_lanes(lb);
}

void basin_vectors_dot(double *const *v, size_t rows, const double *x, size_t size, double *h)
{
    double sums[SECTIONS][ABREAST];
    int    threads = threads_for(rows, size);

    for (size_t first = 0; first < rows; first += ABREAST) {
        size_t count = rows - first < ABREAST ? rows - first : ABREAST;
#pragma omp parallel for num_threads(threads) schedule(static)
        for (size_t s = 0; s < SECTIONS; s++) {
            section part = section_of(size, s);
            for (size_t r = 0; r < count; r += 2) {
                size_t other = first + (r + 1 < count ? r + 1 : r);
                dot_pair(v[first + r] + part.start, v[other] + part.start, x + part.start, part.count,
                         sums[s] + r);
            }
        }
        for (size_t r = 0; r < count; r++) {
            h[first + r] = 0.0;
            for (size_t s = 0; s < SECTIONS; s++) h[first + r] += sums[s][r];
        }
    }
}

/* x += factor Σ a[i] v[i] over the rows of this section: four rows at a time, so that x is read and written a
   quarter as often. */
static void add_section(double *const *v, size_t rows, const double *a, double factor, double *x,
                        section part)
{
    const double *row[4];
    double        by[4];
    size_t        n = 0;

    for (size_t i = 0; i < rows; i++) {
        if (a[i] != 0.0) row[n] = v[i] + part.start, by[n++] = factor * a[i];
        if (n == 4) {
            const double *q0 = row[0], *q1 = row[1], *q2 = row[2], *q3 = row[3];
#pragma omp simd
            for (size_t e = 0; e < part.count; e++)
                x[e] += (by[0] * q0[e] + by[1] * q1[e]) + (by[2] * q2[e] + by[3] * q3[e]);
            n = 0;
        }
    }
    for (size_t i = 0; i < n; i++) basin_axpy(by[i], row[i], x, part.count);
}

double basin_vectors_add(double *const *v, size_t rows, const double *a, double factor, double *x,
                         size_t size)
{
    double squares[SECTIONS], sums[2], total = 0.0;
    int    threads = threads_for(rows, size);

#pragma omp parallel for num_threads(threads) schedule(static) private(sums)
    for (size_t s = 0; s < SECTIONS; s++) {
        section part = section_of(size, s);
        squares[s] = 0.0;
        for (size_t start = 0; start < part.count; start += LEAST_WIDTH) {
            section piece = {part.start + start,
                             part.count - start < LEAST_WIDTH ? part.count - start : LEAST_WIDTH};
            double *at = x + piece.start;
            add_section(v, rows, a, factor, at, piece);
            dot_pair(at, at, at, piece.count, sums);
            squares[s] += sums[0];
        }
    }
    for (size_t s = 0; s < SECTIONS; s++) total += squares[s];
    return total;
}

double basin_vectors_norm(double squares, const double *x, size_t size)
{
    return squares > 1e-280 && squares < 1e280 ? sqrt(squares) : basin_norm(x, size);
}

void basin_vectors_deflate(double *const *v, size_t rows, double *x, size_t count, size_t size, double *h)
{
    for (size_t i = 0; i < count; i++, x += size) {
        basin_vectors_dot(v, rows, x, size, h);
        basin_vectors_add(v, rows, h, -1.0, x, size);
    }
}

void basin_vectors_divide(const double *x, double norm, double *out, size_t size)
{
    int threads = threads_for(1, size);

#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < size; i++) out[i] = x[i] / norm;
}

/* As many as have strips of their own in the space of two vectors. */
static size_t threads_to_turn(size_t strips, size_t used)
{
    size_t most = strips / used;

    return most < 2 ? 1 : most < basin_threads() ? most : basin_threads();
}

basin_status basin_vectors_turn(double *const *v, size_t used, const double *rows, size_t count, size_t size)
{
    basin_status st = BASIN_OK;
    size_t       width = size < BASIN_VECTORS_STRIP ? size : BASIN_VECTORS_STRIP;
    size_t       strips = (size + width - 1) / width;
    size_t       threads = threads_to_turn(strips, used);
    double      *strip = NULL, *turned = NULL;

    BASIN_ALLOC(strip, threads * used * width, "strips of the basis");
    BASIN_ALLOC(turned, threads * count * width, "strips of the basis");
#pragma omp parallel num_threads((int)threads)
    {
        size_t  thread = (size_t)omp_get_thread_num();
        double *from = strip + thread * used * width, *to = turned + thread * count * width;
#pragma omp for schedule(static)
        for (size_t which = 0; which < strips; which++) {
            size_t start = which * width, n = size - start < width ? size - start : width;
            for (size_t i = 0; i < used; i++) memcpy(from + i * n, v[i] + start, n * sizeof *from);
            basin_gemm_f64(BASIN_N, BASIN_N, count, n, used, 1.0, rows, used, from, n, 0.0, to, n);
            for (size_t i = 0; i < count; i++) memcpy(v[i] + start, to + i * n, n * sizeof *to);
        }
    }
done:
    basin_free(strip);
    basin_free(turned);
    return st;
}

void basin_vectors_orient(double *v, size_t size)
{
    size_t largest = 0;

    for (size_t i = 1; i < size; i++)
        if (fabs(v[i]) > fabs(v[largest])) largest = i;
    if (v[largest] < 0.0) basin_scale(-1.0, v, size);
}
