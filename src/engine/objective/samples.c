/* Samples, units, groups, chunks.
 *
 * A group is what one thread sums in the engine's precision, without help; groups are added in double, as a
 * tree has it (reduction.c). So groups decide the bits, and with them how many threads find work: their
 * number is the first power of two that lets every group be one chunk, and units are dealt out evenly, so
 * that groups differ by one unit at most and every power of two of threads has as much to do. From MANY
 * groups on they grow to some chunks, which cost a sum less than another group, and then in number again,
 * since in single precision a group should not sum more than FULL chunks.
 *
 * All of it is a function of the model and the number of samples, never of threads or memory.
 */
#include "engine/objective/samples.h"

#include <string.h>

#include "core/memory.h"
#include "engine/kernels/normalise.h"

enum { MANY = 128, FULL = 16 };

/* The first power of two of pieces of so many units at most, up to `most` pieces. */
static size_t power_of_pieces(size_t units, size_t each, size_t most)
{
    size_t power = 1;

    while (power < most && power * each < units) power *= 2;
    return power;
}

basin_grouping basin_group_samples(const basin_network *net, size_t samples)
{
    basin_grouping g = {
        .samples = samples, .unit = net->unit, .units = (samples + net->unit - 1) / net->unit};
    const size_t full = power_of_pieces(g.units, FULL * net->most, SIZE_MAX / 2);

    g.groups = full > MANY ? full : power_of_pieces(g.units, net->most, MANY);
    while ((size_t)1 << g.shift < g.groups) g.shift++;
    g.less = g.units >> g.shift;
    for (size_t more = 0; more < 2; more++) g.pieces[more] = (g.less + more + net->most - 1) / net->most;
    g.chunks = basin_group_chunk(&g, g.groups);
    return g;
}

size_t basin_group_unit(const basin_grouping *g, size_t group)
{
    return group * g->units >> g->shift;
}

size_t basin_group_chunk(const basin_grouping *g, size_t group)
{
    const size_t larger = basin_group_unit(g, group) - group * g->less;

    return (group - larger) * g->pieces[0] + larger * g->pieces[1];
}

basin_chunk basin_chunk_at(const basin_grouping *g, size_t group, size_t number)
{
    const size_t unit = basin_group_unit(g, group), units = basin_group_unit(g, group + 1) - unit;
    const size_t pieces = g->pieces[units - g->less], piece = number - basin_group_chunk(g, group);

    return (basin_chunk){
        .number = number, .unit = unit + piece * units / pieces, .end = unit + (piece + 1) * units / pieces};
}

size_t basin_chunk_largest(const basin_grouping *g)
{
    const bool   even = g->less << g->shift == g->units;
    const size_t largest = g->less > 0 ? (g->less - 1) / g->pieces[0] + 1 : 0;
    const size_t larger = g->less / g->pieces[1] + 1;

    return !even && larger > largest ? larger : largest;
}

/* Of a unit: the last one may have fewer than the others. */
static size_t samples_of(const basin_grouping *g, size_t unit)
{
    return unit + 1 < g->units ? g->unit : g->samples - unit * g->unit;
}

static size_t rows_of(size_t samples)
{
    return (samples + BASIN_LANES - 1) / BASIN_LANES;
}

size_t basin_rows_before(const basin_grouping *g, size_t unit)
{
    if (unit < g->units) return unit * rows_of(g->unit);
    return (g->units - 1) * rows_of(g->unit) + rows_of(samples_of(g, g->units - 1));
}

basin_batch basin_chunk_of(const basin_network *net, const basin_batch *data, const basin_grouping *g,
                           const basin_chunk *chunk)
{
    const size_t in = net->plan->slots[net->plan->input].width;
    const size_t out = net->plan->slots[net->plan->output].width;
    const size_t start = chunk->unit * g->unit, end = chunk->end * g->unit;

    return (basin_batch){
        .count = (end < g->samples ? end : g->samples) - start,
        .positions = data->positions,
        .x = data->x + start * in,
        .lanes =
            data->lanes != NULL ? data->lanes + basin_rows_before(g, chunk->unit) * in * BASIN_LANES : NULL,
        .classes = data->classes != NULL ? data->classes + start * data->positions : NULL,
        .values = data->values != NULL ? data->values + start * out : NULL,
        .weight = data->weight,
    };
}

