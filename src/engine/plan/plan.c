/* The graph compiler: order the nodes, give every tensor a slot, infer shapes, and decide
 *   1. the layout of every slot, with a Relayout where two meet (op.h); the output is in lanes, as the loss
 *      wants it,
 *   2. its degree in theta (a slice evaluates the affine part once for all its points),
 *   3. which values and adjoints a frozen point keeps,
 *   4. which ops work in place,
 *   5. whether a node sets or adds to its inputs' adjoints.
 */
#include "engine/plan/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

const basin_op *basin_op_find(const char *name)
{
    static const basin_op *const ops[] = {
#define BASIN_OP_ROW(name) &REAL(basin_op_##name),
        BASIN_OP_LIST(BASIN_OP_ROW)
#undef BASIN_OP_ROW
    };

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i]->name, name) == 0) return ops[i];
    return NULL;
}

basin_status basin_node_fail(const basin_node *node, basin_status code, const char *format, ...)
{
    char    text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (node->spec->origin != NULL)
        return basin_fail(code, "node %s (%s, from %s): %s", node->spec->name, node->spec->op,
                          node->spec->origin, text);
    return basin_fail(code, "node %s (%s): %s", node->spec->name, node->spec->op, text);
}

basin_status basin_node_facts(basin_node *node, size_t size, void *facts)
{
    basin_status st = BASIN_OK;
    char        *memory;

    BASIN_ALLOC(memory, size, "a node");
    node->facts = memory;
    *(void **)facts = memory;
done:
    return st;
}

basin_status basin_node_axis(const basin_node *node, const basin_slot *slot, int64_t axis, bool end,
                             size_t *out)
{
    int64_t batch = slot->batched ? 1 : 0, rank = (int64_t)slot->rank + batch, last = end ? rank : rank - 1;
    int64_t place = axis < 0 ? axis + rank : axis;

    if (place < 0 || place > last)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "axis %lld of %s, which has %lld dimensions",
                               (long long)axis, slot->name, (long long)rank);
    if (place < batch)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "axis %lld is the batch: samples must stay apart",
                               (long long)axis);
    *out = (size_t)(place - batch);
    return BASIN_OK;
}

basin_status basin_infer_same(basin_node *node)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);

    y->rank = x->rank;
    memcpy(y->shape, x->shape, sizeof y->shape);
    return BASIN_OK;
}

void basin_node_role(basin_node *node, size_t input, basin_role role, size_t output_axis, size_t fan_in)
{
    const basin_slot *x = NODE_INPUT(node, input);

    if (x->origin == BASIN_NONE) return;
    basin_block *block = &node->params->blocks[x->origin];
    if (block->role != BASIN_ROLE_UNKNOWN) return; /* shared: the first use decides */
    block->role = role;
    block->output_axis = output_axis < x->rank ? x->origin_axis[output_axis] : 0;
    block->fan_in = fan_in;
    block->layer = node->layer;
}

static size_t find_slot(const basin_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->slot_count; i++)
        if (strcmp(plan->slots[i].name, name) == 0) return i;
    return BASIN_NONE;
}

static basin_slot *add_slot(basin_plan *plan, const char *name)
{
    basin_slot *slot = &plan->slots[plan->slot_count];

    *slot = (basin_slot){.name = name,
                         .block = BASIN_NONE,
                         .origin = BASIN_NONE,
                         .buffer = BASIN_NONE,
                         .twin = BASIN_NONE,
                         .lanes = 1};
    slot->root_v = slot->root_d = slot->root_a = slot->root_ad = plan->slot_count++;
    return slot;
}

static void set_shape(basin_slot *slot, const size_t *shape, size_t rank)
{
    slot->rank = rank;
    if (rank > 0) memcpy(slot->shape, shape, rank * sizeof *shape);
}

/* Parameters first, so that block i is slot i; then buffers and the input; outputs follow as the nodes are
   placed. */
