#include "io/text.h"

#include <string.h>

#include "core/memory.h"

/* Bytes of the UTF-8 sequence at `s`, or 0 if there is none: the rows of table 3-7 of the Unicode
   standard. */
static size_t sequence(const unsigned char *s)
{
    static const struct {
        unsigned char first, last, second_low, second_high, length;
    } rows[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (s[0] < rows[i].first || s[0] > rows[i].last) continue;
        if (rows[i].length > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high)) return 0;
        for (size_t j = 2; j < rows[i].length; j++)
            if (s[j] < 0x80 || s[j] > 0xbf) return 0;            /* stops at the terminating zero as well */
        return s[0] == 0xc2 && s[1] < 0xa0 ? 0 : rows[i].length; /* U+0080 … U+009F are controls */
    }
    return 0;
}

bool basin_text_plain(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        size_t length = sequence(s);
        if (length == 0) return false;
        s += length;
    }
    return true;
}

bool basin_text_path(const char *text)
{
    if (!basin_text_plain(text)) return false;
    for (const char *part = text;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.')) return false;
        part += length;
        if (*part == '\0') return true;
    }
}

char *basin_text_clean(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    const char       *from = text;
    char             *clean = basin_alloc(strlen(text) + 1, 3), *to = clean;

    while (clean != NULL && *from != '\0') {
        size_t length = sequence((const unsigned char *)from);
        memcpy(to, length > 0 ? from : replacement, length > 0 ? length : 3);
        to += length > 0 ? length : 3;
        from += length > 0 ? length : 1;
    }
    return clean;
}

/* ------------------------------------------------------------------------------------------- any bytes -- */

/* U+10FE00 … U+10FEFF, private use, each for one byte that plain text cannot hold. */
static bool is_stand_in(const unsigned char *s)
{
    return s[0] == 0xf4 && s[1] == 0x8f && s[2] >= 0xb8 && s[2] <= 0xbb && s[3] >= 0x80 && s[3] <= 0xbf;
}

char *basin_text_store(const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    unsigned char       *stored = basin_alloc(strlen(text) + 1, 4), *to = stored;

    while (stored != NULL && *from != '\0') {
        size_t length = is_stand_in(from) ? 0 : sequence(from);
        if (length > 0) {
            memcpy(to, from, length);
            from += length, to += length;
        } else {
            memcpy(to,
                   (unsigned char[]){0xf4, 0x8f, (unsigned char)(0xb8 | *from >> 6),
                                     (unsigned char)(0x80 | (*from & 0x3f))},
                   4);
            from++, to += 4;
        }
    }
    return (char *)stored;
}

void basin_text_restore(char *text)
{
    unsigned char *from = (unsigned char *)text, *to = from;

    while (*from != '\0') {
        bool stand_in = is_stand_in(from);
        *to++ = stand_in ? (unsigned char)((from[2] & 3) << 6 | (from[3] & 0x3f)) : *from;
        from += stand_in ? 4 : 1;
    }
    *to = '\0';
}
