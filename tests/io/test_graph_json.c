/* The graph as JSON: what is formatted parses to the same, and every fault has its one line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "support.h"

#define INPUT "\"input\":{\"name\":\"x\",\"shape\":[2]},\"output\":\"y\","
#define PARAMETERS "\"parameters\":[{\"name\":\"w\",\"shape\":[1,2]}],"
#define NODES "\"nodes\":[{\"name\":\"n\",\"op\":\"Gemm\",\"inputs\":[\"x\",\"w\"],\"outputs\":[\"y\"]}]"

static void every_kind_of_attribute_and_name_comes_back(void **state)
{
    static const char json[] =
        "{" INPUT "\"parameters\":[{\"name\":\"a/b.ü\",\"shape\":[1,2]},{\"name\":\"s\",\"shape\":[]}],"
        "\"comment\":\"unknown members are ignored\","
        "\"nodes\":[{\"name\":\"n\",\"op\":\"Conv\",\"origin\":\"m.0\",\"inputs\":[\"x\",\"\",\"s\"],"
        "\"outputs\":[\"y\",\"z\"],"
        "\"attributes\":{\"i\":-9223372036854775808,\"f\":0.1,\"whole\":1.0,\"s\":\"tanh\",\"l\":[3,-1],"
        "\"e\":[]}}]}";
    (void)state;
    basin_graph *graph = NULL, *again = NULL;
    char        *text = NULL, *more = NULL;

    assert_ok(basin_graph_parse("g", json, &graph));
    assert_ok(basin_graph_format(graph, &text));
    assert_ok(basin_graph_parse("text", text, &again));
    assert_ok(basin_graph_format(again, &more));
    assert_string_equal(text, more);
    const basin_node_spec *node = &again->nodes[0];
    assert_string_equal(again->params->blocks[0].name, "a/b.ü");
    assert_int_equal(again->params->blocks[1].rank, 0);
    assert_int_equal(again->params->size, 3);
    assert_int_equal(node->input_count, 3);
    assert_string_equal(node->inputs[1], "");
    assert_string_equal(node->outputs[1], "z");
    assert_string_equal(node->origin, "m.0");
    assert_int_equal(node->attribute_count, 6);
    assert_true(basin_node_spec_int(node, "i", 0) == INT64_MIN);
    assert_true(basin_node_spec_float(node, "f", 0.0) == 0.1);
    assert_int_equal(basin_node_spec_find(node, "whole")->kind, BASIN_ATTRIBUTE_FLOAT);
    assert_string_equal(basin_node_spec_string(node, "s", ""), "tanh");
    assert_true(basin_node_spec_find(node, "l")->count == 2 &&
                basin_node_spec_find(node, "l")->ints[1] == -1);
    assert_true(basin_node_spec_find(node, "e")->kind == BASIN_ATTRIBUTE_INTS &&
                basin_node_spec_find(node, "e")->count == 0);
    basin_free(text);
    basin_free(more);
    basin_graph_destroy(&graph);
    basin_graph_destroy(&again);
}

static void one_line_holds_one_parameter_or_node(void **state)
{
    (void)state;
    basin_graph *graph = NULL;
    char        *text = NULL;
    size_t       lines = 0;

    assert_ok(basin_graph_mlp((const size_t[]){4, 3, 2}, 3, NULL, &graph));
    assert_ok(basin_graph_format(graph, &text));
    assert_non_null(strstr(text, "\n{\"name\":\"fc1.weight\",\"shape\":[3,4]},\n"));
    for (const char *c = text; *c != '\0'; c++) lines += *c == '\n';
    assert_int_equal(lines, 4 + 4 + 3); /* members, parameters, nodes */
    basin_free(text);
    basin_graph_destroy(&graph);
}

static void what_cannot_be_json_is_refused(void **state)
{
    (void)state;
    basin_graph *graph = NULL;
    char        *text = NULL;

    assert_ok(basin_graph_mlp((const size_t[]){4, 2}, 2, NULL, &graph));
    assert_ok(
        basin_node_spec_set(&graph->nodes[0], "alpha", BASIN_ATTRIBUTE_FLOAT, &(basin_attribute){.f = NAN}));
    assert_status(basin_graph_format(graph, &text), BASIN_ERR_VALUE);
    assert_null(text);
    basin_graph_destroy(&graph);
    assert_ok(basin_graph_mlp((const size_t[]){4, 2}, 2, NULL, &graph));
    graph->nodes[0].name[0] = (char)0xff;
    assert_status(basin_graph_format(graph, &text), BASIN_ERR_VALUE);
    basin_graph_destroy(&graph);
}

