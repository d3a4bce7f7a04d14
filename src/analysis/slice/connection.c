/* The loss on a curve between two points A and B: a straight line, or one that is bent through a trained
 * point C.
 *
 * Method
 *   1. Both bent curves lie in the plane of C - A and B - A, so all their points are one subspace evaluation.
 *   2. C begins half-way between A and B, where a curve is the straight line. It is trained by heavy ball on
 *      the mean of L over the curve: each step draws t uniformly and takes the gradient at phi(t), times
 *      ∂phi/∂C = 2t(1 - t) for the Bézier curve, 2t or 2(1 - t) for the polygon. That is the estimate of
 *      Garipov et al.; here the gradient is of all samples, and t is what is random.
 *   3. The barrier is the largest of L(t) less the straight line between the losses of the ends. Between the
 *      points it may be larger by about h²/8 |L''|, of which the second differences at the maximum and beside
 *      it say how much.
 *   4. Beside a trained curve stands the barrier of the straight line: training is of the mean over t, and
 *      its maximum may end up higher.
 *
 * References: T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. Wilson, «Loss surfaces, mode
 * connectivity, and fast ensembling of DNNs», arXiv:1802.10026, sections 3.1 and 3.2; the barrier as in
 * J. Frankle, G. Dziugaite, D. Roy, M. Carbin, arXiv:1912.05671, but against the line between the losses of
 * the ends, not their mean, so that a monotone path has none.
 */
#include <math.h>
#include <string.h>

#include "analysis/forecast.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/schema.h"

enum { POINTS = 51, STEPS = 200 };

typedef struct walk {
    const basin_connection_request *request;
    basin_connection               *path;
    size_t                          size;         /* P */
    double                         *directions;   /* [2, P] C - A and B - A; of a line B - A alone */
    double                         *coefficients; /* [points, d] */
    double                         *bend;         /* [P] C; NULL of a line */
} walk;

static size_t dimension(const basin_connection_request *r)
{
    return r->curve == BASIN_CURVE_LINEAR ? 1 : 2;
}

