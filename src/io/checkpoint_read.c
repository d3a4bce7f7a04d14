/* Reading a checkpoint of format version 1 (docs/checkpoint-format.md). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/graph.h"
#include "core/loss.h"
#include "core/memory.h"
#include "core/method.h"
#include "core/params.h"
#include "io/checkpoint.h"
#include "io/h5.h"

/* The group is there; BASIN_ERR_FORMAT if the name is taken by a data set. */
static basin_status has_group(const basin_h5 *h5, const char *path, const char *group, bool *out)
{
    basin_status  st = BASIN_OK;
    basin_h5_kind kind = BASIN_H5_ABSENT;

    BASIN_TRY(basin_h5_kind_of(h5, group, &kind));
    BASIN_CHECK(kind != BASIN_H5_ARRAY, BASIN_ERR_FORMAT, "%s: %s: expected a group, file has a data set",
                path, group);
    *out = kind == BASIN_H5_GROUP;
done:
    return st;
}

static basin_status read_graph(const basin_h5 *h5, const char *path, basin_graph **out)
{
    basin_status st = BASIN_OK;
    char        *json = NULL;

    BASIN_TRY(basin_h5_text(h5, "/graph", &json));
    BASIN_TRY(basin_graph_parse(path, json, out));
done:
    basin_free(json);
    return st;
}

