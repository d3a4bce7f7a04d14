/* What a report is made of: stored results, folders of them, and runs of which they are
   computed. */
#ifndef BASIN_CLI_REPORT_INPUTS_H
#define BASIN_CLI_REPORT_INPUTS_H

#include "cli/options.h"
#include "cli/page.h"

/* Fills page->results, files, sides and missing from the operands of the report that goes to
   `path`. */
int cli_report_inputs(const cli_arguments *arguments, const char *path, cli_page *page);

int cli_page_add(cli_page *page, basin_result **result, const char *file, int side);
int cli_page_miss(cli_page *page, const char *format, ...) CLI_PRINTF(2, 3);

/* report_runs.c: computes what the folder `results` does not hold yet of the runs, stores it there,
   and adds all of it to the page; what could not be had is missing, in words. */
int cli_report_runs(const cli_arguments *arguments, char *const *runs, size_t count,
                    const char *results, cli_page *page);

/* report_held.c: the stored result, where it is of this command line and of the same bytes of every
   input, and no file in the folders of its operands is newer; else *out is NULL. */
int cli_report_held(const cli_arguments *command, const char *path, basin_result **out);

#endif
