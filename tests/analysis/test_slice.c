#include "support.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"

enum { N = 12 };

typedef struct fixture {
    double           a[N * N], b[N], theta[N];
    basin_objective *o, *other;
    basin_point     *point;
    basin_direction *x, *y;
} fixture;

static basin_direction *direction(const char *name, uint64_t seed)
{
    double           zero[N] = {0}, values[N];
    basin_random     r = basin_random_start(seed, BASIN_STREAM_TEST);
    basin_direction *d = NULL;

    basin_random_normals(&r, values, N);
    assert_ok(basin_direction_to(name, zero, values, N, &d));
    return d;
}

static int setup(void **state)
{
    static fixture f;
    double         lambda[N];
    basin_random   r = basin_random_start(1, BASIN_STREAM_TEST);

    memset(&f, 0, sizeof f);
    for (size_t i = 0; i < N; i++) lambda[i] = 3.0 - (double)i * 0.5;
    basin_test_planted(lambda, N, 2, f.a);
    basin_random_normals(&r, f.b, N);
    basin_random_normals(&r, f.theta, N);
    assert_ok(basin_test_quadratic(f.a, f.b, 20.0, N, &f.o));
    assert_ok(basin_test_quadratic(f.a, NULL, 5.0, N, &f.other));
    assert_ok(basin_point_create(f.o, f.theta, NULL, &f.point));
    f.x = direction("x", 3), f.y = direction("y", 4);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    basin_point_destroy(&f->point);
    basin_objective_destroy(&f->o);
    basin_objective_destroy(&f->other);
    basin_direction_destroy(&f->x);
    basin_direction_destroy(&f->y);
    return 0;
}

static basin_slice_request request(const fixture *f, size_t axes)
{
    return (basin_slice_request){.point = f->point,
                                 .other = f->other,
                                 .splits = {"train", "test"},
                                 .axis_count = axes,
                                 .directions = {f->x, f->y},
                                 .from = {-1.0, -2.0},
                                 .to = {1.0, 3.0},
                                 .grid = {5, 3}};
}

/* L(theta + s x + t y) by its definition. */
static double quadratic_at(const fixture *f, bool other, double s, double t)
{
    double p[N], ap[N];

    for (size_t i = 0; i < N; i++) p[i] = f->theta[i] + s * f->x->values[i] + t * f->y->values[i];
    for (size_t i = 0; i < N; i++) ap[i] = basin_dot(f->a + i * N, p, N);
    return 0.5 * basin_dot(p, ap, N) - (other ? 0.0 : basin_dot(f->b, p, N)) + (other ? 5.0 : 20.0);
}

static void a_line_through_a_quadratic_is_its_parabola(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 1);
    basin_slice        *s = NULL;

    r.momentum = f->y->values;
    assert_ok(basin_slice_compute(&r, &s));
    assert_int_equal(s->axis_count, 1);
    assert_int_equal(s->surface_count, 2);
    assert_int_equal(s->parameters, N);
    assert_string_equal(s->axes[0].direction, "to:x");
    assert_string_equal(s->surfaces[1].split, "test");
    for (size_t k = 0; k < 2; k++) {
        const basin_surface *u = &s->surfaces[k];
        assert_int_equal(u->rows, 1);
        assert_int_equal(u->columns, 5);
        for (size_t i = 0; i < 5; i++) {
            assert_close(u->loss[i], quadratic_at(f, k == 1, s->axes[0].coordinates[i], 0.0), 1e-13, 0.0);
            assert_true(isnan(u->accuracy[i])); /* undefined for a quadratic */
        }
        assert_close(u->centre_loss, quadratic_at(f, k == 1, 0.0, 0.0), 1e-14, 0.0);
        assert_true(u->centre_loss == u->loss[2]);
    }
    for (size_t i = 0; i < 5; i++) { /* the prediction from the centre is the slice itself */
        double c = s->axes[0].coordinates[i];
        assert_close(s->surfaces[0].centre_loss + s->axes[0].slope * c + 0.5 * s->axes[0].curvature * c * c,
                     s->surfaces[0].loss[i], 1e-13, 0.0);
    }
    assert_true(isnan(s->cosine));
    assert_int_equal(s->cosine_count, 1);
    assert_close(s->momentum_cosines[0], basin_dot(f->x->values, f->y->values, N) / f->x->norm / f->y->norm,
                 1e-14, 0.0);
    assert_close(s->stationarity.loss, s->surfaces[0].centre_loss, 1e-14, 0.0);
    basin_slice_destroy(&s);
    basin_slice_destroy(&s);
    assert_null(s);
}

