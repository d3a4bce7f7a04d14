/* The same line several times: along random directions of several seeds, on the samples of one class each, or
 * on random mini-batches.
 *
 * Method
 *   1. Coordinates as of a slice, and the centre, in one subspace evaluation for each line.
 *   2. Over the lines, at each coordinate: mean, standard deviation, and for what is drawn (seeds, batches)
 *      Student's interval of the mean. It is of the mean over all seeds, or over all batches of this size
 *      from these samples; `deviation` is what one line differs from another by.
 *   3. Of classes and batches, the line of all samples beside them.
 *
 * Batches are those of basin_batches_compute: without replacement within a batch, each anew. Their mean is an
 * unbiased estimate of the line of all samples; the mean over classes counts each class once, however many
 * samples it has, so it is not that line.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "analysis/forecast.h"
#include "analysis/point.h"
#include "analysis/slice/adaptive.h"
#include "analysis/slice/direction.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"

enum { BATCHES = 50, BATCH_SIZE = 128, CLASSES_MOST = 1 << 20 };

typedef struct drawing {
    const basin_band_request *request;
    basin_band               *band;
    double                   *coefficients; /* [count + 1] coordinates, and 0 */
    basin_loss               *losses;       /* [count + 1] */
    size_t                   *index;        /* [N] of a line's samples, in front */
    basin_random              random;       /* of the batches */
} drawing;

/* What of a request is known before its directions are made. */
static basin_status check_lines(const basin_band_request *r)
{
    basin_status st = BASIN_OK;
    const size_t samples = basin_objective_samples(r->point->objective);

    BASIN_CHECK(isfinite(r->to - r->from) && r->from < r->to, BASIN_ERR_VALUE,
                "the range %g:%g of a band is empty, reversed or not finite", r->from, r->to);
    BASIN_CHECK(r->grid >= 2, BASIN_ERR_VALUE, "a band needs at least 2 points, got %zu", r->grid);
    BASIN_CHECK(r->by != BASIN_BAND_CLASS || r->classes != NULL, BASIN_ERR_ARG,
                "a band of classes needs those of the samples");
    BASIN_CHECK(r->by != BASIN_BAND_BATCH || r->batch_size <= samples, BASIN_ERR_ARG,
                "a batch of %zu of %zu samples", r->batch_size, samples);
done:
    return st;
}

static basin_status check_request(const basin_band_request *r)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(r->direction_count >= 1 && (r->by == BASIN_BAND_SEED || r->direction_count == 1),
                BASIN_ERR_ARG, "a band of samples takes 1 direction, got %zu", r->direction_count);
    for (size_t i = 0; i < r->direction_count; i++) {
        const basin_direction *d = r->directions[i];
        BASIN_CHECK(d->size == r->point->size, BASIN_ERR_SHAPE,
                    "direction %s has %zu parameters, the objective %zu", d->label, d->size, r->point->size);
        BASIN_CHECK(d->norm > 0.0 && basin_all_finite(d->values, d->size), BASIN_ERR_VALUE,
                    "direction %s is zero or not finite", d->label);
    }
    BASIN_TRY(check_lines(r));
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- one line -- */

/* The losses of a line and its centre, on these samples (NULL: all). */
static basin_status evaluate(drawing *d, const basin_direction *along, const basin_samples *samples)
{
    basin_status st = BASIN_OK;
    basin_point *point = d->request->point;
    const size_t n = d->band->count + 1;

    basin_point_make_room(point);
    BASIN_TRY(basin_objective_subspace(point->objective, samples, point->theta, along->values, 1,
                                       d->coefficients, n, d->losses));
    BASIN_TRY(basin_decay_add_losses(basin_point_included(point), point->theta, along->values, 1,
                                     d->coefficients, n, point->size, d->losses));
done:
    return st;
}

static void keep(drawing *d, size_t line, uint64_t number, size_t samples, double norm)
{
    basin_band *b = d->band;

    for (size_t i = 0; i < b->count; i++) {
        b->loss[line * b->count + i] = basin_loss_value(&d->losses[i]);
        b->accuracy[line * b->count + i] = basin_loss_accuracy(&d->losses[i]);
    }
    b->lines[line] = (basin_band_line){.number = number,
                                       .samples = samples,
                                       .norm = norm,
                                       .centre_loss = basin_loss_value(&d->losses[b->count]),
                                       .centre_accuracy = basin_loss_accuracy(&d->losses[b->count])};
}

