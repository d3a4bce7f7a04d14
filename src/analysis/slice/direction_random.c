/* Random directions, filter-normalised (Li, Xu, Taylor, Studer & Goldstein, arXiv:1712.09913, §4; per filter
 * as in the authors' code).
 *
 * Method
 *   1. Every entry N(0, 1), drawn in the order of theta whatever the options, so that one seed is one draw.
 *   2. A filter is what feeds one output: one index of the output axis of a weight; one entry of a bias or a
 *      norm parameter. Blocks of unknown role count as weights from rank 2 on, as biases below.
 *   3. Biases and norm parameters: set to zero, or treated as filters (scaled), or left as drawn (random).
 *   4. With orthogonal_to = b: d_f <- d_f - (d_f·b_f / b_f·b_f) b_f in every filter of two or more entries.
 *   5. d_f <- d_f ‖theta_f‖ / ‖d_f‖.
 */
#include <math.h>
#include <string.h>

#include "analysis/slice/direction.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"

typedef struct filter { /* entries first + o·outer + i, o < outers, i < inner, of the flat vector */
    size_t first, outers, outer, inner;
} filter;

static double filter_dot(const filter *f, const double *x, const double *y)
{
    double sum = 0.0;

    for (size_t o = 0; o < f->outers; o++)
        sum += basin_dot(x + f->first + o * f->outer, y + f->first + o * f->outer, f->inner);
    return sum;
}

static void filter_axpy(const filter *f, double a, const double *x, double *y)
{
    for (size_t o = 0; o < f->outers; o++)
        basin_axpy(a, x + f->first + o * f->outer, y + f->first + o * f->outer, f->inner);
}

static void filter_scale(const filter *f, double a, double *x)
{
    for (size_t o = 0; o < f->outers; o++) basin_scale(a, x + f->first + o * f->outer, f->inner);
}

static bool is_bias(const basin_block *block)
{
    switch (block->role) {
    case BASIN_ROLE_BIAS:
    case BASIN_ROLE_NORM_SCALE:
    case BASIN_ROLE_NORM_SHIFT: return true;
    case BASIN_ROLE_UNKNOWN: return block->rank < 2;
    default: return false;
    }
}

/* The filter of output number `index`: the block is [outers, outputs, inner] around its output axis. */
static filter filter_of(const basin_block *block, size_t axis, size_t index)
{
    filter f = {.outers = 1, .inner = 1};

    for (size_t i = 0; i < axis; i++) f.outers *= block->shape[i];
    for (size_t i = axis + 1; i < block->rank; i++) f.inner *= block->shape[i];
    f.outer = f.inner * (block->rank > 0 ? block->shape[axis] : 1);
    f.first = block->offset + index * f.inner;
    return f;
}

static void treat_filter(const filter *f, const double *theta, const basin_random_options *options, double *d)
{
    const double *b = options->orthogonal_to;

    if (b != NULL && f->outers * f->inner >= 2) {
        double square = filter_dot(f, b, b);
        for (int pass = 0; square > 0.0 && pass < 2; pass++)
            filter_axpy(f, -filter_dot(f, d, b) / square, b, d);
    }
    if (options->unnormalised) return;
    double norm = sqrt(filter_dot(f, d, d));
    filter_scale(f, norm > 0.0 ? sqrt(filter_dot(f, theta, theta)) / norm : 0.0, d);
}

static void treat_block(const basin_block *block, const double *theta, const basin_random_options *options,
                        double *d)
{
    bool   bias = is_bias(block);
    size_t axis = block->output_axis >= block->rank ? 0 : block->output_axis;
    size_t count = bias ? block->size : block->rank > 0 ? block->shape[axis] : 1;

    if (bias && options->bias == BASIN_BIAS_RANDOM) return;
    if (bias && options->bias == BASIN_BIAS_ZERO) {
        memset(d + block->offset, 0, block->size * sizeof *d);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        filter f =
            bias ? (filter){.first = block->offset + i, .outers = 1, .inner = 1} : filter_of(block, axis, i);
        treat_filter(&f, theta, options, d);
    }
}

static char *define(const basin_random_options *o)
{
    static const char *const biases[] = {
        [BASIN_BIAS_ZERO] = "zero", [BASIN_BIAS_SCALED] = "scaled", [BASIN_BIAS_RANDOM] = "random"};

    return basin_format(
        "random normal%s%s, biases and norm parameters %s", o->unnormalised ? "" : ", filter-normalised",
        o->orthogonal_to != NULL ? ", orthogonal to the other direction filter by filter" : "",
        biases[o->bias]);
}

static basin_status demand_params(const basin_params *params)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(params != NULL, BASIN_ERR_ARG, "a random direction needs the table of parameters");
done:
    return st;
}

basin_status basin_direction_random_values(const basin_params *params, const double *theta,
                                           const basin_random_options *options, uint64_t seed, double *out)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(seed, BASIN_STREAM_DIRECTION);

    BASIN_TRY(demand_params(params));
    basin_random_normals(&random, out, params->size);
    for (size_t i = 0; i < params->count; i++) treat_block(&params->blocks[i], theta, options, out);
    BASIN_CHECK(basin_all_finite(out, params->size), BASIN_ERR_VALUE, "direction random:%llu is not finite",
                (unsigned long long)seed);
done:
    return st;
}

basin_status basin_direction_random(const basin_params *params, const double *theta,
                                    const basin_random_options *options, uint64_t seed, basin_direction **out)
{
    basin_status               st = BASIN_OK;
    const basin_random_options defaults = {0};
    basin_direction           *d = NULL;
    char                      *label = NULL, *definition = NULL;

    if (options == NULL) options = &defaults;
    BASIN_TRY(demand_params(params));
    label = basin_format("random:%llu", (unsigned long long)seed);
    definition = define(options);
    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_RANDOM, label, definition, params->size, &d));
    BASIN_TRY(basin_direction_random_values(params, theta, options, seed, d->values));
    d->norm = d->natural_norm = basin_norm(d->values, d->size);
    BASIN_CHECK(d->norm > 0.0, BASIN_ERR_VALUE,
                "direction %s is zero: all parameters that it follows are zero", label);
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    basin_free(label);
    basin_free(definition);
    return st;
}
