/* Attention that was written out,
 *
 *     MatMul(Softmax(Mul(MatMul(q, Transpose(k)), scale) + mask), v),
 *
 * becomes one node: nothing of T·S numbers a head is left between nodes, and a frozen point keeps one such
 * array instead of several.
 *
 * Fused is what nothing else reads in between, with q, k and v of each sample and of the same heads; scale, a
 * number by which Mul or Div changes the scores, or mask, a parameter or buffer that Add puts on top, may be
 * missing; Dropout and Identity may stand anywhere. The rest is left to the ops.
 */
#include "engine/plan/fuse.h"

#include <string.h>

#include "core/graph.h"
#include "core/memory.h"

enum { MOST_STEPS = 8 };

typedef struct chain { /* from the outer product back to the inner one */
    const basin_plan  *plan;
    const basin_graph *graph;
    size_t             last;                       /* the outer product */
    size_t             removed[MOST_STEPS], count; /* nodes that go */
    const char        *q, *k, *v, *mask;
    double             scale;
} chain;

static const basin_slot *slot_of(const chain *c, const char *name)
{
    for (size_t i = 0; i < c->plan->slot_count; i++)
        if (strcmp(c->plan->slots[i].name, name) == 0) return &c->plan->slots[i];
    return NULL;
}

/* The node that makes the tensor, if it is its only output and nobody but one input reads it; it will go. */
static const basin_node_spec *step_back(chain *c, const char *tensor)
{
    size_t maker = BASIN_NONE, readers = strcmp(c->graph->output, tensor) == 0;

    for (size_t i = 0; i < c->graph->node_count; i++) {
        const basin_node_spec *node = &c->graph->nodes[i];
        for (size_t j = 0; j < node->input_count; j++) readers += strcmp(node->inputs[j], tensor) == 0;
        if (node->output_count == 1 && strcmp(node->outputs[0], tensor) == 0) maker = i;
    }
    if (maker == BASIN_NONE || readers != 1 || c->count == MOST_STEPS) return NULL;
    c->removed[c->count++] = maker;
    return &c->graph->nodes[maker];
}

static bool is(const basin_node_spec *node, const char *op, size_t inputs)
{
    return node != NULL && strcmp(node->op, op) == 0 && node->input_count == inputs;
}

/* The same past ops that hand their input on. */
static const basin_node_spec *step_past(chain *c, const char *tensor)
{
    const basin_node_spec *node = step_back(c, tensor);

    while (is(node, "Dropout", 1) || is(node, "Identity", 1)) node = step_back(c, node->inputs[0]);
    return node;
}

/* A buffer of one number that does not raise the rank of what it multiplies. */
static bool number_of(const chain *c, const char *name, double *out)
{
    const basin_buffer *buffer = basin_graph_find_buffer(c->graph, name);

    if (buffer == NULL || buffer->size != 1 || buffer->rank > 1) return false;
    *out = buffer->values[0];
    return isfinite(*out);
}

/* Scores times a number, or over one; *inner is what it changes. */
static bool scales(chain *c, const basin_node_spec *node, const char **inner)
{
    double number;

    if (is(node, "Div", 2) && number_of(c, node->inputs[1], &number) && number != 0.0)
        c->scale /= number, *inner = node->inputs[0];
    else if (is(node, "Mul", 2) && number_of(c, node->inputs[1], &number))
        c->scale *= number, *inner = node->inputs[0];
    else if (is(node, "Mul", 2) && number_of(c, node->inputs[0], &number))
        c->scale *= number, *inner = node->inputs[1];
    else
        return false;
    return true;
}

/* Is it a parameter or a buffer [T, S] or of the scores' whole shape, with any ones in front? */
static bool fits_scores(const chain *c, const char *name, const basin_slot *scores)
{
    const basin_slot *mask = slot_of(c, name);
    size_t            drop = 0;

    if (mask == NULL || !slot_is_leaf(mask) || mask->rank < 2 || mask->rank > scores->rank + 1) return false;
    while (mask->rank - drop > 2 && mask->shape[drop] == 1) drop++;
    return basin_shape_equal(mask->shape + drop, mask->rank - drop, scores->shape + scores->rank - 2, 2) ||
           (mask->rank >= scores->rank && mask->rank - scores->rank <= drop &&
            basin_shape_equal(mask->shape + (mask->rank - scores->rank), scores->rank, scores->shape,
                              scores->rank));
}

