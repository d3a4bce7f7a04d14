/* Sums over the eigenvalues (trace, SANE, N_eff) until the questions about them are decided.
 *
 * Method
 *   1. Pairs by one Lanczos run and probes of what they leave over, as basin_sane_estimate makes them
 *      (spectrum/slq.c): the first look is after 40 steps of the run and one probe of 40 steps.
 *   2. Between looks the products double. They go where the open question's interval loses most by each, into
 *      more steps or more probes.
 *   3. Look j has the share 1/(j (j + 1)) of the question's chance, all looks together the whole of it. The
 *      intervals of sum.c are calibrated at 95 %; at another chance their half-width, but for rounding, is
 *      taken as many times as the quantile of the normal law is larger. That this holds is calibrated too
 *      (tests/analysis/test_gate.c).
 *   4. SANE and N_eff are never below what the pairs held prove.
 *   5. Where a look would take as many products as there are parameters, the dense spectrum takes its place,
 *      which leaves rounding.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "analysis/gate/gate.h"
#include "analysis/spectrum/slq.h"
#include "core/memory.h"

#define CALIBRATED 0.05 /* chance of the intervals of sum.c */

enum { PAIRS = 40, STEPS = 40, DENSE_MOST = 6000 };

typedef struct sums { /* while they are refined */
    basin_slq       slq;
    basin_spectrum *spectrum; /* what is known */
    basin_sane     *sane;     /* of it; NULL unless SANE or N_eff is asked for */
    size_t          looks;
    size_t          before; /* products that others had spent */
} sums;

static double identity(double x, const void *ctx)
{
    (void)ctx;
    return x;
}

static bool is_open(const basin_asking *a, size_t i)
{
    return a->open[i] && basin_gate_way_of(a->questions[i].measure) == BASIN_WAY_SUMS;
}

static bool is_of_sane(size_t measure)
{
    return measure == BASIN_MEASURE_sane || measure == BASIN_MEASURE_n_eff;
}

/* ------------------------------------------------------------------------------------------- intervals -- */

/* *least: what the pairs held prove, below which SANE and N_eff are not. */
static basin_status sum_of(const sums *s, size_t measure, basin_spectral_sum *out, double *least)
{
    basin_status st = BASIN_OK;
    const double size = (double)s->spectrum->parameters;

    *least = -INFINITY;
    if (is_of_sane(measure)) {
        const bool sane = measure == BASIN_MEASURE_sane;
        *out = sane ? s->sane->error : s->sane->n_eff_error;
        *least = sane ? s->sane->bound_lower : s->sane->n_eff_bound_lower;
        return BASIN_OK;
    }
    BASIN_TRY(basin_spectrum_sum(s->spectrum, &(basin_summand){identity, NULL, 1.0}, out));
    if (measure != BASIN_MEASURE_curvature_random) goto done;
    out->value /= size, out->lower /= size, out->upper /= size;
    out->sampling /= size, out->quadrature /= size, out->pairs /= size, out->rounding /= size;
done:
    return st;
}

static bool is_estimated(const sums *s)
{
    return s->spectrum->quadrature.probes > 0;
}

/* Step 3. */
static void look_at(basin_asking *a, const sums *s, size_t i, const basin_spectral_sum *sum, double least)
{
    const double share = a->chance / (double)(s->looks * (s->looks + 1));
    const double times = basin_normal_quantile(share) / basin_normal_quantile(CALIBRATED);
    const double below = times * (sum->value - sum->lower - sum->rounding) + sum->rounding;
    const double above = times * (sum->upper - sum->value - sum->rounding) + sum->rounding;

    if (!is_estimated(s))
        basin_gate_look(a, i, sum->value, sum->lower, sum->upper, BASIN_ENDS_PROVEN);
    else
        basin_gate_look(a, i, sum->value, fmax(sum->value - below, least), sum->value + above,
                        BASIN_ENDS_CONFIDENCE);
}

/* *error: what the first question that stays open has for its interval. */
static basin_status look(basin_asking *a, sums *s, basin_spectral_sum *error)
{
    basin_status       st = BASIN_OK;
    basin_sane_options options = a->measuring.options.sane;
    bool               wanted = false;

    options.recorded_weight_decay = NAN; /* as in a row */
    s->looks++;
    a->spent = s->before + s->spectrum->products;
    for (size_t i = 0; i < a->count; i++)
        wanted = wanted || (is_open(a, i) && is_of_sane(a->questions[i].measure));
    basin_sane_destroy(&s->sane);
    if (wanted) BASIN_TRY(basin_sane_compute(s->spectrum, &options, &s->sane));
    for (size_t i = a->count; i-- > 0;) {
        basin_spectral_sum sum;
        double             least;
        if (!is_open(a, i)) continue;
        BASIN_TRY(sum_of(s, a->questions[i].measure, &sum, &least));
        look_at(a, s, i, &sum, least);
        if (a->open[i]) *error = sum;
    }
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- dense -- */

static basin_status dense(basin_asking *a, sums *s)
{
    basin_status       st = BASIN_OK;
    basin_spectral_sum ignored;

    basin_slq_close(&s->slq);
    s->before = a->spent;
    basin_spectrum_destroy(&s->spectrum);
    BASIN_TRY(basin_spectrum_solve(
        a->point,
        &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .seed = a->measuring.options.spectrum.seed},
        &s->spectrum));
    BASIN_TRY(look(a, s, &ignored));
    basin_gate_give_up(a, BASIN_WAY_SUMS, BASIN_GATE_COMPLETE);
done:
    return st;
}

