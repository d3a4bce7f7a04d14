/* SANE and effective parameters.
 *
 *     SANE_k = Σ_i |λ_i| / (|λ_i| + κ Λ), Λ the k-th largest |λ|          N_eff = Σ_i |λ_i| /
 *     (|λ_i| + α)
 *
 * Method, truncated spectrum: c pairs held, m = P - c left over, f(x) = x / (x + a) with a = κΛ or α
 *   1. Held: with R the residual vectors, c distinct eigenvalues lie within δ = ‖R‖_F of the values
 *      (Kahan;
 *      Parlett 1998, §11.5); where both ends are, the outermost c lie within the tolerance (verify.c), and
 *      δ is the larger of both: lower end with |λ| - δ (not below 0) and Λ + δ, upper end with |λ| + δ
 *      and Λ - δ.
 *   2. Left over: S = ‖H‖_F² (95 % upper limit) - Σ_held (|λ| - δ)² bounds their squares, and B
 *      their magnitudes (basin_spectrum_leftover). f(√s) is concave in s, so their sum is largest when all
 *      are equal: rest <= m f(min(√(S/m), B)). The trace gives no bound, since H is indefinite.
 *   3. Λ is certain when nothing left over can exceed it: Λ + δ >= min(B, √S).
 *
 * Method, whole spectrum: by Hoffman & Wielandt (Duke Math. J. 20, 1953) the root of the sum of squares of
 * the errors of all P values is at most the Frobenius norm δ of the error in H (dense: its reported
 * residual;
 * Lanczos: ‖R‖_F). f rises by at most 1/a, so the sum is off by at most √P δ/a, and no term by more
 * than its own |λ| ± δ: lower end with Λ + δ, upper end with Λ − δ. In double precision that is
 * rounding; in single it is what noise on the true zeros may add.
 *
 * Method, estimated (a spectrum with quadrature of what the pairs held leave over)
 *   1. SANE and N_eff are tr f(H): pairs and quadrature with a calibrated interval (sum.c). Λ is the |θ| of
 *      rank k among the pairs held; by how much that may be off moves SANE by its derivative, which is added.
 *   2. The rank is certain as far as no node of the rules lies beyond: nodes are within the complement's
 *      spectrum, and its largest are the first to come out.
 *   3. The bounds of the truncated spectrum stand beside it.
 *   4. Any other κ, k, α come from the same rules: the sweeps.
 *
 * The quadratic local learning coefficient (E. Lau, D. Murfet, S. Wei, arXiv:2308.12108): for a quadratic
 * with λ_i >= 0, nβ E[L − L*] under exp(−nβL − ½γ‖w − w*‖²) is ½ Σ λ_i/(λ_i +
 * γ/(nβ)); β = 1/ln n there.
 *
 * Method, ritz (the first author's code): every Ritz value of one Lanczos run of m steps enters, converged or
 * not. No bound.
 *
 * References: Wang & Roberts, arXiv:2305.18490 (SANE, formula as in the first author's code); MacKay, Neural
 * Computation 4(3), 1992, and Maddox, Benton & Wilson, arXiv:2003.02139 (N_eff).
 */
#include <math.h>
#include <stdlib.h>

#include "analysis/spectrum/krylov.h"
#include "analysis/spectrum/spectrum.h"
#include "analysis/spectrum/sum.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

#define KAPPA 0.5
#define ALPHA 0.5
#define GAMMA 1.0
/* relative: of two magnitudes as close as this either may be the larger */
#define TIE 1e-3

static const double kappa_sweep[] = {0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0};
static const double alpha_factor[] = {1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3}; /* times alpha */
#define SWEEP (sizeof kappa_sweep / sizeof *kappa_sweep)
_Static_assert(sizeof alpha_factor / sizeof *alpha_factor == SWEEP, "one sweep_count for both");
static const size_t rank_sweep[] = {1, 2, 3, 5, 10, 20};
enum { RANKS = sizeof rank_sweep / sizeof *rank_sweep };

