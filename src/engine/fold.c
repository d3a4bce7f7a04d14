/* BatchNormalization with stored statistics is a scale and a shift of channels: behind a convolution it costs
 * nothing (docs/performance.md).
 *
 *     s (W*x + c - μ) / √(v + ε) + t  =  (rW)*x + r (c - μ) + t,     r = s / √(v + ε)
 *
 * The right-hand side is written as nodes over parameters and buffers alone, which the compiler computes once
 * a chunk; their derivatives are the chain rule at the size of the weights. Nothing of the size of an
 * activation is left of the BatchNormalization: no pass over it and nothing kept of it at a frozen point.
 *
 * Folded is a convolution whose output only the BatchNormalization reads, whose weights are a parameter, with
 * a bias, scale and shift that no node computes. The rest is left to the op.
 */
#include "engine/fold.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/params.h"

enum { BN_X, BN_SCALE, BN_SHIFT, BN_MEAN, BN_VARIANCE };

typedef struct fold {
    basin_graph *graph;
    size_t       conv, norm;     /* their nodes */
    size_t       channels, rank; /* of the weights */
    const char  *name;           /* of the BatchNormalization: what is added is called after it */
} fold;

static const char *input_of(const basin_node_spec *node, size_t i)
{
    return i < node->input_count ? node->inputs[i] : "";
}

/* A parameter, a buffer, or left out: no node computes it. */
static bool is_given(const basin_graph *graph, const char *name)
{
    return name[0] == '\0' || basin_params_find(graph->params, name) != NULL ||
           basin_graph_find_buffer(graph, name) != NULL;
}

static size_t readers(const basin_graph *graph, const char *tensor)
{
    size_t count = strcmp(graph->output, tensor) == 0;

    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t j = 0; j < graph->nodes[i].input_count; j++)
            count += strcmp(graph->nodes[i].inputs[j], tensor) == 0;
    return count;
}

/* The number of the convolution that makes the tensor, or BASIN_NONE. */
static size_t convolution_of(const basin_graph *graph, const char *tensor)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const basin_node_spec *node = &graph->nodes[i];
        if (strcmp(node->op, "Conv") == 0 && node->output_count == 1 && strcmp(node->outputs[0], tensor) == 0)
            return i;
    }
    return BASIN_NONE;
}

/* Can the BatchNormalization number `norm` be folded? */
static bool find_fold(basin_graph *graph, size_t norm, fold *out)
{
    const basin_node_spec *node = &graph->nodes[norm], *conv;
    const char            *x = input_of(node, BN_X);
    size_t number = strcmp(node->op, "BatchNormalization") == 0 ? convolution_of(graph, x) : BASIN_NONE;

    if (number == BASIN_NONE || readers(graph, x) != 1) return false;
    conv = &graph->nodes[number];
    const basin_block *w = basin_params_find(graph->params, input_of(conv, 1));
    if (w == NULL || !is_given(graph, input_of(conv, 2)) || !is_given(graph, input_of(node, BN_SCALE)) ||
        !is_given(graph, input_of(node, BN_SHIFT)))
        return false;
    *out = (fold){.graph = graph,
                  .conv = number,
                  .norm = norm,
                  .channels = w->shape[0],
                  .rank = w->rank,
                  .name = node->name};
    return true;
}

