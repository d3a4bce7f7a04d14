#include "io/text.h"

#include <string.h>

#include "core/memory.h"

/* Bytes of the UTF-8 sequence at `s`, or 0 if there is none: the rows of table 3-7 of the Unicode standard. */
static size_t sequence(const unsigned char *s)
{
    static const struct { unsigned char first, last, second_low, second_high, length; } rows[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (s[0] < rows[i].first || s[0] > rows[i].last) continue;
        if (rows[i].length > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high)) return 0;
        for (size_t j = 2; j < rows[i].length; j++)
            if (s[j] < 0x80 || s[j] > 0xbf) return 0; /* stops at the terminating zero as well */
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
