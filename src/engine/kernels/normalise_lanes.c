/* The formulas of normalise.c for sets that lie in one sample, with the samples in lanes: every set is M
 * vectors, its statistics are vectors, and scale and shift are one number for each vector. One pass over a
 * set takes all means, one more uses them.
 *
 * Sums are short ones in the engine's precision, joined in double, so the error of a mean does not grow with
 * M. The mean of x is taken about x's first element, and x - ⟨x⟩ subtracts ⟨x⟩ in two parts: a set far from 0
 * loses no digits in single precision.
 *
 * Sums for scale and shift stay in lanes until the last set.
 */
#include "engine/kernels/normalise_lanes.h"

#include <string.h>

#include "engine/kernels/vector.h"

enum { SHORT = 32, MOST_MEANS = 5 };

/* One part of the lanes of a set of one group of samples. What it reads and writes is NULL where there is
   none. */
typedef struct set {
    size_t      members, span; /* elements; of them so many in a row have one scale */
    size_t      row, at;       /* where it starts in a row of x */
    size_t      entry;         /* its first scale */
    const real *scale, *shift;
    real       *u, *inverse;
} set;

static const real *entries_of(const basin_node *node, size_t input, size_t entry)
{
    return node_has(node, input) ? NODE_INPUT(node, input)->v + entry : NULL;
}

static const real *tangents_of(const basin_node *node, size_t input, size_t entry, size_t j)
{
    if (!node_has(node, input) || NODE_INPUT(node, input)->degree == 0) return NULL;
    return NODE_INPUT(node, input)->d + j * NODE_INPUT(node, input)->width + entry;
}

static size_t set_count(const basin_node *node, size_t b)
{
    return ((const basin_norm_sets *)node->facts)->sets * slot_rows(NODE_INPUT(node, NORM_X), b);
}

static set set_of(const basin_node *node, size_t b, size_t number, size_t part)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X);
    const size_t           place = number % norm->sets, entry = place * norm->channels % norm->entries;
    set                    s = {.members = norm->members,
                                .span = norm->members / norm->channels,
                                .row = number / norm->sets,
                                .entry = entry};

    s.at = place * norm->members * BASIN_LANES + part;
    s.scale = entries_of(node, NORM_SCALE, entry);
    s.shift = entries_of(node, NORM_SHIFT, entry);
    s.u = node->work + s.row * slot_stride(x) + s.at;
    s.inverse = node->work + slot_rows(x, b) * slot_stride(x) + number * BASIN_LANES + part;
    return s;
}

/* The set in one role of x or y, of vector j of k. */
static real *role_of(const basin_slot *slot, real *role, const set *s, size_t k, size_t j)
{
    return role + (s->row * k + j) * slot_stride(slot) + s->at;
}

/* ----------------------------------------------------------------------------------------------- means -- */

typedef struct means {
    double v[MOST_MEANS][VECTOR];
} means;

INLINE void add_short(means *to, size_t which, vector sum)
{
    real numbers[VECTOR];

    memcpy(numbers, &sum, sizeof sum);
    for (size_t l = 0; l < VECTOR; l++) to->v[which][l] += (double)numbers[l];
}

INLINE vector mean_of(const means *from, size_t which, size_t members)
{
    real   numbers[VECTOR];
    vector mean;

    for (size_t l = 0; l < VECTOR; l++) numbers[l] = (real)(from->v[which][l] / (double)members);
    memcpy(&mean, numbers, sizeof mean);
    return mean;
}

/* Elements in short sums, i from `first` to below `last`, each with its entry c. */
#define EACH_SHORT(s)                          \
    for (size_t first = 0, last, c = 0, e = 0; \
         last = (s)->members - first < SHORT ? (s)->members : first + SHORT, first < last; first = last)
#define EACH_ELEMENT(s)                                          \
    for (size_t i = first * BASIN_LANES; i < last * BASIN_LANES; \
         i += BASIN_LANES, ++e == (s)->span ? (void)(e = 0, c++) : (void)0)

INLINE vector times_entry(const real *entries, size_t c, vector value)
{
    if (entries != NULL) value *= entries[c];
    return value;
}

