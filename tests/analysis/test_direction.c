#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"

/* --------------------------------------------------------------------------------- gradient, eigen, to -- */

static basin_objective *diagonal(const double *lambda, size_t n)
{
    basin_objective *o = NULL;
    double          *a = basin_alloc(n * n, sizeof *a);

    for (size_t i = 0; i < n; i++) a[i * n + i] = lambda[i];
    assert_ok(basin_test_quadratic(a, NULL, 1.0, n, &o));
    basin_free(a);
    return o;
}

static basin_status gradient_at(basin_objective *o, const double *theta, basin_direction **out)
{
    basin_point *point = NULL;
    basin_status st = basin_point_create(o, theta, NULL, &point);

    if (st == BASIN_OK) st = basin_direction_gradient(point, out);
    basin_point_destroy(&point);
    return st;
}

static void the_gradient_has_norm_one_and_points_uphill(void **state)
{
    double           lambda[] = {3.0, 4.0}, theta[] = {1.0, 1.0}, zero[] = {0.0, 0.0};
    basin_objective *o = diagonal(lambda, 2);
    basin_direction *d = NULL;

    (void)state;
    assert_ok(gradient_at(o, theta, &d));
    assert_close(d->values[0], 0.6, 1e-15, 0.0);
    assert_close(d->values[1], 0.8, 1e-15, 0.0);
    assert_close(d->norm, 1.0, 0.0, 0.0);
    assert_close(d->natural_norm, 5.0, 1e-15, 0.0);
    basin_direction_destroy(&d);
    assert_status(gradient_at(o, zero, &d), BASIN_ERR_VALUE);
    assert_message("direction gradient is zero");
    basin_objective_destroy(&o);
}

static void eigenvectors_come_from_the_spectrum_or_are_computed(void **state)
{
    double           lambda[] = {1.0, 7.0, -2.0, 3.0}, theta[4] = {0};
    basin_objective *o = diagonal(lambda, 4);
    basin_point     *point = NULL;
    basin_spectrum  *s = NULL;
    basin_direction *d = NULL;

    (void)state;
    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(
        basin_spectrum_compute(point, &(basin_spectrum_options){.top = 2, .bottom = 1, .vectors = true}, &s));
    for (int given = 0; given < 2; given++) {
        /* some are not held */
        static const struct {
            long   i;
            size_t axis;
        } cases[] = {{1, 1}, {2, 3}, {3, 0}, {-1, 2}, {-2, 0}, {-4, 1}};
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            uint64_t before = basin_objective_cost(o).products;
            assert_ok(basin_direction_eigen(point, cases[c].i, given ? s : NULL, &d));
            assert_close(d->values[cases[c].axis], 1.0, 1e-14, 0.0);
            assert_close(d->norm, 1.0, 1e-15, 0.0);
            assert_close(d->eigenvalue, lambda[cases[c].axis], 1e-14, 0.0);
            assert_true(d->residual < 1e-12);
            assert_null(d->warning);
            if (given && (cases[c].i == 1 || cases[c].i == -1))
                assert_int_equal(basin_objective_cost(o).products, before);
            basin_direction_destroy(&d);
        }
    }
    s->verified = false;
    assert_ok(basin_direction_eigen(point, 1, s, &d));
    assert_string_equal(d->warning,
                        "eigen:1: its place is not verified: an eigenvalue beyond it may be missing");
    basin_direction_destroy(&d);
    assert_status(basin_direction_eigen(point, 0, s, &d), BASIN_ERR_ARG);
    assert_message("eigen:0");
    assert_status(basin_direction_eigen(point, -5, s, &d), BASIN_ERR_VALUE);
    assert_message("eigen:-5: there are 4 eigenvalues");
    assert_null(d);
    basin_spectrum_destroy(&s);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

