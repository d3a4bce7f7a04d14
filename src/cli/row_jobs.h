/* The checkpoints whose rows `track` and `compare` want, measured side by side: each becomes a
   table of its own, and the caller joins these in the order that it likes. Runs are counted as the
   operands are. */
#ifndef BASIN_CLI_ROW_JOBS_H
#define BASIN_CLI_ROW_JOBS_H

#include "cli/rows.h"

typedef struct cli_row_job { /* one checkpoint */
    size_t      run;
    const char *path;   /* borrowed */
    bool        glance; /* a row of cli_rows_glance */
    /* Rows [known_count] that it had when its bytes had that digest: they are taken, not measured,
       if it still has. Borrowed; NULL: none */
    basin_row        *known;
    size_t            known_count;
    const char       *digest;
    bool              last; /* of its run, and the first of its jobs: cli_row_jobs.turning */
    cli_rows          found;
    cli_gauge         gauge; /* while it is being measured */
    basin_eigenspace *space; /* its top eigenvectors, until those after it were held against them */
    size_t            turn_count;
    basin_turn       *turns;  /* of its raw point, where that is asked for */
    basin_layers      layers; /* likewise */
    bool              opened;
    int               status; /* and its line: of this job alone */
    char             *message;
} cli_row_job;

typedef struct cli_row_jobs {
    size_t       count, room;
    cli_row_job *jobs;
    /* top eigenvectors are held against those of the checkpoint before and of the last one: jobs of
       a run follow each other, and its last checkpoint is the first of them */
    bool turning;
} cli_row_jobs;

int cli_row_jobs_add(cli_row_jobs *jobs, size_t run, const char *path, bool glance);
/* Measures all as `rows` were asked for (cli_rows_start). The first failure in order is the one
   told; a checkpoint that cannot be measured is none, but a row that says so. */
int  cli_row_jobs_run(const cli_arguments *arguments, const cli_rows *rows, basin_run *const *runs,
                      cli_row_jobs *jobs);
void cli_row_jobs_clear(cli_row_jobs *jobs);

#endif
