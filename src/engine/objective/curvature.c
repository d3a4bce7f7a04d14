/* Products with the Hessian at a frozen theta: the primal sweeps run once and what the tangent sweeps need is
 * kept; each block of k vectors then costs forward_dot and backward_dot only. Of chunks that do not fit the
 * memory limit nothing is kept: their primal sweeps run again for every block, on the thread's own memory.
 * Both give the same bits, so results do not depend on the limit.
 */
#include "engine/objective/workers.h"

#include <string.h>

#include "core/memory.h"

typedef struct frozen {
    basin_network  *net;
    basin_batch     data;
    basin_grouping  groups;
    basin_weights  *weights; /* theta, and the block at hand */
    basin_provision provision;
    real           *kept; /* plan->kept of each chunk that is kept, one after the other */
    basin_workers  *workers;
} frozen;

/* Reals that so many chunks keep, of all units before this one: without holes. */
static size_t kept_by_all(const basin_network *net, const basin_grouping *g, size_t chunks, size_t unit)
{
    const basin_extent *kept = &net->plan->kept;
    const size_t        samples = unit < g->units ? unit * g->unit : g->samples;

    return chunks * kept->fixed + samples * kept->sample + basin_rows_before(g, unit) * kept->group;
}

/* Chunks that are kept are spread evenly, so that every group, and with it every thread, has its share of
 * those that are not. */
static size_t kept_before(const basin_provision *p, size_t c)
{
    return c * p->kept / p->parts;
}

/* The memory of a chunk; NULL: it is recomputed. */
static real *kept_of(const frozen *point, const basin_chunk *chunk)
{
    const basin_provision *p = &point->provision;
    const size_t           before = kept_before(p, chunk->number);

    if (p->kept == p->parts)
        return point->kept + kept_by_all(point->net, &point->groups, chunk->number, chunk->unit);
    if (kept_before(p, chunk->number + 1) == before) return NULL;
    return point->kept + before * (p->kept_bytes / sizeof(real) / p->kept);
}

static void freeze_fill(void *payload, size_t thread, size_t group, size_t count, real *reals,
                        double *doubles)
{
    const frozen    *point = payload;
    const basin_pass pass = basin_pass_over(point->net, &point->data, point->workers);
    basin_sweep     *sweep = pass.sweeps[thread];

    (void)reals, (void)doubles;
    for (size_t end = group + count; group < end; group++)
        for (size_t c = basin_group_chunk(&pass.groups, group);
             c < basin_group_chunk(&pass.groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(&pass.groups, group, c);
            real             *kept = kept_of(point, &chunk);
            if (kept == NULL) continue;
            const basin_batch batch = basin_pass_bind(&pass, sweep, point->weights, kept, &chunk);
            basin_network_primal(point->net, sweep, &batch, BASIN_MODE_FREEZE);
        }
}

/* -------------------------------------------------------------------------------------------- products -- */

typedef struct product_state {
    basin_pass    pass;
    const frozen *point;
    size_t        k;
    double       *hv;
} product_state;

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

static void product_chunk(const product_state *state, basin_sweep *sweep, const basin_chunk *chunk)
{
    const frozen     *point = state->point;
    real             *kept = kept_of(point, chunk);
    const basin_batch batch = basin_pass_bind(&state->pass, sweep, point->weights, kept, chunk);
    basin_slot       *y = SWEEP_OUTPUT(sweep);

    if (kept == NULL)
        basin_network_primal(point->net, sweep, &batch, BASIN_MODE_FREEZE);
    else
        forget(sweep);
    basin_sweep_forward_dot(sweep, batch.count, state->k, 2);
    basin_loss_dot(&point->net->loss, &batch, state->k, y->width, sweep->slope, y->d, y->ad);
    basin_sweep_backward_dot(sweep, batch.count, state->k);
}

static void product_fill(void *payload, size_t thread, size_t group, size_t count, real *adjoint_dot,
                         double *doubles)
{
    const product_state  *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    basin_sweep          *sweep = state->pass.sweeps[thread];

    (void)doubles;
    for (size_t end = group + count; group < end;
         group++, adjoint_dot += state->k * sweep->plan->params->size) {
        sweep->adjoint_dot = adjoint_dot;
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            product_chunk(state, sweep, &chunk);
        }
    }
}

static void product_take(void *payload, size_t first, size_t count, const double *sums)
{
    const product_state *state = payload;

    basin_weights_unblock(state->point->net->plan, state->k, first, count, sums, state->hv);
}

