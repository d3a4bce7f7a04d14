/* Directions of several checkpoints: from one to another, the two axes of the plane through three, the
 * principal axes of a run, and vectors that a file stores.
 *
 * Principal axes (basin_principal_axes): with D [n, P] the differences point - origin, G = D Dᵀ [n, n] has
 * the eigenvalues σ² and eigenvectors u of D = U Σ Vᵀ, and the axes are v_i = Dᵀ u_i / σ_i: n²P/2
 * multiplications for G, nP for each axis, whatever P. σ_i² of G carries errors of ε σ_1², so axes below
 * 1e-7 σ_1 are noise and refused; v_i is made orthogonal to those before it and scaled once more, since
 * u_i / σ_i amplifies that error by σ_1/σ_i. Differences are taken from the origin and not from the mean
 * (other programs centre first, which gives the plane nearest to the points that does not pass through any
 * of them).
 */
#include <math.h>
#include <string.h>

#include "analysis/slice/direction.h"
#include "core/linalg.h"
#include "core/memory.h"

#define FLAT 1e-7 /* σ_i/σ_1, and the sine of an angle, below which points span no further direction */

static basin_status check_apart(const char *const *names, const double *const *points, size_t count,
                                size_t size)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            BASIN_CHECK(memcmp(points[i], points[j], size * sizeof **points) != 0, BASIN_ERR_VALUE,
                        "%s and %s hold the same weights", names[j], names[i]);
done:
    return st;
}

basin_status basin_direction_between(const char *const names[2], const double *a, const double *b,
                                     size_t size, basin_direction **out)
{
    char        *label = basin_format("between:%s,%s", names[0], names[1]);
    char        *definition = basin_format("%s minus %s", names[1], names[0]);
    basin_status st = BASIN_OK;

    BASIN_TRY(check_apart(names, (const double *const[]){a, b}, 2, size));
    BASIN_TRY(basin_direction_difference(BASIN_DIRECTION_BETWEEN, label, definition, a, b, size, out));
done:
    basin_free(label);
    basin_free(definition);
    return st;
}

/* ---------------------------------------------------------------------------------------- three points -- */

/* What of `to` is orthogonal to `along` of norm 1, in two passes for rounding. */
static void take_away(const double *along, double *to, size_t size)
{
    for (int pass = 0; pass < 2; pass++) basin_axpy(-basin_dot(along, to, size), along, to, size);
}

basin_status basin_direction_plane(const char *const names[3], const double *const points[3], size_t size,
                                   int which, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL, *first = NULL;
    char            *label = basin_format("plane:%s,%s,%s, axis %d", names[0], names[1], names[2], which);
    char            *towards = basin_format("from %s towards %s, norm 1", names[0], names[1]);
    char            *beyond =
        basin_format("from %s towards %s, orthogonal to the other axis, norm 1", names[0], names[2]);
    double length;

    BASIN_TRY(check_apart(names, points, 3, size));
    BASIN_TRY(basin_direction_difference(BASIN_DIRECTION_PLANE, label, towards, points[0], points[1], size,
                                         &first));
    BASIN_TRY(basin_direction_normalise(first));
    BASIN_TRY(
        basin_direction_difference(BASIN_DIRECTION_PLANE, label, beyond, points[0], points[2], size, &d));
    length = d->norm;
    take_away(first->values, d->values, size);
    BASIN_CHECK(basin_norm(d->values, size) > FLAT * length, BASIN_ERR_VALUE,
                "%s, %s and %s lie on one line: the sine of the angle at the first is %.2g", names[0],
                names[1], names[2], basin_norm(d->values, size) / length);
    BASIN_TRY(basin_direction_normalise(d));
    take_away(first->values, d->values, size);
    *out = which == 1 ? first : d;
    *(which == 1 ? &first : &d) = NULL;
done:
    basin_direction_destroy(&d);
    basin_direction_destroy(&first);
    basin_free(label);
    basin_free(towards);
    basin_free(beyond);
    return st;
}

/* -------------------------------------------------------------------------------------- principal axes -- */

/* The differences in chunks of the parameters, so that no second copy of all points is made. */
static void add_products(const double *origin, const double *const *points, size_t n, size_t from, size_t to,
                         double *rows, double *gram)
{
    const size_t width = to - from;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++) rows[i * width + k] = points[i][from + k] - origin[from + k];
    basin_gemm_f64(BASIN_N, BASIN_T, n, n, width, 1.0, rows, width, rows, width, 1.0, gram, n);
}

static basin_status make_gram(const double *origin, const double *const *points, size_t n, size_t size,
                              double *gram)
{
    enum { CHUNK = 4096 };
    basin_status st = BASIN_OK;
    double      *rows = NULL;

    BASIN_ALLOC(rows, n * (size < CHUNK ? size : CHUNK), "differences of checkpoints");
    for (size_t from = 0; from < size; from += CHUNK)
        add_products(origin, points, n, from, from + CHUNK < size ? from + CHUNK : size, rows, gram);
done:
    basin_free(rows);
    return st;
}

