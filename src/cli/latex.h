/* --latex: tables and figures as snippets of LaTeX, to be \input. */
#ifndef BASIN_CLI_LATEX_H
#define BASIN_CLI_LATEX_H

#include "cli/options.h"
#include "cli/table.h"

/* Fails when such a file cannot be written to `path`, whose name must end in .tex. */
int cli_latex_check(const char *path);
/* The tables that `text` holds where they say, as booktabs; what stands between two tables is the
   caption of the second, and what stands behind the last a comment. */
int cli_latex_tables(const char *path, const cli_arguments *arguments, const char *text,
                     const cli_kept_tables *tables);
/* A float with the figure's file, which `path` finds from its own folder, and its caption. */
int cli_latex_figure(const char *path, const char *figure, const char *caption);

#endif
