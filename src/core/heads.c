/* Groups of units that follow from basin_factor_pair: the columns of a pair, and the heads of an attention. A
 * pair knows its elements by their places in theta; a group knows indices of axes. */
#include "core/heads.h"

#include <string.h>

#include "core/memory.h"
#include "core/params.h"

/* Columns 0 … width-1 of rows `first` … `end` of a side, which lie in one tensor, along an axis of it. */
static basin_status column_axis(const basin_params *params, const basin_factor_pair *pair, size_t side,
                                size_t first, size_t end, basin_unit_axis *out)
{
    basin_status  st = BASIN_OK;
    const size_t *place = pair->place[side], w = pair->width;
    size_t        index[BASIN_MAX_RANK] = {0}, next[BASIN_MAX_RANK] = {0};

    *out = (basin_unit_axis){.tensor = basin_params_locate(params, place[first * w], index), .each = 1};
    const size_t rank = params->blocks[out->tensor].rank;
    /* a column stands still along the axis: what moves is another one */
    if (w > 1) {
        basin_params_locate(params, place[first * w + 1], next);
        while (out->axis + 1 < rank && index[out->axis] == next[out->axis]) out->axis++;
    } else if (end > first + 1) {
        basin_params_locate(params, place[(first + 1) * w], next);
        while (out->axis + 1 < rank && index[out->axis] != next[out->axis]) out->axis++;
    }
    BASIN_ALLOC(out->index, w, "the columns of a pair");
    for (size_t d = 0; d < w; d++) {
        basin_params_locate(params, place[first * w + d], index);
        out->index[d] = index[out->axis];
    }
done:
    return st;
}

/* The columns of both sides, each a run of rows in every tensor that it lies in. */
static basin_status column_group(const basin_params *params, const basin_factor_pair *pair,
                                 basin_unit_group *out)
{
    basin_status st = BASIN_OK;
    size_t       index[BASIN_MAX_RANK];

    out->kind = BASIN_GROUP_COLUMNS;
    out->units = pair->width;
    BASIN_STRDUP(out->name, pair->name);
    BASIN_ALLOC(out->axes, 4, "the columns of a pair");
    for (size_t side = 0; side < 2; side++)
        for (size_t r = 0, end; r < pair->rows[side]; r = end) {
            const size_t tensor = basin_params_locate(params, pair->place[side][r * pair->width], index);
            for (end = r + 1;
                 end < pair->rows[side] &&
                 basin_params_locate(params, pair->place[side][end * pair->width], index) == tensor;)
                end++;
            out->axis_count++;
            BASIN_TRY(column_axis(params, pair, side, r, end, &out->axes[out->axis_count - 1]));
        }
done:
    return st;
}

/* Do both groups stand in the same tensors? */
static bool stand_alike(const basin_unit_group *a, const basin_unit_group *b)
{
    bool same = a->axis_count == b->axis_count && a->units == b->units;

    for (size_t i = 0; same && i < a->axis_count; i++)
        same = a->axes[i].tensor == b->axes[i].tensor && a->axes[i].axis == b->axes[i].axis;
    return same;
}

/* Columns of the pairs of each head one after the other: heads[h] is the number of its pair, of queries and
   keys or of values. */
static basin_status append_axes(const basin_unit_group *columns, const size_t *heads, size_t count,
                                size_t part, basin_unit_group *out)
{
    basin_status            st = BASIN_OK;
    const basin_unit_group *first = &columns[heads[0]];
    const size_t            w = first->units;

    for (size_t i = 0; i < first->axis_count; i++) {
        basin_unit_axis *axis = &out->axes[out->axis_count++];
        *axis = first->axes[i];
        axis->index = NULL;
        axis->each = w;
        axis->part = part;
        BASIN_ALLOC(axis->index, count * w, "the heads of an attention");
        for (size_t h = 0; h < count; h++)
            memcpy(axis->index + h * w, columns[heads[h]].axes[i].index, w * sizeof *axis->index);
    }
done:
    return st;
}

