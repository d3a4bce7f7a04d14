/* Reading data sets: everything is known about one before a byte of it is asked for. */
#include <string.h>

#include "core/memory.h"
#include "core/params.h"
#include "io/h5.h"
#include "io/h5_file.h"
#include "io/text.h"

/* Where the values lie: in this file, behind filters that every HDF5 has, in chunks that fit. */
static basin_status check_storage(const basin_h5 *h5, const char *name, hid_t id, size_t element)
{
    basin_status st = BASIN_OK;
    hid_t        plist = H5Dget_create_plist(id);
    H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_LAYOUT_ERROR;
    hsize_t      chunk[H5S_MAX_RANK];
    size_t       bytes = element;

    BASIN_CHECK(layout != H5D_LAYOUT_ERROR, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, name, REASON);
    BASIN_CHECK(layout != H5D_VIRTUAL, BASIN_ERR_UNSUPPORTED, "%s: %s: a virtual data set is not read",
                h5->path, name);
    BASIN_CHECK(H5Pget_external_count(plist) == 0, BASIN_ERR_UNSUPPORTED,
                "%s: %s: storage in another file is not read", h5->path, name);
    for (int i = 0; i < H5Pget_nfilters(plist); i++) {
        unsigned     flags;
        size_t       values = 0;
        H5Z_filter_t filter = H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        BASIN_CHECK(filter > 0 && filter <= H5Z_FILTER_SCALEOFFSET, BASIN_ERR_UNSUPPORTED,
                    "%s: %s: filter %d is not one of HDF5's own", h5->path, name, (int)filter);
    }
    if (layout == H5D_CHUNKED) {
        int rank = H5Pget_chunk(plist, H5S_MAX_RANK, chunk);
        for (int i = 0; i < rank; i++)
            BASIN_CHECK(basin_mul(bytes, (size_t)chunk[i], &bytes) && bytes <= basin_memory_limit(),
                        BASIN_ERR_BUDGET, "%s: %s: one chunk does not fit the memory limit of %zu bytes",
                        h5->path, name, basin_memory_limit());
    }
done:
    if (plist >= 0) H5Pclose(plist);
    return st;
}

static basin_status check_type(const basin_h5 *h5, const char *name, hid_t type, basin_h5_type *out)
{
    basin_status st = BASIN_OK;
    H5T_class_t class = H5Tget_class(type);

    BASIN_CHECK(class == H5T_FLOAT || class == H5T_STRING || basin_h5_whole(class), BASIN_ERR_FORMAT,
                "%s: %s: expected numbers or strings, file has %s", h5->path, name,
                basin_h5_class_name(class));
    *out = class == H5T_FLOAT ? BASIN_H5_REAL : class == H5T_STRING ? BASIN_H5_TEXT : BASIN_H5_INTEGER;
done:
    return st;
}

static basin_status check_extent(const basin_h5 *h5, const char *name, hid_t space, basin_h5_array *out)
{
    basin_status st = BASIN_OK;
    hsize_t      shape[H5S_MAX_RANK];
    int          rank = H5Sget_simple_extent_ndims(space);
    size_t       bytes;

    BASIN_CHECK(rank >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL, BASIN_ERR_FORMAT,
                "%s: %s: has no values", h5->path, name);
    BASIN_CHECK(rank <= BASIN_H5_MAX_RANK, BASIN_ERR_SHAPE, "%s: %s: rank %d, at most %d", h5->path, name,
                rank, BASIN_H5_MAX_RANK);
    H5Sget_simple_extent_dims(space, shape, NULL);
    out->rank = (size_t)rank;
    for (int i = 0; i < rank; i++) out->shape[i] = (size_t)shape[i];
    BASIN_CHECK(basin_shape_size(out->shape, out->rank, &out->size) && basin_mul(out->size, 8, &bytes),
                BASIN_ERR_FORMAT, "%s: %s: the product of the dimensions %s overflows", h5->path, name,
                BASIN_SHAPE_TEXT(out->shape, out->rank));
    BASIN_CHECK(bytes <= basin_memory_limit(), BASIN_ERR_BUDGET,
                "%s: %s: %s needs %zu bytes, the memory limit is %zu", h5->path, name,
                BASIN_SHAPE_TEXT(out->shape, out->rank), bytes, basin_memory_limit());
done:
    return st;
}

basin_status basin_h5_array_open(const basin_h5 *h5, const char *name, basin_h5_array *out)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = {.h5 = h5, .name = name, .id = NO_ID};
    basin_h5_kind  kind = BASIN_H5_ABSENT;
    hid_t          type = NO_ID, space = NO_ID;

    BASIN_TRY(basin_h5_kind_of(h5, name, &kind));
    BASIN_CHECK(kind != BASIN_H5_ABSENT, BASIN_ERR_MISSING, "%s: %s: missing", h5->path, name);
    BASIN_CHECK(kind == BASIN_H5_ARRAY, BASIN_ERR_FORMAT, "%s: %s: expected a data set, file has a group",
                h5->path, name);
    BASIN_CHECK((array.id = H5Dopen2(h5->file, name, H5P_DEFAULT)) >= 0 &&
                    (type = H5Dget_type(array.id)) >= 0 && (space = H5Dget_space(array.id)) >= 0,
                BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, name, REASON);
    BASIN_TRY(check_type(h5, name, type, &array.type));
    BASIN_TRY(check_extent(h5, name, space, &array));
    BASIN_TRY(check_storage(h5, name, array.id, H5Tget_size(type)));
    *out = array, array.id = NO_ID;
done:
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    basin_h5_array_close(&array);
    return st;
}

void basin_h5_array_close(basin_h5_array *array)
{
    if (array->id >= 0) H5Dclose(array->id);
    array->id = NO_ID;
}

