/* Which matrices of a network enter only as G Hᵀ: attention multiplies queries by keys, and an output
 * projection multiplies what is made of the values.
 *
 *     queries, keys    scores of a head  (x W_Q + b_Q)(z W_K + b_K)ᵀ    G = [W_Q; b_Q], H = [W_K; b_K]
 *     values, output   P (x W_V + b_V) W_O                              G = [W_V; b_V], H = W_Oᵀ
 *
 * so that (G A⁻¹, H Aᵀ) is the same function for every regular A. This is read off the compiled graph:
 *
 *   1. Elements of the output of each dense layer are labelled by column and by position. Ops between it and
 *      an attention that only move elements (basin_op.moves) move the labels, by their own forward.
 *   2. A head's queries are of whole columns if the label of element (t, d) is the same column for every t
 *      and the same position for every d; keys and values likewise. An attention that stays written out is a
 *      MatMul of two such matrices, and one of anything with a third.
 *   3. What an attention makes of its values is labelled by these, and must be read by one dense layer, every
 *      input of which is one of them, whatever the position.
 *   4. A column has one reader. What two pairs claim, or an op that does more than move reads, has none: a
 *      rotation of queries and keys, their normalisation, keys that several heads share, weights that are
 *      used twice. Heads that agree in both sides, as those of several windows do, are one pair.
 */
#include "engine/plan/pairs.h"

#include <stdio.h>
#include <string.h>

#include "core/graph.h"
#include "core/memory.h"
#include "engine/kernels/attention.h"

#define FOREIGN (SIZE_MAX - 1) /* owner of a column that something else reads */

typedef enum label { COLUMN, POSITION, LABELS } label;

typedef struct marks { /* of a slot: where each of its elements comes from */
    size_t source;     /* the node that made them; BASIN_NONE: nothing is known */
    real  *of[LABELS]; /* [width, lanes] */
} marks;

typedef struct side {
    size_t  node;   /* the dense layer */
    size_t *column; /* [D] of its outputs; of an output projection, of its inputs */
} side;

typedef struct candidate {
    size_t attention, head, width; /* the node that multiplies; which of its products */
    bool   values;                 /* values and output; else queries and keys */
    bool   excluded;               /* no pair: something else reads a side */
    side   sides[2];
} candidate;

typedef struct search {
    const basin_plan *plan;
    basin_slot       *slots;  /* a copy, for the labels */
    marks            *marks;  /* [slot_count] */
    size_t          **owners; /* [node_count] of a dense layer: [out] which candidate claims the column */
    candidate        *found;
    size_t            count, room;
} search;

/* ---------------------------------------------------------------------------------------------- labels -- */

static bool is_dense(const basin_node *node)
{
    return node->op == &REAL(basin_op_Gemm);
}

static size_t last_axis(const basin_slot *slot)
{
    return slot->shape[slot->rank - 1];
}

static basin_status room_for_marks(search *s, size_t slot, size_t source)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = &s->plan->slots[slot];
    marks            *m = &s->marks[slot];

    for (size_t l = 0; l < LABELS; l++) BASIN_ALLOC(m->of[l], slot_stride(x), "labels");
    m->source = source;
done:
    return st;
}

/* Every element of a slot [positions, columns] by its place. */
static basin_status mark_columns(search *s, size_t slot, size_t source)
{
    basin_status      st = BASIN_OK;
    const basin_slot *x = &s->plan->slots[slot];
    const size_t      columns = last_axis(x);

    BASIN_TRY(room_for_marks(s, slot, source));
    for (size_t e = 0; e < x->width; e++)
        for (size_t l = 0; l < x->lanes; l++) {
            s->marks[slot].of[COLUMN][e * x->lanes + l] = (real)(e % columns);
            s->marks[slot].of[POSITION][e * x->lanes + l] = (real)(e / columns);
        }
done:
    return st;
}

/* Does it only move elements of its first input, by what is constant? */
static bool only_moves(const search *s, const basin_node *node)
{
    bool moves = node->op->moves;

    for (size_t i = 1; moves && i < node->input_count; i++)
        moves = !node_has(node, i) || s->plan->slots[node->input[i]].buffer != BASIN_NONE;
    return moves;
}