static void rows_of_a_plane_are_the_second_direction(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 2);
    basin_slice        *s = NULL;

    assert_ok(basin_slice_compute(&r, &s));
    assert_int_equal(s->surfaces[0].rows, 3);
    assert_int_equal(s->surfaces[0].columns, 5);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 5; j++)
            assert_close(s->surfaces[0].loss[i * 5 + j],
                         quadratic_at(f, false, -1.0 + 0.5 * (double)j, -2.0 + 2.5 * (double)i), 1e-13, 0.0);
    assert_close(s->cosine, basin_dot(f->x->values, f->y->values, N) / f->x->norm / f->y->norm, 1e-14, 0.0);
    assert_true(isnan(s->momentum_cosines[0]) && isnan(s->momentum_cosines[1]));
    for (size_t k = 0; k < 2; k++) {
        const basin_direction *d = k ? f->y : f->x;
        double                 ad[N], g[N];
        for (size_t i = 0; i < N; i++)
            ad[i] = basin_dot(f->a + i * N, d->values, N),
            g[i] = basin_dot(f->a + i * N, f->theta, N) - f->b[i];
        assert_close(s->axes[k].curvature, basin_dot(d->values, ad, N), 1e-13, 0.0);
        assert_close(s->axes[k].slope, basin_dot(g, d->values, N), 1e-13, 0.0);
        assert_true(s->axes[k].norm == d->norm && s->axes[k].natural_norm == d->natural_norm);
    }
    basin_slice_destroy(&s);
}

static void coordinates_hit_both_ends_and_zero(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 1);
    basin_slice        *s = NULL;

    r.from[0] = -0.3, r.to[0] = 0.3, r.grid[0] = 51;
    assert_ok(basin_slice_compute(&r, &s));
    assert_true(s->axes[0].coordinates[0] == -0.3 && s->axes[0].coordinates[50] == 0.3 &&
                s->axes[0].coordinates[25] == 0.0);
    for (size_t i = 0; i < 51; i++) assert_true(s->axes[0].coordinates[i] == -s->axes[0].coordinates[50 - i]);
    for (size_t i = 1; i < 51; i++)
        assert_close(s->axes[0].coordinates[i] - s->axes[0].coordinates[i - 1], 0.012, 1e-13, 0.0);
    basin_slice_destroy(&s);
    r.from[0] = 0.1, r.to[0] = 0.7, r.grid[0] = 7;
    assert_ok(basin_slice_compute(&r, &s));
    assert_true(s->axes[0].coordinates[0] == 0.1 && s->axes[0].coordinates[6] == 0.7);
    basin_slice_destroy(&s);
    r.from[0] = r.to[0] = 0.7, r.grid[0] = 1;
    assert_ok(basin_slice_compute(&r, &s));
    assert_true(s->axes[0].coordinates[0] == 0.7);
    basin_slice_destroy(&s);
    r.from[0] = -1.0, r.to[0] = 1.0;
    assert_ok(basin_slice_compute(&r, &s)); /* one point of a range is its middle */
    assert_true(s->axes[0].coordinates[0] == 0.0);
    basin_slice_destroy(&s);
}

