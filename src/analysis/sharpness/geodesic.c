/* Geodesic sharpness: the largest rise of the loss along geodesics of length rho at most in the space where
 * attention's pairs of matrices count by their products (quotient.c), and all else by its magnitude.
 *
 *     max over horizontal x, ‖x‖ ≤ rho, of L(theta + x − ½ Γ(x, x)) − L(theta)
 *
 *   1. Pairs are a fact of the graph (basin_params.pairs). Without any, it is the worst-case adaptive
 *      sharpness in ℓ2 with c = |theta|, and the row says so.
 *   2. Auto-PGD on x with gradients of the metric at theta, projected horizontally, from +g, from −g and from
 *      random points of the sphere. Each ascent transforms with a change of basis A of a pair as the metric
 *      does, so that every step, and with it the value, is the same up to rounding.
 *   3. The largest of these is a lower bound of the maximum.
 *
 * There is no regulariser: where a Gram matrix is singular the measure is missing. Weight decay knows no
 * symmetry of attention and is no part of it.
 *
 * Reference: M. F. da Silva, F. Dangel, S. Oore, ICML 2025; metric «mix».
 */
#include "analysis/sharpness/geodesic.h"

#include <math.h>

#include "analysis/sharpness/auto_pgd.h"
#include "analysis/sharpness/quotient.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

enum { STEPS = 20, RESTARTS = 1, SIGNS = 2 };

typedef struct geodesic {
    const basin_sharpening *task;
    basin_sharpness_row    *row;
    basin_quotient         *space;
    double                 *at;   /* [P] room for a point */
    double                  loss; /* L at theta */
} geodesic;

static double norm(const geodesic *s, const double *x)
{
    return sqrt(basin_quotient_inner(s->space, x, x));
}

static basin_status climb(void *payload, const double *x, double *f, double *ascent)
{
    basin_status st = BASIN_OK;
    geodesic    *s = payload;

    basin_loss loss;

    basin_quotient_move(s->space, x, s->at);
    BASIN_TRY(basin_objective_gradient(s->task->point->objective, NULL, s->at, &loss, ascent));
    s->row->gradients++;
    *f = basin_loss_value(&loss) - s->loss;
    basin_quotient_pull(s->space, x, ascent);
    basin_quotient_raise(s->space, ascent);
    const double length = norm(s, ascent);
    basin_scale(length > 0.0 && isfinite(length) ? 1.0 / length : 0.0, ascent, s->task->point->size);
done:
    return st;
}

static void project(void *payload, double *x)
{
    const geodesic *s = payload;
    const double    length = norm(s, x);

    if (length > s->row->rho) basin_scale(s->row->rho / length, x, s->task->point->size);
}

/* x becomes the start of that number, on the sphere: +g, −g, then random ones; false where there is none,
   since the direction is zero. */
static basin_status start(geodesic *s, size_t number, double *x, bool *there)
{
    basin_status  st = BASIN_OK;
    const size_t  size = s->task->point->size;
    basin_random  random = basin_random_start(s->task->options->seed + number, BASIN_STREAM_SHARPNESS_STARTS);
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(s->task->point, NULL, &g));
    if (number < SIGNS) {
        basin_copy(g, x, size);
        basin_quotient_raise(s->space, x);
    } else {
        basin_random_normals(&random, x, size);
        BASIN_TRY(basin_quotient_random(s->space, &random, x));
    }
    const double length = norm(s, x);
    *there = length > 0.0 && isfinite(length);
    if (*there) basin_scale((number == 1 ? -1.0 : 1.0) * s->row->rho / length, x, size);
done:
    return st;
}

/* NAN where there is no such start, or a loss is not finite. `x` [P] is room. */
static basin_status search_from(geodesic *s, size_t number, double *x, double *out)
{
    basin_status     st = BASIN_OK;
    const basin_ball ball = {.size = s->task->point->size,
                             .radius = s->row->rho,
                             .steps = basin_sharpening_steps(s->task, STEPS, s->row),
                             .payload = s,
                             .climb = climb,
                             .project = project};
    bool             there;

    *out = NAN;
    BASIN_TRY(start(s, number, x, &there));
    if (there) BASIN_TRY(basin_auto_pgd(&ball, x, out));
done:
    return st;
}

/* The best of all starts into the row. */
static basin_status search(geodesic *s, size_t restarts, double *x)
{
    basin_status st = BASIN_OK;
    double       most = -INFINITY, value;

    for (size_t i = 0; i < SIGNS + restarts; i++) {
        BASIN_TRY(search_from(s, i, x, &value));
        if (isnan(value)) {
            BASIN_TRY(basin_sharpness_lacks(
                s->row, "start %zu: its direction is zero, or the loss on the way is not finite", i + 1));
            goto done;
        }
        most = fmax(most, value);
    }
    BASIN_TRY(basin_sharpness_take(s->row, most));
done:
    return st;
}

