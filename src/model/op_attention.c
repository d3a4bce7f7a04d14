/* Attention: y = P v, P = softmax(S), S = scale q k' + mask, for each sample and head; q [T, D], k [S, D], v [S, E].
 *
 * Forward keeps P, H·T·S numbers a sample. With A the adjoint of y and r(X) the sums of the rows of X,
 *
 *     backward       C = A v' - r(P∘A v')            (the adjoint of P, centred)      a_S = P∘C
 *                    a_q = scale a_S k               a_k = scale a_S' q               a_v = P' A
 *     forward_dot    Ṡ = scale (q̇ k' + q k̇') + mask˙  Ṗ = P∘(Ṡ - r(P∘Ṡ))             ẏ = Ṗ v + P v̇
 *     backward_dot   G = Ȧ v' + A v̇'                 ȧ_S = Ṗ∘C + P∘(G - r(Ṗ∘C + P∘G))
 *                    ȧ_q = scale (ȧ_S k + a_S k̇)     ȧ_k = scale (ȧ_S' q + a_S' q̇)   ȧ_v = P' Ȧ + Ṗ' A
 *
 * by real_gemm. r(Ṗ∘C) stands for r(Ṗ∘A v'), since the rows of Ṗ sum to 0. Products compute C, a_S
 * and Ṗ again where they need them: three GEMMs beside the twelve that must be, but nothing else of T·S numbers is kept. What a mask
 * of -inf or is_causal hides has P = 0 and adds nothing. A row of which everything is hidden is NaN.
 */
#include <string.h>

#include "model/op.h"
#include "model/real_math.h"

enum { QUERY, KEY, VALUE, MASK };

typedef struct attention_facts {
    size_t heads, t, s, d, e;
    size_t mask_step; /* from head to head: 0 if they share the mask */
    real   scale;
    bool   causal;
    bool   scored; /* S depends on theta */
} attention_facts;

static const basin_slot *mask_of(const basin_node *node)
{
    return node->input_count > MASK ? NODE_INPUT(node, MASK) : NULL;
}

/* ------------------------------------------------------------------------------------------------------- shapes -- */

/* The shape of one sample: without the 1 that an unbatched tensor of the full rank has for the samples. */
static const size_t *sample_shape(const basin_node *node, size_t i, size_t full, size_t *rank)
{
    const basin_slot *slot = NODE_INPUT(node, i);
    bool              drop = NODE_OUTPUT(node)->batched && !slot->batched && slot->rank == full + 1 && slot->shape[0] == 1;

    *rank = slot->rank - drop;
    return slot->shape + drop;
}

static basin_status misfit(const basin_node *node)
{
    const basin_slot *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE);

    return basin_node_fail(node, BASIN_ERR_SHAPE, "queries %s %s, keys %s %s, values %s %s: expected [..., T, D], [..., S, D], [..., S, E]", q->name,
                           BASIN_SHAPE_TEXT(q->shape, q->rank), k->name, BASIN_SHAPE_TEXT(k->shape, k->rank), v->name,
                           BASIN_SHAPE_TEXT(v->shape, v->rank));
}

/* All three have the same axes in front of the matrices, the heads. */
static basin_status infer_shapes(basin_node *node, attention_facts *facts)
{
    basin_slot   *y = NODE_OUTPUT(node);
    const size_t *shape[MASK];
    size_t        rank[MASK], full = 0;

    for (size_t i = 0; i < MASK; i++)
        if (full == 0 || NODE_INPUT(node, i)->batched) full = NODE_INPUT(node, i)->rank;
    for (size_t i = 0; i < MASK; i++) shape[i] = sample_shape(node, i, full, &rank[i]);
    if (full < 2 || rank[KEY] != rank[QUERY] || rank[VALUE] != rank[QUERY]) return misfit(node);
    full = rank[QUERY];
    facts->t = shape[QUERY][full - 2], facts->d = shape[QUERY][full - 1];
    facts->s = shape[KEY][full - 2], facts->e = shape[VALUE][full - 1];
    facts->heads = 1;
    if (shape[KEY][full - 1] != facts->d || shape[VALUE][full - 2] != facts->s) return misfit(node);
    for (size_t i = 0; i + 2 < full; i++) {
        if (shape[KEY][i] != shape[QUERY][i] || shape[VALUE][i] != shape[QUERY][i])
            return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                                   "%zu heads of queries, %zu of keys, %zu of values; repeat keys and values in the graph", shape[QUERY][i],
                                   shape[KEY][i], shape[VALUE][i]);
        facts->heads *= shape[QUERY][i];
    }
    y->rank = full;
    memcpy(y->shape, shape[QUERY], full * sizeof *shape[QUERY]);
    y->shape[full - 1] = facts->e;
    return BASIN_OK;
}