/* ⟨x⟩ in two parts, and 1/σ. */
INLINE void statistics(const set *s, double epsilon, const real *x, vector *mean, vector *rest,
                       vector *inverse)
{
    const vector origin = vector_load(x);
    means        m = {{{0.0}}};
    real         high[VECTOR], low[VECTOR], root[VECTOR];

    EACH_SHORT(s)
    {
        vector sum = {0};
        EACH_ELEMENT(s) sum += vector_load(x + i) - origin;
        add_short(&m, 0, sum);
    }
    for (size_t l = 0; l < VECTOR; l++) {
        const double exact = (double)origin[l] + m.v[0][l] / (double)s->members;
        high[l] = (real)exact;
        low[l] = (real)(exact - (double)high[l]);
    }
    memcpy(mean, high, sizeof high);
    memcpy(rest, low, sizeof low);
    EACH_SHORT(s)
    {
        vector sum = {0};
        EACH_ELEMENT(s)
        {
            const vector centred = vector_load(x + i) - *mean - *rest;
            sum += centred * centred;
        }
        add_short(&m, 1, sum);
    }
    for (size_t l = 0; l < VECTOR; l++)
        root[l] = (real)(1.0 / sqrt(m.v[1][l] / (double)s->members + epsilon));
    memcpy(inverse, root, sizeof root);
}

/* ⟨a_u⟩ and m = ⟨u∘a_u⟩. */
INLINE void adjoint_means(const set *s, const real *a, vector *mean, vector *m)
{
    means sums = {{{0.0}}};

    EACH_SHORT(s)
    {
        vector sum = {0}, product = {0};
        EACH_ELEMENT(s)
        {
            const vector au = times_entry(s->scale, c, vector_load(a + i));
            sum += au;
            product += au * vector_load(s->u + i);
        }
        add_short(&sums, 0, sum);
        add_short(&sums, 1, product);
    }
    *mean = mean_of(&sums, 0, s->members);
    *m = mean_of(&sums, 1, s->members);
}

/* ⟨x'⟩ and σ' = ⟨u∘x'⟩. */
INLINE void tangent_means(const set *s, const real *d, vector *mean, vector *sigma)
{
    means sums = {{{0.0}}};

    EACH_SHORT(s)
    {
        vector sum = {0}, product = {0};
        EACH_ELEMENT(s)
        {
            sum += vector_load(d + i);
            product += vector_load(d + i) * vector_load(s->u + i);
        }
        add_short(&sums, 0, sum);
        add_short(&sums, 1, product);
    }
    *mean = mean_of(&sums, 0, s->members);
    *sigma = mean_of(&sums, 1, s->members);
}

/* ---------------------------------------------------------------------------- sums for scale and shift -- */

size_t basin_norm_lanes_temp(const basin_norm_sets *norm)
{
    return 2 * norm->entries * BASIN_LANES;
}

typedef struct collected { /* [entries, lanes] each; NULL where nothing depends on theta */
    real *scale, *shift;
} collected;

static collected start_sums(const basin_node *node)
{
    const size_t n = ((const basin_norm_sets *)node->facts)->entries * BASIN_LANES;
    collected    sums = {node->temp, node->temp + n};

    if (!node_has(node, NORM_SCALE) || NODE_INPUT(node, NORM_SCALE)->degree == 0) sums.scale = NULL;
    if (!node_has(node, NORM_SHIFT) || NODE_INPUT(node, NORM_SHIFT)->degree == 0) sums.shift = NULL;
    memset(node->temp, 0, 2 * n * sizeof *node->temp);
    return sums;
}

static void hand_in(const real *sums, size_t entries, real *to)
{
    for (size_t c = 0; sums != NULL && c < entries; c++, sums += BASIN_LANES) {
        double total = 0.0;
        for (size_t l = 0; l < BASIN_LANES; l++) total += (double)sums[l];
        to[c] += (real)total;
    }
}

static void finish_sums(const basin_node *node, const collected *sums, bool dot, size_t j)
{
    const size_t entries = ((const basin_norm_sets *)node->facts)->entries;

    if (sums->scale != NULL) {
        const basin_slot *s = NODE_INPUT(node, NORM_SCALE);
        hand_in(sums->scale, entries, dot ? s->ad + j * s->width : s->a);
    }
    if (sums->shift != NULL) {
        const basin_slot *t = NODE_INPUT(node, NORM_SHIFT);
        hand_in(sums->shift, entries, dot ? t->ad + j * t->width : t->a);
    }
}