typedef struct magnitudes { /* |λ| of what is held, and what is known of the rest */
    size_t  count;
    double *x; /* [count] descending */
    /* each is off by at most this; of a whole spectrum even the root of the sum of all squares */
    double            delta;
    size_t            left;    /* eigenvalues not held */
    double            largest; /* of those, at most this */
    double            squares; /* sum of their squares, at most this */
    double            rival;   /* what one of them may reach where ranks are decided */
    const basin_sums *sums;    /* of all eigenvalues; NULL where the spectrum has no quadrature */
} magnitudes;

static double term(double x, double a)
{
    return x > 0.0 ? x / (x + a) : 0.0;
}

static double total(const magnitudes *m, double shift, double a)
{
    double sum = 0.0;

    for (size_t i = 0; i < m->count; i++) sum += term(m->x[i] + shift, a);
    return sum;
}

/* By how much a whole spectrum's sum may be off. */
static double slack(const magnitudes *m, double a)
{
    if (m->left > 0) return INFINITY;
    return m->delta > 0.0 ? sqrt((double)m->count) * m->delta / a : 0.0;
}

/* Bounds of what the eigenvalues held add. */
static double held_least(const magnitudes *m, double a)
{
    return fmax(total(m, -m->delta, a), total(m, 0.0, a) - slack(m, a));
}

static double held_most(const magnitudes *m, double a)
{
    return fmin(total(m, m->delta, a), total(m, 0.0, a) + slack(m, a));
}

/* Upper bound of what the eigenvalues left over add. */
static double rest(const magnitudes *m, double a)
{
    if (m->left == 0) return 0.0;
    return (double)m->left * term(fmin(sqrt(m->squares / (double)m->left), m->largest), a);
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static basin_status sort_magnitudes(const double *eigenvalues, size_t count, magnitudes *m)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(m->x, count, "magnitudes of eigenvalues");
    for (size_t i = 0; i < count; i++) m->x[i] = fabs(eigenvalues[i]);
    qsort(m->x, count, sizeof *m->x, descending);
    m->count = count;
done:
    return st;
}

static void bound_leftover(const basin_spectrum *s, magnitudes *m)
{
    double residuals = basin_norm(s->residuals, s->count), margin = basin_spectrum_margin(s), held = 0.0;

    m->left = s->parameters - s->count;
    m->delta = s->method == BASIN_SPECTRUM_DENSE && m->left == 0 ? s->residuals[0] : residuals;
    if (m->left == 0) return;
    if (isfinite(margin)) m->delta = fmax(m->delta, margin);
    for (size_t i = 0; i < m->count; i++)
        held += fmax(m->x[i] - m->delta, 0.0) * fmax(m->x[i] - m->delta, 0.0);
    m->squares = fmax(s->frobenius2_upper - held, 0.0);
    m->largest = m->rival = fmin(basin_spectrum_leftover(s), sqrt(m->squares));
}

static bool rank_is_certain(const magnitudes *m, size_t k)
{
    return m->left == 0 || m->x[k - 1] + (m->sums != NULL ? TIE * m->x[k - 1] : m->delta) >= m->rival;
}

static basin_status choose_reference(const magnitudes *m, size_t k, double *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(m->count > 0 && m->x[0] > 0.0, BASIN_ERR_NUMERIC, "SANE is undefined: all eigenvalues are 0");
    BASIN_CHECK(k <= m->count, BASIN_ERR_VALUE, "SANE_%zu needs %zu eigenvalues, the spectrum holds %zu", k,
                k, m->count);
    BASIN_CHECK(m->x[k - 1] > 0.0, BASIN_ERR_NUMERIC,
                "SANE_%zu is undefined: the Hessian has rank %zu at most", k, k - 1);
    BASIN_CHECK(rank_is_certain(m, k), BASIN_ERR_VALUE,
                "SANE_%zu: rank %zu (%g) is not certain, an eigenvalue left out may reach %g: hold more "
                "pairs at both ends",
                k, k, m->x[k - 1], m->rival);
    *out = m->x[k - 1];
done:
    return st;
}