/* Every parameter's data set below `group`, in the order of theta. */
static basin_status read_vector(const basin_h5 *h5, const char *group, const basin_params *params,
                                double *out)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;

    for (size_t i = 0; i < params->count; i++) {
        const basin_block *block = &params->blocks[i];
        basin_free(name);
        BASIN_CHECK((name = basin_format("%s/%s", group, block->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(basin_h5_reals(h5, name, block->shape, block->rank, out + block->offset));
    }
done:
    basin_free(name);
    return st;
}

/* Before anything of that size is allocated: a graph can declare what the file does not have. */
static basin_status check_shapes(const basin_h5 *h5, const char *group, const basin_params *params)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    char          *name = NULL;

    for (size_t i = 0; i < params->count; i++) {
        const basin_block *block = &params->blocks[i];
        basin_free(name);
        BASIN_CHECK((name = basin_format("%s/%s", group, block->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(basin_h5_array_open(h5, name, &array));
        BASIN_TRY(basin_h5_array_expect(&array, block->shape, block->rank));
        basin_h5_array_close(&array);
    }
done:
    basin_h5_array_close(&array);
    basin_free(name);
    return st;
}

static basin_status check_budget(const char *path, size_t parameters, size_t vectors)
{
    basin_status st = BASIN_OK;
    size_t       bytes;

    BASIN_CHECK(basin_mul(parameters, vectors * sizeof(double), &bytes) && bytes <= basin_memory_limit(),
                BASIN_ERR_BUDGET,
                "%s: %zu vectors of %zu parameters do not fit the memory limit of %zu bytes", path, vectors,
                parameters, basin_memory_limit());
done:
    return st;
}

static basin_status check_parameters(const basin_h5 *h5, const char *path, const basin_params *params)
{
    basin_status st = BASIN_OK;
    bool         present = false;

    BASIN_TRY(has_group(h5, path, "/parameters", &present));
    BASIN_CHECK(present, BASIN_ERR_MISSING, "%s: /parameters: missing", path);
    BASIN_TRY(check_shapes(h5, "/parameters", params));
    BASIN_TRY(check_budget(path, params->size, 1));
done:
    return st;
}

static basin_status read_states(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char       **names = NULL, *group = NULL;
    size_t       count = 0;

    BASIN_TRY(basin_h5_names(h5, "/optimizer", &count, &names));
    BASIN_TRY(check_budget(ck->path, ck->params->size, 1 + count));
    BASIN_ALLOC(ck->states, count, "optimizer state");
    for (size_t i = 0; i < count; i++) {
        basin_state *state = &ck->states[ck->state_count++];
        BASIN_STRDUP(state->name, names[i]);
        BASIN_ALLOC(state->values, ck->params->size, "optimizer state");
        basin_free(group);
        BASIN_CHECK((group = basin_format("/optimizer/%s", names[i])) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(read_vector(h5, group, ck->params, state->values));
    }
done:
    basin_free(group);
    basin_h5_names_free(count, names);
    return st;
}

/* --------------------------------------------------------------------------------------------- buffers -- */

enum { MAX_DEPTH = 16 }; /* of groups below /buffers: a hard link can make a circle */

/* Whether a node reads the tensor. */
static bool is_read(const basin_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t j = 0; j < graph->nodes[i].input_count; j++)
            if (strcmp(graph->nodes[i].inputs[j], name) == 0) return true;
    return false;
}

static basin_status read_buffer(const basin_h5 *h5, const char *object, basin_checkpoint *ck)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    basin_buffer  *buffer = NULL;

    BASIN_CHECK(ck->graph->buffer_count < BASIN_H5_MAX_NAMES, BASIN_ERR_FORMAT, "%s: /buffers: more than %d",
                ck->path, BASIN_H5_MAX_NAMES);
    BASIN_TRY(basin_h5_array_open(h5, object, &array));
    BASIN_CHECK(array.rank <= BASIN_MAX_RANK, BASIN_ERR_SHAPE, "%s: %s: rank %zu, at most %d", ck->path,
                object, array.rank, BASIN_MAX_RANK);
    st = basin_graph_buffer(ck->graph, object + strlen("/buffers/"), array.shape, array.rank, NULL, &buffer);
    BASIN_CHECK(st == BASIN_OK, st, "%s: %s", ck->path, basin_error_message());
    BASIN_TRY(basin_h5_array_reals(&array, buffer->values));
done:
    basin_h5_array_close(&array);
    return st;
}

static basin_status read_buffers(const basin_h5 *h5, const char *group, int depth, basin_checkpoint *ck)
{
    basin_status  st = BASIN_OK;
    char        **names = NULL, *object = NULL;
    size_t        count = 0;
    basin_h5_kind kind;

    BASIN_CHECK(depth < MAX_DEPTH, BASIN_ERR_FORMAT, "%s: %.80s…: groups within more than %d groups",
                ck->path, group, MAX_DEPTH);
    BASIN_TRY(basin_h5_names(h5, group, &count, &names));
    for (size_t i = 0; i < count; i++) {
        basin_free(object);
        BASIN_CHECK((object = basin_format("%s/%s", group, names[i])) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(basin_h5_kind_of(h5, object, &kind));
        if (kind == BASIN_H5_GROUP) BASIN_TRY(read_buffers(h5, object, depth + 1, ck));
        /* others may have any size */
        else if (is_read(ck->graph, object + strlen("/buffers/")))
            BASIN_TRY(read_buffer(h5, object, ck));
    }
done:
    basin_free(object);
    basin_h5_names_free(count, names);
    return st;
}

/* -------------------------------------------------------------------------------------------- training -- */

static bool never_perturbed(const char *name)
{
    const basin_method *method = basin_method_find(name);

    return method != NULL && method->never_perturbed;
}

static basin_status read_perturbed(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;
    int          i = BASIN_PERTURBED_NO;

    BASIN_TRY(basin_h5_text_attribute(h5, "/training", "perturbed", &text));
    if (text == NULL) {
        ck->perturbed = never_perturbed(ck->method) ? BASIN_PERTURBED_NO : BASIN_PERTURBED_UNKNOWN;
        goto done;
    }
    while (i <= BASIN_PERTURBED_UNKNOWN && strcmp(text, basin_perturbed_text((basin_perturbed)i)) != 0) i++;
    BASIN_CHECK(i <= BASIN_PERTURBED_UNKNOWN, BASIN_ERR_FORMAT,
                "%s: /training: attribute perturbed: expected yes, no or unknown, file has «%.40s»", ck->path,
                text);
    ck->perturbed = (basin_perturbed)i;
done:
    basin_free(text);
    return st;
}

/* A count that the file may leave out, but that is never negative. */
static basin_status read_count(const basin_h5 *h5, const char *path, const char *name, int64_t *out)
{
    basin_status st = BASIN_OK;
    int64_t      value = -1;

    BASIN_TRY(basin_h5_int_attribute(h5, "/training", name, &value));
    BASIN_CHECK(value >= -1, BASIN_ERR_VALUE, "%s: /training: attribute %s: %lld is negative", path, name,
                (long long)value);
    *out = value;
done:
    return st;
}

static basin_status read_identity(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_h5_text_attribute(h5, "/training", "run", &ck->run));
    if (ck->run == NULL) return BASIN_OK;
    BASIN_CHECK(ck->run[0] != '\0' && strlen(ck->run) <= BASIN_RUN_IDENTITY_MOST, BASIN_ERR_FORMAT,
                "%s: /training: attribute run: expected 1 to %d bytes, file has %zu", ck->path,
                BASIN_RUN_IDENTITY_MOST, strlen(ck->run));
done:
    return st;
}

static basin_status read_training(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    bool         present = false;
    int64_t      coupled = 0;

    ck->perturbed = BASIN_PERTURBED_UNKNOWN;
    BASIN_TRY(has_group(h5, ck->path, "/training", &present));
    if (!present) goto done;
    BASIN_TRY(read_count(h5, ck->path, "step", &ck->step));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "epoch", &ck->epoch));
    BASIN_TRY(read_identity(h5, ck));
    BASIN_TRY(read_count(h5, ck->path, "module_parameters", &ck->module_parameters));
    BASIN_TRY(read_count(h5, ck->path, "outside_parameters", &ck->outside_parameters));
    BASIN_TRY(basin_h5_text_attribute(h5, "/training", "outside", &ck->outside));
    BASIN_TRY(basin_h5_text_attribute(h5, "/training", "method", &ck->method));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "seconds", &ck->seconds));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "undo", &ck->undo));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "learning_rate", &ck->hyper.learning_rate));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "momentum", &ck->hyper.momentum));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "rho", &ck->hyper.rho));
    BASIN_TRY(basin_h5_real_attribute(h5, "/training", "weight_decay", &ck->hyper.weight_decay));
    BASIN_TRY(basin_h5_int_attribute(h5, "/training", "weight_decay_coupled", &coupled));
    ck->hyper.weight_decay_coupled = coupled != 0;
    BASIN_TRY(read_count(h5, ck->path, "gradient_evaluations", &ck->gradient_evaluations));
    BASIN_TRY(read_count(h5, ck->path, "batch_size", &ck->hyper.batch_size));
    BASIN_TRY(read_count(h5, ck->path, "seed", &ck->hyper.seed));
    BASIN_TRY(read_perturbed(h5, ck));
