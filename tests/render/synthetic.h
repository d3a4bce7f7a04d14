/* Results with plausible numbers for drawing: made by formulas, with a seed, without any
   network. */
#ifndef BASIN_TESTS_SYNTHETIC_H
#define BASIN_TESTS_SYNTHETIC_H

#include "support.h"

/* method: gd | sam | msam sets how sharp; all destroyed by basin_result_destroy. Fail the test when
   memory is short. */
basin_result *synthetic_spectrum(const char *method, size_t parameters); /* whole */
/* By quadrature: a band about a density of both signs. */
basin_result *synthetic_density(const char *method, size_t parameters);
basin_result *synthetic_ends(const char *method, size_t parameters, size_t top, size_t bottom);
/* train and test, accuracy */
basin_result *synthetic_line(const char *method, const char *direction, double norm, size_t count);
/* The same line of another run of its method: losses higher by a tenth a seed. */
basin_result *synthetic_seed(basin_result *line, size_t seed);
/* P = 12, top 4 with vectors: the i-th unit vector turned by `degrees` towards the (4 + i)-th */
basin_result *synthetic_vectors(const char *method, double degrees);
/* two directions, train and test */
basin_result *synthetic_plane(const char *method, size_t count);
/* the same with four wells and a ripple */
basin_result *synthetic_wells(size_t count);
/* through two other checkpoints, at an angle whose cosine is 0.4 */
basin_result *synthetic_three(size_t count);
/* a plane, two runs of so many checkpoints beside it, and three single ones */
basin_result *synthetic_paths(size_t count);
/* the same, interpolated from four cells of which the last has its grid evaluated */
basin_result *synthetic_adaptive(const char *method, size_t count);
basin_result *synthetic_convexity(const char *method, size_t count); /* a plane with its map */
basin_result *synthetic_connection(const char            *method,
                                   basin_connection_curve curve); /* train and test */
basin_result *synthetic_band(const char *method, basin_band_by by, size_t lines);
basin_result *synthetic_sharpness(const char *method);
/* of a band, signed radii, a value that is missing */
basin_result *synthetic_sharpness_table(const char *method);
basin_result *synthetic_gate(
    const char *method); /* every verdict, a limit of 0, an end that is not known */
basin_result *synthetic_invariance(const char *method);
basin_result *synthetic_track(const char *const *methods, size_t method_count, size_t seeds,
                              size_t checkpoints); /* the last run diverges at its end */
basin_result *synthetic_sweep(void);               /* five learning rates, the largest diverged */
/* gd, sam, msam; the last two also polished */
basin_result *synthetic_polished_track(size_t seeds, size_t checkpoints);
/* gd, sam, msam; at most 16 seeds */
basin_result *synthetic_comparison(size_t seeds);
/* sam at two values of rho, msam at one; with correlations of lambda_max and sane */
basin_result *synthetic_settings(size_t seeds);
/* sam and msam also polished: a verdict flips */
basin_result *synthetic_polished_comparison(size_t seeds);
/* of layers; a third of them by probes */
basin_result *synthetic_blocks(const char *method, size_t count);
/* with momentum; one without a gradient; `spectra`: trace and SANE as well */
basin_result *synthetic_batches(const char *method, size_t count, bool spectra);

/* What the figure of that name is drawn of, small; returns how many results. */
enum { SYNTHETIC_MOST = 6 };
size_t synthetic_figured(basin_result_kind kind, const char *figure,
                         basin_result *out[SYNTHETIC_MOST]);

#endif
