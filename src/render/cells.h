/* A block of characters in rows, each with its colours: what a figure is on a terminal. */
#ifndef BASIN_RENDER_CELLS_H
#define BASIN_RENDER_CELLS_H

#include <stdint.h>

#include "core/status.h"

enum { BASIN_OWN_COLOR = -1 }; /* whatever the terminal writes with */

typedef struct basin_cell {
    char    glyph[5];    /* one character of UTF-8; "" is a blank */
    int32_t ink, ground; /* 0xRRGGBB or BASIN_OWN_COLOR */
} basin_cell;

typedef struct basin_cells {
    size_t      columns, rows;
    basin_cell *cell; /* [rows, columns] */
} basin_cells;

/* Blank; destroyed by basin_cells_clear. */
basin_status basin_cells_create(size_t columns, size_t rows, basin_cells *out);
void         basin_cells_clear(basin_cells *cells);
/* The cell, or one that nobody sees where (row, column) lies outside. */
basin_cell *basin_cells_at(basin_cells *cells, size_t row, size_t column);
/* One character a cell from (row, column) on, cut off at the right edge. */
void basin_cells_text(basin_cells *cells, size_t row, size_t column, const char *text, int32_t ink);
/* Appends the rows as lines to `text` (grown; caller frees): no blanks at their ends, and colours
   by escapes of a terminal with so many (BASIN_SKETCH_…). */
basin_status basin_cells_append(const basin_cells *cells, int colors, char **text);

/* A label of a figure as characters of one line: subscripts behind «_», nothing that a terminal
   obeys, and in ASCII alone where `plain`. Returns `out`. */
const char *basin_cells_words(const char *label, bool plain, char *out, size_t room);
/* Characters of UTF-8. */
size_t basin_cells_width(const char *text);

#endif
