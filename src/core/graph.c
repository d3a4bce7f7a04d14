#include "core/graph.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/params.h"

basin_status basin_graph_create(basin_graph **out)
{
    basin_status st = BASIN_OK;
    basin_graph *graph = NULL;

    BASIN_ALLOC(graph, 1, "graph");
    BASIN_TRY(basin_params_create(&graph->params));
    *out = graph, graph = NULL;
done:
    basin_graph_destroy(&graph);
    return st;
}

static basin_status copy_names(const char *const *names, size_t count, char ***out)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(*out, count, "tensor names");
    for (size_t i = 0; i < count; i++) BASIN_STRDUP((*out)[i], names[i]);
done:
    return st;
}

basin_status basin_graph_add(basin_graph *graph, const char *name, const char *op, const char *const *inputs,
                             size_t input_count, const char *const *outputs, size_t output_count,
                             basin_node_spec **out)
{
    basin_status     st = BASIN_OK;
    basin_node_spec *nodes =
                        basin_grow(graph->nodes, graph->node_count, graph->node_count + 1, sizeof *nodes),
                    *node;

    BASIN_CHECK(nodes != NULL, BASIN_ERR_NOMEM, "out of memory for node %s", name);
    graph->nodes = nodes;
    node = &nodes[graph->node_count++];
    BASIN_STRDUP(node->name, name);
    BASIN_STRDUP(node->op, op);
    node->input_count = input_count;
    node->output_count = output_count;
    BASIN_TRY(copy_names(inputs, input_count, &node->inputs));
    BASIN_TRY(copy_names(outputs, output_count, &node->outputs));
    if (out != NULL) *out = node;
done:
    return st;
}

const basin_buffer *basin_graph_find_buffer(const basin_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->buffer_count; i++)
        if (strcmp(graph->buffers[i].name, name) == 0) return &graph->buffers[i];
    return NULL;
}

