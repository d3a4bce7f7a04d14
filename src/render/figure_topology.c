/* The minima of a plane and the passes where their valleys meet: on the plane, and beside it as a persistence
 * barcode on the same scale of losses.
 *
 * A bar runs from the loss of a minimum to that of the pass where its valley joins a deeper one, and a fine
 * line leads from there to the bar of that one: the bars with these lines are the merge tree. What is less
 * persistent than the grid tells losses between its points is grey and hollow.
 */
#include <math.h>

#include "core/memory.h"
#include "render/topology.h"

enum { FINE_SIDE = 240 }; /* points of a finer grid, about */

/* ------------------------------------------------------------------------------------------ what is so -- */

const double *basin_topology_estimate(const basin_topology *t)
{
    const basin_slice *s = t->field.slice;

    return s->adaptive_count > 0 ? s->adaptive->splits[basin_field_number(&t->field)].error : NULL;
}

/* By how much the persistence may be off; NAN: not known. */
static double error_of(const basin_topology *t, const basin_merge_branch *b)
{
    const double *error = basin_topology_estimate(t);

    if (error != NULL) return b->saddle != BASIN_NONE ? error[b->minimum] + error[b->saddle] : 0;
    return t->errors.count > 0 ? t->errors.rms : NAN;
}

static bool is_certain(const basin_topology *t, const basin_merge_branch *b)
{
    return !(b->persistence <= error_of(t, b));
}

/* Whether a neighbour of the point is missing: beyond the edge, or not finite. */
static bool is_at_edge(const basin_field *f, size_t point)
{
    const size_t r = point / f->columns, c = point % f->columns;

    if (r == 0 || c == 0 || r + 1 == f->rows || c + 1 == f->columns) return true;
    for (size_t i = r - 1; i <= r + 1; i++)
        for (size_t j = c - 1; j <= c + 1; j++)
            if (!isfinite(f->z[i * f->columns + j])) return true;
    return false;
}

static void place(const basin_field *f, size_t point, double out[2])
{
    const double x = f->x[point % f->columns], y = f->y[point / f->columns];

    out[0] = f->frame != NULL ? f->frame->xx * x + f->frame->xy * y : x;
    out[1] = f->frame != NULL ? f->frame->yy * y : y;
}

static void find_branches(basin_topology *t)
{
    for (size_t i = 0; i < t->tree->branch_count; i++) {
        const basin_merge_branch *b = &t->tree->branches[i];
        t->certain += is_certain(t, b);
        if (t->count == BASIN_TOPOLOGY_MOST) continue;
        basin_topology_branch *one = &t->branches[t->count++];
        *one = (basin_topology_branch){
            .of = b, .certain = is_certain(t, b), .at_edge = is_at_edge(&t->field, b->minimum)};
        place(&t->field, b->minimum, one->minimum);
        if (b->saddle != BASIN_NONE) place(&t->field, b->saddle, one->pass);
    }
}

static basin_status find_errors(basin_topology *t)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &t->field;
    basin_smooth_grid  same = {0};

    if (basin_topology_estimate(t) != NULL) goto done;
    BASIN_TRY(basin_smooth(f->z, f->rows, f->columns, f->x, f->y, 1, t->paint->scale.kind == BASIN_SCALE_LOG,
                           &same));
    t->errors = same.errors;
done:
    basin_smooth_clear(&same);
    return st;
}

static basin_status set_paint(basin_plan *plan, basin_topology *t)
{
    basin_status st = BASIN_OK;
    basin_range  range = t->data;

    BASIN_PLAN_ALLOC(plan, t->paint, 1);
    plan->ranged = basin_plan_range(plan, &range);
    BASIN_TRY(basin_field_scale(plan, &range, &t->paint->scale));
    t->paint->palette = plan->palette;
    t->paint->cap = plan->ranged && t->data.high > range.high ? t->paint->scale.high : INFINITY;
    t->paint->floor = plan->ranged && t->data.low < range.low ? t->paint->scale.low : -INFINITY;
done:
    return st;
}

