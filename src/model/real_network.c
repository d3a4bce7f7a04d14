/* The network as an objective: sweeps over chunks of samples, and the one place where chunks are summed.
 *
 * Chunks have a fixed size (a function of the model), and consecutive chunks form fixed groups (a function of N). A thread
 * takes a group, sums its chunks in order, and adds its part to the total when the group's turn comes. So the bits of every
 * sum are the same for any number of threads, and memory is threads × k × P. BLAS is single-threaded inside.
 */
#include <omp.h>
#include <string.h>

#include "core/memory.h"
#include "core/objective.h"
#include "core/progress.h"
#include "model/network.h"
#include "model/real_loss.h"

typedef struct network {
    REAL(basin_plan)    *plan;
    basin_loss_spec      loss;
    REAL(basin_batch)    data;   /* all samples; arrays owned */
    size_t               chunk;  /* samples */
    REAL(basin_weights) *weights; /* theta of loss and gradient */
    size_t               sweep_count;
    REAL(basin_sweep)  **sweeps; /* of loss and gradient, one a thread; made on first use */
} network;

/* ----------------------------------------------------------------------------------- chunks and groups -- */

enum { CHUNKS_PER_GROUP = 5, GROUPS_AT_LEAST = 8 };

typedef struct grouping {
    size_t samples, chunk, chunks, groups;
} grouping;

static grouping group_samples(const network *net, size_t samples)
{
    grouping g = {.samples = samples, .chunk = net->chunk, .chunks = (samples + net->chunk - 1) / net->chunk};

    g.groups = (g.chunks + CHUNKS_PER_GROUP - 1) / CHUNKS_PER_GROUP;
    if (g.groups < GROUPS_AT_LEAST) g.groups = g.chunks < GROUPS_AT_LEAST ? g.chunks : GROUPS_AT_LEAST;
    return g;
}

static size_t first_chunk(const grouping *g, size_t group)
{
    return group * g->chunks / g->groups;
}

/* Samples of chunk c out of `data`. */
static REAL(basin_batch) chunk_of(const network *net, const REAL(basin_batch) *data, size_t c)
{
    size_t in = net->plan->slots[net->plan->input].width, out = net->plan->slots[net->plan->output].width, start = c * net->chunk;

    return (REAL(basin_batch)){
        .count = data->count - start < net->chunk ? data->count - start : net->chunk,
        .x = data->x + start * in,
        .classes = data->classes != NULL ? data->classes + start : NULL,
        .values = data->values != NULL ? data->values + start * out : NULL,
    };
}

/* What is done with the chunks of one group, and with its sum when its turn comes. */
typedef struct reduction {
    const network           *net;
    const REAL(basin_batch) *data;
    grouping                 groups;
    REAL(basin_sweep)      **sweeps;
    void (*sweep_group)(const struct reduction *job, REAL(basin_sweep) *sweep, size_t group, size_t thread);
    void (*add_group)(const struct reduction *job, REAL(basin_sweep) *sweep, size_t group);
    void *state;
} reduction;

static basin_status run(const reduction *job, size_t threads)
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
            if (!stopped) job->add_group(job, job->sweeps[thread], group);
        }
    }
    return stop ? basin_progress_poll() : BASIN_OK;
}

/* The samples asked for: all, or a gathered copy that the caller frees (release_batch). */
static basin_status gather(const network *net, const basin_samples *s, REAL(basin_batch) *out)
{
    basin_status st = BASIN_OK;
    size_t       in = net->plan->slots[net->plan->input].width, width = net->plan->slots[net->plan->output].width;
    real        *x = NULL, *values = NULL;
    int64_t     *classes = NULL;

    if (s == NULL) {
        *out = net->data;
        return BASIN_OK;
    }
    BASIN_CHECK(s->count > 0, BASIN_ERR_ARG, "a subset without samples");
    for (size_t i = 0; i < s->count; i++)
        BASIN_CHECK(s->index[i] < net->data.count, BASIN_ERR_ARG, "sample %zu of %zu", s->index[i], net->data.count);
    BASIN_ALLOC(x, s->count * in, "samples");
    if (net->data.classes != NULL) BASIN_ALLOC(classes, s->count, "targets");
    if (net->data.values != NULL) BASIN_ALLOC(values, s->count * width, "targets");
    for (size_t i = 0; i < s->count; i++) {
        memcpy(x + i * in, net->data.x + s->index[i] * in, in * sizeof *x);
        if (classes != NULL) classes[i] = net->data.classes[s->index[i]];
        if (values != NULL) memcpy(values + i * width, net->data.values + s->index[i] * width, width * sizeof *values);
    }
    *out = (REAL(basin_batch)){.count = s->count, .x = x, .classes = classes, .values = values};
    x = values = NULL, classes = NULL;
done:
    basin_free(x);
    basin_free(values);
    basin_free(classes);
    return st;
}