/* Without ones in front, but for the matrix. */
static const size_t *trim(const size_t *shape, size_t *rank)
{
    while (*rank > 2 && shape[0] == 1) shape++, --*rank;
    return shape;
}

/* The mask is [T, S] or [heads, T, S], with any number of ones in front. */
static basin_status infer_mask(basin_node *node, attention_facts *facts)
{
    const basin_slot *mask = mask_of(node), *y = NODE_OUTPUT(node);
    size_t            scores[BASIN_MAX_RANK], rank = y->rank, mask_rank;

    if (mask == NULL) return BASIN_OK;
    if (mask->batched)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "the mask %s depends on the sample; only one for all is supported", mask->name);
    memcpy(scores, y->shape, sizeof scores);
    scores[rank - 1] = facts->s;
    mask_rank = mask->rank;
    const size_t *shape = trim(mask->shape, &mask_rank), *expected = trim(scores, &rank);
    if (!basin_shape_equal(shape, mask_rank, scores + y->rank - 2, 2) && !basin_shape_equal(shape, mask_rank, expected, rank))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected [%zu, %zu] or %s, has %s", mask->name, facts->t, facts->s,
                               BASIN_SHAPE_TEXT(scores, y->rank), BASIN_SHAPE_TEXT(mask->shape, mask->rank));
    facts->mask_step = mask_rank == 2 ? 0 : facts->t * facts->s;
    return BASIN_OK;
}

static basin_status infer(basin_node *node)
{
    basin_status     st = BASIN_OK;
    basin_slot      *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    attention_facts *facts = NULL;
    size_t           matrix = 0, all = 0;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    BASIN_TRY(infer_shapes(node, facts));
    BASIN_TRY(infer_mask(node, facts));
    double scale = basin_node_spec_float(node->spec, "scale", 1.0 / sqrt((double)facts->d));
    if (!isfinite(scale)) return basin_node_fail(node, BASIN_ERR_FORMAT, "scale = %g", scale);
    facts->scale = (real)scale;
    facts->causal = basin_node_spec_int(node->spec, "is_causal", 0) != 0;
    facts->scored = q->degree > 0 || k->degree > 0 || (mask_of(node) != NULL && mask_of(node)->degree > 0);
    if (!basin_shape_size((size_t[]){4, facts->t, facts->s}, 3, &matrix) || !basin_shape_size((size_t[]){facts->heads, facts->t, facts->s}, 3, &all))
        return misfit(node);
    node->work_width = all;
    node->temp_size = matrix;
    if (facts->scored) q->keep_value = k->keep_value = v->keep_value = y->keep_adjoint = true;
done:
    return st;
}

static double flops(const basin_node *node)
{
    const attention_facts *facts = node->facts;

    if (!NODE_OUTPUT(node)->batched) return 0.0; /* once for all samples */
    return (double)facts->heads * (double)facts->t * (double)facts->s * (2.0 * (double)facts->d + 2.0 * (double)facts->e + 4.0);
}

/* ---------------------------------------------------------------------------------- matrices of one sample and head -- */

/* What a sample has of a slot in one role, for vector j of k; without samples, what all share. */
static real *part(const basin_slot *slot, real *role, size_t i, size_t j, size_t k)
{
    return role + ((slot->batched ? i * k : 0) + j) * slot->width;
}

