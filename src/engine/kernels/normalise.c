/* Sets of M numbers x, ⟨·⟩ the mean over a set:
 *
 *     y = s∘u + t,    u = (x - ⟨x⟩) / σ,    σ = √(⟨(x - ⟨x⟩)²⟩ + ε)
 *
 * 1. Forward: ⟨x⟩, then the variance about it, in double; u and 1/σ are kept, and serve everything below
 *    (with ε the mean of u² is not 1: no formula uses it).
 * 2. Tangent: σ' = ⟨u∘x'⟩ (from 2σσ' = 2⟨(x - ⟨x⟩)∘x'⟩) and so
 *        u' = (x' - ⟨x'⟩ - u ⟨u∘x'⟩) / σ,    y' = s∘u' + s'∘u + t'.
 * 3. Backward: a_u = s∘a_y; the map x' -> u' is symmetric, so it is its own transpose:
 *        a_x = (a_u - ⟨a_u⟩ - u m) / σ,   m = ⟨u∘a_u⟩;    a_s = Σ a_y∘u,    a_t = Σ a_y.
 * 4. Backward differentiated along (x', s', a_y'), with a_u' = s∘a_y' + s'∘a_y:
 *        a_x' = (a_u' - ⟨a_u'⟩ - u' m - u m' - σ' a_x) / σ,
 *        m'   = ⟨u'∘a_u⟩ + ⟨u∘a_u'⟩,   ⟨u'∘a_u⟩ = (⟨x'∘a_u⟩ - ⟨x'⟩⟨a_u⟩ - σ' m) / σ;
 *        a_s' = Σ a_y'∘u + a_y∘u',     a_t' = Σ a_y'.
 *    The last identity puts u' in; so all seven means come from one pass over x', a_y, a_y' and u.
 *
 * Stored statistics are the same with every mean left out: u' = x'/σ, a_x = a_u/σ, a_x' = a_u'/σ.
 *
 * A frozen point keeps u, 1/σ and a_y (not a_y of a constant scale on stored statistics). Sets through all
 * samples leave out the last group's empty lanes, in means of x' as in those of x; adjoints are 0 there, and
 * the adjoints made here are set to 0.
 */
#include <string.h>

#include "engine/kernels/normalise_lanes.h"
#include "engine/kernels/normalise_sets.h"

static const basin_slot *entry_slot(const basin_node *node, size_t input)
{
    return node_has(node, input) ? NODE_INPUT(node, input) : NULL;
}

static const real *value_from(const basin_slot *slot, const extent *e)
{
    return slot != NULL ? slot->v + e->entry : NULL;
}

static const real *tangent_from(const basin_slot *slot, const extent *e, size_t j)
{
    return slot != NULL && slot->degree > 0 ? slot->d + j * slot->width + e->entry : NULL;
}

/* ---------------------------------------------------------------------------------------- what is kept -- */

/* work: 1/σ of each set (of each sample's sets after u); u, in the layout of x. */
static real *kept_u(const basin_node *node)
{
    return node->work + node->work_fixed;
}

static real *kept_inverse(const basin_node *node, const extent *e, size_t b)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X);

    if (norm->statistics != BASIN_NORM_OF_SAMPLE) return node->work + e->set;
    return node->work + slot_rows(x, b) * slot_stride(x) + (e->row * norm->sets + e->set) * x->lanes;
}

static statistic inverse_of(const basin_node *node, const extent *e, size_t b)
{
    const real *kept = kept_inverse(node, e, b);
    const bool  single =
        e->across_lanes || ((const basin_norm_sets *)node->facts)->statistics == BASIN_NORM_STORED;
    statistic inverse;

    for (size_t l = 0; l < BASIN_LANES; l++) inverse.v[l] = (double)kept[single ? 0 : l];
    return inverse;
}

