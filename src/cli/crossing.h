/* Where runs first come down to a training loss, for --at-loss. The checkpoints are looked at in
 * the order of their steps, by their loss alone, until one is at or below it; which ones then count
 * is the library's choice.
 */
#ifndef BASIN_CLI_CROSSING_H
#define BASIN_CLI_CROSSING_H

#include "cli/records.h"
#include "cli/rows.h"

/* Of every `every`-th checkpoint of each run and the last: their losses into the records, and the
   choices. Fails where no run comes down to it, with how far each got. */
int cli_crossings_find(const cli_arguments *arguments, cli_rows *rows, cli_records *records,
                       size_t every, double loss);
/* The checkpoint of a run that was chosen so; SIZE_MAX if there is none. */
size_t cli_records_find(const cli_records *records, size_t run, basin_choice choice);
/* The row of a run that does not come down to it. */
int cli_crossing_add_missing(cli_rows *rows, const char *name, const cli_records *records,
                             size_t run, double loss);
/* Rows [first, middle) are of a checkpoint above a training loss and [middle, count) of the next of
   the same run, at or below it: one row is left for each of the latter, between the two or as it is
   (basin_rows_interpolate). *standing counts those, beside the count before. */
int cli_crossing_interpolate(cli_rows *rows, size_t first, size_t middle, double loss,
                             size_t *standing);

#endif
