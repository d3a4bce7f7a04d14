/* Loss, adjoints and the gradient: forward, loss and backward over every chunk. */
#include "engine/objective/network.h"

#include <string.h>

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
    const basin_weights *weights;
    basin_loss          *loss;
    double              *g;
} gradient_state;

static void gradient_group(const basin_reduction *job, basin_sweep *sweep, size_t group, size_t thread)
{
    const gradient_state *state = job->state;

    (void)thread;
    sweep->loss = (basin_loss){0};
    memset(sweep->adjoint, 0, job->net->plan->params->size * sizeof *sweep->adjoint);
    for (size_t c = basin_first_chunk(&job->groups, group); c < basin_first_chunk(&job->groups, group + 1);
         c++) {
        basin_batch batch = basin_chunk_of(job->net, job->data, c);
        basin_sweep_bind(sweep, state->weights, NULL, &batch);
        basin_network_primal(job->net, sweep, &batch, BASIN_MODE_GRADIENT);
    }
}

static void gradient_add(const basin_reduction *job, basin_sweep *sweep)
{
    const gradient_state *state = job->state;

    basin_loss_add(state->loss, &sweep->loss);
    for (size_t i = 0; i < job->net->plan->params->size; i++) state->g[i] += (double)sweep->adjoint[i];
}

basin_status basin_network_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                    double *g)
{
    basin_status   st = BASIN_OK;
    basin_network *net = ctx;
    basin_batch    data = {0};
    size_t         threads;

    BASIN_TRY(basin_network_gather(net, s, &data));
    BASIN_TRY(basin_network_sweeps(net, &threads));
    BASIN_TRY(basin_network_set(net, net->weights, theta));
    memset(g, 0, net->plan->params->size * sizeof *g);
    *out = (basin_loss){.weight = data.weight};
    BASIN_TRY(basin_reduce(
        &(basin_reduction){.net = net,
                           .data = &data,
                           .groups = basin_group_samples(net, data.count),
                           .sweeps = net->sweeps,
                           .sweep_group = gradient_group,
                           .add_group = gradient_add,
                           .state = &(gradient_state){.weights = net->weights, .loss = out, .g = g}},
        threads));
done:
    basin_network_release(net, &data);
    return st;
}
