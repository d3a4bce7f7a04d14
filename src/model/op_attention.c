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
 * where every element is a vector of samples in lanes. r(Ṗ∘C) stands for r(Ṗ∘A v'), since the rows of Ṗ sum to 0. Products compute C, a_S
 * and Ṗ again where they need them: three products of matrices beside the twelve that must be, but nothing else of T·S numbers is kept.
 *
 * The queries go by in blocks of rows, so that the matrices of a block stay in the second cache; sums over queries (k, v) go on from block to
 * block. What a mask of -inf or is_causal hides has P = 0 and adds nothing; with is_causal a block ends at the last key that it sees, and what
 * is kept of P behind that is never read. A row of which everything is hidden is NaN.
 *
 * What all samples share is spread over the lanes first, a head at a time, and its adjoint summed over them at the end. Where nothing depends
 * on the sample, all lanes hold the same, and the adjoint of the output is in the first of them.
 */
#include <string.h>

#include "model/real_product.h"
#include "model/real_vector_math.h"

enum { QUERY, KEY, VALUE, MASK, OUTPUT = MASK, TENSORS };
enum { BLOCK_BYTES = 256 * 1024, LEAST_ROWS = 4, ROOMS = 3 };

typedef struct attention_facts {
    size_t heads, t, s, d, e;
    size_t rows;      /* of queries in a block */
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

/* Rows of a block: its four matrices [rows, S] together take BLOCK_BYTES; a causal mask hides more of blocks that are short. */
static size_t block_rows(const attention_facts *facts)
{
    const size_t element = BASIN_LANES * sizeof(real), fit = BLOCK_BYTES / 4 / element / facts->s, quarter = facts->t / 4;
    size_t       rows = facts->causal && quarter < fit ? quarter : fit;

    rows -= rows % LEAST_ROWS;
    if (rows < LEAST_ROWS) rows = LEAST_ROWS;
    return rows < facts->t ? rows : facts->t;
}

/* Elements that a head has of each tensor. */
static size_t head_size(const attention_facts *facts, size_t tensor)
{
    const size_t rows = tensor == QUERY || tensor == OUTPUT ? facts->t : facts->s;
    return rows * (tensor == QUERY || tensor == KEY ? facts->d : facts->e);
}

static const basin_slot *tensor_slot(const basin_node *node, size_t tensor)
{
    return tensor == OUTPUT ? NODE_OUTPUT(node) : NODE_INPUT(node, tensor);
}

static basin_status infer(basin_node *node)
{
    basin_status     st = BASIN_OK;
    basin_slot      *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    attention_facts *facts = NULL;
    size_t           matrices = 0, all = 0;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    BASIN_TRY(infer_shapes(node, facts));
    BASIN_TRY(infer_mask(node, facts));
    double scale = basin_node_spec_float(node->spec, "scale", 1.0 / sqrt((double)facts->d));
    if (!isfinite(scale)) return basin_node_fail(node, BASIN_ERR_FORMAT, "scale = %g", scale);
    if (head_size(facts, KEY) == 0 || head_size(facts, OUTPUT) == 0) return misfit(node);
    facts->scale = (real)scale;
    facts->causal = basin_node_spec_int(node->spec, "is_causal", 0) != 0;
    facts->scored = q->degree > 0 || k->degree > 0 || (mask_of(node) != NULL && mask_of(node)->degree > 0);
    facts->rows = block_rows(facts);
    if (!basin_shape_size((size_t[]){4, facts->rows, facts->s, BASIN_LANES}, 4, &matrices) ||
        !basin_shape_size((size_t[]){facts->heads, facts->t, facts->s, y->batched ? 1 : BASIN_LANES}, 4, &all))
        return misfit(node);
    node->work_width = all;
    node->temp_size = matrices;
    for (size_t i = 0; i < TENSORS; i++)
        if (!tensor_slot(node, i)->batched) node->temp_size += ROOMS * head_size(facts, i) * BASIN_LANES;
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

/* --------------------------------------------------------------------------------- one head of a group of samples -- */

typedef enum room { VALUES, TANGENTS, ADJOINTS } room; /* in scratch, for tensors that the samples share */

typedef struct head {
    const basin_node      *node;
    const attention_facts *facts;
    size_t                 group, h;
    real                  *p;             /* [T, S], or of one block */
    real                  *rooms[TENSORS]; /* [ROOMS, its size] */
    real                  *c, *a_s, *p_dot, *g; /* [rows, S] of a block */
} head;

typedef struct query_block {
    size_t first, rows, seen; /* keys that any of them sees */
    real  *p;
} query_block;

/* Head `number` of all groups of samples. */
static head open_head(const basin_node *node, size_t number)
{
    const attention_facts *facts = node->facts;
    const size_t           n = facts->rows * facts->s * BASIN_LANES;
    head                   to = {.node = node, .facts = facts, .group = number / facts->heads, .h = number % facts->heads};
    real                  *at = node->temp;

    to.p = node->work + number * facts->t * facts->s * BASIN_LANES;
    to.c = at, to.a_s = at + n, to.p_dot = at + 2 * n, to.g = at + 3 * n;
    at += 4 * n;
    for (size_t i = 0; i < TENSORS; i++)
        if (!tensor_slot(node, i)->batched) to.rooms[i] = at, at += ROOMS * head_size(facts, i) * BASIN_LANES;
    return to;
}

static query_block block_at(const head *of, size_t first)
{
    const attention_facts *facts = of->facts;
    const size_t           end = facts->t - first < facts->rows ? facts->t : first + facts->rows;

    return (query_block){first, end - first, facts->causal && end < facts->s ? end : facts->s, of->p + first * facts->s * BASIN_LANES};
}

/* Where this head of a tensor lies for vector j of k: in lanes, or among the numbers that the samples share. */
static real *place(const head *of, size_t tensor, real *role, size_t j, size_t k)
{
    const basin_slot *slot = tensor_slot(of->node, tensor);
    const size_t      at = of->h * head_size(of->facts, tensor);

    return slot->batched ? role + ((of->group * k + j) * slot->width + at) * BASIN_LANES : role + j * slot->width + at;
}

static real *in_room(const head *of, size_t tensor, room which)
{
    return of->rooms[tensor] + which * head_size(of->facts, tensor) * BASIN_LANES;
}

/* The head in lanes, to be read. */
static const real *read_head(const head *of, size_t tensor, real *role, size_t j, size_t k, room which)
{
    const real  *from = place(of, tensor, role, j, k);
    const size_t lanes = tensor == OUTPUT ? 1 : BASIN_LANES; /* of what is shared; only adjoints of the output are read */

    if (tensor_slot(of->node, tensor)->batched) return from;
    real *to = in_room(of, tensor, which);
    for (size_t l = 0; l < head_size(of->facts, tensor); l++)
        for (size_t i = 0; i < BASIN_LANES; i++) to[l * BASIN_LANES + i] = i < lanes ? from[l] : 0;
    return to;
}

/* The head in lanes, to be written: whole, or added to where it holds an adjoint. */
static real *write_head(const head *of, size_t tensor, real *role, size_t j, size_t k, room which)
{
    const bool shared = !tensor_slot(of->node, tensor)->batched;
    real      *to = shared ? in_room(of, tensor, which) : place(of, tensor, role, j, k);

    if (which == ADJOINTS && (shared || !of->node->accumulate[tensor])) memset(to, 0, head_size(of->facts, tensor) * BASIN_LANES * sizeof *to);
    return to;
}

/* Hands on what was written for all samples: an output's first lane, an adjoint's sum over the lanes. */
static void close_head(const head *of, size_t tensor, real *role, size_t j, room which)
{
    if (tensor_slot(of->node, tensor)->batched) return;
    const real *from = in_room(of, tensor, which);
    real       *to = place(of, tensor, role, j, 0);
    for (size_t l = 0; l < head_size(of->facts, tensor); l++, from += BASIN_LANES) {
        real sum = 0;
        for (size_t i = 0; i < BASIN_LANES; i++) sum += from[i];
        to[l] = tensor == OUTPUT ? from[0] : to[l] + sum;
    }
}

/* -------------------------------------------------------------------------------------------------- a block -- */

/* Rows of n elements from row `first` on; and the transpose. */
static basin_matrix straight(const real *at, size_t first, size_t n)
{
    return (basin_matrix){at + first * n * BASIN_LANES, n, 1};
}

static basin_matrix turned(const real *at, size_t first, size_t n)
{
    return (basin_matrix){at + first * n * BASIN_LANES, 1, n};
}

typedef struct sum { /* of products */
    basin_term term[BASIN_TERMS];
    size_t     count;
} sum;

static void join(sum *to, basin_matrix a, basin_matrix b)
{
    to->term[to->count++] = (basin_term){a, b};
}

/* out [rows, S] = alpha · sum, of depth n. */
static void set_scores(const head *of, const query_block *b, real alpha, const sum *from, size_t n, real *out)
{
    if (from->count == 0)
        memset(out, 0, b->rows * of->facts->s * BASIN_LANES * sizeof *out);
    else
        basin_multiply(b->rows, b->seen, n, alpha, from->term, from->count, false, out, of->facts->s);
}

/* out [T, n] (+)= alpha · sum in the block's rows, of the keys that they see. */
static void gather(const query_block *b, real alpha, const sum *from, size_t n, bool add, real *out)
{
    basin_multiply(b->rows, n, b->seen, alpha, from->term, from->count, add, out + b->first * n * BASIN_LANES, n);
}

/* out [S, n] += alpha · sum over the block's rows. */
static void scatter(const query_block *b, real alpha, const sum *from, size_t n, real *out)
{
    basin_multiply(b->seen, n, b->rows, alpha, from->term, from->count, true, out, n);
}

/* Σ x∘y over n elements, at one part of the lanes; four sums, since one would wait for itself. */
INLINE vector product_sum(const real *x, const real *y, size_t n)
{
    vector sums[4] = {{0}};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++) sums[l] += vector_load(x + (i + l) * BASIN_LANES) * vector_load(y + (i + l) * BASIN_LANES);
    for (; i < n; i++) sums[0] += vector_load(x + i * BASIN_LANES) * vector_load(y + i * BASIN_LANES);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* x = exp(x - max) / Σ exp(x - max) over n elements, lane by lane; all of -inf, or a NaN, make NaN. */
static void softmax(real *x, size_t n)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        real  *from = x + part;
        vector top = vector_load(from), total = {0};
        for (size_t i = BASIN_LANES; i < n * BASIN_LANES; i += BASIN_LANES) {
            const vector value = vector_load(from + i);
            top = vector_choose(value > top, value, top);
        }
        for (size_t i = 0; i < n * BASIN_LANES; i += BASIN_LANES) {
            const vector value = vector_exp(vector_load(from + i) - top);
            total += value;
            vector_store(from + i, value);
        }
        total = 1 / total;
        for (size_t i = 0; i < n * BASIN_LANES; i += BASIN_LANES) vector_store(from + i, vector_load(from + i) * total);
    }
}

/* x [rows, S] += mask [T, S], which all samples share. */
static void add_mask(const head *of, const query_block *b, const real *mask, real *x)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t j = 0; j < b->seen; j++)
            for (size_t l = 0; l < BASIN_LANES; l++) x[(i * of->facts->s + j) * BASIN_LANES + l] += mask[(b->first + i) * of->facts->s + j];
}

