/* --dry-run: what a command would do, instead of doing it. */
#ifndef BASIN_CLI_FORECAST_H
#define BASIN_CLI_FORECAST_H

#include "cli/options.h"

bool cli_forecast_wanted(const cli_arguments *arguments);
/* One forecast for each checkpoint named. */
int  cli_forecast_compute(const cli_arguments *arguments, cli_batch *out);
void cli_forecast_print(const cli_arguments *arguments, const basin_result *result, FILE *out);

#endif
