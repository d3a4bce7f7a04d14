#include "render/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/contour.h"
#include "render/sketch.h"

struct basin_figure {
    basin_canvas *canvas;
    char         *caption, *title;
    char         *stand_in; /* for a font that is not here; NULL = it is */
    double        dpi;
    basin_bytes   values; /* of its planes, where they are wanted */
};

static const struct {
    basin_result_kind result;
    const char       *name;
    basin_status (*plan)(basin_plan *);
    bool splits;
} kinds[] = {
#define BASIN_FIGURE(result, name, splits) {result, #name, basin_plan_##name, splits},
#include "render/figure_list.h"
#undef BASIN_FIGURE
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static const double COLUMN = 3.25, PAGE = 6.75; /* inches; methods side by side in six panels need a page */

const char *basin_figure_kind(basin_result_kind kind, size_t i)
{
    for (size_t k = 0; k < KINDS; k++)
        if (kinds[k].result == kind && i-- == 0) return kinds[k].name;
    return NULL;
}

const char *basin_figure_palette(size_t i)
{
    return i < basin_palette_count ? basin_palettes[i].name : NULL;
}

/* -------------------------------------------------------------------------------------------- creating -- */

static basin_status in_range(const char *what, double value, double low, double high, const char *hint)
{
    if (value >= low && value <= high) return BASIN_OK;
    return basin_fail(BASIN_ERR_ARG, "%s %g of a figure: from %g to %g%s", what, value, low, high, hint);
}

static basin_status check_range(const basin_figure_options *o)
{
    basin_status st = BASIN_OK;

    if (o->range == NULL) goto done;
    BASIN_CHECK(isfinite(o->range[0]) && isfinite(o->range[1]) && o->range[0] < o->range[1], BASIN_ERR_ARG,
                "range %g:%g of a figure: from a number to a larger one", o->range[0], o->range[1]);
    BASIN_CHECK(o->cap == 0, BASIN_ERR_ARG,
                "cap %g and range %g:%g of one figure: the range has an end of its own", o->cap, o->range[0],
                o->range[1]);
done:
    return st;
}

static basin_status check_levels(const basin_figure_options *o)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(o->level_count <= BASIN_MAX_LEVELS, BASIN_ERR_ARG,
                "%zu contour levels of a figure; at most %d", o->level_count, BASIN_MAX_LEVELS);
    for (size_t i = 0; o->levels != NULL && i < o->level_count; i++) {
        BASIN_CHECK(isfinite(o->levels[i]), BASIN_ERR_ARG, "contour level %zu is %g", i + 1, o->levels[i]);
        BASIN_CHECK(i == 0 || o->levels[i] > o->levels[i - 1], BASIN_ERR_ARG,
                    "contour levels in ascending order: %g comes after %g", o->levels[i], o->levels[i - 1]);
    }
done:
    return st;
}

static basin_status check_options(const basin_figure_options *o)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind scale;

    if (o->width != 0) BASIN_TRY(in_range("width", o->width, 1.5, 40, " in; 3.25 is a column, 6.75 a page"));
    if (o->height != 0) BASIN_TRY(in_range("height", o->height, 0.5, 40, " in"));
    if (o->font_size != 0) BASIN_TRY(in_range("font size", o->font_size, 4, 36, " points"));
    if (o->dpi != 0) BASIN_TRY(in_range("resolution", o->dpi, 36, 2400, " dpi"));
    if (o->elevation != 0 || o->azimuth != 0) {
        BASIN_TRY(in_range("elevation", o->elevation, 5, 70, " degrees"));
        BASIN_TRY(in_range("azimuth", o->azimuth, -360, 360, " degrees"));
    }
    if (o->scale != NULL) BASIN_TRY(basin_scale_find(o->scale, &scale));
    BASIN_CHECK(o->cap >= 0 && isfinite(o->cap), BASIN_ERR_ARG, "cap %g of a figure: above 0, or 0 for none",
                o->cap);
    if (o->magnify != 0) BASIN_TRY(in_range("magnification", o->magnify, 0.25, 10, ""));
    BASIN_TRY(check_range(o));
    BASIN_TRY(check_levels(o));
done:
    return st;
}