static void large_objectives_give_eigenvectors_by_lanczos(void **state)
{
    enum { SIZE = 300 };
    double           lambda[SIZE], theta[SIZE] = {0};
    basin_objective *o;
    basin_point     *point = NULL;
    basin_direction *d = NULL;

    (void)state;
    for (size_t i = 0; i < SIZE; i++) lambda[i] = (double)i * 0.01;
    lambda[17] = 9.0, lambda[200] = -5.0, lambda[33] = 8.0;
    o = diagonal(lambda, SIZE);
    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(basin_direction_eigen(point, 2, NULL, &d));
    assert_close(d->values[33], 1.0, 1e-8, 0.0);
    basin_direction_destroy(&d);
    assert_ok(basin_direction_eigen(point, -1, NULL, &d));
    assert_close(d->values[200], 1.0, 1e-8, 0.0);
    assert_close(d->eigenvalue, -5.0, 1e-10, 0.0);
    assert_int_equal(basin_objective_cost(o).freezes, 1);
    assert_int_equal(basin_objective_cost(o).gradients, 1);
    basin_direction_destroy(&d);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

/* Of S A S with S = diag(1, 2), A = [2 1; 1 3]: x of [2 2; 2 12], λ = 7 + √29, as S x in the parameters. */
static void eigenvectors_of_another_operator_lie_in_the_parameters(void **state)
{
    const double               a[4] = {2, 1, 1, 3}, scale[2] = {1, 2}, theta[2] = {0.5, -1};
    const double               lambda = 7 + sqrt(29), x = 2 / (lambda - 2), norm = hypot(x, 2);
    const basin_point_options  options = {.scale = scale};
    const basin_direction_spec spec = {.kind = BASIN_DIRECTION_EIGEN, .index = 1};
    basin_objective           *o = NULL;
    basin_direction           *d = NULL;
    basin_direction_source     source = {.eigen_of = ", preconditioned hessian"};

    (void)state;
    assert_ok(basin_test_quadratic(a, NULL, 0.0, 2, &o));
    assert_ok(basin_point_create(o, theta, NULL, &source.point));
    assert_ok(basin_point_create(o, theta, &options, &source.eigen));
    assert_ok(basin_direction_make(&source, &spec, &d));
    assert_string_equal(d->label, "eigen:1, preconditioned hessian");
    assert_close(d->eigenvalue, lambda, 1e-12, 0.0);
    assert_close(d->values[0], x / norm, 1e-12, 0.0);
    assert_close(d->values[1], 2 / norm, 1e-12, 0.0);
    basin_direction_destroy(&d);
    basin_point_destroy(&source.point);
    basin_point_destroy(&source.eigen);
    basin_objective_destroy(&o);
}

static void a_difference_keeps_its_length(void **state)
{
    double           theta[] = {1.0, 2.0, 3.0}, other[] = {4.0, 2.0, -1.0};
    basin_direction *d = NULL;

    (void)state;
    assert_ok(basin_direction_to("late.h5", theta, other, 3, &d));
    assert_string_equal(d->label, "to:late.h5");
    assert_non_null(strstr(d->definition, "late.h5 minus this point"));
    assert_close(d->norm, 5.0, 1e-15, 0.0);
    for (size_t i = 0; i < 3; i++) assert_true(theta[i] + d->values[i] == other[i]);
    assert_ok(basin_direction_rescale(d, 0.0));
    assert_close(d->norm, 5.0, 1e-15, 0.0);
    assert_ok(basin_direction_rescale(d, 10.0));
    assert_close(d->values[2], -8.0, 1e-15, 0.0);
    assert_close(basin_norm(d->values, 3), 10.0, 1e-15, 0.0);
    assert_close(d->natural_norm, 5.0, 1e-15, 0.0);
    assert_status(basin_direction_rescale(d, -1.0), BASIN_ERR_ARG);
    assert_status(basin_direction_rescale(d, NAN), BASIN_ERR_ARG);
    basin_direction_destroy(&d);
    assert_status(basin_direction_to("same.h5", theta, theta, 3, &d), BASIN_ERR_VALUE);
    assert_message("direction to:same.h5 is zero");
    other[1] = INFINITY;
    assert_status(basin_direction_to("bad.h5", theta, other, 3, &d), BASIN_ERR_VALUE);
    assert_message("not finite");
}

static void orthogonalising_keeps_the_norm_and_says_so(void **state)
{
    double           zero[3] = {0}, x[] = {2.0, 0.0, 0.0}, y[] = {3.0, 4.0, 0.0};
    double           parallel[] = {-7.0, 0.0, 0.0};
    basin_direction *a = NULL, *b = NULL, *c = NULL;

    (void)state;
    assert_ok(basin_direction_to("a", zero, x, 3, &a));
    assert_ok(basin_direction_to("b", zero, y, 3, &b));
    assert_ok(basin_direction_to("c", zero, parallel, 3, &c));
    assert_ok(basin_direction_orthogonalise(b, a));
    assert_string_equal(b->label, "to:b ⟂ to:a");
    assert_close(b->values[0], 0.0, 0.0, 1e-15);
    assert_close(b->values[1], 5.0, 1e-15, 0.0);
    assert_close(b->norm, 5.0, 1e-15, 0.0);
    assert_status(basin_direction_orthogonalise(c, a), BASIN_ERR_VALUE);
    assert_message("to:c and to:a are parallel: cosine -1");
    assert_string_equal(c->label, "to:c");
    basin_direction_destroy(&a), basin_direction_destroy(&b), basin_direction_destroy(&c);
}

/* -------------------------------------------------------------------------------------------- momentum -- */

static basin_checkpoint *checkpoint(double momentum)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    assert_ok(basin_graph_mlp((size_t[]){2, 1}, 2, NULL, &graph)); /* weight [1, 2], bias [1] */
    assert_ok(basin_checkpoint_create(graph, &ck));
    basin_graph_destroy(&graph);
    ck->theta[0] = 1.0;
    if (isnan(momentum)) return ck;
    ck->states = basin_alloc(1, sizeof *ck->states);
    ck->states[0].name = basin_strdup("momentum");
    ck->states[0].values = basin_alloc(3, sizeof(double));
    ck->state_count = 1;
    ck->states[0].values[0] = 3.0 * momentum, ck->states[0].values[2] = 4.0 * momentum;
    return ck;
}