/* The set's sums so far at entry c. */
INLINE void add_at(real *sums, size_t entry, size_t part, vector value)
{
    real *to = sums + entry * BASIN_LANES + part;
    vector_store(to, vector_load(to) + value);
}

/* Σ a∘u and Σ a of each entry, where there is room for them. */
INLINE void collect(const set *s, const real *a, const real *u, size_t part, real *products, real *plain)
{
    EACH_SHORT(s)
    {
        vector product = {0}, sum = {0};
        size_t entry = c;
        EACH_ELEMENT(s)
        {
            if (entry != c) {
                if (products != NULL) add_at(products, s->entry + entry, part, product);
                if (plain != NULL) add_at(plain, s->entry + entry, part, sum);
                product = sum = (vector){0};
                entry = c;
            }
            product += vector_load(a + i) * vector_load(u + i);
            sum += vector_load(a + i);
        }
        if (products != NULL) add_at(products, s->entry + entry, part, product);
        if (plain != NULL) add_at(plain, s->entry + entry, part, sum);
    }
}

/* ---------------------------------------------------------------------------------- the four functions -- */

void basin_norm_lanes_forward(basin_node *node, size_t b, basin_mode mode)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node);
    /* a slice takes tangents of affine nodes */
    const bool keep = mode >= BASIN_MODE_GRADIENT || (y->degree == 1 && node->work != NULL);

    for (size_t number = 0; number < set_count(node, b); number++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const set   s = set_of(node, b, number, part);
            const real *from = role_of(x, x->v, &s, 1, 0);
            real       *to = role_of(y, y->v, &s, 1, 0);
            vector      mean, rest, inverse;
            statistics(&s, norm->epsilon, from, &mean, &rest, &inverse);
            if (keep) vector_store(s.inverse, inverse);
            EACH_SHORT(&s) EACH_ELEMENT(&s)
            {
                const vector u = (vector_load(from + i) - mean - rest) * inverse;
                vector       value = times_entry(s.scale, c, u);
                if (keep) vector_store(s.u + i, u);
                if (s.shift != NULL) value += s.shift[c];
                vector_store(to + i, value);
            }
        }
}

void basin_norm_lanes_backward(basin_node *node, size_t b)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node);
    const collected   sums = start_sums(node);

    for (size_t number = 0; number < set_count(node, b); number++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const set   s = set_of(node, b, number, part);
            const real *a = role_of(y, y->a, &s, 1, 0);
            vector      mean, m;
            if (sums.scale != NULL || sums.shift != NULL) collect(&s, a, s.u, part, sums.scale, sums.shift);
            if (x->degree == 0) continue;
            real        *to = role_of(x, x->a, &s, 1, 0);
            const vector inverse = vector_load(s.inverse);
            adjoint_means(&s, a, &mean, &m);
            EACH_SHORT(&s) EACH_ELEMENT(&s)
            {
                vector value =
                    inverse * (times_entry(s.scale, c, vector_load(a + i)) - mean - vector_load(s.u + i) * m);
                if (node->accumulate[NORM_X]) value += vector_load(to + i);
                vector_store(to + i, value);
            }
        }
    finish_sums(node, &sums, false, 0);
}

void basin_norm_lanes_forward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node);

    for (size_t number = 0; number < set_count(node, b) * k; number++)
        for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
            const size_t j = number % k;
            const set    s = set_of(node, b, number / k, part);
            const real  *scale_dot = tangents_of(node, NORM_SCALE, s.entry, j);
            const real  *shift_dot = tangents_of(node, NORM_SHIFT, s.entry, j);
            const real  *d = x->degree > 0 ? role_of(x, x->d, &s, k, j) : NULL;
            real        *to = role_of(y, y->d, &s, k, j);
            const vector inverse = vector_load(s.inverse);
            vector       mean, sigma;
            if (d != NULL) tangent_means(&s, d, &mean, &sigma);
            EACH_SHORT(&s) EACH_ELEMENT(&s)
            {
                const vector u = vector_load(s.u + i);
                vector       value = {0};
                if (d != NULL)
                    value = times_entry(s.scale, c, inverse * (vector_load(d + i) - mean - u * sigma));
                if (scale_dot != NULL) value += scale_dot[c] * u;
                if (shift_dot != NULL) value += shift_dot[c];
                vector_store(to + i, value);
            }
        }
}

