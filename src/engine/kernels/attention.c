/* Attention's kernel: softmax and the other steps of ops/attention.c over a block of queries. */
#include "engine/kernels/attention.h"

#include <string.h>

#include "engine/kernels/vector_math.h"

/* ---------------------------------------------------------------------- one head of a group of samples -- */

/* Head `number` of all groups of samples. */
basin_head basin_head_open(const basin_node *node, size_t number)
{
    const basin_heads *facts = node->facts;
    const size_t       n = facts->rows * facts->s * BASIN_LANES;
    basin_head         to = {
                .node = node, .facts = facts, .group = number / facts->heads, .h = number % facts->heads};
    real *at = node->temp;

    if (node->work != NULL) to.p = node->work + number * facts->t * facts->s * BASIN_LANES;
    to.c = at, to.a_s = at + n, to.p_dot = at + 2 * n, to.g = at + 3 * n;
    at += 4 * n;
    for (size_t i = 0; i < TENSORS; i++)
        if (!basin_head_slot(node, i)->batched)
            to.rooms[i] = at, at += ROOMS * basin_head_size(facts, i) * BASIN_LANES;
    return to;
}

basin_queries basin_head_queries(const basin_head *of, size_t first)
{
    const basin_heads *facts = of->facts;
    const size_t       end = facts->t - first < facts->rows ? facts->t : first + facts->rows;

    return (basin_queries){first, end - first, facts->causal && end < facts->s ? end : facts->s,
                           of->p != NULL ? of->p + first * facts->s * BASIN_LANES : of->c};
}

/* Where this head of a tensor lies for vector j of k: in lanes, or among the numbers that the samples
   share. */
static real *place(const basin_head *of, size_t tensor, real *role, size_t j, size_t k)
{
    const basin_slot *slot = basin_head_slot(of->node, tensor);
    const size_t      at = of->h * basin_head_size(of->facts, tensor);

    return slot->batched ? role + ((of->group * k + j) * slot->width + at) * BASIN_LANES
                         : role + j * slot->width + at;
}

static real *in_room(const basin_head *of, size_t tensor, basin_room which)
{
    return of->rooms[tensor] + which * basin_head_size(of->facts, tensor) * BASIN_LANES;
}

/* The head in lanes, to be read. */
const real *basin_head_read(const basin_head *of, size_t tensor, real *role, size_t j, size_t k,
                            basin_room which)
{
    const real *from = place(of, tensor, role, j, k);
    /* of what is shared; only adjoints of the output are read */
    const size_t lanes = tensor == OUTPUT ? 1 : BASIN_LANES;

    if (basin_head_slot(of->node, tensor)->batched) return from;
    real *to = in_room(of, tensor, which);
    for (size_t l = 0; l < basin_head_size(of->facts, tensor); l++)
        for (size_t i = 0; i < BASIN_LANES; i++) to[l * BASIN_LANES + i] = i < lanes ? from[l] : 0;
    return to;
}

/* The head in lanes, to be written: whole, or added to where it holds an adjoint. */
real *basin_head_write(const basin_head *of, size_t tensor, real *role, size_t j, size_t k, basin_room which)
{
    const bool shared = !basin_head_slot(of->node, tensor)->batched;
    real      *to = shared ? in_room(of, tensor, which) : place(of, tensor, role, j, k);

    if (which == ADJOINTS && (shared || !of->node->accumulate[tensor]))
        memset(to, 0, basin_head_size(of->facts, tensor) * BASIN_LANES * sizeof *to);
    return to;
}

/* Hands on what was written for all samples: an output's first lane, an adjoint's sum over the lanes. */
void basin_head_close(const basin_head *of, size_t tensor, real *role, size_t j, basin_room which)
{
    if (basin_head_slot(of->node, tensor)->batched) return;
    const real *from = in_room(of, tensor, which);
    real       *to = place(of, tensor, role, j, 0);
    for (size_t l = 0; l < basin_head_size(of->facts, tensor); l++, from += BASIN_LANES) {
        real sum = 0;
        for (size_t i = 0; i < BASIN_LANES; i++) sum += from[i];
        to[l] = tensor == OUTPUT ? from[0] : to[l] + sum;
    }
}

/* --------------------------------------------------------------------------------------------- a block -- */