static basin_status read_plane(basin_plan *plan, basin_topology *t)
{
    basin_status st = BASIN_OK;
    basin_field *f = &t->field;

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG,
                "figure topology: of one plane, not of %zu; --layout puts several beside each other",
                plan->count);
    BASIN_TRY(basin_field_find(plan, 0, "topology", f));
    BASIN_CHECK(f->rows >= 2 && f->columns >= 2, BASIN_ERR_ARG,
                "figure topology: a grid of %zu x %zu; at least 2 x 2", f->rows, f->columns);
    BASIN_TRY(basin_field_frame(plan, f));
    t->data = basin_field_range(f, 1, INFINITY);
    BASIN_CHECK(t->data.low <= t->data.high, BASIN_ERR_VALUE,
                "figure topology: no loss of the plane is finite; it has no minima");
    BASIN_CHECK(t->data.low < t->data.high, BASIN_ERR_VALUE,
                "figure topology: every finite loss of the plane is %s; it has no minima",
                BASIN_NUMBER(t->data.low, 6));
    BASIN_TRY(set_paint(plan, t));
    BASIN_TRY(find_errors(t));
    BASIN_TRY(basin_merge_tree_compute(f->z, f->rows, f->columns, &t->tree));
    find_branches(t);
    t->drawn = *f;
    if (plan->options->smooth != BASIN_SMOOTH_NONE)
        BASIN_TRY(basin_field_smooth(plan, &t->drawn, FINE_SIDE, t->paint->scale.kind == BASIN_SCALE_LOG));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the plane -- */

static basin_color color_of(const basin_topology_branch *b)
{
    return b->certain ? basin_black : basin_grey;
}

/* Its marker; on the plane over a white one, seen on any colour. */
static basin_status add_marker(basin_plan *plan, basin_panel *panel, const basin_topology_branch *b,
                               const double *at, basin_marker marker, double size, bool on_plane)
{
    basin_status st = BASIN_OK;

    for (size_t halo = 1 + on_plane; halo-- > 0;)
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_points,
                                               .count = 1,
                                               .x = at,
                                               .y = at + 1,
                                               .marker = marker,
                                               .size = halo ? size + 2.5 : size,
                                               .hollow = !halo && !b->certain,
                                               .pen = {.color = halo ? basin_white : color_of(b)},
                                               .silent = true}));
done:
    return st;
}

/* «2» beside a minimum; «2–1» beside the pass where 2 meets 1. */
static basin_status add_names(basin_plan *plan, basin_panel *panel, const basin_topology *t)
{
    basin_status st = BASIN_OK;
    basin_mark   mark = {.type = &basin_mark_name,
                         .pen = {.color = basin_black},
                         .size = 0.8125 * plan->font_size,
                         .silent = true};
    double      *x = NULL, *y = NULL;
    const char **names = NULL;

    BASIN_PLAN_ALLOC(plan, x, 2 * t->count);
    BASIN_PLAN_ALLOC(plan, y, 2 * t->count);
    BASIN_PLAN_ALLOC(plan, names, 2 * t->count);
    for (size_t i = 0; i < t->count; i++, mark.count++) {
        x[i] = t->branches[i].minimum[0], y[i] = t->branches[i].minimum[1];
        names[i] = basin_plan_text(plan, "%zu", i + 1);
    }
    for (size_t i = 0; i < t->count; i++) {
        const basin_topology_branch *b = &t->branches[i];
        if (b->of->saddle == BASIN_NONE || !b->certain) continue;
        x[mark.count] = b->pass[0], y[mark.count] = b->pass[1];
        names[mark.count++] = basin_plan_text(plan, "%zu–%zu", i + 1, b->of->parent + 1);
    }
    mark.x = x, mark.y = y, mark.names = names;
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

static basin_status add_map(basin_plan *plan, basin_panel *panel, const basin_topology *t)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &t->field, *fine = &t->drawn;
    basin_levels       levels = {0};
    basin_mark         mark = {.type = &basin_mark_heat,
                               .x = f->x,
                               .y = f->y,
                               .rows = f->rows,
                               .columns = f->columns,
                               .frame = f->frame,
                               .z = f->z,
                               .paint = t->paint};

    BASIN_TRY(basin_panel_add(plan, panel, mark));
    BASIN_TRY(basin_plan_levels(plan, &t->data, plan->width < 300 ? 9 : 12, &levels));
    mark.type = &basin_mark_contour, mark.x = fine->x, mark.y = fine->y, mark.z = fine->z;
    mark.rows = fine->rows, mark.columns = fine->columns, mark.paint = NULL, mark.silent = true;
    mark.count = levels.count, mark.levels = levels.values;
    mark.every = (fine->columns - 1) / (f->columns - 1);
    mark.pen = (basin_pen){.color = basin_black, .width = 0.4, .fade = 0.5};
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

static basin_status fill_plane(basin_plan *plan, basin_panel *panel, const basin_topology *t)
{
    basin_status           st = BASIN_OK;
    const basin_label_form form = plan->width < 300 ? BASIN_LABEL_BROKEN : BASIN_LABEL_LINE;
    basin_range            x, y;

    BASIN_TRY(add_map(plan, panel, t));
    basin_panel_ranges(panel, &x, &y);
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0);
    panel->y = basin_scale_fit(BASIN_SCALE_LINEAR, &y, 0);
    BASIN_TRY(basin_panel_add_centre(plan, panel));
    for (size_t i = t->count; i-- > 0;) {
        const basin_topology_branch *b = &t->branches[i];
        if (b->of->saddle != BASIN_NONE)
            BASIN_TRY(add_marker(plan, panel, b, b->pass, BASIN_MARKER_DIAMOND, 3.5, true));
        BASIN_TRY(add_marker(plan, panel, b, b->minimum, BASIN_MARKER_CIRCLE, 4.5, true));
    }
    BASIN_TRY(add_names(plan, panel, t));
    panel->x_label = basin_field_label(plan, &t->field, 0, form);
    panel->y_label = basin_field_label(plan, &t->field, 1, form);
    panel->equal = t->field.frame != NULL || basin_field_is_equal(&t->field);
    panel->height = fmin(0.7 * plan->width / (double)plan->columns, 300);
    panel->framed = true;
    panel->bar = t->paint;
done:
    return st;
}

