/* Writing a data set in basin's own format, in the smallest type that holds every value exactly. */
#include <math.h>
#include <string.h>

#include "core/dataset.h"
#include "core/memory.h"
#include "core/params.h"
#include "io/dataset.h"
#include "io/h5.h"
#include "io/text.h"

/* Same bits: 0 and -0 differ, as they do for the digest. */
static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Is every x = s k with an integer 0 <= k <= 255? The k's go to `out`. */
static bool as_bytes(const double *x, size_t size, double s, uint8_t *out)
{
    for (size_t i = 0; i < size; i++) {
        double k = nearbyint(x[i] / s);
        if (!(k >= 0.0 && k <= 255.0)) return false;
        out[i] = (uint8_t)k;
        if (!same(s * (double)out[i], x[i])) return false;
    }
    return true;
}

static bool as_single(const double *x, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!isfinite(x[i]) || !(fabs(x[i]) <= 3.4028234663852886e38) || !same((double)(float)x[i], x[i]))
            return false;
    return true;
}

static basin_status put_inputs(basin_h5 *h5, const basin_dataset *data)
{
    static const double scales[] = {1.0, 1.0 / 16.0, 1.0 / 255.0};
    basin_status        st = BASIN_OK;
    size_t              shape[BASIN_H5_MAX_RANK] = {data->count}, size;
    uint8_t            *bytes = NULL;

    memcpy(shape + 1, data->shape, data->rank * sizeof *shape);
    BASIN_CHECK(basin_shape_size(shape, data->rank + 1, &size) && size > 0, BASIN_ERR_ARG,
                "inputs of shape %s cannot be written", BASIN_SHAPE_TEXT(shape, data->rank + 1));
    BASIN_ALLOC(bytes, size, "inputs");
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        if (!as_bytes(data->inputs, size, scales[i], bytes)) continue;
        BASIN_TRY(basin_h5_put(h5, "/inputs", BASIN_H5_U8, shape, data->rank + 1, bytes));
        BASIN_TRY(basin_h5_put_real_attribute(h5, "/inputs", "scale", scales[i]));
        goto done;
    }
    BASIN_TRY(basin_h5_put(h5, "/inputs", as_single(data->inputs, size) ? BASIN_H5_F32 : BASIN_H5_F64, shape,
                           data->rank + 1, data->inputs));
done:
    basin_free(bytes);
    return st;
}

static basin_status put_classes(basin_h5 *h5, const basin_dataset *data)
{
    basin_status st = BASIN_OK;
    size_t       shape[2] = {data->count, data->class_count}, size;
    uint8_t     *bytes = NULL;
    bool         small = true;

    BASIN_CHECK(basin_mul(data->count, basin_dataset_tokens(data), &size), BASIN_ERR_ARG,
                "%zu samples of %zu classes cannot be written", data->count, data->class_count);
    BASIN_ALLOC(bytes, size, "classes");
    for (size_t i = 0; i < size; i++) {
        small = small && data->classes[i] >= 0 && data->classes[i] <= 255;
        bytes[i] = (uint8_t)data->classes[i];
    }
    BASIN_TRY(basin_h5_put(h5, "/targets", small ? BASIN_H5_U8 : BASIN_H5_I64, shape,
                           data->class_count > 0 ? 2 : 1, small ? (const void *)bytes : data->classes));
    if (data->class_count > 0) BASIN_TRY(basin_h5_put_text_attribute(h5, "/targets", "kind", "classes"));
done:
    basin_free(bytes);
    return st;
}

static basin_status put_targets(basin_h5 *h5, const basin_dataset *data)
{
    if (data->classes != NULL) return put_classes(h5, data);
    return basin_h5_put(h5, "/targets",
                        as_single(data->values, data->count * data->value_count) ? BASIN_H5_F32
                                                                                 : BASIN_H5_F64,
                        (const size_t[]){data->count, data->value_count}, 2, data->values);
}

static basin_status put_split(basin_h5 *h5, const basin_split *split, size_t samples)
{
    basin_status st = BASIN_OK;
    uint64_t    *rows = NULL;
    char        *object = NULL;

    BASIN_CHECK(basin_text_path(split->name) && strchr(split->name, '/') == NULL, BASIN_ERR_ARG,
                "split «%.40s»: not a name for an HDF5 object", split->name);
    BASIN_CHECK((object = basin_format("/splits/%s", split->name)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a name");
    BASIN_ALLOC(rows, split->count, "a split");
    for (size_t i = 0; i < split->count; i++) rows[i] = split->rows[i];
    BASIN_TRY(basin_h5_put(h5, object, samples <= UINT32_MAX ? BASIN_H5_U32 : BASIN_H5_U64, &split->count, 1,
                           rows));
done:
    basin_free(object);
    basin_free(rows);
    return st;
}

basin_status basin_dataset_write(const basin_dataset *data, const char *path)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;
    char         digest[65];

    BASIN_TRY(basin_dataset_digest(data, digest));
    BASIN_TRY(basin_h5_create(path, &h5));
    BASIN_TRY(basin_h5_begin(h5, BASIN_DATASET_FORMAT, BASIN_FORMAT_VERSION));
    BASIN_TRY(basin_h5_put_text_attribute(h5, "/", "digest", digest));
    if (data->attribution != NULL)
        BASIN_TRY(basin_h5_put_text_attribute(h5, "/", "attribution", data->attribution));
    BASIN_TRY(put_inputs(h5, data));
    BASIN_TRY(put_targets(h5, data));
    for (size_t i = 0; i < data->split_count; i++) BASIN_TRY(put_split(h5, &data->splits[i], data->count));
    BASIN_TRY(basin_h5_commit(h5));
done:
    basin_h5_close(&h5);
    return st;
}