/* Scores plus a mask. */
static bool masks(chain *c, const basin_node_spec *node, const basin_slot *scores, const char **inner)
{
    if (c->mask != NULL || !is(node, "Add", 2)) return false;
    for (size_t i = 0; i < 2; i++)
        if (fits_scores(c, node->inputs[i], scores)) {
            c->mask = node->inputs[i];
            *inner = node->inputs[1 - i];
            return true;
        }
    return false;
}

/* Are its last two axes exchanged, and the others where they were? */
static bool turns(const basin_node_spec *node, size_t rank)
{
    const basin_attribute *perm = is(node, "Transpose", 1) ? basin_node_spec_find(node, "perm") : NULL;

    if (perm == NULL || perm->kind != BASIN_ATTRIBUTE_INTS || perm->count != rank + 1 || rank < 2)
        return false;
    for (size_t i = 0; i + 2 < perm->count; i++)
        if (perm->ints[i] != (int64_t)i) return false;
    return perm->ints[rank - 1] == (int64_t)rank && perm->ints[rank] == (int64_t)rank - 1;
}

/* The same samples and heads, and as many axes. */
static bool alike(const basin_slot *a, const basin_slot *b)
{
    return a != NULL && b != NULL && a->batched && b->batched && a->rank >= 2 && a->rank == b->rank &&
           (a->rank == 2 || basin_shape_equal(a->shape, a->rank - 2, b->shape, b->rank - 2));
}

/* Is MatMul number `last` the outer product of an attention? */
static bool find_chain(const basin_plan *plan, const basin_graph *graph, size_t last, chain *out)
{
    chain                  c = {.plan = plan, .graph = graph, .last = last, .scale = 1.0};
    const basin_node_spec *node = &graph->nodes[last], *softmax, *turn;
    const basin_slot      *scores;
    const char            *inner;

    if (!is(node, "MatMul", 2)) return false;
    c.v = node->inputs[1];
    softmax = step_past(&c, node->inputs[0]);
    if (!is(softmax, "Softmax", 1)) return false;
    scores = slot_of(&c, softmax->inputs[0]);
    const int64_t axis = basin_node_spec_int(softmax, "axis", -1);
    if (scores == NULL || scores->degree == 0 || (axis != -1 && axis != (int64_t)scores->rank)) return false;
    node = step_past(&c, softmax->inputs[0]);
    if (masks(&c, node, scores, &inner)) node = step_past(&c, inner);
    while (scales(&c, node, &inner)) node = step_past(&c, inner);
    if (!is(node, "MatMul", 2) || !isfinite(c.scale)) return false;
    c.q = node->inputs[0];
    turn = step_back(&c, node->inputs[1]);
    if (!turns(turn, scores->rank)) return false;
    c.k = turn->inputs[0];
    *out = c;
    return alike(slot_of(&c, c.q), slot_of(&c, c.k)) && alike(slot_of(&c, c.q), slot_of(&c, c.v)) &&
           alike(slot_of(&c, c.q), scores);
}

/* The outer product becomes the Attention. */
static basin_status write_attention(basin_graph *graph, const chain *c)
{
    basin_status     st = BASIN_OK;
    basin_node_spec *node = &graph->nodes[c->last];
    const char      *names[] = {c->q, c->k, c->v, c->mask};

    basin_free(node->op), node->op = NULL;
    BASIN_STRDUP(node->op, "Attention");
    BASIN_TRY(basin_node_spec_inputs(node, names, c->mask != NULL ? 4 : 3));
    BASIN_TRY(basin_node_spec_set(node, "scale", BASIN_ATTRIBUTE_FLOAT, &(basin_attribute){.f = c->scale}));
done:
    return st;
}

basin_status basin_fuse_attention(const basin_plan *plan, const basin_graph *graph, basin_graph **out)
{
    basin_status st = BASIN_OK;
    basin_graph *copy = NULL;
    bool        *gone = NULL;
    chain        c;

    BASIN_ALLOC(gone, graph->node_count, "a graph");
    for (size_t i = 0; i < graph->node_count; i++) {
        if (!find_chain(plan, graph, i, &c)) continue;
        if (copy == NULL) BASIN_TRY(basin_graph_copy(graph, &copy));
        BASIN_TRY(write_attention(copy, &c));
        for (size_t j = 0; j < c.count; j++) gone[c.removed[j]] = true;
    }
    for (size_t i = graph->node_count; copy != NULL && i-- > 0;)
        if (gone[i]) basin_graph_remove(copy, i);
    *out = copy, copy = NULL;
done:
    basin_graph_destroy(&copy);
    basin_free(gone);
    return st;
}