/* Does the dense spectrum take no more than so many products, and what is left? */
static bool is_dense_better(const basin_asking *a, size_t products)
{
    const size_t size = a->point->size;

    return size <= products && size <= DENSE_MOST && size <= basin_gate_left(a) &&
           basin_spectrum_dense_bytes(size, 0) <= basin_memory_limit();
}

/* ------------------------------------------------------------------------------------------ quadrature -- */

static basin_spectrum_options first_options(const basin_asking *a)
{
    const size_t size = a->point->size;

    return (basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ,
                                    .seed = a->measuring.options.spectrum.seed,
                                    .tolerance = BASIN_DEFLATED,
                                    .deflation = PAIRS < size ? PAIRS : size,
                                    .probes = 1,
                                    .steps = STEPS < size ? STEPS : size};
}

static basin_slq_most most_of(const basin_asking *a)
{
    const size_t left = basin_gate_left(a), held = basin_slq_probes_most(a->point->size);
    const size_t probes = left / STEPS > 1 ? left / STEPS : 1;

    return (basin_slq_most){.steps = left, .probes = probes < held ? probes : held};
}

static basin_status open_sums(basin_asking *a, sums *s)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_options o = first_options(a), held = o;
    const basin_slq_most   most = most_of(a);
    basin_demand           demand = {0};

    s->before = a->spent;
    held.probes = most.probes;
    BASIN_TRY(basin_spectrum_slq_demand(a->point->size, &held, &demand));
    basin_point_reserve(a->point, demand.aside);
    BASIN_TRY(basin_point_epsilon(a->point, &a->epsilon));
    BASIN_ALLOC(s->spectrum, 1, "spectrum");
    BASIN_TRY(basin_spectrum_begin(a->point, a->epsilon, &o, s->spectrum));
    BASIN_TRY(basin_slq_open(a->point, a->epsilon, &o, &most, s->spectrum, &s->slq));
    if (s->slq.k < s->slq.size) {
        BASIN_TRY(basin_slq_add(&s->slq, 1));
        BASIN_TRY(basin_slq_extend(&s->slq, o.steps));
    }
    BASIN_TRY(basin_slq_tell(&s->slq, s->spectrum));
done:
    return st;
}

/* More products, until there are as many as that; *why: COMPLETE where that could be done. */
static basin_status refine(basin_asking *a, sums *s, const basin_spectral_sum *error, size_t products,
                           basin_gate_end *why)
{
    basin_status st = BASIN_OK;
    bool         grown = true;

    *why = BASIN_GATE_COMPLETE;
    while (s->slq.products < products && !s->slq.late) {
        const size_t left = a->products_most - s->before - s->slq.products;
        BASIN_TRY(basin_slq_grow(&s->slq, error, left, &grown));
        if (!grown) break;
    }
    if (s->slq.late)
        *why = BASIN_GATE_TIME;
    else if (s->slq.products < products)
        *why = BASIN_GATE_PRODUCTS;
    BASIN_TRY(basin_slq_tell(&s->slq, s->spectrum));
done:
    return st;
}

basin_status basin_gate_sums(basin_asking *a)
{
    basin_status       st = BASIN_OK;
    sums               s = {.looks = 0};
    basin_spectral_sum error;
    basin_gate_end     why = BASIN_GATE_COMPLETE;

    if (!basin_gate_open(a, BASIN_WAY_SUMS)) return BASIN_OK;
    if (is_dense_better(a, PAIRS + STEPS)) {
        BASIN_TRY(dense(a, &s));
        goto done;
    }
    if (basin_gate_left(a) < PAIRS + STEPS) {
        basin_gate_give_up(a, BASIN_WAY_SUMS, BASIN_GATE_PRODUCTS);
        goto done;
    }
    BASIN_TRY(open_sums(a, &s));
    for (;;) {
        BASIN_TRY(look(a, &s, &error));
        if (!basin_gate_open(a, BASIN_WAY_SUMS)) break;
        if (!is_estimated(&s) || why != BASIN_GATE_COMPLETE) {
            basin_gate_give_up(a, BASIN_WAY_SUMS, why);
            break;
        }
        const size_t next = 2 * s.slq.products;
        if (is_dense_better(a, next - s.slq.products)) {
            BASIN_TRY(dense(a, &s));
            break;
        }
        BASIN_TRY(refine(a, &s, &error, next, &why));
    }
done:
    basin_slq_close(&s.slq);
    basin_sane_destroy(&s.sane);
    basin_spectrum_destroy(&s.spectrum);
    return st;
}