void basin_network_thaw(void *point)
{
    frozen *p = point;

    if (p == NULL) return;
    basin_network_release(p->net, &p->data);
    basin_weights_destroy(&p->weights);
    basin_free(p->kept);
    basin_workers_destroy(&p->workers);
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

static basin_pass_need need_of(const basin_network *net, size_t samples, size_t block, bool all_kept)
{
    return (basin_pass_need){.samples = samples,
                             .k = block,
                             .owns = all_kept ? BASIN_OWNS_ADJOINT : BASIN_OWNS_ADJOINT | BASIN_OWNS_KEPT,
                             .reals = block * net->plan->params->size};
}

/* The sums of groups are told with what the threads share: they do not grow in step with threads. */
static void provide_threads(const basin_network *net, const basin_pass_need *need, size_t threads,
                            basin_provision *p)
{
    p->threads = threads;
    p->thread_bytes = basin_sweep_bytes(net->plan, net->chunk, need->k, need->owns);
    p->shared_bytes = basin_weights_bytes(net->plan, p->block) + basin_workers_bytes(net, need, threads) -
                      threads * p->thread_bytes;
}

/* All chunks. */
static basin_provision provide_all(const basin_network *net, size_t samples, size_t threads)
{
    const basin_grouping  groups = basin_group_samples(net, samples);
    basin_provision       p = {.block = block_size(net), .parts = groups.chunks, .kept = groups.chunks};
    const basin_pass_need need = need_of(net, samples, p.block, true);

    provide_threads(net, &need, threads, &p);
    p.kept_bytes = kept_by_all(net, &groups, groups.chunks, groups.units) * sizeof(real);
    return p;
}

/* All chunks if they fit into what the limit leaves; else as many threads as have room to recompute, since
 * they gain more than what is kept, and then chunks. Weights are made before and not part of it. */
static basin_provision provide(const basin_network *net, size_t samples)
{
    const size_t         left = basin_memory_left(), head = basin_block_bytes(1, sizeof(real));
    const size_t         room = left > head ? left - head : 0; /* what is kept is one block */
    const basin_grouping groups = basin_group_samples(net, samples);
    basin_provision      p = provide_all(net, samples, basin_workers_threads(net, samples));
    basin_pass_need      need = need_of(net, samples, p.block, true);
    size_t               each, taken;

    if (basin_workers_bytes(net, &need, p.threads) + p.kept_bytes <= room) return p;
    need = need_of(net, samples, p.block, false);
    provide_threads(net, &need, basin_workers_within(net, &need), &p);
    each = basin_extent_size(&net->plan->kept, basin_chunk_largest(&groups) * groups.unit) * sizeof(real);
    taken = basin_workers_bytes(net, &need, p.threads);
    p.kept = taken < room ? (room - taken) / each : 0;
    if (p.kept >= p.parts) p.kept = p.parts - 1;
    p.kept_bytes = p.kept * each;
    return p;
}

/* The workers of loss and gradient, which are made anew when needed, give way to what can be kept. */
static basin_provision make_room(basin_network *net, size_t samples)
{
    basin_provision p = provide(net, samples);

    if (p.kept == p.parts || net->workers == NULL) return p;
    basin_workers_destroy(&net->workers);
    return provide(net, samples);
}

void basin_network_requirement(const void *ctx, size_t threads, basin_provision *out)
{
    const basin_network *net = ctx;
    const size_t         groups = basin_group_samples(net, net->data.count).groups;

    *out = provide_all(net, net->data.count, threads < groups ? threads : groups);
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
    point->groups = basin_group_samples(net, point->data.count);
    BASIN_TRY(basin_weights_create(net->plan, block_size(net), &point->weights));
    BASIN_TRY(basin_network_set(net, point->weights, theta));
    *p = make_room(net, point->data.count);
    BASIN_ALLOC(point->kept, p->kept_bytes / sizeof(real), "a frozen point");
    basin_pass_need need = need_of(net, point->data.count, p->block, p->kept == p->parts);
    BASIN_TRY(basin_workers_create(net, &need, p->threads, &point->workers));
    if (p->kept > 0)
        BASIN_TRY(basin_reduce(
            &(basin_reduction){.groups = point->groups.groups, .fill = freeze_fill, .state = point},
            point->workers->tree, p->threads));
    *out = point, point = NULL;
done:
    basin_network_thaw(point);
    return st;
}

basin_status basin_network_product(void *point, const double *v, size_t k, double *hv)
{
    basin_status  st = BASIN_OK;
    frozen       *p = point;
    const size_t  size = p->net->plan->params->size;
    product_state state = {.pass = basin_pass_over(p->net, &p->data, p->workers), .point = p};

    for (size_t j = 0; j < k; j += state.k) {
        state.k = k - j < p->provision.block ? k - j : p->provision.block;
        state.hv = hv + j * size;
        basin_weights_block(p->weights, p->net->plan, v + j * size, state.k);
        BASIN_TRY(basin_reduce(&(basin_reduction){.groups = p->groups.groups,
                                                  .reals = state.k * size,
                                                  .fill = product_fill,
                                                  .take = product_take,
                                                  .state = &state},
                               p->workers->tree, p->workers->threads));
    }
done:
    return st;
}
