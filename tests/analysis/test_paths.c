/* Principal axes, planes through three checkpoints, and where checkpoints fall on a plane. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"

enum { P = 40, MOST = 8 };

static double *stored(const char *name, size_t size)
{
    char    reference[600];
    double *values = NULL;

    snprintf(reference, sizeof reference, "%s#%s", basin_test_data("paths.h5"), name);
    assert_ok(basin_vector_read(reference, size, &values));
    return values;
}

/* The points of numpy's example, one a row. */
static void take_points(const char *example, size_t n, double **points)
{
    for (size_t i = 0; i < n; i++) {
        char name[80];
        snprintf(name, sizeof name, "axes/%s/points[%zu]", example, i);
        points[i] = stored(name, P);
    }
}

static void hold_against_numpy(const char *example, size_t n, size_t count)
{
    char    name[80];
    double *points[MOST], axes[3 * P], shares[3], *origin, *expected;

    take_points(example, n, points);
    snprintf(name, sizeof name, "axes/%s/origin", example);
    origin = stored(name, P);
    assert_ok(basin_principal_axes(origin, (const double *const *)points, n, P, count, axes, shares));
    snprintf(name, sizeof name, "axes/%s/shares", example);
    expected = stored(name, n);
    for (size_t i = 0; i < count; i++) assert_close(shares[i], expected[i], 0.0, 1e-10);
    basin_free(expected);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "axes/%s/axes[%zu]", example, i);
        expected = stored(name, P);
        for (size_t k = 0; k < P; k++) assert_close(axes[i * P + k], expected[k], 0.0, 1e-10);
        basin_free(expected);
    }
    for (size_t i = 0; i < n; i++) basin_free(points[i]);
    basin_free(origin);
}

static void principal_axes_and_shares_are_numpys(void **state)
{
    (void)state;
    hold_against_numpy("round", 6, 3);
    hold_against_numpy("path", 8, 2);
}

/* Each entry a difference from the first, so that one more point at the origin changes nothing. */
static void the_origin_among_the_points_changes_nothing(void **state)
{
    double *points[MOST], *origin = stored("axes/round/origin", P), axes[2][2 * P], shares[2][2];

    (void)state;
    take_points("round", 6, points);
    points[6] = origin;
    for (size_t k = 0; k < 2; k++)
        assert_ok(
            basin_principal_axes(origin, (const double *const *)points, 6 + k, P, 2, axes[k], shares[k]));
    for (size_t i = 0; i < 2; i++) assert_close(shares[0][i], shares[1][i], 1e-13, 0.0);
    for (size_t i = 0; i < 2 * P; i++) assert_close(axes[0][i], axes[1][i], 0.0, 1e-13);
    for (size_t i = 0; i < 7; i++) basin_free(points[i]);
}

static void points_that_span_too_little_are_refused(void **state)
{
    const double  origin[2] = {1, 1}, a[2] = {2, 1}, b[2] = {5, 1}, nan_[2] = {NAN, 1};
    const double *points[3] = {a, b, origin};
    double        axes[4] = {42}, shares[2];

    (void)state;
    assert_status(basin_principal_axes(origin, points, 1, 2, 2, axes, shares), BASIN_ERR_VALUE);
    assert_message("2 principal axes of 1 checkpoint beside the centre");
    assert_status(basin_principal_axes(origin, points, 3, 2, 2, axes, shares), BASIN_ERR_VALUE);
    assert_message("the checkpoints span fewer than 2 directions from the centre");
    points[1] = origin;
    assert_status(basin_principal_axes(origin, points, 3, 2, 2, axes, shares), BASIN_ERR_VALUE);
    assert_message("2 principal axes of 1 checkpoint that differs from the centre");
    points[1] = nan_;
    assert_status(basin_principal_axes(origin, points, 3, 2, 2, axes, shares), BASIN_ERR_VALUE);
    assert_message("is not finite");
    assert_true(axes[0] == 42);
}

