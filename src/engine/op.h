/* What an op is: shapes, and four functions over slots.
 *
 * A slot is one tensor in four roles: value v, tangent d, adjoint a, the adjoint's tangent ad. What
 * depends on the input is *batched*: it has one part of `width` elements a sample. Samples lie in
 * rows of `lanes` side by side:
 *
 *     v, a    [rows, width, lanes] d, ad [rows, k, width, lanes] rows = ceil(B / lanes)
 *
 * for B samples at hand and a block of k vectors. With lanes = 1 a row is a sample. With lanes = 16
 * (BASIN_LANES) a row is a group of 16 samples, every element a vector register: convolutions,
 * dense layers and whatever stays near them. The last group's empty lanes repeat a sample in v and
 * d, so that they are finite, and hold 0 in a and ad, so that they add nothing to sums over
 * samples. An op says which it wants; the graph compiler puts a Relayout between. An op for any
 * layout treats [width, lanes] as `stride` = width · lanes numbers, or moves elements of `lanes`
 * numbers.
 *
 * What does not depend on the input (parameters, buffers, and what is computed from these alone) is
 * *unbatched*: rows = 1, lanes = 1, of the tensor's whole shape:
 *
 *     v, a    [width]                          d, ad    [k, width]
 *
 * v, d of parameters and v of buffers are shared by the threads and read only; a, ad are of the
 * thread and collect over samples, so backward always adds to them. Buffers and other constants
 * have degree 0: no d, a, ad at all.
 *
 * forward + forward_dot and backward + backward_dot together are an exact H·v (Pearlmutter, Neural
 * Computation 6(1), 1994). At a frozen point only forward_dot and backward_dot run: what they need
 * of the primal sweeps is kept: values of slots with keep_value, adjoints of slots with
 * keep_adjoint, and the node's own `work`.
 */
#ifndef BASIN_ENGINE_OP_H
#define BASIN_ENGINE_OP_H

#include "core/graph.h"
#include "core/params.h"
#include "engine/real.h"

typedef enum basin_mode {
    BASIN_MODE_LOSS,     /* values only */
    BASIN_MODE_GRADIENT, /* keep what backward needs */
    BASIN_MODE_FREEZE    /* and what products need */
} basin_mode;

enum { BASIN_MAX_INPUTS = 64, BASIN_LANES = 16 };

typedef enum basin_layout {
    BASIN_LAYOUT_ANY,  /* that of the largest batched input */
    BASIN_LAYOUT_ROWS, /* lanes = 1 */
    BASIN_LAYOUT_LANES /* lanes = BASIN_LANES */
} basin_layout;

/* of the output in theta, from those of the inputs; 0 constant, 1 affine, 2 anything else */
typedef enum basin_degree {
    /* 0 stays 0; constant data, as of a first dense or normalising layer, keeps the parameters' 1;
       else 2 */
    BASIN_DEGREE_CURVED,
    BASIN_DEGREE_LINEAR, /* the largest */
    /* the first two inputs are factors: the largest where one of them is constant, else 2 */
    BASIN_DEGREE_PRODUCT,
    BASIN_DEGREE_QUOTIENT, /* the first's where the second is constant, else 2 */
    BASIN_DEGREE_UNARY     /* 0 stays 0, else 2 */
} basin_degree;

/* of a piecewise op: what tells the branch of element l of the output */
typedef enum basin_kink {
    BASIN_KINK_NONE,
    BASIN_KINK_SIGN,  /* v[l] of the output, which is kept, is above 0 on one branch only */
    BASIN_KINK_SLOPE, /* work[l] is the slope, which is 1 on one branch only */
    BASIN_KINK_BRANCH /* work[l] names the branch */
} basin_kink;

typedef struct basin_slot {
    const char *name;
    /* of one sample if batched, otherwise of the whole tensor */
    size_t rank, shape[BASIN_MAX_RANK];
    size_t width; /* product of shape */
    bool   batched;
    size_t lanes;
    size_t consumers;
    /* parameter: its number in params, otherwise BASIN_NONE */
    size_t block;
    /* the parameter that this is, in another shape perhaps: its block, otherwise BASIN_NONE */
    size_t origin;
    size_t origin_axis[BASIN_MAX_RANK]; /* and which of its dimensions each is */
    /* buffer: its number in graph->buffers, otherwise BASIN_NONE */
    size_t buffer;
    /* the same tensor in the other layout, or BASIN_NONE */
    size_t twin;
    int    degree;                   /* in theta */
    bool   keep_value, keep_adjoint; /* products need v, a */
    /* slot whose memory it uses: its own number, or that of an op in place */
    size_t root_v, root_d, root_a, root_ad;
    real  *v, *d, *a, *ad;
} basin_slot;

typedef struct basin_node basin_node;

typedef struct basin_op {
    const char  *name;
    size_t       inputs_min, inputs_max;
    basin_layout layout;
    basin_degree degree;
    basin_kink   kink;
    /* output may share the memory of a first input that nobody else reads, if as wide */
    bool in_place;
    /* in place, and the numbers stay what they are: a value that is kept may be shared too */
    bool copies;
    /* the output's elements are some of the first input's, where the others are constant */
    bool moves;
    /* inputs may be left out in the middle: input[i] = BASIN_NONE */
    bool gaps;
    /* shapes, attributes, workspace; roles of parameters */
    basin_status (*infer)(basin_node *node);
    /* of the data, once, if node->check_data; which is at fault */
    basin_status (*check)(const basin_node *node, size_t b, size_t *sample);
    /* y = f(x) */
    void (*forward)(basin_node *node, size_t b, basin_mode mode);
    /* a_x += J' a_y, for inputs of degree > 0 */
    void (*backward)(basin_node *node, size_t b, basin_mode mode);
    /* y' = J x' for k tangents */
    void (*forward_dot)(basin_node *node, size_t b, size_t k);
    /* derivative of backward along (x', a_y') */
    void (*backward_dot)(basin_node *node, size_t b, size_t k);
    /* of forward for one sample; NULL = negligible */
    double (*flops)(const basin_node *node);
    /* the op's own constants, e.g. the row of the unary table */
    const void *row;
} basin_op;

