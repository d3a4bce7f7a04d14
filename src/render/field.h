/* The values of one split on a plane, as a panel shows them, and what the figures of planes
   share. */
#ifndef BASIN_RENDER_FIELD_H
#define BASIN_RENDER_FIELD_H

#include "render/figure.h"
#include "render/smooth.h"

typedef struct basin_field { /* what one panel shows */
    const basin_slice   *slice;
    const basin_surface *surface;
    size_t               rows, columns;
    const double        *x, *y, *z; /* [columns], [rows], [rows, columns] */
    const basin_frame   *frame;     /* NULL: at right angles, in units of the directions */
    basin_between        between;
    basin_smooth_error   errors; /* of what is drawn between the points; count 0: nothing is */
} basin_field;

/* Of the i-th result: the split behind the colon of the kind, else the first. BASIN_ERR_ARG for a
   line, BASIN_ERR_MISSING for a split that it has not. */
basin_status basin_field_find(const basin_plan *plan, size_t i, const char *kind, basin_field *out);
/* which surface of its slice */
size_t       basin_field_number(const basin_field *f);
basin_status basin_field_frame(basin_plan *plan, basin_field *f);
/* A grid of about `side` points, where a cubic rule tells left-out values better than straight
   lines. */
basin_status basin_field_smooth(basin_plan *plan, basin_field *f, size_t side, bool logarithmic);
/* of the finite values, no more than `cap` */
basin_range basin_field_range(const basin_field *fields, size_t count, double cap);
/* For heights and colours: logarithmic where positive values reach over a factor of 20, unless
   options->scale says which. BASIN_ERR_VALUE as basin_plan_scale. */
basin_status basin_field_scale(const basin_plan *plan, const basin_range *range,
                               basin_plot_scale *out);
/* whether one unit across is as long as one up, and the plane no narrow strip */
bool         basin_field_is_equal(const basin_field *f);
basin_status basin_panel_add_centre(basin_plan *plan, basin_panel *panel);
/* Of axis k. In a frame that is not at right angles the axes are lengths: along the first
   direction, and at right angles to it towards the second. */
const char *basin_field_label(basin_plan *plan, const basin_field *f, size_t k,
                              basin_label_form form);
/* For the caption: the directions, where they are not those of the plane before (NULL: none). */
void basin_field_directions(basin_plan *plan, const basin_field *f, const basin_field *before);
void basin_field_between(basin_plan *plan, const basin_field *f, const char *name);

typedef struct basin_levels { /* of contour lines; none for other kinds */
    double *values;
    size_t  count;
    bool    logarithmic;
} basin_levels;
/* Those of options->levels that lie within the values, else round ones, about options->level_count
   or `about`. BASIN_ERR_ARG where none of those asked for does. */
basin_status basin_plan_levels(basin_plan *plan, const basin_range *range, size_t about,
                               basin_levels *out);

#endif
