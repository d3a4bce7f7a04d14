/* Directions in parameter space, as defined in docs/measures.md: momentum, gradient and eigenvectors have
 * norm 1, a difference keeps its length. The random ones are in direction_random.c, those of a step in
 * direction_steps.c, those of several checkpoints in direction_points.c.
 */
#include "analysis/slice/direction.h"

#include <math.h>
#include <string.h>

#include "analysis/forecast.h"
#include "analysis/point.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"

#define MOMENTUM_ROUNDING 1e-12 /* ‖v‖ / ‖theta‖ below which a momentum is taken for rounding */
#define MOMENTUM_TINY 1e-30     /* largest |v| below which it is, whatever theta */
/* parameters up to which a single eigenvector is taken from the full spectrum */
#define DENSE_MOST 256
/* residual, relative to ‖H‖, of a top eigenvector that is only looked along */
#define TOP_TOLERANCE 1e-4

basin_status basin_direction_create(basin_direction_kind kind, const char *label, const char *definition,
                                    size_t size, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;

    BASIN_ALLOC(d, 1, "direction");
    d->kind = (int)kind;
    d->eigenvalue = d->residual = d->explained = NAN;
    d->size = size;
    BASIN_STRDUP(d->label, label);
    BASIN_STRDUP(d->definition, definition);
    BASIN_ALLOC(d->values, size, "direction");
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    return st;
}

void basin_direction_destroy(basin_direction **direction)
{
    if (direction == NULL || *direction == NULL) return;
    basin_free((*direction)->label);
    basin_free((*direction)->definition);
    basin_free((*direction)->values);
    basin_free((*direction)->warning);
    basin_free(*direction);
    *direction = NULL;
}

basin_status basin_direction_measure(basin_direction *d)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(basin_all_finite(d->values, d->size), BASIN_ERR_VALUE, "direction %s is not finite",
                d->label);
    d->norm = d->natural_norm = basin_norm(d->values, d->size);
    BASIN_CHECK(d->norm > 0.0 && isfinite(d->norm), BASIN_ERR_VALUE,
                "direction %s is zero: its norm is %g, so no line follows it; choose another direction",
                d->label, d->norm);
done:
    return st;
}

/* In two factors, since 1/‖v‖ overflows where v is denormal. */
static void scale_to(basin_direction *d, double norm)
{
    int exponent;

    frexp(d->norm, &exponent);
    for (size_t i = 0; i < d->size; i++) d->values[i] = ldexp(d->values[i], -exponent);
    basin_scale(norm / basin_norm(d->values, d->size), d->values, d->size);
    d->norm = norm;
}

basin_status basin_direction_normalise(basin_direction *direction)
{
    basin_status st = basin_direction_measure(direction);
    if (st == BASIN_OK) scale_to(direction, 1.0);
    return st;
}

basin_status basin_direction_rescale(basin_direction *direction, double norm)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(norm >= 0.0 && isfinite(norm), BASIN_ERR_ARG,
                "norm %g of direction %s is not a finite number > 0", norm, direction->label);
    if (norm > 0.0) scale_to(direction, norm);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the kinds -- */

static basin_status warn_of_rounding(basin_direction *d, double largest, double theta_norm)
{
    basin_status st = BASIN_OK;

    if (d->natural_norm >= MOMENTUM_ROUNDING * theta_norm && largest >= MOMENTUM_TINY) goto done;
    d->warning = basin_format(
        "the momentum is at rounding level: |v| = %.3g beside |theta| = %.3g; its direction is noise",
        d->natural_norm, theta_norm);
    BASIN_CHECK(d->warning != NULL, BASIN_ERR_NOMEM, "out of memory for a warning");
done:
    return st;
}

basin_status basin_direction_momentum(const basin_checkpoint *ck, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    const double    *v = basin_checkpoint_momentum(ck);
    const char      *path = ck->path != NULL ? ck->path : "this checkpoint";
    double           largest = 0.0;

    BASIN_CHECK(v != NULL, BASIN_ERR_MISSING, "%s: it saved no momentum: %s", path,
                basin_checkpoint_no_momentum(ck));
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_MOMENTUM, "momentum",
                                     "momentum v, the accumulated gradient (uphill), scaled to norm 1",
                                     ck->params->size, &d));
    basin_copy(v, d->values, d->size);
    for (size_t i = 0; i < d->size; i++) largest = fmax(largest, fabs(v[i]));
    if ((st = basin_direction_normalise(d)) != BASIN_OK) {
        basin_fail_within(st, "%s", path);
        goto done;
    }
    BASIN_TRY(warn_of_rounding(d, largest, basin_norm(ck->theta, d->size)));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    return st;
}

basin_status basin_direction_gradient(basin_point *point, basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;
    const double    *g;

    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_GRADIENT, "gradient",
                                     "gradient (uphill), scaled to norm 1", point->size, &d));
    BASIN_TRY(basin_point_gradient(point, NULL, &g));
    basin_copy(g, d->values, d->size);
    BASIN_TRY(basin_direction_normalise(d));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    return st;
}

