/* Extreme eigenpairs: thick-restart Lanczos for the `top` largest and the `bottom` smallest together.
 *
 * Method
 *   1. Grow the Krylov basis (krylov.c), looking now and then at the Rayleigh-Ritz pairs: the wanted ones are
 *      the ends by signed value, each with its residual. Where the basis is full: keep the wanted Ritz
 *      vectors and as many neighbours as fill half of the room left.
 *   2. All within tolerance ‖H‖, and no pair left out can by its residual turn out beyond: verify by a second
 *      chain (verify.c). It proves that none is missing, but for one chance in 10,000, or meets one, or ends
 *      without either.
 *   3. Pairs of both chains together. With the proof: finish once they are within tolerance. Without: if a
 *      wanted one has moved, or the chain has met an eigenvalue at its level (thrice at most without a move),
 *      1. with all that is known; if not, finish, and say that the proof is missing. Where no proof is asked
 *      for, 2 and 3 are left out.
 *   4. The residuals of the recursion are those of the vectors to the rounding of the products. That is
 *      measured: one more product with a random ±1 combination of the c pairs; its error's norm times √c
 *      estimates the root of the sum of squares of all errors and is added in squares to each residual. Where
 *      it alone is not small beside the tolerance, each residual is taken anew from a product with its
 *      vector.
 *   5. ‖H‖_F² and trace by probes of the complement (probe.c).
 *
 * What is proven: some eigenvalue lies within each residual (Parlett, §4.5), and c distinct ones within the
 * root of the sum of their squares (Kahan; Parlett §11.5). Where verified: the i-th eigenvalue is within
 * tolerance ‖H‖ of the i-th found (from below always: Cauchy), but for that chance, in H as its products
 * came.
 *
 * Reference: K. Wu, H. Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems, SIAM J.
 * Matrix Anal. Appl. 22(2), 2000.
 */
#include <math.h>

#include "analysis/spectrum/search.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/vectors.h"

/* The basis may grow to BASIS_PER_PAIR vectors for each pair wanted and BASIS_EXTRA more. Beyond that,
   reorthogonalisation costs more than a restart. */
#define BASIS_PER_PAIR 4
#define BASIS_EXTRA 100
/* The search ends after IDLE_MOST verifications in a row that have met an eigenvalue at their level without
   moving a wanted pair. */
#define IDLE_MOST 2
/* Products of stationarity, which comes after. */
#define STATIONARITY 5
/* The error of the products may be this share of the tolerance. The residual by the recursion has a share of
   its own (search.c), so that the root of the sum of both squares is below 1. */
#define SHARE_PRODUCTS 0.4

static bool settled(const basin_search *s)
{
    for (size_t i = s->wanted.bottom; i < s->k->used - s->wanted.top; i++)
        if (basin_search_unsettled(s, i)) return false;
    return true;
}

static bool moved(const basin_search *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!(fabs(s->k->ritz[s->keep[i]] - s->values[i]) <= basin_search_limit(s))) return true;
    return false;
}

/* ----------------------------------------------------------------------------------------- convergence -- */

/* Do released vectors keep the search from its end? They do where a wanted residual is too large by what lies
 * along them, and where the wanted ones have converged and a pair may be unsettled by it. */
static bool released_matter(const basin_search *s)
{
    if (s->k->released > 0 && basin_search_worst(s) <= basin_search_goal(s)) return true;
    for (size_t i = 0; i < s->count; i++)
        if (basin_krylov_released_coupling(s->k, s->keep[i]) > 0.5 * basin_search_goal(s) &&
            basin_krylov_residual(s->k, s->keep[i]) > basin_search_goal(s))
            return true;
    return false;
}

/* Released vectors become candidates again. Where a small basis has no room for them they are dropped, and
 * residuals no longer follow from the products. */
static basin_status readmit_released(basin_search *s)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;

    if (k->rows - s->count < k->held - k->used + k->released + 2 * BASIN_SEARCH_ROWS)
        k->released = 0, k->untracked = true;
    else
        BASIN_TRY(basin_krylov_readmit(k));
done:
    return st;
}

/* Steps until the next look: half of those that the residual will take at its present rate. A look costs
   about 10 j³ FLOPs. */
