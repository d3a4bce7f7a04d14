/* Units through ops that only move elements: reshaping, transposing, cutting.
 *
 * An element of a slot with units has an index along their dimension and a position in all others. Both go
 * through the op's own forward as numbers. In the output a dimension is theirs if every index of it holds the
 * same unit throughout. Where dimensions were merged, as channels and positions are where an image is
 * flattened, a unit stands at several indices, which the positions tell apart: they become the key.
 *
 * Parameters that are moved before they are used carry the place in theta of each of their elements, by the
 * same forward.
 */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "engine/plan/units.h"

/* The op's forward on numbers instead of values. */
static void carry(const basin_unit_walk *w, const basin_node *node, const real *from, basin_slot *slots,
                  real *to)
{
    basin_node copy = *node;

    memcpy(slots, w->plan->slots, w->plan->slot_count * sizeof *slots);
    copy.slots = slots;
    slots[node->input[0]].v = (real *)from;
    slots[node->output].v = to;
    node->op->forward(&copy, 1, BASIN_MODE_LOSS);
}

/* ------------------------------------------------------------------------------------------ parameters -- */

/* Where each element of a parameter, or of what is moved out of one, lies in theta; buffers lie nowhere. */
static basin_status places(const basin_unit_walk *w, size_t slot, real **out)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = &w->plan->slots[slot];
    real             *place = NULL;

    *out = NULL;
    if (!slot_is_param(x) && w->place[slot] == NULL) return BASIN_OK;
    BASIN_ALLOC(place, x->width, "places");
    for (size_t e = 0; e < x->width; e++)
        place[e] =
            slot_is_param(x) ? (real)(w->plan->params->blocks[x->block].offset + e) : w->place[slot][e];
    *out = place;
done:
    return st;
}

static basin_status move_parameter(basin_unit_walk *w, const basin_node *node)
{
    basin_status st = BASIN_OK;
    real        *from = NULL, *to = NULL;
    basin_slot  *slots = NULL;

    BASIN_TRY(places(w, node->input[0], &from));
    if (from == NULL) goto done;
    BASIN_ALLOC(to, w->plan->slots[node->output].width, "places");
    BASIN_ALLOC(slots, w->plan->slot_count, "slots");
    carry(w, node, from, slots, to);
    w->place[node->output] = to, to = NULL;
done:
    basin_free(from);
    basin_free(to);
    basin_free(slots);
    return st;
}

/* The axis along which the first elements of two indices differ. */
static size_t axis_between(const basin_params *params, size_t a, size_t b)
{
    size_t       first[BASIN_MAX_RANK] = {0}, second[BASIN_MAX_RANK] = {0}, axis = BASIN_NONE;
    const size_t tensor = basin_params_locate(params, a, first);

    if (basin_params_locate(params, b, second) != tensor) return BASIN_NONE;
    for (size_t l = 0; l < params->blocks[tensor].rank; l++) {
        if (first[l] == second[l]) continue;
        if (axis != BASIN_NONE) return BASIN_NONE;
        axis = l;
    }
    return axis;
}

/* Does every element along `dim` of what was moved lie at the axis, at the index of its own? */
static bool lies_along(const basin_params *params, const real *place, const basin_slot *x, size_t dim,
                       basin_unit_trace *out)
{
    size_t behind = 1, index[BASIN_MAX_RANK] = {0};

    for (size_t l = dim + 1; l < x->rank; l++) behind *= x->shape[l];
    out->tensor = basin_params_locate(params, (size_t)place[0], index);
    out->axis = axis_between(params, (size_t)place[0], (size_t)place[behind]);
    if (out->axis == BASIN_NONE) return false;
    for (size_t e = 0; e < x->width; e++) {
        const size_t i = e / behind % out->count;
        if (basin_params_locate(params, (size_t)place[e], index) != out->tensor) return false;
        if (e < out->count * behind && e % behind == 0) out->index[i] = index[out->axis];
        if (out->index[i] != index[out->axis]) return false;
    }
    return true;
}

