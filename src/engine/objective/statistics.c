/* Which statistics BatchNormalization uses (basin_bn in basin.h).
 *
 * stored: the buffers of the graph. batch: the op's own business, of the chunk at hand. The other two are
 * written into the buffers of the weights at hand whenever theta moves:
 *
 * reestimate, at every theta anew, for one BatchNormalization after the other in the order of evaluation:
 *   1. all training samples forward up to its input, with the statistics found so far in the layers before
 *      it,
 *   2. mean and M2 = Σ (x - mean)² of each channel over each chunk, chunks merged in order within a group,
 *      then groups in the tree of reduction.c (Chan, Golub & LeVeque, The American Statistician 37, 1983):
 *          δ = mean_b - mean_a,   mean = mean_a + δ n_b/n, M2 = M2_a + M2_b + δ² n_a n_b/n, n = n_a + n_b.
 *      Sums of x and x² would be plain sums, but lose the variance where the mean is large, and a centre for
 *      them would have to be found first; merged moments need none,
 *   3. the statistics are mean and M2/n: what training mode would use for one batch of the whole training
 *      split.
 * Gradient and products hold them constant.
 *
 * interpolate, at theta + Σ c_j d_j: buffer + Σ c_j (that of the end of direction j - buffer).
 */
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/params.h"
#include "engine/kernels/normalise.h"
#include "engine/objective/workers.h"

/* Where a buffer lies in basin_weights.buffers. */
static size_t buffer_offset(const basin_plan *plan, const basin_slot *slot)
{
    size_t offset = 0;

    for (size_t i = 0; i < slot->buffer; i++) offset += plan->graph->buffers[i].size;
    return offset;
}

/* --------------------------------------------------------------------------------------- re-estimation -- */

enum { COUNT, MEAN, M2, MOMENTS }; /* of one channel, in a group's part [channels, MOMENTS] */

typedef struct estimate_state {
    basin_pass           pass;
    const basin_weights *weights;
    size_t               node, channels;
    double             **chunks; /* [threads]: mean, then M2 [2, channels] of a chunk */
} estimate_state;

static void merge(double *a, const double *b)
{
    const double n = a[COUNT] + b[COUNT], share = n > 0.0 ? b[COUNT] / n : 0.0, delta = b[MEAN] - a[MEAN];

    a[MEAN] += delta * share;
    a[M2] += b[M2] + delta * delta * (a[COUNT] * share);
    a[COUNT] = n;
}

static void estimate_merge(double *left, const double *right, size_t doubles)
{
    for (size_t i = 0; i < doubles; i += MOMENTS) merge(left + i, right + i);
}

/* Forward up to the node's input, and what one chunk adds to its group. */
static void estimate_chunk(const estimate_state *state, size_t thread, const basin_chunk *chunk, double *sums)
{
    basin_sweep      *sweep = state->pass.sweeps[thread];
    double           *mean = state->chunks[thread], *m2 = mean + state->channels;
    const basin_batch batch = basin_pass_bind(&state->pass, sweep, state->weights, NULL, chunk);

    for (size_t i = 0; i < state->node; i++)
        sweep->nodes[i].op->forward(&sweep->nodes[i], batch.count, BASIN_MODE_LOSS);
    const double count = basin_norm_moments(&sweep->nodes[state->node], batch.count, mean, m2);
    for (size_t i = 0; i < state->channels; i++)
        merge(sums + i * MOMENTS, (double[MOMENTS]){[COUNT] = count, [MEAN] = mean[i], [M2] = m2[i]});
}

static void estimate_fill(void *payload, size_t thread, size_t group, size_t count, real *reals, double *sums)
{
    const estimate_state *state = payload;
    const basin_grouping *groups = &state->pass.groups;

    (void)reals;
    for (size_t end = group + count; group < end; group++, sums += state->channels * MOMENTS)
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            estimate_chunk(state, thread, &chunk, sums);
        }
}

