#include "core/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

static size_t extent(const basin_field *field, const void *value)
{
    size_t count = 1;

    for (int i = 0; i < 2; i++)
        if (field->extent[i] != BASIN_NO_EXTENT)
            count *= *(const size_t *)((const char *)value + field->extent[i]);
    return count;
}

/* --------------------------------------------------------------------------------------------- freeing -- */

static void clear_field(const basin_field *field, void *value)
{
    char *at = (char *)value + field->offset;
    void *owned;

    switch (field->type) {
    case BASIN_FIELD_STRUCT: basin_schema_clear(field->schema, at); break;
    case BASIN_FIELD_STRING:
    case BASIN_FIELD_DOUBLES:
    case BASIN_FIELD_SIZES: basin_free(*(void **)at); break;
    case BASIN_FIELD_STRINGS:
        owned = *(void **)at;
        for (size_t i = 0; owned != NULL && i < extent(field, value); i++) basin_free(((char **)owned)[i]);
        basin_free(owned);
        break;
    case BASIN_FIELD_STRUCTS:
        owned = *(void **)at;
        for (size_t i = 0; owned != NULL && i < extent(field, value); i++)
            basin_schema_clear(field->schema, (char *)owned + i * field->schema->size);
        basin_free(owned);
        break;
    default: break;
    }
}

void basin_schema_clear(const basin_schema *schema, void *value)
{
    for (size_t i = 0; i < schema->count; i++) clear_field(&schema->fields[i], value);
    memset(value, 0, schema->size);
}

void basin_schema_destroy(const basin_schema *schema, void **value)
{
    if (value == NULL || *value == NULL) return;
    basin_schema_clear(schema, *value);
    basin_free(*value);
    *value = NULL;
}

/* --------------------------------------------------------------------------------------------- copying -- */

static basin_status copy_array(const void *from, size_t count, size_t size, void **to)
{
    if (from == NULL) return BASIN_OK;
    void *copy = basin_alloc(count, size);
    if (copy == NULL) return basin_fail(BASIN_ERR_NOMEM, "out of memory for %zu x %zu bytes", count, size);
    memcpy(copy, from, count * size);
    *to = copy;
    return BASIN_OK;
}

