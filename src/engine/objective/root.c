/* A = RᵀR: products with R and Rᵀ at a frozen theta, of operators JᵀSJ with S = BᵀB, R = BJ.
 *
 *   softmax         u = s p / W as kept:  (B d)_c = √u_c (d_c - p·d),   (Bᵀ r)_c = √u_c r_c - p_c √u·r
 *   diagonal S      √S on both ways
 *   scores s_i      one row a sample: √f s_i·d,   √f s_i r,   f the factor of the sum of s sᵀ
 *
 * so that BᵀB d = u∘(d - p·d), since Σ u (d - p·d) = 0. Rows are those of the samples one after the other, of
 * each its outputs in their order. R v takes the tangent sweep ahead, Rᵀ r the way back; of chunks for which
 * r is 0 the latter is left out, which makes Rᵀ of a few rows cheap.
 */
#include "engine/objective/frozen.h"

#include <string.h>

/* Where output l of sample i of a chunk lies in [rows, width, LANES], and tangent j of it. */
static size_t place_of(size_t width, size_t i, size_t l)
{
    return (i / BASIN_LANES * width + l) * BASIN_LANES + i % BASIN_LANES;
}

static size_t tangent_of(size_t width, size_t k, size_t j, size_t i, size_t l)
{
    return ((i / BASIN_LANES * k + j) * width + l) * BASIN_LANES + i % BASIN_LANES;
}

typedef struct root_state {
    basin_pass          pass;
    const basin_frozen *point;
    size_t              k;
    size_t              each; /* rows of a sample */
    size_t              rows; /* of all */
    double             *r;    /* [k, rows] */
    double             *v;    /* [k, P] */
} root_state;

static bool is_scores(basin_curvature_kind kind)
{
    return kind == BASIN_FISHER_SAMPLED || kind == BASIN_FISHER_EMPIRICAL;
}

static double factor_of(const basin_frozen *point)
{
    return point->kind == BASIN_FISHER_SAMPLED ? point->data.weight : (double)point->data.count;
}

/* ---------------------------------------------------------------------------- of one sample of a chunk -- */

typedef struct sample { /* tangent j of sample i, whose rows are r [each] */
    const basin_frozen *point;
    const basin_sweep  *sweep;
    size_t              i, j, k, width, classes;
} sample;

static real slope_of(const sample *s, size_t l)
{
    return s->sweep->slope[place_of(s->width, s->i, l)];
}

static real *tangent_at(const sample *s, real *tangents, size_t l)
{
    return &tangents[tangent_of(s->width, s->k, s->j, s->i, l)];
}

/* Σ u and Σ u d over the classes of one position, from output `first` on. */
static void softmax_sums(const sample *s, const real *d, size_t first, double *all, double *dot)
{
    *all = *dot = 0.0;
    for (size_t l = first; l < first + s->classes; l++) {
        const double u = (double)slope_of(s, l);
        *all += u;
        *dot += u * (double)d[tangent_of(s->width, s->k, s->j, s->i, l)];
    }
}

static void softmax_ahead(const sample *s, const real *d, double *r)
{
    double all, dot;

    for (size_t first = 0; first < s->width; first += s->classes) {
        softmax_sums(s, d, first, &all, &dot);
        const double mean = all > 0.0 ? dot / all : 0.0;
        for (size_t l = first; l < first + s->classes; l++)
            r[l] =
                sqrt((double)slope_of(s, l)) * ((double)d[tangent_of(s->width, s->k, s->j, s->i, l)] - mean);
    }
}

static void softmax_back(const sample *s, const double *r, real *ad)
{
    for (size_t first = 0; first < s->width; first += s->classes) {
        double all = 0.0, dot = 0.0;
        for (size_t l = first; l < first + s->classes; l++) {
            all += (double)slope_of(s, l);
            dot += sqrt((double)slope_of(s, l)) * r[l];
        }
        for (size_t l = first; l < first + s->classes; l++) {
            const double u = (double)slope_of(s, l);
            *tangent_at(s, ad, l) = (real)(all > 0.0 ? sqrt(u) * r[l] - u / all * dot : 0.0);
        }
    }
}

static void ahead(const sample *s, const real *d, double *r)
{
    if (is_scores(s->point->kind)) {
        double dot = 0.0;
        for (size_t l = 0; l < s->width; l++)
            dot += (double)slope_of(s, l) * (double)d[tangent_of(s->width, s->k, s->j, s->i, l)];
        r[0] = sqrt(factor_of(s->point)) * dot;
    } else if (s->point->net->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY) {
        softmax_ahead(s, d, r);
    } else {
        for (size_t l = 0; l < s->width; l++)
            r[l] = sqrt((double)slope_of(s, l)) * (double)d[tangent_of(s->width, s->k, s->j, s->i, l)];
    }
}

static void back(const sample *s, const double *r, real *ad)
{
    if (is_scores(s->point->kind)) {
        for (size_t l = 0; l < s->width; l++)
            *tangent_at(s, ad, l) = (real)(sqrt(factor_of(s->point)) * (double)slope_of(s, l) * r[0]);
    } else if (s->point->net->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY) {
        softmax_back(s, r, ad);
    } else {
        for (size_t l = 0; l < s->width; l++)
            *tangent_at(s, ad, l) = (real)(sqrt((double)slope_of(s, l)) * r[l]);
    }
}

static sample sample_of(const root_state *state, const basin_sweep *sweep)
{
    const size_t width = SWEEP_OUTPUT(sweep)->width;

    return (sample){.point = state->point,
                    .sweep = sweep,
                    .k = state->k,
                    .width = width,
                    .classes = width / state->point->data.positions};
}

