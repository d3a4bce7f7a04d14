#include "op_cases.h"

#include <stdio.h>
#include <string.h>

#include "core/params.h"
#include "support.h"

basin_graph *case_start(const size_t *shape, size_t rank)
{
    basin_graph *g = NULL;

    assert_ok(basin_graph_create(&g));
    g->input = basin_strdup("x");
    g->input_rank = rank;
    memcpy(g->input_shape, shape, rank * sizeof *shape);
    return g;
}

void case_param(basin_graph *g, const char *name, const size_t *shape, size_t rank)
{
    assert_ok(basin_params_add(g->params, name, shape, rank));
}

void case_buffer(basin_graph *g, const char *name, const size_t *shape, size_t rank, const double *values)
{
    assert_ok(basin_graph_buffer(g, name, shape, rank, values, NULL));
}

basin_node_spec *case_node(basin_graph *g, const char *op, const char *inputs, const char *output)
{
    enum { MOST = 8, LONG = 32 };
    char             names[MOST][LONG] = {{0}};
    const char      *list[MOST];
    size_t           count = 0;
    basin_node_spec *node = NULL;
    int              used = 0;

    while (count < MOST && sscanf(inputs, "%31s%n", names[count], &used) == 1) {
        inputs += used;
        list[count] = strcmp(names[count], "-") == 0 ? "" : names[count];
        count++;
    }
    assert_ok(basin_graph_add(g, output, op, list, count, &output, 1, &node));
    return node;
}

void case_int(basin_node_spec *node, const char *name, int64_t value)
{
    assert_ok(basin_node_spec_set(node, name, BASIN_ATTRIBUTE_INT, &(basin_attribute){.i = value}));
}

void case_ints(basin_node_spec *node, const char *name, const int64_t *values, size_t count)
{
    assert_ok(basin_node_spec_set(node, name, BASIN_ATTRIBUTE_INTS,
                                  &(basin_attribute){.ints = (int64_t *)(uintptr_t)values, .count = count}));
}

void case_real(basin_node_spec *node, const char *name, double value)
{
    assert_ok(basin_node_spec_set(node, name, BASIN_ATTRIBUTE_FLOAT, &(basin_attribute){.f = value}));
}

void case_text(basin_node_spec *node, const char *name, const char *value)
{
    assert_ok(basin_node_spec_set(node, name, BASIN_ATTRIBUTE_STRING,
                                  &(basin_attribute){.s = (char *)(uintptr_t)value}));
}

basin_graph *case_end(basin_graph *g, const char *from, size_t width)
{
    char inputs[64];

    case_node(g, "Flatten", from, "flat");
    case_param(g, "last", SHAPE(3, width));
    snprintf(inputs, sizeof inputs, "%s last", "flat");
    basin_node_spec *node = case_node(g, "Gemm", inputs, "y");
    case_int(node, "transB", 1);
    case_real(node, "alpha", 0.7);
    g->output = basin_strdup("y");
    return g;
}
