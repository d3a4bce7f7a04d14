/* What function-preserving rescalings of a ReLU network leave alone: Relu(f x) = f Relu(x) for f > 0.
 * Filter-normalised random slices do not change where whole layers are rescaled; where single neurons are,
 * they do.
 */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "problem.h"
#include "support.h"

enum { FIRST = RELU_FIRST, SECOND = RELU_SECOND, POINTS = 9 };

static void assert_same_outputs(basin_objective *o, const double *a, const double *b)
{
    double *y[2] = {NULL, NULL};
    size_t  width;

    assert_ok(basin_network_output(o, a, &width, &y[0]));
    assert_ok(basin_network_output(o, b, &width, &y[1]));
    for (size_t i = 0; i < basin_objective_samples(o) * width; i++)
        assert_close(y[1][i], y[0][i], 1e-12, 1e-12);
    basin_free(y[0]), basin_free(y[1]);
}

/* Losses along the random direction of `seed`, as it is normalised at theta. */
static void slice_of(basin_objective *o, const double *theta, basin_bias_rule bias, uint64_t seed,
                     double *losses)
{
    basin_direction    *d = NULL;
    basin_slice        *s = NULL;
    basin_slice_request request = {
        .splits = {"train"}, .axis_count = 1, .from = {-1.0}, .to = {1.0}, .grid = {POINTS}};

    assert_ok(basin_direction_random(basin_objective_params(o), theta, &(basin_random_options){.bias = bias},
                                     seed, &d));
    request.directions[0] = d;
    assert_ok(basin_point_create(o, theta, NULL, &request.point));
    assert_ok(basin_slice_compute(&request, &s));
    memcpy(losses, s->surfaces[0].loss, POINTS * sizeof *losses);
    basin_slice_destroy(&s);
    basin_direction_destroy(&d);
    basin_point_destroy(&request.point);
}

/* The largest relative difference between the slices at both points, over three seeds. */
static double slices_differ(basin_objective *o, const double *a, const double *b, basin_bias_rule bias)
{
    double most = 0.0;

    for (uint64_t seed = 0; seed < 3; seed++) {
        double x[POINTS], y[POINTS];
        slice_of(o, a, bias, seed, x);
        slice_of(o, b, bias, seed, y);
        for (size_t i = 0; i < POINTS; i++) {
            assert_true(isfinite(x[i]) && isfinite(y[i]));
            most = fmax(most, fabs(y[i] - x[i]) / x[i]);
        }
    }
    return most;
}

static void slices_do_not_change_where_whole_layers_are_rescaled(void **state)
{
    problem          p = problem_relu(21);
    basin_objective *o = NULL;
    double          *moved = basin_alloc(p.size, sizeof *moved);

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    for (int c = 0; c < 3; c++) {
        double f[FIRST], h[SECOND];
        for (size_t i = 0; i < FIRST; i++) f[i] = (double[]){25.0, 0.2, 1.0}[c];
        for (size_t i = 0; i < SECOND; i++) h[i] = (double[]){1.0, 5.0, 0.04}[c];
        basin_copy(p.theta, moved, p.size);
        problem_rescale(f, h, moved);
        assert_same_outputs(o, p.theta, moved);
        assert_true(slices_differ(o, p.theta, moved, BASIN_BIAS_ZERO) < 1e-12);
        assert_true(slices_differ(o, p.theta, moved, BASIN_BIAS_SCALED) < 1e-12);
        /* as drawn they know nothing of the scale */
        assert_true(slices_differ(o, p.theta, moved, BASIN_BIAS_RANDOM) > 1e-2);
    }
    basin_free(moved);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void slices_change_where_single_neurons_are_rescaled(void **state)
{
    problem          p = problem_relu(21);
    basin_objective *o = NULL;
    basin_random     r = basin_random_start(23, BASIN_STREAM_TEST);
    double          *moved = basin_alloc(p.size, sizeof *moved), f[FIRST], h[SECOND];

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    for (size_t i = 0; i < FIRST; i++) f[i] = pow(5.0, 2.0 * basin_random_uniform(&r) - 1.0);
    for (size_t i = 0; i < SECOND; i++) h[i] = pow(5.0, 2.0 * basin_random_uniform(&r) - 1.0);
    basin_copy(p.theta, moved, p.size);
    problem_rescale(f, h, moved);
    assert_same_outputs(o, p.theta, moved);
    assert_true(slices_differ(o, p.theta, moved, BASIN_BIAS_ZERO) > 1e-2);
    assert_true(slices_differ(o, p.theta, moved, BASIN_BIAS_SCALED) > 1e-2);
    basin_free(moved);
    basin_objective_destroy(&o);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_do_not_change_where_whole_layers_are_rescaled),
        cmocka_unit_test(slices_change_where_single_neurons_are_rescaled),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("invariance", tests, NULL, NULL) : 1;
}
