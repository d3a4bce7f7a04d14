/* Options by a table: one list of names, kinds and help lines gives parsing, checking, `--help` and
   the provenance. */
#ifndef BASIN_CLI_OPTIONS_H
#define BASIN_CLI_OPTIONS_H

#include "cli/cli.h"

typedef enum cli_option_kind {
    CLI_FLAG,
    CLI_TEXT,
    CLI_WHOLE,    /* a whole number, signed           */
    CLI_REAL,     /* NaN and Inf included: commands and the library judge */
    CLI_REALS,    /* separated by commas              */
    CLI_RANGE,    /* FROM:TO, or auto[:FACTOR|:+RISE]  */
    CLI_VIEW,     /* AZIMUTH:ELEVATION               */
    CLI_BYTES,    /* 512M, 4G                         */
    CLI_DURATION, /* 90s, 10m, 2h                   */
    CLI_CHOICE,   /* one of argument's words, a|b|c   */
    CLI_SCALE     /* unit | natural | a number        */
} cli_option_kind;

struct cli_option {
    const char     *name; /* long form; a name of one letter is a short option */
    cli_option_kind kind;
    const char     *argument; /* as shown by help */
    const char     *help;
    /* where and how results go, and how many threads: no part of what was computed */
    bool outward;
};

typedef struct cli_given { /* one option as typed */
    const cli_option *option;
    const char       *text; /* NULL for flags */
} cli_given;

struct cli_arguments {
    const cli_command *command;
    size_t             given_count, operand_count;
    cli_given         *given;    /* in the order typed */
    char             **operands; /* borrowed from argv */
};

/* argv[0] is the command's name. CLI_USAGE with one line for anything that the tables do not
   allow. */
int  cli_arguments_parse(const cli_command *command, int argc, char **argv, cli_arguments *out);
void cli_arguments_clear(cli_arguments *arguments);

/* What a value of the option has to be, NULL where `text` is that. */
const char *cli_option_wants(const cli_option *option, const char *text);

/* The last one given counts. Asking for an option that the command does not have is an error of
   ours: assertion. */
bool        cli_has(const cli_arguments *a, const char *name);
const char *cli_text(const cli_arguments *a, const char *name, const char *fallback);
double      cli_real(const cli_arguments *a, const char *name, double fallback);
/* Not negative, else CLI_FAILED. */
int    cli_size(const cli_arguments *a, const char *name, size_t fallback, size_t *out);
int    cli_reals(const cli_arguments *a, const char *name,
                 double **values /* caller frees; NULL if not given */, size_t *count);
size_t cli_bytes(const char *text);   /* of a checked CLI_BYTES; SIZE_MAX when it does not fit */
double cli_seconds(const char *text); /* of a checked CLI_DURATION */
void   cli_range(const char *text, double *from, double *to); /* of a CLI_VIEW, too */

void cli_help(const cli_command *command, FILE *out);

#endif
