/* The units of a network, by a walk over its compiled graph.
 *
 *   1. A dense layer, a convolution or an embedding makes units, one for each of its outputs, which stand
 *      in the output axis of its weights and in its bias. What reads them has them in its input axis.
 *   2. Functions of one element, poolings, normalisations, sums and products with tensors that do not tell
 *      units apart hand them on; where two tensors are added, the units of both are one. Scales and shifts
 *      stand with the units that they are applied to.
 *   3. The network's input and output, what an attention multiplies, and what an op does that is not known
 *      here hold the units that they touch.
 *   4. Factors go with the units as long as h(f x) = f h(x). A normalisation undoes them and its own scale
 *      begins anew; over several units at once it wants one factor for all.
 *
 * Every rule is sound by itself: what it does not understand it holds, so a symmetry that is found is one,
 * and one that is there may be missed (units of grouped convolutions, of mixed positions).
 */
#include "engine/plan/units.h"

#include <string.h>

#include "core/graph.h"
#include "core/memory.h"
#include "engine/plan/scales.h"

typedef basin_status (*rule)(basin_unit_walk *w, const basin_node *node);

/* ----------------------------------------------------------------------------------------------- rules -- */

static basin_status function_of_one(basin_unit_walk *w, const basin_node *node)
{
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);

    if (!NODE_INPUT(node, 0)->batched) return basin_unit_block(w, node);
    return x->dim == BASIN_NONE
               ? BASIN_OK
               : basin_unit_hand_on(w, node, node->input[0], x->dim, basin_node_hands_on(node));
}

/* Channels are the first dimension. */
static basin_status pool(basin_unit_walk *w, const basin_node *node)
{
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);

    if (x->dim == BASIN_NONE && NODE_INPUT(node, 0)->batched) return BASIN_OK;
    return x->dim == 0 ? basin_unit_hand_on(w, node, node->input[0], 0, true) : basin_unit_block(w, node);
}

/* Weights read the units of x along `in` and make new ones along `out`; those of x must lie along
   `features`. */
static basin_status layer(basin_unit_walk *w, const basin_node *node, size_t features, size_t in, size_t out,
                          size_t made, bool bias)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0), *y = &w->marks[node->output];
    const bool              read = x->dim == features;

    if (!read) basin_units_hold_slot(w, node->input[0], false);
    BASIN_TRY(basin_unit_begin(w, node, made));
    const basin_unit_standing axes[] = {{.dim = in, .marks = read ? x : NULL, .power = -1},
                                        {.dim = out, .marks = y, .power = +1}};
    BASIN_TRY(basin_unit_stand(w, node->input[1], axes, 2, false));
    if (bias) {
        const basin_slot *c = NODE_INPUT(node, 2);
        BASIN_TRY(basin_unit_stand(w, node->input[2],
                                   &(basin_unit_standing){.dim = c->rank - 1, .marks = y, .power = +1}, 1,
                                   false));
    }
done:
    return st;
}

static basin_status gemm(basin_unit_walk *w, const basin_node *node)
{
    const bool   transposed = basin_node_spec_int(node->spec, "transB", 0) != 0;
    const size_t last = NODE_INPUT(node, 0)->rank - 1;

    if (!NODE_INPUT(node, 0)->batched) return basin_unit_block(w, node);
    return layer(w, node, last, transposed ? 1 : 0, transposed ? 0 : 1, last, node_has(node, 2));
}

static basin_status matmul(basin_unit_walk *w, const basin_node *node)
{
    const basin_slot *a = NODE_INPUT(node, 0), *b = NODE_INPUT(node, 1);

    if (!a->batched || b->batched || b->rank != 2) return basin_unit_block(w, node);
    return layer(w, node, a->rank - 1, 0, 1, NODE_OUTPUT(node)->rank - 1, false);
}

/* Each channel of x makes the same number of channels of y, of which it keeps the unit; factors may
   differ. */
static basin_status depthwise(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    basin_unit_marks       *y = &w->marks[node->output];
    const size_t            channels = NODE_INPUT(node, 0)->shape[0];
    const size_t            each = NODE_OUTPUT(node)->shape[0] / channels;

    if (x->dim != 0) return basin_unit_block(w, node);
    BASIN_TRY(basin_unit_begin(w, node, 0));
    for (size_t i = 0; i < channels * each; i++) {
        y->unit[i] = x->unit[i / each];
        y->key[i] = x->key[i / each] * each + i % each;
    }
    BASIN_TRY(basin_unit_stand(w, node->input[1], &(basin_unit_standing){.dim = 0, .marks = y, .power = +1},
                               1, false));
    if (node_has(node, 2))
        BASIN_TRY(basin_unit_stand(w, node->input[2],
                                   &(basin_unit_standing){.dim = 0, .marks = y, .power = +1}, 1, false));
    basin_units_hold_slot(w, node->input[0], true);
done:
    return st;
}

