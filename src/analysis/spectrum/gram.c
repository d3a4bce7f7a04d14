/* The full spectrum of A = RᵀR + w I, R [m, P] with m < P: JᵀSJ, and sums over samples' gradients.
 *
 * Method
 *   1. K = RRᵀ [m, m], a block of rows of the identity at a time: Rᵀ e, then R of that. R itself, m P
 *      numbers, is never held.
 *   2. The eigenvalues of K are those of A, but for P - m zeros (and w of the weight decay, the same for each
 *      parameter, is added to all).
 *   3. A unit vector u of K, with eigenvalue λ, has the unit vector Rᵀu / √λ of A.
 *
 * With a scale, R is RS: Rᵀ e is multiplied by s². Errors are those of the dense spectrum (dense.c), of a
 * matrix of order m; the zeros are exact, and bear the same bound. Vectors exist where λ is beyond it.
 *
 * References: V. Papyan, «Traces of class/cross-class structure pervade deep learning spectra», JMLR 21(252),
 * 2020, §3; F. Dangel, L. Tatzel & P. Hennig, «ViViT: curvature access through the generalized Gauss-Newton's
 * low- rank structure», arXiv:2106.02624.
 */
#include <math.h>
#include <stdlib.h>

#include "analysis/spectrum/spectrum.h"
#include "core/deadline.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/vectors.h"

enum { BLOCK = 16 }; /* rows of the identity at a time */

size_t basin_spectrum_gram_bytes(size_t size, size_t rows, size_t vectors)
{
    size_t square, strip, total, copies = vectors > 0 ? 2 : 1;

    if (!basin_mul(rows, rows, &square) || !basin_mul(square, copies, &square) ||
        !basin_mul(size, BLOCK + vectors + 3, &strip) || !basin_add(square, strip, &total) ||
        !basin_mul(total, sizeof(double), &total))
        return SIZE_MAX;
    return total;
}

/* What weight decay adds to the operator: to G only, and none where each has its own. */
static double decay_of(const basin_point *point)
{
    const basin_decay *decay = &point->options.included;

    return point->options.operator_kind == BASIN_GGN && decay->each == NULL ? decay->value : 0.0;
}

/* A multiple of the identity leaves the vectors alone; other weight decay, or any with a scale, does not. */
static bool decay_fits(const basin_point *point)
{
    const basin_decay *decay = &point->options.included;

    return point->options.operator_kind != BASIN_GGN || basin_decay_is_none(decay, point->size) ||
           (decay->each == NULL && point->scale == NULL);
}

size_t basin_spectrum_rows(const basin_point *point)
{
    if (!decay_fits(point)) return 0;
    return basin_objective_rows(point->objective, NULL, (basin_curvature_kind)point->options.operator_kind);
}

basin_status basin_spectrum_gram_demand(size_t size, size_t rows, const basin_spectrum_options *options,
                                        basin_demand *demand)
{
    basin_status st = BASIN_OK;
    const size_t vectors = options->vectors ? options->top : 0;
    const size_t bytes = basin_spectrum_gram_bytes(size, rows, vectors);

    BASIN_CHECK(
        rows > 0, BASIN_ERR_UNSUPPORTED,
        "method gram: this operator is not given as RᵀR (G and the Fisher matrices are, with weight decay "
        "that is the same for each parameter)");
    BASIN_CHECK(rows < size, BASIN_ERR_ARG,
                "method gram: %zu rows of R are no fewer than the %zu parameters: dense costs less", rows,
                size);
    BASIN_CHECK(bytes <= basin_memory_limit(), BASIN_ERR_BUDGET,
                "a Gram matrix of %zu rows with %zu parameters needs %zu bytes, the limit is %zu", rows, size,
                bytes, basin_memory_limit());
    demand->vectors += rows;
    if (demand->width < BLOCK) demand->width = BLOCK;
    demand->problems++;
    demand->matrix = rows;
    demand->top = vectors < rows ? vectors : rows;
    demand->bottom = 0;
    basin_demand_hold(demand, bytes, bytes);
done:
    return st;
}

static void scale_twice(const double *scale, size_t k, size_t size, double *v)
{
    for (size_t j = 0; scale != NULL && j < k; j++)
        for (size_t i = 0; i < size; i++) v[j * size + i] *= scale[i] * scale[i];
}

