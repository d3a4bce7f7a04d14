/* Does a line end where it says? theta + s (theta' - theta) has the other checkpoint's weights at s = 1,
 * but a network is more than its weights: statistics of BatchNorm, frozen tensors and the graph are the
 * other's only where somebody saw to it. So both ends are computed a second time, each by a network of its
 * own, and an end that has another loss does not get the other checkpoint's name.
 */
#include "analysis/slice/ends.h"

#include <math.h>

#include "core/decay.h"
#include "core/memory.h"

/* Relative, of two evaluations at equal weights; in single precision that times its rounding. */
#define TOLERANCE 1e-6
#define ROUNDINGS 100.0

static bool leads(const basin_slice_request *r, size_t axis)
{
    return r->ends[axis].objective != NULL;
}

size_t basin_slice_end_count(const basin_slice_request *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->axis_count; i++) count += leads(r, i);
    return count;
}

void basin_slice_place_ends(const basin_slice_request *r, double *coefficients)
{
    for (size_t i = 0; i < r->axis_count; i++) {
        if (!leads(r, i)) continue;
        coefficients[i] = r->ends[i].at;
        coefficients += r->axis_count;
    }
}

/* The loss of a network of its own at its weights, with the weight decay that the slice includes. */
basin_status basin_point_own_loss(const basin_point *point, basin_objective *o, const double *theta,
                                  double *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss;

    BASIN_TRY(basin_objective_loss(o, NULL, theta, &loss));
    *out = basin_loss_value(&loss) +
           basin_decay_term(basin_point_included(point), theta, basin_point_size(point));
done:
    return st;
}

static bool agree(double a, double b, double epsilon)
{
    if (!isfinite(a) || !isfinite(b)) return !isfinite(a) && !isfinite(b);
    return fabs(a - b) <= fmax(TOLERANCE, ROUNDINGS * epsilon) * fmax(fabs(b), TOLERANCE);
}

static basin_status name_end(const basin_slice_end *end, basin_axis *axis)
{
    basin_status st = BASIN_OK;
    const char  *whose = end->foreign ? ", of another training," : "";
    char        *direction = NULL, *definition = NULL;

    if (axis->reached)
        definition = basin_format("%s%s minus this point: coordinate %.6g is %s", end->name, whose, end->at,
                                  end->name);
    else {
        direction = basin_format(BASIN_WEIGHTS_OF "%s", end->name);
        definition =
            basin_format(BASIN_WEIGHTS_OF "%s%s minus those of this point: coordinate %.6g has its weights, "
                                          "but is not %s: loss %.6g there, %.6g of %s itself",
                         end->name, whose, end->at, end->name, axis->end_loss, axis->end_own, end->name);
    }

    BASIN_CHECK(definition != NULL && (axis->reached || direction != NULL), BASIN_ERR_NOMEM,
                "out of memory for the name of an end");
    basin_free(axis->definition);
    axis->definition = definition, definition = NULL;
    if (direction == NULL) goto done;
    basin_free(axis->direction);
    axis->direction = direction, direction = NULL;
done:
    basin_free(definition);
    basin_free(direction);
    return st;
}

basin_status basin_slice_hold_ends(const basin_slice_request *r, const basin_loss *losses, basin_slice *slice)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < r->axis_count; i++) {
        basin_axis            *axis = &slice->axes[i];
        const basin_slice_end *end = &r->ends[i];
        if (!leads(r, i)) continue;
        axis->end_at = end->at;
        axis->end_loss = basin_loss_value(losses++);
        BASIN_TRY(basin_point_own_loss(r->point, end->objective, end->theta, &axis->end_own));
        BASIN_TRY(basin_point_own_loss(r->point, basin_point_objective(r->point), basin_point_theta(r->point),
                                       &axis->start_own));
        axis->reached = agree(axis->end_loss, axis->end_own, basin_objective_epsilon(end->objective));
        BASIN_TRY(name_end(end, axis));
    }
done:
    return st;
}
