/* Quantiles and one test against tables and brute force; many tests at once against plain loops over all
   patterns and measures. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/random.h"

/* ----------------------------------------------------------------------------------------- one measure -- */

static void student_quantiles_are_those_of_the_tables(void **unused)
{
    static const struct {
        size_t dof;
        double t;
    } known[] = {{3, 3.18244630528371},  {4, 2.77644510519779},   {5, 2.57058183563631},
                 {7, 2.36462425159278},  {10, 2.22813885198627},  {29, 2.04522964213270},
                 {30, 2.04227245630124}, {100, 1.98397151852355}, {120, 1.97993040508244}};

    (void)unused;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_close(basin_student_t975(known[i].dof), known[i].t, 1e-10, 0.0);
    assert_close(basin_student_t975(1), tan(0.475 * 3.14159265358979323846), 1e-12, 0.0);    /* Cauchy */
    assert_close(basin_student_t975(2), 0.95 * sqrt(2.0 / (1.0 - 0.95 * 0.95)), 1e-12, 0.0); /* closed form */
    assert_true(isnan(basin_student_t975(0)));
    assert_close(basin_student_t975(1000000000), 1.959963984540054, 1e-8, 0.0);
}

/* P(|T| <= t) by Simpson's rule on the density (1 + t²/ν)^{-(ν+1)/2}, normalised by lgamma: another way to
   the same number. */
static double student_by_quadrature(double t, double n)
{
    double c = exp(lgamma(0.5 * (n + 1.0)) - lgamma(0.5 * n)) / sqrt(n * 3.14159265358979323846), sum = 0.0;
    int    steps = 4000;

    for (int i = 0; i <= steps; i++) {
        double x = t * i / steps, f = c * pow(1.0 + x * x / n, -0.5 * (n + 1.0));
        sum += f * (i == 0 || i == steps ? 1.0 : i % 2 == 1 ? 4.0 : 2.0);
    }
    return 2.0 * sum * t / steps / 3.0;
}

static void student_quantiles_hold_95_percent(void **unused)
{
    (void)unused;
    for (size_t n = 1; n <= 40; n++)
        assert_close(student_by_quadrature(basin_student_t975(n), (double)n), 0.95, 1e-8, 0.0);
    assert_close(student_by_quadrature(basin_student_t975(997), 997.0), 0.95, 1e-10, 0.0);
    assert_close(student_by_quadrature(basin_student_t975(1001), 1001.0), 0.95, 1e-10, 0.0);
    /* sum and expansion meet: the second difference across the seam is as small as the function's own */
    double seam = basin_student_t975(1000) - 2.0 * basin_student_t975(1001) + basin_student_t975(1002);
    assert_close(seam, 0.0, 0.0, 1e-8);
}

static void tails_are_those_of_student(void **unused)
{
    (void)unused;
    for (size_t n = 1; n <= 30; n += 3)
        for (double t = 0.0; t < 6.0; t += 1.3)
            assert_close(basin_student_p(t, n), 1.0 - student_by_quadrature(t, (double)n), 0.0, 1e-9);
    assert_close(basin_student_p(-basin_student_t975(7), 7), 0.05, 1e-12, 0.0);
    assert_close(basin_student_p(INFINITY, 7), 0.0, 0.0, 1e-15);
}

static double sign_flip_by_brute_force(const double *d, size_t n)
{
    double seen = 0.0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) seen += d[i];
    for (size_t mask = 0; mask < (size_t)1 << n; mask++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) sum += mask >> i & 1 ? -d[i] : d[i];
        if (fabs(sum) >= fabs(seen) - 1e-9) count++;
    }
    return (double)count / (double)((size_t)1 << n);
}

static void sign_flip_counts_patterns(void **unused)
{
    basin_random r = basin_random_start(1, BASIN_STREAM_TEST);

    (void)unused;
    assert_close(basin_sign_flip_p((double[]){1.0, 2.0, 3.0}, 3), 0.25, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){-1.0, -2.0, -3.0}, 3), 0.25, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){1.0, 2.0, -3.0}, 3), 1.0, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){0.1, 0.2, 0.3, 0.3, 0.3, 0.1, 0.2, 0.1}, 8), 2.0 / 256.0, 0.0,
                 0.0);
    assert_close(basin_sign_flip_p((double[]){5.0}, 1), 1.0, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){0.0, 0.0}, 2), 1.0, 0.0, 0.0);
    assert_true(isnan(basin_sign_flip_p(NULL, 0)));
    assert_true(isnan(basin_sign_flip_p((double[]){1.0, NAN}, 2)));
    for (size_t n = 1; n <= 12; n++) {
        double d[12];
        /* ties on purpose */
        for (size_t i = 0; i < n; i++) d[i] = floor(6.0 * basin_random_uniform(&r)) - 1.0;
        assert_close(basin_sign_flip_p(d, n), sign_flip_by_brute_force(d, n), 0.0, 0.0);
    }
}

