/* What an op is: shapes, and four functions over slots.
 *
 * A slot is one tensor in four roles. For B samples at hand and a block of k vectors:
 *
 *     role              activation         parameter of n elements
 *     value      v      [B, width]         [n]           (shared by the threads, read only)
 *     tangent    d      [B, k, width]      [k, n]        (shared, read only)
 *     adjoint    a      [B, width]         [n]           (of the thread, accumulates over chunks)
 *     its tangent ad    [B, k, width]      [k, n]        (of the thread, accumulates over chunks)
 *
 * So k tangents of all samples are one matrix of B·k rows for a product with the weights, and one of B rows and k·width
 * columns for a product with k weight tangents: every term of a block is a single wide GEMM.
 *
 * forward + forward_dot and backward + backward_dot together are an exact H·v (Pearlmutter, Neural Computation 6(1), 1994).
 * At a frozen point only forward_dot and backward_dot run: what they need of the primal sweeps is kept: values of slots
 * with keep_value, adjoints of slots with keep_adjoint, and the node's own `work`.
 */
#ifndef BASIN_MODEL_OP_H
#define BASIN_MODEL_OP_H

#include "core/graph.h"
#include "core/params.h"
#include "model/real.h"

typedef enum basin_mode {
    BASIN_MODE_LOSS,     /* values only */
    BASIN_MODE_GRADIENT, /* keep what backward needs */
    BASIN_MODE_FREEZE    /* and what products need */
} basin_mode;

enum { BASIN_MAX_INPUTS = 4 };

typedef struct basin_slot {
    const char *name;
    size_t      rank, shape[BASIN_MAX_RANK]; /* of one sample; of the whole tensor for a parameter */
    size_t      width;                       /* product of shape */
    size_t      consumers;
    size_t      block;                           /* parameter: its number in params, otherwise SIZE_MAX */
    int         degree;                          /* in theta: 0 constant, 1 affine, 2 anything else */
    bool        keep_value, keep_adjoint;        /* products need v, a */
    size_t      root_v, root_d, root_a, root_ad; /* slot whose memory it uses: its own number, or that of an op in place */
    real       *v, *d, *a, *ad;
} basin_slot;

typedef struct basin_node basin_node;

typedef struct basin_op {
    const char *name;
    size_t      inputs_min, inputs_max;
    bool        linear;                                            /* output affine in theta where the inputs are */
    bool        in_place;                                          /* output may share the memory of an input that nobody else reads */
    bool        kinked;                                            /* piecewise: `work` holds the slope, which is 1 on one branch only */
    basin_status (*infer)(basin_node *node);                       /* shapes, attributes, workspace; roles of parameters */
    void (*forward)(basin_node *node, size_t b, basin_mode mode);  /* y = f(x)                                          */
    void (*backward)(basin_node *node, size_t b, basin_mode mode); /* a_x += J' a_y                                     */
    void (*forward_dot)(basin_node *node, size_t b, size_t k);     /* y' = J x' for k tangents                          */
    void (*backward_dot)(basin_node *node, size_t b, size_t k);    /* derivative of backward along (x', a_y')           */
    double (*flops)(const basin_node *node);                       /* of forward for one sample; NULL = negligible      */
    const void *row;                                               /* the op's own constants, e.g. the row of the unary table */
} basin_op;

struct basin_node {
    const basin_op        *op;
    const basin_node_spec *spec;
    basin_slot            *slots;  /* all of them; of the thread */
    basin_params          *params; /* roles and axes are set by infer */
    size_t                 layer;  /* the next one to number */
    size_t                 input_count, input[BASIN_MAX_INPUTS], output;
    bool                   accumulate[BASIN_MAX_INPUTS]; /* adjoint of the input: add to it (true) or set it (false) */
    double                 alpha, beta;                  /* attributes */
    bool                   transposed, tanh_form;        /* of Gemm; of Gelu */
    size_t                 work_width;                   /* reals a sample kept by the node between the sweeps */
    size_t                 packed;                       /* reals a vector for its own arrangement of a parameter's tangent, or 0 */
    real                  *work;                         /* [work_width / width, B, width] */
    real                  *packed_d, *packed_ad;         /* [r, k, c] of a parameter [r, c]; packed_d shared, packed_ad of the thread */
};

#define NODE_INPUT(node, i) (&(node)->slots[(node)->input[i]])
#define NODE_OUTPUT(node) (&(node)->slots[(node)->output])

static inline bool is_param(const basin_slot *slot)
{
    return slot->block != (size_t)-1;
}

/* Refusals of infer: «node fc1 (Gemm, from net.fc1): …». */
basin_status basin_node_fail(const basin_node *node, basin_status code, const char *format, ...) BASIN_PRINTF(3, 4);
/* One activation in, one out of the same shape. */
basin_status basin_infer_same(basin_node *node);
/* Marks a parameter with what it is for this op. */
void basin_node_role(basin_node *node, size_t input, basin_role role, size_t output_axis, size_t fan_in);

#define BASIN_OP_DECLARE(name) extern const basin_op REAL(basin_op_##name);
#include "model/op_list.h"
BASIN_OP_LIST(BASIN_OP_DECLARE)
#undef BASIN_OP_DECLARE

const basin_op *basin_op_find(const char *name); /* NULL if unknown */

#endif
