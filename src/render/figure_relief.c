/* A plane through the parameters as a surface in perspective: height and colour are the loss, contour lines
 * lie on the floor beneath it, runs and marked points upon it.
 *
 * The surface is drawn on a grid of about 120 points a side, by the rule that also draws contour lines;
 * light comes from the viewer's upper left. Several surfaces stand side by side with one scale of heights and
 * colours. A cell with a corner that is not finite is a hole; the floor beneath it is hatched.
 */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/contour.h"
#include "render/drape.h"
#include "render/field.h"

/* points a side of the grid drawn, about, and at most; mesh lines to an axis, at most */
enum { FINE_SIDE = 121, MOST_SIDE = 241, MESH = 20 };

static const double AZIMUTH = -60, ELEVATION = 38; /* degrees */

typedef struct relief {        /* one panel */
    basin_field  field, drawn; /* as read; as drawn */
    basin_scene *scene;
    basin_drape  drape;
    bool         thinned, hidden;

    const basin_palette *palette;
} relief;

/* -------------------------------------------------------------------------------------------- the grid -- */

static size_t thin_index(size_t i, size_t kept, size_t count)
{
    return kept < count ? (i * (count - 1) + (kept - 1) / 2) / (kept - 1) : i;
}

/* Rows and columns left out, evenly, where there are more than can be seen. */
static basin_status thin(basin_plan *plan, relief *r)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &r->drawn;
    const size_t       rows = f->rows < MOST_SIDE ? f->rows : MOST_SIDE;
    const size_t       columns = f->columns < MOST_SIDE ? f->columns : MOST_SIDE;
    double            *x = NULL, *y = NULL, *z = NULL;

    r->thinned = rows < f->rows || columns < f->columns;
    if (!r->thinned) goto done;
    BASIN_PLAN_ALLOC(plan, x, columns);
    BASIN_PLAN_ALLOC(plan, y, rows);
    BASIN_PLAN_ALLOC(plan, z, rows * columns);
    for (size_t j = 0; j < columns; j++) x[j] = f->x[thin_index(j, columns, f->columns)];
    for (size_t i = 0; i < rows; i++) {
        y[i] = f->y[thin_index(i, rows, f->rows)];
        for (size_t j = 0; j < columns; j++)
            z[i * columns + j] =
                f->z[thin_index(i, rows, f->rows) * f->columns + thin_index(j, columns, f->columns)];
    }
    r->drawn.x = x, r->drawn.y = y, r->drawn.z = z, r->drawn.rows = rows, r->drawn.columns = columns;
done:
    return st;
}

/* Heights of the grid's points; what a cubic rule finds beyond the values of the points is cut off. */
static basin_status find_heights(basin_plan *plan, relief *r, const basin_range *range)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &r->drawn;
    double            *height = NULL;

    BASIN_PLAN_ALLOC(plan, height, f->rows * f->columns);
    for (size_t i = 0; i < f->rows * f->columns; i++)
        height[i] = isfinite(f->z[i])
                        ? basin_scene_height(r->scene, fmax(fmin(f->z[i], range->high), range->low))
                        : NAN;
    r->drape = (basin_drape){
        .scene = r->scene, .rows = f->rows, .columns = f->columns, .s = f->x, .t = f->y, .height = height};
done:
    return st;
}