/* Darwin's maize, crossed less self-fertilised, eighths of an inch: Fisher's own example; 1,726 of 32,768
   patterns. */
static void sign_flip_on_darwins_maize(void **unused)
{
    static const double maize[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

    (void)unused;
    assert_close(basin_sign_flip_p(maize, 15), 1726.0 / 32768.0, 1e-15, 0.0);
}

static void sign_flip_above_24_is_drawn_and_reproducible(void **unused)
{
    double       d[30], p;
    basin_random r = basin_random_start(2, BASIN_STREAM_TEST);

    (void)unused;
    for (size_t i = 0; i < 30; i++) d[i] = basin_random_normal(&r) + 0.3;
    p = basin_sign_flip_p(d, 30);
    assert_close(p, basin_sign_flip_p(d, 30), 0.0, 0.0);
    double sum = 0.0, square = 0.0; /* the normal approximation of the same test */
    for (size_t i = 0; i < 30; i++) sum += d[i], square += d[i] * d[i];
    assert_close(p, erfc(fabs(sum) / sqrt(2.0 * square)), 0.1, 0.002);
    for (size_t i = 0; i < 30; i++) d[i] = 1.0;
    assert_close(basin_sign_flip_p(d, 30), 1.0 / 100001.0, 1e-12, 0.0); /* never 0 */
}

static void the_fewest_pairs_that_can_decide(void **unused)
{
    (void)unused;
    assert_int_equal(basin_pairs_needed(1, 0.05), 6);
    assert_int_equal(basin_pairs_needed(3, 0.05), 7);
    assert_int_equal(basin_pairs_needed(6, 0.05), 8);
    assert_int_equal(basin_pairs_needed(13, 0.05), 10);
    assert_close(basin_smallest_p(1), 1.0, 0.0, 0.0);
    assert_close(basin_smallest_p(8), 2.0 / 256.0, 0.0, 0.0);
    assert_close(basin_smallest_p(25), 1.0 / 100001.0, 1e-15, 0.0);
    assert_true(isnan(basin_smallest_p(0)));
}

/* --------------------------------------------------------------------------------------- many measures -- */

enum { MEASURES = 6, SEEDS = 8 };

/* Two-sided tail of Student's t with ν degrees of freedom beyond t = √ν tan φ: ∫ cos^(ν-1) from φ to π/2 over
   that from 0, by Simpson's rule. */
static double tail_by_quadrature(double angle, double dof)
{
    double from[2] = {angle, 0.0}, whole[2], end = 0.5 * 3.14159265358979323846;
    int    steps = 2000;

    for (int k = 0; k < 2; k++) {
        double width = (end - from[k]) / steps, sum = 0.0;
        for (int i = 0; i <= steps; i++)
            sum += pow(fabs(cos(from[k] + width * i)), dof - 1.0) * (i == 0 || i == steps ? 1.0
                                                                     : i % 2 == 1         ? 4.0
                                                                                          : 2.0);
        whole[k] = sum * width / 3.0;
    }
    return whole[0] / whole[1];
}

/* Of one measure when the signs are those of `mask`. */
static double tail_in_pattern(const double *d, size_t n, size_t mask)
{
    double sum = 0.0, square = 0.0, pairs = 0.0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(d[i])) sum += mask >> i & 1 ? -d[i] : d[i], square += d[i] * d[i], pairs += 1.0;
    return square == 0.0 || pairs < 2.0
               ? 1.0
               : tail_by_quadrature(asin(sqrt(fmin(1.0, sum * sum / (pairs * square)))), pairs - 1.0);
}

/* Does measure j stand at or behind measure i? Those that are not able stand behind all that are. */
static bool behind(const double *seen, const bool *able, size_t j, size_t i)
{
    return able[j] == able[i] ? seen[j] >= seen[i] * (1.0 - 1e-7) : able[i];
}

/* Free step-down from its definition: for each measure the share of patterns in which the least tail among
   the measures at or behind it is at most its own seen; then the largest of these over it and those before
   it. Able ones are not held against those that are not. */
static void step_down_by_brute_force(const double *x, size_t m, size_t n, const bool *able, double *adjusted)
{
    double seen[MEASURES], alone[MEASURES];
    size_t count[MEASURES] = {0};

    for (size_t i = 0; i < m; i++) seen[i] = tail_in_pattern(x + i * n, n, 0);
    for (size_t b = 0; b < (size_t)1 << n; b++) {
        double tails[MEASURES];
        for (size_t i = 0; i < m; i++) tails[i] = tail_in_pattern(x + i * n, n, b);
        for (size_t i = 0; i < m; i++) {
            double least = 2.0;
            for (size_t j = 0; j < m; j++)
                if (able[j] == able[i] && behind(seen, able, j, i)) least = fmin(least, tails[j]);
            count[i] += least <= seen[i] * (1.0 + 1e-7);
        }
    }
    for (size_t i = 0; i < m; i++) alone[i] = (double)count[i] / (double)((size_t)1 << n);
    for (size_t i = 0; i < m; i++) {
        adjusted[i] = 0.0;
        for (size_t j = 0; j < m; j++)
            if (behind(seen, able, i, j)) adjusted[i] = fmax(adjusted[i], alone[j]);
    }
}