static basin_status gram(const basin_point *point, basin_curvature *c, size_t rows, double *k)
{
    basin_status st = BASIN_OK;
    double      *units = NULL, *v = NULL;

    BASIN_ALLOC(units, BLOCK * rows, "unit vectors");
    BASIN_ALLOC(v, BLOCK * point->size, "rows of the root");
    for (size_t start = 0; start < rows; start += BLOCK) {
        const size_t n = rows - start < BLOCK ? rows - start : BLOCK;
        BASIN_TRY(basin_progress_report("gram", (double)start, (double)rows));
        if (basin_time_short(0.0)) BASIN_TRY(basin_time_fail("rows of a Gram matrix", start, rows));
        for (size_t j = 0; j < n; j++) units[j * rows + start + j] = 1.0;
        BASIN_TRY(basin_curvature_back(c, units, n, v));
        for (size_t j = 0; j < n; j++) units[j * rows + start + j] = 0.0;
        scale_twice(point->scale, n, point->size, v);
        BASIN_TRY(basin_curvature_root(c, v, n, k + start * rows));
    }
    BASIN_CHECK(basin_all_finite(k, rows * rows), BASIN_ERR_NUMERIC,
                "the Gram matrix at this point is not finite");
done:
    basin_free(units);
    basin_free(v);
    return st;
}

/* Rᵀu / ‖Rᵀu‖ of the largest pairs; z [count, rows], the largest last. */
static basin_status lift(const basin_point *point, basin_curvature *c, const double *z, size_t rows,
                         size_t count, basin_spectrum *out)
{
    basin_status st = BASIN_OK;

    if (count == 0) goto done;
    BASIN_ALLOC(out->vectors, count * point->size, "eigenvectors");
    BASIN_ALLOC(out->vector_index, count, "eigenvectors");
    for (size_t i = 0; i < count; i++) {
        double *v = out->vectors + i * point->size;
        BASIN_TRY(basin_curvature_back(c, z + (count - 1 - i) * rows, 1, v));
        for (size_t l = 0; point->scale != NULL && l < point->size; l++) v[l] *= point->scale[l];
        basin_scale(1.0 / basin_norm(v, point->size), v, point->size);
        basin_vectors_orient(v, point->size);
        out->vector_index[i] = i;
    }
    out->vector_count = count;
done:
    return st;
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

/* Of all P, with `decay` on each; `w` [rows] are those of K. */
static void fill(const double *w, size_t rows, double norm, double skew, double epsilon, double decay,
                 basin_spectrum *out)
{
    const size_t size = out->parameters;

    for (size_t i = 0; i < rows; i++) out->eigenvalues[i] = w[i];
    qsort(out->eigenvalues, size, sizeof *out->eigenvalues, descending);
    for (size_t i = 0; i < size; i++) {
        out->eigenvalues[i] += decay;
        out->residuals[i] = (double)rows * epsilon * norm + 0.5 * skew;
    }
    out->frobenius2 = norm * norm + decay * (2.0 * out->trace + decay * (double)size);
    out->trace += decay * (double)size;
    out->frobenius2_upper = out->frobenius2;
    out->asymmetry = norm > 0.0 ? skew / norm : 0.0;
    out->negative_mass = basin_spectrum_negative_mass(out->eigenvalues, size);
    out->converged = out->verified = true;
}

/* Of the wanted vectors those whose eigenvalue, w ascending, is beyond `bound`. */
static size_t beyond(const double *w, size_t rows, size_t wanted, double bound)
{
    size_t count = 0;

    while (count < wanted && count < rows && w[rows - 1 - count] > bound) count++;
    return count;
}

basin_status basin_spectrum_gram(basin_point *point, double epsilon, const basin_spectrum_options *options,
                                 basin_spectrum *out)
{
    basin_status     st = BASIN_OK;
    const size_t     size = point->size, rows = basin_spectrum_rows(point);
    const size_t     top = options->vectors ? (options->top < rows ? options->top : rows) : 0;
    basin_curvature *c = NULL;
    double          *k = NULL, *w = NULL, *z = NULL, skew;

    BASIN_ALLOC(k, rows * rows, "a Gram matrix");
    BASIN_ALLOC(w, rows, "eigenvalues");
    BASIN_ALLOC(z, top * rows, "eigenvectors");
    BASIN_ALLOC(out->eigenvalues, size, "eigenvalues");
    BASIN_ALLOC(out->residuals, size, "residuals");
    out->count = out->top = size;
    BASIN_TRY(basin_point_curvature(point, &c));
    BASIN_TRY(gram(point, c, rows, k));
    out->products = rows;
    skew = basin_spectrum_symmetrise(k, rows);
    const double norm = basin_norm(k, rows * rows);
    for (size_t i = 0; i < rows; i++) out->trace += k[i * rows + i];
    BASIN_TRY(basin_progress_report("eigenvalues by LAPACK", 0.0, 1.0));
    if (top > 0)
        BASIN_TRY(basin_symmetric_eigen_ends(k, rows, 0, top, w, z));
    else
        BASIN_TRY(basin_symmetric_eigen(k, rows, w));
    fill(w, rows, norm, skew, epsilon, decay_of(point), out);
    const size_t count = beyond(w, rows, top, out->residuals[0]);
    BASIN_TRY(lift(point, c, z + (top - count) * rows, rows, count, out));
done:
    basin_free(k);
    basin_free(w);
    basin_free(z);
    return st;
}
