/* Subsets with label noise, and initial weights. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/params.h"

enum { N = 50, TRAIN = 30, WIDTH = 2 };

typedef struct source {
    basin_dataset data;
    double        inputs[N * WIDTH], values[N];
    int64_t       classes[N];
    size_t        rows[N];
    basin_split   splits[3];
} source;

/* Row i has the inputs (i, -i), class i mod 4 and value i/2; train 0 … 29, test 30 … 41, validation 40 …
   49. */
static void start(source *s)
{
    *s = (source){0};
    for (size_t i = 0; i < N; i++) {
        s->inputs[2 * i] = (double)i, s->inputs[2 * i + 1] = -(double)i;
        s->classes[i] = (int64_t)i % 4, s->values[i] = 0.5 * (double)i, s->rows[i] = i;
    }
    s->splits[0] = (basin_split){.name = (char *)(uintptr_t) "train", .count = TRAIN, .rows = s->rows};
    s->splits[1] = (basin_split){.name = (char *)(uintptr_t) "test", .count = 12, .rows = s->rows + TRAIN};
    s->splits[2] = (basin_split){.name = (char *)(uintptr_t) "validation", .count = 10, .rows = s->rows + 40};
    s->data = (basin_dataset){.count = N,
                              .rank = 1,
                              .shape = {WIDTH},
                              .inputs = s->inputs,
                              .classes = s->classes,
                              .values = s->values,
                              .value_count = 1,
                              .split_count = 3,
                              .splits = s->splits,
                              .attribution = (char *)(uintptr_t) "by hand"};
}

static size_t origin(const basin_dataset *d, size_t row)
{
    return (size_t)d->inputs[2 * row];
}

static basin_dataset *subset(const source *s, basin_subset_options options)
{
    basin_dataset *out = NULL;

    assert_ok(basin_dataset_subset(&s->data, &options, &out));
    return out;
}

static void it_holds_the_drawn_rows_and_the_other_splits(void **unused)
{
    source s;

    (void)unused;
    start(&s);
    basin_dataset     *d = subset(&s, (basin_subset_options){.train_count = 8, .seed = 3});
    const basin_split *train = basin_dataset_split(d, "train"), *test = basin_dataset_split(d, "test"),
                      *validation = basin_dataset_split(d, "validation");
    assert_int_equal(d->count, 8 + 20); /* test and validation share two rows */
    assert_int_equal(train->count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(origin(d, train->rows[i]) < TRAIN);
        if (i > 0) assert_true(origin(d, train->rows[i - 1]) < origin(d, train->rows[i]));
    }
    assert_int_equal(test->count, 12);
    for (size_t i = 0; i < 12; i++) assert_int_equal(origin(d, test->rows[i]), TRAIN + i);
    for (size_t i = 0; i < 10; i++) assert_int_equal(origin(d, validation->rows[i]), 40 + i);
    for (size_t i = 0; i < d->count; i++) {
        assert_int_equal(d->classes[i], origin(d, i) % 4);
        assert_close(d->values[i], 0.5 * (double)origin(d, i), 0.0, 0.0);
        assert_close(d->inputs[2 * i + 1], -d->inputs[2 * i], 0.0, 0.0);
    }
    assert_string_equal(d->attribution, "by hand");
    assert_null(d->path);
    char digest[65];
    assert_ok(basin_dataset_digest(d, digest));
    assert_string_equal(d->digest, digest);
    assert_null(basin_dataset_split(d, "noisy"));
    basin_dataset_destroy(&d);

    d = subset(&s, (basin_subset_options){0}); /* all of it, in order */
    assert_int_equal(d->count, N);
    for (size_t i = 0; i < TRAIN; i++)
        assert_int_equal(origin(d, basin_dataset_split(d, "train")->rows[i]), i);
    basin_dataset_destroy(&d);
}

static void exactly_the_fraction_gets_another_class_in_training_only(void **unused)
{
    static const double fractions[] = {0.0, 0.1, 0.25, 0.5, 1.0};
    source              s;

    (void)unused;
    start(&s);
    for (size_t f = 0; f < 5; f++) {
        basin_dataset *d =
            subset(&s, (basin_subset_options){.train_count = 20, .noise = fractions[f], .seed = 5});
        const basin_split *train = basin_dataset_split(d, "train"), *noisy = basin_dataset_split(d, "noisy");
        size_t             wrong = 0;
        for (size_t i = 0; i < d->count; i++) {
            bool changed = d->classes[i] != (int64_t)(origin(d, i) % 4), in_train = false, in_noisy = false;
            assert_true(d->classes[i] >= 0 && d->classes[i] < 4);
            for (size_t j = 0; j < train->count; j++) in_train = in_train || train->rows[j] == i;
            for (size_t j = 0; noisy != NULL && j < noisy->count; j++)
                in_noisy = in_noisy || noisy->rows[j] == i;
            assert_true(!changed || in_train);
            assert_true(changed == in_noisy);
            if (changed) wrong++;
        }
        assert_int_equal(wrong, (size_t)(20.0 * fractions[f] + 0.5));
        basin_dataset_destroy(&d);
    }
}

