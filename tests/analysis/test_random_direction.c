/* Random directions: their entries, what normalises them, and what is orthogonal to what. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/params.h"
#include "core/random.h"

enum { P = 2 * 3 + 2 + 3 * 2 * 2 + 4 };

/* fc [2, 3] (outputs first), its bias [2], a transposed weight [3, 2, 2] with outputs in the middle, a norm
   scale [4]. */
static basin_params *table(void)
{
    basin_params *p = NULL;

    assert_ok(basin_params_create(&p));
    assert_ok(basin_params_add(p, "fc.weight", (size_t[]){2, 3}, 2));
    assert_ok(basin_params_add(p, "fc.bias", (size_t[]){2}, 1));
    assert_ok(basin_params_add(p, "up.weight", (size_t[]){3, 2, 2}, 3));
    assert_ok(basin_params_add(p, "norm.scale", (size_t[]){4}, 1));
    p->blocks[0].role = BASIN_ROLE_WEIGHT;
    p->blocks[1].role = BASIN_ROLE_BIAS;
    p->blocks[2].role = BASIN_ROLE_WEIGHT, p->blocks[2].output_axis = 1;
    p->blocks[3].role = BASIN_ROLE_NORM_SCALE;
    return p;
}

/* Entries of the filters of two or more entries, by hand from the shapes above. */
static const size_t filters[4][6] = {
    {0, 1, 2, 0, 1, 2}, {3, 4, 5, 3, 4, 5}, {8, 9, 12, 13, 16, 17}, {10, 11, 14, 15, 18, 19}};
static const size_t filter_size[4] = {3, 3, 6, 6};

static double filter_dot(size_t f, const double *x, const double *y)
{
    double sum = 0.0;

    for (size_t i = 0; i < filter_size[f]; i++) sum += x[filters[f][i]] * y[filters[f][i]];
    return sum;
}

static void fill(double *theta, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    basin_random_normals(&r, theta, P);
}

static void random_filters_have_the_norms_of_the_weights(void **state)
{
    basin_params    *p = table();
    double           theta[P], normals[P];
    basin_random     r = basin_random_start(7, BASIN_STREAM_DIRECTION);
    basin_direction *d = NULL;

    (void)state;
    fill(theta, 1);
    basin_random_normals(&r, normals, P);
    assert_ok(basin_direction_random(p, theta, NULL, 7, &d));
    assert_string_equal(d->label, "random:7");
    assert_int_equal(d->size, P);
    for (size_t f = 0; f < 4; f++) {
        assert_close(filter_dot(f, d->values, d->values), filter_dot(f, theta, theta), 1e-13, 0.0);
        double factor = sqrt(filter_dot(f, theta, theta) / filter_dot(f, normals, normals));
        for (size_t i = 0; i < filter_size[f]; i++)
            assert_close(d->values[filters[f][i]], factor * normals[filters[f][i]], 1e-13, 0.0);
    }
    for (size_t i = 0; i < P; i++)
        if (i == 6 || i == 7 || i >= 20) assert_true(d->values[i] == 0.0);
    assert_close(d->norm, basin_norm(d->values, P), 0.0, 0.0);
    assert_close(d->natural_norm, d->norm, 0.0, 0.0);
    assert_true(isnan(d->eigenvalue) && isnan(d->residual) && d->warning == NULL);
    basin_direction_destroy(&d);
    basin_direction_destroy(&d);
    assert_null(d);
    basin_params_destroy(&p);
}

/* Whatever its shape: a bias [1, 4] or [4, 1, 1] has a filter an entry. */
static void entries_of_a_bias_are_filters_of_their_own(void **state)
{
    const double     theta[8] = {1, -2, 3, 4, -5, 6, 7, 8};
    basin_params    *p = NULL;
    basin_direction *d = NULL;

    (void)state;
    assert_ok(basin_params_create(&p));
    assert_ok(basin_params_add(p, "bias", (size_t[]){1, 4}, 2));
    assert_ok(basin_params_add(p, "scale", (size_t[]){2, 2, 1}, 3));
    p->blocks[0].role = BASIN_ROLE_BIAS;
    p->blocks[1].role = BASIN_ROLE_NORM_SCALE, p->blocks[1].output_axis = 1;
    assert_ok(basin_direction_random(p, theta, &(basin_random_options){.bias = BASIN_BIAS_SCALED}, 3, &d));
    for (size_t i = 0; i < 8; i++) assert_close(fabs(d->values[i]), fabs(theta[i]), 1e-14, 0.0);
    basin_direction_destroy(&d);
    basin_params_destroy(&p);
}

