/* One operand of a report that is a run: what it is called, and its checkpoint looked at closer. */
#ifndef BASIN_CLI_REPORT_RUN_H
#define BASIN_CLI_REPORT_RUN_H

#include <limits.h>

#include "cli/cli.h"

enum { CLI_RUN_NAME = 160 };

typedef struct cli_report_run {
    basin_run *run;
    char       name[CLI_RUN_NAME]; /* in names of results */
    char       method[64];         /* "" unknown */
    bool       folder, closer;
    const char
        *path; /* of the checkpoint looked at closer; borrowed from the run; NULL: none reads */
    bool momentum;
    char spectrum[PATH_MAX]; /* the stored one, where it holds all eigenvalues; else "" */
} cli_report_run;

/* runs[i] of operands[i], once those before it are open; its name is none of theirs. */
int cli_report_run_open(char *const *operands, size_t i, cli_report_run *runs);
/* The checkpoint at that step, else the last one that can be read. */
void cli_report_run_choose(cli_report_run *run, int64_t step);

#endif
