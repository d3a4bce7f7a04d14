/* Curvature of mini-batches, and batch sharpness.
 *
 * Method, for each of n batches B of b samples, drawn without replacement within a batch and anew for each
 *   1. L_B is the objective restricted to B: its gradient g, its Hessian H frozen.
 *   2. Batch sharpness gᵀHg / ‖g‖², and along the step of heavy ball s = βv + g: sᵀHs / sᵀg, which is what
 *      ½ηsᵀHs takes back of the fall η sᵀg of the batch's own loss.
 *   3. The largest eigenvalue, and if asked for trace and SANE, of the point's operator on B.
 *   4. Over batches: mean with Student's interval, deviation, quantiles. The ratio of means E gᵀHg / E‖g‖²
 *      counts a batch by its gradient; its interval is the jackknife's (B. Efron & R. Tibshirani, 1993, ch.
 *      11).
 *
 * A batch whose gradient is 0 has no sharpness and is left out of its mean; it adds nothing to the ratio.
 *
 * The intervals are of the mean over all batches of this size from these samples. What one batch differs from
 * another is `deviation`: what the data that happen to be measured on do to a curvature, which no error bar
 * of an eigenvalue holds.
 *
 * References: A. Andreyev & P. Beneventano, «Edge of stochastic stability: revisiting the edge of stability
 * for SGD», arXiv:2412.20553; A. Andreyev et al., «Momentum further constrains sharpness at the edge of
 * stochastic stability», arXiv:2604.14108.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "analysis/spectrum/spectrum.h"
#include "core/deadline.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

enum { BATCHES = 50, BATCH_SIZE = 128 };

/* ------------------------------------------------------------------------------------------- one batch -- */

/* uᵀHu / uᵀg by one product; NAN where uᵀg is 0. */
static basin_status along(basin_curvature *h, const double *u, const double *g, size_t size, double *hu,
                          double *out)
{
    basin_status st = BASIN_OK;
    const double slope = basin_dot(u, g, size);

    BASIN_TRY(basin_curvature_product(h, u, 1, hu));
    *out = slope != 0.0 ? basin_dot(u, hu, size) / slope : (double)NAN;
done:
    return st;
}

static basin_status sharpness(basin_point *point, const basin_batches_options *o, basin_batch_row *row)
{
    basin_status     st = BASIN_OK;
    const size_t     size = point->size;
    basin_curvature *h = NULL;
    const double    *g;
    double          *hu = NULL, *step = NULL;
    basin_loss       loss;

    row->momentum = NAN;
    BASIN_TRY(basin_point_bare_gradient(point, &loss, &g));
    row->loss = basin_loss_value(&loss);
    row->gradient_norm = basin_norm(g, size);
    BASIN_ALLOC(hu, size, "a product");
    BASIN_TRY(basin_point_hessian(point, &h));
    BASIN_TRY(along(h, g, g, size, hu, &row->sharpness));
    if (o->momentum == NULL || isnan(o->beta)) goto done;
    BASIN_ALLOC(step, size, "a step");
    basin_copy(g, step, size);
    basin_axpy(o->beta, o->momentum, step, size);
    BASIN_TRY(along(h, step, g, size, hu, &row->momentum));
done:
    basin_free(hu);
    basin_free(step);
    return st;
}

static basin_spectrum_options options_of_largest(uint64_t seed)
{
    return (basin_spectrum_options){
        .method = BASIN_SPECTRUM_LANCZOS, .top = 1, .tolerance = 1e-4, .seed = seed, .probes = 1};
}

static basin_status largest(basin_point *point, const basin_batches_options *o, double kappa,
                            basin_batch_row *row)
{
    basin_status                 st = BASIN_OK;
    basin_spectrum              *s = NULL;
    basin_sane                  *sane = NULL;
    const basin_spectrum_options one = options_of_largest(o->seed);

    row->trace = row->trace_error = row->sane = row->sane_lower = row->sane_upper = NAN;
    row->lambda_max = row->lambda_max_residual = NAN;
    if (o->sharpness_only) goto done;
    BASIN_TRY(basin_spectrum_solve(
        point, o->whole_spectrum ? &(basin_spectrum_options){.seed = o->seed} : &one, &s));
    row->lambda_max = s->eigenvalues[0];
    row->lambda_max_residual = s->residuals[0];
    row->verified = s->verified;
    if (!o->whole_spectrum) goto done;
    row->trace = s->trace, row->trace_error = s->trace_error;
    st = basin_sane_compute(s, &(basin_sane_options){.kappa = kappa}, &sane);
    if (st == BASIN_ERR_VALUE) st = BASIN_OK; /* the pairs held do not make Λ certain: unknown */
    if (sane == NULL) goto done;
    row->sane = sane->value, row->sane_lower = sane->lower, row->sane_upper = sane->upper;
done:
    basin_spectrum_destroy(&s);
    basin_sane_destroy(&sane);
    return st;
}

