/* Tables of `compare` beside the measures of flatness. */
#ifndef BASIN_CLI_COMPARISON_BESIDE_H
#define BASIN_CLI_COMPARISON_BESIDE_H

#include "cli/cli.h"

void cli_confounders_print(const basin_comparison *comparison, FILE *out);
void cli_benefits_print(const basin_comparison *comparison, FILE *out);

#endif
