/* Results as JSON (docs/json.md): generic over the schemas. Same struct, same bytes: keys in the order of the
 * schema, numbers with 17 significant digits, nothing that depends on the machine or the hour.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/result.h"
#include "io/text.h"

/* Builders return NULL without memory; put and append take that for their failure. Numbers of items are the
   schema's. */

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* JSON's integers are signed here; the upper half of uint64 becomes text rather than a negative or rounded
   number. */
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

/* ---------------------------------------------------------------------------------------------- values -- */

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

/* A list, or a list of rows. */
static json_t *array(const basin_field *field, const void *value)
{
    const void *values = *(void *const *)((const char *)value + field->offset);
    size_t      shape[2], rank = basin_field_shape(field, value, shape);

    if (rank == 1) return list(field, values, 0, shape[0]);
    json_t *rows = json_array();
    for (size_t i = 0; values != NULL && i < shape[0]; i++)
        if (!append(rows, list(field, values, i * shape[1], shape[1]))) return drop(rows);
    return rows;
}

static json_t *object(const basin_schema *schema, const void *value);

static json_t *objects(const basin_field *field, const void *value)
{
    const char *items = *(char *const *)((const char *)value + field->offset);
    json_t     *out = json_array();
    size_t      shape[2];

    basin_field_shape(field, value, shape);
    for (size_t i = 0; items != NULL && i < shape[0]; i++)
        if (!append(out, object(field->schema, items + i * field->schema->size))) return drop(out);
    return out;
}

static json_t *convert(const basin_field *field, const void *value)
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
    case BASIN_FIELD_STRUCT: return object(field->schema, at);
    case BASIN_FIELD_STRUCTS: return objects(field, value);
    default: return array(field, value);
    }
}

/* --------------------------------------------------------------------------------------------- objects -- */

/* Sets «sane.sweep.value» as member `value` of member `sweep` of member `sane`; a name that is taken is a
   failure. */
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

static json_t *object(const basin_schema *schema, const void *value)
{
    json_t *out = json_object();

    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        if (!(field->flags & BASIN_FIELD_HIDDEN) && !put(out, field->name, convert(field, value)))
            return drop(out);
    }
    return out;
}

static json_t *document(const basin_result *result)
{
    json_t *out = json_object(), *body = object(basin_result_schema(result->kind), result->value);
    bool    good = put(out, "kind", json_string(basin_result_name(result->kind))) && body != NULL &&
                json_object_update(out, body) == 0;

    if (good && result->provenance != NULL)
        good = put(out, "provenance", object(&basin_provenance_schema, result->provenance));
    json_decref(body);
    return good ? out : drop(out);
}

basin_status basin_result_json(const basin_result *const *results, size_t count, char **out)
{
    basin_status st = BASIN_OK;
    json_t      *root = NULL;
    char        *dumped = NULL;

    BASIN_CHECK(count > 0, BASIN_ERR_ARG, "no result to write as JSON");
    root = count == 1 ? document(results[0]) : json_pack("{s:[]}", "results");
    for (size_t i = 0; count > 1 && i < count; i++)
        BASIN_CHECK(root != NULL && append(json_object_get(root, "results"), document(results[i])),
                    BASIN_ERR_NOMEM, "out of memory for JSON");
    BASIN_CHECK(root != NULL && (dumped = json_dumps(root, JSON_REAL_PRECISION(17))) != NULL, BASIN_ERR_NOMEM,
                "out of memory for JSON");
    BASIN_STRDUP(*out, dumped);
done:
    json_decref(root);
    free(dumped);
    return st;
}
