/* Folders as runs: one training each, or refused with what is there. */
#ifndef BASIN_CLI_RUNS_H
#define BASIN_CLI_RUNS_H

#include "cli/options.h"

#define CLI_RUN_OPTION                                                                             \
    {                                                                                              \
        "run", CLI_TEXT, "ID",                                                                     \
            "which training, of a folder of several: OLDEST, NEWEST, an identity, a file, or ALL " \
            "as "                                                                                  \
            "one",                                                                                 \
            false                                                                                  \
    }

/* The run that a folder or file holds. A folder of several trainings is refused with their names
   and files, unless --run says which. *doubt: what looks like two trainings but need not be, in
   words, freed with basin_free; NULL if nothing does. */
int cli_run_open(const cli_arguments *arguments, const char *path, basin_run **out, char **doubt);

/* The checkpoints of the same training in the folder of the checkpoint `path`. */
int cli_run_beside(const char *path, basin_run **out);
/* Warns where the folder of `path` holds several trainings, unless it was the last one warned
   of. */
int cli_warn_of_folder(const char *path);
/* Warns where `other` lies in the folder of `path` and is of another training by what they record
   without identities, which a slice says itself. */
int cli_warn_of_other(const char *path, const char *other);

#endif
