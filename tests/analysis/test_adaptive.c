/* Slices with a tolerance, against functions of two coordinates that are known everywhere and against the
 * full grid of networks. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "problem.h"

/* ------------------------------------------------------------------------- functions of two parameters -- */

typedef double function(double s, double t);

typedef struct counted { /* an objective of two parameters, which are the coordinates themselves */
    function *f;
    size_t    losses;
} counted;

static basin_status function_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    counted *c = ctx;

    (void)s;
    c->losses++;
    *out = (basin_loss){.sum = c->f(theta[0], theta[1]), .weight = 1.0};
    return BASIN_OK;
}

static basin_status function_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                      double *g)
{
    const counted *c = ctx;
    const double   h = 1e-5;

    (void)s;
    *out = (basin_loss){.sum = c->f(theta[0], theta[1]), .weight = 1.0};
    g[0] = (c->f(theta[0] + h, theta[1]) - c->f(theta[0] - h, theta[1])) / (2.0 * h);
    g[1] = (c->f(theta[0], theta[1] + h) - c->f(theta[0], theta[1] - h)) / (2.0 * h);
    return BASIN_OK;
}

static const basin_objective_type function_type = {
    .name = "function", .loss = function_loss, .gradient = function_gradient};

typedef struct fixture {
    counted          counted, other;
    basin_objective *o, *second;
    basin_point     *point;
    basin_direction *s, *t;
} fixture;

static basin_objective *objective_of(counted *c)
{
    basin_objective *o = NULL;

    assert_ok(
        basin_objective_create(&function_type, c, &(basin_objective_facts){.size = 2, .samples = 1}, &o));
    return o;
}

/* The objective keeps the address of the fixture. */
static void begin(fixture *x, function *f, function *other)
{
    const double zero[2] = {0.0, 0.0}, s[2] = {1.0, 0.0}, t[2] = {0.0, 1.0};

    *x = (fixture){.counted.f = f, .other.f = other};
    x->o = objective_of(&x->counted);
    if (other != NULL) x->second = objective_of(&x->other);
    assert_ok(basin_point_create(x->o, zero, NULL, &x->point));
    assert_ok(basin_direction_to("s", zero, s, 2, &x->s));
    assert_ok(basin_direction_to("t", zero, t, 2, &x->t));
}

static void end(fixture *x)
{
    basin_point_destroy(&x->point);
    basin_objective_destroy(&x->o);
    basin_objective_destroy(&x->second);
    basin_direction_destroy(&x->s);
    basin_direction_destroy(&x->t);
}

static basin_slice_request request(const fixture *x, size_t axes, double tolerance)
{
    return (basin_slice_request){.point = x->point,
                                 .other = x->second,
                                 .splits = {"train", "test"},
                                 .axis_count = axes,
                                 .directions = {x->s, x->t},
                                 .from = {-1.0, -1.3},
                                 .to = {1.2, 1.0},
                                 .grid = {101, 101},
                                 .tolerance = tolerance};
}

/* ------------------------------------------------------------------------------------------- held true -- */

typedef struct truth {
    double error;    /* largest on the grid */
    double relative; /* largest, of an error in the loss there */
    double excess;   /* largest of error less twice the estimate, at one point */
    double largest;  /* estimate */
    size_t spent;    /* evaluations on one split */
} truth;

/* The interpolated surface k against `f` at every point of the grid. */
static truth compare(const basin_slice *s, size_t k, function *f)
{
    const basin_surface        *u = &s->surfaces[k];
    const basin_adaptive       *a = s->adaptive;
    const basin_adaptive_split *split = &a->splits[k];
    truth                       out = {.excess = -INFINITY, .spent = a->points + a->held_out};

    for (size_t i = 0; i < u->rows; i++)
        for (size_t j = 0; j < u->columns; j++) {
            double at = s->axis_count == 2 ? s->axes[1].coordinates[i] : 0.0;
            double want = f(s->axes[0].coordinates[j], at), error;
            size_t n = i * u->columns + j;
            if (!isfinite(want)) {
                assert_true(!isfinite(u->loss[n]) && !(split->error[n] >= 0.0));
                continue;
            }
            error = fabs(u->loss[n] - want);
            assert_true(error >= 0.0); /* not NAN */
            out.error = fmax(out.error, error);
            if (want > 1e-3) out.relative = fmax(out.relative, error / want);
            out.excess = fmax(out.excess, error - 2.0 * split->error[n]);
        }
    out.largest = split->largest_error;
    return out;
}

