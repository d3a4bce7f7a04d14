/* Changes of the weights of each kind that leave the function alone.
 *
 *     layers        every other group of units that have a factor: f times what makes them, 1/f times what
 *                   reads them; every other one, so that the factors of neighbours do not cancel in the
 *                   weights between
 *     neurons       all groups, each unit by F^z, z uniform in [-1, 1], the same z for every F
 *     normalised    f times all that a normalisation undoes, and BatchNorm's statistics with it
 *     attention     (G A⁻¹, H Aᵀ) of every pair, A = a · Gaussian, the same for every a
 *     permutations  every group in a random order, heads and columns of attention too
 *
 * Reference: L. Dinh, R. Pascanu, S. Bengio, Y. Bengio, «Sharp minima can generalize for deep nets»,
 * arXiv:1703.04933.
 */
#include <math.h>
#include <string.h>

#include "analysis/invariance/study.h"
#include "core/memory.h"
#include "core/random.h"

enum { PERMUTATIONS = 3 };

static const double factors[] = {1.0 / 25, 1.0 / 5, 5.0, 25.0};
static const double bases[] = {0.01, 0.1, 1.0, 10.0, 100.0};

static bool is_of(const basin_unit_group *group, basin_symmetry symmetry)
{
    if (symmetry == BASIN_SYMMETRY_NORM) return group->kind == BASIN_GROUP_NORMALISED;
    return group->kind == BASIN_GROUP_LAYER || group->kind == BASIN_GROUP_NORM_SCALE;
}

static size_t scalings_of(const basin_symmetries *s, basin_symmetry symmetry)
{
    size_t count = 0;

    for (size_t i = 0; i < s->scaling_count; i++) count += is_of(&s->scalings[i], symmetry);
    return count;
}

bool basin_change_exists(const basin_symmetries *s, basin_symmetry symmetry)
{
    switch (symmetry) {
    case BASIN_SYMMETRY_ATTENTION: return s->params->pair_count > 0;
    case BASIN_SYMMETRY_PERMUTATION: return s->permutation_count > 0;
    default: return scalings_of(s, symmetry) > 0;
    }
}

/* How many changes of a kind, and their factors; NULL: 1, 2, …. */
static size_t factors_of(const basin_invariance_request *r, basin_symmetry symmetry, const double **out)
{
    *out = NULL;
    if (symmetry == BASIN_SYMMETRY_PERMUTATION) return PERMUTATIONS;
    *out = r->factors;
    if (r->factors != NULL) return r->factor_count;
    *out = symmetry == BASIN_SYMMETRY_ATTENTION ? bases : factors;
    return symmetry == BASIN_SYMMETRY_ATTENTION ? sizeof bases / sizeof *bases
                                                : sizeof factors / sizeof *factors;
}

static bool is_tried(const basin_invariance_request *r, basin_symmetry symmetry)
{
    bool any = false;

    for (size_t i = 0; i < BASIN_SYMMETRIES; i++) any = any || r->tried[i];
    return basin_change_exists(r->symmetries, symmetry) && (!any || r->tried[symmetry]);
}

/* Permutations first: they tell what measuring does by itself. */
basin_status basin_changes_list(const basin_invariance_request *r, size_t *count, basin_change **out)
{
    basin_status  st = BASIN_OK;
    basin_change *changes = NULL;
    const double *of;
    size_t        most = 0, n = 0;

    for (int s = 0; s < BASIN_SYMMETRIES; s++) most += factors_of(r, (basin_symmetry)s, &of);
    BASIN_ALLOC(changes, most, "changes");
    for (int s = BASIN_SYMMETRIES; s-- > 0;) {
        const size_t have = is_tried(r, (basin_symmetry)s) ? factors_of(r, (basin_symmetry)s, &of) : 0;
        for (size_t i = 0; i < have; i++) {
            const double factor = of != NULL ? of[i] : (double)(i + 1);
            BASIN_CHECK(factor > 0.0 && isfinite(factor), BASIN_ERR_VALUE,
                        "factor number %zu is %g; it must be positive", i + 1, factor);
            changes[n++] = (basin_change){.symmetry = s, .factor = factor, .outputs = NAN, .loss = NAN};
        }
    }
    BASIN_CHECK(n > 0, BASIN_ERR_UNSUPPORTED, "the network has none of these symmetries");
    *count = n;
    *out = changes, changes = NULL;
done:
    basin_free(changes);
    return st;
}

/* -------------------------------------------------------------------------------------------- one change
   -- */

