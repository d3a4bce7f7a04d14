/* What `gate` asks, and the other checkpoints that give it limits. */
#ifndef BASIN_CLI_GATE_H
#define BASIN_CLI_GATE_H

#include "cli/limits.h"
#include "cli/source.h"

typedef struct cli_gate { /* what was asked for */
    cli_limits         limits;
    size_t             measure_count;
    size_t            *measures; /* that a baseline and a baseline set give limits for */
    const char        *baseline; /* NULL: none */
    double             increase; /* over it */
    bool               relative;
    const char        *runs; /* pattern of folders; NULL: none */
    double             sigma;
    bool               strict;
    basin_gate_options options; /* of every checkpoint: alpha is its share of the whole chance */
    double             alpha;   /* the whole */
} cli_gate;

/* Judged before anything is read. */
int  cli_gate_read(const cli_arguments *arguments, cli_gate *out);
void cli_gate_clear(cli_gate *gate);

/* Measures the baseline; limits[i] is of gate->measures[i], and gets its question as well. Files
   join the source's inputs. *products: what that took. */
int cli_gate_baseline(const cli_arguments *arguments, const cli_gate *gate, cli_source *source,
                      basin_gated *limits, basin_question *questions, size_t *products);
/* Likewise the last checkpoint of each run of the baseline set, but for the run that the source
   belongs to. */
int cli_gate_runs(const cli_arguments *arguments, const cli_gate *gate, cli_source *source,
                  basin_gated *limits, basin_question *questions, size_t *products);
/* The answers [count] at the source's point. */
int cli_gate_ask(const cli_arguments *arguments, const cli_gate *gate, cli_source *source,
                 const basin_question *questions, size_t count, basin_answer *answers);

#endif
