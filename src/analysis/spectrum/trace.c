/* tr H, and the sums of its diagonal over the tensors of parameters, by random vectors.
 *
 * Method, Q an orthonormal basis of k vectors, Z = HQ
 *   1. xtrace: ω_1 … ω_n uniform on the sphere of radius √P, Y = HΩ = QR, k = n. Leaving out ω_i, the
 *      basis of the others is that of Q(I − s sᵀ)Qᵀ = U_i, s the i-th column of R⁻ᵀ at norm 1. With
 *          ω' = (I − U_i) ω_i, est_i = tr U_i H + (P − n + 1)/‖ω'‖² ω'ᵀHω'
 *      (the factor is resphering: ω' is uniform in direction in P − n + 1 dimensions, so its length is
 *      noise).
 *      With w = Qᵀω_i and x = w − s (sᵀw): ω' = ω_i − Qx, Hω' = Q r_i − Zx, where r_i is R's
 *      column. So 2n products give n estimates, of which each has a basis of n − 1 vectors that its own
 *      probe knows nothing of. Value: their mean; standard error: their standard deviation / √n.
 *   2. hutch++: a third of the products makes Y = HS, its basis is Q, k = m/3; a third Z; a third probes u,
 *      uniform on the unit sphere of the complement: est_i = tr QᵀZ + (P − k) uᵀHu. hutchinson: the
 *      same with k = 0.
 *   3. Tensor by tensor: E ω'_p (Hω')_p = ((I − U) H)_pp, and (UH)_pp = (row p of Q(I − ssᵀ)) · (row
 *      p of Z).
 *      The same estimates, summed over the entries p of a tensor instead of all.
 *   4. Where H has fewer than n nonzero eigenvalues (to rounding), tr QᵀZ is the trace.
 *
 * The estimates of xtrace share their vectors, so that their spread says too little: on nine exact spectra
 * the true error was 1.0 to 1.3 times as large. The standard error is taken 1.3 times (docs/measures.md).
 *
 * References: E. Epperly, J. Tropp, R. Webber, XTrace, SIAM J. Matrix Anal. Appl. 45(1), 2024. R. Meyer, C.
 * Musco, C. Musco, D. Woodruff, Hutch++, SOSA 2021. M. Hutchinson, Commun. Statist. Simulation Comput. 19(2),
 * 1990.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "analysis/spectrum/spectrum.h"
#include "core/deadline.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/vectors.h"

enum { PRODUCTS = 60, CHUNK = 16 };

#define SHARED 1.3 /* of xtrace's standard error: estimates share vectors */

static const size_t least[] = {
    [BASIN_TRACE_XTRACE] = 4, [BASIN_TRACE_HUTCHPP] = 6, [BASIN_TRACE_HUTCHINSON] = 2};

typedef struct tracer {
    basin_point        *point;
    const basin_params *params;       /* NULL: no tensors */
    size_t              size;         /* P */
    size_t              basis;        /* k */
    size_t              vectors;      /* n, averaged over */
    double              inflation;    /* of the standard error */
    double             *q, *z;        /* [k, P] */
    double             *omega;        /* [vectors, P] of xtrace; else [P] */
    double             *r;            /* [k, k] upper triangular, of xtrace */
    double             *s;            /* [k, k] row i: s of vector i */
    double            **rows;         /* [max(k, 1)] of q or z, for core/vectors.h */
    double             *left, *right; /* [P] two factors of a diagonal */
    double             *small;        /* [4, k] */
    double             *estimates;    /* [vectors, 1 + tensors] */
    double             *base;         /* [1 + tensors] sums of rows of Q and Z */
    size_t              columns;      /* 1 + tensors */
    size_t              products;
    bool                deficient; /* Q spans all of H's range */
} tracer;

/* ------------------------------------------------------------------------------------------ small parts --
   */

