/* Relative flatness of a layer: the trace of its Hessian, neurons against neurons, weighted by the products
 * of their weights.
 *
 *     κ = Σ_{s,s'} ⟨w_s, w_s'⟩ tr H_{s,s'},   H_{s,s'} = ∂²L/∂w_s ∂w_s' [n, n]
 *
 * for the layer's matrix W [m, n] with a row w_s [n] for each output.
 *
 * With a factor B Bᵀ = W Wᵀ, B [m, r], this is a sum of products: the vector v_jk has column k of B in column
 * j of the layer's matrix and zeros elsewhere, and
 *
 *   1. exactly,   κ = Σ_{j<n, k<r} v_jkᵀ H v_jk,       n·r products, r = min(m, n);
 *   2. sampled,   κ = E[vec(B Z)ᵀ H vec(B Z)],         Z [r, n] of ±1: one product a draw.
 *
 * The first where it takes no more products than EXACT. B is W itself where n <= m, otherwise the root of W
 * Wᵀ by its eigenvectors. A convolution's filter is a row, as long as its channels times its kernel.
 *
 * Multiplying W by f divides H by f², so κ does not change where whole layers are rescaled; it does where
 * single inputs are. Its bias is no part of it.
 *
 * Reference: H. Petzka, M. Kamp, L. Adilova, C. Sminchisescu, M. Boley, «Relative flatness and
 * generalization», NeurIPS 2021, arXiv:2001.00939, definition 3.
 */
#include <math.h>
#include <string.h>

#include "analysis/sharpness/parts.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

enum { EXACT = 2048, TOGETHER = 16 };

typedef struct layer {
    const basin_block *block;
    size_t             m, n, inner; /* rows, columns; columns that lie together behind a row's index */
    size_t             r;
    double            *b; /* [m, r] */
} layer;

/* Where element (s, j) of the matrix lies in theta. */
static size_t place(const layer *l, size_t s, size_t j)
{
    return l->block->offset + (j / l->inner * l->m + s) * l->inner + j % l->inner;
}

static void release(layer *l)
{
    basin_free(l->b);
}

/* b [m, m] becomes a root of itself. */
static basin_status take_root(double *b, size_t m)
{
    basin_status st = BASIN_OK;
    double      *vectors = NULL, *w = NULL;

    BASIN_ALLOC(vectors, m * m, "eigenvectors");
    BASIN_ALLOC(w, m, "eigenvalues");
    basin_copy(b, vectors, m * m);
    BASIN_TRY(basin_symmetric_eigen_vectors(vectors, m, w)); /* rows */
    for (size_t s = 0; s < m; s++)
        for (size_t k = 0; k < m; k++) b[s * m + k] = sqrt(fmax(w[k], 0.0)) * vectors[k * m + s];
done:
    basin_free(vectors);
    basin_free(w);
    return st;
}

static basin_status open_layer(const basin_block *block, const double *theta, layer *l)
{
    basin_status st = BASIN_OK;
    double      *w = NULL;

    *l = (layer){.block = block, .m = block->shape[block->output_axis], .inner = 1};
    l->n = block->size / l->m;
    for (size_t i = block->output_axis + 1; i < block->rank; i++) l->inner *= block->shape[i];
    l->r = l->n <= l->m ? l->n : l->m;
    BASIN_ALLOC(w, block->size, "a layer's matrix");
    BASIN_ALLOC(l->b, l->m * l->r, "a factor");
    for (size_t s = 0; s < l->m; s++)
        for (size_t j = 0; j < l->n; j++) w[s * l->n + j] = theta[place(l, s, j)];
    if (l->r == l->n) {
        basin_copy(w, l->b, block->size);
        goto done;
    }
    basin_gemm_f64(BASIN_N, BASIN_T, l->m, l->m, l->n, 1.0, w, l->n, w, l->n, 0.0, l->b, l->m);
    BASIN_TRY(take_root(l->b, l->m));
done:
    basin_free(w);
    return st;
}

/* Column k of B in column j. */
static void put_column(const layer *l, size_t j, size_t k, double *v)
{
    for (size_t s = 0; s < l->m; s++) v[place(l, s, j)] = l->b[s * l->r + k];
}

/* B Z for a random Z of ±1, a column of Z in `signs` [r] at a time. */
static void put_random(const layer *l, basin_random *random, double *signs, double *v)
{
    for (size_t j = 0; j < l->n; j++) {
        basin_random_signs(random, signs, l->r);
        for (size_t s = 0; s < l->m; s++) {
            double sum = 0.0;
            for (size_t k = 0; k < l->r; k++) sum += l->b[s * l->r + k] * signs[k];
            v[place(l, s, j)] = sum;
        }
    }
}