/* The slice of `f` with its tolerance; every claim that a result makes is held true. */
static truth run_with(const char *name, function *f, size_t axes, double tolerance, bool absolute)
{
    fixture             x;
    basin_slice        *s = NULL;
    basin_slice_request r;
    truth               t;

    begin(&x, f, NULL);
    r = request(&x, axes, tolerance);
    r.tolerance_absolute = absolute;
    assert_ok(basin_slice_compute(&r, &s));
    assert_int_equal(s->adaptive_count, 1);
    t = compare(s, 0, f);
    print_message("    %-18s %zu-D: %5zu points, %4zu cells, error %.2e, estimate %.2e, asked %.2e\n", name,
                  axes, t.spent, s->adaptive->cells, t.error, t.largest, s->adaptive->splits[0].tolerance);
    assert_true(t.error <= s->adaptive->splits[0].tolerance);
    assert_true(t.largest <= s->adaptive->splits[0].tolerance * (1.0 + 1e-9) + 1e-12);
    assert_true(t.excess <= 1e-13);
    assert_true(t.spent <= s->adaptive->most);
    assert_true(absolute || t.relative <= 0.5); /* also below a wall that makes the range */
    /* what it says of its points is so, and no other loss was asked for but the centre and stationarity */
    for (size_t i = 0; i < s->adaptive->points; i++) {
        const double *at = s->adaptive->coordinates + i * axes;
        double        want = f(at[0], axes == 2 ? at[1] : 0.0);
        if (!isfinite(want))
            assert_true(!isfinite(s->adaptive->splits[0].loss[i]));
        else
            assert_close(s->adaptive->splits[0].loss[i], want, 1e-13, 1e-13);
    }
    assert_true(x.counted.losses >= t.spent + 1 && x.counted.losses <= t.spent + 32);
    basin_slice_destroy(&s);
    end(&x);
    return t;
}

static truth run(const char *name, function *f, size_t axes, double tolerance)
{
    return run_with(name, f, axes, tolerance, false);
}

static double bowl(double s, double t)
{
    return 0.3 + (s - 0.2) * (s - 0.2) + 3.0 * t * t - s * t;
}

static double wells(double s, double t)
{
    return 2.0 - exp(-8.0 * ((s - 0.4) * (s - 0.4) + t * t)) -
           0.7 * exp(-20.0 * ((s + 0.5) * (s + 0.5) + (t - 0.3) * (t - 0.3)));
}

static double walls(double s, double t)
{
    return 0.1 + exp(4.0 * s) + exp(-3.0 * (s + t));
}

/* A narrow minimum of 0.01 and a wall of 300 in a corner: 1 % of the range is 300 times the least loss. */
static double well_below_a_wall(double s, double t)
{
    return 0.01 + 0.5 * (sqrt(s * s + t * t + 1e-3) - sqrt(1e-3)) +
           300.0 * exp(-8.0 * ((s + 1.0) * (s + 1.0) + (t + 1.0) * (t + 1.0)));
}

static double ravine(double s, double t)
{
    return log1p(400.0 * (t - 0.1 * sin(3.0 * s)) * (t - 0.1 * sin(3.0 * s)));
}

static double kinks(double s, double t)
{
    return fabs(s + 0.37 * t - 0.11) + 0.5 * fabs(t - 0.63);
}

static double steps(double s, double t)
{
    return s > 0.313 + 0.2 * t ? 1.0 : 0.0;
}

static double noise(double s, double t)
{
    double x = sin(s * 12345.678 + t * 9876.54) * 43758.5453;

    return x - floor(x);
}

/* A ditch that no node of the first round need see. */
static double ditch(double s, double t)
{
    return 1.0 + 0.1 * s - 0.9 * exp(-800.0 * (s - 0.43) * (s - 0.43) - 3.0 * t * t);
}

