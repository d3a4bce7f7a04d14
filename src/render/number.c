#include "render/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies with every «-» made a minus sign. */
static void copy_minus(char *out, const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used + 4 < BASIN_NUMBER_ROOM; text++) {
        if (*text == '-')
            used += (size_t)snprintf(out + used, BASIN_NUMBER_ROOM - used, "−");
        else
            out[used++] = *text;
    }
    out[used] = '\0';
}

const char *basin_number_fixed(double value, int decimals, char out[BASIN_NUMBER_ROOM])
{
    char plain[BASIN_NUMBER_ROOM];

    snprintf(plain, sizeof plain, "%.*f", decimals, value);
    /* no minus nought */
    if (plain[0] == '-' && strspn(plain, "-0.") == strlen(plain)) memmove(plain, plain + 1, strlen(plain));
    copy_minus(out, plain);
    return out;
}

const char *basin_number_power(int exponent, char out[BASIN_NUMBER_ROOM])
{
    static const char *const superscripts[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char                     digits[16];
    size_t                   used = (size_t)snprintf(out, BASIN_NUMBER_ROOM, exponent < 0 ? "10⁻" : "10");

    snprintf(digits, sizeof digits, "%d", abs(exponent));
    for (const char *d = digits; *d != '\0'; d++)
        used += (size_t)snprintf(out + used, BASIN_NUMBER_ROOM - used, "%s", superscripts[*d - '0']);
    return out;
}

const char *basin_number_text(double value, int digits, char out[BASIN_NUMBER_ROOM])
{
    char plain[BASIN_NUMBER_ROOM], power[BASIN_NUMBER_ROOM];

    if (isnan(value)) return memcpy(out, "n/a", 4);
    if (isinf(value)) {
        snprintf(out, BASIN_NUMBER_ROOM, value > 0 ? "∞" : "−∞");
        return out;
    }
    snprintf(plain, sizeof plain, "%.*e", digits - 1, value);
    int exponent = atoi(strchr(plain, 'e') + 1);
    if (value != 0 && (exponent < -3 || exponent > 4)) {
        snprintf(plain, sizeof plain, "%.*g", digits, strtod(plain, NULL) / pow(10, exponent));
        copy_minus(out, plain);
        basin_number_power(exponent, power);
        size_t used = strlen(out);
        snprintf(out + used, BASIN_NUMBER_ROOM - used, "×%s", power);
        return out;
    }
    int decimals = digits - 1 - exponent > 0 ? digits - 1 - exponent : 0;
    snprintf(plain, sizeof plain, "%.*f", decimals, value);
    if (decimals > 0) {
        size_t length = strlen(plain);
        while (plain[length - 1] == '0') plain[--length] = '\0';
        if (plain[length - 1] == '.') plain[--length] = '\0';
    }
    copy_minus(out, plain);
    return out;
}

const char *basin_number_count(size_t count, char out[BASIN_NUMBER_ROOM])
{
    char   plain[32];
    size_t length = (size_t)snprintf(plain, sizeof plain, "%zu", count), used = 0;

    for (size_t i = 0; i < length; i++) {
        out[used++] = plain[i];
        if ((length - i) % 3 == 1 && i + 1 < length) out[used++] = ',';
    }
    out[used] = '\0';
    return out;
}

/* How many bytes the character at `c` has, 0 if it is none (RFC 3629: shortest form, no surrogates, up to
   U+10FFFF). */
static size_t character(const unsigned char *c)
{
    size_t   length = c[0] < 0x80                   ? 1
                      : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                      : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                      : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                    : 0;
    unsigned code = c[0] & (length == 1 ? 0x7fu : 0x7fu >> length);

    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0; /* also at the end of the text */
        code = code << 6 | (c[i] & 0x3fu);
    }
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xfffe || code == 0xffff;
    bool longer = (length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)) ||
                  (code >= 0xd800 && code < 0xe000);
    return control || longer ? 0 : length;
}

void basin_name_clean(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c != '\0';) {
        size_t length = character(c);
        if (length == 0) *c = '?';
        c += length > 0 ? length : 1;
    }
}

const char *basin_name_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}