/* Directions of equal norm and those of a frame have their true angles and lengths. */
static basin_status set_scene(basin_plan *plan, relief *r, const basin_plot_scale *value, bool named)
{
    basin_status             st = BASIN_OK;
    static const basin_frame equal = {1, 0, 1};
    const basin_field       *f = &r->field;
    const double             from[2] = {f->x[0], f->y[0]}, to[2] = {f->x[f->columns - 1], f->y[f->rows - 1]};
    const basin_label_form form = plan->count > 1 || plan->width < 300 ? BASIN_LABEL_SHORT : BASIN_LABEL_LINE;
    const basin_frame     *frame = f->frame != NULL ? f->frame : basin_field_is_equal(f) ? &equal : NULL;
    const double           azimuth = plan->options->elevation > 0 ? plan->options->azimuth : AZIMUTH;
    const double           elevation = plan->options->elevation > 0 ? plan->options->elevation : ELEVATION;

    BASIN_PLAN_ALLOC(plan, r->scene, 1);
    *r->scene = basin_scene_make(from, to, frame, value, azimuth, elevation);
    for (size_t k = 0; k < 2; k++) r->scene->label[k] = basin_axis_label(plan, &f->slice->axes[k], form);
    if (plan->options->x_label != NULL) r->scene->label[0] = plan->options->x_label;
    if (plan->options->y_label != NULL) r->scene->label[1] = plan->options->y_label;
    r->scene->label[2] = named ? basin_plan_scale_label(plan, "loss", value, " ") : NULL;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the light -- */

static void subtract(const double a[3], const double b[3], double out[3])
{
    for (size_t k = 0; k < 3; k++) out[k] = a[k] - b[k];
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Of a facet, upwards and of norm 1. */
static void normal_of(double corner[4][3], double out[3])
{
    double a[3], b[3];

    subtract(corner[3], corner[0], a), subtract(corner[2], corner[1], b);
    const double n[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    const double norm = sqrt(dot(n, n));
    for (size_t k = 0; k < 3; k++) out[k] = norm > 0 ? n[k] / norm : k == 2;
}

/* Lambert's cosine over some light from everywhere; the underside is darker. */
static double brightness(const basin_scene *scene, double corner[4][3])
{
    const double LEFT = -0.45, UP = 0.75, TOWARDS = 0.5, AMBIENT = 0.62, BELOW = 0.72;
    double       normal[3], light[3], camera[3], sight[3];

    for (size_t k = 0; k < 3; k++) {
        light[k] = LEFT * scene->right[k] + UP * scene->up[k] + TOWARDS * scene->out[k];
        camera[k] = scene->target[k] + scene->distance * scene->out[k];
    }
    normal_of(corner, normal), subtract(camera, corner[0], sight);
    const bool   below = dot(normal, sight) < 0;
    const double cosine = (below ? -1 : 1) * dot(normal, light) / sqrt(dot(light, light));
    return (below ? BELOW : 1) * (AMBIENT + (1 - AMBIENT) * fmax(cosine, 0));
}

static basin_color color_of(const relief *r, size_t row, size_t column)
{
    const basin_drape *d = &r->drape;
    double             corner[4][3], at = 0;

    for (size_t k = 0; k < 4; k++) {
        const size_t i = row + k / 2, j = column + k % 2;
        basin_scene_place(r->scene, d->s[j], d->t[i], d->height[i * d->columns + j], corner[k]);
        at += corner[k][2] / r->scene->height / 4;
    }
    const basin_color color = basin_color_sequential(r->palette, at);
    const double      light = brightness(r->scene, corner);
    return (basin_color){light * color.r, light * color.g, light * color.b};
}

/* ------------------------------------------------------------------------------------------- the marks -- */

/* Of `count` cells between ascending `x`, the one that holds `at` or is nearest to it. */
static size_t nearest_cell(const double *x, size_t count, double at)
{
    size_t i = 0;

    while (i + 1 < count && x[i + 1] < at) i++;
    return i;
}

static size_t mesh_step(size_t drawn, size_t measured)
{
    const size_t cells = measured - 1, fine = drawn - 1;
    const size_t lines = (cells + MESH - 1) / MESH;

    return fine % cells == 0 ? fine / cells * lines : fine + 1; /* thinned: its edge alone */
}

static basin_status add_surface(basin_plan *plan, basin_panel *panel, const relief *r)
{
    basin_status       st = BASIN_OK;
    const basin_drape *d = &r->drape;
    double            *x = NULL, *y = NULL, camera[2];
    basin_color       *colors = NULL;

    BASIN_PLAN_ALLOC(plan, x, d->rows * d->columns);
    BASIN_PLAN_ALLOC(plan, y, d->rows * d->columns);
    BASIN_PLAN_ALLOC(plan, colors, (d->rows - 1) * (d->columns - 1));
    for (size_t i = 0; i < d->rows * d->columns; i++) {
        double box[3], at[2];
        basin_scene_place(r->scene, d->s[i % d->columns], d->t[i / d->columns], d->height[i], box);
        basin_scene_project(r->scene, box, at);
        x[i] = at[0], y[i] = at[1];
    }
    for (size_t i = 0; i + 1 < d->rows; i++)
        for (size_t j = 0; j + 1 < d->columns; j++) colors[i * (d->columns - 1) + j] = color_of(r, i, j);
    basin_scene_camera(r->scene, camera);
    BASIN_TRY(basin_panel_add(
        plan, panel,
        (basin_mark){.type = &basin_mark_relief,
                     .rows = d->rows,
                     .columns = d->columns,
                     .x = x,
                     .y = y,
                     .colors = colors,
                     .near = {nearest_cell(d->t, d->rows - 1, camera[1]),
                              nearest_cell(d->s, d->columns - 1, camera[0])},
                     .mesh = {mesh_step(d->rows, r->field.rows), mesh_step(d->columns, r->field.columns)},
                     .pen = {.color = basin_black, .width = 0.25, .fade = 0.7},
                     .silent = true}));
done:
    return st;
}

/* A line over the floor, in the picture; [count] places of (s, t). */
static void on_floor(const basin_scene *scene, const double *st, size_t count, double *x, double *y)
{
    for (size_t i = 0; i < count; i++) {
        double box[3], at[2];
        basin_scene_place(scene, st[2 * i], st[2 * i + 1], scene->floor, box);
        basin_scene_project(scene, box, at);
        x[i] = at[0], y[i] = at[1];
    }
}

static basin_status add_floor_line(basin_plan *plan, basin_panel *panel, const relief *r, const double *st_,
                                   size_t count, bool closed, const basin_pen *pen)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *y = NULL;

    BASIN_PLAN_ALLOC(plan, x, count + 1);
    BASIN_PLAN_ALLOC(plan, y, count + 1);
    on_floor(r->scene, st_, count, x, y);
    x[count] = x[0], y[count] = y[0];
    BASIN_TRY(basin_panel_add(
        plan, panel,
        (basin_mark){
            .type = &basin_mark_line, .count = count + closed, .x = x, .y = y, .pen = *pen, .silent = true}));
done:
    return st;
}

static basin_status add_levels(basin_plan *plan, basin_panel *panel, const relief *r, const double *levels,
                               size_t count)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &r->drawn;
    basin_contour      c = {0};

    for (size_t k = 0; k < count; k++) {
        BASIN_TRY(basin_contour_trace(f->z, f->rows, f->columns, f->x, f->y, levels[k], &c));
        const basin_color color =
            basin_color_sequential(r->palette, basin_scale_at(&r->scene->value, levels[k]));
        const basin_pen pen = {.color = {0.9 * color.r, 0.9 * color.g, 0.9 * color.b}, .width = 0.6};
        for (size_t l = 0; l < c.line_count; l++)
            BASIN_TRY(add_floor_line(plan, panel, r, c.points + 2 * c.lines[l].first, c.lines[l].count,
                                     c.lines[l].closed, &pen));
        basin_contour_clear(&c);
    }
done:
    basin_contour_clear(&c);
    return st;
}

/* Cells of the grid as measured with a corner that is not finite: strokes over the floor beneath. */
static basin_status hatch_floor(basin_plan *plan, basin_panel *panel, const relief *r)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &r->field;
    const basin_pen    pen = {.color = basin_grey, .width = 0.4};

    for (size_t i = 0; i + 1 < f->rows; i++) {
        for (size_t j = 0; j + 1 < f->columns; j++) {
            const double *z = f->z + i * f->columns + j;
            if (isfinite(z[0]) && isfinite(z[1]) && isfinite(z[f->columns]) && isfinite(z[f->columns + 1]))
                continue;
            for (size_t k = 1; k < 4; k++) { /* where the two shares of a cell's sides sum to k / 2 */
                const double a = fmin((double)k / 2, 1), b = (double)k / 2 - a;
                const double w = f->x[j + 1] - f->x[j], h = f->y[i + 1] - f->y[i];
                const double ends[4] = {f->x[j] + a * w, f->y[i] + b * h, f->x[j] + b * w, f->y[i] + a * h};
                BASIN_TRY(add_floor_line(plan, panel, r, ends, 2, false, &pen));
            }
        }
    }
done:
    return st;
}