static void biases_are_zero_scaled_or_random(void **state)
{
    basin_params        *p = table();
    double               theta[P], normals[P];
    basin_random         r = basin_random_start(7, BASIN_STREAM_DIRECTION);
    basin_random_options o = {.bias = BASIN_BIAS_SCALED};
    basin_direction     *d = NULL;

    (void)state;
    fill(theta, 1);
    basin_random_normals(&r, normals, P);
    assert_ok(basin_direction_random(p, theta, &o, 7, &d));
    for (size_t i = 20; i < P; i++) assert_close(d->values[i], copysign(theta[i], normals[i]), 1e-14, 0.0);
    assert_non_null(strstr(d->definition, "biases and norm parameters scaled"));
    basin_direction_destroy(&d);
    o.bias = BASIN_BIAS_RANDOM;
    assert_ok(basin_direction_random(p, theta, &o, 7, &d));
    for (size_t i = 20; i < P; i++) assert_true(d->values[i] == normals[i]);
    basin_direction_destroy(&d);
    o.normalisation = BASIN_NORMALISE_NONE;
    assert_ok(basin_direction_random(p, theta, &o, 7, &d));
    assert_memory_equal(d->values, normals, sizeof normals);
    assert_null(strstr(d->definition, "filter-normalised"));
    basin_direction_destroy(&d);
    basin_params_destroy(&p);
}

/* Tensor by tensor, and all that is moved together: a scaled bias is part of it, one as drawn is not. */
static void layers_and_the_model_are_normalised_as_wholes(void **state)
{
    basin_params        *p = table();
    double               theta[P], squares = 0.0;
    basin_random_options o = {.normalisation = BASIN_NORMALISE_LAYER, .bias = BASIN_BIAS_SCALED};
    basin_direction     *a = NULL, *b = NULL;

    (void)state;
    fill(theta, 1);
    assert_ok(basin_direction_random(p, theta, &o, 7, &a));
    o.orthogonal_to = a->values;
    assert_ok(basin_direction_random(p, theta, &o, 8, &b));
    for (size_t i = 0; i < p->count; i++) {
        const size_t at = p->blocks[i].offset, n = p->blocks[i].size;
        assert_close(basin_norm(a->values + at, n), basin_norm(theta + at, n), 1e-13, 0.0);
        assert_close(basin_norm(b->values + at, n), basin_norm(theta + at, n), 1e-13, 0.0);
        assert_close(basin_dot(a->values + at, b->values + at, n), 0.0, 0.0, 1e-13);
    }
    assert_non_null(
        strstr(b->definition, "normalised tensor by tensor, orthogonal to the other direction tensor"));
    basin_direction_destroy(&a), basin_direction_destroy(&b);
    o = (basin_random_options){.normalisation = BASIN_NORMALISE_MODEL};
    assert_ok(basin_direction_random(p, theta, &o, 7, &a));
    o.orthogonal_to = a->values;
    assert_ok(basin_direction_random(p, theta, &o, 8, &b));
    for (size_t i = 0; i < 20; i++) squares += i == 6 || i == 7 ? 0.0 : theta[i] * theta[i];
    assert_close(a->norm, sqrt(squares), 1e-13, 0.0);
    assert_close(b->norm, sqrt(squares), 1e-13, 0.0);
    assert_close(basin_dot(a->values, b->values, P), 0.0, 0.0, 1e-13);
    basin_direction_destroy(&a), basin_direction_destroy(&b);
    basin_params_destroy(&p);
}

