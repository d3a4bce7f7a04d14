/* Add, Sub, Mul, Div and Where: element by element, broadcast as in numpy.
 *
 * With p_i = ∂f/∂x_i and s_ij = a_y ∂²f/∂x_i∂x_j all but f itself are sums of products over the output's
 * elements, and what an input repeats collects:
 *
 *     a_i += p_i a_y      y' = Σ_i p_i x_i'      a_i' += p_i a_y' + Σ_j s_ij x_j'
 *
 *              p_1         p_2         s_12        s_22
 *     Add      1           1           0           0
 *     Sub      1           -1          0           0
 *     Mul      x_2         x_1         a_y         0
 *     Div      1/x_2       q = -y/x_2  -a_y/x_2²   -2 q a_y/x_2
 *
 * Div keeps what has q or a_y in it. Where (condition, x, y) has [condition ≠ 0] and [condition = 0], which
 * choose instead of multiply: what is not chosen may be infinite.
 */
#include <string.h>

#include "engine/kernels/broadcast.h"

enum { MOST = 3, NUMBER = BASIN_BROADCAST_MOST - 1 }; /* inputs; what is a single number takes no steps */

typedef enum factor_kind {
    FACTOR_NONE,
    FACTOR_VALUES,
    FACTOR_INVERSES,
    FACTOR_WHERE,
    FACTOR_WHERE_NOT
} factor_kind;

/* One number for each element of the output: scale · values, scale / values, or the choice that the values
   make. */
typedef struct factor {
    factor_kind kind;
    size_t      like; /* lies as this input, or the output (input_count), or NUMBER */
    real        scale;
    const real *at;
} factor;

typedef struct factors {
    factor p[MOST], s[MOST][MOST];
} factors;

typedef struct binary_row {
    basin_role role; /* of a parameter that meets an activation */
    void (*keep)(basin_node *node);
    /* a run of f; steps 0 or 1. NULL: Σ_i p_i x_i */
    void (*values)(size_t n, const real *x, size_t dx, const real *z, size_t dz, real *y);
    factors (*factors)(const basin_node *node, size_t b);
    void (*slopes)(basin_node *node, size_t b);  /* fills what forward keeps for factors, or NULL */
    void (*adjoint)(basin_node *node, size_t b); /* and what backward keeps, or NULL */
} binary_row;

static const binary_row *row_of(const basin_node *node)
{
    return node->op->row;
}

static const basin_slot *slot_like(const basin_node *node, size_t like)
{
    return like < node->input_count ? NODE_INPUT(node, like) : NODE_OUTPUT(node);
}

/* Where vector j of k in row i of such a tensor begins. */
static size_t begin(const basin_node *node, size_t like, size_t i, size_t j, size_t k)
{
    if (like == NUMBER) return 0;
    return ((slot_like(node, like)->batched ? i : 0) * k + j) * slot_stride(slot_like(node, like));
}

/* Calls f(…, step of p, step of q, …) so that the compiler knows the steps. */
#define BY_STEPS(DP, DQ, CALL)  \
    if ((DP) != 0 && (DQ) != 0) \
        CALL(1, 1);             \
    else if ((DP) != 0)         \
        CALL(1, 0);             \
    else if ((DQ) != 0)         \
        CALL(0, 1);             \
    else                        \
        CALL(0, 0)

/* ------------------------------------------------------------------------------------ sums of products -- */

/* Kind and steps are constants of the loops only where all of this is inlined, which compilers do not do
   unasked. */
#if defined(__GNUC__)
#define INLINED static inline __attribute__((__always_inline__))
#else
#define INLINED static inline
#endif

INLINED real product_of(factor_kind kind, real scale, real f, real x)
{
    switch (kind) {
    case FACTOR_INVERSES: return scale * x / f;
    case FACTOR_WHERE: return f != 0 ? x : 0;
    case FACTOR_WHERE_NOT: return f != 0 ? 0 : x;
    default: return scale * f * x;
    }
}

