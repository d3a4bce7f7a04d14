/* Ops that move elements: shapes, parts, tables, sums. */
#include "op_cases.h"
#include "support.h"

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

/* Of a parameter: its adjoint collects through them. */
static basin_graph *reshapes_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(2, 12));
    case_ints(case_node(g, "Reshape", "p", "p1"), "shape", INTS(0, 3, -1));
    case_ints(case_node(g, "Unsqueeze", "p1", "p2"), "axes", INTS(0));
    case_node(g, "Squeeze", "p2", "p3");
    case_int(case_node(g, "Flatten", "p3", "p4"), "axis", -1);
    case_ints(case_node(g, "Reshape", "p4", "p5"), "shape", INTS(2, 3, 4));
    case_node(g, "Add", "h p5", "t");
    return finish(g, 24);
}

#define TRANSPOSE(NAME, ...)                                                       \
    static basin_graph *transpose_##NAME(void)                                     \
    {                                                                              \
        basin_graph *g = block();                                                  \
        case_ints(case_node(g, "Transpose", "h", "t"), "perm", INTS(__VA_ARGS__)); \
        return finish(g, 24);                                                      \
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

static basin_graph *transpose_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(4, 3, 2));
    case_node(g, "Transpose", "p", "q");
    case_node(g, "Add", "h q", "t");
    return finish(g, 24);
}

/* Slice of h with `axes` (and `steps`) of one or two entries. */
static basin_graph *slice(const int64_t *starts, const int64_t *ends, const int64_t *axes,
                          const int64_t *steps, size_t count, size_t width)
{
    basin_graph     *g = block();
    basin_node_spec *node = case_node(g, "Slice", "h", "t");

    case_ints(node, "starts", starts, count);
    case_ints(node, "ends", ends, count);
    case_ints(node, "axes", axes, count);
    if (steps != NULL) case_ints(node, "steps", steps, count);
    return finish(g, width);
}

static basin_graph *slice_last(void)
{
    return slice((const int64_t[]){1}, (const int64_t[]){3}, (const int64_t[]){-1}, NULL, 1, 12);
}

static basin_graph *slice_first(void)
{
    return slice((const int64_t[]){-1}, (const int64_t[]){INT64_MAX}, (const int64_t[]){1}, NULL, 1, 12);
}

static basin_graph *slice_steps(void)
{
    return slice((const int64_t[]){INT64_MIN, -3}, (const int64_t[]){9, -1}, (const int64_t[]){2, 3},
                 (const int64_t[]){2, INT64_MAX}, 2, 4);
}

/* Overlapping parts: adjoints add up. */
static basin_graph *slice_overlap(void)
{
    basin_graph *g = block();

    for (int i = 0; i < 2; i++) {
        basin_node_spec *node = case_node(g, "Slice", "h", i == 0 ? "p" : "q");
        case_ints(node, "starts", INTS(i));
        case_ints(node, "ends", INTS(i + 2));
        case_ints(node, "axes", INTS(2));
    }
    case_node(g, "Tanh", "p", "p1");
    case_int(case_node(g, "Concat", "p1 q", "t"), "axis", 3);
    return finish(g, 32);
}

/* Of a parameter, without axes, before it is repeated over the samples. */
static basin_graph *slice_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(3, 4, 3, 5));
    basin_node_spec *node = case_node(g, "Slice", "p", "q");
    case_ints(node, "starts", INTS(1, 0));
    case_ints(node, "ends", INTS(2, 3));
    case_ints(node, "steps", INTS(1, 2));
    node = case_node(g, "Slice", "q", "r");
    case_ints(node, "starts", INTS(1));
    case_ints(node, "ends", INTS(5));
    case_ints(node, "axes", INTS(-1));
    case_int(case_node(g, "Concat", "h r", "t"), "axis", 1);
    return finish(g, 48);
}

