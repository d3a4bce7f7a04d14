/* How far long work is, on a terminal only, and Ctrl-C: the first stops the work in order, the
   second at once. */
#ifndef BASIN_CLI_MONITOR_H
#define BASIN_CLI_MONITOR_H

#include "cli/cli.h"

void cli_monitor_start(void);
/* «checkpoint 3 of 24» before the stages that follow; total 0 takes it away. */
void cli_monitor_part(const char *what, size_t index, size_t total);
void cli_monitor_clear(void); /* before anything else is printed */
bool cli_monitor_terminal(void);
/* CLI_INTERRUPTED once Ctrl-C was pressed: for loops that are long without one long call. */
int cli_monitor_check(void);

#endif
