/* What `track` prints of a run below its table: what was asked for in addition, how the top
   eigenvectors turn, and the phases. */
#ifndef BASIN_CLI_TRACK_MORE_H
#define BASIN_CLI_TRACK_MORE_H

#include <stdio.h>

#include "basin.h"

/* Of the rows `first` to `first + count`, those of one run. */
void cli_track_print_more(const basin_track *track, size_t first, size_t count, FILE *out);

#endif
