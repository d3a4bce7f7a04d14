/* SANE at any size, to an asked width: quadrature that grows where it pays.
 *
 * Method
 *   1. Pairs by one Lanczos run, the run itself as a probe, one probe more of 40 steps (slq.c), SANE with its
 *      interval (sane.c). Fewer steps would leave room for more probes, but where eigenvalues are dense about
 *      the kink of |λ| neither rule is then where its error can be told.
 *   2. The interval is within the tolerance, or no further step or probe fits the products: done.
 *   3. Else products are spent where the square of the half-width, sampling² + quadrature², falls most by
 *      each: sampling² falls as 1/m, so a probe of s steps takes sampling²/(m s) off it a product; the
 *      quadrature's error falls about as 1/s, since |λ| has a kink, so a step of all m probes takes 2
 *      quadrature²/(m s). So: more steps, a quarter, where 2 quadrature² > sampling²; else more probes, a
 *      half, which are multiplied as one block.
 */
#include <math.h>

#include "analysis/spectrum/slq.h"
#include "core/linalg.h"
#include "core/memory.h"

enum { PRODUCTS = 200, PRODUCTS_MOST = 2000, DEFLATION = 40, DEFLATION_MOST = 200, PROBES = 1, STEPS = 40 };

typedef struct budget {
    basin_spectrum_options spectral; /* complete */
    size_t                 products; /* in all */
    basin_slq_most         most;
    double                 tolerance;
} budget;

/* Three fifths of the products find pairs: a pair takes its f² off the variance, a probe divides what is
   left. Of a width that is asked for nobody knows what it will take, and 40 begin. */
static size_t deflation_of(size_t size, const budget *b)
{
    size_t share = 3 * b->products / 5;

    if (b->tolerance > 0.0) return DEFLATION;
    return basin_slq_run_most(size, share < DEFLATION_MOST ? share : DEFLATION_MOST);
}

/* A quarter at least, however many products are asked for to find pairs. */
static size_t left_to_probes(const budget *b)
{
    size_t least = b->products / 4, spent = b->spectral.deflation;

    return spent + least < b->products ? b->products - spent : least;
}

/* As many as the products and the memory allow, and those that are asked for. */
static size_t probes_most(size_t size, const budget *b)
{
    size_t spent = b->spectral.deflation < b->products ? b->spectral.deflation : b->products;
    size_t probes = (b->products - spent) / b->spectral.steps, held = basin_slq_probes_most(size);

    if (probes > held) probes = held;
    return probes > b->spectral.probes ? probes : b->spectral.probes;
}

/* What the options come to. A small budget finds fewer pairs and takes fewer steps. */
static basin_status complete(size_t size, const basin_spectrum_options *spectral,
                             const basin_sane_options *options, budget *out)
{
    basin_status st = BASIN_OK;
    budget       b = {.tolerance = options->tolerance, .products = options->products};

    if (spectral != NULL) b.spectral = *spectral;
    b.spectral.method = BASIN_SPECTRUM_SLQ;
    if (b.products == 0) b.products = b.tolerance > 0.0 ? PRODUCTS_MOST : PRODUCTS;
    BASIN_CHECK(b.products >= 16, BASIN_ERR_VALUE,
                "%zu products are too few for pairs and probes: at least 16", b.products);
    if (b.spectral.tolerance == 0.0) b.spectral.tolerance = BASIN_DEFLATED;
    if (b.spectral.deflation == 0) b.spectral.deflation = deflation_of(size, &b);
    if (b.spectral.probes == 0) b.spectral.probes = PROBES;
    if (b.spectral.steps == 0) {
        size_t each = left_to_probes(&b) / b.spectral.probes;
        b.spectral.steps = each < STEPS ? each : STEPS;
    }
    if (b.spectral.steps > size) b.spectral.steps = size;
    b.most = (basin_slq_most){.steps = b.products, .probes = probes_most(size, &b)};
    *out = b;
done:
    return st;
}

static double half_width(const basin_sane *s)
{
    return fmax(s->upper - s->value, s->value - s->lower);
}

static basin_status check_floor(const budget *b, const basin_sane *s)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(
        b->tolerance == 0.0 || s->error.rounding < b->tolerance * s->value, BASIN_ERR_VALUE,
        "the rounding of the products alone leaves SANE open by %.2g %%, more than the %.2g %% asked for",
        100.0 * s->error.rounding / s->value, 100.0 * b->tolerance);
done:
    return st;
}

