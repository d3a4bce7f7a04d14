#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/params.h"

/* L = 1/2 θᵀ diag(4, 1, 0) θ at (1, 1, 5): g = (4, 1, 0), L = 2.5. */
static const double theta[] = {1.0, 1.0, 5.0};

static basin_objective *objective(void)
{
    double           a[] = {4.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0};
    basin_objective *o = NULL;

    assert_ok(basin_test_quadratic(a, NULL, 0.0, 3, &o));
    return o;
}

static double loss_at(double s, const double *d)
{
    double x = theta[0] + s * d[0], y = theta[1] + s * d[1];
    return 2.0 * x * x + 0.5 * y * y;
}

static const basin_rise *row(const basin_sharpness *s, const char *name, double rho)
{
    char own[40];

    for (size_t i = 0; i < s->rise_count; i++)
        if (strcmp(basin_rise_name(&s->rises[i], own), name) == 0 && s->rises[i].rho == rho)
            return &s->rises[i];
    fail_msg("no row %s at %g", name, rho);
    return NULL;
}

static void sam_and_msam_follow_their_definitions(void **state)
{
    double                  v[] = {0.0, -3.0, 4.0}, rho[] = {-0.5, 0.0, 0.25}, norm = sqrt(17.0);
    double                  up[] = {4.0 / norm, 1.0 / norm}, down[] = {0.0, 0.6};
    basin_sharpness_options options = {.rho = rho, .rho_count = 3, .momentum = v, .split = "train"};
    basin_objective        *o = objective();
    basin_sharpness        *s = NULL;

    (void)state;
    assert_ok(basin_test_sharpness_at(o, theta, &options, &s));
    assert_int_equal(s->parameters, 3);
    assert_close(s->loss, 2.5, 1e-15, 0.0);
    assert_close(s->gradient_norm, norm, 1e-15, 0.0);
    assert_close(s->momentum_norm, 5.0, 1e-15, 0.0);
    assert_close(s->momentum_gradient_cosine, -3.0 / (5.0 * norm), 1e-14, 0.0);
    assert_int_equal(s->rise_count, 6);
    for (size_t i = 0; i < 3; i++) {
        assert_close(row(s, "sam", rho[i])->loss, loss_at(rho[i], up), 1e-14, 0.0);
        assert_close(row(s, "sam", rho[i])->value, loss_at(rho[i], up) - 2.5, 1e-13, 1e-15);
        /* minus v/‖v‖ */
        assert_close(row(s, "msam", rho[i])->value, loss_at(rho[i], down) - 2.5, 1e-13, 1e-15);
        assert_string_equal(row(s, "msam", rho[i])->split, "train");
    }
    assert_true(row(s, "sam", 0.0)->value == 0.0);
    basin_sharpness_destroy(&s);
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

static void default_radii_are_signed_multiples_of_the_recorded_one(void **state)
{
    static const double factors[] = {-4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0};
    basin_objective    *o = objective();
    basin_sharpness    *s = NULL;

    (void)state;
    assert_ok(basin_test_sharpness_at(o, theta, &(basin_sharpness_options){.recorded_rho = 0.2}, &s));
    assert_int_equal(s->rise_count, 11); /* no momentum: MSAM left out */
    for (size_t i = 0; i < 11; i++) assert_close(s->rises[i].rho, 0.2 * factors[i], 1e-15, 0.0);
    assert_true(isnan(s->momentum_norm) && isnan(s->momentum_gradient_cosine));
    basin_sharpness_destroy(&s);
    assert_ok(basin_test_sharpness_at(o, theta, NULL, &s));
    assert_close(s->rises[10].rho, 0.2, 1e-15, 0.0); /* 4 x 0.05 */
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

/* With w = 2 the loss is 2.5 + ‖θ‖² = 29.5; ε stays along ∇L = (4, 1, 0). */
static void weight_decay_is_in_the_loss_but_not_in_the_direction(void **state)
{
    double           rho[] = {1.0}, up[] = {4.0 / sqrt(17.0), 1.0 / sqrt(17.0)}, x, y;
    basin_objective *o = objective();
    basin_point     *point = NULL;
    basin_sharpness *s = NULL;

    (void)state;
    assert_ok(basin_point_create(o, theta, &(basin_point_options){.included = {.value = 2.0}}, &point));
    assert_ok(basin_sharpness_compute(point, &(basin_sharpness_options){.rho = rho, .rho_count = 1}, &s));
    x = theta[0] + up[0], y = theta[1] + up[1];
    assert_close(s->loss, 29.5, 1e-15, 0.0);
    assert_close(s->gradient_norm, sqrt(17.0), 1e-15, 0.0);
    assert_close(s->rises[0].loss, loss_at(1.0, up) + x * x + y * y + 25.0, 1e-14, 0.0);
    basin_sharpness_destroy(&s);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

static void a_zero_direction_gives_nan_not_a_number(void **state)
{
    double           zero[3] = {0};
    basin_objective *o = objective();
    basin_sharpness *s = NULL;

    (void)state;
    assert_ok(basin_test_sharpness_at(o, zero, &(basin_sharpness_options){.momentum = zero}, &s));
    assert_int_equal(s->rise_count, 22);
    for (size_t i = 0; i < 22; i++) assert_true(isnan(s->rises[i].value) && isnan(s->rises[i].loss));
    assert_true(isnan(s->momentum_gradient_cosine));
    assert_true(isnan(s->rises[0].slope) && isnan(s->rises[0].symmetric));
    assert_int_equal(s->stationarity.verdict, BASIN_DESCENT_AT_ROUNDING);
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

/* A user's objective with a table of parameters: L = Σ θ². */
static basin_status sphere_loss(void *ctx, const basin_samples *s, const double *x, basin_loss *out)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = basin_dot(x, x, 3), .weight = 1.0};
    return BASIN_OK;
}

static basin_status sphere_gradient(void *ctx, const basin_samples *s, const double *x, basin_loss *out,
                                    double *g)
{
    for (size_t i = 0; i < 3; i++) g[i] = 2.0 * x[i];
    return sphere_loss(ctx, s, x, out);
}

static const basin_objective_type sphere = {
    .name = "sphere", .loss = sphere_loss, .gradient = sphere_gradient};

static void random_directions_are_scaled_to_norm_one(void **state)
{
    double           rho[] = {-2.0, 2.0}, x = 0.0;
    basin_params    *p = NULL;
    basin_objective *o = NULL, *bare = objective();
    basin_sharpness *s = NULL;

    (void)state;
    assert_ok(basin_params_create(&p));
    assert_ok(basin_params_add(p, "w", (size_t[]){1, 3}, 2));
    assert_ok(basin_objective_create(&sphere, NULL, &(basin_objective_facts){.size = 3, .params = p}, &o));
    assert_ok(basin_test_sharpness_at(
        o, theta, &(basin_sharpness_options){.rho = rho, .rho_count = 2, .random = 2, .seed = 8}, &s));
    assert_int_equal(s->rise_count, 6);
    for (size_t i = 2; i < 6; i += 2) { /* L(θ ± ρd) sum to 2 L(θ) + 2 ρ²‖d‖² */
        x = s->rises[i].value + s->rises[i + 1].value;
        assert_close(x, 2.0 * 4.0, 1e-13, 0.0);
    }
    assert_true(s->rises[2].direction == BASIN_RISE_RANDOM && s->rises[2].seed == 8);
    assert_true(s->rises[4].direction == BASIN_RISE_RANDOM && s->rises[4].seed == 9);
    basin_sharpness_destroy(&s);
    double zero[3] = {0}; /* filters are normalised to those of theta, which have no norm */
    assert_ok(basin_test_sharpness_at(
        o, zero, &(basin_sharpness_options){.rho = rho, .rho_count = 2, .random = 2}, &s));
    for (size_t i = 2; i < 6; i++) assert_true(isnan(s->rises[i].value) && isnan(s->rises[i].symmetric));
    basin_sharpness_destroy(&s);
    assert_status(basin_test_sharpness_at(bare, theta, &(basin_sharpness_options){.random = 1}, &s),
                  BASIN_ERR_ARG);
    assert_message("table of parameters");
    basin_objective_destroy(&o), basin_objective_destroy(&bare);
    basin_params_destroy(&p);
}

/* On a quadratic the slope part is ρ gᵀd and the symmetrised ½ρ² dᵀHd, whatever the radius. */
static void a_rise_is_its_slope_and_its_curvature(void **state)
{
    double v[] = {0.0, -3.0, 4.0}, rho[] = {0.25, -0.5, 3.0, 0.0}, norm = sqrt(17.0);
    double along[2][2] = {{norm, (16.0 * 4.0 + 1.0) / 17.0}, {0.6, 0.36}}; /* gᵀd, dᵀHd */
    basin_sharpness_options options = {.rho = rho, .rho_count = 4, .momentum = v};
    basin_objective        *o = objective();
    basin_sharpness        *s = NULL;

    (void)state;
    assert_ok(basin_test_sharpness_at(o, theta, &options, &s));
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < 4; i++) {
            const basin_rise *rise = row(s, k == 0 ? "sam" : "msam", rho[i]);
            assert_close(rise->slope, rho[i] * along[k][0], 1e-13, 1e-15);
            assert_close(rise->symmetric, 0.5 * rho[i] * rho[i] * along[k][1], 1e-12, 1e-15);
            assert_close(rise->slope + rise->symmetric, rise->value, 1e-15, 1e-15);
        }
    assert_true(row(s, "sam", 0.0)->slope == 0.0 && row(s, "sam", 0.0)->symmetric == 0.0);
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

/* L = exp(x): odd and even parts are L sinh and L (cosh - 1), far from the quadratic. */
static basin_status exponential_loss(void *ctx, const basin_samples *s, const double *x, basin_loss *out)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = exp(x[0]), .weight = 1.0};
    return BASIN_OK;
}