/* Pairs of the attention of pair `first`, of one kind, in the order of their heads. */
static size_t heads_of(const basin_params *params, size_t first, bool values, size_t *heads)
{
    size_t count = 0;

    for (size_t i = 0; i < params->pair_count; i++)
        if (params->pairs[i].attention == params->pairs[first].attention && params->pairs[i].values == values)
            heads[count++] = i;
    return count;
}

/* Heads change places with all that they have, so each must have both pairs, and all the same tensors. */
static bool are_heads(const basin_params *params, const basin_unit_group *columns, const size_t *scores,
                      size_t score_count, const size_t *values, size_t value_count)
{
    bool same = score_count == value_count && score_count > 1;

    for (size_t h = 0; same && h < score_count; h++)
        same = params->pairs[scores[h]].head == params->pairs[values[h]].head &&
               stand_alike(&columns[scores[0]], &columns[scores[h]]) &&
               stand_alike(&columns[values[0]], &columns[values[h]]);
    return same;
}

/* The heads of the attention of pair number i; without units where it has no such group. */
static basin_status head_group(const basin_params *params, const basin_unit_group *columns, size_t i,
                               basin_unit_group *out)
{
    basin_status st = BASIN_OK;
    size_t      *scores = NULL, *values = NULL;

    BASIN_ALLOC(scores, params->pair_count, "heads");
    BASIN_ALLOC(values, params->pair_count, "heads");
    const size_t count = heads_of(params, i, false, scores), others = heads_of(params, i, true, values);
    if (params->pairs[i].attention == SIZE_MAX || !are_heads(params, columns, scores, count, values, others))
        goto done;
    const char *name = params->pairs[i].name, *end = strstr(name, ", head ");
    out->kind = BASIN_GROUP_HEADS;
    out->units = count;
    out->name = basin_format("%.*s: heads", end != NULL ? (int)(end - name) : (int)strlen(name), name);
    BASIN_CHECK(out->name != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_ALLOC(out->axes, columns[scores[0]].axis_count + columns[values[0]].axis_count, "heads");
    BASIN_TRY(append_axes(columns, scores, count, 0, out));
    BASIN_TRY(append_axes(columns, values, count, 1, out));
done:
    basin_free(scores);
    basin_free(values);
    return st;
}

static bool is_first_of_attention(const basin_params *params, size_t i)
{
    for (size_t l = 0; l < i; l++)
        if (params->pairs[l].attention == params->pairs[i].attention) return false;
    return true;
}

/* Takes the group over if it has units that could change places. */
static void append(basin_symmetries *out, basin_unit_group *group)
{
    if (group->units < 2) return;
    out->permutations[out->permutation_count++] = *group;
    *group = (basin_unit_group){0};
}

basin_status basin_symmetries_of_heads(basin_symmetries *out)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = out->params;
    const size_t        pairs = params->pair_count, before = out->permutation_count;
    basin_unit_group   *columns = NULL, *heads = NULL, *more = NULL;

    if (pairs == 0) return BASIN_OK;
    BASIN_ALLOC(columns, pairs, "the columns of pairs");
    BASIN_ALLOC(heads, pairs, "heads");
    for (size_t i = 0; i < pairs; i++) BASIN_TRY(column_group(params, &params->pairs[i], &columns[i]));
    for (size_t i = 0; i < pairs; i++)
        if (is_first_of_attention(params, i)) BASIN_TRY(head_group(params, columns, i, &heads[i]));
    BASIN_CHECK((more = basin_grow(out->permutations, before, before + 2 * pairs, sizeof *more)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for %zu groups", before + 2 * pairs);
    out->permutations = more;
    for (size_t i = 0; i < pairs; i++) append(out, &heads[i]);
    for (size_t i = 0; i < pairs; i++) append(out, &columns[i]);
done:
    for (size_t i = 0; i < pairs; i++) {
        if (columns != NULL) basin_unit_group_clear(&columns[i]);
        if (heads != NULL) basin_unit_group_clear(&heads[i]);
    }
    basin_free(columns);
    basin_free(heads);
    return st;
}
