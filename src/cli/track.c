#include "cli/track.h"

#include <string.h>

size_t cli_track_run_length(const basin_row *rows, size_t count)
{
    size_t n = 1;

    while (n < count && strcmp(rows[0].run, rows[n].run) == 0) n++;
    return n;
}

/* The phases of rows `first` to `first + count`. */
static int add_phases(basin_track *track, size_t first, size_t count)
{
    int          status = CLI_OK;
    basin_phase *found = NULL, *all = NULL;
    size_t       more = 0;

    CLI_LIBRARY(basin_phases_find(track->rows + first, count, &found, &more));
    CLI_ALLOC(all, track->phase_count + more);
    if (track->phase_count > 0) memcpy(all, track->phases, track->phase_count * sizeof *all);
    for (size_t i = 0; i < more; i++) {
        all[track->phase_count + i] = found[i];
        all[track->phase_count + i].first += first, all[track->phase_count + i].last += first;
    }
    basin_free(track->phases);
    track->phases = all, track->phase_count += more;
    more = 0; /* they are the track's */
done:
    basin_phases_free(&found, more);
    return status;
}

int cli_track_find_phases(basin_track *track)
{
    int status = CLI_OK;

    for (size_t i = 0, n; i < track->row_count; i += n) {
        n = cli_track_run_length(track->rows + i, track->row_count - i);
        CLI_TRY(add_phases(track, i, n));
    }
done:
    return status;
}
