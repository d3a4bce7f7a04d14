/* Spans of top eigenvectors against planted ones: angles, their errors, energies, where there are none. */
#include <math.h>

#include "core/linalg.h"
#include "core/random.h"
#include "support.h"

#define DEGREES (180.0 / M_PI)

enum { P = 8, K = 3 };

static basin_eigenspace *make_space(const double vectors[K][P], const double sine[K])
{
    basin_eigenspace *e = basin_alloc(1, sizeof *e);

    assert_non_null(e);
    *e = (basin_eigenspace){.size = P,
                            .dimension = K,
                            .vectors = basin_alloc(K * P, sizeof(double)),
                            .sine = basin_alloc(K, sizeof(double))};
    assert_true(e->vectors != NULL && e->sine != NULL);
    basin_copy(vectors[0], e->vectors, K * P);
    basin_copy(sine, e->sine, K);
    return e;
}

/* The first K unit vectors, each turned by its angle towards another one. */
static basin_eigenspace *turned(const double degrees[K], double sine)
{
    double vectors[K][P] = {{0}}, sines[K];

    for (size_t i = 0; i < K; i++) {
        vectors[i][i] = cos(degrees[i] / DEGREES);
        vectors[i][K + i] = sin(degrees[i] / DEGREES);
        sines[i] = sine;
    }
    return make_space((const double(*)[P])vectors, sines);
}

static void principal_angles_are_the_planted_ones_small_and_large(void **unused)
{
    static const double cases[][K] = {{30.0, 10.0, 60.0}, {1e-7, 45.0, 89.9999999}, {0.0, 0.0, 90.0}};
    basin_eigenspace   *a = turned((const double[K]){0.0}, 0.0);

    (void)unused;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        basin_eigenspace *b = turned(cases[c], 0.0);
        double            angle[K], error[K], similarity[K], largest = 0.0, square = 0.0;
        assert_ok(basin_eigenspace_turn(a, b, angle, error, similarity));
        for (size_t d = 1; d <= K; d++) {
            largest = fmax(largest, cases[c][d - 1]);
            square += cases[c][d - 1] * cases[c][d - 1] / DEGREES / DEGREES;
            assert_close(angle[d - 1], largest, 1e-8, 1e-14);
            assert_close(error[d - 1], 0.0, 0.0, 0.0);
            assert_close(similarity[d - 1], cos(sqrt(square / (double)d)), 1e-12, 0.0);
        }
        basin_eigenspace_destroy(&b);
    }
    basin_eigenspace_destroy(&a);
}

/* Turning the vectors within a span is no turning of the span. */
static void a_span_does_not_turn_where_its_vectors_change_places(void **unused)
{
    static const double swapped[K][P] = {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}}, sine[K] = {0.0};
    basin_eigenspace   *a = turned((const double[K]){0.0}, 0.0), *b = make_space(swapped, sine);
    double              angle[K], error[K], similarity[K];

    (void)unused;
    assert_ok(basin_eigenspace_turn(a, b, angle, error, similarity));
    assert_close(angle[0], 90.0, 1e-12, 0.0);
    assert_close(angle[1], 0.0, 0.0, 1e-6);
    assert_close(similarity[2], 1.0, 1e-12, 0.0);
    basin_eigenspace_destroy(&a);
    basin_eigenspace_destroy(&b);
    basin_eigenspace_destroy(&b);
    basin_eigenspace_destroy(NULL);
}

static void a_span_that_no_gap_separates_has_no_angle(void **unused)
{
    static const double lambda[P] = {5.0, 5.0, 2.0, 1.0, 0.5, 0.0, -0.5, -1.0};
    basin_objective    *o = basin_test_planted_objective(lambda, P, 3);
    basin_spectrum     *s = basin_test_spectrum(
            o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .vectors = true, .top = 4});
    basin_eigenspace *e = NULL;
    double            angle[K], error[K], similarity[K];

    (void)unused;
    assert_ok(basin_eigenspace_create(s, K, &e));
    assert_int_equal(e->dimension, K);
    assert_true(isinf(e->sine[0]) || e->sine[0] > BASIN_SEPARATED);
    assert_true(e->sine[1] < 1e-12 && e->sine[2] < 1e-12);
    assert_ok(basin_eigenspace_turn(e, e, angle, error, similarity));
    assert_true(isnan(angle[0]) && isnan(error[0]) && isnan(similarity[0]));
    assert_close(angle[1], 0.0, 0.0, 1e-6);
    assert_close(angle[2], 0.0, 0.0, 1e-6);
    basin_eigenspace_destroy(&e);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

