/* Element-wise ops of two and three inputs, broadcast; of one input, that dense layers do not cover. */
#include "op_cases.h"

#include <math.h>
#include <stdio.h>

/* Input of `rank` dimensions, the last of them 4, through a dense layer on that axis to `width`: called s. */
static basin_graph *layer(const size_t *shape, size_t rank, size_t width)
{
    basin_graph *g = case_start(shape, rank);

    case_param(g, "w1", SHAPE(4, width));
    case_param(g, "c1", SHAPE(width));
    case_node(g, "Gemm", "x w1 c1", "s");
    return g;
}

/* Of a parameter alone, that two samples' worth of adjoints meet in. */
static basin_graph *unary_of_a_parameter(void)
{
    basin_graph *g = layer(SHAPE(4), 5);

    case_param(g, "p", SHAPE(5));
    case_node(g, "Tanh", "p", "t");
    case_node(g, "Sigmoid", "t", "q");
    case_node(g, "Add", "s q", "h");
    case_node(g, "Add", "h t", "u");
    return case_end(g, "u", 5);
}

/* Two activations of one shape, both curved; a divisor is positive. */
static basin_graph *same(const char *op)
{
    basin_graph *g = layer(SHAPE(3, 4), 5);

    case_param(g, "w2", SHAPE(4, 5));
    case_node(g, "Gemm", "x w2", "t");
    case_node(g, "Tanh", "s", "h");
    case_node(g, "Softplus", "t", "z");
    case_node(g, op, "h z", "u");
    return case_end(g, "u", 15);
}

/* [1, 5] and an unbatched [3, 1] make [3, 5]; that with [1, 5], in both orders. */
static basin_graph *spread(const char *op)
{
    basin_graph *g = layer(SHAPE(1, 4), 5);

    case_param(g, "p", SHAPE(3, 1));
    case_node(g, "Softplus", "p", "z");
    case_node(g, "Sigmoid", "s", "e");
    case_node(g, op, "s z", "u");
    case_node(g, op, "u e", "v");
    case_node(g, "Tanh", "v", "t");
    case_node(g, "Softplus", "t", "f");
    case_node(g, op, "e f", "w");
    case_node(g, op, "z f", "y1");
    case_node(g, "Add", "w y1", "y2");
    return case_end(g, "y2", 15);
}

/* Parameters along the last, the middle and the first axis of [2, 3, 5], of the full rank, and of one
   number. */
static basin_graph *along_axes(const char *op)
{
    basin_graph *g = layer(SHAPE(2, 3, 4), 5);

    case_param(g, "p1", SHAPE(5));
    case_param(g, "p2", SHAPE(3, 1));
    case_param(g, "p3", SHAPE(1, 2, 1, 1));
    case_param(g, "p4", SHAPE(1, 2, 3, 5));
    case_param(g, "p5", SHAPE(1));
    case_node(g, "Softplus", "p1", "q1");
    case_node(g, "Softplus", "p2", "q2");
    case_node(g, "Softplus", "p3", "q3");
    case_node(g, "Softplus", "p4", "q4");
    case_node(g, "Softplus", "p5", "q5");
    case_node(g, op, "s q1", "h1");
    case_node(g, op, "h1 q2", "h2");
    case_node(g, op, "h2 q3", "h3");
    case_node(g, op, "h3 q4", "h4");
    case_node(g, op, "h4 q5", "h5");
    return case_end(g, "h5", 30);
}

