/* A run that is still being written: its checkpoints are measured as they land, and one file holds
 * the track of all of them, as `track` would compute it. That file is the whole state: whoever
 * watches the run again with the same options goes on from it. */
#ifndef BASIN_CLI_WATCH_H
#define BASIN_CLI_WATCH_H

#include <sys/types.h>
#include <time.h>

#include "cli/rows.h"

typedef struct cli_stamp { /* by which a file is seen to change */
    ino_t           inode;
    off_t           size;
    struct timespec changed;
} cli_stamp;

typedef struct cli_watched { /* one checkpoint */
    char     *path;
    cli_stamp stamp;
    bool      there;    /* the file is in the folder, as far as is known */
    bool      measured; /* `rows` are of the file with that stamp, or of a file that is gone */
    bool      told;     /* that it cannot be read yet */
    cli_rows  rows;
    /* of the file whose rows were stored, until they are taken or it is measured anew; or NULL */
    char *digest;
} cli_watched;

typedef struct cli_watch {
    const char   *out;   /* the results file */
    const char   *run;   /* as typed */
    cli_arguments track; /* the command whose result it holds */
    char        **words; /* of that command */
    cli_rows      asked; /* what it asks for of each checkpoint */
    size_t        count;
    cli_watched  *files;     /* [count] in the order in which they were seen */
    basin_run    *open;      /* the folder as it was last; or NULL */
    char         *doubt;     /* of cli_run_open, about that */
    char         *note;      /* that was said last */
    uint64_t      listing;   /* of the folder at the last look */
    bool          unsettled; /* something in it may still be being written */
} cli_watch;

/* `own` [ended by NULL] are the options that `track` does not have. Reads what the results file
   holds, which must be of the same command. */
int  cli_watch_open(const cli_arguments *arguments, const char *const *own, cli_watch *out);
void cli_watch_close(cli_watch *watch);

/* What has landed since the last look is measured, and each checkpoint handed to `take`, whose
   failure is returned; then the results file is replaced. known: its rows were in the results file
   before. With `last` nothing is waited for: what cannot be read becomes a row that says why.
   *measured counts them. */
int cli_watch_look(cli_watch *watch, bool                                                 last,
                   int (*take)(void *payload, const cli_watched *file, bool known), void *payload,
                   size_t *measured);
/* How many checkpoints the results file has rows of. */
size_t cli_watch_count(const cli_watch *watch);

#endif
