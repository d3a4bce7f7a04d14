/* Results as tables of comma-separated values: generic over the schemas, with the names of docs/json.md.
 *
 *   lists of objects     a row for each, `a.b` for member b of member a; a measure of a row stands under its
 *                        own name, its ends under `lambda_max.lower`, and what was measured in no row is
 *                        left out
 *   arrays of one length columns side by side: `eigenvalues`, `residuals`, …
 *   a slice              `values`: split, the coordinates s (and t), loss and accuracy of each point
 *
 * What is not known is empty, numbers have 17 significant digits, quotes are those of RFC 4180.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/result.h"

#define MEASURES "measures."
enum { MOST_TABLES = 32, NAME = 96 };

typedef struct column { /* the values of a field, each `stride` bytes behind the one before */
    char               name[NAME];
    const basin_field *field;
    const char        *first;
    size_t             stride;
} column;

typedef struct table {
    char    name[NAME];
    size_t  rows, count, room;
    column *columns;
} table;

typedef struct tables {
    size_t count;
    table  list[MOST_TABLES];
} tables;

static void tables_clear(tables *t)
{
    for (size_t i = 0; i < t->count; i++) basin_free(t->list[i].columns);
    *t = (tables){0};
}

static basin_status add_column(table *t, const char *prefix, const char *name, column c)
{
    basin_status st = BASIN_OK;
    column      *longer = NULL;

    if (t->count == t->room) {
        const size_t room = t->room == 0 ? 32 : 2 * t->room;
        BASIN_CHECK((longer = basin_grow(t->columns, t->count, room, sizeof *longer)) != NULL,
                    BASIN_ERR_NOMEM, "out of memory for a table of %zu columns", room);
        t->columns = longer, t->room = room;
    }
    snprintf(c.name, sizeof c.name, "%s%s", prefix, name);
    t->columns[t->count++] = c;
done:
    return st;
}

/* NULL where there are too many. */
static table *new_table(tables *all, const char *prefix, const char *name, size_t rows)
{
    if (all->count == MOST_TABLES) return NULL;
    table *t = &all->list[all->count++];
    *t = (table){.rows = rows};
    snprintf(t->name, sizeof t->name, "%s%s", prefix, name);
    return t;
}

/* ----------------------------------------------------------------------------------------- collecting -- */

/* The members of one value each, of a struct at `first` and of those inside it. */
static basin_status add_members(table *t, const char *prefix, const basin_schema *schema, const char *first,
                                size_t stride)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *f = &schema->fields[i];
        char               inner[NAME];
        if (f->flags & BASIN_FIELD_HIDDEN) continue;
        if (f->type <= BASIN_FIELD_STRING) {
            BASIN_TRY(add_column(t, prefix, f->name, (column){"", f, first + f->offset, stride}));
        } else if (f->type == BASIN_FIELD_STRUCT) {
            snprintf(inner, sizeof inner, "%s%s.", prefix, f->name);
            BASIN_TRY(add_members(t, inner, f->schema, first + f->offset, stride));
        }
    }
done:
    return st;
}

static size_t element_size(const basin_field *f)
{
    return f->type == BASIN_FIELD_DOUBLES ? sizeof(double)
           : f->type == BASIN_FIELD_SIZES ? sizeof(size_t)
                                          : sizeof(char *);
}

/* Bytes of «sane.sweep.» in «sane.sweep.value». */
static size_t head_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL ? (size_t)(dot + 1 - name) : 0;
}

/* The arrays of the length of field number `first` and under the same head, from it on; nothing where an
   earlier one has them already. */
