/* Several figures as the cells of one: each is drawn by itself, and drawn again with its neighbours' margins
 * until the plots of a row have one upper and one lower edge and those of a column one left and one right
 * edge; then the drawings are put onto one page, with a letter each.
 */
#include <math.h>
#include <stdio.h>

#include "core/memory.h"
#include "render/figure.h"

/* points: between cells, from the page's edge to title and footer, from a letter down to its plot; the lowest
   plots of a row */
enum { GAP = 6, EDGE = 4, UNDER_LETTER = 4, LEAST_PLOT = 20, MOST_CELLS = 26 };

typedef struct cell {
    basin_plan           plan;
    basin_figure_options options;
    basin_canvas        *canvas;
    basin_rect           own; /* margins from its edges to its plots, without what was added */
} cell;

typedef struct sheet {
    size_t     rows, columns, count;
    cell      *cells;              /* [count], row by row */
    basin_plan page;               /* of all results: for title and footer */
    double     cell_width, letter; /* points: width of a cell, height of a letter */
    double     head, foot;         /* of the page, with its edges */
} sheet;

static double height_of(const cell *c)
{
    double width, height;

    basin_canvas_size(c->canvas, &width, &height);
    return height;
}

static basin_status draw_cells(sheet *s)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < s->count; i++) {
        cell *c = &s->cells[i];
        basin_canvas_destroy(&c->canvas);
        BASIN_TRY(basin_plan_draw(&c->plan, NULL, &c->canvas));
        const basin_rect plots = c->plan.plots, added = c->plan.margin;
        c->own = (basin_rect){plots.left - added.left, plots.top - added.top,
                              s->cell_width - plots.right - added.right,
                              height_of(c) - plots.bottom - added.bottom};
    }
done:
    return st;
}

/* The largest margins in the row and in the column of cell i; above, room for the letter too. */
static basin_rect shared_margin(const sheet *s, size_t i)
{
    basin_rect most = {.top = s->letter + UNDER_LETTER};

    for (size_t j = 0; j < s->count; j++) {
        const basin_rect *own = &s->cells[j].own;
        if (j % s->columns == i % s->columns)
            most.left = fmax(most.left, own->left), most.right = fmax(most.right, own->right);
        if (j / s->columns == i / s->columns)
            most.top = fmax(most.top, own->top), most.bottom = fmax(most.bottom, own->bottom);
    }
    return most;
}

static void share_margins(sheet *s)
{
    for (size_t i = 0; i < s->count; i++) {
        cell            *c = &s->cells[i];
        const basin_rect shared = shared_margin(s, i);
        c->plan.margin = (basin_rect){shared.left - c->own.left, shared.top - c->own.top,
                                      shared.right - c->own.right, shared.bottom - c->own.bottom};
    }
}

/* How high the plots of a row are: as the lowest of those whose units are equal, since these cannot grow; but
   not so low that a cell of several panels is squeezed. */
static double row_height(const sheet *s, size_t row)
{
    double equal = INFINITY, most = 0, several = 0;

    for (size_t i = row * s->columns; i < s->count && i < (row + 1) * s->columns; i++) {
        const basin_plan *plan = &s->cells[i].plan;
        const double      height = plan->plots.bottom - plan->plots.top;
        most = fmax(most, height);
        if (plan->panel_count > plan->columns)
            several = fmax(several, height);
        else if (plan->panels[0].equal)
            equal = fmin(equal, height);
    }
    return isfinite(equal) ? fmax(equal, 0.8 * several) : most;
}

/* The height of the page without that of the plots, and of the plots. */
static void heights(const sheet *s, const double *plots, double *others, double *sum)
{
    *others = s->head + s->foot + GAP * (double)(s->rows - 1), *sum = 0;
    for (size_t r = 0; r < s->rows; r++) {
        const basin_rect shared = shared_margin(s, r * s->columns);
        *others += shared.top + shared.bottom, *sum += plots[r];
    }
}

/* Cells of a row become equally high. */
static basin_status set_heights(sheet *s, const double *plots)
{
    basin_status st = BASIN_OK;
    const double wanted = s->page.height;
    double       others, sum;

    heights(s, plots, &others, &sum);
    const double factor = wanted > 0 ? (wanted - others) / sum : 1;
    for (size_t i = 0; i < s->count; i++) {
        const basin_rect shared = shared_margin(s, i);
        const double     height = factor * plots[i / s->columns];
        BASIN_CHECK(height >= LEAST_PLOT, BASIN_ERR_ARG,
                    "height %.3g in leaves no room for %zu rows of figures; at least %.2g in",
                    s->page.options->height, s->rows,
                    s->page.options->height * (others + LEAST_PLOT * (double)s->rows) / wanted + 0.05);
        s->cells[i].plan.height = shared.top + height + shared.bottom;
    }
done:
    return st;
}