static const struct {
    const char *json, *message;
} faults[] = {
    {"", "g.json: graph: line "},
    {"{\"input\":1,\n\"input\":2}", "duplicate object key"},
    {"[]", "g.json: graph: not a JSON object"},
    {"{\"output\":\"y\"}", "g.json: graph: input is missing"},
    {"{\"input\":[]}", "g.json: graph: input is not an object"},
    {"{\"input\":{\"shape\":[2]}}", "g.json: graph: input: name is missing"},
    {"{\"input\":{\"name\":7,\"shape\":[2]}}", "g.json: graph: input: name is not a string"},
    {"{\"input\":{\"name\":\"a\\nb\",\"shape\":[2]}}",
     "g.json: graph: input: name is empty or not plain text"},
    {"{\"input\":{\"name\":\"x\",\"shape\":2}}", "g.json: graph: input: shape is not a list"},
    {"{\"input\":{\"name\":\"x\",\"shape\":[1,1,1,1,1,1,1,1,1]}}", "g.json: graph: input: rank 9, at most 8"},
    {"{\"input\":{\"name\":\"x\",\"shape\":[2,-3]}}",
     "g.json: graph: input: dimension 1 of the shape is not a positive integer"},
    {"{\"input\":{\"name\":\"x\",\"shape\":[0]}}", "dimension 0 of the shape is not a positive integer"},
    {"{\"input\":{\"name\":\"x\",\"shape\":[2.0]}}", "dimension 0 of the shape is not a positive integer"},
    {"{\"input\":{\"name\":\"x\",\"shape\":[4294967296,4294967296]}}",
     "the product of its dimensions [4294967296, 4294967296] overflows"},
    {"{\"input\":{\"name\":\"x\",\"shape\":[2]}}", "g.json: graph: output is missing"},
    {"{" INPUT "\"nodes\":[]}", "g.json: graph: parameters is missing"},
    {"{" INPUT "\"parameters\":[]," NODES "}", "g.json: graph: no parameters"},
    {"{" INPUT "\"parameters\":[3]," NODES "}", "g.json: graph: parameters: an item is not an object"},
    {"{" INPUT "\"parameters\":[{\"shape\":[2]}]," NODES "}", "g.json: graph: parameter ?: name is missing"},
    {"{" INPUT "\"parameters\":[{\"name\":\"w\"}]," NODES "}",
     "g.json: graph: parameter w: shape is missing"},
    {"{" INPUT "\"parameters\":[{\"name\":\"a//b\",\"shape\":[2]}]," NODES "}",
     "parameter a//b: not a name that an HDF5 object can have"},
    {"{" INPUT "\"parameters\":[{\"name\":\"./b\",\"shape\":[2]}]," NODES "}",
     "parameter ./b: not a name that an HDF5 object can have"},
    {"{" INPUT "\"parameters\":[{\"name\":\"w\",\"shape\":[2]},{\"name\":\"w\",\"shape\":[2]}]," NODES "}",
     "g.json: graph: parameter w is declared twice"},
    {"{" INPUT "\"parameters\":[{\"name\":\"w\",\"shape\":[2147483648,2147483648,8]}]," NODES "}",
     "g.json: graph: parameter w: the product of its"},
    {"{" INPUT PARAMETERS "\"nodes\":{}}", "g.json: graph: nodes is not a list"},
    {"{" INPUT PARAMETERS "\"nodes\":[\"n\"]}", "g.json: graph: nodes: an item is not an object"},
    {"{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\"}]}", "g.json: graph: node n: op is missing"},
    {"{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\",\"op\":\"Relu\",\"outputs\":[]}]}",
     "g.json: graph: node n: inputs is missing"},
    {"{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\",\"op\":\"Relu\",\"inputs\":[1],\"outputs\":[]}]}",
     "g.json: graph: node n: inputs holds something that is not a plain string"},
    {"{" INPUT PARAMETERS
     "\"nodes\":[{\"name\":\"n\",\"op\":\"Relu\",\"inputs\":[],\"outputs\":[],\"attributes\":[]}]}",
     "g.json: graph: node n: attributes is not an object"},
    {"{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\",\"op\":\"Relu\",\"inputs\":[],\"outputs\":[],"
     "\"attributes\":{\"k\":null}}]}",
     "g.json: graph: node n: k is neither a number, a string nor a list of integers"},
    {"{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\",\"op\":\"Relu\",\"inputs\":[],\"outputs\":[],"
     "\"attributes\":{\"k\":[1,0.5]}}]}",
     "g.json: graph: node n: attribute k: item 1 is not an integer"},
    {"{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\",\"op\":\"Relu\",\"inputs\":[],\"outputs\":[]},{"
     "\"name\":\"n\",\"op\":\"Relu\",\"inputs\":[],"
     "\"outputs\":[]}]}",
     "g.json: graph: node n is declared twice"},
};