/* Step 3. */
basin_status basin_slq_grow(basin_slq *slq, const basin_spectral_sum *error, size_t left, bool *grown)
{
    basin_status st = BASIN_OK;
    size_t more = slq->steps / 4 > 0 ? slq->steps / 4 : 1, add = slq->probes / 2 > 0 ? slq->probes / 2 : 1;
    size_t room = slq->most.steps - slq->steps;

    if (more > room) more = room;
    if (more > left / slq->probes) more = left / slq->probes;
    if (add > left / slq->steps) add = left / slq->steps;
    if (add > slq->most.probes - slq->probes) add = slq->most.probes - slq->probes;
    if (slq->cohort_count == BASIN_SLQ_COHORTS) add = 0;
    bool deeper = 2.0 * error->quadrature * error->quadrature > error->sampling * error->sampling;
    *grown = more > 0 || add > 0;
    if (more > 0 && (deeper || add == 0))
        BASIN_TRY(basin_slq_extend(slq, slq->steps + more));
    else if (add > 0)
        BASIN_TRY(basin_slq_add(slq, add));
done:
    return st;
}

static basin_status iterate(basin_slq *slq, const budget *b, const basin_sane_options *options,
                            basin_spectrum *spectrum, basin_sane **out)
{
    basin_status st = BASIN_OK;
    basin_sane  *s = NULL;
    bool         grown = slq->k < slq->size;

    if (grown) {
        BASIN_TRY(basin_slq_add(slq, b->spectral.probes));
        BASIN_TRY(basin_slq_extend(slq, b->spectral.steps));
    }
    for (;;) {
        BASIN_TRY(basin_slq_tell(slq, spectrum));
        basin_sane_destroy(&s);
        BASIN_TRY(basin_sane_compute(spectrum, options, &s));
        BASIN_TRY(check_floor(b, s));
        bool met = b->tolerance > 0.0 && half_width(s) <= b->tolerance * s->value;
        if (met || !grown || slq->late || slq->products >= b->products) break;
        BASIN_TRY(basin_slq_grow(slq, &s->error, b->products - slq->products, &grown));
        if (!grown) break;
    }
    *out = s, s = NULL;
done:
    basin_sane_destroy(&s);
    return st;
}

/* Vectors held with the most probes that the budget allows. */
static basin_status estimate_demand(basin_point *point, const budget *b, basin_demand *demand)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_options most = b->spectral;

    most.probes = b->most.probes;
    BASIN_TRY(basin_spectrum_slq_demand(point->size, &most, demand));
    demand->gradients = demand->freezes = 1;
done:
    return st;
}

basin_status basin_sane_estimate_forecast(basin_point *point, const basin_spectrum_options *spectral,
                                          const basin_sane_options *options, basin_forecast **out)
{
    basin_status             st = BASIN_OK;
    const basin_sane_options defaults = {0};
    budget                   b;
    basin_forecast_request   request = {
          .analysis = "sane", .method = basin_sane_method_text(BASIN_SANE_ESTIMATED), .point = point};

    BASIN_TRY(complete(point->size, spectral, options != NULL ? options : &defaults, &b));
    BASIN_TRY(estimate_demand(point, &b, &request.demand));
    basin_stationarity_demand(point, &request.demand);
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

basin_status basin_sane_estimate(basin_point *point, const basin_spectrum_options *spectral,
                                 const basin_sane_options *options, basin_sane **out,
                                 basin_spectrum **spectrum)
{
    basin_status             st = BASIN_OK;
    const basin_sane_options defaults = {0};
    basin_spectrum          *s = NULL;
    basin_sane              *sane = NULL;
    basin_slq                slq = {0};
    basin_demand             demand = {0};
    budget                   b;
    double                   epsilon;

    if (options == NULL) options = &defaults;
    BASIN_TRY(complete(point->size, spectral, options, &b));
    BASIN_TRY(estimate_demand(point, &b, &demand));
    BASIN_TRY(basin_point_gradient(point, NULL, NULL));
    BASIN_ALLOC(s, 1, "spectrum");
    basin_stationarity_demand(point, &demand);
    basin_point_reserve(point, demand.aside);
    BASIN_TRY(basin_point_epsilon(point, &epsilon));
    BASIN_TRY(basin_spectrum_begin(point, epsilon, &b.spectral, s));
    BASIN_TRY(basin_slq_open(point, epsilon, &b.spectral, &b.most, s, &slq));
    BASIN_TRY(iterate(&slq, &b, options, s, &sane));
    basin_slq_close(&slq);
    BASIN_TRY(basin_spectrum_finish(s));
    BASIN_TRY(basin_spectrum_describe(point, s));
    basin_sane_destroy(&sane);
    BASIN_TRY(basin_sane_compute(s, options, &sane)); /* with what the point is */
    *out = sane, sane = NULL;
    if (spectrum != NULL) *spectrum = s, s = NULL;
done:
    basin_slq_close(&slq);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    return st;
}
