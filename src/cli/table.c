#include "cli/table.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "cli/terminal.h"

enum { GAP = 2 }; /* blanks between columns */

struct cli_table {
    const char *alignment;
    size_t      columns, count, room;
    char      **cells;
    bool        failed, untitled;
};

static cli_kept_tables *kept; /* where printed tables go as well; NULL: nowhere */

static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

cli_table *cli_table_create(const char *alignment)
{
    cli_table *table = basin_alloc(1, sizeof *table);

    if (table != NULL) table->alignment = alignment, table->columns = strlen(alignment);
    return table;
}

static bool make_room(cli_table *table)
{
    if (table->count < table->room) return true;
    size_t room = table->room == 0 ? 64 : 2 * table->room;
    char **cells = basin_alloc(room, sizeof *cells);
    if (cells == NULL) return false;
    if (table->count > 0) memcpy(cells, table->cells, table->count * sizeof *cells);
    basin_free(table->cells);
    table->cells = cells, table->room = room;
    return true;
}

void cli_table_cell(cli_table *table, const char *format, ...)
{
    char    text[512], line[512];
    va_list arguments;

    if (table == NULL || table->failed) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    table->failed = !make_room(table) || (table->cells[table->count] =
                                              basin_strdup(basin_printable(text, line, sizeof line))) == NULL;
    if (!table->failed) table->count++;
}

void cli_table_titles(cli_table *table, const char *titles)
{
    for (const char *end;; titles = end + 1) {
        end = titles + strcspn(titles, "|");
        cli_table_cell(table, "%.*s", (int)(end - titles), titles);
        if (*end == '\0') return;
    }
}

void cli_table_number(cli_table *table, double value, int digits)
{
    cli_table_cell(table, "%s", cli_number(value, digits));
}

void cli_table_integer(cli_table *table, int64_t value)
{
    if (value < 0)
        cli_table_cell(table, "-");
    else
        cli_table_cell(table, "%lld", (long long)value);
}

/* Columns of a table as they are printed: the first `keys`, then from `from` up to `to`. */
typedef struct part {
    size_t keys, from, to;
} part;

/* Cut off with … where it is wider. */
static void print_cell(const char *text, size_t width, char alignment, size_t gap, FILE *out)
{
    const size_t own = width_of(text);
    const int    blank = own < width ? (int)(width - own) : 0;
    size_t       bytes = strlen(text);

    if (own > width) {
        size_t left = width - 1;
        for (bytes = 0; left > 0 || (text[bytes] & 0xC0) == 0x80; bytes++)
            left -= ((unsigned char)text[bytes + 1] & 0xC0) != 0x80;
    }
    if (alignment == 'r')
        fprintf(out, "%*s%.*s%s%*s", blank, "", (int)bytes, text, own > width ? "…" : "", (int)gap, "");
    else
        fprintf(out, "%.*s%s%*s", (int)bytes, text, own > width ? "…" : "", gap > 0 ? blank + (int)gap : 0,
                "");
}

/* The number of the column that stands at place i of the part. */
static size_t column_of(const part *p, size_t i)
{
    return i < p->keys ? i : p->from + i - p->keys;
}

/* "" behind the last cell. */
static const char *cell_at(const cli_table *table, size_t row, size_t column)
{
    const size_t i = row * table->columns + column;

    return i < table->count ? table->cells[i] : "";
}

static void print_row(const cli_table *table, size_t row, const size_t *widths, const part *p, int indent,
                      FILE *out)
{
    size_t last = p->keys + p->to - p->from; /* no blanks at the end of a line */

    while (last > 0 && cell_at(table, row, column_of(p, last - 1))[0] == '\0') last--;
    if (last > 0) fprintf(out, "%*s", indent, "");
    for (size_t i = 0; i < last; i++) {
        const size_t c = column_of(p, i);
        print_cell(cell_at(table, row, c), widths[c], table->alignment[c], i + 1 < last ? GAP : 0, out);
    }
    fputc('\n', out);
}

/* The names at the left of each row: they stand again before the columns that did not fit. */
static size_t keys_of(const cli_table *table)
{
    size_t keys = 1;

    while (keys + 1 < table->columns && table->alignment[keys - 1] == 'l' && table->alignment[keys] == 'l')
        keys++;
    return keys < table->columns ? keys : table->columns;
}

/* As many columns as fit from `from` on, at least one. */
static part next_part(const cli_table *table, const size_t *widths, size_t keys, size_t from, size_t room)
{
    part   p = {keys, from, from};
    size_t used = 0;

    for (size_t c = 0; c < keys; c++) used += widths[c] + GAP;
    for (; p.to < table->columns && (p.to == from || used + widths[p.to] <= room); p.to++)
        used += widths[p.to] + GAP;
    return p;
}