static void release_batch(const network *net, REAL(basin_batch) *batch)
{
    if (batch->x == net->data.x) return;
    basin_free((void *)(uintptr_t)batch->x);
    basin_free((void *)(uintptr_t)batch->classes);
    basin_free((void *)(uintptr_t)batch->values);
    *batch = (REAL(basin_batch)){0};
}

static void destroy_sweeps(REAL(basin_sweep) **sweeps, size_t count)
{
    for (size_t i = 0; sweeps != NULL && i < count; i++) REAL(basin_sweep_destroy)(&sweeps[i]);
    basin_free(sweeps);
}

static basin_status create_sweeps(const network *net, size_t threads, size_t k, bool own_kept, REAL(basin_sweep) ***out)
{
    basin_status        st = BASIN_OK;
    REAL(basin_sweep) **sweeps = NULL;

    BASIN_ALLOC(sweeps, threads, "sweeps");
    for (size_t i = 0; i < threads; i++) BASIN_TRY(REAL(basin_sweep_create)(net->plan, net->chunk, k, own_kept, &sweeps[i]));
    *out = sweeps, sweeps = NULL;
done:
    destroy_sweeps(sweeps, threads);
    return st;
}

/* The sweeps of loss and gradient are kept from call to call. */
static basin_status ready_sweeps(network *net, size_t *threads)
{
    basin_status st = BASIN_OK;

    *threads = basin_threads();
    if (net->sweep_count >= *threads) return BASIN_OK;
    REAL(basin_sweep) **sweeps = NULL;
    BASIN_TRY(create_sweeps(net, *threads, 0, true, &sweeps));
    destroy_sweeps(net->sweeps, net->sweep_count);
    net->sweeps = sweeps;
    net->sweep_count = *threads;
done:
    return st;
}

static double weight_of(const network *net, size_t samples)
{
    return REAL(basin_loss_weight)(&net->loss, samples, net->plan->slots[net->plan->output].width);
}

static void add_loss(basin_loss *total, const basin_loss *part)
{
    total->sum += part->sum;
    total->correct += part->correct;
    total->count += part->count;
}

/* ------------------------------------------------------------------------------------------- primal sweeps -- */

/* Forward, loss and backward of the chunk that the sweep is bound to. */
static void sweep_primal(const network *net, REAL(basin_sweep) *sweep, const REAL(basin_batch) *batch, size_t samples, basin_mode mode)
{
    REAL(basin_slot) *y = SWEEP_OUTPUT(sweep);

    REAL(basin_sweep_forward)(sweep, batch->count, mode, 0, 2);
    REAL(basin_loss_forward)(&net->loss, batch, y->v, y->width, weight_of(net, samples), &sweep->loss, y->a, mode == BASIN_MODE_FREEZE ? sweep->slope : NULL);
    REAL(basin_sweep_backward)(sweep, batch->count, mode);
}

typedef struct gradient_state {
    const REAL(basin_weights) *weights;
    basin_loss *loss;
    double     *g;
} gradient_state;

static void gradient_group(const reduction *job, REAL(basin_sweep) *sweep, size_t group, size_t thread)
{
    const gradient_state *state = job->state;

    (void)thread;
    sweep->loss = (basin_loss){0};
    memset(sweep->adjoint, 0, job->net->plan->params->size * sizeof *sweep->adjoint);
    for (size_t c = first_chunk(&job->groups, group); c < first_chunk(&job->groups, group + 1); c++) {
        REAL(basin_batch) batch = chunk_of(job->net, job->data, c);
        REAL(basin_sweep_bind)(sweep, state->weights, NULL, &batch);
        sweep_primal(job->net, sweep, &batch, job->data->count, BASIN_MODE_GRADIENT);
    }
}

static void gradient_add(const reduction *job, REAL(basin_sweep) *sweep, size_t group)
{
    const gradient_state *state = job->state;

    (void)group;
    add_loss(state->loss, &sweep->loss);
    for (size_t i = 0; i < job->net->plan->params->size; i++) state->g[i] += (double)sweep->adjoint[i];
}

