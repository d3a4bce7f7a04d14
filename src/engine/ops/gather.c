/* Gather: what indices pick along an axis of the data.
 *
 *   constant indices   a box (index_map.h) for each, from any data
 *   indices that come with the samples, from an unbatched table: an embedding. Row i of the table goes to
 *   where i stands.
 *
 * Indices count from the end if negative. Constant ones are checked by infer. Those of the samples are
 * checked once, when data and network meet (basin_op.check); the sweeps only see to it that they never read
 * elsewhere.
 */
#include <string.h>

#include "core/memory.h"
#include "engine/kernels/index_map.h"

typedef struct gather_facts {
    size_t     rows, width; /* of the table: choices, and numbers of one */
    basin_move move;        /* constant indices: the box of one */
    size_t     count;       /* and their number */
    size_t     step;        /* between two of them in the output */
    size_t     from[];      /* [count] where each begins in the data */
} gather_facts;

#define GATHER_DATA(node) NODE_INPUT(node, 0)
#define GATHER_INDICES(node) NODE_INPUT(node, 1)

/* A whole number in [-rows, rows)? */
static bool is_index(double value, size_t rows)
{
    return value >= -(double)rows && value < (double)rows && floor(value) == value;
}

/* The row that it names; row 0 for what check would have refused. */
static size_t index_of(double value, size_t rows)
{
    if (!(value >= -(double)rows && value < (double)rows)) return 0;
    return value < 0 ? rows - (size_t)-floor(value) : (size_t)value;
}

static basin_status refuse_index(const basin_node *node, double value, size_t place)
{
    const gather_facts *facts = node->facts;
    const basin_slot   *data = GATHER_DATA(node);

    return basin_node_fail(node, BASIN_ERR_VALUE,
                           "%s holds %.17g at element %zu, but %s %s takes integers from -%zu to %zu",
                           GATHER_INDICES(node)->name, value, place, data->name,
                           BASIN_SHAPE_TEXT(data->shape, data->rank), facts->rows, facts->rows - 1);
}

/* ----------------------------------------------------------------------------------------------- infer -- */

/* The data's shape with that of the indices in the place of the axis. */
static basin_status set_shape(basin_node *node, size_t axis)
{
    const basin_slot *data = GATHER_DATA(node), *indices = GATHER_INDICES(node);
    basin_slot       *y = NODE_OUTPUT(node);

    if (data->rank - 1 + indices->rank > BASIN_MAX_RANK)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "%s %s and indices %s %s make more than %d dimensions", data->name,
                               BASIN_SHAPE_TEXT(data->shape, data->rank), indices->name,
                               BASIN_SHAPE_TEXT(indices->shape, indices->rank), BASIN_MAX_RANK);
    for (size_t i = 0; i < axis; i++) y->shape[y->rank++] = data->shape[i];
    for (size_t i = 0; i < indices->rank; i++) y->shape[y->rank++] = indices->shape[i];
    for (size_t i = axis + 1; i < data->rank; i++) y->shape[y->rank++] = data->shape[i];
    return BASIN_OK;
}

static basin_status infer_constant(basin_node *node, size_t axis, gather_facts *facts)
{
    basin_status  st = BASIN_OK;
    basin_slot   *data = GATHER_DATA(node), *indices = GATHER_INDICES(node), *y = NODE_OUTPUT(node);
    const double *values = node->buffers[indices->buffer].values;
    basin_move   *move = &facts->move;
    size_t        strides[2][BASIN_MAX_RANK] = {{0}}, lanes = data->batched ? y->lanes : 1;

    basin_strides(data->shape, data->rank, strides[0]);
    basin_strides(y->shape, y->rank, strides[1]);
    for (size_t i = 0; i < data->rank; i++) {
        if (i == axis) continue;
        move->extent[move->rank] = data->shape[i];
        move->from[move->rank] = strides[0][i];
        move->to[move->rank++] = strides[1][i < axis ? i : i - 1 + indices->rank];
    }
    facts->step = lanes;
    for (size_t i = axis + 1; i < data->rank; i++) facts->step *= data->shape[i];
    facts->count = indices->width;
    for (size_t i = 0; i < facts->count; i++) {
        if (!is_index(values[i], facts->rows)) return refuse_index(node, values[i], i);
        facts->from[i] = index_of(values[i], facts->rows) * strides[0][axis] * lanes;
    }
    basin_move_prepare(move, data, y);
    return st;
}

static basin_status infer_embedding(basin_node *node, size_t axis, gather_facts *facts)
{
    const basin_slot *table = GATHER_DATA(node);

    if (table->batched)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "both %s and the indices %s depend on the input; one of them must be constant",
                               table->name, GATHER_INDICES(node)->name);
    if (axis != 0)
        return basin_node_fail(
            node, BASIN_ERR_UNSUPPORTED,
            "axis %zu of %s would move the batch of the indices %s; only axis 0 is supported", axis,
            table->name, GATHER_INDICES(node)->name);
    if ((double)facts->rows * REAL_EPSILON > 2.0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "%s has %zu rows, more than single precision can count", table->name,
                               facts->rows);
    facts->width = table->width / facts->rows;
    node->check_data = true;
    GATHER_INDICES(node)->keep_value = true;
    return BASIN_OK;
}