basin_status basin_graph_buffer(basin_graph *graph, const char *name, const size_t *shape, size_t rank,
                                const double *values, basin_buffer **out)
{
    basin_status  st = BASIN_OK;
    basin_buffer *buffers, buffer = {.rank = rank};

    BASIN_CHECK(rank <= BASIN_MAX_RANK, BASIN_ERR_SHAPE, "buffer %s: rank %zu, at most %d", name, rank,
                BASIN_MAX_RANK);
    BASIN_CHECK(basin_params_find(graph->params, name) == NULL &&
                    basin_graph_find_buffer(graph, name) == NULL,
                BASIN_ERR_FORMAT, "buffer %s: a parameter or another buffer has that name", name);
    BASIN_CHECK(basin_shape_size(shape, rank, &buffer.size) && buffer.size > 0, BASIN_ERR_SHAPE,
                "buffer %s: shape %s", name, BASIN_SHAPE_TEXT(shape, rank));
    if (rank > 0) memcpy(buffer.shape, shape, rank * sizeof *shape);
    BASIN_CHECK((buffers = basin_grow(graph->buffers, graph->buffer_count, graph->buffer_count + 1,
                                      sizeof *buffers)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for buffer %s", name);
    graph->buffers = buffers;
    BASIN_STRDUP(buffer.name, name);
    BASIN_ALLOC(buffer.values, buffer.size, name);
    if (values != NULL) memcpy(buffer.values, values, buffer.size * sizeof *values);
    graph->buffers[graph->buffer_count++] = buffer;
    if (out != NULL) *out = &graph->buffers[graph->buffer_count - 1];
    buffer = (basin_buffer){0};
done:
    basin_free(buffer.name);
    basin_free(buffer.values);
    return st;
}

basin_status basin_node_spec_set(basin_node_spec *node, const char *name, basin_attribute_kind kind,
                                 const basin_attribute *value)
{
    basin_status     st = BASIN_OK;
    basin_attribute *attributes = basin_grow(node->attributes, node->attribute_count,
                                             node->attribute_count + 1, sizeof *attributes),
                    *a;

    BASIN_CHECK(attributes != NULL, BASIN_ERR_NOMEM, "out of memory for attribute %s", name);
    node->attributes = attributes;
    a = &attributes[node->attribute_count++];
    a->kind = kind;
    a->i = value->i;
    a->f = kind == BASIN_ATTRIBUTE_INT ? (double)value->i : value->f;
    BASIN_STRDUP(a->name, name);
    if (kind == BASIN_ATTRIBUTE_STRING) BASIN_STRDUP(a->s, value->s);
    if (kind == BASIN_ATTRIBUTE_INTS) {
        BASIN_ALLOC(a->ints, value->count, "attribute");
        a->count = value->count;
        if (value->count > 0) memcpy(a->ints, value->ints, value->count * sizeof *a->ints);
    }
done:
    return st;
}

basin_status basin_node_spec_inputs(basin_node_spec *node, const char *const *names, size_t count)
{
    basin_status st = BASIN_OK;
    char       **inputs = NULL;

    BASIN_ALLOC(inputs, count, "a graph");
    for (size_t i = 0; i < count; i++) BASIN_STRDUP(inputs[i], names[i]);
    for (size_t i = 0; i < node->input_count; i++) basin_free(node->inputs[i]);
    basin_free(node->inputs);
    node->inputs = inputs, inputs = NULL;
    node->input_count = count;
done:
    for (size_t i = 0; inputs != NULL && i < count; i++) basin_free(inputs[i]);
    basin_free(inputs);
    return st;
}

const basin_attribute *basin_node_spec_find(const basin_node_spec *node, const char *name)
{
    for (size_t i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attributes[i].name, name) == 0) return &node->attributes[i];
    return NULL;
}

int64_t basin_node_spec_int(const basin_node_spec *node, const char *name, int64_t fallback)
{
    const basin_attribute *a = basin_node_spec_find(node, name);
    return a != NULL && a->kind == BASIN_ATTRIBUTE_INT ? a->i : fallback;
}

double basin_node_spec_float(const basin_node_spec *node, const char *name, double fallback)
{
    const basin_attribute *a = basin_node_spec_find(node, name);
    return a != NULL && (a->kind == BASIN_ATTRIBUTE_FLOAT || a->kind == BASIN_ATTRIBUTE_INT) ? a->f
                                                                                             : fallback;
}

const char *basin_node_spec_string(const basin_node_spec *node, const char *name, const char *fallback)
{
    const basin_attribute *a = basin_node_spec_find(node, name);
    return a != NULL && a->kind == BASIN_ATTRIBUTE_STRING ? a->s : fallback;
}

basin_status basin_graph_copy(const basin_graph *graph, basin_graph **out)
{
    basin_status st = BASIN_OK;
    basin_graph *copy = NULL;

    BASIN_TRY(basin_graph_create(&copy));
    BASIN_STRDUP(copy->input, graph->input);
    BASIN_STRDUP(copy->output, graph->output);
    copy->input_rank = graph->input_rank;
    memcpy(copy->input_shape, graph->input_shape, sizeof copy->input_shape);
    for (size_t i = 0; i < graph->node_count; i++) {
        const basin_node_spec *from = &graph->nodes[i];
        basin_node_spec       *to = NULL;
        BASIN_TRY(basin_graph_add(copy, from->name, from->op, (const char *const *)from->inputs,
                                  from->input_count, (const char *const *)from->outputs, from->output_count,
                                  &to));
        BASIN_STRDUP(to->origin, from->origin);
        for (size_t j = 0; j < from->attribute_count; j++)
            BASIN_TRY(basin_node_spec_set(to, from->attributes[j].name, from->attributes[j].kind,
                                          &from->attributes[j]));
    }
    basin_params_destroy(&copy->params);
    BASIN_TRY(basin_params_copy(graph->params, &copy->params));
    for (size_t i = 0; i < graph->buffer_count; i++) {
        const basin_buffer *buffer = &graph->buffers[i];
        BASIN_TRY(basin_graph_buffer(copy, buffer->name, buffer->shape, buffer->rank, buffer->values, NULL));
    }
    *out = copy, copy = NULL;
done:
    basin_graph_destroy(&copy);
    return st;
}

static void clear_node(basin_node_spec *node)
{
    for (size_t i = 0; node->inputs != NULL && i < node->input_count; i++) basin_free(node->inputs[i]);
    for (size_t i = 0; node->outputs != NULL && i < node->output_count; i++) basin_free(node->outputs[i]);
    for (size_t i = 0; i < node->attribute_count; i++) {
        basin_free(node->attributes[i].name);
        basin_free(node->attributes[i].s);
        basin_free(node->attributes[i].ints);
    }
    basin_free(node->inputs);
    basin_free(node->outputs);
    basin_free(node->attributes);
    basin_free(node->name);
    basin_free(node->op);
    basin_free(node->origin);
}

void basin_graph_remove(basin_graph *graph, size_t i)
{
    clear_node(&graph->nodes[i]);
    memmove(&graph->nodes[i], &graph->nodes[i + 1], (--graph->node_count - i) * sizeof *graph->nodes);
}

void basin_graph_destroy(basin_graph **graph)
{
    if (graph == NULL || *graph == NULL) return;
    for (size_t i = 0; i < (*graph)->node_count; i++) clear_node(&(*graph)->nodes[i]);
    for (size_t i = 0; i < (*graph)->buffer_count; i++) {
        basin_free((*graph)->buffers[i].name);
        basin_free((*graph)->buffers[i].values);
    }
    basin_free((*graph)->buffers);
    basin_free((*graph)->nodes);
    basin_free((*graph)->input);
    basin_free((*graph)->output);
    basin_params_destroy(&(*graph)->params);
    basin_free(*graph);
    *graph = NULL;
}

basin_status basin_graph_mlp(const size_t *widths, size_t count, const char *activation, basin_graph **out)
{
    basin_status st = BASIN_OK;
    basin_graph *graph = NULL;
    char         from[32] = "input", to[32], name[32], weight[40], bias[40];

    BASIN_CHECK(count >= 2, BASIN_ERR_ARG, "a multilayer perceptron needs at least 2 widths, got %zu", count);
    for (size_t i = 0; i < count; i++)
        BASIN_CHECK(widths[i] > 0, BASIN_ERR_ARG, "width %zu of the multilayer perceptron is 0", i + 1);
    BASIN_TRY(basin_graph_create(&graph));
    BASIN_STRDUP(graph->input, "input");
    graph->input_rank = 1;
    graph->input_shape[0] = widths[0];
    for (size_t i = 1; i < count; i++) {
        basin_node_spec *node = NULL;
        snprintf(name, sizeof name, "fc%zu", i);
        snprintf(weight, sizeof weight, "%s.weight", name);
        snprintf(bias, sizeof bias, "%s.bias", name);
        BASIN_TRY(basin_graph_add(graph, name, "Gemm", (const char *const[]){from, weight, bias}, 3,
                                  (const char *const[]){name}, 1, &node));
        BASIN_TRY(basin_node_spec_set(node, "transB", BASIN_ATTRIBUTE_INT, &(basin_attribute){.i = 1}));
        BASIN_TRY(basin_params_add(graph->params, weight, (const size_t[]){widths[i], widths[i - 1]}, 2));
        BASIN_TRY(basin_params_add(graph->params, bias, (const size_t[]){widths[i]}, 1));
        snprintf(from, sizeof from, "%s", name);
        if (i + 1 == count) break;
        snprintf(to, sizeof to, "act%zu", i);
        BASIN_TRY(basin_graph_add(graph, to, activation ? activation : "Relu", (const char *const[]){from}, 1,
                                  (const char *const[]){to}, 1, NULL));
        snprintf(from, sizeof from, "%s", to);
    }
    BASIN_STRDUP(graph->output, from);
    *out = graph, graph = NULL;
done:
    basin_graph_destroy(&graph);
    return st;
}

static bool is_leaf(const basin_graph *graph, const char *tensor)
{
    return strcmp(graph->input, tensor) == 0 || basin_params_find(graph->params, tensor) != NULL ||
           basin_graph_find_buffer(graph, tensor) != NULL;
}

/* Which node makes a tensor: its index, or node_count for the input, parameters and buffers, or SIZE_MAX for
   nobody. */
static size_t producer(const basin_graph *graph, const char *tensor)
{
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t j = 0; j < graph->nodes[i].output_count; j++)
            if (strcmp(graph->nodes[i].outputs[j], tensor) == 0) return i;
    if (is_leaf(graph, tensor)) return graph->node_count;
    return SIZE_MAX;
}

