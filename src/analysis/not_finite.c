/* Which sample makes a product with the operator not finite, once one is: of halves of the samples the first
 * whose own product is not finite is divided again, so all takes some two passes over the samples. Nothing is
 * found where both halves are finite and only their sum is not, and where an objective takes no parts of its
 * samples (statistics of batches).
 */
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

typedef struct inquiry {
    basin_point *point;
    double      *v, *av; /* [P] */
    size_t      *index;  /* [N] */
} inquiry;

static bool broken(const inquiry *q, size_t first, size_t end)
{
    const basin_samples        samples = {.index = q->index + first, .count = end - first};
    const basin_point         *point = q->point;
    const basin_curvature_kind kind = (basin_curvature_kind)point->options.operator_kind;
    basin_curvature           *part = NULL;
    bool                       out = false;
    const basin_status st = basin_curvature_create(point->objective, &samples, point->theta, kind, &part);

    if (st == BASIN_OK && basin_curvature_product(part, q->v, 1, q->av) == BASIN_OK)
        out = !basin_all_finite(q->av, point->size);
    basin_curvature_destroy(&part);
    return out;
}

/* The first sample whose product is not finite by itself; `samples` where there is none to be found. */
static size_t search(const inquiry *q, size_t samples)
{
    size_t first = 0, end = samples;

    while (end - first > 1) {
        const size_t middle = first + (end - first) / 2;
        if (broken(q, first, middle))
            end = middle;
        else if (broken(q, middle, end))
            first = middle;
        else
            return samples;
    }
    return first;
}

/* The vector that the operator itself was multiplied by. */
static basin_status begin(basin_point *point, const double *v, size_t samples, inquiry *q)
{
    basin_status st = BASIN_OK;

    basin_curvature_destroy(&point->curvature); /* the parts need its memory */
    q->point = point;
    BASIN_ALLOC(q->v, point->size, "a vector");
    BASIN_ALLOC(q->av, point->size, "a product");
    BASIN_ALLOC(q->index, samples, "samples");
    for (size_t i = 0; i < point->size; i++) q->v[i] = v[i] * (point->scale != NULL ? point->scale[i] : 1.0);
    for (size_t i = 0; i < samples; i++) q->index[i] = i;
done:
    return st;
}

basin_status basin_point_not_finite(basin_point *point, const double *v)
{
    const size_t samples = basin_objective_samples(point->objective), product = point->products;
    const char  *title = basin_curvature_kind_title((basin_curvature_kind)point->options.operator_kind);
    inquiry      q = {0};
    size_t       found = samples;

    if (begin(point, v, samples, &q) == BASIN_OK) found = search(&q, samples);
    basin_free(q.v);
    basin_free(q.av);
    basin_free(q.index);
    if (found == samples)
        return basin_fail(BASIN_ERR_NUMERIC, "product %zu with the %s is not finite", product, title);
    return basin_fail(
        BASIN_ERR_NUMERIC,
        "product %zu with the %s is not finite: the first sample whose own is not is number %zu of %zu",
        product, title, found + 1, samples);
}
