/* Products of matrices, the softmaxes, and attention. */
#include <math.h>

#include "op_cases.h"

/* Input `shape`, last axis through a first dense layer without bias: s has the input's shape. */
static basin_graph *mixed(const size_t *shape, size_t rank)
{
    basin_graph *g = case_start(shape, rank);
    size_t       last = shape[rank - 1];

    case_param(g, "w0", SHAPE(last, last));
    case_node(g, "Gemm", "x w0", "s");
    return g;
}

/* The dense layer as an exporter may write it, on the data and on what depends on theta: the samples are
   rows. */
static basin_graph *matmul_dense(void)
{
    basin_graph *g = case_start(SHAPE(4));

    case_param(g, "w1", SHAPE(4, 5));
    case_param(g, "w2", SHAPE(5, 3));
    case_node(g, "MatMul", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "h w2", "t");
    return case_end(g, "t", 3);
}

/* A sequence times a matrix of weights, a frozen matrix in front of the sequence. */
static basin_graph *matmul_sequence(void)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "w1", SHAPE(4, 5));
    case_buffer(g, "mix", SHAPE(2, 3), (const double[]){0.5, -1, 0.3, 0.2, 0.7, -0.4});
    case_param(g, "w2", SHAPE(1, 5, 2));
    case_node(g, "MatMul", "x w1", "s");
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "mix h", "t");
    case_node(g, "MatMul", "t w2", "u");
    return case_end(g, "u", 4);
}

/* Weights on the left, a matrix for each head on the right, and one that all samples share with an axis for
   them. */
static basin_graph *matmul_heads(void)
{
    basin_graph *g = mixed(SHAPE(2, 3, 4));

    case_param(g, "left", SHAPE(5, 3));
    case_param(g, "right", SHAPE(2, 4, 3));
    case_param(g, "all", SHAPE(1, 2, 3, 2));
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "left h", "t");
    case_node(g, "MatMul", "t right", "u");
    case_node(g, "MatMul", "u all", "r");
    return case_end(g, "r", 20);
}

/* Both sides depend on theta and the data: the same tensor twice, and one that broadcasts over the other's
   heads on either side. */
static basin_graph *matmul_samples(void)
{
    basin_graph *g = mixed(SHAPE(1, 3, 3));

    case_param(g, "heads", SHAPE(2, 3, 3));
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "h h", "square");
    case_node(g, "MatMul", "square heads", "t");
    case_node(g, "MatMul", "h t", "u");
    case_node(g, "MatMul", "u h", "v");
    return case_end(g, "v", 18);
}

/* Vectors: a row times the sample's matrix, the matrix times a column, a sample's vector times a column. */
static basin_graph *matmul_vectors(void)
{
    basin_graph *g = mixed(SHAPE(2, 3, 4));

    case_param(g, "row", SHAPE(3));
    case_param(g, "column", SHAPE(4));
    case_param(g, "w2", SHAPE(2, 2));
    case_param(g, "pair", SHAPE(2));
    case_node(g, "MatMul", "row s", "t");
    case_node(g, "Tanh", "t", "h");
    case_node(g, "MatMul", "h column", "u");
    case_node(g, "MatMul", "u w2", "v");
    case_node(g, "Tanh", "v", "z");
    case_node(g, "MatMul", "z pair", "single");
    return case_end(g, "single", 1);
}

/* Weights in two factors, whose product is computed once for all samples; a gate of theta alone between. */
static basin_graph *matmul_factors(void)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "down", SHAPE(4, 2));
    case_param(g, "up", SHAPE(2, 5));
    case_param(g, "mix", SHAPE(3, 3));
    case_node(g, "MatMul", "down up", "w");
    case_node(g, "Softmax", "mix", "attend");
    case_node(g, "MatMul", "x w", "s");
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "attend h", "t");
    return case_end(g, "t", 15);
}

static basin_graph *softmax_of(const char *op, int64_t axis)
{
    basin_graph *g = mixed(SHAPE(3, 5, 2));

    case_int(case_node(g, op, "s", "p"), "axis", axis);
    return case_end(g, "p", 30);
}

static basin_graph *softmax_last(void)
{
    return softmax_of("Softmax", -1);
}

static basin_graph *softmax_middle(void)
{
    return softmax_of("Softmax", 2);
}

static basin_graph *softmax_first(void)
{
    return softmax_of("Softmax", 1);
}

static basin_graph *log_softmax_last(void)
{
    return softmax_of("LogSoftmax", -1);
}

static basin_graph *log_softmax_middle(void)
{
    return softmax_of("LogSoftmax", -2);
}

