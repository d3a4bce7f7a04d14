/* Stochastic Lanczos quadrature on the complement of eigenpairs that are known.
 *
 * Method
 *   1. One Lanczos run from a random vector (krylov.c). Of its pairs those of largest magnitude are
 *      deflated, down to the first that is not sharp (residual above 3e-3 ‖H‖ or a tenth of its value): Q.
 *      They are few, and carry most of the variance of what follows. Where the memory does not hold the
 *      basis, the run goes on from the half of its Ritz vectors that is largest by magnitude (thick restart).
 *   2. Probes u uniform on the unit sphere of the complement: normal entries, projected, at norm 1. Not
 *      random signs: projected ones are uniform on nothing, and the law of the estimate would depend on the
 *      eigenvectors; so what is calibrated on diagonal matrices holds for every matrix with these
 *      eigenvalues.
 *   3. Lanczos with (I − QQᵀ) H (I − QQᵀ) from each of them, by the three-term recurrence alone: two
 *      vectors a probe are held, and more steps can be taken at any time. What is lost is orthogonality
 *      between vectors that lie far apart. The rules do not need it: the matrix that comes out is, to
 *      rounding, that of a measure with each point spread into a cluster as narrow as rounding, and of the
 *      same weight (Greenbaum 1989; for quadrature Knizhnerman 1996). Beside Q the vectors are made
 *      orthogonal at every step.
 *   4. Probes are multiplied in blocks.
 *   5. The run of step 1 is a probe too, which costs nothing: what its start leaves beside Q is uniform on
 *      the sphere of the complement, and the Ritz pairs that are not deflated are its rule, the squares of
 *      their first components the weights. (Were every sharp pair deflated, those of which the start holds
 *      little would be left over more often than others, and this probe would tell too little of them; so
 *      the choice ends at the first that is not sharp.) It counts where it has as many nodes as the others
 *      have steps and the run was not restarted.
 *
 * References: S. Ubaru, J. Chen, Y. Saad, SIAM J. Matrix Anal. Appl. 38(4), 2017. B. Ghorbani, S. Krishnan,
 * Y. Xiao, arXiv:1901.10159. A. Greenbaum, Behavior of slightly perturbed Lanczos and conjugate-gradient
 * recurrences, Linear Algebra Appl. 113, 1989. L. Knizhnerman, The simple Lanczos procedure: estimates of the
 * error of the Gauss quadrature formula and their applications, Comput. Math. Math. Phys. 36(11), 1996. T.
 * Chen, T. Trogdon, S. Ubaru, arXiv:2105.06595 (step counts for a distance).
 */
#include "analysis/spectrum/slq.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/spectrum/krylov.h"
#include "analysis/spectrum/quadrature.h"
#include "core/deadline.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/vectors.h"

#define FAILURE 0.05 /* of the guarantee */
#define SHARP 0.1    /* residual of a pair that is deflated, relative to its value */
#define LEAST_STEPS 10
#define OWN_LEAST 1e-6 /* of the start's norm², in what the pairs leave over */

enum {
    ROWS_LEAST = 12, /* a shorter basis restarts all the time */
    BESIDE = 3,      /* vectors beside the basis or the pairs: a product, and two in passing */
    RESTARTED = 2,   /* times the vectors that the memory holds: steps of a run that is restarted */
    EACH = 3         /* vectors of a probe: two of the recurrence, and its product */
};

/* --------------------------------------------------------------------------------------- the memory -- */

typedef struct room {
    size_t rows;  /* vectors of the run's basis at most */
    size_t pairs; /* that are held beside the probes at most */
} room;

/* Vectors [P] within the memory. */
static size_t vectors_most(size_t size)
{
    return (size_t)(BASIN_VECTORS_SHARE * (double)basin_memory_limit() / (double)sizeof(double) /
                    (double)size);
}

size_t basin_slq_probes_most(size_t size)
{
    size_t all = vectors_most(size);

    return all > BESIDE + 1 ? (all - BESIDE - 1) / EACH : 0;
}

