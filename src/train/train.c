/* The training loop: which batch, which learning rate, when to call back, when to stop. The methods are in
 * update.c.
 *
 *   1. At the start of each epoch draw a permutation of the samples from (seed, BASIN_STREAM_BATCH): the
 *      stream does not depend on the method, so one seed gives every method the same batches. The last batch
 *      of an epoch may be smaller.
 *   2. Take one step of the method on the next batch (the mean loss over that batch) with the learning rate
 *      of the schedule.
 *   3. Stop where the loss or theta is no longer finite: a run that diverged is a result, told to the
 *      callback.
 *   4. Call back at the steps asked for.
 *
 * Cost: one gradient evaluation is one gradient over one batch (SAM and USAM spend two a step). Seconds are
 * those of step 2 alone, by the monotonic clock: neither saving nor measuring counts.
 */
#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"
#include "train/update.h"

#define PI 3.14159265358979323846

typedef struct batches {      /* the samples in the order of this epoch */
    size_t       count, size; /* N; samples in a batch, 0 = always all of them */
    size_t      *order;       /* [count] */
    size_t       next;        /* first sample of the next batch */
    uint64_t     epoch;       /* finished */
    basin_random random;
} batches;

typedef struct trainer {
    const basin_train_options *options;
    const basin_update_rule   *rule;
    basin_optimizer            opt;
    batches                    batches;
    size_t                     saved; /* of options->save */
    int64_t                    step, gradient_evaluations;
    double                     seconds, loss_sum;
    size_t                     loss_count; /* batch losses in loss_sum, since the last call */
} trainer;

static double learning_rate(const basin_train_options *options, size_t step)
{
    double eta = options->learning_rate, f = options->schedule_factor;

    switch (options->schedule) {
    case BASIN_SCHEDULE_COSINE:
        return eta * (f + (1.0 - f) * 0.5 * (1.0 + cos(PI * (double)step / (double)options->steps)));
    case BASIN_SCHEDULE_STEP: return eta * pow(f, (double)(step / options->schedule_period));
    default: return eta;
    }
}

/* --------------------------------------------------------------------------------------------- batches -- */

static basin_status batches_start(batches *b, size_t samples, size_t size, uint64_t seed)
{
    basin_status st = BASIN_OK;

    *b = (batches){.count = samples,
                   .size = size >= samples ? 0 : size,
                   .random = basin_random_start(seed, BASIN_STREAM_BATCH)};
    if (b->size == 0) goto done;
    BASIN_ALLOC(b->order, samples, "batch order");
    for (size_t i = 0; i < samples; i++) b->order[i] = i;
done:
    return st;
}

/* The next batch; NULL stands for all samples. */
static const basin_samples *batches_next(batches *b, basin_samples *batch)
{
    if (b->size == 0) {
        b->epoch++;
        return NULL;
    }
    if (b->next == 0) basin_random_shuffle(&b->random, b->order, b->count);
    size_t left = b->count - b->next;
    *batch = (basin_samples){.index = b->order + b->next, .count = left < b->size ? left : b->size};
    b->next += batch->count;
    if (b->next == b->count) b->next = 0, b->epoch++;
    return batch;
}

static double batches_epoch(const batches *b)
{
    return (double)b->epoch + (b->size > 0 ? (double)b->next / (double)b->count : 0.0);
}

/* ------------------------------------------------------------------------------------------------ loop -- */

static basin_status check_schedule(const basin_train_options *options)
{
    basin_status st = BASIN_OK;
    double       f = options->schedule_factor;

    switch (options->schedule) {
    case BASIN_SCHEDULE_CONSTANT: break;
    case BASIN_SCHEDULE_COSINE:
        BASIN_CHECK(f >= 0.0 && f <= 1.0, BASIN_ERR_ARG,
                    "the cosine schedule's final fraction %g is not in [0, 1]", f);
        break;
    case BASIN_SCHEDULE_STEP:
        BASIN_CHECK(options->schedule_period > 0, BASIN_ERR_ARG,
                    "the step schedule needs the number of steps between decays");
        BASIN_CHECK(f > 0.0 && f <= 1.0, BASIN_ERR_ARG, "the step schedule's factor %g is not in (0, 1]", f);
        break;
    default:
        BASIN_CHECK(false, BASIN_ERR_ARG, "schedule %d is none of constant, cosine, step",
                    (int)options->schedule);
    }
done:
    return st;
}

static basin_status check_options(const trainer *t, const basin_objective *o)
{
    basin_status               st = BASIN_OK;
    const basin_train_options *options = t->options;
    const basin_optimizer     *opt = &t->opt;

    BASIN_CHECK(t->rule != NULL, BASIN_ERR_ARG, "training method %d does not exist", (int)options->method);
    BASIN_CHECK(options->learning_rate > 0.0 && isfinite(options->learning_rate), BASIN_ERR_ARG,
                "learning rate %g is not a finite number > 0", options->learning_rate);
    BASIN_CHECK(opt->beta >= 0.0 && opt->beta < 1.0, BASIN_ERR_ARG, "momentum %g is not in [0, 1)",
                opt->beta);
    BASIN_CHECK(!isnan(opt->rho), BASIN_ERR_ARG,
                "method usam multiplies the gradient by rho, for which no value is usual: give one");
    BASIN_CHECK(opt->rho >= 0.0 && isfinite(opt->rho), BASIN_ERR_ARG, "rho %g is not a finite number >= 0",
                opt->rho);
    BASIN_CHECK(opt->decay >= 0.0 && isfinite(opt->decay), BASIN_ERR_ARG,
                "weight decay %g is not a finite number >= 0", opt->decay);
    BASIN_CHECK(options->steps > 0 && options->steps <= INT32_MAX, BASIN_ERR_ARG,
                "%zu training steps: at least 1 and at most %d", options->steps, INT32_MAX);
    BASIN_CHECK(!t->rule->full_batch || options->batch_size == 0, BASIN_ERR_ARG,
                "method %s uses all samples in each step: batch size %zu; use sgd",
                basin_methods[t->rule->method].name, options->batch_size);
    BASIN_CHECK(options->batch_size == 0 || basin_objective_samples(o) > 0, BASIN_ERR_ARG,
                "batch size %zu for an objective without samples", options->batch_size);
    for (size_t i = 0; i < options->save_count; i++) {
        BASIN_CHECK(options->save[i] <= options->steps, BASIN_ERR_ARG,
                    "step %zu to save is behind the last, %zu", options->save[i], options->steps);
        BASIN_CHECK(i == 0 || options->save[i - 1] < options->save[i], BASIN_ERR_ARG,
                    "steps to save are not ascending: %zu before %zu", options->save[i - 1],
                    options->save[i]);
    }
    BASIN_TRY(check_schedule(options));
done:
    return st;
}

