/* All diagonal blocks of a point's operator A: one for each layer or tensor.
 *
 * Method
 *   A block of at most 6,000 parameters: its columns of A, a few at a time. Of each the entries in the
 *       block are kept, and its norm: so A_BB and what couples it to the rest are exact, and of matrices only
 *       the block at hand is in memory. Where P <= 6,000 these are all columns, and ‖A‖_F² is exact too.
 *   A larger one is the operator of the objective restricted to it, of which basin_spectrum_solve takes the
 *       spectrum by the method that suits its size; norms of columns as in part.c.
 *
 * Σ tr A_BB = tr A. ‖A‖_F² - Σ ‖A_BB‖_F² is what couples the blocks: a block-diagonal picture of curvature is
 * worth 1 - left_out of it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/spectrum/part.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define TOLERANCE 1e-4 /* of a large block's pairs, relative to its norm */

enum { TOGETHER = 64, PROBES = 64, TOP = 5, BOTTOM = 2 };

typedef struct group { /* of tensors: a layer, or one */
    char    name[128];
    size_t *blocks; /* [count] ascending numbers in the parameters */
    size_t  count, size;
} group;

typedef struct grouping {
    group *groups;
    size_t count;
} grouping;

static void forget(grouping *g)
{
    for (size_t i = 0; g->groups != NULL && i < g->count; i++) basin_free(g->groups[i].blocks);
    basin_free(g->groups);
}

/* «layer1.conv1» of «layer1.conv1.weight». */
static void name_group(const char *tensor, basin_blocks_by by, char name[128])
{
    const char *dot = by == BASIN_BLOCKS_LAYER ? strrchr(tensor, '.') : NULL;

    snprintf(name, 128, "%.*s", dot != NULL ? (int)(dot - tensor) : 127, tensor);
}

/* The group that a tensor belongs to: of layers that of an earlier tensor of the same number. */
static size_t find_group(const grouping *g, const basin_params *params, size_t block, basin_blocks_by by)
{
    size_t i = by == BASIN_BLOCKS_TENSOR ? g->count : 0;

    while (i < g->count && params->blocks[g->groups[i].blocks[0]].layer != params->blocks[block].layer) i++;
    return i;
}

static basin_status divide(const basin_params *params, basin_blocks_by by, grouping *g)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(g->groups, params->count, "blocks");
    for (size_t b = 0; b < params->count; b++) {
        const size_t i = find_group(g, params, b, by);
        group       *to = &g->groups[i];
        if (i == g->count) {
            BASIN_ALLOC(to->blocks, params->count, "blocks");
            name_group(params->blocks[b].name, by, to->name);
            g->count++;
        }
        to->blocks[to->count++] = b;
        to->size += params->blocks[b].size;
    }
done:
    return st;
}

/* Of coordinate i of a group, its place in theta. */
static size_t place_of(const basin_params *params, const group *g, size_t i)
{
    size_t b = 0;

    while (i >= params->blocks[g->blocks[b]].size) i -= params->blocks[g->blocks[b++]].size;
    return params->blocks[g->blocks[b]].offset + i;
}

/* The entries of a vector [P] that a group has. */
static void gather(const basin_params *params, const group *g, const double *v, double *out)
{
    for (size_t b = 0; b < g->count; b++) {
        const basin_block *block = &params->blocks[g->blocks[b]];
        basin_copy(v + block->offset, out, block->size);
        out += block->size;
    }
}

/* ----------------------------------------------------------------------------------------------- exact -- */

static basin_status sane_of(const basin_spectrum *s, double kappa, basin_diagonal_block *out)
{
    basin_status st = BASIN_OK;
    basin_sane  *sane = NULL;
    double       most = 0.0;

    out->sane = out->sane_lower = out->sane_upper = NAN;
    for (size_t i = 0; i < s->count; i++) most = fmax(most, fabs(s->eigenvalues[i]));
    if (most == 0.0) return BASIN_OK;
    st = basin_sane_compute(s, &(basin_sane_options){.kappa = kappa}, &sane);
    if (st == BASIN_ERR_VALUE) st = BASIN_OK; /* the pairs held do not make Λ certain: unknown */
    if (sane != NULL) out->sane = sane->value, out->sane_lower = sane->lower, out->sane_upper = sane->upper;
    basin_sane_destroy(&sane);
    return st;
}

