/* AveragePool and GlobalAveragePool: means over windows and over all of space, with samples in lanes.
 *
 * A window's sum over the inputs that it covers is divided by their number, or with count_include_pad by the
 * number of its places in input and padding; with ceil_mode what hangs over the padding's end does not count
 * (PyTorch).
 */
#include <string.h>

#include "engine/kernels/vector.h"
#include "engine/kernels/window.h"

typedef struct average_facts {
    basin_window window;
    bool         padding; /* counts */
} average_facts;

static basin_status infer(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0);
    average_facts *facts = NULL;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    BASIN_TRY(basin_window_read(node, NULL, &facts->window));
    if (facts->window.y.dilation != 1 || facts->window.x.dilation != 1)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "dilations other than 1");
    BASIN_TRY(basin_window_covered(node, &facts->window));
    facts->padding = basin_node_spec_int(node->spec, "count_include_pad", 0) != 0;
    basin_window_shape(node, &facts->window, x->shape[0]);
done:
    return st;
}

/* One window over all of space, whatever its dimensions. */
static basin_status infer_global(basin_node *node)
{
    basin_status   st = BASIN_OK;
    basin_slot    *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    average_facts *facts = NULL;

    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    if (!x->batched || x->rank < 2)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "the input %s has shape %s%s; expected samples of channels and space", x->name,
                               BASIN_SHAPE_TEXT(x->shape, x->rank),
                               x->batched ? " a sample" : " and does not depend on the network's input");
    const size_t rows = x->shape[1], columns = x->width / x->shape[0] / rows;
    facts->window.y = (basin_window_axis){.in = rows, .out = 1, .kernel = rows, .stride = 1, .dilation = 1};
    facts->window.x =
        (basin_window_axis){.in = columns, .out = 1, .kernel = columns, .stride = 1, .dilation = 1};
    y->rank = x->rank;
    y->shape[0] = x->shape[0];
    for (size_t i = 1; i < y->rank; i++) y->shape[i] = 1;
done:
    return st;
}

/* Places of window i that lie in input or padding. */
static size_t places(const basin_window_axis *axis, size_t i)
{
    const size_t start = i * axis->stride, end = start + axis->kernel;
    const size_t most = axis->begin + axis->in + axis->end;
    return (end < most ? end : most) - start;
}

static real weight_of(const average_facts *facts, const basin_region *r, size_t oy, size_t ox)
{
    const size_t count =
        facts->padding ? places(&facts->window.y, oy) * places(&facts->window.x, ox) : r->rows * r->columns;
    return 1 / (real)count;
}

/* ----------------------------------------------------------------------------------------- one channel -- */

/* y [outputs, 16] = means of x [inputs, 16]; a row's sum first, so that each sum is short. */
static void average(const average_facts *facts, const real *x, real *y)
{
    for (size_t oy = 0; oy < facts->window.y.out; oy++)
        for (size_t ox = 0; ox < facts->window.x.out; ox++, y += BASIN_LANES) {
            const basin_region r = basin_window_region(&facts->window, oy, ox);
            const real         weight = weight_of(facts, &r, oy, ox);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                vector total = {0};
                for (size_t ty = 0; ty < r.rows; ty++) {
                    const real *value = x + basin_region_place(&facts->window, &r, ty, 0) * BASIN_LANES + l;
                    vector      sum = {0};
                    for (size_t tx = 0; tx < r.columns; tx++) sum += vector_load(value + tx * BASIN_LANES);
                    total += sum;
                }
                vector_store(y + l, weight * total);
            }
        }
}

/* x += the transpose of that for y. */
static void spread(const average_facts *facts, real *x, const real *y)
{
    for (size_t oy = 0; oy < facts->window.y.out; oy++)
        for (size_t ox = 0; ox < facts->window.x.out; ox++, y += BASIN_LANES) {
            const basin_region r = basin_window_region(&facts->window, oy, ox);
            const real         weight = weight_of(facts, &r, oy, ox);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                const vector part = weight * vector_load(y + l);
                for (size_t ty = 0; ty < r.rows; ty++) {
                    real *to = x + basin_region_place(&facts->window, &r, ty, 0) * BASIN_LANES + l;
                    for (size_t tx = 0; tx < r.columns; tx++, to += BASIN_LANES)
                        vector_store(to, vector_load(to) + part);
                }
            }
        }
}

/* ---------------------------------------------------------------------------------- the four functions -- */

/* All channels of `images` groups of samples, or of their tangents. */
static void ahead(const basin_node *node, size_t images, const real *from, real *to)
{
    const basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t      in = slot_stride(x) / x->shape[0], out = slot_stride(y) / y->shape[0];

    for (size_t c = 0; c < images * y->shape[0]; c++) average(node->facts, from + c * in, to + c * out);
}

static void back(const basin_node *node, size_t images, real *to, const real *from)
{
    const basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const size_t      in = slot_stride(x) / x->shape[0], out = slot_stride(y) / y->shape[0];

    if (!node->accumulate[0]) memset(to, 0, images * slot_stride(x) * sizeof *to);
    for (size_t c = 0; c < images * y->shape[0]; c++) spread(node->facts, to + c * in, from + c * out);
}

static void forward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    ahead(node, slot_rows(NODE_OUTPUT(node), b), NODE_INPUT(node, 0)->v, NODE_OUTPUT(node)->v);
}

static void backward(basin_node *node, size_t b, basin_mode mode)
{
    (void)mode;
    back(node, slot_rows(NODE_OUTPUT(node), b), NODE_INPUT(node, 0)->a, NODE_OUTPUT(node)->a);
}

static void forward_dot(basin_node *node, size_t b, size_t k)
{
    ahead(node, slot_rows(NODE_OUTPUT(node), b) * k, NODE_INPUT(node, 0)->d, NODE_OUTPUT(node)->d);
}

static void backward_dot(basin_node *node, size_t b, size_t k)
{
    back(node, slot_rows(NODE_OUTPUT(node), b) * k, NODE_INPUT(node, 0)->ad, NODE_OUTPUT(node)->ad);
}

#define AVERAGE(NAME, INFER)                 \
    const basin_op REAL(basin_op_##NAME) = { \
        .name = #NAME,                       \
        .inputs_min = 1,                     \
        .inputs_max = 1,                     \
        .layout = BASIN_LAYOUT_LANES,        \
        .degree = BASIN_DEGREE_LINEAR,       \
        .infer = INFER,                      \
        .forward = forward,                  \
        .backward = backward,                \
        .forward_dot = forward_dot,          \
        .backward_dot = backward_dot,        \
    };

AVERAGE(AveragePool, infer)
AVERAGE(GlobalAveragePool, infer_global)