INLINED real sum_steps(factor_kind kind, size_t n, real scale, const real *f, size_t df, const real *x,
                       size_t dx)
{
    double sum = 0.0;

#pragma omp simd reduction(+ : sum)
    for (size_t l = 0; l < n; l++) sum += (double)product_of(kind, scale, f[l * df], x[l * dx]);
    return (real)sum;
}

INLINED void run_steps(factor_kind kind, size_t n, real scale, const real *f, size_t df, const real *x,
                       size_t dx, real *out, bool set)
{
    if (set)
        for (size_t l = 0; l < n; l++) out[l] = product_of(kind, scale, f[l * df], x[l * dx]);
    else
        for (size_t l = 0; l < n; l++) out[l] += product_of(kind, scale, f[l * df], x[l * dx]);
}

INLINED void run_kind(factor_kind kind, size_t n, real scale, const real *f, size_t df, const real *x,
                      size_t dx, real *out, size_t dout, bool set)
{
#define SUM(DF, DX) *out += sum_steps(kind, n, scale, f, DF, x, DX)
#define RUN(DF, DX) run_steps(kind, n, scale, f, DF, x, DX, out, set)
    if (dout == 0) {
        BY_STEPS(df, dx, SUM);
    } else {
        BY_STEPS(df, dx, RUN);
    }
#undef SUM
#undef RUN
}

/* out (+)= factor · x along a run; steps 0 or 1, and out without a step is a sum. */
static void run(const factor *p, size_t n, const real *f, size_t df, const real *x, size_t dx, real *out,
                size_t dout, bool set)
{
    switch (p->kind) {
    case FACTOR_NONE: break;
    case FACTOR_VALUES: run_kind(FACTOR_VALUES, n, p->scale, f, df, x, dx, out, dout, set); break;
    case FACTOR_INVERSES: run_kind(FACTOR_INVERSES, n, p->scale, f, df, x, dx, out, dout, set); break;
    case FACTOR_WHERE: run_kind(FACTOR_WHERE, n, 1, f, df, x, dx, out, dout, set); break;
    case FACTOR_WHERE_NOT: run_kind(FACTOR_WHERE_NOT, n, 1, f, df, x, dx, out, dout, set); break;
    }
}

/* out (+)= factor · x over b samples and k vectors: x lies as tensor `from`, out as tensor `to`, which sums
   what it repeats. */
static void add_product(const basin_node *node, size_t b, size_t k, const factor *p, size_t from,
                        const real *x, size_t to, real *out, bool set)
{
    const basin_broadcast *space = node->facts;
    const basin_slot      *target = slot_like(node, to), *y = NODE_OUTPUT(node);
    const size_t           last = space->rank - 1, n = space->shape[last],
                 step[] = {space->step[p->like][last], space->step[from][last], space->step[to][last]};

    if (p->kind == FACTOR_NONE || (set && out == x)) return; /* in place: Add's first input */
    if (set && target->width < y->width) {
        memset(out, 0, slot_rows(target, b) * k * slot_stride(target) * sizeof *out);
        set = false;
    }
    for (size_t i = 0; i < slot_rows(y, b); i++)
        for (size_t j = 0; j < k; j++) {
            const real *f = p->at + begin(node, p->like, i, 0, 1), *row = x + begin(node, from, i, j, k);
            real       *sum = out + begin(node, to, i, j, k);
            basin_walk  walk = {0};
            do
                run(p, n, f + walk.at[p->like], step[0], row + walk.at[from], step[1], sum + walk.at[to],
                    step[2], set);
            while (basin_walk_next(space, &walk));
        }
}

/* --------------------------------------------------------------------------------------------- the ops -- */

static const real one = 1;

static factors add_factors(const basin_node *node, size_t b)
{
    const factor plus = {FACTOR_VALUES, NUMBER, 1, &one};

    (void)node, (void)b;
    return (factors){.p = {plus, plus}};
}

