/* Marks: what is drawn inside a panel. Each kind is one file, mark_NAME.c, and one line in
   mark_list.h. */
#ifndef BASIN_RENDER_MARK_H
#define BASIN_RENDER_MARK_H

#include "render/color.h"
#include "render/scale.h"

typedef struct basin_view { /* the plot area of a panel and its scales */
    const basin_plot_scale *x, *y;
    basin_rect              box;
} basin_view;

/* points on the page; NAN where the scale has no place */
double basin_view_x(const basin_view *view, double value);
double basin_view_y(const basin_view *view, double value);
/* A path through the data, broken where it is not finite and cut off at the plot area. */
void basin_view_path(const basin_view *view, basin_canvas *canvas, const double *x, const double *y,
                     size_t count, const basin_pen *pen);

typedef struct basin_paint { /* values to colours */
    basin_plot_scale scale;
    bool             diverging;
    /* values above or below are painted as these and said to be beyond; ±INFINITY = none */
    double               cap, floor;
    const basin_palette *palette;
} basin_paint;
basin_color basin_paint_color(const basin_paint *paint, double value);

typedef struct basin_mark basin_mark;

typedef struct basin_mark_type {
    const char *name;
    /* NULL: of x and y as they stand */
    void (*extent)(const basin_mark *mark, basin_range *x, basin_range *y);
    void (*draw)(const basin_mark *mark, const basin_view *view, basin_canvas *canvas);
} basin_mark_type;

/* Where coordinates (s, t) of two directions that are not at right angles lie in their plane: at
   (xx s + xy t, yy t). */
typedef struct basin_frame {
    double xx, xy, yy;
} basin_frame;

struct basin_mark { /* arrays are borrowed while the figure is made */
    const basin_mark_type *type;
    size_t                 count;
    /* [count]; bars: x [count + 1] edges; contour, heat: axes of z */
    const double      *x, *y;
    const double      *low, *high;    /* [count] or NULL: error bars, or the two edges of a band */
    size_t             rows, columns; /* of z; text: columns of cells */
    const basin_frame *frame;         /* contour, heat: of x and y; NULL = as they are */
    const double      *z;             /* [rows, columns] */
    const double      *levels;        /* [count] of contour lines */
    /* contour: (x, y) of markers that labels keep off, [clear_count, 2] */
    size_t             clear_count;
    const double      *clear;
    const basin_paint *paint; /* contour: NULL = lines of the pen's colour */
    basin_pen          pen;   /* width 0 = no line */
    basin_marker       marker;
    bool               hollow;
    /* of the marker, points; contour: of the numbers on the lines, 0 = none */
    double size;
    size_t
        every; /* line: a marker at every so many points; 0 or 1 = all; contour: steps of the grid
                          to a cell that is hatched */
    size_t      slot, slots; /* rug: which of how many rows */
    double      cap;         /* line: clipped above and so marked; 0 = none */
    bool        beyond; /* line, points: marked where they are beyond the plot, above or below */
    const char *label;  /* in the legend; NULL = none */
    size_t      of;     /* of which result, from 1; 0 = of all: stamped by basin_panel_add */
    bool        silent; /* leaves the scales alone: predictions, ceilings */
    /* line: gaps are not hatched, since another mark tells why they are there */
    bool               open;
    bool               lying; /* interval: low and high are of x */
    const char *const *names; /* name, text: [count] */
    /* relief: of the cells, [rows - 1, columns - 1]; the row and the column of cells that the
       viewer stands over or nearest to; corners from one mesh line to the next */
    const basin_color *colors;
    size_t             near[2], mesh[2];
};

/* on the page, of (x, y) in the mark's frame */
void basin_mark_place(const basin_mark *mark, const basin_view *view, double x, double y,
                      double place[2]);
/* Adds the four corners of [left, right] x [bottom, top] in the mark's frame. */
void basin_mark_corners(const basin_mark *mark, const double x_ends[2], const double y_ends[2],
                        basin_range *x, basin_range *y);

/* Diagonal strokes over a cell; in a frame that is not at right angles its two diagonals. */
void basin_mark_hatch(const basin_mark *mark, const basin_view *view, basin_canvas *canvas,
                      const double x_ends[2], const double y_ends[2], const basin_pen *pen);

/* Where values are beyond the plot: arrows at its upper or lower edge, each in the mark's
   colour. */
void basin_mark_beyond(const basin_mark *mark, const basin_view *view, basin_canvas *canvas);

#define BASIN_MARK(name) extern const basin_mark_type basin_mark_##name;
#include "render/mark_list.h"
#undef BASIN_MARK

extern const basin_mark_type *const basin_mark_types[];
extern const size_t                 basin_mark_type_count;

#endif
