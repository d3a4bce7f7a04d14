#include <stdio.h>
#include <string.h>

#include "io/h5.h"
#include "io/result.h"
#include "io/text.h"

bool basin_schema_flat(const basin_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type == BASIN_FIELD_STRUCT ? !basin_schema_flat(schema->fields[i].schema)
                                                         : schema->fields[i].type > BASIN_FIELD_STRING)
            return false;
    return true;
}

size_t basin_field_shape(const basin_field *field, const void *value, size_t shape[2])
{
    size_t rank = 0;

    shape[0] = shape[1] = 0;
    for (; rank < 2 && field->extent[rank] != BASIN_NO_EXTENT; rank++)
        shape[rank] = *(const size_t *)((const char *)value + field->extent[rank]);
    return rank;
}

char *basin_field_path(const char *base, const char *name)
{
    char *path = basin_format("%s/%s", base, name);

    for (char *c = path != NULL ? path + strlen(base) : NULL; c != NULL && *c != '\0'; c++)
        if (*c == '.') *c = '/';
    return path;
}

/* --------------------------------------------------------------------------------------------- columns -- */

/* One field of `count` structs that lie `stride` bytes apart becomes one data set: [count], or a scalar for
   rank 0. */
typedef struct column {
    const basin_field *field;
    const char        *path;
    const char        *values; /* the first struct */
    size_t             count, rank, stride;
} column;

static const void *at(const column *c, size_t i)
{
    return c->values + i * c->stride + c->field->offset;
}

static basin_status put_words(basin_h5 *h5, const column *c, basin_h5_storage storage)
{
    basin_status st = BASIN_OK;
    uint64_t    *words = NULL; /* size_t, int64_t, uint64_t and double all have 8 bytes */

    BASIN_ALLOC(words, c->count, c->path);
    for (size_t i = 0; i < c->count; i++) memcpy(&words[i], at(c, i), sizeof *words);
    BASIN_TRY(basin_h5_put(h5, c->path, storage, &c->count, c->rank, words));
done:
    basin_free(words);
    return st;
}

_Static_assert(sizeof(size_t) == 8 && sizeof(double) == 8, "results lie in words of 8 bytes");

static basin_status put_bools(basin_h5 *h5, const column *c)
{
    basin_status st = BASIN_OK;
    uint8_t     *bytes = NULL;

    BASIN_ALLOC(bytes, c->count, c->path);
    for (size_t i = 0; i < c->count; i++) bytes[i] = *(const bool *)at(c, i);
    BASIN_TRY(basin_h5_put(h5, c->path, BASIN_H5_BOOL, &c->count, c->rank, bytes));
done:
    basin_free(bytes);
    return st;
}

/* The name that an enum's value has in the file; NULL where it has none, as -1 for unknown. */
static const char *choice(const basin_field *field, int value)
{
    for (int i = 0; field->choices[i] != NULL; i++)
        if (i == value) return field->choices[i];
    return NULL;
}

static const char *text_of(const column *c, size_t i)
{
    return c->field->type == BASIN_FIELD_CHOICE ? choice(c->field, *(const int *)at(c, i))
                                                : *(char *const *)at(c, i);
}

static bool may_lack_text(const basin_field *field)
{
    return field->type == BASIN_FIELD_CHOICE ? field->flags & BASIN_FIELD_UNKNOWN
                                             : field->flags & BASIN_FIELD_OPTIONAL;
}

static basin_status put_texts(basin_h5 *h5, const char *path, const size_t *shape, size_t rank,
                              const char *const *texts, size_t count, bool optional)
{
    basin_status st = BASIN_OK;
    char       **stored = NULL;

    BASIN_ALLOC(stored, count, path);
    for (size_t i = 0; i < count; i++) {
        BASIN_CHECK(texts[i] != NULL || optional, BASIN_ERR_ARG, "the result has no text %s", path);
        if (texts[i] != NULL)
            BASIN_CHECK((stored[i] = basin_text_store(texts[i])) != NULL, BASIN_ERR_NOMEM,
                        "out of memory for %s", path);
    }
    BASIN_TRY(basin_h5_put_texts(h5, path, shape, rank, (const char *const *)stored));
done:
    for (size_t i = 0; stored != NULL && i < count; i++) basin_free(stored[i]);
    basin_free(stored);
    return st;
}

static basin_status put_column_texts(basin_h5 *h5, const column *c)
{
    basin_status st = BASIN_OK;
    const char **texts = NULL;

    BASIN_ALLOC(texts, c->count, c->path);
    for (size_t i = 0; i < c->count; i++) texts[i] = text_of(c, i);
    BASIN_TRY(put_texts(h5, c->path, &c->count, c->rank, texts, c->count, may_lack_text(c->field)));
done:
    basin_free(texts);
    return st;
}

static basin_status put_description(basin_h5 *h5, const char *path, const basin_field *field)
{
    return field->text[0] ? basin_h5_put_text_attribute(h5, path, "description", field->text) : BASIN_OK;
}