static basin_status place_leaves(basin_plan *plan)
{
    const basin_graph *graph = plan->graph;

    for (size_t i = 0; i < plan->params->count; i++) {
        const basin_block *block = &plan->params->blocks[i];
        basin_slot        *slot = add_slot(plan, block->name);
        slot->block = slot->origin = i;
        for (size_t l = 0; l < block->rank; l++) slot->origin_axis[l] = l;
        slot->degree = 1;
        slot->width = block->size;
        set_shape(slot, block->shape, block->rank);
    }
    for (size_t i = 0; i < graph->buffer_count; i++) {
        const basin_buffer *buffer = &graph->buffers[i];
        basin_slot         *slot = add_slot(plan, buffer->name);
        slot->buffer = i;
        slot->width = buffer->size;
        set_shape(slot, buffer->shape, buffer->rank);
        plan->buffers += buffer->size;
    }
    plan->input = plan->slot_count;
    basin_slot *input = add_slot(plan, graph->input);
    input->batched = true;
    set_shape(input, graph->input_shape, graph->input_rank);
    if (!basin_shape_size(input->shape, input->rank, &input->width) || input->width == 0)
        return basin_fail(BASIN_ERR_SHAPE, "graph: input %s has shape %s", input->name,
                          BASIN_SHAPE_TEXT(input->shape, input->rank));
    return BASIN_OK;
}

/* --------------------------------------------------------------------------------------- placing nodes -- */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int degree_of_output(const basin_node *node)
{
    int first = NODE_INPUT(node, 0)->degree, second = 0, rest = 0;

    for (size_t i = 1; i < node->input_count; i++) {
        if (!node_has(node, i)) continue;
        int *degree = i == 1 ? &second : &rest;
        *degree = larger(*degree, NODE_INPUT(node, i)->degree);
    }
    switch (node->op->degree) {
    case BASIN_DEGREE_LINEAR: return larger(first, larger(second, rest));
    case BASIN_DEGREE_PRODUCT: return first > 0 && second > 0 ? 2 : larger(first, larger(second, rest));
    case BASIN_DEGREE_QUOTIENT: return second > 0 ? 2 : first;
    case BASIN_DEGREE_CURVED: return first > 0 ? 2 : larger(second, rest);
    case BASIN_DEGREE_UNARY: break;
    }
    return larger(first, larger(second, rest)) > 0 ? 2 : 0;
}

/* An op for any layout goes where its largest input is, so that the smaller ones move; rows where that leaves
   the choice. */
static size_t lanes_of(const basin_node *node)
{
    size_t lanes = 1, widest = 0;

    if (node->op->layout != BASIN_LAYOUT_ANY) return node->op->layout == BASIN_LAYOUT_ROWS ? 1 : BASIN_LANES;
    for (size_t i = 0; i < node->input_count; i++) {
        if (!node_has(node, i)) continue;
        const basin_slot *x = NODE_INPUT(node, i);
        if (!x->batched || x->width < widest || (x->width == widest && x->lanes > lanes)) continue;
        widest = x->width;
        lanes = x->lanes;
    }
    return lanes;
}

/* Numbers in one tensor: for a sample if it is batched; and in a node's work or scratch. Sums of these over
 * samples, vectors and nodes cannot overflow. */
#define WIDEST ((size_t)1 << 32)
#define MOST_WORK ((size_t)1 << 40)

static basin_status infer_node(basin_plan *plan, basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *y = NODE_OUTPUT(node);

    BASIN_TRY(node->op->infer(node));
    if (!basin_shape_size(y->shape, y->rank, &y->width) || y->width == 0 || y->width > WIDEST)
        BASIN_TRY(basin_node_fail(node, BASIN_ERR_SHAPE, "its output has shape %s",
                                  BASIN_SHAPE_TEXT(y->shape, y->rank)));
    if (node->work_width > MOST_WORK || node->work_fixed > MOST_WORK || node->temp_size > MOST_WORK)
        BASIN_TRY(basin_node_fail(node, BASIN_ERR_SHAPE,
                                  "its work takes %zu numbers a sample and %zu of scratch", node->work_width,
                                  node->temp_size));
    if (node->temp_size > plan->temp) plan->temp = node->temp_size;
    if (y->batched && y->rank > 1) plan->spatial = true;
    plan->node_count++;
done:
    if (st != BASIN_OK) basin_free(node->facts), node->facts = NULL;
    return st;
}

