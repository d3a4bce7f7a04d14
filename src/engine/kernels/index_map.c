#include "engine/kernels/index_map.h"

#include <string.h>

void basin_strides(const size_t *shape, size_t rank, size_t *strides)
{
    size_t stride = 1;

    for (size_t i = rank; i-- > 0; stride *= shape[i]) strides[i] = stride;
}

basin_status basin_moves_create(basin_node *node, basin_moves **out)
{
    basin_status st = BASIN_OK;
    basin_moves *moves = NULL;
    basin_slot  *y = NODE_OUTPUT(node);

    BASIN_TRY(basin_node_facts(node, sizeof *moves + node->input_count * sizeof *moves->move, &moves));
    moves->covered = true;
    moves->scale = 1;
    moves->count = node->input_count;
    for (size_t i = 0; i < moves->count; i++) {
        basin_move *move = &moves->move[i];
        basin_slot *x = NODE_INPUT(node, i);
        move->whole = true;
        move->rank = x->rank;
        memcpy(move->extent, x->shape, x->rank * sizeof *x->shape);
        basin_strides(x->shape, x->rank, move->from);
        basin_strides(y->shape, y->rank, move->to);
    }
    *out = moves;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ in numbers -- */

static void take_dimension(basin_move *move, size_t to, const basin_move *source, size_t from)
{
    move->extent[to] = source->extent[from];
    move->from[to] = source->from[from];
    move->to[to] = source->to[from];
}

/* Drops dimensions of 1 and joins neighbours that are one run on both sides. */
static void merge(basin_move *move)
{
    size_t rank = 0;

    for (size_t i = 0; i < move->rank; i++) {
        if (move->extent[i] == 1) continue;
        size_t n = move->extent[i], last = rank - 1;
        if (rank > 0 && move->from[last] == move->from[i] * n && move->to[last] == move->to[i] * n) {
            move->extent[last] *= n;
            move->from[last] = move->from[i];
            move->to[last] = move->to[i];
        } else {
            take_dimension(move, rank++, move, i);
        }
    }
    move->rank = rank;
}

/* A dimension of 1 outside: a plane has two. A single number is a run of 1: with a stride of 0 it would be a
   sum, which is always added to what is there. */
static void prepend_one(basin_move *move)
{
    const size_t stride = move->rank == 0 ? 1 : 0;

    for (size_t i = move->rank++; i > 0; i--) take_dimension(move, i, move, i - 1);
    move->extent[0] = 1;
    move->from[0] = move->to[0] = stride;
}

/* How much a dimension belongs inside: contiguous on both sides; a sum or a spread of contiguous numbers;
   contiguous on one side, with the other side's next to it. */
static int merit(const basin_move *move, size_t i)
{
    if (move->from[i] == 1 && move->to[i] == 1) return 4;
    if ((move->from[i] == 1 && move->to[i] == 0) || (move->from[i] == 0 && move->to[i] == 1)) return 3;
    return move->to[i] == 1 ? 2 : move->from[i] == 1 ? 1 : 0;
}

/* The two of greatest merit last, the others as they are. */
static void arrange(basin_move *move)
{
    const basin_move before = *move;
    size_t           inner = 0, second = 0, rank = 0;

    for (size_t i = 1; i < move->rank; i++)
        if (merit(&before, i) >= merit(&before, inner)) inner = i;
    second = inner == 0 ? 1 : 0;
    for (size_t i = 0; i < move->rank; i++)
        if (i != inner && merit(&before, i) >= merit(&before, second)) second = i;
    for (size_t i = 0; i < move->rank; i++)
        if (i != inner && i != second) take_dimension(move, rank++, &before, i);
    take_dimension(move, rank++, &before, second);
    take_dimension(move, rank, &before, inner);
}

void basin_move_prepare(basin_move *move, const basin_slot *x, const basin_slot *y)
{
    for (size_t i = 0; i < move->rank; i++) {
        if (x->batched) move->from[i] *= y->lanes;
        move->to[i] *= y->lanes;
    }
    if (x->batched) move->from_start *= y->lanes;
    move->to_start *= y->lanes;
    move->extent[move->rank] = y->lanes;
    move->from[move->rank] = x->batched ? 1 : 0;
    move->to[move->rank++] = 1;
    merge(move);
    while (move->rank < 2) prepend_one(move);
    arrange(move);
}

/* --------------------------------------------------------------------------------------------- kernels -- */

typedef struct plane { /* the two dimensions inside */
    size_t rows, columns, from_row, from_column, to_row, to_column;
} plane;

enum { TILE = 16 }; /* of a transposition: both sides stay in the first cache */

static void move_runs(const plane *p, bool add, real scale, const real *from, real *to)
{
    for (size_t i = 0; i < p->rows; i++, from += p->from_row, to += p->to_row) {
        if (add)
            for (size_t j = 0; j < p->columns; j++) to[j] += scale * from[j];
        else if (scale == 1)
            memcpy(to, from, p->columns * sizeof *to);
        else
            for (size_t j = 0; j < p->columns; j++) to[j] = scale * from[j];
    }
}

/* Rows that meet: [rows, columns] is summed over rows, a tile of columns in registers. */
static void add_columns(const plane *p, real scale, const real *from, real *to)
{
    for (size_t start = 0; start < p->columns; start += TILE) {
        const size_t n = basin_least(TILE, p->columns - start);
        double       sum[TILE] = {0.0};
        for (size_t i = 0; i < p->rows; i++) {
            const real *f = from + i * p->from_row + start;
            if (n == TILE)
                for (size_t j = 0; j < TILE; j++) sum[j] += (double)f[j];
            else
                for (size_t j = 0; j < n; j++) sum[j] += (double)f[j];
        }
        for (size_t j = 0; j < n; j++) to[start + j] += (real)((double)scale * sum[j]);
    }
}

static void add_sums(const plane *p, real scale, const real *from, real *to)
{
    for (size_t i = 0; i < p->rows; i++, from += p->from_row, to += p->to_row) {
        double sum = 0.0;
        for (size_t j = 0; j < p->columns; j++) sum += (double)from[j * p->from_column];
        *to += (real)((double)scale * sum);
    }
}

static void spread(const plane *p, bool add, real scale, const real *from, real *to)
{
    for (size_t i = 0; i < p->rows; i++, from += p->from_row, to += p->to_row) {
        const real value = scale * *from;
        if (add)
            for (size_t j = 0; j < p->columns; j++) to[j * p->to_column] += value;
        else
            for (size_t j = 0; j < p->columns; j++) to[j * p->to_column] = value;
    }
}

static void move_tiles(const plane *p, bool add, real scale, const real *from, real *to)
{
    for (size_t first = 0; first < p->rows; first += TILE)
        for (size_t start = 0; start < p->columns; start += TILE) {
            const size_t end = basin_least(start + TILE, p->columns);
            for (size_t i = first; i < basin_least(first + TILE, p->rows); i++) {
                const real *f = from + i * p->from_row;
                real       *t = to + i * p->to_row;
                if (add)
                    for (size_t j = start; j < end; j++) t[j * p->to_column] += scale * f[j * p->from_column];
                else
                    for (size_t j = start; j < end; j++) t[j * p->to_column] = scale * f[j * p->from_column];
            }
        }
}

static void move_plane(const plane *p, bool add, real scale, const real *from, real *to)
{
    const bool runs = p->from_column == 1 && p->to_column == 1;

    if (runs && p->to_row == 0 && p->rows > 1)
        add_columns(p, scale, from, to);
    else if (runs)
        move_runs(p, add, scale, from, to);
    else if (p->to_column == 0)
        add_sums(p, scale, from, to);
    else if (p->from_column == 0)
        spread(p, add, scale, from, to);
    else
        move_tiles(p, add, scale, from, to);
}

void basin_move_run(const basin_move *move, bool back, bool add, real scale, const real *from, real *to)
{
    const size_t *f = back ? move->to : move->from, *t = back ? move->from : move->to, outer = move->rank - 2;
    const plane   p = {move->extent[outer], move->extent[outer + 1], f[outer], f[outer + 1], t[outer],
                       t[outer + 1]};
    size_t        at[BASIN_MOVE_RANK] = {0}, d;

    from += back ? move->to_start : move->from_start;
    to += back ? move->from_start : move->to_start;
    do {
        move_plane(&p, add, scale, from, to);
        for (d = outer; d-- > 0;) {
            from += f[d], to += t[d];
            if (++at[d] < move->extent[d]) break;
            from -= f[d] * at[d], to -= t[d] * at[d];
            at[d] = 0;
        }
    } while (d < outer);
}

/* ---------------------------------------------------------------------------------- the four functions -- */

static void fill(real *to, size_t n, real value)
{
    for (size_t i = 0; i < n; i++) to[i] = value;
}

/* Numbers in one role for b samples and k vectors. */
static size_t numbers(const basin_slot *slot, size_t b, size_t k)
{
    return slot_rows(slot, b) * k * slot_stride(slot);
}

/* Where row r of vector j starts. */
static size_t start_of(const basin_slot *slot, size_t r, size_t k, size_t j)
{
    return ((slot->batched ? r * k : 0) + j) * slot_stride(slot);
}

/* Input i's box of the output, values or k tangents; or of the input, adjoints or theirs. */
static void move_rows(const basin_node *node, size_t i, bool back, bool add, size_t b, size_t k,
                      const real *from, real *to)
{
    const basin_moves *moves = node->facts;
    const basin_slot  *source = back ? NODE_OUTPUT(node) : NODE_INPUT(node, i),
                     *target = back ? NODE_INPUT(node, i) : NODE_OUTPUT(node);
    const size_t rows = slot_rows(NODE_OUTPUT(node), b);

    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < k; j++)
            basin_move_run(&moves->move[i], back, add, moves->scale, from + start_of(source, r, k, j),
                           to + start_of(target, r, k, j));
}