static void keep_inverse(const basin_node *node, const extent *e, size_t b, const statistic *inverse)
{
    real        *kept = kept_inverse(node, e, b);
    const size_t count =
        ((const basin_norm_sets *)node->facts)->statistics == BASIN_NORM_OF_SAMPLE ? e->lanes : 1;

    for (size_t l = 0; l < count; l++) kept[l] = (real)inverse->v[l];
}

/* Every lane has statistics of its own. */
static bool in_lanes(const basin_node *node)
{
    return ((const basin_norm_sets *)node->facts)->statistics == BASIN_NORM_OF_SAMPLE &&
           NODE_INPUT(node, NORM_X)->lanes == BASIN_LANES;
}

basin_status basin_norm_infer(basin_node *node, const basin_norm_sets *norm, const size_t *shape, size_t rank)
{
    basin_status     st = BASIN_OK;
    basin_slot      *x = NODE_INPUT(node, NORM_X);
    basin_norm_sets *facts = NULL;

    if (!(norm->epsilon >= 0.0) || !isfinite(norm->epsilon))
        return basin_node_fail(node, BASIN_ERR_VALUE, "epsilon = %g", norm->epsilon);
    for (size_t i = NORM_SCALE; i <= NORM_SHIFT; i++) {
        if (!node_has(node, i)) continue;
        const basin_slot *slot = NODE_INPUT(node, i);
        if (slot->batched)
            return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "%s %s depends on the input",
                                   i == NORM_SCALE ? "scale" : "shift", slot->name);
        if (!basin_shape_equal(slot->shape, slot->rank, shape, rank))
            return basin_node_fail(node, BASIN_ERR_SHAPE, "%s %s for an input %s: expected %s", slot->name,
                                   BASIN_SHAPE_TEXT(slot->shape, slot->rank),
                                   BASIN_SHAPE_TEXT(x->shape, x->rank), BASIN_SHAPE_TEXT(shape, rank));
        /* products read it, wherever it was computed */
        if (i == NORM_SCALE) NODE_INPUT(node, i)->keep_value = true;
        basin_node_role(node, i, i == NORM_SCALE ? BASIN_ROLE_NORM_SCALE : BASIN_ROLE_NORM_SHIFT, 0, 1);
    }
    BASIN_TRY(basin_node_facts(node, sizeof *facts, &facts));
    *facts = *norm;
    node->work_width = x->width + (norm->statistics == BASIN_NORM_OF_SAMPLE ? norm->sets : 0);
    node->work_fixed = norm->statistics == BASIN_NORM_OF_SAMPLE ? 0 : norm->sets;
    node->temp_size = in_lanes(node) ? basin_norm_lanes_temp(norm) + norm->members * BASIN_LANES
                                     : 3 * norm->members * x->lanes;
    NODE_OUTPUT(node)->keep_adjoint =
        x->degree > 0 && (norm->statistics != BASIN_NORM_STORED ||
                          (node_has(node, NORM_SCALE) && NODE_INPUT(node, NORM_SCALE)->degree > 0));
    BASIN_TRY(basin_infer_same(node));
done:
    return st;
}

/* ---------------------------------------------------------------------------------- the four functions -- */

static void statistics_of(const basin_node *node, const extent *e, statistic *mean, statistic *inverse)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X);
    const bool             stored = norm->statistics == BASIN_NORM_STORED;

    *mean = *inverse = (statistic){{0.0}};
    for (size_t row = e->row; !stored && row < e->end; row++)
        add_sum(x->v + place(x, e, row, 1, 0), e, row, mean);
    sum_to_mean(e, mean);
    for (size_t row = e->row; !stored && row < e->end; row++)
        add_square(x->v + place(x, e, row, 1, 0), mean, e, row, inverse);
    sum_to_mean(e, inverse);
    for (size_t l = 0; l < BASIN_LANES; l++) {
        if (stored) mean->v[l] = (double)NODE_INPUT(node, NORM_MEAN)->v[e->set];
        inverse->v[l] =
            1.0 / sqrt((stored ? (double)NODE_INPUT(node, NORM_VARIANCE)->v[e->set] : inverse->v[l]) +
                       norm->epsilon);
    }
}

