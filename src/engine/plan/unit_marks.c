/* What a slot holds of units, and where units stand in parameters. */
#include <string.h>

#include "core/memory.h"
#include "engine/plan/units.h"

/* ----------------------------------------------------------------------------------------------- marks -- */

void basin_unit_clear(basin_unit_marks *m)
{
    basin_free(m->unit);
    basin_free(m->scale);
    basin_free(m->key);
    *m = (basin_unit_marks){.dim = BASIN_NONE};
}

basin_status basin_units_room(basin_unit_walk *w, size_t slot, size_t dim)
{
    basin_status      st = BASIN_OK;
    basin_unit_marks *m = &w->marks[slot];
    const size_t      count = w->plan->slots[slot].shape[dim];

    basin_unit_clear(m);
    BASIN_ALLOC(m->unit, count, "units");
    BASIN_ALLOC(m->scale, count, "units");
    BASIN_ALLOC(m->key, count, "units");
    m->dim = dim;
done:
    return st;
}

size_t basin_unit_count(const basin_unit_walk *w, size_t slot)
{
    return w->marks[slot].dim == BASIN_NONE ? 0 : w->plan->slots[slot].shape[w->marks[slot].dim];
}

void basin_units_hold_slot(basin_unit_walk *w, size_t slot, bool scales_only)
{
    const basin_unit_marks *m = &w->marks[slot];

    for (size_t i = 0; i < basin_unit_count(w, slot); i++) {
        if (!scales_only) basin_units_hold(w->units, BASIN_UNITS, m->unit[i]);
        basin_units_hold(w->units, BASIN_SCALES, m->scale[i]);
    }
}

/* The output holds along `dim` what the first input holds along its own. */
basin_status basin_unit_hand_on(basin_unit_walk *w, const basin_node *node, size_t from, size_t dim,
                                bool scales)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = &w->marks[from];
    basin_unit_marks       *y = &w->marks[node->output];

    BASIN_TRY(basin_units_room(w, node->output, dim));
    for (size_t i = 0; i < basin_unit_count(w, node->output); i++) {
        y->unit[i] = x->unit[i], y->key[i] = x->key[i];
        y->scale[i] = scales ? x->scale[i] : BASIN_HELD;
    }
    if (!scales) basin_units_hold_slot(w, from, true);
done:
    return st;
}

/* New units and scales, one for each index of a dimension of the output. */
basin_status basin_unit_begin(basin_unit_walk *w, const basin_node *node, size_t dim)
{
    basin_status      st = BASIN_OK;
    basin_unit_marks *y = &w->marks[node->output];
    const char       *name = node->spec->origin != NULL ? node->spec->origin : node->spec->name;
    size_t            unit = 0, scale = 0;

    BASIN_TRY(basin_units_room(w, node->output, dim));
    const size_t count = basin_unit_count(w, node->output);
    BASIN_TRY(basin_units_add(w->units, BASIN_UNITS, count, name, &unit));
    BASIN_TRY(basin_units_add(w->units, BASIN_SCALES, count, name, &scale));
    for (size_t i = 0; i < count; i++) y->unit[i] = unit + i, y->scale[i] = scale + i;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ parameters -- */

/* Axes of a tensor where nobody stands in this use are nobody's. */
static void forbid_rest(basin_unit_walk *w, size_t tensor, const bool *taken)
{
    const basin_params *params = w->plan->params;
    const bool          buffer = tensor >= params->count;
    const basin_buffer *b = buffer ? &w->plan->graph->buffers[tensor - params->count] : NULL;
    const size_t       *shape = buffer ? b->shape : params->blocks[tensor].shape;
    const size_t        rank = buffer ? b->rank : params->blocks[tensor].rank;

    for (size_t axis = 0; axis < rank; axis++)
        for (size_t i = 0; !taken[axis] && i < shape[axis]; i++)
            basin_units_forbid(w->units, (basin_unit_place){tensor, axis, i});
}

static void hold_marks(basin_unit_walk *w, const basin_unit_standing *s, bool scales_only)
{
    for (size_t slot = 0; slot < w->plan->slot_count; slot++)
        if (&w->marks[slot] == s->marks) basin_units_hold_slot(w, slot, scales_only);
}

static basin_status stand_along(basin_unit_walk *w, const basin_unit_standing *s, const basin_unit_trace *t,
                                bool scales)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < t->count; i++) {
        const basin_unit_place place = {t->tensor, t->axis, t->index[i]};
        if (s->marks == NULL) {
            basin_units_forbid(w->units, place);
            continue;
        }
        BASIN_TRY(basin_units_put(w->units, s->marks->unit[i], s->marks->key[i], place));
        if (scales && s->power != 0)
            BASIN_TRY(basin_units_multiply(w->units, s->marks->scale[i], place, s->power, s->epsilon));
    }
done:
    return st;
}

/* A buffer stands with units where it is a running statistic; other buffers are constants, which hold. */
basin_status basin_unit_stand(basin_unit_walk *w, size_t slot, const basin_unit_standing *at, size_t count,
                              bool statistic)
{
    basin_status     st = BASIN_OK;
    const bool       constant = w->plan->slots[slot].buffer != BASIN_NONE && !statistic;
    basin_unit_trace t = {0};
    size_t           tensor = BASIN_NONE;
    bool             taken[BASIN_MAX_RANK] = {false};

    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_units_trace(w, slot, at[i].dim, &t));
        const bool known = t.tensor != BASIN_NONE && !constant;
        if (!known && at[i].marks != NULL) hold_marks(w, &at[i], false);
        if (known && w->shared[slot] && at[i].power != 0 && at[i].marks != NULL) hold_marks(w, &at[i], true);
        if (known) {
            BASIN_TRY(stand_along(w, &at[i], &t, !w->shared[slot]));
            tensor = t.tensor, taken[t.axis] = true;
        }
        basin_free(t.index), t.index = NULL;
    }
    if (tensor != BASIN_NONE) forbid_rest(w, tensor, taken);
done:
    basin_free(t.index);
    return st;
}

/* A parameter that is read in a way that is not known: nobody may stand in it. */
void basin_unit_forbid(basin_unit_walk *w, size_t slot)
{
    const bool          none[BASIN_MAX_RANK] = {false};
    const basin_params *params = w->plan->params;
    size_t              index[BASIN_MAX_RANK], last = BASIN_NONE;

    if (slot_is_param(&w->plan->slots[slot])) forbid_rest(w, slot, none);
    for (size_t e = 0; w->place[slot] != NULL && e < w->plan->slots[slot].width; e++) {
        const size_t tensor = basin_params_locate(params, (size_t)w->place[slot][e], index);
        if (tensor != last) forbid_rest(w, tensor, none);
        last = tensor;
    }
}

basin_status basin_unit_block(basin_unit_walk *w, const basin_node *node)
{
    for (size_t i = 0; i < node->input_count; i++) {
        if (!node_has(node, i)) continue;
        basin_units_hold_slot(w, node->input[i], false);
        basin_unit_forbid(w, node->input[i]);
    }
    return BASIN_OK;
}
