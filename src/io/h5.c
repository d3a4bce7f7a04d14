#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/params.h"
#include "io/h5_file.h"
#include "io/text.h"

#define NO_ID H5I_INVALID_HID

/* ------------------------------------------------------------------------------------------------- files -- */

basin_status basin_h5_start(const char *path, basin_h5 **out)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;

    BASIN_ALLOC(h5, 1, "an HDF5 file");
    h5->path = path;
    h5->file = NO_ID;
    BASIN_CHECK(H5open() >= 0, BASIN_ERR_IO, "%s: HDF5 does not start", path);
    H5Eget_auto2(H5E_DEFAULT, &h5->report, &h5->report_data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLget_loading_state(&h5->plugins);
    H5PLset_loading_state(0);
    *out = h5, h5 = NULL;
done:
    basin_free(h5);
    return st;
}

static herr_t first_reason(unsigned n, const H5E_error2_t *error, void *payload)
{
    (void)n;
    snprintf(payload, 160, "%s", error->desc ? error->desc : "no reason given");
    return 1; /* stops the walk */
}

const char *basin_h5_reason(char text[160])
{
    text[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_reason, text);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    return text[0] ? text : "no reason given";
}

#define REASON basin_h5_reason((char[160]){0})

void basin_h5_close(basin_h5 **h5)
{
    if (h5 == NULL || *h5 == NULL) return;
    if ((*h5)->file >= 0) H5Fclose((*h5)->file);
    H5Eset_auto2(H5E_DEFAULT, (*h5)->report, (*h5)->report_data);
    H5PLset_loading_state((*h5)->plugins);
    basin_free(*h5);
    *h5 = NULL;
}

/* The HDF5 signature lies at byte 0, 512, 1024, 2048, … of the file. */
static basin_status check_signature(const char *path, int handle, off_t size)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    basin_status               st = BASIN_OK;
    unsigned char              bytes[8];

    BASIN_CHECK(size > 0, BASIN_ERR_FORMAT, "%s: an empty file", path);
    for (off_t at = 0; at + 8 <= size; at = at == 0 ? 512 : 2 * at) {
        BASIN_CHECK(pread(handle, bytes, sizeof bytes, at) == (ssize_t)sizeof bytes, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
        if (memcmp(bytes, signature, sizeof bytes) == 0) goto done;
    }
    BASIN_CHECK(false, BASIN_ERR_FORMAT, "%s: not an HDF5 file", path);
done:
    return st;
}

static basin_status check_file(const char *path, struct stat *out)
{
    basin_status st = BASIN_OK;
    int          handle = -1;

    BASIN_CHECK(stat(path, out) == 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_CHECK(S_ISREG(out->st_mode), BASIN_ERR_IO, "%s: not a file", path); /* opening a pipe would wait */
    BASIN_CHECK((handle = open(path, O_RDONLY)) >= 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_TRY(check_signature(path, handle, out->st_size));
done:
    if (handle >= 0) close(handle);
    return st;
}

/* What HDF5 says of a file that it does not open, in our words. */
static basin_status fail_to_open(const char *path)
{
    char        text[160];
    const char *reason = basin_h5_reason(text);

    if (strstr(reason, "truncated") != NULL)
        return basin_fail(BASIN_ERR_IO, "%s: truncated, or still being written: %s", path, reason);
    if (strstr(reason, "already open") != NULL || strstr(reason, "flags") != NULL)
        return basin_fail(BASIN_ERR_IO, "%s: still being written, or its writer was stopped: %s", path, reason);
    return basin_fail(BASIN_ERR_IO, "%s: damaged, or still being written: %s", path, reason);
}

basin_status basin_h5_open(const char *path, basin_h5 **out)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;
    struct stat  stamp;
    hid_t        access = NO_ID;

    BASIN_TRY(check_file(path, &stamp));
    BASIN_TRY(basin_h5_start(path, &h5));
    h5->stamp = stamp;
    BASIN_CHECK((access = H5Pcreate(H5P_FILE_ACCESS)) >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0, BASIN_ERR_NOMEM,
                "%s: out of memory in HDF5", path);
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12 && H5_VERS_RELEASE == 0)
    H5Pset_file_locking(access, false, true);
#endif
    if ((h5->file = H5Fopen(path, H5F_ACC_RDONLY, access)) < 0) {
        st = fail_to_open(path);
        goto done;
    }
    *out = h5, h5 = NULL;
done:
    if (access >= 0) H5Pclose(access);
    basin_h5_close(&h5);
    return st;
}

