/* Which networks, losses and data are the same, and which rows can be held against each other: real graphs
   that differ in one thing. */
#include "support.h"

#include <string.h>

#include "core/graph.h"

/* A small convolutional network with what the tests vary. */
#define GRAPH(stride, pool, alpha, extra)                                                                    \
    "{\"input\": {\"name\": \"x\", \"shape\": [1, 8, 8]}, \"output\": \"y\", "                               \
    "\"parameters\": [{\"name\": \"conv.weight\", \"shape\": [2, 1, 3, 3]}, "                                \
    "{\"name\": \"fc.weight\", \"shape\": [3, 2]}], \"nodes\": ["                                            \
    "{\"name\": \"conv\", \"op\": \"Conv\", \"inputs\": [\"x\", \"conv.weight\"], \"outputs\": [\"conv\"], " \
    "\"attributes\": {\"kernel_shape\": [3, 3], \"strides\": [" stride "], \"pads\": [1, 1, 1, 1]}},"        \
    "{\"name\": \"act\", \"op\": \"LeakyRelu\", \"inputs\": [\"conv\"], \"outputs\": [\"act\"], "            \
    "\"attributes\": {\"alpha\": " alpha "}},"                                                               \
    "{\"name\": \"pool\", \"op\": \"MaxPool\", \"inputs\": [\"act\"], \"outputs\": [\"pool\"], "             \
    "\"attributes\": {\"kernel_shape\": [" pool "]}}," extra                                                 \
    "{\"name\": \"mean\", \"op\": \"GlobalAveragePool\", \"inputs\": [\"pool\"], \"outputs\": [\"mean\"]},"  \
    "{\"name\": \"flat\", \"op\": \"Flatten\", \"inputs\": [\"mean\"], \"outputs\": [\"flat\"]},"            \
    "{\"name\": \"y\", \"op\": \"Gemm\", \"inputs\": [\"flat\", \"fc.weight\"], \"outputs\": [\"y\"], "      \
    "\"attributes\": {\"transB\": 1}}]}"
#define PLAIN GRAPH("1, 1", "2, 2", "0.1", "")

/* The record of a checkpoint of that graph, as `run`, at step 10. */
static void record(const char *json, const char *run, const char *method, int64_t seed, const char *data,
                   basin_row *out)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    assert_ok(basin_graph_parse("test", json, &graph));
    assert_ok(basin_checkpoint_create(graph, &ck));
    basin_graph_destroy(&graph);
    assert_non_null(ck->method = basin_strdup(method));
    ck->hyper.seed = seed, ck->step = 10;
    if (data != NULL) memset(ck->data_digest, data[0], 64);
    assert_ok(basin_row_record(ck, out));
    basin_checkpoint_destroy(&ck);
    assert_non_null(out->run = basin_strdup(run));
    out->train_loss.value = 0.5, out->gradient_norm.value = 0.1, out->lambda_max.value = 2.0;
}

/* Two runs, gd and sam of seed 0, of these networks. */
static void two(const char *a, const char *b, basin_row rows[2])
{
    record(a, "runs/a", "gd", 0, "d", &rows[0]);
    record(b, "runs/b", "sam", 0, "d", &rows[1]);
}

static void clear(basin_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) basin_row_clear(&rows[i]);
}

static void a_network_is_told_by_what_it_does(void **unused)
{
    static const char expected[] =
        "input [1, 8, 8]; conv.weight [2, 1, 3, 3]; fc.weight [3, 2]; %1 = Conv(input, conv.weight); "
        "Conv %1: kernel_shape [3, 3]; Conv %1: pads [1, 1, 1, 1]; Conv %1: strides [1, 1]; %2 = "
        "LeakyRelu(%1); "
        "LeakyRelu %2: alpha 0.25; %3 = MaxPool(%2); MaxPool %3: kernel_shape [2, 2]; "
        "%4 = GlobalAveragePool(%3); %5 = Flatten(%4); %6 = Gemm(%5, fc.weight); Gemm %6: transB 1; output "
        "%6";
    basin_graph *graph = NULL;
    char        *text = NULL;

    (void)unused;
    assert_ok(basin_graph_parse("test", GRAPH("1, 1", "2, 2", "0.25", ""), &graph));
    assert_ok(basin_graph_describe(graph, &text));
    assert_string_equal(text, expected);
    basin_free(text);
    basin_graph_destroy(&graph);
}