static void a_principal_direction_tells_its_share(void **state)
{
    const double     origin[3] = {0, 0, 0}, a[3] = {3, 0, 0}, b[3] = {0, -1, 0};
    const double    *points[2] = {a, b};
    basin_direction *d = NULL;

    (void)state;
    assert_ok(basin_direction_pca(origin, points, 2, 3, 2, &d));
    assert_string_equal(d->label, "pca:2");
    assert_close(d->explained, 0.1, 1e-14, 0.0);
    assert_close(d->values[1], -1.0, 1e-14, 0.0); /* b lies on the positive side */
    assert_close(d->norm, 1.0, 1e-15, 0.0);
    basin_direction_destroy(&d);
    assert_status(basin_direction_pca(origin, points, 2, 3, 3, &d), BASIN_ERR_VALUE);
}

/* ---------------------------------------------------------------------------------------- three points -- */

static const char *const names[3] = {"a.h5", "b.h5", "c.h5"};

static void a_plane_through_three_points_holds_them(void **state)
{
    const double     a[3] = {1, 1, 1}, b[3] = {3, 1, 1}, c[3] = {2, 4, 1};
    const double    *points[3] = {a, b, c};
    basin_direction *d[2] = {NULL, NULL};
    double           at[2], distance;

    (void)state;
    for (int k = 0; k < 2; k++) assert_ok(basin_direction_plane(names, points, 3, k + 1, &d[k]));
    assert_close(d[0]->values[0], 1.0, 1e-15, 0.0);
    assert_close(d[1]->values[1], 1.0, 1e-15, 0.0);
    assert_close(basin_dot(d[0]->values, d[1]->values, 3), 0.0, 0.0, 1e-15);
    assert_true(fabs(d[0]->norm - 1) < 1e-15 && fabs(d[1]->norm - 1) < 1e-15); /* equal arc length */
    assert_ok(basin_project(a, (const basin_direction *const *)d, c, at, &distance));
    assert_close(at[0], 1.0, 1e-14, 0.0);
    assert_close(at[1], 3.0, 1e-14, 0.0);
    assert_close(distance, 0.0, 0.0, 1e-14);
    basin_direction_destroy(&d[0]), basin_direction_destroy(&d[1]);
}

static void points_that_make_no_plane_are_refused(void **state)
{
    const double     a[2] = {1, 1}, b[2] = {3, 1}, line[2] = {-7, 1};
    basin_direction *d = NULL;

    (void)state;
    assert_status(basin_direction_plane(names, (const double *const[]){a, b, line}, 2, 2, &d),
                  BASIN_ERR_VALUE);
    assert_message("a.h5, b.h5 and c.h5 lie on one line");
    assert_status(basin_direction_plane(names, (const double *const[]){a, b, a}, 2, 1, &d), BASIN_ERR_VALUE);
    assert_message("a.h5 and c.h5 hold the same weights");
    assert_status(basin_direction_between(names, a, a, 2, &d), BASIN_ERR_VALUE);
    assert_message("a.h5 and b.h5 hold the same weights");
    assert_null(d);
    assert_ok(basin_direction_between(names, a, b, 2, &d));
    assert_string_equal(d->label, "between:a.h5,b.h5");
    assert_true(d->values[0] == 2.0 && d->values[1] == 0.0 && d->norm == 2.0);
    basin_direction_destroy(&d);
}

/* ------------------------------------------------------------------------------------------ projection -- */

/* Directions neither of norm 1 nor orthogonal: dividing by a norm once gives a length and no coordinate, and
   two dot products are no projection. */
static void projections_are_in_multiples_of_skew_directions(void **state)
{
    enum { N = 30 };
    double           zero[N] = {0}, origin[N], x[N], y[N], off[N], theta[N], at[2], distance;
    basin_random     r = basin_random_start(5, BASIN_STREAM_TEST);
    basin_direction *d[2] = {NULL, NULL};

    (void)state;
    basin_random_normals(&r, origin, N);
    basin_random_normals(&r, x, N);
    basin_random_normals(&r, y, N);
    basin_random_normals(&r, off, N);
    for (size_t i = 0; i < N; i++) y[i] = 0.02 * y[i] + 0.03 * x[i]; /* short, and a cosine near 0.8 */
    assert_ok(basin_direction_to("x", zero, x, N, &d[0]));
    assert_ok(basin_direction_to("y", zero, y, N, &d[1]));
    for (int pass = 0; pass < 300; pass++) { /* what is off the plane, by alternating projections */
        basin_axpy(-basin_dot(off, x, N) / basin_dot(x, x, N), x, off, N);
        basin_axpy(-basin_dot(off, y, N) / basin_dot(y, y, N), y, off, N);
    }
    for (size_t i = 0; i < N; i++) theta[i] = origin[i] + 1.5 * x[i] - 7.0 * y[i] + off[i];
    assert_ok(basin_project(origin, (const basin_direction *const *)d, theta, at, &distance));
    assert_close(at[0], 1.5, 1e-11, 0.0);
    assert_close(at[1], -7.0, 1e-11, 0.0);
    assert_close(distance, basin_norm(off, N), 1e-11, 0.0);
    assert_status(basin_project(origin, (const basin_direction *const[]){d[0], d[0]}, theta, at, &distance),
                  BASIN_ERR_VALUE);
    assert_message("are parallel");
    basin_direction_destroy(&d[0]), basin_direction_destroy(&d[1]);
}

