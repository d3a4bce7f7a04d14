/* Attention: y = P v, P = softmax(S), S = scale q k' + mask, for each sample and head; q [T, D], k [S, D], v
 * [S, E].
 *
 * Forward keeps P, H·T·S numbers a sample. With A the adjoint of y and r(X) the sums of the rows of X,
 *
 *     backward       C = A v' - r(P∘A v')            (the adjoint of P, centred)      a_S = P∘C
 *                    a_q = scale a_S k               a_k = scale a_S' q               a_v = P' A
 *     forward_dot    Ṡ = scale (q̇ k' + q k̇') + mask˙  Ṗ = P∘(Ṡ - r(P∘Ṡ))             ẏ = Ṗ v + P v̇
 *     backward_dot   G = Ȧ v' + A v̇'                 ȧ_S = Ṗ∘C + P∘(G - r(Ṗ∘C + P∘G))
 *                    ȧ_q = scale (ȧ_S k + a_S k̇)     ȧ_k = scale (ȧ_S' q + a_S' q̇)   ȧ_v = P' Ȧ + Ṗ' A
 *
 * where every element is a vector of samples in lanes. r(Ṗ∘C) stands for r(Ṗ∘A v'), since the rows of Ṗ sum
 * to 0. Products compute C, a_S and Ṗ again where they need them: three products of matrices beside the
 * twelve that must be, but nothing else of T·S numbers is kept.
 *
 * The queries go by in blocks of rows, so that the matrices of a block stay in the second cache; sums over
 * queries (k, v) go on from block to block. What a mask of -inf or is_causal hides has P = 0 and adds
 * nothing; with is_causal a block ends at the last key that it sees, and what is kept of P behind that is
 * never read. A row of which everything is hidden is NaN.
 *
 * What all samples share is spread over the lanes first, a head at a time, and its adjoint summed over them
 * at the end. Where nothing depends on the sample, all lanes hold the same, and the adjoint of the output is
 * in the first of them.
 */
#include <string.h>

#include "engine/kernels/attention.h"

enum { BLOCK_BYTES = 256 * 1024, LEAST_ROWS = 4 };

/* ---------------------------------------------------------------------------------------------- shapes -- */

/* The shape of one sample: without the 1 that an unbatched tensor of the full rank has for the samples. */
static const size_t *sample_shape(const basin_node *node, size_t i, size_t full, size_t *rank)
{
    const basin_slot *slot = NODE_INPUT(node, i);
    bool drop = NODE_OUTPUT(node)->batched && !slot->batched && slot->rank == full + 1 && slot->shape[0] == 1;

    *rank = slot->rank - drop;
    return slot->shape + drop;
}

static basin_status misfit(const basin_node *node)
{
    const basin_slot *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE);

    return basin_node_fail(
        node, BASIN_ERR_SHAPE,
        "queries %s %s, keys %s %s, values %s %s: expected [..., T, D], [..., S, D], [..., S, E]", q->name,
        BASIN_SHAPE_TEXT(q->shape, q->rank), k->name, BASIN_SHAPE_TEXT(k->shape, k->rank), v->name,
        BASIN_SHAPE_TEXT(v->shape, v->rank));
}

/* All three have the same axes in front of the matrices, the heads. */
static basin_status infer_shapes(basin_node *node, basin_heads *facts)
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
            return basin_node_fail(
                node, BASIN_ERR_UNSUPPORTED,
                "%zu heads of queries, %zu of keys, %zu of values; repeat keys and values in the graph",
                shape[QUERY][i], shape[KEY][i], shape[VALUE][i]);
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
static basin_status infer_mask(basin_node *node, basin_heads *facts)
{
    const basin_slot *mask = basin_head_mask(node), *y = NODE_OUTPUT(node);
    size_t            scores[BASIN_MAX_RANK], rank = y->rank, mask_rank;

    if (mask == NULL) return BASIN_OK;
    if (mask->batched)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "the mask %s depends on the sample; only one for all is supported",
                               mask->name);
    memcpy(scores, y->shape, sizeof scores);
    scores[rank - 1] = facts->s;
    mask_rank = mask->rank;
    const size_t *shape = trim(mask->shape, &mask_rank), *expected = trim(scores, &rank);
    if (!basin_shape_equal(shape, mask_rank, scores + y->rank - 2, 2) &&
        !basin_shape_equal(shape, mask_rank, expected, rank))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s: expected [%zu, %zu] or %s, has %s", mask->name,
                               facts->t, facts->s, BASIN_SHAPE_TEXT(scores, y->rank),
                               BASIN_SHAPE_TEXT(mask->shape, mask->rank));
    facts->mask_step = mask_rank == 2 ? 0 : facts->t * facts->s;
    return BASIN_OK;
}