basin_status basin_direction_difference(basin_direction_kind kind, const char *label, const char *definition,
                                        const double *from, const double *to, size_t size,
                                        basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *d = NULL;

    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(kind, label, definition, size, &d));
    for (size_t i = 0; i < size; i++) d->values[i] = to[i] - from[i];
    BASIN_TRY(basin_direction_measure(d));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    return st;
}

basin_status basin_direction_to(const char *name, const double *theta, const double *other, size_t size,
                                basin_direction **out)
{
    char        *label = basin_format("to:%s", name);
    char        *definition = basin_format("%s minus this point", name);
    basin_status st =
        basin_direction_difference(BASIN_DIRECTION_TO, label, definition, theta, other, size, out);

    basin_free(label);
    basin_free(definition);
    return st;
}

static size_t rank_of(long i)
{
    return i > 0 ? (size_t)i : (size_t)0 - (size_t)i;
}

static basin_spectrum_options options_of_eigen(const basin_objective *o, long i)
{
    size_t                 rank = rank_of(i);
    basin_spectrum_options options = {.vectors = true, .probes = 1};

    options.method = basin_objective_size(o) <= DENSE_MOST ? BASIN_SPECTRUM_DENSE : BASIN_SPECTRUM_LANCZOS;
    if (i > 0)
        options.top = rank;
    else
        options.bottom = rank;
    return options;
}

static basin_status check_eigen(const basin_objective *o, long i)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(i != 0, BASIN_ERR_ARG, "eigen:0: count from 1 (largest) or -1 (smallest)");
    BASIN_CHECK(rank_of(i) <= basin_objective_size(o), BASIN_ERR_VALUE,
                "eigen:%ld: there are %zu eigenvalues", i, basin_objective_size(o));
done:
    return st;
}

basin_status basin_direction_eigen_demand(const basin_objective *o, long i, basin_demand *demand)
{
    basin_status           st = BASIN_OK;
    basin_spectrum_options options;
    basin_spectrum_method  method;

    BASIN_TRY(check_eigen(o, i));
    options = options_of_eigen(o, i);
    BASIN_TRY(basin_spectrum_demand(o, &options, demand, &method));
done:
    return st;
}

static basin_status compute_eigen(basin_point *point, long i, basin_spectrum **out)
{
    basin_spectrum_options options = options_of_eigen(point->objective, i);

    return basin_spectrum_solve(point, &options, out);
}

basin_status basin_direction_eigen(basin_point *point, long i, const basin_spectrum *spectrum,
                                   basin_direction **out)
{
    basin_status     st = BASIN_OK;
    size_t           size = point->size, rank = rank_of(i), position = 0;
    basin_spectrum  *own = NULL;
    basin_direction *d = NULL;
    const double    *vector;
    char            *label = NULL, *definition = NULL;

    BASIN_TRY(check_eigen(point->objective, i));
    BASIN_CHECK(spectrum == NULL || spectrum->parameters == size, BASIN_ERR_SHAPE,
                "eigen:%ld: the spectrum has %zu parameters, the objective %zu", i, spectrum->parameters,
                size);
    if (spectrum != NULL) BASIN_TRY(basin_spectrum_check(spectrum));
    vector = spectrum != NULL ? basin_spectrum_vector(spectrum, i, &position) : NULL;
    if (vector == NULL) {
        BASIN_TRY(compute_eigen(point, i, &own));
        BASIN_CHECK(own->converged, BASIN_ERR_NUMERIC, "eigen:%ld has not converged in %zu products", i,
                    own->products);
        spectrum = own;
        vector = basin_spectrum_vector(own, i, &position);
        BASIN_CHECK(vector != NULL, BASIN_ERR_NUMERIC, "eigen:%ld: its eigenvector was not found", i);
    }
    label = basin_format("eigen:%ld", i);
    definition = basin_format("eigenvector of the Hessian to eigenvalue %zu from the %s, norm 1", rank,
                              i > 0 ? "top" : "bottom");
    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_EIGEN, label, definition, size, &d));
    basin_copy(vector, d->values, size);
    BASIN_TRY(basin_direction_normalise(d));
    d->eigenvalue = spectrum->eigenvalues[position];
    d->residual = spectrum->residuals[position];
    if (!spectrum->verified) {
        d->warning =
            basin_format("eigen:%ld: its place is not verified: an eigenvalue beyond it may be missing", i);
        BASIN_CHECK(d->warning != NULL, BASIN_ERR_NOMEM, "out of memory for a warning");
    }
    *out = d, d = NULL;
done:
    basin_spectrum_destroy(&own);
    basin_direction_destroy(&d);
    basin_free(label);
    basin_free(definition);
    return st;
}