done:
    return st;
}

/* One tensor's own weight decay. All have one or none has. */
static basin_status read_decay_of(const basin_h5 *h5, const char *object, bool expected, basin_checkpoint *ck,
                                  const basin_block *block)
{
    basin_status st = BASIN_OK;
    bool         present = false;
    double       w = 0.0;

    BASIN_TRY(basin_h5_has_attribute(h5, object, "weight_decay", &present));
    BASIN_CHECK(present == expected, BASIN_ERR_MISSING, "%s: %s: attribute weight_decay: %s, %s %s it",
                ck->path, object, present ? "present" : "missing", ck->params->blocks[0].name,
                expected ? "has" : "lacks");
    if (!present) goto done;
    BASIN_TRY(basin_h5_real_attribute(h5, object, "weight_decay", &w));
    BASIN_CHECK(w >= 0.0 && isfinite(w), BASIN_ERR_VALUE,
                "%s: %s: attribute weight_decay: %g is not a finite number >= 0", ck->path, object, w);
    for (size_t i = 0; i < block->size; i++) ck->decay[block->offset + i] = w;
done:
    return st;
}

/* Weight decay tensor by tensor, where the file has it. */
static basin_status read_decay(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *object = NULL;
    bool         expected = false;

    for (size_t i = 0; i < ck->params->count; i++) {
        basin_free(object);
        BASIN_CHECK((object = basin_format("/parameters/%s", ck->params->blocks[i].name)) != NULL,
                    BASIN_ERR_NOMEM, "out of memory for a name");
        if (i == 0) BASIN_TRY(basin_h5_has_attribute(h5, object, "weight_decay", &expected));
        if (i == 0 && expected) BASIN_ALLOC(ck->decay, ck->params->size, "weight decay");
        BASIN_TRY(read_decay_of(h5, object, expected, ck, &ck->params->blocks[i]));
    }
done:
    basin_free(object);
    return st;
}