static basin_status gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out, double *g)
{
    basin_status      st = BASIN_OK;
    network          *net = ctx;
    REAL(basin_batch) data = {0};
    size_t            threads;

    BASIN_TRY(gather(net, s, &data));
    BASIN_TRY(ready_sweeps(net, &threads));
    REAL(basin_weights_set)(net->weights, net->plan, theta);
    memset(g, 0, net->plan->params->size * sizeof *g);
    *out = (basin_loss){.weight = weight_of(net, data.count)};
    BASIN_TRY(run(&(reduction){.net = net, .data = &data, .groups = group_samples(net, data.count), .sweeps = net->sweeps, .sweep_group = gradient_group,
                         .add_group = gradient_add, .state = &(gradient_state){.weights = net->weights, .loss = out, .g = g}},
                  threads));
done:
    release_batch(net, &data);
    return st;
}

/* --------------------------------------------------------------------------------------------- subspace -- */

/* Losses on theta + sum_j c_j d_j. Slots of degree <= 1 are v + sum_j c_j v_j: their nodes run once a chunk, at theta and along
 * the d directions, and each point is a sum of what is stored, then the rest of the network. For a first dense layer that is
 * 1 + d products with it instead of one a point.
 *
 *   for each group:   for each chunk: affine part forward and tangent, store the slots at its border
 *                     for each point: weights of the rest at the point; for each chunk: border slots, rest forward, loss
 */
typedef struct subspace_state {
    const REAL(basin_weights) *weights; /* theta and the d directions */
    const double *theta, *dirs, *coef;
    size_t        d, n;
    REAL(basin_weights) **points;       /* one a thread */
    real                **stores;       /* one a thread: [samples of a group, 1 + d, border width] in chunk order */
    bool                 *border;       /* [slots] */
    bool                 *rest;         /* [slots] parameters that the rest reads */
    basin_loss           *losses;       /* [groups, n] */
} subspace_state;

static void mark_border(const REAL(basin_plan) *plan, bool *border, bool *rest)
{
    for (size_t i = 0; i < plan->node_count; i++) {
        const REAL(basin_node) *node = &plan->nodes[i];
        if (plan->slots[node->output].degree < 2) continue;
        for (size_t j = 0; j < node->input_count; j++) {
            const REAL(basin_slot) *slot = &plan->slots[node->input[j]];
            if (REAL(is_param)(slot)) rest[node->input[j]] = true;
            else if (slot->degree < 2 && node->input[j] != plan->input) border[node->input[j]] = true;
        }
    }
    if (plan->slots[plan->output].degree < 2) border[plan->output] = true;
}

static size_t border_width(const REAL(basin_plan) *plan, const bool *border)
{
    size_t width = 0;
    for (size_t i = 0; i < plan->slot_count; i++) width += border[i] ? plan->slots[i].width : 0;
    return width;
}

/* Values, then tangents [B, d, width], of every border slot of the chunk. */
static real *store_border(const subspace_state *state, const REAL(basin_sweep) *sweep, size_t b, real *store)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        const REAL(basin_slot) *slot = &sweep->slots[i];
        if (!state->border[i]) continue;
        memcpy(store, slot->v, b * slot->width * sizeof *store);
        store += b * slot->width;
        if (slot->degree > 0) memcpy(store, slot->d, b * state->d * slot->width * sizeof *store);
        store += b * state->d * slot->width;
    }
    return store;
}

static const real *load_border(const subspace_state *state, REAL(basin_sweep) *sweep, size_t b, const double *coef, const real *store)
{
    for (size_t i = 0; i < sweep->plan->slot_count; i++) {
        const REAL(basin_slot) *slot = &sweep->slots[i];
        if (!state->border[i]) continue;
        const size_t width = slot->width, d = slot->degree > 0 ? state->d : 0;
        const real  *tangent = store + b * width;
        for (size_t r = 0; r < b; r++) {
            real       *to = slot->v + r * width;
            const real *v = store + r * width, *t = tangent + r * state->d * width;
            if (d == 2) {
                const real c0 = (real)coef[0], c1 = (real)coef[1];
                for (size_t l = 0; l < width; l++) to[l] = v[l] + c0 * t[l] + c1 * t[width + l];
                continue;
            }
            memcpy(to, v, width * sizeof *to);
            for (size_t j = 0; j < d; j++)
                for (size_t l = 0; l < width; l++) to[l] += (real)coef[j] * t[j * width + l];
        }
        store += b * (1 + state->d) * width;
    }
    return store;
}