basin_status basin_network_lanes(const basin_network *net, basin_batch *batch)
{
    basin_status         st = BASIN_OK;
    const basin_grouping groups = basin_group_samples(net, batch->count);
    const size_t         width = net->plan->slots[net->plan->input].width;
    real                *lanes;

    if (net->plan->lanes == BASIN_NONE) return BASIN_OK;
    BASIN_ALLOC(lanes, basin_rows_before(&groups, groups.units) * width * BASIN_LANES, "inputs");
    for (size_t unit = 0; unit < groups.units; unit++) {
        const size_t start = unit * groups.unit, count = samples_of(&groups, unit);
        basin_to_lanes(batch->x + start * width, count, width,
                       lanes + basin_rows_before(&groups, unit) * width * BASIN_LANES);
    }
    batch->lanes = lanes;
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- subsets -- */

/* A channel of one number has no variance. */
static basin_status check_batches(const basin_network *net, const basin_node *node, size_t samples)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X);
    const size_t      size = net->unit, rest = samples % size, last = rest > 0 ? rest : size;
    const size_t      space = x->width / x->shape[0];

    if (last * space > 1 && (size * space > 1 || samples < size)) return BASIN_OK;
    return basin_node_fail(
        node, BASIN_ERR_VALUE,
        "a batch of 1 sample has one number a channel, no variance: %zu samples in batches of %zu leave %zu",
        samples, size, last);
}

basin_status basin_network_check_batches(const basin_network *net, size_t samples)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < net->plan->node_count && net->plan->batch_statistics; i++)
        if (basin_is_batch_norm(&net->plan->nodes[i]))
            BASIN_TRY(check_batches(net, &net->plan->nodes[i], samples));
done:
    return st;
}

/* The samples asked for: all, or a gathered copy that the caller releases. */
basin_status basin_network_gather(const basin_network *net, const basin_samples *s, basin_batch *out)
{
    basin_status st = BASIN_OK;
    size_t       in = net->plan->slots[net->plan->input].width;
    size_t       width = net->plan->slots[net->plan->output].width, tokens = net->data.positions;
    real        *x = NULL, *values = NULL;
    int64_t     *classes = NULL;

    if (s == NULL) {
        *out = net->data;
        return BASIN_OK;
    }
    BASIN_CHECK(s->count > 0, BASIN_ERR_ARG, "a subset without samples");
    for (size_t i = 0; i < s->count; i++)
        BASIN_CHECK(s->index[i] < net->data.count, BASIN_ERR_ARG, "sample %zu of %zu", s->index[i],
                    net->data.count);
    BASIN_TRY(basin_network_check_batches(net, s->count));
    BASIN_ALLOC(x, s->count * in, "samples");
    if (net->data.classes != NULL) BASIN_ALLOC(classes, s->count * tokens, "targets");
    if (net->data.values != NULL) BASIN_ALLOC(values, s->count * width, "targets");
    for (size_t i = 0; i < s->count; i++) {
        memcpy(x + i * in, net->data.x + s->index[i] * in, in * sizeof *x);
        if (classes != NULL)
            memcpy(classes + i * tokens, net->data.classes + s->index[i] * tokens, tokens * sizeof *classes);
        if (values != NULL)
            memcpy(values + i * width, net->data.values + s->index[i] * width, width * sizeof *values);
    }
    basin_batch batch = {
        .count = s->count, .positions = tokens, .x = x, .classes = classes, .values = values};
    batch.weight = basin_loss_weight(&net->loss, &batch, width);
    BASIN_CHECK(batch.weight > 0.0, BASIN_ERR_VALUE,
                "no target of these %zu samples counts: the loss would be 0/0", s->count);
    BASIN_TRY(basin_network_lanes(net, &batch));
    *out = batch;
    x = values = NULL, classes = NULL;
done:
    basin_free(x);
    basin_free(values);
    basin_free(classes);
    return st;
}

void basin_network_release(const basin_network *net, basin_batch *batch)
{
    if (batch->x == net->data.x) return;
    basin_free((void *)(uintptr_t)batch->x);
    basin_free((void *)(uintptr_t)batch->lanes);
    basin_free((void *)(uintptr_t)batch->classes);
    basin_free((void *)(uintptr_t)batch->values);
    *batch = (basin_batch){0};
}