/* Adds node «NAME what» of an op, and names its output after it; the name is the caller's. */
static basin_status add_node(fold *f, const char *what, const char *op, const char *first, const char *second,
                             char **out)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;

    BASIN_CHECK((name = basin_format("%s %s", f->name, what)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a name");
    BASIN_TRY(basin_graph_add(f->graph, name, op, (const char *const[]){first, second},
                              second != NULL ? 2 : 1, (const char *const[]){name}, 1, NULL));
    *out = name, name = NULL;
done:
    basin_free(name);
    return st;
}

/* A buffer «NAME what» [channels, 1, …] of rank `rank`: 1/√(v + ε), or -μ. */
static basin_status add_buffer(fold *f, const char *what, size_t rank, bool inverse, char **out)
{
    basin_status           st = BASIN_OK;
    const basin_node_spec *norm = &f->graph->nodes[f->norm];
    const basin_buffer    *from =
        basin_graph_find_buffer(f->graph, input_of(norm, inverse ? BN_VARIANCE : BN_MEAN));
    const double epsilon = basin_node_spec_float(norm, "epsilon", 1e-5);
    size_t       shape[BASIN_MAX_RANK] = {f->channels, 1, 1, 1, 1, 1, 1, 1};
    double      *values = NULL;
    char        *name = NULL;

    BASIN_ALLOC(values, f->channels, "a graph");
    for (size_t i = 0; i < f->channels; i++)
        values[i] = inverse ? 1.0 / sqrt(from->values[i] + epsilon) : -from->values[i];
    BASIN_CHECK((name = basin_format("%s %s", f->name, what)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a name");
    BASIN_TRY(basin_graph_buffer(f->graph, name, shape, rank, values, NULL));
    *out = name, name = NULL;
done:
    basin_free(name);
    basin_free(values);
    return st;
}

/* r as it multiplies the bias [channels], and the weights [channels, 1, …]. */
static basin_status add_scales(fold *f, char **flat, char **tall)
{
    basin_status     st = BASIN_OK;
    int64_t          shape[BASIN_MAX_RANK] = {(int64_t)f->channels, 1, 1, 1, 1, 1, 1, 1};
    char            *inverse = NULL;
    basin_node_spec *reshape;

    if (input_of(&f->graph->nodes[f->norm], BN_SCALE)[0] == '\0') {
        BASIN_TRY(add_buffer(f, "inverse", 1, true, flat));
        BASIN_TRY(add_buffer(f, "inverse of weights", f->rank, true, tall));
        goto done;
    }
    BASIN_TRY(add_buffer(f, "inverse", 1, true, &inverse));
    BASIN_TRY(add_node(f, "scale", "Mul", input_of(&f->graph->nodes[f->norm], BN_SCALE), inverse, flat));
    BASIN_TRY(add_node(f, "scale of weights", "Reshape", *flat, NULL, tall));
    reshape = &f->graph->nodes[f->graph->node_count - 1];
    BASIN_TRY(basin_node_spec_set(reshape, "shape", BASIN_ATTRIBUTE_INTS,
                                  &(basin_attribute){.ints = shape, .count = f->rank}));
done:
    basin_free(inverse);
    return st;
}

/* r (c - μ) + t */
static basin_status add_bias(fold *f, const char *scale, char **out)
{
    basin_status st = BASIN_OK;
    char        *minus_mean = NULL, *centred = NULL, *scaled = NULL;

    BASIN_TRY(add_buffer(f, "minus mean", 1, false, &minus_mean));
    if (input_of(&f->graph->nodes[f->conv], 2)[0] != '\0')
        BASIN_TRY(
            add_node(f, "centred", "Add", input_of(&f->graph->nodes[f->conv], 2), minus_mean, &centred));
    BASIN_TRY(add_node(f, "scaled", "Mul", centred != NULL ? centred : minus_mean, scale, &scaled));
    if (input_of(&f->graph->nodes[f->norm], BN_SHIFT)[0] == '\0')
        *out = scaled, scaled = NULL;
    else
        BASIN_TRY(add_node(f, "bias", "Add", scaled, input_of(&f->graph->nodes[f->norm], BN_SHIFT), out));
done:
    basin_free(minus_mean);
    basin_free(centred);
    basin_free(scaled);
    return st;
}

/* The convolution reads what was added; the BatchNormalization hands its output on. */
static basin_status apply_fold(fold *f)
{
    basin_status st = BASIN_OK;
    char        *flat = NULL, *tall = NULL, *weight = NULL, *bias = NULL, *identity = NULL;

    BASIN_TRY(add_scales(f, &flat, &tall));
    BASIN_TRY(add_node(f, "weight", "Mul", input_of(&f->graph->nodes[f->conv], 1), tall, &weight));
    BASIN_TRY(add_bias(f, flat, &bias));
    BASIN_STRDUP(identity, "Identity");
    basin_node_spec *conv = &f->graph->nodes[f->conv], *norm = &f->graph->nodes[f->norm];
    BASIN_TRY(basin_node_spec_inputs(conv, (const char *const[]){conv->inputs[0], weight, bias}, 3));
    BASIN_TRY(basin_node_spec_inputs(norm, (const char *const[]){norm->inputs[0]}, 1));
    basin_free(norm->op);
    norm->op = identity, identity = NULL;
done:
    basin_free(flat);
    basin_free(tall);
    basin_free(weight);
    basin_free(bias);
    basin_free(identity);
    return st;
}

basin_status basin_graph_fold(const basin_graph *graph, basin_graph **out)
{
    basin_status st = BASIN_OK;
    basin_graph *copy = NULL;
    fold         f;

    BASIN_TRY(basin_graph_copy(graph, &copy));
    for (size_t i = 0; i < graph->node_count; i++)
        if (find_fold(copy, i, &f)) BASIN_TRY(apply_fold(&f));
    *out = copy, copy = NULL;
done:
    basin_graph_destroy(&copy);
    return st;
}