basin_status basin_h5_unchanged(const basin_h5 *h5)
{
    basin_status       st = BASIN_OK;
    const struct stat *then = &h5->stamp;
    struct stat        now;

    BASIN_CHECK(stat(h5->path, &now) == 0, BASIN_ERR_IO, "%s: %s", h5->path, strerror(errno));
    BASIN_CHECK(now.st_dev == then->st_dev && now.st_ino == then->st_ino && now.st_size == then->st_size &&
                    now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec,
                BASIN_ERR_IO, "%s: was written while it was being read", h5->path);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------- links -- */

/* One link of a path: present and hard, or a failure that says what it is. */
static basin_status check_link(const basin_h5 *h5, const char *link, bool *present)
{
    basin_status st = BASIN_OK;
    H5L_info_t   info;

    *present = H5Lexists(h5->file, link, H5P_DEFAULT) > 0;
    if (!*present) return BASIN_OK;
    BASIN_CHECK(H5Lget_info(h5->file, link, &info, H5P_DEFAULT) >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, link, REASON);
    BASIN_CHECK(info.type != H5L_TYPE_EXTERNAL, BASIN_ERR_UNSUPPORTED, "%s: %s: a link into another file is not followed", h5->path, link);
    BASIN_CHECK(info.type != H5L_TYPE_SOFT, BASIN_ERR_UNSUPPORTED, "%s: %s: a soft link is not followed; store the object itself", h5->path, link);
    BASIN_CHECK(info.type == H5L_TYPE_HARD, BASIN_ERR_UNSUPPORTED, "%s: %s: a link of unknown type %d", h5->path, link, (int)info.type);
done:
    return st;
}

basin_status basin_h5_kind_of(const basin_h5 *h5, const char *object, basin_h5_kind *out)
{
    basin_status st = BASIN_OK;
    H5O_info_t   info;
    char        *path = NULL;
    bool         present = true;

    BASIN_CHECK((path = basin_strdup(object)) != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    for (char *slash = strchr(path + 1, '/'); present && slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        BASIN_TRY(check_link(h5, path, &present));
        *slash = '/';
    }
    if (present && strcmp(path, "/") != 0) BASIN_TRY(check_link(h5, path, &present));
    if (!present) {
        *out = BASIN_H5_ABSENT;
        goto done;
    }
    BASIN_CHECK(H5Oget_info_by_name(h5->file, object, &info, H5P_DEFAULT) >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, object, REASON);
    BASIN_CHECK(info.type == H5O_TYPE_GROUP || info.type == H5O_TYPE_DATASET, BASIN_ERR_FORMAT, "%s: %s: neither a group nor a data set", h5->path,
                object);
    *out = info.type == H5O_TYPE_GROUP ? BASIN_H5_GROUP : BASIN_H5_ARRAY;
done:
    basin_free(path);
    return st;
}

typedef struct name_list {
    const basin_h5 *h5;
    const char     *group;
    size_t          count, room;
    char          **names;
    basin_status    st;
} name_list;

static herr_t collect_name(hid_t group, const char *name, const H5L_info_t *info, void *payload)
{
    name_list   *list = payload;
    basin_status st = BASIN_OK;

    (void)group, (void)info;
    BASIN_CHECK(basin_text_path(name), BASIN_ERR_FORMAT, "%s: %s: member %zu has a name that is not plain UTF-8 text", list->h5->path, list->group,
                list->count);
    BASIN_CHECK(list->count < BASIN_H5_MAX_NAMES, BASIN_ERR_FORMAT, "%s: %s: more than %d members", list->h5->path, list->group, BASIN_H5_MAX_NAMES);
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        char **names = basin_grow(list->names, list->count, room, sizeof *names);
        BASIN_CHECK(names != NULL, BASIN_ERR_NOMEM, "out of memory for %zu names", room);
        list->names = names;
        list->room = room;
    }
    BASIN_STRDUP(list->names[list->count], name);
    list->count++;
done:
    list->st = st;
    return st == BASIN_OK ? 0 : -1;
}

basin_status basin_h5_names(const basin_h5 *h5, const char *group, size_t *count, char ***out)
{
    basin_status  st = BASIN_OK;
    name_list     list = {.h5 = h5, .group = group};
    basin_h5_kind kind = BASIN_H5_ABSENT;

    BASIN_TRY(basin_h5_kind_of(h5, group, &kind));
    BASIN_CHECK(kind != BASIN_H5_ARRAY, BASIN_ERR_FORMAT, "%s: %s: expected a group, file has a data set", h5->path, group);
    if (kind == BASIN_H5_GROUP) {
        herr_t status = H5Literate_by_name(h5->file, group, H5_INDEX_NAME, H5_ITER_INC, NULL, collect_name, &list, H5P_DEFAULT);
        BASIN_TRY(list.st);
        BASIN_CHECK(status >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, group, REASON);
    }
    *count = list.count;
    *out = list.names, list.names = NULL;
done:
    basin_h5_names_free(list.count, list.names);
    return st;
}

void basin_h5_names_free(size_t count, char **names)
{
    for (size_t i = 0; names != NULL && i < count; i++) basin_free(names[i]);
    basin_free(names);
}

/* ------------------------------------------------------------------------------------------------- texts -- */

/* The C string of `size` stored bytes, without padding. */
static basin_status fixed_text(const char *bytes, size_t size, H5T_str_t padding, char **out)
{
    basin_status st = BASIN_OK;
    size_t       length = 0;

    while (length < size && bytes[length] != '\0') length++;
    if (padding == H5T_STR_SPACEPAD)
        while (length > 0 && bytes[length - 1] == ' ') length--;
    BASIN_ALLOC(*out, length + 1, "a string");
    if (length > 0) memcpy(*out, bytes, length);
done:
    return st;
}

/* One string out of an attribute or data set `id`, of fixed or variable length, ASCII or UTF-8. */
static basin_status read_text(hid_t id, hid_t type, bool attribute, const char *path, const char *name, char **out)
{
    basin_status st = BASIN_OK;
    char        *bytes = NULL, *variable = NULL;
    size_t       size = H5Tget_size(type);
    bool         is_variable = H5Tis_variable_str(type) > 0;
    void        *to = &variable;

    if (!is_variable) {
        BASIN_CHECK(size > 0 && size <= BASIN_H5_MAX_TEXT, BASIN_ERR_FORMAT, "%s: %s: a string of %zu bytes", path, name, size);
        BASIN_ALLOC(bytes, size, "a string");
        to = bytes;
    }
    BASIN_CHECK((attribute ? H5Aread(id, type, to) : H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to)) >= 0, BASIN_ERR_FORMAT,
                "%s: %s: cannot be read: %s", path, name, REASON);
    if (!is_variable) BASIN_TRY(fixed_text(bytes, size, H5Tget_strpad(type), out));
    else BASIN_TRY(fixed_text(variable ? variable : "", variable ? strnlen(variable, BASIN_H5_MAX_TEXT) : 0, H5T_STR_NULLTERM, out));
done:
    if (variable != NULL) H5free_memory(variable);
    basin_free(bytes);
    return st;
}