/* The input, buffers and numbers on either side, and what is computed of these alone. */
static basin_graph *constants(const char *op)
{
    basin_graph *g = case_start(SHAPE(3, 4));

    case_param(g, "w1", SHAPE(4, 4));
    case_buffer(g, "two", NULL, 0, (const double[]){2.0});
    case_buffer(g, "row", SHAPE(1, 3, 1), (const double[]){0.5, 1.5, -2.0});
    case_buffer(g, "all", SHAPE(3, 4), (const double[]){1, 2, -1, 3, 0.5, -2, 1.5, 0.7, -0.8, 1.1, 0.9, 2.5});
    case_node(g, "Gemm", "x w1", "r");
    case_node(g, op, "r two", "r1");
    case_node(g, op, "r1 row", "r2");
    case_node(g, "Neg", "r2", "t");
    case_node(g, "Softplus", "t", "s");
    case_node(g, op, "x s", "h1");
    case_node(g, op, "two s", "h2");
    case_node(g, op, "h1 two", "h3");
    case_node(g, op, "row s", "h4");
    case_node(g, op, "h2 all", "h5");
    case_node(g, op, "two all", "c");
    case_node(g, op, "x c", "k");
    case_node(g, op, "h3 c", "h6");
    case_node(g, "Add", "k h6", "a1");
    case_node(g, "Add", "h4 h5", "a2");
    case_node(g, "Sub", "a1 a2", "h");
    return case_end(g, "h", 12);
}

/* Parameters among themselves, of different ranks. */
static basin_graph *unbatched(const char *op)
{
    basin_graph *g = layer(SHAPE(3, 4), 5);

    case_param(g, "p", SHAPE(3, 1));
    case_param(g, "q", SHAPE(5));
    case_node(g, "Softplus", "q", "z");
    case_node(g, op, "p z", "r");
    case_node(g, op, "q z", "t");
    case_node(g, "Mul", "s r", "h");
    case_node(g, "Add", "t h", "u");
    return case_end(g, "u", 15);
}

static basin_graph *itself(const char *op)
{
    basin_graph *g = layer(SHAPE(4), 5);

    case_node(g, "Sigmoid", "s", "h");
    case_node(g, op, "h h", "u");
    case_node(g, "Add", "u h", "v");
    return case_end(g, "v", 5);
}

