/* `basin sharpness --measure`: named measures of sharpness over radii. */
#ifndef BASIN_CLI_SHARPNESS_TABLE_H
#define BASIN_CLI_SHARPNESS_TABLE_H

#include "cli/source.h"

/* Options that only --measure has; ended by one without a name. */
#define CLI_SHARPNESS_TABLE_OPTIONS                                                                \
    {"measure", CLI_TEXT, "NAME,…", "measures of sharpness instead, those named or all", false},   \
        {"steps", CLI_WHOLE, "N",                                                                  \
         "with --measure: steps of an ascent or a box (default: 10) or of a worst case (default: " \
         "20)",                                                                                    \
         false},                                                                                   \
        {"restarts", CLI_WHOLE, "N",                                                               \
         "with --measure: worst cases from N random starts as well (default: 0)", false},          \
        {"batch-size", CLI_WHOLE, "M",                                                             \
         "with --measure: maxima of each batch of M samples, and their mean (default: of all "     \
         "samples; m_sharpness: recorded, else 128, at most a quarter of the samples)",            \
         false},                                                                                   \
        {"batches", CLI_WHOLE, "N", "with --measure: how many (default: all that there are)",      \
         false},                                                                                   \
    {                                                                                              \
        "draws", CLI_WHOLE, "N", "with --measure: random perturbations (default: 100)", false      \
    }

/* --measure and what goes with it, judged before anything is read. */
int  cli_sharpness_table_check(const cli_arguments *arguments);
int  cli_sharpness_table_measure(const cli_arguments *arguments, cli_source *source, void **out);
int  cli_sharpness_table_forecast(const cli_arguments *arguments, cli_source *source,
                                  basin_forecast **out);
void cli_sharpness_table_print(const basin_result *result, FILE *out);
/* Fails where a measure that was asked for by name has no value at all. */
int cli_sharpness_table_verdict(const basin_result *result);

#endif