static size_t steps_ahead(basin_search *s, double worst)
{
    size_t used = s->k->used, most = used / 8, steps = used / 16;
    double over = worst / basin_search_goal(s);

    if (!(over > 1.0)) return 1;
    if (s->seen < used && over < s->worst) {
        double left = log(over) * (double)(used - s->seen) / log(s->worst / over);
        s->expected = (double)s->k->products + left + 0.5 * (double)s->count;
        steps = left > 2.0 * (double)most ? most : (size_t)(0.5 * left);
    }
    s->seen = used, s->worst = over;
    return steps > 1 ? steps : 1;
}

/* The wanted pairs and as many neighbours as fill half of the room that they leave. */
static basin_ends fill_half(const basin_search *s)
{
    const basin_krylov *k = s->k;
    basin_ends          e = s->wanted;
    size_t              room = k->rows - s->count, candidates = k->held - k->used;
    size_t              extra = (room > candidates ? room - candidates : 0) / 2;

    if (e.bottom == 0)
        e.top += extra;
    else if (e.top == 0)
        e.bottom += extra;
    else
        e.top += extra / 2, e.bottom += extra - extra / 2;
    return e;
}

/* Step 1: until the wanted pairs are within tolerance and settled (*converged), or no product is left to
   make. */
static basin_status converge(basin_search *s, bool *converged)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;
    size_t        look = k->used > s->count ? k->used : s->count;

    *converged = false;
    for (;;) {
        if (k->used >= look || basin_search_spent(s) || !basin_krylov_has_room(k)) {
            BASIN_TRY(basin_krylov_ritz(k));
            basin_ends_select(s->wanted, k->used, s->keep);
            double worst = basin_search_worst(s);
            *converged = worst <= basin_search_goal(s) && (s->proven || settled(s));
            if (*converged || basin_search_spent(s)) break;
            size_t ahead = steps_ahead(s, worst);
            if (released_matter(s)) BASIN_TRY(readmit_released(s));
            size_t which = basin_search_candidate(s);
            if (!basin_krylov_has_room(k)) BASIN_TRY(basin_search_keep(s, fill_half(s)));
            look = k->used + ahead;
            BASIN_TRY(basin_search_step(s, which < k->held - k->used ? which : 0));
        } else
            BASIN_TRY(basin_search_step(s, 0));
    }
done:
    return st;
}

/* ---------------------------------------------------------------------------------------------- search -- */

/* Steps 1 to 3; leaves the Ritz pairs of all that is known, the wanted ones in keep and values. */
static basin_status iterate(basin_search *s)
{
    basin_status st = BASIN_OK;
    bool         converged, verified = false;
    int          verdict = 0;
    size_t       idle = 0;

    for (;;) {
        BASIN_TRY(converge(s, &converged));
        bool same = verified && !moved(s);
        for (size_t i = 0; i < s->count && !same; i++) s->values[i] = s->k->ritz[s->keep[i]];
        idle = same ? idle + 1 : 0;
        if (!converged || s->proven || s->no_proof || basin_search_spent(s)) break;
        if (same && (verdict == 0 || idle > IDLE_MOST)) break;
        BASIN_TRY(basin_search_verify(s, &verdict));
        verified = true, s->proven = verdict > 0;
    }
    if (s->k->used == s->k->size) s->proven = true;
    for (size_t i = 0; i < s->count; i++) s->values[i] = s->k->ritz[s->keep[i]];
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- residuals -- */

/* Step 4. *noise estimates the root of the sum of squares of the errors of the residuals. */
static basin_status measure_noise(basin_search *s, basin_random *random, double *noise)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;
    double       *signs = NULL, *a = NULL, *x = NULL;

    BASIN_ALLOC(signs, s->count, "signs");
    BASIN_ALLOC(a, k->used, "coefficients");
    BASIN_ALLOC(x, k->size, "a vector to check the products with");
    basin_random_signs(random, signs, s->count);
    for (size_t i = 0; i < s->count; i++)
        basin_axpy(signs[i] / sqrt((double)s->count), k->y + s->keep[i] * k->used, a, k->used);
    basin_krylov_combine(k, a, k->used, x);
    BASIN_TRY(basin_point_product(k->point, x, 1, k->hv));
    k->products++;
    basin_krylov_apply(k, a, x);
    basin_axpy(-1.0, k->hv, x, k->size);
    *noise = sqrt((double)s->count) * basin_norm(x, k->size);
done:
    basin_free(signs);
    basin_free(a);
    basin_free(x);
    return st;
}

