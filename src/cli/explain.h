/* Verdicts in plain words. */
#ifndef BASIN_CLI_EXPLAIN_H
#define BASIN_CLI_EXPLAIN_H

#include "cli/cli.h"

/* «sam against gd: supported», then a sentence a line, indented. */
void cli_explain_print(const basin_comparison *comparison, const basin_conclusion *conclusion,
                       FILE *out);
/* Whence it is known which measures rescaling leaves alone; a line, of all verdicts. */
void cli_explain_invariance(const basin_comparison *comparison, FILE *out);

#endif