/* Rounds once: the point is formed in double. */
static void set_point(const subspace_state *state, const REAL(basin_plan) *plan, const double *coef, real *theta)
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

static void subspace_group(const reduction *job, REAL(basin_sweep) *sweep, size_t group, size_t thread)
{
    const subspace_state *state = job->state;
    const network        *net = job->net;
    REAL(basin_weights)  *point = state->points[thread];
    size_t                from = first_chunk(&job->groups, group), to = first_chunk(&job->groups, group + 1);
    real                 *store = state->stores[thread];

    for (size_t c = from; c < to; c++) {
        REAL(basin_batch) batch = chunk_of(net, job->data, c);
        REAL(basin_sweep_bind)(sweep, state->weights, NULL, &batch);
        REAL(basin_sweep_forward)(sweep, batch.count, BASIN_MODE_LOSS, 0, 1);
        if (state->d > 0) REAL(basin_sweep_forward_dot)(sweep, batch.count, state->d, 1);
        store = store_border(state, sweep, batch.count, store);
    }
    for (size_t p = 0; p < state->n; p++) {
        const double *coef = state->coef + p * state->d;
        const real   *stored = state->stores[thread];
        set_point(state, net->plan, coef, point->theta);
        sweep->loss = (basin_loss){0};
        for (size_t c = from; c < to; c++) {
            REAL(basin_batch) batch = chunk_of(net, job->data, c);
            REAL(basin_sweep_bind)(sweep, point, NULL, &batch);
            stored = load_border(state, sweep, batch.count, coef, stored);
            REAL(basin_sweep_forward)(sweep, batch.count, BASIN_MODE_LOSS, 2, 2);
            REAL(basin_loss_forward)(&net->loss, &batch, SWEEP_OUTPUT(sweep)->v, SWEEP_OUTPUT(sweep)->width, 1.0, &sweep->loss, NULL, NULL);
        }
        state->losses[group * state->n + p] = sweep->loss;
    }
}

static void subspace_add(const reduction *job, REAL(basin_sweep) *sweep, size_t group)
{
    (void)job, (void)sweep, (void)group; /* each group wrote its own row of losses */
}

static basin_status subspace_block(network *net, const REAL(basin_batch) *data, const subspace_state *shared, basin_loss *out)
{
    basin_status        st = BASIN_OK;
    subspace_state      state = *shared;
    const grouping      groups = group_samples(net, data->count);
    size_t              threads = basin_threads() < groups.groups ? basin_threads() : groups.groups;
    size_t              group_chunks = groups.chunks / groups.groups + 1, store_size;
    REAL(basin_sweep) **sweeps = NULL;

    BASIN_ALLOC(state.points, threads, "points");
    BASIN_ALLOC(state.stores, threads, "activations");
    BASIN_ALLOC(state.losses, groups.groups * state.n, "losses");
    BASIN_TRY(create_sweeps(net, threads, state.d, true, &sweeps));
    BASIN_CHECK(basin_mul(group_chunks * net->chunk, (1 + state.d) * border_width(net->plan, state.border), &store_size), BASIN_ERR_NOMEM, "activations of a group");
    for (size_t t = 0; t < threads; t++) {
        BASIN_TRY(REAL(basin_weights_create)(net->plan, 0, &state.points[t]));
        BASIN_ALLOC(state.stores[t], store_size, "activations");
    }
    BASIN_TRY(run(&(reduction){.net = net, .data = data, .groups = groups, .sweeps = sweeps, .sweep_group = subspace_group, .add_group = subspace_add, .state = &state},
                  threads));
    for (size_t p = 0; p < state.n; p++) {
        out[p] = (basin_loss){.weight = weight_of(net, data->count)};
        for (size_t g = 0; g < groups.groups; g++) add_loss(&out[p], &state.losses[g * state.n + p]);
    }
done:
    for (size_t t = 0; t < threads; t++) {
        if (state.points != NULL) REAL(basin_weights_destroy)(&state.points[t]);
        if (state.stores != NULL) basin_free(state.stores[t]);
    }
    basin_free(state.points);
    basin_free(state.stores);
    basin_free(state.losses);
    destroy_sweeps(sweeps, threads);
    return st;
}

enum { POINTS_PER_PASS = 256 }; /* between two reports of progress */

