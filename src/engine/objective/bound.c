/* A compiled network with its samples, as an objective. */
#include "engine/objective/workers.h"

#include <stdio.h>
#include <string.h>

#include "core/dataset.h"
#include "core/loss.h"
#include "core/memory.h"
#include "core/objective.h"
#include "engine/engine.h"
#include "engine/fold.h"
#include "engine/plan/fuse.h"
#include "engine/plan/pairs.h"
#include "engine/plan/scales.h"
#include "engine/plan/units.h"
#include "engine/unit_logits.h"

/* With F of a forward pass and f0 of it in the first layer, whose inputs no derivative is taken by. Backward
 * to inputs F - f0, to weights F. The tangents of each have two terms, of weights' and of inputs' tangents:
 * forward 2F - f0, back to inputs 2(F - f0), to weights 2F - f0. Without the second terms of the way back,
 * as for G, that takes no more than the adjoints do. A point of a line combines the first layers of theta and
 * the directions instead of running it. */
static void flops(const void *ctx, basin_flops *out)
{
    const basin_network *net = ctx;
    double               f, f0;

    basin_plan_flops(net->plan, &f, &f0);
    f *= (double)net->data.count, f0 *= (double)net->data.count;
    *out = (basin_flops){.loss = f,
                         .gradient = 3.0 * f - f0,
                         .freeze = 2.0 * f - f0,
                         .product = 6.0 * f - 4.0 * f0,
                         .straight = 4.0 * f - 2.0 * f0,
                         .subspace = f - f0};
}

/* -------------------------------------------------------------------------------------------- creation -- */

static void destroy(void *ctx)
{
    basin_network *net = ctx;

    if (net == NULL) return;
    basin_plan_destroy(&net->plan);
    basin_params_destroy(&net->params);
    basin_loss_spec_clear(&net->loss);
    if (net->statistics.samples.x != net->data.x) {
        basin_free((void *)(uintptr_t)net->statistics.samples.x);
        basin_free((void *)(uintptr_t)net->statistics.samples.lanes);
    }
    basin_free(net->statistics.ends);
    basin_free((void *)(uintptr_t)net->data.x);
    basin_free((void *)(uintptr_t)net->data.lanes);
    basin_free((void *)(uintptr_t)net->data.classes);
    basin_free((void *)(uintptr_t)net->data.values);
    basin_weights_destroy(&net->weights);
    basin_workers_destroy(&net->workers);
    basin_free(net);
}

static const basin_objective_type network_type = {
    .name = "network",
    .loss = basin_network_loss,
    .gradient = basin_network_gradient,
    .subspace = basin_network_subspace,
    .freeze = basin_network_freeze,
    .product = basin_network_product,
    .rows = basin_network_rows,
    .root = basin_network_root,
    .back = basin_network_back,
    .thaw = basin_network_thaw,
    .provision = basin_network_provision,
    .requirement = basin_network_requirement,
    .crossings = basin_network_crossings,
    .features = basin_network_features,
    .flops = flops,
    .destroy = destroy,
};

