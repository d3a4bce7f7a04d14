/* Reading results back. The schema says what must be there; the file's own sizes must agree with its arrays;
 * and numbers by which other code will index are held against what they index.
 */
#include <stdio.h>
#include <string.h>

#include "core/params.h"
#include "io/h5.h"
#include "io/result.h"
#include "io/text.h"

/* --------------------------------------------------------------------------------------------- columns -- */

typedef struct column { /* where one data set's values go: `count` structs, `stride` bytes apart */
    const basin_field *field;
    const char        *path, *file;
    char              *values;
    size_t             count, stride;
} column;

static void *at(const column *c, size_t i)
{
    return c->values + i * c->stride + c->field->offset;
}

static basin_status take_words(const basin_h5_array *array, const column *c)
{
    basin_status st = BASIN_OK;
    uint64_t    *words = NULL;

    BASIN_ALLOC(words, c->count, c->path);
    if (c->field->type == BASIN_FIELD_DOUBLE)
        BASIN_TRY(basin_h5_array_reals(array, (double *)(void *)words));
    else if (c->field->type == BASIN_FIELD_INT)
        BASIN_TRY(basin_h5_array_ints(array, (int64_t *)(void *)words));
    else
        BASIN_TRY(basin_h5_array_uints(array, words));
    for (size_t i = 0; i < c->count; i++) memcpy(at(c, i), &words[i], sizeof *words);
done:
    basin_free(words);
    return st;
}

static basin_status take_bools(const basin_h5_array *array, const column *c)
{
    basin_status st = BASIN_OK;
    int64_t     *values = NULL;

    BASIN_ALLOC(values, c->count, c->path);
    BASIN_TRY(basin_h5_array_ints(array, values));
    for (size_t i = 0; i < c->count; i++) *(bool *)at(c, i) = values[i] != 0;
done:
    basin_free(values);
    return st;
}

/* No name, which a column stores as an empty one, is -1 where the field allows it. */
static basin_status find_choice(const column *c, const char *name, int *out)
{
    if ((name == NULL || *name == '\0') && c->field->flags & BASIN_FIELD_UNKNOWN) {
        *out = -1;
        return BASIN_OK;
    }
    for (int i = 0; name != NULL && c->field->choices[i] != NULL; i++)
        if (strcmp(c->field->choices[i], name) == 0) {
            *out = i;
            return BASIN_OK;
        }
    return basin_fail(BASIN_ERR_FORMAT, "%s: %s: «%.40s» is not one of its values", c->file, c->path,
                      name ? name : "");
}

static basin_status take_texts(const basin_h5_array *array, const column *c)
{
    basin_status st = BASIN_OK;
    char       **texts = NULL;

    BASIN_ALLOC(texts, c->count, c->path);
    BASIN_TRY(basin_h5_array_texts(array, texts));
    for (size_t i = 0; i < c->count; i++)
        if (texts[i] != NULL) basin_text_restore(texts[i]);
    for (size_t i = 0; i < c->count; i++) {
        if (c->field->type == BASIN_FIELD_CHOICE) {
            BASIN_TRY(find_choice(c, texts[i], at(c, i)));
            continue;
        }
        BASIN_CHECK(texts[i] != NULL || (c->field->flags & BASIN_FIELD_OPTIONAL), BASIN_ERR_MISSING,
                    "%s: %s: string %zu is missing", c->file, c->path, i);
        /* stored without a text */
        if (texts[i] != NULL && texts[i][0] == '\0' && (c->field->flags & BASIN_FIELD_OPTIONAL)) continue;
        *(char **)at(c, i) = texts[i];
        texts[i] = NULL;
    }
done:
    for (size_t i = 0; texts != NULL && i < c->count; i++) basin_free(texts[i]);
    basin_free(texts);
    return st;
}

static basin_status take(const basin_h5_array *array, const column *c)
{
    switch (c->field->type) {
    case BASIN_FIELD_BOOL: return take_bools(array, c);
    case BASIN_FIELD_CHOICE:
    case BASIN_FIELD_STRING: return take_texts(array, c);
    default: return take_words(array, c);
    }
}

/* --------------------------------------------------------------------------------------------- structs -- */

static basin_status read_struct(const basin_h5 *h5, const char *file, const char *base,
                                const basin_schema *schema, void *value);

