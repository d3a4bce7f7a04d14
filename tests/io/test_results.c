/* Results in HDF5 and JSON: every kind, filled by its schema, comes back bit for bit; JSON has the promised
   keys. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/schema.h"
#include "support.h"

/* ----------------------------------------------------------------------- structs filled by description -- */

static unsigned counter;

static double some_double(void)
{
    counter++;
    return counter % 13 == 0 ? (double)NAN : counter % 17 == 0 ? -(double)INFINITY : 1.0 / counter;
}

static char *some_text(const char *name)
{
    return basin_format("%s № %u", name, ++counter);
}

static void fill(const basin_schema *schema, void *value);

static void fill_field(const basin_field *field, void *value)
{
    void  *at = (char *)value + field->offset;
    size_t count = 1;

    for (int i = 0; i < 2; i++)
        if (field->extent[i] != BASIN_NO_EXTENT)
            count *= *(size_t *)(void *)((char *)value + field->extent[i]);
    switch (field->type) {
    case BASIN_FIELD_SIZE: *(size_t *)at = 2; break;
    case BASIN_FIELD_INT: *(int64_t *)at = -(int64_t)++counter; break;
    case BASIN_FIELD_UINT: *(uint64_t *)at = UINT64_MAX - ++counter; break;
    case BASIN_FIELD_DOUBLE: *(double *)at = some_double(); break;
    case BASIN_FIELD_BOOL: *(bool *)at = ++counter % 2; break;
    case BASIN_FIELD_CHOICE:
        *(int *)at = field->flags & BASIN_FIELD_UNKNOWN && ++counter % 3 == 0 ? -1 : (int)(++counter % 2);
        break;
    case BASIN_FIELD_STRING:
        *(char **)at =
            field->flags & BASIN_FIELD_OPTIONAL && ++counter % 3 == 0 ? NULL : some_text(field->name);
        break;
    case BASIN_FIELD_DOUBLES:
        *(double **)at = basin_alloc(count, sizeof(double));
        for (size_t i = 0; i < count; i++) (*(double **)at)[i] = some_double();
        break;
    case BASIN_FIELD_SIZES:
        *(size_t **)at = basin_alloc(count, sizeof(size_t));
        for (size_t i = 0; i < count; i++) (*(size_t **)at)[i] = i % 2;
        break;
    case BASIN_FIELD_STRINGS:
        *(char ***)at = basin_alloc(count, sizeof(char *));
        for (size_t i = 0; i < count; i++)
            (*(char ***)at)[i] = i == 0 ? basin_strdup("") : some_text(field->name);
        break;
    case BASIN_FIELD_STRUCT: fill(field->schema, at); break;
    case BASIN_FIELD_STRUCTS:
        *(char **)at = basin_alloc(count, field->schema->size);
        for (size_t i = 0; i < count; i++) fill(field->schema, *(char **)at + i * field->schema->size);
    }
}

/* Every size is 2; then everything else. */
static void fill(const basin_schema *schema, void *value)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < schema->count; i++)
            if ((schema->fields[i].type == BASIN_FIELD_SIZE) == (pass == 0))
                fill_field(&schema->fields[i], value);
}

/* A slice is interpolated from one set of points, or from none. */
static void leave_one(const basin_schema *schema, basin_slice *slice)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].name, "adaptive") == 0)
            basin_schema_clear(schema->fields[i].schema, &slice->adaptive[1]);
        else if (strcmp(schema->fields[i].name, "convexity") == 0)
            basin_schema_clear(schema->fields[i].schema, &slice->convexity[1]);
    slice->adaptive_count = slice->convexity_count = 1;
}

/* One end of a connection is aligned, or none. */
static void leave_one_alignment(basin_connection *connection)
{
    basin_schema_clear(&basin_alignment_schema, &connection->alignment[1]);
    connection->alignment_count = 1;
}