/* Rows of a block: its four matrices [rows, S] together take BLOCK_BYTES; a causal mask hides more of blocks
   that are short. */
static size_t block_rows(const basin_heads *facts)
{
    const size_t element = BASIN_LANES * sizeof(real), fit = BLOCK_BYTES / 4 / element / facts->s;
    const size_t quarter = facts->t / 4;
    size_t       rows = facts->causal && quarter < fit ? quarter : fit;

    rows -= rows % LEAST_ROWS;
    if (rows < LEAST_ROWS) rows = LEAST_ROWS;
    return rows < facts->t ? rows : facts->t;
}

static basin_status infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_slot  *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE),
               *y = NODE_OUTPUT(node);
    basin_heads *facts = NULL;
    size_t       matrices = 0, all = 0;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    BASIN_TRY(infer_shapes(node, facts));
    BASIN_TRY(infer_mask(node, facts));
    double scale = basin_node_spec_float(node->spec, "scale", 1.0 / sqrt((double)facts->d));
    if (!isfinite(scale)) return basin_node_fail(node, BASIN_ERR_FORMAT, "scale = %g", scale);
    if (basin_head_size(facts, KEY) == 0 || basin_head_size(facts, OUTPUT) == 0) return misfit(node);
    facts->scale = (real)scale;
    facts->causal = basin_node_spec_int(node->spec, "is_causal", 0) != 0;
    facts->scored = q->degree > 0 || k->degree > 0 ||
                    (basin_head_mask(node) != NULL && basin_head_mask(node)->degree > 0);
    facts->rows = block_rows(facts);
    if (!basin_shape_size((size_t[]){4, facts->rows, facts->s, BASIN_LANES}, 4, &matrices) ||
        !basin_shape_size((size_t[]){facts->heads, facts->t, facts->s, y->batched ? 1 : BASIN_LANES}, 4,
                          &all))
        return misfit(node);
    node->work_width = all;
    node->temp_size = matrices;
    for (size_t i = 0; i < TENSORS; i++)
        if (!basin_head_slot(node, i)->batched)
            node->temp_size += ROOMS * basin_head_size(facts, i) * BASIN_LANES;
    if (facts->scored) q->keep_value = k->keep_value = v->keep_value = y->keep_adjoint = true;
done:
    return st;
}

static double flops(const basin_node *node)
{
    const basin_heads *facts = node->facts;

    if (!NODE_OUTPUT(node)->batched) return 0.0; /* once for all samples */
    return (double)facts->heads * (double)facts->t * (double)facts->s *
           (2.0 * (double)facts->d + 2.0 * (double)facts->e + 4.0);
}

/* ---------------------------------------------------------------------------------- the four functions -- */

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_heads *facts = node->facts;
    basin_slot        *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE),
               *y = NODE_OUTPUT(node);

    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const basin_head of = basin_head_open(node, number);
        const real      *queries = basin_head_read(&of, QUERY, q->v, 0, 1, VALUES);
        const real      *keys = basin_head_read(&of, KEY, k->v, 0, 1, VALUES);
        const real      *values = basin_head_read(&of, VALUE, v->v, 0, 1, VALUES);
        real            *to = basin_head_write(&of, OUTPUT, y->v, 0, 1, VALUES);
        for (size_t first = 0; first < facts->t; first += facts->rows) {
            basin_queries block = basin_head_queries(&of, first);
            basin_sum     s = {.count = 0};
            if (mode == BASIN_MODE_LOSS) block.p = of.c;
            basin_head_probabilities(&of, &block, queries, keys);
            join(&s, straight(block.p, 0, facts->s), straight(values, 0, facts->e));
            basin_head_gather(&block, 1, &s, facts->e, false, to);
        }
        basin_head_close(&of, OUTPUT, y->v, 0, VALUES);
    }
}

/* a_q, a_k, a_v of a head, of those that depend on theta, or their tangents. */
typedef struct adjoints {
    real *q, *k, *v;
} adjoints;

static adjoints open_adjoints(const basin_head *of, bool dotted, size_t j, size_t vectors)
{
    real *to[MASK] = {NULL};

    for (size_t i = 0; i < MASK; i++) {
        const basin_slot *x = NODE_INPUT(of->node, i);
        if (x->degree > 0) to[i] = basin_head_write(of, i, dotted ? x->ad : x->a, j, vectors, ADJOINTS);
    }
    return (adjoints){to[QUERY], to[KEY], to[VALUE]};
}

static void close_adjoints(const basin_head *of, bool dotted, size_t j)
{
    for (size_t i = 0; i < MASK; i++) {
        const basin_slot *x = NODE_INPUT(of->node, i);
        if (x->degree > 0) basin_head_close(of, i, dotted ? x->ad : x->a, j, ADJOINTS);
    }
}