static basin_status fill_panel(basin_plan *plan, basin_panel *panel, relief *r, size_t result,
                               const double *levels, size_t level_count)
{
    basin_status st = BASIN_OK;

    panel->scene = r->scene;
    BASIN_TRY(add_levels(plan, panel, r, levels, level_count));
    BASIN_TRY(hatch_floor(plan, panel, r));
    BASIN_TRY(add_surface(plan, panel, r));
    const size_t first = panel->mark_count;
    BASIN_TRY(basin_panel_add_paths(plan, panel, r->field.slice, plan->count == 1));
    BASIN_TRY(basin_panel_add_centre(plan, panel));
    if (r->field.slice->path_count == 0) BASIN_TRY(basin_panel_add_ends(plan, panel, result, NULL));
    BASIN_TRY(basin_drape_marks(plan, panel, first, &r->drape, &r->hidden));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ the figure -- */

static void caption(basin_plan *plan, const relief *reliefs, const basin_series *series,
                    const basin_paint *paint, bool levels_log)
{
    const basin_slice   *s = reliefs[0].field.slice;
    const basin_surface *f = reliefs[0].field.surface;
    const bool           several = plan->count > 1;
    bool                 holes = false, hidden = false, thinned = false, oblique = false;

    basin_plan_caption(plan,
                       "The loss as a surface over a plane through the parameters (P = %s), %s%sN = %s.",
                       BASIN_COUNT(s->parameters), f->split != NULL ? f->split : "",
                       f->split != NULL ? ", " : "", BASIN_COUNT(f->samples));
    basin_plan_caption(plan, " Seen from azimuth %s°, elevation %s°.",
                       BASIN_NUMBER(plan->options->elevation > 0 ? plan->options->azimuth : AZIMUTH, 4),
                       BASIN_NUMBER(plan->options->elevation > 0 ? plan->options->elevation : ELEVATION, 4));
    for (size_t i = 0; i < plan->count; i++) {
        const basin_field *field = &reliefs[i].drawn;
        const double       cosine = fabs(field->slice->cosine) < 1e-12 ? 0 : field->slice->cosine;
        for (size_t j = 0; j < field->rows * field->columns; j++) holes = holes || !isfinite(field->z[j]);
        hidden = hidden || reliefs[i].hidden, thinned = thinned || reliefs[i].thinned;
        oblique = oblique || field->frame != NULL;
        basin_field_directions(plan, &reliefs[i].field, i > 0 ? &reliefs[i - 1].field : NULL);
        basin_plan_caption(plan, " %s%sloss at the centre (the cross) %s", several ? series[i].label : "",
                           several ? ": " : "", BASIN_NUMBER(field->surface->centre_loss, 3));
        if (isfinite(cosine))
            basin_plan_caption(plan, ", cosine between the directions %s", BASIN_NUMBER(cosine, 2));
        basin_plan_caption(plan, ".");
        basin_plan_sample_caption(plan, several ? series[i].label : NULL, field->slice,
                                  basin_field_number(field));
        basin_field_between(plan, field, several ? series[i].label : NULL);
        basin_caption_paths(plan, field->slice);
    }
    basin_plan_caption(plan, " On the floor: contour lines%s.",
                       levels_log ? ", their levels spaced logarithmically" : "");
    if (oblique) basin_plan_caption(plan, " The floor has the true lengths and angle of the directions.");
    if (isfinite(paint->cap))
        basin_plan_caption(plan, " Losses above %s are drawn flat at that height.",
                           BASIN_NUMBER(paint->cap, 3));
    if (several) basin_plan_caption(plan, " All panels have the same heights and colours.");
    if (hidden) basin_plan_caption(plan, " What the surface hides is dotted or grey.");
    if (holes) basin_plan_caption(plan, " Holes, and hatched beneath: not finite.");
    if (thinned) basin_plan_caption(plan, " Rows and columns are left out: %d a side are drawn.", MOST_SIDE);
    for (size_t i = 0; i < plan->count; i++)
        basin_plan_stationarity(plan, i, &reliefs[i].field.slice->stationarity);
}

static basin_status read_fields(basin_plan *plan, relief *reliefs, basin_range *range)
{
    basin_status st = BASIN_OK;
    const double cap = plan->options->cap > 0 ? plan->options->cap : INFINITY;

    *range = basin_range_start();
    for (size_t i = 0; i < plan->count; i++) {
        basin_field *f = &reliefs[i].field;
        BASIN_TRY(basin_field_find(plan, i, "surface", f));
        BASIN_CHECK(f->rows >= 2 && f->columns >= 2, BASIN_ERR_ARG,
                    "figure surface: a grid of %zu x %zu; at least 2 x 2, or draw it as heat", f->rows,
                    f->columns);
        BASIN_TRY(basin_field_frame(plan, f));
        const basin_range one = basin_field_range(f, 1, cap);
        basin_range_add(range, one.low), basin_range_add(range, one.high);
    }
    BASIN_CHECK(range->low <= range->high, BASIN_ERR_VALUE,
                "figure surface: no loss of the plane is finite; there is nothing to draw");
done:
    return st;
}

static basin_status make_paint(basin_plan *plan, const basin_range *range, basin_paint **out)
{
    basin_status st = BASIN_OK;

    BASIN_PLAN_ALLOC(plan, *out, 1);
    BASIN_TRY(basin_field_scale(plan, range, &(*out)->scale));
    (*out)->palette = plan->palette, (*out)->floor = -INFINITY;
    (*out)->cap = plan->options->cap > 0 && plan->options->cap <= range->high ? plan->options->cap : INFINITY;
done:
    return st;
}

static void dress(basin_plan *plan, basin_panel *panel, const basin_series *series, const basin_paint *paint,
                  size_t i)
{
    panel->height = fmin(0.78 * plan->width / (double)plan->columns, 330);
    panel->title = plan->count > 1 ? series[i].label : NULL;
    if (i % plan->columns != plan->columns - 1 && i + 1 != plan->count) return;
    panel->bar = paint;
    panel->bar_label = NULL;
}

basin_status basin_plan_surface(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    relief       *reliefs = NULL;
    basin_paint  *paint = NULL;
    basin_range   range;
    basin_levels  levels = {0};
    const size_t  columns = (size_t)fmax(1, floor(plan->width / 150));

    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_PLAN_ALLOC(plan, reliefs, plan->count);
    BASIN_TRY(read_fields(plan, reliefs, &range));
    BASIN_TRY(make_paint(plan, &range, &paint));
    BASIN_TRY(basin_plan_levels(plan, &range, 10, &levels));
    BASIN_TRY(basin_plan_panels(plan, plan->count, columns < plan->count ? columns : plan->count));
    for (size_t i = 0; i < plan->count; i++) {
        relief *r = &reliefs[i];
        r->drawn = r->field, r->palette = plan->palette;
        if (plan->options->smooth != BASIN_SMOOTH_NONE)
            BASIN_TRY(basin_field_smooth(plan, &r->drawn, FINE_SIDE, paint->scale.kind == BASIN_SCALE_LOG));
        BASIN_TRY(thin(plan, r));
        BASIN_TRY(set_scene(plan, r, &paint->scale, true));
        BASIN_TRY(find_heights(plan, r, &range));
        BASIN_TRY(fill_panel(plan, &plan->panels[i], r, i, levels.values, levels.count));
        dress(plan, &plan->panels[i], series, paint, i);
    }
    caption(plan, reliefs, series, paint, levels.logarithmic);
done:
    return st;
}