typedef struct fixture {
    double           a[9], theta[3], on[3], off[3];
    basin_objective *o;
    basin_point     *point;
    basin_direction *d[2];
} fixture;

/* L = ½ Σ λ_i θ_i², a plane of the first two axes through theta, one checkpoint on it and one 0.5 off it. */
static int setup(void **state)
{
    static fixture f;
    const double   zero[3] = {0}, x[3] = {2, 0, 0}, y[3] = {0, 1, 0}, lambda[3] = {1, 2, 4};

    memset(&f, 0, sizeof f);
    for (size_t i = 0; i < 3; i++) f.a[4 * i] = lambda[i], f.theta[i] = 1;
    memcpy(f.on, (double[]){3, 0, 1}, sizeof f.on);
    memcpy(f.off, (double[]){0, 2, 1.5}, sizeof f.off);
    assert_ok(basin_test_quadratic(f.a, NULL, 0.0, 3, &f.o));
    assert_ok(basin_point_create(f.o, f.theta, NULL, &f.point));
    assert_ok(basin_direction_to("x", zero, x, 3, &f.d[0]));
    assert_ok(basin_direction_to("y", zero, y, 3, &f.d[1]));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    basin_direction_destroy(&f->d[0]), basin_direction_destroy(&f->d[1]);
    basin_point_destroy(&f->point);
    basin_objective_destroy(&f->o);
    return 0;
}

static basin_status slice_of(const fixture *f, basin_slice **out)
{
    basin_status                 st = BASIN_OK;
    struct basin_path_checkpoint checkpoints[2] = {{"on.h5", 10, f->on, NAN}, {"off.h5", 110, f->off, NAN}};
    const basin_path_request     path = {
            .name = "runs/a", .method = "gd", .joined = true, .count = 2, .checkpoints = checkpoints};
    const basin_slice_request r = {.point = f->point,
                                   .splits = {"train"},
                                   .axis_count = 2,
                                   .directions = {f->d[0], f->d[1]},
                                   .from = {-1, 0},
                                   .to = {1, 1},
                                   .grid = {4, 3},
                                   .path_count = 1,
                                   .paths = &path};

    for (size_t i = 0; i < 2; i++)
        BASIN_TRY(basin_point_own_loss(f->point, f->o, checkpoints[i].theta, &checkpoints[i].loss));
    BASIN_TRY(basin_slice_compute(&r, out));
done:
    return st;
}

static void a_path_tells_what_the_plane_hides(void **state)
{
    basin_slice *s = NULL;

    assert_ok(slice_of(*state, &s));
    assert_int_equal(s->path_count, 1);
    assert_int_equal(s->paths[0].count, 2);
    assert_string_equal(s->paths[0].method, "gd");
    const basin_path_point *on = &s->paths[0].points[0], *off = &s->paths[0].points[1];
    assert_string_equal(on->file, "on.h5");
    assert_int_equal(off->step, 110);
    assert_close(on->across, 1.0, 1e-15, 0.0);
    assert_close(on->up, -1.0, 1e-15, 0.0);
    assert_close(on->distance, 0.0, 0.0, 1e-15);
    assert_close(on->loss, 0.5 * (9 + 0 + 4), 1e-15, 0.0);
    assert_close(on->projected, on->loss, 1e-15, 0.0);
    assert_close(off->across, -0.5, 1e-15, 0.0);
    assert_close(off->up, 1.0, 1e-15, 0.0);
    assert_close(off->distance, 0.5, 1e-15, 0.0);
    assert_close(off->loss, 0.5 * (0 + 8 + 9), 1e-15, 0.0);
    assert_close(off->projected, 0.5 * (0 + 8 + 4), 1e-15, 0.0);
    /* and the grid is what it is without a path: 3 rows of 4, cosines with the gradient (1, 2, 4) */
    assert_close(s->surfaces[0].loss[3], 0.5 * (9 + 2 + 4), 1e-15, 0.0);
    assert_close(s->surfaces[0].loss[8], 0.5 * (1 + 8 + 4), 1e-15, 0.0);
    assert_close(s->gradient_cosines[0], 1 / sqrt(21), 1e-15, 0.0);
    assert_close(s->gradient_cosines[1], 2 / sqrt(21), 1e-15, 0.0);
    basin_slice_destroy(&s);
}