/* Labels and points are one array: an even grid has no point at 0 and is still symmetric about it, a range
   may begin at 0, and what is drawn at a coordinate was computed there. */
static void an_even_grid_lies_evenly_about_its_middle(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 2);
    basin_slice        *s = NULL;

    r.from[0] = -1.0, r.to[0] = 1.0, r.grid[0] = 40, r.from[1] = 0.0, r.to[1] = 2.0, r.grid[1] = 6;
    assert_ok(basin_slice_compute(&r, &s));
    const double *x = s->axes[0].coordinates, *y = s->axes[1].coordinates;
    for (size_t j = 0; j < 40; j++) {
        assert_close(x[j], -1.0 + 2.0 * (double)j / 39.0, 1e-14, 0.0);
        assert_true(x[j] == -x[39 - j]);
    }
    assert_true(y[0] == 0.0 && y[5] == 2.0);
    for (size_t i = 0; i < 6; i++) /* neighbours of one column: no row is shifted against the next */
        for (size_t j = 0; j < 40; j++)
            assert_close(s->surfaces[0].loss[i * 40 + j], quadratic_at(f, false, x[j], y[i]), 1e-12, 1e-12);
    basin_slice_destroy(&s);
}

/* Some programs keep a value that is 0 or below for «not computed yet». */
static void losses_below_zero_are_values_of_the_slice(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 1);
    basin_slice        *s = NULL;
    basin_objective    *low = NULL;

    assert_ok(basin_test_quadratic(f->a, NULL, -1000.0, N, &low));
    r.other = low;
    assert_ok(basin_slice_compute(&r, &s));
    for (size_t j = 0; j < 5; j++) {
        const double expected = quadratic_at(f, true, -1.0 + 0.5 * (double)j, 0.0) - 1005.0;
        assert_true(expected < 0.0);
        assert_close(s->surfaces[1].loss[j], expected, 1e-12, 0.0);
    }
    basin_slice_destroy(&s);
    basin_objective_destroy(&low);
}

static void losses_that_overflow_are_values_of_the_slice(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 1);
    basin_slice        *s = NULL;

    r.to[0] = 1e200, r.grid[0] = 2;
    assert_ok(basin_slice_compute(&r, &s));
    assert_true(isfinite(s->surfaces[0].loss[0]) && !isfinite(s->surfaces[0].loss[1]));
    basin_slice_destroy(&s);
}

static void ranges_and_grids_that_make_no_slice_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        double      from, to;
        size_t      grid;
        const char *message;
    } cases[] = {
        {1.0, -1.0, 5, "the range 1:-1 along to:x is reversed"},
        {0.5, 0.5, 5, "the range 0.5:0.5 along to:x is empty for 5 points"},
        {NAN, 1.0, 5, "is not finite"},
        {-INFINITY, 1.0, 5, "is not finite"},
        {-1e308, 1e308, 5, "is not finite"},
        {-1.0, 1.0, 0, "the grid along to:x needs a point"},
    };
    basin_slice *s = NULL;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_slice_request r = request(f, 1);
        r.from[0] = cases[i].from, r.to[0] = cases[i].to, r.grid[0] = cases[i].grid;
        assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
        assert_message(cases[i].message);
    }
    assert_null(s);
}

static void grids_that_overflow_are_refused_before_they_are_made(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 2);
    basin_slice        *s = NULL;

    r.grid[0] = r.grid[1] = (size_t)1 << 33;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_BUDGET);
    assert_message("8589934592 x 8589934592 points");
    r.grid[0] = r.grid[1] = (size_t)1 << 20;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_BUDGET);
    assert_null(s);
}

