/* A box seen in perspective: the floor is a plane through the parameters, height is a value.
 *
 * Three spaces: data (s, t, value) with s and t in units of the two directions; the box, whose
 * floor is centred on the origin with its longer side from -1 to 1 and whose heights run from 0 to
 * `height`; and the picture, (x to the right, y upwards) in units of the box at its middle, which
 * are a panel's x and y.
 */
#ifndef BASIN_RENDER_SCENE_H
#define BASIN_RENDER_SCENE_H

#include "render/plan.h"

typedef struct basin_scene {
    double           from[2], to[2]; /* of s and t */
    double           along[2][2];    /* in the box: what one unit of s and of t is */
    double           origin[2];      /* in the box: where s = t = 0 is */
    basin_plot_scale value;
    double           height, floor; /* in the box: of the largest value; of the floor, < 0 */
    double           right[3], up[3], out[3]; /* in the box, of norm 1; out: towards the camera */
    double           target[3], distance; /* in the box: what the camera looks at, from how far */
    const char      *label[3];
} basin_scene;

/* azimuth in degrees from the first axis towards the second, elevation in degrees above the
   floor */
basin_scene basin_scene_make(const double from[2], const double to[2], const basin_frame *frame,
                             const basin_plot_scale *value, double azimuth, double elevation);

/* NAN where the value has no place on its scale */
double basin_scene_height(const basin_scene *scene, double value);
void basin_scene_place(const basin_scene *scene, double s, double t, double height, double box[3]);
void basin_scene_project(const basin_scene *scene, const double box[3], double picture[2]);
/* where the camera stands over the floor, in units of s and t */
void basin_scene_camera(const basin_scene *scene, double at[2]);

/* Scales of the panel's x and y, so that the box and all that is written about it fit into
   panel->box. BASIN_ERR_ARG where what is written leaves no room for a box. */
basin_status basin_scene_fit(basin_panel *panel, basin_canvas *canvas);
/* Floor and back walls, which a legend may cover; then edges, ticks, numbers and labels, which it
   may not. Returns the moment between. */
basin_moment basin_scene_draw(const basin_panel *panel, basin_canvas *canvas);

#endif
