/* Forecasts of work that is done several times, one after the other. */
#ifndef BASIN_CLI_FORECAST_SUM_H
#define BASIN_CLI_FORECAST_SUM_H

#include "cli/cli.h"

/* All counts and times `times` fold; memory stays. */
void cli_forecast_repeat(basin_forecast *forecast, size_t times);
/* `to` does what `more` does as well; what `more` owns may be taken over. */
int cli_forecast_add(basin_forecast *to, basin_forecast *more);

#endif
