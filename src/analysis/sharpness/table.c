/* The table of named measures of sharpness: which, at which radii, what they take, one after the other.
 *
 * A measure is an entry of include/basin_sharpness_measures.h and two functions, basin_sharpness_by_NAME and
 * basin_sharpness_cost_NAME. What it needs and this point has not (a momentum, an accuracy) makes rows that
 * say so; a loss that is not finite likewise. Everything else that fails ends the table.
 */
#include <math.h>

#include "analysis/forecast.h"
#include "analysis/sharpness/parts.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

enum { BATCH_SIZE = 128, DRAWS = 100, VECTORS = 40 /* that a measure holds at most, about */ };

static const struct {
    basin_sharpness_function      *compute;
    basin_sharpness_cost_function *cost;
} functions[BASIN_SHARPNESS_MEASURES] = {
#define BASIN_SHARPNESS_MEASURE(name, ...) {basin_sharpness_by_##name, basin_sharpness_cost_##name},
#include "basin_sharpness_measures.h"
};

static const double factors[] = {0.25, 0.5, 1.0, 2.0, 4.0};
enum { FACTORS = sizeof factors / sizeof *factors };

/* -------------------------------------------------------------------------------------------- choosing -- */

static size_t measure_count(const basin_sharpness_table_options *o)
{
    return o->measures != NULL ? o->measure_count : BASIN_SHARPNESS_MEASURES;
}

static basin_sharpness_measure measure_of(const basin_sharpness_table_options *o, size_t i)
{
    return o->measures != NULL ? o->measures[i] : (basin_sharpness_measure)i;
}

/* How many rows the measure has: one for each radius, or for each part. */
static size_t rows_of(const basin_point *point, const basin_sharpness_table_options *o,
                      const basin_sharpness_entry *entry)
{
    if (!basin_sharpness_has_radius(entry))
        return basin_sharpness_parts(basin_objective_params(point->objective), entry->radius);
    if (o->rho != NULL) return o->rho_count;
    return entry->radius == BASIN_RADIUS_SIGNED ? 2 * FACTORS : FACTORS;
}

/* The i-th radius; of both signs they ascend. */
static double radius_of(const basin_sharpness_table_options *o, const basin_sharpness_entry *entry, size_t i)
{
    if (!basin_sharpness_has_radius(entry)) return NAN;
    if (o->rho != NULL) return o->rho[i];
    if (entry->radius != BASIN_RADIUS_SIGNED) return entry->rho * factors[i];
    return i < FACTORS ? -entry->rho * factors[FACTORS - 1 - i] : entry->rho * factors[i - FACTORS];
}

static basin_status check_radii(const basin_point *point, const basin_sharpness_table_options *o,
                                const basin_sharpness_entry *entry)
{
    basin_status st = BASIN_OK;

    if (!basin_sharpness_has_radius(entry)) goto done;
    for (size_t i = 0; i < rows_of(point, o, entry); i++) {
        const double rho = radius_of(o, entry, i);
        BASIN_CHECK(isfinite(rho), BASIN_ERR_ARG, "radius %zu of %s is %g, not finite", i + 1, entry->name,
                    rho);
        BASIN_CHECK(rho > 0.0 || entry->radius != BASIN_RADIUS_POSITIVE, BASIN_ERR_ARG,
                    "radius %g of %s must be positive", rho, entry->name);
    }
done:
    return st;
}

static basin_status check(const basin_point *point, const basin_sharpness_table_options *o)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(measure_count(o) > 0, BASIN_ERR_ARG, "no measure of sharpness is named");
    BASIN_CHECK(o->rho == NULL || o->rho_count > 0, BASIN_ERR_ARG, "no radius given");
    BASIN_CHECK(o->draws != 1, BASIN_ERR_ARG, "one draw has no error: two at least");
    for (size_t i = 0; i < measure_count(o); i++) {
        BASIN_CHECK((unsigned)measure_of(o, i) < BASIN_SHARPNESS_MEASURES, BASIN_ERR_ARG,
                    "measure of sharpness number %d", (int)measure_of(o, i));
        BASIN_TRY(check_radii(point, o, &basin_sharpness_entries[measure_of(o, i)]));
    }
done:
    return st;
}

static basin_status choose_batches(const basin_sharpness_table_options *o, size_t samples,
                                   basin_sharpening *task)
{
    basin_status st = BASIN_OK;
    const size_t quarter = samples < 4 ? 1 : samples / 4;
    size_t       m = o->batch_size;

    BASIN_CHECK(m <= samples, BASIN_ERR_ARG, "batches of %zu of %zu samples", m, samples);
    if (m == 0) m = o->recorded_batch > 0 ? o->recorded_batch : BATCH_SIZE;
    if (o->batch_size == 0 && m > quarter) m = quarter;
    BASIN_CHECK(o->batches <= samples / m, BASIN_ERR_ARG, "%zu batches of %zu samples: of %zu there are %zu",
                o->batches, m, samples, samples / m);
    task->batch_size = m;
    task->batches = o->batches > 0 ? o->batches : samples / m;
    task->draws = o->draws > 0 ? o->draws : DRAWS;
done:
    return st;
}

