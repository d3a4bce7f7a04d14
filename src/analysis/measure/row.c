/* Everything that `track` and `compare` say of one point of one checkpoint. */
#include <math.h>
#include <string.h>

#include "analysis/forecast.h"
#include "analysis/measure/row.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/measure.h"
#include "core/schema.h"

enum { RANDOM = 4 };

#define RHO 0.05

basin_status basin_row_record(const basin_checkpoint *ck, basin_row *out)
{
    basin_status st = BASIN_OK;
    basin_row    row;

    basin_row_blank(&row);
    if (ck != NULL) {
        row.seed = ck->hyper.seed;
        row.step = ck->step;
        row.epoch = ck->epoch;
        row.gradient_evaluations = ck->gradient_evaluations;
        row.seconds = ck->seconds;
        row.learning_rate = ck->hyper.learning_rate;
        row.momentum = ck->hyper.momentum;
        row.rho = ck->hyper.rho;
        row.weight_decay = ck->hyper.weight_decay;
        row.batch_size = ck->hyper.batch_size;
        row.parameters = ck->params->size;
        BASIN_STRDUP(row.method, ck->method);
    }
    *out = row;
done:
    return st;
}

/* A truncated spectrum knows the ends it was asked for only. */
static void copy_spectrum(const basin_spectrum *spectrum, basin_row *m)
{
    bool dense = spectrum->method == BASIN_SPECTRUM_DENSE;

    m->parameters = spectrum->parameters;
    m->samples = spectrum->samples;
    m->train_loss = spectrum->loss;
    m->train_accuracy = spectrum->accuracy;
    m->gradient_norm = spectrum->gradient_norm;
    m->stationarity = spectrum->stationarity;
    if (spectrum->count > 0 && (dense || spectrum->top > 0)) {
        m->lambda_max = spectrum->eigenvalues[0];
        m->lambda_max_residual = spectrum->residuals[0];
    }
    if (spectrum->count > 0 && (dense || spectrum->bottom > 0)) m->lambda_min = spectrum->eigenvalues[spectrum->count - 1];
    m->trace = spectrum->trace;
    m->negative_mass = spectrum->negative_mass;
}

/* The rows are made to be held against each other, so alpha is never each run's own weight decay: N_eff at two alphas differs by
   definition. SANE may be undefined (H = 0), or too few eigenvalues be held to bound it: NAN, and the other measures stand. */
static basin_status measure_sane(const basin_spectrum *spectrum, const basin_sane_options *options, basin_row *m)
{
    basin_status       st = BASIN_OK;
    basin_sane_options sane_options = *options;
    basin_sane        *sane = NULL;

    sane_options.recorded_weight_decay = NAN;
    st = basin_sane_compute(spectrum, &sane_options, &sane);
    if (st == BASIN_ERR_NUMERIC || (st == BASIN_ERR_VALUE && spectrum->method != BASIN_SPECTRUM_DENSE)) st = BASIN_OK;
    if (sane == NULL) goto done;
    m->sane = sane->value, m->sane_lower = sane->lower, m->sane_upper = sane->upper;
    m->n_eff = sane->n_eff, m->n_eff_lower = sane->n_eff_lower, m->n_eff_upper = sane->n_eff_upper, m->alpha = sane->alpha;
done:
    basin_sane_destroy(&sane);
    return st;
}

static const basin_rise *find_rise(const basin_sharpness *sharpness, basin_rise_direction direction)
{
    for (size_t i = 0; i < sharpness->rise_count; i++)
        if (sharpness->rises[i].direction == (int)direction) return &sharpness->rises[i];
    return NULL;
}

/* Mean and standard error of the symmetrised rises along the random directions. */
static void average_random(const basin_sharpness *sharpness, basin_row *m)
{
    double sum = 0.0, square = 0.0;
    size_t n = 0;

    for (size_t i = 0; i < sharpness->rise_count; i++)
        if (sharpness->rises[i].direction == BASIN_RISE_RANDOM) sum += sharpness->rises[i].symmetric, n++;
    if (n == 0) return;
    m->rise_random = sum / (double)n;
    for (size_t i = 0; i < sharpness->rise_count; i++) {
        double d = sharpness->rises[i].symmetric - m->rise_random;
        if (sharpness->rises[i].direction == BASIN_RISE_RANDOM) square += d * d;
    }
    if (n > 1) m->rise_random_error = sqrt(square / (double)(n - 1) / (double)n);
}

static double ratio(double value, double ceiling)
{
    return ceiling > 0.0 && isfinite(ceiling) ? value / ceiling : (double)NAN;
}

/* SAM's radius goes by ∇L alone; lambda_max holds the decay that the objective includes, and so must its ceiling. The method's own
   ceiling goes by norms that it had while it trained: a polished or averaged point has none. */
