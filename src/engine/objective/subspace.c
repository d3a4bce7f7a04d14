/* Losses on theta + sum_j c_j d_j. Slots of degree <= 1 are v + sum_j c_j v_j: their nodes run once a chunk,
 * at theta and along the d directions, and each point is a sum of what is stored, then the rest of the
 * network. For a first dense layer that is 1 + d products with it instead of one a point.
 *
 *   for each group:   for each chunk: affine part forward and tangent, store the slots at its border for each
 *                     point: weights of the rest at the point; for each chunk: border slots, rest forward,
 *                     loss
 *
 * Points of a grid come line by line along its first direction: of each line the border along the others is
 * summed once, which is a quarter of what the caches have to move.
 */
#include "engine/objective/network.h"

#include <string.h>

#include "core/memory.h"
#include "core/progress.h"

typedef struct subspace_state {
    const basin_weights *weights; /* theta and the d directions */
    const double        *theta, *dirs, *coef;
    size_t               d, n;
    basin_weights      **points; /* one a thread */
    real               **stores; /* one a thread: the border of chunk after chunk */
    size_t               span;   /* chunks that fit a store */
    bool                *border; /* [slots] */
    bool                *rest;   /* [slots] parameters that the rest reads */
    basin_loss          *losses; /* [groups, n] */
} subspace_state;

static void mark_border(const basin_plan *plan, bool *border, bool *rest)
{
    for (size_t i = 0; i < plan->node_count; i++) {
        const basin_node *node = &plan->nodes[i];
        if (plan->slots[node->output].degree < 2) continue;
        for (size_t j = 0; j < node->input_count; j++) {
            if (!node_has(node, j)) continue;
            const basin_slot *slot = &plan->slots[node->input[j]];
            if (slot_is_param(slot))
                rest[node->input[j]] = true;
            else if (slot->degree < 2 && !basin_plan_is_input(plan, node->input[j]) && !slot_is_leaf(slot))
                border[node->input[j]] = true;
        }
    }
    if (plan->slots[plan->output].degree < 2) border[plan->output] = true;
}

/* A stored slot of n numbers for each vector: values, its line, tangents [rows, d, stride]. One direction's
   line are the values. */
static size_t slot_tangents(const basin_slot *slot, size_t d)
{
    return slot->degree > 0 ? d : 0;
}

static size_t slot_arrays(const basin_slot *slot, size_t d)
{
    const size_t tangents = slot_tangents(slot, d);

    return tangents > 1 ? tangents + 2 : tangents + 1;
}

/* Numbers of the border for b samples. */
static size_t border_size(const basin_plan *plan, const bool *border, size_t d, size_t b)
{
    size_t size = 0;

    for (size_t i = 0; i < plan->slot_count; i++) {
        const basin_slot *slot = &plan->slots[i];
        if (border[i]) size += slot_arrays(slot, d) * slot_rows(slot, b) * slot_stride(slot);
    }
    return size;
}

static real *store_border(const subspace_state *state, const basin_sweep *sweep, size_t b, real *store)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        const basin_slot *slot = &sweep->slots[i];
        if (!state->border[i]) continue;
        const size_t n = slot_rows(slot, b) * slot_stride(slot), tangents = slot_tangents(slot, state->d);
        const size_t arrays = slot_arrays(slot, state->d);
        memcpy(store, slot->v, n * sizeof *store);
        if (tangents > 0) memcpy(store + (arrays - tangents) * n, slot->d, tangents * n * sizeof *store);
        store += arrays * n;
    }
    return store;
}

/* to = from + c times tangents [rows, d, stride], in place or not. */
static void step_along(const real *from, real c, const real *tangent, size_t rows, size_t d, size_t stride,
                       real *to)
{
    for (size_t r = 0; r < rows; r++, from += stride, tangent += d * stride, to += stride)
        for (size_t l = 0; l < stride; l++) to[l] = from[l] + c * tangent[l];
}

/* The border at a point; `turns`: its line is another than the last one's. */
static real *load_border(const subspace_state *state, basin_sweep *sweep, size_t b, const double *coef,
                         bool turns, real *store)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        const basin_slot *slot = &sweep->slots[i];
        if (!state->border[i]) continue;
        const size_t rows = slot_rows(slot, b), stride = slot_stride(slot), n = rows * stride;
        const size_t d = slot_tangents(slot, state->d), arrays = slot_arrays(slot, state->d);
        real        *tangents = store + (arrays - d) * n, *line = d > 1 ? store + n : store;
        for (size_t j = 1; j < d && turns; j++)
            step_along(j == 1 ? store : line, (real)coef[j], tangents + j * stride, rows, d, stride, line);
        if (d > 0)
            step_along(line, (real)coef[0], tangents, rows, d, stride, slot->v);
        else
            memcpy(slot->v, store, n * sizeof *store);
        store += arrays * n;
    }
    return store;
}