/* Widths first, since heights of plots with equal units follow from them. Ticks depend on the size of a plot
   and margins on the ticks: a few rounds settle it. */
static basin_status align(sheet *s)
{
    enum { ROUNDS = 3 };
    basin_status st = BASIN_OK;
    double       plots[MOST_CELLS];

    for (size_t round = 0; round < 2; round++) {
        BASIN_TRY(draw_cells(s));
        share_margins(s);
    }
    BASIN_TRY(draw_cells(s));
    for (size_t r = 0; r < s->rows; r++) plots[r] = row_height(s, r);
    for (size_t round = 0; round < ROUNDS; round++) {
        share_margins(s);
        BASIN_TRY(set_heights(s, plots));
        BASIN_TRY(draw_cells(s));
    }
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- the page -- */

static basin_status put_together(sheet *s, const char *footer, basin_canvas **out)
{
    basin_status                st = BASIN_OK;
    const basin_figure_options *o = s->page.options;
    basin_canvas               *canvas = NULL;
    double                      y = s->head;

    BASIN_TRY(basin_canvas_create(s->page.width, 72, o->font != NULL ? o->font : BASIN_FONT,
                                  s->page.font_size, &canvas));
    basin_canvas_dress(canvas, o->dark, o->magnify > 0 ? o->magnify : 1);
    if (o->title != NULL)
        basin_canvas_text(canvas, o->title, s->page.width / 2, EDGE,
                          &(basin_type){.size = 1.125 * s->page.font_size,
                                        .color = basin_black,
                                        .across = 0.5,
                                        .width = s->page.width - 2 * EDGE});
    for (size_t r = 0; r < s->rows; r++) {
        for (size_t i = r * s->columns; i < s->count && i < (r + 1) * s->columns; i++) {
            const double x = (double)(i % s->columns) * (s->cell_width + GAP);
            const char   letter[] = {(char)('a' + i), '\0'};
            basin_canvas_append(canvas, s->cells[i].canvas, x, y);
            basin_canvas_text(
                canvas, letter, x + 2, y,
                &(basin_type){.size = 1.125 * s->page.font_size, .color = basin_black, .bold = true});
        }
        y += height_of(&s->cells[r * s->columns]) + GAP;
    }
    const double page = y - GAP + s->foot;
    basin_canvas_resize(canvas, s->page.width, page);
    if (footer != NULL) basin_footer_draw(&s->page, canvas, footer, page - EDGE);
    BASIN_TRY(basin_canvas_status(canvas));
    *out = canvas, canvas = NULL;
done:
    basin_canvas_destroy(&canvas);
    return st;
}

/* What stands outside the cells: from the edge to the title, and down to the first row. */
static basin_status measure_page(sheet *s, const char *footer)
{
    basin_status                st = BASIN_OK;
    const basin_figure_options *o = s->page.options;
    basin_canvas               *canvas = NULL;
    double                      width, title = 0, foot = 0;

    BASIN_TRY(basin_canvas_create(s->page.width, 72, o->font != NULL ? o->font : BASIN_FONT,
                                  s->page.font_size, &canvas));
    basin_type type = {.size = 1.125 * s->page.font_size, .across = 0.5, .width = s->page.width - 2 * EDGE};
    if (o->title != NULL) basin_canvas_measure(canvas, o->title, &type, &width, &title);
    type.bold = true;
    basin_canvas_measure(canvas, "b", &type, &width, &s->letter);
    basin_canvas_measure(canvas, "0", &(basin_type){.size = BASIN_FOOTER_SIZE}, &width, &foot);
    s->head = title > 0 ? EDGE + title + 2 : 1;
    s->foot = footer != NULL ? foot + EDGE : 0;
    BASIN_TRY(basin_canvas_status(canvas));
done:
    basin_canvas_destroy(&canvas);
    return st;
}

static basin_status join_captions(sheet *s)
{
    for (size_t i = 0; i < s->count; i++)
        basin_plan_join_caption(&s->page,
                                basin_plan_text(&s->page, "%s(%c) ", i > 0 ? " " : "", (char)('a' + i)),
                                s->cells[i].plan.caption);
    return s->page.failed ? basin_fail(BASIN_ERR_NOMEM, "out of memory for the caption of a figure")
                          : BASIN_OK;
}

/* ---------------------------------------------------------------------------------------------- cells -- */

static basin_status fill_cell(const sheet *s, const basin_figure_cell *from, cell *c, size_t i)
{
    basin_status st = BASIN_OK;
    const char  *name = NULL;

    c->options = *s->page.options;
    c->options.kind = from->kind, c->options.labels = from->labels;
    c->options.title = NULL, c->options.height = 0, c->options.no_footer = true;
    c->options.width = s->page.options->width * s->cell_width / s->page.width;
    c->plan = (basin_plan){.results = from->results, .count = from->count, .options = &c->options};
    if ((st = basin_plan_fill(&c->plan, &name)) != BASIN_OK)
        st = basin_fail_within(st, "figure %c", (char)('a' + i));
    return st;
}

static basin_status all_results(sheet *s, const basin_figure_cell *cells)
{
    basin_status         st = BASIN_OK;
    const basin_result **all = NULL;
    size_t               count = 0;

    for (size_t i = 0; i < s->count; i++) count += cells[i].count;
    BASIN_PLAN_ALLOC(&s->page, all, count);
    s->page.results = all;
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < cells[i].count; j++) all[s->page.count++] = cells[i].results[j];
done:
    return st;
}

