/* The full spectrum.
 *
 * Method
 *   1. H [P, P] by products with blocks of unit vectors; row j is H e_j.
 *   2. Asymmetry ‖H - Hᵀ‖_F / ‖H‖_F as computed, then H <- (H + Hᵀ)/2.
 *   3. Trace and ‖H‖_F² from the entries; eigenvalues by LAPACK of the rows that are not zero, eigenvectors
 *      only of the ends that are wanted.
 *
 * Numerical notes. By Weyl each eigenvalue is off by at most the norm of the error in H: P ε ‖H‖_F for LAPACK
 * and for the rounding of the products (ε of the objective's arithmetic; ε^{2/3} where products are
 * differences of the gradient), and ‖H - Hᵀ‖_F / 2 for what symmetrising moved. That sum is reported as the
 * residual of every pair.
 */
#include <math.h>
#include <string.h>

#include "analysis/spectrum/spectrum.h"
#include "core/deadline.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/remember.h"
#include "core/vectors.h"

#define BLOCK 64 /* unit vectors in one product */

size_t basin_spectrum_dense_bytes(size_t size, size_t vectors)
{
    size_t square, copies = vectors > 0 ? 2 : 1, rows = vectors + (size < BLOCK ? size : BLOCK), strip, total;

    if (!basin_mul(size, size, &square) || !basin_mul(square, copies, &square) ||
        !basin_mul(rows, size, &strip) || !basin_add(square, strip, &total) ||
        !basin_mul(total, sizeof(double), &total))
        return SIZE_MAX;
    return total;
}

static size_t block_of(size_t size)
{
    return size < BLOCK ? size : BLOCK;
}

basin_status basin_spectrum_dense_demand(size_t size, const basin_spectrum_options *options,
                                         basin_demand *demand)
{
    basin_status st = BASIN_OK;
    /* as LAPACK gives them, at their places among all parameters, and as they are kept */
    size_t vectors = options->vectors ? 3 * (options->top + options->bottom) : 0;
    size_t bytes = basin_spectrum_dense_bytes(size, vectors);

    BASIN_CHECK(bytes <= basin_memory_limit(), BASIN_ERR_BUDGET,
                "a dense spectrum of %zu parameters needs %zu bytes, the limit is %zu", size, bytes,
                basin_memory_limit());
    demand->vectors += size;
    if (demand->width < block_of(size)) demand->width = block_of(size);
    demand->problems++;
    demand->matrix = size;
    demand->top = options->vectors ? options->top : 0;
    demand->bottom = options->vectors ? options->bottom : 0;
    /* the units, and the rows they give */
    basin_demand_hold(demand, bytes - 2 * block_of(size) * size * sizeof(double), bytes);
done:
    return st;
}

static basin_status hessian(basin_point *point, double *h)
{
    basin_status st = BASIN_OK;
    size_t       size = point->size, block = block_of(size);
    double      *units = NULL;

    BASIN_ALLOC(units, block * size, "unit vectors");
    for (size_t start = 0; start < size; start += block) {
        size_t k = size - start < block ? size - start : block;
        BASIN_TRY(basin_progress_report("hessian", (double)start, (double)size));
        if (basin_time_short(0.0)) BASIN_TRY(basin_time_fail("columns of a dense spectrum", start, size));
        for (size_t j = 0; j < k; j++) units[j * size + start + j] = 1.0;
        BASIN_TRY(basin_point_product(point, units, k, h + start * size));
        for (size_t j = 0; j < k; j++) units[j * size + start + j] = 0.0;
    }
done:
    basin_free(units);
    return st;
}

double basin_spectrum_symmetrise(double *h, size_t size)
{
    double square = 0.0;

    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < i; j++) {
            double difference = h[i * size + j] - h[j * size + i];
            square += 2.0 * difference * difference;
            h[i * size + j] = h[j * size + i] = 0.5 * (h[i * size + j] + h[j * size + i]);
        }
    return sqrt(square);
}

double basin_spectrum_negative_mass(const double *w, size_t count)
{
    double negative = 0.0, all = 0.0;

    for (size_t i = 0; i < count; i++) {
        if (w[i] < 0.0) negative -= w[i];
        all += fabs(w[i]);
    }
    return negative / all;
}

/* Eigenvalues ascending in w [P]; the wanted vectors, smallest first, in z [bottom + top, P]. */
static basin_status decompose(double *h, size_t size, size_t bottom, size_t top, double *w, double *z)
{
    if (bottom + top == 0) return basin_symmetric_eigen(h, size, w);
    return basin_symmetric_eigen_ends(h, size, bottom, top, w, z);
}