static factors sub_factors(const basin_node *node, size_t b)
{
    (void)node, (void)b;
    return (factors){.p = {{FACTOR_VALUES, NUMBER, 1, &one}, {FACTOR_VALUES, NUMBER, -1, &one}}};
}

static factors mul_factors(const basin_node *node, size_t b)
{
    const factor cross = {FACTOR_VALUES, node->input_count, 1, NODE_OUTPUT(node)->a};

    (void)b;
    return (factors){
        .p = {{FACTOR_VALUES, 1, 1, NODE_INPUT(node, 1)->v}, {FACTOR_VALUES, 0, 1, NODE_INPUT(node, 0)->v}},
        .s = {{{0}, cross}, {cross, {0}}},
    };
}

static void keep_mul(basin_node *node)
{
    basin_slot *x = NODE_INPUT(node, 0), *z = NODE_INPUT(node, 1);

    x->keep_value = x->keep_value || z->degree > 0;
    z->keep_value = z->keep_value || x->degree > 0;
    NODE_OUTPUT(node)->keep_adjoint = x->degree > 0 && z->degree > 0;
}

/* The parts of Div's work, where the divisor is not constant; each lies as the output. */
typedef struct div_parts {
    real *q, *second, *cross;
} div_parts;

static div_parts parts_of(const basin_node *node, size_t b)
{
    const size_t n = slot_rows(NODE_OUTPUT(node), b) * slot_stride(NODE_OUTPUT(node));

    if (NODE_INPUT(node, 1)->degree == 0) return (div_parts){0};
    return (div_parts){node->work, node->work + n,
                       NODE_INPUT(node, 0)->degree > 0 ? node->work + 2 * n : NULL};
}

static void keep_div(basin_node *node)
{
    basin_slot       *z = NODE_INPUT(node, 1);
    const basin_slot *y = NODE_OUTPUT(node);
    size_t            width = 1;

    for (size_t d = 0; d < y->rank; d++) width *= y->shape[d];
    z->keep_value = true;
    node->work_width = z->degree == 0 ? 0 : (NODE_INPUT(node, 0)->degree > 0 ? 3 : 2) * width;
}

static factors div_factors(const basin_node *node, size_t b)
{
    const div_parts parts = parts_of(node, b);
    const size_t    full = node->input_count;
    const factor    cross = {FACTOR_VALUES, full, 1, parts.cross};

    return (factors){
        .p = {{FACTOR_INVERSES, 1, 1, NODE_INPUT(node, 1)->v}, {FACTOR_VALUES, full, 1, parts.q}},
        .s = {{{0}, cross}, {cross, {FACTOR_VALUES, full, 1, parts.second}}},
    };
}

static void div_slopes(basin_node *node, size_t b)
{
    const factor minus = {FACTOR_INVERSES, 1, -1, NODE_INPUT(node, 1)->v};

    if (NODE_INPUT(node, 1)->degree > 0)
        add_product(node, b, 1, &minus, node->input_count, NODE_OUTPUT(node)->v, node->input_count,
                    parts_of(node, b).q, true);
}

static void div_adjoint(basin_node *node, size_t b)
{
    const basin_slot *x = NODE_INPUT(node, 0), *z = NODE_INPUT(node, 1), *y = NODE_OUTPUT(node);
    const div_parts   parts = parts_of(node, b);
    const size_t      full = node->input_count;
    const factor      plus = {FACTOR_INVERSES, 1, 1, z->v}, minus = {FACTOR_INVERSES, 1, -1, z->v};

    if (z->degree == 0) return;
    add_product(node, b, 1, &plus, full, y->a, full, parts.second, true); /* a_y/x_2 */
    if (x->degree > 0) add_product(node, b, 1, &minus, full, parts.second, full, parts.cross, true);
    for (size_t l = 0; l < slot_rows(y, b) * slot_stride(y); l++) parts.second[l] *= -2 * parts.q[l];
}

