/* Eigenvalues of a point's operator: the choice of method, what both methods share, and the whole result. */
#include "analysis/spectrum/spectrum.h"

#include <math.h>

#include "analysis/point.h"
#include "analysis/spectrum/quadrature.h"
#include "analysis/spectrum/slq.h"
#include "core/linalg.h"
#include "core/memory.h"

#define DENSE_MOST 6000 /* parameters up to which AUTO takes the full spectrum */
#define TOP 10          /* pairs of the upper end where no number is asked for */

basin_status basin_spectrum_check(const basin_spectrum *s)
{
    bool all = s->count == s->parameters, ends = s->top <= s->count && s->bottom == s->count - s->top;

    if (s->count > 0 && s->count <= s->parameters && (all || ends) && s->eigenvalues != NULL &&
        s->residuals != NULL)
        return BASIN_OK;
    return basin_fail(
        BASIN_ERR_ARG,
        "a spectrum of %zu parameters cannot hold %zu eigenvalues, %zu of the top and %zu of the bottom",
        s->parameters, s->count, s->top, s->bottom);
}

static double default_tolerance(double epsilon, bool approximate)
{
    if (epsilon > 1e-10) return 1e-4;
    return approximate ? 1e-6 : 1e-8;
}

static bool fits(size_t bytes)
{
    return bytes <= basin_memory_limit();
}

/* Of an operator whose root has `rows` rows; 0: it has none. */
static basin_spectrum_method choose_method(size_t size, size_t rows, size_t vectors)
{
    if (rows > 0 && rows < size && rows <= DENSE_MOST && fits(basin_spectrum_gram_bytes(size, rows, vectors)))
        return BASIN_SPECTRUM_GRAM;
    if (size <= DENSE_MOST && fits(basin_spectrum_dense_bytes(size, vectors))) return BASIN_SPECTRUM_DENSE;
    return BASIN_SPECTRUM_LANCZOS;
}

enum { PROBES = 16, QUADRATURE_PROBES = 4, STEPS = 40, DEFLATION = 40 };

/* Of quadrature: those of slq, and of a truncated spectrum that was asked for steps. */
static void complete_probes(basin_spectrum_options *o, size_t size)
{
    bool slq = o->method == BASIN_SPECTRUM_SLQ;

    if (slq && o->deflation == 0) o->deflation = DEFLATION;
    if (slq && o->accuracy > 0.0) {
        size_t steps, probes;
        basin_slq_guarantee(o->accuracy, size, &steps, &probes);
        if (o->steps == 0) o->steps = steps;
        if (o->probes == 0) o->probes = probes;
    }
    if (o->steps == 0) o->steps = slq ? STEPS : 1;
    if (o->probes == 0) o->probes = o->steps > 1 ? QUADRATURE_PROBES : PROBES;
    if (o->steps > size) o->steps = size;
}

/* No zero left that stands for a default. */
static basin_spectrum_options complete(const basin_spectrum_options *options, size_t size, size_t rows,
                                       double epsilon, bool approximate)
{
    basin_spectrum_options o = options != NULL ? *options : (basin_spectrum_options){0};

    if (o.top == 0 && o.bottom == 0) {
        o.top = TOP < size ? TOP : size;
        o.bottom = o.both_ends && o.top < size ? 1 : 0;
    }
    if (o.tolerance == 0.0)
        o.tolerance =
            o.method == BASIN_SPECTRUM_SLQ ? BASIN_DEFLATED : default_tolerance(epsilon, approximate);
    if (o.max_products == 0) o.max_products = 100 * (o.top + o.bottom) + 200;
    if (o.method == BASIN_SPECTRUM_AUTO)
        o.method = choose_method(size, rows, o.vectors ? 3 * (o.top + o.bottom) : 0);
    complete_probes(&o, size);
    return o;
}

/* Accuracy is relative to the range of the spectrum, of which rounding alone moves everything by about ε. */
static basin_status check_options(const basin_spectrum_options *o, size_t size, double epsilon)
{
    basin_status st = BASIN_OK;
    const double floor = 100.0 * epsilon, least = 4.0 * epsilon;

    if (o == NULL) return BASIN_OK;
    BASIN_CHECK(o->top <= size && o->bottom <= size - o->top, BASIN_ERR_ARG,
                "%zu eigenvalues of the top and %zu of the bottom are wanted, there are %zu", o->top,
                o->bottom, size);
    BASIN_CHECK(o->tolerance >= 0.0 && isfinite(o->tolerance), BASIN_ERR_ARG,
                "tolerance %g is not a number >= 0", o->tolerance);
    BASIN_CHECK(o->tolerance == 0.0 || o->tolerance >= least, BASIN_ERR_VALUE,
                "tolerance %g is beyond the rounding of the products: the least is %.1e", o->tolerance,
                least);
    BASIN_CHECK(o->steps <= 1 || o->steps >= BASIN_QUADRATURE_LEAST, BASIN_ERR_ARG,
                "quadrature needs at least %d Lanczos steps a probe, got %zu", BASIN_QUADRATURE_LEAST,
                o->steps);
    BASIN_CHECK(o->accuracy >= 0.0 && o->accuracy < 1.0, BASIN_ERR_ARG, "accuracy %g does not lie in [0, 1)",
                o->accuracy);
    BASIN_CHECK(o->accuracy == 0.0 || o->accuracy >= floor, BASIN_ERR_VALUE,
                "accuracy %g is beyond the rounding of the products: the floor is %.1e", o->accuracy, floor);
done:
    return st;
}