static double edge(double s, double t)
{
    return s + 0.5 * t < 0.71 ? s * s + t * t : t > 0.4 ? INFINITY : (double)NAN;
}

static void smooth_functions_take_far_fewer_points(void **state)
{
    (void)state;
    assert_int_equal(run("bowl", bowl, 2, 0.01).spent, 289 + 64);
    assert_true(run("bowl", bowl, 2, 1e-9).error < 1e-12); /* a polynomial of degree 2 is found exactly */
    assert_true(run("walls", walls, 2, 0.01).spent * 5 <= 101 * 101);
    assert_true(run("wells", wells, 2, 0.01).spent * 4 <= 101 * 101);
    assert_true(run("wells", wells, 2, 0.001).spent * 2 <= 101 * 101);
    assert_true(run("well below a wall", well_below_a_wall, 2, 0.01).spent * 3 <= 101 * 101);
    /* as much of its range, and the same as a share of it, which also holds where it comes down to 0 */
    assert_true(run_with("ravine, absolute", ravine, 2, 0.0667, true).spent * 4 <= 101 * 101);
    assert_true(run("ravine", ravine, 2, 0.01).spent * 3 <= 101 * 101);
    assert_true(run("ditch", ditch, 2, 0.01).spent * 5 <= 101 * 101);
}

static void where_it_is_not_smooth_the_grid_itself_is_evaluated(void **state)
{
    (void)state;
    run("kinks", kinks, 2, 0.01);
    assert_true(run("kinks", kinks, 2, 0.03).spent * 3 <= 101 * 101);
    run("steps", steps, 2, 0.01);
    run("noise", noise, 2, 0.01);
    run("edge", edge, 2, 0.01);
}

static void lines_likewise(void **state)
{
    (void)state;
    assert_int_equal(run("bowl", bowl, 1, 0.01).spent, 17 + 8);
    run("walls", walls, 1, 0.001);
    run("wells", wells, 1, 0.001);
    run("kinks", kinks, 1, 0.01);
    run("noise", noise, 1, 0.01);
    run("edge", edge, 1, 0.01);
}

/* Two splits share their points, and each keeps its own tolerance. */
static void both_splits_are_within_their_own_tolerance(void **state)
{
    fixture             x;
    basin_slice        *s = NULL;
    basin_slice_request r;

    (void)state;
    begin(&x, bowl, wells);
    r = request(&x, 2, 0.002);
    assert_ok(basin_slice_compute(&r, &s));
    assert_int_equal(s->adaptive->split_count, 2);
    for (size_t k = 0; k < 2; k++) {
        truth t = compare(s, k, k == 0 ? bowl : wells);
        assert_true(t.error <= s->adaptive->splits[k].tolerance && t.excess <= 1e-13);
        assert_close(s->adaptive->splits[k].tolerance, 0.002 * s->adaptive->splits[k].range, 1e-12, 0.0);
    }
    assert_true(s->adaptive->splits[1].tolerance < 0.5 * s->adaptive->splits[0].tolerance);
    basin_slice_destroy(&s);
    r.tolerance = 0.01, r.tolerance_absolute = true;
    assert_ok(basin_slice_compute(&r, &s));
    for (size_t k = 0; k < 2; k++) {
        assert_true(s->adaptive->splits[k].tolerance == 0.01);
        assert_true(compare(s, k, k == 0 ? bowl : wells).error <= 0.01);
    }
    basin_slice_destroy(&s);
    end(&x);
}

/* Cells tile the range: their areas sum up to its own. */
static void cells_tile_the_range(void **state)
{
    fixture             x;
    basin_slice        *s = NULL;
    basin_slice_request r;
    double              area = 0.0;

    (void)state;
    begin(&x, kinks, NULL);
    r = request(&x, 2, 0.03);
    r.grid[1] = 61; /* not square */
    assert_ok(basin_slice_compute(&r, &s));
    assert_int_equal(s->surfaces[0].rows, 61);
    assert_int_equal(s->surfaces[0].columns, 101);
    assert_true(compare(s, 0, kinks).error <= s->adaptive->splits[0].tolerance);
    for (size_t i = 0; i < s->adaptive->cells; i++) {
        const double *from = s->adaptive->from + 2 * i, *to = s->adaptive->to + 2 * i;
        assert_true(from[0] < to[0] && from[1] < to[1]);
        area += (to[0] - from[0]) * (to[1] - from[1]);
    }
    assert_close(area, 2.2 * 2.3, 1e-12, 0.0);
    basin_slice_destroy(&s);
    end(&x);
}

