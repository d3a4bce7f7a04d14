/* The one place where chunks of samples are summed.
 *
 * Chunks have a fixed size (a function of the model), and consecutive chunks form fixed groups (a function of
 * N). A thread takes a group, sums its chunks in order, and adds its part to the total when the group's turn
 * comes. So the bits of every sum are the same for any number of threads, and memory is threads × k × P. BLAS
 * is single-threaded inside.
 */
#include "engine/objective/network.h"

#include <omp.h>
#include <string.h>

#include "core/memory.h"
#include "core/progress.h"
#include "engine/kernels/normalise.h"

/* Of eight chunks and more, as many groups for each of two, four or eight threads. They add to one total,
   which goes from core to core, so they are few. */
enum { CHUNKS_PER_GROUP = 20, EVEN = 8 };

basin_grouping basin_group_samples(const basin_network *net, size_t samples)
{
    basin_grouping g = {
        .samples = samples, .chunk = net->chunk, .chunks = (samples + net->chunk - 1) / net->chunk};

    g.groups = (g.chunks + CHUNKS_PER_GROUP * EVEN - 1) / (CHUNKS_PER_GROUP * EVEN) * EVEN;
    if (g.groups > g.chunks) g.groups = g.chunks;
    return g;
}

size_t basin_first_chunk(const basin_grouping *g, size_t group)
{
    return group * g->chunks / g->groups;
}

/* Numbers of so many samples' inputs in lanes. */
static size_t lanes_of_chunk(const basin_network *net, size_t samples)
{
    const basin_slot *input = &net->plan->slots[net->plan->input];
    return (samples + BASIN_LANES - 1) / BASIN_LANES * input->width * BASIN_LANES;
}

/* Samples of chunk c out of `data`. */
basin_batch basin_chunk_of(const basin_network *net, const basin_batch *data, size_t c)
{
    size_t in = net->plan->slots[net->plan->input].width, out = net->plan->slots[net->plan->output].width;
    size_t start = c * net->chunk;

    return (basin_batch){
        .count = data->count - start < net->chunk ? data->count - start : net->chunk,
        .positions = data->positions,
        .x = data->x + start * in,
        .lanes = data->lanes != NULL ? data->lanes + c * lanes_of_chunk(net, net->chunk) : NULL,
        .classes = data->classes != NULL ? data->classes + start * data->positions : NULL,
        .values = data->values != NULL ? data->values + start * out : NULL,
        .weight = data->weight,
    };
}

basin_status basin_reduce(const basin_reduction *job, size_t threads)
{
    bool stop = false;

#pragma omp parallel for ordered schedule(dynamic, 1) num_threads((int)threads)
    for (size_t group = 0; group < job->groups.groups; group++) {
        bool   stopped;
        size_t thread = (size_t)omp_get_thread_num();
#pragma omp atomic read
        stopped = stop;
        if (!stopped && thread == 0 && basin_progress_poll() != BASIN_OK) {
#pragma omp atomic write
            stop = true;
        }
        if (!stopped) job->sweep_group(job, job->sweeps[thread], group, thread);
#pragma omp ordered
        {
            if (!stopped && job->add_group != NULL) job->add_group(job, job->sweeps[thread]);
        }
    }
    return stop ? basin_progress_poll() : BASIN_OK;
}

basin_status basin_network_lanes(const basin_network *net, basin_batch *batch)
{
    basin_status st = BASIN_OK;
    const size_t chunks = basin_group_samples(net, batch->count).chunks;
    const size_t each = lanes_of_chunk(net, net->chunk);
    real        *lanes;

    if (net->plan->lanes == BASIN_NONE) return BASIN_OK;
    BASIN_ALLOC(lanes, (chunks - 1) * each + lanes_of_chunk(net, batch->count - (chunks - 1) * net->chunk),
                "inputs");
    for (size_t c = 0; c < chunks; c++) {
        const basin_batch chunk = basin_chunk_of(net, batch, c);
        basin_to_lanes(chunk.x, chunk.count, net->plan->slots[net->plan->input].width, lanes + c * each);
    }
    batch->lanes = lanes;
done:
    return st;
}

/* A channel of one number has no variance. */
static basin_status check_batches(const basin_network *net, const basin_node *node, size_t samples)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X);
    const size_t      size = net->chunk, rest = samples % size, last = rest > 0 ? rest : size;
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

void basin_sweeps_destroy(basin_sweep **sweeps, size_t count)
{
    for (size_t i = 0; sweeps != NULL && i < count; i++) basin_sweep_destroy(&sweeps[i]);
    basin_free(sweeps);
}

basin_status basin_sweeps_create(const basin_network *net, size_t threads, size_t k, bool own_kept,
                                 basin_sweep ***out)
{
    basin_status  st = BASIN_OK;
    basin_sweep **sweeps = NULL;

    BASIN_ALLOC(sweeps, threads, "sweeps");
    for (size_t i = 0; i < threads; i++)
        BASIN_TRY(basin_sweep_create(net->plan, net->chunk, k, own_kept, &sweeps[i]));
    *out = sweeps, sweeps = NULL;
done:
    basin_sweeps_destroy(sweeps, threads);
    return st;
}

size_t basin_network_threads(const basin_network *net, size_t samples)
{
    size_t groups = basin_group_samples(net, samples).groups;
    return basin_threads() < groups ? basin_threads() : groups;
}

size_t basin_network_threads_within(const basin_network *net, size_t samples, size_t bytes)
{
    const size_t threads = basin_network_threads(net, samples), fit = basin_memory_left() / bytes;
    return fit < 1 ? 1 : threads < fit ? threads : fit;
}

/* The sweeps of loss and gradient are kept from call to call. */
basin_status basin_network_sweeps(basin_network *net, size_t *threads)
{
    basin_status  st = BASIN_OK;
    basin_sweep **sweeps = NULL;

    *threads = basin_network_threads(net, net->data.count);
    if (net->sweep_count < *threads) {
        size_t fit = basin_network_threads_within(net, net->data.count,
                                                  basin_sweep_bytes(net->plan, net->chunk, 0, true));
        *threads = fit > net->sweep_count ? fit : net->sweep_count;
    }
    if (net->sweep_count >= *threads) return BASIN_OK;
    BASIN_TRY(basin_sweeps_create(net, *threads, 0, true, &sweeps));
    basin_sweeps_destroy(net->sweeps, net->sweep_count);
    net->sweeps = sweeps;
    net->sweep_count = *threads;
done:
    return st;
}

void basin_loss_add(basin_loss *total, const basin_loss *part)
{
    total->sum += part->sum;
    total->correct += part->correct;
    total->count += part->count;
}
