/* A surface in perspective: a facet for each cell of a grid whose corners stand where they are seen, with
 * mesh lines over it. x, y [rows, columns] are the corners in the panel's units, NAN where there is none.
 *
 * What is hidden is painted over. A line of sight, seen from above, is a ray from the place where the viewer
 * stands: along it the distance from that place grows in both directions of the grid. So a facet can hide
 * only those that lie at least as far out in both, and painting rows from the outermost inwards, and in each
 * row columns likewise, is exact for a surface that is a height above a plane: nothing need be sorted by
 * depth. Each facet reaches half a cell under those that are painted after it, so that no viewer shows
 * hairlines between them.
 */
#include <math.h>

#include "render/mark.h"

typedef struct sheet {
    const basin_mark *mark;
    const basin_view *view;
} sheet;

/* Of the order from the outermost cell inwards, the i-th of `cells` of which number `near` is the last. */
static size_t inwards(size_t i, size_t cells, size_t near)
{
    return i < near ? i : cells - 1 - (i - near);
}

/* on the page */
static void corner(const sheet *s, size_t r, size_t c, double out[2])
{
    const size_t i = r * s->mark->columns + c;

    out[0] = basin_view_x(s->view, s->mark->x[i]), out[1] = basin_view_y(s->view, s->mark->y[i]);
}

static bool is_there(const sheet *s, size_t r, size_t c)
{
    const double *x = s->mark->x + r * s->mark->columns + c;

    return isfinite(x[0]) && isfinite(x[1]) && isfinite(x[s->mark->columns]) &&
           isfinite(x[s->mark->columns + 1]);
}

typedef struct cell {         /* lines of corners along one axis */
    size_t far, near, beyond; /* beyond: of the neighbour towards the viewer; near where it has none */
    size_t next;              /* that neighbour */
} cell;

static cell cell_of(size_t i, size_t viewer)
{
    if (i == viewer) return (cell){i, i + 1, i + 1, i};
    return i < viewer ? (cell){i, i + 1, i + 2, i + 1} : (cell){i + 1, i, i - 1, i - 1};
}

/* The middle of the corners at (r, c) and at (r, beyond), (beyond, c) or all four. */
static void between(const sheet *s, size_t r, size_t r_beyond, size_t c, size_t c_beyond, double out[2])
{
    double at[4][2];

    corner(s, r, c, at[0]), corner(s, r, c_beyond, at[1]);
    corner(s, r_beyond, c, at[2]), corner(s, r_beyond, c_beyond, at[3]);
    for (size_t k = 0; k < 2; k++) out[k] = (at[0][k] + at[1][k] + at[2][k] + at[3][k]) / 4;
}

static void fill_facet(const sheet *s, size_t r, size_t c, basin_canvas *canvas)
{
    const basin_mark *mark = s->mark;
    cell              row = cell_of(r, mark->near[0]), column = cell_of(c, mark->near[1]);
    double            at[6][2];

    if (!is_there(s, row.next, c)) row.beyond = row.near;
    if (!is_there(s, r, column.next)) column.beyond = column.near;
    const bool whole = is_there(s, row.next, column.next);
    corner(s, row.far, column.far, at[0]);
    between(s, row.far, row.far, column.near, column.beyond, at[1]);
    between(s, row.near, row.near, column.near, column.beyond, at[2]);
    between(s, row.near, whole ? row.beyond : row.near, column.near, whole ? column.beyond : column.near,
            at[3]);
    between(s, row.near, row.beyond, column.near, column.near, at[4]);
    between(s, row.near, row.beyond, column.far, column.far, at[5]);
    basin_canvas_fill(canvas, &at[0][0], 6, mark->colors[r * (mark->columns - 1) + c], 0);
}

static void draw_side(const sheet *s, size_t r0, size_t c0, size_t r1, size_t c1, basin_canvas *canvas)
{
    double a[2], b[2];

    corner(s, r0, c0, a), corner(s, r1, c1, b);
    basin_canvas_line(canvas, a[0], a[1], b[0], b[1], &s->mark->pen);
}

/* Sides that lie on a mesh line or end the surface: the far ones, whose neighbours are painted already, and
   the near ones where nothing will come over them. */
static void draw_mesh(const sheet *s, size_t r, size_t c, basin_canvas *canvas)
{
    const basin_mark *mark = s->mark;
    const cell        row = cell_of(r, mark->near[0]), column = cell_of(c, mark->near[1]);
    const size_t      rows[2] = {row.far, row.near}, columns[2] = {column.far, column.near};

    for (size_t k = 0; k < 2; k++) {
        const bool last_row = k == 1 && (r == mark->near[0] || !is_there(s, row.next, c));
        const bool last_column = k == 1 && (c == mark->near[1] || !is_there(s, r, column.next));
        const bool on_row = rows[k] % mark->mesh[0] == 0 || rows[k] + 1 == mark->rows;
        const bool on_column = columns[k] % mark->mesh[1] == 0 || columns[k] + 1 == mark->columns;
        if (on_row && (k == 0 || last_row)) draw_side(s, rows[k], c, rows[k], c + 1, canvas);
        if (on_column && (k == 0 || last_column)) draw_side(s, r, columns[k], r + 1, columns[k], canvas);
    }
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const sheet  s = {mark, view};
    const size_t rows = mark->rows - 1, columns = mark->columns - 1;

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            const size_t r = inwards(i, rows, mark->near[0]), c = inwards(j, columns, mark->near[1]);
            if (!is_there(&s, r, c)) continue;
            fill_facet(&s, r, c, canvas);
            if (mark->pen.width > 0) draw_mesh(&s, r, c, canvas);
        }
    }
}

static void extent(const basin_mark *mark, basin_range *x, basin_range *y)
{
    for (size_t i = 0; i < mark->rows * mark->columns; i++)
        basin_range_add(x, mark->x[i]), basin_range_add(y, mark->y[i]);
}

const basin_mark_type basin_mark_relief = {.name = "relief", .extent = extent, .draw = draw};