/* Slot number `from` in the layout asked for: itself, its twin, or that of a Relayout placed now. */
static basin_status in_layout(basin_plan *plan, const basin_node_spec *spec, size_t from, size_t lanes,
                              size_t *out)
{
    basin_status st = BASIN_OK;
    basin_slot  *x = &plan->slots[from];
    basin_node  *node = &plan->nodes[plan->node_count];

    *out = from;
    if (!x->batched || x->lanes == lanes) return BASIN_OK;
    if (x->twin == BASIN_NONE) {
        *node = (basin_node){.op = &REAL(basin_op_Relayout),
                             .spec = spec,
                             .slots = plan->slots,
                             .params = plan->params,
                             .input_count = 1};
        node->input[0] = from;
        x->consumers++;
        x->twin = node->output = plan->slot_count;
        basin_slot *y = add_slot(plan, x->name);
        y->batched = true;
        y->lanes = lanes;
        y->degree = x->degree;
        BASIN_TRY(infer_node(plan, node));
    }
    *out = x->twin;
done:
    return st;
}

static basin_status find_inputs(basin_plan *plan, basin_node *node)
{
    const basin_node_spec *spec = node->spec;

    node->input_count = spec->input_count;
    while (node->input_count > 0 && spec->inputs[node->input_count - 1][0] == '\0') node->input_count--;
    if (node->input_count < node->op->inputs_min || node->input_count > node->op->inputs_max)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "%zu inputs, expected %zu to %zu", node->input_count,
                               node->op->inputs_min, node->op->inputs_max);
    for (size_t i = 0; i < node->input_count; i++) {
        bool out = spec->inputs[i][0] == '\0';
        if (out && (!node->op->gaps || i == 0))
            return basin_node_fail(node, BASIN_ERR_FORMAT, "input %zu is left out", i + 1);
        node->input[i] = out ? BASIN_NONE : find_slot(plan, spec->inputs[i]);
    }
    return BASIN_OK;
}

/* Output number `part` of a spec. */
static basin_status place_node(basin_plan *plan, const basin_node_spec *spec, size_t part, size_t *layer)
{
    basin_status st = BASIN_OK;
    basin_node   draft = {
          .spec = spec, .slots = plan->slots, .params = plan->params, .layer = *layer, .part = part};
    bool has_params = false, batched = false;

    draft.batch_statistics = plan->batch_statistics;
    draft.buffers = plan->graph->buffers;
    draft.op = basin_op_find(spec->op);
    if (draft.op == NULL) {
        draft.op = basin_op_find("Identity"); /* only to carry the message */
        return basin_node_fail(
            &draft, BASIN_ERR_UNSUPPORTED,
            "this op is unknown to basin; docs/checkpoint-format.md lists the ops it knows");
    }
    if (spec->output_count != 1 && strcmp(spec->op, "Split") != 0)
        return basin_node_fail(&draft, BASIN_ERR_UNSUPPORTED, "%zu outputs, expected 1", spec->output_count);
    BASIN_TRY(find_inputs(plan, &draft));
    size_t lanes = lanes_of(&draft);
    for (size_t i = 0; i < draft.input_count; i++) {
        if (!node_has(&draft, i)) continue;
        BASIN_TRY(in_layout(plan, spec, draft.input[i], lanes, &draft.input[i]));
        basin_slot *x = NODE_INPUT(&draft, i);
        x->consumers++;
        has_params = has_params || slot_is_param(x);
        /* until an op marks it */
        if (slot_is_param(x) && x->consumers == 1) plan->params->blocks[x->block].layer = *layer;
        batched = batched || x->batched;
    }
    draft.output = plan->slot_count;
    basin_slot *y = add_slot(plan, spec->outputs[part]);
    y->batched = batched;
    y->lanes = batched ? lanes : 1;
    y->degree = degree_of_output(&draft);
    plan->nodes[plan->node_count] = draft;
    BASIN_TRY(infer_node(plan, &plan->nodes[plan->node_count]));
    if (has_params) ++*layer;
done:
    return st;
}

/* ---------------------------------------------------------------------------------------------- memory -- */

/* Samples are held in lanes too, where they are read so: no node makes them at every pass. Batches of a few
   samples would each take a whole group of lanes: they are turned as they come. */
static void take_input_in_lanes(basin_plan *plan)
{
    size_t count = 0;

    plan->lanes = plan->batch_statistics ? BASIN_NONE : plan->slots[plan->input].twin;
    for (size_t i = 0; i < plan->node_count; i++)
        if (plan->nodes[i].output != plan->lanes) plan->nodes[count++] = plan->nodes[i];
    plan->node_count = count;
}

