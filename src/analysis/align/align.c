/* Weight matching: permutations of B's hidden units that bring its weights nearest to A's.
 *
 *     ‖A − B‖² = ‖A‖² + ‖B‖² − 2 ⟨A, B⟩, so nearest is the largest ⟨A, B⟩
 *
 *   1. Over all groups of units but one the product is linear in that one's permutation: unit u of A and
 *      unit u' of B have a product over everything in which the group stands, and the best permutation is
 *      an assignment.
 *   2. Groups are taken in a random order, until a whole round finds nothing better. It ends, since ⟨A, B⟩
 *      rises with each step and there are finitely many permutations; where it ends is a local optimum.
 *   3. Heads are compared by the best assignment of their columns, since a head whose columns are in
 *      another order is no worse; the columns then take it.
 *
 * A group that stands along both axes of one tensor is not linear: a step is taken only if ⟨A, B⟩ itself
 * rises. BatchNorm's statistics go with their units and are no part of the product.
 *
 * Reference: S. Ainsworth, J. Hayase, S. Srinivasa, «Git Re-Basin: merging models modulo permutation
 * symmetries», arXiv:2209.04836, algorithm 1 (PERMUTATIONCOORDINATEDESCENT).
 */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/schema.h"

#define LEAST_GAIN 1e-12 /* of ‖A‖ ‖B‖: less is rounding */

typedef struct matching {
    const basin_symmetries *symmetries;
    const basin_params     *params;
    const double           *a; /* [P] */
    double                 *b; /* [P], changed */
    basin_graph            *graph;
    double                  scale;   /* ‖A‖ ‖B‖ */
    double                  product; /* ⟨A, B⟩ */
    size_t                **origin;  /* [permutations][units] where each unit was at the start */
} matching;

/* -------------------------------------------------------------------------------------------- products -- */

/* Slabs of a tensor, one row for each of `count` indices of the axis: [count, before · behind]. */
static void take_slabs(const basin_block *block, size_t axis, const size_t *index, size_t count,
                       const double *theta, double *out)
{
    size_t before = 1, behind = 1;

    for (size_t l = 0; l < axis; l++) before *= block->shape[l];
    for (size_t l = axis + 1; l < block->rank; l++) behind *= block->shape[l];
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < before; b++, out += behind)
            memcpy(out, theta + block->offset + (b * block->shape[axis] + index[i]) * behind,
                   behind * sizeof *out);
}

/* c [rows, rows] += products of the slabs along one axis; a row of c is a unit, or with `apart` one of its
   indices. */
static basin_status add_products(const matching *m, const basin_unit_axis *axis, size_t units, bool apart,
                                 double *c)
{
    basin_status       st = BASIN_OK;
    const basin_block *block = &m->params->blocks[axis->tensor];
    const size_t       count = units * axis->each, size = block->size / block->shape[axis->axis] * count;
    const size_t       rows = apart ? count : units, width = size / rows;
    double            *of_a = NULL, *of_b = NULL;

    BASIN_ALLOC(of_a, size, "a tensor");
    BASIN_ALLOC(of_b, size, "a tensor");
    take_slabs(block, axis->axis, axis->index, count, m->a, of_a);
    take_slabs(block, axis->axis, axis->index, count, m->b, of_b);
    basin_gemm_f64(BASIN_N, BASIN_T, rows, rows, width, 1.0, of_a, width, of_b, width, 1.0, c, rows);
done:
    basin_free(of_a);
    basin_free(of_b);
    return st;
}

/* ----------------------------------------------------------------------------------------------- steps -- */

static basin_status apply(matching *m, size_t number, const size_t *order)
{
    basin_status            st = BASIN_OK;
    const basin_unit_group *group = &m->symmetries->permutations[number];
    size_t                 *was = NULL;

    BASIN_ALLOC(was, group->units, "units");
    BASIN_TRY(basin_symmetry_permute(group, order, m->graph, m->b));
    memcpy(was, m->origin[number], group->units * sizeof *was);
    for (size_t u = 0; u < group->units; u++) m->origin[number][u] = was[order[u]];
done:
    basin_free(was);
    return st;
}

static double product_of(const matching *m)
{
    return basin_dot(m->a, m->b, m->params->size);
}