static void step_down(const double *x, size_t m, size_t n, const bool *member, const bool *able,
                      double *adjusted)
{
    basin_flips flips = {0};
    bool        all[MEASURES];

    for (size_t i = 0; i < MEASURES; i++) all[i] = true;
    assert_true(m <= MEASURES);
    assert_ok(basin_flips_create(x, m, n, &flips));
    assert_ok(basin_step_down(&flips, member != NULL ? member : all, able != NULL ? able : all, adjusted));
    basin_flips_clear(&flips);
}

static void step_down_is_that_of_brute_force(void **unused)
{
    static const bool able[MEASURES] = {true, true, true, true, true, false};
    basin_random      r = basin_random_start(5, BASIN_STREAM_TEST);

    (void)unused;
    for (int round = 0; round < 12; round++) {
        double x[MEASURES * SEEDS], expected[MEASURES], adjusted[MEASURES];
        size_t n = 3 + (size_t)round % (SEEDS - 3);
        for (size_t s = 0; s < n; s++) {
            double common = basin_random_normal(&r);
            for (size_t i = 0; i < MEASURES; i++) {
                x[i * n + s] = 0.6 * common + basin_random_normal(&r) + (i < 2 ? 1.0 : 0.0);
                if (i >= 3) x[i * n + s] = floor(2.0 * x[i * n + s]); /* ties on purpose, zeros among them */
                if (i == 5 && s > 2) x[i * n + s] = NAN;              /* three pairs only */
            }
        }
        step_down_by_brute_force(x, MEASURES, n, able, expected);
        step_down(x, MEASURES, n, NULL, able, adjusted);
        for (size_t i = 0; i < MEASURES; i++) assert_close(adjusted[i], expected[i], 0.0, 0.0);
        for (size_t i = 0; i < MEASURES; i++) {
            double there[SEEDS];
            size_t count = 0;
            for (size_t s = 0; s < n; s++)
                if (!isnan(x[i * n + s])) there[count++] = x[i * n + s];
            assert_true(adjusted[i] >= basin_sign_flip_p(there, count));
        }
    }
}

/* A clear difference among those that are none: each of these is at its smallest sign-flip p in a pattern of
   its own, but not as clear. */
static void a_strong_effect_stands_out_among_weak_measures(void **unused)
{
    double       x[MEASURES * SEEDS], adjusted[MEASURES];
    basin_random r = basin_random_start(8, BASIN_STREAM_TEST);

    (void)unused;
    for (size_t s = 0; s < SEEDS; s++) {
        x[s] = 1.0 + 0.1 * basin_random_normal(&r);
        for (size_t i = 1; i < MEASURES; i++) x[i * SEEDS + s] = basin_random_normal(&r);
    }
    step_down(x, MEASURES, SEEDS, NULL, NULL, adjusted);
    assert_close(adjusted[0], 2.0 / 256.0, 0.0, 0.0);
}

/* All agree in sign, all share the one extreme pattern: so many measures cost nothing. */
static void unanimous_measures_share_their_pattern(void **unused)
{
    double x[MEASURES * SEEDS], adjusted[MEASURES];

    (void)unused;
    for (size_t i = 0; i < MEASURES * SEEDS; i++) x[i] = 1.0 + 0.1 * (double)(i * 7 % 11);
    step_down(x, MEASURES, SEEDS, NULL, NULL, adjusted);
    for (size_t i = 0; i < MEASURES; i++) assert_close(adjusted[i], 2.0 / 256.0, 0.0, 0.0);
}

/* Each measure is most extreme in a pattern of its own: then the smallest p is Bonferroni's. */
static void measures_of_different_patterns_approach_bonferroni(void **unused)
{
    double x[MEASURES * SEEDS], adjusted[MEASURES];

    (void)unused;
    for (size_t i = 0; i < MEASURES; i++)
        for (size_t s = 0; s < SEEDS; s++)
            x[i * SEEDS + s] = (i > 0 && (s == i || s == i + 1) ? -1.0 : 1.0) * (1.0 + 0.01 * (double)s);
    step_down(x, MEASURES, SEEDS, NULL, NULL, adjusted);
    assert_close(adjusted[0], MEASURES * 2.0 / 256.0, 0.0, 0.0);
}

