/* Of a folder of checkpoints: the recorded losses in one line. */
#ifndef BASIN_CLI_SPARKLINE_H
#define BASIN_CLI_SPARKLINE_H

#include "cli/terminal.h"

/* Of each folder with at least two checkpoints, in their order. `batch` holds results of info. */
void cli_sparklines_print(const cli_batch *batch, const cli_terminal *terminal);

#endif