/* Adds factor Σ_p a_p b_p to the sums of all and of each tensor. */
static void add_products(const tracer *t, const double *a, const double *b, double factor, double *sums)
{
    sums[0] += factor * basin_dot(a, b, t->size);
    for (size_t i = 1; i < t->columns; i++) {
        const basin_block *block = &t->params->blocks[i - 1];
        sums[i] += factor * basin_dot(a + block->offset, b + block->offset, block->size);
    }
}

/* out = Σ_j a_j row_j of a matrix [k, P]. */
static void combine(tracer *t, double *matrix, const double *a, double factor, double *out)
{
    for (size_t j = 0; j < t->basis; j++) t->rows[j] = matrix + j * t->size;
    basin_vectors_add(t->rows, t->basis, a, factor, out, t->size);
}

static basin_status multiply(tracer *t, const double *v, size_t count, double *out)
{
    basin_status st = BASIN_OK;

    for (size_t start = 0; start < count; start += CHUNK) {
        size_t n = count - start < CHUNK ? count - start : CHUNK;
        BASIN_TRY(basin_progress_report("trace", (double)t->products, (double)(t->products + count - start)));
        BASIN_TRY(basin_point_product(t->point, v + start * t->size, n, out + start * t->size));
        t->products += n;
    }
done:
    return st;
}

/* Products with the basis's first vectors v. Where no time is left for `more` further products with each, the
   basis ends with those that have theirs. */
static basin_status multiply_basis(tracer *t, const double *v, size_t more)
{
    basin_status     st = BASIN_OK;
    const basin_pace pace = basin_pace_begin(t->products);
    size_t           made = 0;

    while (made < t->basis) {
        size_t n = t->basis - made < CHUNK ? t->basis - made : CHUNK;
        BASIN_TRY(multiply(t, v + made * t->size, n, t->q + made * t->size));
        made += n;
        if (basin_time_short(0.0)) BASIN_TRY(basin_time_fail("products", made, made * (1 + more)));
        if (made < t->basis && basin_time_short(basin_pace_of(&pace, t->products, (made + CHUNK) * more))) {
            basin_time_tell();
            t->basis = made;
        }
    }
done:
    return st;
}

/* Uniform directions, of norm `radius`. */
static void draw(basin_random *random, size_t count, size_t size, double radius, double *out)
{
    basin_random_normals(random, out, count * size);
    for (size_t i = 0; i < count; i++)
        basin_vectors_divide(out + i * size, basin_norm(out + i * size, size) / radius, out + i * size, size);
}

/* Q [k, P] from the rows of Y, in place, twice for orthogonality; R too. Rows that the others span are 0. */
static void orthonormalise(tracer *t, double epsilon)
{
    double largest = 0.0;

    for (size_t i = 0; i < t->basis; i++) {
        double *y = t->q + i * t->size, before = basin_norm(y, t->size), norm = before;
        for (size_t j = 0; j < i; j++) t->rows[j] = t->q + j * t->size;
        for (int pass = 0; pass < 2 && i > 0; pass++) {
            basin_vectors_dot(t->rows, i, y, t->size, t->small);
            norm = sqrt(basin_vectors_add(t->rows, i, t->small, -1.0, y, t->size));
            for (size_t j = 0; j < i; j++) t->r[j * t->basis + i] += t->small[j];
        }
        largest = fmax(largest, before);
        bool spanned = !(norm > 1e3 * epsilon * largest);
        t->deficient = t->deficient || spanned;
        t->r[i * t->basis + i] = spanned ? 0.0 : norm;
        basin_vectors_divide(y, spanned ? INFINITY : norm, y, t->size);
    }
}

/* Row i of t->s: Rᵀ s = e_i, at norm 1. */
static void solve_transposed(tracer *t)
{
    size_t k = t->basis;

    for (size_t i = 0; i < k; i++) {
        double *s = t->s + i * k;
        for (size_t j = i; j < k; j++) {
            s[j] = j == i ? 1.0 : 0.0;
            for (size_t l = i; l < j; l++) s[j] -= t->r[l * k + j] * s[l];
            s[j] /= t->r[j * k + j];
        }
        basin_scale(1.0 / basin_norm(s, k), s, k);
    }
}

