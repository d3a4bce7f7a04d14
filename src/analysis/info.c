/* What one checkpoint says of itself, without data and without compiling the network, in milliseconds; and
 * with the data what the gradient there adds. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

static size_t count_not_finite(const double *x, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) count++;
    return count;
}

static basin_status describe_tensors(const basin_checkpoint *ck, basin_info *info)
{
    basin_status  st = BASIN_OK;
    const double *momentum = basin_checkpoint_momentum(ck);

    BASIN_ALLOC(info->tensors, ck->params->count, "tensors");
    info->tensor_count = ck->params->count;
    for (size_t i = 0; i < ck->params->count; i++) {
        const basin_block *block = &ck->params->blocks[i];
        basin_tensor_info *tensor = &info->tensors[i];
        BASIN_STRDUP(tensor->name, block->name);
        BASIN_ALLOC(tensor->shape, block->rank, "a shape");
        tensor->rank = block->rank;
        if (block->rank > 0) memcpy(tensor->shape, block->shape, block->rank * sizeof *tensor->shape);
        tensor->norm = basin_norm(ck->theta + block->offset, block->size);
        tensor->momentum_norm =
            momentum != NULL ? basin_norm(momentum + block->offset, block->size) : (double)NAN;
        tensor->weight_decay = ck->decay != NULL && block->size > 0 ? ck->decay[block->offset] : (double)NAN;
        tensor->not_finite = count_not_finite(ck->theta + block->offset, block->size);
        info->not_finite += tensor->not_finite;
    }
    info->has_momentum = momentum != NULL;
    info->theta_norm = basin_norm(ck->theta, ck->params->size);
    info->momentum_norm = momentum != NULL ? basin_norm(momentum, ck->params->size) : (double)NAN;
done:
    return st;
}

/* A layer is a node that reads parameters. */
static bool has_parameters(const basin_node_spec *node, const basin_params *params)
{
    for (size_t i = 0; i < node->input_count; i++)
        if (basin_params_find(params, node->inputs[i]) != NULL) return true;
    return false;
}

/* «fc1: Gemm(input, fc1.weight, fc1.bias)»; « -> h» where the output's name is not the node's. */
static basin_status describe_node(const basin_node_spec *node, char **out)
{
    basin_status st = BASIN_OK;
    size_t       length = strlen(node->name) + strlen(node->op) + 8, used;
    char        *text = NULL;

    for (size_t i = 0; i < node->input_count; i++) length += strlen(node->inputs[i]) + 3;
    for (size_t i = 0; i < node->output_count; i++) length += strlen(node->outputs[i]) + 6;
    BASIN_ALLOC(text, length, "a node's description");
    used = (size_t)snprintf(text, length, "%s: %s(", node->name, node->op);
    for (size_t i = 0; i < node->input_count; i++)
        used += (size_t)snprintf(text + used, length - used, "%s%s", i > 0 ? ", " : "",
                                 node->inputs[i][0] != '\0' ? node->inputs[i] : "-");
    used += (size_t)snprintf(text + used, length - used, ")");
    for (size_t i = 0; i < node->output_count; i++)
        if (node->output_count > 1 || strcmp(node->outputs[i], node->name) != 0)
            used +=
                (size_t)snprintf(text + used, length - used, "%s%s", i > 0 ? ", " : " -> ", node->outputs[i]);
    *out = text;
done:
    return st;
}

static basin_status describe_graph(const basin_checkpoint *ck, basin_info *info)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL;

    BASIN_ALLOC(order, ck->graph->node_count, "order of nodes");
    BASIN_TRY(basin_graph_order(ck->graph, order));
    BASIN_ALLOC(info->nodes, ck->graph->node_count, "nodes");
    info->node_count = ck->graph->node_count;
    for (size_t i = 0; i < info->node_count; i++) {
        const basin_node_spec *node = &ck->graph->nodes[order[i]];
        BASIN_TRY(describe_node(node, &info->nodes[i]));
        if (has_parameters(node, ck->params)) info->layers++;
    }
done:
    basin_free(order);
    return st;
}