static basin_status add_arrays(tables *all, const char *prefix, const basin_schema *schema, const char *value,
                               size_t first)
{
    basin_status       st = BASIN_OK;
    const basin_field *own = &schema->fields[first];
    const size_t       head = head_of(own->name);
    char               name[NAME];
    table             *t = NULL;
    size_t             shape[2];

    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *f = &schema->fields[i];
        const bool         one = f->type >= BASIN_FIELD_DOUBLES && f->type <= BASIN_FIELD_STRINGS &&
                         !(f->flags & BASIN_FIELD_HIDDEN);
        if (!one || f->extent[0] != own->extent[0] || f->extent[1] != BASIN_NO_EXTENT ||
            head_of(f->name) != head || strncmp(f->name, own->name, head) != 0)
            continue;
        if (i < first) return BASIN_OK;
        const char *items = *(char *const *)(const void *)(value + f->offset);
        if (items == NULL) continue;
        basin_field_shape(f, value, shape);
        snprintf(name, sizeof name, "%.*s", head > 0 ? (int)head - 1 : (int)strlen(f->name), f->name);
        if (t == NULL && (t = new_table(all, prefix, name, shape[0])) == NULL) return BASIN_OK;
        BASIN_TRY(add_column(t, "", f->name + head, (column){"", f, items, element_size(f)}));
    }
done:
    return st;
}

static basin_status collect(tables *all, const char *prefix, const basin_schema *schema, const char *value)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *f = &schema->fields[i];
        char               inner[NAME];
        size_t             shape[2];
        if (f->flags & BASIN_FIELD_HIDDEN) continue;
        if (f->type == BASIN_FIELD_STRUCT) {
            snprintf(inner, sizeof inner, "%s%s.", prefix, f->name);
            BASIN_TRY(collect(all, inner, f->schema, value + f->offset));
        } else if (f->type == BASIN_FIELD_STRUCTS) {
            const char *items = *(char *const *)(const void *)(value + f->offset);
            basin_field_shape(f, value, shape);
            table *t = items != NULL && shape[0] > 0 ? new_table(all, prefix, f->name, shape[0]) : NULL;
            if (t != NULL) BASIN_TRY(add_members(t, "", f->schema, items, f->schema->size));
        } else if (f->type >= BASIN_FIELD_DOUBLES && f->extent[1] == BASIN_NO_EXTENT) {
            BASIN_TRY(add_arrays(all, prefix, schema, value, i));
        }
    }
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- writing -- */

static void put_text(FILE *out, const char *text)
{
    if (text == NULL) return;
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', out);
}

static void put_real(FILE *out, double value)
{
    if (isfinite(value)) fprintf(out, "%.17g", value);
}

static void put_value(FILE *out, const column *c, size_t row)
{
    const basin_field *f = c->field;
    const void        *at = c->first + row * c->stride;
    const bool         unknown = (f->flags & BASIN_FIELD_UNKNOWN) != 0;

    switch (f->type) {
    case BASIN_FIELD_SIZE:
    case BASIN_FIELD_SIZES: fprintf(out, "%zu", *(const size_t *)at); break;
    case BASIN_FIELD_UINT: fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)at); break;
    case BASIN_FIELD_INT:
        if (!unknown || *(const int64_t *)at != -1) fprintf(out, "%lld", (long long)*(const int64_t *)at);
        break;
    case BASIN_FIELD_DOUBLE:
    case BASIN_FIELD_DOUBLES: put_real(out, *(const double *)at); break;
    case BASIN_FIELD_BOOL: fputs(*(const bool *)at ? "true" : "false", out); break;
    case BASIN_FIELD_CHOICE:
        if (!unknown || *(const int *)at != -1) put_text(out, f->choices[*(const int *)at]);
        break;
    default: put_text(out, *(char *const *)at);
    }
}

/* Is it, or does it belong to, a measure that no row has? */
static bool is_unmeasured(const table *t, const column *c)
{
    const size_t head = head_of(c->name);

    if (strncmp(c->name, MEASURES, strlen(MEASURES)) != 0) return false;
    for (size_t k = 0; k < t->count; k++) {
        const column *value = &t->columns[k];
        if (strncmp(value->name, c->name, head) != 0 || strcmp(value->name + head, "value") != 0) continue;
        for (size_t row = 0; row < t->rows; row++)
            if (!isnan(*(const double *)(const void *)(value->first + row * value->stride))) return false;
        return true;
    }
    return false;
}

