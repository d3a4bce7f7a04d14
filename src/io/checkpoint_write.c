/* Writing a checkpoint of format version 1 (docs/checkpoint-format.md). What is unknown is left out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "io/checkpoint.h"
#include "io/h5.h"
#include "io/text.h"

static basin_status put_vector(basin_h5 *h5, const char *group, const basin_params *params,
                               const double *values)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;

    for (size_t i = 0; i < params->count; i++) {
        const basin_block *block = &params->blocks[i];
        basin_free(name);
        BASIN_CHECK((name = basin_format("%s/%s", group, block->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(basin_h5_put(h5, name, BASIN_H5_F64, block->shape, block->rank, values + block->offset));
    }
done:
    basin_free(name);
    return st;
}

/* Of a tensor all parameters have one weight decay; the format has no place for more. */
static basin_status put_decay(basin_h5 *h5, const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *object = NULL;

    for (size_t i = 0; i < ck->params->count && ck->decay != NULL; i++) {
        const basin_block *block = &ck->params->blocks[i];
        const double      *w = ck->decay + block->offset;
        for (size_t j = 1; j < block->size; j++)
            BASIN_CHECK(w[j] == w[0], BASIN_ERR_ARG,
                        "%s: weight decays %g and %g in one tensor: a checkpoint holds one a tensor",
                        block->name, w[0], w[j]);
        basin_free(object);
        BASIN_CHECK((object = basin_format("/parameters/%s", block->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(basin_h5_put_real_attribute(h5, object, "weight_decay", w[0]));
    }
done:
    basin_free(object);
    return st;
}

static basin_status put_states(basin_h5 *h5, const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *group = NULL;

    for (size_t i = 0; i < ck->state_count; i++) {
        const char *name = ck->states[i].name;
        BASIN_CHECK(basin_text_path(name) && strchr(name, '/') == NULL, BASIN_ERR_ARG,
                    "optimizer state «%.40s»: not a name for an HDF5 group", name);
        basin_free(group);
        BASIN_CHECK((group = basin_format("/optimizer/%s", name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(put_vector(h5, group, ck->params, ck->states[i].values));
    }
done:
    basin_free(group);
    return st;
}

static basin_status put_buffers(basin_h5 *h5, const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;

    if (ck->graph->buffer_count == 0) goto done;
    BASIN_TRY(basin_h5_put_group(h5, "/buffers"));
    if (ck->buffers_point != NULL)
        BASIN_TRY(basin_h5_put_text_attribute(h5, "/buffers", "point", ck->buffers_point));
    for (size_t i = 0; i < ck->graph->buffer_count; i++) {
        const basin_buffer *buffer = &ck->graph->buffers[i];
        BASIN_CHECK(basin_text_path(buffer->name), BASIN_ERR_ARG,
                    "buffer «%.40s»: not a name for an HDF5 object", buffer->name);
        basin_free(name);
        BASIN_CHECK((name = basin_format("/buffers/%s", buffer->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(basin_h5_put(h5, name, BASIN_H5_F64, buffer->shape, buffer->rank, buffer->values));
    }
done:
    basin_free(name);
    return st;
}

static basin_status put_real(basin_h5 *h5, const char *name, double value)
{
    return isnan(value) ? BASIN_OK : basin_h5_put_real_attribute(h5, "/training", name, value);
}

static basin_status put_count(basin_h5 *h5, const char *name, int64_t value)
{
    return value < 0 ? BASIN_OK : basin_h5_put_int_attribute(h5, "/training", name, value);
}

static basin_status put_training(basin_h5 *h5, const basin_checkpoint *ck)
{
    const basin_hyperparameters *hyper = &ck->hyper;
    basin_status                 st = BASIN_OK;

    BASIN_TRY(basin_h5_put_group(h5, "/training"));
    if (ck->run != NULL) BASIN_TRY(basin_h5_put_text_attribute(h5, "/training", "run", ck->run));
    if (ck->method != NULL) BASIN_TRY(basin_h5_put_text_attribute(h5, "/training", "method", ck->method));
    BASIN_TRY(put_count(h5, "module_parameters", ck->module_parameters));
    BASIN_TRY(put_count(h5, "outside_parameters", ck->outside_parameters));
    if (ck->outside != NULL) BASIN_TRY(basin_h5_put_text_attribute(h5, "/training", "outside", ck->outside));
    BASIN_TRY(put_real(h5, "epoch", ck->epoch));
    BASIN_TRY(put_count(h5, "step", ck->step));
    BASIN_TRY(put_count(h5, "gradient_evaluations", ck->gradient_evaluations));
    BASIN_TRY(put_real(h5, "seconds", ck->seconds));
    BASIN_TRY(basin_h5_put_text_attribute(h5, "/training", "perturbed", basin_perturbed_text(ck->perturbed)));
    BASIN_TRY(put_real(h5, "undo", ck->undo));
    BASIN_TRY(put_real(h5, "learning_rate", hyper->learning_rate));
    BASIN_TRY(put_real(h5, "momentum", hyper->momentum));
    BASIN_TRY(put_real(h5, "rho", hyper->rho));
    BASIN_TRY(put_real(h5, "weight_decay", hyper->weight_decay));
    if (!isnan(hyper->weight_decay) || ck->decay != NULL)
        BASIN_TRY(
            basin_h5_put_int_attribute(h5, "/training", "weight_decay_coupled", hyper->weight_decay_coupled));
    BASIN_TRY(put_count(h5, "batch_size", hyper->batch_size));
    BASIN_TRY(put_count(h5, "seed", hyper->seed));
done:
    return st;
}

static basin_status put_loss(basin_h5 *h5, const basin_loss_spec *loss)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(
        !loss->normalizes, BASIN_ERR_UNSUPPORTED,
        "normalised logits are in no checkpoint: a network that was trained so has them in its graph");
    BASIN_TRY(basin_h5_put_group(h5, "/loss"));
    BASIN_TRY(basin_h5_put_text_attribute(h5, "/loss", "name", basin_loss_name(loss->kind)));
    BASIN_TRY(basin_h5_put_real_attribute(h5, "/loss", "label_smoothing", loss->label_smoothing));
    if (loss->ignores) BASIN_TRY(basin_h5_put_int_attribute(h5, "/loss", "ignore_index", loss->ignore_index));
    if (loss->weight_count > 0)
        BASIN_TRY(basin_h5_put(h5, "/loss/weights", BASIN_H5_F64, &loss->weight_count, 1, loss->weights));
done:
    return st;
}

static basin_status put_data_reference(basin_h5 *h5, const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;

    if (ck->data_path == NULL && ck->data_digest[0] == '\0') return BASIN_OK;
    BASIN_TRY(basin_h5_put_group(h5, "/data"));
    if (ck->data_path != NULL) BASIN_TRY(basin_h5_put_text_attribute(h5, "/data", "path", ck->data_path));
    if (ck->data_digest[0] != '\0')
        BASIN_TRY(basin_h5_put_text_attribute(h5, "/data", "digest", ck->data_digest));
done:
    return st;
}

/* Numbered with leading zeros, so that the order of names is the order of the values. */
static basin_status put_recorded(basin_h5 *h5, const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char         object[32];

    for (size_t i = 0; i < ck->recorded_count; i++) {
        const basin_recorded *r = &ck->recorded[i];
        snprintf(object, sizeof object, "/recorded/%04zu", i);
        BASIN_TRY(basin_h5_put_group(h5, object));
        BASIN_TRY(basin_h5_put_text_attribute(h5, object, "quantity", r->quantity));
        BASIN_TRY(basin_h5_put_text_attribute(h5, object, "split", r->split));
        BASIN_TRY(basin_h5_put_text_attribute(h5, object, "point", r->point));
        BASIN_TRY(basin_h5_put_text_attribute(h5, object, "mode", r->mode));
        BASIN_TRY(basin_h5_put_text_attribute(h5, object, "coverage", r->coverage));
        BASIN_TRY(basin_h5_put_real_attribute(h5, object, "value", r->value));
        BASIN_TRY(basin_h5_put_text_attribute(h5, object, "source",
                                              basin_record_source_text((basin_record_source)r->source)));
        if (r->stood != NULL) BASIN_TRY(basin_h5_put_text_attribute(h5, object, "stood", r->stood));
    }
done:
    return st;
}

static basin_status put_graph(basin_h5 *h5, const basin_graph *graph)
{
    basin_status st = BASIN_OK;
    char        *json = NULL;

    BASIN_TRY(basin_graph_format(graph, &json));
    BASIN_TRY(basin_h5_put_texts(h5, "/graph", NULL, 0, (const char *const *)&json));
done:
    basin_free(json);
    return st;
}

basin_status basin_checkpoint_write(const basin_checkpoint *ck, const char *path)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;

    BASIN_TRY(basin_h5_create(path, &h5));
    BASIN_TRY(basin_h5_begin(h5, BASIN_CHECKPOINT_FORMAT, BASIN_FORMAT_VERSION));
    BASIN_TRY(put_graph(h5, ck->graph));
    BASIN_TRY(put_vector(h5, "/parameters", ck->params, ck->theta));
    BASIN_TRY(put_decay(h5, ck));
    BASIN_TRY(put_states(h5, ck));
    BASIN_TRY(put_buffers(h5, ck));
    BASIN_TRY(put_training(h5, ck));
    BASIN_TRY(put_loss(h5, &ck->loss));
    BASIN_TRY(put_data_reference(h5, ck));
    BASIN_TRY(put_recorded(h5, ck));
    BASIN_TRY(basin_h5_commit(h5));
done:
    basin_h5_close(&h5);
    return st;
}