static basin_status one_batch(const basin_point *point, const basin_batches_options *o, double kappa,
                              const basin_samples *samples, basin_batch_row *row)
{
    basin_status     st = BASIN_OK;
    basin_objective *batch = NULL;
    basin_point     *at = NULL;

    BASIN_TRY(
        basin_objective_restrict(point->objective, point->theta, &(basin_part){.samples = samples}, &batch));
    BASIN_TRY(basin_point_create(batch, point->theta, &point->options, &at));
    BASIN_TRY(sharpness(at, o, row));
    BASIN_TRY(largest(at, o, kappa, row));
done:
    basin_point_destroy(&at);
    basin_objective_destroy(&batch);
    return st;
}

/* ---------------------------------------------------------------------------------------- over batches -- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* x [n], which is sorted; all NAN where one is. Of a single batch there is no interval. */
static basin_mean mean_of(double *x, size_t n)
{
    double     sum = 0.0, squares = 0.0, half;
    basin_mean m = {0, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

    for (size_t i = 0; i < n; i++) sum += x[i];
    if (n == 0 || isnan(sum)) return m;
    m.count = n;
    m.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (x[i] - m.mean) * (x[i] - m.mean);
    if (n > 1) {
        m.deviation = sqrt(squares / (double)(n - 1));
        half = basin_student_t975(n - 1) * m.deviation / sqrt((double)n);
        m.lower = m.mean - half, m.upper = m.mean + half;
    }
    qsort(x, n, sizeof *x, by_size);
    m.least = x[0], m.most = x[n - 1];
    m.median = 0.5 * (x[(n - 1) / 2] + x[n / 2]);
    return m;
}

/* Σ gᵀHg / Σ ‖g‖², with the jackknife's standard error times t; a batch without a gradient adds nothing to
   either sum. No interval where all of the gradient is one batch's. */
static void ratio_of_means(basin_batches *b)
{
    const double n = (double)b->count;
    double       above = 0.0, below = 0.0, mean = 0.0, squares = 0.0;

    for (size_t i = 0; i < b->count; i++) {
        const double norm2 = b->rows[i].gradient_norm * b->rows[i].gradient_norm;
        above += norm2 > 0.0 ? b->rows[i].sharpness * norm2 : 0.0;
        below += norm2;
    }
    b->ratio = above / below;
    for (size_t i = 0; i < b->count; i++) {
        const double norm2 = b->rows[i].gradient_norm * b->rows[i].gradient_norm;
        const double own = norm2 > 0.0 ? b->rows[i].sharpness * norm2 : 0.0;
        const double left = below > norm2 ? (above - own) / (below - norm2) : (double)NAN, before = mean;
        mean += (left - mean) / (double)(i + 1);
        squares += (left - before) * (left - mean);
    }
    const double half = basin_student_t975(b->count - 1) * sqrt((n - 1.0) / n * squares);
    b->ratio_lower = b->ratio - half, b->ratio_upper = b->ratio + half;
}

/* Of all batches, or of those that have a gradient to look along. */
#define MEAN_OF(member, along)                                                               \
    do {                                                                                     \
        size_t n = 0;                                                                        \
        for (size_t i = 0; i < b->count; i++)                                                \
            if (!(along) || b->rows[i].gradient_norm > 0.0) column[n++] = b->rows[i].member; \
        b->member = mean_of(column, n);                                                      \
    } while (0)

static basin_status sum_up(basin_batches *b)
{
    basin_status st = BASIN_OK;
    double      *column = NULL;

    BASIN_ALLOC(column, b->count, "a column");
    MEAN_OF(lambda_max, false);
    MEAN_OF(trace, false);
    MEAN_OF(sane, false);
    MEAN_OF(sharpness, true);
    MEAN_OF(momentum, true);
    for (size_t i = 0; i < b->count; i++) {
        b->verified += b->rows[i].verified;
        b->without_gradient += b->rows[i].gradient_norm == 0.0;
    }
    ratio_of_means(b);
done:
    basin_free(column);
    return st;
}

static basin_status choose_size(size_t samples, const basin_batches_options *o, basin_batches *b)
{
    basin_status st = BASIN_OK;

    b->samples = samples;
    b->count = o->count > 0 ? o->count : BATCHES;
    b->batch_size = o->batch_size > 0 ? o->batch_size : BATCH_SIZE;
    BASIN_CHECK(b->count > 1, BASIN_ERR_ARG, "%zu batch has no distribution: two at least", b->count);
    BASIN_CHECK(b->batch_size <= b->samples, BASIN_ERR_ARG, "batches of %zu samples of %zu", b->batch_size,
                b->samples);
done:
    return st;
}

static basin_status describe(basin_point *point, const basin_batches_options *o, basin_batches *b)
{
    basin_status  st = BASIN_OK;
    const double *g, eta = o->learning_rate;
    basin_loss    loss;

    BASIN_TRY(choose_size(basin_objective_samples(point->objective), o, b));
    BASIN_TRY(basin_point_bare_gradient(point, &loss, &g));
    b->parameters = point->size;
    b->loss = basin_loss_value(&loss);
    b->gradient_norm = basin_norm(g, point->size);
    b->operator_kind = point->options.operator_kind;
    b->preconditioned = point->scale != NULL;
    b->learning_rate = eta, b->beta = o->beta;
    b->ceiling = eta > 0.0 ? 2.0 / eta : (double)NAN;
    b->ceiling_small = b->ceiling * (1.0 - o->beta), b->ceiling_large = b->ceiling * (1.0 + o->beta);
    b->kappa = o->kappa > 0.0 ? o->kappa : 0.5;
    b->seed = o->seed;
done:
    return st;
}

static basin_status every_batch(const basin_point *point, const basin_batches_options *o, basin_batches *b)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(o->seed, BASIN_STREAM_BATCHES);
    basin_pace   pace = basin_pace_begin(0);
    size_t      *index = NULL;

    BASIN_ALLOC(index, b->samples, "samples");
    for (size_t i = 0; i < b->samples; i++) index[i] = i;
    for (size_t i = 0; i < b->count; i++) {
        BASIN_TRY(basin_progress_report("batches", (double)i, (double)b->count));
        if (i < 2 && basin_time_short(0.0)) BASIN_TRY(basin_time_fail("batches", i, 2));
        if (i >= 2 && basin_time_short(basin_pace_of(&pace, i, 1))) {
            basin_time_tell();
            b->count = i; /* the mean of these */
            break;
        }
        basin_random_choose(&random, index, b->samples, b->batch_size);
        BASIN_TRY(one_batch(point, o, b->kappa, &(basin_samples){index, b->batch_size}, &b->rows[i]));
    }
done:
    basin_free(index);
    return st;
}