static void split_node(basin_graph *g, const char *from, const char *const *parts, size_t count, int64_t axis,
                       const int64_t *sizes)
{
    basin_node_spec *node = NULL;

    assert_ok(basin_graph_add(g, "split", "Split", &from, 1, parts, count, &node));
    case_int(node, "axis", axis);
    if (sizes != NULL) case_ints(node, "split", sizes, count);
}

static basin_graph *split_sizes(void)
{
    basin_graph *g = block();

    split_node(g, "h", (const char *const[]){"p", "q"}, 2, -1, (const int64_t[]){3, 1});
    case_node(g, "Sigmoid", "p", "p1");
    case_int(case_node(g, "Concat", "q p1 q", "t"), "axis", 3);
    return finish(g, 30);
}

/* The part between is read by nobody. */
static basin_graph *split_equal(void)
{
    basin_graph *g = block();

    split_node(g, "h", (const char *const[]){"p", "q", "r"}, 3, 2, NULL);
    case_node(g, "Sigmoid", "p", "p1");
    case_int(case_node(g, "Concat", "p1 r", "t"), "axis", 1);
    return finish(g, 16);
}

/* Of a parameter; the last part is smaller. */
static basin_graph *split_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(1, 5, 3, 4));
    split_node(g, "p", (const char *const[]){"q", "r"}, 2, 1, NULL);
    case_node(g, "Tanh", "r", "r1");
    case_int(case_node(g, "Concat", "q h r1", "t"), "axis", 1);
    return finish(g, 84);
}

/* Class tokens: a parameter, a constant and a computed tensor, repeated over the samples, before and
   behind. */
static basin_graph *concat_tokens(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(1, 2, 2, 4));
    case_buffer(g, "c", SHAPE(1, 2, 1, 4), (const double[]){1, -1, 2, 0.5, 0.3, 0.2, -0.7, 1});
    case_node(g, "Tanh", "p", "p1");
    case_int(case_node(g, "Concat", "p h c p1", "t"), "axis", 2);
    return finish(g, 64);
}

/* Without a batched input; then with the input itself. */
static basin_graph *concat_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(1, 1, 3, 3));
    case_param(g, "q", SHAPE(1, 1, 3, 1));
    case_int(case_node(g, "Concat", "p q", "r"), "axis", -1);
    case_int(case_node(g, "Concat", "x r h", "t"), "axis", -3);
    return finish(g, 60);
}

static basin_graph *pad(void)
{
    basin_graph     *g = block();
    basin_node_spec *node = case_node(g, "Pad", "h", "t");

    case_ints(node, "pads", INTS(0, 0, 1, 2, 0, 1, 0, 3));
    case_real(node, "value", 0.4);
    return finish(g, 3 * 4 * 9);
}

static basin_graph *pad_negative(void)
{
    basin_graph *g = block();

    case_ints(case_node(g, "Pad", "h", "t"), "pads", INTS(0, 0, -1, 2, 0, 0, -1, -3));
    return finish(g, 2 * 1 * 3);
}

static basin_graph *pad_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(1, 3, 4));
    case_ints(case_node(g, "Pad", "p", "q"), "pads", INTS(0, 0, 1, 1, 0, 0));
    case_ints(case_node(g, "Reshape", "q", "r"), "shape", INTS(1, 2, 3, 5));
    case_int(case_node(g, "Concat", "h r", "t"), "axis", 3);
    return finish(g, 54);
}

static basin_graph *reduce(const char *op, const int64_t *axes, size_t count, int64_t keep, size_t width)
{
    basin_graph     *g = block();
    basin_node_spec *node = case_node(g, op, "h", "t");

    case_ints(node, "axes", axes, count);
    if (keep != 1) case_int(node, "keepdims", keep);
    return finish(g, width);
}

static basin_graph *reduce_last(void)
{
    return reduce("ReduceMean", INTS(-1), 0, 6);
}

static basin_graph *reduce_middle(void)
{
    return reduce("ReduceMean", INTS(2), 1, 8);
}