/* mask [T, S] += the sums of x [rows, S] over the lanes. */
static void collect_mask(const head *of, const query_block *b, const real *x, real *mask)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t j = 0; j < b->seen; j++) {
            real total = 0;
            for (size_t l = 0; l < BASIN_LANES; l++) total += x[(i * of->facts->s + j) * BASIN_LANES + l];
            mask[(b->first + i) * of->facts->s + j] += total;
        }
}

/* P of the block. */
static void probabilities(const head *of, const query_block *b, const real *q, const real *k)
{
    const attention_facts *facts = of->facts;
    const basin_slot      *mask = mask_of(of->node);
    sum                    s = {.count = 0};

    join(&s, straight(q, b->first, facts->d), turned(k, 0, facts->d));
    set_scores(of, b, facts->scale, &s, facts->d, b->p);
    if (mask != NULL) add_mask(of, b, mask->v + of->h * facts->mask_step, b->p);
    for (size_t i = 0; i < b->rows; i++) {
        real  *row = b->p + i * facts->s * BASIN_LANES;
        size_t seen = facts->causal && b->first + i + 1 < b->seen ? b->first + i + 1 : b->seen;
        softmax(row, seen);
        memset(row + seen * BASIN_LANES, 0, (b->seen - seen) * BASIN_LANES * sizeof *row);
    }
}

