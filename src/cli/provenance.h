/* Where a result comes from: the command line, the files read with their digests, the place where
   it was typed. */
#ifndef BASIN_CLI_PROVENANCE_H
#define BASIN_CLI_PROVENANCE_H

#include "cli/options.h"

/* Version, build, BLAS, seed, precision and the command line without what goes outward (-o, --json,
   --plot, --threads). */
int cli_provenance_create(const cli_arguments *arguments, basin_provenance **out);
int cli_provenance_input(basin_provenance *provenance, basin_input_role role, const char *path,
                         const char *digest);
int cli_provenance_loss(basin_provenance *provenance, const basin_loss_spec *loss);
/* What a table of rows has from the provenance of one of its checkpoints: the inputs; */
int cli_provenance_take_inputs(basin_provenance *rows, const basin_provenance *one);
/* and the settings that all rows share: weight decay, BatchNorm's statistics, of the first
   checkpoint that has any, and the loss, or «several» where they differ. */
int cli_provenance_take_settings(basin_provenance *rows, const basin_provenance *one);
/* What depends on where the result goes and when: the directory relative to `path`, threads, date,
   seconds. */
int cli_provenance_finish(basin_provenance *provenance, const char *path, double seconds);

#endif