static basin_status move_marks(search *s, const basin_node *node)
{
    basin_status st = BASIN_OK;
    basin_node   copy = *node;
    const marks *from = &s->marks[node->input[0]];

    BASIN_TRY(room_for_marks(s, node->output, from->source));
    copy.slots = s->slots;
    for (size_t l = 0; l < LABELS; l++) {
        NODE_INPUT(&copy, 0)->v = from->of[l];
        NODE_OUTPUT(&copy)->v = s->marks[node->output].of[l];
        node->op->forward(&copy, 1, BASIN_MODE_LOSS);
    }
done:
    return st;
}

static size_t label_at(const search *s, size_t slot, label kind, size_t element)
{
    return (size_t)s->marks[slot].of[kind][element * s->plan->slots[slot].lanes];
}

/* ------------------------------------------------------------------------------------- who claims what -- */

static void exclude(search *s, size_t owner)
{
    if (owner < FOREIGN) s->found[owner].excluded = true;
}

/* Column `column` of the dense layer `node` is read by candidate `by`, or by something else. */
static void claim(search *s, size_t node, size_t column, size_t by)
{
    size_t *owner = &s->owners[node][column];

    if (*owner != BASIN_NONE || by == FOREIGN) {
        exclude(s, *owner);
        exclude(s, by);
        by = FOREIGN;
    }
    *owner = by;
}

/* Something that is neither attention nor a move reads the slot. */
static void read_otherwise(search *s, size_t slot)
{
    const basin_slot *x = &s->plan->slots[slot];
    const size_t      source = s->marks[slot].source;

    for (size_t e = 0; e < x->width; e++) {
        const size_t column = label_at(s, slot, COLUMN, e);
        if (is_dense(&s->plan->nodes[source]))
            claim(s, source, column, FOREIGN);
        else
            exclude(s, column / last_axis(NODE_OUTPUT(&s->plan->nodes[source])));
    }
}