static basin_result *filled(basin_result_kind kind)
{
    const basin_schema *schema = basin_result_schema(kind);
    basin_result       *result = NULL;
    basin_provenance   *provenance = basin_alloc(1, sizeof *provenance);
    void               *value = basin_alloc(1, schema->size);

    counter = (unsigned)kind;
    fill(schema, value);
    fill(&basin_provenance_schema, provenance);
    if (kind == BASIN_RESULT_SPECTRUM)
        ((basin_spectrum *)value)->bottom = 0, ((basin_spectrum *)value)->method = BASIN_SPECTRUM_LANCZOS;
    if (kind == BASIN_RESULT_SLICE) leave_one(schema, value);
    if (kind == BASIN_RESULT_CONNECTION) leave_one_alignment(value);
    assert_ok(basin_result_create(kind, value, provenance, &result));
    return result;
}

static void assert_same(const basin_schema *schema, const void *a, const void *b);

static void assert_same_field(const basin_field *field, const void *a, const void *b)
{
    const char *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
    size_t      count = 1;

    for (int i = 0; i < 2; i++)
        if (field->extent[i] != BASIN_NO_EXTENT)
            count *= *(const size_t *)(const void *)((const char *)a + field->extent[i]);
    const void *p = NULL, *q = NULL;
    if (field->type >= BASIN_FIELD_STRING && field->type != BASIN_FIELD_STRUCT) {
        p = *(void *const *)(const void *)x;
        q = *(void *const *)(const void *)y;
    }
    switch (field->type) {
    case BASIN_FIELD_BOOL: assert_int_equal(*(const bool *)x, *(const bool *)y); break;
    case BASIN_FIELD_CHOICE:
        assert_int_equal(*(const int *)(const void *)x, *(const int *)(const void *)y);
        break;
    case BASIN_FIELD_STRING:
        assert_true((p == NULL) == (q == NULL));
        if (p != NULL) assert_string_equal(p, q);
        break;
    case BASIN_FIELD_DOUBLES:
    case BASIN_FIELD_SIZES: assert_memory_equal(p, q, 8 * count); break;
    case BASIN_FIELD_STRINGS:
        for (size_t i = 0; i < count; i++) assert_string_equal(((char *const *)p)[i], ((char *const *)q)[i]);
        break;
    case BASIN_FIELD_STRUCT: assert_same(field->schema, x, y); break;
    case BASIN_FIELD_STRUCTS:
        for (size_t i = 0; i < count; i++)
            assert_same(field->schema, (const char *)p + i * field->schema->size,
                        (const char *)q + i * field->schema->size);
        break;
    default: assert_memory_equal(x, y, 8);
    }
}

static void assert_same(const basin_schema *schema, const void *a, const void *b)
{
    for (size_t i = 0; i < schema->count; i++) assert_same_field(&schema->fields[i], a, b);
}

/* ------------------------------------------------------------------------------------------------ HDF5 -- */

static char *file_bytes(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 22);

    assert_non_null(file);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 22, file);
    assert_true(*size > 0 && *size < 1 << 22);
    fclose(file);
    return bytes;
}

static void every_kind_comes_back_bit_for_bit(void **state)
{
    (void)state;
    for (int kind = 0; kind < BASIN_RESULT_KINDS; kind++) {
        basin_result *result = filled((basin_result_kind)kind), *back = NULL;
        const char   *path = basin_test_scratch("result.h5");

        assert_ok(basin_result_write(result, path));
        assert_ok(basin_result_read(path, &back));
        assert_int_equal(back->kind, kind);
        assert_same(basin_result_schema(result->kind), result->value, back->value);
        assert_same(&basin_provenance_schema, result->provenance, back->provenance);
        basin_result_destroy(&result);
        basin_result_destroy(&back);
        basin_result_destroy(&back);
    }
}