static basin_status copy_recorded(const basin_checkpoint *ck, basin_info *info)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(info->recorded, ck->recorded_count, "recorded values");
    info->recorded_count = ck->recorded_count;
    for (size_t i = 0; i < ck->recorded_count; i++) {
        const basin_recorded *from = &ck->recorded[i];
        basin_recorded       *to = &info->recorded[i];
        to->value = from->value, to->source = from->source;
        BASIN_STRDUP(to->stood, from->stood);
        BASIN_STRDUP(to->quantity, from->quantity);
        BASIN_STRDUP(to->split, from->split);
        BASIN_STRDUP(to->point, from->point);
        BASIN_STRDUP(to->mode, from->mode);
        BASIN_STRDUP(to->coverage, from->coverage);
    }
done:
    return st;
}

static basin_status copy_record(const basin_checkpoint *ck, basin_info *info)
{
    basin_status st = BASIN_OK;

    BASIN_STRDUP(info->checkpoint, ck->path);
    BASIN_STRDUP(info->digest, ck->digest[0] != '\0' ? ck->digest : NULL);
    BASIN_STRDUP(info->method, ck->method);
    BASIN_STRDUP(info->run, ck->run);
    info->loss_kind = (int)ck->loss.kind;
    BASIN_TRY(basin_loss_spec_describe(&ck->loss, &info->loss));
    info->perturbed = (int)ck->perturbed;
    BASIN_STRDUP(info->data_path, ck->data_path);
    BASIN_STRDUP(info->data_digest, ck->data_digest[0] != '\0' ? ck->data_digest : NULL);
    info->parameters = ck->params->size;
    info->module_parameters = ck->module_parameters;
    info->outside_parameters = ck->outside_parameters;
    BASIN_STRDUP(info->outside, ck->outside);
    info->step = ck->step;
    info->epoch = ck->epoch;
    info->gradient_evaluations = ck->gradient_evaluations;
    info->seconds = ck->seconds;
    info->undo = ck->undo;
    info->seed = ck->hyper.seed;
    info->batch_size = ck->hyper.batch_size;
    info->learning_rate = ck->hyper.learning_rate;
    info->momentum = ck->hyper.momentum;
    info->rho = ck->hyper.rho;
    info->weight_decay = ck->hyper.weight_decay;
    info->weight_decay_coupled = ck->hyper.weight_decay_coupled;
    info->gradient_norm = info->momentum_gradient_cosine = NAN;
    info->stationarity = (basin_stationarity){.loss = NAN,
                                              .gradient_norm = NAN,
                                              .decayed_gradient_norm = NAN,
                                              .decrement = NAN,
                                              .tried = NAN,
                                              .threshold = NAN,
                                              .ritz_least = NAN,
                                              .ritz_most = NAN,
                                              .curvature = NAN,
                                              .fall_per_step = NAN};
done:
    return st;
}

basin_status basin_info_compute(const basin_checkpoint *ck, basin_info **out)
{
    basin_status st = BASIN_OK;
    basin_info  *info = NULL;

    BASIN_ALLOC(info, 1, "description of a checkpoint");
    BASIN_TRY(copy_record(ck, info));
    BASIN_TRY(describe_tensors(ck, info));
    BASIN_TRY(describe_graph(ck, info));
    BASIN_TRY(copy_recorded(ck, info));
    *out = info, info = NULL;
done:
    basin_info_destroy(&info);
    return st;
}

basin_status basin_info_gradient(basin_point *point, const basin_checkpoint *ck, basin_info *info)
{
    basin_status       st = BASIN_OK;
    basin_stationarity found;
    const double      *g;

    BASIN_CHECK(basin_point_size(point) == ck->params->size, BASIN_ERR_SHAPE,
                "the objective has %zu parameters, the checkpoint %zu", basin_point_size(point),
                ck->params->size);
    BASIN_TRY(basin_point_bare_gradient(point, NULL, &g));
    BASIN_TRY(basin_stationarity_compute(point, &found));
    info->stationarity = found;
    info->gradient_norm = found.gradient_norm;
    info->momentum_gradient_cosine = basin_cosine(basin_checkpoint_momentum(ck), g, ck->params->size);
done:
    return st;
}
