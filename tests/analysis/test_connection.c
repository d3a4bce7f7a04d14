/* Paths between two points: on functions whose barriers are known, and on a network. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/random.h"
#include "problem.h"

/* ------------------------------------------------------------------------- functions of two parameters -- */

/* Two wells at (-1, 0) and (1, 0), a ridge of height 1 between them that is lower far from the axis, and a
   slope of 0.2 along the first: L = (1 - x²)² exp(-y²) + 0.05 y² + 0.1 x. */
static double ridge(const double *p, double *g)
{
    const double x = p[0], y = p[1], q = 1.0 - x * x, e = exp(-y * y);

    if (g != NULL) {
        g[0] = -4.0 * x * q * e + 0.1;
        g[1] = -2.0 * y * q * q * e + 0.1 * y;
    }
    return q * q * e + 0.05 * y * y + 0.1 * x;
}

static basin_status ridge_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = ridge(theta, NULL), .weight = 1.0};
    return BASIN_OK;
}

static basin_status ridge_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                   double *g)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = ridge(theta, g), .weight = 1.0};
    return BASIN_OK;
}

static const basin_objective_type ridge_type = {
    .name = "ridge", .loss = ridge_loss, .gradient = ridge_gradient};

static basin_objective *objective(void)
{
    basin_objective *o = NULL;

    assert_ok(
        basin_objective_create(&ridge_type, NULL, &(basin_objective_facts){.size = 2, .samples = 1}, &o));
    return o;
}

/* The start is off the axis, so that the gradient of the bend has a side to go to. */
static const double from[2] = {-1.0, 0.1}, to[2] = {1.0, 0.3};

static basin_connection_request request(basin_objective *o, basin_connection_curve curve)
{
    return (basin_connection_request){.objective = o,
                                      .splits = {"train"},
                                      .from_name = "a.h5",
                                      .to_name = "b.h5",
                                      .from = from,
                                      .to = to,
                                      .curve = curve,
                                      .points = 201,
                                      .steps = 400,
                                      .learning_rate = 0.05,
                                      .momentum = 0.9};
}

static void a_line_has_the_barrier_of_its_function(void **state)
{
    basin_objective  *o = objective();
    basin_connection *p = NULL;
    double            barrier = 0.0, at = 0.0;

    (void)state;
    basin_connection_request r = request(o, BASIN_CURVE_LINEAR);
    assert_ok(basin_connection_compute(&r, &p));
    for (size_t i = 0; i <= 20000; i++) { /* the same on a hundred times finer points */
        const double t = (double)i / 20000.0, x[2] = {-1.0 + 2.0 * t, 0.1 + 0.2 * t};
        const double rise = ridge(x, NULL) - (1.0 - t) * ridge(from, NULL) - t * ridge(to, NULL);
        if (rise > barrier) barrier = rise, at = t;
    }
    assert_true(barrier >= p->splits[0].barrier &&
                barrier <= p->splits[0].barrier + p->splits[0].barrier_error);
    assert_true(p->splits[0].barrier_error < 1e-3);
    assert_close(p->splits[0].barrier_at, at, 0.0, 1.0 / 200.0);
    assert_close(p->distance, sqrt(4.04), 1e-14, 0.0);
    assert_close(p->length, p->distance, 1e-12, 0.0);
    assert_close(p->moved[200], p->distance, 1e-14, 0.0);
    assert_true(p->t[0] == 0.0 && p->t[200] == 1.0 && p->steps == 0 && isnan(p->trained_to));
    for (size_t i = 0; i <= 200; i++) {
        const double t = p->t[i], x[2] = {-1.0 + 2.0 * t, 0.1 + 0.2 * t};
        assert_close(p->splits[0].loss[i], ridge(x, NULL), 1e-13, 1e-15);
        assert_close(p->moved[i], t * p->distance, 1e-13, 1e-15);
    }
    basin_connection_destroy(&p);
    r.points = 5; /* few: what lies between the points is told */
    assert_ok(basin_connection_compute(&r, &p));
    assert_true(barrier <= p->splits[0].barrier + p->splits[0].barrier_error &&
                p->splits[0].barrier <= barrier);
    basin_connection_destroy(&p);
    basin_objective_destroy(&o);
}

/* A monotone path has no barrier against the line between its ends, nor has one below it. */
static void a_path_below_its_ends_has_no_barrier(void **state)
{
    const double      a[1] = {-1.0}, b[1] = {1.0}, h[1] = {2.0}, g[1] = {0.3};
    basin_objective  *o = NULL;
    basin_connection *p = NULL;

    (void)state;
    assert_ok(basin_test_quadratic(h, g, 4.0, 1, &o));
    basin_connection_request r = request(o, BASIN_CURVE_LINEAR);
    r.from = a, r.to = b, r.points = 11;
    assert_ok(basin_connection_compute(&r, &p));
    assert_true(p->splits[0].barrier == 0.0 && p->splits[0].barrier_at == 0.0);
    basin_connection_destroy(&p);
    basin_objective_destroy(&o);
}