/* ----------------------------------------------------------------------------------------- the barcode -- */

static basin_status add_line(basin_plan *plan, basin_panel *panel, const double ends[4], basin_pen pen)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;

    BASIN_PLAN_ALLOC(plan, at, 4);
    for (size_t k = 0; k < 4; k++) at[k] = ends[k];
    BASIN_TRY(basin_panel_add(
        plan, panel,
        (basin_mark){
            .type = &basin_mark_line, .count = 2, .x = at, .y = at + 2, .pen = pen, .silent = true}));
done:
    return st;
}

static double within(const basin_paint *paint, double value)
{
    return fmin(fmax(value, paint->floor), paint->cap);
}

/* One bar, and the line to that of the deeper minimum; ends beyond the scale are cut there. */
static basin_status add_bar(basin_plan *plan, basin_panel *panel, const basin_topology *t, size_t i)
{
    basin_status                 st = BASIN_OK;
    const basin_topology_branch *b = &t->branches[i];
    const double                 row = (double)(t->count - 1 - i), birth = within(t->paint, b->of->birth);
    const double                 death = within(t->paint, fmin(b->of->death, t->data.high));
    const basin_pen              fine = {.color = basin_grey, .width = 0.5};
    double                      *at = NULL;

    BASIN_PLAN_ALLOC(plan, at, 4);
    at[0] = birth, at[1] = row, at[2] = death, at[3] = row;
    if (b->of->parent != BASIN_NONE)
        BASIN_TRY(add_line(plan, panel, (double[]){death, death, row, (double)(t->count - 1 - b->of->parent)},
                           fine));
    BASIN_TRY(add_line(plan, panel, (double[]){birth, death, row, row},
                       (basin_pen){.color = color_of(b), .width = b->certain ? 2.5 : 1}));
    if (b->of->birth == birth) BASIN_TRY(add_marker(plan, panel, b, at, BASIN_MARKER_CIRCLE, 4.5, false));
    if (b->of->death == death)
        BASIN_TRY(add_marker(plan, panel, b, at + 2, BASIN_MARKER_DIAMOND, 3.5, false));
done:
    return st;
}

static basin_status fill_barcode(basin_plan *plan, basin_panel *panel, const basin_topology *t)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    const char **names = NULL;
    basin_color *colors = NULL;

    BASIN_PLAN_ALLOC(plan, at, t->count);
    BASIN_PLAN_ALLOC(plan, names, t->count);
    BASIN_PLAN_ALLOC(plan, colors, t->count);
    panel->x = t->paint->scale;
    panel->y = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.7, (double)t->count - 0.3, 0};
    for (size_t i = 0; i < t->count; i++) {
        at[i] = (double)(t->count - 1 - i), colors[i] = color_of(&t->branches[i]);
        names[i] = basin_plan_text(plan, "%zu", i + 1);
    }
    for (size_t i = 0; i < t->count; i++) BASIN_TRY(add_bar(plan, panel, t, i));
    panel->name_count = t->count, panel->name_at = at, panel->name_label = names, panel->name_color = colors;
    panel->x_label = basin_plan_scale_label(plan, "loss", &t->paint->scale, " ");
    panel->y_label = plan->columns > 1 ? "minimum" : NULL;
    panel->height = plan->columns > 1 ? plan->panels[0].height : 14 * (double)t->count + 12;
done:
    return st;
}

basin_status basin_plan_topology(basin_plan *plan)
{
    basin_status    st = BASIN_OK;
    basin_topology *t = NULL;

    BASIN_PLAN_ALLOC(plan, t, 1);
    BASIN_TRY(read_plane(plan, t));
    BASIN_TRY(basin_plan_panels(plan, 2, plan->width < 300 ? 1 : 2));
    BASIN_TRY(fill_plane(plan, &plan->panels[0], t));
    BASIN_TRY(fill_barcode(plan, &plan->panels[1], t));
    basin_topology_caption(plan, t);
done:
    if (t != NULL) basin_merge_tree_destroy(&t->tree);
    return st;
}