/* Keeps the step if the product has risen. */
static basin_status keep_or_undo(matching *m, size_t number, const size_t *order, bool *better)
{
    basin_status st = BASIN_OK;
    const size_t units = m->symmetries->permutations[number].units;
    const double product = product_of(m);
    size_t      *back = NULL;

    *better = product > m->product + LEAST_GAIN * m->scale;
    if (*better) {
        m->product = product;
        return BASIN_OK;
    }
    BASIN_ALLOC(back, units, "units");
    for (size_t u = 0; u < units; u++) back[order[u]] = u;
    BASIN_TRY(apply(m, number, back));
done:
    basin_free(back);
    return st;
}

/* The best order of the units of a group, by their products. */
static basin_status best_order(const matching *m, size_t number, size_t *order)
{
    basin_status            st = BASIN_OK;
    const basin_unit_group *group = &m->symmetries->permutations[number];
    double                 *c = NULL;

    BASIN_ALLOC(c, group->units * group->units, "products of units");
    for (size_t i = 0; i < group->axis_count; i++)
        if (!group->axes[i].buffer) BASIN_TRY(add_products(m, &group->axes[i], group->units, false, c));
    BASIN_TRY(basin_assign(c, group->units, order));
done:
    basin_free(c);
    return st;
}

static basin_status match_units(matching *m, size_t number, bool *better)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL;

    BASIN_ALLOC(order, m->symmetries->permutations[number].units, "units");
    BASIN_TRY(best_order(m, number, order));
    BASIN_TRY(apply(m, number, order));
    BASIN_TRY(keep_or_undo(m, number, order, better));
done:
    basin_free(order);
    return st;
}

/* ----------------------------------------------------------------------------------------------- heads -- */

/* c [units, units] += for each two heads the largest sum of products of their columns, of one part. */
static basin_status add_best_columns(const matching *m, const basin_unit_group *heads, size_t part, double *c)
{
    basin_status st = BASIN_OK;
    size_t       w = 0, *order = NULL;
    double      *all = NULL, *two = NULL;

    for (size_t i = 0; i < heads->axis_count; i++)
        if (heads->axes[i].part == part) w = heads->axes[i].each;
    const size_t columns = heads->units * w;
    BASIN_ALLOC(all, columns * columns, "products of columns");
    BASIN_ALLOC(two, w * w, "products of columns");
    BASIN_ALLOC(order, w, "columns");
    for (size_t i = 0; i < heads->axis_count; i++)
        if (heads->axes[i].part == part) BASIN_TRY(add_products(m, &heads->axes[i], heads->units, true, all));
    for (size_t h = 0; h < heads->units * heads->units; h++) {
        const double *block = all + (h / heads->units * columns + h % heads->units) * w;
        for (size_t d = 0; d < w; d++) memcpy(two + d * w, block + d * columns, w * sizeof *two);
        BASIN_TRY(basin_assign(two, w, order));
        for (size_t d = 0; d < w; d++) c[h] += two[d * w + order[d]];
    }
done:
    basin_free(all);
    basin_free(two);
    basin_free(order);
    return st;
}

/* The columns of every head take their best order; a step of theirs by itself cannot be worse. */
static basin_status match_all_columns(matching *m)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL;

    for (size_t i = 0; i < m->symmetries->permutation_count; i++) {
        const basin_unit_group *group = &m->symmetries->permutations[i];
        if (group->kind != BASIN_GROUP_COLUMNS) continue;
        basin_free(order);
        BASIN_ALLOC(order, group->units, "columns");
        BASIN_TRY(best_order(m, i, order));
        BASIN_TRY(apply(m, i, order));
    }
done:
    basin_free(order);
    return st;
}

/* Heads change places together with the order of their columns, or not at all. */
static basin_status match_heads(matching *m, size_t number, bool *better)
{
    basin_status            st = BASIN_OK;
    const basin_unit_group *heads = &m->symmetries->permutations[number];
    double                 *c = NULL;
    size_t                 *order = NULL;

    BASIN_ALLOC(c, heads->units * heads->units, "products of heads");
    BASIN_ALLOC(order, heads->units, "heads");
    BASIN_TRY(match_all_columns(m));
    const double before = product_of(m);
    *better = before > m->product + LEAST_GAIN * m->scale;
    m->product = fmax(before, m->product);
    for (size_t part = 0; part < 2; part++) BASIN_TRY(add_best_columns(m, heads, part, c));
    BASIN_TRY(basin_assign(c, heads->units, order));
    BASIN_TRY(apply(m, number, order));
    BASIN_TRY(match_all_columns(m));
    bool heads_better;
    BASIN_TRY(keep_or_undo(m, number, order, &heads_better));
    if (!heads_better) BASIN_TRY(match_all_columns(m));
    *better = *better || heads_better;
done:
    basin_free(c);
    basin_free(order);
    return st;
}