/* -------------------------------------------------------------------------------------------- attributes -- */

typedef struct attribute {
    hid_t id, type;
    bool  present;
} attribute;

#define NO_ATTRIBUTE {.id = NO_ID, .type = NO_ID}

static void close_attribute(attribute *a)
{
    if (a->type >= 0) H5Tclose(a->type);
    if (a->id >= 0) H5Aclose(a->id);
}

/* Opens a scalar attribute; present = false where there is none or it has no value. */
static basin_status open_attribute(const basin_h5 *h5, const char *object, const char *name, attribute *out)
{
    basin_status st = BASIN_OK;
    hid_t        space = NO_ID;

    if (H5Aexists_by_name(h5->file, object, name, H5P_DEFAULT) <= 0) return BASIN_OK;
    BASIN_CHECK((out->id = H5Aopen_by_name(h5->file, object, name, H5P_DEFAULT, H5P_DEFAULT)) >= 0 && (out->type = H5Aget_type(out->id)) >= 0 &&
                    (space = H5Aget_space(out->id)) >= 0,
                BASIN_ERR_FORMAT, "%s: %s: attribute %s: %s", h5->path, object, name, REASON);
    if (H5Sget_simple_extent_type(space) == H5S_NULL) goto done;
    BASIN_CHECK(H5Sget_simple_extent_npoints(space) == 1, BASIN_ERR_SHAPE, "%s: %s: attribute %s: expected one value, file has %lld", h5->path, object,
                name, (long long)H5Sget_simple_extent_npoints(space));
    out->present = true;
done:
    if (space >= 0) H5Sclose(space);
    return st;
}