static basin_status put_column(basin_h5 *h5, const column *c)
{
    basin_status st = BASIN_OK;

    switch (c->field->type) {
    case BASIN_FIELD_SIZE:
    case BASIN_FIELD_UINT: BASIN_TRY(put_words(h5, c, BASIN_H5_U64)); break;
    case BASIN_FIELD_INT: BASIN_TRY(put_words(h5, c, BASIN_H5_I64)); break;
    case BASIN_FIELD_DOUBLE: BASIN_TRY(put_words(h5, c, BASIN_H5_F64)); break;
    case BASIN_FIELD_BOOL: BASIN_TRY(put_bools(h5, c)); break;
    default:
        if (c->rank == 0 && may_lack_text(c->field) && text_of(c, 0) == NULL) return BASIN_OK; /* absent */
        BASIN_TRY(put_column_texts(h5, c));
    }
    BASIN_TRY(put_description(h5, c->path, c->field));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- structs -- */

static basin_status put_struct(basin_h5 *h5, const char *base, const basin_schema *schema, const void *value);

static basin_status put_array(basin_h5 *h5, const char *path, const basin_field *field, const void *value)
{
    basin_status st = BASIN_OK;
    const void  *array = *(void *const *)((const char *)value + field->offset);
    size_t       shape[2], rank = basin_field_shape(field, value, shape);
    size_t       count = rank == 2 ? shape[0] * shape[1] : shape[0];

    BASIN_CHECK(array != NULL || count == 0, BASIN_ERR_ARG, "the result has no values %s", path);
    if (array == NULL) return BASIN_OK;
    if (field->type == BASIN_FIELD_STRINGS)
        BASIN_TRY(put_texts(h5, path, shape, rank, array, count, false));
    else
        BASIN_TRY(basin_h5_put(h5, path, field->type == BASIN_FIELD_DOUBLES ? BASIN_H5_F64 : BASIN_H5_U64,
                               shape, rank, array));
    BASIN_TRY(put_description(h5, path, field));
done:
    return st;
}

/* The structs of a table, `stride` bytes apart, column by column; a struct inside each is a group of
   columns. */
static basin_status put_table(basin_h5 *h5, const char *path, const basin_schema *schema, const char *items,
                              size_t count, size_t stride)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;

    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        basin_free(name);
        BASIN_CHECK((name = basin_field_path(path, field->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        if (field->type != BASIN_FIELD_STRUCT) {
            BASIN_TRY(put_column(h5, &(column){field, name, items, count, 1, stride}));
        } else {
            BASIN_TRY(put_table(h5, name, field->schema, items + field->offset, count, stride));
            BASIN_TRY(put_description(h5, name, field));
        }
    }
done:
    basin_free(name);
    return st;
}

static basin_status put_structs(basin_h5 *h5, const char *path, const basin_field *field, const void *value)
{
    basin_status st = BASIN_OK;
    const char  *items = *(char *const *)((const char *)value + field->offset);
    char        *name = NULL;
    size_t       shape[2];

    basin_field_shape(field, value, shape);
    BASIN_CHECK(items != NULL || shape[0] == 0, BASIN_ERR_ARG, "the result has no items %s", path);
    BASIN_TRY(basin_h5_put_group(h5, path));
    BASIN_TRY(put_description(h5, path, field));
    if (shape[0] == 0) goto done;
    if (basin_schema_flat(field->schema)) {
        BASIN_TRY(put_table(h5, path, field->schema, items, shape[0], field->schema->size));
        goto done;
    }
    for (size_t i = 0; i < shape[0]; i++) {
        basin_free(name);
        BASIN_CHECK((name = basin_format("%s/%04zu", path, i)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(put_struct(h5, name, field->schema, items + i * field->schema->size));
    }
done:
    basin_free(name);
    return st;
}

/* A struct inside another is a group of its members. */
static basin_status put_inner(basin_h5 *h5, const char *path, const basin_field *field, const void *value)
{
    basin_status st = put_struct(h5, path, field->schema, (const char *)value + field->offset);

    return st == BASIN_OK ? put_description(h5, path, field) : st;
}

static basin_status put_field(basin_h5 *h5, const char *path, const basin_field *field, const void *value)
{
    switch (field->type) {
    case BASIN_FIELD_DOUBLES:
    case BASIN_FIELD_SIZES:
    case BASIN_FIELD_STRINGS: return put_array(h5, path, field, value);
    case BASIN_FIELD_STRUCT: return put_inner(h5, path, field, value);
    case BASIN_FIELD_STRUCTS: return put_structs(h5, path, field, value);
    default: return put_column(h5, &(column){field, path, value, 1, 0, 0});
    }
}

static basin_status put_struct(basin_h5 *h5, const char *base, const basin_schema *schema, const void *value)
{
    basin_status st = BASIN_OK;
    char        *path = NULL;

    for (size_t i = 0; i < schema->count; i++) {
        basin_free(path);
        BASIN_CHECK((path = basin_field_path(base, schema->fields[i].name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(put_field(h5, path, &schema->fields[i], value));
    }
done:
    basin_free(path);
    return st;
}

basin_status basin_result_write(const basin_result *result, const char *path)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;

    BASIN_TRY(basin_h5_create(path, &h5));
    BASIN_TRY(basin_h5_begin(h5, BASIN_RESULT_FORMAT, BASIN_RESULTS_VERSION));
    BASIN_TRY(basin_h5_put_text_attribute(h5, "/", "kind", basin_result_name(result->kind)));
    BASIN_TRY(put_struct(h5, "/result", basin_result_schema(result->kind), result->value));
    if (result->provenance != NULL)
        BASIN_TRY(put_struct(h5, "/provenance", &basin_provenance_schema, result->provenance));
    BASIN_TRY(basin_h5_commit(h5));
done:
    basin_h5_close(&h5);
    return st;
}
