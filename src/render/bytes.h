/* Bytes that grow: what cairo writes into, and what is written around it. */
#ifndef BASIN_RENDER_BYTES_H
#define BASIN_RENDER_BYTES_H

#include <cairo.h>
#include <stdint.h>

#include "core/status.h"

typedef struct basin_bytes { /* zeroed: none; bytes are released with basin_free */
    unsigned char *bytes;
    size_t         size, room;
    bool           failed; /* no memory: what came after is left out */
} basin_bytes;

void basin_bytes_append(basin_bytes *b, const void *bytes, size_t size);
void basin_bytes_text(basin_bytes *b, const char *text);
/* at most 1023 bytes of text; longer is a failure */
void basin_bytes_print(basin_bytes *b, const char *format, ...) BASIN_PRINTF(2, 3);
/* with the least byte first, or last */
void basin_bytes_u32(basin_bytes *b, uint32_t value, bool big);
void basin_bytes_f32(basin_bytes *b, float value, bool big);
void basin_bytes_f64(basin_bytes *b, double value, bool big);
/* a cairo_write_func_t into the basin_bytes behind `closure` */
cairo_status_t basin_bytes_collect(void *closure, const unsigned char *bytes, unsigned int size);
/* What went wrong on the way to the bytes of `what`, «a figure», if anything did. */
basin_status basin_bytes_status(const basin_bytes *b, cairo_status_t status, const char *what);

#endif
