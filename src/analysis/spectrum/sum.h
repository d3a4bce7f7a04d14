/* Sums over the spectrum with error bars, for many summands of one spectrum: the rules are made
   once. */
#ifndef BASIN_ANALYSIS_SPECTRUM_SUM_H
#define BASIN_ANALYSIS_SPECTRUM_SUM_H

#include "analysis/spectrum/quadrature.h"

typedef struct basin_sums {
    const basin_spectrum *spectrum; /* borrowed */
    basin_rules           rules;    /* probes = 0 where the spectrum holds everything */
    double               *moves;    /* [count] by how much each pair held may be off */
    double                norm;     /* largest |θ| held */
} basin_sums;

/* BASIN_ERR_ARG for a truncated spectrum without quadrature. Caller closes, also after a
   failure. */
basin_status basin_sums_open(const basin_spectrum *s, basin_sums *out);
void         basin_sums_close(basin_sums *sums);

basin_spectral_sum basin_sums_of(const basin_sums *sums, const basin_summand *f);
/* The share of eigenvalues <= x. */
basin_status basin_sums_share(const basin_sums *sums, double x, basin_spectral_sum *out);
/* The largest magnitude that the rules have met among what the pairs leave over. */
double basin_sums_largest(const basin_sums *sums);

#endif
