/* The table of a result in a file: «FILE.csv», or «FILE.csv#TABLE» for one of several. */
#ifndef BASIN_CLI_CSV_H
#define BASIN_CLI_CSV_H

#include "cli/cli.h"

bool cli_csv_is_name(const char *path);
/* Wrong usage where it is none; fails where it cannot be written. Leaves nothing. */
int cli_csv_check(const char *path);
int cli_csv_write(const basin_result *result, const char *path);

#endif