/* out [rows, S] = alpha · sum, of depth n. */
void basin_head_scores(const basin_head *of, const basin_queries *b, real alpha, const basin_sum *from,
                       size_t n, real *out)
{
    if (from->count == 0)
        memset(out, 0, b->rows * of->facts->s * BASIN_LANES * sizeof *out);
    else
        basin_multiply(b->rows, b->seen, n, alpha, from->term, from->count, false, out, of->facts->s);
}

/* out [T, n] (+)= alpha · sum in the block's rows, of the keys that they see. */
void basin_head_gather(const basin_queries *b, real alpha, const basin_sum *from, size_t n, bool add,
                       real *out)
{
    basin_multiply(b->rows, n, b->seen, alpha, from->term, from->count, add, out + b->first * n * BASIN_LANES,
                   n);
}

/* out [S, n] += alpha · sum over the block's rows. */
void basin_head_scatter(const basin_queries *b, real alpha, const basin_sum *from, size_t n, real *out)
{
    basin_multiply(b->seen, n, b->rows, alpha, from->term, from->count, true, out, n);
}

/* Σ x∘y over n elements, at one part of the lanes; four sums, since one would wait for itself. */
INLINE vector product_sum(const real *x, const real *y, size_t n)
{
    vector sums[4] = {{0}};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++)
            sums[l] += vector_load(x + (i + l) * BASIN_LANES) * vector_load(y + (i + l) * BASIN_LANES);
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
        for (size_t i = 0; i < n * BASIN_LANES; i += BASIN_LANES)
            vector_store(from + i, vector_load(from + i) * total);
    }
}

/* x [rows, S] += mask [T, S], which all samples share. */
void basin_head_add_mask(const basin_head *of, const basin_queries *b, const real *mask, real *x)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t j = 0; j < b->seen; j++)
            for (size_t l = 0; l < BASIN_LANES; l++)
                x[(i * of->facts->s + j) * BASIN_LANES + l] += mask[(b->first + i) * of->facts->s + j];
}

/* mask [T, S] += the sums of x [rows, S] over the lanes. */
void basin_head_collect_mask(const basin_head *of, const basin_queries *b, const real *x, real *mask)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t j = 0; j < b->seen; j++) {
            real total = 0;
            for (size_t l = 0; l < BASIN_LANES; l++) total += x[(i * of->facts->s + j) * BASIN_LANES + l];
            mask[(b->first + i) * of->facts->s + j] += total;
        }
}

/* P of the block. */
void basin_head_probabilities(const basin_head *of, const basin_queries *b, const real *q, const real *k)
{
    const basin_heads *facts = of->facts;
    const basin_slot  *mask = basin_head_mask(of->node);
    basin_sum          s = {.count = 0};

    join(&s, straight(q, b->first, facts->d), turned(k, 0, facts->d));
    basin_head_scores(of, b, facts->scale, &s, facts->d, b->p);
    if (mask != NULL) basin_head_add_mask(of, b, mask->v + of->h * facts->mask_step, b->p);
    for (size_t i = 0; i < b->rows; i++) {
        real  *row = b->p + i * facts->s * BASIN_LANES;
        size_t seen = facts->causal && b->first + i + 1 < b->seen ? b->first + i + 1 : b->seen;
        softmax(row, seen);
        memset(row + seen * BASIN_LANES, 0, (b->seen - seen) * BASIN_LANES * sizeof *row);
    }
}

/* x -= r(P∘x), and then x = P∘x if `weigh`. */
void basin_head_centre(const basin_head *of, const basin_queries *b, real *x, bool weigh)
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
void basin_head_curve(const basin_head *of, const basin_queries *b, const real *p_dot, const real *c, real *g)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const size_t at = i * of->facts->s * BASIN_LANES + part;
            const vector mean =
                product_sum(p_dot + at, c + at, b->seen) + product_sum(b->p + at, g + at, b->seen);
            for (size_t j = at; j < at + b->seen * BASIN_LANES; j += BASIN_LANES) {
                const vector moved = vector_load(p_dot + j) * vector_load(c + j);
                vector_store(g + j, moved + vector_load(b->p + j) * (vector_load(g + j) - mean));
            }
        }
}

/* a_S = P∘C. */
void basin_head_weigh(const basin_head *of, const basin_queries *b, const real *c, real *a_s)
{
    for (size_t i = 0; i < b->rows; i++) {
        const size_t at = i * of->facts->s * BASIN_LANES;
        for (size_t j = at; j < at + b->seen * BASIN_LANES; j += VECTOR)
            vector_store(a_s + j, vector_load(b->p + j) * vector_load(c + j));
    }
}
