/* slice --tolerance, --range auto and --convexity: what they ask for, and what came of it. */
#ifndef BASIN_CLI_ADAPTIVE_H
#define BASIN_CLI_ADAPTIVE_H

#include "cli/options.h"

/* Fills the request's tolerance and convexity; CLI_USAGE where what was typed is none. */
int cli_adaptive_read(const cli_arguments *a, basin_slice_request *request);
/* auto, auto:FACTOR (10 where none is typed) or auto:+RISE; false, and nothing filled, for a range
   from one number to another. */
bool cli_reach_read(const char *text, basin_reach *out);
/* Points, cells and errors; nothing of a slice without either. */
void cli_adaptive_print(const basin_slice *slice, FILE *out);

#endif
