/* Directions of an optimizer's step, held against PyTorch's own steps on a quadratic
 * (tests/data/make_paths.py) and against their formulas.
 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"

enum { P = 3 };

static const double A[9] = {3.0, 0.5, -0.2, 0.5, 1.0, 0.1, -0.2, 0.1, 0.4}, B[3] = {0.3, -0.7, 0.2};

static double *stored(const char *method, const char *what)
{
    char    reference[600];
    double *values = NULL;

    snprintf(reference, sizeof reference, "%s#steps/%s/%s", basin_test_data("paths.h5"), method, what);
    assert_ok(basin_vector_read(reference, P, &values));
    return values;
}

static void add_state(basin_checkpoint *ck, const char *name, double *values)
{
    ck->states[ck->state_count].name = basin_strdup(name);
    ck->states[ck->state_count++].values = values;
}

/* After seven steps, as tests/data/make_paths.py took them. */
static basin_checkpoint *checkpoint(const char *example, const char *method)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;
    double           *theta = stored(example, "theta");

    assert_ok(basin_graph_mlp((size_t[]){2, 1}, 2, NULL, &graph)); /* weight [1, 2], bias [1] */
    assert_ok(basin_checkpoint_create(graph, &ck));
    basin_graph_destroy(&graph);
    memcpy(ck->theta, theta, P * sizeof *theta);
    basin_free(theta);
    ck->method = basin_strdup(method);
    ck->step = 7;
    ck->hyper.learning_rate = 0.05, ck->hyper.momentum = 0.9, ck->hyper.rho = 0.3;
    ck->states = basin_alloc(2, sizeof *ck->states);
    add_state(ck, "momentum", stored(example, "momentum"));
    if (strcmp(example, "gd") != 0) add_state(ck, "second_moment", stored(example, "second_moment"));
    return ck;
}

static basin_point *point_at(const basin_checkpoint *ck, basin_objective **o)
{
    basin_point *point = NULL;

    assert_ok(basin_test_quadratic(A, B, 0.0, P, o));
    assert_ok(basin_point_create(*o, ck->theta, NULL, &point));
    return point;
}

static void hold_against_torch(const char *example, const char *method, double decay, bool coupled)
{
    basin_checkpoint *ck = checkpoint(example, method);
    basin_objective  *o = NULL;
    basin_point      *point = point_at(ck, &o);
    basin_direction  *d = NULL;
    double           *next = stored(example, "next");

    ck->hyper.weight_decay = decay, ck->hyper.weight_decay_coupled = coupled;
    assert_ok(basin_direction_update(point, ck, 0.99, 1e-6, &d));
    for (size_t i = 0; i < P; i++) assert_close(ck->theta[i] + d->values[i], next[i], 1e-12, 0.0);
    assert_close(d->natural_norm, basin_norm(d->values, P), 1e-15, 0.0);
    assert_non_null(strstr(d->definition, "coordinate 1 is where it leads"));
    basin_direction_destroy(&d);
    basin_free(next);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_checkpoint_destroy(&ck);
}

static void the_next_step_is_pytorchs(void **state)
{
    (void)state;
    hold_against_torch("adam", "adam", 0.0, true);
    hold_against_torch("adam_l2", "adam", 0.1, true);
    hold_against_torch("adamw", "adamw", 0.1, false);
    hold_against_torch("gd", "gd", 0.1, true);
    hold_against_torch("gd", "sgd", 0.1, true);
}

