/* What an analysis is going to take: how often it does what is told by itself (forecast.h), how long once
 * takes is measured.
 *
 * Method
 *   1. Each kind of work is done once to warm up (the first call pays for fresh memory) and then timed over a
 *      twentieth of a second; where the first call took longer, it is the measurement. A frozen point is
 *      timed as it comes: every one pays.
 *   2. Products at a point frozen under the same memory limit, with all that the analysis may hold set aside:
 *      so the point keeps what it will keep. Blocks are timed as blocks.
 *   3. Points of a line or plane share work: the times of 1 and of n points give a part for each pass of
 *      POINTS and one for each point.
 *   4. LAPACK on a matrix of smaller order n, times (P/n)³; making a vector orthogonal to a basis on a few
 *      rows of it.
 *   5. Memory: the height that the allocator saw in 1 to 3, and what the analysis holds beside.
 *
 * FLOPs are those that the objective tells.
 */
#include "analysis/forecast.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/vectors.h"

enum { WORKS = 9, POINTS = 256, SMALL = 500, ROWS = 4, REPETITIONS = 32 };

static const double ENOUGH = 0.05; /* seconds of measuring */

typedef struct measuring {
    const basin_forecast_request *request;
    basin_forecast               *forecast;
    basin_objective              *o; /* at hand */
    basin_curvature              *c;
    basin_flops                   flops;        /* of the point's objective */
    size_t                        size, count;  /* P; vectors or points of a call */
    double                       *v, *hv;       /* [width, P] */
    double                       *coefficients; /* [POINTS, axes] */
    basin_loss                   *losses;       /* [POINTS] */
    double                       *matrix, *values, *ends;
} measuring;

/* Seconds of one call. */
static basin_status time_of(measuring *m, basin_status (*call)(measuring *), double *out)
{
    basin_status st = BASIN_OK;
    size_t       times = 1;
    double       start = basin_seconds(), seconds;

    BASIN_TRY(call(m));
    seconds = basin_seconds() - start;
    if (seconds < ENOUGH)
        for (start = basin_seconds(), times = 0; times == 0 || (seconds < ENOUGH && times < REPETITIONS);
             times++, seconds = basin_seconds() - start)
            BASIN_TRY(call(m));
    *out = seconds / (double)times;
done:
    return st;
}

static basin_status add_work(measuring *m, const char *name, char *definition, size_t count, size_t most,
                             double flops, double seconds)
{
    basin_status st = BASIN_OK;
    basin_work  *work = &m->forecast->works[m->forecast->work_count++];

    assert(m->forecast->work_count <= WORKS);
    work->definition = definition;
    BASIN_STRDUP(work->name, name);
    BASIN_CHECK(definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    work->count = count, work->most = most;
    work->flops = flops, work->seconds = seconds;
    m->forecast->seconds += (double)count * seconds;
    m->forecast->seconds_most += (double)most * seconds;
done:
    return st;
}

/* --------------------------------------------------------------------------------- passes and products -- */

static basin_status one_loss(measuring *m)
{
    return basin_objective_loss(m->o, NULL, m->request->point->theta, m->losses);
}

static basin_status one_gradient(measuring *m)
{
    return basin_objective_gradient(m->o, NULL, m->request->point->theta, m->losses, m->hv);
}

static basin_status one_product(measuring *m)
{
    return basin_curvature_product(m->c, m->v, m->count, m->hv);
}

static basin_status one_line(measuring *m)
{
    return basin_objective_subspace(m->o, NULL, m->request->point->theta, m->v, m->request->demand.axes,
                                    m->coefficients, m->count, m->losses);
}

static basin_status measure_passes(measuring *m)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    double              seconds;

    if (d->gradients > 0) {
        BASIN_TRY(time_of(m, one_gradient, &seconds));
        BASIN_TRY(add_work(m, "gradient", basin_format("loss and gradient"), d->gradients, d->gradients,
                           m->flops.gradient, seconds));
    }
    if (d->losses > 0) {
        BASIN_TRY(time_of(m, one_loss, &seconds));
        BASIN_TRY(
            add_work(m, "loss", basin_format("loss alone"), d->losses, d->losses, m->flops.loss, seconds));
    }
done:
    return st;
}

void basin_demand_hold(basin_demand *demand, size_t bytes, size_t aside)
{
    if (demand->bytes < bytes) demand->bytes = bytes;
    if (demand->aside < aside) demand->aside = aside;
}

/* Vectors held for the calls, and of them those that a block has. */
static size_t width_of(const basin_demand *d)
{
    size_t width = d->width > d->axes ? d->width : d->axes;

    return width > 1 ? width : 1;
}

static size_t block_of(const basin_demand *d)
{
    return d->vectors < d->width ? d->vectors : d->width;
}