/* Both curves go round the ridge, end where they should, and are the formulas' own points. */
static void a_trained_curve_goes_round_the_ridge(void **state)
{
    basin_objective  *o = objective();
    basin_connection *line = NULL;

    (void)state;
    basin_connection_request r = request(o, BASIN_CURVE_LINEAR);
    assert_ok(basin_connection_compute(&r, &line));
    for (basin_connection_curve curve = BASIN_CURVE_BEZIER; curve <= BASIN_CURVE_POLYGON; curve++) {
        basin_connection *p = NULL, *again = NULL;
        r = request(o, curve);
        assert_ok(basin_connection_compute(&r, &p));
        print_message("    %s: barrier %.3f, of the line %.3f, length %.2f\n",
                      curve == BASIN_CURVE_BEZIER ? "bezier" : "polygon", p->splits[0].barrier,
                      line->splits[0].barrier, p->length);
        assert_true(p->splits[0].barrier < 0.5 * line->splits[0].barrier);
        assert_close(p->splits[0].straight, line->splits[0].barrier, 1e-13, 0.0);
        assert_close(p->splits[0].straight_at, line->splits[0].barrier_at, 0.0, 1e-15);
        assert_close(p->splits[0].straight_error, line->splits[0].barrier_error, 1e-12, 0.0);
        assert_true(isnan(line->splits[0].straight) && isnan(line->splits[0].straight_error));
        assert_true(p->length > 1.1 * p->distance);
        assert_close(p->splits[0].loss[0], ridge(from, NULL), 1e-14, 0.0);
        assert_close(p->splits[0].loss[200], ridge(to, NULL), 1e-13, 0.0);
        assert_close(p->moved[200], p->distance, 1e-13, 0.0);
        assert_true(p->trained_to < p->trained_from);
        assert_int_equal(p->steps, 400);
        assert_ok(basin_connection_compute(&r, &again));
        assert_memory_equal(p->splits[0].loss, again->splits[0].loss, 201 * sizeof(double));
        basin_connection_destroy(&again);
        r.seed = 1;
        assert_ok(basin_connection_compute(&r, &again));
        assert_true(again->splits[0].loss[100] != p->splits[0].loss[100]);
        basin_connection_destroy(&again);
        basin_connection_destroy(&p);
    }
    basin_connection_destroy(&line);
    basin_objective_destroy(&o);
}

/* One step from half-way, by hand: C - eta dphi/dC ∇L(phi(t)), t the first number of the stream. */
static void one_step_of_the_bend_is_the_formula(void **state)
{
    basin_objective  *o = objective();
    basin_connection *p = NULL;
    const double      half[2] = {0.0, 0.2};
    double            g[2];

    (void)state;
    for (basin_connection_curve curve = BASIN_CURVE_BEZIER; curve <= BASIN_CURVE_POLYGON; curve++) {
        basin_random             random = basin_random_start(0, BASIN_STREAM_BATCH);
        const double             t = basin_random_uniform(&random);
        const double             w = curve == BASIN_CURVE_BEZIER ? 2.0 * t * (1.0 - t)
                                     : t < 0.5                   ? 2.0 * t
                                                                 : 2.0 * (1.0 - t);
        const double             x[2] = {-1.0 + 2.0 * t, 0.1 + 0.2 * t}; /* the curve is still straight */
        double                   bend[2], middle[2];
        basin_connection_request r = request(o, curve);
        r.steps = 1, r.points = 3;
        assert_ok(basin_connection_compute(&r, &p));
        assert_close(p->trained_from, ridge(x, g), 1e-13, 0.0);
        for (size_t i = 0; i < 2; i++) {
            bend[i] = half[i] - 0.05 * w * g[i];
            middle[i] = curve == BASIN_CURVE_BEZIER ? 0.25 * from[i] + 0.5 * bend[i] + 0.25 * to[i] : bend[i];
        }
        assert_close(p->splits[0].loss[1], ridge(middle, NULL), 1e-12, 0.0);
        basin_connection_destroy(&p);
    }
    basin_objective_destroy(&o);
}

