/* Where a run first comes down to a training loss, for --at-loss. The checkpoints are looked at in the order of their steps, by their loss
 * alone, until one is at or below it.
 */
#ifndef BASIN_CLI_CROSSING_H
#define BASIN_CLI_CROSSING_H

#include "cli/rows.h"

typedef struct cli_crossing {
    size_t at, before;   /* entries of the run: the first at or below, and the one looked at before it; SIZE_MAX where there is none */
    size_t lowest_entry; /* of those looked at, the one of least loss; SIZE_MAX if none has a loss */
    double lowest;
} cli_crossing;

/* Of every `every`-th entry and the last. */
int cli_crossing_find(const cli_arguments *arguments, cli_rows *rows, const basin_run *run, size_t every, double loss, cli_crossing *out);
/* Fails where no run comes down to it, with how far each got. */
int cli_crossings_demand(char *const *names, basin_run *const *runs, const cli_crossing *crossings, size_t count, double loss);
/* The row of a run that does not come down to it. */
int cli_crossing_add_missing(cli_rows *rows, const char *name, const basin_run *run, const cli_crossing *crossing, double loss);
/* Rows [first, middle) are of a checkpoint above a training loss and [middle, count) of the next of the same run, at or below it: one row is
   left for each kind of point and part of the latter, between the two where the raw ones have that loss, or the latter as it is where there
   is nothing to interpolate. *outside counts these. */
int cli_crossing_interpolate(cli_rows *rows, size_t first, size_t middle, double loss, size_t *outside);

#endif