static void what_is_not_recorded_of_a_step_is_named(void **state)
{
    static const struct {
        const char  *method;
        double       rate, momentum;
        int64_t      step;
        size_t       states;
        basin_status status;
        const char  *message;
    } cases[] = {
        {NULL, 0.1, 0.9, 7, 2, BASIN_ERR_MISSING, "method «unknown» is not known: it records no method"},
        {"lion", 0.1, 0.9, 7, 2, BASIN_ERR_UNSUPPORTED, "the next step of method lion is not known"},
        {"gd", NAN, 0.9, 7, 2, BASIN_ERR_MISSING, "it records no learning rate"},
        {"gd", 0.1, NAN, 7, 2, BASIN_ERR_MISSING, "it records no coefficient of its momentum"},
        {"gd", 0.1, 0.9, 7, 0, BASIN_ERR_MISSING, "it saved no momentum"},
        {"adam", 0.1, 0.9, -1, 2, BASIN_ERR_MISSING, "it records no step, by which Adam scales"},
        {"adam", 0.1, NAN, 7, 2, BASIN_ERR_MISSING, "its coefficient of the momentum is"},
        {"adam", 0.1, 0.9, 7, 0, BASIN_ERR_MISSING, "it saved no momentum"},
        {"adam", 0.1, 0.9, 7, 1, BASIN_ERR_MISSING, "no second moments of the gradient saved"},
        {"gd", 0.0, 0.9, 7, 2, BASIN_ERR_VALUE, "direction update is zero"},
        {"sam", 0.1, 0.9, 7, 2, BASIN_ERR_MISSING, "is not known: it records no rho"},
        {"usam", 0.1, 0.9, 7, 2, BASIN_ERR_MISSING, "is not known: it records no rho"},
        {"msam", 0.1, 0.9, 7, 2, BASIN_ERR_MISSING, "is not known: it records no rho"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_checkpoint *ck = checkpoint("adam", cases[i].method != NULL ? cases[i].method : "gd");
        basin_objective  *o = NULL;
        basin_point      *point = point_at(ck, &o);
        basin_direction  *d = NULL;
        const size_t      held = ck->state_count;
        if (cases[i].method == NULL) basin_free(ck->method), ck->method = NULL;
        ck->hyper.learning_rate = cases[i].rate, ck->hyper.momentum = cases[i].momentum;
        ck->hyper.rho = NAN;
        ck->step = cases[i].step, ck->state_count = cases[i].states;
        assert_status(basin_direction_update(point, ck, 0.999, 1e-8, &d), cases[i].status);
        assert_message(cases[i].message);
        assert_null(d);
        ck->state_count = held;
        basin_point_destroy(&point);
        basin_objective_destroy(&o);
        basin_checkpoint_destroy(&ck);
    }
}

/* Before the first step there are no moments, and Adam moves by the learning rate in every entry. */
static void the_first_step_of_adam_has_the_length_of_its_learning_rate(void **state)
{
    basin_checkpoint *ck = checkpoint("adam", "adam");
    basin_objective  *o = NULL;
    basin_point      *point = point_at(ck, &o);
    basin_direction  *d = NULL;
    const size_t      held = ck->state_count;

    (void)state;
    ck->step = 0, ck->state_count = 0;
    assert_ok(basin_direction_update(point, ck, 0.999, 1e-30, &d));
    for (size_t i = 0; i < P; i++) assert_close(fabs(d->values[i]), 0.05, 1e-12, 0.0);
    ck->state_count = held;
    basin_direction_destroy(&d);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_checkpoint_destroy(&ck);
}

static void adam_is_the_momentum_over_the_root_of_the_second_moments(void **state)
{
    basin_checkpoint *ck = checkpoint("adam", "adam");
    const double     *m = ck->states[0].values, *v = ck->states[1].values;
    basin_direction  *d = NULL;
    double            expected[P], norm;
    const size_t      held = ck->state_count;

    (void)state;
    for (size_t i = 0; i < P; i++) expected[i] = m[i] / (sqrt(v[i] / (1 - pow(0.99, 7))) + 1e-6);
    norm = basin_norm(expected, P);
    assert_ok(basin_direction_adam(ck, 0.99, 1e-6, &d));
    for (size_t i = 0; i < P; i++) assert_close(d->values[i], expected[i] / norm, 1e-12, 0.0);
    assert_close(d->natural_norm, norm, 1e-12, 0.0);
    basin_direction_destroy(&d);
    ck->state_count = 1;
    assert_status(basin_direction_adam(ck, 0.99, 1e-6, &d), BASIN_ERR_MISSING);
    assert_message("no second moments of the gradient saved");
    ck->state_count = 0;
    assert_status(basin_direction_adam(ck, 0.99, 1e-6, &d), BASIN_ERR_MISSING);
    assert_message("adam: it saved no momentum");
    ck->state_count = held;
    basin_checkpoint_destroy(&ck);
}

static void perturbations_have_the_length_of_their_radius(void **state)
{
    basin_checkpoint *ck = checkpoint("gd", "msam");
    basin_objective  *o = NULL;
    basin_point      *point = point_at(ck, &o);
    basin_direction  *sam = NULL, *msam = NULL;
    double            g[P];

    (void)state;
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(A + i * P, ck->theta, P) - B[i];
    assert_ok(basin_direction_sam(point, ck, NAN, &sam));
    assert_ok(basin_direction_msam(ck, 0.7, &msam));
    for (size_t i = 0; i < P; i++) {
        assert_close(sam->values[i], 0.3 * g[i] / basin_norm(g, P), 1e-14, 0.0);
        assert_close(msam->values[i], -0.7 * ck->states[0].values[i] / basin_norm(ck->states[0].values, P),
                     1e-14, 0.0);
    }
    assert_string_equal(sam->label, "sam");
    assert_string_equal(msam->label, "msam:0.7");
    assert_true(sam->natural_norm == 0.3 && msam->natural_norm == 0.7);
    basin_direction_destroy(&sam), basin_direction_destroy(&msam);
    assert_status(basin_direction_sam(point, ck, 0.0, &sam), BASIN_ERR_VALUE);
    assert_message("sam: a perturbation of radius 0");
    ck->hyper.rho = NAN;
    assert_status(basin_direction_msam(ck, NAN, &msam), BASIN_ERR_MISSING);
    assert_message("msam: it records no rho: msam:RHO");
    memset(ck->states[0].values, 0, P * sizeof(double));
    assert_status(basin_direction_msam(ck, 0.1, &msam), BASIN_ERR_VALUE);
    assert_message("direction msam:0.1 is zero");
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_checkpoint_destroy(&ck);
}

/* The gradient of the quadratic and the one at the raw perturbed point, which the next step takes; the decay
   is in neither and is that of theta. */
static void the_raw_perturbation_and_its_step_are_multiples_of_the_gradient(void **state)
{
    basin_checkpoint *ck = checkpoint("gd", "usam");
    basin_objective  *o = NULL;
    basin_point      *point = point_at(ck, &o);
    basin_direction  *usam = NULL, *given = NULL, *update = NULL;
    double            g[P], x[P], ahead;

    (void)state;
    ck->hyper.weight_decay = 0.1, ck->hyper.weight_decay_coupled = true;
    assert_ok(basin_direction_usam(point, ck, NAN, &usam));
    assert_ok(basin_direction_usam(point, ck, 0.7, &given));
    assert_ok(basin_direction_update(point, ck, 0.99, 1e-6, &update));
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(A + i * P, ck->theta, P) - B[i];
    for (size_t i = 0; i < P; i++) x[i] = ck->theta[i] + 0.3 * g[i];
    for (size_t i = 0; i < P; i++) {
        assert_close(usam->values[i], 0.3 * g[i], 1e-14, 0.0);
        assert_close(given->values[i], 0.7 * g[i], 1e-14, 0.0);
        ahead = basin_dot(A + i * P, x, P) - B[i] + 0.1 * ck->theta[i];
        assert_close(update->values[i], -0.05 * (0.9 * ck->states[0].values[i] + ahead), 1e-14, 0.0);
    }
    assert_string_equal(given->label, "usam:0.7");
    assert_string_equal(usam->definition, "un-normalised SAM's perturbation, rho = 0.3 times the gradient "
                                          "(coordinate 1 is the perturbed point)");
    assert_close(usam->natural_norm, 0.3 * basin_norm(g, P), 1e-14, 0.0);
    basin_direction_destroy(&usam), basin_direction_destroy(&given), basin_direction_destroy(&update);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_checkpoint_destroy(&ck);
}

static void the_rho_of_one_method_is_not_taken_for_that_of_another(void **state)
{
    static const char *const radii[] = {"sam", "adamw_sam", "msam", "gd"}, *const raw[] = {"usam",
                                                                                           "adamw_usam"};
    basin_checkpoint *ck = checkpoint("gd", "usam");
    basin_objective  *o = NULL;
    basin_point      *point = point_at(ck, &o);
    basin_direction  *d = NULL;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        basin_free(ck->method), ck->method = basin_strdup(radii[i]);
        assert_true(basin_rho_is_radius(ck->method));
        assert_status(basin_direction_usam(point, ck, NAN, &d), BASIN_ERR_MISSING);
        assert_message("is a radius and multiplies no gradient: usam:RHO");
    }
    for (size_t i = 0; i < 2; i++) {
        basin_free(ck->method), ck->method = basin_strdup(raw[i]);
        assert_false(basin_rho_is_radius(ck->method));
        assert_status(basin_direction_sam(point, ck, NAN, &d), BASIN_ERR_MISSING);
        assert_message("is no radius but multiplies the gradient: sam:RHO");
        assert_status(basin_direction_msam(ck, NAN, &d), BASIN_ERR_MISSING);
        assert_message("is no radius but multiplies the gradient: msam:RHO");
        assert_ok(basin_direction_sam(point, ck, 0.1, &d)); /* a radius that is given is one */
        basin_direction_destroy(&d);
    }
    assert_true(basin_rho_is_radius(NULL) && basin_rho_is_radius("lion"));
    assert_status(basin_direction_usam(point, ck, 0.0, &d), BASIN_ERR_VALUE);
    assert_message("usam: a perturbation by the factor 0");
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_checkpoint_destroy(&ck);
}