static basin_status add_candidate(search *s, const candidate *c, size_t *number)
{
    basin_status st = BASIN_OK;
    candidate   *more;

    if (s->count == s->room) {
        const size_t room = 2 * s->room + 16;
        BASIN_CHECK((more = basin_grow(s->found, s->count, room, sizeof *more)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for %zu pairs", room);
        s->found = more, s->room = room;
    }
    *number = s->count;
    s->found[s->count] = *c;
    for (size_t i = 0; i < 2; i++) s->found[s->count].sides[i] = (side){.node = BASIN_NONE};
    s->count++;
    for (size_t i = 0; i < 2; i++)
        BASIN_ALLOC(s->found[*number].sides[i].column, c->width, "columns of a pair");
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- products -- */

/* A head's matrix within a slot: [rows, width], or its transpose. */
typedef struct head_matrix {
    size_t slot, rows;
    bool   turned;
} head_matrix;

static size_t element_of(const head_matrix *m, size_t width, size_t head, size_t r, size_t d)
{
    return head * m->rows * width + (m->turned ? d * m->rows + r : r * width + d);
}

static bool is_of_dense(const search *s, size_t slot)
{
    const size_t source = s->marks[slot].source;

    return s->plan->slots[slot].batched && source != BASIN_NONE && is_dense(&s->plan->nodes[source]);
}

/* The columns [width] of a head's matrix; false where they are no whole columns of a dense layer. */
static bool head_columns(const search *s, const head_matrix *m, size_t head, size_t width, side *out)
{
    if (!is_of_dense(s, m->slot)) return false;
    out->node = s->marks[m->slot].source;
    for (size_t d = 0; d < width; d++)
        out->column[d] = label_at(s, m->slot, COLUMN, element_of(m, width, head, 0, d));
    for (size_t r = 0; r < m->rows; r++)
        for (size_t d = 0; d < width; d++) {
            const size_t e = element_of(m, width, head, r, d), first = element_of(m, width, head, r, 0);
            if (label_at(s, m->slot, COLUMN, e) != out->column[d]) return false;
            if (label_at(s, m->slot, POSITION, e) != label_at(s, m->slot, POSITION, first)) return false;
        }
    return true;
}

static bool same_side(const side *a, const side *b, size_t width)
{
    return a->node == b->node && memcmp(a->column, b->column, width * sizeof *a->column) == 0;
}

/* The candidate of this product with the same columns as the last one, which then goes. */
static size_t merge_last(search *s)
{
    const size_t     last = s->count - 1, sides = s->found[last].values ? 1 : 2;
    const candidate *c = &s->found[last];

    for (size_t i = 0; i < last; i++) {
        candidate *other = &s->found[i];
        bool       same = other->attention == c->attention && other->values == c->values;
        for (size_t l = 0; same && l < sides; l++) same = same_side(&other->sides[l], &c->sides[l], c->width);
        if (!same) continue;
        for (size_t l = 0; l < 2; l++) basin_free(c->sides[l].column);
        s->count--;
        return i;
    }
    return last;
}

/* One product of a head, `count` matrices of which are its sides. */
static basin_status head_pair(search *s, const candidate *like, const head_matrix *m, size_t count,
                              size_t *number)
{
    basin_status st = BASIN_OK;
    bool         whole = true;

    BASIN_TRY(add_candidate(s, like, number));
    for (size_t i = 0; i < count; i++)
        whole = head_columns(s, &m[i], like->head, like->width, &s->found[*number].sides[i]) && whole;
    s->found[*number].excluded = !whole;
    if (!whole) {
        for (size_t i = 0; i < count; i++)
            if (s->marks[m[i].slot].source != BASIN_NONE) read_otherwise(s, m[i].slot);
        goto done;
    }
    const size_t last = *number;
    *number = merge_last(s);
    for (size_t i = 0; i < count && *number == last; i++)
        for (size_t d = 0; d < like->width; d++)
            claim(s, s->found[last].sides[i].node, s->found[last].sides[i].column[d], last);
done:
    return st;
}

/* Queries [t, width] and keys [s, width] of every head. */
static basin_status read_scores(search *s, size_t number, size_t heads, size_t width, const head_matrix m[2])
{
    basin_status st = BASIN_OK;
    size_t       pair;

    for (size_t head = 0; head < heads; head++) {
        const candidate c = {.attention = number, .head = head, .width = width};
        BASIN_TRY(head_pair(s, &c, m, 2, &pair));
    }
done:
    return st;
}

/* Values [s, width] of every head, of which the node's output [t, width] is sums; it is labelled by them. */
static basin_status read_values(search *s, size_t number, size_t heads, size_t t, size_t width,
                                const head_matrix *m)
{
    basin_status      st = BASIN_OK;
    const size_t      output = s->plan->nodes[number].output;
    const basin_slot *y = &s->plan->slots[output];
    size_t            pair;

    BASIN_TRY(mark_columns(s, output, number));
    for (size_t head = 0; head < heads; head++) {
        const candidate c = {.attention = number, .head = head, .width = width, .values = true};
        BASIN_TRY(head_pair(s, &c, m, 1, &pair));
        for (size_t e = head * t * width; e < (head + 1) * t * width; e++)
            for (size_t l = 0; l < y->lanes; l++) {
                s->marks[output].of[COLUMN][e * y->lanes + l] = (real)(pair * width + e % width);
                s->marks[output].of[POSITION][e * y->lanes + l] = (real)(e / width % t);
            }
    }
done:
    return st;
}

static basin_status read_attention(search *s, size_t number)
{
    basin_status       st = BASIN_OK;
    const basin_node  *node = &s->plan->nodes[number];
    const basin_heads *h = node->facts;
    const head_matrix  scores[] = {{node->input[QUERY], h->t, false}, {node->input[KEY], h->s, false}};
    const head_matrix  values = {node->input[VALUE], h->s, false};

    BASIN_TRY(read_scores(s, number, h->heads, h->d, scores));
    BASIN_TRY(read_values(s, number, h->heads, h->t, h->e, &values));
done:
    return st;
}

/* A product of two matrices a head that attention is written out with, [t, k] times [k, n]: of queries by
   keys that are turned, or of anything by values; false where it is neither. */
static bool multiplies_heads(const search *s, const basin_node *node)
{
    const basin_slot *a = NODE_INPUT(node, 0), *b = NODE_INPUT(node, 1);

    return node->op == &REAL(basin_op_MatMul) && a->batched && is_of_dense(s, node->input[1]) &&
           a->rank == b->rank && a->rank >= 2 &&
           basin_shape_equal(a->shape, a->rank - 2, b->shape, b->rank - 2) &&
           (s->marks[node->input[0]].source == BASIN_NONE || is_of_dense(s, node->input[0]));
}

static basin_status read_product(search *s, size_t number)
{
    const basin_node *node = &s->plan->nodes[number];
    const basin_slot *a = NODE_INPUT(node, 0), *b = NODE_INPUT(node, 1);
    const size_t t = a->shape[a->rank - 2], k = last_axis(a), n = last_axis(b), heads = a->width / (t * k);
    const head_matrix scores[] = {{node->input[0], t, false}, {node->input[1], n, true}};
    const head_matrix values = {node->input[1], k, false};

    if (is_of_dense(s, node->input[0])) return read_scores(s, number, heads, k, scores);
    return read_values(s, number, heads, t, n, &values);
}

/* ------------------------------------------------------------------------------------------ projection -- */

/* Do all positions of the slot have the same label in each column? */
static bool same_everywhere(const search *s, size_t slot)
{
    const basin_slot *x = &s->plan->slots[slot];
    const size_t      columns = last_axis(x);

    for (size_t e = columns; e < x->width; e++)
        if (label_at(s, slot, COLUMN, e) != label_at(s, slot, COLUMN, e % columns)) return false;
    return true;
}

/* A dense layer reads what attention made of its values. */
static void read_projection(search *s, size_t number, size_t slot)
{
    const size_t width = last_axis(NODE_OUTPUT(&s->plan->nodes[s->marks[slot].source]));
    const size_t columns = last_axis(&s->plan->slots[slot]);

    if (!same_everywhere(s, slot)) {
        read_otherwise(s, slot);
        return;
    }
    for (size_t c = 0; c < columns; c++) {
        const size_t where = label_at(s, slot, COLUMN, c);
        candidate   *pair = &s->found[where / width];
        side        *out = &pair->sides[1];
        if (out->node == BASIN_NONE) {
            out->node = number;
            for (size_t d = 0; d < width; d++) out->column[d] = BASIN_NONE;
        }
        if (out->node != number || out->column[where % width] != BASIN_NONE) pair->excluded = true;
        out->column[where % width] = c;
    }
}

/* Labels that no node ahead reads go. */
static void forget(search *s, const basin_node *node)
{
    for (size_t i = 0; i < node->input_count; i++) {
        if (!node_has(node, i) || --s->slots[node->input[i]].consumers > 0) continue;
        marks *m = &s->marks[node->input[i]];
        for (size_t l = 0; l < LABELS; l++) basin_free(m->of[l]), m->of[l] = NULL;
    }
}

static basin_status read_inputs(search *s, size_t number)
{
    basin_status      st = BASIN_OK;
    const basin_node *node = &s->plan->nodes[number];
    const bool        moves = only_moves(s, node);

    for (size_t i = 0; i < node->input_count; i++) {
        if (!node_has(node, i) || s->marks[node->input[i]].source == BASIN_NONE) continue;
        const size_t source = s->marks[node->input[i]].source;
        if (moves && i == 0)
            BASIN_TRY(move_marks(s, node));
        else if (is_dense(node) && i == 0 && !is_dense(&s->plan->nodes[source]))
            read_projection(s, number, node->input[0]);
        else
            read_otherwise(s, node->input[i]);
    }
done:
    return st;
}

static basin_status visit(search *s, size_t number)
{
    basin_status      st = BASIN_OK;
    const basin_node *node = &s->plan->nodes[number];

    if (node->op == &REAL(basin_op_Attention))
        BASIN_TRY(read_attention(s, number));
    else if (multiplies_heads(s, node))
        BASIN_TRY(read_product(s, number));
    else
        BASIN_TRY(read_inputs(s, number));
    forget(s, node);
    if (!is_dense(node) || !NODE_OUTPUT(node)->batched) goto done;
    const size_t out = last_axis(NODE_OUTPUT(node));
    BASIN_ALLOC(s->owners[number], out, "columns");
    for (size_t c = 0; c < out; c++) s->owners[number][c] = BASIN_NONE;
    BASIN_TRY(mark_columns(s, node->output, number));
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- pairs -- */

/* A parameter that nobody else reads. */
static bool is_own(const search *s, size_t slot)
{
    return slot_is_param(&s->plan->slots[slot]) && s->plan->slots[slot].consumers == 1;
}

static bool has_bias(const basin_node *node)
{
    return node_has(node, 2);
}

/* Are all columns there, and all that they are made with parameters of one layer? */
static bool is_complete(const search *s, const candidate *c)
{
    for (size_t i = 0; i < 2; i++) {
        const side *one = &c->sides[i];
        if (one->node == BASIN_NONE) return false;
        const basin_node *node = &s->plan->nodes[one->node];
        for (size_t d = 0; d < c->width; d++)
            if (one->column[d] == BASIN_NONE) return false;
        if (!is_own(s, node->input[1])) return false;
        if (has_bias(node) && !(c->values && i == 1) && !is_own(s, node->input[2])) return false;
    }
    return true;
}

/* Where in theta the elements of a side lie; `output`: of an output projection, which has W_O alone. */
static basin_status place_side(const search *s, const side *from, size_t width, bool output, size_t *rows,
                               size_t **out)
{
    basin_status       st = BASIN_OK;
    const basin_node  *node = &s->plan->nodes[from->node];
    const basin_block *w = &s->plan->params->blocks[s->plan->slots[node->input[1]].block];
    const bool         transposed = basin_node_spec_int(node->spec, "transB", 0) != 0;
    const size_t       in = last_axis(NODE_INPUT(node, 0)), outs = last_axis(NODE_OUTPUT(node));
    const bool         bias = has_bias(node) && !output;
    size_t            *place = NULL;

    *rows = output ? outs : in + bias;
    BASIN_ALLOC(place, *rows * width, "a pair");
    for (size_t r = 0; r < *rows; r++)
        for (size_t d = 0; d < width; d++) {
            const size_t c = from->column[d], x = output ? c : r, y = output ? r : c;
            size_t      *to = &place[r * width + d];
            if (r == in && bias)
                *to = s->plan->params->blocks[s->plan->slots[node->input[2]].block].offset + c;
            else
                *to = w->offset + (transposed ? y * in + x : x * outs + y);
        }
    *out = place;
done:
    return st;
}

/* Does nothing but their own weights tell the heads of a node apart? */
static bool heads_are_alike(const basin_node *node)
{
    return node->op == &REAL(basin_op_Attention) && ((const basin_heads *)node->facts)->mask_step == 0;
}

static basin_status make_pair(const search *s, const candidate *c, basin_factor_pair *out)
{
    basin_status           st = BASIN_OK;
    const basin_node_spec *spec = s->plan->nodes[c->attention].spec;

    out->width = c->width;
    out->head = c->head;
    out->values = c->values;
    out->attention = heads_are_alike(&s->plan->nodes[c->attention]) ? c->attention : SIZE_MAX;
    out->name = basin_format("%s, head %zu: %s", spec->origin != NULL ? spec->origin : spec->name,
                             c->head + 1, c->values ? "values and output" : "queries and keys");
    BASIN_CHECK(out->name != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    for (size_t i = 0; i < 2; i++)
        BASIN_TRY(place_side(s, &c->sides[i], c->width, c->values && i == 1, &out->rows[i], &out->place[i]));
done:
    return st;
}

static basin_status make_pairs(const search *s, basin_params *params)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(params->pairs, s->count, "pairs");
    for (size_t i = 0; i < s->count; i++) {
        if (s->found[i].excluded || !is_complete(s, &s->found[i])) {
            params->unpaired++;
            continue;
        }
        BASIN_TRY(make_pair(s, &s->found[i], &params->pairs[params->pair_count++]));
    }
done:
    return st;
}

static void release(search *s)
{
    for (size_t i = 0; s->marks != NULL && i < s->plan->slot_count; i++)
        for (size_t l = 0; l < LABELS; l++) basin_free(s->marks[i].of[l]);
    for (size_t i = 0; s->owners != NULL && i < s->plan->node_count; i++) basin_free(s->owners[i]);
    for (size_t i = 0; i < s->count; i++)
        for (size_t l = 0; l < 2; l++) basin_free(s->found[i].sides[l].column);
    basin_free(s->slots);
    basin_free(s->marks);
    basin_free(s->owners);
    basin_free(s->found);
}

basin_status basin_plan_pairs(const basin_plan *plan, basin_params *params)
{
    basin_status st = BASIN_OK;
    search       s = {.plan = plan};
    bool         multiplies = false;

    for (size_t i = 0; i < plan->node_count; i++)
        multiplies = multiplies || plan->nodes[i].op == &REAL(basin_op_Attention) ||
                     plan->nodes[i].op == &REAL(basin_op_MatMul);
    if (!multiplies) return BASIN_OK;
    BASIN_ALLOC(s.slots, plan->slot_count, "slots");
    memcpy(s.slots, plan->slots, plan->slot_count * sizeof *s.slots);
    BASIN_ALLOC(s.marks, plan->slot_count, "labels");
    for (size_t i = 0; i < plan->slot_count; i++) s.marks[i].source = BASIN_NONE;
    BASIN_ALLOC(s.owners, plan->node_count, "columns");
    for (size_t i = 0; i < plan->node_count; i++) BASIN_TRY(visit(&s, i));
    BASIN_TRY(make_pairs(&s, params));
done:
    release(&s);
    return st;
}
