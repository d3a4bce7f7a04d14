/* «0.1%=30s»: what a gain is of worth to the reader, as it is typed. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/comparison.h"

static const struct {
    const char *name;
    int         unit;
    double      factor; /* to seconds, or to gradient evaluations */
} units[] = {{"s", BASIN_WORTH_SECONDS, 1.0},
             {"min", BASIN_WORTH_SECONDS, 60.0},
             {"h", BASIN_WORTH_SECONDS, 3600.0},
             {"evaluations", BASIN_WORTH_EVALUATIONS, 1.0}};

/* A positive number, with what follows it; false: there is none. */
static bool read_number(const char **text, double *out)
{
    char *end;

    if (!isdigit((unsigned char)**text) && **text != '.') return false;
    *out = strtod(*text, &end);
    *text = end;
    return *out > 0.0 && isfinite(*out);
}

static bool read_unit(const char *text, basin_worth *out)
{
    while (*text == ' ') text++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, text) == 0) {
            out->unit = units[i].unit, out->cost *= units[i].factor;
            return true;
        }
    return false;
}

basin_status basin_worth_parse(const char *text, basin_worth *out)
{
    basin_status st = BASIN_OK;
    basin_worth  w = {0};
    const char  *at = text;
    bool         read = read_number(&at, &w.gain);

    w.accuracy = read && *at == '%';
    if (w.accuracy) at++, w.gain /= 100.0;
    read = read && *at++ == '=' && read_number(&at, &w.cost) && read_unit(at, &w);
    BASIN_CHECK(read, BASIN_ERR_ARG,
                "«%s» is no worth: a gain of test accuracy (0.1%%) or of test loss (0.01), = and what it may "
                "cost in s, min, h or evaluations, as in 0.1%%=30s",
                text);
    BASIN_CHECK(
        w.gain > 1e-9 && w.cost > 0 && w.cost < 1e12 && (!w.accuracy || w.gain <= 1), BASIN_ERR_ARG,
        "«%s» is no worth: a gain above 1e-9, of accuracy at most 100%%, for a cost above 0 and below "
        "1e12",
        text);
    *out = w;
done:
    return st;
}