/* ----------------------------------------------------------------------------------------------- rounds
   -- */

static basin_status match_all(matching *m, uint64_t seed, size_t *rounds)
{
    basin_status st = BASIN_OK;
    const size_t groups = m->symmetries->permutation_count;
    basin_random random = basin_random_start(seed, BASIN_STREAM_ALIGNMENT);
    size_t      *order = NULL;
    bool         found = true, better;

    BASIN_ALLOC(order, groups, "groups of units");
    for (size_t i = 0; i < groups; i++) order[i] = i;
    for (*rounds = 0; found; ++*rounds) {
        found = false;
        basin_random_shuffle(&random, order, groups);
        for (size_t i = 0; i < groups; i++) {
            BASIN_TRY(basin_progress_report("weight matching", (double)i, (double)groups));
            BASIN_TRY((m->symmetries->permutations[order[i]].kind == BASIN_GROUP_HEADS
                           ? match_heads
                           : match_units)(m, order[i], &better));
            found = found || better;
        }
    }
done:
    basin_free(order);
    return st;
}

static basin_status begin(matching *m)
{
    basin_status st = BASIN_OK;
    const size_t groups = m->symmetries->permutation_count, size = m->params->size;

    BASIN_CHECK(groups > 0, BASIN_ERR_UNSUPPORTED, "no hidden units of the network may change places%s%s",
                m->symmetries->held_by != NULL ? ": they are held by " : "",
                m->symmetries->held_by != NULL ? m->symmetries->held_by : "");
    BASIN_CHECK(basin_all_finite(m->a, size) && basin_all_finite(m->b, size), BASIN_ERR_VALUE,
                "units cannot be matched: weights are not finite");
    m->scale = basin_norm(m->a, size) * basin_norm(m->b, size);
    m->product = product_of(m);
    BASIN_ALLOC(m->origin, groups, "groups of units");
    for (size_t i = 0; i < groups; i++) {
        const size_t units = m->symmetries->permutations[i].units;
        BASIN_ALLOC(m->origin[i], units, "units");
        for (size_t u = 0; u < units; u++) m->origin[i][u] = u;
    }
done:
    return st;
}

static double distance(const matching *m)
{
    double sum = 0.0;

    for (size_t i = 0; i < m->params->size; i++) sum += (m->a[i] - m->b[i]) * (m->a[i] - m->b[i]);
    return sqrt(sum);
}

static basin_status tell_groups(const matching *m, basin_alignment *out)
{
    basin_status st = BASIN_OK;

    out->held = m->symmetries->held;
    BASIN_ALLOC(out->groups, m->symmetries->permutation_count, "groups of units");
    for (size_t i = 0; i < m->symmetries->permutation_count; i++) {
        const basin_unit_group *group = &m->symmetries->permutations[i];
        basin_alignment_group  *to = &out->groups[out->group_count++];
        BASIN_STRDUP(to->name, group->name);
        to->units = group->units;
        for (size_t u = 0; u < group->units; u++) to->moved += m->origin[i][u] != u;
    }
done:
    return st;
}

basin_status basin_alignment_compute(const basin_symmetries *symmetries, const double *a, basin_graph *graph,
                                     double *b, uint64_t seed, basin_alignment **out)
{
    basin_status     st = BASIN_OK;
    basin_alignment *found = NULL;
    matching         m = {.symmetries = symmetries, .params = graph->params, .a = a, .b = b, .graph = graph};

    BASIN_ALLOC(found, 1, "an alignment");
    found->seed = seed;
    found->difference = found->magnitude = (double)NAN;
    BASIN_TRY(begin(&m));
    found->product_before = m.product;
    found->distance_before = distance(&m);
    BASIN_TRY(match_all(&m, seed, &found->rounds));
    found->product_after = product_of(&m);
    found->distance_after = distance(&m);
    BASIN_TRY(tell_groups(&m, found));
    *out = found, found = NULL;
done:
    for (size_t i = 0; m.origin != NULL && i < symmetries->permutation_count; i++) basin_free(m.origin[i]);
    basin_free(m.origin);
    basin_alignment_destroy(&found);
    return st;
}

void basin_alignment_destroy(basin_alignment **alignment)
{
    basin_schema_destroy(&basin_alignment_schema, (void **)alignment);
}
