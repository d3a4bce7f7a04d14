/* Measures of sharpness by name (analysis/sharpness), each at one radius: the one around which its default
 * radii lie. What the point has not (an accuracy, a normalisation) leaves a measure unknown.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "analysis/measure/measuring.h"
#include "analysis/point.h"
#include "analysis/sharpness/sharpness.h"

static bool is_chosen(const basin_row_options *options, basin_measure measure)
{
    bool any = false;

    for (size_t i = 0; i < BASIN_MEASURES; i++) any = any || options->chosen[i];
    return !any || options->chosen[measure];
}

/* Where there is an interval of 95 % alone, half of it stands for 1.96 standard errors. */
static basin_value value_of(const basin_sharpness_row *row)
{
    const double error =
        isnan(row->error) ? 0.5 * (row->upper - row->lower) / basin_normal_quantile(0.05) : row->error;

    if (isnan(row->value) || isnan(error)) return (basin_value){row->value, NAN, NAN, BASIN_INTERVAL_NONE};
    return (basin_value){row->value, row->value - error, row->value + error, BASIN_INTERVAL_STANDARD_ERROR};
}

static basin_status compute(basin_measuring *m, basin_sharpness_measure named, basin_value *out)
{
    basin_status                        st = BASIN_OK;
    const basin_sharpness_entry        *entry = &basin_sharpness_entries[named];
    const int64_t                       recorded = m->ck->hyper.batch_size;
    const basin_sharpness_table_options o = {.measures = &named,
                                             .measure_count = 1,
                                             .rho = &entry->rho,
                                             .rho_count = 1,
                                             .recorded_batch = recorded > 0 ? (size_t)recorded : 0,
                                             .seed = m->options.seed,
                                             .momentum = m->momentum,
                                             .split = "train"};
    basin_sharpness_table              *table = NULL;

    BASIN_TRY(basin_sharpness_table_compute(m->point, &o, &table));
    *out = value_of(&table->rows[0]);
done:
    basin_sharpness_table_destroy(&table);
    return st;
}

/* The frozen Hessian of the row is no longer needed once its spectrum is there. */
static basin_status take(basin_measuring *m, basin_measure measure, basin_sharpness_measure named,
                         basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;

    if (!is_chosen(&m->options, measure)) goto done;
    BASIN_TRY(basin_measuring_spectrum(m, &spectrum));
    BASIN_TRY(compute(m, named, out));
done:
    return st;
}

/* 1/σ², so that flatter is less; the error is of first order. */
static basin_status take_precision(basin_measuring *m, basin_measure measure, basin_sharpness_measure named,
                                   basin_value *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(take(m, measure, named, out));
    if (isnan(out->value)) goto done;
    const double sigma = out->value, error = 2.0 * (out->upper - sigma) / (sigma * sigma * sigma);
    const double precision = 1.0 / (sigma * sigma);
    *out = isnan(error) ? (basin_value){precision, NAN, NAN, BASIN_INTERVAL_NONE}
                        : (basin_value){precision, precision - error, precision + error,
                                        BASIN_INTERVAL_STANDARD_ERROR};
done:
    return st;
}

#define NAMED_LIST(X)      \
    X(ascent)              \
    X(m_sharpness)         \
    X(asam)                \
    X(asam_all)            \
    X(average)             \
    X(adaptive_average)    \
    X(worst_l2)            \
    X(worst_linf)          \
    X(adaptive_worst_l2)   \
    X(adaptive_worst_linf) \
    X(box)                 \
    X(geodesic)            \
    X(fisher_relative)     \
    X(feature_rank)        \
    X(neural_collapse)
#define PRECISION_LIST(X) \
    X(pac_bayes)          \
    X(adaptive_pac_bayes)

#define NAMED(name)                                                         \
    basin_status basin_measure_##name(basin_measuring *m, basin_value *out) \
    {                                                                       \
        return take(m, BASIN_MEASURE_##name, BASIN_SHARPNESS_##name, out);  \
    }
#define PRECISION(name)                                                                          \
    basin_status basin_measure_##name##_precision(basin_measuring *m, basin_value *out)          \
    {                                                                                            \
        return take_precision(m, BASIN_MEASURE_##name##_precision, BASIN_SHARPNESS_##name, out); \
    }
NAMED_LIST(NAMED)
PRECISION_LIST(PRECISION)

static const struct {
    basin_measure           measure;
    basin_sharpness_measure named;
} named[] = {
#define NAMED_PAIR(name) {BASIN_MEASURE_##name, BASIN_SHARPNESS_##name},
#define PRECISION_PAIR(name) {BASIN_MEASURE_##name##_precision, BASIN_SHARPNESS_##name},
    NAMED_LIST(NAMED_PAIR) PRECISION_LIST(PRECISION_PAIR)};

void basin_measuring_named_cost(const basin_objective *train, const basin_row_options *options,
                                basin_cost *out)
{
    if (!(options->request & BASIN_NEEDS_SHARPNESS)) return;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (is_chosen(options, named[i].measure)) basin_sharpness_cost(train, named[i].named, out);
}