static void an_empty_result_without_provenance_comes_back(void **state)
{
    (void)state;
    basin_result     *result = NULL, *back = NULL;
    basin_comparison *comparison = basin_alloc(1, sizeof *comparison);

    assert_ok(basin_result_create(BASIN_RESULT_COMPARISON, comparison, NULL, &result));
    assert_ok(basin_result_write(result, basin_test_scratch("empty.h5")));
    assert_ok(basin_result_read(basin_test_scratch("empty.h5"), &back));
    assert_null(back->provenance);
    assert_int_equal(((basin_comparison *)back->value)->row_count, 0);
    basin_result_destroy(&result);
    basin_result_destroy(&back);
}

static void equal_results_give_equal_bytes(void **state)
{
    (void)state;
    size_t        a_size, b_size;
    basin_result *result = filled(BASIN_RESULT_TRACK);

    assert_ok(basin_result_write(result, basin_test_scratch("a.h5")));
    assert_ok(basin_result_write(result, basin_test_scratch("b.h5")));
    char *a = file_bytes(basin_test_scratch("a.h5"), &a_size);
    char *b = file_bytes(basin_test_scratch("b.h5"), &b_size);
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
    free(a);
    free(b);
    basin_result_destroy(&result);
}

/* A path may hold any byte: the file stays plain UTF-8, and the same bytes come back, those of the stand-ins
   too. */
static void texts_of_any_bytes_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"caf\xe9\n\xf0\x9f\x92\xa1", "\x01\x7f\xff\xc3",
                                        "\xf4\x8f\xba\x81 stands in", "\xc2\x85 and \xed\xa0\x80"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        basin_result     *result = filled(BASIN_RESULT_SANE), *back = NULL;
        basin_provenance *provenance = result->provenance;
        char             *json = NULL;
        basin_free(provenance->arguments[1]);
        provenance->arguments[1] = basin_strdup(texts[i]);
        assert_ok(basin_result_write(result, basin_test_scratch("text.h5")));
        assert_ok(basin_result_read(basin_test_scratch("text.h5"), &back));
        assert_string_equal(back->provenance->arguments[1], texts[i]);
        /* where they are shown: U+FFFD */
        assert_ok(basin_result_json((const basin_result *const[]){back}, 1, &json));
        assert_true(i == 2 || strstr(json, "\xef\xbf\xbd") != NULL);
        basin_free(json);
        basin_result_destroy(&result);
        basin_result_destroy(&back);
    }
}

static void a_result_without_a_required_text_or_array_is_refused(void **state)
{
    (void)state;
    basin_result   *result = filled(BASIN_RESULT_SPECTRUM);
    basin_spectrum *spectrum = result->value;
    const char     *path = basin_test_scratch("refused.h5");
    struct stat     info;

    spectrum->method = -1;
    assert_status(basin_result_write(result, path), BASIN_ERR_ARG);
    assert_message("/result/method");
    spectrum->method = BASIN_SPECTRUM_DENSE;
    basin_free(spectrum->gaps);
    spectrum->gaps = NULL;
    assert_status(basin_result_write(result, path), BASIN_ERR_ARG);
    assert_message("/result/gaps");
    assert_int_equal(stat(path, &info), -1);
    basin_result_destroy(&result);
}

static void results_of_other_checkpoints_disagree(void **state)
{
    (void)state;
    basin_result *a = filled(BASIN_RESULT_SPECTRUM), *b = filled(BASIN_RESULT_SPECTRUM);
    double        difference;
    char          where[128];

    assert_ok(basin_result_compare(a, b, &difference, where));
    assert_true(difference == 0.0);
    basin_free(b->provenance->training.method);
    b->provenance->training.method = basin_strdup("another");
    assert_ok(basin_result_compare(a, b, &difference, where));
    assert_true(isinf(difference));
    assert_string_equal(where, "provenance.training.method");
    basin_provenance_destroy(&b->provenance);
    assert_ok(basin_result_compare(a, b, &difference, where)); /* nothing to hold against the other's */
    assert_true(difference == 0.0);
    basin_result_destroy(&a);
    basin_result_destroy(&b);
}