static basin_status estimate_node(const basin_network *net, size_t number, basin_weights *weights)
{
    basin_status      st = BASIN_OK;
    const basin_node *node = &net->plan->nodes[number];
    const basin_slot *mean = NODE_INPUT(node, NORM_MEAN), *variance = NODE_INPUT(node, NORM_VARIANCE);
    const size_t      threads = net->workers->threads, channels = mean->width;
    basin_tree       *tree = NULL;
    double           *total = NULL;
    estimate_state    state = {.pass = basin_pass_over(net, &net->statistics.samples, net->workers),
                               .weights = weights,
                               .node = number,
                               .channels = channels};

    BASIN_ALLOC(total, channels * MOMENTS, "statistics");
    BASIN_ALLOC(state.chunks, threads, "statistics");
    for (size_t t = 0; t < threads; t++) BASIN_ALLOC(state.chunks[t], 2 * channels, "statistics");
    BASIN_TRY(basin_tree_create(state.pass.groups.groups, threads, 0, channels * MOMENTS, &tree));
    BASIN_TRY(basin_reduce(&(basin_reduction){.groups = state.pass.groups.groups,
                                              .doubles = channels * MOMENTS,
                                              .fill = estimate_fill,
                                              .combine = estimate_merge,
                                              .total = total,
                                              .state = &state},
                           tree, threads));
    for (size_t c = 0; c < channels; c++) {
        weights->buffers[buffer_offset(net->plan, mean) + c] = (real)total[c * MOMENTS + MEAN];
        weights->buffers[buffer_offset(net->plan, variance) + c] =
            (real)(total[c * MOMENTS + M2] / total[c * MOMENTS + COUNT]);
    }
done:
    for (size_t t = 0; state.chunks != NULL && t < threads; t++) basin_free(state.chunks[t]);
    basin_free(state.chunks);
    basin_free(total);
    basin_tree_destroy(&tree);
    return st;
}

basin_status basin_network_set(basin_network *net, basin_weights *weights, const double *theta)
{
    basin_status st = BASIN_OK;

    basin_weights_set(weights, net->plan, theta);
    if (net->statistics.kind != BASIN_BN_REESTIMATE) return BASIN_OK;
    BASIN_TRY(basin_network_workers(net));
    for (size_t i = 0; i < net->plan->node_count; i++)
        if (basin_is_batch_norm(&net->plan->nodes[i])) BASIN_TRY(estimate_node(net, i, weights));
done:
    return st;
}

/* --------------------------------------------------------------------------------------- interpolation -- */

bool basin_network_moves(const basin_network *net)
{
    return net->statistics.kind == BASIN_BN_REESTIMATE || net->statistics.ends != NULL;
}

/* One statistic at the coordinates coef; a negative variance is refused. */
static basin_status move_statistic(const basin_network *net, const basin_node *node, size_t input,
                                   const double *coef, real *out)
{
    const basin_slot   *slot = NODE_INPUT(node, input);
    const basin_buffer *buffer = &net->plan->graph->buffers[slot->buffer];
    const size_t        offset = buffer_offset(net->plan, slot), d = net->statistics.directions;
    char                text[80];

    for (size_t i = 0; i < buffer->size; i++) {
        double value = buffer->values[i];
        for (size_t j = 0; j < d; j++)
            value += coef[j] * net->statistics.ends[j * net->plan->buffers + offset + i];
        if (input == NORM_VARIANCE && value < 0.0) {
            snprintf(text, sizeof text, d == 2 ? "%.6g, %.6g" : "%.6g", coef[0], d == 2 ? coef[1] : 0.0);
            return basin_node_fail(node, BASIN_ERR_VALUE,
                                   "statistics interpolated beyond their ends: at coordinate %s the variance "
                                   "%s[%zu] would be %g; a range within 0:1 has none",
                                   text, slot->name, i, value);
        }
        out[offset + i] = (real)value;
    }
    return BASIN_OK;
}

basin_status basin_network_set_point(basin_network *net, basin_weights *weights, const double *theta,
                                     const double *coef)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_network_set(net, weights, theta));
    if (net->statistics.ends == NULL) return BASIN_OK;
    for (size_t i = 0; i < net->plan->node_count; i++) {
        const basin_node *node = &net->plan->nodes[i];
        if (!basin_is_batch_norm(node)) continue;
        BASIN_TRY(move_statistic(net, node, NORM_MEAN, coef, weights->buffers));
        BASIN_TRY(move_statistic(net, node, NORM_VARIANCE, coef, weights->buffers));
    }
