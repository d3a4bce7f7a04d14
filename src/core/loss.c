#include "core/loss.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

const char *const basin_loss_names[] = {
    [BASIN_LOSS_SOFTMAX_CROSS_ENTROPY] = "softmax_cross_entropy",
    [BASIN_LOSS_BCE_WITH_LOGITS] = "bce_with_logits",
    [BASIN_LOSS_MSE] = "mse",
    NULL,
};

const char *basin_loss_name(basin_loss_kind kind)
{
    return basin_loss_names[kind];
}

basin_status basin_loss_find(const char *name, basin_loss_kind *out)
{
    for (size_t i = 0; basin_loss_names[i] != NULL; i++)
        if (strcmp(name, basin_loss_names[i]) == 0) {
            *out = (basin_loss_kind)i;
            return BASIN_OK;
        }
    return basin_fail(BASIN_ERR_UNSUPPORTED, "loss %s is none of softmax_cross_entropy, bce_with_logits, mse",
                      name);
}

double basin_loss_value(const basin_loss *loss)
{
    return loss->sum / loss->weight;
}

double basin_loss_accuracy(const basin_loss *loss)
{
    /* outputs that are not finite have no largest one, and their loss is not finite either */
    if (loss->count == 0 || !isfinite(loss->sum)) return (double)NAN;
    return (double)loss->correct / (double)loss->count;
}

basin_status basin_loss_spec_copy(const basin_loss_spec *spec, basin_loss_spec *out)
{
    basin_status st = BASIN_OK;
    double      *weights = NULL;

    if (spec->weight_count > 0) {
        BASIN_ALLOC(weights, spec->weight_count, "weights of the loss");
        memcpy(weights, spec->weights, spec->weight_count * sizeof *weights);
    }
    *out = *spec;
    out->weights = weights;
done:
    return st;
}

void basin_loss_spec_clear(basin_loss_spec *spec)
{
    basin_free(spec->weights);
    *spec = (basin_loss_spec){0};
}

static basin_status check_weights(const basin_loss_spec *spec)
{
    basin_status st = BASIN_OK;
    bool         positive = false;

    if (spec->weight_count == 0) return BASIN_OK;
    BASIN_CHECK(spec->weights != NULL, BASIN_ERR_ARG, "a loss with %zu weights that are not given",
                spec->weight_count);
    BASIN_CHECK(spec->kind != BASIN_LOSS_MSE, BASIN_ERR_UNSUPPORTED, "loss mse takes no weights, it has %zu",
                spec->weight_count);
    for (size_t i = 0; i < spec->weight_count; i++) {
        BASIN_CHECK(isfinite(spec->weights[i]) && spec->weights[i] >= 0.0, BASIN_ERR_VALUE,
                    "weight %zu of %zu is %g: negative or not finite", i, spec->weight_count,
                    spec->weights[i]);
        positive = positive || spec->weights[i] > 0.0;
    }
    BASIN_CHECK(positive, BASIN_ERR_VALUE, "all %zu weights are 0", spec->weight_count);
done:
    return st;
}

basin_status basin_loss_spec_check(const basin_loss_spec *spec)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(spec->label_smoothing >= 0.0 && spec->label_smoothing < 1.0, BASIN_ERR_VALUE,
                "label smoothing %g is outside [0, 1)", spec->label_smoothing);
    BASIN_CHECK(spec->label_smoothing == 0.0 || spec->kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY,
                BASIN_ERR_UNSUPPORTED, "loss %s takes no label smoothing, it has %g",
                basin_loss_names[spec->kind], spec->label_smoothing);
    BASIN_CHECK(!spec->ignores || spec->kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, BASIN_ERR_UNSUPPORTED,
                "loss %s takes no ignore_index, it has %lld", basin_loss_names[spec->kind],
                (long long)spec->ignore_index);
    BASIN_CHECK(!spec->normalizes || spec->kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, BASIN_ERR_UNSUPPORTED,
                "loss %s takes no normalised logits", basin_loss_names[spec->kind]);
    BASIN_TRY(check_weights(spec));
done:
    return st;
}

/* Many weights go by their number and their range: the checkpoint holds them. */
enum { WEIGHTS_TOLD = 20 };

static void describe_weights(const basin_loss_spec *spec, char *text, size_t size)
{
    double least = spec->weights[0], most = spec->weights[0];
    size_t used = (size_t)snprintf(text, size, ", weights");

    if (spec->weight_count <= WEIGHTS_TOLD) {
        for (size_t i = 0; i < spec->weight_count; i++)
            used += (size_t)snprintf(text + used, size - used, " %.6g", spec->weights[i]);
        return;
    }
    for (size_t i = 1; i < spec->weight_count; i++) {
        least = fmin(least, spec->weights[i]);
        most = fmax(most, spec->weights[i]);
    }
    snprintf(text + used, size - used, " of %zu classes from %.6g to %.6g", spec->weight_count, least, most);
}

basin_status basin_loss_spec_describe(const basin_loss_spec *spec, char **out)
{
    basin_status st = BASIN_OK;
    char         smoothing[48] = "", ignored[48] = "", weights[32 + 16 * WEIGHTS_TOLD] = "", *text = NULL;

    if (spec->label_smoothing != 0.0)
        snprintf(smoothing, sizeof smoothing, ", label smoothing %.6g", spec->label_smoothing);
    if (spec->ignores)
        snprintf(ignored, sizeof ignored, ", ignore index %lld", (long long)spec->ignore_index);
    if (spec->weight_count > 0) describe_weights(spec, weights, sizeof weights);
    text = basin_format("%s%s%s%s%s", basin_loss_names[spec->kind], smoothing, ignored, weights,
                        spec->normalizes ? ", normalised logits" : "");
    BASIN_CHECK(text != NULL, BASIN_ERR_NOMEM, "out of memory for a description");
    *out = text;
done:
    return st;
}