static void momentum_is_scaled_and_warned_of_at_rounding_level(void **state)
{
    static const double scales[] = {1.0, 1e-6, 1e-14, 1e-200, 1e-310};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        basin_checkpoint *ck = checkpoint(scales[i]);
        basin_direction  *d = NULL;
        assert_ok(basin_direction_momentum(ck, &d));
        assert_string_equal(d->label, "momentum");
        assert_close(d->values[0], 0.6, 1e-12, 0.0);
        assert_close(d->values[2], 0.8, 1e-12, 0.0);
        assert_close(d->natural_norm, 5.0 * scales[i], 1e-12, 0.0);
        assert_int_equal(d->warning != NULL, scales[i] < 1e-12);
        if (d->warning != NULL) assert_non_null(strstr(d->warning, "rounding level"));
        basin_direction_destroy(&d);
        basin_checkpoint_destroy(&ck);
    }
}

static void a_momentum_that_is_absent_zero_or_not_finite_is_refused(void **state)
{
    basin_checkpoint *ck = checkpoint(NAN);
    basin_direction  *d = NULL;

    (void)state;
    assert_status(basin_direction_momentum(ck, &d), BASIN_ERR_MISSING);
    assert_message("it saved no momentum: ");
    basin_checkpoint_destroy(&ck);
    ck = checkpoint(0.0);
    assert_status(basin_direction_momentum(ck, &d), BASIN_ERR_VALUE);
    assert_message("direction momentum is zero");
    ck->states[0].values[1] = NAN;
    assert_status(basin_direction_momentum(ck, &d), BASIN_ERR_VALUE);
    assert_message("direction momentum is not finite");
    assert_null(d);
    basin_checkpoint_destroy(&ck);
}

/* --------------------------------------------------------------------------------------------- parsing -- */

static void directions_are_parsed(void **state)
{
    basin_direction_spec s;

    (void)state;
    assert_ok(basin_direction_parse("momentum", &s));
    assert_int_equal(s.kind, BASIN_DIRECTION_MOMENTUM);
    assert_ok(basin_direction_parse("gradient", &s));
    assert_int_equal(s.kind, BASIN_DIRECTION_GRADIENT);
    assert_ok(basin_direction_parse("eigen:-12", &s));
    assert_int_equal(s.kind, BASIN_DIRECTION_EIGEN);
    assert_int_equal(s.index, -12);
    assert_ok(basin_direction_parse("random", &s));
    assert_int_equal(s.kind, BASIN_DIRECTION_RANDOM);
    assert_int_equal(s.seed, 0);
    assert_ok(basin_direction_parse("random:18446744073709551615", &s));
    assert_true(s.seed == UINT64_MAX);
    assert_ok(basin_direction_parse("to:a:b.h5", &s));
    assert_int_equal(s.kind, BASIN_DIRECTION_TO);
    assert_string_equal(s.path, "a:b.h5");
    assert_ok(basin_direction_parse("gradient:test", &s));
    assert_string_equal(s.path, "test");
    assert_ok(basin_direction_parse("sam", &s));
    assert_true(isnan(s.rho));
    assert_ok(basin_direction_parse("msam:0.05", &s));
    assert_int_equal(s.kind, BASIN_DIRECTION_MSAM);
    assert_true(s.rho == 0.05);
    assert_ok(basin_direction_parse("pca:2", &s));
    assert_int_equal(s.index, 2);
    assert_ok(basin_direction_parse("plane:a.h5,b/c.h5,d.h5", &s));
    assert_int_equal(s.file_count, 3);
    assert_int_equal(s.files[1].length, 6);
    assert_memory_equal(s.files[1].text, "b/c.h5", 6);
    assert_ok(basin_direction_parse("file:a#b.h5#result/vectors[0]", &s));
    assert_string_equal(s.path, "a#b.h5#result/vectors[0]");
}

