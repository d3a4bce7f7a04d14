/* Which samples are measured: of the training split all, some drawn by the seed, or the rows that a
 * file names; of the split `test` all or some drawn.
 */
#ifndef BASIN_CLI_SUBSET_H
#define BASIN_CLI_SUBSET_H

#include "cli/options.h"

typedef struct cli_subset {
    size_t      samples, test_samples; /* 0 = all */
    uint64_t    seed;                  /* that they are drawn with */
    const char *path;                  /* of --rows; borrowed; NULL without */
    size_t      count;
    size_t     *rows, *lines; /* [count] of the split, and where each stands in the file */
    char        digest[65];   /* of the file's bytes */
} cli_subset;

int  cli_subset_read(const cli_arguments *arguments, cli_subset *out);
void cli_subset_clear(cli_subset *subset);
/* Fails where a row of the file is none of the split, or stands twice, with file and line. */
int cli_subset_demand(const cli_subset *subset, const basin_split *split);
/* Sets what of `split` is taken. */
void cli_subset_choose(const cli_subset *subset, const char *split, basin_network_options *options);
/* Is it a choice among training samples? */
bool cli_subset_given(const cli_subset *subset);

#endif