static basin_status infer(basin_node *node)
{
    basin_status  st = BASIN_OK;
    basin_slot   *data = GATHER_DATA(node), *indices = GATHER_INDICES(node);
    gather_facts *facts = NULL;
    size_t        axis = 0, size = 0;

    if (data->rank == 0)
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%s has no dimension to pick from", data->name);
    if (indices->degree > 0 || (!indices->batched && indices->buffer == BASIN_NONE))
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "the indices %s must be a buffer or come from the input alone", indices->name);
    BASIN_TRY(basin_node_axis(node, data, basin_node_spec_int(node->spec, "axis", 0), false, &axis));
    BASIN_TRY(set_shape(node, axis));
    if (!basin_mul(indices->width, sizeof *facts->from, &size) || !basin_add(size, sizeof *facts, &size))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "%zu indices", indices->width);
    BASIN_TRY(basin_node_facts(node, indices->batched ? sizeof *facts : size, &facts));
    facts->rows = data->shape[axis];
    if (indices->batched)
        BASIN_TRY(infer_embedding(node, axis, facts));
    else
        BASIN_TRY(infer_constant(node, axis, facts));
    basin_node_role(node, 0, BASIN_ROLE_EMBEDDING, axis, 1);
done:
    return st;
}

static basin_status check(const basin_node *node, size_t b, size_t *sample)
{
    const gather_facts *facts = node->facts;
    const basin_slot   *indices = GATHER_INDICES(node);

    for (size_t i = 0; i < b; i++) {
        const real *v = indices->v + i / indices->lanes * slot_stride(indices) + i % indices->lanes;
        *sample = i;
        for (size_t t = 0; t < indices->width; t++)
            if (!is_index((double)v[t * indices->lanes], facts->rows))
                return refuse_index(node, (double)v[t * indices->lanes], t);
    }
    return BASIN_OK;
}

/* ------------------------------------------------------------------------------------ constant indices -- */

/* Output to data (back: always added, indices may repeat) or data to output, k arrays of them for b
   samples. */
static void move_constant(const basin_node *node, bool back, size_t b, size_t k, const real *from, real *to)
{
    const gather_facts *facts = node->facts;
    const size_t        data = slot_stride(GATHER_DATA(node)), y = slot_stride(NODE_OUTPUT(node));

    for (size_t i = 0; i < slot_rows(NODE_OUTPUT(node), b) * k; i++)
        for (size_t l = 0; l < facts->count; l++) {
            const size_t at = i * data + facts->from[l], out = i * y + l * facts->step;
            basin_move_run(&facts->move, back, back, 1, from + (back ? out : at), to + (back ? at : out));
        }
}

/* ------------------------------------------------------------------------------------------- embedding -- */

/* A row of the table [width] and its place among lanes. */
static void take_row(const real *row, real *to, size_t width, size_t lanes)
{
    if (lanes == 1)
        memcpy(to, row, width * sizeof *to);
    else
        for (size_t e = 0; e < width; e++) to[e * lanes] = row[e];
}

static void add_row(const real *from, real *row, size_t width, size_t lanes)
{
    if (lanes == 1)
        for (size_t e = 0; e < width; e++) row[e] += from[e];
    else
        for (size_t e = 0; e < width; e++) row[e] += from[e * lanes];
}

/* y [rows, k, indices, width, lanes] = table [k, …], or the table += y; empty lanes add 0. */
static void move_embedding(const basin_node *node, bool back, size_t b, size_t k, real *table, real *y)
{
    const gather_facts *facts = node->facts;
    const basin_slot   *indices = GATHER_INDICES(node);
    const size_t        lanes = indices->lanes, whole = GATHER_DATA(node)->width;

    for (size_t r = 0; r < slot_rows(indices, b); r++)
        for (size_t j = 0; j < k; j++)
            for (size_t t = 0; t < indices->width; t++, y += facts->width * lanes)
                for (size_t l = 0; l < lanes; l++) {
                    const double value = (double)indices->v[(r * indices->width + t) * lanes + l];
                    real        *row = table + j * whole + index_of(value, facts->rows) * facts->width;
                    if (back)
                        add_row(y + l, row, facts->width, lanes);
                    else
                        take_row(row, y + l, facts->width, lanes);
                }
}

/* ---------------------------------------------------------------------------------- the four functions -- */

static void ahead(const basin_node *node, size_t b, size_t k, real *data, real *y)
{
    if (GATHER_INDICES(node)->batched)
        move_embedding(node, false, b, k, data, y);
    else
        move_constant(node, false, b, k, data, y);
}

static void back(const basin_node *node, size_t b, size_t k, real *y, real *data)
{
    const basin_slot *slot = GATHER_DATA(node);

    if (slot->degree == 0) return;
    if (!node->accumulate[0]) memset(data, 0, slot_rows(slot, b) * k * slot_stride(slot) * sizeof *data);
    if (GATHER_INDICES(node)->batched)
        move_embedding(node, true, b, k, data, y);
    else
        move_constant(node, true, b, k, y, data);
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    ahead(node, b, 1, GATHER_DATA(node)->v, NODE_OUTPUT(node)->v);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    back(node, b, 1, NODE_OUTPUT(node)->a, GATHER_DATA(node)->a);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    ahead(node, b, k, GATHER_DATA(node)->d, NODE_OUTPUT(node)->d);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    back(node, b, k, NODE_OUTPUT(node)->ad, GATHER_DATA(node)->ad);
}

const basin_op REAL(basin_op_Gather) = {
    .name = "Gather",
    .inputs_min = 2,
    .inputs_max = 2,
    .degree = BASIN_DEGREE_LINEAR,
    .moves = true,
    .infer = infer,
    .check = check,
    .forward = forward,
    .backward = backward,
    .forward_dot = forward_dot,
    .backward_dot = backward_dot,
};