/* Side by side as far as they fit into the terminal, the rest below; names take no more than half of it. */
static void print_parts(const cli_table *table, size_t *widths, int indent, FILE *out)
{
    const size_t limit = cli_terminal_width();
    const size_t room = limit == SIZE_MAX ? limit : limit > 40 ? limit - (size_t)indent : 40;
    const size_t keys = keys_of(table);
    size_t       whole = 0, from = keys;

    for (size_t c = 0; c < table->columns; c++) whole += widths[c] + (c > 0 ? GAP : 0);
    for (size_t c = 0; c < keys && whole > room; c++)
        if (widths[c] > room / (2 * keys) && widths[c] > 12)
            widths[c] = room / (2 * keys) > 12 ? room / (2 * keys) : 12;
    do {
        const part p = next_part(table, widths, keys, from, room);
        if (from > keys) fputc('\n', out);
        for (size_t row = 0; row * table->columns < table->count; row++)
            print_row(table, row, widths, &p, indent, out);
        from = p.to;
    } while (from < table->columns);
}

/* Takes the cells of a table that was printed. */
static void keep(cli_table *table, size_t begin, size_t end)
{
    cli_kept_table *tables = basin_alloc(kept->count + 1, sizeof *tables);
    char           *alignment = basin_strdup(table->alignment);

    if (tables == NULL || alignment == NULL) {
        basin_free(tables);
        basin_free(alignment);
        kept->failed = true;
        return;
    }
    if (kept->count > 0) memcpy(tables, kept->tables, kept->count * sizeof *tables);
    basin_free(kept->tables);
    kept->tables = tables;
    tables[kept->count++] = (cli_kept_table){.begin = begin,
                                             .end = end,
                                             .columns = table->columns,
                                             .count = table->count,
                                             .alignment = alignment,
                                             .cells = table->cells,
                                             .titled = !table->untitled};
    table->cells = NULL, table->count = 0;
}

void cli_table_print(cli_table *table, int indent, FILE *out)
{
    size_t    *widths = table != NULL ? basin_alloc(table->columns, sizeof *widths) : NULL;
    const long begin = kept != NULL ? ftell(out) : 0;

    if (widths == NULL || table->failed) {
        fputs("(no memory for this table)\n", out);
    } else {
        for (size_t i = 0; i < table->count; i++) {
            size_t width = width_of(table->cells[i]);
            if (width > widths[i % table->columns]) widths[i % table->columns] = width;
        }
        print_parts(table, widths, indent, out);
        if (kept != NULL && table->count > 0) keep(table, (size_t)begin, (size_t)ftell(out));
    }
    basin_free(widths);
    cli_table_destroy(&table);
}

void cli_tables_keep(cli_kept_tables *tables)
{
    kept = tables;
}

void cli_kept_tables_clear(cli_kept_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++) {
        cli_kept_table *t = &tables->tables[i];
        for (size_t c = 0; c < t->count; c++) basin_free(t->cells[c]);
        basin_free(t->cells);
        basin_free(t->alignment);
    }
    basin_free(tables->tables);
    *tables = (cli_kept_tables){0};
}

void cli_table_untitled(cli_table *table)
{
    if (table != NULL) table->untitled = true;
}

void cli_table_destroy(cli_table **table)
{
    if (*table == NULL) return;
    for (size_t i = 0; i < (*table)->count; i++) basin_free((*table)->cells[i]);
    basin_free((*table)->cells);
    basin_free(*table);
    *table = NULL;
}

char *cli_turn(void)
{
    static char   texts[32][CLI_TURN];
    static size_t next;

    return texts[next++ % 32];
}

const char *cli_number(double value, int digits)
{
    char *text = cli_turn();

    if (isnan(value))
        snprintf(text, CLI_TURN, "-");
    else
        snprintf(text, CLI_TURN, "%.*g", digits, value);
    return text;
}

const char *cli_plain(const char *text)
{
    static char   texts[4][8192];
    static size_t next;

    return basin_printable(text, texts[next++ % 4], sizeof texts[0]);
}

const char *cli_thousands(size_t value)
{
    char *text = cli_turn(), digits[24];
    int   count = snprintf(digits, sizeof digits, "%zu", value), n = 0;

    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) text[n++] = ',';
        text[n++] = digits[i];
    }
    text[n] = '\0';
    return text;
}
