/* Stochastic Lanczos quadrature at a point: probes of what given eigenpairs leave over, each with
 * as many Lanczos steps as have been asked for so far; more of both can be had later.
 *
 * Letters: P parameters; k pairs Q, orthonormal; m probes; s steps. */
#ifndef BASIN_ANALYSIS_SPECTRUM_SLQ_H
#define BASIN_ANALYSIS_SPECTRUM_SLQ_H

#include "analysis/spectrum/spectrum.h"
#include "core/deadline.h"
#include "core/random.h"

enum { BASIN_SLQ_COHORTS = 32 };

typedef struct basin_slq_most { /* to which it may grow */
    size_t steps, probes;
} basin_slq_most;

typedef struct basin_cohort { /* probes that are multiplied together */
    size_t  count;
    size_t *taken;        /* [count] steps */
    double *v, *before;   /* [count, P] the current Lanczos vectors, and those before them */
    double *alpha, *beta; /* [count, most] */
} basin_cohort;

typedef struct basin_slq {
    basin_point   *point; /* borrowed */
    size_t         size;  /* P */
    double       **pairs; /* [k] of [P] */
    size_t         k;
    bool           owns;    /* the pairs are freed with it */
    double         epsilon; /* of a product */
    double         norm;    /* lower estimate of ‖H‖ */
    basin_slq_most most;
    size_t         steps;  /* s, of every probe but those whose Krylov space was exhausted */
    size_t         probes; /* m */
    size_t         products;
    size_t         cohort_count;
    basin_cohort   cohorts[BASIN_SLQ_COHORTS];
    size_t         own; /* steps of the run's own measure of the complement; 0: there is none */
    double        *own_alpha, *own_beta; /* [own] */
    double        *w;                    /* [widest, P] products */
    size_t         widest;
    double        *scratch; /* [k] */
    basin_random   random;
    basin_pace     pace;
    bool           late; /* no time was left for another step */
} basin_slq;

/* One Lanczos run from a random vector; its pairs with residuals up to the tolerance, and in any
   case that of largest magnitude, are held by *spectrum (eigenvalues, residuals, counts) and left
   out of the probes. Where the memory does not hold all vectors of the run it is restarted, and of
   the pairs those of largest magnitude are held. Caller closes, also after a failure. */
basin_status basin_slq_open(basin_point *point, double epsilon,
                            const basin_spectrum_options *options, const basin_slq_most *most,
                            basin_spectrum *spectrum, basin_slq *out);
/* The same with pairs that were found before: vectors [k] of [P], orthonormal, borrowed. */
basin_status basin_slq_open_beside(basin_point *point, double epsilon, double *const *vectors,
                                   size_t k, double norm, uint64_t seed, const basin_slq_most *most,
                                   basin_slq *out);
/* How many probes of a point of P parameters the memory holds beside one pair. */
size_t basin_slq_probes_most(size_t size);
/* At most `steps`: fewer where the memory holds so few vectors that a run of so many is a waste. */
size_t basin_slq_run_most(size_t size, size_t steps);
void   basin_slq_close(basin_slq *slq);

/* `count` new probes, of as many steps as those that are there. */
basin_status basin_slq_add(basin_slq *slq, size_t count);
/* All probes get `steps` steps in all, at most slq->most.steps. */
basin_status basin_slq_extend(basin_slq *slq, size_t steps);
/* More probes or more steps, whichever takes more off an interval of those parts a product, within
   `left` products (sane_estimate.c); *grown says whether there was anything to spend them on. */
basin_status basin_slq_grow(basin_slq *slq, const basin_spectral_sum *error, size_t left,
                            bool *grown);
/* Everything that follows into the spectrum: quadrature, ‖H‖_F², trace, products. What was there of
   these before is replaced. */
basin_status basin_slq_tell(const basin_slq *slq, basin_spectrum *spectrum);

/* The vectors of the pairs too, where they are wanted: descending like the eigenvalues. */
basin_status basin_slq_keep_vectors(const basin_slq *slq, bool wanted, basin_spectrum *spectrum);

/* Steps and probes that guarantee a Wasserstein distance of accuracy * (λ_max − λ_min), but for one
   chance in 20. */
void basin_slq_guarantee(double accuracy, size_t dimension, size_t *steps, size_t *probes);

#endif