struct basin_node {
    const basin_op        *op;
    const basin_node_spec *spec;
    basin_slot            *slots;   /* all of them; of the thread */
    basin_params          *params;  /* roles and axes are set by infer */
    const basin_buffer    *buffers; /* of the graph: basin_slot.buffer counts them */
    size_t                 layer;   /* the next one to number */
    size_t                 input_count, input[BASIN_MAX_INPUTS], output;
    /* its inputs, of degree 0, are checked once when data and network meet */
    bool check_data;
    /* which output of its spec: Split has a node for each */
    size_t part;
    /* adjoint of a batched input: add to it (true) or set it (false) */
    bool accumulate[BASIN_MAX_INPUTS];
    /* BatchNormalization: of the samples at hand instead of the buffers */
    bool batch_statistics;
    /* every adjoint of the frozen point is 0, as for JᵀSJ: backward_dot may leave out what it
       multiplies by one */
    bool straight;
    /* what infer worked out for the other functions; of the plan, read only */
    void *facts;
    /* reals a sample kept by the node between the sweeps */
    size_t work_width;
    size_t work_fixed; /* reals a chunk likewise, before those */
    size_t temp_size;  /* reals of scratch within one call */
    /* [work_fixed] then [work_width / width, rows, width, lanes] as of the output */
    real *work;
    /* [temp_size] of the thread, shared by the nodes */
    real *temp;
};

#define NODE_INPUT(node, i) (&(node)->slots[(node)->input[i]])
#define NODE_OUTPUT(node) (&(node)->slots[(node)->output])

static inline size_t basin_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Is input i there, and not left out? */
static inline bool node_has(const basin_node *node, size_t i)
{
    return i < node->input_count && node->input[i] != BASIN_NONE;
}

static inline bool slot_is_param(const basin_slot *slot)
{
    return slot->block != BASIN_NONE;
}

static inline bool slot_is_leaf(const basin_slot *slot) /* a parameter or a buffer */
{
    return slot->block != BASIN_NONE || slot->buffer != BASIN_NONE;
}

/* Does backward add to this unbatched input's adjoint? A gradient is not asked for where a point is
   frozen, but what is computed from parameters hands its adjoint on. */
static inline bool slot_collects(const basin_slot *slot, basin_mode mode)
{
    return mode != BASIN_MODE_FREEZE || !slot_is_param(slot);
}

/* Rows for b samples, and the numbers in one row of v. */
static inline size_t slot_rows(const basin_slot *slot, size_t b)
{
    return slot->batched ? (b + slot->lanes - 1) / slot->lanes : 1;
}

static inline size_t slot_stride(const basin_slot *slot)
{
    return slot->width * slot->lanes;
}

/* Refusals of infer: «node fc1 (Gemm, from net.fc1): …». */
basin_status basin_node_fail(const basin_node *node, basin_status code, const char *format, ...)
    BASIN_PRINTF(3, 4);
/* `facts` of the node, zeroed; the plan frees it. */
basin_status basin_node_facts(basin_node *node, size_t size, void *facts);
/* The output has the shape of the first input. */
basin_status basin_infer_same(basin_node *node);
/* Marks a parameter, also behind ops that only move it, with what it is for this op; no effect on
   anything else, nor on a parameter that an earlier op has marked. */
void basin_node_role(basin_node *node, size_t input, basin_role role, size_t output_axis,
                     size_t fan_in);

/* The output is the first input with its dimensions elsewhere, each dimension from axes[…]; NULL:
   the same elements in the same order. So what the op behind says of a parameter's role reaches
   it. */
void basin_node_follow(basin_node *node, const size_t *axes);

/* An axis attribute as a dimension of slot->shape: counts the batch axis of batched slots, negative
   from the end. BASIN_ERR_UNSUPPORTED for the batch axis, BASIN_ERR_SHAPE beyond the rank (`end`:
   one past the last is allowed). */
basin_status basin_node_axis(const basin_node *node, const basin_slot *slot, int64_t axis, bool end,
                             size_t *out);

/* The attribute, a list of integers; NULL and 0 where it is absent. */
basin_status basin_node_ints(const basin_node *node, const char *name, const int64_t **out,
                             size_t *count);

#define BASIN_OP_DECLARE(name) extern const basin_op REAL(basin_op_##name);
#include "engine/op_list.h"
BASIN_OP_LIST(BASIN_OP_DECLARE)
BASIN_OP_DECLARE(Relayout) /* of the compiler; no graph may name it */
#undef BASIN_OP_DECLARE

const basin_op *basin_op_find(const char *name); /* NULL if unknown */

/* What Relayout does to values: lanes [groups, width, LANES] of rows [b, width], the last one
   repeated in empty lanes. */
void basin_to_lanes(const real *rows, size_t b, size_t width, real *lanes);

#endif
