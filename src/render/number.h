/* Numbers and names as they are printed in figures: real minus signs, powers of ten as
   superscripts. */
#ifndef BASIN_RENDER_NUMBER_H
#define BASIN_RENDER_NUMBER_H

#include "core/status.h"

#define BASIN_NUMBER_ROOM 64

/* `digits` significant digits without trailing zeros: «−0.25», «1.2×10⁻⁷», «∞», «n/a» for NaN.
   Returns `out`. */
const char *basin_number_text(double value, int digits, char out[BASIN_NUMBER_ROOM]);
/* `decimals` behind the point: «−0.50». */
const char *basin_number_fixed(double value, int decimals, char out[BASIN_NUMBER_ROOM]);
/* «10⁻³» */
const char *basin_number_power(int exponent, char out[BASIN_NUMBER_ROOM]);
/* «2,410» */
const char *basin_number_count(size_t count, char out[BASIN_NUMBER_ROOM]);
/* Replaces bytes that are no UTF-8 and control characters by «?», in place: file formats refuse
   them. */
void basin_name_clean(char *text);
/* The last part of a path; of the name itself when there is none. */
const char *basin_name_file(const char *path);

#define BASIN_NUMBER(value, digits) \
    basin_number_text((value), (digits), (char[BASIN_NUMBER_ROOM]){0})
#define BASIN_COUNT(count) basin_number_count((count), (char[BASIN_NUMBER_ROOM]){0})

#endif