/* x -= r(P∘x), and then x = P∘x if `weigh`. */
static void centre(const head *of, const query_block *b, real *x, bool weigh)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const real  *p = b->p + i * of->facts->s * BASIN_LANES + part;
            real        *row = x + i * of->facts->s * BASIN_LANES + part;
            const vector mean = product_sum(p, row, b->seen);
            for (size_t j = 0; j < b->seen * BASIN_LANES; j += BASIN_LANES) {
                vector value = vector_load(row + j) - mean;
                if (weigh) value *= vector_load(p + j);
                vector_store(row + j, value);
            }
        }
}

/* g = Ṗ∘C + P∘(g - r(Ṗ∘C + P∘g)). */
static void curve(const head *of, const query_block *b, const real *p_dot, const real *c, real *g)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const size_t at = i * of->facts->s * BASIN_LANES + part;
            const vector mean = product_sum(p_dot + at, c + at, b->seen) + product_sum(b->p + at, g + at, b->seen);
            for (size_t j = at; j < at + b->seen * BASIN_LANES; j += BASIN_LANES) {
                const vector moved = vector_load(p_dot + j) * vector_load(c + j);
                vector_store(g + j, moved + vector_load(b->p + j) * (vector_load(g + j) - mean));
            }
        }
}

/* a_S = P∘C. */
static void weigh_scores(const head *of, const query_block *b, const real *c, real *a_s)
{
    for (size_t i = 0; i < b->rows; i++) {
        const size_t at = i * of->facts->s * BASIN_LANES;
        for (size_t j = at; j < at + b->seen * BASIN_LANES; j += VECTOR) vector_store(a_s + j, vector_load(b->p + j) * vector_load(c + j));
    }
}