/* Where the memory restarts a run it soon finds little that its restarts do not drop. */
size_t basin_slq_run_most(size_t size, size_t steps)
{
    const size_t all = vectors_most(size), rows = all > BESIDE ? all - BESIDE : 0;

    return steps < RESTARTED * rows ? steps : RESTARTED * rows;
}

static basin_status choose_room(size_t size, size_t steps, size_t probes, room *out)
{
    basin_status st = BASIN_OK;
    size_t       rows = steps + 1, all = vectors_most(size), least = rows < ROWS_LEAST ? rows : ROWS_LEAST;

    if (least < EACH * probes + 1) least = EACH * probes + 1;
    least += BESIDE;
    BASIN_CHECK(all >= least, BASIN_ERR_BUDGET,
                "quadrature of %zu parameters with %zu probes needs %.0f bytes at least, the limit is %zu",
                size, probes,
                ceil((double)least * (double)sizeof(double) * (double)size / BASIN_VECTORS_SHARE),
                basin_memory_limit());
    all -= BESIDE;
    out->rows = rows < all ? rows : all;
    out->pairs = steps < all - EACH * probes ? steps : all - EACH * probes;
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- the pairs -- */

/* The `count` Ritz values of largest magnitude lie at both ends of the ascending ones. */
static void largest_by_magnitude(const basin_krylov *k, size_t count, size_t *keep)
{
    size_t low = 0, high = k->used;

    for (size_t i = 0; i < count; i++)
        keep[i] = fabs(k->ritz[low]) > fabs(k->ritz[high - 1]) ? low++ : --high;
}

static bool is_sharp(const basin_krylov *k, size_t i, double tolerance)
{
    double residual = basin_krylov_residual(k, i);

    return residual <= tolerance * k->norm && residual <= SHARP * fabs(k->ritz[i]);
}

static int descending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

/* Which Ritz pairs are deflated, from one to `most`, descending by value; returns their number. In the thick
   of the spectrum residuals are small beside ‖H‖ and large beside the value: left to the probes. */
static size_t choose_pairs(const basin_krylov *k, double tolerance, size_t most, size_t *keep)
{
    const size_t all = k->used < most ? k->used : most;
    size_t       count = 0;

    largest_by_magnitude(k, k->used, keep);
    while (count < all && (count == 0 || k->used == k->size || is_sharp(k, keep[count], tolerance))) count++;
    qsort(keep, count, sizeof *keep, descending);
    return count;
}

static basin_status hold_pairs(const basin_krylov *k, const size_t *keep, size_t count, basin_spectrum *s)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(s->eigenvalues, count, "eigenvalues");
    BASIN_ALLOC(s->residuals, count, "residuals");
    s->count = count, s->top = s->bottom = 0;
    s->converged = true;
    for (size_t i = 0; i < count; i++) {
        s->eigenvalues[i] = k->ritz[keep[i]];
        s->residuals[i] = hypot(basin_krylov_residual(k, keep[i]), k->epsilon * k->norm);
        s->converged = s->converged && basin_krylov_residual(k, keep[i]) <= s->tolerance * k->norm;
        if (s->eigenvalues[i] > 0.0) s->top++;
    }
    s->bottom = count - s->top;
    if (count == s->parameters) s->top = count, s->bottom = 0;
done:
    return st;
}

/* Fewer steps where no more time is left than the least quadrature takes, `after` products; but without
   LEAST_STEPS the pair of the largest magnitude is not known. `keep` [rows] is scratch. */
static basin_status run(basin_krylov *k, size_t steps, size_t after, size_t *keep)
{
    basin_status     st = BASIN_OK;
    const basin_pace pace = basin_pace_begin(k->products);
    const size_t     least = steps < LEAST_STEPS ? steps : LEAST_STEPS;

    while (k->products < steps && k->used < k->size) {
        if (k->products < least && basin_time_short(0.0))
            BASIN_TRY(basin_time_fail("products", k->products, least + after));
        if (k->products >= least && basin_time_short(basin_pace_of(&pace, k->products, after))) break;
        BASIN_TRY(basin_progress_report("lanczos", (double)k->products, (double)steps));
        if (!basin_krylov_has_room(k)) {
            BASIN_TRY(basin_krylov_ritz(k));
            largest_by_magnitude(k, k->used / 2, keep);
            BASIN_TRY(basin_krylov_restart(k, keep, k->used / 2));
        }
        BASIN_TRY(basin_krylov_extend(k, 0));
    }
    BASIN_TRY(basin_krylov_ritz(k));
done:
    return st;
}