/* C and a_S of a block. */
static void score_adjoints(const basin_head *of, const basin_queries *b, const real *a, const real *v)
{
    basin_sum s = {.count = 0};

    join(&s, straight(a, b->first, of->facts->e), turned(v, 0, of->facts->e));
    basin_head_scores(of, b, 1, &s, of->facts->e, of->c);
    basin_head_centre(of, b, of->c, false);
    basin_head_weigh(of, b, of->c, of->a_s);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_heads *facts = node->facts;
    basin_slot        *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE),
               *y = NODE_OUTPUT(node);
    const basin_slot *mask = basin_head_mask(node);

    (void)mode;
    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const basin_head of = basin_head_open(node, number);
        const real      *queries = basin_head_read(&of, QUERY, q->v, 0, 1, VALUES);
        const real      *keys = basin_head_read(&of, KEY, k->v, 0, 1, VALUES);
        const real      *values = basin_head_read(&of, VALUE, v->v, 0, 1, VALUES);
        const real      *a = basin_head_read(&of, OUTPUT, y->a, 0, 1, VALUES);
        const adjoints   to = open_adjoints(&of, false, 0, 1);
        for (size_t first = 0; first < facts->t; first += facts->rows) {
            const basin_queries block = basin_head_queries(&of, first);
            basin_sum           to_q = {.count = 0}, to_k = {.count = 0}, to_v = {.count = 0};
            if (facts->scored) score_adjoints(&of, &block, a, values);
            join(&to_q, straight(of.a_s, 0, facts->s), straight(keys, 0, facts->d));
            join(&to_k, turned(of.a_s, 0, facts->s), straight(queries, first, facts->d));
            join(&to_v, turned(block.p, 0, facts->s), straight(a, first, facts->e));
            if (to.q != NULL) basin_head_gather(&block, facts->scale, &to_q, facts->d, true, to.q);
            if (to.k != NULL) basin_head_scatter(&block, facts->scale, &to_k, facts->d, to.k);
            if (to.v != NULL) basin_head_scatter(&block, 1, &to_v, facts->e, to.v);
            if (mask != NULL && mask->degree > 0)
                basin_head_collect_mask(&of, &block, of.a_s, mask->a + of.h * facts->mask_step);
        }
        close_adjoints(&of, false, 0);
    }
}

/* What a head reads along a vector of the block: NULL where nothing depends on theta. */
typedef struct tangents {
    const real *q, *k, *v, *mask;
} tangents;

static tangents open_tangents(const basin_head *of, size_t j, size_t vectors)
{
    const basin_slot *mask = basin_head_mask(of->node);
    const real       *from[MASK] = {NULL};

    for (size_t i = 0; i < MASK; i++) {
        const basin_slot *x = NODE_INPUT(of->node, i);
        if (x->degree > 0) from[i] = basin_head_read(of, i, x->d, j, vectors, TANGENTS);
    }
    return (tangents){
        from[QUERY], from[KEY], from[VALUE],
        mask != NULL && mask->degree > 0 ? mask->d + j * mask->width + of->h * of->facts->mask_step : NULL};
}

/* Ṗ of a block in p_dot. */
static void probabilities_dot(const basin_head *of, const basin_queries *b, const real *q, const real *k,
                              const tangents *dot)
{
    const size_t d = of->facts->d;
    basin_sum    s = {.count = 0};

    if (dot->q != NULL) join(&s, straight(dot->q, b->first, d), turned(k, 0, d));
    if (dot->k != NULL) join(&s, straight(q, b->first, d), turned(dot->k, 0, d));
    basin_head_scores(of, b, of->facts->scale, &s, d, of->p_dot);
    if (dot->mask != NULL) basin_head_add_mask(of, b, dot->mask, of->p_dot);
    basin_head_centre(of, b, of->p_dot, true);
}

static void forward_dot(basin_node *node, size_t b, size_t vectors)
{
    const basin_heads *facts = node->facts;
    basin_slot        *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE),
               *y = NODE_OUTPUT(node);

    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const basin_head of = basin_head_open(node, number);
        const real      *queries = basin_head_read(&of, QUERY, q->v, 0, 1, VALUES);
        const real      *keys = basin_head_read(&of, KEY, k->v, 0, 1, VALUES);
        const real      *values = basin_head_read(&of, VALUE, v->v, 0, 1, VALUES);
        for (size_t j = 0; j < vectors; j++) {
            const tangents dot = open_tangents(&of, j, vectors);
            real          *to = basin_head_write(&of, OUTPUT, y->d, j, vectors, TANGENTS);
            for (size_t first = 0; first < facts->t; first += facts->rows) {
                const basin_queries block = basin_head_queries(&of, first);
                basin_sum           s = {.count = 0};
                if (facts->scored) {
                    probabilities_dot(&of, &block, queries, keys, &dot);
                    join(&s, straight(of.p_dot, 0, facts->s), straight(values, 0, facts->e));
                }
                if (dot.v != NULL) join(&s, straight(block.p, 0, facts->s), straight(dot.v, 0, facts->e));
                basin_head_gather(&block, 1, &s, facts->e, false, to);
            }
            basin_head_close(&of, OUTPUT, y->d, j, TANGENTS);
        }
    }
}

