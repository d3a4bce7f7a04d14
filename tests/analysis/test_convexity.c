/* The map of extreme eigenvalues over a slice: of a quadratic the same everywhere, of a network those of a
 * spectrum at each point.
 */
#include "support.h"

#include <math.h>

#include "problem.h"

enum { N = 12, SIDE = 3 };

static basin_direction *direction(const basin_params *params, const double *theta, size_t size, uint64_t seed)
{
    basin_direction *d = NULL;
    double           zero[N] = {0.0}, values[N] = {0.0};

    if (params != NULL) {
        assert_ok(basin_direction_random(params, theta, NULL, seed, &d));
        return d;
    }
    for (size_t i = 0; i < size; i++) values[i] = i % 3 == seed ? 1.0 : 0.25;
    assert_ok(basin_direction_to(seed == 0 ? "x" : "y", zero, values, size, &d));
    return d;
}

typedef struct fixture {
    basin_point     *point;
    basin_direction *d[2];
} fixture;

static void begin(fixture *f, basin_objective *o, const double *theta)
{
    const basin_params *params = basin_objective_params(o);

    assert_ok(basin_point_create(o, theta, NULL, &f->point));
    for (size_t i = 0; i < 2; i++) f->d[i] = direction(params, theta, basin_objective_size(o), i);
}

static void end(fixture *f)
{
    basin_point_destroy(&f->point);
    for (size_t i = 0; i < 2; i++) basin_direction_destroy(&f->d[i]);
}

static basin_slice_request request(const fixture *f, size_t axes)
{
    return (basin_slice_request){.point = f->point,
                                 .splits = {"train"},
                                 .axis_count = axes,
                                 .directions = {f->d[0], f->d[1]},
                                 .from = {-1.0, -0.5},
                                 .to = {1.0, 1.0},
                                 .grid = {5, 5},
                                 .convexity = SIDE};
}

static void a_quadratic_has_one_ratio_everywhere(void **state)
{
    const double     lambda[N] = {4.0, 3.0, 2.0, 1.0, 0.5, 0.1, 0.0, -0.1, -0.2, -0.4, -0.8, -1.5};
    const double     zero[N] = {0.0};
    basin_objective *o = basin_test_planted_objective(lambda, N, 3);
    basin_slice     *s = NULL;
    fixture          f;

    (void)state;
    begin(&f, o, zero);
    for (size_t axes = 1; axes <= 2; axes++) {
        basin_slice_request r = request(&f, axes);
        assert_ok(basin_slice_compute(&r, &s));
        assert_int_equal(s->convexity_count, 1);
        const basin_convexity *c = s->convexity;
        assert_int_equal(c->columns, SIDE);
        assert_int_equal(c->rows, axes == 2 ? SIDE : 1);
        assert_true(c->across[0] == -1.0 && c->across[1] == 0.0 && c->across[2] == 1.0);
        assert_true(axes == 1 || (c->up[0] == -0.5 && c->up[2] == 1.0));
        for (size_t i = 0; i < c->rows * c->columns; i++) {
            assert_close(c->largest[i], 4.0, 1e-12, 0.0);
            assert_close(c->smallest[i], -1.5, 1e-12, 0.0);
            assert_close(c->ratio[i], 0.375, 1e-12, 0.0);
            assert_true(c->ratio_error[i] >= 0.0 && c->ratio_error[i] < 1e-10);
        }
        assert_int_equal(c->verified, c->rows * c->columns);
        basin_slice_destroy(&s);
    }
    end(&f);
    basin_objective_destroy(&o);
}

/* Each point of the map has the ends of the full spectrum at its own theta. */
static void of_a_network_it_is_the_spectrum_at_each_point(void **state)
{
    problem          p = problem_relu(2);
    basin_objective *o = NULL;
    basin_slice     *s = NULL;
    double          *theta = basin_alloc(p.size, sizeof *theta);
    bool             differ = false;
    fixture          f;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    begin(&f, o, p.theta);
    basin_slice_request r = request(&f, 2);
    assert_ok(basin_slice_compute(&r, &s));
    const basin_convexity *c = s->convexity;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        basin_spectrum *spectrum = NULL;
        for (size_t j = 0; j < p.size; j++)
            theta[j] =
                p.theta[j] + c->across[i % SIDE] * f.d[0]->values[j] + c->up[i / SIDE] * f.d[1]->values[j];
        assert_ok(basin_test_spectrum_at(o, theta, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE},
                                         &spectrum));
        const double top = spectrum->eigenvalues[0], bottom = spectrum->eigenvalues[spectrum->count - 1];
        assert_close(c->largest[i], top, 1e-9, 0.0);
        assert_close(c->smallest[i], bottom, 1e-7, 1e-9);
        assert_true(fabs(c->ratio[i] - fabs(bottom) / top) <= c->ratio_error[i] + 1e-9);
        differ = differ || fabs(c->ratio[i] - c->ratio[0]) > 1e-3;
        basin_spectrum_destroy(&spectrum);
    }
    assert_true(differ);
    basin_slice_destroy(&s);
    end(&f);
    basin_free(theta);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void where_the_loss_is_not_finite_nothing_is_known(void **state)
{
    problem          p = problem_relu(2);
    basin_objective *o = NULL;
    basin_slice     *s = NULL;
    fixture          f;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    begin(&f, o, p.theta);
    basin_slice_request r = request(&f, 1);
    r.from[0] = 0.0, r.to[0] = 1e200;
    assert_ok(basin_slice_compute(&r, &s));
    assert_true(isfinite(s->convexity->ratio[0]) && isnan(s->convexity->ratio[2]) &&
                isnan(s->convexity->largest[2]) && isnan(s->convexity->ratio_error[2]));
    basin_slice_destroy(&s);
    end(&f);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void maps_that_are_none_are_refused(void **state)
{
    const double     lambda[N] = {1.0}, zero[N] = {0.0};
    basin_objective *o = basin_test_planted_objective(lambda, N, 3);
    basin_slice     *s = NULL;
    fixture          f;

    (void)state;
    begin(&f, o, zero);
    basin_slice_request r = request(&f, 2);
    r.convexity = 1;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_VALUE);
    assert_message("a map of convexity needs at least 2 points along each direction, got 1");
    r.convexity = 2, r.statistics_move = true;
    assert_status(basin_slice_compute(&r, &s), BASIN_ERR_UNSUPPORTED);
    assert_message("a map of convexity: where the statistics of BatchNorm move");
    assert_null(s);
    end(&f);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quadratic_has_one_ratio_everywhere),
        cmocka_unit_test(of_a_network_it_is_the_spectrum_at_each_point),
        cmocka_unit_test(where_the_loss_is_not_finite_nothing_is_known),
        cmocka_unit_test(maps_that_are_none_are_refused),
    };
    return cmocka_run_group_tests_name("convexity", tests, NULL, NULL);
}