static void what_lies_below_must_be_held_to_know_the_gap(void **unused)
{
    static const double lambda[P] = {5.0, 4.0, 2.0, 1.0, 0.5, 0.0, -0.5, -1.0};
    basin_objective    *o = basin_test_planted_objective(lambda, P, 4);
    basin_spectrum     *s = basin_test_spectrum(
            o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS, .vectors = true, .top = 2});
    basin_spectrum   *without = basin_test_spectrum(o, &(basin_spectrum_options){0});
    basin_eigenspace *e = NULL;

    (void)unused;
    assert_ok(basin_eigenspace_create(s, K, &e)); /* cut to what is held */
    assert_int_equal(e->dimension, 2);
    assert_true(e->sine[0] < 1e-6);
    assert_true(isinf(e->sine[1]));
    basin_eigenspace_destroy(&e);
    assert_status(basin_eigenspace_create(without, 1, &e), BASIN_ERR_ARG);
    assert_message("no eigenvector of its upper end");
    basin_spectrum_destroy(&s);
    basin_spectrum_destroy(&without);
    basin_objective_destroy(&o);
}

static void other_parameters_are_refused(void **unused)
{
    basin_eigenspace *a = turned((const double[K]){0.0}, 0.0), *b = turned((const double[K]){0.0}, 0.0);
    double            room[K];

    (void)unused;
    b->size = P - 1;
    assert_status(basin_eigenspace_turn(a, b, room, room, room), BASIN_ERR_SHAPE);
    assert_message("eigenvectors of 7 parameters beside such of 8");
    basin_eigenspace_destroy(&a);
    basin_eigenspace_destroy(&b);
}

/* ------------------------------------------------------------------------------------ the error bound -- */

enum { N = 40 };

/* Spectra with gaps from 1e-6 to 1, truncated at loose tolerances: in each the true span of the first d lies
   within the error that is said. */
static void spans_are_off_by_no_more_than_is_said(void **unused)
{
    basin_random r = basin_random_start(31, BASIN_STREAM_TEST);
    size_t       cases = basin_test_long() ? 1000 : 60, told = 0;

    (void)unused;
    for (size_t c = 0; c < cases; c++) {
        double            lambda[N], sum = 0.0;
        basin_spectrum   *exact, *rough;
        basin_eigenspace *a = NULL, *b = NULL;
        double            angle[K], error[K], similarity[K];
        for (size_t i = N; i-- > 0;) lambda[i] = sum += pow(10.0, -6.0 * basin_random_uniform(&r));
        basin_objective *o = basin_test_planted_objective(lambda, N, 100 + c);
        exact = basin_test_spectrum(
            o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .vectors = true, .top = K + 1});
        rough = basin_test_spectrum(o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS,
                                                                 .vectors = true,
                                                                 .top = K + 1,
                                                                 .tolerance = 1e-3,
                                                                 .seed = c});
        assert_ok(basin_eigenspace_create(exact, K, &a));
        assert_ok(basin_eigenspace_create(rough, K, &b));
        assert_ok(basin_eigenspace_turn(a, b, angle, error, similarity));
        for (size_t d = 0; d < K; d++) {
            if (isnan(angle[d])) continue;
            told++;
            assert_true(angle[d] <= error[d] + 1e-6);
        }
        basin_eigenspace_destroy(&a);
        basin_eigenspace_destroy(&b);
        basin_spectrum_destroy(&exact);
        basin_spectrum_destroy(&rough);
        basin_objective_destroy(&o);
    }
    print_message("%zu of %zu spans are separated\n", told, cases * K);
    assert_true(told > cases / 2 && told < cases * K);
}

/* ------------------------------------------------------------------------------------------- energies -- */