/* What backward_dot reads of a head. */
typedef struct reading {
    const real *q, *k, *v, *a, *a_dot;
    tangents    dot;
} reading;

/* ȧ_S of a block in g; Ṗ in p_dot, C and a_S beside. */
static void score_tangents(const basin_head *of, const basin_queries *b, const reading *from,
                           bool adjoints_too)
{
    const size_t e = of->facts->e;
    basin_sum    s = {.count = 0};

    if (adjoints_too) score_adjoints(of, b, from->a, from->v);
    probabilities_dot(of, b, from->q, from->k, &from->dot);
    join(&s, straight(from->a_dot, b->first, e), turned(from->v, 0, e));
    if (from->dot.v != NULL) join(&s, straight(from->a, b->first, e), turned(from->dot.v, 0, e));
    basin_head_scores(of, b, 1, &s, e, of->g);
    basin_head_curve(of, b, of->p_dot, of->c, of->g);
}

static void block_backward_dot(const basin_head *of, const basin_queries *b, const reading *from,
                               const adjoints *to)
{
    const basin_heads *facts = of->facts;
    const size_t       s = facts->s, d = facts->d, e = facts->e, first = b->first;
    basin_sum          to_q = {.count = 0}, to_k = {.count = 0}, to_v = {.count = 0};

    join(&to_q, straight(of->g, 0, s), straight(from->k, 0, d));
    if (from->dot.k != NULL) join(&to_q, straight(of->a_s, 0, s), straight(from->dot.k, 0, d));
    join(&to_k, turned(of->g, 0, s), straight(from->q, first, d));
    if (from->dot.q != NULL) join(&to_k, turned(of->a_s, 0, s), straight(from->dot.q, first, d));
    join(&to_v, turned(b->p, 0, s), straight(from->a_dot, first, e));
    if (facts->scored) join(&to_v, turned(of->p_dot, 0, s), straight(from->a, first, e));
    if (to->q != NULL) basin_head_gather(b, facts->scale, &to_q, d, true, to->q);
    if (to->k != NULL) basin_head_scatter(b, facts->scale, &to_k, d, to->k);
    if (to->v != NULL) basin_head_scatter(b, 1, &to_v, e, to->v);
}

static void backward_dot(basin_node *node, size_t b, size_t vectors)
{
    const basin_heads *facts = node->facts;
    basin_slot        *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE),
               *y = NODE_OUTPUT(node);
    const basin_slot *mask = basin_head_mask(node);

    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const basin_head of = basin_head_open(node, number);
        reading          from = {.q = basin_head_read(&of, QUERY, q->v, 0, 1, VALUES),
                                 .k = basin_head_read(&of, KEY, k->v, 0, 1, VALUES)};
        from.v = basin_head_read(&of, VALUE, v->v, 0, 1, VALUES);
        if (facts->scored) from.a = basin_head_read(&of, OUTPUT, y->a, 0, 1, VALUES);
        for (size_t j = 0; j < vectors; j++) {
            const adjoints to = open_adjoints(&of, true, j, vectors);
            from.a_dot = basin_head_read(&of, OUTPUT, y->ad, j, vectors, TANGENTS);
            from.dot = open_tangents(&of, j, vectors);
            for (size_t first = 0; first < facts->t; first += facts->rows) {
                const basin_queries block = basin_head_queries(&of, first);
                /* one block: C and a_S are still there */
                if (facts->scored) score_tangents(&of, &block, &from, j == 0 || facts->rows < facts->t);
                block_backward_dot(&of, &block, &from, &to);
                if (mask != NULL && mask->degree > 0)
                    basin_head_collect_mask(&of, &block, of.g,
                                            mask->ad + j * mask->width + of.h * facts->mask_step);
            }
            close_adjoints(&of, true, j);
        }
    }
}

const basin_op REAL(basin_op_Attention) = {
    .name = "Attention",
    .inputs_min = 3,
    .inputs_max = 4,
    .layout = BASIN_LAYOUT_LANES,
    .degree = BASIN_DEGREE_UNARY,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
    .flops = flops,
};
