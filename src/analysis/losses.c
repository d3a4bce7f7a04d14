/* The loss at a point, and nothing else of it. */
#include "analysis/cost.h"
#include "core/memory.h"

static basin_status compute_one(basin_objective *o, const char *split, const double *theta,
                                const basin_decay *included, basin_split_loss *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(basin_objective_loss(o, NULL, theta, &loss));
    BASIN_STRDUP(out->split, split);
    out->samples = basin_objective_samples(o);
    out->loss = basin_loss_value(&loss);
    if (included != NULL) out->loss += basin_decay_term(included, theta, basin_objective_size(o));
    out->accuracy = basin_loss_accuracy(&loss);
done:
    return st;
}

basin_status basin_losses_compute(basin_objective *const *objectives, const char *const *splits, size_t count,
                                  const double *theta, const basin_decay *included, basin_losses **out)
{
    basin_status  st = BASIN_OK;
    basin_losses *losses = NULL;

    BASIN_CHECK(count > 0, BASIN_ERR_ARG, "losses of no objective");
    BASIN_ALLOC(losses, 1, "losses");
    BASIN_ALLOC(losses->splits, count, "losses");
    losses->count = count;
    losses->parameters = basin_objective_size(objectives[0]);
    for (size_t i = 0; i < count; i++)
        BASIN_TRY(compute_one(objectives[i], splits[i], theta, included, &losses->splits[i]));
    *out = losses, losses = NULL;
done:
    basin_losses_destroy(&losses);
    return st;
}

void basin_losses_cost(basin_objective *const *objectives, size_t count, basin_job_cost *out)
{
    basin_job_cost cost = {0};

    for (size_t i = 0; i < count; i++) {
        basin_job_cost one = {0};
        basin_cost_of_passes(objectives[i], &one);
        cost.flops += basin_cost_known(basin_objective_flops(objectives[i]).loss);
        cost.passes += 1.0;
        if (one.parts > cost.parts) cost.parts = one.parts;
        if (one.bytes > cost.bytes) cost.bytes = one.bytes;
        if (one.thread_bytes > cost.thread_bytes) cost.thread_bytes = one.thread_bytes;
    }
    *out = cost;
}
