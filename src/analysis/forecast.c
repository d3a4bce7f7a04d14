/* What an analysis is going to take: how often it does what is told by itself (forecast.h), how long once
 * takes is measured.
 *
 * Method
 *   1. How many samples: gradients of twice as many each time, until one takes SPELL and is not mostly what
 *      every pass costs. The last two give a line, by which the gradient of all is known; what else is timed
 *      on these few is taken times the same ratio. Where all samples take less, all are taken.
 *   2. Each kind of work is done once to warm up (the first call pays for fresh memory) and then timed over a
 *      twentieth of a second; where the first call took longer, it is the measurement.
 *   3. A point is frozen on all samples, once, under the same memory limit and with all that the analysis may
 *      hold set aside: so it keeps what it will keep, and takes the memory that it will take.
 *   4. A product is some two gradients. Where that comes to more than two SPELLs, products and blocks are
 *      timed at a point frozen on fewer samples; for what the point of 3 does not keep, the pass that makes
 *      it again is added, two thirds of a gradient.
 *   5. Points of a line or plane share work: the times of 1 and of n points give a part for each pass of
 *      POINTS and one for each point.
 *   6. LAPACK on a matrix of smaller order n, times (P/n)³; making a vector orthogonal to a basis on a few
 *      rows of it.
 *   7. Memory: the height that the allocator saw in 1 to 5, and what the analysis holds beside.
 *
 * So a forecast takes seconds and one frozen point, which is less than a product, however large the work.
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
#include "core/progress.h"
#include "core/vectors.h"

enum {
    WORKS = 9,
    POINTS = 256,
    SMALL = 500,
    LARGE = 1000,
    ROWS = 4,
    REPETITIONS = 32,
    FEWEST = 64,
    LEAST = 16
};

static const double ENOUGH = 0.05; /* seconds of measuring */
static const double SPELL = 0.2;   /* seconds that one pass over the samples chosen should take */
/* A pass over half of the samples takes at most this share where it depends on them. */
static const double HALF = 0.75;

typedef struct measuring {
    const basin_forecast_request *request;
    basin_forecast               *forecast;
    basin_objective              *o; /* at hand */
    basin_curvature              *c;
    basin_flops                   flops;       /* of the point's objective */
    size_t                        size, count; /* P; vectors or points of a call */
    double                        pass;        /* seconds of a gradient, or loss, over all samples */
    double                        ratio;       /* of that to the same over m->s */
    size_t                       *index;       /* [N of the larger objective] */
    basin_samples                 few;
    const basin_samples          *s;            /* &few, or NULL: all */
    bool                          whole;        /* the objective takes no parts of its samples */
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

    BASIN_TRY(basin_progress_report("forecast", 0.0, 1.0));
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
    return basin_objective_loss(m->o, m->s, m->request->point->theta, m->losses);
}

static basin_status one_gradient(measuring *m)
{
    return basin_objective_gradient(m->o, m->s, m->request->point->theta, m->losses, m->hv);
}

static basin_status one_product(measuring *m)
{
    return basin_curvature_product(m->c, m->v, m->count, m->hv);
}

static basin_status one_line(measuring *m)
{
    return basin_objective_subspace(m->o, m->s, m->request->point->theta, m->v, m->request->demand.axes,
                                    m->coefficients, m->count, m->losses);
}

/* From now on so many samples of the objective at hand, spread evenly; all where that is not less. */
static void take_samples(measuring *m, size_t count)
{
    const size_t all = basin_objective_samples(m->o);

    m->s = NULL;
    if (m->whole || count >= all) return;
    for (size_t i = 0; i < count; i++) m->index[i] = i * all / count;
    m->few = (basin_samples){.index = m->index, .count = count};
    m->s = &m->few;
}

/* Of all samples, in those at hand. */
static double share(const measuring *m)
{
    return m->s != NULL ? (double)m->s->count / (double)basin_objective_samples(m->o) : 1.0;
}

/* Batches whose statistics are taken, and targets that do not count, may refuse a part of the samples. */
static basin_status try_parts(measuring *m, basin_status (*pass)(measuring *))
{
    basin_status st;

    m->whole = false;
    take_samples(m, FEWEST);
    st = pass(m); /* and the first one pays for fresh memory */
    m->whole = m->s != NULL && st == BASIN_ERR_VALUE;
    if (m->whole) st = BASIN_OK, take_samples(m, FEWEST);
    return st;
}

/* The shorter of two: a busy machine makes one wait. */
static basin_status time_twice(measuring *m, basin_status (*pass)(measuring *), double *out)
{
    basin_status st = BASIN_OK;
    double       start = basin_seconds(), first;

    BASIN_TRY(pass(m));
    first = basin_seconds() - start;
    start = basin_seconds();
    BASIN_TRY(pass(m));
    *out = fmin(first, basin_seconds() - start);
done:
    return st;
}