/* Places on an axis are finite and ascend: nothing can be drawn over others. */
static basin_status check_axes(const basin_slice *slice, size_t number)
{
    basin_status st = BASIN_OK;

    for (size_t k = 0; k < slice->axis_count; k++) {
        const basin_axis *axis = &slice->axes[k];
        for (size_t i = 0; axis->coordinates != NULL && i < axis->count; i++)
            BASIN_CHECK(isfinite(axis->coordinates[i]) &&
                            (i == 0 || axis->coordinates[i] > axis->coordinates[i - 1]),
                        BASIN_ERR_VALUE,
                        "result %zu: place %zu along %s is %g: they must be finite and ascend", number, i + 1,
                        axis->direction != NULL ? axis->direction : "its direction", axis->coordinates[i]);
    }
done:
    return st;
}

/* `mixed`: of several kinds. */
static basin_status check_results(const basin_result *const *results, size_t count, bool mixed)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(count > 0 && results != NULL, BASIN_ERR_ARG, "a figure needs a result");
    for (size_t i = 0; i < count; i++) {
        BASIN_CHECK(results[i] != NULL && results[i]->value != NULL, BASIN_ERR_ARG,
                    "result %zu of a figure is empty", i + 1);
        BASIN_CHECK(mixed || results[i]->kind == results[0]->kind, BASIN_ERR_ARG,
                    "a figure is of one kind of result: the first is a %s, number %zu a %s; in cells of one "
                    "figure: basin plot --layout ROWSxCOLUMNS",
                    basin_result_name(results[0]->kind), i + 1, basin_result_name(results[i]->kind));
        if (results[i]->kind == BASIN_RESULT_SLICE) BASIN_TRY(check_axes(results[i]->value, i + 1));
    }
    BASIN_CHECK(mixed || basin_figure_kind(results[0]->kind, 0) != NULL, BASIN_ERR_UNSUPPORTED,
                "there is no figure of %s results", basin_result_name(results[0]->kind));
done:
    return st;
}

/* The error that lists the figures there are. */
static basin_status no_figure(basin_result_kind kind, const char *name)
{
    char   list[200] = "";
    size_t used = 0;

    for (size_t i = 0; basin_figure_kind(kind, i) != NULL && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, " %s", basin_figure_kind(kind, i));
    return basin_fail(BASIN_ERR_ARG, "no figure «%s» of a %s result; there are:%s", name,
                      basin_result_name(kind), list);
}

/* Without a name: a 2-D slice is no line, one without runs has no paths, and a spectrum by quadrature is a
   density. */
static bool suits(const basin_result *result, basin_status (*plan)(basin_plan *))
{
    const basin_slice *slice = result->kind == BASIN_RESULT_SLICE ? result->value : NULL;
    bool               plane = slice != NULL && slice->axis_count == 2;
    bool               slq = result->kind == BASIN_RESULT_SPECTRUM &&
               ((const basin_spectrum *)result->value)->method == BASIN_SPECTRUM_SLQ;

    if (slq) return plan == basin_plan_density;
    if (slice != NULL && slice->path_count == 0 && plan == basin_plan_paths) return false;
    return !plane || plan != basin_plan_lines;
}

/* The row of `kinds`: by name, up to a colon; without a name the first that suits. */
static basin_status find_kind(const basin_result *result, const char *name, size_t *out, const char **variant)
{
    basin_status st = BASIN_OK;
    size_t       found = KINDS, length = name != NULL ? strcspn(name, ":") : 0;

    for (size_t i = 0; i < KINDS && found == KINDS; i++) {
        if (kinds[i].result != result->kind && !basin_figure_mixes(name)) continue;
        if (name == NULL ? suits(result, kinds[i].plan)
                         : strlen(kinds[i].name) == length && strncmp(kinds[i].name, name, length) == 0)
            found = i;
    }
    if (found == KINDS) BASIN_TRY(no_figure(result->kind, name));
    *variant = name != NULL && name[length] == ':' ? name + length + 1 : "";
    BASIN_CHECK((*variant)[0] == '\0' || kinds[found].splits, BASIN_ERR_ARG,
                "figure «%s»: %s takes nothing after a colon", name, kinds[found].name);
    *out = found;
done:
    return st;
}

