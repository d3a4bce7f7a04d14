/* A drawing as a list of what was drawn: strokes, fills, dots and texts, in points (1/72 inch), y
 * downwards.
 *
 * Nothing touches a file here. Texts are measured at their final size with metrics hinting off, so
 * that the same list gives the same layout in every format, and so that labels can be held against
 * each other and against the ink before they are set. Errors are sticky: the first one is kept,
 * later calls do nothing, basin_canvas_status tells.
 */
#ifndef BASIN_RENDER_CANVAS_H
#define BASIN_RENDER_CANVAS_H

#include <stdint.h>

#include "core/status.h"

typedef struct basin_canvas basin_canvas;

typedef struct basin_color {
    double r, g, b;
} basin_color;

typedef enum basin_dash { BASIN_SOLID, BASIN_DASHED, BASIN_DOTTED, BASIN_DASHDOT } basin_dash;

typedef struct basin_pen {
    basin_color color;
    double      width; /* points */
    basin_dash  dash;
    double      fade; /* 0 opaque … 1 invisible */
} basin_pen;

typedef struct basin_rect {
    double left, top, right, bottom;
} basin_rect;

typedef enum basin_marker {
    BASIN_MARKER_NONE,
    BASIN_MARKER_CIRCLE,
    BASIN_MARKER_SQUARE,
    BASIN_MARKER_TRIANGLE,
    BASIN_MARKER_DIAMOND,
    BASIN_MARKER_CROSS, /* two diagonal strokes: missing */
    BASIN_MARKER_PLUS,  /* two upright strokes: the centre */
    BASIN_MARKER_UP,    /* filled, pointing up: clipped */
    BASIN_MARKER_DOWN   /* likewise, below */
} basin_marker;

/* How a text is set. Zeroed: black, the canvas's size, (x, y) its upper left corner. «\1» starts a
   subscript, «\2» ends it. */
typedef struct basin_type {
    double      size; /* points; 0 = the canvas's own */
    basin_color color;
    double across, down; /* which point of the text (x, y) is: 0 left, top … 1 right, bottom */
    double angle;        /* radians, clockwise */
    /* > 0: broken into lines of at most this width, centred by `across` */
    double width;
    bool   one_line; /* with width: shortened with … instead */
    bool   bold;
} basin_type;

/* a text as placed: the box (before turning by `angle` about its middle) that it covers */
typedef struct basin_label {
    double x, y, half_width, half_height, angle;
} basin_label;

basin_status basin_canvas_create(double width, double height, const char *font, double font_size,
                                 basin_canvas **out);
void         basin_canvas_destroy(basin_canvas **canvas);
/* How the drawing comes onto its page: on a dark ground, every colour but those of data exchanged;
   and everything larger by a factor, text, lines and page. */
void basin_canvas_dress(basin_canvas *canvas, bool dark, double magnify);
/* Whether what is drawn from now on has the colours of numbers, which are kept on any ground. */
void basin_canvas_data(basin_canvas *canvas, bool data);
/* Draws all of `part` with its upper left corner at (x, y). */
void basin_canvas_append(basin_canvas *canvas, const basin_canvas *part, double x, double y);
/* The family that texts are really set in, "" if unknown; caller frees, NULL is a lack of
   memory. */
char *basin_canvas_family(const basin_canvas *canvas);
/* Whether `family` is one of those that the canvas's font asks for, or it asks for any of a kind,
   as sans or serif do. */
bool basin_canvas_asks_for(const basin_canvas *canvas, const char *family);
/* the first failure; its message becomes the last one */
basin_status basin_canvas_status(const basin_canvas *canvas);
double       basin_canvas_font_size(const basin_canvas *canvas);
/* caller frees; NULL is kept as the drawing's failure */
double *basin_canvas_scratch(basin_canvas *canvas, size_t count);
/* keeps the failure of something that draws */
void basin_canvas_check(basin_canvas *canvas, basin_status status);
void basin_canvas_resize(basin_canvas *canvas, double width, double height);

void basin_canvas_stroke(basin_canvas *canvas, const double *xy /* [count, 2] */, size_t count,
                         bool closed, const basin_pen *pen);
void basin_canvas_line(basin_canvas *canvas, double x0, double y0, double x1, double y1,
                       const basin_pen *pen);
void basin_canvas_fill(basin_canvas *canvas, const double *xy /* [count, 2] */, size_t count,
                       basin_color color, double fade);
void basin_canvas_box(basin_canvas *canvas, basin_rect rect, basin_color color, double fade);
/* A marker of the given diameter, filled; hollow: white inside. */
void basin_canvas_marker(basin_canvas *canvas, basin_marker marker, double x, double y,
                         double diameter, basin_color color, bool hollow);
/* Diagonal strokes over a rectangle. */
void basin_canvas_hatch(basin_canvas *canvas, basin_rect rect, const basin_pen *pen);

/* Width and height of a text as basin_canvas_text would set it, without turning. */
void basin_canvas_measure(basin_canvas *canvas, const char *text, const basin_type *type,
                          double *width, double *height);
void basin_canvas_text(basin_canvas *canvas, const char *text, double x, double y,
                       const basin_type *type);

/* What has been drawn so far: a place to go back to, and to count from. */
typedef struct basin_moment {
    size_t ops, points, labels;
} basin_moment;
basin_moment basin_canvas_now(const basin_canvas *canvas);
void         basin_canvas_rewind(basin_canvas *canvas, basin_moment moment);
/* How many strokes, fills, dots and texts drawn since `from` touch the rectangle. */
size_t basin_canvas_hits(const basin_canvas *canvas, basin_moment from, basin_rect rect);

void basin_canvas_size(const basin_canvas *canvas, double *width, double *height);
/* every text set; borrowed */
const basin_label *basin_canvas_labels(const basin_canvas *canvas, size_t *count);
bool               basin_label_overlap(const basin_label *a, const basin_label *b);
bool basin_segment_meets(const double a[2], const double b[2], const basin_label *box);

typedef enum basin_format_kind {
    BASIN_FORMAT_PDF,
    BASIN_FORMAT_SVG,
    BASIN_FORMAT_PNG
} basin_format_kind;
typedef struct basin_sheet { /* what goes into the file besides the drawing */
    const char *title, *description;
    double      dpi; /* PNG */
} basin_sheet;
/* The drawing as the bytes of a file; the same bytes for the same drawing. Caller frees. */
basin_status basin_canvas_encode(const basin_canvas *canvas, basin_format_kind format,
                                 const basin_sheet *sheet, unsigned char **out, size_t *size);
/* Without its texts as width x height dots, one for each point of the page, 0xRRGGBB and white
   where nothing is; every line is one dot wide. */
basin_status basin_canvas_dots(const basin_canvas *canvas, size_t width, size_t height,
                               uint32_t *out /* [height, width] */);

#endif
