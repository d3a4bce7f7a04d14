/* What is told below a figure of minima. */
#include "render/topology.h"

#include <math.h>

static void error_caption(basin_plan *plan, const basin_topology *t)
{
    const size_t doubtful = t->tree->branch_count - t->certain;

    if (basin_topology_estimate(t) != NULL)
        basin_plan_caption(plan, " Hollow and grey: a persistence within the estimated errors of the "
                                 "interpolated losses at the minimum and at the pass");
    else if (t->errors.count > 0)
        basin_plan_caption(plan,
                           " Hollow and grey: a persistence of no more than %s, the rms error at the %s "
                           "points left out when the grid is told from every second one",
                           BASIN_NUMBER(t->errors.rms, 2), BASIN_COUNT(t->errors.count));
    else
        basin_plan_caption(plan, " The grid has too few points to tell its own error, and which minima are "
                                 "within it");
    if (basin_topology_estimate(t) != NULL || t->errors.count > 0)
        basin_plan_caption(plan, ": %s", doubtful > 0 ? BASIN_COUNT(doubtful) : "none");
    basin_plan_caption(plan, ".");
}

static void edge_caption(basin_plan *plan, const basin_topology *t)
{
    size_t said = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (!t->branches[i].at_edge) continue;
        basin_plan_caption(plan, "%s%zu",
                           said++ > 0 ? ", " : " At the edge of the plane or of a hole: ", i + 1);
    }
    if (said > 0) basin_plan_caption(plan, "; beyond it the loss may go on down.");
}

void basin_topology_caption(basin_plan *plan, const basin_topology *t)
{
    const basin_slice   *s = t->field.slice;
    const basin_surface *f = t->field.surface;
    const size_t         count = t->tree->branch_count;

    basin_plan_caption(plan,
                       "%s minim%s of the loss on a plane through the parameters (P = %s), %s%sN = %s, among "
                       "%s x %s points with 8 neighbours each.",
                       BASIN_COUNT(count), count == 1 ? "um" : "a", BASIN_COUNT(s->parameters),
                       f->split != NULL ? f->split : "", f->split != NULL ? ", " : "",
                       BASIN_COUNT(f->samples), BASIN_COUNT(f->columns), BASIN_COUNT(f->rows));
    basin_field_directions(plan, &t->field, NULL);
    basin_plan_caption(plan, " Circles: minima by persistence; diamonds: the passes (2–1: where 2 meets 1). "
                             "A bar runs from the loss of the minimum to that of the pass, and joins the bar "
                             "of the deeper one there; one that meets no deeper one runs to the highest "
                             "loss. The cross marks the centre.");
    if (count > t->count)
        basin_plan_caption(plan, " %s less persistent ones are not drawn.", BASIN_COUNT(count - t->count));
    error_caption(plan, t);
    edge_caption(plan, t);
    basin_plan_caption(plan, " A finer grid may find more minima, and lower passes between the points.");
    if (t->tree->points < f->rows * f->columns)
        basin_plan_caption(plan, " Hatched: not finite, no part of any valley.");
    if (t->field.frame != NULL) basin_plan_caption(plan, " Axes are distances; the grid is a parallelogram.");
    if (isfinite(t->paint->cap) || isfinite(t->paint->floor))
        basin_plan_caption(plan, " Colours and bars end at %s and %s.", BASIN_NUMBER(t->paint->scale.low, 3),
                           BASIN_NUMBER(t->paint->scale.high, 3));
    basin_field_between(plan, &t->drawn, NULL);
    basin_plan_sample_caption(plan, NULL, s, basin_field_number(&t->field));
    basin_plan_stationarity(plan, 0, &s->stationarity);
}