/* «measures.lambda_max.value» is lambda_max. */
static void put_name(FILE *out, const char *name)
{
    const bool   measure = strncmp(name, MEASURES, strlen(MEASURES)) == 0;
    const size_t head = head_of(name);

    if (measure && head > strlen(MEASURES) && strcmp(name + head, "value") == 0)
        fprintf(out, "%.*s", (int)(head - 1 - strlen(MEASURES)), name + strlen(MEASURES));
    else
        put_text(out, measure ? name + strlen(MEASURES) : name);
}

static void write_table(const table *t, FILE *out)
{
    for (size_t row = 0; row <= t->rows; row++) { /* the names first */
        for (size_t c = 0, shown = 0; c < t->count; c++) {
            if (is_unmeasured(t, &t->columns[c])) continue;
            if (shown++ > 0) fputc(',', out);
            if (row == 0)
                put_name(out, t->columns[c].name);
            else
                put_value(out, &t->columns[c], row - 1);
        }
        fputc('\n', out);
    }
}

/* Points of a line or a plane, along s first. */
static void write_slice(const basin_slice *s, FILE *out)
{
    fprintf(out, "split,s,%sloss,accuracy\n", s->axis_count > 1 ? "t," : "");
    for (size_t k = 0; k < s->surface_count; k++) {
        const basin_surface *f = &s->surfaces[k];
        for (size_t i = 0; i < f->rows * f->columns; i++) {
            put_text(out, f->split);
            fputc(',', out), put_real(out, s->axes[0].coordinates[i % f->columns]);
            if (s->axis_count > 1) fputc(',', out), put_real(out, s->axes[1].coordinates[i / f->columns]);
            fputc(',', out), put_real(out, f->loss[i]);
            fputc(',', out);
            if (f->accuracy != NULL) put_real(out, f->accuracy[i]);
            fputc('\n', out);
        }
    }
}

/* The table that a kind of result is about; NULL: its first. */
static const char *main_table(basin_result_kind kind)
{
    switch (kind) {
    case BASIN_RESULT_SLICE: return "values";
    case BASIN_RESULT_TRACK:
    case BASIN_RESULT_COMPARISON: return "rows";
    case BASIN_RESULT_SHARPNESS: return "measures";
    default: return NULL;
    }
}

static basin_status no_table(const basin_result *result, const tables *all, const char *name)
{
    char   list[400] = "";
    size_t used = 0;

    if (result->kind == BASIN_RESULT_SLICE) used += (size_t)snprintf(list, sizeof list, " values");
    for (size_t i = 0; i < all->count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, " %s", all->list[i].name);
    if (used == 0)
        return basin_fail(BASIN_ERR_ARG, "a %s result holds no table", basin_result_name(result->kind));
    return basin_fail(BASIN_ERR_ARG, "no table «%s» in a %s result; there are:%s", name,
                      basin_result_name(result->kind), list);
}

basin_status basin_result_csv(const basin_result *result, const char *name, char **out)
{
    basin_status st = BASIN_OK;
    tables       all = {0};
    char        *text = NULL;
    size_t       size = 0, found = 0;
    FILE        *stream = open_memstream(&text, &size);
    const char  *wanted = name != NULL ? name : main_table(result->kind);

    BASIN_CHECK(stream != NULL, BASIN_ERR_NOMEM, "out of memory for a table");
    BASIN_TRY(collect(&all, "", basin_result_schema(result->kind), result->value));
    while (wanted != NULL && found < all.count && strcmp(all.list[found].name, wanted) != 0) found++;
    if (result->kind == BASIN_RESULT_SLICE && wanted != NULL && strcmp(wanted, "values") == 0)
        write_slice(result->value, stream);
    else if (found < all.count)
        write_table(&all.list[found], stream);
    else
        BASIN_TRY(no_table(result, &all, wanted != NULL ? wanted : ""));
    BASIN_CHECK(fflush(stream) == 0, BASIN_ERR_NOMEM, "out of memory for a table");
    BASIN_STRDUP(*out, text);
done:
    if (stream != NULL) fclose(stream);
    free(text);
    tables_clear(&all);
    return st;
}