static basin_graph *reduce_two(void)
{
    return reduce("ReduceSum", INTS(3, 1), 1, 3);
}

static basin_graph *reduce_all(void)
{
    return reduce("ReduceSum", INTS(1, 2, 3), 0, 1);
}

/* More columns than a tile. */
static basin_graph *reduce_wide(void)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "w1", SHAPE(4, 37));
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_ints(case_node(g, "ReduceMean", "h", "t"), "axes", INTS(1));
    return finish(g, 37);
}

static basin_graph *reduce_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(1, 2, 3, 4));
    case_param(g, "q", SHAPE(2, 2));
    case_ints(case_node(g, "ReduceSum", "p", "p1"), "axes", INTS(3));
    basin_node_spec *node = case_node(g, "ReduceMean", "q", "q1");
    case_int(node, "keepdims", 0);
    case_node(g, "Tanh", "q1", "q2");
    case_ints(case_node(g, "Reshape", "q2", "q3"), "shape", INTS(1, 1, 1, 1));
    case_ints(case_node(g, "Pad", "q3", "q4"), "pads", INTS(0, 1, 0, 0, 0, 0, 2, 0));
    case_int(case_node(g, "Concat", "h p1 q4", "t"), "axis", 3);
    return finish(g, 36);
}

/* Moves of one number a sample: a run of 1, not a sum that adds to what its memory held. */
static basin_graph *single_numbers(void)
{
    basin_graph *g = block();

    case_int(case_node(g, "Flatten", "h", "f"), "axis", 1);
    basin_node_spec *slice = case_node(g, "Slice", "f", "one");
    case_ints(slice, "axes", INTS(1));
    case_ints(slice, "starts", INTS(3));
    case_ints(slice, "ends", INTS(4));
    case_ints(case_node(g, "Pad", "one", "same"), "pads", INTS(0, 0, 0, 0));
    case_ints(case_node(g, "ReduceSum", "f", "x1"), "axes", INTS(1));
    case_ints(case_node(g, "Unsqueeze", "same", "square"), "axes", INTS(1));
    case_ints(case_node(g, "Transpose", "square", "turned"), "perm", INTS(0, 2, 1));
    case_int(case_node(g, "Flatten", "turned", "single"), "axis", 1);
    case_int(case_node(g, "Concat", "single one x1", "t"), "axis", 1);
    return finish(g, 3);
}

/* Tokens [3] below 7 and a parameter table [7, 4]: e [3, 4], which has more than one use for a token that
   repeats. */
static basin_graph *embedding(void)
{
    basin_graph *g = case_start(SHAPE(3));

    case_param(g, "table", SHAPE(7, 4));
    case_node(g, "Gather", "table x", "e");
    case_node(g, "Tanh", "e", "t");
    return finish(g, 12);
}

/* The table is also the head's weight. */
static basin_graph *embedding_tied(void)
{
    basin_graph *g = case_start(SHAPE(2));

    case_param(g, "table", SHAPE(3, 4));
    case_node(g, "Gather", "table x", "e");
    case_node(g, "Tanh", "e", "t");
    case_int(case_node(g, "Gemm", "t table", "logits"), "transB", 1);
    case_node(g, "Softplus", "logits", "s");
    case_ints(case_node(g, "ReduceMean", "s", "m"), "axes", INTS(1));
    return case_end(g, "m", 3);
}

/* Tokens and kinds in two columns; positions from the end; a computed table [7, 2, 3], and a constant one for
   the kinds. */
