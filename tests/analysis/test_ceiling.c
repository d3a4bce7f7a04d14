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
    double usam = basin_ceiling("usam", &h, NAN, NAN); /* no norm enters */
    assert_close(usam + 0.05 * usam * usam, 38.0, 1e-14, 0.0);
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
    assert_close(basin_ceiling("gd", &h, NAN, NAN), 1.9 * (20.0 - 2.0), 1e-15, 0.0); /* decoupled */
    assert_close(basin_ceiling("msam", &h, NAN, 0.0), 1.9 * (20.0 - 2.0), 1e-15, 0.0);
    assert_true(isnan(basin_ceiling("nag", &h, NAN, NAN)));
    h.weight_decay_coupled = true;
    assert_close(basin_ceiling("gd", &h, NAN, NAN), 36.0, 1e-15, 0.0);
    h.rho = 0.05, h.weight_decay = 1000.0; /* the decay alone is beyond the ceiling */
    assert_close(basin_ceiling("gd", &h, 1e-3, NAN), 0.0, 0.0, 0.0);
    assert_close(basin_ceiling("sam", &h, 1e-3, NAN), 0.0, 0.0, 0.0);
    assert_true(isnan(basin_ceiling("adamw", &h, 1.0, 1.0)));
    assert_true(isnan(basin_ceiling(NULL, &h, 1.0, 1.0)));
    for (int i = 0; i < 3; i++) { /* where nothing moves nothing is unstable, but that is no ceiling */
        h.learning_rate = (double[]){NAN, 0.0, -0.1}[i];
        for (size_t m = 0; m < 6; m++) {
            const char *name = (const char *[]){"gd", "sgd", "nag", "sam", "usam", "msam"}[m];
            assert_true(isnan(basin_ceiling(name, &h, 1.0, 1.0)) && isnan(basin_ceiling_plain(name, &h)));
        }
    }
    assert_true(isnan(basin_ceiling("msam", &plain, 1.0, NAN)));
}

static void the_plain_ceiling_leaves_the_perturbation_out(void **unused)
{
    basin_hyperparameters h = plain;

    (void)unused;
    for (int i = 0; i < 3; i++) {
        h.weight_decay = i == 0 ? 0.0 : 2.0, h.weight_decay_coupled = i == 1;
        const double expected = i == 0 ? 38.0 : i == 1 ? 36.0 : 34.2;
        assert_close(basin_ceiling_plain("gd", &h), expected, 1e-14, 0.0);
        assert_close(basin_ceiling_plain("sam", &h), expected, 1e-14, 0.0);
        assert_close(basin_ceiling_plain("usam", &h), expected, 1e-14, 0.0);
        assert_close(basin_ceiling_plain("msam", &h), expected, 1e-14, 0.0);
    }
    h.weight_decay = 0.0;
    assert_close(basin_ceiling_plain("nag", &h), basin_ceiling("nag", &h, NAN, NAN), 0.0, 0.0);
    assert_true(isnan(basin_ceiling_plain("adamw", &h)) && isnan(basin_ceiling_plain(NULL, &h)));
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

/* L = ½ λ x² - y: the slope in y holds ‖g‖ at 1 and ‖v‖ at 1/(1-β), so ρ/‖·‖ is fixed, while the tiny x lives
   by the method's linear recursion. Does |x| grow between steps 1000 and 3000, long after v has settled? */
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
    static const char *const methods[] = {"gd", "sgd", "nag", "sam", "usam", "msam"};

    (void)unused;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        double ceiling = basin_ceiling(methods[i], &plain, 1.0, 1.0 / (1.0 - plain.momentum));
        assert_false(grows(methods[i], 0.999 * ceiling, 0.0));
        assert_true(grows(methods[i], 1.001 * ceiling, 0.0));
    }
}

/* The recursions with decoupled decay on ½ λ θ², ‖g‖ and ‖v‖ frozen at 0.3 and 0.7: growth per step, from far
   along an orbit. */