/* Of F: the decay that is included at the point is in it too. */
static void the_gradient_on_another_split_is_its_own(void **state)
{
    basin_checkpoint         *ck = checkpoint("gd", "gd");
    const basin_point_options options = {.included = {.value = 2.0}};
    basin_objective          *o = NULL, *other = NULL;
    basin_point              *point = NULL;
    basin_direction          *d = NULL;
    double                    g[P];

    (void)state;
    assert_ok(basin_test_quadratic(A, B, 0.0, P, &o));
    assert_ok(basin_test_quadratic(A, NULL, 0.0, P, &other));
    assert_ok(basin_point_create(o, ck->theta, &options, &point));
    for (size_t i = 0; i < P; i++) g[i] = basin_dot(A + i * P, ck->theta, P) + 2.0 * ck->theta[i];
    assert_ok(basin_direction_gradient_on(point, other, "test", &d));
    assert_string_equal(d->label, "gradient:test");
    for (size_t i = 0; i < P; i++) assert_close(d->values[i], g[i] / basin_norm(g, P), 1e-14, 0.0);
    basin_direction_destroy(&d);
    basin_point_destroy(&point);
    basin_objective_destroy(&o), basin_objective_destroy(&other);
    basin_checkpoint_destroy(&ck);
}

static basin_status make_all(void *payload)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *ck = payload;
    basin_objective  *o = NULL;
    basin_point      *point = NULL;
    basin_direction  *d[6] = {0};

    BASIN_TRY(basin_test_quadratic(A, B, 0.0, P, &o));
    BASIN_TRY(basin_point_create(o, ck->theta, NULL, &point));
    BASIN_TRY(basin_direction_update(point, ck, 0.99, 1e-6, &d[0]));
    BASIN_TRY(basin_direction_adam(ck, 0.99, 1e-6, &d[1]));
    BASIN_TRY(basin_direction_sam(point, ck, NAN, &d[2]));
    BASIN_TRY(basin_direction_msam(ck, NAN, &d[3]));
    BASIN_TRY(basin_direction_gradient_on(point, o, "test", &d[4]));
    BASIN_TRY(basin_direction_usam(point, ck, 0.1, &d[5]));
done:
    for (size_t i = 0; i < 6; i++) basin_direction_destroy(&d[i]);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_checkpoint *ck = checkpoint("adam", "adam");

    (void)state;
    basin_test_every_allocation(make_all, ck);
    basin_checkpoint_destroy(&ck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_step_is_pytorchs),
        cmocka_unit_test(what_is_not_recorded_of_a_step_is_named),
        cmocka_unit_test(the_first_step_of_adam_has_the_length_of_its_learning_rate),
        cmocka_unit_test(adam_is_the_momentum_over_the_root_of_the_second_moments),
        cmocka_unit_test(perturbations_have_the_length_of_their_radius),
        cmocka_unit_test(the_raw_perturbation_and_its_step_are_multiples_of_the_gradient),
        cmocka_unit_test(the_rho_of_one_method_is_not_taken_for_that_of_another),
        cmocka_unit_test(the_gradient_on_another_split_is_its_own),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