static basin_status find_stand_in(const basin_canvas *canvas, char **out)
{
    basin_status st = BASIN_OK;
    char        *family = basin_canvas_family(canvas);

    BASIN_CHECK(family != NULL, BASIN_ERR_NOMEM, "out of memory for the name of a font");
    if (family[0] == '\0' || basin_canvas_asks_for(canvas, family)) goto done;
    *out = family, family = NULL;
done:
    basin_free(family);
    return st;
}

basin_status basin_figure_finish(basin_plan *plan, const char *name, basin_canvas **canvas,
                                 basin_figure **out)
{
    basin_status                st = BASIN_OK;
    const basin_figure_options *options = plan->options;
    basin_figure               *figure = NULL;

    BASIN_ALLOC(figure, 1, "a figure");
    figure->dpi = options->dpi > 0 ? options->dpi : 300;
    BASIN_TRY(find_stand_in(*canvas, &figure->stand_in));
    BASIN_STRDUP(figure->title, options->title != NULL ? options->title : name);
    basin_name_clean(figure->title);
    BASIN_CHECK(!plan->failed, BASIN_ERR_NOMEM, "out of memory for the texts of a figure");
    basin_name_clean(plan->caption);
    figure->caption = plan->caption, plan->caption = NULL;
    figure->canvas = *canvas, *canvas = NULL;
    *out = figure, figure = NULL;
done:
    basin_figure_destroy(&figure);
    return st;
}

basin_status basin_figure_draw(basin_plan *plan, const char *name, const char *footer, basin_figure **out)
{
    basin_status  st = BASIN_OK;
    basin_canvas *canvas = NULL;

    BASIN_TRY(basin_plan_draw(plan, footer, &canvas));
    BASIN_TRY(basin_figure_finish(plan, name, &canvas, out));
done:
    basin_canvas_destroy(&canvas);
    return st;
}

/* Labels that were asked for, wherever the figure has one. */
static void name_axes(basin_plan *plan)
{
    for (size_t i = 0; i < plan->panel_count; i++) {
        basin_panel *panel = &plan->panels[i];
        if (panel->x_label != NULL && plan->options->x_label != NULL) panel->x_label = plan->options->x_label;
        if (panel->y_label != NULL && plan->options->y_label != NULL) panel->y_label = plan->options->y_label;
    }
}

basin_status basin_plan_size(basin_plan *plan, double width)
{
    basin_status                st = BASIN_OK;
    const basin_figure_options *o = plan->options;
    const double                unit = 72 / (o->magnify > 0 ? o->magnify : 1);

    BASIN_TRY(check_options(o));
    BASIN_TRY(basin_palette_find(o->palette, &plan->palette));
    plan->width = unit * width;
    plan->height = unit * o->height;
    plan->font_size = o->font_size > 0 ? o->font_size : 8;
done:
    return st;
}

basin_status basin_plan_fill(basin_plan *plan, const char **name)
{
    basin_status st = BASIN_OK;
    size_t       kind = 0;
    double       width = plan->options->width;
    const bool   mixes = basin_figure_mixes(plan->options->kind);

    BASIN_TRY(check_results(plan->results, plan->count, mixes));
    if (width == 0) width = mixes || plan->results[0]->kind == BASIN_RESULT_COMPARISON ? PAGE : COLUMN;
    BASIN_TRY(basin_plan_size(plan, width));
    BASIN_TRY(find_kind(plan->results[0], plan->options->kind, &kind, &plan->variant));
    BASIN_TRY(kinds[kind].plan(plan));
    name_axes(plan);
    BASIN_TRY(basin_plan_apply_range(plan));
    basin_plan_sources(plan);
    *name = kinds[kind].name;
done:
    return st;
}

basin_status basin_figure_check(const basin_result *const *results, size_t count,
                                const basin_figure_options *options)
{
    static const basin_figure_options defaults;
    basin_status                      st = BASIN_OK;
    basin_plan plan = {.results = results, .count = count, .options = options != NULL ? options : &defaults};
    size_t     kind = 0;

    BASIN_TRY(check_results(results, count, basin_figure_mixes(plan.options->kind)));
    BASIN_TRY(basin_plan_size(&plan, COLUMN));
    BASIN_TRY(find_kind(results[0], plan.options->kind, &kind, &plan.variant));
done:
    return st;
}

