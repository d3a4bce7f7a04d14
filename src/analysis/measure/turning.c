/* How the top eigenvectors of a row lie to those of the checkpoint before it and of the last of its run
 * (docs/measures.md, «Turning»; angles by spectrum/eigenspace.c). */
#include <math.h>

#include "core/memory.h"
#include "core/status.h"

static bool comparable(const basin_eigenspace *a, const basin_eigenspace *b)
{
    return b != NULL && a->size == b->size && a->dimension == b->dimension;
}

static void forget(basin_turn *turns, size_t k)
{
    for (size_t d = 0; d < k; d++)
        turns[d] = (basin_turn){.dimension = d + 1,
                                .angle = NAN,
                                .error = NAN,
                                .similarity = NAN,
                                .last_angle = NAN,
                                .last_error = NAN,
                                .last_similarity = NAN};
}

/* Three columns of k from a to b. */
static basin_status columns(const basin_eigenspace *a, const basin_eigenspace *b, double **out)
{
    basin_status st = BASIN_OK;
    const size_t k = b->dimension;
    double      *room = NULL;

    BASIN_ALLOC(room, 3 * k, "angles");
    BASIN_TRY(basin_eigenspace_turn(a, b, room, room + k, room + 2 * k));
    *out = room, room = NULL;
done:
    basin_free(room);
    return st;
}

basin_status basin_row_turn(basin_row *row, const basin_eigenspace *own, const basin_eigenspace *before,
                            int64_t since, const basin_eigenspace *last, int64_t until, basin_turn *turns)
{
    basin_status  st = BASIN_OK;
    basin_turning t = {-1, -1, own->dimension, NAN, NAN, NAN, NAN};
    const size_t  k = own->dimension;
    double       *to_before = NULL, *to_last = NULL; /* [3, k] angle, error, similarity */

    if (comparable(own, before)) BASIN_TRY(columns(before, own, &to_before));
    if (comparable(own, last)) BASIN_TRY(columns(last, own, &to_last));
    forget(turns, k);
    for (size_t d = 0; to_before != NULL && d < k; d++)
        turns[d].angle = to_before[d], turns[d].error = to_before[k + d],
        turns[d].similarity = to_before[2 * k + d];
    for (size_t d = 0; to_last != NULL && d < k; d++)
        turns[d].last_angle = to_last[d], turns[d].last_error = to_last[k + d],
        turns[d].last_similarity = to_last[2 * k + d];
    if (to_before != NULL) t.since = since;
    if (to_last != NULL) t.until = until;
    t.top = turns[0].angle, t.whole = turns[k - 1].angle;
    t.last_top = turns[0].last_angle, t.last_whole = turns[k - 1].last_angle;
    row->turning = t;
done:
    basin_free(to_before);
    basin_free(to_last);
    return st;
}