static char *describe(const char *json)
{
    basin_graph *graph = NULL;
    char        *text = NULL;

    assert_ok(basin_graph_parse("test", json, &graph));
    assert_ok(basin_graph_describe(graph, &text));
    basin_graph_destroy(&graph);
    return text;
}

/* Names of nodes, where they came from, the order of attributes and whether 1 is written 1.0 change no
   function. */
static void names_and_spelling_do_not_matter(void **unused)
{
    char *a = describe(
        "{\"input\": {\"name\": \"x\", \"shape\": [2]}, \"output\": \"y\", \"parameters\": [{\"name\": "
        "\"w\", \"shape\": [2, 2]}], "
        "\"nodes\": [{\"name\": \"y\", \"op\": \"Gemm\", \"inputs\": [\"h\", \"w\"], \"outputs\": [\"y\"], "
        "\"attributes\": {\"alpha\": 1, \"transB\": 1}}, "
        "{\"name\": \"h\", \"op\": \"Relu\", \"inputs\": [\"x\"], \"outputs\": [\"h\"], \"origin\": "
        "\"net.0\"}]}");
    char *b = describe(
        "{\"input\": {\"name\": \"data\", \"shape\": [2]}, \"output\": \"out\", \"parameters\": [{\"name\": "
        "\"w\", \"shape\": [2, 2]}], "
        "\"nodes\": [{\"name\": \"first\", \"op\": \"Relu\", \"inputs\": [\"data\"], \"outputs\": [\"t\"]}, "
        "{\"name\": \"second\", \"op\": \"Gemm\", \"inputs\": [\"t\", \"w\"], \"outputs\": [\"out\"], "
        "\"attributes\": {\"transB\": 1, \"alpha\": 1.0}}]}");

    (void)unused;
    assert_string_equal(a, b);
    basin_free(a);
    basin_free(b);
}

/* A constant of one number is part of the function; statistics and frozen tensors have shapes only; what
   nothing reads is left out. */
static void of_what_is_not_trained_single_numbers_count(void **unused)
{
    static const char json[] =
        "{\"input\": {\"name\": \"x\", \"shape\": [1, 2, 2]}, \"output\": \"y\", \"parameters\": [{\"name\": "
        "\"g\", "
        "\"shape\": [1]}, {\"name\": \"b\", \"shape\": [1]}], \"nodes\": [{\"name\": \"n\", \"op\": "
        "\"BatchNormalization\", "
        "\"inputs\": [\"x\", \"g\", \"b\", \"mean\", \"var\"], \"outputs\": [\"n\"]}, "
        "{\"name\": \"m\", \"op\": \"Mul\", \"inputs\": [\"n\", \"scale\"], \"outputs\": [\"m\"]}, "
        "{\"name\": \"y\", \"op\": \"Add\", \"inputs\": [\"m\", \"frozen\"], \"outputs\": [\"y\"]}]}";
    basin_graph *graph = NULL;
    char        *text = NULL;

    (void)unused;
    assert_ok(basin_graph_parse("test", json, &graph));
    assert_ok(basin_graph_buffer(graph, "mean", (size_t[]){1}, 1, (double[]){0.5}, NULL));
    assert_ok(basin_graph_buffer(graph, "var", (size_t[]){1}, 1, (double[]){2.0}, NULL));
    assert_ok(basin_graph_buffer(graph, "scale", NULL, 0, (double[]){0.125}, NULL));
    assert_ok(basin_graph_buffer(graph, "frozen", (size_t[]){2, 2}, 2, (double[]){1.0, 2.0, 3.0, 4.0}, NULL));
    assert_ok(basin_graph_buffer(graph, "count", NULL, 0, (double[]){7.0}, NULL));
    assert_ok(basin_graph_describe(graph, &text));
    assert_non_null(strstr(text, "mean [1], not trained; var [1], not trained; scale [] = 0.125, not "
                                 "trained; frozen [2, 2], not trained; %1 ="));
    assert_null(strstr(text, "count"));
    basin_free(text);
    basin_graph_destroy(&graph);
}