/* -------------------------------------------------------------------------------------------- estimates --
   */

/* Step 1 for vector i. */
static void leave_one_out(tracer *t, size_t i, double *sums)
{
    size_t        k = t->basis;
    const double *s = t->s + i * k;
    double       *x = t->small, *column = t->small + k, *omega = t->omega + i * t->size, along, norm2;

    for (size_t c = 0; c < t->columns; c++) sums[c] = t->base[c];
    if (t->deficient) return;
    for (size_t p = 0; p < t->size; p++) t->left[p] = t->right[p] = 0.0;
    combine(t, t->q, s, 1.0, t->left), combine(t, t->z, s, 1.0, t->right);
    add_products(t, t->left, t->right, -1.0, sums);
    for (size_t j = 0; j < k; j++) t->rows[j] = t->q + j * t->size;
    basin_vectors_dot(t->rows, k, omega, t->size, x);
    along = basin_dot(s, x, k);
    basin_axpy(-along, s, x, k);
    for (size_t j = 0; j < k; j++) column[j] = t->r[j * k + i];
    basin_copy(omega, t->left, t->size);
    for (size_t p = 0; p < t->size; p++) t->right[p] = 0.0;
    combine(t, t->q, x, -1.0, t->left);
    combine(t, t->q, column, 1.0, t->right), combine(t, t->z, x, -1.0, t->right);
    norm2 = basin_dot(t->left, t->left, t->size);
    if (norm2 > 0.0) add_products(t, t->left, t->right, (double)(t->size - k + 1) / norm2, sums);
}

static void take_base(tracer *t)
{
    for (size_t j = 0; j < t->basis; j++)
        add_products(t, t->q + j * t->size, t->z + j * t->size, 1.0, t->base);
}

static basin_status xtrace(tracer *t, basin_random *random, double epsilon)
{
    basin_status st = BASIN_OK;

    draw(random, t->basis, t->size, sqrt((double)t->size), t->omega);
    BASIN_TRY(multiply_basis(t, t->omega, 1));
    t->vectors = t->basis;
    orthonormalise(t, epsilon);
    BASIN_TRY(multiply(t, t->q, t->basis, t->z));
    take_base(t);
    if (!t->deficient) solve_transposed(t);
    for (size_t i = 0; i < t->vectors; i++) leave_one_out(t, i, t->estimates + i * t->columns);
done:
    return st;
}

/* Uniform on the unit sphere of what t->rows leave over. */
static void draw_beside(tracer *t, basin_random *random, double *u)
{
    draw(random, 1, t->size, 1.0, u);
    for (int pass = 0; pass < 2 && t->basis > 0; pass++)
        basin_vectors_deflate(t->rows, t->basis, u, 1, t->size, t->small);
    basin_vectors_divide(u, basin_norm(u, t->size), u, t->size);
}

