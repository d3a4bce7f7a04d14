/* Sets of numbers that are normalised together: where they lie in a tensor, their sums and means in
 * double, and the scale and shift that each number of a set has. Small functions over rows, for
 * normalise.c.
 */
#ifndef BASIN_ENGINE_KERNELS_NORMALISE_SETS_H
#define BASIN_ENGINE_KERNELS_NORMALISE_SETS_H

#include <string.h>

#include "engine/kernels/normalise.h"

/* Statistics of a set: one a lane, or BASIN_LANES times the same. */
typedef struct statistic {
    double v[BASIN_LANES];
} statistic;

/* Where a set lies: rows [row, end) of x, in each of them the n numbers from `at` on. */
typedef struct extent {
    size_t row, end, at, n;
    size_t set, entry; /* its first entry of scale and shift */
    size_t span;       /* numbers that one entry serves */
    size_t lanes, b;
    bool   across_lanes; /* one statistic for all lanes */
    double count;        /* M */
} extent;

/* Numbers 0 … n - 1 with their statistic's place l, of each group of BASIN_LANES the first
   `valid`. */
#define EACH_NUMBER(n, valid, statement)                        \
    for (size_t first = 0; first < (n); first += BASIN_LANES) { \
        const size_t many = basin_least((n)-first, valid);      \
        if (many == BASIN_LANES)                                \
            for (size_t l = 0; l < BASIN_LANES; l++) {          \
                const size_t i = first + l;                     \
                statement;                                      \
            }                                                   \
        else                                                    \
            for (size_t l = 0; l < many; l++) {                 \
                const size_t i = first + l;                     \
                statement;                                      \
            }                                                   \
    }

/* -------------------------------------------------------------------------------------- sets -- */

static inline size_t set_count(const basin_norm_sets *norm, size_t rows)
{
    return norm->statistics == BASIN_NORM_OF_BATCH ? norm->sets : norm->sets * rows;
}

static inline extent extent_in(const basin_node *node, size_t b, bool pooled, size_t number)
{
    const basin_norm_sets *norm = node->facts;
    const basin_slot      *x = NODE_INPUT(node, NORM_X);
    const size_t           set = pooled ? number : number % norm->sets;
    const size_t           row = pooled ? 0 : number / norm->sets;

    return (extent){
        .row = row,
        .end = pooled ? slot_rows(x, b) : row + 1,
        .at = set * norm->members * x->lanes,
        .n = norm->members * x->lanes,
        .set = set,
        .entry = set * norm->channels % norm->entries,
        .span = norm->members / norm->channels * x->lanes,
        .lanes = x->lanes,
        .b = b,
        .across_lanes = pooled || x->lanes == 1,
        .count = (double)norm->members * (pooled ? (double)b : 1.0),
    };
}

static inline extent extent_of(const basin_node *node, size_t b, size_t number)
{
    return extent_in(
        node, b, ((const basin_norm_sets *)node->facts)->statistics == BASIN_NORM_OF_BATCH, number);
}

/* Lanes of the row that hold samples; where every lane is a set of its own, the empty ones do no
   harm. */
static inline size_t valid_lanes(const extent *e, size_t row)
{
    return e->lanes > 1 && e->across_lanes ? basin_least(BASIN_LANES, e->b - row * e->lanes)
                                           : BASIN_LANES;
}

/* The set's numbers in row `row`, vector j of k. */
static inline size_t place(const basin_slot *x, const extent *e, size_t row, size_t k, size_t j)
{
    return (row * k + j) * slot_stride(x) + e->at;
}

static inline void add_sum(const real *x, const extent *e, size_t row, statistic *sum)
{
    EACH_NUMBER(e->n, valid_lanes(e, row), sum->v[l] += (double)x[i])
}

static inline void add_product(const real *x, const real *y, const extent *e, size_t row,
                               statistic *sum)
{
    EACH_NUMBER(e->n, valid_lanes(e, row), sum->v[l] += (double)x[i] * (double)y[i])
}

