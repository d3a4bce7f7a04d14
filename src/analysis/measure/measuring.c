#include "analysis/measure/measuring.h"

#include <math.h>

#include "analysis/point.h"
#include "analysis/slice/direction.h"
#include "analysis/spectrum/spectrum.h"
#include "core/decay.h"
#include "core/linalg.h"
#include "core/memory.h"

/* Vectors held beside those of the spectrum: eigenvalues with their errors, the top eigenvector, and what
   makes it. */
enum { RANDOM = 4, HELD = 8, STEPS = 40 };

#define RHO 0.05

basin_status basin_measuring_check(const basin_objective *train, const basin_measuring *m)
{
    basin_status           st = BASIN_OK;
    const basin_objective *objectives[] = {train, m->test, m->clean};
    const char *const      names[] = {"training", "test", "clean"};

    BASIN_CHECK(m->options.rho >= 0.0 && isfinite(m->options.rho), BASIN_ERR_ARG,
                "rho %g of the one-step sharpness is not a finite number >= 0", m->options.rho);
    BASIN_CHECK(m->options.sane.kappa >= 0.0 && m->options.sane.alpha >= 0.0, BASIN_ERR_ARG,
                "kappa %g or alpha %g of SANE is not a number >= 0", m->options.sane.kappa,
                m->options.sane.alpha);
    for (int i = 0; i < 3; i++)
        BASIN_CHECK(objectives[i] == NULL || basin_objective_size(objectives[i]) == m->ck->params->size,
                    BASIN_ERR_SHAPE, "the %s objective has %zu parameters, the checkpoint %zu", names[i],
                    basin_objective_size(objectives[i]), m->ck->params->size);
    BASIN_CHECK((m->options.request & ~(unsigned)BASIN_NEEDS_ON_REQUEST) == 0, BASIN_ERR_ARG,
                "request %u is none of those that basin_need has", m->options.request);
    BASIN_CHECK(m->options.batches != 1, BASIN_ERR_ARG, "1 batch has no distribution: two at least");
    BASIN_TRY(basin_checkpoint_finite(m->ck));
done:
    return st;
}

basin_status basin_measuring_open(basin_point *point, basin_objective *test, basin_objective *clean,
                                  const basin_checkpoint *ck, const basin_row_options *options,
                                  basin_measuring *m)
{
    basin_status st = BASIN_OK;

    *m = (basin_measuring){.point = point, .test = test, .clean = clean, .ck = ck};
    if (options != NULL) m->options = *options;
    m->options.spectrum.both_ends = true;
    BASIN_TRY(basin_measuring_check(basin_point_objective(point), m));
    if (m->options.rho == 0.0) m->options.rho = RHO;
    if (m->options.random == 0) m->options.random = RANDOM;
    m->along_gradient = m->along_momentum = NAN;
    /* no filters to normalise by */
    if (basin_objective_params(basin_point_objective(point)) == NULL) m->options.random = 0;
    m->momentum = basin_checkpoint_momentum(ck);
    if (m->momentum != NULL && basin_norm(m->momentum, ck->params->size) == 0.0) m->momentum = NULL;
    m->there = BASIN_NEEDS_RECORD | BASIN_NEEDS_GRADIENT | BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_RISES;
    if (m->momentum != NULL) m->there |= BASIN_NEEDS_MOMENTUM;
    if (m->options.point == BASIN_POINT_RAW) m->there |= BASIN_NEEDS_RAW;
    if (test != NULL) m->there |= BASIN_NEEDS_TEST;
    if (clean != NULL) m->there |= BASIN_NEEDS_CLEAN;
    if (options != NULL && options->start != NULL && basin_params_equal(options->start->params, ck->params))
        m->there |= BASIN_NEEDS_START;
    m->there |= m->options.request;
done:
    return st;
}

void basin_measuring_close(basin_measuring *m)
{
    basin_spectrum_destroy(&m->spectrum);
    basin_direction_destroy(&m->top);
    basin_sane_destroy(&m->sane);
    basin_sharpness_destroy(&m->sharpness);
    basin_eigenspace_destroy(&m->space);
    basin_batches_destroy(&m->batches);
    basin_free(m->step);
    m->step = NULL;
}

/* --------------------------------------------------------------------------------- what measures share -- */

/* k of the top eigenspace: what lies below its last vector must be there, to tell them apart. */
static size_t subspace_of(const basin_row_options *options, size_t size)
{
    const size_t asked = options->subspace > 0 ? options->subspace : BASIN_SUBSPACE;

    return asked < size ? asked : size > 1 ? size - 1 : 1;
}

/* The vectors, those of two other checkpoints to hold them against, and room to work out the angles. */
static size_t subspace_bytes(const basin_row_options *options, size_t size)
{
    if (!(options->request & BASIN_NEEDS_SUBSPACE)) return 0;
    return (options->eigenspace != NULL ? 4 : 1) * subspace_of(options, size) * size * sizeof(double);
}

