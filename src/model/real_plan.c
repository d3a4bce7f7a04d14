/* The graph compiler: order the nodes, give every tensor a slot, infer shapes, then decide
 *   1. the degree in theta of every slot (a slice evaluates the affine part once for all its points),
 *   2. which values and adjoints a frozen point keeps,
 *   3. which ops work in place,
 *   4. whether a node sets or adds to its inputs' adjoints.
 */
#include "model/real_plan.h"

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
    if (node->spec->origin != NULL) return basin_fail(code, "node %s (%s, from %s): %s", node->spec->name, node->spec->op, node->spec->origin, text);
    return basin_fail(code, "node %s (%s): %s", node->spec->name, node->spec->op, text);
}

basin_status basin_infer_same(basin_node *node)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);

    if (is_param(x)) return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "its input %s is a parameter", x->name);
    y->rank = x->rank;
    memcpy(y->shape, x->shape, sizeof y->shape);
    return BASIN_OK;
}

void basin_node_role(basin_node *node, size_t input, basin_role role, size_t output_axis, size_t fan_in)
{
    basin_block *block = &node->params->blocks[NODE_INPUT(node, input)->block];

    if (block->role != BASIN_ROLE_UNKNOWN) return; /* shared: the first use decides */
    block->role = role;
    block->output_axis = output_axis;
    block->fan_in = fan_in;
    block->layer = node->layer;
}

static size_t find_slot(const basin_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->slot_count; i++)
        if (strcmp(plan->slots[i].name, name) == 0) return i;
    return (size_t)-1;
}

static basin_slot *add_slot(basin_plan *plan, const char *name, size_t block, int degree)
{
    basin_slot *slot = &plan->slots[plan->slot_count];

    *slot = (basin_slot){.name = name, .block = block, .degree = degree};
    slot->root_v = slot->root_d = slot->root_a = slot->root_ad = plan->slot_count++;
    return slot;
}

/* Parameters first, so that block i is slot i; then the input; outputs follow as the nodes are placed. */
static basin_status place_leaves(basin_plan *plan)
{
    const basin_graph *graph = plan->graph;

    for (size_t i = 0; i < plan->params->count; i++) {
        const basin_block *block = &plan->params->blocks[i];
        basin_slot        *slot = add_slot(plan, block->name, i, 1);
        slot->rank = block->rank;
        slot->width = block->size;
        memcpy(slot->shape, block->shape, sizeof slot->shape);
    }
    plan->input = plan->slot_count;
    basin_slot *input = add_slot(plan, graph->input, (size_t)-1, 0);
    input->rank = graph->input_rank;
    memcpy(input->shape, graph->input_shape, sizeof input->shape);
    if (!basin_shape_size(input->shape, input->rank, &input->width) || input->width == 0)
        return basin_fail(BASIN_ERR_SHAPE, "graph: input %s has shape %s", input->name, BASIN_SHAPE_TEXT(input->shape, input->rank));
    return BASIN_OK;
}

/* A linear op keeps the largest degree. Data times weights is affine while the data is constant; all else is not. */
static int degree_of_output(const basin_node *node)
{
    int data = 0, weights = 0;

    for (size_t i = 0; i < node->input_count; i++) {
        int *degree = is_param(NODE_INPUT(node, i)) ? &weights : &data;
        if (NODE_INPUT(node, i)->degree > *degree) *degree = NODE_INPUT(node, i)->degree;
    }
    if (node->op->linear) return data > weights ? data : weights;
    return data > 0 ? 2 : weights;
}

static basin_status place_node(basin_plan *plan, const basin_node_spec *spec, size_t *layer)
{
    basin_status st = BASIN_OK;
    basin_node  *node = &plan->nodes[plan->node_count];
    bool         has_params = false;

    *node = (basin_node){.spec = spec, .slots = plan->slots, .params = plan->params, .layer = *layer, .alpha = 1.0, .beta = 1.0};
    node->op = basin_op_find(spec->op);
    if (node->op == NULL) {
        node->op = basin_op_find("Identity"); /* only to carry the message */
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "this op is unknown to basin; docs/checkpoint-format.md lists the ops it knows");
    }
    node->input_count = spec->input_count;
    while (node->input_count > 0 && spec->inputs[node->input_count - 1][0] == '\0') node->input_count--;
    if (node->input_count < node->op->inputs_min || node->input_count > node->op->inputs_max)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "%zu inputs, expected %zu to %zu", node->input_count, node->op->inputs_min,
                               node->op->inputs_max);
    if (spec->output_count != 1) return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "%zu outputs, expected 1", spec->output_count);
    for (size_t i = 0; i < node->input_count; i++) {
        if (spec->inputs[i][0] == '\0') return basin_node_fail(node, BASIN_ERR_FORMAT, "input %zu is left out", i + 1);
        node->input[i] = find_slot(plan, spec->inputs[i]);
        basin_slot *x = NODE_INPUT(node, i);
        x->consumers++;
        has_params = has_params || is_param(x);
    }
    node->output = plan->slot_count;
    basin_slot *y = add_slot(plan, spec->outputs[0], (size_t)-1, degree_of_output(node));
    BASIN_TRY(node->op->infer(node));
    if (!basin_shape_size(y->shape, y->rank, &y->width) || y->width == 0)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "its output has shape %s", BASIN_SHAPE_TEXT(y->shape, y->rank));
    if (has_params) ++*layer;
    plan->packed += node->packed;
    plan->node_count++;