static basin_status check_options(const basin_sane_options *o)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(o->kappa >= 0.0 && isfinite(o->kappa), BASIN_ERR_VALUE, "kappa %g is not a finite number > 0",
                o->kappa);
    BASIN_CHECK(o->alpha >= 0.0 && isfinite(o->alpha), BASIN_ERR_VALUE, "alpha %g is not a finite number > 0",
                o->alpha);
    BASIN_CHECK(o->gamma >= 0.0 && isfinite(o->gamma), BASIN_ERR_VALUE, "gamma %g is not a finite number > 0",
                o->gamma);
    BASIN_CHECK(o->tolerance >= 0.0 && o->tolerance < 1.0, BASIN_ERR_VALUE,
                "the tolerance %g of SANE's interval does not lie in [0, 1)", o->tolerance);
done:
    return st;
}

static void choose_alpha(const basin_sane_options *o, basin_sane *s)
{
    bool recorded = o->recorded_weight_decay > 0.0;

    s->alpha = o->alpha > 0.0 ? o->alpha : recorded ? o->recorded_weight_decay : ALPHA;
    s->alpha_source = o->alpha > 0.0 ? BASIN_ALPHA_OPTION
                      : recorded     ? BASIN_ALPHA_WEIGHT_DECAY
                                     : BASIN_ALPHA_DEFAULT;
}

/* ---------------------------------------------------------------------------------------- whole sums -- */

static double summand(double x, const void *ctx)
{
    return term(fabs(x), *(const double *)ctx);
}

/* Σ |λ|/(|λ| + a) with the ends that its kind of spectrum allows. `least` and `most` are the regulariser's
   own, where it follows Λ. */
static basin_spectral_sum sum_with(const magnitudes *m, double a, double least, double most)
{
    basin_spectral_sum out = {.value = total(m, 0.0, a),
                              .lower = held_least(m, most),
                              .upper = held_most(m, least) + rest(m, least),
                              .sampling = NAN,
                              .quadrature = NAN,
                              .pairs = NAN,
                              .rounding = NAN};

    return out;
}

/* The residual of the pair whose magnitude is Λ moves Λ, and with it the regulariser. */
static double move_of(const basin_sums *sums, double reference)
{
    double move = 0.0;

    for (size_t i = 0; i < sums->spectrum->count; i++)
        if (fabs(sums->spectrum->eigenvalues[i]) == reference) move = fmax(move, sums->moves[i]);
    return move;
}

static basin_spectral_sum estimate(const basin_sums *sums, double a, double move)
{
    basin_spectral_sum out = basin_sums_of(sums, &(basin_summand){summand, &a, 1.0 / a});

    if (move > 0.0) {
        double moved = a + move;
        double change =
            fabs(out.value - basin_sums_of(sums, &(basin_summand){summand, &moved, 1.0 / moved}).value);
        out.pairs += change;
        out.lower -= change, out.upper += change;
    }
    out.lower = fmax(out.lower, 0.0);
    return out;
}

/* Of SANE with regulariser kappa Λ. */
static basin_spectral_sum sane_at(const magnitudes *m, double kappa, double reference)
{
    double a = kappa * reference;

    if (m->sums != NULL) return estimate(m->sums, a, kappa * move_of(m->sums, reference));
    return sum_with(m, a, kappa * fmax(reference - m->delta, 0.0), kappa * (reference + m->delta));
}

static basin_spectral_sum n_eff_at(const magnitudes *m, double alpha)
{
    return m->sums != NULL ? estimate(m->sums, alpha, 0.0) : sum_with(m, alpha, alpha, alpha);
}

