/* Results as JSON (docs/json.md): generic over the schemas. Same struct, same bytes: keys in the order of the schema, numbers
 * with 17 significant digits, nothing that depends on the machine or the hour.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/result.h"
#include "io/text.h"

/* Builders return NULL without memory; put and append take that for their failure. Numbers of items are the schema's. */

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* JSON's integers are signed here; the upper half of uint64 becomes text rather than a negative or rounded number. */
static json_t *natural(uint64_t value)
{
    char text[24];

    if (value <= INT64_MAX) return json_integer((json_int_t)value);
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return json_string(text);
}

static json_t *text(const char *value)
{
    if (value == NULL) return json_null();
    char   *clean = basin_text_clean(value);
    json_t *string = clean != NULL ? json_string(clean) : NULL;
    basin_free(clean);
    return string;
}

static bool append(json_t *list, json_t *item)
{
    return json_array_append_new(list, item) == 0;
}

static json_t *drop(json_t *value)
{
    json_decref(value);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- values -- */

static json_t *element(const basin_field *field, const void *array, size_t i)
{
    switch (field->type) {
    case BASIN_FIELD_DOUBLES: return real(((const double *)array)[i]);
    case BASIN_FIELD_SIZES: return natural(((const size_t *)array)[i]);
    default: return text(((char *const *)array)[i]);
    }
}

static json_t *list(const basin_field *field, const void *array, size_t first, size_t count)
{
    json_t *items = json_array();

    for (size_t i = 0; array != NULL && i < count; i++)
        if (!append(items, element(field, array, first + i))) return drop(items);
    return items;
}

/* A list, or a list of rows. `flat`: the only row of a [1, n] array is the list. */
static json_t *array(const basin_field *field, const void *value, bool flat)
{
    const void *values = *(void *const *)((const char *)value + field->offset);
    size_t      shape[2], rank = basin_field_shape(field, value, shape);

    if (rank == 1) return list(field, values, 0, shape[0]);
    if (flat && shape[0] == 1) return list(field, values, 0, shape[1]);
    json_t *rows = json_array();
    for (size_t i = 0; values != NULL && i < shape[0]; i++)
        if (!append(rows, list(field, values, i * shape[1], shape[1]))) return drop(rows);
    return rows;
}

static json_t *object(const basin_schema *schema, const void *value, bool flat, size_t skip);

static json_t *objects(const basin_field *field, const void *value)
{
    const char *items = *(char *const *)((const char *)value + field->offset);
    json_t     *out = json_array();
    size_t      shape[2];

    basin_field_shape(field, value, shape);
    for (size_t i = 0; items != NULL && i < shape[0]; i++)
        if (!append(out, object(field->schema, items + i * field->schema->size, false, 0))) return drop(out);
    return out;
}

static json_t *convert(const basin_field *field, const void *value, bool flat)
{
    const char *at = (const char *)value + field->offset;

    switch (field->type) {
    case BASIN_FIELD_SIZE: return natural(*(const size_t *)(const void *)at);
    case BASIN_FIELD_UINT: return natural(*(const uint64_t *)(const void *)at);
    case BASIN_FIELD_INT: {
        int64_t i = *(const int64_t *)(const void *)at;
        return i == -1 && (field->flags & BASIN_FIELD_UNKNOWN) ? json_null() : json_integer(i);
    }
    case BASIN_FIELD_DOUBLE: return real(*(const double *)(const void *)at);
    case BASIN_FIELD_BOOL: return json_boolean(*(const bool *)at);
    case BASIN_FIELD_CHOICE: {
        int i = *(const int *)(const void *)at;
        return i == -1 && (field->flags & BASIN_FIELD_UNKNOWN) ? json_null() : json_string(field->choices[i]);
    }
    case BASIN_FIELD_STRING: return text(*(char *const *)(const void *)at);
    case BASIN_FIELD_STRUCT: return object(field->schema, at, false, 0);
    case BASIN_FIELD_STRUCTS: return objects(field, value);
    default: return array(field, value, flat);
    }
}

/* ------------------------------------------------------------------------------------------------ objects -- */

/* Sets «sane.sweep.value» as member `value` of member `sweep` of member `sane`; a name that is taken is a failure. */
static bool put(json_t *to, const char *name, json_t *value)
{
    const char *dot = strchr(name, '.');
    char        head[64];

    if (dot == NULL) {
        if (json_object_get(to, name) == NULL) return json_object_set_new(to, name, value) == 0;
        json_decref(value);
        return false;
    }
    snprintf(head, sizeof head, "%.*s", (int)(dot - name), name);
    if (json_object_get(to, head) == NULL) json_object_set_new(to, head, json_object());
    return put(json_object_get(to, head), dot + 1, value);
}

/* Each item under its own first field, a text. */
static bool put_keyed(json_t *to, const basin_field *field, const void *value)
{
    const char *items = *(char *const *)((const char *)value + field->offset);
    bool        flat = *(const size_t *)(const void *)((const char *)value + field->dimensions) == 1;
    size_t      shape[2];

    basin_field_shape(field, value, shape);
    for (size_t i = 0; i < shape[0]; i++) {
        const char *item = items + i * field->schema->size;
        char       *key = basin_text_clean(*(char *const *)(const void *)(item + field->schema->fields[0].offset));
        json_t     *member = key != NULL && json_object_get(to, key) == NULL ? object(field->schema, item, flat, 1) : NULL;
        bool        good = member != NULL && json_object_set_new(to, key, member) == 0;
        basin_free(key);
        if (!good) return false;
    }
    return true;
}

/* The fields from number `skip` on that are not hidden. */
static json_t *object(const basin_schema *schema, const void *value, bool flat, size_t skip)
{
    json_t *out = json_object();

    for (size_t i = skip; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        if (field->flags & BASIN_FIELD_HIDDEN) continue;
        bool good = field->flags & BASIN_FIELD_KEYED ? put_keyed(out, field, value) : put(out, field->name, convert(field, value, flat));
        if (!good) return drop(out);
    }
    return out;
}

static json_t *document(const basin_result *result)
{
    json_t *out = json_object(), *body = object(basin_result_schema(result->kind), result->value, false, 0);
    bool    good = put(out, "kind", json_string(basin_result_name(result->kind))) && body != NULL && json_object_update(out, body) == 0;

    if (good && result->provenance != NULL) good = put(out, "provenance", object(&basin_provenance_schema, result->provenance, false, 0));
    json_decref(body);
    return good ? out : drop(out);
}

/* The name of a keyed item that would hide another member of the object, or NULL. */
static const char *taken_key(const basin_result *result)
{
    const basin_schema *schema = basin_result_schema(result->kind);

    for (size_t f = 0; f < schema->count; f++) {
        const basin_field *field = &schema->fields[f];
        if (!(field->flags & BASIN_FIELD_KEYED)) continue;
        const char *items = *(char *const *)((const char *)result->value + field->offset);
        size_t      shape[2], first = field->schema->fields[0].offset;
        basin_field_shape(field, result->value, shape);
        for (size_t i = 0; i < shape[0]; i++) {
            const char *key = *(char *const *)(const void *)(items + i * field->schema->size + first);
            bool        taken = strcmp(key, "kind") == 0 || strcmp(key, "provenance") == 0;
            for (size_t g = 0; g < schema->count; g++) taken = taken || strcmp(key, schema->fields[g].name) == 0;
            for (size_t j = 0; j < i; j++) taken = taken || strcmp(key, *(char *const *)(const void *)(items + j * field->schema->size + first)) == 0;
            if (taken) return key;
        }
    }
    return NULL;
}

basin_status basin_result_json(const basin_result *const *results, size_t count, char **out)
{
    basin_status st = BASIN_OK;
    json_t      *root = NULL;
    char        *dumped = NULL;

    BASIN_CHECK(count > 0, BASIN_ERR_ARG, "no result to write as JSON");
    for (size_t i = 0; i < count; i++)
        BASIN_CHECK(taken_key(results[i]) == NULL, BASIN_ERR_UNSUPPORTED, "a split named «%.40s» cannot be told in JSON, where that is another member",
                    taken_key(results[i]));
    root = count == 1 ? document(results[0]) : json_pack("{s:[]}", "results");
    for (size_t i = 0; count > 1 && i < count; i++)
        BASIN_CHECK(root != NULL && append(json_object_get(root, "results"), document(results[i])), BASIN_ERR_NOMEM, "out of memory for JSON");
    BASIN_CHECK(root != NULL && (dumped = json_dumps(root, JSON_REAL_PRECISION(17))) != NULL, BASIN_ERR_NOMEM, "out of memory for JSON");
    BASIN_STRDUP(*out, dumped);
done:
    json_decref(root);
    free(dumped);
    return st;
}