done:
    return st;
}

/* The end's statistic of the same name and shape, less this one, per coordinate. */
static basin_status end_of(const basin_network *net, const basin_node *node, size_t input,
                           const basin_graph *end, double at, double *out)
{
    const basin_slot   *slot = NODE_INPUT(node, input);
    const basin_buffer *here = &net->plan->graph->buffers[slot->buffer],
                       *there = basin_graph_find_buffer(end, here->name);

    if (there == NULL || !basin_shape_equal(here->shape, here->rank, there->shape, there->rank))
        return basin_node_fail(node, BASIN_ERR_MISSING,
                               "the checkpoint to interpolate to has no statistic %s of shape %s", here->name,
                               BASIN_SHAPE_TEXT(here->shape, here->rank));
    for (size_t i = 0; i < here->size; i++) {
        double value = there->values[i];
        if (!isfinite(value) || (input == NORM_VARIANCE && value < 0.0))
            return basin_node_fail(node, BASIN_ERR_VALUE, "%s[%zu] is %g in the checkpoint to interpolate to",
                                   here->name, i, value);
        out[buffer_offset(net->plan, slot) + i] = (value - here->values[i]) / at;
    }
    return BASIN_OK;
}

basin_status basin_network_ends(basin_network *net, size_t d, const basin_graph *const *ends,
                                const double *at)
{
    basin_status st = BASIN_OK;
    double      *values = NULL;

    BASIN_CHECK(net->statistics.kind == BASIN_BN_INTERPOLATE, BASIN_ERR_ARG,
                "the objective was not made to interpolate statistics");
    BASIN_ALLOC(values, d * net->plan->buffers, "statistics");
    for (size_t j = 0; j < d; j++) {
        if (ends[j] == NULL) continue;
        BASIN_CHECK(isfinite(at[j]) && at[j] != 0.0, BASIN_ERR_ARG, "statistics at coordinate %g", at[j]);
        for (size_t i = 0; i < net->plan->node_count; i++) {
            const basin_node *node = &net->plan->nodes[i];
            if (!basin_is_batch_norm(node)) continue;
            BASIN_TRY(end_of(net, node, NORM_MEAN, ends[j], at[j], values + j * net->plan->buffers));
            BASIN_TRY(end_of(net, node, NORM_VARIANCE, ends[j], at[j], values + j * net->plan->buffers));
        }
    }
    basin_free(net->statistics.ends);
    net->statistics.ends = values, values = NULL;
    net->statistics.directions = d;
done:
    basin_free(values);
    return st;
}

/* -------------------------------------------------------------------------------------------- refusals -- */

/* Two nodes with one statistic could not hold what each of them estimates. */
static basin_status check_own(const basin_node *node)
{
    for (size_t i = NORM_MEAN; i <= NORM_VARIANCE; i++)
        if (NODE_INPUT(node, i)->consumers > 1)
            return basin_node_fail(
                node, BASIN_ERR_UNSUPPORTED,
                "its statistic %s is read by another node too: it cannot be estimated for both",
                NODE_INPUT(node, i)->name);
    return BASIN_OK;
}

basin_status basin_network_check_statistics(const basin_network *net)
{
    basin_status st = BASIN_OK;
    const size_t bytes =
        (basin_extent_size(&net->plan->primal, net->chunk) + basin_extent_size(&net->plan->kept, net->chunk) +
         basin_extent_size(&net->plan->tangent, net->chunk)) *
        sizeof(real);

    if (net->plan->batch_statistics) {
        BASIN_CHECK(
            bytes < basin_memory_limit(), BASIN_ERR_BUDGET,
            "a batch of %zu samples is one piece of work: its %zu bytes do not fit the limit of %zu bytes",
            net->chunk, bytes, basin_memory_limit());
        BASIN_TRY(basin_network_check_batches(net, net->data.count));
    }
    for (size_t i = 0; i < net->plan->node_count && net->statistics.kind == BASIN_BN_REESTIMATE; i++)
        if (basin_is_batch_norm(&net->plan->nodes[i])) BASIN_TRY(check_own(&net->plan->nodes[i]));
done:
    return st;
}
