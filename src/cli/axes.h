/* The directions of a slice as they are typed, and which options hold for which. */
#ifndef BASIN_CLI_AXES_H
#define BASIN_CLI_AXES_H

#include "cli/options.h"

typedef struct cli_axis { /* what was typed for one axis */
    const char          *along, *range, *grid, *scale, *bias, *normalise; /* NULL: not given */
    basin_direction_spec spec;                                            /* of along */
    double               from, to;
    basin_reach          reach; /* in place of these */
    size_t               points;
    basin_random_options random; /* but for orthogonal_to */
} cli_axis;

/* Options before the first --along hold for every axis, those after an --along for that one, those
   after the last of two for both with --both. What stands after the last of two while the other has
   none is refused, with both ways of writing it: CLI_USAGE. plane:A,B,C gives both axes. */
int cli_axes_read(const cli_arguments *arguments, cli_axis axes[2], size_t *count);
/* Of a plane that --plane chooses: range, never automatic, and grid of both axes; without --range
   from = to = NAN. */
int cli_axes_of_plane(const cli_arguments *arguments, cli_axis *out);

#endif
