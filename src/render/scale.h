/* From values to positions: linear, logarithmic and symmetric logarithmic scales, and where their
   ticks stand. */
#ifndef BASIN_RENDER_SCALE_H
#define BASIN_RENDER_SCALE_H

#include "render/number.h"

typedef enum basin_scale_kind {
    BASIN_SCALE_LINEAR,
    BASIN_SCALE_LOG,
    BASIN_SCALE_SYMLOG
} basin_scale_kind;

/* The three names, as users write them. BASIN_ERR_ARG lists them. */
basin_status basin_scale_find(const char *name, basin_scale_kind *out);

typedef struct basin_plot_scale {
    basin_scale_kind kind;
    double           low, high; /* low < high; LOG: low > 0 */
    double           threshold; /* SYMLOG, > 0: linear within ± this, as long as one decade */
} basin_plot_scale;

/* Ends that are finite and apart, above 0 on a logarithmic scale, and a threshold above 0. */
bool basin_scale_drawable(const basin_plot_scale *scale);
/* Where the value lies, 0 at `low` and 1 at `high`; NAN where the scale has no place for it. */
double basin_scale_at(const basin_plot_scale *scale, double value);
double basin_scale_value(const basin_plot_scale *scale, double at); /* the inverse */

/* smallest: the least value > 0; INFINITY if none */
typedef struct basin_range {
    double low, high, smallest;
} basin_range;
basin_range basin_range_start(void); /* empty: low > high */
/* passes over what is not finite */
void basin_range_add(basin_range *range, double value);
/* A scale that shows the range with `margin` (a fraction of it) to spare; all-equal and empty
   ranges get room about them. */
basin_plot_scale basin_scale_fit(basin_scale_kind kind, const basin_range *range, double margin);
/* The threshold for signed values over many decades: a power of ten near the median |value| but no
   more than four decades below the largest, and not below `floor`, the size that the values' own
   errors have. `sorted` is |values| ascending. */
double basin_scale_threshold(const double *sorted, size_t count, double floor);

#define BASIN_MAX_TICKS 64

typedef struct basin_tick {
    double value;
    char   label[BASIN_NUMBER_ROOM]; /* "" for a small tick without a number */
} basin_tick;

typedef struct basin_ticks {
    size_t     count;
    int        exponent; /* the labels are to be multiplied by this power of ten; 0 mostly */
    basin_tick tick[BASIN_MAX_TICKS];
} basin_ticks;

/* Round values, at most about `wanted` of them labelled; all within the scale. */
void basin_scale_ticks(const basin_plot_scale *scale, size_t wanted, basin_ticks *out);
/* The next 1, 2 or 5 times a power of ten at or above `step` > 0. */
double basin_nice_step(double step);

#endif