static basin_status subspace(void *ctx, const basin_samples *s, const double *theta, const double *dirs, size_t d, const double *coef, size_t n, basin_loss *out)
{
    basin_status         st = BASIN_OK;
    network             *net = ctx;
    REAL(basin_batch)    data = {0};
    REAL(basin_weights) *weights = NULL;
    subspace_state       state = {.theta = theta, .dirs = dirs, .d = d};

    BASIN_TRY(gather(net, s, &data));
    BASIN_ALLOC(state.border, net->plan->slot_count, "slots");
    BASIN_ALLOC(state.rest, net->plan->slot_count, "slots");
    mark_border(net->plan, state.border, state.rest);
    BASIN_TRY(REAL(basin_weights_create)(net->plan, d, &weights));
    REAL(basin_weights_set)(weights, net->plan, theta);
    REAL(basin_weights_block)(weights, net->plan, dirs, d);
    state.weights = weights;
    for (size_t p = 0; p < n; p += POINTS_PER_PASS) {
        if (n > 1) BASIN_TRY(basin_progress_report("slice", (double)p, (double)n));
        state.n = n - p < POINTS_PER_PASS ? n - p : POINTS_PER_PASS;
        state.coef = coef + p * d;
        BASIN_TRY(subspace_block(net, &data, &state, out + p));
    }
done:
    release_batch(net, &data);
    REAL(basin_weights_destroy)(&weights);
    basin_free(state.border);
    basin_free(state.rest);
    return st;
}

static basin_status loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    return subspace(ctx, s, theta, NULL, 0, NULL, 1, out);
}

/* -------------------------------------------------------------------------------------------- curvature -- */

typedef struct frozen {
    network             *net;
    REAL(basin_batch)    data;
    REAL(basin_weights) *weights; /* theta, and the block at hand */
    real                *kept;    /* [samples, plan->kept] chunk after chunk; NULL: recomputed chunk by chunk */
    size_t               k;       /* largest block */
    size_t               threads;
    REAL(basin_sweep)  **sweeps;
} frozen;

typedef struct product_state {
    frozen *point;
    size_t  k;
    double *hv;
} product_state;

static real *kept_of(const frozen *point, size_t c)
{
    return point->kept != NULL ? point->kept + c * point->net->chunk * point->net->plan->kept : NULL;
}

static void freeze_group(const reduction *job, REAL(basin_sweep) *sweep, size_t group, size_t thread)
{
    const frozen *point = job->state;

    (void)thread;
    for (size_t c = first_chunk(&job->groups, group); c < first_chunk(&job->groups, group + 1); c++) {
        REAL(basin_batch) batch = chunk_of(job->net, job->data, c);
        REAL(basin_sweep_bind)(sweep, point->weights, kept_of(point, c), &batch);
        sweep_primal(job->net, sweep, &batch, job->data->count, BASIN_MODE_FREEZE);
    }
}

static void freeze_add(const reduction *job, REAL(basin_sweep) *sweep, size_t group)
{
    (void)job, (void)sweep, (void)group; /* all of it is kept by chunk */
}

static void product_group(const reduction *job, REAL(basin_sweep) *sweep, size_t group, size_t thread)
{
    const product_state    *state = job->state;
    const frozen           *point = state->point;
    const REAL(basin_plan) *plan = job->net->plan;
    REAL(basin_slot)       *y = SWEEP_OUTPUT(sweep);

    (void)thread;
    memset(sweep->adjoint_dot, 0, state->k * plan->params->size * sizeof *sweep->adjoint_dot);
    memset(sweep->packed_dot, 0, state->k * plan->packed * sizeof *sweep->packed_dot);
    for (size_t c = first_chunk(&job->groups, group); c < first_chunk(&job->groups, group + 1); c++) {
        REAL(basin_batch) batch = chunk_of(job->net, job->data, c);
        REAL(basin_sweep_bind)(sweep, point->weights, kept_of(point, c), &batch);
        if (point->kept == NULL) sweep_primal(job->net, sweep, &batch, job->data->count, BASIN_MODE_FREEZE);
        REAL(basin_sweep_forward_dot)(sweep, batch.count, state->k, 2);
        REAL(basin_loss_dot)(&job->net->loss, batch.count, state->k, y->width, sweep->slope, weight_of(job->net, job->data->count), y->d, y->ad);
        REAL(basin_sweep_backward_dot)(sweep, batch.count, state->k);
    }
}

static void product_add(const reduction *job, REAL(basin_sweep) *sweep, size_t group)
{
    const product_state *state = job->state;

    (void)group;
    REAL(basin_sweep_collect)(sweep, state->k, state->hv);
}

