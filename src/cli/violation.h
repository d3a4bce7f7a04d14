/* --on-violation CMD: a command of the user's that is told of a limit that was violated. */
#ifndef BASIN_CLI_VIOLATION_H
#define BASIN_CLI_VIOLATION_H

#include "cli/cli.h"

typedef struct cli_violation {
    const char         *checkpoint; /* file */
    const basin_row    *row;
    const basin_limit  *limit;
    double              bound;
    const basin_answer *answer;
} cli_violation;

/* Runs `command` by /bin/sh and waits for it. What happened is in its environment, as
   BASIN_CHECKPOINT, BASIN_STEP, BASIN_MEASURE, BASIN_LIMIT (as typed), BASIN_BOUND, BASIN_VALUE,
   BASIN_LOWER, BASIN_UPPER and BASIN_CERTAIN (yes | no), and never in its text. Its output goes to
   stderr. A command that fails is a warning. */
int cli_violation_tell(const char *command, const cli_violation *violation);

#endif