/* [C], or nothing. */
static basin_status read_loss_weights(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    basin_h5_kind  kind;

    BASIN_TRY(basin_h5_kind_of(h5, "/loss/weights", &kind));
    if (kind == BASIN_H5_ABSENT) goto done;
    BASIN_TRY(basin_h5_array_open(h5, "/loss/weights", &array));
    BASIN_CHECK(array.rank == 1 && array.size > 0, BASIN_ERR_SHAPE,
                "%s: /loss/weights: expected one for each class, file has %s", ck->path,
                BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_ALLOC(ck->loss.weights, array.size, "weights of the loss");
    ck->loss.weight_count = array.size;
    BASIN_TRY(basin_h5_array_reals(&array, ck->loss.weights));
done:
    basin_h5_array_close(&array);
    return st;
}

static basin_status read_loss(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;
    bool         present = false;

    BASIN_TRY(has_group(h5, ck->path, "/loss", &present));
    BASIN_CHECK(present, BASIN_ERR_MISSING, "%s: /loss: missing", ck->path);
    BASIN_TRY(basin_h5_text_attribute(h5, "/loss", "name", &name));
    BASIN_CHECK(name != NULL, BASIN_ERR_MISSING, "%s: /loss: attribute name: missing", ck->path);
    if ((st = basin_loss_find(name, &ck->loss.kind)) != BASIN_OK) {
        st = basin_fail_within(st, "%s: /loss", ck->path);
        goto done;
    }
    BASIN_TRY(basin_h5_real_attribute(h5, "/loss", "label_smoothing", &ck->loss.label_smoothing));
    BASIN_CHECK(ck->loss.label_smoothing >= 0.0 && ck->loss.label_smoothing < 1.0, BASIN_ERR_VALUE,
                "%s: /loss: attribute label_smoothing: %g is not in [0, 1)", ck->path,
                ck->loss.label_smoothing);
    BASIN_TRY(basin_h5_has_attribute(h5, "/loss", "ignore_index", &ck->loss.ignores));
    BASIN_TRY(basin_h5_int_attribute(h5, "/loss", "ignore_index", &ck->loss.ignore_index));
    BASIN_TRY(read_loss_weights(h5, ck));
    if ((st = basin_loss_spec_check(&ck->loss)) != BASIN_OK)
        st = basin_fail_within(st, "%s: /loss", ck->path);
done:
    basin_free(name);
    return st;
}

static basin_status read_data_reference(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *digest = NULL;
    bool         present = false;

    BASIN_TRY(has_group(h5, ck->path, "/data", &present));
    if (!present) goto done;
    BASIN_TRY(basin_h5_text_attribute(h5, "/data", "path", &ck->data_path));
    BASIN_TRY(basin_h5_text_attribute(h5, "/data", "digest", &digest));
    if (digest == NULL) goto done;
    BASIN_CHECK(strlen(digest) == 64 && strspn(digest, "0123456789abcdef") == 64, BASIN_ERR_FORMAT,
                "%s: /data: attribute digest: expected 64 hexadecimal digits", ck->path);
    memcpy(ck->data_digest, digest, 65);
done:
    basin_free(digest);
    return st;
}

/* -------------------------------------------------------------------------------------------- recorded -- */

static basin_status read_source(const basin_h5 *h5, const char *path, const char *object, int *out)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;
    int          i = 0;

    BASIN_TRY(basin_h5_text_attribute(h5, object, "source", &text));
    if (text == NULL) goto done; /* the training's own */
    while (i <= BASIN_COMPUTED_AT_CONVERSION &&
           strcmp(text, basin_record_source_text((basin_record_source)i)) != 0)
        i++;
    BASIN_CHECK(i <= BASIN_COMPUTED_AT_CONVERSION, BASIN_ERR_FORMAT,
                "%s: %s: attribute source is «%.20s», expected training | saving | conversion", path, object,
                text);
    *out = i;
done:
    basin_free(text);
    return st;
}

