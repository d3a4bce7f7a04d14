/* What an analysis demands of its objective, counted by the code that will do the work. forecast.c
   measures how long each kind of work takes. Letters: P parameters. */
#ifndef BASIN_ANALYSIS_FORECAST_H
#define BASIN_ANALYSIS_FORECAST_H

#include "core/status.h"

typedef struct basin_demand {
    size_t gradients; /* 1 or 0: the point's, which its analyses share */
    size_t losses;
    size_t freezes;   /* 1 or 0, likewise; 2 where a way down is sought beside another operator */
    size_t products;  /* expected products with single vectors */
    size_t most;      /* maximum of these */
    size_t vectors;   /* vectors that are multiplied in blocks, in all */
    size_t width;     /* maximum of vectors in a block */
    size_t points[2]; /* points of a line or plane, on each of the objectives */
    bool   points_at_most; /* fewer may do */
    size_t axes;           /* of that line or plane: 1 or 2 */
    size_t calls;    /* evaluations that these points are spread over, with equally many in each */
    size_t rows;     /* mean number of basis vectors that a single product is made orthogonal to */
    size_t problems; /* eigenvalue problems */
    size_t matrix;   /* order of their matrix */
    size_t bottom;   /* eigenvectors wanted at its lower end */
    size_t top;      /* and at its upper end */
    /* expected to be held in addition to the frozen point, without a block of vectors and its
       product */
    size_t bytes;
    /* maximum that may be held in addition to it: freezing leaves room for so much */
    size_t aside;
} basin_demand;

/* Raises `bytes` and `aside` to at least these: spectra are computed one after the other, so their
   memory does not add up. */
void basin_demand_hold(basin_demand *demand, size_t bytes, size_t aside);
/* Each adds what its analysis demands. */
void basin_stationarity_demand(const basin_point *point, basin_demand *demand);
/* Eigenpairs alone, as basin_spectrum_solve finds them. */
basin_status basin_spectrum_demand(const basin_objective *o, const basin_spectrum_options *options,
                                   basin_demand *demand, basin_spectrum_method *method);
basin_status basin_direction_demand(const basin_objective *o, const basin_direction_spec *spec,
                                    basin_demand *demand);

typedef struct basin_forecast_request {
    const char      *analysis, *method; /* copied; method may be NULL */
    basin_point     *point;
    basin_objective *other;     /* whose losses at points are wanted too, or NULL */
    const char      *splits[2]; /* names in definitions; NULL without points */
    basin_demand     demand;
} basin_forecast_request;

/* Times every kind of work that the request demands: once, or several times where it is short. */
basin_status basin_forecast_measure(const basin_forecast_request *request, basin_forecast **out);

#endif
