/* The network as JSON: one object with input, output, parameters and nodes (docs/checkpoint-format.md). */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/memory.h"
#include "core/params.h"
#include "io/text.h"

#define MAX_BYTES ((size_t)1 << 24) /* of a graph file */
#define MAX_ITEMS 10000             /* parameters, nodes, inputs of one node */

/* --------------------------------------------------------------------------------------------- parsing -- */

/* Where we are, for messages: «FILE: graph: node fc1: ». */
typedef struct place {
    const char *file, *kind, *name;
} place;

static basin_status fail_at(const place *at, const char *text, const char *key)
{
    return basin_fail(BASIN_ERR_FORMAT, "%s: graph: %s%s%s%s%s", at->file, at->kind, at->name,
                      at->kind[0] ? ": " : "", key, text);
}

/* The plain, not empty string under `key`; untouched where it is absent and not required. */
static basin_status get_name(const place *at, const json_t *object, const char *key, bool required,
                             const char **out)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL) return required ? fail_at(at, " is missing", key) : BASIN_OK;
    if (!json_is_string(value)) return fail_at(at, " is not a string", key);
    if (!basin_text_plain(json_string_value(value)) || json_string_length(value) == 0)
        return fail_at(at, " is empty or not plain text", key);
    *out = json_string_value(value);
    return BASIN_OK;
}

/* The array under `key`, of at most MAX_ITEMS. */
static basin_status get_array(const place *at, const json_t *object, const char *key, const json_t **out)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL) return fail_at(at, " is missing", key);
    if (!json_is_array(value)) return fail_at(at, " is not a list", key);
    if (json_array_size(value) > MAX_ITEMS) return fail_at(at, " has more than 10000 items", key);
    *out = value;
    return BASIN_OK;
}

static basin_status get_shape(const place *at, const json_t *object, size_t shape[BASIN_MAX_RANK],
                              size_t *rank)
{
    basin_status  st = BASIN_OK;
    const json_t *list = NULL;

    BASIN_TRY(get_array(at, object, "shape", &list));
    BASIN_CHECK(json_array_size(list) <= BASIN_MAX_RANK, BASIN_ERR_FORMAT,
                "%s: graph: %s%s: rank %zu, at most %d", at->file, at->kind, at->name, json_array_size(list),
                BASIN_MAX_RANK);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        BASIN_CHECK(json_is_integer(value) && json_integer_value(value) > 0, BASIN_ERR_FORMAT,
                    "%s: graph: %s%s: dimension %zu of the shape is not a positive integer", at->file,
                    at->kind, at->name, i);
        shape[i] = (size_t)json_integer_value(value);
    }
    *rank = json_array_size(list);
done:
    return st;
}

static basin_status parse_input(const place *root, const json_t *document, basin_graph *graph)
{
    basin_status  st = BASIN_OK;
    const json_t *input = json_object_get(document, "input");
    const char   *name = NULL;
    place         at = {root->file, "input", ""};
    size_t        size;

    if (!json_is_object(input)) return fail_at(root, input ? " is not an object" : " is missing", "input");
    BASIN_TRY(get_name(&at, input, "name", true, &name));
    BASIN_STRDUP(graph->input, name);
    BASIN_TRY(get_shape(&at, input, graph->input_shape, &graph->input_rank));
    BASIN_CHECK(basin_shape_size(graph->input_shape, graph->input_rank, &size), BASIN_ERR_FORMAT,
                "%s: graph: input: the product of its dimensions %s overflows", root->file,
                BASIN_SHAPE_TEXT(graph->input_shape, graph->input_rank));
    BASIN_TRY(get_name(root, document, "output", true, &name));
    BASIN_STRDUP(graph->output, name);
done:
    return st;
}

static basin_status parse_parameter(const place *root, const json_t *item, basin_graph *graph)
{
    basin_status st = BASIN_OK;
    place        at = {root->file, "parameter ", "?"};
    size_t       shape[BASIN_MAX_RANK], rank = 0;

    if (!json_is_object(item)) return fail_at(root, ": an item is not an object", "parameters");
    BASIN_TRY(get_name(&at, item, "name", true, &at.name));
    BASIN_CHECK(basin_text_path(at.name), BASIN_ERR_FORMAT,
                "%s: graph: parameter %s: not a name that an HDF5 object can have", at.file, at.name);
    BASIN_TRY(get_shape(&at, item, shape, &rank));
    if ((st = basin_params_add(graph->params, at.name, shape, rank)) != BASIN_OK)
        st = basin_fail_within(st, "%s: graph", at.file);
done:
    return st;
}

static basin_status parse_tensors(const place *at, const json_t *item, const char *key, const char ***out,
                                  size_t *count)
{
    basin_status  st = BASIN_OK;
    const json_t *list = NULL;
    const char  **names = NULL;

    BASIN_TRY(get_array(at, item, key, &list));
    BASIN_ALLOC(names, json_array_size(list), "tensor names");
    for (size_t i = 0; i < json_array_size(list); i++) {
        names[i] = json_string_value(json_array_get(list, i));
        if (names[i] == NULL || !basin_text_plain(names[i]))
            st = fail_at(at, " holds something that is not a plain string", key);
        if (st != BASIN_OK) goto done;
    }
    *count = json_array_size(list);
    *out = names, names = NULL;
done:
    basin_free(names);
    return st;
}