static const char *class_name(H5T_class_t class)
{
    switch (class) {
    case H5T_INTEGER: return "integers";
    case H5T_FLOAT: return "floating point numbers";
    case H5T_STRING: return "strings";
    case H5T_ENUM: return "an enumeration";
    case H5T_COMPOUND: return "a compound type";
    default: return "another type";
    }
}

basin_status basin_h5_text_attribute(const basin_h5 *h5, const char *object, const char *name, char **out)
{
    basin_status st = BASIN_OK;
    attribute    a = NO_ATTRIBUTE;
    char        *text = NULL;

    BASIN_TRY(open_attribute(h5, object, name, &a));
    if (!a.present) goto done;
    BASIN_CHECK(H5Tget_class(a.type) == H5T_STRING, BASIN_ERR_FORMAT, "%s: %s: attribute %s: expected a string, file has %s", h5->path, object, name,
                class_name(H5Tget_class(a.type)));
    BASIN_TRY(read_text(a.id, a.type, true, h5->path, name, &text));
    BASIN_CHECK(basin_text_plain(text), BASIN_ERR_FORMAT, "%s: %s: attribute %s: not plain UTF-8 text", h5->path, object, name);
    *out = text, text = NULL;
done:
    basin_free(text);
    close_attribute(&a);
    return st;
}

/* h5py writes bool as an enumeration over int8: whole numbers as well. */
static bool whole(H5T_class_t class)
{
    return class == H5T_INTEGER || class == H5T_ENUM;
}

basin_status basin_h5_real_attribute(const basin_h5 *h5, const char *object, const char *name, double *out)
{
    basin_status st = BASIN_OK;
    attribute    a = NO_ATTRIBUTE;

    BASIN_TRY(open_attribute(h5, object, name, &a));
    if (!a.present) goto done;
    H5T_class_t class = H5Tget_class(a.type);
    BASIN_CHECK(class == H5T_FLOAT || whole(class), BASIN_ERR_FORMAT, "%s: %s: attribute %s: expected a number, file has %s", h5->path, object, name,
                class_name(class));
    BASIN_CHECK(H5Aread(a.id, H5T_NATIVE_DOUBLE, out) >= 0, BASIN_ERR_FORMAT, "%s: %s: attribute %s: %s", h5->path, object, name, REASON);
done:
    close_attribute(&a);
    return st;
}

basin_status basin_h5_int_attribute(const basin_h5 *h5, const char *object, const char *name, int64_t *out)
{
    basin_status st = BASIN_OK;
    attribute    a = NO_ATTRIBUTE;

    BASIN_TRY(open_attribute(h5, object, name, &a));
    if (!a.present) goto done;
    BASIN_CHECK(whole(H5Tget_class(a.type)), BASIN_ERR_FORMAT, "%s: %s: attribute %s: expected an integer, file has %s", h5->path, object, name,
                class_name(H5Tget_class(a.type)));
    BASIN_CHECK(H5Aread(a.id, H5T_NATIVE_INT64, out) >= 0, BASIN_ERR_FORMAT, "%s: %s: attribute %s: %s", h5->path, object, name, REASON);
done:
    close_attribute(&a);
    return st;
}

/* ------------------------------------------------------------------------------------------------ header -- */

