/* The linear assignment problem by shortest augmenting paths.
 *
 * Method, on costs c = -value with duals u, v such that c_ij - u_i - v_j >= 0, and = 0 where assigned:
 *
 *   1. Rows are assigned one after the other. From the new row the reduced costs are searched as by Dijkstra
 *      for the nearest column that is free.
 *   2. The duals of the rows and columns that the search has closed move by what is left of its length.
 *   3. Columns along the path change hands.
 *
 * O(n³), and about n² where most rows find their own column free.
 *
 * References: R. Jonker, A. Volgenant, «A shortest augmenting path algorithm for dense and sparse linear
 * assignment problems», Computing 38, 1987; D. Crouse, IEEE Transactions on Aerospace and Electronic Systems
 * 52(4), 2016, whose order of steps this has.
 */
#include <math.h>

#include "core/memory.h"
#include "core/progress.h"

#define FREE SIZE_MAX

enum { ROWS_A_REPORT = 64 };

typedef struct search {
    size_t        n;
    const double *value;        /* [n, n] */
    double       *u, *v;        /* [n] duals */
    double       *nearest;      /* [n] length of the shortest path to a column */
    size_t       *from;         /* [n] the row before it on that path */
    size_t       *row, *column; /* [n] of a column, of a row; FREE */
    bool         *closed;       /* [n] columns that the search has reached */
    bool         *seen;         /* [n] rows */
} search;

/* The open column of the shortest path, after row i was seen at distance `length`; a free one first. */
static size_t next_column(search *s, size_t i, double length)
{
    double least = INFINITY;
    size_t best = FREE;

    for (size_t j = 0; j < s->n; j++) {
        if (s->closed[j]) continue;
        const double path = length - s->value[i * s->n + j] - s->u[i] - s->v[j];
        if (path < s->nearest[j]) s->nearest[j] = path, s->from[j] = i;
        if (s->nearest[j] < least || (s->nearest[j] == least && best != FREE && s->row[j] == FREE))
            least = s->nearest[j], best = j;
    }
    return best;
}

/* The free column at the end of the shortest path from row `first`, and its length. */
static size_t find_path(search *s, size_t first, double *length)
{
    size_t i = first, j = FREE;

    for (size_t l = 0; l < s->n; l++) s->nearest[l] = INFINITY, s->closed[l] = s->seen[l] = false;
    *length = 0.0;
    while (i != FREE) {
        s->seen[i] = true;
        j = next_column(s, i, *length);
        *length = s->nearest[j];
        s->closed[j] = true;
        i = s->row[j];
    }
    return j;
}

static void assign_row(search *s, size_t first)
{
    double length;
    size_t j = find_path(s, first, &length);

    s->u[first] += length;
    for (size_t i = 0; i < s->n; i++)
        if (s->seen[i] && i != first) s->u[i] += length - s->nearest[s->column[i]];
    for (size_t l = 0; l < s->n; l++)
        if (s->closed[l]) s->v[l] -= length - s->nearest[l];
    for (size_t i = FREE; i != first;) {
        const size_t before = s->column[i = s->from[j]];
        s->row[j] = i, s->column[i] = j;
        j = before;
    }
}

basin_status basin_assign(const double *value, size_t n, size_t *column)
{
    basin_status st = BASIN_OK;
    search       s = {.n = n, .value = value, .column = column};

    for (size_t i = 0; i < n * n; i++)
        BASIN_CHECK(isfinite(value[i]), BASIN_ERR_VALUE, "row %zu, column %zu of an assignment: %g", i / n,
                    i % n, value[i]);
    BASIN_ALLOC(s.u, n, "an assignment");
    BASIN_ALLOC(s.v, n, "an assignment");
    BASIN_ALLOC(s.nearest, n, "an assignment");
    BASIN_ALLOC(s.from, n, "an assignment");
    BASIN_ALLOC(s.row, n, "an assignment");
    BASIN_ALLOC(s.closed, n, "an assignment");
    BASIN_ALLOC(s.seen, n, "an assignment");
    for (size_t i = 0; i < n; i++) s.row[i] = column[i] = FREE;
    for (size_t i = 0; i < n; i++) {
        if (i % ROWS_A_REPORT == 0) BASIN_TRY(basin_progress_poll());
        assign_row(&s, i);
    }
done:
    basin_free(s.u);
    basin_free(s.v);
    basin_free(s.nearest);
    basin_free(s.from);
    basin_free(s.row);
    basin_free(s.closed);
    basin_free(s.seen);
    return st;
}