static basin_status check_request(const basin_connection_request *r)
{
    basin_status st = BASIN_OK;
    const size_t size = basin_objective_size(r->objective);

    BASIN_CHECK(r->other == NULL || basin_objective_size(r->other) == size, BASIN_ERR_SHAPE,
                "objective %s has %zu parameters, %s has %zu", r->splits[1], basin_objective_size(r->other),
                r->splits[0], size);
    BASIN_CHECK(r->points == 0 || r->points >= 3, BASIN_ERR_VALUE, "a path needs at least 3 points, got %zu",
                r->points);
    BASIN_CHECK(basin_all_finite(r->from, size) && basin_all_finite(r->to, size), BASIN_ERR_VALUE,
                "a path from %s to %s: their weights are not finite", r->from_name, r->to_name);
    BASIN_CHECK(r->alignment != NULL || memcmp(r->from, r->to, size * sizeof(double)) != 0, BASIN_ERR_VALUE,
                "%s and %s have the same weights: there is no path between them", r->from_name, r->to_name);
    if (r->curve == BASIN_CURVE_LINEAR) goto done;
    BASIN_CHECK(r->learning_rate > 0.0 && isfinite(r->learning_rate), BASIN_ERR_VALUE,
                "the learning rate %g of a curve is not a number above 0", r->learning_rate);
    BASIN_CHECK(r->momentum >= 0.0 && r->momentum < 1.0, BASIN_ERR_VALUE,
                "the momentum %g of a curve is not in [0, 1)", r->momentum);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the curve -- */

/* phi(t) = A + c (C - A) + b (B - A). */
static void place(basin_connection_curve curve, double t, double *c, double *b)
{
    switch (curve) {
    case BASIN_CURVE_LINEAR: *c = 0.0, *b = t; break;
    case BASIN_CURVE_BEZIER: *c = 2.0 * t * (1.0 - t), *b = t * t; break;
    case BASIN_CURVE_POLYGON:
        *c = t < 0.5 ? 2.0 * t : 2.0 * (1.0 - t);
        *b = t < 0.5 ? 0.0 : 2.0 * t - 1.0;
        break;
    }
}

/* One step of heavy ball on C; the loss at its point. */
static basin_status step(walk *w, double t, double *phi, double *g, double *velocity, double *out)
{
    basin_status                    st = BASIN_OK;
    const basin_connection_request *r = w->request;
    double                          c, b;
    basin_loss                      loss;

    place(r->curve, t, &c, &b);
    for (size_t i = 0; i < w->size; i++)
        phi[i] = r->from[i] + c * (w->bend[i] - r->from[i]) + b * (r->to[i] - r->from[i]);
    BASIN_TRY(basin_objective_gradient(r->objective, NULL, phi, &loss, g));
    *out = basin_loss_value(&loss);
    for (size_t i = 0; i < w->size; i++) {
        velocity[i] = r->momentum * velocity[i] + c * g[i];
        w->bend[i] -= r->learning_rate * velocity[i];
    }
done:
    return st;
}

static basin_status bend(walk *w)
{
    basin_status                    st = BASIN_OK;
    const basin_connection_request *r = w->request;
    basin_connection               *p = w->path;
    basin_random random = basin_random_start(r->seed, BASIN_STREAM_BATCH); /* t is the batch */
    const size_t tenth = (p->steps + 9) / 10;
    double      *room = NULL, loss, first = 0.0, last = 0.0;

    BASIN_ALLOC(w->bend, w->size, "a curve");
    BASIN_ALLOC(room, 3 * w->size, "a curve");
    for (size_t i = 0; i < w->size; i++) w->bend[i] = 0.5 * r->from[i] + 0.5 * r->to[i];
    for (size_t k = 0; k < p->steps; k++) {
        BASIN_TRY(basin_progress_report("curve", (double)k, (double)p->steps));
        BASIN_TRY(step(w, basin_random_uniform(&random), room, room + w->size, room + 2 * w->size, &loss));
        BASIN_CHECK(
            isfinite(loss) && basin_all_finite(w->bend, w->size), BASIN_ERR_NUMERIC,
            "the curve from %s to %s is not finite after %zu steps: its learning rate %g is too large",
            r->from_name, r->to_name, k + 1, r->learning_rate);
        if (k < tenth) first += loss;
        if (k + tenth >= p->steps) last += loss;
    }
    p->trained_from = first / (double)tenth, p->trained_to = last / (double)tenth;
done:
    basin_free(room);
    return st;
}

/* ------------------------------------------------------------------------------------------ along it -- */

static basin_status lay(walk *w)
{
    basin_status                    st = BASIN_OK;
    const basin_connection_request *r = w->request;
    const size_t                    d = dimension(r), n = w->path->points;
    double                         *straight, c, b;

    BASIN_ALLOC(w->directions, d * w->size, "directions");
    BASIN_ALLOC(w->coefficients, d * n, "points");
    straight = w->directions + (d - 1) * w->size;
    for (size_t i = 0; i < w->size; i++) {
        straight[i] = r->to[i] - r->from[i];
        if (d == 2) w->directions[i] = w->bend[i] - r->from[i];
    }
    for (size_t i = 0; i < n; i++) {
        place(r->curve, w->path->t[i], &c, &b);
        if (d == 2) w->coefficients[i * d] = c;
        w->coefficients[i * d + d - 1] = b;
    }
done:
    return st;
}

/* By the Gram matrix of the directions: ‖phi(t) - A‖, and the length of the curve by its points. */
static void measure(walk *w)
{
    basin_connection *p = w->path;
    const size_t      d = dimension(w->request);
    double            gram[4] = {0.0};

    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            gram[i * d + j] = basin_dot(w->directions + i * w->size, w->directions + j * w->size, w->size);
    p->distance = sqrt(gram[d * d - 1]);
    for (size_t k = 0; k < p->points; k++) {
        double moved = 0.0, gone = 0.0;
        for (size_t i = 0; i < d * d; i++) {
            const double *x = w->coefficients + k * d, *before = k > 0 ? x - d : x;
            moved += gram[i] * x[i / d] * x[i % d];
            gone += gram[i] * (x[i / d] - before[i / d]) * (x[i % d] - before[i % d]);
        }
        p->moved[k] = sqrt(fmax(moved, 0.0));
        p->length += sqrt(fmax(gone, 0.0));
    }
}

/* How much more than at the point `at` the loss may be beside it: h²/8 |L″|, by second differences. */
static double between(const double *loss, size_t n, size_t at)
{
    double largest = 0.0;

    for (size_t i = at > 0 ? at - 1 : 0; i <= at + 1; i++)
        if (i > 0 && i + 1 < n) largest = fmax(largest, fabs(loss[i - 1] - 2.0 * loss[i] + loss[i + 1]));
    return largest / 8.0;
}

/* Of the losses at p->t: the barrier, where it is, and what may lie between the points. */
static void find_barrier(const basin_connection *p, const double *loss, double *barrier, double *where,
                         double *error)
{
    const size_t last = p->points - 1;
    size_t       at = 0;

    *barrier = *where = 0.0;
    if (!basin_all_finite(loss, p->points)) {
        *barrier = *where = *error = (double)NAN;
        return;
    }
    for (size_t i = 1; i < last; i++) {
        const double rise = loss[i] - (loss[0] + p->t[i] * (loss[last] - loss[0]));
        if (rise > *barrier) *barrier = rise, at = i;
    }
    *where = p->t[at];
    *error = between(loss, p->points, at);
}

/* Losses and accuracies (or NULL) at the points with these coefficients [points, d]. */
static basin_status losses_at(walk *w, basin_objective *o, const double *coefficients, double *loss,
                              double *accuracy)
{
    basin_status st = BASIN_OK;
    const size_t n = w->path->points;
    basin_loss  *losses = NULL;

    BASIN_ALLOC(losses, n, "losses");
    BASIN_TRY(basin_objective_subspace(o, NULL, w->request->from, w->directions, dimension(w->request),
                                       coefficients, n, losses));
    for (size_t i = 0; i < n; i++) {
        loss[i] = basin_loss_value(&losses[i]);
        if (accuracy != NULL) accuracy[i] = basin_loss_accuracy(&losses[i]);
    }
done:
    basin_free(losses);
    return st;
}

/* Beside a trained curve: what it is better, or worse, than. */
static basin_status compare_with_straight(walk *w, basin_objective *o, basin_connection_split *s)
{
    basin_status            st = BASIN_OK;
    const basin_connection *p = w->path;
    double                 *coefficients = NULL, *loss = NULL;

    s->straight = s->straight_at = s->straight_error = (double)NAN;
    if (w->request->curve == BASIN_CURVE_LINEAR) goto done;
    BASIN_ALLOC(coefficients, 2 * p->points, "points");
    BASIN_ALLOC(loss, p->points, "losses");
    for (size_t i = 0; i < p->points; i++) coefficients[2 * i + 1] = p->t[i];
    BASIN_TRY(losses_at(w, o, coefficients, loss, NULL));
    find_barrier(p, loss, &s->straight, &s->straight_at, &s->straight_error);
done:
    basin_free(coefficients);
    basin_free(loss);
    return st;
}

static basin_status evaluate(walk *w, size_t which)
{
    basin_status            st = BASIN_OK;
    basin_connection       *p = w->path;
    basin_connection_split *s = &p->splits[which];
    basin_objective        *o = which == 0 ? w->request->objective : w->request->other;

    s->samples = basin_objective_samples(o);
    s->points = p->points;
    BASIN_STRDUP(s->split, w->request->splits[which]);
    BASIN_ALLOC(s->loss, p->points, "losses");
    BASIN_ALLOC(s->accuracy, p->points, "accuracies");
    BASIN_TRY(losses_at(w, o, w->coefficients, s->loss, s->accuracy));
    find_barrier(p, s->loss, &s->barrier, &s->barrier_at, &s->barrier_error);
    BASIN_TRY(compare_with_straight(w, o, s));
done:
    return st;
}

static basin_status describe(const basin_connection_request *r, basin_connection *p)
{
    basin_status st = BASIN_OK;
    basin_loss   own;

    p->parameters = basin_objective_size(r->objective);
    p->curve = (int)r->curve;
    p->points = r->points > 0 ? r->points : POINTS;
    BASIN_STRDUP(p->from, r->from_name);
    BASIN_STRDUP(p->to, r->to_name);
    BASIN_ALLOC(p->t, p->points, "points");
    BASIN_ALLOC(p->moved, p->points, "points");
    for (size_t i = 0; i < p->points; i++) p->t[i] = (double)i / (double)(p->points - 1);
    p->split_count = r->other != NULL ? 2 : 1;
    BASIN_ALLOC(p->splits, p->split_count, "splits");
    p->end_own = p->trained_from = p->trained_to = p->learning_rate = p->momentum = (double)NAN;
    if (r->end != NULL) {
        BASIN_TRY(basin_objective_loss(r->end, NULL, r->to, &own));
        p->end_own = basin_loss_value(&own);
    }
    if (r->alignment != NULL) {
        BASIN_ALLOC(p->alignment, 1, "an alignment");
        p->alignment_count = 1;
        BASIN_TRY(basin_schema_copy(&basin_alignment_schema, r->alignment, p->alignment));
    }
    if (r->curve == BASIN_CURVE_LINEAR) goto done;
    p->steps = r->steps > 0 ? r->steps : STEPS;
    p->learning_rate = r->learning_rate, p->momentum = r->momentum, p->seed = r->seed;
done:
    return st;
}

basin_status basin_connection_compute(const basin_connection_request *request, basin_connection **out)
{
    basin_status      st = BASIN_OK;
    basin_connection *p = NULL;
    walk              w = {.request = request, .size = basin_objective_size(request->objective)};

    BASIN_TRY(check_request(request));
    BASIN_ALLOC(p, 1, "path");
    w.path = p;
    BASIN_TRY(describe(request, p));
    if (request->curve != BASIN_CURVE_LINEAR) BASIN_TRY(bend(&w));
    BASIN_TRY(lay(&w));
    measure(&w);
    for (size_t i = 0; i < p->split_count; i++) BASIN_TRY(evaluate(&w, i));
    *out = p, p = NULL;
done:
    basin_free(w.directions);
    basin_free(w.coefficients);
    basin_free(w.bend);
    basin_connection_destroy(&p);
    return st;
}

/* --------------------------------------------------------------------------------------- what it takes -- */

basin_status basin_connection_forecast(const basin_connection_request *r, basin_forecast **out)
{
    basin_status           st = BASIN_OK;
    const bool             trained = r->curve != BASIN_CURVE_LINEAR;
    const size_t           points = r->points > 0 ? r->points : POINTS, each = (trained ? 2 : 1) * points;
    basin_point           *point = NULL;
    basin_forecast_request request = {.analysis = "connect",
                                      .other = r->other,
                                      .splits = {r->splits[0], r->splits[1]},
                                      .demand = {.axes = dimension(r), .calls = trained ? 2 : 1}};

    BASIN_TRY(check_request(r));
    BASIN_TRY(basin_point_create(r->objective, r->from, NULL, &point));
    request.point = point;
    request.demand.gradients = trained ? (r->steps > 0 ? r->steps : STEPS) : 0;
    request.demand.points[0] = each;
    if (r->other != NULL) request.demand.points[1] = each;
    basin_demand_hold(&request.demand, (dimension(r) + 4) * point->size * sizeof(double), 0);
    BASIN_TRY(basin_forecast_measure(&request, out));
done:
    basin_point_destroy(&point);
    return st;
}