/* Inputs of rows [batch->count] in the engine's precision. */
static basin_status copy_inputs(const basin_network *net, const basin_dataset *data, const size_t *rows,
                                basin_batch *batch)
{
    basin_status      st = BASIN_OK;
    const basin_slot *input = &net->plan->slots[net->plan->input];
    const char       *file = data->path != NULL ? data->path : "data";
    size_t            width;
    real             *x = NULL;

    /* a flat input takes samples of any shape with as many elements: flattening is unambiguous */
    BASIN_CHECK(
        basin_shape_size(data->shape, data->rank, &width) && width == input->width &&
            (input->rank == 1 || basin_shape_equal(data->shape, data->rank, input->shape, input->rank)),
        BASIN_ERR_SHAPE, "%s: /inputs: the graph expects samples of shape %s, the file has %s", file,
        BASIN_SHAPE_TEXT(input->shape, input->rank), BASIN_SHAPE_TEXT(data->shape, data->rank));
    BASIN_ALLOC(x, batch->count * width, "inputs");
    batch->x = x;
    for (size_t i = 0; i < batch->count; i++)
        for (size_t j = 0; j < width; j++) {
            double value = data->inputs[rows[i] * width + j];
            BASIN_CHECK(isfinite(value), BASIN_ERR_VALUE, "%s: /inputs: row %zu holds %g", file, rows[i],
                        value);
            x[i * width + j] = (real)value;
        }
    BASIN_TRY(basin_network_lanes(net, batch));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- targets -- */

/* How the targets at hand fit the output: each of its `positions` has `classes` numbers along the last
   axis. */
typedef struct target_shape {
    const basin_slot *output;
    const char       *file;
    size_t            positions, classes;
} target_shape;

static basin_status match_targets(const basin_network *net, const basin_dataset *data, target_shape *out)
{
    basin_status      st = BASIN_OK;
    target_shape      t = {.output = &net->plan->slots[net->plan->output],
                           .file = data->path != NULL ? data->path : "data"};
    const basin_slot *y = t.output;

    t.classes = y->rank > 0 ? y->shape[y->rank - 1] : 1;
    t.positions = y->width / t.classes;
    BASIN_CHECK(net->loss.weight_count == 0 || net->loss.weight_count == t.classes, BASIN_ERR_SHAPE,
                "the loss has %zu weights, the network's output %s of shape %s a sample has %zu classes",
                net->loss.weight_count, net->plan->graph->output, BASIN_SHAPE_TEXT(y->shape, y->rank),
                t.classes);
    BASIN_CHECK(data->classes != NULL || net->loss.kind != BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, BASIN_ERR_VALUE,
                "%s: /targets: loss %s needs class indices, the file has %zu real values a sample", t.file,
                basin_loss_name(net->loss.kind), data->value_count);
    BASIN_CHECK(data->classes == NULL || basin_dataset_tokens(data) == t.positions, BASIN_ERR_SHAPE,
                "%s: /targets: the network's output %s of shape %s a sample takes %zu class%s a sample, the "
                "file has %zu",
                t.file, net->plan->graph->output, BASIN_SHAPE_TEXT(y->shape, y->rank), t.positions,
                t.positions == 1 ? "" : "es", basin_dataset_tokens(data));
    BASIN_CHECK(data->classes != NULL || data->value_count == y->width, BASIN_ERR_SHAPE,
                "%s: /targets: the network has %zu outputs, the file %zu values a sample", t.file, y->width,
                data->value_count);
    *out = t;
done:
    return st;
}

/* One class of row `row`: below C, or the one that does not count. */
static basin_status check_class(const basin_loss_spec *loss, const target_shape *t, size_t row, size_t token,
                                int64_t c)
{
    char where[64] = "";

    if (loss->ignores && c == loss->ignore_index) return BASIN_OK;
    if (c >= 0 && (uint64_t)c < t->classes) return BASIN_OK;
    if (t->positions > 1) snprintf(where, sizeof where, ", token %zu", token);
    if (c >= 0)
        return basin_fail(BASIN_ERR_VALUE,
                          "%s: /targets: row %zu%s is class %lld, but the network has %zu outputs", t->file,
                          row, where, (long long)c, t->classes);
    if (loss->ignores)
        return basin_fail(BASIN_ERR_VALUE,
                          "%s: /targets: row %zu%s is class %lld, neither one of %zu classes nor the loss's "
                          "ignore_index %lld",
                          t->file, row, where, (long long)c, t->classes, (long long)loss->ignore_index);
    return basin_fail(
        BASIN_ERR_VALUE,
        "%s: /targets: row %zu%s is class %lld, and the loss has no ignore_index that would leave it out",
        t->file, row, where, (long long)c);
}

static basin_status copy_classes(basin_network *net, const basin_dataset *data, const size_t *rows,
                                 const target_shape *t)
{
    basin_status st = BASIN_OK;
    int64_t     *classes = NULL;

    BASIN_ALLOC(classes, net->data.count * t->positions, "targets");
    net->data.classes = classes;
    for (size_t i = 0; i < net->data.count; i++)
        for (size_t j = 0; j < t->positions; j++) {
            classes[i * t->positions + j] = data->classes[rows[i] * t->positions + j];
            BASIN_TRY(check_class(&net->loss, t, rows[i], j, classes[i * t->positions + j]));
        }
done:
    return st;
}

/* Class targets serve the losses of real values one-hot. */
static basin_status copy_values(basin_network *net, const basin_dataset *data, const size_t *rows,
                                const target_shape *t)
{
    basin_status st = BASIN_OK;
    size_t       width = t->output->width;
    real        *values = NULL;

    BASIN_ALLOC(values, net->data.count * width, "targets");
    net->data.values = values;
    for (size_t i = 0; i < net->data.count; i++)
        for (size_t j = 0; j < width; j++) {
            size_t  token = j / t->classes;
            int64_t c = data->classes != NULL ? data->classes[rows[i] * t->positions + token] : 0;
            if (data->classes != NULL) BASIN_TRY(check_class(&net->loss, t, rows[i], token, c));
            double target = data->classes != NULL ? (double)((size_t)c == j % t->classes)
                                                  : data->values[rows[i] * width + j];
            BASIN_CHECK(isfinite(target), BASIN_ERR_VALUE, "%s: /targets: row %zu holds %g", t->file, rows[i],
                        target);
            BASIN_CHECK(net->loss.kind != BASIN_LOSS_BCE_WITH_LOGITS || (target >= 0.0 && target <= 1.0),
                        BASIN_ERR_VALUE, "%s: /targets: row %zu holds %g, loss bce_with_logits needs [0, 1]",
                        t->file, rows[i], target);
            values[i * width + j] = (real)target;
        }
done:
    return st;
}

static basin_status copy_targets(basin_network *net, const basin_dataset *data, const size_t *rows)
{
    basin_status st = BASIN_OK;
    target_shape t;

    BASIN_TRY(match_targets(net, data, &t));
    net->data.positions = t.positions;
    BASIN_TRY((net->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY ? copy_classes : copy_values)(net, data,
                                                                                                rows, &t));
    net->data.weight = basin_loss_weight(&net->loss, &net->data, t.output->width);
    BASIN_CHECK(net->data.weight > 0.0, BASIN_ERR_VALUE,
                "%s: /targets: no target of these %zu samples counts: the loss would be 0/0", t.file,
                net->data.count);
done:
    return st;
}

/* ------------------------------------------------------------------------------------- check of inputs -- */

typedef struct check_state {
    basin_pass           pass;
    const basin_weights *weights;
} check_state;

/* The part of the network without parameters runs over chunk c, every op asked about its inputs first. */
static basin_status check_chunk(const check_state *state, size_t thread, const basin_chunk *chunk,
                                size_t *sample)
{
    basin_sweep      *sweep = state->pass.sweeps[thread];
    const basin_batch batch = basin_pass_bind(&state->pass, sweep, state->weights, NULL, chunk);

    for (size_t i = 0; i < sweep->plan->node_count; i++) {
        basin_node  *node = &sweep->nodes[i];
        basin_status st = node->check_data ? node->op->check(node, batch.count, sample) : BASIN_OK;
        if (st != BASIN_OK) return st;
        if (NODE_OUTPUT(node)->degree == 0) node->op->forward(node, batch.count, BASIN_MODE_LOSS);
    }
    return BASIN_OK;
}

/* Chunks that hold something wrong. */
static void check_fill(void *payload, size_t thread, size_t group, size_t count, real *reals, double *wrong)
{
    const check_state    *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    size_t                sample;

    (void)reals;
    for (size_t end = group + count; group < end; group++, wrong++)
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            *wrong += check_chunk(state, thread, &chunk, &sample) != BASIN_OK;
        }
}