/* Steps 2: a basis of k vectors, and probes beside it. */
static basin_status beside_basis(tracer *t, basin_random *random, double epsilon)
{
    basin_status st = BASIN_OK;
    basin_pace   pace;

    if (t->basis > 0) {
        draw(random, t->basis, t->size, 1.0, t->z);
        BASIN_TRY(multiply_basis(t, t->z, 2));
        orthonormalise(t, epsilon);
        BASIN_TRY(multiply(t, t->q, t->basis, t->z));
        take_base(t);
    }
    for (size_t j = 0; j < t->basis; j++) t->rows[j] = t->q + j * t->size;
    const double dimension = (double)(t->size - t->basis);
    pace = basin_pace_begin(t->products);
    for (size_t i = 0; i < t->vectors; i++) {
        double *u = t->omega, *sums = t->estimates + i * t->columns;
        if (i < 2 && basin_time_short(0.0))
            BASIN_TRY(basin_time_fail("products", t->products, t->products + 2 - i));
        if (i >= 2 && basin_time_short(basin_pace_of(&pace, t->products, 1))) {
            basin_time_tell();
            t->vectors = i;
            break;
        }
        draw_beside(t, random, u);
        BASIN_TRY(multiply(t, u, 1, t->right));
        for (size_t c = 0; c < t->columns; c++) sums[c] = t->base[c];
        add_products(t, u, t->right, dimension, sums);
    }
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- the whole --
   */

/* Of m products: vectors of the basis, and those averaged over. */
static basin_status divide(size_t size, const basin_trace_options *options, basin_trace_method *method,
                           size_t *basis, size_t *vectors)
{
    basin_status st = BASIN_OK;
    size_t       products = options != NULL && options->products > 0 ? options->products : PRODUCTS;

    *method = options != NULL ? options->method : BASIN_TRACE_XTRACE;
    BASIN_CHECK(products >= least[*method], BASIN_ERR_ARG, "%s needs at least %zu products, got %zu",
                basin_trace_method_text(*method), least[*method], products);
    *basis = *method == BASIN_TRACE_XTRACE ? products / 2 : *method == BASIN_TRACE_HUTCHPP ? products / 3 : 0;
    if (*basis > size - 1) *basis = size - 1;
    *vectors = *method == BASIN_TRACE_XTRACE ? *basis : products - 2 * *basis;
    BASIN_CHECK(*vectors > 1, BASIN_ERR_ARG, "the trace of a matrix of order %zu is not worth an estimate",
                size);
done:
    return st;
}

/* Of the vectors averaged over, how many are held at once: those of xtrace make its basis. */
static size_t held_of(size_t basis, size_t vectors)
{
    return vectors == basis ? vectors : 1;
}

static basin_status demand_of(size_t size, size_t basis, size_t vectors, basin_demand *demand)
{
    basin_status st = BASIN_OK;
    size_t       rows = 2 * basis + held_of(basis, vectors) + 2, bytes;

    if (!basin_mul(rows * sizeof(double), size, &bytes)) bytes = SIZE_MAX;
    BASIN_CHECK(
        (double)bytes <= BASIN_VECTORS_MOST * (double)basin_memory_limit(), BASIN_ERR_BUDGET,
        "%zu vectors of %zu parameters and the network need %.0f bytes at least, the limit is %zu: fewer "
        "products need less, hutchinson's method least",
        rows, size, ceil((double)bytes / BASIN_VECTORS_MOST), basin_memory_limit());
    demand->gradients = demand->freezes = 1;
    demand->vectors += 2 * basis + (vectors > basis ? vectors : 0);
    if (demand->width < CHUNK) demand->width = CHUNK;
    basin_demand_hold(demand, bytes, bytes);
done:
    return st;
}

static basin_status tracer_create(basin_point *point, size_t basis, size_t vectors, tracer *t)
{
    basin_status st = BASIN_OK;
    size_t       size = point->size;

    *t = (tracer){.point = point,
                  .params = basin_objective_params(point->objective),
                  .size = size,
                  .basis = basis,
                  .vectors = vectors};
    t->columns = 1 + (t->params != NULL ? t->params->count : 0);
    BASIN_ALLOC(t->q, basis * size, "a basis");
    BASIN_ALLOC(t->z, basis * size, "products");
    BASIN_ALLOC(t->omega, held_of(basis, vectors) * size, "random vectors");
    BASIN_ALLOC(t->r, basis * basis, "a triangular matrix");
    BASIN_ALLOC(t->s, basis * basis, "a triangular matrix");
    BASIN_ALLOC(t->rows, basis + 1, "a basis");
    BASIN_ALLOC(t->left, size, "a diagonal");
    BASIN_ALLOC(t->right, size, "a diagonal");
    BASIN_ALLOC(t->small, 2 * basis + 1, "projections");
    BASIN_ALLOC(t->estimates, vectors * t->columns, "estimates");
    BASIN_ALLOC(t->base, t->columns, "estimates");
done:
    return st;
}

static void tracer_clear(tracer *t)
{
    double *arrays[] = {t->q, t->z, t->omega, t->r, t->s, t->left, t->right, t->small, t->estimates, t->base};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) basin_free(arrays[i]);
    basin_free(t->rows);
}