/* Behind a convolution, where samples lie in lanes: over channels, over a row of the image; back to rows for
   the products. */
static basin_graph *softmax_lanes(void)
{
    basin_graph *g = case_start(SHAPE(2, 4, 5));

    case_param(g, "kernel", SHAPE(3, 2, 2, 2));
    case_param(g, "w", SHAPE(4, 2));
    case_node(g, "Conv", "x kernel", "s");
    case_int(case_node(g, "Softmax", "s", "p"), "axis", 1);
    case_node(g, "LogSoftmax", "s", "l");
    case_node(g, "Mul", "p l", "entropy");
    case_node(g, "MatMul", "entropy w", "m");
    return case_end(g, "m", 18);
}

/* Of parameters, and what is read twice: the adjoints add up; an op in place behind. */
static basin_graph *softmax_unbatched(void)
{
    basin_graph *g = mixed(SHAPE(3));

    case_param(g, "gate", SHAPE(2, 3));
    case_param(g, "w", SHAPE(2, 3));
    case_node(g, "Softmax", "s", "p");
    case_node(g, "LogSoftmax", "s", "l");
    case_int(case_node(g, "Softmax", "gate", "q"), "axis", 0);
    case_int(case_node(g, "LogSoftmax", "q", "r"), "axis", 0);
    case_node(g, "Tanh", "l", "h");
    case_node(g, "Add", "p h", "sum");
    case_node(g, "Add", "sum s", "t");
    case_int(case_node(g, "Gemm", "t w", "u"), "transB", 1);
    case_node(g, "MatMul", "u r", "v");
    case_node(g, "MatMul", "u q", "o");
    case_node(g, "Add", "v o", "z");
    return case_end(g, "z", 3);
}

/* Queries [heads, t, 2], keys [heads, s, 2] and values [heads, s, 5] of data [heads, 7, 2]: all of them
   depend on theta and data. */
static basin_graph *attended(size_t heads, size_t t, size_t s, const char *inputs, basin_node_spec **node)
{
    basin_graph *g = mixed(SHAPE(heads, 7, 2));

    case_param(g, "wq", SHAPE(t, 7));
    case_param(g, "wk", SHAPE(s, 7));
    case_param(g, "wv", SHAPE(2, 5));
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "wq h", "q");
    case_node(g, "MatMul", "wk h", "k");
    case_node(g, "MatMul", "k wv", "v");
    *node = case_node(g, "Attention", inputs, "o");
    return g;
}

static basin_graph *attention(void)
{
    basin_node_spec *node;
    return case_end(attended(3, 3, 4, "q k v", &node), "o", 45);
}

static basin_graph *attention_causal(void)
{
    basin_node_spec *node;
    basin_graph     *g = attended(2, 3, 4, "q k v", &node);

    case_int(node, "is_causal", 1);
    case_real(node, "scale", 1.3);
    return case_end(g, "o", 30);
}

/* Queries in several blocks, the last one shorter: of 8 rows in double and 16 in single. */
static basin_graph *attention_blocks(void)
{
    basin_node_spec *node;
    return case_end(attended(1, 18, 64, "q k v", &node), "o", 90);
}

/* A causal mask in blocks of 4 rows: of as many keys, of fewer, and of more than there are queries. */
static basin_graph *attention_causal_blocks(void)
{
    basin_node_spec *node;
    basin_graph     *g = attended(2, 10, 10, "q k v", &node);

    case_int(node, "is_causal", 1);
    case_int(case_node(g, "Attention", "q wide o", "p"), "is_causal", 1);
    case_node(g, "Tanh", "k", "wide");
    case_param(g, "short", SHAPE(3, 10));
    case_param(g, "tall", SHAPE(14, 10));
    case_node(g, "MatMul", "short p", "few");
    case_node(g, "MatMul", "tall p", "many");
    case_int(case_node(g, "Attention", "many few few", "r"), "is_causal", 1);
    case_int(case_node(g, "Attention", "few many many", "u"), "is_causal", 1);
    case_node(g, "Concat", "r u", "all");
    case_int(&g->nodes[g->node_count - 1], "axis", 2);
    return case_end(g, "all", 2 * 17 * 5);
}

