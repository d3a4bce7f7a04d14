#include "cli/table.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

struct cli_table {
    const char *alignment;
    size_t      columns, count, room;
    char      **cells;
    bool        failed;
};

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

static void print_row(const cli_table *table, size_t row, const size_t *widths, int indent, FILE *out)
{
    size_t last = table->columns; /* no blanks at the end of a line */

    while (last > 0 && (row * table->columns + last > table->count ||
                        table->cells[row * table->columns + last - 1][0] == '\0'))
        last--;
    if (last > 0) fprintf(out, "%*s", indent, "");
    for (size_t c = 0; c < last; c++) {
        const char *text = table->cells[row * table->columns + c];
        int         blank = (int)(widths[c] - width_of(text)), gap = c + 1 < last ? 2 : 0;
        if (table->alignment[c] == 'r')
            fprintf(out, "%*s%s%*s", blank, "", text, gap, "");
        else
            fprintf(out, "%s%*s", text, c + 1 < last ? blank + gap : 0, "");
    }
    fputc('\n', out);
}

void cli_table_print(cli_table *table, int indent, FILE *out)
{
    size_t *widths = table != NULL ? basin_alloc(table->columns, sizeof *widths) : NULL;

    if (widths == NULL || table->failed) {
        fputs("(no memory for this table)\n", out);
    } else {
        for (size_t i = 0; i < table->count; i++) {
            size_t width = width_of(table->cells[i]);
            if (width > widths[i % table->columns]) widths[i % table->columns] = width;
        }
        for (size_t row = 0; row * table->columns < table->count; row++)
            print_row(table, row, widths, indent, out);
    }
    basin_free(widths);
    cli_table_destroy(&table);
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