static basin_status scale_units(const basin_invariance_request *r, const basin_change *c, basin_changed *to)
{
    basin_status st = BASIN_OK;
    const bool   apart = c->symmetry == BASIN_SYMMETRY_NEURON;
    basin_random random = basin_random_start(r->seed, BASIN_STREAM_CHANGES);
    double      *factor = NULL;
    size_t       number = 0;

    for (size_t i = 0; i < r->symmetries->scaling_count; i++) {
        const basin_unit_group *group = &r->symmetries->scalings[i];
        if (!is_of(group, (basin_symmetry)c->symmetry)) continue;
        basin_free(factor);
        BASIN_ALLOC(factor, group->units, "factors");
        for (size_t u = 0; u < group->units; u++)
            factor[u] = apart ? pow(c->factor, 2.0 * basin_random_uniform(&random) - 1.0) : c->factor;
        if (c->symmetry == BASIN_SYMMETRY_LAYER && number++ % 2 == 1) continue;
        BASIN_TRY(basin_symmetry_scale(group, factor, to->graph, to->theta));
    }
done:
    basin_free(factor);
    return st;
}

static basin_status turn_bases(const basin_invariance_request *r, const basin_change *c, basin_changed *to)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = r->symmetries->params;
    basin_random        random = basin_random_start(r->seed, BASIN_STREAM_CHANGES);
    double             *a = NULL;

    for (size_t i = 0; i < params->pair_count; i++) {
        const size_t w = params->pairs[i].width;
        basin_free(a);
        BASIN_ALLOC(a, w * w, "a basis");
        basin_random_normals(&random, a, w * w);
        for (size_t k = 0; k < w * w; k++) a[k] *= c->factor;
        BASIN_TRY(basin_symmetry_rotate(&params->pairs[i], a, to->theta));
    }
done:
    basin_free(a);
    return st;
}

/* What has the shape of theta changes places with it; the buffers only once. */
static basin_status permute_all(const basin_unit_group *group, const size_t *order, basin_changed *to)
{
    basin_status st = BASIN_OK;
    basin_graph *other = NULL;

    BASIN_TRY(basin_symmetry_permute(group, order, to->graph, to->theta));
    for (size_t i = 0; i < to->ck.state_count; i++) {
        if (other == NULL) BASIN_TRY(basin_graph_copy(to->graph, &other));
        BASIN_TRY(basin_symmetry_permute(group, order, other, to->states[i].values));
    }
done:
    basin_graph_destroy(&other);
    return st;
}

static basin_status permute_units(const basin_invariance_request *r, const basin_change *c, basin_changed *to)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(r->seed + (uint64_t)c->factor, BASIN_STREAM_CHANGES);
    size_t      *order = NULL;

    for (size_t i = 0; i < r->symmetries->permutation_count; i++) {
        const basin_unit_group *group = &r->symmetries->permutations[i];
        basin_free(order);
        BASIN_ALLOC(order, group->units, "units");
        for (size_t u = 0; u < group->units; u++) order[u] = u;
        basin_random_shuffle(&random, order, group->units);
        BASIN_TRY(permute_all(group, order, to));
    }
done:
    basin_free(order);
    return st;
}

/* The momentum stays under factors: what the training would have gathered at the other weights is not
   known. */
static basin_status copy_checkpoint(const basin_checkpoint *ck, basin_changed *to)
{
    basin_status st = BASIN_OK;
    const size_t size = ck->params->size;

    to->ck = *ck;
    to->ck.state_count = 0;
    BASIN_TRY(basin_graph_copy(ck->graph, &to->graph));
    BASIN_ALLOC(to->theta, size, "weights");
    memcpy(to->theta, ck->theta, size * sizeof *to->theta);
    BASIN_ALLOC(to->states, ck->state_count, "optimizer state");
    for (size_t i = 0; i < ck->state_count; i++) {
        to->states[i].name = ck->states[i].name;
        BASIN_ALLOC(to->states[i].values, size, "optimizer state");
        memcpy(to->states[i].values, ck->states[i].values, size * sizeof(double));
        to->ck.state_count++;
    }
    to->ck.graph = to->graph, to->ck.params = to->graph->params;
    to->ck.theta = to->theta, to->ck.states = to->states;
done:
    return st;
}

basin_status basin_change_make(const basin_invariance_request *r, const basin_change *c, basin_changed *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(copy_checkpoint(r->ck, out));
    switch ((basin_symmetry)c->symmetry) {
    case BASIN_SYMMETRY_ATTENTION: BASIN_TRY(turn_bases(r, c, out)); break;
    case BASIN_SYMMETRY_PERMUTATION: BASIN_TRY(permute_units(r, c, out)); break;
    default: BASIN_TRY(scale_units(r, c, out)); break;
    }
done:
    return st;
}

void basin_changed_clear(basin_changed *changed)
{
    for (size_t i = 0; changed->states != NULL && i < changed->ck.state_count; i++)
        basin_free(changed->states[i].values);
    basin_free(changed->states);
    basin_graph_destroy(&changed->graph);
    basin_free(changed->theta);
    *changed = (basin_changed){0};
}
