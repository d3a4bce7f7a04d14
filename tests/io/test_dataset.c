/* Data sets: compact on disk, bit for bit in memory, named by their content. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/digest.h"
#include "support.h"

/* N rows of two features, x = f(i), with classes or values, and two splits. */
static basin_dataset *made(size_t count, double (*f)(size_t i), size_t value_count)
{
    static const char *const names[] = {"zeta", "alpha"}; /* not in order */
    basin_dataset           *data = basin_alloc(1, sizeof *data);

    data->count = count;
    data->rank = 1;
    data->shape[0] = 2;
    data->inputs = basin_alloc(2 * count, sizeof(double));
    for (size_t i = 0; i < 2 * count; i++) data->inputs[i] = f(i);
    if (value_count == 0) {
        data->classes = basin_alloc(count, sizeof(int64_t));
        for (size_t i = 0; i < count; i++) data->classes[i] = (int64_t)(i % 3);
    } else {
        data->value_count = value_count;
        data->values = basin_alloc(count * value_count, sizeof(double));
        for (size_t i = 0; i < count * value_count; i++) data->values[i] = 0.1 * (double)i;
    }
    data->split_count = 2;
    data->splits = basin_alloc(2, sizeof *data->splits);
    for (size_t i = 0; i < 2; i++) {
        data->splits[i].name = basin_strdup(names[i]);
        data->splits[i].count = count / 2;
        data->splits[i].rows = basin_alloc(count / 2, sizeof(size_t));
        for (size_t j = 0; j < count / 2; j++) data->splits[i].rows[j] = count - 1 - j - i * (count / 2);
    }
    return data;
}

static double sixteenths(size_t i)
{
    return (double)(i % 17) / 16.0;
}

static double pixels(size_t i)
{
    return (double)(i % 256) * (1.0 / 255.0);
}

static double singles(size_t i)
{
    return i == 5 ? -0.0 : (double)(float)sin((double)i);
}

static double doubles(size_t i)
{
    return i == 3 ? (double)NAN : i == 4 ? (double)INFINITY : sin((double)i);
}

static double negative_zero(size_t i)
{
    return i == 1 ? -0.0 : (double)(i % 256);
}

static void assert_datasets_equal(const basin_dataset *a, const basin_dataset *b)
{
    size_t size = a->count;

    assert_int_equal(a->count, b->count);
    assert_int_equal(a->rank, b->rank);
    for (size_t i = 0; i < a->rank; i++) {
        assert_int_equal(a->shape[i], b->shape[i]);
        size *= a->shape[i];
    }
    assert_memory_equal(a->inputs, b->inputs, size * sizeof(double));
    assert_true((a->classes == NULL) == (b->classes == NULL) && (a->values == NULL) == (b->values == NULL));
    assert_int_equal(a->class_count, b->class_count);
    if (a->classes != NULL)
        assert_memory_equal(a->classes, b->classes,
                            a->count * (a->class_count > 0 ? a->class_count : 1) * sizeof(int64_t));
    assert_int_equal(a->value_count, b->value_count);
    if (a->values != NULL)
        assert_memory_equal(a->values, b->values, a->count * a->value_count * sizeof(double));
    assert_int_equal(a->split_count, b->split_count);
    for (size_t i = 0; i < a->split_count; i++) {
        const basin_split *split = basin_dataset_split(b, a->splits[i].name);
        assert_non_null(split);
        assert_int_equal(split->count, a->splits[i].count);
        assert_memory_equal(split->rows, a->splits[i].rows, split->count * sizeof(size_t));
    }
}

static size_t bytes_of_an_input(const char *path)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "/inputs", H5P_DEFAULT),
          type = H5Dget_type(set);
    size_t size = H5Tget_size(type);

    H5Tclose(type);
    H5Dclose(set);
    H5Fclose(file);
    return size;
}