/* ‖Hq - θq‖ of the first `count` vectors of the basis by a product with each. */
static basin_status explicit_residuals(basin_krylov *k, basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    size_t       size = k->size, block = basin_spectrum_block(size);
    size_t       chunk = out->count < block ? out->count : block;
    double      *q = NULL, *hq = NULL;

    BASIN_ALLOC(q, chunk * size, "eigenvectors");
    BASIN_ALLOC(hq, chunk * size, "products");
    for (size_t start = 0; start < out->count; start += chunk) {
        size_t n = out->count - start < chunk ? out->count - start : chunk;
        for (size_t i = 0; i < n; i++) basin_copy(k->v[start + i], q + i * size, size);
        BASIN_TRY(basin_point_product(k->point, q, n, hq));
        k->products += n;
        for (size_t i = 0; i < n; i++) {
            basin_axpy(-out->eigenvalues[start + i], q + i * size, hq + i * size, size);
            out->residuals[start + i] = basin_norm(hq + i * size, size);
        }
    }
done:
    basin_free(q);
    basin_free(hq);
    return st;
}

/* Leaves the wanted Ritz vectors, descending, as the first of the basis. */
static basin_status take_residuals(basin_search *s, uint64_t seed, basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(seed, BASIN_STREAM_CHECK);
    double       noise = 0.0;

    if (!s->k->untracked) BASIN_TRY(measure_noise(s, &random, &noise));
    for (size_t i = 0; i < s->count; i++)
        out->residuals[i] = hypot(basin_krylov_residual(s->k, s->keep[i]), noise);
    BASIN_TRY(basin_krylov_restart(s->k, s->keep, s->count));
    if (s->k->untracked || noise > SHARE_PRODUCTS * basin_search_limit(s))
        BASIN_TRY(explicit_residuals(s->k, out));
    out->converged = true;
    for (size_t i = 0; i < s->count; i++)
        if (!(out->residuals[i] <= basin_search_limit(s))) out->converged = false;
done:
    return st;
}

static basin_status keep_vectors(const basin_krylov *k, basin_spectrum *out)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(out->vectors, out->count * k->size, "eigenvectors");
    BASIN_ALLOC(out->vector_index, out->count, "eigenvectors");
    out->vector_count = out->count;
    for (size_t i = 0; i < out->count; i++) {
        out->vector_index[i] = i;
        basin_copy(k->v[i], out->vectors + i * k->size, k->size);
        basin_vectors_orient(out->vectors + i * k->size, k->size);
    }
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- whole -- */

/* Vectors [P] held at the peak in addition to the basis: a product, the strips of a restart or blocks of
   probes (of quadrature two vectors each, and the product), and what is kept. */
static size_t rows_beside(size_t size, size_t count, const basin_spectrum_options *options)
{
    size_t quadrature = options->steps > 1 ? 3 * options->probes : 0, blocks = 2 * basin_spectrum_block(size);

    return 3 + BASIN_KRYLOV_RELEASED + (quadrature > blocks ? quadrature : blocks) +
           (options->vectors ? count : 0);
}

/* The number of vectors that the basis may grow to: all that are useful, or as many as fit the memory
   limit. */
static basin_status choose_rows(size_t size, size_t count, const basin_spectrum_options *options, size_t *out)
{
    basin_status st = BASIN_OK;
    size_t       useful = BASIS_PER_PAIR * count + BASIS_EXTRA, least = count + BASIN_SEARCH_ROWS;
    size_t       beside = rows_beside(size, count, options), bytes;
    size_t       rows = basin_memory_limit() / sizeof(double) / size;

    if (useful > size) useful = size;
    if (least > size) least = size;
    BASIN_CHECK(options->max_products >= count, BASIN_ERR_ARG, "%zu products cannot give %zu eigenpairs",
                options->max_products, count);
    if (!basin_mul((least + beside) * sizeof(double), size, &bytes)) bytes = SIZE_MAX;
    BASIN_CHECK(rows >= least + beside, BASIN_ERR_BUDGET,
                "%zu eigenpairs of %zu parameters need %zu bytes, the limit is %zu", count, size, bytes,
                basin_memory_limit());
    rows = (size_t)(BASIN_VECTORS_SHARE * (double)rows);
    if (rows < least + beside) rows = least + beside;
    *out = useful < rows - beside ? useful : rows - beside;
done:
    return st;
}

/* Products until the pairs are found and verified. Fitted to what three networks on digits of 1,000 to 2,500
 * parameters took, 15 to 160, for 1 to 20 of the top at 1e-4 to 1e-8: nobody knows before, but the smallest
 * eigenvalues lie close together, and each decade of the tolerance costs a few steps. Only the forecast uses
 * it: the basis may grow beyond. */