/* Causal blocks of queries, keys or values that the samples share, with a mask that is trained. */
static basin_graph *attention_shared_blocks(void)
{
    basin_graph *g = mixed(SHAPE(10, 3));

    case_param(g, "latent", SHAPE(10, 3));
    case_param(g, "values", SHAPE(1, 10, 2));
    case_param(g, "bias", SHAPE(1, 10, 10));
    case_node(g, "Tanh", "s", "h");
    case_int(case_node(g, "Attention", "latent h h bias", "o"), "is_causal", 1);
    case_int(case_node(g, "Attention", "o latent x", "p"), "is_causal", 1);
    case_int(case_node(g, "Attention", "p h values", "r"), "is_causal", 1);
    return case_end(g, "r", 20);
}

/* One mask for all heads; nobody sees the second key. */
static basin_graph *attention_masked(void)
{
    basin_node_spec *node;
    basin_graph     *g = attended(2, 3, 4, "q k v mask", &node);

    case_buffer(
        g, "mask", SHAPE(1, 1, 3, 4),
        (const double[]){0, -INFINITY, 0.5, -INFINITY, -INFINITY, -INFINITY, 0, 0, 0, -INFINITY, -1, 2});
    return case_end(g, "o", 30);
}

/* A mask for each head, which is trained, and causal besides: row 0 of each head sees one key, row 3 more
   than there are. */
static basin_graph *attention_bias(void)
{
    basin_node_spec *node;
    basin_graph     *g = attended(2, 4, 3, "q k v bias", &node);

    case_param(g, "bias", SHAPE(2, 4, 3));
    case_int(node, "is_causal", 1);
    return case_end(g, "o", 40);
}

/* Queries that do not depend on the sample, values that do not depend on theta, keys that are values; one
   tensor as all three. */
static basin_graph *attention_shared(void)
{
    basin_graph *g = mixed(SHAPE(4, 3));

    case_param(g, "latent", SHAPE(1, 2, 3));
    case_node(g, "Tanh", "s", "h");
    case_node(g, "Attention", "latent h x", "o");
    case_node(g, "Attention", "o h h", "p");
    case_node(g, "Attention", "p p p", "r");
    return case_end(g, "r", 6);
}

/* The scores are constant: only values depend on theta; then only queries do. */
static basin_graph *attention_constant(void)
{
    basin_graph *g = mixed(SHAPE(4, 3));

    case_buffer(g, "keys", SHAPE(5, 3),
                (const double[]){0.1, -1, 0.4, 0.7, 0.3, 0.2, -0.5, 0.6, 1, 0.8, -0.1, 0.3, 0.9, 0, -0.7});
    case_buffer(g, "values", SHAPE(5, 2), (const double[]){0.1, -1, 0.4, 0.7, 0.3, 0.2, -0.5, 0.6, 1, 0.8});
    case_node(g, "Attention", "x x s", "o");
    case_node(g, "Attention", "o keys values", "p");
    return case_end(g, "p", 8);
}

/* Nothing here depends on the sample but what it is multiplied by. */
static basin_graph *attention_unbatched(void)
{
    basin_graph *g = mixed(SHAPE(3));

    case_param(g, "a", SHAPE(3, 2));
    case_param(g, "b", SHAPE(4, 2));
    case_param(g, "c", SHAPE(4, 5));
    case_node(g, "Attention", "a b c", "w");
    case_node(g, "MatMul", "s w", "o");
    return case_end(g, "o", 5);
}

const op_case op_cases_attention[] = {
    {"MatMul, dense layers", matmul_dense, 0},
    {"MatMul of sequences", matmul_sequence, 0},
    {"MatMul, heads", matmul_heads, 0},
    {"MatMul of samples", matmul_samples, 0},
    {"MatMul, vectors", matmul_vectors, 0},
    {"MatMul, weights in two factors", matmul_factors, 0},
    {"Softmax, last axis", softmax_last, 0},
    {"Softmax, middle axis", softmax_middle, 0},
    {"Softmax, first axis", softmax_first, 0},
    {"LogSoftmax, last axis", log_softmax_last, 0},
    {"LogSoftmax, middle axis", log_softmax_middle, 0},
    {"Softmax, samples in lanes", softmax_lanes, 0},
    {"Softmax of parameters", softmax_unbatched, 0},
    {"Attention", attention, 0},
    {"Attention, causal", attention_causal, 0},
    {"Attention in blocks", attention_blocks, 0},
    {"Attention, causal, in blocks", attention_causal_blocks, 0},
    {"Attention, shared inputs in blocks", attention_shared_blocks, 0},
    {"Attention, masked", attention_masked, 0},
    {"Attention, a bias that is trained", attention_bias, 0},
    {"Attention, shared inputs", attention_shared, 0},
    {"Attention, constant scores", attention_constant, 0},
    {"Attention of parameters", attention_unbatched, 0},
    {NULL, NULL, 0},
};
