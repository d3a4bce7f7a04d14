/* Two confounders of sharpness, of the features h_i [d]: what the last dense layer reads of each sample.
 *
 *     feature_rank      the least number of principal components that hold 99 % of the variance of the
 *                       features (M. Andriushchenko, D. Bahri, H. Mobahi, N. Flammarion, «Sharpness-aware
 *                       minimization leads to low-rank features», NeurIPS 2023, arXiv:2305.16292)
 *     neural_collapse   NC1 = tr(Σ_W Σ_B⁺) / C, where Σ_W = mean_i (h_i − μ_c(i))(h_i − μ_c(i))ᵀ,
 *                       Σ_B = mean_c (μ_c − μ)(μ_c − μ)ᵀ, μ_c the mean of class c, μ that of the μ_c, and C
 *                       the number of classes that have samples (V. Papyan, X. Y. Han, D. L. Donoho, PNAS
 *                       117(40), 2020, eq. 9)
 *
 * Σ_B has rank C − 1 at most: its pseudo-inverse leaves out what is below ZERO of its largest eigenvalue.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"
#include "core/memory.h"

#define ZERO 1e-10
#define VARIANCE 0.99

/* Means [classes, d] of each class, and how many features each has. */
typedef struct classes {
    size_t  count, there; /* there: with features */
    double *means;        /* [count, d] */
    size_t *sizes;        /* [count] */
} classes;

static void release(classes *c)
{
    basin_free(c->means);
    basin_free(c->sizes);
}

static basin_status gather(const basin_features *f, classes *c)
{
    basin_status st = BASIN_OK;
    const size_t d = f->width;

    c->count = f->class_count;
    BASIN_ALLOC(c->means, c->count * d, "means of classes");
    BASIN_ALLOC(c->sizes, c->count, "sizes of classes");
    for (size_t i = 0; i < f->count; i++) {
        c->sizes[f->classes[i]]++;
        basin_axpy(1.0, f->values + i * d, c->means + f->classes[i] * d, d);
    }
    for (size_t k = 0; k < c->count; k++) {
        if (c->sizes[k] == 0) continue;
        basin_scale(1.0 / (double)c->sizes[k], c->means + k * d, d);
        c->there++;
    }
done:
    return st;
}

/* Takes the mean of rows x [n, d] away. Rows that `skip` says nothing of (0) are no rows. */
static basin_status centre(double *x, const size_t *sizes, size_t n, size_t d)
{
    basin_status st = BASIN_OK;
    double      *mean = NULL;
    size_t       rows = 0;

    BASIN_ALLOC(mean, d, "a mean");
    for (size_t i = 0; i < n; i++) {
        if (sizes != NULL && sizes[i] == 0) continue;
        basin_axpy(1.0, x + i * d, mean, d);
        rows++;
    }
    for (size_t i = 0; i < n; i++)
        if (sizes == NULL || sizes[i] > 0) basin_axpy(-1.0 / (double)rows, mean, x + i * d, d);
done:
    basin_free(mean);
    return st;
}

/* out [d, d] = xᵀx / rows, x [n, d]. */
static void scatter_of(const double *x, size_t n, size_t d, size_t rows, double *out)
{
    basin_gemm_f64(BASIN_T, BASIN_N, d, d, n, 1.0 / (double)rows, x, d, x, d, 0.0, out, d);
}

/* The square and its eigenvalues ascending are room of features of that width. */
typedef struct room {
    double *within, *between; /* [d, d] */
    double *w;                /* [d] */
} room;

static basin_status rank_of(basin_features *f, room *r, double *out)
{
    basin_status st = BASIN_OK;
    const size_t d = f->width;
    double       all = 0.0, held = 0.0;
    size_t       rank = 0;

    BASIN_TRY(centre(f->values, NULL, f->count, d));
    scatter_of(f->values, f->count, d, f->count, r->within);
    for (size_t i = 0; i < d; i++) all += r->within[i * d + i];
    BASIN_TRY(basin_symmetric_eigen(r->within, d, r->w));
    while (rank < d && held < VARIANCE * all) held += r->w[d - ++rank];
    *out = all > 0.0 ? (double)rank : 0.0;
done:
    return st;
}