basin_status basin_figure_create(const basin_result *const *results, size_t count,
                                 const basin_figure_options *options, basin_figure **out)
{
    static const basin_figure_options defaults;
    basin_status                      st = BASIN_OK;
    basin_plan  plan = {.results = results, .count = count, .options = options != NULL ? options : &defaults};
    const char *name = NULL;
    basin_figure *figure = NULL;

    BASIN_TRY(basin_plan_fill(&plan, &name));
    BASIN_TRY(basin_figure_draw(&plan, name, basin_plan_footer(&plan), &figure));
    if (plan.options->values && plan.variant[0] == '\0')
        basin_plan_values(&plan, figure->canvas, &figure->values);
    BASIN_TRY(basin_bytes_status(&figure->values, CAIRO_STATUS_SUCCESS, "the values of a figure"));
    *out = figure, figure = NULL;
done:
    basin_figure_destroy(&figure);
    basin_plan_clear(&plan);
    return st;
}

basin_status basin_figure_sketch(const basin_result *const *results, size_t count,
                                 const basin_figure_options *options, const basin_sketch_options *sketch,
                                 char **out)
{
    static const basin_figure_options defaults;
    static const basin_sketch_options plain;
    basin_status                      st = BASIN_OK;
    basin_plan  plan = {.results = results, .count = count, .options = options != NULL ? options : &defaults};
    const char *name = NULL;

    BASIN_TRY(basin_plan_fill(&plan, &name));
    BASIN_TRY(basin_plan_sketch(&plan, sketch != NULL ? sketch : &plain, out));
done:
    basin_plan_clear(&plan);
    return st;
}

void basin_figure_destroy(basin_figure **figure)
{
    if (figure == NULL || *figure == NULL) return;
    basin_canvas_destroy(&(*figure)->canvas);
    basin_free((*figure)->caption);
    basin_free((*figure)->title);
    basin_free((*figure)->stand_in);
    basin_free((*figure)->values.bytes);
    basin_free(*figure);
    *figure = NULL;
}

const basin_canvas *basin_figure_canvas(const basin_figure *figure)
{
    return figure->canvas;
}

const char *basin_figure_stand_in(const basin_figure *figure)
{
    return figure->stand_in;
}

const char *basin_figure_values(const basin_figure *figure)
{
    return (const char *)figure->values.bytes;
}

const char *basin_figure_caption(const basin_figure *figure)
{
    return figure->caption;
}

/* --------------------------------------------------------------------------------------------- writing -- */

static basin_status format_of(const char *path, basin_format_kind *out)
{
    static const char *const endings[] = {
        [BASIN_FORMAT_PDF] = ".pdf", [BASIN_FORMAT_SVG] = ".svg", [BASIN_FORMAT_PNG] = ".png"};
    const char *dot = strrchr(basin_name_file(path), '.');

    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof *endings; i++) {
        if (strcmp(dot, endings[i]) != 0) continue;
        *out = (basin_format_kind)i;
        return BASIN_OK;
    }
    return basin_fail(BASIN_ERR_ARG, "%s: a figure's file ends in .pdf, .svg or .png", path);
}

basin_status basin_figure_encode(const basin_figure *figure, const char *name, unsigned char **out,
                                 size_t *size)
{
    basin_status      st = BASIN_OK;
    basin_format_kind format = BASIN_FORMAT_PDF;

    BASIN_TRY(format_of(name, &format));
    BASIN_TRY(basin_canvas_encode(
        figure->canvas, format,
        &(basin_sheet){.title = figure->title, .description = figure->caption, .dpi = figure->dpi}, out,
        size));
done:
    return st;
}

basin_status basin_figure_write(const basin_figure *figure, const char *path)
{
    basin_status   st = BASIN_OK;
    unsigned char *bytes = NULL;
    size_t         size = 0;

    BASIN_TRY(basin_figure_encode(figure, path, &bytes, &size));
    BASIN_TRY(basin_file_write(path, bytes, size));
done:
    basin_free(bytes);
    return st;
}
