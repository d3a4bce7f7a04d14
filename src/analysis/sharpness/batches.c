/* A measure on each batch by itself, and its mean over batches: m-sharpness (Foret et al., arXiv:2010.01412,
 * section 3), and worst cases as Andriushchenko et al. (arXiv:2302.07011) take them, whose maximum over each
 * batch is larger than that over all samples.
 *
 *   1. The samples in a random order, cut into batches of m; what is left over is left out, and said.
 *   2. Of each batch: its own loss, gradient and maximum.
 *   3. Mean, standard error and Student's interval over the batches. They are disjoint, so where they are
 *      nearly all the data, the interval is that of another draw of as many samples, not of another order.
 *
 * A batch without a finite value makes the mean missing: an average of the others would be of another
 * quantity.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

static basin_status one_batch(const basin_sharpening *task, const basin_samples *samples,
                              basin_sharpness_function *function, basin_sharpness_row *rows, size_t count)
{
    basin_status     st = BASIN_OK;
    const double    *theta = task->point->theta;
    basin_objective *batch = NULL;
    basin_point     *point = NULL;
    basin_sharpening own = {0};

    BASIN_TRY(
        basin_objective_restrict(task->point->objective, theta, &(basin_part){.samples = samples}, &batch));
    BASIN_TRY(basin_point_create(batch, theta, &task->point->options, &point));
    BASIN_TRY(basin_sharpening_begin(point, task->options, &own));
    own.draws = task->draws;
    BASIN_TRY(function(&own, rows, count));
done:
    basin_point_destroy(&point);
    basin_objective_destroy(&batch);
    return st;
}

/* What a batch has found joins the sums, and its rows are blank again. */
static void add_batch(basin_sharpness_row *found, size_t count, basin_running *sums,
                      basin_sharpness_row *rows)
{
    for (size_t i = 0; i < count; i++) {
        basin_running_add(&sums[i], found[i].missing != NULL ? (double)NAN : found[i].value);
        rows[i].gradients += found[i].gradients;
        rows[i].losses += found[i].losses;
        rows[i].products += found[i].products;
        rows[i].steps = found[i].steps;
        if (rows[i].settings == NULL) rows[i].settings = found[i].settings, found[i].settings = NULL;
        basin_free(found[i].missing);
        basin_free(found[i].settings);
        found[i] = (basin_sharpness_row){.rho = rows[i].rho};
    }
}

static basin_status sum_up(const basin_sharpening *task, const basin_running *sums, basin_sharpness_row *rows,
                           size_t count)
{
    basin_status st = BASIN_OK;
    const size_t left = basin_objective_samples(task->point->objective) - task->batches * task->batch_size;

    for (size_t i = 0; i < count; i++) {
        basin_sharpness_row *row = &rows[i];
        char                *before = row->settings;
        row->batches = task->batches, row->batch_size = task->batch_size;
        if (row->number == BASIN_SHARPNESS_EXACT) row->number = BASIN_SHARPNESS_SAMPLED;
        if (row->number == BASIN_SHARPNESS_LOWER_BOUND) row->number = BASIN_SHARPNESS_SAMPLED_BOUND;
        row->settings = NULL;
        st = basin_sharpness_say(row, "%s%s%zu batch%s of %zu%s%zu sample%s left out",
                                 before != NULL ? before : "", before != NULL ? ", " : "", task->batches,
                                 task->batches == 1 ? "" : "es", task->batch_size, ", ", left,
                                 left == 1 ? "" : "s");
        basin_free(before);
        if (st != BASIN_OK) goto done;
        BASIN_TRY(basin_running_take(&sums[i], "batches", row));
    }
done:
    return st;
}

static void clear(basin_sharpness_row *rows, size_t count)
{
    for (size_t i = 0; rows != NULL && i < count; i++) {
        basin_free(rows[i].missing);
        basin_free(rows[i].settings);
    }
    basin_free(rows);
}

basin_status basin_sharpness_over_batches(const basin_sharpening *task, basin_sharpness_function *function,
                                          basin_sharpness_row *rows, size_t count)
{
    basin_status         st = BASIN_OK;
    const size_t         samples = basin_objective_samples(task->point->objective);
    basin_random         random = basin_random_start(task->options->seed, BASIN_STREAM_SHARPNESS_BATCHES);
    size_t              *index = NULL;
    basin_sharpness_row *found = NULL;
    basin_running       *sums = NULL;

    BASIN_ALLOC(index, samples, "samples");
    BASIN_ALLOC(found, count, "rows");
    BASIN_ALLOC(sums, count, "sums");
    for (size_t i = 0; i < samples; i++) index[i] = i;
    for (size_t i = 0; i < count; i++) found[i].rho = rows[i].rho;
    basin_random_shuffle(&random, index, samples);
    for (size_t b = 0; b < task->batches; b++) {
        BASIN_TRY(basin_progress_report("batches", (double)b, (double)task->batches));
        const basin_samples batch = {index + b * task->batch_size, task->batch_size};
        BASIN_TRY(one_batch(task, &batch, function, found, count));
        add_batch(found, count, sums, rows);
    }
    BASIN_TRY(sum_up(task, sums, rows, count));
done:
    basin_free(index);
    clear(found, count);
    basin_free(sums);
    return st;
}

void basin_sharpness_cost_batches(const basin_sharpening *task, size_t gradients, size_t losses,
                                  basin_cost *cost)
{
    const double share = (double)task->batch_size / (double)basin_objective_samples(task->point->objective) *
                         (double)task->batches;

    cost->gradients += (uint64_t)ceil(share * (double)gradients);
    cost->losses += (uint64_t)ceil(share * (double)losses);
}