/* The samples of a class into index, in their order; how many. */
static size_t gather(const drawing *d, int64_t class, size_t *index)
{
    size_t count = 0;

    for (size_t i = 0; i < d->band->samples; i++)
        if (d->request->classes[i] == class) index[count++] = i;
    return count;
}

static basin_status one_line(drawing *d, size_t line)
{
    basin_status              st = BASIN_OK;
    const basin_band_request *r = d->request;
    const basin_direction    *along = r->directions[r->by == BASIN_BAND_SEED ? line : 0];
    uint64_t                  number = line;
    basin_samples             samples = {.index = d->index, .count = d->band->samples};

    if (r->by == BASIN_BAND_SEED) number = r->seeds[line];
    if (r->by == BASIN_BAND_CLASS) {
        number = d->band->lines[line].number;
        samples.count = gather(d, (int64_t)number, d->index);
    }
    if (r->by == BASIN_BAND_BATCH) {
        samples.count = d->band->batch_size;
        basin_random_choose(&d->random, d->index, d->band->samples, samples.count);
    }
    BASIN_TRY(evaluate(d, along, r->by == BASIN_BAND_SEED ? NULL : &samples));
    keep(d, line, number, samples.count, along->norm);
done:
    return st;
}

/* ------------------------------------------------------------------------------------ over all lines -- */

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The classes that there are, ascending, as the numbers of the lines. */
static basin_status find_classes(const basin_band_request *r, basin_band *b)
{
    basin_status st = BASIN_OK;
    int64_t     *sorted = NULL;
    size_t       count = 0;

    BASIN_ALLOC(sorted, b->samples, "classes");
    memcpy(sorted, r->classes, b->samples * sizeof *sorted);
    qsort(sorted, b->samples, sizeof *sorted, ascending);
    for (size_t i = 0; i < b->samples; i++)
        if (sorted[i] >= 0 && (i == 0 || sorted[i] != sorted[i - 1])) sorted[count++] = sorted[i];
    BASIN_CHECK(count >= 2 && count <= CLASSES_MOST, BASIN_ERR_ARG,
                "a band of classes needs at least 2, the samples have %zu", count);
    BASIN_ALLOC(b->lines, count, "lines");
    b->line_count = count;
    for (size_t i = 0; i < count; i++) b->lines[i].number = (uint64_t)sorted[i];
done:
    basin_free(sorted);
    return st;
}

static basin_status make_lines(const basin_band_request *r, basin_band *b)
{
    basin_status st = BASIN_OK;

    if (r->by == BASIN_BAND_CLASS) {
        BASIN_TRY(find_classes(r, b));
        goto done;
    }
    if (r->by == BASIN_BAND_BATCH) {
        b->batch_size = r->batch_size > 0 ? r->batch_size : BATCH_SIZE;
        if (b->batch_size > b->samples) b->batch_size = b->samples;
        b->seed = r->seed;
    }
    b->line_count = r->by == BASIN_BAND_SEED ? r->direction_count : r->batches > 0 ? r->batches : BATCHES;
    BASIN_CHECK(b->line_count >= 2, BASIN_ERR_ARG, "a band needs at least 2 lines, got %zu", b->line_count);
    BASIN_ALLOC(b->lines, b->line_count, "lines");
done:
    return st;
}

static basin_status describe(const basin_band_request *r, basin_band *b)
{
    basin_status           st = BASIN_OK;
    const basin_direction *first = r->directions[0];

    b->parameters = r->point->size;
    b->samples = basin_objective_samples(r->point->objective);
    b->by = (int)r->by;
    BASIN_STRDUP(b->split, r->split);
    BASIN_STRDUP(b->definition, first->definition);
    if (r->by == BASIN_BAND_SEED && r->direction_count > 1) {
        b->direction = basin_format("random:%llu..%llu", (unsigned long long)r->seeds[0],
                                    (unsigned long long)r->seeds[r->direction_count - 1]);
        BASIN_CHECK(b->direction != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    } else
        BASIN_STRDUP(b->direction, first->label);
    BASIN_TRY(make_lines(r, b));
done:
    return st;
}

static basin_status make_room(drawing *d)
{
    basin_status              st = BASIN_OK;
    basin_band               *b = d->band;
    const basin_band_request *r = d->request;
    double **const arrays[] = {&b->coordinates, &b->mean, &b->deviation, &b->lower, &b->upper, &b->whole};
    size_t         all;

    BASIN_CHECK(basin_mul(b->line_count, r->grid, &all), BASIN_ERR_BUDGET,
                "%zu lines of %zu points are too many", b->line_count, r->grid);
    b->count = r->grid;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) BASIN_ALLOC(*arrays[i], b->count, "a band");
    BASIN_ALLOC(b->loss, all, "losses");
    BASIN_ALLOC(b->accuracy, all, "accuracies");
    BASIN_ALLOC(d->coefficients, b->count + 1, "points");
    BASIN_ALLOC(d->losses, b->count + 1, "losses");
    BASIN_ALLOC(d->index, b->samples, "samples");
    for (size_t i = 0; i < b->samples; i++) d->index[i] = i;
    for (size_t i = 0; i < b->count; i++)
        b->coordinates[i] = d->coefficients[i] = basin_slice_coordinate(r->from, r->to, i, b->count);
done:
    return st;
}

