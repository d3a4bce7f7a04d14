/* Products with the Hessian, or another operator, at a frozen theta: the primal sweeps run once and what the
 * tangent sweeps need is kept; each block of k vectors then costs forward_dot and backward_dot only. Of
 * chunks that do not fit the memory limit nothing is kept: their primal sweeps run again for every block, on
 * the thread's own memory. Both give the same bits, so results do not depend on the limit.
 *
 * With J = ∂y/∂theta and S = ∂²L/∂y², a product with the Hessian is Jᵀ S (J v), and what the adjoints a =
 * ∂L/∂y and their way back add as J turns along v. So with a = 0 the same sweeps multiply by G = JᵀSJ (N.
 * Schraudolph, Neural Computation 14(7), 2002), with S = 0 by the residual H - G, and with a Fisher matrix's
 * W Σ s sᵀ or N Σ a aᵀ in place of S by that. Where a = 0, ops leave out what it multiplies
 * (basin_node.straight).
 */
#include "engine/objective/frozen.h"

#include <string.h>

#include "core/memory.h"
#include "engine/objective/scores.h"

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
static real *kept_of(const basin_frozen *point, const basin_chunk *chunk)
{
    const basin_provision *p = &point->provision;
    const size_t           before = kept_before(p, chunk->number);

    if (p->kept == p->parts)
        return point->kept + kept_by_all(point->net, &point->groups, chunk->number, chunk->unit);
    if (kept_before(p, chunk->number + 1) == before) return NULL;
    return point->kept + before * (p->kept_bytes / sizeof(real) / p->kept);
}

/* ------------------------------------------------------------------------------------------- operators -- */

static bool is_straight(basin_curvature_kind kind)
{
    return kind != BASIN_HESSIAN && kind != BASIN_RESIDUAL;
}

/* The primal sweeps of a chunk, which begins at sample `first`. `slope` becomes S, or the samples' scores. */
static void freeze_chunk(const basin_frozen *point, basin_sweep *sweep, const basin_batch *batch,
                         size_t first)
{
    const basin_network *net = point->net;
    basin_slot          *y = SWEEP_OUTPUT(sweep);
    const size_t         bytes = slot_rows(y, batch->count) * slot_stride(y) * sizeof(real);

    basin_sweep_forward(sweep, batch->count, BASIN_MODE_FREEZE, 0, 2);
    basin_loss_forward(&net->loss, batch, y->v, y->width, &sweep->loss, y->a, sweep->slope);
    if (point->kind == BASIN_FISHER_SAMPLED)
        basin_scores_draw(&net->loss, batch, y->v, y->width, net->seed, first, sweep->slope);
    if (point->kind == BASIN_FISHER_EMPIRICAL) memcpy(sweep->slope, y->a, bytes);
    if (is_straight(point->kind)) memset(y->a, 0, bytes);
    basin_sweep_backward(sweep, batch->count, BASIN_MODE_FREEZE);
}

/* ad = S d of the chunk. */
static void output_dot(const basin_frozen *point, const basin_sweep *sweep, const basin_batch *batch,
                       size_t k)
{
    const basin_slot *y = SWEEP_OUTPUT(sweep);
    const size_t      rows = slot_rows(y, batch->count);

    switch (point->kind) {
    case BASIN_RESIDUAL: memset(y->ad, 0, rows * k * slot_stride(y) * sizeof(real)); break;
    case BASIN_FISHER_SAMPLED:
        basin_scores_dot(batch->count, k, y->width, batch->weight, sweep->slope, y->d, y->ad);
        break;
    case BASIN_FISHER_EMPIRICAL:
        basin_scores_dot(batch->count, k, y->width, (double)point->data.count, sweep->slope, y->d, y->ad);
        break;
    default: basin_loss_dot(&point->net->loss, batch, k, y->width, sweep->slope, y->d, y->ad); break;
    }
}

static size_t first_sample(const basin_grouping *groups, const basin_chunk *chunk)
{
    return chunk->unit * groups->unit;
}