static void a_path_is_of_a_plane(void **state)
{
    const fixture            *f = *state;
    const basin_path_request  path = {.name = "runs/a"};
    const basin_slice_request r = {.point = f->point,
                                   .splits = {"train"},
                                   .axis_count = 1,
                                   .directions = {f->d[0]},
                                   .to = {1},
                                   .grid = {3},
                                   .path_count = 1,
                                   .paths = &path};
    basin_slice              *s = NULL;

    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_ARG);
    assert_message("paths are projected on a plane, which takes 2 directions, got 1");
}

/* A vector out of a file, by name, by row and with what is wrong about it. */
static void vectors_are_read_by_name_and_row(void **state)
{
    char    reference[700];
    double *v = NULL, *row = stored("axes/round/points[5]", P);
    static const struct {
        const char  *name;
        size_t       size;
        basin_status status;
        const char  *message;
    } bad[] = {{"axes/round/origin", P + 1, BASIN_ERR_SHAPE, "expected [41], file has [40]"},
               {"axes/round/points[6]", P, BASIN_ERR_MISSING, "row 6 of 6"},
               {"axes/round/points", P, BASIN_ERR_SHAPE, "expected [40], file has [6, 40]"},
               {"axes/round/points[x]", P, BASIN_ERR_ARG, "a row is a whole number from 0"},
               {"axes/none", P, BASIN_ERR_MISSING, "/axes/none: no data set"},
               {"axes", P, BASIN_ERR_MISSING, "/axes: no data set"},
               {"eigen:0", P, BASIN_ERR_ARG, "eigen wants a whole number"}};

    (void)state;
    assert_false(row[0] == 0.0);
    basin_free(row);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(reference, sizeof reference, "%s#%s", basin_test_data("paths.h5"), bad[i].name);
        assert_status(basin_vector_read(reference, bad[i].size, &v), bad[i].status);
        assert_message(bad[i].message);
        assert_null(v);
    }
    assert_status(basin_vector_read("paths.h5", P, &v), BASIN_ERR_ARG);
    assert_message("is not FILE#NAME");
}

static basin_status make_all(void *payload)
{
    basin_status     st = BASIN_OK;
    const fixture   *f = payload;
    const double    *points[3] = {f->theta, f->on, f->off};
    basin_direction *d = NULL;
    basin_slice     *s = NULL;

    BASIN_TRY(slice_of(f, &s));
    BASIN_TRY(basin_direction_pca(f->theta, points + 1, 2, 3, 2, &d));
    basin_direction_destroy(&d);
    BASIN_TRY(basin_direction_plane(names, points, 3, 2, &d));
done:
    basin_direction_destroy(&d);
    basin_slice_destroy(&s);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_test_every_allocation(make_all, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principal_axes_and_shares_are_numpys),
        cmocka_unit_test(the_origin_among_the_points_changes_nothing),
        cmocka_unit_test(points_that_span_too_little_are_refused),
        cmocka_unit_test(a_principal_direction_tells_its_share),
        cmocka_unit_test(a_plane_through_three_points_holds_them),
        cmocka_unit_test(points_that_make_no_plane_are_refused),
        cmocka_unit_test(projections_are_in_multiples_of_skew_directions),
        cmocka_unit_test(a_path_tells_what_the_plane_hides),
        cmocka_unit_test(a_path_is_of_a_plane),
        cmocka_unit_test(vectors_are_read_by_name_and_row),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("paths", tests, setup, teardown);
}