/* tr(W B⁺), B overwritten by its eigenvectors as rows. */
static basin_status trace_over(const double *within, double *between, size_t d, double *w, double *out)
{
    basin_status st = BASIN_OK;

    *out = 0.0;
    BASIN_TRY(basin_symmetric_eigen_vectors(between, d, w));
    for (size_t k = 0; k < d; k++) {
        const double *v = between + k * d;
        double        form = 0.0;
        if (!(w[k] > ZERO * w[d - 1])) continue;
        for (size_t i = 0; i < d; i++) form += v[i] * basin_dot(within + i * d, v, d);
        *out += form / w[k];
    }
done:
    return st;
}

/* NAN where the means of the classes do not differ. */
static basin_status collapse_of(basin_features *f, room *r, double *out)
{
    basin_status st = BASIN_OK;
    const size_t d = f->width;
    classes      c = {0};
    double       sum;

    BASIN_TRY(gather(f, &c));
    for (size_t i = 0; i < f->count; i++) basin_axpy(-1.0, c.means + f->classes[i] * d, f->values + i * d, d);
    scatter_of(f->values, f->count, d, f->count, r->within);
    BASIN_TRY(centre(c.means, c.sizes, c.count, d));
    scatter_of(c.means, c.count, d, c.there, r->between);
    BASIN_TRY(trace_over(r->within, r->between, d, r->w, &sum));
    *out = c.there > 1 && r->w[d - 1] > 0.0 ? sum / (double)c.there : (double)NAN;
done:
    release(&c);
    return st;
}

static basin_status of_features(basin_features *f,
                                basin_status (*measure)(basin_features *, room *, double *),
                                basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const size_t d = f->width;
    room         r = {0};
    double       value;

    BASIN_ALLOC(r.within, d * d, "a covariance");
    BASIN_ALLOC(r.between, d * d, "a covariance");
    BASIN_ALLOC(r.w, d, "eigenvalues");
    BASIN_TRY(measure(f, &r, &value));
    if (isnan(value)) {
        BASIN_TRY(basin_sharpness_lacks(row, "the means of the classes do not differ"));
        goto done;
    }
    BASIN_TRY(basin_sharpness_take(row, value));
    BASIN_TRY(basin_sharpness_say(row, "%zu features of %zu samples or tokens", d, f->count));
done:
    basin_free(r.within);
    basin_free(r.between);
    basin_free(r.w);
    return st;
}

static basin_status compute(const basin_sharpening *task,
                            basin_status (*measure)(basin_features *, room *, double *),
                            basin_sharpness_row *row)
{
    basin_features f = {0};
    basin_status   st = basin_objective_features(task->point->objective, task->point->theta, &f);

    if (st == BASIN_ERR_UNSUPPORTED) return basin_sharpness_lacks(row, "%s", basin_error_message());
    row->losses++; /* a pass forward */
    if (st == BASIN_OK) st = of_features(&f, measure, row);
    basin_features_clear(&f);
    return st;
}

basin_status basin_sharpness_by_feature_rank(const basin_sharpening *task, basin_sharpness_row *rows,
                                             size_t count)
{
    (void)count;
    return compute(task, rank_of, rows);
}

void basin_sharpness_cost_feature_rank(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)task, (void)count;
    cost->losses++;
}

basin_status basin_sharpness_by_neural_collapse(const basin_sharpening *task, basin_sharpness_row *rows,
                                                size_t count)
{
    (void)count;
    return compute(task, collapse_of, rows);
}

void basin_sharpness_cost_neural_collapse(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_feature_rank(task, count, cost);
}
