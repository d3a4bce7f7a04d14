/* The tables of `compare`: groups, estimates at each kind of point, differences from the base,
   notes. */
#ifndef BASIN_CLI_COMPARISON_H
#define BASIN_CLI_COMPARISON_H

#include "cli/cli.h"

void cli_comparison_print(const basin_comparison *comparison, const basin_provenance *provenance,
                          FILE *out);

#endif
