/* The ceilings of stability: formulas, limits, and the trainer itself just below and just above them. */
#include "support.h"

#include <math.h>
#include <string.h>

static const basin_hyperparameters plain = {.learning_rate = 0.1, .momentum = 0.9, .rho = 0.05};

static void formulas_of_measures_md(void **unused)
{
    basin_hyperparameters h = plain;

    (void)unused;
    assert_close(basin_ceiling("gd", &h, NAN, NAN), 38.0, 1e-15, 0.0);
    assert_close(basin_ceiling("sgd", &h, NAN, NAN), 38.0, 1e-15, 0.0);
    assert_close(basin_ceiling("nag", &h, NAN, NAN), 3.8 / (0.1 * 2.8), 1e-15, 0.0);
    assert_close(basin_ceiling("msam", &h, NAN, 0.5), 3.8 / (0.1 + 0.2), 1e-14, 0.0);
    double sam = basin_ceiling("sam", &h, 0.2, NAN);
    assert_close(sam + 0.05 * sam * sam / 0.2, 38.0, 1e-14, 0.0);
    h.momentum = 0.0; /* (‖g‖/2ρ)(√(1 + 8ρ/(η‖g‖)) - 1) */
    assert_close(basin_ceiling("gd", &h, NAN, NAN), 20.0, 1e-15, 0.0);
    assert_close(basin_ceiling("sam", &h, 0.2, NAN), 0.2 / 0.1 * (sqrt(1.0 + 0.4 / 0.02) - 1.0), 1e-14, 0.0);
}

static void limits(void **unused)
{
    basin_hyperparameters h = plain;

    (void)unused;
    assert_close(basin_ceiling("sam", &h, 0.0, NAN), 0.0, 0.0, 0.0);
    assert_close(basin_ceiling("msam", &h, NAN, 0.0), 0.0, 0.0, 0.0);
    h.rho = 1e-300;
    assert_close(basin_ceiling("sam", &h, 1.0, NAN), 38.0, 1e-14, 0.0);
    h.rho = 0.0;
    assert_close(basin_ceiling("sam", &h, 0.0, NAN), 38.0, 1e-15, 0.0);
    assert_close(basin_ceiling("msam", &h, NAN, 0.0), 38.0, 1e-15, 0.0);
    h.weight_decay = 2.0;
    assert_close(basin_ceiling("gd", &h, NAN, NAN), 38.0, 1e-15, 0.0); /* decoupled: not in this formula */
    h.weight_decay_coupled = true;
    assert_close(basin_ceiling("gd", &h, NAN, NAN), 36.0, 1e-15, 0.0);
    h.rho = 0.05, h.weight_decay = 1000.0; /* the decay alone is beyond the ceiling */
    assert_close(basin_ceiling("gd", &h, 1e-3, NAN), 0.0, 0.0, 0.0);
    assert_close(basin_ceiling("sam", &h, 1e-3, NAN), 0.0, 0.0, 0.0);
    assert_true(isnan(basin_ceiling("adamw", &h, 1.0, 1.0)));
    assert_true(isnan(basin_ceiling(NULL, &h, 1.0, 1.0)));
    h.learning_rate = NAN;
    assert_true(isnan(basin_ceiling("gd", &h, 1.0, 1.0)));
    assert_true(isnan(basin_ceiling("msam", &plain, 1.0, NAN)));
}

typedef struct traced { /* |x| at the two steps saved */
    size_t count;
    double x[2];
} traced;

static basin_status trace(void *payload, const basin_train_state *state)
{
    traced *t = payload;

    t->x[t->count++] = fabs(state->theta[0]) + 1e-320;
    return BASIN_OK;
}

/* L = ½ λ x² - y: the slope in y holds ‖g‖ at 1 and ‖v‖ at 1/(1-β), so ρ/‖·‖ is fixed, while the tiny x lives by the method's
   linear recursion. Does |x| grow between steps 1000 and 3000, long after v has settled? */
static bool grows(const char *method, double lambda, double decay)
{
    double              a[4] = {lambda, 0.0, 0.0, 0.0}, b[2] = {0.0, 1.0}, theta[2] = {1e-30, 0.0};
    basin_objective    *o = NULL;
    traced              t = {0};
    basin_train_options options = {.learning_rate = plain.learning_rate,
                                   .momentum = plain.momentum,
                                   .rho = plain.rho,
                                   .weight_decay = decay,
                                   .steps = 3000,
                                   .save = (size_t[]){1000, 3000},
                                   .save_count = 2,
                                   .callback = trace,
                                   .payload = &t};

    assert_ok(basin_update_find(method, &options.method));
    assert_ok(basin_test_quadratic(a, b, 0.0, 2, &o));
    assert_ok(basin_train(o, theta, &options));
    assert_int_equal(t.count, 2);
    basin_objective_destroy(&o);
    return t.x[1] > t.x[0];
}

static void the_trainer_is_stable_below_and_unstable_above(void **unused)
{
    static const char *const methods[] = {"gd", "sgd", "nag", "sam", "msam"};

    (void)unused;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        double ceiling = basin_ceiling(methods[i], &plain, 1.0, 1.0 / (1.0 - plain.momentum));
        assert_false(grows(methods[i], 0.999 * ceiling, 0.0));
        assert_true(grows(methods[i], 1.001 * ceiling, 0.0));
    }
}

static void gd_on_a_quadratic_converges_below_and_diverges_above(void **unused)
{
    (void)unused;
    for (int above = 0; above < 2; above++) {
        double           lambda = (above ? 1.01 : 0.99) * basin_ceiling("gd", &plain, NAN, NAN), x = 1.0;
        basin_objective *o = NULL;
        assert_ok(basin_test_quadratic(&lambda, NULL, 0.0, 1, &o));
        assert_ok(basin_train(o, &x, &(basin_train_options){.method = BASIN_GD, .learning_rate = 0.1, .momentum = 0.9, .steps = 100000}));
        assert_true(above ? fabs(x) > 1e100 : fabs(x) < 1e-100);
        basin_objective_destroy(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_of_measures_md),
        cmocka_unit_test(limits),
        cmocka_unit_test(the_trainer_is_stable_below_and_unstable_above),
        cmocka_unit_test(gd_on_a_quadratic_converges_below_and_diverges_above),
    };
    return cmocka_run_group_tests_name("ceiling", tests, NULL, NULL);
}