static basin_status trainer_start(trainer *t, basin_objective *o, const double *theta)
{
    basin_status     st = BASIN_OK;
    basin_optimizer *opt = &t->opt;

    opt->objective = o;
    opt->size = basin_objective_size(o);
    opt->beta = isnan(t->options->momentum) ? 0.9 : t->options->momentum;
    opt->rho = isnan(t->options->rho) && t->options->method != BASIN_USAM ? 0.05 : t->options->rho;
    opt->decay = t->options->weight_decay;
    t->rule = basin_update_rule_of(t->options->method);
    BASIN_TRY(check_options(t, o));
    BASIN_CHECK(basin_all_finite(theta, opt->size), BASIN_ERR_VALUE,
                "training starts at a point with a NaN or Inf");
    BASIN_ALLOC(opt->theta, opt->size, "theta");
    BASIN_ALLOC(opt->v, opt->size, "momentum");
    BASIN_ALLOC(opt->g, opt->size, "gradient");
    BASIN_ALLOC(opt->point, opt->size, "a point");
    basin_copy(theta, opt->theta, opt->size);
    opt->stored = opt->theta;
    if (t->rule->perturbed) {
        BASIN_ALLOC(opt->stored, opt->size, "perturbed theta");
        basin_copy(theta, opt->stored, opt->size);
    }
    BASIN_TRY(
        batches_start(&t->batches, basin_objective_samples(o), t->options->batch_size, t->options->seed));
done:
    return st;
}

static void trainer_end(trainer *t)
{
    if (t->opt.stored != t->opt.theta) basin_free(t->opt.stored);
    basin_free(t->opt.theta);
    basin_free(t->opt.v);
    basin_free(t->opt.g);
    basin_free(t->opt.point);
    basin_free(t->batches.order);
}

static basin_status call_back(trainer *t, bool diverged)
{
    basin_status           st = BASIN_OK;
    const basin_optimizer *opt = &t->opt;
    basin_train_state      state = {
             .theta = opt->theta,
             .stored = opt->stored,
             .momentum = opt->beta > 0.0 || t->rule->perturbed ? opt->v : NULL,
             .undo = opt->undo,
             .step = t->step,
             .epoch = batches_epoch(&t->batches),
             .gradient_evaluations = t->gradient_evaluations,
             .seconds = t->seconds,
             .learning_rate = learning_rate(t->options, t->step > 0 ? (size_t)t->step - 1 : 0),
             .running_loss = t->loss_count > 0 ? t->loss_sum / (double)t->loss_count : (double)NAN,
             .diverged = diverged,
    };

    t->loss_sum = 0.0, t->loss_count = 0;
    if (t->options->callback != NULL) BASIN_TRY(t->options->callback(t->options->payload, &state));
done:
    return st;
}

static bool save_now(trainer *t)
{
    const basin_train_options *options = t->options;

    if (t->saved == options->save_count || options->save[t->saved] != (size_t)t->step) return false;
    t->saved++;
    return true;
}

static basin_status train_step(trainer *t, bool *diverged)
{
    basin_status         st = BASIN_OK;
    basin_loss           loss = {0};
    basin_samples        storage;
    const basin_samples *batch = batches_next(&t->batches, &storage);
    double               start = basin_seconds();

    t->opt.eta = learning_rate(t->options, (size_t)t->step);
    BASIN_TRY(t->rule->step(&t->opt, batch, &loss));
    t->seconds += basin_seconds() - start;
    t->step++;
    t->gradient_evaluations += t->rule->gradients;
    t->loss_sum += basin_loss_value(&loss), t->loss_count++;
    *diverged = !isfinite(basin_loss_value(&loss)) || !basin_all_finite(t->opt.theta, t->opt.size);
done:
    return st;
}

basin_status basin_train(basin_objective *o, double *theta, const basin_train_options *options)
{
    basin_status st = BASIN_OK;
    trainer      t = {.options = options};
    bool         diverged = false;

    BASIN_TRY(trainer_start(&t, o, theta));
    if (save_now(&t)) BASIN_TRY(call_back(&t, false));
    while (!diverged && (size_t)t.step < options->steps) {
        BASIN_TRY(basin_progress_report("train", (double)t.step, (double)options->steps));
        BASIN_TRY(train_step(&t, &diverged));
        if (save_now(&t) || diverged) BASIN_TRY(call_back(&t, diverged));
    }
    basin_copy(t.opt.theta, theta, t.opt.size);
done:
    trainer_end(&t);
    return st;
}
