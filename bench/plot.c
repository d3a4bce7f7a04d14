/* The rates that bench/rates.py has measured as one figure, drawn by basin: H·v against width, samples and
 * block size, a panel each, on one scale, with the GEMM peak of the same processes.
 *
 *   usage: plot RATES.json FIGURE.pdf|.svg|.png [DPI]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/memory.h"
#include "render/figure.h"

enum { TEXT = 300, AXIS = 12 };

typedef struct point { /* of one process; rates in GFLOP/s, the median of its rounds, lowest and highest */
    char   axis[AXIS];
    double width, samples, block, rate, low, high, peak;
} point;

typedef struct rates {
    char   machine[TEXT], blas[TEXT], samples[TEXT];
    int    threads, rounds;
    size_t count;
    point *points;
} rates;

/* --------------------------------------------------------------------------------------------- reading -- */

static basin_status read_point(const char *path, size_t i, json_t *object, point *out)
{
    basin_status st = BASIN_OK;
    const char  *axis = NULL;
    json_error_t error;

    BASIN_CHECK(json_unpack_ex(object, &error, 0, "{s:s, s:F, s:F, s:F, s:F, s:F, s:F, s:F}", "axis", &axis,
                               "width", &out->width, "samples", &out->samples, "block", &out->block, "rate",
                               &out->rate, "low", &out->low, "high", &out->high, "peak", &out->peak) == 0,
                BASIN_ERR_FORMAT, "%s: point %zu: %s", path, i, error.text);
    snprintf(out->axis, sizeof out->axis, "%s", axis);
    out->rate /= 1e9, out->low /= 1e9, out->high /= 1e9, out->peak /= 1e9;
done:
    return st;
}

static basin_status read_rates(const char *path, rates *out)
{
    basin_status st = BASIN_OK;
    json_error_t error;
    const char  *machine = NULL, *blas = NULL, *samples = NULL;
    json_t      *points = NULL, *root = json_load_file(path, 0, &error);

    BASIN_CHECK(root != NULL, BASIN_ERR_IO, "%s: %s", path, error.text);
    BASIN_CHECK(json_unpack_ex(root, &error, 0, "{s:s, s:s, s:s, s:i, s:i, s:o}", "machine", &machine, "blas",
                               &blas, "samples", &samples, "threads", &out->threads, "rounds", &out->rounds,
                               "points", &points) == 0,
                BASIN_ERR_FORMAT, "%s: %s", path, error.text);
    snprintf(out->machine, sizeof out->machine, "%s", machine);
    snprintf(out->blas, sizeof out->blas, "%s", blas);
    snprintf(out->samples, sizeof out->samples, "%s", samples);
    out->count = json_array_size(points);
    BASIN_ALLOC(out->points, out->count, "the rates");
    for (size_t i = 0; i < out->count; i++)
        BASIN_TRY(read_point(path, i, json_array_get(points, i), &out->points[i]));
done:
    json_decref(root);
    return st;
}

/* --------------------------------------------------------------------------------------------- drawing -- */

static const struct axis {
    const char *name, *label;
    size_t      every; /* so many places on x have their numbers */
} axes[] = {
    {"width", "width w of 64-w-w-10", 2}, {"samples", "samples N", 3}, {"block", "vectors in a block", 1}};

static const struct curve { /* the points of an axis with this width and block; 0: with any */
    size_t      axis;
    double      width;
    bool        single; /* single vectors, dotted and hollow; else blocks */
    size_t      series;
    const char *label;
} curves[] = {
    {0, 0, true, 6, "one vector"}, {0, 0, false, 6, "block of 8"}, {1, 32, true, 0, NULL},
    {1, 32, false, 0, "w = 32"},   {1, 256, true, 1, NULL},        {1, 256, false, 1, "w = 256"},
    {2, 32, false, 0, "w = 32"},   {2, 256, false, 1, "w = 256"},
};

enum { AXES = sizeof axes / sizeof *axes, CURVES = sizeof curves / sizeof *curves };

static double place(const point *p, size_t axis)
{
    return axis == 0 ? p->width : axis == 1 ? p->samples : p->block;
}

static bool belongs(const point *p, const struct curve *c)
{
    if (strcmp(p->axis, axes[c->axis].name) != 0 || (c->width > 0 && p->width != c->width)) return false;
    return c->axis == 2 || c->single == (p->block == 1);
}

static basin_status add_curve(basin_plan *plan, const rates *r, const struct curve *c)
{
    basin_status st = BASIN_OK;
    basin_look   look = basin_look_series(c->series);
    double      *x = NULL, *y = NULL, *low = NULL, *high = NULL;
    size_t       count = 0;

    BASIN_PLAN_ALLOC(plan, x, r->count);
    BASIN_PLAN_ALLOC(plan, y, r->count);
    BASIN_PLAN_ALLOC(plan, low, r->count);
    BASIN_PLAN_ALLOC(plan, high, r->count);
    for (size_t i = 0; i < r->count; i++) {
        const point *p = &r->points[i];
        if (!belongs(p, c)) continue;
        x[count] = place(p, c->axis), y[count] = p->rate, low[count] = p->low, high[count] = p->high;
        count++;
    }
    BASIN_TRY(basin_panel_add(
        plan, &plan->panels[c->axis],
        (basin_mark){
            .type = &basin_mark_line,
            .count = count,
            .x = x,
            .y = y,
            .low = low,
            .high = high,
            .pen = {.color = look.color, .width = 1.1, .dash = c->single ? BASIN_DOTTED : BASIN_SOLID},
            .marker = look.marker,
            .hollow = c->single,
            .size = 3.2,
            .label = c->label}));
done:
    return st;
}