static basin_graph *embedding_columns(void)
{
    basin_graph *g = case_start(SHAPE(5, 2));

    case_param(g, "p", SHAPE(3, 2, 7));
    case_buffer(g, "kinds", SHAPE(7, 6), NULL);
    for (size_t i = 0; i < 42; i++) g->buffers[0].values[i] = (double)(i % 5) - 2.0;
    case_buffer(g, "seven", SHAPE(1), (const double[]){7});
    case_node(g, "Tanh", "p", "p1");
    case_ints(case_node(g, "Transpose", "p1", "table"), "perm", INTS(2, 1, 0));
    split_node(g, "x", (const char *const[]){"a", "b"}, 2, 2, NULL);
    case_ints(case_node(g, "Squeeze", "a", "tokens"), "axes", INTS(2));
    case_node(g, "Gather", "table tokens", "e");
    case_node(g, "Sub", "b seven", "c");
    case_node(g, "Gather", "kinds c", "f");
    case_ints(case_node(g, "Reshape", "e", "e1"), "shape", INTS(0, 5, 1, 6));
    case_int(case_node(g, "Concat", "e1 f", "t"), "axis", 2);
    return finish(g, 60);
}

/* Constant indices into h [2, 3, 4] along `axis`. */
static basin_graph *pick(int64_t axis, const size_t *shape, size_t rank, const double *indices, size_t width)
{
    basin_graph *g = block();

    case_buffer(g, "i", shape, rank, indices);
    case_int(case_node(g, "Gather", "h i", "t"), "axis", axis);
    return finish(g, width);
}

static basin_graph *pick_one(void)
{
    return pick(2, NULL, 0, (const double[]){-1}, 8);
}

static basin_graph *pick_repeated(void)
{
    return pick(-1, SHAPE(5), (const double[]){3, 0, 3, -2, 1}, 30);
}

static basin_graph *pick_matrix(void)
{
    return pick(1, SHAPE(2, 2), (const double[]){1, 0, -1, 1}, 48);
}

/* From a parameter, as of relative positions; the indices lead a tensor that is read twice. */
static basin_graph *pick_unbatched(void)
{
    basin_graph *g = block();

    case_param(g, "p", SHAPE(5, 2));
    case_buffer(g, "i", SHAPE(3, 4), (const double[]){0, 1, 2, 3, -1, 4, 2, 2, 0, -5, 1, 3});
    case_node(g, "Gather", "p i", "q");
    case_ints(case_node(g, "Transpose", "q", "r"), "perm", INTS(2, 0, 1));
    case_node(g, "Add", "h r", "s1");
    case_node(g, "Mul", "s1 r", "t");
    return finish(g, 24);
}

/* The same h behind a convolution: samples in lanes. */
static basin_graph *image(void)
{
    basin_graph *g = case_start(SHAPE(2, 3, 4));

    case_param(g, "w1", SHAPE(2, 2, 1, 1));
    case_node(g, "Conv", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    return g;
}

static basin_graph *lanes_parts(void)
{
    basin_graph *g = image();

    case_param(g, "class", SHAPE(1, 1, 6, 8));
    split_node(g, "h", (const char *const[]){"p", "q"}, 2, 1, NULL);
    case_ints(case_node(g, "Transpose", "p", "p1"), "perm", INTS(0, 1, 3, 2));
    case_ints(case_node(g, "Reshape", "q", "q1"), "shape", INTS(0, 1, 4, 3));
    case_node(g, "Sigmoid", "q1", "q2");
    case_int(case_node(g, "Concat", "p1 q2", "r"), "axis", 3);
    basin_node_spec *node = case_node(g, "Pad", "r", "r1");
    case_ints(node, "pads", INTS(0, 0, 1, 2, 0, 0, 1, 0));
    case_real(node, "value", -0.3);
    case_int(case_node(g, "Concat", "r1 class r1", "t"), "axis", 1);
    return finish(g, 144);
}

static basin_graph *lanes_sums(void)
{
    basin_graph *g = image();

    case_buffer(g, "i", SHAPE(3), (const double[]){2, -3, 2});
    basin_node_spec *node = case_node(g, "Slice", "h", "p");
    case_ints(node, "starts", INTS(1));
    case_ints(node, "ends", INTS(4));
    case_ints(node, "axes", INTS(3));
    case_ints(node, "steps", INTS(2));
    case_ints(case_node(g, "ReduceSum", "p", "p1"), "axes", INTS(1));
    case_int(case_node(g, "Gather", "h i", "q"), "axis", 2);
    case_ints(case_node(g, "Transpose", "q", "q1"), "perm", INTS(0, 2, 3, 1));
    case_ints(case_node(g, "ReduceMean", "q1", "q2"), "axes", INTS(2));
    case_ints(case_node(g, "ReduceMean", "q2", "h1"), "axes", INTS(1));
    case_node(g, "Squeeze", "h1", "h2");
    case_ints(case_node(g, "Unsqueeze", "h2", "h3"), "axes", INTS(1, 2));
    case_node(g, "Mul", "p1 h3", "t");
    return finish(g, 6);
}

/* A weight behind a transposition and a cut, and the same one as it is. */
static basin_graph *transposed_weight(void)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "w", SHAPE(7, 4));
    case_node(g, "Transpose", "w", "w1");
    basin_node_spec *node = case_node(g, "Slice", "w1", "w2");
    case_ints(node, "starts", INTS(2));
    case_ints(node, "ends", INTS(6));
    case_ints(node, "axes", INTS(1));
    case_node(g, "MatMul", "x w2", "s");
    case_node(g, "Tanh", "s", "h");
    case_int(case_node(g, "Gemm", "h w", "t"), "transB", 1);
    return finish(g, 21);
}