static bool may_share(const basin_plan *plan, const basin_node *node)
{
    const basin_slot *x = &plan->slots[node->input[0]], *y = &plan->slots[node->output];
    return node->op->in_place && x->batched && x->consumers == 1 && x->width == y->width &&
           (x->degree > 0 || y->degree == 0) && (!x->keep_value || node->op->copies) &&
           !basin_plan_is_input(plan, node->input[0]) && node->input[0] != plan->output;
}

/* An op in place takes its input's memory: values always; tangents unless backward needs the input's (a
 * curved row: two arrays of work); adjoints the other way round, the input's being the output's. The chain's
 * first slot is the root. */
static void share_memory(basin_plan *plan)
{
    for (size_t i = 0; i < plan->node_count; i++) {
        basin_node *node = &plan->nodes[i];
        if (!may_share(plan, node)) continue;
        basin_slot *x = &plan->slots[node->input[0]], *y = &plan->slots[node->output];
        y->root_v = x->root_v;
        y->keep_value |= x->keep_value; /* the next op must leave it alone, too */
        y->root_a = x->root_a;
        y->root_ad = x->root_ad;
        if (node->work_width < 2 * y->width) y->root_d = x->root_d;
    }
    for (size_t i = 0; i < plan->slot_count; i++) {
        plan->slots[plan->slots[i].root_v].keep_value |= plan->slots[i].keep_value;
        plan->slots[plan->slots[i].root_a].keep_adjoint |= plan->slots[i].keep_adjoint;
    }
}

static basin_status order_adjoints(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    bool        *touched = NULL;

    BASIN_ALLOC(touched, plan->slot_count, "graph");
    for (size_t i = plan->node_count; i-- > 0;) {
        basin_node *node = &plan->nodes[i];
        for (size_t j = 0; j < node->input_count; j++) {
            if (!node_has(node, j)) continue;
            node->accumulate[j] = touched[node->input[j]] || !NODE_INPUT(node, j)->batched;
            touched[node->input[j]] = true;
        }
    }
done:
    basin_free(touched);
    return st;
}

static void extend(basin_extent *extent, const basin_slot *slot, size_t width)
{
    *(!slot->batched     ? &extent->fixed
      : slot->lanes == 1 ? &extent->sample
                         : &extent->group) += width * slot->lanes;
}

static void count_memory(basin_plan *plan)
{
    for (size_t i = 0; i < plan->slot_count; i++) {
        const basin_slot *slot = &plan->slots[i];
        if (slot_is_leaf(slot)) continue;
        if (slot->root_v == i && !basin_plan_is_input(plan, i))
            extend(slot->keep_value ? &plan->kept : &plan->primal, slot, slot->width);
        if (slot->degree == 0) continue;
        if (slot->root_a == i) extend(slot->keep_adjoint ? &plan->kept : &plan->primal, slot, slot->width);
        if (slot->root_d == i) extend(&plan->tangent, slot, slot->width);
        if (slot->root_ad == i) extend(&plan->tangent, slot, slot->width);
    }
    for (size_t i = 0; i < plan->node_count; i++) {
        extend(&plan->kept, NODE_OUTPUT(&plan->nodes[i]), plan->nodes[i].work_width);
        plan->kept.fixed += plan->nodes[i].work_fixed;
    }
    extend(&plan->kept, &plan->slots[plan->output], plan->slots[plan->output].width); /* the loss's slope */
}

/* Parameters that no op has marked, such as a class token: from two dimensions on they are tables of vectors,
 * one for each index of the first dimension that has several. */
static void mark_tables(basin_plan *plan)
{
    for (size_t i = 0; i < plan->params->count; i++) {
        basin_block *block = &plan->params->blocks[i];
        size_t       wide = 0, first = 0;
        for (size_t d = block->rank; d-- > 0;)
            if (block->shape[d] > 1) wide++, first = d;
        if (block->role != BASIN_ROLE_UNKNOWN || block->rank < 2) continue;
        block->role = BASIN_ROLE_EMBEDDING;
        block->output_axis = wide > 1 ? first : first > 0 ? 0 : block->rank - 1;
        block->fan_in = 1;
    }
}