static basin_status parse_ints(const place *at, const char *key, const json_t *list, basin_node_spec *node)
{
    basin_status    st = BASIN_OK;
    basin_attribute value = {.count = json_array_size(list)};

    if (value.count > MAX_ITEMS) return fail_at(at, " has more than 10000 items", key);
    BASIN_ALLOC(value.ints, value.count, "attribute");
    for (size_t i = 0; i < value.count; i++) {
        BASIN_CHECK(json_is_integer(json_array_get(list, i)), BASIN_ERR_FORMAT,
                    "%s: graph: node %s: attribute %s: item %zu is not an integer", at->file, at->name, key,
                    i);
        value.ints[i] = json_integer_value(json_array_get(list, i));
    }
    BASIN_TRY(basin_node_spec_set(node, key, BASIN_ATTRIBUTE_INTS, &value));
done:
    basin_free(value.ints);
    return st;
}

static basin_status parse_attribute(const place *at, const char *key, const json_t *value,
                                    basin_node_spec *node)
{
    if (!basin_text_plain(key)) return fail_at(at, " holds a name that is not plain text", "attributes");
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        return basin_node_spec_set(node, key, BASIN_ATTRIBUTE_INT,
                                   &(basin_attribute){.i = json_integer_value(value)});
    case JSON_REAL:
        return basin_node_spec_set(node, key, BASIN_ATTRIBUTE_FLOAT,
                                   &(basin_attribute){.f = json_real_value(value)});
    case JSON_STRING:
        if (!basin_text_plain(json_string_value(value))) return fail_at(at, " is not plain text", key);
        return basin_node_spec_set(node, key, BASIN_ATTRIBUTE_STRING,
                                   &(basin_attribute){.s = (char *)(uintptr_t)json_string_value(value)});
    case JSON_ARRAY: return parse_ints(at, key, value, node);
    default: return fail_at(at, " is neither a number, a string nor a list of integers", key);
    }
}

static bool has_node(const basin_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0) return true;
    return false;
}

static basin_status parse_node(const place *root, const json_t *item, basin_graph *graph)
{
    basin_status     st = BASIN_OK;
    place            at = {root->file, "node ", "?"};
    const char      *op = NULL, *origin = NULL, **inputs = NULL, **outputs = NULL, *key;
    size_t           input_count = 0, output_count = 0;
    json_t          *attributes, *value;
    basin_node_spec *node = NULL;

    if (!json_is_object(item)) return fail_at(root, ": an item is not an object", "nodes");
    BASIN_TRY(get_name(&at, item, "name", true, &at.name));
    BASIN_CHECK(!has_node(graph, at.name), BASIN_ERR_FORMAT, "%s: graph: node %s is declared twice", at.file,
                at.name);
    BASIN_TRY(get_name(&at, item, "op", true, &op));
    BASIN_TRY(get_name(&at, item, "origin", false, &origin));
    BASIN_TRY(parse_tensors(&at, item, "inputs", &inputs, &input_count));
    BASIN_TRY(parse_tensors(&at, item, "outputs", &outputs, &output_count));
    BASIN_TRY(basin_graph_add(graph, at.name, op, inputs, input_count, outputs, output_count, &node));
    BASIN_STRDUP(node->origin, origin);
    attributes = json_object_get(item, "attributes");
    if (attributes != NULL && !json_is_object(attributes))
        st = fail_at(&at, " is not an object", "attributes");
    if (st != BASIN_OK) goto done;
    json_object_foreach(attributes, key, value) BASIN_TRY(parse_attribute(&at, key, value, node));
done:
    basin_free(inputs);
    basin_free(outputs);
    return st;
}

basin_status basin_graph_parse(const char *file, const char *json, basin_graph **out)
{
    basin_status  st = BASIN_OK;
    basin_graph  *graph = NULL;
    place         root = {file, "", ""};
    const json_t *parameters = NULL, *nodes = NULL;
    json_error_t  error;
    json_t       *document = json_loads(json, JSON_REJECT_DUPLICATES, &error);

    BASIN_CHECK(document != NULL, BASIN_ERR_FORMAT, "%s: graph: line %d: %s", file, error.line, error.text);
    BASIN_CHECK(json_is_object(document), BASIN_ERR_FORMAT, "%s: graph: not a JSON object", file);
    BASIN_TRY(basin_graph_create(&graph));
    BASIN_TRY(parse_input(&root, document, graph));
    BASIN_TRY(get_array(&root, document, "parameters", &parameters));
    for (size_t i = 0; i < json_array_size(parameters); i++)
        BASIN_TRY(parse_parameter(&root, json_array_get(parameters, i), graph));
    BASIN_TRY(get_array(&root, document, "nodes", &nodes));
    for (size_t i = 0; i < json_array_size(nodes); i++)
        BASIN_TRY(parse_node(&root, json_array_get(nodes, i), graph));
    BASIN_CHECK(graph->params->count > 0, BASIN_ERR_FORMAT, "%s: graph: no parameters", file);
    *out = graph, graph = NULL;
done:
    json_decref(document);
    basin_graph_destroy(&graph);
    return st;
}