/* What a set's a_x' reads along one vector. */
typedef struct reading {
    const real *d, *a, *ad, *scale_dot;
} reading;

/* a_u' = s∘a' + s'∘a */
INLINE vector adjoint_dot(const set *s, const reading *r, size_t c, size_t i)
{
    vector value = times_entry(s->scale, c, vector_load(r->ad + i));

    if (r->scale_dot != NULL) value += r->scale_dot[c] * vector_load(r->a + i);
    return value;
}

typedef struct dot_means { /* ⟨x'⟩, σ', ⟨a_u⟩, m, ⟨a_u'⟩, m' */
    vector x, sigma, au, m, au_dot, m_dot;
} dot_means;

INLINE dot_means means_dot(const set *s, const reading *r)
{
    enum { X, SIGMA, CROSS, AU_DOT, M_DOT };
    means     sums = {{{0.0}}};
    dot_means to;

    EACH_SHORT(s)
    {
        vector sum[MOST_MEANS] = {{0}};
        EACH_ELEMENT(s)
        {
            const vector d = vector_load(r->d + i), u = vector_load(s->u + i),
                         au_dot = adjoint_dot(s, r, c, i);
            sum[X] += d;
            sum[SIGMA] += u * d;
            sum[CROSS] += d * times_entry(s->scale, c, vector_load(r->a + i));
            sum[AU_DOT] += au_dot;
            sum[M_DOT] += u * au_dot;
        }
        for (size_t l = 0; l < MOST_MEANS; l++) add_short(&sums, l, sum[l]);
    }
    adjoint_means(s, r->a, &to.au, &to.m);
    to.x = mean_of(&sums, X, s->members);
    to.sigma = mean_of(&sums, SIGMA, s->members);
    to.au_dot = mean_of(&sums, AU_DOT, s->members);
    to.m_dot = mean_of(&sums, M_DOT, s->members) +
               (mean_of(&sums, CROSS, s->members) - to.x * to.au - to.sigma * to.m) * vector_load(s->inverse);
    return to;
}

/* a_x'; u', which the scale's sum wants, goes to u_dot, one vector for each element. */
INLINE void input_adjoint_dot(const set *s, const reading *r, bool add, real *to, real *u_dot)
{
    const dot_means m = means_dot(s, r);
    const vector    inverse = vector_load(s->inverse);

    EACH_SHORT(s) EACH_ELEMENT(s)
    {
        const vector u = vector_load(s->u + i), moved = inverse * (vector_load(r->d + i) - m.x - u * m.sigma);
        const vector ax = inverse * (times_entry(s->scale, c, vector_load(r->a + i)) - m.au - u * m.m);
        vector       value =
            inverse * (adjoint_dot(s, r, c, i) - m.au_dot - moved * m.m - u * m.m_dot - m.sigma * ax);
        if (add) value += vector_load(to + i);
        vector_store(to + i, value);
        vector_store(u_dot + i, moved);
    }
}

void basin_norm_lanes_backward_dot(basin_node *node, size_t b, size_t k)
{
    const basin_slot *x = NODE_INPUT(node, NORM_X), *y = NODE_OUTPUT(node);

    for (size_t j = 0; j < k; j++) {
        const collected sums = start_sums(node);
        real           *u_dot = node->temp + basin_norm_lanes_temp(node->facts);
        for (size_t number = 0; number < set_count(node, b); number++)
            for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
                const set s = set_of(node, b, number, part);
                reading   r = {.ad = role_of(y, y->ad, &s, k, j),
                               .scale_dot = tangents_of(node, NORM_SCALE, s.entry, j)};
                if (sums.scale != NULL || sums.shift != NULL)
                    collect(&s, r.ad, s.u, part, sums.scale, sums.shift);
                if (x->degree == 0) continue;
                r.a = role_of(y, y->a, &s, 1, 0);
                r.d = role_of(x, x->d, &s, k, j);
                input_adjoint_dot(&s, &r, node->accumulate[NORM_X], role_of(x, x->ad, &s, k, j), u_dot);
                if (sums.scale != NULL) collect(&s, r.a, u_dot, part, sums.scale, NULL);
            }
        finish_sums(node, &sums, true, j);
    }
}