static basin_status copy_field(const basin_field *field, const void *from, void *to)
{
    basin_status st = BASIN_OK;
    const char  *a = (const char *)from + field->offset;
    char        *b = (char *)to + field->offset;
    size_t       count = extent(field, from);

    switch (field->type) {
    case BASIN_FIELD_STRUCT: return basin_schema_copy(field->schema, a, b);
    case BASIN_FIELD_STRING: BASIN_STRDUP(*(char **)b, *(char *const *)a); break;
    case BASIN_FIELD_DOUBLES: return copy_array(*(void *const *)a, count, sizeof(double), (void **)b);
    case BASIN_FIELD_SIZES: return copy_array(*(void *const *)a, count, sizeof(size_t), (void **)b);
    case BASIN_FIELD_STRINGS: {
        char *const *names = *(char *const *const *)a;
        if (names == NULL) break;
        BASIN_ALLOC(*(char ***)b, count, field->name);
        for (size_t i = 0; i < count; i++) BASIN_STRDUP((*(char ***)b)[i], names[i]);
        break;
    }
    case BASIN_FIELD_STRUCTS: {
        const char *items = *(char *const *)a;
        if (items == NULL) break;
        BASIN_CHECK((*(char **)b = basin_alloc(count, field->schema->size)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for %s", field->name);
        for (size_t i = 0; i < count; i++)
            BASIN_TRY(basin_schema_copy(field->schema, items + i * field->schema->size,
                                        *(char **)b + i * field->schema->size));
        break;
    }
    default: break; /* copied with the counts */
    }
done:
    return st;
}

static size_t plain_size(basin_field_type type)
{
    switch (type) {
    case BASIN_FIELD_SIZE: return sizeof(size_t);
    case BASIN_FIELD_INT: return sizeof(int64_t);
    case BASIN_FIELD_UINT: return sizeof(uint64_t);
    case BASIN_FIELD_DOUBLE: return sizeof(double);
    case BASIN_FIELD_BOOL: return sizeof(bool);
    case BASIN_FIELD_CHOICE: return sizeof(int);
    default: return 0;
    }
}

basin_status basin_schema_copy(const basin_schema *schema, const void *from, void *to)
{
    basin_status st = BASIN_OK;

    /* sizes first: what frees a half-made copy needs them */
    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        memcpy((char *)to + field->offset, (const char *)from + field->offset, plain_size(field->type));
    }
    for (size_t i = 0; i < schema->count; i++) BASIN_TRY(copy_field(&schema->fields[i], from, to));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- comparing -- */

typedef struct comparison {
    double *difference;
    char   *where; /* [128] */
} comparison;

static void differ(comparison *c, double difference, const char *prefix, const char *name, size_t index)
{
    if (!(difference > *c->difference)) return;
    *c->difference = difference;
    if (index == BASIN_NO_EXTENT)
        snprintf(c->where, 128, "%s%s", prefix, name);
    else
        snprintf(c->where, 128, "%s%s[%zu]", prefix, name, index);
}

/* Relative to the larger of the two, and to `scale`, the largest number of the same array: an eigenvalue that
   is zero up to rounding agrees when it is small against the largest. */
static double relative(double a, double b, double scale)
{
    if (a == b || (isnan(a) && isnan(b))) return 0.0;
    if (!isfinite(a) || !isfinite(b)) return INFINITY;
    double size = fmax(fmax(fabs(a), fabs(b)), scale);
    return fabs(a - b) / size;
}

static void compare_doubles(comparison *c, const char *prefix, const char *name, const double *a,
                            const double *b, size_t count)
{
    double scale = 0.0;

    for (size_t i = 0; i < count; i++)
        if (isfinite(a[i])) scale = fmax(scale, fabs(a[i]));
    for (size_t i = 0; i < count; i++) differ(c, relative(a[i], b[i], scale), prefix, name, i);
}

static void compare_struct(comparison *c, const char *prefix, const basin_schema *schema, const void *a,
                           const void *b);

static void compare_field(comparison *c, const char *prefix, const basin_field *field, const void *a,
                          const void *b)
{
    const char *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
    size_t      count = extent(field, a);
    char        inner[128];

    if (field->type >= BASIN_FIELD_DOUBLES && count != extent(field, b)) {
        differ(c, INFINITY, prefix, field->name, BASIN_NO_EXTENT);
        return;
    }
    if ((field->type == BASIN_FIELD_DOUBLES || field->type >= BASIN_FIELD_SIZES) &&
        field->type != BASIN_FIELD_STRUCT) {
        const void *p = *(void *const *)x, *q = *(void *const *)y;
        if ((p == NULL) != (q == NULL) && count > 0)
            differ(c, INFINITY, prefix, field->name, BASIN_NO_EXTENT);
        if (p == NULL || q == NULL) return;
    }
    switch (field->type) {
    case BASIN_FIELD_DOUBLE:
        differ(c, relative(*(const double *)x, *(const double *)y, 0.0), prefix, field->name,
               BASIN_NO_EXTENT);
        break;
    case BASIN_FIELD_STRING:
        if (!basin_same_text(*(char *const *)x, *(char *const *)y))
            differ(c, INFINITY, prefix, field->name, BASIN_NO_EXTENT);
        break;
    case BASIN_FIELD_DOUBLES:
        compare_doubles(c, prefix, field->name, *(double *const *)x, *(double *const *)y, count);
        break;
    case BASIN_FIELD_SIZES:
        for (size_t i = 0; i < count; i++)
            if ((*(size_t *const *)x)[i] != (*(size_t *const *)y)[i])
                differ(c, INFINITY, prefix, field->name, i);
        break;
    case BASIN_FIELD_STRINGS:
        for (size_t i = 0; i < count; i++)
            if (!basin_same_text((*(char **const *)x)[i], (*(char **const *)y)[i]))
                differ(c, INFINITY, prefix, field->name, i);
        break;
    case BASIN_FIELD_STRUCT:
        snprintf(inner, sizeof inner, "%s%s.", prefix, field->name);
        compare_struct(c, inner, field->schema, x, y);
        break;
    case BASIN_FIELD_STRUCTS:
        for (size_t i = 0; i < count; i++) {
            snprintf(inner, sizeof inner, "%s%s[%zu].", prefix, field->name, i);
            compare_struct(c, inner, field->schema, *(char *const *)x + i * field->schema->size,
                           *(char *const *)y + i * field->schema->size);
        }
        break;
    default:
        if (memcmp(x, y, plain_size(field->type)) != 0)
            differ(c, INFINITY, prefix, field->name, BASIN_NO_EXTENT);
    }
}

static void compare_struct(comparison *c, const char *prefix, const basin_schema *schema, const void *a,
                           const void *b)
{
    for (size_t i = 0; i < schema->count; i++)
        if (!(schema->fields[i].flags & BASIN_FIELD_HIDDEN))
            compare_field(c, prefix, &schema->fields[i], a, b);
}

void basin_schema_compare(const basin_schema *schema, const void *a, const void *b, double *difference,
                          char where[128])
{
    comparison c = {.difference = difference, .where = where};

    *difference = 0.0;
    where[0] = '\0';
    compare_struct(&c, "", schema, a, b);
}