/* Does point p lie on another line along the first direction than the one before it? */
static bool turns_at(const subspace_state *state, size_t p)
{
    const double *coef = state->coef + p * state->d;

    for (size_t j = 1; j < state->d; j++)
        if (p == 0 || coef[j] != coef[j - state->d]) return true;
    return false;
}

/* Rounds once: the point is formed in double. */
static void set_point(const subspace_state *state, const basin_plan *plan, const double *coef, real *theta)
{
    size_t size = plan->params->size;

    for (size_t i = 0; i < plan->params->count; i++) {
        const basin_block *block = &plan->params->blocks[i];
        if (!state->rest[i]) continue;
        for (size_t l = block->offset; l < block->offset + block->size; l++) {
            double x = state->theta[l];
            for (size_t j = 0; j < state->d; j++) x += coef[j] * state->dirs[j * size + l];
            theta[l] = (real)x;
        }
    }
}

/* The affine part of chunks [from, to), then every point on them. */
static void subspace_chunks(const basin_reduction *job, basin_sweep *sweep, size_t from, size_t to,
                            size_t thread, basin_loss *losses)
{
    const subspace_state *state = job->state;
    const basin_network  *net = job->net;
    basin_weights        *point = state->points[thread];
    real                 *store = state->stores[thread];

    for (size_t c = from; c < to; c++) {
        basin_batch batch = basin_chunk_of(net, job->data, c);
        basin_sweep_bind(sweep, state->weights, NULL, &batch);
        basin_sweep_forward(sweep, batch.count, BASIN_MODE_LOSS, 0, 1);
        if (state->d > 0) basin_sweep_forward_dot(sweep, batch.count, state->d, 1);
        store = store_border(state, sweep, batch.count, store);
    }
    for (size_t p = 0; p < state->n; p++) {
        const double *coef = state->coef + p * state->d;
        const bool    turns = turns_at(state, p);
        real         *stored = state->stores[thread];
        set_point(state, net->plan, coef, point->theta);
        for (size_t c = from; c < to; c++) {
            basin_batch batch = basin_chunk_of(net, job->data, c);
            basin_sweep_bind(sweep, point, NULL, &batch);
            stored = load_border(state, sweep, batch.count, coef, turns, stored);
            basin_sweep_forward(sweep, batch.count, BASIN_MODE_LOSS, 2, 2);
            basin_loss_forward(&net->loss, &batch, SWEEP_OUTPUT(sweep)->v, SWEEP_OUTPUT(sweep)->width,
                               &losses[p], NULL, NULL);
        }
    }
}

static void subspace_group(const basin_reduction *job, basin_sweep *sweep, size_t group, size_t thread)
{
    const subspace_state *state = job->state;
    size_t                end = basin_first_chunk(&job->groups, group + 1);

    for (size_t c = basin_first_chunk(&job->groups, group); c < end; c += state->span)
        subspace_chunks(job, sweep, c, c + state->span < end ? c + state->span : end, thread,
                        state->losses + group * state->n);
}

enum { STORE_REALS = 1 << 22 }; /* a thread's border of some chunks; at least one */

/* Chunks of `size` reals that each thread's store takes: a group's, or as many as are few enough and fit
 * beside what the threads take with one, `bytes` each. */
static size_t span_of(const basin_grouping *groups, size_t size, size_t threads, size_t bytes)
{
    const size_t left = basin_memory_left();
    const size_t more = left > threads * bytes ? (left - threads * bytes) / threads : 0;
    const size_t span = groups->chunks / groups->groups + 1, most = STORE_REALS / (size + 1) + 1;
    const size_t fit = more / ((size + 1) * sizeof(real)) + 1;

    return span < most && span < fit ? span : most < fit ? most : fit;
}