static basin_status check_grid(const basin_figure_cell *cells, const sheet *s)
{
    basin_status st = BASIN_OK;
    const double narrowest = 100; /* points: below it ticks and labels leave no plot */

    BASIN_CHECK(s->rows > 0 && s->columns > 0 && s->rows <= MOST_CELLS && s->columns <= MOST_CELLS &&
                    s->count <= MOST_CELLS && s->count <= s->rows * s->columns &&
                    s->count > (s->rows - 1) * s->columns,
                BASIN_ERR_ARG, "%zu figures in %zu rows of %zu; a cell each, no row empty, at most %d",
                s->count, s->rows, s->columns, MOST_CELLS);
    for (size_t i = 0; i < s->count; i++)
        BASIN_CHECK(cells[i].count > 0, BASIN_ERR_ARG, "cell %zu of a figure has no result", i + 1);
    BASIN_CHECK(s->cell_width >= narrowest, BASIN_ERR_ARG,
                "width %.3g in leaves no room for %zu figures side by side; at least %.2g in",
                s->page.options->width, s->columns,
                s->page.options->width * ((double)s->columns * narrowest + GAP * (double)(s->columns - 1)) /
                        s->page.width +
                    0.005);
done:
    return st;
}

basin_status basin_figure_arrange(const basin_figure_cell *cells, size_t count, size_t rows, size_t columns,
                                  const basin_figure_options *options, basin_figure **out)
{
    static const basin_figure_options defaults;
    basin_status                      st = BASIN_OK;
    basin_figure_options              o = options != NULL ? *options : defaults;
    sheet                             s = {.rows = rows, .columns = columns, .count = count};
    basin_canvas                     *canvas = NULL;

    if (o.width == 0) o.width = columns > 1 ? 6.75 : 3.25;
    s.page.options = &o;
    BASIN_TRY(basin_plan_size(&s.page, o.width));
    s.cell_width = columns > 0 ? (s.page.width - GAP * (double)(columns - 1)) / (double)columns : 0;
    BASIN_TRY(check_grid(cells, &s));
    BASIN_ALLOC(s.cells, count, "the cells of a figure");
    for (size_t i = 0; i < count; i++) BASIN_TRY(fill_cell(&s, &cells[i], &s.cells[i], i));
    BASIN_TRY(all_results(&s, cells));
    const char *footer = basin_plan_footer(&s.page);
    BASIN_TRY(measure_page(&s, footer));
    BASIN_TRY(align(&s));
    BASIN_TRY(put_together(&s, footer, &canvas));
    BASIN_TRY(join_captions(&s));
    BASIN_TRY(basin_figure_finish(&s.page, "figures", &canvas, out));
done:
    basin_canvas_destroy(&canvas);
    for (size_t i = 0; s.cells != NULL && i < count; i++) {
        basin_canvas_destroy(&s.cells[i].canvas);
        basin_plan_clear(&s.cells[i].plan);
    }
    basin_free(s.cells);
    basin_plan_clear(&s.page);
    return st;
}