double basin_norm_moments(const basin_node *node, size_t b, double *mean, double *m2)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X);
    double                 count = 0.0;

    for (size_t set = 0; set < norm->sets; set++) {
        const extent e = extent_in(node, b, true, set);
        statistic    about = {{0.0}}, sum = {{0.0}};
        for (size_t row = 0; row < e.end; row++) add_sum(x->v + place(x, &e, row, 1, 0), &e, row, &about);
        sum_to_mean(&e, &about);
        for (size_t row = 0; row < e.end; row++)
            add_square(x->v + place(x, &e, row, 1, 0), &about, &e, row, &sum);
        sum_to_mean(&e, &sum);
        count = e.count;
        mean[set] = about.v[0];
        m2[set] = sum.v[0] * count;
    }
    return count;
}

void basin_norm_forward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE),
                     *t = entry_slot(node, NORM_SHIFT);
    /* a slice takes tangents of affine nodes */
    const bool keep = mode >= BASIN_MODE_GRADIENT || (y->degree == 1 && node->work != NULL);
    real      *u = keep ? kept_u(node) : y->v;

    if (in_lanes(node)) {
        basin_norm_lanes_forward(node, b, mode);
        return;
    }
    for (size_t number = 0; number < set_count(norm, slot_rows(x, b)); number++) {
        const extent e = extent_of(node, b, number);
        statistic    mean, inverse;
        statistics_of(node, &e, &mean, &inverse);
        if (keep) keep_inverse(node, &e, b, &inverse);
        for (size_t row = e.row; row < e.end; row++) {
            const size_t at = place(x, &e, row, 1, 0);
            const real  *from = x->v + at;
            real        *to = u + at;
            EACH_NUMBER(e.n, BASIN_LANES, to[i] = (real)(((double)from[i] - mean.v[l]) * inverse.v[l]))
            combine(value_from(s, &e), to, NULL, NULL, value_from(t, &e), norm->channels, e.span, y->v + at);
        }
    }
}

/* ⟨a_u⟩ and m = ⟨u∘a_u⟩; 0 for stored statistics. */
static void adjoint_means(const basin_node *node, const extent *e, statistic *mean, statistic *m)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE);
    real                  *au = node->temp;

    *mean = *m = (statistic){{0.0}};
    if (norm->statistics == BASIN_NORM_STORED) return;
    for (size_t row = e->row; row < e->end; row++) {
        const size_t at = place(y, e, row, 1, 0);
        combine(value_from(s, e), y->a + at, NULL, NULL, NULL, norm->channels, e->span, au);
        add_sum(au, e, row, mean);
        add_product(au, kept_u(node) + at, e, row, m);
    }
    sum_to_mean(e, mean);
    sum_to_mean(e, m);
}

static void set_input_adjoint(basin_node *node, const extent *e, size_t b)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE);
    const statistic   inverse = inverse_of(node, e, b);
    statistic         mean, m;
    real             *au = node->temp;

    adjoint_means(node, e, &mean, &m);
    for (size_t row = e->row; row < e->end; row++) {
        const size_t at = place(x, e, row, 1, 0);
        const real  *u = kept_u(node) + at;
        combine(value_from(s, e), y->a + at, NULL, NULL, NULL, norm->channels, e->span, au);
        jacobian_times(au, u, e, &inverse, &mean, &m, au);
        hand_over(au, e, row, node->accumulate[NORM_X], x->a + at);
    }
}

