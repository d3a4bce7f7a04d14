/* Runs on a plane: contour lines of the loss with the path of each run over them, and what that picture
 * hides: each checkpoint's own loss beside that of its projection, and its distance from the plane, over the
 * steps.
 *
 * A run has the look of its method, where no two runs share one. On the plane its first checkpoint is hollow,
 * and markers grow with the distance from the plane. Single checkpoints, as the corners of a plane through
 * three, are black diamonds.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

enum { PANELS = 3, LEAST_MARKER = 3, GROWTH = 3 }; /* points, of markers on the plane */

static bool methods_differ(const basin_slice *s)
{
    for (size_t i = 0; i < s->path_count; i++)
        for (size_t j = 0; j < i && s->paths[i].joined; j++)
            if (s->paths[j].joined && basin_same_text(s->paths[i].method, s->paths[j].method)) return false;
    return true;
}

static basin_look look_of(const basin_slice *s, size_t i)
{
    const basin_path *path = &s->paths[i];
    basin_look        look = {.color = basin_black, .marker = BASIN_MARKER_DIAMOND};

    if (path->joined && !(methods_differ(s) && basin_look_method(path->method, &look)))
        look = basin_look_series(i);
    return look;
}

/* «sam_0» of runs/sam_0/ */
static const char *folder_name(basin_plan *plan, const char *path)
{
    size_t end = strlen(path), start;

    while (end > 1 && path[end - 1] == '/') end--;
    for (start = end; start > 0 && path[start - 1] != '/';) start--;
    return basin_plan_text(plan, "%.*s", (int)(end - start), path + start);
}

static const char *name_of(basin_plan *plan, const basin_slice *s, size_t i)
{
    const basin_path *path = &s->paths[i];

    if (!path->joined) return "corners of the plane";
    return methods_differ(s) && path->method != NULL ? basin_method_title(path->method)
                                                     : folder_name(plan, path->name);
}

static double farthest(const basin_slice *s)
{
    double most = 0;

    for (size_t i = 0; i < s->path_count; i++)
        for (size_t k = 0; k < s->paths[i].count; k++)
            if (isfinite(s->paths[i].points[k].distance)) most = fmax(most, s->paths[i].points[k].distance);
    return most;
}

