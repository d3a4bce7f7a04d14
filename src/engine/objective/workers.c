#include "engine/objective/workers.h"

#include "core/memory.h"

size_t basin_workers_threads(const basin_network *net, size_t samples)
{
    const size_t groups = basin_group_samples(net, samples).groups;

    return basin_threads() < groups ? basin_threads() : groups;
}

size_t basin_workers_bytes(const basin_network *net, const basin_pass_need *need, size_t threads)
{
    return basin_block_bytes(1, sizeof(basin_workers)) + basin_block_bytes(threads, sizeof(basin_sweep *)) +
           threads * (basin_sweep_bytes(net->plan, net->chunk, need->k, need->owns) + need->beside) +
           basin_tree_bytes(basin_group_samples(net, need->samples).groups, threads, need->reals,
                            need->doubles);
}

size_t basin_workers_within(const basin_network *net, const basin_pass_need *need)
{
    const size_t left = basin_memory_left();
    size_t       threads = basin_workers_threads(net, need->samples);

    while (threads > 1 && basin_workers_bytes(net, need, threads) > left) threads--;
    return threads;
}

void basin_workers_destroy(basin_workers **workers)
{
    basin_workers *w = *workers;

    if (w == NULL) return;
    for (size_t i = 0; w->sweeps != NULL && i < w->threads; i++) basin_sweep_destroy(&w->sweeps[i]);
    basin_free(w->sweeps);
    basin_tree_destroy(&w->tree);
    basin_free(w);
    *workers = NULL;
}

basin_status basin_workers_create(const basin_network *net, const basin_pass_need *need, size_t threads,
                                  basin_workers **out)
{
    basin_status   st = BASIN_OK;
    basin_workers *w = NULL;

    BASIN_ALLOC(w, 1, "threads");
    w->threads = threads;
    BASIN_ALLOC(w->sweeps, threads, "sweeps");
    for (size_t i = 0; i < threads; i++)
        BASIN_TRY(basin_sweep_create(net->plan, net->chunk, need->k, need->owns, &w->sweeps[i]));
    BASIN_TRY(basin_tree_create(basin_group_samples(net, need->samples).groups, threads, need->reals,
                                need->doubles, &w->tree));
    *out = w, w = NULL;
done:
    basin_workers_destroy(&w);
    return st;
}

basin_status basin_network_workers(basin_network *net)
{
    basin_status          st = BASIN_OK;
    const basin_pass_need need = {.samples = net->data.count,
                                  .owns = BASIN_OWNS_KEPT,
                                  .reals = net->plan->params->size,
                                  .doubles = BASIN_LOSS_SUMS};
    basin_workers        *workers = NULL;
    size_t                threads = basin_workers_threads(net, net->data.count);

    if (net->workers != NULL && net->workers->threads >= threads) return BASIN_OK;
    threads = basin_workers_within(net, &need);
    if (net->workers != NULL && net->workers->threads >= threads) return BASIN_OK;
    BASIN_TRY(basin_workers_create(net, &need, threads, &workers));
    basin_workers_destroy(&net->workers);
    net->workers = workers;
done:
    return st;
}

basin_pass basin_pass_over(const basin_network *net, const basin_batch *data, const basin_workers *workers)
{
    return (basin_pass){
        .net = net, .data = data, .groups = basin_group_samples(net, data->count), .sweeps = workers->sweeps};
}

basin_batch basin_pass_bind(const basin_pass *pass, basin_sweep *sweep, const basin_weights *weights,
                            real *kept, const basin_chunk *chunk)
{
    const basin_batch batch = basin_chunk_of(pass->net, pass->data, &pass->groups, chunk);

    basin_sweep_bind(sweep, weights, kept, &batch);
    return batch;
}
