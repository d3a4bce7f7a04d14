/* How far the step that training would take next may reach before it leads back up: critical sharpness λ_c =
 * 2/η_c (critical.c), and uᵀHu/uᵀ∇F, what it is of the quadratic model (arXiv:2601.16979).
 *
 *   1. u is the next update at full batch, in the recursion that the checkpoint records (next_step.c). Adam's
 *      β₂ and ε are in no checkpoint: they are PyTorch's defaults, and the row says so.
 *   2. Where uᵀ∇F <= 0 the step leads uphill, as it may where SAM and MSAM bounce, and neither exists.
 *   3. The scale of the search is Λ, of both ends of the spectrum by a short Lanczos run: it decides where
 *      the grid of critical.c lies, and nothing else.
 *
 * F holds the weight decay that is included, u that of the method.
 */
#include <math.h>

#include "analysis/critical.h"
#include "analysis/next_step.h"
#include "analysis/sharpness/sharpness.h"
#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"

#define BETA2 0.999 /* of Adam */
#define EPSILON 1e-8
#define ROUGH 1e-2 /* relative residual of Λ */

enum { GRADIENTS = 2, LOSSES = 51, PRODUCTS = 30 }; /* about what one of them takes */

typedef struct update {
    double     *u; /* [P] */
    double      slope, cosine;
    const char *more; /* what is assumed of the step, in words */
} update;

/* u [P]; where it is not *known the row says why. */
static basin_status take_step(const basin_sharpening *task, basin_sharpness_row *row, double *u, bool *known)
{
    basin_status            st = BASIN_OK;
    const basin_checkpoint *ck = task->options->checkpoint;
    const bool              adam = ck != NULL && basin_next_step_is_adam(ck);
    const char             *unknown = ck == NULL ? "no checkpoint records it" : task->options->no_step;

    if (unknown == NULL && !adam) unknown = basin_next_step_unknown(ck);
    *known = unknown == NULL;
    if (!*known) return basin_sharpness_lacks(row, "the next update is not known: %s", unknown);
    st =
        adam ? basin_next_step_adam(task->point, ck, BETA2, EPSILON, u) : basin_next_step(task->point, ck, u);
    row->gradients += GRADIENTS;
    if (st == BASIN_ERR_MISSING) {
        *known = false;
        st = basin_sharpness_lacks(row, "the next update is not known: %s", basin_error_message());
    }
    return st;
}

/* The next update, which leads downhill; u->u stays NULL where there is none, and the row says why. */
static basin_status make_update(const basin_sharpening *task, basin_sharpness_row *row, update *out)
{
    basin_status  st = BASIN_OK;
    const size_t  size = task->point->size;
    const double *g;
    double       *u = NULL;
    bool          known;

    BASIN_ALLOC(u, size, "the next update");
    BASIN_TRY(take_step(task, row, u, &known));
    if (!known) goto done;
    BASIN_TRY(basin_point_gradient(task->point, NULL, &g));
    out->slope = basin_dot(u, g, size);
    out->cosine = basin_cosine(u, g, size);
    out->more = basin_next_step_is_adam(task->options->checkpoint) ? ", beta2 = 0.999, epsilon = 1e-8" : "";
    if (!(out->slope > 0.0)) {
        BASIN_TRY(basin_sharpness_lacks(row,
                                        isnan(out->cosine) ? "the next update or the gradient is zero"
                                                           : "the next update leads uphill: cos(u, g) = %.3g",
                                        out->cosine));
        goto done;
    }
    BASIN_TRY(basin_sharpness_say(row, "%s, cos(u, g) = %.4g%s", task->options->checkpoint->method,
                                  out->cosine, out->more));
    out->u = u, u = NULL;
done:
    basin_free(u);
    return st;
}

/* Λ, the largest magnitude of an eigenvalue of ∇²F, to ROUGH. */
static basin_status scale_of(const basin_sharpening *task, basin_sharpness_row *row, double *out)
{
    basin_status                 st = BASIN_OK;
    basin_spectrum              *s = NULL;
    const basin_spectrum_options ends = {.method = BASIN_SPECTRUM_LANCZOS,
                                         .top = 1,
                                         .bottom = task->point->size > 1 ? 1 : 0,
                                         .tolerance = ROUGH,
                                         .no_proof = true,
                                         .seed = task->options->seed,
                                         .probes = 1};

    BASIN_TRY(basin_spectrum_solve(task->point, &ends, &s));
    row->products += s->products;
    *out = fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));
done:
    basin_spectrum_destroy(&s);
    return st;
}

basin_status basin_sharpness_by_critical_sharpness(const basin_sharpening *task, basin_sharpness_row *rows,
                                                   size_t count)
{
    basin_status   st = BASIN_OK;
    update         next = {0};
    double         scale;
    basin_critical found;

    (void)count;
    BASIN_TRY(make_update(task, rows, &next));
    if (next.u == NULL) goto done;
    BASIN_TRY(scale_of(task, rows, &scale));
    if (!(scale > 0.0)) {
        BASIN_TRY(basin_sharpness_lacks(rows, "the Hessian is zero: nothing bends"));
        goto done;
    }
    BASIN_TRY(basin_critical_find(task->point, next.u, next.slope, scale, &found));
    rows->losses += found.losses;
    if (isnan(found.value))
        BASIN_TRY(basin_sharpness_lacks(rows, "no step along the next update leads back up"));
    else
        rows->value = found.value, rows->lower = found.lower, rows->upper = found.upper;
done:
    basin_free(next.u);
    return st;
}

basin_status basin_sharpness_by_critical_quadratic(const basin_sharpening *task, basin_sharpness_row *rows,
                                                   size_t count)
{
    basin_status st = BASIN_OK;
    update       next = {0};
    double      *hu = NULL;

    (void)count;
    BASIN_TRY(make_update(task, rows, &next));
    if (next.u == NULL) goto done;
    BASIN_ALLOC(hu, task->point->size, "a product");
    BASIN_TRY(basin_point_product(task->point, next.u, 1, hu));
    rows->products++;
    BASIN_TRY(basin_sharpness_take(rows, basin_dot(next.u, hu, task->point->size) / next.slope));
done:
    basin_free(next.u);
    basin_free(hu);
    return st;
}

void basin_sharpness_cost_critical_sharpness(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)task, (void)count;
    cost->gradients += GRADIENTS, cost->losses += LOSSES, cost->products += PRODUCTS;
}

void basin_sharpness_cost_critical_quadratic(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)task, (void)count;
    cost->gradients += GRADIENTS, cost->products += 1;
}
