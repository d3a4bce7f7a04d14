/* MatMul: y = a b on the last two axes, as numpy's matmul: the axes before them broadcast, a of rank 1 is one
 * row, b of rank 1 one column. The samples are one of the axes before them, the first; of a batched a with
 * one axis more, [N, K], they are the rows.
 *
 * Every term of the four functions is one of three products of matrices a [m, k], b [k, n], y [m, n]
 *
 *     TIMES   y += a b            LEFT   a += y b'            RIGHT   b += a' y
 *
 * in some roles (value, tangent, …) of the three, repeated over samples, over the vectors of the block and
 * over the axes in front. a and y have the rows in common in all three. So wherever b does not move along one
 * of those axes, and a and y move evenly, the axis is more rows: with b a parameter, what is left is one GEMM
 * for all samples, or one for each vector of the block. Along the other axes it is a GEMM for each pair of
 * matrices.
 */
#include <string.h>

#include "engine/op.h"

enum { OPERANDS = 3, MOST_AXES = BASIN_MAX_RANK + 2 };

typedef struct matmul_facts {
    size_t m, k, n;
    size_t rank, shape[BASIN_MAX_RANK];      /* of the axes in front, innermost first */
    size_t stride[OPERANDS][BASIN_MAX_RANK]; /* of a, b, y along them; 0 where an operand broadcasts */
    bool   shared[2];                        /* several matrices of one sample of y read the same of a, b */
} matmul_facts;

#define MATMUL_A(node) NODE_INPUT(node, 0)
#define MATMUL_B(node) NODE_INPUT(node, 1)

/* ---------------------------------------------------------------------------------------------- shapes -- */

static basin_status mixes(const basin_node *node)
{
    const basin_slot *a = MATMUL_A(node), *b = MATMUL_B(node);

    return basin_node_fail(
        node, BASIN_ERR_UNSUPPORTED,
        "%s %s%s times %s %s%s would mix samples: the batch must be the first axis of the product", a->name,
        BASIN_SHAPE_TEXT(a->shape, a->rank), a->batched ? " a sample" : "", b->name,
        BASIN_SHAPE_TEXT(b->shape, b->rank), b->batched ? " a sample" : "");
}

static basin_status misfit(const basin_node *node)
{
    const basin_slot *a = MATMUL_A(node), *b = MATMUL_B(node);

    return basin_node_fail(node, BASIN_ERR_SHAPE, "%s %s does not multiply %s %s", a->name,
                           BASIN_SHAPE_TEXT(a->shape, a->rank), b->name, BASIN_SHAPE_TEXT(b->shape, b->rank));
}

/* How many axes are in front of the matrix. */
static size_t front(const basin_slot *slot)
{
    return slot->rank < 2 ? 0 : slot->rank - 2;
}

/* Samples must be the first axis of y, or its rows. first_a, first_b: of an unbatched operand, 1 if its first
   axis, of one element, stands at the samples of the other one, else 0. */
static basin_status check_batch(const basin_node *node, size_t *first_a, size_t *first_b)
{
    const basin_slot *a = MATMUL_A(node), *b = MATMUL_B(node);

    *first_a = *first_b = 0;
    if (a->rank == 0 || b->rank == 0)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "input %s has no dimension to multiply along",
                               (a->rank == 0 ? a : b)->name);
    if (b->batched && b->rank < 2) return mixes(node);
    if (a->batched && b->batched) return a->rank == b->rank ? BASIN_OK : mixes(node);
    if (a->batched && front(b) > front(a)) *first_b = 1;
    if (b->batched && front(a) > front(b)) *first_a = 1;
    if (*first_a + *first_b == 0) return BASIN_OK;
    const basin_slot *inner = *first_a ? a : b, *outer = *first_a ? b : a;
    return outer->rank >= 2 && front(inner) == front(outer) + 1 && inner->shape[0] == 1 ? BASIN_OK
                                                                                        : mixes(node);
}

/* Axis i in front, counted from the matrix. */
static size_t front_axis(const basin_slot *slot, size_t first, size_t i)
{
    return i + first < front(slot) ? slot->shape[front(slot) - 1 - i] : 1;
}

