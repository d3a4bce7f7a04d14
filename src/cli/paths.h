/* Where things are and whether they can be written, found out before the work. */
#ifndef BASIN_CLI_PATHS_H
#define BASIN_CLI_PATHS_H

#include <limits.h>

#include "cli/cli.h"

/* The folder of the file `path`, absolute, without links. */
int cli_folder_of(const char *path, char out[PATH_MAX]);
/* How to get from the folder `from` to `to`, both absolute: «.», «../..», «../data». */
int cli_relative(const char *from, const char *to, char *out, size_t size);

/* Fails when a results file cannot be written to `path`, or would replace anything but a results
   file, as a checkpoint or data. Leaves nothing. */
int cli_result_check(const char *path);
/* Fails when `path` cannot be written: its folder is missing, not writable, or it is a folder or a
   device itself. Leaves nothing, killed or not. */
int cli_output_check(const char *path);
/* Fails when a figure cannot be written to `path`, whose name must end in .pdf, .svg or .png.
   Leaves nothing. */
int cli_figure_check(const char *path);
/* Are both there, and one file? */
bool cli_same_file(const char *a, const char *b);
/* A folder that can be written into, made with its parents if it is not there. */
int cli_folder_make(const char *path);

/* Claims the folder for the one process that writes a run into it, until the release or the end of
   the process; refused while another one has it. */
int  cli_folder_claim(const char *folder, int *handle);
void cli_folder_release(const char *folder, int *handle /* -1: not claimed */);

#endif