/* One value for each place on x: the mean over the processes there. And numbers at every so many of the
   places. */
static basin_status add_peak(basin_plan *plan, const rates *r, size_t axis)
{
    basin_status st = BASIN_OK;
    basin_panel *panel = &plan->panels[axis];
    double      *x = NULL, *y = NULL;
    const char **labels = NULL;
    size_t      *found = NULL, count = 0;

    BASIN_PLAN_ALLOC(plan, x, r->count);
    BASIN_PLAN_ALLOC(plan, y, r->count);
    BASIN_PLAN_ALLOC(plan, found, r->count);
    BASIN_PLAN_ALLOC(plan, labels, r->count);
    for (size_t i = 0; i < r->count; i++) {
        const point *p = &r->points[i];
        size_t       at = 0;
        if (strcmp(p->axis, axes[axis].name) != 0) continue;
        while (at < count && x[at] != place(p, axis)) at++;
        if (at == count) x[count++] = place(p, axis);
        y[at] += (p->peak - y[at]) / (double)++found[at];
    }
    for (size_t i = 0; i < count; i++)
        labels[i] = i % axes[axis].every == 0 ? basin_plan_text(plan, "%s", BASIN_COUNT((size_t)x[i])) : "";
    panel->tick_count = count, panel->tick_at = x, panel->tick_label = labels;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_line,
                                           .count = count,
                                           .x = x,
                                           .y = y,
                                           .pen = {.color = basin_grey, .width = 0.9, .dash = BASIN_DASHED},
                                           /* the last in the legend */
                                           .label = axis + 1 == AXES ? "GEMM peak" : NULL}));
done:
    return st;
}

static basin_status fill(basin_plan *plan, const rates *r)
{
    basin_status st = BASIN_OK;
    basin_range  x, y;
    double       highest = 0;

    BASIN_TRY(basin_plan_panels(plan, AXES, AXES));
    for (size_t i = 0; i < CURVES; i++) BASIN_TRY(add_curve(plan, r, &curves[i]));
    for (size_t i = 0; i < AXES; i++) {
        basin_panel *panel = &plan->panels[i];
        BASIN_TRY(add_peak(plan, r, i));
        basin_panel_ranges(panel, &x, &y);
        BASIN_CHECK(x.low > 0 && x.low < x.high, BASIN_ERR_VALUE, "no rates against %s", axes[i].name);
        highest = fmax(highest, y.high);
        panel->x = basin_scale_fit(BASIN_SCALE_LOG, &x, 0.06);
        panel->x_label = axes[i].label;
        panel->y_label = i == 0 ? "H·v, GFLOP/s" : NULL;
        panel->no_y = i > 0;
        panel->grid = true;
        panel->height = 130;
    }
    /* to be compared */
    for (size_t i = 0; i < AXES; i++)
        plan->panels[i].y = (basin_plot_scale){BASIN_SCALE_LINEAR, 0, 1.06 * highest, 0};
    plan->legend_shared = true;
    plan->note =
        basin_plan_text(plan, "MLPs 64-w-w-10, single precision, wall time; left and right: %s", r->samples);
    basin_plan_caption(plan,
                       "Rate of Hessian-vector products at a frozen point against width, samples and vectors "
                       "in a block; MLPs 64-w-w-10 with ReLU, "
                       "single precision, %s left and right. FLOPs are counted as 6F − 4f0 a product; "
                       "medians of %d rounds, wall time, with the lowest "
                       "and highest; dashed: 2048×2048 matrix products on %d threads, measured by the same "
                       "processes right before each round. %s; "
                       "%s.",
                       r->samples, r->rounds, r->threads, r->machine, r->blas);
done:
    return st;
}

int main(int argc, char **argv)
{
    basin_status               st = BASIN_OK;
    const basin_figure_options options = {.dpi = argc > 3 ? strtod(argv[3], NULL) : 0};
    basin_plan                 plan = {.options = &options, .width = 72 * 6.75, .font_size = 8};
    basin_figure              *figure = NULL;
    rates                      r = {0};

    if (argc < 3) {
        fprintf(stderr, "usage: plot RATES.json FIGURE.pdf|.svg|.png [DPI]\n");
        return 2;
    }
    BASIN_TRY(read_rates(argv[1], &r));
    BASIN_TRY(fill(&plan, &r));
    const char *footer = basin_plan_text(&plan, "basin %s · %s · %s · %d threads", BASIN_VERSION, r.machine,
                                         r.blas, r.threads);
    BASIN_TRY(basin_figure_draw(&plan, "rates", footer, &figure));
    BASIN_TRY(basin_figure_write(figure, argv[2]));
    printf("%s\n", argv[2]);
done:
    if (st != BASIN_OK) fprintf(stderr, "plot: %s\n", basin_error_message());
    basin_figure_destroy(&figure);
    basin_plan_clear(&plan);
    basin_free(r.points);
    return st != BASIN_OK;
}