/* The first thing that is wrong, in the order of samples, in words. */
static basin_status tell_first(const check_state *state, const char *file, const size_t *rows)
{
    basin_status          st = BASIN_OK;
    const basin_grouping *groups = &state->pass.groups;
    size_t                sample = 0;

    for (size_t group = 0; group < groups->groups; group++)
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            st = check_chunk(state, 0, &chunk, &sample);
            if (st != BASIN_OK)
                return basin_fail_within(st, "%s: /inputs: row %zu", file,
                                         rows[chunk.unit * groups->unit + sample]);
        }
    return st;
}

/* Values that an op cannot take, such as an index beyond a table, are found here and not by every evaluation.
 * What an op checks is of degree 0. */
static basin_status check_inputs(const basin_network *net, const basin_batch *samples,
                                 const basin_dataset *data, const size_t *rows)
{
    basin_status          st = BASIN_OK;
    const basin_pass_need need = {.samples = samples->count, .owns = BASIN_OWNS_KEPT, .doubles = 1};
    basin_workers        *workers = NULL;
    size_t                checks = 0;
    double                wrong = 0.0;

    for (size_t i = 0; i < net->plan->node_count; i++) checks += net->plan->nodes[i].check_data;
    if (checks == 0) return BASIN_OK;
    BASIN_TRY(basin_workers_create(net, &need, basin_workers_within(net, &need), &workers));
    check_state state = {.pass = basin_pass_over(net, samples, workers), .weights = net->weights};
    BASIN_TRY(basin_reduce(&(basin_reduction){.groups = state.pass.groups.groups,
                                              .doubles = 1,
                                              .fill = check_fill,
                                              .total = &wrong,
                                              .state = &state},
                           workers->tree, workers->threads));
    if (wrong > 0.0) BASIN_TRY(tell_first(&state, data->path != NULL ? data->path : "data", rows));
done:
    basin_workers_destroy(&workers);
    return st;
}