#define BINARY(OP)                            \
    static basin_graph *OP##_same(void)       \
    {                                         \
        return same(#OP);                     \
    }                                         \
    static basin_graph *OP##_spread(void)     \
    {                                         \
        return spread(#OP);                   \
    }                                         \
    static basin_graph *OP##_along_axes(void) \
    {                                         \
        return along_axes(#OP);               \
    }                                         \
    static basin_graph *OP##_constants(void)  \
    {                                         \
        return constants(#OP);                \
    }                                         \
    static basin_graph *OP##_unbatched(void)  \
    {                                         \
        return unbatched(#OP);                \
    }                                         \
    static basin_graph *OP##_itself(void)     \
    {                                         \
        return itself(#OP);                   \
    }
BINARY(Add)
BINARY(Sub)
BINARY(Mul)
BINARY(Div)

/* A residual branch: the sum lies in the memory of the branch, where nobody else reads that. */
static basin_graph *residual(void)
{
    basin_graph *g = layer(SHAPE(4), 5);

    case_param(g, "w2", SHAPE(5, 5));
    case_node(g, "Tanh", "s", "h");
    case_node(g, "Gemm", "h w2", "t");
    case_node(g, "Add", "t h", "u");
    case_node(g, "Relu", "u", "v");
    case_node(g, "Sub", "v h", "w");
    case_node(g, "Tanh", "w", "z");
    return case_end(g, "z", 5);
}

/* A first input without adjoints, or of degree 1 only, that nobody else reads. */
static basin_graph *constant_first(void)
{
    basin_graph *g = case_start(SHAPE(4));

    case_param(g, "w1", SHAPE(4, 4));
    case_node(g, "Relu", "x", "r");
    case_node(g, "Gemm", "x w1", "s");
    case_node(g, "Add", "r s", "h");
    case_node(g, "Tanh", "x", "t");
    case_node(g, "Sub", "t h", "u");
    case_node(g, "Tanh", "u", "v");
    case_node(g, "Gemm", "r w1", "a");
    case_node(g, "Add", "a v", "w");
    return case_end(g, "w", 4);
}

static basin_graph *where(void)
{
    basin_graph *g = layer(SHAPE(3, 4), 5);

    case_param(g, "p", SHAPE(1, 1, 5));
    case_buffer(g, "c", SHAPE(3, 5), (const double[]){1, 0, 0, 1, 1, 0, 1, 2, 0, 1, 1, 1, -1, 0, 0});
    case_buffer(g, "row", SHAPE(3, 1), (const double[]){0, 1, 1});
    case_node(g, "Tanh", "s", "h");
    case_node(g, "Sigmoid", "s", "z");
    case_node(g, "Where", "c h z", "u1");
    case_node(g, "Where", "row u1 p", "u2");
    case_node(g, "Where", "c p u2", "u3");
    case_node(g, "Where", "row u3 u3", "u");
    return case_end(g, "u", 15);
}

/* A mask of -inf, of which the sigmoid makes 0; a condition with a batch axis; one that is wider than what it
   chooses. */
static basin_graph *where_infinite(void)
{
    basin_graph *g = layer(SHAPE(1, 4), 4);

    case_param(g, "p", SHAPE(3, 1));
    case_buffer(g, "causal", SHAPE(1, 3, 4), (const double[]){1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0});
    case_buffer(g, "inf", NULL, 0, (const double[]){-INFINITY});
    case_buffer(g, "open", SHAPE(3, 1), (const double[]){1, 0, 1});
    case_node(g, "Relu", "x", "positive");
    case_node(g, "Where", "positive s x", "h");
    case_node(g, "Where", "causal h inf", "m");
    case_node(g, "Sigmoid", "m", "e");
    case_node(g, "Where", "open s p", "t");
    case_node(g, "Add", "e t", "u");
    return case_end(g, "u", 12);
}

/* Of any number. */
#define UNARY(OP)                            \
    static basin_graph *unary_##OP(void)     \
    {                                        \
        basin_graph *g = layer(SHAPE(4), 5); \
        case_node(g, #OP, "s", "h");         \
        return case_end(g, "h", 5);          \
    }
UNARY(Silu)
UNARY(Erf)
UNARY(Exp)
UNARY(Neg)
UNARY(Abs)

/* Of positive numbers. */
#define UNARY_POSITIVE(OP)                   \
    static basin_graph *unary_##OP(void)     \
    {                                        \
        basin_graph *g = layer(SHAPE(4), 5); \
        case_node(g, "Sigmoid", "s", "z");   \
        case_node(g, #OP, "z", "h");         \
        return case_end(g, "h", 5);          \
    }
UNARY_POSITIVE(Sqrt)
UNARY_POSITIVE(Log)
UNARY_POSITIVE(Reciprocal)

static basin_graph *clip(const double *low, const double *high)
{
    basin_graph     *g = layer(SHAPE(4), 7);
    basin_node_spec *node = case_node(g, "Clip", "s", "h");

    if (low != NULL) case_real(node, "min", *low);
    if (high != NULL) case_real(node, "max", *high);
    return case_end(g, "h", 7);
}

static basin_graph *clip_both(void)
{
    return clip(&(double){-0.8}, &(double){1.1});
}

static basin_graph *clip_low(void)
{
    return clip(&(double){0.25}, NULL);
}

static basin_graph *clip_high(void)
{
    return clip(NULL, &(double){0.5});
}

/* Every power of `base` that takes a way of its own, and of a parameter. */
static basin_graph *powers(const char *base, const double *exponents, size_t count)
{
    static const char *const numbers[] = {"e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7"};
    basin_graph             *g = layer(SHAPE(4), 5);
    const char              *sum = "s";

    case_param(g, "p", SHAPE(5));
    case_node(g, base, "s", "z");
    case_node(g, base, "p", "q");
    for (size_t i = 0; i < count; i++) {
        char inputs[64], power[32], part[32];
        case_buffer(g, numbers[i], i % 2 ? (const size_t[]){1} : NULL, i % 2, &exponents[i]);
        snprintf(inputs, sizeof inputs, "%s %s", i % 3 == 2 ? "q" : "z", numbers[i]);
        snprintf(power, sizeof power, "power%zu", i);
        snprintf(part, sizeof part, "part%zu", i);
        case_node(g, "Pow", inputs, power);
        snprintf(inputs, sizeof inputs, "%s %s", sum, power);
        case_node(g, "Add", inputs, part);
        sum = g->nodes[g->node_count - 1].name;
    }
    case_node(g, "Add", "q z", "qz");
    char last[64];
    snprintf(last, sizeof last, "%s qz", sum);
    case_node(g, "Add", last, "u");
    return case_end(g, "u", 5);
}

static basin_graph *pow_of_any(void)
{
    return powers("Tanh", (const double[]){2, 3, 1, 0, 4, 3, 2}, 7);
}

static basin_graph *pow_of_positive(void)
{
    return powers("Sigmoid", (const double[]){0.5, -1, -0.5, 2.5, -2, 1.5, 0.3, -1}, 8);
}

/* A root mean square norm, written out. */
static basin_graph *written_out_norm(void)
{
    basin_graph *g = layer(SHAPE(3, 4), 5);

    case_param(g, "gain", SHAPE(5));
    case_buffer(g, "two", NULL, 0, (const double[]){2.0});
    case_buffer(g, "small", NULL, 0, (const double[]){1e-3});
    case_node(g, "Pow", "s two", "square");
    case_ints(case_node(g, "ReduceMean", "square", "mean"), "axes", INTS(-1));
    case_node(g, "Add", "mean small", "shifted");
    case_node(g, "Sqrt", "shifted", "root");
    case_node(g, "Div", "s root", "h");
    case_node(g, "Mul", "h gain", "u");
    return case_end(g, "u", 15);
}

const op_case op_cases_elementwise[] = {
    {"Add of what is computed from a parameter", unary_of_a_parameter, 0},
    {"Add, one shape", Add_same, 0},
    {"Add, broadcast", Add_spread, 0},
    {"Add, along axes", Add_along_axes, 0},
    {"Add, constants", Add_constants, 0},
    {"Add, parameters", Add_unbatched, 0},
    {"Add, to itself", Add_itself, 0},
    {"Sub, one shape", Sub_same, 0},
    {"Sub, broadcast", Sub_spread, 0},
    {"Sub, along axes", Sub_along_axes, 0},
    {"Sub, constants", Sub_constants, 0},
    {"Sub, parameters", Sub_unbatched, 0},
    {"Sub, from itself", Sub_itself, 0},
    {"Mul, one shape", Mul_same, 0},
    {"Mul, broadcast", Mul_spread, 0},
    {"Mul, along axes", Mul_along_axes, 0},
    {"Mul, constants", Mul_constants, 0},
    {"Mul, parameters", Mul_unbatched, 0},
    {"Mul, with itself", Mul_itself, 0},
    {"Div, one shape", Div_same, 0},
    {"Div, broadcast", Div_spread, 0},
    {"Div, along axes", Div_along_axes, 0},
    {"Div, constants", Div_constants, 0},
    {"Div, parameters", Div_unbatched, 0},
    {"Div, by itself", Div_itself, 0},
    {"Add, a residual branch", residual, 0},
    {"Add, a constant first", constant_first, 0},
    {"Where", where, 0},
    {"Where, infinite", where_infinite, 0},
    {"Silu", unary_Silu, 0},
    {"Erf", unary_Erf, 0},
    {"Exp", unary_Exp, 0},
    {"Neg", unary_Neg, 0},
    {"Abs", unary_Abs, 0},
    {"Sqrt", unary_Sqrt, 0},
    {"Log", unary_Log, 0},
    {"Reciprocal", unary_Reciprocal, 0},
    {"Clip", clip_both, 0},
    {"Clip from below", clip_low, 0},
    {"Clip from above", clip_high, 0},
    {"Pow of any number", pow_of_any, 0},
    {"Pow of positive numbers", pow_of_positive, 0},
    {"Pow, Sqrt, Div: a norm", written_out_norm, 0},
    {NULL, NULL, 0},
};