static void a_measure_of_three_pairs_costs_those_of_eight_nothing(void **unused)
{
    double x[3 * SEEDS], with[3], without[2];

    (void)unused;
    for (size_t s = 0; s < SEEDS; s++) {
        x[s] = 1.0 + 0.1 * (double)s;
        x[SEEDS + s] = s == 0 ? -0.2 : 1.0;
        x[2 * SEEDS + s] = s < 3 ? (s == 1 ? -1.0 : 2.0) : (double)NAN;
    }
    step_down(x, 3, SEEDS, NULL, (const bool[]){true, true, false}, with);
    step_down(x, 2, SEEDS, NULL, NULL, without);
    assert_close(with[0], without[0], 0.0, 0.0);
    assert_close(with[1], without[1], 0.0, 0.0);
    assert_true(with[0] < 0.02 && with[2] >= 0.25);
}

static void measures_outside_the_family_and_without_pairs_are_not_adjusted(void **unused)
{
    double x[3 * SEEDS], adjusted[3];

    (void)unused;
    for (size_t s = 0; s < SEEDS; s++) x[s] = 1.0, x[SEEDS + s] = 1.0, x[2 * SEEDS + s] = NAN;
    step_down(x, 3, SEEDS, (const bool[]){true, false, true}, NULL, adjusted);
    assert_close(adjusted[0], 2.0 / 256.0, 0.0, 0.0);
    assert_true(isnan(adjusted[1]) && isnan(adjusted[2]));
    step_down(x, 1, 0, NULL, NULL, adjusted); /* no seed at all */
    assert_true(isnan(adjusted[0]));
}

/* Of 20 seeds patterns are drawn: near what the enumeration of 17 of them with three zeros gives, never 0,
   and the same every time. */
static void above_17_seeds_patterns_are_drawn(void **unused)
{
    enum { MANY = 20, FEW = 17 };
    double       x[2 * MANY], y[2 * FEW], drawn[2], again[2], all[2];
    basin_random r = basin_random_start(6, BASIN_STREAM_TEST);

    (void)unused;
    for (size_t i = 0; i < 2; i++)
        for (size_t s = 0; s < MANY; s++) {
            double d = s < FEW ? basin_random_normal(&r) + 0.55 : 0.0;
            x[i * MANY + s] = d;
            if (s < FEW) y[i * FEW + s] = d;
        }
    step_down(x, 2, MANY, NULL, NULL, drawn);
    step_down(x, 2, MANY, NULL, NULL, again);
    step_down(y, 2, FEW, NULL, NULL, all);
    for (size_t i = 0; i < 2; i++) {
        assert_close(drawn[i], again[i], 0.0, 0.0);
        assert_close(drawn[i], all[i], 0.0, 4.0 * sqrt(all[i] * (1.0 - all[i]) / 65536.0) + 2e-5);
    }
    for (size_t s = 0; s < MANY; s++) x[s] = 1.0;
    step_down(x, 1, MANY, NULL, NULL, drawn);
    assert_true(drawn[0] >= 1.0 / 65536.0 && drawn[0] < 1e-4);
}

static basin_status adjust_once(void *payload)
{
    basin_status st = BASIN_OK;
    basin_flips  flips = {0};
    double       adjusted[2];

    BASIN_TRY(basin_flips_create(payload, 2, 4, &flips));
    BASIN_TRY(basin_step_down(&flips, (const bool[]){true, true}, (const bool[]){true, false}, adjusted));
done:
    basin_flips_clear(&flips);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    double x[] = {1.0, 2.0, 3.0, 4.0, -1.0, 2.0, NAN, 1.0};

    (void)unused;
    basin_test_every_allocation(adjust_once, x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_quantiles_are_those_of_the_tables),
        cmocka_unit_test(student_quantiles_hold_95_percent),
        cmocka_unit_test(sign_flip_counts_patterns),
        cmocka_unit_test(sign_flip_on_darwins_maize),
        cmocka_unit_test(sign_flip_above_24_is_drawn_and_reproducible),
        cmocka_unit_test(the_fewest_pairs_that_can_decide),
        cmocka_unit_test(step_down_is_that_of_brute_force),
        cmocka_unit_test(a_strong_effect_stands_out_among_weak_measures),
        cmocka_unit_test(tails_are_those_of_student),
        cmocka_unit_test(unanimous_measures_share_their_pattern),
        cmocka_unit_test(measures_of_different_patterns_approach_bonferroni),
        cmocka_unit_test(a_measure_of_three_pairs_costs_those_of_eight_nothing),
        cmocka_unit_test(measures_outside_the_family_and_without_pairs_are_not_adjusted),
        cmocka_unit_test(above_17_seeds_patterns_are_drawn),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("adjust", tests, NULL, NULL);
}
