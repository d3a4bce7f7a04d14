/* Units through normalisations. Their scale and shift stand with the units and make the scale of the
 * output; the scale of the input ends there, of all units of a set at once. BatchNorm's statistics stand
 * with the units, too: a factor of the input is a factor of the mean, and its square one of the variance
 * and ε together.
 */
#include "core/graph.h"
#include "engine/kernels/normalise.h"
#include "engine/plan/units.h"

/* One factor for all units of a set. */
static void tie_sets(basin_unit_walk *w, const basin_node *node, size_t sets)
{
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    const size_t            count = basin_unit_count(w, node->input[0]), each = count / sets;

    for (size_t i = 0; i < count; i++) {
        basin_units_join(w->units, BASIN_SCALES, x->scale[i / each * each], x->scale[i], w->number);
        basin_units_of_norm(w->units, x->scale[i], true);
    }
}

/* Scale and shift stand with the units along `dim` of theirs and make the scale of the output. */
static basin_status scale_and_shift(basin_unit_walk *w, const basin_node *node, size_t dim)
{
    basin_status      st = BASIN_OK;
    basin_unit_marks *y = &w->marks[node->output];
    const char       *name = node->spec->origin != NULL ? node->spec->origin : node->spec->name;
    const size_t      count = basin_unit_count(w, node->output);
    bool              own = node_has(node, NORM_SCALE);
    size_t            first = 0;

    for (size_t i = NORM_SCALE; i <= NORM_SHIFT; i++) {
        const basin_slot *x = node_has(node, i) ? NODE_INPUT(node, i) : NULL;
        own = own && (x == NULL || slot_is_param(x));
    }
    BASIN_TRY(basin_units_add(w->units, BASIN_SCALES, count, name, &first));
    for (size_t i = 0; i < count; i++) {
        y->scale[i] = own ? first + i : BASIN_HELD;
        basin_units_of_norm(w->units, y->scale[i], false);
    }
    for (size_t i = NORM_SCALE; i <= NORM_SHIFT; i++)
        if (node_has(node, i))
            BASIN_TRY(basin_unit_stand(
                w, node->input[i], &(basin_unit_standing){.dim = dim, .marks = y, .power = +1}, 1, false));
done:
    return st;
}

/* A normalisation whose scale and shift do not tell the units apart, or that has none. */
static void forbid_affine(basin_unit_walk *w, const basin_node *node)
{
    for (size_t i = NORM_SCALE; i <= NORM_SHIFT; i++)
        if (node_has(node, i)) basin_unit_forbid(w, node->input[i]);
}

static basin_status pass_norm(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    basin_unit_marks       *y = &w->marks[node->output];

    BASIN_TRY(basin_units_room(w, node->output, x->dim));
    for (size_t i = 0; i < basin_unit_count(w, node->output); i++)
        y->unit[i] = x->unit[i], y->key[i] = x->key[i], y->scale[i] = BASIN_HELD;
done:
    return st;
}

basin_status basin_unit_batch_norm(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    const double            epsilon = basin_node_spec_float(node->spec, "epsilon", 1e-5);

    if (x->dim != 0) return basin_unit_block(w, node);
    BASIN_TRY(pass_norm(w, node));
    tie_sets(w, node, basin_unit_count(w, node->input[0]));
    BASIN_TRY(scale_and_shift(w, node, 0));
    const basin_unit_standing mean = {.dim = 0, .marks = x, .power = +1};
    const basin_unit_standing variance = {.dim = 0, .marks = x, .power = 2, .epsilon = epsilon};
    BASIN_TRY(basin_unit_stand(w, node->input[NORM_MEAN], &mean, 1, true));
    BASIN_TRY(basin_unit_stand(w, node->input[NORM_VARIANCE], &variance, 1, true));
done:
    return st;
}

basin_status basin_unit_layer_norm(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    const basin_slot       *in = NODE_INPUT(node, 0);
    size_t                  axis = 0;

    if (x->dim == BASIN_NONE) return basin_unit_block(w, node);
    BASIN_TRY(basin_node_axis(node, in, basin_node_spec_int(node->spec, "axis", -1), false, &axis));
    const bool within = x->dim >= axis;
    BASIN_TRY(pass_norm(w, node));
    tie_sets(w, node, within ? 1 : in->shape[x->dim]);
    if (within)
        BASIN_TRY(scale_and_shift(w, node, x->dim - axis));
    else
        forbid_affine(w, node);
done:
    return st;
}

/* Units change places within their set. */
basin_status basin_unit_group_norm(basin_unit_walk *w, const basin_node *node)
{
    basin_status            st = BASIN_OK;
    const basin_unit_marks *x = basin_unit_marks_of(w, node, 0);
    const size_t            groups = (size_t)basin_node_spec_int(node->spec, "num_groups", 1);

    if (x->dim != 0) return basin_unit_block(w, node);
    BASIN_TRY(pass_norm(w, node));
    tie_sets(w, node, groups);
    const size_t count = basin_unit_count(w, node->input[0]);
    for (size_t i = 0; groups < count && i < count; i++)
        BASIN_TRY(
            basin_units_see(w->units, x->unit[i], i / (count / groups), w->plan->slot_count + w->number));
    BASIN_TRY(scale_and_shift(w, node, 0));
done:
    return st;
}
