/* The measures of a row, once: name, label, what each speaks to and how it is held against others. Comparison, figures and the command
 * line look here; a row's own description (core/result_fields.c) says how they are stored.
 */
#ifndef BASIN_CORE_MEASURE_H
#define BASIN_CORE_MEASURE_H

#include "core/status.h"

typedef struct basin_column {
    const char  *name;    /* the member of basin_row, as in JSON and on the command line */
    const char  *label;   /* for axes; \1…\2 is a subscript */
    bool         integer; /* int64_t, -1 unknown; else double */
    size_t       offset;
    bool         compared;
    basin_family family;  /* of what is compared */
    int          better;  /* generalisation: +1 higher, -1 lower is better; else 0 */
    bool         ratio;   /* of positive scale: held against another by the ratio, where both are positive */
    double       least, most; /* what it can be */
    bool         whole;   /* a sum over the whole spectrum: a truncated one gives a part of it, which is no measure */
    bool         at_raw_only; /* polishing or averaging does not measure it anew for what it is compared by */
    bool         own_direction; /* looks along a direction of each run's own: differs between methods by what it looks along, too */
    size_t       setting; /* offset of the double that is part of its definition: two rows differ in the measure only where it agrees; or SIZE_MAX */
} basin_column;

extern const basin_column basin_columns[];
extern const size_t       basin_column_count;

const basin_column *basin_column_find(const char *name); /* NULL if there is none */
double              basin_column_value(const basin_row *row, const basin_column *column); /* NAN where unknown */
void                basin_column_bounds(const basin_row *row, const basin_column *column, double *low, double *high); /* its error bar; the value where it has none */
/* SANE or N_eff from a truncated spectrum that leaves it open by more than 1 %. */
bool basin_column_partial(const basin_row *row, const basin_column *column);

#endif