/* --------------------------------------------------------------------------------------- what it takes -- */

void basin_sharpness_cost(const basin_objective *objective, basin_sharpness_measure measure, basin_cost *out)
{
    static const basin_sharpness_table_options defaults;
    basin_point point = {.objective = (basin_objective *)objective, .size = basin_objective_size(objective)};
    basin_sharpening task = {.point = &point, .options = &defaults};

    if (choose_batches(&defaults, basin_objective_samples(objective), &task) == BASIN_OK)
        functions[measure].cost(&task, 1, out);
}

basin_status basin_sharpness_table_forecast(basin_point *point, const basin_sharpness_table_options *options,
                                            basin_forecast **out)
{
    static const basin_sharpness_table_options defaults;
    basin_status                               st = BASIN_OK;
    basin_forecast_request                     request = {.analysis = "sharpness", .point = point};
    basin_sharpening                           task = {.point = point};
    basin_cost                                 cost = {.gradients = 1};
    const size_t                               bytes = VECTORS * point->size * sizeof(double);

    if (options == NULL) options = &defaults;
    BASIN_TRY(check(point, options));
    task.options = options;
    BASIN_TRY(choose_batches(options, basin_objective_samples(point->objective), &task));
    for (size_t i = 0; i < measure_count(options); i++) {
        const basin_sharpness_measure m = measure_of(options, i);
        functions[m].cost(&task, rows_of(point, options, &basin_sharpness_entries[m]), &cost);
    }
    request.splits[0] = options->split;
    request.demand = (basin_demand){.gradients = cost.gradients,
                                    .losses = cost.losses,
                                    .freezes = cost.products > 0,
                                    .products = cost.products,
                                    .most = cost.products};
    basin_demand_hold(&request.demand, bytes, bytes);
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- computing -- */

static basin_status describe(basin_sharpening *task, basin_sharpness_table *t)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(task->point, NULL, &g));
    t->parameters = task->point->size;
    t->samples = basin_objective_samples(task->point->objective);
    t->loss = task->loss, t->accuracy = task->accuracy;
    t->gradient_norm = basin_norm(g, task->point->size);
    t->seed = task->options->seed;
    BASIN_STRDUP(t->split, task->options->split);
done:
    return st;
}

static basin_status make_rows(const basin_point *point, const basin_sharpness_table_options *o,
                              basin_sharpness_table *t)
{
    basin_status st = BASIN_OK;
    size_t       count = 0;

    for (size_t i = 0; i < measure_count(o); i++)
        BASIN_CHECK(basin_add(count, rows_of(point, o, &basin_sharpness_entries[measure_of(o, i)]), &count),
                    BASIN_ERR_ARG, "%zu radii are too many", o->rho_count);
    BASIN_ALLOC(t->rows, count, "rows");
    t->row_count = count;
    count = 0;
    for (size_t i = 0; i < measure_count(o); i++) {
        const basin_sharpness_measure m = measure_of(o, i);
        const basin_sharpness_entry  *entry = &basin_sharpness_entries[m];
        for (size_t j = 0; j < rows_of(point, o, entry); j++)
            t->rows[count++] = (basin_sharpness_row){.measure = (int)m,
                                                     .rho = radius_of(o, entry, j),
                                                     .number = (int)entry->number,
                                                     .value = NAN,
                                                     .error = NAN,
                                                     .lower = NAN,
                                                     .upper = NAN};
    }
done:
    return st;
}

basin_status basin_sharpness_table_compute(basin_point *point, const basin_sharpness_table_options *options,
                                           basin_sharpness_table **out)
{
    static const basin_sharpness_table_options defaults;
    basin_status                               st = BASIN_OK;
    basin_sharpness_table                     *t = NULL;
    basin_sharpening                           task = {0};

    if (options == NULL) options = &defaults;
    BASIN_TRY(check(point, options));
    BASIN_TRY(basin_sharpening_begin(point, options, &task));
    BASIN_TRY(choose_batches(options, basin_objective_samples(point->objective), &task));
    BASIN_ALLOC(t, 1, "measures of sharpness");
    BASIN_TRY(describe(&task, t));
    BASIN_TRY(make_rows(point, options, t));
    basin_point_reserve(point, VECTORS * point->size * sizeof(double));
    for (size_t i = 0, first = 0, n; i < measure_count(options); i++, first += n) {
        const basin_sharpness_measure m = measure_of(options, i);
        n = rows_of(point, options, &basin_sharpness_entries[m]);
        BASIN_TRY(basin_progress_report(basin_sharpness_entries[m].name, (double)i,
                                        (double)measure_count(options)));
        BASIN_TRY(functions[m].compute(&task, &t->rows[first], n));
    }
    *out = t, t = NULL;
done:
    basin_sharpness_table_destroy(&t);
    return st;
}