basin_status basin_graph_read(const char *path, basin_graph **out)
{
    basin_status st = BASIN_OK;
    FILE        *file = fopen(path, "rb");
    char        *text = NULL;
    size_t       size = 0, room = 0;

    BASIN_CHECK(file != NULL, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    while (!feof(file)) {
        if (size == room) {
            size_t larger_room = room == 0 ? 1 << 14 : 2 * room;
            BASIN_CHECK(room < MAX_BYTES, BASIN_ERR_FORMAT, "%s: larger than %zu bytes: not a graph", path,
                        MAX_BYTES);
            char *larger = basin_grow(text, size, larger_room + 1, 1);
            BASIN_CHECK(larger != NULL, BASIN_ERR_NOMEM, "out of memory for %s", path);
            text = larger;
            room = larger_room;
        }
        size += fread(text + size, 1, room - size, file);
        BASIN_CHECK(!ferror(file), BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    }
    BASIN_CHECK(strlen(text) == size, BASIN_ERR_FORMAT, "%s: not a text file", path);
    BASIN_TRY(basin_graph_parse(path, text, out));
done:
    if (file != NULL) fclose(file);
    basin_free(text);
    return st;
}

/* ------------------------------------------------------------------------------------------ formatting -- */

/* Builders return NULL when jansson has no memory or a text is not UTF-8; packing NULL gives NULL again. */

static json_t *ints_json(const int64_t *values, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_integer(values[i]));
    return list;
}

static json_t *shape_json(const size_t *shape, size_t rank)
{
    json_t *list = json_array();

    for (size_t i = 0; i < rank; i++) json_array_append_new(list, json_integer((json_int_t)shape[i]));
    return list;
}

static json_t *names_json(char *const *names, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, json_string(names[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *attribute_json(const basin_attribute *a)
{
    switch (a->kind) {
    case BASIN_ATTRIBUTE_INT: return json_integer(a->i);
    case BASIN_ATTRIBUTE_FLOAT: return json_real(a->f);
    case BASIN_ATTRIBUTE_STRING: return json_string(a->s);
    default: return ints_json(a->ints, a->count);
    }
}

static json_t *node_json(const basin_node_spec *node)
{
    json_t *attributes = json_object();
    json_t *object = json_pack("{s:s, s:s, s:o, s:o}", "name", node->name, "op", node->op, "inputs",
                               names_json(node->inputs, node->input_count), "outputs",
                               names_json(node->outputs, node->output_count));

    for (size_t i = 0; i < node->attribute_count; i++)
        if (json_object_set_new(attributes, node->attributes[i].name, attribute_json(&node->attributes[i])) !=
            0) {
            json_decref(object);
            object = NULL;
        }
    if (node->attribute_count > 0) json_object_set(object, "attributes", attributes);
    if (node->origin != NULL) json_object_set_new(object, "origin", json_string(node->origin));
    json_decref(attributes);
    return object;
}

/* Prints and frees; false if there is nothing to print. */
static bool print(FILE *stream, json_t *value, const char *before)
{
    bool printed = value != NULL && fputs(before, stream) >= 0 &&
                   json_dumpf(value, stream, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)) == 0;

    json_decref(value);
    return printed;
}

/* One parameter or node a line, so that h5dump and an editor show something readable. */
static bool print_graph(FILE *stream, const basin_graph *graph)
{
    bool good = print(stream,
                      json_pack("{s:s, s:o}", "name", graph->input, "shape",
                                shape_json(graph->input_shape, graph->input_rank)),
                      "{\"input\":") &&
                print(stream, json_string(graph->output), ",\n\"output\":") &&
                fputs(",\n\"parameters\":[", stream) >= 0;

    for (size_t i = 0; good && i < graph->params->count; i++) {
        const basin_block *block = &graph->params->blocks[i];
        good = print(
            stream,
            json_pack("{s:s, s:o}", "name", block->name, "shape", shape_json(block->shape, block->rank)),
            i == 0 ? "\n" : ",\n");
    }
    good = good && fputs("],\n\"nodes\":[", stream) >= 0;
    for (size_t i = 0; good && i < graph->node_count; i++)
        good = print(stream, node_json(&graph->nodes[i]), i == 0 ? "\n" : ",\n");
    return good && fputs("]}\n", stream) >= 0;
}

basin_status basin_graph_format(const basin_graph *graph, char **out)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;
    size_t       size = 0;
    FILE        *stream = open_memstream(&text, &size);
    bool         good = stream != NULL && print_graph(stream, graph);

    good = stream != NULL && fclose(stream) == 0 && good;
    BASIN_CHECK(good, BASIN_ERR_VALUE,
                "the graph cannot be written as JSON: a name that is not UTF-8, a number that is not finite, "
                "or no memory");
    BASIN_STRDUP(*out, text);
done:
    free(text);
    return st;
}