/* Step 5: the Jacobi matrix of the Ritz pairs that are not kept, `keep` descending, without its last row, for
   which there is no β. */
static basin_status take_own(const basin_krylov *k, const size_t *keep, size_t count, basin_slq *slq)
{
    basin_status st = BASIN_OK;
    double      *node = NULL, *weight = NULL, sum = 0.0;
    size_t       rest = 0, taken;

    if (k->used != k->products || k->used == k->size || k->used < count + BASIN_QUADRATURE_LEAST) return st;
    BASIN_ALLOC(node, k->used, "quadrature");
    BASIN_ALLOC(weight, k->used, "quadrature");
    for (size_t i = 0, kept = count; i < k->used; i++) {
        double first = k->y[i * k->used];
        if (kept > 0 && keep[kept - 1] == i)
            kept--;
        else
            node[rest] = k->ritz[i], weight[rest++] = first * first, sum += first * first;
    }
    if (!(sum > OWN_LEAST)) goto done;
    BASIN_ALLOC(slq->own_alpha, rest, "quadrature");
    BASIN_ALLOC(slq->own_beta, rest, "quadrature");
    BASIN_TRY(basin_jacobi_of_rule(node, weight, rest, slq->own_alpha, slq->own_beta, &taken));
    slq->own = taken - 1;
done:
    basin_free(node);
    basin_free(weight);
    return st;
}

/* Takes the first `count` vectors of the basis. */
static basin_status take_pairs(basin_krylov *k, size_t count, basin_slq *slq)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(slq->pairs, count, "eigenvectors");
    slq->owns = true;
    slq->k = count;
    for (size_t i = 0; i < count; i++) slq->pairs[i] = k->v[i], k->v[i] = NULL;
done:
    return st;
}

static basin_slq begin(basin_point *point, double epsilon, uint64_t seed, const basin_slq_most *most)
{
    return (basin_slq){.point = point,
                       .size = point->size,
                       .epsilon = epsilon,
                       .most = *most,
                       .random = basin_random_start(seed, BASIN_STREAM_QUADRATURE),
                       .pace = basin_pace_begin(0)};
}

basin_status basin_slq_open(basin_point *point, double epsilon, const basin_spectrum_options *options,
                            const basin_slq_most *most, basin_spectrum *spectrum, basin_slq *out)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = NULL;
    size_t       *keep = NULL, count, steps = options->deflation;
    room          have;

    if (steps > point->size) steps = point->size;
    *out = begin(point, epsilon, options->seed, most);
    BASIN_TRY(choose_room(point->size, steps, most->probes, &have));
    BASIN_TRY(basin_krylov_create(point, have.rows, epsilon, options->seed, &k));
    BASIN_ALLOC(keep, have.rows, "indices");
    BASIN_TRY(run(k, steps, 2 * BASIN_QUADRATURE_LEAST * (options->probes > 0 ? options->probes : 1), keep));
    if (k->products < steps && k->used < k->size) basin_time_tell();
    count = choose_pairs(k, options->tolerance, have.pairs, keep);
    BASIN_TRY(hold_pairs(k, keep, count, spectrum));
    BASIN_TRY(take_own(k, keep, count, out));
    BASIN_TRY(basin_krylov_restart(k, keep, count));
    BASIN_TRY(take_pairs(k, count, out));
    BASIN_ALLOC(out->scratch, count, "projections");
    out->norm = k->norm;
    out->products = k->products;
done:
    basin_krylov_destroy(&k);
    basin_free(keep);
    return st;
}

basin_status basin_slq_open_beside(basin_point *point, double epsilon, double *const *vectors, size_t k,
                                   double norm, uint64_t seed, const basin_slq_most *most, basin_slq *out)
{
    basin_status st = BASIN_OK;

    *out = begin(point, epsilon, seed, most);
    BASIN_ALLOC(out->pairs, k, "eigenvectors");
    BASIN_ALLOC(out->scratch, k, "projections");
    out->k = k;
    out->norm = norm;
    for (size_t i = 0; i < k; i++) out->pairs[i] = vectors[i];
done:
    return st;
}