static basin_status keep_vectors(const double *z, size_t size, size_t bottom, size_t top, basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    size_t       count = bottom + top;

    if (count == 0) goto done;
    BASIN_ALLOC(out->vectors, count * size, "eigenvectors");
    BASIN_ALLOC(out->vector_index, count, "eigenvectors");
    /* row i of z is the (count-1-i)-th of those held in descending order */
    for (size_t i = 0; i < count; i++) {
        double *v = out->vectors + i * size;
        basin_copy(z + (count - 1 - i) * size, v, size);
        basin_vectors_orient(v, size);
        out->vector_index[i] = i < top ? i : size - count + i;
    }
    out->vector_count = count;
done:
    return st;
}

typedef struct decomposition { /* of the whole matrix */
    double *w, *z;             /* eigenvalues [P] ascending; the wanted vectors [vectors, P] */
    size_t  vectors;           /* bottom + top */
    double  facts[3];          /* trace, ‖H‖_F, ‖H - Hᵀ‖_F */
} decomposition;

/* Steps 1 to 3. */
static basin_status compute(basin_point *point, size_t bottom, size_t top, decomposition *d)
{
    basin_status st = BASIN_OK;
    const size_t size = point->size;
    double      *h = NULL;

    BASIN_ALLOC(h, size * size, "the Hessian");
    BASIN_TRY(hessian(point, h));
    d->facts[2] = basin_spectrum_symmetrise(h, size);
    d->facts[0] = 0.0;
    for (size_t i = 0; i < size; i++) d->facts[0] += h[i * size + i];
    d->facts[1] = basin_norm(h, size * size);
    BASIN_TRY(basin_progress_report("eigenvalues by LAPACK", 0.0, 1.0));
    BASIN_TRY(decompose(h, size, bottom, top, d->w, d->z));
done:
    basin_free(h);
    return st;
}

/* An objective that remembers knows what LAPACK has made of it, too: of all that the matrix follows from. */
static basin_status find_or_compute(basin_point *point, size_t bottom, size_t top, decomposition *d)
{
    basin_status       st = BASIN_OK;
    const size_t       size = point->size, bytes = size * sizeof(double);
    const basin_decay *decay = &point->options.included;
    const double       start = basin_seconds();
    const basin_span   inputs[] = {{point->theta, bytes},
                                   {&point->options.operator_kind, sizeof point->options.operator_kind},
                                   {&decay->value, sizeof decay->value},
                                   {decay->each, decay->each != NULL ? bytes : 0},
                                   {point->scale, point->scale != NULL ? bytes : 0},
                                   {&bottom, sizeof bottom},
                                   {&top, sizeof top}};
    const basin_room   rooms[] = {{d->w, bytes}, {d->z, d->vectors * bytes}, {d->facts, sizeof d->facts}};
    const basin_span   spans[] = {{d->w, bytes}, {d->z, d->vectors * bytes}, {d->facts, sizeof d->facts}};
    basin_key          key;
    bool               found;

    BASIN_TRY(basin_recall(point->objective, "dense", inputs, sizeof inputs / sizeof *inputs, rooms, 3, &key,
                           &found));
    if (found) goto done;
    BASIN_TRY(compute(point, bottom, top, d));
    BASIN_TRY(basin_remember(point->objective, &key, spans, 3, basin_seconds() - start));
done:
    return st;
}

basin_status basin_spectrum_dense(basin_point *point, double epsilon, const basin_spectrum_options *options,
                                  basin_spectrum *out)
{
    basin_status  st = BASIN_OK;
    const size_t  size = point->size, top = options->vectors ? options->top : 0;
    const size_t  bottom = options->vectors ? options->bottom : 0;
    decomposition d = {.vectors = bottom + top};

    BASIN_ALLOC(d.w, size, "eigenvalues");
    BASIN_ALLOC(d.z, d.vectors * size, "eigenvectors");
    BASIN_ALLOC(out->eigenvalues, size, "eigenvalues");
    BASIN_ALLOC(out->residuals, size, "residuals");
    out->count = out->top = size;
    BASIN_TRY(find_or_compute(point, bottom, top, &d));
    out->products = size;
    const double norm = d.facts[1], skew = d.facts[2];
    out->trace = d.facts[0];
    out->frobenius2 = out->frobenius2_upper = norm * norm;
    out->asymmetry = norm > 0.0 ? skew / norm : 0.0;
    for (size_t i = 0; i < size; i++) {
        out->eigenvalues[i] = d.w[size - 1 - i];
        out->residuals[i] = (double)size * epsilon * norm + 0.5 * skew;
    }
    out->negative_mass = basin_spectrum_negative_mass(d.w, size);
    out->converged = out->verified = true;
    BASIN_TRY(keep_vectors(d.z, size, bottom, top, out));
done:
    basin_free(d.w);
    basin_free(d.z);
    return st;
}