basin_status basin_h5_is(const basin_h5 *h5, const char *format, bool *out)
{
    basin_status st = BASIN_OK;
    char        *found = NULL;

    BASIN_TRY(basin_h5_text_attribute(h5, "/", "format", &found));
    *out = found != NULL && strcmp(found, format) == 0;
done:
    basin_free(found);
    return st;
}

basin_status basin_h5_header(const basin_h5 *h5, const char *format)
{
    basin_status st = BASIN_OK;
    char        *found = NULL;
    int64_t      version = -1, complete = 0;

    BASIN_TRY(basin_h5_text_attribute(h5, "/", "format", &found));
    BASIN_CHECK(found != NULL, BASIN_ERR_FORMAT, "%s: no attribute format: expected «%s»", h5->path, format);
    BASIN_CHECK(strcmp(found, format) == 0, BASIN_ERR_FORMAT, "%s: expected «%s», file is «%.60s»", h5->path, format, found);
    BASIN_TRY(basin_h5_int_attribute(h5, "/", "version", &version));
    BASIN_CHECK(version >= 1, BASIN_ERR_FORMAT, "%s: no attribute version", h5->path);
    BASIN_CHECK(version <= BASIN_FORMAT_VERSION, BASIN_ERR_UNSUPPORTED, "%s: %s version %lld, this basin reads up to %d", h5->path, format,
                (long long)version, BASIN_FORMAT_VERSION);
    BASIN_TRY(basin_h5_int_attribute(h5, "/", "complete", &complete));
    BASIN_CHECK(complete == 1, BASIN_ERR_FORMAT, "%s: no attribute complete: still being written, or its writer was stopped", h5->path);
done:
    basin_free(found);
    return st;
}

/* ------------------------------------------------------------------------------------------------ arrays -- */

/* Where the values lie: in this file, behind filters that every HDF5 has, in chunks that fit. */
static basin_status check_storage(const basin_h5 *h5, const char *name, hid_t id, size_t element)
{
    basin_status st = BASIN_OK;
    hid_t        plist = H5Dget_create_plist(id);
    H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_LAYOUT_ERROR;
    hsize_t      chunk[H5S_MAX_RANK];
    size_t       bytes = element;

    BASIN_CHECK(layout != H5D_LAYOUT_ERROR, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, name, REASON);
    BASIN_CHECK(layout != H5D_VIRTUAL, BASIN_ERR_UNSUPPORTED, "%s: %s: a virtual data set is not read", h5->path, name);
    BASIN_CHECK(H5Pget_external_count(plist) == 0, BASIN_ERR_UNSUPPORTED, "%s: %s: storage in another file is not read", h5->path, name);
    for (int i = 0; i < H5Pget_nfilters(plist); i++) {
        unsigned     flags;
        size_t       values = 0;
        H5Z_filter_t filter = H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        BASIN_CHECK(filter > 0 && filter <= H5Z_FILTER_SCALEOFFSET, BASIN_ERR_UNSUPPORTED, "%s: %s: filter %d is not one of HDF5's own", h5->path, name,
                    (int)filter);
    }
    if (layout == H5D_CHUNKED) {
        int rank = H5Pget_chunk(plist, H5S_MAX_RANK, chunk);
        for (int i = 0; i < rank; i++)
            BASIN_CHECK(basin_mul(bytes, (size_t)chunk[i], &bytes) && bytes <= basin_memory_limit(), BASIN_ERR_BUDGET,
                        "%s: %s: one chunk does not fit the memory limit of %zu bytes", h5->path, name, basin_memory_limit());
    }
done:
    if (plist >= 0) H5Pclose(plist);
    return st;
}

