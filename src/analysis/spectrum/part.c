/* What a principal block leaves out of the whole.
 *
 * For a set B of parameters ‖A_·B‖_F² = Σ_{i in B} ‖A e_i‖², which is also that of the rows, since A is
 * symmetric: the block's own entries and those that couple it to the rest. Where B has many parameters, E‖A
 * z‖² is that for z with N(0, 1) entries in B and 0 elsewhere; of n probes the standard error is that of
 * their mean.
 */
#include "analysis/spectrum/part.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/objective.h"
#include "core/progress.h"
#include "core/random.h"

enum { TOGETHER = 16 };

static size_t count_of(const bool *mask, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++) count += mask == NULL || mask[i];
    return count;
}

/* v [n, P] becomes the next n columns of the identity from *at on, which moves behind them; v was 0. */
static void next_units(const bool *mask, size_t size, size_t n, size_t *at, size_t *columns, double *v)
{
    for (size_t j = 0; j < n; j++, ++*at) {
        while (mask != NULL && !mask[*at]) ++*at;
        v[j * size + *at] = 1.0;
        columns[j] = *at;
    }
}

static basin_status exact(basin_point *point, const bool *mask, size_t count, double *v, double *av,
                          double *sum)
{
    basin_status st = BASIN_OK;
    const size_t size = point->size;
    size_t       at = 0, columns[TOGETHER];

    for (size_t start = 0, n; start < count; start += n) {
        n = count - start < TOGETHER ? count - start : TOGETHER;
        BASIN_TRY(basin_progress_report("columns", (double)start, (double)count));
        next_units(mask, size, n, &at, columns, v);
        BASIN_TRY(basin_point_product(point, v, n, av));
        for (size_t j = 0; j < n; j++) v[j * size + columns[j]] = 0.0;
        *sum += basin_dot(av, av, n * size);
    }
done:
    return st;
}

static basin_status probe(basin_point *point, const bool *mask, size_t probes, uint64_t seed, double *v,
                          double *av, basin_probed *out)
{
    basin_status st = BASIN_OK;
    const size_t size = point->size;
    basin_random random = basin_random_start(seed, BASIN_STREAM_PROBE);
    double       mean = 0.0, deviations = 0.0;

    for (size_t start = 0, n; start < probes; start += n) {
        n = probes - start < TOGETHER ? probes - start : TOGETHER;
        BASIN_TRY(basin_progress_report("probes", (double)start, (double)probes));
        basin_random_normals(&random, v, n * size);
        for (size_t i = 0; mask != NULL && i < n * size; i++)
            if (!mask[i % size]) v[i] = 0.0;
        BASIN_TRY(basin_point_product(point, v, n, av));
        for (size_t j = 0; j < n; j++) {
            const double x = basin_dot(av + j * size, av + j * size, size), difference = x - mean;
            mean += difference / (double)(start + j + 1);
            deviations += difference * (x - mean);
        }
    }
    *out = (basin_probed){mean, probes > 1 ? sqrt(deviations / (double)(probes - 1) / (double)probes)
                                           : (double)NAN};
done:
    return st;
}

basin_status basin_columns_norm2(basin_point *point, const bool *mask, size_t n, uint64_t seed,
                                 basin_probed *out)
{
    basin_status st = BASIN_OK;
    const size_t count = count_of(mask, point->size);
    double      *v = NULL, *av = NULL;
    basin_probed found = {0};

    BASIN_ALLOC(v, TOGETHER * point->size, "vectors");
    BASIN_ALLOC(av, TOGETHER * point->size, "products");
    if (count <= BASIN_EXACT_MOST)
        BASIN_TRY(exact(point, mask, count, v, av, &found.value));
    else
        BASIN_TRY(probe(point, mask, n, seed, v, av, &found));
    *out = found;
done:
    basin_free(v);
    basin_free(av);
    return st;
}

/* Where the part's parameters lie in the whole. */
static basin_status mask_of(const basin_objective *restricted, size_t size, bool **out)
{
    basin_status st = BASIN_OK;
    const size_t part = basin_objective_size(restricted);
    double      *ones = NULL, *whole = NULL;
    bool        *mask = NULL;

    BASIN_ALLOC(ones, part, "a mask");
    BASIN_ALLOC(whole, size, "a mask");
    BASIN_ALLOC(mask, size, "a mask");
    for (size_t i = 0; i < part; i++) ones[i] = 1.0;
    basin_part_put(restricted, ones, whole);
    for (size_t i = 0; i < size; i++) mask[i] = whole[i] != 0.0;
    *out = mask;
done:
    basin_free(ones);
    basin_free(whole);
    return st;
}

/* 1 - part / all, which rounding and estimates may carry beyond [0, 1]. */
static double share_beyond(double part, double all)
{
    return all > 0.0 ? fmin(fmax(1.0 - part / all, 0.0), 1.0) : 0.0;
}

basin_status basin_left_out_measure(basin_point *whole, const basin_objective *restricted, const char *name,
                                    double block2, size_t n, uint64_t seed, basin_left_out *out)
{
    basin_status st = BASIN_OK;
    bool        *mask = NULL;
    char        *copy = NULL;
    basin_probed rows, all;

    BASIN_CHECK(basin_objective_is_part(restricted, whole->objective), BASIN_ERR_ARG,
                "%s is no part of this point's objective", name);
    BASIN_STRDUP(copy, name);
    BASIN_TRY(mask_of(restricted, whole->size, &mask));
    BASIN_TRY(basin_columns_norm2(whole, mask, n, seed, &rows));
    BASIN_TRY(basin_columns_norm2(whole, NULL, n, seed + 1, &all));
    *out = (basin_left_out){.part = copy,
                            .network = whole->size,
                            .rows2 = rows.value,
                            .rows2_error = rows.error,
                            .whole2 = all.value,
                            .whole2_error = all.error,
                            .share = share_beyond(block2, all.value),
                            .rows_share = share_beyond(block2, rows.value)};
    copy = NULL;
done:
    basin_free(copy);
    basin_free(mask);
    return st;
}