static void the_energy_is_the_squared_share_and_its_ends_leave_room_for_the_sine(void **unused)
{
    basin_eigenspace *e = turned((const double[K]){0.0}, 0.1);
    const double      x[P] = {2.0, 0.0, 1.0, 0.0, 2.0, 0.0, 4.0, 0.0}, zero[P] = {0.0};
    double            p[P], energy, lower, upper;

    (void)unused;
    basin_eigenspace_energy(e, x, p, &energy, &lower, &upper);
    assert_close(energy, 5.0 / 25.0, 1e-14, 0.0);
    assert_close(lower, pow(sqrt(0.2) - 0.1, 2.0), 1e-13, 0.0);
    assert_close(upper, pow(sqrt(0.2) + 0.1, 2.0), 1e-13, 0.0);
    for (size_t i = 0; i < P; i++) assert_close(p[i], i < K ? x[i] : 0.0, 1e-14, 0.0);
    e->sine[K - 1] = INFINITY;
    basin_eigenspace_energy(e, x, NULL, &energy, &lower, &upper);
    assert_true(lower == 0.0 && upper == 1.0);
    basin_eigenspace_energy(e, zero, p, &energy, &lower, &upper);
    assert_true(isnan(energy) && isnan(lower) && isnan(upper) && p[0] == 0.0);
    basin_eigenspace_destroy(&e);
}

/* Of angles θ it is the mean of cos² θ over the first k. */
static void the_overlap_is_the_mean_squared_cosine_of_the_planted_angles(void **unused)
{
    static const double degrees[K] = {30.0, 60.0, 90.0}, means[K] = {0.75, 0.5, 1.0 / 3.0};
    basin_eigenspace   *a = turned((const double[K]){0.0}, 0.01), *b = turned(degrees, 0.02);
    double              overlap, error;

    (void)unused;
    for (size_t k = 1; k <= K; k++) {
        assert_ok(basin_eigenspace_overlap(a, b, k, &overlap, &error));
        assert_close(overlap, means[k - 1], 1e-14, 0.0);
        assert_close(error, 0.03, 1e-14, 0.0);
        assert_ok(basin_eigenspace_overlap(b, b, k, &overlap, &error));
        assert_close(overlap, 1.0, 1e-14, 0.0);
    }
    b->sine[1] = 2 * BASIN_SEPARATED;
    assert_ok(basin_eigenspace_overlap(a, b, 2, &overlap, &error));
    assert_true(isnan(overlap) && isnan(error));
    assert_status(basin_eigenspace_overlap(a, b, K + 1, &overlap, &error), BASIN_ERR_ARG);
    assert_status(basin_eigenspace_overlap(a, b, 0, &overlap, &error), BASIN_ERR_ARG);
    b->size = P - 1;
    assert_status(basin_eigenspace_overlap(a, b, 1, &overlap, &error), BASIN_ERR_SHAPE);
    basin_eigenspace_destroy(&a);
    basin_eigenspace_destroy(&b);
}

static basin_status make_and_turn(void *payload)
{
    basin_status      st = BASIN_OK;
    basin_eigenspace *e = NULL;
    double            angle[K], error[K], similarity[K];

    BASIN_TRY(basin_eigenspace_create(payload, K, &e));
    BASIN_TRY(basin_eigenspace_turn(e, e, angle, error, similarity));
done:
    basin_eigenspace_destroy(&e);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    static const double lambda[P] = {5.0, 4.0, 2.0, 1.0, 0.5, 0.0, -0.5, -1.0};
    basin_objective    *o = basin_test_planted_objective(lambda, P, 3);
    basin_spectrum     *s = basin_test_spectrum(
            o, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .vectors = true, .top = 4});

    (void)unused;
    basin_test_every_allocation(make_and_turn, s);
    basin_spectrum_destroy(&s);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principal_angles_are_the_planted_ones_small_and_large),
        cmocka_unit_test(a_span_does_not_turn_where_its_vectors_change_places),
        cmocka_unit_test(a_span_that_no_gap_separates_has_no_angle),
        cmocka_unit_test(what_lies_below_must_be_held_to_know_the_gap),
        cmocka_unit_test(other_parameters_are_refused),
        cmocka_unit_test(spans_are_off_by_no_more_than_is_said),
        cmocka_unit_test(the_energy_is_the_squared_share_and_its_ends_leave_room_for_the_sine),
        cmocka_unit_test(the_overlap_is_the_mean_squared_cosine_of_the_planted_angles),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("eigenspace", tests, NULL, NULL) : 1;
}