/* ---------------------------------------------------------------------------------------------- passes -- */

static size_t first_sample(const root_state *state, const basin_chunk *chunk)
{
    return chunk->unit * state->pass.groups.unit;
}

static void ahead_fill(void *payload, size_t thread, size_t group, size_t count, real *reals, double *doubles)
{
    const root_state     *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    basin_sweep          *sweep = state->pass.sweeps[thread];

    (void)reals, (void)doubles;
    for (size_t end = group + count; group < end; group++)
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            const basin_batch batch = basin_frozen_bind(state->point, &state->pass, sweep, &chunk);
            const size_t      first = first_sample(state, &chunk);
            sample            s = sample_of(state, sweep);
            basin_sweep_forward_dot(sweep, batch.count, state->k, 2);
            for (s.j = 0; s.j < state->k; s.j++)
                for (s.i = 0; s.i < batch.count; s.i++)
                    ahead(&s, SWEEP_OUTPUT(sweep)->d,
                          state->r + s.j * state->rows + (first + s.i) * state->each);
        }
}

/* Does any vector have a row of the chunk? */
static bool is_touched(const root_state *state, const basin_chunk *chunk)
{
    const size_t first = first_sample(state, chunk), end = chunk->end * state->pass.groups.unit;
    const size_t last = end < state->point->data.count ? end : state->point->data.count;

    for (size_t j = 0; j < state->k; j++)
        for (size_t l = first * state->each; l < last * state->each; l++)
            if (state->r[j * state->rows + l] != 0.0) return true;
    return false;
}

static void back_chunk(const root_state *state, basin_sweep *sweep, const basin_chunk *chunk)
{
    const basin_batch batch = basin_frozen_bind(state->point, &state->pass, sweep, chunk);
    basin_slot       *y = SWEEP_OUTPUT(sweep);
    sample            s = sample_of(state, sweep);

    basin_sweep_still(sweep, batch.count, state->k);
    memset(y->ad, 0, slot_rows(y, batch.count) * state->k * slot_stride(y) * sizeof *y->ad);
    for (s.j = 0; s.j < state->k; s.j++)
        for (s.i = 0; s.i < batch.count; s.i++)
            back(&s, state->r + s.j * state->rows + (first_sample(state, chunk) + s.i) * state->each, y->ad);
    basin_sweep_backward_dot(sweep, batch.count, state->k);
}

static void back_fill(void *payload, size_t thread, size_t group, size_t count, real *adjoint_dot,
                      double *doubles)
{
    const root_state     *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    basin_sweep          *sweep = state->pass.sweeps[thread];

    (void)doubles;
    for (size_t end = group + count; group < end;
         group++, adjoint_dot += state->k * sweep->plan->params->size) {
        sweep->adjoint_dot = adjoint_dot;
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            if (is_touched(state, &chunk)) back_chunk(state, sweep, &chunk);
        }
    }
}

static void back_take(void *payload, size_t first, size_t count, const double *sums)
{
    const root_state *state = payload;

    basin_weights_unblock(state->point->net->plan, state->k, first, count, sums, state->v);
}

/* ------------------------------------------------------------------------------------------------ rows -- */

static size_t rows_of_sample(const basin_network *net, basin_curvature_kind kind)
{
    if (kind == BASIN_GGN || kind == BASIN_FISHER) return net->plan->slots[net->plan->output].width;
    return is_scores(kind) ? 1 : 0;
}

size_t basin_network_rows(const void *ctx, const basin_samples *s, basin_curvature_kind kind)
{
    const basin_network *net = ctx;

    return rows_of_sample(net, kind) * (s != NULL ? s->count : net->data.count);
}

static root_state state_of(basin_frozen *p)
{
    const size_t each = rows_of_sample(p->net, p->kind);

    return (root_state){.pass = basin_pass_over(p->net, &p->data, p->workers),
                        .point = p,
                        .each = each,
                        .rows = each * p->data.count};
}

basin_status basin_network_root(void *point, const double *v, size_t k, double *r)
{
    basin_status  st = BASIN_OK;
    basin_frozen *p = point;
    const size_t  size = p->net->plan->params->size;
    root_state    state = state_of(p);

    for (size_t j = 0; j < k; j += state.k) {
        state.k = k - j < p->provision.block ? k - j : p->provision.block;
        state.r = r + j * state.rows;
        basin_weights_block(p->weights, p->net->plan, v + j * size, state.k);
        BASIN_TRY(
            basin_reduce(&(basin_reduction){.groups = p->groups.groups, .fill = ahead_fill, .state = &state},
                         p->workers->tree, p->workers->threads));
    }
done:
    return st;
}

basin_status basin_network_back(void *point, const double *r, size_t k, double *v)
{
    basin_status  st = BASIN_OK;
    basin_frozen *p = point;
    const size_t  size = p->net->plan->params->size;
    root_state    state = state_of(p);

    for (size_t j = 0; j < k; j += state.k) {
        state.k = k - j < p->provision.block ? k - j : p->provision.block;
        state.r = (double *)(uintptr_t)(r + j * state.rows); /* read only */
        state.v = v + j * size;
        p->weights->k = state.k;
        memset(p->weights->tangent, 0, state.k * size * sizeof *p->weights->tangent);
        BASIN_TRY(basin_reduce(&(basin_reduction){.groups = p->groups.groups,
                                                  .reals = state.k * size,
                                                  .fill = back_fill,
                                                  .take = back_take,
                                                  .state = &state},
                               p->workers->tree, p->workers->threads));
    }
done:
    return st;
}