static basin_status allocate_sweeps(basin_sane *s)
{
    basin_status st = BASIN_OK;
    double **of_cut_offs[] = {&s->kappa_sweep, &s->sane_sweep,  &s->sane_sweep_lower,  &s->sane_sweep_upper,
                              &s->alpha_sweep, &s->n_eff_sweep, &s->n_eff_sweep_lower, &s->n_eff_sweep_upper};
    double **of_ranks[] = {&s->sane_k_sweep, &s->sane_k_sweep_lower, &s->sane_k_sweep_upper};

    for (size_t i = 0; i < sizeof of_cut_offs / sizeof *of_cut_offs; i++)
        BASIN_ALLOC(*of_cut_offs[i], SWEEP, "sweep");
    for (size_t i = 0; i < sizeof of_ranks / sizeof *of_ranks; i++) BASIN_ALLOC(*of_ranks[i], RANKS, "sweep");
    BASIN_ALLOC(s->k_sweep, RANKS, "sweep");
    s->sweep_count = SWEEP;
done:
    return st;
}

static void put(basin_spectral_sum sum, double *value, double *lower, double *upper)
{
    *value = sum.value, *lower = sum.lower, *upper = sum.upper;
}

static basin_status sweep(const magnitudes *m, basin_sane *s)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(allocate_sweeps(s));
    for (size_t i = 0; i < SWEEP; i++) {
        s->kappa_sweep[i] = kappa_sweep[i];
        put(sane_at(m, kappa_sweep[i], s->reference), &s->sane_sweep[i], &s->sane_sweep_lower[i],
            &s->sane_sweep_upper[i]);
        s->alpha_sweep[i] = s->alpha * alpha_factor[i];
        put(n_eff_at(m, s->alpha_sweep[i]), &s->n_eff_sweep[i], &s->n_eff_sweep_lower[i],
            &s->n_eff_sweep_upper[i]);
    }
    for (size_t i = 0; i < RANKS; i++) {
        size_t k = rank_sweep[i], at = s->k_count;
        if (k > m->count || !(m->x[k - 1] > 0.0) || !rank_is_certain(m, k)) break;
        s->k_sweep[at] = k;
        put(sane_at(m, s->kappa, m->x[k - 1]), &s->sane_k_sweep[at], &s->sane_k_sweep_lower[at],
            &s->sane_k_sweep_upper[at]);
        s->k_count++;
    }
done:
    return st;
}

static const basin_spectral_sum unknown = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};

/* ½ N_eff at gamma ln n / n; one sample has no temperature. */
static void take_llc(const magnitudes *m, double gamma, basin_sane *s)
{
    double              n = (double)s->samples;
    basin_spectral_sum *l = &s->llc;

    s->llc_gamma = gamma > 0.0 ? gamma : GAMMA;
    s->llc_alpha = s->samples > 1 ? s->llc_gamma * log(n) / n : (double)NAN;
    *l = s->samples > 1 ? n_eff_at(m, s->llc_alpha) : unknown;
    double *parts[] = {&l->value,      &l->lower, &l->upper,   &l->sampling,
                       &l->quadrature, &l->pairs, &l->rounding};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) *parts[i] *= 0.5;
}

/* Everything that follows from the magnitudes. */
static basin_status sum_up(const magnitudes *m, basin_sane_method method, const basin_sane_options *options,
                           basin_sane *s)
{
    basin_status st = BASIN_OK;
    magnitudes   bare = *m;

    s->kappa = options->kappa > 0.0 ? options->kappa : KAPPA;
    s->k = options->k > 0 ? options->k : 1;
    s->eigenvalues = m->count;
    s->method = (int)method;
    choose_alpha(options, s);
    BASIN_TRY(choose_reference(m, s->k, &s->reference));
    s->error = sane_at(m, s->kappa, s->reference);
    s->n_eff_error = n_eff_at(m, s->alpha);
    put(s->error, &s->value, &s->lower, &s->upper);
    put(s->n_eff_error, &s->n_eff, &s->n_eff_lower, &s->n_eff_upper);
    bare.sums = NULL;
    double ignored;
    put(sane_at(&bare, s->kappa, s->reference), &ignored, &s->bound_lower, &s->bound_upper);
    put(n_eff_at(&bare, s->alpha), &ignored, &s->n_eff_bound_lower, &s->n_eff_bound_upper);
    take_llc(m, options->gamma, s);
    BASIN_TRY(sweep(m, s));
done:
    return st;
}

