/* --draw: a small figure below the tables, in characters or as an image of a terminal that shows
   them. */
#ifndef BASIN_CLI_DRAWING_H
#define BASIN_CLI_DRAWING_H

#include "cli/options.h"

/* Prints it where it is wanted: on a terminal for results that are curves or planes, with --draw
   always or image wherever they go. */
int cli_drawing_print(const cli_arguments *arguments, const cli_batch *batch);

#endif
