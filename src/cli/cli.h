/* What every command shares: how it fails, what a command is, and what it hands back.
 *
 * Functions that can fail return an exit status. The one line that explains a failure is kept until
 * main prints it, so that `track` and `compare` can list it beside a checkpoint and go on.
 */
#ifndef BASIN_CLI_CLI_H
#define BASIN_CLI_CLI_H

#include <stdio.h>

#include "basin.h"

#if defined(__GNUC__)
#define CLI_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define CLI_PRINTF(text, first)
#endif

enum {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_VIOLATED = 3,  /* of gate and watch: a limit is */
    CLI_UNDECIDED = 4, /* of gate: whether one is cannot be told with what may be spent */
    CLI_INTERRUPTED = 130
};

int cli_fail(const char *format, ...) CLI_PRINTF(1, 2);  /* keeps the line; CLI_FAILED */
int cli_usage(const char *format, ...) CLI_PRINTF(1, 2); /* keeps the line; CLI_USAGE */
/* keeps the line, the last word of work that was done; returns the status */
int cli_conclude(int status, const char *format, ...) CLI_PRINTF(2, 3);
/* keeps the library's line; CLI_OK, CLI_FAILED or CLI_INTERRUPTED */
int         cli_library(basin_status status);
const char *cli_message(void);
/* After a failure: puts «path: » before the line unless it names the file already, or its data
   file. Returns the status. */
int  cli_name_file(int status, const char *path);
void cli_warn(const char *format, ...) CLI_PRINTF(1, 2); /* «basin: warning: …» on stderr */
void cli_note(const char *format, ...) CLI_PRINTF(1, 2); /* «basin: …» on stderr */

#define CLI_TRY(call)                               \
    do {                                            \
        if ((status = (call)) != CLI_OK) goto done; \
    } while (0)
#define CLI_LIBRARY(call) CLI_TRY(cli_library(call))
#define CLI_CHECK(condition, ...)           \
    do {                                    \
        if (!(condition)) {                 \
            status = cli_fail(__VA_ARGS__); \
            goto done;                      \
        }                                   \
    } while (0)
#define CLI_WANT(condition, ...)             \
    do {                                     \
        if (!(condition)) {                  \
            status = cli_usage(__VA_ARGS__); \
            goto done;                       \
        }                                    \
    } while (0)
/* Room for `count` things, zeroed, released with basin_free. */
#define CLI_ALLOC(pointer, count)                                            \
    CLI_CHECK(((pointer) = basin_alloc((count), sizeof *(pointer))) != NULL, \
              "out of memory: %zu x %zu bytes", (size_t)(count), sizeof *(pointer))

typedef struct cli_arguments cli_arguments;
typedef struct cli_source    cli_source;
typedef struct cli_option    cli_option;

typedef struct cli_batch { /* what a command computed */
    size_t         count;
    basin_result **results;
} cli_batch;

/* Takes ownership of the result on success. */
int cli_batch_take(cli_batch *batch, basin_result **result);
/* Takes ownership of value and provenance on success. */
int  cli_batch_add(cli_batch *batch, basin_result_kind kind, void *value,
                   basin_provenance *provenance);
void cli_batch_clear(cli_batch *batch);

enum {
    CLI_COMMON_RESULT = 1, /* --json -o --plot */
    CLI_COMMON_DATA = 2,   /* --data --split … */
    CLI_COMMON_WORK = 4,   /* --threads --memory */
    /* --polish --average: one checkpoint, measured at the point they lead to */
    CLI_COMMON_POINT = 8,
    CLI_COMMON_STATE = 16, /* --state: long work that goes on where it was interrupted */
    CLI_COMMON_TIME = 32   /* --time: it can end early with what there is */
};

/* One command. Computing ones fill either `measure` (one result for each checkpoint named) or
   `compute` (all at once), and `print`; the others `run`. */
typedef struct cli_command {
    const char       *name;
    const char       *usage; /* after «basin » */
    const char       *about;
    const char       *examples;
    const cli_option *options; /* its own, ended by one without a name; NULL if none */
    unsigned          common;
    size_t            least, most; /* operands */
    /* works on the test split as well, where there is one and --split names none */
    bool              test_too;
    basin_result_kind kind;
    /* the checkpoint that is measured where all operands make one result (caller frees); NULL: each
       operand is a checkpoint of its own */
    int (*centre)(const cli_arguments *arguments, char **path);
    /* where its options choose another kind of result; NULL: `kind` */
    basin_result_kind (*kind_of)(const cli_arguments *arguments);
    /* of --measures of rows where it is not given; NULL: core */
    const char *measures;
    /* what can be refused before anything is read; NULL: nothing */
    int (*check)(const cli_arguments *arguments);
    int (*measure)(const cli_arguments *arguments, cli_source *source, void **out);
    /* what `measure` costs: several checkpoints are measured side by side; NULL: one after the
       other. For commands without CLI_COMMON_POINT. */
    void (*cost)(const cli_source *source, basin_job_cost *out);
    /* --dry-run for `measure`; NULL: there is none */
    int (*forecast)(const cli_arguments *arguments, cli_source *source, basin_forecast **out);
    /* from a stored result in place of a checkpoint, with those of its options that are named, the
       last NULL; what it takes out of the result is gone from there. NULL: it cannot */
    int (*derive)(const cli_arguments *arguments, basin_result *stored, void **out);
    const char *const *derive_options;
    int (*compute)(const cli_arguments *arguments, cli_batch *out);
    void (*print)(const basin_result *result, FILE *out);
    /* exit status once everything is printed; NULL: CLI_OK */
    int (*verdict)(const basin_result *result);
    int (*run)(const cli_arguments *arguments);
} cli_command;

/* How many checkpoints are measured, and the i-th (caller frees). */
size_t cli_measured_count(const cli_arguments *arguments);
int    cli_measured(const cli_arguments *arguments, size_t i, char **path);
/* Runs a parsed computing command up to its results: what the command line and `verify` have in
   common. */
int cli_compute(const cli_arguments *arguments, cli_batch *out);

const cli_command *cli_command_find(const char *name); /* NULL if there is none */
/* what a misspelled name may mean; NULL if none is near */
const char *cli_command_nearest(const char *name);
void        cli_commands_list(FILE *out); /* a line each: name and what it is for */

#endif
