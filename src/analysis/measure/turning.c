/* How the top eigenvectors of a row lie to those of the checkpoint before it and of the last of its run
 * (docs/measures.md, «Turning»; angles by spectrum/eigenspace.c). */
#include <math.h>

#include "core/memory.h"
#include "core/status.h"

static basin_status make_room(size_t k, double **angle, double **error, double **similarity)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(*angle, k, "angles");
    BASIN_ALLOC(*error, k, "angles");
    BASIN_ALLOC(*similarity, k, "angles");
    for (size_t i = 0; i < k; i++) (*angle)[i] = (*error)[i] = (*similarity)[i] = NAN;
done:
    return st;
}

static bool comparable(const basin_eigenspace *a, const basin_eigenspace *b)
{
    return b != NULL && a->size == b->size && a->dimension == b->dimension;
}

basin_status basin_row_turn(basin_row *row, const basin_eigenspace *own, const basin_eigenspace *before,
                            int64_t since, const basin_eigenspace *last, int64_t until)
{
    basin_status   st = BASIN_OK;
    basin_turning *t = &row->turning;
    const size_t   k = own->dimension;

    BASIN_CHECK(t->dimension == 0, BASIN_ERR_ARG, "the row has its angles");
    t->dimension = k;
    BASIN_TRY(make_room(k, &t->angle, &t->error, &t->similarity));
    BASIN_TRY(make_room(k, &t->last_angle, &t->last_error, &t->last_similarity));
    if (comparable(own, before)) {
        BASIN_TRY(basin_eigenspace_turn(before, own, t->angle, t->error, t->similarity));
        t->since = since, t->top = t->angle[0], t->whole = t->angle[k - 1];
    }
    if (comparable(own, last)) {
        BASIN_TRY(basin_eigenspace_turn(last, own, t->last_angle, t->last_error, t->last_similarity));
        t->until = until, t->last_top = t->last_angle[0], t->last_whole = t->last_angle[k - 1];
    }
done:
    return st;
}
