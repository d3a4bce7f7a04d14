/* Checkpoints that stand on a plane: its centre and those that its directions lead to, each marked and named
 * by what tells it from the others.
 */
#include <math.h>
#include <string.h>

#include "render/figure.h"

enum { MOST = 3 };

typedef struct ends { /* of one slice */
    size_t      count;
    const char *path[MOST];
    double      x[MOST], y[MOST];
} ends;

/* The file of a direction's end; NULL where there is none. */
static const char *path_of(const basin_axis *axis)
{
    const size_t weights = strlen(BASIN_WEIGHTS_OF);
    const char  *name = axis->direction;

    if (axis->kind != BASIN_DIRECTION_TO || name == NULL) return NULL;
    if (strncmp(name, BASIN_WEIGHTS_OF, weights) == 0) return name + weights;
    return strchr(name, ':') != NULL ? strchr(name, ':') + 1 : name;
}

static ends ends_of(const basin_plan *plan, size_t result)
{
    const basin_slice *s = plan->results[result]->value;
    const basin_input *centre = basin_plan_input(plan, result, BASIN_INPUT_CHECKPOINT);
    ends               e = {0};

    if (centre != NULL) e.path[e.count++] = centre->path;
    for (size_t k = 0; k < s->axis_count && k < 2; k++) {
        const char *path = path_of(&s->axes[k]);
        if (path == NULL) continue;
        const double at = s->axes[k].end_at > 0 ? s->axes[k].end_at : 1;
        e.path[e.count] = path, e.x[e.count] = k == 0 ? at : 0, e.y[e.count++] = k == 1 ? at : 0;
    }
    return e;
}

/* ------------------------------------------------------------------------------------------- the names -- */

/* «sam_0» of «runs/sam_0/step_000400.h5»; "" of a path without a folder. */
static const char *folder_of(basin_plan *plan, const char *path)
{
    const char *file = basin_name_file(path), *end = file - 1, *start = end;

    if (file == path) return "";
    while (start > path && start[-1] != '/') start--;
    return basin_plan_text(plan, "%.*s", (int)(end - start), start);
}

static const char *file_of(basin_plan *plan, const char *path)
{
    const char  *file = basin_name_file(path);
    const size_t length = strlen(file);
    const bool   ending = length > 3 && strcmp(file + length - 3, ".h5") == 0;

    return basin_plan_text(plan, "%.*s", (int)(ending ? length - 3 : length), file);
}

/* Whether no other end has the same. */
static bool is_alone(basin_plan *plan, const ends *e, size_t i,
                     const char *(*part)(basin_plan *, const char *))
{
    for (size_t k = 0; k < e->count; k++)
        if (k != i && strcmp(part(plan, e->path[k]), part(plan, e->path[i])) == 0) return false;
    return part(plan, e->path[i])[0] != '\0';
}

static const char *name_of(basin_plan *plan, const ends *e, size_t i)
{
    if (is_alone(plan, e, i, file_of)) return file_of(plan, e->path[i]);
    if (is_alone(plan, e, i, folder_of)) return folder_of(plan, e->path[i]);
    return basin_plan_text(plan, "%s/%s", folder_of(plan, e->path[i]), file_of(plan, e->path[i]));
}

const char *basin_end_name(basin_plan *plan, const basin_axis *axis)
{
    const char *path = path_of(axis);

    for (size_t i = 0; i < plan->count; i++) {
        const basin_slice *s = plan->results[i]->value;
        const ends         e = ends_of(plan, i);
        if (axis < s->axes || axis >= s->axes + s->axis_count) continue;
        for (size_t k = 0; k < e.count; k++)
            if (e.path[k] == path) return name_of(plan, &e, k);
    }
    return path != NULL ? file_of(plan, path) : "";
}

/* ------------------------------------------------------------------------------------------- the marks -- */

basin_status basin_panel_add_ends(basin_plan *plan, basin_panel *panel, size_t result,
                                  const basin_frame *frame)
{
    basin_status st = BASIN_OK;
    const ends   e = ends_of(plan, result);
    double      *x = NULL, *y = NULL;
    const char **names = NULL;

    if (e.count < 2) goto done;
    BASIN_PLAN_ALLOC(plan, x, e.count);
    BASIN_PLAN_ALLOC(plan, y, e.count);
    BASIN_PLAN_ALLOC(plan, names, e.count);
    for (size_t i = 0; i < e.count; i++) {
        x[i] = frame != NULL ? frame->xx * e.x[i] + frame->xy * e.y[i] : e.x[i];
        y[i] = frame != NULL ? frame->yy * e.y[i] : e.y[i];
        names[i] = name_of(plan, &e, i);
    }
    for (size_t halo = 2; halo-- > 0;) /* white under black: seen on any colour; the centre has a cross */
        BASIN_TRY(basin_panel_add(plan, panel,
                                  (basin_mark){.type = &basin_mark_points,
                                               .count = e.count - 1,
                                               .x = x + 1,
                                               .y = y + 1,
                                               .marker = BASIN_MARKER_CIRCLE,
                                               .size = halo ? 6 : 3.5,
                                               .pen = {.color = halo ? basin_white : basin_black},
                                               .silent = true}));
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_name,
                                           .count = e.count,
                                           .x = x,
                                           .y = y,
                                           .names = names,
                                           .pen = {.color = basin_black},
                                           .size = 0.8125 * plan->font_size,
                                           .silent = true}));
done:
    return st;
}