static void cohort_clear(basin_cohort *c)
{
    basin_free(c->taken);
    basin_free(c->v);
    basin_free(c->before);
    basin_free(c->alpha);
    basin_free(c->beta);
    *c = (basin_cohort){0};
}

void basin_slq_close(basin_slq *slq)
{
    for (size_t i = 0; i < slq->cohort_count; i++) cohort_clear(&slq->cohorts[i]);
    for (size_t i = 0; slq->owns && i < slq->k; i++) basin_free(slq->pairs[i]);
    basin_free(slq->pairs);
    basin_free(slq->scratch);
    basin_free(slq->own_alpha);
    basin_free(slq->own_beta);
    basin_free(slq->w);
    *slq = (basin_slq){0};
}

/* ----------------------------------------------------------------------------------------- the probes -- */

/* v is made orthogonal to the pairs; a projection leaves most of a random vector, and the second pass finds
   what rounding left. */
static void project(basin_slq *slq, double *v)
{
    for (int pass = 0; pass < 2; pass++)
        basin_vectors_deflate(slq->pairs, slq->k, v, 1, slq->size, slq->scratch);
}

static void draw(basin_slq *slq, double *v)
{
    basin_random_normals(&slq->random, v, slq->size);
    project(slq, v);
    basin_vectors_divide(v, basin_norm(v, slq->size), v, slq->size);
}

/* From w = Hv: α, β, and the next vector. Nothing follows where the Krylov space is exhausted. */
static void step(basin_slq *slq, basin_cohort *c, size_t j, double *w)
{
    size_t  size = slq->size, i = c->taken[j];
    double *v = c->v + j * size, *before = c->before + j * size;
    double *alpha = c->alpha + j * slq->most.steps + i, *beta = c->beta + j * slq->most.steps + i;
    double  along, coefficients[2] = {0.0, i > 0 ? beta[-1] : 0.0};

    basin_vectors_dot(&v, 1, w, size, &along);
    *alpha = coefficients[0] = along;
    basin_vectors_add((double *[]){v, before}, 2, coefficients, -1.0, w, size);
    if (slq->k > 0) basin_vectors_deflate(slq->pairs, slq->k, w, 1, size, slq->scratch);
    *beta = basin_norm(w, size);
    slq->norm = fmax(slq->norm, hypot(along, *beta));
    c->taken[j] = i + 1;
    if (*beta <= 10.0 * slq->epsilon * slq->norm || c->taken[j] >= slq->size - slq->k) {
        *beta = 0.0;
        return;
    }
    basin_copy(v, before, size);
    basin_vectors_divide(w, *beta, v, size);
}

static bool exhausted(const basin_slq *slq, const basin_cohort *c, size_t j)
{
    return c->taken[j] > 0 && c->beta[j * slq->most.steps + c->taken[j] - 1] == 0.0;
}

static bool all_exhausted(const basin_slq *slq, const basin_cohort *c)
{
    for (size_t j = 0; j < c->count; j++)
        if (!exhausted(slq, c, j)) return false;
    return true;
}

/* Is there no time for another step of the cohort? The least that gives an interval must be there. */
static basin_status look_at_time(basin_slq *slq, const basin_cohort *c, size_t i)
{
    basin_status st = BASIN_OK;

    if (i < BASIN_QUADRATURE_LEAST && basin_time_short(0.0))
        BASIN_TRY(basin_time_fail("steps of quadrature", i, BASIN_QUADRATURE_LEAST));
    slq->late = slq->late || (i >= BASIN_QUADRATURE_LEAST &&
                              basin_time_short(basin_pace_of(&slq->pace, slq->products, c->count)));
    if (slq->late) basin_time_tell();
done:
    return st;
}

