/* Losses on theta + sum_j c_j d_j. Slots of degree <= 1 are v + sum_j c_j v_j: their nodes run once a chunk,
 * at theta and along the d directions, and each point is a sum of what is stored, then the rest of the
 * network. For a first dense layer that is 1 + d products with it instead of one a point.
 *
 *   for a run of groups:   for each chunk: affine part forward and tangent, store the slots at its border
 *                          for each point: weights of the rest at the point; for each chunk: border slots,
 *                                          rest forward, loss
 *
 * Points of a grid come line by line along its first direction: of each line the border along the others is
 * summed once, which is a quarter of what the caches have to move.
 */
#include "engine/objective/workers.h"

#include <string.h>

#include "core/memory.h"
#include "core/progress.h"

typedef struct subspace_state {
    basin_pass           pass;
    const basin_weights *weights; /* theta and the d directions */
    const double        *theta, *dirs, *coef;
    size_t               d, n;
    basin_weights      **points; /* one a thread */
    real               **stores; /* one a thread: the border of chunk after chunk */
    size_t               span;   /* chunks that fit a store */
    bool                *border; /* [slots] */
    bool                *rest;   /* [slots] parameters that the rest reads */
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

/* Chunks [from, to), the first of which is one of this group's. */
static void store_chunks(const subspace_state *state, basin_sweep *sweep, size_t from, size_t to,
                         size_t group, real *store)
{
    for (size_t c = from; c < to; c++) {
        while (c >= basin_group_chunk(&state->pass.groups, group + 1)) group++;
        const basin_chunk chunk = basin_chunk_at(&state->pass.groups, group, c);
        const basin_batch batch = basin_pass_bind(&state->pass, sweep, state->weights, NULL, &chunk);
        basin_sweep_forward(sweep, batch.count, BASIN_MODE_LOSS, 0, 1);
        if (state->d > 0) basin_sweep_forward_dot(sweep, batch.count, state->d, 1);
        store = store_border(state, sweep, batch.count, store);
    }
}

/* Losses of chunks [from, to), which are stored, at point p. `losses` is what they add to the part of the
 * first chunk's group; every next group's lies n points further. */
static void subspace_point(const subspace_state *state, size_t thread, size_t from, size_t to, size_t group,
                           size_t p, double *losses)
{
    const basin_network *net = state->pass.net;
    const double        *coef = state->coef + p * state->d;
    const bool           turns = turns_at(state, p);
    basin_sweep         *sweep = state->pass.sweeps[thread];
    basin_weights       *point = state->points[thread];
    real                *store = state->stores[thread];

    set_point(state, net->plan, coef, point->theta);
    losses += p * BASIN_LOSS_SUMS;
    for (size_t c = from; c < to; c++) {
        basin_loss loss = {0};
        for (; c >= basin_group_chunk(&state->pass.groups, group + 1); group++)
            losses += state->n * BASIN_LOSS_SUMS;
        const basin_chunk chunk = basin_chunk_at(&state->pass.groups, group, c);
        const basin_batch batch = basin_pass_bind(&state->pass, sweep, point, NULL, &chunk);
        store = load_border(state, sweep, batch.count, coef, turns, store);
        basin_sweep_forward(sweep, batch.count, BASIN_MODE_LOSS, 2, 2);
        basin_loss_forward(&net->loss, &batch, SWEEP_OUTPUT(sweep)->v, SWEEP_OUTPUT(sweep)->width, &loss,
                           NULL, NULL);
        basin_loss_to(&loss, losses);
    }
}

/* The affine part of as many chunks as a store takes, then every point on them; and so on. */
static void subspace_fill(void *payload, size_t thread, size_t group, size_t count, real *reals,
                          double *losses)
{
    const subspace_state *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    const size_t          end = basin_group_chunk(groups, group + count);

    (void)reals;
    for (size_t c = basin_group_chunk(groups, group), to; c < end; c = to) {
        to = c + state->span < end ? c + state->span : end;
        for (; c >= basin_group_chunk(groups, group + 1); group++) losses += state->n * BASIN_LOSS_SUMS;
        store_chunks(state, state->pass.sweeps[thread], c, to, group, state->stores[thread]);
        for (size_t p = 0; p < state->n; p++) subspace_point(state, thread, c, to, group, p, losses);
    }
}

enum { STORE_REALS = 1 << 22, RUNS_A_THREAD = 4 };

/* Chunks of `size` reals that each thread's store takes: as many as are few enough, fit beside what the
 * threads take, `bytes` in all, and leave each thread some runs of groups. */
static size_t span_of(const basin_grouping *groups, size_t size, size_t threads, size_t bytes)
{
    const size_t left = basin_memory_left(), more = left > bytes ? (left - bytes) / threads : 0;
    const size_t most = STORE_REALS / (size + 1) + 1, fit = more / ((size + 1) * sizeof(real)) + 1;
    const size_t share = groups->chunks / (RUNS_A_THREAD * threads) + 1;
    const size_t span = most < fit ? most : fit;

    return span < share ? span : share;
}

/* Groups whose chunks are stored and evaluated together: a power of two. */
static size_t grain_of(const basin_grouping *groups, size_t span)
{
    size_t grain = 1;

    while (2 * grain <= groups->groups && 2 * grain * groups->chunks <= span * groups->groups) grain *= 2;
    return grain;
}

typedef struct subspace_memory { /* of one call */
    basin_workers  *workers;
    basin_weights **points;
    real          **stores;
    double         *total; /* [n, BASIN_LOSS_SUMS] */
} subspace_memory;

static void forget_memory(subspace_memory *m)
{
    for (size_t t = 0; m->workers != NULL && t < m->workers->threads; t++) {
        if (m->points != NULL) basin_weights_destroy(&m->points[t]);
        if (m->stores != NULL) basin_free(m->stores[t]);
    }
    basin_free(m->points);
    basin_free(m->stores);
    basin_free(m->total);
    basin_workers_destroy(&m->workers);
}

/* Workers, a point and a store for each, as `state` needs them. */
static basin_status make_memory(const basin_network *net, size_t samples, subspace_state *state,
                                subspace_memory *m)
{
    basin_status          st = BASIN_OK;
    const basin_grouping  groups = basin_group_samples(net, samples);
    const size_t          size = border_size(net->plan, state->border, state->d, net->chunk);
    const basin_pass_need need = {.samples = samples,
                                  .k = state->d,
                                  .owns = BASIN_OWNS_KEPT,
                                  .doubles = state->n * BASIN_LOSS_SUMS,
                                  .beside = basin_weights_bytes(net->plan, 0) +
                                            basin_block_bytes(size, sizeof(real))};
    const size_t          threads = basin_workers_within(net, &need);

    state->span = span_of(&groups, size, threads, basin_workers_bytes(net, &need, threads));
    BASIN_ALLOC(m->total, state->n * BASIN_LOSS_SUMS, "losses");
    BASIN_TRY(basin_workers_create(net, &need, threads, &m->workers));
    BASIN_ALLOC(m->points, threads, "points");
    BASIN_ALLOC(m->stores, threads, "activations");
    for (size_t t = 0; t < threads; t++) {
        BASIN_TRY(basin_weights_create(net->plan, 0, &m->points[t]));
        memcpy(m->points[t]->buffers, state->weights->buffers,
               net->plan->buffers * sizeof *state->weights->buffers);
        BASIN_ALLOC(m->stores[t], state->span * size, "activations");
    }
done:
    return st;
}

static basin_status subspace_block(const basin_network *net, const basin_batch *data,
                                   const subspace_state *shared, basin_loss *out)
{
    basin_status    st = BASIN_OK;
    subspace_state  state = *shared;
    subspace_memory m = {0};

    BASIN_TRY(make_memory(net, data->count, &state, &m));
    state.pass = basin_pass_over(net, data, m.workers);
    state.points = m.points;
    state.stores = m.stores;
    BASIN_TRY(basin_reduce(&(basin_reduction){.groups = state.pass.groups.groups,
                                              .grain = grain_of(&state.pass.groups, state.span),
                                              .doubles = state.n * BASIN_LOSS_SUMS,
                                              .fill = subspace_fill,
                                              .total = m.total,
                                              .state = &state},
                           m.workers->tree, m.workers->threads));
    for (size_t p = 0; p < state.n; p++)
        out[p] = basin_loss_from(m.total + p * BASIN_LOSS_SUMS, data->weight);
done:
    forget_memory(&m);
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
        if (p > 0) BASIN_TRY(basin_progress_report("slice", (double)p, (double)n));
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
