/* The checkpoints of a command that prints a result for each, measured side by side. */
#ifndef BASIN_CLI_ABREAST_H
#define BASIN_CLI_ABREAST_H

#include "cli/cli.h"

/* All operands by the command's `measure`, their results in the order typed. The first failure in
   order is the one told; none is measured after it. */
int cli_abreast_measure(const cli_arguments *arguments, cli_batch *out);

#endif