static void a_spectrum_by_no_method_is_refused(void **state)
{
    (void)state;
    basin_result *result = filled(BASIN_RESULT_SPECTRUM), *back = NULL;
    const char   *path = basin_test_scratch("auto.h5");

    ((basin_spectrum *)result->value)->method = BASIN_SPECTRUM_AUTO;
    assert_ok(basin_result_write(result, path));
    assert_status(basin_result_read(path, &back), BASIN_ERR_VALUE);
    assert_message("/result/method: auto");
    assert_null(back);
    basin_result_destroy(&result);
}

/* ------------------------------------------------------------------------------------------------ JSON -- */

static json_t *parsed(const basin_result *const *results, size_t count)
{
    char   *text = NULL;
    json_t *root;

    assert_ok(basin_result_json(results, count, &text));
    root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    basin_free(text);
    return root;
}

/* Follows «axes[].direction» to the first item of lists. NULL if a step is missing. */
static const json_t *follow(const json_t *at, const char *path)
{
    char        copy[160], *step;
    const char *separator = ".";

    snprintf(copy, sizeof copy, "%s", path);
    for (step = strtok(copy, separator); step != NULL && at != NULL; step = strtok(NULL, separator)) {
        size_t length = strlen(step);
        bool   items = length > 2 && strcmp(step + length - 2, "[]") == 0;
        if (items) step[length - 2] = '\0';
        at = json_object_get(at, step);
        if (items) at = json_array_get(at, 0);
    }
    return at;
}

