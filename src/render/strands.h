/* Runs as the figures of tracks draw them: the rows of several results cut into strands, one for
 * each run and kind of point, and gathered into groups of one look. Rows measured on a part of the
 * samples only stay outside. */
#ifndef BASIN_RENDER_STRANDS_H
#define BASIN_RENDER_STRANDS_H

#include "render/figure.h"
#include "render/rows.h"

typedef struct basin_strand { /* one run at one kind of point */
    const basin_row **rows;   /* [count] by step */
    size_t            count, group;
    int               point;
} basin_strand;

typedef struct basin_strand_group { /* runs in one look */
    const char *label;
    basin_look  look;
    size_t      runs[BASIN_POINTS];
} basin_strand_group;

typedef struct basin_tracks {
    const basin_column *x;
    bool                sweep; /* the last row of each strand alone */
    size_t              strand_count, group_count, missing;
    basin_strand       *strands;
    basin_strand_group *groups;
    const char         *first_missing;
    basin_row_list      rows; /* of all strands that are drawn */
} basin_tracks;

typedef struct basin_place {
    double x, y, low, high;
} basin_place; /* a value and its error bar */

typedef struct basin_places { /* column by column, as marks want them */
    size_t  count;
    double *x, *y, *low, *high;
} basin_places;

/* x is left to the caller */
basin_status basin_tracks_collect(basin_plan *plan, bool sweep, basin_tracks *out);
/* the first row drawn */
size_t basin_strand_start(const basin_tracks *t, const basin_strand *s);
/* whether some row has a value */
bool basin_tracks_know(const basin_tracks *t, const basin_column *column);
/* x of a row; where it is unknown, of the last row before it that has one. */
double basin_strand_x(const basin_tracks *t, const basin_strand *s, size_t row);

basin_status basin_places_create(basin_plan *plan, size_t room, basin_places *out);
void         basin_places_add(basin_places *places, basin_place place);
/* NAN where a truncated spectrum gives only a part of the measure. */
basin_place basin_place_of(const basin_tracks *t, const basin_row *row, const basin_column *y);
/* All values of a group at one kind of point whose place is known, by x; a missing one has y =
   NAN. */
basin_status basin_group_places(basin_plan *plan, const basin_tracks *t, size_t group, int point,
                                const basin_column *y, basin_places *out);
/* One value for each x: the mean, NAN unless there are `runs` finite ones. A single value keeps its
   error bar. */
basin_status basin_places_mean(basin_plan *plan, const basin_places *all, size_t runs,
                               basin_places *out);
/* Without those of y = NAN. */
void basin_places_drop_unknown(basin_places *places);

#endif