/* The share of the samples that is kept; all where the objective does not say. */
static double kept_share(const basin_provision *p)
{
    return p->parts > 0 ? (double)p->kept / (double)p->parts : 1.0;
}

/* FLOPs of a product with each of m->count vectors. Parts that are not kept are recomputed once for all in a
   sweep. */
static double product_flops(const measuring *m)
{
    const basin_provision *p = &m->forecast->provision;
    size_t                 together = m->count < p->block ? m->count : p->block;

    return m->flops.product + m->flops.freeze * (1.0 - kept_share(p)) / (double)(together > 1 ? together : 1);
}

static basin_status measure_products(measuring *m)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    basin_provision    *p = &m->forecast->provision;
    size_t              held = 2 * width_of(d) * m->size * sizeof(double); /* v and hv */
    double              start = basin_seconds(), freeze, seconds;

    if (d->freezes == 0) goto done;
    size_t before = basin_memory_set_aside(d->aside > held ? d->aside - held : 0);
    st = basin_curvature_create(m->o, NULL, m->request->point->theta, BASIN_HESSIAN, &m->c);
    basin_memory_set_aside(before);
    if (st != BASIN_OK) goto done;
    freeze = basin_seconds() - start;
    basin_curvature_provision(m->c, p);
    m->count = 1;
    if (d->products > 0) {
        BASIN_TRY(time_of(m, one_product, &seconds));
        BASIN_TRY(add_work(m, "product", basin_format("Hessian times one vector"), d->products, d->most,
                           product_flops(m), seconds));
    }
    m->count = block_of(d);
    if (d->vectors > 0) {
        BASIN_TRY(time_of(m, one_product, &seconds));
        BASIN_TRY(add_work(m, "block", basin_format("Hessian times one of %zu vectors together", m->count),
                           d->vectors, d->vectors, product_flops(m), seconds / (double)m->count));
    }
    start = basin_seconds();
    basin_curvature_destroy(&m->c);
    freeze += basin_seconds() - start;
    BASIN_TRY(add_work(m, "freeze", basin_format("forward and backward, kept for products"), d->freezes,
                       d->freezes, m->flops.freeze * kept_share(p), freeze));
done:
    basin_curvature_destroy(&m->c);
    return st;
}

static basin_status measure_points(measuring *m, size_t which)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    const char         *split = m->request->splits[which];
    size_t              points = d->points[which], call, passes, most;
    double              one, several, each;

    if (points == 0) goto done;
    call = points / d->calls;
    passes = d->calls * ((call + POINTS - 1) / POINTS);
    most = call < POINTS ? call : POINTS;
    m->o = which == 0 ? m->request->point->objective : m->request->other;
    m->count = 1;
    BASIN_TRY(time_of(m, one_line, &one));
    each = one;
    m->count = one > 0.0 && ENOUGH / one < (double)most ? (size_t)(ENOUGH / one) : most;
    if (m->count < 3) m->count = 3;
    if (m->count <= most) {
        BASIN_TRY(time_of(m, one_line, &several));
        each = fmax((several - one) / (double)(m->count - 1), 0.0);
    }
    each += (double)passes * fmax(one - each, 0.0) / (double)points;
    BASIN_TRY(add_work(m, "points",
                       basin_format("losses on %s at points of one %s", split != NULL ? split : "the samples",
                                    d->axes == 2 ? "plane" : "line"),
                       points, points, basin_objective_flops(m->o).subspace, each));
done:
    m->o = m->request->point->objective;
    return st;
}

/* -------------------------------------------------------------------------------------- linear algebra -- */

static basin_status one_eigen(measuring *m)
{
    const basin_demand *d = &m->request->demand;
    size_t              n = m->count, bottom = d->bottom < n / 2 ? d->bottom : n / 2;
    size_t              top = d->top < n / 2 ? d->top : n / 2;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            m->matrix[i * n + j] = m->matrix[j * n + i] =
                sin((double)(i + 1) * (double)(j + 1)) + (i == j ? (double)i : 0.0);
    if (bottom + top == 0) return basin_symmetric_eigen(m->matrix, n, m->values);
    return basin_symmetric_eigen_ends(m->matrix, n, bottom, top, m->values, m->ends);
}

static basin_status measure_eigen(measuring *m)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    double              order = (double)d->matrix, seconds, ratio;

    if (d->matrix == 0) goto done;
    m->count = d->matrix <= SMALL ? d->matrix : d->matrix / 3 < SMALL ? SMALL : d->matrix / 3;
    ratio = order / (double)m->count;
    BASIN_ALLOC(m->matrix, m->count * m->count, "a matrix");
    BASIN_ALLOC(m->values, m->count, "eigenvalues");
    BASIN_ALLOC(m->ends, m->count * m->count, "eigenvectors");
    BASIN_TRY(one_eigen(m));
    double start = basin_seconds();
    BASIN_TRY(one_eigen(m));
    seconds = (basin_seconds() - start) * ratio * ratio * ratio;
    BASIN_TRY(add_work(m, "eigenvalues",
                       basin_format("LAPACK on the matrix, 4/3 P^3; measured on order %zu", m->count),
                       d->problems, d->problems, 4.0 / 3.0 * order * order * order, seconds));