static void paths_that_are_none_are_refused(void **state)
{
    basin_objective  *o = objective();
    basin_connection *p = NULL;

    (void)state;
    basin_connection_request r = request(o, BASIN_CURVE_LINEAR);
    r.to = from;
    assert_status(basin_connection_compute(&r, &p), BASIN_ERR_VALUE);
    assert_message("a.h5 and b.h5 have the same weights: there is no path between them");
    r = request(o, BASIN_CURVE_LINEAR), r.points = 2;
    assert_status(basin_connection_compute(&r, &p), BASIN_ERR_VALUE);
    assert_message("a path needs at least 3 points, got 2");
    r = request(o, BASIN_CURVE_BEZIER), r.learning_rate = 0.0;
    assert_status(basin_connection_compute(&r, &p), BASIN_ERR_VALUE);
    assert_message("the learning rate 0 of a curve");
    r = request(o, BASIN_CURVE_BEZIER), r.momentum = 1.0;
    assert_status(basin_connection_compute(&r, &p), BASIN_ERR_VALUE);
    assert_message("the momentum 1 of a curve");
    r = request(o, BASIN_CURVE_BEZIER), r.learning_rate = 1e200;
    assert_status(basin_connection_compute(&r, &p), BASIN_ERR_NUMERIC);
    assert_message("its learning rate 1e+200 is too large");
    const double nan[2] = {NAN, 0.0};
    r = request(o, BASIN_CURVE_LINEAR), r.to = nan;
    assert_status(basin_connection_compute(&r, &p), BASIN_ERR_VALUE);
    assert_message("their weights are not finite");
    assert_null(p);
    basin_objective_destroy(&o);
}

/* Plain gradient steps, so that the ends lie in valleys. */
static void train(basin_objective *o, double *theta, size_t size)
{
    double    *g = basin_alloc(size, sizeof *g);
    basin_loss loss;

    for (int step = 0; step < 600; step++) {
        assert_ok(basin_objective_gradient(o, NULL, theta, &loss, g));
        for (size_t i = 0; i < size; i++) theta[i] -= 0.3 * g[i];
    }
    basin_free(g);
}

/* On a ReLU network, from weights to others that compute the same by permuted neurons: the ends have one
   loss, and the curve's barrier is below the line's. */
static void a_network_is_connected_to_its_own_permutation(void **state)
{
    problem           p = problem_relu(11);
    basin_objective  *o = NULL;
    basin_connection *line = NULL, *curve = NULL;
    double           *end = basin_alloc(p.size, sizeof *end);
    double           *w1 = end, *b1 = w1 + RELU_FIRST * RELU_IN, *w2 = b1 + RELU_FIRST;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    train(o, p.theta, p.size);
    memcpy(end, p.theta, p.size * sizeof *end);
    for (size_t i = 0; i < RELU_FIRST; i++) { /* the first hidden layer in reverse order */
        const size_t j = RELU_FIRST - 1 - i;
        memcpy(w1 + i * RELU_IN, p.theta + j * RELU_IN, RELU_IN * sizeof *end);
        b1[i] = p.theta[RELU_FIRST * RELU_IN + j];
        for (size_t k = 0; k < RELU_SECOND; k++)
            w2[k * RELU_FIRST + i] = p.theta[RELU_FIRST * RELU_IN + RELU_FIRST + k * RELU_FIRST + j];
    }
    basin_connection_request r = request(o, BASIN_CURVE_LINEAR);
    r.from = p.theta, r.to = end, r.points = 31, r.end = o;
    assert_ok(basin_connection_compute(&r, &line));
    assert_close(line->splits[0].loss[30], line->splits[0].loss[0], 1e-12, 0.0);
    assert_close(line->end_own, line->splits[0].loss[30], 1e-12, 0.0);
    assert_true(line->splits[0].barrier > 0.0);
    r.curve = BASIN_CURVE_BEZIER, r.steps = 150;
    assert_ok(basin_connection_compute(&r, &curve));
    print_message("    barrier %.3f, of the line %.3f\n", curve->splits[0].barrier, line->splits[0].barrier);
    assert_true(curve->splits[0].barrier < 0.5 * line->splits[0].barrier);
    basin_connection_destroy(&line);
    basin_connection_destroy(&curve);
    basin_objective_destroy(&o);
    basin_free(end);
    problem_release(&p);
}

static basin_status compute_once(void *payload)
{
    basin_connection        *p = NULL;
    basin_connection_request r = request(payload, BASIN_CURVE_BEZIER);

    r.steps = 3, r.points = 5;
    basin_status st = basin_connection_compute(&r, &p);
    if (st != BASIN_OK) assert_null(p);
    basin_connection_destroy(&p);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_objective *o = objective();

    (void)state;
    basin_test_every_allocation(compute_once, o);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_barrier_of_its_function),
        cmocka_unit_test(a_path_below_its_ends_has_no_barrier),
        cmocka_unit_test(a_trained_curve_goes_round_the_ridge),
        cmocka_unit_test(one_step_of_the_bend_is_the_formula),
        cmocka_unit_test(paths_that_are_none_are_refused),
        cmocka_unit_test(a_network_is_connected_to_its_own_permutation),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
