/* Rows of measures for `track` and `compare`: of each checkpoint one at its weights, one on the
 * floor of the valley below where its method hovers (--polish), one at the mean of consecutive
 * checkpoints (--average); on a subset each also on two halves of the samples, which tell the error
 * of that choice. What cannot be measured becomes a row that says why, and the work goes on.
 */
#ifndef BASIN_CLI_ROWS_H
#define BASIN_CLI_ROWS_H

#include "cli/gauge.h"
#include "cli/point.h"
#include "cli/runs.h"

/* Of a row at a checkpoint; those of tables of rows go on. */
#define CLI_ROW_OPTIONS                                                                           \
    CLI_SPECTRAL_OPTIONS("1; with --top: 0"), CLI_SANE_OPTIONS,                                   \
        {"rho", CLI_REAL, "R",                                                                    \
         "radius of every rise of the loss, the same for all (default: 0.05)", false},            \
        {"polish", CLI_WHOLE, "K",                                                                \
         "also after K plain gradient steps (default: 20, where a method hovers: SAM and MSAM)",  \
         false},                                                                                  \
        {"polish-step", CLI_REAL, "X",                                                            \
         "size of these steps (default: the learning rate that each checkpoint records)", false}, \
        {"no-polish", CLI_FLAG, NULL, "at the weights as they are only", false}, CLI_RUN_OPTION,  \
        {"measures", CLI_TEXT, "NAME,…",                                                          \
         "also these, which cost more: critical_sharpness | batch_sharpness | asam | … | all, " \
         "or core, which adds none of them (default: core; compare: adaptive_average, "           \
         "adaptive_worst_l2, "                                                                    \
         "feature_rank and neural_collapse)",                                                     \
         false},                                                                                  \
        {"batches", CLI_WHOLE, "N", "mini-batches of batch_sharpness (default: 20)", false},      \
    {                                                                                             \
        "batch-size", CLI_WHOLE, "B", "samples of each (default: as recorded, else 128)", false   \
    }

#define CLI_ROWS_OPTIONS                                                                          \
    CLI_ROW_OPTIONS,                                                                              \
        {"average", CLI_WHOLE, "M",                                                               \
         "also at the mean of the weights of M checkpoints of consecutive steps, where they are " \
         "saved",                                                                                 \
         false},                                                                                  \
        {"subspace", CLI_WHOLE, "K",                                                              \
         "top eigenvectors of these energies, and of how track sees them turn (default: 5)",      \
         false},                                                                                  \
    {                                                                                             \
        "at-loss", CLI_REAL, "L",                                                                 \
            "at the training loss L instead of a step: between the two checkpoints where a run "  \
            "first comes down to it",                                                             \
            false                                                                                 \
    }

typedef struct cli_rows {
    size_t            count, room, missing;
    basin_row        *rows;
    cli_test_parts   *parts; /* [room] beside the rows */
    basin_provenance *provenance;
    cli_point         point; /* what was asked for */
    /* of the run whose rows are being added; borrowed; NULL: not known */
    const basin_checkpoint *start;
    bool                    polish_none; /* --no-polish */
    /* every run, by --polish, or because the caller holds them against one that hovers */
    bool     polish_all;
    bool     test_parts; /* are wanted by the caller */
    unsigned request;    /* of basin_need, by --measures */
    /* --data: nothing is measured on the data that a checkpoint records */
    bool other_data;
    /* checkpoints whose BatchNorm statistics belong to other weights */
    size_t stray;
    /* the same in both passes of SAM */
    size_t half;
    size_t stale;      /* means of weights with the statistics of their last */
    size_t unpolished; /* checkpoints without a learning rate */
    size_t averaged, not_averaged;
    char  *why_not_averaged; /* the first of those; NULL if none */
    char  *note;             /* of cli_rows_note; NULL if none */
    bool   quiet;            /* notes are kept and not said */
    /* about one checkpoint, a warning once its rows are joined; NULL if none */
    char *doubt;
} cli_rows;

int cli_rows_start(const cli_arguments *arguments, cli_rows *out);
/* An empty table that is asked for the same. */
int cli_rows_like(const cli_arguments *arguments, const cli_rows *asked, cli_rows *out);
/* The rows of `part` become the last of `rows`, with what is to be noted of them. */
int cli_rows_join(cli_rows *rows, cli_rows *part);
/* Likewise, but they are only lent, and `rows` is to be cleared with cli_rows_return. */
int  cli_rows_lend(cli_rows *rows, const cli_rows *part);
void cli_rows_return(cli_rows *rows);
/* cli_run_open; a doubt goes along with the rows as a note. */
int cli_rows_open(const cli_arguments *arguments, cli_rows *rows, const char *path,
                  basin_run **out);
/* All rows of an open checkpoint. */
int cli_rows_add(cli_rows *rows, cli_gauge *gauge, const char *run, const char *path);
/* Those [count] that an open checkpoint had when it was measured before: they become the last of
   `rows`, which counts what is to be noted of them. */
int cli_rows_add_known(cli_rows *rows, const cli_gauge *gauge, basin_row *known, size_t count);
/* What that takes, about; zeros where it is not known. */
void cli_rows_cost(const cli_rows *rows, const cli_gauge *gauge, basin_job_cost *out);
/* Only the record, the training loss and |theta|: enough to tell whether two runs started at the
   same weights on the same data. */
int cli_rows_glance(cli_rows *rows, const cli_source *source, const char *run, const char *path);
/* A row of what is known of the checkpoint, missing for `reason`. */
int cli_rows_add_missing(cli_rows *rows, const char *run, const char *path, const char *reason);
/* The training loss alone, without a row; NAN where it cannot be had. Its files join the inputs. */
int cli_rows_look(const cli_arguments *arguments, cli_rows *rows, const char *path, double *loss);
/* A warning on stderr that also goes along with the rows. */
int cli_rows_note(cli_rows *rows, const char *text);
/* Before handing over: at least one row was measured; the provenance says at which point, the note
   whose statistics. */
int cli_rows_finish(cli_rows *rows);
/* For a comparison: *count parts of the test set and [rows, *count] of each; NULL where none were
   measured. The caller frees. */
int  cli_rows_test_parts(const cli_rows *rows, size_t *count, double **loss, double **accuracy);
void cli_rows_clear(cli_rows *rows);

/* Exit status of a table of rows once it is printed: CLI_FAILED where --time left some out. */
int cli_rows_verdict(const basin_result *result);
/* «missing: FILE: why» for each missing row. */
void cli_rows_print_missing(const basin_row *rows, size_t count, FILE *out);
/* Where in its training a checkpoint stands: «step 40», «epoch 3» where the step is not known,
   else its file. Returns text. */
enum { CLI_PLACE = 160 };
const char *cli_place(int64_t step, double epoch, const char *path, char text[CLI_PLACE]);

#endif
