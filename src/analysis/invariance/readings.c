/* Everything that is asked for at one point, as a list of numbers with their errors: measures of a row of
   `track` and measures of sharpness, each of these at the usual radius. */
#include <math.h>

#include "analysis/invariance/study.h"
#include "core/memory.h"

static basin_status append(basin_readings *to, const basin_reading *reading)
{
    basin_status   st = BASIN_OK;
    basin_reading *more = basin_grow(to->of, to->count, to->count + 1, sizeof *more);

    BASIN_CHECK(more != NULL, BASIN_ERR_NOMEM, "out of memory for %zu numbers", to->count + 1);
    to->of = more;
    to->of[to->count++] = *reading;
done:
    return st;
}

void basin_readings_clear(basin_readings *readings)
{
    for (size_t i = 0; i < readings->count; i++) {
        basin_free(readings->of[i].part);
        basin_free(readings->of[i].missing);
    }
    basin_free(readings->of);
    *readings = (basin_readings){0};
}

/* ----------------------------------------------------------------------------------------- of a row -- */

static basin_status read_row(const basin_invariance_request *r, const basin_row *row, basin_readings *out)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        double low, high;
        if (!r->measures[i]) continue;
        basin_column_bounds(row, &basin_columns[i], &low, &high);
        basin_reading reading = {.measure = basin_columns[i].name,
                                 .rho = NAN,
                                 .value = row->measures[i].value,
                                 .error = 0.5 * (high - low),
                                 .measure_number = -1};
        if (isnan(reading.value))
            BASIN_CHECK((reading.missing = basin_strdup("it has no value at these weights")) != NULL,
                        BASIN_ERR_NOMEM, "out of memory for a reason");
        BASIN_TRY(append(out, &reading));
    }
done:
    return st;
}

static basin_status take_row(const basin_invariance_request *r, basin_point *point,
                             const basin_checkpoint *ck, uint64_t seed, basin_readings *out)
{
    basin_status      st = BASIN_OK;
    basin_row_options options = r->row;
    basin_row         row = {0};
    bool              any = false;

    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        any = any || r->measures[i];
        options.chosen[i] = r->measures[i];
        if (r->measures[i]) options.request |= basin_columns[i].needs & BASIN_NEEDS_ON_REQUEST;
    }
    if (!any) return BASIN_OK;
    options.seed += seed, options.spectrum.seed += seed;
    BASIN_TRY(basin_row_compute(point, NULL, NULL, ck, &options, &row));
    BASIN_TRY(read_row(r, &row, out));
done:
    basin_row_clear(&row);
    return st;
}

/* ------------------------------------------------------------------------------------- of sharpness -- */

static double half_width(const basin_sharpness_row *row)
{
    if (isfinite(row->lower) && isfinite(row->upper)) return 0.5 * (row->upper - row->lower);
    return isfinite(row->error) ? 2.0 * row->error : 0.0;
}

static basin_status read_sharpness(const basin_sharpness_row *row, basin_readings *out)
{
    basin_status  st = BASIN_OK;
    basin_reading reading = {.measure = basin_sharpness_entries[row->measure].name,
                             .rho = row->rho,
                             .value = row->value,
                             .error = half_width(row),
                             .measure_number = row->measure};

    BASIN_STRDUP(reading.part, row->part);
    BASIN_STRDUP(reading.missing, row->missing);
    BASIN_TRY(append(out, &reading));
    reading = (basin_reading){0};
done:
    basin_free(reading.part);
    basin_free(reading.missing);
    return st;
}

static basin_status take_sharpness(const basin_invariance_request *r, basin_point *point,
                                   const basin_checkpoint *ck, basin_sharpness_measure measure, uint64_t seed,
                                   basin_readings *out)
{
    basin_status                  st = BASIN_OK;
    basin_sharpness_table_options options = r->table;
    basin_sharpness_table        *table = NULL;
    const double                  rho = basin_sharpness_entries[measure].rho;

    options.measures = &measure, options.measure_count = 1;
    options.rho = &rho, options.rho_count = 1;
    options.seed += seed;
    options.momentum = basin_checkpoint_momentum(ck);
    BASIN_TRY(basin_sharpness_table_compute(point, &options, &table));
    for (size_t i = 0; i < table->row_count; i++) BASIN_TRY(read_sharpness(&table->rows[i], out));
done:
    basin_sharpness_table_destroy(&table);
    return st;
}

basin_status basin_readings_take(const basin_invariance_request *r, basin_objective *o,
                                 const basin_checkpoint *ck, uint64_t seed, basin_readings *out)
{
    basin_status st = BASIN_OK;
    basin_point *point = NULL;

    BASIN_TRY(basin_point_create(o, ck->theta, r->record, &point));
    BASIN_TRY(take_row(r, point, ck, seed, out));
    for (size_t m = 0; m < BASIN_SHARPNESS_MEASURES; m++)
        if (r->sharpness[m]) BASIN_TRY(take_sharpness(r, point, ck, (basin_sharpness_measure)m, seed, out));
done:
    basin_point_destroy(&point);
    return st;
}
