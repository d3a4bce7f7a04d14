#include "engine/objective/sweep.h"

#include <string.h>

#include "core/memory.h"

/* --------------------------------------------------------------------------------------------- weights -- */

static void set_buffers(basin_weights *weights, const basin_graph *graph)
{
    real *to = weights->buffers;

    for (size_t i = 0; i < graph->buffer_count; i++)
        for (size_t l = 0; l < graph->buffers[i].size; l++) *to++ = (real)graph->buffers[i].values[l];
}

basin_status basin_weights_create(const basin_plan *plan, size_t k, basin_weights **out)
{
    basin_status   st = BASIN_OK;
    basin_weights *weights = NULL;

    BASIN_ALLOC(weights, 1, "weights");
    weights->k = k;
    BASIN_ALLOC(weights->theta, plan->params->size, "weights");
    BASIN_ALLOC(weights->buffers, plan->buffers, "buffers");
    BASIN_ALLOC(weights->tangent, k * plan->params->size, "a block of vectors");
    set_buffers(weights, plan->graph);
    *out = weights, weights = NULL;
done:
    basin_weights_destroy(&weights);
    return st;
}

size_t basin_weights_bytes(const basin_plan *plan, size_t k)
{
    return basin_block_bytes(1, sizeof(basin_weights)) + basin_block_bytes(plan->params->size, sizeof(real)) +
           basin_block_bytes(plan->buffers, sizeof(real)) +
           basin_block_bytes(k * plan->params->size, sizeof(real));
}

void basin_weights_destroy(basin_weights **weights)
{
    if (weights == NULL || *weights == NULL) return;
    basin_free((*weights)->theta);
    basin_free((*weights)->buffers);
    basin_free((*weights)->tangent);
    basin_free(*weights);
    *weights = NULL;
}

#define PARALLEL 50000 /* numbers to move below which threads do not pay */

void basin_weights_set(basin_weights *weights, const basin_plan *plan, const double *theta)
{
#pragma omp parallel for num_threads((int)basin_threads()) schedule(static) if (plan->params->size > PARALLEL)
    for (size_t i = 0; i < plan->params->size; i++) weights->theta[i] = (real)theta[i];
}

/* A run of numbers of one vector that lie together in both arrangements. */
typedef struct stretch {
    size_t count;
    size_t plain;   /* where it begins in [k, P] */
    size_t blocked; /* and among the parameters' [k, n], one after the other */
} stretch;

/* The stretch that begins at number `at` of the second arrangement, in parameter `block` or a later one,
 * which is told. */
static stretch stretch_at(const basin_params *params, size_t k, size_t at, size_t *block)
{
    while (k * (params->blocks[*block].offset + params->blocks[*block].size) <= at) ++*block;
    const basin_block *b = &params->blocks[*block];
    const size_t       within = at - k * b->offset, vector = within / b->size, element = within % b->size;

    return (stretch){b->size - element, vector * params->size + b->offset + element, at};
}

enum { PIECE = 1 << 14 }; /* numbers that one thread turns at a time */

/* Numbers [first, end) of the weights' arrangement. */
static void block_piece(basin_weights *weights, const basin_params *params, const double *v, size_t first,
                        size_t end)
{
    size_t block = 0;

    for (size_t at = first; at < end;) {
        const stretch s = stretch_at(params, weights->k, at, &block);
        const size_t  count = s.count < end - at ? s.count : end - at;
        for (size_t i = 0; i < count; i++) weights->tangent[s.blocked + i] = (real)v[s.plain + i];
        at += count;
    }
}

void basin_weights_block(basin_weights *weights, const basin_plan *plan, const double *v, size_t k)
{
    const size_t size = k * plan->params->size;

    weights->k = k;
#pragma omp parallel for num_threads((int)basin_threads()) schedule(static) if (size > PARALLEL)
    for (size_t first = 0; first < size; first += PIECE)
        block_piece(weights, plan->params, v, first, size - first < PIECE ? size : first + PIECE);
}

void basin_weights_unblock(const basin_plan *plan, size_t k, size_t first, size_t count, const double *sums,
                           double *hv)
{
    size_t block = 0;

    for (size_t done = 0; done < count;) {
        const stretch s = stretch_at(plan->params, k, first + done, &block);
        const size_t  n = s.count < count - done ? s.count : count - done;
        memcpy(hv + s.plain, sums + done, n * sizeof *hv);
        done += n;
    }
}

/* ----------------------------------------------------------------------------------------------- sweep -- */

static size_t scratch_size(const basin_plan *plan, size_t chunk, size_t k)
{
    return basin_extent_size(&plan->primal, chunk) + k * basin_extent_size(&plan->tangent, chunk);
}