/* out [T, S] = scale out + alpha left [T, n] right [S, n]'. */
static void outer(const attention_facts *facts, real alpha, const real *left, const real *right, size_t n, real scale, real *out)
{
    real_gemm(BASIN_N, BASIN_T, facts->t, facts->s, n, alpha, left, n, right, n, scale, out, facts->s);
}

/* out [T, n] = scale out + alpha weights [T, S] right [S, n]. */
static void gather(const attention_facts *facts, real alpha, const real *weights, const real *right, size_t n, real scale, real *out)
{
    real_gemm(BASIN_N, BASIN_N, facts->t, n, facts->s, alpha, weights, facts->s, right, n, scale, out, n);
}

/* out [S, n] = scale out + alpha weights [T, S]' left [T, n]. */
static void scatter(const attention_facts *facts, real alpha, const real *weights, const real *left, size_t n, real scale, real *out)
{
    real_gemm(BASIN_T, BASIN_N, facts->s, n, facts->t, alpha, weights, facts->s, left, n, scale, out, n);
}

/* P from q, k and the mask of this head. */
static void probabilities(const attention_facts *facts, const real *q, const real *k, const real *mask, real *p)
{
    outer(facts, facts->scale, q, k, facts->d, 0, p);
    for (size_t i = 0; i < facts->t; i++, p += facts->s) {
        size_t seen = facts->causal && i + 1 < facts->s ? i + 1 : facts->s;
        for (size_t j = 0; j < seen && mask != NULL; j++) p[j] += mask[i * facts->s + j];
        basin_math_softmax(p, seen, p);
        memset(p + seen, 0, (facts->s - seen) * sizeof *p);
    }
}