/* All of the cohort are multiplied as one block; those that are exhausted, which is rare, in vain. */
static basin_status advance(basin_slq *slq, basin_cohort *c, size_t from, size_t to)
{
    basin_status st = BASIN_OK;

    for (size_t i = from; i < to && !all_exhausted(slq, c); i++) {
        BASIN_TRY(look_at_time(slq, c, i));
        if (slq->late) break;
        BASIN_TRY(basin_progress_report("quadrature", (double)i, (double)to));
        BASIN_TRY(basin_point_product(slq->point, c->v, c->count, slq->w));
        slq->products += c->count;
        for (size_t j = 0; j < c->count; j++)
            if (!exhausted(slq, c, j)) step(slq, c, j, slq->w + j * slq->size);
    }
done:
    return st;
}

static basin_status widen(basin_slq *slq, size_t count)
{
    basin_status st = BASIN_OK;

    if (count <= slq->widest) return BASIN_OK;
    basin_free(slq->w);
    slq->w = NULL, slq->widest = 0;
    BASIN_ALLOC(slq->w, count * slq->size, "products");
    slq->widest = count;
done:
    return st;
}

basin_status basin_slq_add(basin_slq *slq, size_t count)
{
    basin_status  st = BASIN_OK;
    basin_cohort *c = &slq->cohorts[slq->cohort_count];

    BASIN_CHECK(slq->cohort_count < BASIN_SLQ_COHORTS, BASIN_ERR_ARG,
                "more than %d groups of probes were asked for", BASIN_SLQ_COHORTS);
    slq->cohort_count++;
    c->count = count;
    BASIN_TRY(widen(slq, count));
    BASIN_ALLOC(c->taken, count, "probes");
    BASIN_ALLOC(c->v, count * slq->size, "probes");
    BASIN_ALLOC(c->before, count * slq->size, "probes");
    BASIN_ALLOC(c->alpha, count * slq->most.steps, "Jacobi matrices");
    BASIN_ALLOC(c->beta, count * slq->most.steps, "Jacobi matrices");
    for (size_t j = 0; j < count; j++) draw(slq, c->v + j * slq->size);
    BASIN_TRY(advance(slq, c, 0, slq->steps));
    if (slq->late) { /* those that are not finished are none */
        cohort_clear(c);
        slq->cohort_count--;
    } else {
        slq->probes += count;
    }
done:
    return st;
}

