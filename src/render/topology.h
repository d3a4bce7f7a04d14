/* The minima of a plane as figure_topology.c draws them. */
#ifndef BASIN_RENDER_TOPOLOGY_H
#define BASIN_RENDER_TOPOLOGY_H

#include "render/field.h"

enum { BASIN_TOPOLOGY_MOST = 8 }; /* minima drawn */

typedef struct basin_topology_branch {
    const basin_merge_branch *of;
    double                    minimum[2], pass[2]; /* in the panel */
    bool                      certain, at_edge;
} basin_topology_branch;

typedef struct basin_topology {
    basin_field           field, drawn; /* as read; as drawn */
    basin_merge_tree     *tree;
    basin_smooth_error    errors;         /* of a plane whose points were all evaluated */
    size_t                count, certain; /* of minima: drawn; of all, that are beyond the error */
    basin_topology_branch branches[BASIN_TOPOLOGY_MOST];
    basin_paint          *paint;
    basin_range           data;
} basin_topology;

/* The estimated errors [rows, columns] of an interpolated plane; NULL of one whose points were all
   evaluated. */
const double *basin_topology_estimate(const basin_topology *t);
void          basin_topology_caption(basin_plan *plan, const basin_topology *t);

#endif