done:
    return st;
}

static basin_status one_deflation(measuring *m)
{
    double h[ROWS], *rows[ROWS];

    for (size_t i = 0; i < ROWS; i++) rows[i] = m->matrix + i * m->size;
    basin_vectors_deflate(rows, ROWS, m->v, 1, m->size, h);
    return BASIN_OK;
}

static basin_status measure_basis(measuring *m)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    double              rows = 2.0 * (double)d->rows, seconds; /* twice: see krylov.c */

    if (d->rows == 0) goto done;
    basin_free(m->matrix);
    BASIN_ALLOC(m->matrix, ROWS * m->size, "a basis");
    BASIN_TRY(time_of(m, one_deflation, &seconds));
    BASIN_TRY(add_work(m, "basis", basin_format("a product made orthogonal to %zu vectors", d->rows),
                       d->products, d->most, 4.0 * rows * (double)m->size, seconds / ROWS * rows));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the whole -- */

/* Vectors of no meaning, of norm 1; those that no call reads stay zero. Points lie on one line, as most of a
   grid do. */
static basin_status prepare(measuring *m)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    size_t              width = width_of(d), filled = block_of(d) > d->axes ? block_of(d) : d->axes;

    m->flops = basin_objective_flops(m->o);
    BASIN_ALLOC(m->v, width * m->size, "vectors");
    BASIN_ALLOC(m->hv, width * m->size, "products");
    BASIN_ALLOC(m->coefficients, POINTS * 2, "the grid");
    BASIN_ALLOC(m->losses, POINTS, "losses");
    for (size_t j = 0; j < filled || j == 0; j++) {
        double *v = m->v + j * m->size;
        for (size_t i = 0; i < m->size; i++) v[i] = sin((double)(j + 1) * (double)(i + 1));
        basin_scale(1.0 / basin_norm(v, m->size), v, m->size);
    }
    for (size_t i = 0; i < POINTS * 2; i++)
        m->coefficients[i] = d->axes == 2 && i % 2 == 1 ? 0.5 : (double)(i * 37 % 101) / 50.0 - 1.0;
done:
    return st;
}

static void count_calls(const basin_demand *d, basin_forecast *f)
{
    f->products = d->products + d->vectors;
    f->products_most = d->most + d->vectors;
    f->gradients = d->gradients;
    f->losses = d->losses + d->points[0] + d->points[1];
}

/* Before the linear algebra, whose matrices are smaller than those it stands for. */
static void sum_bytes(const measuring *m, size_t before, size_t height)
{
    basin_forecast *f = m->forecast;
    size_t          work = basin_memory_peak() - before;

    f->limit_bytes = basin_memory_limit();
    f->program_bytes = BASIN_MEMORY_PROGRAM;
    f->held_bytes = before;
    f->beside_bytes = m->request->demand.bytes;
    f->total_bytes = before + work + f->beside_bytes;
    if (height > f->total_bytes) f->total_bytes = height; /* while reading, perhaps */
    f->total_bytes += f->program_bytes;
}

basin_status basin_forecast_measure(const basin_forecast_request *request, basin_forecast **out)
{
    basin_status    st = BASIN_OK;
    basin_forecast *f = NULL;
    measuring       m = {.request = request, .o = request->point->objective, .size = request->point->size};
    size_t          before = basin_memory_used(), height = basin_memory_peak();

    BASIN_ALLOC(f, 1, "a forecast");
    m.forecast = f;
    BASIN_ALLOC(f->works, WORKS, "a forecast");
    BASIN_STRDUP(f->analysis, request->analysis);
    BASIN_STRDUP(f->method, request->method);
    f->parameters = m.size;
    f->samples = basin_objective_samples(m.o);
    count_calls(&request->demand, f);
    BASIN_TRY(prepare(&m));
    basin_memory_watch();
    BASIN_TRY(measure_passes(&m));
    BASIN_TRY(measure_products(&m));
    for (size_t i = 0; i < 2; i++) BASIN_TRY(measure_points(&m, i));
    sum_bytes(&m, before, height);
    BASIN_TRY(measure_eigen(&m));
    BASIN_TRY(measure_basis(&m));
    *out = f, f = NULL;
done:
    basin_free(m.v);
    basin_free(m.hv);
    basin_free(m.coefficients);
    basin_free(m.losses);
    basin_free(m.matrix);
    basin_free(m.values);
    basin_free(m.ends);
    basin_forecast_destroy(&f);
    basin_memory_watch(); /* the height until here is not that of reading the next checkpoint */
    return st;
}