static basin_status absent(const basin_h5 *h5, const char *path, bool *out)
{
    basin_status  st = BASIN_OK;
    basin_h5_kind kind = BASIN_H5_ABSENT;

    BASIN_TRY(basin_h5_kind_of(h5, path, &kind));
    *out = kind == BASIN_H5_ABSENT;
done:
    return st;
}

static basin_status read_scalar(const basin_h5 *h5, const char *file, const char *path,
                                const basin_field *field, void *value)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    const column   place = {field, path, file, value, 1, 0};
    bool           missing = false;

    if (field->flags & (field->type == BASIN_FIELD_CHOICE ? BASIN_FIELD_UNKNOWN : BASIN_FIELD_OPTIONAL))
        BASIN_TRY(absent(h5, path, &missing));
    if (missing && field->type == BASIN_FIELD_CHOICE) BASIN_TRY(find_choice(&place, NULL, at(&place, 0)));
    if (missing) goto done;
    BASIN_TRY(basin_h5_array_open(h5, path, &array));
    BASIN_TRY(basin_h5_array_expect(&array, NULL, 0));
    BASIN_TRY(take(&array, &place));
done:
    basin_h5_array_close(&array);
    return st;
}

static basin_status read_array(const basin_h5 *h5, const char *file, const char *path,
                               const basin_field *field, void *value)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    void         **to = (void **)((char *)value + field->offset);
    size_t         shape[2], rank = basin_field_shape(field, value, shape);
    bool           missing = false;

    if (shape[0] == 0 || (rank == 2 && shape[1] == 0)) BASIN_TRY(absent(h5, path, &missing));
    if (missing) goto done;
    BASIN_TRY(basin_h5_array_open(h5, path, &array));
    BASIN_TRY(basin_h5_array_expect(&array, shape, rank));
    BASIN_CHECK((*to = basin_alloc(array.size, 8)) != NULL, BASIN_ERR_NOMEM, "out of memory for %s", path);
    if (field->type == BASIN_FIELD_DOUBLES)
        BASIN_TRY(basin_h5_array_reals(&array, *to));
    else if (field->type == BASIN_FIELD_SIZES)
        BASIN_TRY(basin_h5_array_uints(&array, *to));
    else {
        BASIN_TRY(basin_h5_array_texts(&array, *to));
        for (size_t i = 0; i < array.size; i++)
            BASIN_CHECK(((char **)*to)[i] != NULL, BASIN_ERR_MISSING, "%s: %s: string %zu is missing", file,
                        path, i);
        for (size_t i = 0; i < array.size; i++) basin_text_restore(((char **)*to)[i]);
    }
done:
    basin_h5_array_close(&array);
    return st;
}

