#include "render/text.h"

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

const char *basin_text_fixed(double value, int decimals, char out[BASIN_NUMBER_ROOM])
{
    char plain[BASIN_NUMBER_ROOM];

    snprintf(plain, sizeof plain, "%.*f", decimals, value);
    if (plain[0] == '-' && strspn(plain, "-0.") == strlen(plain)) memmove(plain, plain + 1, strlen(plain)); /* no minus nought */
    copy_minus(out, plain);
    return out;
}

const char *basin_text_power(int exponent, char out[BASIN_NUMBER_ROOM])
{
    static const char *const superscripts[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char                     digits[16];
    size_t                   used = (size_t)snprintf(out, BASIN_NUMBER_ROOM, exponent < 0 ? "10⁻" : "10");

    snprintf(digits, sizeof digits, "%d", abs(exponent));
    for (const char *d = digits; *d != '\0'; d++) used += (size_t)snprintf(out + used, BASIN_NUMBER_ROOM - used, "%s", superscripts[*d - '0']);
    return out;
}

const char *basin_text_number(double value, int digits, char out[BASIN_NUMBER_ROOM])
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
        basin_text_power(exponent, power);
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

const char *basin_text_count(size_t count, char out[BASIN_NUMBER_ROOM])
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

const char *basin_text_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}