static basin_status conv(basin_unit_walk *w, const basin_node *node)
{
    const size_t groups = (size_t)basin_node_spec_int(node->spec, "group", 1);

    if (groups == 1) return layer(w, node, 0, 1, 0, 0, node_has(node, 2));
    return groups == NODE_INPUT(node, 0)->shape[0] ? depthwise(w, node) : basin_unit_block(w, node);
}

/* Rows of a table that the samples choose: units are its columns. */
static basin_status gather(basin_unit_walk *w, const basin_node *node)
{
    basin_status      st = BASIN_OK;
    const basin_slot *table = NODE_INPUT(node, 0), *index = NODE_INPUT(node, 1), *y = NODE_OUTPUT(node);

    if (!index->batched) return basin_units_moved(w, node);
    if (table->batched || table->rank != 2 || basin_node_spec_int(node->spec, "axis", 0) != 0)
        return basin_unit_block(w, node);
    BASIN_TRY(basin_unit_begin(w, node, y->rank - 1));
    BASIN_TRY(basin_unit_stand(
        w, node->input[0], &(basin_unit_standing){.dim = 1, .marks = &w->marks[node->output], .power = +1}, 1,
        false));
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- element-wise -- */

/* Of x, in dimension d of `rank`, aligned at the last; 1 where it is repeated. */
static size_t extent(const basin_slot *x, size_t rank, size_t d)
{
    return d + x->rank < rank ? 1 : x->shape[d + x->rank - rank];
}

/* The input whose units the output holds: BASIN_NONE if no input has any along a dimension of the output. */
static size_t leading(const basin_unit_walk *w, const basin_node *node)
{
    const basin_slot *y = NODE_OUTPUT(node);

    for (size_t i = 0; i < node->input_count; i++) {
        const basin_slot       *x = NODE_INPUT(node, i);
        const basin_unit_marks *m = basin_unit_marks_of(w, node, i);
        if (x->batched && m->dim != BASIN_NONE && x->shape[m->dim] == y->shape[m->dim]) return i;
    }
    return BASIN_NONE;
}

static basin_status meet_activation(basin_unit_walk *w, const basin_node *node, size_t lead, size_t other,
                                    bool sum)
{
    const basin_unit_marks *m = basin_unit_marks_of(w, node, lead), *x = basin_unit_marks_of(w, node, other);
    const size_t            a = node->input[lead], b = node->input[other];
    bool                    same = x->dim == m->dim && basin_unit_count(w, a) == basin_unit_count(w, b);

    for (size_t i = 0; same && i < basin_unit_count(w, a); i++) same = m->key[i] == x->key[i];
    const bool repeated = NODE_INPUT(node, other)->shape[m->dim] == 1 && NODE_OUTPUT(node)->shape[m->dim] > 1;
    if (!same) {
        if (!repeated) basin_units_hold_slot(w, a, false);
        basin_units_hold_slot(w, b, false);
    }
    for (size_t i = 0; same && i < basin_unit_count(w, a); i++) {
        basin_units_join(w->units, BASIN_UNITS, m->unit[i], x->unit[i], w->number);
        if (sum) basin_units_join(w->units, BASIN_SCALES, m->scale[i], x->scale[i], w->number);
    }
    if (!same && sum) basin_units_hold_slot(w, a, true);
    if (same && !sum) basin_units_hold_slot(w, b, true);
    return BASIN_OK;
}

/* A parameter or a constant beside units: it stands with them, or is the same for all. */
static basin_status meet_parameter(basin_unit_walk *w, const basin_node *node, size_t lead, size_t other,
                                   bool sum)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *m = basin_unit_marks_of(w, node, lead);
    const basin_slot       *x = NODE_INPUT(node, other), *y = NODE_OUTPUT(node);
    const bool              repeated = extent(x, y->rank, m->dim) == 1 && y->shape[m->dim] > 1;
    const size_t            slot = node->input[other];

    if (repeated || x->rank + m->dim < y->rank) {
        if (sum) basin_units_hold_slot(w, node->input[lead], true);
        basin_unit_forbid(w, slot);
        return BASIN_OK;
    }
    BASIN_TRY(basin_unit_stand(
        w, slot, &(basin_unit_standing){.dim = m->dim + x->rank - y->rank, .marks = m, .power = sum ? +1 : 0},
        1, false));
done:
    return st;
}