static void measure_ceilings(const basin_checkpoint *ck, double decay, double gradient_norm, double momentum_norm, basin_row *m)
{
    if (m->point == BASIN_POINT_RAW) m->ceiling = basin_ceiling(ck->method, &ck->hyper, gradient_norm, momentum_norm) + decay;
    m->ceiling_plain = basin_ceiling_plain(ck->method, &ck->hyper) + decay;
    m->lambda_max_over_ceiling = ratio(m->lambda_max, m->ceiling);
    m->lambda_max_over_plain = ratio(m->lambda_max, m->ceiling_plain);
}

/* Whether a spectrum with these options would be dense: then no vectors are asked of it, which would cost as much again. */
static basin_status is_dense(const basin_objective *o, const basin_spectrum_options *options, bool *out)
{
    basin_status          st = BASIN_OK;
    basin_demand          demand = {0};
    basin_spectrum_method method;

    BASIN_TRY(basin_spectrum_demand(o, NULL, options, &demand, &method));
    *out = method == BASIN_SPECTRUM_DENSE;
done:
    return st;
}

static basin_status measure_rises(basin_objective *train, const basin_checkpoint *ck, const basin_spectrum *spectrum, const basin_row_options *options,
                                  const basin_stationarity_options *stationarity, basin_row *m)
{
    basin_status            st = BASIN_OK;
    basin_sharpness        *sharpness = NULL;
    basin_direction        *top = NULL;
    const basin_rise       *rise;
    double                  rho = options->rho > 0.0 ? options->rho : RHO;
    basin_sharpness_options o = {.rho = &rho, .rho_count = 1, .recorded_rho = NAN, .momentum = basin_checkpoint_momentum(ck), .split = "train",
                                 .stationarity = *stationarity, .random = options->random > 0 ? options->random : RANDOM, .seed = options->seed};

    if (o.momentum != NULL && basin_norm(o.momentum, ck->params->size) == 0.0) o.momentum = NULL; /* before the first step */
    if (basin_objective_params(train) == NULL) o.random = 0;
    if (spectrum->vector_count > 0) BASIN_TRY(basin_direction_eigen(train, ck->theta, 1, spectrum, &top));
    o.top = top != NULL ? top->values : NULL;
    o.find_top = true; /* if it is not at hand */
    m->sharpness_rho = rho;
    BASIN_TRY(basin_sharpness_compute(train, ck->theta, &o, &sharpness));
    if ((rise = find_rise(sharpness, BASIN_RISE_SAM)) != NULL) m->sharpness_sam = rise->value, m->sharpness_sam_symmetric = rise->symmetric;
    if ((rise = find_rise(sharpness, BASIN_RISE_MSAM)) != NULL) m->sharpness_msam = rise->value, m->sharpness_msam_symmetric = rise->symmetric;
    if ((rise = find_rise(sharpness, BASIN_RISE_TOP)) != NULL) m->rise_top = rise->symmetric;
    average_random(sharpness, m);
    m->momentum_gradient_cosine = sharpness->momentum_gradient_cosine;
    m->momentum_top_cosine2 = sharpness->momentum_top_cosine2;
    m->gradient_top_cosine2 = sharpness->gradient_top_cosine2;
    measure_ceilings(ck, basin_objective_decay(train), sharpness->gradient_norm, sharpness->momentum_norm, m);
done:
    basin_direction_destroy(&top);
    basin_sharpness_destroy(&sharpness);
    return st;
}

static basin_status measure_losses(basin_objective *test, basin_objective *clean, const double *theta, basin_row *m)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    if (test != NULL) {
        BASIN_TRY(basin_objective_loss(test, NULL, theta, &loss));
        m->test_samples = basin_objective_samples(test);
        m->test_loss = basin_loss_value(&loss);
        m->test_accuracy = basin_loss_accuracy(&loss);
    }
    m->gap = m->test_loss - m->train_loss;
    if (clean != NULL) {
        BASIN_TRY(basin_objective_loss(clean, NULL, theta, &loss));
        m->clean_train_loss = basin_loss_value(&loss);
        m->clean_gap = m->test_loss - m->clean_train_loss;
    }
done:
    return st;
}

static basin_status check(const basin_objective *const *objectives, const basin_checkpoint *ck, const basin_row_options *options)
{
    static const char *const names[] = {"training", "test", "clean"};
    basin_status             st = BASIN_OK;

    BASIN_CHECK(options->rho >= 0.0 && isfinite(options->rho), BASIN_ERR_ARG, "rho %g of the one-step sharpness is not a finite number >= 0",
                options->rho);
    BASIN_CHECK(options->sane.kappa >= 0.0 && options->sane.alpha >= 0.0, BASIN_ERR_ARG, "kappa %g or alpha %g of SANE is not a number >= 0",
                options->sane.kappa, options->sane.alpha);
    for (int i = 0; i < 3; i++)
        BASIN_CHECK(objectives[i] == NULL || basin_objective_size(objectives[i]) == ck->params->size, BASIN_ERR_SHAPE,
                    "the %s objective has %zu parameters, the checkpoint %zu", names[i], basin_objective_size(objectives[i]), ck->params->size);
    BASIN_TRY(basin_checkpoint_finite(ck));
done:
    return st;
}

