/* What a terminal would obey, as escapes: a name out of a file, or of one, is shown and does nothing. */
#include <stdio.h>
#include <string.h>

#include "core/status.h"

/* Bytes of the character at `c` that a terminal obeys; 0 for one that it shows. Of UTF-8 these are the
   controls from U+0080 to U+009F, and U+200E, U+200F, U+2028 to U+202E and U+2066 to U+2069, which turn or
   break lines. */
static size_t obeyed(const unsigned char *c)
{
    if (c[0] < ' ' || c[0] == 0x7f) return 1;
    if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) return 2;
    if (c[0] != 0xe2) return 0;
    if (c[1] == 0x80 && ((c[2] >= 0xa8 && c[2] <= 0xae) || c[2] == 0x8e || c[2] == 0x8f)) return 3;
    return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9 ? 3 : 0;
}

static size_t escape(const unsigned char *c, size_t bytes, char out[8])
{
    if (bytes == 1 && strchr("\n\r\t", c[0]) != NULL)
        return (size_t)snprintf(out, 8, "\\%c", c[0] == '\n' ? 'n' : c[0] == '\r' ? 'r' : 't');
    if (bytes == 1) return (size_t)snprintf(out, 8, "\\x%02x", (unsigned)c[0]);
    if (bytes == 2) return (size_t)snprintf(out, 8, "\\x%02x", (unsigned)c[1]);
    return (size_t)snprintf(out, 8, "\\u%04x", 0x2000u | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu));
}

char *basin_printable(const char *text, char *out, size_t room)
{
    size_t used = 0;

    for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
        char   own[8] = {(char)*c};
        size_t bytes = obeyed(c), length = bytes > 0 ? escape(c, bytes, own) : 1;
        if (used + length >= room) break;
        memcpy(out + used, own, length);
        used += length, c += bytes > 0 ? bytes : 1;
    }
    out[used] = '\0';
    return out;
}
