/* Aligned text tables for people: cells are formatted text, widths count characters of UTF-8. */
#ifndef BASIN_CLI_TABLE_H
#define BASIN_CLI_TABLE_H

#include "cli/cli.h"

typedef struct cli_table cli_table;

/* One letter a column: l or r. Out of memory shows when the table is printed, as its absence and a
   line saying so. */
cli_table *cli_table_create(const char *alignment);
/* A row of cells from one text, «kappa|SANE||alpha». */
void cli_table_titles(cli_table *table, const char *titles);
/* The next cell; rows fill up by themselves. */
void cli_table_cell(cli_table *table, const char *format, ...) CLI_PRINTF(2, 3);
/* By %.*g; «-» where it is not known. */
void cli_table_number(cli_table *table, double value, int digits);
void cli_table_integer(cli_table *table, int64_t value); /* «-» for negative ones: unknown */
/* Prints with `indent` spaces before each row, then destroys. */
void cli_table_print(cli_table *table, int indent, FILE *out);
void cli_table_destroy(cli_table **table); /* unprinted */
/* Its first row is data and no titles. */
void cli_table_untitled(cli_table *table);

typedef struct cli_kept_table { /* as it was printed */
    size_t begin, end;          /* bytes of the stream before and behind it */
    size_t columns, count;
    char  *alignment, **cells; /* [count] */
    bool   titled;
} cli_kept_table;

typedef struct cli_kept_tables {
    size_t          count;
    cli_kept_table *tables;
    bool            failed; /* out of memory for one of them */
} cli_kept_tables;

/* Every table that is printed from now on is kept as well; NULL ends that. */
void cli_tables_keep(cli_kept_tables *tables);
void cli_kept_tables_clear(cli_kept_tables *tables);

/* One of 32 buffers of CLI_TURN characters that take turns: for texts that are printed at once. */
enum { CLI_TURN = 96 };
char       *cli_turn(void);
const char *cli_number(double value, int digits);
/* A name as one line that a terminal shows and does not obey; valid for the next four calls. */
const char *cli_plain(const char *text);
const char *cli_thousands(size_t value); /* 2,410 */

#endif
