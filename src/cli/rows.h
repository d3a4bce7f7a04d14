/* Rows of measures, one a checkpoint, for `track` and `compare`. A checkpoint that cannot be measured becomes a row that says
   why, and the work goes on. */
#ifndef BASIN_CLI_ROWS_H
#define BASIN_CLI_ROWS_H

#include "cli/spectral.h"

#define CLI_ROWS_OPTIONS \
    CLI_SPECTRAL_OPTIONS, CLI_SANE_OPTIONS, {"rho", CLI_REAL, "R", "radius of the one-step sharpness, the same for all (default: 0.05)", false}

typedef struct cli_rows {
    size_t            count, room, missing;
    basin_measures   *rows;
    basin_provenance *provenance;
    bool              undone, as_stored; /* some checkpoint's weights were */
    size_t            stray;             /* checkpoints whose BatchNorm statistics belong to other weights */
    char             *note;              /* of cli_rows_note; NULL if none */
} cli_rows;

int  cli_rows_start(const cli_arguments *arguments, cli_rows *out);
int  cli_rows_add(const cli_arguments *arguments, cli_rows *rows, const char *run, const char *path);
/* Only the record, the training loss and |theta|: enough to tell whether two runs started at the same weights on the same data. */
int  cli_rows_add_start(const cli_arguments *arguments, cli_rows *rows, const char *run, const char *path);
/* A warning on stderr that also goes along with the rows. */
int  cli_rows_note(cli_rows *rows, const char *text);
/* Before handing over: at least one row was measured; the provenance says at which point, the note whose statistics. */
int  cli_rows_finish(cli_rows *rows);
void cli_rows_clear(cli_rows *rows);

/* «missing: FILE: why» for each missing row. */
void cli_rows_print_missing(const basin_measures *rows, size_t count, FILE *out);
/* Only checkpoints, or an error that names the folder. */
int cli_run_open(const char *path, basin_run **out);

#endif
