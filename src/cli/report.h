/* Lines that the tables of several commands share. */
#ifndef BASIN_CLI_REPORT_H
#define BASIN_CLI_REPORT_H

#include "cli/table.h"

/* «runs/msam_0/step_000400.h5 (undone), data.h5: 250 samples, P = 2,410» */
void cli_report_source(const basin_result *result, size_t samples, size_t parameters, FILE *out);
/* «loss 0.123 on 250 samples, |g| = …», «stationary: yes, …» */
void cli_report_stationarity(const basin_stationarity *stationarity, FILE *out);
/* With BatchNorm: which statistics were used, and that a ceiling beside it is of training mode. */
void cli_report_statistics(const basin_provenance *provenance, bool ceiling, FILE *out);
/* «value [lower, upper]», or value alone where there is nothing between them. */
const char *cli_interval(double value, double lower, double upper, int digits);
/* 100 x as «93.5 %»; «-» where it is not known. */
const char *cli_percent(double share);

#endif