/* Everything that follows from a block's spectrum. */
static basin_status describe(const basin_spectrum *s, double kappa, basin_diagonal_block *out)
{
    out->parameters = s->parameters;
    out->method = s->method;
    out->trace = s->trace, out->trace_error = s->trace_error;
    out->frobenius2 = s->frobenius2, out->frobenius2_error = s->frobenius2_error;
    out->largest = s->eigenvalues[0], out->largest_residual = s->residuals[0];
    out->smallest = s->eigenvalues[s->count - 1], out->smallest_residual = s->residuals[s->count - 1];
    return sane_of(s, kappa, out);
}

/* h [p, p]: the group's columns of A in its rows; rows2 the squared norm of those columns. */
static basin_status columns(basin_point *point, const basin_params *params, const group *g, double *h,
                            double *rows2)
{
    basin_status st = BASIN_OK;
    const size_t size = point->size, together = g->size < TOGETHER ? g->size : TOGETHER;
    double      *v = NULL, *av = NULL;

    BASIN_ALLOC(v, together * size, "unit vectors");
    BASIN_ALLOC(av, together * size, "products");
    *rows2 = 0.0;
    for (size_t start = 0, n; start < g->size; start += n) {
        n = g->size - start < together ? g->size - start : together;
        BASIN_TRY(basin_progress_report("columns", (double)start, (double)g->size));
        for (size_t j = 0; j < n; j++) v[j * size + place_of(params, g, start + j)] = 1.0;
        BASIN_TRY(basin_point_product(point, v, n, av));
        for (size_t j = 0; j < n; j++) {
            v[j * size + place_of(params, g, start + j)] = 0.0;
            gather(params, g, av + j * size, h + (start + j) * g->size);
        }
        *rows2 += basin_dot(av, av, n * size);
    }
done:
    basin_free(v);
    basin_free(av);
    return st;
}

/* The spectrum of h, which it destroys. */
static basin_status decompose(double *h, size_t size, double epsilon, basin_spectrum *s)
{
    basin_status st = BASIN_OK;
    double      *w = NULL, skew = basin_spectrum_symmetrise(h, size), norm = basin_norm(h, size * size);

    *s = (basin_spectrum){.parameters = size,
                          .count = size,
                          .top = size,
                          .method = BASIN_SPECTRUM_DENSE,
                          .frobenius2 = norm * norm,
                          .converged = true,
                          .verified = true};
    for (size_t i = 0; i < size; i++) s->trace += h[i * size + i];
    BASIN_ALLOC(w, size, "eigenvalues");
    BASIN_ALLOC(s->eigenvalues, size, "eigenvalues");
    BASIN_ALLOC(s->residuals, size, "residuals");
    BASIN_TRY(basin_symmetric_eigen(h, size, w));
    for (size_t i = 0; i < size; i++) {
        s->eigenvalues[i] = w[size - 1 - i];
        s->residuals[i] = (double)size * epsilon * norm + 0.5 * skew;
    }
done:
    basin_free(w);
    return st;
}

static basin_status block_exactly(basin_point *point, const basin_params *params, const group *g,
                                  double kappa, basin_diagonal_block *out)
{
    basin_status   st = BASIN_OK;
    double        *h = NULL, epsilon;
    basin_spectrum s = {0};

    BASIN_CHECK(basin_spectrum_dense_bytes(g->size, 0) <= basin_memory_limit(), BASIN_ERR_BUDGET,
                "the block of %s, %zu parameters, needs %zu bytes, the limit is %zu", g->name, g->size,
                basin_spectrum_dense_bytes(g->size, 0), basin_memory_limit());
    BASIN_ALLOC(h, g->size * g->size, "a block");
    BASIN_TRY(basin_point_epsilon(point, &epsilon));
    BASIN_TRY(columns(point, params, g, h, &out->rows2));
    BASIN_TRY(decompose(h, g->size, epsilon, &s));
    BASIN_TRY(describe(&s, kappa, out));
done:
    basin_free(h);
    basin_free(s.eigenvalues);
    basin_free(s.residuals);
    return st;
}

/* -------------------------------------------------------------------------------------- large networks -- */

typedef struct own { /* what the point's options say of each parameter, of a part */
    double *theta, *scale, *each[2];
} own;

static basin_status take(const basin_objective *part, const double *whole, double **out)
{
    basin_status st = BASIN_OK;

    if (whole == NULL) return BASIN_OK;
    BASIN_ALLOC(*out, basin_objective_size(part), "a part");
    basin_part_take(part, whole, *out);
done:
    return st;
}

