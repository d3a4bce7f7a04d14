/* Do several runs hold the same network, loss and data? Only then are their measures held against each other. */
#ifndef BASIN_CLI_ALIKE_H
#define BASIN_CLI_ALIKE_H

#include "cli/options.h"

typedef struct cli_kind { /* of one run, by its last checkpoint that can be read; all NULL if none can */
    const char *run;     /* borrowed */
    char       *network; /* one line for each block of parameters («fc1.weight [32, 64]»), then one for each node's op */
    char       *loss;    /* in full, with its settings */
    char       *method;  /* "" if not recorded */
    size_t      parameters;
    int64_t     seed;
    char        data[65]; /* digest; "" if none, or if --data stands for all */
} cli_kind;

int  cli_kind_read(const cli_arguments *arguments, const char *name, const basin_run *run, cli_kind *out);
void cli_kind_clear(cli_kind *kind);

/* Fails with the first two runs that differ in network or loss, or in data at an equal seed (these would be paired). */
int cli_kinds_demand(const cli_kind *kinds, size_t count);
/* The same in words for a note, and data that differ between runs that no seed tells apart. *out = NULL if all is well; freed with
   basin_free. */
int cli_kinds_remark(const cli_kind *kinds, size_t count, char **out);

#endif
