/* Names and texts out of files end up in one-line messages, JSON and figures. */
#ifndef BASIN_IO_TEXT_H
#define BASIN_IO_TEXT_H

#include "core/status.h"

/* Valid UTF-8 (RFC 3629) without control characters. */
bool basin_text_plain(const char *text);
/* Can it be the path of an object below an HDF5 group: plain, not empty, no empty or «.» component? */
bool basin_text_path(const char *text);

#endif