/* The same names and shapes of parameters, the same ops: only an attribute differs, and a comparison is
   refused. */
static void networks_that_differ_in_an_attribute_are_refused(void **unused)
{
    static const struct {
        const char *json, *difference;
    } cases[] = {
        {GRAPH("2, 2", "2, 2", "0.1", ""),
         "their networks differ: Conv %1: strides [1, 1] against Conv %1: strides [2, 2]"},
        {GRAPH("1, 1", "3, 3", "0.1", ""),
         "their networks differ: MaxPool %3: kernel_shape [2, 2] against MaxPool %3: kernel_shape [3, 3]"},
        {GRAPH("1, 1", "2, 2", "0.2", ""), "their networks differ: LeakyRelu %2: alpha 0.1"},
        {GRAPH("1, 1", "2, 2", "0.1",
               "{\"name\": \"more\", \"op\": \"Relu\", \"inputs\": [\"act\"], \"outputs\": [\"more\"]},"),
         "their networks differ: %4 = GlobalAveragePool(%3) against %4 = Relu(%2)"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_row         rows[2];
        basin_comparison *c = NULL;
        char             *text = NULL;
        two(PLAIN, cases[i].json, rows);
        assert_status(basin_rows_demand_alike(rows, 2), BASIN_ERR_VALUE);
        assert_message("runs runs/a and runs/b cannot be compared: ");
        assert_message(cases[i].difference);
        assert_status(basin_comparison_compute(rows, 2, NULL, &c), BASIN_ERR_VALUE);
        assert_message(cases[i].difference);
        assert_null(c);
        assert_ok(basin_rows_unlike(rows, 2, &text));
        assert_non_null(strstr(text, cases[i].difference));
        assert_non_null(strstr(text, ": their measures are not to be held against each other"));
        basin_free(text);
        clear(rows, 2);
    }
}

static void networks_of_another_size_are_told_by_it(void **unused)
{
    static const char wide[] = "{\"input\": {\"name\": \"x\", \"shape\": [8]}, \"output\": \"y\", "
                               "\"parameters\": [{\"name\": \"w\", \"shape\": "
                               "[4, 8]}], \"nodes\": [{\"name\": \"y\", \"op\": \"Gemm\", \"inputs\": "
                               "[\"x\", \"w\"], \"outputs\": [\"y\"], "
                               "\"attributes\": {\"transB\": 1}}]}";
    basin_row         rows[2];

    (void)unused;
    two(PLAIN, wide, rows);
    assert_status(basin_rows_demand_alike(rows, 2), BASIN_ERR_VALUE);
    assert_message("runs runs/a and runs/b cannot be compared: P = 24 against 32 parameters");
    clear(rows, 2);
}

static void losses_must_be_the_same_and_data_at_an_equal_seed(void **unused)
{
    basin_row rows[2];

    (void)unused;
    two(PLAIN, PLAIN, rows);
    assert_ok(basin_rows_demand_alike(rows, 2));
    basin_free(rows[1].loss_function);
    assert_non_null(rows[1].loss_function = basin_strdup("mse"));
    assert_status(basin_rows_demand_alike(rows, 2), BASIN_ERR_VALUE);
    assert_message("their losses differ: softmax_cross_entropy against mse");
    clear(rows, 2);
    record(PLAIN, "runs/a", "gd", 0, "d", &rows[0]);
    record(PLAIN, "runs/b", "sam", 0, "e", &rows[1]);
    assert_status(basin_rows_demand_alike(rows, 2), BASIN_ERR_VALUE);
    assert_message(
        "their data differ at the same seed 0: SHA-256 dddddddddddddddd… against eeeeeeeeeeeeeeee…");
    clear(rows, 2);
}

/* Each seed its own data, shared by both methods: a design. One seed with other data and no partner: a
   doubt, in the first note. */
static void data_of_other_seeds_may_differ_where_partners_share_them(void **unused)
{
    basin_row         rows[4];
    basin_comparison *c = NULL;
    char             *text = NULL;

    (void)unused;
    record(PLAIN, "runs/gd_0", "gd", 0, "d", &rows[0]);
    record(PLAIN, "runs/sam_0", "sam", 0, "d", &rows[1]);
    record(PLAIN, "runs/gd_1", "gd", 1, "e", &rows[2]);
    record(PLAIN, "runs/sam_1", "sam", 1, "e", &rows[3]);
    assert_ok(basin_rows_unlike(rows, 4, &text));
    assert_null(text);
    assert_ok(basin_rows_unlike(rows, 3, &text)); /* gd at seed 1 has no partner */
    assert_string_equal(text, "runs runs/sam_0 and runs/gd_1: their data differ (SHA-256 dddddddddddddddd… "
                              "against eeeeeeeeeeeeeeee…) and no common "
                              "seeds pair them: what differs may be the data");
    assert_ok(basin_comparison_compute(rows, 3, &(basin_comparison_options){.note = "and more"}, &c));
    assert_string_equal(c->notes[0], text);
    assert_string_equal(c->notes[1], "and more");
    basin_comparison_destroy(&c);
    basin_free(text);
    clear(rows, 4);
}

/* Checkpoints of one run are named by their files; a file that could not be read knows no network and
   decides nothing. */
static void one_run_may_hold_two_networks_and_what_is_unknown_is_passed_over(void **unused)
{
    basin_row rows[3];

    (void)unused;
    record(PLAIN, "runs/a", "gd", 0, "d", &rows[0]);
    assert_ok(basin_row_record(NULL, &rows[1]));
    assert_non_null(rows[1].run = basin_strdup("runs/a"));
    assert_non_null(rows[1].missing = basin_strdup("truncated"));
    record(GRAPH("2, 2", "2, 2", "0.1", ""), "runs/a", "gd", 0, "d", &rows[2]);
    assert_ok(basin_rows_demand_alike(rows, 2));
    assert_non_null(rows[0].checkpoint = basin_strdup("one.h5"));
    assert_non_null(rows[2].checkpoint = basin_strdup("two.h5"));
    assert_status(basin_rows_demand_alike(rows, 3), BASIN_ERR_VALUE);
    assert_message("checkpoints runs/a/one.h5 and runs/a/two.h5 cannot be compared: their networks differ: "
                   "Conv %1: strides");
    clear(rows, 3);
}

static basin_status unlike_once(void *payload)
{
    char        *text = NULL;
    basin_status st = basin_rows_unlike(payload, 2, &text);

    basin_free(text);
    return st;
}

static basin_status describe_once(void *payload)
{
    char        *text = NULL;
    basin_status st = basin_graph_describe(payload, &text);

    basin_free(text);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    basin_graph *graph = NULL;
    basin_row    rows[2];

    (void)unused;
    two(PLAIN, GRAPH("2, 2", "2, 2", "0.1", ""), rows);
    basin_test_every_allocation(unlike_once, rows);
    clear(rows, 2);
    assert_ok(basin_graph_parse("test", PLAIN, &graph));
    basin_test_every_allocation(describe_once, graph);
    basin_graph_destroy(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_is_told_by_what_it_does),
        cmocka_unit_test(names_and_spelling_do_not_matter),
        cmocka_unit_test(of_what_is_not_trained_single_numbers_count),
        cmocka_unit_test(networks_that_differ_in_an_attribute_are_refused),
        cmocka_unit_test(networks_of_another_size_are_told_by_it),
        cmocka_unit_test(losses_must_be_the_same_and_data_at_an_equal_seed),
        cmocka_unit_test(data_of_other_seeds_may_differ_where_partners_share_them),
        cmocka_unit_test(one_run_may_hold_two_networks_and_what_is_unknown_is_passed_over),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
