/* Everything that `track` and `compare` say of one checkpoint, from one spectrum, one gradient and a few losses. */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

static void copy_record(const basin_checkpoint *ck, basin_measures *m)
{
    m->seed = ck->hyper.seed;
    m->step = ck->step;
    m->epoch = ck->epoch;
    m->gradient_evaluations = ck->gradient_evaluations;
    m->seconds = ck->seconds;
    m->learning_rate = ck->hyper.learning_rate;
    m->momentum = ck->hyper.momentum;
    m->rho = ck->hyper.rho;
    m->weight_decay = ck->hyper.weight_decay;
    m->batch_size = ck->hyper.batch_size;
    m->theta_norm = basin_norm(ck->theta, ck->params->size);
}

/* A truncated spectrum knows the ends it was asked for only. */
static void copy_spectrum(const basin_spectrum *spectrum, basin_measures *m)
{
    bool dense = strcmp(spectrum->method, "dense") == 0;

    m->parameters = spectrum->parameters;
    m->samples = spectrum->samples;
    m->train_loss = spectrum->loss;
    m->train_accuracy = spectrum->accuracy;
    m->gradient_norm = spectrum->gradient_norm;
    m->decrease = spectrum->stationarity.decrease;
    m->stationary = spectrum->stationarity.stationary;
    m->lambda_max = m->lambda_max_residual = m->lambda_min = NAN;
    if (spectrum->count > 0 && (dense || spectrum->top > 0)) {
        m->lambda_max = spectrum->eigenvalues[0];
        m->lambda_max_residual = spectrum->residuals[0];
    }
    if (spectrum->count > 0 && (dense || spectrum->bottom > 0)) m->lambda_min = spectrum->eigenvalues[spectrum->count - 1];
    m->trace = spectrum->trace;
    m->negative_mass = spectrum->negative_mass;
}

/* SANE may be undefined (H = 0), or too few eigenvalues be held to bound it: NAN, and the other measures stand. */
/* The rows are made to be held against each other, so alpha is never each run's own weight decay: N_eff at two alphas differs by
   definition. */
static basin_status measure_sane(const basin_spectrum *spectrum, const basin_sane_options *options, basin_measures *m)
{
    basin_status       st = BASIN_OK;
    basin_sane_options sane_options = *options;
    basin_sane        *sane = NULL;

    m->sane = m->sane_lower = m->sane_upper = m->n_eff = m->alpha = NAN;
    sane_options.recorded_weight_decay = NAN;
    st = basin_sane_compute(spectrum, &sane_options, &sane);
    if (st == BASIN_ERR_NUMERIC || (st == BASIN_ERR_VALUE && strcmp(spectrum->method, "dense") != 0)) st = BASIN_OK;
    if (sane == NULL) goto done;
    m->sane = sane->value, m->sane_lower = sane->lower, m->sane_upper = sane->upper;
    m->n_eff = sane->n_eff, m->alpha = sane->alpha;
done:
    basin_sane_destroy(&sane);
    return st;
}

static double find_sharpness(const basin_sharpness *sharpness, const char *name)
{
    for (size_t i = 0; i < sharpness->measure_count; i++)
        if (strcmp(sharpness->measures[i].name, name) == 0) return sharpness->measures[i].value;
    return NAN;
}

static basin_status measure_sharpness(basin_objective *train, const basin_checkpoint *ck, double rho, double weight_decay, basin_measures *m)
{
    basin_status            st = BASIN_OK;
    basin_sharpness        *sharpness = NULL;
    basin_sharpness_options options = {.rho = &rho, .rho_count = 1, .recorded_rho = NAN, .momentum = basin_checkpoint_momentum(ck), .split = "train",
                                       .weight_decay = weight_decay};

    if (options.momentum != NULL && basin_norm(options.momentum, ck->params->size) == 0.0) options.momentum = NULL; /* before the first step */
    m->sharpness_rho = rho;
    BASIN_TRY(basin_sharpness_compute(train, ck->theta, &options, &sharpness));
    m->sharpness_sam = find_sharpness(sharpness, "sam");
    m->sharpness_msam = find_sharpness(sharpness, "msam");
    m->momentum_gradient_cosine = sharpness->momentum_gradient_cosine;
    /* SAM's radius goes by ∇L alone; lambda_max holds the decay that the objective includes, and so must its ceiling */
    m->ceiling = basin_ceiling(ck->method, &ck->hyper, sharpness->gradient_norm, sharpness->momentum_norm) + basin_objective_decay(train);
done:
    basin_sharpness_destroy(&sharpness);
    return st;
}

static basin_status measure_test(basin_objective *test, const double *theta, basin_measures *m)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    m->test_loss = m->test_accuracy = NAN;
    if (test != NULL) {
        BASIN_TRY(basin_objective_loss(test, NULL, theta, &loss));
        m->test_loss = basin_loss_value(&loss);
        m->test_accuracy = basin_loss_accuracy(&loss);
    }
    m->gap = m->test_loss - m->train_loss;
done:
    return st;
}

basin_status basin_measures_compute(basin_objective *train, basin_objective *test, const basin_checkpoint *ck, const basin_measures_options *options,
                                    basin_measures *out)
{
    basin_status           st = BASIN_OK;
    basin_measures_options defaults = {0};
    basin_measures         m = {0};
    basin_spectrum        *spectrum = NULL;
    double                 recorded = ck->hyper.weight_decay, coupled;

    if (options == NULL) options = &defaults;
    BASIN_CHECK(options->rho >= 0.0 && isfinite(options->rho), BASIN_ERR_ARG, "rho %g of the one-step sharpness is not a finite number >= 0",
                options->rho);
    BASIN_CHECK(options->sane.kappa >= 0.0 && options->sane.alpha >= 0.0, BASIN_ERR_ARG, "kappa %g or alpha %g of SANE is not a number >= 0",
                options->sane.kappa, options->sane.alpha);
    for (int i = 0; i < 2; i++) {
        const basin_objective *o = i == 0 ? train : test;
        BASIN_CHECK(o == NULL || basin_objective_size(o) == ck->params->size, BASIN_ERR_SHAPE,
                    "the %s objective has %zu parameters, the checkpoint %zu", i == 0 ? "training" : "test", basin_objective_size(o),
                    ck->params->size);
    }
    BASIN_TRY(basin_checkpoint_finite(ck));
    coupled = ck->hyper.weight_decay_coupled && recorded > 0.0 ? recorded : 0.0;
    copy_record(ck, &m);
    BASIN_TRY(basin_spectrum_compute(train, ck->theta, coupled, &options->spectrum, &spectrum));
    copy_spectrum(spectrum, &m);
    BASIN_TRY(measure_sane(spectrum, &options->sane, &m));
    BASIN_TRY(measure_sharpness(train, ck, options->rho > 0.0 ? options->rho : 0.05, coupled, &m));
    BASIN_TRY(measure_test(test, ck->theta, &m));
    BASIN_STRDUP(m.method, ck->method);
    BASIN_STRDUP(m.spectrum_method, spectrum->method);
    *out = m, m = (basin_measures){0};
done:
    basin_spectrum_destroy(&spectrum);
    basin_measures_clear(&m);
    return st;
}
