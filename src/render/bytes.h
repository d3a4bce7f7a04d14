/* Bytes of a file that is being put together. A failure to get memory is kept. */
#ifndef BASIN_RENDER_BYTES_H
#define BASIN_RENDER_BYTES_H

#include <stdint.h>

#include "core/status.h"

typedef struct basin_bytes {
    unsigned char *bytes; /* owned; basin_free */
    size_t         size, room;
    bool           failed;
} basin_bytes;

void basin_bytes_append(basin_bytes *b, const void *bytes, size_t size);
/* at most 1023 bytes of text */
void basin_bytes_print(basin_bytes *b, const char *format, ...) BASIN_PRINTF(2, 3);
/* with the least byte first, or last */
void basin_bytes_u32(basin_bytes *b, uint32_t value, bool big);
void basin_bytes_f32(basin_bytes *b, float value, bool big);
void basin_bytes_f64(basin_bytes *b, double value, bool big);

#endif