/* ------------------------------------------------------------------------------------------- the four functions -- */

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    const attention_facts *facts = node->facts;
    basin_slot            *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);

    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const head  of = open_head(node, number);
        const real *queries = read_head(&of, QUERY, q->v, 0, 1, VALUES), *keys = read_head(&of, KEY, k->v, 0, 1, VALUES);
        const real *values = read_head(&of, VALUE, v->v, 0, 1, VALUES);
        real       *to = write_head(&of, OUTPUT, y->v, 0, 1, VALUES);
        for (size_t first = 0; first < facts->t; first += facts->rows) {
            query_block block = block_at(&of, first);
            sum   s = {.count = 0};
            if (mode == BASIN_MODE_LOSS) block.p = of.c;
            probabilities(&of, &block, queries, keys);
            join(&s, straight(block.p, 0, facts->s), straight(values, 0, facts->e));
            gather(&block, 1, &s, facts->e, false, to);
        }
        close_head(&of, OUTPUT, y->v, 0, VALUES);
    }
}

/* a_q, a_k, a_v of a head, of those that depend on theta, or their tangents. */
typedef struct adjoints {
    real *q, *k, *v;
} adjoints;

static adjoints open_adjoints(const head *of, bool dotted, size_t j, size_t vectors)
{
    real *to[MASK] = {NULL};

    for (size_t i = 0; i < MASK; i++) {
        const basin_slot *x = NODE_INPUT(of->node, i);
        if (x->degree > 0) to[i] = write_head(of, i, dotted ? x->ad : x->a, j, vectors, ADJOINTS);
    }
    return (adjoints){to[QUERY], to[KEY], to[VALUE]};
}

static void close_adjoints(const head *of, bool dotted, size_t j)
{
    for (size_t i = 0; i < MASK; i++) {
        const basin_slot *x = NODE_INPUT(of->node, i);
        if (x->degree > 0) close_head(of, i, dotted ? x->ad : x->a, j, ADJOINTS);
    }
}