static void noise_stays_out_of_splits_that_share_training_rows(void **unused)
{
    source s;

    (void)unused;
    start(&s);
    s.splits[2].rows = s.rows, s.splits[2].count = TRAIN; /* validation = the training rows */
    basin_dataset     *d = subset(&s, (basin_subset_options){.noise = 1.0});
    const basin_split *clean = basin_dataset_split(d, "validation");
    for (size_t i = 0; i < TRAIN; i++)
        assert_int_equal(d->classes[clean->rows[i]], origin(d, clean->rows[i]) % 4);
    basin_dataset_destroy(&d);
}

static void new_labels_are_uniform_over_the_other_classes(void **unused)
{
    source s;
    size_t count[4] = {0};

    (void)unused;
    start(&s);
    for (size_t i = 0; i < N; i++) s.classes[i] = i == 49 ? 3 : 1;
    for (uint64_t seed = 0; seed < 200; seed++) {
        basin_dataset *d = subset(&s, (basin_subset_options){.noise = 1.0, .seed = seed});
        for (size_t i = 0; i < TRAIN; i++) count[d->classes[i]]++;
        basin_dataset_destroy(&d);
    }
    assert_int_equal(count[1], 0); /* 6,000 labels, 2,000 for each of the others: sd 36.5 */
    for (size_t k = 0; k < 4; k++)
        if (k != 1) assert_close((double)count[k], 2000.0, 0.0, 150.0);
}

static void the_seed_decides(void **unused)
{
    source s;

    (void)unused;
    start(&s);
    basin_subset_options o = {.train_count = 10, .noise = 0.3, .seed = 1};
    basin_dataset       *a = subset(&s, o), *b = subset(&s, o);
    o.seed = 2;
    basin_dataset *c = subset(&s, o);
    o.seed = 1, o.noise = 0.0;
    basin_dataset *clean = subset(&s, o);
    assert_string_equal(a->digest, b->digest);
    assert_string_not_equal(a->digest, c->digest);
    /* noise does not change the draw */
    for (size_t i = 0; i < 10; i++) assert_int_equal(origin(a, i), origin(clean, i));
    basin_dataset_destroy(&a);
    basin_dataset_destroy(&b);
    basin_dataset_destroy(&c);
    basin_dataset_destroy(&clean);
}

static void the_rest_joins_the_test_split(void **unused)
{
    source s;

    (void)unused;
    start(&s);
    basin_dataset *d =
        subset(&s, (basin_subset_options){.train_count = 8, .rest_to_test = true, .noise = 1.0});
    const basin_split *test = basin_dataset_split(d, "test");
    assert_int_equal(test->count, 12 + 22);
    for (size_t i = 0; i < test->count; i++)
        assert_int_equal(d->classes[test->rows[i]], origin(d, test->rows[i]) % 4);
    basin_dataset_destroy(&d);
    s.data.split_count = 1;
    d = subset(&s, (basin_subset_options){.train_count = 8, .rest_to_test = true});
    assert_int_equal(basin_dataset_split(d, "test")->count, 22);
    assert_int_equal(d->count, TRAIN);
    basin_dataset_destroy(&d);
}

static void what_cannot_be_drawn_is_refused(void **unused)
{
    source         s;
    basin_dataset *d = NULL;

    (void)unused;
    start(&s);
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.train_count = 31}, &d),
                  BASIN_ERR_ARG);
    assert_message("31 training rows asked for, split train has 30");
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = 1.5}, &d), BASIN_ERR_ARG);
    assert_message("label noise 1.5 is not in [0, 1]");
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = NAN}, &d), BASIN_ERR_ARG);
    s.splits[2].name = (char *)(uintptr_t) "noisy";
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = 0.5}, &d), BASIN_ERR_ARG);
    assert_message("split noisy already");
    memset(s.classes, 0, sizeof s.classes);
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = 0.5}, &d), BASIN_ERR_VALUE);
    assert_message("another class");
    s.data.classes = NULL;
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = 0.5}, &d),
                  BASIN_ERR_UNSUPPORTED);
    assert_message("class targets");
    s.splits[0].name = (char *)(uintptr_t) "training";
    assert_status(basin_dataset_subset(&s.data, NULL, &d), BASIN_ERR_MISSING);
    assert_message("no split train");
    assert_null(d);
}

