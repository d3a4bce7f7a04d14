/* The kinds of figure and what they share. A kind is one function that fills a plan, and one line
   in figure_list.h. */
#ifndef BASIN_RENDER_FIGURE_H
#define BASIN_RENDER_FIGURE_H

#include "core/method.h"
#include "render/bytes.h"
#include "render/plan.h"

#define BASIN_FIGURE(result, name, splits) basin_status basin_plan_##name(basin_plan *plan);
#include "render/figure_list.h"
#undef BASIN_FIGURE

/* Any filled plan as a figure; `name` is its title where the options give none. Takes the caption;
   the plan remains the caller's. */
basin_status basin_figure_draw(basin_plan *plan, const char *name, const char *footer,
                               basin_figure **out);

/* Checks the options, and makes widths and sizes of them; `width` in inches. */
basin_status basin_plan_size(basin_plan *plan, double width);
/* Fills a plan, of which results and options are set, by its kind, whose name is borrowed. */
basin_status basin_plan_fill(basin_plan *plan, const char **name);
/* A figure of what was drawn, with the plan's caption; takes both. */
basin_status basin_figure_finish(basin_plan *plan, const char *name, basin_canvas **canvas,
                                 basin_figure **out);

/* The drawing inside a figure, for tests of what stands where; borrowed. */
const basin_canvas *basin_figure_canvas(const basin_figure *figure);

/* figure_values.c: the numbers of its planes, ended by a 0 (document_html.c); nothing where there
   are none. */
void basin_plan_values(const basin_plan *plan, const basin_canvas *canvas, basin_bytes *out);
/* borrowed; NULL: there are none, or none were asked for */
const char *basin_figure_values(const basin_figure *figure);

/* series.c: how one of several results is told from the others. */
/* [plan->count]: the label of options->labels, else the method that the result's checkpoint
   records, else the folder's name («runs/sam_3/…» is sam_3), which also stands where two results
   share a method. The look is the method's own, where no two results share one. */
basin_status basin_plan_series(basin_plan *plan, basin_series **out);
/* The first input of that role; NULL if none. */
const basin_input *basin_plan_input(const basin_plan *plan, size_t result, basin_input_role role);
/* How the points were reached from their checkpoints, then «Checkpoints: …, …. Data: digest ….»,
   or «8 data sets, the first of digest ….», each once, at the end of the caption. */
void basin_plan_sources(basin_plan *plan);
/* What a ceiling of stability is with BatchNorm, where a result was computed at other statistics
   than of batches. */
void basin_plan_ceiling_mode(basin_plan *plan);
/* What was found of a way down from the point: where there is one, curvature there is no curvature
   of a minimum. Of each point once. */
void basin_plan_stationarity(basin_plan *plan, size_t result, const basin_stationarity *s);
/* The line of provenance at the foot; NULL when switched off or unknown. */
const char *basin_plan_footer(basin_plan *plan);

basin_pen basin_look_pen(const basin_look *look, double width);
/* «distance along momentum, ‖d‖ = 1, uphill →» in one line or two, or «momentum →». */
typedef enum basin_label_form {
    BASIN_LABEL_LINE,
    BASIN_LABEL_BROKEN,
    BASIN_LABEL_SHORT
} basin_label_form;
const char *basin_axis_label(basin_plan *plan, const basin_axis *axis, basin_label_form form);

/* grouping.c: results put together by label, else by method, in the order of their first ones. */
typedef struct basin_grouping {
    size_t        count;
    basin_series *series;  /* [count] name and look */
    const char  **methods; /* [count] of its first result; NULL unknown */
    size_t       *sizes;   /* [count] */
    size_t       *of;      /* [plan->count] */
} basin_grouping;
basin_status basin_plan_groups(basin_plan *plan, basin_grouping *out);
/* The path of the result's checkpoint; «unknown» without one. */
const char *basin_plan_origin(const basin_plan *plan, size_t result);

/* figure_slice.c: of one kind and name; directions to checkpoints are alike, wherever these are. */
bool basin_same_direction(const basin_axis *a, const basin_axis *b);

/* figure_strip.c: whether that kind is of results of several kinds. */
bool basin_figure_mixes(const char *kind);

/* figure_ends.c */
/* Of a direction that leads to another checkpoint: what tells that one's file from the others of
   its slice, e.g. «sam_0». */
const char *basin_end_name(basin_plan *plan, const basin_axis *axis);
/* The checkpoints that the directions of a plane lead to, marked, and their names and that of the
   centre; nothing where they lead to none. Where in `frame`, NULL = at right angles. */
basin_status basin_panel_add_ends(basin_plan *plan, basin_panel *panel, size_t result,
                                  const basin_frame *frame);

/* figure_paths.c: the runs beside a plane over its panel, and what they are in the caption. */
basin_status basin_panel_add_paths(basin_plan *plan, basin_panel *panel, const basin_slice *slice,
                                   bool named);
/* Places [count, 2] that labels keep off: the centre, and along the paths. */
basin_status basin_paths_places(basin_plan *plan, const basin_slice *slice, size_t *count,
                                const double **out);
void         basin_caption_paths(basin_plan *plan, const basin_slice *slice);

/* figure_adaptive.c: what a slice with a tolerance has besides; nothing of one without. */
/* The points that surface k is interpolated from, where options->points asks for them or `always`;
   `unit` scales the coordinate of a line; `frame` as of the surface's mark. */
basin_status basin_plan_sample_points(basin_plan *plan, basin_panel *panel, const basin_slice *s,
                                      size_t k, double unit, bool always, const basin_frame *frame);
/* From how many points it is interpolated, and to within what; of the i-th result, named where
   there are several. */
void basin_plan_sample_caption(basin_plan *plan, const char *name, const basin_slice *s, size_t k);

/* columns.c */
/* Names between commas, each found; BASIN_ERR_ARG lists the choices. */
basin_status basin_plan_columns(basin_plan *plan, const char *names, const basin_column ***out,
                                size_t *count);
/* as on axes, in plain text: λ_max for a λ with a subscript */
const char *basin_column_words(basin_plan *plan, const basin_column *column);
/* basin_scale_fit, but a linear axis does not run past what the measure can be. */
basin_plot_scale basin_column_fit(const basin_column *column, basin_scale_kind kind,
                                  const basin_range *range, double margin);

#endif