static basin_status allocate_items(const char *file, const char *path, const basin_field *field, size_t count,
                                   char **out)
{
    basin_status st = BASIN_OK;
    size_t       bytes;

    BASIN_CHECK(basin_mul(count, field->schema->size, &bytes) && bytes <= basin_memory_limit(),
                BASIN_ERR_BUDGET, "%s: %s: %zu items do not fit the memory limit of %zu bytes", file, path,
                count, basin_memory_limit());
    BASIN_CHECK((*out = basin_alloc(count, field->schema->size)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for %s", path);
done:
    return st;
}

static basin_status read_column(const basin_h5 *h5, const char *file, const char *path,
                                const basin_field *field, size_t count, size_t stride, char *items)
{
    basin_status   st = BASIN_OK;
    basin_h5_array array = BASIN_H5_NO_ARRAY;

    BASIN_TRY(basin_h5_array_open(h5, path, &array));
    BASIN_TRY(basin_h5_array_expect(&array, &count, 1));
    if (items != NULL) BASIN_TRY(take(&array, &(column){field, path, file, items, count, stride}));
done:
    basin_h5_array_close(&array);
    return st;
}

/* Every column of the table, those of structs inside its structs too; items = NULL: they are only looked
   at. */
static basin_status read_columns(const basin_h5 *h5, const char *file, const char *path,
                                 const basin_schema *schema, size_t count, size_t stride, char *items)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;

    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        basin_free(name);
        BASIN_CHECK((name = basin_field_path(path, field->name)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        if (field->type != BASIN_FIELD_STRUCT)
            BASIN_TRY(read_column(h5, file, name, field, count, stride, items));
        else
            BASIN_TRY(read_columns(h5, file, name, field->schema, count, stride,
                                   items != NULL ? items + field->offset : NULL));
    }
done:
    basin_free(name);
    return st;
}

/* All columns are looked at once before the items are allocated: the number of items must be that of every
   column. */
static basin_status read_table(const basin_h5 *h5, const char *file, const char *path,
                               const basin_field *field, size_t count, char **out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(read_columns(h5, file, path, field->schema, count, field->schema->size, NULL));
    BASIN_TRY(allocate_items(file, path, field, count, out));
    BASIN_TRY(read_columns(h5, file, path, field->schema, count, field->schema->size, *out));
done:
    return st;
}

static basin_status read_groups(const basin_h5 *h5, const char *file, const char *path,
                                const basin_field *field, size_t count, char **out)
{
    basin_status st = BASIN_OK;
    char       **names = NULL, *name = NULL;
    size_t       found = 0;

    BASIN_TRY(basin_h5_names(h5, path, &found, &names));
    BASIN_CHECK(found == count, BASIN_ERR_SHAPE, "%s: %s: expected %zu groups, file has %zu", file, path,
                count, found);
    BASIN_TRY(allocate_items(file, path, field, count, out));
    for (size_t i = 0; i < count; i++) {
        basin_free(name);
        BASIN_CHECK((name = basin_format("%s/%04zu", path, i)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a name");
        BASIN_TRY(read_struct(h5, file, name, field->schema, *out + i * field->schema->size));
    }
done:
    basin_free(name);
    basin_h5_names_free(found, names);
    return st;
}

static basin_status read_structs(const basin_h5 *h5, const char *file, const char *path,
                                 const basin_field *field, void *value)
{
    char **out = (char **)((char *)value + field->offset);
    size_t shape[2];

    basin_field_shape(field, value, shape);
    if (shape[0] == 0) return BASIN_OK;
    return (basin_schema_flat(field->schema) ? read_table : read_groups)(h5, file, path, field, shape[0],
                                                                         out);
}

static basin_status read_field(const basin_h5 *h5, const char *file, const char *path,
                               const basin_field *field, void *value)
{
    switch (field->type) {
    case BASIN_FIELD_DOUBLES:
    case BASIN_FIELD_SIZES:
    case BASIN_FIELD_STRINGS: return read_array(h5, file, path, field, value);
    case BASIN_FIELD_STRUCT: return read_struct(h5, file, path, field->schema, (char *)value + field->offset);
    case BASIN_FIELD_STRUCTS: return read_structs(h5, file, path, field, value);
    default: return read_scalar(h5, file, path, field, value);
    }
}

/* Sizes first: the arrays are held against them, and what frees a half-read struct goes by them (a list that
   was not reached is NULL, which the clearing takes for empty). */
static basin_status read_struct(const basin_h5 *h5, const char *file, const char *base,
                                const basin_schema *schema, void *value)
{
    basin_status st = BASIN_OK;
    char        *path = NULL;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < schema->count; i++) {
            const basin_field *field = &schema->fields[i];
            if ((field->type == BASIN_FIELD_SIZE) != (pass == 0)) continue;
            basin_free(path);
            BASIN_CHECK((path = basin_field_path(base, field->name)) != NULL, BASIN_ERR_NOMEM,
                        "out of memory for a name");
            BASIN_TRY(read_field(h5, file, path, field, value));
        }
done:
    basin_free(path);
    return st;
}

/* --------------------------------------------------------------------------------------------- meaning -- */

static basin_status check_below(const char *file, const char *what, const size_t *index, size_t count,
                                size_t bound)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < count; i++)
        BASIN_CHECK(index[i] < bound, BASIN_ERR_VALUE, "%s: %s: index %zu is not below %zu", file, what,
                    index[i], bound);
done:
    return st;
}

static basin_status check_spectrum(const char *file, const basin_spectrum *s)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(s->method != BASIN_SPECTRUM_AUTO, BASIN_ERR_VALUE,
                "%s: /result/method: auto is none by which eigenvalues are found", file);
    BASIN_CHECK(
        s->count > 0 && s->count <= s->parameters && s->top <= s->count && s->bottom <= s->count - s->top,
        BASIN_ERR_VALUE, "%s: /result: %zu eigenvalues of %zu parameters, %zu at the top, %zu at the bottom",
        file, s->count, s->parameters, s->top, s->bottom);
    BASIN_TRY(check_below(file, "/result/vector_index", s->vector_index, s->vector_count, s->count));
done:
    return st;
}

