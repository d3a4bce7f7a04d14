/* Where results go: files that -o, --plot, --csv and --latex name, and standard output. */
#ifndef BASIN_CLI_DELIVER_H
#define BASIN_CLI_DELIVER_H

#include "cli/options.h"

/* Everything about the outputs that can be known before the work. */
int cli_deliver_check(const cli_arguments *arguments);
/* Stores, draws and writes what is asked for; a failure of one leaves the others their chance.
   Returns the first failure, whose line is kept. */
int cli_deliver(const cli_arguments *arguments, const cli_batch *batch);
/* Prints the results, or what they would cost. */
int cli_deliver_print(const cli_arguments *arguments, const cli_batch *batch);

#endif
