#include "pairs.h"

#include <math.h>
#include <string.h>

#include "core/random.h"
#include "support.h"

static double *gaussian(basin_random *r, double a, size_t n)
{
    double *m = basin_alloc(n * n, sizeof *m);

    basin_random_normals(r, m, n * n);
    for (size_t i = 0; i < n * n; i++) m[i] *= a;
    return m;
}

/* Row r of a side, times m [n, n] (transposed: mᵀ), into `to` of x. */
static void times(const basin_factor_pair *pair, size_t side, const double *from, const double *m,
                  bool transposed, double sign, double *to)
{
    const size_t n = pair->width;
    double      *row = basin_alloc(n, sizeof *row);

    for (size_t r = 0; r < pair->rows[side]; r++) {
        const size_t *place = pair->place[side] + r * n;
        for (size_t j = 0; j < n; j++) {
            row[j] = 0.0;
            for (size_t i = 0; i < n; i++)
                row[j] += from[place[i]] * (transposed ? m[j * n + i] : m[i * n + j]);
        }
        for (size_t j = 0; j < n; j++) to[place[j]] = sign * row[j];
    }
    basin_free(row);
}

void pairs_transform(const basin_params *params, double a, uint64_t seed, double *theta)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);

    for (size_t i = 0; i < params->pair_count; i++) {
        const basin_factor_pair *pair = &params->pairs[i];
        double                  *m = gaussian(&r, a, pair->width);
        assert_ok(basin_symmetry_rotate(pair, m, theta));
        basin_free(m);
    }
}

void pairs_break(const basin_params *params, size_t pair, uint64_t seed, double *theta)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    double      *m = gaussian(&r, 1.0, params->pairs[pair].width);

    times(&params->pairs[pair], 0, theta, m, false, 1.0, theta);
    basin_free(m);
}

void pairs_vertical(const basin_params *params, const double *theta, uint64_t seed, double *x)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);

    memset(x, 0, params->size * sizeof *x);
    for (size_t i = 0; i < params->pair_count; i++) {
        double *m = gaussian(&r, 1.0, params->pairs[i].width);
        times(&params->pairs[i], 0, theta, m, false, 1.0, x);
        times(&params->pairs[i], 1, theta, m, true, -1.0, x);
        basin_free(m);
    }
}
