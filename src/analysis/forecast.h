/* What an analysis asks of its objective, told by the code that later asks it; forecast.c measures what each piece takes.
   Letters: P parameters. */
#ifndef BASIN_ANALYSIS_FORECAST_H
#define BASIN_ANALYSIS_FORECAST_H

#include "core/status.h"

typedef struct basin_demand {
    size_t gradients, losses;
    size_t freezes;               /* frozen points, one after the other */
    size_t products, most;        /* with single vectors: expected, and at most */
    size_t vectors, width;        /* with blocks: vectors in all, and the most in a block */
    size_t points[2], axes;       /* of a line or plane on each of the objectives, */
    size_t calls;                 /* in so many evaluations with equally many points */
    size_t rows;                  /* of the basis that each single product is made orthogonal to, in the mean */
    size_t problems;              /* eigenvalue problems, */
    size_t matrix, bottom, top;   /* of that order, and how many of the vectors are wanted at each end */
    size_t bytes;                 /* expected to be held beside the frozen point, without a block of vectors and its product */
    size_t aside;                 /* all that may be held beside it: room that freezing leaves */
} basin_demand;

/* Each adds its own. */
void         basin_demand_hold(basin_demand *demand, size_t bytes, size_t aside); /* the most of each: spectra come one after the other */
void         basin_stationarity_demand(const basin_objective *o, const basin_stationarity_options *options, basin_demand *demand);
basin_status basin_spectrum_demand(const basin_objective *o, const basin_stationarity_options *stationarity, const basin_spectrum_options *options,
                                   basin_demand *demand, basin_spectrum_method *method);
basin_status basin_direction_demand(const basin_objective *o, const basin_direction_spec *spec, basin_demand *demand);

typedef struct basin_forecast_request {
    const char       *analysis, *method; /* copied; method may be NULL */
    size_t            objective_count;
    basin_objective  *objectives[2];
    const char       *splits[2];         /* names in definitions; NULL without points */
    const double     *theta;
    basin_demand      demand;
} basin_forecast_request;

/* Does each piece of work once or, where it is short, several times. */
basin_status basin_forecast_measure(const basin_forecast_request *request, basin_forecast **out);

#endif
