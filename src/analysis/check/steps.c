/* Which samples a direction is tested on, and the longest step along it between whose points lies no kink.
 *
 * That the sums over all samples are right is seen in any direction, so few directions take all of them.
 * The others are there to find a single tensor, or a direction, whose derivative is wrong, and that shows on
 * some: of BASIN_CHECK_SOME samples drawn without replacement, n in number, one is of a share p of all with
 * probability at least 1 − (1 − p)^n, 0.92 for p = 1 % and 0.994 for 2 %. Kinks come in proportion to
 * samples, too: a direction without a step between them on all samples is tested on some.
 *
 * Steps across a kink (a ReLU that changes sign between the points) say nothing. Most of those that are too
 * long are found to be so on a quarter of the samples; a direction begins with a step longer than the one
 * before it came to.
 */
#include "analysis/check/check.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"

enum {
    SHORTENINGS = 4, /* by 4 each, to leave a kink behind */
    GLANCE = 4,      /* of so many samples one is looked at first */
    GLANCE_LEAST = 64
};

void basin_check_unit(double *u, size_t n)
{
    double norm = basin_norm(u, n);
    if (norm > 0.0) basin_scale(1.0 / norm, u, n);
}

void basin_check_step(const basin_checker *c, const double *u, double h, double *point)
{
    basin_copy(c->theta, point, c->size);
    basin_axpy(h, u, point, c->size);
}

/* --------------------------------------------------------------------------------------------- samples -- */

/* Some of many, for a first look; none where a look at all costs little more. */
static basin_status choose_glance(basin_checker *c)
{
    basin_status st = BASIN_OK;
    const size_t count = basin_objective_samples(c->o) / GLANCE;

    if (count < GLANCE_LEAST) goto done;
    BASIN_ALLOC(c->glanced, count, "samples");
    for (size_t i = 0; i < count; i++) c->glanced[i] = GLANCE * i;
    c->glance = (basin_samples){.index = c->glanced, .count = count};
done:
    return st;
}

/* Draws them, and takes their gradient; none where there are not many more, or of which no target counts. */
static basin_status choose_some(basin_checker *c)
{
    basin_status st = BASIN_OK;
    const size_t samples = basin_objective_samples(c->o);
    basin_random random = basin_random_start(c->options->seed, BASIN_STREAM_SAMPLES);

    if (samples < 2 * BASIN_CHECK_SOME) goto done;
    BASIN_ALLOC(c->drawn, samples, "samples");
    BASIN_ALLOC(c->some_gradient, c->size, "gradient");
    for (size_t i = 0; i < samples; i++) c->drawn[i] = i;
    basin_random_shuffle(&random, c->drawn, samples);
    c->some = (basin_samples){.index = c->drawn, .count = BASIN_CHECK_SOME};
    st = basin_objective_gradient(c->o, &c->some, c->theta, NULL, c->some_gradient);
    if (st == BASIN_ERR_VALUE) st = BASIN_OK, c->some.count = 0;
done:
    return st;
}

basin_status basin_check_choose_samples(basin_checker *c)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(choose_glance(c));
    BASIN_TRY(choose_some(c));
done:
    return st;
}

void basin_check_release_samples(basin_checker *c)
{
    basin_free(c->glanced);
    basin_free(c->drawn);
    basin_free(c->some_gradient);
    c->glanced = c->drawn = NULL, c->some_gradient = NULL;
    c->glance = c->some = (basin_samples){0};
}

const basin_samples *basin_check_some(const basin_checker *c)
{
    return c->some.count > 0 ? &c->some : NULL;
}

/* ---------------------------------------------------------------------------------------------- kinks -- */

/* Does a kink lie between θ - 2hu and θ + 2hu? One within so short a step is met on the way from end to end:
   it takes one look, not one to each side. */
static basin_status meets_kink(basin_checker *c, const basin_samples *s, const double *u, double h,
                               double *points, bool *out)
{
    basin_status st = BASIN_OK;
    uint64_t     crossings = 0;
    double      *behind = points, *ahead = points + c->size;

    basin_check_step(c, u, -2.0 * h, behind);
    basin_check_step(c, u, 2.0 * h, ahead);
    if (s == NULL && c->glance.count > 0) {
        st = basin_objective_crossings(c->o, &c->glance, behind, ahead, &crossings);
        if (st == BASIN_ERR_VALUE) st = BASIN_OK, crossings = 0; /* no statistics of these, or targets */
        if (st != BASIN_OK) goto done;
    }
    if (crossings == 0) BASIN_TRY(basin_objective_crossings(c->o, s, behind, ahead, &crossings));
    *out = crossings > 0;
done:
    return st;
}

/* The largest of h, h/4, h/16, …, not beyond four times the last one found, between whose points θ ± 2hu lies
   no kink; 0 if none is so short. */
static basin_status smooth_step(basin_checker *c, const basin_samples *s, const double *u, double *out)
{
    basin_status st = BASIN_OK;
    double       h = cbrt(basin_objective_epsilon(c->o)) * (1.0 + basin_norm(c->theta, c->size));
    double      *points = NULL;
    bool         kink = true;
    int         *last = &c->shortenings[s != NULL], i = *last > 0 ? *last - 1 : 0;

    *out = 0.0;
    BASIN_ALLOC(points, 2 * c->size, "the ends of a step");
    for (h = ldexp(h, -2 * i); i <= SHORTENINGS && kink; i++, h /= 4.0) {
        BASIN_TRY(meets_kink(c, s, u, h, points, &kink));
        if (!kink) *out = h, *last = i;
    }
done:
    basin_free(points);
    return st;
}

basin_status basin_check_smooth_step(basin_checker *c, const double *u, const basin_samples **s, double *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(smooth_step(c, *s, u, out));
    if (*out > 0.0 || *s != NULL || c->some.count == 0) goto done;
    *s = &c->some;
    BASIN_TRY(smooth_step(c, *s, u, out));
done:
    return st;
}
