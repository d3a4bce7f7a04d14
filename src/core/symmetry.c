/* Changes of the parameters that leave a network's function alone: permutations and factors of hidden units,
 * and a change of basis within a pair of attention's matrices.
 *
 * A group stands in several tensors, perhaps along both axes of one; the axes are changed one after the
 * other, each for itself, which commute.
 *
 * Trap: BatchNorm divides by √(v + ε). A factor f before it is undone exactly by v' = f² (v + ε) − ε, not by
 * f² v.
 */
#include <math.h>
#include <string.h>

#include "core/heads.h"
#include "core/linalg.h"
#include "core/memory.h"

/* A tensor as [before, indices, behind] around the axis. */
typedef struct slabs {
    double *values;
    size_t  before, indices, behind;
} slabs;

static slabs slabs_of(const basin_unit_axis *axis, basin_graph *graph, double *theta)
{
    const basin_block  *block = axis->buffer ? NULL : &graph->params->blocks[axis->tensor];
    const basin_buffer *buffer = axis->buffer ? &graph->buffers[axis->tensor] : NULL;
    const size_t       *shape = axis->buffer ? buffer->shape : block->shape;
    const size_t        rank = axis->buffer ? buffer->rank : block->rank;
    slabs               out = {.values = axis->buffer ? buffer->values : theta + block->offset,
                               .before = 1,
                               .indices = shape[axis->axis],
                               .behind = 1};

    for (size_t l = 0; l < axis->axis; l++) out.before *= shape[l];
    for (size_t l = axis->axis + 1; l < rank; l++) out.behind *= shape[l];
    return out;
}

/* ----------------------------------------------------------------------------------------- permutation -- */

static basin_status permute_axis(const basin_unit_axis *axis, size_t units, const size_t *order, slabs s)
{
    basin_status st = BASIN_OK;
    double      *old = NULL;

    BASIN_ALLOC(old, s.indices * s.behind, "a tensor");
    for (size_t b = 0; b < s.before; b++) {
        double *at = s.values + b * s.indices * s.behind;
        memcpy(old, at, s.indices * s.behind * sizeof *old);
        for (size_t u = 0; u < units; u++)
            for (size_t k = 0; k < axis->each; k++)
                memcpy(at + axis->index[u * axis->each + k] * s.behind,
                       old + axis->index[order[u] * axis->each + k] * s.behind, s.behind * sizeof *at);
    }
done:
    basin_free(old);
    return st;
}

basin_status basin_symmetry_permute(const basin_unit_group *group, const size_t *order, basin_graph *graph,
                                    double *theta)
{
    basin_status st = BASIN_OK;
    bool        *seen = NULL;

    BASIN_ALLOC(seen, group->units, "units");
    for (size_t u = 0; u < group->units; u++) {
        BASIN_CHECK(order[u] < group->units && !seen[order[u]], BASIN_ERR_ARG,
                    "%s: the order of its %zu units is no permutation at number %zu", group->name,
                    group->units, u);
        seen[order[u]] = true;
    }
    for (size_t i = 0; i < group->axis_count; i++)
        BASIN_TRY(
            permute_axis(&group->axes[i], group->units, order, slabs_of(&group->axes[i], graph, theta)));
done:
    basin_free(seen);
    return st;
}

/* --------------------------------------------------------------------------------------------- scaling -- */

static double scaled(const basin_unit_axis *axis, double factor, double value)
{
    if (axis->power == 2) return factor * factor * (value + axis->epsilon) - axis->epsilon;
    return axis->power > 0 ? value * factor : value / factor;
}

static void scale_axis(const basin_unit_axis *axis, size_t units, const double *factor, slabs s)
{
    for (size_t b = 0; b < s.before; b++)
        for (size_t u = 0; u < units; u++)
            for (size_t k = 0; k < axis->each; k++) {
                double *at = s.values + (b * s.indices + axis->index[u * axis->each + k]) * s.behind;
                for (size_t l = 0; l < s.behind; l++) at[l] = scaled(axis, factor[u], at[l]);
            }
}

/* Variances come first, so that nothing is changed where one would be negative. */
static basin_status check_variances(const basin_unit_group *group, const double *factor, basin_graph *graph)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < group->axis_count; i++) {
        const basin_unit_axis *axis = &group->axes[i];
        if (axis->power != 2) continue;
        const basin_buffer *buffer = &graph->buffers[axis->tensor];
        for (size_t u = 0; u < group->units * axis->each; u++) {
            const double f = factor[u / axis->each], v = buffer->values[axis->index[u]];
            BASIN_CHECK(scaled(axis, f, v) >= 0.0, BASIN_ERR_VALUE,
                        "%s: a factor of %g would make the variance %s[%zu] = %g negative beside epsilon %g",
                        group->name, f, buffer->name, axis->index[u], v, axis->epsilon);
        }
    }