/* The vector of the part, put into the whole; of S A S its eigenvector x in scaled coordinates is S x. */
static basin_status embed(const basin_point *point, const basin_point *eigen, const double *part,
                          basin_direction *d)
{
    basin_status st = BASIN_OK;
    double      *scaled = NULL;

    BASIN_ALLOC(scaled, eigen->size, "an eigenvector");
    for (size_t i = 0; i < eigen->size; i++)
        scaled[i] = eigen->scale != NULL ? eigen->scale[i] * part[i] : part[i];
    if (eigen->objective == point->objective)
        basin_copy(scaled, d->values, d->size);
    else
        basin_part_put(eigen->objective, scaled, d->values);
    BASIN_TRY(basin_direction_normalise(d));
done:
    basin_free(scaled);
    return st;
}

basin_status basin_direction_eigen_of(const basin_point *point, basin_point *eigen, const char *of, long i,
                                      basin_direction **out)
{
    basin_status     st = BASIN_OK;
    basin_direction *part = NULL, *d = NULL;
    char            *label = NULL, *definition = NULL;

    BASIN_TRY(basin_direction_eigen(eigen, i, NULL, &part));
    label = basin_format("eigen:%ld%s", i, of);
    definition = basin_format("eigenvector to eigenvalue %zu from the %s (%s), norm 1", rank_of(i),
                              i > 0 ? "top" : "bottom", of[0] == ',' ? of + 2 : of);
    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    BASIN_TRY(basin_direction_create(BASIN_DIRECTION_EIGEN, label, definition, point->size, &d));
    BASIN_TRY(embed(point, eigen, part->values, d));
    d->eigenvalue = part->eigenvalue, d->residual = part->residual;
    d->warning = part->warning, part->warning = NULL;
    *out = d, d = NULL;
done:
    basin_direction_destroy(&part);
    basin_direction_destroy(&d);
    basin_free(label);
    basin_free(definition);
    return st;
}

static basin_spectrum_options options_of_top(uint64_t seed)
{
    return (basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS,
                                    .top = 1,
                                    .vectors = true,
                                    .tolerance = TOP_TOLERANCE,
                                    .probes = 1,
                                    .seed = seed};
}

basin_status basin_direction_top_demand(const basin_objective *o, basin_demand *demand)
{
    const basin_spectrum_options options = options_of_top(0);
    basin_spectrum_method        method;

    return basin_spectrum_demand(o, &options, demand, &method);
}

basin_status basin_direction_top(basin_point *point, uint64_t seed, basin_direction **out)
{
    basin_status                 st = BASIN_OK;
    const basin_spectrum_options options = options_of_top(seed);
    basin_spectrum              *spectrum = NULL;

    BASIN_TRY(basin_spectrum_solve(point, &options, &spectrum));
    BASIN_CHECK(spectrum->converged, BASIN_ERR_NUMERIC,
                "the top eigenvector has not converged in %zu products: residual %.2g of an eigenvalue %.4g",
                spectrum->products, spectrum->residuals[0], spectrum->eigenvalues[0]);
    BASIN_TRY(basin_direction_eigen(point, 1, spectrum, out));
done:
    basin_spectrum_destroy(&spectrum);
    return st;
}

/* ------------------------------------------------------------------------------------- orthogonalising -- */

basin_status basin_direction_orthogonalise(basin_direction *direction, const basin_direction *against)
{
    basin_status st = BASIN_OK;
    char        *label = NULL, *definition = NULL;
    double      *values = NULL, cosine, left;
    size_t       size = direction->size;

    BASIN_CHECK(against->size == size, BASIN_ERR_SHAPE, "direction %s has %zu parameters, %s has %zu",
                direction->label, size, against->label, against->size);
    cosine = basin_dot(direction->values, against->values, size) / direction->norm / against->norm;
    BASIN_CHECK(fabs(cosine) <= 1.0 - 1e-9, BASIN_ERR_VALUE,
                "directions %s and %s are parallel: cosine %.12g", direction->label, against->label, cosine);
    BASIN_ALLOC(values, size, "direction");
    label = basin_format("%s ⟂ %s", direction->label, against->label);
    definition =
        basin_format("%s; made orthogonal to %s at the same norm", direction->definition, against->label);
    BASIN_CHECK(label != NULL && definition != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    basin_copy(direction->values, values, size);
    for (int pass = 0; pass < 2; pass++) /* the second takes away what rounding of the first left */
        basin_axpy(-basin_dot(values, against->values, size) / against->norm / against->norm, against->values,
                   values, size);
    left = basin_norm(values, size);
    for (size_t i = 0; i < size; i++) direction->values[i] = values[i] / left * direction->norm;
    basin_free(direction->label);
    basin_free(direction->definition);
    direction->label = label, label = NULL;
    direction->definition = definition, definition = NULL;
    direction->eigenvalue = direction->residual = direction->explained = NAN;
done:
    basin_free(values);
    basin_free(label);
    basin_free(definition);
    return st;
}
