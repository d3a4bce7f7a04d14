/* A figure before it is drawn: panels in a grid, each with scales, labels and marks. A figure kind
 * fills a plan; layout.c finds room for everything and draws. What the plan's arrays and texts
 * point to lives as long as the plan or the results.
 */
#ifndef BASIN_RENDER_PLAN_H
#define BASIN_RENDER_PLAN_H

#include "core/memory.h"
#include "render/mark.h"

typedef struct basin_panel basin_panel;

/* a line under the x axis; broken into several where it is wider than the panel */
typedef struct basin_panel_note {
    const char *text;
    bool        warning; /* in the colour of what must not be overlooked */
} basin_panel_note;

struct basin_panel {
    basin_plot_scale   x, y;
    const char        *title, *x_label, *y_label;
    const basin_color *title_color; /* NULL = black */
    size_t             mark_count, mark_room;
    basin_mark        *marks;
    bool               framed;     /* a full frame; otherwise axes left and below */
    bool               grid;       /* light lines at the numbers of y */
    bool               no_x, no_y; /* no numbers: the panel below or to the left has them */
    bool               across;     /* the label of x is under the whole row of panels */
    bool               bare;       /* no y axis at all (a rug) */
    bool               counted;    /* x counts things: its numbers are whole */
    bool               equal;      /* one unit of x is as long as one of y */
    double             height;     /* of the plot, points; equal: found from the width */
    size_t             tick_count; /* named places on x instead of numbers */
    const double      *tick_at;
    const char *const *tick_label;
    const basin_color *tick_color;
    size_t             name_count; /* named places on y instead of numbers */
    const double      *name_at;
    const char *const *name_label;
    const basin_color *name_color;
    /* said in the middle of a panel without data, whose y then has no numbers; NULL = there is
       data */
    const char *empty;
    bool        numbered; /* it has its numbers all the same: its row's */
    /* a box in perspective, whose axes it has in place of x and y; these are the picture's */
    const struct basin_scene *scene;
    size_t                    note_count;
    basin_panel_note         *notes;
    const basin_paint        *bar; /* a colour bar to the right */
    const char               *bar_label;
    basin_panel              *inset;        /* drawn where the plot is empty, if there is room */
    bool                      legend_above; /* found while drawing: no empty room for it inside */
    basin_rect                box, row; /* found by the layout: of the plot, of its row's plots */
    basin_ticks               x_ticks, y_ticks;
};

/* Numbers under the panels, a line for each name and a column for each heading. */
typedef struct basin_plan_table {
    size_t       rows, columns;
    const char  *corner;           /* over the names */
    const char **names, **heads;   /* [rows], [columns] */
    basin_color *colors;           /* [columns] of the headings */
    const char **values, **ranges; /* [rows, columns]; ranges: intervals, "" = none */
} basin_plan_table;

/* How one of several results is told from the others. */
typedef struct basin_series {
    const char *label;
    basin_look  look;
} basin_series;

typedef struct basin_plan {
    const basin_result *const  *results;
    size_t                      count;
    size_t                      beside;  /* further results, which the table is of */
    const basin_figure_options *options; /* never NULL */
    /* what stood behind the kind: «test» in contour:test; "" if nothing */
    const char *variant;
    double      width, height, font_size; /* points before they are magnified; height 0 = free */
    const basin_palette *palette;
    bool                 ranged; /* options->range is in the scales already */
    /* points kept free around the plots besides what stands there, so that figures beside each
       other line up; 0 mostly */
    basin_rect   margin;
    basin_rect   plots; /* found by the layout: where they stand, with the room between them */
    size_t       panel_count, columns;
    basin_panel *panels;
    /* a figure of several kinds gives each result a panel of its own: they need not make way for
       each other, and that figure tells what is common to all */
    bool                apart;
    size_t              of; /* of which result marks are that are added now, from 1; 0 = of all */
    const basin_series *series;        /* [count] in place of the plan's own; NULL = none */
    bool                legend_shared; /* one legend above all panels */
    /* a line above the panels that must not be overlooked; NULL = none */
    const char              *warning;
    const basin_plan_table  *table;   /* below the panels; NULL = none */
    const char              *note;    /* a small line below them; NULL = none */
    char                    *caption; /* grown by basin_plan_caption */
    struct basin_plan_block *blocks;  /* everything allocated for the plan */
    bool                     failed;
} basin_plan;

/* Zeroed memory that lives as long as the plan. */
void *basin_plan_alloc(basin_plan *plan, size_t count, size_t size);
/* "" when memory is short: the plan has failed */
char *basin_plan_text(basin_plan *plan, const char *format, ...) BASIN_PRINTF(2, 3);
void  basin_plan_caption(basin_plan *plan, const char *format, ...) BASIN_PRINTF(2, 3);
/* What `part` allocated becomes the plan's, its caption the end of the plan's; the part is
   cleared. */
