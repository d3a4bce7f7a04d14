#include "render/drape.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

/* The cell of `at`: its lower end, at most count - 2. BASIN_NONE outside. */
static size_t find(const double *x, size_t count, double at)
{
    size_t low = 0, high = count - 1;

    if (!(at >= x[0] && at <= x[count - 1])) return BASIN_NONE;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (x[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double basin_drape_height(const basin_drape *d, double s, double t)
{
    const size_t c = find(d->s, d->columns, s), r = find(d->t, d->rows, t);

    if (c == BASIN_NONE || r == BASIN_NONE) return NAN;
    const double  x = (s - d->s[c]) / (d->s[c + 1] - d->s[c]), y = (t - d->t[r]) / (d->t[r + 1] - d->t[r]);
    const double *h = d->height + r * d->columns + c, *above = h + d->columns;
    return (1 - y) * ((1 - x) * h[0] + x * h[1]) + y * ((1 - x) * above[0] + x * above[1]);
}

/* Along the line of sight from the place to the camera, in steps of half a cell: where the surface stands
   above that line, it hides the place. */
bool basin_drape_is_seen(const basin_drape *d, double s, double t)
{
    const double SLACK = 0.004; /* in the box: of the surface about the place itself */
    const double cell[2] = {(d->s[d->columns - 1] - d->s[0]) / (double)(d->columns - 1),
                            (d->t[d->rows - 1] - d->t[0]) / (double)(d->rows - 1)};
    const double start = basin_drape_height(d, s, t);
    const double top = d->scene->target[2] + d->scene->distance * d->scene->out[2];
    double       camera[2];

    basin_scene_camera(d->scene, camera);
    const double way[2] = {camera[0] - s, camera[1] - t};
    const double step = 0.5 / fmax(fabs(way[0]) / cell[0], fmax(fabs(way[1]) / cell[1], 0.5));
    for (double u = step; u < 1; u += step) {
        const double line = start + u * (top - start);
        const double at[2] = {s + u * way[0], t + u * way[1]};
        if (line > d->scene->height || find(d->s, d->columns, at[0]) == BASIN_NONE ||
            find(d->t, d->rows, at[1]) == BASIN_NONE)
            return true; /* above everything, or beyond the edge */
        if (basin_drape_height(d, at[0], at[1]) > line + SLACK) return false;
    }
    return true;
}

/* ----------------------------------------------------------------------------------------------- marks -- */

typedef struct course { /* [count]: places in the picture, NAN where not seen, and where seen */
    size_t  count;
    double *x, *y, *hidden_x, *hidden_y;
} course;

static basin_status make_course(basin_plan *plan, size_t room, course *out)
{
    basin_status st = BASIN_OK;

    BASIN_PLAN_ALLOC(plan, out->x, 4 * room);
    out->y = out->x + room, out->hidden_x = out->y + room, out->hidden_y = out->hidden_x + room;
done:
    return st;
}

static void add(const basin_drape *d, double s, double t, course *out)
{
    double       box[3], at[2];
    const double height = basin_drape_height(d, s, t);
    const bool   seen = isfinite(height) && basin_drape_is_seen(d, s, t);

    basin_scene_place(d->scene, s, t, height, box);
    basin_scene_project(d->scene, box, at);
    out->x[out->count] = seen ? at[0] : NAN, out->y[out->count] = seen ? at[1] : NAN;
    out->hidden_x[out->count] = seen ? NAN : at[0], out->hidden_y[out->count++] = seen ? NAN : at[1];
}

/* Two places to a cell between neighbours of a line. */
static size_t parts_of(const basin_drape *d, const basin_mark *mark, size_t i)
{
    const double across = fabs(mark->x[i + 1] - mark->x[i]) / (d->s[d->columns - 1] - d->s[0]);
    const double up = fabs(mark->y[i + 1] - mark->y[i]) / (d->t[d->rows - 1] - d->t[0]);
    const double cells = fmax(across * (double)(d->columns - 1), up * (double)(d->rows - 1));

    return isfinite(cells) && cells < 1e4 ? (size_t)ceil(2 * cells) + 1 : 1;
}

static basin_status lay_line(basin_plan *plan, const basin_drape *d, const basin_mark *mark, course *out)
{
    basin_status st = BASIN_OK;
    size_t       room = 1;

    for (size_t i = 0; i + 1 < mark->count; i++) room += parts_of(d, mark, i);
    BASIN_TRY(make_course(plan, room, out));
    for (size_t i = 0; i + 1 < mark->count; i++) {
        const size_t parts = parts_of(d, mark, i);
        for (size_t k = 0; k < parts; k++) {
            const double u = (double)k / (double)parts;
            add(d, (1 - u) * mark->x[i] + u * mark->x[i + 1], (1 - u) * mark->y[i] + u * mark->y[i + 1], out);
        }
    }
    if (mark->count > 0) add(d, mark->x[mark->count - 1], mark->y[mark->count - 1], out);
done:
    return st;
}

static basin_status lay_points(basin_plan *plan, const basin_drape *d, const basin_mark *mark, course *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(make_course(plan, mark->count, out));
    for (size_t i = 0; i < mark->count; i++) add(d, mark->x[i], mark->y[i], out);
done:
    return st;
}

static bool any_finite(const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(x[i])) return true;
    return false;
}

static bool is_white(const basin_mark *mark)
{
    return memcmp(&mark->pen.color, &basin_white, sizeof basin_white) == 0;
}

/* What stands for a mark where the surface hides it. */
static basin_mark hidden_mark(basin_mark mark, const course *c)
{
    mark.x = c->hidden_x, mark.y = c->hidden_y, mark.count = c->count, mark.label = NULL;
    if (mark.type == &basin_mark_line && is_white(&mark))
        mark.pen.width = 1.8, mark.pen.fade = 0.4;
    else if (mark.type == &basin_mark_line)
        mark.pen.dash = BASIN_DOTTED, mark.pen.width = 0.8;
    else
        mark.pen.color = basin_grey, mark.size *= 0.7, mark.hollow = false;
    return mark;
}

basin_status basin_drape_marks(basin_plan *plan, basin_panel *panel, size_t first, const basin_drape *drape,
                               bool *hidden)
{
    basin_status st = BASIN_OK;
    const size_t count = panel->mark_count;

    for (size_t i = first; i < count; i++) {
        basin_mark *mark = &panel->marks[i];
        course      c = {0};
        const bool  line = mark->type == &basin_mark_line && mark->pen.width > 0;
        if (line)
            BASIN_TRY(lay_line(plan, drape, mark, &c));
        else
            BASIN_TRY(lay_points(plan, drape, mark, &c));
        const bool behind = mark->type != &basin_mark_name && any_finite(c.hidden_x, c.count);
        for (size_t k = 0; mark->type == &basin_mark_name && k < c.count; k++)
            if (!isfinite(c.x[k])) c.x[k] = c.hidden_x[k], c.y[k] = c.hidden_y[k];
        const bool       under = is_white(mark) && !line; /* for colours, not for what lies behind them */
        const basin_mark other = hidden_mark(*mark, &c);
        mark->x = c.x, mark->y = c.y, mark->count = c.count;
        if (line) mark->open = true;
        *hidden = *hidden || behind;
        if (behind && !under) BASIN_TRY(basin_panel_add(plan, panel, other));
    }
done:
    return st;
}
