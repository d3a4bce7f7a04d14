#include "render/cells.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"

basin_status basin_cells_create(size_t columns, size_t rows, basin_cells *out)
{
    basin_status st = BASIN_OK;
    basin_cells  cells = {.columns = columns, .rows = rows};

    BASIN_ALLOC(cells.cell, columns * rows + 1, "a figure in characters"); /* the last is outside */
    for (size_t i = 0; i < columns * rows; i++) cells.cell[i].ink = cells.cell[i].ground = BASIN_OWN_COLOR;
    *out = cells;
done:
    return st;
}

void basin_cells_clear(basin_cells *cells)
{
    basin_free(cells->cell);
    *cells = (basin_cells){0};
}

basin_cell *basin_cells_at(basin_cells *cells, size_t row, size_t column)
{
    const bool inside = row < cells->rows && column < cells->columns;

    return &cells->cell[inside ? row * cells->columns + column : cells->rows * cells->columns];
}

/* Bytes of the character at `c`. */
static size_t length_of(const char *c)
{
    size_t length = 1;

    while (length < 4 && ((unsigned char)c[length] & 0xC0) == 0x80) length++;
    return length;
}

void basin_cells_text(basin_cells *cells, size_t row, size_t column, const char *text, int32_t ink)
{
    for (; *text != '\0' && column < cells->columns; column++) {
        const size_t length = length_of(text);
        basin_cell  *cell = basin_cells_at(cells, row, column);
        memcpy(cell->glyph, text, length), cell->glyph[length] = '\0';
        cell->ink = ink;
        text += length;
    }
}

size_t basin_cells_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* --------------------------------------------------------------------------------------------- as text -- */

/* «38» of ink or «48» of ground; of 256 colours the nearest in the cube of 6 x 6 x 6 from number 16 on. */
static int put_color(char *out, size_t room, int layer, int32_t color, int colors)
{
    const int r = color >> 16 & 255, g = color >> 8 & 255, b = color & 255;

    if (color == BASIN_OWN_COLOR) return snprintf(out, room, "\033[%dm", layer + 1);
    if (colors == BASIN_SKETCH_TRUE_COLOR) return snprintf(out, room, "\033[%d;2;%d;%d;%dm", layer, r, g, b);
    return snprintf(out, room, "\033[%d;5;%dm", layer,
                    16 + 36 * ((r * 5 + 127) / 255) + 6 * ((g * 5 + 127) / 255) + (b * 5 + 127) / 255);
}

static bool is_blank(const basin_cell *cell)
{
    return (cell->glyph[0] == '\0' || cell->glyph[0] == ' ') && cell->ground == BASIN_OWN_COLOR;
}

enum { CELL_ROOM = 48 }; /* bytes of a character with two changes of colour */

/* One row into `out`, [CELL_ROOM (columns + 1)]; returns its end. */
static char *put_row(const basin_cell *cell, size_t columns, int colors, char *out)
{
    int32_t ink = BASIN_OWN_COLOR, ground = BASIN_OWN_COLOR;

    while (columns > 0 && is_blank(&cell[columns - 1])) columns--;
    for (size_t i = 0; i < columns; i++) {
        const char *glyph = cell[i].glyph[0] != '\0' ? cell[i].glyph : " ";
        if (colors > 0 && cell[i].ink != ink && !is_blank(&cell[i]))
            out += put_color(out, CELL_ROOM / 2, 38, ink = cell[i].ink, colors);
        if (colors > 0 && cell[i].ground != ground)
            out += put_color(out, CELL_ROOM / 2, 48, ground = cell[i].ground, colors);
        memcpy(out, glyph, strlen(glyph));
        out += strlen(glyph);
    }
    if (ink != BASIN_OWN_COLOR || ground != BASIN_OWN_COLOR) out += snprintf(out, 8, "\033[0m");
    *out++ = '\n';
    return out;
}

