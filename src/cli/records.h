/* What is saved of each run, before anything is measured: rows of records, from which the library
   chooses what a comparison measures. */
#ifndef BASIN_CLI_RECORDS_H
#define BASIN_CLI_RECORDS_H

#include "cli/options.h"

typedef struct cli_records {
    size_t        run_count, count;
    size_t       *first;   /* [run_count + 1] of each run's checkpoints */
    basin_row    *rows;    /* [count] by run, then in the order of its folder */
    const char  **paths;   /* [count] borrowed from the runs */
    basin_choice *choices; /* [count] NONE until they are made */
} cli_records;

/* names, runs [count]: borrowed. Of each run the last checkpoint that can be read is read whole and
   has its record in full; the others have their step, their gradient evaluations, and its method
   and seed. A last one that cannot be read or is not finite is missing. */
int  cli_records_read(const cli_arguments *arguments, char *const *names, basin_run *const *runs,
                      size_t count, cli_records *out);
void cli_records_clear(cli_records *records);

#endif
