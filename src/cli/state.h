/* --state FILE: what a command has computed is kept there while it works, and the same command goes
   on from it. One of the process; without --state everything here does nothing. */
#ifndef BASIN_CLI_STATE_H
#define BASIN_CLI_STATE_H

#include "cli/options.h"

/* Opens the file, or begins it, and says on stderr what is there. */
int cli_state_open(const cli_arguments *arguments);
/* The objective's results go into it and come from it; `identity` as basin_objective_remember.
   Refused where its disk has room for few of them. */
int cli_state_attach(basin_objective *objective, const char *identity);
/* The files that a result comes from, each with its digest, must be those of before. */
int cli_state_inputs(const basin_provenance *provenance);
/* CLI_FAILED once something could not be written. */
int cli_state_check(void);
/* After the work ended with `status`: what is done needs no state, which is removed; of what is not
   done, the last line says how it goes on. Returns the status. */
int cli_state_end(int status);
/* For --dry-run: the bytes that it would take, and those that the disk has. */
void cli_state_forecast(const cli_arguments *arguments, const basin_forecast *forecast, FILE *out);

#endif