/* One value of each of a path's checkpoints. */
static basin_status column(basin_plan *plan, const basin_path *path, size_t offset, const double **out)
{
    basin_status st = BASIN_OK;
    double      *values = NULL;

    BASIN_PLAN_ALLOC(plan, values, path->count);
    for (size_t k = 0; k < path->count; k++)
        memcpy(&values[k], (const char *)&path->points[k] + offset, sizeof *values);
    *out = values;
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- on the plane -- */

static basin_status add_markers(basin_plan *plan, basin_panel *panel, const basin_path *path, basin_mark mark,
                                double most)
{
    basin_status  st = BASIN_OK;
    const double *x = mark.x, *y = mark.y;

    mark.type = &basin_mark_points, mark.count = 1, mark.label = NULL;
    for (size_t k = 0; k < path->count; k++) {
        mark.x = x + k, mark.y = y + k;
        mark.size = LEAST_MARKER + (most > 0 ? GROWTH * path->points[k].distance / most : 0);
        mark.hollow = path->joined && k == 0;
        BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

/* A line a run, or the white ones under them: seen on any colour. Single checkpoints have none, but a sample
   of their marker in the legend. */
static basin_status add_lines(basin_plan *plan, basin_panel *panel, const basin_slice *s, bool white,
                              bool named)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < s->path_count; i++) {
        const basin_path *path = &s->paths[i];
        const basin_look  look = look_of(s, i);
        basin_mark        mark = {.type = &basin_mark_line, .count = path->count, .silent = true};
        if (!path->joined && white) continue;
        BASIN_TRY(column(plan, path, offsetof(basin_path_point, across), &mark.x));
        BASIN_TRY(column(plan, path, offsetof(basin_path_point, up), &mark.y));
        mark.pen = white ? (basin_pen){.color = basin_white, .width = 2.6}
                         : (basin_pen){.color = look.color, .width = 1.1, .dash = look.dash};
        if (!path->joined) mark.pen.width = 0, mark.marker = look.marker, mark.size = LEAST_MARKER;
        mark.label = named ? name_of(plan, s, i) : NULL;
        BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

basin_status basin_panel_add_paths(basin_plan *plan, basin_panel *panel, const basin_slice *s, bool named)
{
    basin_status st = BASIN_OK;
    const double most = farthest(s);

    BASIN_TRY(add_lines(plan, panel, s, true, false));
    BASIN_TRY(add_lines(plan, panel, s, false, named));
    for (size_t i = 0; i < s->path_count; i++) {
        const basin_path *path = &s->paths[i];
        const basin_look  look = look_of(s, i);
        basin_mark        mark = {.silent = true, .pen = {.color = look.color}, .marker = look.marker};
        BASIN_TRY(column(plan, path, offsetof(basin_path_point, across), &mark.x));
        BASIN_TRY(column(plan, path, offsetof(basin_path_point, up), &mark.y));
        BASIN_TRY(add_markers(plan, panel, path, mark, most));
    }
done:
    return st;
}

basin_status basin_paths_places(basin_plan *plan, const basin_slice *s, size_t *count, const double **out)
{
    enum { BETWEEN = 8 }; /* places from one checkpoint to the next */
    basin_status st = BASIN_OK;
    size_t       used = 1, total = 1;
    double      *places = NULL;

    for (size_t i = 0; i < s->path_count; i++) total += BETWEEN * s->paths[i].count;
    BASIN_PLAN_ALLOC(plan, places, 2 * total); /* the first is the centre */
    for (size_t i = 0; i < s->path_count; i++)
        for (size_t k = 0; k < s->paths[i].count; k++) {
            const basin_path_point *p = &s->paths[i].points[k], *next = p + (k + 1 < s->paths[i].count);
            for (size_t j = 0; j < BETWEEN && (j == 0 || s->paths[i].joined); j++, used++) {
                places[2 * used] = p->across + (double)j / BETWEEN * (next->across - p->across);
                places[2 * used + 1] = p->up + (double)j / BETWEEN * (next->up - p->up);
            }
        }
    *count = used, *out = places;
done:
    return st;
}

void basin_caption_paths(basin_plan *plan, const basin_slice *s)
{
    if (s->path_count == 0) return;
    basin_plan_caption(
        plan,
        " Markers: checkpoints where they fall on the plane, the first of a run hollow; they grow "
        "with the distance from the plane, at most %s.",
        BASIN_NUMBER(farthest(s), 3));
    for (size_t i = 0; i < s->path_count; i++)
        basin_plan_caption(plan, " %s: %s, %zu checkpoint%s.", name_of(plan, s, i), s->paths[i].name,
                           s->paths[i].count, s->paths[i].count == 1 ? "" : "s");
}

/* -------------------------------------------------------------------------------------- over the steps -- */

static bool steps_known(const basin_slice *s)
{
    for (size_t i = 0; i < s->path_count; i++)
        for (size_t k = 0; k < s->paths[i].count; k++)
            if (s->paths[i].points[k].step < 0) return false;
    return true;
}

static basin_status places(basin_plan *plan, const basin_slice *s, const basin_path *path, const double **out)
{
    basin_status st = BASIN_OK;
    const bool   known = steps_known(s);
    double      *x = NULL;

    BASIN_PLAN_ALLOC(plan, x, path->count);
    for (size_t k = 0; k < path->count; k++) x[k] = known ? (double)path->points[k].step : (double)(k + 1);
    *out = x;
done:
    return st;
}

/* A value of all checkpoints, a curve a run; `own`: with the look of its method, else thin and dotted. */
static basin_status add_curves(basin_plan *plan, basin_panel *panel, const basin_slice *s, size_t offset,
                               bool own)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < s->path_count; i++) {
        const basin_path *path = &s->paths[i];
        const basin_look  look = look_of(s, i);
        basin_mark        mark = {.type = &basin_mark_line,
                                  .count = path->count,
                                  .pen = {.color = look.color,
                                          .width = path->joined ? own ? 1.1 : 0.8 : 0,
                                          .dash = own ? look.dash : BASIN_DOTTED},
                                  .marker = own || !path->joined ? look.marker : BASIN_MARKER_NONE,
                                  .hollow = own ? look.hollow : true,
                                  .size = 3};
        BASIN_TRY(places(plan, s, path, &mark.x));
        BASIN_TRY(column(plan, path, offset, &mark.y));
        BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

static basin_status add_key(basin_plan *plan, basin_panel *panel, const char *label, basin_dash dash)
{
    return basin_panel_add(plan, panel,
                           (basin_mark){.type = &basin_mark_line,
                                        .pen = {.color = basin_grey, .width = 1.1, .dash = dash},
                                        .label = label,
                                        .silent = true});
}

static basin_status finish(basin_plan *plan, basin_panel *panel, const basin_slice *s, const char *label,
                           bool logarithmic)
{
    basin_status     st = BASIN_OK;
    basin_range      x, y;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    basin_panel_ranges(panel, &x, &y);
    const bool wide = logarithmic && y.low > 0 && y.high > 10 * y.low;
    BASIN_TRY(basin_plan_scale(plan, wide ? BASIN_SCALE_LOG : BASIN_SCALE_LINEAR, &y, &kind));
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, &x, 0.03);
    panel->y = basin_scale_fit(kind, &y, 0.06);
    panel->y_label = basin_plan_scale_label(plan, label, &panel->y, "\n");
    panel->x_label = steps_known(s) ? "step" : "checkpoint";
    panel->grid = true;
    panel->height = fmin(0.34 * plan->width, 110);
done:
    return st;
}

static basin_status demand_paths(const basin_plan *plan)
{
    basin_status       st = BASIN_OK;
    const basin_slice *s = plan->results[0]->value;

    BASIN_CHECK(plan->count == 1, BASIN_ERR_ARG, "figure paths: one slice at a time, not %zu", plan->count);
    BASIN_CHECK(s->path_count > 0, BASIN_ERR_ARG,
                "figure paths: no runs are beside this slice; slice RUN --plane pca puts them there");
done:
    return st;
}

/* The plane as the contour figure has it, in the first of three panels: below one another in a column, side
   by side on a page. */
static basin_status plan_plane(basin_plan *plan, bool wide)
{
    basin_status st = BASIN_OK;
    const double width = plan->width;
    basin_panel  plane;

    if (wide) plan->width = width / PANELS;
    st = basin_plan_contour(plan);
    plan->width = width;
    if (st != BASIN_OK) goto done;
    plane = plan->panels[0];
    BASIN_TRY(basin_plan_panels(plan, PANELS, wide ? PANELS : 1));
    plan->panels[0] = plane;
done:
    return st;
}

basin_status basin_plan_paths(basin_plan *plan)
{
    basin_status       st = BASIN_OK;
    const bool         wide = plan->width >= 400;
    const basin_slice *s = plan->results[0]->value;

    BASIN_TRY(demand_paths(plan));
    BASIN_TRY(plan_plane(plan, wide));
    basin_panel *loss = &plan->panels[1], *distance = &plan->panels[2];
    BASIN_TRY(add_curves(plan, loss, s, offsetof(basin_path_point, loss), true));
    BASIN_TRY(add_curves(plan, loss, s, offsetof(basin_path_point, projected), false));
    BASIN_TRY(add_key(plan, loss, "checkpoint", BASIN_SOLID));
    BASIN_TRY(add_key(plan, loss, "its projection", BASIN_DOTTED));
    BASIN_TRY(finish(plan, loss, s, "loss", true));
    BASIN_TRY(add_curves(plan, distance, s, offsetof(basin_path_point, distance), true));
    BASIN_TRY(finish(plan, distance, s, "distance from the plane", false));
    loss->no_x = !wide;
    if (!wide) loss->x_label = NULL;
    basin_plan_caption(
        plan, " Below or beside it: the loss of each checkpoint itself, dotted that of its projection, "
              "and its distance from the plane.");
done:
    return st;
}
