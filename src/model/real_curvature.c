/* Products with the Hessian at a frozen theta: the primal sweeps run once and what the tangent sweeps need is kept; each block of
 * k vectors then costs forward_dot and backward_dot only.
 */
#include "model/real_network.h"

#include <string.h>

#include "core/memory.h"

typedef struct frozen {
    basin_network *net;
    basin_batch    data;
    basin_weights *weights; /* theta, and the block at hand */
    real          *kept;    /* plan->kept of each chunk, one after the other; NULL: recomputed chunk by chunk */
    size_t         k;       /* largest block */
    size_t         threads;
    basin_sweep  **sweeps;
} frozen;

typedef struct product_state {
    frozen *point;
    size_t  k;
    double *hv;
} product_state;

static real *kept_of(const frozen *point, size_t c)
{
    return point->kept != NULL ? point->kept + c * basin_extent_size(&point->net->plan->kept, point->net->chunk) : NULL;
}

static void freeze_group(const basin_reduction *job, basin_sweep *sweep, size_t group, size_t thread)
{
    const frozen *point = job->state;

    (void)thread;
    for (size_t c = basin_first_chunk(&job->groups, group); c < basin_first_chunk(&job->groups, group + 1); c++) {
        basin_batch batch = basin_chunk_of(job->net, job->data, c);
        basin_sweep_bind(sweep, point->weights, kept_of(point, c), &batch);
        basin_network_primal(job->net, sweep, &batch, BASIN_MODE_FREEZE);
    }
}

/* The test build fills with NaN what a product must not read: values and adjoints that were not kept. */
static void forget(const basin_sweep *sweep)
{
#ifdef BASIN_FAULT
    memset(sweep->scratch, 0xff, basin_extent_size(&sweep->plan->primal, sweep->chunk) * sizeof *sweep->scratch);
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
    memset(sweep->packed_dot, 0, state->k * plan->packed * sizeof *sweep->packed_dot);
    for (size_t c = basin_first_chunk(&job->groups, group); c < basin_first_chunk(&job->groups, group + 1); c++) {
        basin_batch batch = basin_chunk_of(job->net, job->data, c);
        basin_sweep_bind(sweep, point->weights, kept_of(point, c), &batch);
        if (point->kept == NULL) basin_network_primal(job->net, sweep, &batch, BASIN_MODE_FREEZE);
        else forget(sweep);
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

void basin_network_thaw(void **point)
{
    frozen *p = *point;

    if (p == NULL) return;
    basin_network_release(p->net, &p->data);
    basin_weights_destroy(&p->weights);
    basin_free(p->kept);
    basin_sweeps_destroy(p->sweeps, p->threads);
    basin_free(p);
    *point = NULL;
}

enum { BLOCK_MOST = 16, BLOCK_REALS = 1 << 20 }; /* a block's tangents of one chunk stay in cache */

static size_t block_size(const basin_network *net)
{
    size_t k = BLOCK_REALS / (basin_extent_size(&net->plan->tangent, net->chunk) + 1);
    return k < 1 ? 1 : k > BLOCK_MOST ? BLOCK_MOST : k;
}

/* Reals that a point frozen for so many samples keeps; every chunk but the last is full. */
static size_t kept_size(const basin_network *net, size_t samples)
{
    const basin_extent *kept = &net->plan->kept;
    size_t              full = samples / net->chunk, rest = samples % net->chunk;

    return full * basin_extent_size(kept, net->chunk) + (rest > 0 ? basin_extent_size(kept, rest) : 0);
}

/* What is kept may fill half of the memory limit. */
static bool kept_fits(const basin_network *net, size_t samples)
{
    return kept_size(net, samples) <= basin_memory_limit() / 2 / sizeof(real);
}

basin_status basin_network_freeze(void *ctx, const basin_samples *s, const double *theta, basin_curvature_kind kind, void **out)
{
    basin_status   st = BASIN_OK;
    basin_network *net = ctx;
    frozen        *point = NULL;
    void          *cleanup;

    (void)kind;
    BASIN_ALLOC(point, 1, "curvature");
    point->net = net;
    point->k = block_size(net);
    BASIN_TRY(basin_network_gather(net, s, &point->data));
    point->threads = basin_network_threads(net, point->data.count);
    BASIN_TRY(basin_weights_create(net->plan, point->k, &point->weights));
    BASIN_TRY(basin_network_set(net, point->weights, theta));
    if (kept_fits(net, point->data.count)) BASIN_ALLOC(point->kept, kept_size(net, point->data.count), "a frozen point");
    BASIN_TRY(basin_sweeps_create(net, point->threads, point->k, point->kept == NULL, &point->sweeps));
    if (point->kept != NULL)
        BASIN_TRY(basin_reduce(&(basin_reduction){.net = net,
                                                  .data = &point->data,
                                                  .groups = basin_group_samples(net, point->data.count),
                                                  .sweeps = point->sweeps,
                                                  .sweep_group = freeze_group,
                                                  .state = point},
                               point->threads));
    *out = point, point = NULL;
done:
    cleanup = point;
    basin_network_thaw(&cleanup);
    return st;
}

basin_status basin_network_product(void *point, const double *v, size_t k, double *hv)
{
    basin_status st = BASIN_OK;
    frozen      *p = point;
    size_t       size = p->net->plan->params->size;

    for (size_t j = 0; j < k; j += p->k) {
        product_state state = {.point = p, .k = k - j < p->k ? k - j : p->k, .hv = hv + j * size};
        basin_weights_block(p->weights, p->net->plan, v + j * size, state.k);
        memset(state.hv, 0, state.k * size * sizeof *hv);
        BASIN_TRY(basin_reduce(&(basin_reduction){.net = p->net,
                                                  .data = &p->data,
                                                  .groups = basin_group_samples(p->net, p->data.count),
                                                  .sweeps = p->sweeps,
                                                  .sweep_group = product_group,
                                                  .add_group = product_add,
                                                  .state = &state},
                               p->threads));
    }
done:
    return st;
}