/* What a slice was interpolated from is of its own axes, surfaces and grid. */
static basin_status check_adaptive(const char *file, const basin_slice *s)
{
    basin_status          st = BASIN_OK;
    const basin_adaptive *a = s->adaptive;

    BASIN_CHECK(s->adaptive_count <= 1, BASIN_ERR_VALUE, "%s: /result/adaptive: expected 1, file has %zu",
                file, s->adaptive_count);
    if (s->adaptive_count == 0) goto done;
    BASIN_CHECK(a->axes == s->axis_count && a->split_count == s->surface_count, BASIN_ERR_SHAPE,
                "%s: /result/adaptive: %zu axes and %zu splits of a slice with %zu axes and %zu surfaces",
                file, a->axes, a->split_count, s->axis_count, s->surface_count);
    for (size_t i = 0; i < a->split_count; i++) {
        const basin_adaptive_split *split = &a->splits[i];
        const basin_surface        *f = &s->surfaces[i];
        BASIN_CHECK(
            split->points == a->points && split->cells == a->cells && split->rows == f->rows &&
                split->columns == f->columns,
            BASIN_ERR_SHAPE,
            "%s: /result/adaptive: split %zu has %zu points, %zu cells and %zu x %zu errors, expected "
            "%zu, %zu and %zu x %zu",
            file, i, split->points, split->cells, split->rows, split->columns, a->points, a->cells, f->rows,
            f->columns);
    }
done:
    return st;
}

static basin_status check_slice(const char *file, const basin_slice *s)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(s->axis_count == 1 || s->axis_count == 2, BASIN_ERR_VALUE,
                "%s: /result/axes: expected 1 or 2, file has %zu", file, s->axis_count);
    BASIN_CHECK(s->surface_count > 0, BASIN_ERR_VALUE, "%s: /result/surfaces: empty", file);
    for (size_t i = 0; i < s->surface_count; i++) {
        size_t expected[2] = {s->axis_count == 2 ? s->axes[1].count : 1, s->axes[0].count};
        size_t found[2] = {s->surfaces[i].rows, s->surfaces[i].columns};
        BASIN_CHECK(expected[0] > 0 && expected[1] > 0 && basin_shape_equal(expected, 2, found, 2),
                    BASIN_ERR_SHAPE, "%s: /result/surfaces/%04zu: expected %s as of the axes, file has %s",
                    file, i, BASIN_SHAPE_TEXT(expected, 2), BASIN_SHAPE_TEXT(found, 2));
    }
    BASIN_TRY(check_adaptive(file, s));
    BASIN_CHECK(s->convexity_count <= 1, BASIN_ERR_VALUE, "%s: /result/convexity: expected 1, file has %zu",
                file, s->convexity_count);
done:
    return st;
}

static basin_status check_connection(const char *file, const basin_connection *c)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(c->alignment_count <= 1, BASIN_ERR_VALUE, "%s: /result/alignment: expected 1, file has %zu",
                file, c->alignment_count);
done:
    return st;
}

static basin_status check_comparison(const char *file, const basin_comparison *c)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < c->group_count; i++)
        BASIN_TRY(
            check_below(file, "/result/groups", c->groups[i].rows, c->groups[i].run_count, c->row_count));
done:
    return st;
}

static basin_status check_meaning(const char *file, basin_result_kind kind, const void *value)
{
    switch (kind) {
    case BASIN_RESULT_SPECTRUM: return check_spectrum(file, value);
    case BASIN_RESULT_SLICE: return check_slice(file, value);
    case BASIN_RESULT_COMPARISON: return check_comparison(file, value);
    case BASIN_RESULT_CONNECTION: return check_connection(file, value);
    default: return BASIN_OK;
    }
}

/* ---------------------------------------------------------------------------------------------- result -- */

static basin_status read_kind(const basin_h5 *h5, const char *file, basin_result_kind *out)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;
    size_t       kind = 0;

    BASIN_TRY(basin_h5_text_attribute(h5, "/", "kind", &name));
    BASIN_CHECK(name != NULL, BASIN_ERR_FORMAT, "%s: no attribute kind", file);
    while (kind < BASIN_RESULT_KINDS && strcmp(name, basin_result_name((basin_result_kind)kind)) != 0) kind++;
    BASIN_CHECK(kind < BASIN_RESULT_KINDS, BASIN_ERR_UNSUPPORTED,
                "%s: a result of kind «%.40s», which this basin does not know", file, name);
    *out = (basin_result_kind)kind;