static void mean_and_error(const tracer *t, size_t column, double *mean, double *error)
{
    double average = 0.0, squares = 0.0, n = (double)t->vectors;

    for (size_t i = 0; i < t->vectors; i++) average += t->estimates[i * t->columns + column] / n;
    for (size_t i = 0; i < t->vectors; i++) {
        double d = t->estimates[i * t->columns + column] - average;
        squares += d * d;
    }
    *mean = average, *error = t->inflation * sqrt(squares / (n - 1.0) / n);
}

static basin_status tell(const tracer *t, basin_trace *out)
{
    basin_status st = BASIN_OK;

    mean_and_error(t, 0, &out->value, &out->error);
    double half = basin_student_t975(t->vectors - 1) * out->error;
    out->lower = out->value - half, out->upper = out->value + half;
    out->vectors = t->vectors;
    out->products = t->products;
    if (t->columns == 1) goto done;
    BASIN_ALLOC(out->blocks, t->columns - 1, "names");
    BASIN_ALLOC(out->block_trace, t->columns - 1, "traces");
    BASIN_ALLOC(out->block_error, t->columns - 1, "traces");
    out->block_count = t->columns - 1;
    for (size_t i = 0; i < out->block_count; i++) {
        BASIN_STRDUP(out->blocks[i], t->params->blocks[i].name);
        mean_and_error(t, 1 + i, &out->block_trace[i], &out->block_error[i]);
    }
done:
    return st;
}

basin_status basin_trace_forecast(basin_point *point, const basin_trace_options *options,
                                  basin_forecast **out)
{
    basin_status           st = BASIN_OK;
    basin_trace_method     method;
    size_t                 basis, vectors;
    basin_forecast_request request = {.analysis = "trace", .point = point};

    BASIN_TRY(divide(point->size, options, &method, &basis, &vectors));
    request.method = basin_trace_method_text(method);
    BASIN_TRY(demand_of(point->size, basis, vectors, &request.demand));
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

basin_status basin_trace_compute(basin_point *point, const basin_trace_options *options, basin_trace **out)
{
    basin_status       st = BASIN_OK;
    basin_trace       *trace = NULL;
    tracer             t = {0};
    basin_demand       demand = {0};
    basin_trace_method method;
    size_t             basis, vectors;
    double             epsilon;
    basin_loss         loss;
    basin_random       random;

    BASIN_TRY(divide(point->size, options, &method, &basis, &vectors));
    BASIN_TRY(demand_of(point->size, basis, vectors, &demand));
    BASIN_TRY(basin_point_gradient(point, &loss, NULL));
    basin_point_reserve(point, demand.aside);
    BASIN_TRY(basin_point_epsilon(point, &epsilon));
    BASIN_TRY(tracer_create(point, basis, vectors, &t));
    t.inflation = method == BASIN_TRACE_XTRACE ? SHARED : 1.0;
    BASIN_ALLOC(trace, 1, "trace");
    trace->parameters = point->size;
    trace->samples = basin_objective_samples(point->objective);
    trace->loss = basin_loss_value(&loss);
    trace->method = (int)method;
    trace->operator_kind = point->options.operator_kind;
    trace->preconditioned = point->scale != NULL;
    trace->seed = options != NULL ? options->seed : 0;
    random = basin_random_start(trace->seed, BASIN_STREAM_TRACE);
    if (method == BASIN_TRACE_XTRACE)
        BASIN_TRY(xtrace(&t, &random, epsilon));
    else
        BASIN_TRY(beside_basis(&t, &random, epsilon));
    BASIN_TRY(tell(&t, trace));
    *out = trace, trace = NULL;
done:
    tracer_clear(&t);
    basin_trace_destroy(&trace);
    return st;
}