static basin_status broadcast(basin_node *node, matmul_facts *facts, size_t first_a, size_t first_b)
{
    const basin_slot *a = MATMUL_A(node), *b = MATMUL_B(node);
    size_t            rank_a = front(a) - first_a, rank_b = front(b) - first_b, step[OPERANDS];

    step[0] = facts->m * facts->k, step[1] = facts->k * facts->n;
    if (!basin_shape_size((size_t[]){facts->m, facts->n}, 2, &step[2])) return misfit(node);
    facts->rank = rank_a > rank_b ? rank_a : rank_b;
    for (size_t i = 0; i < facts->rank; i++) {
        size_t in_a = front_axis(a, first_a, i), in_b = front_axis(b, first_b, i);
        size_t all = in_a > in_b ? in_a : in_b;
        if ((in_a != all && in_a != 1) || (in_b != all && in_b != 1)) return misfit(node);
        facts->shape[i] = all;
        facts->stride[0][i] = in_a == 1 ? 0 : step[0];
        facts->stride[1][i] = in_b == 1 ? 0 : step[1];
        facts->stride[2][i] = step[2];
        facts->shared[0] |= in_a != all;
        facts->shared[1] |= in_b != all;
        step[0] *= in_a, step[1] *= in_b;
        if (!basin_shape_size((size_t[]){step[2], all}, 2, &step[2])) return misfit(node);
    }
    return BASIN_OK;
}

static basin_status infer(basin_node *node)
{
    basin_status  st = BASIN_OK;
    basin_slot   *a = MATMUL_A(node), *b = MATMUL_B(node), *y = NODE_OUTPUT(node);
    matmul_facts *facts = NULL;
    size_t        first_a, first_b;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    BASIN_TRY(check_batch(node, &first_a, &first_b));
    facts->m = a->rank == 1 ? 1 : a->shape[a->rank - 2];
    facts->k = a->shape[a->rank - 1];
    facts->n = b->rank == 1 ? 1 : b->shape[b->rank - 1];
    if (b->shape[b->rank == 1 ? 0 : b->rank - 2] != facts->k) return misfit(node);
    BASIN_TRY(broadcast(node, facts, first_a, first_b));
    for (size_t i = facts->rank; i-- > 0;) y->shape[y->rank++] = facts->shape[i];
    if (a->rank > 1) y->shape[y->rank++] = facts->m;
    if (b->rank > 1) y->shape[y->rank++] = facts->n;
    basin_node_role(node, 0, BASIN_ROLE_WEIGHT, a->rank > 1 ? a->rank - 2 : 0, facts->k);
    basin_node_role(node, 1, BASIN_ROLE_WEIGHT, b->rank - 1, facts->k);
    if (b->degree > 0) a->keep_value = true;
    if (a->degree > 0) b->keep_value = true;
    if (a->degree > 0 && b->degree > 0) y->keep_adjoint = true;
done:
    return st;
}

static double flops(const basin_node *node)
{
    const matmul_facts *facts = node->facts;
    /* else once for all samples */
    return NODE_OUTPUT(node)->batched ? 2.0 * (double)NODE_OUTPUT(node)->width * (double)facts->k : 0.0;
}

/* ---------------------------------------------------------------------------------- the three products -- */

typedef enum product { TIMES, LEFT, RIGHT } product;

typedef struct array { /* a slot in one role: where, and how far apart samples and vectors of the block lie */
    real  *at;
    size_t row, vector;
} array;

static array primal(const basin_slot *slot, real *at)
{
    return (array){at, slot->batched ? slot->width : 0, 0};
}

static array dotted(const basin_slot *slot, real *at, size_t k)
{
    return (array){at, slot->batched ? k * slot->width : 0, slot->width};
}

typedef struct loops { /* what is left of the axes, innermost first, and the matrices */
    size_t rank, count[MOST_AXES], stride[OPERANDS][MOST_AXES];
    size_t m, ld_a, ld_y;
} loops;

/* An axis becomes rows of a and y if it can. */
static void add_axis(loops *l, size_t count, size_t a, size_t b, size_t y)
{
    if (count == 1) return;
    if (b == 0 && (l->m == 1 || (a == l->m * l->ld_a && y == l->m * l->ld_y))) {
        if (l->m == 1) l->ld_a = a, l->ld_y = y;
        l->m *= count;
        return;
    }
    l->count[l->rank] = count;
    l->stride[0][l->rank] = a, l->stride[1][l->rank] = b, l->stride[2][l->rank] = y;
    l->rank++;
}

static void pair(product which, const matmul_facts *facts, const loops *l, real *a, real *b, real *y,
                 real scale)
{
    switch (which) {
    case TIMES:
        real_gemm(BASIN_N, BASIN_N, l->m, facts->n, facts->k, 1, a, l->ld_a, b, facts->n, scale, y, l->ld_y);
        break;
    case LEFT:
        real_gemm(BASIN_N, BASIN_T, l->m, facts->k, facts->n, 1, y, l->ld_y, b, facts->n, scale, a, l->ld_a);
        break;
    case RIGHT:
        real_gemm(BASIN_T, BASIN_N, facts->k, facts->n, l->m, 1, a, l->ld_a, y, l->ld_y, scale, b, facts->n);
        break;
    }
}