/* C and a_S of a block. */
static void score_adjoints(const head *of, const query_block *b, const real *a, const real *v)
{
    sum s = {.count = 0};

    join(&s, straight(a, b->first, of->facts->e), turned(v, 0, of->facts->e));
    set_scores(of, b, 1, &s, of->facts->e, of->c);
    centre(of, b, of->c, false);
    weigh_scores(of, b, of->c, of->a_s);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    const attention_facts *facts = node->facts;
    basin_slot            *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const basin_slot      *mask = mask_of(node);

    (void)mode;
    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const head     of = open_head(node, number);
        const real    *queries = read_head(&of, QUERY, q->v, 0, 1, VALUES), *keys = read_head(&of, KEY, k->v, 0, 1, VALUES);
        const real    *values = read_head(&of, VALUE, v->v, 0, 1, VALUES), *a = read_head(&of, OUTPUT, y->a, 0, 1, VALUES);
        const adjoints to = open_adjoints(&of, false, 0, 1);
        for (size_t first = 0; first < facts->t; first += facts->rows) {
            const query_block block = block_at(&of, first);
            sum         to_q = {.count = 0}, to_k = {.count = 0}, to_v = {.count = 0};
            if (facts->scored) score_adjoints(&of, &block, a, values);
            join(&to_q, straight(of.a_s, 0, facts->s), straight(keys, 0, facts->d));
            join(&to_k, turned(of.a_s, 0, facts->s), straight(queries, first, facts->d));
            join(&to_v, turned(block.p, 0, facts->s), straight(a, first, facts->e));
            if (to.q != NULL) gather(&block, facts->scale, &to_q, facts->d, true, to.q);
            if (to.k != NULL) scatter(&block, facts->scale, &to_k, facts->d, to.k);
            if (to.v != NULL) scatter(&block, 1, &to_v, facts->e, to.v);
            if (mask != NULL && mask->degree > 0) collect_mask(&of, &block, of.a_s, mask->a + of.h * facts->mask_step);
        }
        close_adjoints(&of, false, 0);
    }
}

/* What a head reads along a vector of the block: NULL where nothing depends on theta. */
typedef struct tangents {
    const real *q, *k, *v, *mask;
} tangents;

static tangents open_tangents(const head *of, size_t j, size_t vectors)
{
    const basin_slot *mask = mask_of(of->node);
    const real       *from[MASK] = {NULL};

    for (size_t i = 0; i < MASK; i++) {
        const basin_slot *x = NODE_INPUT(of->node, i);
        if (x->degree > 0) from[i] = read_head(of, i, x->d, j, vectors, TANGENTS);
    }
    return (tangents){from[QUERY], from[KEY], from[VALUE],
                      mask != NULL && mask->degree > 0 ? mask->d + j * mask->width + of->h * of->facts->mask_step : NULL};
}

/* Ṗ of a block in p_dot. */
static void probabilities_dot(const head *of, const query_block *b, const real *q, const real *k, const tangents *dot)
{
    const size_t d = of->facts->d;
    sum          s = {.count = 0};

    if (dot->q != NULL) join(&s, straight(dot->q, b->first, d), turned(k, 0, d));
    if (dot->k != NULL) join(&s, straight(q, b->first, d), turned(dot->k, 0, d));
    set_scores(of, b, of->facts->scale, &s, d, of->p_dot);
    if (dot->mask != NULL) add_mask(of, b, dot->mask, of->p_dot);
    centre(of, b, of->p_dot, true);
}

static void forward_dot(basin_node *node, size_t b, size_t vectors)
{
    const attention_facts *facts = node->facts;
    basin_slot            *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);

    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const head  of = open_head(node, number);
        const real *queries = read_head(&of, QUERY, q->v, 0, 1, VALUES), *keys = read_head(&of, KEY, k->v, 0, 1, VALUES);
        const real *values = read_head(&of, VALUE, v->v, 0, 1, VALUES);
        for (size_t j = 0; j < vectors; j++) {
            const tangents dot = open_tangents(&of, j, vectors);
            real          *to = write_head(&of, OUTPUT, y->d, j, vectors, TANGENTS);
            for (size_t first = 0; first < facts->t; first += facts->rows) {
                const query_block block = block_at(&of, first);
                sum         s = {.count = 0};
                if (facts->scored) {
                    probabilities_dot(&of, &block, queries, keys, &dot);
                    join(&s, straight(of.p_dot, 0, facts->s), straight(values, 0, facts->e));
                }
                if (dot.v != NULL) join(&s, straight(block.p, 0, facts->s), straight(dot.v, 0, facts->e));
                gather(&block, 1, &s, facts->e, false, to);
            }
            close_head(&of, OUTPUT, y->d, j, TANGENTS);
        }
    }
}