/* The sum of x∘y. */
static real product_sum(const real *x, const real *y, size_t n)
{
    real sum = 0;

    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* x -= r(P∘x), and then x = P∘x if `weigh`. */
static void centre(const attention_facts *facts, const real *p, real *x, bool weigh)
{
    const size_t n = facts->s;

    for (size_t i = 0; i < facts->t; i++, p += n, x += n) {
        real mean = product_sum(p, x, n);
        if (weigh)
            for (size_t j = 0; j < n; j++) x[j] = p[j] * (x[j] - mean);
        else
            for (size_t j = 0; j < n; j++) x[j] -= mean;
    }
}

/* g = Ṗ∘C + P∘(g - r(Ṗ∘C + P∘g)). */
static void curve(const attention_facts *facts, const real *p, const real *p_dot, const real *c, real *g)
{
    const size_t n = facts->s;

    for (size_t i = 0; i < facts->t; i++, p += n, p_dot += n, c += n, g += n) {
        real mean = product_sum(p_dot, c, n) + product_sum(p, g, n);
        for (size_t j = 0; j < n; j++) g[j] = p_dot[j] * c[j] + p[j] * (g[j] - mean);
    }
}

static void add(const real *from, size_t n, real *to)
{
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

/* Ṗ of a head in p_dot. */
static void probabilities_dot(const basin_node *node, const real *p, size_t i, size_t head, size_t j, size_t vectors, real *p_dot)
{
    const attention_facts *facts = node->facts;
    const basin_slot      *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *mask = mask_of(node);
    const size_t           q_at = head * facts->t * facts->d, k_at = head * facts->s * facts->d;
    real                   scale = 0;

    if (q->degree > 0) {
        outer(facts, facts->scale, part(q, q->d, i, j, vectors) + q_at, part(k, k->v, i, 0, 1) + k_at, facts->d, scale, p_dot);
        scale = 1;
    }
    if (k->degree > 0) {
        outer(facts, facts->scale, part(q, q->v, i, 0, 1) + q_at, part(k, k->d, i, j, vectors) + k_at, facts->d, scale, p_dot);
        scale = 1;
    }
    if (scale == 0) memset(p_dot, 0, facts->t * facts->s * sizeof *p_dot);
    if (mask != NULL && mask->degree > 0) add(part(mask, mask->d, i, j, vectors) + head * facts->mask_step, facts->t * facts->s, p_dot);
    centre(facts, p, p_dot, true);
}

/* ------------------------------------------------------------------------------------------- the four functions -- */

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    const attention_facts *facts = node->facts;
    basin_slot            *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const basin_slot      *mask = mask_of(node);
    const size_t           t = facts->t, s = facts->s;

    for (size_t i = 0; i < slot_rows(y, b); i++)
        for (size_t h = 0; h < facts->heads; h++) {
            real *p = mode == BASIN_MODE_LOSS ? node->temp : node->work + (i * facts->heads + h) * t * s;
            probabilities(facts, part(q, q->v, i, 0, 1) + h * t * facts->d, part(k, k->v, i, 0, 1) + h * s * facts->d,
                          mask != NULL ? mask->v + h * facts->mask_step : NULL, p);
            gather(facts, 1, p, part(v, v->v, i, 0, 1) + h * s * facts->e, facts->e, 0, part(y, y->v, i, 0, 1) + h * t * facts->e);
        }
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const attention_facts *facts = node->facts;
    basin_slot            *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const basin_slot      *mask = mask_of(node);
    const size_t           t = facts->t, s = facts->s;
    real                  *a_s = node->temp;

    (void)mode;
    for (size_t i = 0; i < slot_rows(y, b); i++)
        for (size_t h = 0; h < facts->heads; h++) {
            const size_t q_at = h * t * facts->d, k_at = h * s * facts->d, v_at = h * s * facts->e;
            const real  *p = node->work + (i * facts->heads + h) * t * s, *a = part(y, y->a, i, 0, 1) + h * t * facts->e;
            if (facts->scored) {
                outer(facts, 1, a, part(v, v->v, i, 0, 1) + v_at, facts->e, 0, a_s);
                centre(facts, p, a_s, true);
            }
            if (q->degree > 0)
                gather(facts, facts->scale, a_s, part(k, k->v, i, 0, 1) + k_at, facts->d, node->accumulate[QUERY] ? 1 : 0,
                       part(q, q->a, i, 0, 1) + q_at);
            if (k->degree > 0)
                scatter(facts, facts->scale, a_s, part(q, q->v, i, 0, 1) + q_at, facts->d, node->accumulate[KEY] ? 1 : 0,
                        part(k, k->a, i, 0, 1) + k_at);
            if (v->degree > 0) scatter(facts, 1, p, a, facts->e, node->accumulate[VALUE] ? 1 : 0, part(v, v->a, i, 0, 1) + v_at);
            if (mask != NULL && mask->degree > 0) add(a_s, t * s, mask->a + h * facts->mask_step);
        }
}

static void forward_dot(basin_node *node, size_t b, size_t vectors)
{
    const attention_facts *facts = node->facts;
    basin_slot            *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const size_t           t = facts->t, s = facts->s, e = facts->e;
    real                  *p_dot = node->temp;

    for (size_t i = 0; i < slot_rows(y, b); i++)
        for (size_t h = 0; h < facts->heads; h++) {
            const real *p = node->work + (i * facts->heads + h) * t * s;
            for (size_t j = 0; j < vectors; j++) {
                real *to = part(y, y->d, i, j, vectors) + h * t * e;
                if (facts->scored) {
                    probabilities_dot(node, p, i, h, j, vectors, p_dot);
                    gather(facts, 1, p_dot, part(v, v->v, i, 0, 1) + h * s * e, e, 0, to);
                }
                if (v->degree > 0) gather(facts, 1, p, part(v, v->d, i, j, vectors) + h * s * e, e, facts->scored ? 1 : 0, to);
            }
        }
}

typedef struct head_scratch { /* [T, S] each */
    real *c, *a_s, *p_dot, *g;
} head_scratch;

/* c and a_s of a head, as all vectors of the block need them. */
static void head_adjoint(const basin_node *node, const real *p, size_t i, size_t h, const head_scratch *scratch)
{
    const attention_facts *facts = node->facts;
    const basin_slot      *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const real            *a = part(y, y->a, i, 0, 1) + h * facts->t * facts->e;

    outer(facts, 1, a, part(v, v->v, i, 0, 1) + h * facts->s * facts->e, facts->e, 0, scratch->c);
    centre(facts, p, scratch->c, false);
    for (size_t l = 0; l < facts->t * facts->s; l++) scratch->a_s[l] = p[l] * scratch->c[l];
}

/* p_dot, and the tangent of a_s in g. */
static void head_tangents(const basin_node *node, const real *p, size_t i, size_t h, size_t j, size_t vectors, const head_scratch *scratch)
{
    const attention_facts *facts = node->facts;
    const basin_slot      *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const size_t           e = facts->e, y_at = h * facts->t * e, v_at = h * facts->s * e;

    probabilities_dot(node, p, i, h, j, vectors, scratch->p_dot);
    outer(facts, 1, part(y, y->ad, i, j, vectors) + y_at, part(v, v->v, i, 0, 1) + v_at, e, 0, scratch->g);
    if (v->degree > 0) outer(facts, 1, part(y, y->a, i, 0, 1) + y_at, part(v, v->d, i, j, vectors) + v_at, e, 1, scratch->g);
    curve(facts, p, scratch->p_dot, scratch->c, scratch->g);
}

static void head_backward_dot(const basin_node *node, const real *p, size_t i, size_t h, size_t j, size_t vectors, const head_scratch *scratch)
{
    const attention_facts *facts = node->facts;
    const basin_slot      *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const basin_slot      *mask = mask_of(node);
    const size_t           d = facts->d, e = facts->e, q_at = h * facts->t * d, k_at = h * facts->s * d, y_at = h * facts->t * e;

    if (facts->scored) head_tangents(node, p, i, h, j, vectors, scratch);
    if (q->degree > 0) {
        real *to = part(q, q->ad, i, j, vectors) + q_at;
        gather(facts, facts->scale, scratch->g, part(k, k->v, i, 0, 1) + k_at, d, node->accumulate[QUERY] ? 1 : 0, to);
        if (k->degree > 0) gather(facts, facts->scale, scratch->a_s, part(k, k->d, i, j, vectors) + k_at, d, 1, to);
    }
    if (k->degree > 0) {
        real *to = part(k, k->ad, i, j, vectors) + k_at;
        scatter(facts, facts->scale, scratch->g, part(q, q->v, i, 0, 1) + q_at, d, node->accumulate[KEY] ? 1 : 0, to);
        if (q->degree > 0) scatter(facts, facts->scale, scratch->a_s, part(q, q->d, i, j, vectors) + q_at, d, 1, to);
    }
    if (v->degree > 0) {
        real *to = part(v, v->ad, i, j, vectors) + h * facts->s * e;
        scatter(facts, 1, p, part(y, y->ad, i, j, vectors) + y_at, e, node->accumulate[VALUE] ? 1 : 0, to);
        if (facts->scored) scatter(facts, 1, scratch->p_dot, part(y, y->a, i, 0, 1) + y_at, e, 1, to);
    }
    if (mask != NULL && mask->degree > 0) add(scratch->g, facts->t * facts->s, part(mask, mask->ad, i, j, vectors) + h * facts->mask_step);
}

static void backward_dot(basin_node *node, size_t b, size_t vectors)
{
    const attention_facts *facts = node->facts;
    const size_t           n = facts->t * facts->s;
    const head_scratch     scratch = {node->temp, node->temp + n, node->temp + 2 * n, node->temp + 3 * n};

    for (size_t i = 0; i < slot_rows(NODE_OUTPUT(node), b); i++)
        for (size_t h = 0; h < facts->heads; h++) {
            const real *p = node->work + (i * facts->heads + h) * n;
            if (facts->scored) head_adjoint(node, p, i, h, &scratch);
            for (size_t j = 0; j < vectors; j++) head_backward_dot(node, p, i, h, j, vectors, &scratch);
        }
}

const basin_op REAL(basin_op_Attention) = {
    .name = "Attention",
    .inputs_min = 3,
    .inputs_max = 4,
    .layout = BASIN_LAYOUT_ROWS,
    .degree = BASIN_DEGREE_UNARY,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
    .flops = flops,
};
