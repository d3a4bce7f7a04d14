/* The box in perspective against a camera written down by hand, and what a surface hides against rays that
 * meet a ridge and a cap of a sphere where geometry says. */
#include "support.h"

#include <math.h>

#include "render/drape.h"

enum { SIDE = 161, LAST = SIDE - 1 };

static const double      from[2] = {-1, -1}, to[2] = {1, 1};
static const basin_frame equal = {1, 0, 1};

static basin_scene scene_at(double azimuth, double elevation)
{
    return basin_scene_make(from, to, &equal, &(basin_plot_scale){BASIN_SCALE_LINEAR, 0, 1, 0}, azimuth,
                            elevation);
}

static void data_lie_in_the_box_where_their_lengths_say(void **state)
{
    const double      low[2] = {-3, 10}, high[2] = {5, 14};
    const basin_frame oblique = {2, 1.2, 1.6}; /* the second direction has length 2, the cosine is 0.6 */
    basin_scene       scene =
        basin_scene_make(low, high, &oblique, &(basin_plot_scale){BASIN_SCALE_LOG, 0.01, 100, 0}, -60, 38);
    double a[3], b[3], c[3];

    (void)state;
    basin_scene_place(&scene, 1, 12, 0.25, a); /* the middle of the plane */
    assert_close(a[0], 0, 0, 1e-12);
    assert_close(a[1], 0, 0, 1e-12);
    assert_true(a[2] == 0.25);
    basin_scene_place(&scene, -3, 10, 0, a), basin_scene_place(&scene, 5, 10, 0, b);
    basin_scene_place(&scene, -3, 14, 0, c);
    assert_close(b[0] - a[0], 2, 1e-12, 0);                     /* 8 units of length 2: the longer side */
    assert_close(hypot(c[0] - a[0], c[1] - a[1]), 1, 1e-12, 0); /* 4 of them */
    assert_close((c[0] - a[0]) / hypot(c[0] - a[0], c[1] - a[1]), 0.6, 1e-12, 0);
    assert_close(basin_scene_height(&scene, 1), scene.height / 2, 1e-12, 0);
    assert_true(isnan(basin_scene_height(&scene, -1)));
}

/* A camera at azimuth 0 stands over the first axis: the picture's x is the box's second axis. */
static void the_picture_is_that_of_a_pinhole(void **state)
{
    const double turn = acos(-1) / 180, e = 30 * turn, box[3] = {0.3, -0.7, 0.9};
    basin_scene  scene = scene_at(0, 30);
    double       picture[2], camera[2];

    (void)state;
    const double height = box[2] - scene.target[2];
    const double depth = scene.distance - box[0] * cos(e) - height * sin(e);
    basin_scene_project(&scene, box, picture);
    assert_close(picture[0], box[1] * scene.distance / depth, 1e-12, 0);
    assert_close(picture[1], (height * cos(e) - box[0] * sin(e)) * scene.distance / depth, 1e-12, 0);
    basin_scene_camera(&scene, camera);
    assert_close(camera[0], scene.distance * cos(e), 1e-12, 0);
    assert_close(camera[1], 0, 0, 1e-12);
}

typedef double surface(double s, double t);

static double ridge(double s, double t) /* along the second axis: as steep as 4 to 1 */
{
    (void)t;
    return fmax(0, 0.8 - 4 * fabs(s));
}

static double cap(double s, double t) /* of a ball about the middle of the floor */
{
    return sqrt(fmax(0, 0.36 - s * s - t * t));
}

static basin_drape drape_of(const basin_scene *scene, surface *f, double *side, double *height)
{
    for (size_t i = 0; i < SIDE; i++) side[i] = -1 + 2.0 * (double)i / LAST;
    for (size_t i = 0; i < SIDE * SIDE; i++) height[i] = f(side[i % SIDE], side[i / SIDE]);
    return (basin_drape){
        .scene = scene, .rows = SIDE, .columns = SIDE, .s = side, .t = side, .height = height};
}

static void camera_of(const basin_scene *scene, double out[3])
{
    for (size_t k = 0; k < 3; k++) out[k] = scene->target[k] + scene->distance * scene->out[k];
}

/* By steps of a ray through the surface's formula: by how much it clears the surface at the least, where it
   has left the place behind. */
static double clearance(const basin_scene *scene, surface *f, double s, double t)
{
    enum { STEPS = 20000 };
    double camera[3], least = INFINITY;

    camera_of(scene, camera);
    for (size_t i = 1; i < STEPS; i++) {
        const double u = 0.3 * (double)i / STEPS;
        const double x = s + u * (camera[0] - s), y = t + u * (camera[1] - t);
        if (fabs(x) > 1 || fabs(y) > 1) break;
        least = fmin(least, f(s, t) + u * (camera[2] - f(s, t)) - f(x, y));
    }
    return least;
}

static void a_ridge_hides_what_lies_in_its_shadow(void **state)
{
    static double     side[SIDE], height[SIDE * SIDE];
    const basin_scene scene = scene_at(0, 45);
    const basin_drape d = drape_of(&scene, ridge, side, height);
    double            camera[3];

    (void)state;
    camera_of(&scene, camera);
    /* the line from the camera over the crest (0, 0.8) meets the floor behind it here */
    const double shadow = -0.8 * camera[0] / (camera[2] - 0.8);
    assert_true(shadow < -0.5 && shadow > -1);
    for (double s = -0.98; s < 1; s += 0.01) {
        if (fabs(s - shadow) < 0.03 || fabs(s) < 0.03) continue;
        assert_int_equal(basin_drape_is_seen(&d, s, 0), s < shadow || s > 0);
    }
}

static void what_is_seen_is_what_rays_reach(void **state)
{
    static double         side[SIDE], height[SIDE * SIDE];
    static const double   views[][2] = {{-60, 38}, {25, 12}, {200, 60}};
    static surface *const surfaces[] = {ridge, cap};
    size_t                seen = 0, hidden = 0;

    (void)state;
    for (size_t k = 0; k < 6; k++) {
        const basin_scene scene = scene_at(views[k / 2][0], views[k / 2][1]);
        const basin_drape d = drape_of(&scene, surfaces[k % 2], side, height);
        for (double s = -0.97; s < 1; s += 0.0731) {
            for (double t = -0.97; t < 1; t += 0.0731) {
                const double least = clearance(&scene, surfaces[k % 2], s, t);
                if (least > -0.03 && least < 0) continue; /* grazing: within the slack and a cell */
                assert_int_equal(basin_drape_is_seen(&d, s, t), least >= 0);
                seen += least >= 0, hidden += least < 0;
            }
        }
    }
    assert_true(seen > 500 && hidden > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_lie_in_the_box_where_their_lengths_say),
        cmocka_unit_test(the_picture_is_that_of_a_pinhole),
        cmocka_unit_test(a_ridge_hides_what_lies_in_its_shadow),
        cmocka_unit_test(what_is_seen_is_what_rays_reach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