basin_status basin_row_compute(basin_objective *train, basin_objective *test, basin_objective *clean, const basin_checkpoint *ck,
                               const basin_row_options *options, basin_row *out)
{
    basin_status               st = BASIN_OK;
    basin_row_options          chosen = options != NULL ? *options : (basin_row_options){0};
    basin_stationarity_options stationarity = basin_stationarity_recorded(ck);
    basin_row                  m = {0};
    basin_spectrum            *spectrum = NULL;
    bool                       dense = false;

    BASIN_TRY(check((const basin_objective *const[]){train, test, clean}, ck, &chosen));
    stationarity.products = chosen.stationarity_products;
    BASIN_TRY(basin_row_record(ck, &m));
    m.point = (int)chosen.point;
    m.theta_norm = basin_norm(ck->theta, ck->params->size);
    if (chosen.point != BASIN_POINT_RAW) stationarity.learning_rate = NAN; /* no training step leads on from there */
    BASIN_TRY(is_dense(train, &chosen.spectrum, &dense));
    chosen.spectrum.vectors = !dense;
    BASIN_TRY(basin_spectrum_compute(train, ck->theta, &stationarity, &chosen.spectrum, &spectrum));
    copy_spectrum(spectrum, &m);
    BASIN_TRY(measure_sane(spectrum, &chosen.sane, &m));
    BASIN_TRY(measure_rises(train, ck, spectrum, &chosen, &stationarity, &m));
    BASIN_TRY(measure_losses(test, clean, ck->theta, &m));
    m.spectrum_method = spectrum->method;
    *out = m, m = (basin_row){0};
done:
    basin_spectrum_destroy(&spectrum);
    basin_row_clear(&m);
    return st;
}

double basin_row_share(double before, double after, double loss)
{
    return log(before / loss) / log(before / after);
}

static double between(double a, double b, double t)
{
    return t == 1.0 ? b : a + t * (b - a);
}

static bool is_setting(const basin_column *column)
{
    return column->offset == offsetof(basin_row, seed) || column->offset == offsetof(basin_row, learning_rate) ||
           column->offset == offsetof(basin_row, momentum) || column->offset == offsetof(basin_row, rho) ||
           column->offset == offsetof(basin_row, weight_decay);
}

/* The training loss follows its logarithm, by which the place was found; at points beside the raw ones so that a polished loss stays below. */
static double loss_between(double before, double after, double share)
{
    return before > 0.0 && after > 0.0 ? before * pow(after / before, share) : between(before, after, share);
}

static void polish_between(const basin_polish *before, const basin_polish *after, double share, basin_polish *out)
{
    out->moved = between(before->moved, after->moved, share);
    out->loss_before = loss_between(before->loss_before, after->loss_before, share);
    out->loss_after = loss_between(before->loss_after, after->loss_after, share);
    out->gradient_norm_before = between(before->gradient_norm_before, after->gradient_norm_before, share);
    out->gradient_norm_after = between(before->gradient_norm_after, after->gradient_norm_after, share);
}

/* Numbers of the record that are counts of what was spent are interpolated with the measures; names, seed and settings are those of
   `after`. A whole number becomes the nearest. */
basin_status basin_row_between(const basin_row *before, const basin_row *after, double share, double at_loss, basin_row *out)
{
    basin_status st = BASIN_OK;
    basin_row    row = {0};

    BASIN_TRY(basin_row_copy(after, &row));
    for (size_t i = 0; i < basin_column_count; i++) {
        const basin_column *column = &basin_columns[i];
        double              value = between(basin_column_value(before, column), basin_column_value(after, column), share);
        char               *place = (char *)&row + column->offset;
        if (is_setting(column)) continue;
        if (column->integer) *(int64_t *)place = isfinite(value) ? llround(value) : -1;
        else *(double *)place = value;
    }
    row.at_loss = at_loss;
    row.train_loss = loss_between(before->train_loss, after->train_loss, share);
    polish_between(&before->polish, &after->polish, share, &row.polish);
    row.sane_lower = between(before->sane_lower, after->sane_lower, share), row.sane_upper = between(before->sane_upper, after->sane_upper, share);
    row.n_eff_lower = between(before->n_eff_lower, after->n_eff_lower, share), row.n_eff_upper = between(before->n_eff_upper, after->n_eff_upper, share);
    row.lambda_max_residual = NAN; /* the solver's, beside which interpolating errs by far more */
    row.stationarity.verdict = BASIN_DESCENT_NOT_TESTED; /* of a point that is none */
    *out = row, row = (basin_row){0};
done:
    basin_row_clear(&row);
    return st;
}

basin_status basin_row_interpolate(const basin_row *before, const basin_row *after, double loss, basin_row *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(before->train_loss > loss && loss >= after->train_loss && after->train_loss > 0.0, BASIN_ERR_ARG,
                "training loss %g does not lie between %g and %g, or one is not positive", loss, before->train_loss, after->train_loss);
    BASIN_TRY(basin_row_between(before, after, basin_row_share(before->train_loss, after->train_loss, loss), loss, out));
    out->train_loss = loss;
done:
    return st;
}