/* Entries uniform on [0, 1] would have mean 0.5 and two such directions a cosine of 0.75. */
static void entries_are_normal_and_two_seeds_nearly_orthogonal(void **state)
{
    enum { SIDE = 100, ALL = SIDE * SIDE };
    const basin_random_options o = {.normalisation = BASIN_NORMALISE_NONE};
    basin_params              *p = NULL;
    double                    *theta = basin_alloc(ALL, sizeof *theta), sum = 0.0, square = 0.0;
    basin_direction           *a = NULL, *b = NULL;

    (void)state;
    assert_ok(basin_params_create(&p));
    assert_ok(basin_params_add(p, "fc.weight", (size_t[]){SIDE, SIDE}, 2));
    p->blocks[0].role = BASIN_ROLE_WEIGHT;
    assert_ok(basin_direction_random(p, theta, &o, 1, &a));
    assert_ok(basin_direction_random(p, theta, &o, 2, &b));
    for (size_t i = 0; i < ALL; i++) sum += a->values[i], square += a->values[i] * a->values[i];
    assert_close(sum / ALL, 0.0, 0.0, 0.04); /* four standard errors */
    assert_close(square / ALL, 1.0, 0.0, 0.06);
    assert_close(basin_cosine(a->values, b->values, ALL), 0.0, 0.0, 0.04);
    basin_direction_destroy(&a), basin_direction_destroy(&b);
    basin_params_destroy(&p);
    basin_free(theta);
}

static void a_second_random_direction_is_orthogonal_filter_by_filter(void **state)
{
    basin_params    *p = table();
    double           theta[P];
    basin_direction *a = NULL, *b = NULL;

    (void)state;
    fill(theta, 1);
    assert_ok(basin_direction_random(p, theta, NULL, 1, &a));
    assert_ok(basin_direction_random(p, theta, &(basin_random_options){.orthogonal_to = a->values}, 2, &b));
    for (size_t f = 0; f < 4; f++) {
        double square = filter_dot(f, theta, theta);
        assert_close(filter_dot(f, a->values, b->values), 0.0, 0.0, 1e-14 * square);
        assert_close(filter_dot(f, b->values, b->values), square, 1e-13, 0.0);
    }
    basin_direction_destroy(&a), basin_direction_destroy(&b);
    basin_params_destroy(&p);
}

/* Positive homogeneity: weights of one output × f leave a ReLU network's function alone when what reads it is
   × 1/f. The filter-normalised direction follows. */
static void filter_normalisation_follows_a_rescaling(void **state)
{
    basin_params    *p = table();
    double           theta[P];
    basin_direction *a = NULL, *b = NULL;

    (void)state;
    fill(theta, 1);
    assert_ok(basin_direction_random(p, theta, &(basin_random_options){.bias = BASIN_BIAS_SCALED}, 1, &a));
    for (size_t i = 0; i < 3; i++) theta[i] *= 8.0;
    theta[6] *= 8.0;
    assert_ok(basin_direction_random(p, theta, &(basin_random_options){.bias = BASIN_BIAS_SCALED}, 1, &b));
    for (size_t i = 0; i < P; i++)
        assert_close(b->values[i], a->values[i] * (i < 3 || i == 6 ? 8.0 : 1.0), 1e-14, 0.0);
    basin_direction_destroy(&a), basin_direction_destroy(&b);
    basin_params_destroy(&p);
}

static void a_random_direction_at_zero_is_zero_and_refused(void **state)
{
    basin_params    *p = table();
    double           theta[P] = {0};
    basin_direction *d = NULL;

    (void)state;
    assert_status(basin_direction_random(p, theta, NULL, 3, &d), BASIN_ERR_VALUE);
    assert_message("direction random:3 is zero");
    assert_status(basin_direction_random(NULL, theta, NULL, 3, &d), BASIN_ERR_ARG);
    assert_null(d);
    basin_params_destroy(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_filters_have_the_norms_of_the_weights),
        cmocka_unit_test(entries_of_a_bias_are_filters_of_their_own),
        cmocka_unit_test(biases_are_zero_scaled_or_random),
        cmocka_unit_test(layers_and_the_model_are_normalised_as_wholes),
        cmocka_unit_test(entries_are_normal_and_two_seeds_nearly_orthogonal),
        cmocka_unit_test(a_second_random_direction_is_orthogonal_filter_by_filter),
        cmocka_unit_test(filter_normalisation_follows_a_rescaling),
        cmocka_unit_test(a_random_direction_at_zero_is_zero_and_refused),
    };
    return cmocka_run_group_tests_name("random_direction", tests, NULL, NULL);
}