basin_status basin_spectrum_describe(basin_point *point, basin_spectrum *out)
{
    basin_status  st = BASIN_OK;
    const double *g;
    basin_loss    loss;

    BASIN_TRY(basin_point_gradient(point, &loss, &g));
    out->samples = basin_objective_samples(point->objective);
    out->loss = basin_loss_value(&loss);
    out->accuracy = basin_loss_accuracy(&loss);
    out->gradient_norm = basin_norm(g, point->size);
    BASIN_TRY(basin_stationarity_compute(point, &out->stationarity));
done:
    return st;
}

static basin_status measure_gaps(basin_spectrum *s)
{
    basin_status  st = BASIN_OK;
    const double *w = s->eigenvalues;

    BASIN_ALLOC(s->gaps, s->count, "gaps");
    for (size_t i = 0; i < s->count; i++) {
        s->gaps[i] = s->count > 1 ? INFINITY : (double)NAN;
        if (i > 0) s->gaps[i] = fmin(s->gaps[i], w[i - 1] - w[i]);
        if (i + 1 < s->count) s->gaps[i] = fmin(s->gaps[i], w[i] - w[i + 1]);
    }
done:
    return st;
}

/* Residuals do not count what rounding does to the small eigenvalue problem that pairs come from. */
static double error_of(const basin_spectrum *s, size_t i)
{
    const double norm = fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));

    return s->residuals[i] + 10.0 * s->epsilon * norm;
}

/* Two neighbours are apart where all intervals up to the one lie above all from the other on; so many as no
   such place divides are equal within their errors. */
static basin_status count_equal(basin_spectrum *s)
{
    basin_status st = BASIN_OK;
    double      *highest = NULL, lowest; /* [count] of the intervals from each on */

    BASIN_ALLOC(s->multiplicity, s->count, "multiplicities");
    BASIN_ALLOC(highest, s->count, "multiplicities");
    for (size_t i = s->count; i-- > 0;) {
        highest[i] = s->eigenvalues[i] + error_of(s, i);
        if (i + 1 < s->count) highest[i] = fmax(highest[i], highest[i + 1]);
    }
    for (size_t i = 0, end; i < s->count; i = end) {
        lowest = s->eigenvalues[i] - error_of(s, i);
        for (end = i + 1; end < s->count && highest[end] >= lowest; end++)
            lowest = fmin(lowest, s->eigenvalues[end] - error_of(s, end));
        for (size_t j = i; j < end; j++) s->multiplicity[j] = end - i;
    }
done:
    basin_free(highest);
    return st;
}

/* The eigenpairs alone: what the options come to, and what that asks for. */
static basin_status choose(const basin_objective *o, size_t rows, const basin_spectrum_options *options,
                           basin_demand *demand, basin_spectrum_options *out)
{
    basin_status st = BASIN_OK;
    const size_t size = basin_objective_size(o);

    BASIN_TRY(check_options(options, size, basin_objective_epsilon(o)));
    *out = complete(options, size, rows, basin_objective_epsilon(o), false);
    if (out->method == BASIN_SPECTRUM_GRAM)
        BASIN_TRY(basin_spectrum_gram_demand(size, rows, out, demand));
    else if (out->method == BASIN_SPECTRUM_DENSE)
        BASIN_TRY(basin_spectrum_dense_demand(size, out, demand));
    else if (out->method == BASIN_SPECTRUM_SLQ)
        BASIN_TRY(basin_spectrum_slq_demand(size, out, demand));
    else
        BASIN_TRY(basin_spectrum_lanczos_demand(size, out, demand));
done:
    return st;
}

basin_status basin_spectrum_choose(const basin_point *point, const basin_spectrum_options *options,
                                   basin_spectrum_plan *out)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_options chosen;
    basin_demand           demand = {0};

    BASIN_TRY(choose(point->objective, basin_spectrum_rows(point), options, &demand, &chosen));
    *out = (basin_spectrum_plan){.method = chosen.method,
                                 .top = chosen.top,
                                 .bottom = chosen.bottom,
                                 .tolerance = chosen.tolerance,
                                 .probes = chosen.probes,
                                 .steps = chosen.steps,
                                 .products = demand.most + demand.vectors,
                                 .bytes = demand.aside};