void basin_norm_backward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE),
                     *t = entry_slot(node, NORM_SHIFT);

    (void)mode;
    if (in_lanes(node)) {
        basin_norm_lanes_backward(node, b);
        return;
    }
    for (size_t number = 0; number < set_count(norm, slot_rows(x, b)); number++) {
        const extent e = extent_of(node, b, number);
        if (x->degree > 0) set_input_adjoint(node, &e, b);
        for (size_t row = e.row; row < e.end; row++) {
            const size_t at = place(y, &e, row, 1, 0);
            if (s != NULL && s->degree > 0)
                collect(y->a + at, kept_u(node) + at, norm->channels, e.span, s->a + e.entry);
            if (t != NULL && t->degree > 0) collect(y->a + at, NULL, norm->channels, e.span, t->a + e.entry);
        }
    }
}

/* ⟨x'⟩ and σ' = ⟨u∘x'⟩ along vector j; 0 for stored statistics and for a constant input. */
static void tangent_means(const basin_node *node, const extent *e, size_t k, size_t j, statistic *mean,
                          statistic *sigma_dot)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X);

    *mean = *sigma_dot = (statistic){{0.0}};
    if (norm->statistics == BASIN_NORM_STORED || x->degree == 0) return;
    for (size_t row = e->row; row < e->end; row++) {
        const real *d = x->d + place(x, e, row, k, j);
        add_sum(d, e, row, mean);
        add_product(d, kept_u(node) + place(x, e, row, 1, 0), e, row, sigma_dot);
    }
    sum_to_mean(e, mean);
    sum_to_mean(e, sigma_dot);
}

void basin_norm_forward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE),
                     *t = entry_slot(node, NORM_SHIFT);
    statistic mean, sigma_dot;

    if (in_lanes(node)) {
        basin_norm_lanes_forward_dot(node, b, k);
        return;
    }
    for (size_t number = 0; number < set_count(norm, slot_rows(x, b)); number++) {
        const extent    e = extent_of(node, b, number);
        const statistic inverse = inverse_of(node, &e, b);
        for (size_t j = 0; j < k; j++) {
            tangent_means(node, &e, k, j, &mean, &sigma_dot);
            for (size_t row = e.row; row < e.end; row++) {
                const real *u = kept_u(node) + place(x, &e, row, 1, 0);
                real       *to = y->d + place(y, &e, row, k, j);
                if (x->degree > 0)
                    jacobian_times(x->d + place(x, &e, row, k, j), u, &e, &inverse, &mean, &sigma_dot, to);
                else
                    memset(to, 0, e.n * sizeof *to);
                combine(value_from(s, &e), to, tangent_from(s, &e, j), u, tangent_from(t, &e, j),
                        norm->channels, e.span, to);
            }
        }
    }
}

/* What backward_dot needs along one vector: ⟨x'⟩, σ'; ⟨a_u'⟩ and m'. All 0 for stored statistics. */
typedef struct dot_means {
    statistic x, sigma, au, m;
} dot_means;

static void dot_means_of(const basin_node *node, const extent *e, size_t k, size_t j,
                         const statistic *inverse, const statistic *au_mean, const statistic *m,
                         dot_means *out)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE);
    real             *au = node->temp, *au_dot = au + e->n;
    statistic         cross = {{0.0}}; /* ⟨x'∘a_u⟩ */

    *out = (dot_means){.x = {{0.0}}};
    if (norm->statistics == BASIN_NORM_STORED) return;
    tangent_means(node, e, k, j, &out->x, &out->sigma);
    for (size_t row = e->row; row < e->end; row++) {
        const size_t at = place(y, e, row, 1, 0), dot = place(y, e, row, k, j);
        combine(value_from(s, e), y->a + at, NULL, NULL, NULL, norm->channels, e->span, au);
        combine(value_from(s, e), y->ad + dot, tangent_from(s, e, j), y->a + at, NULL, norm->channels,
                e->span, au_dot);
        add_product(x->d + dot, au, e, row, &cross);
        add_sum(au_dot, e, row, &out->au);
        add_product(au_dot, kept_u(node) + at, e, row, &out->m);
    }
    sum_to_mean(e, &cross);
    sum_to_mean(e, &out->au);
    sum_to_mean(e, &out->m);
    for (size_t l = 0; l < BASIN_LANES; l++)
        out->m.v[l] += (cross.v[l] - out->x.v[l] * au_mean->v[l] - out->sigma.v[l] * m->v[l]) * inverse->v[l];
}