static void directions_that_span_no_plane_are_refused(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 2);
    basin_slice        *s = NULL;
    basin_direction     zero = *f->x, wrong = *f->x, bad = *f->x;
    double              values[N] = {0}, not_finite[N] = {NAN};

    r.directions[1] = f->x;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
    assert_message("directions to:x and to:x are parallel: cosine 1");
    zero.values = values, zero.norm = 0.0;
    r.directions[1] = &zero;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
    assert_message("direction to:x is zero");
    wrong.size = 3;
    r.directions[1] = &wrong;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_SHAPE);
    assert_message("direction to:x has 3 parameters, the objective 12");
    bad.values = not_finite;
    r.directions[1] = &bad;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
    assert_message("direction to:x is not finite");
    r = request(f, 3);
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_ARG);
    assert_null(s);
}

static basin_status compute_once(void *payload)
{
    const fixture      *f = payload;
    basin_slice_request r = request(f, 2);
    basin_slice        *s = NULL;
    basin_status        st;

    r.point = NULL; /* one of its own */
    st = basin_point_create(f->o, f->theta, &(basin_point_options){.included = {.value = 0.1}}, &r.point);
    if (st == BASIN_OK) st = basin_slice_compute(&r, &s);
    if (st != BASIN_OK) assert_null(s);
    basin_slice_destroy(&s);
    basin_point_destroy(&r.point);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_test_every_allocation(compute_once, *state);
}

/* The end of a line is the other point only if that point's own objective says so. */
static void an_end_is_held_against_its_own_loss(void **state)
{
    fixture            *f = *state;
    basin_slice_request r = request(f, 1);
    basin_slice        *s = NULL;
    double              end[N];

    for (size_t i = 0; i < N; i++) end[i] = f->theta[i] + f->x->values[i];
    r.ends[0] = (basin_slice_end){.name = "x", .objective = f->o, .theta = end, .at = 1.0};
    assert_ok(basin_slice_compute(&r, &s));
    assert_close(s->axes[0].end_own, quadratic_at(f, false, 1.0, 0.0), 1e-13, 0.0);
    assert_close(s->axes[0].end_loss, s->axes[0].end_own, 1e-13, 0.0);
    assert_close(s->axes[0].start_own, s->surfaces[0].centre_loss, 1e-14, 0.0);
    assert_true(s->axes[0].reached && s->axes[0].end_at == 1.0);
    assert_string_equal(s->axes[0].direction, "to:x");
    assert_string_equal(s->axes[0].definition, "x minus this point: coordinate 1 is x");
    basin_slice_destroy(&s);
    r.ends[0].objective = f->other; /* what it is there, the line does not know */
    assert_ok(basin_slice_compute(&r, &s));
    assert_close(s->axes[0].end_own, quadratic_at(f, true, 1.0, 0.0), 1e-13, 0.0);
    assert_false(s->axes[0].reached);
    assert_string_equal(s->axes[0].direction, "weights of x");
    assert_non_null(strstr(s->axes[0].definition, "has its weights, but is not x"));
    basin_slice_destroy(&s);
    r.ends[0].objective = f->o, r.line = f->other; /* and the other way round */
    assert_ok(basin_slice_compute(&r, &s));
    assert_close(s->surfaces[0].loss[4], quadratic_at(f, true, 1.0, 0.0), 1e-13, 0.0);
    assert_false(s->axes[0].reached);
    basin_slice_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_through_a_quadratic_is_its_parabola),
        cmocka_unit_test(an_end_is_held_against_its_own_loss),
        cmocka_unit_test(rows_of_a_plane_are_the_second_direction),
        cmocka_unit_test(coordinates_hit_both_ends_and_zero),
        cmocka_unit_test(an_even_grid_lies_evenly_about_its_middle),
        cmocka_unit_test(losses_below_zero_are_values_of_the_slice),
        cmocka_unit_test(losses_that_overflow_are_values_of_the_slice),
        cmocka_unit_test(ranges_and_grids_that_make_no_slice_are_refused),
        cmocka_unit_test(grids_that_overflow_are_refused_before_they_are_made),
        cmocka_unit_test(directions_that_span_no_plane_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("slice", tests, setup, teardown);
}