static void thaw(void **point)
{
    frozen *p = *point;

    if (p == NULL) return;
    release_batch(p->net, &p->data);
    REAL(basin_weights_destroy)(&p->weights);
    basin_free(p->kept);
    destroy_sweeps(p->sweeps, p->threads);
    basin_free(p);
    *point = NULL;
}

enum { BLOCK_MOST = 16, BLOCK_REALS = 1 << 20 }; /* a block's tangents of one chunk stay in cache */

static size_t block_size(const network *net)
{
    size_t k = BLOCK_REALS / (net->chunk * net->plan->scratch_tangent);
    return k < 1 ? 1 : k > BLOCK_MOST ? BLOCK_MOST : k;
}

/* What is kept may fill half of the memory limit. */
static bool kept_fits(const network *net, size_t samples)
{
    return samples <= basin_memory_limit() / 2 / sizeof(real) / (net->plan->kept + 1);
}

static basin_status freeze(void *ctx, const basin_samples *s, const double *theta, basin_curvature_kind kind, void **out)
{
    basin_status st = BASIN_OK;
    network     *net = ctx;
    frozen      *point = NULL;
    void        *cleanup;

    (void)kind;
    BASIN_ALLOC(point, 1, "curvature");
    point->net = net;
    point->k = block_size(net);
    point->threads = basin_threads();
    BASIN_TRY(gather(net, s, &point->data));
    BASIN_TRY(REAL(basin_weights_create)(net->plan, point->k, &point->weights));
    REAL(basin_weights_set)(point->weights, net->plan, theta);
    if (kept_fits(net, point->data.count)) BASIN_ALLOC(point->kept, point->data.count * net->plan->kept, "a frozen point");
    BASIN_TRY(create_sweeps(net, point->threads, point->k, point->kept == NULL, &point->sweeps));
    if (point->kept != NULL)
        BASIN_TRY(run(&(reduction){.net = net, .data = &point->data, .groups = group_samples(net, point->data.count), .sweeps = point->sweeps,
                             .sweep_group = freeze_group, .add_group = freeze_add, .state = point},
                      point->threads));
    *out = point, point = NULL;
done:
    cleanup = point;
    thaw(&cleanup);
    return st;
}

static basin_status product(void *point, const double *v, size_t k, double *hv)
{
    basin_status st = BASIN_OK;
    frozen      *p = point;
    size_t       size = p->net->plan->params->size;

    for (size_t j = 0; j < k; j += p->k) {
        product_state state = {.point = p, .k = k - j < p->k ? k - j : p->k, .hv = hv + j * size};
        REAL(basin_weights_block)(p->weights, p->net->plan, v + j * size, state.k);
        memset(state.hv, 0, state.k * size * sizeof *hv);
        BASIN_TRY(run(&(reduction){.net = p->net, .data = &p->data, .groups = group_samples(p->net, p->data.count), .sweeps = p->sweeps,
                             .sweep_group = product_group, .add_group = product_add, .state = &state},
                      p->threads));
    }
done:
    return st;
}

/* ------------------------------------------------------------------------------------ kinks and outputs -- */

/* Copies the slopes of all kinked nodes into `slopes`, or counts where they are on another branch than there. */
static uint64_t compare_slopes(const REAL(basin_sweep) *sweep, size_t b, real *slopes, bool copy)
{
    uint64_t crossings = 0;

    for (size_t i = 0; i < sweep->plan->node_count; i++) {
        const REAL(basin_node) *node = &sweep->nodes[i];
        if (!node->op->kinked) continue;
        size_t n = b * NODE_OUTPUT(node)->width;
        if (copy) memcpy(slopes, node->work, n * sizeof *slopes);
        else
            for (size_t l = 0; l < n; l++) crossings += (slopes[l] == 1) != (node->work[l] == 1);
        slopes += n;
    }
    return crossings;
}

