/* Colours: maps for numbers, fixed looks for methods. */
#ifndef BASIN_RENDER_COLOR_H
#define BASIN_RENDER_COLOR_H

#include "render/canvas.h"

basin_color basin_color_sequential(double at); /* viridis, 0 dark … 1 light; clamped */
basin_color basin_color_diverging(double at);  /* -1 blue, 0 near white, 1 red; clamped */

extern const basin_color basin_black, basin_white, basin_grey, basin_light, basin_positive,
    basin_negative, basin_warning;

/* a series tells itself apart by colour, dash and marker, so that greyscale keeps it */
typedef struct basin_look {
    basin_color  color;
    basin_dash   dash;
    basin_marker marker;
    bool         hollow;
} basin_look;

/* The method's own look, the same in every figure; false for a name that has none. */
bool basin_look_method(const char *name, basin_look *out);
/* The look of the i-th series where colours stand for no method. */
basin_look basin_look_series(size_t i);
/* Grey, which no method wears: the look of the i-th series of which no method is known. */
basin_look basin_look_unknown(size_t i);

#endif