static double growth(const char *method, const basin_hyperparameters *h, double lambda)
{
    const double eta = h->learning_rate, r_sam = h->rho / 0.3, r_msam = h->rho / 0.7;
    double       v = 0.3, theta = 1.0, log_growth = 0.0;

    for (int step = 0; step < 20000; step++) {
        double held = theta, g = lambda * theta;
        if (strcmp(method, "sam") == 0) g = lambda * (theta + r_sam * lambda * theta);
        if (strcmp(method, "usam") == 0) g = lambda * (theta + h->rho * lambda * theta);
        if (strcmp(method, "msam") == 0) held = theta - r_msam * v, g = lambda * held;
        v = h->momentum * v + g;
        theta = theta - eta * h->weight_decay * held - eta * v;
        const double size = hypot(v, theta);
        if (step >= 10000) log_growth += log(size);
        v /= size, theta /= size;
    }
    return exp(log_growth / 10000.0);
}

static void decoupled_decay_lowers_the_ceiling_as_the_recursion_does(void **unused)
{
    static const char *const methods[] = {"gd", "sgd", "sam", "usam", "msam"};

    (void)unused;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        for (int b = 0; b < 3; b++)
            for (int d = 0; d < 3; d++) {
                const basin_hyperparameters h = {.learning_rate = 0.1,
                                                 .momentum = (double[]){0.0, 0.5, 0.95}[b],
                                                 .rho = 0.05,
                                                 .weight_decay = (double[]){0.01, 1.0, 15.0}[d]};
                const double                ceiling = basin_ceiling(methods[i], &h, 0.3, 0.7);
                assert_true(ceiling > 0.0);
                assert_true(growth(methods[i], &h, 0.999 * ceiling) < 1.0);
                assert_true(growth(methods[i], &h, 1.001 * ceiling) > 1.0);
                assert_true(growth(methods[i], &h, 0.5 * ceiling) < 1.0); /* none is crossed on the way */
            }
}

/* -------------------------------------------------------------------------------------------- hovering -- */

enum { LAST = 40 };

typedef struct hovering { /* ratios λ_max / ceiling and ‖g‖ at the last iterates */
    const basin_hyperparameters *hyper;
    const char                  *method;
    basin_objective             *o;
    double                       lambda;
    size_t                       size, count;
    double                       ratio[LAST], gradient_norm[LAST];
} hovering;

