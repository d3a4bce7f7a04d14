/* --plane: the plane of a slice that runs are drawn on. */
#ifndef BASIN_CLI_PLANE_H
#define BASIN_CLI_PLANE_H

#include "cli/axes.h"
#include "cli/source.h"

typedef struct cli_trail { /* a run, or single checkpoints, beside the plane */
    const char        *name;
    bool               joined;
    size_t             count;
    basin_checkpoint **checkpoints;
} cli_trail;

typedef struct cli_plane {
    size_t              count;
    cli_trail          *trails;   /* [count] */
    basin_path_request *requests; /* [count] */
    basin_direction    *directions[2];
    double              from[2], to[2];
} cli_plane;

/* Is --plane given? */
bool cli_plane_wanted(const cli_arguments *arguments);
/* Its text, and what stands beside it: CLI_USAGE. */
int cli_plane_check(const cli_arguments *arguments);
/* The checkpoint at the centre: the last one of the first run, or the first of three files. Caller
   frees with basin_free. */
int cli_plane_centre(const cli_arguments *arguments, char **out);
/* Reads all runs, which join the inputs, makes the directions and finds the range that covers all
   projections, but for --range. No pass over samples. Close with cli_plane_close. */
int  cli_plane_open(const cli_arguments *arguments, cli_source *source, cli_plane *out);
void cli_plane_close(cli_plane *plane);
/* The losses of all checkpoints by networks of their own, into the requests. */
int cli_plane_measure(const cli_source *source, cli_plane *plane);

#endif