/* The product for all rows, k vectors and axes in front; what it is added to is first multiplied by
   `scale`. */
static void multiply(product which, const basin_node *node, array a, array b, array y, size_t rows, size_t k,
                     real scale)
{
    const matmul_facts *facts = node->facts;
    loops               l = {.m = facts->m, .ld_a = facts->k, .ld_y = facts->n};
    size_t              at[MOST_AXES] = {0}, i;

    for (i = 0; i < facts->rank; i++)
        add_axis(&l, facts->shape[i], facts->stride[0][i], facts->stride[1][i], facts->stride[2][i]);
    add_axis(&l, k, a.vector, b.vector, y.vector);
    add_axis(&l, rows, a.row, b.row, y.row);
    do {
        pair(which, facts, &l, a.at, b.at, y.at, scale);
        for (i = 0; i < l.rank; i++) {
            a.at += l.stride[0][i], b.at += l.stride[1][i], y.at += l.stride[2][i];
            if (++at[i] < l.count[i]) break;
            at[i] = 0;
            a.at -= l.count[i] * l.stride[0][i], b.at -= l.count[i] * l.stride[1][i],
                y.at -= l.count[i] * l.stride[2][i];
        }
    } while (i < l.rank);
}

/* ---------------------------------------------------------------------------------- the four functions -- */

/* The factor of what an input's adjoint holds; where several matrices add to one, all of them do. */
static real start(const basin_node *node, size_t i, real *adjoint, size_t numbers)
{
    const matmul_facts *facts = node->facts;

    if (node->accumulate[i]) return 1;
    if (!facts->shared[i]) return 0;
    memset(adjoint, 0, numbers * sizeof *adjoint);
    return 1;
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *p = MATMUL_A(node), *q = MATMUL_B(node), *y = NODE_OUTPUT(node);

    (void)mode;
    multiply(TIMES, node, primal(p, p->v), primal(q, q->v), primal(y, y->v), slot_rows(y, b), 1, 0);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot  *p = MATMUL_A(node), *q = MATMUL_B(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b);

    (void)mode;
    if (p->degree > 0) {
        real scale = start(node, 0, p->a, slot_rows(p, b) * p->width);
        multiply(LEFT, node, primal(p, p->a), primal(q, q->v), primal(y, y->a), rows, 1, scale);
    }
    if (q->degree > 0) {
        real scale = start(node, 1, q->a, slot_rows(q, b) * q->width);
        multiply(RIGHT, node, primal(p, p->v), primal(q, q->a), primal(y, y->a), rows, 1, scale);
    }
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot  *p = MATMUL_A(node), *q = MATMUL_B(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b);
    const array  to = dotted(y, y->d, k);

    if (p->degree > 0) multiply(TIMES, node, dotted(p, p->d, k), primal(q, q->v), to, rows, k, 0);
    if (q->degree > 0)
        multiply(TIMES, node, primal(p, p->v), dotted(q, q->d, k), to, rows, k, p->degree > 0 ? 1 : 0);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot  *p = MATMUL_A(node), *q = MATMUL_B(node), *y = NODE_OUTPUT(node);
    const size_t rows = slot_rows(y, b);
    const array  ad = dotted(y, y->ad, k);

    if (p->degree > 0) {
        real scale = start(node, 0, p->ad, slot_rows(p, b) * k * p->width);
        multiply(LEFT, node, dotted(p, p->ad, k), primal(q, q->v), ad, rows, k, scale);
        if (q->degree > 0 && !node->straight)
            multiply(LEFT, node, dotted(p, p->ad, k), dotted(q, q->d, k), primal(y, y->a), rows, k, 1);
    }
    if (q->degree > 0) {
        real scale = start(node, 1, q->ad, slot_rows(q, b) * k * q->width);
        multiply(RIGHT, node, primal(p, p->v), dotted(q, q->ad, k), ad, rows, k, scale);
        if (p->degree > 0 && !node->straight)
            multiply(RIGHT, node, dotted(p, p->d, k), dotted(q, q->ad, k), primal(y, y->a), rows, k, 1);
    }
}

const basin_op REAL(basin_op_MatMul) = {
    .name = "MatMul",
    .inputs_min = 2,
    .inputs_max = 2,
    .layout = BASIN_LAYOUT_ROWS,
    .degree = BASIN_DEGREE_PRODUCT,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
    .flops = flops,
};