/* Each attribute has a plain meaning when it is left out, but for quantity and value. */
static basin_status read_recorded_item(const basin_h5 *h5, const char *path, const char *object,
                                       basin_recorded *out)
{
    basin_status st = BASIN_OK;
    struct {
        const char *name, *fallback;
        char      **out;
    } texts[] = {
        {"quantity", NULL, &out->quantity},   {"split", "train", &out->split},
        {"point", "theta", &out->point},      {"mode", "eval", &out->mode},
        {"coverage", "full", &out->coverage},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        BASIN_TRY(basin_h5_text_attribute(h5, object, texts[i].name, texts[i].out));
        BASIN_CHECK(*texts[i].out != NULL || texts[i].fallback != NULL, BASIN_ERR_MISSING,
                    "%s: %s: attribute %s: missing", path, object, texts[i].name);
        if (*texts[i].out == NULL) BASIN_STRDUP(*texts[i].out, texts[i].fallback);
    }
    out->value = NAN;
    BASIN_TRY(basin_h5_real_attribute(h5, object, "value", &out->value));
    BASIN_TRY(basin_h5_text_attribute(h5, object, "stood", &out->stood));
    BASIN_TRY(read_source(h5, path, object, &out->source));
done:
    return st;
}

static basin_status read_recorded(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char       **names = NULL, *object = NULL;
    size_t       count = 0;
    bool         group = false;

    BASIN_TRY(basin_h5_names(h5, "/recorded", &count, &names));
    BASIN_ALLOC(ck->recorded, count, "recorded values");
    for (size_t i = 0; i < count; i++) {
        basin_free(object);
        BASIN_CHECK((object = basin_format("/recorded/%s", names[i])) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(has_group(h5, ck->path, object, &group));
        ck->recorded_count++;
        BASIN_TRY(read_recorded_item(h5, ck->path, object, &ck->recorded[i]));
    }
done:
    basin_free(object);
    basin_h5_names_free(count, names);
    return st;
}

/* ------------------------------------------------------------------------------------------ checkpoint -- */

static basin_status read_body(const basin_h5 *h5, basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    bool         present = false;

    BASIN_TRY(read_loss(h5, ck));
    BASIN_TRY(read_training(h5, ck));
    BASIN_TRY(read_data_reference(h5, ck));
    BASIN_TRY(read_vector(h5, "/parameters", ck->params, ck->theta));
    BASIN_TRY(read_decay(h5, ck));
    BASIN_TRY(read_states(h5, ck));
    BASIN_TRY(has_group(h5, ck->path, "/buffers", &present));
    if (present) {
        BASIN_TRY(basin_h5_text_attribute(h5, "/buffers", "point", &ck->buffers_point));
        BASIN_TRY(read_buffers(h5, "/buffers", 0, ck));
    }
    BASIN_TRY(read_recorded(h5, ck));
done:
    return st;
}

basin_status basin_checkpoint_read(const char *path, basin_checkpoint **out)
{
    basin_status      st = BASIN_OK;
    basin_h5         *h5 = NULL;
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    BASIN_TRY(basin_h5_open(path, &h5));
    BASIN_TRY(basin_h5_header(h5, BASIN_CHECKPOINT_FORMAT, BASIN_FORMAT_VERSION, NULL));
    BASIN_TRY(read_graph(h5, path, &graph));
    BASIN_TRY(check_parameters(h5, path, graph->params));
    BASIN_TRY(basin_checkpoint_create(graph, &ck));
    BASIN_STRDUP(ck->path, path);
    BASIN_TRY(read_body(h5, ck));
    BASIN_TRY(basin_file_digest(path, ck->digest));
    BASIN_TRY(basin_h5_unchanged(h5));
    *out = ck, ck = NULL;
done:
    basin_checkpoint_destroy(&ck);
    basin_graph_destroy(&graph);
    basin_h5_close(&h5);
    return st;
}

/* ------------------------------------------------------------------------------------------- heading -- */

static void add_text(basin_digest *digest, const char *text)
{
    basin_digest_add(digest, text, strlen(text) + 1);
}

static void add_shape(basin_digest *digest, const size_t *shape, size_t rank)
{
    basin_digest_add(digest, &rank, sizeof rank);
    if (rank > 0) basin_digest_add(digest, shape, rank * sizeof *shape);
}

/* Equal for graphs of equal input, parameters and ops, whatever wrote their files. */
static basin_status digest_network(const basin_h5 *h5, const char *path, char out[65])
{
    basin_status  st = BASIN_OK;
    basin_graph  *graph = NULL;
    basin_digest *digest = NULL;

    BASIN_TRY(read_graph(h5, path, &graph));
    BASIN_TRY(basin_digest_create(&digest));
    add_shape(digest, graph->input_shape, graph->input_rank);
    for (size_t i = 0; i < graph->params->count; i++) {
        add_text(digest, graph->params->blocks[i].name);
        add_shape(digest, graph->params->blocks[i].shape, graph->params->blocks[i].rank);
    }
    for (size_t i = 0; i < graph->node_count; i++) add_text(digest, graph->nodes[i].op);
    basin_digest_finish(digest, out);
done:
    basin_digest_destroy(&digest);
    basin_graph_destroy(&graph);
    return st;
}

static basin_status read_heading(const basin_h5 *h5, basin_checkpoint *record, basin_checkpoint_heading *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_h5_header(h5, BASIN_CHECKPOINT_FORMAT, BASIN_FORMAT_VERSION, NULL));
    BASIN_TRY(read_training(h5, record));
    BASIN_TRY(has_group(h5, record->path, "/optimizer/momentum", &out->momentum));
    BASIN_TRY(read_data_reference(h5, record));
    BASIN_TRY(digest_network(h5, record->path, out->network));
    out->readable = true;
done:
    return st;
}

