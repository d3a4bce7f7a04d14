/* What the figure of a comparison (figure_comparison.c) and its words (comparison_words.c)
   share. */
#ifndef BASIN_RENDER_COMPARISON_H
#define BASIN_RENDER_COMPARISON_H

#include "render/figure.h"
#include "render/rows.h"

typedef struct basin_versus { /* a comparison as it is drawn */
    const basin_comparison *comparison;
    const basin_column    **measures; /* [count], a panel each */
    size_t                  count;
    basin_row_list          rows; /* that stand in the groups, at every kind of point */
} basin_versus;

/* The row of the same checkpoint, or of the same run at the same loss, at another kind of point; of
   all samples. NULL if none. */
const basin_row *basin_versus_row(const basin_comparison *c, size_t raw, int point);

/* BASIN_ERR_VALUE where a group names rows that there are not. */
basin_status basin_versus_check(const basin_comparison *c);
/* Those asked for by options->y, or of the defaults those that were measured (the first, were it
   none). */
basin_status basin_versus_choose(basin_plan *plan, basin_versus *v);
/* NULL if there is none */
const basin_estimate *basin_versus_estimate(const basin_comparison *c, size_t group, int point,
                                            const basin_column *measure);
/* strip_table.c: the plan's table, of the group of each column, and what the caption says of it. */
basin_status basin_strip_table(basin_plan *plan, const basin_grouping *columns,
                               const basin_comparison *c);
/* Whether the difference was tested: seeds paired, and of two methods. */
bool basin_versus_tested(const basin_difference *d);
/* The group of that name; NULL if there is none. */
const basin_group *basin_versus_group(const basin_comparison *c, const char *name);
const char *basin_group_title(basin_plan *plan, const basin_group *group); /* «?» for NULL */
/* The lines under the panel of a measure: verdict and p of each method and kind of point. */
basin_status basin_versus_notes(basin_plan *plan, const basin_versus *v,
                                const basin_column *measure, basin_panel *panel);
/* Which groups cannot be held against each other at equal training loss; NULL if all can. */
const char *basin_versus_warning(basin_plan *plan, const basin_versus *v);
/* numbers of runs; NULL = nothing to say */
const char *basin_versus_footnote(basin_plan *plan, const basin_versus *v);
bool        basin_versus_equal(const basin_comparison *c); /* as many runs in every group */
void        basin_versus_caption(basin_plan *plan, const basin_versus *v);

#endif