size_t basin_sweep_bytes(const basin_plan *plan, size_t chunk, size_t k, basin_sweep_owns owns)
{
    size_t bytes = basin_block_bytes(1, sizeof(basin_sweep)) +
                   basin_block_bytes(plan->slot_count, sizeof *plan->slots) +
                   basin_block_bytes(plan->node_count, sizeof *plan->nodes) +
                   basin_block_bytes(scratch_size(plan, chunk, k), sizeof(real)) +
                   basin_block_bytes(plan->temp, sizeof(real));

    if (owns & BASIN_OWNS_KEPT)
        bytes += basin_block_bytes(basin_extent_size(&plan->kept, chunk), sizeof(real));
    if (owns & BASIN_OWNS_ADJOINT) bytes += basin_block_bytes(plan->params->size, sizeof(real));
    return bytes;
}

basin_status basin_sweep_create(const basin_plan *plan, size_t chunk, size_t k, basin_sweep_owns owns,
                                basin_sweep **out)
{
    basin_status st = BASIN_OK;
    basin_sweep *sweep = NULL;

    BASIN_ALLOC(sweep, 1, "sweep");
    *sweep = (basin_sweep){.plan = plan, .chunk = chunk, .k = k};
    BASIN_ALLOC(sweep->slots, plan->slot_count, "sweep");
    BASIN_ALLOC(sweep->nodes, plan->node_count, "sweep");
    memcpy(sweep->slots, plan->slots, plan->slot_count * sizeof *sweep->slots);
    memcpy(sweep->nodes, plan->nodes, plan->node_count * sizeof *sweep->nodes);
    for (size_t i = 0; i < plan->node_count; i++) sweep->nodes[i].slots = sweep->slots;
    BASIN_ALLOC(sweep->scratch, scratch_size(plan, chunk, k), "activations");
    if (owns & BASIN_OWNS_KEPT)
        BASIN_ALLOC(sweep->kept, basin_extent_size(&plan->kept, chunk), "activations");
    BASIN_ALLOC(sweep->temp, plan->temp, "activations");
    if (owns & BASIN_OWNS_ADJOINT) BASIN_ALLOC(sweep->own_adjoint, plan->params->size, "a gradient");
    sweep->adjoint = sweep->own_adjoint;
    *out = sweep, sweep = NULL;
done:
    basin_sweep_destroy(&sweep);
    return st;
}

void basin_sweep_destroy(basin_sweep **sweep)
{
    if (sweep == NULL || *sweep == NULL) return;
    basin_free((*sweep)->slots);
    basin_free((*sweep)->nodes);
    basin_free((*sweep)->scratch);
    basin_free((*sweep)->kept);
    basin_free((*sweep)->temp);
    basin_free((*sweep)->own_adjoint);
    basin_free(*sweep);
    *sweep = NULL;
}

static real *take(real **memory, size_t count)
{
    real *taken = *memory;
    *memory += count;
    return taken;
}

static void bind_param(basin_sweep *sweep, basin_slot *slot, const basin_weights *weights)
{
    size_t offset = sweep->plan->params->blocks[slot->block].offset;

    slot->v = weights->theta + offset;
    slot->d = weights->tangent + weights->k * offset;
    slot->a = sweep->adjoint != NULL ? sweep->adjoint + offset : NULL;
    slot->ad = sweep->adjoint_dot != NULL ? sweep->adjoint_dot + weights->k * offset : NULL;
}

/* Value or adjoint, kept or scratch. Kept by b, the samples at hand: a frozen point holds its chunks without
   holes. */
static real *take_primal(const basin_sweep *sweep, const basin_slot *slot, bool keep, size_t b, real **store,
                         real **scratch)
{
    return keep ? take(store, slot_rows(slot, b) * slot_stride(slot))
                : take(scratch, slot_rows(slot, sweep->chunk) * slot_stride(slot));
}

static void bind_roots(basin_sweep *sweep, const basin_weights *weights, size_t b, real **store)
{
    const basin_plan *plan = sweep->plan;
    real             *scratch = sweep->scratch, *buffers = weights->buffers;

    for (size_t i = 0; i < plan->slot_count; i++) {
        basin_slot *slot = &sweep->slots[i];
        if (slot_is_param(slot)) bind_param(sweep, slot, weights);
        if (slot->buffer != BASIN_NONE) slot->v = take(&buffers, slot->width);
        if (slot_is_leaf(slot)) continue;
        const size_t tangents = sweep->k * slot_rows(slot, sweep->chunk) * slot_stride(slot);
        if (slot->root_v == i && !basin_plan_is_input(plan, i))
            slot->v = take_primal(sweep, slot, slot->keep_value, b, store, &scratch);
        if (slot->degree == 0) continue;
        if (slot->root_a == i) slot->a = take_primal(sweep, slot, slot->keep_adjoint, b, store, &scratch);
        if (slot->root_d == i) slot->d = take(&scratch, tangents);
        if (slot->root_ad == i) slot->ad = take(&scratch, tangents);
    }
}