static void freeze_fill(void *payload, size_t thread, size_t group, size_t count, real *reals,
                        double *doubles)
{
    const basin_frozen *point = payload;
    const basin_pass    pass = basin_pass_over(point->net, &point->data, point->workers);
    basin_sweep        *sweep = pass.sweeps[thread];

    (void)reals, (void)doubles;
    for (size_t end = group + count; group < end; group++)
        for (size_t c = basin_group_chunk(&pass.groups, group);
             c < basin_group_chunk(&pass.groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(&pass.groups, group, c);
            real             *kept = kept_of(point, &chunk);
            if (kept == NULL) continue;
            const basin_batch batch = basin_pass_bind(&pass, sweep, point->weights, kept, &chunk);
            freeze_chunk(point, sweep, &batch, first_sample(&pass.groups, &chunk));
        }
}

/* -------------------------------------------------------------------------------------------- products -- */

typedef struct product_state {
    basin_pass          pass;
    const basin_frozen *point;
    size_t              k;
    double             *hv;
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

basin_batch basin_frozen_bind(const basin_frozen *point, const basin_pass *pass, basin_sweep *sweep,
                              const basin_chunk *chunk)
{
    real             *kept = kept_of(point, chunk);
    const basin_batch batch = basin_pass_bind(pass, sweep, point->weights, kept, chunk);

    if (kept == NULL)
        freeze_chunk(point, sweep, &batch, first_sample(&pass->groups, chunk));
    else
        forget(sweep);
    return batch;
}

static void product_chunk(const product_state *state, basin_sweep *sweep, const basin_chunk *chunk)
{
    const basin_batch batch = basin_frozen_bind(state->point, &state->pass, sweep, chunk);

    basin_sweep_forward_dot(sweep, batch.count, state->k, 2);
    output_dot(state->point, sweep, &batch, state->k);
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
    basin_frozen *p = point;

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
    *out = ((const basin_frozen *)point)->provision;
}

/* A Fisher matrix is of a distribution of labels whose -log p is the loss. */
static basin_status check_kind(const basin_network *net, basin_curvature_kind kind)
{
    basin_status st = BASIN_OK;
    const bool   expected = kind == BASIN_FISHER || kind == BASIN_FISHER_SAMPLED;
    bool         weighted = false;

    for (size_t c = 0; c < net->loss.weight_count; c++) weighted = weighted || net->loss.weights[c] != 1.0;
    BASIN_CHECK(!expected || !weighted, BASIN_ERR_UNSUPPORTED,
                "%s with weights is no -log p of any distribution of labels: it has no %s matrix (ggn and "
                "fisher-empirical it has)",
                basin_loss_name(net->loss.kind), basin_curvature_kind_text(kind));
done:
    return st;
}

static void straighten(const basin_workers *workers, bool straight)
{
    for (size_t t = 0; t < workers->threads; t++)
        for (size_t i = 0; i < workers->sweeps[t]->plan->node_count; i++)
            workers->sweeps[t]->nodes[i].straight = straight;
}

basin_status basin_network_freeze(void *ctx, const basin_samples *s, const double *theta,
                                  basin_curvature_kind kind, void **out)
{
    basin_status     st = BASIN_OK;
    basin_network   *net = ctx;
    basin_frozen    *point = NULL;
    basin_provision *p;

    BASIN_TRY(check_kind(net, kind));
    BASIN_ALLOC(point, 1, "curvature");
    point->net = net;
    point->kind = kind;
    p = &point->provision;
    BASIN_TRY(basin_network_gather(net, s, &point->data));
    point->groups = basin_group_samples(net, point->data.count);
    BASIN_TRY(basin_weights_create(net->plan, block_size(net), &point->weights));
    BASIN_TRY(basin_network_set(net, point->weights, theta));
    *p = make_room(net, point->data.count);
    BASIN_ALLOC(point->kept, p->kept_bytes / sizeof(real), "a frozen point");
    basin_pass_need need = need_of(net, point->data.count, p->block, p->kept == p->parts);
    BASIN_TRY(basin_workers_create(net, &need, p->threads, &point->workers));
    straighten(point->workers, is_straight(kind));
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
    basin_frozen *p = point;
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