/* Over the lines at every coordinate. */
static basin_status summarise(basin_band *b)
{
    basin_status st = BASIN_OK;
    double      *x = NULL;

    BASIN_ALLOC(x, b->line_count, "losses");
    for (size_t i = 0; i < b->count; i++) {
        for (size_t k = 0; k < b->line_count; k++) x[k] = b->loss[k * b->count + i];
        b->mean[i] = b->deviation[i] = b->lower[i] = b->upper[i] = (double)NAN;
        if (!basin_all_finite(x, b->line_count)) continue;
        basin_mean_and_interval(x, b->line_count, &b->mean[i], &b->deviation[i], &b->lower[i], &b->upper[i]);
        if (b->by == BASIN_BAND_CLASS) b->lower[i] = b->upper[i] = (double)NAN;
    }
done:
    basin_free(x);
    return st;
}

/* The line of all samples, which of seeds every line is. */
static basin_status add_whole(drawing *d)
{
    basin_status st = BASIN_OK;
    basin_band  *b = d->band;
    const bool   seeds = d->request->by == BASIN_BAND_SEED;

    if (!seeds) BASIN_TRY(evaluate(d, d->request->directions[0], NULL));
    for (size_t i = 0; i < b->count; i++) b->whole[i] = seeds ? (double)NAN : basin_loss_value(&d->losses[i]);
done:
    return st;
}

basin_status basin_band_compute(const basin_band_request *request, basin_band **out)
{
    basin_status st = BASIN_OK;
    basin_band  *b = NULL;
    drawing      d = {.request = request, .random = basin_random_start(request->seed, BASIN_STREAM_BATCHES)};

    BASIN_TRY(check_request(request));
    BASIN_ALLOC(b, 1, "band");
    d.band = b;
    BASIN_TRY(describe(request, b));
    BASIN_TRY(make_room(&d));
    for (size_t i = 0; i < b->line_count; i++) BASIN_TRY(one_line(&d, i));
    BASIN_TRY(add_whole(&d));
    BASIN_TRY(summarise(b));
    *out = b, b = NULL;
done:
    basin_free(d.coefficients);
    basin_free(d.losses);
    basin_free(d.index);
    basin_band_destroy(&b);
    return st;
}

/* --------------------------------------------------------------------------------------- what it takes -- */

/* Points of all lines, in those on all samples. */
static size_t points_of(const basin_band_request *r, const basin_band *b)
{
    const size_t each = r->grid + 1;

    if (r->by == BASIN_BAND_SEED) return b->line_count * each;
    if (r->by == BASIN_BAND_CLASS) return 2 * each;
    return each + (size_t)ceil((double)(b->line_count * each) * (double)b->batch_size / (double)b->samples);
}

basin_status basin_band_forecast(const basin_band_request *r, const basin_direction_spec *spec,
                                 basin_forecast **out)
{
    basin_status           st = BASIN_OK;
    basin_band            *b = NULL;
    basin_forecast_request request = {
        .analysis = "band", .point = r->point, .splits = {r->split}, .demand = {.axes = 1}};
    const size_t held = (r->direction_count + 1) * r->point->size * sizeof(double);

    BASIN_ALLOC(b, 1, "band");
    b->samples = basin_objective_samples(r->point->objective);
    BASIN_TRY(check_lines(r));
    BASIN_TRY(make_lines(r, b));
    if (r->by != BASIN_BAND_SEED) {
        BASIN_TRY(basin_direction_demand(r->point->objective, spec, &request.demand));
        request.demand.gradients += basin_direction_gradients(spec);
    }
    request.demand.points[0] = points_of(r, b);
    request.demand.calls = b->line_count + (r->by == BASIN_BAND_SEED ? 0 : 1);
    basin_demand_hold(&request.demand, held, held);
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    basin_band_destroy(&b);
    return st;
}