void basin_sweep_bind(basin_sweep *sweep, const basin_weights *weights, real *kept, const basin_batch *batch)
{
    const basin_plan *plan = sweep->plan;
    real             *store = kept != NULL ? kept : sweep->kept;
    size_t            b = batch->count;

    bind_roots(sweep, weights, b, &store);
    sweep->slots[plan->input].v = (real *)(uintptr_t)batch->x; /* read only: no op writes to the input */
    if (plan->lanes != BASIN_NONE) sweep->slots[plan->lanes].v = (real *)(uintptr_t)batch->lanes;
    for (size_t i = 0; i < plan->slot_count; i++) {
        basin_slot *slot = &sweep->slots[i];
        if (slot_is_leaf(slot)) continue;
        slot->v = sweep->slots[slot->root_v].v;
        slot->d = sweep->slots[slot->root_d].d;
        slot->a = sweep->slots[slot->root_a].a;
        slot->ad = sweep->slots[slot->root_ad].ad;
    }
    for (size_t i = 0; i < plan->node_count; i++) {
        basin_node       *node = &sweep->nodes[i];
        const basin_slot *y = NODE_OUTPUT(node);
        node->work = store;
        if (store != NULL) store += node->work_fixed + slot_rows(y, b) * y->lanes * node->work_width;
        node->temp = sweep->temp;
    }
    sweep->slope = store != NULL
                       ? take(&store, slot_rows(SWEEP_OUTPUT(sweep), b) * slot_stride(SWEEP_OUTPUT(sweep)))
                       : NULL;
}

void basin_sweep_forward(basin_sweep *sweep, size_t b, basin_mode mode, int from, int to)
{
    for (size_t i = 0; i < sweep->plan->node_count; i++) {
        basin_node *node = &sweep->nodes[i];
        int         degree = NODE_OUTPUT(node)->degree;
        if (from <= degree && degree <= to) node->op->forward(node, b, mode);
    }
}

/* Adjoints that are only added to: of unbatched tensors, and of parts of a Split that nobody reads. */
static bool only_collects(const basin_sweep *sweep, const basin_slot *slot)
{
    return slot->degree > 0 && !slot_is_leaf(slot) &&
           (!slot->batched || (slot->consumers == 0 && slot != SWEEP_OUTPUT(sweep)));
}

void basin_sweep_backward(basin_sweep *sweep, size_t b, basin_mode mode)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        basin_slot *slot = &sweep->slots[i];
        if (only_collects(sweep, slot))
            memset(slot->a, 0, slot_rows(slot, b) * slot_stride(slot) * sizeof *slot->a);
    }
    for (size_t i = sweep->plan->node_count; i-- > 0;) {
        basin_node *node = &sweep->nodes[i];
        if (NODE_OUTPUT(node)->degree > 0) node->op->backward(node, b, mode);
    }
}

void basin_sweep_forward_dot(basin_sweep *sweep, size_t b, size_t k, int to)
{
    for (size_t i = 0; i < sweep->plan->node_count; i++) {
        basin_node *node = &sweep->nodes[i];
        int         degree = NODE_OUTPUT(node)->degree;
        if (0 < degree && degree <= to) node->op->forward_dot(node, b, k);
    }
}

void basin_sweep_still(basin_sweep *sweep, size_t b, size_t k)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        basin_slot *slot = &sweep->slots[i];
        if (slot->degree > 0 && !slot_is_leaf(slot) && slot->root_d == i)
            memset(slot->d, 0, k * slot_rows(slot, b) * slot_stride(slot) * sizeof *slot->d);
    }
}

void basin_sweep_backward_dot(basin_sweep *sweep, size_t b, size_t k)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        basin_slot *slot = &sweep->slots[i];
        if (only_collects(sweep, slot))
            memset(slot->ad, 0, k * slot_rows(slot, b) * slot_stride(slot) * sizeof *slot->ad);
    }
    for (size_t i = sweep->plan->node_count; i-- > 0;) {
        basin_node *node = &sweep->nodes[i];
        if (NODE_OUTPUT(node)->degree > 0) node->op->backward_dot(node, b, k);
    }
}
