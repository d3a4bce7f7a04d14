/* One point of one checkpoint while a row of it is measured: what measures share, each computed
 * once, when it is first asked for.
 *
 * A measure is one line of include/basin_measures.h and one function, basin_measure_NAME, in the
 * file of its family beside this one. It is called where everything that it needs is there, and
 * `out` holds NAN: it asks for what it shares, and sets the value.
 */
#ifndef BASIN_ANALYSIS_MEASURE_MEASURING_H
#define BASIN_ANALYSIS_MEASURE_MEASURING_H

#include "analysis/forecast.h"

typedef struct basin_measuring {
    /* borrowed */
    basin_point            *point;        /* of the training objective */
    basin_objective        *test, *clean; /* each may be NULL */
    const basin_checkpoint *ck;
    /* [P]; NULL where there is none, or a zero one before the first step */
    const double     *momentum;
    basin_row_options options; /* complete */
    unsigned          there;   /* basin_need: what of it there is */
    /* made when asked for */
    bool             solved; /* the spectrum, and what is found with it */
    basin_spectrum  *spectrum;
    basin_direction *top; /* the eigenvector of the largest eigenvalue */
    basin_sane      *sane;
    bool             sane_asked;
    basin_sharpness *sharpness;
    basin_loss       test_loss, clean_loss;
    bool             test_asked, clean_asked;
    /* with the spectrum: dᵀHd of the unit vectors along gradient and momentum; NAN: no direction */
    double            along_gradient, along_momentum;
    basin_eigenspace *space; /* where it is requested */
    double           *step;  /* [P] u; NULL: not requested or not known */
    double            step_slope, step_form, step_cosine; /* uᵀ∇F, uᵀHu, cos(u, ∇F) */
    basin_batches    *batches;
} basin_measuring;

/* Objectives of the checkpoint's size, finite weights and sensible options, or why not. */
basin_status basin_measuring_check(const basin_objective *train, const basin_measuring *m);
/* Refuses what does not fit. To be closed after a failure too. */
basin_status basin_measuring_open(basin_point *point, basin_objective *test, basin_objective *clean,
                                  const basin_checkpoint *ck, const basin_row_options *options,
                                  basin_measuring *m);
void         basin_measuring_close(basin_measuring *m);

/* What the spectrum of a row and its top eigenvectors take, and the bytes held beside the frozen
   Hessian; *spectrum becomes what is asked for. */
basin_status basin_measuring_demand(const basin_objective *train, const basin_row_options *options,
                                    basin_spectrum_options *spectrum, basin_demand *demand,
                                    size_t *aside);
/* Loss and gradient norm of the point, its stationarity and eigenvalues, at one frozen Hessian. */
basin_status basin_measuring_spectrum(basin_measuring *m, const basin_spectrum **out);
/* *out = NULL where SANE is undefined (H = 0), or where too few eigenvalues are held to bound
   it. */
basin_status basin_measuring_sane(basin_measuring *m, const basin_sane **out);
/* Rises of the loss along gradient, momentum, top eigenvector and random directions at options.rho;
   the norms of gradient and momentum, both without weight decay. */
basin_status basin_measuring_sharpness(basin_measuring *m, const basin_sharpness **out);
/* xᵀHx/‖x‖² by one product, for which hx [P] is room; NAN where x is NULL or 0. */
basin_status basin_measuring_form(basin_measuring *m, const double *x, double *hx, double *out);
/* Those along gradient and momentum, and what of the next step takes a product: at the spectrum's
   frozen Hessian. */
basin_status basin_measuring_forms(basin_measuring *m);
basin_status basin_measuring_step(basin_measuring *m, double *hx);
/* How the energies in the top eigenspace are spread over the layers; none where these are not known
   or it was not asked for. */
basin_status basin_measuring_layers(basin_measuring *m, basin_layers *out);
/* Adds what the chosen measures of sharpness by name take, in evaluations over all samples. */
void basin_measuring_named_cost(const basin_objective *train, const basin_row_options *options,
                                basin_cost *out);
/* samples of each mini-batch */
size_t basin_measuring_batch_size(const basin_measuring *m);
/* needs the test objective */
basin_status basin_measuring_test(basin_measuring *m, basin_loss *out);
/* needs the clean objective */
basin_status basin_measuring_clean(basin_measuring *m, basin_loss *out);

/* One measure alone, of which everything that it needs is there; out holds NAN. */
basin_status basin_measuring_one(basin_measuring *m, size_t measure, basin_value *out);

#define BASIN_MEASURE(name, ...) \
    basin_status basin_measure_##name(basin_measuring *m, basin_value *out);
#include "basin_measures.h"

#endif
