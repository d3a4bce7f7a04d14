/* Batch sharpness, the curvature that the steps of SGD see (spectrum/batches.c has the method and its
 * references):
 *
 *     batch_sharpness           mean over batches B of gᵀHg/‖g‖², g = ∇L_B, H = ∇²L_B
 *     batch_sharpness_momentum  mean of sᵀHs/sᵀg along the step s = βv + g, v the momentum saved
 *
 * Batches are drawn each by itself, without replacement within one: unlike those of m-sharpness they may
 * share samples, as those of `spectrum --batches` and `track` do, and Student's interval is of the mean over
 * all batches of this size from these samples.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"

enum { BATCHES = 20 };

static size_t how_many(const basin_sharpening *task)
{
    return task->options->batches > 0 ? task->options->batches : BATCHES;
}

/* The mean goes into the row, or why there is none. */
static basin_status take(const basin_batches *b, const basin_mean *mean, basin_sharpness_row *row)
{
    row->batches = b->count, row->batch_size = b->batch_size;
    row->gradients += b->count;
    if (b->without_gradient > 0 && b->without_gradient == b->count)
        return basin_sharpness_lacks(row, "the gradient of every batch is zero");
    if (isnan(mean->mean))
        return basin_sharpness_lacks(row, "a batch has no value: its step is orthogonal to its gradient");
    row->value = mean->mean, row->lower = mean->lower, row->upper = mean->upper;
    row->error = mean->deviation / sqrt((double)mean->count);
    return basin_sharpness_say(row, "%zu batches of %zu, each drawn by itself", mean->count, b->batch_size);
}

static basin_status compute(const basin_sharpening *task, bool momentum, basin_sharpness_row *row)
{
    basin_status            st = BASIN_OK;
    const basin_checkpoint *ck = task->options->checkpoint;
    basin_batches          *b = NULL;
    basin_batches_options   o = {.count = how_many(task),
                                 .batch_size = task->batch_size,
                                 .sharpness_only = true,
                                 .beta = NAN,
                                 .learning_rate = NAN,
                                 .seed = task->options->seed};

    if (o.count < 2) return basin_sharpness_lacks(row, "of one batch the mean has no error: two at least");
    if (momentum) {
        o.momentum = task->options->momentum, o.beta = ck != NULL ? ck->hyper.momentum : (double)NAN;
        if (task->options->no_step != NULL)
            return basin_sharpness_lacks(row, "no step of training: %s", task->options->no_step);
        if (o.momentum == NULL) return basin_sharpness_lacks(row, "no momentum is saved");
        if (isnan(o.beta)) return basin_sharpness_lacks(row, "no coefficient of the momentum is recorded");
    }
    BASIN_TRY(basin_batches_compute(task->point, &o, &b));
    row->products += (momentum ? 2 : 1) * b->count;
    BASIN_TRY(take(b, momentum ? &b->momentum : &b->sharpness, row));
done:
    basin_batches_destroy(&b);
    return st;
}

static void add_cost(const basin_sharpening *task, size_t products, basin_cost *cost)
{
    const double share = (double)how_many(task) * (double)task->batch_size /
                         (double)basin_objective_samples(task->point->objective);

    cost->gradients += (uint64_t)ceil(share);
    cost->products += (uint64_t)ceil(share * (double)products);
}

basin_status basin_sharpness_by_batch_sharpness(const basin_sharpening *task, basin_sharpness_row *rows,
                                                size_t count)
{
    (void)count;
    return compute(task, false, rows);
}

void basin_sharpness_cost_batch_sharpness(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)count;
    add_cost(task, 1, cost);
}

basin_status basin_sharpness_by_batch_sharpness_momentum(const basin_sharpening *task,
                                                         basin_sharpness_row *rows, size_t count)
{
    (void)count;
    return compute(task, true, rows);
}

void basin_sharpness_cost_batch_sharpness_momentum(const basin_sharpening *task, size_t count,
                                                   basin_cost *cost)
{
    (void)count;
    add_cost(task, 2, cost);
}