static basin_status point_of(const basin_point *point, basin_objective *part, own *of, basin_point **out)
{
    basin_status        st = BASIN_OK;
    basin_point_options options = point->options;

    BASIN_TRY(take(part, point->theta, &of->theta));
    BASIN_TRY(take(part, point->scale, &of->scale));
    BASIN_TRY(take(part, point->each[0], &of->each[0]));
    BASIN_TRY(take(part, point->each[1], &of->each[1]));
    options.scale = of->scale;
    options.decay.each = of->each[0], options.included.each = of->each[1];
    BASIN_TRY(basin_point_create(part, of->theta, &options, out));
done:
    return st;
}

static basin_status mask_of(const basin_params *params, const group *g, size_t size, bool **out)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(*out, size, "a mask");
    for (size_t i = 0; i < g->count; i++) {
        const basin_block *b = &params->blocks[g->blocks[i]];
        memset(*out + b->offset, true, b->size * sizeof **out);
    }
done:
    return st;
}

static basin_spectrum_options options_of_large(uint64_t seed)
{
    return (basin_spectrum_options){.top = TOP, .bottom = BOTTOM, .tolerance = TOLERANCE, .seed = seed};
}

static basin_status block_by_itself(basin_point *point, const basin_params *params, const group *g,
                                    const basin_blocks_options *o, double kappa, basin_diagonal_block *out)
{
    basin_status                 st = BASIN_OK;
    basin_objective             *part = NULL;
    basin_point                 *at = NULL;
    basin_spectrum              *s = NULL;
    bool                        *mask = NULL;
    own                          of = {0};
    basin_probed                 rows;
    const basin_spectrum_options options = options_of_large(o->seed);

    BASIN_TRY(mask_of(params, g, point->size, &mask));
    BASIN_TRY(basin_columns_norm2(point, mask, o->probes > 0 ? o->probes : PROBES, o->seed, &rows));
    out->rows2 = rows.value, out->rows2_error = rows.error;
    BASIN_TRY(basin_objective_restrict(point->objective, point->theta,
                                       &(basin_part){.blocks = g->blocks, .count = g->count}, &part));
    BASIN_TRY(point_of(point, part, &of, &at));
    basin_curvature_destroy(&point->curvature); /* the part freezes the same */
    BASIN_TRY(basin_spectrum_solve(at, &options, &s));
    BASIN_TRY(describe(s, kappa, out));
done:
    basin_spectrum_destroy(&s);
    basin_point_destroy(&at);
    basin_objective_destroy(&part);
    basin_free(mask);
    basin_free(of.theta);
    basin_free(of.scale);
    basin_free(of.each[0]);
    basin_free(of.each[1]);
    return st;
}

/* ------------------------------------------------------------------------------------------------- all -- */

/* Sums over blocks; `whole` is ‖A‖_F². Errors of blocks are independent of each other and of the whole's. */
static void sum_up(const basin_probed *whole, basin_blocks *b)
{
    double within = 0.0, within2 = 0.0, trace2 = 0.0;

    for (size_t i = 0; i < b->count; i++) {
        const basin_diagonal_block *d = &b->blocks[i];
        b->trace += d->trace, trace2 += d->trace_error * d->trace_error;
        within += d->frobenius2, within2 += d->frobenius2_error * d->frobenius2_error;
    }
    b->trace_error = sqrt(trace2);
    b->frobenius2 = whole->value, b->frobenius2_error = whole->error;
    if (!(whole->value > 0.0)) return;
    b->left_out = fmin(fmax(1.0 - within / whole->value, 0.0), 1.0);
    b->left_out_error = sqrt(within2 + pow(within * whole->error / whole->value, 2.0)) / whole->value;
}

static basin_status measure(basin_point *point, const basin_blocks_options *o, const grouping *g,
                            basin_blocks *b)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = basin_objective_params(point->objective);
    basin_probed        whole = {0};

    for (size_t i = 0; i < g->count; i++) {
        basin_diagonal_block *to = &b->blocks[i];
        BASIN_STRDUP(to->name, g->groups[i].name);
        BASIN_TRY(g->groups[i].size <= BASIN_EXACT_MOST
                      ? block_exactly(point, params, &g->groups[i], b->kappa, to)
                      : block_by_itself(point, params, &g->groups[i], o, b->kappa, to));
        whole.value += to->rows2;
    }
    if (point->size > BASIN_EXACT_MOST)
        BASIN_TRY(basin_columns_norm2(point, NULL, o->probes > 0 ? o->probes : PROBES, o->seed + 1, &whole));
    sum_up(&whole, b);