/* a_x' along vector j. */
static void set_input_dot(basin_node *node, const extent *e, size_t k, size_t j, const statistic *inverse,
                          const statistic *au_mean, const statistic *m)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE);
    real             *au = node->temp, *au_dot = au + e->n, *u_dot = au_dot + e->n;
    dot_means         means;

    dot_means_of(node, e, k, j, inverse, au_mean, m, &means);
    for (size_t row = e->row; row < e->end; row++) {
        const size_t at = place(x, e, row, 1, 0), dot = place(x, e, row, k, j);
        const real  *u = kept_u(node) + at;
        combine(value_from(s, e), y->ad + dot, tangent_from(s, e, j),
                s != NULL && s->degree > 0 ? y->a + at : NULL, NULL, norm->channels, e->span, au_dot);
        if (norm->statistics == BASIN_NORM_STORED) {
            EACH_NUMBER(e->n, BASIN_LANES, au_dot[i] *= (real)inverse->v[l])
        } else {
            combine(value_from(s, e), y->a + at, NULL, NULL, NULL, norm->channels, e->span, au);
            jacobian_times(x->d + dot, u, e, inverse, &means.x, &means.sigma, u_dot);
            EACH_NUMBER(e->n, BASIN_LANES,
                        const real ax =
                            (real)inverse->v[l] * (au[i] - (real)au_mean->v[l] - u[i] * (real)m->v[l]);
                        au_dot[i] = (real)inverse->v[l] *
                                    (au_dot[i] - (real)means.au.v[l] - u_dot[i] * (real)m->v[l] -
                                     u[i] * (real)means.m.v[l] - (real)means.sigma.v[l] * ax))
        }
        hand_over(au_dot, e, row, node->accumulate[NORM_X], x->ad + dot);
    }
}

/* a_s' and a_t' along vector j. */
static void collect_dot(basin_node *node, const extent *e, size_t k, size_t j, const statistic *inverse)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node), *s = entry_slot(node, NORM_SCALE),
                     *t = entry_slot(node, NORM_SHIFT);
    const bool curved = s != NULL && s->degree > 0 && x->degree > 0;
    real      *u_dot = node->temp;
    statistic  mean, sigma_dot;

    if (curved) tangent_means(node, e, k, j, &mean, &sigma_dot);
    for (size_t row = e->row; row < e->end; row++) {
        const size_t at = place(x, e, row, 1, 0), dot = place(x, e, row, k, j);
        const real  *u = kept_u(node) + at;
        if (s != NULL && s->degree > 0)
            collect(y->ad + dot, u, norm->channels, e->span, s->ad + j * s->width + e->entry);
        if (t != NULL && t->degree > 0)
            collect(y->ad + dot, NULL, norm->channels, e->span, t->ad + j * t->width + e->entry);
        if (!curved) continue;
        jacobian_times(x->d + dot, u, e, inverse, &mean, &sigma_dot, u_dot);
        collect(y->a + at, u_dot, norm->channels, e->span, s->ad + j * s->width + e->entry);
    }
}

void basin_norm_backward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X);

    if (in_lanes(node)) {
        basin_norm_lanes_backward_dot(node, b, k);
        return;
    }
    for (size_t number = 0; number < set_count(node->facts, slot_rows(x, b)); number++) {
        const extent    e = extent_of(node, b, number);
        const statistic inverse = inverse_of(node, &e, b);
        statistic       mean, m;
        if (x->degree > 0) adjoint_means(node, &e, &mean, &m);
        for (size_t j = 0; j < k; j++) {
            if (x->degree > 0) set_input_dot(node, &e, k, j, &inverse, &mean, &m);
            collect_dot(node, &e, k, j, &inverse);
        }
    }
}
