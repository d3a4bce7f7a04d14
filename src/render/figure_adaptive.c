/* What is drawn of a slice with a tolerance beside its surfaces: where it was evaluated, and how far off the
 * interpolation may be.
 */
#include <math.h>

#include "core/memory.h"
#include "render/figure.h"

basin_status basin_plan_sample_points(basin_plan *plan, basin_panel *panel, const basin_slice *s, size_t k,
                                      double unit, bool always, const basin_frame *frame)
{
    basin_status          st = BASIN_OK;
    const basin_adaptive *a = s->adaptive;
    double               *x = NULL, *y = NULL;

    if (s->adaptive_count == 0 || !(plan->options->points || always)) goto done;
    BASIN_PLAN_ALLOC(plan, x, a->points);
    BASIN_PLAN_ALLOC(plan, y, a->points);
    for (size_t i = 0; i < a->points; i++) {
        x[i] = a->coordinates[i * a->axes] * (a->axes == 1 ? unit : 1);
        y[i] = a->axes == 2 ? a->coordinates[i * a->axes + 1] : a->splits[k].loss[i];
        if (frame != NULL) x[i] = frame->xx * x[i] + frame->xy * y[i], y[i] *= frame->yy;
    }
    for (size_t halo = a->axes == 2 ? 2 : 1; halo-- > 0;) /* white under black: seen on any colour */
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_points,
                                               .count = a->points,
                                               .x = x,
                                               .y = y,
                                               .marker = BASIN_MARKER_CIRCLE,
                                               .size = a->axes == 1 ? 2.4
                                                       : halo       ? 1.8
                                                                    : 1.1,
                                               .pen = {.color = halo ? basin_white : basin_black},
                                               .silent = true}));
done:
    return st;
}

void basin_plan_sample_caption(basin_plan *plan, const char *name, const basin_slice *s, size_t k)
{
    if (s->adaptive_count == 0) return;
    const basin_adaptive_split *split = &s->adaptive->splits[k];

    basin_plan_caption(plan, "%s%s%snterpolated from %s points", name != NULL ? " " : "",
                       name != NULL ? name : "", name != NULL ? ": i" : " I",
                       BASIN_COUNT(s->adaptive->points));
    basin_plan_caption(plan, "; estimated error at most %s, asked for %s.",
                       BASIN_NUMBER(split->largest_error, 2), BASIN_NUMBER(split->tolerance, 2));
}