static basin_status binary(basin_unit_walk *w, const basin_node *node)
{
    basin_status st = BASIN_OK;
    const bool   sum = strcmp(node->op->name, "Add") == 0 || strcmp(node->op->name, "Sub") == 0;
    const size_t lead = leading(w, node);

    if (lead == BASIN_NONE || (!sum && lead != 0 && strcmp(node->op->name, "Div") == 0))
        return basin_unit_block(w, node);
    for (size_t i = 0; i < node->input_count; i++) {
        if (i == lead) continue;
        if (NODE_INPUT(node, i)->batched)
            BASIN_TRY(meet_activation(w, node, lead, i, sum));
        else
            BASIN_TRY(meet_parameter(w, node, lead, i, sum));
    }
    BASIN_TRY(basin_unit_hand_on(w, node, node->input[lead], basin_unit_marks_of(w, node, lead)->dim, true));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- reshaping -- */

static basin_status reduce(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    const bool              keep = basin_node_spec_int(node->spec, "keepdims", 1) != 0;
    const int64_t          *axes = NULL;
    size_t                  count = 0, place = 0, before = 0;

    if (x->dim == BASIN_NONE) return NODE_INPUT(node, 0)->batched ? BASIN_OK : basin_unit_block(w, node);
    BASIN_TRY(basin_node_ints(node, "axes", &axes, &count));
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_node_axis(node, NODE_INPUT(node, 0), axes[i], false, &place));
        if (place == x->dim) return basin_unit_block(w, node);
        before += place < x->dim;
    }
    BASIN_TRY(basin_unit_hand_on(w, node, node->input[0], x->dim - (keep ? 0 : before), true));
done:
    return st;
}

/* What is padded along the units' own dimension are units that nothing makes and that are constant. */
static basin_status pad(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    basin_unit_marks       *y = &w->marks[node->output];
    const int64_t          *pads = NULL;
    size_t                  count = 0;

    if (x->dim == BASIN_NONE) return NODE_INPUT(node, 0)->batched ? BASIN_OK : basin_unit_block(w, node);
    const bool zeros = basin_node_spec_float(node->spec, "value", 0.0) == 0.0;
    BASIN_TRY(basin_node_ints(node, "pads", &pads, &count));
    const int64_t begins = pads[1 + x->dim];
    BASIN_TRY(basin_unit_begin(w, node, x->dim));
    for (size_t i = 0; i < basin_unit_count(w, node->output); i++) {
        const int64_t from = (int64_t)i - begins;
        if (from < 0 || from >= (int64_t)basin_unit_count(w, node->input[0])) continue;
        y->unit[i] = x->unit[from], y->scale[i] = x->scale[from], y->key[i] = x->key[from];
    }
    if (!zeros) basin_units_hold_slot(w, node->output, true);
done:
    return st;
}

/* Where an input of Concat begins along the axis of the output, counted in dimensions of the output. */
static basin_status concat_along(basin_unit_walk *w, const basin_node *node, size_t axis)
{
    basin_status      st = BASIN_OK;
    basin_unit_marks *y = &w->marks[node->output];
    size_t            at = 0;

    BASIN_TRY(basin_units_room(w, node->output, axis));
    for (size_t i = 0; i < node->input_count; i++) {
        const basin_slot       *x = NODE_INPUT(node, i);
        const basin_unit_marks *m = basin_unit_marks_of(w, node, i);
        const size_t            skip = NODE_OUTPUT(node)->batched && !x->batched ? 1 : 0;
        const bool              along = m->dim == axis;
        if (!along) basin_units_hold_slot(w, node->input[i], false);
        if (!x->batched) basin_unit_forbid(w, node->input[i]);
        for (size_t l = 0; l < x->shape[axis + skip]; l++, at++) {
            y->unit[at] = along ? m->unit[l] : BASIN_HELD;
            y->scale[at] = along ? m->scale[l] : BASIN_HELD;
            y->key[at] = along ? m->key[l] * node->input_count + i : at;
        }
    }
done:
    return st;
}

/* The inputs lie behind each other along another dimension than that of the units, which are the same in
   all. */
static basin_status concat_across(basin_unit_walk *w, const basin_node *node, size_t lead)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *m = basin_unit_marks_of(w, node, lead);

    for (size_t i = 0; i < node->input_count; i++) {
        if (i == lead) continue;
        if (NODE_INPUT(node, i)->batched)
            BASIN_TRY(meet_activation(w, node, lead, i, true));
        else
            BASIN_TRY(basin_unit_stand(w, node->input[i],
                                       &(basin_unit_standing){.dim = m->dim + 1, .marks = m, .power = +1}, 1,
                                       false));
    }
    BASIN_TRY(basin_unit_hand_on(w, node, node->input[lead], m->dim, true));
done:
    return st;
}

