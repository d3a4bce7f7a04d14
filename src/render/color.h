/* Colours: maps for numbers, fixed looks for methods. */
#ifndef BASIN_RENDER_COLOR_H
#define BASIN_RENDER_COLOR_H

#include "render/canvas.h"

/* a sequential map, perceptually uniform: its lightness grows evenly */
typedef struct basin_palette {
    const char        *name;
    size_t             count;
    const basin_color *stations; /* [count], dark to light, straight between them */
} basin_palette;

extern const basin_palette basin_palettes[]; /* the first is the default */
extern const size_t        basin_palette_count;
/* NULL is the default; BASIN_ERR_ARG lists the choices. */
basin_status basin_palette_find(const char *name, const basin_palette **out);

/* 0 dark … 1 light; clamped. NULL is the default palette. */
basin_color basin_color_sequential(const basin_palette *palette, double at);
basin_color basin_color_diverging(double at); /* -1 blue, 0 near white, 1 red; clamped */

/* From 1, of equal colours, to 21, of black and white (W3C, Web Content Accessibility
   Guidelines 2.1, contrast ratio). */
double basin_color_contrast(basin_color a, basin_color b);
/* The part of the map, from 0 to 1, that can be told from the ground as lines and numbers. */
void basin_palette_ink(const basin_palette *palette, bool dark, double *low, double *high);
/* What a colour chosen for a white page is on a dark one: greys are exchanged, tints of white
   become shades of the ground, and the others are lightened to a contrast of 4 where they lack
   it. */
basin_color basin_color_on_dark(basin_color color);

extern const basin_color basin_dark_ground; /* the page of a dark figure */
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