static basin_status exponential_gradient(void *ctx, const basin_samples *s, const double *x, basin_loss *out,
                                         double *g)
{
    g[0] = exp(x[0]);
    return exponential_loss(ctx, s, x, out);
}

static const basin_objective_type exponential = {
    .name = "exponential", .loss = exponential_loss, .gradient = exponential_gradient};

static void parts_are_odd_and_even_at_any_radius(void **state)
{
    double           x = 0.3, rho[] = {2.0, -2.0, 1e-9}, l = exp(0.3);
    basin_objective *o = NULL;
    basin_sharpness *s = NULL;

    (void)state;
    assert_ok(basin_objective_create(&exponential, NULL, &(basin_objective_facts){.size = 1}, &o));
    assert_ok(basin_test_sharpness_at(o, &x, &(basin_sharpness_options){.rho = rho, .rho_count = 3}, &s));
    for (size_t i = 0; i < 2; i++) {
        assert_close(s->rises[i].value, exp(0.3 + rho[i]) - l, 1e-14, 0.0);
        assert_close(s->rises[i].slope, l * sinh(rho[i]), 1e-14, 0.0);
        assert_close(s->rises[i].symmetric, l * (cosh(rho[i]) - 1.0), 1e-14, 0.0);
    }
    /* ½ρ²L = 7e-19 is below rounding, which is what is left */
    assert_true(fabs(s->rises[2].symmetric) <= 2.0 * 2.2e-16 * l);
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

static void no_point_is_evaluated_twice(void **state)
{
    double                  v[] = {0.0, -3.0, 4.0}, rho[] = {0.5, 0.0, -0.5, 0.25, 0.5};
    basin_sharpness_options options = {.rho = rho, .rho_count = 5, .momentum = v};
    basin_objective        *o = objective();
    basin_sharpness        *s = NULL;

    (void)state;
    assert_ok(basin_test_sharpness_at(o, theta, &options, &s));
    assert_int_equal(s->rise_count, 10);
    /* the way down; then 0, ±0.5, ±0.25 along both */
    assert_int_equal(basin_objective_cost(o).losses, 5 + 2 * 5);
    basin_sharpness_destroy(&s);
    assert_ok(basin_test_sharpness_at(o, theta, NULL, &s));
    /* the default radii are symmetric already */
    assert_int_equal(basin_objective_cost(o).losses, 15 + 5 + 11);
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

static void the_top_direction_is_common_to_all_methods(void **state)
{
    double                  v[] = {0.0, -3.0, 4.0}, e1[] = {1.0, 0.0, 0.0}, rho[] = {0.1, -0.2};
    basin_sharpness_options given = {.rho = rho, .rho_count = 2, .momentum = v, .top = e1},
                            found = {.rho = rho, .rho_count = 2, .find_top = true};
    basin_objective *o = objective();
    basin_sharpness *s = NULL;

    (void)state;
    assert_ok(basin_test_sharpness_at(o, theta, &given, &s));
    assert_close(s->momentum_top_cosine2, 0.0, 0.0, 0.0);
    assert_close(s->gradient_top_cosine2, 16.0 / 17.0, 1e-15, 0.0);
    for (size_t i = 0; i < 2; i++) {
        assert_close(row(s, "top", rho[i])->slope, 4.0 * rho[i], 1e-13, 0.0);
        assert_close(row(s, "top", rho[i])->symmetric, 2.0 * rho[i] * rho[i], 1e-13, 0.0);
    }
    basin_sharpness_destroy(&s);
    assert_ok(basin_test_sharpness_at(o, theta, &found, &s));
    assert_int_equal(s->rise_count, 4);
    /* of a Rayleigh quotient, whose error is the residual's squared */
    assert_close(row(s, "top", 0.1)->symmetric, 0.02, 1e-7, 0.0);
    assert_close(row(s, "top", 0.1)->slope, 0.4, 1e-3, 0.0);
    assert_close(s->gradient_top_cosine2, 16.0 / 17.0, 1e-3, 0.0);
    assert_true(isnan(s->momentum_top_cosine2));
    basin_sharpness_destroy(&s);
    assert_ok(basin_test_sharpness_at(o, theta, NULL, &s));
    assert_true(isnan(s->momentum_top_cosine2) && isnan(s->gradient_top_cosine2)); /* not asked for */
    basin_sharpness_destroy(&s);
    basin_objective_destroy(&o);
}

static void radii_that_are_not_finite_are_refused(void **state)
{
    double           rho[] = {0.1, INFINITY};
    basin_objective *o = objective();
    basin_sharpness *s = NULL;

    (void)state;
    assert_status(
        basin_test_sharpness_at(o, theta, &(basin_sharpness_options){.rho = rho, .rho_count = 2}, &s),
        BASIN_ERR_VALUE);
    assert_message("radius inf");
    assert_status(basin_test_sharpness_at(o, theta, &(basin_sharpness_options){.rho = rho}, &s),
                  BASIN_ERR_ARG);
    assert_null(s);
    basin_objective_destroy(&o);
}

static basin_status compute_once(void *payload)
{
    double           v[] = {1.0, 0.0, 0.0};
    basin_sharpness *s = NULL;

    const basin_sharpness_options o = {.momentum = v, .split = "train", .find_top = true};
    const basin_status            st = basin_test_sharpness_at(payload, theta, &o, &s);

    if (st != BASIN_OK) assert_null(s);
    basin_sharpness_destroy(&s);
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
        cmocka_unit_test(sam_and_msam_follow_their_definitions),
        cmocka_unit_test(default_radii_are_signed_multiples_of_the_recorded_one),
        cmocka_unit_test(weight_decay_is_in_the_loss_but_not_in_the_direction),
        cmocka_unit_test(a_zero_direction_gives_nan_not_a_number),
        cmocka_unit_test(random_directions_are_scaled_to_norm_one),
        cmocka_unit_test(a_rise_is_its_slope_and_its_curvature),
        cmocka_unit_test(parts_are_odd_and_even_at_any_radius),
        cmocka_unit_test(no_point_is_evaluated_twice),
        cmocka_unit_test(the_top_direction_is_common_to_all_methods),
        cmocka_unit_test(radii_that_are_not_finite_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("sharpness", tests, NULL, NULL);
}
