#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/typeset.h"

static const basin_face cell_face = {.size = 7.5}, head_face = {.size = 7.5, .color = {0.35, 0.35, 0.35}};

enum { LINES_MOST = 12 /* of a cell: what is longer is shortened */ };

#define GAP 8.0    /* points between columns */
#define BESIDE 112 /* of a column's width, that is left to it before another one moves below */

typedef struct columns { /* the first, and [from, to) of the others, beside each other */
    const basin_piece *table;
    size_t             from, to;
    double            *natural; /* [table->columns] without a line break */
    double             cap;     /* what is wider is broken to it */
} columns;

static const char *text_at(const basin_piece *table, size_t row /* 0: the heads */, size_t column)
{
    return row == 0 ? table->heads[column] : table->cells[(row - 1) * table->columns + column].text;
}

static double width_of(const columns *c, size_t i)
{
    return fmin(c->natural[i], c->cap);
}

static bool is_shown(const columns *c, size_t i)
{
    return i == 0 || (i >= c->from && i < c->to);
}

static double width_of_all(const columns *c)
{
    double sum = 0;

    for (size_t i = 0; i < c->table->columns; i++)
        if (is_shown(c, i)) sum += width_of(c, i);
    return sum;
}

static void measure(basin_typeset *t, columns *c)
{
    double width, height;

    for (size_t row = 0; row <= c->table->rows; row++)
        for (size_t i = 0; i < c->table->columns; i++) {
            PangoLayout *layout =
                basin_typeset_layout(t, text_at(c->table, row, i), row == 0 ? &head_face : &cell_face, 0);
            basin_typeset_extent(layout, &width, &height);
            c->natural[i] = fmax(c->natural[i], width + GAP);
            if (layout != NULL) g_object_unref(layout);
        }
}

/* As many as fit, at least one; then the cap at which they fill the page, by bisection. */
static void choose(columns *c)
{
    double low = 0, high = BASIN_PAGE_TEXT;

    c->cap = BESIDE;
    for (c->to = c->from + 1; c->to < c->table->columns; c->to++)
        if (width_of_all(c) + width_of(c, c->to) > BASIN_PAGE_TEXT) break;
    if (c->to > c->table->columns) c->to = c->table->columns;
    for (int i = 0; i < 40; i++) {
        c->cap = (low + high) / 2;
        if (width_of_all(c) > BASIN_PAGE_TEXT)
            high = c->cap;
        else
            low = c->cap;
    }
    c->cap = low;
}

static PangoLayout *cell(basin_typeset *t, const columns *c, size_t row, size_t i)
{
    PangoLayout *layout = basin_typeset_layout(
        t, text_at(c->table, row, i), row == 0 ? &head_face : &cell_face, width_of(c, i) - GAP + 0.1);

    if (layout == NULL) return NULL;
    pango_layout_set_height(layout, -LINES_MOST);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    return layout;
}

static double height_of(basin_typeset *t, const columns *c, size_t row)
{
    double most = 0, width, height;

    for (size_t i = 0; i < c->table->columns; i++) {
        if (!is_shown(c, i)) continue;
        PangoLayout *layout = cell(t, c, row, i);
        basin_typeset_extent(layout, &width, &height);
        most = fmax(most, height);
        if (layout != NULL) g_object_unref(layout);
    }
    return most + 3;
}

static void put_row(basin_typeset *t, const columns *c, size_t row)
{
    double x = BASIN_PAGE_LEFT;

    for (size_t i = 0; i < c->table->columns; i++) {
        if (!is_shown(c, i)) continue;
        basin_typeset_show(t, cell(t, c, row, i), x, t->y, row == 0 ? &head_face : &cell_face);
        x += width_of(c, i);
    }
    t->y += height_of(t, c, row);
    if (row > 0) return;
    basin_typeset_rule(t, BASIN_PAGE_LEFT, x - GAP, t->y - 1);
    t->y += 2;
}

static void put_columns(basin_typeset *t, const columns *c)
{
    basin_typeset_need(t, height_of(t, c, 0) + 2 + (c->table->rows > 0 ? height_of(t, c, 1) : 0));
    put_row(t, c, 0);
    for (size_t row = 1; row <= c->table->rows; row++) {
        if (t->y + height_of(t, c, row) > BASIN_PAGE_BOTTOM) {
            basin_typeset_page(t);
            put_row(t, c, 0);
        }
        put_row(t, c, row);
    }
    basin_typeset_skip(t, 8);
}

void basin_typeset_table(basin_typeset *t, const basin_piece *table)
{
    columns c = {.table = table};

    if ((c.natural = basin_alloc(table->columns, sizeof *c.natural)) == NULL) {
        t->failed = true;
        return;
    }
    basin_typeset_skip(t, 6);
    if (table->text != NULL)
        basin_typeset_flow(t, basin_typeset_layout(t, table->text, &basin_face_small, BASIN_PAGE_TEXT),
                           BASIN_PAGE_LEFT, &basin_face_small, NULL);
    basin_typeset_skip(t, 3);
    measure(t, &c);
    for (c.from = 1; c.from == 1 || c.from < table->columns; c.from = c.to) {
        choose(&c);
        put_columns(t, &c);
    }
    basin_free(c.natural);
}