static void every_fault_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        basin_graph *graph = NULL;
        assert_status(basin_graph_parse("g.json", faults[i].json, &graph), BASIN_ERR_FORMAT);
        assert_message(faults[i].message);
        assert_null(strchr(basin_error_message(), '\n'));
        assert_null(graph);
    }
}

static void too_many_items_are_refused_before_they_are_copied(void **state)
{
    (void)state;
    size_t       size = 1 << 17, used;
    char        *json = malloc(size);
    basin_graph *graph = NULL;

    assert_non_null(json);
    used = (size_t)snprintf(json, size, "{" INPUT PARAMETERS "\"nodes\":[0");
    for (size_t i = 0; i < 10000; i++) used += (size_t)snprintf(json + used, size - used, ",%zu", i);
    snprintf(json + used, size - used, "]}");
    assert_status(basin_graph_parse("g.json", json, &graph), BASIN_ERR_FORMAT);
    assert_message("nodes has more than 10000 items");
    free(json);
}

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void a_graph_is_read_from_a_file_of_any_length(void **state)
{
    (void)state;
    basin_graph *graph = NULL, *back = NULL;
    size_t       widths[400];
    char        *text = NULL;

    for (size_t i = 0; i < 400; i++) widths[i] = 2;
    assert_ok(basin_graph_mlp(widths, 400, NULL, &graph));
    assert_ok(basin_graph_format(graph, &text));
    assert_true(strlen(text) > 60000);
    write_bytes(basin_test_scratch("graph.json"), text, strlen(text));
    assert_ok(basin_graph_read(basin_test_scratch("graph.json"), &back));
    assert_int_equal(back->node_count, graph->node_count);
    basin_graph_destroy(&graph);
    basin_graph_destroy(&back);
    basin_free(text);

    assert_status(basin_graph_read(basin_test_scratch("none.json"), &back), BASIN_ERR_IO);
    assert_message("none.json: No such file or directory");
    write_bytes(basin_test_scratch("binary.json"), "{\"a\"\0:1}", 8);
    assert_status(basin_graph_read(basin_test_scratch("binary.json"), &back), BASIN_ERR_FORMAT);
    assert_message("binary.json: not a text file");
    write_bytes(basin_test_scratch("empty.json"), "", 0);
    assert_status(basin_graph_read(basin_test_scratch("empty.json"), &back), BASIN_ERR_FORMAT);
    assert_message("empty.json: graph: line 1");
    assert_status(basin_graph_read("docs", &back), BASIN_ERR_IO);
    assert_message("docs: Is a directory");
    assert_null(back);
}

static basin_status parse_again(void *payload)
{
    basin_graph *graph = NULL;
    basin_status st = basin_graph_parse("g.json", payload, &graph);

    basin_graph_destroy(&graph);
    return st;
}

static basin_status format_again(void *payload)
{
    char        *text = NULL;
    basin_status st = basin_graph_format(payload, &text);

    basin_free(text);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    static char json[] = "{" INPUT PARAMETERS "\"nodes\":[{\"name\":\"n\",\"op\":\"Gemm\",\"origin\":\"o\","
                         "\"inputs\":[\"x\",\"w\"],\"outputs\":[\"y\"],"
                         "\"attributes\":{\"i\":1,\"s\":\"t\",\"l\":[1,2]}}]}";
    basin_graph                   *graph = NULL;

    basin_test_every_allocation(parse_again, json);
    assert_ok(basin_graph_parse("g.json", json, &graph));
    basin_test_every_allocation(format_again, graph);
    basin_graph_destroy(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_attribute_and_name_comes_back),
        cmocka_unit_test(one_line_holds_one_parameter_or_node),
        cmocka_unit_test(what_cannot_be_json_is_refused),
        cmocka_unit_test(every_fault_is_named),
        cmocka_unit_test(too_many_items_are_refused_before_they_are_copied),
        cmocka_unit_test(a_graph_is_read_from_a_file_of_any_length),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("graph_json", tests, NULL, NULL);
}