static basin_status crossings(void *ctx, const basin_samples *s, const double *a, const double *b, uint64_t *out)
{
    basin_status         st = BASIN_OK;
    network             *net = ctx;
    REAL(basin_batch)    data = {0};
    REAL(basin_weights) *weights[2] = {NULL, NULL};
    real                *slopes = NULL;
    size_t               threads;
    uint64_t             count = 0;

    BASIN_TRY(gather(net, s, &data));
    BASIN_TRY(ready_sweeps(net, &threads));
    BASIN_ALLOC(slopes, net->chunk * net->plan->kept, "slopes");
    for (int i = 0; i < 2; i++) {
        BASIN_TRY(REAL(basin_weights_create)(net->plan, 0, &weights[i]));
        REAL(basin_weights_set)(weights[i], net->plan, i == 0 ? a : b);
    }
    for (size_t c = 0; c < group_samples(net, data.count).chunks; c++) {
        REAL(basin_batch) batch = chunk_of(net, &data, c);
        for (int i = 0; i < 2; i++) {
            REAL(basin_sweep_bind)(net->sweeps[0], weights[i], NULL, &batch);
            REAL(basin_sweep_forward)(net->sweeps[0], batch.count, BASIN_MODE_GRADIENT, 0, 2);
            count += compare_slopes(net->sweeps[0], batch.count, slopes, i == 0);
        }
    }
    *out = count;
done:
    release_batch(net, &data);
    REAL(basin_weights_destroy)(&weights[0]);
    REAL(basin_weights_destroy)(&weights[1]);
    basin_free(slopes);
    return st;
}

