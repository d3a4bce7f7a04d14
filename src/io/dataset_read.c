/* Reading data sets: basin's own format (docs/checkpoint-format.md), or any HDF5 file with inputs and
   targets. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dataset.h"
#include "core/memory.h"
#include "core/params.h"
#include "io/dataset.h"
#include "io/h5.h"

/* x = scale * raw + offset; two roundings, never a fused multiply-add, so that the digest is the same
   everywhere. A scale of 1 and an offset of 0 leave every bit alone, also that of -0. */
static void scale_inputs(double *x, size_t size, double scale, double offset)
{
    for (size_t i = 0; scale != 1.0 && i < size; i++) x[i] *= scale;
    for (size_t i = 0; offset != 0.0 && i < size; i++) x[i] += offset;
}

static basin_status read_scale(const basin_h5 *h5, const char *path, const char *object, double given,
                               double *scale, double *offset)
{
    basin_status st = BASIN_OK;

    *scale = 1.0;
    *offset = 0.0;
    BASIN_TRY(basin_h5_real_attribute(h5, object, "scale", scale));
    BASIN_TRY(basin_h5_real_attribute(h5, object, "offset", offset));
    if (given != 0.0) *scale = given;
    BASIN_CHECK(isfinite(*scale) && *scale != 0.0 && isfinite(*offset), BASIN_ERR_VALUE,
                "%s: %s: scale %g and offset %g: not finite, or scale 0", path, object, *scale, *offset);
done:
    return st;
}