basin_status basin_slq_extend(basin_slq *slq, size_t steps)
{
    basin_status st = BASIN_OK;

    if (steps > slq->most.steps) steps = slq->most.steps;
    for (size_t i = 0; i < slq->cohort_count; i++)
        BASIN_TRY(advance(slq, &slq->cohorts[i], slq->steps, steps));
    slq->steps = steps;
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- the outcome -- */

static basin_status copy_quadrature(const basin_slq *slq, basin_quadrature *q)
{
    basin_status st = BASIN_OK;
    size_t       row = 0, steps = 0;

    for (size_t i = 0; i < slq->cohort_count; i++)
        for (size_t j = 0; j < slq->cohorts[i].count; j++)
            if (slq->cohorts[i].taken[j] > steps) steps = slq->cohorts[i].taken[j];
    const bool own = slq->own >= steps;
    basin_free(q->taken), basin_free(q->alpha), basin_free(q->beta);
    *q = (basin_quadrature){.dimension = slq->size - slq->k, .probes = slq->probes + own, .steps = steps};
    BASIN_ALLOC(q->taken, q->probes, "quadrature");
    BASIN_ALLOC(q->alpha, q->probes * steps, "quadrature");
    BASIN_ALLOC(q->beta, q->probes * steps, "quadrature");
    for (size_t i = 0; i < slq->cohort_count; i++)
        for (size_t j = 0; j < slq->cohorts[i].count; j++, row++) {
            const basin_cohort *c = &slq->cohorts[i];
            q->taken[row] = c->taken[j];
            basin_copy(c->alpha + j * slq->most.steps, q->alpha + row * steps, c->taken[j]);
            basin_copy(c->beta + j * slq->most.steps, q->beta + row * steps, c->taken[j]);
        }
    if (own) {
        q->taken[row] = steps;
        basin_copy(slq->own_alpha, q->alpha + row * steps, steps);
        basin_copy(slq->own_beta, q->beta + row * steps, steps);
    }
done:
    return st;
}

basin_status basin_slq_tell(const basin_slq *slq, basin_spectrum *s)
{
    basin_status st = BASIN_OK;

    s->products = slq->products;
    if (slq->probes > 0) BASIN_TRY(copy_quadrature(slq, &s->quadrature));
    BASIN_TRY(basin_spectrum_moments(s));
done:
    return st;
}

basin_status basin_slq_keep_vectors(const basin_slq *slq, bool wanted, basin_spectrum *s)
{
    basin_status st = BASIN_OK;

    if (!wanted) return BASIN_OK;
    BASIN_ALLOC(s->vectors, s->count * slq->size, "eigenvectors");
    BASIN_ALLOC(s->vector_index, s->count, "eigenvectors");
    s->vector_count = s->count;
    for (size_t i = 0; i < s->count; i++) {
        s->vector_index[i] = i;
        basin_copy(slq->pairs[i], s->vectors + i * slq->size, slq->size);
        basin_vectors_orient(s->vectors + i * slq->size, slq->size);
    }
done:
    return st;
}

void basin_slq_guarantee(double t, size_t dimension, size_t *steps, size_t *probes)
{
    double n = (double)dimension, m = 4.0 / ((n + 2.0) * t * t) * log(2.0 * n / FAILURE);

    *steps = (size_t)ceil(12.0 / t + 0.5);
    *probes = m > 1.0 ? (size_t)ceil(m) : 1;
}

/* ------------------------------------------------------------------------------------------ a spectrum -- */

/* Expected and at most held: the basis of the run, or pairs and probes afterwards. */
basin_status basin_spectrum_slq_demand(size_t size, const basin_spectrum_options *o, basin_demand *demand)
{
    basin_status st = BASIN_OK;
    const size_t steps = o->deflation < size ? o->deflation : size;
    room         have;

    BASIN_TRY(choose_room(size, steps, o->probes, &have));
    const size_t beside = have.pairs + EACH * o->probes, rows = have.rows > beside ? have.rows : beside;
    const size_t small = 5 * have.rows * have.rows + 4 * o->probes * o->steps;
    demand->products += steps, demand->most += steps;
    demand->vectors += o->probes * o->steps;
    if (demand->width < o->probes) demand->width = o->probes;
    if (demand->rows < have.rows / 2) demand->rows = have.rows / 2;
    basin_demand_hold(demand, ((have.rows + BESIDE) * size + small) * sizeof(double),
                      ((rows + BESIDE) * size + small) * sizeof(double));
done:
    return st;
}

basin_status basin_spectrum_slq(basin_point *point, double epsilon, const basin_spectrum_options *options,
                                basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    basin_slq    slq = {0};

    BASIN_TRY(basin_slq_open(point, epsilon, options, &(basin_slq_most){options->steps, options->probes}, out,
                             &slq));
    out->asymmetry = out->negative_mass = NAN;
    if (slq.k < slq.size) {
        BASIN_TRY(basin_slq_add(&slq, options->probes));
        BASIN_TRY(basin_slq_extend(&slq, options->steps));
    }
    BASIN_TRY(basin_slq_tell(&slq, out));
    BASIN_TRY(basin_slq_keep_vectors(&slq, options->vectors, out));
done:
    basin_slq_close(&slq);
    return st;
}

basin_status basin_spectrum_quadrature(basin_point *point, double epsilon, double *const *vectors,
                                       const basin_spectrum_options *options, basin_spectrum *out)
{
    basin_status st = BASIN_OK;
    basin_slq    slq = {0};
    double       norm = 0.0;

    for (size_t i = 0; i < out->count; i++) norm = fmax(norm, fabs(out->eigenvalues[i]));
    BASIN_TRY(basin_slq_open_beside(point, epsilon, vectors, out->count, norm, options->seed,
                                    &(basin_slq_most){options->steps, options->probes}, &slq));
    slq.products = out->products;
    slq.pace = basin_pace_begin(slq.products);
    if (slq.k < slq.size) {
        BASIN_TRY(basin_slq_add(&slq, options->probes));
        BASIN_TRY(basin_slq_extend(&slq, options->steps));
    }
    BASIN_TRY(basin_slq_tell(&slq, out));
done:
    basin_slq_close(&slq);
    return st;
}
