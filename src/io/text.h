/* Names and texts out of files end up in one-line messages, JSON and figures. */
#ifndef BASIN_IO_TEXT_H
#define BASIN_IO_TEXT_H

#include "core/status.h"

/* Valid UTF-8 (RFC 3629) without control characters. */
bool basin_text_plain(const char *text);
/* Can it be the path of an object below an HDF5 group: plain, not empty, no empty or «.»
   component? */
bool basin_text_path(const char *text);

/* A plain copy: U+FFFD for each byte outside a valid sequence and for control characters. NULL
   without memory. Caller frees. */
char *basin_text_clean(const char *text);

/* Plain text from which basin_text_restore makes the same bytes again: a path may hold any. NULL
   without memory. Caller frees. */
char *basin_text_store(const char *text);
void  basin_text_restore(char *text); /* in place; no longer than before */

#endif
