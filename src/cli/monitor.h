/* How far long work is, and Ctrl-C: the first stops the work in order, the second at once.
 *
 * On a terminal a line is drawn on stderr and drawn again five times a second, from half a second
 * of a command on; where stderr is a file, a line is written every 30 seconds, so a command that
 * takes less writes none.
 */
#ifndef BASIN_CLI_MONITOR_H
#define BASIN_CLI_MONITOR_H

#include "cli/cli.h"

void cli_monitor_start(void);
/* «checkpoint 3 of 24» before the stages that follow; total 0 takes it away. */
void cli_monitor_part(const char *what, size_t index, size_t total);
/* Before anything else is printed: nothing is drawn from now on until the next stage or part. */
void cli_monitor_clear(void);
bool cli_monitor_terminal(void);
/* CLI_INTERRUPTED once Ctrl-C was pressed: for loops that are long without one long call. */
int cli_monitor_check(void);

#endif
