/* The data of checkpoints that are opened one after the other: a file that several of them name is
   read, and its content digested, once. */
#ifndef BASIN_CLI_SHARED_DATA_H
#define BASIN_CLI_SHARED_DATA_H

#include "cli/cli.h"

/* As basin_checkpoint_dataset: the caller destroys what it gets. The last data set that was read is
   held here too, until another one is read or cli_data_release is called. */
int cli_data_open(const cli_arguments *arguments, const basin_checkpoint *ck, basin_dataset **out);
/* Reads those of the first of several checkpoints that will be opened by jobs side by side, so that
   they are no part of what one of these holds. What is wrong with it, its job will say. */
void cli_data_prepare(const cli_arguments *arguments, const char *path);
void cli_data_release(void);

#endif