done:
    return st;
}

basin_status basin_symmetry_scale(const basin_unit_group *group, const double *factor, basin_graph *graph,
                                  double *theta)
{
    basin_status st = BASIN_OK;

    for (size_t u = 0; u < group->units; u++)
        BASIN_CHECK(factor[u] > 0.0 && isfinite(factor[u]), BASIN_ERR_ARG,
                    "%s: the factor of unit %zu is %g; it must be positive", group->name, u, factor[u]);
    BASIN_TRY(check_variances(group, factor, graph));
    for (size_t i = 0; i < group->axis_count; i++)
        scale_axis(&group->axes[i], group->units, factor, slabs_of(&group->axes[i], graph, theta));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- a basis -- */

static void swap_rows(double *m, size_t n, size_t i, size_t j)
{
    for (size_t l = 0; l < n; l++) {
        const double kept = m[i * n + l];
        m[i * n + l] = m[j * n + l];
        m[j * n + l] = kept;
    }
}

/* By Gauss and Jordan with pivots; a is overwritten. false: singular. */
static bool invert(double *a, size_t n, double *out)
{
    memset(out, 0, n * n * sizeof *out);
    for (size_t i = 0; i < n; i++) out[i * n + i] = 1.0;
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t i = c; i < n; i++)
            if (fabs(a[i * n + c]) > fabs(a[pivot * n + c])) pivot = i;
        if (!(fabs(a[pivot * n + c]) > 0.0)) return false;
        swap_rows(a, n, c, pivot);
        swap_rows(out, n, c, pivot);
        const double value = a[c * n + c];
        for (size_t l = 0; l < n; l++) a[c * n + l] /= value, out[c * n + l] /= value;
        for (size_t i = 0; i < n; i++) {
            const double f = i != c ? a[i * n + c] : 0.0;
            for (size_t l = 0; l < n; l++)
                a[i * n + l] -= f * a[c * n + l], out[i * n + l] -= f * out[c * n + l];
        }
    }
    return basin_all_finite(out, n * n);
}

/* A side F [rows, w] becomes F m, or F mᵀ. */
static basin_status turn_side(const basin_factor_pair *pair, size_t side, const double *m, basin_transpose t,
                              double *theta)
{
    basin_status  st = BASIN_OK;
    const size_t  w = pair->width, rows = pair->rows[side];
    const size_t *place = pair->place[side];
    double       *old = NULL, *turned = NULL;

    BASIN_ALLOC(old, rows * w, "a matrix of a pair");
    BASIN_ALLOC(turned, rows * w, "a matrix of a pair");
    for (size_t i = 0; i < rows * w; i++) old[i] = theta[place[i]];
    basin_gemm_f64(BASIN_N, t, rows, w, w, 1.0, old, w, m, w, 0.0, turned, w);
    for (size_t i = 0; i < rows * w; i++) theta[place[i]] = turned[i];
done:
    basin_free(old);
    basin_free(turned);
    return st;
}

basin_status basin_symmetry_rotate(const basin_factor_pair *pair, const double *a, double *theta)
{
    basin_status st = BASIN_OK;
    const size_t w = pair->width;
    double      *copy = NULL, *inverse = NULL;

    BASIN_ALLOC(copy, w * w, "a basis");
    BASIN_ALLOC(inverse, w * w, "a basis");
    memcpy(copy, a, w * w * sizeof *copy);
    BASIN_CHECK(invert(copy, w, inverse), BASIN_ERR_NUMERIC,
                "%s: the change of basis, [%zu, %zu], is singular", pair->name, w, w);
    BASIN_TRY(turn_side(pair, 0, inverse, BASIN_N, theta));
    BASIN_TRY(turn_side(pair, 1, a, BASIN_T, theta));
done:
    basin_free(copy);
    basin_free(inverse);
    return st;
}

/* ------------------------------------------------------------------------------------------- releasing -- */

void basin_unit_group_clear(basin_unit_group *group)
{
    basin_free(group->name);
    for (size_t i = 0; group->axes != NULL && i < group->axis_count; i++) basin_free(group->axes[i].index);
    basin_free(group->axes);
    *group = (basin_unit_group){0};
}

void basin_symmetries_destroy(basin_symmetries **symmetries)
{
    if (symmetries == NULL || *symmetries == NULL) return;
    basin_symmetries *s = *symmetries;
    for (size_t i = 0; i < s->permutation_count; i++) basin_unit_group_clear(&s->permutations[i]);
    for (size_t i = 0; i < s->scaling_count; i++) basin_unit_group_clear(&s->scalings[i]);
    basin_free(s->permutations);
    basin_free(s->scalings);
    basin_params_destroy(&s->params);
    basin_free(s->held_by);
    basin_free(s);
    *symmetries = NULL;
}