void basin_plan_adopt(basin_plan *plan, basin_plan *part);
void basin_plan_clear(basin_plan *plan);
/* Whether its results are to be told from each other, or from those of other plans. */
bool basin_plan_several(const basin_plan *plan);

#define BASIN_PLAN_ALLOC(plan, pointer, count)                                                   \
    BASIN_CHECK(((pointer) = basin_plan_alloc((plan), (count), sizeof *(pointer))) != NULL,      \
                BASIN_ERR_NOMEM, "out of memory for a figure: %zu x %zu bytes", (size_t)(count), \
                sizeof *(pointer))

basin_status basin_plan_panels(basin_plan *plan, size_t count, size_t columns);
basin_status basin_panel_add(basin_plan *plan, basin_panel *panel, basin_mark mark);
/* The ranges of all marks that are not silent. */
void basin_panel_ranges(const basin_panel *panel, basin_range *x, basin_range *y);
/* options->scale if given, else `otherwise`. BASIN_ERR_VALUE for a logarithm asked of values that
   reach 0 or below. */
basin_status basin_plan_scale(const basin_plan *plan, basin_scale_kind otherwise,
                              const basin_range *values, basin_scale_kind *out);
/* The label with «(linear within ±t)» on a symmetric logarithmic scale; `apart` stands between,
   "\n" or " ". */
const char *basin_plan_scale_label(basin_plan *plan, const char *label,
                                   const basin_plot_scale *scale, const char *apart);

/* A fine upright or level line at 0 or elsewhere, behind the data. */
basin_status basin_panel_rule(basin_plan *plan, basin_panel *panel, bool upright, double at);

/* options->range as the range of values: `range` of the data becomes it. False without one. */
bool basin_plan_range(const basin_plan *plan, basin_range *range);
/* Puts it on the value axis of the first panel and of those of the same quantity, and marks what is
   beyond; of a plan whose kind has not done so by its colours. */
basin_status basin_plan_apply_range(basin_plan *plan);

/* One more caption behind what there is; both may be of any length. */
void basin_plan_join_caption(basin_plan *plan, const char *before, const char *caption);
/* The line of provenance above `bottom`; where it is longer than the page is wide it ends at a
   word. */
void basin_footer_draw(basin_plan *plan, basin_canvas *canvas, const char *footer, double bottom);

/* Finds room for everything and draws it. */
basin_status basin_plan_draw(basin_plan *plan, const char *footer, basin_canvas **out);

/* legend.c. Entries are the marks with labels, each label once. */
typedef struct basin_legend {
    size_t            count;
    const basin_mark *entries[64];
} basin_legend;
void basin_legend_collect(basin_legend *legend, const basin_panel *panel);
/* Inside the plot where nothing has been drawn since `from`; false if there is no such place.
   `covers`: on a ground that hides what was drawn before. */
bool basin_legend_inside(basin_canvas *canvas, const basin_legend *legend, basin_moment from,
                         const basin_rect *plot, bool covers);
/* In rows from (left, top) on; returns the height. draw = false only measures. */
double basin_legend_rows(basin_canvas *canvas, const basin_legend *legend, double left, double top,
                         double width, bool draw);
/* The emptiest place for a box of this size: true and its corner if nothing has been drawn
   there. */
bool basin_empty_place(const basin_canvas *canvas, basin_moment from, const basin_rect *plot,
                       double width, double height, basin_rect *out);

/* table.c: between left and left + width; draw = false only measures. BASIN_ERR_ARG where it has no
   room. */
basin_status basin_plan_table_draw(const basin_plan_table *table, basin_canvas *canvas, double left,
                                   double top, double width, bool draw, double *height);

/* axes.c */
void basin_axes_ticks(const basin_panel *panel, basin_canvas *canvas, double width, double height,
                      basin_ticks *x, basin_ticks *y);
void basin_axes_draw(const basin_panel *panel, basin_canvas *canvas);
/* How the named places on x are written: coloured ones in lines inside their slots, smaller where a
   word is wider than that, and upright where it still is: no word is broken. */
basin_type basin_axes_name_type(const basin_panel *panel, basin_canvas *canvas, double width);
double     basin_axes_names_height(const basin_panel *panel, basin_canvas *canvas, double width);
void       basin_axes_frame(const basin_panel *panel, basin_canvas *canvas);
void       basin_bar_draw(const basin_panel *panel, basin_canvas *canvas);
/* the power of ten that the numbers of the colour bar are to be multiplied by, said above it; 0
   mostly, and without one */
int basin_bar_exponent(const basin_panel *panel, basin_canvas *canvas);
/* of colour bar, numbers and label; 0 without one */
double basin_bar_width(const basin_panel *panel, basin_canvas *canvas);

#define BASIN_FONT "DejaVu Sans"
#define BASIN_FOOTER_SIZE 5   /* points */
#define BASIN_NOTE_SIZE 0.875 /* of the font size: notes */
#define BASIN_TICK 2.6        /* points, outwards */

#endif