done:
    return st;
}

static basin_status describe_point(basin_point *point, const basin_blocks_options *o, basin_blocks *b)
{
    basin_status  st = BASIN_OK;
    const double *g;
    basin_loss    loss;

    BASIN_TRY(basin_point_gradient(point, &loss, &g));
    b->parameters = point->size;
    b->samples = basin_objective_samples(point->objective);
    b->loss = basin_loss_value(&loss);
    b->gradient_norm = basin_norm(g, point->size);
    b->operator_kind = point->options.operator_kind;
    b->preconditioned = point->scale != NULL;
    b->by = (int)o->by;
    b->kappa = o->kappa > 0.0 ? o->kappa : 0.5;
    b->seed = o->seed;
done:
    return st;
}

/* --------------------------------------------------------------------------------------- what it takes -- */

/* A block by its columns; its eigenvalue problem in those of the largest block. */
static void demand_columns(const group *g, size_t largest, basin_demand *demand, double *problems)
{
    const double share = (double)g->size / (double)largest;
    const size_t width = g->size < TOGETHER ? g->size : TOGETHER;

    demand->vectors += g->size;
    if (demand->width < width) demand->width = width;
    *problems += share * share * share;
    basin_demand_hold(demand, basin_spectrum_dense_bytes(g->size, 0), basin_spectrum_dense_bytes(g->size, 0));
}

static basin_status demand_of(const basin_point *point, const grouping *g, size_t probes,
                              basin_demand *demand)
{
    basin_status          st = BASIN_OK;
    size_t                largest = 0;
    double                problems = 0.0;
    basin_spectrum_method method;

    demand->gradients = demand->freezes = 1;
    for (size_t i = 0; i < g->count; i++)
        if (g->groups[i].size <= BASIN_EXACT_MOST && g->groups[i].size > largest) largest = g->groups[i].size;
    for (size_t i = 0; i < g->count; i++) {
        if (g->groups[i].size <= BASIN_EXACT_MOST) {
            demand_columns(&g->groups[i], largest, demand, &problems);
            continue;
        }
        const basin_spectrum_options options = options_of_large(0);
        BASIN_TRY(basin_spectrum_demand(point->objective, &options, demand, &method));
        demand->vectors += probes, demand->freezes++;
    }
    if (point->size > BASIN_EXACT_MOST) demand->vectors += probes;
    demand->matrix = largest, demand->problems = (size_t)ceil(problems);
done:
    return st;
}

basin_status basin_blocks_forecast(basin_point *point, const basin_blocks_options *options,
                                   basin_forecast **out)
{
    basin_status               st = BASIN_OK;
    const basin_blocks_options defaults = {0};
    const basin_params        *params = basin_objective_params(point->objective);
    basin_forecast_request     request = {.analysis = "blocks", .point = point};
    grouping                   g = {0};

    if (options == NULL) options = &defaults;
    BASIN_CHECK(params != NULL, BASIN_ERR_ARG, "an objective without named parameters has no blocks");
    BASIN_TRY(divide(params, options->by, &g));
    BASIN_TRY(demand_of(point, &g, options->probes > 0 ? options->probes : PROBES, &request.demand));
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    forget(&g);
    return st;
}

basin_status basin_blocks_compute(basin_point *point, const basin_blocks_options *options, basin_blocks **out)
{
    basin_status               st = BASIN_OK;
    const basin_blocks_options defaults = {0};
    const basin_params        *params = basin_objective_params(point->objective);
    const uint64_t             before = basin_objective_cost(point->objective).products;
    basin_blocks              *b = NULL;
    grouping                   g = {0};

    if (options == NULL) options = &defaults;
    BASIN_CHECK(params != NULL, BASIN_ERR_ARG, "an objective without named parameters has no blocks");
    BASIN_CHECK(options->kappa >= 0.0 && isfinite(options->kappa), BASIN_ERR_ARG,
                "kappa %g is no number above 0", options->kappa);
    BASIN_ALLOC(b, 1, "blocks");
    BASIN_TRY(describe_point(point, options, b));
    BASIN_TRY(divide(params, options->by, &g));
    BASIN_ALLOC(b->blocks, g.count, "blocks");
    b->count = g.count;
    BASIN_TRY(measure(point, options, &g, b));
    b->products = (size_t)(basin_objective_cost(point->objective).products - before);
    *out = b, b = NULL;
done:
    forget(&g);
    basin_blocks_destroy(&b);
    return st;
}