/* Step 1. */
static basin_status choose_samples(measuring *m, basin_status (*pass)(measuring *))
{
    basin_status st = BASIN_OK;
    double       before = 0.0, last = 0.0;

    BASIN_TRY(try_parts(m, pass));
    for (; m->s != NULL; take_samples(m, 2 * m->s->count), before = last) {
        BASIN_TRY(time_twice(m, pass, &last));
        if (last >= SPELL && before > 0.0 && before <= HALF * last) break;
    }
    m->ratio = 1.0;
    if (m->s != NULL)
        m->ratio = fmin(1.0 + 2.0 * (1.0 - before / last) * (1.0 / share(m) - 1.0), 1.0 / share(m));
    BASIN_TRY(time_of(m, pass, &m->pass));
    m->pass *= m->ratio;
done:
    return st;
}

static basin_status measure_passes(measuring *m)
{
    basin_status        st = BASIN_OK;
    const basin_demand *d = &m->request->demand;
    const bool          gradients = d->gradients + d->freezes > 0;
    double              seconds;

    BASIN_TRY(choose_samples(m, gradients ? one_gradient : one_loss));
    if (d->gradients > 0)
        BASIN_TRY(add_work(m, "gradient", basin_format("loss and gradient"), d->gradients, d->gradients,
                           m->flops.gradient, m->pass));
    if (d->losses > 0) {
        BASIN_TRY(time_of(m, one_loss, &seconds));
        BASIN_TRY(add_work(m, "loss", basin_format("loss alone"), d->losses, d->losses, m->flops.loss,
                           m->ratio * seconds));
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

/* Do products differentiate the way back as well? */
static bool bends(const measuring *m)
{
    const int kind = m->request->point->options.operator_kind;

    return kind == BASIN_HESSIAN || kind == BASIN_RESIDUAL;
}

/* At the beginning of a line. */
static const char *operator_name(const measuring *m)
{
    const int kind = m->request->point->options.operator_kind;

    return kind == BASIN_HESSIAN ? "Hessian" : basin_curvature_kind_text((basin_curvature_kind)kind);
}

/* Of a sweep that makes the parts again which are not kept, the share of each of `count` vectors: one sweep
   does for all that are multiplied together. */
static double made_again(const basin_provision *p, size_t count)
{
    size_t together = count < p->block ? count : p->block;

    return (1.0 - kept_share(p)) / (double)(together > 1 ? together : 1);
}

/* FLOPs of a product with each of `count` vectors. */
static double product_flops(const measuring *m, size_t count)
{
    const double one = bends(m) ? m->flops.product : m->flops.straight;

    return one + m->flops.freeze * made_again(&m->forecast->provision, count);
}

static basin_status freeze(measuring *m)
{
    const basin_demand *d = &m->request->demand;
    const size_t        held = 2 * width_of(d) * m->size * sizeof(double); /* v and hv */
    const size_t        before = basin_memory_set_aside(d->aside > held ? d->aside - held : 0);
    const basin_status  st =
        basin_curvature_create(m->o, m->s, m->request->point->theta,
                               (basin_curvature_kind)m->request->point->options.operator_kind, &m->c);

    basin_memory_set_aside(before);
    return st;
}

typedef struct multiplied { /* products with `count` vectors together */
    size_t count;           /* 0: none is wanted */
    double seconds;         /* of each */
} multiplied;

/* Samples over which such a product takes two SPELLs, by step 4. */
static size_t affordable(const measuring *m, size_t count)
{
    const double samples = (double)basin_objective_samples(m->o) * SPELL / ((double)count * m->pass);

    return samples < (double)SIZE_MAX / 2 ? (size_t)fmax(samples, LEAST) : SIZE_MAX;
}

/* At the point of all samples, which is frozen already. Where it cannot be had of fewer and is long, one
   vector stands for all. */
static basin_status time_on_all(measuring *m, multiplied *x)
{
    basin_status st = BASIN_OK;

    m->count = affordable(m, x->count) >= basin_objective_samples(m->o) ? x->count : 1;
    BASIN_TRY(time_of(m, one_product, &x->seconds));
    x->seconds /= (double)m->count;
done:
    return st;
}

static basin_status time_on_few(measuring *m, multiplied *x)
{
    basin_status st = BASIN_OK;

    m->count = x->count;
    BASIN_TRY(freeze(m));
    BASIN_TRY(time_of(m, one_product, &x->seconds));
    x->seconds = x->seconds / (double)x->count / share(m) +
                 2.0 / 3.0 * m->pass * made_again(&m->forecast->provision, x->count);
done:
    basin_curvature_destroy(&m->c);
    return st;
}

/* The point of all samples is gone before one of fewer is frozen, which may take its memory. */
static basin_status time_products(measuring *m, multiplied *kinds, double *freezing)
{
    basin_status     st = BASIN_OK;
    basin_provision *p = &m->forecast->provision;
    bool             few[2] = {false, false};
    double           start = basin_seconds();

    take_samples(m, SIZE_MAX);
    BASIN_TRY(freeze(m));
    *freezing = basin_seconds() - start;
    basin_curvature_provision(m->c, p);
    for (size_t i = 0; i < 2; i++) {
        /* more are multiplied in such blocks anyway */
        if (p->block > 0 && kinds[i].count > p->block) kinds[i].count = p->block;
        take_samples(m, kinds[i].count > 0 ? affordable(m, kinds[i].count) : SIZE_MAX);
        few[i] = m->s != NULL;
        if (!few[i] && kinds[i].count > 0) BASIN_TRY(time_on_all(m, &kinds[i]));
    }
    start = basin_seconds();
    basin_curvature_destroy(&m->c);
    *freezing += basin_seconds() - start;
    for (size_t i = 0; i < 2; i++) {
        if (!few[i]) continue;
        take_samples(m, affordable(m, kinds[i].count));
        BASIN_TRY(time_on_few(m, &kinds[i]));
    }
done:
    basin_curvature_destroy(&m->c);
    return st;
}

static basin_status measure_products(measuring *m)
{
    basin_status           st = BASIN_OK;
    const basin_demand    *d = &m->request->demand;
    const basin_provision *p = &m->forecast->provision;
    const basin_flops     *flops = &m->flops;
    const size_t           chosen = m->s != NULL ? m->s->count : SIZE_MAX;
    multiplied kinds[2] = {{.count = d->products > 0}, {.count = d->vectors > 0 ? block_of(d) : 0}};
    double     freezing;

    if (d->freezes == 0) goto done;
    BASIN_TRY(time_products(m, kinds, &freezing));
    take_samples(m, chosen);
    if (d->products > 0)
        BASIN_TRY(add_work(m, "product", basin_format("%s times one vector", operator_name(m)), d->products,
                           d->most, product_flops(m, 1), kinds[0].seconds));
    if (d->vectors > 0)
        BASIN_TRY(add_work(
            m, "block", basin_format("%s times one of %zu vectors together", operator_name(m), block_of(d)),
            d->vectors, d->vectors, product_flops(m, kinds[1].count), kinds[1].seconds));
    BASIN_TRY(add_work(m, "freeze", basin_format("forward and backward, kept for products"), d->freezes,
                       d->freezes, flops->freeze * kept_share(p), freezing));
done:
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
    if (which == 1) BASIN_TRY(choose_samples(m, one_loss));
    BASIN_TRY(time_of(m, one_line, &one));
    each = one;
    m->count = one > 0.0 && ENOUGH / one < (double)most ? (size_t)(ENOUGH / one) : most;
    if (m->count < 3) m->count = 3;
    if (m->count <= most) {
        BASIN_TRY(time_of(m, one_line, &several));
        each = fmax((several - one) / (double)(m->count - 1), 0.0);
    }
    each += (double)passes * fmax(one - each, 0.0) / (double)points;
    BASIN_TRY(
        add_work(m, "points",
                 basin_format("losses on %s at points of one %s%s", split != NULL ? split : "the samples",
                              d->axes == 2 ? "plane" : "line", d->points_at_most ? ", at most" : ""),
                 points, points, basin_objective_flops(m->o).subspace, m->ratio * each));
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
    m->count = d->matrix / 3 < SMALL ? SMALL : d->matrix / 3 < LARGE ? d->matrix / 3 : LARGE;
    if (m->count > d->matrix) m->count = d->matrix;
    ratio = order / (double)m->count;
    BASIN_ALLOC(m->matrix, m->count * m->count, "a matrix");
    BASIN_ALLOC(m->values, m->count, "eigenvalues");
    BASIN_ALLOC(m->ends, m->count * m->count, "eigenvectors");
    BASIN_TRY(time_of(m, one_eigen, &seconds));
    seconds *= ratio * ratio * ratio;
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

static size_t samples_of_larger(const measuring *m)
{
    const size_t samples = basin_objective_samples(m->o);
    const size_t others = m->request->other != NULL ? basin_objective_samples(m->request->other) : 0;

    return samples > others ? samples : others;
}

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
    BASIN_ALLOC(m->index, samples_of_larger(m), "samples");
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
    basin_free(m.index);
    basin_free(m.matrix);
    basin_free(m.values);
    basin_free(m.ends);
    basin_forecast_destroy(&f);
    basin_memory_watch(); /* the height until here is not that of reading the next checkpoint */
    return st;
}
