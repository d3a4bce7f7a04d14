/* Everything that `track` and `compare` say of one point of one checkpoint. */
#include <math.h>

#include "analysis/measure/measuring.h"
#include "analysis/measure/row.h"
#include "core/decay.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/schema.h"

/* NULL for a graph that is none: there is no network to compare. */
static basin_status describe_network(const basin_checkpoint *ck, char **out)
{
    basin_status st = basin_graph_describe(ck->graph, out);

    return st == BASIN_ERR_FORMAT ? BASIN_OK : st;
}

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
        BASIN_STRDUP(row.data_digest, ck->data_digest[0] != '\0' ? ck->data_digest : NULL);
        BASIN_TRY(basin_loss_spec_describe(&ck->loss, &row.loss_function));
        BASIN_TRY(describe_network(ck, &row.network));
    }
    *out = row, row = (basin_row){0};
done:
    basin_row_clear(&row);
    return st;
}

basin_status basin_row_glance(basin_objective *train, const basin_checkpoint *ck, const basin_decay *included,
                              basin_row *out)
{
    basin_status st = BASIN_OK;
    basin_row    row = {0};
    basin_loss   loss = {0};

    BASIN_TRY(basin_measuring_check(train, &(basin_measuring){.ck = ck}));
    BASIN_TRY(basin_row_record(ck, &row));
    BASIN_TRY(basin_objective_loss(train, NULL, ck->theta, &loss));
    if (included != NULL) basin_decay_add_loss(included, ck->theta, ck->params->size, &loss);
    row.samples = basin_objective_samples(train);
    row.train_loss.value = basin_loss_value(&loss);
    row.train_accuracy.value = basin_loss_accuracy(&loss);
    row.theta_norm.value = basin_norm(ck->theta, ck->params->size);
    *out = row, row = (basin_row){0};
done:
    basin_row_clear(&row);
    return st;
}

static basin_status (*const functions[BASIN_MEASURES])(basin_measuring *, basin_value *) = {
#define BASIN_MEASURE(name, ...) [BASIN_MEASURE_##name] = basin_measure_##name,
#include "basin_measures.h"
};

basin_status basin_measuring_one(basin_measuring *m, size_t measure, basin_value *out)
{
    return functions[measure](m, out);
}

/* `values` are blank: where a need of a measure is not met, it stays unknown. */
static basin_status measure_all(basin_measuring *m, basin_value *values)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if ((basin_columns[i].needs & ~m->there) == 0) BASIN_TRY(functions[i](m, &values[i]));
done:
    return st;
}

/* Where and by which settings the measures were taken. */
static basin_status describe(basin_measuring *m, basin_row *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;
    const basin_sane     *sane = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum));
    BASIN_TRY(basin_measuring_sane(m, &sane));
    out->point = (int)m->options.point;
    out->parameters = spectrum->parameters;
    out->samples = spectrum->samples;
    out->stationarity = spectrum->stationarity;
    if (m->test != NULL) out->test_samples = basin_objective_samples(m->test);
    if (sane != NULL) out->alpha = sane->alpha;
    out->sharpness_rho = m->options.rho;
    out->spectrum_method = spectrum->method;
    if (m->space != NULL) out->subspace = (double)m->space->dimension;
    if (m->there & BASIN_NEEDS_BATCHES) out->batch_samples = (double)basin_measuring_batch_size(m);
    if (m->options.layers != NULL) BASIN_TRY(basin_measuring_layers(m, m->options.layers));
done:
    return st;
}

basin_status basin_row_compute(basin_point *point, basin_objective *test, basin_objective *clean,
                               const basin_checkpoint *ck, const basin_row_options *options, basin_row *out)
{
    basin_status    st = BASIN_OK;
    basin_measuring measuring = {0};
    basin_row       row = {0};

    BASIN_TRY(basin_measuring_open(point, test, clean, ck, options, &measuring));
    BASIN_TRY(basin_row_record(ck, &row));
    BASIN_TRY(measure_all(&measuring, row.measures));
    BASIN_TRY(describe(&measuring, &row));
    if (options != NULL && options->eigenspace != NULL)
        *options->eigenspace = measuring.space, measuring.space = NULL;
    *out = row, row = (basin_row){0};
done:
    basin_measuring_close(&measuring);
    basin_row_clear(&row);
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

/* The training loss follows its logarithm, by which the place was found; at points beside the raw ones so
   that a polished loss stays below. */
static double loss_between(double before, double after, double share)
{
    return before > 0.0 && after > 0.0 ? before * pow(after / before, share) : between(before, after, share);
}

static void polish_between(const basin_polish *before, const basin_polish *after, double share,
                           basin_polish *out)
{
    out->moved = between(before->moved, after->moved, share);
    out->loss_before = loss_between(before->loss_before, after->loss_before, share);
    out->loss_after = loss_between(before->loss_after, after->loss_after, share);
    out->gradient_norm_before = between(before->gradient_norm_before, after->gradient_norm_before, share);
    out->gradient_norm_after = between(before->gradient_norm_after, after->gradient_norm_after, share);
}

/* The residual is the solver's, beside which interpolating errs by far more; other ends lie between those of
   the two. */
static basin_value value_between(const basin_value *before, const basin_value *after, double share)
{
    basin_value v = {between(before->value, after->value, share), NAN, NAN, BASIN_INTERVAL_NONE};
    int         kind = after->interval;

    if (before->interval != kind || kind == BASIN_INTERVAL_NONE || kind == BASIN_INTERVAL_RESIDUAL) return v;
    v.lower = between(before->lower, after->lower, share);
    v.upper = between(before->upper, after->upper, share);
    v.interval = kind;
    return v;
}

/* Numbers of the record that are counts of what was spent; a whole number becomes the nearest. */
static void record_between(const basin_row *before, const basin_row *after, double share, basin_row *out)
{
    for (size_t i = BASIN_MEASURES; i < basin_column_count; i++) {
        const basin_column *column = &basin_columns[i];
        double value = between(basin_column_value(before, column), basin_column_value(after, column), share);
        char  *place = (char *)out + column->offset;
        if (column->fixed) continue;
        if (column->integer)
            *(int64_t *)place = isfinite(value) ? llround(value) : -1;
        else
            *(double *)place = value;
    }
}

/* Names, seed and settings are those of `after`. */
basin_status basin_row_between(const basin_row *before, const basin_row *after, double share, double at_loss,
                               basin_row *out)
{
    basin_status st = BASIN_OK;
    basin_row    row = {0};

    BASIN_TRY(basin_row_copy(after, &row));
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        row.measures[i] = value_between(&before->measures[i], &after->measures[i], share);
    row.train_loss.value = loss_between(before->train_loss.value, after->train_loss.value, share);
    record_between(before, after, share, &row);
    polish_between(&before->polish, &after->polish, share, &row.polish);
    row.at_loss = at_loss;
    row.stationarity.verdict = BASIN_DESCENT_NOT_TESTED; /* of a point that is none */
    *out = row, row = (basin_row){0};
done:
    basin_row_clear(&row);
    return st;
}

basin_status basin_row_interpolate(const basin_row *before, const basin_row *after, double loss,
                                   basin_row *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(before->train_loss.value > loss && loss >= after->train_loss.value &&
                    after->train_loss.value > 0.0,
                BASIN_ERR_ARG, "training loss %g does not lie between %g and %g, or one is not positive",
                loss, before->train_loss.value, after->train_loss.value);
    BASIN_TRY(basin_row_between(
        before, after, basin_row_share(before->train_loss.value, after->train_loss.value, loss), loss, out));
    out->train_loss.value = loss;
done:
    return st;
}
