/* Composing a file in memory and writing it whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/params.h"
#include "io/h5.h"
#include "io/h5_file.h"
#include "io/text.h"

#define GROWTH ((size_t)1 << 20) /* bytes by which the file in memory grows */

basin_status basin_h5_create(const char *path, basin_h5 **out)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;
    hid_t        access = NO_ID, create = NO_ID;

    BASIN_TRY(basin_h5_start(path, &h5));
    BASIN_CHECK((access = H5Pcreate(H5P_FILE_ACCESS)) >= 0 && H5Pset_fapl_core(access, GROWTH, false) >= 0 &&
                    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
                    (create = H5Pcreate(H5P_FILE_CREATE)) >= 0 &&
                    H5Pset_obj_track_times(create, false) >= 0 &&
                    (h5->file = H5Fcreate(path, H5F_ACC_TRUNC, create, access)) >= 0,
                BASIN_ERR_IO, "%s: cannot be composed: %s", path, REASON);
    *out = h5, h5 = NULL;
done:
    if (create >= 0) H5Pclose(create);
    if (access >= 0) H5Pclose(access);
    basin_h5_close(&h5);
    return st;
}

basin_status basin_h5_begin(basin_h5 *h5, const char *format, int64_t version)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_h5_put_text_attribute(h5, "/", "format", format));
    BASIN_TRY(basin_h5_put_int_attribute(h5, "/", "version", version));
done:
    return st;
}

static basin_status write_bytes(const char *temporary, const char *path, const void *bytes, size_t size)
{
    basin_status st = BASIN_OK;
    FILE        *file = fopen(temporary, "wb");
    bool         written = file != NULL && fwrite(bytes, 1, size, file) == size && fflush(file) == 0;
    int          reason = errno;

    if (file != NULL && fclose(file) != 0 && written) {
        reason = errno;
        written = false;
    }
    BASIN_CHECK(written, BASIN_ERR_IO, "%s: cannot be written (%zu bytes): %s", path, size, strerror(reason));
done:
    return st;
}

basin_status basin_h5_commit(basin_h5 *h5)
{
    basin_status st = BASIN_OK;
    char        *temporary = NULL, *bytes = NULL;
    ssize_t      size = 0;

    BASIN_TRY(basin_file_begin(h5->path, &temporary));
    BASIN_TRY(basin_h5_put_int_attribute(h5, "/", "complete", 1));
    BASIN_CHECK(H5Fflush(h5->file, H5F_SCOPE_GLOBAL) >= 0 &&
                    (size = H5Fget_file_image(h5->file, NULL, 0)) > 0,
                BASIN_ERR_IO, "%s: cannot be composed: %s", h5->path, REASON);
    BASIN_ALLOC(bytes, (size_t)size, "the bytes of the file");
    BASIN_CHECK(H5Fget_file_image(h5->file, bytes, (size_t)size) == size, BASIN_ERR_IO,
                "%s: cannot be composed: %s", h5->path, REASON);
    BASIN_TRY(write_bytes(temporary, h5->path, bytes, (size_t)size));
    BASIN_TRY(basin_file_commit(temporary, h5->path));
done:
    basin_free(bytes);
    basin_file_abandon(&temporary);
    return st;
}

/* --------------------------------------------------------------------------------------------- objects -- */

/* Missing groups on the way are made too; no object carries a time, so that equal content gives equal
   bytes. */
static basin_status creation(const basin_h5 *h5, hid_t class, hid_t *link, hid_t *object)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK((*link = H5Pcreate(H5P_LINK_CREATE)) >= 0 &&
                    H5Pset_create_intermediate_group(*link, 1) >= 0 &&
                    H5Pset_char_encoding(*link, H5T_CSET_UTF8) >= 0 && (*object = H5Pcreate(class)) >= 0 &&
                    H5Pset_obj_track_times(*object, false) >= 0,
                BASIN_ERR_NOMEM, "%s: out of memory in HDF5", h5->path);
done:
    return st;
}

basin_status basin_h5_put_group(basin_h5 *h5, const char *group)
{
    basin_status st = BASIN_OK;
    hid_t        link = NO_ID, create = NO_ID, id = NO_ID;

    BASIN_TRY(creation(h5, H5P_GROUP_CREATE, &link, &create));
    BASIN_CHECK((id = H5Gcreate2(h5->file, group, link, create, H5P_DEFAULT)) >= 0, BASIN_ERR_IO,
                "%s: %s: cannot be made: %s", h5->path, group, REASON);
done:
    if (id >= 0) H5Gclose(id);
    if (create >= 0) H5Pclose(create);
    if (link >= 0) H5Pclose(link);
    return st;
}

/* Texts of at most `size` bytes in UTF-8, padded with NUL. Texts of variable length would lie in a heap whose
   damage HDF5 does not survive. */
static hid_t text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    if (type >= 0 && H5Tset_size(type, size > 0 ? size : 1) >= 0 &&
        H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        return type;
    if (type >= 0) H5Tclose(type);
    return NO_ID;
}

static hid_t bool_type(void)
{
    hid_t type = H5Tenum_create(H5T_NATIVE_INT8);

    if (type >= 0 && H5Tenum_insert(type, "FALSE", &(int8_t){0}) >= 0 &&
        H5Tenum_insert(type, "TRUE", &(int8_t){1}) >= 0)
        return type;
    if (type >= 0) H5Tclose(type);
    return NO_ID;
}

