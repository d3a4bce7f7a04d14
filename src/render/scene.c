#include "render/scene.h"

#include <math.h>

/* in the box: a camera so far away bends parallels a little, as the eye does at a table */
static const double DISTANCE = 7.0, HEIGHT = 1.05, FLOOR = -0.42;

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Lengths in the box of one unit of s and of t: true ones in a frame, else each side of the floor is as
   long as the other. */
static void set_floor(basin_scene *scene, const basin_frame *frame)
{
    const double span[2] = {scene->to[0] - scene->from[0], scene->to[1] - scene->from[1]};
    const double middle[2] = {(scene->from[0] + scene->to[0]) / 2, (scene->from[1] + scene->to[1]) / 2};
    basin_frame  f = frame != NULL ? *frame : (basin_frame){1 / span[0], 0, 1 / span[1]};
    const double longer = fmax(f.xx * span[0], hypot(f.xy, f.yy) * span[1]);

    scene->along[0][0] = 2 * f.xx / longer, scene->along[0][1] = 0;
    scene->along[1][0] = 2 * f.xy / longer, scene->along[1][1] = 2 * f.yy / longer;
    for (size_t k = 0; k < 2; k++)
        scene->origin[k] = -middle[0] * scene->along[0][k] - middle[1] * scene->along[1][k];
}

basin_scene basin_scene_make(const double from[2], const double to[2], const basin_frame *frame,
                             const basin_plot_scale *value, double azimuth, double elevation)
{
    const double turn = acos(-1) / 180, a = azimuth * turn, e = elevation * turn;
    basin_scene  scene = {.from = {from[0], from[1]},
                          .to = {to[0], to[1]},
                          .value = *value,
                          .height = HEIGHT,
                          .floor = FLOOR,
                          .right = {-sin(a), cos(a), 0},
                          .up = {-sin(e) * cos(a), -sin(e) * sin(a), cos(e)},
                          .out = {cos(e) * cos(a), cos(e) * sin(a), sin(e)},
                          .target = {0, 0, (HEIGHT + FLOOR) / 2},
                          .distance = DISTANCE};

    set_floor(&scene, frame);
    return scene;
}

double basin_scene_height(const basin_scene *scene, double value)
{
    return scene->height * basin_scale_at(&scene->value, value);
}

void basin_scene_place(const basin_scene *scene, double s, double t, double height, double box[3])
{
    for (size_t k = 0; k < 2; k++)
        box[k] = scene->origin[k] + s * scene->along[0][k] + t * scene->along[1][k];
    box[2] = height;
}

void basin_scene_project(const basin_scene *scene, const double box[3], double picture[2])
{
    const double d[3] = {box[0] - scene->target[0], box[1] - scene->target[1], box[2] - scene->target[2]};
    const double scale = scene->distance / (scene->distance - dot(d, scene->out));

    picture[0] = scale * dot(d, scene->right), picture[1] = scale * dot(d, scene->up);
}

void basin_scene_camera(const basin_scene *scene, double at[2])
{
    const double x = scene->target[0] + scene->distance * scene->out[0] - scene->origin[0];
    const double y = scene->target[1] + scene->distance * scene->out[1] - scene->origin[1];

    /* along[0] lies on the first axis of the box */
    at[1] = y / scene->along[1][1];
    at[0] = (x - at[1] * scene->along[1][0]) / scene->along[0][0];
}