const op_case op_cases_shape[] = {
    {"Reshape, Squeeze, Unsqueeze, Flatten", reshapes, 0},
    {"Reshape, Squeeze, Unsqueeze, Flatten of a parameter", reshapes_unbatched, 0},
    {"Transpose, last two", transpose_last, 0},
    {"Transpose, middle", transpose_middle, 0},
    {"Transpose, turn", transpose_turn, 0},
    {"Transpose, reverse", transpose_reverse, 0},
    {"Transpose, none", transpose_none, 0},
    {"Transpose, tiles", transpose_tiles, 0},
    {"Transpose of a parameter", transpose_unbatched, 0},
    {"Slice, last axis", slice_last, 0},
    {"Slice, first axis", slice_first, 0},
    {"Slice, steps", slice_steps, 0},
    {"Slice, overlap", slice_overlap, 0},
    {"Slice of a parameter", slice_unbatched, 0},
    {"Split, sizes", split_sizes, 0},
    {"Split, equal parts", split_equal, 0},
    {"Split of a parameter", split_unbatched, 0},
    {"Concat, class tokens", concat_tokens, 0},
    {"Concat of parameters, and with the input", concat_unbatched, 0},
    {"Slice, Pad, Transpose, Concat of single numbers", single_numbers, 0},
    {"Pad", pad, 0},
    {"Pad, negative", pad_negative, 0},
    {"Pad of a parameter", pad_unbatched, 0},
    {"ReduceMean, last axis", reduce_last, 0},
    {"ReduceMean, middle axis", reduce_middle, 0},
    {"ReduceSum, two axes", reduce_two, 0},
    {"ReduceSum, all axes", reduce_all, 0},
    {"ReduceMean, wide", reduce_wide, 0},
    {"ReduceSum, ReduceMean of parameters", reduce_unbatched, 0},
    {"Gather, embedding", embedding, 7},
    {"Gather, tied embedding", embedding_tied, 3},
    {"Gather, computed tables and indices", embedding_columns, 7},
    {"Gather, one constant index", pick_one, 0},
    {"Gather, constant indices", pick_repeated, 0},
    {"Gather, a matrix of constant indices", pick_matrix, 0},
    {"Gather from a parameter", pick_unbatched, 0},
    {"Split, Transpose, Reshape, Concat, Pad in lanes", lanes_parts, 0},
    {"Slice, Gather, ReduceSum, ReduceMean in lanes", lanes_sums, 0},
    {"Transpose, Slice of a weight", transposed_weight, 0},
    {NULL, NULL, 0},
};