static basin_status check_type(const basin_h5 *h5, const char *name, hid_t type, basin_h5_type *out)
{
    basin_status st = BASIN_OK;
    H5T_class_t class = H5Tget_class(type);

    BASIN_CHECK(class == H5T_FLOAT || class == H5T_STRING || whole(class), BASIN_ERR_FORMAT, "%s: %s: expected numbers or strings, file has %s", h5->path,
                name, class_name(class));
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

    BASIN_CHECK(rank >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL, BASIN_ERR_FORMAT, "%s: %s: has no values", h5->path, name);
    BASIN_CHECK(rank <= BASIN_H5_MAX_RANK, BASIN_ERR_SHAPE, "%s: %s: rank %d, at most %d", h5->path, name, rank, BASIN_H5_MAX_RANK);
    H5Sget_simple_extent_dims(space, shape, NULL);
    out->rank = (size_t)rank;
    for (int i = 0; i < rank; i++) out->shape[i] = (size_t)shape[i];
    BASIN_CHECK(basin_shape_size(out->shape, out->rank, &out->size) && basin_mul(out->size, 8, &bytes), BASIN_ERR_FORMAT,
                "%s: %s: the product of the dimensions %s overflows", h5->path, name, BASIN_SHAPE_TEXT(out->shape, out->rank));
    BASIN_CHECK(bytes <= basin_memory_limit(), BASIN_ERR_BUDGET, "%s: %s: %s needs %zu bytes, the memory limit is %zu", h5->path, name,
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
    BASIN_CHECK(kind == BASIN_H5_ARRAY, BASIN_ERR_FORMAT, "%s: %s: expected a data set, file has a group", h5->path, name);
    BASIN_CHECK((array.id = H5Dopen2(h5->file, name, H5P_DEFAULT)) >= 0 && (type = H5Dget_type(array.id)) >= 0 && (space = H5Dget_space(array.id)) >= 0,
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
    return basin_fail(BASIN_ERR_SHAPE, "%s: %s: expected %s, file has %s", array->h5->path, array->name, BASIN_SHAPE_TEXT(shape, rank),
                      BASIN_SHAPE_TEXT(array->shape, array->rank));
}

static const char *type_name(basin_h5_type type)
{
    static const char *const names[] = {[BASIN_H5_REAL] = "floating point numbers", [BASIN_H5_INTEGER] = "integers", [BASIN_H5_TEXT] = "strings"};
    return names[type];
}

static basin_status expect_type(const basin_h5_array *array, basin_h5_type expected)
{
    if (array->type == expected) return BASIN_OK;
    return basin_fail(BASIN_ERR_FORMAT, "%s: %s: expected %s, file has %s", array->h5->path, array->name, type_name(expected), type_name(array->type));
}

static basin_status read_values(const basin_h5_array *array, hid_t type, void *out)
{
    if (array->size == 0 || H5Dread(array->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0) return BASIN_OK;
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

basin_status basin_h5_array_texts(const basin_h5_array *array, char **out)
{
    basin_status st = BASIN_OK;
    hid_t        type = NO_ID;
    char       **texts = NULL;
    bool         read = false;

    BASIN_TRY(expect_type(array, BASIN_H5_TEXT));
    type = H5Dget_type(array->id);
    BASIN_CHECK(type >= 0 && H5Tis_variable_str(type) > 0, BASIN_ERR_FORMAT, "%s: %s: expected strings of variable length", array->h5->path, array->name);
    BASIN_ALLOC(texts, array->size, array->name);
    BASIN_TRY(read_values(array, type, texts));
    read = true;
    for (size_t i = 0; i < array->size; i++) {
        BASIN_CHECK(texts[i] == NULL || basin_text_plain(texts[i]), BASIN_ERR_FORMAT, "%s: %s: string %zu is not plain UTF-8 text", array->h5->path,
                    array->name, i);
        BASIN_STRDUP(out[i], texts[i]);
    }
done:
    for (size_t i = 0; read && i < array->size; i++)
        if (texts[i] != NULL) H5free_memory(texts[i]);
    basin_free(texts);
    if (type >= 0) H5Tclose(type);
    return st;
}

basin_status basin_h5_reals(const basin_h5 *h5, const char *name, const size_t *shape, size_t rank, double *out)
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
    BASIN_CHECK(array.size == 1, BASIN_ERR_SHAPE, "%s: %s: expected one string, file has %s", h5->path, name, BASIN_SHAPE_TEXT(array.shape, array.rank));
    BASIN_CHECK((type = H5Dget_type(array.id)) >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, name, REASON);
    BASIN_TRY(read_text(array.id, type, false, h5->path, name, out));
done:
    if (type >= 0) H5Tclose(type);
    basin_h5_array_close(&array);
    return st;
}