basin_status basin_units_trace(const basin_unit_walk *w, size_t slot, size_t dim, basin_unit_trace *out)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = &w->plan->slots[slot];

    *out = (basin_unit_trace){.tensor = BASIN_NONE, .count = x->shape[dim]};
    if (slot_is_leaf(x)) {
        BASIN_ALLOC(out->index, out->count, "an axis");
        out->tensor = slot_is_param(x) ? x->block : w->plan->params->count + x->buffer;
        out->axis = dim;
        for (size_t i = 0; i < out->count; i++) out->index[i] = i;
    } else if (w->place[slot] != NULL && out->count > 1) {
        BASIN_ALLOC(out->index, out->count, "an axis");
        if (!lies_along(w->plan->params, w->place[slot], x, dim, out)) out->tensor = BASIN_NONE;
    }
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ activations
   -- */

typedef struct carried { /* of each element of the output */
    real *index, *position;
    /* the output as [before, count, behind] around the dimension that is tried */
    size_t before, count, behind, lanes;
} carried;

/* Element (index i, other o) along the dimension at hand. */
static size_t element(const carried *c, size_t i, size_t o)
{
    return ((o / c->behind * c->count + i) * c->behind + o % c->behind) * c->lanes;
}

static size_t others(const carried *c)
{
    return c->before * c->behind;
}

static basin_status carry_marks(const basin_unit_walk *w, const basin_node *node, carried *out)
{
    basin_status            st = BASIN_OK;
    const basin_slot       *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const basin_unit_marks *m = &w->marks[node->input[0]];
    basin_slot             *slots = NULL;
    real                   *index = NULL, *position = NULL;
    size_t                  behind = 1;

    for (size_t l = m->dim + 1; l < x->rank; l++) behind *= x->shape[l];
    BASIN_ALLOC(index, slot_stride(x), "labels");
    BASIN_ALLOC(position, slot_stride(x), "labels");
    BASIN_ALLOC(out->index, slot_stride(y), "labels");
    BASIN_ALLOC(out->position, slot_stride(y), "labels");
    BASIN_ALLOC(slots, w->plan->slot_count, "slots");
    for (size_t e = 0; e < x->width; e++)
        for (size_t l = 0; l < x->lanes; l++) {
            index[e * x->lanes + l] = (real)(e / behind % x->shape[m->dim]);
            position[e * x->lanes + l] = (real)(e / (behind * x->shape[m->dim]) * behind + e % behind);
        }
    carry(w, node, index, slots, out->index);
    carry(w, node, position, slots, out->position);
    out->lanes = y->lanes;
done:
    basin_free(index);
    basin_free(position);
    basin_free(slots);
    return st;
}

static bool same_unit(const basin_unit_marks *m, size_t a, size_t b)
{
    return m->unit[a] == m->unit[b] && m->scale[a] == m->scale[b];
}

/* Is every index of the dimension of one unit? */
static bool holds_units(const basin_unit_marks *m, const carried *c)
{
    for (size_t i = 0; i < c->count; i++)
        for (size_t o = 1; o < others(c); o++)
            if (!same_unit(m, (size_t)c->index[element(c, i, 0)], (size_t)c->index[element(c, i, o)]))
                return false;
    return true;
}

typedef struct label { /* an index of the dimension: the key it had, and where it stood */
    size_t key, position, at;
} label;

static int by_label(const void *a, const void *b)
{
    const label *x = a, *y = b;

    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->position != y->position) return x->position < y->position ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Do two indices of one key have the same positions throughout, and different units? */
static bool correspond(const basin_unit_marks *m, const carried *c, size_t a, size_t b)
{
    const size_t first = (size_t)c->index[element(c, a, 0)], second = (size_t)c->index[element(c, b, 0)];

    if (m->unit[first] == m->unit[second] && m->unit[first] != BASIN_HELD) return false;
    for (size_t o = 0; o < others(c); o++) {
        const size_t x = element(c, a, o), y = element(c, b, o);
        if (c->position[x] != c->position[y] || m->key[(size_t)c->index[x]] != m->key[(size_t)c->index[y]])
            return false;
    }
    return true;
}

