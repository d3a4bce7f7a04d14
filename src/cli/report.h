/* Lines that the tables of several commands share. */
#ifndef BASIN_CLI_REPORT_H
#define BASIN_CLI_REPORT_H

#include "cli/table.h"

/* «runs/msam_0/step_000400.h5 (undone)», «P = 2,410 parameters, N = 500 of 60,000 samples of
   data.h5», and how the point was reached */
void cli_report_source(const basin_result *result, size_t samples, size_t parameters, FILE *out);
/* «averaged …», «polished  20 steps of 0.1: theta moved by 0.31, …», where it was */
void cli_report_point(const basin_provenance *provenance, FILE *out);
/* «20 steps of 0.1: theta moved by 0.31, loss 0.0859 -> 0.0831, |g| 0.067 -> 0.012» */
const char *cli_polish_text(const basin_polish *polish);
/* «500», or «500 of 60,000» where more are there */
const char *cli_samples(size_t used, size_t there);
/* «none above 1 % of the loss found within 5 products (0.2 %)» */
void cli_report_descent(const basin_stationarity *stationarity, FILE *out);
/* «way down  a fall of 18.9 % of the loss found in 5 products: not stationary», «|g| = …» */
void cli_report_stationarity(const basin_stationarity *stationarity, FILE *out);
/* With BatchNorm: which statistics were used, and that a ceiling beside it is of training mode. */
void cli_report_statistics(const basin_provenance *provenance, bool ceiling, FILE *out);
/* Do bounds of SANE or N_eff leave it open, as a truncated spectrum does? Then the value held is no
   more than its lower bound. */
bool cli_is_open(double lower, double upper);
/* «value [lower, upper]», or value alone where there is nothing between them. */
const char *cli_interval(double value, double lower, double upper, int digits);
/* 100 x as «93.5 %»; «-» where it is not known. */
const char *cli_percent(double share);

#endif