basin_status basin_checkpoint_heading_read(const char *path, basin_checkpoint_heading *out)
{
    basin_status             st = BASIN_OK;
    basin_h5                *h5 = NULL;
    basin_checkpoint_heading heading = {.checkpoint = false};
    basin_checkpoint record = {.path = (char *)path, .step = -1, .gradient_evaluations = -1, .epoch = NAN};

    record.hyper = BASIN_HYPERPARAMETERS_UNKNOWN;
    st = basin_h5_open(path, &h5);
    heading.checkpoint = st == BASIN_ERR_IO; /* for all one can tell */
    BASIN_TRY(st);
    BASIN_TRY(basin_h5_is(h5, BASIN_CHECKPOINT_FORMAT, &heading.checkpoint));
    if (heading.checkpoint) BASIN_TRY(read_heading(h5, &record, &heading));
done:
    heading.run = record.run, heading.method = record.method;
    heading.step = record.step, heading.gradient_evaluations = record.gradient_evaluations,
    heading.epoch = record.epoch;
    heading.hyper = record.hyper;
    memcpy(heading.data, record.data_digest, sizeof heading.data);
    basin_free(record.data_path);
    basin_free(record.outside);
    *out = heading;
    basin_h5_close(&h5);
    return st;
}

void basin_checkpoint_heading_clear(basin_checkpoint_heading *heading)
{
    basin_free(heading->run);
    basin_free(heading->method);
    *heading = (basin_checkpoint_heading){0};
}