/* --------------------------------------------------------------------------------------- what it takes -- */

/* `count` of something on a batch, in those on all samples. */
static size_t on_all(const basin_batches *b, size_t count)
{
    return (size_t)ceil((double)b->count * (double)count * (double)b->batch_size / (double)b->samples);
}

/* All batches one after the other, beside λ_max of all samples. */
static basin_status demand_of(const basin_point *point, const basin_batches_options *o,
                              const basin_batches *b, basin_demand *demand)
{
    basin_status                 st = BASIN_OK;
    const basin_spectrum_options one = options_of_largest(o->seed), all = {.seed = o->seed};
    const size_t                 along = o->momentum != NULL && !isnan(o->beta) ? 2 : 1;
    const bool                   other = point->options.operator_kind != BASIN_HESSIAN;
    basin_demand                 batch = {0};
    basin_spectrum_method        method;

    BASIN_TRY(basin_spectrum_demand(point->objective, &one, demand, &method));
    BASIN_TRY(basin_spectrum_demand(point->objective, o->whole_spectrum ? &all : &one, &batch, &method));
    demand->gradients += on_all(b, 1);
    demand->freezes += on_all(b, other ? 2 : 1);
    demand->products += on_all(b, batch.products + along);
    demand->most += on_all(b, batch.most + along);
    demand->vectors += on_all(b, batch.vectors);
    if (demand->width < batch.width) demand->width = batch.width;
    if (demand->rows < batch.rows) demand->rows = batch.rows;
    demand->problems += b->count * batch.problems;
    if (demand->matrix < batch.matrix) demand->matrix = batch.matrix;
    basin_demand_hold(demand, batch.bytes, batch.aside);
done:
    return st;
}

basin_status basin_batches_forecast(basin_point *point, const basin_batches_options *options,
                                    basin_forecast **out)
{
    basin_status                st = BASIN_OK;
    const basin_batches_options defaults = {.beta = NAN, .learning_rate = NAN};
    basin_forecast_request      request = {.analysis = "batches", .point = point};
    basin_batches               b = {0};

    if (options == NULL) options = &defaults;
    BASIN_TRY(choose_size(basin_objective_samples(point->objective), options, &b));
    BASIN_TRY(demand_of(point, options, &b, &request.demand));
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

basin_status basin_batches_compute(basin_point *point, const basin_batches_options *options,
                                   basin_batches **out)
{
    basin_status                st = BASIN_OK;
    const basin_batches_options defaults = {.beta = NAN, .learning_rate = NAN};
    basin_batches              *b = NULL;
    basin_batch_row             whole = {0};

    if (options == NULL) options = &defaults;
    BASIN_ALLOC(b, 1, "batches");
    BASIN_TRY(describe(point, options, b));
    BASIN_ALLOC(b->rows, b->count, "batches");
    BASIN_TRY(largest(
        point, &(basin_batches_options){.seed = options->seed, .sharpness_only = options->sharpness_only},
        b->kappa, &whole));
    b->whole_lambda_max = whole.lambda_max, b->whole_residual = whole.lambda_max_residual;
    b->whole_verified = whole.verified;
    basin_curvature_destroy(&point->curvature); /* room for those of the batches */
    BASIN_TRY(every_batch(point, options, b));
    BASIN_TRY(sum_up(b));
    *out = b, b = NULL;
done:
    basin_batches_destroy(&b);
    return st;
}