static factors where_factors(const basin_node *node, size_t b)
{
    const real *condition = NODE_INPUT(node, 0)->v;

    (void)b;
    return (factors){.p = {{0}, {FACTOR_WHERE, 0, 1, condition}, {FACTOR_WHERE_NOT, 0, 1, condition}}};
}

static void keep_where(basin_node *node)
{
    NODE_INPUT(node, 0)->keep_value = true;
}

#define VALUES(NAME, OPERATOR)                                                                           \
    static inline void NAME##_run(size_t n, const real *x, size_t dx, const real *z, size_t dz, real *y) \
    {                                                                                                    \
        for (size_t l = 0; l < n; l++) y[l] = x[l * dx] OPERATOR z[l * dz];                              \
    }                                                                                                    \
    static void NAME##_values(size_t n, const real *x, size_t dx, const real *z, size_t dz, real *y)     \
    {                                                                                                    \
        BY_STEPS(dx, dz, NAME##_STEPS);                                                                  \
    }
#define add_STEPS(DX, DZ) add_run(n, x, DX, z, DZ, y)
#define sub_STEPS(DX, DZ) sub_run(n, x, DX, z, DZ, y)
#define mul_STEPS(DX, DZ) mul_run(n, x, DX, z, DZ, y)
#define div_STEPS(DX, DZ) div_run(n, x, DX, z, DZ, y)
VALUES(add, +)
VALUES(sub, -)
VALUES(mul, *)
VALUES(div, /)

/* ---------------------------------------------------------------------------------- the four functions -- */

/* What is added is a bias if it is one vector, otherwise an embedding of positions, the first of its axes;
 * what multiplies or divides is a scale. What meets no activation here (weights put together of parameters)
 * has its role from elsewhere. */
static void mark_role(basin_node *node, size_t i)
{
    const basin_slot *x = NODE_INPUT(node, i);
    size_t            axes = 0, first = 0;

    if (!NODE_OUTPUT(node)->batched) return;
    for (size_t d = x->rank; d-- > 0;)
        if (x->shape[d] > 1) axes++, first = d;
    if (row_of(node)->role == BASIN_ROLE_BIAS && axes > 1)
        basin_node_role(node, i, BASIN_ROLE_EMBEDDING, first, 1);
    else
        basin_node_role(node, i, row_of(node)->role, 0, x->width);
}

static basin_status infer(basin_node *node)
{
    basin_status     st = BASIN_OK;
    basin_broadcast *space = NULL;

    BASIN_TRY(basin_node_facts(node, sizeof *space, &space));
    BASIN_TRY(basin_broadcast_infer(node, space));
    if (row_of(node)->role != BASIN_ROLE_UNKNOWN)
        for (size_t i = 0; i < node->input_count; i++) mark_role(node, i);
    if (row_of(node)->keep != NULL) row_of(node)->keep(node);
done:
    return st;
}

static basin_status infer_where(basin_node *node)
{
    const basin_slot *condition = NODE_INPUT(node, 0);

    if (condition->degree > 0)
        return basin_node_fail(
            node, BASIN_ERR_UNSUPPORTED,
            "its condition %s depends on parameters; only a constant condition is supported",
            condition->name);
    return infer(node);
}

static void values_by_runs(const basin_node *node, size_t b)
{
    const basin_broadcast *space = node->facts;
    const basin_slot      *x = NODE_INPUT(node, 0), *z = NODE_INPUT(node, 1), *y = NODE_OUTPUT(node);
    const size_t           last = space->rank - 1;

    for (size_t i = 0; i < slot_rows(y, b); i++) {
        const real *from = x->v + begin(node, 0, i, 0, 1), *with = z->v + begin(node, 1, i, 0, 1);
        real       *to = y->v + begin(node, 2, i, 0, 1);
        basin_walk  walk = {0};
        do
            row_of(node)->values(space->shape[last], from + walk.at[0], space->step[0][last],
                                 with + walk.at[1], space->step[1][last], to + walk.at[2]);
        while (basin_walk_next(space, &walk));
    }
}

static void choose_values(const basin_node *node, size_t b)
{
    const factors f = row_of(node)->factors(node, b);

    for (size_t i = 1; i < node->input_count; i++)
        add_product(node, b, 1, &f.p[i], i, NODE_INPUT(node, i)->v, node->input_count, NODE_OUTPUT(node)->v,
                    i == 1);
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    if (row_of(node)->values != NULL)
        values_by_runs(node, b);
    else
        choose_values(node, b);
    if (mode >= BASIN_MODE_GRADIENT && row_of(node)->slopes != NULL) row_of(node)->slopes(node, b);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_slot *y = NODE_OUTPUT(node);
    const factors     f = row_of(node)->factors(node, b);

    if (mode == BASIN_MODE_FREEZE && row_of(node)->adjoint != NULL) row_of(node)->adjoint(node, b);
    for (size_t i = 0; i < node->input_count; i++) {
        const basin_slot *x = NODE_INPUT(node, i);
        if (x->degree > 0)
            add_product(node, b, 1, &f.p[i], node->input_count, y->a, i, x->a, !node->accumulate[i]);
    }
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_slot *y = NODE_OUTPUT(node);
    const factors     f = row_of(node)->factors(node, b);
    bool              set = true;

    for (size_t i = 0; i < node->input_count; i++) {
        const basin_slot *x = NODE_INPUT(node, i);
        if (x->degree == 0) continue;
        add_product(node, b, k, &f.p[i], i, x->d, node->input_count, y->d, set);
        set = false;
    }
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_slot *y = NODE_OUTPUT(node);
    const factors     f = row_of(node)->factors(node, b);

    for (size_t i = 0; i < node->input_count; i++) {
        const basin_slot *x = NODE_INPUT(node, i);
        if (x->degree == 0) continue;
        add_product(node, b, k, &f.p[i], node->input_count, y->ad, i, x->ad, !node->accumulate[i]);
        for (size_t j = 0; j < node->input_count; j++)
            if (NODE_INPUT(node, j)->degree > 0)
                add_product(node, b, k, &f.s[i][j], j, NODE_INPUT(node, j)->d, i, x->ad, false);
    }
}

#define BINARY(NAME, INPUTS, DEGREE, IN_PLACE, INFER, ...) \
    static const binary_row NAME##_row = {__VA_ARGS__};    \
    const basin_op          REAL(basin_op_##NAME) = {      \
                 .name = #NAME,                            \
                 .inputs_min = INPUTS,                     \
                 .inputs_max = INPUTS,                     \
                 .degree = DEGREE,                         \
                 .in_place = IN_PLACE,                     \
                 .infer = INFER,                           \
                 .forward = forward,                       \
                 .backward = backward,                     \
                 .forward_dot = forward_dot,               \
                 .backward_dot = backward_dot,             \
                 .row = &NAME##_row,                       \
    };

BINARY(Add, 2, BASIN_DEGREE_LINEAR, true, infer, .role = BASIN_ROLE_BIAS, .values = add_values,
       .factors = add_factors)
BINARY(Sub, 2, BASIN_DEGREE_LINEAR, true, infer, .role = BASIN_ROLE_BIAS, .values = sub_values,
       .factors = sub_factors)
BINARY(Mul, 2, BASIN_DEGREE_PRODUCT, false, infer, .role = BASIN_ROLE_NORM_SCALE, .keep = keep_mul,
       .values = mul_values, .factors = mul_factors)
BINARY(Div, 2, BASIN_DEGREE_QUOTIENT, false, infer, .role = BASIN_ROLE_NORM_SCALE, .keep = keep_div,
       .values = div_values, .factors = div_factors, .slopes = div_slopes, .adjoint = div_adjoint)
BINARY(Where, 3, BASIN_DEGREE_LINEAR, false, infer_where, .keep = keep_where, .factors = where_factors)