typedef struct products { /* room for TOGETHER of them */
    basin_curvature *hessian;
    size_t           size;
    double          *v, *hv; /* [TOGETHER, P] */
} products;

/* vᵀHv of the first `count`. */
static basin_status forms(const products *p, size_t count, basin_sharpness_row *row, double *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_progress_poll());
    BASIN_TRY(basin_curvature_product(p->hessian, p->v, count, p->hv));
    row->products += count;
    for (size_t i = 0; i < count; i++) out[i] = basin_dot(p->v + i * p->size, p->hv + i * p->size, p->size);
done:
    return st;
}

static basin_status exactly(const layer *l, const products *p, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const size_t all = l->n * l->r;
    double       sum = 0.0, form[TOGETHER];

    for (size_t first = 0, count; first < all; first += count) {
        count = all - first < TOGETHER ? all - first : TOGETHER;
        memset(p->v, 0, count * p->size * sizeof *p->v);
        for (size_t i = 0; i < count; i++)
            put_column(l, (first + i) / l->r, (first + i) % l->r, p->v + i * p->size);
        BASIN_TRY(forms(p, count, row, form));
        for (size_t i = 0; i < count; i++) sum += form[i];
    }
    row->number = BASIN_SHARPNESS_EXACT;
    BASIN_TRY(basin_sharpness_take(row, sum));
    BASIN_TRY(basin_sharpness_say(row, "[%zu, %zu]", l->m, l->n));
done:
    return st;
}

static basin_status sampled(const layer *l, const products *p, const basin_sharpening *task, size_t number,
                            basin_sharpness_row *row)
{
    basin_status  st = BASIN_OK;
    basin_random  random = basin_random_start(task->options->seed + number, BASIN_STREAM_SHARPNESS_DRAWS);
    basin_running mean = {0};
    double       *signs = NULL, form[TOGETHER];

    BASIN_ALLOC(signs, l->r, "signs");
    memset(p->v, 0, TOGETHER * p->size * sizeof *p->v);
    for (size_t first = 0, count; first < task->draws; first += count) {
        count = task->draws - first < TOGETHER ? task->draws - first : TOGETHER;
        for (size_t i = 0; i < count; i++) put_random(l, &random, signs, p->v + i * p->size);
        BASIN_TRY(forms(p, count, row, form));
        for (size_t i = 0; i < count; i++) basin_running_add(&mean, form[i]);
    }
    row->number = BASIN_SHARPNESS_SAMPLED;
    row->draws = task->draws;
    BASIN_TRY(basin_running_take(&mean, "draws", row));
    BASIN_TRY(basin_sharpness_say(row, "[%zu, %zu], %zu draws", l->m, l->n, task->draws));
done:
    basin_free(signs);
    return st;
}

static basin_status of_layer(const basin_sharpening *task, const products *p, size_t number,
                             basin_sharpness_row *row)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = basin_objective_params(task->point->objective);
    const basin_block  *block = &params->blocks[basin_sharpness_layer(params, number)];
    layer               l = {0};

    BASIN_STRDUP(row->part, block->name);
    BASIN_TRY(open_layer(block, task->point->theta, &l));
    if (l.n * l.r <= EXACT)
        BASIN_TRY(exactly(&l, p, row));
    else
        BASIN_TRY(sampled(&l, p, task, number, row));
done:
    release(&l);
    return st;
}

basin_status basin_sharpness_by_relative_flatness(const basin_sharpening *task, basin_sharpness_row *rows,
                                                  size_t count)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = basin_objective_params(task->point->objective);
    products            p = {.size = task->point->size};

    if (params == NULL || basin_sharpness_layer(params, 0) == BASIN_NONE)
        return basin_sharpness_all_lack(rows, count, "no layer has a matrix of weights");
    BASIN_ALLOC(p.v, TOGETHER * p.size, "vectors");
    BASIN_ALLOC(p.hv, TOGETHER * p.size, "products");
    BASIN_TRY(basin_point_hessian(task->point, &p.hessian));
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_progress_report("relative flatness", (double)i, (double)count));
        BASIN_TRY(of_layer(task, &p, i, &rows[i]));
    }
done:
    basin_free(p.v);
    basin_free(p.hv);
    return st;
}

void basin_sharpness_cost_relative_flatness(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    const basin_params *params = basin_objective_params(task->point->objective);

    for (size_t i = 0; params != NULL && i < count && basin_sharpness_layer(params, i) != BASIN_NONE; i++) {
        const basin_block *block = &params->blocks[basin_sharpness_layer(params, i)];
        const size_t       m = block->shape[block->output_axis], n = block->size / m;
        const size_t       exact = n * (n <= m ? n : m);
        cost->products += exact <= EXACT ? exact : task->draws;
    }
}