done:
    basin_free(name);
    return st;
}

/* The command line that a result of an older format recorded, as far as it can be read. */
static char *recorded_command(const basin_h5 *h5)
{
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    char         **texts = NULL, *command = NULL;
    size_t         count = 0;

    if (basin_h5_array_open(h5, "/provenance/arguments", &array) != BASIN_OK) return NULL;
    count = array.size <= 1000 ? array.size : 0;
    texts = count > 0 ? basin_alloc(count, sizeof *texts) : NULL;
    if (texts != NULL && basin_h5_array_texts(&array, texts) == BASIN_OK) command = basin_strdup("basin");
    for (size_t i = 0; command != NULL && i < count && strlen(command) < 600; i++) {
        char *longer = basin_format("%s %.200s", command, texts[i] != NULL ? texts[i] : "");
        basin_free(command);
        command = longer;
    }
    for (size_t i = 0; texts != NULL && i < count; i++) basin_free(texts[i]);
    basin_free(texts);
    basin_h5_array_close(&array);
    return command;
}

/* Why results of an older format are not read. */
static const char *older_rules(int64_t version)
{
    switch (version) {
    case 1:
        return "made by older rules (stationarity by one step, families of measures mixed) that no longer "
               "hold";
    case 2: return "which tells methods and points in words, and measures without their intervals";
    case 3: return "which does not say who says a recorded value, nor what stands at the end of a line";
    case 4: return "which has no quadrature, nor the weight decay of the training";
    case 5: return "in which slices have no paths of runs, and no cosines with the gradient";
    case 6: return "in which rows have no sharpness by name, and comparisons no conclusions";
    default: return "in which invariances name no network, and comparisons have no costs and confounders";
    }
}

static basin_status refuse_old(const basin_h5 *h5, const char *path, int64_t version)
{
    char        *command = recorded_command(h5);
    basin_status st =
        basin_fail(BASIN_ERR_UNSUPPORTED, "%s: a result of format %lld, %s; compute it again%s%s", path,
                   (long long)version, older_rules(version), command != NULL ? ": " : "",
                   command != NULL ? command : "");

    basin_free(command);
    return st;
}

bool basin_result_is(const char *path)
{
    basin_h5 *h5 = NULL;
    bool      is = false;

    if (basin_h5_open(path, &h5) != BASIN_OK || basin_h5_is(h5, BASIN_RESULT_FORMAT, &is) != BASIN_OK)
        is = false;
    basin_h5_close(&h5);
    return is;
}

basin_status basin_result_read(const char *path, basin_result **out)
{
    basin_status        st = BASIN_OK;
    basin_h5           *h5 = NULL;
    basin_result_kind   kind = BASIN_RESULT_INFO;
    const basin_schema *schema = NULL;
    void               *value = NULL;
    basin_provenance   *provenance = NULL;
    bool                missing = false;
    int64_t             version = 0;

    BASIN_TRY(basin_h5_open(path, &h5));
    BASIN_TRY(basin_h5_header(h5, BASIN_RESULT_FORMAT, BASIN_RESULTS_VERSION, &version));
    if (version < BASIN_RESULTS_VERSION) BASIN_TRY(refuse_old(h5, path, version));
    BASIN_TRY(read_kind(h5, path, &kind));
    schema = basin_result_schema(kind);
    BASIN_CHECK((value = basin_alloc(1, schema->size)) != NULL, BASIN_ERR_NOMEM, "out of memory for %s",
                path);
    BASIN_TRY(read_struct(h5, path, "/result", schema, value));
    BASIN_TRY(check_meaning(path, kind, value));
    BASIN_TRY(absent(h5, "/provenance", &missing));
    if (!missing) {
        BASIN_ALLOC(provenance, 1, "provenance");
        BASIN_TRY(read_struct(h5, path, "/provenance", &basin_provenance_schema, provenance));
    }
    BASIN_TRY(basin_h5_unchanged(h5));
    BASIN_TRY(basin_result_create(kind, value, provenance, out));
    value = NULL, provenance = NULL;
done:
    if (schema != NULL) basin_schema_destroy(schema, &value);
    basin_provenance_destroy(&provenance);
    basin_h5_close(&h5);
    return st;
}
