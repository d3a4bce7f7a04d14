/* A surface over the floor of a scene, and marks of a plane laid upon it. */
#ifndef BASIN_RENDER_DRAPE_H
#define BASIN_RENDER_DRAPE_H

#include "render/scene.h"

typedef struct basin_drape {
    const basin_scene *scene;
    size_t             rows, columns;
    const double *s, *t;  /* [columns], [rows], both ascending and evenly spaced but for rounding */
    const double *height; /* [rows, columns] in the box; NAN where there is no surface */
} basin_drape;

/* in the box, between the grid's points linear in each direction; NAN where there is no surface */
double basin_drape_height(const basin_drape *drape, double s, double t);
/* Whether a place on the surface is seen from where the camera stands. */
bool basin_drape_is_seen(const basin_drape *drape, double s, double t);

/* Lays the panel's marks from `first` on, of lines, points and names on the plane, upon the surface. What it
   hides becomes a dotted line or a small grey marker; *hidden: whether there is any. */
basin_status basin_drape_marks(basin_plan *plan, basin_panel *panel, size_t first,
                               const basin_drape *drape, bool *hidden);

#endif