/* The sign by which the point farthest along the axis lies on its positive side. */
static double sign_of(const double *u, size_t n)
{
    size_t most = 0;

    for (size_t i = 1; i < n; i++)
        if (fabs(u[i]) > fabs(u[most])) most = i;
    return u[most] < 0.0 ? -1.0 : 1.0;
}

static basin_status make_axis(const double *origin, const double *const *points, size_t n, size_t size,
                              const double *u, size_t i, double *axes)
{
    basin_status st = BASIN_OK;
    double      *axis = axes + i * size;

    for (size_t k = 0; k < size; k++) axis[k] = 0.0;
    for (size_t t = 0; t < n; t++)
        for (size_t k = 0; k < size; k++) axis[k] += sign_of(u, n) * u[t] * (points[t][k] - origin[k]);
    for (size_t j = 0; j < i; j++) take_away(axes + j * size, axis, size);
    const double norm = basin_norm(axis, size);
    BASIN_CHECK(norm > 0.0 && isfinite(norm), BASIN_ERR_NUMERIC, "principal axis %zu has norm %g", i + 1,
                norm);
    basin_scale(1.0 / norm, axis, size);
done:
    return st;
}

static basin_status check_spread(const double *gram, const double *w, size_t n, size_t count, double *total)
{
    basin_status st = BASIN_OK;
    size_t       apart = 0;

    *total = 0.0;
    for (size_t i = 0; i < n; i++) *total += gram[i * n + i], apart += gram[i * n + i] > 0.0;
    BASIN_CHECK(isfinite(*total), BASIN_ERR_VALUE, "a checkpoint among the %zu is not finite", n);
    BASIN_CHECK(apart >= count, BASIN_ERR_VALUE,
                "%zu principal ax%cs of %zu checkpoint%s that differ%s from the centre", count,
                count == 1 ? 'i' : 'e', apart, apart == 1 ? "" : "s", apart == 1 ? "s" : "");
    BASIN_CHECK(
        w[n - count] > FLAT * FLAT * w[n - 1], BASIN_ERR_VALUE,
        "the checkpoints span fewer than %zu directions from the centre: along the next they spread by "
        "%.2g of the first",
        count, sqrt(fmax(w[n - count], 0.0) / w[n - 1]));
done:
    return st;
}

basin_status basin_principal_axes(const double *origin, const double *const *points, size_t n, size_t size,
                                  size_t count, double *axes, double *shares)
{
    basin_status st = BASIN_OK;
    double      *gram = NULL, *diagonal = NULL, *w = NULL, total = 0.0;

    BASIN_CHECK(count > 0 && count <= n, BASIN_ERR_VALUE,
                "%zu principal axes of %zu checkpoint%s beside the centre", count, n, n == 1 ? "" : "s");
    BASIN_ALLOC(gram, n * n, "products of checkpoints");
    BASIN_ALLOC(diagonal, n * n, "products of checkpoints");
    BASIN_ALLOC(w, n, "squares");
    BASIN_TRY(make_gram(origin, points, n, size, gram));
    BASIN_CHECK(basin_all_finite(gram, n * n), BASIN_ERR_VALUE, "a checkpoint among the %zu is not finite",
                n);
    basin_copy(gram, diagonal, n * n);
    BASIN_TRY(basin_symmetric_eigen_vectors(gram, n, w));
    BASIN_TRY(check_spread(diagonal, w, n, count, &total));
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(make_axis(origin, points, n, size, gram + (n - 1 - i) * n, i, axes));
        shares[i] = w[n - 1 - i] / total;
    }
done:
    basin_free(gram);
    basin_free(diagonal);
    basin_free(w);
    return st;
}

basin_status basin_direction_pca(const double *origin, const double *const *points, size_t count, size_t size,
                                 size_t i, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    double          *axes = NULL, *shares = NULL;
    char            *label = NULL, *definition = NULL;

    BASIN_CHECK(i >= 1, BASIN_ERR_ARG, "pca:%zu: axes are counted from 1", i);
    BASIN_ALLOC(axes, i * size, "principal axes");
    BASIN_ALLOC(shares, i, "principal axes");
    BASIN_TRY(basin_principal_axes(origin, points, count, size, i, axes, shares));
    label = basin_format("pca:%zu", i);
    definition =
        basin_format("principal axis %zu of %zu checkpoints about the centre, %.4g %% of their squared "
                     "distances, norm 1",
                     i, count, 100.0 * shares[i - 1]);
    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_PCA, label, definition, size, &d));
    basin_copy(axes + (i - 1) * size, d->values, size);
    BASIN_TRY(basin_direction_measure(d));
    d->explained = shares[i - 1];
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    basin_free(axes);
    basin_free(shares);
    basin_free(label);
    basin_free(definition);
    return st;
}

basin_status basin_direction_stored(const char *reference, const double *values, size_t size,
                                    basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    char            *label = basin_format("file:%s", reference);
    char            *definition = basin_format("the vector stored in %s, scaled to norm 1", reference);

    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_STORED, label, definition, size, &d));
    basin_copy(values, d->values, size);
    BASIN_TRY(basin_direction_normalise(d));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    basin_free(label);
    basin_free(definition);
    return st;
}
