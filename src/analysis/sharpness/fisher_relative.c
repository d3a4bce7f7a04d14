/* Curvature relative to the Fisher matrix: the largest μ of H x = μ (G + δI) x.
 *
 * In the metric G of the network's outputs, a change of parameters that leaves the function alone is none,
 * and H is measured against how far a step moves the outputs. G is the generalised Gauss-Newton matrix, which
 * for softmax cross-entropy without weights, binary cross-entropy and, times a constant, the mean squared
 * error is the Fisher matrix. It is singular wherever the network has symmetries, so δ = SHARE tr G / P is
 * added, which knows the parameters' scale: only for δ → 0 is μ invariant.
 *
 *   1. H and G, column block by column block.
 *   2. G + δI = V diag(w) Vᵀ; C = diag(w)^-½ Vᵀ H V diag(w)^-½, whose eigenvalues are the μ.
 *
 * Both matrices are dense: of more than MOST parameters there is none.
 *
 * Reference: A. Kristiadi, F. Dangel, P. Hennig, «The geometry of neural nets' parameter spaces under
 * reparametrization», NeurIPS 2023, arXiv:2302.07384: eigenvalues of G⁻¹H are those of the Hessian as a
 * linear map.
 */
#include <math.h>
#include <string.h>

#include "analysis/sharpness/sharpness.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define SHARE 0.01

enum { MOST = 3000, TOGETHER = 16 };

/* m [P, P] of an operator, symmetrised. `v` [TOGETHER, P] is room. */
static basin_status fill(basin_curvature *c, size_t size, double *v, basin_sharpness_row *row, double *m)
{
    basin_status st = BASIN_OK;

    for (size_t first = 0, count; first < size; first += count) {
        count = size - first < TOGETHER ? size - first : TOGETHER;
        memset(v, 0, count * size * sizeof *v);
        for (size_t i = 0; i < count; i++) v[i * size + first + i] = 1.0;
        BASIN_TRY(basin_progress_report("columns", (double)first, (double)size));
        BASIN_TRY(basin_curvature_product(c, v, count, m + first * size));
        row->products += count;
    }
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < i; j++)
            m[i * size + j] = m[j * size + i] = 0.5 * (m[i * size + j] + m[j * size + i]);
done:
    return st;
}

static basin_status fill_ggn(const basin_sharpening *task, double *v, basin_sharpness_row *row, double *g)
{
    basin_status     st = BASIN_OK;
    basin_curvature *ggn = NULL;

    BASIN_TRY(basin_curvature_create(task->point->objective, NULL, task->point->theta, BASIN_GGN, &ggn));
    BASIN_TRY(fill(ggn, task->point->size, v, row, g));
done:
    basin_curvature_destroy(&ggn);
    return st;
}

/* G + δI in place; *delta is δ. */
static void regularise(double *g, size_t size, double *delta)
{
    double trace = 0.0;

    for (size_t i = 0; i < size; i++) trace += g[i * size + i];
    *delta = SHARE * trace / (double)size;
    for (size_t i = 0; i < size; i++) g[i * size + i] += *delta;
}

/* The largest eigenvalue of C. G is overwritten; `room` [P, P], w [P]. */
static basin_status relate(double *h, double *g, size_t size, double *room, double *w, double *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_progress_report("eigenvectors by LAPACK", 0.0, 1.0));
    BASIN_TRY(basin_symmetric_eigen_vectors(g, size, w)); /* rows of g */
    for (size_t i = 0; i < size; i++) basin_scale(1.0 / sqrt(w[i]), g + i * size, size);
    basin_gemm_f64(BASIN_N, BASIN_N, size, size, size, 1.0, g, size, h, size, 0.0, room, size);
    basin_gemm_f64(BASIN_N, BASIN_T, size, size, size, 1.0, room, size, g, size, 0.0, h, size);
    BASIN_TRY(basin_progress_report("eigenvalues by LAPACK", 0.0, 1.0));
    BASIN_TRY(basin_symmetric_eigen(h, size, w));
    *out = w[size - 1];
done:
    return st;
}

static basin_status compute(const basin_sharpening *task, basin_curvature *hessian, double *square[3],
                            double *v, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    const size_t size = task->point->size;
    double       delta, value = NAN;

    BASIN_TRY(fill(hessian, size, v, row, square[0]));
    st = fill_ggn(task, v, row, square[1]);
    if (st == BASIN_ERR_UNSUPPORTED) return basin_sharpness_lacks(row, "%s", basin_error_message());
    if (st != BASIN_OK) goto done;
    regularise(square[1], size, &delta);
    if (!(delta > 0.0)) {
        BASIN_TRY(basin_sharpness_lacks(row, "the Gauss-Newton matrix is zero"));
        goto done;
    }
    BASIN_TRY(relate(square[0], square[1], size, square[2], v, &value));
    BASIN_TRY(basin_sharpness_take(row, value));
    BASIN_TRY(basin_sharpness_say(row, "delta = %.6g, 1 %% of the mean eigenvalue of G", delta));
done:
    return st;
}

basin_status basin_sharpness_by_fisher_relative(const basin_sharpening *task, basin_sharpness_row *rows,
                                                size_t count)
{
    basin_status     st = BASIN_OK;
    const size_t     size = task->point->size;
    basin_curvature *hessian = NULL;
    double          *squares = NULL, *v = NULL;

    (void)count;
    if (size > MOST)
        return basin_sharpness_lacks(rows, "%zu parameters, at most %d: both matrices are dense", size,
                                     (int)MOST);
    BASIN_ALLOC(squares, 3 * size * size, "three matrices");
    BASIN_ALLOC(v, TOGETHER * size, "vectors");
    BASIN_TRY(basin_point_hessian(task->point, &hessian));
    double *square[] = {squares, squares + size * size, squares + 2 * size * size};
    BASIN_TRY(compute(task, hessian, square, v, rows));
done:
    basin_free(squares);
    basin_free(v);
    return st;
}

void basin_sharpness_cost_fisher_relative(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)count;
    if (task->point->size <= MOST) cost->products += 2 * task->point->size;
}