enum {
    CHUNK_REALS = 1 << 15, /* of the widest tensor of a chunk */
    CHUNK_HEAVY = 64       /* samples, where weights outweigh tensors */
};

/* Samples of the largest chunk; chunks have half as many at least, where samples are enough (samples.c). More
 * samples share what a weight costs on its way through the caches: 784-512-256-10 takes longer with 64
 * samples than with 256, and no less with 512; 10,000 samples are 32 chunks of it, one a group. Small
 * networks gain nothing beyond 128, which leaves threads enough groups. Images and sequences fill the cache
 * with few samples; but where the weights outweigh the tensors of so few, as of a ResNet-18 on small
 * pictures, they are what goes through the caches: 64 samples take 0.6 times as long as 16 there. */
static size_t chunk_size(const basin_plan *plan)
{
    size_t widest = 0, sum = 0, chunk = 256;

    for (size_t i = plan->input; i < plan->slot_count; i++) {
        const size_t width = plan->slots[i].batched ? plan->slots[i].width : 0;
        widest = width > widest ? width : widest;
        sum += width;
    }
    if (!plan->spatial) return widest <= 128 ? 128 : 320;
    if (widest <= 128) chunk = 128;
    while (chunk > BASIN_LANES && chunk * widest > CHUNK_REALS) chunk /= 2;
    while (chunk < CHUNK_HEAVY && chunk * sum < plan->params->size) chunk *= 2;
    return chunk;
}

/* A batch of BatchNormalization is one piece of work. */
static void set_chunk(basin_network *net, const basin_network_bn *bn, size_t count)
{
    const bool batches = bn->kind == BASIN_BN_BATCH;

    net->unit = !batches ? BASIN_LANES : bn->batch < count ? bn->batch : count;
    net->most = batches ? 1 : chunk_size(net->plan) / BASIN_LANES;
    net->chunk = net->most * net->unit;
}

/* The samples that statistics are estimated from: the objective's own, or others. */
static basin_status copy_statistics(basin_network *net, const basin_dataset *data, const basin_network_bn *bn)
{
    basin_status st = BASIN_OK;
    basin_batch *samples = &net->statistics.samples;

    *samples = (basin_batch){.count = net->data.count, .x = net->data.x, .lanes = net->data.lanes};
    if (bn->rows == NULL) return BASIN_OK;
    *samples = (basin_batch){.count = bn->count};
    BASIN_TRY(copy_inputs(net, data, bn->rows, samples));
    BASIN_TRY(check_inputs(net, samples, data, bn->rows));
done:
    return st;
}

/* The graph as it is decides what parameters are for, and is refused by its own names. Its stored
 * BatchNormalizations are folded into convolutions, others need their inputs; attention that is written out
 * becomes one node. */
static basin_status compile(basin_network *net, const basin_graph *graph, basin_bn kind)
{
    basin_status st = BASIN_OK;
    basin_graph *folded = NULL, *fused = NULL;

    BASIN_TRY(basin_plan_create(graph, kind == BASIN_BN_BATCH, &net->plan));
    BASIN_TRY(basin_params_copy(net->plan->params, &net->params));
    BASIN_TRY(basin_plan_scales(net->plan, net->params));
    if (kind == BASIN_BN_STORED && basin_graph_uses(graph, "BatchNormalization"))
        BASIN_TRY(basin_graph_fold(graph, &folded));
    BASIN_TRY(basin_fuse_attention(net->plan, folded != NULL ? folded : graph, &fused));
    if (folded != NULL || fused != NULL) {
        basin_plan_destroy(&net->plan);
        BASIN_TRY(basin_plan_create(fused != NULL ? fused : folded, kind == BASIN_BN_BATCH, &net->plan));
    }
    BASIN_TRY(basin_plan_pairs(net->plan, net->params));
done:
    basin_graph_destroy(&folded);
    basin_graph_destroy(&fused);
    return st;
}

