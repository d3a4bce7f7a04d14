/* --max and --min, the limits that `gate` and `watch` hold measures against. */
#ifndef BASIN_CLI_LIMITS_H
#define BASIN_CLI_LIMITS_H

#include "cli/options.h"

#define CLI_LIMIT_OPTIONS                                                                         \
    {"max", CLI_TEXT, "NAME=X",                                                                   \
     "a measure may be at most X, a number or an expression of lr, momentum, rho, weight_decay, " \
     "batch_size, step, epoch, P and N, e.g. 'lambda_max<=2/lr'; several times",                  \
     false},                                                                                      \
    {                                                                                             \
        "min", CLI_TEXT, "NAME=X", "or must be at least X, e.g. 'test_accuracy>=0.9'", false      \
    }

typedef struct cli_limits {
    size_t       count;
    basin_limit *limits; /* [count] in the order typed */
} cli_limits;

/* CLI_USAGE for one that cannot be read. */
int  cli_limits_read(const cli_arguments *arguments, cli_limits *out);
void cli_limits_clear(cli_limits *limits);

/* Names of measures of a gate in --measures, with commas between. CLI_USAGE for one that there is
   not; caller frees. */
int cli_measures_read(const cli_arguments *arguments, size_t **measures, size_t *count);

/* «[1.2, 1.3], the lower end proven», «exact»: what is known of an answer's value. */
const char *cli_answer_ends(const basin_answer *answer);

#endif
