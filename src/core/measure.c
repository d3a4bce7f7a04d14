/* The columns of a table of rows, made from include/basin_measures.h, and what a row has in them. */
#include <math.h>
#include <string.h>

#include "core/status.h"

#define OPEN 0.01 /* of SANE or N_eff that a truncated spectrum may leave open */

#define ANY .least = -INFINITY, .most = INFINITY
#define POSITIVE .least = 0.0, .most = INFINITY
#define ANGLE .least = 0.0, .most = 90.0

/* clang-format off */
const basin_column basin_columns[] = {
#define BASIN_MEASURE(id, axis, dimension, from, to, question, what, group, text, ...)       \
    {.name = #id, .label = axis, .offset = offsetof(basin_row, id), .least = from, .most = to, \
     .unit = dimension, .definition = text, .family = question, .needs = what,                 \
     .invariance = group, __VA_ARGS__},
#include "basin_measures.h"

#define RECORD(member, axis) .name = #member, .label = axis, .offset = offsetof(basin_row, member)
    {RECORD(seed, "seed"), .integer = true, .fixed = true, ANY},
    {RECORD(step, "training step"), .integer = true, ANY},
    {RECORD(epoch, "epoch"), ANY},
    {RECORD(gradient_evaluations, "gradient evaluations"), .integer = true, ANY},
    {RECORD(seconds, "seconds of training"), ANY},
    {RECORD(learning_rate, "learning rate η"), .fixed = true, ANY},
    {RECORD(momentum, "momentum β"), .fixed = true, ANY},
    {RECORD(rho, "perturbation radius ρ"), .fixed = true, ANY},
    {RECORD(weight_decay, "weight decay"), .fixed = true, ANY},
    {RECORD(batch_size, "batch size (0: full)"), .integer = true, .fixed = true, ANY},
    {.name = "decrement", .label = "decrement / L",
     .offset = offsetof(basin_row, stationarity.decrement), POSITIVE},
    {.name = "fall_per_step", .label = "relative fall per step",
     .offset = offsetof(basin_row, stationarity.fall_per_step), POSITIVE},
    {.name = "turn_top", .label = "turn of e\0011\2 (degrees)",
     .offset = offsetof(basin_row, turning.top), ANGLE},
    {.name = "turn", .label = "turn of the top k (degrees)",
     .offset = offsetof(basin_row, turning.whole), ANGLE},
    {.name = "turn_top_last", .label = "e\0011\2 to the last (degrees)",
     .offset = offsetof(basin_row, turning.last_top), ANGLE},
    {.name = "turn_last", .label = "top k to the last (degrees)",
     .offset = offsetof(basin_row, turning.last_whole), ANGLE},
};
/* clang-format on */

const size_t basin_column_count = sizeof basin_columns / sizeof *basin_columns;

_Static_assert(offsetof(basin_value, value) == 0,
               "the number of a column lies at its offset, a measure's too");

const basin_column *basin_column_find(const char *name)
{
    for (size_t i = 0; i < basin_column_count; i++)
        if (strcmp(basin_columns[i].name, name) == 0) return &basin_columns[i];
    return NULL;
}

basin_sharpness_measure basin_column_sharpness(const basin_column *column)
{
    size_t m = 0;

    if (!(column->needs & BASIN_NEEDS_SHARPNESS)) return BASIN_SHARPNESS_MEASURES;
    while (m < BASIN_SHARPNESS_MEASURES && strcmp(basin_sharpness_entries[m].name, column->name) != 0) m++;
    return (basin_sharpness_measure)m;
}

double basin_column_value(const basin_row *row, const basin_column *column)
{
    const char *place = (const char *)row + column->offset;

    if (!column->integer) return *(const double *)(const void *)place;
    int64_t value = *(const int64_t *)(const void *)place;
    return value >= 0 ? (double)value : NAN;
}

void basin_column_bounds(const basin_row *row, const basin_column *column, double *low, double *high)
{
    size_t             number = (size_t)(column - basin_columns);
    const basin_value *v = number < BASIN_MEASURES ? &row->measures[number] : NULL;

    *low = *high = basin_column_value(row, column);
    if (v != NULL && v->interval != BASIN_INTERVAL_NONE) *low = v->lower, *high = v->upper;
}

bool basin_column_partial(const basin_row *row, const basin_column *column)
{
    if (!column->whole || row->spectrum_method != BASIN_SPECTRUM_LANCZOS) return false;
    const basin_value *v = &row->measures[column - basin_columns];
    if (v->interval == BASIN_INTERVAL_CALIBRATED) return false;
    return !(v->upper - v->lower <= OPEN * v->lower);
}

bool basin_is_flatness(const basin_column *column)
{
    return column->compared && !column->own_direction &&
           (column->family == BASIN_FAMILY_CURVATURE || column->family == BASIN_FAMILY_RISE);
}

bool basin_is_invariant(const basin_comparison *c, const basin_column *column)
{
    if (c->invariant_count == 0) return (column->invariance & BASIN_INVARIANT_TO_RESCALING) != 0;
    for (size_t i = 0; i < c->invariant_count; i++)
        if (strcmp(c->invariants[i].measure, column->name) == 0)
            return c->invariants[i].verdict == BASIN_STAYS;
    return false;
}

bool basin_difference_is_evidence(const basin_difference *d)
{
    const basin_column *column = basin_column_find(d->measure);

    return column != NULL && basin_is_flatness(column) && d->report != BASIN_VERDICT_NOT_MEASURED &&
           (d->point == BASIN_POINT_RAW || !d->losses_unequal);
}

const char *basin_conclusion_words(basin_conclusion_kind kind)
{
    static const char *const words[BASIN_CONCLUSIONS] = {
        [BASIN_CONCLUSION_SUPPORTED] = "supported",
        [BASIN_CONCLUSION_NOT_TIED] = "flatter, but not tied to generalisation here",
        [BASIN_CONCLUSION_NOT_INVARIANT] = "flatter only by measures that are not invariant",
        [BASIN_CONCLUSION_DISAGREE] = "measures disagree",
        [BASIN_CONCLUSION_NOT_SUPPORTED] = "not supported",
        [BASIN_CONCLUSION_INCONCLUSIVE] = "inconclusive",
    };

    return words[kind];
}
