/* Ops that move elements: shapes, parts, tables, sums. */
#include "op_cases.h"

/* Input [2, 3, 4] through a dense layer and tanh: h. */
static basin_graph *block(void)
{
    basin_graph *g = case_start(SHAPE(2, 3, 4));

    case_param(g, "w1", SHAPE(4, 4));
    case_param(g, "c1", SHAPE(4));
    case_node(g, "Gemm", "x w1 c1", "s");
    case_node(g, "Tanh", "s", "h");
    return g;
}

/* What comes out, t, goes through tanh so that products see curvature behind it, and is read twice. */
static basin_graph *finish(basin_graph *g, size_t width)
{
    case_node(g, "Tanh", "t", "u");
    return case_end(g, "u", width);
}

static basin_graph *reshapes(void)
{
    basin_graph *g = block();

    case_ints(case_node(g, "Reshape", "h", "r1"), "shape", INTS(0, 0, -1, 2));
    case_ints(case_node(g, "Unsqueeze", "r1", "r2"), "axes", INTS(1, -1));
    case_ints(case_node(g, "Squeeze", "r2", "r3"), "axes", INTS(1));
    case_node(g, "Squeeze", "r3", "r4");
    case_ints(case_node(g, "Reshape", "r4", "r5"), "shape", INTS(-1, 1, 4, 6));
    case_int(case_node(g, "Flatten", "r5", "r6"), "axis", 2);
    case_node(g, "Add", "r6 r6", "t");
    return finish(g, 24);
}

#define TRANSPOSE(NAME, ...)                                                        \
    static basin_graph *transpose_##NAME(void)                                      \
    {                                                                               \
        basin_graph *g = block();                                                   \
        case_ints(case_node(g, "Transpose", "h", "t"), "perm", INTS(__VA_ARGS__));  \
        return finish(g, 24);                                                       \
    }
TRANSPOSE(last, 0, 1, 3, 2)
TRANSPOSE(middle, 0, 2, 1, 3)
TRANSPOSE(turn, 0, 3, 1, 2)
TRANSPOSE(reverse, 0, -1, 2, 1)
TRANSPOSE(none, 0, 1, 2, 3)

/* Larger than a tile, not a multiple of it; read twice. */
static basin_graph *transpose_tiles(void)
{
    basin_graph *g = case_start(SHAPE(19, 3));

    case_param(g, "w1", SHAPE(3, 21));
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_ints(case_node(g, "Transpose", "h", "t1"), "perm", INTS(0, 2, 1));
    case_ints(case_node(g, "Reshape", "h", "h1"), "shape", INTS(0, 21, 19));
    case_node(g, "Add", "t1 h1", "t");
    return finish(g, 399);
}

const op_case op_cases_shape[] = {
    {"Reshape, Squeeze, Unsqueeze, Flatten", reshapes, 0},
    {"Transpose, last two", transpose_last, 0},
    {"Transpose, middle", transpose_middle, 0},
    {"Transpose, turn", transpose_turn, 0},
    {"Transpose, reverse", transpose_reverse, 0},
    {"Transpose, none", transpose_none, 0},
    {"Transpose, tiles", transpose_tiles, 0},
    {NULL, NULL, 0},
};
