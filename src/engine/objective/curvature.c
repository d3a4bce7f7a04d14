/* Products with the Hessian at a frozen theta: the primal sweeps run once and what the tangent sweeps need is
 * kept; each block of k vectors then costs forward_dot and backward_dot only. Of chunks that do not fit the
 * memory limit nothing is kept: their primal sweeps run again for every block, on the thread's own memory.
 * Both give the same bits, so results do not depend on the limit.
 */
#include "engine/objective/network.h"

#include <string.h>

#include "core/memory.h"

typedef struct frozen {
    basin_network  *net;
    basin_batch     data;
    basin_weights  *weights; /* theta, and the block at hand */
    basin_provision provision;
    real           *kept;   /* plan->kept of each chunk that is kept, one after the other */
    basin_sweep   **sweeps; /* [threads] */
} frozen;

typedef struct product_state {
    frozen *point;
    size_t  k;
    double *hv;
} product_state;

/* Chunks that are kept are spread evenly, so that every group, and with it every thread, has its share of
 * those that are not. The last chunk, which may be smaller, is among them unless none is. */
static size_t kept_before(const basin_provision *p, size_t c)
{
    return c * p->kept / p->parts;
}

/* The memory of chunk c; NULL: it is recomputed. */
static real *kept_of(const frozen *point, size_t c)
{
    const size_t before = kept_before(&point->provision, c);

    if (kept_before(&point->provision, c + 1) == before) return NULL;
    return point->kept + before * basin_extent_size(&point->net->plan->kept, point->net->chunk);
}

static void freeze_group(const basin_reduction *job, basin_sweep *sweep, size_t group, size_t thread)
{
    const frozen *point = job->state;

    (void)thread;
    for (size_t c = basin_first_chunk(&job->groups, group); c < basin_first_chunk(&job->groups, group + 1);
         c++) {
        basin_batch batch = basin_chunk_of(job->net, job->data, c);
        if (kept_of(point, c) == NULL) continue;
        basin_sweep_bind(sweep, point->weights, kept_of(point, c), &batch);
        basin_network_primal(job->net, sweep, &batch, BASIN_MODE_FREEZE);
    }
}

/* The test build fills with NaN what a product must not read: values and adjoints that were not kept. */
static void forget(const basin_sweep *sweep)
{
#ifdef BASIN_FAULT
    memset(sweep->scratch, 0xff,
           basin_extent_size(&sweep->plan->primal, sweep->chunk) * sizeof *sweep->scratch);
#else
    (void)sweep;
#endif
}

static void product_group(const basin_reduction *job, basin_sweep *sweep, size_t group, size_t thread)
{
    const product_state *state = job->state;
    const frozen        *point = state->point;
    const basin_plan    *plan = job->net->plan;
    basin_slot          *y = SWEEP_OUTPUT(sweep);

    (void)thread;
    memset(sweep->adjoint_dot, 0, state->k * plan->params->size * sizeof *sweep->adjoint_dot);
    for (size_t c = basin_first_chunk(&job->groups, group); c < basin_first_chunk(&job->groups, group + 1);
         c++) {
        basin_batch batch = basin_chunk_of(job->net, job->data, c);
        basin_sweep_bind(sweep, point->weights, kept_of(point, c), &batch);
        if (kept_of(point, c) == NULL)
            basin_network_primal(job->net, sweep, &batch, BASIN_MODE_FREEZE);
        else
            forget(sweep);
        basin_sweep_forward_dot(sweep, batch.count, state->k, 2);
        basin_loss_dot(&job->net->loss, &batch, state->k, y->width, sweep->slope, y->d, y->ad);
        basin_sweep_backward_dot(sweep, batch.count, state->k);
    }
}

static void product_add(const basin_reduction *job, basin_sweep *sweep)
{
    const product_state *state = job->state;

    basin_sweep_collect(sweep, state->k, state->hv);
}

void basin_network_thaw(void *point)
{
    frozen *p = point;

    if (p == NULL) return;
    basin_network_release(p->net, &p->data);
    basin_weights_destroy(&p->weights);
    basin_free(p->kept);
    basin_sweeps_destroy(p->sweeps, p->provision.threads);
    basin_free(p);
}

/* ----------------------------------------------------------------------------------- memory of a point -- */

enum { BLOCK_MOST = 16, BLOCK_REALS = 1 << 20 }; /* a block's tangents of one chunk stay in cache */

/* Of the model alone: a product in another block may have other bits. */
static size_t block_size(const basin_network *net)
{
    size_t k = BLOCK_REALS / (basin_extent_size(&net->plan->tangent, net->chunk) + 1);
    return k < 1 ? 1 : k > BLOCK_MOST ? BLOCK_MOST : k;
}