/* What backward_dot reads of a head. */
typedef struct reading {
    const real *q, *k, *v, *a, *a_dot;
    tangents    dot;
} reading;

/* ȧ_S of a block in g; Ṗ in p_dot, C and a_S beside. */
static void score_tangents(const head *of, const query_block *b, const reading *from, bool adjoints_too)
{
    const size_t e = of->facts->e;
    sum          s = {.count = 0};

    if (adjoints_too) score_adjoints(of, b, from->a, from->v);
    probabilities_dot(of, b, from->q, from->k, &from->dot);
    join(&s, straight(from->a_dot, b->first, e), turned(from->v, 0, e));
    if (from->dot.v != NULL) join(&s, straight(from->a, b->first, e), turned(from->dot.v, 0, e));
    set_scores(of, b, 1, &s, e, of->g);
    curve(of, b, of->p_dot, of->c, of->g);
}

static void block_backward_dot(const head *of, const query_block *b, const reading *from, const adjoints *to)
{
    const attention_facts *facts = of->facts;
    const size_t           s = facts->s, d = facts->d, e = facts->e, first = b->first;
    sum                    to_q = {.count = 0}, to_k = {.count = 0}, to_v = {.count = 0};

    join(&to_q, straight(of->g, 0, s), straight(from->k, 0, d));
    if (from->dot.k != NULL) join(&to_q, straight(of->a_s, 0, s), straight(from->dot.k, 0, d));
    join(&to_k, turned(of->g, 0, s), straight(from->q, first, d));
    if (from->dot.q != NULL) join(&to_k, turned(of->a_s, 0, s), straight(from->dot.q, first, d));
    join(&to_v, turned(b->p, 0, s), straight(from->a_dot, first, e));
    if (facts->scored) join(&to_v, turned(of->p_dot, 0, s), straight(from->a, first, e));
    if (to->q != NULL) gather(b, facts->scale, &to_q, d, true, to->q);
    if (to->k != NULL) scatter(b, facts->scale, &to_k, d, to->k);
    if (to->v != NULL) scatter(b, 1, &to_v, e, to->v);
}

static void backward_dot(basin_node *node, size_t b, size_t vectors)
{
    const attention_facts *facts = node->facts;
    basin_slot            *q = NODE_INPUT(node, QUERY), *k = NODE_INPUT(node, KEY), *v = NODE_INPUT(node, VALUE), *y = NODE_OUTPUT(node);
    const basin_slot      *mask = mask_of(node);

    for (size_t number = 0; number < slot_rows(y, b) * facts->heads; number++) {
        const head of = open_head(node, number);
        reading    from = {.q = read_head(&of, QUERY, q->v, 0, 1, VALUES), .k = read_head(&of, KEY, k->v, 0, 1, VALUES)};
        from.v = read_head(&of, VALUE, v->v, 0, 1, VALUES);
        if (facts->scored) from.a = read_head(&of, OUTPUT, y->a, 0, 1, VALUES);
        for (size_t j = 0; j < vectors; j++) {
            const adjoints to = open_adjoints(&of, true, j, vectors);
            from.a_dot = read_head(&of, OUTPUT, y->ad, j, vectors, TANGENTS);
            from.dot = open_tangents(&of, j, vectors);
            for (size_t first = 0; first < facts->t; first += facts->rows) {
                const query_block block = block_at(&of, first);
                if (facts->scored) score_tangents(&of, &block, &from, j == 0 || facts->rows < facts->t); /* one block: C and a_S are still there */
                block_backward_dot(&of, &block, &from, &to);
                if (mask != NULL && mask->degree > 0) collect_mask(&of, &block, of.g, mask->ad + j * mask->width + of.h * facts->mask_step);
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
