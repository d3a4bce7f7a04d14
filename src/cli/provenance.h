/* Where a result comes from: the command line, the files read with their digests, the place where it was typed. */
#ifndef BASIN_CLI_PROVENANCE_H
#define BASIN_CLI_PROVENANCE_H

#include "cli/options.h"

/* Version, build, BLAS, seed, precision and the command line without what goes outward (-o, --json, --plot, --threads). */
int cli_provenance_create(const cli_arguments *arguments, basin_provenance **out);
int cli_provenance_input(basin_provenance *provenance, const char *role, const char *path, const char *digest);
int cli_provenance_point(basin_provenance *provenance, const char *point);
/* The loss, or «several» where another one is there already. */
int cli_provenance_loss(basin_provenance *provenance, const char *loss);
/* The statistics of BatchNorm, of the first checkpoint that has any. */
int cli_provenance_bn(basin_provenance *provenance, const char *bn);
/* What depends on where the result goes and when: the directory relative to `path`, threads, date, seconds. */
int cli_provenance_finish(basin_provenance *provenance, const char *path, double seconds);

#endif