static void the_promised_keys_are_there(void **state)
{
    static const struct {
        basin_result_kind kind;
        const char       *keys;
    } promised[] = {
        {BASIN_RESULT_SPECTRUM, "kind parameters samples loss gradient_norm operator method eigenvalues "
                                "residuals provenance.inputs[].digest"},
        {BASIN_RESULT_SANE,
         "kind sane.value sane.kappa sane.k n_eff.value n_eff.alpha method sane.sweep.kappa"},
        {BASIN_RESULT_SHARPNESS, "kind measures[].name measures[].rho measures[].value"},
        {BASIN_RESULT_SLICE, "kind axes[].direction axes[].coordinates"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        basin_result *result = filled(promised[i].kind);
        json_t       *root = parsed((const basin_result *const[]){result}, 1);
        char          keys[512], *rest = keys, *key;
        snprintf(keys, sizeof keys, "%s", promised[i].keys);
        while ((key = strtok_r(rest, " ", &rest)) != NULL)
            if (follow(root, key) == NULL)
                fail_msg("%s: no key %s", basin_result_name(promised[i].kind), key);
        assert_null(follow(root, "provenance.threads"));
        assert_null(follow(root, "provenance.date"));
        assert_null(follow(root, "provenance.seconds"));
        json_decref(root);
        basin_result_destroy(&result);
    }
}

/* A slice of one axis of three points, or of two axes, 3 by `rows`. */
static basin_result *small_slice(size_t axes, size_t rows)
{
    static const char *const splits[] = {"train", "test"};
    basin_slice             *slice = basin_alloc(1, sizeof *slice);
    basin_result            *result = NULL;

    slice->parameters = 7;
    slice->axis_count = slice->cosine_count = axes;
    slice->axes = basin_alloc(axes, sizeof *slice->axes);
    slice->momentum_cosines = basin_alloc(axes, sizeof(double));
    slice->gradient_cosines = basin_alloc(axes, sizeof(double));
    for (size_t i = 0; i < axes; i++) {
        slice->axes[i].direction = basin_strdup(i == 0 ? "momentum" : "eigen:1");
        slice->axes[i].count = i == 0 ? 3 : rows;
        slice->axes[i].coordinates = basin_alloc(slice->axes[i].count, sizeof(double));
        slice->momentum_cosines[i] = NAN;
    }
    slice->surface_count = 2;
    slice->surfaces = basin_alloc(2, sizeof *slice->surfaces);
    for (size_t i = 0; i < 2; i++) {
        basin_surface *s = &slice->surfaces[i];
        s->split = basin_strdup(splits[i]);
        s->rows = rows;
        s->columns = 3;
        s->loss = basin_alloc(3 * rows, sizeof(double));
        s->accuracy = basin_alloc(3 * rows, sizeof(double));
        for (size_t j = 0; j < 3 * rows; j++) {
            s->loss[j] = 0.1 * (double)(j + 1 + 10 * i);
            s->accuracy[j] = NAN;
        }
    }
    assert_ok(basin_result_create(BASIN_RESULT_SLICE, slice, NULL, &result));
    return result;
}

static void assert_json(const json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void a_new_provenance_knows_nothing(void **state)
{
    (void)state;
    basin_result *result = filled(BASIN_RESULT_SANE), *back = NULL;

    basin_provenance_destroy(&result->provenance);
    assert_ok(basin_provenance_create(&result->provenance));
    assert_ok(basin_result_write(result, basin_test_scratch("new.h5")));
    assert_ok(basin_result_read(basin_test_scratch("new.h5"), &back));
    assert_same(&basin_provenance_schema, result->provenance, back->provenance);
    json_t *root = parsed((const basin_result *const[]){back}, 1);
    assert_json(follow(root, "provenance.training"),
                "{\"method\":null,\"seed\":null,\"step\":null,\"weight_decay\":null}");
    assert_json(follow(root, "provenance.bn"), "null");
    assert_json(follow(root, "provenance.weights"), "null");
    assert_json(follow(root, "provenance.loss_name"), "null");
    json_decref(root);
    basin_result_destroy(&result);
    basin_result_destroy(&back);
}

static void surfaces_are_a_list_with_a_row_for_each_coordinate_of_the_second_axis(void **state)
{
    (void)state;
    basin_result *one = small_slice(1, 1), *two = small_slice(2, 2);
    json_t       *root = parsed((const basin_result *const[]){one}, 1);
    const json_t *test = json_array_get(json_object_get(root, "surfaces"), 1);

    assert_json(follow(root, "surfaces[].split"), "\"train\"");
    assert_json(follow(root, "surfaces[].loss"),
                "[[0.10000000000000001,0.20000000000000001,0.30000000000000004]]");
    assert_json(follow(test, "split"), "\"test\"");
    assert_json(follow(test, "loss"), "[[1.1000000000000001,1.2000000000000002,1.3]]");
    assert_json(follow(test, "accuracy"), "[[null,null,null]]");
    assert_null(follow(root, "provenance"));
    json_decref(root);
    root = parsed((const basin_result *const[]){two}, 1);
    assert_json(follow(root, "surfaces[].loss"),
                "[[0.10000000000000001,0.20000000000000001,0.30000000000000004],[0.40000000000000002,0.5,0."
                "60000000000000009]]");
    json_decref(root);
    basin_result_destroy(&one);
    basin_result_destroy(&two);
}

static void a_split_may_be_named_like_a_key(void **state)
{
    (void)state;
    basin_result *result = small_slice(1, 1);
    basin_slice  *slice = result->value;

    basin_free(slice->surfaces[1].split);
    slice->surfaces[1].split = basin_strdup("axes");
    json_t *root = parsed((const basin_result *const[]){result}, 1);
    assert_json(json_object_get(json_array_get(json_object_get(root, "surfaces"), 1), "split"), "\"axes\"");
    assert_int_equal(json_array_size(json_object_get(root, "axes")), 1);
    json_decref(root);
    basin_result_destroy(&result);
}

static void kind_comes_first_and_several_results_are_a_list(void **state)
{
    (void)state;
    basin_result *a = filled(BASIN_RESULT_SANE), *b = small_slice(1, 1);
    char         *text = NULL, *again = NULL;

    assert_ok(basin_result_json((const basin_result *const[]){a}, 1, &text));
    assert_int_equal(strncmp(text, "{\"kind\": \"sane\", ", 17), 0);
    assert_ok(basin_result_json((const basin_result *const[]){a}, 1, &again));
    assert_string_equal(text, again);
    basin_free(text);
    json_t *root = parsed((const basin_result *const[]){a, b}, 2);
    assert_int_equal(json_array_size(json_object_get(root, "results")), 2);
    assert_json(json_object_get(json_array_get(json_object_get(root, "results"), 1), "kind"), "\"slice\"");
    json_decref(root);
    basin_free(again);
    basin_result_destroy(&a);
    basin_result_destroy(&b);
}

static void unknown_is_null_and_large_seeds_are_exact(void **state)
{
    (void)state;
    basin_result *result = filled(BASIN_RESULT_INFO), *sane = filled(BASIN_RESULT_SANE),
                 *track = filled(BASIN_RESULT_TRACK);
    basin_info  *info = result->value;
    basin_track *rows = track->value;

    info->step = -1;
    info->seed = 0;
    ((basin_sane *)sane->value)->seed = UINT64_MAX;
    rows->rows[0].spectrum_method = -1, rows->rows[1].spectrum_method = BASIN_SPECTRUM_DENSE;
    json_t *root = parsed((const basin_result *const[]){result}, 1),
           *other = parsed((const basin_result *const[]){sane}, 1);
    json_t *table = parsed((const basin_result *const[]){track}, 1);
    assert_json(json_object_get(root, "step"), "null");
    assert_json(json_object_get(root, "seed"), "0");
    assert_json(json_object_get(other, "seed"), "\"18446744073709551615\"");
    assert_json(follow(table, "rows[].spectrum_method"), "null");
    assert_json(json_object_get(json_array_get(json_object_get(table, "rows"), 1), "spectrum_method"),
                "\"dense\"");
    json_decref(root);
    json_decref(other);
    json_decref(table);
    basin_result_destroy(&result);
    basin_result_destroy(&sane);
    basin_result_destroy(&track);
}

/* ---------------------------------------------------------------------------------- failed allocations -- */

static basin_status write_result(void *payload)
{
    return basin_result_write(payload, basin_test_scratch("fault.h5"));
}

static basin_status read_result(void *payload)
{
    basin_result *result = NULL;
    basin_status  st = basin_result_read(payload, &result);

    basin_result_destroy(&result);
    return st;
}

static basin_status format_result(void *payload)
{
    char        *text = NULL;
    basin_status st = basin_result_json((const basin_result *const *)payload, 1, &text);

    basin_free(text);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    static const basin_result_kind kinds[] = {BASIN_RESULT_SLICE, BASIN_RESULT_CHECK};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        basin_result *result = filled(kinds[i]);
        basin_test_every_allocation(write_result, result);
        basin_test_every_allocation(read_result, (void *)(uintptr_t)basin_test_scratch("fault.h5"));
        basin_test_every_allocation(format_result, &result);
        basin_result_destroy(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back_bit_for_bit),
        cmocka_unit_test(an_empty_result_without_provenance_comes_back),
        cmocka_unit_test(equal_results_give_equal_bytes),
        cmocka_unit_test(texts_of_any_bytes_come_back),
        cmocka_unit_test(a_result_without_a_required_text_or_array_is_refused),
        cmocka_unit_test(results_of_other_checkpoints_disagree),
        cmocka_unit_test(a_new_provenance_knows_nothing),
        cmocka_unit_test(a_spectrum_by_no_method_is_refused),
        cmocka_unit_test(the_promised_keys_are_there),
        cmocka_unit_test(surfaces_are_a_list_with_a_row_for_each_coordinate_of_the_second_axis),
        cmocka_unit_test(a_split_may_be_named_like_a_key),
        cmocka_unit_test(kind_comes_first_and_several_results_are_a_list),
        cmocka_unit_test(unknown_is_null_and_large_seeds_are_exact),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