static basin_status subspace_block(basin_network *net, const basin_batch *data, const subspace_state *shared,
                                   basin_loss *out)
{
    basin_status         st = BASIN_OK;
    subspace_state       state = *shared;
    const basin_grouping groups = basin_group_samples(net, data->count);
    size_t               threads = 0, bytes;
    size_t               chunk_size = border_size(net->plan, state.border, state.d, net->chunk);
    basin_sweep        **sweeps = NULL;

    BASIN_ALLOC(state.losses, groups.groups * state.n, "losses");
    bytes = basin_sweep_bytes(net->plan, net->chunk, state.d, true) + basin_weights_bytes(net->plan, 0) +
            chunk_size * sizeof(real);
    threads = basin_network_threads_within(net, data->count, bytes);
    state.span = span_of(&groups, chunk_size, threads, bytes);
    BASIN_ALLOC(state.points, threads, "points");
    BASIN_ALLOC(state.stores, threads, "activations");
    BASIN_TRY(basin_sweeps_create(net, threads, state.d, true, &sweeps));
    for (size_t t = 0; t < threads; t++) {
        BASIN_TRY(basin_weights_create(net->plan, 0, &state.points[t]));
        memcpy(state.points[t]->buffers, state.weights->buffers,
               net->plan->buffers * sizeof *state.weights->buffers);
        BASIN_ALLOC(state.stores[t], state.span * chunk_size, "activations");
    }
    BASIN_TRY(basin_reduce(&(basin_reduction){.net = net,
                                              .data = data,
                                              .groups = groups,
                                              .sweeps = sweeps,
                                              .sweep_group = subspace_group,
                                              .state = &state},
                           threads));
    for (size_t p = 0; p < state.n; p++) {
        out[p] = (basin_loss){.weight = data->weight};
        for (size_t g = 0; g < groups.groups; g++) basin_loss_add(&out[p], &state.losses[g * state.n + p]);
    }
done:
    for (size_t t = 0; t < threads; t++) {
        if (state.points != NULL) basin_weights_destroy(&state.points[t]);
        if (state.stores != NULL) basin_free(state.stores[t]);
    }
    basin_free(state.points);
    basin_free(state.stores);
    basin_free(state.losses);
    basin_sweeps_destroy(sweeps, threads);
    return st;
}

enum { POINTS_PER_PASS = 256 }; /* between two reports of progress */

/* Statistics that move with theta are not affine in the coordinates: each point is a theta of its own. */
static basin_status subspace_points(basin_network *net, const basin_batch *data, const subspace_state *shared,
                                    basin_weights *weights, size_t n, const double *coef, basin_loss *out)
{
    basin_status   st = BASIN_OK;
    const size_t   size = net->plan->params->size, d = shared->d;
    subspace_state state = {.weights = weights, .n = 1, .border = shared->border, .rest = shared->rest};
    double        *theta = NULL;

    BASIN_ALLOC(theta, size, "a point");
    state.theta = theta;
    for (size_t p = 0; p < n; p++) {
        if (n > 1) BASIN_TRY(basin_progress_report("slice", (double)p, (double)n));
        memcpy(theta, shared->theta, size * sizeof *theta);
        for (size_t j = 0; j < d; j++) basin_axpy(coef[p * d + j], shared->dirs + j * size, theta, size);
        BASIN_TRY(basin_network_set_point(net, weights, theta, coef + p * d));
        BASIN_TRY(subspace_block(net, data, &state, out + p));
    }
done:
    basin_free(theta);
    return st;
}

basin_status basin_network_subspace(void *ctx, const basin_samples *s, const double *theta,
                                    const double *dirs, size_t d, const double *coef, size_t n,
                                    basin_loss *out)
{
    basin_status   st = BASIN_OK;
    basin_network *net = ctx;
    const bool     moves = basin_network_moves(net) && (d > 0 || net->statistics.kind == BASIN_BN_REESTIMATE);
    basin_batch    data = {0};
    basin_weights *weights = NULL;
    subspace_state state = {.theta = theta, .dirs = dirs, .d = d};

    BASIN_CHECK(net->statistics.ends == NULL || d == 0 || d == net->statistics.directions, BASIN_ERR_ARG,
                "statistics are interpolated along %zu directions, the points lie along %zu",
                net->statistics.directions, d);
    BASIN_TRY(basin_network_gather(net, s, &data));
    BASIN_ALLOC(state.border, net->plan->slot_count, "slots");
    BASIN_ALLOC(state.rest, net->plan->slot_count, "slots");
    mark_border(net->plan, state.border, state.rest);
    BASIN_TRY(basin_weights_create(net->plan, moves ? 0 : d, &weights));
    if (moves) {
        BASIN_TRY(subspace_points(net, &data, &state, weights, n, coef, out));
        goto done;
    }
    basin_weights_set(weights, net->plan, theta);
    basin_weights_block(weights, net->plan, dirs, d);
    state.weights = weights;
    for (size_t p = 0; p < n; p += POINTS_PER_PASS) {
        if (n > 1) BASIN_TRY(basin_progress_report("slice", (double)p, (double)n));
        state.n = n - p < POINTS_PER_PASS ? n - p : POINTS_PER_PASS;
        state.coef = coef + p * d;
        BASIN_TRY(subspace_block(net, &data, &state, out + p));
    }
done:
    basin_network_release(net, &data);
    basin_weights_destroy(&weights);
    basin_free(state.border);
    basin_free(state.rest);
    return st;
}

basin_status basin_network_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    return basin_network_subspace(ctx, s, theta, NULL, 0, NULL, 1, out);
}
