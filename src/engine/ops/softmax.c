/* Softmax and LogSoftmax along one axis, over arrays [outer, n, m] with m the numbers that lie side by side.
 *
 * p = exp(x - max) / Σ exp(x - max) is the value of Softmax, and kept in work by LogSoftmax, x - max - log Σ.
 * With p·t the sum over the axis,
 *
 *     Softmax       y' = p∘(x' - p·x')      a_x = p∘(a - p·a)      a_x' = p∘(a' - p·a' - y'·a) + y'∘(a - p·a)
 *     LogSoftmax    y' = x' - p·x'          a_x = a - p Σa         a_x' = a' - p∘(Σa' + y' Σa)
 *
 * the last of each from p' = y' and p' = p∘y'. An input of -inf (a mask) gives p = 0 exactly and finite
 * derivatives; where all are -inf the result is NaN.
 */
#include <string.h>

#include "engine/kernels/elementary.h"
#include "engine/op.h"

typedef struct softmax_facts {
    bool   logarithm;
    size_t outer, n, m;
} softmax_facts;

static basin_status infer(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    softmax_facts *facts = NULL;
    size_t         axis = 0;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    BASIN_TRY(basin_node_axis(node, x, basin_node_spec_int(node->spec, "axis", -1), false, &axis));
    facts->logarithm = strcmp(node->op->name, "LogSoftmax") == 0;
    facts->outer = 1, facts->m = x->lanes;
    facts->n = x->shape[axis];
    for (size_t i = 0; i < axis; i++) facts->outer *= x->shape[i];
    for (size_t i = axis + 1; i < x->rank; i++) facts->m *= x->shape[i];
    if (facts->logarithm) node->work_width = x->width;
    node->temp_size = 2 * facts->m;
    /* p of Softmax; of LogSoftmax so that no op in place takes the memory of its tangent */
    y->keep_value = true;
    y->keep_adjoint = true;
    BASIN_TRY(basin_infer_same(node));
done:
    return st;
}

static double flops(const basin_node *node)
{
    return 4.0 * (double)NODE_INPUT(node, 0)->width;
}

/* ---------------------------------------------------------------------------------- one [n, m] of them -- */

/* y, and p of LogSoftmax unless NULL. */
static inline void evaluate(bool logarithm, const real *x, size_t n, size_t m, real *y, real *p, real *top,
                            real *sum)
{
    real *e = p != NULL ? p : y;

    if (!logarithm && m == 1) {
        basin_math_softmax(x, n, y);
        return;
    }
    memcpy(top, x, m * sizeof *top);
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < m; j++) top[j] = x[i * m + j] > top[j] ? x[i * m + j] : top[j];
    memset(sum, 0, m * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) e[i * m + j] = x[i * m + j] - top[j];
    basin_math_exp(0, e, n * m, e, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) sum[j] += e[i * m + j];
    if (!logarithm || p != NULL)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++) e[i * m + j] /= sum[j];
    if (!logarithm) return;
    basin_math_log(0, sum, m, sum, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) y[i * m + j] = x[i * m + j] - top[j] - sum[j];
}

/* sum [m] = Σ p∘t over the axis; p = NULL counts as 1. */
static inline void project(const real *p, const real *t, size_t n, size_t m, real *sum)
{
    memset(sum, 0, m * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) sum[j] += p != NULL ? p[i * m + j] * t[i * m + j] : t[i * m + j];
}

static inline void add_projection(const real *p, const real *t, size_t n, size_t m, real *sum)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) sum[j] += p[i * m + j] * t[i * m + j];
}

