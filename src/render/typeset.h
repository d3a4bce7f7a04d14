/* Setting a document on pages of A4: where the pen stands, texts that flow from page to page, and
   tables that never run off one. Points, y downwards. */
#ifndef BASIN_RENDER_TYPESET_H
#define BASIN_RENDER_TYPESET_H

#include "render/canvas_ops.h"
#include "render/document.h"

/* A page's figure is 486 points wide (6.75 in). */
#define BASIN_PAGE_WIDTH 595.0
#define BASIN_PAGE_HEIGHT 842.0
#define BASIN_PAGE_LEFT 54.0
#define BASIN_PAGE_TOP 58.0
#define BASIN_PAGE_BOTTOM 788.0
#define BASIN_PAGE_TEXT (BASIN_PAGE_WIDTH - 2 * BASIN_PAGE_LEFT)

typedef struct basin_face {
    double      size; /* points */
    bool        bold, mono;
    basin_color color;
} basin_face;

typedef struct basin_typeset {
    const basin_document *d;
    cairo_surface_t      *surface;
    cairo_t              *cr;
    PangoContext         *context;
    bool                  dry;   /* only finds out where everything comes to stand */
    double                y;     /* where the next line goes */
    size_t                page;  /* from 1 */
    size_t                pages; /* in all, as far as is known */
    size_t               *at;    /* [d->count] the page of each part, as far as is known */
    bool                  failed;
} basin_typeset;

extern const basin_face basin_face_text, basin_face_small;

/* Goes to the next page; to it unless `height` is left on this one; down by `height`. */
void basin_typeset_page(basin_typeset *t);
void basin_typeset_need(basin_typeset *t, double height);
void basin_typeset_skip(basin_typeset *t, double height);
/* Lines of at most `width`; 0: one as long as it is. Unref with g_object_unref; NULL when memory is
   short. */
PangoLayout *basin_typeset_layout(basin_typeset *t, const char *text, const basin_face *face,
                                  double width);
void         basin_typeset_extent(PangoLayout *layout, double *width, double *height);
/* Line by line from page to page; leads to the named place, or NULL. Unrefs the layout. */
void basin_typeset_flow(basin_typeset *t, PangoLayout *layout, double x, const basin_face *face,
                        const char *place);
/* At (x, y), which stays where it is. Unrefs the layout. */
void basin_typeset_show(basin_typeset *t, PangoLayout *layout, double x, double y,
                        const basin_face *face);
void basin_typeset_rule(basin_typeset *t, double from, double to, double y);

/* typeset_table.c: heads are repeated on every page; columns that do not fit beside each other
   stand below each other, each time behind the first. */
void basin_typeset_table(basin_typeset *t, const basin_piece *table);

#endif
