#include "render/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

void basin_bytes_append(basin_bytes *b, const void *bytes, size_t size)
{
    if (b->failed) return;
    if (b->size + size > b->room) {
        size_t         wanted = 2 * b->room > b->size + size ? 2 * b->room : b->size + size + 4096;
        unsigned char *larger = basin_grow(b->bytes, b->size, wanted, 1);
        if (larger == NULL) {
            b->failed = true;
            return;
        }
        b->bytes = larger;
        b->room = wanted;
    }
    if (size > 0) memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

void basin_bytes_text(basin_bytes *b, const char *text)
{
    basin_bytes_append(b, text, strlen(text));
}

void basin_bytes_print(basin_bytes *b, const char *format, ...)
{
    char    text[1024];
    va_list arguments;

    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof text)
        b->failed = true;
    else
        basin_bytes_append(b, text, (size_t)length);
}

static void append_ordered(basin_bytes *b, uint64_t value, size_t size, bool big)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < size; i++) bytes[big ? size - 1 - i : i] = (unsigned char)(value >> (8 * i));
    basin_bytes_append(b, bytes, size);
}

void basin_bytes_u32(basin_bytes *b, uint32_t value, bool big)
{
    append_ordered(b, value, sizeof value, big);
}

void basin_bytes_f32(basin_bytes *b, float value, bool big)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    append_ordered(b, bits, sizeof bits, big);
}

void basin_bytes_f64(basin_bytes *b, double value, bool big)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    append_ordered(b, bits, sizeof bits, big);
}

cairo_status_t basin_bytes_collect(void *closure, const unsigned char *bytes, unsigned int size)
{
    basin_bytes_append(closure, bytes, size);
    /* `failed` tells: cairo 1.16 crashes at the end of a PDF with links whose stream has failed. */
    return CAIRO_STATUS_SUCCESS;
}

basin_status basin_bytes_status(const basin_bytes *b, cairo_status_t status, const char *what)
{
    if (b->failed || status == CAIRO_STATUS_NO_MEMORY)
        return basin_fail(BASIN_ERR_NOMEM, "out of memory for %s's file", what);
    if (status != CAIRO_STATUS_SUCCESS)
        return basin_fail(BASIN_ERR_NUMERIC, "cairo cannot draw %s: %s", what,
                          cairo_status_to_string(status));
    return BASIN_OK;
}