static basin_status read_inputs(const basin_h5 *h5, const char *object, double given_scale,
                                basin_dataset *data)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    double         scale, offset;

    BASIN_TRY(basin_h5_array_open(h5, object, &array));
    BASIN_CHECK(array.type != BASIN_H5_TEXT, BASIN_ERR_FORMAT, "%s: %s: expected numbers, file has strings",
                data->path, object);
    BASIN_CHECK(array.rank >= 2, BASIN_ERR_SHAPE, "%s: %s: expected [samples, features…], file has %s",
                data->path, object, BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_CHECK(array.size > 0, BASIN_ERR_SHAPE, "%s: %s: no samples in %s", data->path, object,
                BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_TRY(read_scale(h5, data->path, object, given_scale, &scale, &offset));
    data->count = array.shape[0];
    data->rank = array.rank - 1;
    memcpy(data->shape, array.shape + 1, data->rank * sizeof *data->shape);
    BASIN_ALLOC(data->inputs, array.size, "inputs");
    BASIN_TRY(basin_h5_array_reals(&array, data->inputs));
    scale_inputs(data->inputs, array.size, scale, offset);
done:
    basin_h5_array_close(&array);
    return st;
}

/* What the file says of its integers [N, T]: attribute kind = classes. Any other text is no word of the
   format's. */
static basin_status read_kind(const basin_h5 *h5, const char *path, const char *object,
                              const basin_h5_array *array, bool *token_classes)
{
    basin_status st = BASIN_OK;
    char        *kind = NULL;

    BASIN_TRY(basin_h5_text_attribute(h5, object, "kind", &kind));
    *token_classes = kind != NULL && strcmp(kind, "classes") == 0;
    BASIN_CHECK(!*token_classes || array->type == BASIN_H5_INTEGER, BASIN_ERR_FORMAT,
                "%s: %s: attribute kind: classes are integers, file has %s", path, object,
                array->type == BASIN_H5_REAL ? "floating point numbers" : "strings");
done:
    basin_free(kind);
    return st;
}

/* Integers of rank 1, or of rank 2 and kind classes, are classes (any number: which of them do not count is
   the loss's to say); everything else is real values, [N] or [N, C]. */
static basin_status read_targets(const basin_h5 *h5, const char *object, basin_dataset *data)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    bool           token_classes = false;

    BASIN_TRY(basin_h5_array_open(h5, object, &array));
    BASIN_CHECK(array.rank == 1 || array.rank == 2, BASIN_ERR_SHAPE,
                "%s: %s: expected [%zu] or [%zu, values], file has %s", data->path, object, data->count,
                data->count, BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_CHECK(array.shape[0] == data->count, BASIN_ERR_SHAPE,
                "%s: %s: expected %zu rows as of the inputs, file has %zu", data->path, object, data->count,
                array.shape[0]);
    BASIN_CHECK(array.size > 0, BASIN_ERR_SHAPE, "%s: %s: no values in %s", data->path, object,
                BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_TRY(read_kind(h5, data->path, object, &array, &token_classes));
    if (array.type == BASIN_H5_INTEGER && (array.rank == 1 || token_classes)) {
        data->class_count = array.rank == 2 ? array.shape[1] : 0;
        BASIN_ALLOC(data->classes, array.size, "classes");
        BASIN_TRY(basin_h5_array_ints(&array, data->classes));
    } else {
        data->value_count = array.rank == 2 ? array.shape[1] : 1;
        BASIN_ALLOC(data->values, array.size, "targets");
        BASIN_TRY(basin_h5_array_reals(&array, data->values));
    }
done:
    basin_h5_array_close(&array);
    return st;
}

/* ---------------------------------------------------------------------------------------------- splits -- */

static basin_status check_rows(const char *path, const char *object, const int64_t *rows, size_t count,
                               size_t samples)
{
    basin_status st = BASIN_OK;
    bool        *seen = NULL;

    BASIN_ALLOC(seen, samples, "a split");
    for (size_t i = 0; i < count; i++) {
        BASIN_CHECK(rows[i] >= 0 && (uint64_t)rows[i] < samples, BASIN_ERR_VALUE,
                    "%s: %s: row %lld is not one of the %zu samples", path, object, (long long)rows[i],
                    samples);
        BASIN_CHECK(!seen[rows[i]], BASIN_ERR_VALUE, "%s: %s: row %lld stands there twice", path, object,
                    (long long)rows[i]);
        seen[rows[i]] = true;
    }
done:
    basin_free(seen);
    return st;
}

static basin_status read_split(const basin_h5 *h5, const char *object, const basin_dataset *data,
                               basin_split *out)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    int64_t       *rows = NULL;

    BASIN_TRY(basin_h5_array_open(h5, object, &array));
    BASIN_CHECK(array.rank == 1, BASIN_ERR_SHAPE, "%s: %s: expected a list of rows, file has %s", data->path,
                object, BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_CHECK(array.size > 0, BASIN_ERR_SHAPE, "%s: %s: no samples", data->path, object);
    BASIN_CHECK(array.size <= data->count, BASIN_ERR_SHAPE, "%s: %s: %zu rows of %zu samples", data->path,
                object, array.size, data->count);
    BASIN_ALLOC(rows, array.size, "a split");
    BASIN_TRY(basin_h5_array_ints(&array, rows));
    BASIN_TRY(check_rows(data->path, object, rows, array.size, data->count));
    BASIN_ALLOC(out->rows, array.size, "a split");
    for (size_t i = 0; i < array.size; i++) out->rows[i] = (size_t)rows[i];
    out->count = array.size;
done:
    basin_free(rows);
    basin_h5_array_close(&array);
    return st;
}

/* One split «train» with every row. */
static basin_status whole_split(basin_dataset *data)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(data->splits, 1, "a split");
    data->split_count = 1;
    BASIN_STRDUP(data->splits[0].name, "train");
    BASIN_ALLOC(data->splits[0].rows, data->count, "a split");
    data->splits[0].count = data->count;
    for (size_t i = 0; i < data->count; i++) data->splits[0].rows[i] = i;
done:
    return st;
}

static basin_status read_splits(const basin_h5 *h5, basin_dataset *data)
{
    basin_status st = BASIN_OK;
    char       **names = NULL, *object = NULL;
    size_t       count = 0;

    BASIN_TRY(basin_h5_names(h5, "/splits", &count, &names));
    if (count == 0) {
        st = whole_split(data);
        goto done;
    }
    BASIN_ALLOC(data->splits, count, "splits");
    for (size_t i = 0; i < count; i++) {
        basin_split *split = &data->splits[data->split_count++];
        BASIN_STRDUP(split->name, names[i]);
        basin_free(object);
        BASIN_CHECK((object = basin_format("/splits/%s", names[i])) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(read_split(h5, object, data, split));
    }
done:
    basin_free(object);
    basin_h5_names_free(count, names);
    return st;
}

/* --------------------------------------------------------------------------------------------- dataset -- */

static basin_status check_digest(const basin_h5 *h5, const basin_dataset *data)
{
    basin_status st = BASIN_OK;
    char        *stored = NULL;

    BASIN_TRY(basin_h5_text_attribute(h5, "/", "digest", &stored));
    BASIN_CHECK(
        stored == NULL || strcmp(stored, data->digest) == 0, BASIN_ERR_VALUE,
        "%s: the content has digest %.12s…, attribute digest says %.12s…: the file was changed or damaged",
        data->path, data->digest, stored);
done:
    basin_free(stored);
    return st;
}

static basin_status read_own(const basin_h5 *h5, basin_dataset *data)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_h5_header(h5, BASIN_DATASET_FORMAT, BASIN_FORMAT_VERSION, NULL));
    BASIN_TRY(read_inputs(h5, "/inputs", 0.0, data));
    BASIN_TRY(read_targets(h5, "/targets", data));
    BASIN_TRY(read_splits(h5, data));
    BASIN_TRY(basin_h5_text_attribute(h5, "/", "attribution", &data->attribution));
    BASIN_TRY(basin_dataset_digest(data, data->digest));
    BASIN_TRY(check_digest(h5, data));
done:
    return st;
}

/* «images» and «/images» are the same object. A file of basin's own keeps its splits, whatever its inputs are
   scaled by: its test samples must not become training samples. */