/* A parameter without a use has no role; a tensor without one is a mistake, but for a part of a Split. */
static basin_status check_uses(const basin_plan *plan)
{
    const basin_slot *output = &plan->slots[plan->output];

    for (size_t i = 0; i < plan->params->count; i++)
        if (plan->slots[i].consumers == 0)
            return basin_fail(BASIN_ERR_FORMAT, "graph: parameter %s is read by no node",
                              plan->slots[i].name);
    for (size_t i = 0; i < plan->node_count; i++) {
        const basin_slot *y = NODE_OUTPUT(&plan->nodes[i]);
        if (y->consumers == 0 && y != output && plan->nodes[i].spec->output_count == 1)
            return basin_fail(BASIN_ERR_FORMAT, "graph: tensor %s is read by no node", y->name);
    }
    if (output->consumers > 0)
        return basin_fail(BASIN_ERR_UNSUPPORTED, "graph: the output %s is also read by a node", output->name);
    if (output->degree == 0)
        return basin_fail(BASIN_ERR_FORMAT, "graph: the output %s depends on no parameter", output->name);
    if (!output->batched)
        return basin_fail(BASIN_ERR_FORMAT, "graph: the output %s does not depend on the input",
                          output->name);
    return BASIN_OK;
}

/* Room for every slot and node that placing can make: a Relayout for each input of a node and for the
   output. */
static basin_status reserve(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    size_t       nodes = 1, leaves = plan->params->count + plan->graph->buffer_count + 1;

    for (size_t i = 0; i < plan->graph->node_count; i++)
        nodes += plan->graph->nodes[i].output_count * (1 + plan->graph->nodes[i].input_count);
    BASIN_ALLOC(plan->slots, leaves + nodes, "network slots");
    BASIN_ALLOC(plan->nodes, nodes, "network nodes");
done:
    return st;
}

basin_status basin_plan_create(const basin_graph *graph, bool batch_statistics, basin_plan **out)
{
    basin_status st = BASIN_OK;
    basin_plan  *plan = NULL;
    size_t      *order = NULL, layer = 0;

    BASIN_ALLOC(plan, 1, "network");
    plan->batch_statistics = batch_statistics;
    BASIN_TRY(basin_graph_copy(graph, &plan->graph));
    BASIN_TRY(basin_params_copy(graph->params, &plan->params));
    BASIN_ALLOC(order, graph->node_count, "graph order");
    BASIN_TRY(basin_graph_order(plan->graph, order));
    BASIN_TRY(reserve(plan));
    BASIN_TRY(place_leaves(plan));
    for (size_t i = 0; i < graph->node_count; i++) {
        const basin_node_spec *spec = &plan->graph->nodes[order[i]];
        for (size_t part = 0; part < spec->output_count; part++)
            BASIN_TRY(place_node(plan, spec, part, &layer));
    }
    plan->output = find_slot(plan, plan->graph->output);
    /* for the loss */
    BASIN_TRY(in_layout(plan, plan->graph->nodes, plan->output, BASIN_LANES, &plan->output));
    BASIN_TRY(check_uses(plan));
    mark_tables(plan);
    take_input_in_lanes(plan);
    share_memory(plan);
    BASIN_TRY(order_adjoints(plan));
    count_memory(plan);
    *out = plan, plan = NULL;
done:
    basin_free(order);
    basin_plan_destroy(&plan);
    return st;
}

void basin_plan_destroy(basin_plan **plan)
{
    if (plan == NULL || *plan == NULL) return;
    basin_graph_destroy(&(*plan)->graph);
    basin_params_destroy(&(*plan)->params);
    for (size_t i = 0; i < (*plan)->node_count; i++) basin_free((*plan)->nodes[i].facts);
    basin_free((*plan)->slots);
    basin_free((*plan)->nodes);
    basin_free(*plan);
    *plan = NULL;
}

void basin_plan_flops(const basin_plan *plan, double *forward, double *first_layer)
{
    *forward = *first_layer = 0.0;
    for (size_t i = 0; i < plan->node_count; i++) {
        const basin_node *node = &plan->nodes[i];
        if (node->op->flops == NULL) continue;
        *forward += node->op->flops(node);
        if (NODE_INPUT(node, 0)->degree == 0) *first_layer += node->op->flops(node);
    }
}