/* Which network it is, in words. */
static basin_status describe(const geodesic *s, size_t restarts)
{
    const basin_params *params = basin_objective_params(s->task->point->objective);
    const size_t        pairs = params->pair_count, unpaired = params->unpaired;

    if (pairs + unpaired == 0)
        return basin_sharpness_say(
            s->row, "no attention: worst-case adaptive, l2, c = |theta|; %zu steps from %zu starts",
            s->row->steps, SIGNS + restarts);
    if (unpaired > 0)
        return basin_sharpness_say(
            s->row,
            "%zu pairs, no regulariser; %zu products of attention are no pair and count "
            "by |theta|; %zu steps from %zu starts",
            pairs, unpaired, s->row->steps, SIGNS + restarts);
    return basin_sharpness_say(s->row, "%zu pairs, no regulariser; %zu steps from %zu starts", pairs,
                               s->row->steps, SIGNS + restarts);
}

static basin_status at_every_radius(geodesic *s, basin_sharpness_row *rows, size_t count, double *x)
{
    basin_status st = BASIN_OK;
    const size_t restarts = s->task->options->restarts > 0 ? s->task->options->restarts : RESTARTS;

    for (size_t i = 0; i < count; i++) {
        s->row = &rows[i];
        BASIN_TRY(basin_progress_report("geodesic", (double)i, (double)count));
        BASIN_TRY(search(s, restarts, x));
        BASIN_TRY(describe(s, restarts));
    }
done:
    return st;
}

static void close_space(geodesic *s, double *x)
{
    basin_quotient_destroy(&s->space);
    basin_free(s->at);
    basin_free(x);
}

/* The space at theta, and room [P] for a tangent vector. To be closed after a failure too. */
static basin_status open_space(const basin_sharpening *task, basin_sharpness_row *row, geodesic *s,
                               double **x)
{
    basin_status st = BASIN_OK;
    basin_loss   loss;

    *s = (geodesic){.task = task, .row = row};
    BASIN_TRY(
        basin_quotient_create(basin_objective_params(task->point->objective), task->point->theta, &s->space));
    BASIN_ALLOC(s->at, task->point->size, "a point");
    BASIN_ALLOC(*x, task->point->size, "a tangent vector");
    BASIN_TRY(basin_point_bare_gradient(task->point, &loss, NULL));
    row->gradients++;
    s->loss = basin_loss_value(&loss);
done:
    return st;
}

basin_status basin_geodesic_from(const basin_sharpening *task, size_t number, basin_sharpness_row *row,
                                 double *out)
{
    basin_status st = BASIN_OK;
    geodesic     s = {0};
    double      *x = NULL;

    BASIN_TRY(open_space(task, row, &s, &x));
    BASIN_TRY(search_from(&s, number, x, out));
done:
    close_space(&s, x);
    return st;
}

static basin_status on_samples(const basin_sharpening *task, basin_sharpness_row *rows, size_t count)
{
    basin_status st = BASIN_OK;
    geodesic     s = {0};
    double      *x = NULL;

    if (basin_objective_params(task->point->objective) == NULL)
        return basin_sharpness_all_lack(rows, count, "the objective is no network");
    st = open_space(task, &rows[0], &s, &x);
    if (s.space == NULL && st == BASIN_ERR_NUMERIC)
        st = basin_sharpness_all_lack(rows, count, basin_error_message());
    else if (st == BASIN_OK)
        st = at_every_radius(&s, rows, count, x);
    close_space(&s, x);
    return st;
}

basin_status basin_sharpness_by_geodesic(const basin_sharpening *task, basin_sharpness_row *rows,
                                         size_t count)
{
    if (task->options->batch_size == 0) return on_samples(task, rows, count);
    return basin_sharpness_over_batches(task, on_samples, rows, count);
}

void basin_sharpness_cost_geodesic(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_row row;
    const size_t        restarts = task->options->restarts > 0 ? task->options->restarts : RESTARTS;
    const size_t        each = basin_sharpening_steps(task, STEPS, &row) + 1;
    const size_t        gradients = 1 + count * (SIGNS + restarts) * each;

    if (task->options->batch_size == 0)
        cost->gradients += gradients;
    else
        basin_sharpness_cost_batches(task, gradients, 0, cost);
}