basin_status basin_cells_append(const basin_cells *cells, int colors, char **text)
{
    basin_status st = BASIN_OK;
    const size_t before = *text != NULL ? strlen(*text) : 0;
    char        *longer = NULL;

    BASIN_ALLOC(longer, before + cells->rows * (cells->columns + 1) * CELL_ROOM + 1,
                "a figure in characters");
    if (before > 0) memcpy(longer, *text, before);
    char *end = longer + before;
    for (size_t row = 0; row < cells->rows; row++)
        end = put_row(cells->cell + row * cells->columns, cells->columns, colors, end);
    *end = '\0';
    basin_free(*text);
    *text = longer;
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- words -- */

/* What labels of figures use beyond ASCII. */
static const char *const spelled[][2] = {
    {"α", "alpha"}, {"β", "beta"},   {"γ", "gamma"},  {"δ", "delta"}, {"ε", "eps"},  {"η", "eta"},
    {"θ", "theta"}, {"κ", "kappa"},  {"λ", "lambda"}, {"μ", "mu"},    {"π", "pi"},   {"ρ", "rho"},
    {"σ", "sigma"}, {"τ", "tau"},    {"φ", "phi"},    {"Δ", "Delta"}, {"Σ", "sum"},  {"∑", "sum"},
    {"‖", "|"},     {"−", "-"},      {"–", "-"},      {"—", "-"},     {"×", "x"},    {"·", "*"},
    {"±", "+-"},    {"≥", ">="},     {"≤", "<="},     {"≈", "~"},     {"→", "->"},   {"←", "<-"},
    {"…", "..."},   {"∞", "inf"},    {"√", "sqrt"},   {"⟂", "perp"},  {"«", "\""},   {"»", "\""},
    {"¼", "1/4"},   {"½", "1/2"},    {"⁻", "-"},      {"⁰", "0"},     {"¹", "1"},    {"²", "2"},
    {"³", "3"},     {"⁴", "4"},      {"⁵", "5"},      {"⁶", "6"},     {"⁷", "7"},    {"⁸", "8"},
    {"⁹", "9"},     {"₀", "0"},      {"₁", "1"},      {"₂", "2"},     {"₃", "3"},    {"₄", "4"},
    {"₅", "5"},     {"₆", "6"},      {"₇", "7"},      {"₈", "8"},     {"₉", "9"},    {"′", "'"},
    {"ᵀ", "T"},     {"\u00a0", " "}, {"\u202f", " "}, {"∂", "d"},     {"∇", "grad"},
};

static bool is_raised(const char *c, size_t length)
{
    return (length == 3 && memcmp(c, "\xe2\x81", 2) == 0) || /* from U+2070 on */
           (length == 2 && (memcmp(c, "¹", 2) == 0 || memcmp(c, "²", 2) == 0 || memcmp(c, "³", 2) == 0));
}

static bool is_lowered(const char *c, size_t length)
{
    return length == 3 && memcmp(c, "\xe2\x82", 2) == 0; /* from U+2080 on */
}

/* «?» for a character that has no spelling. `before` is the one that stands before it. */
static const char *spell(const char *c, size_t length, const char *before, size_t before_length, char own[8])
{
    const char *word = "?";

    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++)
        if (strlen(spelled[i][0]) == length && memcmp(spelled[i][0], c, length) == 0) word = spelled[i][1];
    const bool opens = (is_raised(c, length) && !is_raised(before, before_length)) ||
                       (is_lowered(c, length) && !is_lowered(before, before_length));
    snprintf(own, 8, "%s%s", !opens ? "" : is_raised(c, length) ? "^" : "_", word);
    return own;
}

const char *basin_cells_words(const char *label, bool plain, char *out, size_t room)
{
    char        line[1024], own[8];
    size_t      used = 0, length, before = 0;
    const char *last = "";

    out[0] = '\0';
    for (const char *c = label; *c != '\0'; last = c, before = length, c += length) {
        length = length_of(c);
        const char *word = *c == '\1' ? "_" : *c == '\2' ? "" : *c == '\n' || *c == '\t' ? " " : NULL;
        if (word == NULL && plain && length > 1) word = spell(c, length, last, before, own);
        used += (size_t)snprintf(line + used, sizeof line - used, "%.*s",
                                 word != NULL ? (int)strlen(word) : (int)length, word != NULL ? word : c);
        if (used + 8 >= sizeof line) break;
    }
    line[used < sizeof line ? used : sizeof line - 1] = '\0';
    return basin_printable(line, out, room);
}
