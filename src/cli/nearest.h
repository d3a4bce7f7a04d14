/* What a misspelled name was meant to be. */
#ifndef BASIN_CLI_NEAREST_H
#define BASIN_CLI_NEAREST_H

#include <stddef.h>

/* Edits that make `name` of `typed`: a letter put in, left out, changed, or two neighbours swapped
   (optimal string alignment). */
size_t cli_edits(const char *typed, const char *name);
/* Near enough to be meant: at most a third of its letters are edited. */
size_t cli_edits_allowed(const char *name);

#endif