/* With the loss's own normalisation of the output behind it. */
static basin_status compile_for(basin_network *net, const basin_graph *graph, basin_bn kind)
{
    basin_status st = BASIN_OK;
    basin_graph *normalised = NULL;

    BASIN_TRY(compile(net, graph, kind));
    if (!net->loss.normalizes) goto done;
    const basin_slot *y = &net->plan->slots[net->plan->output];
    BASIN_TRY(basin_graph_unit_logits(graph, y->rank > 0 ? y->shape[y->rank - 1] : 1, &normalised));
    basin_plan_destroy(&net->plan);
    basin_params_destroy(&net->params);
    BASIN_TRY(compile(net, normalised, kind));
done:
    basin_graph_destroy(&normalised);
    return st;
}

static basin_status create(const basin_graph *graph, const basin_loss_spec *spec, const basin_dataset *data,
                           const size_t *rows, size_t count, const basin_network_bn *bn, uint64_t seed,
                           basin_objective **out)
{
    basin_status   st = BASIN_OK;
    basin_network *net = NULL;

    BASIN_TRY(basin_loss_spec_check(spec));
    BASIN_ALLOC(net, 1, "network");
    BASIN_TRY(basin_loss_spec_copy(spec, &net->loss));
    BASIN_TRY(compile_for(net, graph, bn->kind));
    net->seed = seed;
    net->statistics.kind = bn->kind;
    net->data.count = count;
    set_chunk(net, bn, count);
    BASIN_TRY(basin_network_check_statistics(net));
    BASIN_TRY(copy_inputs(net, data, rows, &net->data));
    BASIN_TRY(copy_targets(net, data, rows));
    BASIN_TRY(basin_weights_create(net->plan, 0, &net->weights));
    BASIN_TRY(check_inputs(net, &net->data, data, rows));
    BASIN_TRY(copy_statistics(net, data, bn));
    BASIN_TRY(basin_objective_create(&network_type, net,
                                     &(basin_objective_facts){.size = net->plan->params->size,
                                                              .samples = count,
                                                              .params = net->params,
                                                              .epsilon = REAL_EPSILON},
                                     out));
    net = NULL;
done:
    destroy(net);
    return st;
}

static basin_status interpolate(void *ctx, size_t d, const basin_graph *const *ends, const double *at)
{
    return basin_network_ends(ctx, d, ends, at);
}

static bool facts(const basin_objective *objective, basin_network_facts *out)
{
    if (basin_objective_type_of(objective) != &network_type) return false;
    const basin_network *net = basin_objective_context(objective);
    out->width = net->plan->slots[net->plan->output].width;
    out->output = basin_network_outputs;
    out->ends = interpolate;
    return true;
}

static basin_status params(const basin_graph *graph, basin_params **out)
{
    basin_status st = BASIN_OK;
    basin_plan  *plan = NULL;

    BASIN_TRY(basin_plan_create(graph, false, &plan));
    *out = plan->params, plan->params = NULL;
done:
    basin_plan_destroy(&plan);
    return st;
}

/* Of the graph as it is, but that attention which is written out is one node. */
static basin_status symmetries(const basin_graph *graph, basin_symmetries **out)
{
    basin_status      st = BASIN_OK;
    basin_plan       *plan = NULL;
    basin_graph      *fused = NULL;
    basin_symmetries *found = NULL;

    BASIN_ALLOC(found, 1, "symmetries");
    BASIN_TRY(basin_plan_create(graph, false, &plan));
    BASIN_TRY(basin_params_copy(plan->params, &found->params));
    BASIN_TRY(basin_fuse_attention(plan, graph, &fused));
    if (fused != NULL) {
        basin_plan_destroy(&plan);
        BASIN_TRY(basin_plan_create(fused, false, &plan));
    }
    BASIN_TRY(basin_plan_pairs(plan, found->params));
    BASIN_TRY(basin_plan_units(plan, found));
    *out = found, found = NULL;
done:
    basin_symmetries_destroy(&found);
    basin_graph_destroy(&fused);
    basin_plan_destroy(&plan);
    return st;
}

const basin_engine REAL(basin_engine) = {
    .create = create, .facts = facts, .params = params, .symmetries = symmetries};