basin_status basin_sane_compute(const basin_spectrum *spectrum, const basin_sane_options *options,
                                basin_sane **out)
{
    basin_status             st = BASIN_OK;
    const basin_sane_options defaults = {0};
    basin_sane              *s = NULL;
    magnitudes               m = {0};
    basin_sums               sums = {0};
    bool                     whole = spectrum->count == spectrum->parameters;

    if (options == NULL) options = &defaults;
    BASIN_TRY(check_options(options));
    BASIN_TRY(basin_spectrum_check(spectrum));
    BASIN_ALLOC(s, 1, "SANE");
    s->parameters = spectrum->parameters;
    s->samples = spectrum->samples;
    s->loss = spectrum->loss;
    s->gradient_norm = spectrum->gradient_norm;
    s->stationarity = spectrum->stationarity;
    s->operator_kind = spectrum->operator_kind;
    s->preconditioned = spectrum->preconditioned;
    s->seed = spectrum->seed;
    BASIN_TRY(sort_magnitudes(spectrum->eigenvalues, spectrum->count, &m));
    bound_leftover(spectrum, &m);
    s->products = spectrum->products;
    if (!whole && spectrum->quadrature.probes > 0) {
        BASIN_TRY(basin_sums_open(spectrum, &sums));
        m.sums = &sums;
        m.rival = fmin(m.rival, basin_sums_largest(&sums));
        s->probes = spectrum->quadrature.probes;
        s->steps = spectrum->quadrature.steps;
    }
    BASIN_TRY(sum_up(&m,
                     whole            ? BASIN_SANE_WHOLE
                     : m.sums != NULL ? BASIN_SANE_ESTIMATED
                                      : BASIN_SANE_TRUNCATED,
                     options, s));
    *out = s, s = NULL;
done:
    basin_sums_close(&sums);
    basin_free(m.x);
    basin_sane_destroy(&s);
    return st;
}

/* ------------------------------------------------------------------------------------------------ ritz -- */

/* One run from a random start, until `steps` or an invariant subspace. */
static basin_status run(basin_krylov *k, size_t steps)
{
    basin_status st = BASIN_OK;

    do {
        BASIN_TRY(basin_progress_report("lanczos", (double)k->used, (double)steps));
        BASIN_TRY(basin_krylov_extend(k, 0));
    } while (k->used < steps && k->beta > 0.0);
    BASIN_TRY(basin_krylov_ritz(k));
done:
    return st;
}

static basin_status ritz_demand(const basin_point *point, const basin_sane_options *options,
                                basin_demand *demand, size_t *out)
{
    basin_status st = BASIN_OK;
    size_t       size = point->size, steps = options != NULL ? options->ritz : 0, bytes;

    BASIN_CHECK(steps > 0, BASIN_ERR_ARG, "the ritz method needs a number of Lanczos steps");
    BASIN_TRY(check_options(options));
    if (steps > size) steps = size;
    BASIN_CHECK(steps < basin_memory_limit() / sizeof(double) / size, BASIN_ERR_BUDGET,
                "%zu Lanczos steps with %zu parameters do not fit the limit of %zu bytes", steps, size,
                basin_memory_limit());
    basin_stationarity_demand(point, demand);
    demand->products += steps, demand->most += steps;
    demand->rows = steps / 2 + 1;
    /* the basis, the projected matrix, Ritz vectors */
    bytes = (steps * size + 2 * (steps + 1) * (steps + 1)) * sizeof(double);
    /* and one vector more, and a product */
    basin_demand_hold(demand, bytes, bytes + 2 * size * sizeof(double));
    *out = steps;
done:
    return st;
}

