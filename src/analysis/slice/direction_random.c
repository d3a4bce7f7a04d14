/* Random directions, normalised (Li, Xu, Taylor, Studer & Goldstein, arXiv:1712.09913, §4; per filter as in
 * the authors' code).
 *
 * Method
 *   1. Every entry N(0, 1), drawn in the order of theta whatever the options, so that one seed is one draw.
 *   2. A set of parameters is what is normalised together. By filters it is what feeds one output: one index
 *      of the output axis of a weight; one entry of a bias or a norm parameter. Blocks of unknown role count
 *      as weights from rank 2 on, as biases below. By layers it is a tensor, by model all that is moved.
 *   3. Biases and norm parameters: set to zero, or treated as the others (scaled), or left as drawn (random).
 *   4. With orthogonal_to = b: d_s <- d_s - (d_s·b_s / b_s·b_s) b_s in every set of two or more entries.
 *   5. d_s <- d_s ‖theta_s‖ / ‖d_s‖.
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
    if (options->normalisation == BASIN_NORMALISE_NONE) return;
    double norm = sqrt(filter_dot(f, d, d));
    filter_scale(f, norm > 0.0 ? sqrt(filter_dot(f, theta, theta)) / norm : 0.0, d);
}

static filter whole_of(const basin_block *block)
{
    return (filter){.first = block->offset, .outers = 1, .outer = block->size, .inner = block->size};
}

static void treat_filters(const basin_block *block, const double *theta, const basin_random_options *options,
                          double *d)
{
    bool   bias = is_bias(block);
    size_t axis = block->output_axis >= block->rank ? 0 : block->output_axis;
    size_t count = bias ? block->size : block->rank > 0 ? block->shape[axis] : 1;

    for (size_t i = 0; i < count; i++) {
        filter f =
            bias ? (filter){.first = block->offset + i, .outers = 1, .inner = 1} : filter_of(block, axis, i);
        treat_filter(&f, theta, options, d);
    }
}

/* Biases that are set to zero or left as drawn are no part of any set. */
static bool is_treated(const basin_block *block, const basin_random_options *options)
{
    return !is_bias(block) || options->bias == BASIN_BIAS_SCALED;
}

static double model_dot(const basin_params *params, const basin_random_options *options, const double *x,
                        const double *y)
{
    double sum = 0.0;

    for (size_t i = 0; i < params->count; i++) {
        const filter f = whole_of(&params->blocks[i]);
        if (is_treated(&params->blocks[i], options)) sum += filter_dot(&f, x, y);
    }
    return sum;
}

static void treat_model(const basin_params *params, const double *theta, const basin_random_options *options,
                        double *d)
{
    const double *b = options->orthogonal_to;
    const double  square = b != NULL ? model_dot(params, options, b, b) : 0.0;
    double        norm;

    for (int pass = 0; square > 0.0 && pass < 2; pass++) {
        const double along = model_dot(params, options, d, b) / square;
        for (size_t i = 0; i < params->count; i++) {
            const filter f = whole_of(&params->blocks[i]);
            if (is_treated(&params->blocks[i], options)) filter_axpy(&f, -along, b, d);
        }
    }
    norm = sqrt(model_dot(params, options, d, d));
    for (size_t i = 0; i < params->count; i++) {
        const filter f = whole_of(&params->blocks[i]);
        if (is_treated(&params->blocks[i], options))
            filter_scale(&f, norm > 0.0 ? sqrt(model_dot(params, options, theta, theta)) / norm : 0.0, d);
    }
}

static void treat(const basin_params *params, const double *theta, const basin_random_options *options,
                  double *d)
{
    for (size_t i = 0; i < params->count; i++) {
        const basin_block *block = &params->blocks[i];
        const filter       whole = whole_of(block);
        if (is_bias(block) && options->bias == BASIN_BIAS_ZERO)
            memset(d + block->offset, 0, block->size * sizeof *d);
        if (!is_treated(block, options) || options->normalisation == BASIN_NORMALISE_MODEL) continue;
        if (options->normalisation == BASIN_NORMALISE_LAYER)
            treat_filter(&whole, theta, options, d);
        else
            treat_filters(block, theta, options, d);
    }
    if (options->normalisation == BASIN_NORMALISE_MODEL) treat_model(params, theta, options, d);
}

static const char *const normalisations[] = {[BASIN_NORMALISE_FILTER] = "filter",
                                             [BASIN_NORMALISE_LAYER] = "layer",
                                             [BASIN_NORMALISE_MODEL] = "model",
                                             [BASIN_NORMALISE_NONE] = "none"};
enum { NORMALISATIONS = sizeof normalisations / sizeof *normalisations };

const char *basin_normalisation_text(basin_normalisation n)
{
    return normalisations[n];
}

basin_status basin_normalisation_find(const char *name, basin_normalisation *out)
{
    for (size_t i = 0; i < NORMALISATIONS; i++)
        if (strcmp(name, normalisations[i]) == 0) {
            *out = (basin_normalisation)i;
            return BASIN_OK;
        }
    return basin_fail(BASIN_ERR_ARG, "normalisation %s is none of filter, layer, model, none", name);
}

static char *define(const basin_random_options *o)
{
    static const char *const biases[] = {
        [BASIN_BIAS_ZERO] = "zero", [BASIN_BIAS_SCALED] = "scaled", [BASIN_BIAS_RANDOM] = "random"};
    static const char *const normalised[] = {[BASIN_NORMALISE_FILTER] = ", filter-normalised",
                                             [BASIN_NORMALISE_LAYER] = ", normalised tensor by tensor",
                                             [BASIN_NORMALISE_MODEL] = ", normalised as a whole",
                                             [BASIN_NORMALISE_NONE] = ""};
    static const char *const sets[] = {[BASIN_NORMALISE_FILTER] = "filter by filter",
                                       [BASIN_NORMALISE_LAYER] = "tensor by tensor",
                                       [BASIN_NORMALISE_MODEL] = "as a whole",
                                       [BASIN_NORMALISE_NONE] = "filter by filter"};

    return basin_format("random normal%s%s%s, biases and norm parameters %s", normalised[o->normalisation],
                        o->orthogonal_to != NULL ? ", orthogonal to the other direction " : "",
                        o->orthogonal_to != NULL ? sets[o->normalisation] : "", biases[o->bias]);
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
    treat(params, theta, options, out);
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