static basin_status check_single_producers(const basin_graph *graph)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t j = 0; j < graph->nodes[i].output_count; j++) {
            const char *tensor = graph->nodes[i].outputs[j];
            for (size_t k = 0; k < j; k++)
                BASIN_CHECK(strcmp(graph->nodes[i].outputs[k], tensor) != 0, BASIN_ERR_FORMAT,
                            "graph: node %s makes tensor %s twice", graph->nodes[i].name, tensor);
            BASIN_CHECK(producer(graph, tensor) == i, BASIN_ERR_FORMAT,
                        "graph: tensor %s is made by node %s and by node %s", tensor,
                        graph->nodes[producer(graph, tensor)].name, graph->nodes[i].name);
            BASIN_CHECK(!is_leaf(graph, tensor), BASIN_ERR_FORMAT,
                        "graph: node %s makes tensor %s, which is already the input, a parameter or a buffer",
                        graph->nodes[i].name, tensor);
        }
    BASIN_CHECK(producer(graph, graph->output) != SIZE_MAX, BASIN_ERR_FORMAT,
                "graph: no node makes the output %s", graph->output);
done:
    return st;
}

/* Kahn's algorithm, taking the first ready node each time, so that the order is that of the file where that
   is one. */
bool basin_graph_uses(const basin_graph *graph, const char *op)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].op, op) == 0) return true;
    return false;
}

