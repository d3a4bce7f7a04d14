/* Loss, adjoints and the gradient: forward, loss and backward over every chunk. */
#include "engine/objective/workers.h"

#include <string.h>

void basin_loss_to(const basin_loss *loss, double *sums)
{
    sums[0] += loss->sum;
    sums[1] += (double)loss->correct;
    sums[2] += (double)loss->count;
}

basin_loss basin_loss_from(const double *sums, double weight)
{
    return (basin_loss){
        .sum = sums[0], .weight = weight, .correct = (uint64_t)sums[1], .count = (uint64_t)sums[2]};
}

/* Forward, loss and backward of the chunk that the sweep is bound to. */
void basin_network_primal(const basin_network *net, basin_sweep *sweep, const basin_batch *batch,
                          basin_mode mode)
{
    basin_slot *y = SWEEP_OUTPUT(sweep);

    basin_sweep_forward(sweep, batch->count, mode, 0, 2);
    basin_loss_forward(&net->loss, batch, y->v, y->width, &sweep->loss, y->a,
                       mode == BASIN_MODE_FREEZE ? sweep->slope : NULL);
    basin_sweep_backward(sweep, batch->count, mode);
}

typedef struct gradient_state {
    basin_pass           pass;
    const basin_weights *weights;
    double              *g;
} gradient_state;

static void gradient_fill(void *payload, size_t thread, size_t group, size_t count, real *adjoint,
                          double *loss)
{
    const gradient_state *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    basin_sweep          *sweep = state->pass.sweeps[thread];

    for (size_t end = group + count; group < end;
         group++, adjoint += sweep->plan->params->size, loss += BASIN_LOSS_SUMS) {
        sweep->loss = (basin_loss){0};
        sweep->adjoint = adjoint;
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            const basin_batch batch = basin_pass_bind(&state->pass, sweep, state->weights, NULL, &chunk);
            basin_network_primal(state->pass.net, sweep, &batch, BASIN_MODE_GRADIENT);
        }
        basin_loss_to(&sweep->loss, loss);
    }
}

static void gradient_take(void *payload, size_t first, size_t count, const double *sums)
{
    const gradient_state *state = payload;

    memcpy(state->g + first, sums, count * sizeof *sums);
}

basin_status basin_network_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                    double *g)
{
    basin_status   st = BASIN_OK;
    basin_network *net = ctx;
    basin_batch    data = {0};
    double         loss[BASIN_LOSS_SUMS] = {0};

    BASIN_TRY(basin_network_gather(net, s, &data));
    BASIN_TRY(basin_network_workers(net));
    BASIN_TRY(basin_network_set(net, net->weights, theta));
    gradient_state state = {
        .pass = basin_pass_over(net, &data, net->workers), .weights = net->weights, .g = g};
    BASIN_TRY(basin_reduce(&(basin_reduction){.groups = state.pass.groups.groups,
                                              .reals = net->plan->params->size,
                                              .doubles = BASIN_LOSS_SUMS,
                                              .fill = gradient_fill,
                                              .take = gradient_take,
                                              .total = loss,
                                              .state = &state},
                           net->workers->tree, net->workers->threads));
    *out = basin_loss_from(loss, data.weight);
done:
    basin_network_release(net, &data);
    return st;
}
