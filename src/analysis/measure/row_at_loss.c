/* The rows of a run at a training loss L, from those of the two checkpoints between which it comes down to L.
 *
 *   1. The raw rows of all samples give the place: t = ln(L_before/L) / ln(L_before/L_after).
 *   2. At t stand all kinds of points and parts of the samples that both checkpoints have, each between its
 *      own two rows, and so at a training loss of its own, L_before (L_after/L_before)^t.
 *   3. A row without a partner before it, one that is missing, or whose own loss does not fall from one to
 *      the other, stands as it is.
 */
#include <math.h>

#include "analysis/measure/row.h"
#include "core/schema.h"

static const basin_row *find_row(const basin_row *rows, size_t count, int point, size_t part)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].point == point && rows[i].part == part) return &rows[i];
    return NULL;
}

static bool is_bracketed(const basin_row *before, const basin_row *after, double loss)
{
    return before != NULL && after != NULL && before->missing == NULL && after->missing == NULL &&
           before->train_loss.value > loss && loss >= after->train_loss.value &&
           after->train_loss.value > 0.0;
}

/* *standing: there is nothing to interpolate. */
static basin_status settle(const basin_row *before, const basin_row *after, double share, double loss,
                           basin_row *out, bool *standing)
{
    basin_status st = BASIN_OK;
    const bool   raw = after->point == BASIN_POINT_RAW && after->part == 0;
    double       own = NAN;

    if (before != NULL)
        own = raw ? loss
                  : before->train_loss.value * pow(after->train_loss.value / before->train_loss.value, share);
    *standing = isnan(share) || !is_bracketed(before, after, own);
    if (*standing) {
        BASIN_TRY(basin_row_copy(after, out));
    } else {
        BASIN_TRY(basin_row_between(before, after, share, loss, out));
        if (raw) out->train_loss.value = loss; /* what the place was found by, without its rounding */
    }
done:
    return st;
}

basin_status basin_rows_interpolate(const basin_row *before, size_t before_count, const basin_row *after,
                                    size_t after_count, double loss, basin_row *out, size_t *standing)
{
    basin_status     st = BASIN_OK;
    const basin_row *raw_before = find_row(before, before_count, BASIN_POINT_RAW, 0),
                    *raw_after = find_row(after, after_count, BASIN_POINT_RAW, 0);
    double share = NAN;
    size_t made = 0, whole = 0;

    if (is_bracketed(raw_before, raw_after, loss))
        share = basin_row_share(raw_before->train_loss.value, raw_after->train_loss.value, loss);
    for (; made < after_count; made++) {
        const basin_row *row = &after[made];
        bool             stands = false;
        out[made] = (basin_row){0};
        st = settle(find_row(before, before_count, row->point, row->part), row, share, loss, &out[made],
                    &stands);
        if (st != BASIN_OK) {
            basin_row_clear(&out[made]); /* half a copy */
            goto done;
        }
        whole += stands && row->part == 0 && row->missing == NULL;
    }
    *standing = whole;
done:
    while (st != BASIN_OK && made > 0) basin_row_clear(&out[--made]);
    return st;
}