basin_status basin_graph_order(const basin_graph *graph, size_t *order)
{
    basin_status st = BASIN_OK;
    bool        *placed = NULL;
    size_t       count = 0;

    BASIN_ALLOC(placed, graph->node_count + 1, "graph order");
    BASIN_TRY(check_single_producers(graph));
    placed[graph->node_count] = true;
    while (count < graph->node_count) {
        size_t next = SIZE_MAX, blocked = SIZE_MAX;
        for (size_t i = 0; i < graph->node_count && next == SIZE_MAX; i++) {
            const basin_node_spec *node = &graph->nodes[i];
            bool                   ready = !placed[i];
            for (size_t j = 0; j < node->input_count && ready; j++) {
                if (node->inputs[j][0] == '\0') continue;
                size_t from = producer(graph, node->inputs[j]);
                BASIN_CHECK(from != SIZE_MAX, BASIN_ERR_FORMAT,
                            "graph: node %s reads %s, which is no parameter, no buffer and made by no node",
                            node->name, node->inputs[j]);
                ready = placed[from];
            }
            if (ready)
                next = i;
            else if (!placed[i] && blocked == SIZE_MAX)
                blocked = i;
        }
        BASIN_CHECK(next != SIZE_MAX, BASIN_ERR_FORMAT, "graph: a cycle through node %s",
                    graph->nodes[blocked].name);
        placed[next] = true;
        order[count++] = next;
    }
done:
    basin_free(placed);
    return st;
}