static basin_status concat(basin_unit_walk *w, const basin_node *node)
{
    basin_status st = BASIN_OK;
    size_t       axis = 0, lead = BASIN_NONE;
    bool         along = false;

    if (!NODE_OUTPUT(node)->batched) return basin_unit_block(w, node);
    for (size_t i = node->input_count; i-- > 0;)
        if (NODE_INPUT(node, i)->batched) lead = i;
    BASIN_TRY(basin_node_axis(node, NODE_INPUT(node, lead), basin_node_spec_int(node->spec, "axis", 0), false,
                              &axis));
    lead = BASIN_NONE;
    for (size_t i = node->input_count; i-- > 0;) {
        if (basin_unit_marks_of(w, node, i)->dim == BASIN_NONE) continue;
        lead = i;
        along = along || basin_unit_marks_of(w, node, i)->dim == axis;
    }
    if (along) return concat_along(w, node, axis);
    return lead != BASIN_NONE ? concat_across(w, node, lead) : basin_unit_block(w, node);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------ walk -- */

static rule rule_of(const basin_node *node)
{
    static const struct {
        const char *name;
        rule        rule;
    } rules[] = {
        {"Gemm", gemm},
        {"MatMul", matmul},
        {"Conv", conv},
        {"Gather", gather},
        {"MaxPool", pool},
        {"AveragePool", pool},
        {"GlobalAveragePool", pool},
        {"Add", binary},
        {"Sub", binary},
        {"Mul", binary},
        {"Div", binary},
        {"Concat", concat},
        {"Pad", pad},
        {"ReduceSum", reduce},
        {"ReduceMean", reduce},
        {"Softmax", function_of_one},
        {"LogSoftmax", function_of_one},
        {"Neg", function_of_one},
        {"Pow", function_of_one},
        {"BatchNormalization", basin_unit_batch_norm},
        {"LayerNormalization", basin_unit_layer_norm},
        {"GroupNormalization", basin_unit_group_norm},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].name, node->op->name) == 0) return rules[i].rule;
    if (node->op->moves) return basin_units_moved;
    return node->op->degree == BASIN_DEGREE_UNARY && node->op->inputs_max == 1 ? function_of_one
                                                                               : basin_unit_block;
}

static basin_status see_all(basin_unit_walk *w, size_t slot)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *m = &w->marks[slot];

    for (size_t i = 0; i < basin_unit_count(w, slot); i++)
        BASIN_TRY(basin_units_see(w->units, m->unit[i], m->key[i], slot));
done:
    return st;
}

static void close_walk(basin_unit_walk *w)
{
    for (size_t i = 0; i < w->plan->slot_count; i++) {
        if (w->marks != NULL) basin_unit_clear(&w->marks[i]);
        if (w->place != NULL) basin_free(w->place[i]);
    }
    basin_units_destroy(&w->units);
    basin_free(w->marks);
    basin_free(w->place);
    basin_free(w->shared);
}

/* Hidden units that stay, and why: the output's have no place to go. */
static basin_status tell_held(const basin_unit_walk *w, basin_symmetries *out)
{
    basin_status st = BASIN_OK;
    size_t       number = 0;

    BASIN_TRY(basin_units_count_held(w->units, out->params, &out->held, &number));
    if (out->held == 0) goto done;
    const basin_node_spec *spec = w->plan->nodes[number].spec;
    out->held_by = basin_format("node %s (%s)", spec->origin != NULL ? spec->origin : spec->name, spec->op);
    BASIN_CHECK(out->held_by != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
done:
    return st;
}

basin_status basin_plan_units(const basin_plan *plan, basin_symmetries *out)
{
    basin_status    st = BASIN_OK;
    basin_unit_walk w = {.plan = plan};

    BASIN_ALLOC(w.marks, plan->slot_count, "units");
    for (size_t i = 0; i < plan->slot_count; i++) w.marks[i].dim = BASIN_NONE;
    BASIN_ALLOC(w.place, plan->slot_count, "units");
    BASIN_ALLOC(w.shared, plan->slot_count, "units");
    for (size_t i = 0; i < plan->slot_count; i++)
        w.shared[i] = slot_is_leaf(&plan->slots[i]) && plan->slots[i].consumers > 1;
    BASIN_TRY(basin_units_create(plan->params, plan->graph, &w.units));
    for (w.number = 0; w.number < plan->node_count; w.number++) {
        basin_units_visit(w.units, w.number);
        BASIN_TRY(rule_of(&plan->nodes[w.number])(&w, &plan->nodes[w.number]));
        BASIN_TRY(see_all(&w, plan->nodes[w.number].output));
    }
    BASIN_TRY(tell_held(&w, out));
    basin_units_hold_slot(&w, plan->output, false);
    BASIN_TRY(basin_units_finish(w.units, out));
done:
    close_walk(&w);
    return st;
}
