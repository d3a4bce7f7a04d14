/* What figures of rows (track, comparison) say of the points that the rows were measured at. */
#include "render/rows.h"

#include <math.h>
#include <string.h>

#include "render/figure.h"

basin_status basin_plan_rows(basin_plan *plan, size_t room, basin_row_list *out)
{
    basin_status st = BASIN_OK;

    *out = (basin_row_list){0};
    BASIN_PLAN_ALLOC(plan, out->rows, room);
done:
    return st;
}

bool basin_rows_hold(const basin_row_list *list, int point)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->rows[i]->point == point) return true;
    return false;
}

/* «0.1» or «0.1 to 0.3» */
static const char *range_text(basin_plan *plan, const basin_range *range)
{
    const char *low = basin_plan_text(plan, "%s", BASIN_NUMBER(range->low, 2));
    const char *high = basin_plan_text(plan, "%s", BASIN_NUMBER(range->high, 2));

    return strcmp(low, high) == 0 ? low : basin_plan_text(plan, "%s to %s", low, high);
}

static basin_range steps_of(const basin_row_list *list)
{
    basin_range steps = basin_range_start();

    for (size_t i = 0; i < list->count; i++)
        if (list->rows[i]->point == BASIN_POINT_POLISHED)
            basin_range_add(&steps, (double)list->rows[i]->polish.steps);
    return steps;
}

static basin_range averaged_of(const basin_row_list *list)
{
    basin_range averaged = basin_range_start();

    for (size_t i = 0; i < list->count; i++)
        if (list->rows[i]->point == BASIN_POINT_AVERAGED)
            basin_range_add(&averaged, (double)list->rows[i]->averaged);
    return averaged;
}

const char *basin_point_label(basin_plan *plan, const basin_row_list *list, int point)
{
    basin_range steps = steps_of(list), averaged = averaged_of(list);

    if (point == BASIN_POINT_POLISHED)
        return basin_plan_text(plan, "polished: %s gradient steps", range_text(plan, &steps));
    if (point == BASIN_POINT_AVERAGED)
        return basin_plan_text(plan, "averaged over %s checkpoints", range_text(plan, &averaged));
    return basin_point_text((basin_point_kind)point);
}

static void caption_polish(basin_plan *plan, const basin_row_list *list)
{
    basin_range steps = steps_of(list), size = basin_range_start(), moved = basin_range_start(),
                change = basin_range_start();

    for (size_t i = 0; i < list->count; i++) {
        const basin_polish *p = &list->rows[i]->polish;
        if (list->rows[i]->point != BASIN_POINT_POLISHED) continue;
        basin_range_add(&size, p->step), basin_range_add(&moved, p->moved);
        basin_range_add(&change, 100.0 * fabs(p->loss_after - p->loss_before) / p->loss_before);
    }
    if (steps.low > steps.high) return;
    basin_plan_caption(plan, " Polished: after %s plain gradient steps of size %s from the checkpoint",
                       range_text(plan, &steps), range_text(plan, &size));
    if (moved.low <= moved.high) basin_plan_caption(plan, ", which moved θ by %s", range_text(plan, &moved));
    if (change.low <= change.high)
        basin_plan_caption(plan, " and the training loss by %s %%", range_text(plan, &change));
    basin_plan_caption(plan, ".");
}

void basin_plan_points(basin_plan *plan, const basin_row_list *list)
{
    basin_range averaged = averaged_of(list);

    caption_polish(plan, list);
    if (averaged.low <= averaged.high)
        basin_plan_caption(plan, " Averaged: at the mean weights of %s consecutive checkpoints.",
                           range_text(plan, &averaged));
}

/* Whether an earlier row says the same of the same method. */
static bool told_before(const basin_row_list *list, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (basin_same_text(list->rows[j]->method, list->rows[i]->method) &&
            list->rows[j]->weights == list->rows[i]->weights)
            return true;
    return false;
}

void basin_plan_weights(basin_plan *plan, const basin_row_list *list)
{
    static const struct {
        int         weights;
        const char *words;
    } said[] = {{BASIN_WEIGHTS_UNDONE, "undone"}, {BASIN_WEIGHTS_AS_STORED, "as stored"}};

    for (size_t k = 0; k < sizeof said / sizeof *said; k++) {
        size_t told = 0;
        for (size_t i = 0; i < list->count; i++) {
            const basin_row *row = list->rows[i];
            if (row->weights != said[k].weights || told_before(list, i)) continue;
            basin_plan_caption(plan, "%s%s", told++ == 0 ? " Weights of " : ", ",
                               row->method != NULL ? basin_method_title(row->method)
                                                   : "runs without a method");
        }
        if (told > 0) basin_plan_caption(plan, ": %s.", said[k].words);
    }
}

void basin_plan_hovering(basin_plan *plan, const basin_row_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!basin_hovers(list->rows[i]->method, list->rows[i]->rho)) continue;
        basin_plan_caption(plan, " For SAM and MSAM λ_max over their own ceiling, which follows it, is an "
                                 "index of hovering, not of stability.");
        return;
    }
}

void basin_plan_samples(basin_plan *plan, const basin_row_list *list)
{
    const basin_row *first = NULL;
    bool             same = true, test = true;

    for (size_t i = 0; i < list->count; i++) {
        const basin_row *row = list->rows[i];
        if (row->missing != NULL) continue;
        if (first == NULL) first = row;
        same = same && row->parameters == first->parameters && row->samples == first->samples &&
               row->split_samples == first->split_samples;
        test = test && row->test_samples == first->test_samples;
    }
    if (first == NULL) return;
    if (!same) {
        basin_plan_caption(plan,
                           "; P and N differ between runs, which are not to be held against each other");
        return;
    }
    basin_plan_caption(plan, "; P = %s, N = %s", BASIN_COUNT(first->parameters), BASIN_COUNT(first->samples));
    if (first->split_samples > first->samples)
        basin_plan_caption(plan, " of %s", BASIN_COUNT(first->split_samples));
    basin_plan_caption(plan, " training samples");
    if (test && first->test_samples > 0)
        basin_plan_caption(plan, " and %s test samples", BASIN_COUNT(first->test_samples));
}