static double norm_of(const double *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

static basin_status look(void *payload, const basin_train_state *state)
{
    hovering  *h = payload;
    double     g[20];
    basin_loss loss;

    assert_ok(basin_objective_gradient(h->o, NULL, state->theta, &loss, g));
    h->gradient_norm[h->count] = norm_of(g, h->size);
    h->ratio[h->count] =
        h->lambda / basin_ceiling(h->method, h->hyper, h->gradient_norm[h->count],
                                  state->momentum != NULL ? norm_of(state->momentum, h->size) : (double)NAN);
    h->count++;
    return BASIN_OK;
}

/* Trains on a quadratic with `size` distinct eigenvalues, the largest `lambda`, turned at random: rounding
   keeps every component alive. */
static hovering hover(const char *method, double lambda, size_t size, const basin_hyperparameters *hyper,
                      size_t steps)
{
    hovering            h = {.hyper = hyper, .method = method, .lambda = lambda, .size = size};
    double              spectrum[20], theta[20];
    size_t              save[LAST];
    basin_train_options options = {.learning_rate = hyper->learning_rate,
                                   .momentum = hyper->momentum,
                                   .rho = hyper->rho,
                                   .steps = steps,
                                   .save = save,
                                   .save_count = LAST,
                                   .callback = look,
                                   .payload = &h};

    for (size_t i = 0; i < size; i++) {
        spectrum[i] = lambda * (1.0 - 0.9 * (double)i / (double)size);
        theta[i] = sin(3.0 * (double)i + 1.0);
    }
    for (size_t i = 0; i < LAST; i++) save[i] = steps - LAST + 1 + i;
    h.o = basin_test_planted_objective(spectrum, size, 5);
    assert_ok(basin_update_find(method, &options.method));
    assert_ok(basin_train(h.o, theta, &options));
    assert_int_equal(h.count, LAST);
    basin_objective_destroy(&h.o);
    return h;
}

static void the_ratio_of_sam_and_msam_tends_to_one_whatever_lambda_is(void **unused)
{
    static const double         lambdas[] = {0.3, 1.0, 3.0, 10.0, 25.0};
    static const size_t         sizes[] = {1, 5, 20};
    const basin_hyperparameters msam = {.learning_rate = 0.07, .momentum = 0.9, .rho = 0.2},
                                sam = {.learning_rate = 0.07, .rho = 0.2};

    (void)unused;
    for (size_t i = 0; i < 5; i++)
        for (size_t s = 0; s < 3; s++) {
            const double   l = lambdas[i];
            const hovering m = hover("msam", l, sizes[s], &msam, 20000),
                           p = hover("sam", l, sizes[s], &sam, 20000);
            for (size_t t = 0; t < LAST; t++) {
                assert_close(m.ratio[t], 1.0, 5e-5, 0.0);
                assert_close(p.ratio[t], 1.0, 5e-5, 0.0);
                assert_close(p.gradient_norm[t], 0.07 * l * l * 0.2 / (2.0 - 0.07 * l), 1e-4, 0.0);
                assert_true(m.gradient_norm[t] > 0.0);
            }
        }
}

/* So a ratio below 1 is no sign of rest either. Where SAM with momentum does settle on a 2-cycle, its ratio
   is 1 too. */
static void sam_with_momentum_hovers_at_a_ratio_below_one_or_of_one(void **unused)
{
    const basin_hyperparameters sam = {.learning_rate = 0.05, .momentum = 0.9, .rho = 0.2};

    (void)unused;
    for (size_t steps = 5000; steps <= 50000; steps *= 10) {
        const hovering h = hover("sam", 3.0, 5, &sam, steps);
        double         least = INFINITY, most = 0.0;
        for (size_t t = 0; t < LAST; t++) {
            assert_true(h.ratio[t] > 0.65 && h.ratio[t] < 0.75);
            least = fmin(least, h.gradient_norm[t]), most = fmax(most, h.gradient_norm[t]);
        }
        assert_true(least > 0.02 && most > 1.001 * least); /* ‖g‖ neither falls nor stands still */
    }
    const hovering settled = hover("sam", 25.0, 20, &sam, 20000);
    for (size_t t = 0; t < LAST; t++) assert_close(settled.ratio[t], 1.0, 5e-5, 0.0);
}

static void gd_on_a_quadratic_converges_below_and_diverges_above(void **unused)
{
    (void)unused;
    for (int above = 0; above < 2; above++) {
        double           lambda = (above ? 1.01 : 0.99) * basin_ceiling("gd", &plain, NAN, NAN), x = 1.0;
        basin_objective *o = NULL;
        assert_ok(basin_test_quadratic(&lambda, NULL, 0.0, 1, &o));
        assert_ok(
            basin_train(o, &x,
                        &(basin_train_options){
                            .method = BASIN_GD, .learning_rate = 0.1, .momentum = 0.9, .steps = 100000}));
        assert_true(above ? fabs(x) > 1e100 : fabs(x) < 1e-100);
        basin_objective_destroy(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_of_measures_md),
        cmocka_unit_test(limits),
        cmocka_unit_test(the_plain_ceiling_leaves_the_perturbation_out),
        cmocka_unit_test(the_trainer_is_stable_below_and_unstable_above),
        cmocka_unit_test(decoupled_decay_lowers_the_ceiling_as_the_recursion_does),
        cmocka_unit_test(the_ratio_of_sam_and_msam_tends_to_one_whatever_lambda_is),
        cmocka_unit_test(sam_with_momentum_hovers_at_a_ratio_below_one_or_of_one),
        cmocka_unit_test(gd_on_a_quadratic_converges_below_and_diverges_above),
    };
    return cmocka_run_group_tests_name("ceiling", tests, NULL, NULL);
}
