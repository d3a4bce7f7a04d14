/* Inside the canvas: the list of drawing operations, shared by the recorder (canvas.c) and the
   writer (encode.c). */
#ifndef BASIN_RENDER_CANVAS_OPS_H
#define BASIN_RENDER_CANVAS_OPS_H

#include <pango/pangocairo.h>

#include "render/canvas.h"

typedef enum basin_op_kind {
    BASIN_DRAW_STROKE,
    BASIN_DRAW_FILL,
    BASIN_DRAW_DOT,
    BASIN_DRAW_TEXT
} basin_op_kind;

typedef struct basin_draw {
    basin_op_kind kind;
    /* points: STROKE, FILL a path; DOT its middle and (radius, 0); TEXT its upper left corner */
    size_t     first, count;
    bool       closed;
    basin_pen  pen;  /* STROKE: all of it; FILL, DOT: colour and fade */
    char      *text; /* TEXT, owned: Pango markup */
    basin_type type;
    size_t     label; /* TEXT: its index in labels */
    bool       data;  /* its colour is that of a number, the same on any ground */
} basin_draw;

struct basin_canvas {
    double        width, height, font_size, magnify;
    bool          dark, data;
    char         *font;
    basin_status  status;
    char          message[256];
    size_t        op_count, op_room;
    basin_draw   *ops;
    size_t        point_count, point_room;
    double       *points; /* [point_count, 2] */
    size_t        label_count, label_room;
    basin_label  *labels;
    PangoContext *measure;
};

/* A context whose texts are laid out in points without any rounding to pixels; unref with
   g_object_unref. */
PangoContext *basin_canvas_context(cairo_t *cr);
/* A layout of the markup as `type` says, for showing or measuring; unref with g_object_unref. */
PangoLayout *basin_canvas_layout(const basin_canvas *canvas, PangoContext *context,
                                 const char *markup, const basin_type *type);
/* Plain text to markup: the five XML characters escaped, control characters dropped but for \n and
   the subscript marks, bytes that are not UTF-8 replaced, since names and paths come from files.
   Caller frees; NULL when memory is short. */
char *basin_canvas_markup(const char *text);
/* Draws the list again, from where cr stands; `fine`: every line one unit wide, and no texts. */
void basin_canvas_replay(const basin_canvas *canvas, cairo_t *cr, bool fine);

#endif