static inline void add_square(const real *x, const statistic *mean, const extent *e, size_t row,
                              statistic *sum)
{
    EACH_NUMBER(e->n, valid_lanes(e, row),
                sum->v[l] += ((double)x[i] - mean->v[l]) * ((double)x[i] - mean->v[l]))
}

static inline void sum_to_mean(const extent *e, statistic *sum)
{
    double total = 0.0;

    for (size_t l = 0; l < BASIN_LANES; l++) total += sum->v[l];
    for (size_t l = 0; l < BASIN_LANES; l++)
        sum->v[l] = (e->across_lanes ? total : sum->v[l]) / e->count;
}

/* Rounded once a set, not once a number. */
typedef struct rounded {
    real v[BASIN_LANES];
} rounded;

static inline rounded round_of(const statistic *from)
{
    rounded to;

    for (size_t l = 0; l < BASIN_LANES; l++) to.v[l] = (real)from->v[l];
    return to;
}

/* to (+)= from; empty lanes of an adjoint stay 0. */
static inline void hand_over(const real *from, const extent *e, size_t row, bool add, real *to)
{
    const size_t valid = valid_lanes(e, row);

    if (!add && valid < BASIN_LANES) memset(to, 0, e->n * sizeof *to);
    if (add)
        EACH_NUMBER(e->n, valid, to[i] += from[i])
    else
        EACH_NUMBER(e->n, valid, to[i] = from[i])
}

/* out = (d - mean - u m)/σ in one row: u' of x', and a_x of a_u; out may be d. */
static inline void jacobian_times(const real *d, const real *u, const extent *e,
                                  const statistic *inverse, const statistic *mean,
                                  const statistic *m, real *out)
{
    const rounded scale = round_of(inverse), shift = round_of(mean), slope = round_of(m);

    EACH_NUMBER(e->n, BASIN_LANES, out[i] = scale.v[l] * (d[i] - shift.v[l] - u[i] * slope.v[l]))
}

/* --------------------------------------------------------------------------- scale and shift -- */

/* y = s∘p + r∘q + t over `count` entries of `span` numbers each; s = NULL is 1, r and t = NULL are
   0; y may be p. */
static inline void combine(const real *s, const real *p, const real *r, const real *q,
                           const real *t, size_t count, size_t span, real *y)
{
    if (span == 1) {
        for (size_t c = 0; c < count; c++) y[c] = s != NULL ? s[c] * p[c] : p[c];
        for (size_t c = 0; r != NULL && c < count; c++) y[c] += r[c] * q[c];
        for (size_t c = 0; t != NULL && c < count; c++) y[c] += t[c];
        return;
    }
    for (size_t c = 0; c < count; c++, p += span, y += span) {
        const real scale = s != NULL ? s[c] : 1, shift = t != NULL ? t[c] : 0;
        if (r == NULL)
            for (size_t l = 0; l < span; l++) y[l] = scale * p[l] + shift;
        else
            for (size_t l = 0; l < span; l++) y[l] = scale * p[l] + r[c] * q[c * span + l] + shift;
    }
}

/* to[c] += Σ a∘u over the numbers that entry c serves; u = NULL is 1. */
static inline void collect(const real *a, const real *u, size_t count, size_t span, real *to)
{
    if (span == 1) {
        for (size_t c = 0; c < count; c++) to[c] += u != NULL ? a[c] * u[c] : a[c];
        return;
    }
    for (size_t c = 0; c < count; c++, a += span) {
        double sum[BASIN_LANES] = {0.0}, total = 0.0;
        if (u != NULL)
            EACH_NUMBER(span, BASIN_LANES, sum[l] += (double)a[i] * (double)u[c * span + i])
        else
            EACH_NUMBER(span, BASIN_LANES, sum[l] += (double)a[i])
        for (size_t l = 0; l < BASIN_LANES; l++) total += sum[l];
        to[c] += (real)total;
    }
}

#endif
