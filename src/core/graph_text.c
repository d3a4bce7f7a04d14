/* A network as a text that can be held against that of another: items that each say all about themselves, in
 * one line.
 *
 * Left out is what does not change the function: names of nodes and of the tensors between them, and where a
 * node came from. Left out are also the values of tensors: statistics of BatchNorm move from checkpoint to
 * checkpoint, and frozen weights may be drawn by each run's seed. Only a single number that is not trained (a
 * scale, say) stands with its value. Defaults that one graph spells out and another leaves out count as
 * different, since what a default is only the op knows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/memory.h"

typedef struct writer {
    FILE              *stream;
    const basin_graph *graph;
    const size_t      *order; /* [node_count] topological */
} writer;

static void put_shape(const writer *w, const char *name, const size_t *shape, size_t rank)
{
    fprintf(w->stream, "%s [", name);
    for (size_t i = 0; i < rank; i++) fprintf(w->stream, "%s%zu", i > 0 ? ", " : "", shape[i]);
    fputc(']', w->stream);
}

/* Parameters, the input and buffers by their names, outputs of nodes by number: «%3», of one with several
   «%3.1» for the second. */
static void put_tensor(const writer *w, const char *name)
{
    for (size_t i = 0; i < w->graph->node_count; i++) {
        const basin_node_spec *node = &w->graph->nodes[w->order[i]];
        for (size_t j = 0; j < node->output_count; j++) {
            if (strcmp(node->outputs[j], name) != 0) continue;
            fprintf(w->stream, "%%%zu", i + 1);
            if (j > 0) fprintf(w->stream, ".%zu", j);
            return;
        }
    }
    fputs(name[0] == '\0' ? "-" : strcmp(name, w->graph->input) == 0 ? "input" : name, w->stream);
}

static void put_value(const writer *w, const basin_attribute *a)
{
    switch (a->kind) {
    case BASIN_ATTRIBUTE_INT: fprintf(w->stream, "%" PRId64, a->i); break;
    case BASIN_ATTRIBUTE_FLOAT:
        fprintf(w->stream, "%.17g", a->f);
        break; /* a whole one is written as an INT is */
    case BASIN_ATTRIBUTE_STRING: fputs(a->s, w->stream); break;
    default:
        for (size_t i = 0; i < a->count; i++)
            fprintf(w->stream, "%s%" PRId64, i > 0 ? ", " : "[", a->ints[i]);
        fputs(a->count > 0 ? "]" : "[]", w->stream);
    }
}

/* The attribute whose name follows `last` in the order of the alphabet; NULL after the last. */
static const basin_attribute *next_attribute(const basin_node_spec *node, const char *last)
{
    const basin_attribute *next = NULL;

    for (size_t i = 0; i < node->attribute_count; i++) {
        const basin_attribute *a = &node->attributes[i];
        if ((last == NULL || strcmp(a->name, last) > 0) && (next == NULL || strcmp(a->name, next->name) < 0))
            next = a;
    }
    return next;
}

static void put_node(const writer *w, size_t i)
{
    const basin_node_spec *node = &w->graph->nodes[w->order[i]];

    fprintf(w->stream, "%%%zu", i + 1);
    if (node->output_count > 1) fprintf(w->stream, " (%zu outputs)", node->output_count);
    fprintf(w->stream, " = %s(", node->op);
    for (size_t j = 0; j < node->input_count; j++) {
        if (j > 0) fputs(", ", w->stream);
        put_tensor(w, node->inputs[j]);
    }
    fputs("); ", w->stream);
    for (const basin_attribute *a = next_attribute(node, NULL); a != NULL;
         a = next_attribute(node, a->name)) {
        fprintf(w->stream, "%s %%%zu: %s ", node->op, i + 1, a->name);
        put_value(w, a);
        fputs("; ", w->stream);
    }
}

static bool is_read(const basin_graph *graph, const char *tensor)
{
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t j = 0; j < graph->nodes[i].input_count; j++)
            if (strcmp(graph->nodes[i].inputs[j], tensor) == 0) return true;
    return false;
}

/* Mean or variance of a BatchNormalization. */
static bool is_statistic(const basin_graph *graph, const char *tensor)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const basin_node_spec *node = &graph->nodes[i];
        for (size_t j = 3; j < node->input_count && strcmp(node->op, "BatchNormalization") == 0; j++)
            if (strcmp(node->inputs[j], tensor) == 0) return true;
    }
    return false;
}

static void put_buffer(const writer *w, const basin_buffer *buffer)
{
    if (!is_read(w->graph, buffer->name)) return;
    put_shape(w, buffer->name, buffer->shape, buffer->rank);
    if (buffer->size == 1 && !is_statistic(w->graph, buffer->name))
        fprintf(w->stream, " = %.17g", buffer->values[0]);
    fputs(", not trained; ", w->stream);
}

static void put_graph(const writer *w)
{
    const basin_graph *graph = w->graph;

    put_shape(w, "input", graph->input_shape, graph->input_rank);
    fputs("; ", w->stream);
    for (size_t i = 0; i < graph->params->count; i++) {
        put_shape(w, graph->params->blocks[i].name, graph->params->blocks[i].shape,
                  graph->params->blocks[i].rank);
        fputs("; ", w->stream);
    }
    for (size_t i = 0; i < graph->buffer_count; i++) put_buffer(w, &graph->buffers[i]);
    for (size_t i = 0; i < graph->node_count; i++) put_node(w, i);
    fputs("output ", w->stream);
    put_tensor(w, graph->output);
}

basin_status basin_graph_describe(const basin_graph *graph, char **out)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL, size = 0;
    char        *text = NULL;
    FILE        *stream = NULL;

    BASIN_ALLOC(order, graph->node_count, "order of nodes");
    BASIN_TRY(basin_graph_order(graph, order));
    BASIN_CHECK((stream = open_memstream(&text, &size)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a network's description");
    put_graph(&(writer){stream, graph, order});
    bool written = !ferror(stream);
    written = fclose(stream) == 0 && written;
    BASIN_CHECK(written, BASIN_ERR_NOMEM, "out of memory for a network's description");
    BASIN_STRDUP(*out, text);
done:
    basin_free(order);
    free(text);
    return st;
}