basin_status basin_h5_array_expect(const basin_h5_array *array, const size_t *shape, size_t rank)
{
    if (basin_shape_equal(shape, rank, array->shape, array->rank)) return BASIN_OK;
    return basin_fail(BASIN_ERR_SHAPE, "%s: %s: expected %s, file has %s", array->h5->path, array->name,
                      BASIN_SHAPE_TEXT(shape, rank), BASIN_SHAPE_TEXT(array->shape, array->rank));
}

static const char *type_name(basin_h5_type type)
{
    static const char *const names[] = {[BASIN_H5_REAL] = "floating point numbers",
                                        [BASIN_H5_INTEGER] = "integers",
                                        [BASIN_H5_TEXT] = "strings"};
    return names[type];
}

static basin_status expect_type(const basin_h5_array *array, basin_h5_type expected)
{
    if (array->type == expected) return BASIN_OK;
    return basin_fail(BASIN_ERR_FORMAT, "%s: %s: expected %s, file has %s", array->h5->path, array->name,
                      type_name(expected), type_name(array->type));
}

static basin_status read_values(const basin_h5_array *array, hid_t type, void *out)
{
    if (array->size == 0 || H5Dread(array->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0)
        return BASIN_OK;
    return basin_fail(BASIN_ERR_FORMAT, "%s: %s: cannot be read: %s", array->h5->path, array->name, REASON);
}

basin_status basin_h5_array_reals(const basin_h5_array *array, double *out)
{
    if (array->type == BASIN_H5_TEXT) return expect_type(array, BASIN_H5_REAL);
    return read_values(array, H5T_NATIVE_DOUBLE, out);
}

basin_status basin_h5_array_ints(const basin_h5_array *array, int64_t *out)
{
    basin_status st = expect_type(array, BASIN_H5_INTEGER);
    return st == BASIN_OK ? read_values(array, H5T_NATIVE_INT64, out) : st;
}

basin_status basin_h5_array_uints(const basin_h5_array *array, uint64_t *out)
{
    basin_status st = expect_type(array, BASIN_H5_INTEGER);
    return st == BASIN_OK ? read_values(array, H5T_NATIVE_UINT64, out) : st;
}

static basin_status fixed_texts(const basin_h5_array *array, hid_t type, char **out)
{
    basin_status st = BASIN_OK;
    size_t       each = H5Tget_size(type), bytes = 0;
    char        *packed = NULL;

    BASIN_CHECK(basin_mul(array->size, each, &bytes) && bytes <= basin_memory_limit(), BASIN_ERR_BUDGET,
                "%s: %s: %zu strings of %zu bytes do not fit the memory limit of %zu bytes", array->h5->path,
                array->name, array->size, each, basin_memory_limit());
    BASIN_ALLOC(packed, bytes, array->name);
    BASIN_TRY(read_values(array, type, packed));
    for (size_t i = 0; i < array->size; i++)
        BASIN_TRY(basin_h5_fixed_text(packed + i * each, each, H5Tget_strpad(type), &out[i]));
done:
    basin_free(packed);
    return st;
}

static basin_status variable_texts(const basin_h5_array *array, hid_t type, char **out)
{
    basin_status st = BASIN_OK;
    char       **texts = NULL;
    bool         read = false;

    BASIN_TRY(basin_h5_rehearse(array->h5));
    BASIN_ALLOC(texts, array->size, array->name);
    BASIN_TRY(read_values(array, type, texts));
    read = true;
    for (size_t i = 0; i < array->size; i++) BASIN_STRDUP(out[i], texts[i]);
done:
    for (size_t i = 0; read && i < array->size; i++)
        if (texts[i] != NULL) H5free_memory(texts[i]);
    basin_free(texts);
    return st;
}

basin_status basin_h5_array_texts(const basin_h5_array *array, char **out)
{
    basin_status st = BASIN_OK;
    hid_t        type = NO_ID;

    BASIN_TRY(expect_type(array, BASIN_H5_TEXT));
    BASIN_CHECK((type = H5Dget_type(array->id)) >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", array->h5->path,
                array->name, REASON);
    BASIN_TRY(H5Tis_variable_str(type) > 0 ? variable_texts(array, type, out)
                                           : fixed_texts(array, type, out));
    for (size_t i = 0; i < array->size; i++)
        BASIN_CHECK(out[i] == NULL || basin_text_plain(out[i]), BASIN_ERR_FORMAT,
                    "%s: %s: string %zu is not plain UTF-8 text", array->h5->path, array->name, i);
done:
    if (type >= 0) H5Tclose(type);
    return st;
}

basin_status basin_h5_reals(const basin_h5 *h5, const char *name, const size_t *shape, size_t rank,
                            double *out)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;

    BASIN_TRY(basin_h5_array_open(h5, name, &array));
    BASIN_TRY(expect_type(&array, BASIN_H5_REAL));
    BASIN_TRY(basin_h5_array_expect(&array, shape, rank));
    BASIN_TRY(basin_h5_array_reals(&array, out));
done:
    basin_h5_array_close(&array);
    return st;
}

basin_status basin_h5_text(const basin_h5 *h5, const char *name, char **out)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    hid_t          type = NO_ID;

    BASIN_TRY(basin_h5_array_open(h5, name, &array));
    BASIN_TRY(expect_type(&array, BASIN_H5_TEXT));
    BASIN_CHECK(array.size == 1, BASIN_ERR_SHAPE, "%s: %s: expected one string, file has %s", h5->path, name,
                BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_CHECK((type = H5Dget_type(array.id)) >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, name, REASON);
    BASIN_TRY(basin_h5_read_text(h5, array.id, type, false, name, out));
done:
    if (type >= 0) H5Tclose(type);
    basin_h5_array_close(&array);
    return st;
}