/* Nothing bounds a sum over unconverged Ritz values. */
static void forget_ends(basin_sane *s)
{
    double *ends[] = {&s->lower,       &s->upper,       &s->n_eff_lower,       &s->n_eff_upper,
                      &s->bound_lower, &s->bound_upper, &s->n_eff_bound_lower, &s->n_eff_bound_upper,
                      &s->error.lower, &s->error.upper, &s->n_eff_error.lower, &s->n_eff_error.upper,
                      &s->llc.lower,   &s->llc.upper};
    double *sweeps[] = {s->sane_sweep_lower, s->sane_sweep_upper, s->n_eff_sweep_lower, s->n_eff_sweep_upper};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) *ends[i] = NAN;
    for (size_t i = 0; i < 4 * SWEEP; i++) sweeps[i / SWEEP][i % SWEEP] = NAN;
    for (size_t i = 0; i < s->k_count; i++) s->sane_k_sweep_lower[i] = s->sane_k_sweep_upper[i] = NAN;
}

static basin_status describe_point(basin_point *point, basin_sane *s)
{
    basin_status  st = BASIN_OK;
    const double *g;
    basin_loss    loss;

    BASIN_TRY(basin_point_gradient(point, &loss, &g));
    s->parameters = point->size;
    s->samples = basin_objective_samples(point->objective);
    s->loss = basin_loss_value(&loss);
    s->gradient_norm = basin_norm(g, point->size);
    BASIN_TRY(basin_stationarity_compute(point, &s->stationarity));
done:
    return st;
}

basin_status basin_sane_ritz_forecast(basin_point *point, const basin_sane_options *options,
                                      basin_forecast **out)
{
    basin_status           st = BASIN_OK;
    size_t                 steps;
    basin_forecast_request request = {
        .analysis = "sane", .method = basin_sane_method_text(BASIN_SANE_RITZ), .point = point};

    BASIN_TRY(ritz_demand(point, options, &request.demand, &steps));
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

basin_status basin_sane_ritz(basin_point *point, uint64_t seed, const basin_sane_options *options,
                             basin_sane **out)
{
    basin_status  st = BASIN_OK;
    basin_sane   *s = NULL;
    basin_krylov *k = NULL;
    magnitudes    m = {0};
    basin_demand  demand = {0};
    size_t        steps;

    BASIN_TRY(ritz_demand(point, options, &demand, &steps));
    BASIN_TRY(basin_point_gradient(point, NULL, NULL)); /* where the loss is not finite, nothing begins */
    BASIN_ALLOC(s, 1, "SANE");
    basin_point_reserve(point, demand.aside);
    BASIN_TRY(basin_krylov_create(point, steps + 1, basin_objective_epsilon(point->objective), seed, &k));
    BASIN_TRY(run(k, steps));
    BASIN_TRY(sort_magnitudes(k->ritz, k->used, &m));
    s->samples = basin_objective_samples(point->objective);
    BASIN_TRY(sum_up(&m, BASIN_SANE_RITZ, options, s));
    forget_ends(s);
    s->products = k->products;
    s->ritz_steps = k->used;
    s->operator_kind = point->options.operator_kind;
    s->preconditioned = point->scale != NULL;
    s->seed = seed;
    basin_krylov_destroy(&k); /* its memory may be wanted */
    BASIN_TRY(describe_point(point, s));
    *out = s, s = NULL;
done:
    basin_free(m.x);
    basin_krylov_destroy(&k);
    basin_sane_destroy(&s);
    return st;
}
