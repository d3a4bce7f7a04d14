/* Reading attributes and texts, as any writer may have stored them. */
#include <string.h>

#include "core/memory.h"
#include "io/h5.h"
#include "io/h5_file.h"
#include "io/text.h"

/* ----------------------------------------------------------------------------------------------- types -- */

const char *basin_h5_class_name(H5T_class_t class)
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

bool basin_h5_whole(H5T_class_t class)
{
    return class == H5T_INTEGER || class == H5T_ENUM;
}

/* ----------------------------------------------------------------------------------------------- texts -- */

basin_status basin_h5_fixed_text(const char *bytes, size_t size, H5T_str_t padding, char **out)
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

basin_status basin_h5_read_text(const basin_h5 *h5, hid_t id, hid_t type, bool attribute, const char *name,
                                char **out)
{
    basin_status st = BASIN_OK;
    char        *bytes = NULL, *variable = NULL;
    size_t       size = H5Tget_size(type);
    bool         is_variable = H5Tis_variable_str(type) > 0;
    void        *to = &variable;

    if (is_variable) {
        BASIN_TRY(basin_h5_rehearse(h5));
    } else {
        BASIN_CHECK(size > 0 && size <= BASIN_H5_MAX_TEXT, BASIN_ERR_FORMAT, "%s: %s: a string of %zu bytes",
                    h5->path, name, size);
        BASIN_ALLOC(bytes, size, "a string");
        to = bytes;
    }
    BASIN_CHECK((attribute ? H5Aread(id, type, to) : H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to)) >=
                    0,
                BASIN_ERR_FORMAT, "%s: %s: cannot be read: %s", h5->path, name, REASON);
    if (!is_variable)
        BASIN_TRY(basin_h5_fixed_text(bytes, size, H5Tget_strpad(type), out));
    else
        BASIN_TRY(basin_h5_fixed_text(variable ? variable : "",
                                      variable ? strnlen(variable, BASIN_H5_MAX_TEXT) : 0, H5T_STR_NULLTERM,
                                      out));
done:
    if (variable != NULL) H5free_memory(variable);
    basin_free(bytes);
    return st;
}

/* ------------------------------------------------------------------------------------------ attributes -- */

typedef struct attribute {
    hid_t id, type;
    bool  present;
} attribute;

#define NO_ATTRIBUTE               \
    {                              \
        .id = NO_ID, .type = NO_ID \
    }

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
    BASIN_CHECK((out->id = H5Aopen_by_name(h5->file, object, name, H5P_DEFAULT, H5P_DEFAULT)) >= 0 &&
                    (out->type = H5Aget_type(out->id)) >= 0 && (space = H5Aget_space(out->id)) >= 0,
                BASIN_ERR_FORMAT, "%s: %s: attribute %s: %s", h5->path, object, name, REASON);
    if (H5Sget_simple_extent_type(space) == H5S_NULL) goto done;
    BASIN_CHECK(H5Sget_simple_extent_npoints(space) == 1, BASIN_ERR_SHAPE,
                "%s: %s: attribute %s: expected one value, file has %lld", h5->path, object, name,
                (long long)H5Sget_simple_extent_npoints(space));
    out->present = true;
done:
    if (space >= 0) H5Sclose(space);
    return st;
}

basin_status basin_h5_text_attribute(const basin_h5 *h5, const char *object, const char *name, char **out)
{
    basin_status st = BASIN_OK;
    attribute    a = NO_ATTRIBUTE;
    char        *text = NULL;

    BASIN_TRY(open_attribute(h5, object, name, &a));
    if (!a.present) goto done;
    BASIN_CHECK(H5Tget_class(a.type) == H5T_STRING, BASIN_ERR_FORMAT,
                "%s: %s: attribute %s: expected a string, file has %s", h5->path, object, name,
                basin_h5_class_name(H5Tget_class(a.type)));
    BASIN_TRY(basin_h5_read_text(h5, a.id, a.type, true, name, &text));
    BASIN_CHECK(basin_text_plain(text), BASIN_ERR_FORMAT, "%s: %s: attribute %s: not plain UTF-8 text",
                h5->path, object, name);
    *out = text, text = NULL;
done:
    basin_free(text);
    close_attribute(&a);
    return st;
}

basin_status basin_h5_real_attribute(const basin_h5 *h5, const char *object, const char *name, double *out)
{
    basin_status st = BASIN_OK;
    attribute    a = NO_ATTRIBUTE;

    BASIN_TRY(open_attribute(h5, object, name, &a));
    if (!a.present) goto done;
    H5T_class_t class = H5Tget_class(a.type);
    BASIN_CHECK(class == H5T_FLOAT || basin_h5_whole(class), BASIN_ERR_FORMAT,
                "%s: %s: attribute %s: expected a number, file has %s", h5->path, object, name,
                basin_h5_class_name(class));
    BASIN_CHECK(H5Aread(a.id, H5T_NATIVE_DOUBLE, out) >= 0, BASIN_ERR_FORMAT, "%s: %s: attribute %s: %s",
                h5->path, object, name, REASON);
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
    BASIN_CHECK(basin_h5_whole(H5Tget_class(a.type)), BASIN_ERR_FORMAT,
                "%s: %s: attribute %s: expected an integer, file has %s", h5->path, object, name,
                basin_h5_class_name(H5Tget_class(a.type)));
    BASIN_CHECK(H5Aread(a.id, H5T_NATIVE_INT64, out) >= 0, BASIN_ERR_FORMAT, "%s: %s: attribute %s: %s",
                h5->path, object, name, REASON);
done:
    close_attribute(&a);
    return st;
}

basin_status basin_h5_has_attribute(const basin_h5 *h5, const char *object, const char *name, bool *out)
{
    basin_status st = BASIN_OK;
    attribute    a = NO_ATTRIBUTE;

    BASIN_TRY(open_attribute(h5, object, name, &a));
    *out = a.present;
done:
    close_attribute(&a);
    return st;
}
