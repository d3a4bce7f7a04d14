/* What makes rows of whole runs a track: for `track` and `watch`. */
#ifndef BASIN_CLI_TRACK_H
#define BASIN_CLI_TRACK_H

#include "cli/cli.h"

/* How many rows, of at least one, are of the run that the first is of. */
size_t cli_track_run_length(const basin_row *rows, size_t count);
/* What each run did between its checkpoints becomes part of the track. */
int cli_track_find_phases(basin_track *track);

#endif