static basin_status read_foreign(const basin_h5 *h5, const basin_dataset_source *source, basin_dataset *data)
{
    basin_status st = BASIN_OK;
    const char  *inputs = source->inputs ? source->inputs : "/inputs";
    const char  *targets = source->targets ? source->targets : "/targets";
    char        *inputs_path = basin_format("%s%s", inputs[0] == '/' ? "" : "/", inputs);
    char        *targets_path = basin_format("%s%s", targets[0] == '/' ? "" : "/", targets);

    bool own = false;

    BASIN_CHECK(inputs_path != NULL && targets_path != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_h5_is(h5, BASIN_DATASET_FORMAT, &own));
    BASIN_TRY(read_inputs(h5, inputs_path, source->scale, data));
    BASIN_TRY(read_targets(h5, targets_path, data));
    BASIN_TRY(own ? read_splits(h5, data) : whole_split(data));
    BASIN_TRY(basin_dataset_digest(data, data->digest));
done:
    basin_free(inputs_path);
    basin_free(targets_path);
    return st;
}

/* The file as it is now; false: it cannot be told. */
static bool stamp(const char *path, struct basin_origin *out)
{
    struct stat now;

    if (stat(path, &now) != 0) return false;
    *out = (struct basin_origin){.device = (uint64_t)now.st_dev,
                                 .inode = (uint64_t)now.st_ino,
                                 .bytes = (uint64_t)now.st_size,
                                 .seconds = (int64_t)now.st_mtim.tv_sec,
                                 .nanoseconds = (int64_t)now.st_mtim.tv_nsec};
    return true;
}

static bool is_unchanged(const struct basin_origin *then, const struct basin_origin *now)
{
    return now->device == then->device && now->inode == then->inode && now->bytes == then->bytes &&
           now->seconds == then->seconds && now->nanoseconds == then->nanoseconds;
}

/* How the file is read decides what the data are: the stamp of one that was read in another way stays 0. */
basin_status basin_dataset_read(const char *path, const basin_dataset_source *source, basin_dataset **out)
{
    basin_status   st = BASIN_OK;
    basin_h5      *h5 = NULL;
    basin_dataset *data = NULL;
    bool           foreign =
        source != NULL && (source->inputs != NULL || source->targets != NULL || source->scale != 0.0);

    BASIN_ALLOC(data, 1, "data");
    BASIN_STRDUP(data->path, path);
    BASIN_ALLOC(data->origin, 1, "data");
    if (!foreign) stamp(path, data->origin); /* before it is opened: a later one is another file's */
    BASIN_TRY(basin_h5_open(path, &h5));
    BASIN_TRY(foreign ? read_foreign(h5, source, data) : read_own(h5, data));
    BASIN_TRY(basin_h5_unchanged(h5));
    *out = data, data = NULL;
done:
    basin_dataset_destroy(&data);
    basin_h5_close(&h5);
    return st;
}

/* The folder of the checkpoint and the path recorded in it. */
static char *resolve(const basin_checkpoint *ck)
{
    const char *slash = ck->path != NULL ? strrchr(ck->path, '/') : NULL;

    if (ck->data_path[0] == '/' || slash == NULL) return basin_strdup(ck->data_path);
    return basin_format("%.*s/%s", (int)(slash - ck->path), ck->path, ck->data_path);
}

basin_status basin_checkpoint_data_file(const basin_checkpoint *ck, const char *override, char **out)
{
    basin_status st = BASIN_OK;
    char        *path = NULL;

    BASIN_CHECK(override != NULL || ck->data_path != NULL, BASIN_ERR_MISSING,
                "%s: names no data; give the data file", ck->path ? ck->path : "checkpoint");
    BASIN_CHECK((path = override != NULL ? basin_strdup(override) : resolve(ck)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a file name");
    *out = path;
done:
    return st;
}

static bool has_digest(const basin_checkpoint *ck, const basin_dataset *data)
{
    return ck->data_digest[0] == '\0' || strcmp(ck->data_digest, data->digest) == 0;
}

basin_status basin_checkpoint_dataset(const basin_checkpoint *ck, const char *override, basin_dataset **out)
{
    basin_status   st = BASIN_OK;
    const char    *name = ck->path ? ck->path : "checkpoint";
    char          *path = NULL;
    basin_dataset *data = NULL;

    if (override != NULL) return basin_dataset_read(override, NULL, out);
    BASIN_TRY(basin_checkpoint_data_file(ck, NULL, &path));
    BASIN_CHECK(access(path, F_OK) == 0, BASIN_ERR_MISSING,
                "%s: names its data %s, which is not there; say which data to use (--data FILE)", name, path);
    BASIN_TRY(basin_dataset_read(path, NULL, &data));
    BASIN_CHECK(has_digest(ck, data), BASIN_ERR_VALUE,
                "%s: the data has digest %.12s…, %s was trained on %.12s…", path, data->digest, name,
                ck->data_digest);
    *out = data, data = NULL;
done:
    basin_dataset_destroy(&data);
    basin_free(path);
    return st;
}

basin_status basin_checkpoint_same_dataset(const basin_checkpoint *ck, const char *override,
                                           const basin_dataset *data, bool *out)
{
    basin_status        st = BASIN_OK;
    char               *path = NULL;
    struct basin_origin now = {0};

    BASIN_TRY(basin_checkpoint_data_file(ck, override, &path));
    *out = data->origin != NULL && stamp(path, &now) && is_unchanged(data->origin, &now) &&
           (override != NULL || has_digest(ck, data));
done:
    basin_free(path);
    return st;
}
