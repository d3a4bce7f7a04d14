/* --range: the value axis or the colour scale from one number to another. Nothing is cut off silently: what
   is beyond is marked where it leaves, and said. */
#include <math.h>
#include <string.h>

#include "render/figure.h"

bool basin_plan_range(const basin_plan *plan, basin_range *range)
{
    const double *asked = plan->options->range;

    if (asked == NULL) return false;
    range->smallest = asked[0] > 0 ? asked[0] : range->smallest;
    range->low = asked[0], range->high = asked[1];
    return true;
}

static bool can_be_clipped(const basin_mark *mark)
{
    return mark->type == &basin_mark_line || mark->type == &basin_mark_points ||
           mark->type == &basin_mark_rule;
}

static bool same_quantity(const basin_panel *a, const basin_panel *b)
{
    return a == b || (a->y_label != NULL && b->y_label != NULL && strcmp(a->y_label, b->y_label) == 0);
}

/* The marks that are data say so where they leave; true as each kind of leaving is found. */
static void clip_marks(basin_panel *panel, bool *above, bool *below)
{
    for (size_t i = 0; i < panel->mark_count; i++) {
        basin_mark *mark = &panel->marks[i];
        if (mark->type == &basin_mark_rule) continue;
        mark->beyond = !mark->silent;
        for (size_t j = 0; j < mark->count && mark->beyond; j++) {
            *above = *above || mark->y[j] > panel->y.high;
            *below = *below || mark->y[j] < panel->y.low;
        }
    }
}

static void tell(basin_plan *plan, bool above, bool below)
{
    const char *high = basin_plan_text(plan, "▲ above %s", BASIN_NUMBER(plan->options->range[1], 3));
    const char *low = basin_plan_text(plan, "▼ below %s", BASIN_NUMBER(plan->options->range[0], 3));

    if (!above && !below) return;
    plan->note = basin_plan_text(plan, "%s%s%s%s%s, cut off", plan->note != NULL ? plan->note : "",
                                 plan->note != NULL ? "\n" : "", above ? high : "",
                                 above && below ? ", " : "", below ? low : "");
    basin_plan_caption(plan, " The axis ends at %s and %s; arrows mark where values are beyond.",
                       BASIN_NUMBER(plan->options->range[0], 3), BASIN_NUMBER(plan->options->range[1], 3));
}

basin_status basin_plan_apply_range(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    const double *range = plan->options->range;
    bool          above = false, below = false;

    if (range == NULL || plan->ranged) goto done;
    for (size_t p = 0; p < plan->panel_count; p++) {
        basin_panel *panel = &plan->panels[p];
        if (!same_quantity(&plan->panels[0], panel) || panel->empty != NULL) continue;
        for (size_t i = 0; i < panel->mark_count; i++)
            BASIN_CHECK(can_be_clipped(&panel->marks[i]) && panel->name_count == 0, BASIN_ERR_ARG,
                        "a range is of figures of lines, points or colours; this one has marks of another "
                        "kind (%s), which say too little once they are cut",
                        panel->marks[i].type->name);
        BASIN_CHECK(panel->y.kind != BASIN_SCALE_LOG || range[0] > 0, BASIN_ERR_ARG,
                    "range %.4g:%.4g on a logarithmic scale: from above 0", range[0], range[1]);
        panel->y.low = range[0], panel->y.high = range[1];
        clip_marks(panel, &above, &below);
    }
    tell(plan, above, below);
done:
    return st;
}
