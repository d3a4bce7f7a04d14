/* Element-wise ops of one input: one row of (f, f', f'') each in unary_rows.c; the four functions are here.
 *
 * forward keeps the slope p = f'(x) and, at a point to be frozen, q = f''(x), which backward turns into q
 * a_y. So a product needs neither x nor any exp: y' = p x', a_x' = p a_y' + (q a_y) x'. A kinked row is
 * piecewise: p = 1 on one branch only, which tells when a step crosses the kink. Where f'' vanishes almost
 * everywhere (LeakyRelu, Clip) no q is kept.
 */
#include "engine/ops/unary.h"

#include <string.h>

static const unary_row *row_of(const basin_node *node)
{
    return node->op->row;
}

/* Pow's second input: one number for all, that ends up with the attributes. */
static basin_status check_exponent(const basin_node *node)
{
    const basin_slot *x = NODE_INPUT(node, 0), *e = NODE_INPUT(node, 1);

    if (e->batched || e->degree > 0 || e->width != 1)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                               "its exponent %s %s must be a constant of one number", e->name,
                               BASIN_SHAPE_TEXT(e->shape, e->rank));
    if (e->rank > x->rank + (x->batched ? 1 : 0))
        return basin_node_fail(node, BASIN_ERR_SHAPE, "its exponent %s %s has more dimensions than %s",
                               e->name, BASIN_SHAPE_TEXT(e->shape, e->rank), x->name);
    return BASIN_OK;
}

basin_status basin_unary_infer(basin_node *node)
{
    basin_status st = BASIN_OK;
    const char  *form = basin_node_spec_string(node->spec, "approximate", "none");
    unary_facts *facts = NULL;

    if (node->input_count > 1) BASIN_TRY(check_exponent(node));
    if (strcmp(form, "none") != 0 && strcmp(form, "tanh") != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "approximate = %s is none of none, tanh", form);
    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    facts->alpha = (real)basin_node_spec_float(node->spec, "alpha", row_of(node)->alpha);
    facts->low = (real)basin_node_spec_float(node->spec, "min", -INFINITY);
    facts->high = (real)basin_node_spec_float(node->spec, "max", INFINITY);
    facts->tanh_form = strcmp(form, "tanh") == 0;
    node->work_width = (row_of(node)->curved ? 2 : 1) * NODE_INPUT(node, 0)->width;
    BASIN_TRY(basin_infer_same(node));
done:
    return st;
}

static real *curvature_of(const basin_node *node, size_t b)
{
    return row_of(node)->curved
               ? node->work + slot_rows(NODE_OUTPUT(node), b) * slot_stride(NODE_OUTPUT(node))
               : NULL;
}

void basin_unary_forward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    unary_facts facts = *(const unary_facts *)node->facts;

    if (node->input_count > 1) facts.alpha = NODE_INPUT(node, 1)->v[0];
    row_of(node)->evaluate(&facts, x->v, slot_rows(y, b) * slot_stride(y), y->v,
                           mode >= BASIN_MODE_GRADIENT ? node->work : NULL,
                           mode == BASIN_MODE_FREEZE ? curvature_of(node, b) : NULL);
}

void basin_unary_backward(basin_node *node, size_t b, basin_mode mode)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const real *p = node->work;
    real       *q = mode == BASIN_MODE_FREEZE ? curvature_of(node, b) : NULL;
    size_t      n = slot_rows(y, b) * slot_stride(y);

    if (q != NULL)
        for (size_t i = 0; i < n; i++) q[i] *= y->a[i];
    if (node->accumulate[0])
        for (size_t i = 0; i < n; i++) x->a[i] += p[i] * y->a[i];
    else
        for (size_t i = 0; i < n; i++) x->a[i] = p[i] * y->a[i];
}

void basin_unary_forward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    size_t      n = slot_stride(y);

    for (size_t i = 0; i < slot_rows(y, b); i++) {
        const real *p = node->work + i * n;
        for (size_t j = 0; j < k; j++) {
            const real *from = x->d + (i * k + j) * n;
            real       *to = y->d + (i * k + j) * n;
            for (size_t l = 0; l < n; l++) to[l] = p[l] * from[l];
        }
    }
}

void basin_unary_backward_dot(basin_node *node, size_t b, size_t k)
{
    basin_slot *x = NODE_INPUT(node, 0), *y = NODE_OUTPUT(node);
    const real *curvature = curvature_of(node, b);
    size_t      n = slot_stride(y);

    for (size_t i = 0; i < slot_rows(y, b); i++) {
        const real *p = node->work + i * n, *q = curvature != NULL ? curvature + i * n : NULL;
        for (size_t j = 0; j < k; j++) {
            const real *ad = y->ad + (i * k + j) * n, *d = x->d + (i * k + j) * n;
            real       *to = x->ad + (i * k + j) * n;
            if (node->accumulate[0])
                for (size_t l = 0; l < n; l++) to[l] += p[l] * ad[l];
            else
                for (size_t l = 0; l < n; l++) to[l] = p[l] * ad[l];
            if (q != NULL)
                for (size_t l = 0; l < n; l++) to[l] += q[l] * d[l];
        }
    }
}