/* A grid that has hardly more points than the first cells' nodes is evaluated as it is, with its accuracy. */
static void a_small_grid_is_evaluated_itself(void **state)
{
    fixture             x;
    basin_slice        *s = NULL, *plain = NULL;
    basin_slice_request r;

    (void)state;
    begin(&x, wells, NULL);
    r = request(&x, 2, 0.01);
    r.grid[0] = 7, r.grid[1] = 5;
    assert_ok(basin_slice_compute(&r, &s));
    assert_int_equal(s->adaptive->points, 35);
    assert_int_equal(s->adaptive->held_out, 0);
    assert_true(isnan(s->adaptive->splits[0].held_out_error));
    assert_true(s->adaptive->splits[0].largest_error == 0.0);
    r.tolerance = 0.0;
    assert_ok(basin_slice_compute(&r, &plain));
    assert_int_equal(plain->adaptive_count, 0);
    for (size_t i = 0; i < 35; i++) assert_true(s->surfaces[0].loss[i] == plain->surfaces[0].loss[i]);
    basin_slice_destroy(&s);
    basin_slice_destroy(&plain);
    end(&x);
}

static double nothing(double s, double t)
{
    (void)t;
    return fabs(s) < 0.05 ? 1.0 : (double)NAN;
}

static double level(double s, double t)
{
    (void)s, (void)t;
    return 2.5;
}

static void what_is_flat_or_nowhere_finite_is_no_error(void **state)
{
    (void)state;
    fixture             y;
    basin_slice        *s = NULL;
    basin_slice_request r;

    assert_true(run("level", level, 2, 0.01).error < 1e-13);
    begin(&y, nothing, NULL);
    r = request(&y, 1, 0.01);
    r.from[0] = 0.1; /* without the centre */
    assert_ok(basin_slice_compute(&r, &s));
    for (size_t i = 0; i < 101; i++) assert_true(isnan(s->surfaces[0].loss[i]));
    assert_true(isnan(s->adaptive->splits[0].range));
    basin_slice_destroy(&s);
    end(&y);
}

static void tolerances_that_make_no_slice_are_refused(void **state)
{
    fixture             x;
    basin_slice        *s = NULL;
    basin_slice_request r;
    static const struct {
        double      tolerance;
        bool        absolute;
        const char *message;
    } cases[] = {
        {-0.1, false, "the tolerance -0.1 of a slice is not a positive number"},
        {NAN, false, "the tolerance nan of a slice is not a positive number"},
        {1.0, false, "is not below 1, the whole range"},
        {INFINITY, true, "the tolerance inf of a slice is not a positive number"},
        {1e-18, false, "of the losses on train is below their rounding"},
        {1e-16, true, "the tolerance 1e-16 of the losses on train is below their rounding"},
    };

    (void)state;
    begin(&x, wells, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        r = request(&x, 2, cases[i].tolerance);
        r.tolerance_absolute = cases[i].absolute;
        assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
        assert_message(cases[i].message);
    }
    r = request(&x, 2, 0.01);
    r.grid[1] = 1;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
    assert_message("needs a grid of at least 2 points along direction 2, got 1");
    assert_null(s);
    end(&x);
}

static basin_status compute_once(void *payload)
{
    fixture            *x = payload;
    basin_slice        *s = NULL;
    basin_slice_request r = request(x, 1, 0.01);
    basin_status        st;

    r.point = NULL;
    r.grid[0] = 41;
    st = basin_point_create(x->o, (double[]){0.0, 0.0}, NULL, &r.point);
    if (st == BASIN_OK) st = basin_slice_compute(&r, &s);
    if (st != BASIN_OK) assert_null(s);
    basin_slice_destroy(&s);
    basin_point_destroy(&r.point);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    fixture x;

    (void)state;
    begin(&x, kinks, NULL);
    basin_test_every_allocation(compute_once, &x);
    end(&x);
}