/* 25 samples of two tokens each, the second never counting. */
static void token_classes_go_with_their_rows(void **unused)
{
    source         s;
    basin_dataset *d = NULL;

    (void)unused;
    start(&s);
    s.data.count = 25, s.data.class_count = 2, s.data.split_count = 1, s.splits[0].count = 25;
    for (size_t i = 0; i < 25; i++) s.classes[2 * i] = (int64_t)i, s.classes[2 * i + 1] = -100;
    d = subset(&s, (basin_subset_options){.train_count = 10});
    assert_int_equal(d->class_count, 2);
    for (size_t i = 0; i < 10; i++)
        assert_true((size_t)d->classes[2 * i] == origin(d, i) && d->classes[2 * i + 1] == -100);
    basin_dataset_destroy(&d);
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = 0.5}, &d),
                  BASIN_ERR_UNSUPPORTED);
    assert_message("label noise needs one class a sample, the data have 2");
    s.data.class_count = 0;
    assert_status(basin_dataset_subset(&s.data, &(basin_subset_options){.noise = 0.5}, &d), BASIN_ERR_VALUE);
    assert_message("class -100 of row 1 is negative");
    assert_null(d);
}

static basin_status subset_once(void *payload)
{
    basin_dataset *d = NULL;
    basin_status   st = basin_dataset_subset(
          payload, &(basin_subset_options){.train_count = 5, .noise = 0.4, .rest_to_test = true}, &d);

    basin_dataset_destroy(&d);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    source s;

    (void)unused;
    start(&s);
    basin_test_every_allocation(subset_once, &s.data);
}

/* ------------------------------------------------------------------------------------- initial weights -- */

static void initial_weights_fill_their_ranges(void **unused)
{
    basin_graph  *graph = NULL;
    basin_params *params = NULL;
    double        theta[64 * 40 + 40 + 40 * 3 + 3], again[sizeof theta / sizeof *theta];
    size_t        size = sizeof theta / sizeof *theta;

    (void)unused;
    assert_ok(basin_graph_mlp((size_t[]){64, 40, 3}, 3, NULL, &graph));
    assert_ok(basin_network_params(graph, &params));
    assert_int_equal(params->size, size);
    assert_ok(basin_train_initialise(params, 4, theta));
    for (size_t b = 0; b < params->count; b++) {
        double bound = 1.0 / sqrt(b < 2 ? 64.0 : 40.0), largest = 0.0, square = 0.0;
        for (size_t i = 0; i < params->blocks[b].size; i++) {
            double x = theta[params->blocks[b].offset + i];
            largest = fmax(largest, fabs(x)), square += x * x;
        }
        assert_true(largest <= bound && largest > 0.0);
        if (b == 0) { /* uniform: variance bound²/3; 2,560 values */
            assert_true(largest > 0.99 * bound);
            assert_close(square / 2560.0, bound * bound / 3.0, 0.06, 0.0);
        }
    }
    assert_ok(basin_train_initialise(params, 4, again));
    assert_memory_equal(theta, again, sizeof theta);
    assert_ok(basin_train_initialise(params, 5, again));
    assert_memory_not_equal(theta, again, sizeof theta);
    params->blocks[0].role = BASIN_ROLE_NORM_SCALE, params->blocks[1].role = BASIN_ROLE_NORM_SHIFT,
    params->blocks[2].role = BASIN_ROLE_EMBEDDING;
    assert_ok(basin_train_initialise(params, 4, theta));
    assert_close(theta[7], 1.0, 0.0, 0.0);
    assert_close(theta[64 * 40 + 7], 0.0, 0.0, 0.0);
    params->blocks[3].role = BASIN_ROLE_UNKNOWN;
    again[0] = 77.0;
    assert_status(basin_train_initialise(params, 4, again), BASIN_ERR_UNSUPPORTED);
    assert_message("fc2.bias");
    assert_close(again[0], 77.0, 0.0, 0.0);
    basin_params_destroy(&params);
    basin_graph_destroy(&graph);
}

static void without_the_compiled_graph_there_is_no_range(void **unused)
{
    basin_params *params = NULL;
    double        theta[6];

    (void)unused;
    assert_ok(basin_params_create(&params));
    assert_ok(basin_params_add(params, "w", (size_t[]){2, 3}, 2));
    params->blocks[0].role = BASIN_ROLE_WEIGHT;
    assert_status(basin_train_initialise(params, 0, theta), BASIN_ERR_ARG);
    assert_message("parameter w: its number of inputs is not known");
    basin_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_the_drawn_rows_and_the_other_splits),
        cmocka_unit_test(exactly_the_fraction_gets_another_class_in_training_only),
        cmocka_unit_test(noise_stays_out_of_splits_that_share_training_rows),
        cmocka_unit_test(new_labels_are_uniform_over_the_other_classes),
        cmocka_unit_test(token_classes_go_with_their_rows),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(the_rest_joins_the_test_split),
        cmocka_unit_test(what_cannot_be_drawn_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(initial_weights_fill_their_ranges),
        cmocka_unit_test(without_the_compiled_graph_there_is_no_range),
    };
    return cmocka_run_group_tests_name("subset", tests, NULL, NULL);
}
