/* A figure on its way into a file. */
#ifndef BASIN_CLI_FIGURE_FILE_H
#define BASIN_CLI_FIGURE_FILE_H

#include "cli/cli.h"

/* Writes it, and warns where its texts are in each other's way. */
int cli_figure_write(const basin_figure *figure, const char *path);

#endif