/* Keys of the output's indices, as ranks of what they were; false where units do not correspond. */
static bool make_keys(const basin_unit_marks *m, const carried *c, label *labels, size_t *key)
{
    size_t rank = 0, first = 0;

    for (size_t i = 0; i < c->count; i++) {
        const size_t e = element(c, i, 0);
        labels[i] = (label){m->key[(size_t)c->index[e]], (size_t)c->position[e], i};
    }
    qsort(labels, c->count, sizeof *labels, by_label);
    for (size_t i = 0; i < c->count; i++) {
        const bool same =
            i > 0 && labels[i].key == labels[first].key && labels[i].position == labels[first].position;
        if (same && !correspond(m, c, labels[first].at, labels[i].at)) return false;
        if (!same) rank += i > 0, first = i;
        key[labels[i].at] = rank;
    }
    return true;
}

static basin_status take_dimension(basin_unit_walk *w, const basin_node *node, const carried *c, size_t dim,
                                   bool *taken)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *from = &w->marks[node->input[0]];
    basin_unit_marks       *to = &w->marks[node->output];
    label                  *labels = NULL;

    BASIN_ALLOC(labels, c->count, "labels");
    BASIN_TRY(basin_units_room(w, node->output, dim));
    for (size_t i = 0; i < c->count; i++) {
        const size_t was = (size_t)c->index[element(c, i, 0)];
        to->unit[i] = from->unit[was], to->scale[i] = from->scale[was];
    }
    *taken = make_keys(from, c, labels, to->key);
    if (!*taken) to->dim = BASIN_NONE;
done:
    basin_free(labels);
    return st;
}

/* Marks of the output from those of the input, along the first dimension that holds them. */
static basin_status move_units(basin_unit_walk *w, const basin_node *node)
{
    basin_status      st = BASIN_OK;
    const basin_slot *y = NODE_OUTPUT(node);
    carried           c = {0};
    bool              taken = false;

    BASIN_TRY(carry_marks(w, node, &c));
    c.before = 1;
    for (size_t dim = 0; dim < y->rank && !taken; dim++) {
        c.count = y->shape[dim];
        c.behind = y->width / (c.before * c.count);
        if (holds_units(&w->marks[node->input[0]], &c)) BASIN_TRY(take_dimension(w, node, &c, dim, &taken));
        c.before *= c.count;
    }
    if (!taken) basin_units_hold_slot(w, node->input[0], false);
done:
    basin_free(c.index);
    basin_free(c.position);
    return st;
}

/* Every element where it was, perhaps in another layout. */
static bool stays(const basin_node *node)
{
    const basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);

    return (node->op->copies || node->op == &REAL(basin_op_Relayout)) &&
           basin_shape_equal(x->shape, x->rank, y->shape, y->rank);
}

static basin_status keep_units(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = &w->marks[node->input[0]];
    basin_unit_marks       *y = &w->marks[node->output];
    const size_t            count = NODE_INPUT(node, 0)->shape[x->dim];

    BASIN_TRY(basin_units_room(w, node->output, x->dim));
    memcpy(y->unit, x->unit, count * sizeof *y->unit);
    memcpy(y->scale, x->scale, count * sizeof *y->scale);
    memcpy(y->key, x->key, count * sizeof *y->key);
done:
    return st;
}

basin_status basin_units_moved(basin_unit_walk *w, const basin_node *node)
{
    const basin_slot *x = NODE_INPUT(node, 0);

    for (size_t i = 1; i < node->input_count; i++)
        if (node_has(node, i) && w->plan->slots[node->input[i]].buffer == BASIN_NONE) {
            basin_units_hold_slot(w, node->input[0], false);
            return BASIN_OK;
        }
    w->shared[node->output] = w->shared[node->input[0]] || NODE_OUTPUT(node)->consumers > 1;
    if (!x->batched) return move_parameter(w, node);
    if (w->marks[node->input[0]].dim == BASIN_NONE) return BASIN_OK;
    return stays(node) ? keep_units(w, node) : move_units(w, node);
}