/* -------------------------------------------------------------------------------------------- networks -- */

static basin_direction *random_direction(const basin_params *params, const double *theta, uint64_t seed)
{
    basin_direction *d = NULL;

    assert_ok(basin_direction_random(params, theta, NULL, seed, &d));
    return d;
}

/* The adaptive surface of a network, on both axes from -1 to 1 along filter-normalised directions, against
   its full grid of 101 x 101. */
static void surface_is_within(const char *name, basin_objective *o, const double *theta, double tolerance)
{
    basin_point     *point = NULL;
    basin_slice     *s = NULL, *full = NULL;
    basin_direction *d[2];
    double           error = 0.0, excess = -INFINITY;

    for (size_t i = 0; i < 2; i++) d[i] = random_direction(basin_objective_params(o), theta, i + 1);
    assert_ok(basin_point_create(o, theta, NULL, &point));
    basin_slice_request r = {.point = point,
                             .splits = {"train"},
                             .axis_count = 2,
                             .directions = {d[0], d[1]},
                             .from = {-1.0, -1.0},
                             .to = {1.0, 1.0},
                             .grid = {101, 101},
                             .tolerance = tolerance};
    assert_ok(basin_slice_compute(&r, &s));
    r.tolerance = 0.0;
    assert_ok(basin_slice_compute(&r, &full));
    for (size_t i = 0; i < 101 * 101; i++) {
        double e = fabs(s->surfaces[0].loss[i] - full->surfaces[0].loss[i]);
        error = fmax(error, e);
        excess = fmax(excess, e - 2.0 * s->adaptive->splits[0].error[i]);
    }
    const basin_adaptive_split *a = &s->adaptive->splits[0];
    print_message("    %-16s %5zu points, %.1f times fewer, error %.2e, estimate %.2e, asked %.2e\n", name,
                  s->adaptive->points + s->adaptive->held_out,
                  101.0 * 101.0 / (double)(s->adaptive->points + s->adaptive->held_out), error,
                  a->largest_error, a->tolerance);
    assert_true(error <= a->tolerance);
    assert_true(excess <= 1e-12);
    assert_true((s->adaptive->points + s->adaptive->held_out) * 5 <= 101 * 101);
    assert_int_equal(a->held_out_missed, 0);
    basin_slice_destroy(&s);
    basin_slice_destroy(&full);
    basin_point_destroy(&point);
    for (size_t i = 0; i < 2; i++) basin_direction_destroy(&d[i]);
}

static void surface_of_file(const char *file, double tolerance)
{
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;
    basin_objective  *o = NULL;

    assert_ok(basin_checkpoint_read(basin_test_data(file), &ck));
    assert_ok(basin_checkpoint_dataset(ck, NULL, &data));
    assert_ok(basin_network_objective(ck->graph, &ck->loss, data, NULL, &o));
    surface_is_within(file, o, ck->theta, tolerance);
    basin_objective_destroy(&o);
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
}

static void surfaces_of_networks_are_those_of_the_grid(void **state)
{
    problem          p = problem_relu(5);
    basin_objective *o = NULL;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    surface_is_within("ReLU MLP", o, p.theta, 0.01);
    basin_objective_destroy(&o);
    problem_release(&p);
    surface_of_file("oracle.h5", 0.01);
    surface_of_file("oracle_resnet.h5", 0.01);
    surface_of_file("oracle_vit.h5", 0.01);
    surface_of_file("oracle_gpt.h5", 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smooth_functions_take_far_fewer_points),
        cmocka_unit_test(where_it_is_not_smooth_the_grid_itself_is_evaluated),
        cmocka_unit_test(lines_likewise),
        cmocka_unit_test(both_splits_are_within_their_own_tolerance),
        cmocka_unit_test(cells_tile_the_range),
        cmocka_unit_test(a_small_grid_is_evaluated_itself),
        cmocka_unit_test(what_is_flat_or_nowhere_finite_is_no_error),
        cmocka_unit_test(tolerances_that_make_no_slice_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(surfaces_of_networks_are_those_of_the_grid),
    };
    return cmocka_run_group_tests_name("adaptive slices", tests, NULL, NULL);
}