done:
    return st;
}

basin_status basin_spectrum_demand(const basin_objective *o, const basin_spectrum_options *options,
                                   basin_demand *demand, basin_spectrum_method *method)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_options chosen;

    demand->gradients = demand->freezes = 1;
    BASIN_TRY(choose(o, 0, options, demand, &chosen));
    *method = chosen.method;
done:
    return st;
}

/* Likewise, of the point's operator. */
static basin_status demand_at(const basin_point *point, const basin_spectrum_options *options,
                              basin_demand *demand, basin_spectrum_method *method)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_options chosen;

    demand->gradients = demand->freezes = 1;
    BASIN_TRY(choose(point->objective, basin_spectrum_rows(point), options, demand, &chosen));
    *method = chosen.method;
done:
    return st;
}

basin_status basin_spectrum_forecast(basin_point *point, const basin_spectrum_options *options,
                                     basin_forecast **out)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_method  method;
    basin_forecast_request request = {.analysis = "spectrum", .point = point};

    BASIN_TRY(demand_at(point, options, &request.demand, &method));
    request.method = basin_spectrum_method_text(method);
    basin_stationarity_demand(point, &request.demand);
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    return st;
}

basin_status basin_spectrum_begin(basin_point *point, double epsilon, const basin_spectrum_options *options,
                                  basin_spectrum *out)
{
    basin_status     st = BASIN_OK;
    basin_curvature *curvature = NULL;

    BASIN_TRY(basin_point_curvature(point, &curvature));
    out->parameters = point->size;
    out->approximate = basin_curvature_approximate(curvature);
    out->tolerance = options->tolerance;
    out->epsilon = epsilon;
    out->seed = options->seed;
    out->operator_kind = point->options.operator_kind;
    out->preconditioned = point->scale != NULL;
    out->ceiling = NAN;
    out->method = (int)options->method;
done:
    return st;
}

basin_status basin_spectrum_finish(basin_spectrum *out)
{
    basin_status st = BASIN_OK;

    if (out->quadrature.probes > 0) BASIN_TRY(basin_density_compute(out));
    BASIN_TRY(measure_gaps(out));
    BASIN_TRY(count_equal(out));
done:
    return st;
}

basin_status basin_spectrum_solve(basin_point *point, const basin_spectrum_options *options,
                                  basin_spectrum **out)
{
    basin_status           st = BASIN_OK;
    basin_spectrum        *s = NULL;
    basin_curvature       *curvature = NULL;
    basin_spectrum_options chosen;
    basin_demand           demand = {0};
    basin_spectrum_method  method;
    double                 epsilon;

    /* what it refuses need not begin */
    BASIN_TRY(demand_at(point, options, &demand, &method));
    /* nor where the loss is not finite */
    BASIN_TRY(basin_point_gradient(point, NULL, NULL));
    BASIN_ALLOC(s, 1, "spectrum");
    basin_stationarity_demand(point, &demand); /* which comes after, at the same frozen Hessian */
    basin_point_reserve(point, demand.aside);
    BASIN_TRY(basin_point_curvature(point, &curvature));
    BASIN_TRY(basin_point_epsilon(point, &epsilon));
    chosen = complete(options, point->size, basin_spectrum_rows(point),
                      basin_objective_epsilon(point->objective), basin_curvature_approximate(curvature));
    BASIN_TRY(basin_spectrum_begin(point, epsilon, &chosen, s));
    if (chosen.method == BASIN_SPECTRUM_GRAM)
        BASIN_TRY(basin_spectrum_gram(point, epsilon, &chosen, s));
    else if (chosen.method == BASIN_SPECTRUM_DENSE)
        BASIN_TRY(basin_spectrum_dense(point, epsilon, &chosen, s));
    else if (chosen.method == BASIN_SPECTRUM_SLQ)
        BASIN_TRY(basin_spectrum_slq(point, epsilon, &chosen, s));
    else
        BASIN_TRY(basin_spectrum_lanczos(point, epsilon, &chosen, s));
    BASIN_TRY(basin_spectrum_finish(s));
    *out = s, s = NULL;
done:
    basin_spectrum_destroy(&s);
    return st;
}

basin_status basin_spectrum_compute(basin_point *point, const basin_spectrum_options *options,
                                    basin_spectrum **out)
{
    basin_status    st = BASIN_OK;
    basin_spectrum *s = NULL;

    BASIN_TRY(basin_spectrum_solve(point, options, &s));
    BASIN_TRY(basin_spectrum_describe(point, s));
    *out = s, s = NULL;
done:
    basin_spectrum_destroy(&s);
    return st;
}