static size_t expected_products(const basin_spectrum_options *o)
{
    const double decades = -log10(o->tolerance);
    const size_t closer = decades > 4.0 ? (size_t)(2.0 * (decades - 4.0)) : 0;

    return 10 + 3 * o->top + closer + (o->bottom > 0 ? 45 + o->bottom : 0);
}

/* Of `vectors` [P] and the small matrices of the basis: projected, Ritz vectors, the chain's, and the first
   two anew in a restart. */
static size_t lanczos_bytes(size_t size, size_t vectors, size_t basis)
{
    return (vectors * size + 5 * basis * basis) * sizeof(double);
}

/* Of a small network a restart's strips are larger than a block and its product. */
static size_t strip_bytes(size_t size, size_t basis)
{
    size_t strips = 2 * basis * (size < BASIN_VECTORS_STRIP ? size : BASIN_VECTORS_STRIP);
    size_t blocks = 2 * basin_spectrum_block(size) * size;

    return strips > blocks ? (strips - blocks) * sizeof(double) : 0;
}

basin_status basin_spectrum_lanczos_demand(size_t size, const basin_spectrum_options *options,
                                           basin_demand *demand)
{
    basin_status st = BASIN_OK;
    size_t       basis, held;
    const size_t count = options->top + options->bottom, expected = expected_products(options);
    const size_t products = expected < options->max_products ? expected : options->max_products;
    const size_t rows = products < size ? products : size;
    const size_t block = basin_spectrum_block(size), beside = rows_beside(size, count, options);

    BASIN_TRY(choose_rows(size, count, options, &basis));
    held = rows < basis ? rows : basis;
    demand->products += products + 1; /* and the check of the residuals; at worst each is a product */
    demand->most += options->max_products + 1 + count;
    demand->vectors += count < size ? options->probes * options->steps : 0;
    if (demand->width < block) demand->width = block;
    if (demand->rows < held / 2 + 1) demand->rows = held / 2 + 1;
    basin_demand_hold(demand, lanczos_bytes(size, held + beside - 2 * block, basis),
                      lanczos_bytes(size, basis + beside, basis) + strip_bytes(size, basis));
done:
    return st;
}

basin_status basin_spectrum_lanczos(basin_point *point, double epsilon, const basin_spectrum_options *options,
                                    basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    basin_search s = {.wanted = {.top = options->top, .bottom = options->bottom},
                      .count = options->top + options->bottom,
                      .max_products = options->max_products,
                      .tolerance = options->tolerance,
                      .no_proof = options->no_proof,
                      .pace = basin_pace_begin(0),
                      .after = 1 + options->probes * options->steps + STATIONARITY};
    size_t       rows = 0;

    BASIN_TRY(choose_rows(point->size, s.count, options, &rows));
    BASIN_TRY(basin_krylov_create(point, rows, epsilon, options->seed, &s.k));
    BASIN_ALLOC(s.keep, rows, "indices");
    BASIN_ALLOC(s.scratch, (rows + 1) * rows, "projected matrix");
    BASIN_ALLOC(s.residuals, rows, "residuals");
    BASIN_ALLOC(out->eigenvalues, s.count, "eigenvalues");
    BASIN_ALLOC(out->residuals, s.count, "residuals");
    out->count = s.count, out->top = options->top, out->bottom = options->bottom;
    s.values = out->eigenvalues;
    s.expected = 4.0 * (double)s.count;
    BASIN_TRY(iterate(&s));
    BASIN_TRY(take_residuals(&s, options->seed, out));
    out->verified = out->converged && s.proven;
    out->no_proof = options->no_proof && !out->verified;
    if (s.late && !out->verified) basin_time_tell();
    out->products = s.k->products;
    out->asymmetry = out->negative_mass = NAN;
    if (options->vectors) BASIN_TRY(keep_vectors(s.k, out));
    if (options->steps > 1)
        BASIN_TRY(basin_spectrum_quadrature(point, epsilon, s.k->v, options, out));
    else if (options->probes > 0)
        BASIN_TRY(basin_spectrum_probe(point, s.k->v, options->probes, options->seed, out));
done:
    basin_krylov_destroy(&s.k);
    basin_free(s.keep);
    basin_free(s.scratch);
    basin_free(s.residuals);
    return st;
}
