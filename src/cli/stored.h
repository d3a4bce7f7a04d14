/* Commands that go on from a stored result, where that holds all that they need: nothing is
   measured again. */
#ifndef BASIN_CLI_STORED_H
#define BASIN_CLI_STORED_H

#include "cli/cli.h"

/* Where `path` is a stored result and the command can go on from one, adds what follows to the
   batch (*derived). Refuses options that would need the checkpoint. */
int cli_stored_derive(const cli_arguments *arguments, const char *path, bool *derived,
                      cli_batch *batch);

#endif