static basin_status put_attribute(basin_h5 *h5, const char *object, const char *name, hid_t stored,
                                  hid_t given, const void *value)
{
    basin_status st = BASIN_OK;
    hid_t        space = H5Screate(H5S_SCALAR), id = NO_ID;

    BASIN_CHECK(space >= 0 &&
                    (id = H5Acreate_by_name(h5->file, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT,
                                            H5P_DEFAULT)) >= 0 &&
                    H5Awrite(id, given, value) >= 0,
                BASIN_ERR_IO, "%s: %s: attribute %s: cannot be written: %s", h5->path, object, name, REASON);
done:
    if (id >= 0) H5Aclose(id);
    if (space >= 0) H5Sclose(space);
    return st;
}

basin_status basin_h5_put_text_attribute(basin_h5 *h5, const char *object, const char *name, const char *text)
{
    basin_status st = BASIN_OK;
    hid_t        type = text_type(strlen(text));

    BASIN_CHECK(basin_text_plain(text), BASIN_ERR_ARG, "%s: %s: attribute %s: not plain UTF-8 text", h5->path,
                object, name);
    BASIN_CHECK(type >= 0, BASIN_ERR_NOMEM, "%s: out of memory in HDF5", h5->path);
    BASIN_TRY(put_attribute(h5, object, name, type, type, text));
done:
    if (type >= 0) H5Tclose(type);
    return st;
}

basin_status basin_h5_put_real_attribute(basin_h5 *h5, const char *object, const char *name, double value)
{
    return put_attribute(h5, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

basin_status basin_h5_put_int_attribute(basin_h5 *h5, const char *object, const char *name, int64_t value)
{
    return put_attribute(h5, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

/* `values` as HDF5 is to take them, of the type `given`. */
static basin_status put_values(basin_h5 *h5, const char *name, hid_t stored, hid_t given, const size_t *shape,
                               size_t rank, const void *values)
{
    basin_status st = BASIN_OK;
    hid_t        link = NO_ID, create = NO_ID, space = NO_ID, id = NO_ID;
    hsize_t      extent[H5S_MAX_RANK];
    bool         empty = false;

    for (size_t i = 0; i < rank; i++) {
        extent[i] = shape[i];
        empty = empty || shape[i] == 0;
    }
    BASIN_TRY(creation(h5, H5P_DATASET_CREATE, &link, &create));
    BASIN_CHECK(stored >= 0 &&
                    (space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, extent, NULL)) >=
                        0 &&
                    (id = H5Dcreate2(h5->file, name, stored, space, link, create, H5P_DEFAULT)) >= 0 &&
                    (empty || H5Dwrite(id, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0),
                BASIN_ERR_IO, "%s: %s: cannot be written: %s", h5->path, name, REASON);
done:
    if (id >= 0) H5Dclose(id);
    if (space >= 0) H5Sclose(space);
    if (create >= 0) H5Pclose(create);
    if (link >= 0) H5Pclose(link);
    return st;
}

basin_status basin_h5_put(basin_h5 *h5, const char *name, basin_h5_storage storage, const size_t *shape,
                          size_t rank, const void *values)
{
    basin_status st = BASIN_OK;
    hid_t        made = NO_ID;

    switch (storage) {
    case BASIN_H5_F64: return put_values(h5, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, shape, rank, values);
    case BASIN_H5_F32: return put_values(h5, name, H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, shape, rank, values);
    case BASIN_H5_I64: return put_values(h5, name, H5T_STD_I64LE, H5T_NATIVE_INT64, shape, rank, values);
    case BASIN_H5_U64: return put_values(h5, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, shape, rank, values);
    case BASIN_H5_U32: return put_values(h5, name, H5T_STD_U32LE, H5T_NATIVE_UINT64, shape, rank, values);
    case BASIN_H5_U8: return put_values(h5, name, H5T_STD_U8LE, H5T_NATIVE_UINT8, shape, rank, values);
    case BASIN_H5_BOOL: made = bool_type();
    }
    BASIN_TRY(put_values(h5, name, made, made, shape, rank, values));
done:
    if (made >= 0) H5Tclose(made);
    return st;
}

basin_status basin_h5_put_texts(basin_h5 *h5, const char *name, const size_t *shape, size_t rank,
                                const char *const *texts)
{
    basin_status st = BASIN_OK;
    size_t       count, longest = 1, bytes;
    char        *packed = NULL;
    hid_t        type = NO_ID;

    BASIN_CHECK(basin_shape_size(shape, rank, &count), BASIN_ERR_ARG, "%s: %s: too many texts", h5->path,
                name);
    for (size_t i = 0; i < count; i++)
        if (texts[i] != NULL && strlen(texts[i]) > longest) longest = strlen(texts[i]);
    BASIN_CHECK(basin_mul(count, longest, &bytes), BASIN_ERR_NOMEM, "%s: %s: texts too long", h5->path, name);
    BASIN_ALLOC(packed, bytes, name);
    for (size_t i = 0; i < count; i++)
        if (texts[i] != NULL) memcpy(packed + i * longest, texts[i], strlen(texts[i]));
    type = text_type(longest);
    BASIN_TRY(put_values(h5, name, type, type, shape, rank, packed));
done:
    if (type >= 0) H5Tclose(type);
    basin_free(packed);
    return st;
}