void basin_moves_forward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_moves *moves = node->facts;
    basin_slot        *y = NODE_OUTPUT(node);

    (void)mode;
    if (!moves->covered) fill(y->v, numbers(y, b, 1), moves->fill);
    for (size_t i = 0; i < moves->count; i++)
        move_rows(node, i, false, moves->sums, b, 1, NODE_INPUT(node, i)->v, y->v);
}

void basin_moves_forward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_moves *moves = node->facts;
    basin_slot        *y = NODE_OUTPUT(node);
    bool               covered = moves->covered;

    for (size_t i = 0; i < moves->count; i++) covered = covered && NODE_INPUT(node, i)->degree > 0;
    if (!covered) fill(y->d, numbers(y, b, k), 0);
    for (size_t i = 0; i < moves->count; i++)
        if (NODE_INPUT(node, i)->degree > 0)
            move_rows(node, i, false, moves->sums, b, k, NODE_INPUT(node, i)->d, y->d);
}

static void back(const basin_node *node, size_t i, size_t b, size_t k, const real *from, real *to)
{
    const basin_moves *moves = node->facts;
    bool               set = !node->accumulate[i];

    if (set && !moves->move[i].whole) fill(to, numbers(NODE_INPUT(node, i), b, k), 0);
    move_rows(node, i, true, !(set && moves->move[i].whole), b, k, from, to);
}

void basin_moves_backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    for (size_t i = 0; i < node->input_count; i++)
        if (NODE_INPUT(node, i)->degree > 0)
            back(node, i, b, 1, NODE_OUTPUT(node)->a, NODE_INPUT(node, i)->a);
}

void basin_moves_backward_dot(basin_node *node, size_t b, size_t k)
{
    for (size_t i = 0; i < node->input_count; i++)
        if (NODE_INPUT(node, i)->degree > 0)
            back(node, i, b, k, NODE_OUTPUT(node)->ad, NODE_INPUT(node, i)->ad);
}