basin_status basin_measuring_demand(const basin_objective *train, const basin_row_options *options,
                                    basin_spectrum_options *spectrum, basin_demand *demand, size_t *aside)
{
    basin_status           st = BASIN_OK;
    const size_t           size = basin_objective_size(train);
    const bool             subspace = options->request & BASIN_NEEDS_SUBSPACE;
    basin_spectrum_options o = options->spectrum;
    basin_demand           first = {0}, all = {0};
    basin_spectrum_method  method;

    if (subspace && o.top < subspace_of(options, size) + 1)
        o.top = subspace_of(options, size) + 1 < size ? subspace_of(options, size) + 1 : size;
    BASIN_TRY(basin_spectrum_demand(train, &o, &first, &method));
    o.vectors = subspace || method != BASIN_SPECTRUM_DENSE;
    if (method == BASIN_SPECTRUM_LANCZOS && o.steps == 0) o.steps = STEPS; /* what SANE and N_eff need */
    BASIN_TRY(basin_spectrum_demand(train, &o, &all, &method));            /* with the vectors */
    if (!o.vectors) BASIN_TRY(basin_direction_top_demand(train, &all));
    *spectrum = o, *demand = all;
    *aside = all.aside + HELD * size * sizeof(double) + subspace_bytes(options, size);
done:
    return st;
}

/* What of the eigenvectors a row keeps: the first, by Lanczos where a dense spectrum was asked for none, and
   the span of k of them. */
static basin_status take_vectors(basin_measuring *m)
{
    basin_status st = BASIN_OK;
    basin_point *point = m->point;

    if (m->spectrum->vector_count > 0)
        BASIN_TRY(basin_direction_eigen(point, 1, m->spectrum, &m->top));
    else
        BASIN_TRY(basin_direction_top(point, m->options.seed, &m->top));
    if (m->there & BASIN_NEEDS_SUBSPACE)
        BASIN_TRY(basin_eigenspace_create(m->spectrum, subspace_of(&m->options, point->size), &m->space));
done:
    return st;
}

/* Eigenpairs and what else takes products, at one frozen Hessian. No vectors are asked of a dense spectrum
   unless a span of them is wanted, since they cost as much again. What the point itself is comes last, since
   its stationarity lets the frozen Hessian go. */
static basin_status solve(basin_measuring *m)
{
    basin_status           st = BASIN_OK;
    basin_point           *point = m->point;
    basin_spectrum_options o;
    basin_demand           demand;
    size_t                 aside;

    BASIN_TRY(basin_measuring_demand(point->objective, &m->options, &o, &demand, &aside));
    basin_point_reserve(point, aside);
    BASIN_TRY(basin_spectrum_solve(point, &o, &m->spectrum));
    BASIN_TRY(take_vectors(m));
    BASIN_TRY(basin_measuring_forms(m));
    BASIN_TRY(basin_spectrum_describe(point, m->spectrum));
    /* no training step leads on from a polished or an averaged point */
    if (m->options.point != BASIN_POINT_RAW) m->spectrum->stationarity.fall_per_step = NAN;
    m->solved = true;
done:
    return st;
}

basin_status basin_measuring_spectrum(basin_measuring *m, const basin_spectrum **out)
{
    basin_status st = m->solved ? BASIN_OK : solve(m);

    if (st == BASIN_OK) *out = m->spectrum;
    return st;
}

/* The rows are made to be held against each other, so alpha is never each run's own weight decay: N_eff at
   two alphas differs by definition. */
basin_status basin_measuring_sane(basin_measuring *m, const basin_sane **out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;
    basin_sane_options    options = m->options.sane;

    options.recorded_weight_decay = NAN;
    BASIN_TRY(basin_measuring_spectrum(m, &spectrum));
    if (!m->sane_asked) st = basin_sane_compute(spectrum, &options, &m->sane);
    if (st == BASIN_ERR_NUMERIC || (st == BASIN_ERR_VALUE && spectrum->method != BASIN_SPECTRUM_DENSE))
        st = BASIN_OK;
    if (st != BASIN_OK) goto done;
    m->sane_asked = true;
    *out = m->sane;
done:
    return st;
}

basin_status basin_measuring_sharpness(basin_measuring *m, const basin_sharpness **out)
{
    basin_status            st = BASIN_OK;
    const basin_spectrum   *spectrum = NULL;
    basin_sharpness_options o = {.rho = &m->options.rho,
                                 .rho_count = 1,
                                 .recorded_rho = NAN,
                                 .momentum = m->momentum,
                                 .random = m->options.random,
                                 .seed = m->options.seed,
                                 .split = "train"};

    if (m->sharpness == NULL) {
        BASIN_TRY(basin_measuring_spectrum(m, &spectrum)); /* and the top eigenvector */
        o.top = m->top->values;
        BASIN_TRY(basin_sharpness_compute(m->point, &o, &m->sharpness));
    }
    *out = m->sharpness;
done:
    return st;
}

static basin_status loss_once(const basin_measuring *m, basin_objective *o, bool *asked, basin_loss *kept,
                              basin_loss *out)
{
    basin_status st = BASIN_OK;

    if (!*asked) {
        BASIN_TRY(basin_objective_loss(o, NULL, m->point->theta, kept));
        basin_decay_add_loss(basin_point_included(m->point), m->point->theta, m->point->size, kept);
    }
    *asked = true;
    *out = *kept;
done:
    return st;
}

basin_status basin_measuring_test(basin_measuring *m, basin_loss *out)
{
    return loss_once(m, m->test, &m->test_asked, &m->test_loss, out);
}

basin_status basin_measuring_clean(basin_measuring *m, basin_loss *out)
{
    return loss_once(m, m->clean, &m->clean_asked, &m->clean_loss, out);
}
