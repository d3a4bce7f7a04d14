/* How many units of piecewise ops change their branch between two points. */
#include "engine/objective/workers.h"

#include <string.h>

#include "core/memory.h"

/* Does element l of the output lie on different branches? */
static bool crosses(basin_kink kink, real before, real after)
{
    switch (kink) {
    case BASIN_KINK_SIGN: return (before > 0) != (after > 0);
    case BASIN_KINK_SLOPE: return (before == 1) != (after == 1);
    case BASIN_KINK_BRANCH: return before != after;
    case BASIN_KINK_NONE: break;
    }
    return false;
}

/* Copies what tells the branches of all kinked nodes into `store`, or counts where they are other than
   there. */
static uint64_t compare_branches(const basin_sweep *sweep, size_t b, real *store, bool copy)
{
    uint64_t crossings = 0;

    for (size_t i = 0; i < sweep->plan->node_count; i++) {
        const basin_node *node = &sweep->nodes[i];
        const basin_slot *y = NODE_OUTPUT(node);
        if (node->op->kink == BASIN_KINK_NONE) continue;
        const size_t n = slot_rows(y, b) * slot_stride(y);
        const size_t full = y->batched ? b / y->lanes * slot_stride(y) : n;
        const real  *branch = node->op->kink == BASIN_KINK_SIGN ? y->v : node->work;
        if (copy) memcpy(store, branch, n * sizeof *store);
        for (size_t l = 0; l < n && !copy; l++) /* the last group's empty lanes do not count */
            crossings +=
                (l < full || l % y->lanes < b % y->lanes) && crosses(node->op->kink, store[l], branch[l]);
        store += n;
    }
    return crossings;
}

typedef struct crossings_state {
    basin_pass     pass;
    basin_weights *weights[2];
    real         **stores; /* [threads] branches at the first point */
} crossings_state;

static void crossings_fill(void *payload, size_t thread, size_t group, size_t count, real *reals,
                           double *crossings)
{
    const crossings_state *state = payload;
    const basin_grouping  *groups = &state->pass.groups;
    basin_sweep           *sweep = state->pass.sweeps[thread];

    (void)reals;
    for (size_t end = group + count; group < end; group++, crossings++)
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++)
            for (int i = 0; i < 2; i++) {
                const basin_chunk chunk = basin_chunk_at(groups, group, c);
                const basin_batch batch =
                    basin_pass_bind(&state->pass, sweep, state->weights[i], NULL, &chunk);
                basin_sweep_forward(sweep, batch.count, BASIN_MODE_GRADIENT, 0, 2);
                *crossings += (double)compare_branches(sweep, batch.count, state->stores[thread], i == 0);
            }
}

basin_status basin_network_crossings(void *ctx, const basin_samples *s, const double *a, const double *b,
                                     uint64_t *out)
{
    basin_status    st = BASIN_OK;
    basin_network  *net = ctx;
    basin_batch     data = {0};
    basin_tree     *tree = NULL;
    crossings_state state = {0};
    size_t          threads = 0;
    double          count = 0.0;

    BASIN_TRY(basin_network_gather(net, s, &data));
    BASIN_TRY(basin_network_workers(net));
    state.pass = basin_pass_over(net, &data, net->workers);
    BASIN_ALLOC(state.stores, net->workers->threads, "slopes");
    for (; threads < net->workers->threads; threads++)
        BASIN_ALLOC(state.stores[threads], basin_extent_size(&net->plan->kept, net->chunk), "slopes");
    for (int i = 0; i < 2; i++) {
        BASIN_TRY(basin_weights_create(net->plan, 0, &state.weights[i]));
        BASIN_TRY(basin_network_set(net, state.weights[i], i == 0 ? a : b));
    }
    BASIN_TRY(basin_tree_create(state.pass.groups.groups, threads, 0, 1, &tree));
    BASIN_TRY(basin_reduce(&(basin_reduction){.groups = state.pass.groups.groups,
                                              .doubles = 1,
                                              .fill = crossings_fill,
                                              .total = &count,
                                              .state = &state},
                           tree, threads));
    *out = (uint64_t)count;
done:
    basin_network_release(net, &data);
    basin_weights_destroy(&state.weights[0]);
    basin_weights_destroy(&state.weights[1]);
    for (size_t t = 0; t < threads; t++) basin_free(state.stores[t]);
    basin_free(state.stores);
    basin_tree_destroy(&tree);
    return st;
}