done:
    return st;
}

static bool may_share(const basin_plan *plan, const basin_node *node)
{
    const basin_slot *x = &plan->slots[node->input[0]];
    return node->op->in_place && x->consumers == 1 && node->input[0] != plan->input && node->input[0] != plan->output && !is_param(x);
}

/* An op in place takes its input's memory: values always; tangents unless backward needs the input's (a curved row: two
 * arrays of work); adjoints the other way round, the input's being the output's. The chain's first slot is the root. */
static void share_memory(basin_plan *plan)
{
    for (size_t i = 0; i < plan->node_count; i++) {
        basin_node *node = &plan->nodes[i];
        if (!may_share(plan, node)) continue;
        basin_slot *x = &plan->slots[node->input[0]], *y = &plan->slots[node->output];
        y->root_v = x->root_v;
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
            node->accumulate[j] = touched[node->input[j]];
            touched[node->input[j]] = true;
        }
    }
done:
    basin_free(touched);
    return st;
}

static void count_memory(basin_plan *plan)
{
    for (size_t i = 0; i < plan->slot_count; i++) {
        const basin_slot *slot = &plan->slots[i];
        if (is_param(slot)) continue;
        if (slot->root_v == i && i != plan->input) *(slot->keep_value ? &plan->kept : &plan->scratch_primal) += slot->width;
        if (slot->degree == 0) continue;
        if (slot->root_a == i) *(slot->keep_adjoint ? &plan->kept : &plan->scratch_primal) += slot->width;
        if (slot->root_d == i) plan->scratch_tangent += slot->width;
        if (slot->root_ad == i) plan->scratch_tangent += slot->width;
    }
    for (size_t i = 0; i < plan->node_count; i++) plan->kept += plan->nodes[i].work_width;
    plan->kept += plan->slots[plan->output].width; /* the loss's slope */
}

/* A node that nothing reads would leave its adjoint unset, and a parameter without a use has no role. */
static basin_status check_uses(const basin_plan *plan)
{
    for (size_t i = 0; i < plan->slot_count; i++)
        if (plan->slots[i].consumers == 0 && i != plan->output && i != plan->input) {
            const char *what = is_param(&plan->slots[i]) ? "parameter" : "tensor";
            return basin_fail(BASIN_ERR_FORMAT, "graph: %s %s is read by no node", what, plan->slots[i].name);
        }
    if (plan->slots[plan->output].consumers > 0)
        return basin_fail(BASIN_ERR_UNSUPPORTED, "graph: the output %s is also read by a node", plan->slots[plan->output].name);
    if (plan->slots[plan->output].degree == 0)
        return basin_fail(BASIN_ERR_FORMAT, "graph: the output %s depends on no parameter", plan->slots[plan->output].name);
    return BASIN_OK;
}

basin_status basin_plan_create(const basin_graph *graph, basin_plan **out)
{
    basin_status st = BASIN_OK;
    basin_plan  *plan = NULL;
    size_t      *order = NULL, layer = 0;

    BASIN_ALLOC(plan, 1, "network");
    BASIN_TRY(basin_graph_copy(graph, &plan->graph));
    BASIN_TRY(basin_params_copy(graph->params, &plan->params));
    BASIN_ALLOC(order, graph->node_count, "graph order");
    BASIN_TRY(basin_graph_order(plan->graph, order));
    BASIN_ALLOC(plan->slots, plan->params->count + 1 + graph->node_count, "network slots");
    BASIN_ALLOC(plan->nodes, graph->node_count, "network nodes");
    BASIN_TRY(place_leaves(plan));
    for (size_t i = 0; i < graph->node_count; i++) BASIN_TRY(place_node(plan, &plan->graph->nodes[order[i]], &layer));
    plan->output = find_slot(plan, plan->graph->output);
    BASIN_TRY(check_uses(plan));
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