static void inputs_are_stored_in_the_smallest_exact_type(void **state)
{
    static const struct {
        double (*f)(size_t i);
        size_t bytes;
    } cases[] = {
        {sixteenths, 1}, {pixels, 1}, {singles, 4}, {doubles, 8}, {negative_zero, 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t values = 0; values < 3; values++) {
            basin_dataset *data = made(200, cases[i].f, values), *back = NULL;
            char           digest[65];
            assert_ok(basin_dataset_write(data, basin_test_scratch("types.h5")));
            assert_int_equal(bytes_of_an_input(basin_test_scratch("types.h5")), cases[i].bytes);
            assert_ok(basin_dataset_read(basin_test_scratch("types.h5"), NULL, &back));
            assert_datasets_equal(data, back);
            assert_ok(basin_dataset_digest(data, digest));
            assert_string_equal(digest, back->digest);
            basin_dataset_destroy(&data);
            basin_dataset_destroy(&back);
        }
}

/* The bytes of the definition, laid out by hand for two samples. */
static void the_digest_is_that_of_the_definition(void **state)
{
    (void)state;
    static const unsigned char bytes[] = "inputs 2,2\n"
                                         "\0\0\0\0\0\0\0\0"
                                         "\0\0\0\0\0\0\xf0\x3f"
                                         "\0\0\0\0\0\0\0\x40"
                                         "\0\0\0\0\0\0\x08\x40"
                                         "classes 2\n"
                                         "\0\0\0\0\0\0\0\0"
                                         "\1\0\0\0\0\0\0\0"
                                         "split alpha 1\n"
                                         "\0\0\0\0\0\0\0\0"
                                         "split zeta 1\n"
                                         "\1\0\0\0\0\0\0\0";
    basin_dataset             *data = made(2, sixteenths, 0);
    basin_digest              *sha = NULL;
    char                       expected[65], digest[65];

    for (size_t i = 0; i < 4; i++) data->inputs[i] = (double)i;
    assert_ok(basin_digest_create(&sha));
    basin_digest_add(sha, bytes, sizeof bytes - 1);
    basin_digest_finish(sha, expected);
    basin_digest_destroy(&sha);
    assert_ok(basin_dataset_digest(data, digest));
    assert_string_equal(digest, expected);
    data->splits[0].rows[0] = 0; /* every part enters */
    assert_ok(basin_dataset_digest(data, digest));
    assert_string_not_equal(digest, expected);
    basin_dataset_destroy(&data);
    basin_dataset_destroy(&data);
    basin_dataset_destroy(NULL);
}

/* Several checkpoints of one file share its data, until the file is another one. */
static void data_that_were_read_are_held_by_several(void **state)
{
    (void)state;
    const char      *path = basin_test_scratch("shared.h5");
    basin_dataset   *data = made(4, sixteenths, 0), *first = NULL, *second = NULL;
    basin_checkpoint ck = {.path = (char *)(uintptr_t)basin_test_scratch("of_it.h5"),
                           .data_path = (char *)(uintptr_t) "shared.h5"};
    bool             same = false;
    char            *file = NULL;

    assert_ok(basin_dataset_write(data, path));
    assert_ok(basin_checkpoint_data_file(&ck, NULL, &file));
    assert_string_equal(file, path);
    assert_ok(basin_checkpoint_dataset(&ck, NULL, &first));
    assert_ok(basin_checkpoint_same_dataset(&ck, NULL, first, &same));
    assert_true(same);
    second = basin_dataset_hold(first);
    basin_dataset_destroy(&first);
    assert_null(first);
    assert_close(second->inputs[1], data->inputs[1], 0.0, 0.0);
    snprintf(ck.data_digest, sizeof ck.data_digest, "%064d", 0); /* was trained on others */
    assert_ok(basin_checkpoint_same_dataset(&ck, NULL, second, &same));
    assert_false(same);
    assert_ok(basin_checkpoint_same_dataset(&ck, path, second, &same)); /* whoever overrides knows */
    assert_true(same);
    assert_ok(basin_checkpoint_same_dataset(&ck, "samples/digits.h5", second, &same));
    assert_false(same);
    assert_ok(basin_checkpoint_same_dataset(&ck, path, data, &same)); /* made in memory */
    assert_false(same);
    data->inputs[1] += 1.0;
    assert_ok(basin_dataset_digest(data, data->digest));
    assert_ok(basin_dataset_write(data, path));
    assert_ok(basin_checkpoint_same_dataset(&ck, path, second, &same));
    assert_false(same);
    ck.data_path = NULL;
    assert_status(basin_checkpoint_same_dataset(&ck, NULL, second, &same), BASIN_ERR_MISSING);
    basin_dataset_destroy(&second);
    basin_dataset_destroy(&data);
    basin_free(file);
}

/* Three classes a sample, some of them negative: for a loss that ignores them. */
static void a_class_for_each_token_comes_back(void **state)
{
    (void)state;
    for (size_t negative = 0; negative < 2; negative++)
        for (size_t tokens = 1; tokens <= 3; tokens += 2) {
            basin_dataset *data = made(6, sixteenths, 0), *back = NULL;
            char           digest[65], plain[65];
            assert_ok(basin_dataset_digest(data, plain));
            basin_free(data->classes);
            data->class_count = tokens;
            data->classes = basin_alloc(6 * tokens, sizeof(int64_t));
            for (size_t i = 0; i < 6 * tokens; i++)
                data->classes[i] = negative && i % 4 == 1 ? -100 : (int64_t)(i % 3);
            assert_ok(basin_dataset_digest(data, digest));
            assert_string_not_equal(digest, plain); /* [6, 1] is not [6] */
            assert_ok(basin_dataset_write(data, basin_test_scratch("tokens.h5")));
            assert_ok(basin_dataset_read(basin_test_scratch("tokens.h5"), NULL, &back));
            assert_datasets_equal(data, back);
            assert_string_equal(back->digest, digest);
            basin_dataset_destroy(&back);
            /* whose digest Python computed */
            assert_ok(basin_dataset_read(basin_test_data("oracle_tokens_data.h5"), NULL, &back));
            assert_int_equal(back->class_count, 3);
            basin_dataset_destroy(&back);
            basin_dataset_destroy(&data);
        }
}

/* The digest inside was computed by samples/make_digits.py, by the definition alone; reading checks it. */
static void the_sample_digits_are_whole(void **state)
{
    (void)state;
    basin_dataset *data = NULL;
    size_t         histogram[17] = {0};

    assert_ok(basin_dataset_read("samples/digits.h5", NULL, &data));
    assert_string_equal(data->digest, "c00e3cb5e46db85bd3c5cce6058a4fc0fbe1340df002545a975ff531def9cf3d");
    assert_int_equal(data->count, 1797);
    assert_int_equal(data->shape[0], 64);
    assert_int_equal(basin_dataset_split(data, "train")->count, 1297);
    assert_int_equal(basin_dataset_split(data, "test")->count, 500);
    assert_null(basin_dataset_split(data, "validation"));
    assert_non_null(strstr(data->attribution, "CC BY 4.0"));
    for (size_t i = 0; i < 1797 * 64; i++) {
        assert_true(data->inputs[i] * 16.0 == floor(data->inputs[i] * 16.0) && data->inputs[i] >= 0.0 &&
                    data->inputs[i] <= 1.0);
        histogram[(size_t)(data->inputs[i] * 16.0)]++;
    }
    assert_true(histogram[0] > 0 && histogram[16] > 0);
    basin_dataset_destroy(&data);
}

static void put(hid_t file, const char *name, hid_t type, hid_t given, int rank, const hsize_t *shape,
                const void *values)
{
    hid_t space = H5Screate_simple(rank, shape, NULL),
          set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    assert_true(set >= 0 && H5Dwrite(set, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

static void a_plain_file_is_read_by_naming_its_objects(void **state)
{
    (void)state;
    const uint8_t  images[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}, labels[2] = {7, 3};
    basin_dataset *data = NULL;
    const char    *path = basin_test_scratch("plain.h5");
    hid_t          file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    put(file, "images", H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, (const hsize_t[]){2, 2, 3}, images);
    put(file, "labels", H5T_STD_I32BE, H5T_NATIVE_UINT8, 1, (const hsize_t[]){2}, labels);
    put(file, "tables", H5T_STD_U8LE, H5T_NATIVE_UINT8, 2, (const hsize_t[]){2, 6}, images);
    H5Fclose(file);
    assert_ok(basin_dataset_read(path, &(basin_dataset_source){"images", "/labels", 1.0 / 255.0}, &data));
    assert_int_equal(data->rank, 2);
    assert_int_equal(data->shape[1], 3);
    assert_true(data->inputs[11] == 1.0 && data->inputs[1] == 1.0 / 255.0);
    assert_true(data->classes[0] == 7 && data->classes[1] == 3);
    assert_int_equal(data->split_count, 1);
    assert_int_equal(basin_dataset_split(data, "train")->count, 2);
    assert_int_equal(basin_dataset_split(data, "train")->rows[1], 1);
    basin_dataset_destroy(&data);
    /* integers [N, C] are values */
    assert_ok(
        basin_dataset_read(path, &(basin_dataset_source){.inputs = "images", .targets = "tables"}, &data));
    assert_null(data->classes);
    assert_int_equal(data->value_count, 6);
    assert_true(data->values[11] == 255.0 && data->inputs[11] == 255.0);
    basin_dataset_destroy(&data);
    assert_status(basin_dataset_read(path, NULL, &data), BASIN_ERR_FORMAT);
    assert_message("plain.h5: no attribute format: expected «basin data»");
    assert_status(basin_dataset_read(path, &(basin_dataset_source){.inputs = "pictures"}, &data),
                  BASIN_ERR_MISSING);
    assert_message("plain.h5: /pictures: missing");
    assert_null(data);
}

/* Scaled on the way in, its test rows must not become training rows. */
static void a_file_of_basins_own_keeps_its_splits_when_it_is_scaled(void **state)
{
    basin_dataset *data = made(200, doubles, 0), *plain = NULL, *scaled = NULL;
    const char    *path = basin_test_scratch("scaled.h5");

    (void)state;
    assert_ok(basin_dataset_write(data, path));
    assert_ok(basin_dataset_read(path, NULL, &plain));
    assert_ok(basin_dataset_read(path, &(basin_dataset_source){.scale = 0.5}, &scaled));
    assert_true(plain->split_count > 1);
    for (size_t i = 0; i < 200 * plain->shape[0]; i++) plain->inputs[i] *= 0.5;
    assert_datasets_equal(plain, scaled);
    basin_dataset_destroy(&data);
    basin_dataset_destroy(&plain);
    basin_dataset_destroy(&scaled);
}

static void data_without_splits_have_one_of_all_rows(void **state)
{
    (void)state;
    basin_dataset *data = made(6, sixteenths, 0), *back = NULL;
    char           digest[65];

    for (size_t i = 0; i < 2; i++) {
        basin_free(data->splits[i].name);
        basin_free(data->splits[i].rows);
    }
    data->split_count = 0;
    assert_ok(basin_dataset_digest(data, digest));
    assert_ok(basin_dataset_write(data, basin_test_scratch("unsplit.h5")));
    assert_ok(basin_dataset_read(basin_test_scratch("unsplit.h5"), NULL, &back));
    assert_string_equal(back->digest, digest);
    assert_int_equal(basin_dataset_split(back, "train")->count, 6);
    basin_dataset_destroy(&data);
    /* said plainly it is the same content */
    assert_ok(basin_dataset_write(back, basin_test_scratch("split.h5")));
    assert_ok(basin_dataset_read(basin_test_scratch("split.h5"), NULL, &data));
    assert_string_equal(data->digest, digest);
    basin_dataset_destroy(&data);
    basin_dataset_destroy(&back);
}

static void what_does_not_fit_the_memory_limit_is_refused(void **state)
{
    (void)state;
    basin_dataset *data = NULL;

    basin_memory_limit_set(100000);
    basin_status st = basin_dataset_read("samples/digits.h5", NULL, &data);
    basin_memory_limit_set(0);
    assert_status(st, BASIN_ERR_BUDGET);
    assert_message("/inputs: [1797, 64] needs 920064 bytes, the memory limit is 100000");
    assert_null(data);
}

static void a_split_that_cannot_be_named_is_refused_on_writing(void **state)
{
    (void)state;
    basin_dataset *data = made(4, sixteenths, 0);
    struct stat    info;

    data->splits[0].name[0] = '/';
    assert_status(basin_dataset_write(data, basin_test_scratch("unnamed.h5")), BASIN_ERR_ARG);
    assert_message("split «/eta»");
    assert_int_equal(stat(basin_test_scratch("unnamed.h5"), &info), -1);
    basin_dataset_destroy(&data);
}

static void libraries_are_described(void **state)
{
    (void)state;
    char text[160];

    basin_io_describe(text);
    assert_non_null(strstr(text, "HDF5 "));
    assert_non_null(strstr(text, ", jansson 2."));
}

static basin_status write_again(void *payload)
{
    return basin_dataset_write(payload, basin_test_scratch("fault.h5"));
}

static basin_status read_again(void *payload)
{
    basin_dataset *data = NULL;
    basin_status   st = basin_dataset_read(payload, NULL, &data);

    basin_dataset_destroy(&data);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    for (size_t values = 0; values < 2; values++) {
        basin_dataset *data = made(6, doubles, values);
        basin_test_every_allocation(write_again, data);
        basin_test_every_allocation(read_again, (void *)(uintptr_t)basin_test_scratch("fault.h5"));
        basin_dataset_destroy(&data);
    }
    basin_test_every_allocation(read_again, (void *)(uintptr_t)basin_test_data("oracle_tokens_data.h5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_are_stored_in_the_smallest_exact_type),
        cmocka_unit_test(the_digest_is_that_of_the_definition),
        cmocka_unit_test(data_that_were_read_are_held_by_several),
        cmocka_unit_test(a_class_for_each_token_comes_back),
        cmocka_unit_test(the_sample_digits_are_whole),
        cmocka_unit_test(a_plain_file_is_read_by_naming_its_objects),
        cmocka_unit_test(a_file_of_basins_own_keeps_its_splits_when_it_is_scaled),
        cmocka_unit_test(data_without_splits_have_one_of_all_rows),
        cmocka_unit_test(what_does_not_fit_the_memory_limit_is_refused),
        cmocka_unit_test(a_split_that_cannot_be_named_is_refused_on_writing),
        cmocka_unit_test(libraries_are_described),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