static inline void tangent(bool logarithm, const real *p, const real *d, size_t n, size_t m, real *to,
                           real *sum)
{
    project(p, d, n, m, sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            to[i * m + j] = (logarithm ? 1 : p[i * m + j]) * (d[i * m + j] - sum[j]);
}

static inline void adjoint(bool logarithm, const real *p, const real *a, size_t n, size_t m, real *to,
                           bool add, real *sum)
{
    project(logarithm ? NULL : p, a, n, m, sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            size_t l = i * m + j;
            to[l] = (add ? to[l] : 0) + (logarithm ? a[l] - p[l] * sum[j] : p[l] * (a[l] - sum[j]));
        }
}

/* d is the tangent y'. */
static inline void adjoint_dot(bool logarithm, const real *p, const real *d, const real *a, const real *ad,
                               size_t n, size_t m, real *to, bool add, real *sum, real *sum_dot)
{
    project(logarithm ? NULL : p, a, n, m, sum);
    project(logarithm ? NULL : p, ad, n, m, sum_dot);
    if (!logarithm) add_projection(d, a, n, m, sum_dot);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            size_t l = i * m + j;
            real   term = logarithm ? ad[l] - p[l] * (sum_dot[j] + d[l] * sum[j])
                                    : p[l] * (ad[l] - sum_dot[j]) + d[l] * (a[l] - sum[j]);
            to[l] = (add ? to[l] : 0) + term;
        }
}

/* ---------------------------------------------------------------------------------- the four functions -- */

/* The blocks of rows, of one vector each: block l of `count` in a row starts at l · n · m. Written for any m,
   and compiled for m = 1, the last axis of samples in rows, on its own. */
#define FOR_ANY_WIDTH(facts, CALL)       \
    do {                                 \
        if ((facts)->m == 1) {           \
            const size_t m = 1;          \
            CALL;                        \
        } else {                         \
            const size_t m = (facts)->m; \
            CALL;                        \
        }                                \
    } while (0)

static const real *probabilities(const basin_node *node)
{
    const softmax_facts *facts = node->facts;
    return facts->logarithm ? node->work : NODE_OUTPUT(node)->v;
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    const softmax_facts *facts = node->facts;
    basin_slot          *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t         n = facts->n, step = n * facts->m;
    real                *p = facts->logarithm && mode != BASIN_MODE_LOSS ? node->work : NULL;
    real                *temp = node->temp;

    for (size_t o = 0; o < slot_rows(y, b) * facts->outer * step; o += step)
        FOR_ANY_WIDTH(facts, evaluate(facts->logarithm, x->v + o, n, m, y->v + o, p != NULL ? p + o : NULL,
                                      temp, temp + m));
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const softmax_facts *facts = node->facts;
    basin_slot          *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t         n = facts->n, step = n * facts->m;
    const real          *p = probabilities(node);

    (void)mode;
    for (size_t o = 0; o < slot_rows(y, b) * facts->outer * step; o += step)
        FOR_ANY_WIDTH(facts, adjoint(facts->logarithm, p + o, y->a + o, n, m, x->a + o, node->accumulate[0],
                                     node->temp));
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    const softmax_facts *facts = node->facts;
    basin_slot          *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t         n = facts->n, step = n * facts->m, size = facts->outer * step;
    const real          *p = probabilities(node);

    for (size_t i = 0; i < slot_rows(y, b) * k; i++)
        for (size_t o = 0; o < size; o += step)
            FOR_ANY_WIDTH(facts, tangent(facts->logarithm, p + i / k * size + o, x->d + i * size + o, n, m,
                                         y->d + i * size + o, node->temp));
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    const softmax_facts *facts = node->facts;
    basin_slot          *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t         n = facts->n, step = n * facts->m, size = facts->outer * step;
    const real          *p = probabilities(node);
    real                *temp = node->temp;

    for (size_t i = 0; i < slot_rows(y, b) * k; i++)
        for (size_t o = 0; o < size; o += step) {
            const size_t at = i / k * size + o, to = i * size + o;
            FOR_ANY_WIDTH(facts, adjoint_dot(facts->logarithm, p + at, y->d + to, y->a + at, y->ad + to, n, m,
                                             x->ad + to, node->accumulate[0], temp, temp + m));
        }
}

#define SOFTMAX(NAME)                        \
    const basin_op REAL(basin_op_##NAME) = { \
        .name = #NAME,                       \
        .inputs_min = 1,                     \
        .inputs_max = 1,                     \
        .degree = BASIN_DEGREE_UNARY,        \
        .infer = infer,                      \
        .forward = forward,                  \
        .backward = backward,                \
        .forward_dot = forward_dot,          \
        .backward_dot = backward_dot,        \
        .flops = flops,                      \
    };

SOFTMAX(Softmax)
SOFTMAX(LogSoftmax)