static void other_texts_are_refused_with_the_choices(void **state)
{
    static const char *const bad[] = {"",
                                      "momentu",
                                      "momentum ",
                                      "eigen",
                                      "eigen:",
                                      "eigen:0",
                                      "eigen:1.5",
                                      "eigen: 1",
                                      "eigen:+1",
                                      "eigen:--1",
                                      "eigen:1x",
                                      "eigen:99999999999999999999",
                                      "random:",
                                      "random:-1",
                                      "random: 1",
                                      "random:1x",
                                      "random:18446744073709551616",
                                      "to:",
                                      "gradient:",
                                      "sam:",
                                      "sam:0",
                                      "msam:-1",
                                      "msam:inf",
                                      "adam:1",
                                      "pca",
                                      "pca:0",
                                      "pca:-1",
                                      "between:a",
                                      "between:a,",
                                      "between:a,b,c",
                                      "plane:a,b",
                                      "plane:a,,c",
                                      "file:x.h5",
                                      "file:#name",
                                      "file:x.h5#",
                                      "hessian"};
    basin_direction_spec     s = {.index = 42};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_status(basin_direction_parse(bad[i], &s), BASIN_ERR_ARG);
        assert_message(bad[i]);
        assert_int_equal(s.index, 42);
    }
    assert_message("momentum, gradient[:SPLIT], eigen:I (1 = largest, -1 = smallest), random[:SEED], "
                   "to:FILE, adam, update, sam[:RHO], "
                   "usam[:RHO], msam[:RHO], pca:I, between:A,B, plane:A,B,C, file:FILE#NAME");
    assert_status(basin_direction_parse("eigen:0", &s), BASIN_ERR_ARG);
    assert_message("counted from 1 (largest) or -1 (smallest)");
}

/* -------------------------------------------------------------------------------------------- failures -- */

static basin_status make_all(void *payload)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *ck = payload;
    double            lambda[] = {1.0, 2.0, 3.0}, a[9] = {0};
    basin_objective  *o = NULL;
    basin_point      *point = NULL;
    basin_direction  *d[5] = {0};

    for (size_t i = 0; i < 3; i++) a[i * 3 + i] = lambda[i];
    BASIN_TRY(basin_test_quadratic(a, NULL, 1.0, 3, &o));
    BASIN_TRY(basin_direction_momentum(ck, &d[0]));
    BASIN_TRY(basin_point_create(o, ck->theta, NULL, &point));
    BASIN_TRY(basin_direction_gradient(point, &d[1]));
    BASIN_TRY(basin_direction_eigen(point, 1, NULL, &d[2]));
    BASIN_TRY(basin_direction_random(ck->params, ck->theta, NULL, 1, &d[3]));
    BASIN_TRY(basin_direction_to("x", ck->theta, lambda, 3, &d[4]));
    BASIN_TRY(basin_direction_orthogonalise(d[4], d[0]));
done:
    for (size_t i = 0; i < 5; i++) basin_direction_destroy(&d[i]);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_checkpoint *ck = checkpoint(1e-20); /* with its warning */

    (void)state;
    basin_test_every_allocation(make_all, ck);
    basin_checkpoint_destroy(&ck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_has_norm_one_and_points_uphill),
        cmocka_unit_test(eigenvectors_come_from_the_spectrum_or_are_computed),
        cmocka_unit_test(large_objectives_give_eigenvectors_by_lanczos),
        cmocka_unit_test(eigenvectors_of_another_operator_lie_in_the_parameters),
        cmocka_unit_test(a_difference_keeps_its_length),
        cmocka_unit_test(orthogonalising_keeps_the_norm_and_says_so),
        cmocka_unit_test(momentum_is_scaled_and_warned_of_at_rounding_level),
        cmocka_unit_test(a_momentum_that_is_absent_zero_or_not_finite_is_refused),
        cmocka_unit_test(directions_are_parsed),
        cmocka_unit_test(other_texts_are_refused_with_the_choices),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("direction", tests, NULL, NULL);
}