/* Reals that so many chunks keep, the last one, which has what samples remain, among them. */
static size_t kept_size(const basin_network *net, size_t chunks, size_t samples)
{
    const size_t rest = samples % net->chunk;

    if (chunks == 0) return 0;
    return (chunks - 1) * basin_extent_size(&net->plan->kept, net->chunk) +
           basin_extent_size(&net->plan->kept, rest > 0 ? rest : net->chunk);
}

/* All chunks if they fit into what the limit leaves; else as many threads as have room to recompute, since
 * they gain more than what is kept, and then chunks. Weights are made before and not part of it. */
static basin_provision provide(const basin_network *net, size_t samples)
{
    const size_t    room = basin_memory_left();
    const size_t    each = basin_extent_size(&net->plan->kept, net->chunk) * sizeof(real);
    basin_provision p = {.threads = basin_network_threads(net, samples),
                         .block = block_size(net),
                         .parts = basin_group_samples(net, samples).chunks};

    p.shared_bytes = basin_weights_bytes(net->plan, p.block);
    p.thread_bytes = basin_sweep_bytes(net->plan, net->chunk, p.block, false);
    p.kept = p.parts;
    p.kept_bytes = kept_size(net, p.kept, samples) * sizeof(real);
    if (p.threads * p.thread_bytes + p.kept_bytes <= room) return p;
    p.thread_bytes = basin_sweep_bytes(net->plan, net->chunk, p.block, true);
    p.threads = basin_network_threads_within(net, samples, p.thread_bytes);
    p.kept = p.threads * p.thread_bytes < room ? (room - p.threads * p.thread_bytes) / each : 0;
    if (p.kept >= p.parts) p.kept = p.parts - 1;
    p.kept_bytes = kept_size(net, p.kept, samples) * sizeof(real);
    return p;
}

/* The sweeps of loss and gradient, which are made anew when needed, give way to what can be kept. */
static basin_provision make_room(basin_network *net, size_t samples)
{
    basin_provision p = provide(net, samples);

    if (p.kept == p.parts || net->sweeps == NULL) return p;
    basin_sweeps_destroy(net->sweeps, net->sweep_count);
    net->sweeps = NULL;
    net->sweep_count = 0;
    return provide(net, samples);
}

void basin_network_provision(const void *point, basin_provision *out)
{
    *out = ((const frozen *)point)->provision;
}

basin_status basin_network_freeze(void *ctx, const basin_samples *s, const double *theta,
                                  basin_curvature_kind kind, void **out)
{
    basin_status     st = BASIN_OK;
    basin_network   *net = ctx;
    frozen          *point = NULL;
    basin_provision *p;

    (void)kind;
    BASIN_ALLOC(point, 1, "curvature");
    point->net = net;
    p = &point->provision;
    BASIN_TRY(basin_network_gather(net, s, &point->data));
    BASIN_TRY(basin_weights_create(net->plan, block_size(net), &point->weights));
    BASIN_TRY(basin_network_set(net, point->weights, theta));
    *p = make_room(net, point->data.count);
    BASIN_ALLOC(point->kept, p->kept_bytes / sizeof(real), "a frozen point");
    BASIN_TRY(basin_sweeps_create(net, p->threads, p->block, p->kept < p->parts, &point->sweeps));
    if (p->kept > 0)
        BASIN_TRY(basin_reduce(&(basin_reduction){.net = net,
                                                  .data = &point->data,
                                                  .groups = basin_group_samples(net, point->data.count),
                                                  .sweeps = point->sweeps,
                                                  .sweep_group = freeze_group,
                                                  .state = point},
                               p->threads));
    *out = point, point = NULL;
done:
    basin_network_thaw(point);
    return st;
}

basin_status basin_network_product(void *point, const double *v, size_t k, double *hv)
{
    basin_status st = BASIN_OK;
    frozen      *p = point;
    size_t       size = p->net->plan->params->size;

    for (size_t j = 0; j < k; j += p->provision.block) {
        product_state state = {
            .point = p, .k = k - j < p->provision.block ? k - j : p->provision.block, .hv = hv + j * size};
        basin_weights_block(p->weights, p->net->plan, v + j * size, state.k);
        memset(state.hv, 0, state.k * size * sizeof *hv);
        BASIN_TRY(basin_reduce(&(basin_reduction){.net = p->net,
                                                  .data = &p->data,
                                                  .groups = basin_group_samples(p->net, p->data.count),
                                                  .sweeps = p->sweeps,
                                                  .sweep_group = product_group,
                                                  .add_group = product_add,
                                                  .state = &state},
                               p->provision.threads));
    }
done:
    return st;
}