static basin_status output(void *ctx, const double *theta, double *out)
{
    basin_status st = BASIN_OK;
    network     *net = ctx;
    size_t       threads, width = net->plan->slots[net->plan->output].width;

    BASIN_TRY(ready_sweeps(net, &threads));
    REAL(basin_weights_set)(net->weights, net->plan, theta);
    for (size_t c = 0; c < group_samples(net, net->data.count).chunks; c++) {
        REAL(basin_batch) batch = chunk_of(net, &net->data, c);
        REAL(basin_sweep_bind)(net->sweeps[0], net->weights, NULL, &batch);
        REAL(basin_sweep_forward)(net->sweeps[0], batch.count, BASIN_MODE_LOSS, 0, 2);
        const real *y = SWEEP_OUTPUT(net->sweeps[0])->v;
        for (size_t l = 0; l < batch.count * width; l++) out[c * net->chunk * width + l] = (double)y[l];
    }
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- creation -- */

static void destroy(void *ctx)
{
    network *net = ctx;

    if (net == NULL) return;
    REAL(basin_plan_destroy)(&net->plan);
    basin_free((void *)(uintptr_t)net->data.x);
    basin_free((void *)(uintptr_t)net->data.classes);
    basin_free((void *)(uintptr_t)net->data.values);
    REAL(basin_weights_destroy)(&net->weights);
    destroy_sweeps(net->sweeps, net->sweep_count);
    basin_free(net);
}

static const basin_objective_type network_type = {
    .name = "network",
    .loss = loss,
    .gradient = gradient,
    .subspace = subspace,
    .freeze = freeze,
    .product = product,
    .thaw = thaw,
    .crossings = crossings,
    .destroy = destroy,
};

static basin_status copy_inputs(network *net, const basin_dataset *data, const size_t *rows)
{
    basin_status            st = BASIN_OK;
    const REAL(basin_slot) *input = &net->plan->slots[net->plan->input];
    const char             *file = data->path != NULL ? data->path : "data";
    size_t                  width;
    real                   *x = NULL;

    /* a flat input takes samples of any shape with as many elements: flattening is unambiguous */
    BASIN_CHECK(basin_shape_size(data->shape, data->rank, &width) && width == input->width &&
                    (input->rank == 1 || basin_shape_equal(data->shape, data->rank, input->shape, input->rank)),
                BASIN_ERR_SHAPE, "%s: /inputs: the graph expects samples of shape %s, the file has %s", file, BASIN_SHAPE_TEXT(input->shape, input->rank),
                BASIN_SHAPE_TEXT(data->shape, data->rank));
    BASIN_ALLOC(x, net->data.count * width, "inputs");
    net->data.x = x;
    for (size_t i = 0; i < net->data.count; i++)
        for (size_t j = 0; j < width; j++) {
            double value = data->inputs[rows[i] * width + j];
            BASIN_CHECK(isfinite(value), BASIN_ERR_VALUE, "%s: /inputs: row %zu holds %g", file, rows[i], value);
            x[i * width + j] = (real)value;
        }
done:
    return st;
}

/* Class targets serve cross-entropy as they are and the other losses one-hot. */
static basin_status copy_targets(network *net, const basin_dataset *data, const size_t *rows)
{
    basin_status st = BASIN_OK;
    const char  *file = data->path != NULL ? data->path : "data";
    size_t       width = net->plan->slots[net->plan->output].width, n = net->data.count;
    bool         by_class = net->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY;
    int64_t     *classes = NULL;
    real        *values = NULL;

    BASIN_CHECK(data->classes != NULL || !by_class, BASIN_ERR_VALUE, "%s: /targets: loss %s needs class indices, the file has %zu real values a sample", file,
                basin_loss_name(net->loss.kind), data->value_count);
    BASIN_CHECK(data->classes != NULL || data->value_count == width, BASIN_ERR_SHAPE, "%s: /targets: the network has %zu outputs, the file %zu values a sample",
                file, width, data->value_count);
    if (by_class) BASIN_ALLOC(classes, n, "targets");
    else BASIN_ALLOC(values, n * width, "targets");
    net->data.classes = classes;
    net->data.values = values;
    for (size_t i = 0; i < n; i++) {
        int64_t c = data->classes != NULL ? data->classes[rows[i]] : 0;
        BASIN_CHECK(c >= 0 && (uint64_t)c < width, BASIN_ERR_VALUE, "%s: /targets: row %zu is class %lld, but the network has %zu outputs", file, rows[i],
                    (long long)c, width);
        if (by_class) classes[i] = c;
        for (size_t j = 0; !by_class && j < width; j++) {
            double t = data->classes != NULL ? (double)((size_t)c == j) : data->values[rows[i] * width + j];
            BASIN_CHECK(isfinite(t), BASIN_ERR_VALUE, "%s: /targets: row %zu holds %g", file, rows[i], t);
            BASIN_CHECK(net->loss.kind != BASIN_LOSS_BCE_WITH_LOGITS || (t >= 0.0 && t <= 1.0), BASIN_ERR_VALUE,
                        "%s: /targets: row %zu holds %g, loss bce_with_logits needs [0, 1]", file, rows[i], t);
            values[i * width + j] = (real)t;
        }
    }
done:
    return st;
}

/* In cache, one BLAS thread does best on some hundred rows; small networks stay in the first levels with fewer. */
static size_t chunk_size(const REAL(basin_plan) *plan)
{
    size_t widest = 0;
    for (size_t i = plan->params->count; i < plan->slot_count; i++) widest = plan->slots[i].width > widest ? plan->slots[i].width : widest;
    return widest <= 128 ? 128 : 256;
}

basin_status REAL(basin_network_create)(const basin_graph *graph, const basin_loss_spec *spec, const basin_dataset *data, const size_t *rows, size_t count,
                                        basin_objective **out)
{
    basin_status st = BASIN_OK;
    network     *net = NULL;

    BASIN_CHECK(spec->label_smoothing >= 0.0 && spec->label_smoothing < 1.0, BASIN_ERR_VALUE, "label smoothing %g is outside [0, 1)", spec->label_smoothing);
    BASIN_ALLOC(net, 1, "network");
    BASIN_TRY(REAL(basin_plan_create)(graph, &net->plan));
    net->loss = *spec;
    net->data.count = count;
    net->chunk = chunk_size(net->plan);
    BASIN_CHECK(net->plan->slots[net->plan->output].rank == 1, BASIN_ERR_SHAPE, "graph: output %s has shape %s a sample; the loss needs one dimension",
                net->plan->graph->output, BASIN_SHAPE_TEXT(net->plan->slots[net->plan->output].shape, net->plan->slots[net->plan->output].rank));
    BASIN_TRY(copy_inputs(net, data, rows));
    BASIN_TRY(copy_targets(net, data, rows));
    BASIN_TRY(REAL(basin_weights_create)(net->plan, 0, &net->weights));
    BASIN_TRY(basin_objective_create(&network_type, net,
                                     &(basin_objective_facts){.size = net->plan->params->size, .samples = count, .params = net->plan->params, .epsilon = REAL_EPSILON},
                                     out));
    net = NULL;
done:
    destroy(net);
    return st;
}

bool REAL(basin_network_facts)(const basin_objective *objective, basin_network_facts *out)
{
    if (basin_objective_type_of(objective) != &network_type) return false;
    const network *net = basin_objective_context(objective);
    REAL(basin_plan_flops)(net->plan, &out->forward, &out->first_layer);
    out->forward *= (double)net->data.count;
    out->first_layer *= (double)net->data.count;
    out->width = net->plan->slots[net->plan->output].width;
    out->output = output;
    return true;
}

/* Roles and axes do not depend on the precision; the double engine answers. */
basin_status REAL(basin_network_params)(const basin_graph *graph, basin_params **out)
{
    basin_status      st = BASIN_OK;
    REAL(basin_plan) *plan = NULL;

    BASIN_TRY(REAL(basin_plan_create)(graph, &plan));
    *out = plan->params, plan->params = NULL;
done:
    REAL(basin_plan_destroy)(&plan);
    return st;
}
