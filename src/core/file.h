/* Outputs appear whole or not at all: written beside the target under a temporary name, then
   renamed into place. */
#ifndef BASIN_CORE_FILE_H
#define BASIN_CORE_FILE_H

#include "core/status.h"

/* The temporary name in `out` (caller frees), PATH.PID.part, made and locked here; what killed
   processes have left of the same output is removed. BASIN_ERR_IO early when the folder is missing
   or not writable. */
basin_status basin_file_begin(const char *path, char **out);
/* Flushes to disk and renames; on failure removes the temporary file. */
basin_status basin_file_commit(const char *temporary, const char *path);
/* Removes the temporary file; NULL-safe. Also frees and clears the name. */
void basin_file_abandon(char **temporary);
/* basin_file_emergency (basin.h) removes the file being written from a signal handler;
   basin_file_digest names a file's content. */

#endif
